/* harness.h - shared by the files of the harness; bench files see shim.h only.
 *
 *   main.c       options, the order of things: count, compare, time, report
 *   registry.c   rows and contenders, the filter, what a contender calls (bench_must, ...)
 *   heaps.c      the general allocators, and their counting wrappers
 *   counted.c    the counting process: both its ends
 *   counter.c    the preloaded library that counts; it also stands alone in child programs
 *   timed.c      rounds, interleaving, figures, ratios
 *   shim.cc      one sample: Google Benchmark around a contender
 *   program.c    contenders that run a whole program
 *   facts.c      machine, compiler, commit
 *   report_*.c   table, results.json, results.txt, report.html
 * SPDX-License-Identifier: MIT */
#ifndef PARE_BENCH_HARNESS_H
#define PARE_BENCH_HARNESS_H
#include "shim.h"
#include <stdio.h>
#ifdef __cplusplus
extern "C" {
#endif

/* --- what is measured -------------------------------------------------------------------- */

#define BENCH_ROUNDS_MAX 256

typedef struct bench_figures {
    double ns_op;                          /* a low quantile over the rounds */
    double allocs_op, bytes_op, faults_op; /* of the counted batches */
    double peak_bytes, held_bytes;         /* see README.md */
    double x_floor, x_libc;                /* quotients of ns_op; 0: no such contender */
    double round_ns[BENCH_ROUNDS_MAX];     /* ns per op of each round's sample */
    uint64_t sample_ops;                   /* operations in one sample */
    int rounds;
} bench_figures;

typedef struct bench_contender {
    const char *name;
    bench_fn *f;
    const void *arg;
    const bench_heap *heap;
    double allocs_min, allocs_max; /* what the counter must read per op; max < 0: anything */
    bool selected;
    bench_figures figures;

    /* the output of its work: length, hash, and its first bytes for the message */
    uint64_t result_length, result_hash;
    unsigned char result_head[48];
} bench_contender;

typedef struct bench_rowdef {
    const char *name, *operation;
    bench_contender *contenders;
    int count;
    bool selected;
    bool is_long; /* bench_row_long */
} bench_rowdef;

typedef struct bench_registry {
    bench_rowdef *rows;
    int count;
} bench_registry;

extern bench_registry bench_all;

/* --- one run of a contender -------------------------------------------------------------- */

enum bench_mode { BENCH_COUNTED, BENCH_TIMED };

struct bench {
    const bench_rowdef *row;
    bench_contender *contender;
    enum bench_mode mode;
    uint64_t ops_per_batch;
    double allocs_min, allocs_max;

    /* timed */
    void *state;        /* benchmark::State */
    uint64_t warm_left; /* batches until the clock starts */

    /* counted */
    struct bench_tally *tally; /* counted.c */
};

/* --- counted.c --------------------------------------------------------------------------- */

#define BENCH_COUNTED_BATCHES 32 /* and as many before, to warm up; of a long row 1 */

/* Counts `c` in a process of its own: fills its figures (not ns) and its result. Ends the run
 * with a message when that process fails. */
void benchi_count(const bench_rowdef *row, bench_contender *c);

/* The other end: runs one contender counted. The result is main's. */
int benchi_counting_process(const char *row, const char *contender);

bool benchi_counted_next(bench *b); /* bench_next and bench_result of a counted run */
void benchi_counted_result(bench *b, const void *bytes, size_t count);

/* Shows that the counter reads exactly what a known program allocates. */
void benchi_check_counter(void);
int benchi_known_program(void);

/* --- heaps.c ----------------------------------------------------------------------------- */

#define BENCH_HEAPS 4
const bench_heap *benchi_heap(int index);                    /* NULL: not installed */
const bench_heap *benchi_counting_heap(const bench_heap *h); /* counts, then calls h */

/* --- shim.cc ----------------------------------------------------------------------------- */

/* How many batches fill `seconds`, and what one takes. */
uint64_t benchi_calibrate(bench *b, double seconds, double *batch_seconds);

/* Runs some batches to warm up, then a sample of `batches`: its seconds per batch. */
double benchi_sample(bench *b, uint64_t batches, uint64_t warm_batches);

bool benchi_timed_next(bench *b);

/* --- timed.c ----------------------------------------------------------------------------- */

typedef struct bench_effort {
    double sample_seconds;      /* aimed at */
    double seconds;             /* for the whole run, unless rounds_min take longer */
    int rounds_min, rounds_max; /* at most BENCH_ROUNDS_MAX */
    double slow_seconds;        /* a row with a longer batch takes part in slow_rounds only */
    int slow_rounds;
} bench_effort;

/* Times all selected contenders until about `end`: fills their figures that are about time. */
void benchi_time(const bench_effort *effort, double end);

double benchi_now(void); /* monotonic seconds */

/* --- main.c ------------------------------------------------------------------------------ */

/* Says on stderr what is going on: on a terminal in place, else a line every ten seconds. */
__attribute__((format(printf, 1, 2))) void benchi_progress(const char *format, ...);

/* --- program.c --------------------------------------------------------------------------- */

typedef struct bench_child {
    const char *path;
    char *const *arguments;
    const char *preload;  /* "LD_PRELOAD=...", or NULL */
    const char *variable; /* one more "NAME=value", or NULL */
    int output_fd;        /* the child's descriptor that is read */
} bench_child;

/* Runs a child to its end; the first `size` bytes that it writes go to output[0, *length). True
 * if it could be run and its exit status is 0. */
bool benchi_run(const bench_child *c, char *output, size_t size, size_t *length);

/* --- facts.c ----------------------------------------------------------------------------- */

typedef struct bench_facts {
    char cpu[128], os[128], compiler[128], commit[64], date[32];
    const char *flags, *arch;
    int cpus;
} bench_facts;

void benchi_read_facts(bench_facts *f);

/* --- report_*.c -------------------------------------------------------------------------- */

void benchi_table_head(FILE *out);
void benchi_table_row(FILE *out, const bench_rowdef *row);
void benchi_report_json(FILE *out);
void benchi_report_go(FILE *out, const bench_facts *facts);
void benchi_report_html(FILE *out, const bench_facts *facts);

#ifdef __cplusplus
}
#endif
#endif
