/* pool.c - the contract is in pare/pool.h: one magazine over a depot without a lock.
 *
 * A slow call first closes the window, so that a callback that calls in is noticed, and opens it
 * again at the end, when all is whole. Misuse is reported after that. While the window is open, the
 * magazine's count is not kept up: the window's top is the truth.
 *
 * To know what lay idle between two trims without counting hits, a trim raises the window's lower
 * end to its top: gets that then need the objects below come here and lower it again, a part at a
 * time. What is still below it at the next trim was not needed.
 *
 * Hardened, and with chaos, the window stays closed, the magazine stays empty, and objects go from
 * the slabs to the user and back by way of harden.c.
 * SPDX-License-Identifier: MIT */
#include "pare/pool.h"
#include "internal/bits.h"
#include "internal/check.h"
#include "internal/serve.h"
#include "internal/trims.h"

#define PAREI_POOL_FIRST_BYTES ((size_t)1024) /* the state, and room for some 50 pointers */
#define PAREI_POOL_REFILL ((size_t)32)        /* objects */

typedef struct parei_pool_state {
    parei_depot depot;
    parei_harden harden;
    parei_mag mag;
    pare_span block; /* this state and the first magazine */
    size_t magazine_bytes;
    size_t idle_count; /* the oldest entries, not needed since the last trim */
    parei_trims trims;
    uint64_t refusals, refills, spills;
    bool inside; /* a call is under way; hardened: read and written atomically */
} parei_pool_state;

_Static_assert(sizeof(parei_pool_state) + 8 * sizeof(void *) < PAREI_POOL_FIRST_BYTES,
               "the first block has room for a magazine");

static const char parei_pool_name[] = "pool";
static const char parei_pool_inside[] = "call from a callback";

/* --- the window -------------------------------------------------------------------------- */

static size_t parei_pool_count(const pare_pool *p) {
    const parei_mag *mag = &p->state->mag;
    return p->top != NULL ? (size_t)(p->top - mag->items) : mag->count;
}

/* Objects with the user. Wraps below 0 while a free one lies in the magazine twice. */
static size_t parei_pool_live(const pare_pool *p) {
    const parei_depot *d = &p->state->depot;
    return d->made_count - d->free_count - parei_pool_count(p) - p->state->harden.quarantine_count;
}

static void parei_pool_check(const pare_pool *p) {
    PAREI_ASSERT((p->top == NULL) == (p->lo == NULL));
    PAREI_ASSERT(p->lo <= p->top);
    PAREI_ASSERT(p->hi == NULL || p->top <= p->hi);
    PAREI_ASSERT(p->state != NULL || p->top == NULL);
    PAREI_ASSERT(p->state == NULL || parei_pool_count(p) <= p->state->mag.capacity);
    PAREI_ASSERT(p->state == NULL || p->state->idle_count <= parei_pool_count(p));
    (void)p;
}

static parei_pool_state *parei_pool_enter(pare_pool *p) {
    parei_pool_state *s = p->state;
    parei_pool_check(p);
    s->mag.count = parei_pool_count(p);
    __atomic_store_n(&s->inside, true, __ATOMIC_RELAXED);
    p->top = p->lo = p->hi = NULL;
    return s;
}

static void parei_pool_leave(pare_pool *p) {
    parei_pool_state *s = p->state;
    p->base = s->depot.base;
    p->extent = s->depot.extent;
    if (!s->depot.exact) {
        p->top = s->mag.items + s->mag.count;
        p->lo = s->mag.items + s->idle_count;
        p->hi = parei_serve_cleans(&s->depot) ? NULL : s->mag.items + s->mag.capacity;
    }
    parei_pool_check(p);
    __atomic_store_n(&s->inside, false, __ATOMIC_RELEASE);
}

/* --- lifetime ---------------------------------------------------------------------------- */

pare_status pare_pool_init(pare_pool *p, pare_allocator from, const pare_pool_options *options) {
    parei_depot depot;
    parei_harden harden;
    pare_status status = parei_serve_init(&depot, &harden, from, options);
    if (status != PARE_OK) return status;
    pare_span block;
    status = parei_depot_alloc(&depot, PAREI_POOL_FIRST_BYTES, _Alignof(parei_pool_state), &block);
    if (status != PARE_OK) return status;

    parei_pool_state *s = block.ptr;
    *s = (parei_pool_state){.depot = depot,
                            .harden = harden,
                            .block = block,
                            .trims = parei_trims_every(options->trim_ms),
                            .magazine_bytes = options->magazine_bytes};
    if (s->magazine_bytes == 0) {
        s->magazine_bytes = parei_serve_magazine_bytes(parei_serve_keep_count(&depot));
    }
    parei_mag_init(&s->mag, s + 1, parei_min_size(block.cap - sizeof *s, s->magazine_bytes));
    *p = (pare_pool){.from = from, .state = s};
    parei_pool_leave(p);
    return PARE_OK;
}

/* Gives the oldest `count` entries back to their slabs; drops and reports those that have none. */
static void parei_pool_give(pare_pool *p, size_t count, const void *site) {
    while (count > 0) {
        parei_strays strays = {0};
        parei_pool_state *s = parei_pool_enter(p);
        count = parei_min_size(count, s->mag.count); /* a misuse handler may have called in */
        size_t given = parei_mag_spill(&s->mag, &s->depot, count, &strays);
        s->idle_count -= parei_min_size(s->idle_count, given);
        parei_pool_leave(p);
        count -= given;
        parei_serve_report(parei_pool_name, p, &strays, site);
    }
}

/* False, and reported, when a call of `p` is under way. Hardened, others find it under way from now
 * on, until parei_pool_leave. */
static bool parei_pool_outside(const pare_pool *p, const void *site) {
    parei_pool_state *s = p->state;
    if (!s->harden.checked) {
        if (!s->inside) return true;
        parei_misuse(parei_pool_name, parei_pool_inside, p, NULL, site);
        return false;
    }
    if (!__atomic_exchange_n(&s->inside, true, __ATOMIC_ACQUIRE)) return true;
    parei_misuse(parei_pool_name, "used by two calls at once", p, NULL, site);
    return false;
}

/* Of a hardened pool: empties the quarantine, and looks at all objects. */
static void parei_pool_audit(pare_pool *p, bool ending, const void *site) {
    void *from = NULL;
    for (bool more = p->state->harden.on; more;) {
        parei_strays found = {0};
        parei_pool_state *s = parei_pool_enter(p);
        more = parei_harden_audit(&s->harden, &s->depot, ending, &from, &found);
        parei_pool_leave(p);
        parei_serve_report(parei_pool_name, p, &found, site);
    }
}

void pare_pool_deinit(pare_pool *p) {
    if (p->state != NULL) {
        if (!parei_pool_outside(p, PAREI_SITE())) return;
        parei_pool_audit(p, true, PAREI_SITE());
        parei_pool_give(p, parei_pool_count(p), PAREI_SITE());
        parei_pool_state *s = parei_pool_enter(p);
        s->mag.count = 0;
        parei_mag_shrink(&s->mag, &s->depot);
        parei_depot_deinit(&s->depot);
        parei_depot_free(&s->depot, s->block, _Alignof(parei_pool_state));
    }
    *p = (pare_pool){0};
}

/* Brings free objects from the slabs to the magazine until it holds `count`, as far as it may
 * grow. */
static void parei_pool_load(parei_pool_state *s, size_t count) {
    while (s->mag.capacity < count) {
        if (!parei_mag_grow(&s->mag, &s->depot, s->magazine_bytes)) break;
    }
    count = parei_min_size(count, s->mag.capacity);
    if (count <= s->mag.count) return;
    pare_status status = parei_mag_refill(&s->mag, &s->depot, count - s->mag.count);
    PAREI_ASSERT(status == PARE_OK && s->mag.count == count);
    (void)status;
}

pare_status pare_pool_reserve(pare_pool *p, size_t count) {
    if (p->state == NULL || !parei_pool_outside(p, PAREI_SITE())) return PARE_ERR_ARGUMENT;
    parei_pool_state *s = parei_pool_enter(p);
    pare_status status = PARE_OK;
    if (count > s->mag.count) {
        status = parei_depot_reserve(&s->depot, count - s->mag.count);
    }
    if (status == PARE_OK) {
        size_t keep_count = parei_min_size(parei_pool_live(p) + count, s->depot.made_count);
        s->depot.keep_count = parei_max_size(s->depot.keep_count, keep_count);
        if (!s->harden.on) parei_pool_load(s, count);
    }
    parei_pool_leave(p);
    return status;
}

static void parei_pool_trim_all(pare_pool *p, const void *site) {
    p->state->depot.keep_count = 0;
    parei_pool_audit(p, false, site);
    parei_pool_give(p, parei_pool_count(p), site);
    parei_pool_state *s = parei_pool_enter(p);
    s->idle_count = 0;
    if (s->mag.count == 0) parei_mag_shrink(&s->mag, &s->depot);
    parei_depot_trim(&s->depot);
    parei_pool_leave(p);
}

static void parei_pool_trim_surplus(pare_pool *p, uint64_t now_ms, const void *site) {
    parei_pool_state *s = p->state;
    if (!parei_trims_due(&s->trims, now_ms)) return;
    parei_pool_give(p, s->idle_count, site);
    parei_pool_enter(p);
    s->idle_count = s->mag.count;
    if (s->harden.on) parei_depot_trim(&s->depot);
    parei_pool_leave(p);
}

void pare_pool_trim(pare_pool *p, uint64_t now_ms, int level) {
    if (p->state == NULL || p->state->inside) return;
    if (level == PARE_TRIM_SURPLUS) {
        parei_pool_trim_surplus(p, now_ms, PAREI_SITE());
    } else {
        parei_pool_trim_all(p, PAREI_SITE());
    }
}

/* --- get and put ------------------------------------------------------------------------- */

/* Makes an entry of the magazine takeable: idle ones first, then from the slabs. */
static pare_status parei_pool_refill(parei_pool_state *s) {
    if (s->mag.count > s->idle_count) return PARE_OK;
    if (s->idle_count > 0) {
        size_t part = s->idle_count / 8 + PAREI_POOL_REFILL;
        s->idle_count -= parei_min_size(s->idle_count, part);
        return PARE_OK;
    }
    pare_status status = parei_mag_refill(&s->mag, &s->depot, PAREI_POOL_REFILL);
    if (status == PARE_OK) s->refills++;
    return status;
}

static pare_status parei_pool_pop(parei_pool_state *s, void **out) {
    pare_status status = parei_pool_refill(s);
    if (status != PARE_OK) return status;
    *out = s->mag.items[--s->mag.count];
    if (s->depot.exact) parei_depot_lend(&s->depot, *out);
    return PARE_OK;
}

static void parei_pool_refuse(pare_pool *p, pare_status status) {
    p->status = status;
    if (p->state != NULL) p->state->refusals++;
}

/* Counts gets or a refusal, and opens the window. */
static void parei_pool_got(pare_pool *p, pare_status status, size_t count) {
    if (status == PARE_OK) {
        p->gets += count;
    } else {
        parei_pool_refuse(p, status);
    }
    parei_pool_leave(p);
}

static pare_status parei_pool_get_hardened(pare_pool *p, void **out, size_t count,
                                           const void *site) {
    parei_strays found;
    found.count = 0;
    parei_pool_state *s = parei_pool_enter(p);
    pare_status status = parei_harden_get(&s->harden, &s->depot, site, out, count, &found);
    parei_pool_got(p, status, count);
    parei_serve_report(parei_pool_name, p, &found, site);
    return status;
}

void *parei_pool_get_slow(pare_pool *p) {
    if (p->state == NULL || !parei_pool_outside(p, PAREI_SITE())) {
        p->status = PARE_ERR_ARGUMENT;
        return NULL;
    }
    void *object = NULL;
    if (p->state->harden.on) {
        pare_status status = parei_pool_get_hardened(p, &object, 1, PAREI_SITE());
        return status == PARE_OK ? object : NULL;
    }
    parei_pool_state *s = parei_pool_enter(p);
    parei_pool_got(p, parei_pool_pop(s, &object), 1);
    return object;
}

/* Sees to it that the next `count` gets cannot fail. */
static pare_status parei_pool_make(pare_pool *p, size_t count) {
    parei_pool_state *s = parei_pool_enter(p);
    pare_status status = PARE_OK;
    if (count > s->mag.count) status = parei_depot_reserve(&s->depot, count - s->mag.count);
    parei_pool_leave(p);
    return status;
}

pare_status pare_pool_get_n(pare_pool *p, void **out, size_t count) {
    if (count == 0) return PARE_OK;
    if (count <= ((uintptr_t)p->top - (uintptr_t)p->lo) / sizeof *out && out != NULL) {
        p->top -= count;
        memcpy(out, p->top, count * sizeof *out);
        p->gets += count;
        return PARE_OK;
    }
    pare_status status = PARE_ERR_ARGUMENT;
    if (out != NULL && p->state != NULL && parei_pool_outside(p, PAREI_SITE())) {
        if (p->state->harden.on) return parei_pool_get_hardened(p, out, count, PAREI_SITE());
        status = parei_pool_make(p, count);
    }
    if (status != PARE_OK) {
        parei_pool_refuse(p, status);
        return status;
    }
    for (size_t i = 0; i < count; i++) out[i] = pare_pool_get(p);
    return PARE_OK;
}

/* Why `object`, which is not NULL, cannot be put; NULL if it can, as far as can be told. */
static const char *parei_pool_stray(const pare_pool *p, const void *object) {
    const parei_pool_state *s = p->state;
    if (s == NULL) return PAREI_SERVE_UNREADY;
    if (s->inside) return parei_pool_inside;
    size_t count = parei_pool_count(p);
    if (count > 0 && s->mag.items[count - 1] == object) return "double put";
    return parei_depot_stray(&s->depot, object);
}

/* A full magazine grows; where it cannot, its older half goes back to the slabs. */
static void parei_pool_make_room(pare_pool *p, const void *site) {
    for (;;) {
        parei_pool_state *s = parei_pool_enter(p);
        bool room =
            s->mag.count < s->mag.capacity || parei_mag_grow(&s->mag, &s->depot, s->magazine_bytes);
        size_t half = (s->mag.capacity + 1) / 2;
        parei_pool_leave(p);
        if (room) return;
        s->spills++;
        parei_pool_give(p, half, site);
    }
}

static void parei_pool_put_hardened(pare_pool *p, void *object, const void *site) {
    if (!parei_pool_outside(p, site)) return;
    parei_strays found;
    found.count = 0;
    parei_pool_state *s = parei_pool_enter(p);
    if (!parei_harden_stray(&s->depot, object, &found)) {
        parei_serve_clean(&s->depot, object);
        parei_harden_put(&s->harden, &s->depot, site, object, &found);
    }
    parei_pool_leave(p);
    parei_serve_report(parei_pool_name, p, &found, site);
}

void parei_pool_put_slow(pare_pool *p, void *object) {
    if (object == NULL) return;
    if (p->state != NULL && p->state->harden.on) {
        parei_pool_put_hardened(p, object, PAREI_SITE());
        return;
    }
    const char *kind = parei_pool_stray(p, object);
    if (kind != NULL) {
        parei_misuse(parei_pool_name, kind, p, object, PAREI_SITE());
        return;
    }
    if (parei_pool_count(p) == p->state->mag.capacity) parei_pool_make_room(p, PAREI_SITE());
    parei_pool_state *s = parei_pool_enter(p);
    parei_serve_clean(&s->depot, object);
    if (s->depot.exact) parei_depot_unlend(&s->depot, object);
    s->mag.items[s->mag.count++] = object;
    parei_pool_leave(p);
}

void pare_pool_put_n(pare_pool *p, void *const *objects, size_t count) {
    for (size_t i = 0; i < count;) {
        void **top = parei_serve_push(p->top, p->hi, p->base, p->extent, objects + i, count - i);
        i += (size_t)(top - p->top);
        p->top = top;
        if (i < count) pare_pool_put(p, objects[i++]);
    }
}

/* --- queries ----------------------------------------------------------------------------- */

pare_pool_stats pare_pool_get_stats(const pare_pool *p) {
    const parei_pool_state *s = p->state;
    if (s == NULL) return (pare_pool_stats){0};
    size_t live = parei_pool_live(p);
    pare_pool_stats stats = parei_serve_stats(&s->depot, live);
    stats.gets = p->gets;
    stats.puts = p->gets - live;
    stats.refusals = s->refusals;
    stats.refills = s->refills;
    stats.spills = s->spills;
    stats.drops = s->harden.drops;
    return stats;
}

int pare_pool_owns(const pare_pool *p, const void *object) {
    return p->state != NULL && parei_depot_owns(&p->state->depot, object);
}

void pare_pool_visit_live(const pare_pool *p,
                          void (*visit)(void *ctx, void *object, const void *site), void *ctx) {
    parei_pool_state *s = p->state;
    if (s == NULL || !s->harden.checked || !parei_pool_outside(p, PAREI_SITE())) return;
    parei_harden_visit(&s->depot, visit, ctx);
    __atomic_store_n(&s->inside, false, __ATOMIC_RELEASE);
}

/* --- as an allocator --------------------------------------------------------------------- */

static pare_status parei_pool_slot_alloc(void *ctx, size_t size, size_t align, unsigned flags,
                                         pare_span *out) {
    pare_pool *p = ctx;
    const parei_pool_state *s = p->state;
    if (s == NULL || !parei_serve_fits(&s->depot, size, align)) return PARE_ERR_ARGUMENT;
    void *object = pare_pool_get(p);
    if (object == NULL) return p->status;
    *out = parei_serve_block(&s->depot, object, size, flags);
    return PARE_OK;
}

static pare_status parei_pool_slot_resize(void *ctx, pare_span *block, size_t new_size,
                                          size_t align, unsigned flags) {
    const pare_pool *p = ctx;
    (void)align;
    if (p->state == NULL) return PARE_ERR_ARGUMENT;
    return parei_serve_resize(&p->state->depot, block, new_size, flags);
}

static void parei_pool_slot_free(void *ctx, pare_span block, size_t align) {
    pare_pool *p = ctx;
    (void)align;
    if (p->state != NULL) parei_serve_whole(&p->state->depot, block);
    pare_pool_put(p, block.ptr);
}

static const struct pare_allocator_vtable parei_pool_vtable = {
    .size = sizeof(struct pare_allocator_vtable),
    .alloc = parei_pool_slot_alloc,
    .resize = parei_pool_slot_resize,
    .free = parei_pool_slot_free,
};

pare_allocator pare_pool_allocator(pare_pool *p) { return (pare_allocator){&parei_pool_vtable, p}; }
