/* pare/budget.h - byte limits, as a tree, over any allocator.
 *
 * A budget charges each block to itself and to all budgets above it, and refuses what would pass a
 * limit of one of them. Budgets of one tree may take their memory from different allocators: an
 * arena on pages and a pool on the heap can share one limit.
 *
 * Before a budget refuses, it can ask for relief: a callback frees something, trims a pool, drops
 * cache entries, and says that the request should be tried again. With a soft limit it is asked
 * earlier, while there still is room for those who cannot wait.
 *
 * Memory   None of its own, and no headers: what is charged is a block's cap, exactly. While a
 *          limit is set in the path, blocks are asked for with PARE_EXACT, so that none turns out
 *          larger than what was charged for it.
 * Threads  Any number at once, if `from` allows it, init and deinit apart. Nothing is locked. Live
 *          bytes never pass a limit, not for a moment. A request is charged while it is under way,
 *          so when two compete for the last bytes, both may be refused.
 * Errors   PARE_ERR_LIMIT, when a limit of the path would be passed; else what `from` answers. A
 *          refused request is charged nowhere. Misuse, and then the call is refused: a free of more
 *          than is live; deinit with live bytes or children.
 * SPDX-License-Identifier: MIT */
#ifndef PARE_BUDGET_H
#define PARE_BUDGET_H
#include "pare/alloc.h"
PARE_BEGIN_DECLS

/* --- types ------------------------------------------------------------------------------- */

struct pare_budget;

/* Asked to make at least `needed_bytes` of `b` free; returns nonzero to have the request tried
 * again. It is asked once more as long as it says so and `b` has fewer live bytes than before. It
 * runs on the thread of the request, on one thread at a time, without a lock. It may use `b`, but
 * while it runs, no request asks it again: all are held to the limit alone. Must return. */
typedef int (*pare_budget_relief)(void *ctx, struct pare_budget *b, size_t needed_bytes);

/* Visible so it can be embedded; the fields are private, and atomic where calls write them.
 * All-zero is valid: it has no limit, and charges what the C library's heap gives. Invariant:
 * live_bytes is the sum of the caps that are out, here and below, and of the requests under way. */
typedef struct pare_budget {
    pare_allocator from;        /* outlives every block */
    struct pare_budget *parent; /* outlives the budget; NULL: a root */
    pare_budget_relief relief;  /* NULL: none */
    void *ctx;
    size_t limit_bytes, soft_bytes; /* 0: none */
    size_t live_bytes, peak_bytes;
    size_t allocs, frees, resizes, refusals, reliefs;
    size_t children;
    size_t relieving; /* 1 while the callback runs */
} pare_budget;

/* Zero means the default. */
typedef struct pare_budget_options {
    pare_budget *parent;       /* charged too; none */
    size_t limit_bytes;        /* no limit */
    size_t soft_bytes;         /* beyond it, relief is asked; limit_bytes */
    pare_budget_relief relief; /* none */
    void *ctx;                 /* handed to `relief` */
    uint64_t reserved[4];
} pare_budget_options;

/* Figures of the budget and all below it, exact whenever no call is under way. Counts wrap at
 * SIZE_MAX. */
typedef struct pare_budget_stats {
    size_t limit_bytes, soft_bytes; /* 0: none */
    size_t live_bytes;              /* caps of the blocks that are out now */
    size_t peak_bytes;              /* the largest live_bytes after a granted request */
    uint64_t allocs;                /* blocks handed out */
    uint64_t frees;                 /* blocks given back */
    uint64_t resizes;               /* blocks resized */
    uint64_t refusals;              /* requests that this budget's own limit refused */
    uint64_t reliefs;               /* calls of `relief` */
    uint64_t reserved[4];
} pare_budget_stats;

/* --- lifetime ---------------------------------------------------------------------------- */

/* Readies `b` over `from`. options NULL: a root without limit. PARE_ERR_ARGUMENT where `from` is
 * the allocator of a budget above `b`, which would be charged twice. The struct may not be moved
 * from now on, nor its parent. */
PARE_NODISCARD PARE_API pare_status pare_budget_init(pare_budget *b, pare_allocator from,
                                                     const pare_budget_options *options);

/* Zeroes `b`. Requires that every block was given back and every child deinited. */
PARE_API void pare_budget_deinit(pare_budget *b);

/* --- operations -------------------------------------------------------------------------- */

/* Serves blocks through `b`. */
PARE_API pare_allocator pare_budget_allocator(pare_budget *b);

/* Changes a limit; 0: none. Nothing is taken back: below what is live, it refuses all growth until
 * enough was freed. */
PARE_API void pare_budget_set_limit(pare_budget *b, size_t limit_bytes);
PARE_API void pare_budget_set_soft(pare_budget *b, size_t soft_bytes);

/* --- queries ----------------------------------------------------------------------------- */

/* Bytes that a request could have now without passing a limit, here or above; SIZE_MAX where there
 * is none. */
PARE_API size_t pare_budget_room(const pare_budget *b);

PARE_API pare_budget_stats pare_budget_get_stats(const pare_budget *b);

PARE_END_DECLS
#endif
