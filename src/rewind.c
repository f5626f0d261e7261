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
#include "internal/extend.h"
#include "internal/guard.h"

enum { PAREI_ARENA_STALE = 0xDD }; /* what hardened arenas fill memory without objects with */

/* Of a hardened arena: the trace of a mark that is not dead, in memory from before its position. */
typedef struct parei_arena_trace {
    struct parei_arena_trace *older;
    uint64_t id;
    const char *top; /* the position behind it ... */
    uint64_t serial; /* ... and the youngest block's serial then */
} parei_arena_trace;

typedef struct parei_arena_callback {
    struct parei_arena_callback *older;
    void (*call)(void *ctx);
    void *ctx;
} parei_arena_callback;

/* --- going back -------------------------------------------------------------------------- */

static void parei_arena_fill_stale(const pare_arena *a, char *from, const char *to) {
    if (parei_arena_is_guarded(a)) memset(from, PAREI_ARENA_STALE, (size_t)(to - from));
}

void parei_arena_lower_top(pare_arena *a, char *top) {
    char *before = parei_arena_top(a);
    parei_arena_state *s = a->state;
    if (s != NULL) parei_block_used_to(s->current, before);
    parei_arena_fill_stale(a, top, before);
    if (parei_arena_is_watched(a)) {
        parei_mark_noaccess(top, (size_t)(parei_arena_end(a, s->current) - top));
    }
    parei_arena_set_top(a, top);
}

/* Takes the blocks with a higher serial off the list, but for `except`. */
static void parei_arena_release_blocks(pare_arena *a, uint64_t serial, const parei_block *except) {
    parei_arena_state *s = a->state;
    s->current->top = parei_arena_top(a);
    while (s->list->serial > serial) {
        parei_block *block = s->list;
        s->list = block->next;
        if (block == except) continue;
        parei_arena_fill_stale(a, parei_arena_start(a, block), block->top);
        parei_blocks_retire(&s->blocks, block);
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

/* Calls what is younger than `oldest`. Each leaves the list before its call. */
static void parei_arena_run_callbacks(pare_arena *a, const parei_arena_callback *oldest) {
    while (a->callbacks != NULL && a->callbacks != oldest) {
        parei_arena_callback *c = a->callbacks;
        a->callbacks = c->older;
        c->call(c->ctx);
    }
}

/* Checks what lies behind each object that is younger than `oldest`, which is not lost where the
 * way to it leads through a damaged guard. */
static void parei_arena_check_guards(pare_arena *a, parei_guard *oldest, const void *site) {
    parei_arena_state *s = a->state;
    while (s != NULL && s->guards != NULL && s->guards != oldest) {
        const void *damaged = parei_guard_check(&s->guards);
        if (damaged == NULL) continue;
        if (s->guards == NULL) s->guards = oldest;
        parei_arena_report_within(a, "write past the end of an object", damaged, site);
    }
}

/* The oldest block, which holds the first object. */
static parei_block *parei_arena_oldest(const pare_arena *a) {
    return a->array != NULL ? &a->state->array : a->state->blocks.home;
}

static void parei_arena_release_all(pare_arena *a, const void *site) {
    parei_arena_state *s = a->state;
    a->status = PARE_OK;
    a->epoch++;
    if (s == NULL) { /* there were callbacks */
        a->ptr = a->array;
        a->floor = NULL;
        return;
    }
    size_t used_bytes = s->blocks.held_bytes - s->blocks.spare_bytes;
    parei_block *oldest = parei_arena_oldest(a);
    s->traces = NULL;
    s->side = NULL;
    s->reset_at = site;
    parei_arena_release_blocks(a, 0, NULL);
    parei_arena_return_to(a, oldest, parei_arena_start(a, oldest));
    if (!s->unpooled) parei_blocks_settle(&s->blocks, used_bytes);
}

/* Whether a reset has nothing to call, to check or to give back: the warm arena that fits into one
 * block. Worth a way of its own, a fifth of the instructions, since requests may be short. */
static bool parei_arena_is_plain(const pare_arena *a) {
    const parei_arena_state *s = a->state;
    if (a->callbacks != NULL || s == NULL) return a->callbacks == NULL;
    return s->list->serial == 0 && s->closed == NULL && !s->blocks.adaptive &&
           s->blocks.allocs == s->blocks.settled_allocs;
}

static PAREI_NOINLINE void parei_arena_reset_all(pare_arena *a, const void *site) {
    if (!parei_arena_enter(a, site)) return;
    parei_arena_run_callbacks(a, NULL);
    parei_arena_check_guards(a, NULL, site);
    parei_arena_release_all(a, site);
    parei_arena_leave(a);
}

void pare_arena_reset(pare_arena *a) {
    if (!parei_arena_is_plain(a)) {
        parei_arena_reset_all(a, PAREI_SITE());
        return;
    }
    parei_block *block = a->state != NULL ? a->state->current : NULL;
    if (block != NULL) parei_block_used_to(block, a->ptr);
    a->ptr = block != NULL ? parei_arena_start(a, block) : a->array;
    a->floor = NULL;
    a->status = PARE_OK;
    a->epoch++;
}

/* An arena that called for callbacks or blocks. */
static PAREI_COLD void parei_arena_deinit_all(pare_arena *a, const void *site) {
    if (!parei_arena_enter(a, site)) return;
    parei_arena_run_callbacks(a, NULL);
    parei_arena_check_guards(a, NULL, site);
    parei_arena_state *s = a->state;
    if (s != NULL) {
        parei_arena_release_blocks(a, 0, NULL);
        parei_blocks_trim(&s->blocks);
        if (a->array != NULL && s->blocks.watched) {
            parei_mark_undefined(a->array, (size_t)(s->array_end - a->array));
        }
        parei_blocks blocks = s->blocks; /* its home goes with it */
        if (blocks.home != NULL) parei_blocks_free(&blocks, blocks.home);
    }
    *a = (pare_arena){0};
}

/* Where neither was called for, most words are zero already, and are not written. */
void pare_arena_deinit(pare_arena *a) {
    if (a->state != NULL || a->callbacks != NULL) {
        parei_arena_deinit_all(a, PAREI_SITE());
        return;
    }
    a->ptr = a->end = a->array = NULL;
    a->from = (pare_allocator){0};
    if (a->floor == NULL && a->epoch == 0 && a->status == PARE_OK) return;
    a->floor = NULL;
    a->epoch = 0;
    a->status = PARE_OK;
}

/* --- marks ------------------------------------------------------------------------------- */

/* Whether nothing was allocated since the youngest trace was left: so a loop of scopes leaves one
 * trace, not many. */
static bool parei_arena_is_traced(const pare_arena *a) {
    const parei_arena_state *s = a->state;
    return s->traces != NULL && s->traces->top == parei_arena_top(a) &&
           s->traces->serial == s->list->serial;
}

/* Hardened: leaves a trace of the mark in the arena, which goes when the mark is dead. False: there
 * was no memory for it, and the mark is checked as in any arena. */
static bool parei_arena_leave_trace(pare_arena *a) {
    parei_arena_state *s = a->state;
    if (parei_arena_is_traced(a)) return true;
    pare_status before = a->status;
    parei_arena_trace *trace =
        parei_arena_serve(a, sizeof(parei_arena_trace), _Alignof(parei_arena_trace));
    a->status = before;
    if (trace == NULL) return false;
    if (parei_arena_is_watched(a)) parei_mark_undefined(trace, sizeof *trace);
    *trace = (parei_arena_trace){s->traces, s->trace_id + 1, parei_arena_top(a), s->list->serial};
    s->traces = trace;
    s->trace_id++;
    return true;
}

pare_arena_pos pare_arena_mark(pare_arena *a) {
    pare_arena_pos pos = {.arena = a, .callbacks = a->callbacks, .epoch = a->epoch};
    parei_arena_state *s = a->state;
    if (!parei_arena_enter(a, PAREI_SITE())) return (pare_arena_pos){0};
    if (s != NULL) {
        pos.traced = s->hardened && parei_arena_leave_trace(a);
        pos.id = s->traces != NULL ? s->traces->id : 0;
        pos.guards = s->guards;
        pos.block = s->current;
        pos.serial = s->serial;
        if (s->side != NULL) parei_arena_mark_side(a, &pos);
    }
    pos.ptr = a->floor = parei_arena_top(a);
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
    const parei_arena_trace *trace = s->traces;
    while (trace != NULL && trace->id > id) trace = trace->older;
    return trace != NULL && trace->id == id;
}

/* Whether `block` has been in use since a mark with `serial`. */
static bool parei_arena_kept(const parei_arena_state *s, const parei_block *block,
                             uint64_t serial) {
    const parei_block *b = s->list;
    while (b != NULL && b != block) b = b->next;
    return b != NULL && b->serial <= serial;
}

/* NULL if `to` is a position that `a` can go back to, else what is wrong with it. */
static const char *parei_arena_misuse_of(const pare_arena *a, const pare_arena_pos *to) {
    static const char *const dead = "mark that was rewound past";
    const parei_arena_state *s = a->state;
    if (to->arena != a) return "mark of another arena";
    if (to->epoch != a->epoch) return "mark from before a reset";
    if (s == NULL) return to->block != NULL || to->ptr > a->ptr ? dead : NULL;
    if (to->traced && !parei_arena_has_trace(s, to->id)) return dead;

    if (!parei_arena_kept(s, to->block, to->serial)) return dead;
    if (to->side != NULL && !parei_arena_kept(s, to->side, to->serial)) return dead;
    return to->ptr > parei_arena_block_top(a, to->block) ? dead : NULL;
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
    parei_arena_report(a, misuse, marked, site, earlier);
    return false;
}

/* Runs callbacks and checks the guards of what is about to be dropped. */
static void parei_arena_begin_rewind(pare_arena *a, const pare_arena_pos *to, const void *site) {
    parei_arena_state *s = a->state;
    parei_arena_run_callbacks(a, to->callbacks);
    if (s == NULL) return;
    s->rewound_at = site;
    while (s->traces != NULL && s->traces->id > to->id) s->traces = s->traces->older;
    parei_arena_check_guards(a, to->guards, site);
}

/* Makes the position `top` in the mark's block, keeping the block `except`. */
static void parei_arena_go_back(pare_arena *a, const pare_arena_pos *to, char *top,
                                const parei_block *except) {
    if (a->state == NULL) {
        a->ptr = top;
        return;
    }
    parei_arena_release_blocks(a, to->serial, except);
    parei_arena_return_to(a, to->block, top);
    if (a->state->side != NULL || to->side != NULL) parei_arena_return_side(a, to);
}

/* Whether the mark is good, and on the way back to it there is nothing to call, to check or to give
 * back: nearly every scope. Worth a way of its own, a fourth of the instructions. */
static bool parei_arena_is_near(const pare_arena *a, const pare_arena_pos *to) {
    const parei_arena_state *s = a->state;
    if (s == NULL || s->closed != NULL || to->arena != a || to->epoch != a->epoch) return false;
    return to->block == s->current && to->ptr <= a->ptr && to->serial >= s->list->serial &&
           to->callbacks == a->callbacks && s->side == NULL && to->side == NULL;
}

void pare_arena_rewind(pare_arena *a, pare_arena_pos to) {
    const void *site = PAREI_SITE();
    if (parei_arena_is_near(a, &to)) {
        parei_block_used_to(a->state->current, a->ptr);
        a->ptr = a->floor = to.ptr;
        return;
    }
    if (!parei_arena_accepts(a, &to, site) || !parei_arena_enter(a, site)) return;
    parei_arena_begin_rewind(a, &to, site);
    parei_arena_go_back(a, &to, to.ptr, NULL);
    a->floor = to.ptr;
    parei_arena_leave(a);
}

/* --- keeping one object -------------------------------------------------------------------- */

parei_block *parei_arena_block_of(const pare_arena *a, const char *object) {
    parei_block *block = a->state->list;
    while (block != NULL &&
           (object < parei_arena_start(a, block) || object >= parei_arena_block_top(a, block))) {
        block = block->next;
    }
    return block;
}

/* NULL, or what is wrong with keeping an object of `size` at `object`. */
static const char *parei_arena_misuse_of_kept(const pare_arena *a, const pare_arena_pos *to,
                                              const char *object, size_t size) {
    static const char *const older = "object from before the mark";
    const char *top = a->ptr;
    if (a->state == NULL) {
        if (object < to->ptr || object >= top) return older;
    } else {
        const parei_block *block = parei_arena_block_of(a, object);
        if (block == NULL) return "foreign pointer";
        bool younger = block->serial > to->serial || block == to->side ||
                       (block == to->block && object >= to->ptr);
        if (!younger) return older;
        top = parei_arena_block_top(a, block);
    }
    return size > (size_t)(top - object) ? "object of another size" : NULL;
}

/* Whether an object of `size` at `object` can be kept; else it is reported. */
static bool parei_arena_accepts_kept(const pare_arena *a, const pare_arena_pos *to,
                                     const char *object, size_t size, const void *site) {
    const char *misuse = parei_arena_misuse_of_kept(a, to, object, size);
    if (misuse != NULL) parei_arena_report(a, misuse, object, site, NULL);
    return misuse == NULL;
}

/* Moves the object's bytes down to `kept`. Returns where the next object goes. */
static char *parei_arena_move_down(const pare_arena *a, char *kept, const char *object,
                                   size_t size) {
    if (parei_arena_is_watched(a)) parei_mark_defined(kept, size);
    memmove(kept, object, size);
    return kept + parei_arena_extent(a, size);
}

/* What lies between the object's end and `to` is nobody's. */
static void parei_arena_close_behind(const pare_arena *a, const char *end, const char *to) {
    if (parei_arena_is_watched(a) && end < to) parei_mark_noaccess(end, (size_t)(to - end));
}

/* Goes back to the mark with the object behind it; NULL, and nothing changed, if its block has no
 * room. The object moves before blocks go, since it may lie in one of them. */
static char *parei_arena_keep_at_mark(pare_arena *a, const pare_arena_pos *to, const char *object,
                                      size_t size, size_t align) {
    const char *end = a->state != NULL ? parei_arena_end(a, to->block) : a->end;
    char *kept = parei_arena_fit(a, to->ptr, end, size, align);
    if (kept == NULL) return NULL;
    char *top = parei_arena_move_down(a, kept, object, size);
    parei_arena_go_back(a, to, top, NULL);
    parei_arena_close_behind(a, kept + size, top);
    return kept;
}

/* The same for an object of the side block that was there at the mark: it stays in it, and does not
 * move where it began before the mark, as a buffer that has grown since then. */
static char *parei_arena_keep_at_side(pare_arena *a, const pare_arena_pos *to, char *object,
                                      size_t size, size_t align) {
    parei_block *side = to->side;
    if (side == NULL || parei_arena_block_of(a, object) != side) return NULL;
    char *kept = to->side_top + parei_padding(to->side_top, align);
    if (object < kept) kept = object;
    parei_block_used_to(side, side->top);
    parei_arena_go_back(a, to, to->ptr, NULL);
    char *top = parei_arena_move_down(a, kept, object, size);
    if (side->top < top) side->top = top;
    return kept;
}

/* Goes back to the mark, keeping the object's block, at the start of which it then lies. */
static char *parei_arena_keep_in_block(pare_arena *a, const pare_arena_pos *to, char *object,
                                       size_t size, size_t align) {
    parei_arena_state *s = a->state;
    parei_block *block = parei_arena_block_of(a, object);
    PAREI_ASSERT(block->serial > to->serial);
    parei_arena_go_back(a, to, to->ptr, block);
    if (s->unpooled) {
        parei_arena_push(s, block);
        return object;
    }
    char *start = parei_arena_start(a, block);
    char *kept = start + parei_padding(start, align), *top_before = block->top;
    parei_block_used_to(block, top_before);
    block->top = parei_arena_move_down(a, kept, object, size);
    parei_arena_close_behind(a, kept + size, top_before);
    parei_arena_push(s, block);
    parei_arena_prefer(a, block);
    return kept;
}

void *pare_arena_rewind_keep(pare_arena *a, pare_arena_pos to, void *object, size_t size,
                             size_t align) {
    const void *site = PAREI_SITE();
    if (object == NULL) {
        pare_arena_rewind(a, to);
        return NULL;
    }
    size = parei_max_size(size, 1);
    if (!parei_arena_accepts(a, &to, site)) return object;
    if (!parei_arena_accepts_kept(a, &to, object, size, site)) return object;
    if (!parei_arena_enter(a, site)) return object;
    parei_arena_begin_rewind(a, &to, site);

    bool unpooled = a->state != NULL && a->state->unpooled;
    char *kept = parei_arena_keep_at_side(a, &to, object, size, align);
    if (kept == NULL && !unpooled) kept = parei_arena_keep_at_mark(a, &to, object, size, align);
    if (kept == NULL) kept = parei_arena_keep_in_block(a, &to, object, size, align);
    if (parei_arena_is_guarded(a)) {
        a->state->guards = parei_guard_set(a->state->guards, kept, size);
    }
    a->floor = a->state == NULL || a->state->current == to.block ? to.ptr : NULL;
    parei_arena_leave(a);
    return kept;
}

/* --- callbacks --------------------------------------------------------------------------- */

pare_status pare_arena_on_drop(pare_arena *a, void (*callback)(void *ctx), void *ctx) {
    parei_arena_callback *c = PARE_ARENA_NEW(a, parei_arena_callback);
    if (c == NULL) return a->status;
    *c = (parei_arena_callback){a->callbacks, callback, ctx};
    a->callbacks = c;
    return PARE_OK;
}
