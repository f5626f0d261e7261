/* test_arena.c - mirrors pare/arena.h section by section.
 * Method: arenas draw from a probe; the model test at the end does random operations and checks
 * that every live object keeps its bytes, that none overlap, and that the figures agree.
 * SPDX-License-Identifier: MIT */
#include "support/arenas.h"
#include "pare/counting.h"
#include "pare/fixed.h"
#include <errno.h>
#include <stdlib.h>
#include <wchar.h>

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
        {.block_min = 512},
        {.block_min = 600, .block_max = 600},
        {.block_min = 512, .limit_bytes = 512},
        {.block_max = 2048},
        {.limit_bytes = 2000},
        {.flags = PARE_ARENA_UNPOOLED | PARE_ARENA_HARDENED | PARE_ARENA_ZEROED},
        {.block_min = (size_t)8 << 20}, /* above the default maximum, which gives way */
        {.retain_bytes = 1},
        {0},
    };
    const pare_arena_options bad[] = {
        {.block_min = 511},
        {.block_min = 601, .block_max = 600},
        {.flags = 16},
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

static void arena_deinit_on_the_array_alone_zeroes_every_word(void **state) {
    static const pare_arena zeroed;
    (void)state;
    for (int i = 0; i < 8; i++) {
        char *array = malloc(4096);
        pare_arena a;
        memset(&a, 0xFF, sizeof a);
        pare_arena_init_with(&a, array, 4096, pare_none());
        if ((i & 1) != 0) pare_arena_reset(&a);
        if ((i & 2) != 0) pare_arena_mark(&a);
        if ((i & 4) != 0) assert_null(pare_arena_alloc(&a, 5000, 8));
        pare_arena_deinit(&a);
        assert_memory_equal(&a, &zeroed, sizeof a);
        free(array);
    }
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

static void arena_alloc_alignments_up_to_the_largest(void **state) {
    probe *p = *state;
    pare_arena a = small_arena(p);
    char *kept = filled(pare_arena_alloc(&a, 8, 8), 8, 1);
    for (size_t align = 1; align <= (size_t)1 << 20; align *= 2) {
        char *x = filled(pare_arena_alloc(&a, 100, align), 100, 2);
        assert_int_equal((uintptr_t)x % align, 0);
    }
    size_t live = pare_arena_get_stats(&a).live_bytes;
    volatile size_t align =
        PARE_SIZE_MAX / 2 + 1; /* the largest power of two that is served at all */
    assert_null(pare_arena_alloc(&a, 8, align));
    assert_true(pare_arena_status(&a) != PARE_OK);
    align *= 2;
    assert_null(pare_arena_alloc(&a, 8, align));
    assert_int_equal(pare_arena_status(&a), PARE_ERR_ARGUMENT);
    assert_int_equal(pare_arena_get_stats(&a).live_bytes, live);
    assert_filled(kept, 8, 1);
    pare_arena_deinit(&a);
}

static void arena_reset_and_rewind_touch_no_object(void **state) {
    (void)state;
    if (probe_watched()) return; /* the test looks at dropped memory */
    char *array = malloc(20000);
    pare_fixed f;
    pare_fixed_init(&f, array, 20000);
    pare_arena a = {.from = pare_fixed_allocator(&f)};
    pare_arena_pos mark = pare_arena_mark(&a);
    size_t at[20];
    for (size_t i = 0; i < 20; i++) {
        at[i] = (size_t)(filled(pare_arena_alloc(&a, 500, 8), 500, (int)i + 1) - array);
    }
    pare_arena_rewind(&a, mark);
    for (size_t i = 0; i < 20; i++) assert_filled(array + at[i], 500, (int)i + 1);
    pare_arena_reset(&a);
    for (size_t i = 0; i < 20; i++) assert_filled(array + at[i], 500, (int)i + 1);
    pare_arena_deinit(&a);
    free(array);
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

/* --- as an allocator --------------------------------------------------------------------- */

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

/* --- kinds of allocation ------------------------------------------------------------------- */

static void arena_alloc_zeroed_is_zero_whatever_was_there(void **state) {
    probe *p = *state;
    for (unsigned flags = 0; flags <= PARE_ARENA_ZEROED; flags += PARE_ARENA_ZEROED) {
        pare_arena_options o = {.block_min = 512, .block_max = 4096, .flags = flags};
        pare_arena a;
        assert_int_equal(pare_arena_init(&a, probe_allocator(p), &o), PARE_OK);
        for (int round = 0; round < 5; round++) {
            for (size_t size = 1; size < 3000; size += 37) {
                pare_arena_pos mark = pare_arena_mark(&a);
                filled(pare_arena_alloc(&a, size * 7 % 200, 8), size * 7 % 200, 0xFF);
                if (size % 3 == 0) pare_arena_rewind(&a, mark);
                char *zeroed = pare_arena_alloc_zeroed(&a, size, size % 2 == 0 ? 64 : 1);
                assert_non_null(zeroed);
                assert_filled(zeroed, size, 0);
                memset(zeroed, 0xEE, size);
            }
            pare_arena_reset(&a);
            if (round == 2) pare_arena_trim(&a);
        }
        volatile size_t zero = 0;
        assert_filled(pare_arena_alloc_zeroed(&a, zero, 1), 1, 0);
        volatile size_t huge = SIZE_MAX;
        assert_null(pare_arena_alloc_zeroed(&a, huge, 8));
        pare_arena_deinit(&a);
    }
}

static void arena_alloc_zeroed_is_zero_behind_a_text_that_did_not_fit(void **state) {
    probe *p = *state;
    pare_arena_options o = {.flags = PARE_ARENA_ZEROED};
    pare_arena a;
    assert_int_equal(pare_arena_init(&a, probe_allocator(p), &o), PARE_OK);
    errno = 77;
    assert_non_null(pare_arena_printf(&a, "%5000d", 7));
    assert_filled(pare_arena_alloc_zeroed(&a, 64, 8), 64, 0);
    if (probe_formats_can_fail()) {
        assert_null(pare_arena_printf(&a, "%100d%lc", 7, (wint_t)0xd800));
    }
    assert_filled(pare_arena_alloc_zeroed(&a, 64, 8), 64, 0);
    assert_int_equal(errno, 77);
    pare_arena_deinit(&a);
}

static void arena_zeroed_watermark_spares_fresh_memory_the_write(void **state) {
    (void)state;
    if (probe_watched()) return; /* redzones shift the objects */
    char *array = calloc(1, 65536);
    pare_fixed f;
    pare_arena a;
    pare_arena_options o = {.block_min = 8192, .flags = PARE_ARENA_ZEROED};
    pare_fixed_init(&f, array, 65536);
    assert_int_equal(pare_arena_init(&a, pare_fixed_allocator(&f), &o), PARE_OK);
    char *fresh = pare_arena_alloc_zeroed(&a, 64, 8);
    array[fresh - array + 64] = 1; /* behind the object: nobody has it yet */
    char *next = pare_arena_alloc_zeroed(&a, 64, 8);
    assert_ptr_equal(next, fresh + 64);
    assert_int_equal(next[0], 1); /* was not written, since it had never been in use */
    pare_arena_reset(&a);
    next = pare_arena_alloc_zeroed(&a, 128, 8);
    assert_filled(next, 128, 0);
    pare_arena_deinit(&a);
    free(array);
}

static void arena_new_tail_has_room_behind_the_struct(void **state) {
    probe *p = *state;
    pare_arena a = small_arena(p);
    typedef struct list {
        size_t count;
        uint32_t items[];
    } list;
    for (size_t count = 0; count < 100; count++) {
        list *l = PARE_ARENA_NEW_TAIL(&a, list, uint32_t, count);
        filled(l, sizeof *l + count * sizeof(uint32_t), 1);
    }
    assert_null(PARE_ARENA_NEW_TAIL(&a, list, uint32_t, SIZE_MAX / 4));
    assert_null(PARE_ARENA_NEW_TAIL(&a, list, uint32_t, SIZE_MAX));
    double *zeroed = PARE_ARENA_NEW_ARRAY_ZEROED(&a, double, 10);
    assert_filled((char *)zeroed, 10 * sizeof *zeroed, 0);
    assert_filled((char *)PARE_ARENA_NEW_ZEROED(&a, list), sizeof(list), 0);
    pare_arena_deinit(&a);
}

static void arena_printf_formats_in_place_and_across_blocks(void **state) {
    probe *p = *state;
    pare_arena a = {.from = probe_allocator(p)};
    assert_string_equal(pare_arena_printf(&a, "%s-%d", "first", 1), "first-1");
    for (int width = 1; width < 6000; width = width * 3 + 1) {
        char *text = pare_arena_printf(&a, "%*d", width, 7);
        assert_int_equal(strlen(text), width);
        char *after = filled(pare_arena_alloc(&a, 8, 8), 8, 1);
        assert_int_equal(text[width - 1], '7');
        assert_ptr_not_equal(after, text);
    }
    assert_string_equal(pare_arena_printf(&a, "%s", ""), "");
    if (probe_formats_can_fail()) {
        assert_null(pare_arena_printf(&a, "%lc", (wint_t)0xd800));
        assert_int_equal(pare_arena_status(&a), PARE_ERR_FORMAT);
    }
    probe_refuse(p, 0, PROBE_NEVER);
    assert_null(pare_arena_printf(&a, "%100000d", 1));
    assert_int_equal(pare_arena_status(&a), PARE_ERR_MEMORY);
    pare_arena_deinit(&a);
}

/* --- hardened and unpooled ------------------------------------------------------------------- */

static void arena_unpooled_objects_are_blocks_of_their_own(void **state) {
    probe *p = *state;
    pare_arena a = arena_with(p, PARE_ARENA_UNPOOLED);
    for (int round = 0; round < 3; round++) {
        pare_arena_pos mark = pare_arena_mark(&a);
        for (size_t size = 1; size < 200; size++) {
            char *object = filled(pare_arena_alloc(&a, size, 8), size, 1);
            assert_int_equal((uintptr_t)object % 8, 0);
        }
        assert_int_equal(p->live_blocks, 1 + 199);
        if (round == 1) pare_arena_rewind(&a, mark);
        if (round == 1) assert_int_equal(p->live_blocks, 1);
        char *kept = filled(pare_arena_alloc(&a, 50, 8), 50, 3);
        filled(pare_arena_alloc(&a, 50, 8), 50, 4);
        kept = pare_arena_rewind_keep(&a, mark, kept, 50, 8);
        assert_filled(kept, 50, 3);
        assert_int_equal(p->live_blocks, 2);
        pare_arena_reset(&a);
        assert_int_equal(p->live_blocks, 1);
    }
    pare_arena_deinit(&a);
}

/* --- visiting -------------------------------------------------------------------------------- */

static void visit_sum(void *ctx, const pare_arena_block_info *block) {
    pare_arena_stats *sums = ctx;
    assert_true(block->live_bytes + block->room_bytes <= block->block_bytes);
    assert_false(block->spare && (block->live_bytes != 0 || block->current));
    sums->blocks++;
    sums->held_bytes += block->block_bytes;
    sums->live_bytes += block->live_bytes;
    sums->allocs += (uint64_t)block->current;
    if (block->current || block->side || block->spare) sums->room_bytes += block->room_bytes;
    if (block->spare) sums->retained_bytes += block->block_bytes;
}

static void arena_visit_shows_what_the_stats_sum(void **state) {
    probe *p = *state;
    pare_arena a = small_arena(p);
    for (int round = 0; round < 3; round++) {
        pare_arena_stats sums = {0}, stats = pare_arena_get_stats(&a);
        pare_arena_visit(&a, visit_sum, &sums);
        assert_int_equal(sums.blocks, stats.blocks);
        assert_int_equal(sums.held_bytes, stats.held_bytes);
        assert_int_equal(sums.live_bytes, stats.live_bytes);
        assert_int_equal(sums.room_bytes, stats.room_bytes);
        assert_int_equal(stats.live_bytes + stats.room_bytes + stats.waste_bytes, stats.held_bytes);
        assert_int_equal(sums.allocs, 1); /* one block is current */
        if (round == 0) assert_false(phase(&a));
        if (round == 1) pare_arena_reset(&a);
    }
    pare_arena_deinit(&a);
}

static void arena_figures_include_the_callers_array(void **state) {
    probe *p = *state;
    char *array = malloc(1000);
    pare_arena a;
    pare_arena_init_with(&a, array, 1000, probe_allocator(p));
    size_t capacity = pare_arena_get_stats(&a).room_bytes;
    assert_true(probe_watched() || capacity > 1000 - 16 - 8);
    assert_int_equal(pare_arena_get_stats(&a).waste_bytes, 0);
    for (int round = 0; round < 2; round++) {
        filled(pare_arena_alloc(&a, 500, 8), 500, 1);
        filled(pare_arena_alloc(&a, 600, 8), 600, 1);
        pare_arena_stats s = pare_arena_get_stats(&a);
        assert_int_equal(s.held_bytes, p->live_bytes);
        assert_int_equal(s.live_bytes + s.room_bytes + s.waste_bytes, capacity + s.held_bytes);
        pare_arena_reset(&a);
    }
    pare_arena_deinit(&a);
    free(array);
}

typedef struct shown {
    int lines, blocks, spares, currents;
    char first[64];
} shown;

static void show_line(void *ctx, const char *line) {
    shown *s = ctx;
    assert_null(strchr(line, '\n'));
    if (s->lines++ == 0) strncpy(s->first, line, sizeof s->first - 1);
    s->blocks += strstr(line, "  block 0x") == line;
    s->spares += strstr(line, ", spare") != NULL;
    s->currents += strstr(line, ", current") != NULL;
}

static void arena_dump_shows_name_figures_and_blocks(void **state) {
    probe *p = *state;
    const pare_arena_options o = {.block_min = 512, .block_max = 2048, .name = "requests"};
    pare_arena a = {0};
    shown s = {0};
    pare_arena_dump(&a, show_line, &s); /* a zeroed one */
    assert_int_equal(s.blocks, 0);
    assert_int_equal(s.lines, 3);
    assert_int_equal(pare_arena_init(&a, probe_allocator(p), &o), PARE_OK);
    PARE_ARENA_SCOPE(&a) { assert_false(phase(&a)); }
    filled(pare_arena_alloc(&a, 600, 8), 600, 1);
    uint64_t requests = p->requests;
    s = (shown){0};
    pare_arena_dump(&a, show_line, &s);
    assert_non_null(strstr(s.first, " requests"));
    assert_int_equal(s.blocks, p->live_blocks);
    assert_int_equal(s.lines, 3 + s.blocks);
    assert_int_equal(s.currents, 1);
    assert_true(s.spares > 0);
    assert_int_equal(p->requests, requests);
    pare_arena_deinit(&a);
}

static void rewind_to_a_foreign_mark(void *ctx) {
    pare_arena other = {0};
    pare_arena_rewind(ctx, pare_arena_mark(&other));
}

static void arena_misuse_names_the_arena(void **state) {
    probe *p = *state;
    const pare_arena_options o = {.name = "requests"};
    pare_arena a;
    assert_int_equal(pare_arena_init(&a, probe_allocator(p), &o), PARE_OK);
    expect_misuse(rewind_to_a_foreign_mark, &a, " \"requests\", called from 0x");
    pare_set_misuse_handler(misuse_note);
    rewind_to_a_foreign_mark(&a);
    assert_string_equal(misuse_last.name, "requests");
    pare_arena_deinit(&a);
    rewind_to_a_foreign_mark(&a);
    assert_null(misuse_last.name);
}

/* --- model ------------------------------------------------------------------------------- */

enum { MODEL_OBJECTS = 4096, MODEL_MARKS = 16, MODEL_DROPS = 64 };

typedef struct model_object {
    unsigned char *ptr; /* NULL: given back */
    size_t size, align;
    size_t taken; /* the most it ever had */
} model_object;

typedef struct model {
    pare_arena arena;
    pare_counting backing;
    model_object objects[MODEL_OBJECTS];
    size_t count;
    struct {
        pare_arena_pos pos;
        size_t count, drops, live_bytes;
    } marks[MODEL_MARKS];
    size_t depth;
    struct model *drops[MODEL_DROPS]; /* contexts of callbacks: their places are their numbers */
    size_t drop_count;
    bool builds;
    pare_span buffer;    /* grows beside the objects; cap 0: there is none */
    size_t buffer_depth; /* marks older than it, or than its last growth */
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
    model_object *o = &m->objects[i];
    for (size_t k = 0; k < o->size && k < 8; k++) {
        o->ptr[k] = (unsigned char)(i >> (k % 2 * 8));
        o->ptr[o->size - 1 - k] = (unsigned char)(i * 7);
    }
    if (o->size > 0) o->ptr[0] = (unsigned char)i;
}

static void model_verify_one(const model *m, size_t i) {
    const model_object *o = &m->objects[i];
    if (o->ptr == NULL) return;
    if (o->size > 0) assert_int_equal(o->ptr[0], (unsigned char)i);
    if (o->size > 8) assert_int_equal(o->ptr[o->size - 1], (unsigned char)(i * 7));
}

static void model_verify(const model *m) {
    if (m->buffer.cap > 0) assert_filled(m->buffer.ptr, m->buffer.cap, 0xB0);
    for (size_t i = 0; i < m->count; i++) model_verify_one(m, i);
}

static void model_add(model *m, void *ptr, size_t size, size_t align) {
    assert_non_null(ptr);
    assert_int_equal((uintptr_t)ptr % align, 0);
    m->objects[m->count] = (model_object){ptr, size, align, size};
    model_write(m, m->count++);
}

static void model_alloc(model *m) {
    uint64_t r = model_random(m);
    size_t size = r % 16 == 0 ? (size_t)(r >> 8) % 3000 : (size_t)(r >> 8) % 120;
    size_t align = r % 4 == 0 ? (size_t)1 << ((r >> 32) % 10) : 8;
    if ((r >> 4) % 8 == 0) {
        char *zeroed = pare_arena_alloc_zeroed(&m->arena, size, align);
        assert_non_null(zeroed);
        assert_filled(zeroed, size, 0);
        model_add(m, zeroed, size, align);
    } else {
        model_add(m, pare_arena_alloc(&m->arena, size, align), size, align);
    }
}

/* The newest object half of the time, or else any. NULL: it was given back. */
static model_object *model_pick(model *m) {
    uint64_t r = model_random(m);
    model_object *o = &m->objects[r % 2 == 0 ? m->count - 1 : (r >> 8) % m->count];
    return o->ptr != NULL ? o : NULL;
}

static void model_resize(model *m) {
    model_object *o = model_pick(m);
    if (o == NULL) return;
    size_t i = (size_t)(o - m->objects), size = (size_t)model_random(m) % (2 * o->size + 40);
    model_verify_one(m, i);
    pare_status status = pare_arena_resize(&m->arena, o->ptr, o->size, size);
    if (status != PARE_OK) {
        assert_true(size > o->size);
        return;
    }
    if (o->size > 0 && size > 0) assert_int_equal(o->ptr[0], (unsigned char)i);
    o->size = size;
    if (size > o->taken) o->taken = size;
    model_write(m, i);
}

static void model_free(model *m) {
    model_object *o = model_pick(m);
    if (o == NULL) return;
    model_verify_one(m, (size_t)(o - m->objects));
    pare_arena_free(&m->arena, o->ptr, o->size);
    o->ptr = NULL;
}

static void model_drop(void *ctx) {
    model **place = ctx, *m = *place;
    assert_ptr_equal(place, &m->drops[m->drop_count - 1]); /* the youngest first */
    m->drop_count--;
}

static void model_on_drop(model *m) {
    if (m->drop_count == MODEL_DROPS) return;
    model **place = &m->drops[m->drop_count];
    *place = m;
    assert_int_equal(pare_arena_on_drop(&m->arena, model_drop, place), PARE_OK);
    m->drop_count++;
}

static void model_grow_buffer(model *m) {
    pare_allocator from = pare_arena_builder_allocator(&m->arena);
    size_t size = m->buffer.cap + 1 + (size_t)(model_random(m) % 200);
    if (size > 5000) size = model_random(m) % 2 == 0 ? 1 : 0; /* shrunk, or freed */
    pare_status status = pare_realloc_span(from, &m->buffer, m->buffer.cap, size, 8, PARE_MAY_MOVE);
    assert_int_equal(status, PARE_OK);
    if (m->buffer.cap > 0) memset(m->buffer.ptr, 0xB0, m->buffer.cap);
    m->buffer_depth = m->depth;
    if (model_random(m) % 16 == 0) m->buffer = (pare_span){NULL, 0}; /* done: the next begins */
}

static void model_reset(model *m) {
    model_verify(m);
    pare_arena_reset(&m->arena);
    m->count = m->depth = 0;
    m->buffer = (pare_span){NULL, 0};
    assert_int_equal(m->drop_count, 0);
    assert_int_equal(pare_arena_get_stats(&m->arena).live_bytes, 0);
}

static void model_mark(model *m) {
    if (m->depth == MODEL_MARKS) return;
    m->marks[m->depth].pos = pare_arena_mark(&m->arena);
    m->marks[m->depth].live_bytes = pare_arena_get_stats(&m->arena).live_bytes;
    m->marks[m->depth].drops = m->drop_count;
    m->marks[m->depth++].count = m->count;
}

/* What is true after a rewind to the mark `depth`. */
static void model_rewound(model *m, size_t depth) {
    m->depth = depth;
    m->count = m->marks[depth].count;
    if (m->buffer_depth > depth) m->buffer = (pare_span){NULL, 0};
    assert_int_equal(m->drop_count, m->marks[depth].drops);
    model_verify(m);
}

static void model_rewind(model *m) {
    if (m->depth == 0) return;
    size_t depth = (size_t)(model_random(m) % m->depth);
    pare_arena_rewind(&m->arena, m->marks[depth].pos);
    model_rewound(m, depth);
    assert_int_equal(pare_arena_get_stats(&m->arena).live_bytes, m->marks[depth].live_bytes);
}

/* Goes back with any younger object, or with the buffer if it has grown since the mark. */
static void model_rewind_keep(model *m) {
    if (m->depth == 0) return;
    size_t depth = (size_t)(model_random(m) % m->depth);
    pare_span b = m->buffer;
    bool keeps_buffer = b.cap > 0 && m->buffer_depth > depth && model_random(m) % 2 == 0;
    size_t younger = m->count - m->marks[depth].count;
    if (younger == 0 && !keeps_buffer) return;
    size_t i = m->count - 1 - (younger > 0 ? (size_t)model_random(m) % younger : 0);
    model_object kept = keeps_buffer ? (model_object){b.ptr, b.cap, 8, b.cap} : m->objects[i];
    if (kept.ptr == NULL) return;
    char *ptr =
        pare_arena_rewind_keep(&m->arena, m->marks[depth].pos, kept.ptr, kept.size, kept.align);
    model_rewound(m, depth);
    if (keeps_buffer) assert_filled(ptr, kept.size, 0xB0);
    if (!keeps_buffer && kept.size > 8) assert_int_equal(ptr[0], (char)i);
    model_add(m, ptr, kept.size, kept.align);
}

static void model_step(model *m) {
    uint64_t choice = model_random(m) % 100;
    if (m->count == MODEL_OBJECTS || choice == 0) {
        model_reset(m);
    } else if (choice < 5) {
        model_mark(m);
    } else if (choice < 8) {
        model_rewind(m);
    } else if (choice == 8) {
        model_rewind_keep(m);
    } else if (choice == 9) {
        pare_arena_trim(&m->arena);
    } else if (choice == 10) {
        model_on_drop(m);
    } else if (choice < 15 && m->count > 0) {
        model_resize(m);
    } else if (choice < 17 && m->count > 0) {
        model_free(m);
    } else if (choice < 27 && m->builds) {
        model_grow_buffer(m);
    } else {
        model_alloc(m);
    }
}

/* What one object takes up: at least its size, at most with padding, a redzone or a guard, and a
 * mark's trace. */
static void model_check_live_bytes(const model *m, size_t live_bytes) {
    size_t least = 0, most = 0;
    for (size_t i = 0; i < m->count; i++) {
        if (m->objects[i].ptr != NULL) least += m->objects[i].size;
        most += m->objects[i].taken + m->objects[i].align + 128;
    }
    if (m->builds) least += m->buffer.cap, most = SIZE_MAX - 5000; /* older buffers count too */
    assert_true(least <= live_bytes);
    assert_true(live_bytes <= most + m->drop_count * 128 + (m->depth + 1) * 256);
}

static void model_check_figures(const model *m) {
    pare_arena_stats mine = pare_arena_get_stats(&m->arena), sums = {0};
    pare_counting_stats theirs = pare_counting_get_stats(&m->backing);
    assert_int_equal(mine.held_bytes, theirs.live_bytes);
    assert_int_equal(mine.peak_bytes, theirs.peak_bytes);
    assert_int_equal(mine.allocs, theirs.allocs);
    assert_int_equal(mine.frees, theirs.frees);
    assert_int_equal(mine.resizes, theirs.resizes);
    assert_int_equal(mine.total_bytes, theirs.total_bytes);
    assert_int_equal(mine.blocks, mine.allocs - mine.frees);
    pare_arena_visit(&m->arena, visit_sum, &sums);
    assert_int_equal(mine.live_bytes, sums.live_bytes);
    assert_int_equal(mine.room_bytes, sums.room_bytes);
    assert_int_equal(mine.retained_bytes, sums.retained_bytes);
    assert_int_equal(mine.held_bytes, mine.live_bytes + mine.room_bytes + mine.waste_bytes);
    model_check_live_bytes(m, mine.live_bytes);
}

static void model_check_retained(const model *m, size_t most) {
    assert_true(pare_arena_get_stats(&m->arena).retained_bytes <= most);
}

static void model_run(probe *p, const pare_arena_options *o, uint64_t seed, bool builds) {
    model *m = calloc(1, sizeof *m);
    assert_non_null(m);
    m->random = seed;
    m->builds = builds;
    pare_counting_init(&m->backing, probe_allocator(p));
    pare_allocator from = pare_counting_allocator(&m->backing);
    assert_int_equal(pare_arena_init(&m->arena, from, o), PARE_OK);
    int steps =
        probe_steps(probe_watched() ? 30000 : 600000); /* times the modes: over ten million */
    for (int i = 0; i < steps; i++) {
        model_step(m);
        if (i % 64 == 0) model_check_figures(m);
        if (o->retain_bytes != 0 && i % 64 == 0) model_check_retained(m, o->retain_bytes);
        if (o->limit_bytes != 0) assert_true(p->live_bytes <= o->limit_bytes);
    }
    pare_arena_deinit(&m->arena);
    assert_int_equal(m->drop_count, 0);
    free(m);
}

static void arena_agrees_with_a_model(void **state) {
    probe *p = *state;
    const pare_arena_options options[] = {
        small,
        {.block_min = 512, .block_max = 512},
        {.block_min = 1000, .block_max = 9999, .retain_bytes = 5000},
        {.retain_bytes = PARE_ARENA_RETAIN_NONE},
        {.flags = PARE_ARENA_ADAPTIVE},
        {.flags = PARE_ARENA_ZEROED | PARE_ARENA_ADAPTIVE, .limit_bytes = (size_t)1 << 22},
        {.flags = PARE_ARENA_HARDENED},
        {.flags = PARE_ARENA_UNPOOLED},
        {.flags = PARE_ARENA_UNPOOLED | PARE_ARENA_HARDENED},
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        p->slack = i * 8;
        model_run(p, &options[i], 88172645463325252u + i, false);
        model_run(p, &options[i], 88172645463325252u + i, true);
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
        CASE(arena_deinit_on_the_array_alone_zeroes_every_word),
        CASE(arena_init_with_an_array_of_any_size),
        CASE(arena_struct_may_be_moved),
        CASE(arena_alloc_bad_values_are_argument_errors),
        CASE(arena_alloc_huge_but_possible_is_out_of_memory),
        CASE(arena_alloc_size_zero_is_unique),
        CASE(arena_alloc_all_sizes_and_alignments_at_block_edges),
        CASE(arena_alloc_constant_alignments_are_honoured),
        CASE(arena_alloc_alignments_up_to_the_largest),
        CASE(arena_reset_and_rewind_touch_no_object),
        CASE(arena_new_and_new_array_are_typed),
        CASE(arena_refusal_sweep),
        CASE(arena_dup_copies_and_refuses_null),
        CASE(arena_stacks_on_an_arena),
        CASE(arena_stats_agree_with_a_counting_allocator),
        CASE(arena_alloc_zeroed_is_zero_whatever_was_there),
        CASE(arena_alloc_zeroed_is_zero_behind_a_text_that_did_not_fit),
        CASE(arena_zeroed_watermark_spares_fresh_memory_the_write),
        CASE(arena_new_tail_has_room_behind_the_struct),
        CASE(arena_printf_formats_in_place_and_across_blocks),
        CASE(arena_unpooled_objects_are_blocks_of_their_own),
        CASE(arena_visit_shows_what_the_stats_sum),
        CASE(arena_figures_include_the_callers_array),
        CASE(arena_dump_shows_name_figures_and_blocks),
        CASE(arena_misuse_names_the_arena),
        CASE(arena_agrees_with_a_model),
    };
    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
