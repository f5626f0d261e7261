/* bufpool.c - the contract is in pare/bufpool.h; classes, the budget and trims are here.
 *
 * A stack holds buffers of exactly its class's size, so it is one of plain pointers, and a hit
 * reads the size from the class. Buffers of other sizes, the odd ones, lie apart with their sizes,
 * in reach of slow calls only.
 *
 * What is charged to the budget is every slot open to puts, full or not, at the size of its class,
 * and every odd buffer at its own. Hits move buffers in and out of slots that are paid for; only
 * slow calls open and close slots, so what is kept can never pass the budget.
 *
 * The allocator is called only while the pool is whole, and nothing read before such a call is
 * trusted after it: an allocator under pressure may trim the pool, or even get and put.
 * SPDX-License-Identifier: MIT */
#include "pare/bufpool.h"
#include "internal/bits.h"
#include "internal/check.h"
#include "internal/classes.h"
#include "internal/order.h"
#include "internal/trims.h"

#define PAREI_BUFPOOL_FIRST_SLOTS ((size_t)7) /* and the NULL before them: 64 bytes */
#define PAREI_BUFPOOL_LINE ((size_t)64)       /* a cache line: rows begin at one */

/* What else there is of a class: its odd buffers, larger than it and smaller than the next. */
typedef struct parei_bufpool_shelf {
    pare_span *odd;
    size_t odd_capacity;
    size_t odd_count;
    size_t odd_idle; /* of these, the oldest, that no get needed since the trim before */
    size_t odd_bytes;
    uint64_t misses, dropped; /* of the class */
} parei_bufpool_shelf;

/* One block: this, the rows, the shelves, the caps. */
typedef struct parei_bufpool_state {
    size_t block_bytes;
    parei_bufpool_class *rows;
    parei_bufpool_shelf *shelves; /* by row */
    parei_classes classes;
    size_t align;
    size_t retain_bytes;
    size_t charged_bytes; /* invariant: the sum over shelves, and at most retain_bytes */
    size_t overhead_bytes;
    parei_trims trims;
    bool wipe;
    bool watched;
    uint64_t oversize, refusals;
    uint64_t dropped[PAREI_FATE_KEPT]; /* by fate */
    uint64_t allocs, frees, total_bytes;
} parei_bufpool_state;

static const char parei_bufpool_name[] = "bufpool";

/* --- rows -------------------------------------------------------------------------------- */

/* The oldest slot of a stack; NULL, as top and lo are then, if there is none. */
static void **parei_bufpool_base(const parei_bufpool_class *c) {
    return c->stack != NULL ? c->stack + 1 : NULL;
}

/* How many buffers a stack holds. */
static size_t parei_bufpool_count(const parei_bufpool_class *c) {
    return (size_t)(c->top - parei_bufpool_base(c));
}

static void parei_bufpool_check(const pare_bufpool *b) {
#ifdef PARE_CHECKED
    const parei_bufpool_state *s = b->state;
    PAREI_ASSERT((s == NULL) == (b->classes == NULL));
    if (s == NULL) return;
    size_t charged_bytes = 0;
    for (size_t row = s->classes.first; row < s->classes.end; row++) {
        const parei_bufpool_class *c = &s->rows[row];
        const parei_bufpool_shelf *shelf = &s->shelves[row];
        PAREI_ASSERT(parei_bufpool_base(c) <= c->lo);
        PAREI_ASSERT(c->lo <= c->top);
        PAREI_ASSERT(parei_bufpool_count(c) <= c->slot_count);
        PAREI_ASSERT(c->slot_count <= c->slot_capacity);
        PAREI_ASSERT(c->hi == NULL || c->hi == c->stack + 1 + c->slot_count);
        PAREI_ASSERT(shelf->odd_idle <= shelf->odd_count);
        PAREI_ASSERT(shelf->odd_count <= shelf->odd_capacity);
        charged_bytes += c->slot_count * c->cap + shelf->odd_bytes;
    }
    PAREI_ASSERT(charged_bytes == s->charged_bytes);
    PAREI_ASSERT(charged_bytes <= s->retain_bytes);
#else
    (void)b;
#endif
}

/* --- memory ------------------------------------------------------------------------------ */

static pare_status parei_bufpool_alloc(pare_bufpool *b, size_t size, size_t align, unsigned flags,
                                       pare_span *out) {
    pare_status status = pare_alloc_span(b->from, size, align, flags, out);
    if (status != PARE_OK) return status;
    b->state->allocs++;
    b->state->total_bytes += out->cap;
    return PARE_OK;
}

static void parei_bufpool_free(pare_bufpool *b, pare_span block, size_t align) {
    if (block.cap == 0) return;
    b->state->frees++;
    pare_free_span(b->from, block, align);
}

/* Gives back a buffer that is in no stack any more. */
static void parei_bufpool_release(pare_bufpool *b, pare_span buffer) {
    if (b->state->watched) parei_mark_undefined(buffer.ptr, buffer.cap);
    parei_bufpool_free(b, buffer, b->state->align);
}

static pare_span parei_bufpool_stack_block(const parei_bufpool_class *c) {
    if (c->stack == NULL) return (pare_span){NULL, 0};
    return (pare_span){c->stack, (c->slot_capacity + 1) * sizeof(void *)};
}

static pare_span parei_bufpool_odd_block(const parei_bufpool_shelf *shelf) {
    return (pare_span){shelf->odd, shelf->odd_capacity * sizeof(pare_span)};
}

/* --- lifetime ---------------------------------------------------------------------------- */

/* Takes the state, if there is none. */
static pare_status parei_bufpool_open(pare_bufpool *b, const pare_bufpool_options *o) {
    if (b->state != NULL) return PARE_OK;
    parei_bufpool_state plan = {.classes = parei_classes_plan(o),
                                .align = parei_classes_align(o),
                                .trims = parei_trims_every(o->trim_ms),
                                .wipe = (o->flags & PARE_WIPE) != 0,
                                .watched = parei_watched()};
    size_t count = plan.classes.end;
    size_t rows_offset = parei_align_up(sizeof plan, PAREI_BUFPOOL_LINE);
    size_t shelves_offset = rows_offset + count * sizeof(parei_bufpool_class);
    size_t caps_offset = shelves_offset + count * sizeof(parei_bufpool_shelf);
    plan.block_bytes = caps_offset + count * sizeof(size_t);
    pare_span block;
    pare_status status = pare_alloc_span(b->from, plan.block_bytes, PAREI_BUFPOOL_LINE,
                                         PARE_EXACT | PARE_ZEROED, &block);
    if (status != PARE_OK) return status;
    if (b->state != NULL) { /* the allocator got or put a buffer */
        pare_free_span(b->from, block, PAREI_BUFPOOL_LINE);
        return PARE_OK;
    }

    parei_bufpool_state *s = block.ptr;
    *s = plan;
    s->rows = (parei_bufpool_class *)((char *)block.ptr + rows_offset);
    s->shelves = (parei_bufpool_shelf *)((char *)block.ptr + shelves_offset);
    s->allocs = 1;
    s->total_bytes = s->overhead_bytes = block.cap;
    parei_classes_furnish(&s->classes, o, (size_t *)(void *)((char *)block.ptr + caps_offset));
    for (size_t row = s->classes.first; row < count; row++) s->rows[row].cap = s->classes.caps[row];
    s->retain_bytes = parei_classes_retain_bytes(&s->classes, o);
    b->state = s;
    b->classes = s->rows;
    if (!s->watched) {
        b->end = parei_classes_hit_end(&s->classes, parei_classes_largest(&s->classes));
    }
    parei_bufpool_check(b);
    return PARE_OK;
}

_Static_assert(_Alignof(parei_bufpool_shelf) <= _Alignof(parei_bufpool_class) &&
                   _Alignof(size_t) <= _Alignof(parei_bufpool_shelf),
               "shelves follow rows, and caps follow shelves");

static pare_status parei_bufpool_open_default(pare_bufpool *b) {
    static const pare_bufpool_options defaults = {0};
    return parei_bufpool_open(b, &defaults);
}

pare_status pare_bufpool_init(pare_bufpool *b, pare_allocator from,
                              const pare_bufpool_options *options) {
    pare_bufpool fresh = {.from = from};
    if (options != NULL) {
        if (!parei_classes_options_valid(options)) return PARE_ERR_ARGUMENT;
        pare_status status = parei_bufpool_open(&fresh, options);
        if (status != PARE_OK) return status;
    }
    *b = fresh;
    return PARE_OK;
}

/* --- the budget -------------------------------------------------------------------------- */

/* Opens as many slots of a class to puts; as many of its buffers are kept at most. */
static void parei_bufpool_set_slots(parei_bufpool_state *s, parei_bufpool_class *c,
                                    size_t slot_count) {
    s->charged_bytes -= c->slot_count * c->cap;
    s->charged_bytes += slot_count * c->cap;
    c->slot_count = slot_count;
    c->hi = s->wipe || c->stack == NULL ? NULL : c->stack + 1 + slot_count;
}

/* Whether `bytes` more can be charged, once classes have closed slots that they do not use: the
 * large ones first, since few of those suffice. */
static bool parei_bufpool_afford(parei_bufpool_state *s, size_t bytes) {
    if (bytes > s->retain_bytes) return false;
    for (size_t row = s->classes.end; s->retain_bytes - s->charged_bytes < bytes;) {
        if (row-- == s->classes.first) return false;
        parei_bufpool_class *c = &s->rows[row];
        if (c->slot_count != 0) parei_bufpool_set_slots(s, c, parei_bufpool_count(c));
    }
    return true;
}

/* --- stacks ------------------------------------------------------------------------------ */

/* Doubles a stack; false when memory is refused. */
static bool parei_bufpool_grow(pare_bufpool *b, parei_bufpool_class *c) {
    size_t capacity = parei_max_size(PAREI_BUFPOOL_FIRST_SLOTS, 2 * c->slot_capacity + 1);
    pare_span block;
    if (parei_bufpool_alloc(b, (capacity + 1) * sizeof(void *), _Alignof(void *), PARE_EXACT,
                            &block) != PARE_OK) {
        return false;
    }
    if (capacity <= c->slot_capacity) { /* it has grown meanwhile */
        parei_bufpool_free(b, block, _Alignof(void *));
        return true;
    }

    pare_span before = parei_bufpool_stack_block(c);
    size_t count = parei_bufpool_count(c), idle_count = (size_t)(c->lo - parei_bufpool_base(c));
    void **stack = block.ptr;
    stack[0] = NULL;
    if (count != 0) memcpy(stack + 1, c->stack + 1, count * sizeof(void *));
    c->stack = stack;
    c->slot_capacity = capacity;
    c->top = stack + 1 + count;
    c->lo = stack + 1 + idle_count;
    parei_bufpool_set_slots(b->state, c, c->slot_count);
    b->state->overhead_bytes += block.cap - before.cap;
    parei_bufpool_free(b, before, _Alignof(void *)); /* last: it may call in */
    return true;
}

/* Opens slots to puts: all that the stack has, as far as the budget goes. */
static parei_fate parei_bufpool_make_room(pare_bufpool *b, parei_bufpool_class *c) {
    parei_bufpool_state *s = b->state;
    if (!parei_bufpool_afford(s, c->cap)) return PAREI_FATE_BUDGET;
    if (c->slot_count == c->slot_capacity) {
        if (!parei_bufpool_grow(b, c)) return PAREI_FATE_MEMORY;
        if (!parei_bufpool_afford(s, c->cap)) return PAREI_FATE_BUDGET; /* not as it was above */
    }
    size_t more = parei_min_size(c->slot_capacity - c->slot_count,
                                 (s->retain_bytes - s->charged_bytes) / c->cap);
    parei_bufpool_set_slots(s, c, c->slot_count + more);
    return PAREI_FATE_KEPT;
}

static parei_fate parei_bufpool_push(pare_bufpool *b, parei_bufpool_class *c, void *ptr) {
    while (parei_bufpool_count(c) == c->slot_count) {
        parei_fate fate = parei_bufpool_make_room(b, c);
        if (fate != PAREI_FATE_KEPT) return fate;
    }
    *c->top++ = ptr;
    return PAREI_FATE_KEPT;
}

/* The newest buffer of a class; false if there is none. Going below `lo` says that one more was
 * needed since the trim. */
static bool parei_bufpool_pop(parei_bufpool_class *c, pare_span *out) {
    if (parei_bufpool_count(c) == 0) return false;
    *out = (pare_span){*--c->top, c->cap};
    if (c->lo > c->top) c->lo = c->top;
    return true;
}

static bool parei_bufpool_grow_odd(pare_bufpool *b, parei_bufpool_shelf *shelf) {
    size_t capacity = parei_max_size(4, 2 * shelf->odd_capacity);
    pare_span block;
    if (parei_bufpool_alloc(b, capacity * sizeof(pare_span), _Alignof(pare_span), PARE_EXACT,
                            &block) != PARE_OK) {
        return false;
    }
    if (capacity <= shelf->odd_capacity) {
        parei_bufpool_free(b, block, _Alignof(pare_span));
        return true;
    }

    pare_span before = parei_bufpool_odd_block(shelf);
    if (shelf->odd_count != 0) memcpy(block.ptr, shelf->odd, shelf->odd_count * sizeof(pare_span));
    shelf->odd = block.ptr;
    shelf->odd_capacity = capacity;
    b->state->overhead_bytes += block.cap - before.cap;
    parei_bufpool_free(b, before, _Alignof(pare_span));
    return true;
}

static parei_fate parei_bufpool_push_odd(pare_bufpool *b, parei_bufpool_shelf *shelf,
                                         pare_span buffer) {
    while (shelf->odd_count == shelf->odd_capacity) {
        if (!parei_bufpool_grow_odd(b, shelf)) return PAREI_FATE_MEMORY;
    }
    if (!parei_bufpool_afford(b->state, buffer.cap)) return PAREI_FATE_BUDGET;
    shelf->odd[shelf->odd_count++] = buffer;
    shelf->odd_bytes += buffer.cap;
    b->state->charged_bytes += buffer.cap;
    return PAREI_FATE_KEPT;
}

static bool parei_bufpool_pop_odd(parei_bufpool_state *s, parei_bufpool_shelf *shelf,
                                  pare_span *out) {
    if (shelf->odd_count == 0) return false;
    *out = shelf->odd[--shelf->odd_count];
    shelf->odd_idle = parei_min_size(shelf->odd_idle, shelf->odd_count);
    shelf->odd_bytes -= out->cap;
    s->charged_bytes -= out->cap;
    return true;
}

/* --- trim and deinit --------------------------------------------------------------------- */

static void parei_bufpool_report(const pare_bufpool *b, const void *address, const void *site) {
    parei_misuse(parei_bufpool_name, address != NULL ? "double put" : "put of NULL", b, address,
                 site);
}

/* Drops entries that were put twice, and reports each when all is whole again: the handler may
 * longjmp, or call in. Leaves the stack sorted by address. */
static void parei_bufpool_audit(pare_bufpool *b, parei_bufpool_class *c, const void *site) {
    for (;;) {
        size_t count = parei_bufpool_count(c);
        if (count == 0) return;
        parei_items items = {(char *)(c->stack + 1), count, sizeof(void *)};
        size_t index = parei_items_stray(items);
        if (index == count) return;
        void *address = c->stack[1 + index];
        parei_items_remove(items, index);
        c->top--;
        if (c->lo > c->top) c->lo = c->top;
        parei_bufpool_report(b, address, site);
    }
}

static void parei_bufpool_audit_odd(pare_bufpool *b, parei_bufpool_shelf *shelf, const void *site) {
    for (;;) {
        if (shelf->odd_count == 0) return;
        parei_items items = {(char *)shelf->odd, shelf->odd_count, sizeof(pare_span)};
        size_t index = parei_items_stray(items);
        if (index == shelf->odd_count) return;
        pare_span stray = shelf->odd[index], last;
        parei_items_remove(items, index);
        shelf->odd[shelf->odd_count - 1] = stray; /* taken off as if it were the newest */
        parei_bufpool_pop_odd(b->state, shelf, &last);
        parei_bufpool_report(b, stray.ptr, site);
    }
}

/* Gives a class's stacks back, those that are empty. */
static void parei_bufpool_free_stacks(pare_bufpool *b, parei_bufpool_class *c,
                                      parei_bufpool_shelf *shelf) {
    pare_span stack = {NULL, 0}, odd = {NULL, 0};
    if (parei_bufpool_count(c) == 0) {
        stack = parei_bufpool_stack_block(c);
        c->stack = c->top = c->lo = NULL;
        c->slot_capacity = 0;
        parei_bufpool_set_slots(b->state, c, 0);
    }
    if (shelf->odd_count == 0) {
        odd = parei_bufpool_odd_block(shelf);
        shelf->odd = NULL;
        shelf->odd_capacity = 0;
    }
    b->state->overhead_bytes -= stack.cap + odd.cap;
    parei_bufpool_free(b, stack, _Alignof(void *));
    parei_bufpool_free(b, odd, _Alignof(pare_span));
}

/* Each buffer is off its stack before the allocator is called. */
static void parei_bufpool_trim_class(pare_bufpool *b, size_t row, bool all, const void *site) {
    parei_bufpool_state *s = b->state;
    parei_bufpool_class *c = &s->rows[row];
    parei_bufpool_shelf *shelf = &s->shelves[row];
    size_t idle_count = all ? SIZE_MAX : (size_t)(c->lo - parei_bufpool_base(c));
    size_t odd_idle = all ? SIZE_MAX : shelf->odd_idle;
    pare_span buffer;
    parei_bufpool_audit(b, c, site);
    parei_bufpool_audit_odd(b, shelf, site);
    while (idle_count-- > 0 && parei_bufpool_pop(c, &buffer)) parei_bufpool_release(b, buffer);
    while (odd_idle-- > 0 && parei_bufpool_pop_odd(s, shelf, &buffer)) {
        parei_bufpool_release(b, buffer);
    }
    if (all) parei_bufpool_free_stacks(b, c, shelf);

    c->lo = c->top;
    shelf->odd_idle = shelf->odd_count;
    parei_bufpool_set_slots(s, c, parei_bufpool_count(c));
}

static void parei_bufpool_trim_classes(pare_bufpool *b, bool all, const void *site) {
    const parei_bufpool_state *s = b->state;
    for (size_t row = s->classes.first; row < s->classes.end; row++) {
        parei_bufpool_trim_class(b, row, all, site);
    }
    parei_bufpool_check(b);
}

void pare_bufpool_trim(pare_bufpool *b, uint64_t now_ms, int level) {
    parei_bufpool_state *s = b->state;
    parei_bufpool_check(b);
    if (s == NULL) return;
    if (level == PARE_TRIM_SURPLUS && !parei_trims_due(&s->trims, now_ms)) return;
    parei_bufpool_trim_classes(b, level != PARE_TRIM_SURPLUS, PAREI_SITE());
}

void pare_bufpool_deinit(pare_bufpool *b) {
    parei_bufpool_check(b);
    if (b->state != NULL) parei_bufpool_trim_classes(b, true, PAREI_SITE());
    pare_allocator from = b->from;
    pare_span block = {b->state, b->state != NULL ? b->state->block_bytes : 0};
    *b = (pare_bufpool){0}; /* before the allocator can call in */
    pare_free_span(from, block, PAREI_BUFPOOL_LINE);
}

/* --- get and put ------------------------------------------------------------------------- */

static pare_status parei_bufpool_fresh(pare_bufpool *b, size_t size, unsigned flags,
                                       uint64_t *counter, pare_span *out) {
    if (b->state->wipe) flags |= PARE_ZEROED;
    pare_status status =
        parei_bufpool_alloc(b, size, b->state->align, (flags & PARE_ZEROED) | PARE_EXACT, out);
    if (status == PARE_OK) ++*counter;
    return status;
}

/* A buffer for `size` >= 1, or why not. An odd one only if `odd`; with PARE_ZEROED all zero. */
static pare_status parei_bufpool_take(pare_bufpool *b, size_t size, bool odd, unsigned flags,
                                      pare_span *out) {
    pare_status status = parei_bufpool_open_default(b);
    if (status != PARE_OK) return status;
    parei_bufpool_state *s = b->state;
    size_t row = parei_classes_serving(&s->classes, size);
    if (row == s->classes.end) return parei_bufpool_fresh(b, size, flags, &s->oversize, out);
    parei_bufpool_class *c = &s->rows[row];
    parei_bufpool_shelf *shelf = &s->shelves[row];
    if (!parei_bufpool_pop(c, out) && !(odd && parei_bufpool_pop_odd(s, shelf, out))) {
        return parei_bufpool_fresh(b, c->cap, flags, &shelf->misses, out);
    }
    c->hits++;
    if (s->wipe) {
        if (s->watched) parei_mark_defined(out->ptr, out->cap); /* zeros */
    } else {
        if (s->watched) parei_mark_undefined(out->ptr, out->cap);
        if ((flags & PARE_ZEROED) != 0) memset(out->ptr, 0, out->cap);
    }
    return PARE_OK;
}

static void parei_bufpool_refuse(pare_bufpool *b, pare_status status) {
    b->status = status;
    if (b->state != NULL) b->state->refusals++;
}

pare_span parei_bufpool_get_slow(pare_bufpool *b, size_t size) {
    pare_span out = {NULL, 0};
    parei_bufpool_check(b);
    if (size == 0) {
        b->status = PARE_OK;
        return out;
    }
    pare_status status = parei_bufpool_take(b, size, true, 0, &out);
    if (status != PARE_OK) parei_bufpool_refuse(b, status);
    parei_bufpool_check(b);
    return out;
}

/* Whether a buffer that a class can serve is known to be kept already: the newest is looked at, or
 * all of its class while memory is watched. */
static bool parei_bufpool_is_kept(const parei_bufpool_state *s, size_t row, const void *ptr) {
    const parei_bufpool_class *c = &s->rows[row];
    const parei_bufpool_shelf *shelf = &s->shelves[row];
    size_t count = parei_bufpool_count(c), look = s->watched ? SIZE_MAX : 1;
    for (size_t i = 0; i < parei_min_size(look, count); i++) {
        if (c->stack[count - i] == ptr) return true;
    }
    for (size_t i = 0; i < parei_min_size(look, shelf->odd_count); i++) {
        if (shelf->odd[shelf->odd_count - 1 - i].ptr == ptr) return true;
    }
    return false;
}

static parei_fate parei_bufpool_keep(pare_bufpool *b, size_t row, pare_span buffer) {
    parei_bufpool_state *s = b->state;
    parei_fate fate = buffer.cap == s->rows[row].cap
                          ? parei_bufpool_push(b, &s->rows[row], buffer.ptr)
                          : parei_bufpool_push_odd(b, &s->shelves[row], buffer);
    if (fate == PAREI_FATE_KEPT && s->watched) parei_mark_noaccess(buffer.ptr, buffer.cap);
    return fate;
}

void parei_bufpool_put_slow(pare_bufpool *b, pare_span buffer) {
    parei_bufpool_check(b);
    if (buffer.ptr == NULL || buffer.cap == 0) {
        if (buffer.ptr == NULL && buffer.cap == 0) return;
        const char *kind = buffer.ptr == NULL ? "put of NULL" : "put without a size";
        parei_misuse(parei_bufpool_name, kind, b, buffer.ptr, PAREI_SITE());
        return;
    }
    if (parei_bufpool_open_default(b) != PARE_OK) {
        pare_free_span(b->from, buffer, PAREI_CLASSES_ALIGN);
        return;
    }

    parei_bufpool_state *s = b->state;
    parei_fate fate = parei_classes_fit(&s->classes, buffer.cap);
    bool fits = fate == PAREI_FATE_KEPT;
    size_t row = fits ? parei_classes_filing(&s->classes, buffer.cap) : s->classes.end;
    if (fits && parei_bufpool_is_kept(s, row, buffer.ptr)) {
        parei_bufpool_report(b, buffer.ptr, PAREI_SITE());
        return;
    }
    if (s->wipe) parei_wipe(buffer.ptr, buffer.cap);
    if (fits) fate = parei_bufpool_keep(b, row, buffer);
    if (fate != PAREI_FATE_KEPT) {
        s->dropped[fate]++;
        if (fits) s->shelves[row].dropped++;
        parei_bufpool_free(b, buffer, s->align);
    }
    parei_bufpool_check(b);
}

/* --- queries ----------------------------------------------------------------------------- */

pare_bufpool_class_stats pare_bufpool_get_class_stats(const pare_bufpool *b, size_t index) {
    const parei_bufpool_state *s = b->state;
    if (s == NULL || index >= s->classes.end - s->classes.first) {
        return (pare_bufpool_class_stats){0};
    }
    const parei_bufpool_class *c = &s->rows[s->classes.first + index];
    const parei_bufpool_shelf *shelf = &s->shelves[s->classes.first + index];
    size_t count = parei_bufpool_count(c);
    return (pare_bufpool_class_stats){
        .class_bytes = c->cap,
        .hits = c->hits,
        .misses = shelf->misses,
        .dropped = shelf->dropped,
        .retained_count = count + shelf->odd_count,
        .retained_bytes = count * c->cap + shelf->odd_bytes,
    };
}

pare_bufpool_stats pare_bufpool_get_stats(const pare_bufpool *b) {
    const parei_bufpool_state *s = b->state;
    parei_bufpool_check(b);
    if (s == NULL) return (pare_bufpool_stats){0};
    pare_bufpool_stats stats = {
        .oversize = s->oversize,
        .refusals = s->refusals,
        .dropped_small = s->dropped[PAREI_FATE_SMALL],
        .dropped_large = s->dropped[PAREI_FATE_LARGE],
        .dropped_budget = s->dropped[PAREI_FATE_BUDGET],
        .dropped_memory = s->dropped[PAREI_FATE_MEMORY],
        .retain_bytes = s->retain_bytes,
        .overhead_bytes = s->overhead_bytes,
        .class_count = s->classes.end - s->classes.first,
        .allocs = s->allocs,
        .frees = s->frees,
        .total_bytes = s->total_bytes,
    };
    for (size_t i = 0; i < stats.class_count; i++) {
        pare_bufpool_class_stats class_stats = pare_bufpool_get_class_stats(b, i);
        stats.hits += class_stats.hits;
        stats.misses += class_stats.misses;
        stats.retained_count += class_stats.retained_count;
        stats.retained_bytes += class_stats.retained_bytes;
    }
    return stats;
}

/* --- as an allocator ---------------------------------------------------------------------- */

/* Blocks are always of a class's size, or above all classes: what size to give back must follow
 * from the cap alone, which PARE_EXACT makes smaller. So odd buffers are not served here. */

static size_t parei_bufpool_align(const pare_bufpool *b) {
    return b->state != NULL ? b->state->align : PAREI_CLASSES_ALIGN;
}

static pare_status parei_bufpool_block_alloc(void *ctx, size_t size, size_t align, unsigned flags,
                                             pare_span *out) {
    pare_bufpool *b = ctx;
    pare_span block = {NULL, 0};
    if (align > parei_bufpool_align(b)) return pare_alloc_span(b->from, size, align, flags, out);
    pare_status status = parei_bufpool_take(b, size, false, flags, &block);
    if (status != PARE_OK) {
        parei_bufpool_refuse(b, status);
        return status;
    }
    if ((flags & PARE_EXACT) != 0) block.cap = size;
    *out = block;
    return PARE_OK;
}

static pare_status parei_bufpool_block_resize(void *ctx, pare_span *block, size_t new_size,
                                              size_t align, unsigned flags) {
    pare_bufpool *b = ctx;
    const parei_bufpool_state *s = b->state;
    if (align > parei_bufpool_align(b)) {
        return pare_resize_span(b->from, block, new_size, align, flags);
    }
    if (s == NULL) return PARE_ERR_MEMORY; /* no block of ours */
    return parei_classes_resize(&s->classes, b->from, s->align, block, new_size, flags);
}

static void parei_bufpool_block_free(void *ctx, pare_span block, size_t align) {
    pare_bufpool *b = ctx;
    if (align > parei_bufpool_align(b)) {
        pare_free_span(b->from, block, align);
        return;
    }
    if (b->state != NULL) block.cap = parei_classes_true_cap(&b->state->classes, block.cap);
    pare_bufpool_put(b, block);
}

static const struct pare_allocator_vtable parei_bufpool_vtable = {
    .size = sizeof(struct pare_allocator_vtable),
    .alloc = parei_bufpool_block_alloc,
    .resize = parei_bufpool_block_resize,
    .free = parei_bufpool_block_free,
};

pare_allocator pare_bufpool_allocator(pare_bufpool *b) {
    return (pare_allocator){&parei_bufpool_vtable, b};
}
