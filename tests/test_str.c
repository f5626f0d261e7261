/* test_str.c - mirrors pare/str.h section by section.
 * Method: every test runs on a probe allocator; numbers and formats are compared with the C
 * library's. What str shares with buf is tested there; here is what the kept NUL byte changes.
 * SPDX-License-Identifier: MIT */
#include "support/probe.h"
#include "pare/fixed.h"
#include "pare/heap.h"
#include "pare/str.h"
#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

/* Appends with lengths and texts that the compiler does not see. */
static pare_status append_n(pare_str *s, const char *bytes, size_t size) {
    volatile size_t hidden = size;
    return pare_str_append_n(s, bytes, hidden);
}

static pare_status append(pare_str *s, const char *text) {
    const char *volatile hidden = text;
    return pare_str_append(s, hidden);
}

static void assert_reads(pare_str *s, const char *text) {
    assert_string_equal(pare_str_cstr(s), text);
    assert_int_equal(pare_str_len(s), strlen(text));
}

/* --- lifetime ---------------------------------------------------------------------------- */

static void str_zeroed_is_empty_on_the_heap(void **state) {
    (void)state;
    pare_str s = {0};
    assert_reads(&s, "");
    assert_int_equal(pare_str_capacity(&s), 0);
    assert_int_equal(pare_str_limit(&s), PARE_SIZE_MAX - 1);
    pare_str_reset(&s);
    pare_str_reset_max(&s, SIZE_MAX);
    pare_str_truncate(&s, 0);
    assert_int_equal(pare_str_shrink(&s), PARE_OK);
    assert_int_equal(pare_str_append(&s, "heap"), PARE_OK);
    assert_reads(&s, "heap");
    pare_str_deinit(&s);
    assert_reads(&s, "");
    pare_str_deinit(&s);
}

static void str_init_with_keeps_a_byte_for_the_nul(void **state) {
    probe *p = *state;
    char first[8];
    pare_str s;
    pare_str_init_with(&s, first, sizeof first, probe_allocator(p));
    assert_int_equal(pare_str_capacity(&s), 7);
    assert_int_equal(append(&s, "0123456"), PARE_OK);
    assert_ptr_equal(pare_str_cstr(&s), first);
    assert_reads(&s, "0123456");
    assert_int_equal(p->requests, 0);
    assert_int_equal(pare_str_append_char(&s, '7'), PARE_OK);
    assert_reads(&s, "01234567");
    assert_int_equal(p->allocs, 1);
    pare_str_deinit(&s);
}

static void str_init_with_one_byte_or_none(void **state) {
    probe *p = *state;
    char first[1] = {'x'};
    pare_str s;
    pare_str_init_with(&s, first, 1, probe_allocator(p));
    assert_int_equal(pare_str_capacity(&s), 0);
    assert_reads(&s, "");
    assert_ptr_equal(pare_str_cstr(&s), first);
    assert_int_equal(append(&s, "y"), PARE_OK);
    assert_reads(&s, "y");
    pare_str_deinit(&s);
    pare_str_init_with(&s, first, 0, probe_allocator(p));
    assert_reads(&s, "");
    assert_int_equal(append(&s, "y"), PARE_OK);
    pare_str_deinit(&s);
}

static void str_init_fixed_answers_limit(void **state) {
    (void)state;
    char array[8];
    pare_str s;
    pare_str_init_fixed(&s, array, sizeof array);
    assert_int_equal(pare_str_append(&s, "0123456"), PARE_OK);
    assert_int_equal(pare_str_append(&s, "78"), PARE_ERR_LIMIT);
    assert_reads(&s, "0123456");
    assert_int_equal(pare_str_needed(&s), 9);
    pare_str_deinit(&s);

    pare_fixed none = {0};
    pare_str_init_with(&s, array, sizeof array, pare_fixed_allocator(&none));
    assert_int_equal(pare_str_append(&s, "01234567"), PARE_ERR_MEMORY);
    assert_reads(&s, "");
    pare_str_deinit(&s);
}

static void str_detach_gives_a_terminated_block(void **state) {
    probe *p = *state;
    char first[8];
    pare_str s;
    pare_parcel parcel;
    pare_str_init_with(&s, first, sizeof first, probe_allocator(p));
    assert_int_equal(pare_str_append(&s, "abc"), PARE_OK);
    probe_refuse(p, 0, 1);
    assert_int_equal(pare_str_detach(&s, &parcel), PARE_ERR_MEMORY);
    assert_reads(&s, "abc");
    assert_int_equal(pare_str_detach(&s, &parcel), PARE_OK);
    assert_string_equal(parcel.block.ptr, "abc");
    assert_int_equal(parcel.block.cap, 4);
    assert_int_equal(parcel.len, 3);
    pare_parcel_free(parcel);

    assert_reads(&s, "");
    assert_int_equal(pare_str_detach(&s, &parcel), PARE_OK); /* empty text has its NUL, too */
    assert_string_equal(parcel.block.ptr, "");
    assert_int_equal(parcel.block.cap, 1);
    pare_parcel_free(parcel);
    pare_str_deinit(&s);
}

static void str_detach_of_a_failed_text_is_refused(void **state) {
    probe *p = *state;
    pare_str s;
    pare_parcel parcel;
    pare_str_init(&s, probe_allocator(p));
    pare_str_set_limit(&s, 3);
    assert_int_equal(pare_str_append(&s, "abc"), PARE_OK);
    assert_int_equal(pare_str_append(&s, "d"), PARE_ERR_LIMIT);
    assert_int_equal(pare_str_detach(&s, &parcel), PARE_ERR_LIMIT);
    assert_reads(&s, "abc");
    pare_str_deinit(&s);
}

static void str_detached_from_the_heap_goes_to_free(void **state) {
    (void)state;
    pare_str s = {0};
    pare_parcel parcel;
    assert_int_equal(pare_str_append(&s, "across borders"), PARE_OK);
    assert_int_equal(pare_str_detach(&s, &parcel), PARE_OK);
    char *text = parcel.block.ptr;
    assert_string_equal(text, "across borders");
    free(text);
}

static void str_attach_needs_a_byte_for_the_nul(void **state) {
    probe *p = *state;
    pare_str s;
    pare_parcel parcel = {.len = 4, .from = probe_allocator(p)};
    pare_str_init(&s, pare_heap());
    assert_int_equal(pare_str_append(&s, "old"), PARE_OK);
    assert_int_equal(pare_alloc_span(parcel.from, 4, 1, 0, &parcel.block), PARE_OK);
    memcpy(parcel.block.ptr, "abcd", 4);
    assert_int_equal(pare_str_attach(&s, parcel), PARE_ERR_ARGUMENT);
    assert_reads(&s, "old");
    parcel.len = 3;
    assert_int_equal(pare_str_attach(&s, parcel), PARE_OK);
    assert_reads(&s, "abc");
    assert_int_equal(pare_str_append(&s, "def"), PARE_OK);
    assert_reads(&s, "abcdef");
    pare_str_deinit(&s);
}

/* --- capacity ---------------------------------------------------------------------------- */

static void str_reserve_counts_the_nul(void **state) {
    probe *p = *state;
    pare_str s;
    pare_str_init(&s, probe_allocator(p));
    assert_int_equal(pare_str_reserve_exact(&s, 10), PARE_OK);
    assert_int_equal(p->live_bytes, 11);
    assert_int_equal(pare_str_capacity(&s), 10);
    assert_int_equal(append(&s, "0123456789"), PARE_OK);
    assert_reads(&s, "0123456789");
    assert_int_equal(p->requests, 1);

    probe_refuse(p, 0, PROBE_NEVER);
    assert_int_equal(pare_str_reserve(&s, 1), PARE_ERR_MEMORY);
    assert_int_equal(pare_str_reserve(&s, SIZE_MAX), PARE_ERR_ARGUMENT);
    assert_int_equal(pare_str_reserve(&s, SIZE_MAX - 10), PARE_ERR_ARGUMENT);
    assert_int_equal(pare_str_reserve(&s, PARE_SIZE_MAX - 10), PARE_ERR_ARGUMENT);
    assert_int_equal(pare_str_reserve(&s, PARE_SIZE_MAX - 11), PARE_ERR_MEMORY);
    assert_int_equal(pare_str_status(&s), PARE_OK);
    assert_reads(&s, "0123456789");
    pare_str_deinit(&s);
}

static void str_limit_does_not_count_the_nul(void **state) {
    probe *p = *state;
    pare_str s;
    pare_str_init(&s, probe_allocator(p));
    pare_str_set_limit(&s, 5);
    assert_int_equal(pare_str_limit(&s), 5);
    assert_int_equal(pare_str_append(&s, "01234"), PARE_OK);
    assert_int_equal(p->live_bytes, 6);
    assert_int_equal(pare_str_append_char(&s, '5'), PARE_ERR_LIMIT);
    assert_reads(&s, "01234");
    pare_str_set_limit(&s, 0);
    pare_str_reset(&s);
    assert_int_equal(pare_str_append_char(&s, '0'), PARE_ERR_LIMIT);
    assert_reads(&s, "");
    pare_str_set_limit(&s, SIZE_MAX);
    assert_int_equal(pare_str_limit(&s), PARE_SIZE_MAX - 1);
    pare_str_deinit(&s);

    pare_str_init(&s, probe_allocator(p));
    pare_str_set_limit(&s, 0); /* with no block at all */
    assert_int_equal(pare_str_append_char(&s, '0'), PARE_ERR_LIMIT);
    assert_reads(&s, "");
    pare_str_deinit(&s);
}

static void str_shrink_keeps_the_nul(void **state) {
    probe *p = *state;
    pare_str s;
    pare_str_init(&s, probe_allocator(p));
    assert_int_equal(pare_str_append(&s, "abc"), PARE_OK);
    assert_int_equal(pare_str_shrink(&s), PARE_OK);
    assert_int_equal(p->live_bytes, 4);
    assert_reads(&s, "abc");
    pare_str_reset(&s);
    assert_int_equal(pare_str_shrink(&s), PARE_OK);
    assert_int_equal(p->live_bytes, 0);
    assert_reads(&s, "");
    pare_str_deinit(&s);
}

/* --- contents ---------------------------------------------------------------------------- */

static void str_reset_max_drops_giants_only(void **state) {
    probe *p = *state;
    pare_str s;
    pare_str_init(&s, probe_allocator(p));
    assert_int_equal(pare_str_reserve(&s, 1000), PARE_OK);
    pare_str_reset_max(&s, 1000);
    assert_int_equal(p->live_bytes, 1001);
    pare_str_reset_max(&s, 999);
    assert_int_equal(p->live_bytes, 0);
    pare_str_deinit(&s);
}

static void log_line(pare_str *s, int i) {
    const char *const tags[] = {"a", "bb", "a tag that is longer than sixteen bytes"};
    pare_str_append_lit(s, "ts=");
    pare_str_append_int(s, i * 7919);
    pare_str_append_char(s, ' ');
    append(s, "msg=hello");
    pare_str_append_join(s, tags, 3, ", ");
    pare_str_append_fill(s, '-', 10);
    pare_str_append_uint(s, (uint64_t)i << 40);
    pare_str_append_uint_base(s, (uint64_t)i, 16, 8, '0');
    pare_str_append_int_base(s, -i, 36, 8, ' ');
    pare_str_append_repeat(s, "<->", 3, 5);
    pare_str_append_bool(s, i % 2);
    pare_str_append_pointer(s, tags[0]);
    pare_str_append_double(s, i / 7.0);
    pare_str_append_float(s, (float)i / 7);
    pare_str_append_double_fixed(s, i * 1e20, (unsigned)i);
    pare_str_append_double_scientific(s, i * 1e-20, (unsigned)i);
    size_t field = pare_str_needed(s);
    append(s, "field");
    pare_str_pad(s, field, 10, '.', PARE_PAD_AFTER);
    pare_str_append_printf(s, " %5.2f\n", i / 3.0);
}

static void str_reset_refills_without_a_call(void **state) {
    probe *p = *state;
    pare_str s;
    pare_str_init(&s, probe_allocator(p));
    for (int warm = 0; warm < 2; warm++) {
        uint64_t requests = p->requests;
        for (int round = 0; round < 10; round++) {
            pare_str_reset(&s);
            for (int i = 0; i < 100; i++) log_line(&s, i);
            assert_int_equal(pare_str_status(&s), PARE_OK);
            assert_int_equal(strlen(pare_str_cstr(&s)), pare_str_len(&s));
        }
        if (warm) assert_int_equal(p->requests, requests);
    }
    pare_str_deinit(&s);
}

static void str_truncate_reads_terminated(void **state) {
    probe *p = *state;
    pare_str s;
    pare_str_init(&s, probe_allocator(p));
    assert_int_equal(pare_str_append(&s, "a,b,"), PARE_OK);
    assert_reads(&s, "a,b,");
    pare_str_truncate(&s, pare_str_len(&s) - 1);
    assert_reads(&s, "a,b");
    assert_int_equal(pare_str_append(&s, ";"), PARE_OK);
    assert_reads(&s, "a,b;");
    pare_str_deinit(&s);
}

static void str_truncate_utf8_cuts_no_sequence(void **state) {
    static const char text[] = "a\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80z";
    static const size_t cuts[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
    probe *p = *state;
    for (size_t len_max = 0; len_max < sizeof cuts / sizeof cuts[0]; len_max++) {
        pare_str s;
        pare_str_init(&s, probe_allocator(p));
        assert_int_equal(append(&s, text), PARE_OK);
        pare_str_truncate_utf8(&s, len_max);
        assert_int_equal(pare_str_len(&s), cuts[len_max]);
        assert_memory_equal(pare_str_cstr(&s), text, cuts[len_max]);
        pare_str_deinit(&s);
    }
}

static void str_truncate_utf8_cuts_other_text_anywhere(void **state) {
    static const char *const texts[] = {"\x80\x80\x80\x80\x80\x80", /* without a lead */
                                        "a\x80\x80\x80\x80\x80",    /* too far from it */
                                        "\xe2\x82\xe2\x82\xe2\x82", /* a byte short */
                                        "\xff\xc0\x80\xed\xa0\x80"};
    probe *p = *state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        for (size_t len_max = 0; len_max <= 6; len_max++) {
            pare_str s;
            pare_str_init(&s, probe_allocator(p));
            assert_int_equal(append(&s, texts[i]), PARE_OK);
            pare_str_truncate_utf8(&s, len_max);
            assert_int_equal(pare_str_len(&s), len_max);
            pare_str_deinit(&s);
        }
    }
}

static void str_insert_and_erase_keep_the_nul(void **state) {
    probe *p = *state;
    const char *volatile none = NULL;
    char expected[16];
    p->always_move = true;
    for (size_t at = 0; at <= 4; at++) {
        pare_str s;
        pare_str_init(&s, probe_allocator(p));
        assert_int_equal(pare_str_append(&s, "0123"), PARE_OK);
        assert_int_equal(pare_str_shrink(&s), PARE_OK);
        assert_int_equal(pare_str_insert(&s, at, "ab"), PARE_OK);
        snprintf(expected, sizeof expected, "%.*sab%s", (int)at, "0123", &"0123"[at]);
        assert_reads(&s, expected);
        pare_str_erase(&s, at, 2);
        assert_reads(&s, "0123");
        assert_int_equal(pare_str_shrink(&s), PARE_OK);
        assert_int_equal(pare_str_insert_n(&s, at, pare_str_cstr(&s), 4), PARE_OK);
        snprintf(expected, sizeof expected, "%.*s0123%s", (int)at, "0123", &"0123"[at]);
        assert_reads(&s, expected);
        pare_str_erase(&s, at, SIZE_MAX);
        assert_int_equal(pare_str_len(&s), at);
        assert_int_equal(pare_str_insert(&s, at + 1, "x"), PARE_ERR_ARGUMENT);
        pare_str_reset(&s);
        assert_int_equal(pare_str_insert(&s, 0, none), PARE_ERR_ARGUMENT);
        pare_str_deinit(&s);
    }
    pare_str s;
    pare_str_init(&s, probe_allocator(p));
    pare_str_set_limit(&s, 4);
    assert_int_equal(pare_str_append(&s, "012"), PARE_OK);
    assert_int_equal(pare_str_insert(&s, 0, "ab"), PARE_ERR_LIMIT);
    assert_int_equal(pare_str_needed(&s), 5);
    assert_reads(&s, "012");
    pare_str_deinit(&s);
}

static void assert_replaces(probe *p, const char *text, const char *needle, const char *with,
                            const char *expected) {
    for (size_t spare = 0; spare < 3; spare++) {
        pare_str s;
        pare_str_init(&s, probe_allocator(p));
        assert_int_equal(pare_str_reserve_exact(&s, strlen(text) + 10 * spare), PARE_OK);
        assert_int_equal(append(&s, text), PARE_OK);
        uint64_t requests = p->requests;
        assert_int_equal(pare_str_replace(&s, needle, with), PARE_OK);
        assert_reads(&s, expected);
        assert_true(p->requests <= requests + 1);
        if (strlen(expected) <= strlen(text)) assert_int_equal(p->requests, requests);
        assert_int_equal(pare_str_append(&s, "!"), PARE_OK); /* the window is where it should be */
        assert_int_equal(pare_str_len(&s), strlen(expected) + 1);
        pare_str_deinit(&s);
    }
}

static void str_replace_finds_every_needle(void **state) {
    probe *p = *state;
    assert_replaces(p, "", "a", "b", "");
    assert_replaces(p, "a", "a", "", "");
    assert_replaces(p, "a", "ab", "c", "a");
    assert_replaces(p, "none here", "x", "yy", "none here");
    assert_replaces(p, "a-b-c", "-", "+", "a+b+c");
    assert_replaces(p, "-a--b-", "-", "<->", "<->a<-><->b<->");
    assert_replaces(p, "a, b, c, ", ", ", ";", "a;b;c;");
    assert_replaces(p, "aaaaa", "aa", "b", "bba");
    assert_replaces(p, "aaaaa", "aa", "bbb", "bbbbbba");
    assert_replaces(p, "aab aab", "ab", "ab", "aab aab");
    assert_replaces(p, "needle", "needle", "a much longer replacement",
                    "a much longer replacement");
}

static void str_replace_knows_lengths_and_refuses(void **state) {
    probe *p = *state;
    const char *volatile none = NULL;
    pare_str s;
    pare_str_init(&s, probe_allocator(p));
    assert_int_equal(append_n(&s, "a\0b\0c", 5), PARE_OK);
    assert_int_equal(pare_str_replace_n(&s, "\0", 1, ", ", 2), PARE_OK);
    assert_reads(&s, "a, b, c");
    assert_int_equal(pare_str_replace_n(&s, ", ", 2, NULL, 0), PARE_OK);
    assert_reads(&s, "abc");

    assert_int_equal(pare_str_replace(&s, "", "x"), PARE_ERR_ARGUMENT);
    assert_int_equal(pare_str_replace(&s, "a", "x"), PARE_ERR_ARGUMENT); /* it is sticky */
    assert_reads(&s, "abc");
    const char *own = pare_str_cstr(&s);
    for (int i = 0; i < 5; i++) {
        pare_str_reset(&s);
        assert_int_equal(pare_str_append(&s, "abc"), PARE_OK);
        pare_status status = i == 0   ? pare_str_replace(&s, none, "x")
                             : i == 1 ? pare_str_replace(&s, "a", none)
                             : i == 2 ? pare_str_replace_n(&s, "a", 1, NULL, 1)
                             : i == 3 ? pare_str_replace_n(&s, own, 1, "x", 1)
                                      : pare_str_replace_n(&s, "a", 1, own + 1, 1);
        assert_int_equal(status, PARE_ERR_ARGUMENT);
        assert_reads(&s, "abc");
    }
    pare_str_reset(&s);
    assert_int_equal(pare_str_append(&s, "a,b,c"), PARE_OK);
    pare_str_set_limit(&s, 6);
    assert_int_equal(pare_str_replace(&s, ",", ", "), PARE_ERR_LIMIT);
    assert_int_equal(pare_str_needed(&s), 7);
    assert_reads(&s, "a,b,c");
    pare_str_reset(&s);
    pare_str_set_limit(&s, 7);
    assert_int_equal(pare_str_append(&s, "a,b,c"), PARE_OK);
    assert_int_equal(pare_str_replace(&s, ",", ", "), PARE_OK);
    assert_reads(&s, "a, b, c");
    pare_str_deinit(&s);
}

/* --- appends: text ----------------------------------------------------------------------- */

static void str_appends_of_every_kind_agree(void **state) {
    probe *p = *state;
    pare_str s;
    pare_str_init(&s, probe_allocator(p));
    assert_int_equal(pare_str_append(&s, "known "), PARE_OK);
    assert_int_equal(append(&s, "unknown "), PARE_OK);
    assert_int_equal(pare_str_append_lit(&s, "literal "), PARE_OK);
    assert_int_equal(pare_str_append_n(&s, "four....", 4), PARE_OK);
    assert_int_equal(append_n(&s, " five...", 5), PARE_OK);
    assert_int_equal(pare_str_append_char(&s, '!'), PARE_OK);
    assert_int_equal(pare_str_append_fill(&s, '=', 3), PARE_OK);
    assert_int_equal(pare_str_append_fill(&s, '=', 0), PARE_OK);
    assert_int_equal(pare_str_append(&s, ""), PARE_OK);
    assert_int_equal(append(&s, ""), PARE_OK);
    assert_reads(&s, "known unknown literal four five!===");
    pare_str_deinit(&s);
}

static void str_text_of_every_length_fits_every_array(void **state) {
    probe *p = *state;
    char text[40], first[40];
    for (size_t size = 0; size < sizeof text; size++) {
        memset(text, 'x', size);
        text[size] = '\0';
        for (size_t cap = 0; cap < sizeof first; cap++) {
            pare_str s;
            pare_str_init_with(&s, first, cap, probe_allocator(p));
            assert_int_equal(append(&s, text), PARE_OK);
            assert_reads(&s, text);
            assert_int_equal(p->live_blocks, size != 0 && size >= cap ? 1 : 0);
            pare_str_deinit(&s);
        }
    }
}

static void str_keeps_embedded_nuls(void **state) {
    probe *p = *state;
    pare_str s;
    pare_str_init(&s, probe_allocator(p));
    assert_int_equal(append_n(&s, "a\0b", 3), PARE_OK);
    assert_int_equal(pare_str_append_n(&s, "\0", 1), PARE_OK);
    assert_int_equal(pare_str_append_char(&s, '\0'), PARE_OK);
    assert_int_equal(pare_str_append_char(&s, 'c'), PARE_OK);
    assert_int_equal(pare_str_len(&s), 6);
    assert_memory_equal(pare_str_cstr(&s), "a\0b\0\0c", 7);
    pare_str_deinit(&s);
}

static void str_null_is_nothing_or_argument(void **state) {
    probe *p = *state;
    const char *const with_null[] = {"a", NULL, "b"};
    pare_str s;
    pare_str_init(&s, probe_allocator(p));
    assert_int_equal(pare_str_append_n(&s, NULL, 0), PARE_OK);
    assert_int_equal(append_n(&s, NULL, 0), PARE_OK);
    assert_int_equal(pare_str_append_join(&s, NULL, 0, NULL), PARE_OK);
    assert_int_equal(pare_str_append(&s, "text"), PARE_OK);
    assert_int_equal(pare_str_append_n(&s, NULL, 3), PARE_ERR_ARGUMENT);
    assert_int_equal(pare_str_needed(&s), 7);
    assert_reads(&s, "text");
    pare_str_reset(&s);
    assert_int_equal(append_n(&s, NULL, 3), PARE_ERR_ARGUMENT);
    pare_str_reset(&s);
    assert_int_equal(append(&s, NULL), PARE_ERR_ARGUMENT);
    pare_str_reset(&s);
    assert_int_equal(pare_str_append_join(&s, NULL, 1, ","), PARE_ERR_ARGUMENT);
    pare_str_reset(&s);
    assert_int_equal(pare_str_append_join(&s, with_null, 3, NULL), PARE_ERR_ARGUMENT);
    pare_str_reset(&s);
    assert_int_equal(pare_str_append_join(&s, with_null, 3, ","), PARE_ERR_ARGUMENT);
    assert_reads(&s, "a,");
    pare_str_deinit(&s);
}

static void str_append_of_itself_survives_growth(void **state) {
    probe *p = *state;
    p->always_move = true;
    for (size_t start = 0; start < 10; start++) {
        for (size_t end = start; end <= 10; end++) {
            pare_str s;
            char expected[32] = "0123456789";
            pare_str_init(&s, probe_allocator(p));
            assert_int_equal(pare_str_reserve_exact(&s, 10), PARE_OK);
            assert_int_equal(pare_str_append(&s, "0123456789"), PARE_OK);
            memcpy(expected + 10, expected + start, end - start);
            assert_int_equal(append_n(&s, pare_str_cstr(&s) + start, end - start), PARE_OK);
            assert_reads(&s, expected);
            pare_str_deinit(&s);
        }
    }
    pare_str s;
    pare_str_init(&s, probe_allocator(p));
    assert_int_equal(pare_str_append(&s, "ab"), PARE_OK);
    for (int i = 0; i < 10; i++) assert_int_equal(append(&s, pare_str_cstr(&s)), PARE_OK);
    assert_int_equal(pare_str_len(&s), 2048);
    for (size_t i = 0; i < 2048; i++) assert_int_equal(pare_str_cstr(&s)[i], "ab"[i % 2]);
    pare_str_deinit(&s);
}

static void str_join_puts_separators_between(void **state) {
    probe *p = *state;
    const char *const parts[] = {"", "fifteen bytes..", "sixteen bytes...", "17 bytes........,",
                                 "a longer part, copied in two steps, since it has no end nearby"};
    char expected[200];
    pare_str s;
    pare_str_init(&s, probe_allocator(p));
    assert_int_equal(pare_str_append_join(&s, parts, 1, ", "), PARE_OK);
    assert_reads(&s, "");
    for (size_t room = 0; room < 130; room++) {
        pare_str_deinit(&s);
        pare_str_init(&s, probe_allocator(p));
        assert_int_equal(pare_str_reserve_exact(&s, room), PARE_OK);
        assert_int_equal(pare_str_append_join(&s, parts, 5, ", "), PARE_OK);
        snprintf(expected, sizeof expected, "%s, %s, %s, %s, %s", parts[0], parts[1], parts[2],
                 parts[3], parts[4]);
        assert_reads(&s, expected);
    }
    pare_str_reset(&s);
    assert_int_equal(pare_str_append_join(&s, parts + 1, 2, ""), PARE_OK);
    assert_reads(&s, "fifteen bytes..sixteen bytes...");
    pare_str_deinit(&s);
}

static void str_repeat_doubles_up(void **state) {
    probe *p = *state;
    pare_str s;
    pare_str_init(&s, probe_allocator(p));
    for (size_t size = 0; size <= 5; size++) {
        for (size_t count = 0; count <= 20; count++) {
            pare_str_reset(&s);
            assert_int_equal(pare_str_append_repeat(&s, "abcde", size, count), PARE_OK);
            assert_int_equal(pare_str_len(&s), size * count);
            for (size_t i = 0; i < size * count; i++) {
                assert_int_equal(pare_str_cstr(&s)[i], "abcde"[i % size]);
            }
        }
    }
    assert_int_equal(pare_str_append_repeat(&s, NULL, 0, 5), PARE_OK);
    assert_int_equal(pare_str_append_repeat(&s, NULL, 1, 5), PARE_ERR_ARGUMENT);
    pare_str_reset(&s);
    assert_int_equal(pare_str_append_repeat(&s, "ab", 2, SIZE_MAX / 2), PARE_ERR_ARGUMENT);
    pare_str_reset(&s);
    assert_int_equal(pare_str_append_repeat(&s, "abc", 3, SIZE_MAX / 2), PARE_ERR_ARGUMENT);
    assert_int_equal(pare_str_needed(&s), SIZE_MAX);
    pare_str_deinit(&s);

    p->always_move = true;
    pare_str_init(&s, probe_allocator(p));
    assert_int_equal(pare_str_append(&s, "0123"), PARE_OK);
    assert_int_equal(pare_str_shrink(&s), PARE_OK);
    assert_int_equal(pare_str_append_repeat(&s, pare_str_cstr(&s) + 1, 2, 100), PARE_OK);
    assert_int_equal(pare_str_len(&s), 204);
    for (size_t i = 0; i < 200; i++) assert_int_equal(pare_str_cstr(&s)[4 + i], "12"[i % 2]);
    pare_str_deinit(&s);
}

static void str_join_n_needs_no_nul(void **state) {
    probe *p = *state;
    const pare_slice comma = {", and", 2}, nothing = {NULL, 0};
    pare_slice parts[] = {{"one two", 3}, {NULL, 0}, {"three", 5}};
    pare_str s;
    pare_str_init(&s, probe_allocator(p));
    assert_int_equal(pare_str_append_join_n(&s, NULL, 0, comma), PARE_OK);
    assert_int_equal(pare_str_append_join_n(&s, parts + 1, 1, comma), PARE_OK);
    assert_int_equal(p->requests, 0);
    assert_int_equal(pare_str_append_join_n(&s, parts, 3, comma), PARE_OK);
    assert_int_equal(p->requests, 1);
    assert_int_equal(pare_str_append_join_n(&s, parts, 3, nothing), PARE_OK);
    assert_reads(&s, "one, , threeonethree");

    parts[1].len = 1;
    assert_int_equal(pare_str_append_join_n(&s, parts, 3, comma), PARE_ERR_ARGUMENT);
    assert_reads(&s, "one, , threeonethree");
    for (int i = 0; i < 3; i++) {
        pare_str_reset(&s);
        parts[1].len = i == 2 ? SIZE_MAX : 0;
        parts[1].ptr = i == 2 ? "x" : NULL;
        pare_status status = i == 0   ? pare_str_append_join_n(&s, NULL, 1, comma)
                             : i == 1 ? pare_str_append_join_n(&s, parts, 3, (pare_slice){NULL, 1})
                                      : pare_str_append_join_n(&s, parts, 3, comma);
        assert_int_equal(status, PARE_ERR_ARGUMENT);
        assert_reads(&s, "");
    }
    pare_str_deinit(&s);
}

static void assert_pads(probe *p, size_t width, pare_pad where, const char *expected) {
    pare_str s;
    pare_str_init(&s, probe_allocator(p));
    assert_int_equal(pare_str_append(&s, "<"), PARE_OK);
    size_t from = pare_str_needed(&s);
    assert_int_equal(pare_str_append_int(&s, 421), PARE_OK);
    assert_int_equal(pare_str_pad(&s, from, width, '.', where), PARE_OK);
    assert_reads(&s, expected);
    pare_str_deinit(&s);
}

static void str_pad_fills_a_field(void **state) {
    probe *p = *state;
    assert_pads(p, 0, PARE_PAD_BEFORE, "<421");
    assert_pads(p, 3, PARE_PAD_BEFORE, "<421");
    assert_pads(p, 4, PARE_PAD_BEFORE, "<.421");
    assert_pads(p, 4, PARE_PAD_AFTER, "<421.");
    assert_pads(p, 4, PARE_PAD_AROUND, "<421.");
    assert_pads(p, 5, PARE_PAD_AROUND, "<.421.");
    assert_pads(p, 6, PARE_PAD_AROUND, "<.421..");
    assert_pads(p, 12, PARE_PAD_BEFORE, "<.........421");
    assert_pads(p, 12, PARE_PAD_AFTER, "<421.........");
}

static void str_pad_counts_what_was_refused(void **state) {
    (void)state;
    char array[8];
    pare_str s;
    pare_str_init_fixed(&s, array, sizeof array);
    for (int i = 0; i < 3; i++) { /* the second field and its pad do not fit, nor the third */
        size_t from = pare_str_needed(&s);
        pare_str_append_int(&s, 123);
        pare_str_pad(&s, from, 6, ' ', PARE_PAD_AFTER);
    }
    assert_int_equal(pare_str_status(&s), PARE_ERR_LIMIT);
    assert_int_equal(pare_str_needed(&s), 18);
    assert_reads(&s, "123   ");
    pare_str_reset(&s);
    assert_int_equal(pare_str_append(&s, "ab"), PARE_OK);
    assert_int_equal(pare_str_pad(&s, 2, 1, ' ', PARE_PAD_AFTER), PARE_OK);
    assert_int_equal(pare_str_pad(&s, 4, 5, ' ', PARE_PAD_AFTER), PARE_ERR_ARGUMENT);
    assert_reads(&s, "ab ");
    pare_str_reset(&s);
    assert_int_equal(pare_str_pad(&s, 0, SIZE_MAX, ' ', PARE_PAD_AFTER), PARE_ERR_ARGUMENT);
    assert_reads(&s, "");
    pare_str_deinit(&s);
}

static void str_refusal_is_sticky_and_counts_on(void **state) {
    probe *p = *state;
    const char *const parts[] = {"ab", "cd"};
    const pare_slice slices[] = {{"x", 1}, {"yz", 2}};
    pare_str s;
    pare_str_init(&s, probe_allocator(p));
    assert_int_equal(pare_str_append(&s, "before"), PARE_OK);
    pare_str_set_limit(&s, 8);
    assert_int_equal(append(&s, "refused"), PARE_ERR_LIMIT);
    assert_int_equal(pare_str_append(&s, "x"), PARE_ERR_LIMIT); /* it would fit: no holes */
    assert_int_equal(append(&s, "y"), PARE_ERR_LIMIT);
    assert_int_equal(pare_str_append_char(&s, 'z'), PARE_ERR_LIMIT);
    assert_int_equal(pare_str_append_fill(&s, 'z', 4), PARE_ERR_LIMIT);
    assert_int_equal(pare_str_append_join(&s, parts, 2, "--"), PARE_ERR_LIMIT);
    assert_int_equal(pare_str_append_int(&s, -1234), PARE_ERR_LIMIT);
    assert_int_equal(pare_str_append_uint(&s, 99), PARE_ERR_LIMIT);
    assert_int_equal(pare_str_append_uint_base(&s, 255, 16, 4, '0'), PARE_ERR_LIMIT);
    assert_int_equal(pare_str_append_int_base(&s, -255, 16, 5, ' '), PARE_ERR_LIMIT);
    assert_int_equal(pare_str_append_bool(&s, 0), PARE_ERR_LIMIT);
    assert_int_equal(pare_str_append_pointer(&s, NULL), PARE_ERR_LIMIT);
    assert_int_equal(pare_str_append_double(&s, -0.25), PARE_ERR_LIMIT);
    assert_int_equal(pare_str_append_float(&s, 1e-7f), PARE_ERR_LIMIT);
    assert_int_equal(pare_str_append_double_fixed(&s, 1e30, 2), PARE_ERR_LIMIT);
    assert_int_equal(pare_str_append_double_scientific(&s, 0, 0), PARE_ERR_LIMIT);
    assert_int_equal(pare_str_append_repeat(&s, "abc", 3, 5), PARE_ERR_LIMIT);
    assert_int_equal(pare_str_append_join_n(&s, slices, 2, slices[0]), PARE_ERR_LIMIT);
    assert_int_equal(pare_str_append_printf(&s, "%s", "printed"), PARE_ERR_LIMIT);
    assert_int_equal(pare_str_append_lit(&s, ""), PARE_ERR_LIMIT);
    assert_int_equal(pare_str_replace(&s, "e", "eee"), PARE_ERR_LIMIT); /* there is no whole text */
    assert_int_equal(pare_str_needed(&s), 6 + 7 + 1 + 1 + 1 + 4 + 6 + 5 + 2 + 4 + 7 + //
                                              5 + 5 + 3 + 5 + 4 + 34 + 5 + 15 + 4);
    assert_reads(&s, "before");
    pare_str_reset(&s);
    assert_int_equal(pare_str_status(&s), PARE_OK);
    assert_int_equal(append(&s, "12345678"), PARE_OK);
    assert_reads(&s, "12345678");
    pare_str_deinit(&s);
}

/* --- appends: numbers -------------------------------------------------------------------- */

static void assert_int_reads(pare_str *s, int64_t value) {
    char expected[32];
    snprintf(expected, sizeof expected, "%" PRId64, value);
    pare_str_reset(s);
    assert_int_equal(pare_str_append_int(s, value), PARE_OK);
    if (strcmp(pare_str_cstr(s), expected) != 0) assert_string_equal(pare_str_cstr(s), expected);
}

static void assert_uint_reads(pare_str *s, uint64_t value) {
    char expected[32];
    snprintf(expected, sizeof expected, "%" PRIu64, value);
    pare_str_reset(s);
    assert_int_equal(pare_str_append_uint(s, value), PARE_OK);
    if (strcmp(pare_str_cstr(s), expected) != 0) assert_string_equal(pare_str_cstr(s), expected);
}

/* `value` and its neighbours, each in both signs. */
static void assert_edge_reads(pare_str *s, uint64_t value) {
    for (uint64_t i = 0; i < 3; i++) {
        assert_uint_reads(s, value - 1 + i);
        assert_int_reads(s, (int64_t)(value - 1 + i));
        assert_int_reads(s, (int64_t)(0 - (value - 1 + i)));
    }
}

static void str_ints_agree_with_printf_at_edges(void **state) {
    probe *p = *state;
    pare_str s;
    pare_str_init(&s, probe_allocator(p));
    for (unsigned shift = 0; shift < 64; shift++) assert_edge_reads(&s, (uint64_t)1 << shift);
    uint64_t power = 1;
    for (int digits = 0; digits < 20; digits++, power *= 10) {
        for (uint64_t lead = 1; lead < 10; lead++) assert_edge_reads(&s, lead * power);
    }
    assert_int_reads(&s, INT64_MIN);
    assert_int_reads(&s, INT64_MAX);
    assert_uint_reads(&s, UINT64_MAX);
    for (uint64_t i = 0; i < 20000; i++) assert_uint_reads(&s, i);
    pare_str_deinit(&s);
}

static void str_ints_agree_with_printf_at_random(void **state) {
    probe *p = *state;
    uint64_t random = 1;
    pare_str s;
    pare_str_init(&s, probe_allocator(p));
    for (int i = 0, steps = probe_steps(500000); i < steps; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        uint64_t value = (random ^ random >> 29) * 0xbf58476d1ce4e5b9u;
        value >>= random >> 58;
        assert_int_reads(&s, (int64_t)value);
        assert_uint_reads(&s, value);
    }
    pare_str_deinit(&s);
}

static void str_ints_fit_exactly(void **state) {
    (void)state;
    const int64_t values[] = {0, 7, -7, 12345, -12345, 1234567890123, INT64_MAX, INT64_MIN};
    char array[32], expected[32];
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        size_t size = (size_t)snprintf(expected, sizeof expected, "%" PRId64, values[i]);
        for (size_t cap = 1; cap < sizeof array; cap++) {
            pare_str s;
            memset(array, 'X', sizeof array);
            pare_str_init_fixed(&s, array, cap);
            bool fits = size < cap;
            assert_int_equal(pare_str_append_int(&s, values[i]), fits ? PARE_OK : PARE_ERR_LIMIT);
            assert_reads(&s, fits ? expected : "");
            assert_int_equal(pare_str_needed(&s), size);
            for (size_t at = cap; at < sizeof array; at++) assert_int_equal(array[at], 'X');
            pare_str_deinit(&s);
        }
    }
}

static void str_base_pads_and_refuses_bad_bases(void **state) {
    probe *p = *state;
    pare_str s;
    pare_str_init(&s, probe_allocator(p));
    assert_int_equal(pare_str_append_uint_base(&s, 255, 16, 0, '0'), PARE_OK);
    assert_int_equal(pare_str_append_uint_base(&s, 255, 16, 4, '0'), PARE_OK);
    assert_int_equal(pare_str_append_uint_base(&s, 35, 36, 2, ' '), PARE_OK);
    assert_int_equal(pare_str_append_uint_base(&s, 0, 10, 0, ' '), PARE_OK);
    assert_reads(&s, "ff00ff z0");
    pare_str_reset(&s);
    assert_int_equal(pare_str_append_uint_base(&s, UINT64_MAX, 2, 66, '.'), PARE_OK);
    assert_reads(&s, "..1111111111111111111111111111111111111111111111111111111111111111");
    pare_str_reset(&s);
    assert_int_equal(pare_str_append_int_base(&s, -255, 16, 6, '0'), PARE_OK);
    assert_int_equal(pare_str_append_int_base(&s, -255, 16, 6, ' '), PARE_OK);
    assert_int_equal(pare_str_append_int_base(&s, 255, 16, 3, '0'), PARE_OK);
    assert_int_equal(pare_str_append_int_base(&s, -255, 16, 3, '0'), PARE_OK);
    assert_reads(&s, "-000ff   -ff0ff-ff");
    pare_str_reset(&s);
    assert_int_equal(pare_str_append_int_base(&s, INT64_MIN, 2, 0, '0'), PARE_OK);
    assert_reads(&s, "-1000000000000000000000000000000000000000000000000000000000000000");
    pare_str_reset(&s);
    assert_int_equal(pare_str_append_int_base(&s, 1, 37, 0, '0'), PARE_ERR_ARGUMENT);
    pare_str_reset(&s);
    assert_int_equal(pare_str_append_uint_base(&s, 1, 1, 0, '0'), PARE_ERR_ARGUMENT);
    pare_str_reset(&s);
    assert_int_equal(pare_str_append_uint_base(&s, 1, 37, 0, '0'), PARE_ERR_ARGUMENT);
    pare_str_reset(&s);
    assert_int_equal(pare_str_append_uint_base(&s, 1, 10, SIZE_MAX, '0'), PARE_ERR_ARGUMENT);
    assert_reads(&s, "");
    pare_str_deinit(&s);
}

static void str_bools_and_pointers(void **state) {
    probe *p = *state;
    char expected[40];
    pare_str s;
    pare_str_init(&s, probe_allocator(p));
    assert_int_equal(pare_str_append_bool(&s, 0), PARE_OK);
    assert_int_equal(pare_str_append_bool(&s, 2), PARE_OK);
    assert_int_equal(pare_str_append_pointer(&s, NULL), PARE_OK);
    assert_reads(&s, "falsetrue0x0");
    for (unsigned shift = 0; shift < sizeof(void *) * 8; shift++) {
        uintptr_t address = UINTPTR_MAX >> shift;
        snprintf(expected, sizeof expected, "0x%" PRIxPTR, address);
        pare_str_reset(&s);
        assert_int_equal(pare_str_append_pointer(&s, (void *)address), PARE_OK);
        assert_reads(&s, expected);
    }
    pare_str_deinit(&s);
}

/* --- appends: doubles -------------------------------------------------------------------- */

static void assert_double(double value, const char *text) {
    char array[32];
    pare_str s;
    pare_str_init_fixed(&s, array, sizeof array);
    assert_int_equal(pare_str_append_double(&s, value), PARE_OK);
    assert_reads(&s, text);
}

static void str_double_is_laid_out_as_in_javascript(void **state) {
    (void)state;
    assert_double(0, "0");
    assert_double(-0.0, "-0");
    assert_double(1, "1");
    assert_double(-1.5, "-1.5");
    assert_double(0.1, "0.1");
    assert_double(0.1 + 0.2, "0.30000000000000004");
    assert_double(123456.789, "123456.789");
    assert_double(1200, "1200");
    assert_double(9007199254740993.0, "9007199254740992");
    assert_double(12345678901234567.0, "12345678901234568");
    assert_double(0.000001, "0.000001");
    assert_double(-0.0000012345678901234567, "-0.0000012345678901234567");
    assert_double(9.999999999999997e-7, "9.999999999999997e-7");
    assert_double(1e-7, "1e-7");
    assert_double(1e20, "100000000000000000000");
    assert_double(999999999999999868928.0, "999999999999999900000");
    assert_double(1e21, "1e+21");
    assert_double(1.5e300, "1.5e+300");
    assert_double(5e-324, "5e-324");
    assert_double(2.2250738585072014e-308, "2.2250738585072014e-308");
    assert_double(-1.7976931348623157e308, "-1.7976931348623157e+308");
    assert_double(INFINITY, "inf");
    assert_double(-INFINITY, "-inf");
    assert_double(NAN, "nan");
    assert_double(-NAN, "nan");
}

static void str_float_is_shorter(void **state) {
    probe *p = *state;
    pare_str s;
    pare_str_init(&s, probe_allocator(p));
    assert_int_equal(pare_str_append_float(&s, 0.1f), PARE_OK);
    assert_int_equal(pare_str_append_char(&s, ' '), PARE_OK);
    assert_int_equal(pare_str_append_double(&s, (double)0.1f), PARE_OK);
    assert_reads(&s, "0.1 0.10000000149011612");
    pare_str_reset(&s);
    const float values[] = {0,        -0.0f, 16777216, 1.17549435e-38f, 3.40282347e38f,
                            1.4e-45f, NAN,   -INFINITY};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        assert_int_equal(pare_str_append_float(&s, values[i]), PARE_OK);
        assert_int_equal(pare_str_append_char(&s, ' '), PARE_OK);
    }
    assert_reads(&s, "0 -0 16777216 1.1754944e-38 3.4028235e+38 1e-45 nan -inf ");
    pare_str_deinit(&s);
}

static void str_double_rounds_the_exact_value(void **state) {
    probe *p = *state;
    pare_str s;
    pare_str_init(&s, probe_allocator(p));
    static const struct {
        double value;
        unsigned decimals;
        const char *fixed, *scientific;
    } cases[] = {
        {0.125, 2, "0.12", "1.25e-01"},
        {0.375, 2, "0.38", "3.75e-01"},
        {2.675, 2, "2.67", "2.67e+00"},
        {0.5, 0, "0", "5e-01"},
        {1.5, 0, "2", "2e+00"},
        {2.5, 0, "2", "2e+00"},
        {-0.001, 2, "-0.00", "-1.00e-03"},
        {-0.0, 3, "-0.000", "-0.000e+00"},
        {9.995, 2, "9.99", "9.99e+00"},
        {9.9951, 2, "10.00", "1.00e+01"},
        {999999.9999, 3, "1000000.000", "1.000e+06"},
        {1e23, 1, "99999999999999991611392.0", "1.0e+23"},
        {5e-324, 2, "0.00", "4.94e-324"},
        {0.1, 20, "0.10000000000000000555", "1.00000000000000005551e-01"},
        {-INFINITY, 5, "-inf", "-inf"},
        {NAN, 0, "nan", "nan"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double value = cases[i].value;
        pare_str_reset(&s);
        assert_int_equal(pare_str_append_double_fixed(&s, value, cases[i].decimals), PARE_OK);
        assert_reads(&s, cases[i].fixed);
        pare_str_reset(&s);
        assert_int_equal(pare_str_append_double_scientific(&s, value, cases[i].decimals), PARE_OK);
        assert_reads(&s, cases[i].scientific);
    }
    pare_str_deinit(&s);
}

static void str_decimals_end_at_the_limit(void **state) {
    probe *p = *state;
    char expected[1500];
    pare_str s;
    pare_str_init(&s, probe_allocator(p));
    assert_int_equal(pare_str_append_double_fixed(&s, -DBL_MAX, PARE_STR_DECIMALS_MAX), PARE_OK);
    snprintf(expected, sizeof expected, "%.1100f", -DBL_MAX);
    assert_reads(&s, expected);
    pare_str_reset(&s);
    assert_int_equal(pare_str_append_double_scientific(&s, -5e-324, PARE_STR_DECIMALS_MAX),
                     PARE_OK);
    snprintf(expected, sizeof expected, "%.1100e", -5e-324);
    assert_reads(&s, expected);
    pare_str_reset(&s);
    assert_int_equal(pare_str_append_double_fixed(&s, 1, PARE_STR_DECIMALS_MAX + 1),
                     PARE_ERR_ARGUMENT);
    pare_str_reset(&s);
    assert_int_equal(pare_str_append_double_scientific(&s, 1, UINT_MAX), PARE_ERR_ARGUMENT);
    assert_reads(&s, "");
    pare_str_deinit(&s);
}

/* The four kinds of text of a double. */
static pare_status append_double(pare_str *s, double value, int kind) {
    if (kind == 0) return pare_str_append_double(s, value);
    if (kind == 1) return pare_str_append_float(s, (float)value);
    if (kind == 2) return pare_str_append_double_fixed(s, value, 3);
    return pare_str_append_double_scientific(s, value, 30);
}

static void str_doubles_fit_exactly(void **state) {
    (void)state;
    const double values[] = {0, -1.25, 3.14159265358979, -1.2345678901234567e-300, 1e300, 1e20};
    for (int i = 0; i < 24; i++) {
        double value = values[i / 4];
        char whole[400], array[400];
        pare_str s;
        pare_str_init_fixed(&s, whole, sizeof whole);
        assert_int_equal(append_double(&s, value, i % 4), PARE_OK);
        const char *expected = pare_str_cstr(&s);
        size_t len = strlen(expected);
        for (size_t room = 1; room < len + 50; room++) {
            memset(array, '#', sizeof array);
            pare_str_init_fixed(&s, array, room + 1);
            assert_int_equal(append_double(&s, value, i % 4),
                             room < len ? PARE_ERR_LIMIT : PARE_OK);
            assert_int_equal(pare_str_needed(&s), len);
            assert_string_equal(pare_str_cstr(&s), room < len ? "" : expected);
            for (size_t at = room + 1; at < sizeof array; at++) assert_int_equal(array[at], '#');
        }
    }
}

/* --- appends: printf --------------------------------------------------------------------- */

static void str_printf_formats_into_the_buffer(void **state) {
    probe *p = *state;
    char expected[100], first[40];
    for (int width = 1; width < 80; width++) { /* through both edges of both buffers */
        for (size_t cap = 1; cap <= sizeof first; cap += 13) {
            pare_str s;
            pare_str_init_with(&s, first, cap, probe_allocator(p));
            assert_int_equal(pare_str_append(&s, "<"), PARE_OK);
            assert_int_equal(pare_str_append_printf(&s, "%*d%s", width, 42, ">"), PARE_OK);
            snprintf(expected, sizeof expected, "<%*d>", width, 42);
            assert_reads(&s, expected);
            pare_str_deinit(&s);
        }
    }
}

static void str_printf_asks_once(void **state) {
    probe *p = *state;
    pare_str s;
    pare_str_init(&s, probe_allocator(p));
    assert_int_equal(pare_str_append_printf(&s, "%s", ""), PARE_OK);
    assert_reads(&s, "");
    assert_int_equal(pare_str_append_printf(&s, "%1000d", 1), PARE_OK);
    assert_int_equal(pare_str_len(&s), 1000);
    assert_true(p->requests <= 2);
    uint64_t requests = p->requests;
    pare_str_reset(&s);
    assert_int_equal(pare_str_append_printf(&s, "%1000d", 1), PARE_OK);
    assert_int_equal(p->requests, requests);
    pare_str_deinit(&s);
}

static void str_printf_errors_leave_the_text(void **state) {
    probe *p = *state;
    pare_str s;
    if (!probe_formats_can_fail()) skip();
    errno = 77;
    pare_str_init(&s, probe_allocator(p));
    assert_int_equal(pare_str_append(&s, "text"), PARE_OK);
    assert_int_equal(pare_str_append_printf(&s, "abc%lc", (wint_t)0xd800), PARE_ERR_FORMAT);
    assert_reads(&s, "text");
    assert_int_equal(errno, 77);
    assert_int_equal(pare_str_append(&s, "x"), PARE_ERR_FORMAT);
    pare_str_reset(&s);
    const char *volatile no_format = NULL;
    assert_int_equal(pare_str_append_printf(&s, no_format, 1), PARE_ERR_ARGUMENT);
    pare_str_deinit(&s);
}

static void str_printf_refusals_are_told_apart(void **state) {
    probe *p = *state;
    pare_str s;
    pare_str_init(&s, probe_allocator(p));
    assert_int_equal(pare_str_append(&s, "text"), PARE_OK);
    probe_refuse(p, 0, PROBE_NEVER);
    assert_int_equal(pare_str_append_printf(&s, "%200d", 1), PARE_ERR_MEMORY);
    assert_int_equal(pare_str_needed(&s), 204);
    assert_reads(&s, "text");
    pare_str_reset(&s);
    pare_str_set_limit(&s, 10);
    assert_int_equal(pare_str_append_printf(&s, "%10d", 1), PARE_OK);
    assert_int_equal(pare_str_append_printf(&s, "%d", 1), PARE_ERR_LIMIT);
    assert_int_equal(pare_str_append_printf(&s, "%d", 23), PARE_ERR_LIMIT);
    assert_int_equal(pare_str_needed(&s), 13);
    assert_reads(&s, "         1");
    pare_str_deinit(&s);
}

/* --- everything together ----------------------------------------------------------------- */

static bool write_log_through_refusals(probe *p, void *ctx) {
    char first[16];
    pare_str s, whole = {0};
    pare_parcel parcel;
    (void)ctx;
    pare_str_init_with(&s, first, sizeof first, probe_allocator(p));
    for (int i = 0; i < 200; i++) {
        log_line(&s, i);
        log_line(&whole, i);
    }
    bool refused = pare_str_status(&s) != PARE_OK;
    assert_true(!refused || pare_str_status(&s) == PARE_ERR_MEMORY);
    assert_int_equal(pare_str_needed(&s), pare_str_len(&whole));
    assert_true(pare_str_len(&s) <= pare_str_len(&whole));
    assert_memory_equal(pare_str_cstr(&s), pare_str_cstr(&whole), pare_str_len(&s));
    assert_int_equal(strlen(pare_str_cstr(&s)), pare_str_len(&s));
    if (pare_str_detach(&s, &parcel) == PARE_OK) pare_parcel_free(parcel);
    pare_str_deinit(&s);
    pare_str_deinit(&whole);
    return refused;
}

static void str_refusals_leave_a_valid_prefix(void **state) {
    probe *p = *state;
    probe_sweep(p, write_log_through_refusals, NULL);
    p->never_resize = true;
    probe_sweep(p, write_log_through_refusals, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(str_zeroed_is_empty_on_the_heap),
        CASE(str_init_with_keeps_a_byte_for_the_nul),
        CASE(str_init_with_one_byte_or_none),
        CASE(str_init_fixed_answers_limit),
        CASE(str_detach_gives_a_terminated_block),
        CASE(str_detach_of_a_failed_text_is_refused),
        CASE(str_detached_from_the_heap_goes_to_free),
        CASE(str_attach_needs_a_byte_for_the_nul),
        CASE(str_reserve_counts_the_nul),
        CASE(str_limit_does_not_count_the_nul),
        CASE(str_shrink_keeps_the_nul),
        CASE(str_reset_max_drops_giants_only),
        CASE(str_reset_refills_without_a_call),
        CASE(str_truncate_reads_terminated),
        CASE(str_truncate_utf8_cuts_no_sequence),
        CASE(str_truncate_utf8_cuts_other_text_anywhere),
        CASE(str_insert_and_erase_keep_the_nul),
        CASE(str_replace_finds_every_needle),
        CASE(str_replace_knows_lengths_and_refuses),
        CASE(str_appends_of_every_kind_agree),
        CASE(str_text_of_every_length_fits_every_array),
        CASE(str_keeps_embedded_nuls),
        CASE(str_null_is_nothing_or_argument),
        CASE(str_append_of_itself_survives_growth),
        CASE(str_join_puts_separators_between),
        CASE(str_repeat_doubles_up),
        CASE(str_join_n_needs_no_nul),
        CASE(str_pad_fills_a_field),
        CASE(str_pad_counts_what_was_refused),
        CASE(str_refusal_is_sticky_and_counts_on),
        CASE(str_ints_agree_with_printf_at_edges),
        CASE(str_ints_agree_with_printf_at_random),
        CASE(str_ints_fit_exactly),
        CASE(str_base_pads_and_refuses_bad_bases),
        CASE(str_bools_and_pointers),
        CASE(str_double_is_laid_out_as_in_javascript),
        CASE(str_float_is_shorter),
        CASE(str_double_rounds_the_exact_value),
        CASE(str_decimals_end_at_the_limit),
        CASE(str_doubles_fit_exactly),
        CASE(str_printf_formats_into_the_buffer),
        CASE(str_printf_asks_once),
        CASE(str_printf_errors_leave_the_text),
        CASE(str_printf_refusals_are_told_apart),
        CASE(str_refusals_leave_a_valid_prefix),
    };
    return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
