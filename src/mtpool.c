/* mtpool.c - the contract is in pare/mtpool.h: many caches over one depot. What the caches do is in
 * rack.c; here are the pool and the caches of threads.
 * SPDX-License-Identifier: MIT */
#include "internal/rack.h"
#include "internal/bits.h"
#include "internal/check.h"

/* Whether the calling thread is in a call of a cache: in a reset callback, then. */
static bool parei_mtpool_busy(parei_mtpool_state *s) {
    bool busy = false;
    parei_mtpool_lock(s);
    for (const parei_mtpool_rack *r = s->racks; r != NULL && !busy; r = r->next) {
        busy = __atomic_load_n(&r->inside, __ATOMIC_RELAXED) &&
               __atomic_load_n(&r->user, __ATOMIC_RELAXED) == parei_thread_id();
    }
    parei_mtpool_unlock(s);
    return busy;
}

/* False, and reported, when the calling thread is in a callback of the pool. */
static bool parei_mtpool_outside(parei_mtpool_state *s, const void *site) {
    if (!parei_mtpool_unheld(s, site)) return false;
    if (!parei_mtpool_busy(s)) return true;
    parei_mtpool_misuse(s, "call from a callback", NULL, site);
    return false;
}

/* --- get and put of threads -------------------------------------------------------------- */

/* The calling thread's cache, made if it has none yet. NULL: it cannot have one. */
static pare_mtpool_cache *parei_mtpool_join(parei_mtpool_state *s) {
    parei_mtpool_rack *r;
    pare_mtpool_cache *c = parei_thread_recall(&s->owner);
    if (c != NULL) return c;
    if (s->owner.serial == 0 || !parei_thread_lives()) return NULL;
    parei_mtpool_lock(s);
    pare_status status = parei_rack_new(s, NULL, &r);
    parei_mtpool_unlock(s);
    if (status != PARE_OK) return NULL;
    if (parei_thread_keep(&s->owner, &r->own)) return &r->own;
    parei_rack_end(r, NULL);
    return NULL;
}

/* Gets without a cache: one from the stock, if it has any, else from the slabs. */
static pare_status parei_mtpool_take(parei_mtpool_state *s, void **out, size_t count) {
    parei_magazine *m = NULL;
    pare_status status = PARE_OK;
    parei_mtpool_lock(s);
    if (count == 1 && parei_stock_take_oldest(&s->stock, &m)) {
        *out = m->mag.items[--m->mag.count];
        parei_stock_return(&s->stock, &m);
    } else {
        status = parei_mtpool_take_made(s, out, count);
    }
    if (status == PARE_OK) s->gone_gets += count;
    if (status == PARE_OK && s->depot.exact) {
        for (size_t i = 0; i < count; i++) parei_depot_lend(&s->depot, out[i]);
    }
    parei_mtpool_unlock(s);
    return status;
}

static pare_status parei_mtpool_take_hardened(parei_mtpool_state *s, void **out, size_t count,
                                              const void *site) {
    parei_strays found = {0};
    pare_status status = parei_mtpool_get_hardened(s, site, out, count, &found);
    parei_mtpool_report(s, &found, site);
    return status;
}

/* Gets of a thread that has no cache yet, or can have none. */
static pare_status parei_mtpool_get(parei_mtpool_state *s, void **out, size_t count,
                                    const void *site) {
    pare_status status = PARE_ERR_ARGUMENT;
    if (parei_mtpool_unheld(s, site)) {
        pare_mtpool_cache *c = parei_mtpool_join(s);
        if (c != NULL) return parei_cache_get(c, out, count, site);
        status = s->harden.on ? parei_mtpool_take_hardened(s, out, count, site)
                              : parei_mtpool_take(s, out, count);
    }
    if (status != PARE_OK) parei_mtpool_refuse(s, status);
    return status;
}

static pare_status parei_mtpool_bad_call(pare_mtpool *p) {
    __atomic_store_n(&p->status, PARE_ERR_ARGUMENT, __ATOMIC_RELAXED);
    return PARE_ERR_ARGUMENT;
}

void *parei_mtpool_get_slow(pare_mtpool *p) {
    void *object = NULL;
    pare_status status = p->state != NULL ? parei_mtpool_get(p->state, &object, 1, PAREI_SITE())
                                          : parei_mtpool_bad_call(p);
    return status == PARE_OK ? object : NULL;
}

/* The calling thread's cache, if it has one. */
static pare_mtpool_cache *parei_mtpool_own(pare_mtpool *p) {
    pare_mtpool_cache *c = parei_thread_cache(p->line);
    if (c->rack != NULL) return c;
    return p->state != NULL ? parei_thread_recall(&p->state->owner) : NULL;
}

pare_status pare_mtpool_get_n(pare_mtpool *p, void **out, size_t count) {
    pare_mtpool_cache *c = parei_mtpool_own(p);
    if (c != NULL) return pare_mtpool_cache_get_n(c, out, count);
    if (count == 0) return PARE_OK;
    if (p->state == NULL || out == NULL) return parei_mtpool_bad_call(p);
    return parei_mtpool_get(p->state, out, count, PAREI_SITE());
}

/* A put without a cache: to the slabs. */
static void parei_mtpool_give(parei_mtpool_state *s, void *object, const void *site) {
    parei_strays strays = {0};
    if (s->harden.on) {
        parei_mtpool_put_hardened(s, site, object, &strays);
        parei_mtpool_report(s, &strays, site);
        return;
    }
    parei_mtpool_lock(s);
    const char *kind = parei_depot_stray(&s->depot, object);
    parei_mtpool_unlock(s);
    if (kind != NULL) {
        parei_mtpool_misuse(s, kind, object, site);
        return;
    }
    parei_serve_clean(&s->depot, object);
    parei_mtpool_lock(s);
    kind = parei_depot_stray(&s->depot, object); /* another thread may have put it */
    if (kind == NULL && s->depot.exact) parei_depot_unlend(&s->depot, object);
    if (kind == NULL) parei_depot_give(&s->depot, &object, 1, &strays);
    parei_mtpool_unlock(s);
    if (kind != NULL) parei_mtpool_misuse(s, kind, object, site);
}

void parei_mtpool_put_slow(pare_mtpool *p, void *object) {
    parei_mtpool_state *s = p->state;
    if (object == NULL) return;
    if (s == NULL) {
        parei_misuse("mtpool", PAREI_SERVE_UNREADY, p, object, PAREI_SITE());
        return;
    }
    if (!parei_mtpool_unheld(s, PAREI_SITE())) return;
    pare_mtpool_cache *c = parei_mtpool_join(s);
    if (c != NULL) {
        parei_cache_put(c, object, PAREI_SITE());
    } else {
        parei_mtpool_give(s, object, PAREI_SITE());
    }
}

void pare_mtpool_put_n(pare_mtpool *p, void *const *objects, size_t count) {
    for (size_t i = 0; i < count; i++) {
        pare_mtpool_cache *c = parei_mtpool_own(p);
        if (c != NULL) {
            pare_mtpool_cache_put_n(c, objects + i, count - i);
            return;
        }
        parei_mtpool_put_slow(p, objects[i]); /* has the thread get a cache, if it can */
    }
}

/* --- lifetime ---------------------------------------------------------------------------- */

static const parei_owner_calls parei_mtpool_calls;

pare_status pare_mtpool_init(pare_mtpool *p, pare_allocator from,
                             const pare_pool_options *options) {
    parei_depot depot;
    parei_harden harden;
    pare_status status = parei_serve_init(&depot, &harden, from, options);
    if (status != PARE_OK) return status;
    pare_span block;
    status =
        parei_depot_alloc(&depot, sizeof(parei_mtpool_state), _Alignof(parei_mtpool_state), &block);
    if (status != PARE_OK) return status;

    parei_mtpool_state *s = block.ptr;
    *s = (parei_mtpool_state){.depot = depot,
                              .harden = harden,
                              .trims = parei_trims_every(options->trim_ms),
                              .pool = p,
                              .block = block,
                              .magazine_bytes = parei_rack_magazine_bytes(options)};
    s->stock.object_limit = parei_serve_keep_count(&depot);
    parei_lock_init(&s->lock);
    parei_lock_init(&s->stock.lock);
    parei_owner_join(&s->owner, &parei_mtpool_calls);
    *p = (pare_mtpool){.line = parei_owner_line(&s->owner), .from = from, .state = s};
    return PARE_OK;
}

static void parei_magazine_free(parei_mtpool_state *s, parei_magazine *m) {
    parei_depot_free(&s->depot, m->block, _Alignof(parei_magazine));
}

/* Gives back up to `count` of the oldest magazines in stock, their objects to the slabs. */
static void parei_mtpool_give_stock(parei_mtpool_state *s, size_t count, const void *site) {
    for (bool some = true; some && count > 0;) {
        parei_magazine *m = NULL;
        parei_strays strays = {0};
        if (!parei_mtpool_lock_unless_nested(s)) return;
        some = parei_stock_take_oldest(&s->stock, &m);
        if (some) {
            parei_mag_spill(&m->mag, &s->depot, m->mag.count, &strays);
            if (m->mag.count == 0) {
                parei_magazine_free(s, m);
                count--;
            } else {
                parei_stock_return(&s->stock, &m);
            }
        }
        parei_mtpool_unlock(s);
        parei_mtpool_report(s, &strays, site);
    }
}

/* The memory of empty magazines, and the slabs without an object out. */
static void parei_mtpool_give_empty(parei_mtpool_state *s) {
    parei_magazine *m = NULL;
    if (!parei_mtpool_lock_unless_nested(s)) return;
    while (parei_stock_take_empty(&s->stock, &m)) {
        parei_magazine_free(s, m);
        m = NULL;
    }
    parei_depot_trim(&s->depot);
    parei_mtpool_unlock(s);
}

/* Of a hardened pool: empties the quarantine, and looks at all objects. */
static void parei_mtpool_audit(parei_mtpool_state *s, bool ending, const void *site) {
    void *from = NULL;
    for (bool more = s->harden.on; more;) {
        parei_strays found = {0};
        if (!parei_mtpool_lock_unless_nested(s)) return;
        more = parei_harden_audit(&s->harden, &s->depot, ending, &from, &found);
        parei_mtpool_unlock(s);
        parei_mtpool_report(s, &found, site);
    }
}

void pare_mtpool_deinit(pare_mtpool *p) {
    parei_mtpool_state *s = p->state;
    if (s != NULL) {
        if (!parei_mtpool_outside(s, PAREI_SITE())) return;
        parei_mtpool_audit(s, true, PAREI_SITE());
        parei_owner_leave(&s->owner);
        p->line = 0;
        while (s->racks != NULL) parei_rack_end(s->racks, PAREI_SITE());
        parei_mtpool_give_stock(s, SIZE_MAX, PAREI_SITE());
        parei_mtpool_give_empty(s);
        parei_mtpool_lock(s);
        parei_depot_deinit(&s->depot);
        parei_mtpool_unlock(s);
        parei_lock_deinit(&s->stock.lock);
        parei_lock_deinit(&s->lock);
        parei_depot_free(&s->depot, s->block, _Alignof(parei_mtpool_state));
    }
    *p = (pare_mtpool){0};
}

pare_status pare_mtpool_reserve(pare_mtpool *p, size_t count) {
    parei_mtpool_state *s = p->state;
    if (s == NULL || !parei_mtpool_outside(s, PAREI_SITE())) return PARE_ERR_ARGUMENT;
    parei_mtpool_lock(s);
    pare_status status = parei_mtpool_make(s, count);
    if (status == PARE_OK) s->depot.keep_count = s->depot.made_count;
    parei_mtpool_unlock(s);
    return status;
}

static void parei_mtpool_trim_all(pare_mtpool *p, const void *site) {
    parei_mtpool_state *s = p->state;
    pare_mtpool_cache *own = parei_thread_recall(&s->owner);
    if (own != NULL && !own->rack->inside) parei_rack_drain(own->rack, site);
    if (!parei_mtpool_lock_unless_nested(s)) return;
    s->depot.keep_count = 0;
    size_t count = parei_mtpool_stocked(s).magazine_count; /* others may bring more */
    parei_mtpool_unlock(s);
    parei_mtpool_audit(s, false, site);
    parei_mtpool_give_stock(s, count, site);
    parei_mtpool_give_empty(s);
}

/* How many magazines lay in the stock since the last trim; and this is one. */
static size_t parei_mtpool_idle(parei_mtpool_state *s, uint64_t now_ms) {
    size_t idle = 0;
    if (!parei_mtpool_lock_unless_nested(s)) return 0;
    bool begun = s->trims.begun;
    if (parei_trims_due(&s->trims, now_ms)) {
        parei_lock_take(&s->stock.lock);
        if (begun) idle = s->stock.least_count;
        s->stock.least_count = s->stock.magazine_count - idle;
        parei_lock_give(&s->stock.lock);
        if (s->harden.on) parei_depot_trim(&s->depot);
    }
    parei_mtpool_unlock(s);
    return idle;
}

void pare_mtpool_trim(pare_mtpool *p, uint64_t now_ms, int level) {
    parei_mtpool_state *s = p->state;
    if (s == NULL || parei_mtpool_holds(s)) return;
    if (level == PARE_TRIM_SURPLUS) {
        parei_mtpool_give_stock(s, parei_mtpool_idle(s, now_ms), PAREI_SITE());
    } else {
        parei_mtpool_trim_all(p, PAREI_SITE());
    }
}

/* --- as an owner of slots ---------------------------------------------------------------- */

static parei_mtpool_state *parei_mtpool_of(parei_owner *o) {
    PAREI_ASSERT(offsetof(parei_mtpool_state, owner) == 0);
    return (parei_mtpool_state *)(void *)o;
}

static void parei_mtpool_on_idle(parei_owner *o, void *cache) {
    parei_mtpool_rack *r = ((pare_mtpool_cache *)cache)->rack;
    (void)o;
    if (!r->inside) parei_rack_flush(r, NULL);
}

static void parei_mtpool_on_exit(parei_owner *o, void *cache) {
    (void)o;
    parei_rack_end(((pare_mtpool_cache *)cache)->rack, NULL);
}

static bool parei_mtpool_on_fork(parei_owner *o) {
    parei_mtpool_state *s = parei_mtpool_of(o);
    bool held = parei_mtpool_holds(s); /* it is a callback that forks */
    if (!held && !parei_lock_try(&s->lock)) return false;
    if (parei_lock_try(&s->stock.lock)) return true;
    if (!held) parei_lock_give(&s->lock);
    return false;
}

static void parei_mtpool_after_fork(parei_owner *o) {
    parei_mtpool_state *s = parei_mtpool_of(o);
    parei_lock_give(&s->stock.lock);
    if (!parei_mtpool_holds(s)) parei_lock_give(&s->lock);
}

static void parei_mtpool_in_child(parei_owner *o) {
    for (parei_mtpool_rack *r = parei_mtpool_of(o)->racks; r != NULL; r = r->next) {
        parei_rack_forked(r);
    }
}

static const parei_owner_calls parei_mtpool_calls = {
    .flush = parei_mtpool_on_idle,
    .retire = parei_mtpool_on_exit,
    .hold = parei_mtpool_on_fork,
    .release = parei_mtpool_after_fork,
    .lose = parei_mtpool_in_child,
};

/* --- queries ----------------------------------------------------------------------------- */

pare_status pare_mtpool_status(const pare_mtpool *p) {
    return __atomic_load_n(&p->status, __ATOMIC_RELAXED);
}

/* Figures that were read at different moments may contradict each other. */
static size_t parei_mtpool_minus(size_t a, size_t b) { return a > b ? a - b : 0; }

static pare_mtpool_stats parei_mtpool_read(parei_mtpool_state *s) {
    const parei_depot *d = &s->depot;
    parei_stocked stocked = parei_mtpool_stocked(s);
    size_t caches = 0, cached = 0;
    uint64_t gets = s->gone_gets;
    for (const parei_mtpool_rack *r = s->racks; r != NULL; r = r->next) {
        caches++;
        cached += parei_rack_glance(r);
        gets += __atomic_load_n(&r->cache->gets, __ATOMIC_RELAXED);
    }
    size_t free_count = d->free_count + cached + stocked.object_count + s->harden.quarantine_count;
    size_t live = parei_mtpool_minus(d->made_count, free_count);
    pare_mtpool_stats stats = parei_serve_stats(d, live);
    stats.gets = gets;
    stats.puts = gets > live ? gets - live : 0;
    stats.refusals = __atomic_load_n(&s->refusals, __ATOMIC_RELAXED);
    stats.trades = stocked.trades;
    stats.refills = s->refills;
    stats.spills = s->spills;
    stats.drops = s->harden.drops;
    stats.cache_count = caches;
    stats.cached_count = cached;
    stats.stock_count = stocked.object_count;
    return stats;
}

pare_mtpool_stats pare_mtpool_get_stats(const pare_mtpool *p) {
    parei_mtpool_state *s = p->state;
    if (s == NULL) return (pare_mtpool_stats){0};
    bool held = parei_mtpool_holds(s); /* a callback may ask */
    if (!held) parei_mtpool_lock(s);
    pare_mtpool_stats stats = parei_mtpool_read(s);
    if (!held) parei_mtpool_unlock(s);
    return stats;
}

int pare_mtpool_owns(const pare_mtpool *p, const void *object) {
    parei_mtpool_state *s = p->state;
    if (s == NULL) return false;
    bool held = parei_mtpool_holds(s);
    if (!held) parei_mtpool_lock(s);
    bool owned = parei_depot_owns(&s->depot, object);
    if (!held) parei_mtpool_unlock(s);
    return owned;
}

void pare_mtpool_visit_live(const pare_mtpool *p,
                            void (*visit)(void *ctx, void *object, const void *site), void *ctx) {
    parei_mtpool_state *s = p->state;
    if (s == NULL || !s->harden.checked || !parei_mtpool_outside(s, PAREI_SITE())) return;
    parei_mtpool_lock(s);
    parei_harden_visit(&s->depot, visit, ctx);
    parei_mtpool_unlock(s);
}

/* --- as an allocator --------------------------------------------------------------------- */

static pare_status parei_mtpool_slot_alloc(void *ctx, size_t size, size_t align, unsigned flags,
                                           pare_span *out) {
    pare_mtpool *p = ctx;
    const parei_mtpool_state *s = p->state;
    if (s == NULL || !parei_serve_fits(&s->depot, size, align)) return PARE_ERR_ARGUMENT;
    void *object;
    pare_status status = pare_mtpool_get_n(p, &object, 1);
    if (status != PARE_OK) return status;
    *out = parei_serve_block(&s->depot, object, size, flags);
    return PARE_OK;
}

static pare_status parei_mtpool_slot_resize(void *ctx, pare_span *block, size_t new_size,
                                            size_t align, unsigned flags) {
    const pare_mtpool *p = ctx;
    (void)align;
    if (p->state == NULL) return PARE_ERR_ARGUMENT;
    return parei_serve_resize(&p->state->depot, block, new_size, flags);
}

static void parei_mtpool_slot_free(void *ctx, pare_span block, size_t align) {
    pare_mtpool *p = ctx;
    parei_mtpool_state *s = p->state;
    (void)align;
    if (s != NULL && s->depot.watched && !parei_mtpool_holds(s)) {
        parei_mtpool_lock(s);
        parei_serve_whole(&s->depot, block);
        parei_mtpool_unlock(s);
    }
    pare_mtpool_put(p, block.ptr);
}

static const struct pare_allocator_vtable parei_mtpool_vtable = {
    .size = sizeof(struct pare_allocator_vtable),
    .alloc = parei_mtpool_slot_alloc,
    .resize = parei_mtpool_slot_resize,
    .free = parei_mtpool_slot_free,
};

pare_allocator pare_mtpool_allocator(pare_mtpool *p) {
    return (pare_allocator){&parei_mtpool_vtable, p};
}
