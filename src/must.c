/* must.c - the contract is in pare/must.h.
 *
 * Values that can never be honoured (PARE_ERR_ARGUMENT) are stopped by the inline calls of
 * alloc.h before any slot; what still arrives here as a refusal ends the program.
 * SPDX-License-Identifier: MIT */
#include "pare/must.h"
#include "internal/check.h"
#ifndef PARE_NO_LIBC
#include <stdio.h>
#include <stdlib.h>
#endif

void pare_must_init(pare_must *m, pare_allocator from, pare_must_handler handler, void *ctx) {
    *m = (pare_must){.from = from, .handler = handler, .ctx = ctx};
}

void pare_must_deinit(pare_must *m) { *m = (pare_must){0}; }

static void parei_must_refused(const pare_must *m, pare_status status, size_t size) {
    if (m->handler != NULL) m->handler(m->ctx, status, size);
#ifdef PARE_NO_LIBC
    (void)status, (void)size;
    __builtin_trap();
#else
    if (m->handler == NULL) {
        fprintf(stderr, "pare: must: %s (%zu bytes)\n", pare_status_text(status), size);
    }
    abort();
#endif
}

static pare_status parei_must_alloc(void *ctx, size_t size, size_t align, unsigned flags,
                                    pare_span *out) {
    pare_must *m = ctx;
    pare_status status = pare_alloc_span(m->from, size, align, flags, out);
    if (status != PARE_OK) parei_must_refused(m, status, size);
    return status;
}

static pare_status parei_must_resize(void *ctx, pare_span *block, size_t new_size, size_t align,
                                     unsigned flags) {
    pare_must *m = ctx;
    pare_status status = pare_resize_span(m->from, block, new_size, align, flags);
    if (status != PARE_OK && status != PARE_ERR_MEMORY) parei_must_refused(m, status, new_size);
    return status;
}

static void parei_must_free(void *ctx, pare_span block, size_t align) {
    pare_must *m = ctx;
    pare_free_span(m->from, block, align);
}

static const struct pare_allocator_vtable parei_must_vtable = {
    .size = sizeof(struct pare_allocator_vtable),
    .alloc = parei_must_alloc,
    .resize = parei_must_resize,
    .free = parei_must_free,
};

pare_allocator pare_must_allocator(pare_must *m) { return (pare_allocator){&parei_must_vtable, m}; }
