/* 06_fixed.c - no heap at all: an arena on a static array, and a refusal that loses nothing.
 *
 * Prints:
 *   served 14 samples, then: out of memory
 *   after reset: ok
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include "pare/arena.h"
#include "pare/fixed.h"

typedef struct sample {
    int32_t values[16];
} sample;

int main(void) {
    static _Alignas(16) char memory[1152];
    pare_arena arena;
    int served = 0;
    pare_arena_init_with(&arena, memory, sizeof memory, pare_none());
    while (served < 14 && PARE_ARENA_NEW(&arena, sample) != NULL) served++;
    while (PARE_ARENA_NEW(&arena, sample) != NULL) continue; /* how many fit depends on the CPU */
    printf("served %d samples, then: %s\n", served, pare_status_text(pare_arena_status(&arena)));

    pare_arena_reset(&arena);
    if (PARE_ARENA_NEW(&arena, sample) == NULL) return 1;
    printf("after reset: %s\n", pare_status_text(pare_arena_status(&arena)));
    pare_arena_deinit(&arena);
    return 0;
}
