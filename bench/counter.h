/* counter.h - what the preloaded counter (counter.c) offers to the counting process, which finds
 * these by dlsym; without the preload they are absent.
 * SPDX-License-Identifier: MIT */
#ifndef PARE_BENCH_COUNTER_H
#define PARE_BENCH_COUNTER_H
#include <stddef.h>
#include <stdint.h>

/* Totals since the start, of all threads. */
typedef struct bench_counter {
    uint64_t allocs; /* calls that asked for memory */
    uint64_t bytes;  /* that they asked for */
    int64_t live;    /* bytes now held: usable sizes of blocks, lengths of mappings */
    int64_t peak;    /* the most that `live` has been, since the last reset_peak */
} bench_counter;

typedef struct bench_counter_api {
    void (*read)(bench_counter *out);
    void (*reset_peak)(void); /* peak = live */
    /* A contender's own entry point: enter and leave keep the calls it makes inside from being
     * counted twice; gained and lost tell what it did. */
    void (*enter)(void);
    void (*leave)(void);
    void (*gained)(size_t asked, size_t usable);
    void (*lost)(size_t usable);
    /* Bytes of a line of /proc/self/status, such as "VmRSS:"; 0 if it cannot be read. */
    uint64_t (*status_bytes)(const char *field);
} bench_counter_api;

/* The one exported symbol beside the interposed functions. */
#define BENCH_COUNTER_SYMBOL "bench_counter_api_v1"

/* In the environment of a program run under the counter alone: where it writes, at exit, one line
 * "allocs bytes faults peak_rss_bytes". */
#define BENCH_COUNTER_FILE "BENCH_COUNTER_FILE"

#endif
