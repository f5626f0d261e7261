/* support/buftraffic.h - what support/traffic.h is to objects, for buffers by size.
 *
 * Beside gets and puts there are buffers that come from elsewhere, and blocks of the pool as an
 * allocator. The stamps tell a buffer's size, too: both its ends are written and looked at.
 * SPDX-License-Identifier: MIT */
#ifndef BUFTRAFFIC_H
#define BUFTRAFFIC_H
#include "pare/mtbufpool.h"
#include <stdbool.h>

typedef struct buftraffic {
    pare_mtbufpool *pool;
    pare_allocator from; /* the pool's */
    size_t align;        /* likewise */
    size_t size_max;     /* of gets: 32 or more; small ones are the most frequent */
    int threads;         /* at work at once */
    int generations;     /* of threads: each thread is followed by another, so many times in all */
    uint64_t ops;        /* of each thread */
    uint64_t seed;
    bool may_refuse;          /* the allocator has a limit */
    bool zeroed;              /* the pool wipes */
    uint64_t gets, strangers; /* out: by all threads; strangers came from elsewhere */
} buftraffic;

/* Runs it to its end, when all is put and the figures add up; aborts with a line on stderr when
 * something is wrong. Trims all of the pool. */
void buftraffic_run(buftraffic *t);

#endif
