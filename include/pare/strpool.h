/* pare/strpool.h - string builders that are taken and given back, with the memory they grew to.
 *
 * A builder for a short time, a reply, a log line, a page, comes with room for texts such as were
 * built before; nothing is allocated once the pool has seen them. One giant text does not stay:
 * how much each builder used is remembered, in classes that double, the recent uses counting most,
 * and at put a block of more than four times what nineteen of twenty uses needed is given back.
 *
 * Memory   As pare/pool.h for the builders, and as pare/str.h for the blocks of their texts. At put
 *          the block waits for the next get, up to retain_bytes in all.
 * Threads  One owner at a time. A builder that is taken may be used by another thread.
 * Errors   A get that is refused answers NULL and keeps the reason for pare_strpool_status; nothing
 *          has changed. Misuse of put is found as in a pool with `reset`: each is looked up.
 * Lifetime A builder, and its text, is the caller's until put or deinit; so is what was attached to
 *          it. The struct may be moved.
 * SPDX-License-Identifier: MIT */
#ifndef PARE_STRPOOL_H
#define PARE_STRPOOL_H
#include "pare/pool.h"
#include "pare/str.h"
PARE_BEGIN_DECLS

/* --- types ------------------------------------------------------------------------------- */

struct parei_strpool_state;

/* Visible so it can be embedded; the fields are private. All-zero is valid: empty, on the C
 * library's heap, with the default options. */
typedef struct pare_strpool {
    pare_pool pool;
    pare_allocator from;               /* outlives the pool */
    struct parei_strpool_state *state; /* NULL: nothing is allocated yet */
    pare_status status;                /* the last refusal */
} pare_strpool;

/* All may be zero, which means the default. */
typedef struct pare_strpool_options {
    size_t limit_bytes;   /* most bytes of one text; 0: no limit */
    size_t retain_bytes;  /* most bytes of blocks that wait; 0: 16 MiB */
    uint32_t trim_ms;     /* trims of the surplus are at least this far apart; 0: 1000 */
    unsigned flags;       /* PARE_WIPE: puts overwrite the block; what growth left in blocks that it
                           * gave back is the allocator's */
    uint64_t reserved[4]; /* 0 */
} pare_strpool_options;

/* Exact whenever the owner is in no call of the pool. */
typedef struct pare_strpool_stats {
    uint64_t gets;            /* builders handed out */
    uint64_t hits;            /* of these, with a block that an earlier one left */
    uint64_t dropped_giant;   /* blocks given back at put: much larger than what is used */
    uint64_t dropped_budget;  /* likewise: retain_bytes is used up */
    uint64_t dropped_foreign; /* likewise: from another allocator, attached or the caller's array */
    uint64_t dropped_memory;  /* likewise: no memory to list it in */
    size_t usual_bytes;       /* what nineteen of twenty uses needed, rounded up to a power of two,
                               * at least 64; gets make so much room. 0 before the first put */
    size_t live_count;        /* builders in use */
    size_t retained_count;    /* blocks that wait for a builder */
    size_t retained_bytes;    /* of these; never above retain_bytes */
    uint64_t reserved[4];
} pare_strpool_stats;

/* --- lifetime ---------------------------------------------------------------------------- */

/* Readies `p` over `from`. options NULL: the defaults, and nothing is allocated before the first
 * get; with options, two blocks now. PARE_ERR_ARGUMENT: options outside their ranges. On failure
 * `p` is as it was. */
PARE_NODISCARD PARE_API pare_status pare_strpool_init(pare_strpool *p, pare_allocator from,
                                                      const pare_strpool_options *options);

/* Gives everything back, builders in use and their texts too, and zeroes `p`. Accepts a zeroed
 * pool. */
PARE_API void pare_strpool_deinit(pare_strpool *p);

/* Gives memory back, as pare_pool_trim: PARE_TRIM_SURPLUS what waited all the time since the trim
 * before, which was at least trim_ms ago; PARE_TRIM_ALL all that waits. */
PARE_API void pare_strpool_trim(pare_strpool *p, uint64_t now_ms, int level);

/* --- get and put ------------------------------------------------------------------------- */

/* An empty builder with the limit of the options, or NULL: refused. Allocates: none once warm, else
 * room for usual_bytes; it is no refusal if that is not to be had. Cost: a call more than a pool's.
 */
PARE_NODISCARD PARE_API pare_str *pare_strpool_get(pare_strpool *p);

/* Gives a builder back; its text ends. NULL does nothing. Requires that it came from a get of this
 * pool and was not put since. Never fails. */
PARE_API void pare_strpool_put(pare_strpool *p, pare_str *s);

/* --- queries ----------------------------------------------------------------------------- */

/* Why the last refused get was refused; PARE_OK if none was since init. */
PAREI_INLINE pare_status pare_strpool_status(const pare_strpool *p) { return p->status; }

PARE_API pare_strpool_stats pare_strpool_get_stats(const pare_strpool *p);

PARE_END_DECLS
#endif
