/* internal/bufrack.h - what an mtbufpool keeps: a stock of magazines per class, the budget that
 * bounds them, and racks, which are what lies behind a pare_mtbufpool_cache.
 *
 * What is charged to the budget is every magazine, full or not, for all that it has room for. It is
 * charged when it is made and for as long as there is one, so neither hits nor trades have a sum to
 * update, and what is kept can never pass the budget.
 *
 * The pool's lock guards the stocks, the list of racks, the charge and the counts, and is held for
 * a few stores; those of the stocks are only taken inside it, so that a fork has one lock to wait
 * for and not one per class. The allocator is called under no lock and only while all is whole, and
 * nothing read before such a call is trusted after it: it may trim the pool, or even get and put.
 * Likewise misuse is reported.
 * SPDX-License-Identifier: MIT */
#ifndef PAREI_BUFRACK_H
#define PAREI_BUFRACK_H
#include "pare/mtbufpool.h"
#include "internal/classes.h"
#include "internal/mag.h"
#include "internal/os.h"
#include "internal/slots.h"
#include "internal/stock.h"
#include "internal/trims.h"

#define PAREI_MTBUFPOOL_NAME "mtbufpool" /* in reports of misuse */
#define PAREI_MTBUFPOOL_TWICE "double put"
#define PAREI_MTBUFPOOL_LINE ((size_t)64)

/* Caches hold buffers up to this size. */
#define PAREI_MTBUFPOOL_CACHED_BYTES ((size_t)65536)

/* --- types ------------------------------------------------------------------------------- */

/* A class, as all caches share it. */
typedef struct parei_mtbufpool_class {
    parei_stock stock;
    size_t capacity; /* buffers that one of its magazines has room for */
    uint64_t hits;   /* of calls without a cache, and through caches that are gone */
    uint64_t misses, dropped;
    char apart[PAREI_MTBUFPOOL_LINE]; /* trades leave other classes alone */
} parei_mtbufpool_class;

/* A class in a cache. */
typedef struct parei_mtbufpool_pair {
    parei_magazine *magazines[2]; /* NULL: none yet */
    unsigned loaded;              /* 0 or 1 */
} parei_mtbufpool_pair;

typedef struct parei_mtbufpool_rack {
    pare_mtbufpool_cache own; /* unless a caller owns the cache */
    pare_mtbufpool_cache *cache;
    struct parei_mtbufpool_state *state;
    struct parei_mtbufpool_rack *prev, *next; /* of all racks */
    parei_mtbufpool_pair *pairs;              /* by row */
    pare_span block;
} parei_mtbufpool_rack;

typedef struct parei_mtbufpool_state {
    parei_owner owner;
    parei_lock lock;
    parei_mtbufpool_rack *racks;
    size_t rack_count;
    size_t charged_bytes; /* at most retain_bytes */
    size_t overhead_bytes;
    uint64_t oversize, refusals;
    uint64_t dropped[PAREI_FATE_KEPT]; /* by fate */
    uint64_t allocs, frees, total_bytes;
    parei_trims trims;

    bool wipe, watched; /* from here on nothing changes */
    pare_mtbufpool *pool;
    pare_allocator from;
    parei_classes classes;
    parei_mtbufpool_class *rows;
    size_t cached_end; /* rows below are in caches */
    size_t align;
    size_t retain_bytes;
    size_t block_bytes; /* of this state and the rows */
} parei_mtbufpool_state;

/* --- memory ------------------------------------------------------------------------------ */

/* Adds one under the lock. */
PARE_API void parei_mtbufpool_count(parei_mtbufpool_state *s, uint64_t *counter);

/* A block of exactly `size` bytes from the pool's allocator, counted; and back. */
PARE_API pare_status parei_mtbufpool_alloc(parei_mtbufpool_state *s, size_t size, size_t align,
                                           unsigned flags, pare_span *out);

/* Gives back a buffer that is in no magazine any more. */
PARE_API void parei_mtbufpool_release(parei_mtbufpool_state *s, pare_span buffer);

/* --- stocks ------------------------------------------------------------------------------ */

/* Buffers that a magazine of `row` has room for; 0 where the budget is below one. */
PARE_API size_t parei_mtbufpool_capacity(const parei_mtbufpool_state *s, size_t row);

/* A kept buffer from the stock, without a cache. False: there is none. */
PARE_API bool parei_mtbufpool_take(parei_mtbufpool_state *s, size_t row, void **out);

/* Keeps a buffer in the stock, or says why not. */
PARE_API parei_fate parei_mtbufpool_give(parei_mtbufpool_state *s, size_t row, void *ptr);

/* Whether the magazines in stock hold `ptr`. */
PARE_API bool parei_mtbufpool_in_stock(parei_mtbufpool_state *s, size_t row, const void *ptr);

/* Gives back the buffers of up to `count` of the oldest magazines in stock, and these. */
PARE_API void parei_mtbufpool_give_back(parei_mtbufpool_state *s, size_t row, size_t count,
                                        const void *site);

PARE_API void parei_mtbufpool_free_empties(parei_mtbufpool_state *s);

/* --- racks ------------------------------------------------------------------------------- */

/* `c` NULL: with a cache of its own. */
PARE_API pare_status parei_bufrack_new(parei_mtbufpool_state *s, pare_mtbufpool_cache *c,
                                       parei_mtbufpool_rack **out);

/* Moves all that it holds to the stocks. */
PARE_API void parei_bufrack_flush(parei_mtbufpool_rack *r, const void *site);

/* Gives back what it holds and itself; a caller's cache is zeroed. */
PARE_API void parei_bufrack_end(parei_mtbufpool_rack *r, const void *site);

/* A kept buffer of a class that caches hold, from the rack or the stock. False: there is none. */
PARE_API bool parei_bufrack_pop(parei_mtbufpool_rack *r, size_t row, void **out);

/* Keeps a buffer of such a class, or says why not. */
PARE_API parei_fate parei_bufrack_push(parei_mtbufpool_rack *r, size_t row, void *ptr,
                                       const void *site);

/* What another thread can tell of the buffers in it: anything up to two magazines' worth. */
PARE_API size_t parei_bufrack_glance(const parei_mtbufpool_rack *r, size_t row);

/* After a fork, in the child: buffers of threads that were in a call are never used nor given
 * back, since what that left in the magazines may be torn. */
PARE_API void parei_bufrack_forked(const parei_mtbufpool_rack *r);

#endif
