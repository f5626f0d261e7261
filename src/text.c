/* text.c - the contract is in pare/text.h; escapes are ways of internal/escape.h.
 *
 * Whatever the format, the size of the result is found first, so that one request is made for it
 * and a refusal leaves nothing half written; or it is short, and composed in a small array.
 * SPDX-License-Identifier: MIT */
#include "pare/text.h"
#include "internal/bits.h"
#include "internal/check.h"
#include "internal/digits.h"
#include "internal/escape.h"

static pare_status parei_text_refuse(pare_str *s, size_t size) {
    return parei_buf_fail(&s->buf, PARE_ERR_ARGUMENT, size);
}

/* --- bytes as text ----------------------------------------------------------------------- */

static const char parei_text_hex_digits[] = "0123456789abcdef";

static char *parei_text_hex_byte(char *out, unsigned char byte) {
    out[0] = parei_text_hex_digits[byte >> 4];
    out[1] = parei_text_hex_digits[byte & 15];
    return out + 2;
}

pare_status pare_text_append_hex(pare_str *s, const void *bytes, size_t size) {
    parei_escape_room room = parei_escape_take(s, parei_product(size, 2), bytes, size);
    if (room.out == NULL) return pare_str_status(s);
    for (size_t i = 0; i < size; i++) {
        room.out = parei_text_hex_byte(room.out, (unsigned char)room.text[i]);
    }
    return PARE_OK;
}

/* A line of a dump is the offset, what this counts, and the bytes as ASCII. */
#define PAREI_TEXT_DUMP_BYTES 16
#define PAREI_TEXT_DUMP_EXTRA                                                                      \
    (2 + 3 * PAREI_TEXT_DUMP_BYTES + 2 + 3) /* "  ", "00 "s, "  ", "||\n" */

static char *parei_text_dump_offset(char *out, uint64_t offset, unsigned width) {
    for (unsigned i = width; i > 0; i--, offset >>= 4)
        out[i - 1] = parei_text_hex_digits[offset & 15];
    return out + width;
}

static unsigned parei_text_dump_width(uint64_t end) {
    unsigned width = 8;
    while (width < 16 && end >> 4 * width != 0) width++;
    return width;
}

/* `count` bytes of a line, 1 to 16, behind its offset. Returns the end. */
static char *parei_text_dump_line(char *out, const char *text, size_t count) {
    char *ascii = out + PAREI_TEXT_DUMP_EXTRA - 2;
    memset(out, ' ', (size_t)(ascii - out));
    out += 2;
    ascii[-1] = '|';
    for (size_t i = 0; i < count; i++) {
        unsigned char byte = (unsigned char)text[i];
        out = parei_text_hex_byte(out + (i == PAREI_TEXT_DUMP_BYTES / 2), byte) + 1;
        *ascii++ = byte < 0x20 || byte > 0x7e ? '.' : (char)byte;
    }
    memcpy(ascii, "|\n", 2);
    return ascii + 2;
}

pare_status pare_text_append_hex_dump(pare_str *s, const void *bytes, size_t size,
                                      uint64_t offset) {
    if (size == 0 || size > UINT64_MAX - offset) {
        return size == 0 ? pare_str_status(s) : parei_text_refuse(s, size);
    }
    unsigned width = parei_text_dump_width(offset + size);
    size_t lines = size / PAREI_TEXT_DUMP_BYTES + (size % PAREI_TEXT_DUMP_BYTES != 0);
    size_t total = parei_sum(parei_product(lines, width + PAREI_TEXT_DUMP_EXTRA), size);
    parei_escape_room room = parei_escape_take(s, parei_sum(total, width + 1), bytes, size);
    if (room.out == NULL) return pare_str_status(s);

    for (size_t at = 0; at < size; at += PAREI_TEXT_DUMP_BYTES) {
        size_t count = parei_min_size(size - at, PAREI_TEXT_DUMP_BYTES);
        room.out = parei_text_dump_offset(room.out, offset + at, width);
        room.out = parei_text_dump_line(room.out, room.text + at, count);
    }
    *parei_text_dump_offset(room.out, offset + size, width) = '\n';
    return PARE_OK;
}

/* --- base64 ------------------------------------------------------------------------------ */

typedef struct parei_text_base64 {
    char last[2]; /* the digits 62 and 63 */
    bool padded;
} parei_text_base64;

static const parei_text_base64 parei_text_base64_plain = {{'+', '/'}, true};
static const parei_text_base64 parei_text_base64_url = {{'-', '_'}, false};

static char parei_text_base64_digit(parei_text_base64 form, uint32_t value) {
    value &= 63;
    if (value >= 62) return form.last[value - 62];
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"[value];
}

/* Four digits of 24 bits, of which the first `count` are written. */
static char *parei_text_base64_group(char *out, parei_text_base64 form, uint32_t bits,
                                     size_t count) {
    for (size_t i = 0; i < count; i++) *out++ = parei_text_base64_digit(form, bits >> (18 - 6 * i));
    for (size_t i = count; form.padded && i < 4; i++) *out++ = '=';
    return out;
}

static pare_status parei_text_encode(pare_str *s, const void *bytes, size_t size,
                                     parei_text_base64 form) {
    size_t rest = size % 3, tail = rest == 0 ? 0 : form.padded ? 4 : rest + 1;
    size_t total = parei_sum(parei_product(size / 3, 4), tail);
    parei_escape_room room = parei_escape_take(s, total, bytes, size);
    if (room.out == NULL) return pare_str_status(s);

    const unsigned char *in = (const unsigned char *)room.text, *end = in + (size - rest);
    for (; in != end; in += 3) {
        uint32_t bits = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
        room.out = parei_text_base64_group(room.out, form, bits, 4);
    }
    if (rest == 0) return PARE_OK;
    uint32_t bits = (uint32_t)in[0] << 16 | (rest == 2 ? (uint32_t)in[1] << 8 : 0);
    parei_text_base64_group(room.out, form, bits, rest + 1);
    return PARE_OK;
}

pare_status pare_text_append_base64(pare_str *s, const void *bytes, size_t size) {
    return parei_text_encode(s, bytes, size, parei_text_base64_plain);
}

pare_status pare_text_append_base64url(pare_str *s, const void *bytes, size_t size) {
    return parei_text_encode(s, bytes, size, parei_text_base64_url);
}

/* What a digit stands for; 64 if it is none. */
static uint32_t parei_text_base64_value(parei_text_base64 form, char digit) {
    if (digit >= 'A' && digit <= 'Z') return (uint32_t)(digit - 'A');
    if (digit >= 'a' && digit <= 'z') return (uint32_t)(digit - 'a') + 26;
    if (digit >= '0' && digit <= '9') return (uint32_t)(digit - '0') + 52;
    return digit == form.last[0] ? 62 : digit == form.last[1] ? 63 : 64;
}

/* The digits of text[0, size), without its padding; SIZE_MAX where it is no base64. */
static size_t parei_text_base64_digits(const char *text, size_t size, parei_text_base64 form) {
    size_t count = size;
    if (form.padded) {
        if (size % 4 != 0) return SIZE_MAX;
        while (count != 0 && size - count < 2 && text[count - 1] == '=') count--;
    }
    if (count % 4 == 1) return SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        if (parei_text_base64_value(form, text[i]) == 64) return SIZE_MAX;
    }
    /* Two digits hold a byte and 4 bits more, three hold two bytes and 2 bits more. */
    uint32_t unused = count % 4 == 2 ? 15 : count % 4 == 3 ? 3 : 0;
    if (unused != 0 && (parei_text_base64_value(form, text[count - 1]) & unused) != 0) {
        return SIZE_MAX;
    }
    return count;
}

static pare_status parei_text_decode(pare_str *s, const char *text, size_t size,
                                     parei_text_base64 form) {
    if (parei_escape_is_bad(s, text, size)) return parei_text_refuse(s, 0);
    size_t count = parei_text_base64_digits(text, size, form);
    if (count == SIZE_MAX) return parei_text_refuse(s, 0);
    size_t rest = count % 4, total = count / 4 * 3 + (rest != 0 ? rest - 1 : 0);
    parei_escape_room room = parei_escape_take(s, total, text, size);
    if (room.out == NULL) return pare_str_status(s);

    uint32_t bits = 0;
    for (size_t i = 0; i < count; i++) {
        bits = bits << 6 | parei_text_base64_value(form, room.text[i]);
        if (i % 4 != 0) *room.out++ = (char)(unsigned char)(bits >> (6 - 2 * (i % 4)));
    }
    return PARE_OK;
}

pare_status pare_text_decode_base64(pare_str *s, const char *text, size_t size) {
    return parei_text_decode(s, text, size, parei_text_base64_plain);
}

pare_status pare_text_decode_base64url(pare_str *s, const char *text, size_t size) {
    return parei_text_decode(s, text, size, parei_text_base64_url);
}

/* --- quantities -------------------------------------------------------------------------- */

/* Seconds from the year 0000 to 1970 and to 10000. */
#define PAREI_TEXT_TO_1970 62167219200
#define PAREI_TEXT_TO_10000 315569520000
#define PAREI_TEXT_DAY_SECONDS 86400

/* The calendar repeats after 400 years. Within them, days are counted from 1 March, so that leap
 * days are the last of their years. */
#define PAREI_TEXT_ERA_DAYS 146097
#define PAREI_TEXT_TO_MARCH 60 /* days from 1 January of the year 0, a leap year */

typedef struct parei_text_date {
    uint32_t year, month, day;
} parei_text_date;

/* The date `days` after 1 January of the year 0. Source: Howard Hinnant, "chrono-Compatible
 * Low-Level Date Algorithms", civil_from_days; its months of 153 days in five are Zeller's. */
static parei_text_date parei_text_date_of(uint32_t days) {
    uint32_t since_march = days + PAREI_TEXT_ERA_DAYS - PAREI_TEXT_TO_MARCH; /* of the year -400 */
    uint32_t era = since_march / PAREI_TEXT_ERA_DAYS;
    uint32_t day = since_march % PAREI_TEXT_ERA_DAYS;
    uint32_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    day -= 365 * year + year / 4 - year / 100;
    uint32_t month = (5 * day + 2) / 153; /* 0 is March */
    day -= (153 * month + 2) / 5;
    year = era * 400 + year - 400 + (month >= 10);
    return (parei_text_date){year, month < 10 ? month + 3 : month - 9, day + 1};
}

/* Writes the last `count` decimal digits of `value`, and a byte behind them. */
static char *parei_text_digits(char *out, uint32_t value, unsigned count, char behind) {
    for (unsigned i = count; i > 0; i--, value /= 10) out[i - 1] = (char)('0' + value % 10);
    out[count] = behind;
    return out + count + 1;
}

pare_status pare_text_append_time(pare_str *s, int64_t seconds, uint32_t nanoseconds,
                                  unsigned decimals) {
    char text[sizeof "9999-12-31T23:59:59.999999999Z"], *out = text;
    if (seconds < -PAREI_TEXT_TO_1970 || seconds >= PAREI_TEXT_TO_10000 - PAREI_TEXT_TO_1970 ||
        nanoseconds > 999999999 || decimals > 9) {
        return parei_text_refuse(s, 0);
    }
    uint64_t since = (uint64_t)(seconds + PAREI_TEXT_TO_1970);
    parei_text_date date = parei_text_date_of((uint32_t)(since / PAREI_TEXT_DAY_SECONDS));
    uint32_t second = (uint32_t)(since % PAREI_TEXT_DAY_SECONDS);
    out = parei_text_digits(out, date.year, 4, '-');
    out = parei_text_digits(out, date.month, 2, '-');
    out = parei_text_digits(out, date.day, 2, 'T');
    out = parei_text_digits(out, second / 3600, 2, ':');
    out = parei_text_digits(out, second / 60 % 60, 2, ':');
    out = parei_text_digits(out, second % 60, 2, decimals != 0 ? '.' : 'Z');
    for (unsigned i = decimals; i < 9; i++) nanoseconds /= 10;
    if (decimals != 0) out = parei_text_digits(out, nanoseconds, decimals, 'Z');
    return pare_str_append_n(s, text, (size_t)(out - text));
}

pare_status pare_text_append_size(pare_str *s, uint64_t bytes) {
    char text[sizeof "1023.9 KiB" + PAREI_DIGITS_MAX], *out = text;
    unsigned unit = 0;
    while (unit < 6 && bytes >> 10 * (unit + 1) != 0) unit++;
    if (unit == 0) {
        out = parei_digits(out, bytes);
        memcpy(out, " B", 2);
        return pare_str_append_n(s, text, (size_t)(out + 2 - text));
    }

    unsigned shift = 10 * unit;
    uint64_t whole = bytes >> shift, part = bytes - (whole << shift); /* part * 10 < 2^64 */
    uint64_t tenths = 10 * whole + ((10 * part + ((uint64_t)1 << (shift - 1))) >> shift);
    if (tenths == 10240) { /* 16 EiB are 160 at most */
        tenths = 10;
        unit++;
    }
    out = parei_digits(out, tenths / 10);
    *out++ = '.';
    *out++ = (char)('0' + tenths % 10);
    memcpy(out, " KiB", 4);
    out[1] = " KMGTPE"[unit];
    return pare_str_append_n(s, text, (size_t)(out + 4 - text));
}

/* --- CSV --------------------------------------------------------------------------------- */

PAREI_INLINE size_t parei_text_csv_run(char *out, const char *text, size_t size) {
    return parei_plain_run(out, text, size, (parei_plain_set){false, {'"', '"', '"', '"', '"'}});
}

static parei_escaped parei_text_csv_one(char *out, const char *text, size_t size) {
    (void)text, (void)size;
    return PAREI_ESCAPED(out, "\"\"");
}

static const parei_escape parei_text_csv = {parei_text_csv_run, parei_text_csv_one, '"'};

/* Whether text[0, size) has none of the bytes of `set`. */
static bool parei_text_is_plain(const char *text, size_t size, parei_plain_set set) {
    return size == 0 || parei_plain_run(NULL, text, size, set) == size;
}

pare_status pare_text_append_csv(pare_str *s, const char *text, size_t size) {
    const parei_plain_set special = {false, {'"', ',', '\r', '\n', '"'}};
    if (parei_escape_is_bad(s, text, size)) return parei_text_refuse(s, size);
    if (parei_text_is_plain(text, size, special)) return pare_str_append_n(s, text, size);
    return parei_escape_append_exact(parei_text_csv, s, text, size);
}

/* --- XML --------------------------------------------------------------------------------- */

PAREI_INLINE size_t parei_text_xml_run(char *out, const char *text, size_t size) {
    return parei_plain_run(out, text, size, (parei_plain_set){true, {'&', '<', '>', '"', '\''}});
}

static parei_escaped parei_text_xml_one(char *out, const char *text, size_t size) {
    switch (*text) {
    case '&': return PAREI_ESCAPED(out, "&amp;");
    case '<': return PAREI_ESCAPED(out, "&lt;");
    case '>': return PAREI_ESCAPED(out, "&gt;");
    case '"': return PAREI_ESCAPED(out, "&quot;");
    case '\'': return PAREI_ESCAPED(out, "&apos;");
    case '\t': return PAREI_ESCAPED(out, "&#9;");
    case '\n': return PAREI_ESCAPED(out, "&#10;");
    case '\r': return PAREI_ESCAPED(out, "&#13;");
    default: break;
    }
    parei_utf8 next = parei_utf8_next(text, size);
    if (next.code < ' ' || next.code == 0xfffe || next.code == 0xffff) {
        return (parei_escaped){next.size, parei_utf8_put(out, PAREI_UTF8_SUBSTITUTE)};
    }
    return parei_escape_utf8(out, text, size);
}

static const parei_escape parei_text_xml = {parei_text_xml_run, parei_text_xml_one, 0};

pare_status pare_text_append_xml(pare_str *s, const char *text, size_t size) {
    return parei_escape_append_exact(parei_text_xml, s, text, size);
}

/* --- C ----------------------------------------------------------------------------------- */

PAREI_INLINE size_t parei_text_c_run(char *out, const char *text, size_t size) {
    return parei_plain_run(out, text, size, (parei_plain_set){true, {'"', '\\', '?', 0x7f, '"'}});
}

static parei_escaped parei_text_c_one(char *out, const char *text, size_t size) {
    static const char letters[] = "abtnvfr"; /* from \a, 7, on */
    unsigned char c = (unsigned char)*text;
    (void)size;
    out[0] = '\\';
    if (c >= 0x20 && c < 0x7f) {
        out[1] = (char)c;
        return (parei_escaped){1, 2};
    }
    if (c >= '\a' && c <= '\r') {
        out[1] = letters[c - '\a'];
        return (parei_escaped){1, 2};
    }
    out[1] = (char)('0' + (c >> 6));
    out[2] = (char)('0' + (c >> 3 & 7));
    out[3] = (char)('0' + (c & 7));
    return (parei_escaped){1, 4};
}

static const parei_escape parei_text_c = {parei_text_c_run, parei_text_c_one, '"'};

pare_status pare_text_append_c(pare_str *s, const char *text, size_t size) {
    return parei_escape_append_exact(parei_text_c, s, text, size);
}

/* --- shell ------------------------------------------------------------------------------- */

PAREI_INLINE size_t parei_text_shell_run(char *out, const char *text, size_t size) {
    return parei_plain_run(out, text, size,
                           (parei_plain_set){false, {'\'', '\'', '\'', '\'', '\''}});
}

/* Out of the quotes, one by itself, and into quotes again. */
static parei_escaped parei_text_shell_one(char *out, const char *text, size_t size) {
    (void)text, (void)size;
    return PAREI_ESCAPED(out, "'\\''");
}

static const parei_escape parei_text_shell = {parei_text_shell_run, parei_text_shell_one, '\''};

/* Whether it is nothing but a word to any shell: letters, digits and % + , - . / : @ _ only. An =
 * can make it an assignment. */
static bool parei_text_is_word(const char *text, size_t size) {
    static const uint32_t bytes[8] = {
        0, 0x07fff820, /* % + , - . / 0-9 : */
        0x87ffffff,    /* @ A-Z _ */
        0x07fffffe,    /* a-z */
    };
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((bytes[c >> 5] >> (c & 31) & 1) == 0) return false;
    }
    return size != 0;
}

pare_status pare_text_append_shell(pare_str *s, const char *text, size_t size) {
    const parei_plain_set nul = {false, {'\0', '\0', '\0', '\0', '\0'}};
    if (parei_escape_is_bad(s, text, size) || !parei_text_is_plain(text, size, nul)) {
        return parei_text_refuse(s, size);
    }
    if (parei_text_is_word(text, size)) return pare_str_append_n(s, text, size);
    return parei_escape_append_exact(parei_text_shell, s, text, size);
}

/* --- UTF-8 ------------------------------------------------------------------------------- */

pare_status pare_text_append_code_point(pare_str *s, uint32_t code_point) {
    char text[PAREI_UTF8_MAX];
    if (code_point > 0x10ffff || (code_point >= 0xd800 && code_point <= 0xdfff)) {
        return parei_text_refuse(s, 0);
    }
    return pare_str_append_n(s, text, parei_utf8_put(text, code_point));
}

size_t pare_text_valid_utf8(const char *text, size_t size) {
    size_t at = 0;
    while (at < size) {
        uint64_t word;
        if (size - at >= sizeof word) {
            memcpy(&word, text + at, sizeof word);
            if ((word & 0x8080808080808080u) == 0) { /* all ASCII */
                at += sizeof word;
                continue;
            }
        }
        parei_utf8 next = parei_utf8_next(text + at, size - at);
        if (next.code == PAREI_UTF8_BAD) break;
        at += next.size;
    }
    return at;
}

/* --- JSON -------------------------------------------------------------------------------- */

/* The place of the bit of the innermost object or array. Requires depth != 0. */
#define PAREI_TEXT_JSON_WORD(j) ((j)->objects[((j)->depth - 1) / 64])
#define PAREI_TEXT_JSON_BIT(j) ((uint64_t)1 << ((j)->depth - 1) % 64)

static bool parei_text_json_in_object(const pare_json *j) {
    return j->depth != 0 && j->depth <= PARE_JSON_DEPTH_MAX &&
           (PAREI_TEXT_JSON_WORD(j) & PAREI_TEXT_JSON_BIT(j)) != 0;
}

static pare_status parei_text_json_misuse(const pare_json *j, const char *kind, const void *site) {
    parei_misuse("json", kind, j, NULL, site);
    return PARE_ERR_ARGUMENT;
}

/* What comes before a value: nothing, a comma, or a report. False after the last. */
static bool parei_text_json_value(pare_json *j, const void *site) {
    bool in_object = parei_text_json_in_object(j);
    if (in_object && !j->has_key) {
        parei_text_json_misuse(j, "value without a key", site);
        return false;
    }
    if (j->depth == 0 && j->has_value) {
        parei_text_json_misuse(j, "second value at the top", site);
        return false;
    }
    if (j->has_value && !in_object) pare_str_append_char(j->out, ',');
    j->has_value = true;
    j->has_key = false;
    return true;
}

static pare_status parei_text_json_begin(pare_json *j, bool object, const void *site) {
    if (!parei_text_json_value(j, site)) return PARE_ERR_ARGUMENT;
    j->has_value = false;
    if (j->depth++ >= PARE_JSON_DEPTH_MAX) return parei_buf_fail(&j->out->buf, PARE_ERR_LIMIT, 1);
    PAREI_TEXT_JSON_WORD(j) &= ~PAREI_TEXT_JSON_BIT(j);
    if (object) PAREI_TEXT_JSON_WORD(j) |= PAREI_TEXT_JSON_BIT(j);
    return pare_str_append_char(j->out, object ? '{' : '[');
}

/* Beyond the maximal depth nothing is known of what is open. */
static pare_status parei_text_json_end(pare_json *j, bool object, const void *site) {
    bool known = j->depth <= PARE_JSON_DEPTH_MAX;
    if (j->depth == 0 || (known && parei_text_json_in_object(j) != object)) {
        return parei_text_json_misuse(j, "end of what is not open", site);
    }
    if (j->has_key) return parei_text_json_misuse(j, "key without a value", site);
    j->depth--;
    j->has_value = true;
    return pare_str_append_char(j->out, object ? '}' : ']');
}

void pare_json_init(pare_json *j, pare_str *out) { *j = (pare_json){.out = out}; }

pare_status pare_json_begin_object(pare_json *j) {
    return parei_text_json_begin(j, true, PAREI_SITE());
}

pare_status pare_json_end_object(pare_json *j) {
    return parei_text_json_end(j, true, PAREI_SITE());
}

pare_status pare_json_begin_array(pare_json *j) {
    return parei_text_json_begin(j, false, PAREI_SITE());
}

pare_status pare_json_end_array(pare_json *j) {
    return parei_text_json_end(j, false, PAREI_SITE());
}

pare_status pare_json_key_n(pare_json *j, const char *key, size_t size) {
    bool known = j->depth <= PARE_JSON_DEPTH_MAX;
    if (known && !parei_text_json_in_object(j)) {
        return parei_text_json_misuse(j, "key outside an object", PAREI_SITE());
    }
    if (j->has_key) return parei_text_json_misuse(j, "key behind a key", PAREI_SITE());
    if (j->has_value) pare_str_append_char(j->out, ',');
    j->has_key = known;
    pare_str_append_json_n(j->out, key, size);
    return pare_str_append_char(j->out, ':');
}

pare_status pare_json_string_n(pare_json *j, const char *text, size_t size) {
    if (!parei_text_json_value(j, PAREI_SITE())) return PARE_ERR_ARGUMENT;
    return pare_str_append_json_n(j->out, text, size);
}

pare_status pare_json_int(pare_json *j, int64_t value) {
    if (!parei_text_json_value(j, PAREI_SITE())) return PARE_ERR_ARGUMENT;
    return pare_str_append_int(j->out, value);
}

pare_status pare_json_uint(pare_json *j, uint64_t value) {
    if (!parei_text_json_value(j, PAREI_SITE())) return PARE_ERR_ARGUMENT;
    return pare_str_append_uint(j->out, value);
}

pare_status pare_json_double(pare_json *j, double value) {
    if (!parei_text_json_value(j, PAREI_SITE())) return PARE_ERR_ARGUMENT;
    if (!(value - value == 0)) return parei_text_refuse(j->out, 0); /* nan, inf */
    return pare_str_append_double(j->out, value);
}

pare_status pare_json_bool(pare_json *j, int value) {
    if (!parei_text_json_value(j, PAREI_SITE())) return PARE_ERR_ARGUMENT;
    return pare_str_append_bool(j->out, value);
}

pare_status pare_json_null(pare_json *j) {
    if (!parei_text_json_value(j, PAREI_SITE())) return PARE_ERR_ARGUMENT;
    return pare_str_append_n(j->out, "null", 4);
}

pare_status pare_json_raw(pare_json *j, const char *json, size_t size) {
    if (!parei_text_json_value(j, PAREI_SITE())) return PARE_ERR_ARGUMENT;
    return pare_str_append_n(j->out, json, size);
}

pare_status pare_json_finish(pare_json *j) {
    if (j->depth != 0 || !j->has_value) {
        return parei_text_json_misuse(j, "unfinished value", PAREI_SITE());
    }
    return pare_str_status(j->out);
}
