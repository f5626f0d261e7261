/* cmocka.c - the contract is in support/runner/cmocka.h.
 * SPDX-License-Identifier: MIT */
#include <cmocka.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PASSED = 0, FAILED = 1, SKIPPED = 2 };

static struct {
    jmp_buf end; /* of the running test or fixture */
    const char *name;
} running;

const char *runner_test_name(void) { return running.name; }

/* --- assertions ---------------------------------------------------------------------------- */

void runner_fail(const char *file, int line, const char *text, ...) {
    va_list arguments;
    fprintf(stderr, "%s:%d: ", file, line);
    va_start(arguments, text);
    vfprintf(stderr, text, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    longjmp(running.end, FAILED);
}

void runner_skip(void) { longjmp(running.end, SKIPPED); }

void runner_differ(uintmax_t a, uintmax_t b, const char *what, const char *file, int line) {
    runner_fail(file, line, "%s: %" PRIdMAX " (0x%" PRIxMAX "), %" PRIdMAX " (0x%" PRIxMAX ")",
                what, (intmax_t)a, a, (intmax_t)b, b);
}

void runner_expect_memory(const void *a, const void *b, size_t size, const char *what,
                          const char *file, int line) {
    const unsigned char *x = a, *y = b;
    for (size_t i = 0; i < size; i++) {
        if (x[i] == y[i]) continue;
        runner_fail(file, line, "%s: byte %" PRIuMAX " of %" PRIuMAX " is 0x%02x, and 0x%02x", what,
                    (uintmax_t)i, (uintmax_t)size, x[i], y[i]);
    }
}

void runner_expect_string(const char *a, const char *b, bool equal, const char *what,
                          const char *file, int line) {
    if ((strcmp(a, b) == 0) != equal) runner_fail(file, line, "%s: \"%s\", \"%s\"", what, a, b);
}

/* --- tests --------------------------------------------------------------------------------- */

static int run_body(void (*body)(void **state), void **state) {
    switch (setjmp(running.end)) {
    case PASSED: body(state); return PASSED;
    case SKIPPED: return SKIPPED;
    default: return FAILED;
    }
}

static int run_fixture(int (*fixture)(void **state), void **state) {
    if (setjmp(running.end) != PASSED) return FAILED;
    return fixture == NULL || fixture(state) == 0 ? PASSED : FAILED;
}

static int run_test(const struct CMUnitTest *test) {
    void *state = NULL;
    running.name = test->name;
    if (run_fixture(test->setup_func, &state) != PASSED) return FAILED;
    int outcome = run_body(test->test_func, &state);
    return run_fixture(test->teardown_func, &state) != PASSED ? FAILED : outcome;
}

int runner_run(const char *group, const struct CMUnitTest *tests, size_t count,
               int (*setup)(void **state)) {
    static const char *const words[] = {"ok", "FAILED", "skipped"};
    const char *only = getenv("PARE_TEST_ONLY");
    void *state = NULL;
    if (run_fixture(setup, &state) != PASSED) return FAILED;
    int failed = 0;
    for (size_t i = 0; i < count; i++) {
        if (only != NULL && strcmp(only, tests[i].name) != 0) continue;
        int outcome = run_test(&tests[i]);
        failed += outcome == FAILED;
        if (only == NULL) printf("%s: %s: %s\n", group, tests[i].name, words[outcome]);
        fflush(stdout);
    }
    return failed;
}
