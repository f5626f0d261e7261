/* test_buf.c - mirrors pare/buf.h section by section.
 * Method: every test runs on a probe allocator; what appends do under growth, refusals, limits and
 * self-reference is compared with a plain array.
 * SPDX-License-Identifier: MIT */
#include "support/probe.h"
#include "pare/buf.h"
#include "pare/fixed.h"
#include "pare/heap.h"
#include <stdlib.h>

/* Appends `size` bytes of a length the compiler does not see. */
static pare_status append(pare_buf *b, const void *bytes, size_t size) {
    volatile size_t hidden = size;
    return pare_buf_append(b, bytes, hidden);
}

static void assert_holds(const pare_buf *b, const char *text) {
    assert_int_equal(pare_buf_len(b), strlen(text));
    if (*text != '\0') assert_memory_equal(pare_buf_data(b), text, strlen(text));
}

/* A buffer over `p` with "0123456789" in a block of exactly 10 bytes. */
static void full_of_ten(probe *p, pare_buf *b) {
    pare_buf_init(b, probe_allocator(p));
    assert_int_equal(pare_buf_reserve_exact(b, 10), PARE_OK);
    assert_int_equal(pare_buf_append(b, "0123456789", 10), PARE_OK);
    assert_int_equal(pare_buf_capacity(b), 10);
}

/* --- lifetime ---------------------------------------------------------------------------- */

static void buf_zeroed_is_empty_on_the_heap(void **state) {
    (void)state;
    pare_buf b = {0};
    assert_null(pare_buf_data(&b));
    assert_int_equal(pare_buf_len(&b), 0);
    assert_int_equal(pare_buf_capacity(&b), 0);
    assert_int_equal(pare_buf_limit(&b), PARE_SIZE_MAX);
    assert_int_equal(pare_buf_needed(&b), 0);
    pare_buf_reset(&b);
    pare_buf_reset_max(&b, 0);
    pare_buf_truncate(&b, 0);
    assert_int_equal(pare_buf_shrink(&b), PARE_OK);
    assert_int_equal(pare_buf_append(&b, "heap", 4), PARE_OK);
    assert_holds(&b, "heap");
    pare_buf_deinit(&b);
    assert_null(pare_buf_data(&b));
    pare_buf_deinit(&b);
}

static void buf_init_and_deinit_never_allocate(void **state) {
    probe *p = *state;
    pare_buf b;
    pare_buf_init(&b, probe_allocator(p));
    assert_int_equal(append(&b, NULL, 0), PARE_OK);
    pare_buf_deinit(&b);
    assert_int_equal(p->requests, 0);
}

static void buf_init_aligned_aligns_every_block(void **state) {
    probe *p = *state;
    pare_buf b;
    pare_parcel parcel;
    for (size_t align = 1; align <= 4096; align *= 2) {
        assert_int_equal(pare_buf_init_aligned(&b, probe_allocator(p), align), PARE_OK);
        for (int i = 0; i < 100; i++) {
            pare_buf_append_fill(&b, 'x', 100); /* the probe checks resizes and frees */
            assert_int_equal((uintptr_t)pare_buf_data(&b) % align, 0);
        }
        assert_int_equal(pare_buf_shrink(&b), PARE_OK);
        assert_int_equal(pare_buf_detach(&b, &parcel), PARE_OK);
        assert_int_equal(parcel.align, align);
        pare_parcel_free(parcel);
        pare_buf_deinit(&b);
    }
}

static void buf_init_aligned_refuses_other_alignments(void **state) {
    probe *p = *state;
    pare_buf b;
    full_of_ten(p, &b);
    const size_t bad[] = {0, 3, 4097, SIZE_MAX};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(pare_buf_init_aligned(&b, probe_allocator(p), bad[i]), PARE_ERR_ARGUMENT);
    }
    assert_holds(&b, "0123456789");
    pare_buf_deinit(&b);
    size_t largest = SIZE_MAX / 2 + 1; /* no allocator can have that */
    assert_int_equal(pare_buf_init_aligned(&b, probe_allocator(p), largest), PARE_OK);
    assert_int_equal(pare_buf_append_byte(&b, 'x'), PARE_ERR_ARGUMENT);
    pare_buf_deinit(&b);
}

static void buf_init_with_stays_on_the_array_until_outgrown(void **state) {
    probe *p = *state;
    char first[8];
    pare_buf b;
    pare_buf_init_with(&b, first, sizeof first, probe_allocator(p));
    assert_int_equal(append(&b, "01234567", 8), PARE_OK);
    assert_ptr_equal(pare_buf_data(&b), first);
    assert_int_equal(p->requests, 0);
    assert_int_equal(pare_buf_get_stats(&b).live_bytes, 0);

    assert_int_equal(pare_buf_append_byte(&b, '8'), PARE_OK);
    assert_ptr_not_equal(pare_buf_data(&b), first);
    assert_holds(&b, "012345678");
    assert_int_equal(p->allocs, 1);
    assert_int_equal(pare_buf_get_stats(&b).moved_bytes, 8);
    pare_buf_deinit(&b);
}

static void buf_init_with_null_is_no_array(void **state) {
    probe *p = *state;
    char first[1];
    pare_buf b;
    pare_buf_init_with(&b, NULL, 8, probe_allocator(p));
    assert_int_equal(pare_buf_capacity(&b), 0);
    pare_buf_init_with(&b, first, 0, probe_allocator(p));
    assert_int_equal(pare_buf_capacity(&b), 0);
    assert_int_equal(append(&b, "x", 1), PARE_OK);
    assert_ptr_not_equal(pare_buf_data(&b), first);
    pare_buf_deinit(&b);
}

static void buf_init_with_over_fixed_never_spills(void **state) {
    (void)state;
    char first[4];
    pare_fixed none = {0};
    pare_buf b;
    pare_buf_init_with(&b, first, sizeof first, pare_fixed_allocator(&none));
    assert_int_equal(append(&b, "abcd", 4), PARE_OK);
    assert_int_equal(append(&b, "e", 1), PARE_ERR_MEMORY);
    assert_holds(&b, "abcd");
    pare_buf_deinit(&b);
}

static void buf_init_fixed_answers_limit(void **state) {
    (void)state;
    char array[4];
    pare_buf b;
    pare_buf_init_fixed(&b, array, sizeof array);
    assert_int_equal(append(&b, "abcd", 4), PARE_OK);
    assert_int_equal(append(&b, "ef", 2), PARE_ERR_LIMIT);
    assert_holds(&b, "abcd");
    assert_int_equal(pare_buf_needed(&b), 6);
    pare_buf_deinit(&b);
    pare_buf_init_fixed(&b, NULL, 0);
    assert_int_equal(pare_buf_append_byte(&b, 1), PARE_ERR_LIMIT);
    pare_buf_deinit(&b);
}

static void buf_detach_hands_out_block_and_allocator(void **state) {
    probe *p = *state;
    pare_buf b;
    pare_parcel parcel;
    full_of_ten(p, &b);
    void *data = pare_buf_data(&b);
    assert_int_equal(pare_buf_detach(&b, &parcel), PARE_OK);
    assert_ptr_equal(parcel.block.ptr, data);
    assert_int_equal(parcel.block.cap, 10);
    assert_int_equal(parcel.len, 10);
    assert_memory_equal(parcel.block.ptr, "0123456789", 10);

    assert_null(pare_buf_data(&b)); /* and it still works, on the same allocator */
    assert_int_equal(append(&b, "next", 4), PARE_OK);
    assert_int_equal(p->live_blocks, 2);
    pare_parcel_free(parcel);
    pare_buf_deinit(&b);
}

static void buf_detach_from_the_array_copies_or_is_refused(void **state) {
    probe *p = *state;
    char first[8];
    pare_buf b;
    pare_parcel parcel = {.len = 77};
    pare_buf_init_with(&b, first, sizeof first, probe_allocator(p));
    assert_int_equal(append(&b, "abc", 3), PARE_OK);
    probe_refuse(p, 0, 1);
    assert_int_equal(pare_buf_detach(&b, &parcel), PARE_ERR_MEMORY);
    assert_int_equal(parcel.len, 77);
    assert_holds(&b, "abc");
    assert_int_equal(pare_buf_status(&b), PARE_OK);

    assert_int_equal(pare_buf_detach(&b, &parcel), PARE_OK);
    assert_int_equal(parcel.block.cap, 3);
    assert_memory_equal(parcel.block.ptr, "abc", 3);
    pare_parcel_free(parcel);
    pare_buf_deinit(&b);
}

static void buf_detach_when_empty_or_failed(void **state) {
    probe *p = *state;
    pare_buf b;
    pare_parcel parcel = {.len = 77};
    pare_buf_init(&b, probe_allocator(p));
    assert_int_equal(pare_buf_detach(&b, &parcel), PARE_OK);
    assert_null(parcel.block.ptr);
    assert_int_equal(parcel.len, 0);
    pare_parcel_free(parcel);

    assert_int_equal(append(&b, NULL, 5), PARE_ERR_ARGUMENT);
    parcel.len = 77;
    assert_int_equal(pare_buf_detach(&b, &parcel), PARE_ERR_ARGUMENT);
    assert_int_equal(parcel.len, 77);
    pare_buf_deinit(&b);
}

static void buf_detached_heap_block_may_go_to_free(void **state) {
    (void)state;
    pare_buf b = {0};
    pare_parcel parcel;
    assert_int_equal(append(&b, "abc", 3), PARE_OK);
    assert_int_equal(pare_buf_detach(&b, &parcel), PARE_OK);
    assert_memory_equal(parcel.block.ptr, "abc", 3);
    memset(parcel.block.ptr, 'x', parcel.block.cap); /* fails under ASan if still marked */
    free(parcel.block.ptr);
    pare_buf_deinit(&b);
}

static void buf_attach_takes_over_and_frees_its_own(void **state) {
    probe *p = *state;
    pare_buf from, to;
    pare_parcel parcel;
    full_of_ten(p, &from);
    full_of_ten(p, &to);
    assert_int_equal(append(&to, NULL, 1), PARE_ERR_ARGUMENT);
    assert_int_equal(pare_buf_detach(&from, &parcel), PARE_OK);
    assert_int_equal(pare_buf_attach(&to, parcel), PARE_OK);
    assert_int_equal(p->live_blocks, 1);
    assert_int_equal(pare_buf_status(&to), PARE_OK);
    assert_int_equal(append(&to, "abc", 3), PARE_OK);
    assert_holds(&to, "0123456789abc");
    pare_buf_deinit(&from);
    pare_buf_deinit(&to);
}

static void buf_attach_refuses_what_cannot_be(void **state) {
    probe *p = *state;
    char byte[1];
    pare_buf b;
    full_of_ten(p, &b);
    pare_parcel parcel = {.block = {byte, 1}, .len = 2, .from = probe_allocator(p)};
    assert_int_equal(pare_buf_attach(&b, parcel), PARE_ERR_ARGUMENT);
    parcel = (pare_parcel){.block = {NULL, 1}, .from = probe_allocator(p)};
    assert_int_equal(pare_buf_attach(&b, parcel), PARE_ERR_ARGUMENT);
    parcel = (pare_parcel){.block = {byte, SIZE_MAX}, .from = probe_allocator(p)};
    assert_int_equal(pare_buf_attach(&b, parcel), PARE_ERR_ARGUMENT);
    parcel = (pare_parcel){.block = {byte, 1}, .align = 3, .from = probe_allocator(p)};
    assert_int_equal(pare_buf_attach(&b, parcel), PARE_ERR_ARGUMENT);
    assert_holds(&b, "0123456789");

    parcel = (pare_parcel){.from = probe_allocator(p)};
    assert_int_equal(pare_buf_attach(&b, parcel), PARE_OK);
    assert_holds(&b, "");
    assert_int_equal(p->live_blocks, 0);
    pare_buf_deinit(&b);
}

static void buf_attach_keeps_the_block_alignment(void **state) {
    probe *p = *state;
    pare_buf b = {0};
    pare_parcel parcel = {.len = 3, .align = 64, .from = probe_allocator(p)};
    assert_int_equal(pare_alloc_span(parcel.from, 10, 64, 0, &parcel.block), PARE_OK);
    memcpy(parcel.block.ptr, "abc", 3);
    assert_int_equal(pare_buf_attach(&b, parcel), PARE_OK);
    assert_int_equal(pare_buf_append_fill(&b, 'd', 1000), PARE_OK); /* the probe checks */
    assert_int_equal((uintptr_t)pare_buf_data(&b) % 64, 0);
    assert_int_equal(pare_buf_detach(&b, &parcel), PARE_OK);
    assert_int_equal(parcel.align, 64);
    pare_parcel_free(parcel);
}

/* --- capacity ---------------------------------------------------------------------------- */

static void buf_reserve_gives_room_without_growth(void **state) {
    probe *p = *state;
    pare_buf b;
    pare_buf_init(&b, probe_allocator(p));
    assert_int_equal(pare_buf_reserve(&b, 0), PARE_OK);
    assert_int_equal(p->requests, 0);
    assert_int_equal(pare_buf_reserve(&b, 100), PARE_OK);
    assert_int_equal(pare_buf_capacity(&b), 100);
    assert_int_equal(pare_buf_reserve(&b, 100), PARE_OK);
    for (int i = 0; i < 100; i++) pare_buf_append_byte(&b, 'x');
    assert_int_equal(p->requests, 1);
    pare_buf_append_byte(&b, 'x');
    assert_int_equal(p->requests, 2);
    assert_int_equal(pare_buf_capacity(&b), 200);
    pare_buf_deinit(&b);
}

static void buf_grows_by_two_then_by_one_and_a_half(void **state) {
    probe *p = *state;
    pare_buf b;
    pare_buf_init(&b, probe_allocator(p));
    const size_t expected[] = {64, 128, 256, 512, 1024, 2048, 4096, 6144, 9216};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_int_equal(pare_buf_append_byte(&b, 'x'), PARE_OK);
        assert_int_equal(pare_buf_capacity(&b), expected[i]);
        assert_non_null(pare_buf_extend(&b, expected[i] - pare_buf_len(&b)));
    }
    assert_int_equal(pare_buf_get_stats(&b).growths, 9);
    pare_buf_deinit(&b);
}

static void buf_takes_all_that_the_allocator_gives(void **state) {
    probe *p = *state;
    pare_buf b;
    p->slack = 23;
    pare_buf_init(&b, probe_allocator(p));
    assert_int_equal(pare_buf_reserve_exact(&b, 10), PARE_OK);
    assert_int_equal(pare_buf_capacity(&b), 33);
    assert_int_equal(pare_buf_append_fill(&b, 'x', 33), PARE_OK);
    assert_int_equal(p->requests, 1);
    pare_buf_deinit(&b);
}

static void buf_asks_for_the_exact_size_when_more_is_refused(void **state) {
    probe *p = *state;
    pare_buf b;
    full_of_ten(p, &b);
    probe_refuse(p, 0, 2); /* resize, then alloc, of the doubled size */
    assert_int_equal(append(&b, "abc", 3), PARE_OK);
    assert_int_equal(pare_buf_capacity(&b), 13);
    assert_holds(&b, "0123456789abc");
    pare_buf_deinit(&b);
}

static void buf_asks_for_the_exact_size_under_a_budget(void **state) {
    probe *p = *state;
    pare_buf b;
    full_of_ten(p, &b);
    p->refusal = PARE_ERR_LIMIT;
    probe_refuse(p, 0, 1);
    assert_int_equal(append(&b, "abc", 3), PARE_OK);
    assert_int_equal(pare_buf_capacity(&b), 13);
    probe_refuse(p, 0, 2);
    assert_int_equal(append(&b, "abc", 3), PARE_ERR_LIMIT);
    pare_buf_deinit(&b);
}

static void buf_refused_reserve_changes_nothing(void **state) {
    probe *p = *state;
    pare_buf b;
    full_of_ten(p, &b);
    void *data = pare_buf_data(&b);
    probe_refuse(p, 0, PROBE_NEVER);
    assert_int_equal(pare_buf_reserve(&b, 1), PARE_ERR_MEMORY);
    assert_int_equal(pare_buf_reserve_exact(&b, 1), PARE_ERR_MEMORY);
    assert_ptr_equal(pare_buf_data(&b), data);
    assert_int_equal(pare_buf_capacity(&b), 10);
    assert_int_equal(pare_buf_status(&b), PARE_OK); /* not sticky */
    probe_refuse(p, PROBE_NEVER, 0);
    assert_int_equal(append(&b, "a", 1), PARE_OK);
    assert_holds(&b, "0123456789a");
    pare_buf_deinit(&b);
}

static void buf_sizes_near_the_maximum_are_refused(void **state) {
    probe *p = *state;
    const size_t sizes[] = {SIZE_MAX,          SIZE_MAX - 9,      SIZE_MAX - 10, SIZE_MAX - 11,
                            PARE_SIZE_MAX + 1, PARE_SIZE_MAX - 9, SIZE_MAX / 2};
    pare_buf b;
    full_of_ten(p, &b);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_int_equal(pare_buf_reserve(&b, sizes[i]), PARE_ERR_ARGUMENT);
        assert_int_equal(pare_buf_reserve_exact(&b, sizes[i]), PARE_ERR_ARGUMENT);
    }
    assert_int_equal(pare_buf_reserve(&b, PARE_SIZE_MAX - 10), PARE_ERR_MEMORY);
    assert_int_equal(pare_buf_status(&b), PARE_OK);

    assert_null(pare_buf_extend(&b, SIZE_MAX));
    assert_int_equal(pare_buf_status(&b), PARE_ERR_ARGUMENT);
    assert_int_equal(pare_buf_needed(&b), SIZE_MAX);
    assert_holds(&b, "0123456789");
    pare_buf_reset(&b);
    assert_int_equal(append(&b, "tail", SIZE_MAX - 1), PARE_ERR_ARGUMENT);
    pare_buf_reset(&b);
    assert_int_equal(pare_buf_append_fill(&b, 0, PARE_SIZE_MAX), PARE_ERR_MEMORY);
    pare_buf_deinit(&b);
}

static void buf_limit_holds_at_both_edges(void **state) {
    probe *p = *state;
    pare_buf b;
    pare_buf_init(&b, probe_allocator(p));
    pare_buf_set_limit(&b, 100);
    assert_int_equal(pare_buf_limit(&b), 100);
    assert_int_equal(pare_buf_reserve(&b, 101), PARE_ERR_LIMIT);
    assert_int_equal(p->requests, 0);
    assert_int_equal(pare_buf_append_fill(&b, 'x', 65), PARE_OK);
    assert_int_equal(pare_buf_append_fill(&b, 'x', 34), PARE_OK); /* doubling is clamped */
    assert_int_equal(pare_buf_get_stats(&b).live_bytes, 100);
    assert_int_equal(pare_buf_append_byte(&b, 'x'), PARE_OK);
    assert_int_equal(pare_buf_append_byte(&b, 'x'), PARE_ERR_LIMIT);
    assert_int_equal(pare_buf_len(&b), 100);
    assert_int_equal(pare_buf_needed(&b), 101);
    pare_buf_deinit(&b);
}

static void buf_limit_clips_a_larger_block(void **state) {
    probe *p = *state;
    pare_buf b;
    p->slack = 100;
    pare_buf_init(&b, probe_allocator(p));
    pare_buf_set_limit(&b, 3);
    assert_int_equal(append(&b, "abc", 3), PARE_OK);
    assert_int_equal(pare_buf_capacity(&b), 3);
    assert_int_equal(pare_buf_append_byte(&b, 'd'), PARE_ERR_LIMIT);

    pare_buf_reset(&b);
    pare_buf_set_limit(&b, SIZE_MAX);
    assert_int_equal(pare_buf_limit(&b), PARE_SIZE_MAX);
    assert_int_equal(append(&b, "0123456789", 10), PARE_OK);
    pare_buf_set_limit(&b, 4); /* below the length: contents stay */
    assert_holds(&b, "0123456789");
    assert_int_equal(pare_buf_append_byte(&b, 'x'), PARE_ERR_LIMIT);
    pare_buf_reset(&b);
    assert_int_equal(append(&b, "abcde", 5), PARE_ERR_LIMIT);
    pare_buf_reset(&b);
    assert_int_equal(append(&b, "abcd", 4), PARE_OK);
    pare_buf_set_limit(&b, 0);
    pare_buf_reset(&b);
    assert_int_equal(pare_buf_append_byte(&b, 'x'), PARE_ERR_LIMIT);
    assert_int_equal(p->requests, 1);
    pare_buf_deinit(&b);
}

static void buf_shrink_gives_back_what_is_unused(void **state) {
    probe *p = *state;
    pare_buf b;
    pare_buf_init(&b, probe_allocator(p));
    assert_int_equal(pare_buf_reserve(&b, 1000), PARE_OK);
    assert_int_equal(append(&b, "abc", 3), PARE_OK);
    probe_refuse(p, 0, PROBE_NEVER);
    assert_int_equal(pare_buf_shrink(&b), PARE_ERR_MEMORY);
    assert_int_equal(p->live_bytes, 1000);
    probe_refuse(p, PROBE_NEVER, 0);
    assert_int_equal(pare_buf_shrink(&b), PARE_OK);
    assert_int_equal(p->live_bytes, 3);
    assert_holds(&b, "abc");
    pare_buf_truncate(&b, 0);
    assert_int_equal(pare_buf_shrink(&b), PARE_OK);
    assert_int_equal(p->live_bytes, 0);
    pare_buf_deinit(&b);
}

static void buf_shrink_of_a_failed_buffer_keeps_the_failure(void **state) {
    probe *p = *state;
    pare_buf b;
    full_of_ten(p, &b);
    assert_int_equal(append(&b, NULL, 5), PARE_ERR_ARGUMENT);
    pare_buf_truncate(&b, 0);
    assert_int_equal(pare_buf_needed(&b), 5);
    assert_int_equal(pare_buf_shrink(&b), PARE_OK);
    assert_int_equal(p->live_bytes, 0);
    assert_int_equal(pare_buf_status(&b), PARE_ERR_ARGUMENT);
    assert_int_equal(pare_buf_needed(&b), 5);
    pare_buf_deinit(&b);
}

/* --- contents ---------------------------------------------------------------------------- */

static void buf_reset_keeps_memory_and_refills_without_a_call(void **state) {
    probe *p = *state;
    pare_buf b;
    pare_buf_init(&b, probe_allocator(p));
    for (int warm = 0; warm < 2; warm++) {
        uint64_t requests = p->requests;
        for (int round = 0; round < 100; round++) {
            for (int i = 0; i < 1000; i++) {
                pare_buf_append(&b, &i, sizeof i);
                pare_buf_append_byte(&b, (unsigned char)i);
                append(&b, "run", 3);
                pare_buf_append_fill(&b, 'z', 5);
            }
            assert_int_equal(pare_buf_status(&b), PARE_OK);
            pare_buf_reset(&b);
        }
        if (warm) assert_int_equal(p->requests, requests);
    }
    assert_int_equal(p->frees, 0);
    assert_int_equal(pare_buf_get_stats(&b).peak_used_bytes, 13000);
    pare_buf_deinit(&b);
}

static void buf_reset_max_drops_giants_only(void **state) {
    probe *p = *state;
    char first[16];
    pare_buf b;
    p->slack = 8; /* what was asked counts, not what was given */
    pare_buf_init_with(&b, first, sizeof first, probe_allocator(p));
    pare_buf_reset_max(&b, 0);
    assert_int_equal(pare_buf_capacity(&b), 16);
    assert_int_equal(pare_buf_reserve(&b, 1000), PARE_OK);
    pare_buf_reset_max(&b, 1000);
    assert_int_equal(p->live_bytes, 1008);
    assert_int_equal(append(&b, "abc", 3), PARE_OK);
    pare_buf_reset_max(&b, 999);
    assert_int_equal(p->live_bytes, 0);
    assert_holds(&b, "");
    assert_int_equal(append(&b, "abc", 3), PARE_OK);
    assert_holds(&b, "abc");
    pare_buf_deinit(&b);
}

static void buf_truncate_keeps_the_start(void **state) {
    probe *p = *state;
    pare_buf b;
    full_of_ten(p, &b);
    pare_buf_truncate(&b, 11);
    pare_buf_truncate(&b, 10);
    assert_holds(&b, "0123456789");
    pare_buf_truncate(&b, 4);
    assert_holds(&b, "0123");
    assert_int_equal(append(&b, "abcdef", 6), PARE_OK);
    assert_holds(&b, "0123abcdef");
    assert_int_equal(p->requests, 1);
    pare_buf_deinit(&b);
}

/* --- appends ----------------------------------------------------------------------------- */

static void buf_erase_closes_the_gap(void **state) {
    probe *p = *state;
    pare_buf b;
    full_of_ten(p, &b);
    pare_buf_erase(&b, 2, 3);
    assert_holds(&b, "0156789");
    pare_buf_erase(&b, 0, 1);
    assert_holds(&b, "156789");
    pare_buf_erase(&b, 5, 1);
    assert_holds(&b, "15678");
    pare_buf_erase(&b, 5, 1);
    pare_buf_erase(&b, 0, 0);
    pare_buf_erase(&b, SIZE_MAX, SIZE_MAX);
    assert_holds(&b, "15678");
    pare_buf_erase(&b, 3, SIZE_MAX);
    assert_holds(&b, "156");
    pare_buf_erase(&b, 0, 3);
    assert_holds(&b, "");
    assert_int_equal(p->requests, 1);
    assert_int_equal(pare_buf_get_stats(&b).peak_used_bytes, 10);
    pare_buf_deinit(&b);
    pare_buf_erase(&b, 0, 1); /* a zeroed one */
}

static void buf_needed_stays_saturated(void **state) {
    probe *p = *state;
    pare_buf b;
    full_of_ten(p, &b);
    assert_int_equal(append(&b, NULL, SIZE_MAX - 10), PARE_ERR_ARGUMENT);
    assert_int_equal(pare_buf_needed(&b), SIZE_MAX); /* not yet an overflow, but the same number */
    append(&b, NULL, 1);
    assert_int_equal(pare_buf_needed(&b), SIZE_MAX);
    pare_buf_truncate(&b, 3);
    assert_int_equal(pare_buf_needed(&b), SIZE_MAX);
    pare_buf_erase(&b, 0, 1);
    assert_int_equal(pare_buf_needed(&b), SIZE_MAX);
    pare_buf_truncate(&b, 0);
    assert_int_equal(pare_buf_shrink(&b), PARE_OK);
    assert_int_equal(pare_buf_needed(&b), SIZE_MAX);
    pare_buf_deinit(&b);
}

static void buf_append_null_is_nothing_or_argument(void **state) {
    probe *p = *state;
    pare_buf b;
    full_of_ten(p, &b);
    assert_int_equal(pare_buf_append(&b, NULL, 0), PARE_OK);
    assert_int_equal(append(&b, NULL, 0), PARE_OK);
    pare_buf_truncate(&b, 5);
    assert_int_equal(pare_buf_append(&b, NULL, 2), PARE_ERR_ARGUMENT);
    assert_int_equal(pare_buf_append(&b, NULL, 0), PARE_ERR_ARGUMENT); /* sticky */
    assert_holds(&b, "01234");
    pare_buf_reset(&b);
    assert_int_equal(append(&b, NULL, 1), PARE_ERR_ARGUMENT);
    pare_buf_deinit(&b);
}

static void buf_refusal_is_sticky_and_counts_on(void **state) {
    probe *p = *state;
    pare_buf b;
    full_of_ten(p, &b);
    probe_refuse(p, 0, PROBE_NEVER);
    assert_int_equal(append(&b, "abc", 3), PARE_ERR_MEMORY);
    probe_refuse(p, PROBE_NEVER, 0);
    uint64_t requests = p->requests;
    assert_int_equal(pare_buf_append(&b, "abcd", 4), PARE_ERR_MEMORY);
    assert_int_equal(pare_buf_append_byte(&b, 'x'), PARE_ERR_MEMORY);
    assert_int_equal(pare_buf_append_fill(&b, 'x', 100), PARE_ERR_MEMORY);
    assert_int_equal(pare_buf_append_fill(&b, 'x', 0), PARE_ERR_MEMORY);
    assert_int_equal(append(&b, NULL, 1), PARE_ERR_MEMORY); /* the first reason stays */
    assert_null(pare_buf_extend(&b, 2));
    pare_buf_append_reserved(&b, "ab", 2);
    assert_int_equal(pare_buf_reserve(&b, 1), PARE_ERR_MEMORY);
    assert_int_equal(p->requests, requests);
    assert_int_equal(pare_buf_needed(&b), 10 + 3 + 4 + 1 + 100 + 1 + 2 + 2);
    assert_holds(&b, "0123456789");

    pare_buf_truncate(&b, 8); /* two of the needed bytes are no longer needed */
    assert_int_equal(pare_buf_needed(&b), 121);
    assert_int_equal(pare_buf_append_byte(&b, 'x'), PARE_ERR_MEMORY);
    assert_holds(&b, "01234567");

    pare_buf_reset(&b);
    assert_int_equal(pare_buf_status(&b), PARE_OK);
    assert_int_equal(pare_buf_needed(&b), 0);
    assert_int_equal(append(&b, "abc", 3), PARE_OK);
    assert_holds(&b, "abc");
    pare_buf_deinit(&b);
}

static void buf_append_of_its_own_contents_survives_growth(void **state) {
    probe *p = *state;
    p->always_move = true;
    for (size_t start = 0; start < 10; start++) {
        for (size_t end = start + 1; end <= 10; end++) {
            pare_buf b;
            char expected[21] = "0123456789";
            full_of_ten(p, &b);
            memcpy(expected + 10, expected + start, end - start);
            assert_int_equal(append(&b, (char *)pare_buf_data(&b) + start, end - start), PARE_OK);
            assert_holds(&b, expected);
            pare_buf_deinit(&b);
        }
    }
}

static void buf_append_of_its_own_array_survives_spilling(void **state) {
    probe *p = *state;
    char first[8] = "abcdefgh";
    pare_buf b;
    pare_buf_init_with(&b, first, sizeof first, probe_allocator(p));
    assert_int_equal(append(&b, "abcdefgh", 8), PARE_OK);
    assert_int_equal(append(&b, first + 2, 6), PARE_OK);
    assert_holds(&b, "abcdefghcdefgh");
    pare_buf_deinit(&b);
}

static void buf_append_from_behind_its_contents_is_refused(void **state) {
    probe *p = *state;
    pare_buf b;
    full_of_ten(p, &b);
    pare_buf_truncate(&b, 8);
    char *data = pare_buf_data(&b);
    assert_int_equal(append(&b, data + 5, 4), PARE_ERR_ARGUMENT);
    pare_buf_reset(&b);
    assert_int_equal(append(&b, data + 9, 11), PARE_ERR_ARGUMENT);
    pare_buf_deinit(&b);
}

static void buf_insert_moves_the_rest_up(void **state) {
    probe *p = *state;
    pare_buf b;
    full_of_ten(p, &b);
    assert_int_equal(pare_buf_insert(&b, 5, "abc", 3), PARE_OK);
    assert_holds(&b, "01234abc56789");
    assert_int_equal(pare_buf_insert(&b, 0, "<", 1), PARE_OK);
    assert_int_equal(pare_buf_insert(&b, 14, ">", 1), PARE_OK);
    assert_holds(&b, "<01234abc56789>");
    assert_int_equal(pare_buf_insert(&b, 15, NULL, 0), PARE_OK);
    assert_holds(&b, "<01234abc56789>");
    pare_buf_deinit(&b);
}

static void buf_insert_refused_is_sticky(void **state) {
    probe *p = *state;
    pare_buf b;
    full_of_ten(p, &b);
    assert_int_equal(pare_buf_insert(&b, 11, "a", 1), PARE_ERR_ARGUMENT);
    assert_int_equal(pare_buf_insert(&b, 0, "a", 1), PARE_ERR_ARGUMENT);
    assert_int_equal(pare_buf_needed(&b), 12);
    assert_holds(&b, "0123456789");
    pare_buf_truncate(&b, 10);
    pare_buf_deinit(&b);
    full_of_ten(p, &b);
    assert_int_equal(pare_buf_insert(&b, 3, NULL, 1), PARE_ERR_ARGUMENT);
    pare_buf_deinit(&b);
    full_of_ten(p, &b);
    pare_buf_set_limit(&b, 12);
    assert_int_equal(pare_buf_insert(&b, 3, "abc", 3), PARE_ERR_LIMIT);
    assert_holds(&b, "0123456789");
    pare_buf_reset(&b);
    pare_buf_append(&b, "0123456789", 10);
    assert_int_equal(pare_buf_insert(&b, 3, "ab", 2), PARE_OK);
    assert_holds(&b, "012ab3456789");
    pare_buf_deinit(&b);
    full_of_ten(p, &b);
    probe_refuse(p, 0, PROBE_NEVER);
    assert_int_equal(pare_buf_insert(&b, 3, "a", 1), PARE_ERR_MEMORY);
    assert_holds(&b, "0123456789");
    pare_buf_deinit(&b);
}

/* Every piece of "0123456789" inserted at every place, with growth and without. */
static void buf_insert_of_its_own_contents(void **state) {
    probe *p = *state;
    p->always_move = true;
    for (size_t at = 0; at <= 10; at++) {
        for (size_t from = 0; from < 10; from++) {
            for (size_t size = 1; size <= 10 - from; size++) {
                char expected[21] = {0};
                memcpy(expected, "0123456789", at);
                memcpy(expected + at, &"0123456789"[from], size);
                memcpy(expected + at + size, &"0123456789"[at], 10 - at);
                pare_buf b;
                full_of_ten(p, &b);
                if (size % 2 != 0) assert_int_equal(pare_buf_reserve(&b, 10), PARE_OK);
                pare_buf_insert(&b, at, (char *)pare_buf_data(&b) + from, size);
                assert_holds(&b, expected);
                pare_buf_deinit(&b);
            }
        }
    }
}

static void buf_append_reserved_never_allocates(void **state) {
    probe *p = *state;
    pare_buf b;
    pare_buf_init(&b, probe_allocator(p));
    assert_int_equal(pare_buf_reserve(&b, 100), PARE_OK);
    for (int i = 0; i < 25; i++) pare_buf_append_reserved(&b, &i, sizeof i);
    pare_buf_append_reserved(&b, NULL, 0);
    assert_int_equal(pare_buf_len(&b), 100);
    assert_int_equal(p->requests, 1);
    pare_buf_deinit(&b);
}

static void append_too_much(void *ctx) {
    char first[3];
    pare_buf b;
    (void)ctx;
    pare_buf_init_with(&b, first, sizeof first, pare_heap());
    pare_buf_append_reserved(&b, "abc", 3);
    pare_buf_append_reserved(&b, "d", 1);
}

static void buf_append_reserved_beyond_the_reserve_is_misuse(void **state) {
    probe *p = *state;
    expect_misuse(append_too_much, NULL, "pare: buf: append beyond the reserve");

    pare_buf b;
    full_of_ten(p, &b);
    pare_set_misuse_handler(misuse_note);
    pare_buf_append_reserved(&b, "x", 1);
    assert_int_equal(misuse_count, 1);
    assert_ptr_equal(misuse_last.object, &b);
    assert_holds(&b, "0123456789"); /* refused, and nothing has changed */
    assert_int_equal(pare_buf_status(&b), PARE_OK);
    pare_buf_deinit(&b);
}

static void buf_extend_gives_bytes_to_write(void **state) {
    probe *p = *state;
    pare_buf b;
    pare_buf_init(&b, probe_allocator(p));
    assert_null(pare_buf_extend(&b, 0));
    assert_int_equal(pare_buf_status(&b), PARE_OK);
    memcpy(pare_buf_extend(&b, 200), "abc", 3);
    pare_buf_truncate(&b, 3);
    memcpy(pare_buf_extend(&b, 100), "def", 3);
    pare_buf_truncate(&b, 6);
    assert_holds(&b, "abcdef");
    pare_buf_deinit(&b);
}

/* --- hardened, and views ----------------------------------------------------------------- */

static void buf_view_is_a_piece_of_the_contents(void **state) {
    probe *p = *state;
    pare_buf b;
    full_of_ten(p, &b);
    pare_buf_view v = pare_buf_get_view(&b, 2, 3);
    assert_int_equal(v.len, 3);
    assert_memory_equal(pare_buf_check_view(&b, v), "234", 3);
    v = pare_buf_get_view(&b, 8, SIZE_MAX);
    assert_int_equal(v.len, 2);
    assert_memory_equal(pare_buf_check_view(&b, v), "89", 2);
    v = pare_buf_get_view(&b, 10, 1);
    assert_int_equal(v.len, 0);
    assert_null(pare_buf_check_view(&b, v));
    assert_int_equal(pare_buf_get_view(&b, SIZE_MAX, SIZE_MAX).len, 0);
    pare_buf_deinit(&b);
    assert_int_equal(pare_buf_get_view(&b, 0, 1).len, 0);
}

static void use_view_after_growth(void *ctx) {
    pare_buf b = {0};
    (void)ctx;
    pare_buf_append(&b, "abc", 3);
    pare_buf_harden(&b);
    pare_buf_view v = pare_buf_get_view(&b, 0, 3);
    pare_buf_append_fill(&b, 'x', 10000);
    pare_buf_check_view(&b, v);
}

static void buf_dead_view_is_misuse(void **state) {
    probe *p = *state;
    expect_misuse(use_view_after_growth, NULL, "pare: buf: dead view");
    pare_set_misuse_handler(misuse_note);
    p->never_resize = true;
    pare_buf b, other;
    full_of_ten(p, &b);
    pare_buf_view v = pare_buf_get_view(&b, 5, 5);
    pare_buf_truncate(&b, 9);
    assert_null(pare_buf_check_view(&b, v)); /* outside */
    assert_int_equal(misuse_count, 1);
    v = pare_buf_get_view(&b, 5, 4);
    pare_buf_append(&b, "0123456789", 10);
    assert_null(pare_buf_check_view(&b, v)); /* moved */
    assert_int_equal(misuse_count, 2);
    full_of_ten(p, &other);
    v = pare_buf_get_view(&b, 0, 1);
    assert_null(pare_buf_check_view(&other, v)); /* another's */
    assert_int_equal(misuse_count, 3);
    assert_ptr_equal(misuse_last.object, &other);
    pare_buf_deinit(&b);
    pare_buf_deinit(&other);
    assert_null(pare_buf_check_view(&b, v)); /* after the end */
    assert_int_equal(misuse_count, 4);
}

static int dead_after(probe *p, void (*call)(pare_buf *b)) {
    pare_buf b;
    full_of_ten(p, &b);
    assert_int_equal(pare_buf_reserve(&b, 100), PARE_OK);
    pare_buf_harden(&b);
    pare_buf_view v = pare_buf_get_view(&b, 1, 1);
    int before = misuse_count;
    call(&b);
    if (pare_buf_check_view(&b, v) != NULL) assert_memory_equal(v.ptr, "1", 1);
    pare_buf_deinit(&b);
    return misuse_count - before;
}

static void call_append(pare_buf *b) { pare_buf_append(b, "x", 1); }
static void call_reserve(pare_buf *b) { assert_int_equal(pare_buf_reserve(b, 10), PARE_OK); }
static void call_grow(pare_buf *b) { assert_int_equal(pare_buf_reserve(b, 1000), PARE_OK); }
static void call_reset(pare_buf *b) {
    pare_buf_reset(b);
    pare_buf_append(b, "0123456789", 10);
}
static void call_truncate(pare_buf *b) { pare_buf_truncate(b, 9); }
static void call_erase(pare_buf *b) { pare_buf_erase(b, 0, 1); }
static void call_insert(pare_buf *b) { pare_buf_insert(b, 0, "x", 1); }
static void call_shrink(pare_buf *b) { assert_int_equal(pare_buf_shrink(b), PARE_OK); }

static void buf_hardened_knows_every_dead_view(void **state) {
    probe *p = *state;
    pare_set_misuse_handler(misuse_note);
    assert_int_equal(dead_after(p, call_append), 0);
    assert_int_equal(dead_after(p, call_reserve), 0);
    assert_int_equal(dead_after(p, call_grow), 1);
    assert_int_equal(dead_after(p, call_reset), 1);
    assert_int_equal(dead_after(p, call_truncate), 1);
    assert_int_equal(dead_after(p, call_erase), 1);
    assert_int_equal(dead_after(p, call_insert), 1);
    assert_int_equal(dead_after(p, call_shrink), 1);
}

static void buf_hardened_always_moves_and_overwrites(void **state) {
    probe *p = *state;
    char first[8];
    pare_buf b;
    pare_buf_init_with(&b, first, sizeof first, probe_allocator(p));
    pare_buf_harden(&b);
    append(&b, "01234567", 8);
    pare_buf_truncate(&b, 6);
    assert_memory_equal(first, "012345\xdb\xdb", 8);
    append(&b, "abcdef", 6);
    assert_holds(&b, "012345abcdef");
    assert_memory_equal(first, "\xdb\xdb\xdb\xdb\xdb\xdb\xdb\xdb", 8);
    for (int i = 0; i < 5; i++) {
        const void *before = pare_buf_data(&b);
        assert_int_equal(pare_buf_reserve(&b, pare_buf_capacity(&b)), PARE_OK);
        assert_ptr_not_equal(pare_buf_data(&b), before);
    }
    assert_int_equal(p->resizes, 0);
    assert_holds(&b, "012345abcdef");
    if (!probe_watched()) {
        const char *data = pare_buf_data(&b);
        pare_buf_reset(&b);
        assert_int_equal((unsigned char)data[0], 0xdb);
        assert_int_equal((unsigned char)data[11], 0xdb);
    }
    pare_buf_deinit(&b);
    pare_buf_append(&b, "x", 1); /* hardened no more */
    assert_true(probe_watched() || b.cap > b.len);
    pare_buf_deinit(&b);
}

static void buf_may_be_moved(void **state) {
    probe *p = *state;
    pare_buf b, moved;
    full_of_ten(p, &b);
    moved = b;
    memset(&b, 0xff, sizeof b);
    assert_int_equal(append(&moved, "abc", 3), PARE_OK);
    assert_holds(&moved, "0123456789abc");
    pare_buf_deinit(&moved);
}

/* --- everything together ----------------------------------------------------------------- */

static bool grow_through_refusals(probe *p, void *ctx) {
    char first[8];
    pare_buf b;
    pare_parcel parcel;
    (void)ctx;
    pare_buf_init_with(&b, first, sizeof first, probe_allocator(p));
    size_t kept = 0;
    for (size_t i = 0; i < 500; i++) {
        bool failed = pare_buf_status(&b) != PARE_OK;
        pare_buf_append(&b, &i, sizeof i);
        if (pare_buf_status(&b) == PARE_OK) kept++;
        assert_true(!failed || pare_buf_status(&b) == PARE_ERR_MEMORY);
    }
    assert_int_equal(pare_buf_needed(&b), 500 * sizeof(size_t));
    assert_int_equal(pare_buf_len(&b), kept * sizeof(size_t));
    for (size_t i = 0; i < kept; i++) {
        assert_memory_equal((char *)pare_buf_data(&b) + i * sizeof i, &i, sizeof i);
    }
    bool refused = pare_buf_status(&b) != PARE_OK;
    refused |= pare_buf_shrink(&b) != PARE_OK;
    assert_int_equal(pare_buf_len(&b), kept * sizeof(size_t));
    if (pare_buf_detach(&b, &parcel) == PARE_OK) pare_parcel_free(parcel);
    pare_buf_deinit(&b);
    return refused;
}

static void buf_refusals_leave_a_valid_prefix(void **state) {
    probe *p = *state;
    probe_sweep(p, grow_through_refusals, NULL);
    p->never_resize = true;
    probe_sweep(p, grow_through_refusals, NULL);
    p->always_move = true;
    p->never_resize = false;
    probe_sweep(p, grow_through_refusals, NULL);
}

static uint64_t random_state;

static size_t random_below(size_t n) {
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(random_state >> 33) % n;
}

/* One random call on `b` and on the model, an array of at most 4000 bytes. */
static void step(pare_buf *b, char *model, size_t *len) {
    char bytes[300];
    size_t from, at, size = random_below(random_below(8) == 0 ? sizeof bytes : 20);
    memset(bytes, (int)('a' + random_below(26)), sizeof bytes);
    switch (random_below(12)) {
    case 0: /* a part of itself */
        if (size > *len) size = *len;
        from = random_below(*len - size + 1);
        memmove(model + *len, model + from, size);
        append(b, size != 0 ? (char *)pare_buf_data(b) + from : NULL, size);
        *len += size;
        break;
    case 1:
        *len = size < *len ? *len - size : 0;
        pare_buf_truncate(b, *len);
        break;
    case 2: assert_int_equal(pare_buf_reserve(b, size), PARE_OK); break;
    case 3: /* a part of itself, anywhere */
        if (size > *len) size = *len;
        from = random_below(*len - size + 1);
        at = random_below(*len + 1);
        memcpy(bytes, model + from, size);
        memmove(model + at + size, model + at, *len - at);
        memcpy(model + at, bytes, size);
        pare_buf_insert(b, at, size != 0 ? (char *)pare_buf_data(b) + from : NULL, size);
        *len += size;
        break;
    case 4:
        at = random_below(*len + 1);
        if (size > *len - at) size = *len - at;
        memmove(model + at, model + at + size, *len - at - size);
        pare_buf_erase(b, at, size);
        *len -= size;
        break;
    case 5:
        if (size == 0) assert_int_equal(pare_buf_shrink(b), PARE_OK);
        break;
    case 6:
        memset(model + *len, bytes[0], size);
        pare_buf_append_fill(b, (unsigned char)bytes[0], size);
        *len += size;
        break;
    case 7:
        model[(*len)++] = bytes[0];
        pare_buf_append_byte(b, (unsigned char)bytes[0]);
        break;
    default:
        memcpy(model + *len, bytes, size);
        append(b, bytes, size);
        *len += size;
    }
    if (*len > 3600) {
        pare_buf_reset_max(b, random_below(5000));
        *len = 0;
    }
}

static void buf_agrees_with_an_array_on_random_calls(void **state) {
    probe *p = *state;
    for (random_state = 1; random_state < 20; random_state++) {
        uint64_t seed = random_state;
        char model[8000], first[50];
        size_t len = 0;
        pare_buf b;
        p->always_move = seed % 2 != 0;
        p->slack = (size_t)(seed % 3 * 5);
        pare_buf_init_with(&b, first, random_below(sizeof first), probe_allocator(p));
        if (seed % 4 == 0) pare_buf_harden(&b);
        for (int i = 0; i < 2000; i++) {
            step(&b, model, &len);
            assert_int_equal(pare_buf_len(&b), len);
            assert_true(len <= pare_buf_capacity(&b));
            if (len != 0) assert_memory_equal(pare_buf_data(&b), model, len);
        }
        pare_buf_deinit(&b);
        random_state = seed;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(buf_zeroed_is_empty_on_the_heap),
        CASE(buf_init_and_deinit_never_allocate),
        CASE(buf_init_aligned_aligns_every_block),
        CASE(buf_init_aligned_refuses_other_alignments),
        CASE(buf_init_with_stays_on_the_array_until_outgrown),
        CASE(buf_init_with_null_is_no_array),
        CASE(buf_init_with_over_fixed_never_spills),
        CASE(buf_init_fixed_answers_limit),
        CASE(buf_detach_hands_out_block_and_allocator),
        CASE(buf_detach_from_the_array_copies_or_is_refused),
        CASE(buf_detach_when_empty_or_failed),
        CASE(buf_detached_heap_block_may_go_to_free),
        CASE(buf_attach_takes_over_and_frees_its_own),
        CASE(buf_attach_refuses_what_cannot_be),
        CASE(buf_attach_keeps_the_block_alignment),
        CASE(buf_reserve_gives_room_without_growth),
        CASE(buf_grows_by_two_then_by_one_and_a_half),
        CASE(buf_takes_all_that_the_allocator_gives),
        CASE(buf_asks_for_the_exact_size_when_more_is_refused),
        CASE(buf_asks_for_the_exact_size_under_a_budget),
        CASE(buf_refused_reserve_changes_nothing),
        CASE(buf_sizes_near_the_maximum_are_refused),
        CASE(buf_limit_holds_at_both_edges),
        CASE(buf_limit_clips_a_larger_block),
        CASE(buf_shrink_gives_back_what_is_unused),
        CASE(buf_shrink_of_a_failed_buffer_keeps_the_failure),
        CASE(buf_reset_keeps_memory_and_refills_without_a_call),
        CASE(buf_reset_max_drops_giants_only),
        CASE(buf_truncate_keeps_the_start),
        CASE(buf_erase_closes_the_gap),
        CASE(buf_needed_stays_saturated),
        CASE(buf_append_null_is_nothing_or_argument),
        CASE(buf_refusal_is_sticky_and_counts_on),
        CASE(buf_append_of_its_own_contents_survives_growth),
        CASE(buf_append_of_its_own_array_survives_spilling),
        CASE(buf_append_from_behind_its_contents_is_refused),
        CASE(buf_insert_moves_the_rest_up),
        CASE(buf_insert_refused_is_sticky),
        CASE(buf_insert_of_its_own_contents),
        CASE(buf_append_reserved_never_allocates),
        CASE(buf_append_reserved_beyond_the_reserve_is_misuse),
        CASE(buf_extend_gives_bytes_to_write),
        CASE(buf_view_is_a_piece_of_the_contents),
        CASE(buf_dead_view_is_misuse),
        CASE(buf_hardened_knows_every_dead_view),
        CASE(buf_hardened_always_moves_and_overwrites),
        CASE(buf_may_be_moved),
        CASE(buf_refusals_leave_a_valid_prefix),
        CASE(buf_agrees_with_an_array_on_random_calls),
    };
    return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
