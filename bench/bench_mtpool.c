/* bench_mtpool.c - what does an object cost when several threads take and give?
 *
 * Every contender runs on two threads that live as long as it does; a batch is the work of both,
 * from the moment the second is told to begin until both are done, long enough that telling it
 * does not show. Read against `floor`, stacks of pointers without a test, written out by hand, and
 * against `mutex-list`, what one writes first. `pare` has a cache per thread of its own, and
 * `pare-unchecked` goes without the tests of a put and the counter of a get. `pare-slot` makes the
 * plain calls, which look the cache up; `floor-slot` is a floor that has to do so, too.
 * SPDX-License-Identifier: MIT */
#include "bench_mtpool.h"
#include "pare/heap.h"
#include "pare/mtpool.h"
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAIRS = 100000,
    MESSAGES = 20000,
    REPLACES = 8192, /* a power of two */
    LIVE = 10000,
    RING = 1024,  /* messages under way; a power of two */
    MAGAZINE = 64 /* of the floor */
};

/* --- two threads --------------------------------------------------------------------------- */

struct team;

/* What one of the two threads has. */
typedef struct side {
    struct team *team;
    int number; /* 0: the harness's thread; 1: the other */
    const bench_heap *heap;
    pare_mtpool *pool;
    pare_mtpool_cache cache;
    struct stack *stack;
    struct list *list;
    uint64_t sum; /* of what it saw */
    char apart[128];
} side;

typedef void side_fn(side *s);

typedef struct team {
    side sides[2];
    side_fn *work[2];
    pthread_t thread;
    char apart[64];
    uint64_t begun; /* batches; UINT64_MAX: the thread ends */
    char apart_too[64];
    uint64_t done;
} team;

/* Waits for *word to be `value` or more. Both cores are ours, or so we hope. */
static void await(const uint64_t *word, uint64_t value) {
    for (int i = 0; __atomic_load_n(word, __ATOMIC_ACQUIRE) < value; i++) {
        if (i > 1000) sched_yield();
    }
}

static void *team_other(void *arg) {
    team *t = arg;
    for (uint64_t batch = 1;; batch++) {
        await(&t->begun, batch);
        if (__atomic_load_n(&t->begun, __ATOMIC_ACQUIRE) == UINT64_MAX) return NULL;
        t->work[1](&t->sides[1]);
        __atomic_store_n(&t->done, batch, __ATOMIC_RELEASE);
    }
}

/* `second` NULL: there is no second thread. */
static void team_open(bench *b, team *t, side_fn *first, side_fn *second) {
    memset(t, 0, sizeof *t);
    t->work[0] = first;
    t->work[1] = second;
    for (int i = 0; i < 2; i++) {
        t->sides[i].team = t;
        t->sides[i].number = i;
        t->sides[i].heap = bench_heap_of(b);
    }
    if (second != NULL) bench_must(b, pthread_create(&t->thread, NULL, team_other, t) == 0);
}

static void team_run(team *t) {
    uint64_t batch = t->begun + 1;
    __atomic_store_n(&t->begun, batch, __ATOMIC_RELEASE);
    t->work[0](&t->sides[0]);
    await(&t->done, batch);
}

static void team_close(team *t) {
    if (t->work[1] == NULL) return;
    __atomic_store_n(&t->begun, UINT64_MAX, __ATOMIC_RELEASE);
    pthread_join(t->thread, NULL);
}

/* --- the floor: a stack per thread, and magazines traded under a lock ------------------------ */

/* `slots` holds a thread's share of the objects; in producer/consumer a magazine, which is traded
 * whole. */
typedef struct stack {
    void **top;
    char *objects;
    void *slots[LIVE + MAGAZINE];
    struct magazine *magazine;
} stack;

typedef struct magazine {
    struct magazine *next;
    int count;
    void *items[MAGAZINE];
} magazine;

static struct {
    char lock;
    magazine *full, *empty;
} exchange;

static inline void *stack_get(stack *s) { return *--s->top; }
static inline void stack_put(stack *s, void *object) { *s->top++ = object; }

static stack *stack_open(bench *b) {
    stack *s = malloc(sizeof *s);
    bench_must(b, s != NULL);
    s->objects = malloc((LIVE + MAGAZINE) * SIZE);
    bench_must(b, s->objects != NULL);
    s->top = s->slots;
    for (size_t i = LIVE + MAGAZINE; i-- > 0;) stack_put(s, s->objects + i * SIZE);
    return s;
}

static void stack_close(stack *s) {
    free(s->objects);
    free(s);
}

static void exchange_lock(void) {
    for (int i = 1; __atomic_exchange_n(&exchange.lock, 1, __ATOMIC_ACQUIRE) != 0; i++) {
        if (i % 1000 == 0) sched_yield();
    }
}

static void exchange_unlock(void) { __atomic_store_n(&exchange.lock, 0, __ATOMIC_RELEASE); }

/* Trades `m`, for one with objects (of which there are always some) or for one without. */
__attribute__((noinline)) static magazine *exchange_trade(magazine *m, bool for_full) {
    magazine **in = for_full ? &exchange.empty : &exchange.full;
    magazine **out = for_full ? &exchange.full : &exchange.empty;
    for (;;) {
        exchange_lock();
        magazine *other = *out;
        if (other != NULL) {
            *out = other->next;
            m->next = *in;
            *in = m;
        }
        exchange_unlock();
        if (other != NULL) return other;
        sched_yield();
    }
}

static inline void *magazine_get(side *s) {
    magazine *m = s->stack->magazine;
    if (m->count == 0) m = s->stack->magazine = exchange_trade(m, true);
    return m->items[--m->count];
}

static inline void magazine_put(side *s, void *object) {
    magazine *m = s->stack->magazine;
    if (m->count == MAGAZINE) m = s->stack->magazine = exchange_trade(m, false);
    m->items[m->count++] = object;
}

/* --- what one writes first: a list under a mutex --------------------------------------------- */

typedef struct list {
    pthread_mutex_t mutex;
    void *head; /* each object begins with the next */
    char *objects;
} list;

static inline void *list_get(list *l) {
    pthread_mutex_lock(&l->mutex);
    void *object = l->head;
    if (object != NULL) l->head = *(void **)object;
    pthread_mutex_unlock(&l->mutex);
    return object;
}

static inline void list_put(list *l, void *object) {
    pthread_mutex_lock(&l->mutex);
    *(void **)object = l->head;
    l->head = object;
    pthread_mutex_unlock(&l->mutex);
}

/* --- the work -------------------------------------------------------------------------------- */

/* A caller tests what he gets, and uses it. */
static inline void *got(void *object) {
    if (object == NULL) abort();
    bench_keep(object);
    return object;
}

/* Producer to consumer: a ring, each side of which remembers what it knew of the other. */
static struct {
    void *slots[RING];
    char apart[64];
    size_t head, tail_seen;
    char apart_too[64];
    size_t tail, head_seen;
} ring;

static inline void ring_push(void *message) {
    for (int i = 0; ring.head - ring.tail_seen == RING; i++) {
        ring.tail_seen = __atomic_load_n(&ring.tail, __ATOMIC_ACQUIRE);
        if (i > 1000) sched_yield();
    }
    ring.slots[ring.head % RING] = message;
    __atomic_store_n(&ring.head, ring.head + 1, __ATOMIC_RELEASE);
}

static inline void *ring_pop(void) {
    for (int i = 0; ring.tail == ring.head_seen; i++) {
        ring.head_seen = __atomic_load_n(&ring.head, __ATOMIC_ACQUIRE);
        if (i > 1000) sched_yield();
    }
    void *message = ring.slots[ring.tail % RING];
    __atomic_store_n(&ring.tail, ring.tail + 1, __ATOMIC_RELEASE);
    return message;
}

static void *live[LIVE];
static uint16_t victims[2][REPLACES]; /* 0 .. LIVE - 1, of each side */

/* Defines what a side does, by its get and put: <name>_lifo, _produce, _consume, _replace, and
 * _fill, by which one side makes all objects that are replaced later. */
#define SIDES(name, get, put)                                                                      \
    static void name##_lifo(side *s) {                                                             \
        for (int i = 0; i < PAIRS; i++) {                                                          \
            void *object = got(get);                                                               \
            put;                                                                                   \
        }                                                                                          \
    }                                                                                              \
    static void name##_produce(side *s) {                                                          \
        for (uint64_t i = 0; i < MESSAGES; i++) {                                                  \
            void *object = got(get);                                                               \
            *(uint64_t *)object = i;                                                               \
            ring_push(object);                                                                     \
        }                                                                                          \
    }                                                                                              \
    static void name##_consume(side *s) {                                                          \
        for (int i = 0; i < MESSAGES; i++) {                                                       \
            void *object = ring_pop();                                                             \
            s->sum += *(uint64_t *)object;                                                         \
            put;                                                                                   \
        }                                                                                          \
    }                                                                                              \
    static void name##_fill(side *s) {                                                             \
        for (uint64_t i = 0; i < LIVE; i++) {                                                      \
            live[i] = got(get);                                                                    \
            *(uint64_t *)live[i] = i;                                                              \
        }                                                                                          \
    }                                                                                              \
    static void name##_replace(side *s) {                                                          \
        for (int i = 0; i < REPLACES; i++) {                                                       \
            uint16_t victim = victims[s->number][i];                                               \
            void *object = got(get);                                                               \
            *(uint64_t *)object = victim;                                                          \
            object = __atomic_exchange_n(&live[victim], object, __ATOMIC_ACQ_REL);                 \
            put;                                                                                   \
        }                                                                                          \
    }

SIDES(cache, pare_mtpool_cache_get(&s->cache), pare_mtpool_cache_put(&s->cache, object))
SIDES(slot, pare_mtpool_get(s->pool), pare_mtpool_put(s->pool, object))
SIDES(heap, s->heap->malloc(SIZE), s->heap->free(object))
SIDES(list, list_get(s->list), list_put(s->list, object))
/* The floor's stack as `pare-slot` reaches its cache: through a thread-local word. */
static _Thread_local stack *own_stack;

static inline stack *stack_own(side *s) {
    stack *own = own_stack;
    if (own == NULL) own = own_stack = s->stack;
    return own;
}

static inline void *unchecked_get(pare_mtpool_cache *c) {
    if ((uintptr_t)c->top <= (uintptr_t)c->lo) return parei_mtpool_cache_get_slow(c);
    return *--c->top;
}

static inline void unchecked_put(pare_mtpool_cache *c, void *object) {
    if ((uintptr_t)c->top >= (uintptr_t)c->hi) {
        parei_mtpool_cache_put_slow(c, object);
    } else {
        *c->top++ = object;
    }
}

SIDES(unchecked, unchecked_get(&s->cache), unchecked_put(&s->cache, object))
SIDES(own, stack_get(stack_own(s)), stack_put(stack_own(s), object))
SIDES(stack, stack_get(s->stack), stack_put(s->stack, object))
SIDES(magazine, magazine_get(s), magazine_put(s, object))

/* --- runs ------------------------------------------------------------------------------------ */

/* How a contender's two sides are set up and torn down. */
typedef struct kind {
    side_fn *lifo, *produce, *consume, *fill, *replace;
    void (*open)(bench *b, team *t);
    void (*close)(team *t);
    const bench_heap *heap; /* NULL: the contender's own, if it has one */
} kind;

static void open_pool(bench *b, team *t) {
    static pare_mtpool pool;
    pare_pool_options options = {.size = SIZE};
    bench_must(b, pare_mtpool_init(&pool, pare_heap(), &options) == PARE_OK);
    bench_must(b, pare_mtpool_reserve(&pool, LIVE + 2 * RING) == PARE_OK);
    for (int i = 0; i < 2; i++) {
        t->sides[i].pool = bench_hide(&pool);
        bench_must(b, pare_mtpool_cache_init(&t->sides[i].cache, &pool) == PARE_OK);
    }
    bench_allocs_at_most(b, 0);
}

static void close_pool(team *t) { pare_mtpool_deinit(t->sides[0].pool); }

static void open_nothing(bench *b, team *t) { (void)b, (void)t; }
static void close_nothing(team *t) { (void)t; }

static void open_list(bench *b, team *t) {
    static list shared = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    shared.head = NULL;
    shared.objects = malloc((LIVE + 2 * RING) * SIZE);
    bench_must(b, shared.objects != NULL);
    for (size_t i = LIVE + 2 * RING; i-- > 0;) list_put(&shared, shared.objects + i * SIZE);
    t->sides[0].list = t->sides[1].list = bench_hide(&shared);
}

static void close_list(team *t) { free(t->sides[0].list->objects); }

static void open_stacks(bench *b, team *t) {
    for (int i = 0; i < 2; i++) t->sides[i].stack = stack_open(b);
}

static void close_stacks(team *t) {
    for (int i = 0; i < 2; i++) stack_close(t->sides[i].stack);
}

static void close_own(team *t) {
    own_stack = NULL; /* the other thread's ends with it */
    close_stacks(t);
}

/* Enough full magazines that the ring can fill up, and enough empty ones. */
static void open_magazines(bench *b, team *t) {
    enum { COUNT = 2 * RING / MAGAZINE };
    static magazine magazines[2 * COUNT];
    open_stacks(b, t);
    exchange.full = exchange.empty = NULL;
    for (int i = 0; i < 2 * COUNT; i++) {
        magazine *m = &magazines[i], **kept = i < COUNT ? &exchange.full : &exchange.empty;
        for (m->count = 0; i < COUNT && m->count < MAGAZINE;) {
            m->items[m->count++] = stack_get(t->sides[0].stack);
        }
        m->next = *kept;
        *kept = m;
    }
    for (int i = 0; i < 2; i++) {
        magazine *m = exchange.empty;
        exchange.empty = m->next;
        t->sides[i].stack->magazine = m;
    }
}

#define KIND(name, open, close)                                                                    \
    { name##_lifo, name##_produce, name##_consume, name##_fill, name##_replace, open, close, NULL }

static const kind cache_kind = KIND(cache, open_pool, close_pool);
static const kind unchecked_kind = KIND(unchecked, open_pool, close_pool);
static const kind slot_kind = KIND(slot, open_pool, close_pool);
static const kind heap_kind = KIND(heap, open_nothing, close_nothing);
static const kind list_kind = KIND(list, open_list, close_list);
static const kind stack_kind = KIND(stack, open_stacks, close_stacks);
static const kind own_kind = KIND(own, open_stacks, close_own);
static const kind magazine_kind = KIND(magazine, open_magazines, close_stacks);

static team *team_of(bench *b, side_fn *first, side_fn *second) {
    static team t;
    const kind *k = bench_arg(b);
    team_open(b, &t, first, second);
    for (int i = 0; i < 2 && k->heap != NULL; i++) t.sides[i].heap = k->heap;
    k->open(b, &t);
    return bench_hide(&t);
}

static void team_end(bench *b, team *t) {
    team_close(t);
    ((const kind *)bench_arg(b))->close(t);
}

static void lifo_two(bench *b) {
    const kind *k = bench_arg(b);
    team *t = team_of(b, k->lifo, k->lifo);
    while (bench_next(b)) team_run(t);
    bench_ops(b, PAIRS);
    team_end(b, t);
}

static void lifo_one(bench *b) {
    const kind *k = bench_arg(b);
    team *t = team_of(b, k->lifo, NULL);
    while (bench_next(b)) k->lifo(&t->sides[0]);
    bench_ops(b, PAIRS);
    team_end(b, t);
}

static void producer_consumer(bench *b) {
    const kind *k = bench_arg(b);
    team *t = team_of(b, k->produce, k->consume);
    while (bench_next(b)) team_run(t);
    bench_ops(b, MESSAGES);
    if (bench_counting(b)) bench_result(b, &t->sides[1].sum, sizeof t->sides[1].sum);
    team_end(b, t);
}

static void cross_thread_replace(bench *b) {
    const kind *k = bench_arg(b);
    team *t = team_of(b, k->replace, k->replace);
    k->fill(&t->sides[0]);
    while (bench_next(b)) team_run(t);
    bench_ops(b, REPLACES);
    for (int i = 0; i < LIVE; i++) bench_result(b, live[i], sizeof(uint64_t));
    if (k->fill == heap_fill) {
        for (int i = 0; i < LIVE; i++) t->sides[0].heap->free(live[i]);
    }
    team_end(b, t);
}

/* --- mtpool/burst-N, mtpool/burst-1000-of-N, mtpool/bulk-32 ---------------------------------- */

enum { BURST_MOST = 100000, BULK = 32, BULKS = 1000 };

typedef struct burst {
    size_t count, size;
} burst;

static void *burst_objects[BURST_MOST];

/* Gets all, writes to each, puts all. */
#define BURST_BODY(get, put)                                                                       \
    while (bench_next(b)) {                                                                        \
        for (size_t i = 0; i < count; i++) {                                                       \
            uint64_t *object = got(get);                                                           \
            *object = i;                                                                           \
            burst_objects[i] = object;                                                             \
        }                                                                                          \
        for (size_t i = 0; i < count; i++) {                                                       \
            void *object = burst_objects[i];                                                       \
            put;                                                                                   \
        }                                                                                          \
        after_burst;                                                                               \
    }                                                                                              \
    bench_ops(b, count);

#define after_burst ((void)0)

static void burst_floor(bench *b) {
    size_t count = ((const burst *)bench_arg(b))->count, size = ((const burst *)bench_arg(b))->size;
    char *objects = malloc(count * size);
    stack *s = malloc(sizeof *s + count * sizeof(void *));
    bench_must(b, objects != NULL && s != NULL);
    s->top = s->slots;
    for (size_t i = count; i-- > 0;) stack_put(s, objects + i * size);
    s = bench_hide(s);
    BURST_BODY(stack_get(s), stack_put(s, object))
    free(s);
    free(objects);
}

static pare_mtpool *burst_open(bench *b, pare_mtpool *pool, pare_mtpool_cache *c) {
    pare_pool_options options = {.size = ((const burst *)bench_arg(b))->size};
    bench_must(b, pare_mtpool_init(pool, pare_heap(), &options) == PARE_OK);
    bench_must(b, pare_mtpool_cache_init(c, pool) == PARE_OK);
    return bench_hide(pool);
}

static void burst_cache(bench *b) {
    size_t count = ((const burst *)bench_arg(b))->count;
    pare_mtpool pool, *p;
    pare_mtpool_cache cache, *c = bench_hide(&cache);
    p = burst_open(b, &pool, c);
    BURST_BODY(pare_mtpool_cache_get(c), pare_mtpool_cache_put(c, object))
    pare_mtpool_deinit(p);
}

static void burst_slot(bench *b) {
    size_t count = ((const burst *)bench_arg(b))->count;
    pare_mtpool pool, *p;
    pare_mtpool_cache cache;
    p = burst_open(b, &pool, &cache);
    BURST_BODY(pare_mtpool_get(p), pare_mtpool_put(p, object))
    pare_mtpool_deinit(p);
}

static void burst_heap(bench *b) {
    size_t count = ((const burst *)bench_arg(b))->count, size = ((const burst *)bench_arg(b))->size;
    const bench_heap *heap = bench_heap_of(b);
    BURST_BODY(heap->malloc(size), heap->free(object))
}

#undef after_burst
#define after_burst (pare_mtpool_cache_trim(c), pare_mtpool_trim(p, 0, PARE_TRIM_ALL))

/* All memory goes back after each burst. */
static void burst_trimmed(bench *b) {
    size_t count = ((const burst *)bench_arg(b))->count;
    pare_mtpool pool, *p;
    pare_mtpool_cache cache, *c = bench_hide(&cache);
    p = burst_open(b, &pool, c);
    BURST_BODY(pare_mtpool_cache_get(c), pare_mtpool_cache_put(c, object))
    bench_must(b, pare_mtpool_get_stats(p).slab_count == 0);
    pare_mtpool_deinit(p);
}
#undef after_burst

static void bulk_cache(bench *b) {
    pare_mtpool pool, *p;
    pare_mtpool_cache cache, *c = bench_hide(&cache);
    p = burst_open(b, &pool, c);
    while (bench_next(b)) {
        for (int i = 0; i < BULKS; i++) {
            if (pare_mtpool_cache_get_n(c, burst_objects, BULK) != PARE_OK) abort();
            bench_keep(burst_objects);
            pare_mtpool_cache_put_n(c, burst_objects, BULK);
        }
    }
    bench_ops(b, BULK * BULKS);
    bench_allocs_at_most(b, 0);
    pare_mtpool_deinit(p);
}

static void bulk_floor(bench *b) {
    size_t count = BULK;
    stack *s = bench_hide(stack_open(b));
    while (bench_next(b)) {
        for (int i = 0; i < BULKS; i++) {
            s->top -= count;
            memcpy(burst_objects, s->top, sizeof *burst_objects * count);
            bench_keep(burst_objects);
            memcpy(s->top, burst_objects, sizeof *burst_objects * count);
            s->top += count;
            bench_keep(s);
        }
    }
    bench_ops(b, BULK * BULKS);
    stack_close(s);
}

static void add_burst(const char *row, const char *operation, const burst *size) {
    bench_row(row, operation);
    bench_add(row, "pare", burst_cache, size);
    bench_add(row, "pare-slot", burst_slot, size);
    if (size->count == BURST_MOST) bench_add(row, "pare-trimmed", burst_trimmed, size);
    bench_add(row, "floor", burst_floor, size);
    bench_add_heaps(row, burst_heap, size, 1);
}

static void add_bursts(void) {
    static const burst b64 = {64, 64}, b1000 = {1000, 64}, b100000 = {BURST_MOST, 64};
    static const burst of_16 = {1000, 16}, of_4096 = {1000, 4096}, bulk = {BULK, SIZE};
    add_burst("mtpool/burst-64", "an object of 64 bytes, of 64 got, written and then put", &b64);
    add_burst("mtpool/burst-1000", "the same of 1000", &b1000);
    add_burst("mtpool/burst-100000", "the same of 100 000: peak KiB is of that many", &b100000);
    add_burst("mtpool/burst-1000-of-16", "an object of 16 bytes, of 1000", &of_16);
    add_burst("mtpool/burst-1000-of-4096", "an object of 4096 bytes, of 1000", &of_4096);
    bench_row("mtpool/bulk-32", "an object of 32 got by one call and put by another");
    bench_add("mtpool/bulk-32", "pare", bulk_cache, &bulk);
    bench_add("mtpool/bulk-32", "floor", bulk_floor, NULL);
}

/* --- rows ------------------------------------------------------------------------------------ */

static void add_row(const char *row, const char *operation, bench_fn *f, const kind *floor) {
    bench_row(row, operation);
    bench_add(row, "pare", f, &cache_kind);
    bench_add(row, "pare-slot", f, &slot_kind);
    bench_add(row, "pare-unchecked", f, &unchecked_kind);
    bench_add(row, "floor", f, floor);
    if (floor == &stack_kind) bench_add(row, "floor-slot", f, &own_kind);
    bench_add_heaps(row, f, &heap_kind, 1);
    bench_add(row, "mutex-list", f, &list_kind);
}

/* Its producer and consumer take 20 us per message: a batch would take half a second. */
static bool too_slow(const bench_heap *peer) { return strcmp(peer->name, "pmr-sync-pool") == 0; }

void bench_mtpool_add_peer(const bench_heap *peer) {
    enum { PEERS_MAX = 8 };
    static kind kinds[PEERS_MAX];
    static int count;
    if (count == PEERS_MAX) abort();
    kind *k = &kinds[count++];
    *k = heap_kind;
    k->heap = peer;
    bench_add("mtpool/lifo-2-threads", peer->name, lifo_two, k);
    bench_add("mtpool/lifo-1-thread", peer->name, lifo_one, k);
    if (!too_slow(peer)) bench_add("mtpool/producer-consumer", peer->name, producer_consumer, k);
    bench_add("mtpool/cross-thread-replace", peer->name, cross_thread_replace, k);
}

void bench_mtpool(void) {
    uint64_t random = 1;
    for (int i = 0; i < 2; i++) {
        for (int j = 0; j < REPLACES; j++) victims[i][j] = (uint16_t)(bench_random(&random) % LIVE);
    }
    add_row("mtpool/lifo-2-threads",
            "a get of 64 bytes and its put at once, in each of two threads", lifo_two, &stack_kind);
    add_row("mtpool/lifo-1-thread", "the same in one thread alone", lifo_one, &stack_kind);
    add_row("mtpool/producer-consumer",
            "64 bytes got in one thread, sent through a ring to another, and put there",
            producer_consumer, &magazine_kind);
    add_row(
        "mtpool/cross-thread-replace",
        "one of 10 000 live objects of 64 bytes, a random one, replaced, in each of two threads",
        cross_thread_replace, &stack_kind);
    add_bursts();
}
