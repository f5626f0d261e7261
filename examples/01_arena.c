/* 01_arena.c - drop a whole phase at once: each request's objects go with one reset, and after
 * the first request nothing is asked of the allocator any more.
 *
 * Prints:
 *   /a/b/c has 3 parts, 1 allocation so far
 *   /one/two has 2 parts, 1 allocation so far
 *   /x/y/z/w has 4 parts, 1 allocation so far
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include "pare/arena.h"
#include "pare/counting.h"

typedef struct part {
    struct part *next;
    char *text;
} part;

/* The parts of a path, as a list that lives as long as the arena's objects; NULL on refusal. */
static part *split(pare_arena *a, const char *path) {
    part *first = NULL, **link = &first;
    while (*path == '/') {
        size_t length = strcspn(++path, "/");
        part *next = *link = PARE_ARENA_NEW(a, part);
        if (next == NULL) return NULL;
        *next = (part){NULL, pare_arena_strndup(a, path, length)};
        if (next->text == NULL) return NULL;
        link = &next->next;
        path += length;
    }
    return first;
}

int main(void) {
    const char *const requests[] = {"/a/b/c", "/one/two", "/x/y/z/w"};
    pare_counting heap = {0};
    pare_arena arena = {.from = pare_counting_allocator(&heap)};
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        int parts = 0;
        for (part *p = split(&arena, requests[i]); p != NULL; p = p->next) parts++;
        printf("%s has %d parts, %d allocation so far\n", requests[i], parts,
               (int)pare_counting_get_stats(&heap).allocs);
        pare_arena_reset(&arena);
    }
    pare_arena_deinit(&arena);
    return pare_counting_get_stats(&heap).live_bytes == 0 ? 0 : 1;
}
