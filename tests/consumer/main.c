/* main.c - a user's program, built against pare in each way that pare is offered.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <pare.h>
#ifdef WITH_JEMALLOC
#include <pare/jemalloc.h>
#define FROM pare_jemalloc()
#else
#define FROM pare_heap()
#endif

int main(void) {
    pare_arena arena;
    if (pare_arena_init(&arena, FROM, NULL) != PARE_OK) return 1;
    int *numbers = PARE_ARENA_NEW_ARRAY(&arena, int, 1000);
    if (numbers == NULL) return 1;
    for (int i = 0; i < 1000; i++) numbers[i] = i;
    printf("consumer of pare %s: %d\n", PARE_VERSION, numbers[999]);
    pare_arena_deinit(&arena);
    return 0;
}
