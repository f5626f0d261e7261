/* pare/fixed.h - an allocator over the caller's array: no heap at all.
 *
 * Memory   Blocks are cut from the front of the array. The newest block can be resized in place
 *          and given back; older ones stay taken until reset. The padding before an aligned block
 *          is never given back alone.
 * Threads  One owner at a time.
 * Errors   PARE_ERR_MEMORY when the rest of the array is too small.
 * Lifetime The array, and the pare_fixed at its address, outlive every block and handle.
 * SPDX-License-Identifier: MIT */
#ifndef PARE_FIXED_H
#define PARE_FIXED_H
#include "pare/alloc.h"
PARE_BEGIN_DECLS

/* Visible so it can be embedded; the fields are private. All-zero is valid: an array of no bytes.
 * Invariant: used <= peak <= capacity. */
typedef struct pare_fixed {
    char *base;
    size_t capacity; /* bytes */
    size_t used;     /* bytes from base to the end of the newest block */
    size_t peak;     /* the largest `used` since init */
} pare_fixed;

typedef struct pare_fixed_stats {
    size_t capacity_bytes;
    size_t live_bytes; /* padding and blocks not yet given back included */
    size_t peak_bytes;
    uint64_t reserved[4];
} pare_fixed_stats;

/* Readies `f` over array[0, capacity). The array needs no alignment; NULL goes with capacity 0. */
PARE_API void pare_fixed_init(pare_fixed *f, void *array, size_t capacity);

/* Forgets every block; the array and the peak stay. */
PARE_API void pare_fixed_reset(pare_fixed *f);

/* Zeroes `f`. The array is the caller's. */
PARE_API void pare_fixed_deinit(pare_fixed *f);

/* Serves blocks from `f`, which must not move from now on. */
PARE_API pare_allocator pare_fixed_allocator(pare_fixed *f);

/* An allocator that refuses everything with PARE_ERR_MEMORY: what an object that starts on the
 * caller's array spills to when it must not spill. Any thread may call it. */
PARE_API pare_allocator pare_none(void);

PARE_API pare_fixed_stats pare_fixed_get_stats(const pare_fixed *f);

PARE_END_DECLS
#endif
