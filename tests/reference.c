/* reference.c - random inputs and what becomes of them, for reference.py to compare with Python's
 * libraries. A line is a kind, the input and the result, bytes in hexadecimal, "-" for none.
 * SPDX-License-Identifier: MIT */
#include "pare/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TEXTS = 4000, NUMBERS = 10000, TEXT_MAX = 80 };

static uint64_t random_state = 1;

static uint32_t random_below(uint32_t limit) {
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 32) * limit >> 32);
}

static uint64_t random_number(void) { /* of any length in bits */
    uint64_t value = (uint64_t)random_below(UINT32_MAX) << 32 | random_below(UINT32_MAX);
    return value >> random_below(64);
}

/* Bytes of four sorts: letters, what escapes look for, any byte, whole code points. */
static void random_text(pare_str *s) {
    static const char special[] = "\"'\\/&<>,;?= \t\r\n\x01\x1f\x7f\xc3\xe2\xf0\x80\xbf~%+-_.$`*";
    uint32_t sorts = random_below(15) + 1; /* a bit for each */
    uint32_t count = random_below(TEXT_MAX);
    pare_str_reset(s);
    while (pare_str_len(s) < count) {
        uint32_t sort = random_below(4);
        if ((sorts >> sort & 1) == 0) continue;
        if (sort == 0) pare_str_append_char(s, (char)('a' + random_below(26)));
        if (sort == 1) pare_str_append_char(s, special[random_below(sizeof special - 1)]);
        if (sort == 2) pare_str_append_char(s, (char)random_below(256));
        if (sort == 3) {
            uint32_t code = random_below(1u << (7 + random_below(15))) % 0x110000;
            if (code < 0xd800 || code > 0xdfff) pare_text_append_code_point(s, code);
        }
    }
}

static void print_hex(const char *text, size_t size) {
    pare_str s = {0};
    pare_text_append_hex(&s, text, size);
    printf(" %s", size != 0 ? pare_str_cstr(&s) : "-");
    pare_str_deinit(&s);
}

static void print_line(const char *kind, pare_str *text, pare_str *result) {
    fputs(kind, stdout);
    print_hex(pare_str_cstr(text), pare_str_len(text));
    print_hex(pare_str_cstr(result), pare_str_len(result));
    putchar('\n');
    pare_str_reset(result);
}

static pare_status hex(pare_str *s, const char *text, size_t size) {
    return pare_text_append_hex(s, text, size);
}
static pare_status hex_dump(pare_str *s, const char *text, size_t size) {
    return pare_text_append_hex_dump(s, text, size, 0);
}
static pare_status base64(pare_str *s, const char *text, size_t size) {
    return pare_text_append_base64(s, text, size);
}
static pare_status base64url(pare_str *s, const char *text, size_t size) {
    return pare_text_append_base64url(s, text, size);
}

static void print_texts(void) {
    static const struct {
        const char *kind;
        pare_status (*append)(pare_str *s, const char *text, size_t size);
    } kinds[] = {
        {"json", pare_str_append_json_n},
        {"html", pare_str_append_html_n},
        {"url", pare_str_append_url_n},
        {"hex", hex},
        {"xml", pare_text_append_xml},
        {"c", pare_text_append_c},
        {"csv", pare_text_append_csv},
        {"shell", pare_text_append_shell},
        {"dump", hex_dump},
        {"base64", base64},
        {"base64url", base64url},
    };
    pare_str text = {0}, result = {0};
    for (int i = 0; i < TEXTS; i++) {
        random_text(&text);
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
            pare_status status =
                kinds[k].append(&result, pare_str_cstr(&text), pare_str_len(&text));
            if (status == PARE_OK) {
                print_line(kinds[k].kind, &text, &result);
            } else {
                printf("%s-refused", kinds[k].kind);
                print_hex(pare_str_cstr(&text), pare_str_len(&text));
                puts(" -");
                pare_str_reset(&result);
            }
        }
        printf("valid");
        print_hex(pare_str_cstr(&text), pare_str_len(&text));
        printf(" %zu\n", pare_text_valid_utf8(pare_str_cstr(&text), pare_str_len(&text)));
    }
    pare_str_deinit(&text);
    pare_str_deinit(&result);
}

typedef pare_status decode_fn(pare_str *s, const char *text, size_t size);

/* Texts that are nearly base64, of twelve of its digits, or of these and others. */
static void print_decoded(const char *kind, decode_fn *decode, const char *alphabet) {
    pare_str text = {0}, result = {0};
    for (int i = 0; i < NUMBERS; i++) {
        uint32_t known = random_below(8) != 0 ? 12 : (uint32_t)strlen(alphabet);
        pare_str_reset(&text);
        for (uint32_t size = random_below(10); size > 0; size--) {
            pare_str_append_char(&text, alphabet[random_below(known)]);
        }
        pare_str_append_fill(&text, '=', random_below(3));
        pare_status status = decode(&result, pare_str_cstr(&text), pare_str_len(&text));
        printf("%s", status == PARE_OK ? "" : "not-");
        print_line(kind, &text, &result);
    }
    pare_str_deinit(&text);
    pare_str_deinit(&result);
}

static void print_double(pare_str *s, uint64_t bits, unsigned decimals) {
    double value;
    memcpy(&value, &bits, sizeof value);
    pare_str_append_double(s, value);
    printf("double %016" PRIx64 " %s\n", bits, pare_str_cstr(s));
    pare_str_reset(s);
    pare_str_append_double_fixed(s, value, decimals);
    printf("fixed %016" PRIx64 ",%u %s\n", bits, decimals, pare_str_cstr(s));
    pare_str_reset(s);
    pare_str_append_double_scientific(s, value, decimals);
    printf("scientific %016" PRIx64 ",%u %s\n", bits, decimals, pare_str_cstr(s));
    pare_str_reset(s);
}

static void print_float(pare_str *s, uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    pare_str_append_float(s, value);
    printf("float %08" PRIx32 " %s\n", bits, pare_str_cstr(s));
    pare_str_reset(s);
}

static void print_numbers(void) {
    pare_str s = {0};
    for (int i = 0; i < NUMBERS; i++) {
        int64_t second = (int64_t)(random_number() % 315537897600) - 62135596800; /* years 1 on */
        uint32_t nanosecond = random_below(1000000000);
        unsigned decimals = random_below(10), base = 2 + random_below(35);
        uint64_t number = random_number();
        unsigned width = random_below(70);
        pare_text_append_time(&s, second, nanosecond, decimals);
        printf("time %" PRId64 ",%" PRIu32 ",%u %s\n", second, nanosecond, decimals,
               pare_str_cstr(&s));
        pare_str_reset(&s);
        pare_text_append_size(&s, number);
        printf("size %" PRIu64 " %s\n", number, pare_str_cstr(&s));
        pare_str_reset(&s);
        print_double(&s, number, decimals);
        print_double(&s, random_number() << random_below(64), random_below(30));
        print_float(&s, random_below(UINT32_MAX));
        pare_str_append_int_base(&s, (int64_t)number, base, width, i % 2 != 0 ? '0' : '.');
        printf("base %" PRId64 ",%u,%u,%d %s\n", (int64_t)number, base, width, i % 2,
               pare_str_cstr(&s));
        pare_str_reset(&s);
    }
    pare_str_deinit(&s);
}

int main(void) {
    print_texts();
    print_decoded("base64-decoded", pare_text_decode_base64, "AQgwBZaz09+/-_= \n");
    print_decoded("base64url-decoded", pare_text_decode_base64url, "AQgwBZaz09-_+/= \n");
    print_numbers();
    return 0;
}
