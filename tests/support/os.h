/* support/os.h - what the tests ask of the operating system: os_posix.c or os_windows.c.
 * SPDX-License-Identifier: MIT */
#ifndef SUPPORT_OS_H
#define SUPPORT_OS_H
#include <stdbool.h>
#include <stddef.h>

/* A block of its own, so that tools see its ends; NULL when there is none. */
void *os_block_take(size_t size, size_t align);
void os_block_give(void *block);

/* Runs body(ctx) in a process of its own, where the misuse handler is the default one, and writes
 * to said[0, said_max) what it said on stderr. Returns whether abort() ended it, `expected` being
 * part of what it said. */
bool os_aborts(void (*body)(void *ctx), void *ctx, const char *expected, char *said,
               size_t said_max);

/* A shared library: NULL when it cannot be loaded. */
void *os_library_open(const char *path);
void *os_library_symbol(void *library, const char *name);
bool os_library_close(void *library);
bool os_library_is_open(const char *path);

#endif
