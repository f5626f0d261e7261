/* support/arenas.h - what the tests of arenas share.
 * SPDX-License-Identifier: MIT */
#ifndef ARENAS_H
#define ARENAS_H
#include "support/probe.h"
#include "pare/arena.h"

static const pare_arena_options small = {.block_min = 512, .block_max = 2048};

static inline pare_arena small_arena(probe *p) {
    pare_arena a;
    assert_int_equal(pare_arena_init(&a, probe_allocator(p), &small), PARE_OK);
    return a;
}

/* Writes all of an object, so that ASan and the block's neighbours can object. */
static inline char *filled(void *object, size_t size, int byte) {
    assert_non_null(object);
    return memset(object, byte, size);
}

static inline void assert_filled(const char *object, size_t size, int byte) {
    for (size_t i = 0; i < size; i++) assert_int_equal((unsigned char)object[i], byte);
}

/* One phase: more than a block, small and large requests. Returns whether one was refused. */
static inline bool phase(pare_arena *a) {
    bool refused = false;
    for (size_t i = 0; i < 100; i++) refused |= pare_arena_alloc(a, 1 + i % 40, 8) == NULL;
    refused |= pare_arena_alloc(a, 5000, 8) == NULL;
    for (size_t i = 0; i < 100; i++) refused |= pare_arena_alloc(a, 24, 16) == NULL;
    return refused;
}

static inline pare_arena arena_with(probe *p, unsigned flags) {
    pare_arena a;
    pare_arena_options o = {.block_min = 1024, .block_max = 4096, .flags = flags};
    assert_int_equal(pare_arena_init(&a, probe_allocator(p), &o), PARE_OK);
    return a;
}

#endif
