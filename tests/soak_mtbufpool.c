/* soak_mtbufpool.c - buffers at random for as long as one likes: soak_mtbufpool [SECONDS [SEED]].
 * SPDX-License-Identifier: MIT */
#include "support/buftraffic.h"
#include "support/threads.h"
#include "pare/budget.h"
#include "pare/heap.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Options at random: classes by bounds or listed, budgets for all, for some or for nothing. */
static pare_bufpool_options some_options(uint64_t seed) {
    static const size_t list[] = {24, 100, 1000, 70000};
    static const size_t budgets[] = {0, 0, 300000, 5000, 1};
    static const size_t aligns[] = {0, 8, 64, 4096};
    pare_bufpool_options o;
    memset(&o, 0, sizeof o);
    o.retain_bytes = budgets[seed % 5];
    o.align = aligns[seed / 5 % 4];
    if (seed % 3 == 1) o.flags = PARE_WIPE;
    if (seed % 4 == 1) {
        o.classes = list;
        o.class_count = sizeof list / sizeof list[0];
    } else if (seed % 4 == 2) {
        o.min_bytes = 100;
        o.max_bytes = 3000;
    }
    return o;
}

static void run(uint64_t seed, uint64_t *gets) {
    pare_budget budget;
    pare_mtbufpool pool;
    pare_bufpool_options o = some_options(seed);
    pare_budget_options limit;
    memset(&limit, 0, sizeof limit);
    if (seed % 7 == 3) limit.limit_bytes = 500000;
    if (pare_budget_init(&budget, pare_heap(), &limit) != PARE_OK) abort();
    pare_allocator from = pare_budget_allocator(&budget);
    if (pare_mtbufpool_init(&pool, from, &o) != PARE_OK) abort();
    buftraffic t = {.pool = &pool,
                    .from = from,
                    .align = o.align != 0 ? o.align : 16,
                    .size_max = seed % 2 == 0 ? 200000 : 4000,
                    .threads = 2 + (int)(seed % 9),
                    .generations = 1 + (int)(seed % 3),
                    .ops = 4000,
                    .seed = seed * 1000003,
                    .may_refuse = limit.limit_bytes != 0,
                    .zeroed = (o.flags & PARE_WIPE) != 0};
    buftraffic_run(&t);
    pare_mtbufpool_deinit(&pool);
    if (pare_budget_get_stats(&budget).live_bytes != 0) {
        fprintf(stderr, "soak: seed %" PRIu64 ": memory is left\n", seed);
        abort();
    }
    pare_budget_deinit(&budget);
    *gets += t.gets;
}

int main(int argc, char **argv) { return soak(argc, argv, run); }
