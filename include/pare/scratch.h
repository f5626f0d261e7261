/* pare/scratch.h - arenas for temporary objects, so that a callee's scratch never lies in the arena
 * that its caller wants the result in.
 *
 * A thread keeps one pare_scratch, usually as a zeroed thread-local variable, and every function
 * that needs temporaries opens a scope on it, naming the arenas that it was handed for results:
 *
 *     static _Thread_local pare_scratch scratch;
 *
 *     char *join(pare_arena *result, ...) {
 *         pare_arena_scope tmp = pare_scratch_open(&scratch, &result, 1);
 *         ... temporaries in tmp.arena, the result in `result` ...
 *         pare_arena_scope_close(&tmp);
 *
 * If `result` itself is a scratch arena of a caller, another one is taken. Scopes on one arena
 * nest, so any depth of calls needs only as many arenas as there are results at once, plus one.
 *
 * Memory   That of its arenas, on the C library's heap unless init says otherwise. Warm, a scope
 *          allocates nothing.
 * Threads  One owner at a time. A thread-local one is not given back at thread exit by itself:
 *          deinit it there.
 * SPDX-License-Identifier: MIT */
#ifndef PARE_SCRATCH_H
#define PARE_SCRATCH_H
#include "pare/arena.h"
PARE_BEGIN_DECLS

/* How many arenas there are: one more than the results that may be named at once. */
#define PARE_SCRATCH_ARENAS 4

/* Visible so it can be embedded. All-zero is valid. It may not move while a scope is open. */
typedef struct pare_scratch {
    pare_arena arenas[PARE_SCRATCH_ARENAS];
} pare_scratch;

/* Readies `s` over `from`. Never allocates. */
PARE_API void pare_scratch_init(pare_scratch *s, pare_allocator from);

/* Gives everything back and zeroes `s`. Requires that no scope is open. */
PARE_API void pare_scratch_deinit(pare_scratch *s);

/* Opens a scope on the first arena of `s` that is none of conflicts[0, count); to be closed with
 * pare_arena_scope_close. That all of them conflict is misuse, and answers a closed scope. */
PARE_API pare_arena_scope pare_scratch_open(pare_scratch *s, pare_arena *const *conflicts,
                                            size_t count);

PARE_END_DECLS
#endif
