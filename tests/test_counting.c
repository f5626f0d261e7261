/* test_counting.c - mirrors pare/counting.h. The probe below keeps its own books to compare with.
 * SPDX-License-Identifier: MIT */
#include "support/probe.h"
#include "pare/counting.h"

static void counting_counts_rate_and_residency(void **state) {
    probe *p = *state;
    pare_counting c;
    pare_span s, t;
    p->slack = 6;
    pare_counting_init(&c, probe_allocator(p));
    pare_allocator a = pare_counting_allocator(&c);
    assert_int_equal(pare_alloc_span(a, 10, 1, 0, &s), PARE_OK);          /* 16 */
    assert_int_equal(pare_alloc_span(a, 30, 1, PARE_EXACT, &t), PARE_OK); /* 30 */
    assert_int_equal(pare_resize_span(a, &t, 100, 1, PARE_MAY_MOVE), PARE_OK);
    assert_int_equal(pare_resize_span(a, &t, 50, 1, PARE_MAY_MOVE), PARE_OK);
    pare_free_span(a, s, 1);

    pare_counting_stats stats = pare_counting_get_stats(&c);
    assert_int_equal(stats.allocs, 2);
    assert_int_equal(stats.frees, 1);
    assert_int_equal(stats.resizes, 2);
    assert_int_equal(stats.refusals, 0);
    assert_int_equal(stats.total_bytes, 16 + 30 + 70);
    assert_int_equal(stats.live_bytes, p->live_bytes);
    assert_int_equal(stats.live_bytes, 50);
    assert_int_equal(stats.peak_bytes, 116);
    pare_free_span(a, t, 1);
    assert_int_equal(pare_counting_get_stats(&c).live_bytes, 0);
    pare_counting_deinit(&c);
}

static void counting_refusals_count_apart_and_change_nothing(void **state) {
    probe *p = *state;
    pare_counting c;
    pare_span s;
    pare_counting_init(&c, probe_allocator(p));
    pare_allocator a = pare_counting_allocator(&c);
    assert_int_equal(pare_alloc_span(a, 10, 1, 0, &s), PARE_OK);
    pare_counting_stats before = pare_counting_get_stats(&c);
    probe_refuse(p, 0, PROBE_NEVER);
    assert_null(pare_alloc(a, 10, 1));
    assert_int_equal(pare_resize_span(a, &s, 100, 1, PARE_MAY_MOVE), PARE_ERR_MEMORY);
    before.refusals = 2;
    pare_counting_stats after = pare_counting_get_stats(&c);
    assert_memory_equal(&before, &after, sizeof after);
    pare_free_span(a, s, 1);
}

static void counting_realloc_by_copy_counts_its_alloc_and_free(void **state) {
    probe *p = *state;
    pare_counting c;
    p->never_resize = true;
    pare_counting_init(&c, probe_allocator(p));
    pare_allocator a = pare_counting_allocator(&c);
    void *ptr = pare_realloc(a, NULL, 0, 8, 1);
    ptr = pare_realloc(a, ptr, 8, 16, 1);
    assert_non_null(ptr);
    pare_counting_stats stats = pare_counting_get_stats(&c);
    assert_int_equal(stats.allocs, 2);
    assert_int_equal(stats.frees, 1);
    assert_int_equal(stats.peak_bytes, 24);
    pare_free(a, ptr, 16, 1);
}

static void counting_zeroed_counts_the_heap(void **state) {
    (void)state;
    pare_counting c = {0};
    pare_allocator a = pare_counting_allocator(&c);
    void *ptr = pare_alloc(a, 100, 8);
    assert_non_null(ptr);
    assert_int_equal(pare_counting_get_stats(&c).live_bytes, 100);
    pare_free(a, ptr, 100, 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(counting_counts_rate_and_residency),
        CASE(counting_refusals_count_apart_and_change_nothing),
        CASE(counting_realloc_by_copy_counts_its_alloc_and_free),
        CASE(counting_zeroed_counts_the_heap),
    };
    return cmocka_run_group_tests_name("counting", tests, NULL, NULL);
}
