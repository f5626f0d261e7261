/* alloc.c - what of pare/alloc.h is too long to inline: resize with a fallback.
 * SPDX-License-Identifier: MIT */
#include "pare/alloc.h"
#include "internal/bits.h"
#include "internal/check.h"

void parei_alloc_broken(pare_allocator a, pare_span block, size_t align) {
    const struct pare_allocator_vtable *v = parei_vtable(a);
    parei_misuse("allocator", "block too small or misaligned", v, block.ptr, NULL);
    if (block.ptr != NULL && v->free != NULL) (v->free)(a.ctx, block, align);
}

/* alloc + copy + free: the way that always works, if there is memory for both blocks. */
static pare_status parei_alloc_move(pare_allocator a, pare_span *block, size_t used,
                                    size_t new_size, size_t align, unsigned flags) {
    pare_span moved;
    pare_status status = pare_alloc_span(a, new_size, align, flags & ~PARE_MAY_MOVE, &moved);
    if (status != PARE_OK) return status;

    memcpy(moved.ptr, block->ptr, parei_min_size(used, moved.cap));
    pare_free_span(a, *block, align);
    *block = moved;
    return PARE_OK;
}

pare_status pare_realloc_span(pare_allocator a, pare_span *block, size_t used, size_t new_size,
                              size_t align, unsigned flags) {
    PAREI_ASSERT(used <= block->cap);
    if (!parei_alloc_valid(new_size, align)) return PARE_ERR_ARGUMENT;
    if (block->cap == 0) return pare_alloc_span(a, new_size, align, flags & ~PARE_MAY_MOVE, block);
    if (new_size == 0) {
        pare_free_span(a, *block, align);
        *block = (pare_span){NULL, 0};
        return PARE_OK;
    }

    size_t cap_before = block->cap;
    pare_status status = pare_resize_span(a, block, new_size, align, flags);
    if (status != PARE_ERR_MEMORY || (flags & PARE_MAY_MOVE) == 0) return status;

    /* Bytes from cap_before on are zero by the alloc; those from `used` on are the caller's. */
    return parei_alloc_move(a, block, (flags & PARE_ZEROED) != 0 ? cap_before : used, new_size,
                            align, flags);
}
