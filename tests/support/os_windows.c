/* os_windows.c - the contract is in support/os.h.
 *
 * There is no fork. The program is started again, told by its environment to run only this test,
 * and in it only the body of the n-th call; what the calls before it would do, other children do.
 * SPDX-License-Identifier: MIT */
#include "support/os.h"
#include "support/probe.h"
#include <fcntl.h>
#include <io.h>
#include <malloc.h>
#include <process.h>
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

enum { STDERR = 2, ABORTED = 3 /* what abort() exits with */ };

void *os_block_take(size_t size, size_t align) { return _aligned_malloc(size, align); }

void os_block_give(void *block) { _aligned_free(block); }

/* The number, from 1 on, of this call of os_aborts in the running test. */
static int call_number(void) {
    static const char *test;
    static int calls;
    if (test != runner_test_name()) calls = 0;
    test = runner_test_name();
    return ++calls;
}

static void set_variable(const char *name, const char *value) {
    assert_int_equal(_putenv_s(name, value), 0);
}

/* Starts this program again, with its stderr at `error_output`. */
static intptr_t start(int number, int error_output) {
    char digits[16];
    snprintf(digits, sizeof digits, "%d", number);
    set_variable("PARE_TEST_ONLY", runner_test_name());
    set_variable("PARE_TEST_CALL", digits);
    int kept = _dup(STDERR);
    _dup2(error_output, STDERR);
    intptr_t process = _spawnl(_P_NOWAIT, _pgmptr, "test", NULL);
    _dup2(kept, STDERR);
    _close(kept);
    set_variable("PARE_TEST_ONLY", "");
    set_variable("PARE_TEST_CALL", "");
    assert_true(process != -1);
    return process;
}

static void read_all(int from, char *text, size_t text_max) {
    size_t length = 0;
    for (int n = 1; n > 0 && length < text_max - 1; length += (size_t)n) {
        n = _read(from, text + length, (unsigned)(text_max - 1 - length));
        assert_true(n >= 0);
    }
    text[length] = '\0';
}

bool os_aborts(void (*body)(void *ctx), void *ctx, const char *expected, char *said,
               size_t said_max) {
    const char *chosen = getenv("PARE_TEST_CALL");
    int number = call_number(), ends[2], status = 0;
    if (chosen != NULL) {
        if (number != atoi(chosen)) return true;
        pare_set_misuse_handler(NULL);
        body(ctx);
        _exit(0);
    }
    assert_int_equal(_pipe(ends, 4096, _O_BINARY | _O_NOINHERIT), 0);
    fflush(NULL);
    intptr_t process = start(number, ends[1]);
    _close(ends[1]);
    read_all(ends[0], said, said_max);
    _close(ends[0]);
    assert_int_equal(_cwait(&status, process, 0), process);
    return status == ABORTED && strstr(said, expected) != NULL;
}

void *os_library_open(const char *path) { return LoadLibraryA(path); }

void *os_library_symbol(void *library, const char *name) {
    return (void *)(uintptr_t)GetProcAddress(library, name);
}

bool os_library_close(void *library) { return FreeLibrary(library) != 0; }

bool os_library_is_open(const char *path) { return GetModuleHandleA(path) != NULL; }
