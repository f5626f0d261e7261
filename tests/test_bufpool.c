/* test_bufpool.c - mirrors pare/bufpool.h section by section.
 * Method: pools draw from a probe, so that each buffer must come back with its true size. The model
 * test at the end does random operations and compares, after each, what the pool says it keeps with
 * what the probe says is out.
 * SPDX-License-Identifier: MIT */
#include "support/probe.h"
#include "pare/bufpool.h"
#include "pare/counting.h"
#include "pare/fixed.h"
#include <stdlib.h>

enum { DEFAULT_CLASSES = 65 };

static pare_bufpool pool_with(probe *p, pare_bufpool_options options) {
    pare_bufpool b;
    assert_int_equal(pare_bufpool_init(&b, probe_allocator(p), &options), PARE_OK);
    return b;
}

/* A buffer for `size`, all of it written. */
static pare_span got(pare_bufpool *b, size_t size) {
    pare_span s = pare_bufpool_get(b, size);
    assert_non_null(s.ptr);
    assert_true(s.cap >= size);
    memset(s.ptr, 0x33, s.cap);
    return s;
}

/* A buffer that the pool has never seen, from the same allocator. */
static pare_span foreign(probe *p, size_t cap) {
    pare_span s;
    assert_int_equal(pare_alloc_span(probe_allocator(p), cap, 16, PARE_EXACT, &s), PARE_OK);
    return s;
}

static void get_and_put(pare_bufpool *b, size_t size) { pare_bufpool_put(b, got(b, size)); }

static pare_bufpool_stats stats_of(const pare_bufpool *b) { return pare_bufpool_get_stats(b); }

/* --- lifetime ---------------------------------------------------------------------------- */

static void bufpool_zeroed_is_valid_on_the_heap(void **state) {
    (void)state;
    pare_bufpool b = {0}, zeroed = {0};
    assert_int_equal(pare_bufpool_status(&b), PARE_OK);
    assert_int_equal(stats_of(&b).retained_bytes, 0);
    assert_int_equal(pare_bufpool_get_class_stats(&b, 0).class_bytes, 0);
    pare_bufpool_trim(&b, 0, PARE_TRIM_ALL);
    pare_bufpool_put(&b, (pare_span){NULL, 0});
    pare_bufpool_deinit(&b);
    assert_memory_equal(&b, &zeroed, sizeof b);
    get_and_put(&b, 100);
    get_and_put(&b, 100);
    assert_int_equal(stats_of(&b).hits, 1);
    pare_bufpool_deinit(&b);
    assert_memory_equal(&b, &zeroed, sizeof b);
}

static void bufpool_zeroed_takes_a_put_first(void **state) {
    probe *p = *state;
    pare_bufpool b = {.from = probe_allocator(p)};
    pare_bufpool_put(&b, foreign(p, 4096));
    assert_int_equal(stats_of(&b).retained_bytes, 4096);
    pare_bufpool_deinit(&b);
}

static void bufpool_init_without_options_allocates_at_the_first_get(void **state) {
    probe *p = *state;
    pare_bufpool b;
    assert_int_equal(pare_bufpool_init(&b, probe_allocator(p), NULL), PARE_OK);
    assert_int_equal(p->requests, 0);
    pare_span s = got(&b, 1);
    assert_int_equal(p->requests, 2); /* the tables and the buffer */
    assert_int_equal(stats_of(&b).class_count, DEFAULT_CLASSES);
    pare_bufpool_put(&b, s);
    pare_bufpool_deinit(&b);
}

static void bufpool_init_checks_each_option_at_both_edges(void **state) {
    probe *p = *state;
    static const size_t list[] = {1, 2, 3000}, twice[] = {8, 8}, falling[] = {9, 8},
                        zero[] = {0, 1}, huge[] = {PARE_BUFPOOL_CLASS_MAX},
                        beyond[] = {PARE_BUFPOOL_CLASS_MAX + 1};
    const pare_bufpool_options good[] = {
        {0},
        {.min_bytes = 1, .max_bytes = 1},
        {.min_bytes = 4096, .max_bytes = 4096},
        {.min_bytes = (size_t)4 << 20}, /* above the default maximum, which gives way */
        {.min_bytes = PARE_BUFPOOL_CLASS_MAX},
        {.max_bytes = PARE_BUFPOOL_CLASS_MAX},
        {.classes = list, .class_count = 3},
        {.classes = huge, .class_count = 1},
        {.retain_bytes = 1},
        {.retain_bytes = SIZE_MAX},
        {.align = 1},
        {.align = 65536},
        {.flags = PARE_WIPE},
    };
    const pare_bufpool_options bad[] = {
        {.min_bytes = 2, .max_bytes = 1},
        {.min_bytes = PARE_BUFPOOL_CLASS_MAX + 1},
        {.max_bytes = PARE_BUFPOOL_CLASS_MAX + 1},
        {.max_bytes = SIZE_MAX},
        {.classes = list},
        {.class_count = 3},
        {.classes = list, .class_count = 3, .max_bytes = 4096},
        {.classes = list, .class_count = 3, .min_bytes = 16},
        {.classes = list, .class_count = SIZE_MAX / 1024 + 1},
        {.classes = twice, .class_count = 2},
        {.classes = falling, .class_count = 2},
        {.classes = zero, .class_count = 2},
        {.classes = beyond, .class_count = 1},
        {.align = 3},
        {.align = 131072},
        {.flags = 2},
        {.reserved = {0, 0, 0, 1}},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        pare_bufpool b = pool_with(p, good[i]);
        pare_bufpool_deinit(&b);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        pare_bufpool b = {.status = PARE_ERR_FORMAT}, before = b;
        assert_int_equal(pare_bufpool_init(&b, probe_allocator(p), &bad[i]), PARE_ERR_ARGUMENT);
        assert_memory_equal(&b, &before, sizeof b);
    }
}

static void bufpool_init_refused_leaves_pool_untouched(void **state) {
    probe *p = *state;
    pare_bufpool b = {.status = PARE_ERR_FORMAT}, before = b;
    pare_bufpool_options options = {0};
    probe_refuse(p, 0, PROBE_NEVER);
    assert_int_equal(pare_bufpool_init(&b, probe_allocator(p), &options), PARE_ERR_MEMORY);
    assert_memory_equal(&b, &before, sizeof b);
}

static void bufpool_deinit_leaves_buffers_in_use_to_their_users(void **state) {
    probe *p = *state;
    pare_bufpool b = pool_with(p, (pare_bufpool_options){.align = 64});
    pare_span small = got(&b, 1), large = got(&b, (size_t)2 << 20);
    get_and_put(&b, 500);
    pare_bufpool_deinit(&b);
    assert_int_equal(p->live_blocks, 2);
    memset(small.ptr, 1, small.cap);
    pare_free_span(probe_allocator(p), small, 64);
    pare_free_span(probe_allocator(p), large, 64);
}

static void bufpool_buffers_have_the_pools_alignment(void **state) {
    probe *p = *state;
    pare_bufpool b = pool_with(p, (pare_bufpool_options){.align = 4096});
    pare_span small = got(&b, 1), large = got(&b, (size_t)1 << 21);
    assert_int_equal((uintptr_t)small.ptr % 4096, 0);
    assert_int_equal((uintptr_t)large.ptr % 4096, 0);
    pare_bufpool_put(&b, small);
    pare_bufpool_put(&b, large);
    pare_bufpool_deinit(&b);
}

/* --- classes ----------------------------------------------------------------------------- */

/* Gets at both edges of each class, the odd sizes around it included. */
static void check_classes(pare_bufpool *b) {
    get_and_put(b, 1);
    size_t count = stats_of(b).class_count, before = 0;
    for (size_t i = 0; i < count; i++) {
        size_t bytes = pare_bufpool_get_class_stats(b, i).class_bytes;
        const size_t sizes[] = {before + 1, before + (bytes - before) / 2 + 1, bytes};
        for (size_t k = 0; k < 3; k++) {
            if (sizes[k] > bytes) continue;
            pare_span s = got(b, sizes[k]);
            assert_int_equal(s.cap, bytes);
            pare_bufpool_put(b, s);
            assert_ptr_equal(got(b, sizes[k]).ptr, s.ptr);
            pare_bufpool_put(b, s);
        }
        before = bytes;
    }
    assert_int_equal(pare_bufpool_get_class_stats(b, count).class_bytes, 0);
    assert_int_equal(stats_of(b).oversize, 0);
    pare_span s = got(b, before + 1);
    assert_int_equal(s.cap, before + 1);
    assert_int_equal(stats_of(b).oversize, 1);
    pare_bufpool_put(b, s);
    assert_int_equal(stats_of(b).dropped_large, 1);
}

static void bufpool_default_classes_hold_at_both_edges(void **state) {
    probe *p = *state;
    pare_bufpool b = {.from = probe_allocator(p)};
    check_classes(&b);
    assert_int_equal(pare_bufpool_get_class_stats(&b, 0).class_bytes, 16);
    assert_int_equal(pare_bufpool_get_class_stats(&b, DEFAULT_CLASSES - 1).class_bytes, 1 << 20);
    pare_bufpool_deinit(&b);
}

static void bufpool_bounded_classes_hold_at_both_edges(void **state) {
    probe *p = *state;
    const size_t bounds[][2] = {{1, 1},     {16, 17},   {17, 127},    {128, 129},
                                {100, 160}, {161, 512}, {4096, 4096}, {5000, 70000}};
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        pare_bufpool b = pool_with(
            p, (pare_bufpool_options){.min_bytes = bounds[i][0], .max_bytes = bounds[i][1]});
        check_classes(&b);
        size_t last = stats_of(&b).class_count - 1;
        assert_true(pare_bufpool_get_class_stats(&b, 0).class_bytes >= bounds[i][0]);
        assert_true(pare_bufpool_get_class_stats(&b, last).class_bytes >= bounds[i][1]);
        pare_bufpool_deinit(&b);
    }
}

static void bufpool_listed_classes_hold_at_both_edges(void **state) {
    probe *p = *state;
    static const size_t lists[][5] = {{1}, {1, 2, 3, 4, 5}, {100, 1000, 1001, 5000, 70000}};
    const size_t counts[] = {1, 5, 5};
    for (size_t i = 0; i < 3; i++) {
        pare_bufpool b =
            pool_with(p, (pare_bufpool_options){.classes = lists[i], .class_count = counts[i]});
        check_classes(&b);
        assert_int_equal(stats_of(&b).class_count, counts[i]);
        for (size_t k = 0; k < counts[i]; k++) {
            assert_int_equal(pare_bufpool_get_class_stats(&b, k).class_bytes, lists[i][k]);
        }
        pare_bufpool_deinit(&b);
    }
}

static void bufpool_classes_waste_a_fifth_at_most(void **state) {
    probe *p = *state;
    pare_bufpool b = pool_with(
        p, (pare_bufpool_options){.max_bytes = PARE_BUFPOOL_CLASS_MAX, .retain_bytes = 1});
    size_t count = stats_of(&b).class_count, before = 0;
    for (size_t i = 0; i < count; i++) {
        size_t bytes = pare_bufpool_get_class_stats(&b, i).class_bytes;
        assert_true(bytes > before);
        if (i > 0) assert_true(bytes - (before + 1) <= bytes / 5);
        before = bytes;
    }
    assert_true(before == PARE_BUFPOOL_CLASS_MAX);
    pare_bufpool_deinit(&b);
}

static void bufpool_gets_below_min_are_served_from_it(void **state) {
    probe *p = *state;
    pare_bufpool b = pool_with(p, (pare_bufpool_options){.min_bytes = 1000});
    for (size_t size = 1; size <= 1024; size++) {
        pare_span s = got(&b, size);
        assert_int_equal(s.cap, 1024);
        pare_bufpool_put(&b, s);
    }
    assert_int_equal(stats_of(&b).misses, 1);
    assert_int_equal(stats_of(&b).hits, 1023);
    pare_bufpool_deinit(&b);
}

/* `constant` was got with a size that the compiler knew. */
static void check_same_class(pare_bufpool *b, pare_span constant, volatile size_t size) {
    assert_non_null(constant.ptr);
    pare_bufpool_put(b, constant);
    pare_span s = got(b, size);
    assert_ptr_equal(s.ptr, constant.ptr);
    assert_int_equal(s.cap, constant.cap);
    pare_bufpool_put(b, s);
}

static void bufpool_constant_sizes_have_the_same_classes(void **state) {
    probe *p = *state;
    pare_bufpool b = {.from = probe_allocator(p)};
#define SAME(size) check_same_class(&b, pare_bufpool_get(&b, size), size)
    for (int warm = 0; warm < 2; warm++) {
        SAME(1);
        SAME(16);
        SAME(17);
        SAME(127);
        SAME(128);
        SAME(129);
        SAME(160);
        SAME(161);
        SAME(4096);
        SAME(4097);
        SAME(65536);
        SAME(65537);
        SAME(1 << 20);
    }
#undef SAME
    pare_bufpool_deinit(&b);
}

/* --- get and put ------------------------------------------------------------------------- */

static void bufpool_get_of_0_is_no_buffer_and_no_refusal(void **state) {
    probe *p = *state;
    pare_bufpool b = pool_with(p, (pare_bufpool_options){0});
    assert_null(pare_bufpool_get(&b, SIZE_MAX).ptr);
    assert_int_equal(pare_bufpool_status(&b), PARE_ERR_ARGUMENT);
    pare_span s = pare_bufpool_get(&b, 0);
    assert_null(s.ptr);
    assert_int_equal(s.cap, 0);
    assert_int_equal(pare_bufpool_status(&b), PARE_OK);
    assert_int_equal(stats_of(&b).refusals, 1);
    pare_bufpool_put(&b, s);
    pare_bufpool_deinit(&b);
}

static void bufpool_get_of_sizes_that_no_object_has_is_refused(void **state) {
    probe *p = *state;
    pare_bufpool b = pool_with(p, (pare_bufpool_options){.max_bytes = PARE_BUFPOOL_CLASS_MAX});
    const size_t sizes[] = {SIZE_MAX,         SIZE_MAX - 1,  SIZE_MAX - 15,     SIZE_MAX - 16,
                            SIZE_MAX / 2 + 1, PARE_SIZE_MAX, PARE_SIZE_MAX - 14};
    const size_t too_large[] = {PARE_SIZE_MAX - 15, SIZE_MAX / 4 + 1, PARE_BUFPOOL_CLASS_MAX,
                                PARE_BUFPOOL_CLASS_MAX + 1, PARE_BUFPOOL_CLASS_MAX - 1};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        pare_span s = pare_bufpool_get(&b, sizes[i]);
        assert_null(s.ptr);
        assert_int_equal(s.cap, 0);
        assert_int_equal(pare_bufpool_status(&b), PARE_ERR_ARGUMENT);
    }
    probe_refuse(p, 0, PROBE_NEVER);
    for (size_t i = 0; i < sizeof too_large / sizeof too_large[0]; i++) {
        assert_null(pare_bufpool_get(&b, too_large[i]).ptr);
        assert_int_equal(pare_bufpool_status(&b), PARE_ERR_MEMORY);
    }
    assert_int_equal(stats_of(&b).refusals, 12);
    pare_bufpool_deinit(&b);
}

static void bufpool_get_answers_the_newest_of_its_class(void **state) {
    probe *p = *state;
    pare_bufpool b = {.from = probe_allocator(p)};
    pare_span spans[20];
    for (size_t i = 0; i < 20; i++) spans[i] = got(&b, 1000);
    for (size_t i = 0; i < 20; i++) pare_bufpool_put(&b, spans[i]);
    assert_int_equal(stats_of(&b).retained_count, 20);
    assert_int_equal(stats_of(&b).retained_bytes, 20 * 1024);
    for (size_t i = 20; i-- > 0;) assert_ptr_equal(got(&b, 900).ptr, spans[i].ptr);
    assert_int_equal(stats_of(&b).hits, 20);
    assert_int_equal(stats_of(&b).misses, 20);
    assert_int_equal(stats_of(&b).retained_count, 0);
    for (size_t i = 0; i < 20; i++) pare_bufpool_put(&b, spans[i]);
    pare_bufpool_deinit(&b);
}

static void bufpool_get_refused_says_why_and_changes_nothing(void **state) {
    probe *p = *state;
    pare_bufpool b = pool_with(p, (pare_bufpool_options){0});
    get_and_put(&b, 64);
    probe_refuse(p, 0, PROBE_NEVER);
    p->refusal = PARE_ERR_LIMIT;
    pare_bufpool_stats before = stats_of(&b);
    assert_null(pare_bufpool_get(&b, 100).ptr);
    assert_int_equal(pare_bufpool_status(&b), PARE_ERR_LIMIT);
    before.refusals++;
    pare_bufpool_stats after = stats_of(&b);
    assert_memory_equal(&before, &after, sizeof before);
    get_and_put(&b, 64); /* kept ones are served on */
    assert_int_equal(pare_bufpool_status(&b), PARE_ERR_LIMIT);
    pare_bufpool_deinit(&b);
}

static void bufpool_put_files_odd_sizes_below_and_keeps_their_size(void **state) {
    probe *p = *state;
    pare_bufpool b = {.from = probe_allocator(p)};
    pare_span odd = foreign(p, 1279); /* between 1024 and 1280 */
    pare_bufpool_put(&b, odd);
    assert_int_equal(stats_of(&b).retained_bytes, 1279);
    pare_span larger = got(&b, 1025);
    assert_int_equal(larger.cap, 1280);
    pare_span s = got(&b, 1024);
    assert_ptr_equal(s.ptr, odd.ptr);
    assert_int_equal(s.cap, 1279);
    assert_int_equal(stats_of(&b).hits, 1);
    for (size_t i = 0; i < 100; i++) pare_bufpool_put(&b, foreign(p, 1025 + i));
    pare_bufpool_put(&b, s);
    pare_bufpool_put(&b, larger);
    assert_int_equal(stats_of(&b).retained_count, 102);
    pare_bufpool_deinit(&b); /* the probe wants each with its true size */
}

static void bufpool_put_drops_what_fits_no_class(void **state) {
    probe *p = *state;
    pare_bufpool b = pool_with(p, (pare_bufpool_options){.min_bytes = 64, .max_bytes = 1024});
    size_t live_before = p->live_blocks;
    const size_t small[] = {1, 15, 16, 63}, large[] = {1025, 1280, 100000};
    for (size_t i = 0; i < 4; i++) pare_bufpool_put(&b, foreign(p, small[i]));
    for (size_t i = 0; i < 3; i++) pare_bufpool_put(&b, foreign(p, large[i]));
    assert_int_equal(p->live_blocks, live_before);
    assert_int_equal(stats_of(&b).dropped_small, 4);
    assert_int_equal(stats_of(&b).dropped_large, 3);
    pare_bufpool_put(&b, foreign(p, 64));
    pare_bufpool_put(&b, foreign(p, 1024));
    assert_int_equal(stats_of(&b).retained_bytes, 1088);
    pare_bufpool_deinit(&b);
}

static void bufpool_put_refused_a_stack_drops_and_counts(void **state) {
    probe *p = *state;
    pare_bufpool b = pool_with(p, (pare_bufpool_options){0});
    pare_span s = got(&b, 100), odd = foreign(p, 100), again = foreign(p, 112);
    probe_refuse(p, 0, PROBE_NEVER);
    pare_bufpool_put(&b, s);
    pare_bufpool_put(&b, odd);
    assert_int_equal(stats_of(&b).dropped_memory, 2);
    assert_int_equal(stats_of(&b).retained_bytes, 0);
    assert_int_equal(pare_bufpool_get_class_stats(&b, 10).dropped, 1); /* 96 bytes: the odd one */
    assert_int_equal(pare_bufpool_get_class_stats(&b, 11).dropped, 1); /* 112 */
    probe_refuse(p, PROBE_NEVER, 0);
    pare_bufpool_put(&b, again);
    assert_int_equal(stats_of(&b).retained_bytes, 112);
    pare_bufpool_deinit(&b);
}

static void bufpool_put_without_memory_for_tables_gives_back(void **state) {
    probe *p = *state;
    pare_bufpool b = {.from = probe_allocator(p)};
    pare_span s = foreign(p, 100);
    probe_refuse(p, 0, PROBE_NEVER);
    pare_bufpool_put(&b, s);
    assert_int_equal(p->live_blocks, 0);
    assert_null(pare_bufpool_get(&b, 100).ptr);
    assert_int_equal(pare_bufpool_status(&b), PARE_ERR_MEMORY);
    pare_bufpool_deinit(&b);
}

/* Buffers of all classes, two of each and an odd one: put, got again, put, trimmed. */
static bool sweep_scenario(probe *p, void *ctx) {
    pare_bufpool b = {.from = probe_allocator(p)};
    pare_span spans[40];
    bool refused = false;
    (void)ctx;
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < 40; i++) {
            spans[i] = pare_bufpool_get(&b, 16 + i / 2 * 100);
            if (spans[i].ptr == NULL) {
                refused = true;
                assert_int_equal(pare_bufpool_status(&b), PARE_ERR_MEMORY);
                assert_int_equal(spans[i].cap, 0);
            } else {
                memset(spans[i].ptr, (int)i, spans[i].cap);
            }
        }
        for (size_t i = 0; i < 40; i++) pare_bufpool_put(&b, spans[i]);
        pare_span odd;
        if (pare_alloc_span(b.from, 999, 16, PARE_EXACT, &odd) == PARE_OK) {
            pare_bufpool_put(&b, odd);
        }
        pare_bufpool_trim(&b, 2000 * (uint64_t)round, PARE_TRIM_SURPLUS);
    }
    refused = refused || stats_of(&b).dropped_memory > 0 || p->requests > p->refuse_at;
    pare_bufpool_deinit(&b);
    return refused;
}

static void bufpool_sweep_of_refusals_keeps_pools_whole(void **state) {
    probe_sweep(*state, sweep_scenario, NULL);
}

/* One owner's day: buffers of all sizes, up to 32 of them in use. */
static void work(pare_bufpool *b, uint64_t seed) {
    pare_span live[32] = {{NULL, 0}};
    for (uint64_t i = 0; i < 2000; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        size_t size = (size_t)(seed >> 33) % ((size_t)64 << (seed >> 60 & 15) % 11) + 1;
        pare_bufpool_put(b, live[i % 32]);
        live[i % 32] = pare_bufpool_get(b, size);
        assert_true(live[i % 32].cap >= size);
    }
    for (size_t i = 0; i < 32; i++) pare_bufpool_put(b, live[i]);
}

static void bufpool_discipline_once_warm_nothing_is_allocated(void **state) {
    probe *p = *state;
    static const size_t list[] = {100, 1000, 10000, 70000};
    const pare_bufpool_options options[] = {
        {0}, {.min_bytes = 4096}, {.flags = PARE_WIPE}, {.classes = list, .class_count = 4}};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        pare_bufpool b = pool_with(p, options[i]);
        work(&b, 1);
        uint64_t requests = p->requests, frees = p->frees;
        pare_bufpool_stats warm = stats_of(&b);
        work(&b, 1);
        assert_int_equal(p->requests, requests);
        assert_int_equal(p->frees, frees);
        assert_int_equal(stats_of(&b).hits - warm.hits, 2000);
        pare_bufpool_deinit(&b);
    }
}

static void bufpool_figures_agree_with_the_allocator(void **state) {
    probe *p = *state;
    pare_bufpool b = {.from = probe_allocator(p)};
    work(&b, 2);
    pare_bufpool_stats s = stats_of(&b);
    assert_int_equal(s.allocs, p->allocs);
    assert_int_equal(s.frees, p->frees);
    assert_int_equal(s.retained_bytes + s.overhead_bytes, p->live_bytes);
    assert_int_equal(s.hits + s.misses + s.oversize, 2000);
    pare_bufpool_deinit(&b);
}

static void bufpool_wipe_overwrites_what_is_kept_and_what_is_not(void **state) {
    probe *p = *state;
    static char memory[65536];
    pare_fixed fixed;
    pare_bufpool b;
    const pare_bufpool_options options = {
        .max_bytes = 1024, .retain_bytes = 1024 + 600 + 512, .flags = PARE_WIPE};
    (void)p;
    memset(memory, 0x77, sizeof memory);
    pare_fixed_init(&fixed, memory, sizeof memory);
    assert_int_equal(pare_bufpool_init(&b, pare_fixed_allocator(&fixed), &options), PARE_OK);
    pare_span kept = pare_bufpool_get(&b, 1000), odd = {NULL, 0}, dropped[4];
    for (size_t i = 0; i < kept.cap; i++) assert_int_equal(((char *)kept.ptr)[i], 0);
    for (size_t i = 0; i < 4; i++)
        dropped[i] = got(&b, (size_t)500 << i); /* the last two: oversize */
    assert_int_equal(pare_alloc_span(b.from, 600, 16, PARE_EXACT, &odd), PARE_OK);
    memset(kept.ptr, 1, kept.cap);
    memset(odd.ptr, 1, odd.cap);

    pare_bufpool_put(&b, kept);
    pare_bufpool_put(&b, odd);
    for (size_t i = 0; i < 4; i++) pare_bufpool_put(&b, dropped[i]);
    assert_int_equal(stats_of(&b).dropped_large, 2);
    assert_int_equal(stats_of(&b).dropped_budget, 1);
    for (size_t i = 0; i < 4; i++) {
        if (dropped[i].cap == 512) continue; /* kept: got below */
        for (size_t k = 0; k < dropped[i].cap; k++) {
            assert_int_equal(((char *)dropped[i].ptr)[k], 0);
        }
    }
    const size_t sizes[] = {1024, 500, 500};
    for (size_t i = 0; i < 3; i++) {
        pare_span s = pare_bufpool_get(&b, sizes[i]);
        for (size_t k = 0; k < s.cap; k++) assert_int_equal(((char *)s.ptr)[k], 0);
    }
    assert_int_equal(stats_of(&b).hits, 3);
    pare_bufpool_deinit(&b);
}

/* --- the budget -------------------------------------------------------------------------- */

static void bufpool_budget_holds_at_both_edges(void **state) {
    probe *p = *state;
    pare_bufpool b = pool_with(p, (pare_bufpool_options){.retain_bytes = 3 * 1024});
    for (size_t i = 0; i < 3; i++) pare_bufpool_put(&b, foreign(p, 1024));
    assert_int_equal(stats_of(&b).retained_bytes, 3 * 1024);
    pare_bufpool_put(&b, foreign(p, 1024));
    pare_bufpool_put(&b, foreign(p, 16));
    pare_bufpool_put(&b, foreign(p, 17));
    pare_bufpool_put(&b, foreign(p, 4096)); /* more than the budget by itself */
    assert_int_equal(stats_of(&b).dropped_budget, 4);
    assert_int_equal(stats_of(&b).retained_bytes, 3 * 1024);
    pare_bufpool_put(&b, got(&b, 1024));
    assert_int_equal(stats_of(&b).dropped_budget, 4);
    pare_bufpool_deinit(&b);
}

static void bufpool_budget_of_1_keeps_nothing(void **state) {
    probe *p = *state;
    pare_bufpool b = pool_with(p, (pare_bufpool_options){.retain_bytes = 1});
    for (int i = 0; i < 3; i++) get_and_put(&b, 16);
    assert_int_equal(stats_of(&b).dropped_budget, 3);
    assert_int_equal(pare_bufpool_get_class_stats(&b, 0).dropped, 3);
    assert_int_equal(stats_of(&b).retained_bytes, 0);
    pare_bufpool_deinit(&b);
}

static void bufpool_budget_defaults_to_16_of_the_largest_class(void **state) {
    probe *p = *state;
    const size_t max_bytes[] = {1024, (size_t)1 << 20, (size_t)4 << 20};
    const size_t retain_bytes[] = {(size_t)16 << 20, (size_t)16 << 20, (size_t)64 << 20};
    for (size_t i = 0; i < 3; i++) {
        pare_bufpool b = pool_with(p, (pare_bufpool_options){.max_bytes = max_bytes[i]});
        assert_int_equal(stats_of(&b).retain_bytes, retain_bytes[i]);
        pare_bufpool_deinit(&b);
    }
}

static void bufpool_budget_takes_room_that_other_classes_do_not_use(void **state) {
    probe *p = *state;
    pare_bufpool b = pool_with(p, (pare_bufpool_options){.retain_bytes = 1024});
    pare_bufpool_put(&b, foreign(p, 16)); /* opens room for some more of 16 */
    pare_bufpool_put(&b, foreign(p, 448));
    pare_bufpool_put(&b, foreign(p, 448));
    pare_bufpool_put(&b, foreign(p, 111)); /* odd */
    assert_int_equal(stats_of(&b).retained_bytes, 1023);
    assert_int_equal(stats_of(&b).dropped_budget, 0);
    get_and_put(&b, 16); /* what was closed opens again */
    pare_span s = got(&b, 96);
    assert_int_equal(s.cap, 111);
    for (size_t i = 0; i < 7; i++) pare_bufpool_put(&b, foreign(p, 16));
    assert_int_equal(stats_of(&b).retained_bytes, 1024);
    assert_int_equal(stats_of(&b).dropped_budget, 0);
    pare_bufpool_put(&b, s);
    assert_int_equal(stats_of(&b).dropped_budget, 1);
    pare_bufpool_deinit(&b);
}

/* --- trim -------------------------------------------------------------------------------- */

static void bufpool_trim_gives_back_what_no_get_needed(void **state) {
    probe *p = *state;
    pare_bufpool b = pool_with(p, (pare_bufpool_options){0});
    pare_span spans[10];
    for (size_t i = 0; i < 10; i++) spans[i] = got(&b, 100);
    for (size_t i = 0; i < 10; i++) pare_bufpool_put(&b, spans[i]);
    for (size_t i = 0; i < 5; i++) pare_bufpool_put(&b, foreign(p, 1000));
    pare_bufpool_trim(&b, 10000, PARE_TRIM_SURPLUS); /* the first: starts the watch */
    assert_int_equal(stats_of(&b).retained_count, 15);

    uint64_t hits_before = stats_of(&b).hits;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 3; i++) spans[i] = got(&b, 100);
        for (size_t i = 0; i < 3; i++) pare_bufpool_put(&b, spans[i]);
        get_and_put(&b, 800);
    }
    assert_int_equal(stats_of(&b).hits - hits_before, 12);
    pare_bufpool_trim(&b, 11000, PARE_TRIM_SURPLUS);
    assert_int_equal(stats_of(&b).retained_count, 3 + 1);
    assert_int_equal(stats_of(&b).retained_bytes, 3 * 112 + 1000);

    uint64_t requests = p->requests; /* the working set stayed */
    for (size_t i = 0; i < 3; i++) spans[i] = got(&b, 100);
    for (size_t i = 0; i < 3; i++) pare_bufpool_put(&b, spans[i]);
    get_and_put(&b, 800);
    assert_int_equal(p->requests, requests);
    pare_bufpool_trim(&b, 12000, PARE_TRIM_SURPLUS);
    assert_int_equal(stats_of(&b).retained_count, 4);
    pare_bufpool_trim(&b, 13000, PARE_TRIM_SURPLUS);
    assert_int_equal(stats_of(&b).retained_count, 0);
    pare_bufpool_deinit(&b);
}

static void bufpool_trim_of_surplus_waits_for_its_time(void **state) {
    probe *p = *state;
    pare_bufpool b = pool_with(p, (pare_bufpool_options){.trim_ms = 50});
    pare_bufpool_trim(&b, 0, PARE_TRIM_SURPLUS);
    pare_bufpool_put(&b, foreign(p, 64));
    pare_bufpool_trim(&b, 49, PARE_TRIM_SURPLUS);
    pare_bufpool_trim(&b, 50, PARE_TRIM_SURPLUS); /* put since 0, so in use since then */
    assert_int_equal(stats_of(&b).retained_count, 1);
    pare_bufpool_trim(&b, 99, PARE_TRIM_SURPLUS);
    assert_int_equal(stats_of(&b).retained_count, 1);
    pare_bufpool_trim(&b, 100, PARE_TRIM_SURPLUS);
    assert_int_equal(stats_of(&b).retained_count, 0);
    pare_bufpool_trim(&b, UINT64_MAX, PARE_TRIM_SURPLUS);
    pare_bufpool_deinit(&b);
}

static void bufpool_trim_of_all_leaves_the_tables(void **state) {
    probe *p = *state;
    pare_bufpool b = pool_with(p, (pare_bufpool_options){0});
    size_t empty_bytes = p->live_bytes;
    work(&b, 3);
    pare_bufpool_put(&b, foreign(p, 1000));
    pare_span s = got(&b, 77);
    pare_bufpool_trim(&b, 0, PARE_TRIM_ALL);
    assert_int_equal(p->live_bytes, empty_bytes + s.cap);
    assert_int_equal(stats_of(&b).retained_bytes, 0);
    assert_int_equal(stats_of(&b).overhead_bytes, empty_bytes);
    pare_bufpool_put(&b, s);
    work(&b, 3);
    pare_bufpool_deinit(&b);
}

/* An allocator under pressure: each request first trims the pool that makes it. */
typedef struct pressed {
    probe *p;
    pare_bufpool *b;
    int calls;
} pressed;

static pare_status pressed_alloc(void *ctx, size_t size, size_t align, unsigned flags,
                                 pare_span *out) {
    pressed *f = ctx;
    f->calls++;
    if (f->calls % 2 == 0) pare_bufpool_trim(f->b, 0, PARE_TRIM_ALL);
    return pare_alloc_span(probe_allocator(f->p), size, align, flags, out);
}

static void pressed_free(void *ctx, pare_span block, size_t align) {
    pressed *f = ctx;
    pare_free_span(probe_allocator(f->p), block, align);
    f->calls++;
    if (f->calls % 5 == 0) pare_bufpool_trim(f->b, 0, PARE_TRIM_ALL);
}

static void bufpool_trim_may_come_from_the_allocator(void **state) {
    static const struct pare_allocator_vtable vtable = {
        .size = sizeof(struct pare_allocator_vtable), .alloc = pressed_alloc, .free = pressed_free};
    pare_bufpool b = {0};
    pressed f = {.p = *state, .b = &b};
    b.from = (pare_allocator){&vtable, &f};
    for (uint64_t seed = 0; seed < 5; seed++) work(&b, seed);
    for (size_t cap = 100; cap < 300; cap++) {
        pare_bufpool_put(&b, foreign(f.p, cap));
    }
    pare_bufpool_stats s = stats_of(&b);
    assert_int_equal(s.retained_bytes + s.overhead_bytes, f.p->live_bytes);
    pare_bufpool_deinit(&b);
}

/* --- misuse ------------------------------------------------------------------------------ */

static void double_put(void *ctx) {
    pare_bufpool b = {0};
    pare_span s = pare_bufpool_get(&b, 100);
    (void)ctx;
    pare_bufpool_put(&b, s);
    pare_bufpool_put(&b, s);
}

static void distant_double_put(void *ctx) {
    pare_bufpool b = {0};
    pare_span s = pare_bufpool_get(&b, 100), other = pare_bufpool_get(&b, 100);
    (void)ctx;
    pare_bufpool_put(&b, s);
    pare_bufpool_put(&b, other);
    pare_bufpool_put(&b, s);
    pare_bufpool_deinit(&b);
}

static void put_of_null(void *ctx) {
    pare_bufpool b = {0};
    (void)ctx;
    pare_bufpool_put(&b, (pare_span){NULL, 100});
}

static void put_without_size(void *ctx) {
    pare_bufpool b = {0};
    pare_bufpool_put(&b, (pare_span){ctx, 0});
}

static void bufpool_misuse_is_reported(void **state) {
    expect_misuse(double_put, NULL, "pare: bufpool: double put of 0x");
    expect_misuse(distant_double_put, NULL, "pare: bufpool: double put of 0x");
    expect_misuse(put_of_null, NULL, "pare: bufpool: put of NULL (object 0x");
    expect_misuse(put_without_size, state, "pare: bufpool: put without a size of 0x");
}

static void bufpool_double_put_refused_changes_nothing(void **state) {
    probe *p = *state;
    const size_t caps[] = {112, 100, 1 << 20};
    static const size_t list[] = {100, (size_t)1 << 20};
    const pare_bufpool_options options[] = {{0}, {.classes = list, .class_count = 2}};
    pare_set_misuse_handler(misuse_note);
    for (size_t i = 0; i < 6; i++) {
        pare_bufpool b = pool_with(p, options[i % 2]);
        pare_span s = foreign(p, caps[i / 2]);
        misuse_count = 0;
        pare_bufpool_put(&b, s);
        pare_bufpool_stats before = stats_of(&b);
        pare_bufpool_put(&b, s);
        pare_bufpool_stats after = stats_of(&b);
        assert_memory_equal(&before, &after, sizeof before);
        assert_int_equal(misuse_count, 1);
        assert_string_equal(misuse_last.module, "bufpool");
        assert_string_equal(misuse_last.kind, "double put");
        assert_ptr_equal(misuse_last.object, &b);
        assert_ptr_equal(misuse_last.address, s.ptr);
        assert_non_null(misuse_last.site);
        pare_bufpool_deinit(&b);
        assert_int_equal(misuse_count, 1);
    }
}

/* At once while memory is watched, else by the trim: in any case once, and the buffer stays. */
static void bufpool_repeats_are_dropped_at_the_latest_by_trim(void **state) {
    probe *p = *state;
    const size_t caps[] = {112, 100}; /* of a class, and odd */
    const int levels[] = {PARE_TRIM_SURPLUS, PARE_TRIM_ALL, -1};
    pare_set_misuse_handler(misuse_note);
    for (size_t i = 0; i < 6; i++) {
        pare_bufpool b = pool_with(p, (pare_bufpool_options){0});
        pare_span spans[6];
        for (size_t k = 0; k < 6; k++) spans[k] = foreign(p, caps[i % 2]);
        for (size_t k = 0; k < 6; k++) pare_bufpool_put(&b, spans[k]);
        misuse_count = 0;
        pare_bufpool_put(&b, spans[3]);
        pare_bufpool_put(&b, spans[0]);
        pare_bufpool_put(&b, spans[3]);
        if (levels[i / 2] >= 0) {
            pare_bufpool_trim(&b, 0, levels[i / 2]);
            assert_int_equal(misuse_count, 3);
            assert_string_equal(misuse_last.kind, "double put");
            size_t kept = levels[i / 2] == PARE_TRIM_ALL ? 0 : 6;
            assert_int_equal(stats_of(&b).retained_count, kept);
            assert_int_equal(stats_of(&b).retained_bytes, kept * caps[i % 2]);
        }
        pare_bufpool_deinit(&b);
        assert_int_equal(misuse_count, 3);
    }
}

static void bufpool_put_of_null_with_a_size_is_dropped_at_the_latest_by_trim(void **state) {
    probe *p = *state;
    pare_bufpool b = pool_with(p, (pare_bufpool_options){0});
    pare_set_misuse_handler(misuse_note);
    pare_bufpool_put(&b, (pare_span){NULL, 112});
    pare_bufpool_put(&b, (pare_span){p, 0});
    pare_bufpool_put(&b, (pare_span){NULL, SIZE_MAX});
    assert_int_equal(misuse_count, 3);
    pare_bufpool_put(&b, foreign(p, 112));
    pare_bufpool_put(&b, (pare_span){NULL, 112}); /* now the window is open */
    pare_bufpool_trim(&b, 0, PARE_TRIM_SURPLUS);
    assert_int_equal(misuse_count, 4);
    assert_string_equal(misuse_last.kind, "put of NULL");
    assert_int_equal(stats_of(&b).retained_count, 1);
    pare_bufpool_deinit(&b);
}

/* --- as an allocator ---------------------------------------------------------------------- */

static void bufpool_allocator_serves_classes_and_exact_sizes(void **state) {
    probe *p = *state;
    static const size_t list[] = {100, 1000, 2000};
    const pare_bufpool_options options[] = {{.max_bytes = 2000},
                                            {.min_bytes = 64, .max_bytes = 2000},
                                            {.classes = list, .class_count = 3}};
    for (size_t i = 0; i < 3; i++) {
        pare_bufpool b = pool_with(p, options[i]);
        pare_allocator a = pare_bufpool_allocator(&b);
        for (size_t size = 1; size < 3000; size += size < 200 ? 1 : 37) {
            pare_span block, exact;
            assert_int_equal(pare_alloc_span(a, size, 8, 0, &block), PARE_OK);
            assert_int_equal(pare_alloc_span(a, size, 16, PARE_EXACT | PARE_ZEROED, &exact),
                             PARE_OK);
            assert_true(block.cap >= size);
            assert_int_equal(exact.cap, size);
            for (size_t k = 0; k < size; k++) assert_int_equal(((char *)exact.ptr)[k], 0);
            memset(block.ptr, 1, block.cap);
            memset(exact.ptr, 1, exact.cap);
            pare_free_span(a, block, 8);
            pare_free_span(a, exact, 16);
        }
        pare_bufpool_put(&b, foreign(p, 111)); /* odd: serves gets only */
        void *ptr = pare_alloc(a, 90, 1);
        assert_non_null(ptr);
        assert_int_equal(pare_bufpool_get_stats(&b).dropped_small, 0);
        pare_free(a, ptr, 90, 1);
        pare_bufpool_deinit(&b);
    }
}

static void bufpool_allocator_is_told_apart_from_stale_bytes_when_zeroed(void **state) {
    probe *p = *state;
    pare_bufpool b = {.from = probe_allocator(p)};
    pare_allocator a = pare_bufpool_allocator(&b);
    get_and_put(&b, 128);
    pare_span s;
    assert_int_equal(pare_alloc_span(a, 120, 1, PARE_ZEROED, &s), PARE_OK);
    assert_int_equal(stats_of(&b).hits, 1);
    for (size_t i = 0; i < s.cap; i++) assert_int_equal(((char *)s.ptr)[i], 0);
    pare_free_span(a, s, 1);
    pare_bufpool_deinit(&b);
}

static void bufpool_allocator_sends_large_alignments_below(void **state) {
    probe *p = *state;
    pare_bufpool b = pool_with(p, (pare_bufpool_options){.align = 32});
    pare_allocator a = pare_bufpool_allocator(&b);
    pare_span s;
    assert_int_equal(pare_alloc_span(a, 100, 64, 0, &s), PARE_OK);
    assert_int_equal((uintptr_t)s.ptr % 64, 0);
    assert_int_equal(s.cap, 100);
    assert_int_equal(pare_realloc_span(a, &s, 10, 50, 64, 0), PARE_OK);
    assert_int_equal(s.cap, 50);
    pare_free_span(a, s, 64);
    assert_int_equal(stats_of(&b).retained_count, 0);
    assert_int_equal(pare_alloc_span(a, 100, 32, 0, &s), PARE_OK);
    assert_int_equal(s.cap, 112);
    pare_free_span(a, s, 32);
    assert_int_equal(stats_of(&b).retained_count, 1);
    pare_bufpool_deinit(&b);
}

static void bufpool_allocator_resizes_within_a_class_and_above_all(void **state) {
    probe *p = *state;
    pare_bufpool b = pool_with(p, (pare_bufpool_options){.max_bytes = 1024});
    pare_allocator a = pare_bufpool_allocator(&b);
    pare_span s;
    assert_int_equal(pare_alloc_span(a, 900, 16, PARE_EXACT, &s), PARE_OK);
    void *ptr = s.ptr;
    memset(s.ptr, 1, s.cap);
    assert_int_equal(pare_resize_span(a, &s, 1024, 16, PARE_EXACT | PARE_ZEROED), PARE_OK);
    assert_int_equal(s.cap, 1024);
    for (size_t i = 0; i < 1024; i++) assert_int_equal(((char *)s.ptr)[i], i < 900);
    assert_int_equal(pare_resize_span(a, &s, 897, 16, 0), PARE_OK);
    assert_int_equal(s.cap, 1024);
    assert_int_equal(pare_resize_span(a, &s, 896, 16, PARE_MAY_MOVE), PARE_ERR_MEMORY);
    assert_int_equal(pare_resize_span(a, &s, 1025, 16, PARE_MAY_MOVE), PARE_ERR_MEMORY);
    assert_ptr_equal(s.ptr, ptr);

    assert_int_equal(pare_realloc_span(a, &s, 10, 5000, 16, PARE_MAY_MOVE), PARE_OK);
    assert_int_equal(s.cap, 5000);
    assert_int_equal(pare_resize_span(a, &s, 9000, 16, PARE_MAY_MOVE), PARE_OK);
    assert_int_equal(s.cap, 9000);
    assert_memory_equal(s.ptr, "\1\1\1\1\1\1\1\1\1\1", 10);
    assert_int_equal(pare_resize_span(a, &s, 1024, 16, PARE_MAY_MOVE), PARE_ERR_MEMORY);
    pare_free_span(a, s, 16);
    assert_int_equal(stats_of(&b).retained_count, 1);
    pare_bufpool_deinit(&b);
}

static void bufpool_allocator_forwards_refusals(void **state) {
    probe *p = *state;
    pare_bufpool b = {.from = probe_allocator(p)};
    pare_allocator a = pare_bufpool_allocator(&b);
    pare_span s = {&b, 77};
    probe_refuse(p, 0, PROBE_NEVER);
    p->refusal = PARE_ERR_LIMIT;
    assert_int_equal(pare_alloc_span(a, 100, 16, 0, &s), PARE_ERR_LIMIT);
    assert_int_equal(pare_bufpool_status(&b), PARE_ERR_LIMIT);
    assert_int_equal(pare_alloc_span(a, 100, 4096, 0, &s), PARE_ERR_LIMIT);
    assert_int_equal(s.cap, 77);
    assert_int_equal(pare_resize_span(a, &s, 100, 16, 0), PARE_ERR_MEMORY);
    pare_bufpool_deinit(&b);
}

static void bufpool_allocator_serves_another_pool(void **state) {
    probe *p = *state;
    pare_bufpool outer = {.from = probe_allocator(p)};
    pare_counting counting;
    pare_counting_init(&counting, pare_bufpool_allocator(&outer));
    pare_bufpool inner = {.from = pare_counting_allocator(&counting)};
    for (uint64_t seed = 0; seed < 3; seed++) work(&inner, seed);
    pare_bufpool_stats s = stats_of(&inner);
    assert_int_equal(s.retained_bytes + s.overhead_bytes,
                     pare_counting_get_stats(&counting).live_bytes);
    pare_bufpool_deinit(&inner);
    assert_int_equal(pare_counting_get_stats(&counting).live_bytes, 0);
    uint64_t requests = p->requests;
    work(&inner, 4); /* a zeroed pool on the heap again */
    inner.from = pare_counting_allocator(&counting);
    assert_int_equal(p->requests, requests);
    inner.from = (pare_allocator){0};
    pare_bufpool_deinit(&inner);
    pare_bufpool_deinit(&outer);
}

/* --- model ------------------------------------------------------------------------------- */

enum { MODEL_LIVE = 64, MODEL_STEPS = 20000 };

typedef struct model {
    probe *p;
    pare_bufpool b;
    pare_span live[MODEL_LIVE];
    size_t live_bytes;
    uint64_t random, now_ms;
} model;

static size_t model_random(model *m, size_t below) {
    m->random = m->random * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(m->random >> 33) % below;
}

static void model_step(model *m) {
    pare_span *slot = &m->live[model_random(m, MODEL_LIVE)];
    size_t size = model_random(m, (size_t)32 << model_random(m, 8)) + 1;
    size_t what = model_random(m, 100);
    if (slot->ptr != NULL) {
        assert_int_equal(*(unsigned char *)slot->ptr, slot->cap % 251);
        m->live_bytes -= slot->cap;
        pare_bufpool_put(&m->b, *slot);
        *slot = (pare_span){NULL, 0};
    } else if (what < 80) {
        *slot = got(&m->b, size);
    } else {
        *slot = foreign(m->p, size);
    }
    if (slot->ptr != NULL) memset(slot->ptr, (int)(slot->cap % 251), slot->cap);
    m->live_bytes += slot->cap;
    if (what == 99) pare_bufpool_trim(&m->b, m->now_ms += 400, PARE_TRIM_SURPLUS);
    if (what == 98 && size % 16 == 0) pare_bufpool_trim(&m->b, m->now_ms, PARE_TRIM_ALL);
}

static void bufpool_model_never_passes_its_budget(void **state) {
    static const size_t list[] = {50, 100, 1000, 3000};
    const pare_bufpool_options options[] = {
        {.retain_bytes = 5000},
        {.min_bytes = 100, .max_bytes = 2000},
        {.flags = PARE_WIPE, .retain_bytes = 20000},
        {.classes = list, .class_count = 4, .retain_bytes = 9999}};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        model m = {.p = *state, .random = i};
        m.b = pool_with(m.p, options[i]);
        for (int step = 0; step < MODEL_STEPS; step++) {
            model_step(&m);
            pare_bufpool_stats s = stats_of(&m.b);
            assert_true(s.retained_bytes <= s.retain_bytes);
            assert_int_equal(s.retained_bytes + s.overhead_bytes + m.live_bytes, m.p->live_bytes);
        }
        for (size_t k = 0; k < MODEL_LIVE; k++) pare_bufpool_put(&m.b, m.live[k]);
        pare_bufpool_deinit(&m.b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(bufpool_zeroed_is_valid_on_the_heap),
        CASE(bufpool_zeroed_takes_a_put_first),
        CASE(bufpool_init_without_options_allocates_at_the_first_get),
        CASE(bufpool_init_checks_each_option_at_both_edges),
        CASE(bufpool_init_refused_leaves_pool_untouched),
        CASE(bufpool_deinit_leaves_buffers_in_use_to_their_users),
        CASE(bufpool_buffers_have_the_pools_alignment),
        CASE(bufpool_default_classes_hold_at_both_edges),
        CASE(bufpool_bounded_classes_hold_at_both_edges),
        CASE(bufpool_listed_classes_hold_at_both_edges),
        CASE(bufpool_classes_waste_a_fifth_at_most),
        CASE(bufpool_gets_below_min_are_served_from_it),
        CASE(bufpool_constant_sizes_have_the_same_classes),
        CASE(bufpool_get_of_0_is_no_buffer_and_no_refusal),
        CASE(bufpool_get_of_sizes_that_no_object_has_is_refused),
        CASE(bufpool_get_answers_the_newest_of_its_class),
        CASE(bufpool_get_refused_says_why_and_changes_nothing),
        CASE(bufpool_put_files_odd_sizes_below_and_keeps_their_size),
        CASE(bufpool_put_drops_what_fits_no_class),
        CASE(bufpool_put_refused_a_stack_drops_and_counts),
        CASE(bufpool_put_without_memory_for_tables_gives_back),
        CASE(bufpool_sweep_of_refusals_keeps_pools_whole),
        CASE(bufpool_discipline_once_warm_nothing_is_allocated),
        CASE(bufpool_figures_agree_with_the_allocator),
        CASE(bufpool_wipe_overwrites_what_is_kept_and_what_is_not),
        CASE(bufpool_budget_holds_at_both_edges),
        CASE(bufpool_budget_of_1_keeps_nothing),
        CASE(bufpool_budget_defaults_to_16_of_the_largest_class),
        CASE(bufpool_budget_takes_room_that_other_classes_do_not_use),
        CASE(bufpool_trim_gives_back_what_no_get_needed),
        CASE(bufpool_trim_of_surplus_waits_for_its_time),
        CASE(bufpool_trim_of_all_leaves_the_tables),
        CASE(bufpool_trim_may_come_from_the_allocator),
        CASE(bufpool_misuse_is_reported),
        CASE(bufpool_double_put_refused_changes_nothing),
        CASE(bufpool_repeats_are_dropped_at_the_latest_by_trim),
        CASE(bufpool_put_of_null_with_a_size_is_dropped_at_the_latest_by_trim),
        CASE(bufpool_allocator_serves_classes_and_exact_sizes),
        CASE(bufpool_allocator_is_told_apart_from_stale_bytes_when_zeroed),
        CASE(bufpool_allocator_sends_large_alignments_below),
        CASE(bufpool_allocator_resizes_within_a_class_and_above_all),
        CASE(bufpool_allocator_forwards_refusals),
        CASE(bufpool_allocator_serves_another_pool),
        CASE(bufpool_model_never_passes_its_budget),
    };
    return cmocka_run_group_tests_name("bufpool", tests, NULL, NULL);
}
