/* internal/rack.h - the caches of an mtpool: what lies behind a pare_mtpool_cache, and what all of
 * a pool's share.
 *
 * A rack is a cache's magazines: the loaded one, on which the cache's window lies, another, and
 * those set aside for gets that must not fail. A slow call closes the window first and opens it
 * again at the end, when all is whole; misuse is reported after that.
 *
 * Locks    The pool's guards the depot, the list of racks, and every call of the allocator; it is
 *          held around init and fini callbacks. The stock's may be taken inside it, never the other
 *          way round.
 * SPDX-License-Identifier: MIT */
#ifndef PAREI_RACK_H
#define PAREI_RACK_H
#include "pare/mtpool.h"
#include "internal/os.h"
#include "internal/serve.h"
#include "internal/slots.h"
#include "internal/stock.h"
#include "internal/trims.h"

#define PAREI_RACK_ITEMS_MAX ((size_t)128) /* of a magazine, whatever the options say */

/* The slabs that a rack remembers, by the 64 KiB that an object lies in: two at a time, since no
 * more than two full slabs meet there. */
enum { PAREI_MEMO_ROWS = 32, PAREI_MEMO_SHIFT = 16 };

typedef struct parei_memo {
    uintptr_t version; /* the pool's when this was right */
    parei_place rows[PAREI_MEMO_ROWS][2];
} parei_memo;

typedef struct parei_mtpool_rack {
    pare_mtpool_cache own; /* unless a caller owns the cache */
    pare_mtpool_cache *cache;
    struct parei_mtpool_state *state;
    struct parei_mtpool_rack *prev, *next; /* of all racks */
    parei_magazine *magazines[2];          /* the loaded one is never NULL */
    parei_magazine *aside;                 /* a list by `older`: only gets take from it */
    size_t aside_count;                    /* objects in it */
    size_t rest_count;                     /* free objects outside the window; read by others */
    unsigned loaded;                       /* 0 or 1 */
    bool inside;                           /* a call is under way; read by others */
    uintptr_t user; /* the thread of the last slow call; 0: it is not in this process */
    pare_span block;
    parei_memo memo;
} parei_mtpool_rack;

typedef struct parei_mtpool_state {
    parei_owner owner;
    parei_lock lock;
    uintptr_t holder;  /* the thread that has it, or 0; read by others */
    uintptr_t version; /* changes when a slab is released; read by others */
    parei_depot depot;
    parei_harden harden;
    parei_mtpool_rack *racks;
    uint64_t gone_gets; /* not counted by a cache that there is now */
    uint64_t refills, spills;
    parei_trims trims;
    uintptr_t refusals; /* counted without the lock */

    pare_mtpool *pool;
    pare_span block; /* this state */
    size_t magazine_bytes;
    char apart[64]; /* trades leave the fields above alone */
    parei_stock stock;
} parei_mtpool_state;

/* --- the pool ---------------------------------------------------------------------------- */

/* Bytes of each magazine, by the options. */
PARE_API size_t parei_rack_magazine_bytes(const pare_pool_options *o);

/* Whether the calling thread has the lock: it is in an init or fini callback, then, or in the
 * allocator. */
PARE_API bool parei_mtpool_holds(const parei_mtpool_state *s);

PARE_API void parei_mtpool_lock(parei_mtpool_state *s);
PARE_API void parei_mtpool_unlock(parei_mtpool_state *s);

/* Takes the lock; but a thread that has another pool's does not wait, since somebody may wait the
 * other way round. False: not taken. */
PARE_API bool parei_mtpool_lock_unless_nested(parei_mtpool_state *s);

/* What the stock holds now. */
typedef struct parei_stocked {
    size_t magazine_count, object_count;
    uint64_t trades;
} parei_stocked;

PARE_API parei_stocked parei_mtpool_stocked(parei_mtpool_state *s);

/* Makes objects until `count` are free in stock and slabs, or none; under the lock. */
PARE_API pare_status parei_mtpool_make(parei_mtpool_state *s, size_t count);

/* Objects from the slabs, all of them or none; under the lock. */
PARE_API pare_status parei_mtpool_take_made(parei_mtpool_state *s, void **out, size_t count);

/* Counts a refused get. */
PARE_API void parei_mtpool_refuse(parei_mtpool_state *s, pare_status status);

/* False, and reported, when the calling thread has the lock. */
PARE_API bool parei_mtpool_unheld(const parei_mtpool_state *s, const void *site);

PARE_API void parei_mtpool_report(const parei_mtpool_state *s, const parei_strays *strays,
                                  const void *site);

/* Misuse by `kind`. */
PARE_API void parei_mtpool_misuse(const parei_mtpool_state *s, const char *kind,
                                  const void *address, const void *site);

/* Of a hardened pool, or one with chaos: gets, all of them or none, and a put. What they find is to
 * be reported. */
PARE_API pare_status parei_mtpool_get_hardened(parei_mtpool_state *s, const void *site, void **out,
                                               size_t count, parei_strays *found);
PARE_API void parei_mtpool_put_hardened(parei_mtpool_state *s, const void *site, void *object,
                                        parei_strays *found);

/* --- racks ------------------------------------------------------------------------------- */

/* A rack with an empty magazine, under the lock. `c` NULL: with a cache of its own. */
PARE_API pare_status parei_rack_new(parei_mtpool_state *s, pare_mtpool_cache *c,
                                    parei_mtpool_rack **out);

/* The slow calls: get `count` objects, or none; put one. `site` is that of the call. */
PARE_API pare_status parei_cache_get(pare_mtpool_cache *c, void **out, size_t count,
                                     const void *site);
PARE_API void parei_cache_put(pare_mtpool_cache *c, void *object, const void *site);

/* Gives all that it holds to the stock. */
PARE_API void parei_rack_flush(parei_mtpool_rack *r, const void *site);

/* Gives all that it holds to the slabs, unless that would mean to wait with another lock held. */
PARE_API void parei_rack_drain(parei_mtpool_rack *r, const void *site);

/* Gives back what it holds and itself; a caller's cache is zeroed. */
PARE_API void parei_rack_end(parei_mtpool_rack *r, const void *site);

/* After a fork, in the child, under the lock: what other threads were at may be torn. */
PARE_API void parei_rack_forked(parei_mtpool_rack *r);

/* What another thread can tell of the objects in it: near the truth, and never far off. */
PARE_API size_t parei_rack_glance(const parei_mtpool_rack *r);

#endif
