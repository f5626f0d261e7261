/* pare/thread.h - what each thread keeps for itself: how it begins, and how it ends.
 *
 * The plain calls of mt types, such as pare_mtpool_get, go through a cache of the calling thread,
 * which is found by a number, its slot. Nobody has to set it up or to give it back; this is what
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
 * fork       The child may use every object. What the caches of other threads held stays unused
 *            there until deinit. fork waits until no thread is inside a lock of pare, and so for
 *            init callbacks that are running.
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

/* The calling thread will not call mt types for a while: what its caches hold goes back to where
 * other threads find it. The caches stay, empty. */
PARE_API void pare_thread_idle(void);

/* One cache of a thread, and the serial number of the object that it belongs to: 1 or more. */
typedef struct parei_slot {
    uint64_t serial; /* PAREI_SLOT_FREE: there is no cache */
    void *cache;
} parei_slot;

#define PAREI_SLOT_FREE UINT64_MAX

/* The slots of one thread: list[0 .. mask], where mask + 1 is a power of two. Only that thread may
 * look. */
typedef struct parei_slots {
    size_t mask;
    parei_slot *list;
} parei_slots;

#define parei_thread_slots PAREI_ABI_NAME(parei_thread_slots)

/* The calling thread's: always the same address, so the compiler may ask once in a function, as it
 * does for errno. */
PARE_API PAREI_CONST parei_slots *parei_thread_slots(void);

/* The calling thread's cache in `slot`; NULL if there is none, or one of another object. */
PAREI_INLINE void *parei_thread_find(size_t slot, uint64_t serial) {
    const parei_slots *slots = parei_thread_slots();
    const parei_slot *found = &slots->list[slot & slots->mask];
    if (!PAREI_LIKELY(found->serial == serial)) return NULL;
    PAREI_ASSUME(found->cache != NULL);
    return found->cache;
}

PARE_END_DECLS
#endif
