/* pare/alloc.h - one allocator interface: a vtable, a two-word handle, and its inline calls.
 *
 * Every pare type takes a pare_allocator and asks it for blocks; every backend, wrapper and type
 * that hands out memory can be one. A zeroed handle, {0}, is the C library's heap.
 *
 * Sizes    A block has one size, its span's `cap`; that size and no other is given back with it,
 *          so nothing needs headers and counts are exact. A caller who keeps no cap asks with
 *          PARE_EXACT and gets cap == size.
 * Errors   PARE_ERR_MEMORY: the allocator has none, or cannot resize in place. PARE_ERR_LIMIT: a
 *          budget forbids it. PARE_ERR_ARGUMENT: an alignment that is no power of two, or
 *          size + align - 1 above PARE_SIZE_MAX; such calls never reach a vtable, and neither
 *          does size 0. A refused call changes nothing.
 * Threads  As the allocator behind the handle says. The handle itself is a value.
 * SPDX-License-Identifier: MIT */
#ifndef PARE_ALLOC_H
#define PARE_ALLOC_H
#include "pare/base.h"
#include <string.h>
PARE_BEGIN_DECLS

/* --- types ------------------------------------------------------------------------------- */

/* A block and its one true size. {NULL, 0} is no block. */
typedef struct pare_span {
    void *ptr;
    size_t cap; /* bytes */
} pare_span;

struct pare_allocator_vtable;

/* A handle: two words, passed by value. It does not own what it points at. */
typedef struct pare_allocator {
    const struct pare_allocator_vtable *vtable; /* NULL: the C library's heap */
    void *ctx;
} pare_allocator;

/* Flags of the span calls and of the slots. */
#define PARE_ZEROED 1u   /* all of cap reads as zero; in a resize, from the old cap on */
#define PARE_EXACT 2u    /* cap == size */
#define PARE_MAY_MOVE 4u /* resize only: the block may come to lie elsewhere */

/* What an allocator's author writes; usually a static const. Slots see size >= 1, align a power
 * of two, size + align - 1 <= PARE_SIZE_MAX. A slot that breaks its contract, with a block that
 * is too small or misaligned, is misuse. */
struct pare_allocator_vtable {
    size_t size; /* sizeof the struct its author knew: slots beyond it are absent */

    /* PARE_OK and *out = a block of cap >= size bytes at `align`; or a refusal and *out untouched.
     * flags: PARE_ZEROED, PARE_EXACT. */
    pare_status (*alloc)(void *ctx, size_t size, size_t align, unsigned flags, pare_span *out);

    /* Makes *block at least new_size bytes (or releases its tail): in place, unless PARE_MAY_MOVE
     * is given, and then moving only where that beats alloc + copy + free. Refused: *block
     * untouched; PARE_ERR_MEMORY says that it cannot be done here. NULL: never possible. */
    pare_status (*resize)(void *ctx, pare_span *block, size_t new_size, size_t align,
                          unsigned flags);

    /* Takes back a block with the cap it was given with. NULL: never gives memory back. */
    void (*free)(void *ctx, pare_span block, size_t align);
};

/* --- out of line ------------------------------------------------------------------------- */

#define parei_default_vtable PAREI_ABI_NAME(parei_default_vtable)
#define parei_alloc_broken PAREI_ABI_NAME(parei_alloc_broken)

/* The vtable that a zeroed handle stands for: the heap's; where there is no C library, one that
 * refuses. */
PARE_API PAREI_CONST const struct pare_allocator_vtable *parei_default_vtable(void);

/* Reports an allocator whose slot broke its contract, and gives the block back. */
PARE_API PAREI_COLD void parei_alloc_broken(pare_allocator a, pare_span block, size_t align);

PAREI_INLINE const struct pare_allocator_vtable *parei_vtable(pare_allocator a) {
    return a.vtable != NULL ? a.vtable : parei_default_vtable();
}

/* Whether sizes and alignments are of the kind that slots may see. */
PAREI_INLINE int parei_alloc_valid(size_t size, size_t align) {
    return align != 0 && (align & (align - 1)) == 0 && align <= PARE_SIZE_MAX &&
           size <= PARE_SIZE_MAX - (align - 1);
}

PAREI_INLINE int parei_span_valid(pare_span s, size_t size, size_t align, unsigned flags) {
    return s.ptr != NULL && ((uintptr_t)s.ptr & (align - 1)) == 0 &&
           ((flags & PARE_EXACT) != 0 ? s.cap == size : s.cap >= size);
}

/* --- spans ------------------------------------------------------------------------------- */

/* Asks for `size` bytes at `align`. Size 0 answers PARE_OK and {NULL, 0}. */
PARE_NODISCARD PAREI_INLINE pare_status pare_alloc_span(pare_allocator a, size_t size, size_t align,
                                                        unsigned flags, pare_span *out) {
    pare_span block = {NULL, 0};
    pare_status status;
    if (!parei_alloc_valid(size, align)) return PARE_ERR_ARGUMENT;
    if (size != 0) {
        status = (parei_vtable(a)->alloc)(a.ctx, size, align, flags, &block);
        if (status != PARE_OK) return status;
        if (!parei_span_valid(block, size, align, flags)) {
            parei_alloc_broken(a, block, align);
            return PARE_ERR_MEMORY;
        }
    }
    *out = block;
    return PARE_OK;
}

/* Gives a block back. A span of cap 0 is no block. */
PAREI_INLINE void pare_free_span(pare_allocator a, pare_span block, size_t align) {
    const struct pare_allocator_vtable *v = parei_vtable(a);
    if (block.cap != 0 && v->free != NULL) (v->free)(a.ctx, block, align);
}

/* One call of the resize slot, no fallback: what wrappers forward. Requires *block to be a block;
 * new_size 0 is PARE_ERR_ARGUMENT. PARE_ERR_MEMORY where the allocator has no such slot. */
PARE_NODISCARD PAREI_INLINE pare_status pare_resize_span(pare_allocator a, pare_span *block,
                                                         size_t new_size, size_t align,
                                                         unsigned flags) {
    const struct pare_allocator_vtable *v = parei_vtable(a);
    if (new_size == 0 || !parei_alloc_valid(new_size, align)) return PARE_ERR_ARGUMENT;
    if (v->resize == NULL) return PARE_ERR_MEMORY;
    return (v->resize)(a.ctx, block, new_size, align, flags);
}

/* Makes *block `new_size` bytes, keeping its first min(used, new_size) bytes. Where the slot
 * answers PARE_ERR_MEMORY and PARE_MAY_MOVE is given: alloc, copy of `used` bytes, free. An empty
 * span is allocated, new_size 0 frees. Refused: *block and its bytes as they were.
 * PARE_ZEROED zeroes from the old cap on. Requires used <= block->cap. */
PARE_NODISCARD PARE_API pare_status pare_realloc_span(pare_allocator a, pare_span *block,
                                                      size_t used, size_t new_size, size_t align,
                                                      unsigned flags);

/* --- pointers, for callers who keep no cap ------------------------------------------------ */

/* `size` bytes at `align`, or NULL: refused, or size 0. */
PARE_NODISCARD PAREI_INLINE void *pare_alloc(pare_allocator a, size_t size, size_t align) {
    pare_span block = {NULL, 0};
    return pare_alloc_span(a, size, align, PARE_EXACT, &block) == PARE_OK ? block.ptr : NULL;
}

/* Gives back `size` bytes from pare_alloc or pare_realloc. NULL is no block. */
PAREI_INLINE void pare_free(pare_allocator a, void *ptr, size_t size, size_t align) {
    pare_span block;
    block.ptr = ptr;
    block.cap = ptr != NULL ? size : 0;
    pare_free_span(a, block, align);
}

/* Makes the block `new_size` bytes, perhaps elsewhere; its bytes are kept. `old_size` is what it
 * was asked for with; ptr NULL allocates; new_size 0 frees and answers NULL. On refusal NULL, and
 * the block is as it was. */
PARE_NODISCARD PAREI_INLINE void *pare_realloc(pare_allocator a, void *ptr, size_t old_size,
                                               size_t new_size, size_t align) {
    pare_span block;
    block.ptr = ptr;
    block.cap = ptr != NULL ? old_size : 0;
    return pare_realloc_span(a, &block, block.cap, new_size, align, PARE_EXACT | PARE_MAY_MOVE) ==
                   PARE_OK
               ? block.ptr
               : NULL;
}

PARE_END_DECLS
#endif
