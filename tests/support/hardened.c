/* hardened.c - the tests that every hardened pool, and every pool with chaos, has to pass: the
 * second half of support/pools.h.
 * SPDX-License-Identifier: MIT */
#include "support/pools.h"
#include "pare/heap.h"
#include <stdio.h>

enum { FEW = 8 }; /* objects of the quarantine */

static const pool_face *face;

static pare_pool_options hardened(size_t size) {
    pare_pool_options o = sized(size);
    o.flags = PARE_POOL_HARDENED;
    o.quarantine_bytes = FEW * size;
    return o;
}

static void open_pool(some_pool *pool, probe *p, pare_pool_options o) {
    assert_int_equal(face->init(pool, probe_allocator(p), &o), PARE_OK);
}

static char *must_get(some_pool *pool) {
    char *object = face->get(pool);
    assert_non_null(object);
    return object;
}

/* As a bug would, and hidden from the compiler's own checks. */
static void write_to(char *object, ptrdiff_t offset) {
    char *volatile at = object + offset;
    *at ^= 1;
}

static pare_status init_ones(void *ctx, void *object) {
    memset(object, 1, *(const size_t *)ctx);
    return PARE_OK;
}

/* What `found` misuses are now: the last one is this, and names a call before. */
static void expect_found(int found, const char *kind, const void *address) {
    assert_int_equal(misuse_count, found);
    assert_string_equal(misuse_last.kind, kind);
    assert_string_equal(misuse_last.module, face->module);
    assert_ptr_equal(misuse_last.address, address);
    assert_non_null(misuse_last.earlier);
}

/* --- one process each -------------------------------------------------------------------- */

typedef enum hardened_case {
    DOUBLE_PUT_AT_ONCE,
    DOUBLE_PUT_LATER,
    DOUBLE_PUT_OF_WHAT_LOOKS_LIVE,
    PUT_STACK,
    PUT_HEAP,
    PUT_TO_OTHER_POOL,
    PUT_INTERIOR,
    PUT_LAST_BYTE,
    PUT_BEHIND,
    PUT_AFTER_DEINIT,
    PUT_UNRESET,
    LEAK,
    FIRST_OF_BYTES, /* what follows, a sanitizer finds before pare */
    OVERFLOW_AT_PUT = FIRST_OF_BYTES,
    UNDERFLOW_AT_PUT,
    OVERFLOW_AT_TRIM,
    OVERFLOW_AT_DEINIT,
    WRITE_AT_GET,
    WRITE_AT_TRIM,
    WRITE_AT_DEINIT,
    HARDENED_CASES
} hardened_case;

static const char *const hardened_kinds[HARDENED_CASES] = {
    [DOUBLE_PUT_AT_ONCE] = "double put",
    [DOUBLE_PUT_LATER] = "double put",
    [DOUBLE_PUT_OF_WHAT_LOOKS_LIVE] = "double put",
    [PUT_STACK] = "foreign pointer",
    [PUT_HEAP] = "foreign pointer",
    [PUT_TO_OTHER_POOL] = "foreign pointer",
    [PUT_INTERIOR] = "interior pointer",
    [PUT_LAST_BYTE] = "interior pointer",
    [PUT_BEHIND] = "interior pointer",
    [PUT_AFTER_DEINIT] = "put after deinit or before init",
    [PUT_UNRESET] = "put without reset",
    [LEAK] = "leak",
    [OVERFLOW_AT_PUT] = "write past the end of an object",
    [UNDERFLOW_AT_PUT] = "write before the start of an object",
    [OVERFLOW_AT_TRIM] = "write past the end of an object",
    [OVERFLOW_AT_DEINIT] = "write past the end of an object",
    [WRITE_AT_GET] = "write after put",
    [WRITE_AT_TRIM] = "write after put",
    [WRITE_AT_DEINIT] = "write after put",
};

typedef struct hardened_scene {
    hardened_case misuse;
    pare_pool_options options;
} hardened_scene;

static void commit_put(hardened_case misuse, some_pool *pool, char *a, char *stranger) {
    int on_stack[64] = {0};
    static void *volatile on_heap; /* reachable, for leak checkers */
    on_heap = pare_alloc(pare_heap(), 64, 16);
    switch (misuse) {
    case DOUBLE_PUT_AT_ONCE:
    case DOUBLE_PUT_LATER:
    case DOUBLE_PUT_OF_WHAT_LOOKS_LIVE:
        face->put(pool, a);
        for (int i = 0; misuse == DOUBLE_PUT_LATER && i < 1000; i++) {
            face->put(pool, face->get(pool));
        }
        if (misuse == DOUBLE_PUT_OF_WHAT_LOOKS_LIVE && !probe_watched()) memset(a, 1, 64);
        face->put(pool, a);
        break;
    case PUT_STACK: face->put(pool, on_stack); break;
    case PUT_HEAP: face->put(pool, on_heap); break;
    case PUT_TO_OTHER_POOL: face->put(pool, stranger); break;
    case PUT_INTERIOR: face->put(pool, a + 8); break;
    case PUT_LAST_BYTE: face->put(pool, a + 63); break;
    case PUT_BEHIND: face->put(pool, a + 64); break;
    case PUT_AFTER_DEINIT:
        face->put(pool, a);
        face->deinit(pool);
        face->put(pool, a);
        break;
    case PUT_UNRESET:
        a[17] ^= 1;
        face->put(pool, a);
        break;
    case LEAK: face->deinit(pool); break;
    default: break;
    }
}

static void commit_write(hardened_case misuse, some_pool *pool, char *a) {
    bool after_put = misuse >= WRITE_AT_GET;
    if (after_put) face->put(pool, a);
    write_to(a, after_put ? 63 : misuse == UNDERFLOW_AT_PUT ? -1 : 64);
    switch (misuse) {
    case OVERFLOW_AT_PUT:
    case UNDERFLOW_AT_PUT: face->put(pool, a); break;
    case WRITE_AT_GET:
        for (int i = 0; i < 1000; i++) face->put(pool, face->get(pool));
        break;
    case OVERFLOW_AT_TRIM:
    case WRITE_AT_TRIM: face->trim(pool, 0, PARE_TRIM_ALL); break;
    default: face->deinit(pool); break;
    }
}

static void commit_hardened(void *ctx) {
    const hardened_scene *scene = ctx;
    some_pool pool, other;
    if (face->init(&pool, pare_heap(), &scene->options) != PARE_OK) return;
    if (face->init(&other, pare_heap(), &scene->options) != PARE_OK) return;
    char *a = face->get(&pool), *stranger = face->get(&other);
    if (scene->misuse < FIRST_OF_BYTES) commit_put(scene->misuse, &pool, a, stranger);
    if (scene->misuse >= FIRST_OF_BYTES) commit_write(scene->misuse, &pool, a);
}

static void hardened_misuse_stops_the_program(void **state) {
    static size_t size = 64;
    (void)state;
    int end = probe_watched() ? FIRST_OF_BYTES : HARDENED_CASES;
    for (int kind = 0; kind < 3; kind++) {
        hardened_scene scene = {.options = hardened(size)};
        if (kind == 1) scene.options.reset = reset_nothing;
        if (kind == 2) scene.options.init = init_ones;
        if (kind == 2) scene.options.ctx = &size;
        if (kind == 2) scene.options.flags |= PARE_POOL_CHECK_RESET;
        for (int i = 0; i < end; i++) {
            if (i == PUT_UNRESET && kind != 2) continue;
            scene.misuse = (hardened_case)i;
            char text[100];
            snprintf(text, sizeof text, "pare: %s: %s of 0x", face->module, hardened_kinds[i]);
            expect_misuse(commit_hardened, &scene, text);
        }
    }
}

/* --- every byte -------------------------------------------------------------------------- */

static const size_t byte_sizes[] = {2, 7, 8, 9, 40, 64, 100};

static void hardened_finds_each_byte_written_after_put(void **state) {
    probe *p = *state;
    if (probe_watched()) return; /* the sanitizer would stop the test at the write */
    pare_set_misuse_handler(misuse_note);
    for (size_t i = 0; i < sizeof byte_sizes / sizeof byte_sizes[0]; i++) {
        for (int kind = 0; kind < 3; kind++) {
            size_t size = byte_sizes[i];
            pare_pool_options o = hardened(size);
            some_pool pool;
            if (kind == 1) o.flags |= PARE_WIPE;
            if (kind == 2) o.init = init_ones;
            o.ctx = &size;
            o.quarantine_bytes = 1; /* none: the same object comes back */
            open_pool(&pool, p, o);
            char *object = must_get(&pool);
            for (size_t at = 0; at < size; at++) {
                memset(object, (int)at, size);
                face->put(&pool, object);
                write_to(object, (ptrdiff_t)at);
                misuse_count = 0;
                assert_ptr_equal(must_get(&pool), object);
                expect_found(1, "write after put", object + at);
                face->put(&pool, object);
                assert_ptr_equal(must_get(&pool), object);
                assert_int_equal(misuse_count, 1); /* once */
            }
            face->put(&pool, object);
            face->deinit(&pool);
        }
    }
}

static void hardened_finds_each_near_byte_written_around_an_object(void **state) {
    probe *p = *state;
    if (probe_watched()) return;
    pare_set_misuse_handler(misuse_note);
    for (size_t i = 0; i < sizeof byte_sizes / sizeof byte_sizes[0]; i++) {
        for (size_t align = 1; align <= 64; align *= 4) {
            pare_pool_options o = hardened(byte_sizes[i]);
            some_pool pool;
            o.align = align;
            open_pool(&pool, p, o);
            for (ptrdiff_t near = 0; near < 8; near++) {
                ptrdiff_t behind = (ptrdiff_t)byte_sizes[i] + near, before = -1 - near;
                char *a = must_get(&pool), *b = must_get(&pool);
                misuse_count = 0;
                write_to(a, behind);
                face->put(&pool, b); /* perhaps its neighbour */
                face->put(&pool, a);
                expect_found(1, "write past the end of an object", a + behind);
                a = must_get(&pool);
                write_to(a, before);
                face->put(&pool, a);
                expect_found(2, "write before the start of an object", a + before);
                face->trim(&pool, 0, PARE_TRIM_SURPLUS);
                assert_int_equal(misuse_count, 2);
            }
            face->trim(&pool, 0, PARE_TRIM_ALL);
            assert_int_equal(misuse_count, 2);
            face->deinit(&pool);
        }
    }
}

static void hardened_names_the_byte_that_was_not_reset(void **state) {
    probe *p = *state;
    size_t size = 40;
    pare_pool_options o = hardened(size);
    some_pool pool;
    o.init = init_ones;
    o.ctx = &size;
    o.quarantine_bytes = 1;
    o.flags |= PARE_POOL_CHECK_RESET;
    open_pool(&pool, p, o);
    pare_set_misuse_handler(misuse_note);
    for (int at = 0; at < 40; at++) {
        char *object = must_get(&pool);
        assert_int_equal(misuse_count, at);
        object[at]++;
        object[39]++;
        face->put(&pool, object);
        expect_found(at + 1, "put without reset", object + at);
    }
    face->deinit(&pool);
    assert_int_equal(misuse_count, 40);
}

static void hardened_fills_what_is_free(void **state) {
    probe *p = *state;
    if (probe_watched()) return;
    some_pool pool;
    open_pool(&pool, p, hardened(64));
    unsigned char *object = (unsigned char *)must_get(&pool);
    for (int i = 0; i < 64; i++) assert_int_equal(object[i], 0xDD); /* from the first get on */
    memset(object, 1, 64);
    face->put(&pool, object);
    unsigned char *volatile stale = object; /* a bug, on purpose */
    for (int i = 0; i < 64; i++) assert_int_equal(stale[i], 0xDD);
    face->deinit(&pool);
}

/* --- misuse in detail -------------------------------------------------------------------- */

static void hardened_misuse_is_found_at_the_call_and_refused(void **state) {
    probe *p = *state;
    some_pool pool, other;
    open_pool(&pool, p, hardened(64));
    open_pool(&other, p, hardened(64));
    char *a = must_get(&pool), *b = must_get(&pool), *stranger = must_get(&other);
    face->put(&pool, a);
    pare_pool_stats before = face->stats(&pool);
    pare_set_misuse_handler(misuse_note);
    face->put(&pool, a);
    expect_found(1, "double put", a);
    face->put(&pool, b + 1);
    expect_found(2, "interior pointer", b + 1);
    face->put(&pool, stranger);
    assert_int_equal(misuse_count, 3);
    assert_string_equal(misuse_last.kind, "foreign pointer");
    pare_pool_stats after = face->stats(&pool);
    assert_memory_equal(&before, &after, sizeof before);
    face->put(&pool, b);
    face->put(&other, stranger);
    face->deinit(&pool);
    face->deinit(&other);
    assert_int_equal(misuse_count, 3);
}

static some_pool *owners[2];
static int owner_found;

static void find_owner(const pare_misuse *misuse) {
    misuse_note(misuse);
    for (int i = 0; i < 2; i++) {
        if (face->owns(owners[i], misuse->address)) owner_found = i + 1;
    }
}

static void hardened_misuse_handler_can_tell_the_owner(void **state) {
    probe *p = *state;
    some_pool pool, other;
    memset(&pool, 0, sizeof pool);
    assert_false(face->owns(&pool, p));
    open_pool(&pool, p, hardened(64));
    open_pool(&other, p, hardened(64));
    char *a = must_get(&pool), *stranger = must_get(&other);
    owners[0] = &pool;
    owners[1] = &other;
    pare_set_misuse_handler(find_owner);
    owner_found = 0;
    face->put(&pool, stranger);
    assert_int_equal(misuse_count, 1);
    assert_int_equal(owner_found, 2);
    face->put(&pool, a);
    assert_true(face->owns(&pool, a)); /* free */
    assert_false(face->owns(&pool, a + 1) || face->owns(&pool, p));
    face->put(&other, stranger);
    face->deinit(&pool);
    face->deinit(&other);
}

static void hardened_leaks_are_reported_each_and_given_back(void **state) {
    probe *p = *state;
    enum { COUNT = 100 }; /* several lots */
    char *objects[COUNT];
    some_pool pool;
    open_pool(&pool, p, hardened(64));
    for (int i = 0; i < COUNT; i++) objects[i] = must_get(&pool);
    for (int i = 0; i < COUNT; i += 2) face->put(&pool, objects[i]);
    pare_set_misuse_handler(misuse_note);
    face->deinit(&pool);
    assert_int_equal(misuse_count, COUNT / 2);
    assert_string_equal(misuse_last.kind, "leak");
    assert_non_null(misuse_last.earlier);
    assert_int_equal(p->live_bytes, 0);
}

static jmp_buf misuse_exit;

static void misuse_jump(const pare_misuse *misuse) {
    misuse_note(misuse);
    longjmp(misuse_exit, 1);
}

static void hardened_is_whole_when_the_handler_does_not_return(void **state) {
    probe *p = *state;
    enum { COUNT = 100 };
    if (probe_watched()) return;
    static some_pool pool;
    static char *objects[COUNT];
    open_pool(&pool, p, hardened(64));
    for (int i = 0; i < COUNT; i++) objects[i] = must_get(&pool);
    for (int i = 0; i < COUNT; i++) face->put(&pool, objects[i]);
    for (int i = 0; i < COUNT; i++) write_to(objects[i], 5);
    pare_set_misuse_handler(misuse_jump);
    for (volatile bool done = false; !done;) { /* each damage is found once */
        if (setjmp(misuse_exit) == 0) {
            face->trim(&pool, 0, PARE_TRIM_ALL);
            done = true;
        }
    }
    assert_true(misuse_count >= 1 && misuse_count <= COUNT);
    assert_int_equal(face->stats(&pool).slab_count, 0);
    face->put(&pool, must_get(&pool));
    face->deinit(&pool);
}

typedef struct census {
    size_t count;
    const char *last;
    const void *site;
} census;

static void count_live(void *ctx, void *object, const void *site) {
    census *c = ctx;
    assert_true((const char *)object > c->last);
    assert_non_null(site);
    *c = (census){c->count + 1, object, site};
}

static void hardened_visit_live_shows_each_object_in_use(void **state) {
    probe *p = *state;
    enum { COUNT = 1000 };
    static char *objects[COUNT];
    some_pool pool;
    census c = {0};
    memset(&pool, 0, sizeof pool);
    face->visit_live(&pool, count_live, &c);
    open_pool(&pool, p, hardened(64));
    face->visit_live(&pool, count_live, &c);
    assert_int_equal(c.count, 0);
    for (int i = 0; i < COUNT; i++) objects[i] = must_get(&pool);
    for (int i = 0; i < COUNT; i += 3) face->put(&pool, objects[i]);
    face->visit_live(&pool, count_live, &c);
    assert_int_equal(c.count, face->stats(&pool).live_count);
    for (int i = 0; i < COUNT; i++) {
        if (i % 3 != 0) face->put(&pool, objects[i]);
    }
    c = (census){0};
    face->visit_live(&pool, count_live, &c);
    assert_int_equal(c.count, 0);
    face->deinit(&pool);

    open_pool(&pool, p, sized(64)); /* does not know */
    face->put(&pool, must_get(&pool));
    face->visit_live(&pool, count_live, &c);
    assert_int_equal(c.count, 0);
    face->deinit(&pool);
}

/* --- quarantine -------------------------------------------------------------------------- */

/* How many other objects are put before the first one is got again. */
static size_t quarantine_of(probe *p, size_t size, size_t quarantine_bytes) {
    pare_pool_options o = hardened(size);
    some_pool pool;
    o.quarantine_bytes = quarantine_bytes;
    open_pool(&pool, p, o);
    char *first = must_get(&pool);
    face->put(&pool, first);
    for (size_t puts = 0;; puts++) {
        char *object = must_get(&pool);
        face->put(&pool, object);
        if (object == first) {
            face->deinit(&pool);
            return puts;
        }
    }
}

static void hardened_quarantine_is_as_long_as_its_bytes(void **state) {
    probe *p = *state;
    assert_int_equal(quarantine_of(p, 64, 1), 0);
    assert_int_equal(quarantine_of(p, 64, 63), 0);
    assert_true(quarantine_of(p, 64, 64) >= 1);
    for (size_t count = 2; count < 100; count += 7) {
        assert_true(quarantine_of(p, 64, 64 * count) >= count);
        assert_true(quarantine_of(p, 64, 64 * count - 1) >= count - 1);
    }
    assert_true(quarantine_of(p, 1024, 0) >= 256);
    assert_true(quarantine_of(p, 1 << 20, 0) >= 1);
}

static void hardened_limit_leaves_room_for_as_many_objects(void **state) {
    probe *p = *state;
    size_t counts[2];
    for (int i = 0; i < 2; i++) {
        static char *objects[500];
        pare_pool_options o = i == 0 ? sized(64) : hardened(64);
        some_pool pool;
        o.limit_bytes = 10000;
        open_pool(&pool, p, o);
        for (int round = 0; round < 3; round++) { /* from the quarantine where it has to be */
            counts[i] = 0;
            while ((objects[counts[i]] = face->get(&pool)) != NULL) counts[i]++;
            assert_int_equal(face->status(&pool), PARE_ERR_LIMIT);
            for (size_t n = 0; n < counts[i]; n++) face->put(&pool, objects[n]);
        }
        assert_true(face->stats(&pool).slab_bytes <= 10000);
        face->deinit(&pool);
    }
    /* Slabs are of other sizes then, and their headers count. */
    assert_true(counts[1] + 8 >= counts[0] && counts[0] + 8 >= counts[1]);
}

static void hardened_reserve_is_not_used_up_by_the_quarantine(void **state) {
    probe *p = *state;
    char *objects[20];
    some_pool pool;
    open_pool(&pool, p, hardened(64));
    face->put(&pool, must_get(&pool)); /* the thread has a cache now, if it needs one */
    assert_int_equal(face->reserve(&pool, 20), PARE_OK);
    uint64_t requests = p->requests;
    probe_refuse(p, 0, PROBE_NEVER);
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 20; i++) objects[i] = must_get(&pool);
        for (int i = 0; i < 20; i++) face->put(&pool, objects[i]);
    }
    assert_int_equal(p->requests, requests);
    face->deinit(&pool);
}

/* --- options ----------------------------------------------------------------------------- */

static void hardened_check_reset_needs_something_to_check(void **state) {
    probe *p = *state;
    size_t size = 64;
    some_pool pool;
    pare_pool_options o = hardened(size);
    o.flags |= PARE_POOL_CHECK_RESET;
    assert_int_equal(face->init(&pool, probe_allocator(p), &o), PARE_ERR_ARGUMENT);
    o.init = init_ones;
    o.ctx = &size;
    o.flags = PARE_POOL_CHECK_RESET;
    assert_int_equal(face->init(&pool, probe_allocator(p), &o), PARE_ERR_ARGUMENT);
    o.flags |= PARE_POOL_HARDENED;
    open_pool(&pool, p, o);
    face->deinit(&pool);
    o.flags = PARE_POOL_HARDENED;
    o.size = PARE_SIZE_MAX / 2; /* with a copy, more than there is */
    assert_int_equal(face->init(&pool, probe_allocator(p), &o), PARE_ERR_ARGUMENT);
    o.size = SIZE_MAX;
    assert_int_equal(face->init(&pool, probe_allocator(p), &o), PARE_ERR_ARGUMENT);
    o.size = 0;
    assert_int_equal(face->init(&pool, probe_allocator(p), &o), PARE_ERR_ARGUMENT);
}

/* --- chaos ------------------------------------------------------------------------------- */

/* One bit per get, 1 where it was refused, of the first 64. */
static uint64_t refusals_of(probe *p, uint32_t chaos_get, uint64_t seed) {
    pare_pool_options o = sized(64);
    some_pool pool;
    uint64_t bits = 0;
    o.chaos_get = chaos_get;
    o.chaos_seed = seed;
    open_pool(&pool, p, o);
    for (int i = 0; i < 64; i++) {
        char *object = face->get(&pool);
        if (object == NULL) assert_int_equal(face->status(&pool), PARE_ERR_MEMORY);
        bits = bits << 1 | (object == NULL);
        face->put(&pool, object);
    }
    face->deinit(&pool);
    return bits;
}

static void chaos_refuses_gets_as_the_seed_says(void **state) {
    probe *p = *state;
    assert_true(refusals_of(p, 0, 5) == 0);
    assert_true(refusals_of(p, 1, 5) == UINT64_MAX);
    uint64_t bits = refusals_of(p, 4, 5), count = 0;
    assert_true(bits == refusals_of(p, 4, 5));
    assert_true(bits != refusals_of(p, 4, 6));
    for (; bits != 0; bits &= bits - 1) count++;
    assert_true(count >= 4 && count <= 36);
}

static void chaos_spares_gets_that_are_reserved(void **state) {
    probe *p = *state;
    pare_pool_options o = sized(64);
    some_pool pool;
    char *objects[100];
    o.chaos_get = 1;
    open_pool(&pool, p, o);
    assert_null(face->get(&pool));
    assert_int_equal(face->reserve(&pool, 100), PARE_OK);
    for (int i = 0; i < 100; i++) objects[i] = must_get(&pool);
    assert_null(face->get(&pool));
    for (int i = 0; i < 100; i++) face->put(&pool, objects[i]);
    must_get(&pool);
    face->deinit(&pool);
}

/* A pool of conns, each of which leaves when it is put. */
static void open_dropping(some_pool *pool, probe *p, maker *m, unsigned flags, size_t quarantine) {
    pare_pool_options o = conns(m);
    o.flags = flags;
    o.chaos_put = 1;
    o.quarantine_bytes = quarantine > 0 ? quarantine * o.size : 1;
    open_pool(pool, p, o);
}

static void chaos_drops_objects_at_put(void **state) {
    probe *p = *state;
    for (unsigned flags = 0; flags <= PARE_POOL_HARDENED; flags += PARE_POOL_HARDENED) {
        maker m = {0};
        some_pool pool;
        open_dropping(&pool, p, &m, flags, FEW);
        conn *first = (conn *)(void *)must_get(&pool);
        face->put(&pool, first);
        assert_int_equal(m.ended, 1);
        for (uint64_t i = 1; i < 100; i++) {
            conn *c = (conn *)(void *)must_get(&pool);
            assert_int_equal(c->serial, i + 1); /* none comes back as it was */
            if (i <= FEW) assert_ptr_not_equal(c, first);
            face->put(&pool, c);
            assert_int_equal(m.ended, i + 1);
        }
        pare_pool_stats s = face->stats(&pool);
        assert_int_equal(s.drops, 100);
        assert_int_equal(s.puts, 100);
        assert_int_equal(s.creates, m.made);
        assert_int_equal(s.live_count, 0);
        face->trim(&pool, 0, PARE_TRIM_ALL);
        assert_int_equal(m.ended, m.made); /* none twice */
        face->deinit(&pool);
    }
}

static void chaos_put_of_a_dropped_object_is_a_double_put(void **state) {
    probe *p = *state;
    pare_pool_options o = sized(64);
    some_pool pool;
    o.chaos_put = 1;
    open_pool(&pool, p, o);
    char *a = must_get(&pool), *b = must_get(&pool);
    face->put(&pool, a);
    face->put(&pool, b);
    pare_set_misuse_handler(misuse_note);
    face->put(&pool, a);
    assert_int_equal(misuse_count, 1);
    assert_string_equal(misuse_last.kind, "double put");
    face->deinit(&pool);
}

static void chaos_init_that_fails_refuses_the_get_alone(void **state) {
    probe *p = *state;
    for (unsigned flags = 0; flags <= PARE_POOL_HARDENED; flags += PARE_POOL_HARDENED) {
        maker m = {0};
        some_pool pool;
        open_dropping(&pool, p, &m, flags, 0);
        face->put(&pool, must_get(&pool));
        m.fail_at = m.made;
        for (int i = 0; i < 10; i++) assert_null(face->get(&pool));
        assert_int_equal(face->status(&pool), PARE_ERR_FORMAT);
        m.fail_at = UINT64_MAX;
        face->put(&pool, must_get(&pool));
        face->deinit(&pool);
        assert_int_equal(m.ended, m.made);
    }
}

/* Random gets and puts, with some of everything: nothing is lost, or handed out twice. */
static void chaos_loses_nothing(void **state) {
    probe *p = *state;
    enum { COUNT = 200 };
    for (uint64_t seed = 1; seed <= 8; seed++) {
        maker m = {0};
        some_pool pool;
        conn *objects[COUNT] = {NULL};
        uint64_t random = seed, refused = 0;
        pare_pool_options o = conns(&m);
        o.flags = seed % 2 == 0 ? PARE_POOL_HARDENED : 0;
        o.chaos_get = seed % 3 == 0 ? 0 : 5;
        o.chaos_put = 3;
        o.chaos_seed = seed;
        o.quarantine_bytes = 30 * o.size;
        o.limit_bytes = seed % 4 == 0 ? 10000 : 0;
        open_pool(&pool, p, o);
        for (int step = 0; step < 10000; step++) {
            conn **c = &objects[next_random(&random) % COUNT];
            if (*c != NULL) {
                assert_int_equal((*c)->uses, 7);
                face->put(&pool, *c);
                *c = NULL;
            } else if ((*c = face->get(&pool)) != NULL) {
                assert_int_equal((*c)->uses, 0);
                (*c)->uses = 7;
            } else {
                refused++;
            }
            if (step % 1000 == 0) face->trim(&pool, 0, PARE_TRIM_ALL);
        }
        for (int i = 0; i < COUNT; i++) face->put(&pool, objects[i]);
        pare_pool_stats s = face->stats(&pool);
        assert_true(s.drops > 1000 && s.refusals == refused && s.live_count == 0);
        face->deinit(&pool);
        assert_int_equal(m.ended, m.made);
    }
}

/* --- the table ----------------------------------------------------------------------------- */

int pools_run_hardened(const pool_face *f) {
    const struct CMUnitTest tests[] = {
        CASE(hardened_misuse_stops_the_program),
        CASE(hardened_finds_each_byte_written_after_put),
        CASE(hardened_finds_each_near_byte_written_around_an_object),
        CASE(hardened_names_the_byte_that_was_not_reset),
        CASE(hardened_fills_what_is_free),
        CASE(hardened_misuse_is_found_at_the_call_and_refused),
        CASE(hardened_misuse_handler_can_tell_the_owner),
        CASE(hardened_leaks_are_reported_each_and_given_back),
        CASE(hardened_is_whole_when_the_handler_does_not_return),
        CASE(hardened_visit_live_shows_each_object_in_use),
        CASE(hardened_quarantine_is_as_long_as_its_bytes),
        CASE(hardened_limit_leaves_room_for_as_many_objects),
        CASE(hardened_reserve_is_not_used_up_by_the_quarantine),
        CASE(hardened_check_reset_needs_something_to_check),
        CASE(chaos_refuses_gets_as_the_seed_says),
        CASE(chaos_spares_gets_that_are_reserved),
        CASE(chaos_drops_objects_at_put),
        CASE(chaos_put_of_a_dropped_object_is_a_double_put),
        CASE(chaos_init_that_fails_refuses_the_get_alone),
        CASE(chaos_loses_nothing),
    };
    char name[100];
    face = f;
    snprintf(name, sizeof name, "%s, hardened", f->name);
    return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}
