/* internal/decimal.h - doubles to decimal text, correctly rounded: no printf, no locale.
 *
 * A double is c * 2^q, with c < 2^53. Three ways lead from there to text:
 *
 *   shortest     the fewest digits that read back as the same number, of these the nearest to it:
 *                Schubfach (Giulietti, "The Schubfach way to render doubles", 2020, section 9).
 *                One multiplication by a rounded power of ten places the number and both ends of
 *                its rounding interval among the candidates, exactly enough to compare.
 *   fixed        the fraction, as 64 or 128 bits behind the point, times a power of ten: what
 *                overflows are the digits, what stays is the exact remainder, ties included.
 *   scientific   one multiplication by a rounded power of ten, and where its remainder lies too
 *                near to a tie to tell, the exact way.
 *
 * What these do not reach (long decimals, large numbers in fixed form) is decimal.c's, exact, with
 * all the number's bits.
 * SPDX-License-Identifier: MIT */
#ifndef PAREI_DECIMAL_H
#define PAREI_DECIMAL_H
#include "pare/base.h"
#include "internal/digits.h"
#include <stdbool.h>
#include <string.h>

/* What the inline functions here may write to; the text itself is shorter. */
#define PAREI_DECIMAL_ROOM 40

/* Decimals that the exact functions accept, more than any double has (1074), and what they may
 * write to. */
#define PAREI_DECIMAL_DECIMALS_MAX 1100
#define PAREI_DECIMAL_EXACT_ROOM (PAREI_DECIMAL_DECIMALS_MAX + 340)

/* A double or a float, taken apart: c * 2^q, where it is finite. */
typedef struct parei_decimal_binary {
    uint64_t c;
    int q;
    bool negative, finite;
    bool narrow; /* the next number below is half as far away as the one above */
} parei_decimal_binary;

/* As printf's %.*f and %.*e have it: the exact value, rounded half to even, for any number and up
 * to PAREI_DECIMAL_DECIMALS_MAX decimals. Each returns the end. */
PARE_API PAREI_COLD char *parei_decimal_exact_fixed(char *out, double value, unsigned decimals);
PARE_API PAREI_COLD char *parei_decimal_exact_scientific(char *out, double value,
                                                         unsigned decimals);

/* What is not finite: "nan", "inf" or "-inf". */
PARE_API PAREI_COLD char *parei_decimal_write_special(char *out, uint64_t c, bool negative);

/* --- arithmetic -------------------------------------------------------------------------- */

typedef struct parei_decimal_wide {
    uint64_t high, low;
} parei_decimal_wide;

/* parei_log2 for what may be wider than a size_t. */
PAREI_INLINE unsigned parei_decimal_top_bit(uint64_t value) {
    size_t high = (size_t)(value >> 32);
    if (sizeof(size_t) >= sizeof value) return parei_log2((size_t)value);
    return high != 0 ? 32 + parei_log2(high) : parei_log2((size_t)value);
}

/* a * b where the compiler has no 128-bit integers, in four halves. */
PAREI_INLINE parei_decimal_wide parei_decimal_multiply_halves(uint64_t a, uint64_t b) {
    uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    uint64_t low = a0 * b0;
    uint64_t middle = a1 * b0 + (low >> 32); /* at most 2^64 - 2^32 */
    uint64_t other = a0 * b1 + (uint32_t)middle;
    parei_decimal_wide product = {a1 * b1 + (middle >> 32) + (other >> 32),
                                  other << 32 | (uint32_t)low};
    return product;
}

PAREI_INLINE parei_decimal_wide parei_decimal_multiply(uint64_t a, uint64_t b) {
#ifdef __SIZEOF_INT128__
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)a * b;
    parei_decimal_wide answer = {(uint64_t)(product >> 64), (uint64_t)product};
    return answer;
#else
    return parei_decimal_multiply_halves(a, b);
#endif
}

PAREI_INLINE parei_decimal_wide parei_decimal_add(parei_decimal_wide a, parei_decimal_wide b) {
#ifdef __SIZEOF_INT128__
    __extension__ typedef unsigned __int128 wide;
    wide sum = ((wide)a.high << 64 | a.low) + ((wide)b.high << 64 | b.low);
    parei_decimal_wide answer = {(uint64_t)(sum >> 64), (uint64_t)sum};
#else
    parei_decimal_wide answer = {a.high + b.high, a.low + b.low};
    answer.high += answer.low < b.low;
#endif
    return answer;
}

PAREI_INLINE bool parei_decimal_less(parei_decimal_wide a, parei_decimal_wide b) {
#ifdef __SIZEOF_INT128__
    __extension__ typedef unsigned __int128 wide;
    return ((wide)a.high << 64 | a.low) < ((wide)b.high << 64 | b.low);
#else
    return a.high < b.high || (a.high == b.high && a.low < b.low);
#endif
}

/* a * b without its lowest 64 bits, which are *low. */
PAREI_INLINE parei_decimal_wide parei_decimal_multiply_wide(parei_decimal_wide a, uint64_t b,
                                                            uint64_t *low) {
    parei_decimal_wide product = parei_decimal_multiply(a.high, b);
    parei_decimal_wide below = parei_decimal_multiply(a.low, b);
    product.low += below.high;
    product.high += product.low < below.high;
    *low = below.low;
    return product;
}

/* --- powers of ten ----------------------------------------------------------------------- */

/* floor(log10(2^q)), or of three quarters of that, for q in [-1074, 971]; floor(log2(10^e)) for
 * e in [-350, 350]. */
PAREI_INLINE int parei_decimal_log10(int q, bool three_quarters) {
    return (q * 315653 - (three_quarters ? 131072 : 0)) >> 20;
}

PAREI_INLINE int parei_decimal_log2(int e) { return (e * 217706) >> 16; }

/* 10^n, up to what seventeen digits need. */
static const uint64_t parei_decimal_ten[18] = {1u,
                                               10u,
                                               100u,
                                               1000u,
                                               10000u,
                                               100000u,
                                               1000000u,
                                               10000000u,
                                               100000000u,
                                               1000000000u,
                                               10000000000u,
                                               100000000000u,
                                               1000000000000u,
                                               10000000000000u,
                                               100000000000000u,
                                               1000000000000000u,
                                               10000000000000000u,
                                               100000000000000000u};

/* The first sixteen of them, times the power of two that makes them 64 bits. */
static const uint64_t parei_decimal_tens[16] = {
    0x8000000000000000, 0xa000000000000000, 0xc800000000000000, 0xfa00000000000000,
    0x9c40000000000000, 0xc350000000000000, 0xf424000000000000, 0x9896800000000000,
    0xbebc200000000000, 0xee6b280000000000, 0x9502f90000000000, 0xba43b74000000000,
    0xe8d4a51000000000, 0x9184e72a00000000, 0xb5e620f480000000, 0xe35fa931a0000000,
};

/* 10^e for every 16th e from -324 on, times the power of two that makes it 128 bits, rounded up. */
static const parei_decimal_wide parei_decimal_steps[43] = {
    {0xcf42894a5dce35ea, 0x52064cac828675ba}, {0xe61acf033d1a45df, 0x6fb92487298e33be},
    {0xff77b1fcbebcdc4f, 0x25e8e89c13bb0f7b}, {0x8dd01fad907ffc3b, 0xae3da7d97f6792e4},
    {0x9d71ac8fada6c9b5, 0x6f773fc3603db4aa}, {0xaecc49914078536d, 0x58fae9f773886e19},
    {0xc21094364dfb5636, 0x985915fc12f542e5}, {0xd77485cb25823ac7, 0x7d633293366b828c},
    {0xef340a98172aace4, 0x86fb897116c87c35}, {0x84c8d4dfd2c63f3b, 0x29ecd9f40041e074},
    {0x936b9fcebb25c995, 0xcab10dd900beec35}, {0xa3ab66580d5fdaf5, 0xc13e60d0d2e0ebbb},
    {0xb5b5ada8aaff80b8, 0x0d819992132456bb}, {0xc9bcff6034c13052, 0xfc89b393dd02f0b6},
    {0xdff9772470297ebd, 0x59787e2b93bc56f8}, {0xf8a95fcf88747d94, 0x75a44c6397ce912b},
    {0x8a08f0f8bf0f156b, 0x1b8e9ecb641b5900}, {0x993fe2c6d07b7fab, 0xe546a8038efe402a},
    {0xaa242499697392d2, 0xdde50bd1d5d0b9ea}, {0xbce5086492111aea, 0x88f4bb1ca6bcf585},
    {0xd1b71758e219652b, 0xd3c36113404ea4a9}, {0xe8d4a51000000000, 0x0000000000000000},
    {0x813f3978f8940984, 0x4000000000000000}, {0x8f7e32ce7bea5c6f, 0xe4820023a2000000},
    {0x9f4f2726179a2245, 0x01d762422c946591}, {0xb0de65388cc8ada8, 0x3b25a55f43294bcc},
    {0xc45d1df942711d9a, 0x3ba5d0bd324f8395}, {0xda01ee641a708de9, 0xe80e6f4820cc9496},
    {0xf209787bb47d6b84, 0xc0678c5dbd23a49b}, {0x865b86925b9bc5c2, 0x0b8a2392ba45a9b3},
    {0x952ab45cfa97a0b2, 0xdd945a747bf26184}, {0xa59bc234db398c25, 0x43fab9837e699096},
    {0xb7dcbf5354e9bece, 0x0c11ed6d538aeb30}, {0xcc20ce9bd35c78a5, 0x31ec038df7b441f5},
    {0xe2a0b5dc971f303a, 0x2e44ae64840fd61e}, {0xfb9b7cd9a4a7443c, 0x169840ef017da3b2},
    {0x8bab8eefb6409c1a, 0x1ad089b6c2f7548f}, {0x9b10a4e5e9913128, 0xca7cf2b4191c8327},
    {0xac2820d9623bf429, 0x546345fa9fbdcd45}, {0xbf21e44003acdd2c, 0xe0470a63e6bd56c4},
    {0xd433179d9c8cb841, 0x5fa60692a46151ec}, {0xeb96bf6ebadf77d8, 0xe41c5bd18c57e890},
    {0x82c730bec1cac960, 0x8f26fdb7c3c30a3e},
};

/* 10^e * 2^scale, in [2^126, 2^128), is g, less an excess above 0 and at most 2. */
typedef struct parei_decimal_power {
    parei_decimal_wide g;
    int scale;
} parei_decimal_power;

/* For e in [-324, 350]. Two factors take 816 bytes where one table would take 10800. */
PAREI_INLINE parei_decimal_power parei_decimal_power_of(int e) {
    unsigned at = (unsigned)(e + 324);
    int step = (int)(at & ~15u) - 324;
    uint64_t low;
    parei_decimal_power power = {parei_decimal_multiply_wide(parei_decimal_steps[at / 16],
                                                             parei_decimal_tens[at % 16], &low),
                                 126 - parei_decimal_log2(step) - parei_decimal_log2(e - step)};
    power.g.low += 1;
    power.g.high += power.g.low == 0;
    return power;
}

/* --- shortest ---------------------------------------------------------------------------- */

/* (10 * tens + unit) * 10^exponent. */
typedef struct parei_decimal_number {
    uint64_t tens;
    unsigned unit;
    int exponent;
} parei_decimal_number;

/* Below, sums that should be equal differ by less than this in their last place, and others by
 * more: in that place, the multiples up to 2^55 of any 2^q / 10^k that are no integers are 5.8 away
 * from one at least. tests/test_decimal.c proves it. */
#define PAREI_DECIMAL_EQUAL 3

/* The shortest decimal in the rounding interval of `value`, the nearest to it if there are several;
 * zeros at its end are not removed. Requires c != 0. */
PAREI_INLINE parei_decimal_number parei_decimal_shorten(parei_decimal_binary value) {
    /* All in units of 10^k / 64, with 64 bits behind the point. The interval is at least 10^k wide
     * and less than 10^(k+1): it holds at most one multiple of that, then the answer. */
    const uint64_t ten = 640, equal = PAREI_DECIMAL_EQUAL;
    int k = parei_decimal_log10(value.q, value.narrow);
    parei_decimal_power power = parei_decimal_power_of(-k);
    unsigned shift = (unsigned)(value.q - power.scale + 134); /* 7 to 11 */
    uint64_t low, odd = value.c & 1;
    parei_decimal_wide v = parei_decimal_multiply_wide(power.g, value.c << shift, &low);
    parei_decimal_wide half = {power.g.high >> (65 - shift),
                               power.g.high << (shift - 1) | power.g.low >> (65 - shift)};
    /* The interval's ends belong to it if c is even. */
    parei_decimal_wide slack = {0 - odd, equal - 2 * equal * odd};
    parei_decimal_wide up = parei_decimal_add(half, slack), down = up;

    uint64_t tens = v.high / ten;
    parei_decimal_wide rest = {v.high - ten * tens, v.low};
    uint64_t digit_odd = rest.high >> 6 & 1;
    parei_decimal_wide rounding = {31 + digit_odd,
                                   2 * equal * digit_odd - equal}; /* half to even */
    unsigned unit = (unsigned)(parei_decimal_add(rest, rounding).high >> 6);
    if (!PAREI_LIKELY(!value.narrow)) {
        parei_decimal_wide quarter = {half.high >> 1, half.high << 63 | half.low >> 1};
        parei_decimal_wide beyond = {rest.high - 64 * unit, rest.low};
        down = parei_decimal_add(quarter, slack);
        unit += 64 * unit <= rest.high && !parei_decimal_less(beyond, down);
    }
    uint64_t above = parei_decimal_add(rest, up).high >= ten;
    uint64_t round = above | parei_decimal_less(rest, down);
    /* Without a branch: which it is, nobody can predict. */
    parei_decimal_number answer = {tens + above, unit & ((unsigned)round - 1), k};
    return answer;
}

/* --- text -------------------------------------------------------------------------------- */

/* Seventeen digits, and the place of the point: 0.d1d2...d17 * 10^point. */
typedef struct parei_decimal_digits {
    uint64_t text[2]; /* sixteen of them */
    char last;
    int point;
} parei_decimal_digits;

/* Requires that number.tens has at most sixteen digits. */
PAREI_INLINE parei_decimal_digits parei_decimal_split(parei_decimal_number number) {
    const uint64_t e8 = 100000000;
    uint64_t high = number.tens / e8;
    parei_decimal_digits d = {{0, 0}, (char)('0' + number.unit), number.exponent + 17};
    parei_digits_split16(d.text, high, number.tens - high * e8);
    return d;
}

/* How many of the seventeen are left without the zeros at the end; the first one at least. */
PAREI_INLINE unsigned parei_decimal_count(const parei_decimal_digits *d) {
    const uint64_t digits = 0x0f0f0f0f0f0f0f0f;
    uint64_t high = (d->text[0] & digits) | 1, low = d->text[1] & digits;
    unsigned count =
        low != 0 ? parei_decimal_top_bit(low) / 8 + 9 : parei_decimal_top_bit(high) / 8 + 1;
    return d->last != '0' ? 17 : count;
}

PAREI_INLINE void parei_decimal_store(char *out, const uint64_t text[2], char last) {
    parei_digits_store(out, text[0]);
    parei_digits_store(out + 8, text[1]);
    out[16] = last;
}

/* "e+5": an exponent of magnitude < 1000, with at least `digits_min` digits, 1 or 2. Scribbles on
 * out[0, 8). */
PAREI_INLINE char *parei_decimal_write_exponent(char *out, int exponent, int digits_min) {
    unsigned negative = exponent < 0;
    unsigned magnitude = negative ? 0u - (unsigned)exponent : (unsigned)exponent;
    unsigned hundreds = magnitude / 100;
    uint64_t pair = parei_digits_pairs[magnitude - 100 * hundreds];
    uint64_t digits = ('0' + hundreds) | pair << 8;
    int skipped = (magnitude < 100) + ((magnitude < 10) & (digits_min == 1));
    uint64_t sign = '+' + ('-' - '+') * negative;
    parei_digits_store(out, 'e' | sign << 8 | digits >> 8 * skipped << 16);
    return out + 5 - skipped;
}

/* "1.5e+300", with `count` digits. */
PAREI_INLINE char *parei_decimal_write_scientific(char *out, const parei_decimal_digits *d,
                                                  unsigned count, int exponent_digits_min) {
    parei_decimal_store(out + 1, d->text, d->last);
    out[0] = (char)(d->text[0] & 0xff);
    out[1] = '.';
    return parei_decimal_write_exponent(out + count + (count > 1), d->point - 1,
                                        exponent_digits_min);
}

/* "0.00015", "1.5", "15" or "1500", for -6 < point <= 21. */
PAREI_INLINE char *parei_decimal_write_plain(char *out, const parei_decimal_digits *d) {
    unsigned count = parei_decimal_count(d), point = (unsigned)d->point;
    if (d->point <= 0) {
        parei_digits_store(out, 0x3030303030302e30); /* 0.000000 */
        out += 2 - d->point;
        parei_decimal_store(out, d->text, d->last);
        return out + count;
    }
    parei_decimal_store(out, d->text, d->last);
    if (count <= point) {
        parei_digits_store(out + 17, 0x3030303030303030);
        return out + point;
    }
    /* The digits from the point on, one place further. */
    unsigned bits = point * 8 & 63;
    uint64_t high = point < 8 ? d->text[0] : d->text[1], low = point < 8 ? d->text[1] : 0;
    uint64_t tail[2] = {high >> bits | low << 1 << (63 - bits), low >> bits};
    parei_digits_store(out + point + 1, tail[0]);
    parei_digits_store(out + point + 9, tail[1]);
    out[point] = '.';
    out[17] = d->last;
    return out + count + 1;
}

/* As JavaScript does: plain from 1e-6 to below 1e21. Requires that tens has at most sixteen
 * digits, and is not 0 unless unit is not. */
PAREI_INLINE char *parei_decimal_write_shortest(char *out, parei_decimal_number number) {
    const uint64_t e15 = 1000000000000000;
    do { /* once, but for subnormals */
        uint64_t short_of = 0 - (uint64_t)(number.tens < e15);
        number.tens += short_of & (9 * number.tens + number.unit);
        number.unit &= ~(unsigned)short_of;
        number.exponent += (int)short_of;
    } while (!PAREI_LIKELY(number.tens >= e15));

    parei_decimal_digits d = parei_decimal_split(number);
    if (-6 < d.point && d.point <= 21) return parei_decimal_write_plain(out, &d);
    return parei_decimal_write_scientific(out, &d, parei_decimal_count(&d), 1);
}

/* --- numbers ----------------------------------------------------------------------------- */

/* Takes IEEE 754's binary formats apart. */
PAREI_INLINE parei_decimal_binary parei_decimal_of_bits(uint64_t bits, int fraction_bits,
                                                        int exponent_bits) {
    const uint64_t hidden = (uint64_t)1 << fraction_bits;
    const int exponent_max = (1 << exponent_bits) - 1;
    uint64_t fraction = bits & (hidden - 1);
    int exponent = (int)(bits >> fraction_bits) & exponent_max;
    bool normal = exponent != 0;
    parei_decimal_binary binary = {fraction + (normal ? hidden : 0),
                                   exponent - normal - (1 << (exponent_bits - 1)) + 2 -
                                       fraction_bits,
                                   bits >> (fraction_bits + exponent_bits) != 0,
                                   exponent != exponent_max, fraction == 0 && exponent > 1};
    return binary;
}

PAREI_INLINE parei_decimal_binary parei_decimal_of_double(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return parei_decimal_of_bits(bits, 52, 11);
}

PAREI_INLINE parei_decimal_binary parei_decimal_of_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return parei_decimal_of_bits(bits, 23, 8);
}

/* The shortest text, of a number whose shortest decimal has at most 17 - padding digits. */
PAREI_INLINE char *parei_decimal_shortest(char *out, parei_decimal_binary value, unsigned padding) {
    if (!PAREI_LIKELY(value.finite))
        return parei_decimal_write_special(out, value.c, value.negative);
    *out = '-';
    out += value.negative;
    if (value.c == 0) {
        *out = '0';
        return out + 1;
    }
    parei_decimal_number number = parei_decimal_shorten(value);
    if (padding != 0) {
        number.tens = (10 * number.tens + number.unit) * parei_decimal_ten[padding - 1];
        number.unit = 0;
        number.exponent -= (int)padding;
    }
    return parei_decimal_write_shortest(out, number);
}

/* --- fixed ------------------------------------------------------------------------------- */

/* Decimals that a 64-bit fraction's product has room for, and the writing below. */
#define PAREI_DECIMAL_QUICK_MAX 16

/* What lies behind the point of c * 2^-bits, times 10^decimals, rounded half to even; then the
 * last digit of an integer is *whole's, which it may also carry into. */
PAREI_INLINE uint64_t parei_decimal_round_fraction(uint64_t c, unsigned bits, unsigned decimals,
                                                   uint64_t *whole) {
    const uint64_t half = (uint64_t)1 << 63;
    uint64_t ten = parei_decimal_ten[decimals];
    parei_decimal_wide product = {0, 0}; /* high: the digits; low: the remainder, of 2^64 */
    if (PAREI_LIKELY(bits <= 64)) {
        *whole = c >> 1 >> (bits - 1);
        product = parei_decimal_multiply(c << (64 - bits), ten);
    } else if (bits < 128) { /* 2^107 > c * ten is less than half of 2^128 */
        product = parei_decimal_multiply(c, ten);
        uint64_t lost = product.low != 0;
        product.low = product.high << (128 - bits) | lost;
        product.high >>= bits - 64;
    }
    uint64_t odd = (decimals == 0 ? *whole : product.high) & 1;
    product.high += (product.low > half) | ((product.low == half) & odd);
    uint64_t carry = product.high == ten;
    *whole += carry;
    return carry ? 0 : product.high;
}

/* `part` with as many digits as there are decimals, 1 to PAREI_DECIMAL_QUICK_MAX. */
PAREI_INLINE char *parei_decimal_write_part(char *out, uint64_t part, unsigned decimals) {
    const uint64_t e8 = 100000000;
    if (decimals > 8) {
        uint64_t high = part / e8;
        parei_digits_store(out, parei_digits_split8(high) >> 8 * (16 - decimals));
        out += decimals - 8;
        part -= high * e8;
        decimals = 8;
    }
    uint64_t text =
        decimals <= 2 ? (uint64_t)parei_digits_pairs[part] << 48 : parei_digits_split8(part);
    parei_digits_store(out, text >> 8 * (8 - decimals));
    return out + decimals;
}

/* As parei_decimal_exact_fixed for most numbers; NULL for more than PAREI_DECIMAL_QUICK_MAX
 * decimals and from 2^64 on. */
PAREI_INLINE char *parei_decimal_fixed(char *out, parei_decimal_binary value, unsigned decimals) {
    if (!PAREI_LIKELY(value.finite))
        return parei_decimal_write_special(out, value.c, value.negative);
    if (decimals > PAREI_DECIMAL_QUICK_MAX || value.q > 11) return NULL;

    uint64_t whole = 0, part = 0;
    if (PAREI_LIKELY(value.q < 0)) {
        part = parei_decimal_round_fraction(value.c, (unsigned)-value.q, decimals, &whole);
    } else {
        whole = value.c << value.q;
    }
    *out = '-';
    out = parei_digits(out + value.negative, whole);
    if (decimals == 0) return out;
    *out = '.';
    return parei_decimal_write_part(out + 1, part, decimals);
}

/* --- scientific -------------------------------------------------------------------------- */

/* Rounds to `decimals` + 1 digits, *digits * 10^(*exponent - decimals): false where a tie is too
 * near to tell. Requires c != 0. */
PAREI_INLINE bool parei_decimal_round_digits(parei_decimal_binary value, unsigned decimals,
                                             uint64_t *digits, int *exponent) {
    const uint64_t half = (uint64_t)1 << 63, ten = parei_decimal_ten[decimals + 1];
    unsigned zeros = 63 - parei_decimal_top_bit(value.c);
    uint64_t rest, c = value.c << zeros;
    int q = value.q - (int)zeros;
    *exponent = parei_decimal_log10(q + 63, false);
    for (;; ++*exponent) { /* at most twice: it may be one more */
        parei_decimal_power power = parei_decimal_power_of((int)decimals - *exponent);
        uint64_t low;
        parei_decimal_wide product = parei_decimal_multiply_wide(power.g, c, &low);
        int shift = power.scale - q - 128; /* 2 to 63 */
        *digits = product.high >> shift;
        rest = product.high << (64 - shift) | product.low >> shift;
        if (*digits < ten) break;
    }
    /* The power's excess is at most 3 in product.low, so at most 1 in rest. */
    if (rest - half <= 1) return false;
    *digits += rest >> 63;
    uint64_t carry = *digits == ten;
    *digits /= carry ? 10 : 1;
    *exponent += (int)carry;
    return true;
}

/* As parei_decimal_exact_scientific for most numbers; NULL for more than PAREI_DECIMAL_QUICK_MAX
 * decimals and where only all bits decide. */
PAREI_INLINE char *parei_decimal_scientific(char *out, parei_decimal_binary value,
                                            unsigned decimals) {
    uint64_t digits = 0;
    int exponent = 0;
    if (!PAREI_LIKELY(value.finite))
        return parei_decimal_write_special(out, value.c, value.negative);
    if (decimals > PAREI_DECIMAL_QUICK_MAX) return NULL;
    if (value.c != 0 && !parei_decimal_round_digits(value, decimals, &digits, &exponent)) {
        return NULL;
    }
    digits *= parei_decimal_ten[PAREI_DECIMAL_QUICK_MAX - decimals];
    parei_decimal_number number = {digits / 10, (unsigned)(digits % 10),
                                   exponent - PAREI_DECIMAL_QUICK_MAX};
    parei_decimal_digits d = parei_decimal_split(number);
    *out = '-';
    return parei_decimal_write_scientific(out + value.negative, &d, decimals + 1, 2);
}

#endif
