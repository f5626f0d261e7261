/* pare/thread.h - what each thread keeps for itself: how it begins, and how it ends.
 *
 * The plain calls of mt types, such as pare_mtpool_get, go through a cache of the calling thread,
 * which it finds by a number, its slot. Nobody has to set it up or to give it back; this is what
 * happens to it.
 *
 * Memory     A thread's table of slots is a block of the C library's heap, taken at its first such
 *            call; a cache is memory of the object that it belongs to. Where either is refused, the
 *            call works without a cache: slower, and under the object's locks.
 * Exit       A thread that ends gives back what its caches hold, and the caches. Calls that it
 *            makes after that, from destructors of other thread-local objects, work without one.
 * main       A return from main ends no thread in this sense: what its thread keeps is given back
 *            by deinit of the object, or at the end of the process.
 * deinit     While threads still have caches of the object, deinit takes them back. It may be in
 *            progress while other threads end; other calls of the object may not be.
 * fork       The child may use every object. What the caches of other threads held counts as in
 *            use there, and is given back by deinit; what the forking thread used last, in a plain
 *            call or through a cache of its own, it keeps. fork waits until no thread is inside a
 *            lock of pare, and so for init callbacks that are running.
 * dlclose    A shared library that contains pare may be closed once its objects were given back,
 *            though threads that used them live on.
 * Fibers     One that may move between threads uses a cache of its own, not the plain calls.
 * No threads Compiled with PARE_NO_THREADS, or PARE_NO_LIBC, pare has the same calls, locks
 *            nothing, and may be used by one thread at a time.
 * SPDX-License-Identifier: MIT */
#ifndef PARE_THREAD_H
#define PARE_THREAD_H
#include "pare/base.h"
PARE_BEGIN_DECLS

/* One thread writes these words and others may read them: no store is torn, and no more. */
#if defined(__GNUC__) || defined(__clang__)
#define PAREI_PUBLISH(word, value) __atomic_store_n(&(word), value, __ATOMIC_RELAXED)
#else
#define PAREI_PUBLISH(word, value) ((void)((word) = (value)))
#endif

/* Adds one to a word of that kind. Of an atomic load and store, compilers make three
 * instructions. */
#if defined(__x86_64__) && defined(__LP64__) && defined(__GNUC__)
#define PAREI_COUNT(word) __asm__("addq $1, %0" : "+m"(word) : : "cc")
#else
#define PAREI_COUNT(word) PAREI_PUBLISH(word, (word) + 1)
#endif

/* The calling thread will not call mt types for a while: what its caches hold goes back to where
 * other threads find it. The caches stay, empty. */
PARE_API void pare_thread_idle(void);

/* The calling thread's caches: of the object with slot n the n-th, if n is below
 * PAREI_THREAD_LINES. Where there is none, and in the first, there is one that is all zeros, whose
 * window is closed, so that a hit need not ask. Where code can name another file's thread-local
 * variable, it reads it without a call, by whatever model the compiler uses there: in an
 * executable, one instruction. */
#define PAREI_THREAD_LINES 64

#define parei_thread_lines PAREI_ABI_NAME(parei_thread_lines)
#define parei_thread_get_lines PAREI_ABI_NAME(parei_thread_get_lines)

#if defined(__ELF__) && (defined(__GNUC__) || defined(__clang__)) && !defined(PARE_NO_LIBC) &&     \
    !defined(PARE_STATIC)
#define PAREI_THREAD_NAMED 1
PARE_API extern __thread void *parei_thread_lines[PAREI_THREAD_LINES];
#endif

/* The calling thread's, where they cannot be named; good until its next call. */
PARE_API void **parei_thread_get_lines(void);

/* What lies `line` bytes after the first. */
PAREI_INLINE void *parei_thread_cache(size_t line) {
#ifdef PAREI_THREAD_NAMED
    const char *lines = (const char *)parei_thread_lines;
#else
    const char *lines = (const char *)parei_thread_get_lines();
#endif
    return *(void *const *)(const void *)(lines + line);
}

PARE_END_DECLS
#endif
