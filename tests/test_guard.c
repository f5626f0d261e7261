/* test_guard.c - what hardened arenas find behind objects, and leave in dropped ones.
 * SPDX-License-Identifier: MIT */
#include "support/arenas.h"

/* How far behind an object of this size the next one begins. */
static size_t guarded_bytes(probe *p, size_t size) {
    pare_arena a = arena_with(p, PARE_ARENA_HARDENED);
    char *object = pare_arena_alloc(&a, size, 1), *next = pare_arena_alloc(&a, size, 1);
    assert_true(object != NULL && next > object + size);
    pare_arena_deinit(&a);
    return (size_t)(next - (object + size));
}

static void arena_hardened_finds_writes_past_the_end(void **state) {
    probe *p = *state;
    if (probe_watched()) return; /* the sanitizer would stop the test at the write */
    pare_set_misuse_handler(misuse_note);
    for (size_t size = 1; size < 20; size++) {
        for (size_t beyond = 0; beyond < guarded_bytes(p, size); beyond += 7) {
            pare_arena a = arena_with(p, PARE_ARENA_HARDENED);
            char *object = filled(pare_arena_alloc(&a, size, 1), size, 1);
            pare_arena_pos mark = pare_arena_mark(&a);
            filled(pare_arena_alloc(&a, size, 1), size, 1);
            misuse_count = 0;
            pare_arena_rewind(&a, mark);
            assert_int_equal(misuse_count, 0);
            char *volatile end = object + size; /* hidden from the compiler's own checks */
            end[beyond] ^= 1;
            pare_arena_reset(&a);
            assert_int_equal(misuse_count, 1);
            assert_string_equal(misuse_last.kind, "write past the end of an object");
            assert_non_null(misuse_last.site);
            pare_arena_deinit(&a);
        }
    }
}

static void arena_hardened_fills_fresh_and_dropped_memory(void **state) {
    probe *p = *state;
    if (probe_watched()) return;
    pare_arena a = arena_with(p, PARE_ARENA_HARDENED);
    unsigned char *object = pare_arena_alloc(&a, 64, 8);
    assert_filled((char *)object, 64, 0xD0);
    memset(object, 1, 64);
    pare_arena_reset(&a);
    unsigned char *volatile stale = object; /* a bug, on purpose */
    assert_int_equal(stale[0], 0xDD);
    assert_int_equal(stale[63], 0xDD);
    pare_arena_deinit(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(arena_hardened_finds_writes_past_the_end),
        CASE(arena_hardened_fills_fresh_and_dropped_memory),
    };
    return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
