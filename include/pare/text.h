/* pare/text.h - formats and escapes beyond str's own, appended to a pare_str, and a JSON writer.
 *
 * Errors   All appends are str's in this: the status is sticky and returned, what is refused only
 *          counts, and one is there whole or not at all. What is appended may be made from text
 *          that lies in the builder itself. NULL with size 0 is empty; NULL with a size is
 *          PARE_ERR_ARGUMENT, as is any value that has no such form.
 * Memory   The builder's; nothing here allocates otherwise, or asks the locale.
 * Threads  As the builder: one owner at a time.
 * Parts    The single header leaves this module out unless it is asked for by name.
 * SPDX-License-Identifier: MIT */
#ifndef PARE_TEXT_H
#define PARE_TEXT_H
#include "pare/str.h"
PARE_BEGIN_DECLS

/* --- bytes as text ----------------------------------------------------------------------- */

/* Two lower-case hexadecimal digits for each byte. */
PARE_API pare_status pare_text_append_hex(pare_str *s, const void *bytes, size_t size);

/* Lines of 16 bytes: the offset, beginning with `offset`, the bytes in hexadecimal, and as ASCII
 * with '.' for the others; then a line with the end's offset; nothing for no bytes. All offsets
 * have the width of the last, 8 digits at least. As hexdump -Cv. */
PARE_API pare_status pare_text_append_hex_dump(pare_str *s, const void *bytes, size_t size,
                                               uint64_t offset);

/* Base64, padded with '='; and its alphabet for URLs and file names, without padding. Source: RFC
 * 4648, sections 4 and 5. */
PARE_API pare_status pare_text_append_base64(pare_str *s, const void *bytes, size_t size);
PARE_API pare_status pare_text_append_base64url(pare_str *s, const void *bytes, size_t size);

/* Appends the bytes that the above make this text from. PARE_ERR_ARGUMENT, with nothing appended,
 * for all other text: a foreign character, white space, padding too many or too few, or bits set
 * that belong to no byte. */
PARE_API pare_status pare_text_decode_base64(pare_str *s, const char *text, size_t size);
PARE_API pare_status pare_text_decode_base64url(pare_str *s, const char *text, size_t size);

/* --- quantities -------------------------------------------------------------------------- */

/* A time in UTC, such as 2024-05-17T08:30:00.250Z: seconds and nanoseconds after 1970 began, with
 * `decimals` digits of the second, the rest cut off. In the Gregorian calendar, whatever the year
 * was ruled by. PARE_ERR_ARGUMENT for years outside 0000 to 9999, more than 999999999 nanoseconds,
 * more than 9 decimals. Source: RFC 3339. */
PARE_API pare_status pare_text_append_time(pare_str *s, int64_t seconds, uint32_t nanoseconds,
                                           unsigned decimals);

/* A size in bytes: "1023 B", "1.0 KiB", up to "16.0 EiB"; the unit is the largest that leaves a
 * number of at least 1, rounded to one decimal, halves up; what would be 1024.0 is 1.0 of the next
 * unit. */
PARE_API pare_status pare_text_append_size(pare_str *s, uint64_t bytes);

/* --- escapes ----------------------------------------------------------------------------- */

/* One field of a CSV record: as it is, or, where it holds a comma, quote, CR or LF, in quotes, with
 * those inside doubled. Commas between fields and CRLF behind records are the caller's. Source: RFC
 * 4180. */
PARE_API pare_status pare_text_append_csv(pare_str *s, const char *text, size_t size);

/* Text for XML 1.0, in an element or in a quoted attribute: & < > " ' and tab, LF and CR, which
 * parsers would change, become references. What XML does not allow, other control characters,
 * U+FFFE, U+FFFF and what is not UTF-8, becomes U+FFFD. */
PARE_API pare_status pare_text_append_xml(pare_str *s, const char *text, size_t size);

/* A string literal of C, in quotes, of ASCII only: other bytes are \ and three octal digits, so
 * that what follows is never part of them; ? is \?, so that there are no trigraphs. */
PARE_API pare_status pare_text_append_c(pare_str *s, const char *text, size_t size);

/* One word for a POSIX shell: as it is if it has no byte that means anything to it, else in single
 * quotes. A NUL has no form: PARE_ERR_ARGUMENT. */
PARE_API pare_status pare_text_append_shell(pare_str *s, const char *text, size_t size);

/* --- UTF-8 ------------------------------------------------------------------------------- */

/* One code point. PARE_ERR_ARGUMENT for surrogates and beyond U+10FFFF. */
PARE_API pare_status pare_text_append_code_point(pare_str *s, uint32_t code_point);

/* How many bytes at the start of text[0, size) are UTF-8: `size` if all are. */
PARE_API size_t pare_text_valid_utf8(const char *text, size_t size);

/* --- JSON -------------------------------------------------------------------------------- */

/* How deep objects and arrays may lie in one another. */
#define PARE_JSON_DEPTH_MAX 512

/* Writes one JSON value to the end of a builder, with its commas and colons. The fields are
 * private. Calls in an order that makes no JSON are misuse, and refused with PARE_ERR_ARGUMENT: a
 * value in an object without a key before it, a key elsewhere or behind another, an end that does
 * not match, a second value at the top. Keys are not compared with each other. What the builder
 * refuses is its sticky status, as ever; order is watched all the same. */
typedef struct pare_json {
    pare_str *out;
    size_t depth;                               /* objects and arrays that are open */
    uint64_t objects[PARE_JSON_DEPTH_MAX / 64]; /* a bit for each: is it an object? */
    int has_value;                              /* in the innermost one */
    int has_key;                                /* a key waits for its value */
} pare_json;

/* Readies `j` to write a value behind what is in `out`. Lifetime: `out` outlives `j`. */
PARE_API void pare_json_init(pare_json *j, pare_str *out);

/* Begins and ends an object or an array. Deeper than PARE_JSON_DEPTH_MAX is PARE_ERR_LIMIT, which
 * is sticky. */
PARE_API pare_status pare_json_begin_object(pare_json *j);
PARE_API pare_status pare_json_end_object(pare_json *j);
PARE_API pare_status pare_json_begin_array(pare_json *j);
PARE_API pare_status pare_json_end_array(pare_json *j);

/* A key, escaped as by pare_str_append_json. */
PARE_API pare_status pare_json_key_n(pare_json *j, const char *key, size_t size);
PAREI_INLINE pare_status pare_json_key(pare_json *j, const char *key) {
    return pare_json_key_n(j, key, parei_str_length_or_one(key));
}

/* A value. A double is the shortest text that reads back as it; nan and inf have no form in JSON:
 * PARE_ERR_ARGUMENT, which is sticky. */
PARE_API pare_status pare_json_string_n(pare_json *j, const char *text, size_t size);
PAREI_INLINE pare_status pare_json_string(pare_json *j, const char *text) {
    return pare_json_string_n(j, text, parei_str_length_or_one(text));
}
PARE_API pare_status pare_json_int(pare_json *j, int64_t value);
PARE_API pare_status pare_json_uint(pare_json *j, uint64_t value);
PARE_API pare_status pare_json_double(pare_json *j, double value);
PARE_API pare_status pare_json_bool(pare_json *j, int value);
PARE_API pare_status pare_json_null(pare_json *j);

/* A value that is JSON already. It is not looked at. */
PARE_API pare_status pare_json_raw(pare_json *j, const char *json, size_t size);

/* The builder's status. Requires that the value is complete: an open object or array, or no value
 * at all, is misuse. */
PARE_API pare_status pare_json_finish(pare_json *j);

PARE_END_DECLS
#endif
