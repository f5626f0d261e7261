/* test_blocks.c - growth and retention of an arena's blocks, seen through pare/arena.h.
 * SPDX-License-Identifier: MIT */
#include "support/arenas.h"
#include "pare/budget.h"
#include "pare/bufpool.h"
#include "pare/counting.h"
#include "pare/fixed.h"
#include "pare/pages.h"
#include <stdlib.h>

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
    assert_true(stats.blocks >= stats.held_bytes / 2048);
    assert_true(stats.held_bytes < 1000 * 64 * 3 / 2); /* redzones included */
    pare_arena_deinit(&a);
}

/* A block that was made for one request serves it again, whatever its size and alignment. */
static void arena_retained_block_serves_the_same_request_again(void **state) {
    probe *p = *state;
    for (size_t align = 1; align <= 64; align *= 2) {
        for (size_t size = 3000; size < 3040; size++) {
            pare_arena a = small_arena(p);
            uint64_t requests = 0;
            for (int round = 0; round < 3; round++) {
                PARE_ARENA_SCOPE(&a) { filled(pare_arena_alloc(&a, size, align), size, 1); }
                if (round == 0) requests = p->requests;
            }
            assert_int_equal(p->requests, requests);
            pare_arena_deinit(&a);
        }
    }
}

static void arena_large_requests_do_not_make_later_blocks_larger(void **state) {
    probe *p = *state;
    pare_arena a = {.from = probe_allocator(p)};
    for (int i = 0; i < 10; i++) filled(pare_arena_alloc(&a, 1 << 20, 8), 1 << 20, 1);
    size_t held = p->live_bytes, blocks = p->live_blocks;
    while (p->live_blocks == blocks) filled(pare_arena_alloc(&a, 64, 8), 64, 2);
    assert_true(p->live_bytes - held <= 16384);
    pare_arena_deinit(&a);
}

/* Doubling stops at block_max, reached exactly. */
static void arena_block_max_is_reached_and_not_passed(void **state) {
    probe *p = *state;
    p->never_resize = true;
    pare_arena a = small_arena(p);
    size_t held = p->live_bytes, largest = 0;
    while (p->live_blocks < 8) {
        filled(pare_arena_alloc(&a, 64, 8), 64, 1);
        if (p->live_bytes - held > largest) largest = p->live_bytes - held;
        held = p->live_bytes;
    }
    assert_int_equal(largest, 2048);
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
    p->never_resize = true;
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
    pare_arena_options o = {.block_min = 512, .limit_bytes = 4000};
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

/* The largest object that an arena with `o` over `from` grants after a phase, all smaller ones
 * included; refused ones change nothing. */
static size_t largest_after_a_phase(pare_allocator from, const pare_arena_options *o, size_t most) {
    size_t largest = 0;
    for (size_t size = most; size > 0 && largest == 0; size -= 8) {
        pare_arena a;
        assert_int_equal(pare_arena_init(&a, from, o), PARE_OK);
        char *kept = filled(pare_arena_alloc(&a, 40, 8), 40, 1);
        PARE_ARENA_SCOPE(&a) {
            for (int i = 0; i < 5; i++) filled(pare_arena_alloc(&a, 700, 8), 700, 2);
        }
        size_t live = pare_arena_get_stats(&a).live_bytes;
        assert_true(pare_arena_get_stats(&a).retained_bytes > 0);
        char *object = pare_arena_alloc(&a, size, 8);
        if (object != NULL) {
            filled(object, largest = size, 3);
            assert_int_equal(pare_arena_status(&a), PARE_OK);
        } else {
            assert_int_equal(pare_arena_get_stats(&a).live_bytes, live);
        }
        assert_filled(kept, 40, 1);
        pare_arena_deinit(&a);
    }
    return largest;
}

/* Home, and one block: its header and what alignment may cost. */
enum { LIMIT = 12000, LARGEST = LIMIT - 512 - 40 - 16 - 8 };

static void arena_limit_grants_all_of_it_whatever_is_retained(void **state) {
    probe *p = *state;
    const pare_arena_options o = {.block_min = 512, .block_max = 2048, .limit_bytes = LIMIT};
    size_t largest = largest_after_a_phase(probe_allocator(p), &o, LIMIT);
    if (!probe_watched() && sizeof(void *) == 8) assert_int_equal(largest, LARGEST / 8 * 8);
    assert_true(largest > LIMIT - 700);
}

static void arena_in_a_budget_grants_all_of_it_whatever_is_retained(void **state) {
    probe *p = *state;
    pare_budget b;
    const pare_budget_options o = {.limit_bytes = LIMIT};
    p->slack = 100; /* never taken: the budget asks for exact blocks */
    assert_int_equal(pare_budget_init(&b, probe_allocator(p), &o), PARE_OK);
    size_t largest = largest_after_a_phase(pare_budget_allocator(&b), &small, LIMIT);
    if (!probe_watched() && sizeof(void *) == 8) assert_int_equal(largest, LARGEST / 8 * 8);
    assert_true(largest > LIMIT - 700);
    assert_true(pare_budget_get_stats(&b).peak_bytes <= LIMIT);
    pare_budget_deinit(&b);
}

static void arena_retained_block_in_the_way_of_growth_is_given_back(void **state) {
    (void)state;
    enum { SIZE = 8000 };
    char *array = malloc(SIZE);
    pare_fixed f;
    pare_arena a;
    pare_arena_options o = {.block_min = 512, .block_max = 512};
    pare_fixed_init(&f, array, SIZE);
    pare_allocator from = pare_fixed_allocator(&f);
    assert_int_equal(pare_arena_init(&a, from, &o), PARE_OK);
    pare_span behind;
    assert_int_equal(pare_alloc_span(from, 16, 16, PARE_EXACT, &behind), PARE_OK);
    PARE_ARENA_SCOPE(&a) { filled(pare_arena_alloc(&a, 2000, 8), 2000, 1); }
    assert_true(pare_arena_get_stats(&a).retained_bytes > 0);
    filled(pare_arena_alloc(&a, 6500, 8), 6500, 2); /* only where the retained block was */
    assert_int_equal(pare_arena_status(&a), PARE_OK);
    pare_free_span(from, behind, 16);
    pare_arena_deinit(&a);
    free(array);
}

static void arena_in_a_budget_that_is_lowered_takes_no_further_block(void **state) {
    probe *p = *state;
    pare_budget b;
    const pare_budget_options o = {.limit_bytes = 20000};
    assert_int_equal(pare_budget_init(&b, probe_allocator(p), &o), PARE_OK);
    pare_arena a = {.from = pare_budget_allocator(&b)};
    PARE_ARENA_SCOPE(&a) { filled(pare_arena_alloc(&a, 8000, 8), 8000, 1); }
    size_t charged = pare_budget_get_stats(&b).live_bytes;
    pare_budget_set_limit(&b, 5000);
    size_t served = 0;
    while (pare_arena_alloc(&a, 40, 8) != NULL) served += 40;
    assert_int_equal(pare_arena_status(&a), PARE_ERR_LIMIT);
    assert_true(served <= charged); /* out of blocks that were paid for */
    assert_true(pare_budget_get_stats(&b).live_bytes <= charged);
    pare_arena_reset(&a);
    pare_arena_trim(&a);
    served = 0;
    while (pare_arena_alloc(&a, 40, 8) != NULL) served += 40;
    assert_true(served <= 5000 && served > 3000);
    assert_true(p->live_bytes <= 5000);
    pare_arena_deinit(&a);
    pare_budget_deinit(&b);
}

/* Both sides of the limit, byte by byte: the limit that two blocks need, and one byte less. */
static void arena_limit_at_both_edges(void **state) {
    probe *p = *state;
    for (size_t limit = 3000 + 512; limit > 512; limit--) {
        const pare_arena_options o = {.block_min = 512, .block_max = 512, .limit_bytes = limit};
        pare_arena a;
        assert_int_equal(pare_arena_init(&a, probe_allocator(p), &o), PARE_OK);
        const char *object = pare_arena_alloc(&a, 1000, 8);
        pare_status expected = p->live_blocks == 2 ? PARE_OK : PARE_ERR_LIMIT;
        assert_int_equal(pare_arena_status(&a), expected);
        assert_true((object != NULL) == (expected == PARE_OK));
        assert_true(p->live_bytes <= limit);
        if (!probe_watched() && sizeof(void *) == 8) {
            assert_true((object != NULL) == (limit >= 512 + 1000 + 40 + 16 + 8));
        }
        pare_arena_deinit(&a);
    }
}

static void arena_over_an_allocator_that_grows_in_place_is_one_block(void **state) {
    (void)state;
    char *array = malloc(100000);
    pare_fixed f;
    pare_fixed_init(&f, array, 100000);
    pare_arena a = {.from = pare_fixed_allocator(&f)};
    for (int i = 0; i < 90; i++) filled(pare_arena_alloc(&a, 1000, 8), 1000, 1);
    pare_arena_stats stats = pare_arena_get_stats(&a);
    assert_int_equal(stats.blocks, 1);
    assert_true(stats.resizes > 0);
    assert_int_equal(stats.held_bytes, pare_fixed_get_stats(&f).live_bytes);
    pare_arena_reset(&a);
    pare_arena_trim(&a); /* shorter in place, too */
    assert_true(pare_fixed_get_stats(&f).live_bytes <= 4096);
    assert_int_equal(pare_arena_get_stats(&a).held_bytes, pare_fixed_get_stats(&f).live_bytes);
    filled(pare_arena_alloc(&a, 50000, 8), 50000, 1);
    pare_arena_deinit(&a);
    assert_int_equal(pare_fixed_get_stats(&f).live_bytes, 0);
    free(array);
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

static void arena_retain_of_a_round_number_keeps_that_much(void **state) {
    (void)state;
    pare_counting c = {0}; /* over the heap, whose caps are odd */
    pare_arena_options o = {.block_min = 4096, .retain_bytes = 8192};
    pare_arena a;
    assert_int_equal(pare_arena_init(&a, pare_counting_allocator(&c), &o), PARE_OK);
    uint64_t allocs = 0;
    for (int phases = 0; phases < 5; phases++) {
        for (int i = 0; i < 30; i++) filled(pare_arena_alloc(&a, 300, 8), 300, 1);
        pare_arena_reset(&a);
        if (phases == 1) allocs = pare_counting_get_stats(&c).allocs;
    }
    assert_int_equal(pare_counting_get_stats(&c).allocs, allocs);
    pare_arena_deinit(&a);
}

static int trim_the_asker(void *ctx, pare_budget *b, size_t needed_bytes) {
    (void)b, (void)needed_bytes;
    pare_arena_trim(ctx);
    return 1;
}

static void arena_may_be_trimmed_by_the_budget_that_it_asks(void **state) {
    (void)state;
    pare_arena a;
    pare_budget b;
    const pare_budget_options o = {.limit_bytes = 60000, .relief = trim_the_asker, .ctx = &a};
    assert_int_equal(pare_budget_init(&b, pare_pages((size_t)1 << 22), &o), PARE_OK);
    a = (pare_arena){.from = pare_budget_allocator(&b)};
    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < 40; i++) {
            size_t size = i % 3 == 0 ? 6000 + i * 200 : 200;
            char *object = pare_arena_alloc(&a, size, 8);
            if (object != NULL) filled(object, size, 1);
        }
        pare_arena_reset(&a);
    }
    pare_arena_deinit(&a);
    assert_int_equal(pare_budget_get_stats(&b).live_bytes, 0);
    pare_budget_deinit(&b);
}

static void arena_retain_none_gives_all_but_the_first_back(void **state) {
    probe *p = *state;
    pare_arena_options o = {.retain_bytes = PARE_ARENA_RETAIN_NONE};
    pare_arena a;
    assert_int_equal(pare_arena_init(&a, probe_allocator(p), &o), PARE_OK);
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 1000; k++) filled(pare_arena_alloc(&a, 64, 8), 64, 1);
        pare_arena_reset(&a);
        assert_int_equal(p->live_blocks, 1);
    }
    pare_arena_deinit(&a);
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

static void arena_over_reserved_pages_never_moves_and_gives_them_back(void **state) {
    (void)state;
    const size_t objects = 20000, size = 1000;
    pare_counting c;
    pare_counting_init(&c, pare_pages((size_t)1 << 26));
    pare_arena a = {.from = pare_counting_allocator(&c)};
    char *first = filled(pare_arena_alloc(&a, size, 8), size, 1);
    for (size_t i = 1; i < objects; i++) filled(pare_arena_alloc(&a, size, 8), size, 2);
    assert_int_equal(pare_arena_get_stats(&a).blocks, 1);
    assert_filled(first, size, 1);
    assert_true(pare_counting_get_stats(&c).live_bytes >= objects * size);
    pare_arena_reset(&a);
    pare_arena_trim(&a);
    assert_true(pare_counting_get_stats(&c).live_bytes <= 4 * pare_pages_page_bytes());
    filled(pare_arena_alloc(&a, 100000, 8), 100000, 3);
    pare_arena_deinit(&a);
    assert_int_equal(pare_counting_get_stats(&c).live_bytes, 0);
}

static void arena_in_a_budget_never_passes_it_and_its_scopes_survive_a_refusal(void **state) {
    probe *p = *state;
    pare_budget b;
    const pare_budget_options o = {.limit_bytes = 20000};
    assert_int_equal(pare_budget_init(&b, probe_allocator(p), &o), PARE_OK);
    pare_arena a = {.from = pare_budget_allocator(&b)};
    for (int round = 0; round < 3; round++) {
        char *kept = filled(pare_arena_alloc(&a, 100, 8), 100, 1);
        PARE_ARENA_SCOPE(&a) {
            size_t served = 0;
            while (pare_arena_alloc(&a, 50, 8) != NULL) served += 50;
            assert_int_equal(pare_arena_status(&a), PARE_ERR_LIMIT);
            assert_true(served > 10000);
            assert_true(p->live_bytes <= 20000);
        }
        filled(pare_arena_alloc(&a, 1000, 8), 1000, 2);
        assert_filled(kept, 100, 1);
        assert_int_equal(pare_budget_get_stats(&b).live_bytes, pare_arena_get_stats(&a).held_bytes);
        pare_arena_reset(&a);
    }
    pare_arena_deinit(&a);
    pare_budget_deinit(&b);
}

static void arena_over_a_buffer_pool_shares_its_blocks(void **state) {
    probe *p = *state;
    pare_bufpool cache;
    uint64_t allocs = 0;
    assert_int_equal(pare_bufpool_init(&cache, probe_allocator(p), NULL), PARE_OK);
    for (int round = 0; round < 10; round++) {
        pare_arena children[3];
        for (int i = 0; i < 3; i++) {
            children[i] = (pare_arena){.from = pare_bufpool_allocator(&cache)};
            assert_false(phase(&children[i]));
        }
        for (int i = 0; i < 3; i++) pare_arena_deinit(&children[i]);
        if (round == 0) allocs = p->allocs;
    }
    assert_int_equal(p->allocs, allocs); /* short-lived arenas cost no allocation */
    pare_bufpool_trim(&cache, 0, PARE_TRIM_ALL);
    assert_int_equal(pare_bufpool_get_stats(&cache).retained_bytes, 0); /* and really give back */
    pare_bufpool_deinit(&cache);
}

static void arena_reset_makes_one_block_of_several(void **state) {
    probe *p = *state;
    pare_arena a = {.from = probe_allocator(p)};
    for (int i = 0; i < 1000; i++) filled(pare_arena_alloc(&a, 64, 8), 64, 1);
    assert_true(p->live_blocks > 3);
    pare_arena_reset(&a);
    assert_int_equal(p->live_blocks, 2); /* the first, and the one */
    uint64_t requests = p->requests;
    for (int i = 0; i < 1000; i++) filled(pare_arena_alloc(&a, 64, 8), 64, 1);
    pare_arena_reset(&a);
    assert_int_equal(p->requests, requests);
    pare_arena_deinit(&a);
}

static void arena_reset_refused_the_one_block_keeps_the_several(void **state) {
    probe *p = *state;
    pare_arena a = {.from = probe_allocator(p)};
    for (int i = 0; i < 1000; i++) filled(pare_arena_alloc(&a, 64, 8), 64, 1);
    size_t blocks = p->live_blocks;
    probe_refuse(p, 0, PROBE_NEVER);
    pare_arena_reset(&a);
    assert_int_equal(p->live_blocks, blocks);
    for (int i = 0; i < 1000; i++) filled(pare_arena_alloc(&a, 64, 8), 64, 1);
    pare_arena_deinit(&a);
}

static void arena_adaptive_gives_a_spike_back_and_keeps_a_steady_load(void **state) {
    probe *p = *state;
    pare_arena_options o = {.flags = PARE_ARENA_ADAPTIVE};
    pare_arena a;
    assert_int_equal(pare_arena_init(&a, probe_allocator(p), &o), PARE_OK);
    for (int i = 0; i < 1000; i++) filled(pare_arena_alloc(&a, 10000, 8), 10000, 1);
    pare_arena_reset(&a);
    size_t spike = p->live_bytes, steady = 0;
    uint64_t requests = 0;
    for (int phases = 0; phases < 60; phases++) {
        for (int k = 0; k < 500 + phases % 7 * 20; k++) {
            filled(pare_arena_alloc(&a, 100, 8), 100, 1);
        }
        pare_arena_reset(&a);
        if (phases == 45) {
            steady = p->live_bytes;
            requests = p->requests;
        }
    }
    assert_true(spike > 10000000);
    assert_true(steady < spike / 4);
    assert_int_equal(p->requests, requests);
    pare_arena_deinit(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(arena_large_request_gets_its_own_block_behind_the_current),
        CASE(arena_blocks_double_to_the_maximum),
        CASE(arena_retained_block_serves_the_same_request_again),
        CASE(arena_large_requests_do_not_make_later_blocks_larger),
        CASE(arena_block_max_is_reached_and_not_passed),
        CASE(arena_requests_above_a_quarter_block_come_to_share_blocks),
        CASE(arena_uses_all_that_the_allocator_gave),
        CASE(arena_refused_block_is_asked_for_halved_and_then_exactly),
        CASE(arena_limit_is_never_passed),
        CASE(arena_limit_grants_all_of_it_whatever_is_retained),
        CASE(arena_in_a_budget_grants_all_of_it_whatever_is_retained),
        CASE(arena_retained_block_in_the_way_of_growth_is_given_back),
        CASE(arena_in_a_budget_that_is_lowered_takes_no_further_block),
        CASE(arena_limit_at_both_edges),
        CASE(arena_over_an_allocator_that_grows_in_place_is_one_block),
        CASE(arena_second_phase_allocates_nothing),
        CASE(arena_reset_keeps_at_most_retain_bytes),
        CASE(arena_retain_of_a_round_number_keeps_that_much),
        CASE(arena_may_be_trimmed_by_the_budget_that_it_asks),
        CASE(arena_retain_none_gives_all_but_the_first_back),
        CASE(arena_trim_gives_back_all_but_the_first_block),
        CASE(arena_over_reserved_pages_never_moves_and_gives_them_back),
        CASE(arena_in_a_budget_never_passes_it_and_its_scopes_survive_a_refusal),
        CASE(arena_over_a_buffer_pool_shares_its_blocks),
        CASE(arena_reset_makes_one_block_of_several),
        CASE(arena_reset_refused_the_one_block_keeps_the_several),
        CASE(arena_adaptive_gives_a_spike_back_and_keeps_a_steady_load),
    };
    return cmocka_run_group_tests_name("blocks", tests, NULL, NULL);
}
