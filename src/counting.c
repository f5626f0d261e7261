/* counting.c - the contract is in pare/counting.h.
 * SPDX-License-Identifier: MIT */
#include "pare/counting.h"
#include "internal/bits.h"
#include "internal/check.h"

void pare_counting_init(pare_counting *c, pare_allocator from) {
    *c = (pare_counting){.from = from};
}

void pare_counting_deinit(pare_counting *c) { *c = (pare_counting){0}; }

/* A live block went from `before` to `after` bytes; 0 is no block. */
static void parei_counting_move(pare_counting_stats *s, size_t before, size_t after) {
    if (after > before) s->total_bytes += after - before;
    s->live_bytes += after - before; /* unsigned: wraps to a difference */
    s->peak_bytes = parei_max_size(s->peak_bytes, s->live_bytes);
}

static pare_status parei_counting_alloc(void *ctx, size_t size, size_t align, unsigned flags,
                                        pare_span *out) {
    pare_counting *c = ctx;
    pare_status status = pare_alloc_span(c->from, size, align, flags, out);
    if (status != PARE_OK) {
        c->stats.refusals++;
        return status;
    }
    c->stats.allocs++;
    parei_counting_move(&c->stats, 0, out->cap);
    return PARE_OK;
}

static pare_status parei_counting_resize(void *ctx, pare_span *block, size_t new_size, size_t align,
                                         unsigned flags) {
    pare_counting *c = ctx;
    size_t cap_before = block->cap;
    pare_status status = pare_resize_span(c->from, block, new_size, align, flags);
    if (status != PARE_OK) {
        c->stats.refusals++;
        return status;
    }
    c->stats.resizes++;
    parei_counting_move(&c->stats, cap_before, block->cap);
    return PARE_OK;
}

static void parei_counting_free(void *ctx, pare_span block, size_t align) {
    pare_counting *c = ctx;
    pare_free_span(c->from, block, align);
    c->stats.frees++;
    parei_counting_move(&c->stats, block.cap, 0);
}

static const struct pare_allocator_vtable parei_counting_vtable = {
    .size = sizeof(struct pare_allocator_vtable),
    .alloc = parei_counting_alloc,
    .resize = parei_counting_resize,
    .free = parei_counting_free,
};

pare_allocator pare_counting_allocator(pare_counting *c) {
    return (pare_allocator){&parei_counting_vtable, c};
}

pare_counting_stats pare_counting_get_stats(const pare_counting *c) { return c->stats; }
