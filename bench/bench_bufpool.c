/* bench_bufpool.c - what does it cost to take a buffer of some size, and to give it back?
 *
 * Sizes are random, every doubling from 64 bytes to 64 KiB, or to 4 MiB, as likely as any other, so
 * neither class nor buffer can be guessed. Read against `floor`: a free list per class, linked
 * through the buffers and without any check but that for an empty list (a stack of pointers beside
 * the buffers was tried and is slower here). What libc and its like cost is what a program pays
 * that does not reuse. `pare` is a zeroed pool: default classes, default budget; for 4 MiB it is
 * told so. `pare-mt` is a pool for many threads, used by one, and `pare-mt-cache` the same through
 * a cache of its own.
 * SPDX-License-Identifier: MIT */
#include "shim.h"
#include "pare/bufpool.h"
#include "pare/heap.h"
#include "pare/mtbufpool.h"
#include <stdlib.h>
#include <string.h>

enum { SIZES = 4096, LIVE = 32 };

/* What a row asks for. */
typedef struct workload {
    int doublings;                /* of 64 bytes, to the largest size */
    pare_bufpool_options options; /* of the pool */
    uint32_t sizes[SIZES];        /* 65 .. 64 << doublings */
} workload;

static workload to_64k = {.doublings = 10};
static workload to_4m = {.doublings = 16,
                         .options = {.max_bytes = 4 << 20, .retain_bytes = 1 << 30}};

static void fill_sizes(workload *w) {
    uint64_t random = 1;
    for (int i = 0; i < SIZES; i++) {
        uint32_t least = UINT32_C(64) << bench_random(&random) % (unsigned)w->doublings;
        w->sizes[i] = least + 1 + (uint32_t)(bench_random(&random) % least);
    }
}

static const uint32_t *sizes_of(const bench *b) {
    const workload *w = bench_arg(b);
    return bench_hide((void *)(uintptr_t)w->sizes);
}

/* --- the floor: a free list per class ----------------------------------------------------- */

enum { LISTS = 65 }; /* to 4 MiB */

typedef struct lists {
    void *head[LISTS];
    size_t cap[LISTS];
} lists;

/* Four classes per doubling from 64 bytes on: the last one of at most `bytes`. */
static inline size_t list_of(size_t bytes) {
#if defined(__x86_64__) && !defined(__LZCNT__)
    size_t bit = 0; /* else bsr waits for the last writer of its target: 4x the time */
    __asm__("bsrq %1, %0" : "+r"(bit) : "r"(bytes) : "cc");
#else
    size_t bit = 63u - (size_t)__builtin_clzll(bytes);
#endif
    return (bytes * 4 >> bit) + bit * 4 - 28;
}

__attribute__((cold, noinline)) static pare_span lists_refill(lists *l, size_t list) {
    pare_span s = {malloc(l->cap[list]), l->cap[list]};
    return s;
}

static inline pare_span lists_get(lists *l, size_t size) {
    size_t list = list_of(size - 1) + 1;
    pare_span s = {l->head[list], l->cap[list]};
    if (__builtin_expect(s.ptr == NULL, 0)) return lists_refill(l, list);
    l->head[list] = *(void **)s.ptr;
    return s;
}

static inline void lists_put(lists *l, pare_span s) {
    size_t list = list_of(s.cap);
    *(void **)s.ptr = l->head[list];
    l->head[list] = s.ptr;
}

static lists *lists_open(lists *l) {
    memset(l, 0, sizeof *l);
    for (size_t i = 0; i < LISTS; i++) l->cap[i] = (4 + i % 4) << (i / 4 + 4);
    return bench_hide(l);
}

static void lists_close(lists *l) {
    for (size_t i = 0; i < LISTS; i++) {
        while (l->head[i] != NULL) {
            void *next = *(void **)l->head[i];
            free(l->head[i]);
            l->head[i] = next;
        }
    }
}

/* --- what every contender shares ---------------------------------------------------------- */

/* A caller tests what he gets, and uses it. */
static inline void *got(void *buffer) {
    if (buffer == NULL) abort();
    bench_keep(buffer);
    return buffer;
}

/* The output: buffers that hold what was written, so none is too small or overlaps another. Of each
 * its two ends, which is enough for that. */
static void show_buffers(bench *b, void *const *buffers, const uint32_t *sizes) {
    for (int i = 0; i < LIVE; i++) memset(buffers[i], i + 1, sizes[i]);
    for (int i = 0; i < LIVE; i++) {
        bench_result(b, buffers[i], 64);
        bench_result(b, (char *)buffers[i] + sizes[i] - 64, 64);
    }
}

static pare_bufpool *pool_open(bench *b, pare_bufpool *pool) {
    const workload *w = bench_arg(b);
    memset(pool, 0, sizeof *pool);
    if (w->options.max_bytes != 0) {
        bench_must(b, pare_bufpool_init(pool, pare_heap(), &w->options) == PARE_OK);
    }
    return bench_hide(pool);
}

static void show_spans(bench *b, const pare_span *spans, const uint32_t *sizes) {
    void *buffers[LIVE];
    for (int i = 0; i < LIVE; i++) buffers[i] = spans[i].ptr;
    show_buffers(b, buffers, sizes);
}

/* --- a buffer taken and given back -------------------------------------------------------- */

/* What a user does to a buffer. */
static inline void use(void *buffer, uint32_t size, bool writes) {
    if (writes) memset(got(buffer), 1, size < 4096 ? size : 4096);
    got(buffer);
}

static inline void pairs_floor_using(bench *b, bool writes) {
    lists state, *l = lists_open(&state);
    const uint32_t *sizes = sizes_of(b);
    pare_span live[LIVE];
    while (bench_next(b)) {
        for (int i = 0; i < SIZES; i++) {
            pare_span s = lists_get(l, sizes[i]);
            use(s.ptr, sizes[i], writes);
            lists_put(l, s);
        }
    }
    bench_ops(b, SIZES);
    for (int i = 0; i < LIVE; i++) live[i] = lists_get(l, sizes[i]);
    show_spans(b, live, sizes);
    for (int i = 0; i < LIVE; i++) lists_put(l, live[i]);
    lists_close(l);
}

static void pairs_floor(bench *b) { pairs_floor_using(b, false); }
static void pairs_floor_written(bench *b) { pairs_floor_using(b, true); }

static inline void pairs_pare_using(bench *b, bool writes) {
    pare_bufpool state, *pool = pool_open(b, &state);
    const uint32_t *sizes = sizes_of(b);
    pare_span live[LIVE];
    while (bench_next(b)) {
        for (int i = 0; i < SIZES; i++) {
            pare_span s = pare_bufpool_get(pool, sizes[i]);
            use(s.ptr, sizes[i], writes);
            pare_bufpool_put(pool, s);
        }
    }
    bench_ops(b, SIZES);
    bench_allocs_at_most(b, 0);
    for (int i = 0; i < LIVE; i++) live[i] = pare_bufpool_get(pool, sizes[i]);
    show_spans(b, live, sizes);
    for (int i = 0; i < LIVE; i++) pare_bufpool_put(pool, live[i]);
    pare_bufpool_deinit(pool);
}

static void pairs_pare(bench *b) { pairs_pare_using(b, false); }
static void pairs_pare_written(bench *b) { pairs_pare_using(b, true); }

static void pairs_pare_mt(bench *b) {
    pare_mtbufpool state, *pool = bench_hide(&state);
    const uint32_t *sizes = sizes_of(b);
    pare_span live[LIVE];
    bench_must(b, pare_mtbufpool_init(pool, pare_heap(), NULL) == PARE_OK);
    while (bench_next(b)) {
        for (int i = 0; i < SIZES; i++) {
            pare_span s = pare_mtbufpool_get(pool, sizes[i]);
            use(s.ptr, sizes[i], false);
            pare_mtbufpool_put(pool, s);
        }
    }
    bench_ops(b, SIZES);
    bench_allocs_at_most(b, 0);
    for (int i = 0; i < LIVE; i++) live[i] = pare_mtbufpool_get(pool, sizes[i]);
    show_spans(b, live, sizes);
    for (int i = 0; i < LIVE; i++) pare_mtbufpool_put(pool, live[i]);
    pare_mtbufpool_deinit(pool);
}

static void pairs_pare_mt_cache(bench *b) {
    pare_mtbufpool pool;
    pare_mtbufpool_cache state, *cache = bench_hide(&state);
    const uint32_t *sizes = sizes_of(b);
    pare_span live[LIVE];
    bench_must(b, pare_mtbufpool_init(&pool, pare_heap(), NULL) == PARE_OK);
    bench_must(b, pare_mtbufpool_cache_init(cache, &pool) == PARE_OK);
    while (bench_next(b)) {
        for (int i = 0; i < SIZES; i++) {
            pare_span s = pare_mtbufpool_cache_get(cache, sizes[i]);
            use(s.ptr, sizes[i], false);
            pare_mtbufpool_cache_put(cache, s);
        }
    }
    bench_ops(b, SIZES);
    bench_allocs_at_most(b, 0);
    for (int i = 0; i < LIVE; i++) live[i] = pare_mtbufpool_cache_get(cache, sizes[i]);
    show_spans(b, live, sizes);
    for (int i = 0; i < LIVE; i++) pare_mtbufpool_cache_put(cache, live[i]);
    pare_mtbufpool_cache_deinit(cache);
    pare_mtbufpool_deinit(&pool);
}

static inline void pairs_heap_using(bench *b, bool writes) {
    const bench_heap *heap = bench_heap_of(b);
    const uint32_t *sizes = sizes_of(b);
    void *live[LIVE];
    while (bench_next(b)) {
        for (int i = 0; i < SIZES; i++) {
            void *buffer = heap->malloc(sizes[i]);
            use(buffer, sizes[i], writes);
            heap->free(buffer);
        }
    }
    bench_ops(b, SIZES);
    for (int i = 0; i < LIVE; i++) live[i] = heap->malloc(sizes[i]);
    show_buffers(b, live, sizes);
    for (int i = 0; i < LIVE; i++) heap->free(live[i]);
}

static void pairs_heap(bench *b) { pairs_heap_using(b, false); }
static void pairs_heap_written(bench *b) { pairs_heap_using(b, true); }

/* --- 32 live ------------------------------------------------------------------------------ */

static void live_floor(bench *b) {
    lists state, *l = lists_open(&state);
    const uint32_t *sizes = sizes_of(b);
    pare_span live[LIVE];
    for (int i = 0; i < LIVE; i++) live[i] = lists_get(l, sizes[i]);
    while (bench_next(b)) {
        for (int i = 0; i < SIZES; i++) {
            pare_span *oldest = &live[i % LIVE];
            lists_put(l, *oldest);
            *oldest = lists_get(l, sizes[i]);
            got(oldest->ptr);
        }
    }
    bench_ops(b, SIZES);
    for (int i = 0; i < LIVE; i++) lists_put(l, live[i]);
    for (int i = 0; i < LIVE; i++) live[i] = lists_get(l, sizes[i]);
    show_spans(b, live, sizes);
    for (int i = 0; i < LIVE; i++) lists_put(l, live[i]);
    lists_close(l);
}

static void live_pare(bench *b) {
    pare_bufpool state, *pool = pool_open(b, &state);
    const uint32_t *sizes = sizes_of(b);
    pare_span live[LIVE];
    for (int i = 0; i < LIVE; i++) live[i] = pare_bufpool_get(pool, sizes[i]);
    while (bench_next(b)) {
        for (int i = 0; i < SIZES; i++) {
            pare_span *oldest = &live[i % LIVE];
            pare_bufpool_put(pool, *oldest);
            *oldest = pare_bufpool_get(pool, sizes[i]);
            got(oldest->ptr);
        }
    }
    bench_ops(b, SIZES);
    bench_allocs_at_most(b, 0);
    for (int i = 0; i < LIVE; i++) pare_bufpool_put(pool, live[i]);
    for (int i = 0; i < LIVE; i++) live[i] = pare_bufpool_get(pool, sizes[i]);
    show_spans(b, live, sizes);
    for (int i = 0; i < LIVE; i++) pare_bufpool_put(pool, live[i]);
    pare_bufpool_deinit(pool);
}

static void live_heap(bench *b) {
    const bench_heap *heap = bench_heap_of(b);
    const uint32_t *sizes = sizes_of(b);
    void *live[LIVE];
    for (int i = 0; i < LIVE; i++) live[i] = heap->malloc(sizes[i]);
    while (bench_next(b)) {
        for (int i = 0; i < SIZES; i++) {
            void **oldest = &live[i % LIVE];
            heap->free(*oldest);
            *oldest = got(heap->malloc(sizes[i]));
        }
    }
    bench_ops(b, SIZES);
    for (int i = 0; i < LIVE; i++) heap->free(live[i]);
    for (int i = 0; i < LIVE; i++) live[i] = heap->malloc(sizes[i]);
    show_buffers(b, live, sizes);
    for (int i = 0; i < LIVE; i++) heap->free(live[i]);
}

/* --- rows --------------------------------------------------------------------------------- */

static void add_rows(const char *pairs, const char *live, const workload *w) {
    bench_add(pairs, "pare", pairs_pare, w);
    bench_add(pairs, "floor", pairs_floor, w);
    bench_add_heaps(pairs, pairs_heap, w, 1);
    bench_add(live, "pare", live_pare, w);
    bench_add(live, "floor", live_floor, w);
    bench_add_heaps(live, live_heap, w, 1);
}

void bench_bufpool(void) {
    fill_sizes(&to_64k);
    fill_sizes(&to_4m);
    bench_row("bufpool/64k", "a buffer of 65 bytes to 64 KiB taken and given back");
    bench_row("bufpool/64k-32-live", "the oldest of 32 buffers given back, another size taken");
    add_rows("bufpool/64k", "bufpool/64k-32-live", &to_64k);
    bench_add("bufpool/64k", "pare-mt", pairs_pare_mt, &to_64k);
    bench_add("bufpool/64k", "pare-mt-cache", pairs_pare_mt_cache, &to_64k);

    bench_row("bufpool/4m", "a buffer of 65 bytes to 4 MiB taken and given back");
    bench_row("bufpool/4m-32-live", "the oldest of 32 such buffers given back, another size taken");
    add_rows("bufpool/4m", "bufpool/4m-32-live", &to_4m);

    bench_row("bufpool/64k-written", "as bufpool/64k, with the first 4 KiB written");
    bench_add("bufpool/64k-written", "pare", pairs_pare_written, &to_64k);
    bench_add("bufpool/64k-written", "floor", pairs_floor_written, &to_64k);
    bench_add_heaps("bufpool/64k-written", pairs_heap_written, &to_64k, 1);
}
