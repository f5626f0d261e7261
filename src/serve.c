/* serve.c - the contract is in internal/serve.h.
 * SPDX-License-Identifier: MIT */
#include "internal/serve.h"
#include "internal/bits.h"
#include "internal/check.h"

#define PAREI_SERVE_KEEP_COUNT ((size_t)8192)
#define PAREI_SERVE_KEEP_BYTES ((size_t)8 << 20)

static bool parei_serve_options_valid(const pare_pool_options *o) {
    const unsigned flags = PARE_WIPE | PARE_POOL_HARDENED | PARE_POOL_CHECK_RESET;
    if (o == NULL || (o->flags & ~flags) != 0) return false;
    if ((o->flags & PARE_WIPE) != 0 && o->init != NULL) return false;
    if (o->magazine_bytes != 0 && o->magazine_bytes < parei_serve_magazine_bytes(1)) return false;
    if (o->cache_bytes != 0 && o->cache_bytes / 2 < o->size) return false;
    return (o->reserved[0] | o->reserved[1] | o->reserved[2] | o->reserved[3]) == 0;
}

pare_status parei_serve_init(parei_depot *d, parei_harden *h, pare_allocator from,
                             const pare_pool_options *o) {
    if (!parei_serve_options_valid(o)) return PARE_ERR_ARGUMENT;
    parei_kind kind = {.size = o->size,
                       .align = o->align != 0 ? o->align : _Alignof(max_align_t),
                       .init = o->init,
                       .reset = o->reset,
                       .fini = o->fini,
                       .ctx = o->ctx,
                       .limit_bytes = o->limit_bytes != 0 ? o->limit_bytes : SIZE_MAX,
                       .wipe = (o->flags & PARE_WIPE) != 0};
    pare_status status = parei_harden_init(h, o, &kind);
    if (status == PARE_OK) status = parei_depot_init(d, from, &kind);
    if (status == PARE_OK && h->on) d->spare_count = parei_serve_keep_count(d);
    return status;
}

size_t parei_serve_keep_count(const parei_depot *d) {
    return parei_max_size(PAREI_SERVE_KEEP_BYTES / d->kind.size, PAREI_SERVE_KEEP_COUNT);
}

void parei_serve_report(const char *module, const void *pool, const parei_strays *strays,
                        const void *site) {
    for (size_t i = 0; i < strays->count; i++) {
        const parei_stray *stray = &strays->list[i];
        parei_misuse_after(module, stray->kind, pool, stray->address, site, stray->earlier);
    }
}

void parei_serve_clean(const parei_depot *d, void *object) {
    if (d->kind.reset != NULL) (d->kind.reset)(d->kind.ctx, object);
    if (d->kind.wipe) parei_depot_wipe(d, object);
}

/* --- blocks ------------------------------------------------------------------------------ */

static size_t parei_serve_cap(const parei_depot *d, size_t size, unsigned flags) {
    return (flags & PARE_EXACT) != 0 ? size : d->kind.size;
}

/* The bytes of an object beyond its block are nobody's. */
static void parei_serve_mark_tail(const parei_depot *d, pare_span block) {
    if (!d->watched) return;
    parei_mark_noaccess((char *)block.ptr + block.cap, d->kind.size - block.cap);
}

pare_span parei_serve_block(const parei_depot *d, void *object, size_t size, unsigned flags) {
    pare_span block = {object, parei_serve_cap(d, size, flags)};
    if ((flags & PARE_ZEROED) != 0) memset(block.ptr, 0, block.cap);
    parei_serve_mark_tail(d, block);
    return block;
}

pare_status parei_serve_resize(const parei_depot *d, pare_span *block, size_t new_size,
                               unsigned flags) {
    if (new_size > d->kind.size) return PARE_ERR_ARGUMENT;
    pare_span resized = {block->ptr, parei_serve_cap(d, new_size, flags)};
    if (resized.cap > block->cap) {
        char *tail = (char *)block->ptr + block->cap;
        if (d->watched) parei_mark_undefined(tail, resized.cap - block->cap);
        if ((flags & PARE_ZEROED) != 0) memset(tail, 0, resized.cap - block->cap);
    }
    parei_serve_mark_tail(d, resized);
    *block = resized;
    return PARE_OK;
}

void parei_serve_whole(const parei_depot *d, pare_span block) {
    if (!d->watched || block.cap == d->kind.size) return;
    if (parei_depot_stray(d, block.ptr) == NULL) parei_mark_defined(block.ptr, d->kind.size);
}

/* --- figures ----------------------------------------------------------------------------- */

pare_pool_stats parei_serve_stats(const parei_depot *d, size_t live) {
    size_t retained = d->made_count - live;
    return (pare_pool_stats){
        .creates = d->creates,
        .live_count = live,
        .live_bytes = live * d->kind.size,
        .retained_count = retained,
        .retained_bytes = retained * d->kind.size,
        .peak_count = d->peak_count,
        .slab_count = d->slab_count,
        .slab_bytes = d->charged_bytes,
        .held_bytes = d->held_bytes,
        .peak_bytes = d->peak_bytes,
        .allocs = d->allocs,
        .frees = d->frees,
        .total_bytes = d->total_bytes,
    };
}
