/* traffic.c - the contract is in support/traffic.h.
 * SPDX-License-Identifier: MIT */
#include "support/pools.h"
#include "support/threads.h"
#include "support/traffic.h"
#include <stdio.h>
#include <stdlib.h>

enum { MAILBOXES = 64, HELD_MAX = 300, THREADS_MAX = 64 };

#define LIVE_STAMP UINT64_C(0x6c69766562796d65)

typedef struct stamp {
    uint64_t live;  /* LIVE_STAMP ^ its address, while in use */
    uint64_t check; /* by who has it */
} stamp;

typedef struct crew {
    traffic *t;
    void *mailboxes[MAILBOXES]; /* objects on their way to another thread */
} crew;

/* One thread. */
typedef struct hand {
    crew *c;
    uint64_t random, gets, puts, now_ms;
    bool own_cache;
    pare_mtpool_cache cache;
    size_t count;
    stamp *held[HELD_MAX];
} hand;

static void must(bool condition, const char *what, const void *object) {
    if (condition) return;
    fprintf(stderr, "traffic: %s: %p\n", what, object);
    abort();
}

static void take_charge(hand *h, stamp *s) {
    s->check = (uint64_t)(uintptr_t)h;
    h->held[h->count++] = s;
}

static void hand_got(hand *h, stamp *s) {
    const traffic *t = h->c->t;
    must(!t->zeroed || s->live == 0, "handed out twice", s);
    s->live = LIVE_STAMP ^ (uintptr_t)s;
    memset(s + 1, (int)(uintptr_t)h, t->size - sizeof *s);
    h->gets++;
    take_charge(h, s);
}

static void hand_get(hand *h) {
    if (h->count == HELD_MAX) return;
    traffic *t = h->c->t;
    stamp *s = h->own_cache ? pare_mtpool_cache_get(&h->cache) : pare_mtpool_get(t->pool);
    if (s == NULL) {
        must(t->may_refuse, "refused", NULL);
        return;
    }
    hand_got(h, s);
}

/* Any of those held; it is not held any more. */
static stamp *hand_pick(hand *h) {
    size_t at = (size_t)(next_random(&h->random) % h->count);
    stamp *s = h->held[at];
    h->held[at] = h->held[--h->count];
    must(s->live == (LIVE_STAMP ^ (uintptr_t)s), "lost while in use", s);
    must(s->check == (uint64_t)(uintptr_t)h, "somebody else's", s);
    return s;
}

static stamp *hand_let_go(hand *h) {
    stamp *s = hand_pick(h);
    s->live = 0;
    h->puts++;
    return s;
}

static void hand_put(hand *h) {
    if (h->count == 0) return;
    stamp *s = hand_let_go(h);
    if (h->own_cache) {
        pare_mtpool_cache_put(&h->cache, s);
    } else {
        pare_mtpool_put(h->c->t->pool, s);
    }
}

/* Leaves an object in a mailbox and takes what lies there. */
static void hand_pass(hand *h) {
    if (h->count == 0) return;
    stamp *s = hand_pick(h);
    void **box = &h->c->mailboxes[next_random(&h->random) % MAILBOXES];
    s = __atomic_exchange_n(box, s, __ATOMIC_ACQ_REL);
    if (s == NULL) return;
    must(s->live == (LIVE_STAMP ^ (uintptr_t)s), "lost on its way", s);
    take_charge(h, s);
}

/* As many objects at once as a magazine holds, give or take. */
static void hand_get_many(hand *h) {
    enum { MOST = 100 };
    stamp *many[MOST];
    traffic *t = h->c->t;
    size_t count = (size_t)(next_random(&h->random) % MOST);
    if (h->count + count > HELD_MAX) return;
    pare_status status = h->own_cache ? pare_mtpool_cache_get_n(&h->cache, (void **)many, count)
                                      : pare_mtpool_get_n(t->pool, (void **)many, count);
    must(status == PARE_OK || t->may_refuse, "refused", NULL);
    for (size_t i = 0; i < count && status == PARE_OK; i++) hand_got(h, many[i]);
}

static void hand_put_many(hand *h) {
    void *many[HELD_MAX];
    size_t count = h->count;
    for (size_t i = 0; i < count; i++) many[i] = hand_let_go(h);
    if (h->own_cache) {
        pare_mtpool_cache_put_n(&h->cache, many, count);
    } else {
        pare_mtpool_put_n(h->c->t->pool, many, count);
    }
}

static void hand_rare(hand *h) {
    pare_mtpool *pool = h->c->t->pool;
    switch (next_random(&h->random) % 8) {
    case 0: pare_mtpool_trim(pool, h->now_ms += 400, PARE_TRIM_SURPLUS); break;
    case 1: pare_mtpool_trim(pool, 0, PARE_TRIM_ALL); break;
    case 2: pare_thread_idle(); break;
    case 3: (void)!pare_mtpool_reserve(pool, 100); break;
    case 4:
        if (h->own_cache) pare_mtpool_cache_trim(&h->cache);
        break;
    case 6:
        if (h->own_cache) (void)!pare_mtpool_cache_reserve(&h->cache, 150);
        break;
    case 5:
        if (h->own_cache) {
            pare_mtpool_cache_deinit(&h->cache);
            h->own_cache = false;
        } else {
            h->own_cache = pare_mtpool_cache_init(&h->cache, pool) == PARE_OK;
        }
        break;
    default: must(pare_mtpool_get_stats(pool).live_count < 1u << 30, "figures", pool); break;
    }
}

/* Many gets, then many puts, and so on: how else would magazines be traded? */
static void hand_work(hand *h) {
    uint64_t lean = 0;
    for (uint64_t i = 0; i < h->c->t->ops; i++) {
        uint64_t r = next_random(&h->random);
        if (i % 256 == 0) lean = r >> 32 & 3;
        switch (r % 16) {
        case 0: hand_pass(h); break;
        case 1:
            if ((r >> 8) % 128 == 0) hand_rare(h);
            if ((r >> 8) % 16 == 1) hand_get_many(h);
            if ((r >> 8) % 16 == 2) hand_put_many(h);
            break;
        default: (r >> 40 & 3) < lean + (r >> 50 & 1) ? hand_get(h) : hand_put(h); break;
        }
    }
    while (h->count > 0) hand_put(h);
}

static void *hand_main(void *arg) {
    hand *h = arg;
    hand_work(h);
    if (h->own_cache) pare_mtpool_cache_deinit(&h->cache);
    return NULL;
}

static void crew_generation(crew *c, int generation) {
    static hand hands[THREADS_MAX];
    traffic *t = c->t;
    memset(hands, 0, sizeof hands);
    for (int i = 0; i < t->threads; i++) {
        hands[i].c = c;
        hands[i].random = t->seed + (uint64_t)(generation * THREADS_MAX + i);
    }
    threads_run(hand_main, hands, sizeof *hands, t->threads);
    for (int i = 0; i < t->threads; i++) {
        t->gets += hands[i].gets;
        t->puts += hands[i].puts;
    }
}

void traffic_run(traffic *t) {
    crew c = {.t = t};
    t->gets = t->puts = 0;
    must(t->threads <= THREADS_MAX && t->size >= sizeof(stamp), "bad traffic", t);
    for (int i = 0; i < t->generations; i++) crew_generation(&c, i);
    for (int i = 0; i < MAILBOXES; i++) {
        stamp *s = c.mailboxes[i];
        if (s == NULL) continue;
        must(s->live == (LIVE_STAMP ^ (uintptr_t)s), "lost in a mailbox", s);
        s->live = 0;
        pare_mtpool_put(t->pool, s);
        t->puts++;
    }
    must(t->gets == t->puts, "gets and puts differ", t);
}
