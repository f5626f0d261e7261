/* test_extend.c - objects that change their size, and growing buffers: mirrors these sections of
 * pare/arena.h.
 * SPDX-License-Identifier: MIT */
#include "support/arenas.h"
#include "pare/budget.h"
#include "pare/fixed.h"
#include "pare/pages.h"
#include "pare/str.h"
#include <stdlib.h>

/* --- the newest object ------------------------------------------------------------------- */

static void arena_resize_and_free_of_the_newest(void **state) {
    probe *p = *state;
    pare_arena a = {.from = probe_allocator(p)};
    char *older = filled(pare_arena_alloc(&a, 24, 8), 24, 1);
    char *newest = filled(pare_arena_alloc(&a, 24, 8), 24, 2);
    assert_int_equal(pare_arena_resize(&a, newest, 24, 100), PARE_OK);
    filled(newest, 100, 2);
    assert_int_equal(pare_arena_resize(&a, newest, 100, 1 << 20), PARE_ERR_MEMORY);
    assert_int_equal(pare_arena_resize(&a, newest, 100, SIZE_MAX), PARE_ERR_ARGUMENT);
    assert_int_equal(pare_arena_resize(&a, older, 24, 25), PARE_ERR_MEMORY);
    assert_int_equal(pare_arena_resize(&a, older, 24, 8), PARE_OK);
    assert_int_equal(pare_arena_resize(&a, newest, 100, 0), PARE_OK); /* counts as one */
    assert_false(pare_arena_free(&a, older, 8));
    assert_true(pare_arena_free(&a, newest, 0));
    assert_ptr_equal(pare_arena_alloc(&a, 24, 8), newest);
    assert_false(pare_arena_free(&a, NULL, 8));
    pare_arena_mark(&a);
    assert_int_equal(pare_arena_resize(&a, newest, 24, 100), PARE_ERR_MEMORY); /* across a mark */
    pare_arena_deinit(&a);
}

/* An object that fills the block exactly; one byte more does not fit. */
static void arena_resize_grows_to_the_end_of_the_block(void **state) {
    probe *p = *state;
    p->never_resize = true;
    pare_arena a = small_arena(p);
    char *object = filled(pare_arena_alloc(&a, 8, 8), 8, 1);
    size_t most = 8 + pare_arena_get_stats(&a).room_bytes;
    assert_int_equal(pare_arena_resize(&a, object, 8, most + 1), PARE_ERR_MEMORY);
    assert_int_equal(pare_arena_resize(&a, object, 8, most), PARE_OK);
    filled(object, most, 2);
    assert_int_equal(pare_arena_get_stats(&a).room_bytes, 0);
    assert_int_equal(pare_arena_resize(&a, object, most, most - 1), PARE_OK);
    assert_int_equal(pare_arena_resize(&a, object, most - 1, 8), PARE_OK);
    assert_int_equal(pare_arena_get_stats(&a).room_bytes, most - 8);
    pare_arena_deinit(&a);
}

typedef struct sized {
    pare_arena a;
    char *object;
    size_t size;
} sized;

static void free_sized(void *ctx) {
    sized *c = ctx;
    pare_arena_free(&c->a, c->object, c->size);
}

static void assert_size_is_misuse(sized *c, const char *kind) {
    expect_misuse(free_sized, c, kind);
    pare_set_misuse_handler(misuse_note);
    pare_arena_stats before = pare_arena_get_stats(&c->a);
    misuse_count = 0;
    assert_false(pare_arena_free(&c->a, c->object, c->size));
    assert_int_equal(pare_arena_resize(&c->a, c->object, c->size, 1), PARE_ERR_ARGUMENT);
    assert_int_equal(pare_arena_resize(&c->a, c->object, c->size, 2 * c->size), PARE_ERR_ARGUMENT);
    assert_int_equal(misuse_count, 3);
    assert_ptr_equal(misuse_last.address, c->object);
    pare_arena_stats after = pare_arena_get_stats(&c->a);
    assert_memory_equal(&before, &after, sizeof after);
}

static void arena_size_that_reaches_beyond_the_position_is_misuse(void **state) {
    probe *p = *state;
    if (probe_watched()) return; /* positions lie further on, by the redzones */
    for (int on_array = 0; on_array < 2; on_array++) {
        _Alignas(16) char array[512];
        sized c = {.a = small_arena(p)};
        if (on_array) {
            pare_arena_deinit(&c.a);
            pare_arena_init_with(&c.a, array, sizeof array, pare_none());
        }
        c.object = filled(pare_arena_alloc(&c.a, 24, 8), 24, 1);
        filled(pare_arena_alloc(&c.a, 24, 8), 24, 2);
        c.size = 48 + 1;
        assert_size_is_misuse(&c, "pare: arena: object of another size");
        misuse_count = 0;
        assert_true(pare_arena_free(&c.a, c.object + 24, 24));
        assert_int_equal(misuse_count, 0);
        pare_arena_deinit(&c.a);
    }
}

static void arena_hardened_finds_every_wrong_size_and_second_free(void **state) {
    probe *p = *state;
    if (probe_watched()) return; /* no guards then, which know the size */
    const unsigned hardened[] = {PARE_ARENA_HARDENED, PARE_ARENA_HARDENED | PARE_ARENA_UNPOOLED};
    for (size_t i = 0; i < 2; i++) {
        sized c = {.a = arena_with(p, hardened[i])};
        c.object = filled(pare_arena_alloc(&c.a, 40, 8), 40, 1);
        filled(pare_arena_alloc(&c.a, 24, 8), 24, 2);
        for (c.size = 1; c.size < 100; c.size += c.size == 39 ? 2 : 1) {
            assert_size_is_misuse(&c, "pare: arena: object of another size");
        }
        misuse_count = 0;
        assert_int_equal(pare_arena_resize(&c.a, c.object, 40, 10), PARE_OK);
        assert_int_equal(pare_arena_resize(&c.a, c.object, 10, 9), PARE_OK);
        assert_int_equal(pare_arena_resize(&c.a, c.object, 9, 10), PARE_ERR_MEMORY);
        pare_arena_free(&c.a, c.object, 9);
        assert_int_equal(misuse_count, 0);
        c.size = 9;
        assert_size_is_misuse(&c, "pare: arena: object of another size");
        char elsewhere[16];
        c.object = elsewhere;
        assert_size_is_misuse(&c, "pare: arena: foreign pointer");
        pare_arena_deinit(&c.a);
    }
}

static void arena_hardened_finds_writes_to_what_an_object_gave_up(void **state) {
    probe *p = *state;
    if (probe_watched()) return;
    pare_set_misuse_handler(misuse_note);
    for (size_t kept = 0; kept <= 16; kept += 8) {
        pare_arena a = arena_with(p, PARE_ARENA_HARDENED);
        char *object = filled(pare_arena_alloc(&a, 40, 8), 40, 1);
        misuse_count = 0;
        if (kept > 0) assert_int_equal(pare_arena_resize(&a, object, 40, kept), PARE_OK);
        if (kept == 0) pare_arena_free(&a, object, 40);
        char *volatile stale = object; /* a bug, on purpose */
        stale[kept] = 1;
        pare_arena_reset(&a);
        assert_int_equal(misuse_count, 1);
        assert_string_equal(misuse_last.kind, "write past the end of an object");
        pare_arena_deinit(&a);
    }
}

static void arena_hardened_and_unpooled_frees_objects_of_any_alignment(void **state) {
    probe *p = *state;
    pare_arena a = arena_with(p, PARE_ARENA_HARDENED | PARE_ARENA_UNPOOLED);
    pare_set_misuse_handler(misuse_note);
    misuse_count = 0;
    for (size_t size = 1; size < 20; size++) {
        char *object = filled(pare_arena_alloc(&a, size, 1), size, 1);
        assert_int_equal(pare_arena_resize(&a, object, size, 1), PARE_OK);
        pare_arena_free(&a, object, 1);
    }
    assert_int_equal(misuse_count, 0);
    pare_arena_deinit(&a);
}

static jmp_buf out_of_misuse;

static void misuse_leave(const pare_misuse *misuse) {
    misuse_note(misuse);
    longjmp(out_of_misuse, 1);
}

static void arena_hardened_is_usable_when_the_handler_left_the_call(void **state) {
    probe *p = *state;
    if (probe_watched()) return; /* what is wrong here, the sanitizer would stop */
    pare_arena a = arena_with(p, PARE_ARENA_HARDENED);
    char *volatile object = filled(pare_arena_alloc(&a, 24, 8), 24, 1);
    pare_set_misuse_handler(misuse_leave);
    misuse_count = 0;
    if (setjmp(out_of_misuse) == 0) pare_arena_free(&a, object, 25);
    assert_string_equal(misuse_last.kind, "object of another size");
    assert_int_equal(pare_arena_resize(&a, object, 24, 20), PARE_OK);
    object[20] = 2;
    if (setjmp(out_of_misuse) == 0) pare_arena_reset(&a);
    assert_string_equal(misuse_last.kind, "write past the end of an object");
    filled(pare_arena_alloc(&a, 24, 8), 24, 1);
    pare_arena_reset(&a);
    assert_int_equal(misuse_count, 2);
    assert_int_equal(pare_arena_get_stats(&a).live_bytes, 0);
    pare_arena_deinit(&a);
}

/* --- as an allocator --------------------------------------------------------------------- */

static void arena_allocator_resizes_and_frees_the_newest(void **state) {
    probe *p = *state;
    pare_arena arena = {.from = probe_allocator(p)};
    pare_allocator a = pare_arena_allocator(&arena);
    pare_span older, newest;
    assert_int_equal(pare_alloc_span(a, 20, 8, 0, &older), PARE_OK);
    size_t live = pare_arena_get_stats(&arena).live_bytes;
    assert_int_equal(pare_alloc_span(a, 20, 8, 0, &newest), PARE_OK);
    filled(newest.ptr, newest.cap, 1);
    void *ptr = newest.ptr;

    assert_int_equal(pare_resize_span(a, &newest, 60, 8, PARE_ZEROED), PARE_OK);
    assert_ptr_equal(newest.ptr, ptr);
    assert_filled(newest.ptr, 20, 1);
    assert_filled((char *)newest.ptr + 20, 40, 0);
    assert_int_equal(pare_resize_span(a, &newest, 100000, 8, 0), PARE_ERR_MEMORY);
    assert_int_equal(newest.cap, 60);
    assert_int_equal(pare_resize_span(a, &older, 21, 8, 0), PARE_ERR_MEMORY);
    assert_int_equal(pare_resize_span(a, &older, 10, 8, 0),
                     PARE_ERR_MEMORY); /* tail would be lost */
    assert_int_equal(pare_resize_span(a, &older, 10, 8, PARE_MAY_MOVE), PARE_OK);
    assert_int_equal(older.cap, 10);
    assert_int_equal(pare_resize_span(a, &newest, 4, 8, 0), PARE_OK);
    pare_free_span(a, newest, 8);
    assert_int_equal(pare_arena_get_stats(&arena).live_bytes, live);
    pare_free_span(a, older, 8); /* neither newest nor a multiple: nothing happens */
    pare_arena_deinit(&arena);
}

static void arena_allocator_never_goes_back_beyond_a_mark(void **state) {
    probe *p = *state;
    pare_arena arena = small_arena(p);
    pare_allocator a = pare_arena_allocator(&arena);
    pare_span s;
    assert_int_equal(pare_alloc_span(a, 64, 8, 0, &s), PARE_OK);
    pare_arena_pos mark = pare_arena_mark(&arena);
    assert_int_equal(pare_resize_span(a, &s, 8, 8, 0), PARE_OK);
    pare_free_span(a, s, 8);
    pare_arena_rewind(&arena, mark); /* would be a forward mark */
    pare_arena_deinit(&arena);
}

static void arena_allocator_copies_what_is_not_the_newest(void **state) {
    probe *p = *state;
    pare_arena arena = small_arena(p);
    pare_allocator a = pare_arena_allocator(&arena);
    pare_span s;
    assert_int_equal(pare_alloc_span(a, 40, 8, 0, &s), PARE_OK);
    char *before = filled(s.ptr, 40, 1);
    filled(pare_arena_alloc(&arena, 8, 8), 8, 2);
    assert_int_equal(pare_realloc_span(a, &s, 40, 80, 8, PARE_MAY_MOVE), PARE_OK);
    assert_ptr_not_equal(s.ptr, before);
    assert_filled(s.ptr, 40, 1);
    if (!probe_watched()) assert_filled(before, 40, 1); /* they stay until reset */
    pare_arena_deinit(&arena);
}

/* --- builders ---------------------------------------------------------------------------- */

static const unsigned modes[] = {
    0,
    PARE_ARENA_ZEROED,
    PARE_ARENA_ADAPTIVE,
    PARE_ARENA_HARDENED,
    PARE_ARENA_UNPOOLED,
    PARE_ARENA_HARDENED | PARE_ARENA_UNPOOLED,
};
enum { MODES = sizeof modes / sizeof modes[0] };

/* Whether builders of `a` have a block of their own. */
static bool is_apart(unsigned flags) {
    return (flags & (PARE_ARENA_HARDENED | PARE_ARENA_UNPOOLED)) == 0 && !probe_watched();
}

/* A text of `count` numbers, an object between any two of them. NULL if there was a refusal. */
static char *numbers(pare_arena *a, int count) {
    pare_str s;
    pare_parcel text;
    pare_str_init(&s, pare_arena_builder_allocator(a));
    for (int i = 0; i < count; i++) {
        (void)!pare_str_append_int(&s, i);
        (void)!pare_str_append_char(&s, ' ');
        char *object = pare_arena_alloc(a, 24, 8);
        if (object != NULL) memset(object, i, 24);
    }
    if (pare_str_shrink(&s) != PARE_OK || pare_str_detach(&s, &text) != PARE_OK) {
        pare_str_deinit(&s);
        return NULL;
    }
    return text.block.ptr;
}

static void assert_numbers(const char *text, int count) {
    char *end = (char *)(uintptr_t)text;
    assert_non_null(text);
    for (int i = 0; i < count; i++, end++) assert_int_equal(strtol(end, &end, 10), i);
    assert_int_equal(*end, '\0');
}

static void builder_grows_in_place_while_objects_come_and_go(void **state) {
    probe *p = *state;
    for (size_t i = 0; i < MODES; i++) {
        pare_arena a = arena_with(p, modes[i]);
        pare_allocator from = pare_arena_builder_allocator(&a);
        pare_span s;
        assert_int_equal(pare_alloc_span(from, 8, 8, 0, &s), PARE_OK);
        char *first = filled(s.ptr, 8, 1);
        for (size_t size = 16; size <= 512; size += 8) {
            filled(pare_arena_alloc(&a, 24, 8), 24, 2);
            assert_int_equal(pare_realloc_span(from, &s, s.cap, size, 8, PARE_MAY_MOVE), PARE_OK);
            filled((char *)s.ptr + size - 8, 8, 1);
        }
        assert_filled(s.ptr, 512, 1);
        if (is_apart(modes[i])) assert_ptr_equal(s.ptr, first);
        pare_arena_deinit(&a);
    }
}

static void builder_text_is_whole_at_any_length(void **state) {
    probe *p = *state;
    for (size_t i = 0; i < MODES; i++) {
        pare_arena a = arena_with(p, modes[i]);
        for (int count = 0; count < 3000; count = count * 3 / 2 + 1) {
            char *text = numbers(&a, count), *next = numbers(&a, 100);
            assert_numbers(text, count);
            assert_numbers(next, 100);
        }
        assert_int_equal(pare_arena_get_stats(&a).held_bytes, p->live_bytes);
        pare_arena_deinit(&a);
    }
}

static void builder_warm_phases_allocate_nothing(void **state) {
    probe *p = *state;
    pare_arena a = arena_with(p, 0);
    uint64_t requests = 0;
    for (int phases = 0; phases < 10; phases++) {
        for (int i = 0; i < 5; i++) assert_numbers(numbers(&a, 300), 300);
        assert_false(phase(&a));
        pare_arena_reset(&a);
        if (phases == 2) requests = p->requests;
    }
    assert_int_equal(p->requests, requests);
    pare_arena_deinit(&a);
}

/* Small texts one after the other share a block, whatever is allocated between. */
static void builder_begins_where_the_one_before_ended(void **state) {
    probe *p = *state;
    if (probe_watched()) return;
    pare_arena a = arena_with(p, 0);
    assert_non_null(pare_arena_alloc(&a, 8, 8));
    const char *text = numbers(&a, 5);
    size_t side = pare_arena_get_stats(&a).blocks;
    for (int i = 0; i < 10; i++) {
        const char *next = numbers(&a, 5); /* ten bytes and the NUL */
        assert_ptr_equal(next, text + 16);
        text = next;
    }
    assert_int_equal(pare_arena_get_stats(&a).blocks, side + 1);
    pare_arena_deinit(&a);
}

static void builder_freed_gives_its_room_back(void **state) {
    probe *p = *state;
    if (probe_watched()) return;
    pare_arena a = arena_with(p, 0);
    pare_allocator from = pare_arena_builder_allocator(&a);
    pare_span s;
    assert_int_equal(pare_alloc_span(from, 100, 8, 0, &s), PARE_OK);
    size_t live = pare_arena_get_stats(&a).live_bytes;
    filled(pare_arena_alloc(&a, 40, 8), 40, 1);
    char *before = s.ptr;
    pare_free_span(from, s, 8);
    assert_int_equal(pare_arena_get_stats(&a).live_bytes, live - 104 + 40);
    assert_int_equal(pare_alloc_span(from, 200, 8, PARE_ZEROED, &s), PARE_OK);
    assert_ptr_equal(s.ptr, before);
    assert_filled(s.ptr, 200, 0);
    pare_arena_deinit(&a);
}

/* The block's last byte, and one more, which takes another block. */
static void builder_fills_its_block_to_the_end(void **state) {
    probe *p = *state;
    if (probe_watched()) return;
    p->never_resize = true;
    pare_arena a = arena_with(p, 0);
    pare_allocator from = pare_arena_builder_allocator(&a);
    pare_span s;
    assert_int_equal(pare_alloc_span(from, 8, 8, 0, &s), PARE_OK);
    const char *before = s.ptr;
    pare_arena_stats stats = pare_arena_get_stats(&a);
    size_t most = 8;
    while (pare_resize_span(from, &s, most + 8, 8, 0) == PARE_OK) most += 8;
    assert_true(most > 1900); /* a block of 2048 */
    filled(s.ptr, most, 1);
    assert_int_equal(pare_arena_get_stats(&a).room_bytes, stats.room_bytes + 8 - most);
    assert_int_equal(pare_resize_span(from, &s, most + 1, 8, 0), PARE_ERR_MEMORY);
    assert_int_equal(s.cap, most);
    assert_int_equal(pare_realloc_span(from, &s, most, most + 1, 8, PARE_MAY_MOVE), PARE_OK);
    assert_ptr_not_equal(s.ptr, before);
    assert_filled(s.ptr, most, 1);
    pare_arena_deinit(&a);
}

static void builder_over_reserved_pages_never_moves(void **state) {
    (void)state;
    if (probe_watched()) return;
    pare_arena a;
    pare_arena_options o = {.block_min = 4096};
    assert_int_equal(pare_arena_init(&a, pare_pages((size_t)1 << 24), &o), PARE_OK);
    pare_allocator from = pare_arena_builder_allocator(&a);
    pare_span s;
    assert_int_equal(pare_alloc_span(from, 8, 8, 0, &s), PARE_OK);
    const char *first = s.ptr;
    for (size_t size = 1000; size < 5000000; size += size / 2) {
        filled(pare_arena_alloc(&a, 5000, 8), 5000, 2);
        assert_int_equal(pare_realloc_span(from, &s, s.cap, size, 8, PARE_MAY_MOVE), PARE_OK);
        filled(s.ptr, size, 1);
    }
    assert_ptr_equal(s.ptr, first);
    assert_int_equal(pare_arena_get_stats(&a).blocks, 2);
    size_t held = pare_arena_get_stats(&a).held_bytes;
    pare_free_span(from, s, 8);
    pare_arena_trim(&a);
    assert_true(pare_arena_get_stats(&a).held_bytes < held - 3000000);
    pare_arena_deinit(&a);
}

static void builder_several_at_once_are_right_too(void **state) {
    probe *p = *state;
    for (size_t i = 0; i < MODES; i++) {
        pare_arena a = arena_with(p, modes[i]);
        pare_str texts[3];
        for (int k = 0; k < 3; k++) pare_str_init(&texts[k], pare_arena_builder_allocator(&a));
        for (int n = 0; n < 200; n++) {
            for (int k = 0; k < 3; k++) {
                (void)!pare_str_append_int(&texts[k], n);
                (void)!pare_str_append_char(&texts[k], ' ');
            }
        }
        for (int k = 0; k < 3; k++) assert_numbers(pare_str_cstr(&texts[k]), 200);
        for (int k = 0; k < 3; k++) pare_str_deinit(&texts[k]);
        pare_arena_deinit(&a);
    }
}

static void builder_on_an_array_spills(void **state) {
    probe *p = *state;
    _Alignas(16) char array[1500];
    pare_arena a;
    pare_arena_init_with(&a, array, sizeof array, probe_allocator(p));
    for (int round = 0; round < 3; round++) {
        assert_numbers(numbers(&a, 5), 5);
        if (round == 0 && !probe_watched()) assert_int_equal(p->live_blocks, 0);
        assert_numbers(numbers(&a, 1000), 1000);
        pare_arena_reset(&a);
    }
    pare_arena_deinit(&a);
}

static void builder_text_is_dropped_by_rewind_and_reset(void **state) {
    probe *p = *state;
    for (size_t i = 0; i < MODES; i++) {
        pare_arena a = arena_with(p, modes[i]);
        for (int round = 0; round < 5; round++) {
            char *older = numbers(&a, 20);
            pare_arena_pos mark = pare_arena_mark(&a);
            size_t live = pare_arena_get_stats(&a).live_bytes;
            for (int again = 0; again < 3; again++) {
                assert_numbers(numbers(&a, 20), 20);     /* behind it, in the same block */
                assert_numbers(numbers(&a, 2000), 2000); /* in others */
                assert_numbers(numbers(&a, 20), 20);
                pare_arena_rewind(&a, mark);
                assert_int_equal(pare_arena_get_stats(&a).live_bytes, live);
                assert_numbers(older, 20);
            }
            if (round % 2 == 0) pare_arena_reset(&a);
            if (round % 2 == 0) assert_int_equal(pare_arena_get_stats(&a).live_bytes, 0);
        }
        pare_arena_deinit(&a);
    }
}

static void builder_text_can_be_the_one_that_is_kept(void **state) {
    probe *p = *state;
    for (size_t i = 0; i < MODES; i++) {
        for (int count = 1; count < 5000; count = count * 2 + 1) {
            pare_arena a = arena_with(p, modes[i]);
            char *older = numbers(&a, 20);
            pare_arena_pos mark = pare_arena_mark(&a);
            for (int round = 0; round < 3; round++) {
                assert_false(phase(&a));
                assert_numbers(numbers(&a, 20), 20);
                char *text = numbers(&a, count);
                assert_numbers(numbers(&a, 20), 20);
                text = pare_arena_rewind_keep(&a, mark, text, strlen(text) + 1, 1);
                assert_numbers(numbers(&a, 20), 20);
                assert_false(phase(&a));
                assert_numbers(text, count);
                assert_numbers(older, 20);
                assert_int_equal(pare_arena_get_stats(&a).held_bytes, p->live_bytes);
                pare_arena_rewind(&a, mark);
            }
            pare_arena_deinit(&a);
        }
    }
}

static void builder_buffer_that_grew_since_the_mark_can_be_kept(void **state) {
    probe *p = *state;
    if (!is_apart(0)) return;
    for (size_t before = 1; before < 500; before += 83) {
        pare_arena a = arena_with(p, 0);
        filled(pare_arena_alloc(&a, 40, 8), 40, 1);
        pare_allocator builder = pare_arena_builder_allocator(&a);
        pare_span buffer;
        assert_int_equal(pare_alloc_span(builder, before, 1, 0, &buffer), PARE_OK);
        char *start = buffer.ptr;
        pare_arena_pos mark = pare_arena_mark(&a);
        p->never_resize = true;
        while (pare_resize_span(builder, &buffer, buffer.cap + 1, 1, 0) == PARE_OK) continue;
        assert_true(buffer.cap > 2 * before); /* to the end of the block */
        filled(start, buffer.cap, 2);
        assert_ptr_equal(pare_arena_rewind_keep(&a, mark, start, buffer.cap - 1, 1), start);
        assert_numbers(numbers(&a, 500), 500);
        assert_false(phase(&a));
        assert_filled(start, buffer.cap - 1, 2);
        pare_arena_rewind(&a, mark);
        assert_numbers(numbers(&a, 500), 500);
        pare_arena_deinit(&a);
    }
}

static void builder_buffer_that_shrank_since_the_mark_takes_no_other_along(void **state) {
    probe *p = *state;
    if (!is_apart(0)) return;
    pare_arena a = arena_with(p, 0);
    filled(pare_arena_alloc(&a, 40, 8), 40, 1);
    pare_allocator builder = pare_arena_builder_allocator(&a);
    pare_span first, second, third = {NULL, 0};
    assert_int_equal(pare_alloc_span(builder, 100, 1, 0, &first), PARE_OK);
    assert_int_equal(pare_alloc_span(builder, 100, 1, 0, &second), PARE_OK);
    filled(second.ptr, 100, 2);
    pare_arena_pos mark = pare_arena_mark(&a);
    assert_int_equal(pare_resize_span(builder, &first, 50, 1, PARE_MAY_MOVE), PARE_OK);
    filled(first.ptr, 50, 3);
    char *kept = pare_arena_rewind_keep(&a, mark, first.ptr, 50, 1);
    assert_int_equal(pare_alloc_span(builder, 100, 1, 0, &third), PARE_OK);
    filled(third.ptr, 100, 4);
    assert_filled(kept, 50, 3);
    assert_filled(second.ptr, 100, 2);
    pare_arena_deinit(&a);
}

static void builder_mark_of_a_side_block_that_went_is_misuse(void **state) {
    probe *p = *state;
    if (probe_watched()) return;
    pare_arena_options o = {.block_min = 1024, .retain_bytes = PARE_ARENA_RETAIN_NONE};
    pare_arena a;
    assert_int_equal(pare_arena_init(&a, probe_allocator(p), &o), PARE_OK);
    pare_set_misuse_handler(misuse_note);
    pare_arena_pos outer = pare_arena_mark(&a);
    pare_span s;
    assert_int_equal(pare_alloc_span(pare_arena_builder_allocator(&a), 8, 8, 0, &s), PARE_OK);
    pare_arena_pos inner = pare_arena_mark(&a); /* at the same position of the current block */
    pare_arena_rewind(&a, outer);
    misuse_count = 0;
    pare_arena_rewind(&a, inner);
    assert_int_equal(misuse_count, 1);
    assert_string_equal(misuse_last.kind, "mark that was rewound past");
    pare_arena_deinit(&a);
}

static bool scenario_builder(probe *p, void *ctx) {
    pare_arena a = {.from = probe_allocator(p)};
    bool refused = false;
    (void)ctx;
    for (int i = 0; i < 2; i++) {
        char *text = numbers(&a, 1500);
        if (text != NULL) assert_numbers(text, 1500);
        refused |= text == NULL || pare_arena_status(&a) != PARE_OK;
        assert_int_equal(pare_arena_get_stats(&a).held_bytes, p->live_bytes);
        pare_arena_reset(&a);
    }
    pare_arena_deinit(&a);
    return refused;
}

static void builder_refusal_sweep(void **state) { probe_sweep(*state, scenario_builder, NULL); }

static void builder_in_a_budget_takes_retained_blocks_first(void **state) {
    probe *p = *state;
    pare_budget b;
    const pare_budget_options o = {.limit_bytes = 12000};
    assert_int_equal(pare_budget_init(&b, probe_allocator(p), &o), PARE_OK);
    pare_arena a;
    assert_int_equal(pare_arena_init(&a, pare_budget_allocator(&b), &small), PARE_OK);
    for (int round = 0; round < 3; round++) {
        PARE_ARENA_SCOPE(&a) {
            for (int i = 0; i < 6; i++) filled(pare_arena_alloc(&a, 700, 8), 700, 1);
        }
        pare_span s;
        pare_allocator from = pare_arena_builder_allocator(&a);
        assert_int_equal(pare_alloc_span(from, 9000, 8, 0, &s), PARE_OK);
        filled(s.ptr, s.cap, 2);
        assert_int_equal(pare_realloc_span(from, &s, s.cap, 12000, 8, PARE_MAY_MOVE),
                         PARE_ERR_LIMIT);
        assert_filled(s.ptr, 9000, 2);
        pare_arena_reset(&a);
    }
    pare_arena_deinit(&a);
    pare_budget_deinit(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(arena_resize_and_free_of_the_newest),
        CASE(arena_resize_grows_to_the_end_of_the_block),
        CASE(arena_size_that_reaches_beyond_the_position_is_misuse),
        CASE(arena_hardened_finds_every_wrong_size_and_second_free),
        CASE(arena_hardened_finds_writes_to_what_an_object_gave_up),
        CASE(arena_hardened_and_unpooled_frees_objects_of_any_alignment),
        CASE(arena_hardened_is_usable_when_the_handler_left_the_call),
        CASE(arena_allocator_resizes_and_frees_the_newest),
        CASE(arena_allocator_never_goes_back_beyond_a_mark),
        CASE(arena_allocator_copies_what_is_not_the_newest),
        CASE(builder_grows_in_place_while_objects_come_and_go),
        CASE(builder_text_is_whole_at_any_length),
        CASE(builder_warm_phases_allocate_nothing),
        CASE(builder_begins_where_the_one_before_ended),
        CASE(builder_freed_gives_its_room_back),
        CASE(builder_fills_its_block_to_the_end),
        CASE(builder_over_reserved_pages_never_moves),
        CASE(builder_several_at_once_are_right_too),
        CASE(builder_on_an_array_spills),
        CASE(builder_text_is_dropped_by_rewind_and_reset),
        CASE(builder_text_can_be_the_one_that_is_kept),
        CASE(builder_buffer_that_grew_since_the_mark_can_be_kept),
        CASE(builder_buffer_that_shrank_since_the_mark_takes_no_other_along),
        CASE(builder_mark_of_a_side_block_that_went_is_misuse),
        CASE(builder_refusal_sweep),
        CASE(builder_in_a_budget_takes_retained_blocks_first),
    };
    return cmocka_run_group_tests_name("extend", tests, NULL, NULL);
}
