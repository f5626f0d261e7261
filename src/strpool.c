/* strpool.c - the contract is in pare/strpool.h: a pool of builders, beside it a stack of the
 * blocks that they had, and the rule by which a block is kept.
 *
 * A put takes the block from its builder, in the pool's `reset`, which runs once for each put that
 * is right; a get gives the newest one to the builder it hands out. So free builders are never
 * written, and the blocks, which are what costs memory, can be given back one by one.
 *
 * The usual size is the smallest class that leaves at most one use in twenty above it. It is kept
 * up by steps: each use moves it as far as the counts say, so no put walks them all. When so many
 * uses are counted, all counts are halved: older ones fade.
 * SPDX-License-Identifier: MIT */
#include "pare/strpool.h"
#include "internal/bits.h"
#include "internal/check.h"
#include "internal/grow.h"
#include "internal/trims.h"

#define PAREI_STRPOOL_RETAIN_BYTES ((size_t)16 << 20)
#define PAREI_STRPOOL_FIRST_BLOCKS ((size_t)16) /* room of the stack, which then doubles */

/* Class 0 is that of the smallest block a builder asks for; class i has 2^i times its bytes. */
#define PAREI_STRPOOL_LEAST_LOG2 6
#define PAREI_STRPOOL_CLASSES (sizeof(size_t) * 8 - PAREI_STRPOOL_LEAST_LOG2)

/* Blocks up to here are kept whatever was used: giving one back saves less than asking again. */
#define PAREI_STRPOOL_SMALL_BYTES ((size_t)4096)
#define PAREI_STRPOOL_SLACK 4 /* a block may have so many times the usual bytes */

#define PAREI_STRPOOL_REMEMBERED 256u /* uses, at the most */
#define PAREI_STRPOOL_ABOVE_ONE_IN 20u

/* Which sizes were used. */
typedef struct parei_strpool_uses {
    uint16_t counts[PAREI_STRPOOL_CLASSES];
    uint32_t count;       /* the sum of counts */
    uint32_t above_count; /* of the classes above the usual one */
    size_t usual;         /* a class */
} parei_strpool_uses;

typedef struct parei_strpool_state {
    pare_allocator from;
    pare_strpool_options options; /* limit_bytes and retain_bytes are not 0 */
    parei_strpool_uses uses;
    pare_span stack; /* where `blocks` lies */
    pare_span *blocks;
    size_t block_count;
    size_t idle_count;     /* of these, the oldest, that no get needed since the trim before */
    size_t retained_bytes; /* of them all */
    parei_trims trims;
    bool watched;
    uint64_t hits;
    uint64_t dropped_giant, dropped_budget, dropped_foreign, dropped_memory;
} parei_strpool_state;

/* --- uses -------------------------------------------------------------------------------- */

static size_t parei_strpool_class(size_t bytes) {
    if (bytes <= (size_t)1 << PAREI_STRPOOL_LEAST_LOG2) return 0;
    return parei_log2(bytes - 1) + 1 - PAREI_STRPOOL_LEAST_LOG2;
}

static size_t parei_strpool_usual(const parei_strpool_uses *u) {
    return u->count != 0 ? (size_t)1 << (u->usual + PAREI_STRPOOL_LEAST_LOG2) : 0;
}

static void parei_strpool_fade(parei_strpool_uses *u) {
    u->count = u->above_count = 0;
    for (size_t class = 0; class < PAREI_STRPOOL_CLASSES; class ++) {
        u->counts[class] /= 2;
        u->count += u->counts[class];
        if (class > u->usual) u->above_count += u->counts[class];
    }
}

static bool parei_strpool_covers(const parei_strpool_uses *u, uint32_t above_count) {
    return above_count * PAREI_STRPOOL_ABOVE_ONE_IN <= u->count;
}

static void parei_strpool_remember(parei_strpool_uses *u, size_t bytes) {
    size_t class = parei_strpool_class(bytes);
    if (u->count == PAREI_STRPOOL_REMEMBERED) parei_strpool_fade(u);
    u->counts[class]++;
    u->count++;
    if (class > u->usual) u->above_count++;
    while (!parei_strpool_covers(u, u->above_count)) u->above_count -= u->counts[++u->usual];
    while (u->usual > 0 && parei_strpool_covers(u, u->above_count + u->counts[u->usual])) {
        u->above_count += u->counts[u->usual--];
    }
}

/* --- the stack --------------------------------------------------------------------------- */

static pare_status parei_strpool_grow(parei_strpool_state *s) {
    size_t used_bytes = s->block_count * sizeof *s->blocks;
    size_t bytes = parei_max_size(PAREI_STRPOOL_FIRST_BLOCKS * sizeof *s->blocks, 2 * used_bytes);
    pare_status status = pare_realloc_span(s->from, &s->stack, used_bytes, bytes,
                                           _Alignof(pare_span), PARE_MAY_MOVE);
    s->blocks = s->stack.ptr;
    return status;
}

/* False: there is no memory for a larger stack. */
static bool parei_strpool_push(parei_strpool_state *s, pare_span block) {
    if ((s->block_count + 1) * sizeof block > s->stack.cap && parei_strpool_grow(s) != PARE_OK) {
        return false;
    }
    if (s->watched) parei_mark_noaccess(block.ptr, block.cap);
    s->blocks[s->block_count++] = block;
    s->retained_bytes += block.cap;
    return true;
}

/* Takes block number `at`; the newest one moves to its place. */
static pare_span parei_strpool_remove(parei_strpool_state *s, size_t at) {
    pare_span block = s->blocks[at];
    s->blocks[at] = s->blocks[--s->block_count];
    s->idle_count = parei_min_size(s->idle_count, s->block_count);
    s->retained_bytes -= block.cap;
    if (s->watched) parei_mark_undefined(block.ptr, block.cap);
    return block;
}

/* Gives the `count` oldest blocks back. */
static void parei_strpool_release(parei_strpool_state *s, size_t count) {
    while (count-- > 0) pare_free_span(s->from, parei_strpool_remove(s, count), 1);
}

/* --- the pool's callbacks ---------------------------------------------------------------- */

static void parei_strpool_ready(const parei_strpool_state *s, pare_str *builder) {
    pare_str_init(builder, s->from);
    pare_str_set_limit(builder, s->options.limit_bytes);
}

static pare_status parei_strpool_init_builder(void *ctx, void *builder) {
    parei_strpool_ready(ctx, builder);
    return PARE_OK;
}

static void parei_strpool_fini_builder(void *ctx, void *builder) {
    (void)ctx;
    pare_str_deinit(builder);
}

/* Whether the block did not come from the pool's allocator as builders ask for it. */
static bool parei_strpool_foreign(const parei_strpool_state *s, const pare_buf *b) {
    return (b->flags & PAREI_BUF_BORROWED) != 0 || b->align > 1 ||
           b->allocator.vtable != s->from.vtable || b->allocator.ctx != s->from.ctx;
}

/* Where a block that is not kept is counted; NULL: it is kept. */
static uint64_t *parei_strpool_reason(parei_strpool_state *s, const pare_buf *b) {
    size_t bytes = b->block_bytes, usual_bytes = parei_strpool_usual(&s->uses);
    bool small = bytes <= PAREI_STRPOOL_SMALL_BYTES;
    if (parei_strpool_foreign(s, b)) return &s->dropped_foreign;
    if (!small && bytes / PAREI_STRPOOL_SLACK > usual_bytes) return &s->dropped_giant;
    if (bytes > s->options.retain_bytes - s->retained_bytes) return &s->dropped_budget;
    return NULL;
}

/* Zeros over all of an empty builder's block: what was written ends in no known place, since
 * numbers and refused printfs leave bytes behind the text. */
static void parei_strpool_wipe(pare_buf *b) {
    if ((b->flags & PAREI_BUF_BORROWED) != 0) return; /* that array may be gone */
    pare_buf_set_limit(b, SIZE_MAX);
    size_t bytes = parei_buf_borrow_tail(b);
    if (bytes != 0) parei_wipe(b->ptr, bytes);
    parei_buf_commit(b, 0);
}

/* Takes the block of an empty builder, to keep it or to count why not. */
static void parei_strpool_take_block(parei_strpool_state *s, pare_buf *b) {
    if (b->block_bytes == 0) return;
    uint64_t *reason = parei_strpool_reason(s, b);
    pare_parcel parcel = {0};
    if (reason == NULL && pare_buf_detach(b, &parcel) == PARE_OK &&
        !parei_strpool_push(s, parcel.block)) {
        pare_free_span(s->from, parcel.block, 1);
        reason = &s->dropped_memory;
    }
    if (reason != NULL) ++*reason;
}

static void parei_strpool_reset_builder(void *ctx, void *builder) {
    parei_strpool_state *s = ctx;
    pare_str *text = builder;
    size_t used_bytes = pare_str_get_stats(text).peak_used_bytes + 1; /* the NUL */
    parei_strpool_remember(&s->uses, used_bytes);
    pare_str_reset(text);
    if ((s->options.flags & PARE_WIPE) != 0) parei_strpool_wipe(&text->buf);
    parei_strpool_take_block(s, &text->buf);
    pare_str_deinit(text);
    parei_strpool_ready(s, text);
}

/* --- lifetime ---------------------------------------------------------------------------- */

static bool parei_strpool_options_valid(const pare_strpool_options *o) {
    return (o->flags & ~PARE_WIPE) == 0 &&
           (o->reserved[0] | o->reserved[1] | o->reserved[2] | o->reserved[3]) == 0;
}

/* Takes the memory that `p` works with. */
static pare_status parei_strpool_start(pare_strpool *p, pare_allocator from,
                                       const pare_strpool_options *o) {
    pare_span block;
    pare_status status = pare_alloc_span(from, sizeof(parei_strpool_state),
                                         _Alignof(parei_strpool_state), PARE_EXACT, &block);
    if (status != PARE_OK) return status;
    parei_strpool_state *s = block.ptr;
    *s = (parei_strpool_state){.from = from,
                               .options = *o,
                               .trims = parei_trims_every(o->trim_ms),
                               .watched = parei_watched()};
    if (o->limit_bytes == 0) s->options.limit_bytes = SIZE_MAX;
    if (o->retain_bytes == 0) s->options.retain_bytes = PAREI_STRPOOL_RETAIN_BYTES;

    pare_pool_options builders = {.size = sizeof(pare_str),
                                  .align = _Alignof(pare_str),
                                  .init = parei_strpool_init_builder,
                                  .reset = parei_strpool_reset_builder,
                                  .fini = parei_strpool_fini_builder,
                                  .ctx = s,
                                  .trim_ms = o->trim_ms};
    pare_pool pool;
    status = pare_pool_init(&pool, from, &builders);
    if (status != PARE_OK) {
        pare_free_span(from, block, _Alignof(parei_strpool_state));
        return status;
    }
    *p = (pare_strpool){.pool = pool, .from = from, .state = s};
    return PARE_OK;
}

pare_status pare_strpool_init(pare_strpool *p, pare_allocator from,
                              const pare_strpool_options *options) {
    if (options == NULL) {
        *p = (pare_strpool){.from = from};
        return PARE_OK;
    }
    if (!parei_strpool_options_valid(options)) return PARE_ERR_ARGUMENT;
    return parei_strpool_start(p, from, options);
}

void pare_strpool_deinit(pare_strpool *p) {
    parei_strpool_state *s = p->state;
    if (s != NULL) {
        pare_pool_deinit(&p->pool);
        parei_strpool_release(s, s->block_count);
        pare_free_span(p->from, s->stack, _Alignof(pare_span));
        pare_free_span(p->from, (pare_span){s, sizeof *s}, _Alignof(parei_strpool_state));
    }
    *p = (pare_strpool){0};
}

void pare_strpool_trim(pare_strpool *p, uint64_t now_ms, int level) {
    parei_strpool_state *s = p->state;
    if (s == NULL) return;
    pare_pool_trim(&p->pool, now_ms, level);
    if (level == PARE_TRIM_ALL) {
        parei_strpool_release(s, s->block_count);
    } else if (parei_trims_due(&s->trims, now_ms)) {
        parei_strpool_release(s, s->idle_count);
        s->idle_count = s->block_count;
    }
}

/* --- get and put ------------------------------------------------------------------------- */

static pare_str *parei_strpool_refuse(pare_strpool *p, pare_status why) {
    p->status = why;
    return NULL;
}

pare_str *pare_strpool_get(pare_strpool *p) {
    if (p->state == NULL) {
        pare_status status = parei_strpool_start(p, p->from, &(pare_strpool_options){0});
        if (status != PARE_OK) return parei_strpool_refuse(p, status);
    }
    pare_str *text = pare_pool_get(&p->pool);
    if (text == NULL) return parei_strpool_refuse(p, pare_pool_status(&p->pool));

    parei_strpool_state *s = p->state;
    size_t usual_bytes = parei_min_size(parei_strpool_usual(&s->uses), s->options.limit_bytes);
    pare_status status = PARE_OK; /* refused room will be asked for by the appends that need it */
    if (s->block_count != 0) {
        s->hits++;
        pare_parcel parcel = {.block = parei_strpool_remove(s, s->block_count - 1),
                              .from = s->from};
        status = pare_buf_attach(&text->buf, parcel);
    } else if (usual_bytes != 0) {
        status = pare_str_reserve_exact(text, usual_bytes - 1);
    }
    (void)status;
    return text;
}

void pare_strpool_put(pare_strpool *p, pare_str *s) { pare_pool_put(&p->pool, s); }

/* --- queries ----------------------------------------------------------------------------- */

pare_strpool_stats pare_strpool_get_stats(const pare_strpool *p) {
    const parei_strpool_state *s = p->state;
    if (s == NULL) return (pare_strpool_stats){0};
    pare_pool_stats builders = pare_pool_get_stats(&p->pool);
    return (pare_strpool_stats){
        .gets = builders.gets,
        .hits = s->hits,
        .dropped_giant = s->dropped_giant,
        .dropped_budget = s->dropped_budget,
        .dropped_foreign = s->dropped_foreign,
        .dropped_memory = s->dropped_memory,
        .usual_bytes = parei_strpool_usual(&s->uses),
        .live_count = builders.live_count,
        .retained_count = s->block_count,
        .retained_bytes = s->retained_bytes,
    };
}
