/* test_pool.c - pare/pool.h: what all pools have to do (support/pools.c), and what is this one's.
 * SPDX-License-Identifier: MIT */
#include "support/pools.h"
#include <pthread.h>

enum { MANY = 20000 };

/* --- as one of all pools ----------------------------------------------------------------- */

static pare_status face_init(some_pool *p, pare_allocator from, const pare_pool_options *o) {
    return pare_pool_init(&p->one, from, o);
}
static void face_deinit(some_pool *p) { pare_pool_deinit(&p->one); }
static void *face_get(some_pool *p) { return pare_pool_get(&p->one); }
static void face_put(some_pool *p, void *object) { pare_pool_put(&p->one, object); }
static pare_status face_get_n(some_pool *p, void **out, size_t count) {
    return pare_pool_get_n(&p->one, out, count);
}
static void face_put_n(some_pool *p, void *const *objects, size_t count) {
    pare_pool_put_n(&p->one, objects, count);
}
static pare_status face_reserve(some_pool *p, size_t count) {
    return pare_pool_reserve(&p->one, count);
}
static void face_trim(some_pool *p, uint64_t now_ms, int level) {
    pare_pool_trim(&p->one, now_ms, level);
}
static void face_idle(some_pool *p) { (void)p; }
static pare_status face_status(const some_pool *p) { return pare_pool_status(&p->one); }
static pare_pool_stats face_stats(const some_pool *p) { return pare_pool_get_stats(&p->one); }
static pare_allocator face_allocator(some_pool *p) { return pare_pool_allocator(&p->one); }
static int face_owns(const some_pool *p, const void *object) {
    return pare_pool_owns(&p->one, object);
}
static void face_visit_live(const some_pool *p,
                            void (*visit)(void *ctx, void *object, const void *site), void *ctx) {
    pare_pool_visit_live(&p->one, visit, ctx);
}

static pool_face face_with(const char *name, unsigned flags) {
    return (pool_face){
        .name = name,
        .module = "pool",
        .flags = flags,
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
}

/* --- one owner --------------------------------------------------------------------------- */

static pare_pool pool_with(probe *p, pare_pool_options o) {
    pare_pool pool;
    assert_int_equal(pare_pool_init(&pool, probe_allocator(p), &o), PARE_OK);
    return pool;
}

static void *must_get(pare_pool *pool) {
    void *object = pare_pool_get(pool);
    assert_non_null(object);
    return object;
}

static void get_all(pare_pool *pool, void **objects, size_t count) {
    for (size_t i = 0; i < count; i++) objects[i] = must_get(pool);
}

static void put_all(pare_pool *pool, void **objects, size_t count) {
    for (size_t i = 0; i < count; i++) pare_pool_put(pool, objects[i]);
}

static void pool_may_be_moved(void **state) {
    probe *p = *state;
    pare_pool pool = pool_with(p, sized(64)), moved;
    void *objects[100];
    get_all(&pool, objects, 100);
    memcpy(&moved, &pool, sizeof pool);
    memset(&pool, 0xFF, sizeof pool);
    put_all(&moved, objects, 100);
    assert_ptr_equal(must_get(&moved), objects[99]);
    pare_pool_deinit(&moved);
}

static void pool_reserve_makes_gets_that_cannot_fail(void **state) {
    probe *p = *state;
    static void *objects[MANY];
    pare_pool_options o = sized(40);
    o.magazine_bytes = 64 * sizeof(void *);
    pare_pool pool = pool_with(p, o);
    get_all(&pool, objects, 10);
    assert_int_equal(pare_pool_reserve(&pool, MANY - 10), PARE_OK);
    uint64_t requests = p->requests;
    probe_refuse(p, 0, PROBE_NEVER);
    for (int round = 0; round < 3; round++) { /* puts spill, and slabs fall empty: they stay */
        get_all(&pool, objects + 10, MANY - 10);
        put_all(&pool, objects + 10, MANY - 10);
    }
    assert_int_equal(p->requests, requests);
    assert_int_equal(pare_pool_get_stats(&pool).refusals, 0);

    put_all(&pool, objects, 10);
    pare_pool_trim(&pool, 0, PARE_TRIM_ALL); /* ends the reservation */
    assert_int_equal(p->live_blocks, 2);     /* the state, and the table of slabs */
    pare_pool_deinit(&pool);
}

PARE_POOL_DEFINE(conn_pool, conn);

static void pool_typed_needs_no_casts(void **state) {
    probe *p = *state;
    conn_pool conns_of;
    assert_int_equal(conn_pool_init(&conns_of, probe_allocator(p), NULL), PARE_OK);
    conn *c = conn_pool_get(&conns_of);
    assert_non_null(c);
    assert_int_equal((uintptr_t)c & (_Alignof(conn) - 1), 0);
    memset(c, 1, sizeof *c);
    conn_pool_put(&conns_of, c);
    conn_pool_deinit(&conns_of);

    maker m = {0};
    pare_pool_options o = conns(&m);
    o.size = 1; /* not looked at */
    assert_int_equal(conn_pool_init(&conns_of, probe_allocator(p), &o), PARE_OK);
    c = conn_pool_get(&conns_of);
    assert_int_equal(c->serial, 1);
    conn_pool_deinit(&conns_of);
    assert_int_equal(m.ended, 1);
}

static void *use_from_outside(void *ctx) {
    pare_pool *pool = ctx;
    assert_null(pare_pool_get(pool));
    assert_int_equal(misuse_count, 1);
    pare_pool_put(pool, pool);
    assert_int_equal(misuse_count, 2);
    pare_pool_visit_live(pool, NULL, NULL);
    assert_int_equal(misuse_count, 3);
    pare_pool_trim(pool, 0, PARE_TRIM_ALL); /* ignored */
    pare_pool_deinit(pool);
    return NULL;
}

/* While a put is under way, another thread comes, and goes. */
static void reset_slowly(void *ctx, void *object) {
    pthread_t thread;
    (void)object;
    assert_int_equal(pthread_create(&thread, NULL, use_from_outside, ctx), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void pool_hardened_notices_a_second_thread(void **state) {
    probe *p = *state;
    pare_pool pool;
    pare_pool_options o = sized(64);
    o.flags = PARE_POOL_HARDENED;
    o.reset = reset_slowly;
    o.ctx = &pool;
    pool = pool_with(p, o);
    void *object = must_get(&pool);
    pare_set_misuse_handler(misuse_note);
    pare_pool_put(&pool, object);
    assert_int_equal(misuse_count, 4);
    assert_string_equal(misuse_last.kind, "used by two calls at once");
    assert_int_equal(pare_pool_get_stats(&pool).live_count, 0);
    pare_pool_deinit(&pool);
    assert_int_equal(misuse_count, 4);
}

static PAREI_COLD void *get_elsewhere(pare_pool *pool) {
    void *volatile object = pare_pool_get(pool); /* no tail call, so the site is here */
    return object;
}

static void note_site(void *ctx, void *object, const void *site) {
    (void)object;
    *(const void **)ctx = site;
}

static void pool_hardened_tells_sites_apart(void **state) {
    probe *p = *state;
    pare_pool_options o = sized(64);
    o.flags = PARE_POOL_HARDENED;
    pare_pool pool = pool_with(p, o);
    const void *sites[3];
    for (int i = 0; i < 3; i++) {
        void *volatile object = i == 1 ? must_get(&pool) : get_elsewhere(&pool);
        pare_pool_visit_live(&pool, note_site, &sites[i]);
        pare_pool_put(&pool, object);
    }
    assert_ptr_equal(sites[0], sites[2]);
    assert_ptr_not_equal(sites[0], sites[1]);
    pare_pool_deinit(&pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(pool_may_be_moved),
        CASE(pool_reserve_makes_gets_that_cannot_fail),
        CASE(pool_typed_needs_no_casts),
        CASE(pool_hardened_notices_a_second_thread),
        CASE(pool_hardened_tells_sites_apart),
    };
    pool_face plain = face_with("pool, as all pools", 0);
    pool_face hardened = face_with("pool, hardened, as all pools", PARE_POOL_HARDENED);
    return pools_run(&plain) + pools_run(&hardened) + pools_run_hardened(&plain) +
           cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
