/* internal/plain.h - copies of runs of plain bytes, those that an escape leaves as they are.
 *
 * Sixteen bytes at a time where there is SSE2, else eight in a word, where a hit only says that
 * there may be one. Whole blocks are copied before they are known to be plain: nothing that is
 * written for the rest of a text is shorter than the rest, so there is room for it.
 * SPDX-License-Identifier: MIT */
#ifndef PAREI_PLAIN_H
#define PAREI_PLAIN_H
#include "pare/base.h"
#include <stdbool.h>
#include <string.h>
#if defined(__SSE2__) && defined(__x86_64__)
#include <emmintrin.h>
#define PAREI_PLAIN_SSE2 1
#endif

/* What is not plain: these five bytes and, with `ascii`, those below ' ' or above 0x7f. */
typedef struct parei_plain_set {
    bool ascii;
    char bytes[5];
} parei_plain_set;

PAREI_INLINE bool parei_plain_excludes(parei_plain_set set, char c) {
    return (set.ascii && (signed char)c < ' ') || c == set.bytes[0] || c == set.bytes[1] ||
           c == set.bytes[2] || c == set.bytes[3] || c == set.bytes[4];
}

/* The plain bytes at the start of text[0, size), one by one. */
PAREI_INLINE size_t parei_plain_bytes(char *out, const char *text, size_t size,
                                      parei_plain_set set) {
    size_t at = 0;
    for (; at < size && !parei_plain_excludes(set, text[at]); at++) {
        if (out != NULL) out[at] = text[at];
    }
    return at;
}

#ifdef PAREI_PLAIN_SSE2

PAREI_INLINE unsigned parei_plain_find(__m128i block, parei_plain_set set) {
    __m128i hits = _mm_cmpeq_epi8(block, _mm_set1_epi8(set.bytes[0]));
    hits = _mm_or_si128(hits, _mm_cmpeq_epi8(block, _mm_set1_epi8(set.bytes[1])));
    hits = _mm_or_si128(hits, _mm_cmpeq_epi8(block, _mm_set1_epi8(set.bytes[2])));
    hits = _mm_or_si128(hits, _mm_cmpeq_epi8(block, _mm_set1_epi8(set.bytes[3])));
    hits = _mm_or_si128(hits, _mm_cmpeq_epi8(block, _mm_set1_epi8(set.bytes[4])));
    /* Only top bits matter: a saturated difference has it where, as signed bytes, byte < ' '. */
    if (set.ascii) hits = _mm_or_si128(hits, _mm_subs_epi8(block, _mm_set1_epi8(' ')));
    return (unsigned)_mm_movemask_epi8(hits);
}

/* Copies 16, 8 or 4 bytes; returns a bit for each that is not plain. */
PAREI_INLINE unsigned parei_plain_block16(char *out, const char *text, parei_plain_set set) {
    __m128i block = _mm_loadu_si128((const __m128i *)(const void *)text);
    if (out != NULL) _mm_storeu_si128((__m128i *)(void *)out, block);
    return parei_plain_find(block, set);
}

PAREI_INLINE unsigned parei_plain_block8(char *out, const char *text, parei_plain_set set) {
    __m128i block = _mm_loadl_epi64((const __m128i *)(const void *)text);
    if (out != NULL) _mm_storel_epi64((__m128i *)(void *)out, block);
    return parei_plain_find(block, set) & 0xff;
}

PAREI_INLINE unsigned parei_plain_block4(char *out, const char *text, parei_plain_set set) {
    int word;
    memcpy(&word, text, sizeof word);
    if (out != NULL) memcpy(out, &word, sizeof word);
    return parei_plain_find(_mm_cvtsi32_si128(word), set) & 0xf;
}

/* The plain bytes at the start of text[0, size), size >= 4. The last block may lie over the one
 * before it. */
PAREI_INLINE size_t parei_plain_blocks(char *out, const char *text, size_t size,
                                       parei_plain_set set) {
#define PAREI_PLAIN_STEP(bytes)                                                                    \
    hits = parei_plain_block##bytes(out != NULL ? out + at : NULL, text + at, set);                \
    if (hits != 0) return at + (unsigned)__builtin_ctz(hits);
    size_t at = 0;
    unsigned hits;
    for (; size - at >= 16; at += 16) {
        PAREI_PLAIN_STEP(16)
    }
    if (size < 8) {
        PAREI_PLAIN_STEP(4)
        at = size - 4;
        PAREI_PLAIN_STEP(4)
        return size;
    }
    if (size - at >= 8) {
        PAREI_PLAIN_STEP(8)
    }
    at = size - 8;
    PAREI_PLAIN_STEP(8)
    return size;
#undef PAREI_PLAIN_STEP
}

#else

#define PAREI_PLAIN_ONES 0x0101010101010101u
#define PAREI_PLAIN_TOPS 0x8080808080808080u

/* Not 0 if one of the eight bytes of `word` is `c`. */
PAREI_INLINE uint64_t parei_plain_find_byte(uint64_t word, char c) {
    uint64_t rest = word ^ (PAREI_PLAIN_ONES * (unsigned char)c);
    return (rest - PAREI_PLAIN_ONES) & ~rest & PAREI_PLAIN_TOPS;
}

/* Not 0 if one of the eight bytes is not plain. */
PAREI_INLINE uint64_t parei_plain_find(uint64_t word, parei_plain_set set) {
    uint64_t hits = 0;
    for (size_t i = 0; i < sizeof set.bytes; i++) {
        hits |= parei_plain_find_byte(word, set.bytes[i]);
    }
    if (set.ascii) hits |= (word | (word - PAREI_PLAIN_ONES * ' ')) & PAREI_PLAIN_TOPS;
    return hits;
}

/* The plain bytes at the start of text[0, size), size >= 4. */
PAREI_INLINE size_t parei_plain_blocks(char *out, const char *text, size_t size,
                                       parei_plain_set set) {
    size_t at = 0;
    for (; size - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, text + at, sizeof word);
        if (parei_plain_find(word, set) != 0) break;
        if (out != NULL) memcpy(out + at, &word, sizeof word);
    }
    return at + parei_plain_bytes(out != NULL ? out + at : NULL, text + at, size - at, set);
}

#endif

/* Copies the plain bytes at the start of text[0, size), unless `out` is NULL: how many? */
PAREI_INLINE size_t parei_plain_run(char *out, const char *text, size_t size, parei_plain_set set) {
    if (size >= 4) return parei_plain_blocks(out, text, size, set);
    return parei_plain_bytes(out, text, size, set);
}

#endif
