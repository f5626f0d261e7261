/* extend.c - objects of pare/arena.h that change their size, and arenas as allocators.
 *
 * The newest object of the current block grows until something is allocated behind it. A growing
 * buffer therefore gets a block in which nothing else is: the side block, in use but never current,
 * so that hits do not know about it. The next buffer begins where the last one ended; one that
 * outgrows the block moves to another, which is the side block from then on.
 * SPDX-License-Identifier: MIT */
#include "pare/arena.h"
#include "internal/extend.h"
#include "internal/bits.h"
#include "internal/blocks.h"
#include "internal/check.h"
#include "internal/guard.h"
#include "internal/rewind.h"

static const char parei_arena_other_size[] = "object of another size";

/* --- the newest object ------------------------------------------------------------------- */

/* Hardened: NULL, or what is wrong with an object of `size` at `object`. */
static const char *parei_arena_suspect(const pare_arena *a, char *object, size_t size) {
    parei_block *block = parei_arena_block_of(a, object);
    bool guarded = parei_arena_is_guarded(a);
    if (block == NULL || (guarded && (uintptr_t)object % PARE_MIN_ALIGN != 0)) {
        return "foreign pointer";
    }
    char *top = parei_arena_block_top(a, block);
    bool fits = size <= (size_t)(top - object);
    if (fits && guarded) fits = parei_guard_find(object, size, top) != NULL;
    return fits ? NULL : parei_arena_other_size;
}

/* Whether there can be an object of `size` at `object`; else it is reported. Hardened arenas know
 * about every object, others see what would reach beyond the position. */
static bool parei_arena_has(pare_arena *a, char *object, size_t size, const void *site) {
    const parei_arena_state *s = a->state;
    const char *start = s != NULL ? parei_arena_start(a, s->current) : a->array;
    const char *top = parei_arena_top(a), *misuse = NULL;
    if (s != NULL && s->hardened) {
        misuse = parei_arena_suspect(a, object, size);
    } else if (start != NULL && object >= start && object < top && size > (size_t)(top - object)) {
        misuse = parei_arena_other_size;
    }
    if (misuse != NULL) parei_arena_report_within(a, misuse, object, site);
    return misuse == NULL;
}

/* Whether the object is the newest one of the current block, and its size may change. */
static bool parei_arena_is_newest(const pare_arena *a, const char *object, size_t size) {
    if (parei_arena_is_guarded(a)) return false; /* its guard is on the list */
    const char *start = a->state != NULL ? parei_arena_start(a, a->state->current) : a->array;
    if (start == NULL || object < start) return false;
    return object + parei_arena_extent(a, size) == parei_arena_top(a);
}

static pare_status parei_arena_grow(pare_arena *a, char *object, size_t old_size, size_t new_size) {
    if (!parei_arena_is_newest(a, object, old_size)) return PARE_ERR_MEMORY;
    if (a->floor != NULL && a->floor > object) return PARE_ERR_MEMORY; /* a rewind would cut it */
    char *top = parei_arena_top(a);
    parei_arena_set_top(a, object);
    void *grown = parei_arena_alloc_here(a, new_size, 1);
    if (grown == NULL) {
        parei_arena_set_top(a, top);
        return PARE_ERR_MEMORY;
    }
    if (parei_arena_is_watched(a)) parei_mark_undefined(object + old_size, new_size - old_size);
    return PARE_OK;
}

static void parei_arena_shrink_guard(const pare_arena *a, char *object, size_t old_size,
                                     size_t new_size) {
    const char *top = parei_arena_block_top(a, parei_arena_block_of(a, object));
    parei_guard_shrink(parei_guard_find(object, old_size, top), new_size);
}

/* Whether the tail is handed out again: a position never goes down beyond a mark, or a rewind would
 * go forward. */
static bool parei_arena_cut_tail(pare_arena *a, char *object, size_t old_size, size_t new_size) {
    if (parei_arena_is_watched(a)) parei_mark_noaccess(object + new_size, old_size - new_size);
    if (parei_arena_is_guarded(a)) parei_arena_shrink_guard(a, object, old_size, new_size);
    if (!parei_arena_is_newest(a, object, old_size)) return false;
    char *top = new_size == 0 ? object : object + parei_arena_extent(a, new_size);
    if (a->floor != NULL && a->floor > top) return false;
    parei_arena_lower_top(a, top);
    return true;
}

pare_status pare_arena_resize(pare_arena *a, void *object, size_t old_size, size_t new_size) {
    const void *site = PAREI_SITE();
    old_size = parei_max_size(old_size, 1);
    new_size = parei_max_size(new_size, 1);
    if (new_size > PARE_SIZE_MAX - PARE_MIN_ALIGN) return PARE_ERR_ARGUMENT;
    if (!parei_arena_enter(a, site)) return PARE_ERR_ARGUMENT;
    pare_status status = PARE_OK;
    if (!parei_arena_has(a, object, old_size, site)) {
        status = PARE_ERR_ARGUMENT;
    } else if (new_size > old_size) {
        status = parei_arena_grow(a, object, old_size, new_size);
    } else {
        parei_arena_cut_tail(a, object, old_size, new_size);
    }
    parei_arena_leave(a);
    return status;
}

int pare_arena_free(pare_arena *a, void *object, size_t size) {
    const void *site = PAREI_SITE();
    size = parei_max_size(size, 1);
    if (object == NULL || !parei_arena_enter(a, site)) return 0;
    bool again = parei_arena_has(a, object, size, site) && parei_arena_cut_tail(a, object, size, 0);
    parei_arena_leave(a);
    return again;
}

/* --- the side block ------------------------------------------------------------------------ */

void parei_arena_mark_side(const pare_arena *a, pare_arena_pos *pos) {
    pos->side = a->state->side;
    pos->side_top = pos->side->top;
}

static void parei_side_lower_top(parei_block *side, char *top) {
    parei_block_used_to(side, side->top);
    side->top = top;
}

void parei_arena_return_side(pare_arena *a, const pare_arena_pos *to) {
    parei_block *side = a->state->side = to->side;
    if (side != NULL && side->top > to->side_top) parei_side_lower_top(side, to->side_top);
}

/* The side block, if the object is the newest one in it. */
static parei_block *parei_side_of(const pare_arena *a, const char *object, size_t size) {
    parei_block *side = a->state != NULL ? a->state->side : NULL;
    if (side == NULL || object < parei_arena_start(a, side)) return NULL;
    return object + parei_arena_extent(a, size) == side->top ? side : NULL;
}

static char *parei_side_alloc_here(const pare_arena *a, parei_block *side, size_t size,
                                   size_t align) {
    char *object = parei_arena_fit(a, side->top, parei_arena_end(a, side), size, align);
    if (object != NULL) side->top = object + parei_arena_extent(a, size);
    return object;
}

/* Makes the side block longer in place, so that `more` bytes fit behind `from`. Not where a spare
 * would do, so that a warm arena asks for nothing. */
static bool parei_side_extend(pare_arena *a, parei_block *side, const char *from, size_t more) {
    parei_blocks *b = &a->state->blocks;
    size_t used = (size_t)(from - (const char *)side) + PARE_MIN_ALIGN;
    if (parei_blocks_has_spare(b, parei_block_least(more, PARE_MIN_ALIGN))) return false;
    return parei_blocks_extend(b, side, parei_sum(used, more));
}

/* A block of at least `least` bytes, if possible twice as many. */
static pare_status parei_side_take(parei_blocks *b, size_t least, parei_block **out) {
    size_t roomy = parei_sum(least, least);
    *out = parei_blocks_take_spare(b, roomy);
    if (*out != NULL) return PARE_OK;
    pare_status status = parei_blocks_take_new(b, least, parei_max_size(roomy, b->next_bytes), out);
    if (status == PARE_OK) return PARE_OK;
    *out = parei_blocks_take_spare(b, least);
    if (*out != NULL) return PARE_OK;
    if (b->spare_bytes == 0) return status;
    parei_blocks_trim(b);
    return parei_blocks_take_new(b, least, least, out);
}

/* Puts another block in the place of the side block. */
static pare_status parei_side_replace(pare_arena *a, size_t least) {
    parei_arena_state *s = a->state;
    parei_block *block;
    pare_status status = parei_side_take(&s->blocks, least, &block);
    if (status != PARE_OK) return status;
    block->top = parei_arena_start(a, block);
    parei_arena_push(s, block);
    s->side = block;
    s->blocks.apart = true;
    return PARE_OK;
}

/* An object in the side block, which may be made longer or replaced for it. */
static void *parei_side_alloc(pare_arena *a, size_t size, size_t align) {
    parei_block *side = a->state->side;
    size_t extent = parei_arena_extent(a, size);
    if (side != NULL) {
        char *object = parei_side_alloc_here(a, side, size, align);
        if (object == NULL && parei_side_extend(a, side, side->top, parei_sum(extent, align))) {
            object = parei_side_alloc_here(a, side, size, align);
        }
        if (object != NULL) return object;
    }
    pare_status status = parei_side_replace(a, parei_block_least(extent, align));
    if (status != PARE_OK) return parei_arena_refuse(a, status);
    char *object = parei_side_alloc_here(a, a->state->side, size, align);
    return object != NULL ? object : parei_arena_refuse(a, PARE_ERR_MEMORY);
}

/* Whether the newest object of the side block is of `new_size` now. */
static bool parei_side_resize(pare_arena *a, parei_block *side, char *object, size_t new_size) {
    size_t extent = parei_arena_extent(a, new_size);
    if (extent > (size_t)(parei_arena_end(a, side) - object) &&
        !parei_side_extend(a, side, object, extent)) {
        return false;
    }
    parei_side_lower_top(side, object);
    side->top = object + extent;
    return true;
}

/* --- as an allocator --------------------------------------------------------------------- */

static pare_status parei_arena_slot_alloc(void *ctx, size_t size, size_t align, unsigned flags,
                                          pare_span *out) {
    pare_arena *a = ctx;
    bool zeroed = (flags & PARE_ZEROED) != 0;
    void *object =
        zeroed ? pare_arena_alloc_zeroed(a, size, align) : parei_arena_alloc_any(a, size, align);
    if (object == NULL) return a->status;
    *out = (pare_span){object, size};
    return PARE_OK;
}

static pare_status parei_arena_resized(pare_span *block, size_t size, unsigned flags) {
    if ((flags & PARE_ZEROED) != 0 && size > block->cap) {
        memset((char *)block->ptr + block->cap, 0, size - block->cap);
    }
    block->cap = size;
    return PARE_OK;
}

/* "Cannot do it here" for the tail of an older block: it would be lost, not released. */
static pare_status parei_arena_slot_resize(void *ctx, pare_span *block, size_t new_size,
                                           size_t align, unsigned flags) {
    pare_arena *a = ctx;
    char *object = block->ptr;
    (void)align;
    if (new_size < block->cap && (flags & PARE_MAY_MOVE) == 0 &&
        !parei_arena_is_newest(a, object, block->cap)) {
        return PARE_ERR_MEMORY;
    }
    pare_status status = pare_arena_resize(a, object, block->cap, new_size);
    return status == PARE_OK ? parei_arena_resized(block, new_size, flags) : status;
}

static void parei_arena_slot_free(void *ctx, pare_span block, size_t align) {
    (void)align;
    pare_arena_free(ctx, block.ptr, block.cap);
}

static const struct pare_allocator_vtable parei_arena_vtable = {
    .size = sizeof(struct pare_allocator_vtable),
    .alloc = parei_arena_slot_alloc,
    .resize = parei_arena_slot_resize,
    .free = parei_arena_slot_free,
};

pare_allocator pare_arena_allocator(pare_arena *a) {
    return (pare_allocator){&parei_arena_vtable, a};
}

/* --- as an allocator for a builder --------------------------------------------------------- */

/* Where each call passes through the slow path, there is no side block: a buffer that moves
 * whenever it grows is what shows stale pointers. */
static bool parei_builder_is_apart(const pare_arena *a) {
    return a->state != NULL && !parei_arena_is_closed(a);
}

static pare_status parei_builder_slot_alloc(void *ctx, size_t size, size_t align, unsigned flags,
                                            pare_span *out) {
    pare_arena *a = ctx;
    if (!parei_builder_is_apart(a)) return parei_arena_slot_alloc(a, size, align, flags, out);
    void *object = parei_side_alloc(a, size, align);
    if (object == NULL) return a->status;
    if ((flags & PARE_ZEROED) != 0) memset(object, 0, size);
    *out = (pare_span){object, size};
    return PARE_OK;
}

static pare_status parei_builder_slot_resize(void *ctx, pare_span *block, size_t new_size,
                                             size_t align, unsigned flags) {
    pare_arena *a = ctx;
    char *object = block->ptr;
    parei_block *side = parei_side_of(a, object, block->cap);
    if (side == NULL) return parei_arena_slot_resize(a, block, new_size, align, flags);
    if (!parei_side_resize(a, side, object, new_size)) return PARE_ERR_MEMORY;
    return parei_arena_resized(block, new_size, flags);
}

static void parei_builder_slot_free(void *ctx, pare_span block, size_t align) {
    parei_block *side = parei_side_of(ctx, block.ptr, block.cap);
    if (side != NULL) {
        parei_side_lower_top(side, block.ptr);
    } else {
        parei_arena_slot_free(ctx, block, align);
    }
}

static const struct pare_allocator_vtable parei_builder_vtable = {
    .size = sizeof(struct pare_allocator_vtable),
    .alloc = parei_builder_slot_alloc,
    .resize = parei_builder_slot_resize,
    .free = parei_builder_slot_free,
};

pare_allocator pare_arena_builder_allocator(pare_arena *a) {
    return (pare_allocator){&parei_builder_vtable, a};
}
