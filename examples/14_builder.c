/* 14_builder.c - a text and the objects it tells of, side by side in one arena: the text grows in
 * place while they are allocated, and stays where it is when done.
 *
 * Prints:
 *   1 one; 2 two; 3 three;
 *   the last word has 5 letters
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include "pare/arena.h"
#include "pare/heap.h"
#include "pare/str.h"

typedef struct word {
    const struct word *before;
    size_t length;
} word;

/* Adds to `text` and answers the word; NULL if there was no memory. */
static const word *add(pare_arena *a, pare_str *text, const word *before, const char *name) {
    word *w = PARE_ARENA_NEW(a, word);
    if (w == NULL) return NULL;
    *w = (word){before, strlen(name)};
    if (before != NULL && pare_str_append_char(text, ' ') != PARE_OK) return NULL;
    if (pare_str_append(text, name) != PARE_OK) return NULL;
    return pare_str_append_char(text, ';') == PARE_OK ? w : NULL;
}

int main(void) {
    static const char *const names[] = {"1 one", "2 two", "3 three"};
    const pare_arena_options options = {.name = "words"}; /* in reports of misuse, and dumps */
    const word *last = NULL;
    pare_arena arena;
    pare_str text;
    pare_parcel done;
    if (pare_arena_init(&arena, pare_heap(), &options) != PARE_OK) return 1;
    pare_str_init(&text, pare_arena_builder_allocator(&arena));
    for (int i = 0; i < 3; i++) last = add(&arena, &text, last, names[i]);
    if (last == NULL || pare_str_shrink(&text) != PARE_OK) return 1;
    if (pare_str_detach(&text, &done) != PARE_OK) return 1;
    printf("%s\nthe last word has %zu letters\n", (const char *)done.block.ptr, last->length - 2);
    pare_arena_deinit(&arena); /* the words and the text */
    return 0;
}
