/* internal/mag.h - magazines of pointers over a depot of slabs: the mechanism of every pool.
 *
 * A slab is one block from the allocator: a header and `capacity` objects. Which objects lie in it
 * free is kept in the header, so a free object is never written and keeps its constructed state. A
 * depot is all slabs of one pool, in a table sorted by address: a pointer is looked up there and
 * never followed. A magazine is a stack of pointers to free objects. Hits push and pop it; when it
 * is empty or full, it trades with the depot, and what it trades in is checked.
 *
 *   slab:   | header | notes | out bits | lent bits | free indices | gap | object | object | ... |
 *
 * An object is *made* when it first enters the pool; *out* of its slab when it is in a magazine or
 * with the user; *lent* while with the user, which is tracked only while memory is watched, and
 * where there are notes; *bare* from when it was dropped until it is made anew.
 *
 * Threads  None of this locks: a pool for many threads calls the depot under its lock.
 * SPDX-License-Identifier: MIT */
#ifndef PAREI_MAG_H
#define PAREI_MAG_H
#include "pare/alloc.h"
#include <stdbool.h>

/* --- slabs and depot --------------------------------------------------------------------- */

/* What is remembered of an object, for who hardens the pool; more of note_bytes may follow. */
typedef struct parei_note {
    void *next;       /* while free: in a list of objects */
    const void *site; /* of the call that got it, or, when free, put it; NULL: there was none */
    bool bare;
} parei_note;

typedef struct parei_slab {
    struct parei_slab *prev, *next; /* in the depot's list, while it has objects to take */
    pare_span block;                /* this slab */
    size_t charge_bytes;            /* what it counts against the limit */
    char *objects;
    char *notes;
    uint32_t *out;  /* a bit per object */
    uint32_t *lent; /* likewise; NULL unless the depot is exact */
    uint16_t *free; /* a stack of indices: the objects that are made and not out */
    uint32_t capacity;
    uint32_t made; /* objects [0, made) were made */
    uint32_t free_count;
} parei_slab;

/* How objects lie in a slab. */
typedef struct parei_shape {
    size_t align;   /* of the objects */
    size_t stride;  /* bytes from one object to the next; a multiple of align */
    size_t gap;     /* at least so many bytes before each object belong to nobody */
    size_t bitmaps; /* how many */
    size_t note_bytes;
} parei_shape;

/* What the objects of a depot are. */
typedef struct parei_kind {
    size_t size;  /* bytes; 1 or more */
    size_t align; /* a power of two */
    pare_status (*init)(void *ctx, void *object);
    void (*reset)(void *ctx, void *object); /* for those above */
    void (*fini)(void *ctx, void *object);
    void *ctx;
    size_t limit_bytes; /* of slabs; SIZE_MAX: none */
    bool wipe;          /* free objects are all zero */
    size_t note_bytes;  /* of the note of each object: at least a parei_note's, or 0: none */
    size_t gap;         /* so many bytes before and behind each object are PAREI_GAP_BYTE */
} parei_kind;

enum { PAREI_DEPOT_FIRST_SLABS = 8, PAREI_GAP_BYTE = 0xFD };

typedef struct parei_depot {
    pare_allocator from;
    parei_kind kind;
    parei_shape shape; /* of the slabs */
    parei_shape plain; /* without all that is for checks: what counts against the limit */
    size_t inverse;    /* of the odd part of the stride, modulo 2^width */
    unsigned shift;    /* log2 of the even part */
    bool watched;      /* free objects are marked, and gaps instead of filled */
    bool exact;        /* `lent` is kept */
    size_t slab_bytes; /* wanted size of the next slab */
    size_t charged_bytes;

    parei_slab **slabs; /* by address; invariant: slab_count <= slab_capacity */
    size_t slab_count, slab_capacity;
    pare_span table; /* where `slabs` lies, once `first` is outgrown */
    parei_slab *first[PAREI_DEPOT_FIRST_SLABS];
    parei_slab *head, *tail; /* slabs with objects to take; only the tail may have unmade ones */

    uintptr_t base, extent; /* all objects lie in [base, base + extent) */

    size_t empty_count; /* slabs with no object out */
    size_t made_count;  /* objects in all slabs that are made */
    size_t free_count;  /* of these, not out */
    size_t keep_count;  /* made objects that the release of empty slabs has to leave */
    size_t spare_count; /* free ones that parei_depot_give leaves */
    size_t peak_count;  /* the most objects that were out */
    uint64_t creates;   /* objects ever made */

    size_t held_bytes; /* of all blocks, as the allocator gave them */
    size_t peak_bytes;
    uint64_t allocs, frees, total_bytes;
} parei_depot;

/* A pointer that was put and has no place here. */
typedef struct parei_stray {
    const char *kind; /* of misuse */
    const void *address;
    const void *earlier; /* the site of a call before; NULL: not known */
} parei_stray;

/* Strays are handed up in lots, since they are reported only when all else is whole again: a
 * misuse handler may longjmp or call in. */
enum { PAREI_STRAYS_MAX = 16 };

typedef struct parei_strays {
    size_t count;
    parei_stray list[PAREI_STRAYS_MAX];
} parei_strays;

/* Dropped where there is no room. */
static inline void parei_strays_add(parei_strays *strays, const char *kind, const void *address,
                                    const void *earlier) {
    if (strays->count == PAREI_STRAYS_MAX) return;
    parei_stray stray = {kind, address, earlier};
    strays->list[strays->count++] = stray;
}

/* Readies `d`, which may be moved until its first slab is taken. PARE_ERR_ARGUMENT where no slab
 * can hold one object, or none within the limit. */
PARE_API pare_status parei_depot_init(parei_depot *d, pare_allocator from, const parei_kind *kind);

/* Gives all slabs back, those with objects out too; fini for every made object. */
PARE_API void parei_depot_deinit(parei_depot *d);

/* A block of at least `size` bytes from the depot's allocator, counted; and back. */
PARE_API pare_status parei_depot_alloc(parei_depot *d, size_t size, size_t align, pare_span *out);
PARE_API void parei_depot_free(parei_depot *d, pare_span block, size_t align);

/* Takes up to `want` >= 1 objects, the one to use first last in items[0, *taken). Those that were
 * used before come first. With an init callback, at most one is made. Refused only if *taken is
 * 0. */
PARE_API pare_status parei_depot_take(parei_depot *d, void **items, size_t want, size_t *taken);

/* Puts items[0, count) back into their slabs, in order, until the lot of strays is full; returns
 * how many are dealt with. Empty slabs but one are released, as long as spare_count allows. */
PARE_API size_t parei_depot_give(parei_depot *d, void *const *items, size_t count,
                                 parei_strays *strays);

/* Makes objects until `count` lie free in the slabs, or none at all. */
PARE_API pare_status parei_depot_reserve(parei_depot *d, size_t count);

/* Releases all empty slabs that keep_count allows, the spare too. */
PARE_API void parei_depot_trim(parei_depot *d);

/* Why `object` cannot be put: "foreign pointer", "interior pointer", "double put"; NULL if it can,
 * as far as slabs know. Reads nothing at `object`. Cost: O(log slabs). */
PARE_API const char *parei_depot_stray(const parei_depot *d, const void *object);

/* Whether an object begins at `object`, in use or free. */
PARE_API bool parei_depot_owns(const parei_depot *d, const void *object);

/* Where the objects of one slab lie. */
typedef struct parei_place {
    uintptr_t objects;
    uint32_t capacity; /* 0: nowhere */
} parei_place;

/* parei_depot_stray; where that is NULL, *place says in which slab the object lies. */
PARE_API const char *parei_depot_locate(const parei_depot *d, const void *object,
                                        parei_place *place);

/* The number of the object that begins `offset` bytes into a slab's objects, or one that is no
 * number in any slab.
 *
 * An offset is a multiple of the stride exactly if the product with the inverse of the stride's
 * odd part, rotated by its even part, is small; then it is the quotient. No division (Granlund and
 * Montgomery, "Division by invariant integers using multiplication", 1994, section 9). */
static inline size_t parei_depot_index(const parei_depot *d, uintptr_t offset) {
    size_t product = offset * d->inverse;
    unsigned width = (unsigned)(sizeof(size_t) * 8);
    return d->shift == 0 ? product : product >> d->shift | product << (width - d->shift);
}

/* Whether an object of `place` begins at `object`. Without a lock: nothing of the depot that it
 * reads ever changes. */
static inline bool parei_place_holds(const parei_depot *d, parei_place place, const void *object) {
    return parei_depot_index(d, (uintptr_t)object - place.objects) < place.capacity;
}

/* An object leaves a magazine for the user, and comes back: the marks, and the lent bit. Only for
 * exact depots. */
PARE_API void parei_depot_lend(parei_depot *d, void *object);
PARE_API void parei_depot_unlend(parei_depot *d, void *object);

/* Writes zeros over the object, and the compiler may not drop it. */
PARE_API void parei_depot_wipe(const parei_depot *d, void *object);

/* --- of depots with notes ---------------------------------------------------------------- */

/* The note of the made object that `address` lies in or right behind; NULL: in none. Reads nothing
 * there. */
PARE_API parei_note *parei_depot_note(const parei_depot *d, const void *address);

/* The made object that follows `object` by address, or, with NULL, the first. NULL: none. */
PARE_API void *parei_depot_next(const parei_depot *d, const void *object);

/* Whether `object` is with the user. */
PARE_API bool parei_depot_is_lent(const parei_depot *d, const void *object);

/* The object, which is lent, leaves the pool but for its place: fini. */
PARE_API void parei_depot_drop(parei_depot *d, void *object);

/* Makes a bare object anew, which is not lent. Refused: it is bare still. */
PARE_API pare_status parei_depot_renew(parei_depot *d, void *object);

/* --- magazines --------------------------------------------------------------------------- */

/* A stack of pointers, items[0] the oldest. items[-1] is readable, and NULL. */
typedef struct parei_mag {
    void **items;
    size_t count, capacity;
    pare_span block; /* where items lies, once `first` is outgrown */
    void **first;
    size_t first_capacity;
} parei_mag;

/* Readies `m` over storage[0, bytes), aligned for pointers; at least two of them. */
PARE_API void parei_mag_init(parei_mag *m, void *storage, size_t bytes);

/* Doubles the capacity, to at most bytes_max. False: it is that large, or memory was refused. */
PARE_API bool parei_mag_grow(parei_mag *m, parei_depot *d, size_t bytes_max);

/* Moves back to the first storage. Requires that it is empty. */
PARE_API void parei_mag_shrink(parei_mag *m, parei_depot *d);

/* Fills up to `want` >= 1 objects in, as room allows; the ones to use first are on top. Refused
 * only if there is not one. Requires room for one. */
PARE_API pare_status parei_mag_refill(parei_mag *m, parei_depot *d, size_t want);

/* Gives the oldest `count` entries to the depot, until the lot of strays is full; returns how many
 * it removed. Cost: O(capacity). */
PARE_API size_t parei_mag_spill(parei_mag *m, parei_depot *d, size_t count, parei_strays *strays);

#endif
