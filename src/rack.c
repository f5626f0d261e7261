/* rack.c - the contracts are in internal/rack.h and, of the caches, in pare/mtpool.h.
 *
 * What a cache's two magazines cannot serve is traded with the stock, under the stock's lock; what
 * the stock cannot serve comes from the depot, under the pool's.
 *
 * What a magazine holds is checked before it goes to the stock, without a lock: a rack remembers
 * where the slabs lie that it met, and asks the depot for others.
 * SPDX-License-Identifier: MIT */
#include "internal/rack.h"
#include "internal/bits.h"
#include "internal/check.h"

/* A magazine has room for so many objects; by default, for as many as make so many bytes. */
#define PAREI_RACK_ITEMS_FEW ((size_t)4)
#define PAREI_RACK_ITEMS_MANY ((size_t)64)
#define PAREI_RACK_MAGAZINE_BYTES ((size_t)32 * 1024)

/* Bytes left free behind a block that its owner writes to in hits, so that it shares no cache line
 * with the next. */
#define PAREI_APART ((size_t)64)

static const char parei_mtpool_name[] = "mtpool";
static const char parei_mtpool_inside[] = "call from a callback";

/* --- the pool ---------------------------------------------------------------------------- */

size_t parei_rack_magazine_bytes(const pare_pool_options *o) {
    size_t count = PAREI_RACK_ITEMS_MAX;
    if (o->cache_bytes != 0) {
        count = parei_min_size(count, o->cache_bytes / 2 / o->size);
    } else if (o->magazine_bytes == 0) {
        count = parei_max_size(PAREI_RACK_MAGAZINE_BYTES / o->size, PAREI_RACK_ITEMS_FEW);
        count = parei_min_size(count, PAREI_RACK_ITEMS_MANY);
    }
    size_t bytes = parei_serve_magazine_bytes(count);
    return o->magazine_bytes != 0 ? parei_min_size(bytes, o->magazine_bytes) : bytes;
}

bool parei_mtpool_holds(const parei_mtpool_state *s) {
    return __atomic_load_n(&s->holder, __ATOMIC_RELAXED) == parei_thread_id();
}

static void parei_mtpool_locked(parei_mtpool_state *s) {
    __atomic_store_n(&s->holder, parei_thread_id(), __ATOMIC_RELAXED);
    ++*parei_thread_nesting();
}

void parei_mtpool_lock(parei_mtpool_state *s) {
    PAREI_ASSERT(!parei_mtpool_holds(s));
    parei_lock_take(&s->lock);
    parei_mtpool_locked(s);
}

bool parei_mtpool_lock_unless_nested(parei_mtpool_state *s) {
    if (*parei_thread_nesting() == 0) {
        parei_lock_take(&s->lock);
    } else if (!parei_lock_try(&s->lock)) {
        return false;
    }
    parei_mtpool_locked(s);
    return true;
}

void parei_mtpool_unlock(parei_mtpool_state *s) {
    --*parei_thread_nesting();
    __atomic_store_n(&s->version, (uintptr_t)s->depot.frees, __ATOMIC_RELAXED);
    __atomic_store_n(&s->holder, 0, __ATOMIC_RELAXED);
    parei_lock_give(&s->lock);
}

void parei_mtpool_refuse(parei_mtpool_state *s, pare_status status) {
    __atomic_store_n(&s->pool->status, status, __ATOMIC_RELAXED);
    __atomic_fetch_add(&s->refusals, 1, __ATOMIC_RELAXED);
}

void parei_mtpool_misuse(const parei_mtpool_state *s, const char *kind, const void *address,
                         const void *site) {
    parei_misuse(parei_mtpool_name, kind, s->pool, address, site);
}

bool parei_mtpool_unheld(const parei_mtpool_state *s, const void *site) {
    if (!parei_mtpool_holds(s)) return true;
    parei_mtpool_misuse(s, parei_mtpool_inside, NULL, site);
    return false;
}

void parei_mtpool_report(const parei_mtpool_state *s, const parei_strays *strays,
                         const void *site) {
    parei_serve_report(parei_mtpool_name, s->pool, strays, site);
}

parei_stocked parei_mtpool_stocked(parei_mtpool_state *s) {
    parei_lock_take(&s->stock.lock);
    parei_stocked now = {s->stock.magazine_count, s->stock.object_count, s->stock.trades};
    parei_lock_give(&s->stock.lock);
    return now;
}

pare_status parei_mtpool_make(parei_mtpool_state *s, size_t count) {
    size_t stocked = parei_mtpool_stocked(s).object_count;
    return count > stocked ? parei_depot_reserve(&s->depot, count - stocked) : PARE_OK;
}

pare_status parei_mtpool_take_made(parei_mtpool_state *s, void **out, size_t count) {
    size_t taken;
    pare_status status = parei_depot_reserve(&s->depot, count);
    return status == PARE_OK ? parei_depot_take(&s->depot, out, count, &taken) : status;
}

pare_status parei_mtpool_get_hardened(parei_mtpool_state *s, const void *site, void **out,
                                      size_t count, parei_strays *found) {
    parei_mtpool_lock(s);
    pare_status status = parei_harden_get(&s->harden, &s->depot, site, out, count, found);
    if (status == PARE_OK) s->gone_gets += count;
    parei_mtpool_unlock(s);
    return status;
}

void parei_mtpool_put_hardened(parei_mtpool_state *s, const void *site, void *object,
                               parei_strays *found) {
    parei_mtpool_lock(s);
    bool stray = parei_harden_stray(&s->depot, object, found);
    parei_mtpool_unlock(s);
    if (stray) return;
    parei_serve_clean(&s->depot, object);
    parei_mtpool_lock(s);
    if (!parei_harden_stray(&s->depot, object, found)) { /* another thread may have put it */
        parei_harden_put(&s->harden, &s->depot, site, object, found);
    }
    parei_mtpool_unlock(s);
}

/* --- the window -------------------------------------------------------------------------- */

static parei_mag *parei_rack_loaded(const parei_mtpool_rack *r) {
    return &r->magazines[r->loaded]->mag;
}

/* The loaded magazine's, which is kept up by the window alone while that is open. */
static size_t parei_rack_count(const parei_mtpool_rack *r) {
    const parei_mag *mag = parei_rack_loaded(r);
    return r->cache->top != NULL ? (size_t)(r->cache->top - mag->items) : mag->count;
}

static void parei_rack_check(const parei_mtpool_rack *r) {
    const pare_mtpool_cache *c = r->cache;
    PAREI_ASSERT((c->top == NULL) == (c->lo == NULL));
    PAREI_ASSERT(c->lo <= c->top);
    PAREI_ASSERT(c->hi == NULL || c->top <= c->hi);
    PAREI_ASSERT(parei_rack_count(r) <= parei_rack_loaded(r)->capacity);
    (void)c;
}

/* Objects outside the window; in all, while it is closed. */
static size_t parei_rack_rest(const parei_mtpool_rack *r) {
    const parei_magazine *other = r->magazines[1 - r->loaded];
    return r->aside_count + (other != NULL ? other->mag.count : 0) +
           (r->cache->top == NULL ? parei_rack_loaded(r)->count : 0);
}

static void parei_rack_enter(parei_mtpool_rack *r) {
    pare_mtpool_cache *c = r->cache;
    parei_rack_check(r);
    parei_rack_loaded(r)->count = parei_rack_count(r);
    PAREI_PUBLISH(r->user, parei_thread_id());
    PAREI_PUBLISH(r->inside, true);
    PAREI_PUBLISH(c->top, NULL);
    PAREI_PUBLISH(c->lo, NULL);
    c->hi = NULL;
    PAREI_PUBLISH(r->rest_count, parei_rack_rest(r));
}

static void parei_rack_leave(parei_mtpool_rack *r) {
    const parei_depot *d = &r->state->depot;
    pare_mtpool_cache *c = r->cache;
    const parei_mag *mag = parei_rack_loaded(r);
    PAREI_PUBLISH(r->inside, false);
    if (!d->exact) {
        PAREI_PUBLISH(c->lo, mag->items);
        PAREI_PUBLISH(c->top, mag->items + mag->count);
        c->hi = parei_serve_cleans(d) ? NULL : mag->items + mag->capacity;
    }
    PAREI_PUBLISH(r->rest_count, parei_rack_rest(r));
    parei_rack_check(r);
}

size_t parei_rack_glance(const parei_mtpool_rack *r) {
    uintptr_t top = (uintptr_t)__atomic_load_n(&r->cache->top, __ATOMIC_RELAXED);
    uintptr_t lo = (uintptr_t)__atomic_load_n(&r->cache->lo, __ATOMIC_RELAXED);
    size_t window = top > lo ? (top - lo) / sizeof(void *) : 0;
    if (__atomic_load_n(&r->user, __ATOMIC_RELAXED) == 0) return 0;
    return __atomic_load_n(&r->rest_count, __ATOMIC_RELAXED) +
           parei_min_size(window, PAREI_RACK_ITEMS_MAX);
}

/* --- where pointers belong --------------------------------------------------------------- */

static parei_place *parei_memo_row(parei_mtpool_rack *r, const void *object) {
    return r->memo.rows[((uintptr_t)object >> PAREI_MEMO_SHIFT) % PAREI_MEMO_ROWS];
}

/* Forgets all when a slab may have been released. */
static void parei_memo_refresh(parei_mtpool_rack *r) {
    uintptr_t version = __atomic_load_n(&r->state->version, __ATOMIC_RELAXED);
    if (r->memo.version != version) r->memo = (parei_memo){.version = version};
}

/* Why `object` cannot be put, as far as the depot knows; if it can, *place is where it lies. Also
 * looks at the range anew. */
static const char *parei_rack_locate(parei_mtpool_rack *r, const void *object, parei_place *place) {
    parei_mtpool_state *s = r->state;
    parei_mtpool_lock(s);
    const char *kind = parei_depot_locate(&s->depot, object, place);
    r->cache->base = s->depot.base;
    r->cache->extent = s->depot.extent;
    parei_memo_refresh(r);
    parei_mtpool_unlock(s);
    if (kind != NULL) return kind;
    parei_place *row = parei_memo_row(r, object);
    row[1] = row[0];
    row[0] = *place;
    return NULL;
}

/* Why no object begins there; if one does, *place is where it lies. What the memo does not tell,
 * the depot does. */
static const char *parei_rack_stray(parei_mtpool_rack *r, const void *object, parei_place *place) {
    const parei_place *row = parei_memo_row(r, object);
    for (int i = 0; i < 2; i++) {
        if (!parei_place_holds(&r->state->depot, row[i], object)) continue;
        *place = row[i];
        return NULL;
    }
    return parei_rack_locate(r, object, place);
}

/* The objects seen so far, hashed by address; twice as many slots as there can be. */
typedef struct parei_seen {
    uint8_t numbers[2 * PAREI_RACK_ITEMS_MAX]; /* of the object, from 1 on; 0: none */
} parei_seen;

/* Whether items[index] is among items[0, index). */
static bool parei_seen_before(parei_seen *seen, void *const *items, size_t index) {
    uint64_t hash = (uint64_t)(uintptr_t)items[index] * 0x9e3779b97f4a7c15u;
    uint8_t slot = (uint8_t)(hash >> 56);
    for (; seen->numbers[slot] != 0; slot++) {
        if (items[seen->numbers[slot] - 1] == items[index]) return true;
    }
    seen->numbers[slot] = (uint8_t)(index + 1);
    return false;
}

/* Drops what has no place in the pool, and repeats, until the lot of strays is full. */
static void parei_rack_inspect(parei_mtpool_rack *r, parei_mag *mag, parei_strays *strays) {
    const parei_depot *d = &r->state->depot;
    parei_seen seen = {{0}};
    parei_place place = {0, 0}; /* that of the object before: most lie in the same */
    size_t kept = 0, i = 0, count = mag->count;
    void **items = mag->items;
    if (d->exact) return; /* all was found when it was put */
    parei_memo_refresh(r);
    for (; i < count && strays->count < PAREI_STRAYS_MAX; i++) {
        const char *kind = NULL;
        items[kept] = items[i];
        if (!parei_place_holds(d, place, items[kept])) {
            kind = parei_rack_stray(r, items[kept], &place);
        }
        if (kind == NULL && parei_seen_before(&seen, items, kept)) kind = "double put";
        if (kind == NULL) {
            kept++;
        } else {
            parei_strays_add(strays, kind, items[kept], NULL);
        }
    }
    memmove(items + kept, items + i, (count - i) * sizeof *items);
    mag->count = count - (i - kept);
}

/* --- magazines --------------------------------------------------------------------------- */

/* An empty one, of the stock's or new, under the lock. */
static pare_status parei_magazine_new(parei_mtpool_state *s, parei_magazine **out) {
    pare_span block;
    if (parei_stock_take_empty(&s->stock, out)) return PARE_OK;
    size_t bytes = sizeof(parei_magazine) + s->magazine_bytes + PAREI_APART;
    pare_status status = parei_depot_alloc(&s->depot, bytes, _Alignof(parei_magazine), &block);
    if (status != PARE_OK) return status;
    parei_magazine *m = block.ptr;
    *m = (parei_magazine){.block = block};
    parei_mag_init(&m->mag, m + 1, s->magazine_bytes);
    *out = m;
    return PARE_OK;
}

/* Sees to it that the stock has an empty one, if only for a moment. False: refused. */
static bool parei_mtpool_add_empty(parei_mtpool_state *s) {
    parei_magazine *m = NULL;
    parei_mtpool_lock(s);
    bool made = parei_magazine_new(s, &m) == PARE_OK;
    parei_stock_return(&s->stock, &m);
    parei_mtpool_unlock(s);
    return made;
}

/* Gives the oldest `count` objects to their slabs, until the lot of strays is full. */
static void parei_rack_spill(parei_mtpool_rack *r, parei_mag *mag, size_t count,
                             parei_strays *strays) {
    parei_mtpool_state *s = r->state;
    parei_mtpool_lock(s);
    parei_mag_spill(mag, &s->depot, count, strays);
    s->spills++;
    parei_mtpool_unlock(s);
}

/* Empties *slot: into the stock, else into the slabs; or drops strays that it finds there. */
static void parei_rack_unload(parei_mtpool_rack *r, parei_magazine **slot, parei_strays *strays) {
    parei_mtpool_state *s = r->state;
    parei_mag *mag = &(*slot)->mag;
    parei_rack_inspect(r, mag, strays);
    if (strays->count > 0) return;
    for (;;) {
        parei_stock_answer answer = parei_stock_bring(&s->stock, slot);
        if (answer == PAREI_STOCK_TRADED) return;
        if (answer == PAREI_STOCK_FULL || !parei_mtpool_add_empty(s)) break;
    }
    parei_rack_spill(r, mag, mag->count, strays);
}

/* --- racks ------------------------------------------------------------------------------- */

pare_status parei_rack_new(parei_mtpool_state *s, pare_mtpool_cache *c, parei_mtpool_rack **out) {
    parei_magazine *m = NULL;
    pare_span block;
    size_t bytes = sizeof(parei_mtpool_rack) + PAREI_APART;
    pare_status status = parei_magazine_new(s, &m);
    if (status != PARE_OK) return status;
    status = parei_depot_alloc(&s->depot, bytes, _Alignof(parei_mtpool_rack), &block);
    if (status != PARE_OK) {
        parei_stock_return(&s->stock, &m);
        return status;
    }
    parei_mtpool_rack *r = block.ptr;
    *r = (parei_mtpool_rack){
        .state = s, .next = s->racks, .magazines = {m}, .user = parei_thread_id(), .block = block};
    r->cache = c != NULL ? c : &r->own;
    *r->cache = (pare_mtpool_cache){.rack = r};
    parei_rack_leave(r);
    if (r->next != NULL) r->next->prev = r;
    s->racks = r;
    *out = r;
    return PARE_OK;
}

/* Gives the magazines set aside to the stock, down to `last`. */
static void parei_rack_share(parei_mtpool_rack *r, const parei_magazine *last) {
    while (r->aside != last) {
        r->aside_count -= parei_stock_share(&r->state->stock, &r->aside);
    }
}

void parei_rack_flush(parei_mtpool_rack *r, const void *site) {
    for (bool done = false; !done;) {
        parei_strays strays = {0};
        done = true;
        parei_rack_enter(r);
        parei_rack_share(r, NULL);
        for (int i = 0; i < 2; i++) {
            if (r->magazines[i] == NULL || r->magazines[i]->mag.count == 0) continue;
            parei_rack_unload(r, &r->magazines[i], &strays);
            if (strays.count > 0) done = false;
            if (strays.count == PAREI_STRAYS_MAX) break;
        }
        parei_rack_leave(r);
        parei_mtpool_report(r->state, &strays, site);
    }
}

void parei_rack_drain(parei_mtpool_rack *r, const void *site) {
    parei_mtpool_state *s = r->state;
    for (bool done = false; !done;) {
        parei_strays strays = {0};
        if (!parei_mtpool_lock_unless_nested(s)) return;
        parei_rack_enter(r);
        parei_rack_share(r, NULL);
        for (int i = 0; i < 2; i++) {
            if (r->magazines[i] == NULL) continue;
            parei_mag *mag = &r->magazines[i]->mag;
            parei_mag_spill(mag, &s->depot, mag->count, &strays);
        }
        parei_rack_leave(r);
        parei_mtpool_unlock(s);
        done = strays.count < PAREI_STRAYS_MAX;
        parei_mtpool_report(s, &strays, site);
    }
}

/* What is left of a rack whose thread is not in this process: its memory. Its objects stay out. */
static void parei_rack_forget(parei_mtpool_rack *r) {
    parei_rack_share(r, NULL); /* nobody writes to these */
    for (int i = 0; i < 2; i++) {
        if (r->magazines[i] != NULL) r->magazines[i]->mag.count = 0;
    }
}

void parei_rack_end(parei_mtpool_rack *r, const void *site) {
    parei_mtpool_state *s = r->state;
    pare_mtpool_cache *c = r->cache;
    if (r->user != 0) {
        parei_rack_flush(r, site);
    } else {
        parei_rack_forget(r);
    }
    parei_mtpool_lock(s);
    *(r->prev != NULL ? &r->prev->next : &s->racks) = r->next;
    if (r->next != NULL) r->next->prev = r->prev;
    s->gone_gets += c->gets;
    parei_stock_return(&s->stock, &r->magazines[0]);
    parei_stock_return(&s->stock, &r->magazines[1]);
    if (c != &r->own) *c = (pare_mtpool_cache){0};
    parei_depot_free(&s->depot, r->block, _Alignof(parei_mtpool_rack));
    parei_mtpool_unlock(s);
}

void parei_rack_forked(parei_mtpool_rack *r) {
    if (r->user == parei_thread_id()) return;
    r->user = 0;
    r->inside = false;
}

/* False, and reported, when a call of `r` is under way or the lock is held. */
static bool parei_rack_outside(const parei_mtpool_rack *r, const void *site) {
    bool held = parei_mtpool_holds(r->state);
    if (!r->inside && !held) return true;
    bool ours = held || __atomic_load_n(&r->user, __ATOMIC_RELAXED) == parei_thread_id();
    parei_mtpool_misuse(r->state, ours ? parei_mtpool_inside : "used by two calls at once", NULL,
                        site);
    return false;
}

/* --- get --------------------------------------------------------------------------------- */

static pare_status parei_rack_take(parei_mtpool_rack *r) {
    parei_mtpool_state *s = r->state;
    parei_mag *mag = parei_rack_loaded(r);
    parei_mtpool_lock(s);
    pare_status status = parei_mag_refill(mag, &s->depot, mag->capacity);
    r->cache->base = s->depot.base;
    r->cache->extent = s->depot.extent;
    if (status == PARE_OK) s->refills++;
    parei_mtpool_unlock(s);
    return status;
}

/* Sees to it that the loaded magazine has an object. */
static pare_status parei_rack_refill(parei_mtpool_rack *r) {
    if (parei_rack_loaded(r)->count > 0) return PARE_OK;
    const parei_magazine *other = r->magazines[1 - r->loaded];
    if (other != NULL && other->mag.count > 0) {
        r->loaded = 1 - r->loaded;
        return PARE_OK;
    }
    parei_magazine **slot = &r->magazines[r->loaded];
    if (r->aside != NULL) {
        r->aside_count -= parei_stock_use_aside(&r->state->stock, slot, &r->aside);
        return PARE_OK;
    }
    if (parei_stock_fetch(&r->state->stock, slot)) return PARE_OK;
    pare_status status = parei_rack_take(r);
    if (status == PARE_OK) return PARE_OK;
    return parei_stock_fetch(&r->state->stock, slot) ? PARE_OK : status; /* one may be there now */
}

/* Fills an empty magazine with `want` objects or more, as far as it has room, under the lock. */
static pare_status parei_magazine_fill(parei_mtpool_state *s, parei_mag *mag, size_t want) {
    pare_status status = PARE_OK;
    bool plain = s->depot.kind.init == NULL; /* otherwise none is made that was not asked for */
    want = parei_min_size(want, mag->capacity);
    while (mag->count < want && status == PARE_OK) {
        size_t end = plain ? mag->capacity : want;
        status = parei_mag_refill(mag, &s->depot, end - mag->count);
    }
    if (status == PARE_OK) s->refills++;
    return status;
}

/* Sets one more magazine aside: one of the stock's, else one with `want` objects or more. */
static pare_status parei_rack_add_aside(parei_mtpool_rack *r, size_t want) {
    parei_mtpool_state *s = r->state;
    parei_magazine *m = NULL;
    size_t count = parei_stock_set_aside(&s->stock, &r->aside);
    pare_status status = PARE_OK;
    if (count == 0) {
        parei_mtpool_lock(s);
        status = parei_magazine_new(s, &m);
        if (status == PARE_OK) status = parei_magazine_fill(s, &m->mag, want);
        if (status == PARE_OK) {
            count = m->mag.count;
            parei_stock_push_aside(&s->stock, &m, &r->aside);
        }
        parei_stock_return(&s->stock, &m);
        parei_mtpool_unlock(s);
    }
    r->aside_count += count;
    return status;
}

/* Sets magazines aside until they hold `count` objects. Refused: none more than before. */
static pare_status parei_rack_set_aside(parei_mtpool_rack *r, size_t count) {
    parei_mtpool_state *s = r->state;
    const parei_magazine *before = r->aside;
    if (r->aside_count >= count) return PARE_OK;
    parei_mtpool_lock(s);
    pare_status status = parei_mtpool_make(s, count - r->aside_count);
    parei_mtpool_unlock(s);
    while (r->aside_count < count && status == PARE_OK) {
        status = parei_rack_add_aside(r, count - r->aside_count);
    }
    if (status != PARE_OK) parei_rack_share(r, before);
    return status;
}

/* Sets magazines of the stock aside until the cache has `count` objects, as far as there are any;
 * returns how many it has, `count` at most. */
static size_t parei_rack_gather(parei_mtpool_rack *r, size_t count) {
    const parei_magazine *other = r->magazines[1 - r->loaded];
    size_t have = parei_rack_loaded(r)->count + (other != NULL ? other->mag.count : 0);
    while (have + r->aside_count < count) {
        size_t more = parei_stock_set_aside(&r->state->stock, &r->aside);
        if (more == 0) break;
        r->aside_count += more;
    }
    return parei_min_size(have + r->aside_count, count);
}

/* Moves `count` objects, which are there, to `out`. */
static void parei_rack_pop(parei_mtpool_rack *r, void **out, size_t count) {
    while (count > 0) {
        pare_status status = parei_rack_refill(r);
        parei_mag *mag = parei_rack_loaded(r);
        size_t n = parei_min_size(count, mag->count);
        PAREI_ASSERT(status == PARE_OK);
        (void)status;
        mag->count -= n;
        memcpy(out, mag->items + mag->count, n * sizeof *out);
        out += n;
        count -= n;
    }
}

static pare_status parei_rack_get_one(parei_mtpool_rack *r, void **out) {
    pare_status status = parei_rack_refill(r);
    parei_mag *mag = parei_rack_loaded(r);
    if (status == PARE_OK) *out = mag->items[--mag->count];
    return status;
}

/* Objects from the slabs past the magazines, all of them or none. */
static pare_status parei_rack_take_made(parei_mtpool_rack *r, void **out, size_t count) {
    parei_mtpool_state *s = r->state;
    if (count == 0) return PARE_OK;
    parei_mtpool_lock(s);
    pare_status status = parei_mtpool_take_made(s, out, count);
    r->cache->base = s->depot.base;
    r->cache->extent = s->depot.extent;
    if (status == PARE_OK) s->refills++;
    parei_mtpool_unlock(s);
    return status;
}

/* All of them or none: what the cache and the stock have, and the rest from the slabs. */
static pare_status parei_rack_get_many(parei_mtpool_rack *r, void **out, size_t count) {
    const parei_magazine *before = r->aside;
    size_t have = parei_rack_gather(r, count);
    pare_status status = parei_rack_take_made(r, out + have, count - have);
    if (status == PARE_OK) {
        parei_rack_pop(r, out, have);
    } else {
        parei_rack_share(r, before);
    }
    return status;
}

/* Objects leave for the user: the marks, while memory is watched. */
static void parei_rack_lend(parei_mtpool_rack *r, void *const *objects, size_t count) {
    parei_mtpool_state *s = r->state;
    if (!s->depot.exact) return;
    parei_mtpool_lock(s);
    for (size_t i = 0; i < count; i++) parei_depot_lend(&s->depot, objects[i]);
    parei_mtpool_unlock(s);
}

static pare_status parei_rack_get(parei_mtpool_rack *r, void **out, size_t count) {
    parei_rack_enter(r);
    pare_status status =
        count == 1 ? parei_rack_get_one(r, out) : parei_rack_get_many(r, out, count);
    if (status == PARE_OK) {
        parei_rack_lend(r, out, count);
        PAREI_PUBLISH(r->cache->gets, r->cache->gets + count);
    }
    parei_rack_leave(r);
    return status;
}

static pare_status parei_rack_get_hardened(parei_mtpool_rack *r, void **out, size_t count,
                                           const void *site) {
    parei_strays found = {0};
    parei_rack_enter(r);
    pare_status status = parei_mtpool_get_hardened(r->state, site, out, count, &found);
    parei_rack_leave(r);
    parei_mtpool_report(r->state, &found, site);
    return status;
}

pare_status parei_cache_get(pare_mtpool_cache *c, void **out, size_t count, const void *site) {
    parei_mtpool_rack *r = c->rack;
    if (r == NULL) return c->status = PARE_ERR_ARGUMENT;
    pare_status status = PARE_ERR_ARGUMENT;
    if (parei_rack_outside(r, site)) {
        status = r->state->harden.on ? parei_rack_get_hardened(r, out, count, site)
                                     : parei_rack_get(r, out, count);
    }
    if (status == PARE_OK) return PARE_OK;
    parei_mtpool_refuse(r->state, status);
    return c->status = status;
}

void *parei_mtpool_cache_get_slow(pare_mtpool_cache *c) {
    void *object;
    return parei_cache_get(c, &object, 1, PAREI_SITE()) == PARE_OK ? object : NULL;
}

pare_status pare_mtpool_cache_get_n(pare_mtpool_cache *c, void **out, size_t count) {
    void **top = c->top;
    if (count == 0) return PARE_OK;
    if (out == NULL) return c->status = PARE_ERR_ARGUMENT;
    if (count > ((uintptr_t)top - (uintptr_t)c->lo) / sizeof *top) {
        return parei_cache_get(c, out, count, PAREI_SITE());
    }
    memcpy(out, top - count, count * sizeof *out);
    PAREI_PUBLISH(c->top, top - count);
    PAREI_PUBLISH(c->gets, c->gets + count);
    return PARE_OK;
}

/* --- put --------------------------------------------------------------------------------- */

/* Why `object`, which is not NULL, cannot be put; NULL if it can, as far as can be told. */
static const char *parei_rack_rejects(parei_mtpool_rack *r, const void *object) {
    if (r == NULL) return PAREI_SERVE_UNREADY;
    if (r->inside || parei_mtpool_holds(r->state)) return parei_mtpool_inside;
    const parei_mtpool_state *s = r->state;
    parei_place place;
    size_t count = parei_rack_count(r);
    if (count > 0 && parei_rack_loaded(r)->items[count - 1] == object) return "double put";
    if (s->depot.exact) return parei_rack_locate(r, object, &place);
    if (parei_serve_cleans(&s->depot)) {
        parei_memo_refresh(r);
        return parei_rack_stray(r, object, &place);
    }
    if ((uintptr_t)object - r->cache->base < r->cache->extent) return NULL;
    return parei_rack_locate(r, object, &place);
}

/* Sees to it that there are two magazines. */
static pare_status parei_rack_set_second(parei_mtpool_rack *r) {
    parei_mtpool_state *s = r->state;
    parei_magazine **slot = &r->magazines[1 - r->loaded];
    pare_status status = PARE_OK;
    if (*slot != NULL) return PARE_OK;
    parei_mtpool_lock(s);
    status = parei_magazine_new(s, slot);
    parei_mtpool_unlock(s);
    return status;
}

/* Gets a second magazine. Where it cannot, the older half of the first goes to the slabs. */
static void parei_rack_extend(parei_mtpool_rack *r, parei_strays *strays) {
    parei_mtpool_state *s = r->state;
    parei_magazine **slot = &r->magazines[1 - r->loaded];
    do {
        if (parei_stock_take_empty(&s->stock, slot)) {
            r->loaded = 1 - r->loaded;
            return;
        }
    } while (parei_mtpool_add_empty(s));
    parei_mag *mag = parei_rack_loaded(r);
    parei_rack_spill(r, mag, (mag->count + 1) / 2, strays);
}

/* Makes room in the loaded magazine, which is full, perhaps by having the other take its place. */
static void parei_rack_make_room(parei_mtpool_rack *r, const void *site) {
    parei_strays strays = {0};
    parei_rack_enter(r);
    parei_magazine **other = &r->magazines[1 - r->loaded];
    if (*other == NULL) {
        parei_rack_extend(r, &strays);
    } else {
        if ((*other)->mag.count == (*other)->mag.capacity) parei_rack_unload(r, other, &strays);
        r->loaded = 1 - r->loaded;
    }
    parei_rack_leave(r);
    parei_mtpool_report(r->state, &strays, site);
}

static void parei_rack_put_hardened(parei_mtpool_rack *r, void *object, const void *site) {
    if (!parei_rack_outside(r, site)) return;
    parei_strays found = {0};
    parei_rack_enter(r);
    parei_mtpool_put_hardened(r->state, site, object, &found);
    parei_rack_leave(r);
    parei_mtpool_report(r->state, &found, site);
}

/* The marks, while memory is watched. Not NULL: another thread has put it meanwhile. */
static const char *parei_rack_unlend(parei_mtpool_rack *r, void *object) {
    parei_mtpool_state *s = r->state;
    if (!s->depot.exact) return NULL;
    parei_mtpool_lock(s);
    const char *kind = parei_depot_stray(&s->depot, object);
    if (kind == NULL) parei_depot_unlend(&s->depot, object);
    parei_mtpool_unlock(s);
    return kind;
}

void parei_cache_put(pare_mtpool_cache *c, void *object, const void *site) {
    parei_mtpool_rack *r = c->rack;
    if (object == NULL) return;
    if (r != NULL && r->state->harden.on) {
        parei_rack_put_hardened(r, object, site);
        return;
    }
    const char *kind = parei_rack_rejects(r, object);
    if (kind != NULL) {
        parei_misuse(parei_mtpool_name, kind, r != NULL ? (void *)r->state->pool : c, object, site);
        return;
    }
    while (parei_rack_count(r) == parei_rack_loaded(r)->capacity) parei_rack_make_room(r, site);
    parei_rack_enter(r);
    parei_serve_clean(&r->state->depot, object);
    kind = parei_rack_unlend(r, object);
    parei_mag *mag = parei_rack_loaded(r);
    if (kind == NULL) mag->items[mag->count++] = object;
    parei_rack_leave(r);
    if (kind != NULL) parei_mtpool_misuse(r->state, kind, object, site);
}

void parei_mtpool_cache_put_slow(pare_mtpool_cache *c, void *object) {
    parei_cache_put(c, object, PAREI_SITE());
}

void pare_mtpool_cache_put_n(pare_mtpool_cache *c, void *const *objects, size_t count) {
    for (size_t i = 0; i < count;) {
        void **top = parei_serve_push(c->top, c->hi, c->base, c->extent, objects + i, count - i);
        i += (size_t)(top - c->top);
        PAREI_PUBLISH(c->top, top);
        if (i < count) parei_cache_put(c, objects[i++], PAREI_SITE());
    }
}

/* --- caches of callers ------------------------------------------------------------------- */

pare_status pare_mtpool_cache_init(pare_mtpool_cache *c, pare_mtpool *p) {
    parei_mtpool_state *s = p->state;
    parei_mtpool_rack *r;
    if (s == NULL || !parei_mtpool_unheld(s, PAREI_SITE())) return PARE_ERR_ARGUMENT;
    parei_mtpool_lock(s);
    pare_status status = parei_rack_new(s, c, &r);
    parei_mtpool_unlock(s);
    return status;
}

void pare_mtpool_cache_deinit(pare_mtpool_cache *c) {
    if (c->rack == NULL || !parei_rack_outside(c->rack, PAREI_SITE())) return;
    parei_rack_end(c->rack, PAREI_SITE());
}

pare_status pare_mtpool_cache_reserve(pare_mtpool_cache *c, size_t count) {
    parei_mtpool_rack *r = c->rack;
    if (r == NULL || !parei_rack_outside(r, PAREI_SITE())) return PARE_ERR_ARGUMENT;
    if (r->state->harden.on) return pare_mtpool_reserve(r->state->pool, count);
    parei_rack_enter(r);
    pare_status status = parei_rack_set_second(r);
    if (status == PARE_OK) status = parei_rack_set_aside(r, count);
    parei_rack_leave(r);
    return status;
}

void pare_mtpool_cache_trim(pare_mtpool_cache *c) {
    if (c->rack == NULL || c->rack->inside || parei_mtpool_holds(c->rack->state)) return;
    parei_rack_flush(c->rack, PAREI_SITE());
}
