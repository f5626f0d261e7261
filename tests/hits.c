/* hits.c - hit paths whose instructions hits.cmake counts: up to the first return, that included.
 * SPDX-License-Identifier: MIT */
#include "pare.h"

struct node {
    struct node *left, *right;
    long key;
};

struct node *hit_arena_constant(pare_arena *a) {
    return PARE_ARENA_NEW(a, struct node);
}

/* The compiler knows that a hit is not NULL: the caller's test costs nothing. */
struct node *hit_arena_tested(pare_arena *a) {
    struct node *n = PARE_ARENA_NEW(a, struct node);
    if (n == NULL) __builtin_trap();
    n->key = 1;
    return n;
}

void *hit_arena_run_time(pare_arena *a, size_t size) { return pare_arena_alloc(a, size, 8); }

void *hit_pool_get(pare_pool *p) { return pare_pool_get(p); }

void hit_pool_put(pare_pool *p, void *object) { pare_pool_put(p, object); }

void *hit_cache_get(pare_mtpool_cache *c) { return pare_mtpool_cache_get(c); }

void hit_cache_put(pare_mtpool_cache *c, void *object) { pare_mtpool_cache_put(c, object); }

void *hit_mtpool_get(pare_mtpool *p) { return pare_mtpool_get(p); }

void hit_mtpool_put(pare_mtpool *p, void *object) { pare_mtpool_put(p, object); }

void hit_str_char(pare_str *s) { pare_str_append_char(s, ','); }
