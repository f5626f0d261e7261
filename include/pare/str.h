/* pare/str.h - text in one growing buffer: NUL-terminated when read, built without printf.
 *
 * Memory   As pare/buf.h, whose growth, limit and ownership these are; one byte is always kept
 *          free for the NUL, so a first array of n bytes holds n - 1 of text.
 * Text     Any bytes, NULs included. Nothing asks the locale, and only the printf calls ask the
 *          C library.
 * Errors   The status is sticky: once an append was refused, later ones only count the length
 *          that would be needed, and what was appended before stays, so one check at the end
 *          covers a run of appends. An append is there whole or not at all, but for joins. Reset
 *          clears the status. Other refused calls change nothing.
 * Threads  One owner at a time.
 * Lifetime A pointer to the text holds until the next call on the builder.
 * SPDX-License-Identifier: MIT */
#ifndef PARE_STR_H
#define PARE_STR_H
#include "pare/buf.h"
#ifndef PARE_NO_LIBC
#include <stdarg.h>
#endif
PARE_BEGIN_DECLS

/* Visible so it can be embedded; the fields are private. All-zero is valid: empty, on the C
 * library's heap, without a limit. Invariant: that of pare_buf, and len < cap, for the NUL, unless
 * the window is closed or there is no block. */
typedef struct pare_str {
    pare_buf buf;
} pare_str;

/* Text that lies elsewhere: `len` bytes, no NUL needed. */
typedef struct pare_slice {
    const char *ptr;
    size_t len;
} pare_slice;

/* Where a pad puts its fill: behind the text, before it, or half and half, the odd byte behind. */
typedef enum pare_pad { PARE_PAD_AFTER = 0, PARE_PAD_BEFORE = 1, PARE_PAD_AROUND = 2 } pare_pad;

/* --- lifetime ---------------------------------------------------------------------------- */

/* Readies `s`, empty, over `from`. Never allocates. */
PARE_API void pare_str_init(pare_str *s, pare_allocator from);

/* Readies `s` on first[0, cap) and, once that is outgrown, on `then`. NULL goes with cap 0.
 * Lifetime: the array outlives `s`, or its first growth. */
PARE_API void pare_str_init_with(pare_str *s, char *first, size_t cap, pare_allocator then);

/* Readies `s` on array[0, cap) for ever: text beyond cap - 1 bytes is PARE_ERR_LIMIT. Never
 * allocates, unless detached. */
PARE_API void pare_str_init_fixed(pare_str *s, char *array, size_t cap);

/* Gives the block back and zeroes `s`. Accepts a zeroed builder. */
PARE_API void pare_str_deinit(pare_str *s);

/* Hands the text out, NUL-terminated: *out is theirs from now on, and `s` is empty, with its
 * allocator and limit. Text on the caller's array is first copied to a block of the allocator,
 * and empty text gets one, too. A heap block may be passed to free(). On failure, also when `s`
 * has failed before, both are as they were. */
PARE_NODISCARD PARE_API pare_status pare_str_detach(pare_str *s, pare_parcel *out);

/* Drops the text of `s` and takes this one over, with its allocator. PARE_ERR_ARGUMENT unless the
 * block has a byte more than in.len, or is empty. */
PARE_NODISCARD PARE_API pare_status pare_str_attach(pare_str *s, pare_parcel in);

/* --- capacity ---------------------------------------------------------------------------- */

/* Makes room for `more` bytes of text beyond the length, growing amortised. PARE_ERR_LIMIT beyond
 * the limit, PARE_ERR_ARGUMENT beyond PARE_SIZE_MAX - 1, the status of `s` if it has failed.
 * Refused: as it was, and not sticky. */
PARE_NODISCARD PARE_API pare_status pare_str_reserve(pare_str *s, size_t more);

/* The same, asking for no more than is needed: for text that will not grow again. */
PARE_NODISCARD PARE_API pare_status pare_str_reserve_exact(pare_str *s, size_t more);

/* Gives back what lies beyond the text and its NUL. A first array stays. */
PARE_NODISCARD PARE_API pare_status pare_str_shrink(pare_str *s);

/* Refuses lengths above `bytes` from now on; longer text stays. SIZE_MAX is no limit. */
PARE_API void pare_str_set_limit(pare_str *s, size_t bytes);

/* --- contents ---------------------------------------------------------------------------- */

/* Drops the text and the status; the memory stays, so refilling does not allocate. */
PAREI_INLINE void pare_str_reset(pare_str *s) { pare_buf_reset(&s->buf); }

/* The same, but a block for which more than `bytes` of text, and the NUL, were asked is given
 * back, so that one giant does not pin memory. */
PARE_API void pare_str_reset_max(pare_str *s, size_t bytes);

/* Drops what lies beyond the first `len_max` bytes. The status stays: what was refused before is
 * still missing. */
PAREI_INLINE void pare_str_truncate(pare_str *s, size_t len_max) {
    pare_buf_truncate(&s->buf, len_max);
}

/* The same, but a UTF-8 sequence that would be cut in two goes as a whole: up to three bytes more.
 * Text that is not UTF-8 is cut at len_max. */
PARE_API void pare_str_truncate_utf8(pare_str *s, size_t len_max);

/* Drops the `size` bytes from offset `at` on, or as many as there are; what lies behind moves down.
 * The status stays. */
PAREI_INLINE void pare_str_erase(pare_str *s, size_t at, size_t size) {
    pare_buf_erase(&s->buf, at, size);
}

/* Puts a copy of text[0, size), which may lie in `s`, before the byte at offset `at`, or at the
 * end; what lies behind moves up. In all else an append; PARE_ERR_ARGUMENT also beyond the end. */
PARE_API pare_status pare_str_insert_n(pare_str *s, size_t at, const char *text, size_t size);

/* Puts text[0, size) in place of every needle[0, needle_size), found from the left, one behind
 * the other. PARE_ERR_ARGUMENT, which is sticky, for an empty needle, NULL with a size, and a
 * needle or text that lies in `s`. On failure, also when `s` has failed before, the text is as it
 * was; in the latter case pare_str_needed does not count what is replaced. Allocates: at most once.
 * Cost: the text times the needle at worst. */
PARE_API pare_status pare_str_replace_n(pare_str *s, const char *needle, size_t needle_size,
                                        const char *text, size_t size);

/* --- out of line ------------------------------------------------------------------------- */

#define parei_str_append_text PAREI_ABI_NAME(parei_str_append_text)
#define parei_str_append_bytes PAREI_ABI_NAME(parei_str_append_bytes)
#define parei_str_append_byte PAREI_ABI_NAME(parei_str_append_byte)
#define parei_str_terminate PAREI_ABI_NAME(parei_str_terminate)

/* What inline calls do where the window does not say yes, or the length is not known. */
PARE_API pare_status parei_str_append_text(pare_str *s, const char *text);
PARE_API pare_status parei_str_append_bytes(pare_str *s, const char *bytes, size_t size);
PARE_API PAREI_COLD pare_status parei_str_append_byte(pare_str *s, char c);
PARE_API PAREI_COLD const char *parei_str_terminate(pare_str *s);

/* Whether the compiler knows how long `text` is: it does where it knows the first byte, and it is
 * asked so since clang says no to any call in there, and UBSan makes gcc perform it. */
#define PAREI_STR_KNOWN(text) ((text) != NULL && PAREI_CONSTANT(*(text)))

PAREI_INLINE size_t parei_str_length(const char *text) {
#ifndef PARE_NO_LIBC
    return strlen(text);
#else
    size_t length = 0;
#if defined(__GNUC__) && !defined(__clang__) /* freestanding, clang would call strlen */
    if (PAREI_STR_KNOWN(text)) return __builtin_strlen(text);
#endif
    while (text[length] != '\0') length++;
    return length;
#endif
}

/* The length to pass on with a C string that may be NULL: one that gets NULL refused. */
PAREI_INLINE size_t parei_str_length_or_one(const char *text) {
    return text != NULL ? parei_str_length(text) : 1;
}

/* Puts a C string before the byte at offset `at`, as pare_str_insert_n. */
PAREI_INLINE pare_status pare_str_insert(pare_str *s, size_t at, const char *text) {
    return pare_str_insert_n(s, at, text, parei_str_length_or_one(text));
}

/* Puts one C string in place of every other, as pare_str_replace_n. NULL is PARE_ERR_ARGUMENT. */
PAREI_INLINE pare_status pare_str_replace(pare_str *s, const char *needle, const char *text) {
    return pare_str_replace_n(s, needle, parei_str_length_or_one(needle), text,
                              parei_str_length_or_one(text));
}

/* --- appends: text ----------------------------------------------------------------------- */

/* Every append returns the sticky status and allocates amortised. Requires of what may lie in `s`
 * that it ends where the text does, or before: the NUL is not part of it. */

/* Appends text[0, size), which may lie in `s`. NULL with size 0 is nothing; NULL with a size is
 * PARE_ERR_ARGUMENT. Inline where `size` is constant. */
PAREI_INLINE pare_status pare_str_append_n(pare_str *s, const char *text, size_t size) {
    pare_buf *b = &s->buf;
    size_t len = b->len;
    if (PAREI_CONSTANT(size) && PAREI_LIKELY(size < b->cap - len) && text != NULL) {
        memcpy(b->ptr + len, text, size);
        b->len = len + size;
        return PARE_OK;
    }
    return parei_str_append_bytes(s, text, size);
}

/* Appends a literal, whose length the compiler knows: no call, no strlen. */
PAREI_INLINE pare_status pare_str_append_lit(pare_str *s, const char *literal) {
    return pare_str_append_n(s, literal, parei_str_length(literal));
}

/* Appends a C string, which may lie in `s`. NULL is PARE_ERR_ARGUMENT. */
PAREI_INLINE pare_status pare_str_append(pare_str *s, const char *text) {
    if (PAREI_STR_KNOWN(text)) return pare_str_append_lit(s, text);
    return parei_str_append_text(s, text);
}

/* Appends one byte. */
PAREI_INLINE pare_status pare_str_append_char(pare_str *s, char c) {
    pare_buf *b = &s->buf;
    size_t len = b->len;
    if (!PAREI_LIKELY(1 < b->cap - len)) return parei_str_append_byte(s, c);
    b->ptr[len] = c;
    b->len = len + 1;
    return PARE_OK;
}

/* Appends `count` times one byte. */
PARE_API pare_status pare_str_append_fill(pare_str *s, char c, size_t count);

/* Appends `count` times text[0, size), which may lie in `s`. */
PARE_API pare_status pare_str_append_repeat(pare_str *s, const char *text, size_t size,
                                            size_t count);

/* Appends parts[0, count), each a C string, with `separator` between any two. A NULL among them,
 * or `parts` NULL with a count, is PARE_ERR_ARGUMENT; what came before it stays. Requires that
 * none of them lies in `s`. */
PARE_API pare_status pare_str_append_join(pare_str *s, const char *const *parts, size_t count,
                                          const char *separator);

/* The same of parts whose lengths are known. Here nothing is appended on failure. */
PARE_API pare_status pare_str_append_join_n(pare_str *s, const pare_slice *parts, size_t count,
                                            pare_slice separator);

/* Brings a field, what was appended since pare_str_needed(s) was `from`, to `width_min` bytes. A
 * `from` beyond the text is PARE_ERR_ARGUMENT. */
PARE_API pare_status pare_str_pad(pare_str *s, size_t from, size_t width_min, char fill,
                                  pare_pad where);

/* --- appends: numbers -------------------------------------------------------------------- */

/* Decimal, with '-' before what is negative. */
PARE_API pare_status pare_str_append_int(pare_str *s, int64_t value);
PARE_API pare_status pare_str_append_uint(pare_str *s, uint64_t value);

/* In base 2 to 36, PARE_ERR_ARGUMENT outside, with digits 0-9a-z, after as many `fill` as make
 * it `width_min` bytes. A '-' stands before the fill if that is '0', else behind it. */
PARE_API pare_status pare_str_append_int_base(pare_str *s, int64_t value, unsigned base,
                                              size_t width_min, char fill);
PARE_API pare_status pare_str_append_uint_base(pare_str *s, uint64_t value, unsigned base,
                                               size_t width_min, char fill);

/* "true", or "false" for 0. */
PARE_API pare_status pare_str_append_bool(pare_str *s, int value);

/* The address, in hexadecimal after "0x"; NULL is "0x0". */
PARE_API pare_status pare_str_append_pointer(pare_str *s, const void *ptr);

/* --- appends: doubles -------------------------------------------------------------------- */

/* The shortest text that reads back as the same number, the one nearest to it if there are several,
 * byte for byte what JavaScript and canonical JSON (RFC 8785) print: plain from 1e-6 to below 1e21,
 * as in 0.000001, 1.5 and 100000000000000000000; else 1e+21, 1.5e-7, 5e-324. But zeros keep their
 * sign, "-0", and what is no number is "nan", "inf" or "-inf", which are not JSON. At most 25
 * bytes. The second takes it as a float: "0.1" for 0.1f, where the first has
 * "0.10000000149011612". */
PARE_API pare_status pare_str_append_double(pare_str *s, double value);
PARE_API pare_status pare_str_append_float(pare_str *s, float value);

/* As printf's %.*f and %.*e where no locale is set: the exact value, rounded half to even, so with
 * two decimals 0.125 is "0.12", and 2.675, whose double is less than that, "2.67". `decimals` up to
 * PARE_STR_DECIMALS_MAX, PARE_ERR_ARGUMENT beyond; no double has more than 1074. Cost: with more
 * than 16 decimals, in the first from 2^64 on, and in the second at ties, up to microseconds and
 * 2 KB of stack; else at most a few hundred instructions. */
PARE_API pare_status pare_str_append_double_fixed(pare_str *s, double value, unsigned decimals);
PARE_API pare_status pare_str_append_double_scientific(pare_str *s, double value,
                                                       unsigned decimals);

#define PARE_STR_DECIMALS_MAX 1100

/* --- appends: escapes -------------------------------------------------------------------- */

/* Each appends an escaped copy of text[0, size), which may lie in `s`, or of a C string; NULL as
 * above. */

/* A JSON string, quotes included. What is not UTF-8 becomes U+FFFD, one for each maximal subpart
 * of a sequence, so the result always is UTF-8; control characters become \n and its like, or
 * \u001f. A slash stays: inside an HTML script element "</script>" ends it. */
PARE_API pare_status pare_str_append_json_n(pare_str *s, const char *text, size_t size);
PAREI_INLINE pare_status pare_str_append_json(pare_str *s, const char *text) {
    return pare_str_append_json_n(s, text, parei_str_length_or_one(text));
}

/* Text for HTML, in an element or in a quoted attribute: & < > " and ' become character
 * references; all other bytes stay. */
PARE_API pare_status pare_str_append_html_n(pare_str *s, const char *text, size_t size);
PAREI_INLINE pare_status pare_str_append_html(pare_str *s, const char *text) {
    return pare_str_append_html_n(s, text, parei_str_length_or_one(text));
}

/* A component of a URL: all bytes but the unreserved ones, letters, digits and - . _ ~, become
 * %XX. Source: RFC 3986, sections 2.1 and 2.3. */
PARE_API pare_status pare_str_append_url_n(pare_str *s, const char *text, size_t size);
PAREI_INLINE pare_status pare_str_append_url(pare_str *s, const char *text) {
    return pare_str_append_url_n(s, text, parei_str_length_or_one(text));
}

/* --- appends: printf --------------------------------------------------------------------- */

#ifndef PARE_NO_LIBC
/* Formats straight into the buffer, a second time if it had to grow. PARE_ERR_FORMAT for INT_MAX
 * bytes or more, and where the C library refuses, as it does wide characters without a multibyte
 * form; the text is then as it was. Requires that no argument lies in `s`. */
PARE_API pare_status pare_str_append_printf(pare_str *s, const char *format, ...)
    PAREI_PRINTF(2, 3);
PARE_API pare_status pare_str_append_vprintf(pare_str *s, const char *format, va_list arguments)
    PAREI_PRINTF(2, 0);
#endif

/* --- queries ----------------------------------------------------------------------------- */

/* The text with its NUL; "" while there is no block. Never NULL, never allocates: after a refusal
 * it is what was appended before. */
PAREI_INLINE const char *pare_str_cstr(pare_str *s) {
    pare_buf *b = &s->buf;
    if (!PAREI_LIKELY(b->len < b->cap)) return parei_str_terminate(s);
    b->ptr[b->len] = '\0';
    return b->ptr;
}

PAREI_INLINE size_t pare_str_len(const pare_str *s) { return s->buf.len; }

/* PARE_OK, or why the first append that failed was refused. */
PARE_NODISCARD PAREI_INLINE pare_status pare_str_status(const pare_str *s) { return s->buf.status; }

/* The length with nothing refused, NUL not counted; SIZE_MAX when it overflows. */
PAREI_INLINE size_t pare_str_needed(const pare_str *s) { return pare_buf_needed(&s->buf); }

/* The length that can be reached without asking the allocator. */
PARE_API size_t pare_str_capacity(const pare_str *s);

/* What lengths are refused above; PARE_SIZE_MAX - 1 without a limit. */
PARE_API size_t pare_str_limit(const pare_str *s);

/* What growth cost. used_bytes and peak_used_bytes do not count the NUL. */
PAREI_INLINE pare_buf_stats pare_str_get_stats(const pare_str *s) {
    return pare_buf_get_stats(&s->buf);
}

PARE_END_DECLS
#endif
