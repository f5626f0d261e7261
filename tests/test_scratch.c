/* test_scratch.c - mirrors pare/scratch.h.
 * SPDX-License-Identifier: MIT */
#include "support/probe.h"
#include "pare/scratch.h"

/* Doubles a text `depth` times; each level keeps its temporary apart from its caller's result. */
static char *doubled(pare_scratch *s, pare_arena *result, const char *text, int depth) {
    if (depth == 0) return pare_arena_strdup(result, text);
    pare_arena_scope tmp = pare_scratch_open(s, &result, 1);
    assert_ptr_not_equal(tmp.arena, result);
    char *half = doubled(s, tmp.arena, text, depth - 1);
    char *whole = pare_arena_printf(result, "%s%s", half, half);
    pare_arena_scope_close(&tmp);
    return whole;
}

static void scratch_results_survive_the_callees_scratch(void **state) {
    probe *p = *state;
    pare_scratch s;
    pare_scratch_init(&s, probe_allocator(p));
    pare_arena result = {.from = probe_allocator(p)};
    for (int round = 0; round < 3; round++) {
        char *text = doubled(&s, &result, "ab", 8);
        assert_int_equal(strlen(text), 512);
        for (size_t i = 0; i < 512; i++) assert_int_equal(text[i], "ab"[i % 2]);
        for (int i = 0; i < PARE_SCRATCH_ARENAS; i++) {
            assert_int_equal(pare_arena_get_stats(&s.arenas[i]).live_bytes, 0);
        }
        pare_arena_reset(&result);
    }
    uint64_t requests = p->requests;
    assert_non_null(doubled(&s, &result, "ab", 8));
    assert_int_equal(p->requests, requests); /* warm: nothing is asked for */
    pare_arena_deinit(&result);
    pare_scratch_deinit(&s);
}

static void scratch_takes_the_first_arena_without_conflict(void **state) {
    (void)state;
    pare_scratch s = {0};
    pare_arena *conflicts[PARE_SCRATCH_ARENAS];
    for (size_t count = 0; count < PARE_SCRATCH_ARENAS; count++) {
        pare_arena_scope scope = pare_scratch_open(&s, conflicts, count);
        assert_ptr_equal(scope.arena, &s.arenas[count]);
        conflicts[count] = scope.arena;
        pare_arena_scope_close(&scope);
    }
    pare_scratch_deinit(&s);
}

static pare_scratch all_results;

static void open_without_an_arena(void *ctx) {
    pare_arena *conflicts[PARE_SCRATCH_ARENAS];
    for (int i = 0; i < PARE_SCRATCH_ARENAS; i++) conflicts[i] = &all_results.arenas[i];
    pare_arena_scope *scope = ctx;
    *scope = pare_scratch_open(&all_results, conflicts, PARE_SCRATCH_ARENAS);
}

static void scratch_without_an_arena_left_is_misuse(void **state) {
    (void)state;
    pare_arena_scope scope;
    expect_misuse(open_without_an_arena, &scope, "pare: scratch: every arena is a result");
    pare_set_misuse_handler(misuse_note);
    open_without_an_arena(&scope);
    assert_int_equal(misuse_count, 1);
    assert_null(scope.arena);
    pare_arena_scope_close(&scope); /* a closed scope may be closed */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(scratch_results_survive_the_callees_scratch),
        CASE(scratch_takes_the_first_arena_without_conflict),
        CASE(scratch_without_an_arena_left_is_misuse),
    };
    return cmocka_run_group_tests_name("scratch", tests, NULL, NULL);
}
