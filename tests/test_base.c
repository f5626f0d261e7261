/* test_base.c - mirrors pare/base.h section by section.
 * SPDX-License-Identifier: MIT */
#include "support/probe.h"
#include "pare/arena.h"
#include "pare/base.h"
#include <stdio.h>

/* --- version and statuses ---------------------------------------------------------------- */

static void base_version_agrees_with_its_parts(void **state) {
    char text[32];
    (void)state;
    snprintf(text, sizeof text, "%d.%d.%d", PARE_VERSION_MAJOR, PARE_VERSION_MINOR,
             PARE_VERSION_PATCH);
    assert_string_equal(PARE_VERSION, text);
}

static void base_status_text_differs_for_each_status(void **state) {
    (void)state;
    assert_string_equal(pare_status_text(PARE_OK), "ok");
    for (int a = PARE_OK; a <= PARE_ERR_IO; a++) {
        for (int b = PARE_OK; b < a; b++) {
            assert_string_not_equal(pare_status_text((pare_status)a),
                                    pare_status_text((pare_status)b));
        }
    }
    assert_string_equal(pare_status_text((pare_status)77), "unknown status");
}

/* --- misuse ------------------------------------------------------------------------------ */

/* The simplest misuse; the arena is beside the point here. */
static void misuse_of_two_arenas(void *ctx) {
    pare_arena a = {0}, b = {0};
    (void)ctx;
    pare_arena_rewind(&a, pare_arena_mark(&b));
}

static void base_misuse_default_writes_a_line_and_aborts(void **state) {
    (void)state;
    expect_misuse(misuse_of_two_arenas, NULL, "pare: arena: mark of another arena");
}

static void base_misuse_handler_is_told_and_may_return(void **state) {
    (void)state;
    pare_set_misuse_handler(misuse_note);
    misuse_of_two_arenas(NULL);
    assert_int_equal(misuse_count, 1);
    assert_string_equal(misuse_last.module, "arena");
    assert_string_equal(misuse_last.kind, "mark of another arena");
    assert_non_null(misuse_last.object);
    assert_non_null(misuse_last.site);
}

static void base_set_misuse_handler_returns_the_one_before(void **state) {
    (void)state;
    pare_misuse_handler initial = pare_set_misuse_handler(misuse_note);
    assert_non_null(initial);
    assert_ptr_equal(pare_set_misuse_handler(NULL), misuse_note);
    assert_ptr_equal(pare_set_misuse_handler(initial), initial);
}

/* --- arithmetic -------------------------------------------------------------------------- */

static void base_product_saturates_at_size_max(void **state) {
    (void)state;
    assert_int_equal(parei_product(0, 0), 0);
    assert_int_equal(parei_product(SIZE_MAX, 0), 0);
    assert_int_equal(parei_product(0, SIZE_MAX), 0);
    assert_int_equal(parei_product(12, 12), 144);
    assert_int_equal(parei_product(SIZE_MAX, 1), SIZE_MAX);
    assert_int_equal(parei_product(SIZE_MAX / 2, 2), SIZE_MAX - 1);
    assert_int_equal(parei_product(SIZE_MAX / 2 + 1, 2), SIZE_MAX);
    assert_int_equal(parei_product(SIZE_MAX, SIZE_MAX), SIZE_MAX);
}

static void base_log2_at_both_sides_of_each_power(void **state) {
    (void)state;
    for (unsigned bit = 0; bit < sizeof(size_t) * 8; bit++) {
        volatile size_t power = (size_t)1 << bit; /* hides the value from the compiler */
        assert_int_equal(parei_log2(power), bit);
        assert_int_equal(parei_log2(power | (power - 1)), bit);
        if (bit > 0) assert_int_equal(parei_log2(power - 1), bit - 1);
    }
    assert_int_equal(parei_log2(4096), 12);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(base_version_agrees_with_its_parts),
        CASE(base_status_text_differs_for_each_status),
        CASE(base_misuse_default_writes_a_line_and_aborts),
        CASE(base_misuse_handler_is_told_and_may_return),
        CASE(base_set_misuse_handler_returns_the_one_before),
        CASE(base_product_saturates_at_size_max),
        CASE(base_log2_at_both_sides_of_each_power),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
