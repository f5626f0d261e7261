/* bench_pool.c - what does it cost to take an object of a known size and to give it back?
 *
 * Read against `floor`, a stack of pointers written out by hand without a single test, and against
 * `libc`. `pare-unchecked` is the same pool without the tests of a put and the counter of a get,
 * which no user can have: the distance to `pare` is what they cost.
 * SPDX-License-Identifier: MIT */
#include "bench_pool.h"
#include "pare/heap.h"
#include "pare/pool.h"

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

/* --- contenders ---------------------------------------------------------------------------- */

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
