/* rewind.c - the way back in an arena: marks and scopes, rewind, reset and deinit of pare/arena.h.
 *
 * A mark is the current block, the position in it, and the youngest block's serial; to rewind is to
 * take off the list what has a higher serial and to make the mark's block current again. A dead
 * mark is known by its block, which either left the list or came back with a higher serial; in a
 * hardened arena by its trace, which lies in the arena and went with what was rewound.
 * SPDX-License-Identifier: MIT */
#include "pare/arena.h"
#include "internal/rewind.h"
#include "internal/bits.h"
#include "internal/blocks.h"
#include "internal/check.h"
#include "internal/guard.h"

enum { PAREI_ARENA_DROPPED = 0xDD }; /* what hardened arenas fill dropped memory with */

/* Of a hardened arena: the trace of a mark that is not dead, in memory from before its position. */
typedef struct parei_arena_mark {
    struct parei_arena_mark *older;
    uint64_t id;
} parei_arena_mark;

typedef struct parei_arena_drop {
    struct parei_arena_drop *older;
    void (*drop)(void *ctx);
    void *ctx;
} parei_arena_drop;

static const char parei_arena_name[] = "arena";

/* --- going back -------------------------------------------------------------------------- */

static void parei_arena_fill_dropped(const pare_arena *a, char *from, const char *to) {
    if (parei_arena_is_guarded(a)) memset(from, PAREI_ARENA_DROPPED, (size_t)(to - from));
}

void parei_arena_lower_top(pare_arena *a, char *top) {
    char *before = parei_arena_top(a);
    parei_arena_state *s = a->state;
    if (s != NULL && before > s->current->zero_from) s->current->zero_from = before;
    parei_arena_fill_dropped(a, top, before);
    if (parei_arena_is_watched(a)) {
        parei_mark_noaccess(top, (size_t)(parei_arena_end(a, s->current) - top));
    }
    parei_arena_set_top(a, top);
}

/* Takes the blocks with a higher serial off the list, but for `except`. */
static void parei_arena_drop_blocks(pare_arena *a, uint64_t serial, const parei_block *except) {
    parei_arena_state *s = a->state;
    s->current->top = parei_arena_top(a);
    while (s->list->serial > serial) {
        parei_block *block = s->list;
        s->list = block->next;
        if (block == except) continue;
        parei_arena_fill_dropped(a, parei_arena_start(a, block), block->top);
        parei_blocks_drop(&s->blocks, block);
    }
}

/* Makes the position (block, top) again; younger blocks are off the list already. */
static void parei_arena_return_to(pare_arena *a, parei_block *block, char *top) {
    parei_arena_set_current(a, block, block->top);
    if (top < block->top) {
        parei_arena_lower_top(a, top);
    } else {
        parei_arena_set_top(a, top); /* where an object was kept */
    }
}

/* Calls what was to be called on the way back to `oldest`. Each leaves the list before its call. */
static void parei_arena_call_drops(pare_arena *a, const parei_arena_drop *oldest) {
    while (a->drops != NULL && a->drops != oldest) {
        parei_arena_drop *d = a->drops;
        a->drops = d->older;
        d->drop(d->ctx);
    }
}

/* Checks what lies behind each object that is younger than `oldest`. */
static void parei_arena_check_guards(pare_arena *a, const parei_guard *oldest, const void *site) {
    while (a->state != NULL && a->state->guards != NULL && a->state->guards != oldest) {
        const void *damaged = parei_guard_check(&a->state->guards);
        if (damaged != NULL) {
            parei_misuse(parei_arena_name, "write past the end of an object", a, damaged, site);
        }
    }
}

/* The oldest block, which holds the first object. */
static parei_block *parei_arena_oldest(const pare_arena *a) {
    return a->array != NULL ? &a->state->array : a->state->blocks.home;
}

static void parei_arena_drop_all(pare_arena *a, const void *site) {
    parei_arena_state *s = a->state;
    a->status = PARE_OK;
    a->epoch++;
    if (s == NULL) { /* there were callbacks */
        a->ptr = a->array;
        a->mark = NULL;
        return;
    }
    size_t used_bytes = s->blocks.held_bytes - s->blocks.spare_bytes;
    parei_block *oldest = parei_arena_oldest(a);
    s->mark = NULL;
    s->reset_at = site;
    parei_arena_drop_blocks(a, 0, NULL);
    parei_arena_return_to(a, oldest, parei_arena_start(a, oldest));
    if (!s->unpooled) parei_blocks_settle(&s->blocks, used_bytes);
}

/* Whether a reset has nothing to call, to check or to give back: the warm arena that fits into one
 * block. Worth a way of its own, a fifth of the instructions, since requests may be short. */
static bool parei_arena_is_plain(const pare_arena *a) {
    const parei_arena_state *s = a->state;
    if (a->drops != NULL || s == NULL) return a->drops == NULL;
    return s->list->serial == 0 && s->closed == NULL && !s->blocks.adaptive &&
           s->blocks.allocs == s->blocks.settled_allocs;
}

void pare_arena_reset(pare_arena *a) {
    const void *site = PAREI_SITE();
    if (parei_arena_is_plain(a)) {
        parei_block *block = a->state != NULL ? a->state->current : NULL;
        if (block != NULL && a->ptr > block->zero_from) block->zero_from = a->ptr;
        a->ptr = block != NULL ? parei_arena_start(a, block) : a->array;
        a->mark = NULL;
        a->status = PARE_OK;
        a->epoch++;
        return;
    }
    if (!parei_arena_enter(a, site)) return;
    parei_arena_call_drops(a, NULL);
    parei_arena_check_guards(a, NULL, site);
    parei_arena_drop_all(a, site);
    parei_arena_leave(a);
}

/* An arena that called for callbacks or blocks. */
static PAREI_COLD void parei_arena_deinit_all(pare_arena *a, const void *site) {
    if (!parei_arena_enter(a, site)) return;
    parei_arena_call_drops(a, NULL);
    parei_arena_check_guards(a, NULL, site);
    parei_arena_state *s = a->state;
    if (s != NULL) {
        parei_arena_drop_blocks(a, 0, NULL);
        parei_blocks_trim(&s->blocks);
        if (a->array != NULL && s->blocks.watched) {
            parei_mark_undefined(a->array, (size_t)(s->array_end - a->array));
        }
        parei_blocks blocks = s->blocks; /* its home goes with it */
        if (blocks.home != NULL) parei_blocks_free(&blocks, blocks.home);
    }
    *a = (pare_arena){0};
}

void pare_arena_deinit(pare_arena *a) {
    if (a->state == NULL && a->drops == NULL) {
        *a = (pare_arena){0};
    } else {
        parei_arena_deinit_all(a, PAREI_SITE());
    }
}

/* --- marks ------------------------------------------------------------------------------- */

/* Hardened: leaves a trace of the mark in the arena, which goes when the mark is dead. False: there
 * was no memory for it, and the mark is checked as in any arena. */
static bool parei_arena_leave_trace(pare_arena *a) {
    parei_arena_state *s = a->state;
    pare_status before = a->status;
    parei_arena_mark *trace =
        parei_arena_find(a, sizeof(parei_arena_mark), _Alignof(parei_arena_mark));
    a->status = before;
    if (trace == NULL) return false;
    if (parei_arena_is_watched(a)) parei_mark_undefined(trace, sizeof *trace);
    *trace = (parei_arena_mark){s->mark, ++s->mark_id};
    s->mark = trace;
    return true;
}

pare_arena_pos pare_arena_mark(pare_arena *a) {
    pare_arena_pos pos = {.arena = a, .drops = a->drops, .epoch = a->epoch};
    parei_arena_state *s = a->state;
    if (!parei_arena_enter(a, PAREI_SITE())) return pos;
    if (s != NULL) {
        pos.traced = s->hardened && parei_arena_leave_trace(a);
        pos.id = s->mark_id;
        pos.guards = s->guards;
        pos.block = s->current;
        pos.serial = s->serial;
    }
    pos.ptr = a->mark = parei_arena_top(a);
    parei_arena_leave(a);
    return pos;
}

/* Completes a mark that was made before there was state: it lies in the oldest block. */
static void parei_arena_complete_mark(const pare_arena *a, pare_arena_pos *to) {
    if (a->state == NULL || to->block != NULL) return;
    to->block = parei_arena_oldest(a);
    if (to->ptr == NULL) to->ptr = parei_arena_start(a, to->block);
}

/* Whether the trace of the mark is still there. */
static bool parei_arena_has_trace(const parei_arena_state *s, uint64_t id) {
    const parei_arena_mark *trace = s->mark;
    while (trace != NULL && trace->id > id) trace = trace->older;
    return trace != NULL && trace->id == id;
}

/* NULL if `to` is a position that `a` can go back to, else what is wrong with it. */
static const char *parei_arena_misuse_of(const pare_arena *a, const pare_arena_pos *to) {
    static const char *const dead = "mark that was rewound past";
    const parei_arena_state *s = a->state;
    if (to->arena != a) return "mark of another arena";
    if (to->epoch != a->epoch) return "mark from before a reset";
    if (s == NULL) return to->block != NULL || to->ptr > a->ptr ? dead : NULL;
    if (to->traced && !parei_arena_has_trace(s, to->id)) return dead;

    const parei_block *block = s->list;
    while (block != NULL && block != to->block) block = block->next;
    if (block == NULL || block->serial > to->serial) return dead;
    return to->ptr > parei_arena_block_top(a, block) ? dead : NULL;
}

/* Whether `to` may be gone back to; else it is reported, with the call that killed it if known. */
static bool parei_arena_accepts(const pare_arena *a, pare_arena_pos *to, const void *site) {
    const char *marked = to->ptr;
    const parei_arena_state *s = a->state;
    if (to->arena == a) parei_arena_complete_mark(a, to);
    const char *misuse = parei_arena_misuse_of(a, to);
    if (misuse == NULL) return true;
    bool hardened = s != NULL && s->hardened && to->arena == a;
    const void *earlier = !hardened ? NULL : to->epoch != a->epoch ? s->reset_at : s->rewound_at;
    parei_misuse_after(parei_arena_name, misuse, a, marked, site, earlier);
    return false;
}

/* Runs callbacks and checks the guards of what is about to be dropped. */
static void parei_arena_prepare(pare_arena *a, const pare_arena_pos *to, const void *site) {
    parei_arena_state *s = a->state;
    parei_arena_call_drops(a, to->drops);
    if (s == NULL) return;
    s->rewound_at = site;
    while (s->mark != NULL && s->mark->id > to->id) s->mark = s->mark->older;
    parei_arena_check_guards(a, to->guards, site);
}

void pare_arena_rewind(pare_arena *a, pare_arena_pos to) {
    const void *site = PAREI_SITE();
    if (!parei_arena_accepts(a, &to, site) || !parei_arena_enter(a, site)) return;
    parei_arena_prepare(a, &to, site);
    if (a->state != NULL) {
        parei_arena_drop_blocks(a, to.serial, NULL);
        parei_arena_return_to(a, to.block, to.ptr);
    } else {
        a->ptr = to.ptr;
    }
    a->mark = to.ptr;
    parei_arena_leave(a);
}

/* The block in use that `object` lies in. */
static parei_block *parei_arena_block_of(const pare_arena *a, const char *object) {
    parei_block *block = a->state->list;
    while (object < parei_arena_start(a, block) || object >= parei_arena_block_top(a, block)) {
        block = block->next;
        PAREI_ASSERT(block != NULL);
    }
    return block;
}

/* Goes back to `to`, keeping the block of `object`, at the start of which the object then lies. */
static void *parei_arena_keep_block(pare_arena *a, const pare_arena_pos *to, char *object,
                                    size_t size, size_t align) {
    parei_arena_state *s = a->state;
    parei_block *block = parei_arena_block_of(a, object);
    PAREI_ASSERT(block->serial > to->serial);
    parei_arena_drop_blocks(a, to->serial, block);
    parei_arena_return_to(a, to->block, to->ptr);

    char *start = parei_arena_start(a, block);
    char *kept = s->unpooled ? object : start + parei_padding(start, align);
    if (parei_arena_is_watched(a)) parei_mark_defined(kept, size);
    memmove(kept, object, size);
    char *top = s->unpooled ? block->top : kept + parei_arena_extent(a, size);
    if (block->top > block->zero_from) block->zero_from = block->top;
    if (parei_arena_is_watched(a) && top < block->top) {
        parei_mark_noaccess(kept + size, (size_t)(block->top - (kept + size)));
    }
    block->top = top;
    parei_arena_push(s, block);
    const char *end = parei_arena_end(a, block);
    if (!s->unpooled && end - top > parei_arena_end(a, s->current) - parei_arena_top(a)) {
        s->current->top = parei_arena_top(a);
        parei_arena_set_current(a, block, top);
    }
    return kept;
}

void *pare_arena_rewind_keep(pare_arena *a, pare_arena_pos to, void *object, size_t size,
                             size_t align) {
    const void *site = PAREI_SITE();
    size = parei_max_size(size, 1);
    if (object == NULL) {
        pare_arena_rewind(a, to);
        return NULL;
    }
    if (!parei_arena_accepts(a, &to, site) || !parei_arena_enter(a, site)) return object;
    parei_arena_prepare(a, &to, site);

    char *kept = NULL;
    if (a->state == NULL) {
        kept = to.ptr + parei_padding(to.ptr, align);
        memmove(kept, object, size);
        a->ptr = kept + parei_arena_extent(a, size);
    } else {
        const char *end = parei_arena_end(a, to.block);
        kept = a->state->unpooled ? NULL : parei_arena_fit(a, to.ptr, end, size, align);
        if (kept != NULL) {
            /* Before blocks go: the object may lie in one of them. */
            if (parei_arena_is_watched(a)) parei_mark_defined(kept, size);
            memmove(kept, object, size);
            parei_arena_drop_blocks(a, to.serial, NULL);
            char *top = kept + parei_arena_extent(a, size);
            parei_arena_return_to(a, to.block, top);
            if (parei_arena_is_watched(a)) {
                parei_mark_noaccess(kept + size, (size_t)(top - (kept + size)));
            }
        } else {
            kept = parei_arena_keep_block(a, &to, object, size, align);
        }
        if (parei_arena_is_guarded(a)) {
            a->state->guards = parei_guard_set(a->state->guards, kept, size);
        }
    }
    a->mark = a->state == NULL || a->state->current == to.block ? to.ptr : NULL;
    parei_arena_leave(a);
    return kept;
}

pare_status pare_arena_on_drop(pare_arena *a, void (*drop)(void *ctx), void *ctx) {
    parei_arena_drop *d = PARE_ARENA_NEW(a, parei_arena_drop);
    if (d == NULL) return a->status;
    *d = (parei_arena_drop){a->drops, drop, ctx};
    a->drops = d;
    return PARE_OK;
}
