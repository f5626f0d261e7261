/* test_text.c - mirrors pare/text.h section by section.
 * Method: results that can be looked up (RFCs, hexdump's output) are compared with that; what runs
 * through all calls, limits, refusals and text of the builder's own, is tested for all at once.
 * tests/reference.c compares random inputs with Python's libraries.
 * SPDX-License-Identifier: MIT */
#include "support/probe.h"
#include "pare/text.h"
#include <float.h>
#include <math.h>
#include <stdio.h>

typedef pare_status append_fn(pare_str *s, const char *text, size_t size);

static pare_status append_hex(pare_str *s, const char *text, size_t size) {
    return pare_text_append_hex(s, text, size);
}
static pare_status append_hex_dump(pare_str *s, const char *text, size_t size) {
    return pare_text_append_hex_dump(s, text, size, 0x1234);
}
static pare_status append_base64(pare_str *s, const char *text, size_t size) {
    return pare_text_append_base64(s, text, size);
}
static pare_status append_base64url(pare_str *s, const char *text, size_t size) {
    return pare_text_append_base64url(s, text, size);
}

/* Everything that is made of a text. */
static append_fn *const all[] = {
    append_hex,           append_hex_dump,      append_base64,      append_base64url,
    pare_text_append_csv, pare_text_append_xml, pare_text_append_c, pare_text_append_shell,
};
enum { ALL = sizeof all / sizeof all[0] };

static void assert_reads(pare_str *s, const char *expected) {
    assert_string_equal(pare_str_cstr(s), expected);
    assert_int_equal(pare_str_len(s), strlen(expected));
    pare_str_reset(s);
}

static void assert_makes(append_fn *f, const char *text, size_t size, const char *expected) {
    pare_str s = {0};
    assert_int_equal(f(&s, text, size), PARE_OK);
    assert_reads(&s, expected);
    pare_str_deinit(&s);
}

static void assert_refused(pare_str *s, pare_status status) {
    assert_int_equal(status, PARE_ERR_ARGUMENT);
    assert_int_equal(pare_str_len(s), 0);
    pare_str_reset(s);
}

#define MAKES(f, text, expected) assert_makes(f, text, sizeof text - 1, expected)

/* --- bytes as text ----------------------------------------------------------------------- */

static void text_hex_is_two_digits_a_byte(void **state) {
    (void)state;
    MAKES(append_hex, "", "");
    MAKES(append_hex, "\x00\x0f\xf0\xff\x9a", "000ff0ff9a");
}

static void text_hex_dump_is_hexdump_s(void **state) {
    (void)state;
    pare_str s = {0};
    assert_int_equal(pare_text_append_hex_dump(&s, "", 0, 0), PARE_OK);
    assert_reads(&s, "");
    assert_int_equal(pare_text_append_hex_dump(&s, "0123456789abcdef", 16, 0), PARE_OK);
    assert_reads(&s, "00000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  "
                     "|0123456789abcdef|\n00000010\n");
    assert_int_equal(pare_text_append_hex_dump(&s, "hello, w\x1f\x20\x7e\x7f\xff\n", 14, 0),
                     PARE_OK);
    assert_reads(&s, "00000000  68 65 6c 6c 6f 2c 20 77  1f 20 7e 7f ff 0a        "
                     "|hello, w. ~...|\n0000000e\n");
    assert_int_equal(pare_text_append_hex_dump(&s, "0123456789abcdefX", 17, 0xf0), PARE_OK);
    assert_reads(&s, "000000f0  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  "
                     "|0123456789abcdef|\n"
                     "00000100  58                                                |X|\n"
                     "00000101\n");
    pare_str_deinit(&s);
}

static void text_hex_dump_offsets_widen(void **state) {
    (void)state;
    pare_str s = {0};
    assert_int_equal(pare_text_append_hex_dump(&s, "a", 1, 0xfffffffe), PARE_OK);
    assert_memory_equal(pare_str_cstr(&s), "fffffffe  61", 12);
    pare_str_reset(&s);
    assert_int_equal(pare_text_append_hex_dump(&s, "a", 1, 0xffffffff), PARE_OK);
    assert_memory_equal(pare_str_cstr(&s), "0ffffffff  61", 13);
    assert_string_equal(pare_str_cstr(&s) + pare_str_len(&s) - 12, "|\n100000000\n");
    pare_str_reset(&s);
    assert_int_equal(pare_text_append_hex_dump(&s, "a", 1, UINT64_MAX - 1), PARE_OK);
    assert_memory_equal(pare_str_cstr(&s), "fffffffffffffffe  61", 20);
    pare_str_reset(&s);
    assert_refused(&s, pare_text_append_hex_dump(&s, "a", 1, UINT64_MAX));
    pare_str_deinit(&s);
}

static void text_base64_is_the_rfc_s(void **state) {
    (void)state;
    MAKES(append_base64, "", "");
    MAKES(append_base64, "f", "Zg==");
    MAKES(append_base64, "fo", "Zm8=");
    MAKES(append_base64, "foo", "Zm9v");
    MAKES(append_base64, "foob", "Zm9vYg==");
    MAKES(append_base64, "fooba", "Zm9vYmE=");
    MAKES(append_base64, "foobar", "Zm9vYmFy");
    MAKES(append_base64, "\xfb\xff\xfe", "+//+");
    MAKES(append_base64url, "\xfb\xff\xfe", "-__-");
    MAKES(append_base64url, "fooba", "Zm9vYmE");
    MAKES(append_base64url, "foob", "Zm9vYg");
}

static void text_base64_decodes_what_it_made(void **state) {
    (void)state;
    char bytes[100];
    pare_str s = {0}, back = {0};
    for (size_t size = 0; size <= sizeof bytes; size++) {
        for (size_t i = 0; i < size; i++) bytes[i] = (char)(i * 37 + size * 101);
        for (int url = 0; url < 2; url++) {
            pare_str_reset(&s);
            pare_str_reset(&back);
            assert_int_equal((url ? append_base64url : append_base64)(&s, bytes, size), PARE_OK);
            assert_int_equal((url ? pare_text_decode_base64url : pare_text_decode_base64)(
                                 &back, pare_str_cstr(&s), pare_str_len(&s)),
                             PARE_OK);
            assert_int_equal(pare_str_len(&back), size);
            assert_memory_equal(pare_str_cstr(&back), bytes, size);
        }
    }
    pare_str_deinit(&s);
    pare_str_deinit(&back);
}

static void text_base64_decodes_nothing_else(void **state) {
    static const char *const bad[] = {
        "Z",    "Zg",   "Zg=",   "Zg=== ",   "=",    "====",  "Z===", "Zh==",    "Zm9=",
        "Zg=v", "Z=9v", "Zm9v=", "Zg==Zg==", "Zm 9", "Zm9\n", "-__-", "Zm9\xff", "Zm9v\n"};
    static const char *const bad_url[] = {"Z", "Zg==", "Zm8=", "+//+", "Zh", "Zm9", "Zm9vY", "Z g"};
    (void)state;
    pare_str s = {0};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_refused(&s, pare_text_decode_base64(&s, bad[i], strlen(bad[i])));
    }
    for (size_t i = 0; i < sizeof bad_url / sizeof bad_url[0]; i++) {
        assert_refused(&s, pare_text_decode_base64url(&s, bad_url[i], strlen(bad_url[i])));
    }
    assert_refused(&s, pare_text_decode_base64(&s, NULL, 4));
    assert_refused(&s, pare_text_decode_base64(&s, "x", SIZE_MAX));
    assert_int_equal(pare_text_decode_base64(&s, NULL, 0), PARE_OK);

    assert_int_equal(pare_text_decode_base64(&s, "Zm9vYg==", 8), PARE_OK);
    assert_int_equal(pare_text_append_base64(&s, pare_str_cstr(&s), 4), PARE_OK);
    assert_reads(&s, "foobZm9vYg==");
    pare_str_deinit(&s);
}

/* --- quantities -------------------------------------------------------------------------- */

static void assert_time(int64_t seconds, uint32_t nanoseconds, unsigned decimals,
                        const char *expected) {
    pare_str s = {0};
    assert_int_equal(pare_text_append_time(&s, seconds, nanoseconds, decimals), PARE_OK);
    assert_reads(&s, expected);
    pare_str_deinit(&s);
}

static void text_time_at_edges(void **state) {
    (void)state;
    pare_str s = {0};
    assert_time(0, 0, 0, "1970-01-01T00:00:00Z");
    assert_time(-1, 999999999, 9, "1969-12-31T23:59:59.999999999Z");
    assert_time(1715934600, 250000000, 3, "2024-05-17T08:30:00.250Z");
    assert_time(1715934600, 999999999, 1, "2024-05-17T08:30:00.9Z"); /* cut off, not rounded */
    assert_time(951782400, 0, 0, "2000-02-29T00:00:00Z");
    assert_time(-2203891200, 0, 0, "1900-03-01T00:00:00Z"); /* no 29 February that year */
    assert_time(-2203891201, 0, 0, "1900-02-28T23:59:59Z");
    assert_time(-62167219200, 0, 0, "0000-01-01T00:00:00Z");
    assert_time(-62162121601, 0, 0, "0000-02-28T23:59:59Z");
    assert_time(-62162121600, 0, 0, "0000-02-29T00:00:00Z");
    assert_time(253402300799, 0, 0, "9999-12-31T23:59:59Z");
    assert_refused(&s, pare_text_append_time(&s, -62167219201, 0, 0));
    assert_refused(&s, pare_text_append_time(&s, 253402300800, 0, 0));
    assert_refused(&s, pare_text_append_time(&s, INT64_MIN, 0, 0));
    assert_refused(&s, pare_text_append_time(&s, INT64_MAX, 0, 0));
    assert_refused(&s, pare_text_append_time(&s, 0, 1000000000, 0));
    assert_refused(&s, pare_text_append_time(&s, 0, 0, 10));
    pare_str_deinit(&s);
}

/* All days of ten thousand years, by a calendar that goes on from day to day. */
static void text_time_every_day(void **state) {
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    (void)state;
    char expected[64];
    pare_str s = {0};
    int64_t seconds = -62167219200;
    for (int year = 0; year < 10000; year++) {
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        for (int month = 0; month < 12; month++) {
            int days = month_days[month] + (month == 1 && leap);
            for (int day = 1; day <= days; day++, seconds += 86400) {
                pare_str_reset(&s);
                pare_text_append_time(&s, seconds + 3661, 0, 0);
                snprintf(expected, sizeof expected, "%04d-%02d-%02dT01:01:01Z", year, month + 1,
                         day);
                if (strcmp(pare_str_cstr(&s), expected) != 0) assert_reads(&s, expected);
            }
        }
    }
    assert_int_equal(seconds, 253402300800);
    pare_str_deinit(&s);
}

static void text_size_at_edges(void **state) {
    static const struct {
        uint64_t bytes;
        const char *text;
    } cases[] = {
        {0, "0 B"},
        {1023, "1023 B"},
        {1024, "1.0 KiB"},
        {1024 + 51, "1.0 KiB"}, /* 1.0498 */
        {1024 + 52, "1.1 KiB"}, /* 1.0508 */
        {1536, "1.5 KiB"},
        {5 * 256, "1.3 KiB"}, /* 1.25, a half, goes up */
        {1023 * 1024 + 972, "1023.9 KiB"},
        {1023 * 1024 + 973, "1.0 MiB"}, /* it would be 1024.0 KiB */
        {1 << 20, "1.0 MiB"},
        {(uint64_t)3 << 29, "1.5 GiB"},
        {(uint64_t)1 << 40, "1.0 TiB"},
        {(uint64_t)1 << 50, "1.0 PiB"},
        {((uint64_t)1 << 60) - 1, "1.0 EiB"},
        {(uint64_t)1 << 60, "1.0 EiB"},
        {UINT64_MAX, "16.0 EiB"},
    };
    (void)state;
    pare_str s = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(pare_text_append_size(&s, cases[i].bytes), PARE_OK);
        assert_reads(&s, cases[i].text);
    }
    pare_str_deinit(&s);
}

/* --- escapes ----------------------------------------------------------------------------- */

static void text_csv_quotes_what_needs_it(void **state) {
    (void)state;
    MAKES(pare_text_append_csv, "", "");
    MAKES(pare_text_append_csv, "plain and 'simple'; ", "plain and 'simple'; ");
    MAKES(pare_text_append_csv, "a,b", "\"a,b\"");
    MAKES(pare_text_append_csv, "\"", "\"\"\"\"");
    MAKES(pare_text_append_csv, "say \"no\", then\r\ngo", "\"say \"\"no\"\", then\r\ngo\"");
    MAKES(pare_text_append_csv, "\n", "\"\n\"");
    MAKES(pare_text_append_csv, "\r", "\"\r\"");
}

static void text_xml_allows_what_xml_does(void **state) {
    (void)state;
    MAKES(pare_text_append_xml, "", "");
    MAKES(pare_text_append_xml, "<a b=\"c\">it's & \t\n\r</a>",
          "&lt;a b=&quot;c&quot;&gt;it&apos;s &amp; &#9;&#10;&#13;&lt;/a&gt;");
    MAKES(pare_text_append_xml, "\x00\x1f\x7f", "\xef\xbf\xbd\xef\xbf\xbd\x7f");
    MAKES(pare_text_append_xml, "\xef\xbf\xbd \xef\xbf\xbe \xef\xbf\xbf \xf0\x9f\x98\x80",
          "\xef\xbf\xbd \xef\xbf\xbd \xef\xbf\xbd \xf0\x9f\x98\x80");
    MAKES(pare_text_append_xml, "gr\xc3\xbc\xc3\x9f \xe2\x82 \xed\xa0\x80",
          "gr\xc3\xbc\xc3\x9f \xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

static void text_c_is_a_literal(void **state) {
    (void)state;
    MAKES(pare_text_append_c, "", "\"\"");
    MAKES(pare_text_append_c, "plain, 'quoted', \"quoted\", \\",
          "\"plain, 'quoted', \\\"quoted\\\", \\\\\"");
    MAKES(pare_text_append_c, "\a\b\t\n\v\f\r", "\"\\a\\b\\t\\n\\v\\f\\r\"");
    MAKES(pare_text_append_c,
          "\x00"
          "1\x1b\x7f\x80\xff\x06\x0e",
          "\"\\0001\\033\\177\\200\\377\\006\\016\"");
    MAKES(pare_text_append_c, "what?\?/", "\"what\\?\\?/\"");
}

static void text_shell_is_one_word(void **state) {
    (void)state;
    pare_str s = {0};
    MAKES(pare_text_append_shell, "", "''");
    MAKES(pare_text_append_shell, "a-Z_0.9/x:y@z,1%+", "a-Z_0.9/x:y@z,1%+");
    MAKES(pare_text_append_shell, "~", "'~'");
    MAKES(pare_text_append_shell, "A=1", "'A=1'");
    MAKES(pare_text_append_shell, "$(rm *) `x` \\ \"\n", "'$(rm *) `x` \\ \"\n'");
    MAKES(pare_text_append_shell, "it's", "'it'\\''s'");
    MAKES(pare_text_append_shell, "'", "''\\'''");
    MAKES(pare_text_append_shell, "gr\xc3\xbcn", "'gr\xc3\xbcn'");
    assert_refused(&s, pare_text_append_shell(&s, "a\0b", 3));
    pare_str_deinit(&s);
}

/* --- what all have in common ------------------------------------------------------------- */

static void text_nothing_and_no_text(void **state) {
    (void)state;
    pare_str s = {0}, empty = {0};
    for (int i = 0; i < ALL; i++) {
        assert_int_equal(all[i](&empty, "", 0), PARE_OK);
        assert_int_equal(all[i](&s, NULL, 0), PARE_OK);
        assert_reads(&s, pare_str_cstr(&empty));
        pare_str_reset(&empty);
        assert_refused(&s, all[i](&s, NULL, 1));
        assert_refused(&s, all[i](&s, "x", SIZE_MAX));
    }
    pare_str_deinit(&s);
    pare_str_deinit(&empty);
}

static void text_fits_exactly_or_not_at_all(void **state) {
    static const char text[] = "a text, \"with\" <it's> and ? \xc3\xbc";
    (void)state;
    char array[300];
    for (int i = 0; i < ALL; i++) {
        pare_str whole = {0};
        assert_int_equal(all[i](&whole, text, sizeof text - 1), PARE_OK);
        size_t size = pare_str_len(&whole);
        for (size_t cap = size - 3; cap < size + 5; cap++) {
            pare_str s;
            memset(array, 'X', sizeof array);
            pare_str_init_fixed(&s, array, cap);
            assert_int_equal(pare_str_append(&s, "<"), PARE_OK);
            bool fits = 1 + size < cap;
            assert_int_equal(all[i](&s, text, sizeof text - 1), fits ? PARE_OK : PARE_ERR_LIMIT);
            assert_int_equal(pare_str_needed(&s), 1 + size);
            assert_int_equal(pare_str_len(&s), fits ? 1 + size : 1);
            if (fits) assert_memory_equal(pare_str_cstr(&s) + 1, pare_str_cstr(&whole), size);
            for (size_t at = cap; at < sizeof array; at++) assert_int_equal(array[at], 'X');
            pare_str_deinit(&s);
        }
        pare_str_deinit(&whole);
    }
}

static void text_of_its_own_survives_growth(void **state) {
    probe *p = *state;
    p->always_move = true;
    for (int i = 0; i < ALL; i++) {
        for (size_t start = 0; start <= 10; start++) {
            for (size_t end = start; end <= 10; end++) {
                static const char text[] = "<0\"2&'\xc3\xbc,9";
                pare_str s, expected = {0};
                pare_str_init(&s, probe_allocator(p));
                assert_int_equal(pare_str_append(&s, text), PARE_OK);
                assert_int_equal(pare_str_append(&expected, text), PARE_OK);
                assert_int_equal(pare_str_shrink(&s), PARE_OK);
                assert_int_equal(all[i](&expected, text + start, end - start), PARE_OK);
                assert_int_equal(all[i](&s, pare_str_cstr(&s) + start, end - start), PARE_OK);
                assert_string_equal(pare_str_cstr(&s), pare_str_cstr(&expected));
                pare_str_deinit(&s);
                pare_str_deinit(&expected);
            }
        }
    }
}

static void write_report(pare_str *s) {
    static const char text[] = "a text, \"with\" <it's> and ? \xc3\xbc";
    pare_json j;
    for (int i = 0; i < ALL; i++) all[i](s, text, sizeof text - 1);
    pare_text_decode_base64(s, "Zm9vYmFy", 8);
    pare_text_append_time(s, 1715934600, 0, 9);
    pare_text_append_size(s, 123456789);
    pare_text_append_code_point(s, 0x20ac);
    pare_json_init(&j, s);
    pare_json_begin_object(&j);
    pare_json_key(&j, "numbers");
    pare_json_begin_array(&j);
    for (int i = 0; i < 10; i++) pare_json_int(&j, i);
    pare_json_end_array(&j);
    pare_json_end_object(&j);
}

static bool report_through_refusals(probe *p, void *ctx) {
    pare_str s, whole = {0};
    (void)ctx;
    pare_str_init(&s, probe_allocator(p));
    for (int i = 0; i < 20; i++) {
        write_report(&s);
        write_report(&whole);
    }
    bool refused = pare_str_status(&s) != PARE_OK;
    assert_int_equal(pare_str_status(&s), refused ? PARE_ERR_MEMORY : PARE_OK);
    assert_int_equal(pare_str_needed(&s), pare_str_len(&whole));
    assert_memory_equal(pare_str_cstr(&s), pare_str_cstr(&whole), pare_str_len(&s));
    pare_str_deinit(&s);
    pare_str_deinit(&whole);
    return refused;
}

static void text_refusals_leave_a_valid_prefix(void **state) {
    probe_sweep(*state, report_through_refusals, NULL);
}

static void text_reset_refills_without_a_call(void **state) {
    probe *p = *state;
    uint64_t requests = 0;
    pare_str s;
    pare_str_init(&s, probe_allocator(p));
    for (int round = 0; round < 3; round++) {
        pare_str_reset(&s);
        for (int i = 0; i < 20; i++) write_report(&s);
        if (round == 0) requests = p->requests;
    }
    assert_int_equal(p->requests, requests);
    pare_str_deinit(&s);
}

/* --- UTF-8 ------------------------------------------------------------------------------- */

static void text_code_points_are_utf8(void **state) {
    (void)state;
    pare_str s = {0};
    for (uint32_t code = 0; code <= 0x110000; code++) {
        bool surrogate = code >= 0xd800 && code <= 0xdfff;
        pare_str_reset(&s);
        pare_status status = pare_text_append_code_point(&s, code);
        if (surrogate || code > 0x10ffff) {
            assert_refused(&s, status);
            continue;
        }
        size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        if (status != PARE_OK || pare_str_len(&s) != size ||
            pare_text_valid_utf8(pare_str_cstr(&s), size) != size ||
            pare_text_valid_utf8(pare_str_cstr(&s), size - 1) != 0) {
            fail_msg("U+%04X", (unsigned)code);
        }
    }
    pare_str_reset(&s);
    assert_refused(&s, pare_text_append_code_point(&s, UINT32_MAX));
    pare_text_append_code_point(&s, 'a');
    pare_text_append_code_point(&s, 0xfc);
    pare_text_append_code_point(&s, 0x20ac);
    pare_text_append_code_point(&s, 0x1f600);
    assert_reads(&s, "a\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80");
    pare_str_deinit(&s);
}

static void text_valid_utf8_ends_where_it_is_none(void **state) {
    (void)state;
    char text[40];
    assert_int_equal(pare_text_valid_utf8(NULL, 0), 0);
    for (size_t size = 0; size <= 32; size++) {
        for (size_t at = 0; at <= size; at++) {
            memset(text, 'a', sizeof text);
            memcpy(text + at, "\xe2\x82\xac", 3);
            size_t whole = at + 3 <= size || at == size ? size : at;
            assert_int_equal(pare_text_valid_utf8(text, size), whole);
            text[at] = (char)0xff;
            assert_int_equal(pare_text_valid_utf8(text, size), at);
        }
    }
}

/* --- JSON -------------------------------------------------------------------------------- */

static void json_writes_a_nested_value(void **state) {
    (void)state;
    pare_str s = {0};
    pare_json j;
    pare_json_init(&j, &s);
    assert_int_equal(pare_json_begin_object(&j), PARE_OK);
    pare_json_key(&j, "name");
    pare_json_string(&j, "a \"b\"");
    pare_json_key_n(&j, "counts and more", 6);
    pare_json_begin_array(&j);
    pare_json_int(&j, INT64_MIN);
    pare_json_uint(&j, UINT64_MAX);
    pare_json_begin_array(&j);
    pare_json_end_array(&j);
    pare_json_begin_object(&j);
    pare_json_end_object(&j);
    pare_json_string_n(&j, "xyz", 1);
    assert_int_equal(pare_json_end_array(&j), PARE_OK);
    pare_json_key(&j, "flags");
    pare_json_begin_object(&j);
    pare_json_key(&j, "on");
    pare_json_bool(&j, 1);
    pare_json_key(&j, "off");
    pare_json_bool(&j, 0);
    pare_json_key(&j, "none");
    pare_json_null(&j);
    pare_json_end_object(&j);
    pare_json_key(&j, "pi");
    pare_json_raw(&j, "3.14", 4);
    pare_json_end_object(&j);
    assert_int_equal(pare_json_finish(&j), PARE_OK);
    assert_reads(&s, "{\"name\":\"a \\\"b\\\"\",\"counts\":[-9223372036854775808,"
                     "18446744073709551615,[],{},\"x\"],\"flags\":{\"on\":true,\"off\":false,"
                     "\"none\":null},\"pi\":3.14}");
    pare_str_deinit(&s);
}

static void json_writes_single_values_behind_other_text(void **state) {
    (void)state;
    pare_str s = {0};
    pare_json j;
    assert_int_equal(pare_str_append(&s, "data: "), PARE_OK);
    pare_json_init(&j, &s);
    pare_json_int(&j, 42);
    assert_int_equal(pare_json_finish(&j), PARE_OK);
    pare_json_init(&j, &s);
    pare_json_begin_array(&j);
    pare_json_end_array(&j);
    assert_int_equal(pare_json_finish(&j), PARE_OK);
    assert_reads(&s, "data: 42[]");
    pare_str_deinit(&s);
}

static void json_doubles_are_numbers(void **state) {
    static const double none[] = {NAN, INFINITY, -INFINITY};
    (void)state;
    pare_str s = {0};
    pare_json j;
    pare_json_init(&j, &s);
    pare_json_begin_array(&j);
    pare_json_double(&j, 0.1);
    pare_json_double(&j, -0.0);
    pare_json_double(&j, 1e300);
    pare_json_double(&j, DBL_MAX);
    pare_json_double(&j, 5e-324);
    pare_json_end_array(&j);
    assert_int_equal(pare_json_finish(&j), PARE_OK);
    assert_reads(&s, "[0.1,-0,1e+300,1.7976931348623157e+308,5e-324]");
    for (int i = 0; i < 3; i++) {
        pare_json_init(&j, &s);
        assert_refused(&s, pare_json_double(&j, none[i]));
    }
    pare_str_deinit(&s);
}

static void json_nests_to_its_depth(void **state) {
    (void)state;
    pare_str s = {0};
    pare_json j;
    pare_json_init(&j, &s);
    for (int depth = 0; depth < PARE_JSON_DEPTH_MAX; depth++) { /* each third is an object */
        if (depth % 3 == 0) {
            assert_int_equal(pare_json_begin_object(&j), PARE_OK);
            pare_json_key(&j, "k");
        } else {
            assert_int_equal(pare_json_begin_array(&j), PARE_OK);
        }
    }
    pare_json_int(&j, 1);
    for (int depth = PARE_JSON_DEPTH_MAX - 1; depth >= 0; depth--) {
        pare_status status = depth % 3 == 0 ? pare_json_end_object(&j) : pare_json_end_array(&j);
        assert_int_equal(status, PARE_OK);
    }
    assert_int_equal(pare_json_finish(&j), PARE_OK);
    assert_int_equal(pare_str_len(&s),
                     1 + 2 * PARE_JSON_DEPTH_MAX + 4 * ((PARE_JSON_DEPTH_MAX + 2) / 3));

    pare_str_reset(&s);
    pare_json_init(&j, &s);
    for (int depth = 0; depth < PARE_JSON_DEPTH_MAX + 2; depth++) {
        pare_status status = pare_json_begin_array(&j);
        assert_int_equal(status, depth < PARE_JSON_DEPTH_MAX ? PARE_OK : PARE_ERR_LIMIT);
    }
    for (int depth = 0; depth < PARE_JSON_DEPTH_MAX + 2; depth++) pare_json_end_array(&j);
    assert_int_equal(pare_json_finish(&j), PARE_ERR_LIMIT);
    pare_str_deinit(&s);
}

static void json_watches_order_after_a_refusal(void **state) {
    (void)state;
    char array[10];
    pare_str s;
    pare_json j;
    pare_str_init_fixed(&s, array, sizeof array);
    pare_json_init(&j, &s);
    pare_json_begin_object(&j);
    pare_json_key(&j, "long key");
    pare_json_begin_array(&j);
    pare_json_int(&j, 1);
    pare_json_int(&j, 2);
    pare_json_end_array(&j);
    pare_json_end_object(&j);
    assert_int_equal(pare_json_finish(&j), PARE_ERR_LIMIT);
    assert_int_equal(pare_str_needed(&s), strlen("{\"long key\":[1,2]}"));
    pare_str_deinit(&s);
}

/* Each line is calls in a wrong order, the last one being the wrong one. */
static void json_misuse_run(pare_json *j, const char *calls) {
    for (; *calls != '\0'; calls++) {
        pare_status status = *calls == '{'   ? pare_json_begin_object(j)
                             : *calls == '}' ? pare_json_end_object(j)
                             : *calls == '[' ? pare_json_begin_array(j)
                             : *calls == ']' ? pare_json_end_array(j)
                             : *calls == 'k' ? pare_json_key(j, "k")
                             : *calls == 'f' ? pare_json_finish(j)
                                             : pare_json_null(j);
        assert_int_equal(status, calls[1] != '\0' ? PARE_OK : PARE_ERR_ARGUMENT);
    }
}

static void json_wrong_order_is_misuse(void **state) {
    static const struct {
        const char *calls, *kind;
    } cases[] = {
        {"{0", "value without a key"},      {"{k00", "value without a key"},
        {"{[", "value without a key"},      {"00", "second value at the top"},
        {"[]0", "second value at the top"}, {"{}{", "second value at the top"},
        {"k", "key outside an object"},     {"[k", "key outside an object"},
        {"{k[k", "key outside an object"},  {"{kk", "key behind a key"},
        {"{k}", "key without a value"},     {"]", "end of what is not open"},
        {"{]", "end of what is not open"},  {"[}", "end of what is not open"},
        {"[]]", "end of what is not open"}, {"[{k0}}", "end of what is not open"},
        {"f", "unfinished value"},          {"[f", "unfinished value"},
        {"[{}f", "unfinished value"},
    };
    (void)state;
    pare_misuse_handler before = pare_set_misuse_handler(misuse_note);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pare_str s = {0};
        pare_json j;
        misuse_count = 0;
        pare_json_init(&j, &s);
        json_misuse_run(&j, cases[i].calls);
        assert_int_equal(misuse_count, 1);
        assert_string_equal(misuse_last.module, "json");
        assert_string_equal(misuse_last.kind, cases[i].kind);
        assert_ptr_equal(misuse_last.object, &j);
        assert_int_equal(pare_str_status(&s), PARE_OK);
        pare_str_deinit(&s);
    }
    pare_set_misuse_handler(before);
}

static void json_end_too_early(void *ctx) {
    pare_str s = {0};
    pare_json j;
    (void)ctx;
    pare_json_init(&j, &s);
    pare_json_begin_object(&j);
    pare_json_key(&j, "k");
    pare_json_end_object(&j);
    pare_str_deinit(&s);
}

static void json_misuse_stops_the_program(void **state) {
    (void)state;
    expect_misuse(json_end_too_early, NULL, "pare: json: key without a value");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(text_hex_is_two_digits_a_byte),
        CASE(text_hex_dump_is_hexdump_s),
        CASE(text_hex_dump_offsets_widen),
        CASE(text_base64_is_the_rfc_s),
        CASE(text_base64_decodes_what_it_made),
        CASE(text_base64_decodes_nothing_else),
        CASE(text_time_at_edges),
        CASE(text_time_every_day),
        CASE(text_size_at_edges),
        CASE(text_csv_quotes_what_needs_it),
        CASE(text_xml_allows_what_xml_does),
        CASE(text_c_is_a_literal),
        CASE(text_shell_is_one_word),
        CASE(text_nothing_and_no_text),
        CASE(text_fits_exactly_or_not_at_all),
        CASE(text_of_its_own_survives_growth),
        CASE(text_refusals_leave_a_valid_prefix),
        CASE(text_reset_refills_without_a_call),
        CASE(text_code_points_are_utf8),
        CASE(text_valid_utf8_ends_where_it_is_none),
        CASE(json_writes_a_nested_value),
        CASE(json_writes_single_values_behind_other_text),
        CASE(json_doubles_are_numbers),
        CASE(json_nests_to_its_depth),
        CASE(json_watches_order_after_a_refusal),
        CASE(json_wrong_order_is_misuse),
        CASE(json_misuse_stops_the_program),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
