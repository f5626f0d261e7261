/* peers_pool.cc - other pools in the rows of bench_pool.c, which says what the rows ask.
 *
 * A peer is a class for objects of one size. None of these is for several threads, except GSlice,
 * which has nothing else to offer.
 * SPDX-License-Identifier: MIT */
#include "bench_pool.h"
#include <memory_resource>
#ifdef BENCH_BOOST_POOL
#include <boost/pool/object_pool.hpp>
#include <boost/pool/pool.hpp>
#endif
#ifdef BENCH_GLIB
#include <glib.h>
#endif

namespace {

/* --- peers ---------------------------------------------------------------------------------- */

template <size_t size> struct Pmr {
    std::pmr::unsynchronized_pool_resource pool;
    void *get() { return pool.allocate(size, 16); }
    void put(void *object) { pool.deallocate(object, size, 16); }
};

#ifdef BENCH_BOOST_POOL
/* A list of the free objects through themselves. */
template <size_t size> struct Boost {
    boost::pool<> pool{size, LIVE + OBJECTS};
    void *get() { return pool.malloc(); }
    void put(void *object) { pool.free(object); }
};

/* The same, kept in order, so that it can destroy what is live. */
template <size_t size> struct BoostObject {
    struct alignas(16) object {
        char bytes[size];
    };
    boost::object_pool<object> pool{LIVE + OBJECTS};
    void *get() { return pool.malloc(); }
    void put(void *p) { pool.free(static_cast<object *>(p)); }
};
#endif

#ifdef BENCH_GLIB
template <size_t size> struct Slice {
    void *get() { return g_slice_alloc(size); }
    void put(void *object) { g_slice_free1(size, object); }
};
#endif

/* --- their rows ----------------------------------------------------------------------------- */

template <class Peer> void lifo(bench *b) {
    Peer state, *peer = static_cast<Peer *>(bench_hide(&state));
    LIFO_BODY(peer->get(), peer->put(object))
}

template <class Peer> void random_order(bench *b) {
    Peer state, *peer = static_cast<Peer *>(bench_hide(&state));
    RANDOM_ORDER_BODY(peer->get(), peer->put(object))
}

template <class Peer> void churn(bench *b) {
    Peer state, *peer = static_cast<Peer *>(bench_hide(&state));
    CHURN_BODY(peer->get(), peer->put(object))
}

template <template <size_t> class Peer> void add_peer(const char *name) {
    bench_add("pool/lifo-64", name, lifo<Peer<SMALL>>, nullptr);
    bench_add("pool/random-order-1000", name, random_order<Peer<SMALL>>, nullptr);
    bench_add("pool/churn-10k", name, churn<Peer<MEDIUM>>, nullptr);
}

} // namespace

extern "C" void bench_pool_peers(void) {
    fill_orders();
    add_peer<Pmr>("pmr-unsync-pool");
#ifdef BENCH_BOOST_POOL
    add_peer<Boost>("boost-pool");
    add_peer<BoostObject>("boost-object-pool");
#endif
#ifdef BENCH_GLIB
    add_peer<Slice>("gslice");
#endif
}
