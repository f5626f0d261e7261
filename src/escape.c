/* escape.c - JSON, HTML and URLs: the contract is in pare/str.h.
 *
 * Each is a run of plain bytes, and what stands for any other; the rest is internal/escape.h's.
 * SPDX-License-Identifier: MIT */
#include "internal/escape.h"
#include "internal/bits.h"

/* --- room -------------------------------------------------------------------------------- */

bool parei_escape_is_own(const pare_str *s, const void *ptr) {
    return (uintptr_t)ptr - (uintptr_t)s->buf.ptr < s->buf.block_bytes;
}

bool parei_escape_is_bad(const pare_str *s, const char *text, size_t size) {
    if (text == NULL || size > PARE_SIZE_MAX) return size != 0;
    if (!parei_escape_is_own(s, text)) return false;
    size_t offset = (size_t)(text - s->buf.ptr);
    return offset > s->buf.len || size > s->buf.len - offset;
}

parei_escape_room parei_escape_take(pare_str *s, size_t bytes, const char *text, size_t size) {
    pare_buf *b = &s->buf;
    bool own = parei_escape_is_own(s, text);
    size_t offset = own ? (size_t)(text - b->ptr) : 0;
    if (parei_escape_is_bad(s, text, size)) {
        parei_buf_fail(b, PARE_ERR_ARGUMENT, size);
        return (parei_escape_room){NULL, text};
    }
    char *out = bytes != 0 ? parei_buf_take(b, bytes, PAREI_STR_KEPT) : NULL;
    return (parei_escape_room){out, own ? b->ptr + offset : text != NULL ? text : ""};
}

typedef pare_status parei_escape_append_fn(pare_str *s, const char *text, size_t size, size_t run);

/* Where the first `run` bytes, which are plain, stand in the window already. */
PAREI_INLINE pare_status parei_escape_append_other(parei_escape way, pare_str *s, const char *text,
                                                   size_t size, size_t run) {
    if (text == NULL || !parei_escape_fits(s, size)) {
        return parei_escape_append_exact(way, s, text, size);
    }
    char *out = s->buf.ptr + s->buf.len;
    if (way.quote != 0) *out++ = way.quote;
    return parei_escape_end(way, s, parei_escape_write(way, out + run, text + run, size - run));
}

/* The whole of an append. `other` is the above, out of line, so that no call is made where the
 * window has room and the text is plain. */
PAREI_INLINE pare_status parei_escape_append(parei_escape way, parei_escape_append_fn *other,
                                             pare_str *s, const char *text, size_t size) {
    size_t window = s->buf.cap - s->buf.len;
    size_t run = 0, quotes = way.quote != 0 ? 2 : 0;
    if (PAREI_LIKELY(window > quotes && size < window - quotes && text != NULL)) {
        char *out = s->buf.ptr + s->buf.len;
        if (way.quote != 0) *out++ = way.quote;
        run = way.run(out, text, size);
        if (run == size) return parei_escape_end(way, s, out + run);
    }
    return other(s, text, size, run);
}

/* pare_str_append_<name>_n, which escapes that way. */
#define PAREI_ESCAPE_DEFINE(name, way)                                                             \
    static PAREI_NOINLINE pare_status parei_escape_##name##_other(pare_str *s, const char *text,   \
                                                                  size_t size, size_t run) {       \
        return parei_escape_append_other(way, s, text, size, run);                                 \
    }                                                                                              \
    pare_status pare_str_append_##name##_n(pare_str *s, const char *text, size_t size) {           \
        return parei_escape_append(way, parei_escape_##name##_other, s, text, size);               \
    }

/* --- JSON -------------------------------------------------------------------------------- */

PAREI_INLINE size_t parei_escape_json_run(char *out, const char *text, size_t size) {
    return parei_plain_run(out, text, size, (parei_plain_set){true, {'"', '\\', '"', '"', '"'}});
}

static parei_escaped parei_escape_json_one(char *out, const char *text, size_t size) {
    unsigned char c = (unsigned char)*text;
    if (c >= 0x80) return parei_escape_utf8(out, text, size);
    switch (c) {
    case '"': return PAREI_ESCAPED(out, "\\\"");
    case '\\': return PAREI_ESCAPED(out, "\\\\");
    case '\b': return PAREI_ESCAPED(out, "\\b");
    case '\t': return PAREI_ESCAPED(out, "\\t");
    case '\n': return PAREI_ESCAPED(out, "\\n");
    case '\f': return PAREI_ESCAPED(out, "\\f");
    case '\r': return PAREI_ESCAPED(out, "\\r");
    default: break;
    }
    memcpy(out, "\\u00", 4);
    out[4] = (char)('0' + (c >> 4));
    out[5] = "0123456789abcdef"[c & 15];
    return (parei_escaped){1, 6};
}

static const parei_escape parei_escape_json = {parei_escape_json_run, parei_escape_json_one, '"'};

PAREI_ESCAPE_DEFINE(json, parei_escape_json)

/* --- HTML -------------------------------------------------------------------------------- */

PAREI_INLINE size_t parei_escape_html_run(char *out, const char *text, size_t size) {
    return parei_plain_run(out, text, size, (parei_plain_set){false, {'&', '<', '>', '"', '\''}});
}

static parei_escaped parei_escape_html_one(char *out, const char *text, size_t size) {
    (void)size;
    switch (*text) {
    case '&': return PAREI_ESCAPED(out, "&amp;");
    case '<': return PAREI_ESCAPED(out, "&lt;");
    case '>': return PAREI_ESCAPED(out, "&gt;");
    case '"': return PAREI_ESCAPED(out, "&quot;");
    default: return PAREI_ESCAPED(out, "&#39;"); /* HTML 4 does not know &apos; */
    }
}

static const parei_escape parei_escape_html = {parei_escape_html_run, parei_escape_html_one, 0};

PAREI_ESCAPE_DEFINE(html, parei_escape_html)

/* --- URLs -------------------------------------------------------------------------------- */

/* One bit for each unreserved byte. */
static const uint32_t parei_escape_unreserved[8] = {
    0, 0x03ff6000, /* - . 0-9 */
    0x87fffffe,    /* A-Z _ */
    0x47fffffe,    /* a-z ~ */
};

PAREI_INLINE size_t parei_escape_url_run(char *out, const char *text, size_t size) {
    size_t at = 0;
    for (; at < size; at++) {
        unsigned char c = (unsigned char)text[at];
        if ((parei_escape_unreserved[c >> 5] >> (c & 31) & 1) == 0) break;
        if (out != NULL) out[at] = (char)c;
    }
    return at;
}

static parei_escaped parei_escape_url_one(char *out, const char *text, size_t size) {
    unsigned char c = (unsigned char)*text;
    (void)size;
    out[0] = '%';
    out[1] = "0123456789ABCDEF"[c >> 4];
    out[2] = "0123456789ABCDEF"[c & 15];
    return (parei_escaped){1, 3};
}

static const parei_escape parei_escape_url = {parei_escape_url_run, parei_escape_url_one, 0};

PAREI_ESCAPE_DEFINE(url, parei_escape_url)
