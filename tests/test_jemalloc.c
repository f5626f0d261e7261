/* test_jemalloc.c - mirrors pare/jemalloc.h: the vtable's contract on jemalloc.
 * Method: sizes on both sides of class borders; what jemalloc says of a block (sallocx) is the
 * truth that caps are held against.
 * SPDX-License-Identifier: MIT */
#include "support/probe.h"
#include "pare/arena.h"
#include "pare/jemalloc.h"
#include <errno.h>
#include <jemalloc/jemalloc.h>
#include <pthread.h>
#include <stdlib.h>

/* A block that jemalloc can extend in place: pages, not a slot of a slab. */
#define LARGE ((size_t)64 * 1024)

static pare_span take(size_t size, size_t align, unsigned flags) {
    pare_span s = {NULL, 0};
    assert_int_equal(pare_alloc_span(pare_jemalloc(), size, align, flags, &s), PARE_OK);
    return s;
}

static bool is_zero(const pare_span *s, size_t from) {
    for (size_t i = from; i < s->cap; i++) {
        if (((char *)s->ptr)[i] != 0) return false;
    }
    return true;
}

/* --- alloc ------------------------------------------------------------------------------- */

static void jemalloc_alloc_cap_is_the_real_size(void **state) {
    (void)state;
    for (size_t align = 1; align <= 8192; align *= 2) {
        for (size_t size = 1; size <= 300000; size = size * 3 / 2 + 1) {
            pare_span s = take(size, align, 0);
            assert_true(s.cap >= size);
            assert_int_equal(s.cap, sallocx(s.ptr, 0));
            assert_int_equal((uintptr_t)s.ptr % align, 0);
            memset(s.ptr, 0xff, s.cap);
            pare_free_span(pare_jemalloc(), s, align);
        }
    }
}

static void jemalloc_alloc_exact_gives_what_was_asked(void **state) {
    (void)state;
    for (size_t size = 1; size <= 300000; size = size * 3 / 2 + 1) {
        pare_span s = take(size, 8, PARE_EXACT);
        assert_int_equal(s.cap, size);
        pare_free_span(pare_jemalloc(), s, 8);
    }
}

static void jemalloc_zeroed_means_all_of_cap(void **state) {
    (void)state;
    static const size_t sizes[] = {1, 9, 1000, 15000, 20000, LARGE + 1, 5000000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        pare_span s = take(sizes[i], 16, 0);
        memset(s.ptr, 0xff, s.cap); /* dirt for the next block to find */
        pare_free_span(pare_jemalloc(), s, 16);
        s = take(sizes[i], 16, PARE_ZEROED);
        assert_true(is_zero(&s, 0));
        pare_free_span(pare_jemalloc(), s, 16);
    }
}

static void jemalloc_alloc_absurd_is_refused_and_errno_stays(void **state) {
    (void)state;
    static const size_t sizes[] = {PARE_SIZE_MAX, PARE_SIZE_MAX - 7, PARE_SIZE_MAX / 2 + 1,
                                   PARE_SIZE_MAX / 4};
    pare_span s = {&s, 77};
    errno = 77;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_int_equal(pare_alloc_span(pare_jemalloc(), sizes[i], 1, 0, &s), PARE_ERR_MEMORY);
    }
    assert_int_equal(pare_alloc_span(pare_jemalloc(), 1, (PARE_SIZE_MAX + 1) / 2, 0, &s),
                     PARE_ERR_MEMORY);
    assert_ptr_equal(s.ptr, &s);
    assert_int_equal(s.cap, 77);
    assert_int_equal(errno, 77);
}

static void jemalloc_block_may_be_freed_by_free(void **state) {
    (void)state;
    free(take(100, 8, 0).ptr);
}

/* --- resize ------------------------------------------------------------------------------ */

static void jemalloc_resize_within_class_moves_the_exact_cap(void **state) {
    (void)state;
    pare_span s = take(1000, 8, PARE_EXACT);
    void *before = s.ptr;
    memset(s.ptr, 'x', 1000);
    assert_int_equal(pare_resize_span(pare_jemalloc(), &s, 1024, 8, PARE_EXACT), PARE_OK);
    assert_ptr_equal(s.ptr, before);
    assert_int_equal(s.cap, 1024);
    assert_int_equal(pare_resize_span(pare_jemalloc(), &s, 900, 8, PARE_EXACT), PARE_OK);
    assert_int_equal(s.cap, 900);
    assert_int_equal(((char *)s.ptr)[899], 'x');
    pare_free_span(pare_jemalloc(), s, 8);
}

static void jemalloc_resize_small_beyond_its_class_is_refused(void **state) {
    (void)state;
    pare_span s = take(1000, 8, PARE_EXACT);
    const pare_span before = s;
    static const size_t sizes[] = {1, 896, 1025, 100000, PARE_SIZE_MAX - 7};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (unsigned move = 0; move <= PARE_MAY_MOVE; move += PARE_MAY_MOVE) {
            assert_int_equal(pare_resize_span(pare_jemalloc(), &s, sizes[i], 8, PARE_EXACT | move),
                             PARE_ERR_MEMORY);
            assert_ptr_equal(s.ptr, before.ptr);
            assert_int_equal(s.cap, before.cap);
        }
    }
    pare_free_span(pare_jemalloc(), s, 8);
}

/* Whether there is room behind a block is jemalloc's to say; after a shrink there is. */
static void jemalloc_resize_large_shrinks_and_grows_in_place(void **state) {
    (void)state;
    pare_span s = take(8 * LARGE, 8, 0);
    void *before = s.ptr;
    memset(s.ptr, 'x', s.cap);
    assert_int_equal(pare_resize_span(pare_jemalloc(), &s, LARGE, 8, 0), PARE_OK);
    assert_ptr_equal(s.ptr, before);
    assert_int_equal(s.cap, sallocx(s.ptr, 0));
    assert_true(s.cap >= LARGE && s.cap < 2 * LARGE);
    assert_int_equal(pare_resize_span(pare_jemalloc(), &s, 2 * LARGE, 8, 0), PARE_OK);
    assert_ptr_equal(s.ptr, before);
    assert_int_equal(s.cap, sallocx(s.ptr, 0));
    for (size_t i = 0; i < LARGE; i++) assert_int_equal(((char *)s.ptr)[i], 'x');
    pare_free_span(pare_jemalloc(), s, 8);
}

static void jemalloc_resize_zeroes_from_the_old_cap_on(void **state) {
    (void)state;
    pare_span s = take(8 * LARGE, 8, 0);
    memset(s.ptr, 'x', s.cap); /* also what lies behind the exact cap, and what is cut off */
    assert_int_equal(pare_resize_span(pare_jemalloc(), &s, LARGE - 100, 8, PARE_EXACT), PARE_OK);
    assert_int_equal(s.cap, LARGE - 100);
    assert_int_equal(pare_resize_span(pare_jemalloc(), &s, 3 * LARGE, 8, PARE_ZEROED), PARE_OK);
    assert_true(is_zero(&s, LARGE - 100));
    assert_int_equal(((char *)s.ptr)[LARGE - 101], 'x');
    pare_free_span(pare_jemalloc(), s, 8);

    s = take(1000, 8, PARE_EXACT);
    memset(s.ptr, 'x', 1024);
    assert_int_equal(pare_resize_span(pare_jemalloc(), &s, 1010, 8, PARE_ZEROED), PARE_OK);
    assert_int_equal(s.cap, 1024);
    assert_true(is_zero(&s, 1000));
    pare_free_span(pare_jemalloc(), s, 8);
}

static void jemalloc_realloc_keeps_bytes_and_alignment(void **state) {
    (void)state;
    char *p = pare_alloc(pare_jemalloc(), 100, 512);
    assert_non_null(p);
    memset(p, 'y', 100);
    p = pare_realloc(pare_jemalloc(), p, 100, 90000, 512);
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % 512, 0);
    for (size_t i = 0; i < 100; i++) assert_int_equal(p[i], 'y');
    p = pare_realloc(pare_jemalloc(), p, 90000, 10, 512);
    assert_non_null(p);
    assert_int_equal(p[9], 'y');
    pare_free(pare_jemalloc(), p, 10, 512);
}

/* --- users ------------------------------------------------------------------------------- */

static void jemalloc_serves_an_arena(void **state) {
    (void)state;
    pare_arena a;
    assert_int_equal(pare_arena_init(&a, pare_jemalloc(), NULL), PARE_OK);
    for (int i = 0; i < 10000; i++) {
        void *p = pare_arena_alloc(&a, 100, 8);
        assert_non_null(p);
        memset(p, i, 100);
    }
    pare_arena_deinit(&a);
}

static void *hand_over(void *unused) {
    pare_span *s = malloc(sizeof *s);
    (void)unused;
    if (s != NULL && pare_alloc_span(pare_jemalloc(), 5000, 64, 0, s) != PARE_OK) abort();
    return s;
}

static void jemalloc_block_of_another_thread_is_freed_here(void **state) {
    (void)state;
    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        void *result;
        assert_int_equal(pthread_create(&thread, NULL, hand_over, NULL), 0);
        assert_int_equal(pthread_join(thread, &result), 0);
        pare_span *s = result;
        assert_non_null(s);
        memset(s->ptr, i, s->cap);
        pare_free_span(pare_jemalloc(), *s, 64);
        free(s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(jemalloc_alloc_cap_is_the_real_size),
        CASE(jemalloc_alloc_exact_gives_what_was_asked),
        CASE(jemalloc_zeroed_means_all_of_cap),
        CASE(jemalloc_alloc_absurd_is_refused_and_errno_stays),
        CASE(jemalloc_block_may_be_freed_by_free),
        CASE(jemalloc_resize_within_class_moves_the_exact_cap),
        CASE(jemalloc_resize_small_beyond_its_class_is_refused),
        CASE(jemalloc_resize_large_shrinks_and_grows_in_place),
        CASE(jemalloc_resize_zeroes_from_the_old_cap_on),
        CASE(jemalloc_realloc_keeps_bytes_and_alignment),
        CASE(jemalloc_serves_an_arena),
        CASE(jemalloc_block_of_another_thread_is_freed_here),
    };
    return cmocka_run_group_tests_name("jemalloc", tests, NULL, NULL);
}
