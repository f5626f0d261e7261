/* harden.c - the contract is in internal/harden.h.
 *
 * What a call finds was done wrong before it: the damage is repaired, so that it is found once, and
 * the call goes on.
 * SPDX-License-Identifier: MIT */
#include "internal/harden.h"
#include "internal/bits.h"
#include "internal/check.h"

#define PAREI_HARDEN_GAP ((size_t)16) /* bytes between objects, at least */
#define PAREI_HARDEN_NEAR ((size_t)8) /* of which the last so many belong to the object behind */
#define PAREI_HARDEN_QUARANTINE ((size_t)256 * 1024) /* bytes, by default */

enum { PAREI_HARDEN_FREE = 0xDD }; /* what free objects are filled with */

/* --- options ----------------------------------------------------------------------------- */

static size_t parei_harden_quarantine_max(const pare_pool_options *o) {
    if (o->quarantine_bytes != 0) return o->quarantine_bytes / o->size;
    return parei_max_size(PAREI_HARDEN_QUARANTINE / o->size, 1);
}

/* Whether a free object keeps what callbacks built in it. */
static bool parei_harden_keeps(const parei_kind *kind) {
    return kind->init != NULL || kind->fini != NULL;
}

pare_status parei_harden_init(parei_harden *h, const pare_pool_options *o, parei_kind *kind) {
    bool checked = (o->flags & PARE_POOL_HARDENED) != 0;
    *h = (parei_harden){.on = checked || o->chaos_get != 0 || o->chaos_put != 0,
                        .checked = checked,
                        .check_reset = (o->flags & PARE_POOL_CHECK_RESET) != 0,
                        .chaos_get = o->chaos_get,
                        .chaos_put = o->chaos_put,
                        .random = o->chaos_seed};
    if (h->check_reset && (!checked || o->init == NULL)) return PARE_ERR_ARGUMENT;
    if (!h->on || o->size == 0) return PARE_OK; /* it is for the depot to refuse the size */
    h->quarantine_max = parei_harden_quarantine_max(o);
    kind->note_bytes = sizeof(parei_note);
    if (!checked) return PARE_OK;
    kind->gap = PAREI_HARDEN_GAP;
    if (parei_harden_keeps(kind)) {
        size_t copy_bytes = parei_align_up(kind->size, _Alignof(parei_note));
        kind->note_bytes = parei_sum(kind->note_bytes, copy_bytes);
    }
    return PARE_OK;
}

/* --- bytes ------------------------------------------------------------------------------- */

/* The first byte of [from, from + size) that is not `fill`, or NULL. */
static char *parei_bytes_unlike(char *from, size_t size, unsigned char fill) {
    if (size == 0) return NULL;
    if (*(unsigned char *)from == fill && memcmp(from, from + 1, size - 1) == 0) return NULL;
    while (*(unsigned char *)from == fill) from++;
    return from;
}

/* The first byte in which they differ, or NULL. */
static const char *parei_bytes_differ(const char *a, const char *b, size_t size) {
    if (memcmp(a, b, size) == 0) return NULL;
    while (*a == *b) a++, b++;
    return a;
}

/* --- objects ----------------------------------------------------------------------------- */

/* Whether bytes of objects and gaps can be looked at. */
static bool parei_harden_looks(const parei_harden *h, const parei_depot *d) {
    return h->checked && !d->watched;
}

static bool parei_harden_has_copy(const parei_depot *d) {
    return d->kind.note_bytes > sizeof(parei_note);
}

static unsigned char parei_harden_fill(const parei_depot *d) {
    return d->kind.wipe ? 0 : PAREI_HARDEN_FREE;
}

/* Of an object that is free from now on, and before its first get. */
static void parei_harden_remember(const parei_depot *d, void *object, parei_note *note) {
    if (!note->bare && parei_harden_has_copy(d)) {
        memcpy(note + 1, object, d->kind.size);
    } else if (!d->watched) {
        memset(object, parei_harden_fill(d), d->kind.size);
    }
}

/* A free object. */
static void parei_harden_check_bytes(const parei_depot *d, void *object, parei_note *note,
                                     parei_strays *found) {
    const void *changed;
    if (note->site == NULL) return; /* nobody has had it */
    if (!note->bare && parei_harden_has_copy(d)) {
        changed = parei_bytes_differ(object, (const char *)(note + 1), d->kind.size);
    } else {
        changed = parei_bytes_unlike(object, d->kind.size, parei_harden_fill(d));
    }
    if (changed == NULL) return;
    parei_strays_add(found, "write after put", changed, note->site);
    parei_harden_remember(d, object, note);
}

static void parei_harden_check_gap(char *from, const char *end, const char *kind,
                                   const parei_note *note, parei_strays *found) {
    size_t size = (size_t)(end - from);
    const char *changed = parei_bytes_unlike(from, size, PAREI_GAP_BYTE);
    if (changed == NULL) return;
    parei_strays_add(found, kind, changed, note->site);
    memset(from, PAREI_GAP_BYTE, size);
}

static void parei_harden_check_gaps(const parei_depot *d, void *object, const parei_note *note,
                                    parei_strays *found) {
    char *start = object, *end = start + d->kind.size;
    char *next = start + d->shape.stride;
    parei_harden_check_gap(start - PAREI_HARDEN_NEAR, start, "write before the start of an object",
                           note, found);
    parei_harden_check_gap(end, next - PAREI_HARDEN_NEAR, "write past the end of an object", note,
                           found);
}

/* After reset, while it is still the user's. */
static void parei_harden_check_reset(const parei_harden *h, const parei_depot *d, void *object,
                                     const parei_note *note, parei_strays *found) {
    if (!h->check_reset) return;
    if (d->watched) parei_mark_defined(object, d->kind.size); /* the bytes of no member too */
    const char *copy = (const char *)(note + 1);
    const char *changed = parei_bytes_differ(object, copy, d->kind.size);
    if (changed != NULL) parei_strays_add(found, "put without reset", changed, note->site);
}

/* --- the quarantine ---------------------------------------------------------------------- */

static void parei_harden_push(parei_harden *h, void *object, parei_note *note) {
    note->next = NULL;
    *(h->newest != NULL ? &h->newest->next : &h->oldest) = object;
    h->newest = note;
    h->quarantine_count++;
}

static void *parei_harden_pop(parei_harden *h, const parei_depot *d) {
    void *object = h->oldest;
    h->oldest = parei_depot_note(d, object)->next;
    if (h->oldest == NULL) h->newest = NULL;
    h->quarantine_count--;
    return object;
}

/* Back to its slab, which may go. */
static void parei_harden_give(parei_depot *d, void *object) {
    parei_strays none;
    none.count = 0;
    parei_depot_give(d, &object, 1, &none);
    PAREI_ASSERT(none.count == 0);
}

/* The oldest goes back to its slab. */
static void parei_harden_release(parei_harden *h, parei_depot *d, parei_strays *found) {
    void *object = parei_harden_pop(h, d);
    if (parei_harden_looks(h, d)) {
        parei_harden_check_bytes(d, object, parei_depot_note(d, object), found);
    }
    parei_harden_give(d, object);
}

/* --- chaos ------------------------------------------------------------------------------- */

/* Once in `n` times. The generator is splitmix64 (Steele, Lea and Flood, "Fast splittable
 * pseudorandom number generators", 2014). */
static bool parei_harden_chance(parei_harden *h, uint32_t n) {
    if (n == 0) return false;
    uint64_t z = h->random += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (z ^ z >> 31) % n == 0;
}

/* --- get and put ------------------------------------------------------------------------- */

/* Whether the next get may neither fail nor ask the allocator for anything. */
static bool parei_harden_reserved(const parei_harden *h, const parei_depot *d) {
    return d->made_count - d->free_count - h->quarantine_count < d->keep_count;
}

/* A free object: from the slabs; where these would ask for more than is reserved, or are refused
 * it, the oldest of the quarantine. */
static pare_status parei_harden_take(parei_harden *h, parei_depot *d, void **out) {
    size_t taken;
    pare_status status = PARE_ERR_MEMORY;
    bool ask = h->quarantine_count == 0 || !parei_harden_reserved(h, d);
    if (d->free_count > 0 || ask) status = parei_depot_take(d, out, 1, &taken);
    if (status == PARE_OK || h->quarantine_count == 0) return status;
    *out = parei_harden_pop(h, d);
    return PARE_OK;
}

/* Before its next get. */
static pare_status parei_harden_renew(const parei_harden *h, parei_depot *d, void *object,
                                      parei_note *note) {
    if (!note->bare) return PARE_OK;
    pare_status status = parei_depot_renew(d, object);
    if (status == PARE_OK) {
        note->site = NULL;
        return PARE_OK;
    }
    if (parei_harden_looks(h, d)) parei_harden_remember(d, object, note);
    parei_harden_give(d, object);
    return status;
}

static pare_status parei_harden_get_one(parei_harden *h, parei_depot *d, const void *site,
                                        void **out, parei_strays *found) {
    if (!parei_harden_reserved(h, d) && parei_harden_chance(h, h->chaos_get)) {
        return PARE_ERR_MEMORY;
    }
    void *object;
    pare_status status = parei_harden_take(h, d, &object);
    if (status != PARE_OK) return status;

    parei_note *note = parei_depot_note(d, object);
    if (parei_harden_looks(h, d)) parei_harden_check_bytes(d, object, note, found);
    status = parei_harden_renew(h, d, object, note);
    if (status != PARE_OK) return status;
    parei_depot_lend(d, object);
    if (h->checked && note->site == NULL) parei_harden_remember(d, object, note);
    note->site = site;
    *out = object;
    return PARE_OK;
}

/* Gives a list of objects back to their slabs, as if nobody had had them. */
static void parei_harden_unget(parei_depot *d, void *list) {
    while (list != NULL) {
        void *object = list;
        parei_note *note = parei_depot_note(d, object);
        list = note->next;
        note->site = NULL;
        parei_depot_unlend(d, object);
        parei_harden_give(d, object);
    }
}

pare_status parei_harden_get(parei_harden *h, parei_depot *d, const void *site, void **out,
                             size_t count, parei_strays *found) {
    void *list = NULL, *object;
    if (count > PARE_SIZE_MAX / d->shape.stride) return PARE_ERR_ARGUMENT;
    for (size_t got = 0; got < count; got++) {
        pare_status status = parei_harden_get_one(h, d, site, &object, found);
        if (status != PARE_OK) {
            parei_harden_unget(d, list);
            return status;
        }
        parei_depot_note(d, object)->next = list;
        list = object;
    }
    for (; list != NULL; list = parei_depot_note(d, list)->next) out[--count] = list;
    return PARE_OK;
}

void parei_harden_put(parei_harden *h, parei_depot *d, const void *site, void *object,
                      parei_strays *found) {
    parei_note *note = parei_depot_note(d, object);
    if (parei_harden_looks(h, d)) parei_harden_check_gaps(d, object, note, found);
    parei_harden_check_reset(h, d, object, note, found);
    if (parei_harden_chance(h, h->chaos_put)) {
        parei_depot_drop(d, object);
        h->drops++;
    }
    if (h->checked || note->bare) parei_harden_remember(d, object, note);
    note->site = site;
    parei_depot_unlend(d, object);
    if (!h->checked && !note->bare) {
        parei_harden_give(d, object);
        return;
    }
    parei_harden_push(h, object, note);
    while (h->quarantine_count > h->quarantine_max) parei_harden_release(h, d, found);
}

bool parei_harden_stray(const parei_depot *d, const void *object, parei_strays *found) {
    const char *kind = parei_depot_stray(d, object);
    if (kind == NULL) return false;
    const parei_note *note = parei_depot_note(d, object);
    parei_strays_add(found, kind, object, note != NULL ? note->site : NULL);
    return true;
}

/* --- all objects ------------------------------------------------------------------------- */

static void parei_harden_inspect(const parei_harden *h, const parei_depot *d, bool ending,
                                 void *object, parei_strays *found) {
    parei_note *note = parei_depot_note(d, object);
    bool lent = parei_depot_is_lent(d, object), looks = parei_harden_looks(h, d);
    if (looks) parei_harden_check_gaps(d, object, note, found);
    if (looks && !lent) parei_harden_check_bytes(d, object, note, found);
    if (ending && lent) parei_strays_add(found, "leak", object, note->site);
}

bool parei_harden_audit(parei_harden *h, parei_depot *d, bool ending, void **from,
                        parei_strays *found) {
    enum { ROOM = 3 }; /* what one object may add */
    const size_t full = PAREI_STRAYS_MAX - ROOM;
    while (h->quarantine_count > 0 && found->count <= full) parei_harden_release(h, d, found);
    if (!h->checked) return false;
    while (found->count <= full) {
        *from = parei_depot_next(d, *from);
        if (*from == NULL) return false;
        parei_harden_inspect(h, d, ending, *from, found);
    }
    return true;
}

void parei_harden_visit(const parei_depot *d,
                        void (*visit)(void *ctx, void *object, const void *site), void *ctx) {
    void *object = parei_depot_next(d, NULL);
    for (; object != NULL; object = parei_depot_next(d, object)) {
        if (!parei_depot_is_lent(d, object)) continue;
        visit(ctx, object, parei_depot_note(d, object)->site);
    }
}
