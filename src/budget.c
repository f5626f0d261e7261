/* budget.c - the contract is in pare/budget.h.
 *
 * A request is charged first, budget by budget on the way to the root, each by one compare-and-swap
 * that never passes the limit; only then `from` is asked. A refusal on the way uncharges what was
 * charged. Frees go the other way round: memory first, then the charge, so that what is charged is
 * never less than what is held.
 *
 * The figures are counters and order nothing else, so relaxed atomics are enough. The flag around
 * the callback is the exception: what one run of it wrote, the next one may read on another thread.
 * SPDX-License-Identifier: MIT */
#include "pare/budget.h"
#include "internal/bits.h"
#include "internal/check.h"

/* --- figures ----------------------------------------------------------------------------- */

static size_t parei_budget_load(const size_t *figure) {
    return __atomic_load_n(figure, __ATOMIC_RELAXED);
}

/* Unsigned, so that a difference may be negative. */
static void parei_budget_add(size_t *figure, size_t difference) {
    (void)__atomic_fetch_add(figure, difference, __ATOMIC_RELAXED);
}

static bool parei_budget_swap(size_t *figure, size_t *expected, size_t value) {
    return __atomic_compare_exchange_n(figure, expected, value, true, __ATOMIC_RELAXED,
                                       __ATOMIC_RELAXED);
}

static void parei_budget_raise(size_t *figure, size_t least) {
    size_t value = parei_budget_load(figure);
    while (value < least && !parei_budget_swap(figure, &value, least)) continue;
}

/* A limit as a number to compare with. */
static size_t parei_budget_ceiling(const size_t *limit) {
    size_t bytes = parei_budget_load(limit);
    return bytes != 0 ? bytes : SIZE_MAX;
}

/* --- lifetime ---------------------------------------------------------------------------- */

static const struct pare_allocator_vtable parei_budget_vtable;

pare_status pare_budget_init(pare_budget *b, pare_allocator from,
                             const pare_budget_options *options) {
    pare_budget_options o = {0};
    if (options != NULL) o = *options;
    for (size_t i = 0; i < sizeof o.reserved / sizeof o.reserved[0]; i++) {
        if (o.reserved[i] != 0) return PARE_ERR_ARGUMENT;
    }
    for (const pare_budget *above = o.parent; above != NULL; above = above->parent) {
        if (from.vtable == &parei_budget_vtable && from.ctx == above) return PARE_ERR_ARGUMENT;
    }
    *b = (pare_budget){
        .from = from,
        .parent = o.parent,
        .relief = o.relief,
        .ctx = o.ctx,
        .limit_bytes = o.limit_bytes,
        .soft_bytes = o.soft_bytes,
    };
    if (o.parent != NULL) parei_budget_add(&o.parent->children, 1);
    return PARE_OK;
}

void pare_budget_deinit(pare_budget *b) {
    if (parei_budget_load(&b->live_bytes) != 0) {
        parei_misuse("budget", "deinit with live bytes", b, NULL, PAREI_SITE());
        return;
    }
    if (parei_budget_load(&b->children) != 0) {
        parei_misuse("budget", "deinit with children", b, NULL, PAREI_SITE());
        return;
    }
    if (b->parent != NULL) parei_budget_add(&b->parent->children, (size_t)0 - 1);
    *b = (pare_budget){0};
}

/* --- charging ---------------------------------------------------------------------------- */

/* Charges `b` alone, if it stays within `ceiling`. Returns 0, or how many bytes too many it would
 * have. */
static size_t parei_budget_try(pare_budget *b, size_t bytes, size_t ceiling) {
    size_t live = parei_budget_load(&b->live_bytes);
    do {
        if (bytes > ceiling) return parei_sum(live, bytes - ceiling);
        if (live > ceiling - bytes) return live - (ceiling - bytes);
    } while (!parei_budget_swap(&b->live_bytes, &live, live + bytes));
    return 0;
}

/* Calls back, unless that is going on. Returns whether another try has a chance. */
static bool parei_budget_relieve(pare_budget *b, size_t needed_bytes) {
    if (__atomic_exchange_n(&b->relieving, 1, __ATOMIC_ACQUIRE) != 0) return false;
    size_t live_before = parei_budget_load(&b->live_bytes);
    parei_budget_add(&b->reliefs, 1);
    bool again = b->relief(b->ctx, b, needed_bytes) != 0;
    again = again && parei_budget_load(&b->live_bytes) < live_before;
    __atomic_store_n(&b->relieving, 0, __ATOMIC_RELEASE);
    return again;
}

/* Charges `b` alone. Where not even an empty budget could grant it, nobody is asked for relief. */
static pare_status parei_budget_charge_one(pare_budget *b, size_t bytes) {
    size_t over = 1;
    if (b->relief != NULL && bytes <= parei_budget_ceiling(&b->limit_bytes)) {
        do {
            size_t ceiling = parei_min_size(parei_budget_ceiling(&b->soft_bytes),
                                            parei_budget_ceiling(&b->limit_bytes));
            over = parei_budget_try(b, bytes, ceiling);
        } while (over != 0 && parei_budget_relieve(b, over));
    }
    if (over != 0) over = parei_budget_try(b, bytes, parei_budget_ceiling(&b->limit_bytes));
    if (over == 0) return PARE_OK;
    parei_budget_add(&b->refusals, 1);
    return PARE_ERR_LIMIT;
}

/* Changes what is charged to the budgets from `b` up to `end`, exclusive, without a test. */
static void parei_budget_correct(pare_budget *b, const pare_budget *end, size_t difference) {
    for (; difference != 0 && b != end; b = b->parent) {
        parei_budget_add(&b->live_bytes, difference);
    }
}

/* Charges the path from `b` to its root, or nothing. */
static pare_status parei_budget_charge(pare_budget *b, size_t bytes) {
    for (pare_budget *level = b; level != NULL; level = level->parent) {
        pare_status status = parei_budget_charge_one(level, bytes);
        if (status != PARE_OK) {
            parei_budget_correct(b, level, 0 - bytes);
            return status;
        }
    }
    return PARE_OK;
}

/* PARE_EXACT where a block that turns out larger than asked for could pass a limit. */
static unsigned parei_budget_flags(const pare_budget *b) {
    unsigned flags = 0;
    for (; b != NULL; b = b->parent) {
        if (parei_budget_load(&b->limit_bytes) != 0) flags = PARE_EXACT;
    }
    return flags;
}

/* Counts a grant of `charged` bytes that turned out as `charged + difference`. */
static void parei_budget_granted(pare_budget *b, bool fresh, size_t difference) {
    parei_budget_correct(b, NULL, difference);
    for (; b != NULL; b = b->parent) {
        parei_budget_add(fresh ? &b->allocs : &b->resizes, 1);
        parei_budget_raise(&b->peak_bytes, parei_budget_load(&b->live_bytes));
    }
}

/* --- slots ------------------------------------------------------------------------------- */

static pare_status parei_budget_alloc(void *ctx, size_t size, size_t align, unsigned flags,
                                      pare_span *out) {
    pare_budget *b = ctx;
    pare_status status = parei_budget_charge(b, size);
    if (status != PARE_OK) return status;

    status = pare_alloc_span(b->from, size, align, flags | parei_budget_flags(b), out);
    if (status != PARE_OK) {
        parei_budget_correct(b, NULL, 0 - size);
        return status;
    }
    parei_budget_granted(b, true, out->cap - size);
    return PARE_OK;
}

/* Growth is charged before, what a shrink leaves free only after. */
static pare_status parei_budget_resize(void *ctx, pare_span *block, size_t new_size, size_t align,
                                       unsigned flags) {
    pare_budget *b = ctx;
    size_t cap_before = block->cap;
    size_t added = new_size > cap_before ? new_size - cap_before : 0;
    pare_status status = added > 0 ? parei_budget_charge(b, added) : PARE_OK;
    if (status != PARE_OK) return status;

    status = pare_resize_span(b->from, block, new_size, align, flags | parei_budget_flags(b));
    if (status != PARE_OK) {
        parei_budget_correct(b, NULL, 0 - added);
        return status;
    }
    parei_budget_granted(b, false, block->cap - cap_before - added);
    return PARE_OK;
}

static void parei_budget_free(void *ctx, pare_span block, size_t align) {
    pare_budget *b = ctx;
    if (parei_budget_load(&b->live_bytes) < block.cap) {
        parei_misuse("budget", "foreign pointer", b, block.ptr, PAREI_SITE());
        return;
    }
    pare_free_span(b->from, block, align);
    for (; b != NULL; b = b->parent) {
        PAREI_ASSERT(parei_budget_load(&b->live_bytes) >= block.cap);
        parei_budget_add(&b->live_bytes, 0 - block.cap);
        parei_budget_add(&b->frees, 1);
    }
}

static const struct pare_allocator_vtable parei_budget_vtable = {
    .size = sizeof(struct pare_allocator_vtable),
    .alloc = parei_budget_alloc,
    .resize = parei_budget_resize,
    .free = parei_budget_free,
};

/* --- operations and queries ---------------------------------------------------------------- */

pare_allocator pare_budget_allocator(pare_budget *b) {
    return (pare_allocator){&parei_budget_vtable, b};
}

void pare_budget_set_limit(pare_budget *b, size_t limit_bytes) {
    __atomic_store_n(&b->limit_bytes, limit_bytes, __ATOMIC_RELAXED);
}

void pare_budget_set_soft(pare_budget *b, size_t soft_bytes) {
    __atomic_store_n(&b->soft_bytes, soft_bytes, __ATOMIC_RELAXED);
}

size_t pare_budget_room(const pare_budget *b) {
    size_t room = SIZE_MAX;
    for (; b != NULL; b = b->parent) {
        size_t ceiling = parei_budget_ceiling(&b->limit_bytes);
        size_t live = parei_budget_load(&b->live_bytes);
        if (ceiling != SIZE_MAX)
            room = parei_min_size(room, ceiling - parei_min_size(ceiling, live));
    }
    return room;
}

pare_budget_stats pare_budget_get_stats(const pare_budget *b) {
    return (pare_budget_stats){
        .limit_bytes = parei_budget_load(&b->limit_bytes),
        .soft_bytes = parei_budget_load(&b->soft_bytes),
        .live_bytes = parei_budget_load(&b->live_bytes),
        .peak_bytes = parei_budget_load(&b->peak_bytes),
        .allocs = parei_budget_load(&b->allocs),
        .frees = parei_budget_load(&b->frees),
        .resizes = parei_budget_load(&b->resizes),
        .refusals = parei_budget_load(&b->refusals),
        .reliefs = parei_budget_load(&b->reliefs),
    };
}
