/* buftraffic.c - the contract is in support/buftraffic.h.
 * SPDX-License-Identifier: MIT */
#include "support/pools.h"
#include "support/buftraffic.h"
#include "support/threads.h"
#include <stdio.h>
#include <stdlib.h>

enum { MAILBOXES = 8, HELD_MAX = 200, THREADS_MAX = 64 };

#define LIVE_STAMP ((uintptr_t)0x5bd1e995u)

/* A buffer in use begins with this and ends with a byte of `live`, if it is larger. */
typedef struct stamp {
    uintptr_t live; /* LIVE_STAMP ^ its address */
    size_t cap;
} stamp;

typedef struct crew {
    buftraffic *t;
    void *mailboxes[MAILBOXES]; /* buffers on their way to another thread */
} crew;

/* One thread. */
typedef struct hand {
    crew *c;
    uint64_t random, gets, strangers, now_ms;
    bool own_cache;
    pare_mtbufpool_cache cache;
    size_t count;
    stamp *held[HELD_MAX];
} hand;

static void must(bool condition, const char *what, const void *buffer) {
    if (condition) return;
    fprintf(stderr, "buftraffic: %s: %p\n", what, buffer);
    abort();
}

/* --- stamps ------------------------------------------------------------------------------ */

static unsigned char *last_byte(stamp *s, size_t cap) { return (unsigned char *)s + cap - 1; }

static stamp *stamped(pare_span buffer) {
    stamp *s = buffer.ptr;
    s->live = LIVE_STAMP ^ (uintptr_t)s;
    s->cap = buffer.cap;
    if (s->cap > sizeof *s) *last_byte(s, s->cap) = (unsigned char)s->live;
    return s;
}

static pare_span unstamped(stamp *s) {
    must(s->live == (LIVE_STAMP ^ (uintptr_t)s), "lost while in use", s);
    if (s->cap > sizeof *s) {
        must(*last_byte(s, s->cap) == (unsigned char)s->live, "overlapped", s);
    }
    pare_span buffer = {s, s->cap};
    s->live = 0;
    return buffer;
}

/* Both ends are written, so that it shows where a buffer is not wiped. */
static void soil(pare_span buffer) {
    unsigned char *bytes = buffer.ptr;
    bytes[0] = bytes[buffer.cap - 1] = 0xee;
}

/* --- steps ------------------------------------------------------------------------------- */

static size_t some_size(hand *h) {
    size_t most = (size_t)64 << next_random(&h->random) % 20;
    if (most > h->c->t->size_max) most = h->c->t->size_max;
    return sizeof(stamp) + (size_t)(next_random(&h->random) % (most - sizeof(stamp) + 1));
}

static void take_charge(hand *h, pare_span buffer, size_t size) {
    const buftraffic *t = h->c->t;
    const unsigned char *bytes = buffer.ptr;
    must(buffer.cap >= size, "too small", bytes);
    must((uintptr_t)bytes % t->align == 0, "not aligned", bytes);
    must(!t->zeroed || (bytes[0] == 0 && bytes[buffer.cap - 1] == 0), "not wiped", bytes);
    h->held[h->count++] = stamped(buffer);
    h->gets++;
}

static void hand_get(hand *h) {
    if (h->count == HELD_MAX) return;
    const buftraffic *t = h->c->t;
    size_t size = some_size(h);
    pare_span s = h->own_cache ? pare_mtbufpool_cache_get(&h->cache, size)
                               : pare_mtbufpool_get(t->pool, size);
    must(s.ptr != NULL || t->may_refuse, "refused", NULL);
    if (s.ptr != NULL) take_charge(h, s, size);
}

static pare_span hand_let_go(hand *h) {
    size_t at = (size_t)(next_random(&h->random) % h->count);
    stamp *s = h->held[at];
    h->held[at] = h->held[--h->count];
    return unstamped(s);
}

static void hand_put(hand *h) {
    if (h->count == 0) return;
    pare_span s = hand_let_go(h);
    if (h->own_cache) {
        pare_mtbufpool_cache_put(&h->cache, s);
    } else {
        pare_mtbufpool_put(h->c->t->pool, s);
    }
}

/* Leaves a buffer in a mailbox and takes what lies there. */
static void hand_pass(hand *h) {
    if (h->count == 0) return;
    stamp *s = stamped(hand_let_go(h));
    void **box = &h->c->mailboxes[next_random(&h->random) % MAILBOXES];
    s = __atomic_exchange_n(box, s, __ATOMIC_ACQ_REL);
    if (s == NULL) return;
    must(s->live == (LIVE_STAMP ^ (uintptr_t)s), "lost on its way", s);
    h->held[h->count++] = s;
}

/* Puts a buffer of any size that no get has answered. */
static void hand_put_stranger(hand *h) {
    buftraffic *t = h->c->t;
    pare_span s;
    size_t size = some_size(h) - sizeof(stamp) + 1;
    if (pare_alloc_span(t->from, size, t->align, PARE_EXACT, &s) != PARE_OK) {
        must(t->may_refuse, "refused", NULL);
        return;
    }
    soil(s);
    pare_mtbufpool_put(t->pool, s);
    h->strangers++;
}

/* A block of the pool, of that size and no other, that is resized in place, if it can be. */
static void hand_use_block(hand *h) {
    buftraffic *t = h->c->t;
    pare_allocator blocks = pare_mtbufpool_allocator(t->pool);
    pare_span s;
    size_t size = some_size(h);
    if (pare_alloc_span(blocks, size, t->align, PARE_EXACT | PARE_ZEROED, &s) != PARE_OK) {
        must(t->may_refuse, "refused", NULL);
        return;
    }
    const unsigned char *bytes = s.ptr;
    must(s.cap == size && bytes[0] == 0 && bytes[size - 1] == 0, "no zeroed block", bytes);
    soil(s);
    if (pare_resize_span(blocks, &s, size + 1, t->align, PARE_EXACT) == PARE_OK) {
        must(s.cap == size + 1, "not resized", bytes);
    }
    pare_free_span(blocks, s, t->align);
    h->gets++;
}

static void hand_change_cache(hand *h) {
    if (h->own_cache) {
        pare_mtbufpool_cache_deinit(&h->cache);
        h->own_cache = false;
    } else {
        h->own_cache = pare_mtbufpool_cache_init(&h->cache, h->c->t->pool) == PARE_OK;
    }
}

static void hand_rare(hand *h) {
    pare_mtbufpool *pool = h->c->t->pool;
    pare_mtbufpool_stats s;
    switch (next_random(&h->random) % 6) {
    case 0: pare_mtbufpool_trim(pool, h->now_ms += 700, PARE_TRIM_SURPLUS); break;
    case 1: pare_mtbufpool_trim(pool, 0, PARE_TRIM_ALL); break;
    case 2: pare_thread_idle(); break;
    case 3: hand_change_cache(h); break;
    case 4:
        if (h->own_cache) pare_mtbufpool_cache_trim(&h->cache);
        break;
    default:
        s = pare_mtbufpool_get_stats(pool);
        must(s.charged_bytes <= s.retain_bytes, "charged beyond the budget", pool);
        break;
    }
}

/* Many gets, then many puts, and so on: how else would magazines be traded? */
static void hand_step(hand *h, bool lean) {
    uint64_t r = next_random(&h->random);
    if (r % 16 == 0) {
        hand_pass(h);
    } else if (r % 64 == 1) {
        hand_put_stranger(h);
    } else if (r % 64 == 2) {
        hand_use_block(h);
    } else if (r % 1024 == 3) {
        hand_rare(h);
    } else if (r / 1024 % 4 < (lean ? 3u : 1u)) {
        hand_get(h);
    } else {
        hand_put(h);
    }
}

static void *hand_main(void *arg) {
    hand *h = arg;
    for (uint64_t i = 0; i < h->c->t->ops; i++) hand_step(h, i / 300 % 2 == 0);
    while (h->count > 0) hand_put(h);
    if (h->own_cache) pare_mtbufpool_cache_deinit(&h->cache);
    return NULL;
}

/* --- crews ------------------------------------------------------------------------------- */

static void crew_generation(crew *c, int generation) {
    static hand hands[THREADS_MAX];
    buftraffic *t = c->t;
    memset(hands, 0, sizeof hands);
    for (int i = 0; i < t->threads; i++) {
        hands[i].c = c;
        hands[i].random = t->seed + (uint64_t)(generation * THREADS_MAX + i);
    }
    threads_run(hand_main, hands, sizeof *hands, t->threads);
    for (int i = 0; i < t->threads; i++) {
        t->gets += hands[i].gets;
        t->strangers += hands[i].strangers;
    }
}

static void check_figures(const buftraffic *t) {
    pare_mtbufpool_stats s = pare_mtbufpool_get_stats(t->pool);
    must(s.hits + s.misses + s.oversize == t->gets, "gets do not add up", t->pool);
    must(s.retained_bytes <= s.charged_bytes, "kept more than is charged", t->pool);
    must(s.charged_bytes <= s.retain_bytes, "charged beyond the budget", t->pool);
    pare_mtbufpool_trim(t->pool, 0, PARE_TRIM_ALL);
    s = pare_mtbufpool_get_stats(t->pool);
    must(s.retained_count == 0 && s.charged_bytes == 0, "buffers are left", t->pool);
    must(s.allocs + t->strangers - s.frees == 1 + s.cache_count, "blocks are left", t->pool);
}

void buftraffic_run(buftraffic *t) {
    crew c = {.t = t};
    t->gets = t->strangers = 0;
    must(t->threads <= THREADS_MAX && t->size_max >= 2 * sizeof(stamp), "bad traffic", t);
    for (int i = 0; i < t->generations; i++) crew_generation(&c, i);
    for (int i = 0; i < MAILBOXES; i++) {
        if (c.mailboxes[i] != NULL) pare_mtbufpool_put(t->pool, unstamped(c.mailboxes[i]));
    }
    check_figures(t);
}
