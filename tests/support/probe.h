/* support/probe.h - the allocator and the child process that every test file uses.
 *
 * A probe is an allocator over malloc that counts live bytes and blocks, refuses the n-th request
 * when told to, checks that every block comes back with the size and alignment it was given with,
 * and fills fresh blocks with a pattern, so that a read of stale bytes shows. probe_teardown fails
 * the test if a byte is still out.
 * SPDX-License-Identifier: MIT */
#ifndef PROBE_H
#define PROBE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "pare/alloc.h"

#define PROBE_NEVER UINT64_MAX

typedef struct probe {
    uint64_t requests;     /* alloc and resize calls so far, refused ones included */
    uint64_t refuse_at;    /* refuses the request with this number ... */
    uint64_t refuse_count; /* ... and those after it, this many in all */
    pare_status refusal;   /* what a refusal answers: PARE_ERR_MEMORY unless set */
    uint64_t allocs, frees, resizes;
    size_t live_bytes, live_blocks;
    size_t slack;      /* bytes granted beyond what is asked, unless PARE_EXACT */
    bool never_resize; /* answers every resize with PARE_ERR_MEMORY, uncounted */
    bool always_move;  /* a resize that may move does, so that stale pointers show */
    struct probe_block *blocks;
} probe;

/* A handle on `p`. */
pare_allocator probe_allocator(probe *p);

/* Whether ASan or memcheck watches this process: then pare lays objects apart, and a planted bug
 * stops the test itself. */
bool probe_watched(void);

/* How many of `full` steps a long test makes: a tenth where programs take many times their time, as
 * under an emulator. */
int probe_steps(int full);

/* Whether the C library refuses to format "%lc" of 0xd800, which is no character. */
bool probe_formats_can_fail(void);

/* cmocka fixtures: *state is a fresh probe on the heap. */
int probe_setup(void **state);
int probe_teardown(void **state);

/* Refuses request number `at`, counted from now, and the `count` - 1 after it. */
void probe_refuse(probe *p, uint64_t at, uint64_t count);

/* The refusal sweep: runs scenario(p, ctx) with request 0, 1, 2, ... refused, first that one alone
 * and then all from it on, until a run passes without reaching the refused request. The scenario
 * asserts what must hold and gives back all it took; it returns whether it was refused. */
void probe_sweep(probe *p, bool (*scenario)(probe *p, void *ctx), void *ctx);

/* Asserts that body(ctx), run in a child process, is stopped by the misuse handler: abort(), and a
 * line on stderr that contains `expected`. */
void expect_misuse(void (*body)(void *ctx), void *ctx, const char *expected);

/* In place of the default handler: remembers the last misuse and returns, so that a test can see
 * that the refused call changed nothing. */
void misuse_note(const pare_misuse *misuse);
extern pare_misuse misuse_last;
extern int misuse_count;

#define CASE(f) cmocka_unit_test_setup_teardown(f, probe_setup, probe_teardown)

#endif
