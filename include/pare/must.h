/* pare/must.h - an allocator that does not come back without memory.
 *
 * For programs that die when memory runs out, as most do: a refusal calls a handler that does not
 * return, so that nothing above has to test for one. "Cannot be resized here" is no refusal, since
 * the caller then goes on to allocate.
 *
 * Threads  As the allocator below; the handler is called on the thread that was refused.
 * SPDX-License-Identifier: MIT */
#ifndef PARE_MUST_H
#define PARE_MUST_H
#include "pare/alloc.h"
PARE_BEGIN_DECLS

/* Told why and how many bytes were refused. Must not return (exit, abort, longjmp); if it does,
 * the program is aborted. */
typedef void (*pare_must_handler)(void *ctx, pare_status status, size_t size);

/* Visible so it can be embedded; the fields are private. All-zero is valid: the C library's heap
 * and the default handler. */
typedef struct pare_must {
    pare_allocator from;       /* outlives every block */
    pare_must_handler handler; /* NULL: the default */
    void *ctx;
} pare_must;

/* Readies `m` over `from`. handler NULL: write "pare: must: out of memory (4096 bytes)" to stderr
 * and abort; where there is no C library, trap. */
PARE_API void pare_must_init(pare_must *m, pare_allocator from, pare_must_handler handler,
                             void *ctx);

/* Zeroes `m`. */
PARE_API void pare_must_deinit(pare_must *m);

/* Serves blocks through `m`, which must not move from now on. */
PARE_API pare_allocator pare_must_allocator(pare_must *m);

PARE_END_DECLS
#endif
