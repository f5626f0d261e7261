/* pools.c - the contract is in support/pools.h; the cases stand in the order of pare/pool.h.
 * SPDX-License-Identifier: MIT */
#include "support/pools.h"
#include "pare/budget.h"
#include "pare/fixed.h"
#include "pare/heap.h"
#include <stdio.h>

enum { BURST = 8192, MANY = 20000 };

static const pool_face *face;

pare_pool_options sized(size_t size) {
    pare_pool_options o;
    memset(&o, 0, sizeof o);
    o.size = size;
    return o;
}

static pare_status try_open(some_pool *pool, pare_allocator from, pare_pool_options o) {
    o.flags |= face->flags;
    return face->init(pool, from, &o);
}

static void open_pool(some_pool *pool, probe *p, pare_pool_options o) {
    assert_int_equal(try_open(pool, probe_allocator(p), o), PARE_OK);
}

static void *must_get(some_pool *pool) {
    void *object = face->get(pool);
    assert_non_null(object);
    return object;
}

static void get_all(some_pool *pool, void **objects, size_t count) {
    for (size_t i = 0; i < count; i++) objects[i] = must_get(pool);
}

static void put_all(some_pool *pool, void **objects, size_t count) {
    for (size_t i = 0; i < count; i++) face->put(pool, objects[i]);
}

static size_t live(const some_pool *pool) { return face->stats(pool).live_count; }

static bool hardened(void) { return (face->flags & PARE_POOL_HARDENED) != 0; }

/* With objects in use, which hardened pools report one by one. */
static void deinit_in_use(some_pool *pool) {
    int leaks = hardened() ? (int)live(pool) : 0;
    misuse_count = 0;
    pare_set_misuse_handler(misuse_note);
    face->deinit(pool);
    assert_int_equal(misuse_count, leaks);
    if (leaks > 0) assert_string_equal(misuse_last.kind, "leak");
    pare_set_misuse_handler(NULL);
}

/* --- lifetime ---------------------------------------------------------------------------- */

static void pool_zeroed_refuses_gets_and_takes_the_rest(void **state) {
    (void)state;
    some_pool pool;
    memset(&pool, 0, sizeof pool);
    assert_int_equal(face->status(&pool), PARE_OK);
    assert_null(face->get(&pool));
    assert_int_equal(face->status(&pool), PARE_ERR_ARGUMENT);
    assert_int_equal(face->reserve(&pool, 1), PARE_ERR_ARGUMENT);
    assert_null(pare_alloc(face->allocator(&pool), 1, 1));
    face->put(&pool, NULL);
    face->trim(&pool, 0, PARE_TRIM_SURPLUS);
    face->trim(&pool, 0, PARE_TRIM_ALL);
    assert_int_equal(face->stats(&pool).held_bytes, 0);
    face->deinit(&pool);
    face->deinit(&pool);
}

static pare_status init_nothing(void *ctx, void *object) {
    (void)ctx, (void)object;
    return PARE_OK;
}

static void pool_init_refuses_options_outside_their_ranges(void **state) {
    probe *p = *state;
    pare_pool_options bad[13];
    for (int i = 0; i < 13; i++) bad[i] = sized(64);
    bad[0].size = 0;
    bad[1].size = SIZE_MAX;
    bad[2].size = PARE_SIZE_MAX;
    bad[3].align = 3;
    bad[4].align = PARE_SIZE_MAX / 2 + 1;
    bad[4].size = PARE_SIZE_MAX / 2 + 1;
    bad[5].limit_bytes = 64; /* no room for a header */
    bad[6].magazine_bytes = 2 * sizeof(void *) - 1;
    bad[7].flags = ~PARE_WIPE;
    bad[8].flags = PARE_WIPE;
    bad[8].init = init_nothing;
    bad[9].reserved[0] = 1;
    bad[10].reserved[3] = 1;
    bad[11].align = SIZE_MAX;
    bad[12].cache_bytes = 127; /* below two objects */
    some_pool pool, before;
    memset(&pool, 0x77, sizeof pool);
    memcpy(&before, &pool, sizeof pool);
    for (int i = 0; i < 12; i++) {
        assert_int_equal(face->init(&pool, probe_allocator(p), &bad[i]), PARE_ERR_ARGUMENT);
    }
    assert_int_equal(face->init(&pool, probe_allocator(p), NULL), PARE_ERR_ARGUMENT);
    assert_memory_equal(&pool, &before, sizeof pool);
    assert_int_equal(p->requests, 0);
}

static void pool_init_refused_leaves_pool_untouched(void **state) {
    probe *p = *state;
    pare_pool_options o = sized(64);
    some_pool pool, before;
    memset(&pool, 0x77, sizeof pool);
    memcpy(&before, &pool, sizeof pool);
    probe_refuse(p, 0, 1);
    assert_int_equal(try_open(&pool, probe_allocator(p), o), PARE_ERR_MEMORY);
    assert_memory_equal(&pool, &before, sizeof pool);
}

static void pool_limit_below_one_object_is_refused_and_at_it_serves_one(void **state) {
    probe *p = *state;
    pare_pool_options o = sized(100);
    some_pool pool;
    for (o.limit_bytes = 1; try_open(&pool, probe_allocator(p), o) != PARE_OK;) {
        o.limit_bytes++;
        assert_true(o.limit_bytes < 4096);
    }
    void *object = must_get(&pool);
    assert_null(face->get(&pool));
    assert_int_equal(face->status(&pool), PARE_ERR_LIMIT);
    assert_int_equal(face->stats(&pool).refusals, 1);
    assert_int_equal(face->stats(&pool).slab_bytes, o.limit_bytes);
    face->put(&pool, object);
    assert_ptr_equal(must_get(&pool), object);
    deinit_in_use(&pool);
}

static void pool_deinit_gives_back_objects_in_use(void **state) {
    probe *p = *state;
    some_pool pool;
    open_pool(&pool, p, sized(64));
    void *objects[100];
    get_all(&pool, objects, 100);
    put_all(&pool, objects, 40);
    assert_int_equal(live(&pool), 60);
    deinit_in_use(&pool);
    assert_int_equal(p->live_bytes, 0);
    assert_null(face->get(&pool));
}

/* --- reserve ----------------------------------------------------------------------------- */

static void pool_reserve_refused_makes_nothing(void **state) {
    probe *p = *state;
    some_pool pool;
    open_pool(&pool, p, sized(1000));
    void *first = must_get(&pool);
    pare_pool_stats before = face->stats(&pool);
    probe_refuse(p, 2, PROBE_NEVER);
    assert_int_equal(face->reserve(&pool, 1000), PARE_ERR_MEMORY);
    pare_pool_stats after = face->stats(&pool);
    assert_int_equal(after.retained_count, before.retained_count);
    assert_int_equal(after.held_bytes, before.held_bytes);
    assert_int_equal(face->reserve(&pool, SIZE_MAX), PARE_ERR_ARGUMENT);
    assert_int_equal(face->reserve(&pool, 0), PARE_OK);
    face->put(&pool, first);
    face->deinit(&pool);
}

static void pool_reserve_beyond_the_limit_is_refused(void **state) {
    probe *p = *state;
    pare_pool_options o = sized(100);
    o.limit_bytes = 5000;
    some_pool pool;
    open_pool(&pool, p, o);
    assert_int_equal(face->reserve(&pool, 50), PARE_ERR_LIMIT);
    assert_int_equal(face->stats(&pool).slab_bytes, 0);
    assert_int_equal(face->reserve(&pool, 40), PARE_OK);
    assert_true(face->stats(&pool).slab_bytes <= 5000);
    face->deinit(&pool);
}

/* --- trim -------------------------------------------------------------------------------- */

static void pool_trim_all_keeps_only_what_is_in_use(void **state) {
    probe *p = *state;
    static void *objects[MANY];
    some_pool pool;
    open_pool(&pool, p, sized(64));
    get_all(&pool, objects, MANY);
    put_all(&pool, objects + 1, MANY - 1);
    face->trim(&pool, 0, PARE_TRIM_ALL);
    pare_pool_stats stats = face->stats(&pool);
    assert_int_equal(stats.slab_count, 1);
    assert_int_equal(stats.live_count, 1);
    assert_int_equal(stats.held_bytes, p->live_bytes);
    face->put(&pool, objects[0]);
    face->trim(&pool, 0, PARE_TRIM_ALL);
    assert_int_equal(face->stats(&pool).slab_count, 0);
    get_all(&pool, objects, MANY); /* and it goes on */
    put_all(&pool, objects, MANY);
    face->deinit(&pool);
}

/* One interval of a program that needs `count` objects at a time. */
static void work(some_pool *pool, size_t count) {
    static void *objects[BURST];
    for (int round = 0; round < 3; round++) {
        get_all(pool, objects, count);
        put_all(pool, objects, count);
    }
}

static void pool_trim_surplus_keeps_the_working_set(void **state) {
    probe *p = *state;
    some_pool pool;
    open_pool(&pool, p, sized(64));
    work(&pool, BURST);
    face->trim(&pool, 5000, PARE_TRIM_SURPLUS); /* begins the first interval */
    assert_true(face->stats(&pool).retained_count >= BURST);

    uint64_t requests = p->requests;
    work(&pool, BURST);
    face->trim(&pool, 5999, PARE_TRIM_SURPLUS); /* too early */
    face->trim(&pool, 6000, PARE_TRIM_SURPLUS);
    work(&pool, BURST);
    assert_int_equal(p->requests, requests); /* all of it was needed and kept */

    for (uint64_t now = 7000; now < 12000; now += 1000) {
        work(&pool, 100);
        face->trim(&pool, now, PARE_TRIM_SURPLUS);
    }
    assert_true(face->stats(&pool).retained_count < BURST / 4);
    requests = p->requests;
    work(&pool, 100);
    assert_int_equal(p->requests, requests);
    face->deinit(&pool);
}

static void pool_trim_surplus_of_an_idle_pool_leaves_one_spare_slab(void **state) {
    probe *p = *state;
    some_pool pool;
    open_pool(&pool, p, sized(64));
    work(&pool, BURST);
    face->idle(&pool);
    face->trim(&pool, 0, PARE_TRIM_SURPLUS);
    face->trim(&pool, 999, PARE_TRIM_SURPLUS);
    assert_true(face->stats(&pool).slab_count > 1);
    face->trim(&pool, 1000, PARE_TRIM_SURPLUS);
    assert_int_equal(face->stats(&pool).slab_count, 1);
    face->deinit(&pool);
}

/* --- get and put ------------------------------------------------------------------------- */

static void objects_are_apart_and_aligned(probe *p, size_t size, size_t align) {
    enum { COUNT = 100 };
    void *objects[COUNT];
    pare_pool_options o = sized(size);
    o.align = align;
    some_pool pool;
    open_pool(&pool, p, o);
    get_all(&pool, objects, COUNT);
    if (align == 0) align = _Alignof(max_align_t);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal((uintptr_t)objects[i] & (align - 1), 0);
        memset(objects[i], i, size);
    }
    for (int i = 0; i < COUNT; i++) {
        const unsigned char *bytes = objects[i];
        for (size_t at = 0; at < size; at++) assert_int_equal(bytes[at], i);
    }
    put_all(&pool, objects, COUNT);
    face->deinit(&pool);
}

static void pool_objects_of_any_size_are_apart_and_aligned(void **state) {
    const size_t sizes[] = {1, 3, 8, 24, 100, 4096, 5000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        objects_are_apart_and_aligned(*state, sizes[i], 0);
        for (size_t align = 1; align <= 8192; align *= 8) {
            objects_are_apart_and_aligned(*state, sizes[i], align);
        }
    }
    objects_are_apart_and_aligned(*state, 100000, 64);
}

static void pool_get_after_put_is_the_same_object(void **state) {
    probe *p = *state;
    some_pool pool;
    open_pool(&pool, p, sized(64));
    void *a = must_get(&pool), *b = must_get(&pool);
    face->put(&pool, a);
    face->put(&pool, b);
    assert_ptr_equal(must_get(&pool), b);
    assert_ptr_equal(must_get(&pool), a);
    face->deinit(&pool);
}

static void pool_put_of_null_does_nothing(void **state) {
    probe *p = *state;
    some_pool pool;
    open_pool(&pool, p, sized(64));
    face->put(&pool, NULL);
    void *object = must_get(&pool);
    face->put(&pool, NULL);
    assert_int_equal(live(&pool), 1);
    face->put(&pool, object);
    face->put(&pool, NULL);
    assert_int_equal(live(&pool), 0);
    face->deinit(&pool);
}

static void pool_warm_never_allocates(void **state) {
    probe *p = *state;
    some_pool pool;
    open_pool(&pool, p, sized(64));
    for (int round = 0; round < 3; round++) work(&pool, BURST); /* hardened: quarantine fills */
    uint64_t requests = p->requests, frees = p->frees;
    for (int round = 0; round < 10; round++) work(&pool, BURST);
    assert_int_equal(p->requests, requests);
    assert_int_equal(p->frees, frees);
    face->deinit(&pool);
}

static void pool_put_never_fails(void **state) {
    probe *p = *state;
    static void *objects[MANY];
    some_pool pool;
    open_pool(&pool, p, sized(32));
    get_all(&pool, objects, MANY);
    probe_refuse(p, 0, PROBE_NEVER); /* the magazine cannot grow */
    put_all(&pool, objects, MANY);
    pare_pool_stats stats = face->stats(&pool);
    assert_int_equal(stats.live_count, 0);
    assert_true(hardened() || stats.spills > 0);
    assert_true(hardened() || stats.slab_count < 16);
    face->deinit(&pool);
}

static void pool_smallest_magazine_still_holds_every_object(void **state) {
    probe *p = *state;
    void *objects[1000];
    pare_pool_options o = sized(32);
    o.magazine_bytes = 2 * sizeof(void *); /* one entry */
    some_pool pool;
    open_pool(&pool, p, o);
    for (int round = 0; round < 3; round++) {
        get_all(&pool, objects, 1000);
        for (uintptr_t i = 0; i < 1000; i++) memcpy(objects[i], &i, sizeof i);
        for (uintptr_t i = 0; i < 1000; i++) assert_memory_equal(objects[i], &i, sizeof i);
        put_all(&pool, objects, 1000);
    }
    assert_true(face->stats(&pool).spills + face->stats(&pool).trades > 0);
    face->deinit(&pool);
}

static void pool_limit_holds_and_objects_come_back_under_it(void **state) {
    probe *p = *state;
    static void *objects[MANY];
    pare_pool_options o = sized(48);
    o.limit_bytes = 100000;
    some_pool pool;
    open_pool(&pool, p, o);
    size_t count = 0;
    while ((objects[count] = face->get(&pool)) != NULL) count++;
    assert_int_equal(face->status(&pool), PARE_ERR_LIMIT);
    assert_true(count > 100000 / 48 * 9 / 10 && count <= 100000 / 48);
    assert_true(face->stats(&pool).slab_bytes <= 100000);
    put_all(&pool, objects, count);
    get_all(&pool, objects, count);
    assert_null(face->get(&pool));
    deinit_in_use(&pool);
}

static bool pool_scenario(probe *p, void *ctx) {
    void *objects[600];
    some_pool pool;
    pare_pool_options o = sized(300);
    (void)ctx;
    if (try_open(&pool, probe_allocator(p), o) != PARE_OK) return true;
    bool refused = face->reserve(&pool, 200) != PARE_OK;
    size_t count = 0;
    for (; count < 600; count++) {
        objects[count] = face->get(&pool);
        if (objects[count] == NULL) break;
        memset(objects[count], 'x', 300);
    }
    if (count < 600) {
        refused = true;
        assert_int_equal(face->status(&pool), PARE_ERR_MEMORY);
    }
    assert_int_equal(live(&pool), count);
    put_all(&pool, objects, count);
    assert_int_equal(live(&pool), 0);
    face->deinit(&pool);
    return refused;
}

static void pool_refused_anywhere_stays_whole(void **state) {
    probe_sweep(*state, pool_scenario, NULL);
}

static void pool_fills_a_fixed_array_nearly_to_its_end(void **state) {
    (void)state;
    static char array[16 * 1024];
    pare_fixed fixed;
    some_pool pool;
    pare_pool_options o = sized(64);
    pare_fixed_init(&fixed, array, sizeof array);
    assert_int_equal(try_open(&pool, pare_fixed_allocator(&fixed), o), PARE_OK);
    while (face->get(&pool) != NULL) continue;
    assert_int_equal(face->status(&pool), PARE_ERR_MEMORY);
    assert_true(sizeof array - pare_fixed_get_stats(&fixed).live_bytes < 512);
    deinit_in_use(&pool);
}

/* --- many at once ------------------------------------------------------------------------ */

static bool all_different(void **objects, size_t count) {
    for (size_t i = 0; i < count; i++) memcpy(objects[i], &i, sizeof i);
    for (size_t i = 0; i < count; i++) {
        if (memcmp(objects[i], &i, sizeof i) != 0) return false;
    }
    return true;
}

static void pool_bulk_of_any_count_is_whole(void **state) {
    probe *p = *state;
    static void *objects[3000];
    const size_t counts[] = {1, 2, 31, 32, 33, 63, 64, 65, 127, 128, 129, 500, 3000};
    some_pool pool;
    open_pool(&pool, p, sized(40));
    uint64_t gets = 0;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        for (int round = 0; round < 3; round++) {
            assert_int_equal(face->get_n(&pool, objects, counts[i]), PARE_OK);
            assert_true(all_different(objects, counts[i]));
            assert_int_equal(live(&pool), counts[i]);
            face->put_n(&pool, objects, counts[i]);
            assert_int_equal(live(&pool), 0);
            gets += counts[i];
        }
    }
    assert_int_equal(face->stats(&pool).gets, gets);
    assert_int_equal(face->stats(&pool).puts, gets);
    face->deinit(&pool);
}

static void pool_bulk_is_all_or_nothing(void **state) {
    probe *p = *state;
    static void *objects[MANY], *before[MANY];
    pare_pool_options o = sized(48);
    o.limit_bytes = 30000;
    some_pool pool;
    open_pool(&pool, p, o);
    size_t most = 0;
    while ((objects[most] = face->get(&pool)) != NULL) most++;
    face->put_n(&pool, objects, most);
    memcpy(before, objects, sizeof before);
    assert_int_equal(face->get_n(&pool, objects, most + 1), PARE_ERR_LIMIT);
    assert_int_equal(face->status(&pool), PARE_ERR_LIMIT);
    assert_memory_equal(before, objects, sizeof before);
    assert_int_equal(live(&pool), 0);
    assert_int_equal(face->stats(&pool).refusals, 2);
    assert_int_equal(face->get_n(&pool, objects, most), PARE_OK);
    assert_int_equal(face->get_n(&pool, objects, 1), PARE_ERR_LIMIT);
    face->put_n(&pool, objects, most);
    face->deinit(&pool);
}

static void pool_bulk_of_odd_arguments(void **state) {
    probe *p = *state;
    some_pool pool;
    void *objects[3] = {NULL};
    memset(&pool, 0, sizeof pool);
    assert_int_equal(face->get_n(&pool, objects, 0), PARE_OK);
    assert_int_equal(face->get_n(&pool, objects, 1), PARE_ERR_ARGUMENT);
    face->put_n(&pool, objects, 3); /* NULL does nothing */
    open_pool(&pool, p, sized(48));
    assert_int_equal(face->get_n(&pool, NULL, 0), PARE_OK);
    assert_int_equal(face->get_n(&pool, NULL, 1), PARE_ERR_ARGUMENT);
    assert_int_equal(face->get_n(&pool, objects, SIZE_MAX), PARE_ERR_ARGUMENT);
    assert_int_equal(face->get_n(&pool, objects, PARE_SIZE_MAX), PARE_ERR_ARGUMENT);
    objects[1] = must_get(&pool);
    face->put_n(&pool, objects, 3);
    face->put_n(&pool, NULL, 0);
    assert_int_equal(live(&pool), 0);
    face->deinit(&pool);
}

static bool bulk_scenario(probe *p, void *ctx) {
    void *objects[500], *untouched[500];
    some_pool pool;
    bool refused = false;
    memset(objects, 0x77, sizeof objects);
    memset(untouched, 0x77, sizeof untouched);
    if (try_open(&pool, probe_allocator(p), *(pare_pool_options *)ctx) != PARE_OK) return true;
    if (face->get_n(&pool, objects, 500) != PARE_OK) {
        refused = true;
        assert_memory_equal(objects, untouched, sizeof objects);
        assert_int_equal(live(&pool), 0);
    } else {
        assert_true(all_different(objects, 500));
        face->put_n(&pool, objects, 500);
    }
    face->deinit(&pool);
    return refused || p->requests > p->refuse_at;
}

static void pool_bulk_refused_anywhere_stays_whole(void **state) {
    pare_pool_options o = sized(100);
    probe_sweep(*state, bulk_scenario, &o);
    o.init = init_nothing;
    o.flags = 0;
    o.size = 700;
    probe_sweep(*state, bulk_scenario, &o);
}

/* --- budgets ----------------------------------------------------------------------------- */

/* Three pools under one budget, which has them trimmed before it refuses. */
typedef struct commune {
    some_pool pools[3];
    int reliefs;
} commune;

static int trim_commune(void *ctx, pare_budget *b, size_t needed_bytes) {
    commune *c = ctx;
    (void)b, (void)needed_bytes;
    c->reliefs++;
    for (int i = 0; i < 3; i++) face->trim(&c->pools[i], 0, PARE_TRIM_ALL);
    return 1;
}

static void pool_under_pressure_gets_what_others_retain(void **state) {
    probe *p = *state;
    static void *objects[400];
    commune c = {.reliefs = 0};
    pare_budget budget;
    pare_budget_options bo;
    memset(&bo, 0, sizeof bo);
    bo.limit_bytes = 600000;
    bo.relief = trim_commune;
    bo.ctx = &c;
    assert_int_equal(pare_budget_init(&budget, probe_allocator(p), &bo), PARE_OK);
    memset(c.pools, 0, sizeof c.pools);
    for (size_t i = 0; i < 3; i++) {
        pare_pool_options o = sized(1000 + 100 * i);
        assert_int_equal(try_open(&c.pools[i], pare_budget_allocator(&budget), o), PARE_OK);
    }
    for (int round = 0; round < 4; round++) { /* each needs most of the budget, in its turn */
        for (int i = 0; i < 3; i++) {
            get_all(&c.pools[i], objects, 400);
            put_all(&c.pools[i], objects, 400);
            assert_true(pare_budget_get_stats(&budget).live_bytes <= bo.limit_bytes);
        }
    }
    assert_true(c.reliefs >= 11);
    size_t count = 0; /* what is in use, no relief brings back */
    get_all(&c.pools[0], objects, 400);
    while (face->get(&c.pools[1]) != NULL) count++;
    assert_true(count > 0);
    assert_int_equal(face->status(&c.pools[1]), PARE_ERR_LIMIT);
    put_all(&c.pools[0], objects, 400);
    assert_non_null(face->get(&c.pools[1]));
    for (int i = 0; i < 3; i++) deinit_in_use(&c.pools[i]);
    pare_budget_deinit(&budget);
}

/* --- callbacks --------------------------------------------------------------------------- */

static void call_in(maker *m) {
    switch (m->call) {
    case 1: assert_null(face->get(m->pool)); break;
    case 2: face->put(m->pool, m); break;
    case 3: face->trim(m->pool, 0, PARE_TRIM_ALL); break;
    case 4: face->deinit(m->pool); break;
    case 5: assert_int_equal(face->reserve(m->pool, 9), PARE_ERR_ARGUMENT); break;
    default: break;
    }
}

static pare_status conn_init(void *ctx, void *object) {
    maker *m = ctx;
    conn *c = object;
    call_in(m);
    if (m->made == m->fail_at) return PARE_ERR_FORMAT;
    memset(c, 0, sizeof *c);
    c->serial = ++m->made;
    return PARE_OK;
}

static void conn_reset(void *ctx, void *object) {
    maker *m = ctx;
    conn *c = object;
    call_in(m);
    m->reset++;
    c->uses = 0;
}

static void conn_fini(void *ctx, void *object) {
    maker *m = ctx;
    conn *c = object;
    call_in(m);
    assert_true(c->serial != 0 && c->serial <= m->made);
    c->serial = 0; /* a second fini would be noticed */
    m->ended++;
}

pare_pool_options conns(maker *m) {
    pare_pool_options o = sized(sizeof(conn));
    m->fail_at = UINT64_MAX;
    o.quarantine_bytes = 1; /* hardened: no more objects than without */
    o.init = conn_init;
    o.reset = conn_reset;
    o.fini = conn_fini;
    o.ctx = m;
    return o;
}

static void pool_objects_keep_what_init_built(void **state) {
    probe *p = *state;
    maker m = {0};
    some_pool pool;
    open_pool(&pool, p, conns(&m));
    void *objects[200];
    for (int round = 0; round < 5; round++) {
        get_all(&pool, objects, 200);
        for (int i = 0; i < 200; i++) {
            conn *c = objects[i];
            assert_true(c->serial >= 1 && c->serial <= 200);
            assert_int_equal(c->uses++, 0);
        }
        put_all(&pool, objects, 200);
    }
    assert_int_equal(m.made, 200); /* not one more than was needed */
    assert_int_equal(m.reset, 1000);
    assert_int_equal(m.ended, 0);
    face->trim(&pool, 0, PARE_TRIM_ALL);
    assert_int_equal(m.ended, 200);
    get_all(&pool, objects, 3);
    deinit_in_use(&pool); /* those too */
    assert_int_equal(m.ended, 203);
}

static void pool_init_callback_that_fails_refuses_the_get_alone(void **state) {
    probe *p = *state;
    maker m = {0};
    some_pool pool;
    open_pool(&pool, p, conns(&m));
    conn *first = must_get(&pool);
    m.fail_at = 1;
    for (int i = 0; i < 100; i++) assert_null(face->get(&pool));
    assert_int_equal(face->status(&pool), PARE_ERR_FORMAT);
    assert_int_equal(face->reserve(&pool, 5), PARE_ERR_FORMAT);
    assert_int_equal(live(&pool), 1);
    m.fail_at = 4;
    assert_int_equal(face->reserve(&pool, 5), PARE_ERR_FORMAT); /* after three that worked */
    assert_int_equal(m.ended, 3);
    assert_int_equal(face->stats(&pool).retained_count, 0);
    m.fail_at = UINT64_MAX;
    conn *second = must_get(&pool);
    assert_ptr_not_equal(first, second);
    assert_int_equal(second->serial, 5);
    face->put(&pool, first);
    face->put(&pool, second);
    face->deinit(&pool);
    assert_int_equal(m.ended, 5);
}

static void pool_calls_from_callbacks_are_refused(void **state) {
    probe *p = *state;
    maker m = {0};
    void *objects[20];
    some_pool pool;
    open_pool(&pool, p, conns(&m));
    m.pool = &pool;
    get_all(&pool, objects, 10);
    pare_set_misuse_handler(misuse_note);
    int expected = 0;
    for (m.call = 1; m.call <= 5; m.call++) {
        bool misuse = m.call != 3; /* a trim is ignored, as allocators may cause one */
        get_all(&pool, objects + 10, 10);
        put_all(&pool, objects + 10, 10);
        expected += misuse ? (m.call == 1 ? 20 : 10) : 0; /* new objects in the first round only */
        assert_int_equal(misuse_count, expected);
        const char *kind = strcmp(face->module, "pool") == 0 && hardened()
                               ? "used by two calls at once"
                               : "call from a callback";
        if (misuse) assert_string_equal(misuse_last.kind, kind);
        assert_int_equal(live(&pool), 10);
    }
    m.call = 1;
    face->trim(&pool, 0, PARE_TRIM_ALL); /* from fini */
    m.call = 0;
    put_all(&pool, objects, 10);
    face->deinit(&pool);
    assert_int_equal(m.ended, m.made);
}

static void pool_wipe_hands_out_zeros(void **state) {
    probe *p = *state;
    static const char zeros[100];
    void *objects[300];
    pare_pool_options o = sized(100);
    o.flags = PARE_WIPE;
    some_pool pool;
    open_pool(&pool, p, o);
    for (int round = 0; round < 3; round++) {
        get_all(&pool, objects, 300);
        for (int i = 0; i < 300; i++) {
            assert_memory_equal(objects[i], zeros, 100);
            memset(objects[i], 'x', 100);
        }
        put_all(&pool, objects, 300);
    }
    face->deinit(&pool);
}

/* --- misuse ------------------------------------------------------------------------------ */

typedef enum misuse_case {
    PUT_NEWEST_AGAIN,
    PUT_OLDER_AGAIN,
    PUT_STACK,
    PUT_HEAP,
    PUT_OTHER_POOL,
    PUT_INTERIOR,
    PUT_TO_ZEROED,
    PUT_AFTER_DEINIT,
    MISUSE_CASES
} misuse_case;

static const char *const misuse_kinds[MISUSE_CASES] = {
    "double put",
    "double put",
    "foreign pointer",
    "foreign pointer",
    "foreign pointer",
    "interior pointer",
    "put after deinit or before init",
    "put after deinit or before init",
};

typedef struct misuse_scene {
    misuse_case misuse;
    pare_pool_options options;
} misuse_scene;

static void commit_misuse(void *ctx) {
    const misuse_scene *scene = ctx;
    int on_stack[64] = {0};
    some_pool pool, other;
    if (try_open(&pool, pare_heap(), scene->options) != PARE_OK) return;
    if (try_open(&other, pare_heap(), scene->options) != PARE_OK) return;
    char *a = face->get(&pool), *b = face->get(&pool), *c = face->get(&other);
    static void *volatile on_heap; /* reachable, for leak checkers */
    on_heap = pare_alloc(pare_heap(), 64, 16);
    some_pool zeroed;
    memset(&zeroed, 0, sizeof zeroed);
    switch (scene->misuse) {
    case PUT_NEWEST_AGAIN:
        face->put(&pool, a);
        face->put(&pool, a);
        break;
    case PUT_OLDER_AGAIN:
        face->put(&pool, a);
        face->put(&pool, b);
        face->put(&pool, a);
        break;
    case PUT_STACK: face->put(&pool, on_stack); break;
    case PUT_HEAP: face->put(&pool, on_heap); break;
    case PUT_OTHER_POOL: face->put(&pool, c); break;
    case PUT_INTERIOR: face->put(&pool, b + 8); break;
    case PUT_TO_ZEROED: face->put(&zeroed, a); break;
    case PUT_AFTER_DEINIT:
        face->put(&pool, a);
        face->put(&pool, b);
        face->deinit(&pool);
        face->put(&pool, a);
        break;
    default: break;
    }
    face->deinit(&pool); /* at the latest now */
}

void reset_nothing(void *ctx, void *object) { (void)ctx, (void)object; }

static void pool_misuse_stops_the_program(void **state) {
    (void)state;
    for (int with_reset = 0; with_reset < 2; with_reset++) {
        misuse_scene scene = {.options = sized(64)};
        if (with_reset) scene.options.reset = reset_nothing;
        for (int i = 0; i < MISUSE_CASES; i++) {
            scene.misuse = (misuse_case)i;
            char text[100];
            snprintf(text, sizeof text, "pare: %s: %s of 0x", face->module, misuse_kinds[i]);
            expect_misuse(commit_misuse, &scene, text);
        }
    }
}

static void pool_misuse_found_at_once_changes_nothing(void **state) {
    probe *p = *state;
    int on_stack[64];
    some_pool pool;
    open_pool(&pool, p, sized(64));
    void *a = must_get(&pool), *b = must_get(&pool);
    face->put(&pool, a);
    pare_pool_stats before = face->stats(&pool);
    pare_set_misuse_handler(misuse_note);

    face->put(&pool, a);
    assert_int_equal(misuse_count, 1);
    assert_string_equal(misuse_last.module, face->module);
    assert_string_equal(misuse_last.kind, "double put");
    assert_ptr_equal(misuse_last.object, &pool);
    assert_ptr_equal(misuse_last.address, a);
    assert_non_null(misuse_last.site);
    face->put(&pool, on_stack);
    assert_int_equal(misuse_count, 2);
    assert_string_equal(misuse_last.kind, "foreign pointer");

    pare_pool_stats after = face->stats(&pool);
    assert_memory_equal(&before, &after, sizeof before);
    if (!hardened()) {
        assert_ptr_equal(must_get(&pool), a);
        face->put(&pool, a);
    }
    face->put(&pool, b);
    face->deinit(&pool);
    assert_int_equal(misuse_count, 2);
}

static void pool_misuse_found_late_drops_the_bad_entries(void **state) {
    probe *p = *state;
    enum { COUNT = 100 };
    void *objects[COUNT];
    some_pool pool;
    open_pool(&pool, p, sized(64));
    get_all(&pool, objects, COUNT);
    pare_set_misuse_handler(misuse_note);
    put_all(&pool, objects, COUNT);
    put_all(&pool, objects, COUNT); /* all of them again, in an order that hides it */
    face->put(&pool, (char *)objects[50] + 8);
    face->trim(&pool, 0, PARE_TRIM_ALL);
    assert_int_equal(misuse_count, COUNT + 1);
    pare_pool_stats stats = face->stats(&pool);
    assert_int_equal(stats.live_count, 0);
    assert_int_equal(stats.slab_count, 0);

    get_all(&pool, objects, COUNT); /* each once */
    for (int i = 0; i < COUNT; i++) {
        for (int j = 0; j < i; j++) assert_ptr_not_equal(objects[i], objects[j]);
    }
    put_all(&pool, objects, COUNT);
    face->deinit(&pool);
    assert_int_equal(misuse_count, COUNT + 1);
}

static jmp_buf misuse_exit;

static void misuse_jump(const pare_misuse *misuse) {
    misuse_note(misuse);
    longjmp(misuse_exit, 1);
}

static void pool_is_whole_when_the_handler_does_not_return(void **state) {
    probe *p = *state;
    void *objects[4];
    static some_pool pool;
    open_pool(&pool, p, sized(64));
    get_all(&pool, objects, 4);
    pare_set_misuse_handler(misuse_jump);
    if (setjmp(misuse_exit) == 0) {
        put_all(&pool, objects, 2);
        face->put(&pool, objects[0]);
        face->trim(&pool, 0, PARE_TRIM_ALL);
    }
    assert_int_equal(misuse_count, 1);
    put_all(&pool, objects + 2, 2);
    face->deinit(&pool);
    assert_int_equal(misuse_count, 1);
}

/* --- queries ----------------------------------------------------------------------------- */

static void pool_stats_are_exact(void **state) {
    probe *p = *state;
    maker m = {0};
    void *objects[100];
    some_pool pool;
    open_pool(&pool, p, conns(&m));
    pare_pool_stats s = face->stats(&pool);
    assert_true(s.gets == 0 && s.puts == 0 && s.creates == 0 && s.slab_count == 0);
    assert_int_equal(s.held_bytes, p->live_bytes);
    get_all(&pool, objects, 100);
    put_all(&pool, objects, 70);
    get_all(&pool, objects, 20);
    s = face->stats(&pool);
    assert_int_equal(s.gets, 120);
    assert_int_equal(s.puts, 70);
    assert_int_equal(s.creates, 100);
    assert_int_equal(s.live_count, 50);
    assert_int_equal(s.live_bytes, 50 * sizeof(conn));
    assert_int_equal(s.retained_count, 50);
    assert_int_equal(s.retained_bytes, 50 * sizeof(conn));
    assert_int_equal(s.peak_count, 100);
    assert_int_equal(s.held_bytes, p->live_bytes);
    assert_int_equal(s.allocs, p->allocs);
    assert_int_equal(s.frees, p->frees);
    assert_true(s.peak_bytes >= s.held_bytes && s.total_bytes >= s.peak_bytes);
    deinit_in_use(&pool);
}

/* --- as an allocator --------------------------------------------------------------------- */

static void pool_allocator_serves_up_to_the_objects_size(void **state) {
    probe *p = *state;
    some_pool pool;
    open_pool(&pool, p, sized(64));
    pare_allocator a = face->allocator(&pool);
    pare_span s, exact;
    assert_int_equal(pare_alloc_span(a, 65, 8, 0, &s), PARE_ERR_ARGUMENT);
    assert_int_equal(pare_alloc_span(a, 8, 2 * _Alignof(max_align_t), 0, &s), PARE_ERR_ARGUMENT);
    assert_int_equal(pare_alloc_span(a, 1, 1, 0, &s), PARE_OK);
    assert_int_equal(s.cap, 64);
    memset(s.ptr, 'x', 64);
    assert_int_equal(pare_alloc_span(a, 13, 1, PARE_EXACT | PARE_ZEROED, &exact), PARE_OK);
    assert_int_equal(exact.cap, 13);
    for (int i = 0; i < 13; i++) assert_int_equal(((char *)exact.ptr)[i], 0);
    memset(exact.ptr, 'y', 13);

    assert_int_equal(pare_resize_span(a, &exact, 65, 1, PARE_MAY_MOVE), PARE_ERR_ARGUMENT);
    assert_int_equal(exact.cap, 13);
    assert_int_equal(pare_resize_span(a, &exact, 20, 1, PARE_EXACT | PARE_ZEROED), PARE_OK);
    assert_int_equal(exact.cap, 20);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(((char *)exact.ptr)[i], i < 13 ? 'y' : 0);
    }
    assert_int_equal(pare_resize_span(a, &exact, 64, 1, 0), PARE_OK);
    memset(exact.ptr, 'z', 64);
    assert_int_equal(pare_resize_span(a, &exact, 2, 1, PARE_EXACT), PARE_OK);
    assert_int_equal(exact.cap, 2);
    pare_free_span(a, exact, 1);
    pare_free_span(a, s, 1);
    assert_int_equal(live(&pool), 0);

    probe_refuse(p, 0, PROBE_NEVER);
    face->trim(&pool, 0, PARE_TRIM_ALL);
    assert_int_equal(pare_alloc_span(a, 1, 1, 0, &s), PARE_ERR_MEMORY);
    face->deinit(&pool);
}

static void pool_lives_in_a_pool(void **state) {
    probe *p = *state;
    void *objects[500];
    some_pool blocks, pool;
    open_pool(&blocks, p, sized(64 * 1024));
    pare_pool_options o = sized(100);
    assert_int_equal(try_open(&pool, face->allocator(&blocks), o), PARE_OK);
    for (int round = 0; round < 3; round++) {
        get_all(&pool, objects, 500);
        for (int i = 0; i < 500; i++) memset(objects[i], i, 100);
        put_all(&pool, objects, 500);
        face->trim(&pool, 0, PARE_TRIM_ALL);
    }
    face->deinit(&pool);
    assert_int_equal(live(&blocks), 0);
    face->deinit(&blocks);
}

/* --- against a model --------------------------------------------------------------------- */

uint64_t next_random(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

typedef struct model {
    some_pool pool;
    uint64_t random, gets, puts, now_ms;
    size_t size, count;
    unsigned char *objects[3000]; /* in use; each filled with a stamp of its address */
} model;

static unsigned char stamp_of(const void *object) {
    return (unsigned char)(((uintptr_t)object >> 4) * 151 >> 3);
}

static void model_get(model *m) {
    unsigned char *object = m->count < 3000 ? face->get(&m->pool) : NULL;
    if (object == NULL) return;
    memset(object, stamp_of(object), m->size);
    m->objects[m->count++] = object;
    m->gets++;
}

static void model_put(model *m) {
    if (m->count == 0) return;
    size_t at = (size_t)(next_random(&m->random) % m->count);
    unsigned char *object = m->objects[at];
    /* Had it been handed out twice or overlapped another, its stamp would be another's. */
    for (size_t i = 0; i < m->size; i++) assert_int_equal(object[i], stamp_of(object));
    memset(object, 0, m->size);
    m->objects[at] = m->objects[--m->count];
    face->put(&m->pool, object);
    m->puts++;
}

static void model_step(model *m, probe *p) {
    uint64_t action = next_random(&m->random) % 1000;
    size_t some = (size_t)(next_random(&m->random) % 300);
    if (action < 450) {
        model_get(m);
    } else if (action < 900) {
        model_put(m);
    } else if (action < 940) {
        while (some-- > 0) model_get(m);
    } else if (action < 985) {
        while (some-- > 0) model_put(m);
    } else if (action < 990) {
        probe_refuse(p, some % 3, 1 + some % 20);
    } else if (action < 992) {
        if (face->reserve(&m->pool, some) == PARE_OK) {
            uint64_t requests = p->requests;
            while (some-- > 0 && m->count < 3000) {
                size_t before = m->count;
                model_get(m);
                assert_int_equal(m->count, before + 1);
            }
            assert_int_equal(p->requests, requests);
        }
    } else if (action < 998) {
        m->now_ms += some * 10;
        face->trim(&m->pool, m->now_ms, PARE_TRIM_SURPLUS);
    } else {
        face->trim(&m->pool, m->now_ms, PARE_TRIM_ALL);
    }
}

static void run_model(probe *p, uint64_t seed, pare_pool_options o) {
    static model m;
    memset(&m, 0, sizeof m);
    m.random = seed;
    m.size = o.size;
    open_pool(&m.pool, p, o);
    for (int i = 0, steps = probe_steps(4000); i < steps; i++) {
        model_step(&m, p);
        pare_pool_stats s = face->stats(&m.pool);
        assert_int_equal(s.live_count, m.count);
        assert_int_equal(s.gets, m.gets);
        assert_int_equal(s.puts, m.puts);
        assert_int_equal(s.held_bytes, p->live_bytes);
        assert_true(o.limit_bytes == 0 || s.slab_bytes <= o.limit_bytes);
    }
    probe_refuse(p, PROBE_NEVER, 0);
    while (m.count > 0) model_put(&m);
    face->deinit(&m.pool);
    assert_int_equal(p->live_bytes, 0);
}

static void pool_agrees_with_a_model(void **state) {
    probe *p = *state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        pare_pool_options o = sized((size_t)(1 + seed * seed * 19));
        run_model(p, seed, o);
        o.align = 1;
        o.magazine_bytes = 17 * sizeof(void *);
        run_model(p, seed + 100, o);
        o.limit_bytes = 50000;
        o.reset = reset_nothing;
        p->slack = 500;
        run_model(p, seed + 200, o);
        o.flags = PARE_WIPE;
        run_model(p, seed + 300, o);
        if (!hardened()) continue;
        o.chaos_get = 7;
        o.chaos_put = 5;
        o.quarantine_bytes = 40 * o.size;
        run_model(p, seed + 400, o);
    }
}

/* --- for other tests ----------------------------------------------------------------------- */

void mt_open(pare_mtpool *pool, probe *p, pare_pool_options o) {
    assert_int_equal(pare_mtpool_init(pool, probe_allocator(p), &o), PARE_OK);
}

void *mt_get(pare_mtpool *pool) {
    void *object = pare_mtpool_get(pool);
    assert_non_null(object);
    return object;
}

void mt_get_all(pare_mtpool *pool, void **objects, size_t count) {
    for (size_t i = 0; i < count; i++) objects[i] = mt_get(pool);
}

void mt_put_all(pare_mtpool *pool, void **objects, size_t count) {
    for (size_t i = 0; i < count; i++) pare_mtpool_put(pool, objects[i]);
}

size_t mt_live(const pare_mtpool *pool) { return pare_mtpool_get_stats(pool).live_count; }

/* --- the table ----------------------------------------------------------------------------- */

int pools_run(const pool_face *f) {
    const struct CMUnitTest of_magazines[] = {
        CASE(pool_trim_surplus_keeps_the_working_set),
        CASE(pool_trim_surplus_of_an_idle_pool_leaves_one_spare_slab),
        CASE(pool_get_after_put_is_the_same_object),
        CASE(pool_smallest_magazine_still_holds_every_object),
    };
    const struct CMUnitTest tests[] = {
        CASE(pool_zeroed_refuses_gets_and_takes_the_rest),
        CASE(pool_init_refuses_options_outside_their_ranges),
        CASE(pool_init_refused_leaves_pool_untouched),
        CASE(pool_limit_below_one_object_is_refused_and_at_it_serves_one),
        CASE(pool_deinit_gives_back_objects_in_use),
        CASE(pool_reserve_refused_makes_nothing),
        CASE(pool_reserve_beyond_the_limit_is_refused),
        CASE(pool_trim_all_keeps_only_what_is_in_use),
        CASE(pool_objects_of_any_size_are_apart_and_aligned),
        CASE(pool_put_of_null_does_nothing),
        CASE(pool_warm_never_allocates),
        CASE(pool_put_never_fails),
        CASE(pool_limit_holds_and_objects_come_back_under_it),
        CASE(pool_refused_anywhere_stays_whole),
        CASE(pool_fills_a_fixed_array_nearly_to_its_end),
        CASE(pool_bulk_of_any_count_is_whole),
        CASE(pool_bulk_is_all_or_nothing),
        CASE(pool_bulk_of_odd_arguments),
        CASE(pool_bulk_refused_anywhere_stays_whole),
        CASE(pool_under_pressure_gets_what_others_retain),
        CASE(pool_objects_keep_what_init_built),
        CASE(pool_init_callback_that_fails_refuses_the_get_alone),
        CASE(pool_calls_from_callbacks_are_refused),
        CASE(pool_wipe_hands_out_zeros),
        CASE(pool_misuse_stops_the_program),
        CASE(pool_misuse_found_at_once_changes_nothing),
        CASE(pool_misuse_found_late_drops_the_bad_entries),
        CASE(pool_is_whole_when_the_handler_does_not_return),
        CASE(pool_stats_are_exact),
        CASE(pool_allocator_serves_up_to_the_objects_size),
        CASE(pool_lives_in_a_pool),
        CASE(pool_agrees_with_a_model),
    };
    face = f;
    int failed = cmocka_run_group_tests_name(f->name, tests, NULL, NULL);
    if (hardened()) return failed; /* it has no magazine */
    return failed + cmocka_run_group_tests_name(f->name, of_magazines, NULL, NULL);
}
