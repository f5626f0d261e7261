/* test_budget.c - mirrors pare/budget.h section by section.
 * Method: what a budget charges is compared with the live bytes of the probes below it.
 * SPDX-License-Identifier: MIT */
#include "support/probe.h"
#include <pthread.h>
#include "pare/arena.h"
#include "pare/budget.h"
#include "pare/heap.h"
#include "pare/pages.h"

/* A budget without soft limit and callback. */
static void budget_open(pare_budget *b, pare_allocator from, pare_budget *parent,
                        size_t limit_bytes) {
    pare_budget_options o = {.parent = parent, .limit_bytes = limit_bytes};
    assert_int_equal(pare_budget_init(b, from, &o), PARE_OK);
}

static size_t live(const pare_budget *b) { return pare_budget_get_stats(b).live_bytes; }

static pare_span take(pare_budget *b, size_t size) {
    pare_span s;
    assert_int_equal(pare_alloc_span(pare_budget_allocator(b), size, 1, 0, &s), PARE_OK);
    return s;
}

static void give(pare_budget *b, pare_span s) { pare_free_span(pare_budget_allocator(b), s, 1); }

static void expect_refused(pare_budget *b, size_t size, pare_status expected) {
    pare_span s = {NULL, 77};
    assert_int_equal(pare_alloc_span(pare_budget_allocator(b), size, 1, 0, &s), expected);
    assert_int_equal(s.cap, 77);
}

/* --- lifetime ---------------------------------------------------------------------------- */

static void budget_zeroed_charges_the_heap_without_limit(void **state) {
    (void)state;
    pare_budget b = {0};
    assert_int_equal(pare_budget_room(&b), SIZE_MAX);
    void *ptr = pare_alloc(pare_budget_allocator(&b), 100, 8);
    assert_non_null(ptr);
    assert_int_equal(live(&b), 100);
    pare_free(pare_budget_allocator(&b), ptr, 100, 8);
    assert_int_equal(live(&b), 0);
    pare_budget_deinit(&b);
}

static void budget_init_refuses_bad_options_and_changes_nothing(void **state) {
    (void)state;
    pare_budget root = {0}, middle, leaf = {.allocs = 77};
    budget_open(&middle, pare_heap(), &root, 0);
    pare_budget_options o = {.parent = &middle};
    assert_int_equal(pare_budget_init(&leaf, pare_budget_allocator(&root), &o), PARE_ERR_ARGUMENT);
    assert_int_equal(pare_budget_init(&leaf, pare_budget_allocator(&middle), &o),
                     PARE_ERR_ARGUMENT);
    for (int i = 0; i < 4; i++) {
        pare_budget_options unknown = {.limit_bytes = 1};
        unknown.reserved[i] = 1;
        assert_int_equal(pare_budget_init(&leaf, pare_heap(), &unknown), PARE_ERR_ARGUMENT);
    }
    assert_int_equal(leaf.allocs, 77);
    pare_budget_deinit(&middle); /* has no children */
    assert_int_equal(pare_budget_init(&middle, pare_heap(), NULL), PARE_OK);
    pare_budget_deinit(&middle);
    pare_budget_deinit(&root);
}

/* --- limits ------------------------------------------------------------------------------ */

static void budget_grants_exactly_its_limit(void **state) {
    probe *p = *state;
    pare_budget b;
    budget_open(&b, probe_allocator(p), NULL, 100);
    expect_refused(&b, 101, PARE_ERR_LIMIT);
    pare_span all = take(&b, 100);
    expect_refused(&b, 1, PARE_ERR_LIMIT);
    expect_refused(&b, PARE_SIZE_MAX, PARE_ERR_LIMIT);
    expect_refused(&b, SIZE_MAX, PARE_ERR_ARGUMENT);
    assert_int_equal(p->requests, 1);
    assert_int_equal(pare_budget_room(&b), 0);
    give(&b, all);

    pare_span s = take(&b, 60), t = take(&b, 40);
    pare_allocator a = pare_budget_allocator(&b);
    assert_int_equal(pare_resize_span(a, &s, 61, 1, PARE_MAY_MOVE), PARE_ERR_LIMIT);
    assert_int_equal(s.cap, 60);
    assert_int_equal(pare_resize_span(a, &t, 30, 1, PARE_MAY_MOVE), PARE_OK);
    assert_int_equal(pare_budget_room(&b), 10);
    assert_int_equal(pare_resize_span(a, &s, 70, 1, PARE_MAY_MOVE), PARE_OK);
    assert_int_equal(live(&b), 100);

    pare_budget_stats stats = pare_budget_get_stats(&b);
    assert_int_equal(stats.limit_bytes, 100);
    assert_int_equal(stats.peak_bytes, 100);
    assert_int_equal(stats.allocs, 3);
    assert_int_equal(stats.frees, 1);
    assert_int_equal(stats.resizes, 2);
    assert_int_equal(stats.refusals, 4);
    assert_int_equal(stats.reliefs, 0);
    give(&b, s);
    give(&b, t);
    pare_budget_deinit(&b);
}

static void budget_each_limit_of_the_path_holds(void **state) {
    probe *p = *state;
    for (int tight = 0; tight < 3; tight++) { /* which one has the limit of 100 */
        pare_budget root, middle, leaf, cousin;
        budget_open(&root, probe_allocator(p), NULL, tight == 2 ? 100 : 1000);
        budget_open(&middle, probe_allocator(p), &root, tight == 1 ? 100 : 500);
        budget_open(&leaf, probe_allocator(p), &middle, tight == 0 ? 100 : 0);
        budget_open(&cousin, probe_allocator(p), &root, 0);
        assert_int_equal(pare_budget_room(&leaf), 100);
        pare_span s = take(&leaf, 99);
        expect_refused(&leaf, 2, PARE_ERR_LIMIT);
        pare_span t = take(&leaf, 1);
        expect_refused(&leaf, 1, PARE_ERR_LIMIT);
        assert_int_equal(live(&leaf), 100);
        assert_int_equal(live(&middle), 100);
        assert_int_equal(live(&root), 100);
        assert_int_equal(pare_budget_get_stats(&leaf).refusals, tight == 0 ? 2 : 0);
        assert_int_equal(pare_budget_get_stats(&middle).refusals, tight == 1 ? 2 : 0);
        assert_int_equal(pare_budget_get_stats(&root).refusals, tight == 2 ? 2 : 0);

        if (tight == 2) {
            expect_refused(&cousin, 1, PARE_ERR_LIMIT);
        } else {
            give(&cousin, take(&cousin, 900));
            assert_int_equal(pare_budget_get_stats(&root).peak_bytes, 1000);
        }
        give(&leaf, s);
        give(&leaf, t);
        assert_int_equal(live(&root), 0);
        pare_budget_deinit(&leaf);
        pare_budget_deinit(&cousin);
        pare_budget_deinit(&middle);
        pare_budget_deinit(&root);
    }
}

static void budget_charges_what_the_allocator_really_gave(void **state) {
    probe *p = *state;
    pare_budget root, leaf;
    p->slack = 6;
    budget_open(&root, probe_allocator(p), NULL, 0);
    budget_open(&leaf, probe_allocator(p), &root, 0);
    pare_span s = take(&leaf, 10);
    assert_int_equal(s.cap, 16);
    assert_int_equal(live(&leaf), 16);
    assert_int_equal(live(&root), 16);

    pare_budget_set_limit(&root, 40); /* no surprises from now on, wherever the limit is */
    pare_span t = take(&leaf, 24);
    assert_int_equal(t.cap, 24);
    assert_int_equal(live(&root), 40);
    assert_int_equal(pare_budget_get_stats(&leaf).peak_bytes, 40);
    give(&leaf, s);
    give(&leaf, t);
    pare_budget_deinit(&leaf);
    pare_budget_deinit(&root);
}

static void budget_lowered_limit_refuses_until_enough_is_free(void **state) {
    probe *p = *state;
    pare_budget b;
    budget_open(&b, probe_allocator(p), NULL, 0);
    pare_span s = take(&b, 100), t = take(&b, 50);
    pare_allocator a = pare_budget_allocator(&b);
    pare_budget_set_limit(&b, 80);
    assert_int_equal(pare_budget_room(&b), 0);
    expect_refused(&b, 1, PARE_ERR_LIMIT);
    assert_int_equal(pare_resize_span(a, &s, 101, 1, PARE_MAY_MOVE), PARE_ERR_LIMIT);
    assert_int_equal(pare_resize_span(a, &s, 90, 1, PARE_MAY_MOVE), PARE_OK);
    expect_refused(&b, 1, PARE_ERR_LIMIT);
    give(&b, t);
    expect_refused(&b, 1, PARE_ERR_LIMIT);
    assert_int_equal(pare_resize_span(a, &s, 79, 1, PARE_MAY_MOVE), PARE_OK);
    give(&b, take(&b, 1));
    expect_refused(&b, 2, PARE_ERR_LIMIT);
    pare_budget_set_limit(&b, 0);
    give(&b, take(&b, 1000));
    give(&b, s);
    pare_budget_deinit(&b);
}

/* An arena's blocks, through a leaf of a tree of three; true if one was refused. */
static bool sweep_tree(probe *p, void *ctx) {
    pare_budget *path = ctx;
    bool refused = false;
    pare_span spans[6];
    pare_allocator a = pare_budget_allocator(&path[2]);
    size_t taken = 0;
    for (size_t i = 0; i < 6; i++) {
        pare_budget_stats before = pare_budget_get_stats(&path[2]);
        pare_span s = {NULL, 0};
        pare_status status = pare_alloc_span(a, 10 + i, 1, 0, &s);
        if (status == PARE_OK) {
            spans[taken++] = s;
            status = pare_resize_span(a, &spans[taken - 1], 100, 1, PARE_MAY_MOVE);
        } else {
            pare_budget_stats after = pare_budget_get_stats(&path[2]);
            assert_memory_equal(&before, &after, sizeof after);
        }
        refused = refused || status != PARE_OK;
        for (int level = 0; level < 3; level++) {
            assert_int_equal(live(&path[level]), p->live_bytes);
        }
    }
    while (taken > 0) pare_free_span(a, spans[--taken], 1);
    return refused;
}

static void budget_refusals_of_the_allocator_are_charged_nowhere(void **state) {
    probe *p = *state;
    pare_budget path[3];
    p->slack = 3;
    for (int limited = 0; limited < 2; limited++) {
        for (int i = 0; i < 3; i++) {
            budget_open(&path[i], probe_allocator(p), i > 0 ? &path[i - 1] : NULL,
                        limited ? 1000 : 0);
        }
        probe_sweep(p, sweep_tree, path);
        for (int i = 3; i-- > 0;) {
            assert_int_equal(pare_budget_get_stats(&path[i]).refusals, 0);
            pare_budget_deinit(&path[i]);
        }
    }
}

/* --- relief ------------------------------------------------------------------------------ */

/* A cache that gives its blocks back, one per call, when its budget asks. */
typedef struct cache {
    pare_budget *owner;
    pare_span blocks[16];
    size_t count;
    size_t calls, needed_bytes;
    int answer;
} cache;

static int cache_relief(void *ctx, pare_budget *b, size_t needed_bytes) {
    cache *c = ctx;
    (void)b;
    c->calls++;
    c->needed_bytes = needed_bytes;
    if (c->count > 0) give(c->owner, c->blocks[--c->count]);
    return c->answer;
}

static void cache_fill(cache *c, size_t count, size_t size) {
    c->calls = c->needed_bytes = 0;
    c->answer = 1;
    for (c->count = 0; c->count < count; c->count++) c->blocks[c->count] = take(c->owner, size);
}

static void cache_empty(cache *c) {
    while (c->count > 0) give(c->owner, c->blocks[--c->count]);
}

static void budget_asks_until_enough_is_free(void **state) {
    probe *p = *state;
    pare_budget b;
    cache c = {.owner = &b};
    pare_budget_options o = {.limit_bytes = 100, .relief = cache_relief, .ctx = &c};
    assert_int_equal(pare_budget_init(&b, probe_allocator(p), &o), PARE_OK);
    cache_fill(&c, 10, 10);
    assert_int_equal(c.calls, 0); /* the limit itself is granted without */
    pare_span s = take(&b, 25);
    assert_int_equal(c.calls, 3);
    assert_int_equal(c.needed_bytes, 5); /* of the 25, when the last was asked for */
    assert_int_equal(live(&b), 95);
    assert_int_equal(pare_budget_get_stats(&b).peak_bytes, 100);

    pare_allocator a = pare_budget_allocator(&b);
    assert_int_equal(pare_resize_span(a, &s, 31, 1, PARE_MAY_MOVE), PARE_OK);
    assert_int_equal(c.calls, 4);
    assert_int_equal(c.needed_bytes, 1);
    expect_refused(&b, 101, PARE_ERR_LIMIT); /* nothing could help */
    assert_int_equal(c.calls, 4);
    expect_refused(&b, 80, PARE_ERR_LIMIT); /* all is freed and it is still too little */
    assert_int_equal(c.count, 0);
    assert_int_equal(live(&b), 31);
    assert_int_equal(pare_budget_get_stats(&b).reliefs, c.calls);
    give(&b, s);
    pare_budget_deinit(&b);
}

static void budget_declined_relief_leaves_the_limit(void **state) {
    probe *p = *state;
    pare_budget b;
    cache c = {.owner = &b};
    pare_budget_options o = {
        .limit_bytes = 100, .soft_bytes = 60, .relief = cache_relief, .ctx = &c};
    assert_int_equal(pare_budget_init(&b, probe_allocator(p), &o), PARE_OK);
    pare_span s = take(&b, 60);
    assert_int_equal(c.calls, 0);
    pare_span t = take(&b, 40); /* the soft limit is passed, the limit is not */
    assert_int_equal(c.calls, 1);
    assert_int_equal(c.needed_bytes, 40);
    expect_refused(&b, 1, PARE_ERR_LIMIT);
    assert_int_equal(c.calls, 2);
    give(&b, t);

    /* Says no, but has freed something: the limit is tested again. */
    pare_budget_set_soft(&b, 0);
    cache_fill(&c, 4, 10);
    assert_int_equal(c.calls, 0);
    pare_budget_set_soft(&b, 60);
    c.answer = 0;
    t = take(&b, 10);
    assert_int_equal(c.calls, 1);
    assert_int_equal(c.needed_bytes, 50);
    expect_refused(&b, 21, PARE_ERR_LIMIT); /* 60, 20 of the cache, 10 */
    assert_int_equal(c.calls, 2);
    cache_empty(&c);
    give(&b, t);
    give(&b, s);
    pare_budget_deinit(&b);
}

static void budget_lying_relief_is_asked_once(void **state) {
    probe *p = *state;
    pare_budget b;
    cache c = {.owner = &b, .answer = 1};
    pare_budget_options o = {.limit_bytes = 100, .relief = cache_relief, .ctx = &c};
    assert_int_equal(pare_budget_init(&b, probe_allocator(p), &o), PARE_OK);
    pare_span s = take(&b, 100);
    expect_refused(&b, 1, PARE_ERR_LIMIT);
    assert_int_equal(c.calls, 1);
    give(&b, s);
    pare_budget_deinit(&b);
}

/* Takes from the same budget while it is asked for relief, and frees less than it takes. */
static int greedy_relief(void *ctx, pare_budget *b, size_t needed_bytes) {
    cache *c = ctx;
    c->calls++;
    if (needed_bytes == 1) {
        give(b, c->blocks[--c->count]);
        expect_refused(b, 11, PARE_ERR_LIMIT); /* asks nobody */
        c->blocks[c->count++] = take(b, 10);
    }
    return 1;
}

static void budget_reentering_relief_is_not_asked_again(void **state) {
    probe *p = *state;
    pare_budget b;
    cache c = {.owner = &b};
    pare_budget_options o = {.limit_bytes = 100, .relief = greedy_relief, .ctx = &c};
    assert_int_equal(pare_budget_init(&b, probe_allocator(p), &o), PARE_OK);
    cache_fill(&c, 10, 10);
    expect_refused(&b, 1, PARE_ERR_LIMIT);
    assert_int_equal(c.calls, 1);
    assert_int_equal(live(&b), 100);
    expect_refused(&b, 1, PARE_ERR_LIMIT); /* but by the next request again */
    assert_int_equal(c.calls, 2);
    cache_empty(&c);
    pare_budget_deinit(&b);
}

/* Makes room by a larger limit. */
static int raising_relief(void *ctx, pare_budget *b, size_t needed_bytes) {
    (void)ctx;
    pare_budget_set_limit(b, pare_budget_get_stats(b).limit_bytes + needed_bytes);
    return 1;
}

static void budget_relief_may_change_the_limit(void **state) {
    probe *p = *state;
    pare_budget b;
    pare_budget_options o = {.limit_bytes = 100, .relief = raising_relief};
    assert_int_equal(pare_budget_init(&b, probe_allocator(p), &o), PARE_OK);
    pare_span s = take(&b, 60), t = take(&b, 70);
    assert_int_equal(pare_budget_get_stats(&b).limit_bytes, 130);
    give(&b, s);
    give(&b, t);
    pare_budget_deinit(&b);
}

static void budget_relief_of_the_root_frees_what_others_hold(void **state) {
    probe *p = *state;
    pare_budget root, hungry, idle;
    cache c = {.owner = &idle};
    pare_budget_options o = {.limit_bytes = 100, .relief = cache_relief, .ctx = &c};
    assert_int_equal(pare_budget_init(&root, probe_allocator(p), &o), PARE_OK);
    budget_open(&hungry, probe_allocator(p), &root, 60);
    budget_open(&idle, probe_allocator(p), &root, 60);
    cache_fill(&c, 6, 10);
    pare_span s = take(&hungry, 55);
    assert_int_equal(c.calls, 2);
    assert_int_equal(live(&idle), 40);
    assert_int_equal(live(&root), 95);
    expect_refused(&hungry, 6, PARE_ERR_LIMIT); /* its own limit, which has no callback */
    assert_int_equal(c.calls, 2);
    give(&hungry, s);
    cache_empty(&c);
    pare_budget_deinit(&hungry);
    pare_budget_deinit(&idle);
    pare_budget_deinit(&root);
}

/* --- model ------------------------------------------------------------------------------- */

enum { TREE = 7 }; /* a root, two below it, two below each of these */

typedef struct model {
    probe *p;
    pare_budget tree[TREE];
    size_t live[TREE], limit[TREE], peak[TREE];
    struct {
        pare_span span;
        size_t node;
    } blocks[64];
    uint32_t seed;
} model;

static size_t model_random(model *m, size_t below) {
    m->seed = m->seed * 1664525u + 1013904223u;
    return (m->seed >> 8) % below;
}

static size_t model_parent(size_t node) { return (node - 1) / 2; }

static bool model_fits(const model *m, size_t node, size_t bytes) {
    for (;; node = model_parent(node)) {
        if (m->limit[node] != 0 && m->live[node] + bytes > m->limit[node]) return false;
        if (node == 0) return true;
    }
}

static bool model_is_limited(const model *m, size_t node) {
    for (;; node = model_parent(node)) {
        if (m->limit[node] != 0) return true;
        if (node == 0) return false;
    }
}

static void model_charge(model *m, size_t node, size_t before, size_t after) {
    for (;; node = model_parent(node)) {
        m->live[node] += after - before;
        if (m->live[node] > m->peak[node]) m->peak[node] = m->live[node];
        if (node == 0) return;
    }
}

static void model_compare(const model *m) {
    for (size_t node = 0; node < TREE; node++) {
        pare_budget_stats stats = pare_budget_get_stats(&m->tree[node]);
        assert_int_equal(stats.live_bytes, m->live[node]);
        assert_int_equal(stats.peak_bytes, m->peak[node]);
    }
    assert_int_equal(m->live[0], m->p->live_bytes);
}

static void model_alloc(model *m, size_t slot) {
    size_t node = model_random(m, TREE), size = 1 + model_random(m, 300);
    bool refuses = model_random(m, 8) == 0;
    pare_span s = {NULL, 0};
    if (refuses) probe_refuse(m->p, 0, 1);
    pare_status status = pare_alloc_span(pare_budget_allocator(&m->tree[node]), size, 1, 0, &s);
    probe_refuse(m->p, PROBE_NEVER, 0);
    if (!model_fits(m, node, size)) {
        assert_int_equal(status, PARE_ERR_LIMIT);
    } else if (refuses) {
        assert_int_equal(status, PARE_ERR_MEMORY);
    } else {
        assert_int_equal(status, PARE_OK);
        assert_int_equal(s.cap, model_is_limited(m, node) ? size : size + m->p->slack);
        model_charge(m, node, 0, s.cap);
        m->blocks[slot].span = s;
        m->blocks[slot].node = node;
    }
}

static void model_resize(model *m, size_t slot) {
    size_t node = m->blocks[slot].node, size = 1 + model_random(m, 300);
    pare_span *s = &m->blocks[slot].span, before = *s;
    pare_allocator a = pare_budget_allocator(&m->tree[node]);
    bool unable = model_random(m, 2) == 0, refuses = model_random(m, 8) == 0;
    m->p->never_resize = unable;
    if (refuses) probe_refuse(m->p, 0, 1);
    pare_status status = unable ? pare_resize_span(a, s, size, 1, PARE_MAY_MOVE)
                                : pare_realloc_span(a, s, before.cap, size, 1, 0);
    probe_refuse(m->p, PROBE_NEVER, 0);
    m->p->never_resize = false;
    if (size > before.cap && !model_fits(m, node, size - before.cap)) {
        assert_int_equal(status, PARE_ERR_LIMIT);
    } else if (refuses || unable || size > before.cap) {
        assert_int_equal(status, PARE_ERR_MEMORY);
    } else {
        assert_int_equal(status, PARE_OK);
        model_charge(m, node, before.cap, s->cap);
    }
    if (status != PARE_OK) assert_memory_equal(s, &before, sizeof before);
}

/* Moves at will, and succeeds unless a limit forbids it. */
static void model_move(model *m, size_t slot) {
    size_t node = m->blocks[slot].node, size = 1 + model_random(m, 300);
    pare_span *s = &m->blocks[slot].span, before = *s;
    pare_allocator a = pare_budget_allocator(&m->tree[node]);
    pare_status status = pare_resize_span(a, s, size, 1, PARE_MAY_MOVE);
    if (size > before.cap && !model_fits(m, node, size - before.cap)) {
        assert_int_equal(status, PARE_ERR_LIMIT);
        return;
    }
    assert_int_equal(status, PARE_OK);
    model_charge(m, node, before.cap, s->cap);
}

static void model_free(model *m, size_t slot) {
    size_t node = m->blocks[slot].node;
    give(&m->tree[node], m->blocks[slot].span);
    model_charge(m, node, m->blocks[slot].span.cap, 0);
    m->blocks[slot].span = (pare_span){NULL, 0};
}

static void budget_agrees_with_the_model(void **state) {
    model m = {.p = *state, .seed = 1};
    m.p->slack = 5;
    for (size_t i = 0; i < TREE; i++) {
        m.limit[i] = i == 0 ? 4000 : 2500;
        budget_open(&m.tree[i], probe_allocator(m.p), i > 0 ? &m.tree[model_parent(i)] : NULL,
                    m.limit[i]);
    }
    for (int step = 0; step < 100000; step++) {
        size_t slot = model_random(&m, sizeof m.blocks / sizeof m.blocks[0]);
        size_t operation = model_random(&m, 20);
        if (operation == 0) {
            size_t node = model_random(&m, TREE);
            m.limit[node] = model_random(&m, 4) == 0 ? 0 : model_random(&m, 4000);
            pare_budget_set_limit(&m.tree[node], m.limit[node]);
        } else if (m.blocks[slot].span.cap == 0) {
            model_alloc(&m, slot);
        } else if (operation < 8) {
            model_free(&m, slot);
        } else if (operation < 14) {
            model_move(&m, slot);
        } else {
            model_resize(&m, slot);
        }
        model_compare(&m);
    }
    for (size_t i = 0; i < sizeof m.blocks / sizeof m.blocks[0]; i++) {
        if (m.blocks[i].span.cap != 0) model_free(&m, i);
    }
    model_compare(&m);
    for (size_t i = TREE; i-- > 0;) pare_budget_deinit(&m.tree[i]);
}

/* --- threads ----------------------------------------------------------------------------- */

enum { WORKERS = 4, WORKER_STEPS = 20000, ROOT_LIMIT = 60000, LEAF_LIMIT = 20000 };

typedef struct stress {
    pare_budget root, leaves[2];
    size_t spare_bytes; /* written by the callback alone, which never runs twice at once */
    size_t refused[WORKERS];
    size_t passed[WORKERS]; /* how often a limit was seen passed */
} stress;

typedef struct worker {
    stress *all;
    size_t number;
} worker;

static int stress_relief(void *ctx, pare_budget *b, size_t needed_bytes) {
    stress *all = ctx;
    (void)b;
    all->spare_bytes += needed_bytes;
    return 1;
}

static void *stress_work(void *ctx) {
    worker *w = ctx;
    stress *all = w->all;
    pare_allocator a = pare_budget_allocator(&all->leaves[w->number % 2]);
    pare_span spans[32] = {{NULL, 0}};
    uint32_t seed = (uint32_t)w->number + 1;
    for (int i = 0; i < WORKER_STEPS; i++) {
        seed = seed * 1664525u + 1013904223u;
        pare_span *s = &spans[seed >> 27];
        size_t size = 1 + (seed >> 8) % 2000;
        pare_status status = PARE_OK;
        if (s->cap == 0) {
            status = pare_alloc_span(a, size, 8, 0, s);
        } else if (i % 3 == 0) {
            pare_free_span(a, *s, 8);
            s->cap = 0;
        } else {
            status = pare_realloc_span(a, s, s->cap, size, 8, PARE_MAY_MOVE);
        }
        if (status == PARE_ERR_LIMIT) all->refused[w->number]++;
        all->passed[w->number] += live(&all->root) > ROOT_LIMIT;
        all->passed[w->number] += live(&all->leaves[0]) > LEAF_LIMIT;
    }
    for (size_t i = 0; i < 32; i++) pare_free_span(a, spans[i], 8);
    return NULL;
}

static void budget_many_threads_pass_no_limit_and_lose_no_byte(void **state) {
    (void)state;
    static stress all;
    pthread_t threads[WORKERS];
    worker workers[WORKERS];
    pare_budget_options o = {
        .limit_bytes = ROOT_LIMIT, .soft_bytes = 30000, .relief = stress_relief, .ctx = &all};
    assert_int_equal(pare_budget_init(&all.root, pare_heap(), &o), PARE_OK);
    budget_open(&all.leaves[0], pare_heap(), &all.root, LEAF_LIMIT);
    budget_open(&all.leaves[1], pare_heap(), &all.root, 0);
    for (size_t i = 0; i < WORKERS; i++) {
        workers[i] = (worker){&all, i};
        assert_int_equal(pthread_create(&threads[i], NULL, stress_work, &workers[i]), 0);
    }
    size_t refused = 0;
    for (size_t i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        refused += all.refused[i];
        assert_int_equal(all.passed[i], 0);
    }

    pare_budget_stats root = pare_budget_get_stats(&all.root);
    pare_budget_stats leaf = pare_budget_get_stats(&all.leaves[0]);
    pare_budget_stats other = pare_budget_get_stats(&all.leaves[1]);
    assert_int_equal(root.live_bytes + leaf.live_bytes + other.live_bytes, 0);
    assert_int_equal(root.allocs, root.frees);
    assert_int_equal(root.allocs, leaf.allocs + other.allocs);
    assert_int_equal(root.resizes, leaf.resizes + other.resizes);
    assert_int_equal(root.refusals + leaf.refusals + other.refusals, refused);
    assert_true(refused > 0 && root.reliefs > 0 && all.spare_bytes > 0);
    assert_true(root.peak_bytes <= ROOT_LIMIT && leaf.peak_bytes <= LEAF_LIMIT);
    pare_budget_deinit(&all.leaves[0]);
    pare_budget_deinit(&all.leaves[1]);
    pare_budget_deinit(&all.root);
}

/* --- stacked ----------------------------------------------------------------------------- */

static void budget_charges_pages_as_they_are_committed(void **state) {
    (void)state;
    pare_budget b;
    pare_span s;
    size_t page = pare_pages_page_bytes();
    budget_open(&b, pare_pages(1024 * page), NULL, 100 * page);
    pare_allocator a = pare_budget_allocator(&b);
    assert_int_equal(pare_alloc_span(a, page, 1, 0, &s), PARE_OK);
    char *first = s.ptr;
    while (pare_resize_span(a, &s, s.cap + page, 1, 0) == PARE_OK) continue;
    assert_int_equal(s.cap, 100 * page);
    assert_ptr_equal(s.ptr, first);
    assert_int_equal(pare_budget_get_stats(&b).refusals, 1);
    pare_free_span(a, s, 1);
    pare_budget_deinit(&b);
}

static void budget_refusal_inside_a_scope_leaves_the_scope_usable(void **state) {
    probe *p = *state;
    pare_budget b;
    pare_arena arena;
    budget_open(&b, probe_allocator(p), NULL, 16 * 1024);
    assert_int_equal(pare_arena_init(&arena, pare_budget_allocator(&b), NULL), PARE_OK);
    for (int round = 0; round < 3; round++) {
        PARE_ARENA_SCOPE(&arena) {
            size_t count = 0;
            while (pare_arena_alloc(&arena, 100, 8) != NULL) count++;
            assert_int_equal(pare_arena_status(&arena), PARE_ERR_LIMIT);
            assert_true(count > 100);
            assert_true(live(&b) <= 16 * 1024);
            assert_null(pare_arena_alloc(&arena, 8000, 8));
        }
        assert_non_null(pare_arena_alloc(&arena, 1000, 8));
        pare_arena_reset(&arena);
    }
    pare_arena_deinit(&arena);
    assert_int_equal(live(&b), 0);
    pare_budget_deinit(&b);
}

/* --- misuse ------------------------------------------------------------------------------ */

static void deinit(void *ctx) { pare_budget_deinit(ctx); }

static void free_foreign(void *ctx) {
    char byte;
    pare_free(pare_budget_allocator(ctx), &byte, 11, 1);
}

static void budget_misuse_stops_the_program(void **state) {
    probe *p = *state;
    pare_budget root, leaf;
    budget_open(&root, probe_allocator(p), NULL, 0);
    budget_open(&leaf, probe_allocator(p), &root, 0);
    expect_misuse(deinit, &root, "pare: budget: deinit with children (object 0x");
    pare_span s = take(&leaf, 10);
    expect_misuse(deinit, &leaf, "pare: budget: deinit with live bytes (object 0x");
    expect_misuse(free_foreign, &leaf, "pare: budget: foreign pointer of 0x");

    pare_set_misuse_handler(misuse_note);
    pare_budget_stats before = pare_budget_get_stats(&leaf);
    pare_budget_deinit(&root);
    pare_budget_deinit(&leaf);
    free_foreign(&leaf);
    assert_int_equal(misuse_count, 3);
    pare_budget_stats after = pare_budget_get_stats(&leaf);
    assert_memory_equal(&before, &after, sizeof after);
    give(&leaf, s);
    pare_budget_deinit(&leaf);
    pare_budget_deinit(&root);
    assert_int_equal(misuse_count, 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(budget_zeroed_charges_the_heap_without_limit),
        CASE(budget_init_refuses_bad_options_and_changes_nothing),
        CASE(budget_grants_exactly_its_limit),
        CASE(budget_each_limit_of_the_path_holds),
        CASE(budget_charges_what_the_allocator_really_gave),
        CASE(budget_lowered_limit_refuses_until_enough_is_free),
        CASE(budget_refusals_of_the_allocator_are_charged_nowhere),
        CASE(budget_asks_until_enough_is_free),
        CASE(budget_declined_relief_leaves_the_limit),
        CASE(budget_lying_relief_is_asked_once),
        CASE(budget_reentering_relief_is_not_asked_again),
        CASE(budget_relief_may_change_the_limit),
        CASE(budget_relief_of_the_root_frees_what_others_hold),
        CASE(budget_agrees_with_the_model),
        CASE(budget_many_threads_pass_no_limit_and_lose_no_byte),
        CASE(budget_charges_pages_as_they_are_committed),
        CASE(budget_refusal_inside_a_scope_leaves_the_scope_usable),
        CASE(budget_misuse_stops_the_program),
    };
    return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}
