/* internal/slots.h - objects whose calls go through a cache per thread.
 *
 * An object that wants such caches has an *owner*, which gives it a slot number, the least that is
 * free, and a serial number that no other ever gets. A thread finds its cache in its own table, by
 * slot, and knows it by the serial: so an object that is gone, and one that took over its slot, are
 * told apart. Caches in low slots stand in the thread's lines too, which are not asked for a
 * serial: an owner that leaves clears its line in every thread, since by then none may look.
 *
 * Threads  Any. No lock of an owner may be held around a call, but those that its object's init
 *          callbacks run under: fork, the only place where both are wanted the other way round,
 *          tries and does not wait.
 * SPDX-License-Identifier: MIT */
#ifndef PAREI_SLOTS_H
#define PAREI_SLOTS_H
#include "pare/thread.h"
#include <stdbool.h>

/* One cache of a thread, and the serial number of the object that it belongs to: 1 or more. */
typedef struct parei_slot {
    uint64_t serial; /* 0: there is no cache */
    void *cache;
} parei_slot;

struct parei_owner;

typedef struct parei_owner_calls {
    void (*flush)(struct parei_owner *o, void *cache);  /* the calling thread idles */
    void (*retire)(struct parei_owner *o, void *cache); /* it ends: takes the cache back */
    bool (*hold)(struct parei_owner *o); /* before fork: takes all locks, or none and false */
    void (*release)(struct parei_owner *o);
    void (*lose)(struct parei_owner *o); /* in the child: other threads are not here */
} parei_owner_calls;

typedef struct parei_owner {
    struct parei_owner *prev, *next; /* of all owners, by slot */
    const parei_owner_calls *calls;
    uint64_t serial; /* 1 or more; 0: did not join */
    size_t slot;     /* likewise */
    size_t pins;     /* threads that are in flush or retire */
} parei_owner;

/* Numbers `o`, which stays where it is until it leaves. */
PARE_API void parei_owner_join(parei_owner *o, const parei_owner_calls *calls);

/* Where the caches for `o` stand among a thread's lines, in bytes. */
PARE_API size_t parei_owner_line(const parei_owner *o);

/* Returns when no thread is, or will be, in a call of `o`. Does nothing if it did not join. */
PARE_API void parei_owner_leave(parei_owner *o);

/* Makes `cache` the calling thread's for `o`. False: the thread is at its end, or there is no
 * memory for its table. */
PARE_API bool parei_thread_keep(const parei_owner *o, void *cache);

/* The calling thread's cache for `o`; NULL if it has none. */
PARE_API void *parei_thread_recall(const parei_owner *o);

/* Whether the calling thread has not yet given back its caches. */
PARE_API bool parei_thread_lives(void);

/* How many locks of owners the calling thread has: it is its own to count. */
PARE_API unsigned *parei_thread_nesting(void);

/* A number that no other running thread has; not 0. */
PARE_API uintptr_t parei_thread_id(void);

#endif
