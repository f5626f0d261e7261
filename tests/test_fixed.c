/* test_fixed.c - mirrors pare/fixed.h section by section.
 * SPDX-License-Identifier: MIT */
#include "support/probe.h"
#include "pare/fixed.h"

static void fixed_serves_exactly_its_capacity(void **state) {
    (void)state;
    char array[64];
    pare_fixed f;
    pare_span s = {NULL, 0};
    pare_fixed_init(&f, array, sizeof array);
    pare_allocator a = pare_fixed_allocator(&f);
    assert_int_equal(pare_alloc_span(a, 65, 1, 0, &s), PARE_ERR_MEMORY);
    assert_int_equal(pare_alloc_span(a, 64, 1, 0, &s), PARE_OK);
    assert_ptr_equal(s.ptr, array);
    assert_int_equal(s.cap, 64);
    assert_null(pare_alloc(a, 1, 1));
    assert_int_equal(pare_fixed_get_stats(&f).live_bytes, 64);
}

static void fixed_refuses_when_padding_does_not_fit(void **state) {
    (void)state;
    _Alignas(64) char array[64 + 16];
    pare_fixed f;
    pare_fixed_init(&f, array + 1, 79);
    pare_allocator a = pare_fixed_allocator(&f);
    assert_null(pare_alloc(a, 17, 64));
    assert_int_equal(pare_fixed_get_stats(&f).live_bytes, 0);
    char *p = pare_alloc(a, 16, 64);
    assert_ptr_equal(p, array + 64);
    assert_int_equal(pare_fixed_get_stats(&f).live_bytes, 79);
}

static void fixed_newest_block_grows_shrinks_and_is_given_back(void **state) {
    (void)state;
    char array[100];
    pare_fixed f;
    pare_fixed_init(&f, array, sizeof array);
    pare_allocator a = pare_fixed_allocator(&f);
    pare_span first, newest;
    assert_int_equal(pare_alloc_span(a, 10, 1, 0, &first), PARE_OK);
    assert_int_equal(pare_alloc_span(a, 10, 1, 0, &newest), PARE_OK);

    assert_int_equal(pare_resize_span(a, &first, 20, 1, 0), PARE_ERR_MEMORY);
    assert_int_equal(first.cap, 10);
    assert_int_equal(pare_resize_span(a, &newest, 91, 1, 0), PARE_ERR_MEMORY);
    memset(array, 'x', sizeof array);
    assert_int_equal(pare_resize_span(a, &newest, 90, 1, PARE_ZEROED), PARE_OK);
    assert_int_equal(array[19], 'x');
    assert_int_equal(array[20], 0);
    assert_int_equal(array[99], 0);
    assert_int_equal(pare_resize_span(a, &newest, 1, 1, 0), PARE_OK);
    assert_int_equal(pare_fixed_get_stats(&f).live_bytes, 11);

    pare_free_span(a, first, 1); /* not the newest: stays */
    assert_int_equal(pare_fixed_get_stats(&f).live_bytes, 11);
    pare_free_span(a, newest, 1);
    assert_int_equal(pare_fixed_get_stats(&f).live_bytes, 10);
    assert_int_equal(pare_fixed_get_stats(&f).peak_bytes, 100);
}

static void fixed_realloc_of_older_block_copies(void **state) {
    (void)state;
    char array[100];
    pare_fixed f;
    pare_fixed_init(&f, array, sizeof array);
    pare_allocator a = pare_fixed_allocator(&f);
    char *older = pare_alloc(a, 4, 1);
    assert_non_null(older);
    assert_non_null(pare_alloc(a, 4, 1));
    memcpy(older, "abc", 4);
    char *moved = pare_realloc(a, older, 4, 40, 1);
    assert_ptr_equal(moved, array + 8);
    assert_string_equal(moved, "abc");
    assert_null(pare_realloc(a, older, 4, 60, 1));
}

static void fixed_zeroed_memory_is_zero(void **state) {
    (void)state;
    char array[32];
    pare_fixed f;
    pare_span s;
    memset(array, 'x', sizeof array);
    pare_fixed_init(&f, array, sizeof array);
    assert_int_equal(pare_alloc_span(pare_fixed_allocator(&f), 31, 1, PARE_ZEROED, &s), PARE_OK);
    assert_int_equal(array[30], 0);
    assert_int_equal(array[31], 'x');
}

static void fixed_reset_forgets_blocks_and_keeps_the_peak(void **state) {
    (void)state;
    char array[32];
    pare_fixed f;
    pare_fixed_init(&f, array, sizeof array);
    assert_non_null(pare_alloc(pare_fixed_allocator(&f), 32, 1));
    pare_fixed_reset(&f);
    assert_non_null(pare_alloc(pare_fixed_allocator(&f), 20, 1));
    assert_int_equal(pare_fixed_get_stats(&f).peak_bytes, 32);
    assert_int_equal(pare_fixed_get_stats(&f).capacity_bytes, 32);
    pare_fixed_deinit(&f);
    assert_int_equal(pare_fixed_get_stats(&f).capacity_bytes, 0);
}

static void fixed_zeroed_null_and_none_refuse_everything(void **state) {
    (void)state;
    pare_fixed zeroed = {0}, null;
    pare_fixed_init(&null, NULL, 100);
    assert_null(pare_alloc(pare_fixed_allocator(&zeroed), 1, 1));
    assert_null(pare_alloc(pare_fixed_allocator(&null), 1, 1));
    assert_null(pare_alloc(pare_none(), 1, 1));
    assert_int_equal(pare_fixed_get_stats(&zeroed).live_bytes, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(fixed_serves_exactly_its_capacity),
        CASE(fixed_refuses_when_padding_does_not_fit),
        CASE(fixed_newest_block_grows_shrinks_and_is_given_back),
        CASE(fixed_realloc_of_older_block_copies),
        CASE(fixed_zeroed_memory_is_zero),
        CASE(fixed_reset_forgets_blocks_and_keeps_the_peak),
        CASE(fixed_zeroed_null_and_none_refuse_everything),
    };
    return cmocka_run_group_tests_name("fixed", tests, NULL, NULL);
}
