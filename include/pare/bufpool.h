/* pare/bufpool.h - buffers by size: taken, given back, and used again by the next of their class.
 *
 * A get answers a span: the buffer and its true capacity, which is that of the smallest class that
 * fits. A put keeps the buffer for later gets, if the byte budget allows. The size travels with the
 * span, so buffers have no headers, and a 4096-byte buffer is 4096 bytes of the allocator.
 *
 * Classes  Four per doubling: 16, 20, 24, 28, 32, 40, 48, 56, 64, 80 ... up to 1 MiB, or between
 *          other bounds. From 16 bytes on at most 20 % of a buffer is unasked for. Or any list of
 *          the caller's own, at the price of a slower look-up.
 * Memory   Buffers, and a stack of pointers per class in use, beside the buffers. The budget,
 *          retain_bytes, bounds the bytes that are kept, never those in use. It is handed out to
 *          the classes as room in their stacks, so a hit has no sum to update: a put without room
 *          takes what is left of the budget, or room that other classes do not use; if there is
 *          none, the buffer goes back and the drop is counted.
 * Layout   gets hit if top > lo, puts if top < hi, compared as uintptr_t; closed words are NULL:
 *
 *          NULL | idle since the trim | kept buffers |    room    |
 *                                     lo             top          hi
 *
 * Threads  One owner at a time.
 * Errors   A get that is refused answers {NULL, 0} and keeps the reason for pare_bufpool_status;
 *          nothing has changed. A put never fails. Misuse, and then the call is refused: a put of
 *          the newest buffer of its class again, at once; of another kept buffer, or of NULL with a
 *          size, at the latest by trim or deinit, where the bad entry is dropped (if no get answers
 *          it before). Under ASan, MSan and memcheck at once, and kept buffers are not to be
 *          touched.
 * Lifetime A buffer is a block of `from`: after deinit, buffers still in use stay valid and are
 *          given back with pare_free_span and the pool's alignment. The struct may be moved until
 *          an allocator handle names its address.
 * SPDX-License-Identifier: MIT */
#ifndef PARE_BUFPOOL_H
#define PARE_BUFPOOL_H
#include "pare/alloc.h"
PARE_BEGIN_DECLS

/* --- types ------------------------------------------------------------------------------- */

struct parei_bufpool_state;

/* One class, a cache line: the window, and then what only slow calls need. Invariant: lo <= top,
 * and top <= hi unless hi is NULL, which closes it for puts; top[-1] is readable unless top is
 * NULL. */
typedef struct parei_bufpool_class {
    void **top; /* one past the newest kept buffer */
    void **lo;  /* gets stop here */
    void **hi;  /* puts stop here */
    size_t cap; /* bytes of each buffer; 0: no class, and never open */
    uint64_t hits;
    void **stack;         /* NULL, and then slot_capacity pointers; or there is none yet */
    size_t slot_capacity; /* room for so many buffers */
    size_t slot_count;    /* of these, open to puts */
} parei_bufpool_class;

/* Visible so it can be embedded and inlined; the fields are private. All-zero is valid: an empty
 * pool with the default options on the C library's heap. */
typedef struct pare_bufpool {
    parei_bufpool_class *classes;      /* a row per class; NULL: nothing taken yet */
    size_t end;                        /* sizes from 16 to end + 15 have a row; 0: all calls slow */
    pare_allocator from;               /* outlives the pool */
    struct parei_bufpool_state *state; /* NULL: nothing taken yet */
    pare_status status;                /* the last refusal */
} pare_bufpool;

/* Zero means the default. */
typedef struct pare_bufpool_options {
    size_t min_bytes; /* the smallest class, at least 16; 16. Smaller gets are served from it, by a
                       * slow call */
    size_t max_bytes; /* the largest class; PARE_BUFPOOL_MAX_BYTES, or min_bytes if that is more.
                       * Both are rounded up to a class, and at most PARE_BUFPOOL_CLASS_MAX */
    const size_t *classes; /* in place of both: class_count sizes, ascending; copied. NULL: none */
    size_t class_count;
    size_t retain_bytes; /* most bytes of kept buffers; PARE_BUFPOOL_RETAIN_BYTES, or 16 buffers of
                          * the largest class if that is more */
    size_t align;        /* of buffers: a power of two up to 65536; 16 */
    uint32_t trim_ms;    /* trims of the surplus are at least this far apart; 1000 */
    unsigned flags;      /* PARE_WIPE: puts overwrite all of cap, and gets answer zeros */
    uint64_t reserved[4];
} pare_bufpool_options;

#define PARE_BUFPOOL_MAX_BYTES ((size_t)1 << 20)
#define PARE_BUFPOOL_RETAIN_BYTES ((size_t)16 << 20)
#define PARE_BUFPOOL_CLASS_MAX (SIZE_MAX / 8 + 1) /* 2^61; on 32-bit machines 2^29 */

/* Exact whenever the owner is in no call of the pool. The hit rate is hits / (hits + misses). */
typedef struct pare_bufpool_stats {
    uint64_t hits;           /* gets that were served from kept buffers */
    uint64_t misses;         /* gets that took a fresh buffer of a class */
    uint64_t oversize;       /* gets above the largest class, served by the allocator as they are */
    uint64_t refusals;       /* gets refused */
    uint64_t dropped_small;  /* puts given back: smaller than the smallest class */
    uint64_t dropped_large;  /* likewise: larger than the largest */
    uint64_t dropped_budget; /* likewise: the budget is used up */
    uint64_t dropped_memory; /* likewise: the stack was refused memory to grow */
    size_t retained_count;   /* kept buffers */
    size_t retained_bytes;   /* of kept buffers; never above the budget */
    size_t retain_bytes;     /* the budget */
    size_t overhead_bytes;   /* of stacks and tables, beside the buffers */
    size_t class_count;      /* 0 before the first call that takes memory */
    uint64_t allocs;         /* blocks asked of the allocator since init */
    uint64_t frees;          /* blocks given back since init */
    uint64_t total_bytes;    /* bytes of those allocs */
    uint64_t reserved[4];
} pare_bufpool_stats;

typedef struct pare_bufpool_class_stats {
    size_t class_bytes; /* 0: there is no such class */
    uint64_t hits, misses;
    size_t retained_count;
    size_t retained_bytes;
    uint64_t dropped; /* puts that it could have kept, but for the budget or a refusal */
    uint64_t reserved[3];
} pare_bufpool_class_stats;

/* --- lifetime ---------------------------------------------------------------------------- */

/* Readies `b` over `from`. options NULL: the defaults, and nothing is allocated before the first
 * get or put; with options, one block now. PARE_ERR_ARGUMENT: options outside their ranges. On
 * failure `b` is as it was. */
PARE_NODISCARD PARE_API pare_status pare_bufpool_init(pare_bufpool *b, pare_allocator from,
                                                      const pare_bufpool_options *options);

/* Gives back the kept buffers and all else that the pool holds, and zeroes `b`. Accepts a zeroed
 * pool. Cost: O(n log n) in kept buffers. */
PARE_API void pare_bufpool_deinit(pare_bufpool *b);

/* Gives kept buffers back. PARE_TRIM_SURPLUS: those that no get has needed since the trim before,
 * which was at least trim_ms ago (else nothing is done), those at high addresses first. The first
 * such trim only starts the watch. PARE_TRIM_ALL: all, and the stacks. `now_ms` is any clock that
 * does not run backwards. The allocator may trim the pool that is asking it. Cost: O(n log n) in
 * kept buffers. */
PARE_API void pare_bufpool_trim(pare_bufpool *b, uint64_t now_ms, int level);

/* --- get and put ------------------------------------------------------------------------- */

#define parei_bufpool_get_slow PAREI_ABI_NAME(parei_bufpool_get_slow)
#define parei_bufpool_put_slow PAREI_ABI_NAME(parei_bufpool_put_slow)
PARE_API PAREI_COLD pare_span parei_bufpool_get_slow(pare_bufpool *b, size_t size);
PARE_API PAREI_COLD void parei_bufpool_put_slow(pare_bufpool *b, pare_span buffer);

#define PAREI_BUFPOOL_LEAST ((size_t)16) /* bytes of row 0 */

/* The row of the largest class of at most `bytes`; for 15, which has none, the one before row 0.
 * Each doubling has four, told apart by the two bits below the highest. */
PAREI_INLINE unsigned parei_bufpool_row(size_t bytes) {
    unsigned bit = parei_log2(bytes);
    return (unsigned)(bytes * 4 >> bit) + bit * 4 - 20;
}

/* A buffer of at least `size` bytes, contents undefined unless PARE_WIPE; {NULL, 0} on refusal, and
 * for size 0, which is none. Sizes above the largest class are served exactly, unpooled. Allocates:
 * once per buffer that is then in use or kept; never once warm. Cost: about 20 instructions; a
 * constant size has its class at compile time. */
PARE_NODISCARD PAREI_INLINE pare_span pare_bufpool_get(pare_bufpool *b, size_t size) {
    if (PAREI_LIKELY(size - PAREI_BUFPOOL_LEAST < b->end)) {
        parei_bufpool_class *c = &b->classes[parei_bufpool_row(size - 1) + 1];
        void **top = c->top;
        if (PAREI_LIKELY((uintptr_t)top > (uintptr_t)c->lo)) {
            pare_span buffer;
            buffer.ptr = *--top;
            buffer.cap = c->cap;
            c->top = top;
            c->hits++;
            return buffer;
        }
    }
    return parei_bufpool_get_slow(b, size);
}

/* Gives a buffer back: kept for the gets of the largest class that it can serve, or dropped.
 * {NULL, 0} does nothing. Requires a block of the pool's own `from` with exactly that cap and the
 * pool's alignment, from a get of this pool or not; it is no longer the caller's. Allocates:
 * amortised, for the stack; never once warm. Cost: about 20 instructions; a slow call where cap is
 * not the size of a class. */
PAREI_INLINE void pare_bufpool_put(pare_bufpool *b, pare_span buffer) {
    if (PAREI_LIKELY(buffer.cap - PAREI_BUFPOOL_LEAST < b->end)) {
        parei_bufpool_class *c = &b->classes[parei_bufpool_row(buffer.cap)];
        void **top = c->top;
        if (PAREI_LIKELY(buffer.cap == c->cap && (uintptr_t)top < (uintptr_t)c->hi &&
                         top[-1] != buffer.ptr)) {
            *top = buffer.ptr;
            c->top = top + 1;
            return;
        }
    }
    parei_bufpool_put_slow(b, buffer);
}

/* --- queries ----------------------------------------------------------------------------- */

/* Why the last refused get was refused; PARE_OK if none was since init, or a get of size 0 came
 * after it. */
PAREI_INLINE pare_status pare_bufpool_status(const pare_bufpool *b) { return b->status; }

/* Cost: O(classes), and O(kept buffers) for those whose size is not that of a class. */
PARE_API pare_bufpool_stats pare_bufpool_get_stats(const pare_bufpool *b);

/* Of the class with that index, 0 being the smallest; all zero from class_count on. */
PARE_API pare_bufpool_class_stats pare_bufpool_get_class_stats(const pare_bufpool *b, size_t index);

/* Serves buffers of `b`, which must not move from now on, as blocks: cap is the size of the class,
 * or with PARE_EXACT that asked for. Alignments above the pool's go straight to `from`. Blocks are
 * resized in place within their class. */
PARE_API pare_allocator pare_bufpool_allocator(pare_bufpool *b);

PARE_END_DECLS
#endif
