/* decimal.c - the contract is in internal/decimal.h; here are numbers with all their bits.
 *
 * An expansion hands out a number's decimal digits from the left, nine at a time. Those before the
 * point come from dividing an integer by 10^9 over and over, those behind it from multiplying a
 * fraction, whose overflow they are. What is left of it then is the exact remainder, so
 * rounding has only to know whether that is 0. Both are arrays of 32-bit words on the stack:
 * nothing is allocated, and any machine's 64-bit arithmetic will do.
 * SPDX-License-Identifier: MIT */
#include "internal/decimal.h"
#include "internal/bits.h"
#include "internal/check.h"

enum {
    PAREI_DECIMAL_E9 = 1000000000,
    PAREI_DECIMAL_WORDS = 34,  /* 2^-1074 behind the point, or 2^1024 before it */
    PAREI_DECIMAL_CHUNKS = 35, /* nine digits each: 1.8e308 */
};

/* A number's decimal digits in chunks of nine. */
typedef struct parei_decimal_expansion {
    uint32_t chunk;                          /* the first digits not yet used */
    unsigned chunk_count;                    /* more of them before the point ... */
    uint32_t chunks[PAREI_DECIMAL_CHUNKS];   /* ... the last one first */
    uint32_t words[PAREI_DECIMAL_WORDS + 2]; /* then the fraction: the last one first, the point
                                                * behind words[PAREI_DECIMAL_WORDS - 1] */
    unsigned low;                            /* words before this one are 0 */
} parei_decimal_expansion;

char *parei_decimal_write_special(char *out, uint64_t c, bool negative) {
    bool is_nan = (c & (c - 1)) != 0; /* more than the hidden bit */
    if (negative && !is_nan) *out++ = '-';
    memcpy(out, is_nan ? "nan" : "inf", 3);
    return out + 3;
}

/* --- expansion --------------------------------------------------------------------------- */

/* words = c * 2^bit, in zeroed words. Two words above the last one that is reached are touched. */
static void parei_decimal_place_bits(uint32_t *words, uint64_t c, unsigned bit) {
    unsigned shift = bit % 32;
    words += bit / 32;
    uint64_t low = (c & UINT32_MAX) << shift, high = (c >> 32) << shift;
    high += low >> 32;
    words[0] = (uint32_t)low;
    words[1] = (uint32_t)high;
    words[2] = (uint32_t)(high >> 32);
}

/* Divides the integer words[0, count) by 10^9 and returns the remainder. */
static uint32_t parei_decimal_divide(uint32_t *words, unsigned count) {
    uint64_t rest = 0;
    while (count-- > 0) {
        rest = rest << 32 | words[count];
        words[count] = (uint32_t)(rest / PAREI_DECIMAL_E9);
        rest %= PAREI_DECIMAL_E9;
    }
    return (uint32_t)rest;
}

static void parei_decimal_skip_zeros(parei_decimal_expansion *e) {
    while (e->low < PAREI_DECIMAL_WORDS && e->words[e->low] == 0) e->low++;
}

/* Multiplies the fraction by 10^9 and returns what overflows. */
static uint32_t parei_decimal_shift_out(parei_decimal_expansion *e) {
    uint64_t carry = 0;
    for (unsigned i = e->low; i < PAREI_DECIMAL_WORDS; i++) {
        carry += (uint64_t)e->words[i] * PAREI_DECIMAL_E9;
        e->words[i] = (uint32_t)carry;
        carry >>= 32;
    }
    parei_decimal_skip_zeros(e);
    return (uint32_t)carry;
}

/* Goes on to the next nine digits. */
static void parei_decimal_advance(parei_decimal_expansion *e) {
    e->chunk = e->chunk_count > 0 ? e->chunks[--e->chunk_count] : parei_decimal_shift_out(e);
}

/* Whether all digits behind the current nine are 0. */
static bool parei_decimal_ends(const parei_decimal_expansion *e) {
    for (unsigned i = 0; i < e->chunk_count; i++) {
        if (e->chunks[i] != 0) return false;
    }
    return e->low == PAREI_DECIMAL_WORDS;
}

/* `count` without the words at the top that are 0. */
static unsigned parei_decimal_used(const uint32_t *words, unsigned count) {
    while (count > 0 && words[count - 1] == 0) count--;
    return count;
}

/* Splits the integer in `words` into chunks, at least one. Leaves the words 0. */
static void parei_decimal_split_integer(parei_decimal_expansion *e) {
    unsigned count = parei_decimal_used(e->words, PAREI_DECIMAL_WORDS);
    do {
        e->chunks[e->chunk_count++] = parei_decimal_divide(e->words, count);
        count = parei_decimal_used(e->words, count);
    } while (count > 0);
}

/* Readies *e, on the first nine digits, which may be 0. Returns how many digits there are before
 * the point, a multiple of nine. */
static unsigned parei_decimal_expand(parei_decimal_expansion *e, parei_decimal_binary value) {
    unsigned bits = value.q < 0 ? (unsigned)-value.q : 0; /* behind the point */
    uint64_t whole = bits < 64 ? value.c >> bits : 0;
    uint64_t part = bits < 64 ? value.c - (whole << bits) : value.c;
    memset(e, 0, sizeof *e);
    parei_decimal_place_bits(e->words, whole, value.q < 0 ? 0 : (unsigned)value.q);
    parei_decimal_split_integer(e);
    unsigned digits = 9 * e->chunk_count;
    if (part != 0) parei_decimal_place_bits(e->words, part, 32 * PAREI_DECIMAL_WORDS - bits);
    parei_decimal_skip_zeros(e);
    parei_decimal_advance(e);
    return digits;
}

/* --- rounding ---------------------------------------------------------------------------- */

/* Adds 1 to the digits that end before `end`. There is one among them that is not 9. */
static void parei_decimal_increment(char *end) {
    while (*--end == '9') *end = '0';
    ++*end;
}

/* Whether a number goes up, `dropped` being the digits behind its last one, up to `end`, and then
 * those of e. */
static bool parei_decimal_rounds_up(const parei_decimal_expansion *e, const char *dropped,
                                    const char *end) {
    if (*dropped != '5') return *dropped > '5';
    bool odd = (dropped[-1] & 1) != 0, more = !parei_decimal_ends(e);
    for (const char *at = dropped + 1; at < end; at++) more = more || *at != '0';
    return more || odd;
}

/* Writes a 0, for a carry, and `count` >= 1 digits behind it, the last one rounded. Scribbles on
 * nine bytes more. */
static void parei_decimal_write_rounded(parei_decimal_expansion *e, char *out, size_t count) {
    const uint32_t e8 = 100000000;
    char *at = out, *last = out + count;
    for (*at++ = '0';; parei_decimal_advance(e)) {
        *at = (char)('0' + e->chunk / e8);
        at = parei_digits_next8(at + 1, e->chunk % e8);
        if (at > last + 1) break;
        if (parei_decimal_ends(e)) {
            memset(at, '0', (size_t)(last + 1 - at));
            return;
        }
    }
    if (parei_decimal_rounds_up(e, last + 1, at)) parei_decimal_increment(last + 1);
}

/* --- numbers ----------------------------------------------------------------------------- */

char *parei_decimal_exact_fixed(char *out, double value, unsigned decimals) {
    PAREI_ASSERT(decimals <= PAREI_DECIMAL_DECIMALS_MAX);
    parei_decimal_expansion e;
    parei_decimal_binary binary = parei_decimal_of_double(value);
    if (!binary.finite) return parei_decimal_write_special(out, binary.c, binary.negative);
    *out = '-';
    out += binary.negative;
    size_t digits = parei_decimal_expand(&e, binary);
    char *text = out + 1, *point = text + 1 + digits;
    parei_decimal_write_rounded(&e, text, digits + decimals);

    while (text < point - 1 && *text == '0') text++;
    size_t whole = (size_t)(point - text);
    memmove(out, text, whole);
    out += whole;
    if (decimals == 0) return out;
    *out = '.';
    memmove(out + 1, point, decimals);
    return out + 1 + decimals;
}

char *parei_decimal_exact_scientific(char *out, double value, unsigned decimals) {
    PAREI_ASSERT(decimals <= PAREI_DECIMAL_DECIMALS_MAX);
    parei_decimal_expansion e;
    parei_decimal_binary binary = parei_decimal_of_double(value);
    if (!binary.finite) return parei_decimal_write_special(out, binary.c, binary.negative);
    *out = '-';
    out += binary.negative;
    int exponent = (int)parei_decimal_expand(&e, binary) - 1;
    for (; e.chunk == 0 && binary.c != 0; exponent -= 9) parei_decimal_advance(&e);

    char *text = out + 1; /* the 0 that takes a carry; then zeros of the first chunk */
    size_t zeros = 0;
    for (uint32_t top = PAREI_DECIMAL_E9 / 10; top > 1 && e.chunk < top; top /= 10) zeros++;
    parei_decimal_write_rounded(&e, text, zeros + 1 + decimals);
    if (text[zeros] == '0') zeros++;
    exponent -= (int)zeros - 1;
    text += zeros;

    *out++ = *text;
    if (decimals != 0) {
        *out++ = '.';
        memmove(out, text + 1, decimals);
        out += decimals;
    }
    return parei_decimal_write_exponent(out, exponent, 2);
}
