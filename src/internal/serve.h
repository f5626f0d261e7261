/* internal/serve.h - what all pools do alike for their users: options read, objects cleaned at put,
 * objects served as blocks, strays reported, figures.
 * SPDX-License-Identifier: MIT */
#ifndef PAREI_SERVE_H
#define PAREI_SERVE_H
#include "pare/pool.h"
#include "internal/harden.h"
#include "internal/mag.h"

/* What `o` asks for: a depot, and how it is hardened. PARE_ERR_ARGUMENT: NULL, or outside the
 * ranges. */
PARE_API pare_status parei_serve_init(parei_depot *d, parei_harden *h, pare_allocator from,
                                      const pare_pool_options *o);

/* Bytes of magazine for `count` pointers; the NULL before the first included. */
static inline size_t parei_serve_magazine_bytes(size_t count) {
    return (count + 1) * sizeof(void *);
}

/* How many free objects lie at hand unless options say: 8192, or 8 MiB of them where that is
 * more. */
PARE_API size_t parei_serve_keep_count(const parei_depot *d);

/* The kind of misuse that a put into an all-zero pool is. */
#define PAREI_SERVE_UNREADY "put after deinit or before init"

/* Reports what was found when magazines were traded. */
PARE_API void parei_serve_report(const char *module, const void *pool, const parei_strays *strays,
                                 const void *site);

/* Whether a put has to do something to its object, so that no put may hit. */
static inline bool parei_serve_cleans(const parei_depot *d) {
    return d->kind.reset != NULL || d->kind.wipe;
}

/* What a put does to its object before it is free. The callback runs: no lock may be held. */
PARE_API void parei_serve_clean(const parei_depot *d, void *object);

/* Pushes what may be put by a hit of objects[0, count) on the stack that ends at `top`, as long as
 * nothing is unusual. Returns the new top. */
static inline void **parei_serve_push(void **top, void **hi, uintptr_t base, uintptr_t extent,
                                      void *const *objects, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if ((uintptr_t)top >= (uintptr_t)hi || top[-1] == objects[i] ||
            (uintptr_t)objects[i] - base >= extent) {
            break;
        }
        *top++ = objects[i];
    }
    return top;
}

/* --- blocks ------------------------------------------------------------------------------ */

/* Whether an object of `d` can be a block of `size` at `align`. */
static inline bool parei_serve_fits(const parei_depot *d, size_t size, size_t align) {
    return size <= d->kind.size && align <= d->kind.align;
}

/* The block of `size` that `object`, just got, is. */
PARE_API pare_span parei_serve_block(const parei_depot *d, void *object, size_t size,
                                     unsigned flags);

/* The slot `resize` of a pool's allocator. */
PARE_API pare_status parei_serve_resize(const parei_depot *d, pare_span *block, size_t new_size,
                                        unsigned flags);

/* Before a block is put: gives the reset callback the whole object, if it is one. */
PARE_API void parei_serve_whole(const parei_depot *d, pare_span block);

/* --- figures ----------------------------------------------------------------------------- */

/* All that the depot knows, with `live` of its objects in use. */
PARE_API pare_pool_stats parei_serve_stats(const parei_depot *d, size_t live);

#endif
