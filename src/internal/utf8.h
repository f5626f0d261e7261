/* internal/utf8.h - one step through UTF-8, whatever the bytes are.
 *
 * Well-formed is what the Unicode Standard's table 3-7 lists: no surrogates, no overlong forms,
 * nothing above U+10FFFF. Of anything else a step takes the maximal subpart, the longest part that
 * could begin a sequence, or one byte: the Standard's practice for replacing it by one U+FFFD
 * (chapter 3, "U+FFFD Substitution of Maximal Subparts"), and the W3C's.
 * SPDX-License-Identifier: MIT */
#ifndef PAREI_UTF8_H
#define PAREI_UTF8_H
#include "pare/base.h"
#include <stdbool.h>
#include <string.h>

#define PAREI_UTF8_BAD UINT32_MAX    /* no code point: not well-formed */
#define PAREI_UTF8_MAX 4             /* bytes of a sequence */
#define PAREI_UTF8_SUBSTITUTE 0xfffd /* what stands for what is not well-formed */

typedef struct parei_utf8 {
    uint32_t code;
    size_t size; /* bytes that it takes, at least 1 */
} parei_utf8;

/* The sequence at the start of text[0, size). Requires size >= 1. */
static inline parei_utf8 parei_utf8_next(const char *text, size_t size) {
    const unsigned char *bytes = (const unsigned char *)text;
    unsigned lead = bytes[0];
    unsigned more = lead < 0xe0 ? lead >= 0xc2 : lead < 0xf0 ? 2 : 3;
    if (lead < 0x80) return (parei_utf8){lead, 1};
    if (more == 0 || lead > 0xf4) return (parei_utf8){PAREI_UTF8_BAD, 1};

    /* The second byte's range is narrower behind four leads, which keeps the rest out. */
    unsigned low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    unsigned high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    uint32_t code = lead & 0x3fu >> more;
    for (size_t i = 1; i <= more; i++, low = 0x80, high = 0xbf) {
        if (i >= size || bytes[i] < low || bytes[i] > high) return (parei_utf8){PAREI_UTF8_BAD, i};
        code = code << 6 | (bytes[i] & 0x3f);
    }
    return (parei_utf8){code, more + 1};
}

/* Writes `code`, at most PAREI_UTF8_MAX bytes. Requires that it is one and no surrogate. */
static inline size_t parei_utf8_put(char *out, uint32_t code) {
    unsigned more = code < 0x800 ? code >= 0x80 : code < 0x10000 ? 2 : 3;
    if (more == 0) {
        *out = (char)code;
        return 1;
    }
    for (unsigned i = more; i > 0; i--, code >>= 6) out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)(unsigned char)(0xff00u >> (more + 1) | code); /* as many ones as bytes */
    return more + 1;
}

/* The last place at or before `at` that cuts no sequence of text[0, size) in two; `at` itself if
 * there is none around it. Requires at < size. */
static inline size_t parei_utf8_cut(const char *text, size_t size, size_t at) {
    for (size_t back = 0; back < PAREI_UTF8_MAX && back <= at; back++) {
        if (((unsigned char)text[at - back] & 0xc0) == 0x80) continue;
        parei_utf8 around = parei_utf8_next(text + at - back, size - (at - back));
        return around.code != PAREI_UTF8_BAD && back < around.size ? at - back : at;
    }
    return at;
}

#endif
