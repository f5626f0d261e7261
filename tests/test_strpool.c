/* test_strpool.c - mirrors pare/strpool.h section by section.
 * Method: pools draw from a probe, so that what a pool says it retains can be compared with what is
 * out. "used(p, n)" is one borrow that builds a text of n bytes.
 * SPDX-License-Identifier: MIT */
#include "support/probe.h"
#include "pare/strpool.h"
#include <stdlib.h>

static pare_strpool pool_with(probe *p, pare_strpool_options options) {
    pare_strpool pool;
    assert_int_equal(pare_strpool_init(&pool, probe_allocator(p), &options), PARE_OK);
    return pool;
}

static pare_str *got(pare_strpool *pool) {
    pare_str *s = pare_strpool_get(pool);
    assert_non_null(s);
    assert_int_equal(pare_str_len(s), 0);
    assert_int_equal(pare_str_status(s), PARE_OK);
    return s;
}

static pare_str *filled(pare_strpool *pool, size_t bytes) {
    pare_str *s = got(pool);
    assert_int_equal(pare_str_append_fill(s, 'x', bytes), PARE_OK);
    return s;
}

static void used(pare_strpool *pool, size_t bytes) { pare_strpool_put(pool, filled(pool, bytes)); }

static pare_strpool_stats stats_of(const pare_strpool *pool) {
    return pare_strpool_get_stats(pool);
}

static size_t block_bytes(const pare_str *s) { return pare_str_get_stats(s).live_bytes; }

/* --- lifetime ---------------------------------------------------------------------------- */

static void strpool_zeroed_is_valid_on_the_heap(void **state) {
    (void)state;
    pare_strpool pool = {0}, zeroed = {0};
    assert_int_equal(pare_strpool_status(&pool), PARE_OK);
    assert_int_equal(stats_of(&pool).gets, 0);
    pare_strpool_trim(&pool, 0, PARE_TRIM_ALL);
    pare_strpool_put(&pool, NULL);
    pare_strpool_deinit(&pool);
    used(&pool, 100);
    assert_int_equal(stats_of(&pool).gets, 1);
    pare_strpool_deinit(&pool);
    assert_memory_equal(&pool, &zeroed, sizeof pool);
}

static void strpool_init_allocates_at_the_first_get(void **state) {
    probe *p = *state;
    pare_strpool pool;
    assert_int_equal(pare_strpool_init(&pool, probe_allocator(p), NULL), PARE_OK);
    assert_int_equal(p->requests, 0);
    used(&pool, 10);
    pare_strpool_deinit(&pool);
}

static void strpool_init_bad_options_leave_the_pool_untouched(void **state) {
    probe *p = *state;
    const pare_strpool_options bad[] = {{.flags = 2}, {.flags = 1u << 31}, {.reserved = {0, 0, 1}}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        pare_strpool pool = {.status = PARE_ERR_LIMIT};
        assert_int_equal(pare_strpool_init(&pool, probe_allocator(p), &bad[i]), PARE_ERR_ARGUMENT);
        assert_int_equal(pool.status, PARE_ERR_LIMIT);
        assert_int_equal(p->requests, 0);
    }
}

static void strpool_struct_may_be_moved(void **state) {
    pare_strpool pool = pool_with(*state, (pare_strpool_options){0});
    pare_str *s = filled(&pool, 100);
    pare_strpool moved = pool;
    memset(&pool, 0x55, sizeof pool);
    pare_strpool_put(&moved, s);
    assert_ptr_equal(got(&moved), s);
    pare_strpool_deinit(&moved);
}

static void strpool_deinit_takes_builders_in_use_too(void **state) {
    pare_strpool pool = pool_with(*state, (pare_strpool_options){0});
    filled(&pool, 5000);
    filled(&pool, 10);
    pare_strpool_deinit(&pool); /* the probe sees every byte back */
}

/* --- reuse ------------------------------------------------------------------------------- */

static void strpool_get_after_put_has_the_block_and_no_text(void **state) {
    probe *p = *state;
    pare_strpool pool = pool_with(p, (pare_strpool_options){0});
    pare_str *s = filled(&pool, 1000);
    size_t bytes = block_bytes(s);
    pare_strpool_put(&pool, s);
    assert_int_equal(stats_of(&pool).retained_bytes, bytes);
    assert_ptr_equal(got(&pool), s);
    assert_int_equal(block_bytes(s), bytes);
    assert_int_equal(stats_of(&pool).retained_bytes, 0);
    assert_int_equal(stats_of(&pool).hits, 1);
    pare_strpool_deinit(&pool);
}

static void strpool_warm_pool_allocates_nothing(void **state) {
    probe *p = *state;
    pare_strpool pool = pool_with(p, (pare_strpool_options){0});
    for (int i = 0; i < 3; i++) used(&pool, 700);
    uint64_t requests = p->requests;
    for (int i = 0; i < 1000; i++) {
        pare_str *a = filled(&pool, 700);
        pare_strpool_put(&pool, a);
    }
    assert_int_equal(p->requests, requests);
    assert_int_equal(stats_of(&pool).hits, stats_of(&pool).gets - 1);
    pare_strpool_deinit(&pool);
}

static void strpool_put_clears_failure_and_limit(void **state) {
    pare_strpool pool = pool_with(*state, (pare_strpool_options){.limit_bytes = 100});
    pare_str *s = got(&pool);
    assert_int_equal(pare_str_append_fill(s, 'x', 100), PARE_OK);
    assert_int_equal(pare_str_append_char(s, 'x'), PARE_ERR_LIMIT);
    pare_str_set_limit(s, 5);
    pare_strpool_put(&pool, s);
    assert_ptr_equal(got(&pool), s);
    assert_int_equal(pare_str_limit(s), 100);
    assert_int_equal(pare_str_append_fill(s, 'x', 100), PARE_OK);
    pare_strpool_deinit(&pool);
}

static void strpool_fresh_builder_has_room_for_the_usual_text(void **state) {
    probe *p = *state;
    pare_strpool pool = pool_with(p, (pare_strpool_options){0});
    pare_str *first = got(&pool);
    assert_int_equal(block_bytes(first), 0); /* nothing is known yet */
    pare_strpool_put(&pool, first);
    used(&pool, 3000);
    pare_str *a = got(&pool), *b = got(&pool);
    assert_int_equal(stats_of(&pool).usual_bytes, 4096);
    assert_true(block_bytes(b) >= 4096);
    uint64_t requests = p->requests;
    assert_int_equal(pare_str_append_fill(b, 'x', 4095), PARE_OK);
    assert_int_equal(p->requests, requests);
    pare_strpool_put(&pool, a);
    pare_strpool_put(&pool, b);
    pare_strpool_deinit(&pool);
}

static void strpool_detached_text_is_remembered_by_its_length(void **state) {
    probe *p = *state;
    pare_strpool pool = pool_with(p, (pare_strpool_options){0});
    for (int i = 0; i < 2; i++) {
        pare_str *s = got(&pool);
        uint64_t requests = p->requests;
        assert_int_equal(pare_str_append_fill(s, 'x', 900), PARE_OK);
        if (i == 1) assert_int_equal(p->requests, requests);
        pare_parcel text;
        assert_int_equal(pare_str_detach(s, &text), PARE_OK);
        pare_strpool_put(&pool, s);
        pare_free_span(text.from, text.block, text.align);
    }
    assert_int_equal(stats_of(&pool).retained_bytes, 0);
    pare_strpool_deinit(&pool);
}

/* --- what is kept ------------------------------------------------------------------------ */

static void strpool_one_giant_is_dropped(void **state) {
    pare_strpool pool = pool_with(*state, (pare_strpool_options){0});
    for (int i = 0; i < 100; i++) used(&pool, 200);
    size_t retained_bytes = stats_of(&pool).retained_bytes;
    used(&pool, 1 << 20);
    assert_int_equal(stats_of(&pool).dropped_giant, 1);
    assert_int_equal(stats_of(&pool).usual_bytes, 256);
    assert_true(stats_of(&pool).retained_bytes <= retained_bytes);
    pare_strpool_deinit(&pool);
}

static void strpool_giants_become_usual_and_pass_again(void **state) {
    pare_strpool pool = pool_with(*state, (pare_strpool_options){0});
    for (int i = 0; i < 100; i++) used(&pool, 200);
    for (int i = 0; i < 100; i++) used(&pool, 100000);
    assert_true(stats_of(&pool).dropped_giant < 10);
    assert_int_equal(stats_of(&pool).usual_bytes, 131072);
    uint64_t dropped = stats_of(&pool).dropped_giant;
    for (int i = 0; i < 2000; i++) used(&pool, 200);
    assert_int_equal(stats_of(&pool).usual_bytes, 256);
    assert_int_equal(stats_of(&pool).dropped_giant, dropped + 1);
    pare_strpool_deinit(&pool);
}

/* The size in which one of twenty uses is larger, and of twenty-one. */
static void strpool_usual_size_covers_nineteen_of_twenty(void **state) {
    pare_strpool pool = pool_with(*state, (pare_strpool_options){0});
    for (int i = 0; i < 19; i++) used(&pool, 63);
    assert_int_equal(stats_of(&pool).usual_bytes, 64);
    used(&pool, 64); /* 65 bytes with the NUL */
    assert_int_equal(stats_of(&pool).usual_bytes, 64);
    used(&pool, 64);
    assert_int_equal(stats_of(&pool).usual_bytes, 128);
    for (int i = 0; i < 19; i++) used(&pool, 0);
    assert_int_equal(stats_of(&pool).usual_bytes, 64);
    pare_strpool_deinit(&pool);
}

/* Uses and their counts halved again and again agree with a count from the start. */
static void strpool_usual_size_agrees_with_a_model(void **state) {
    pare_strpool pool = pool_with(*state, (pare_strpool_options){.retain_bytes = 1});
    uint32_t counts[32] = {0}, count = 0, random = 1;
    for (int i = 0; i < 5000; i++) {
        random = random * 1664525u + 1013904223u;
        unsigned log2 = (random >> 24) % (i / 500 % 2 == 0 ? 8 : 14);
        used(&pool, ((size_t)1 << log2) - 1);
        if (count == 256) {
            count = 0;
            for (int k = 0; k < 32; k++) count += counts[k] /= 2;
        }
        counts[log2 < 6 ? 6 : log2]++;
        count++;
        unsigned usual = 32;
        uint32_t above = 0;
        while (usual > 6 && (above + counts[usual - 1]) * 20 <= count) above += counts[--usual];
        size_t expected = (size_t)1 << (usual > 6 ? usual - 1 : 6);
        assert_int_equal(stats_of(&pool).usual_bytes, expected);
    }
    pare_strpool_deinit(&pool);
}

static void strpool_small_blocks_are_kept_whatever_was_used(void **state) {
    probe *p = *state;
    pare_strpool pool = pool_with(p, (pare_strpool_options){0});
    for (int i = 0; i < 100; i++) used(&pool, 10);
    pare_str *s = got(&pool), *t = got(&pool);
    assert_int_equal(pare_str_reserve_exact(s, 4095), PARE_OK);
    assert_int_equal(pare_str_reserve_exact(t, 4096), PARE_OK);
    pare_strpool_put(&pool, s);
    assert_int_equal(stats_of(&pool).dropped_giant, 0);
    pare_strpool_put(&pool, t);
    assert_int_equal(stats_of(&pool).dropped_giant, 1);
    assert_int_equal(stats_of(&pool).retained_bytes, 4096);
    pare_strpool_deinit(&pool);
}

static void strpool_retain_bytes_holds_at_both_edges(void **state) {
    for (size_t less = 0; less < 2; less++) {
        pare_strpool pool = pool_with(*state, (pare_strpool_options){.retain_bytes = 2000 - less});
        pare_str *a = got(&pool), *b = got(&pool);
        assert_int_equal(pare_str_reserve_exact(a, 999), PARE_OK);
        assert_int_equal(pare_str_reserve_exact(b, 999), PARE_OK);
        pare_strpool_put(&pool, a);
        pare_strpool_put(&pool, b);
        assert_int_equal(stats_of(&pool).dropped_budget, less);
        assert_int_equal(stats_of(&pool).retained_bytes, 2000 - 1000 * less);
        assert_int_equal(stats_of(&pool).retained_count, 2 - less);
        pare_strpool_deinit(&pool);
    }
}

static void strpool_foreign_memory_is_never_kept(void **state) {
    probe *p = *state;
    char array[100];
    pare_strpool pool = pool_with(p, (pare_strpool_options){.flags = PARE_WIPE});
    pare_str *s = got(&pool);
    pare_str_deinit(s);
    pare_str_init_with(s, array, sizeof array, probe_allocator(p));
    assert_int_equal(pare_str_append_lit(s, "on the stack"), PARE_OK);
    pare_strpool_put(&pool, s);
    assert_int_equal(stats_of(&pool).dropped_foreign, 1);

    pare_parcel parcel = {.block = {malloc(64), 64}, .len = 5, .align = 1};
    memcpy(parcel.block.ptr, "mine?", 6);
    assert_ptr_equal(got(&pool), s);
    assert_int_equal(pare_str_attach(s, parcel), PARE_OK); /* the C library's heap */
    pare_strpool_put(&pool, s);
    assert_int_equal(stats_of(&pool).dropped_foreign, 2);
    assert_int_equal(stats_of(&pool).retained_bytes, 0);
    assert_ptr_equal(got(&pool), s);
    assert_int_equal(pare_str_append_lit(s, "from the pool's own again"), PARE_OK);
    pare_strpool_deinit(&pool);
}

/* Puts `s` and gets it again, its block all zero. */
static void wiped(pare_strpool *pool, pare_str *s) {
    size_t bytes = s->buf.block_bytes;
    pare_strpool_put(pool, s);
    assert_ptr_equal(got(pool), s);
    assert_int_equal(s->buf.block_bytes, bytes);
    for (size_t i = 0; i < bytes && !probe_watched(); i++) assert_int_equal(s->buf.ptr[i], 0);
}

static void strpool_wipe_overwrites_all_of_the_block(void **state) {
    probe *p = *state;
    pare_strpool pool = pool_with(p, (pare_strpool_options){.flags = PARE_WIPE});
    pare_str *s = filled(&pool, 300);
    pare_str_reset(s);
    assert_int_equal(pare_str_append_lit(s, "secret"), PARE_OK);
    assert_string_equal(pare_str_cstr(s), "secret");
    pare_str_set_limit(s, 3);
    wiped(&pool, s);
    pare_str_set_limit(s, 30);
    assert_int_equal(pare_str_append_printf(s, "%s%40d", "secret", 1), PARE_ERR_LIMIT);
    wiped(&pool, s); /* what a refused printf wrote, too */
    pare_strpool_deinit(&pool);
}

/* --- trim -------------------------------------------------------------------------------- */

static void strpool_trim_all_gives_every_free_builder_back(void **state) {
    probe *p = *state;
    pare_strpool pool = pool_with(p, (pare_strpool_options){0});
    pare_str *held = filled(&pool, 50), *free_ones[10];
    for (int i = 0; i < 10; i++) free_ones[i] = filled(&pool, 5000);
    for (int i = 0; i < 10; i++) pare_strpool_put(&pool, free_ones[i]);
    assert_true(stats_of(&pool).retained_bytes >= 50000);
    pare_strpool_trim(&pool, 0, PARE_TRIM_ALL);
    assert_int_equal(stats_of(&pool).retained_bytes, 0);
    assert_int_equal(stats_of(&pool).live_count, 1);
    assert_int_equal(pare_str_len(held), 50);
    pare_strpool_deinit(&pool);
}

static void strpool_trim_surplus_leaves_the_working_set(void **state) {
    probe *p = *state;
    pare_strpool pool = pool_with(p, (pare_strpool_options){.trim_ms = 10});
    pare_str *burst[10];
    for (int i = 0; i < 10; i++) burst[i] = filled(&pool, 500);
    for (int i = 0; i < 10; i++) pare_strpool_put(&pool, burst[i]);
    size_t all = stats_of(&pool).retained_bytes;
    pare_strpool_trim(&pool, 0, PARE_TRIM_SURPLUS);
    used(&pool, 500);
    pare_strpool_trim(&pool, 9, PARE_TRIM_SURPLUS); /* too early */
    assert_int_equal(stats_of(&pool).retained_bytes, all);
    pare_strpool_trim(&pool, 10, PARE_TRIM_SURPLUS);
    assert_true(stats_of(&pool).retained_bytes > 0);
    assert_true(stats_of(&pool).retained_bytes < all);
    pare_strpool_deinit(&pool);
}

/* --- refusals ---------------------------------------------------------------------------- */

/* A pool's life, in which any request may be refused. Returns whether one was that shows. */
static bool refusal_scene(probe *p, void *ctx) {
    (void)ctx;
    bool refused = false;
    pare_strpool pool;
    assert_int_equal(pare_strpool_init(&pool, probe_allocator(p), NULL), PARE_OK);
    for (int round = 0; round < 3; round++) {
        pare_str *held[3];
        for (int i = 0; i < 3; i++) {
            held[i] = pare_strpool_get(&pool);
            if (held[i] == NULL) {
                assert_int_equal(pare_strpool_status(&pool), PARE_ERR_MEMORY);
                refused = true;
            } else if (pare_str_append_fill(held[i], 'x', 300) != PARE_OK) {
                assert_int_equal(pare_str_len(held[i]), 0);
                refused = true;
            }
        }
        for (int i = 0; i < 3; i++) pare_strpool_put(&pool, held[i]);
    }
    /* A refused reserve is made good by the append that needs it, a refused magazine by slabs. */
    refused |= p->requests > p->refuse_at;
    pare_strpool_deinit(&pool);
    return refused;
}

static void strpool_refusal_sweep(void **state) { probe_sweep(*state, refusal_scene, NULL); }

static void strpool_init_refused_leaves_the_pool_untouched(void **state) {
    probe *p = *state;
    const pare_strpool_options options = {.trim_ms = 5};
    for (uint64_t at = 0; at < 2; at++) {
        pare_strpool pool = {.status = PARE_ERR_LIMIT};
        probe_refuse(p, at, 1);
        assert_int_equal(pare_strpool_init(&pool, probe_allocator(p), &options), PARE_ERR_MEMORY);
        assert_int_equal(pool.status, PARE_ERR_LIMIT);
        assert_int_equal(p->live_bytes, 0);
    }
}

/* --- misuse ------------------------------------------------------------------------------ */

static void put_twice(void *ctx) {
    (void)ctx;
    pare_strpool pool = {0};
    pare_str *s = pare_strpool_get(&pool);
    pare_strpool_put(&pool, s);
    pare_strpool_put(&pool, s);
}

static void put_a_stranger(void *ctx) {
    (void)ctx;
    pare_strpool pool = {0};
    pare_str stranger = {0};
    pare_strpool_put(&pool, pare_strpool_get(&pool));
    pare_strpool_put(&pool, &stranger);
}

static void put_to_an_empty_pool(void *ctx) {
    (void)ctx;
    pare_strpool pool = {0};
    pare_str stranger = {0};
    pare_strpool_put(&pool, &stranger);
}

static void strpool_misuse_is_found_at_put(void **state) {
    (void)state;
    expect_misuse(put_twice, NULL, "pare: pool: double put");
    expect_misuse(put_a_stranger, NULL, "pare: pool: foreign pointer");
    expect_misuse(put_to_an_empty_pool, NULL, "pare: pool: put after deinit or before init");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(strpool_zeroed_is_valid_on_the_heap),
        CASE(strpool_init_allocates_at_the_first_get),
        CASE(strpool_init_bad_options_leave_the_pool_untouched),
        CASE(strpool_struct_may_be_moved),
        CASE(strpool_deinit_takes_builders_in_use_too),
        CASE(strpool_get_after_put_has_the_block_and_no_text),
        CASE(strpool_warm_pool_allocates_nothing),
        CASE(strpool_put_clears_failure_and_limit),
        CASE(strpool_fresh_builder_has_room_for_the_usual_text),
        CASE(strpool_detached_text_is_remembered_by_its_length),
        CASE(strpool_one_giant_is_dropped),
        CASE(strpool_giants_become_usual_and_pass_again),
        CASE(strpool_usual_size_covers_nineteen_of_twenty),
        CASE(strpool_usual_size_agrees_with_a_model),
        CASE(strpool_small_blocks_are_kept_whatever_was_used),
        CASE(strpool_retain_bytes_holds_at_both_edges),
        CASE(strpool_foreign_memory_is_never_kept),
        CASE(strpool_wipe_overwrites_all_of_the_block),
        CASE(strpool_trim_all_gives_every_free_builder_back),
        CASE(strpool_trim_surplus_leaves_the_working_set),
        CASE(strpool_refusal_sweep),
        CASE(strpool_init_refused_leaves_the_pool_untouched),
        CASE(strpool_misuse_is_found_at_put),
    };
    return cmocka_run_group_tests_name("strpool", tests, NULL, NULL);
}
