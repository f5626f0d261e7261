/* bench_buf.c - what does it cost that a buffer grows as it is filled?
 *
 * Read against `floor`, a plain array that was given its final size at once, and against `libc`,
 * realloc to twice the size, which on a warm heap grows in place: a tie is all there is to win
 * from empty. `pare-reset` is the habit: the same buffer, filled again.
 * SPDX-License-Identifier: MIT */
#include "shim.h"
#include "pare/buf.h"
#include "pare/heap.h"
#include <stdlib.h>
#include <string.h>

enum { INTS = 1000000 };

static void *got(void *block) {
    if (block == NULL) abort();
    return block;
}

/* Such an array as it lives in a program: in a struct, in memory. */
typedef struct array {
    int *ptr;
    size_t len, cap; /* ints */
} array;

static void append_ints_floor(bench *b) {
    array state, *a = bench_hide(&state);
    *a = (array){0};
    while (bench_next(b)) {
        free(a->ptr);
        a->ptr = got(malloc(INTS * sizeof(int)));
        a->len = 0;
        for (int i = 0; i < INTS; i++) {
            a->ptr[a->len++] = i;
            bench_keep(a);
        }
    }
    bench_ops(b, INTS);
    bench_result(b, a->ptr, a->len * sizeof(int));
    free(a->ptr);
}

static void append_ints_heap(bench *b) {
    const bench_heap *heap = bench_heap_of(b);
    array state, *a = bench_hide(&state);
    *a = (array){0};
    while (bench_next(b)) {
        heap->free(a->ptr);
        *a = (array){0};
        for (int i = 0; i < INTS; i++) {
            if (a->len == a->cap) {
                a->cap = a->cap != 0 ? 2 * a->cap : 16;
                a->ptr = got(heap->realloc(a->ptr, a->cap * sizeof(int)));
            }
            a->ptr[a->len++] = i;
            bench_keep(a);
        }
    }
    bench_ops(b, INTS);
    bench_result(b, a->ptr, a->len * sizeof(int));
    heap->free(a->ptr);
}

static inline void append_ints(bench *b, pare_buf *ints) {
    for (int i = 0; i < INTS; i++) {
        pare_buf_append(ints, &i, sizeof i);
        bench_keep(ints);
    }
    bench_must(b, pare_buf_status(ints) == PARE_OK);
}

static void append_ints_pare(bench *b) {
    pare_buf state = {0}, *ints = bench_hide(&state);
    while (bench_next(b)) {
        pare_buf_deinit(ints);
        append_ints(b, ints);
    }
    bench_ops(b, INTS);
    bench_result(b, pare_buf_data(ints), pare_buf_len(ints));
    pare_buf_deinit(ints);
}

static void append_ints_pare_reset(bench *b) {
    pare_buf state = {0}, *ints = bench_hide(&state);
    while (bench_next(b)) {
        pare_buf_reset(ints);
        append_ints(b, ints);
    }
    bench_ops(b, INTS);
    bench_allocs_at_most(b, 0);
    bench_result(b, pare_buf_data(ints), pare_buf_len(ints));
    pare_buf_deinit(ints);
}

void bench_buf(void) {
    bench_row("buf/append-ints", "one of 1 000 000 ints, appended to an array that starts empty");
    bench_add("buf/append-ints", "pare", append_ints_pare, NULL);
    bench_add("buf/append-ints", "pare-reset", append_ints_pare_reset, NULL);
    bench_add("buf/append-ints", "floor", append_ints_floor, NULL);
    bench_add_heaps("buf/append-ints", append_ints_heap, NULL, 0.000001);
}
