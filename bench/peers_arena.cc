/* peers_arena.cc - other arenas in the rows of bench_arena.c, which says what the rows ask.
 *
 * A peer is a class: made with room for `bytes` of objects, where it takes a size; reset drops all
 * objects and keeps the memory. Its Request is an arena for one request, on a block of the caller's
 * stack where it can use one. Each is set up as its manual advises for speed, and asked for
 * addresses that are multiples of 8.
 * SPDX-License-Identifier: MIT */
#include "bench_arena.h"
#include <memory>
#include <memory_resource>
#include <obstack.h>
#ifdef BENCH_APR
#include <apr_general.h>
#include <apr_pools.h>
#endif
#ifdef BENCH_TALLOC
#include <talloc.h>
#endif

#define obstack_chunk_alloc malloc
#define obstack_chunk_free free

namespace {

/* --- peers ---------------------------------------------------------------------------------- */

struct Pmr {
    std::unique_ptr<char[]> block;
    std::pmr::monotonic_buffer_resource arena;

    explicit Pmr(size_t bytes) : block(new char[bytes]), arena(block.get(), bytes) {}
    void *alloc(size_t size) { return arena.allocate(size, 8); }
    void reset() { arena.release(); }

    struct Request {
        std::pmr::monotonic_buffer_resource arena;

        Request(Pmr &, void *block) : arena(block, REQUEST_BYTES) {}
        void *alloc(size_t size) { return arena.allocate(size, 8); }
    };
};

/* The C library's. The size that it takes is that of a chunk, header included. */
struct Obstack {
    struct obstack arena;
    void *first;

    explicit Obstack(size_t bytes) {
        obstack_begin(&arena, static_cast<int>(bytes + 64));
        obstack_alignment_mask(&arena) = 7;
        first = obstack_alloc(&arena, 0);
    }
    ~Obstack() { obstack_free(&arena, nullptr); }
    void *alloc(size_t size) { return obstack_alloc(&arena, static_cast<int>(size)); }
    void reset() { obstack_free(&arena, first); }

    struct Request;
};

struct Obstack::Request : Obstack {
    Request(Obstack &, void *) : Obstack(REQUEST_BYTES) {}
};

#ifdef BENCH_APR
/* A pool whose allocator, which has no lock, keeps the blocks that it and its children drop. */
struct Apr {
    apr_pool_t *pool;

    explicit Apr(size_t) {
        apr_allocator_t *allocator;
        if (apr_initialize() != APR_SUCCESS || apr_allocator_create(&allocator) != APR_SUCCESS ||
            apr_pool_create_ex(&pool, nullptr, nullptr, allocator) != APR_SUCCESS) {
            abort();
        }
        apr_allocator_owner_set(allocator, pool);
    }
    ~Apr() {
        apr_pool_destroy(pool);
        apr_terminate();
    }
    void *alloc(size_t size) { return apr_palloc(pool, size); }
    void reset() { apr_pool_clear(pool); }

    struct Request {
        apr_pool_t *pool;

        Request(Apr &parent, void *) {
            if (apr_pool_create(&pool, parent.pool) != APR_SUCCESS) abort();
        }
        ~Request() { apr_pool_destroy(pool); }
        void *alloc(size_t size) { return apr_palloc(pool, size); }
    };
};
#endif

#ifdef BENCH_TALLOC
/* A pool has to hold the headers too, of 96 bytes each. */
struct Talloc {
    void *pool;

    explicit Talloc(size_t bytes) : pool(talloc_pool(nullptr, 4 * bytes)) {}
    ~Talloc() { talloc_free(pool); }
    void *alloc(size_t size) { return talloc_size(pool, size); }
    void reset() { talloc_free_children(pool); }

    struct Request;
};

struct Talloc::Request : Talloc {
    Request(Talloc &, void *) : Talloc(REQUEST_BYTES / 4) {} /* it suffices */
};
#endif

/* --- their rows ----------------------------------------------------------------------------- */

uint32_t mixed_sizes[OBJECTS];

template <class Peer> void alloc_32(bench *b) {
    Peer state(BLOCK_BYTES), *peer = static_cast<Peer *>(bench_hide(&state));
    void *objects[OBJECTS];
    while (bench_next(b)) {
        for (int i = 0; i < OBJECTS; i++) got(peer->alloc(32));
        peer->reset();
    }
    bench_ops(b, OBJECTS);
    for (int i = 0; i < OBJECTS; i++) objects[i] = peer->alloc(32);
    show_objects(b, objects, nullptr);
}

template <class Peer, bool written> void alloc_mixed(bench *b) {
    Peer state(BLOCK_BYTES), *peer = static_cast<Peer *>(bench_hide(&state));
    void *objects[OBJECTS];
    const uint32_t *sizes = static_cast<const uint32_t *>(bench_hide(mixed_sizes));
    while (bench_next(b)) {
        for (int i = 0; i < OBJECTS; i++) {
            void *object = peer->alloc(sizes[i]);
            if (written) memset(object, i, sizes[i]);
            got(object);
        }
        peer->reset();
    }
    bench_ops(b, OBJECTS);
    for (int i = 0; i < OBJECTS; i++) objects[i] = peer->alloc(sizes[i]);
    show_objects(b, objects, sizes);
}

template <class Peer> void request_20(bench *b) {
    Peer parent(REQUEST_BYTES);
    void *objects[REQUEST_OBJECTS];
    alignas(16) char block[REQUEST_BYTES];
    using Request = typename Peer::Request;
#define PEER(i, size) objects[i] = got(request->alloc(size));
    while (bench_next(b)) {
        for (int i = 0; i < REQUESTS; i++) {
            Request state(parent, bench_hide(block));
            auto *request = static_cast<Request *>(bench_hide(&state));
            REQUEST(PEER)
        }
    }
    bench_ops(b, REQUESTS);
    Request state(parent, block), *request = &state;
    REQUEST(PEER)
    show_request(b, objects);
}

template <class Peer> node *tree(Peer *peer) { GROW_TREE(peer->alloc(sizeof(node))); }

template <class Peer> void grow_tree(bench *b) {
    Peer state(BLOCK_BYTES), *peer = static_cast<Peer *>(bench_hide(&state));
    while (bench_next(b)) {
        bench_keep(tree(peer));
        peer->reset();
    }
    bench_ops(b, TREE_NODES);
    show_tree(b, tree(peer));
}

template <class Peer> void add_peer(const char *name) {
    bench_add("arena/alloc-32", name, alloc_32<Peer>, nullptr);
    bench_add("arena/alloc-mixed", name, alloc_mixed<Peer, false>, nullptr);
    bench_add("arena/alloc-mixed-written", name, alloc_mixed<Peer, true>, nullptr);
    bench_add("arena/request-20", name, request_20<Peer>, nullptr);
    bench_add("arena/tree", name, grow_tree<Peer>, nullptr);
}

} // namespace

extern "C" void bench_arena_peers(void) {
    fill_mixed_sizes(mixed_sizes);
    add_peer<Pmr>("pmr-monotonic");
    add_peer<Obstack>("obstack");
#ifdef BENCH_APR
    add_peer<Apr>("apr-pool");
#endif
#ifdef BENCH_TALLOC
    add_peer<Talloc>("talloc-pool");
#endif
}
