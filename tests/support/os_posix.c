/* os_posix.c - the contract is in support/os.h.
 * SPDX-License-Identifier: MIT */
#include "support/os.h"
#include "support/probe.h"
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

void *os_block_take(size_t size, size_t align) {
    void *block = NULL;
    size_t least = align < sizeof(void *) ? sizeof(void *) : align;
    return posix_memalign(&block, least, size) == 0 ? block : NULL;
}

void os_block_give(void *block) { free(block); }

static void child(void (*body)(void *ctx), void *ctx, int error_output) {
    dup2(error_output, STDERR_FILENO);
    signal(SIGABRT, SIG_DFL); /* cmocka catches it */
    pare_set_misuse_handler(NULL);
    body(ctx);
    _exit(0);
}

static void read_all(int from, char *text, size_t text_max) {
    size_t length = 0;
    for (ssize_t n = 1; n > 0 && length < text_max - 1; length += (size_t)n) {
        n = read(from, text + length, text_max - 1 - length);
        assert_true(n >= 0);
    }
    text[length] = '\0';
}

bool os_aborts(void (*body)(void *ctx), void *ctx, const char *expected, char *said,
               size_t said_max) {
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) child(body, ctx, ends[1]);
    close(ends[1]);
    read_all(ends[0], said, said_max);
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && strstr(said, expected) != NULL;
}

void *os_library_open(const char *path) { return dlopen(path, RTLD_NOW | RTLD_LOCAL); }

void *os_library_symbol(void *library, const char *name) { return dlsym(library, name); }

bool os_library_close(void *library) { return dlclose(library) == 0; }

bool os_library_is_open(const char *path) { return dlopen(path, RTLD_NOW | RTLD_NOLOAD) != NULL; }
