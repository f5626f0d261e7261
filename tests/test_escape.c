/* test_escape.c - the escapes of pare/str.h: JSON, HTML, URLs.
 * Method: each way has a reference here, one byte after the other, which stands apart from the
 * library's: UTF-8 by the table of well-formed sequences itself. Every byte is put at every place
 * of texts of every length up to some blocks.
 * SPDX-License-Identifier: MIT */
#include "support/probe.h"
#include "pare/str.h"
#include <stdio.h>

enum { TEXT_MAX = 70, RESULT_MAX = TEXT_MAX * 6 + 3 };

/* --- references -------------------------------------------------------------------------- */

/* Table 3-7 of the Unicode Standard: ranges of the first to the fourth byte. */
static const unsigned char well_formed[][8] = {
    {0x00, 0x7f},
    {0xc2, 0xdf, 0x80, 0xbf},
    {0xe0, 0xe0, 0xa0, 0xbf, 0x80, 0xbf},
    {0xe1, 0xec, 0x80, 0xbf, 0x80, 0xbf},
    {0xed, 0xed, 0x80, 0x9f, 0x80, 0xbf},
    {0xee, 0xef, 0x80, 0xbf, 0x80, 0xbf},
    {0xf0, 0xf0, 0x90, 0xbf, 0x80, 0xbf, 0x80, 0xbf},
    {0xf1, 0xf3, 0x80, 0xbf, 0x80, 0xbf, 0x80, 0xbf},
    {0xf4, 0xf4, 0x80, 0x8f, 0x80, 0xbf, 0x80, 0xbf},
};

/* How many bytes of text[0, size) are well-formed, or, with *whole false, the maximal subpart. */
static size_t sequence(const unsigned char *text, size_t size, bool *whole) {
    size_t longest = 1;
    *whole = false;
    for (size_t row = 0; row < sizeof well_formed / sizeof well_formed[0]; row++) {
        size_t length = 0;
        const unsigned char *range = well_formed[row];
        while (length < size && length < 4 && range[2 * length + 1] != 0 &&
               text[length] >= range[2 * length] && text[length] <= range[2 * length + 1]) {
            length++;
        }
        *whole = length != 0 && (length == 4 || range[2 * length + 1] == 0);
        if (*whole) return length;
        if (length > longest) longest = length;
    }
    return longest;
}

static size_t json(char *out, const char *text, size_t size) {
    static const char *const names[256] = {
        ['"'] = "\\\"", ['\\'] = "\\\\", ['\b'] = "\\b", ['\t'] = "\\t",
        ['\n'] = "\\n", ['\f'] = "\\f",  ['\r'] = "\\r"};
    size_t len = 0;
    out[len++] = '"';
    for (size_t at = 0; at < size;) {
        bool whole;
        unsigned char c = (unsigned char)text[at];
        size_t length = sequence((const unsigned char *)text + at, size - at, &whole);
        if (!whole) {
            len += (size_t)sprintf(out + len, "\xef\xbf\xbd");
        } else if (names[c] != NULL) {
            len += (size_t)sprintf(out + len, "%s", names[c]);
        } else if (c < 0x20) {
            len += (size_t)sprintf(out + len, "\\u%04x", (unsigned)c);
        } else {
            memcpy(out + len, text + at, length);
            len += length;
        }
        at += length;
    }
    out[len++] = '"';
    return len;
}

static size_t html(char *out, const char *text, size_t size) {
    size_t len = 0;
    for (size_t at = 0; at < size; at++) {
        switch (text[at]) {
        case '&': len += (size_t)sprintf(out + len, "&amp;"); break;
        case '<': len += (size_t)sprintf(out + len, "&lt;"); break;
        case '>': len += (size_t)sprintf(out + len, "&gt;"); break;
        case '"': len += (size_t)sprintf(out + len, "&quot;"); break;
        case '\'': len += (size_t)sprintf(out + len, "&#39;"); break;
        default: out[len++] = text[at];
        }
    }
    return len;
}

static size_t url(char *out, const char *text, size_t size) {
    static const char unreserved[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    size_t len = 0;
    for (size_t at = 0; at < size; at++) {
        unsigned char c = (unsigned char)text[at];
        if (memchr(unreserved, c, sizeof unreserved - 1) != NULL) {
            out[len++] = text[at];
        } else {
            len += (size_t)sprintf(out + len, "%%%02X", (unsigned)c);
        }
    }
    return len;
}

typedef struct way {
    pare_status (*append)(pare_str *s, const char *text, size_t size);
    size_t (*reference)(char *out, const char *text, size_t size);
} way;

static const way ways[] = {
    {pare_str_append_json_n, json}, {pare_str_append_html_n, html}, {pare_str_append_url_n, url}};

#define EACH_WAY(w)                                                                                \
    const way *w = ways;                                                                           \
    w < ways + sizeof ways / sizeof ways[0];                                                       \
    w++

/* --- results ----------------------------------------------------------------------------- */

static void assert_escapes(pare_str *s, const way *w, const char *text, size_t size) {
    char expected[RESULT_MAX];
    size_t len = w->reference(expected, text, size);
    pare_str_reset(s);
    assert_int_equal(w->append(s, text, size), PARE_OK);
    if (pare_str_len(s) == len && memcmp(pare_str_cstr(s), expected, len) == 0) return;
    expected[len] = '\0';
    assert_string_equal(pare_str_cstr(s), expected);
    assert_int_equal(pare_str_len(s), len);
}

static void escape_examples(void **state) {
    probe *p = *state;
    pare_str s;
    pare_str_init(&s, probe_allocator(p));
    assert_int_equal(pare_str_append_json(&s, "a \"b\" \\ \n \x1f \x7f gr\xc3\xbc\xc3\x9f"),
                     PARE_OK);
    assert_string_equal(pare_str_cstr(&s),
                        "\"a \\\"b\\\" \\\\ \\n \\u001f \x7f gr\xc3\xbc\xc3\x9f\"");
    pare_str_reset(&s);
    /* The Standard's own example of maximal subparts (table 3-11). */
    assert_int_equal(pare_str_append_json(&s, "\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41"), PARE_OK);
    assert_string_equal(pare_str_cstr(&s),
                        "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\x41\"");
    pare_str_reset(&s);
    assert_int_equal(pare_str_append_html(&s, "<a href='?x&y'>\"z\"</a> \xc3\xbc"), PARE_OK);
    assert_string_equal(pare_str_cstr(&s), "&lt;a href=&#39;?x&amp;y&#39;&gt;"
                                           "&quot;z&quot;&lt;/a&gt; \xc3\xbc");
    pare_str_reset(&s);
    assert_int_equal(pare_str_append_url(&s, "a b+c/\xc3\xbc~"), PARE_OK);
    assert_string_equal(pare_str_cstr(&s), "a%20b%2Bc%2F%C3%BC~");
    pare_str_deinit(&s);
}

static void escape_every_byte_at_every_place(void **state) {
    probe *p = *state;
    char text[TEXT_MAX];
    pare_str s;
    pare_str_init(&s, probe_allocator(p));
    for (EACH_WAY(w)) {
        for (size_t size = 0; size <= 40; size++) {
            memset(text, 'x', sizeof text);
            assert_escapes(&s, w, text, size);
            for (size_t at = 0; at < size; at++) {
                for (int c = 0; c < 256; c++) {
                    text[at] = (char)c;
                    assert_escapes(&s, w, text, size);
                }
                text[at] = 'x';
            }
        }
    }
    pare_str_deinit(&s);
}

/* All texts of four bytes from the edges of the table's ranges. */
static void escape_json_replaces_what_is_not_utf8(void **state) {
    static const unsigned char edges[] = {'a',  '"',  0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
                                          0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee,
                                          0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff, 0x00};
    const unsigned count = sizeof edges;
    probe *p = *state;
    pare_str s;
    pare_str_init(&s, probe_allocator(p));
    for (unsigned i = 0; i < count * count * count * count; i++) {
        const char text[4] = {(char)edges[i % count], (char)edges[i / count % count],
                              (char)edges[i / count / count % count],
                              (char)edges[i / count / count / count]};
        assert_escapes(&s, ways, text, sizeof text);
    }
    pare_str_deinit(&s);
}

static void escape_random_texts(void **state) {
    static const char alphabet[] = "abcdefgh<&>\"'\\/ \n\x01\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80";
    probe *p = *state;
    uint64_t random = 1;
    char text[TEXT_MAX];
    pare_str s;
    pare_str_init(&s, probe_allocator(p));
    for (int i = 0; i < 30000; i++) {
        size_t size = 0, size_max = (size_t)i % (TEXT_MAX + 1);
        for (; size < size_max; size++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            text[size] = alphabet[(random >> 33) % (sizeof alphabet - 1)];
        }
        for (EACH_WAY(w)) assert_escapes(&s, w, text, size);
    }
    pare_str_deinit(&s);
}

/* --- room -------------------------------------------------------------------------------- */

static void escape_fits_exactly_or_not_at_all(void **state) {
    static const char text[] = "plain text of some blocks & \"one\" \xc3\xbc, \xe2\x82";
    char array[256], expected[RESULT_MAX];
    (void)state;
    for (EACH_WAY(w)) {
        size_t size = w->reference(expected, text, sizeof text - 1);
        for (size_t cap = 3; cap < sizeof array; cap++) {
            pare_str s;
            memset(array, 'X', sizeof array);
            pare_str_init_fixed(&s, array, cap);
            assert_int_equal(pare_str_append(&s, "<>"), PARE_OK);
            bool fits = 2 + size < cap;
            assert_int_equal(w->append(&s, text, sizeof text - 1), fits ? PARE_OK : PARE_ERR_LIMIT);
            assert_int_equal(pare_str_len(&s), fits ? 2 + size : 2);
            assert_int_equal(pare_str_needed(&s), 2 + size);
            assert_memory_equal(pare_str_cstr(&s), "<>", 2);
            if (fits) assert_memory_equal(pare_str_cstr(&s) + 2, expected, size);
            for (size_t at = cap; at < sizeof array; at++) assert_int_equal(array[at], 'X');
            w->append(&s, text, sizeof text - 1);
            assert_int_equal(pare_str_needed(&s), 2 + 2 * size);
            pare_str_deinit(&s);
        }
    }
}

static void escape_of_own_text_survives_growth(void **state) {
    probe *p = *state;
    char expected[RESULT_MAX];
    p->always_move = true;
    for (EACH_WAY(w)) {
        for (size_t start = 0; start <= 10; start++) {
            for (size_t end = start; end <= 10; end++) {
                pare_str s;
                pare_str_init(&s, probe_allocator(p));
                assert_int_equal(pare_str_reserve_exact(&s, 10), PARE_OK);
                assert_int_equal(pare_str_append(&s, "<0\"2&\xc3\xbc"
                                                     "78>"),
                                 PARE_OK);
                size_t size = w->reference(expected, pare_str_cstr(&s) + start, end - start);
                assert_int_equal(w->append(&s, pare_str_cstr(&s) + start, end - start), PARE_OK);
                assert_int_equal(pare_str_len(&s), 10 + size);
                assert_memory_equal(pare_str_cstr(&s) + 10, expected, size);
                pare_str_deinit(&s);
            }
        }
    }
}

static void escape_refuses_what_is_no_text(void **state) {
    probe *p = *state;
    const char *volatile none = NULL;
    pare_str s;
    pare_str_init(&s, probe_allocator(p));
    assert_int_equal(pare_str_append_json_n(&s, NULL, 0), PARE_OK);
    assert_int_equal(pare_str_append_html_n(&s, NULL, 0), PARE_OK);
    assert_int_equal(pare_str_append_url_n(&s, NULL, 0), PARE_OK);
    assert_string_equal(pare_str_cstr(&s), "\"\"");
    for (EACH_WAY(w)) {
        assert_int_equal(w->append(&s, NULL, 3), PARE_ERR_ARGUMENT);
        assert_int_equal(pare_str_needed(&s), 5);
        pare_str_reset(&s);
        assert_int_equal(pare_str_append(&s, "ab"), PARE_OK);
        assert_int_equal(w->append(&s, "x", SIZE_MAX), PARE_ERR_ARGUMENT);
        pare_str_reset(&s);
        assert_int_equal(pare_str_append(&s, "ab"), PARE_OK);
        assert_int_equal(pare_str_shrink(&s), PARE_OK);
        assert_int_equal(w->append(&s, pare_str_cstr(&s) + 1, 2), PARE_ERR_ARGUMENT);
        assert_string_equal(pare_str_cstr(&s), "ab");
        pare_str_reset(&s);
        assert_int_equal(pare_str_append(&s, "ab"), PARE_OK);
    }
    assert_int_equal(pare_str_append_json(&s, none), PARE_ERR_ARGUMENT);
    pare_str_reset(&s);
    assert_int_equal(pare_str_append_html(&s, none), PARE_ERR_ARGUMENT);
    pare_str_reset(&s);
    assert_int_equal(pare_str_append_url(&s, none), PARE_ERR_ARGUMENT);
    pare_str_deinit(&s);
}

static bool escape_through_refusals(probe *p, void *ctx) {
    static const char text[] = "a text & \"its\" quotes, \xc3\xbc and more than one block of them";
    pare_str s, whole = {0};
    (void)ctx;
    pare_str_init(&s, probe_allocator(p));
    for (int i = 0; i < 50; i++) {
        for (EACH_WAY(w)) {
            w->append(&s, text, sizeof text - 1);
            w->append(&whole, text, sizeof text - 1);
        }
    }
    bool refused = pare_str_status(&s) != PARE_OK;
    assert_int_equal(pare_str_status(&s), refused ? PARE_ERR_MEMORY : PARE_OK);
    assert_int_equal(pare_str_needed(&s), pare_str_len(&whole));
    assert_memory_equal(pare_str_cstr(&s), pare_str_cstr(&whole), pare_str_len(&s));
    pare_str_deinit(&s);
    pare_str_deinit(&whole);
    return refused;
}

static void escape_refusals_leave_a_valid_prefix(void **state) {
    probe_sweep(*state, escape_through_refusals, NULL);
}

static void escape_reset_refills_without_a_call(void **state) {
    probe *p = *state;
    uint64_t requests = 0;
    pare_str s;
    pare_str_init(&s, probe_allocator(p));
    for (int round = 0; round < 3; round++) {
        pare_str_reset(&s);
        for (int i = 0; i < 100; i++) {
            for (EACH_WAY(w)) w->append(&s, "<a \"text\" & \x01 another>", 23);
        }
        if (round == 0) requests = p->requests;
    }
    assert_int_equal(p->requests, requests);
    pare_str_deinit(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(escape_examples),
        CASE(escape_every_byte_at_every_place),
        CASE(escape_json_replaces_what_is_not_utf8),
        CASE(escape_random_texts),
        CASE(escape_fits_exactly_or_not_at_all),
        CASE(escape_of_own_text_survives_growth),
        CASE(escape_refuses_what_is_no_text),
        CASE(escape_refusals_leave_a_valid_prefix),
        CASE(escape_reset_refills_without_a_call),
    };
    return cmocka_run_group_tests_name("escape", tests, NULL, NULL);
}
