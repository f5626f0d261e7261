/* test_must.c - mirrors pare/must.h. A handler that must not return leaves by longjmp here.
 * SPDX-License-Identifier: MIT */
#include "support/probe.h"
#include "pare/fixed.h"
#include "pare/must.h"

static jmp_buf must_escape;
static pare_status must_status;
static size_t must_size;

static void must_leave(void *ctx, pare_status status, size_t size) {
    *(int *)ctx += 1;
    must_status = status;
    must_size = size;
    longjmp(must_escape, 1);
}

static void must_refusal_calls_the_handler(void **state) {
    probe *p = *state;
    pare_must m;
    int calls = 0;
    probe_refuse(p, 0, 1);
    p->refusal = PARE_ERR_LIMIT;
    pare_must_init(&m, probe_allocator(p), must_leave, &calls);
    if (setjmp(must_escape) == 0) {
        void *never = pare_alloc(pare_must_allocator(&m), 123, 8);
        fail_msg("came back with %p", never);
    }
    assert_int_equal(calls, 1);
    assert_int_equal(must_status, PARE_ERR_LIMIT);
    assert_int_equal(must_size, 123);
}

static void must_resize_that_cannot_be_done_here_goes_on(void **state) {
    probe *p = *state;
    pare_must m;
    int calls = 0;
    p->never_resize = true;
    pare_must_init(&m, probe_allocator(p), must_leave, &calls);
    pare_allocator a = pare_must_allocator(&m);
    void *ptr = pare_alloc(a, 8, 8);
    ptr = pare_realloc(a, ptr, 8, 800, 8);
    assert_non_null(ptr);
    assert_int_equal(calls, 0);
    pare_free(a, ptr, 800, 8);
    pare_must_deinit(&m);
}

static void must_bad_argument_is_still_an_answer(void **state) {
    probe *p = *state;
    pare_must m;
    int calls = 0;
    pare_must_init(&m, probe_allocator(p), must_leave, &calls);
    assert_null(pare_alloc(pare_must_allocator(&m), 8, 3));
    assert_int_equal(calls, 0);
}

static void must_return(void *ctx, pare_status status, size_t size) {
    (void)ctx, (void)status, (void)size;
}

static void must_die(void *ctx) {
    pare_must m;
    pare_must_init(&m, pare_none(), ctx != NULL ? must_return : NULL, NULL);
    (void)!pare_alloc(pare_must_allocator(&m), 4096, 8);
}

static void must_default_handler_says_why_and_aborts(void **state) {
    (void)state;
    expect_misuse(must_die, NULL, "pare: must: out of memory (4096 bytes)");
}

static void must_handler_that_returns_aborts(void **state) {
    (void)state;
    expect_misuse(must_die, &must_size, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(must_refusal_calls_the_handler),
        CASE(must_resize_that_cannot_be_done_here_goes_on),
        CASE(must_bad_argument_is_still_an_answer),
        CASE(must_default_handler_says_why_and_aborts),
        CASE(must_handler_that_returns_aborts),
    };
    return cmocka_run_group_tests_name("must", tests, NULL, NULL);
}
