/* internal/os.h - all that pare asks of an operating system beyond memory: a lock, thread-local
 * words, a call when a thread ends, and calls around fork.
 *
 * Written for POSIX threads, for Windows, and for no threads at all (PARE_NO_THREADS, or no C
 * library). A lock that is all PAREI_LOCK_INIT needs no init.
 * SPDX-License-Identifier: MIT */
#ifndef PAREI_OS_H
#define PAREI_OS_H
#include "pare/base.h"
#include <stdbool.h>

#if defined(PARE_NO_LIBC) || defined(PARE_NO_THREADS)
#define PAREI_OS_NONE 1
#elif defined(_WIN32)
#define PAREI_OS_WINDOWS 1
#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#include <windows.h>
#else
#define PAREI_OS_POSIX 1
#include <pthread.h>
#include <sched.h>
#endif

/* A call of a thread that ends, with the value it set; its definition carries PAREI_EXIT_CALL. */
#if defined(PAREI_OS_WINDOWS)
#define PAREI_EXIT_CALL WINAPI
#else
#define PAREI_EXIT_CALL
#endif
typedef void PAREI_EXIT_CALL parei_exit_call(void *value);

/* Runs when the program ends or the shared library is unloaded. */
#if defined(__GNUC__) || defined(__clang__)
#define PAREI_AT_UNLOAD __attribute__((destructor))
#else
#define PAREI_AT_UNLOAD __attribute__((unused))
#endif

/* --- POSIX ------------------------------------------------------------------------------- */

#if defined(PAREI_OS_POSIX)

#define PAREI_THREAD_LOCAL _Thread_local
#define PAREI_LOCK_INIT PTHREAD_MUTEX_INITIALIZER
typedef pthread_mutex_t parei_lock;

static inline void parei_lock_init(parei_lock *l) { pthread_mutex_init(l, NULL); }
static inline void parei_lock_deinit(parei_lock *l) { pthread_mutex_destroy(l); }
static inline bool parei_lock_try(parei_lock *l) { return pthread_mutex_trylock(l) == 0; }
static inline void parei_lock_wait(parei_lock *l) { pthread_mutex_lock(l); }
static inline void parei_lock_give(parei_lock *l) { pthread_mutex_unlock(l); }

static inline void parei_os_yield(void) { sched_yield(); }

/* Each thread has a value per key, NULL at first; `call` gets one that is not. */
typedef pthread_key_t parei_exit_key;

static inline bool parei_exit_key_make(parei_exit_key *key, parei_exit_call *call) {
    return pthread_key_create(key, call) == 0;
}
static inline void parei_exit_key_delete(parei_exit_key key) { pthread_key_delete(key); }
static inline bool parei_exit_key_set(parei_exit_key key, void *value) {
    return pthread_setspecific(key, value) == 0;
}
static inline void *parei_exit_key_get(parei_exit_key key) { return pthread_getspecific(key); }

static inline void parei_os_at_fork(void (*before)(void), void (*parent)(void),
                                    void (*child)(void)) {
    (void)pthread_atfork(before, parent, child);
}

/* --- Windows ----------------------------------------------------------------------------- */

#elif defined(PAREI_OS_WINDOWS)

#if defined(_MSC_VER) && !defined(__clang__)
#define PAREI_THREAD_LOCAL __declspec(thread)
#else
#define PAREI_THREAD_LOCAL _Thread_local
#endif
#define PAREI_LOCK_INIT SRWLOCK_INIT
typedef SRWLOCK parei_lock;

static inline void parei_lock_init(parei_lock *l) { InitializeSRWLock(l); }
static inline void parei_lock_deinit(parei_lock *l) { (void)l; }
static inline bool parei_lock_try(parei_lock *l) { return TryAcquireSRWLockExclusive(l) != 0; }
static inline void parei_lock_wait(parei_lock *l) { AcquireSRWLockExclusive(l); }
static inline void parei_lock_give(parei_lock *l) { ReleaseSRWLockExclusive(l); }

static inline void parei_os_yield(void) { SwitchToThread(); }

/* Fiber-local storage, the only kind whose callback runs in static libraries too. */
typedef DWORD parei_exit_key;

static inline bool parei_exit_key_make(parei_exit_key *key, parei_exit_call *call) {
    *key = FlsAlloc(call);
    return *key != FLS_OUT_OF_INDEXES;
}
static inline void parei_exit_key_delete(parei_exit_key key) { FlsFree(key); }
static inline bool parei_exit_key_set(parei_exit_key key, void *value) {
    return FlsSetValue(key, value) != 0;
}
static inline void *parei_exit_key_get(parei_exit_key key) { return FlsGetValue(key); }

static inline void parei_os_at_fork(void (*before)(void), void (*parent)(void),
                                    void (*child)(void)) {
    (void)before, (void)parent, (void)child;
}

/* --- none -------------------------------------------------------------------------------- */

#else

#define PAREI_THREAD_LOCAL
#define PAREI_LOCK_INIT 0
typedef char parei_lock;

static inline void parei_lock_init(parei_lock *l) { *l = 0; }
static inline void parei_lock_deinit(parei_lock *l) { (void)l; }
static inline bool parei_lock_try(parei_lock *l) { return (void)l, true; }
static inline void parei_lock_wait(parei_lock *l) { (void)l; }
static inline void parei_lock_give(parei_lock *l) { (void)l; }

static inline void parei_os_yield(void) {}

typedef char parei_exit_key;

static inline bool parei_exit_key_make(parei_exit_key *key, parei_exit_call *call) {
    return *key = 0, (void)call, true;
}
static inline void parei_exit_key_delete(parei_exit_key key) { (void)key; }
static inline bool parei_exit_key_set(parei_exit_key key, void *value) {
    return (void)key, (void)value, true;
}
static inline void *parei_exit_key_get(parei_exit_key key) { return (void)key, (void *)NULL; }

static inline void parei_os_at_fork(void (*before)(void), void (*parent)(void),
                                    void (*child)(void)) {
    (void)before, (void)parent, (void)child;
}

#endif

/* --- for all ----------------------------------------------------------------------------- */

/* How often a lock is tried before the thread sleeps: what it guards takes less than that. */
enum { PAREI_LOCK_TRIES = 64 };

static inline void parei_os_pause(void) {
#if (defined(__x86_64__) || defined(__i386__)) && defined(__GNUC__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) && defined(__GNUC__)
    __asm__ volatile("isb" : : : "memory");
#endif
}

static inline void parei_lock_take(parei_lock *l) {
    for (int i = 0; i < PAREI_LOCK_TRIES; i++) {
        if (parei_lock_try(l)) return;
        parei_os_pause();
    }
    parei_lock_wait(l);
}

#endif
