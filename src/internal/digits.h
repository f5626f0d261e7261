/* internal/digits.h - integers to decimal digits: no printf, no locale.
 *
 * Eight digits at a time, in the bytes of one word: three rounds of "divide every lane by 10^k,
 * put the remainder into the lane above" split one lane of eight digits into eight lanes of one.
 * A round divides all lanes by one multiplication with a reciprocal, and joins quotient and
 * remainder by another, since q + ((x - d * q) << s) == (x << s) - q * ((d << s) - 1). Long
 * numbers do it for sixteen digits in SSE2, as the scalar multiplier is the bottleneck: 5.8 ns
 * for a random int64_t against 11.3 (Emerald Rapids). The first digit is in the lowest byte.
 * SPDX-License-Identifier: MIT */
#ifndef PAREI_DIGITS_H
#define PAREI_DIGITS_H
#include "pare/base.h"
#include <string.h>
#if defined(__SSE2__) && defined(__x86_64__)
#include <emmintrin.h>
#define PAREI_DIGITS_SSE2 1
#endif

/* What parei_digits may write to. A '-' before an int64_t fits in as well. */
#define PAREI_DIGITS_MAX 20

/* "00" to "99", the first digit in the low byte. */
static const uint16_t parei_digits_pairs[100] = {
    0x3030, 0x3130, 0x3230, 0x3330, 0x3430, 0x3530, 0x3630, 0x3730, 0x3830, 0x3930, 0x3031, 0x3131,
    0x3231, 0x3331, 0x3431, 0x3531, 0x3631, 0x3731, 0x3831, 0x3931, 0x3032, 0x3132, 0x3232, 0x3332,
    0x3432, 0x3532, 0x3632, 0x3732, 0x3832, 0x3932, 0x3033, 0x3133, 0x3233, 0x3333, 0x3433, 0x3533,
    0x3633, 0x3733, 0x3833, 0x3933, 0x3034, 0x3134, 0x3234, 0x3334, 0x3434, 0x3534, 0x3634, 0x3734,
    0x3834, 0x3934, 0x3035, 0x3135, 0x3235, 0x3335, 0x3435, 0x3535, 0x3635, 0x3735, 0x3835, 0x3935,
    0x3036, 0x3136, 0x3236, 0x3336, 0x3436, 0x3536, 0x3636, 0x3736, 0x3836, 0x3936, 0x3037, 0x3137,
    0x3237, 0x3337, 0x3437, 0x3537, 0x3637, 0x3737, 0x3837, 0x3937, 0x3038, 0x3138, 0x3238, 0x3338,
    0x3438, 0x3538, 0x3638, 0x3738, 0x3838, 0x3938, 0x3039, 0x3139, 0x3239, 0x3339, 0x3439, 0x3539,
    0x3639, 0x3739, 0x3839, 0x3939,
};

/* --- words ------------------------------------------------------------------------------- */

/* Writes the word's bytes, lowest first, on any machine. */
PAREI_INLINE void parei_digits_store(char *out, uint64_t word) {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    memcpy(out, &word, sizeof word);
#else
    for (unsigned i = 0; i < 8; i++) out[i] = (char)(unsigned char)(word >> 8 * i);
#endif
}

/* The eight digits of `value` < 10^8, leading zeros included, as text. */
PAREI_INLINE uint64_t parei_digits_split8(uint64_t value) {
    /* The reciprocals, of 10^4, 100 and 10, are exact below 10^8, 10^4 and 100. */
    uint64_t q = value * 109951163 >> 40;
    uint64_t lanes = (value << 32) - q * (((uint64_t)10000 << 32) - 1);
    q = (lanes * 10486 >> 20) & 0x0000007f0000007f;
    lanes = (lanes << 16) - q * ((100u << 16) - 1);
    q = (lanes * 103 >> 10) & 0x000f000f000f000f;
    lanes = (lanes << 8) - q * ((10u << 8) - 1);
    return lanes | 0x3030303030303030;
}

/* Writes the digits of `text` from the first that is not 0 on, or the last; returns their end.
 * Scribbles on out[0, 8). */
PAREI_INLINE char *parei_digits_strip(char *out, uint64_t text) {
    uint64_t digits = (text & 0x0f0f0f0f0f0f0f0f) | (uint64_t)1 << 56;
#if defined(__GNUC__) || defined(__clang__)
    unsigned bits = (unsigned)__builtin_ctzll(digits) & 56u;
#else
    unsigned bits = 0;
    while ((digits >> bits & 0xff) == 0) bits += 8;
#endif
    parei_digits_store(out, text >> bits);
    return out + (8 - bits / 8);
}

/* --- runs of digits: each returns their end ---------------------------------------------- */

/* The digits of `value` < 10^4, no zeros before them. Scribbles on out[0, 8). */
PAREI_INLINE char *parei_digits_first4(char *out, uint64_t value) {
    uint32_t high = (uint32_t)value * 5243 >> 19; /* value / 100, exact below 10^4 */
    uint32_t low = (uint32_t)value - high * 100;
    uint64_t text = (uint64_t)parei_digits_pairs[high] << 32 | (uint64_t)parei_digits_pairs[low]
                                                                   << 48;
    return parei_digits_strip(out, text);
}

/* The digits of `value` < 10^8, no zeros before them. Scribbles on out[0, 8). */
PAREI_INLINE char *parei_digits_first8(char *out, uint64_t value) {
    if (value < 10000) return parei_digits_first4(out, value);
    return parei_digits_strip(out, parei_digits_split8(value));
}

/* The eight digits of `value` < 10^8, zeros included. */
PAREI_INLINE char *parei_digits_next8(char *out, uint64_t value) {
    parei_digits_store(out, parei_digits_split8(value));
    return out + 8;
}

#ifdef PAREI_DIGITS_SSE2
/* The sixteen digits of two values < 10^8, as text. */
PAREI_INLINE __m128i parei_digits_lanes16(uint64_t high, uint64_t low) {
    __m128i lanes =
        _mm_unpacklo_epi64(_mm_cvtsi64_si128((long long)high), _mm_cvtsi64_si128((long long)low));
    __m128i q = _mm_srli_epi64(_mm_mul_epu32(lanes, _mm_set1_epi64x(3518437209)), 45);
    __m128i rest = _mm_sub_epi64(lanes, _mm_mul_epu32(q, _mm_set1_epi64x(10000)));
    lanes = _mm_or_si128(q, _mm_slli_epi64(rest, 32));
    /* There is no 32-bit multiplication: q stands in both halves of its lane, and the join works
     * on each half by itself. */
    q = _mm_srli_epi16(_mm_mulhi_epu16(lanes, _mm_set1_epi16(5243)), 3);
    q = _mm_or_si128(q, _mm_slli_epi32(q, 16));
    lanes = _mm_add_epi16(_mm_slli_epi32(lanes, 16),
                          _mm_mullo_epi16(q, _mm_set1_epi32((int)(0xff9c0000u + 1)))); /* -100, 1 */
    q = _mm_mulhi_epu16(lanes, _mm_set1_epi16(6554));
    lanes = _mm_sub_epi16(_mm_slli_epi16(lanes, 8), _mm_mullo_epi16(q, _mm_set1_epi16(2559)));
    return _mm_or_si128(lanes, _mm_set1_epi8('0'));
}
#endif

/* The sixteen digits of two values < 10^8, zeros included. */
PAREI_INLINE char *parei_digits_next16(char *out, uint64_t high, uint64_t low) {
#ifdef PAREI_DIGITS_SSE2
    _mm_storeu_si128((__m128i *)(void *)out, parei_digits_lanes16(high, low));
    return out + 16;
#else
    return parei_digits_next8(parei_digits_next8(out, high), low);
#endif
}

/* The same as two words of text, text[0] the first. */
PAREI_INLINE void parei_digits_split16(uint64_t text[2], uint64_t high, uint64_t low) {
#ifdef PAREI_DIGITS_SSE2
    __m128i lanes = parei_digits_lanes16(high, low);
    text[0] = (uint64_t)_mm_cvtsi128_si64(lanes);
    text[1] = (uint64_t)_mm_cvtsi128_si64(_mm_srli_si128(lanes, 8));
#else
    text[0] = parei_digits_split8(high);
    text[1] = parei_digits_split8(low);
#endif
}

/* --- numbers ----------------------------------------------------------------------------- */

/* Writes `value`; returns the end. Scribbles on out[0, PAREI_DIGITS_MAX), or
 * on one byte less where `value` is the magnitude of an int64_t. */
PAREI_INLINE char *parei_digits(char *out, uint64_t value) {
    const uint64_t e8 = 100000000;
    if (value < e8) return parei_digits_first8(out, value);

    uint64_t high = value / e8;
    uint64_t low = value - high * e8;
    if (high < e8) return parei_digits_next8(parei_digits_first8(out, high), low);

    uint64_t top = high / e8; /* <= 1844 */
    return parei_digits_next16(parei_digits_first4(out, top), high - top * e8, low);
}

#endif
