/* base.c - status names, the misuse handler, and marks for sanitizers.
 *
 * The handler, what was found out about sanitizers, and thread.c's list of objects are the only
 * mutable state of the whole library that is not inside an object.
 * SPDX-License-Identifier: MIT */
#include "pare/base.h"
#include "internal/check.h"
#ifndef PARE_NO_LIBC
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#endif

/* --- statuses ---------------------------------------------------------------------------- */

const char *pare_status_text(pare_status status) {
    switch (status) {
    case PARE_OK: return "ok";
    case PARE_ERR_MEMORY: return "out of memory";
    case PARE_ERR_LIMIT: return "limit reached";
    case PARE_ERR_ARGUMENT: return "bad argument";
    case PARE_ERR_FORMAT: return "format failed";
    case PARE_ERR_IO: return "input or output failed";
    }
    return "unknown status";
}

/* --- misuse ------------------------------------------------------------------------------ */

#ifndef PARE_NO_LIBC
/* The same on every platform, which %p is not. */
static void parei_misuse_print(const char *before, const void *address) {
    fprintf(stderr, "%s0x%" PRIxPTR, before, (uintptr_t)address);
}
#endif

static void parei_misuse_default(const pare_misuse *misuse) {
#ifdef PARE_NO_LIBC
    (void)misuse;
    __builtin_trap();
#else
    fprintf(stderr, "pare: %s: %s", misuse->module, misuse->kind);
    if (misuse->address != NULL) parei_misuse_print(" of ", misuse->address);
    parei_misuse_print(" (object ", misuse->object);
    if (misuse->name != NULL) fprintf(stderr, " \"%s\"", misuse->name);
    if (misuse->site != NULL) parei_misuse_print(", called from ", misuse->site);
    if (misuse->earlier != NULL) parei_misuse_print(", after ", misuse->earlier);
    fputs(")\n", stderr);
    abort();
#endif
}

static struct {
    pare_misuse_handler handler; /* NULL: the default; read and written atomically */
    int watched;                 /* 0: not yet known; likewise */
} parei_base_globals;

pare_misuse_handler pare_set_misuse_handler(pare_misuse_handler handler) {
    pare_misuse_handler before =
        __atomic_exchange_n(&parei_base_globals.handler, handler, __ATOMIC_ACQ_REL);
    return before != NULL ? before : parei_misuse_default;
}

void parei_misuse(const char *module, const char *kind, const void *object, const void *address,
                  const void *site) {
    parei_misuse_after(module, kind, object, address, site, NULL);
}

void parei_misuse_after(const char *module, const char *kind, const void *object,
                        const void *address, const void *site, const void *earlier) {
    pare_misuse misuse = {module, kind, object, address, site, earlier, NULL};
    parei_misuse_report(&misuse);
}

void parei_misuse_report(const pare_misuse *misuse) {
    pare_misuse_handler handler = __atomic_load_n(&parei_base_globals.handler, __ATOMIC_ACQUIRE);
    if (handler == NULL) handler = parei_misuse_default;
    handler(misuse);
}

/* --- sanitizers -------------------------------------------------------------------------- */

#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#define PAREI_MSAN 1
void __msan_poison(const volatile void *ptr, size_t size);
void __msan_unpoison(const volatile void *ptr, size_t size);
#endif
#endif

#if defined(__ELF__)
#define PAREI_ASAN 1
__attribute__((weak)) void __asan_poison_memory_region(void const volatile *ptr, size_t size);
__attribute__((weak)) void __asan_unpoison_memory_region(void const volatile *ptr, size_t size);
#endif

/* A client request of memcheck: the numbers and the instruction sequence are valgrind's published
 * interface ("client request mechanism" of its manual); outside valgrind it does nothing and
 * answers 0. Requests of a tool that is not running answer 0 too, so this finds memcheck alone:
 * under callgrind the windows stay open and the counted instructions are those of the hits. */
enum { PAREI_MEMCHECK_NOACCESS = 0, PAREI_MEMCHECK_UNDEFINED = 1, PAREI_MEMCHECK_DEFINED = 2 };

static bool parei_memcheck(unsigned request, const void *ptr, size_t size) {
#if defined(__x86_64__) && defined(__linux__)
    volatile uintptr_t arguments[6];
    uintptr_t answer = 0;
    arguments[0] = ((uintptr_t)'M' << 24 | (uintptr_t)'C' << 16) + request;
    arguments[1] = (uintptr_t)ptr;
    arguments[2] = size;
    arguments[3] = arguments[4] = arguments[5] = 0;
    __asm__ volatile("rolq $3, %%rdi\n\trolq $13, %%rdi\n\t"
                     "rolq $61, %%rdi\n\trolq $51, %%rdi\n\t"
                     "xchgq %%rbx, %%rbx"
                     : "+d"(answer)
                     : "a"(&arguments[0])
                     : "cc", "memory");
    return answer != 0;
#else
    (void)request, (void)ptr, (void)size;
    return false;
#endif
}

static bool parei_watch_found(void) {
#ifdef PAREI_MSAN
    return true;
#else
#ifdef PAREI_ASAN
    if (__asan_poison_memory_region != NULL) return true;
#endif
    char probe = 0;
    return parei_memcheck(PAREI_MEMCHECK_DEFINED, &probe, 1);
#endif
}

/* Remembered, since short-lived arenas ask often and tools neither come nor go. */
bool parei_watched(void) {
    int watched = __atomic_load_n(&parei_base_globals.watched, __ATOMIC_RELAXED);
    if (watched == 0) {
        watched = parei_watch_found() ? 1 : -1;
        __atomic_store_n(&parei_base_globals.watched, watched, __ATOMIC_RELAXED);
    }
    return watched > 0;
}

static void parei_mark(unsigned request, const void *ptr, size_t size) {
    if (size == 0) return;
#ifdef PAREI_MSAN
    if (request == PAREI_MEMCHECK_DEFINED) {
        __msan_unpoison(ptr, size);
    } else {
        __msan_poison(ptr, size);
    }
#endif
#ifdef PAREI_ASAN
    if (__asan_poison_memory_region != NULL) {
        if (request == PAREI_MEMCHECK_NOACCESS) {
            __asan_poison_memory_region(ptr, size);
        } else {
            __asan_unpoison_memory_region(ptr, size);
        }
        return;
    }
#endif
    parei_memcheck(request, ptr, size);
}

void parei_mark_noaccess(const void *ptr, size_t size) {
    parei_mark(PAREI_MEMCHECK_NOACCESS, ptr, size);
}

void parei_mark_undefined(const void *ptr, size_t size) {
    parei_mark(PAREI_MEMCHECK_UNDEFINED, ptr, size);
}

void parei_mark_defined(const void *ptr, size_t size) {
    parei_mark(PAREI_MEMCHECK_DEFINED, ptr, size);
}
