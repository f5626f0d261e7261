/* test_layout.c - mirrors pare/layout.h.
 * SPDX-License-Identifier: MIT */
#include "support/probe.h"
#include "pare/arena.h"
#include "pare/layout.h"

static void layout_parts_are_aligned_and_apart(void **state) {
    probe *p = *state;
    const size_t sizes[] = {1, 2, 4, 8, 16, 3, 5};
    size_t offsets[7];
    pare_layout l = {0};
    for (size_t i = 0; i < 7; i++)
        offsets[i] = pare_layout_add(&l, 10, sizes[i], i < 5 ? sizes[i] : 1);
    assert_int_equal(l.align, 16);

    pare_arena a = {.from = probe_allocator(p)};
    char *block = pare_arena_alloc(&a, l.size, l.align);
    assert_non_null(block);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal((uintptr_t)(block + offsets[i]) % (i < 5 ? sizes[i] : 1), 0);
        assert_true(offsets[i] + 10 * sizes[i] <= (i < 6 ? offsets[i + 1] : l.size));
        memset(block + offsets[i], (int)i, 10 * sizes[i]);
    }
    for (size_t i = 0; i < 7; i++) assert_int_equal(block[offsets[i] + 10 * sizes[i] - 1], (int)i);
    pare_arena_deinit(&a);
}

static void layout_of_nothing_takes_nothing(void **state) {
    (void)state;
    pare_layout l = {0};
    assert_int_equal(pare_layout_add(&l, 0, 8, 8), 0);
    assert_int_equal(pare_layout_add(&l, 8, 0, 1), 0);
    assert_int_equal(l.size, 0);
}

static void layout_overflow_sticks_and_is_refused(void **state) {
    probe *p = *state;
    const struct {
        size_t count, size, align;
    } bad[] = {
        {SIZE_MAX, 2, 1}, {SIZE_MAX, 1, 1},      {SIZE_MAX / 8 + 1, 8, 8}, {1, 1, 0},
        {1, 1, 3},        {PARE_SIZE_MAX, 1, 1}, {1, 1, SIZE_MAX / 2 + 1},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        pare_layout l = {0};
        pare_layout_add(&l, 10, 8, 8);
        pare_layout_add(&l, bad[i].count, bad[i].size, bad[i].align);
        pare_layout_add(&l, 1, 1, 1);
        pare_layout_add(&l, 1, 8, 8);
        pare_arena a = {.from = probe_allocator(p)};
        assert_null(pare_arena_alloc(&a, l.size, l.align));
        assert_int_equal(pare_arena_status(&a), PARE_ERR_ARGUMENT);
        pare_arena_deinit(&a);
    }
    assert_int_equal(p->requests, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(layout_parts_are_aligned_and_apart),
        CASE(layout_of_nothing_takes_nothing),
        CASE(layout_overflow_sticks_and_is_refused),
    };
    return cmocka_run_group_tests_name("layout", tests, NULL, NULL);
}
