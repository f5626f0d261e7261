/* internal/classes.h - which class of a buffer pool serves a size, and which keeps a buffer; and
 * what the options say of that. Pure functions only.
 * SPDX-License-Identifier: MIT */
#ifndef PAREI_CLASSES_H
#define PAREI_CLASSES_H
#include "pare/bufpool.h"
#include "internal/bits.h"
#include "internal/check.h"

#define PAREI_CLASSES_ALIGN ((size_t)16)
#define PAREI_CLASSES_ALIGN_MAX ((size_t)65536)

typedef struct parei_classes {
    const size_t *caps; /* bytes of each buffer, by row */
    size_t first, end;  /* classes are the rows [first, end), caps ascending */
    bool listed;        /* the caller's own: rows are not found by arithmetic */
} parei_classes;

/* What becomes of a put. */
typedef enum parei_fate {
    PAREI_FATE_SMALL, /* dropped: smaller than the smallest class */
    PAREI_FATE_LARGE, /* larger than the largest */
    PAREI_FATE_ODD,   /* between two classes, where none such are kept */
    PAREI_FATE_BUDGET,
    PAREI_FATE_MEMORY,
    PAREI_FATE_KEPT
} parei_fate;

/* --- by arithmetic ----------------------------------------------------------------------- */

/* Bytes of a row's class: the inverse of parei_bufpool_row. */
static inline size_t parei_classes_row_bytes(size_t row) {
    return (4 + (row & 3)) << (row / 4 + 2);
}

/* The row of the smallest class of at least `size` bytes. */
static inline size_t parei_classes_row_up(size_t size) {
    return size <= PAREI_BUFPOOL_LEAST ? 0 : parei_bufpool_row(size - 1) + 1;
}

/* --- either way -------------------------------------------------------------------------- */

static inline size_t parei_classes_largest(const parei_classes *c) { return c->caps[c->end - 1]; }

/* The first class of at least `size` bytes, by bisection; c->end if there is none. */
static inline size_t parei_classes_bisect(const parei_classes *c, size_t size) {
    size_t low = c->first, high = c->end;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c->caps[middle] < size) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The class that serves `size` >= 1; c->end if that is above the largest. */
static inline size_t parei_classes_serving(const parei_classes *c, size_t size) {
    if (size > parei_classes_largest(c)) return c->end;
    if (c->listed) return parei_classes_bisect(c, size);
    return parei_max_size(c->first, parei_classes_row_up(size));
}

/* The largest class that a buffer of `cap` can serve. Requires that there is one. */
static inline size_t parei_classes_filing(const parei_classes *c, size_t cap) {
    PAREI_ASSERT(cap >= c->caps[c->first]);
    PAREI_ASSERT(cap <= parei_classes_largest(c));
    return c->listed ? parei_classes_bisect(c, cap + 1) - 1 : parei_bufpool_row(cap);
}

/* Whether there is such a class. */
static inline parei_fate parei_classes_fit(const parei_classes *c, size_t cap) {
    if (cap < c->caps[c->first]) return PAREI_FATE_SMALL;
    if (cap > parei_classes_largest(c)) return PAREI_FATE_LARGE;
    return PAREI_FATE_KEPT;
}

/* The true size of a block that was handed out with `cap`, which PARE_EXACT makes smaller. */
static inline size_t parei_classes_true_cap(const parei_classes *c, size_t cap) {
    size_t row = parei_classes_serving(c, cap);
    return row == c->end ? cap : c->caps[row];
}

/* Resizes a block of `from`'s at `align`, which a pool handed out, within its class. */
static inline pare_status parei_classes_resize(const parei_classes *c, pare_allocator from,
                                               size_t align, pare_span *block, size_t new_size,
                                               unsigned flags) {
    size_t row = parei_classes_serving(c, block->cap);
    if (row != parei_classes_serving(c, new_size)) return PARE_ERR_MEMORY;
    if (row == c->end) return pare_resize_span(from, block, new_size, align, flags | PARE_EXACT);
    size_t cap = (flags & PARE_EXACT) != 0 ? new_size : c->caps[row];
    if ((flags & PARE_ZEROED) != 0 && cap > block->cap) {
        memset((char *)block->ptr + block->cap, 0, cap - block->cap);
    }
    block->cap = cap;
    return PARE_OK;
}

/* --- options ----------------------------------------------------------------------------- */

static inline bool parei_classes_list_valid(const pare_bufpool_options *o) {
    if ((o->classes == NULL) != (o->class_count == 0)) return false;
    if (o->classes == NULL) return true;
    if (o->min_bytes != 0 || o->max_bytes != 0 || o->class_count > SIZE_MAX / 1024) return false;
    for (size_t i = 0; i < o->class_count; i++) {
        if (o->classes[i] <= (i == 0 ? 0 : o->classes[i - 1])) return false;
    }
    return o->classes[o->class_count - 1] <= PARE_BUFPOOL_CLASS_MAX;
}

static inline bool parei_classes_options_valid(const pare_bufpool_options *o) {
    if (!parei_classes_list_valid(o) || (o->flags & ~PARE_WIPE) != 0) return false;
    if (o->max_bytes != 0 && o->min_bytes > o->max_bytes) return false;
    if (parei_max_size(o->min_bytes, o->max_bytes) > PARE_BUFPOOL_CLASS_MAX) return false;
    if (o->align != 0 && !parei_is_pow2(o->align)) return false;
    if (o->align > PAREI_CLASSES_ALIGN_MAX) return false;
    return (o->reserved[0] | o->reserved[1] | o->reserved[2] | o->reserved[3]) == 0;
}

/* Which rows are classes; their caps are yet to be written. Rows below the smallest exist for the
 * hits' arithmetic only. */
static inline parei_classes parei_classes_plan(const pare_bufpool_options *o) {
    size_t max_bytes =
        o->max_bytes != 0 ? o->max_bytes : parei_max_size(o->min_bytes, PARE_BUFPOOL_MAX_BYTES);
    parei_classes c = {NULL, 0, o->class_count, o->classes != NULL};
    if (c.listed) return c;
    c.first = parei_classes_row_up(o->min_bytes);
    c.end = parei_classes_row_up(max_bytes) + 1;
    return c;
}

/* Writes the caps to caps[0, c->end), where they stay. */
static inline void parei_classes_furnish(parei_classes *c, const pare_bufpool_options *o,
                                         size_t *caps) {
    for (size_t row = 0; row < c->end; row++) {
        caps[row] = c->listed ? o->classes[row] : parei_classes_row_bytes(row);
    }
    c->caps = caps;
}

static inline size_t parei_classes_align(const pare_bufpool_options *o) {
    return o->align != 0 ? o->align : PAREI_CLASSES_ALIGN;
}

static inline size_t parei_classes_retain_bytes(const parei_classes *c,
                                                const pare_bufpool_options *o) {
    if (o->retain_bytes != 0) return o->retain_bytes;
    return parei_max_size(PARE_BUFPOOL_RETAIN_BYTES, parei_product(16, parei_classes_largest(c)));
}

/* What the window calls may test sizes against: those from 16 to the answer + 15 have a row. 0: all
 * calls are to be slow. */
static inline size_t parei_classes_hit_end(const parei_classes *c, size_t largest) {
    return c->listed || largest < PAREI_BUFPOOL_LEAST ? 0 : largest - PAREI_BUFPOOL_LEAST + 1;
}

#endif
