/* test_arena.c - mirrors pare/arena.h section by section.
 * Method: arenas draw from a probe; the model test at the end does random operations and checks
 * that every live object keeps its bytes, that none overlap, and that the figures agree.
 * SPDX-License-Identifier: MIT */
#include "support/probe.h"
#include "pare/arena.h"
#include "pare/counting.h"
#include "pare/fixed.h"
#include <stdlib.h>

static const pare_arena_options small = {.block_min = 256, .block_max = 1024};

static pare_arena small_arena(probe *p) {
    pare_arena a;
    assert_int_equal(pare_arena_init(&a, probe_allocator(p), &small), PARE_OK);
    return a;
}

/* Writes all of an object, so that ASan and the block's neighbours can object. */
static char *filled(void *object, size_t size, int byte) {
    assert_non_null(object);
    return memset(object, byte, size);
}

static void assert_filled(const char *object, size_t size, int byte) {
    for (size_t i = 0; i < size; i++) assert_int_equal((unsigned char)object[i], byte);
}

/* One phase: more than a block, small and large requests. Returns whether one was refused. */
static bool phase(pare_arena *a) {
    bool refused = false;
    for (size_t i = 0; i < 100; i++) refused |= pare_arena_alloc(a, 1 + i % 40, 8) == NULL;
    refused |= pare_arena_alloc(a, 5000, 8) == NULL;
    for (size_t i = 0; i < 100; i++) refused |= pare_arena_alloc(a, 24, 16) == NULL;
    return refused;
}

/* --- lifetime ---------------------------------------------------------------------------- */

static void arena_zeroed_is_valid_on_the_heap(void **state) {
    (void)state;
    pare_arena a = {0};
    assert_int_equal(pare_arena_status(&a), PARE_OK);
    assert_int_equal(pare_arena_get_stats(&a).held_bytes, 0);
    pare_arena_reset(&a);
    pare_arena_trim(&a);
    pare_arena_rewind(&a, pare_arena_mark(&a));
    pare_arena_deinit(&a);
    filled(pare_arena_alloc(&a, 100, 8), 100, 1);
    pare_arena_deinit(&a);
    pare_arena zeroed = {0};
    assert_memory_equal(&a, &zeroed, sizeof a);
}

static void arena_init_without_options_allocates_at_the_first_object(void **state) {
    probe *p = *state;
    pare_arena a;
    assert_int_equal(pare_arena_init(&a, probe_allocator(p), NULL), PARE_OK);
    assert_int_equal(p->requests, 0);
    filled(pare_arena_alloc(&a, 1, 1), 1, 1);
    assert_int_equal(p->requests, 1);
    assert_int_equal(pare_arena_get_stats(&a).held_bytes, 4096);
    pare_arena_deinit(&a);
}

static void arena_init_checks_each_option_at_both_edges(void **state) {
    probe *p = *state;
    const pare_arena_options good[] = {
        {.block_min = 256},
        {.block_min = 300, .block_max = 300},
        {.block_min = 512, .limit_bytes = 512},
        {.block_min = (size_t)8 << 20}, /* above the default maximum, which gives way */
        {.retain_bytes = 1},
        {0},
    };
    const pare_arena_options bad[] = {
        {.block_min = 255},
        {.block_min = 301, .block_max = 300},
        {.block_min = 512, .limit_bytes = 511},
        {.block_max = PARE_SIZE_MAX / 4 + 1},
        {.block_min = SIZE_MAX},
        {.reserved = {0, 0, 0, 1}},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        pare_arena a;
        assert_int_equal(pare_arena_init(&a, probe_allocator(p), &good[i]), PARE_OK);
        pare_arena_deinit(&a);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        pare_arena a = {.status = PARE_ERR_FORMAT}, before = a;
        assert_int_equal(pare_arena_init(&a, probe_allocator(p), &bad[i]), PARE_ERR_ARGUMENT);
        assert_memory_equal(&a, &before, sizeof a);
    }
}

static void arena_init_refused_leaves_arena_untouched(void **state) {
    probe *p = *state;
    pare_arena a = {.status = PARE_ERR_FORMAT}, before = a;
    probe_refuse(p, 0, PROBE_NEVER);
    assert_int_equal(pare_arena_init(&a, probe_allocator(p), &small), PARE_ERR_MEMORY);
    assert_memory_equal(&a, &before, sizeof a);
}

static void arena_init_with_array_uses_it_first_and_then_spills(void **state) {
    probe *p = *state;
    char *array = malloc(1000);
    pare_arena a;
    for (size_t offset = 0; offset < 17; offset++) {
        pare_arena_init_with(&a, array + offset, 1000 - offset, probe_allocator(p));
        char *first = filled(pare_arena_alloc(&a, 100, 8), 100, 1);
        assert_true(first >= array && first + 100 <= array + 1000);
        assert_int_equal(p->live_blocks, 0);
        filled(pare_arena_alloc(&a, 900, 8), 900, 2);
        assert_int_equal(p->live_blocks, 1);
        assert_filled(first, 100, 1);
        pare_arena_deinit(&a);
        assert_int_equal(p->live_blocks, 0);
        memset(array, 0, 1000); /* ours again, all of it */
    }
    free(array);
}

static void arena_init_with_array_and_none_never_spills(void **state) {
    (void)state;
    char *array = malloc(512);
    pare_arena a;
    pare_arena_init_with(&a, array, 512, pare_none());
    size_t served = 0;
    while (pare_arena_alloc(&a, 8, 8) != NULL) served++;
    assert_true(served > 0 && served <= 512 / 8);
    assert_int_equal(pare_arena_status(&a), PARE_ERR_MEMORY);
    pare_arena_reset(&a);
    assert_int_equal(pare_arena_status(&a), PARE_OK);
    for (size_t i = 0; i < served; i++) assert_non_null(pare_arena_alloc(&a, 8, 8));
    assert_null(pare_arena_alloc(&a, 8, 8));
    pare_arena_deinit(&a);
    free(array);
}

static void arena_init_with_an_array_of_any_size(void **state) {
    probe *p = *state;
    for (size_t size = 0; size < 300; size++) {
        char *array = malloc(size + 1);
        pare_arena a;
        pare_arena_init_with(&a, array, size, probe_allocator(p));
        for (int i = 0; i < 20; i++) filled(pare_arena_alloc(&a, 24, 8), 24, 1);
        pare_arena_reset(&a);
        filled(pare_arena_alloc(&a, 8, 8), 8, 1);
        pare_arena_deinit(&a);
        memset(array, 0, size);
        free(array);
    }
    pare_arena a;
    pare_arena_init_with(&a, NULL, 100000, probe_allocator(p));
    filled(pare_arena_alloc(&a, 8, 8), 8, 1);
    pare_arena_deinit(&a);
}

/* Marks from before and after the array overflows, resets on both sides of it. */
static void arena_on_an_array_marks_and_resets_across_the_spill(void **state) {
    probe *p = *state;
    char *array = malloc(2000);
    pare_arena a;
    pare_arena_init_with(&a, array, 2000, probe_allocator(p));
    for (int round = 0; round < 4; round++) {
        pare_arena_pos empty = pare_arena_mark(&a);
        char *first = filled(pare_arena_alloc(&a, 100, 8), 100, 1);
        assert_true(first >= array && first < array + 2000);
        size_t live = pare_arena_get_stats(&a).live_bytes;
        pare_arena_pos mark = pare_arena_mark(&a);
        assert_false(phase(&a));
        pare_arena_rewind(&a, mark);
        assert_int_equal(pare_arena_get_stats(&a).live_bytes, live);
        assert_filled(first, 100, 1);
        assert_false(phase(&a));
        assert_int_equal(pare_arena_get_stats(&a).held_bytes, p->live_bytes);
        if (round % 2 == 0) pare_arena_rewind(&a, empty);
        assert_int_equal(pare_arena_get_stats(&a).blocks, p->live_blocks);
        pare_arena_reset(&a);
        assert_int_equal(pare_arena_get_stats(&a).live_bytes, 0);
        if (round == 1) pare_arena_trim(&a);
    }
    uint64_t requests = p->requests;
    assert_false(phase(&a));
    assert_int_equal(p->requests, requests);
    pare_arena_deinit(&a);
    free(array);
}

static void arena_on_an_array_notices_dead_marks(void **state) {
    probe *p = *state;
    char *array = malloc(2000);
    pare_arena a;
    pare_arena_init_with(&a, array, 2000, probe_allocator(p));
    pare_set_misuse_handler(misuse_note);
    pare_arena_pos empty = pare_arena_mark(&a);
    filled(pare_arena_alloc(&a, 8, 8), 8, 1);
    pare_arena_pos later = pare_arena_mark(&a);
    pare_arena_rewind(&a, empty);
    pare_arena_rewind(&a, later);
    assert_int_equal(misuse_count, 1);
    pare_arena_reset(&a);
    pare_arena_rewind(&a, empty);
    assert_int_equal(misuse_count, 2);
    assert_string_equal(misuse_last.kind, "mark from before a reset");
    pare_arena_deinit(&a);
    free(array);
}

static void arena_struct_may_be_moved(void **state) {
    probe *p = *state;
    pare_arena a = small_arena(p);
    filled(pare_arena_alloc(&a, 100, 8), 100, 1);
    pare_arena moved = a;
    memset(&a, 0xEE, sizeof a);
    filled(pare_arena_alloc(&moved, 2000, 8), 2000, 2);
    pare_arena_reset(&moved);
    pare_arena_deinit(&moved);
}

static void arena_second_phase_allocates_nothing(void **state) {
    probe *p = *state;
    pare_arena a = small_arena(p);
    assert_false(phase(&a));
    pare_arena_reset(&a);
    assert_int_equal(pare_arena_get_stats(&a).live_bytes, 0);
    uint64_t requests = p->requests, frees = p->frees;
    for (int i = 0; i < 10; i++) {
        assert_false(phase(&a));
        pare_arena_reset(&a);
    }
    assert_int_equal(p->requests, requests);
    assert_int_equal(p->frees, frees);
    pare_arena_deinit(&a);
}

static void arena_reset_keeps_at_most_retain_bytes(void **state) {
    probe *p = *state;
    const size_t limits[] = {1, 1000, 5000, 20000};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        pare_arena_options o = small;
        pare_arena a;
        o.retain_bytes = limits[i];
        assert_int_equal(pare_arena_init(&a, probe_allocator(p), &o), PARE_OK);
        assert_false(phase(&a));
        pare_arena_reset(&a);
        pare_arena_stats stats = pare_arena_get_stats(&a);
        assert_true(stats.retained_bytes <= limits[i]);
        assert_int_equal(stats.held_bytes, p->live_bytes);
        assert_int_equal(stats.blocks, p->live_blocks);
        pare_arena_deinit(&a);
    }
}

static void arena_trim_gives_back_all_but_the_first_block(void **state) {
    probe *p = *state;
    pare_arena a = small_arena(p);
    assert_false(phase(&a));
    pare_arena_trim(&a); /* nothing is spare */
    assert_int_equal(pare_arena_get_stats(&a).held_bytes, p->live_bytes);
    assert_true(p->live_blocks > 2);
    pare_arena_reset(&a);
    pare_arena_trim(&a);
    assert_int_equal(p->live_blocks, 1);
    assert_int_equal(pare_arena_get_stats(&a).retained_bytes, 0);
    assert_false(phase(&a));
    pare_arena_deinit(&a);
}

/* --- allocation -------------------------------------------------------------------------- */

static void arena_alloc_bad_values_are_argument_errors(void **state) {
    probe *p = *state;
    pare_arena a = small_arena(p);
    const struct {
        size_t size, align;
    } bad[] = {
        {8, 0},
        {8, 3},
        {8, 24},
        {SIZE_MAX, 8},
        {SIZE_MAX - 15, 8},
        {SIZE_MAX, 1},
        {SIZE_MAX, 4},
        {SIZE_MAX / 2 + 1, 1},
        {8, SIZE_MAX / 2 + 1},
    };
    filled(pare_arena_alloc(&a, 8, 8), 8, 1);
    pare_arena before = a;
    uint64_t requests = p->requests;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        volatile size_t size = bad[i].size, align = bad[i].align;
        a.status = PARE_OK;
        assert_null(pare_arena_alloc(&a, size, align));
        assert_int_equal(pare_arena_status(&a), PARE_ERR_ARGUMENT);
        a.status = PARE_OK;
        if (align == 8) assert_null(pare_arena_alloc(&a, size, 8)); /* the inline form */
        a.status = before.status;
        assert_memory_equal(&a, &before, sizeof a);
    }
    assert_null(pare_arena_alloc(&a, 8, 3)); /* all constant */
    assert_null(PARE_ARENA_NEW_ARRAY(&a, uint64_t, SIZE_MAX / 8 + 1));
    assert_int_equal(p->requests, requests);
    pare_arena_deinit(&a);
}

static void arena_alloc_huge_but_possible_is_out_of_memory(void **state) {
    probe *p = *state;
    pare_arena a = small_arena(p);
    volatile size_t size = PARE_SIZE_MAX - 7;
    assert_null(pare_arena_alloc(&a, size, 8));
    assert_int_not_equal(pare_arena_status(&a), PARE_OK);
    filled(pare_arena_alloc(&a, 8, 8), 8, 1);
    pare_arena_deinit(&a);
}

static void arena_alloc_size_zero_is_unique(void **state) {
    probe *p = *state;
    pare_arena a = small_arena(p);
    volatile size_t zero = 0;
    for (int i = 0; i < 200; i++) { /* across block edges */
        char *x = pare_arena_alloc(&a, 0, 1), *y = pare_arena_alloc(&a, zero, 8);
        assert_non_null(x);
        assert_non_null(y);
        assert_ptr_not_equal(x, y);
        assert_ptr_not_equal(y, pare_arena_alloc(&a, 1, 1));
    }
    pare_arena_deinit(&a);
}

static void arena_alloc_all_sizes_and_alignments_at_block_edges(void **state) {
    probe *p = *state;
    for (size_t align = 1; align <= 8192; align *= 2) {
        pare_arena a = small_arena(p);
        for (size_t size = 0; size <= 600; size += size < 64 ? 1 : 37) {
            char *x = pare_arena_alloc(&a, size, align);
            assert_int_equal((uintptr_t)x % align, 0);
            filled(x, size, 1);
        }
        pare_arena_deinit(&a);
    }
}

static void arena_alloc_constant_alignments_are_honoured(void **state) {
    probe *p = *state;
    pare_arena a = small_arena(p);
    for (int i = 0; i < 100; i++) {
        assert_int_equal((uintptr_t)pare_arena_alloc(&a, 1, 2) % 2, 0);
        assert_int_equal((uintptr_t)pare_arena_alloc(&a, 24, 16) % 16, 0);
        assert_int_equal((uintptr_t)pare_arena_alloc(&a, 40, 64) % 64, 0);
        assert_int_equal((uintptr_t)pare_arena_alloc(&a, 4096, 4096) % 4096, 0);
        assert_int_equal((uintptr_t)pare_arena_alloc(&a, 5000, 8) % 8, 0);
    }
    pare_arena_deinit(&a);
}

static void arena_new_and_new_array_are_typed(void **state) {
    probe *p = *state;
    pare_arena a = small_arena(p);
    struct point {
        double x, y;
    } *one = PARE_ARENA_NEW(&a, struct point);
    struct point *many = PARE_ARENA_NEW_ARRAY(&a, struct point, 100);
    filled(one, sizeof *one, 1);
    filled(many, 100 * sizeof *many, 2);
    assert_filled((char *)one, sizeof *one, 1);
    pare_arena_deinit(&a);
}

static void arena_large_request_gets_its_own_block_behind_the_current(void **state) {
    probe *p = *state;
    pare_arena_options o = {.block_min = 4096, .block_max = 4096};
    pare_arena a;
    assert_int_equal(pare_arena_init(&a, probe_allocator(p), &o), PARE_OK);
    char *before = filled(pare_arena_alloc(&a, 8, 8), 8, 1);
    filled(pare_arena_alloc(&a, 100000, 8), 100000, 2);
    char *after = filled(pare_arena_alloc(&a, 8, 8), 8, 3);
    assert_true(after > before && after < before + 4096); /* the same block */
    assert_int_equal(p->live_blocks, 2);
    pare_arena_deinit(&a);
}

static void arena_blocks_double_to_the_maximum(void **state) {
    probe *p = *state;
    pare_arena a = small_arena(p);
    for (int i = 0; i < 1000; i++) filled(pare_arena_alloc(&a, 64, 8), 64, 1);
    pare_arena_stats stats = pare_arena_get_stats(&a);
    assert_true(stats.blocks >= stats.held_bytes / 1024);
    assert_true(stats.held_bytes < 1000 * 64 * 3 / 2); /* redzones included */
    pare_arena_deinit(&a);
}

static void arena_requests_above_a_quarter_block_come_to_share_blocks(void **state) {
    probe *p = *state;
    pare_arena a = {.from = probe_allocator(p)};
    for (int i = 0; i < 100; i++) filled(pare_arena_alloc(&a, 3000, 8), 3000, 1);
    assert_true(p->live_blocks < 20);
    pare_arena_deinit(&a);
}

static void arena_uses_all_that_the_allocator_gave(void **state) {
    probe *p = *state;
    p->slack = 1000;
    pare_arena a = small_arena(p);
    filled(pare_arena_alloc(&a, 900, 8), 900, 1);
    assert_int_equal(p->live_blocks, 1);
    pare_arena_deinit(&a);
}

static void arena_refused_block_is_asked_for_halved_and_then_exactly(void **state) {
    probe *p = *state;
    pare_arena_options o = {.block_min = 65536};
    pare_arena a;
    assert_int_equal(pare_arena_init(&a, probe_allocator(p), &o), PARE_OK);
    while (p->live_blocks == 1) filled(pare_arena_alloc(&a, 64, 8), 64, 1);
    pare_arena_reset(&a);
    pare_arena_trim(&a);
    while (pare_arena_get_stats(&a).held_bytes - pare_arena_get_stats(&a).live_bytes > 1000) {
        filled(pare_arena_alloc(&a, 64, 8), 64, 1);
    }
    probe_refuse(p, 0, 3);
    filled(pare_arena_alloc(&a, 1000, 8), 1000, 2);
    assert_true(p->live_bytes < 65536 + 40000);
    probe_refuse(p, 0, PROBE_NEVER);
    assert_null(pare_arena_alloc(&a, 100000, 8));
    assert_int_equal(pare_arena_status(&a), PARE_ERR_MEMORY);
    pare_arena_deinit(&a);
}

static void arena_limit_is_never_passed(void **state) {
    probe *p = *state;
    pare_arena_options o = {.block_min = 256, .limit_bytes = 4000};
    pare_arena a;
    p->slack = 500; /* not taken, since the limit is exact */
    assert_int_equal(pare_arena_init(&a, probe_allocator(p), &o), PARE_OK);
    for (int round = 0; round < 3; round++) {
        size_t served = 0;
        while (pare_arena_alloc(&a, 40, 8) != NULL) served += 40;
        assert_int_equal(pare_arena_status(&a), PARE_ERR_LIMIT);
        assert_true(p->live_bytes <= 4000);
        assert_true(served > 2000);
        assert_null(pare_arena_alloc(&a, 5000, 8));
        pare_arena_reset(&a);
        filled(pare_arena_alloc(&a, 3000, 8), 3000, 1); /* spares give way */
        assert_true(p->live_bytes <= 4000);
        pare_arena_reset(&a);
    }
    pare_arena_deinit(&a);
}

static bool scenario_refusals(probe *p, void *ctx) {
    pare_arena a = {.from = probe_allocator(p)};
    bool ever_refused = false;
    (void)ctx;
    for (int i = 0; i < 3; i++) {
        bool refused = false;
        char *kept = pare_arena_strdup(&a, "kept");
        PARE_ARENA_SCOPE(&a) { refused |= phase(&a); }
        refused |= phase(&a);
        if (kept != NULL) assert_string_equal(kept, "kept");
        refused |= kept == NULL;
        assert_true(!refused || pare_arena_status(&a) == PARE_ERR_MEMORY);
        assert_int_equal(pare_arena_get_stats(&a).held_bytes, p->live_bytes);
        pare_arena_reset(&a);
        ever_refused |= refused;
    }
    pare_arena_deinit(&a);
    return ever_refused;
}

static void arena_refusal_sweep(void **state) { probe_sweep(*state, scenario_refusals, NULL); }

static void arena_dup_copies_and_refuses_null(void **state) {
    probe *p = *state;
    pare_arena a = small_arena(p);
    char *text = pare_arena_strdup(&a, "hello");
    assert_string_equal(text, "hello");
    text[0] = 'j';
    assert_string_equal(pare_arena_strndup(&a, "hello", 4), "hell");
    assert_string_equal(pare_arena_strndup(&a, NULL, 0), "");
    assert_string_equal(pare_arena_strdup(&a, ""), "");
    assert_memory_equal(pare_arena_dup(&a, "\0\1\2", 3, 1), "\0\1\2", 3);
    assert_int_equal((uintptr_t)pare_arena_dup(&a, "x", 1, 64) % 64, 0);
    assert_non_null(pare_arena_dup(&a, NULL, 0, 8));
    assert_int_equal(pare_arena_status(&a), PARE_OK);
    assert_null(pare_arena_dup(&a, NULL, 1, 8));
    assert_int_equal(pare_arena_status(&a), PARE_ERR_ARGUMENT);
    assert_null(pare_arena_strndup(&a, NULL, 1));
    assert_null(pare_arena_dup(&a, "x", 1, 0));
    assert_null(pare_arena_strndup(&a, text, SIZE_MAX));
    pare_arena_deinit(&a);
}

/* --- marks and scopes -------------------------------------------------------------------- */

static void arena_rewind_drops_younger_objects_only(void **state) {
    probe *p = *state;
    pare_arena a = small_arena(p);
    char *older = filled(pare_arena_alloc(&a, 40, 8), 40, 1);
    pare_arena_pos mark = pare_arena_mark(&a);
    char *younger = filled(pare_arena_alloc(&a, 40, 8), 40, 2);
    pare_arena_rewind(&a, mark);
    assert_filled(older, 40, 1);
    assert_ptr_equal(pare_arena_alloc(&a, 40, 8), younger);
    pare_arena_rewind(&a, mark); /* a mark serves again */
    assert_ptr_equal(pare_arena_alloc(&a, 40, 8), younger);
    pare_arena_deinit(&a);
}

static void arena_rewind_across_blocks_and_large_ones(void **state) {
    probe *p = *state;
    pare_arena a = small_arena(p);
    char *older = filled(pare_arena_alloc(&a, 40, 8), 40, 1);
    size_t live = pare_arena_get_stats(&a).live_bytes;
    pare_arena_pos mark = pare_arena_mark(&a);
    assert_false(phase(&a));
    pare_arena_rewind(&a, mark);
    assert_int_equal(pare_arena_get_stats(&a).live_bytes, live);
    uint64_t requests = p->requests;
    for (int i = 0; i < 5; i++) {
        assert_false(phase(&a));
        pare_arena_rewind(&a, mark);
    }
    assert_int_equal(p->requests, requests);
    assert_filled(older, 40, 1);
    pare_arena_deinit(&a);
}

static void arena_mark_of_empty_arena_rewinds_to_empty(void **state) {
    probe *p = *state;
    pare_arena a = {.from = probe_allocator(p)};
    pare_arena_pos mark = pare_arena_mark(&a);
    assert_false(phase(&a));
    pare_arena_rewind(&a, mark);
    assert_int_equal(pare_arena_get_stats(&a).live_bytes, 0);
    assert_false(phase(&a));
    pare_arena_rewind(&a, mark);
    pare_arena_deinit(&a);
}

static void arena_scope_survives_break_continue_and_return(void **state) {
    probe *p = *state;
    pare_arena a = small_arena(p);
    filled(pare_arena_alloc(&a, 8, 8), 8, 1);
    size_t live = pare_arena_get_stats(&a).live_bytes;
    PARE_ARENA_SCOPE(&a) { filled(pare_arena_alloc(&a, 800, 8), 800, 2); }
    assert_int_equal(pare_arena_get_stats(&a).live_bytes, live);
    PARE_ARENA_SCOPE(&a) {
        filled(pare_arena_alloc(&a, 800, 8), 800, 2);
        if (live != 0) break;
    }
    assert_int_equal(pare_arena_get_stats(&a).live_bytes, live);
    PARE_ARENA_SCOPE(&a) {
        filled(pare_arena_alloc(&a, 800, 8), 800, 2);
        PARE_ARENA_SCOPE(&a) {
            filled(pare_arena_alloc(&a, 800, 8), 800, 2);
            goto out;
        }
    }
out:
    assert_int_equal(pare_arena_get_stats(&a).live_bytes, live);
    pare_arena_deinit(&a);
}

static void arena_refusal_in_a_scope_leaves_it_usable(void **state) {
    probe *p = *state;
    pare_arena a = small_arena(p);
    PARE_ARENA_SCOPE(&a) {
        probe_refuse(p, 0, PROBE_NEVER);
        assert_null(pare_arena_alloc(&a, 100000, 8));
        filled(pare_arena_alloc(&a, 8, 8), 8, 1);
    }
    assert_int_equal(pare_arena_get_stats(&a).live_bytes, 0);
    pare_arena_deinit(&a);
}

typedef struct marks_case {
    pare_arena a, b;
    pare_arena_pos mark;
} marks_case;

static void rewind_body(void *ctx) {
    marks_case *c = ctx;
    pare_arena_rewind(&c->a, c->mark);
}

/* The bad mark is stopped in a child; with a handler that returns nothing changes. */
static void assert_mark_is_misuse(marks_case *c, const char *kind) {
    expect_misuse(rewind_body, c, kind);
    pare_arena_stats before = pare_arena_get_stats(&c->a);
    pare_arena arena = c->a;
    pare_set_misuse_handler(misuse_note);
    misuse_count = 0;
    pare_arena_rewind(&c->a, c->mark);
    assert_int_equal(misuse_count, 1);
    assert_ptr_equal(misuse_last.object, &c->a);
    assert_memory_equal(&arena, &c->a, sizeof arena);
    pare_arena_stats after = pare_arena_get_stats(&c->a);
    assert_memory_equal(&before, &after, sizeof after);
}

static void arena_mark_of_another_arena_is_misuse(void **state) {
    probe *p = *state;
    marks_case c = {.a = small_arena(p), .b = small_arena(p)};
    c.mark = pare_arena_mark(&c.b);
    assert_mark_is_misuse(&c, "pare: arena: mark of another arena");
    pare_arena_deinit(&c.a);
    pare_arena_deinit(&c.b);
}

static void arena_mark_from_before_a_reset_is_misuse(void **state) {
    probe *p = *state;
    marks_case c = {.a = small_arena(p)};
    filled(pare_arena_alloc(&c.a, 8, 8), 8, 1);
    c.mark = pare_arena_mark(&c.a);
    pare_arena_reset(&c.a);
    filled(pare_arena_alloc(&c.a, 80, 8), 80, 1);
    assert_mark_is_misuse(&c, "pare: arena: mark from before a reset");
    pare_arena_deinit(&c.a);
}

static void arena_mark_newer_than_the_position_is_misuse(void **state) {
    probe *p = *state;
    marks_case c = {.a = small_arena(p)};
    pare_arena_pos outer = pare_arena_mark(&c.a);
    filled(pare_arena_alloc(&c.a, 8, 8), 8, 1);
    c.mark = pare_arena_mark(&c.a);
    pare_arena_rewind(&c.a, outer);
    assert_mark_is_misuse(&c, "pare: arena: mark that was rewound past");
    pare_arena_deinit(&c.a);
}

static void arena_mark_in_a_dropped_block_is_misuse(void **state) {
    probe *p = *state;
    marks_case c = {.a = small_arena(p)};
    pare_arena_pos outer = pare_arena_mark(&c.a);
    assert_false(phase(&c.a));
    c.mark = pare_arena_mark(&c.a);
    pare_arena_rewind(&c.a, outer);
    assert_mark_is_misuse(&c, "pare: arena: mark that was rewound past");
    assert_false(phase(&c.a)); /* the same block is in use again, under another serial */
    assert_mark_is_misuse(&c, "pare: arena: mark that was rewound past");
    pare_arena_deinit(&c.a);
}

/* --- as an allocator --------------------------------------------------------------------- */

static void arena_allocator_resizes_and_frees_the_newest(void **state) {
    probe *p = *state;
    pare_arena arena = {.from = probe_allocator(p)};
    pare_allocator a = pare_arena_allocator(&arena);
    pare_span older, newest;
    assert_int_equal(pare_alloc_span(a, 20, 8, 0, &older), PARE_OK);
    size_t live = pare_arena_get_stats(&arena).live_bytes;
    assert_int_equal(pare_alloc_span(a, 20, 8, 0, &newest), PARE_OK);
    filled(newest.ptr, newest.cap, 1);
    void *ptr = newest.ptr;

    assert_int_equal(pare_resize_span(a, &newest, 60, 8, PARE_ZEROED), PARE_OK);
    assert_ptr_equal(newest.ptr, ptr);
    assert_filled(newest.ptr, 20, 1);
    assert_filled((char *)newest.ptr + 20, 40, 0);
    assert_int_equal(pare_resize_span(a, &newest, 100000, 8, 0), PARE_ERR_MEMORY);
    assert_int_equal(newest.cap, 60);
    assert_int_equal(pare_resize_span(a, &older, 21, 8, 0), PARE_ERR_MEMORY);
    assert_int_equal(pare_resize_span(a, &older, 10, 8, 0), PARE_OK); /* loses its tail */
    assert_int_equal(older.cap, 10);
    assert_int_equal(pare_resize_span(a, &newest, 4, 8, 0), PARE_OK);
    pare_free_span(a, newest, 8);
    assert_int_equal(pare_arena_get_stats(&arena).live_bytes, live);
    pare_free_span(a, older, 8); /* neither newest nor a multiple: nothing happens */
    pare_arena_deinit(&arena);
}

static void arena_allocator_never_goes_back_beyond_a_mark(void **state) {
    probe *p = *state;
    pare_arena arena = small_arena(p);
    pare_allocator a = pare_arena_allocator(&arena);
    pare_span s;
    assert_int_equal(pare_alloc_span(a, 64, 8, 0, &s), PARE_OK);
    pare_arena_pos mark = pare_arena_mark(&arena);
    assert_int_equal(pare_resize_span(a, &s, 8, 8, 0), PARE_OK);
    pare_free_span(a, s, 8);
    pare_arena_rewind(&arena, mark); /* would be a forward mark */
    pare_arena_deinit(&arena);
}

static void arena_stacks_on_an_arena(void **state) {
    probe *p = *state;
    pare_arena outer = small_arena(p);
    for (int i = 0; i < 3; i++) {
        pare_arena inner = {.from = pare_arena_allocator(&outer)};
        assert_false(phase(&inner));
        pare_arena_deinit(&inner);
        pare_arena_reset(&outer);
    }
    pare_arena_deinit(&outer);
}

static void arena_stats_agree_with_a_counting_allocator(void **state) {
    probe *p = *state;
    pare_counting c;
    pare_arena a;
    p->slack = 40;
    pare_counting_init(&c, probe_allocator(p));
    assert_int_equal(pare_arena_init(&a, pare_counting_allocator(&c), &small), PARE_OK);
    for (int i = 0; i < 3; i++) {
        assert_false(phase(&a));
        pare_arena_stats mine = pare_arena_get_stats(&a);
        pare_counting_stats theirs = pare_counting_get_stats(&c);
        assert_int_equal(mine.allocs, theirs.allocs);
        assert_int_equal(mine.frees, theirs.frees);
        assert_int_equal(mine.total_bytes, theirs.total_bytes);
        assert_int_equal(mine.held_bytes, theirs.live_bytes);
        assert_int_equal(mine.peak_bytes, theirs.peak_bytes);
        pare_arena_reset(&a);
        if (i == 1) pare_arena_trim(&a);
    }
    pare_arena_deinit(&a);
}

/* --- model ------------------------------------------------------------------------------- */

enum { MODEL_OBJECTS = 4096, MODEL_MARKS = 16 };

typedef struct model {
    pare_arena arena;
    struct {
        unsigned char *ptr;
        size_t size;
    } objects[MODEL_OBJECTS];
    size_t count;
    struct {
        pare_arena_pos pos;
        size_t count;
    } marks[MODEL_MARKS];
    size_t depth;
    uint64_t random;
} model;

static uint64_t model_random(model *m) { /* xorshift64, Marsaglia 2003 */
    m->random ^= m->random << 13;
    m->random ^= m->random >> 7;
    m->random ^= m->random << 17;
    return m->random;
}

/* Every object begins and ends with its number, which any overlap would destroy. */
static void model_write(model *m, size_t i) {
    for (size_t k = 0; k < m->objects[i].size && k < 8; k++) {
        m->objects[i].ptr[k] = (unsigned char)(i >> (k % 2 * 8));
        m->objects[i].ptr[m->objects[i].size - 1 - k] = (unsigned char)(i * 7);
    }
    if (m->objects[i].size > 0) m->objects[i].ptr[0] = (unsigned char)i;
}

static void model_verify(const model *m) {
    for (size_t i = 0; i < m->count; i++) {
        size_t size = m->objects[i].size;
        if (size > 0) assert_int_equal(m->objects[i].ptr[0], (unsigned char)i);
        if (size > 8) assert_int_equal(m->objects[i].ptr[size - 1], (unsigned char)(i * 7));
    }
}

static void model_alloc(model *m) {
    uint64_t r = model_random(m);
    size_t size = r % 16 == 0 ? (size_t)(r >> 8) % 3000 : (size_t)(r >> 8) % 120;
    size_t align = r % 4 == 0 ? (size_t)1 << ((r >> 32) % 10) : 8;
    unsigned char *ptr = pare_arena_alloc(&m->arena, size, align);
    assert_non_null(ptr);
    assert_int_equal((uintptr_t)ptr % align, 0);
    m->objects[m->count].ptr = ptr;
    m->objects[m->count].size = size;
    model_write(m, m->count++);
}

static void model_step(model *m) {
    uint64_t choice = model_random(m) % 100;
    if (m->count == MODEL_OBJECTS || choice == 0) {
        model_verify(m);
        pare_arena_reset(&m->arena);
        m->count = m->depth = 0;
        assert_int_equal(pare_arena_get_stats(&m->arena).live_bytes, 0);
    } else if (choice < 5 && m->depth < MODEL_MARKS) {
        m->marks[m->depth].pos = pare_arena_mark(&m->arena);
        m->marks[m->depth++].count = m->count;
    } else if (choice < 9 && m->depth > 0) {
        m->depth = (size_t)(model_random(m) % m->depth);
        pare_arena_rewind(&m->arena, m->marks[m->depth].pos);
        m->count = m->marks[m->depth].count;
        model_verify(m);
    } else if (choice == 9) {
        pare_arena_trim(&m->arena);
    } else {
        model_alloc(m);
    }
}

static void model_run(probe *p, const pare_arena_options *o, uint64_t seed) {
    model *m = calloc(1, sizeof *m);
    assert_non_null(m);
    m->random = seed;
    assert_int_equal(pare_arena_init(&m->arena, probe_allocator(p), o), PARE_OK);
    for (int i = 0; i < 50000; i++) {
        model_step(m);
        if (i % 64 == 0) {
            pare_arena_stats stats = pare_arena_get_stats(&m->arena);
            assert_int_equal(stats.held_bytes, p->live_bytes);
            assert_int_equal(stats.blocks, p->live_blocks);
            assert_true(stats.live_bytes + stats.retained_bytes < stats.held_bytes);
        }
    }
    pare_arena_deinit(&m->arena);
    free(m);
}

static void arena_agrees_with_a_model(void **state) {
    probe *p = *state;
    const pare_arena_options options[] = {
        small,
        {.block_min = 256, .block_max = 256},
        {.block_min = 1000, .block_max = 9999, .retain_bytes = 5000},
        {.retain_bytes = 1},
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        p->slack = i * 8;
        model_run(p, &options[i], 88172645463325252u + i);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(arena_zeroed_is_valid_on_the_heap),
        CASE(arena_init_without_options_allocates_at_the_first_object),
        CASE(arena_init_checks_each_option_at_both_edges),
        CASE(arena_init_refused_leaves_arena_untouched),
        CASE(arena_init_with_array_uses_it_first_and_then_spills),
        CASE(arena_init_with_array_and_none_never_spills),
        CASE(arena_init_with_an_array_of_any_size),
        CASE(arena_on_an_array_marks_and_resets_across_the_spill),
        CASE(arena_on_an_array_notices_dead_marks),
        CASE(arena_struct_may_be_moved),
        CASE(arena_second_phase_allocates_nothing),
        CASE(arena_reset_keeps_at_most_retain_bytes),
        CASE(arena_trim_gives_back_all_but_the_first_block),
        CASE(arena_alloc_bad_values_are_argument_errors),
        CASE(arena_alloc_huge_but_possible_is_out_of_memory),
        CASE(arena_alloc_size_zero_is_unique),
        CASE(arena_alloc_all_sizes_and_alignments_at_block_edges),
        CASE(arena_alloc_constant_alignments_are_honoured),
        CASE(arena_new_and_new_array_are_typed),
        CASE(arena_large_request_gets_its_own_block_behind_the_current),
        CASE(arena_blocks_double_to_the_maximum),
        CASE(arena_requests_above_a_quarter_block_come_to_share_blocks),
        CASE(arena_uses_all_that_the_allocator_gave),
        CASE(arena_refused_block_is_asked_for_halved_and_then_exactly),
        CASE(arena_limit_is_never_passed),
        CASE(arena_refusal_sweep),
        CASE(arena_dup_copies_and_refuses_null),
        CASE(arena_rewind_drops_younger_objects_only),
        CASE(arena_rewind_across_blocks_and_large_ones),
        CASE(arena_mark_of_empty_arena_rewinds_to_empty),
        CASE(arena_scope_survives_break_continue_and_return),
        CASE(arena_refusal_in_a_scope_leaves_it_usable),
        CASE(arena_mark_of_another_arena_is_misuse),
        CASE(arena_mark_from_before_a_reset_is_misuse),
        CASE(arena_mark_newer_than_the_position_is_misuse),
        CASE(arena_mark_in_a_dropped_block_is_misuse),
        CASE(arena_allocator_resizes_and_frees_the_newest),
        CASE(arena_allocator_never_goes_back_beyond_a_mark),
        CASE(arena_stacks_on_an_arena),
        CASE(arena_stats_agree_with_a_counting_allocator),
        CASE(arena_agrees_with_a_model),
    };
    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
