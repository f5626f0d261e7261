/* test_bufrack.c - caches, stocks and the budget of pare/mtbufpool.h.
 * SPDX-License-Identifier: MIT */
#include "support/probe.h"
#include "pare/mtbufpool.h"

static void open_pool(pare_mtbufpool *b, probe *p, pare_bufpool_options options) {
    assert_int_equal(pare_mtbufpool_init(b, probe_allocator(p), &options), PARE_OK);
}

static pare_span check_got(pare_span s, size_t size) {
    assert_non_null(s.ptr);
    assert_true(s.cap >= size);
    memset(s.ptr, 0x33, s.cap);
    return s;
}

/* A buffer for `size`, all of it written. */
static pare_span got(pare_mtbufpool *b, size_t size) {
    return check_got(pare_mtbufpool_get(b, size), size);
}

static void get_all(pare_mtbufpool *b, pare_span *spans, size_t count, size_t size) {
    for (size_t i = 0; i < count; i++) spans[i] = got(b, size);
}

static void put_all(pare_mtbufpool *b, const pare_span *spans, size_t count) {
    for (size_t i = 0; i < count; i++) pare_mtbufpool_put(b, spans[i]);
}

static pare_mtbufpool_stats stats_of(const pare_mtbufpool *b) {
    return pare_mtbufpool_get_stats(b);
}

static void bufrack_large_classes_bypass_caches(void **state) {
    probe *p = *state;
    pare_mtbufpool b;
    pare_mtbufpool_cache one, two;
    open_pool(&b, p, (pare_bufpool_options){0});
    assert_int_equal(pare_mtbufpool_cache_init(&one, &b), PARE_OK);
    assert_int_equal(pare_mtbufpool_cache_init(&two, &b), PARE_OK);
    pare_span s = check_got(pare_mtbufpool_cache_get(&one, 65537), 65537);
    pare_mtbufpool_cache_put(&one, s);
    assert_int_equal(stats_of(&b).cached_count, 0);
    assert_int_equal(stats_of(&b).charged_bytes, s.cap);
    assert_ptr_equal(pare_mtbufpool_cache_get(&two, 65537).ptr, s.ptr);
    pare_mtbufpool_cache_put(&two, s);

    pare_span small = check_got(pare_mtbufpool_cache_get(&one, 65536), 65536);
    pare_mtbufpool_cache_put(&one, small);
    assert_int_equal(stats_of(&b).cached_count, probe_watched() ? 0 : 1);
    pare_mtbufpool_cache_put(&one, pare_mtbufpool_cache_get(&one, 65536));
    pare_mtbufpool_cache_put(&two, (pare_span){NULL, 0});
    pare_mtbufpool_deinit(&b);
}

static void bufrack_caches_share_what_they_give_back(void **state) {
    probe *p = *state;
    enum { COUNT = 200 };
    pare_span spans[COUNT];
    pare_mtbufpool b;
    pare_mtbufpool_cache one, two;
    open_pool(&b, p, (pare_bufpool_options){0});
    assert_int_equal(pare_mtbufpool_cache_init(&one, &b), PARE_OK);
    assert_int_equal(pare_mtbufpool_cache_init(&two, &b), PARE_OK);
    for (int i = 0; i < COUNT; i++) spans[i] = pare_mtbufpool_cache_get(&one, 64);
    for (int i = 0; i < COUNT; i++) pare_mtbufpool_cache_put(&one, spans[i]);
    assert_int_equal(stats_of(&b).retained_count, COUNT);
    pare_mtbufpool_cache_trim(&one);
    assert_int_equal(stats_of(&b).cached_count, 0);
    assert_int_equal(stats_of(&b).retained_count, COUNT);
    uint64_t misses = stats_of(&b).misses;
    for (int i = 0; i < COUNT; i++) spans[i] = pare_mtbufpool_cache_get(&two, 64);
    assert_int_equal(stats_of(&b).misses, misses);
    for (int i = 0; i < COUNT; i++) pare_mtbufpool_cache_put(&one, spans[i]); /* any cache */
    pare_mtbufpool_cache_deinit(&one);
    pare_mtbufpool_cache_deinit(&one);
    assert_int_equal(stats_of(&b).cache_count, 1);
    assert_int_equal(stats_of(&b).hits, COUNT);
    assert_int_equal(stats_of(&b).retained_count, COUNT);
    pare_mtbufpool_deinit(&b);
}

static void bufrack_cache_zeroed_refuses_gets(void **state) {
    (void)state;
    pare_mtbufpool_cache c = {0};
    assert_null(pare_mtbufpool_cache_get(&c, 100).ptr);
    assert_int_equal(pare_mtbufpool_cache_status(&c), PARE_ERR_ARGUMENT);
    pare_mtbufpool_cache_put(&c, (pare_span){NULL, 0});
    pare_mtbufpool_cache_trim(&c);
    pare_mtbufpool_cache_deinit(&c);
}

static void bufrack_budget_holds_at_both_edges(void **state) {
    probe *p = *state;
    static const size_t list[] = {100, 100000};
    pare_mtbufpool b;
    pare_span spans[5];
    for (size_t k = 0; k < 2; k++) {
        size_t cap = list[k];
        for (size_t retain = cap - 1; retain <= 4 * cap;
             retain += retain % cap == 0 ? cap - 1 : 1) {
            open_pool(
                &b, p,
                (pare_bufpool_options){.classes = list, .class_count = 2, .retain_bytes = retain});
            get_all(&b, spans, 5, cap);
            put_all(&b, spans, 5);
            assert_int_equal(stats_of(&b).retained_count, retain / cap);
            assert_int_equal(stats_of(&b).dropped_budget, 5 - retain / cap);
            assert_int_equal(pare_mtbufpool_get_class_stats(&b, k).dropped, 5 - retain / cap);
            pare_mtbufpool_deinit(&b);
        }
    }
}

static void bufrack_budget_takes_the_room_of_empty_magazines(void **state) {
    probe *p = *state;
    static const size_t list[] = {100, 100000};
    pare_mtbufpool b;
    pare_span spans[1000];
    open_pool(&b, p,
              (pare_bufpool_options){.classes = list, .class_count = 2, .retain_bytes = 100000});
    get_all(&b, spans, 1000, 100);
    put_all(&b, spans, 1000);
    assert_true(stats_of(&b).retained_count > 900);
    pare_span large = got(&b, 100000);
    pare_mtbufpool_put(&b, large);
    assert_int_equal(stats_of(&b).dropped_budget, 1000 - stats_of(&b).retained_count + 1);
    get_all(&b, spans, 1000, 100); /* the stock has empty magazines now */
    pare_mtbufpool_trim(&b, 0, PARE_TRIM_ALL);
    large = got(&b, 100000);
    pare_mtbufpool_put(&b, large);
    assert_int_equal(stats_of(&b).retained_bytes, 100000);
    put_all(&b, spans, 1000); /* dropped: there is no budget left */
    assert_int_equal(stats_of(&b).retained_bytes, 100000);
    pare_mtbufpool_deinit(&b);
}

static void bufrack_double_put_in_a_magazine_is_dropped_when_it_leaves(void **state) {
    probe *p = *state;
    pare_mtbufpool b;
    open_pool(&b, p, (pare_bufpool_options){0});
    pare_span one = got(&b, 100), two = got(&b, 100);
    pare_set_misuse_handler(misuse_note);
    put_all(&b, (pare_span[]){one, two, one, two}, 4);
    assert_int_equal(misuse_count, probe_watched() ? 2 : 0);
    pare_mtbufpool_trim(&b, 0, PARE_TRIM_ALL);
    assert_int_equal(misuse_count, 2);
    assert_string_equal(misuse_last.kind, "double put");
    assert_ptr_equal(misuse_last.object, &b);
    assert_ptr_equal(misuse_last.address, two.ptr);
    pare_mtbufpool_deinit(&b); /* the probe would know of a second free */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(bufrack_large_classes_bypass_caches),
        CASE(bufrack_caches_share_what_they_give_back),
        CASE(bufrack_cache_zeroed_refuses_gets),
        CASE(bufrack_budget_holds_at_both_edges),
        CASE(bufrack_budget_takes_the_room_of_empty_magazines),
        CASE(bufrack_double_put_in_a_magazine_is_dropped_when_it_leaves),
    };
    return cmocka_run_group_tests_name("bufrack", tests, NULL, NULL);
}
