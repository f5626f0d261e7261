/* user.c - one file of a program that uses the single header: inline calls, calls out of line, and
 * the library's one piece of global state.
 * SPDX-License-Identifier: MIT */
#include "pare.h"

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)

int JOIN(user_, WHO)(pare_misuse_handler handler);

/* Uses an arena. Returns 1 if this file's pare is one that had not been given `handler` yet, 0 if
 * it had, -1 on a failure. */
int JOIN(user_, WHO)(pare_misuse_handler handler) {
    static char memory[4096];
    pare_fixed fixed;
    pare_arena arena;
    pare_fixed_init(&fixed, memory, sizeof memory);
    if (pare_arena_init(&arena, pare_fixed_allocator(&fixed), NULL) != PARE_OK) return -1;
    int *number = PARE_ARENA_NEW(&arena, int);
    if (number == NULL) return -1;
    *number = 1;
    pare_arena_deinit(&arena);
    return pare_set_misuse_handler(handler) != handler;
}
