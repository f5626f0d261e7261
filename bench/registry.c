/* registry.c - rows and contenders, and the calls that contenders make beside bench_next.
 * SPDX-License-Identifier: MIT */
#include "harness.h"
#include <stdlib.h>
#include <string.h>

bench_registry bench_all;

/* --- registering ------------------------------------------------------------------------- */

static void *grow(void *array, int count, size_t item_bytes) {
    array = realloc(array, ((size_t)count + 1) * item_bytes);
    if (array == NULL) {
        fprintf(stderr, "bench: out of memory\n");
        exit(1);
    }
    memset((char *)array + (size_t)count * item_bytes, 0, item_bytes);
    return array;
}

static bench_rowdef *find_or_add_row(const char *name) {
    for (int i = 0; i < bench_all.count; i++) {
        if (strcmp(bench_all.rows[i].name, name) == 0) return &bench_all.rows[i];
    }
    bench_all.rows = grow(bench_all.rows, bench_all.count, sizeof *bench_all.rows);
    bench_rowdef *row = &bench_all.rows[bench_all.count++];
    row->name = name;
    row->operation = "";
    return row;
}

/* Makes room for one more contender at `place`. */
static bench_contender *insert(bench_rowdef *row, int place) {
    row->contenders = grow(row->contenders, row->count, sizeof *row->contenders);
    bench_contender *c = &row->contenders[place];
    memmove(c + 1, c, (size_t)(row->count - place) * sizeof *c);
    memset(c, 0, sizeof *c);
    row->count++;
    return c;
}

static bench_contender *add(bench_rowdef *row, int place, const char *name, bench_fn *f,
                            const void *arg) {
    for (int i = 0; i < row->count; i++) {
        if (strcmp(row->contenders[i].name, name) == 0) {
            fprintf(stderr, "bench: %s has two contenders %s\n", row->name, name);
            exit(1);
        }
    }
    bench_contender *c = insert(row, place);
    c->name = name;
    c->f = f;
    c->arg = arg;
    c->allocs_max = -1;
    return c;
}

static bench_contender *append(const char *row_name, const char *name, bench_fn *f,
                               const void *arg) {
    bench_rowdef *row = find_or_add_row(row_name);
    return add(row, row->count, name, f, arg);
}

void bench_row(const char *row, const char *operation) {
    find_or_add_row(row)->operation = operation;
}

void bench_row_long(const char *row) { find_or_add_row(row)->is_long = true; }

void bench_add(const char *row, const char *contender, bench_fn *f, const void *arg) {
    append(row, contender, f, arg);
}

/* Behind the row's other settings of pare. */
void bench_add_variant(const char *row_name, const char *contender, const char *variant,
                       bench_fn *f, const void *arg) {
    bench_rowdef *row = find_or_add_row(row_name);
    int place = 0;
    if (strcmp(contender, "pare") != 0) return;
    while (place < row->count && strncmp(row->contenders[place].name, "pare", 4) == 0) place++;
    add(row, place, variant, f, arg);
}

void bench_add_heaps(const char *row, bench_fn *f, const void *arg, double allocs_min) {
    for (int i = 0; i < BENCH_HEAPS; i++) {
        const bench_heap *heap = benchi_heap(i);
        if (heap == NULL) continue;
        bench_contender *c = append(row, heap->name, f, arg);
        c->heap = heap;
        c->allocs_min = allocs_min;
    }
}

/* --- inside a contender ------------------------------------------------------------------ */

const bench_heap *bench_heap_of(const bench *b) {
    const bench_heap *heap = b->contender->heap;
    return heap != NULL && b->mode == BENCH_COUNTED ? benchi_counting_heap(heap) : heap;
}

const void *bench_arg(const bench *b) { return b->contender->arg; }

bool bench_counting(const bench *b) { return b->mode == BENCH_COUNTED; }

bool bench_next(bench *b) {
    return b->mode == BENCH_TIMED ? benchi_timed_next(b) : benchi_counted_next(b);
}

void bench_ops(bench *b, size_t ops_per_batch) {
    bench_must(b, ops_per_batch > 0);
    b->ops_per_batch = ops_per_batch;
}

void bench_result(bench *b, const void *bytes, size_t count) {
    if (b->mode == BENCH_COUNTED) benchi_counted_result(b, bytes, count);
}

void bench_allocs_at_least(bench *b, double allocs_per_op) {
    b->contender->allocs_min = allocs_per_op;
}

void bench_allocs_at_most(bench *b, double allocs_per_op) {
    b->contender->allocs_max = allocs_per_op;
}

void bench_fail(const bench *b, const char *condition, const char *file, int line) {
    const char *slash = strrchr(file, '/');
    fflush(stdout);
    fprintf(stderr, "bench: %s, contender %s: `%s` does not hold (%s:%d)\n", b->row->name,
            b->contender->name, condition, slash != NULL ? slash + 1 : file, line);
    exit(1);
}
