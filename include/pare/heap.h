/* pare/heap.h - the C library's heap as an allocator: malloc, realloc, free.
 *
 * Memory   A block's cap is all that malloc really gave (malloc_usable_size) where the platform
 *          tells, unless PARE_EXACT. Blocks of an alignment up to that of max_align_t may be
 *          passed to free(), so that a detached string can cross into code that knows no pare.
 * Threads  Any, as malloc.
 * Limits   Without a C library (PARE_NO_LIBC) every call is refused with PARE_ERR_MEMORY.
 * SPDX-License-Identifier: MIT */
#ifndef PARE_HEAP_H
#define PARE_HEAP_H
#include "pare/alloc.h"
PARE_BEGIN_DECLS

/* The allocator that a zeroed pare_allocator stands for. */
PAREI_INLINE pare_allocator pare_heap(void) {
    pare_allocator a;
    a.vtable = parei_default_vtable();
    a.ctx = NULL;
    return a;
}

PARE_END_DECLS
#endif
