/* bench_pool.h - the work of the pool rows: what bench_pool.c and peers_pool.cc do alike. Valid C
 * and C++.
 * SPDX-License-Identifier: MIT */
#ifndef PARE_BENCH_POOL_H
#define PARE_BENCH_POOL_H
#include "shim.h"
#include <stdlib.h>
#include <string.h>

enum {
    PAIRS = 1000,
    OBJECTS = 1000,
    ORDERS = 8, /* different ones, so that none is learnt */
    LIVE = 10000,
    REPLACES = 8192, /* a power of two */
    SMALL = 64,
    MEDIUM = 128
};

/* A caller tests what he gets, and uses it. */
static inline void *got(void *object) {
    if (object == NULL) abort();
    bench_keep(object);
    return object;
}

static uint16_t orders[ORDERS][OBJECTS]; /* permutations */
static uint16_t victims[REPLACES];       /* 0 .. LIVE - 1 */

static inline void fill_orders(void) {
    uint64_t random = 1;
    for (int k = 0; k < ORDERS; k++) {
        for (int i = 0; i < OBJECTS; i++) orders[k][i] = (uint16_t)i;
        for (int i = OBJECTS - 1; i > 0; i--) {
            size_t other = bench_random(&random) % (uint64_t)(i + 1);
            uint16_t moved = orders[k][i];
            orders[k][i] = orders[k][other];
            orders[k][other] = moved;
        }
    }
    for (int i = 0; i < REPLACES; i++) victims[i] = (uint16_t)(bench_random(&random) % LIVE);
}

/* The output of an allocator: objects that hold what was written, so none overlaps another. */
static inline void show_objects(bench *b, void *const *objects, size_t size) {
    for (int i = 0; i < OBJECTS; i++) memset(objects[i], i, size);
    for (int i = 0; i < OBJECTS; i++) bench_result(b, objects[i], size);
}

static inline void show_live(bench *b, void *const *live) {
    for (int i = 0; i < LIVE; i++) bench_result(b, live[i], sizeof(uint64_t));
}

/* Gets objects, shows them, and puts them back. */
#define SHOW_BODY(get, put)                                                                        \
    void *shown[OBJECTS];                                                                          \
    for (int i = 0; i < OBJECTS; i++) shown[i] = got(get);                                         \
    show_objects(b, shown, SMALL);                                                                 \
    for (int i = 0; i < OBJECTS; i++) {                                                            \
        void *object = shown[i];                                                                   \
        put;                                                                                       \
    }

/* Each contender is one of these three bodies, with its own get and put. */
#define LIFO_BODY(get, put)                                                                        \
    while (bench_next(b)) {                                                                        \
        for (int i = 0; i < PAIRS; i++) {                                                          \
            void *object = got(get);                                                               \
            put;                                                                                   \
        }                                                                                          \
    }                                                                                              \
    bench_ops(b, PAIRS);                                                                           \
    SHOW_BODY(get, put)

#define RANDOM_ORDER_BODY(get, put)                                                                \
    void *objects[OBJECTS];                                                                        \
    for (unsigned k = 0; bench_next(b); k++) {                                                     \
        const uint16_t *order = orders[k % ORDERS];                                                \
        for (int i = 0; i < OBJECTS; i++) objects[i] = got(get);                                   \
        for (int i = 0; i < OBJECTS; i++) {                                                        \
            void *object = objects[order[i]];                                                      \
            put;                                                                                   \
        }                                                                                          \
    }                                                                                              \
    bench_ops(b, OBJECTS);                                                                         \
    SHOW_BODY(get, put)

#define CHURN_BODY(get, put)                                                                       \
    static void *live[LIVE];                                                                       \
    uint64_t serial = 0;                                                                           \
    for (int i = 0; i < LIVE; i++) {                                                               \
        live[i] = got(get);                                                                        \
        *(uint64_t *)live[i] = 0;                                                                  \
    }                                                                                              \
    while (bench_next(b)) {                                                                        \
        for (int i = 0; i < REPLACES; i++) {                                                       \
            void **victim = &live[victims[i]], *object = *victim;                                  \
            put;                                                                                   \
            object = got(get);                                                                     \
            *(uint64_t *)object = ++serial;                                                        \
            *victim = object;                                                                      \
        }                                                                                          \
    }                                                                                              \
    bench_ops(b, REPLACES);                                                                        \
    show_live(b, live);                                                                            \
    for (int i = 0; i < LIVE; i++) {                                                               \
        void *object = live[i];                                                                    \
        put;                                                                                       \
    }

#endif
