/* test_line.c - lines of text, seen through pare_arena_dump.
 * SPDX-License-Identifier: MIT */
#include "support/arenas.h"
#include <stdio.h>
#include <stdlib.h>

enum { LINE_MAX_LENGTH = 255 };

typedef struct lines {
    char text[16][300];
    size_t count;
} lines;

static void keep_line(void *ctx, const char *line) {
    lines *l = ctx;
    assert_true(l->count < 16);
    assert_true(strlen(line) <= LINE_MAX_LENGTH);
    strcpy(l->text[l->count++], line);
}

/* What the dump of an arena called `name` begins with. */
static size_t name_line(probe *p, const char *name, lines *l) {
    const pare_arena_options o = {.name = name};
    pare_arena a;
    char address[32];
    assert_int_equal(pare_arena_init(&a, probe_allocator(p), &o), PARE_OK);
    snprintf(address, sizeof address, "arena 0x%llx", (unsigned long long)(uintptr_t)&a);
    *l = (lines){0};
    pare_arena_dump(&a, keep_line, l);
    pare_arena_deinit(&a);
    assert_memory_equal(l->text[0], address, strlen(address));
    return strlen(address);
}

static void line_is_cut_off_at_its_end(void **state) {
    probe *p = *state;
    char *name = malloc(1001);
    lines l;
    for (size_t length = 0; length <= 1000; length += length < 200 || length > 260 ? 20 : 1) {
        memset(name, 'n', length);
        name[length] = '\0';
        size_t before = name_line(p, name, &l) + 1;
        size_t room = LINE_MAX_LENGTH - before;
        size_t shown = length < room ? length : room;
        assert_int_equal(strlen(l.text[0]), before + shown);
        assert_filled(l.text[0] + before, shown, 'n');
    }
    free(name);
}

static void line_without_a_name_is_the_address(void **state) {
    lines l;
    size_t length = name_line(*state, NULL, &l);
    assert_int_equal(strlen(l.text[0]), length);
}

static void line_has_the_figures_in_decimal(void **state) {
    probe *p = *state;
    pare_arena a = small_arena(p);
    lines l = {0};
    char expected[300];
    assert_false(phase(&a));
    pare_arena_stats s = pare_arena_get_stats(&a);
    pare_arena_dump(&a, keep_line, &l);
    snprintf(expected, sizeof expected,
             "  bytes: %llu live, %llu room, %llu waste; %llu held, %llu retained, %llu peak",
             (unsigned long long)s.live_bytes, (unsigned long long)s.room_bytes,
             (unsigned long long)s.waste_bytes, (unsigned long long)s.held_bytes,
             (unsigned long long)s.retained_bytes, (unsigned long long)s.peak_bytes);
    assert_string_equal(l.text[1], expected);
    snprintf(expected, sizeof expected,
             "  blocks: %llu; %llu allocs, %llu frees, %llu resizes, %llu bytes in total",
             (unsigned long long)s.blocks, (unsigned long long)s.allocs,
             (unsigned long long)s.frees, (unsigned long long)s.resizes,
             (unsigned long long)s.total_bytes);
    assert_string_equal(l.text[2], expected);
    pare_arena_deinit(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(line_is_cut_off_at_its_end),
        CASE(line_without_a_name_is_the_address),
        CASE(line_has_the_figures_in_decimal),
    };
    return cmocka_run_group_tests_name("line", tests, NULL, NULL);
}
