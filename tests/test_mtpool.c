/* test_mtpool.c - pare/mtpool.h: what all pools have to do (support/pools.c), by plain calls and
 * through a cache; and what is this one's.
 * SPDX-License-Identifier: MIT */
#include "support/pools.h"
#include "support/traffic.h"
#ifndef PARE_NO_THREADS
#include <pthread.h>
#endif

enum { MANY = 20000 };

/* --- as one of all pools ----------------------------------------------------------------- */

static pare_status face_init(some_pool *p, pare_allocator from, const pare_pool_options *o) {
    return pare_mtpool_init(&p->many.pool, from, o);
}
static void face_deinit(some_pool *p) { pare_mtpool_deinit(&p->many.pool); }
static void *face_get(some_pool *p) { return pare_mtpool_get(&p->many.pool); }
static void face_put(some_pool *p, void *object) { pare_mtpool_put(&p->many.pool, object); }
static pare_status face_get_n(some_pool *p, void **out, size_t count) {
    return pare_mtpool_get_n(&p->many.pool, out, count);
}
static void face_put_n(some_pool *p, void *const *objects, size_t count) {
    pare_mtpool_put_n(&p->many.pool, objects, count);
}
static pare_status face_reserve(some_pool *p, size_t count) {
    return pare_mtpool_reserve(&p->many.pool, count);
}
static void face_trim(some_pool *p, uint64_t now_ms, int level) {
    pare_mtpool_trim(&p->many.pool, now_ms, level);
}
static void face_idle(some_pool *p) {
    (void)p;
    pare_thread_idle();
}
static pare_status face_status(const some_pool *p) { return pare_mtpool_status(&p->many.pool); }
static pare_pool_stats face_stats(const some_pool *p) {
    return pare_mtpool_get_stats(&p->many.pool);
}
static pare_allocator face_allocator(some_pool *p) { return pare_mtpool_allocator(&p->many.pool); }
static int face_owns(const some_pool *p, const void *object) {
    return pare_mtpool_owns(&p->many.pool, object);
}
static void face_visit_live(const some_pool *p,
                            void (*visit)(void *ctx, void *object, const void *site), void *ctx) {
    pare_mtpool_visit_live(&p->many.pool, visit, ctx);
}

static const pool_face plain_face = {
    .name = "mtpool, as all pools",
    .module = "mtpool",
    .init = face_init,
    .deinit = face_deinit,
    .get = face_get,
    .put = face_put,
    .get_n = face_get_n,
    .put_n = face_put_n,
    .reserve = face_reserve,
    .trim = face_trim,
    .idle = face_idle,
    .status = face_status,
    .stats = face_stats,
    .allocator = face_allocator,
    .owns = face_owns,
    .visit_live = face_visit_live,
};

/* Through a cache of one's own. */
static pare_status cache_init(some_pool *p, pare_allocator from, const pare_pool_options *o) {
    pare_status status = pare_mtpool_init(&p->many.pool, from, o);
    if (status != PARE_OK) return status;
    p->many.cache = (pare_mtpool_cache){0};
    status = pare_mtpool_cache_init(&p->many.cache, &p->many.pool);
    if (status != PARE_OK) pare_mtpool_deinit(&p->many.pool);
    return status;
}
static void *cache_get(some_pool *p) { return pare_mtpool_cache_get(&p->many.cache); }
static void cache_put(some_pool *p, void *object) { pare_mtpool_cache_put(&p->many.cache, object); }
static pare_status cache_get_n(some_pool *p, void **out, size_t count) {
    return pare_mtpool_cache_get_n(&p->many.cache, out, count);
}
static void cache_put_n(some_pool *p, void *const *objects, size_t count) {
    pare_mtpool_cache_put_n(&p->many.cache, objects, count);
}
static void cache_trim(some_pool *p, uint64_t now_ms, int level) {
    if (level == PARE_TRIM_ALL) pare_mtpool_cache_trim(&p->many.cache);
    pare_mtpool_trim(&p->many.pool, now_ms, level);
}
static void cache_idle(some_pool *p) { pare_mtpool_cache_trim(&p->many.cache); }
static pare_status cache_status(const some_pool *p) {
    return pare_mtpool_cache_status(&p->many.cache);
}

static const pool_face cache_face = {
    .name = "mtpool through a cache, as all pools",
    .module = "mtpool",
    .init = cache_init,
    .deinit = face_deinit,
    .get = cache_get,
    .put = cache_put,
    .get_n = cache_get_n,
    .put_n = cache_put_n,
    .reserve = face_reserve,
    .trim = cache_trim,
    .idle = cache_idle,
    .status = cache_status,
    .stats = face_stats,
    .allocator = face_allocator,
    .owns = face_owns,
    .visit_live = face_visit_live,
};

/* --- many users -------------------------------------------------------------------------- */

static void mtpool_reserve_makes_gets_that_cannot_fail(void **state) {
    probe *p = *state;
    static void *objects[MANY];
    pare_mtpool pool;
    pare_mtpool_cache cache;
    mt_open(&pool, p, sized(40));
    assert_int_equal(pare_mtpool_cache_init(&cache, &pool), PARE_OK);
    mt_get_all(&pool, objects, 10);
    assert_int_equal(pare_mtpool_reserve(&pool, MANY - 10), PARE_OK);
    size_t slab_bytes = pare_mtpool_get_stats(&pool).slab_bytes;
    probe_refuse(p, 0, PROBE_NEVER);
    for (int round = 0; round < 4; round++) { /* puts spill, and slabs fall empty: they stay */
        uint64_t requests = p->requests;
        size_t bulk = round % 2 == 0 ? MANY - 10 : 0;
        assert_int_equal(pare_mtpool_cache_get_n(&cache, objects + 10, bulk), PARE_OK);
        for (size_t i = 10 + bulk; i < MANY; i++) {
            objects[i] = pare_mtpool_cache_get(&cache);
            assert_non_null(objects[i]);
        }
        assert_int_equal(p->requests, requests);
        for (size_t i = 10; i < MANY; i++) pare_mtpool_cache_put(&cache, objects[i]);
        pare_mtpool_cache_trim(&cache);
    }
    assert_int_equal(pare_mtpool_get_stats(&pool).slab_bytes, slab_bytes);
    assert_int_equal(pare_mtpool_get_stats(&pool).refusals, 0);

    pare_mtpool_cache_deinit(&cache);
    mt_put_all(&pool, objects, 10);
    pare_mtpool_trim(&pool, 0, PARE_TRIM_ALL); /* ends the reservation */
    assert_int_equal(pare_mtpool_get_stats(&pool).slab_count, 0);
    pare_mtpool_deinit(&pool);
}

static void mtpool_burst_leaves_nothing_behind_once_trimmed(void **state) {
    probe *p = *state;
    static void *objects[MANY];
    pare_mtpool pool;
    mt_open(&pool, p, sized(64));
    mt_get_all(&pool, objects, 1);
    size_t before = p->live_bytes;
    for (int bulk = 0; bulk < 2; bulk++) {
        if (bulk != 0) {
            assert_int_equal(pare_mtpool_get_n(&pool, objects + 1, MANY - 1), PARE_OK);
        } else {
            mt_get_all(&pool, objects + 1, MANY - 1);
        }
        pare_mtpool_put_n(&pool, objects + 1, MANY - 1);
        pare_thread_idle();
        assert_true(pare_mtpool_get_stats(&pool).stock_count >= MANY - 1);
        for (uint64_t i = 0; i < 3; i++) pare_mtpool_trim(&pool, i * 1000, PARE_TRIM_SURPLUS);
        assert_int_equal(pare_mtpool_get_stats(&pool).stock_count, 0);
        assert_true(p->live_bytes < before + ((size_t)80 << 10)); /* a spare slab */
    }
    mt_put_all(&pool, objects, 1);
    pare_mtpool_deinit(&pool);
}

PARE_MTPOOL_DEFINE(conn_mtpool, conn);

static void mtpool_typed_needs_no_casts(void **state) {
    probe *p = *state;
    conn_mtpool conns_of;
    assert_int_equal(conn_mtpool_init(&conns_of, probe_allocator(p), NULL), PARE_OK);
    conn *c = conn_mtpool_get(&conns_of);
    assert_non_null(c);
    assert_int_equal((uintptr_t)c & (_Alignof(conn) - 1), 0);
    memset(c, 1, sizeof *c);
    conn_mtpool_put(&conns_of, c);
    conn_mtpool_deinit(&conns_of);

    maker m = {0};
    pare_pool_options o = conns(&m);
    o.size = 1; /* not looked at */
    assert_int_equal(conn_mtpool_init(&conns_of, probe_allocator(p), &o), PARE_OK);
    c = conn_mtpool_get(&conns_of);
    assert_int_equal(c->serial, 1);
    conn_mtpool_deinit(&conns_of);
    assert_int_equal(m.ended, 1);
}

static void mtpool_pointer_into_a_released_slab_is_foreign(void **state) {
    probe *p = *state;
    pare_mtpool pool;
    pare_pool_options o = sized(64);
    o.reset = reset_nothing; /* so that each put is looked up */
    mt_open(&pool, p, o);
    void *object = mt_get(&pool);
    pare_mtpool_put(&pool, object);
    pare_mtpool_trim(&pool, 0, PARE_TRIM_ALL);
    pare_set_misuse_handler(misuse_note);
    pare_mtpool_put(&pool, object);
    assert_int_equal(misuse_count, 1);
    assert_string_equal(misuse_last.kind, "foreign pointer");
    pare_mtpool_deinit(&pool);
    assert_int_equal(misuse_count, 1);
}

static void mtpool_refusals_are_counted_once(void **state) {
    probe *p = *state;
    pare_mtpool pool;
    mt_open(&pool, p, sized(64));
    for (uint64_t count = 1; count <= 4; count++) {
        if (count == 3) pare_mtpool_put(&pool, mt_get(&pool)); /* the thread has a cache */
        if (count == 3) pare_mtpool_trim(&pool, 0, PARE_TRIM_ALL);
        probe_refuse(p, 0, PROBE_NEVER);
        if (count % 2 == 0) assert_null(pare_alloc(pare_mtpool_allocator(&pool), 8, 8));
        if (count % 2 == 1) assert_null(pare_mtpool_get(&pool));
        assert_int_equal(pare_mtpool_get_stats(&pool).refusals, count);
        probe_refuse(p, PROBE_NEVER, 0);
    }
    pare_mtpool_deinit(&pool);
}

#ifndef PARE_NO_THREADS
/* --- many threads ------------------------------------------------------------------------ */

/* Two pools that trim each other when the allocator of one is asked: each asks under its lock. */
typedef struct pair {
    pare_mtpool pools[2];
    probe *blocks;
    pthread_mutex_t lock; /* a probe's calls are one thread's at a time */
} pair;

static pare_status pair_alloc(void *ctx, size_t size, size_t align, unsigned flags,
                              pare_span *out) {
    pair *both = ctx;
    for (int i = 0; i < 2; i++) pare_mtpool_trim(&both->pools[i], 0, PARE_TRIM_ALL);
    pare_thread_idle(); /* nor does this wait */
    pthread_mutex_lock(&both->lock);
    pare_status status = pare_alloc_span(probe_allocator(both->blocks), size, align, flags, out);
    pthread_mutex_unlock(&both->lock);
    return status;
}

static void pair_free(void *ctx, pare_span block, size_t align) {
    pair *both = ctx;
    pthread_mutex_lock(&both->lock);
    pare_free_span(probe_allocator(both->blocks), block, align);
    pthread_mutex_unlock(&both->lock);
}

static const struct pare_allocator_vtable pair_vtable = {
    .size = sizeof(struct pare_allocator_vtable), .alloc = pair_alloc, .free = pair_free};

static void *use_both(void *ctx) {
    pair *both = ctx;
    void *objects[2][200];
    for (int round = 0; round < 300; round++) {
        for (int k = 0; k < 2; k++) {
            for (int i = 0; i < 200; i++) objects[k][i] = pare_mtpool_get(&both->pools[k]);
        }
        for (int k = 0; k < 2; k++) pare_mtpool_put_n(&both->pools[k], objects[k], 200);
        pare_mtpool_trim(&both->pools[round % 2], 0, PARE_TRIM_ALL);
    }
    return NULL;
}

static void mtpool_trims_from_another_pools_allocator_never_wait(void **state) {
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    static pair both;
    memset(&both, 0, sizeof both);
    both.blocks = *state;
    pthread_mutex_init(&both.lock, NULL);
    for (int i = 0; i < 2; i++) {
        pare_pool_options o = sized(1000);
        assert_int_equal(
            pare_mtpool_init(&both.pools[i], (pare_allocator){&pair_vtable, &both}, &o), PARE_OK);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, use_both, &both), 0);
    }
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(mt_live(&both.pools[i]), 0);
        pare_mtpool_deinit(&both.pools[i]);
    }
    pthread_mutex_destroy(&both.lock);
}

/* Two threads put one object while its reset runs in both; where all is found at once, so is
 * this. */
typedef struct twins {
    pare_mtpool pool;
    void *object;
    pthread_barrier_t barrier;
} twins;

static int twin_misuses; /* counted atomically */

static void twin_note(const pare_misuse *misuse) {
    (void)misuse;
    __atomic_fetch_add(&twin_misuses, 1, __ATOMIC_RELAXED);
}

static void twin_reset(void *ctx, void *object) {
    (void)object;
    pthread_barrier_wait(&((twins *)ctx)->barrier);
}

static void *twin_put(void *ctx) {
    pare_mtpool_put(&((twins *)ctx)->pool, ((twins *)ctx)->object);
    return NULL;
}

static void mtpool_put_by_two_threads_at_once_is_one_put(void **state) {
    static twins t;
    pthread_t threads[2];
    pare_pool_options o = sized(64);
    if (!probe_watched()) o.flags = PARE_POOL_HARDENED;
    o.reset = twin_reset;
    o.ctx = &t;
    mt_open(&t.pool, *state, o);
    pthread_barrier_init(&t.barrier, NULL, 2);
    pare_set_misuse_handler(twin_note);
    for (int round = 1; round <= 20; round++) {
        t.object = mt_get(&t.pool);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(pthread_create(&threads[i], NULL, twin_put, &t), 0);
        }
        for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
        assert_int_equal(twin_misuses, round);
        assert_int_equal(mt_live(&t.pool), 0);
    }
    pthread_barrier_destroy(&t.barrier);
    pare_mtpool_deinit(&t.pool);
    assert_int_equal(twin_misuses, 20);
}

static pare_status init_unstamped(void *ctx, void *object) {
    (void)ctx;
    memset(object, 0, 48);
    return PARE_OK;
}

static void fini_nothing(void *ctx, void *object) { (void)ctx, (void)object; }

static void mtpool_loses_nothing_and_hands_out_nothing_twice(void **state) {
    probe *p = *state;
    for (uint64_t seed = 1; seed <= 9; seed++) {
        pare_mtpool pool;
        pare_pool_options o = sized(48);
        if (seed % 2 == 0) o.magazine_bytes = 4 * sizeof(void *);
        if (seed % 3 == 0) o.limit_bytes = 40000;
        if (seed == 4) o.reset = reset_nothing;
        if (seed == 5) o.flags = PARE_WIPE;
        if (seed == 6 || seed == 8) o.init = init_unstamped;
        if (seed == 6 || seed == 8) o.fini = fini_nothing;
        if (seed == 7 || seed == 8) o.flags = PARE_POOL_HARDENED;
        if (seed >= 7) o.quarantine_bytes = 100 * o.size;
        if (seed >= 8) o.chaos_get = 11;
        if (seed >= 8) o.chaos_put = 7;
        mt_open(&pool, p, o);
        traffic t = {.pool = &pool,
                     .size = 48,
                     .threads = 8,
                     .generations = 3,
                     .ops = (uint64_t)probe_steps(6000),
                     .seed = seed,
                     .may_refuse = o.limit_bytes != 0 || o.chaos_get != 0,
                     .zeroed = o.init != NULL || o.flags == PARE_WIPE};
        traffic_run(&t);
        pare_mtpool_stats s = pare_mtpool_get_stats(&pool);
        assert_int_equal(s.live_count, 0);
        assert_int_equal(s.gets, t.gets);
        assert_int_equal(s.puts, t.puts);
        assert_int_equal(s.held_bytes, p->live_bytes);
        assert_true(s.cache_count <= 1);
        pare_mtpool_deinit(&pool);
        assert_int_equal(p->live_bytes, 0);
    }
}

#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(mtpool_reserve_makes_gets_that_cannot_fail),
        CASE(mtpool_burst_leaves_nothing_behind_once_trimmed),
        CASE(mtpool_typed_needs_no_casts),
        CASE(mtpool_pointer_into_a_released_slab_is_foreign),
        CASE(mtpool_refusals_are_counted_once),
#ifndef PARE_NO_THREADS
        CASE(mtpool_trims_from_another_pools_allocator_never_wait),
        CASE(mtpool_put_by_two_threads_at_once_is_one_put),
        CASE(mtpool_loses_nothing_and_hands_out_nothing_twice),
#endif
    };
    pool_face hardened = plain_face, hardened_cache = cache_face;
    hardened.flags = hardened_cache.flags = PARE_POOL_HARDENED;
    hardened.name = "mtpool, hardened, as all pools";
    hardened_cache.name = "mtpool through a cache, hardened, as all pools";
    return pools_run(&plain_face) + pools_run(&cache_face) + pools_run(&hardened) +
           pools_run(&hardened_cache) + pools_run_hardened(&plain_face) +
           pools_run_hardened(&cache_face) +
           cmocka_run_group_tests_name("mtpool", tests, NULL, NULL);
}
