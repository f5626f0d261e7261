/* pare/counting.h - counts what goes through to another allocator: rate and residency.
 *
 * Rate (allocs, frees, resizes, total_bytes) is how often fresh memory is asked for and predicts
 * speed; residency (live_bytes, peak_bytes) is what is held and predicts running out. Only calls
 * that the allocator below granted are counted; refusals are counted apart.
 *
 * Memory   None of its own, and no headers: a block's size comes back with it.
 * Threads  One owner at a time, whatever the allocator below allows.
 * SPDX-License-Identifier: MIT */
#ifndef PARE_COUNTING_H
#define PARE_COUNTING_H
#include "pare/alloc.h"
PARE_BEGIN_DECLS

typedef struct pare_counting_stats {
    uint64_t allocs;      /* blocks handed out */
    uint64_t frees;       /* blocks given back */
    uint64_t resizes;     /* blocks resized, moved by the allocator below or not */
    uint64_t refusals;    /* allocs and resizes that the allocator below refused */
    uint64_t total_bytes; /* caps of all allocs, and what resizes added */
    size_t live_bytes;    /* caps of the blocks that are out now */
    size_t peak_bytes;    /* the largest live_bytes since init */
    uint64_t reserved[4];
} pare_counting_stats;

/* Visible so it can be embedded; the fields are private. All-zero is valid: it counts the C
 * library's heap. */
typedef struct pare_counting {
    pare_allocator from; /* outlives every block */
    pare_counting_stats stats;
} pare_counting;

/* Counts from zero what goes through to `from`. */
PARE_API void pare_counting_init(pare_counting *c, pare_allocator from);

/* Zeroes `c`. Requires that no block taken through it is still to be given back through it. */
PARE_API void pare_counting_deinit(pare_counting *c);

/* Counts in `c`, which must not move from now on. */
PARE_API pare_allocator pare_counting_allocator(pare_counting *c);

PARE_API pare_counting_stats pare_counting_get_stats(const pare_counting *c);

PARE_END_DECLS
#endif
