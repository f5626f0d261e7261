/* bufrack.c - the contract is in internal/bufrack.h.
 *
 * As in a pool for many threads, a slow call closes the window of the class, which brings the
 * loaded magazine's count up to date, and opens it when all is whole again.
 * SPDX-License-Identifier: MIT */
#include "internal/bufrack.h"
#include "internal/bits.h"
#include "internal/check.h"
#include "internal/serve.h"

/* A magazine of a cached class has room for so many buffers; else for as many as make so many
 * bytes. */
#define PAREI_MTBUFPOOL_ITEMS_MIN ((size_t)2)
#define PAREI_MTBUFPOOL_ITEMS_MAX ((size_t)64)
#define PAREI_MTBUFPOOL_MAGAZINE_BYTES ((size_t)32 * 1024)

/* No magazine takes more of the budget than this part, if one buffer takes less. */
#define PAREI_MTBUFPOOL_SHARE ((size_t)16)

/* --- memory ------------------------------------------------------------------------------ */

void parei_mtbufpool_count(parei_mtbufpool_state *s, uint64_t *counter) {
    parei_lock_take(&s->lock);
    ++*counter;
    parei_lock_give(&s->lock);
}

pare_status parei_mtbufpool_alloc(parei_mtbufpool_state *s, size_t size, size_t align,
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

void parei_mtbufpool_release(parei_mtbufpool_state *s, pare_span buffer) {
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

size_t parei_mtbufpool_capacity(const parei_mtbufpool_state *s, size_t row) {
    size_t cap = s->classes.caps[row], count = 1;
    size_t share = parei_max_size(s->retain_bytes / PAREI_MTBUFPOOL_SHARE / cap, 1);
    if (cap <= PAREI_MTBUFPOOL_CACHED_BYTES) {
        count = parei_max_size(PAREI_MTBUFPOOL_MAGAZINE_BYTES / cap, PAREI_MTBUFPOOL_ITEMS_MIN);
        count = parei_min_size(count, PAREI_MTBUFPOOL_ITEMS_MAX);
    }
    return cap <= s->retain_bytes ? parei_min_size(count, share) : 0;
}

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

/* The oldest with buffers out of the stock; NULL if there is none. */
static parei_magazine *parei_mtbufpool_withdraw(parei_mtbufpool_state *s, size_t row) {
    parei_magazine *m = NULL;
    parei_lock_take(&s->lock);
    (void)parei_stock_take_oldest(&s->rows[row].stock, &m);
    parei_lock_give(&s->lock);
    return m;
}

/* An empty one out of the stock of *row, or of the first row above it that has one; NULL if there
 * is none. Most have none, and are passed without their locks: puts beyond the budget come here. */
static parei_magazine *parei_mtbufpool_withdraw_empty(parei_mtbufpool_state *s, size_t *row) {
    parei_magazine *m = NULL;
    parei_lock_take(&s->lock);
    while (*row < s->classes.end && s->rows[*row].stock.empty == NULL) ++*row;
    if (*row < s->classes.end) (void)parei_stock_take_empty(&s->rows[*row].stock, &m);
    parei_lock_give(&s->lock);
    return m;
}

void parei_mtbufpool_free_empties(parei_mtbufpool_state *s) {
    size_t row = s->classes.first;
    parei_magazine *m;
    while ((m = parei_mtbufpool_withdraw_empty(s, &row)) != NULL) {
        parei_mtbufpool_free_magazine(s, row, m);
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
        strays->list[strays->count++] = (parei_stray){PAREI_MTBUFPOOL_TWICE, items[i], NULL};
        mag->count--;
        memmove(items + i, items + i + 1, (mag->count - i) * sizeof *items);
    }
}

static void parei_mtbufpool_report(const parei_mtbufpool_state *s, const parei_strays *strays,
                                   const void *site) {
    parei_serve_report(PAREI_MTBUFPOOL_NAME, s->pool, strays, site);
}

/* --- stocks ------------------------------------------------------------------------------ */

bool parei_mtbufpool_take(parei_mtbufpool_state *s, size_t row, void **out) {
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

parei_fate parei_mtbufpool_give(parei_mtbufpool_state *s, size_t row, void *ptr) {
    while (!parei_mtbufpool_give_once(s, row, ptr)) {
        parei_fate fate = parei_mtbufpool_add_empty(s, row);
        if (fate != PAREI_FATE_KEPT) return fate;
    }
    return PAREI_FATE_KEPT;
}

bool parei_mtbufpool_in_stock(parei_mtbufpool_state *s, size_t row, const void *ptr) {
    bool found = false;
    parei_lock_take(&s->lock);
    for (const parei_magazine *m = s->rows[row].stock.newest; m != NULL && !found; m = m->older) {
        for (size_t i = 0; i < m->mag.count && !found; i++) found = m->mag.items[i] == ptr;
    }
    parei_lock_give(&s->lock);
    return found;
}

void parei_mtbufpool_give_back(parei_mtbufpool_state *s, size_t row, size_t count,
                               const void *site) {
    parei_magazine *m;
    for (; count > 0 && (m = parei_mtbufpool_withdraw(s, row)) != NULL; count--) {
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

/* --- windows ----------------------------------------------------------------------------- */

static parei_magazine *parei_bufrack_loaded(const parei_mtbufpool_pair *p) {
    return p->magazines[p->loaded];
}

/* Buffers outside the window; in all, while it is closed. */
static size_t parei_bufrack_rest(const parei_mtbufpool_pair *p, bool closed) {
    const parei_magazine *other = p->magazines[1 - p->loaded];
    const parei_magazine *loaded = closed ? parei_bufrack_loaded(p) : NULL;
    return (other != NULL ? other->mag.count : 0) + (loaded != NULL ? loaded->mag.count : 0);
}

/* The loaded magazine's count is kept up by the window alone while that is open. */
static void parei_bufrack_close(parei_mtbufpool_rack *r, size_t row) {
    parei_mtbufpool_pair *p = &r->pairs[row];
    parei_mtbufpool_window *w = &r->cache->windows[row];
    parei_magazine *m = parei_bufrack_loaded(p);
    if (w->top != NULL) m->mag.count = (size_t)(w->top - m->mag.items);
    PAREI_PUBLISH(w->top, NULL);
    PAREI_PUBLISH(w->lo, NULL);
    w->hi = NULL;
    PAREI_PUBLISH(w->rest_count, parei_bufrack_rest(p, true));
}

static void parei_bufrack_open(parei_mtbufpool_rack *r, size_t row) {
    const parei_mtbufpool_pair *p = &r->pairs[row];
    parei_mtbufpool_window *w = &r->cache->windows[row];
    parei_magazine *m = parei_bufrack_loaded(p);
    PAREI_PUBLISH(w->rest_count, parei_bufrack_rest(p, false));
    if (m == NULL) return;
    PAREI_ASSERT(m->mag.count <= m->mag.capacity);
    PAREI_PUBLISH(w->lo, m->mag.items);
    PAREI_PUBLISH(w->top, m->mag.items + m->mag.count);
    w->hi = r->state->wipe ? NULL : m->mag.items + m->mag.capacity;
}

size_t parei_bufrack_glance(const parei_mtbufpool_rack *r, size_t row) {
    const parei_mtbufpool_window *w = &r->cache->windows[row];
    uintptr_t top = (uintptr_t)__atomic_load_n(&w->top, __ATOMIC_RELAXED);
    uintptr_t lo = (uintptr_t)__atomic_load_n(&w->lo, __ATOMIC_RELAXED);
    size_t window = top > lo ? (top - lo) / sizeof(void *) : 0;
    return __atomic_load_n(&w->rest_count, __ATOMIC_RELAXED) +
           parei_min_size(window, r->state->rows[row].capacity);
}

/* --- racks ------------------------------------------------------------------------------- */

/* Moves what the rack holds of `row` to the stock, magazines and all. */
static void parei_bufrack_flush_row(parei_mtbufpool_rack *r, size_t row, const void *site) {
    for (int i = 0; i < 2;) {
        parei_magazine **slot = &r->pairs[row].magazines[i];
        parei_strays strays = {0};
        parei_bufrack_close(r, row);
        if (*slot != NULL) parei_mtbufpool_inspect(&(*slot)->mag, &strays);
        if (strays.count == 0) {
            parei_mtbufpool_return(r->state, row, slot);
            i++;
        }
        parei_bufrack_open(r, row);
        parei_mtbufpool_report(r->state, &strays, site);
    }
}

void parei_bufrack_flush(parei_mtbufpool_rack *r, const void *site) {
    const parei_mtbufpool_state *s = r->state;
    for (size_t row = s->classes.first; row < s->cached_end; row++) {
        parei_bufrack_flush_row(r, row, site);
    }
}

static void parei_bufrack_link(parei_mtbufpool_state *s, parei_mtbufpool_rack *r) {
    parei_lock_take(&s->lock);
    r->next = s->racks;
    if (r->next != NULL) r->next->prev = r;
    s->racks = r;
    s->rack_count++;
    parei_lock_give(&s->lock);
}

static void parei_bufrack_unlink(parei_mtbufpool_state *s, parei_mtbufpool_rack *r) {
    parei_lock_take(&s->lock);
    *(r->prev != NULL ? &r->prev->next : &s->racks) = r->next;
    if (r->next != NULL) r->next->prev = r->prev;
    s->rack_count--;
    for (size_t row = s->classes.first; row < s->cached_end; row++) {
        s->rows[row].hits += r->cache->windows[row].hits;
    }
    parei_lock_give(&s->lock);
}

pare_status parei_bufrack_new(parei_mtbufpool_state *s, pare_mtbufpool_cache *c,
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
    parei_bufrack_link(s, r);
    *out = r;
    return PARE_OK;
}

void parei_bufrack_end(parei_mtbufpool_rack *r, const void *site) {
    parei_mtbufpool_state *s = r->state;
    parei_bufrack_flush(r, site);
    parei_bufrack_unlink(s, r);
    if (r->cache != &r->own) *r->cache = (pare_mtbufpool_cache){0};
    parei_mtbufpool_free_own(s, r->block, PAREI_MTBUFPOOL_LINE);
}

/* --- get and put through a cache ---------------------------------------------------------- */

/* Sees to it that the loaded magazine has a buffer. False: neither the rack nor the stock has. */
static bool parei_bufrack_refill(parei_mtbufpool_state *s, size_t row, parei_mtbufpool_pair *p) {
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

bool parei_bufrack_pop(parei_mtbufpool_rack *r, size_t row, void **out) {
    parei_mtbufpool_window *w = &r->cache->windows[row];
    parei_bufrack_close(r, row);
    bool found = parei_bufrack_refill(r->state, row, &r->pairs[row]);
    if (found) {
        parei_mag *mag = &parei_bufrack_loaded(&r->pairs[row])->mag;
        *out = mag->items[--mag->count];
        PAREI_PUBLISH(w->hits, w->hits + 1);
    }
    parei_bufrack_open(r, row);
    return found;
}

/* Makes room in the loaded magazine, perhaps by having the other take its place. Under the lock.
 * False: another magazine is wanted. */
static bool parei_bufrack_trade(parei_stock *stock, parei_mtbufpool_pair *p) {
    parei_magazine **other = &p->magazines[1 - p->loaded];
    bool room = *other != NULL && (*other)->mag.count < (*other)->mag.capacity;
    if (parei_bufrack_loaded(p) == NULL) {
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
static bool parei_bufrack_make_room(parei_mtbufpool_state *s, size_t row, parei_mtbufpool_pair *p,
                                    parei_strays *strays) {
    parei_magazine *other = p->magazines[1 - p->loaded];
    if (other != NULL) parei_mtbufpool_inspect(&other->mag, strays);
    parei_lock_take(&s->lock);
    bool room = parei_bufrack_trade(&s->rows[row].stock, p);
    parei_lock_give(&s->lock);
    return room;
}

parei_fate parei_bufrack_push(parei_mtbufpool_rack *r, size_t row, void *ptr, const void *site) {
    parei_mtbufpool_state *s = r->state;
    parei_mtbufpool_pair *p = &r->pairs[row];
    for (;;) {
        parei_strays strays = {0};
        bool room = true;
        parei_bufrack_close(r, row);
        parei_magazine *m = parei_bufrack_loaded(p);
        bool pushed = m != NULL && m->mag.count < m->mag.capacity;
        if (pushed) {
            m->mag.items[m->mag.count++] = ptr;
        } else {
            room = parei_bufrack_make_room(s, row, p, &strays);
        }
        parei_bufrack_open(r, row);
        if (pushed) return PAREI_FATE_KEPT;
        parei_mtbufpool_report(s, &strays, site);
        parei_fate fate = room ? PAREI_FATE_KEPT : parei_mtbufpool_add_empty(s, row);
        if (fate != PAREI_FATE_KEPT) return fate;
    }
}

/* --- fork -------------------------------------------------------------------------------- */

/* A closed window: its thread was in a call, and is not in this process. */
static void parei_bufrack_lose_row(const parei_mtbufpool_rack *r, size_t row) {
    const parei_mtbufpool_pair *p = &r->pairs[row];
    if (r->cache->windows[row].top != NULL) return;
    for (int i = 0; i < 2; i++) {
        if (p->magazines[i] != NULL) p->magazines[i]->mag.count = 0;
    }
}

void parei_bufrack_forked(const parei_mtbufpool_rack *r) {
    const parei_mtbufpool_state *s = r->state;
    for (size_t row = s->classes.first; row < s->cached_end; row++) parei_bufrack_lose_row(r, row);
}
