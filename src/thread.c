/* thread.c - the contracts are in pare/thread.h and internal/slots.h.
 *
 * A thread's lines and where its table of slots lies are thread-local; only its thread reads or
 * writes them, and the table. One lock guards the list of owners, which begins with slot 1, and
 * that of tables. It is held for a few instructions, never around a call; an owner whose call is
 * wanted is pinned, and leaves when it is no more.
 * SPDX-License-Identifier: MIT */
#include "pare/thread.h"
#include "internal/slots.h"
#include "internal/bits.h"
#include "internal/check.h"
#include "internal/os.h"
#include "pare/alloc.h"

#define PAREI_THREAD_FIRST_SLOTS ((size_t)8)

typedef struct parei_table {
    struct parei_table *prev, *next;
    pare_span block;
    void **lines; /* of the same thread; NULL: it is not in this process */
    size_t count; /* of slots: a power of two; the first stays free */
#ifndef PAREI_THREAD_NAMED
    void *room[PAREI_THREAD_LINES]; /* for the lines */
#endif
    parei_slot slots[];
} parei_table;

/* What a thread has, beside its lines. */
typedef struct parei_thread {
    parei_table *table;
    bool ended; /* it gets no others */
    unsigned nesting;
} parei_thread;

static PAREI_THREAD_LOCAL parei_thread parei_thread_self;

/* A cache of any kind, with its window closed. */
static _Alignas(max_align_t) char parei_thread_closed[256];

#define PAREI_LINES_1 parei_thread_closed
#define PAREI_LINES_4 PAREI_LINES_1, PAREI_LINES_1, PAREI_LINES_1, PAREI_LINES_1
#define PAREI_LINES_16 PAREI_LINES_4, PAREI_LINES_4, PAREI_LINES_4, PAREI_LINES_4
#define PAREI_LINES_64 PAREI_LINES_16, PAREI_LINES_16, PAREI_LINES_16, PAREI_LINES_16

/* Lines that cannot be named lie in the thread's table, since thread-local memory may go earlier
 * there than other threads can be told (MinGW); without a table, these are read. */
#ifdef PAREI_THREAD_NAMED
__thread void *parei_thread_lines[PAREI_THREAD_LINES] = {PAREI_LINES_64};
#else
static void *parei_thread_no_lines[PAREI_THREAD_LINES] = {PAREI_LINES_64};
#endif

static struct {
    parei_lock lock;
    parei_owner *owners;
    parei_table *tables;
    uint64_t serial; /* the last that was given out */
    parei_exit_key key;
    bool key_made, fork_seen;
    bool unloaded; /* read and written atomically */
} parei_threads = {.lock = PAREI_LOCK_INIT};

/* --- the calling thread ------------------------------------------------------------------ */

void **parei_thread_get_lines(void) {
#ifdef PAREI_THREAD_NAMED
    return parei_thread_lines;
#else
    return parei_thread_self.table != NULL ? parei_thread_self.table->lines : parei_thread_no_lines;
#endif
}

/* Where the compiler emulates thread-local variables (MinGW), they may go before the exit call, and
 * later come back as they were at first; the key's value tells. */
static bool parei_thread_forgot(void) {
    parei_lock_take(&parei_threads.lock);
    bool forgot = parei_threads.key_made && parei_exit_key_get(parei_threads.key) != NULL;
    parei_lock_give(&parei_threads.lock);
    return forgot;
}

bool parei_thread_lives(void) {
    parei_thread *self = &parei_thread_self;
    if (self->table == NULL && !self->ended) self->ended = parei_thread_forgot();
    return !self->ended;
}

unsigned *parei_thread_nesting(void) { return &parei_thread_self.nesting; }

uintptr_t parei_thread_id(void) { return (uintptr_t)(void *)&parei_thread_self; }

/* --- owners ------------------------------------------------------------------------------ */

static void parei_thread_before_fork(void);
static void parei_thread_in_parent(void);
static void parei_thread_in_child(void);

/* Puts `o` behind the last owner before which no slot is free. */
static void parei_owner_link(parei_owner *o) {
    parei_owner *prev = NULL, *next = parei_threads.owners;
    for (o->slot = 1; next != NULL && next->slot == o->slot; o->slot++) {
        prev = next;
        next = next->next;
    }
    o->prev = prev;
    o->next = next;
    *(prev != NULL ? &prev->next : &parei_threads.owners) = o;
    if (next != NULL) next->prev = o;
}

void parei_owner_join(parei_owner *o, const parei_owner_calls *calls) {
    o->calls = calls;
    o->pins = 0;
    parei_lock_take(&parei_threads.lock);
    o->serial = ++parei_threads.serial;
    parei_owner_link(o);
    bool fork_seen = parei_threads.fork_seen;
    parei_threads.fork_seen = true;
    parei_lock_give(&parei_threads.lock);
    if (!fork_seen) {
        parei_os_at_fork(parei_thread_before_fork, parei_thread_in_parent, parei_thread_in_child);
    }
}

size_t parei_owner_line(const parei_owner *o) {
    return o->slot < PAREI_THREAD_LINES ? o->slot * sizeof(void *) : 0;
}

/* In all threads, under the lock. The first line is closed for good, and read by whoever has no
 * other. */
static void parei_tables_clear(size_t line) {
    if (line == 0) return;
    for (parei_table *t = parei_threads.tables; t != NULL; t = t->next) {
        if (t->lines != NULL) t->lines[line / sizeof(void *)] = parei_thread_closed;
    }
}

void parei_owner_leave(parei_owner *o) {
    if (o->serial == 0) return;
    parei_lock_take(&parei_threads.lock);
    *(o->prev != NULL ? &o->prev->next : &parei_threads.owners) = o->next;
    if (o->next != NULL) o->next->prev = o->prev;
    parei_tables_clear(parei_owner_line(o));
    while (o->pins > 0) {
        parei_lock_give(&parei_threads.lock);
        parei_os_yield();
        parei_lock_take(&parei_threads.lock);
    }
    parei_lock_give(&parei_threads.lock);
    o->serial = 0;
}

/* The owner of what lies in `slot`, which must be unpinned; NULL if it is gone. */
static parei_owner *parei_owner_pin(size_t slot, uint64_t serial) {
    parei_lock_take(&parei_threads.lock);
    parei_owner *o = parei_threads.owners;
    while (o != NULL && o->slot < slot) o = o->next;
    if (o != NULL && o->serial != serial) o = NULL;
    if (o != NULL) o->pins++;
    parei_lock_give(&parei_threads.lock);
    return o;
}

static void parei_owner_unpin(parei_owner *o) {
    parei_lock_take(&parei_threads.lock);
    PAREI_ASSERT(o->pins > 0);
    o->pins--;
    parei_lock_give(&parei_threads.lock);
}

/* --- tables ------------------------------------------------------------------------------ */

/* The calling thread's, which finds its lines there; until now, others may clear the old ones. */
static void parei_table_link(parei_table *t) {
    parei_lock_take(&parei_threads.lock);
#ifdef PAREI_THREAD_NAMED
    t->lines = parei_thread_lines;
#else
    t->lines = memcpy(t->room, parei_thread_get_lines(), sizeof t->room);
#endif
    t->prev = NULL;
    t->next = parei_threads.tables;
    if (t->next != NULL) t->next->prev = t;
    parei_threads.tables = t;
    parei_lock_give(&parei_threads.lock);
}

static void parei_table_free(parei_table *t) {
    parei_lock_take(&parei_threads.lock);
    *(t->prev != NULL ? &t->prev->next : &parei_threads.tables) = t->next;
    if (t->next != NULL) t->next->prev = t->prev;
    parei_lock_give(&parei_threads.lock);
    pare_free_span((pare_allocator){0}, t->block, _Alignof(parei_table));
}

/* Others may be clearing theirs. */
static void parei_lines_clear(void **lines) {
    parei_lock_take(&parei_threads.lock);
    for (int i = 0; i < PAREI_THREAD_LINES; i++) lines[i] = parei_thread_closed;
    parei_lock_give(&parei_threads.lock);
}

/* From now on the calling thread has no slots. */
static void parei_thread_leave(void) {
    parei_table *t = parei_thread_self.table;
    if (t != NULL) parei_lines_clear(t->lines);
    parei_thread_self = (parei_thread){NULL, true, 0};
}

/* The thread ends: all its caches go back, and no others are made. */
static void PAREI_EXIT_CALL parei_thread_end(void *table) {
    parei_table *t = table;
    parei_thread_leave();
    for (size_t slot = 1; slot < t->count; slot++) {
        parei_slot s = t->slots[slot];
        parei_owner *o = s.cache != NULL ? parei_owner_pin(slot, s.serial) : NULL;
        if (o == NULL) continue;
        (o->calls->retire)(o, s.cache);
        parei_owner_unpin(o);
    }
    parei_table_free(t);
}

/* Has parei_thread_end called with the calling thread's table. */
static bool parei_thread_watch_end(parei_table *t) {
    parei_lock_take(&parei_threads.lock);
    if (!parei_threads.key_made) {
        parei_threads.key_made = parei_exit_key_make(&parei_threads.key, parei_thread_end);
    }
    bool made = parei_threads.key_made;
    parei_lock_give(&parei_threads.lock);
    return made && parei_exit_key_set(parei_threads.key, t);
}

/* A larger table, with what the old one holds. */
static bool parei_thread_grow(size_t slot) {
    parei_table *old = parei_thread_self.table;
    size_t count = old != NULL ? 2 * old->count : PAREI_THREAD_FIRST_SLOTS;
    while (count <= slot) count *= 2;
    pare_span block;
    size_t size = sizeof(parei_table) + count * sizeof(parei_slot);
    if (pare_alloc_span((pare_allocator){0}, size, _Alignof(parei_table), 0, &block) != PARE_OK) {
        return false;
    }
    parei_table *t = block.ptr;
    *t = (parei_table){.count = count, .block = block};
    for (size_t i = 0; i < count; i++) {
        t->slots[i] = old != NULL && i < old->count ? old->slots[i] : (parei_slot){0, NULL};
    }
    if (!parei_thread_watch_end(t)) {
        pare_free_span((pare_allocator){0}, block, _Alignof(parei_table));
        return false;
    }
    parei_table_link(t);
    parei_thread_self.table = t;
    if (old != NULL) parei_table_free(old);
    return true;
}

bool parei_thread_keep(const parei_owner *o, void *cache) {
    if (!parei_thread_lives()) return false;
    if (__atomic_load_n(&parei_threads.unloaded, __ATOMIC_RELAXED)) return false;
    const parei_table *t = parei_thread_self.table;
    if ((t == NULL || o->slot >= t->count) && !parei_thread_grow(o->slot)) return false;
    parei_thread_self.table->slots[o->slot] = (parei_slot){o->serial, cache};
    if (parei_owner_line(o) != 0) parei_thread_self.table->lines[o->slot] = cache;
    return true;
}

void *parei_thread_recall(const parei_owner *o) {
    if (__atomic_load_n(&parei_threads.unloaded, __ATOMIC_RELAXED)) return NULL;
    const parei_table *t = parei_thread_self.table;
    if (t == NULL || o->slot >= t->count || t->slots[o->slot].serial != o->serial) return NULL;
    return t->slots[o->slot].cache;
}

void pare_thread_idle(void) {
    if (__atomic_load_n(&parei_threads.unloaded, __ATOMIC_RELAXED)) return;
    const parei_table *t = parei_thread_self.table;
    if (t == NULL || parei_thread_self.nesting > 0) return; /* in a callback, locks are held */
    for (size_t slot = 1; slot < t->count; slot++) {
        parei_slot s = t->slots[slot];
        parei_owner *o = s.cache != NULL ? parei_owner_pin(slot, s.serial) : NULL;
        if (o == NULL) continue;
        (o->calls->flush)(o, s.cache);
        parei_owner_unpin(o);
    }
}

/* --- fork and unload --------------------------------------------------------------------- */

static void parei_threads_release(const parei_owner *end) {
    for (parei_owner *o = parei_threads.owners; o != end; o = o->next) (o->calls->release)(o);
}

/* All locks or none. Others take an owner's locks and then ours, and one owner's locks inside
 * another's, so nothing is waited for while something is held. */
static bool parei_threads_hold(void) {
    parei_lock_take(&parei_threads.lock);
    for (parei_owner *o = parei_threads.owners; o != NULL; o = o->next) {
        if ((o->calls->hold)(o)) continue;
        parei_threads_release(o);
        parei_lock_give(&parei_threads.lock);
        return false;
    }
    return true;
}

static void parei_thread_before_fork(void) {
    while (!parei_threads_hold()) parei_os_yield();
}

static void parei_thread_in_parent(void) {
    parei_threads_release(NULL);
    parei_lock_give(&parei_threads.lock);
}

/* The threads that had pinned something are not here. */
static void parei_thread_in_child(void) {
    for (parei_owner *o = parei_threads.owners; o != NULL; o = o->next) {
        o->pins = 0;
        (o->calls->lose)(o);
    }
    for (parei_table *t = parei_threads.tables; t != NULL; t = t->next) {
        if (t != parei_thread_self.table) t->lines = NULL;
    }
    parei_thread_in_parent();
}

/* With objects left, this is the end of the program, and other threads may be running still. */
PAREI_AT_UNLOAD static void parei_thread_unload(void) {
    parei_lock_take(&parei_threads.lock);
    bool idle = parei_threads.owners == NULL, key_made = parei_threads.key_made;
    if (idle) parei_threads.key_made = false;
    parei_lock_give(&parei_threads.lock);
    if (!idle) return;
    __atomic_store_n(&parei_threads.unloaded, true, __ATOMIC_RELAXED);
    if (key_made) parei_exit_key_delete(parei_threads.key);
    parei_thread_leave();
    while (parei_threads.tables != NULL) parei_table_free(parei_threads.tables);
}
