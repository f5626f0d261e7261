/* scratch.c - the contract is in pare/scratch.h.
 * SPDX-License-Identifier: MIT */
#include "pare/scratch.h"
#include "internal/check.h"

void pare_scratch_init(pare_scratch *s, pare_allocator from) {
    for (int i = 0; i < PARE_SCRATCH_ARENAS; i++) s->arenas[i] = (pare_arena){.from = from};
}

void pare_scratch_deinit(pare_scratch *s) {
    for (int i = 0; i < PARE_SCRATCH_ARENAS; i++) pare_arena_deinit(&s->arenas[i]);
}

static bool parei_scratch_conflicts(const pare_arena *a, pare_arena *const *conflicts,
                                    size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (conflicts[i] == a) return true;
    }
    return false;
}

pare_arena_scope pare_scratch_open(pare_scratch *s, pare_arena *const *conflicts, size_t count) {
    for (int i = 0; i < PARE_SCRATCH_ARENAS; i++) {
        pare_arena *a = &s->arenas[i];
        if (!parei_scratch_conflicts(a, conflicts, count)) return pare_arena_scope_open(a);
    }
    parei_misuse("scratch", "every arena is a result", s, NULL, PAREI_SITE());
    return (pare_arena_scope){.arena = NULL};
}
