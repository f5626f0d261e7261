/* bench_pool.c - what does it cost to take an object of a known size and to give it back?
 *
 * Read against `floor`, a stack of pointers written out by hand without a single test, and against
 * `libc`. `pare-unchecked` is the same pool without the tests of a put and the counter of a get,
 * which no user can have: the distance to `pare` is what they cost.
 * SPDX-License-Identifier: MIT */
#include "shim.h"
#include "pare/heap.h"
#include "pare/pool.h"
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

/* --- the floor: a stack of pointers -------------------------------------------------------- */

typedef struct stack {
    void **top;
    char *objects;
    void *slots[LIVE + OBJECTS];
} stack;

static inline void *stack_get(stack *s) { return *--s->top; }
static inline void stack_put(stack *s, void *object) { *s->top++ = object; }

static stack *stack_open(bench *b, size_t size) {
    stack *s = malloc(sizeof *s);
    bench_must(b, s != NULL);
    s->objects = malloc((LIVE + OBJECTS) * size);
    bench_must(b, s->objects != NULL);
    s->top = s->slots;
    for (size_t i = LIVE + OBJECTS; i-- > 0;) stack_put(s, s->objects + i * size);
    return bench_hide(s);
}

static void stack_close(stack *s) {
    free(s->objects);
    free(s);
}

/* --- pare --------------------------------------------------------------------------------- */

static pare_pool *pool_open(bench *b, pare_pool *p, size_t size) {
    pare_pool_options options = {.size = size};
    bench_must(b, pare_pool_init(p, pare_heap(), &options) == PARE_OK);
    bench_must(b, pare_pool_reserve(p, OBJECTS) == PARE_OK);
    bench_allocs_at_most(b, 0);
    return bench_hide(p);
}

static inline void *unchecked_get(pare_pool *p) {
    if ((uintptr_t)p->top <= (uintptr_t)p->lo) return parei_pool_get_slow(p);
    return *--p->top;
}

static inline void unchecked_put(pare_pool *p, void *object) {
    if ((uintptr_t)p->top >= (uintptr_t)p->hi) {
        parei_pool_put_slow(p, object);
    } else {
        *p->top++ = object;
    }
}

/* --- what every contender shares ----------------------------------------------------------- */

/* A caller tests what he gets, and uses it. */
static inline void *got(void *object) {
    if (object == NULL) abort();
    bench_keep(object);
    return object;
}

static uint16_t orders[ORDERS][OBJECTS]; /* permutations */
static uint16_t victims[REPLACES];       /* 0 .. LIVE - 1 */

static void fill_orders(void) {
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
static void show_objects(bench *b, void *const *objects, size_t size) {
    for (int i = 0; i < OBJECTS; i++) memset(objects[i], i, size);
    for (int i = 0; i < OBJECTS; i++) bench_result(b, objects[i], size);
}

static void show_live(bench *b, void *const *live) {
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

/* Defines <name>_floor, _pare, _unchecked and _heap. */
#define CONTENDERS(name, BODY, size)                                                               \
    static void name##_floor(bench *b) {                                                           \
        stack *s = stack_open(b, size);                                                            \
        BODY(stack_get(s), stack_put(s, object))                                                   \
        stack_close(s);                                                                            \
    }                                                                                              \
    static void name##_pare(bench *b) {                                                            \
        pare_pool state, *p = pool_open(b, &state, size);                                          \
        BODY(pare_pool_get(p), pare_pool_put(p, object))                                           \
        pare_pool_deinit(p);                                                                       \
    }                                                                                              \
    static void name##_unchecked(bench *b) {                                                       \
        pare_pool state, *p = pool_open(b, &state, size);                                          \
        BODY(unchecked_get(p), unchecked_put(p, object))                                           \
        pare_pool_deinit(p);                                                                       \
    }                                                                                              \
    static void name##_heap(bench *b) {                                                            \
        const bench_heap *heap = bench_heap_of(b);                                                 \
        BODY(heap->malloc(size), heap->free(object))                                               \
    }

/* --- pool/lifo-64, pool/random-order-1000, pool/churn-10k ----------------------------------- */

CONTENDERS(lifo, LIFO_BODY, SMALL)
CONTENDERS(random_order, RANDOM_ORDER_BODY, SMALL)
CONTENDERS(churn, CHURN_BODY, MEDIUM)

/* --- rows --------------------------------------------------------------------------------- */

static void add_row(const char *row, const char *operation, bench_fn *pare, bench_fn *unchecked,
                    bench_fn *floor, bench_fn *heap) {
    bench_row(row, operation);
    bench_add(row, "pare", pare, NULL);
    bench_add(row, "pare-unchecked", unchecked, NULL);
    bench_add(row, "floor", floor, NULL);
    bench_add_heaps(row, heap, NULL, 1);
}

void bench_pool(void) {
    fill_orders();
    add_row("pool/lifo-64", "a get of 64 bytes and its put at once", lifo_pare, lifo_unchecked,
            lifo_floor, lifo_heap);
    add_row("pool/random-order-1000",
            "a get and a put, of 1000 objects of 64 bytes got and then put in random order",
            random_order_pare, random_order_unchecked, random_order_floor, random_order_heap);
    add_row("pool/churn-10k", "one of 10 000 live objects of 128 bytes, a random one, replaced",
            churn_pare, churn_unchecked, churn_floor, churn_heap);
}
