/* bench_bufpool.c - what does it cost to take a buffer of some size, and to give it back?
 *
 * Sizes are random, every doubling from 64 bytes to 64 KiB as likely as any other, so neither class
 * nor buffer can be guessed. Read against `floor`: a free list per class, linked through the
 * buffers and without any check but that for an empty list (a stack of pointers beside the buffers
 * was tried and is slower here). What libc and its like cost is what a program pays that does not
 * reuse. `pare` is a zeroed pool: default classes, default budget.
 * SPDX-License-Identifier: MIT */
#include "shim.h"
#include "pare/bufpool.h"
#include "pare/heap.h"
#include <stdlib.h>
#include <string.h>

enum { SIZES = 4096, LIVE = 32 };

static uint32_t sizes_64k[SIZES]; /* 65 .. 65536 */

static void fill_sizes(void) {
    uint64_t random = 1;
    for (int i = 0; i < SIZES; i++) {
        uint32_t least = UINT32_C(64) << bench_random(&random) % 10;
        sizes_64k[i] = least + 1 + (uint32_t)(bench_random(&random) % least);
    }
}

/* --- the floor: a free list per class ----------------------------------------------------- */

enum { LISTS = 41 }; /* to 64 KiB */

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

/* The output: buffers that hold what was written, so none is too small or overlaps another. */
static void show_buffers(bench *b, void *const *buffers, const uint32_t *sizes) {
    for (int i = 0; i < LIVE; i++) memset(buffers[i], i + 1, sizes[i]);
    for (int i = 0; i < LIVE; i++) bench_result(b, buffers[i], sizes[i]);
}

static void show_spans(bench *b, const pare_span *spans, const uint32_t *sizes) {
    void *buffers[LIVE];
    for (int i = 0; i < LIVE; i++) buffers[i] = spans[i].ptr;
    show_buffers(b, buffers, sizes);
}

/* --- bufpool/64k -------------------------------------------------------------------------- */

static void pairs_floor(bench *b) {
    lists state, *l = lists_open(&state);
    const uint32_t *sizes = bench_hide(sizes_64k);
    pare_span live[LIVE];
    while (bench_next(b)) {
        for (int i = 0; i < SIZES; i++) {
            pare_span s = lists_get(l, sizes[i]);
            got(s.ptr);
            lists_put(l, s);
        }
    }
    bench_ops(b, SIZES);
    for (int i = 0; i < LIVE; i++) live[i] = lists_get(l, sizes[i]);
    show_spans(b, live, sizes);
    for (int i = 0; i < LIVE; i++) lists_put(l, live[i]);
    lists_close(l);
}

static void pairs_pare(bench *b) {
    pare_bufpool state = {0}, *pool = bench_hide(&state);
    const uint32_t *sizes = bench_hide(sizes_64k);
    pare_span live[LIVE];
    while (bench_next(b)) {
        for (int i = 0; i < SIZES; i++) {
            pare_span s = pare_bufpool_get(pool, sizes[i]);
            got(s.ptr);
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

static void pairs_heap(bench *b) {
    const bench_heap *heap = bench_heap_of(b);
    const uint32_t *sizes = bench_hide(sizes_64k);
    void *live[LIVE];
    while (bench_next(b)) {
        for (int i = 0; i < SIZES; i++) heap->free(got(heap->malloc(sizes[i])));
    }
    bench_ops(b, SIZES);
    for (int i = 0; i < LIVE; i++) live[i] = heap->malloc(sizes[i]);
    show_buffers(b, live, sizes);
    for (int i = 0; i < LIVE; i++) heap->free(live[i]);
}

/* --- bufpool/64k-32-live ------------------------------------------------------------------ */

static void live_floor(bench *b) {
    lists state, *l = lists_open(&state);
    const uint32_t *sizes = bench_hide(sizes_64k);
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
    pare_bufpool state = {0}, *pool = bench_hide(&state);
    const uint32_t *sizes = bench_hide(sizes_64k);
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
    const uint32_t *sizes = bench_hide(sizes_64k);
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

void bench_bufpool(void) {
    fill_sizes();
    bench_row("bufpool/64k", "a buffer of 65 bytes to 64 KiB taken and given back");
    bench_add("bufpool/64k", "pare", pairs_pare, NULL);
    bench_add("bufpool/64k", "floor", pairs_floor, NULL);
    bench_add_heaps("bufpool/64k", pairs_heap, NULL, 1);

    bench_row("bufpool/64k-32-live", "the oldest of 32 buffers given back, another size taken");
    bench_add("bufpool/64k-32-live", "pare", live_pare, NULL);
    bench_add("bufpool/64k-32-live", "floor", live_floor, NULL);
    bench_add_heaps("bufpool/64k-32-live", live_heap, NULL, 1);
}
