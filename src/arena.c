/* arena.c - the contract is in pare/arena.h; positions and objects are here, blocks in blocks.c,
 * and the way back in rewind.c.
 *
 * Blocks in use form one list, youngest first, numbered by a serial that only grows. The current
 * block, the one behind the window, may be any of them: a block that came for one large request
 * stands in front of it.
 *
 * On the caller's array, nothing but the window is set up: the array is the oldest block, and gets
 * a header, in the state, only with the first block from the allocator. Until then everything works
 * on the public words alone.
 *
 * The window stays closed while memory is watched by a sanitizer, and in hardened and unpooled
 * arenas: then every call comes here, and the position is in the state.
 * SPDX-License-Identifier: MIT */
#include "pare/arena.h"
#include "internal/rewind.h"
#include "internal/bits.h"
#include "internal/blocks.h"
#include "internal/check.h"
#include "internal/guard.h"
#include "internal/line.h"
#ifndef PARE_NO_LIBC
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#endif

#define PAREI_ARENA_BLOCK_MIN ((size_t)4096)
#define PAREI_ARENA_BLOCK_MAX ((size_t)1 << 20)
#define PAREI_ARENA_BLOCK_LEAST ((size_t)512)

enum { PAREI_ARENA_FRESH = 0xD0 }; /* what hardened arenas fill fresh memory with */

/* The first block begins so. */
typedef struct parei_arena_home {
    parei_block block;
    parei_arena_state state;
} parei_arena_home;

_Static_assert(sizeof(parei_arena_home) + 64 <= PAREI_ARENA_BLOCK_LEAST, "it has room for more");
_Static_assert(PAREI_BLOCK_REACH == PAREI_ARENA_CONSTANT_MAX, "no hit adds more");
_Static_assert(PAREI_BLOCK_ALIGN % PARE_MIN_ALIGN == 0, "objects begin aligned");

/* --- misuse ------------------------------------------------------------------------------ */

void parei_arena_report(const pare_arena *a, const char *kind, const void *address,
                        const void *site, const void *earlier) {
    const char *name = a->state != NULL ? a->state->name : NULL;
    pare_misuse misuse = {"arena", kind, a, address, site, earlier, name};
    parei_misuse_report(&misuse);
}

/* --- hardened: one call at a time ---------------------------------------------------------- */

bool parei_arena_enter(pare_arena *a, const void *site) {
    parei_arena_check(a);
    if (a->state == NULL || !a->state->hardened) return true;
    if (__atomic_exchange_n(&a->state->busy, 1, __ATOMIC_ACQUIRE) == 0) return true;
    parei_arena_report(a, "used by two calls at once", NULL, site, NULL);
    a->status = PARE_ERR_ARGUMENT; /* of a call that answers NULL */
    return false;
}

void parei_arena_leave(pare_arena *a) {
    parei_arena_check(a);
    if (a->state != NULL && a->state->hardened) {
        __atomic_store_n(&a->state->busy, 0, __ATOMIC_RELEASE);
    }
}

void parei_arena_report_within(pare_arena *a, const char *kind, const void *address,
                               const void *site) {
    parei_arena_leave(a);
    parei_arena_report(a, kind, address, site, NULL);
    (void)parei_arena_enter(a, site);
}

/* --- lifetime ---------------------------------------------------------------------------- */

static const pare_arena_options parei_arena_defaults = {.block_min = PAREI_ARENA_BLOCK_MIN,
                                                        .block_max = PAREI_ARENA_BLOCK_MAX};

/* Zero means the default; PARE_ERR_ARGUMENT where the sizes contradict each other. */
static pare_status parei_arena_complete(pare_arena_options *o) {
    const unsigned flags =
        PARE_ARENA_ADAPTIVE | PARE_ARENA_ZEROED | PARE_ARENA_HARDENED | PARE_ARENA_UNPOOLED;
    if (o->block_min == 0) { /* gives way to the other two */
        size_t most = o->block_max != 0 ? o->block_max : SIZE_MAX;
        if (o->limit_bytes != 0) most = parei_min_size(most, o->limit_bytes);
        o->block_min = parei_min_size(PAREI_ARENA_BLOCK_MIN, most);
    }
    if (o->block_max == 0) o->block_max = parei_max_size(o->block_min, PAREI_ARENA_BLOCK_MAX);
    bool valid = o->block_min >= PAREI_ARENA_BLOCK_LEAST && o->block_min <= o->block_max &&
                 o->block_max <= PARE_SIZE_MAX / 4 && (o->flags & ~flags) == 0 &&
                 (o->limit_bytes == 0 || o->block_min <= o->limit_bytes) &&
                 (o->reserved[0] | o->reserved[1] | o->reserved[2] | o->reserved[3]) == 0;
    return valid ? PARE_OK : PARE_ERR_ARGUMENT;
}

static parei_blocks parei_arena_blocks(pare_allocator from, const pare_arena_options *o) {
    bool unpooled = (o->flags & PARE_ARENA_UNPOOLED) != 0;
    bool keep_all = o->retain_bytes == 0;
    return (parei_blocks){
        .from = from,
        .next_bytes = o->block_min,
        .min_bytes = o->block_min,
        .max_bytes = o->block_max,
        .limit_bytes = o->limit_bytes != 0 ? o->limit_bytes : SIZE_MAX,
        .retain_bytes = unpooled   ? 0
                        : keep_all ? SIZE_MAX
                                   : o->retain_bytes,
        .adaptive = (o->flags & PARE_ARENA_ADAPTIVE) != 0,
        .exact = unpooled,
        .zeroed = (o->flags & PARE_ARENA_ZEROED) != 0,
        .watched = parei_watched(),
    };
}

/* Takes the first block from a->from, with the state. Behind an array it starts as a spare. */
static pare_status parei_arena_open(pare_arena *a, const pare_arena_options *o) {
    parei_blocks blocks = parei_arena_blocks(a->from, o);
    pare_status status = parei_blocks_open(&blocks, sizeof(parei_arena_home));
    if (status != PARE_OK) return status;

    parei_block *home = blocks.home;
    parei_arena_state *s = a->state = &((parei_arena_home *)(void *)home)->state;
    *s = (parei_arena_state){.blocks = blocks,
                             .name = o->name,
                             .hardened = (o->flags & PARE_ARENA_HARDENED) != 0,
                             .unpooled = (o->flags & PARE_ARENA_UNPOOLED) != 0};
    if (a->array != NULL) {
        s->array_end = a->end;
        s->array.zero_from = s->array_end;
        s->list = s->current = &s->array;
        s->blocks.spares = home;
        return PARE_OK;
    }
    s->list = home;
    if (blocks.watched || s->hardened || s->unpooled) s->closed = home->top;
    parei_arena_set_current(a, home, home->top);
    return PARE_OK;
}

/* While memory is watched, the state is needed at once and lies at the array's end, which is
 * lowered by that much. An array without room for it is left unused. */
static PAREI_COLD void parei_arena_watch_array(pare_arena *a, char *end) {
    char *array = a->array;
    size_t size = (size_t)(end - array);
    a->ptr = a->end = a->array = NULL;
    if (size < sizeof(parei_arena_state) + PAREI_BLOCK_ALIGN) return;

    end -= sizeof(parei_arena_state);
    end -= (uintptr_t)end & (PAREI_BLOCK_ALIGN - 1);
    a->array = array;
    parei_arena_state *s = a->state = (parei_arena_state *)(void *)end;
    *s = (parei_arena_state){.blocks = parei_arena_blocks(a->from, &parei_arena_defaults),
                             .closed = array,
                             .array_end = end};
    s->array.zero_from = end;
    s->list = s->current = &s->array;
    parei_mark_noaccess(array, (size_t)(end - array));
}

pare_status pare_arena_init(pare_arena *a, pare_allocator from, const pare_arena_options *options) {
    pare_arena fresh = {.from = from};
    if (options != NULL) {
        pare_arena_options o = *options;
        pare_status status = parei_arena_complete(&o);
        if (status == PARE_OK) status = parei_arena_open(&fresh, &o);
        if (status != PARE_OK) return status;
    }
    *a = fresh;
    parei_arena_check(a);
    return PARE_OK;
}

/* Each word is written once: a short-lived arena costs little more than these stores. */
void pare_arena_init_with(pare_arena *a, void *array, size_t size, pare_allocator then) {
    size_t padding = parei_padding(array, PAREI_BLOCK_ALIGN);
    char *start = NULL, *end = NULL;
    if (array != NULL && size >= padding) {
        start = (char *)array + padding;
        end = parei_window_end(start, size - padding, PAREI_ARENA_CONSTANT_MAX);
    }
    a->ptr = start;
    a->end = end;
    a->array = start;
    a->from = then;
    a->state = NULL;
    a->floor = NULL;
    a->callbacks = NULL;
    a->epoch = 0;
    a->status = PARE_OK;
    if (start != NULL && parei_watched()) parei_arena_watch_array(a, a->end);
    parei_arena_check(a);
}

/* Gives back what lies behind the objects of `block`, down to block_min. */
static void parei_arena_shrink(pare_arena *a, parei_block *block) {
    parei_arena_state *s = a->state;
    if (block == NULL || block == &s->array || s->unpooled) return;
    size_t used = (size_t)(parei_arena_block_top(a, block) - (char *)block) + PARE_MIN_ALIGN;
    parei_blocks_shrink(&s->blocks, block, used);
}

void pare_arena_trim(pare_arena *a) {
    if (!parei_arena_enter(a, PAREI_SITE())) return;
    parei_arena_state *s = a->state;
    if (s == NULL) return;
    parei_blocks_trim(&s->blocks);
    parei_arena_shrink(a, s->current);
    parei_arena_shrink(a, s->side);
    if (!parei_arena_is_closed(a)) a->end = parei_arena_end(a, s->current);
    parei_arena_leave(a);
}

/* --- allocation -------------------------------------------------------------------------- */

/* An object in the current block, or NULL. */
void *parei_arena_alloc_here(pare_arena *a, size_t size, size_t align) {
    char *top = parei_arena_top(a);
    if (top == NULL) return NULL;
    const char *end = a->state != NULL ? parei_arena_end(a, a->state->current) : a->end;
    char *object = parei_arena_fit(a, top, end, size, align);
    if (object != NULL) parei_arena_set_top(a, object + parei_arena_extent(a, size));
    return object;
}

/* Puts `block` into use and the object into it. The block with more room is current then. NULL, and
 * the block unused, where its window ends early, at the end of the address space. */
static void *parei_arena_alloc_in(pare_arena *a, parei_block *block, size_t size, size_t align) {
    const char *end = parei_arena_end(a, block);
    char *object = parei_arena_fit(a, parei_arena_start(a, block), end, size, align);
    if (object == NULL) {
        parei_blocks_retire(&a->state->blocks, block);
        return parei_arena_refuse(a, PARE_ERR_MEMORY);
    }
    block->top = object + parei_arena_extent(a, size);
    parei_arena_push(a->state, block);
    parei_arena_prefer(a, block);
    return object;
}

/* The current block made longer in place, if its allocator can. */
static void *parei_arena_alloc_longer(pare_arena *a, size_t size, size_t align) {
    parei_arena_state *s = a->state;
    parei_block *block = s->current;
    if (block == &s->array) return NULL;
    size_t used = (size_t)(parei_arena_top(a) - (char *)block) + PARE_MIN_ALIGN;
    size_t least = parei_sum(parei_sum(used, align), parei_arena_extent(a, size));
    if (!parei_blocks_extend(&s->blocks, block, least)) return NULL;
    if (!parei_arena_is_closed(a)) a->end = parei_arena_end(a, block);
    return parei_arena_alloc_here(a, size, align);
}

/* A block of its own, which the object ends, so that a tool that watches the allocator sees the
 * very byte behind it. */
static void *parei_arena_alloc_alone(pare_arena *a, size_t size, size_t align) {
    parei_arena_state *s = a->state;
    parei_block *block;
    bool guarded = parei_arena_is_guarded(a);
    size_t extent = guarded ? parei_guard_extent(size) : size;
    if (guarded) align = parei_max_size(align, PARE_MIN_ALIGN); /* for the guard */
    size_t least = parei_block_least(extent, align);
    pare_status status = parei_blocks_take_exactly(&s->blocks, least, &block);
    if (status != PARE_OK) return parei_arena_refuse(a, status);
    char *object = (char *)block + block->cap - extent;
    object -= (uintptr_t)object & (align - 1);
    block->top = (char *)block + block->cap;
    parei_arena_push(s, block);
    return object;
}

/* An object beyond the current block: in a spare, in the current one made longer, in a new one. */
static void *parei_arena_alloc_beyond(pare_arena *a, size_t size, size_t align) {
    size_t least = parei_block_least(parei_arena_extent(a, size), align);
    parei_block *block = parei_blocks_take_spare(&a->state->blocks, least);
    if (block == NULL) {
        void *object = parei_arena_alloc_longer(a, size, align);
        if (object != NULL) return object;
        pare_status status = parei_blocks_take_new(&a->state->blocks, least, least, &block);
        if (status != PARE_OK) return parei_arena_refuse(a, status);
    }
    return parei_arena_alloc_in(a, block, size, align);
}

/* The same, but what is only retained never is the cause of a refusal. */
static void *parei_arena_alloc_pressed(pare_arena *a, size_t size, size_t align) {
    pare_status before = a->status;
    void *object = parei_arena_alloc_beyond(a, size, align);
    if (object != NULL || a->state->blocks.spare_bytes == 0) return object;
    parei_blocks_trim(&a->state->blocks);
    a->status = before;
    return parei_arena_alloc_beyond(a, size, align);
}

void *parei_arena_serve(pare_arena *a, size_t size, size_t align) {
    if (a->state == NULL || !a->state->unpooled) {
        void *object = parei_arena_alloc_here(a, size, align);
        if (object != NULL) return object;
    }
    if (a->state == NULL) {
        pare_status status = parei_arena_open(a, &parei_arena_defaults);
        if (status != PARE_OK) return parei_arena_refuse(a, status);
        return parei_arena_serve(a, size, align);
    }
    if (a->state->unpooled) return parei_arena_alloc_alone(a, size, align);
    return parei_arena_alloc_pressed(a, size, align);
}

/* What the arena's mode does with a fresh object. */
static void parei_arena_ready(pare_arena *a, char *object, size_t size) {
    if (parei_arena_is_watched(a)) parei_mark_undefined(object, size);
    if (!parei_arena_is_guarded(a)) return;
    memset(object, PAREI_ARENA_FRESH, size);
    a->state->guards = parei_guard_set(a->state->guards, object, size);
}

static void *parei_arena_alloc_checked(pare_arena *a, size_t size, size_t align, const void *site) {
    size = parei_max_size(size, 1);
    if (!parei_arena_enter(a, site)) return NULL;
    void *object = NULL;
    if (parei_alloc_valid(size, align)) {
        object = parei_arena_serve(a, size, align);
        if (object != NULL) parei_arena_ready(a, object, size);
    } else {
        parei_arena_refuse(a, PARE_ERR_ARGUMENT);
    }
    parei_arena_leave(a);
    return object;
}

void *parei_arena_alloc_slow(pare_arena *a, size_t size, size_t align) {
    return parei_arena_alloc_checked(a, size, align, PAREI_SITE());
}

/* The address from which on bytes at `object`, a fresh one, are known to be zero. */
static uintptr_t parei_arena_zeros(const pare_arena *a, const char *object) {
    const parei_arena_state *s = a->state;
    if (s == NULL || parei_arena_is_guarded(a)) return UINTPTR_MAX;
    bool here = object >= parei_arena_start(a, s->current) && object < parei_arena_top(a);
    return (uintptr_t)(here ? s->current->zero_from : s->list->zero_from);
}

void *pare_arena_alloc_zeroed(pare_arena *a, size_t size, size_t align) {
    size = parei_max_size(size, 1);
    char *object = parei_arena_alloc_any(a, size, align);
    if (object == NULL) return NULL;
    uintptr_t zeros = parei_arena_zeros(a, object);
    if (parei_arena_is_watched(a)) parei_mark_defined(object, size);
    if (zeros > (uintptr_t)object) {
        memset(object, 0, parei_min_size(size, zeros - (uintptr_t)object));
    }
    return object;
}

void *pare_arena_dup(pare_arena *a, const void *bytes, size_t size, size_t align) {
    if (bytes == NULL && size > 0) return parei_arena_refuse(a, PARE_ERR_ARGUMENT);
    void *copy = parei_arena_alloc_any(a, size, align);
    if (copy != NULL && size > 0) memcpy(copy, bytes, size);
    return copy;
}

char *pare_arena_strndup(pare_arena *a, const char *text, size_t length) {
    if (text == NULL && length > 0) return parei_arena_refuse(a, PARE_ERR_ARGUMENT);
    char *copy = pare_arena_alloc(a, parei_sum(length, 1), 1);
    if (copy == NULL) return NULL;
    if (length > 0) memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

#ifndef PARE_NO_LIBC
char *pare_arena_printf(pare_arena *a, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    char *text = NULL;
    size_t room = parei_min_size((size_t)(a->end - a->ptr), INT_MAX);
    int errno_before = errno;
    int length = vsnprintf(a->ptr, room, format, arguments);
    /* What did not fit was written behind the position all the same. */
    if (room > 0 && a->state != NULL && (length < 0 || (size_t)length >= room)) {
        parei_block_used_to(a->state->current, a->ptr + room);
    }
    if (length < 0) {
        parei_arena_refuse(a, PARE_ERR_FORMAT);
    } else {
        text = pare_arena_alloc(a, (size_t)length + 1, 1);
        if (text != NULL && (size_t)length >= room) {
            vsnprintf(text, (size_t)length + 1, format, again);
        }
    }
    errno = errno_before;
    va_end(again);
    va_end(arguments);
    return text;
}
#endif

/* --- queries ----------------------------------------------------------------------------- */

static pare_arena_block_info parei_arena_info(const pare_arena *a, parei_block *block, bool spare) {
    const parei_arena_state *s = a->state;
    char *start = parei_arena_start(a, block), *end = parei_arena_end(a, block);
    const char *top = spare ? start : parei_arena_block_top(a, block);
    bool array = block == &s->array;
    return (pare_arena_block_info){
        .address = array ? (void *)start : (void *)block,
        .block_bytes = array ? (size_t)(end - start) : block->cap,
        .live_bytes = (size_t)(top - start),
        .room_bytes = top < end && !s->unpooled ? (size_t)(end - top) : 0,
        .current = block == s->current && !spare,
        .side = block == s->side && !spare,
        .spare = spare,
    };
}

void pare_arena_visit(const pare_arena *a,
                      void (*visit)(void *ctx, const pare_arena_block_info *block), void *ctx) {
    parei_arena_check(a);
    pare_arena_block_info info;
    if (a->state == NULL) {
        if (a->array == NULL) return;
        info = (pare_arena_block_info){.address = a->array, .current = 1};
        info.live_bytes = (size_t)(a->ptr - a->array);
        info.room_bytes = (size_t)(a->end - a->ptr);
        info.block_bytes = info.live_bytes + info.room_bytes;
        visit(ctx, &info);
        return;
    }
    for (parei_block *block = a->state->list; block != NULL; block = block->next) {
        info = parei_arena_info(a, block, false);
        visit(ctx, &info);
    }
    for (parei_block *block = a->state->blocks.spares; block != NULL; block = block->next) {
        info = parei_arena_info(a, block, true);
        visit(ctx, &info);
    }
}

typedef struct parei_arena_sums {
    size_t block_bytes, live_bytes, room_bytes, blocks;
} parei_arena_sums;

static void parei_arena_sum(void *ctx, const pare_arena_block_info *block) {
    parei_arena_sums *sums = ctx;
    sums->block_bytes += block->block_bytes;
    sums->live_bytes += block->live_bytes;
    if (block->current || block->side || block->spare) sums->room_bytes += block->room_bytes;
    sums->blocks++;
}

pare_arena_stats pare_arena_get_stats(const pare_arena *a) {
    parei_arena_sums sums = {0};
    pare_arena_visit(a, parei_arena_sum, &sums);
    pare_arena_stats stats = {
        .live_bytes = sums.live_bytes,
        .room_bytes = sums.room_bytes,
        .waste_bytes = sums.block_bytes - sums.live_bytes - sums.room_bytes,
    };
    if (a->state == NULL) return stats;
    const parei_blocks *b = &a->state->blocks;
    stats.blocks = sums.blocks - (a->array != NULL);
    stats.held_bytes = b->held_bytes;
    stats.peak_bytes = b->peak_bytes;
    stats.retained_bytes = b->spare_bytes;
    stats.allocs = b->allocs;
    stats.frees = b->frees;
    stats.resizes = b->resizes;
    stats.total_bytes = b->total_bytes;
    return stats;
}

typedef struct parei_arena_reader {
    void (*show)(void *ctx, const char *line);
    void *ctx;
} parei_arena_reader;

static void parei_arena_dump_block(void *ctx, const pare_arena_block_info *block) {
    const parei_arena_reader *reader = ctx;
    parei_line line = {0};
    parei_line_text(&line, "  block ");
    parei_line_address(&line, block->address);
    parei_line_text(&line, ": ");
    parei_line_count(&line, block->block_bytes, " bytes, ");
    parei_line_count(&line, block->live_bytes, " live, ");
    parei_line_count(&line, block->room_bytes, " room");
    if (block->current) parei_line_text(&line, ", current");
    if (block->side) parei_line_text(&line, ", side");
    if (block->spare) parei_line_text(&line, ", spare");
    reader->show(reader->ctx, line.text);
}

static void parei_arena_dump_figures(const pare_arena *a, const parei_arena_reader *reader) {
    pare_arena_stats stats = pare_arena_get_stats(a);
    parei_line line = {0};
    parei_line_text(&line, "  bytes: ");
    parei_line_count(&line, stats.live_bytes, " live, ");
    parei_line_count(&line, stats.room_bytes, " room, ");
    parei_line_count(&line, stats.waste_bytes, " waste; ");
    parei_line_count(&line, stats.held_bytes, " held, ");
    parei_line_count(&line, stats.retained_bytes, " retained, ");
    parei_line_count(&line, stats.peak_bytes, " peak");
    reader->show(reader->ctx, line.text);
    line = (parei_line){0};
    parei_line_text(&line, "  blocks: ");
    parei_line_count(&line, stats.blocks, "; ");
    parei_line_count(&line, stats.allocs, " allocs, ");
    parei_line_count(&line, stats.frees, " frees, ");
    parei_line_count(&line, stats.resizes, " resizes, ");
    parei_line_count(&line, stats.total_bytes, " bytes in total");
    reader->show(reader->ctx, line.text);
}

void pare_arena_dump(const pare_arena *a, void (*show)(void *ctx, const char *line), void *ctx) {
    parei_arena_reader reader = {show, ctx};
    parei_line line = {0};
    parei_line_text(&line, "arena ");
    parei_line_address(&line, a);
    if (a->state != NULL && a->state->name != NULL) {
        parei_line_text(&line, " ");
        parei_line_text(&line, a->state->name);
    }
    show(ctx, line.text);
    parei_arena_dump_figures(a, &reader);
    pare_arena_visit(a, parei_arena_dump_block, &reader);
}
