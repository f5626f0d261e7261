/* doubles.c - the contract is in support/doubles.h.
 * SPDX-License-Identifier: MIT */
#include "support/doubles.h"
#include "pare/alloc.h"
#include "pare/str.h"
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_BYTES = 2048 };

static void demand_same(const char *what, double value, const char *got, const char *expected) {
    if (strcmp(got, expected) == 0) return;
    fprintf(stderr, "%s of %a: \"%s\" instead of \"%s\"\n", what, value, got, expected);
    abort();
}

double doubles_of_bits(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

float doubles_of_float_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* --- shortest ---------------------------------------------------------------------------- */

/* 0.d1d2... * 10^point. */
typedef struct decimal {
    char digits[32]; /* none at the end is 0 */
    int point;
} decimal;

/* `value` rounded to `count` digits. */
static decimal round_to(double value, int count) {
    char text[64];
    decimal d = {.digits = {0}};
    snprintf(text, sizeof text, "%.*e", count - 1, fabs(value));
    d.point = atoi(strchr(text, 'e') + 1) + 1;
    d.digits[0] = text[0];
    if (count > 1) memcpy(d.digits + 1, text + 2, (size_t)count - 1);
    for (int i = count - 1; i > 0 && d.digits[i] == '0'; i--) d.digits[i] = '\0';
    return d;
}

/* Whether the decimal reads as `value`; as a float where that is one. */
static bool reads_as(const decimal *d, double value, bool is_float) {
    char text[64];
    snprintf(text, sizeof text, "0.%se%d", d->digits, d->point);
    return (is_float ? (double)strtof(text, NULL) : strtod(text, NULL)) == fabs(value);
}

static void lay_out(char *out, const decimal *d, bool negative) {
    int count = (int)strlen(d->digits), point = d->point;
    const char *sign = negative ? "-" : "";
    if (count <= point && point <= 21) {
        sprintf(out, "%s%s%.*s", sign, d->digits, point - count, "000000000000000000000");
    } else if (0 < point && point <= 21) {
        sprintf(out, "%s%.*s.%s", sign, point, d->digits, d->digits + point);
    } else if (-6 < point && point <= 0) {
        sprintf(out, "%s0.%.*s%s", sign, -point, "000000", d->digits);
    } else {
        sprintf(out, "%s%c%s%se%+d", sign, d->digits[0], count > 1 ? "." : "", d->digits + 1,
                point - 1);
    }
}

/* How many digits the text has without zeros at either end. */
static int count_digits(const char *text) {
    int count = 0, zeros = 0;
    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (count == 0 && *text == '0')) continue;
        count++;
        zeros = *text == '0' ? zeros + 1 : 0;
    }
    return count - zeros;
}

/* The decimal with as many digits that is next above. */
static decimal next_above(decimal d, int count) {
    char digits[40];
    snprintf(digits, sizeof digits, "%-*s", count, d.digits);
    for (int i = 0; i < count; i++) digits[i] = digits[i] == ' ' ? '0' : digits[i];
    snprintf(d.digits, sizeof d.digits, "%lld", strtoll(digits, NULL, 10) + 1);
    d.point += (int)strlen(d.digits) - count;
    return d;
}

/* Below a power of two numbers lie closer than above, so a decimal above it can read as the power
 * where one that is nearer does not. */
static bool find_reading(decimal *d, double value, int count, bool is_float) {
    int exponent;
    *d = round_to(value, count);
    if (reads_as(d, value, is_float)) return true;
    if (frexp(fabs(value), &exponent) != 0.5) return false;
    *d = next_above(*d, count);
    return reads_as(d, value, is_float);
}

/* Of as few digits as there can be, `count` or one less: texts of fewer would read back, too. */
static decimal expect_shortest(double value, int count, bool is_float) {
    decimal d;
    if (count > 1 && find_reading(&d, value, count - 1, is_float)) return d;
    if (!find_reading(&d, value, count, is_float)) abort();
    return d;
}

static void check_shortest(double value, const char *text, bool is_float) {
    char expected[TEXT_BYTES];
    if (isnan(value)) {
        strcpy(expected, "nan");
    } else if (isinf(value) || value == 0) {
        sprintf(expected, "%s%s", signbit(value) ? "-" : "", value == 0 ? "0" : "inf");
    } else {
        decimal d = expect_shortest(value, count_digits(text), is_float);
        lay_out(expected, &d, value < 0);
    }
    demand_same(is_float ? "shortest float" : "shortest", value, text, expected);
}

void doubles_check_shortest(double value) {
    char array[64];
    pare_str s;
    pare_str_init_fixed(&s, array, sizeof array);
    if (pare_str_append_double(&s, value) != PARE_OK) abort();
    check_shortest(value, pare_str_cstr(&s), false);
}

void doubles_check_shortest_float(float value) {
    char array[64];
    pare_str s;
    pare_str_init_fixed(&s, array, sizeof array);
    if (pare_str_append_float(&s, value) != PARE_OK) abort();
    check_shortest((double)value, pare_str_cstr(&s), true);
}

/* --- rounded ----------------------------------------------------------------------------- */

void doubles_check_rounded(double value, unsigned decimals) {
    char array[TEXT_BYTES], expected[TEXT_BYTES];
    pare_str s;
    if (isnan(value)) value = fabs(value); /* printf gives it a sign */
    pare_str_init_fixed(&s, array, sizeof array);
    if (pare_str_append_double_fixed(&s, value, decimals) != PARE_OK) abort();
    snprintf(expected, sizeof expected, "%.*f", (int)decimals, value);
    demand_same("fixed", value, pare_str_cstr(&s), expected);

    pare_str_reset(&s);
    if (pare_str_append_double_scientific(&s, value, decimals) != PARE_OK) abort();
    snprintf(expected, sizeof expected, "%.*e", (int)decimals, value);
    demand_same("scientific", value, pare_str_cstr(&s), expected);
}

/* --- collections ------------------------------------------------------------------------- */

static void check_all(double value, unsigned decimals) {
    doubles_check_shortest(value);
    doubles_check_shortest(-value);
    doubles_check_shortest_float((float)value);
    doubles_check_rounded(value, decimals);
    doubles_check_rounded(-value, decimals % 18);
}

/* The number that many places further up, among those of its sign. */
static double step(double value, int places) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return doubles_of_bits(bits + (uint64_t)places);
}

static float step_float(float value, int places) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return doubles_of_float_bits(bits + (uint32_t)places);
}

static void check_around(double value, unsigned decimals) {
    check_all(value, decimals);
    check_all(step(value, 1), decimals);
    if (value != 0) check_all(step(value, -1), decimals);
    float f = (float)value;
    doubles_check_shortest_float(step_float(f, 1));
    if (f != 0) doubles_check_shortest_float(step_float(f, -1));
}

static void check_powers(void) {
    for (int q = -1074; q <= 1023; q++) check_around(ldexp(1, q), (unsigned)(q + 1074) % 1101);
    for (int e = -323; e <= 308; e++) {
        char text[16];
        snprintf(text, sizeof text, "1e%d", e);
        double power = strtod(text, NULL);
        for (unsigned i = 1; i < 10; i++) check_around(power * i, i + (unsigned)(e + 323) % 20);
    }
}

/* Halves, quarters and so on are ties at some decimal; so are integers at some digit. */
static void check_ties(void) {
    for (int bits = 1; bits <= 60; bits++) {
        for (int odd = 1; odd < 200; odd += 2) {
            double fraction = ldexp(odd, -bits);
            for (unsigned decimals = 0; decimals < 20; decimals += 3) {
                doubles_check_rounded(fraction, decimals);
                doubles_check_rounded(1e6 + fraction, decimals);
            }
            doubles_check_rounded(fraction, (unsigned)bits - 1);
            doubles_check_rounded(ldexp(odd, bits), (unsigned)bits % 17);
        }
    }
    for (int i = 5; i < 100000; i += 10) {
        doubles_check_rounded(i, (unsigned)(i / 10) % 4);
        doubles_check_rounded(i / 1000.0, 2);
    }
}

void doubles_check_hard_cases(void) {
    static const double values[] = {0.0,
                                    0.1,
                                    0.1 + 0.2,
                                    0.3,
                                    1.0 / 3,
                                    2.0 / 3,
                                    0.5,
                                    1.5,
                                    2.5,
                                    0.125,
                                    2.675,
                                    1.005,
                                    4.35,
                                    9.995,
                                    99.995,
                                    999999.9999995,
                                    0.05,
                                    0.95,
                                    0.995,
                                    0.0009765625,
                                    1e21,
                                    1e22,
                                    1e23,
                                    9007199254740991,
                                    9007199254740992,
                                    9007199254740993.0,
                                    9007199254740994,
                                    123456789012345678.0,
                                    4.4501477170144e-308,
                                    5e-324,
                                    1e-323,
                                    1.5e-323,
                                    2.2250738585072009e-308,
                                    2.2250738585072011e-308,
                                    DBL_MIN,
                                    DBL_MAX,
                                    1.7976931348623155e308,
                                    DBL_EPSILON,
                                    2.98023223876953125e-8,
                                    5.764607523034235e39,
                                    1.152921504606847e40,
                                    2.305843009213694e40,
                                    9.5,
                                    9.96,
                                    18014398509481985.0,
                                    1.8446744073709552e19,
                                    18446744073709549568.0,
                                    1.8446744073709556e19,
                                    9.2233720368547758e18,
                                    4.8828125e-4,
                                    1e-7,
                                    1e-6,
                                    9.999999999999999e-7,
                                    999999999999999868928.0,
                                    999999999999999934464.0,
                                    1.0000000000000001e21,
                                    8.41e21,
                                    2.0e-44,
                                    9.5367431640625e-7,
                                    5.684341886080801e-14,
                                    4.656612873077393e-10};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        for (unsigned decimals = 0; decimals <= 1100; decimals += decimals < 40 ? 1 : 53) {
            check_around(values[i], decimals);
        }
    }
    for (unsigned decimals = 0; decimals <= 1100; decimals++) {
        doubles_check_rounded(DBL_MAX, decimals);
        doubles_check_rounded(5e-324, decimals);
        doubles_check_rounded(step(DBL_MIN, -1), decimals);
        doubles_check_rounded(step(1, -1), decimals);
    }
    check_all(INFINITY, 2);
    check_all(NAN, 2);
    check_powers();
    check_ties();
}

void doubles_check_random(uint64_t random) {
    double any = doubles_of_bits(random);
    double moderate = ldexp((double)(random >> 11), (int)(random % 128) - 116);
    double thousandths = (double)(int64_t)(random >> random % 50) / 1000;
    unsigned decimals = (unsigned)(random >> 32) % 20;
    doubles_check_shortest(any);
    if (random / 256 % 32 != 0) return;
    doubles_check_shortest(moderate);
    doubles_check_shortest(thousandths);
    doubles_check_shortest_float(doubles_of_float_bits((uint32_t)(random >> 20)));
    doubles_check_rounded(moderate, decimals);
    doubles_check_rounded(thousandths, decimals);
    doubles_check_rounded(any, random % 8 == 0 ? decimals * 55 : decimals);
}
