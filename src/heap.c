/* heap.c - the contract is in pare/heap.h.
 *
 * malloc_usable_size tells of bytes that the compiler believes are not there: it knows what was
 * asked of malloc, and _FORTIFY_SOURCE=3 aborts on a write beyond that. Every pointer is therefore
 * laundered, so that its size is unknown to the optimiser, link-time optimisation included.
 * SPDX-License-Identifier: MIT */
#include "pare/heap.h"
#include "internal/bits.h"
#include "internal/check.h"

#ifdef PARE_NO_LIBC

static pare_status parei_heap_alloc(void *ctx, size_t size, size_t align, unsigned flags,
                                    pare_span *out) {
    (void)ctx, (void)size, (void)align, (void)flags, (void)out;
    return PARE_ERR_MEMORY;
}

static const struct pare_allocator_vtable parei_heap_vtable = {
    .size = sizeof(struct pare_allocator_vtable),
    .alloc = parei_heap_alloc,
};

#else

#include <errno.h>
#include <stdlib.h>
#if defined(_WIN32) || defined(__linux__)
#include <malloc.h>
#elif defined(__APPLE__)
#include <malloc/malloc.h>
#endif

/* What malloc aligns to by itself. */
#define PAREI_HEAP_ALIGN _Alignof(max_align_t)

static void *parei_heap_launder(void *ptr) {
#if defined(__GNUC__) || defined(__clang__)
    __asm__("" : "+r"(ptr));
#endif
    return ptr;
}

/* The bytes that the block at `ptr` really has; `size` where the platform cannot tell. */
static size_t parei_heap_usable(void *ptr, size_t size, size_t align) {
#if defined(_WIN32)
    return align > PAREI_HEAP_ALIGN ? size : _msize(ptr);
#elif defined(__linux__)
    (void)align, (void)size;
    return malloc_usable_size(ptr);
#elif defined(__APPLE__)
    (void)align, (void)size;
    return malloc_size(ptr);
#else
    (void)ptr, (void)align;
    return size;
#endif
}

static void *parei_heap_take_aligned(size_t size, size_t align) {
#if defined(_WIN32)
    return _aligned_malloc(size, align);
#else
    /* C11 wants the size to be a multiple of the alignment. That it fits was checked by alloc. */
    return aligned_alloc(align, parei_align_up(size, align));
#endif
}

static void *parei_heap_take(size_t size, size_t align, unsigned flags) {
    if (align > PAREI_HEAP_ALIGN) {
        void *ptr = parei_heap_take_aligned(size, align);
        if (ptr != NULL && (flags & PARE_ZEROED) != 0) memset(ptr, 0, size);
        return ptr;
    }
    /* C promises an alignment only to blocks that can hold an object of it. */
    size = parei_max_size(size, align);
    return (flags & PARE_ZEROED) != 0 ? calloc(1, size) : malloc(size);
}

/* The cap of a block of which the first `zero_from` bytes are the caller's or zero already. */
static size_t parei_heap_cap(void *ptr, size_t size, size_t align, unsigned flags,
                             size_t zero_from) {
    size_t cap = (flags & PARE_EXACT) != 0 ? size : parei_heap_usable(ptr, size, align);
    if ((flags & PARE_ZEROED) != 0 && cap > zero_from) {
        memset((char *)ptr + zero_from, 0, cap - zero_from);
    }
    return cap;
}

static pare_status parei_heap_alloc(void *ctx, size_t size, size_t align, unsigned flags,
                                    pare_span *out) {
    (void)ctx;
    int errno_before = errno;
    void *ptr = parei_heap_launder(parei_heap_take(size, align, flags));
    if (ptr == NULL) {
        errno = errno_before;
        return PARE_ERR_MEMORY;
    }
    *out = (pare_span){ptr, parei_heap_cap(ptr, size, align, flags, size)};
    return PARE_OK;
}

/* In place only as far as the block already reaches: C has no realloc that stays. */
static pare_status parei_heap_resize(void *ctx, pare_span *block, size_t new_size, size_t align,
                                     unsigned flags) {
    (void)ctx;
    void *ptr = block->ptr;
    size_t cap_before = block->cap;
    if (new_size <= cap_before || new_size > parei_heap_usable(ptr, cap_before, align)) {
        if ((flags & PARE_MAY_MOVE) == 0 || align > PAREI_HEAP_ALIGN) return PARE_ERR_MEMORY;

        int errno_before = errno;
        ptr = parei_heap_launder(realloc(ptr, parei_max_size(new_size, align)));
        if (ptr == NULL) {
            errno = errno_before;
            return PARE_ERR_MEMORY;
        }
    }
    *block = (pare_span){ptr, parei_heap_cap(ptr, new_size, align, flags, cap_before)};
    return PARE_OK;
}

static void parei_heap_free(void *ctx, pare_span block, size_t align) {
    (void)ctx, (void)align;
#if defined(_WIN32)
    if (align > PAREI_HEAP_ALIGN) {
        _aligned_free(block.ptr);
        return;
    }
#endif
    free(block.ptr);
}

static const struct pare_allocator_vtable parei_heap_vtable = {
    .size = sizeof(struct pare_allocator_vtable),
    .alloc = parei_heap_alloc,
    .resize = parei_heap_resize,
    .free = parei_heap_free,
};

#endif /* PARE_NO_LIBC */

const struct pare_allocator_vtable *parei_default_vtable(void) { return &parei_heap_vtable; }
