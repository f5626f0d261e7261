/* bench_arena.h - the work of the arena rows: what bench_arena.c and peers_arena.cc do alike. Valid
 * C and C++.
 * SPDX-License-Identifier: MIT */
#ifndef PARE_BENCH_ARENA_H
#define PARE_BENCH_ARENA_H
#include "shim.h"
#include <stdlib.h>
#include <string.h>

enum {
    OBJECTS = 1000,        /* of one phase */
    BLOCK_BYTES = 4 << 20, /* room for any phase here */
    REQUESTS = 64,         /* of a batch */
    REQUEST_OBJECTS = 20,
    REQUEST_BYTES = 4096, /* room for one request, on the stack */
    TREE_NODES = 65535    /* 2^16 - 1 */
};

/* A caller tests what he gets, and uses it. */
static inline void *got(void *object) {
    if (object == NULL) abort();
    bench_keep(object);
    return object;
}

/* --- arena/alloc ---------------------------------------------------------------------------- */

static inline void fill_mixed_sizes(uint32_t sizes[OBJECTS]) { /* 8 .. 512 */
    uint64_t random = 1;
    for (int i = 0; i < OBJECTS; i++) sizes[i] = 8 + (uint32_t)(bench_random(&random) % 505);
}

/* The output of an allocator: objects that hold what was written, so none overlaps another. */
static inline void show_objects(bench *b, void *const *objects, const uint32_t *sizes) {
    for (int i = 0; i < OBJECTS; i++) memset(objects[i], i, sizes != NULL ? sizes[i] : 32);
    for (int i = 0; i < OBJECTS; i++) bench_result(b, objects[i], sizes != NULL ? sizes[i] : 32);
}

/* --- arena/request-20 ------------------------------------------------------------------------ */

/* A request's 20 objects: sizes known at compile time, as those of structs are. */
/* clang-format off */
#define REQUEST(X)                                                                                 \
    X(0, 16) X(1, 24) X(2, 32) X(3, 40) X(4, 48) X(5, 64) X(6, 96) X(7, 128) X(8, 24) X(9, 32)     \
    X(10, 16) X(11, 48) X(12, 200) X(13, 64) X(14, 32) X(15, 24) X(16, 72) X(17, 256) X(18, 40)    \
    X(19, 16)
/* clang-format on */

static inline void show_request(bench *b, void *const *objects) {
#define WRITE(i, size) memset(objects[i], i, size);
#define SHOW(i, size) bench_result(b, objects[i], size);
    if (!bench_counting(b)) return;
    REQUEST(WRITE)
    REQUEST(SHOW)
}

/* --- arena/tree ------------------------------------------------------------------------------ */

/* Built level by level, so that what is timed is allocation and not recursion: the queue of nodes
 * that still lack children runs through the nodes themselves. */
typedef struct node {
    struct node *left, *right;
    struct node *next; /* in the queue, and for a heap in the list of what is to be freed */
    uint64_t key;
} node;

/* Others may look at the node, and so the arena's position is in memory between two of them, as in
 * any program whose nodes are not all made in one loop. */
static inline node *node_fill(void *object, uint64_t key) {
    node *n = (node *)object;
    if (n == NULL) abort();
    n->left = n->right = n->next = NULL;
    n->key = key;
    bench_keep(n);
    return n;
}

/* The parent of node `key` is node key / 2. */
#define GROW_TREE(allocate)                                                                        \
    node *root = node_fill(allocate, 1), *parent = root, *last = root;                             \
    for (uint64_t key = 2; key <= TREE_NODES; key++) {                                             \
        node *n = node_fill(allocate, key);                                                        \
        if (key % 2 == 0) {                                                                        \
            parent->left = n;                                                                      \
        } else {                                                                                   \
            parent->right = n;                                                                     \
            parent = parent->next;                                                                 \
        }                                                                                          \
        last = last->next = n;                                                                     \
    }                                                                                              \
    return root

/* Its keys in order, as bytes. */
static inline void show_tree(bench *b, const node *n) {
    if (n == NULL) return;
    show_tree(b, n->left);
    bench_result(b, &n->key, sizeof n->key);
    show_tree(b, n->right);
}

#endif
