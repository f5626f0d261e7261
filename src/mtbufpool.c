/* mtbufpool.c - the contract is in pare/mtbufpool.h: a stock of magazines per class, and caches.
 *
 * While a sanitizer watches, and for classes above 64 KiB, nothing lies in caches: calls serve
 * themselves from the stock, a magazine out and back, under the pool's lock.
 * SPDX-License-Identifier: MIT */
#include "pare/mtbufpool.h"
#include "internal/bits.h"
#include "internal/bufrack.h"
#include "internal/check.h"

/* --- caches ------------------------------------------------------------------------------ */

/* That of the calling thread, perhaps a new one. NULL: it cannot have one. */
static parei_mtbufpool_rack *parei_mtbufpool_here(pare_mtbufpool *b) {
    parei_mtbufpool_state *s = b->state;
    const pare_mtbufpool_cache *c = parei_thread_recall(&s->owner);
    parei_mtbufpool_rack *r;
    if (c != NULL) return c->rack;
    if (s->owner.serial == 0 || s->cached_end == 0 || !parei_thread_lives()) return NULL;
    if (parei_bufrack_new(s, NULL, &r) != PARE_OK) return NULL;
    c = parei_thread_recall(&s->owner); /* the allocator may have got or put a buffer */
    if (c == NULL && parei_thread_keep(&s->owner, &r->own)) return r;
    parei_bufrack_end(r, NULL);
    return c != NULL ? c->rack : NULL;
}

pare_status pare_mtbufpool_cache_init(pare_mtbufpool_cache *c, pare_mtbufpool *b) {
    parei_mtbufpool_rack *r;
    if (b->state == NULL) return PARE_ERR_ARGUMENT;
    return parei_bufrack_new(b->state, c, &r);
}

void pare_mtbufpool_cache_deinit(pare_mtbufpool_cache *c) {
    if (c->rack != NULL) parei_bufrack_end(c->rack, PAREI_SITE());
}

void pare_mtbufpool_cache_trim(pare_mtbufpool_cache *c) {
    if (c->rack != NULL) parei_bufrack_flush(c->rack, PAREI_SITE());
}

/* --- get --------------------------------------------------------------------------------- */

static pare_status parei_mtbufpool_fresh(parei_mtbufpool_state *s, size_t size, unsigned flags,
                                         uint64_t *counter, pare_span *out) {
    if (s->wipe) flags |= PARE_ZEROED;
    pare_status status = parei_mtbufpool_alloc(s, size, s->align, flags & PARE_ZEROED, out);
    if (status == PARE_OK) parei_mtbufpool_count(s, counter);
    return status;
}

/* A buffer for `size` >= 1, or why not; with PARE_ZEROED all zero. `r` NULL: without a cache. */
static pare_status parei_mtbufpool_serve(parei_mtbufpool_state *s, parei_mtbufpool_rack *r,
                                         size_t size, unsigned flags, pare_span *out) {
    size_t row = parei_classes_serving(&s->classes, size);
    if (row == s->classes.end) return parei_mtbufpool_fresh(s, size, flags, &s->oversize, out);
    pare_span kept = {NULL, s->classes.caps[row]};
    bool cached = r != NULL && row < s->cached_end;
    if (!(cached ? parei_bufrack_pop(r, row, &kept.ptr)
                 : parei_mtbufpool_take(s, row, &kept.ptr))) {
        return parei_mtbufpool_fresh(s, kept.cap, flags, &s->rows[row].misses, out);
    }
    if (s->watched) {
        if (s->wipe) {
            parei_mark_defined(kept.ptr, kept.cap); /* zeros */
        } else {
            parei_mark_undefined(kept.ptr, kept.cap);
        }
    }
    if (!s->wipe && (flags & PARE_ZEROED) != 0) memset(kept.ptr, 0, kept.cap);
    *out = kept;
    return PARE_OK;
}

static void parei_mtbufpool_refuse(pare_mtbufpool *b, pare_status status) {
    __atomic_store_n(&b->status, status, __ATOMIC_RELAXED);
    if (b->state != NULL) parei_mtbufpool_count(b->state, &b->state->refusals);
}

pare_span parei_mtbufpool_cache_get_slow(pare_mtbufpool_cache *c, size_t size) {
    pare_span out = {NULL, 0};
    parei_mtbufpool_rack *r = c->rack;
    if (size == 0) {
        c->status = PARE_OK;
        return out;
    }
    pare_status status = PARE_ERR_ARGUMENT;
    if (r != NULL) status = parei_mtbufpool_serve(r->state, r, size, 0, &out);
    if (status != PARE_OK) {
        c->status = status;
        if (r != NULL) parei_mtbufpool_refuse(r->state->pool, status);
    }
    return out;
}

pare_span parei_mtbufpool_get_slow(pare_mtbufpool *b, size_t size) {
    pare_span out = {NULL, 0};
    parei_mtbufpool_state *s = b->state;
    if (size == 0) return out;
    pare_status status = PARE_ERR_ARGUMENT;
    if (s != NULL) status = parei_mtbufpool_serve(s, parei_mtbufpool_here(b), size, 0, &out);
    if (status != PARE_OK) parei_mtbufpool_refuse(b, status);
    return out;
}

/* --- put --------------------------------------------------------------------------------- */

/* Whether a buffer of `row` is known to be kept already: the newest of the cache is looked at, or
 * the stock while memory is watched, which is where all are then. */
static bool parei_mtbufpool_is_kept(parei_mtbufpool_state *s, const parei_mtbufpool_rack *r,
                                    size_t row, const void *ptr) {
    if (s->watched) return parei_mtbufpool_in_stock(s, row, ptr);
    if (r == NULL || row >= s->cached_end) return false;
    const parei_mtbufpool_window *w = &r->cache->windows[row];
    return w->top != NULL && w->top > w->lo && w->top[-1] == ptr;
}

/* What becomes of a buffer by its size. */
static parei_fate parei_mtbufpool_fit(const parei_mtbufpool_state *s, size_t cap, size_t *row) {
    parei_fate fate = parei_classes_fit(&s->classes, cap);
    if (fate != PAREI_FATE_KEPT) return fate;
    *row = parei_classes_filing(&s->classes, cap);
    return s->classes.caps[*row] == cap ? PAREI_FATE_KEPT : PAREI_FATE_ODD;
}

static void parei_mtbufpool_put(parei_mtbufpool_state *s, parei_mtbufpool_rack *r, pare_span buffer,
                                const void *site) {
    size_t row = 0;
    parei_fate fate = parei_mtbufpool_fit(s, buffer.cap, &row);
    bool fits = fate == PAREI_FATE_KEPT;
    if (fits && parei_mtbufpool_is_kept(s, r, row, buffer.ptr)) {
        parei_misuse(PAREI_MTBUFPOOL_NAME, PAREI_MTBUFPOOL_TWICE, s->pool, buffer.ptr, site);
        return;
    }
    if (s->wipe) parei_wipe(buffer.ptr, buffer.cap);
    if (fits) {
        bool cached = r != NULL && row < s->cached_end;
        if (s->watched) parei_mark_noaccess(buffer.ptr, buffer.cap); /* before others get it */
        fate = cached ? parei_bufrack_push(r, row, buffer.ptr, site)
                      : parei_mtbufpool_give(s, row, buffer.ptr);
    }
    if (fate == PAREI_FATE_KEPT) return;
    parei_mtbufpool_count(s, &s->dropped[fate]);
    if (fits) parei_mtbufpool_count(s, &s->rows[row].dropped);
    parei_mtbufpool_release(s, buffer);
}

/* Whether `buffer` is one, or {NULL, 0}, which is nothing; else it is reported. */
static bool parei_mtbufpool_is_buffer(const void *pool, const parei_mtbufpool_state *s,
                                      pare_span buffer, const void *site) {
    const char *kind = NULL;
    if (s == NULL) kind = "put to no pool";
    if (buffer.cap == 0) kind = "put without a size";
    if (buffer.ptr == NULL) kind = "put of NULL";
    if (kind != NULL) parei_misuse(PAREI_MTBUFPOOL_NAME, kind, pool, buffer.ptr, site);
    return kind == NULL;
}

void parei_mtbufpool_cache_put_slow(pare_mtbufpool_cache *c, pare_span buffer) {
    parei_mtbufpool_rack *r = c->rack;
    parei_mtbufpool_state *s = r != NULL ? r->state : NULL;
    const void *pool = s != NULL ? (const void *)s->pool : c;
    if (buffer.ptr == NULL && buffer.cap == 0) return;
    if (parei_mtbufpool_is_buffer(pool, s, buffer, PAREI_SITE())) {
        parei_mtbufpool_put(s, r, buffer, PAREI_SITE());
    }
}

void parei_mtbufpool_put_slow(pare_mtbufpool *b, pare_span buffer) {
    if (buffer.ptr == NULL && buffer.cap == 0) return;
    if (parei_mtbufpool_is_buffer(b, b->state, buffer, PAREI_SITE())) {
        parei_mtbufpool_put(b->state, parei_mtbufpool_here(b), buffer, PAREI_SITE());
    }
}

/* --- trim -------------------------------------------------------------------------------- */

static void parei_mtbufpool_give_back_all(parei_mtbufpool_state *s, const void *site) {
    for (size_t row = s->classes.first; row < s->classes.end; row++) {
        parei_lock_take(&s->lock);
        size_t count = s->rows[row].stock.magazine_count; /* others may bring more */
        parei_lock_give(&s->lock);
        parei_mtbufpool_give_back(s, row, count, site);
    }
    parei_mtbufpool_free_empties(s);
}

/* How many magazines lay in stock since the last trim, if there was one; and this is one. */
static size_t parei_mtbufpool_idle(parei_mtbufpool_state *s, size_t row, bool before) {
    parei_stock *stock = &s->rows[row].stock;
    parei_lock_take(&s->lock);
    size_t idle = before ? stock->least_count : 0;
    stock->least_count = stock->magazine_count - idle;
    parei_lock_give(&s->lock);
    return idle;
}

static void parei_mtbufpool_trim_surplus(parei_mtbufpool_state *s, uint64_t now_ms,
                                         const void *site) {
    parei_lock_take(&s->lock);
    bool before = s->trims.begun, due = parei_trims_due(&s->trims, now_ms);
    parei_lock_give(&s->lock);
    if (!due) return;
    for (size_t row = s->classes.first; row < s->classes.end; row++) {
        size_t idle = parei_mtbufpool_idle(s, row, before);
        parei_mtbufpool_give_back(s, row, idle, site);
    }
    parei_mtbufpool_free_empties(s);
}

void pare_mtbufpool_trim(pare_mtbufpool *b, uint64_t now_ms, int level) {
    parei_mtbufpool_state *s = b->state;
    if (s == NULL) return;
    if (level == PARE_TRIM_SURPLUS) {
        parei_mtbufpool_trim_surplus(s, now_ms, PAREI_SITE());
        return;
    }
    const pare_mtbufpool_cache *own = parei_thread_recall(&s->owner);
    if (own != NULL) parei_bufrack_flush(own->rack, PAREI_SITE());
    parei_mtbufpool_give_back_all(s, PAREI_SITE());
}

/* --- as an owner of slots ---------------------------------------------------------------- */

static parei_mtbufpool_state *parei_mtbufpool_of(parei_owner *o) {
    PAREI_ASSERT(offsetof(parei_mtbufpool_state, owner) == 0);
    return (parei_mtbufpool_state *)(void *)o;
}

static void parei_mtbufpool_on_idle(parei_owner *o, void *cache) {
    (void)o;
    parei_bufrack_flush(((pare_mtbufpool_cache *)cache)->rack, NULL);
}

static void parei_mtbufpool_on_exit(parei_owner *o, void *cache) {
    (void)o;
    parei_bufrack_end(((pare_mtbufpool_cache *)cache)->rack, NULL);
}

static bool parei_mtbufpool_on_fork(parei_owner *o) {
    return parei_lock_try(&parei_mtbufpool_of(o)->lock);
}

static void parei_mtbufpool_after_fork(parei_owner *o) {
    parei_lock_give(&parei_mtbufpool_of(o)->lock);
}

static void parei_mtbufpool_in_child(parei_owner *o) {
    const parei_mtbufpool_state *s = parei_mtbufpool_of(o);
    for (const parei_mtbufpool_rack *r = s->racks; r != NULL; r = r->next) parei_bufrack_forked(r);
}

static const parei_owner_calls parei_mtbufpool_calls = {
    .flush = parei_mtbufpool_on_idle,
    .retire = parei_mtbufpool_on_exit,
    .hold = parei_mtbufpool_on_fork,
    .release = parei_mtbufpool_after_fork,
    .lose = parei_mtbufpool_in_child,
};

/* --- lifetime ---------------------------------------------------------------------------- */

static void parei_mtbufpool_furnish(parei_mtbufpool_state *s) {
    for (size_t row = 0; row < s->classes.end; row++) {
        s->rows[row].capacity = parei_mtbufpool_capacity(s, row);
        s->rows[row].stock.object_limit = SIZE_MAX; /* the budget limits it */
        parei_lock_init(&s->rows[row].stock.lock);
        if (s->classes.caps[row] <= PAREI_MTBUFPOOL_CACHED_BYTES) s->cached_end = row + 1;
    }
    if (s->watched || s->cached_end <= s->classes.first) s->cached_end = 0;
}

static pare_status parei_mtbufpool_create(parei_mtbufpool_state **out, pare_allocator from,
                                          const pare_bufpool_options *o) {
    parei_classes classes = parei_classes_plan(o);
    size_t rows_offset = parei_align_up(sizeof(parei_mtbufpool_state), PAREI_MTBUFPOOL_LINE);
    size_t caps_offset = rows_offset + classes.end * sizeof(parei_mtbufpool_class);
    size_t bytes = caps_offset + classes.end * sizeof(size_t);
    pare_span block;
    pare_status status =
        pare_alloc_span(from, bytes, PAREI_MTBUFPOOL_LINE, PARE_EXACT | PARE_ZEROED, &block);
    if (status != PARE_OK) return status;

    parei_mtbufpool_state *s = block.ptr;
    *s = (parei_mtbufpool_state){.from = from,
                                 .classes = classes,
                                 .align = parei_classes_align(o),
                                 .trims = parei_trims_every(o->trim_ms),
                                 .wipe = (o->flags & PARE_WIPE) != 0,
                                 .watched = parei_watched(),
                                 .block_bytes = bytes,
                                 .overhead_bytes = bytes,
                                 .allocs = 1,
                                 .total_bytes = bytes};
    s->rows = (parei_mtbufpool_class *)(void *)((char *)block.ptr + rows_offset);
    parei_classes_furnish(&s->classes, o, (size_t *)(void *)((char *)block.ptr + caps_offset));
    s->retain_bytes = parei_classes_retain_bytes(&s->classes, o);
    parei_mtbufpool_furnish(s);
    parei_lock_init(&s->lock);
    *out = s;
    return PARE_OK;
}

pare_status pare_mtbufpool_init(pare_mtbufpool *b, pare_allocator from,
                                const pare_bufpool_options *options) {
    static const pare_bufpool_options defaults = {0};
    const pare_bufpool_options *o = options != NULL ? options : &defaults;
    parei_mtbufpool_state *s;
    if (!parei_classes_options_valid(o)) return PARE_ERR_ARGUMENT;
    pare_status status = parei_mtbufpool_create(&s, from, o);
    if (status != PARE_OK) return status;
    s->pool = b;
    parei_owner_join(&s->owner, &parei_mtbufpool_calls);
    *b = (pare_mtbufpool){.line = parei_owner_line(&s->owner), .from = from, .state = s};
    return PARE_OK;
}

void pare_mtbufpool_deinit(pare_mtbufpool *b) {
    parei_mtbufpool_state *s = b->state;
    if (s != NULL) {
        parei_owner_leave(&s->owner);
        b->line = 0;
        while (s->racks != NULL) parei_bufrack_end(s->racks, PAREI_SITE());
        parei_mtbufpool_give_back_all(s, PAREI_SITE());
        for (size_t row = 0; row < s->classes.end; row++) {
            parei_lock_deinit(&s->rows[row].stock.lock);
        }
        parei_lock_deinit(&s->lock);
        pare_free_span(s->from, (pare_span){s, s->block_bytes}, PAREI_MTBUFPOOL_LINE);
    }
    *b = (pare_mtbufpool){0};
}

/* --- queries ----------------------------------------------------------------------------- */

pare_status pare_mtbufpool_status(const pare_mtbufpool *b) {
    return __atomic_load_n(&b->status, __ATOMIC_RELAXED);
}

/* What the stock of a class and the caches hold of it, under the lock. */
static pare_bufpool_class_stats parei_mtbufpool_read_row(parei_mtbufpool_state *s, size_t row,
                                                         pare_mtbufpool_stats *sums) {
    parei_mtbufpool_class *c = &s->rows[row];
    size_t count = c->stock.object_count;
    uint64_t hits = c->hits;
    sums->trades += c->stock.trades;
    for (const parei_mtbufpool_rack *r = s->racks; r != NULL && row < s->cached_end; r = r->next) {
        size_t cached = parei_bufrack_glance(r, row);
        sums->cached_count += cached;
        count += cached;
        hits += __atomic_load_n(&r->cache->windows[row].hits, __ATOMIC_RELAXED);
    }
    return (pare_bufpool_class_stats){
        .class_bytes = s->classes.caps[row],
        .hits = hits,
        .misses = c->misses,
        .dropped = c->dropped,
        .retained_count = count,
        .retained_bytes = count * s->classes.caps[row],
    };
}

pare_bufpool_class_stats pare_mtbufpool_get_class_stats(const pare_mtbufpool *b, size_t index) {
    parei_mtbufpool_state *s = b->state;
    pare_mtbufpool_stats sums = {0};
    if (s == NULL || index >= s->classes.end - s->classes.first) {
        return (pare_bufpool_class_stats){0};
    }
    parei_lock_take(&s->lock);
    pare_bufpool_class_stats stats = parei_mtbufpool_read_row(s, s->classes.first + index, &sums);
    parei_lock_give(&s->lock);
    return stats;
}

pare_mtbufpool_stats pare_mtbufpool_get_stats(const pare_mtbufpool *b) {
    parei_mtbufpool_state *s = b->state;
    if (s == NULL) return (pare_mtbufpool_stats){0};
    parei_lock_take(&s->lock);
    pare_mtbufpool_stats stats = {
        .oversize = s->oversize,
        .refusals = s->refusals,
        .dropped_small = s->dropped[PAREI_FATE_SMALL],
        .dropped_large = s->dropped[PAREI_FATE_LARGE],
        .dropped_odd = s->dropped[PAREI_FATE_ODD],
        .dropped_budget = s->dropped[PAREI_FATE_BUDGET],
        .dropped_memory = s->dropped[PAREI_FATE_MEMORY],
        .charged_bytes = s->charged_bytes,
        .retain_bytes = s->retain_bytes,
        .overhead_bytes = s->overhead_bytes,
        .class_count = s->classes.end - s->classes.first,
        .cache_count = s->rack_count,
        .allocs = s->allocs,
        .frees = s->frees,
        .total_bytes = s->total_bytes,
    };
    for (size_t row = s->classes.first; row < s->classes.end; row++) {
        pare_bufpool_class_stats c = parei_mtbufpool_read_row(s, row, &stats);
        stats.hits += c.hits;
        stats.misses += c.misses;
        stats.retained_count += c.retained_count;
        stats.retained_bytes += c.retained_bytes;
    }
    parei_lock_give(&s->lock);
    return stats;
}

/* --- as an allocator ---------------------------------------------------------------------- */

static pare_status parei_mtbufpool_block_alloc(void *ctx, size_t size, size_t align, unsigned flags,
                                               pare_span *out) {
    pare_mtbufpool *b = ctx;
    pare_span block;
    if (b->state == NULL) return PARE_ERR_ARGUMENT;
    if (align > b->state->align) return pare_alloc_span(b->from, size, align, flags, out);
    pare_status status =
        parei_mtbufpool_serve(b->state, parei_mtbufpool_here(b), size, flags, &block);
    if (status != PARE_OK) {
        parei_mtbufpool_refuse(b, status);
        return status;
    }
    if ((flags & PARE_EXACT) != 0) block.cap = size;
    *out = block;
    return PARE_OK;
}

static pare_status parei_mtbufpool_block_resize(void *ctx, pare_span *block, size_t new_size,
                                                size_t align, unsigned flags) {
    const pare_mtbufpool *b = ctx;
    const parei_mtbufpool_state *s = b->state;
    if (s == NULL) return PARE_ERR_MEMORY; /* no block of ours */
    if (align > s->align) return pare_resize_span(b->from, block, new_size, align, flags);
    return parei_classes_resize(&s->classes, b->from, s->align, block, new_size, flags);
}

static void parei_mtbufpool_block_free(void *ctx, pare_span block, size_t align) {
    pare_mtbufpool *b = ctx;
    const parei_mtbufpool_state *s = b->state;
    if (s != NULL && align > s->align) {
        pare_free_span(b->from, block, align);
        return;
    }
    if (s != NULL) block.cap = parei_classes_true_cap(&s->classes, block.cap);
    pare_mtbufpool_put(b, block);
}

static const struct pare_allocator_vtable parei_mtbufpool_vtable = {
    .size = sizeof(struct pare_allocator_vtable),
    .alloc = parei_mtbufpool_block_alloc,
    .resize = parei_mtbufpool_block_resize,
    .free = parei_mtbufpool_block_free,
};

pare_allocator pare_mtbufpool_allocator(pare_mtbufpool *b) {
    return (pare_allocator){&parei_mtbufpool_vtable, b};
}
