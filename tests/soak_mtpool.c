/* soak_mtpool.c - traffic for as long as one likes: soak_mtpool [SECONDS [SEED]].
 * `make soak` runs it under TSan for ten minutes.
 * SPDX-License-Identifier: MIT */
#include "support/probe.h"
#include "support/threads.h"
#include "support/traffic.h"
#include "pare/heap.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void reset_nothing(void *ctx, void *object) { (void)ctx, (void)object; }
static pare_status init_zero(void *ctx, void *object) {
    memset(object, 0, *(size_t *)ctx);
    return PARE_OK;
}
static void fini_nothing(void *ctx, void *object) { (void)ctx, (void)object; }

/* Options at random: sizes, magazines of one entry and of many, limits, callbacks. */
static pare_pool_options some_options(uint64_t seed) {
    static const size_t sizes[] = {16, 24, 64, 200, 1000, 5000};
    const size_t magazines[] = {0, 0, 2, 5, 129};
    pare_pool_options o;
    memset(&o, 0, sizeof o);
    o.size = sizes[seed % 6];
    o.magazine_bytes = magazines[seed / 6 % 5] * sizeof(void *);
    if (seed / 30 % 3 == 1) o.limit_bytes = 400 * o.size + 20000;
    if (seed / 90 % 3 == 1) o.reset = reset_nothing;
    if (seed / 90 % 3 == 2) o.flags = PARE_WIPE;
    if (seed / 270 % 2 == 1) o.fini = fini_nothing;
    if (seed % 4 != 0 && o.flags == 0) {
        static size_t size;
        size = o.size;
        o.init = init_zero;
        o.ctx = &size;
    }
    if (seed % 8 == 5) o.flags |= PARE_POOL_HARDENED;
    if (seed % 8 == 6) o.chaos_put = 1 + (uint32_t)(seed % 5);
    if (seed % 16 == 6) o.chaos_get = 9;
    o.chaos_seed = seed;
    return o;
}

static void run(uint64_t seed, uint64_t *gets) {
    pare_mtpool pool;
    pare_pool_options o = some_options(seed);
    if (pare_mtpool_init(&pool, pare_heap(), &o) != PARE_OK) abort();
    traffic t = {.pool = &pool,
                 .size = o.size,
                 .threads = 2 + (int)(seed % 11),
                 .generations = 2 + (int)(seed % 3),
                 .ops = 20000,
                 .seed = seed * 1000003,
                 .may_refuse = o.limit_bytes != 0 || o.chaos_get != 0,
                 .zeroed = o.init != NULL || (o.flags & PARE_WIPE) != 0};
    traffic_run(&t);
    pare_mtpool_stats s = pare_mtpool_get_stats(&pool);
    if (s.live_count != 0 || s.gets != t.gets || s.puts != t.puts) {
        fprintf(stderr, "soak: seed %" PRIu64 ": the figures do not add up\n", seed);
        abort();
    }
    *gets += t.gets;
    pare_mtpool_deinit(&pool);
}

int main(int argc, char **argv) { return soak(argc, argv, run); }
