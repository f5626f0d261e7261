/* internal/check.h - asserts, misuse reports, and what sanitizers are told.
 *
 * PAREI_ASSERT is for pare's own invariants only and is live when PARE_CHECKED is defined.
 *
 * Memory that pare holds but has not handed out is marked for whichever tool is watching: ASan,
 * found at run time through a weak symbol, so an instrumented program may link a plain pare; and
 * valgrind's memcheck, found by a client request. MSan needs every file compiled with it, so it
 * is found at compile time. While parei_watched() is true, types keep their windows empty, and
 * each hit passes through the slow path that marks memory.
 * SPDX-License-Identifier: MIT */
#ifndef PAREI_CHECK_H
#define PAREI_CHECK_H
#include "pare/base.h"
#include <stdbool.h>
#include <string.h>

#ifdef PARE_CHECKED
#include <assert.h>
#define PAREI_ASSERT(condition) assert(condition)
#else
#define PAREI_ASSERT(condition) ((void)0)
#endif

/* The caller's address, to name the site of a misuse: used in public functions only. */
#if defined(__GNUC__) || defined(__clang__)
#define PAREI_SITE() __builtin_return_address(0)
#else
#define PAREI_SITE() ((void *)0)
#endif

/* Hands a misuse to the handler. Returns if the handler does: then the caller refuses the call. */
PARE_API PAREI_COLD void parei_misuse(const char *module, const char *kind, const void *object,
                                      const void *address, const void *site);

/* The same, naming the site of the earlier call that made this one wrong; NULL: not known. */
PARE_API PAREI_COLD void parei_misuse_after(const char *module, const char *kind,
                                            const void *object, const void *address,
                                            const void *site, const void *earlier);

/* The same, all of it spelled out by the caller. */
PARE_API PAREI_COLD void parei_misuse_report(const pare_misuse *misuse);

/* Sanitizer marks in whole words go through these three, at most one tool being live. */

/* Whether a tool watches memory in this process. */
PARE_API bool parei_watched(void);

/* Nobody may touch [ptr, ptr + size) now. */
PARE_API void parei_mark_noaccess(const void *ptr, size_t size);

/* The bytes may be written, but read only after that. */
PARE_API void parei_mark_undefined(const void *ptr, size_t size);

/* The bytes may be read and written. */
PARE_API void parei_mark_defined(const void *ptr, size_t size);

/* Writes zeros, and the compiler may not drop that although nobody reads them. */
static inline void parei_wipe(void *ptr, size_t size) {
#if defined(__GNUC__) || defined(__clang__)
    memset(ptr, 0, size);
    __asm__ volatile("" : : "r"(ptr) : "memory");
#else
    volatile unsigned char *bytes = ptr;
    for (size_t i = 0; i < size; i++) bytes[i] = 0;
#endif
}

#endif
