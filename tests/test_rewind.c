/* test_rewind.c - marks, scopes, callbacks: mirrors that section of pare/arena.h.
 * SPDX-License-Identifier: MIT */
#include "support/arenas.h"
#include "pare/fixed.h"
#include <stdlib.h>

static void arena_rewind_drops_younger_objects_only(void **state) {
    probe *p = *state;
    pare_arena a = small_arena(p);
    char *older = filled(pare_arena_alloc(&a, 40, 8), 40, 1);
    pare_arena_pos mark = pare_arena_mark(&a);
    char *younger = filled(pare_arena_alloc(&a, 40, 8), 40, 2);
    pare_arena_rewind(&a, mark);
    assert_filled(older, 40, 1);
    assert_ptr_equal(pare_arena_alloc(&a, 40, 8), younger);
    pare_arena_rewind(&a, mark); /* a mark serves again */
    assert_ptr_equal(pare_arena_alloc(&a, 40, 8), younger);
    pare_arena_deinit(&a);
}

static void arena_rewind_across_blocks_and_large_ones(void **state) {
    probe *p = *state;
    pare_arena a = small_arena(p);
    char *older = filled(pare_arena_alloc(&a, 40, 8), 40, 1);
    size_t live = pare_arena_get_stats(&a).live_bytes;
    pare_arena_pos mark = pare_arena_mark(&a);
    assert_false(phase(&a));
    pare_arena_rewind(&a, mark);
    assert_int_equal(pare_arena_get_stats(&a).live_bytes, live);
    uint64_t requests = p->requests;
    for (int i = 0; i < 5; i++) {
        assert_false(phase(&a));
        pare_arena_rewind(&a, mark);
    }
    assert_int_equal(p->requests, requests);
    assert_filled(older, 40, 1);
    pare_arena_deinit(&a);
}

static void arena_mark_of_empty_arena_rewinds_to_empty(void **state) {
    probe *p = *state;
    pare_arena a = {.from = probe_allocator(p)};
    pare_arena_pos mark = pare_arena_mark(&a);
    assert_false(phase(&a));
    pare_arena_rewind(&a, mark);
    assert_int_equal(pare_arena_get_stats(&a).live_bytes, 0);
    assert_false(phase(&a));
    pare_arena_rewind(&a, mark);
    pare_arena_deinit(&a);
}

/* The first object ever is too large for a first block. */
static void arena_scope_on_an_unused_arena_drops_an_oversized_object(void **state) {
    probe *p = *state;
    pare_arena a = {.from = probe_allocator(p)};
    uint64_t requests = 0;
    for (int round = 0; round < 3; round++) {
        PARE_ARENA_SCOPE(&a) { filled(pare_arena_alloc(&a, 100000, 8), 100000, 1); }
        assert_int_equal(pare_arena_get_stats(&a).live_bytes, 0);
        if (round == 0) requests = p->requests;
    }
    assert_int_equal(p->requests, requests);
    pare_arena_trim(&a);
    assert_true(p->live_bytes <= 4096);
    pare_arena_deinit(&a);
}

static int leave_by_return(pare_arena *a) {
    PARE_ARENA_SCOPE(a) {
        filled(pare_arena_alloc(a, 800, 8), 800, 2);
        PARE_ARENA_SCOPE(a) { return (int)filled(pare_arena_alloc(a, 800, 8), 800, 3)[0]; }
    }
    return 0;
}

static void arena_scope_survives_break_continue_and_return(void **state) {
    probe *p = *state;
    pare_arena a = small_arena(p);
    filled(pare_arena_alloc(&a, 8, 8), 8, 1);
    size_t live = pare_arena_get_stats(&a).live_bytes;
    PARE_ARENA_SCOPE(&a) { filled(pare_arena_alloc(&a, 800, 8), 800, 2); }
    assert_int_equal(pare_arena_get_stats(&a).live_bytes, live);
    PARE_ARENA_SCOPE(&a) {
        filled(pare_arena_alloc(&a, 800, 8), 800, 2);
        if (live != 0) break;
    }
    assert_int_equal(pare_arena_get_stats(&a).live_bytes, live);
    PARE_ARENA_SCOPE(&a) {
        filled(pare_arena_alloc(&a, 800, 8), 800, 2);
        PARE_ARENA_SCOPE(&a) {
            filled(pare_arena_alloc(&a, 800, 8), 800, 2);
            goto out;
        }
    }
out:
    assert_int_equal(pare_arena_get_stats(&a).live_bytes, live);
    PARE_ARENA_SCOPE(&a) {
        filled(pare_arena_alloc(&a, 800, 8), 800, 2);
        if (live != 0) continue;
    }
    assert_int_equal(pare_arena_get_stats(&a).live_bytes, live);
    assert_int_equal(leave_by_return(&a), 3);
    assert_int_equal(pare_arena_get_stats(&a).live_bytes, live);
    pare_arena_deinit(&a);
}

typedef struct open_scopes {
    pare_arena a;
    pare_arena_scope outer, inner;
} open_scopes;

static void open_two(open_scopes *c, probe *p) {
    c->a = small_arena(p);
    filled(pare_arena_alloc(&c->a, 40, 8), 40, 1);
    c->outer = pare_arena_scope_open(&c->a);
    filled(pare_arena_alloc(&c->a, 40, 8), 40, 2);
    c->inner = pare_arena_scope_open(&c->a);
    filled(pare_arena_alloc(&c->a, 40, 8), 40, 3);
}

static void close_inner(void *ctx) {
    open_scopes *c = ctx;
    pare_arena_scope_close(&c->inner);
}

static void arena_scopes_closed_out_of_order_are_misuse(void **state) {
    open_scopes c;
    open_two(&c, *state);
    pare_arena_scope_close(&c.outer);
    pare_arena_scope_close(&c.outer); /* once closed, closing does nothing */
    expect_misuse(close_inner, &c, "pare: arena: mark that was rewound past");
    pare_arena_deinit(&c.a);
}

static void arena_scope_around_a_reset_is_misuse(void **state) {
    open_scopes c;
    open_two(&c, *state);
    pare_arena_reset(&c.a);
    expect_misuse(close_inner, &c, "pare: arena: mark from before a reset");
    pare_arena_deinit(&c.a);
}

static void arena_refusal_in_a_scope_leaves_it_usable(void **state) {
    probe *p = *state;
    pare_arena a = small_arena(p);
    PARE_ARENA_SCOPE(&a) {
        probe_refuse(p, 0, PROBE_NEVER);
        assert_null(pare_arena_alloc(&a, 100000, 8));
        filled(pare_arena_alloc(&a, 8, 8), 8, 1);
    }
    assert_int_equal(pare_arena_get_stats(&a).live_bytes, 0);
    pare_arena_deinit(&a);
}

/* Marks from before and after the array overflows, resets on both sides of it. */
static void arena_on_an_array_marks_and_resets_across_the_spill(void **state) {
    probe *p = *state;
    char *array = malloc(2000);
    pare_arena a;
    pare_arena_init_with(&a, array, 2000, probe_allocator(p));
    for (int round = 0; round < 4; round++) {
        pare_arena_pos empty = pare_arena_mark(&a);
        char *first = filled(pare_arena_alloc(&a, 100, 8), 100, 1);
        assert_true(first >= array && first < array + 2000);
        size_t live = pare_arena_get_stats(&a).live_bytes;
        pare_arena_pos mark = pare_arena_mark(&a);
        assert_false(phase(&a));
        pare_arena_rewind(&a, mark);
        assert_int_equal(pare_arena_get_stats(&a).live_bytes, live);
        assert_filled(first, 100, 1);
        assert_false(phase(&a));
        assert_int_equal(pare_arena_get_stats(&a).held_bytes, p->live_bytes);
        if (round % 2 == 0) pare_arena_rewind(&a, empty);
        assert_int_equal(pare_arena_get_stats(&a).blocks, p->live_blocks);
        pare_arena_reset(&a);
        assert_int_equal(pare_arena_get_stats(&a).live_bytes, 0);
        if (round == 1) pare_arena_trim(&a);
    }
    uint64_t requests = p->requests;
    assert_false(phase(&a));
    assert_int_equal(p->requests, requests);
    pare_arena_deinit(&a);
    free(array);
}

static void arena_on_an_array_notices_dead_marks(void **state) {
    probe *p = *state;
    char *array = malloc(2000);
    pare_arena a;
    pare_arena_init_with(&a, array, 2000, probe_allocator(p));
    pare_set_misuse_handler(misuse_note);
    pare_arena_pos empty = pare_arena_mark(&a);
    filled(pare_arena_alloc(&a, 8, 8), 8, 1);
    pare_arena_pos later = pare_arena_mark(&a);
    pare_arena_rewind(&a, empty);
    pare_arena_rewind(&a, later);
    assert_int_equal(misuse_count, 1);
    pare_arena_reset(&a);
    pare_arena_rewind(&a, empty);
    assert_int_equal(misuse_count, 2);
    assert_string_equal(misuse_last.kind, "mark from before a reset");
    pare_arena_deinit(&a);
    free(array);
}

typedef struct marks_case {
    pare_arena a, b;
    pare_arena_pos mark;
} marks_case;

static void rewind_body(void *ctx) {
    marks_case *c = ctx;
    pare_arena_rewind(&c->a, c->mark);
}

/* The bad mark is stopped in a child; with a handler that returns nothing changes. */
static void assert_mark_is_misuse(marks_case *c, const char *kind) {
    expect_misuse(rewind_body, c, kind);
    pare_arena_stats before = pare_arena_get_stats(&c->a);
    pare_arena arena = c->a;
    pare_set_misuse_handler(misuse_note);
    misuse_count = 0;
    pare_arena_rewind(&c->a, c->mark);
    assert_int_equal(misuse_count, 1);
    assert_ptr_equal(misuse_last.object, &c->a);
    assert_memory_equal(&arena, &c->a, sizeof arena);
    pare_arena_stats after = pare_arena_get_stats(&c->a);
    assert_memory_equal(&before, &after, sizeof after);
}

static void arena_mark_of_another_arena_is_misuse(void **state) {
    probe *p = *state;
    marks_case c = {.a = small_arena(p), .b = small_arena(p)};
    c.mark = pare_arena_mark(&c.b);
    assert_mark_is_misuse(&c, "pare: arena: mark of another arena");
    pare_arena_deinit(&c.a);
    pare_arena_deinit(&c.b);
}

static void arena_mark_from_before_a_reset_is_misuse(void **state) {
    probe *p = *state;
    marks_case c = {.a = small_arena(p)};
    filled(pare_arena_alloc(&c.a, 8, 8), 8, 1);
    c.mark = pare_arena_mark(&c.a);
    pare_arena_reset(&c.a);
    filled(pare_arena_alloc(&c.a, 80, 8), 80, 1);
    assert_mark_is_misuse(&c, "pare: arena: mark from before a reset");
    pare_arena_deinit(&c.a);
}

static void arena_mark_newer_than_the_position_is_misuse(void **state) {
    probe *p = *state;
    marks_case c = {.a = small_arena(p)};
    pare_arena_pos outer = pare_arena_mark(&c.a);
    filled(pare_arena_alloc(&c.a, 8, 8), 8, 1);
    c.mark = pare_arena_mark(&c.a);
    pare_arena_rewind(&c.a, outer);
    assert_mark_is_misuse(&c, "pare: arena: mark that was rewound past");
    pare_arena_deinit(&c.a);
}

static void arena_mark_in_a_dropped_block_is_misuse(void **state) {
    probe *p = *state;
    marks_case c = {.a = small_arena(p)};
    pare_arena_pos outer = pare_arena_mark(&c.a);
    assert_false(phase(&c.a));
    c.mark = pare_arena_mark(&c.a);
    pare_arena_rewind(&c.a, outer);
    assert_mark_is_misuse(&c, "pare: arena: mark that was rewound past");
    assert_false(phase(&c.a)); /* the same block is in use again, under another serial */
    assert_mark_is_misuse(&c, "pare: arena: mark that was rewound past");
    pare_arena_deinit(&c.a);
}

static void arena_hardened_finds_every_dead_mark_and_names_its_end(void **state) {
    probe *p = *state;
    pare_arena a = arena_with(p, PARE_ARENA_HARDENED);
    pare_set_misuse_handler(misuse_note);
    pare_arena_pos outer = pare_arena_mark(&a);
    filled(pare_arena_alloc(&a, 8, 8), 8, 1);
    pare_arena_pos inner = pare_arena_mark(&a);
    pare_arena_rewind(&a, outer);
    filled(pare_arena_alloc(&a, 200, 8), 200, 1); /* the position is beyond it again */
    pare_arena_rewind(&a, inner);
    assert_int_equal(misuse_count, 1);
    assert_string_equal(misuse_last.kind, "mark that was rewound past");
    assert_non_null(misuse_last.earlier);
    pare_arena_rewind(&a, outer); /* still good */
    pare_arena_rewind(&a, outer);
    assert_int_equal(misuse_count, 1);
    pare_arena_reset(&a);
    pare_arena_rewind(&a, outer);
    assert_int_equal(misuse_count, 2);
    assert_non_null(misuse_last.earlier);
    pare_arena_deinit(&a);
}

static void arena_hardened_scopes_in_a_loop_cost_no_more_memory(void **state) {
    probe *p = *state;
    const unsigned modes[] = {PARE_ARENA_HARDENED, PARE_ARENA_HARDENED | PARE_ARENA_UNPOOLED};
    for (size_t i = 0; i < 2; i++) {
        pare_arena a = arena_with(p, modes[i]);
        filled(pare_arena_alloc(&a, 8, 8), 8, 1);
        size_t live = 0;
        for (int round = 0; round < 1000; round++) {
            PARE_ARENA_SCOPE(&a) {
                filled(pare_arena_alloc(&a, 100, 8), 100, 1);
                PARE_ARENA_SCOPE(&a) { filled(pare_arena_alloc(&a, 100, 8), 100, 1); }
            }
            if (round == 0) live = pare_arena_get_stats(&a).live_bytes;
        }
        assert_int_equal(pare_arena_get_stats(&a).live_bytes, live);
        pare_arena_deinit(&a);
    }
}

static void arena_rewind_keep_moves_one_object_down_to_the_mark(void **state) {
    probe *p = *state;
    const size_t sizes[] = {1, 24, 300, 5000, 100000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (size_t align = 1; align <= 256; align *= 16) {
            pare_arena a = {.from = probe_allocator(p)};
            char *older = filled(pare_arena_alloc(&a, 100, 8), 100, 1);
            pare_arena_pos mark = pare_arena_mark(&a);
            for (int round = 0; round < 5; round++) {
                assert_false(phase(&a));
                char *result = filled(pare_arena_alloc(&a, sizes[i], align), sizes[i], 7);
                assert_false(phase(&a));
                char *kept = pare_arena_rewind_keep(&a, mark, result, sizes[i], align);
                assert_int_equal((uintptr_t)kept % align, 0);
                assert_filled(kept, sizes[i], 7);
                filled(pare_arena_alloc(&a, 64, 8), 64, 9);
                assert_filled(kept, sizes[i], 7);
                pare_arena_stats stats = pare_arena_get_stats(&a);
                assert_true(stats.live_bytes < 100 + 64 + sizes[i] + 2 * align + 200);
                assert_int_equal(stats.held_bytes, p->live_bytes);
                pare_arena_rewind(&a, mark);
                assert_filled(older, 100, 1);
            }
            pare_arena_deinit(&a);
        }
    }
}

static void arena_rewind_keep_on_an_array_and_of_nothing(void **state) {
    probe *p = *state;
    char *array = malloc(4000);
    pare_arena a;
    pare_arena_init_with(&a, array, 4000, probe_allocator(p));
    pare_arena_pos mark = pare_arena_mark(&a);
    filled(pare_arena_alloc(&a, 500, 8), 500, 1);
    char *result = filled(pare_arena_alloc(&a, 40, 8), 40, 2);
    char *kept = pare_arena_rewind_keep(&a, mark, result, 40, 8);
    assert_filled(kept, 40, 2);
    assert_true(kept < result);
    assert_null(pare_arena_rewind_keep(&a, mark, NULL, 0, 1));
    assert_int_equal(pare_arena_get_stats(&a).live_bytes, 0);
    pare_arena_deinit(&a);
    free(array);
}

typedef struct drop_log {
    char letters[32];
    size_t count;
} drop_log;

typedef struct drop_entry {
    drop_log *log;
    char letter;
} drop_entry;

static void drop_note(void *ctx) {
    drop_entry *e = ctx;
    e->log->letters[e->log->count++] = e->letter;
    e->log->letters[e->log->count] = '\0';
}

static void drop_add(pare_arena *a, drop_log *log, char letter) {
    drop_entry *e = PARE_ARENA_NEW(a, drop_entry);
    assert_non_null(e);
    *e = (drop_entry){log, letter};
    assert_int_equal(pare_arena_on_drop(a, drop_note, e), PARE_OK);
}

static void arena_drops_run_youngest_first_at_rewind_reset_and_deinit(void **state) {
    probe *p = *state;
    drop_log log = {{0}, 0};
    pare_arena a = small_arena(p);
    drop_add(&a, &log, 'a');
    pare_arena_pos mark = pare_arena_mark(&a);
    drop_add(&a, &log, 'b');
    assert_false(phase(&a));
    drop_add(&a, &log, 'c');
    pare_arena_rewind(&a, mark);
    assert_string_equal(log.letters, "cb");
    pare_arena_rewind(&a, mark);
    drop_add(&a, &log, 'd');
    pare_arena_reset(&a);
    assert_string_equal(log.letters, "cbda");
    PARE_ARENA_SCOPE(&a) { drop_add(&a, &log, 'e'); }
    drop_add(&a, &log, 'f');
    pare_arena_deinit(&a);
    assert_string_equal(log.letters, "cbdaef");
}

static void arena_on_drop_refused_adds_nothing(void **state) {
    (void)state;
    drop_log log = {{0}, 0};
    drop_entry e = {&log, 'x'};
    pare_arena a;
    pare_arena_init_with(&a, NULL, 0, pare_none());
    assert_int_equal(pare_arena_on_drop(&a, drop_note, &e), PARE_ERR_MEMORY);
    pare_arena_deinit(&a);
    assert_int_equal(log.count, 0);
}

static void assert_keep_is_misuse(pare_arena *a, pare_arena_pos mark, char *object, size_t size,
                                  const char *kind) {
    pare_arena_stats before = pare_arena_get_stats(a);
    pare_set_misuse_handler(misuse_note);
    misuse_count = 0;
    assert_ptr_equal(pare_arena_rewind_keep(a, mark, object, size, 1), object);
    assert_int_equal(misuse_count, 1);
    assert_string_equal(misuse_last.kind, kind);
    assert_ptr_equal(misuse_last.address, object);
    pare_arena_stats after = pare_arena_get_stats(a);
    assert_memory_equal(&before, &after, sizeof after);
}

static void arena_rewind_keep_of_what_is_not_younger_is_misuse(void **state) {
    probe *p = *state;
    for (int on_array = 0; on_array < 2; on_array++) {
        _Alignas(16) char array[2048];
        pare_arena a = small_arena(p);
        if (on_array) {
            pare_arena_deinit(&a);
            pare_arena_init_with(&a, array, sizeof array, probe_allocator(p));
        }
        char foreign[8], *older = filled(pare_arena_alloc(&a, 40, 8), 40, 1);
        pare_arena_pos mark = pare_arena_mark(&a);
        char *younger = filled(pare_arena_alloc(&a, 40, 8), 40, 2);
        size_t room = pare_arena_get_stats(&a).room_bytes;
        assert_keep_is_misuse(&a, mark, older, 40, "object from before the mark");
        assert_keep_is_misuse(&a, mark, younger, 40 + room + 1, "object of another size");
        filled(pare_arena_alloc(&a, 3000, 8), 3000,
               3); /* a block from the allocator, in any case */
        assert_keep_is_misuse(&a, mark, older, 40, "object from before the mark");
        assert_keep_is_misuse(&a, mark, foreign, 8, "foreign pointer");
        misuse_count = 0;
        assert_filled(pare_arena_rewind_keep(&a, mark, younger, 40, 8), 40, 2);
        assert_int_equal(misuse_count, 0);
        pare_arena_deinit(&a);
    }
}

static void use_inside(void *ctx) { (void)!pare_arena_alloc(ctx, 8, 8); }

static void arena_hardened_refuses_a_second_call_at_once(void **state) {
    probe *p = *state;
    pare_arena a = arena_with(p, PARE_ARENA_HARDENED);
    pare_set_misuse_handler(misuse_note);
    assert_int_equal(pare_arena_on_drop(&a, use_inside, &a), PARE_OK);
    pare_arena_reset(&a);
    assert_int_equal(misuse_count, 1);
    assert_string_equal(misuse_last.kind, "used by two calls at once");
    assert_int_equal(pare_arena_status(&a), PARE_OK); /* the reset that went through clears it */
    pare_arena_deinit(&a);
}

typedef struct inner_mark {
    pare_arena *a;
    pare_arena_pos pos;
} inner_mark;

static void mark_inside(void *ctx) {
    inner_mark *c = ctx;
    c->pos = pare_arena_mark(c->a);
}

static void arena_hardened_refused_mark_leads_nowhere(void **state) {
    probe *p = *state;
    pare_arena a = arena_with(p, PARE_ARENA_HARDENED);
    inner_mark c = {.a = &a};
    char *older = filled(pare_arena_alloc(&a, 40, 8), 40, 1);
    pare_arena_pos mark = pare_arena_mark(&a);
    assert_int_equal(pare_arena_on_drop(&a, mark_inside, &c), PARE_OK);
    pare_set_misuse_handler(misuse_note);
    misuse_count = 0;
    pare_arena_rewind(&a, mark);
    assert_int_equal(misuse_count, 1);
    size_t live = pare_arena_get_stats(&a).live_bytes;
    pare_arena_rewind(&a, c.pos);
    assert_int_equal(misuse_count, 2);
    assert_int_equal(pare_arena_get_stats(&a).live_bytes, live);
    assert_filled(older, 40, 1);
    pare_arena_deinit(&a);
}

static void arena_hardened_checks_older_objects_after_a_damaged_guard(void **state) {
    probe *p = *state;
    if (probe_watched()) return; /* no guards then */
    pare_arena a = arena_with(p, PARE_ARENA_HARDENED);
    char *volatile older = filled(pare_arena_alloc(&a, 40, 8), 40, 1);
    pare_arena_pos mark = pare_arena_mark(&a);
    char *volatile younger = filled(pare_arena_alloc(&a, 40, 8), 40, 2);
    pare_set_misuse_handler(misuse_note);
    misuse_count = 0;
    memset(younger + 40, 0, 40); /* bugs, on purpose */
    older[40] = 0;
    pare_arena_rewind(&a, mark);
    assert_int_equal(misuse_count, 1);
    pare_arena_reset(&a);
    assert_int_equal(misuse_count, 2);
    assert_ptr_equal(misuse_last.address, older + 40);
    pare_arena_deinit(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(arena_rewind_drops_younger_objects_only),
        CASE(arena_rewind_across_blocks_and_large_ones),
        CASE(arena_mark_of_empty_arena_rewinds_to_empty),
        CASE(arena_scope_on_an_unused_arena_drops_an_oversized_object),
        CASE(arena_scope_survives_break_continue_and_return),
        CASE(arena_scopes_closed_out_of_order_are_misuse),
        CASE(arena_scope_around_a_reset_is_misuse),
        CASE(arena_refusal_in_a_scope_leaves_it_usable),
        CASE(arena_on_an_array_marks_and_resets_across_the_spill),
        CASE(arena_on_an_array_notices_dead_marks),
        CASE(arena_mark_of_another_arena_is_misuse),
        CASE(arena_mark_from_before_a_reset_is_misuse),
        CASE(arena_mark_newer_than_the_position_is_misuse),
        CASE(arena_mark_in_a_dropped_block_is_misuse),
        CASE(arena_hardened_finds_every_dead_mark_and_names_its_end),
        CASE(arena_hardened_scopes_in_a_loop_cost_no_more_memory),
        CASE(arena_rewind_keep_moves_one_object_down_to_the_mark),
        CASE(arena_rewind_keep_on_an_array_and_of_nothing),
        CASE(arena_rewind_keep_of_what_is_not_younger_is_misuse),
        CASE(arena_drops_run_youngest_first_at_rewind_reset_and_deinit),
        CASE(arena_on_drop_refused_adds_nothing),
        CASE(arena_hardened_refuses_a_second_call_at_once),
        CASE(arena_hardened_refused_mark_leads_nowhere),
        CASE(arena_hardened_checks_older_objects_after_a_damaged_guard),
    };
    return cmocka_run_group_tests_name("rewind", tests, NULL, NULL);
}
