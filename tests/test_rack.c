/* test_rack.c - the caches of pare/mtpool.h.
 * SPDX-License-Identifier: MIT */
#include "support/pools.h"

/* --- caches ------------------------------------------------------------------------------ */

static pare_mtpool_cache *open_cache(pare_mtpool_cache *c, pare_mtpool *pool) {
    assert_int_equal(pare_mtpool_cache_init(c, pool), PARE_OK);
    return c;
}

static void cache_get_all(pare_mtpool_cache *c, void **objects, size_t count) {
    for (size_t i = 0; i < count; i++) {
        objects[i] = pare_mtpool_cache_get(c);
        assert_non_null(objects[i]);
    }
}

static void cache_put_all(pare_mtpool_cache *c, void **objects, size_t count) {
    for (size_t i = 0; i < count; i++) pare_mtpool_cache_put(c, objects[i]);
}

static void rack_zeroed_refuses_gets_and_takes_the_rest(void **state) {
    (void)state;
    pare_mtpool none = {0};
    pare_mtpool_cache cache = {0};
    assert_null(pare_mtpool_cache_get(&cache));
    assert_int_equal(pare_mtpool_cache_status(&cache), PARE_ERR_ARGUMENT);
    assert_int_equal(pare_mtpool_cache_init(&cache, &none), PARE_ERR_ARGUMENT);
    pare_mtpool_cache_put(&cache, NULL);
    pare_mtpool_cache_trim(&cache);
    pare_mtpool_cache_deinit(&cache);
    pare_set_misuse_handler(misuse_note);
    pare_mtpool_cache_put(&cache, &cache);
    assert_string_equal(misuse_last.kind, "put after deinit or before init");
}

static bool cache_scenario(probe *p, void *ctx) {
    void *objects[300];
    pare_mtpool pool;
    pare_mtpool_cache cache, before;
    pare_pool_options o = sized(300);
    (void)ctx;
    if (pare_mtpool_init(&pool, probe_allocator(p), &o) != PARE_OK) return true;
    memset(&cache, 0x77, sizeof cache);
    memcpy(&before, &cache, sizeof cache);
    if (pare_mtpool_cache_init(&cache, &pool) != PARE_OK) {
        assert_memory_equal(&cache, &before, sizeof cache);
        pare_mtpool_deinit(&pool);
        return true;
    }
    size_t count = 0;
    while (count < 300 && (objects[count] = pare_mtpool_cache_get(&cache)) != NULL) count++;
    bool refused = count < 300;
    if (refused) assert_int_equal(pare_mtpool_cache_status(&cache), PARE_ERR_MEMORY);
    cache_put_all(&cache, objects, count); /* without memory for magazines, to the slabs */
    pare_mtpool_cache_deinit(&cache);
    assert_int_equal(mt_live(&pool), 0);
    pare_mtpool_deinit(&pool);
    return refused || p->requests > p->refuse_at;
}

static void rack_refused_anywhere_stays_whole(void **state) {
    probe_sweep(*state, cache_scenario, NULL);
}

static void rack_share_what_they_give_back(void **state) {
    probe *p = *state;
    void *objects[1000];
    pare_mtpool pool;
    pare_mtpool_cache a, b;
    mt_open(&pool, p, sized(64));
    cache_get_all(open_cache(&a, &pool), objects, 1000);
    cache_put_all(open_cache(&b, &pool), objects, 1000); /* whoever got them */
    uint64_t creates = pare_mtpool_get_stats(&pool).creates;
    cache_get_all(&a, objects, 800); /* all but two magazines are in the stock or its slabs */
    assert_int_equal(pare_mtpool_get_stats(&pool).creates, creates);
    cache_put_all(&a, objects, 800);
    pare_mtpool_stats s = pare_mtpool_get_stats(&pool);
    assert_int_equal(s.cache_count, 2);
    assert_int_equal(s.live_count, 0);
    assert_int_equal(s.gets, 1800);
    assert_int_equal(s.puts, 1800);
    assert_true(s.trades >= 20);
    pare_mtpool_cache_deinit(&a);
    pare_mtpool_cache_deinit(&b);
    assert_null(a.rack);
    s = pare_mtpool_get_stats(&pool);
    assert_int_equal(s.cache_count, 0);
    assert_int_equal(s.cached_count, 0);
    assert_int_equal(s.gets, 1800);
    assert_int_equal(s.retained_count, creates);
    pare_mtpool_deinit(&pool);
}

static void rack_holds_two_magazines_at_most(void **state) {
    probe *p = *state;
    void *objects[1000];
    const size_t sizes[] = {16, 512, 1024, 8192, 100000}, entries[] = {64, 64, 32, 4, 4};
    for (int i = 0; i < 5; i++) {
        pare_mtpool pool;
        pare_mtpool_cache cache;
        mt_open(&pool, p, sized(sizes[i]));
        cache_get_all(open_cache(&cache, &pool), objects, 1000);
        cache_put_all(&cache, objects, 1000);
        assert_true(pare_mtpool_get_stats(&pool).cached_count <= 2 * entries[i]);
        assert_true(pare_mtpool_get_stats(&pool).cached_count > entries[i]);
        pare_mtpool_cache_trim(&cache);
        assert_int_equal(pare_mtpool_get_stats(&pool).cached_count, 0);
        pare_mtpool_cache_deinit(&cache);
        pare_mtpool_deinit(&pool);
    }
}

static void rack_at_a_boundary_does_not_trade(void **state) {
    probe *p = *state;
    void *objects[200];
    pare_mtpool pool;
    pare_mtpool_cache cache;
    mt_open(&pool, p, sized(64));
    cache_get_all(open_cache(&cache, &pool), objects, 200);
    cache_put_all(&cache, objects, 200);
    for (size_t burst = 1; burst < 60; burst++) { /* wherever the edge lies, one is near it */
        cache_get_all(&cache, objects, burst);
        cache_put_all(&cache, objects, burst);
        uint64_t trades = pare_mtpool_get_stats(&pool).trades;
        for (int round = 0; round < 100; round++) {
            cache_get_all(&cache, objects, burst);
            cache_put_all(&cache, objects, burst);
        }
        assert_true(pare_mtpool_get_stats(&pool).trades <= trades + 1);
    }
    pare_mtpool_deinit(&pool); /* takes the cache along */
    assert_null(cache.rack);
    assert_null(pare_mtpool_cache_get(&cache));
}

static void rack_misuse_in_one_magazine_is_found_at_the_trade(void **state) {
    probe *p = *state;
    void *objects[64];
    pare_mtpool pool;
    pare_mtpool_cache cache;
    mt_open(&pool, p, sized(64));
    cache_get_all(open_cache(&cache, &pool), objects, 64);
    pare_set_misuse_handler(misuse_note);
    for (int i = 0; i < 20; i++) cache_put_all(&cache, objects, 4); /* an order that hides it */
    pare_mtpool_cache_put(&cache, (char *)objects[5] + 8);
    pare_mtpool_cache_trim(&cache);
    assert_true(misuse_count >= 77 - 2 * 4); /* of 77, all but those in different magazines */
    assert_string_equal(misuse_last.module, "mtpool");
    assert_ptr_equal(misuse_last.object, &pool);
    pare_mtpool_trim(&pool, 0, PARE_TRIM_ALL); /* repeats in different magazines */
    assert_int_equal(misuse_count, 77);
    assert_int_equal(mt_live(&pool), 60);
    cache_put_all(&cache, objects + 4, 60);
    pare_mtpool_cache_deinit(&cache);
    assert_int_equal(mt_live(&pool), 0);
    pare_mtpool_deinit(&pool);
    assert_int_equal(misuse_count, 77);
}

static void rack_stock_has_a_limit(void **state) {
    probe *p = *state;
    enum { MOST = 9000 };
    static void *objects[MOST];
    pare_mtpool pool;
    pare_mtpool_cache cache;
    mt_open(&pool, p, sized(2048));
    cache_get_all(open_cache(&cache, &pool), objects, MOST);
    cache_put_all(&cache, objects, MOST);
    pare_mtpool_stats s = pare_mtpool_get_stats(&pool);
    assert_true(s.stock_count >= 8192 - 16 && s.stock_count <= 8192 + 16);
    assert_true(s.spills > 0);
    assert_int_equal(s.live_count, 0);
    pare_mtpool_cache_deinit(&cache);
    pare_mtpool_deinit(&pool);
}

/* --- limits and reservations --------------------------------------------------------------- */

static void rack_is_bounded_in_bytes(void **state) {
    probe *p = *state;
    void *objects[1000];
    const size_t bytes[] = {128, 191, 192, 6400, 16384, 1 << 20};
    const size_t entries[] = {1, 1, 1, 50, 128, 128};
    for (int i = 0; i < 6; i++) {
        pare_mtpool pool;
        pare_mtpool_cache cache;
        pare_pool_options o = sized(64);
        o.cache_bytes = bytes[i];
        mt_open(&pool, p, o);
        cache_get_all(open_cache(&cache, &pool), objects, 1000);
        cache_put_all(&cache, objects, 1000);
        pare_mtpool_stats s = pare_mtpool_get_stats(&pool);
        if (!probe_watched()) assert_true(s.cached_count > entries[i]);
        assert_true(s.cached_count <= 2 * entries[i]);
        pare_mtpool_deinit(&pool);
    }
}

static void rack_reserve_makes_gets_that_cannot_fail(void **state) {
    probe *p = *state;
    static void *objects[3000], *others[200];
    const size_t counts[] = {0, 1, 63, 64, 65, 128, 129, 1000};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        pare_mtpool pool;
        pare_mtpool_cache cache, thief;
        size_t count = counts[i];
        mt_open(&pool, p, sized(64));
        open_cache(&cache, &pool);
        open_cache(&thief, &pool);
        cache_get_all(&thief, others, 200);
        assert_int_equal(pare_mtpool_cache_reserve(&cache, count), PARE_OK);
        assert_int_equal(pare_mtpool_cache_reserve(&cache, count / 2), PARE_OK); /* less */
        probe_refuse(p, 0, PROBE_NEVER);
        pare_mtpool_trim(&pool, 0, PARE_TRIM_ALL);       /* not of the cache */
        while (pare_mtpool_cache_get(&thief) != NULL) {} /* nobody else finds them */
        for (size_t at = 0; at < count; at++) {
            objects[at] = pare_mtpool_cache_get(&cache);
            assert_non_null(objects[at]);
            if (at % 5 == 0 && at < 1000) pare_mtpool_cache_put(&cache, others[at / 5]);
        }
        probe_refuse(p, PROBE_NEVER, 0);
        cache_put_all(&cache, objects, count);
        pare_mtpool_deinit(&pool);
    }
}

static void rack_reserve_refused_keeps_what_was_set_aside(void **state) {
    probe *p = *state;
    void *objects[100];
    pare_mtpool pool;
    pare_mtpool_cache cache;
    mt_open(&pool, p, sized(1000));
    open_cache(&cache, &pool);
    assert_int_equal(pare_mtpool_cache_reserve(&cache, 100), PARE_OK);
    probe_refuse(p, 1, PROBE_NEVER);
    assert_int_equal(pare_mtpool_cache_reserve(&cache, 5000), PARE_ERR_MEMORY);
    assert_int_equal(pare_mtpool_cache_reserve(&cache, SIZE_MAX), PARE_ERR_ARGUMENT);
    cache_get_all(&cache, objects, 100);
    cache_put_all(&cache, objects, 100);
    assert_int_equal(pare_mtpool_cache_reserve(&(pare_mtpool_cache){0}, 1), PARE_ERR_ARGUMENT);
    pare_mtpool_cache_trim(&cache);
    assert_int_equal(pare_mtpool_get_stats(&pool).cached_count, 0);
    pare_mtpool_deinit(&pool);
}

static bool reserve_scenario(probe *p, void *ctx) {
    void *objects[150];
    pare_mtpool pool;
    pare_mtpool_cache cache;
    pare_pool_options o = sized(500);
    (void)ctx;
    if (pare_mtpool_init(&pool, probe_allocator(p), &o) != PARE_OK) return true;
    bool refused = pare_mtpool_cache_init(&cache, &pool) != PARE_OK;
    if (!refused && pare_mtpool_cache_reserve(&cache, 150) != PARE_OK) {
        refused = true;
        assert_int_equal(mt_live(&pool), 0);
    } else if (!refused) {
        uint64_t requests = p->requests;
        cache_get_all(&cache, objects, 150);
        assert_int_equal(p->requests, requests);
    }
    pare_mtpool_deinit(&pool);
    return refused;
}

static void rack_reserve_refused_anywhere_stays_whole(void **state) {
    probe_sweep(*state, reserve_scenario, NULL);
}

static void rack_that_is_warm_never_allocates(void **state) {
    probe *p = *state;
    static void *objects[1000];
    pare_mtpool pool;
    pare_mtpool_cache a, b;
    mt_open(&pool, p, sized(64));
    open_cache(&a, &pool);
    open_cache(&b, &pool);
    uint64_t requests = 0;
    for (int round = 0; round < 40; round++) {
        if (round == 20) requests = p->requests;
        assert_int_equal(pare_mtpool_cache_reserve(&a, 300), PARE_OK);
        assert_int_equal(pare_mtpool_cache_get_n(&a, objects, 1000), PARE_OK);
        pare_mtpool_cache_put_n(&b, objects, 1000);
        pare_mtpool_cache_trim(&a);
    }
    assert_int_equal(p->requests, requests);
    pare_mtpool_deinit(&pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(rack_zeroed_refuses_gets_and_takes_the_rest),
        CASE(rack_refused_anywhere_stays_whole),
        CASE(rack_share_what_they_give_back),
        CASE(rack_holds_two_magazines_at_most),
        CASE(rack_at_a_boundary_does_not_trade),
        CASE(rack_misuse_in_one_magazine_is_found_at_the_trade),
        CASE(rack_stock_has_a_limit),
        CASE(rack_is_bounded_in_bytes),
        CASE(rack_reserve_makes_gets_that_cannot_fail),
        CASE(rack_reserve_refused_keeps_what_was_set_aside),
        CASE(rack_reserve_refused_anywhere_stays_whole),
        CASE(rack_that_is_warm_never_allocates),
    };
    return cmocka_run_group_tests_name("rack", tests, NULL, NULL);
}
