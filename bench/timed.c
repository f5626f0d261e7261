/* timed.c - times the contenders against each other, so that a ratio holds on a noisy machine.
 *
 * Machines like ours are slowed, by a factor of up to two, for stretches of milliseconds to
 * seconds. So the work is cut into short samples and spread: every round visits all rows, in
 * random order, and in each row all contenders, in random order, for one sample. What disturbs a
 * sample only ever makes it slower, so a contender's figure is a low quantile of its rounds, and
 * a ratio is a quotient of two such figures.
 * SPDX-License-Identifier: MIT */
#include "harness.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct timed_run {
    bench b;
    uint64_t batches; /* of one sample */
    double batch_seconds;
} timed_run;

typedef struct timed_row {
    bench_rowdef *row;
    timed_run *runs; /* of the selected contenders */
    int count;
    bool slow;
} timed_row;

double benchi_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *zeroed(size_t count, size_t size) {
    void *p = calloc(count, size);
    if (p == NULL) {
        fprintf(stderr, "bench: out of memory\n");
        exit(1);
    }
    return p;
}

/* --- samples ----------------------------------------------------------------------------- */

static void keep(timed_run *run, double batch_seconds) {
    bench_figures *f = &run->b.contender->figures;
    f->round_ns[f->rounds++] = batch_seconds * 1e9 / (double)run->b.ops_per_batch;
    f->sample_ops = run->batches * run->b.ops_per_batch;
}

/* Of a slow row this is the first sample already. */
static void calibrate(timed_row *t, bench_rowdef *row, const bench_effort *effort) {
    t->row = row;
    t->runs = zeroed((size_t)row->count, sizeof *t->runs);
    for (int i = 0; i < row->count; i++) {
        timed_run *run = &t->runs[t->count];
        if (!row->contenders[i].selected) continue;
        run->b.row = row;
        run->b.contender = &row->contenders[i];
        run->b.mode = BENCH_TIMED;
        run->b.ops_per_batch = 1;
        run->batches = benchi_calibrate(&run->b, effort->sample_seconds, &run->batch_seconds);
        if (run->batch_seconds > effort->slow_seconds) t->slow = true;
        t->count++;
    }
    for (int i = 0; t->slow && i < t->count; i++) keep(&t->runs[i], t->runs[i].batch_seconds);
}

static void take_sample(timed_run *run, bool slow) {
    uint64_t warm_batches = slow ? 0 : run->batches / 8 + 1;
    keep(run, benchi_sample(&run->b, run->batches, warm_batches));
}

static void shuffle(void *items, int count, size_t item_bytes, uint64_t *random) {
    char *base = items, kept[256];
    for (int i = count - 1; i > 0; i--) {
        char *last = base + (size_t)i * item_bytes;
        char *other = base + (size_t)(bench_random(random) % (uint64_t)(i + 1)) * item_bytes;
        memcpy(kept, last, item_bytes);
        memmove(last, other, item_bytes);
        memcpy(other, kept, item_bytes);
    }
}

_Static_assert(sizeof(timed_run) <= 256 && sizeof(timed_row) <= 256,
               "shuffle's buffer is too small");

/* --- figures ----------------------------------------------------------------------------- */

static int by_value(const void *left, const void *right) {
    double l = *(const double *)left, r = *(const double *)right;
    return (l > r) - (l < r);
}

/* The low quantile of what the rounds read; README.md says why this one. */
static double figure(const double *rounds, int count) {
    double sorted[BENCH_ROUNDS_MAX];
    memcpy(sorted, rounds, (size_t)count * sizeof *rounds);
    qsort(sorted, (size_t)count, sizeof *sorted, by_value);
    return sorted[(count - 1) / 8];
}

static double ratio(const bench_figures *above, const bench_rowdef *row, const char *below) {
    for (int i = 0; i < row->count; i++) {
        const bench_contender *c = &row->contenders[i];
        if (c->selected && strcmp(c->name, below) == 0) return above->ns_op / c->figures.ns_op;
    }
    return 0;
}

static void conclude(bench_rowdef *row) {
    for (int i = 0; i < row->count; i++) {
        bench_figures *f = &row->contenders[i].figures;
        if (row->contenders[i].selected) f->ns_op = figure(f->round_ns, f->rounds);
    }
    for (int i = 0; i < row->count; i++) {
        bench_figures *f = &row->contenders[i].figures;
        if (!row->contenders[i].selected) continue;
        f->x_floor = ratio(f, row, "floor");
        f->x_libc = ratio(f, row, "libc");
    }
}

/* --- all rows ---------------------------------------------------------------------------- */

void benchi_time(const bench_effort *effort, double end) {
    timed_row *rows = zeroed((size_t)bench_all.count, sizeof *rows);
    uint64_t random = 1;
    int count = 0, slow_round = 1; /* the calibration was one */

    for (int i = 0; i < bench_all.count; i++) {
        if (!bench_all.rows[i].selected) continue;
        benchi_progress("calibrating %s", bench_all.rows[i].name);
        calibrate(&rows[count++], &bench_all.rows[i], effort);
    }

    double start = benchi_now();
    for (int round = 0; round < effort->rounds_max; round++) {
        double by_time = (benchi_now() - start) / fmax(end - start, 1e-9);
        double done = fmax(by_time, (double)round / effort->rounds_max);
        if (round >= effort->rounds_min && benchi_now() >= end) break;

        /* Slow rows take part in few rounds, spread over the time. */
        bool slow_too =
            slow_round < effort->slow_rounds && done >= (double)slow_round / effort->slow_rounds;
        slow_round += slow_too;
        benchi_progress("timing, round %d", round + 1);
        shuffle(rows, count, sizeof *rows, &random);
        for (int i = 0; i < count; i++) {
            timed_row *t = &rows[i];
            if (t->slow && !slow_too) continue;
            shuffle(t->runs, t->count, sizeof *t->runs, &random);
            for (int k = 0; k < t->count; k++) take_sample(&t->runs[k], t->slow);
        }
    }

    for (int i = 0; i < count; i++) {
        conclude(rows[i].row);
        free(rows[i].runs);
    }
    free(rows);
}
