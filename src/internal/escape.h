/* internal/escape.h - copies of a text in which some bytes are written otherwise.
 *
 * A way of escaping is two functions: one that copies a run of plain bytes, and one that writes
 * what stands for the byte, or sequence, behind it. From these two follow the size of the result
 * and the result. Where the window has room for the worst case the text is gone through once;
 * where it has not, a first pass finds the exact size, so that there is one request, and a refusal
 * leaves nothing half written.
 *
 * No result is shorter than its text, and each byte becomes PAREI_ESCAPE_WORST at most. So runs
 * may copy whole blocks: what they scribble behind themselves lies in the result.
 * SPDX-License-Identifier: MIT */
#ifndef PAREI_ESCAPE_H
#define PAREI_ESCAPE_H
#include "pare/str.h"
#include "internal/grow.h"
#include "internal/utf8.h"
#include <limits.h>
#if defined(__SSE2__) && defined(__x86_64__)
#include <emmintrin.h>
#define PAREI_ESCAPE_SSE2 1
#endif

/* Bytes behind the text of a builder that stay free: the NUL. */
#define PAREI_STR_KEPT 1

/* --- room -------------------------------------------------------------------------------- */

/* Whether `ptr` points into the builder's block. */
PARE_API bool parei_escape_is_own(const pare_str *s, const void *ptr);

/* Whether text[0, size) cannot be read: NULL, too large, or own and beyond the text of `s`. */
PARE_API bool parei_escape_is_bad(const pare_str *s, const char *text, size_t size);

/* Where to write to, and where to read from by now. */
typedef struct parei_escape_room {
    char *out; /* NULL: refused, which the status keeps, or nothing to write */
    const char *text;
} parei_escape_room;

/* Appends `bytes` bytes to be written from text[0, size), which may lie in `s`. */
PARE_API parei_escape_room parei_escape_take(pare_str *s, size_t bytes, const char *text,
                                             size_t size);

/* --- ways of escaping -------------------------------------------------------------------- */

#define PAREI_ESCAPE_WORST 6 /* such as &quot; or \u001f */

/* What was read, and what was written for it. */
typedef struct parei_escaped {
    size_t read, written;
} parei_escaped;

typedef struct parei_escape {
    /* Copies the plain bytes at the start of text[0, size), unless `out` is NULL: how many? */
    size_t (*run)(char *out, const char *text, size_t size);
    /* Writes what stands for the byte or sequence there, which is not plain. */
    parei_escaped (*other)(char *out, const char *text, size_t size);
    size_t quote_count; /* bytes around the result: '"' twice, or none */
} parei_escape;

/* These are instantiated for each way by inlining: its functions are constants there. */

PAREI_INLINE size_t parei_escape_size(parei_escape way, const char *text, size_t size) {
    char scratch[PAREI_ESCAPE_WORST];
    size_t bytes = way.quote_count;
    while (size != 0) {
        size_t run = way.run(NULL, text, size);
        bytes = parei_sum(bytes, run);
        text += run;
        size -= run;
        if (size == 0) break;
        parei_escaped other = way.other(scratch, text, size);
        bytes = parei_sum(bytes, other.written);
        text += other.read;
        size -= other.read;
    }
    return bytes;
}

PAREI_INLINE char *parei_escape_write(parei_escape way, char *out, const char *text, size_t size) {
    if (way.quote_count != 0) *out++ = '"';
    while (size != 0) {
        size_t run = way.run(out, text, size);
        out += run;
        text += run;
        size -= run;
        if (size == 0) break;
        parei_escaped other = way.other(out, text, size);
        out += other.written;
        text += other.read;
        size -= other.read;
    }
    if (way.quote_count != 0) *out++ = '"';
    return out;
}

/* Whether the window has room for the worst that can become of `size` bytes, quotes included. */
PAREI_INLINE bool parei_escape_fits(const pare_str *s, size_t size) {
    return size < (s->buf.cap - s->buf.len) / (PAREI_ESCAPE_WORST + 2); /* a power of two */
}

/* Room of exactly the result's size. */
PAREI_INLINE parei_escape_room parei_escape_take_exact(parei_escape way, pare_str *s,
                                                       const char *text, size_t size) {
    bool bad = parei_escape_is_bad(s, text, size);
    return parei_escape_take(s, bad ? 0 : parei_escape_size(way, text, size), text, size);
}

/* --- runs of plain bytes ----------------------------------------------------------------- */

/* What is not plain: these five bytes and, with `ascii`, those below ' ' or above 0x7f. */
typedef struct parei_escape_set {
    bool ascii;
    char bytes[5];
} parei_escape_set;

PAREI_INLINE bool parei_escape_has(parei_escape_set set, char c) {
    return (set.ascii && (signed char)c < ' ') || c == set.bytes[0] || c == set.bytes[1] ||
           c == set.bytes[2] || c == set.bytes[3] || c == set.bytes[4];
}

#ifdef PAREI_ESCAPE_SSE2

PAREI_INLINE unsigned parei_escape_find(__m128i block, parei_escape_set set) {
    __m128i hits = _mm_cmplt_epi8(block, _mm_set1_epi8(set.ascii ? ' ' : SCHAR_MIN));
    hits = _mm_or_si128(hits, _mm_cmpeq_epi8(block, _mm_set1_epi8(set.bytes[0])));
    hits = _mm_or_si128(hits, _mm_cmpeq_epi8(block, _mm_set1_epi8(set.bytes[1])));
    hits = _mm_or_si128(hits, _mm_cmpeq_epi8(block, _mm_set1_epi8(set.bytes[2])));
    hits = _mm_or_si128(hits, _mm_cmpeq_epi8(block, _mm_set1_epi8(set.bytes[3])));
    hits = _mm_or_si128(hits, _mm_cmpeq_epi8(block, _mm_set1_epi8(set.bytes[4])));
    return (unsigned)_mm_movemask_epi8(hits);
}

/* Copies 16 bytes, or 8; returns a bit for each that is not plain. */
PAREI_INLINE unsigned parei_escape_block16(char *out, const char *text, parei_escape_set set) {
    __m128i block = _mm_loadu_si128((const __m128i *)(const void *)text);
    if (out != NULL) _mm_storeu_si128((__m128i *)(void *)out, block);
    return parei_escape_find(block, set);
}

PAREI_INLINE unsigned parei_escape_block8(char *out, const char *text, parei_escape_set set) {
    __m128i block = _mm_loadl_epi64((const __m128i *)(const void *)text);
    if (out != NULL) _mm_storel_epi64((__m128i *)(void *)out, block);
    return parei_escape_find(block, set) & 0xff;
}

/* The plain bytes at the start of text[0, size), size >= 8. The last block may lie over the one
 * before it. */
PAREI_INLINE size_t parei_escape_run_blocks(char *out, const char *text, size_t size,
                                            parei_escape_set set) {
    size_t at = 0;
    unsigned hits = 0;
    for (; size - at >= 16; at += 16) {
        hits = parei_escape_block16(out != NULL ? out + at : NULL, text + at, set);
        if (hits != 0) return at + (unsigned)__builtin_ctz(hits);
    }
    if (size - at >= 8) {
        hits = parei_escape_block8(out != NULL ? out + at : NULL, text + at, set);
        if (hits != 0) return at + (unsigned)__builtin_ctz(hits);
    }
    at = size - 8;
    hits = parei_escape_block8(out != NULL ? out + at : NULL, text + at, set);
    return hits != 0 ? at + (unsigned)__builtin_ctz(hits) : size;
}

#else

#define PAREI_ESCAPE_ONES 0x0101010101010101u
#define PAREI_ESCAPE_TOPS 0x8080808080808080u

/* Not 0 if one of the eight bytes of `word` is `c`. */
PAREI_INLINE uint64_t parei_escape_find_byte(uint64_t word, char c) {
    uint64_t rest = word ^ (PAREI_ESCAPE_ONES * (unsigned char)c);
    return (rest - PAREI_ESCAPE_ONES) & ~rest & PAREI_ESCAPE_TOPS;
}

/* Not 0 if one of the eight bytes is not plain. */
PAREI_INLINE uint64_t parei_escape_find(uint64_t word, parei_escape_set set) {
    uint64_t hits = 0;
    for (size_t i = 0; i < sizeof set.bytes; i++) {
        hits |= parei_escape_find_byte(word, set.bytes[i]);
    }
    if (set.ascii) hits |= (word | (word - PAREI_ESCAPE_ONES * ' ')) & PAREI_ESCAPE_TOPS;
    return hits;
}

/* The plain bytes at the start of text[0, size), in whole words. */
PAREI_INLINE size_t parei_escape_run_blocks(char *out, const char *text, size_t size,
                                            parei_escape_set set) {
    size_t at = 0;
    for (; size - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, text + at, sizeof word);
        if (parei_escape_find(word, set) != 0) break;
        if (out != NULL) memcpy(out + at, &word, sizeof word);
    }
    return at;
}

#endif

/* Copies the plain bytes at the start of text[0, size), unless `out` is NULL: how many? */
PAREI_INLINE size_t parei_escape_run(char *out, const char *text, size_t size,
                                     parei_escape_set set) {
    size_t at = size >= 8 ? parei_escape_run_blocks(out, text, size, set) : 0;
    for (; at < size && !parei_escape_has(set, text[at]); at++) {
        if (out != NULL) out[at] = text[at];
    }
    return at;
}

/* --- what stands for others -------------------------------------------------------------- */

/* A literal for one byte. */
#define PAREI_ESCAPED(out, literal)                                                                \
    (memcpy(out, literal, sizeof literal - 1), (parei_escaped){1, sizeof literal - 1})

/* A sequence of UTF-8 as it is, or U+FFFD for what is none. */
static inline parei_escaped parei_escape_utf8(char *out, const char *text, size_t size) {
    parei_utf8 next = parei_utf8_next(text, size);
    if (next.code != PAREI_UTF8_BAD)
        return (parei_escaped){next.size, parei_utf8_put(out, next.code)};
    return (parei_escaped){next.size, parei_utf8_put(out, PAREI_UTF8_SUBSTITUTE)};
}

#endif
