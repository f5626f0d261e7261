/* pare/mtbufpool.h - buffers by size for many threads: pare/bufpool.h, where any thread may get,
 * and any other put.
 *
 * Each cache has two short magazines of pointers per class, and hits them as a bufpool does,
 * without a lock and without a locked instruction. Only when both are empty, or both are full, one
 * is traded for another with the stock of the class, which all caches share.
 *
 * Classes  As in a bufpool, by the same options. Those above 64 KiB are in the stocks alone: a call
 *          takes a lock, and no cache pins such buffers. With the caller's own list every call
 *          looks its class up, out of line.
 * Caches   Whoever has a place to keep one owns a pare_mtbufpool_cache: that is the fastest way.
 *          The plain calls find the calling thread's own by themselves; thread.h tells when those
 *          begin and end.
 * Memory   init takes one block: state and a stock per class, 13 KiB by default. A cache takes 4.4
 *          KiB, and magazines as its classes come into use: each for as many buffers as make 32
 *          KiB, 64 at most. The budget, retain_bytes, bounds the bytes that are kept, never those
 *          in use. It is handed out to magazines, for all that they have room for, so a hit has no
 *          sum to update: a put that wants another magazine takes what is left of the budget, or
 *          the room of empty magazines in stock; if there is none, the buffer goes back and the
 *          drop is counted. What lies in a cache is found by no other.
 * Threads  Any thread may make the plain calls, and trim and stats, at any time. A cache has one
 *          owner at a time. No call of the pool, or of a cache of it, may be in progress during
 *          init or deinit. `from` is called by any of them, several at once, and never under a
 *          lock.
 * Errors   As in a bufpool: a refused get answers {NULL, 0}; cache and pool keep the reason.
 *          Misuse, and then the call is refused: a put of the newest buffer of its class in that
 *          cache again, at once; of one twice in one magazine, when that leaves the cache, where
 *          the bad entry is dropped. Under ASan, MSan and memcheck every call locks, and each
 *          double put is found at once.
 * Lifetime A buffer is a block of `from`: after deinit, buffers still in use stay valid and are
 *          given back with pare_free_span and the pool's alignment. The struct stays where it is
 *          from init to deinit, and so does a cache.
 * SPDX-License-Identifier: MIT */
#ifndef PARE_MTBUFPOOL_H
#define PARE_MTBUFPOOL_H
#include "pare/bufpool.h"
#include "pare/thread.h"
PARE_BEGIN_DECLS

/* --- types ------------------------------------------------------------------------------- */

struct parei_mtbufpool_state;
struct parei_mtbufpool_rack;

/* Visible so it can be embedded; the fields are private. All-zero is valid: each get is refused
 * with PARE_ERR_ARGUMENT; deinit, trim and stats work. */
typedef struct pare_mtbufpool {
    size_t line;                         /* where a thread has its cache; 0: nowhere */
    pare_allocator from;                 /* outlives the pool; many threads may call it */
    struct parei_mtbufpool_state *state; /* NULL: all-zero */
    pare_status status;                  /* the last refusal */
} pare_mtbufpool;

/* One class of one cache, a cache line: the loaded magazine. Invariant: the window is closed (top,
 * lo and hi NULL) or lo <= top, and top <= hi unless hi is NULL, which closes it for puts alone;
 * then top[-1] is readable. Statistics of other threads read top, lo and hits. */
typedef struct parei_mtbufpool_window {
    void **top;        /* one past the newest buffer */
    void **lo;         /* gets stop here */
    void **hi;         /* puts stop here */
    size_t cap;        /* bytes of each buffer */
    uintptr_t hits;    /* on 32-bit machines it may wrap */
    size_t rest_count; /* buffers outside the window */
    uintptr_t apart[2];
} parei_mtbufpool_window;

/* A cache of the caller's own. All-zero is valid, and of no pool. */
typedef struct pare_mtbufpool_cache {
    parei_mtbufpool_window *windows;   /* by row */
    size_t end;                        /* sizes from 16 to end + 15 have one; 0: all calls slow */
    struct parei_mtbufpool_rack *rack; /* its magazines; NULL: all-zero */
    pare_status status;                /* the last refusal */
} pare_mtbufpool_cache;

/* While threads are in calls of the pool, each figure is near what it was in the meantime; exact
 * when none is. The hit rate is hits / (hits + misses). */
typedef struct pare_mtbufpool_stats {
    uint64_t hits;           /* gets that were served from kept buffers */
    uint64_t misses;         /* gets that took a fresh buffer of a class */
    uint64_t oversize;       /* gets above the largest class, served by the allocator as they are */
    uint64_t refusals;       /* gets refused */
    uint64_t dropped_small;  /* puts given back: smaller than the smallest class */
    uint64_t dropped_large;  /* likewise: larger than the largest */
    uint64_t dropped_odd;    /* likewise: not of the size of a class */
    uint64_t dropped_budget; /* likewise: the budget is used up */
    uint64_t dropped_memory; /* likewise: a magazine was refused */
    uint64_t trades;         /* magazines traded with the stocks */
    size_t retained_count;   /* kept buffers */
    size_t retained_bytes;   /* of kept buffers; never above the budget */
    size_t charged_bytes;    /* of what magazines have room for: the part of the budget in use */
    size_t retain_bytes;     /* the budget */
    size_t overhead_bytes;   /* of state, caches and magazines, beside the buffers */
    size_t class_count;
    size_t cache_count;   /* caches, of threads and of callers */
    size_t cached_count;  /* kept buffers in them */
    uint64_t allocs;      /* blocks asked of the allocator since init */
    uint64_t frees;       /* blocks given back since init */
    uint64_t total_bytes; /* bytes of those allocs */
    uint64_t reserved[4];
} pare_mtbufpool_stats;

/* --- lifetime ---------------------------------------------------------------------------- */

/* Readies `b` over `from`. The options are those of a bufpool; NULL: the defaults.
 * PARE_ERR_ARGUMENT: options outside their ranges. On failure `b` is as it was. Allocates once. */
PARE_NODISCARD PARE_API pare_status pare_mtbufpool_init(pare_mtbufpool *b, pare_allocator from,
                                                        const pare_bufpool_options *options);

/* Gives back the kept buffers and all else that the pool holds, and zeroes `b`. Caches that threads
 * have end here; a caller's own are zeroed. Accepts a zeroed pool. */
PARE_API void pare_mtbufpool_deinit(pare_mtbufpool *b);

/* Gives kept buffers back. PARE_TRIM_SURPLUS: the magazines that lay in a stock all the time since
 * the trim before, which was at least trim_ms ago (else nothing is done). The first such trim only
 * starts the watch. PARE_TRIM_ALL: all in the calling thread's cache and the stocks. What other
 * caches hold is theirs. `now_ms` is any clock that does not run backwards. The allocator may trim
 * the pool that is asking it. */
PARE_API void pare_mtbufpool_trim(pare_mtbufpool *b, uint64_t now_ms, int level);

/* --- caches ------------------------------------------------------------------------------ */

/* Readies `c` as a cache of `b`. On failure it is as it was. */
PARE_NODISCARD PARE_API pare_status pare_mtbufpool_cache_init(pare_mtbufpool_cache *c,
                                                              pare_mtbufpool *b);

/* Gives back what it holds and itself, and zeroes `c`. Accepts a zeroed cache. */
PARE_API void pare_mtbufpool_cache_deinit(pare_mtbufpool_cache *c);

/* Gives what it holds to the stocks, where other caches find it: before its owner idles. */
PARE_API void pare_mtbufpool_cache_trim(pare_mtbufpool_cache *c);

#define parei_mtbufpool_cache_get_slow PAREI_ABI_NAME(parei_mtbufpool_cache_get_slow)
#define parei_mtbufpool_cache_put_slow PAREI_ABI_NAME(parei_mtbufpool_cache_put_slow)
PARE_API PAREI_COLD pare_span parei_mtbufpool_cache_get_slow(pare_mtbufpool_cache *c, size_t size);
PARE_API PAREI_COLD void parei_mtbufpool_cache_put_slow(pare_mtbufpool_cache *c, pare_span buffer);

/* A buffer of at least `size` bytes, as pare_bufpool_get answers it. */
PARE_NODISCARD PAREI_INLINE pare_span pare_mtbufpool_cache_get(pare_mtbufpool_cache *c,
                                                               size_t size) {
    if (PAREI_LIKELY(size - PAREI_BUFPOOL_LEAST < c->end)) {
        parei_mtbufpool_window *w = &c->windows[parei_bufpool_row(size - 1) + 1];
        void **top = w->top;
        if (PAREI_LIKELY((uintptr_t)top > (uintptr_t)w->lo)) {
            pare_span buffer;
            buffer.ptr = *--top;
            buffer.cap = w->cap;
            PAREI_PUBLISH(w->top, top);
            PAREI_COUNT(w->hits);
            return buffer;
        }
    }
    return parei_mtbufpool_cache_get_slow(c, size);
}

/* Gives a buffer back, whichever cache it came from. {NULL, 0} does nothing. Requires a block of
 * the pool's own `from` with exactly that cap and the pool's alignment; it is no longer the
 * caller's. Kept, if cap is the size of a class, or dropped. Never fails. */
PAREI_INLINE void pare_mtbufpool_cache_put(pare_mtbufpool_cache *c, pare_span buffer) {
    if (PAREI_LIKELY(buffer.cap - PAREI_BUFPOOL_LEAST < c->end)) {
        parei_mtbufpool_window *w = &c->windows[parei_bufpool_row(buffer.cap)];
        void **top = w->top;
        if (PAREI_LIKELY(buffer.cap == w->cap && (uintptr_t)top < (uintptr_t)w->hi &&
                         top[-1] != buffer.ptr)) {
            *top = buffer.ptr;
            PAREI_PUBLISH(w->top, top + 1);
            return;
        }
    }
    parei_mtbufpool_cache_put_slow(c, buffer);
}

/* Why the last refused get was refused; PARE_OK if none was since init, or a get of size 0 came
 * after it. */
PAREI_INLINE pare_status pare_mtbufpool_cache_status(const pare_mtbufpool_cache *c) {
    return c->status;
}

/* --- get and put ------------------------------------------------------------------------- */

#define parei_mtbufpool_get_slow PAREI_ABI_NAME(parei_mtbufpool_get_slow)
#define parei_mtbufpool_put_slow PAREI_ABI_NAME(parei_mtbufpool_put_slow)
PARE_API PAREI_COLD pare_span parei_mtbufpool_get_slow(pare_mtbufpool *b, size_t size);
PARE_API PAREI_COLD void parei_mtbufpool_put_slow(pare_mtbufpool *b, pare_span buffer);

/* pare_mtbufpool_cache_get and pare_mtbufpool_cache_put with the calling thread's cache. */
PARE_NODISCARD PAREI_INLINE pare_span pare_mtbufpool_get(pare_mtbufpool *b, size_t size) {
    pare_mtbufpool_cache *c = (pare_mtbufpool_cache *)parei_thread_cache(b->line);
    return PAREI_LIKELY(c->rack != NULL) ? pare_mtbufpool_cache_get(c, size)
                                         : parei_mtbufpool_get_slow(b, size);
}

PAREI_INLINE void pare_mtbufpool_put(pare_mtbufpool *b, pare_span buffer) {
    pare_mtbufpool_cache *c = (pare_mtbufpool_cache *)parei_thread_cache(b->line);
    if (PAREI_LIKELY(c->rack != NULL)) {
        pare_mtbufpool_cache_put(c, buffer);
    } else {
        parei_mtbufpool_put_slow(b, buffer);
    }
}

/* --- queries ----------------------------------------------------------------------------- */

/* Why the last refused get of any thread was refused; PARE_OK if none was since init. */
PARE_API pare_status pare_mtbufpool_status(const pare_mtbufpool *b);

/* Cost: O(classes times caches), under the pool's lock. */
PARE_API pare_mtbufpool_stats pare_mtbufpool_get_stats(const pare_mtbufpool *b);

/* Of the class with that index, 0 being the smallest; all zero from class_count on. */
PARE_API pare_bufpool_class_stats pare_mtbufpool_get_class_stats(const pare_mtbufpool *b,
                                                                 size_t index);

/* Serves buffers of `b` as blocks, to any thread: as pare_bufpool_allocator does. */
PARE_API pare_allocator pare_mtbufpool_allocator(pare_mtbufpool *b);

PARE_END_DECLS
#endif
