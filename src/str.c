/* str.c - the contract is in pare/str.h; memory is buf.c's, digits are internal/digits.h's.
 *
 * Every append asks for room once and then writes without looking: digits go straight to the
 * window where the longest number fits, and through a small array only where it may not.
 * SPDX-License-Identifier: MIT */
#include "pare/str.h"
#include "internal/bits.h"
#include "internal/check.h"
#include "internal/decimal.h"
#include "internal/digits.h"
#include "internal/escape.h"
#include "internal/grow.h"
#ifndef PARE_NO_LIBC
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#endif

static void parei_str_check(const pare_str *s) {
    PAREI_ASSERT(s->buf.len < s->buf.block_bytes || s->buf.block_bytes == 0);
    (void)s;
}

/* --- lifetime ---------------------------------------------------------------------------- */

void pare_str_init(pare_str *s, pare_allocator from) { pare_buf_init(&s->buf, from); }

void pare_str_init_with(pare_str *s, char *first, size_t cap, pare_allocator then) {
    pare_buf_init_with(&s->buf, first, cap, then);
}

void pare_str_init_fixed(pare_str *s, char *array, size_t cap) {
    pare_buf_init_fixed(&s->buf, array, cap);
}

void pare_str_deinit(pare_str *s) {
    parei_str_check(s);
    pare_buf_deinit(&s->buf);
}

pare_status pare_str_detach(pare_str *s, pare_parcel *out) {
    pare_status status = parei_buf_detach_kept(&s->buf, out, PAREI_STR_KEPT);
    if (status == PARE_OK) ((char *)out->block.ptr)[out->len] = '\0';
    return status;
}

pare_status pare_str_attach(pare_str *s, pare_parcel in) {
    return parei_buf_attach_kept(&s->buf, in, PAREI_STR_KEPT);
}

/* --- capacity ---------------------------------------------------------------------------- */

pare_status pare_str_reserve(pare_str *s, size_t more) {
    return parei_buf_room(&s->buf, more, PAREI_STR_KEPT, false);
}

pare_status pare_str_reserve_exact(pare_str *s, size_t more) {
    return parei_buf_room(&s->buf, more, PAREI_STR_KEPT, true);
}

pare_status pare_str_shrink(pare_str *s) { return parei_buf_shrink_kept(&s->buf, PAREI_STR_KEPT); }

void pare_str_set_limit(pare_str *s, size_t bytes) {
    pare_buf_set_limit(&s->buf, parei_sum(bytes, PAREI_STR_KEPT));
}

void pare_str_reset_max(pare_str *s, size_t bytes) {
    pare_buf_reset_max(&s->buf, parei_sum(bytes, PAREI_STR_KEPT));
}

/* --- contents ---------------------------------------------------------------------------- */

void pare_str_truncate_utf8(pare_str *s, size_t len_max) {
    pare_buf *b = &s->buf;
    if (len_max >= b->len) return;
    pare_str_truncate(s, parei_utf8_cut(b->ptr, b->len, len_max));
}

pare_status pare_str_insert_n(pare_str *s, size_t at, const char *text, size_t size) {
    return parei_buf_insert_kept(&s->buf, at, text, size, PAREI_STR_KEPT);
}

/* The place of the first needle in text[0, size), or `size`. */
static size_t parei_str_find(const char *text, size_t size, pare_slice needle) {
    for (size_t at = 0; needle.len <= size - at; at++) {
#ifndef PARE_NO_LIBC
        const char *first = memchr(text + at, needle.ptr[0], size - at - needle.len + 1);
        if (first == NULL) break;
        at = (size_t)(first - text);
#endif
        if (memcmp(text + at, needle.ptr, needle.len) == 0) return at;
    }
    return size;
}

static size_t parei_str_count(const char *text, size_t size, pare_slice needle) {
    size_t count = 0;
    for (size_t at = 0; (at += parei_str_find(text + at, size - at, needle)) != size;) {
        count++;
        at += needle.len;
    }
    return count;
}

/* memcpy, for which even no bytes need an address. Returns the end. */
static char *parei_str_put(char *out, pare_slice part) {
    if (part.len != 0) memcpy(out, part.ptr, part.len);
    return out + part.len;
}

/* Copies text[0, size) to `out` with the replacements made. The text may end where the result
 * will end, or `out` begin where the text does, so the end written never passes what is read. */
static char *parei_str_rewrite(char *out, const char *text, size_t size, pare_slice needle,
                               pare_slice with) {
    for (;;) {
        size_t before = parei_str_find(text, size, needle);
        memmove(out, text, before);
        out += before;
        if (before == size) return out;
        out = parei_str_put(out, with);
        text += before + needle.len;
        size -= before + needle.len;
    }
}

pare_status pare_str_replace_n(pare_str *s, const char *needle, size_t needle_size,
                               const char *text, size_t size) {
    pare_buf *b = &s->buf;
    const pare_slice old = {needle, needle_size}, with = {text, size};
    if (needle == NULL || needle_size == 0 || (text == NULL && size != 0) ||
        parei_escape_is_own(s, needle) || parei_escape_is_own(s, text)) {
        return parei_buf_fail(b, PARE_ERR_ARGUMENT, 0);
    }
    size_t len = b->len, more = 0;
    if (b->status != PARE_OK || len == 0) return b->status;
    if (size > needle_size) {
        more = parei_product(parei_str_count(b->ptr, len, old), size - needle_size);
        if (more == 0 || parei_buf_take(b, more, PAREI_STR_KEPT) == NULL) return b->status;
        memmove(b->ptr + more, b->ptr, len);
    }
    const char *end = parei_str_rewrite(b->ptr, b->ptr + more, len, old, with);
    pare_str_truncate(s, (size_t)(end - b->ptr));
    return PARE_OK;
}

/* --- appends: text ----------------------------------------------------------------------- */

pare_status parei_str_append_bytes(pare_str *s, const char *bytes, size_t size) {
    pare_buf *b = &s->buf;
    if (size >= b->cap - b->len || bytes == NULL) {
        return parei_buf_append_kept(b, bytes, size, PAREI_STR_KEPT);
    }
    memcpy(b->ptr + b->len, bytes, size);
    b->len += size;
    return PARE_OK;
}

pare_status parei_str_append_text(pare_str *s, const char *text) {
    if (text == NULL) return parei_buf_fail(&s->buf, PARE_ERR_ARGUMENT, 0);
    return parei_str_append_bytes(s, text, parei_str_length(text));
}

pare_status parei_str_append_byte(pare_str *s, char c) {
    char *tail = parei_buf_take(&s->buf, 1, PAREI_STR_KEPT);
    if (tail != NULL) *tail = c;
    return s->buf.status;
}

pare_status pare_str_append_fill(pare_str *s, char c, size_t count) {
    char *tail = count != 0 ? parei_buf_take(&s->buf, count, PAREI_STR_KEPT) : NULL;
    if (tail != NULL) memset(tail, (unsigned char)c, count);
    return s->buf.status;
}

pare_status pare_str_append_repeat(pare_str *s, const char *text, size_t size, size_t count) {
    size_t bytes = parei_product(size, count);
    parei_escape_room room = parei_escape_take(s, bytes, text, size);
    if (room.out == NULL) return s->buf.status;

    memcpy(room.out, room.text, size);
    for (size_t done = size; done < bytes; done *= 2) { /* <= PARE_SIZE_MAX: does not wrap */
        memcpy(room.out + done, room.out, parei_min_size(done, bytes - done));
    }
    return PARE_OK;
}

/* Parts are mostly short. Up to this many bytes are copied while their end is looked for, which
 * costs less than calling strlen and memcpy: 2.3 ns instead of 5 for a part of four bytes. */
#define PAREI_STR_PART_BYTES 16
#define PAREI_STR_SEPARATOR_BYTES 8

/* Copies a C string of less than PAREI_STR_PART_BYTES to `out`, which has as many, and returns its
 * end; NULL if it is longer. */
PAREI_INLINE char *parei_str_copy_part(char *out, const char *text) {
#define PAREI_STR_STEP(i)                                                                          \
    if ((out[i] = text[i]) == '\0') return out + (i);
#define PAREI_STR_STEPS(i)                                                                         \
    PAREI_STR_STEP(i) PAREI_STR_STEP(i + 1) PAREI_STR_STEP(i + 2) PAREI_STR_STEP(i + 3)
    PAREI_STR_STEPS(0)
    PAREI_STR_STEPS(4)
    PAREI_STR_STEPS(8)
    PAREI_STR_STEPS(12)
    return NULL;
#undef PAREI_STR_STEPS
#undef PAREI_STR_STEP
}

/* Appends parts, each after the separator, as long as both are short and surely fit. Returns how
 * many. */
static size_t parei_str_join_short(pare_buf *b, const char *const *parts, size_t count,
                                   const char *separator, size_t separator_bytes) {
    const size_t most = PAREI_STR_SEPARATOR_BYTES + PAREI_STR_PART_BYTES;
    char word[PAREI_STR_SEPARATOR_BYTES] = {0};
    size_t i = 0;
    if (separator_bytes > sizeof word || b->cap - b->len <= most) return 0;

    memcpy(word, separator, separator_bytes);
    char *out = b->ptr + b->len;
    const char *last = b->ptr + b->cap - most; /* out < last: fits, and the NUL's byte is kept */
    for (; i < count && out < last && parts[i] != NULL; i++) {
        memcpy(out, word, sizeof word);
        char *end = parei_str_copy_part(out + separator_bytes, parts[i]);
        if (end == NULL) break;
        out = end;
    }
    b->len = (size_t)(out - b->ptr);
    return i;
}

pare_status pare_str_append_join(pare_str *s, const char *const *parts, size_t count,
                                 const char *separator) {
    if (count == 0) return s->buf.status;
    if (parts == NULL || separator == NULL) return parei_buf_fail(&s->buf, PARE_ERR_ARGUMENT, 0);

    size_t separator_bytes = parei_str_length(separator);
    parei_str_append_text(s, parts[0]);
    for (size_t i = 1; i < count; i++) {
        i += parei_str_join_short(&s->buf, parts + i, count - i, separator, separator_bytes);
        if (i == count) break;
        parei_str_append_bytes(s, separator, separator_bytes);
        parei_str_append_text(s, parts[i]);
    }
    return s->buf.status;
}

/* The length of the whole; SIZE_MAX when it overflows, or where a part is none. */
static size_t parei_str_join_bytes(const pare_slice *parts, size_t count, pare_slice separator) {
    size_t bytes = parei_product(count - 1, separator.len);
    for (size_t i = 0; i < count; i++) {
        if (parts[i].ptr == NULL && parts[i].len != 0) return SIZE_MAX;
        bytes = parei_sum(bytes, parts[i].len);
    }
    return bytes;
}

pare_status pare_str_append_join_n(pare_str *s, const pare_slice *parts, size_t count,
                                   pare_slice separator) {
    if (count == 0) return s->buf.status;
    if (parts == NULL || (separator.ptr == NULL && separator.len != 0)) {
        return parei_buf_fail(&s->buf, PARE_ERR_ARGUMENT, 0);
    }
    size_t bytes = parei_str_join_bytes(parts, count, separator);
    char *out = bytes != 0 ? parei_buf_take(&s->buf, bytes, PAREI_STR_KEPT) : NULL;
    if (out == NULL) return s->buf.status;

    out = parei_str_put(out, parts[0]);
    for (size_t i = 1; i < count; i++) out = parei_str_put(parei_str_put(out, separator), parts[i]);
    return PARE_OK;
}

pare_status pare_str_pad(pare_str *s, size_t from, size_t width_min, char fill, pare_pad where) {
    pare_buf *b = &s->buf;
    size_t needed = pare_buf_needed(b); /* of what was refused, too: the field may not be there */
    if (from > needed) return parei_buf_fail(b, PARE_ERR_ARGUMENT, 0);
    size_t width = needed - from;
    if (width >= width_min) return b->status;

    size_t fill_bytes = width_min - width;
    if (parei_buf_take(b, fill_bytes, PAREI_STR_KEPT) == NULL) return b->status;
    size_t before = where == PARE_PAD_BEFORE ? fill_bytes : 0;
    if (where == PARE_PAD_AROUND) before = fill_bytes / 2;
    char *field = b->ptr + from;
    memmove(field + before, field, width);
    memset(field, (unsigned char)fill, before);
    memset(field + before + width, (unsigned char)fill, fill_bytes - before);
    return PARE_OK;
}

/* --- appends: numbers -------------------------------------------------------------------- */

/* Where the longest number may not fit: this one may, or may after growth. */
static PAREI_COLD pare_status parei_str_append_number(pare_str *s, uint64_t magnitude,
                                                      bool negative) {
    char text[1 + PAREI_DIGITS_MAX] = "-";
    const char *end = parei_digits(text + 1, magnitude);
    const char *start = negative ? text : text + 1;
    return parei_buf_append_kept(&s->buf, start, (size_t)(end - start), PAREI_STR_KEPT);
}

pare_status pare_str_append_uint(pare_str *s, uint64_t value) {
    pare_buf *b = &s->buf;
    if (!PAREI_LIKELY(PAREI_DIGITS_MAX < b->cap - b->len)) {
        return parei_str_append_number(s, value, false);
    }
    b->len = (size_t)(parei_digits(b->ptr + b->len, value) - b->ptr);
    return PARE_OK;
}

pare_status pare_str_append_int(pare_str *s, int64_t value) {
    pare_buf *b = &s->buf;
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    if (!PAREI_LIKELY(PAREI_DIGITS_MAX < b->cap - b->len)) {
        return parei_str_append_number(s, magnitude, value < 0);
    }
    char *out = b->ptr + b->len;
    *out = '-'; /* without a branch: signs are hard to predict */
    b->len = (size_t)(parei_digits(out + (value < 0), magnitude) - b->ptr);
    return PARE_OK;
}

/* Base 2 writes one digit for each bit. */
#define PAREI_STR_BASE_DIGITS 64

static pare_status parei_str_append_in_base(pare_str *s, uint64_t magnitude, bool negative,
                                            unsigned base, size_t width_min, char fill) {
    char digits[PAREI_STR_BASE_DIGITS];
    size_t at = sizeof digits;
    if (base < 2 || base > 36) return parei_buf_fail(&s->buf, PARE_ERR_ARGUMENT, 0);
    do {
        digits[--at] = "0123456789abcdefghijklmnopqrstuvwxyz"[magnitude % base];
        magnitude /= base;
    } while (magnitude != 0);

    size_t digit_count = sizeof digits - at;
    size_t size = digit_count + negative;
    size_t fill_bytes = width_min > size ? width_min - size : 0;
    char *out = parei_buf_take(&s->buf, size + fill_bytes, PAREI_STR_KEPT);
    if (out == NULL) return s->buf.status;
    memset(out, (unsigned char)fill, size + fill_bytes);
    if (negative) out[fill == '0' ? 0 : fill_bytes] = '-';
    memcpy(out + negative + fill_bytes, digits + at, digit_count);
    return PARE_OK;
}

pare_status pare_str_append_uint_base(pare_str *s, uint64_t value, unsigned base, size_t width_min,
                                      char fill) {
    return parei_str_append_in_base(s, value, false, base, width_min, fill);
}

pare_status pare_str_append_int_base(pare_str *s, int64_t value, unsigned base, size_t width_min,
                                     char fill) {
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    return parei_str_append_in_base(s, magnitude, value < 0, base, width_min, fill);
}

pare_status pare_str_append_bool(pare_str *s, int value) {
    return parei_str_append_bytes(s, value ? "true" : "false", value ? 4 : 5);
}

pare_status pare_str_append_pointer(pare_str *s, const void *ptr) {
    char text[2 + sizeof ptr * 2] = "0x";
    size_t size = 2;
    unsigned shift = sizeof ptr * 8 - 4;
    while (shift != 0 && (uintptr_t)ptr >> shift == 0) shift -= 4;
    for (unsigned left = shift / 4 + 1; left-- > 0;) {
        text[size++] = "0123456789abcdef"[(uintptr_t)ptr >> left * 4 & 15];
    }
    return parei_str_append_bytes(s, text, size);
}

/* --- appends: doubles -------------------------------------------------------------------- */

_Static_assert(PARE_STR_DECIMALS_MAX == PAREI_DECIMAL_DECIMALS_MAX, "both name the same limit");

/* Where a number is written that is short enough: behind the text, or where that has no room
 * certain, to `array`. */
PAREI_INLINE char *parei_str_place(const pare_str *s, char *array) {
    return PAREI_DECIMAL_ROOM < s->buf.cap - s->buf.len ? s->buf.ptr + s->buf.len : array;
}

/* Makes [out, end) part of the text. */
PAREI_INLINE pare_status parei_str_take(pare_str *s, const char *array, const char *out,
                                        const char *end) {
    size_t size = (size_t)(end - out);
    if (!PAREI_LIKELY(out != array)) return parei_str_append_bytes(s, out, size);
    s->buf.len += size;
    return PARE_OK;
}

pare_status pare_str_append_double(pare_str *s, double value) {
    char array[PAREI_DECIMAL_ROOM], *out = parei_str_place(s, array);
    char *end = parei_decimal_shortest(out, parei_decimal_of_double(value), 0);
    return parei_str_take(s, array, out, end);
}

pare_status pare_str_append_float(pare_str *s, float value) {
    char array[PAREI_DECIMAL_ROOM], *out = parei_str_place(s, array);
    char *end = parei_decimal_shortest(out, parei_decimal_of_float(value), 8);
    return parei_str_take(s, array, out, end);
}

static PAREI_COLD pare_status parei_str_append_exact(pare_str *s, double value, unsigned decimals,
                                                     bool scientific) {
    char text[PAREI_DECIMAL_EXACT_ROOM];
    char *end = scientific ? parei_decimal_exact_scientific(text, value, decimals)
                           : parei_decimal_exact_fixed(text, value, decimals);
    return parei_str_append_bytes(s, text, (size_t)(end - text));
}

pare_status pare_str_append_double_fixed(pare_str *s, double value, unsigned decimals) {
    char array[PAREI_DECIMAL_ROOM], *out = parei_str_place(s, array);
    if (decimals > PARE_STR_DECIMALS_MAX) return parei_buf_fail(&s->buf, PARE_ERR_ARGUMENT, 0);
    char *end = parei_decimal_fixed(out, parei_decimal_of_double(value), decimals);
    if (!PAREI_LIKELY(end != NULL)) return parei_str_append_exact(s, value, decimals, false);
    return parei_str_take(s, array, out, end);
}

pare_status pare_str_append_double_scientific(pare_str *s, double value, unsigned decimals) {
    char array[PAREI_DECIMAL_ROOM], *out = parei_str_place(s, array);
    if (decimals > PARE_STR_DECIMALS_MAX) return parei_buf_fail(&s->buf, PARE_ERR_ARGUMENT, 0);
    char *end = parei_decimal_scientific(out, parei_decimal_of_double(value), decimals);
    if (!PAREI_LIKELY(end != NULL)) return parei_str_append_exact(s, value, decimals, true);
    return parei_str_take(s, array, out, end);
}

/* --- appends: printf --------------------------------------------------------------------- */

#ifndef PARE_NO_LIBC

/* vsnprintf, which leaves errno and `arguments` as they were. */
static int parei_str_format(char *out, size_t room, const char *format, va_list arguments) {
    va_list copy;
    int errno_before = errno;
    va_copy(copy, arguments);
    int size = vsnprintf(out, room, format, copy);
    va_end(copy);
    errno = errno_before;
    return size;
}

pare_status pare_str_append_vprintf(pare_str *s, const char *format, va_list arguments) {
    pare_buf *b = &s->buf;
    if (format == NULL) return parei_buf_fail(b, PARE_ERR_ARGUMENT, 0);

    for (bool again = false;; again = true) {
        /* The answer is an int, and some C libraries refuse more room than that. */
        size_t room = parei_min_size(parei_buf_borrow_tail(b), INT_MAX);
        int answer = parei_str_format(room != 0 ? b->ptr + b->len : NULL, room, format, arguments);
        size_t size = answer > 0 ? (size_t)answer : 0;
        bool fits = answer >= 0 && size < room;
        parei_buf_commit(b, fits ? size : 0);
        if (fits) return PARE_OK;
        if (answer < 0 || again) return parei_buf_fail(b, PARE_ERR_FORMAT, 0);

        pare_status status = parei_buf_room(b, size, PAREI_STR_KEPT, false);
        if (status != PARE_OK) return parei_buf_fail(b, status, size);
    }
}

pare_status pare_str_append_printf(pare_str *s, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    pare_status status = pare_str_append_vprintf(s, format, arguments);
    va_end(arguments);
    return status;
}

#endif /* PARE_NO_LIBC */

/* --- queries ----------------------------------------------------------------------------- */

/* The kept byte is there even when the window is closed, unless there is no block at all. */
const char *parei_str_terminate(pare_str *s) {
    pare_buf *b = &s->buf;
    if (b->block_bytes == 0) return "";
    parei_mark_undefined(b->ptr + b->len, 1);
    b->ptr[b->len] = '\0';
    return b->ptr;
}

size_t pare_str_capacity(const pare_str *s) {
    size_t bytes = pare_buf_capacity(&s->buf);
    return s->buf.block_bytes == 0 ? 0 : parei_max_size(s->buf.len, bytes - PAREI_STR_KEPT);
}

size_t pare_str_limit(const pare_str *s) {
    return parei_max_size(pare_buf_limit(&s->buf), PAREI_STR_KEPT) - PAREI_STR_KEPT;
}
