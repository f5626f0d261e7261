/* test_mtbufpool.c - mirrors pare/mtbufpool.h section by section.
 * Method: pools of one thread draw from a probe, so that each buffer must come back with its true
 * size; pools of many from the heap, their traffic that of support/buftraffic.h.
 * SPDX-License-Identifier: MIT */
#include "support/probe.h"
#include "support/buftraffic.h"
#include "pare/arena.h"
#include "pare/budget.h"
#include "pare/heap.h"
#include "pare/mtbufpool.h"
#ifndef PARE_NO_THREADS
#include <pthread.h>
#endif
#ifndef _WIN32
#include <sys/wait.h>
#include <unistd.h>
#endif

enum { DEFAULT_CLASSES = 65 };

static void open_pool(pare_mtbufpool *b, probe *p, pare_bufpool_options options) {
    assert_int_equal(pare_mtbufpool_init(b, probe_allocator(p), &options), PARE_OK);
}

static pare_span check_got(pare_span s, size_t size) {
    assert_non_null(s.ptr);
    assert_true(s.cap >= size);
    memset(s.ptr, 0x33, s.cap);
    return s;
}

/* A buffer for `size`, all of it written. */
static pare_span got(pare_mtbufpool *b, size_t size) {
    return check_got(pare_mtbufpool_get(b, size), size);
}

static void get_and_put(pare_mtbufpool *b, size_t size) { pare_mtbufpool_put(b, got(b, size)); }

static void get_all(pare_mtbufpool *b, pare_span *spans, size_t count, size_t size) {
    for (size_t i = 0; i < count; i++) spans[i] = got(b, size);
}

static void put_all(pare_mtbufpool *b, const pare_span *spans, size_t count) {
    for (size_t i = 0; i < count; i++) pare_mtbufpool_put(b, spans[i]);
}

/* A buffer that the pool has never seen, from the same allocator. */
static pare_span foreign(probe *p, size_t cap) {
    pare_span s;
    assert_int_equal(pare_alloc_span(probe_allocator(p), cap, 16, PARE_EXACT, &s), PARE_OK);
    return s;
}

static pare_mtbufpool_stats stats_of(const pare_mtbufpool *b) {
    return pare_mtbufpool_get_stats(b);
}

/* --- lifetime ---------------------------------------------------------------------------- */

static void mtbufpool_zeroed_refuses_gets_and_takes_the_rest(void **state) {
    (void)state;
    pare_mtbufpool b = {0}, zeroed = {0};
    assert_null(pare_mtbufpool_get(&b, 100).ptr);
    assert_int_equal(pare_mtbufpool_status(&b), PARE_ERR_ARGUMENT);
    pare_mtbufpool_put(&b, (pare_span){NULL, 0});
    pare_mtbufpool_trim(&b, 0, PARE_TRIM_ALL);
    pare_mtbufpool_trim(&b, 0, PARE_TRIM_SURPLUS);
    assert_int_equal(stats_of(&b).allocs, 0);
    assert_int_equal(pare_mtbufpool_get_class_stats(&b, 0).class_bytes, 0);
    pare_mtbufpool_cache c = {0};
    assert_int_equal(pare_mtbufpool_cache_init(&c, &b), PARE_ERR_ARGUMENT);
    pare_mtbufpool_deinit(&b);
    assert_memory_equal(&b, &zeroed, sizeof b);
}

static void mtbufpool_init_checks_its_options(void **state) {
    probe *p = *state;
    const pare_bufpool_options bad[] = {
        {.min_bytes = 2, .max_bytes = 1},
        {.max_bytes = PARE_BUFPOOL_CLASS_MAX + 1},
        {.align = 3},
        {.align = 131072},
        {.class_count = 3},
        {.flags = 2},
    };
    const pare_bufpool_options good[] = {
        {0},
        {.min_bytes = 1, .max_bytes = 1},
        {.min_bytes = PARE_BUFPOOL_CLASS_MAX},
        {.retain_bytes = 1},
        {.retain_bytes = SIZE_MAX},
        {.align = 65536},
        {.min_bytes = 65536, .max_bytes = 65537}, /* one class in caches, one above */
        {.min_bytes = 65537},                     /* none */
    };
    pare_mtbufpool b = {.status = PARE_ERR_FORMAT}, before = b;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        pare_status status = pare_mtbufpool_init(&b, probe_allocator(p), &bad[i]);
        assert_int_equal(status, PARE_ERR_ARGUMENT);
    }
    probe_refuse(p, 0, 1);
    assert_int_equal(pare_mtbufpool_init(&b, probe_allocator(p), NULL), PARE_ERR_MEMORY);
    assert_memory_equal(&b, &before, sizeof b);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        open_pool(&b, p, good[i]);
        pare_mtbufpool_cache c;
        assert_int_equal(pare_mtbufpool_cache_init(&c, &b), PARE_OK);
        pare_mtbufpool_cache_put(&c, pare_mtbufpool_cache_get(&c, 16));
        pare_mtbufpool_deinit(&b);
    }
}

static void mtbufpool_deinit_leaves_buffers_in_use_to_their_users(void **state) {
    probe *p = *state;
    pare_mtbufpool b;
    pare_mtbufpool_cache c, zeroed = {0};
    open_pool(&b, p, (pare_bufpool_options){0});
    assert_int_equal(pare_mtbufpool_cache_init(&c, &b), PARE_OK);
    pare_span s = got(&b, 5000);
    pare_mtbufpool_cache_put(&c, got(&b, 100));
    pare_mtbufpool_deinit(&b);
    assert_memory_equal(&c, &zeroed, sizeof c);
    assert_int_equal(p->live_blocks, 1);
    memset(s.ptr, 1, s.cap);
    pare_free_span(probe_allocator(p), s, 16);
}

/* --- classes ----------------------------------------------------------------------------- */

static void mtbufpool_classes_are_those_of_a_bufpool(void **state) {
    probe *p = *state;
    static const size_t list[] = {1, 100, 3000, 100000};
    const pare_bufpool_options options[] = {
        {0}, {.min_bytes = 64, .max_bytes = 200000}, {.classes = list, .class_count = 4}};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        pare_mtbufpool many;
        pare_bufpool one;
        open_pool(&many, p, options[i]);
        assert_int_equal(pare_bufpool_init(&one, probe_allocator(p), &options[i]), PARE_OK);
        size_t count = stats_of(&many).class_count;
        assert_int_equal(count, pare_bufpool_get_stats(&one).class_count);
        for (size_t k = 0; k < count; k++) {
            size_t cap = pare_mtbufpool_get_class_stats(&many, k).class_bytes;
            assert_int_equal(cap, pare_bufpool_get_class_stats(&one, k).class_bytes);
            for (size_t size = cap - (cap > 1); size <= cap + 1; size++) { /* twice: kept ones */
                for (int again = 0; again < 2; again++) {
                    pare_span a = got(&many, size), b = pare_bufpool_get(&one, size);
                    assert_int_equal(a.cap, b.cap);
                    pare_mtbufpool_put(&many, a);
                    pare_bufpool_put(&one, b);
                }
            }
        }
        assert_int_equal(pare_mtbufpool_get_class_stats(&many, count).class_bytes, 0);
        pare_mtbufpool_deinit(&many);
        pare_bufpool_deinit(&one);
    }
}

static void mtbufpool_get_of_0_and_of_impossible_sizes(void **state) {
    probe *p = *state;
    pare_mtbufpool b;
    pare_mtbufpool_cache c;
    open_pool(&b, p, (pare_bufpool_options){0});
    assert_int_equal(pare_mtbufpool_cache_init(&c, &b), PARE_OK);
    assert_null(pare_mtbufpool_get(&b, 0).ptr);
    assert_null(pare_mtbufpool_cache_get(&c, 0).ptr);
    assert_int_equal(stats_of(&b).refusals, 0);
    const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 15, PARE_SIZE_MAX, PARE_SIZE_MAX + 1};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        pare_span s = pare_mtbufpool_get(&b, sizes[i]);
        assert_null(s.ptr);
        assert_int_equal(s.cap, 0);
        assert_int_equal(pare_mtbufpool_status(&b), PARE_ERR_ARGUMENT);
        assert_null(pare_mtbufpool_cache_get(&c, sizes[i]).ptr);
        assert_int_equal(pare_mtbufpool_cache_status(&c), PARE_ERR_ARGUMENT);
        assert_int_equal(stats_of(&b).refusals, 2 * (i + 1));
    }
    assert_null(pare_mtbufpool_cache_get(&c, 0).ptr);
    assert_int_equal(pare_mtbufpool_cache_status(&c), PARE_OK);
    pare_mtbufpool_deinit(&b);
}

static void mtbufpool_oversize_is_served_unpooled(void **state) {
    probe *p = *state;
    pare_mtbufpool b;
    open_pool(&b, p, (pare_bufpool_options){0});
    pare_span s = got(&b, PARE_BUFPOOL_MAX_BYTES + 1);
    assert_int_equal(s.cap, PARE_BUFPOOL_MAX_BYTES + 1);
    pare_mtbufpool_put(&b, s);
    assert_int_equal(stats_of(&b).oversize, 1);
    assert_int_equal(stats_of(&b).dropped_large, 1);
    assert_int_equal(stats_of(&b).retained_bytes, 0);
    pare_mtbufpool_deinit(&b);
}

static void mtbufpool_put_drops_what_is_no_class(void **state) {
    probe *p = *state;
    pare_mtbufpool b;
    open_pool(&b, p, (pare_bufpool_options){.min_bytes = 64, .max_bytes = 4096});
    pare_mtbufpool_put(&b, foreign(p, 63));
    pare_mtbufpool_put(&b, foreign(p, 65));
    pare_mtbufpool_put(&b, foreign(p, 4095));
    pare_mtbufpool_put(&b, foreign(p, 4097));
    assert_int_equal(stats_of(&b).dropped_small, 1);
    assert_int_equal(stats_of(&b).dropped_odd, 2);
    assert_int_equal(stats_of(&b).dropped_large, 1);
    assert_int_equal(stats_of(&b).retained_count, 0);
    pare_mtbufpool_put(&b, foreign(p, 64));
    pare_mtbufpool_put(&b, foreign(p, 4096));
    assert_int_equal(stats_of(&b).retained_bytes, 4160);
    pare_mtbufpool_deinit(&b);
}

/* --- get and put ------------------------------------------------------------------------- */

static void mtbufpool_get_answers_the_newest_of_its_class(void **state) {
    probe *p = *state;
    pare_mtbufpool b;
    open_pool(&b, p, (pare_bufpool_options){0});
    pare_span one = got(&b, 1000), two = got(&b, 1000), other = got(&b, 100);
    pare_mtbufpool_put(&b, one);
    pare_mtbufpool_put(&b, two);
    pare_mtbufpool_put(&b, other);
    assert_ptr_equal(got(&b, 900).ptr, two.ptr);
    assert_ptr_equal(got(&b, 1000).ptr, one.ptr);
    assert_int_equal(stats_of(&b).hits, 2);
    assert_int_equal(stats_of(&b).misses, 3);
    put_all(&b, (pare_span[]){one, two}, 2);
    pare_mtbufpool_deinit(&b);
}

static void mtbufpool_discipline_once_warm_nothing_is_allocated(void **state) {
    probe *p = *state;
    static const size_t list[] = {100, 3000, 70000};
    const pare_bufpool_options options[] = {
        {0}, {.flags = PARE_WIPE}, {.classes = list, .class_count = 3}};
    for (size_t o = 0; o < sizeof options / sizeof options[0]; o++) {
        pare_mtbufpool b;
        uint64_t warm = 0;
        open_pool(&b, p, options[o]);
        for (int round = 0; round < 4; round++) {
            pare_span spans[30];
            if (round == 1) warm = p->requests;
            for (int i = 0; i < 30; i++) spans[i] = got(&b, 1 + (size_t)i * 2300);
            put_all(&b, spans, 30);
        }
        assert_int_equal(p->requests, warm);
        assert_int_equal(stats_of(&b).hits, 90);
        pare_mtbufpool_deinit(&b);
    }
}

static void mtbufpool_figures_agree_with_the_allocator(void **state) {
    probe *p = *state;
    pare_span spans[300];
    pare_mtbufpool b;
    open_pool(&b, p, (pare_bufpool_options){.retain_bytes = 100000});
    for (size_t size = 10; size < 200000; size = size * 3 / 2) {
        get_all(&b, spans, 300, size);
        put_all(&b, spans, 300);
        pare_mtbufpool_stats s = stats_of(&b);
        assert_int_equal(s.retained_bytes + s.overhead_bytes, p->live_bytes);
        assert_int_equal(s.allocs - s.frees, p->live_blocks);
        assert_int_equal(s.allocs, p->allocs);
        assert_true(s.retained_bytes <= s.charged_bytes);
        assert_true(s.charged_bytes <= s.retain_bytes);
        uint64_t dropped = s.dropped_budget + s.dropped_large;
        assert_int_equal(s.misses + s.oversize - dropped, s.retained_count);
    }
    pare_mtbufpool_deinit(&b);
}

static void mtbufpool_wipe_overwrites_what_is_kept_and_what_is_not(void **state) {
    probe *p = *state;
    static const size_t sizes[] = {100, 70000};
    static const unsigned char zeros[100000];
    pare_mtbufpool b;
    open_pool(&b, p, (pare_bufpool_options){.flags = PARE_WIPE});
    for (size_t i = 0; i < 2; i++) {
        for (int round = 0; round < 2; round++) {
            pare_span s = pare_mtbufpool_get(&b, sizes[i]);
            assert_memory_equal(s.ptr, zeros, s.cap);
            memset(s.ptr, 0x77, s.cap);
            pare_mtbufpool_put(&b, s);
        }
    }
    assert_int_equal(stats_of(&b).hits, 2);
    pare_mtbufpool_deinit(&b);
}

/* --- refusals ---------------------------------------------------------------------------- */

static bool scenario(probe *p, void *ctx) {
    pare_mtbufpool b;
    pare_mtbufpool_cache c = {0};
    pare_span spans[150];
    bool refused = false;
    (void)ctx;
    if (pare_mtbufpool_init(&b, probe_allocator(p), NULL) != PARE_OK) return true;
    refused |= pare_mtbufpool_cache_init(&c, &b) != PARE_OK;
    for (size_t i = 0; i < 150; i++) {
        size_t size = i % 3 == 0 ? 300 : i % 3 == 1 ? 40 : 66000;
        spans[i] = i % 2 == 0 || c.rack == NULL ? pare_mtbufpool_get(&b, size)
                                                : pare_mtbufpool_cache_get(&c, size);
        refused |= spans[i].ptr == NULL;
        assert_true(spans[i].ptr != NULL || spans[i].cap == 0);
    }
    for (size_t i = 0; i < 150; i++) {
        if (i % 2 == 0 || c.rack == NULL) {
            pare_mtbufpool_put(&b, spans[i]);
        } else {
            pare_mtbufpool_cache_put(&c, spans[i]);
        }
    }
    refused |= stats_of(&b).dropped_memory != 0 || stats_of(&b).cache_count < 1;
    pare_mtbufpool_cache_deinit(&c);
    assert_int_equal(stats_of(&b).allocs - stats_of(&b).frees, p->live_blocks);
    pare_mtbufpool_deinit(&b);
    return refused || p->requests > p->refuse_at; /* a thread without a cache is no refusal */
}

static void mtbufpool_sweep_of_refusals_keeps_pools_whole(void **state) {
    probe_sweep(*state, scenario, NULL);
}

/* --- trim -------------------------------------------------------------------------------- */

static void mtbufpool_trim_gives_back_what_lay_in_stock(void **state) {
    probe *p = *state;
    pare_span spans[100];
    pare_mtbufpool b;
    open_pool(&b, p, (pare_bufpool_options){.trim_ms = 100});
    get_all(&b, spans, 100, 70000); /* in the stock alone, each in a magazine */
    put_all(&b, spans, 100);
    pare_mtbufpool_trim(&b, 1000, PARE_TRIM_SURPLUS); /* starts the watch */
    assert_int_equal(stats_of(&b).retained_count, 100);
    get_all(&b, spans, 30, 70000);
    put_all(&b, spans, 30);
    pare_mtbufpool_trim(&b, 1099, PARE_TRIM_SURPLUS); /* too early */
    assert_int_equal(stats_of(&b).retained_count, 100);
    pare_mtbufpool_trim(&b, 1100, PARE_TRIM_SURPLUS);
    assert_int_equal(stats_of(&b).retained_count, 30);
    pare_mtbufpool_trim(&b, 1200, PARE_TRIM_SURPLUS); /* nothing was needed since */
    assert_int_equal(stats_of(&b).retained_count, 0);
    assert_int_equal(stats_of(&b).charged_bytes, 0);
    pare_mtbufpool_deinit(&b);
}

static void mtbufpool_trim_of_all_spares_other_caches(void **state) {
    probe *p = *state;
    pare_mtbufpool b;
    pare_mtbufpool_cache c;
    open_pool(&b, p, (pare_bufpool_options){0});
    assert_int_equal(pare_mtbufpool_cache_init(&c, &b), PARE_OK);
    get_and_put(&b, 100);
    get_and_put(&b, 100000);
    pare_mtbufpool_cache_put(&c, pare_mtbufpool_cache_get(&c, 5000));
    pare_mtbufpool_trim(&b, 0, PARE_TRIM_ALL);
    assert_int_equal(stats_of(&b).retained_bytes, probe_watched() ? 0 : 5120);
    pare_mtbufpool_cache_trim(&c);
    pare_mtbufpool_trim(&b, 0, PARE_TRIM_ALL);
    assert_int_equal(stats_of(&b).retained_bytes, 0);
    assert_int_equal(stats_of(&b).charged_bytes, 0);
    get_and_put(&b, 100); /* works on */
    pare_mtbufpool_deinit(&b);
}

/* An allocator that trims the pool whenever it is asked, or takes a buffer of it for a while. */
typedef struct presser {
    pare_allocator from;
    pare_mtbufpool *pool;
    bool takes;
} presser;

static void presser_calls_in(presser *x) {
    pare_mtbufpool *pool = x->pool;
    if (pool == NULL) return;
    if (!x->takes) {
        pare_mtbufpool_trim(pool, 0, PARE_TRIM_ALL);
        return;
    }
    x->pool = NULL; /* this get may ask the allocator itself */
    get_and_put(pool, 64);
    x->pool = pool;
}

static pare_status presser_alloc(void *ctx, size_t size, size_t align, unsigned flags,
                                 pare_span *out) {
    presser *x = ctx;
    presser_calls_in(x);
    return pare_alloc_span(x->from, size, align, flags, out);
}

static void presser_free(void *ctx, pare_span block, size_t align) {
    const presser *x = ctx;
    pare_free_span(x->from, block, align);
}

static void open_pressed(pare_mtbufpool *b, presser *x) {
    static const struct pare_allocator_vtable vtable = {
        .size = sizeof vtable, .alloc = presser_alloc, .free = presser_free};
    assert_int_equal(pare_mtbufpool_init(b, (pare_allocator){&vtable, x}, NULL), PARE_OK);
    x->pool = b;
}

static void mtbufpool_trim_may_come_from_the_allocator(void **state) {
    probe *p = *state;
    presser x = {.from = probe_allocator(p)};
    pare_mtbufpool b;
    pare_span spans[200];
    open_pressed(&b, &x);
    for (int round = 0; round < 3; round++) {
        for (size_t size = 50; size < 200000; size *= 6) {
            get_all(&b, spans, 200, size);
            put_all(&b, spans, 200);
        }
    }
    x.pool = NULL;
    pare_mtbufpool_deinit(&b);
}

static void mtbufpool_under_a_budget_of_the_program(void **state) {
    probe *p = *state;
    pare_budget budget;
    pare_mtbufpool b;
    pare_budget_options limit = {.limit_bytes = 200000};
    assert_int_equal(pare_budget_init(&budget, probe_allocator(p), &limit), PARE_OK);
    assert_int_equal(pare_mtbufpool_init(&b, pare_budget_allocator(&budget), NULL), PARE_OK);
    pare_span large = got(&b, 100000);
    pare_span refused = pare_mtbufpool_get(&b, 100000);
    assert_null(refused.ptr);
    assert_int_equal(pare_mtbufpool_status(&b), PARE_ERR_LIMIT);
    pare_mtbufpool_put(&b, large);
    assert_ptr_equal(got(&b, 100000).ptr, large.ptr);
    pare_mtbufpool_put(&b, large);
    pare_mtbufpool_deinit(&b);
    pare_budget_deinit(&budget);
}

/* --- misuse ------------------------------------------------------------------------------ */

static void put_twice(void *ctx) {
    pare_mtbufpool b;
    (void)ctx;
    if (pare_mtbufpool_init(&b, pare_heap(), NULL) != PARE_OK) return;
    pare_span s = pare_mtbufpool_get(&b, 100);
    pare_mtbufpool_put(&b, s);
    pare_mtbufpool_put(&b, s);
}

static void put_null_with_a_size(void *ctx) {
    pare_mtbufpool b;
    (void)ctx;
    if (pare_mtbufpool_init(&b, pare_heap(), NULL) != PARE_OK) return;
    pare_mtbufpool_put(&b, (pare_span){NULL, 15});
}

static void put_without_a_size(void *ctx) {
    char byte;
    pare_mtbufpool_cache c = {0};
    (void)ctx;
    pare_mtbufpool_cache_put(&c, (pare_span){&byte, 0});
}

static void put_to_no_pool(void *ctx) {
    char bytes[16];
    pare_mtbufpool b = {0};
    (void)ctx;
    pare_mtbufpool_put(&b, (pare_span){bytes, sizeof bytes});
}

static void mtbufpool_misuse_is_reported(void **state) {
    (void)state;
    expect_misuse(put_twice, NULL, "pare: mtbufpool: double put");
    expect_misuse(put_null_with_a_size, NULL, "pare: mtbufpool: put of NULL");
    expect_misuse(put_without_a_size, NULL, "pare: mtbufpool: put without a size");
    expect_misuse(put_to_no_pool, NULL, "pare: mtbufpool: put to no pool");
}

/* --- as an allocator --------------------------------------------------------------------- */

static void mtbufpool_allocator_serves_classes_and_exact_sizes(void **state) {
    probe *p = *state;
    pare_mtbufpool b;
    pare_span s;
    open_pool(&b, p, (pare_bufpool_options){0});
    pare_allocator a = pare_mtbufpool_allocator(&b);
    assert_int_equal(pare_alloc_span(a, 1000, 16, 0, &s), PARE_OK);
    assert_int_equal(s.cap, 1024);
    pare_free_span(a, s, 16);
    char *exact = pare_alloc(a, 1000, 8);
    assert_ptr_equal(exact, s.ptr);
    memset(exact, 0x77, 1000);
    exact = pare_realloc(a, exact, 1000, 1020, 8); /* within the class */
    assert_ptr_equal(exact, s.ptr);
    exact = pare_realloc(a, exact, 1020, 5000, 8);
    assert_int_equal(exact[999], 0x77);
    pare_free(a, exact, 5000, 8);
    assert_int_equal(stats_of(&b).retained_bytes, 1024 + 5120);

    assert_int_equal(pare_alloc_span(a, 5000, 16, PARE_ZEROED, &s), PARE_OK);
    for (size_t i = 0; i < s.cap; i++) assert_int_equal(((char *)s.ptr)[i], 0);
    pare_free_span(a, s, 16);
    assert_int_equal(pare_alloc_span(a, 100, 4096, 0, &s), PARE_OK); /* straight from below */
    assert_int_equal((uintptr_t)s.ptr % 4096, 0);
    assert_int_equal(pare_resize_span(a, &s, 90, 4096, 0), PARE_OK);
    pare_free_span(a, s, 4096);
    assert_int_equal(stats_of(&b).retained_count, 2);
    probe_refuse(p, 0, PROBE_NEVER);
    assert_int_equal(pare_alloc_span(a, 100, 16, 0, &s), PARE_ERR_MEMORY);
    assert_int_equal(pare_mtbufpool_status(&b), PARE_ERR_MEMORY);
    pare_mtbufpool_deinit(&b);
    assert_int_equal(pare_alloc_span(a, 100, 16, 0, &s), PARE_ERR_ARGUMENT);
}

static void mtbufpool_allocator_serves_arenas(void **state) {
    probe *p = *state;
    pare_mtbufpool b;
    open_pool(&b, p, (pare_bufpool_options){0});
    uint64_t warm = 0;
    for (int round = 0; round < 4; round++) {
        pare_arena a;
        if (round == 1) warm = p->requests;
        assert_int_equal(pare_arena_init(&a, pare_mtbufpool_allocator(&b), NULL), PARE_OK);
        for (int i = 0; i < 1000; i++) memset(pare_arena_alloc(&a, 100, 8), i, 100);
        pare_arena_deinit(&a);
    }
    assert_int_equal(p->requests, warm);
    pare_mtbufpool_deinit(&b);
}

#ifndef PARE_NO_THREADS
/* --- threads ----------------------------------------------------------------------------- */

/* Runs body(ctx) in a thread, to its end. */
static void in_thread(void *(*body)(void *ctx), void *ctx) {
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, body, ctx), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void *use_and_leave(void *ctx) {
    pare_mtbufpool *b = ctx;
    pare_span spans[100];
    get_all(b, spans, 100, 200);
    put_all(b, spans, 100);
    return NULL;
}

static void mtbufpool_thread_that_ends_gives_back_its_cache(void **state) {
    (void)state;
    pare_mtbufpool b;
    assert_int_equal(pare_mtbufpool_init(&b, pare_heap(), NULL), PARE_OK);
    for (int i = 0; i < 5; i++) in_thread(use_and_leave, &b);
    pare_mtbufpool_stats s = stats_of(&b);
    assert_int_equal(s.cache_count, 0);
    assert_int_equal(s.cached_count, 0);
    assert_int_equal(s.retained_count, 100);
    assert_int_equal(s.misses, 100);
    assert_int_equal(s.hits, 400);
    pare_mtbufpool_deinit(&b);
}

static void *idle_with_a_cache(void *ctx) {
    pare_mtbufpool *b = ctx;
    get_and_put(b, 200);
    if (!probe_watched()) assert_int_equal(stats_of(b).cached_count, 1);
    pare_thread_idle();
    assert_int_equal(stats_of(b).cached_count, 0);
    assert_int_equal(stats_of(b).retained_count, 1);
    return NULL;
}

static void mtbufpool_thread_that_idles_gives_back_its_buffers(void **state) {
    (void)state;
    pare_mtbufpool b;
    assert_int_equal(pare_mtbufpool_init(&b, pare_heap(), NULL), PARE_OK);
    in_thread(idle_with_a_cache, &b);
    pare_mtbufpool_deinit(&b);
}

typedef struct meeting {
    pare_mtbufpool *pool;
    pthread_barrier_t used, gone;
} meeting;

static void *outlive_the_pool(void *ctx) {
    meeting *m = ctx;
    get_and_put(m->pool, 1000);
    pthread_barrier_wait(&m->used);
    pthread_barrier_wait(&m->gone);
    return NULL;
}

static void *use_in_several_sizes(void *ctx) {
    for (size_t size = 50; size < 200000; size *= 6) get_and_put(ctx, size);
    return NULL;
}

/* A get that makes the thread's cache finds that it has one when its memory is there. */
static void mtbufpool_thread_has_one_cache_though_its_allocator_gets(void **state) {
    presser x = {.from = probe_allocator(*state), .takes = true};
    pare_mtbufpool b;
    open_pressed(&b, &x);
    in_thread(use_in_several_sizes, &b);
    x.pool = NULL;
    assert_int_equal(stats_of(&b).cache_count, 0);
    assert_int_equal(stats_of(&b).cached_count, 0);
    pare_mtbufpool_deinit(&b);
}

static void mtbufpool_deinit_while_threads_have_caches(void **state) {
    (void)state;
    pare_mtbufpool b, next;
    meeting m = {.pool = &b};
    pthread_t thread;
    pthread_barrier_init(&m.used, NULL, 2);
    pthread_barrier_init(&m.gone, NULL, 2);
    assert_int_equal(pare_mtbufpool_init(&b, pare_heap(), NULL), PARE_OK);
    assert_int_equal(pthread_create(&thread, NULL, outlive_the_pool, &m), 0);
    pthread_barrier_wait(&m.used);
    pare_mtbufpool_deinit(&b);
    assert_int_equal(pare_mtbufpool_init(&next, pare_heap(), NULL), PARE_OK); /* the same slot */
    pthread_barrier_wait(&m.gone);
    assert_int_equal(pthread_join(thread, NULL), 0);
    get_and_put(&next, 1000);
    pare_mtbufpool_deinit(&next);
}

#ifndef _WIN32
static void child_of_a_fork(pare_mtbufpool *b) {
    alarm(20);
    for (int i = 0; i < 1000; i++) {
        pare_span s = pare_mtbufpool_get(b, 64u << i % 12);
        if (s.ptr == NULL) _exit(1);
        memset(s.ptr, i, s.cap);
        pare_mtbufpool_put(b, s);
    }
    pare_mtbufpool_deinit(b);
    _exit(0);
}

typedef struct traders {
    pare_mtbufpool pool;
    bool stop;
} traders;

static void *keep_trading(void *ctx) {
    traders *c = ctx;
    pare_span spans[100];
    while (!__atomic_load_n(&c->stop, __ATOMIC_RELAXED)) {
        get_all(&c->pool, spans, 100, 64);
        put_all(&c->pool, spans, 100);
        get_and_put(&c->pool, 100000);
        pare_thread_idle();
    }
    return NULL;
}

static void mtbufpool_fork_leaves_a_usable_child(void **state) {
    (void)state;
    static traders c;
    pthread_t threads[2];
    c.stop = false;
    assert_int_equal(pare_mtbufpool_init(&c.pool, pare_heap(), NULL), PARE_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, keep_trading, &c), 0);
    }
    for (int i = 0; i < 20; i++) {
        int status;
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) child_of_a_fork(&c.pool);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
    __atomic_store_n(&c.stop, true, __ATOMIC_RELAXED);
    for (int i = 0; i < 2; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
    pare_mtbufpool_deinit(&c.pool);
}

#endif

static void mtbufpool_loses_nothing_and_hands_out_nothing_twice(void **state) {
    (void)state;
    static const size_t budgets[] = {0, 300000, 1000};
    for (uint64_t k = 0; k < sizeof budgets / sizeof budgets[0]; k++) {
        pare_mtbufpool b;
        pare_bufpool_options o = {.retain_bytes = budgets[k], .flags = k == 1 ? PARE_WIPE : 0};
        assert_int_equal(pare_mtbufpool_init(&b, pare_heap(), &o), PARE_OK);
        buftraffic t = {.pool = &b,
                        .from = pare_heap(),
                        .align = 16,
                        .size_max = 80000,
                        .threads = 6,
                        .generations = 3,
                        .ops = (uint64_t)probe_steps(5000),
                        .seed = k,
                        .zeroed = o.flags == PARE_WIPE};
        buftraffic_run(&t);
        assert_true(t.gets > 3 * 6 * t.ops / 4);
        pare_mtbufpool_deinit(&b);
    }
}

#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(mtbufpool_zeroed_refuses_gets_and_takes_the_rest),
        CASE(mtbufpool_init_checks_its_options),
        CASE(mtbufpool_deinit_leaves_buffers_in_use_to_their_users),
        CASE(mtbufpool_classes_are_those_of_a_bufpool),
        CASE(mtbufpool_get_of_0_and_of_impossible_sizes),
        CASE(mtbufpool_oversize_is_served_unpooled),
        CASE(mtbufpool_put_drops_what_is_no_class),
        CASE(mtbufpool_get_answers_the_newest_of_its_class),
        CASE(mtbufpool_discipline_once_warm_nothing_is_allocated),
        CASE(mtbufpool_figures_agree_with_the_allocator),
        CASE(mtbufpool_wipe_overwrites_what_is_kept_and_what_is_not),
        CASE(mtbufpool_sweep_of_refusals_keeps_pools_whole),
        CASE(mtbufpool_trim_gives_back_what_lay_in_stock),
        CASE(mtbufpool_trim_of_all_spares_other_caches),
        CASE(mtbufpool_trim_may_come_from_the_allocator),
        CASE(mtbufpool_under_a_budget_of_the_program),
        CASE(mtbufpool_misuse_is_reported),
        CASE(mtbufpool_allocator_serves_classes_and_exact_sizes),
        CASE(mtbufpool_allocator_serves_arenas),
#ifndef PARE_NO_THREADS
        CASE(mtbufpool_thread_that_ends_gives_back_its_cache),
        CASE(mtbufpool_thread_that_idles_gives_back_its_buffers),
        CASE(mtbufpool_thread_has_one_cache_though_its_allocator_gets),
        CASE(mtbufpool_deinit_while_threads_have_caches),
#ifndef _WIN32
        CASE(mtbufpool_fork_leaves_a_usable_child),
#endif
        CASE(mtbufpool_loses_nothing_and_hands_out_nothing_twice),
#endif
    };
    return cmocka_run_group_tests_name("mtbufpool", tests, NULL, NULL);
}
