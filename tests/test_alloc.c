/* test_alloc.c - mirrors pare/alloc.h section by section.
 * Method: the inline calls run on a probe, which stops the test when a slot is called with
 * something that must not reach it; `odd` allocators break the contract on purpose.
 * SPDX-License-Identifier: MIT */
#include "support/probe.h"
#include "pare/alloc.h"

/* --- spans ------------------------------------------------------------------------------- */

static void alloc_span_of_size_zero_is_no_block(void **state) {
    probe *p = *state;
    pare_span s = {p, 77};
    assert_int_equal(pare_alloc_span(probe_allocator(p), 0, 8, 0, &s), PARE_OK);
    assert_null(s.ptr);
    assert_int_equal(s.cap, 0);
    assert_int_equal(p->requests, 0);
}

static void alloc_span_bad_values_never_reach_a_slot(void **state) {
    probe *p = *state;
    const struct {
        size_t size, align;
    } bad[] = {
        {8, 0},
        {8, 3},
        {8, 24},
        {SIZE_MAX, 1},
        {PARE_SIZE_MAX + 1, 1},
        {PARE_SIZE_MAX, 2},
        {PARE_SIZE_MAX - 6, 8},
        {1, PARE_SIZE_MAX + 1}, /* a power of two */
        {0, 12},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        pare_span s = {p, 77};
        assert_int_equal(pare_alloc_span(probe_allocator(p), bad[i].size, bad[i].align, 0, &s),
                         PARE_ERR_ARGUMENT);
        assert_ptr_equal(s.ptr, p);
        assert_int_equal(s.cap, 77);
    }
    assert_int_equal(p->requests, 0);
}

static void alloc_span_largest_valid_size_is_asked_for(void **state) {
    probe *p = *state;
    pare_span s = {NULL, 0};
    assert_int_equal(pare_alloc_span(probe_allocator(p), PARE_SIZE_MAX - 7, 8, 0, &s),
                     PARE_ERR_MEMORY);
    assert_int_equal(p->requests, 1);
}

static void alloc_span_refused_leaves_span_untouched(void **state) {
    probe *p = *state;
    pare_span s = {p, 77};
    probe_refuse(p, 0, 1);
    p->refusal = PARE_ERR_LIMIT;
    assert_int_equal(pare_alloc_span(probe_allocator(p), 8, 8, 0, &s), PARE_ERR_LIMIT);
    assert_ptr_equal(s.ptr, p);
    assert_int_equal(s.cap, 77);
}

static void alloc_span_cap_is_what_was_given(void **state) {
    probe *p = *state;
    pare_allocator a = probe_allocator(p);
    pare_span s;
    p->slack = 24;
    assert_int_equal(pare_alloc_span(a, 100, 8, 0, &s), PARE_OK);
    assert_int_equal(s.cap, 124);
    pare_free_span(a, s, 8);
    assert_int_equal(pare_alloc_span(a, 100, 8, PARE_EXACT, &s), PARE_OK);
    assert_int_equal(s.cap, 100);
    pare_free_span(a, s, 8);
}

static void alloc_free_of_no_block_reaches_no_slot(void **state) {
    probe *p = *state;
    pare_free_span(probe_allocator(p), (pare_span){NULL, 0}, 8);
    pare_free(probe_allocator(p), NULL, 100, 8);
    assert_int_equal(p->frees, 0);
}

static void alloc_resize_to_zero_is_an_argument_error(void **state) {
    probe *p = *state;
    pare_allocator a = probe_allocator(p);
    pare_span s;
    assert_int_equal(pare_alloc_span(a, 8, 8, 0, &s), PARE_OK);
    assert_int_equal(pare_resize_span(a, &s, 0, 8, PARE_MAY_MOVE), PARE_ERR_ARGUMENT);
    assert_int_equal(pare_resize_span(a, &s, SIZE_MAX, 8, PARE_MAY_MOVE), PARE_ERR_ARGUMENT);
    assert_int_equal(s.cap, 8);
    pare_free_span(a, s, 8);
}

/* --- realloc ----------------------------------------------------------------------------- */

static void alloc_realloc_without_resize_slot_copies_used_bytes(void **state) {
    probe *p = *state;
    pare_allocator a = probe_allocator(p);
    pare_span s;
    p->never_resize = true;
    assert_int_equal(pare_alloc_span(a, 16, 8, 0, &s), PARE_OK);
    memcpy(s.ptr, "0123456789abcdef", 16);
    assert_int_equal(pare_realloc_span(a, &s, 10, 64, 8, PARE_MAY_MOVE), PARE_OK);
    assert_memory_equal(s.ptr, "0123456789", 10);
    assert_int_equal(((unsigned char *)s.ptr)[10], 0xA5); /* byte 10 was not copied */
    assert_int_equal(p->live_blocks, 1);
    pare_free_span(a, s, 8);
}

static void alloc_realloc_without_may_move_stays_or_refuses(void **state) {
    probe *p = *state;
    pare_allocator a = probe_allocator(p);
    pare_span s;
    assert_int_equal(pare_alloc_span(a, 16, 8, 0, &s), PARE_OK);
    pare_span before = s;
    assert_int_equal(pare_realloc_span(a, &s, 16, 64, 8, 0), PARE_ERR_MEMORY);
    assert_memory_equal(&s, &before, sizeof s);
    assert_int_equal(p->allocs, 1);
    pare_free_span(a, s, 8);
}

static void alloc_realloc_limit_ends_the_call(void **state) {
    probe *p = *state;
    pare_allocator a = probe_allocator(p);
    pare_span s;
    assert_int_equal(pare_alloc_span(a, 16, 8, 0, &s), PARE_OK);
    probe_refuse(p, 0, 1);
    p->refusal = PARE_ERR_LIMIT;
    assert_int_equal(pare_realloc_span(a, &s, 16, 64, 8, PARE_MAY_MOVE), PARE_ERR_LIMIT);
    assert_int_equal(p->allocs, 1); /* no fallback */
    assert_int_equal(s.cap, 16);
    pare_free_span(a, s, 8);
}

static void alloc_realloc_zeroed_zeroes_from_the_old_cap(void **state) {
    probe *p = *state;
    pare_allocator a = probe_allocator(p);
    for (int fallback = 0; fallback < 2; fallback++) {
        pare_span s;
        p->never_resize = fallback != 0;
        assert_int_equal(pare_alloc_span(a, 16, 8, 0, &s), PARE_OK);
        memset(s.ptr, 'x', 16);
        assert_int_equal(pare_realloc_span(a, &s, 4, 64, 8, PARE_MAY_MOVE | PARE_ZEROED), PARE_OK);
        assert_memory_equal(s.ptr, "xxxx", 4);
        for (size_t i = 16; i < s.cap; i++) assert_int_equal(((char *)s.ptr)[i], 0);
        pare_free_span(a, s, 8);
    }
}

static void alloc_realloc_of_no_block_allocates_and_to_zero_frees(void **state) {
    probe *p = *state;
    pare_allocator a = probe_allocator(p);
    pare_span s = {NULL, 0};
    assert_int_equal(pare_realloc_span(a, &s, 0, 32, 8, PARE_MAY_MOVE), PARE_OK);
    assert_int_equal(s.cap, 32);
    assert_int_equal(pare_realloc_span(a, &s, 32, 0, 8, PARE_MAY_MOVE), PARE_OK);
    assert_null(s.ptr);
    assert_int_equal(p->live_blocks, 0);
    assert_int_equal(pare_realloc_span(a, &s, 0, 0, 8, PARE_MAY_MOVE), PARE_OK);
    assert_null(s.ptr);
}

static bool scenario_realloc(probe *p, void *ctx) {
    pare_allocator a = probe_allocator(p);
    (void)ctx;
    char *text = pare_alloc(a, 4, 1);
    if (text == NULL) return true;
    memcpy(text, "abc", 4);
    char *longer = pare_realloc(a, text, 4, 4000, 1);
    if (longer == NULL) {
        assert_string_equal(text, "abc"); /* as it was */
        pare_free(a, text, 4, 1);
        return true;
    }
    assert_string_equal(longer, "abc");
    char *shorter = pare_realloc(a, longer, 4000, 2, 1);
    if (shorter == NULL) {
        assert_string_equal(longer, "abc");
        pare_free(a, longer, 4000, 1);
        return true;
    }
    assert_memory_equal(shorter, "ab", 2);
    assert_null(pare_realloc(a, shorter, 2, 0, 1));
    return false;
}

static void alloc_realloc_refused_leaves_block_as_it_was(void **state) {
    probe *p = *state;
    probe_sweep(p, scenario_realloc, NULL);
    p->never_resize = true; /* the same with the fallback */
    probe_sweep(p, scenario_realloc, NULL);
}

/* --- broken allocators ------------------------------------------------------------------- */

static int odd_frees;

static void odd_free(void *ctx, pare_span block, size_t align) {
    (void)ctx, (void)block, (void)align;
    odd_frees++;
}

static pare_status odd_too_small(void *ctx, size_t size, size_t align, unsigned flags,
                                 pare_span *out) {
    (void)align, (void)flags;
    *out = (pare_span){ctx, size - 1};
    return PARE_OK;
}

static pare_status odd_misaligned(void *ctx, size_t size, size_t align, unsigned flags,
                                  pare_span *out) {
    (void)align, (void)flags;
    *out = (pare_span){(char *)ctx + 4, size};
    return PARE_OK;
}

static pare_status odd_inexact(void *ctx, size_t size, size_t align, unsigned flags,
                               pare_span *out) {
    (void)align, (void)flags;
    *out = (pare_span){ctx, size + 8};
    return PARE_OK;
}

static pare_status odd_null(void *ctx, size_t size, size_t align, unsigned flags, pare_span *out) {
    (void)ctx, (void)align, (void)flags;
    *out = (pare_span){NULL, size};
    return PARE_OK;
}

static void alloc_broken_slot_is_misuse_and_its_block_unused(void **state) {
    (void)state;
    static uint64_t memory[32];
    pare_status (*const slots[])(void *, size_t, size_t, unsigned, pare_span *) = {
        odd_too_small, odd_misaligned, odd_inexact, odd_null};
    pare_set_misuse_handler(misuse_note);
    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++) {
        const struct pare_allocator_vtable v = {sizeof v, slots[i], NULL, odd_free};
        const pare_allocator a = {&v, memory};
        odd_frees = 0;
        misuse_count = 0;
        assert_null(pare_alloc(a, 64, 8));
        assert_int_equal(misuse_count, 1);
        assert_string_equal(misuse_last.module, "allocator");
        assert_int_equal(odd_frees, slots[i] == odd_null ? 0 : 1);
    }
}

static void alloc_absent_slots_refuse_resize_and_keep_memory(void **state) {
    (void)state;
    static uint64_t memory[32];
    const struct pare_allocator_vtable v = {sizeof v, odd_inexact, NULL, NULL};
    const pare_allocator a = {&v, memory};
    pare_span s;
    assert_int_equal(pare_alloc_span(a, 64, 8, 0, &s), PARE_OK);
    assert_int_equal(pare_resize_span(a, &s, 65, 8, 0), PARE_ERR_MEMORY);
    pare_free_span(a, s, 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(alloc_span_of_size_zero_is_no_block),
        CASE(alloc_span_bad_values_never_reach_a_slot),
        CASE(alloc_span_largest_valid_size_is_asked_for),
        CASE(alloc_span_refused_leaves_span_untouched),
        CASE(alloc_span_cap_is_what_was_given),
        CASE(alloc_free_of_no_block_reaches_no_slot),
        CASE(alloc_resize_to_zero_is_an_argument_error),
        CASE(alloc_realloc_without_resize_slot_copies_used_bytes),
        CASE(alloc_realloc_without_may_move_stays_or_refuses),
        CASE(alloc_realloc_limit_ends_the_call),
        CASE(alloc_realloc_zeroed_zeroes_from_the_old_cap),
        CASE(alloc_realloc_of_no_block_allocates_and_to_zero_frees),
        CASE(alloc_realloc_refused_leaves_block_as_it_was),
        CASE(alloc_broken_slot_is_misuse_and_its_block_unused),
        CASE(alloc_absent_slots_refuse_resize_and_keep_memory),
    };
    return cmocka_run_group_tests_name("alloc", tests, NULL, NULL);
}
