/* internal/rewind.h - an arena's state and position: what arena.c, rewind.c and extend.c share.
 * SPDX-License-Identifier: MIT */
#ifndef PAREI_REWIND_H
#define PAREI_REWIND_H
#include "pare/arena.h"
#include "internal/bits.h"
#include "internal/blocks.h"
#include "internal/check.h"
#include "internal/guard.h"

/* While memory is watched, this many bytes behind each object belong to nobody. */
#define PAREI_ARENA_REDZONE ((size_t)16)

struct parei_arena_trace;

typedef struct parei_arena_state {
    parei_blocks blocks;
    parei_block *list;    /* in use, youngest first; the oldest has serial 0 and stays */
    parei_block *current; /* the one behind the window */
    parei_block *side;    /* in use, for growing buffers; never the current one. NULL: none */
    parei_block array;    /* the header of the caller's array, if there is one */
    char *array_end;
    char *closed;     /* the position while the window is closed, else NULL */
    uint64_t serial;  /* of the youngest block */
    const char *name; /* NULL: none */

    /* Hardened. */
    bool hardened, unpooled;
    int busy;                          /* a call is under way; read and written atomically */
    parei_guard *guards;               /* of all objects, youngest first */
    struct parei_arena_trace *traces;  /* of marks that are not dead, youngest first */
    uint64_t trace_id;                 /* of the youngest ever */
    const void *rewound_at, *reset_at; /* call sites, to name what killed a mark */
} parei_arena_state;

/* --- the position ------------------------------------------------------------------------ */

static inline bool parei_arena_is_closed(const pare_arena *a) {
    return a->state != NULL && a->state->closed != NULL;
}

static inline bool parei_arena_is_watched(const pare_arena *a) {
    return a->state != NULL && a->state->blocks.watched;
}

/* Hardened checks work on the arena's own memory, which nobody may touch while it is watched; what
 * they would find, the sanitizer does. */
static inline bool parei_arena_is_guarded(const pare_arena *a) {
    return a->state != NULL && a->state->hardened && !a->state->blocks.watched;
}

static inline char *parei_arena_start(const pare_arena *a, parei_block *block) {
    return block == &a->state->array ? a->array : parei_block_start(&a->state->blocks, block);
}

static inline char *parei_arena_end(const pare_arena *a, parei_block *block) {
    if (block == &a->state->array) return a->state->array_end;
    return parei_block_end(&a->state->blocks, block);
}

/* The position in the current block; NULL where there is none yet. */
static inline char *parei_arena_top(const pare_arena *a) {
    return parei_arena_is_closed(a) ? a->state->closed : a->ptr;
}

static inline char *parei_arena_block_top(const pare_arena *a, const parei_block *block) {
    return block == a->state->current ? parei_arena_top(a) : block->top;
}

/* Moves the position; the window stays closed if it is. */
static inline void parei_arena_set_top(pare_arena *a, char *top) {
    if (parei_arena_is_closed(a)) {
        a->state->closed = top;
    } else {
        a->ptr = top;
    }
}

/* Makes `block` current, its position `top`. */
static inline void parei_arena_set_current(pare_arena *a, parei_block *block, char *top) {
    a->state->current = block;
    a->floor = NULL;
    parei_arena_set_top(a, top);
    if (!parei_arena_is_closed(a)) a->end = parei_arena_end(a, block);
}

static inline void parei_arena_check(const pare_arena *a) {
    const parei_arena_state *s = a->state;
    PAREI_ASSERT((a->ptr == NULL) == (a->end == NULL) && a->ptr <= a->end);
    PAREI_ASSERT(a->floor == NULL || a->floor <= parei_arena_top(a));
    if (s == NULL) {
        PAREI_ASSERT((a->ptr == NULL) == (a->array == NULL) && a->array <= a->ptr);
        return;
    }
    PAREI_ASSERT((s->closed != NULL) == (a->ptr == NULL));
    PAREI_ASSERT(parei_arena_top(a) >= parei_arena_start(a, s->current));
    PAREI_ASSERT(parei_arena_top(a) <= parei_arena_end(a, s->current));
}

/* Bytes that an object takes up, with what the arena's mode puts behind it. */
static inline size_t parei_arena_extent(const pare_arena *a, size_t size) {
    if (parei_arena_is_guarded(a)) return parei_guard_extent(size);
    size_t extent = parei_align_up(size, PARE_MIN_ALIGN);
    return parei_arena_is_watched(a) ? extent + PAREI_ARENA_REDZONE : extent;
}

/* Where an object would begin behind `top`, or NULL if it would not end at or before `end`. */
static inline char *parei_arena_fit(const pare_arena *a, char *top, const char *end, size_t size,
                                    size_t align) {
    size_t room = (size_t)(end - top);
    size_t padding = parei_padding(top, align);
    size_t extent = parei_arena_extent(a, size);
    return padding <= room && extent <= room - padding ? top + padding : NULL;
}

/* Puts `block` into use, as the youngest. */
static inline void parei_arena_push(parei_arena_state *s, parei_block *block) {
    block->serial = ++s->serial;
    block->next = s->list;
    s->list = block;
}

/* Makes `block` current if it has more room than the block that is. */
static inline void parei_arena_prefer(pare_arena *a, parei_block *block) {
    parei_arena_state *s = a->state;
    char *top = parei_arena_top(a);
    if (parei_arena_end(a, block) - block->top <= parei_arena_end(a, s->current) - top) return;
    s->current->top = top;
    parei_arena_set_current(a, block, block->top);
}

static inline void *parei_arena_refuse(pare_arena *a, pare_status status) {
    a->status = status;
    return NULL;
}

/* pare_arena_alloc for an alignment that only run time knows. */
static inline void *parei_arena_alloc_any(pare_arena *a, size_t size, size_t align) {
    if (align <= PARE_MIN_ALIGN && parei_is_pow2(align)) {
        return pare_arena_alloc(a, size, PARE_MIN_ALIGN);
    }
    return parei_arena_alloc_slow(a, size, align);
}

/* --- calls between the three ---------------------------------------------------------------- */

/* False, and reported, when another call is under way: of another thread, or around a callback.
 * Only hardened arenas know. */
PARE_API bool parei_arena_enter(pare_arena *a, const void *site);
PARE_API void parei_arena_leave(pare_arena *a);

/* Reports a misuse of `a`; `address`, `site` and `earlier` as in pare_misuse. */
PARE_API PAREI_COLD void parei_arena_report(const pare_arena *a, const char *kind,
                                            const void *address, const void *site,
                                            const void *earlier);

/* The same within a call. The handler may leave it by longjmp: no call is under way then. */
PARE_API PAREI_COLD void parei_arena_report_within(pare_arena *a, const char *kind,
                                                   const void *address, const void *site);

/* An object of `size` >= 1 in the current block, or NULL. */
PARE_API void *parei_arena_alloc_here(pare_arena *a, size_t size, size_t align);

/* An object of `size` >= 1, found wherever there is room; NULL, and the status, on refusal. The
 * arena's mode has not been applied to it yet. */
PARE_API void *parei_arena_serve(pare_arena *a, size_t size, size_t align);

/* The block in use that `object` lies in; NULL: none. */
PARE_API parei_block *parei_arena_block_of(const pare_arena *a, const char *object);

/* Moves the position in the current block down. */
PARE_API void parei_arena_lower_top(pare_arena *a, char *top);

#endif
