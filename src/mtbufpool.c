/* mtbufpool.c - the contract is in pare/mtbufpool.h: a stock of magazines per class, and caches.
 *
 * What is charged to the budget is every magazine, full or not, for all that it has room for. It is
 * charged when it is made and for as long as there is one, so neither hits nor trades have a sum to
 * update, and what is kept can never pass the budget.
 *
 * The pool's lock guards the stocks, the list of racks, the charge and the counts, and is held for
 * a few stores; those of the stocks are only taken inside it, so that a fork has one lock to wait
 * for and not one per class. The allocator is called under no lock and only while all is whole, and
 * nothing read before such a call is trusted after it: it may trim the pool, or even get and put.
 * Likewise misuse is reported.
 *
 * While a sanitizer watches, and for classes above 64 KiB, nothing lies in caches: calls serve
 * themselves from the stock, a magazine out and back, under the pool's lock.
 * SPDX-License-Identifier: MIT */
#include "pare/mtbufpool.h"
#include "internal/bits.h"
#include "internal/check.h"
#include "internal/classes.h"
#include "internal/mag.h"
#include "internal/os.h"
#include "internal/serve.h"
#include "internal/slots.h"
#include "internal/stock.h"
#include "internal/trims.h"

#define PAREI_MTBUFPOOL_LINE ((size_t)64)

/* Caches hold buffers up to this size. */
#define PAREI_MTBUFPOOL_CACHED_BYTES ((size_t)65536)

/* A magazine of a cached class has room for so many buffers; else for as many as make so many
 * bytes. */
#define PAREI_MTBUFPOOL_ITEMS_MIN ((size_t)2)
#define PAREI_MTBUFPOOL_ITEMS_MAX ((size_t)64)
#define PAREI_MTBUFPOOL_MAGAZINE_BYTES ((size_t)32 * 1024)

/* No magazine takes more of the budget than this part, if one buffer takes less. */
#define PAREI_MTBUFPOOL_SHARE ((size_t)16)

/* --- types ------------------------------------------------------------------------------- */

/* A class, as all caches share it. */
typedef struct parei_mtbufpool_class {
    parei_stock stock;
    size_t capacity; /* buffers that one of its magazines has room for */
    uint64_t hits;   /* of calls without a cache, and through caches that are gone */
    uint64_t misses;
    char apart[PAREI_MTBUFPOOL_LINE]; /* trades leave other classes alone */
} parei_mtbufpool_class;

/* A class in a cache. */
typedef struct parei_mtbufpool_pair {
    parei_magazine *magazines[2]; /* NULL: none yet */
    unsigned loaded;              /* 0 or 1 */
} parei_mtbufpool_pair;

typedef struct parei_mtbufpool_rack {
    pare_mtbufpool_cache own; /* unless a caller owns the cache */
    pare_mtbufpool_cache *cache;
    struct parei_mtbufpool_state *state;
    struct parei_mtbufpool_rack *prev, *next; /* of all racks */
    parei_mtbufpool_pair *pairs;              /* by row */
    pare_span block;
} parei_mtbufpool_rack;

typedef struct parei_mtbufpool_state {
    parei_owner owner;
    parei_lock lock;
    parei_mtbufpool_rack *racks;
    size_t rack_count;
    size_t charged_bytes; /* at most retain_bytes */
    size_t overhead_bytes;
    uint64_t oversize, refusals;
    uint64_t dropped[PAREI_FATE_KEPT]; /* by fate */
    uint64_t allocs, frees, total_bytes;
    parei_trims trims;

    bool wipe, watched; /* from here on nothing changes */
    pare_mtbufpool *pool;
    pare_allocator from;
    parei_classes classes;
    parei_mtbufpool_class *rows;
    size_t cached_end; /* rows below are in caches */
    size_t align;
    size_t retain_bytes;
    size_t block_bytes; /* of this state and the rows */
} parei_mtbufpool_state;

static const char parei_mtbufpool_name[] = "mtbufpool";
static const char parei_mtbufpool_twice[] = "double put";

static void parei_mtbufpool_count(parei_mtbufpool_state *s, uint64_t *counter) {
    parei_lock_take(&s->lock);
    ++*counter;
    parei_lock_give(&s->lock);
}

/* --- memory ------------------------------------------------------------------------------ */

static pare_status parei_mtbufpool_alloc(parei_mtbufpool_state *s, size_t size, size_t align,
                                         unsigned flags, pare_span *out) {
    pare_status status = pare_alloc_span(s->from, size, align, flags | PARE_EXACT, out);
    if (status != PARE_OK) return status;
    parei_lock_take(&s->lock);
    s->allocs++;
    s->total_bytes += out->cap;
    parei_lock_give(&s->lock);
    return PARE_OK;
}

static void parei_mtbufpool_free(parei_mtbufpool_state *s, pare_span block, size_t align) {
    parei_mtbufpool_count(s, &s->frees);
    pare_free_span(s->from, block, align);
}

/* Gives back a buffer that is in no magazine any more. */
static void parei_mtbufpool_release(parei_mtbufpool_state *s, pare_span buffer) {
    if (s->watched) parei_mark_undefined(buffer.ptr, buffer.cap);
    parei_mtbufpool_free(s, buffer, s->align);
}

/* The same for memory of our own, beside the buffers. */
static pare_status parei_mtbufpool_alloc_own(parei_mtbufpool_state *s, size_t size, size_t align,
                                             pare_span *out) {
    pare_status status = parei_mtbufpool_alloc(s, size, align, 0, out);
    if (status != PARE_OK) return status;
    parei_lock_take(&s->lock);
    s->overhead_bytes += out->cap;
    parei_lock_give(&s->lock);
    return PARE_OK;
}

static void parei_mtbufpool_free_own(parei_mtbufpool_state *s, pare_span block, size_t align) {
    parei_lock_take(&s->lock);
    s->overhead_bytes -= block.cap;
    parei_lock_give(&s->lock);
    parei_mtbufpool_free(s, block, align);
}

/* --- magazines and the budget ------------------------------------------------------------ */

/* What a magazine of `row` is charged. */
static size_t parei_mtbufpool_charge_of(const parei_mtbufpool_state *s, size_t row) {
    return s->rows[row].capacity * s->classes.caps[row];
}

static void parei_mtbufpool_uncharge(parei_mtbufpool_state *s, size_t bytes) {
    parei_lock_take(&s->lock);
    s->charged_bytes -= bytes;
    parei_lock_give(&s->lock);
}

static bool parei_mtbufpool_charge(parei_mtbufpool_state *s, size_t bytes) {
    parei_lock_take(&s->lock);
    bool fits = bytes != 0 && bytes <= s->retain_bytes - s->charged_bytes;
    if (fits) s->charged_bytes += bytes;
    parei_lock_give(&s->lock);
    return fits;
}

/* An empty one that is in no stock and no rack. */
static void parei_mtbufpool_free_magazine(parei_mtbufpool_state *s, size_t row, parei_magazine *m) {
    parei_mtbufpool_uncharge(s, parei_mtbufpool_charge_of(s, row));
    parei_mtbufpool_free_own(s, m->block, _Alignof(parei_magazine));
}

/* Puts *slot, if there is one, to those of its kind, and makes it NULL. */
static void parei_mtbufpool_return(parei_mtbufpool_state *s, size_t row, parei_magazine **slot) {
    parei_lock_take(&s->lock);
    parei_stock_return(&s->rows[row].stock, slot);
    parei_lock_give(&s->lock);
}

/* The oldest with buffers, or an empty one, out of the stock; NULL if there is none. */
static parei_magazine *parei_mtbufpool_withdraw(parei_mtbufpool_state *s, size_t row, bool empty) {
    parei_stock *stock = &s->rows[row].stock;
    parei_magazine *m = NULL;
    parei_lock_take(&s->lock);
    (void)(empty ? parei_stock_take_empty(stock, &m) : parei_stock_take_oldest(stock, &m));
    parei_lock_give(&s->lock);
    return m;
}

static void parei_mtbufpool_free_empties(parei_mtbufpool_state *s) {
    for (size_t row = s->classes.first; row < s->classes.end; row++) {
        parei_magazine *m;
        while ((m = parei_mtbufpool_withdraw(s, row, true)) != NULL) {
            parei_mtbufpool_free_magazine(s, row, m);
        }
    }
}

/* Sees to it that the stock of `row` has an empty magazine, if only for a moment; or says why
 * not. */
static parei_fate parei_mtbufpool_add_empty(parei_mtbufpool_state *s, size_t row) {
    size_t charge = parei_mtbufpool_charge_of(s, row);
    size_t items_bytes = (s->rows[row].capacity + 1) * sizeof(void *);
    size_t bytes = sizeof(parei_magazine) + items_bytes + PAREI_MTBUFPOOL_LINE;
    pare_span block;
    if (!parei_mtbufpool_charge(s, charge)) {
        parei_mtbufpool_free_empties(s);
        if (!parei_mtbufpool_charge(s, charge)) return PAREI_FATE_BUDGET;
    }
    if (parei_mtbufpool_alloc_own(s, bytes, _Alignof(parei_magazine), &block) != PARE_OK) {
        parei_mtbufpool_uncharge(s, charge);
        return PAREI_FATE_MEMORY;
    }
    parei_magazine *m = block.ptr;
    *m = (parei_magazine){.block = block};
    parei_mag_init(&m->mag, m + 1, items_bytes);
    parei_mtbufpool_return(s, row, &m);
    return PAREI_FATE_KEPT;
}

/* Drops buffers that are in it twice, until the lot of strays is full. Few enough to compare each
 * with each. */
static void parei_mtbufpool_inspect(parei_mag *mag, parei_strays *strays) {
    void **items = mag->items;
    for (size_t i = 1; i < mag->count && strays->count < PAREI_STRAYS_MAX;) {
        size_t before = 0;
        while (items[before] != items[i]) before++;
        if (before == i) {
            i++;
            continue;
        }
        strays->list[strays->count++] = (parei_stray){parei_mtbufpool_twice, items[i], NULL};
        mag->count--;
        memmove(items + i, items + i + 1, (mag->count - i) * sizeof *items);
    }
}

static void parei_mtbufpool_report(const parei_mtbufpool_state *s, const parei_strays *strays,
                                   const void *site) {
    parei_serve_report(parei_mtbufpool_name, s->pool, strays, site);
}

/* --- windows ----------------------------------------------------------------------------- */

static parei_magazine *parei_mtbufpool_loaded(const parei_mtbufpool_pair *p) {
    return p->magazines[p->loaded];
}

/* Buffers outside the window; in all, while it is closed. */
static size_t parei_mtbufpool_rest(const parei_mtbufpool_pair *p, bool closed) {
    const parei_magazine *other = p->magazines[1 - p->loaded];
    const parei_magazine *loaded = closed ? parei_mtbufpool_loaded(p) : NULL;
    return (other != NULL ? other->mag.count : 0) + (loaded != NULL ? loaded->mag.count : 0);
}

/* The loaded magazine's count is kept up by the window alone while that is open. */
static void parei_mtbufpool_close(parei_mtbufpool_rack *r, size_t row) {
    parei_mtbufpool_pair *p = &r->pairs[row];
    parei_mtbufpool_window *w = &r->cache->windows[row];
    parei_magazine *m = parei_mtbufpool_loaded(p);
    if (w->top != NULL) m->mag.count = (size_t)(w->top - m->mag.items);
    PAREI_PUBLISH(w->top, NULL);
    PAREI_PUBLISH(w->lo, NULL);
    w->hi = NULL;
    PAREI_PUBLISH(w->rest_count, parei_mtbufpool_rest(p, true));
}

static void parei_mtbufpool_open(parei_mtbufpool_rack *r, size_t row) {
    const parei_mtbufpool_pair *p = &r->pairs[row];
    parei_mtbufpool_window *w = &r->cache->windows[row];
    parei_magazine *m = parei_mtbufpool_loaded(p);
    PAREI_PUBLISH(w->rest_count, parei_mtbufpool_rest(p, false));
    if (m == NULL) return;
    PAREI_ASSERT(m->mag.count <= m->mag.capacity);
    PAREI_PUBLISH(w->lo, m->mag.items);
    PAREI_PUBLISH(w->top, m->mag.items + m->mag.count);
    w->hi = r->state->wipe ? NULL : m->mag.items + m->mag.capacity;
}

/* What another thread can tell of the buffers in it: anything up to two magazines' worth. */
static size_t parei_mtbufpool_glance(const parei_mtbufpool_rack *r, size_t row) {
    const parei_mtbufpool_window *w = &r->cache->windows[row];
    uintptr_t top = (uintptr_t)__atomic_load_n(&w->top, __ATOMIC_RELAXED);
    uintptr_t lo = (uintptr_t)__atomic_load_n(&w->lo, __ATOMIC_RELAXED);
    size_t window = top > lo ? (top - lo) / sizeof(void *) : 0;
    return __atomic_load_n(&w->rest_count, __ATOMIC_RELAXED) +
           parei_min_size(window, r->state->rows[row].capacity);
}

/* --- racks ------------------------------------------------------------------------------- */

/* Moves what the rack holds of `row` to the stock, magazines and all. */
static void parei_mtbufpool_flush_row(parei_mtbufpool_rack *r, size_t row, const void *site) {
    for (int i = 0; i < 2;) {
        parei_magazine **slot = &r->pairs[row].magazines[i];
        parei_strays strays = {0};
        parei_mtbufpool_close(r, row);
        if (*slot != NULL) parei_mtbufpool_inspect(&(*slot)->mag, &strays);
        if (strays.count == 0) {
            parei_mtbufpool_return(r->state, row, slot);
            i++;
        }
        parei_mtbufpool_open(r, row);
        parei_mtbufpool_report(r->state, &strays, site);
    }
}

static void parei_mtbufpool_flush(parei_mtbufpool_rack *r, const void *site) {
    const parei_mtbufpool_state *s = r->state;
    for (size_t row = s->classes.first; row < s->cached_end; row++) {
        parei_mtbufpool_flush_row(r, row, site);
    }
}

static void parei_mtbufpool_link(parei_mtbufpool_state *s, parei_mtbufpool_rack *r) {
    parei_lock_take(&s->lock);
    r->next = s->racks;
    if (r->next != NULL) r->next->prev = r;
    s->racks = r;
    s->rack_count++;
    parei_lock_give(&s->lock);
}

static void parei_mtbufpool_unlink(parei_mtbufpool_state *s, parei_mtbufpool_rack *r) {
    parei_lock_take(&s->lock);
    *(r->prev != NULL ? &r->prev->next : &s->racks) = r->next;
    if (r->next != NULL) r->next->prev = r->prev;
    s->rack_count--;
    for (size_t row = s->classes.first; row < s->cached_end; row++) {
        s->rows[row].hits += r->cache->windows[row].hits;
    }
    parei_lock_give(&s->lock);
}

/* `c` NULL: with a cache of its own. */
static pare_status parei_mtbufpool_rack_new(parei_mtbufpool_state *s, pare_mtbufpool_cache *c,
                                            parei_mtbufpool_rack **out) {
    size_t count = s->cached_end;
    size_t windows_offset = parei_align_up(sizeof(parei_mtbufpool_rack), PAREI_MTBUFPOOL_LINE);
    size_t pairs_offset = windows_offset + count * sizeof(parei_mtbufpool_window);
    size_t bytes = pairs_offset + count * sizeof(parei_mtbufpool_pair) + PAREI_MTBUFPOOL_LINE;
    pare_span block;
    pare_status status = parei_mtbufpool_alloc_own(s, bytes, PAREI_MTBUFPOOL_LINE, &block);
    if (status != PARE_OK) return status;

    char *base = memset(block.ptr, 0, bytes);
    parei_mtbufpool_rack *r = block.ptr;
    parei_mtbufpool_window *windows = (parei_mtbufpool_window *)(void *)(base + windows_offset);
    size_t largest = count > s->classes.first ? s->classes.caps[count - 1] : 0;
    *r = (parei_mtbufpool_rack){.state = s, .block = block};
    r->pairs = (parei_mtbufpool_pair *)(void *)(base + pairs_offset);
    r->cache = c != NULL ? c : &r->own;
    *r->cache = (pare_mtbufpool_cache){
        .windows = windows, .end = parei_classes_hit_end(&s->classes, largest), .rack = r};
    for (size_t row = s->classes.first; row < count; row++) windows[row].cap = s->classes.caps[row];
    parei_mtbufpool_link(s, r);
    *out = r;
    return PARE_OK;
}

static void parei_mtbufpool_rack_end(parei_mtbufpool_rack *r, const void *site) {
    parei_mtbufpool_state *s = r->state;
    parei_mtbufpool_flush(r, site);
    parei_mtbufpool_unlink(s, r);
    if (r->cache != &r->own) *r->cache = (pare_mtbufpool_cache){0};
    parei_mtbufpool_free_own(s, r->block, PAREI_MTBUFPOOL_LINE);
}

/* That of the calling thread, perhaps a new one. NULL: it cannot have one. */
static parei_mtbufpool_rack *parei_mtbufpool_here(pare_mtbufpool *b) {
    parei_mtbufpool_state *s = b->state;
    const pare_mtbufpool_cache *c = parei_thread_find(b->slot, b->serial);
    parei_mtbufpool_rack *r;
    if (c != NULL) return c->rack;
    if (s->owner.serial == 0 || s->cached_end == 0 || !parei_thread_lives()) return NULL;
    if (parei_mtbufpool_rack_new(s, NULL, &r) != PARE_OK) return NULL;
    if (parei_thread_keep(&s->owner, &r->own)) return r;
    parei_mtbufpool_rack_end(r, NULL);
    return NULL;
}

pare_status pare_mtbufpool_cache_init(pare_mtbufpool_cache *c, pare_mtbufpool *b) {
    parei_mtbufpool_rack *r;
    if (b->state == NULL) return PARE_ERR_ARGUMENT;
    return parei_mtbufpool_rack_new(b->state, c, &r);
}

void pare_mtbufpool_cache_deinit(pare_mtbufpool_cache *c) {
    if (c->rack != NULL) parei_mtbufpool_rack_end(c->rack, PAREI_SITE());
}

void pare_mtbufpool_cache_trim(pare_mtbufpool_cache *c) {
    if (c->rack != NULL) parei_mtbufpool_flush(c->rack, PAREI_SITE());
}

/* --- get --------------------------------------------------------------------------------- */

/* Sees to it that the loaded magazine has a buffer. False: neither the rack nor the stock has. */
static bool parei_mtbufpool_refill(parei_mtbufpool_state *s, size_t row, parei_mtbufpool_pair *p) {
    parei_stock *stock = &s->rows[row].stock;
    parei_magazine **slot = &p->magazines[p->loaded];
    const parei_magazine *other = p->magazines[1 - p->loaded];
    if (*slot != NULL && (*slot)->mag.count > 0) return true;
    if (other != NULL && other->mag.count > 0) {
        p->loaded = 1 - p->loaded;
        return true;
    }
    parei_lock_take(&s->lock);
    bool found =
        *slot != NULL ? parei_stock_fetch(stock, slot) : parei_stock_take_newest(stock, slot);
    parei_lock_give(&s->lock);
    return found;
}

/* A kept buffer through a cache. */
static bool parei_mtbufpool_pop(parei_mtbufpool_rack *r, size_t row, void **out) {
    parei_mtbufpool_window *w = &r->cache->windows[row];
    parei_mtbufpool_close(r, row);
    bool found = parei_mtbufpool_refill(r->state, row, &r->pairs[row]);
    if (found) {
        parei_mag *mag = &parei_mtbufpool_loaded(&r->pairs[row])->mag;
        *out = mag->items[--mag->count];
        PAREI_PUBLISH(w->hits, w->hits + 1);
    }
    parei_mtbufpool_open(r, row);
    return found;
}

/* A kept buffer from the stock. */
static bool parei_mtbufpool_take(parei_mtbufpool_state *s, size_t row, void **out) {
    parei_mtbufpool_class *c = &s->rows[row];
    parei_magazine *m = NULL;
    parei_lock_take(&s->lock);
    bool found = parei_stock_take_newest(&c->stock, &m);
    if (found) {
        *out = m->mag.items[--m->mag.count];
        c->hits++;
        parei_stock_return(&c->stock, &m);
    }
    parei_lock_give(&s->lock);
    return found;
}

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
    if (!(cached ? parei_mtbufpool_pop(r, row, &kept.ptr)
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

/* Whether the magazines in stock hold `ptr`. */
static bool parei_mtbufpool_in_stock(parei_mtbufpool_state *s, size_t row, const void *ptr) {
    bool found = false;
    parei_lock_take(&s->lock);
    for (const parei_magazine *m = s->rows[row].stock.newest; m != NULL && !found; m = m->older) {
        for (size_t i = 0; i < m->mag.count && !found; i++) found = m->mag.items[i] == ptr;
    }
    parei_lock_give(&s->lock);
    return found;
}

/* Whether a buffer of `row` is known to be kept already: the newest of the cache is looked at, or
 * the stock while memory is watched, which is where all are then. */
static bool parei_mtbufpool_is_kept(parei_mtbufpool_state *s, const parei_mtbufpool_rack *r,
                                    size_t row, const void *ptr) {
    if (s->watched) return parei_mtbufpool_in_stock(s, row, ptr);
    if (r == NULL || row >= s->cached_end) return false;
    const parei_mtbufpool_window *w = &r->cache->windows[row];
    return w->top != NULL && w->top > w->lo && w->top[-1] == ptr;
}

/* Makes room in the loaded magazine, perhaps by having the other take its place. Under the lock.
 * False: another magazine is wanted. */
static bool parei_mtbufpool_trade(parei_stock *stock, parei_mtbufpool_pair *p) {
    parei_magazine **other = &p->magazines[1 - p->loaded];
    bool room = *other != NULL && (*other)->mag.count < (*other)->mag.capacity;
    if (parei_mtbufpool_loaded(p) == NULL) {
        return parei_stock_take_empty(stock, &p->magazines[p->loaded]);
    }
    if (*other == NULL) {
        room = parei_stock_take_empty(stock, other);
    } else if (!room) {
        room = parei_stock_bring(stock, other) == PAREI_STOCK_TRADED;
    }
    if (room) p->loaded = 1 - p->loaded;
    return room;
}

/* The same, once the other magazine, which may leave, is looked at: strays make room, too. */
static bool parei_mtbufpool_make_room(parei_mtbufpool_state *s, size_t row, parei_mtbufpool_pair *p,
                                      parei_strays *strays) {
    parei_magazine *other = p->magazines[1 - p->loaded];
    if (other != NULL) parei_mtbufpool_inspect(&other->mag, strays);
    parei_lock_take(&s->lock);
    bool room = parei_mtbufpool_trade(&s->rows[row].stock, p);
    parei_lock_give(&s->lock);
    return room;
}

/* Keeps a buffer in a cache. */
static parei_fate parei_mtbufpool_push(parei_mtbufpool_rack *r, size_t row, void *ptr,
                                       const void *site) {
    parei_mtbufpool_state *s = r->state;
    parei_mtbufpool_pair *p = &r->pairs[row];
    for (;;) {
        parei_strays strays = {0};
        bool room = true;
        parei_mtbufpool_close(r, row);
        parei_magazine *m = parei_mtbufpool_loaded(p);
        bool pushed = m != NULL && m->mag.count < m->mag.capacity;
        if (pushed) {
            m->mag.items[m->mag.count++] = ptr;
        } else {
            room = parei_mtbufpool_make_room(s, row, p, &strays);
        }
        parei_mtbufpool_open(r, row);
        if (pushed) return PAREI_FATE_KEPT;
        parei_mtbufpool_report(s, &strays, site);
        parei_fate fate = room ? PAREI_FATE_KEPT : parei_mtbufpool_add_empty(s, row);
        if (fate != PAREI_FATE_KEPT) return fate;
    }
}

/* Keeps a buffer in the stock, if a magazine there has room. */
static bool parei_mtbufpool_give_once(parei_mtbufpool_state *s, size_t row, void *ptr) {
    parei_stock *stock = &s->rows[row].stock;
    parei_magazine *m = NULL;
    parei_lock_take(&s->lock);
    bool room = parei_stock_take_room(stock, &m);
    if (room) m->mag.items[m->mag.count++] = ptr;
    parei_stock_return(stock, &m);
    parei_lock_give(&s->lock);
    return room;
}

static parei_fate parei_mtbufpool_give(parei_mtbufpool_state *s, size_t row, void *ptr) {
    while (!parei_mtbufpool_give_once(s, row, ptr)) {
        parei_fate fate = parei_mtbufpool_add_empty(s, row);
        if (fate != PAREI_FATE_KEPT) return fate;
    }
    return PAREI_FATE_KEPT;
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
        parei_misuse(parei_mtbufpool_name, parei_mtbufpool_twice, s->pool, buffer.ptr, site);
        return;
    }
    if (s->wipe) parei_wipe(buffer.ptr, buffer.cap);
    if (fits) {
        bool cached = r != NULL && row < s->cached_end;
        if (s->watched) parei_mark_noaccess(buffer.ptr, buffer.cap); /* before others get it */
        fate = cached ? parei_mtbufpool_push(r, row, buffer.ptr, site)
                      : parei_mtbufpool_give(s, row, buffer.ptr);
    }
    if (fate == PAREI_FATE_KEPT) return;
    parei_mtbufpool_count(s, &s->dropped[fate]);
    parei_mtbufpool_release(s, buffer);
}

/* Whether `buffer` is one, or {NULL, 0}, which is nothing; else it is reported. */
static bool parei_mtbufpool_is_buffer(const void *pool, const parei_mtbufpool_state *s,
                                      pare_span buffer, const void *site) {
    const char *kind = NULL;
    if (s == NULL) kind = "put to no pool";
    if (buffer.cap == 0) kind = "put without a size";
    if (buffer.ptr == NULL) kind = "put of NULL";
    if (kind != NULL) parei_misuse(parei_mtbufpool_name, kind, pool, buffer.ptr, site);
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

/* Gives back the buffers of up to `count` of the oldest magazines in stock, and these. */
static void parei_mtbufpool_give_back(parei_mtbufpool_state *s, size_t row, size_t count,
                                      const void *site) {
    parei_magazine *m;
    for (; count > 0 && (m = parei_mtbufpool_withdraw(s, row, false)) != NULL; count--) {
        parei_strays strays = {0};
        do { /* strays are reported when these are no buffers of the pool any more */
            strays.count = 0;
            parei_mtbufpool_inspect(&m->mag, &strays);
            parei_mtbufpool_report(s, &strays, site);
        } while (strays.count > 0);
        while (m->mag.count > 0) {
            void *ptr = m->mag.items[--m->mag.count];
            parei_mtbufpool_release(s, (pare_span){ptr, s->classes.caps[row]});
        }
        parei_mtbufpool_free_magazine(s, row, m);
    }
}

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
    const pare_mtbufpool_cache *own = parei_thread_find(b->slot, b->serial);
    if (own != NULL) parei_mtbufpool_flush(own->rack, PAREI_SITE());
    parei_mtbufpool_give_back_all(s, PAREI_SITE());
}

/* --- as an owner of slots ---------------------------------------------------------------- */

static parei_mtbufpool_state *parei_mtbufpool_of(parei_owner *o) {
    PAREI_ASSERT(offsetof(parei_mtbufpool_state, owner) == 0);
    return (parei_mtbufpool_state *)(void *)o;
}

static void parei_mtbufpool_on_idle(parei_owner *o, void *cache) {
    (void)o;
    parei_mtbufpool_flush(((pare_mtbufpool_cache *)cache)->rack, NULL);
}

static void parei_mtbufpool_on_exit(parei_owner *o, void *cache) {
    (void)o;
    parei_mtbufpool_rack_end(((pare_mtbufpool_cache *)cache)->rack, NULL);
}

static bool parei_mtbufpool_on_fork(parei_owner *o) {
    return parei_lock_try(&parei_mtbufpool_of(o)->lock);
}

static void parei_mtbufpool_after_fork(parei_owner *o) {
    parei_lock_give(&parei_mtbufpool_of(o)->lock);
}

/* A closed window: its thread was in a call, and is not in this process. What that left in the
 * magazines may be torn, so these buffers are never used nor given back. */
static void parei_mtbufpool_lose_row(const parei_mtbufpool_rack *r, size_t row) {
    const parei_mtbufpool_pair *p = &r->pairs[row];
    if (r->cache->windows[row].top != NULL) return;
    for (int i = 0; i < 2; i++) {
        if (p->magazines[i] != NULL) p->magazines[i]->mag.count = 0;
    }
}

static void parei_mtbufpool_in_child(parei_owner *o) {
    const parei_mtbufpool_state *s = parei_mtbufpool_of(o);
    for (const parei_mtbufpool_rack *r = s->racks; r != NULL; r = r->next) {
        for (size_t row = s->classes.first; row < s->cached_end; row++) {
            parei_mtbufpool_lose_row(r, row);
        }
    }
}

static const parei_owner_calls parei_mtbufpool_calls = {
    .flush = parei_mtbufpool_on_idle,
    .retire = parei_mtbufpool_on_exit,
    .hold = parei_mtbufpool_on_fork,
    .release = parei_mtbufpool_after_fork,
    .lose = parei_mtbufpool_in_child,
};

/* --- lifetime ---------------------------------------------------------------------------- */

/* Buffers in a magazine of `row`; 0 where the budget is below one. */
static size_t parei_mtbufpool_capacity(const parei_mtbufpool_state *s, size_t row) {
    size_t cap = s->classes.caps[row], count = 1;
    size_t share = parei_max_size(s->retain_bytes / PAREI_MTBUFPOOL_SHARE / cap, 1);
    if (cap <= PAREI_MTBUFPOOL_CACHED_BYTES) {
        count = parei_max_size(PAREI_MTBUFPOOL_MAGAZINE_BYTES / cap, PAREI_MTBUFPOOL_ITEMS_MIN);
        count = parei_min_size(count, PAREI_MTBUFPOOL_ITEMS_MAX);
    }
    return cap <= s->retain_bytes ? parei_min_size(count, share) : 0;
}

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
    *b = (pare_mtbufpool){
        .serial = s->owner.serial, .slot = s->owner.slot, .from = from, .state = s};
    return PARE_OK;
}

void pare_mtbufpool_deinit(pare_mtbufpool *b) {
    parei_mtbufpool_state *s = b->state;
    if (s != NULL) {
        parei_owner_leave(&s->owner);
        b->slot = 0;
        b->serial = 0;
        while (s->racks != NULL) parei_mtbufpool_rack_end(s->racks, PAREI_SITE());
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
        size_t cached = parei_mtbufpool_glance(r, row);
        sums->cached_count += cached;
        count += cached;
        hits += __atomic_load_n(&r->cache->windows[row].hits, __ATOMIC_RELAXED);
    }
    return (pare_bufpool_class_stats){
        .class_bytes = s->classes.caps[row],
        .hits = hits,
        .misses = c->misses,
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
