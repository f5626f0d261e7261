/* support/runner/cmocka.h - the part of cmocka that the tests use, for machines that it is not
 * packaged for (PARE_CMOCKA=OFF). Names and meanings are those of cmocka; the report is shorter,
 * and signals are not caught: they end the program.
 * SPDX-License-Identifier: MIT */
#ifndef RUNNER_CMOCKA_H
#define RUNNER_CMOCKA_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct CMUnitTest {
    const char *name;
    void (*test_func)(void **state);
    int (*setup_func)(void **state);
    int (*teardown_func)(void **state);
};

#define cmocka_unit_test_setup_teardown(f, setup, teardown)                                        \
    { #f, f, setup, teardown }

/* Runs `setup`, if not NULL, and then each test between its fixtures; returns how many failed. With
 * PARE_TEST_ONLY in the environment, runs the test of that name alone, and says nothing. */
int runner_run(const char *group, const struct CMUnitTest *tests, size_t count,
               int (*setup)(void **state));
#define cmocka_run_group_tests_name(group, tests, setup, teardown)                                 \
    ((void)(teardown), runner_run(group, tests, sizeof(tests) / sizeof(tests)[0], setup))

/* The test that is running. */
const char *runner_test_name(void);

/* End the test. */
void runner_fail(const char *file, int line, const char *text, ...)
    __attribute__((format(printf, 3, 4), noreturn));
void runner_differ(uintmax_t a, uintmax_t b, const char *what, const char *file, int line)
    __attribute__((noreturn));
void runner_skip(void) __attribute__((noreturn));

/* Inline, so that the compiler knows what holds behind an assertion. */
static inline void runner_expect(bool holds, const char *what, const char *file, int line) {
    if (!holds) runner_fail(file, line, "%s", what);
}
static inline void runner_expect_equal(uintmax_t a, uintmax_t b, bool equal, const char *what,
                                       const char *file, int line) {
    if ((a == b) != equal) runner_differ(a, b, what, file, line);
}
void runner_expect_memory(const void *a, const void *b, size_t size, const char *what,
                          const char *file, int line);
void runner_expect_string(const char *a, const char *b, bool equal, const char *what,
                          const char *file, int line);

#define RUNNER_AT __FILE__, __LINE__
#define RUNNER_EQUAL(a, b, equal, what)                                                            \
    runner_expect_equal((uintmax_t)(a), (uintmax_t)(b), equal, what, RUNNER_AT)

#define assert_true(c) runner_expect((c) ? true : false, #c, RUNNER_AT)
#define assert_false(c) runner_expect((c) ? false : true, "not " #c, RUNNER_AT)
#define assert_null(p) runner_expect((p) == NULL, #p " == NULL", RUNNER_AT)
#define assert_non_null(p) runner_expect((p) != NULL, #p " != NULL", RUNNER_AT)
#define assert_int_equal(a, b) RUNNER_EQUAL(a, b, true, #a " == " #b)
#define assert_int_not_equal(a, b) RUNNER_EQUAL(a, b, false, #a " != " #b)
#define assert_ptr_equal(a, b) RUNNER_EQUAL((uintptr_t)(a), (uintptr_t)(b), true, #a " == " #b)
#define assert_ptr_not_equal(a, b) RUNNER_EQUAL((uintptr_t)(a), (uintptr_t)(b), false, #a " != " #b)
#define assert_in_range(v, least, most)                                                            \
    runner_expect((uintmax_t)(v) - (uintmax_t)(least) <= (uintmax_t)(most) - (uintmax_t)(least),   \
                  #v " in " #least ".." #most, RUNNER_AT)
#define assert_memory_equal(a, b, size) runner_expect_memory(a, b, size, #a " == " #b, RUNNER_AT)
#define assert_string_equal(a, b) runner_expect_string(a, b, true, #a " == " #b, RUNNER_AT)
#define assert_string_not_equal(a, b) runner_expect_string(a, b, false, #a " != " #b, RUNNER_AT)
#define fail_msg(...) runner_fail(RUNNER_AT, __VA_ARGS__)
#define skip() runner_skip()

#endif
