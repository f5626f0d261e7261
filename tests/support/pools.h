/* support/pools.h - the tests that every pool has to pass, by whatever calls it is used.
 *
 * A face is one way to use a pool; the cases of pools.c know nothing else of it.
 * SPDX-License-Identifier: MIT */
#ifndef POOLS_H
#define POOLS_H
#include "support/probe.h"
#include "pare/mtpool.h"

/* What a face keeps: each uses one half. */
typedef union some_pool {
    pare_pool one;
    struct {
        pare_mtpool pool;
        pare_mtpool_cache cache;
    } many;
} some_pool;

typedef struct pool_face {
    const char *name;
    const char *module; /* as misuse names it */
    unsigned flags;     /* of every pool, beside what a case asks for */
    pare_status (*init)(some_pool *p, pare_allocator from, const pare_pool_options *o);
    void (*deinit)(some_pool *p);
    void *(*get)(some_pool *p);
    void (*put)(some_pool *p, void *object);
    pare_status (*get_n)(some_pool *p, void **out, size_t count);
    void (*put_n)(some_pool *p, void *const *objects, size_t count);
    pare_status (*reserve)(some_pool *p, size_t count);
    void (*trim)(some_pool *p, uint64_t now_ms, int level);
    void (*idle)(some_pool *p); /* shares what only this user finds */
    pare_status (*status)(const some_pool *p);
    pare_pool_stats (*stats)(const some_pool *p);
    pare_allocator (*allocator)(some_pool *p);
    int (*owns)(const some_pool *p, const void *object);
    void (*visit_live)(const some_pool *p, void (*visit)(void *ctx, void *object, const void *site),
                       void *ctx);
} pool_face;

/* Runs all cases with `face`; how many failed. */
int pools_run(const pool_face *face);

/* Those of hardened.c, which set the flags themselves. */
int pools_run_hardened(const pool_face *face);

/* --- for other tests of pools ------------------------------------------------------------ */

/* Options that ask for this size and nothing else. */
pare_pool_options sized(size_t size);

void reset_nothing(void *ctx, void *object);

/* splitmix64 */
uint64_t next_random(uint64_t *state);

/* An object with something built in it, and what its callbacks saw. */
typedef struct conn {
    uint64_t serial; /* what init built */
    int uses;        /* what reset drops */
    char pad[48];
} conn;

typedef struct maker {
    some_pool *pool;
    uint64_t made, reset, ended;
    uint64_t fail_at; /* init number that fails */
    int call;         /* what a callback calls into the pool */
} maker;

/* Options of a pool of conns that `m` makes. */
pare_pool_options conns(maker *m);

/* An mtpool by its plain calls, which are expected to work. */
void mt_open(pare_mtpool *pool, probe *p, pare_pool_options o);
void *mt_get(pare_mtpool *pool);
void mt_get_all(pare_mtpool *pool, void **objects, size_t count);
void mt_put_all(pare_mtpool *pool, void **objects, size_t count);
size_t mt_live(const pare_mtpool *pool);

#endif
