/* layout.c - the contract is in pare/layout.h.
 * SPDX-License-Identifier: MIT */
#include "pare/layout.h"
#include "internal/bits.h"

size_t pare_layout_add(pare_layout *l, size_t count, size_t size, size_t align) {
    bool valid = parei_is_pow2(align) && l->size <= PARE_SIZE_MAX - (align - 1);
    size_t offset = valid ? parei_align_up(l->size, align) : SIZE_MAX;
    l->size = parei_sum(offset, parei_product(count, size));
    if (valid) l->align = parei_max_size(l->align, align);
    return offset;
}
