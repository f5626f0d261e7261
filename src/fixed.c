/* fixed.c - the contract is in pare/fixed.h.
 *
 * A block is the newest one when it ends where `used` ends; nothing else is remembered.
 * SPDX-License-Identifier: MIT */
#include "pare/fixed.h"
#include "internal/bits.h"
#include "internal/check.h"

static void parei_fixed_check(const pare_fixed *f) {
    PAREI_ASSERT(f->used <= f->peak);
    PAREI_ASSERT(f->peak <= f->capacity);
    PAREI_ASSERT(f->base != NULL || f->capacity == 0);
    (void)f;
}

void pare_fixed_init(pare_fixed *f, void *array, size_t capacity) {
    *f = (pare_fixed){.base = array, .capacity = array != NULL ? capacity : 0};
    parei_fixed_check(f);
}

void pare_fixed_reset(pare_fixed *f) {
    parei_fixed_check(f);
    f->used = 0;
}

void pare_fixed_deinit(pare_fixed *f) { *f = (pare_fixed){0}; }

static void parei_fixed_set_used(pare_fixed *f, size_t used) {
    f->used = used;
    f->peak = parei_max_size(f->peak, used);
    parei_fixed_check(f);
}

static pare_status parei_fixed_alloc(void *ctx, size_t size, size_t align, unsigned flags,
                                     pare_span *out) {
    pare_fixed *f = ctx;
    size_t room = f->capacity - f->used;
    if (room < size) return PARE_ERR_MEMORY; /* also the only case of base NULL */
    char *ptr = f->base + f->used;
    size_t padding = parei_padding(ptr, align);
    if (padding > room - size) return PARE_ERR_MEMORY;

    ptr += padding;
    if ((flags & PARE_ZEROED) != 0) memset(ptr, 0, size);
    parei_fixed_set_used(f, f->used + padding + size);
    *out = (pare_span){ptr, size};
    return PARE_OK;
}

/* Where `block` starts in the array, if it is the newest one; otherwise SIZE_MAX. */
static size_t parei_fixed_newest(const pare_fixed *f, pare_span block) {
    size_t start = (size_t)((uintptr_t)block.ptr - (uintptr_t)f->base);
    return start <= f->used && f->used - start == block.cap ? start : SIZE_MAX;
}

static pare_status parei_fixed_resize(void *ctx, pare_span *block, size_t new_size, size_t align,
                                      unsigned flags) {
    pare_fixed *f = ctx;
    size_t start = parei_fixed_newest(f, *block);
    (void)align;
    if (start == SIZE_MAX || new_size > f->capacity - start) return PARE_ERR_MEMORY;

    if ((flags & PARE_ZEROED) != 0 && new_size > block->cap) {
        memset((char *)block->ptr + block->cap, 0, new_size - block->cap);
    }
    parei_fixed_set_used(f, start + new_size);
    block->cap = new_size;
    return PARE_OK;
}

static void parei_fixed_free(void *ctx, pare_span block, size_t align) {
    pare_fixed *f = ctx;
    size_t start = parei_fixed_newest(f, block);
    (void)align;
    if (start != SIZE_MAX) parei_fixed_set_used(f, start);
}

static const struct pare_allocator_vtable parei_fixed_vtable = {
    .size = sizeof(struct pare_allocator_vtable),
    .alloc = parei_fixed_alloc,
    .resize = parei_fixed_resize,
    .free = parei_fixed_free,
};

pare_allocator pare_fixed_allocator(pare_fixed *f) {
    return (pare_allocator){&parei_fixed_vtable, f};
}

pare_allocator pare_none(void) {
    static pare_fixed empty; /* of no capacity, so no call can change it */
    return pare_fixed_allocator(&empty);
}

pare_fixed_stats pare_fixed_get_stats(const pare_fixed *f) {
    parei_fixed_check(f);
    return (pare_fixed_stats){
        .capacity_bytes = f->capacity,
        .live_bytes = f->used,
        .peak_bytes = f->peak,
    };
}
