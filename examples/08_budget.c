/* 08_budget.c - one limit for the whole program: what an idle part keeps for reuse is given back
 * when another part needs it.
 *
 * Prints:
 *   after a burst the arena keeps its blocks
 *   64 KiB for an image: ok, and the arena keeps nothing
 *   64 KiB more: limit reached, and the arena keeps nothing
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include "pare/arena.h"
#include "pare/budget.h"

/* Called before the budget refuses. */
static int give_back(void *arena, pare_budget *budget, size_t needed_bytes) {
    (void)budget, (void)needed_bytes;
    pare_arena_trim(arena);
    return 1; /* try again */
}

static const char *kept(const pare_arena *arena) {
    return pare_arena_get_stats(arena).retained_bytes > 0 ? "its blocks" : "nothing";
}

int main(void) {
    pare_budget memory;
    pare_arena arena = {.from = pare_budget_allocator(&memory)};
    pare_budget_options limits = {.limit_bytes = 100 * 1024, .relief = give_back, .ctx = &arena};
    if (pare_budget_init(&memory, (pare_allocator){0}, &limits) != PARE_OK) return 1;
    for (int i = 0; i < 50; i++) {
        if (pare_arena_alloc(&arena, 1000, 8) == NULL) return 1;
    }
    pare_arena_reset(&arena);
    printf("after a burst the arena keeps %s\n", kept(&arena));

    pare_allocator a = pare_budget_allocator(&memory);
    pare_span image = {NULL, 0}, another = {NULL, 0};
    pare_status status = pare_alloc_span(a, 64 * 1024, 8, 0, &image);
    printf("64 KiB for an image: %s, and the arena keeps %s\n", pare_status_text(status),
           kept(&arena));
    status = pare_alloc_span(a, 64 * 1024, 8, 0, &another);
    printf("64 KiB more: %s, and the arena keeps %s\n", pare_status_text(status), kept(&arena));

    pare_free_span(a, image, 8);
    pare_free_span(a, another, 8);
    pare_arena_deinit(&arena);
    pare_budget_deinit(&memory);
    return 0;
}
