/* counted.c - counting, in a process of its own per contender: both ends.
 *
 * The timed process starts itself again with the counter preloaded, names a contender, and reads
 * one line back from a pipe. Over there the contender runs as it is, without Google Benchmark:
 * batches to warm up, then the counted ones. The number of batches is fixed, so that all
 * contenders of a row do the same work and their outputs can be compared.
 * SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "harness.h"
#include "counter.h"
#include <dlfcn.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

enum { LINE_FD = 3 }; /* over there, where the line goes */

/* What one counted run has seen so far. */
typedef struct bench_tally {
    const bench_counter_api *counter;
    int64_t live_before;  /* bytes, at the start */
    int batches;          /* begun */
    bench_counter before; /* at the first counted batch */
    uint64_t faults_before;
    bench_counts used;  /* by all counted batches together */
    int counted;        /* their number */
    bool by_contender;  /* `used` came from bench_set_counts */
    bool peak_resident; /* bench_peak_resident was called, when this many bytes were: */
    uint64_t resident_before;
} bench_tally;

/* --- the counting process ---------------------------------------------------------------- */

static uint64_t minor_faults(void) {
    struct rusage use;
    return getrusage(RUSAGE_SELF, &use) == 0 ? (uint64_t)use.ru_minflt : 0;
}

bool benchi_counted_next(bench *b) {
    bench_tally *t = b->tally;
    int counted = b->row->is_long ? 1 : BENCH_COUNTED_BATCHES;
    if (t->by_contender) return false;
    if (t->batches == counted) {
        t->faults_before = minor_faults();
        t->counter->read(&t->before);
    } else if (t->batches == 2 * counted) {
        bench_counter after;
        t->counter->read(&after);
        t->used.faults = minor_faults() - t->faults_before;
        t->used.allocs = after.allocs - t->before.allocs;
        t->used.bytes = after.bytes - t->before.bytes;
        t->used.held_bytes = (uint64_t)(after.live - t->live_before);
        t->counted = counted;
        return false;
    }
    t->batches++;
    return true;
}

void bench_set_counts(bench *b, const bench_counts *per_batch) {
    if (b->mode != BENCH_COUNTED) return;
    b->tally->used = *per_batch;
    b->tally->counted = 1;
    b->tally->by_contender = true;
}

void bench_peak_resident(bench *b) {
    if (b->mode != BENCH_COUNTED) return;
    b->tally->peak_resident = true;
    b->tally->resident_before = b->tally->counter->status_bytes("VmRSS:");
}

/* FNV-1a, and the first bytes for people. */
void benchi_counted_result(bench *b, const void *bytes, size_t count) {
    bench_contender *c = b->contender;
    const unsigned char *at = bytes;
    if (c->result_length == 0) c->result_hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < count; i++) {
        if (c->result_length < sizeof c->result_head) c->result_head[c->result_length] = at[i];
        c->result_length++;
        c->result_hash = (c->result_hash ^ at[i]) * 0x100000001b3u;
    }
}

static bench *find(const char *row_name, const char *name) {
    static bench b;
    for (int i = 0; i < bench_all.count; i++) {
        const bench_rowdef *row = &bench_all.rows[i];
        for (int k = 0; k < row->count; k++) {
            if (strcmp(row->name, row_name) != 0 || strcmp(row->contenders[k].name, name) != 0)
                continue;
            b.row = row;
            b.contender = &row->contenders[k];
            return &b;
        }
    }
    return NULL;
}

/* What was read must be what the row and the contender promised. */
static bool plausible(const bench *b, double allocs_op) {
    const bench_contender *c = b->contender;
    if (allocs_op < c->allocs_min) {
        fprintf(stderr,
                "bench: %s, contender %s: counted %g allocs/op, must be at least %g: the counter "
                "is blind here\n",
                b->row->name, c->name, allocs_op, c->allocs_min);
        return false;
    }
    if (c->allocs_max >= 0 && allocs_op > c->allocs_max) {
        fprintf(stderr,
                "bench: %s, contender %s: counted %g allocs/op, must be at most %g: its steady "
                "state allocates\n",
                b->row->name, c->name, allocs_op, c->allocs_max);
        return false;
    }
    return true;
}

int benchi_counting_process(const char *row, const char *contender) {
    bench *b = find(row, contender);
    bench_tally tally = {.counter = dlsym(RTLD_DEFAULT, BENCH_COUNTER_SYMBOL)};
    bench_counter start, end;
    if (b == NULL || tally.counter == NULL) {
        fprintf(stderr, "bench: nothing to count: %s %s\n", row, contender);
        return 1;
    }
    b->mode = BENCH_COUNTED;
    b->ops_per_batch = 1;
    b->tally = &tally;

    tally.counter->reset_peak();
    tally.counter->read(&start);
    tally.live_before = start.live;
    b->contender->f(b);
    tally.counter->read(&end);
    if (tally.peak_resident) {
        tally.used.peak_bytes = tally.counter->status_bytes("VmHWM:") - tally.resident_before;
    } else if (!tally.by_contender) {
        tally.used.peak_bytes = (uint64_t)(end.peak - start.live);
    }
    if (tally.counted == 0) {
        fprintf(stderr, "bench: %s, contender %s: ended before bench_next said so\n", row,
                contender);
        return 1;
    }

    const bench_contender *c = b->contender;
    double ops = (double)b->ops_per_batch * tally.counted;
    if (!plausible(b, (double)tally.used.allocs / ops)) return 1;
    dprintf(LINE_FD,
            "%.17g %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
            " ",
            ops, tally.used.allocs, tally.used.bytes, tally.used.faults, tally.used.peak_bytes,
            tally.used.held_bytes, c->result_length, c->result_hash);
    for (size_t i = 0; i < sizeof c->result_head; i++) dprintf(LINE_FD, "%02x", c->result_head[i]);
    dprintf(LINE_FD, "\n");
    return 0;
}

/* --- the timed process's end ------------------------------------------------------------- */

/* Runs this program again, counted, with `arguments`; the line it writes goes to `line`. */
static bool run_counted(char *const arguments[], char *line, size_t size) {
    const bench_child again = {.path = "/proc/self/exe",
                               .arguments = arguments,
                               .preload = "LD_PRELOAD=" BENCH_COUNTER_LIBRARY,
                               .output_fd = LINE_FD};
    size_t length;
    bool ended_well = benchi_run(&again, line, size - 1, &length);
    line[length] = '\0';
    return ended_well;
}

void benchi_count(const bench_rowdef *row, bench_contender *c) {
    char line[512], head[2 * sizeof c->result_head + 1];
    char *arguments[] = {"pare-bench", "--count", (char *)row->name, (char *)c->name, NULL};
    double ops;
    uint64_t allocs, bytes, faults, peak, held;
    if (!run_counted(arguments, line, sizeof line) ||
        sscanf(line,
               "%lf %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
               " %" SCNu64 " %96s",
               &ops, &allocs, &bytes, &faults, &peak, &held, &c->result_length, &c->result_hash,
               head) != 9) {
        fprintf(stderr, "bench: counting %s, contender %s, failed\n", row->name, c->name);
        exit(1);
    }
    c->figures.allocs_op = (double)allocs / ops;
    c->figures.bytes_op = (double)bytes / ops;
    c->figures.faults_op = (double)faults / ops;
    c->figures.peak_bytes = (double)peak;
    c->figures.held_bytes = (double)held;
    for (size_t i = 0; i < sizeof c->result_head; i++) {
        unsigned byte = 0;
        sscanf(head + 2 * i, "%2x", &byte);
        c->result_head[i] = (unsigned char)byte;
    }
}

/* --- the counter's own check ------------------------------------------------------------- */

enum { KNOWN_MALLOCS = 1000, KNOWN_BYTES = 100 };

static void known_mallocs(const bench_heap *heap) {
    for (int i = 0; i < KNOWN_MALLOCS; i++) {
        void *p = heap->malloc(KNOWN_BYTES);
        bench_keep(p);
        heap->free(p);
    }
}

/* A thread: NULL when the counter read its mallocs exactly. */
static void *known_thread(void *heap_of_thread) {
    const bench_counter_api *counter = dlsym(RTLD_DEFAULT, BENCH_COUNTER_SYMBOL);
    const bench_heap *heap = heap_of_thread;
    bench_counter before, after;
    known_mallocs(heap); /* the first call may set the allocator up */
    counter->read(&before);
    known_mallocs(heap);
    counter->read(&after);
    if (after.allocs - before.allocs == KNOWN_MALLOCS &&
        after.bytes - before.bytes == KNOWN_MALLOCS * KNOWN_BYTES && after.live == before.live) {
        return NULL;
    }
    fprintf(stderr, "bench: the counter read %" PRIu64 " allocations of %s, not %d\n",
            after.allocs - before.allocs, heap->name, KNOWN_MALLOCS);
    return heap_of_thread;
}

/* Every heap on a thread of its own; then one call of each other kind, with the figures written. */
int benchi_known_program(void) {
    const bench_counter_api *counter = dlsym(RTLD_DEFAULT, BENCH_COUNTER_SYMBOL);
    bench_counter before, after;
    if (counter == NULL) return 1;
    for (int i = 0; i < BENCH_HEAPS; i++) {
        const bench_heap *heap = benchi_heap(i);
        pthread_t thread;
        void *wrong;
        if (heap == NULL) continue;
        heap = benchi_counting_heap(heap);
        if (pthread_create(&thread, NULL, known_thread, (void *)heap) != 0 ||
            pthread_join(thread, &wrong) != 0 || wrong != NULL) {
            return 1;
        }
    }

    void *aligned = NULL;
    counter->read(&before);
    void *volatile blocks[] = {calloc(3, 10), aligned_alloc(64, 128), realloc(NULL, 40),
                               strdup("text")};
    blocks[2] = realloc(blocks[2], 50000);
    if (posix_memalign(&aligned, 64, 100) != 0) return 1;
    void *map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    counter->read(&after);
    for (int i = 0; i < 4; i++) free(blocks[i]);
    free(aligned);
    if (map != MAP_FAILED) munmap(map, 8192);
    dprintf(LINE_FD, "%" PRIu64 " %" PRIu64 " ", after.allocs - before.allocs,
            after.bytes - before.bytes);
    int64_t live = before.live;
    counter->read(&after);
    dprintf(LINE_FD, "%" PRId64 "\n", after.live - live);
    return 0;
}

void benchi_check_counter(void) {
    char line[128];
    char *arguments[] = {"pare-bench", "--known-program", NULL};
    const char *expected = "7 58495 0\n"; /* 30 + 128 + 40 + 5 + 50000 + 100 + 8192 */
    if (!run_counted(arguments, line, sizeof line) || strcmp(line, expected) != 0) {
        fprintf(stderr, "bench: the counter is wrong: a program known to read %s  reads %s\n",
                expected, line);
        exit(1);
    }
}
