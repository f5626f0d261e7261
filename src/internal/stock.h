/* internal/stock.h - where the caches of a pool for many threads trade magazines.
 *
 * A stock holds magazines with objects and magazines without, and has a lock of its own, which is
 * held for a few stores and never around a call. A cache gives its address of a magazine: an empty
 * one for one with objects, or the other way round. So that a fork, which waits for this lock,
 * finds no magazine in two places or in none, such addresses are written under it alone.
 *
 * tests/model/stock.cc checks this very code under all interleavings. There PAREI_MODEL replaces
 * the types; and as that is C++, nothing here may be C alone.
 * SPDX-License-Identifier: MIT */
#ifndef PAREI_STOCK_H
#define PAREI_STOCK_H
#ifndef PAREI_MODEL
#include "internal/mag.h"
#include "internal/os.h"

typedef struct parei_magazine {
    struct parei_magazine *newer, *older; /* in the stock */
    pare_span block;
    parei_mag mag;
} parei_magazine;

typedef struct parei_stock {
    parei_lock lock;
    parei_magazine *newest, *oldest; /* with objects, by when they came in */
    parei_magazine *empty;           /* a list by `older` */
    size_t magazine_count;           /* with objects */
    size_t object_count;             /* in them */
    size_t least_count;              /* of magazine_count, since it was last set */
    size_t object_limit;             /* no more come in once there are so many */
    uint64_t trades;
} parei_stock;
#endif

typedef enum parei_stock_answer {
    PAREI_STOCK_TRADED,
    PAREI_STOCK_FULL,    /* nothing was done: the limit is reached */
    PAREI_STOCK_NO_EMPTY /* nothing was done: there is none to give in exchange */
} parei_stock_answer;

/* --- under the lock ---------------------------------------------------------------------- */

static inline void parei_stock_push(parei_stock *s, parei_magazine *m) {
    m->older = s->newest;
    m->newer = NULL;
    if (s->newest != NULL) {
        s->newest->newer = m;
    } else {
        s->oldest = m;
    }
    s->newest = m;
    s->magazine_count = s->magazine_count + 1;
    s->object_count = s->object_count + m->mag.count;
}

static inline void parei_stock_unlink(parei_stock *s, parei_magazine *m) {
    if (m->newer != NULL) {
        m->newer->older = m->older;
    } else {
        s->newest = m->older;
    }
    if (m->older != NULL) {
        m->older->newer = m->newer;
    } else {
        s->oldest = m->newer;
    }
    s->magazine_count = s->magazine_count - 1;
    s->object_count = s->object_count - m->mag.count;
    if (s->least_count > s->magazine_count) s->least_count = s->magazine_count;
}

static inline void parei_stock_push_empty(parei_stock *s, parei_magazine *m) {
    m->older = s->empty;
    s->empty = m;
}

/* --- trades ------------------------------------------------------------------------------ */

/* Trades *slot, which is empty, for the newest magazine with objects. False: there is none. */
static inline bool parei_stock_fetch(parei_stock *s, parei_magazine **slot) {
    parei_lock_take(&s->lock);
    parei_magazine *m = s->newest;
    if (m != NULL) {
        parei_stock_unlink(s, m);
        parei_stock_push_empty(s, *slot);
        *slot = m;
        s->trades = s->trades + 1;
    }
    parei_lock_give(&s->lock);
    return m != NULL;
}

/* Trades *slot, which has objects, for an empty one. */
static inline parei_stock_answer parei_stock_bring(parei_stock *s, parei_magazine **slot) {
    parei_stock_answer answer = PAREI_STOCK_NO_EMPTY;
    parei_lock_take(&s->lock);
    parei_magazine *m = s->empty;
    if (s->object_count >= s->object_limit) {
        answer = PAREI_STOCK_FULL;
    } else if (m != NULL) {
        s->empty = m->older;
        parei_stock_push(s, *slot);
        *slot = m;
        s->trades = s->trades + 1;
        answer = PAREI_STOCK_TRADED;
    }
    parei_lock_give(&s->lock);
    return answer;
}

/* Takes an empty one to *slot, which is NULL. False: there is none. */
static inline bool parei_stock_take_empty(parei_stock *s, parei_magazine **slot) {
    parei_lock_take(&s->lock);
    parei_magazine *m = s->empty;
    if (m != NULL) {
        s->empty = m->older;
        *slot = m;
    }
    parei_lock_give(&s->lock);
    return m != NULL;
}

/* Takes the newest with objects to *slot, which is NULL. False: there is none. */
static inline bool parei_stock_take_newest(parei_stock *s, parei_magazine **slot) {
    parei_lock_take(&s->lock);
    parei_magazine *m = s->newest;
    if (m != NULL) {
        parei_stock_unlink(s, m);
        *slot = m;
    }
    parei_lock_give(&s->lock);
    return m != NULL;
}

/* Takes the newest with objects, if it has room for one more, or else an empty one to *slot, which
 * is NULL. False: there is neither. */
static inline bool parei_stock_take_room(parei_stock *s, parei_magazine **slot) {
    parei_lock_take(&s->lock);
    parei_magazine *m = s->newest;
    if (m != NULL && m->mag.count < m->mag.capacity) {
        parei_stock_unlink(s, m);
    } else {
        m = s->empty;
        if (m != NULL) s->empty = m->older;
    }
    *slot = m;
    parei_lock_give(&s->lock);
    return m != NULL;
}

/* Takes the oldest with objects to *slot, which is NULL. False: there is none. */
static inline bool parei_stock_take_oldest(parei_stock *s, parei_magazine **slot) {
    parei_lock_take(&s->lock);
    parei_magazine *m = s->oldest;
    if (m != NULL) {
        parei_stock_unlink(s, m);
        *slot = m;
    }
    parei_lock_give(&s->lock);
    return m != NULL;
}

/* Trades *slot, which is empty, for the first of *list, which there is. Returns its count of
 * objects. */
static inline size_t parei_stock_use_aside(parei_stock *s, parei_magazine **slot,
                                           parei_magazine **list) {
    parei_lock_take(&s->lock);
    parei_magazine *m = *list;
    *list = m->older;
    parei_stock_push_empty(s, *slot);
    *slot = m;
    parei_lock_give(&s->lock);
    return m->mag.count;
}

/* Moves the newest with objects to the front of *list. Returns their count; 0: there is none. */
static inline size_t parei_stock_set_aside(parei_stock *s, parei_magazine **list) {
    parei_lock_take(&s->lock);
    parei_magazine *m = s->newest;
    if (m != NULL) {
        parei_stock_unlink(s, m);
        m->older = *list;
        *list = m;
    }
    parei_lock_give(&s->lock);
    return m != NULL ? m->mag.count : 0;
}

/* Moves *slot to the front of *list, and makes it NULL. */
static inline void parei_stock_push_aside(parei_stock *s, parei_magazine **slot,
                                          parei_magazine **list) {
    parei_lock_take(&s->lock);
    (*slot)->older = *list;
    *list = *slot;
    *slot = NULL;
    parei_lock_give(&s->lock);
}

/* Moves the first of *list back. Returns its objects' count. */
static inline size_t parei_stock_share(parei_stock *s, parei_magazine **list) {
    parei_lock_take(&s->lock);
    parei_magazine *m = *list;
    size_t count = m->mag.count;
    *list = m->older;
    parei_stock_push(s, m);
    parei_lock_give(&s->lock);
    return count;
}

/* Puts *slot, if there is one, to those of its kind, and makes it NULL. */
static inline void parei_stock_return(parei_stock *s, parei_magazine **slot) {
    parei_lock_take(&s->lock);
    parei_magazine *m = *slot;
    *slot = NULL;
    if (m != NULL && m->mag.count > 0) {
        parei_stock_push(s, m);
    } else if (m != NULL) {
        parei_stock_push_empty(s, m);
    }
    parei_lock_give(&s->lock);
}

#endif
