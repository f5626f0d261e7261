/* pare/mtpool.h - objects of one size for many threads: pare/pool.h, where any thread may get, and
 * any other put.
 *
 * Each cache has two short magazines, and hits them as a pool does, without a lock and without a
 * locked instruction. Only when both are empty, or both are full, one is traded for another with a
 * stock that all caches share. An object that another thread puts rides in that thread's magazine.
 *
 * Caches   Whoever has a place to keep one, an event loop, a worker, a test, owns a
 *          pare_mtpool_cache: that is the fastest way. The plain calls find the calling thread's
 *          own by themselves, which costs a little; thread.h tells when those begin and end.
 * Memory   init takes one block of about 1 KiB: private state. A cache takes 1.3 KiB and up to
 *          two magazines, of 4 to 64 pointers unless options say: as many as half of cache_bytes
 *          makes objects. It retains as many objects as fit in them, and no other cache finds
 *          these; its owner trims it, or calls pare_thread_idle, before a long pause. The stock
 *          keeps free objects until it holds 8192, or 8 MiB of them where that is more; what comes
 *          in then goes back to the slabs. Slabs are as in a pool.
 * Threads  Any thread may make the plain calls, and trim, reserve and stats, at any time. A cache
 *          has one owner at a time. No call of the pool, or of a cache of it, may be in progress
 *          during init or deinit. `from` is called by one thread at a time, under the pool's lock,
 *          and so are init and fini callbacks: those of two pools may not use each other's pool.
 *          They, and `from`, may trim any pool, which then takes no lock that others have.
 * Errors   As in a pool: a refused get answers NULL; cache and pool keep the reason.
 *          Misuse: a put of the newest free object again, or of a pointer that lies outside the
 *          pool's slabs (as last seen by the cache), at once; of a pointer of another pool or into
 *          the middle of an object, and of one object twice in one magazine, at the latest when the
 *          magazine is traded: there the bad entry is dropped, and the site named is that of the
 *          call that found it; of one object twice in different magazines when these go back to
 *          the slabs. With `reset` or PARE_WIPE, pointers are looked up in every put. Under ASan,
 *          MSan and memcheck every call locks, and all is found at once; hardened, or with chaos,
 *          every call locks too, there is one quarantine, and what is reserved for a cache is the
 *          pool's.
 * Lifetime Objects live until put or deinit. The struct stays where it is from init to deinit, and
 *          so does a cache.
 * SPDX-License-Identifier: MIT */
#ifndef PARE_MTPOOL_H
#define PARE_MTPOOL_H
#include "pare/pool.h"
#include "pare/thread.h"
PARE_BEGIN_DECLS

/* --- types ------------------------------------------------------------------------------- */

struct parei_mtpool_state;
struct parei_mtpool_rack;

/* Visible so it can be embedded; the fields are private. All-zero is valid: it has no object size,
 * so each get is refused with PARE_ERR_ARGUMENT; deinit, trim and stats work. */
typedef struct pare_mtpool {
    size_t line;                      /* where a thread has its cache; 0: nowhere */
    pare_allocator from;              /* outlives the pool */
    struct parei_mtpool_state *state; /* NULL: all-zero */
    pare_status status;               /* the last refusal */
} pare_mtpool;

/* A cache of the caller's own. All-zero is valid, and of no pool. Invariant: the window is closed
 * (top, lo and hi NULL) or lo <= top, and top <= hi unless hi is NULL, which closes it for puts
 * alone. Statistics of other threads read top, lo and gets. */
typedef struct pare_mtpool_cache {
    void **top;     /* one past the newest object of the loaded magazine; top[-1] is readable */
    void **lo;      /* gets stop here */
    void **hi;      /* puts stop here */
    uintptr_t base; /* all objects lay in [base, base + extent) when that was last looked at */
    uintptr_t extent;
    uintptr_t gets; /* objects handed out through this cache; on 32-bit machines it may wrap */
    struct parei_mtpool_rack *rack; /* its magazines; NULL: all-zero */
    pare_status status;             /* the last refusal */
    uintptr_t apart[8];             /* so that neighbours' hot words share no cache line */
} pare_mtpool_cache;

/* Those of a pool, with other meanings where it says. While threads are in calls of the pool, each
 * figure is near what it was in the meantime; exact when none is.
 *     refills       gets that took from the slabs
 *     spills        magazines that were emptied into the slabs, since the stock was full or there
 *                   was no memory for another magazine
 *     trades        magazines traded with the stock
 *     cache_count   caches, of threads and of callers
 *     cached_count  free objects in them
 *     stock_count   free objects in the stock
 *     peak_count    most objects outside their slabs at once: in use, cached, in stock */
typedef pare_pool_stats pare_mtpool_stats;

/* --- lifetime ---------------------------------------------------------------------------- */

/* Readies `p` over `from`. The options are those of a pool, but magazine_bytes bounds each magazine
 * of a cache, to at most 128 pointers; what is stricter holds, it or cache_bytes. `reset` runs in
 * any thread, several at once; `init` and `fini` one at a time, under a lock that hits and trades
 * do not take. PARE_ERR_ARGUMENT: options NULL, or outside their ranges, or a limit below a slab of
 * one object. On failure `p` is as it was. Allocates once; no slab yet. */
PARE_NODISCARD PARE_API pare_status pare_mtpool_init(pare_mtpool *p, pare_allocator from,
                                                     const pare_pool_options *options);

/* Gives everything back, objects in use too, and zeroes `p`. Caches that threads have end here; a
 * caller's own are zeroed. Accepts a zeroed pool. */
PARE_API void pare_mtpool_deinit(pare_mtpool *p);

/* Makes objects until `count` are free in stock and slabs, where every cache finds them: as many
 * gets through one cache cannot fail and ask the allocator for nothing, and so can gets through
 * several, but for what lies in the magazines of others. Holds until a trim of all. Refused: no
 * object was made. */
PARE_NODISCARD PARE_API pare_status pare_mtpool_reserve(pare_mtpool *p, size_t count);

/* Gives memory back. PARE_TRIM_SURPLUS: the magazines, with their objects, that lay in the stock
 * all the time since the trim before, which was at least trim_ms ago (else nothing is done). The
 * first such trim only starts the watch. PARE_TRIM_ALL: all that is free in the calling thread's
 * cache, stock and slabs. What other caches hold is theirs. Does nothing in an init or fini
 * callback of `p`, so that they and allocators may trim all pools they know. Cost: O(free
 * objects). */
PARE_API void pare_mtpool_trim(pare_mtpool *p, uint64_t now_ms, int level);

/* --- caches ------------------------------------------------------------------------------ */

/* Readies `c` as a cache of `p`. On failure it is as it was. */
PARE_NODISCARD PARE_API pare_status pare_mtpool_cache_init(pare_mtpool_cache *c, pare_mtpool *p);

/* Gives back what it holds and itself, and zeroes `c`. Accepts a zeroed cache. */
PARE_API void pare_mtpool_cache_deinit(pare_mtpool_cache *c);

/* Gives what it holds to the stock, where other caches find it: before its owner idles. */
PARE_API void pare_mtpool_cache_trim(pare_mtpool_cache *c);

/* Sets `count` objects aside in the cache: its next `count` gets cannot fail and ask the allocator
 * for nothing, whatever is put in between. Holds until then, or until a trim of the cache. They are
 * not counted against cache_bytes. Refused: what was set aside before still is. */
PARE_NODISCARD PARE_API pare_status pare_mtpool_cache_reserve(pare_mtpool_cache *c, size_t count);

#define parei_mtpool_cache_get_slow PAREI_ABI_NAME(parei_mtpool_cache_get_slow)
#define parei_mtpool_cache_put_slow PAREI_ABI_NAME(parei_mtpool_cache_put_slow)
PARE_API PAREI_COLD void *parei_mtpool_cache_get_slow(pare_mtpool_cache *c);
PARE_API PAREI_COLD void parei_mtpool_cache_put_slow(pare_mtpool_cache *c, void *object);

/* Whether the window has an object, and takes it. */
PAREI_INLINE void *parei_mtpool_pop(pare_mtpool_cache *c) {
    void **top = c->top;
    void *object;
    if (!PAREI_LIKELY((uintptr_t)top > (uintptr_t)c->lo)) return NULL;
    object = *--top;
    PAREI_PUBLISH(c->top, top);
    PAREI_COUNT(c->gets);
    PAREI_ASSUME(object != NULL);
    return object;
}

/* Whether the window has room for an object that may be put, and puts it. */
PAREI_INLINE int parei_mtpool_push(pare_mtpool_cache *c, void *object) {
    void **top = c->top;
    if (!PAREI_LIKELY((uintptr_t)top < (uintptr_t)c->hi && top[-1] != object &&
                      (uintptr_t)object - c->base < c->extent)) {
        return 0;
    }
    *top = object;
    PAREI_PUBLISH(c->top, top + 1);
    return 1;
}

/* An object, or NULL: refused. Its contents are as pare_pool_get has them. Cost: 7 instructions. */
PARE_NODISCARD PAREI_INLINE void *pare_mtpool_cache_get(pare_mtpool_cache *c) {
    void *object = parei_mtpool_pop(c);
    return PAREI_LIKELY(object != NULL) ? object : parei_mtpool_cache_get_slow(c);
}

/* Gives an object back, whichever cache it came from. NULL does nothing. Requires that it came from
 * a get of this pool and was not put since. Never fails. Cost: 12 instructions; with `reset` or
 * PARE_WIPE a call. */
PAREI_INLINE void pare_mtpool_cache_put(pare_mtpool_cache *c, void *object) {
    if (!parei_mtpool_push(c, object)) parei_mtpool_cache_put_slow(c, object);
}

/* `count` objects at once, to out[0, count), or none. Refused as a get is; nothing has changed.
 * Cost: about 0.3 ns each, where the loaded magazine has them. */
PARE_NODISCARD PARE_API pare_status pare_mtpool_cache_get_n(pare_mtpool_cache *c, void **out,
                                                            size_t count);

/* Puts objects[0, count), in order. */
PARE_API void pare_mtpool_cache_put_n(pare_mtpool_cache *c, void *const *objects, size_t count);

/* Why the last refused get was refused; PARE_OK if none was since init. */
PAREI_INLINE pare_status pare_mtpool_cache_status(const pare_mtpool_cache *c) { return c->status; }

/* --- get and put ------------------------------------------------------------------------- */

#define parei_mtpool_get_slow PAREI_ABI_NAME(parei_mtpool_get_slow)
#define parei_mtpool_put_slow PAREI_ABI_NAME(parei_mtpool_put_slow)
PARE_API PAREI_COLD void *parei_mtpool_get_slow(pare_mtpool *p);
PARE_API PAREI_COLD void parei_mtpool_put_slow(pare_mtpool *p, void *object);

/* pare_mtpool_cache_get and pare_mtpool_cache_put with the calling thread's cache. Cost: two
 * instructions more, to find it, in an executable; a call, in a shared library, on Windows and with
 * PARE_STATIC; two calls where more than 63 pools for many threads came before. */
PARE_NODISCARD PAREI_INLINE void *pare_mtpool_get(pare_mtpool *p) {
    void *object = parei_mtpool_pop((pare_mtpool_cache *)parei_thread_cache(p->line));
    return PAREI_LIKELY(object != NULL) ? object : parei_mtpool_get_slow(p);
}

PAREI_INLINE void pare_mtpool_put(pare_mtpool *p, void *object) {
    pare_mtpool_cache *c = (pare_mtpool_cache *)parei_thread_cache(p->line);
    if (!parei_mtpool_push(c, object)) parei_mtpool_put_slow(p, object);
}

/* The same for many objects, by the calling thread's cache. */
PARE_NODISCARD PARE_API pare_status pare_mtpool_get_n(pare_mtpool *p, void **out, size_t count);
PARE_API void pare_mtpool_put_n(pare_mtpool *p, void *const *objects, size_t count);

/* --- typed pools ------------------------------------------------------------------------- */

/* PARE_MTPOOL_DEFINE(job_pool, struct job) is to PARE_POOL_DEFINE what a pare_mtpool is to a
 * pare_pool. */
#define PARE_MTPOOL_DEFINE(name, type) PAREI_POOL_DEFINE(pare_mtpool, name, type)

/* --- queries ----------------------------------------------------------------------------- */

/* Why the last refused get of any thread was refused; PARE_OK if none was since init. */
PARE_API pare_status pare_mtpool_status(const pare_mtpool *p);

/* pare_pool_owns and pare_pool_visit_live. `visit` runs under the pool's lock. */
PARE_API int pare_mtpool_owns(const pare_mtpool *p, const void *object);
PARE_API void pare_mtpool_visit_live(const pare_mtpool *p,
                                     void (*visit)(void *ctx, void *object, const void *site),
                                     void *ctx);

PARE_API pare_mtpool_stats pare_mtpool_get_stats(const pare_mtpool *p);

/* Serves objects of `p` as blocks, to any thread: any size and alignment up to the object's; cap is
 * the object's size, unless PARE_EXACT. More is refused with PARE_ERR_ARGUMENT. Blocks are resized
 * in place within the object. */
PARE_API pare_allocator pare_mtpool_allocator(pare_mtpool *p);

PARE_END_DECLS
#endif
