/* internal/bits.h - powers of two and checked size arithmetic; pure functions only.
 * SPDX-License-Identifier: MIT */
#ifndef PAREI_BITS_H
#define PAREI_BITS_H
#include "pare/base.h"
#include <stdbool.h>

static inline bool parei_is_pow2(size_t value) { return value != 0 && (value & (value - 1)) == 0; }

static inline size_t parei_min_size(size_t a, size_t b) { return a < b ? a : b; }

static inline size_t parei_max_size(size_t a, size_t b) { return a > b ? a : b; }

/* `value` up to the next multiple of `align`, a power of two. Requires that it fits. */
static inline size_t parei_align_up(size_t value, size_t align) {
    return (value + (align - 1)) & ~(align - 1);
}

static inline size_t parei_align_down(size_t value, size_t align) { return value & ~(align - 1); }

/* Bytes from `ptr` to the next address that is a multiple of `align`, a power of two. */
static inline size_t parei_padding(const void *ptr, size_t align) {
    return (align - ((uintptr_t)ptr & (align - 1))) & (align - 1);
}

#endif
