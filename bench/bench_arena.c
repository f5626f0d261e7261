/* bench_arena.c - what does an allocation cost when many objects die together?
 *
 * Read against `floor`, a bump pointer written out by hand over memory that is simply there, and
 * against `libc`, which must free the objects one by one. `pare` has one block of the size that
 * floor has; `pare-default` is a zeroed arena, whose blocks double as it fills. The fill rows tell
 * whether the cost of an object stays flat as arenas grow, blocks and page faults included.
 * SPDX-License-Identifier: MIT */
#include "bench_arena.h"
#include "pare/arena.h"
#include "pare/bufpool.h"
#include "pare/heap.h"

/* --- the floor: a bump pointer ------------------------------------------------------------ */

typedef struct bump {
    char *ptr, *end, *base;
} bump;

/* Where an arena that grows would do so; this one never has to, but the compiler cannot know. */
static __attribute__((noinline, cold)) void *bump_grow(bump *a, size_t size) {
    return bench_hide(size < SIZE_MAX ? NULL : a);
}

/* Sizes are sane. */
static inline void *bump_alloc(bump *a, size_t size) {
    char *object = a->ptr, *next = object + ((size + 7) & ~(size_t)7);
    if (next > a->end) return bump_grow(a, size);
    a->ptr = next;
    if (object == NULL) __builtin_unreachable();
    return object;
}

static bump *bump_open(bench *b, bump *a) {
    a->base = a->ptr = malloc(BLOCK_BYTES);
    bench_must(b, a->base != NULL);
    a->end = a->base + BLOCK_BYTES;
    return bench_hide(a);
}

static void bump_reset(bump *a) { a->ptr = a->base; }
static void bump_close(bump *a) { free(a->base); }

/* --- pare --------------------------------------------------------------------------------- */

static const pare_arena_options one_block = {.block_min = BLOCK_BYTES + 4096,
                                             .block_max = 2 * BLOCK_BYTES};

/* The argument of a pare contender is its options. */
static pare_arena *arena_open(bench *b, pare_arena *a) {
    bench_must(b, pare_arena_init(a, pare_heap(), bench_arg(b)) == PARE_OK);
    bench_allocs_at_most(b, 0);
    return bench_hide(a);
}

/* --- arena/alloc-32 ----------------------------------------------------------------------- */

static void alloc_32_floor(bench *b) {
    bump state, *a = bump_open(b, &state);
    void *objects[OBJECTS];
    while (bench_next(b)) {
        for (int i = 0; i < OBJECTS; i++) got(bump_alloc(a, 32));
        bump_reset(a);
    }
    bench_ops(b, OBJECTS);
    for (int i = 0; i < OBJECTS; i++) objects[i] = bump_alloc(a, 32);
    show_objects(b, objects, NULL);
    bump_close(a);
}

static void alloc_32_pare(bench *b) {
    pare_arena state, *a = arena_open(b, &state);
    void *objects[OBJECTS];
    while (bench_next(b)) {
        for (int i = 0; i < OBJECTS; i++) got(pare_arena_alloc(a, 32, 8));
        pare_arena_reset(a);
    }
    bench_ops(b, OBJECTS);
    for (int i = 0; i < OBJECTS; i++) objects[i] = pare_arena_alloc(a, 32, 8);
    show_objects(b, objects, NULL);
    pare_arena_deinit(a);
}

static void alloc_32_heap(bench *b) {
    const bench_heap *heap = bench_heap_of(b);
    void *objects[OBJECTS];
    while (bench_next(b)) {
        for (int i = 0; i < OBJECTS; i++) objects[i] = got(heap->malloc(32));
        for (int i = 0; i < OBJECTS; i++) heap->free(objects[i]);
    }
    bench_ops(b, OBJECTS);
    for (int i = 0; i < OBJECTS; i++) objects[i] = heap->malloc(32);
    show_objects(b, objects, NULL);
    for (int i = 0; i < OBJECTS; i++) heap->free(objects[i]);
}

/* --- arena/alloc-mixed, arena/alloc-mixed-written ------------------------------------------ */

static uint32_t mixed_sizes[OBJECTS];

static inline __attribute__((always_inline)) void mixed_floor(bench *b, bool written) {
    bump state, *a = bump_open(b, &state);
    void *objects[OBJECTS];
    const uint32_t *sizes = bench_hide(mixed_sizes);
    while (bench_next(b)) {
        for (int i = 0; i < OBJECTS; i++) {
            void *object = bump_alloc(a, sizes[i]);
            if (written) memset(object, i, sizes[i]);
            got(object);
        }
        bump_reset(a);
    }
    bench_ops(b, OBJECTS);
    for (int i = 0; i < OBJECTS; i++) objects[i] = bump_alloc(a, sizes[i]);
    show_objects(b, objects, sizes);
    bump_close(a);
}

static inline __attribute__((always_inline)) void mixed_pare(bench *b, bool written) {
    pare_arena state, *a = arena_open(b, &state);
    void *objects[OBJECTS];
    const uint32_t *sizes = bench_hide(mixed_sizes);
    while (bench_next(b)) {
        for (int i = 0; i < OBJECTS; i++) {
            void *object = pare_arena_alloc(a, sizes[i], 8);
            if (written) memset(object, i, sizes[i]);
            got(object);
        }
        pare_arena_reset(a);
    }
    bench_ops(b, OBJECTS);
    for (int i = 0; i < OBJECTS; i++) objects[i] = pare_arena_alloc(a, sizes[i], 8);
    show_objects(b, objects, sizes);
    pare_arena_deinit(a);
}

static inline __attribute__((always_inline)) void mixed_heap(bench *b, bool written) {
    const bench_heap *heap = bench_heap_of(b);
    void *objects[OBJECTS];
    const uint32_t *sizes = bench_hide(mixed_sizes);
    while (bench_next(b)) {
        for (int i = 0; i < OBJECTS; i++) {
            objects[i] = heap->malloc(sizes[i]);
            if (written) memset(objects[i], i, sizes[i]);
            got(objects[i]);
        }
        for (int i = 0; i < OBJECTS; i++) heap->free(objects[i]);
    }
    bench_ops(b, OBJECTS);
    for (int i = 0; i < OBJECTS; i++) objects[i] = heap->malloc(sizes[i]);
    show_objects(b, objects, sizes);
    for (int i = 0; i < OBJECTS; i++) heap->free(objects[i]);
}

static void alloc_mixed_floor(bench *b) { mixed_floor(b, false); }
static void alloc_mixed_pare(bench *b) { mixed_pare(b, false); }
static void alloc_mixed_heap(bench *b) { mixed_heap(b, false); }
static void alloc_mixed_written_floor(bench *b) { mixed_floor(b, true); }
static void alloc_mixed_written_pare(bench *b) { mixed_pare(b, true); }
static void alloc_mixed_written_heap(bench *b) { mixed_heap(b, true); }

/* --- arena/request-20 ---------------------------------------------------------------------
 * `pare` starts on 4 KiB of the stack, as floor does; `pare-reset` keeps one arena and resets it
 * after each request; `pare-heap` is a zeroed arena, made and dropped with each request. */

static void request_floor(bench *b) {
    void *objects[REQUEST_OBJECTS];
    char block[REQUEST_BYTES];
    bump state, *a = bench_hide(&state);
#define BUMP(i, size) objects[i] = got(bump_alloc(a, size));
    while (bench_next(b)) {
        for (int i = 0; i < REQUESTS; i++) {
            a->ptr = bench_hide(block);
            a->end = a->ptr + sizeof block;
            REQUEST(BUMP)
        }
    }
    bench_ops(b, REQUESTS);
    show_request(b, objects);
}

static void request_pare(bench *b) {
    void *objects[REQUEST_OBJECTS];
    char block[REQUEST_BYTES];
    pare_arena state, *a = bench_hide(&state);
#define PARE(i, size) objects[i] = got(pare_arena_alloc(a, size, 8));
    while (bench_next(b)) {
        for (int i = 0; i < REQUESTS; i++) {
            pare_arena_init_with(a, bench_hide(block), sizeof block, pare_heap());
            REQUEST(PARE)
            pare_arena_deinit(a);
        }
    }
    bench_ops(b, REQUESTS);
    bench_allocs_at_most(b, 0);
    pare_arena_init_with(a, block, sizeof block, pare_heap());
    REQUEST(PARE)
    show_request(b, objects);
    pare_arena_deinit(a);
}

static void request_pare_reset(bench *b) {
    void *objects[REQUEST_OBJECTS];
    pare_arena state, *a = arena_open(b, &state);
    while (bench_next(b)) {
        for (int i = 0; i < REQUESTS; i++) {
            REQUEST(PARE)
            pare_arena_reset(a);
        }
    }
    bench_ops(b, REQUESTS);
    REQUEST(PARE)
    show_request(b, objects);
    pare_arena_deinit(a);
}

static void request_pare_heap(bench *b) {
    void *objects[REQUEST_OBJECTS];
    pare_arena state = {0}, *a = bench_hide(&state);
    while (bench_next(b)) {
        for (int i = 0; i < REQUESTS; i++) {
            REQUEST(PARE)
            pare_arena_deinit(a);
        }
    }
    bench_ops(b, REQUESTS);
    REQUEST(PARE)
    show_request(b, objects);
    pare_arena_deinit(a);
}

/* Arenas that come and go, their blocks from a pool that they share. */
static void request_pare_bufpool(bench *b) {
    void *objects[REQUEST_OBJECTS];
    pare_bufpool blocks = {0};
    pare_arena state, *a = bench_hide(&state);
    while (bench_next(b)) {
        for (int i = 0; i < REQUESTS; i++) {
            bench_must(b, pare_arena_init(a, pare_bufpool_allocator(&blocks), NULL) == PARE_OK);
            REQUEST(PARE)
            pare_arena_deinit(a);
        }
    }
    bench_ops(b, REQUESTS);
    bench_allocs_at_most(b, 0);
    bench_must(b, pare_arena_init(a, pare_bufpool_allocator(&blocks), NULL) == PARE_OK);
    REQUEST(PARE)
    show_request(b, objects);
    pare_arena_deinit(a);
    pare_bufpool_deinit(&blocks);
}

static void request_heap(bench *b) {
    const bench_heap *heap = bench_heap_of(b);
    void *objects[REQUEST_OBJECTS];
#define MALLOC(i, size) objects[i] = got(heap->malloc(size));
    while (bench_next(b)) {
        for (int i = 0; i < REQUESTS; i++) {
            REQUEST(MALLOC)
            for (int k = 0; k < REQUEST_OBJECTS; k++) heap->free(objects[k]);
        }
    }
    bench_ops(b, REQUESTS);
    REQUEST(MALLOC)
    show_request(b, objects);
    for (int k = 0; k < REQUEST_OBJECTS; k++) heap->free(objects[k]);
}

/* --- arena/fill-N -------------------------------------------------------------------------- */

/* The argument is how many objects; the arena or heap is empty before and after. `pare-reset` keeps
 * its arena, and so its blocks and the kernel's pages. */
typedef struct item {
    struct item *next; /* the one before; so that a heap finds what is to be freed */
    size_t index;
    size_t unused; /* 24 bytes */
} item;

#define FILL(count, allocate)                                                                      \
    item *last = NULL;                                                                             \
    for (size_t i = 0; i < count; i++) {                                                           \
        item *fresh = got(allocate);                                                               \
        fresh->next = last;                                                                        \
        fresh->index = i;                                                                          \
        last = fresh;                                                                              \
    }                                                                                              \
    return last

static item *fill_bump(bump *a, size_t count) { FILL(count, bump_alloc(a, sizeof(item))); }
static item *fill_arena(pare_arena *a, size_t count) { FILL(count, PARE_ARENA_NEW(a, item)); }
static item *fill_malloc(const bench_heap *heap, size_t count) {
    FILL(count, heap->malloc(sizeof(item)));
}

static void fill_free(const bench_heap *heap, item *last) {
    while (last != NULL) {
        item *next = last->next;
        heap->free(last);
        last = next;
    }
}

static void show_items(bench *b, const item *last) {
    if (!bench_counting(b)) return;
    for (; last != NULL; last = last->next) bench_result(b, &last->index, sizeof last->index);
}

static bump *fill_open(bench *b, bump *a, size_t count) {
    a->base = a->ptr = malloc(count * sizeof(item));
    bench_must(b, a->base != NULL);
    a->end = a->base + count * sizeof(item);
    return a;
}

static void fill_floor(bench *b) {
    size_t count = *(const size_t *)bench_arg(b);
    bump state, *a = bench_hide(&state);
    bench_peak_resident(b);
    while (bench_next(b)) {
        bench_keep(fill_bump(fill_open(b, a, count), count));
        bump_close(a);
    }
    bench_ops(b, count);
    show_items(b, fill_bump(fill_open(b, a, count), count));
    bump_close(a);
}

static void fill_pare(bench *b) {
    size_t count = *(const size_t *)bench_arg(b);
    pare_arena state = {0}, *a = bench_hide(&state);
    bench_peak_resident(b);
    while (bench_next(b)) {
        bench_keep(fill_arena(a, count));
        pare_arena_deinit(a);
    }
    bench_ops(b, count);
    show_items(b, fill_arena(a, count));
    pare_arena_deinit(a);
}

static void fill_pare_reset(bench *b) {
    size_t count = *(const size_t *)bench_arg(b);
    pare_arena state = {0}, *a = bench_hide(&state);
    bench_peak_resident(b);
    bench_allocs_at_most(b, 0);
    while (bench_next(b)) {
        bench_keep(fill_arena(a, count));
        pare_arena_reset(a);
    }
    bench_ops(b, count);
    show_items(b, fill_arena(a, count));
    pare_arena_deinit(a);
}

static void fill_heap(bench *b) {
    size_t count = *(const size_t *)bench_arg(b);
    const bench_heap *heap = bench_heap_of(b);
    bench_peak_resident(b);
    while (bench_next(b)) {
        item *last = fill_malloc(heap, count);
        bench_keep(last);
        fill_free(heap, last);
    }
    bench_ops(b, count);
    item *last = fill_malloc(heap, count);
    show_items(b, last);
    fill_free(heap, last);
}

/* --- arena/many-256 ------------------------------------------------------------------------ */

/* Small arenas, all there at once: made, filled with ten objects, dropped. Each has one block: of
 * `pare` 1 KiB of the C library's heap, of `pare-default` 4 KiB, of `pare-bufpool` 1 KiB of a pool
 * that keeps it. */
enum { ARENAS = 256, ARENA_OBJECTS = 10, ARENA_BYTES = 1024 };

static const pare_arena_options small_blocks = {.block_min = ARENA_BYTES};

static void many_floor(bench *b) {
    char *memory = malloc((size_t)ARENAS * ARENA_BYTES);
    bump state[ARENAS], *arenas = bench_hide(state);
    bench_must(b, memory != NULL);
    while (bench_next(b)) {
        for (int i = 0; i < ARENAS; i++) {
            arenas[i].ptr = memory + (size_t)i * ARENA_BYTES;
            arenas[i].end = arenas[i].ptr + ARENA_BYTES;
            bench_keep(fill_bump(&arenas[i], ARENA_OBJECTS));
        }
    }
    bench_ops(b, ARENAS);
    arenas[0].ptr = memory;
    show_items(b, fill_bump(&arenas[0], ARENA_OBJECTS));
    free(memory);
}

static void many_pare_over(bench *b, pare_allocator from, const pare_arena_options *options) {
    static pare_arena state[ARENAS];
    pare_arena *arenas = bench_hide(state);
    while (bench_next(b)) {
        for (int i = 0; i < ARENAS; i++) {
            bench_must(b, pare_arena_init(&arenas[i], from, options) == PARE_OK);
            bench_keep(fill_arena(&arenas[i], ARENA_OBJECTS));
        }
        for (int i = 0; i < ARENAS; i++) pare_arena_deinit(&arenas[i]);
    }
    bench_ops(b, ARENAS);
    show_items(b, fill_arena(&arenas[0], ARENA_OBJECTS));
    pare_arena_deinit(&arenas[0]);
}

static void many_pare(bench *b) { many_pare_over(b, pare_heap(), bench_arg(b)); }

static void many_pare_bufpool(bench *b) {
    pare_bufpool blocks = {0};
    bench_allocs_at_most(b, 0);
    many_pare_over(b, pare_bufpool_allocator(&blocks), bench_arg(b));
    pare_bufpool_deinit(&blocks);
}

static void many_heap(bench *b) {
    const bench_heap *heap = bench_heap_of(b);
    item *lasts[ARENAS];
    while (bench_next(b)) {
        for (int i = 0; i < ARENAS; i++) {
            lasts[i] = fill_malloc(heap, ARENA_OBJECTS);
            bench_keep(lasts[i]);
        }
        for (int i = 0; i < ARENAS; i++) fill_free(heap, lasts[i]);
    }
    bench_ops(b, ARENAS);
    lasts[0] = fill_malloc(heap, ARENA_OBJECTS);
    show_items(b, lasts[0]);
    fill_free(heap, lasts[0]);
}

/* --- arena/tree --------------------------------------------------------------------------- */

static node *tree_floor(bump *a) { GROW_TREE(bump_alloc(a, sizeof(node))); }
static node *tree_pare(pare_arena *a) { GROW_TREE(PARE_ARENA_NEW(a, node)); }
static node *tree_heap(const bench_heap *heap) { GROW_TREE(heap->malloc(sizeof(node))); }

static void tree_heap_free(const bench_heap *heap, node *n) {
    while (n != NULL) {
        node *next = n->next;
        heap->free(n);
        n = next;
    }
}

static void grow_tree_floor(bench *b) {
    bump state, *a = bump_open(b, &state);
    while (bench_next(b)) {
        bench_keep(tree_floor(a));
        bump_reset(a);
    }
    bench_ops(b, TREE_NODES);
    show_tree(b, tree_floor(a));
    bump_close(a);
}

static void grow_tree_pare(bench *b) {
    pare_arena state, *a = arena_open(b, &state);
    while (bench_next(b)) {
        bench_keep(tree_pare(a));
        pare_arena_reset(a);
    }
    bench_ops(b, TREE_NODES);
    show_tree(b, tree_pare(a));
    pare_arena_deinit(a);
}

static void grow_tree_heap(bench *b) {
    const bench_heap *heap = bench_heap_of(b);
    node *tree;
    while (bench_next(b)) {
        tree = tree_heap(heap);
        bench_keep(tree);
        tree_heap_free(heap, tree);
    }
    bench_ops(b, TREE_NODES);
    tree = tree_heap(heap);
    show_tree(b, tree);
    tree_heap_free(heap, tree);
}

/* --- rows --------------------------------------------------------------------------------- */

static void add_row(const char *row, const char *operation, bench_fn *pare, bench_fn *floor,
                    bench_fn *heap) {
    bench_row(row, operation);
    bench_add(row, "pare", pare, &one_block);
    bench_add(row, "pare-default", pare, NULL);
    bench_add(row, "floor", floor, NULL);
    bench_add_heaps(row, heap, NULL, 1);
}

static void add_fill_row(const char *row, const size_t *count) {
    bench_row(row, "one of that many allocations of 24 bytes in an arena made for them, then "
                   "dropped; peak bytes are what is resident");
    bench_add(row, "pare", fill_pare, count);
    bench_add(row, "pare-reset", fill_pare_reset, count);
    bench_add(row, "floor", fill_floor, count);
    bench_add_heaps(row, fill_heap, count, 1);
}

void bench_arena(void) {
    static const size_t counts[] = {10, 1000, 100000, 10000000};
    fill_mixed_sizes(mixed_sizes);
    add_row("arena/alloc-32", "one of 1000 allocations of 32 bytes, then all are dropped",
            alloc_32_pare, alloc_32_floor, alloc_32_heap);
    add_row("arena/alloc-mixed", "one of 1000 allocations of 8 to 512 bytes, then all are dropped",
            alloc_mixed_pare, alloc_mixed_floor, alloc_mixed_heap);
    add_row("arena/alloc-mixed-written", "the same, with every byte written",
            alloc_mixed_written_pare, alloc_mixed_written_floor, alloc_mixed_written_heap);

    bench_row("arena/request-20", "a request: an arena made, 20 allocations, the arena dropped");
    bench_add("arena/request-20", "pare", request_pare, NULL);
    bench_add("arena/request-20", "pare-reset", request_pare_reset, NULL);
    bench_add("arena/request-20", "pare-heap", request_pare_heap, NULL);
    bench_add("arena/request-20", "pare-bufpool", request_pare_bufpool, NULL);
    bench_add("arena/request-20", "floor", request_floor, NULL);
    bench_add_heaps("arena/request-20", request_heap, NULL, REQUEST_OBJECTS);

    add_row("arena/tree", "one node of a binary tree of 65 535, built level by level, then dropped",
            grow_tree_pare, grow_tree_floor, grow_tree_heap);

    add_fill_row("arena/fill-10", &counts[0]);
    add_fill_row("arena/fill-1000", &counts[1]);
    add_fill_row("arena/fill-100000", &counts[2]);
    add_fill_row("arena/fill-10000000", &counts[3]);
    bench_row_long("arena/fill-10000000");

    bench_row("arena/many-256", "a small arena: made, ten allocations of 24 bytes, and, when there "
                                "are 256 of them, dropped");
    bench_add("arena/many-256", "pare", many_pare, &small_blocks);
    bench_add("arena/many-256", "pare-default", many_pare, NULL);
    bench_add("arena/many-256", "pare-bufpool", many_pare_bufpool, &small_blocks);
    bench_add("arena/many-256", "floor", many_floor, NULL);
    bench_add_heaps("arena/many-256", many_heap, NULL, ARENA_OBJECTS);
}
