/* jemalloc.c - the contract is in pare/jemalloc.h.
 *
 * jemalloc serves size classes. nallocx(n) names the class that n falls into without allocating,
 * and sdallocx may be told any size of the block's own class. A cap is therefore either the class
 * itself or, for PARE_EXACT, a size within it; and a resize has succeeded only if the block is now
 * of the class that its new size falls into.
 * SPDX-License-Identifier: MIT */
#include "pare/jemalloc.h"
#include "internal/bits.h"
#include <errno.h>
#include <jemalloc/jemalloc.h>

static int parei_jemalloc_flags(size_t align, unsigned flags) {
    return MALLOCX_ALIGN(align) | ((flags & PARE_ZEROED) != 0 ? MALLOCX_ZERO : 0);
}

static void *parei_jemalloc_launder(void *ptr) {
#if defined(__GNUC__) || defined(__clang__)
    __asm__("" : "+r"(ptr)); /* an in-place resize changes the size that the compiler knows */
#endif
    return ptr;
}

/* Asks for all of the class, so that PARE_ZEROED covers all of cap. */
static pare_status parei_jemalloc_alloc(void *ctx, size_t size, size_t align, unsigned flags,
                                        pare_span *out) {
    (void)ctx;
    int errno_before = errno, mallocx_flags = parei_jemalloc_flags(align, flags);
    size_t real = nallocx(size, mallocx_flags); /* 0: beyond the largest class */
    size_t cap = (flags & PARE_EXACT) != 0 ? size : real;
    void *ptr = real != 0 ? parei_jemalloc_launder(mallocx(cap, mallocx_flags)) : NULL;
    if (ptr == NULL) {
        errno = errno_before;
        return PARE_ERR_MEMORY;
    }
    *out = (pare_span){ptr, cap};
    return PARE_OK;
}

/* jemalloc zeroes from the old class on; the bytes between the old cap and that are ours to do. */
static pare_status parei_jemalloc_resize(void *ctx, pare_span *block, size_t new_size, size_t align,
                                         unsigned flags) {
    (void)ctx;
    int errno_before = errno, mallocx_flags = parei_jemalloc_flags(align, flags);
    size_t real = nallocx(new_size, mallocx_flags);
    size_t real_before = sallocx(block->ptr, mallocx_flags);
    if (real == 0 || xallocx(block->ptr, real, 0, mallocx_flags) != real) {
        errno = errno_before;
        return PARE_ERR_MEMORY;
    }
    size_t cap = (flags & PARE_EXACT) != 0 ? new_size : real;
    size_t dirty_end = parei_min_size(cap, real_before);
    if ((flags & PARE_ZEROED) != 0 && dirty_end > block->cap) {
        memset((char *)block->ptr + block->cap, 0, dirty_end - block->cap);
    }
    *block = (pare_span){parei_jemalloc_launder(block->ptr), cap};
    return PARE_OK;
}

static void parei_jemalloc_free(void *ctx, pare_span block, size_t align) {
    (void)ctx;
    sdallocx(block.ptr, block.cap, MALLOCX_ALIGN(align));
}

pare_allocator pare_jemalloc(void) {
    static const struct pare_allocator_vtable vtable = {
        .size = sizeof(struct pare_allocator_vtable),
        .alloc = parei_jemalloc_alloc,
        .resize = parei_jemalloc_resize,
        .free = parei_jemalloc_free,
    };
    return (pare_allocator){.vtable = &vtable, .ctx = NULL};
}
