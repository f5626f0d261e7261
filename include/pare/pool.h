/* pare/pool.h - objects of one size, taken and given back one by one, and used again.
 *
 * A get or put is a pop or push of a stack of pointers, the magazine, that lies beside the objects:
 * a free object is never written, so what `init` built in it is still there at the next get.
 * Objects are cut from slabs as they are first needed; a slab that is empty again goes back, but
 * for one.
 *
 * Memory   init takes one block of about 1 KiB: private state, and the first magazine. Slabs
 *          double from 4 to 64 KiB and hold at least eight objects, or as many as 64 KiB do, or
 *          one; when refused, half as many, down to one. The magazine doubles, as far as
 *          magazine_bytes, when a put finds it full; beyond that, or when refused, half of it goes
 *          back to the slabs, so a put never fails.
 * Layout   while the window is open, puts hit if top < hi and gets if top > lo, compared as
 *          uintptr_t; closed words are NULL:
 *
 *          NULL |kept back by trim| free objects |    room    |
 *                                 lo             top          hi
 *
 * Threads  One owner at a time.
 * Errors   A get that is refused answers NULL and keeps the reason for pare_pool_status; nothing
 *          has changed. Misuse, and then the call is refused: a put of the newest free object
 *          again, or of a pointer outside the pool's slabs, at once; of another free object, of
 *          another pool's, or of a pointer into the middle of one, at the latest when it would go
 *          back to a slab: there the bad entry is dropped, and the site named is that of the call
 *          that found it. With `reset` or PARE_WIPE, pointers are looked up in every put; under
 *          ASan, MSan and memcheck so too, and every double put is found at once. What hardened
 *          pools find, PARE_POOL_HARDENED says.
 * Lifetime Objects live until put or deinit. The struct may be moved until an allocator handle
 *          names its address.
 * SPDX-License-Identifier: MIT */
#ifndef PARE_POOL_H
#define PARE_POOL_H
#include "pare/alloc.h"
PARE_BEGIN_DECLS

/* --- types ------------------------------------------------------------------------------- */

/* Flags of options, beside PARE_WIPE:
 *
 * HARDENED     Check everything in every call, and name the call before that made this one wrong:
 *              each double put, foreign and interior pointer; writes around an object, when it is
 *              put; writes to a free one, when it is next got, and both at a trim of all and at
 *              deinit; objects still in use at deinit; calls while another is under way. Puts go
 *              through a quarantine, so that an object comes back late.
 *              Free objects are filled with 0xDD, or zeros with PARE_WIPE; in pools with init or
 *              fini they are as they were, and a copy tells what is written to them. What a call
 *              finds of earlier writes is reported, and the call goes on.
 *              Cost: 40 to 55 bytes per object, their size again with init or fini, of which
 *              limit_bytes counts none; a get and a put together 100 to 200 ns, and three passes
 *              over the object. A trim of the surplus releases whatever slabs are empty.
 * CHECK_RESET  Hardened pools with init: find objects that are not put as they were when last free,
 *              at first as init left them, once `reset` has run. Bytes that init and reset leave
 *              alone, padding too, have to stay what they are. */
#define PARE_POOL_HARDENED 2u
#define PARE_POOL_CHECK_RESET 4u

struct parei_pool_state;

/* Visible so it can be embedded and inlined; the fields are private. All-zero is valid: it has no
 * object size, so each get is refused with PARE_ERR_ARGUMENT; deinit, trim and stats work.
 * Invariant: the window is closed (top, lo and hi NULL) or lo <= top, and top <= hi unless hi is
 * NULL, which closes it for puts alone. */
typedef struct pare_pool {
    void **top;     /* one past the newest free object; top[-1] is always readable */
    void **lo;      /* gets stop here */
    void **hi;      /* puts stop here */
    uintptr_t base; /* objects lie in [base, base + extent) */
    uintptr_t extent;
    uint64_t gets;                  /* objects handed out since init */
    pare_allocator from;            /* outlives the pool */
    struct parei_pool_state *state; /* NULL: all-zero */
    pare_status status;             /* the last refusal */
} pare_pool;

/* All but `size` may be zero, which means the default. Callbacks must return, and may not call into
 * the same pool, except to trim it: that is misuse. */
typedef struct pare_pool_options {
    size_t size;  /* bytes of an object; at least 1 */
    size_t align; /* a power of two; 0: as malloc's */

    /* Called once when an object enters the pool, before its first get. Anything but PARE_OK
     * refuses that get with the same status, and the object has not entered. */
    pare_status (*init)(void *ctx, void *object);
    /* Called by each put, before the object is free. */
    void (*reset)(void *ctx, void *object);
    /* Called once when an object leaves the pool: by trim, by a put that lets slabs go, and by
     * deinit, there also for objects that were never put. */
    void (*fini)(void *ctx, void *object);
    void *ctx; /* handed to the callbacks */

    size_t limit_bytes;    /* most bytes of slabs, their headers included; 0: no limit */
    size_t magazine_bytes; /* most bytes of the magazine, at least those of two pointers: as many
                            * free objects wait there. 0: room for 8192 objects, or for 8 MiB of
                            * them where that is more */
    size_t cache_bytes;    /* of an mtpool: most bytes of free objects in a cache, of each thread or
                            * caller; at least two objects. 0: 64 KiB, in 8 to 128 objects */
    uint32_t trim_ms;      /* trims of the surplus are at least this far apart; 0: 1000 */
    unsigned flags;        /* PARE_POOL_..., or PARE_WIPE: not together with init, since it leaves
                            * nothing */

    /* Chaos, for tests: what a program does with luck, it does no more. One put in chaos_put drops
     * its object, which then leaves the pool, by fini, though its place in the slab stays and is
     * built in anew, by init, no sooner than the quarantine ends; one get in chaos_get that is not
     * reserved is refused with PARE_ERR_MEMORY. Which ones, the seed alone decides. 0: none. */
    uint32_t chaos_put, chaos_get;
    uint64_t chaos_seed;
    size_t quarantine_bytes; /* puts wait until so many bytes of objects were put after them, as far
                              * as there are other objects to be had; less than an object: none; 0:
                              * 256 KiB, and at least one. Hardened; else what chaos drops */
    uint64_t reserved[4];    /* 0 */
} pare_pool_options;

/* Exact whenever the owner is in no call of the pool. */
typedef struct pare_pool_stats {
    uint64_t gets;         /* objects handed out since init */
    uint64_t puts;         /* objects that came back */
    uint64_t refusals;     /* gets refused */
    uint64_t creates;      /* objects that entered the pool: no more than had to with an init
                            * callback, else up to a refill more. 1 - creates / gets is the reuse
                            * rate */
    uint64_t refills;      /* gets that found the magazine empty and got from the slabs */
    uint64_t spills;       /* puts that found it full and unable to grow */
    uint64_t drops;        /* puts whose object chaos dropped */
    uint64_t trades;       /* 0; this and the next three are figures of an mtpool */
    size_t cache_count;    /* 0 */
    size_t cached_count;   /* 0 */
    size_t stock_count;    /* 0 */
    size_t live_count;     /* objects in use */
    size_t live_bytes;     /* live_count times their size */
    size_t retained_count; /* free objects, in the magazine, in slabs and in quarantine */
    size_t retained_bytes; /* retained_count times their size */
    size_t peak_count;     /* most objects outside their slabs at once: never less than were live,
                            * and more by at most what lay in the magazine */
    size_t slab_count;
    size_t slab_bytes;    /* what counts against limit_bytes */
    size_t held_bytes;    /* all that is taken from the allocator now */
    size_t peak_bytes;    /* the largest held_bytes since init */
    uint64_t allocs;      /* blocks asked of the allocator since init */
    uint64_t frees;       /* blocks given back since init */
    uint64_t total_bytes; /* bytes of those allocs */
    uint64_t reserved[4];
} pare_pool_stats;

/* --- lifetime ---------------------------------------------------------------------------- */

/* Readies `p` over `from`. PARE_ERR_ARGUMENT: options NULL, or outside their ranges, or a limit
 * below a slab of one object. On failure `p` is as it was. Allocates once; no slab yet. */
PARE_NODISCARD PARE_API pare_status pare_pool_init(pare_pool *p, pare_allocator from,
                                                   const pare_pool_options *options);

/* Gives everything back, objects in use too, and zeroes `p`. Whether any are in use is to be read
 * from the stats before; in a hardened pool each is reported as a leak, with the site that got it.
 * Accepts a zeroed pool. */
PARE_API void pare_pool_deinit(pare_pool *p);

/* Makes sure of `count` more gets: the next ones, and any later ones that leave no more objects in
 * use than `count` and those in use now, cannot fail and ask the allocator for nothing. Holds until
 * a trim of all. Refused: no object was made. */
PARE_NODISCARD PARE_API pare_status pare_pool_reserve(pare_pool *p, size_t count);

/* Gives memory back. PARE_TRIM_SURPLUS: the objects that were free all the time since the trim
 * before, which was at least trim_ms ago (else nothing is done); slabs stay as long as one object
 * of theirs is kept. PARE_TRIM_ALL: all free objects, and the magazine's memory. Does nothing
 * while a call of `p` is under way, so callbacks and allocators may trim all pools they know.
 * `now_ms` is any clock that does not run backwards. Cost: O(free objects). */
PARE_API void pare_pool_trim(pare_pool *p, uint64_t now_ms, int level);

/* --- get and put ------------------------------------------------------------------------- */

#define parei_pool_get_slow PAREI_ABI_NAME(parei_pool_get_slow)
#define parei_pool_put_slow PAREI_ABI_NAME(parei_pool_put_slow)
PARE_API PAREI_COLD void *parei_pool_get_slow(pare_pool *p);
PARE_API PAREI_COLD void parei_pool_put_slow(pare_pool *p, void *object);

/* An object, or NULL: refused. With an init callback, its contents are what that or the last user
 * left; with PARE_WIPE zeros; else undefined. Cost: 7 instructions. */
PARE_NODISCARD PAREI_INLINE void *pare_pool_get(pare_pool *p) {
    void **top = p->top;
    void *object;
    if (!PAREI_LIKELY((uintptr_t)top > (uintptr_t)p->lo)) return parei_pool_get_slow(p);
    object = *--top;
    p->top = top;
    p->gets++;
    PAREI_ASSUME(object != NULL);
    return object;
}

/* Gives an object back. NULL does nothing. Requires that it came from a get of this pool and was
 * not put since. Never fails. Cost: 12 instructions; with `reset` or PARE_WIPE a call, and a
 * look-up among the slabs. */
PAREI_INLINE void pare_pool_put(pare_pool *p, void *object) {
    void **top = p->top;
    if (PAREI_LIKELY((uintptr_t)top < (uintptr_t)p->hi && top[-1] != object &&
                     (uintptr_t)object - p->base < p->extent)) {
        *top = object;
        p->top = top + 1;
    } else {
        parei_pool_put_slow(p, object);
    }
}

/* `count` objects at once, to out[0, count), or none. Refused as a get is; nothing has changed.
 * Cost: about 0.3 ns each, where the magazine has them. */
PARE_NODISCARD PARE_API pare_status pare_pool_get_n(pare_pool *p, void **out, size_t count);

/* Puts objects[0, count), in order. */
PARE_API void pare_pool_put_n(pare_pool *p, void *const *objects, size_t count);

/* --- typed pools ------------------------------------------------------------------------- */

/* PARE_POOL_DEFINE(conn_pool, struct conn) defines, at file scope, the type conn_pool, a pool of
 * struct conn and of nothing else, and
 *     pare_status conn_pool_init(conn_pool *p, pare_allocator from, const pare_pool_options *o);
 *     struct conn *conn_pool_get(conn_pool *p);
 *     void conn_pool_put(conn_pool *p, struct conn *object);
 *     void conn_pool_deinit(conn_pool *p);
 * Options may be NULL; their size and align are not looked at. All other calls take &p->pool. */
#define PARE_POOL_DEFINE(name, type) PAREI_POOL_DEFINE(pare_pool, name, type)

#define PAREI_POOL_DEFINE(kind, name, type)                                                        \
    typedef struct name {                                                                          \
        kind pool;                                                                                 \
    } name;                                                                                        \
    PARE_NODISCARD PAREI_INLINE pare_status name##_init(name *p, pare_allocator from,              \
                                                        const pare_pool_options *options) {        \
        pare_pool_options typed;                                                                   \
        memset(&typed, 0, sizeof typed);                                                           \
        if (options != NULL) typed = *options;                                                     \
        typed.size = sizeof(type);                                                                 \
        typed.align = PAREI_ALIGNOF(type);                                                         \
        return kind##_init(&p->pool, from, &typed);                                                \
    }                                                                                              \
    PARE_NODISCARD PAREI_INLINE type *name##_get(name *p) { return (type *)kind##_get(&p->pool); } \
    PAREI_INLINE void name##_put(name *p, type *object) { kind##_put(&p->pool, object); }          \
    PAREI_INLINE void name##_deinit(name *p) { kind##_deinit(&p->pool); }                          \
    struct name

/* --- queries ----------------------------------------------------------------------------- */

/* Why the last refused get was refused; PARE_OK if none was since init. */
PAREI_INLINE pare_status pare_pool_status(const pare_pool *p) { return p->status; }

PARE_API pare_pool_stats pare_pool_get_stats(const pare_pool *p);

/* Not 0 if an object of `p`, in use or free, begins at `object`, which is not read: by this a
 * misuse handler can tell from which pool a foreign pointer came. Cost: O(log slabs). */
PARE_API int pare_pool_owns(const pare_pool *p, const void *object);

/* Of a hardened pool: calls visit(ctx, object, site) for each object in use, by address, with an
 * address inside the function that got it. `visit` may not call into the pool. Of others: nothing,
 * as they do not know. */
PARE_API void pare_pool_visit_live(const pare_pool *p,
                                   void (*visit)(void *ctx, void *object, const void *site),
                                   void *ctx);

/* Serves objects of `p`, which must not move from now on, as blocks: any size and alignment up to
 * the object's; cap is the object's size, unless PARE_EXACT. More is refused with
 * PARE_ERR_ARGUMENT. Blocks are resized in place within the object. */
PARE_API pare_allocator pare_pool_allocator(pare_pool *p);

PARE_END_DECLS
#endif
