/* shim.h - all that a bench file needs: rows, contenders, the timed loop, checks on the work.
 *
 * A row ("arena/alloc-32") is one question, named module/operation-arg. Its contenders answer it
 * with the same work: `pare`, `pare-<variant>`, `floor` (a hand-inlined minimum), `libc`,
 * `jemalloc`, and other allocators by their names. A contender is a C function:
 *
 *     static void arena_alloc_32(bench *b) {
 *         pare_arena arena = {0};                    // set-up: neither timed nor counted
 *         pare_arena *a = bench_hide(&arena);        // as users hold it: behind a pointer
 *         while (bench_next(b)) {                    // one call per batch
 *             for (int i = 0; i < 1000; i++) bench_keep(pare_arena_alloc(a, 32, 8));
 *             pare_arena_reset(a);
 *         }
 *         bench_ops(b, 1000);                        // figures are per operation, not per batch
 *         pare_arena_deinit(a);                      // tear-down
 *     }
 *     void bench_arena(void) { bench_add("arena/alloc-32", "pare", arena_alloc_32, NULL); }
 *
 * The harness calls it many times: to count allocations and compare results (a process of its
 * own, always 64 batches, 2 of a long row), to find how many batches fill a sample, and for each
 * sample. So it must begin from nothing each time, do the same work each time, and a batch should
 * take between 1 us and 10 ms. To add a bench file: README.md.
 * SPDX-License-Identifier: MIT */
#ifndef PARE_BENCH_SHIM_H
#define PARE_BENCH_SHIM_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

typedef struct bench bench; /* one run of one contender */
typedef void bench_fn(bench *b);

/* --- registering ------------------------------------------------------------------------- */

/* Says in words what one operation of `row` is, for the report. The first call that names a row
 * gives it its place; texts are kept by pointer. */
void bench_row(const char *row, const char *operation);

/* Marks `row` as long: a batch takes a good part of a second. Quick runs leave it out, unless a
 * filter names it, and one batch is counted, after one to warm up. */
void bench_row_long(const char *row);

/* Adds a contender to `row`. `arg` comes back from bench_arg. */
void bench_add(const char *row, const char *contender, bench_fn *f, const void *arg);

/* Adds `f` once per general allocator: libc, jemalloc and, where installed, mimalloc and
 * tcmalloc; it reaches its own through bench_heap_of. `allocs_min` is how many allocations one
 * operation makes at the least: if the counter reads fewer, it is blind, and the run fails. */
void bench_add_heaps(const char *row, bench_fn *f, const void *arg, double allocs_min);

/* A bench file that is compiled once more with BENCH_VARIANT adds nothing but its contenders
 * `pare`, which then have that name. */
void bench_add_variant(const char *row, const char *contender, const char *variant, bench_fn *f,
                       const void *arg);
#ifdef BENCH_VARIANT
#define bench_row(row, operation) ((void)(row), (void)(operation))
#define bench_add(row, contender, f, arg) bench_add_variant(row, contender, BENCH_VARIANT, f, arg)
#define bench_add_heaps(row, f, arg, allocs_min) ((void)(f))
#endif

/* --- inside a contender ------------------------------------------------------------------ */

/* One general allocator, beside the others in one process; none replaces another. */
typedef struct bench_heap {
    const char *name;
    void *(*malloc)(size_t size);
    void *(*calloc)(size_t count, size_t size);
    void *(*realloc)(void *ptr, size_t size);
    void *(*aligned_alloc)(size_t align, size_t size);
    void (*free)(void *ptr);
} bench_heap;

const bench_heap *bench_heap_of(const bench *b); /* NULL unless added by bench_add_heaps */
const void *bench_arg(const bench *b);

/* True while another batch is wanted. The first calls are warm-up, then the clock runs. */
bool bench_next(bench *b);

/* How many operations one batch does (1 if never called). */
void bench_ops(bench *b, size_t ops_per_batch);

/* The output of the work, anywhere outside the loop: appended to this contender's result. All
 * contenders of a row must produce the same bytes, or the run fails. */
void bench_result(bench *b, const void *bytes, size_t count);

/* What the counter must read per operation once warm, or the run fails. */
void bench_allocs_at_least(bench *b, double allocs_per_op);
void bench_allocs_at_most(bench *b, double allocs_per_op);

/* From here on peak_bytes is what the kernel gave, headers and slack of allocators included: the
 * largest resident size above that of now. For contenders that fill much memory. */
void bench_peak_resident(bench *b);

/* Ends the whole run with a message and a failure, unless `condition` holds. */
#define bench_must(b, condition)                                                                   \
    ((condition) ? (void)0 : bench_fail(b, #condition, __FILE__, __LINE__))
__attribute__((noreturn)) void bench_fail(const bench *b, const char *condition, const char *file,
                                          int line);

/* What a child process used, for a contender that is a whole program: takes the place of what is
 * counted in this process, and ends the counting after this batch. */
typedef struct bench_counts {
    uint64_t allocs, bytes; /* calls that asked for memory; the bytes they asked for */
    uint64_t faults;        /* minor page faults */
    uint64_t peak_bytes;
    uint64_t held_bytes; /* at the end of the batch */
} bench_counts;

/* This run is the counting one, not a timed one. */
bool bench_counting(const bench *b);

void bench_set_counts(bench *b, const bench_counts *per_batch);

/* --- whole programs as contenders --------------------------------------------------------- */

typedef struct bench_program {
    const char *arguments[40]; /* the first is the path; NULL ends them */
    const char *preload;       /* a library for LD_PRELOAD, or NULL */
} bench_program;

/* Runs it to its end, once: the work of one batch. Its standard output is its result; when
 * counting, it runs under the counter and its figures are set. Exit status 0, or the run fails. */
void bench_run_program(bench *b, const bench_program *p);

/* --- against the optimiser --------------------------------------------------------------- */

/* The compiler must have stored what `p` points at, and believes that it was read. Not
 * benchmark::DoNotOptimize, which loses stores under gcc (google/benchmark #2282). */
static inline __attribute__((always_inline)) void bench_keep(const void *p) {
    __asm__ volatile("" : : "r"(p) : "memory");
}

/* The compiler must have computed `value`. */
static inline __attribute__((always_inline)) void bench_keep_value(uint64_t value) {
    __asm__ volatile("" : : "r"(value));
}

/* The same pointer, but the compiler no longer knows to what. State of `floor` and `pare` is
 * reached through one: as a static object the same loops read up to 7x slower, as a local one
 * they could vanish into registers. */
static inline __attribute__((always_inline)) void *bench_hide(void *p) {
    __asm__ volatile("" : "+r"(p) : : "memory");
    return p;
}

/* --- input ------------------------------------------------------------------------------- */

/* splitmix64: the next of a repeatable series; `*state` may begin anywhere. */
static inline uint64_t bench_random(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

#ifdef __cplusplus
}
#endif
#endif
