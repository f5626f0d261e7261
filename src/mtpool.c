/* mtpool.c - the contract is in pare/mtpool.h: many caches over one depot.
 *
 * A cache has a rack of two magazines, the loaded one, on which its window lies, and another. What
 * they cannot serve is traded with the stock, under the stock's lock; what the stock cannot serve
 * comes from the depot, under the pool's lock, which also guards the list of racks and every call
 * of the allocator. The stock's lock may be taken inside the pool's, never the other way round.
 *
 * What a magazine holds is checked before it goes to the stock, without a lock: a rack remembers
 * where the slabs lie that it met, and asks the depot for others. As in a pool, a slow call closes
 * the window first and opens it at the end, and misuse is reported after that.
 * SPDX-License-Identifier: MIT */
#include "pare/mtpool.h"
#include "internal/bits.h"
#include "internal/check.h"
#include "internal/os.h"
#include "internal/serve.h"
#include "internal/slots.h"
#include "internal/stock.h"
#include "internal/trims.h"

/* A magazine has room for so many objects; by default, for as many as make so many bytes. */
#define PAREI_MTPOOL_MAGAZINE_MIN ((size_t)4)
#define PAREI_MTPOOL_MAGAZINE_MAX ((size_t)64)
#define PAREI_MTPOOL_MAGAZINE_BYTES ((size_t)32 * 1024)

#define PAREI_MTPOOL_ITEMS_MAX ((size_t)128) /* whatever the options say */

/* Bytes left free behind a block that its owner writes to in hits, so that it shares no cache line
 * with the next. */
#define PAREI_APART ((size_t)64)

/* --- types ------------------------------------------------------------------------------- */

/* The slabs that a rack remembers, by the 64 KiB that an object lies in: two at a time, since no
 * more than two full slabs meet there. */
enum { PAREI_MEMO_ROWS = 32, PAREI_MEMO_SHIFT = 16 };

typedef struct parei_memo {
    uintptr_t version; /* the pool's when this was right */
    parei_place rows[PAREI_MEMO_ROWS][2];
} parei_memo;

typedef struct parei_mtpool_rack {
    pare_mtpool_cache own; /* unless a caller owns the cache */
    pare_mtpool_cache *cache;
    struct parei_mtpool_state *state;
    struct parei_mtpool_rack *prev, *next; /* of all racks */
    parei_magazine *magazines[2];          /* the loaded one is never NULL */
    unsigned loaded;                       /* 0 or 1 */
    size_t rest_count;                     /* free objects outside the window; read by others */
    uintptr_t inside;                      /* the thread whose call is under way, or 0 */
    pare_span block;
    parei_memo memo;
} parei_mtpool_rack;

typedef struct parei_mtpool_state {
    parei_owner owner;
    parei_lock lock;
    uintptr_t holder;  /* the thread that has it, or 0; read by others */
    uintptr_t version; /* changes when a slab is released; read by others */
    parei_depot depot;
    parei_mtpool_rack *racks;
    uint64_t gone_gets; /* not counted by a cache that there is now */
    uint64_t refills, spills;
    parei_trims trims;
    uintptr_t refusals; /* counted without the lock */

    pare_mtpool *pool;
    pare_span block; /* this state */
    size_t magazine_bytes;
    char apart[64]; /* trades leave the fields above alone */
    parei_stock stock;
} parei_mtpool_state;

static const char parei_mtpool_name[] = "mtpool";
static const char parei_mtpool_inside[] = "call from a callback";

/* --- locks ------------------------------------------------------------------------------- */

/* Whether the calling thread is in an init or fini callback, or in the allocator. */
static bool parei_mtpool_holds(const parei_mtpool_state *s) {
    return __atomic_load_n(&s->holder, __ATOMIC_RELAXED) == parei_thread_id();
}

static void parei_mtpool_lock(parei_mtpool_state *s) {
    PAREI_ASSERT(!parei_mtpool_holds(s));
    parei_lock_take(&s->lock);
    __atomic_store_n(&s->holder, parei_thread_id(), __ATOMIC_RELAXED);
}

static void parei_mtpool_unlock(parei_mtpool_state *s) {
    __atomic_store_n(&s->version, (uintptr_t)s->depot.frees, __ATOMIC_RELAXED);
    __atomic_store_n(&s->holder, 0, __ATOMIC_RELAXED);
    parei_lock_give(&s->lock);
}

/* Whether the calling thread is in a call of a cache: in a reset callback, then. */
static bool parei_mtpool_busy(parei_mtpool_state *s) {
    bool busy = false;
    parei_mtpool_lock(s);
    for (const parei_mtpool_rack *r = s->racks; r != NULL && !busy; r = r->next) {
        busy = __atomic_load_n(&r->inside, __ATOMIC_RELAXED) == parei_thread_id();
    }
    parei_mtpool_unlock(s);
    return busy;
}

/* False, and reported, when the calling thread is in a callback of the pool. */
static bool parei_mtpool_outside(parei_mtpool_state *s, const void *site) {
    if (!parei_mtpool_holds(s) && !parei_mtpool_busy(s)) return true;
    parei_misuse(parei_mtpool_name, parei_mtpool_inside, s->pool, NULL, site);
    return false;
}

static void parei_mtpool_refuse(parei_mtpool_state *s, pare_status status) {
    __atomic_store_n(&s->pool->status, status, __ATOMIC_RELAXED);
    __atomic_fetch_add(&s->refusals, 1, __ATOMIC_RELAXED);
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
    return (other != NULL ? other->mag.count : 0) +
           (r->cache->top == NULL ? parei_rack_loaded(r)->count : 0);
}

static void parei_rack_enter(parei_mtpool_rack *r) {
    pare_mtpool_cache *c = r->cache;
    parei_rack_check(r);
    parei_rack_loaded(r)->count = parei_rack_count(r);
    PAREI_PUBLISH(r->inside, parei_thread_id());
    PAREI_PUBLISH(c->top, NULL);
    PAREI_PUBLISH(c->lo, NULL);
    c->hi = NULL;
    PAREI_PUBLISH(r->rest_count, parei_rack_rest(r));
}

static void parei_rack_leave(parei_mtpool_rack *r) {
    const parei_mtpool_state *s = r->state;
    pare_mtpool_cache *c = r->cache;
    const parei_mag *mag = parei_rack_loaded(r);
    PAREI_PUBLISH(r->inside, 0);
    if (!s->depot.exact) {
        PAREI_PUBLISH(c->lo, mag->items);
        PAREI_PUBLISH(c->top, mag->items + mag->count);
        c->hi = parei_serve_cleans(&s->depot) ? NULL : mag->items + mag->capacity;
    }
    PAREI_PUBLISH(r->rest_count, parei_rack_rest(r));
    parei_rack_check(r);
}

/* What another thread can tell of the objects in it: anything from 0 to two magazines' worth. */
static size_t parei_rack_glance(const parei_mtpool_rack *r) {
    uintptr_t top = (uintptr_t)__atomic_load_n(&r->cache->top, __ATOMIC_RELAXED);
    uintptr_t lo = (uintptr_t)__atomic_load_n(&r->cache->lo, __ATOMIC_RELAXED);
    size_t window = top > lo ? (top - lo) / sizeof(void *) : 0;
    return __atomic_load_n(&r->rest_count, __ATOMIC_RELAXED) +
           parei_min_size(window, PAREI_MTPOOL_ITEMS_MAX);
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
    uint8_t numbers[2 * PAREI_MTPOOL_ITEMS_MAX]; /* of the object, from 1 on; 0: none */
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

static size_t parei_magazine_bytes(const parei_mtpool_state *s) {
    return sizeof(parei_magazine) + s->magazine_bytes + PAREI_APART;
}

/* An empty one, under the lock. NULL: refused. */
static parei_magazine *parei_magazine_new(parei_mtpool_state *s) {
    pare_span block;
    if (parei_depot_alloc(&s->depot, parei_magazine_bytes(s), _Alignof(parei_magazine), &block) !=
        PARE_OK) {
        return NULL;
    }
    parei_magazine *m = block.ptr;
    *m = (parei_magazine){.block = block};
    parei_mag_init(&m->mag, m + 1, s->magazine_bytes);
    return m;
}

/* Sees to it that the stock has an empty one, if only for a moment. False: refused. */
static bool parei_mtpool_add_empty(parei_mtpool_state *s) {
    parei_mtpool_lock(s);
    parei_magazine *m = parei_magazine_new(s);
    bool made = m != NULL;
    parei_stock_return(&s->stock, &m);
    parei_mtpool_unlock(s);
    return made;
}

/* What the stock holds now. */
typedef struct parei_stocked {
    size_t magazine_count, object_count;
    uint64_t trades;
} parei_stocked;

static parei_stocked parei_mtpool_stocked(parei_mtpool_state *s) {
    parei_lock_take(&s->stock.lock);
    parei_stocked now = {s->stock.magazine_count, s->stock.object_count, s->stock.trades};
    parei_lock_give(&s->stock.lock);
    return now;
}

static void parei_mtpool_free_empties(parei_mtpool_state *s) {
    parei_magazine *m = NULL;
    parei_mtpool_lock(s);
    while (parei_stock_take_empty(&s->stock, &m)) {
        parei_depot_free(&s->depot, m->block, _Alignof(parei_magazine));
        m = NULL;
    }
    parei_mtpool_unlock(s);
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

/* --- racks and caches -------------------------------------------------------------------- */

/* A rack with an empty magazine, in the list. `c` NULL: with a cache of its own. */
static pare_status parei_rack_new(parei_mtpool_state *s, pare_mtpool_cache *c,
                                  parei_mtpool_rack **out) {
    parei_magazine *m = NULL;
    pare_span block;
    pare_status status;
    size_t bytes = sizeof(parei_mtpool_rack) + PAREI_APART;
    if (!parei_stock_take_empty(&s->stock, &m)) m = parei_magazine_new(s);
    if (m == NULL) return PARE_ERR_MEMORY;
    status = parei_depot_alloc(&s->depot, bytes, _Alignof(parei_mtpool_rack), &block);
    if (status != PARE_OK) {
        parei_stock_return(&s->stock, &m);
        return status;
    }
    parei_mtpool_rack *r = block.ptr;
    *r = (parei_mtpool_rack){.state = s, .next = s->racks, .magazines = {m}, .block = block};
    r->cache = c != NULL ? c : &r->own;
    *r->cache = (pare_mtpool_cache){.rack = r};
    parei_rack_leave(r);
    if (r->next != NULL) r->next->prev = r;
    s->racks = r;
    *out = r;
    return PARE_OK;
}

/* Gives all that it holds to the stock. */
static void parei_rack_flush(parei_mtpool_rack *r, const void *site) {
    for (bool done = false; !done;) {
        parei_strays strays = {0};
        done = true;
        parei_rack_enter(r);
        for (int i = 0; i < 2; i++) {
            if (r->magazines[i] == NULL || r->magazines[i]->mag.count == 0) continue;
            parei_rack_unload(r, &r->magazines[i], &strays);
            if (strays.count > 0) done = false;
            if (strays.count == PAREI_STRAYS_MAX) break;
        }
        parei_rack_leave(r);
        parei_serve_report(parei_mtpool_name, r->state->pool, &strays, site);
    }
}

static void parei_rack_end(parei_mtpool_rack *r, const void *site) {
    parei_mtpool_state *s = r->state;
    pare_mtpool_cache *c = r->cache;
    parei_rack_flush(r, site);
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

/* False, and reported, when a call of `r` is under way or the lock is held. */
static bool parei_rack_outside(const parei_mtpool_rack *r, const void *site) {
    if (r->inside == 0 && !parei_mtpool_holds(r->state)) return true;
    parei_misuse(parei_mtpool_name, parei_mtpool_inside, r->state->pool, NULL, site);
    return false;
}

pare_status pare_mtpool_cache_init(pare_mtpool_cache *c, pare_mtpool *p) {
    parei_mtpool_state *s = p->state;
    parei_mtpool_rack *r;
    if (s == NULL || !parei_mtpool_outside(s, PAREI_SITE())) return PARE_ERR_ARGUMENT;
    parei_mtpool_lock(s);
    pare_status status = parei_rack_new(s, c, &r);
    parei_mtpool_unlock(s);
    return status;
}

void pare_mtpool_cache_deinit(pare_mtpool_cache *c) {
    if (c->rack == NULL || !parei_rack_outside(c->rack, PAREI_SITE())) return;
    parei_rack_end(c->rack, PAREI_SITE());
}

void pare_mtpool_cache_trim(pare_mtpool_cache *c) {
    if (c->rack == NULL || c->rack->inside != 0 || parei_mtpool_holds(c->rack->state)) return;
    parei_rack_flush(c->rack, PAREI_SITE());
}

/* --- get and put through a cache --------------------------------------------------------- */

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
    if (parei_stock_fetch(&r->state->stock, slot)) return PARE_OK;
    pare_status status = parei_rack_take(r);
    if (status == PARE_OK) return PARE_OK;
    return parei_stock_fetch(&r->state->stock, slot) ? PARE_OK : status; /* one may be there now */
}

void *parei_mtpool_cache_get_slow(pare_mtpool_cache *c) {
    parei_mtpool_rack *r = c->rack;
    if (r == NULL || !parei_rack_outside(r, PAREI_SITE())) {
        c->status = PARE_ERR_ARGUMENT;
        if (r != NULL) parei_mtpool_refuse(r->state, PARE_ERR_ARGUMENT);
        return NULL;
    }
    parei_mtpool_state *s = r->state;
    void *object = NULL;
    parei_rack_enter(r);
    pare_status status = parei_rack_refill(r);
    if (status == PARE_OK) {
        parei_mag *mag = parei_rack_loaded(r);
        object = mag->items[--mag->count];
        PAREI_PUBLISH(c->gets, c->gets + 1);
        if (s->depot.exact) {
            parei_mtpool_lock(s);
            parei_depot_lend(&s->depot, object);
            parei_mtpool_unlock(s);
        }
    } else {
        c->status = status;
        parei_mtpool_refuse(s, status);
    }
    parei_rack_leave(r);
    return object;
}

/* Why `object`, which is not NULL, cannot be put; NULL if it can, as far as can be told. */
static const char *parei_rack_rejects(parei_mtpool_rack *r, const void *object) {
    if (r == NULL) return PAREI_SERVE_UNREADY;
    if (r->inside != 0 || parei_mtpool_holds(r->state)) return parei_mtpool_inside;
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
    parei_serve_report(parei_mtpool_name, r->state->pool, &strays, site);
}

void parei_mtpool_cache_put_slow(pare_mtpool_cache *c, void *object) {
    parei_mtpool_rack *r = c->rack;
    if (object == NULL) return;
    const char *kind = parei_rack_rejects(r, object);
    if (kind != NULL) {
        parei_misuse(parei_mtpool_name, kind, r != NULL ? (void *)r->state->pool : c, object,
                     PAREI_SITE());
        return;
    }
    while (parei_rack_count(r) == parei_rack_loaded(r)->capacity) {
        parei_rack_make_room(r, PAREI_SITE());
    }
    parei_mtpool_state *s = r->state;
    parei_rack_enter(r);
    parei_serve_clean(&s->depot, object);
    if (s->depot.exact) {
        parei_mtpool_lock(s);
        parei_depot_unlend(&s->depot, object);
        parei_mtpool_unlock(s);
    }
    parei_mag *mag = parei_rack_loaded(r);
    mag->items[mag->count++] = object;
    parei_rack_leave(r);
}

/* --- get and put of threads -------------------------------------------------------------- */

/* Makes a cache for the calling thread. NULL: it cannot have one. */
static pare_mtpool_cache *parei_mtpool_join(parei_mtpool_state *s) {
    parei_mtpool_rack *r;
    if (s->owner.serial == 0 || !parei_thread_lives()) return NULL;
    parei_mtpool_lock(s);
    pare_status status = parei_rack_new(s, NULL, &r);
    parei_mtpool_unlock(s);
    if (status != PARE_OK) return NULL;
    if (parei_thread_keep(&s->owner, &r->own)) return &r->own;
    parei_rack_end(r, NULL);
    return NULL;
}

/* A get without a cache: from the stock, else from the slabs. */
static pare_status parei_mtpool_take(parei_mtpool_state *s, void **out) {
    parei_magazine *m = NULL;
    pare_status status = PARE_OK;
    size_t taken;
    parei_mtpool_lock(s);
    if (parei_stock_take_oldest(&s->stock, &m)) {
        *out = m->mag.items[--m->mag.count];
        parei_stock_return(&s->stock, &m);
    } else {
        status = parei_depot_take(&s->depot, out, 1, &taken);
    }
    if (status == PARE_OK) {
        s->gone_gets++;
        if (s->depot.exact) parei_depot_lend(&s->depot, *out);
    }
    parei_mtpool_unlock(s);
    return status;
}

/* False, and reported, when the calling thread is in an init or fini callback, or the allocator. */
static bool parei_mtpool_free_to(const parei_mtpool_state *s, const void *site) {
    if (!parei_mtpool_holds(s)) return true;
    parei_misuse(parei_mtpool_name, parei_mtpool_inside, s->pool, NULL, site);
    return false;
}

/* A get of a thread that has no cache yet, or can have none. */
static pare_status parei_mtpool_get(parei_mtpool_state *s, void **out, const void *site) {
    pare_status status = PARE_ERR_ARGUMENT;
    if (parei_mtpool_free_to(s, site)) {
        pare_mtpool_cache *c = parei_mtpool_join(s);
        if (c != NULL) {
            *out = pare_mtpool_cache_get(c);
            return *out != NULL ? PARE_OK : c->status;
        }
        status = parei_mtpool_take(s, out);
    }
    if (status != PARE_OK) parei_mtpool_refuse(s, status);
    return status;
}

void *parei_mtpool_get_slow(pare_mtpool *p) {
    void *object = NULL;
    if (p->state == NULL) {
        __atomic_store_n(&p->status, PARE_ERR_ARGUMENT, __ATOMIC_RELAXED);
        return NULL;
    }
    pare_status status = parei_mtpool_get(p->state, &object, PAREI_SITE());
    return status == PARE_OK ? object : NULL;
}

/* A put without a cache: to the slabs. */
static void parei_mtpool_give(parei_mtpool_state *s, void *object, const void *site) {
    parei_strays strays = {0};
    parei_mtpool_lock(s);
    const char *kind = parei_depot_stray(&s->depot, object);
    parei_mtpool_unlock(s);
    if (kind != NULL) {
        parei_misuse(parei_mtpool_name, kind, s->pool, object, site);
        return;
    }
    parei_serve_clean(&s->depot, object);
    parei_mtpool_lock(s);
    if (s->depot.exact) parei_depot_unlend(&s->depot, object);
    parei_depot_give(&s->depot, &object, 1, &strays);
    parei_mtpool_unlock(s);
    parei_serve_report(parei_mtpool_name, s->pool, &strays, site);
}

void parei_mtpool_put_slow(pare_mtpool *p, void *object) {
    parei_mtpool_state *s = p->state;
    if (object == NULL) return;
    if (s == NULL) {
        parei_misuse(parei_mtpool_name, PAREI_SERVE_UNREADY, p, object, PAREI_SITE());
        return;
    }
    if (!parei_mtpool_free_to(s, PAREI_SITE())) return;
    pare_mtpool_cache *c = parei_mtpool_join(s);
    if (c != NULL) {
        pare_mtpool_cache_put(c, object);
    } else {
        parei_mtpool_give(s, object, PAREI_SITE());
    }
}

/* --- lifetime ---------------------------------------------------------------------------- */

/* Bytes of each magazine: those that `asked` for, or as many as hold 32 KiB of objects. */
static size_t parei_mtpool_magazine_bytes(size_t size, size_t asked) {
    size_t count = parei_max_size(PAREI_MTPOOL_MAGAZINE_BYTES / size, PAREI_MTPOOL_MAGAZINE_MIN);
    count = parei_min_size(count, PAREI_MTPOOL_MAGAZINE_MAX);
    size_t bytes = asked != 0 ? asked : parei_serve_magazine_bytes(count);
    return parei_min_size(bytes, parei_serve_magazine_bytes(PAREI_MTPOOL_ITEMS_MAX));
}

static const parei_owner_calls parei_mtpool_calls;

pare_status pare_mtpool_init(pare_mtpool *p, pare_allocator from,
                             const pare_pool_options *options) {
    parei_depot depot;
    parei_harden harden;
    pare_status status = parei_serve_init(&depot, &harden, from, options);
    if (status != PARE_OK) return status;
    if (harden.on) return PARE_ERR_ARGUMENT;
    pare_span block;
    status =
        parei_depot_alloc(&depot, sizeof(parei_mtpool_state), _Alignof(parei_mtpool_state), &block);
    if (status != PARE_OK) return status;

    parei_mtpool_state *s = block.ptr;
    *s = (parei_mtpool_state){
        .depot = depot,
        .trims = parei_trims_every(options->trim_ms),
        .pool = p,
        .block = block,
        .magazine_bytes = parei_mtpool_magazine_bytes(options->size, options->magazine_bytes)};
    s->stock.object_limit = parei_serve_keep_count(&depot);
    parei_lock_init(&s->lock);
    parei_lock_init(&s->stock.lock);
    parei_owner_join(&s->owner, &parei_mtpool_calls);
    *p = (pare_mtpool){.serial = s->owner.serial, .slot = s->owner.slot, .from = from, .state = s};
    return PARE_OK;
}

/* Gives the objects of up to `count` of the oldest magazines in stock to their slabs. */
static void parei_mtpool_give_stock(parei_mtpool_state *s, size_t count, const void *site) {
    for (bool some = true; some && count > 0;) {
        parei_magazine *m = NULL;
        parei_strays strays = {0};
        parei_mtpool_lock(s);
        some = parei_stock_take_oldest(&s->stock, &m);
        if (some) {
            parei_mag_spill(&m->mag, &s->depot, m->mag.count, &strays);
            if (m->mag.count == 0) count--;
            parei_stock_return(&s->stock, &m);
        }
        parei_mtpool_unlock(s);
        parei_serve_report(parei_mtpool_name, s->pool, &strays, site);
    }
}

void pare_mtpool_deinit(pare_mtpool *p) {
    parei_mtpool_state *s = p->state;
    if (s != NULL) {
        if (!parei_mtpool_outside(s, PAREI_SITE())) return;
        parei_owner_leave(&s->owner);
        p->slot = 0;
        p->serial = 0;
        while (s->racks != NULL) {
            s->racks->inside = 0; /* its thread may have been lost by a fork */
            parei_rack_end(s->racks, PAREI_SITE());
        }
        parei_mtpool_give_stock(s, SIZE_MAX, PAREI_SITE());
        parei_mtpool_free_empties(s);
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
    pare_status status = PARE_OK;
    parei_mtpool_lock(s);
    size_t stocked = parei_mtpool_stocked(s).object_count;
    if (count > stocked) status = parei_depot_reserve(&s->depot, count - stocked);
    if (status == PARE_OK) s->depot.keep_count = s->depot.made_count;
    parei_mtpool_unlock(s);
    return status;
}

static void parei_mtpool_trim_all(pare_mtpool *p, const void *site) {
    parei_mtpool_state *s = p->state;
    pare_mtpool_cache *own = parei_thread_find(p->slot, p->serial);
    if (own != NULL && own->rack->inside == 0) parei_rack_flush(own->rack, site);
    parei_mtpool_lock(s);
    s->depot.keep_count = 0;
    size_t count = parei_mtpool_stocked(s).magazine_count; /* others may bring more */
    parei_mtpool_unlock(s);
    parei_mtpool_give_stock(s, count, site);
    parei_mtpool_free_empties(s);
    parei_mtpool_lock(s);
    parei_depot_trim(&s->depot);
    parei_mtpool_unlock(s);
}

/* How many magazines lay in the stock since the last trim; and this is one. */
static size_t parei_mtpool_idle(parei_mtpool_state *s, uint64_t now_ms) {
    size_t idle = 0;
    parei_mtpool_lock(s);
    bool begun = s->trims.begun;
    if (parei_trims_due(&s->trims, now_ms)) {
        parei_lock_take(&s->stock.lock);
        if (begun) idle = s->stock.least_count;
        s->stock.least_count = s->stock.magazine_count - idle;
        parei_lock_give(&s->stock.lock);
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
    if (r->inside == 0 && !parei_mtpool_holds(parei_mtpool_of(o))) parei_rack_flush(r, NULL);
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

static const parei_owner_calls parei_mtpool_calls = {
    .flush = parei_mtpool_on_idle,
    .retire = parei_mtpool_on_exit,
    .hold = parei_mtpool_on_fork,
    .release = parei_mtpool_after_fork,
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
    size_t live = parei_mtpool_minus(d->made_count, d->free_count + cached + stocked.object_count);
    pare_mtpool_stats stats = parei_serve_stats(d, live);
    stats.gets = gets;
    stats.puts = gets > live ? gets - live : 0;
    stats.refusals = __atomic_load_n(&s->refusals, __ATOMIC_RELAXED);
    stats.trades = stocked.trades;
    stats.refills = s->refills;
    stats.spills = s->spills;
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

/* --- as an allocator --------------------------------------------------------------------- */

static pare_status parei_mtpool_slot_alloc(void *ctx, size_t size, size_t align, unsigned flags,
                                           pare_span *out) {
    pare_mtpool *p = ctx;
    const parei_mtpool_state *s = p->state;
    if (s == NULL || !parei_serve_fits(&s->depot, size, align)) return PARE_ERR_ARGUMENT;
    void *object = NULL;
    pare_mtpool_cache *c = parei_thread_find(p->slot, p->serial);
    if (c != NULL) {
        object = pare_mtpool_cache_get(c);
        if (object == NULL) return c->status;
    } else {
        pare_status status = parei_mtpool_get(p->state, &object, PAREI_SITE());
        if (status != PARE_OK) return status;
    }
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
    if (s != NULL && s->depot.exact && !parei_mtpool_holds(s)) {
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
