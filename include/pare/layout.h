/* pare/layout.h - several arrays in one block: the rows of a matrix, the columns of a table.
 *
 * One allocation in place of many, and neighbours in memory that are used together. Add up what is
 * wanted, allocate once, and find each part at its offset:
 *
 *     pare_layout l = {0};
 *     size_t ids = pare_layout_add(&l, rows, sizeof(uint32_t), alignof(uint32_t));
 *     size_t prices = pare_layout_add(&l, rows, sizeof(double), alignof(double));
 *     char *table = pare_arena_alloc(&arena, l.size, l.align);
 *
 * Errors   A size that overflows sticks: the layout's size is SIZE_MAX from then on, which every
 *          allocator refuses with PARE_ERR_ARGUMENT. So one check, of the allocation, is enough.
 * Threads  One owner at a time.
 * SPDX-License-Identifier: MIT */
#ifndef PARE_LAYOUT_H
#define PARE_LAYOUT_H
#include "pare/base.h"
PARE_BEGIN_DECLS

/* All-zero is valid: nothing yet, and then nothing to allocate either. */
typedef struct pare_layout {
    size_t size;  /* bytes of all parts so far, with the padding between them */
    size_t align; /* the largest alignment of a part; a power of two, or 0 */
} pare_layout;

/* Adds `count` items of `size` bytes at `align` and returns their offset. An align that is no power
 * of two counts as an overflow. */
PARE_API size_t pare_layout_add(pare_layout *l, size_t count, size_t size, size_t align);

PARE_END_DECLS
#endif
