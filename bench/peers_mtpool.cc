/* peers_mtpool.cc - other pools for many threads in the rows of bench_mtpool.c.
 * SPDX-License-Identifier: MIT */
#include "bench_mtpool.h"
#include <memory_resource>
#ifdef BENCH_GLIB
#include <glib.h>
#endif

namespace {

std::pmr::synchronized_pool_resource pmr_pool;

void *pmr_get(size_t) { return pmr_pool.allocate(SIZE, 16); }
void pmr_put(void *object) { pmr_pool.deallocate(object, SIZE, 16); }

const bench_heap pmr = {"pmr-sync-pool", pmr_get, nullptr, nullptr, nullptr, pmr_put};

#ifdef BENCH_GLIB
void *slice_get(size_t) { return g_slice_alloc(SIZE); }
void slice_put(void *object) { g_slice_free1(SIZE, object); }

const bench_heap slice = {"gslice", slice_get, nullptr, nullptr, nullptr, slice_put};
#endif

} // namespace

extern "C" void bench_mtpool_peers(void) {
    bench_mtpool_add_peer(&pmr);
#ifdef BENCH_GLIB
    bench_mtpool_add_peer(&slice);
#endif
}
