/* strpool.c - the contract is in pare/strpool.h: a pool whose objects are builders, and the rule by
 * which a builder keeps its block.
 *
 * A builder's block is judged in the pool's `reset`, which runs once for each put that is right.
 *
 * The usual size is the smallest class that leaves at most one use in twenty above it. It is kept
 * up by steps: each use moves it as far as the counts say, so no put walks them all. When so many
 * uses are counted, all counts are halved: older ones fade.
 * SPDX-License-Identifier: MIT */
#include "pare/strpool.h"
#include "internal/bits.h"
#include "internal/check.h"
#include "internal/grow.h"

#define PAREI_STRPOOL_RETAIN_BYTES ((size_t)16 << 20)

/* Class 0 is that of the smallest block that a builder asks for; class i has 2^i times its bytes. */
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

/* A builder, and what it adds to the state's retained_bytes. */
typedef struct parei_strpool_object {
    pare_str s; /* first: what users hold a pointer to */
    size_t retained_bytes;
} parei_strpool_object;

typedef struct parei_strpool_state {
    pare_allocator from;
    pare_strpool_options options; /* without zeros that stand for a default */
    parei_strpool_uses uses;
    size_t retained_bytes;
    uint64_t misses;
    uint64_t dropped_giant, dropped_budget, dropped_foreign;
} parei_strpool_state;

/* --- uses -------------------------------------------------------------------------------- */

static size_t parei_strpool_class(size_t bytes) {
    if (bytes <= (size_t)1 << PAREI_STRPOOL_LEAST_LOG2) return 0;
    return parei_log2(bytes - 1) + 1 - PAREI_STRPOOL_LEAST_LOG2;
}

static size_t parei_strpool_class_bytes(size_t class) {
    return (size_t)1 << (class + PAREI_STRPOOL_LEAST_LOG2);
}

static size_t parei_strpool_usual(const parei_strpool_uses *u) {
    return u->count != 0 ? parei_strpool_class_bytes(u->usual) : 0;
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

/* --- the pool's callbacks ---------------------------------------------------------------- */

static size_t parei_strpool_block_bytes(const pare_str *s) {
    return pare_str_get_stats(s).live_bytes;
}

static pare_status parei_strpool_init_object(void *ctx, void *object) {
    const parei_strpool_state *s = ctx;
    parei_strpool_object *o = object;
    o->retained_bytes = 0;
    pare_str_init(&o->s, s->from);
    pare_str_set_limit(&o->s, s->options.limit_bytes);
    return PARE_OK;
}

static void parei_strpool_fini_object(void *ctx, void *object) {
    parei_strpool_state *s = ctx;
    parei_strpool_object *o = object;
    s->retained_bytes -= o->retained_bytes;
    pare_str_deinit(&o->s);
}

/* Whether the block did not come from the pool's allocator as gets ask for it. */
static bool parei_strpool_foreign(const parei_strpool_state *s, const pare_str *builder) {
    const pare_buf *b = &builder->buf;
    return (b->flags & PAREI_BUF_BORROWED) != 0 || b->align > 1 ||
           b->allocator.vtable != s->from.vtable || b->allocator.ctx != s->from.ctx;
}

/* Where a block that is not kept is counted; NULL: it is kept. */
static uint64_t *parei_strpool_drop(parei_strpool_state *s, const pare_str *builder) {
    size_t block_bytes = parei_strpool_block_bytes(builder);
    if (parei_strpool_foreign(s, builder)) return &s->dropped_foreign;
    if (block_bytes > PAREI_STRPOOL_SMALL_BYTES &&
        block_bytes / PAREI_STRPOOL_SLACK > parei_strpool_usual(&s->uses)) {
        return &s->dropped_giant;
    }
    if (block_bytes > s->options.retain_bytes - s->retained_bytes) return &s->dropped_budget;
    return NULL;
}

/* Zeros over the first `used_bytes` of an empty builder's block, or all it has. */
static void parei_strpool_wipe(pare_str *builder, size_t used_bytes) {
    pare_buf *b = &builder->buf;
    if ((b->flags & PAREI_BUF_BORROWED) != 0) return; /* that array may be gone */
    pare_buf_set_limit(b, SIZE_MAX);
    size_t block_bytes = parei_buf_borrow_tail(b);
    if (block_bytes != 0) parei_wipe(b->ptr, parei_min_size(used_bytes, block_bytes));
    parei_buf_commit(b, 0);
}

static void parei_strpool_reset_object(void *ctx, void *object) {
    parei_strpool_state *s = ctx;
    parei_strpool_object *o = object;
    size_t used_bytes = pare_str_get_stats(&o->s).peak_used_bytes + 1; /* the NUL */
    parei_strpool_remember(&s->uses, used_bytes);
    pare_str_reset(&o->s);
    if ((s->options.flags & PARE_WIPE) != 0) parei_strpool_wipe(&o->s, used_bytes);

    uint64_t *dropped = parei_strpool_drop(s, &o->s);
    if (dropped != NULL) {
        ++*dropped;
        pare_str_deinit(&o->s);
        pare_str_init(&o->s, s->from);
    }
    pare_str_set_limit(&o->s, s->options.limit_bytes);
    o->s.buf.peak_used_bytes = 0;
    o->retained_bytes = parei_strpool_block_bytes(&o->s);
    s->retained_bytes += o->retained_bytes;
}

/* --- lifetime ---------------------------------------------------------------------------- */

static bool parei_strpool_options_valid(const pare_strpool_options *o) {
    return (o->flags & ~PARE_WIPE) == 0 &&
           (o->reserved[0] | o->reserved[1] | o->reserved[2] | o->reserved[3]) == 0;
}

/* Takes the memory that `p` works with, under `o` with defaults in place of zeros. */
static pare_status parei_strpool_start(pare_strpool *p, pare_allocator from,
                                       const pare_strpool_options *o) {
    pare_span block;
    pare_status status = pare_alloc_span(from, sizeof(parei_strpool_state),
                                         _Alignof(parei_strpool_state), PARE_EXACT, &block);
    if (status != PARE_OK) return status;
    parei_strpool_state *s = block.ptr;
    *s = (parei_strpool_state){.from = from, .options = *o};
    if (s->options.limit_bytes == 0) s->options.limit_bytes = SIZE_MAX;
    if (s->options.retain_bytes == 0) s->options.retain_bytes = PAREI_STRPOOL_RETAIN_BYTES;

    pare_pool_options objects = {.size = sizeof(parei_strpool_object),
                                 .align = _Alignof(parei_strpool_object),
                                 .init = parei_strpool_init_object,
                                 .reset = parei_strpool_reset_object,
                                 .fini = parei_strpool_fini_object,
                                 .ctx = s,
                                 .trim_ms = o->trim_ms};
    pare_pool pool;
    status = pare_pool_init(&pool, from, &objects);
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
    if (p->state != NULL) {
        pare_pool_deinit(&p->pool);
        pare_free_span(p->from, (pare_span){p->state, sizeof *p->state},
                       _Alignof(parei_strpool_state));
    }
    *p = (pare_strpool){0};
}

void pare_strpool_trim(pare_strpool *p, uint64_t now_ms, int level) {
    pare_pool_trim(&p->pool, now_ms, level);
}

/* --- get and put ------------------------------------------------------------------------- */

static parei_strpool_object *parei_strpool_take(pare_strpool *p) {
    if (p->state == NULL) {
        pare_status status = parei_strpool_start(p, p->from, &(pare_strpool_options){0});
        if (status != PARE_OK) {
            p->status = status;
            return NULL;
        }
    }
    parei_strpool_object *o = pare_pool_get(&p->pool);
    if (o == NULL) p->status = pare_pool_status(&p->pool);
    return o;
}

pare_str *pare_strpool_get(pare_strpool *p) {
    parei_strpool_object *o = parei_strpool_take(p);
    if (o == NULL) return NULL;
    parei_strpool_state *s = p->state;
    s->retained_bytes -= o->retained_bytes;
    o->retained_bytes = 0;
    if (parei_strpool_block_bytes(&o->s) == 0) {
        s->misses++;
        size_t usual = parei_min_size(parei_strpool_usual(&s->uses), pare_str_limit(&o->s));
        pare_status status = usual != 0 ? pare_str_reserve_exact(&o->s, usual - 1) : PARE_OK;
        (void)status; /* refused: it will ask for itself */
    }
    return &o->s;
}

void pare_strpool_put(pare_strpool *p, pare_str *s) { pare_pool_put(&p->pool, s); }

/* --- queries ----------------------------------------------------------------------------- */

pare_strpool_stats pare_strpool_get_stats(const pare_strpool *p) {
    const parei_strpool_state *s = p->state;
    if (s == NULL) return (pare_strpool_stats){0};
    pare_pool_stats objects = pare_pool_get_stats(&p->pool);
    return (pare_strpool_stats){
        .gets = objects.gets,
        .hits = objects.gets - s->misses,
        .dropped_giant = s->dropped_giant,
        .dropped_budget = s->dropped_budget,
        .dropped_foreign = s->dropped_foreign,
        .usual_bytes = parei_strpool_usual(&s->uses),
        .live_count = objects.live_count,
        .retained_count = objects.retained_count,
        .retained_bytes = s->retained_bytes,
    };
}
