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
#include "internal/plain.h"
#include "internal/utf8.h"

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
    parei_escaped (*one)(char *out, const char *text, size_t size);
    char quote; /* what stands before and behind the result; 0: nothing */
} parei_escape;

/* These are instantiated for each way by inlining: its functions are constants there. */

/* The size of the result, quotes included. */
PAREI_INLINE size_t parei_escape_size(parei_escape way, const char *text, size_t size) {
    char scratch[PAREI_ESCAPE_WORST];
    size_t bytes = way.quote != 0 ? 2 : 0;
    for (;;) {
        size_t run = way.run(NULL, text, size);
        bytes = parei_sum(bytes, run);
        text += run;
        size -= run;
        if (size == 0) return bytes;
        parei_escaped one = way.one(scratch, text, size);
        bytes = parei_sum(bytes, one.written);
        text += one.read;
        size -= one.read;
    }
}

/* Writes the result of text[0, size), which begins with what is not plain; the quotes are the
 * caller's. Returns the end. */
PAREI_INLINE char *parei_escape_write(parei_escape way, char *out, const char *text, size_t size) {
    while (size != 0) {
        parei_escaped one = way.one(out, text, size);
        out += one.written;
        text += one.read;
        size -= one.read;
        size_t run = way.run(out, text, size);
        out += run;
        text += run;
        size -= run;
    }
    return out;
}

/* Whether the window has room for the worst that can become of `size` bytes, quotes included. */
PAREI_INLINE bool parei_escape_fits(const pare_str *s, size_t size) {
    return size < (s->buf.cap - s->buf.len) / (PAREI_ESCAPE_WORST + 2); /* a power of two */
}

/* What is written ends at `end`, except for a quote. */
PAREI_INLINE pare_status parei_escape_end(parei_escape way, pare_str *s, char *end) {
    if (way.quote != 0) *end++ = way.quote;
    s->buf.len = (size_t)(end - s->buf.ptr);
    return PARE_OK;
}

/* An append in two passes, whatever the window. */
PAREI_INLINE pare_status parei_escape_append_exact(parei_escape way, pare_str *s, const char *text,
                                                   size_t size) {
    bool bad = parei_escape_is_bad(s, text, size);
    size_t bytes = bad ? 0 : parei_escape_size(way, text != NULL ? text : "", size);
    parei_escape_room room = parei_escape_take(s, bytes, text, size);
    if (room.out == NULL) return s->buf.status;
    if (way.quote != 0) *room.out++ = way.quote;
    size_t run = way.run(room.out, room.text, size);
    return parei_escape_end(way, s,
                            parei_escape_write(way, room.out + run, room.text + run, size - run));
}

/* --- what stands for others -------------------------------------------------------------- */

/* A literal for one byte. */
#define PAREI_ESCAPED(out, literal)                                                                \
    (memcpy(out, literal, sizeof literal - 1), (parei_escaped){1, sizeof literal - 1})

/* A sequence of UTF-8 as it is, or U+FFFD for what is none. */
static inline parei_escaped parei_escape_utf8(char *out, const char *text, size_t size) {
    parei_utf8 next = parei_utf8_next(text, size);
    uint32_t code = next.code != PAREI_UTF8_BAD ? next.code : PAREI_UTF8_SUBSTITUTE;
    return (parei_escaped){next.size, parei_utf8_put(out, code)};
}

#endif
