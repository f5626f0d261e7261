/* test_decimal.c - mirrors internal/decimal.h section by section.
 * Method: the tables are checked against powers of ten with all their digits; texts, through
 * pare/str.h, against the C library's. `make doubles` does the latter a hundred times longer.
 * SPDX-License-Identifier: MIT */
#include "support/probe.h"
#include "support/doubles.h"
#include "internal/decimal.h"
#include "pare/str.h"

#ifdef __x86_64__
enum { RANDOM_NUMBERS = 1000000 };
#else
enum { RANDOM_NUMBERS = 50000 }; /* other machines are emulated */
#endif

static uint64_t next_random(uint64_t *state) {
    *state += 0x9e3779b97f4a7c15;
    uint64_t mixed = (*state ^ *state >> 30) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
    return mixed ^ mixed >> 31;
}

/* --- integers of any length: the reference ----------------------------------------------- */

enum { BIG_WORDS = 48 };

typedef struct big {
    uint32_t words[BIG_WORDS]; /* lowest first */
} big;

static void big_multiply(big *a, uint32_t factor) {
    uint64_t carry = 0;
    for (int i = 0; i < BIG_WORDS; i++) {
        carry += (uint64_t)a->words[i] * factor;
        a->words[i] = (uint32_t)carry;
        carry >>= 32;
    }
    assert_int_equal(carry, 0);
}

/* factor * 10^tens * 2^twos, without what is negative. */
static big big_power(parei_decimal_wide factor, int tens, int twos) {
    big a = {{(uint32_t)factor.low, (uint32_t)(factor.low >> 32), (uint32_t)factor.high,
              (uint32_t)(factor.high >> 32)}};
    for (; tens > 0; tens--) big_multiply(&a, 10);
    for (; twos >= 31; twos -= 31) big_multiply(&a, (uint32_t)1 << 31);
    if (twos > 0) big_multiply(&a, (uint32_t)1 << twos);
    return a;
}

static int big_compare(const big *a, const big *b) {
    for (int i = BIG_WORDS - 1; i >= 0; i--) {
        if (a->words[i] != b->words[i]) return a->words[i] < b->words[i] ? -1 : 1;
    }
    return 0;
}

/* Compares factor * 10^tens * 2^twos with `other`. */
static int compare_power(uint64_t factor, int tens, int twos, uint64_t other) {
    big a = big_power((parei_decimal_wide){0, factor}, tens, twos);
    big b = big_power((parei_decimal_wide){0, other}, -tens, -twos);
    return big_compare(&a, &b);
}

/* --- arithmetic -------------------------------------------------------------------------- */

static void decimal_multiplies_in_halves_as_in_one(void **state) {
    (void)state;
    static const uint64_t edges[] = {0,
                                     1,
                                     2,
                                     UINT32_MAX,
                                     (uint64_t)UINT32_MAX + 1,
                                     UINT64_MAX - UINT32_MAX,
                                     UINT64_MAX - 1,
                                     UINT64_MAX};
    uint64_t random = 1;
    for (int i = 0; i < 100000; i++) {
        uint64_t a = i < 64 ? edges[i / 8] : next_random(&random);
        uint64_t b = i < 64 ? edges[i % 8] : next_random(&random) >> (i & 63);
        parei_decimal_wide one = parei_decimal_multiply(a, b);
        parei_decimal_wide halves = parei_decimal_multiply_halves(a, b);
        assert_true(one.high == halves.high && one.low == halves.low);
        assert_true(one.low == a * b);
    }
    parei_decimal_wide most = parei_decimal_multiply_halves(UINT64_MAX, UINT64_MAX);
    assert_true(most.high == UINT64_MAX - 1 && most.low == 1);
}

static void decimal_adds_and_compares_with_carry(void **state) {
    (void)state;
    parei_decimal_wide low = {0, UINT64_MAX}, high = {1, 0}, both = {1, UINT64_MAX};
    parei_decimal_wide sum = parei_decimal_add(low, high);
    assert_true(sum.high == 1 && sum.low == UINT64_MAX);
    sum = parei_decimal_add(sum, (parei_decimal_wide){0, 1});
    assert_true(sum.high == 2 && sum.low == 0);
    sum = parei_decimal_add(high, (parei_decimal_wide){UINT64_MAX, UINT64_MAX}); /* minus 1 */
    assert_true(sum.high == 0 && sum.low == UINT64_MAX);
    assert_true(parei_decimal_less(low, high) && !parei_decimal_less(high, low));
    assert_true(parei_decimal_less(high, both) && !parei_decimal_less(both, both));
}

static void decimal_top_bit_is_the_highest(void **state) {
    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        assert_int_equal(parei_decimal_top_bit((uint64_t)1 << bit), bit);
        assert_int_equal(parei_decimal_top_bit(UINT64_MAX >> (63 - bit)), bit);
    }
}

/* --- powers of ten ----------------------------------------------------------------------- */

static void decimal_logarithms_are_exact(void **state) {
    (void)state;
    for (int q = -1074; q <= 1023; q++) { /* 10^k <= 2^q < 10^(k+1), or 3/4 of that */
        int k = parei_decimal_log10(q, false);
        assert_true(compare_power(1, -k, q, 1) >= 0 && compare_power(1, -k - 1, q, 1) < 0);
        k = parei_decimal_log10(q, true);
        assert_true(compare_power(3, -k, q, 4) >= 0 && compare_power(3, -k - 1, q, 4) < 0);
    }
    for (int e = -350; e <= 350; e++) {
        int log = parei_decimal_log2(e);
        assert_true(compare_power(1, e, -log, 1) >= 0 && compare_power(1, e, -log - 1, 1) < 0);
    }
}

static void decimal_tens_are_exact(void **state) {
    (void)state;
    uint64_t power = 1;
    for (unsigned n = 0; n < 18; n++, power *= 10) {
        assert_true(parei_decimal_ten[n] == power);
        if (n >= 16) continue;
        assert_true(parei_decimal_tens[n] >> 63 == 1);
        assert_true(parei_decimal_tens[n] >> (63 - parei_decimal_log2((int)n)) == power);
    }
}

/* 10^e * 2^scale < g <= 10^e * 2^scale + 2 */
static void decimal_powers_are_within_two_above(void **state) {
    (void)state;
    for (int e = -324; e <= 350; e++) {
        parei_decimal_power p = parei_decimal_power_of(e);
        big exact = big_power((parei_decimal_wide){0, 1}, e, p.scale);
        big above = big_power(p.g, -e, -p.scale);
        p.g = parei_decimal_add(p.g, (parei_decimal_wide){UINT64_MAX, UINT64_MAX - 1});
        big below = big_power(p.g, -e, -p.scale);
        assert_true(p.g.high >> 62 != 0);
        assert_true(big_compare(&exact, &above) < 0);
        assert_true(big_compare(&below, &exact) <= 0);
    }
}

/* --- shortest ---------------------------------------------------------------------------- */

/* A fraction in 256 bits, lowest first. */
typedef struct fraction {
    uint64_t words[4];
} fraction;

static int fraction_compare(const fraction *a, const fraction *b) {
    for (int i = 3; i >= 0; i--) {
        if (a->words[i] != b->words[i]) return a->words[i] < b->words[i] ? -1 : 1;
    }
    return 0;
}

static void fraction_subtract(fraction *a, const fraction *b) {
    uint64_t borrow = 0;
    for (int i = 0; i < 4; i++) {
        uint64_t less = a->words[i] - b->words[i], borrowed = a->words[i] < b->words[i];
        a->words[i] = less - borrow;
        borrow = borrowed | (less < borrow);
    }
}

/* What is behind the point of 2^q / 10^k. q and k have the same sign. */
static fraction fraction_of(int q, int k) {
    int twos = q + 256;
    big a = big_power((parei_decimal_wide){0, 1}, -k, twos);
    for (; k > 0; k--) {
        uint64_t rest = 0;
        for (int i = BIG_WORDS - 1; i >= 0; i--) {
            rest = rest << 32 | a.words[i];
            a.words[i] = (uint32_t)(rest / 10);
            rest %= 10;
        }
    }
    for (; twos < 0; twos++) {
        for (int i = 0; i < BIG_WORDS - 1; i++) {
            a.words[i] = a.words[i] >> 1 | a.words[i + 1] << 31;
        }
        a.words[BIG_WORDS - 1] >>= 1;
    }
    fraction f;
    for (int i = 0; i < 4; i++) f.words[i] = (uint64_t)a.words[2 * i + 1] << 32 | a.words[2 * i];
    return f;
}

/* Finds how near to an integer the multiples of 2^q / 10^k come that are none, up to 2^55 + 2, as
 * Euclid finds a common divisor: `above` is the nearest yet that is above an integer, `below` the
 * nearest below one; the difference is their sum's. */
static void nearest_multiples(int q, int k, fraction *above, fraction *below) {
    const uint64_t most = ((uint64_t)1 << 55) + 2;
    uint64_t at_above = 1, at_below = 1;
    *above = fraction_of(q, k);
    *below = (fraction){{0}};
    fraction_subtract(below, above);
    while (at_above + at_below <= most) {
        bool is_above = fraction_compare(above, below) >= 0;
        fraction left = is_above ? *above : *below;
        fraction_subtract(&left, is_above ? below : above);
        if (left.words[3] == 0 && left.words[2] >> 8 == 0) break; /* an integer, but for rounding */
        if (is_above) {
            *above = left;
            at_above += at_below;
        } else {
            *below = left;
            at_below += at_above;
        }
    }
}

/* At least 5.8 in the 68th place behind the point. */
static bool is_far(const fraction *f) {
    uint64_t sixteenths = f->words[3] << 8 | f->words[2] >> 56; /* of that place */
    return f->words[3] >> 56 != 0 || sixteenths >= 93;
}

static void decimal_multiples_are_far_from_integers(void **state) {
    (void)state;
    for (int q = -1074; q <= 971; q++) {
        for (int narrow = 0; narrow < 2; narrow++) {
            fraction above, below;
            int k = parei_decimal_log10(q, narrow);
            fraction first = fraction_of(q, k);
            if (fraction_compare(&first, &(fraction){{0}}) == 0) continue; /* integers all */
            nearest_multiples(q, k, &above, &below);
            assert_true(is_far(&above) && is_far(&below));
        }
    }
}

/* --- text -------------------------------------------------------------------------------- */

/* mingw's strtod reads 3.839223843572815e-239 as 2^-792, which is 3.8392238435728152e-239. */
static void skip_without_a_reference(void) {
#ifdef _WIN32
    skip();
#endif
}

static void decimal_hard_cases(void **state) {
    (void)state;
    skip_without_a_reference();
    doubles_check_hard_cases();
}

static void decimal_random_bits(void **state) {
    (void)state;
    uint64_t random = 0;
    skip_without_a_reference();
    for (int i = 0; i < RANDOM_NUMBERS; i++) doubles_check_random(next_random(&random));
}

/* What quick and exact ways both reach, they agree on. */
static void decimal_exact_way_agrees_with_the_quick_ones(void **state) {
    (void)state;
    char quick[PAREI_DECIMAL_ROOM], exact[PAREI_DECIMAL_EXACT_ROOM];
    uint64_t random = 2;
    for (int i = 0; i < 100000; i++) {
        uint64_t bits = next_random(&random);
        unsigned decimals = (unsigned)(bits % 17);
        if (i % 2 == 0) bits = (bits & ~((uint64_t)0x7ff << 52)) | (uint64_t)(1000 + i % 80) << 52;
        double number = doubles_of_bits(bits);
        parei_decimal_binary value = parei_decimal_of_double(number);
        char *end = parei_decimal_fixed(quick, value, decimals);
        if (end != NULL) {
            size_t size = (size_t)(end - quick);
            assert_ptr_equal(parei_decimal_exact_fixed(exact, number, decimals), exact + size);
            assert_memory_equal(quick, exact, size);
        }
        end = parei_decimal_scientific(quick, value, decimals);
        if (end != NULL) {
            size_t size = (size_t)(end - quick);
            assert_ptr_equal(parei_decimal_exact_scientific(exact, number, decimals), exact + size);
            assert_memory_equal(quick, exact, size);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(decimal_multiplies_in_halves_as_in_one),
        CASE(decimal_adds_and_compares_with_carry),
        CASE(decimal_top_bit_is_the_highest),
        CASE(decimal_logarithms_are_exact),
        CASE(decimal_tens_are_exact),
        CASE(decimal_powers_are_within_two_above),
        CASE(decimal_multiples_are_far_from_integers),
        CASE(decimal_exact_way_agrees_with_the_quick_ones),
        CASE(decimal_hard_cases),
        CASE(decimal_random_bits),
    };
    return cmocka_run_group_tests_name("decimal", tests, NULL, NULL);
}
