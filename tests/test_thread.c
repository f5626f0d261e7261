/* test_thread.c - mirrors pare/thread.h, by what it says of the caches of an mtpool.
 * SPDX-License-Identifier: MIT */
#include "support/os.h"
#include "support/pools.h"
#include "pare/heap.h"
#include "pare/mtpool.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#ifndef _WIN32
#include <sys/wait.h>
#include <unistd.h>
#endif

static void in_thread(void *(*body)(void *), void *ctx) {
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, body, ctx), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

/* --- exit -------------------------------------------------------------------------------- */

/* Gets some, puts most, keeps one. */
static void *use_and_keep_one(void *ctx) {
    void *objects[300];
    pare_mtpool *pool = ctx;
    for (int i = 0; i < 300; i++) objects[i] = pare_mtpool_get(pool);
    for (int i = 1; i < 300; i++) pare_mtpool_put(pool, objects[i]);
    return objects[0];
}

static void thread_that_ends_gives_back_its_cache(void **state) {
    probe *p = *state;
    pare_mtpool pool;
    mt_open(&pool, p, sized(64));
    in_thread(use_and_keep_one, &pool);
    pare_mtpool_stats s = pare_mtpool_get_stats(&pool);
    uint64_t creates = s.creates;
    size_t blocks = p->live_blocks;
    assert_int_equal(s.cache_count, 0);
    assert_int_equal(s.live_count, 1);
    assert_int_equal(s.gets, 300);
    assert_int_equal(s.puts, 299);
    for (int i = 0; i < 50; i++) in_thread(use_and_keep_one, &pool);
    s = pare_mtpool_get_stats(&pool);
    assert_int_equal(s.live_count, 51);
    assert_true(s.creates < creates + 50 + 64);
    assert_true(p->live_blocks <= blocks + 1); /* nothing is left behind by each */
    pare_mtpool_deinit(&pool);
}

/* A destructor of another thread-local object, which runs after the thread's caches went. */
static pthread_key_t late_key;
static pare_mtpool *late_pool;

static void put_late(void *object) {
    pare_mtpool_put(late_pool, object);
    void *again = pare_mtpool_get(late_pool);
    if (again != NULL) pare_mtpool_put(late_pool, again);
}

static void *leave_one_to_a_destructor(void *ctx) {
    void *object = use_and_keep_one(ctx);
    pthread_setspecific(late_key, object);
    return NULL;
}

static void thread_destructors_that_run_late_are_served(void **state) {
    probe *p = *state;
    pare_mtpool pool;
    mt_open(&pool, p, sized(64));
    late_pool = &pool;
    void *object = mt_get(&pool); /* our key is older: glibc calls its destructor before */
    assert_int_equal(pthread_key_create(&late_key, put_late), 0);
    for (int i = 0; i < 20; i++) in_thread(leave_one_to_a_destructor, &pool);
    pthread_key_delete(late_key);
    pare_mtpool_stats s = pare_mtpool_get_stats(&pool);
    assert_int_equal(s.live_count, 1);
    assert_int_equal(s.cache_count, 1); /* ours */
    assert_int_equal(s.gets, 1 + 20 * 301);
    pare_mtpool_put(&pool, object);
    pare_mtpool_deinit(&pool);
}

/* Threads that wait in the middle of their lives. */
typedef struct meeting {
    pthread_barrier_t barrier;
    pare_mtpool *first, *second;
} meeting;

static void *use_two_pools(void *ctx) {
    meeting *m = ctx;
    use_and_keep_one(m->first);
    pthread_barrier_wait(&m->barrier);
    pthread_barrier_wait(&m->barrier); /* meanwhile the first one goes */
    use_and_keep_one(m->second);
    return NULL;
}

static void thread_caches_go_with_their_pool(void **state) {
    probe *p = *state;
    enum { THREADS = 6 };
    pthread_t threads[THREADS];
    pare_mtpool first, second;
    meeting m = {.first = &first, .second = &second};
    mt_open(&first, p, sized(64));
    pthread_barrier_init(&m.barrier, NULL, THREADS + 1);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, use_two_pools, &m), 0);
    }
    pthread_barrier_wait(&m.barrier);
    size_t line = first.line;
    assert_int_equal(pare_mtpool_get_stats(&first).cache_count, THREADS);
    assert_int_equal(mt_live(&first), THREADS);
    pare_mtpool_deinit(&first);
    assert_int_equal(p->live_blocks, 0);
    mt_open(&second, p, sized(100)); /* takes over the slot, where their caches were */
    assert_int_equal(second.line, line);
    pthread_barrier_wait(&m.barrier);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&m.barrier);
    assert_int_equal(mt_live(&second), THREADS);
    assert_int_equal(pare_mtpool_get_stats(&second).cache_count, 0);
    pare_mtpool_deinit(&second);
}

static void thread_slots_are_used_again(void **state) {
    probe *p = *state;
    enum { POOLS = 100 };
    static pare_mtpool pools[POOLS];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < POOLS; i++) {
            mt_open(&pools[i], p, sized((size_t)(16 + i)));
            pare_mtpool_put(&pools[i], mt_get(&pools[i]));
            assert_true((pools[i].line != 0) == (i < PAREI_THREAD_LINES - 1));
        }
        for (int i = 0; i < POOLS; i++) {
            char *object = mt_get(&pools[i]);
            memset(object, i, (size_t)(16 + i));
            pare_mtpool_put(&pools[i], object);
            assert_int_equal(pare_mtpool_get_stats(&pools[i]).gets, 2);
        }
        for (int i = round; i < POOLS + round; i++) pare_mtpool_deinit(&pools[i % POOLS]);
    }
}

/* More pools than lines; the first and the last come and go. */
enum { FEW_MORE = PAREI_THREAD_LINES + 8 };

typedef struct visits {
    pthread_barrier_t barrier;
    pare_mtpool pools[FEW_MORE];
} visits;

static void use_once(pare_mtpool *pool) {
    void *object = pare_mtpool_get(pool);
    if (object != NULL) memset(object, 1, 64);
    pare_mtpool_put(pool, object);
}

static void *use_one_after_another(void *ctx) {
    visits *v = ctx;
    use_once(&v->pools[0]);
    pthread_barrier_wait(&v->barrier);
    for (int i = 1; i < FEW_MORE - 1; i++) use_once(&v->pools[i]); /* its table grows */
    pthread_barrier_wait(&v->barrier);
    pthread_barrier_wait(&v->barrier);
    use_once(&v->pools[0]);
    return NULL;
}

static void thread_finds_its_caches_while_pools_come_and_go(void **state) {
    (void)state;
    enum { ROUNDS = 100 };
    static visits v;
    pare_pool_options o = sized(64);
    pthread_t thread;
    pthread_barrier_init(&v.barrier, NULL, 2);
    for (int i = 0; i < FEW_MORE; i++) {
        assert_int_equal(pare_mtpool_init(&v.pools[i], pare_heap(), &o), PARE_OK);
    }
    for (int round = 0; round < ROUNDS; round++) {
        assert_int_equal(pthread_create(&thread, NULL, use_one_after_another, &v), 0);
        pthread_barrier_wait(&v.barrier);
        for (int i = 0; i < round; i++) pare_mtpool_put(&v.pools[1], pare_mtpool_get(&v.pools[1]));
        pare_mtpool_deinit(&v.pools[0]);
        pare_mtpool_deinit(&v.pools[FEW_MORE - 1]);
        pthread_barrier_wait(&v.barrier);
        assert_int_equal(pare_mtpool_init(&v.pools[0], pare_heap(), &o), PARE_OK);
        assert_int_equal(pare_mtpool_init(&v.pools[FEW_MORE - 1], pare_heap(), &o), PARE_OK);
        pthread_barrier_wait(&v.barrier);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    for (int i = 0; i < FEW_MORE; i++) pare_mtpool_deinit(&v.pools[i]);
    pthread_barrier_destroy(&v.barrier);
}

/* --- fork -------------------------------------------------------------------------------- */

#ifndef _WIN32

/* A program whose main thread returns with all it has, and another that exits in the middle. */
static void end_of_a_program(bool in_the_middle) {
    static pare_mtpool pool;
    pare_pool_options o = sized(64);
    pthread_t thread;
    if (pare_mtpool_init(&pool, pare_heap(), &o) != PARE_OK) _exit(1);
    if (pthread_create(&thread, NULL, use_and_keep_one, &pool) != 0) _exit(1);
    use_and_keep_one(&pool);
    if (in_the_middle) {
        pthread_detach(thread);
    } else {
        pthread_join(thread, NULL);
    }
    exit(0);
}

static int status_of(pid_t child) {
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void thread_of_main_needs_no_end(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        fflush(NULL);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) end_of_a_program(i == 1);
        assert_int_equal(status_of(child), 0);
    }
}

typedef struct background {
    pare_mtpool *pool;
    int stop; /* read and written atomically */
} background;

static void *keep_trading(void *ctx) {
    background *b = ctx;
    void *objects[200];
    while (__atomic_load_n(&b->stop, __ATOMIC_RELAXED) == 0) {
        for (int i = 0; i < 200; i++) objects[i] = pare_mtpool_get(b->pool);
        for (int i = 0; i < 200; i++) pare_mtpool_put(b->pool, objects[i]);
        pare_mtpool_trim(b->pool, 0, PARE_TRIM_ALL);
    }
    return NULL;
}

static void child_of_a_fork(pare_mtpool *pool) {
    void *objects[500];
    pare_mtpool_cache cache;
    alarm(20); /* should it hang */
    if (pare_mtpool_cache_init(&cache, pool) != PARE_OK) _exit(1);
    for (int i = 0; i < 500; i++) {
        objects[i] = i % 2 == 0 ? pare_mtpool_get(pool) : pare_mtpool_cache_get(&cache);
        if (objects[i] == NULL) _exit(2);
        memset(objects[i], i, 64);
    }
    for (int i = 0; i < 500; i++) pare_mtpool_put(pool, objects[i]);
    pare_mtpool_trim(pool, 0, PARE_TRIM_ALL);
    pare_mtpool_deinit(pool);
    _exit(cache.rack == NULL ? 0 : 3);
}

static void thread_fork_leaves_a_usable_child(void **state) {
    (void)state;
    enum { THREADS = 3, FORKS = 60 };
    pthread_t threads[THREADS];
    pare_mtpool pool;
    pare_pool_options o = sized(64);
    assert_int_equal(pare_mtpool_init(&pool, pare_heap(), &o), PARE_OK);
    background b = {.pool = &pool};
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, keep_trading, &b), 0);
    }
    for (int i = 0; i < FORKS; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) child_of_a_fork(&pool);
        assert_int_equal(status_of(child), 0);
    }
    __atomic_store_n(&b.stop, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    assert_int_equal(mt_live(&pool), 0);
    pare_mtpool_deinit(&pool);
}

static pare_status init_forks(void *ctx, void *object) {
    (void)object;
    if (++*(int *)ctx != 3) return PARE_OK;
    pid_t child = fork();
    if (child == 0) _exit(0);
    return status_of(child) == 0 ? PARE_OK : PARE_ERR_FORMAT;
}

static void thread_fork_in_an_init_callback(void **state) {
    probe *p = *state;
    int calls = 0;
    void *objects[10];
    pare_mtpool pool;
    pare_pool_options o = sized(64);
    o.init = init_forks;
    o.ctx = &calls;
    mt_open(&pool, p, o);
    mt_get_all(&pool, objects, 10);
    mt_put_all(&pool, objects, 10);
    pare_mtpool_deinit(&pool);
    assert_int_equal(calls, 10);
}

#endif

/* --- dlclose ----------------------------------------------------------------------------- */

#ifdef PARE_TEST_SHARED
typedef struct visitor {
    pthread_barrier_t barrier;
    pare_allocator blocks; /* a pool's, of the library that goes */
    int served;            /* threads; counted atomically */
} visitor;

static void *visit(void *ctx) {
    visitor *v = ctx;
    void *block = pare_alloc(v->blocks, 64, 8);
    if (block != NULL) __atomic_fetch_add(&v->served, 1, __ATOMIC_RELAXED);
    pare_free(v->blocks, block, 64, 8);
    pthread_barrier_wait(&v->barrier);
    pthread_barrier_wait(&v->barrier); /* meanwhile the library goes */
    return NULL;
}

/* Threads that had caches of a library's pool live on when it is unloaded, and then end. */
static void thread_outlives_an_unloaded_library(void **state) {
    (void)state;
    enum { THREADS = 4, ROUNDS = 3 };
    for (int round = 0; round < ROUNDS; round++) {
        void *library = os_library_open(PARE_TEST_SHARED);
        assert_non_null(library);
        pare_status (*init)(pare_mtpool *, pare_allocator, const pare_pool_options *);
        void (*deinit)(pare_mtpool *);
        pare_allocator (*allocator)(pare_mtpool *);
        *(void **)&init = os_library_symbol(library, "pare_mtpool_init");
        *(void **)&deinit = os_library_symbol(library, "pare_mtpool_deinit");
        *(void **)&allocator = os_library_symbol(library, "pare_mtpool_allocator");
        assert_true(init != NULL && deinit != NULL && allocator != NULL);

        pthread_t threads[THREADS];
        pare_mtpool pool;
        pare_pool_options o = sized(64);
        assert_int_equal(init(&pool, (pare_allocator){0}, &o), PARE_OK);
        visitor v = {.blocks = allocator(&pool)};
        pthread_barrier_init(&v.barrier, NULL, THREADS + 1);
        for (int i = 0; i < THREADS; i++) {
            assert_int_equal(pthread_create(&threads[i], NULL, visit, &v), 0);
        }
        pthread_barrier_wait(&v.barrier);
        assert_int_equal(__atomic_load_n(&v.served, __ATOMIC_RELAXED), THREADS);
        deinit(&pool);
        assert_true(os_library_close(library));
        assert_false(os_library_is_open(PARE_TEST_SHARED));
        pthread_barrier_wait(&v.barrier);
        for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
        pthread_barrier_destroy(&v.barrier);
    }
}
#endif

/* --- idle -------------------------------------------------------------------------------- */

static void thread_idle_of_a_thread_without_caches_does_nothing(void **state) {
    (void)state;
    pare_thread_idle();
}

static void thread_idle_shares_what_it_had(void **state) {
    probe *p = *state;
    void *objects[100];
    pare_mtpool pool;
    mt_open(&pool, p, sized(64));
    mt_get_all(&pool, objects, 100);
    mt_put_all(&pool, objects, 100);
    assert_true(pare_mtpool_get_stats(&pool).cached_count >= 64);
    pare_thread_idle();
    pare_mtpool_stats s = pare_mtpool_get_stats(&pool);
    assert_int_equal(s.cached_count, 0);
    assert_true(s.stock_count >= 100);
    uint64_t creates = s.creates;
    in_thread(use_and_keep_one, &pool);
    assert_true(pare_mtpool_get_stats(&pool).creates - creates <= 300 - 100 + 64);
    pare_mtpool_deinit(&pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(thread_idle_of_a_thread_without_caches_does_nothing),
        CASE(thread_that_ends_gives_back_its_cache),
        CASE(thread_destructors_that_run_late_are_served),
        CASE(thread_caches_go_with_their_pool),
        CASE(thread_slots_are_used_again),
        CASE(thread_finds_its_caches_while_pools_come_and_go),
        CASE(thread_idle_shares_what_it_had),
#ifndef _WIN32
        CASE(thread_of_main_needs_no_end),
        CASE(thread_fork_leaves_a_usable_child),
        CASE(thread_fork_in_an_init_callback),
#endif
#ifdef PARE_TEST_SHARED
        CASE(thread_outlives_an_unloaded_library),
#endif
    };
    return cmocka_run_group_tests_name("thread", tests, NULL, NULL);
}
