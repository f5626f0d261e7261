/* support/traffic.h - many threads that get, put, pass on, trim and come and go, at random.
 *
 * Every object carries a stamp while it is in use. A get that answers an object with a live stamp
 * was handed one that somebody has; a put of an object without its stamp lost it to somebody. The
 * stamps are plain memory: under TSan, an object that changes hands in the pool without being
 * ordered is a race. At the end all objects are put, and the figures must add up.
 * SPDX-License-Identifier: MIT */
#ifndef TRAFFIC_H
#define TRAFFIC_H
#include "pare/mtpool.h"

typedef struct traffic {
    pare_mtpool *pool;
    size_t size;     /* of its objects: 16 bytes or more */
    int threads;     /* at work at once */
    int generations; /* of threads: each thread is followed by another, so many times in all */
    uint64_t ops;    /* of each thread */
    uint64_t seed;
    bool may_refuse;     /* the pool has a limit */
    bool zeroed;         /* objects that were not used yet are zero, and others as they were put */
    uint64_t gets, puts; /* out: by all threads */
} traffic;

/* Runs it to its end; aborts with a line on stderr when an object is wrong. */
void traffic_run(traffic *t);

#endif
