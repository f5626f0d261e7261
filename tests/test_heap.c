/* test_heap.c - mirrors pare/heap.h: the vtable's contract on the C library's heap.
 * SPDX-License-Identifier: MIT */
#include "support/probe.h"
#include "pare/heap.h"
#include <errno.h>
#include <stdlib.h>

static void heap_alloc_honours_size_and_alignment(void **state) {
    (void)state;
    for (size_t align = 1; align <= 4096; align *= 2) {
        for (size_t size = 1; size <= 5000; size = size * 3 / 2 + 1) {
            pare_span s;
            assert_int_equal(pare_alloc_span(pare_heap(), size, align, 0, &s), PARE_OK);
            assert_true(s.cap >= size);
            assert_int_equal((uintptr_t)s.ptr % align, 0);
            memset(s.ptr, 0xFF, s.cap); /* all of cap is ours: ASan and fortify watch */
            pare_free_span(pare_heap(), s, align);
        }
    }
}

static void heap_zeroed_means_all_of_cap(void **state) {
    (void)state;
    for (size_t align = 8; align <= 256; align *= 32) {
        pare_span s;
        assert_int_equal(pare_alloc_span(pare_heap(), 1000, align, 0, &s), PARE_OK);
        memset(s.ptr, 0xFF, s.cap); /* dirt for the next block to find */
        pare_free_span(pare_heap(), s, align);
        assert_int_equal(pare_alloc_span(pare_heap(), 1000, align, PARE_ZEROED, &s), PARE_OK);
        for (size_t i = 0; i < s.cap; i++) assert_int_equal(((char *)s.ptr)[i], 0);
        pare_free_span(pare_heap(), s, align);
    }
}

static void heap_resize_in_place_stays_within_the_block(void **state) {
    (void)state;
    pare_span s;
    assert_int_equal(pare_alloc_span(pare_heap(), 1001, 8, PARE_EXACT, &s), PARE_OK);
    void *before = s.ptr;
    assert_int_equal(pare_resize_span(pare_heap(), &s, (size_t)1 << 24, 8, 0), PARE_ERR_MEMORY);
    assert_int_equal(s.cap, 1001);
    assert_ptr_equal(s.ptr, before);
    assert_int_equal(pare_resize_span(pare_heap(), &s, 500, 8, 0), PARE_ERR_MEMORY);
    pare_free_span(pare_heap(), s, 8);
}

static void heap_resize_that_may_move_keeps_bytes_and_zeroes_the_rest(void **state) {
    (void)state;
    pare_span s;
    assert_int_equal(pare_alloc_span(pare_heap(), 100, 8, 0, &s), PARE_OK);
    size_t cap = s.cap;
    memset(s.ptr, 'x', cap);
    assert_int_equal(pare_resize_span(pare_heap(), &s, 100000, 8, PARE_MAY_MOVE | PARE_ZEROED),
                     PARE_OK);
    for (size_t i = 0; i < s.cap; i++) {
        assert_int_equal(((char *)s.ptr)[i], i < cap ? 'x' : '\0');
    }
    pare_free_span(pare_heap(), s, 8);
}

static void heap_realloc_of_overaligned_block_keeps_alignment(void **state) {
    (void)state;
    char *p = pare_alloc(pare_heap(), 100, 512);
    assert_non_null(p);
    memset(p, 'y', 100);
    p = pare_realloc(pare_heap(), p, 100, 9000, 512);
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % 512, 0);
    for (size_t i = 0; i < 100; i++) assert_int_equal(p[i], 'y');
    pare_free(pare_heap(), p, 9000, 512);
}

static void heap_refusal_leaves_errno_alone(void **state) {
    (void)state;
    enum { HALVES = 2 }; /* of the address space, less than which there is */
    pare_span s[HALVES] = {{NULL, 0}};
    for (size_t align = 8; align <= 64; align *= 8) {
        pare_status status = PARE_OK;
        errno = 77;
        for (int i = 0; i < HALVES && status == PARE_OK; i++) {
            status = pare_alloc_span(pare_heap(), PARE_SIZE_MAX - 4096, align, 0, &s[i]);
        }
        assert_int_equal(status, PARE_ERR_MEMORY);
        assert_int_equal(errno, 77);
        for (int i = 0; i < HALVES; i++) {
            pare_free_span(pare_heap(), s[i], align);
            s[i] = (pare_span){NULL, 0};
        }
    }
}

static void heap_zeroed_handle_is_the_heap(void **state) {
    (void)state;
    pare_allocator none = {0};
    void *p = pare_alloc(none, 64, 8);
    assert_non_null(p);
    pare_free(pare_heap(), p, 64, 8);
}

static void heap_block_may_go_to_free(void **state) {
    (void)state;
    char *p = pare_alloc(pare_heap(), 64, _Alignof(max_align_t));
    assert_non_null(p);
    free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(heap_alloc_honours_size_and_alignment),
        CASE(heap_zeroed_means_all_of_cap),
        CASE(heap_resize_in_place_stays_within_the_block),
        CASE(heap_resize_that_may_move_keeps_bytes_and_zeroes_the_rest),
        CASE(heap_realloc_of_overaligned_block_keeps_alignment),
        CASE(heap_refusal_leaves_errno_alone),
        CASE(heap_zeroed_handle_is_the_heap),
        CASE(heap_block_may_go_to_free),
    };
    return cmocka_run_group_tests_name("heap", tests, NULL, NULL);
}
