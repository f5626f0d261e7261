/* test_mag.c - mirrors internal/mag.h section by section.
 * Method: the depot and the magazine are driven directly, where slabs and strays can be seen one by
 * one; what users see of them is tested in test_pool.c.
 * SPDX-License-Identifier: MIT */
#include "support/probe.h"
#include "internal/mag.h"

enum { MANY = 1000 };

static parei_depot depot_of(probe *p, size_t size, size_t align) {
    parei_depot d;
    parei_kind kind = {.size = size, .align = align, .limit_bytes = SIZE_MAX};
    assert_int_equal(parei_depot_init(&d, probe_allocator(p), &kind), PARE_OK);
    return d;
}

/* Takes exactly `count` objects. */
static void take(parei_depot *d, void **items, size_t count) {
    for (size_t n = 0, more; n < count; n += more) {
        assert_int_equal(parei_depot_take(d, items + n, count - n, &more), PARE_OK);
        assert_true(more >= 1 && more <= count - n);
    }
}

/* Gives them back and demands that all have a place. */
static void give(parei_depot *d, void **items, size_t count) {
    parei_strays strays = {0};
    assert_int_equal(parei_depot_give(d, items, count, &strays), count);
    assert_int_equal(strays.count, 0);
}

/* --- slabs and depot --------------------------------------------------------------------- */

static void mag_depot_init_refuses_kinds_that_no_slab_holds(void **state) {
    probe *p = *state;
    const parei_kind bad[] = {
        {.size = 0, .align = 8, .limit_bytes = SIZE_MAX},
        {.size = 8, .align = 0, .limit_bytes = SIZE_MAX},
        {.size = 8, .align = 24, .limit_bytes = SIZE_MAX},
        {.size = SIZE_MAX, .align = 1, .limit_bytes = SIZE_MAX},
        {.size = PARE_SIZE_MAX, .align = 1, .limit_bytes = SIZE_MAX},
        {.size = PARE_SIZE_MAX - 16, .align = 1, .limit_bytes = SIZE_MAX},
        {.size = 1, .align = PARE_SIZE_MAX / 2 + 1, .limit_bytes = SIZE_MAX},
        {.size = 64, .align = 8, .limit_bytes = 64},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        parei_depot d;
        assert_int_equal(parei_depot_init(&d, probe_allocator(p), &bad[i]), PARE_ERR_ARGUMENT);
    }
    assert_int_equal(p->requests, 0);
}

/* Every address around and in a slab: an object's start, inside one, or foreign. */
static void look_at_every_address(probe *p, size_t size, size_t align) {
    void *items[8];
    parei_depot d = depot_of(p, size, align);
    take(&d, items, 8);
    for (int i = 0; d.exact && i < 8; i++) parei_depot_lend(&d, items[i]);

    assert_int_equal(d.slab_count, 1);
    const char *objects = d.slabs[0]->objects;
    size_t end = d.slabs[0]->capacity * d.shape.stride;
    for (size_t at = 0; at < end; at++) {
        const char *kind = parei_depot_stray(&d, objects + at);
        bool start = at % d.shape.stride == 0, ours = false;
        for (int i = 0; i < 8; i++) ours = ours || items[i] == objects + at;
        assert_true(!ours || start);
        assert_int_equal(parei_depot_owns(&d, objects + at),
                         start && at / d.shape.stride < d.made_count);
        if (ours) {
            assert_null(kind);
        } else {
            assert_string_equal(kind, start ? "double put" : "interior pointer");
        }
    }
    for (size_t at = 0; at < 64; at++) {
        assert_string_equal(parei_depot_stray(&d, objects - 1 - at), "foreign pointer");
        assert_string_equal(parei_depot_stray(&d, objects + end + at), "foreign pointer");
    }
    for (int i = 0; d.exact && i < 8; i++) parei_depot_unlend(&d, items[i]);
    parei_depot_deinit(&d);
}

static void mag_depot_tells_an_objects_start_from_all_other_addresses(void **state) {
    const size_t sizes[] = {1, 2, 3, 7, 8, 12, 24, 63, 64, 100, 1000, 4096};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (size_t align = 1; align <= 256; align *= 4) {
            look_at_every_address(*state, sizes[i], align);
        }
    }
}

static void mag_depot_takes_and_gives_across_many_slabs(void **state) {
    probe *p = *state;
    static void *items[MANY];
    parei_depot d = depot_of(p, 900, 4);
    take(&d, items, MANY);
    assert_true(d.slab_count > PAREI_DEPOT_FIRST_SLABS);
    for (size_t i = 1; i < d.slab_count; i++) {
        assert_true((uintptr_t)d.slabs[i - 1] < (uintptr_t)d.slabs[i]);
    }
    for (size_t i = 0; i < MANY; i++) {
        assert_true((uintptr_t)items[i] - d.base < d.extent);
    }
    for (size_t step = 0; step < 7; step++) { /* from all slabs at once */
        for (size_t i = step; i < MANY; i += 7) give(&d, &items[i], 1);
    }
    assert_int_equal(d.slab_count, 1); /* the spare */
    assert_int_equal(d.empty_count, 1);
    assert_int_equal(d.made_count, d.free_count);
    assert_ptr_equal(d.base, d.slabs[0]->objects);
    assert_int_equal(d.extent, d.slabs[0]->capacity * d.shape.stride);
    parei_depot_trim(&d);
    assert_int_equal(d.slab_count, 0);
    assert_int_equal(d.extent, 0);
    parei_depot_deinit(&d);
}

static void mag_depot_uses_all_that_the_allocator_gave(void **state) {
    probe *p = *state;
    void *item;
    parei_depot d = depot_of(p, 64, 8);
    p->slack = 64 * 1024;
    take(&d, &item, 1);
    assert_true(d.slabs[0]->capacity * d.shape.stride > 64 * 1024);
    assert_true(d.slabs[0]->objects + d.slabs[0]->capacity * d.shape.stride <=
                (char *)d.slabs[0] + d.slabs[0]->block.cap);
    give(&d, &item, 1);
    parei_depot_deinit(&d);
}

static void mag_depot_asks_for_less_when_refused_down_to_one_object(void **state) {
    probe *p = *state;
    void *item;
    parei_depot d = depot_of(p, 64, 8);
    probe_refuse(p, 0, 3);
    take(&d, &item, 1);
    assert_true(p->requests == 4 && d.slabs[0]->capacity >= 2);
    uint32_t capacity = d.slabs[0]->capacity;
    give(&d, &item, 1);
    parei_depot_trim(&d);

    probe_refuse(p, 0, 4);
    take(&d, &item, 1);
    assert_true(d.slabs[0]->capacity < 2 * capacity);
    give(&d, &item, 1);
    parei_depot_trim(&d);

    size_t taken;
    probe_refuse(p, 0, PROBE_NEVER);
    assert_int_equal(parei_depot_take(&d, &item, 1, &taken), PARE_ERR_MEMORY);
    assert_int_equal(taken, 0);
    assert_true(p->requests < 32);
    parei_depot_deinit(&d);
}

static void mag_depot_prefers_used_objects_to_new_ones(void **state) {
    probe *p = *state;
    void *items[4], *again;
    parei_depot d = depot_of(p, 64, 8);
    take(&d, items, 4);
    give(&d, &items[2], 1);
    uint64_t creates = d.creates;
    take(&d, &again, 1);
    assert_int_equal(d.creates, creates);
    assert_ptr_equal(again, items[2]);
    parei_depot_deinit(&d);
}

static void mag_depot_give_drops_strays_in_lots(void **state) {
    probe *p = *state;
    void *items[3], *bad[2 * PAREI_STRAYS_MAX];
    parei_strays strays = {0};
    parei_depot d = depot_of(p, 64, 8);
    take(&d, items, 3);
    give(&d, items, 1);
    bad[0] = items[1];
    for (size_t i = 1; i < 2 * PAREI_STRAYS_MAX; i++) bad[i] = items[0];

    assert_int_equal(parei_depot_give(&d, bad, 2 * PAREI_STRAYS_MAX, &strays),
                     PAREI_STRAYS_MAX + 1);
    assert_int_equal(strays.count, PAREI_STRAYS_MAX);
    for (size_t i = 0; i < PAREI_STRAYS_MAX; i++) {
        assert_string_equal(strays.list[i].kind, "double put");
        assert_ptr_equal(strays.list[i].address, items[0]);
    }
    assert_int_equal(d.made_count - d.free_count, 1);
    parei_depot_deinit(&d);
}

static void mag_depot_reserve_makes_all_or_none(void **state) {
    probe *p = *state;
    void *item;
    parei_depot d = depot_of(p, 512, 8);
    take(&d, &item, 1);
    size_t slabs = d.slab_count, made = d.made_count, bytes = d.held_bytes;

    for (uint64_t at = 0; at < 4; at++) {
        probe_refuse(p, at, PROBE_NEVER);
        assert_int_equal(parei_depot_reserve(&d, MANY), PARE_ERR_MEMORY);
        assert_int_equal(d.slab_count, slabs);
        assert_int_equal(d.made_count, made);
        assert_int_equal(d.held_bytes, bytes);
    }
    probe_refuse(p, PROBE_NEVER, 0);
    assert_int_equal(parei_depot_reserve(&d, SIZE_MAX), PARE_ERR_ARGUMENT);
    assert_int_equal(parei_depot_reserve(&d, MANY), PARE_OK);
    assert_true(d.free_count >= MANY);
    uint64_t requests = p->requests;
    static void *items[MANY];
    take(&d, items, MANY);
    assert_int_equal(p->requests, requests);
    parei_depot_deinit(&d);
}

static void mag_depot_wipe_zeroes_the_object_and_no_more(void **state) {
    probe *p = *state;
    unsigned char *items[2];
    parei_depot d = depot_of(p, 24, 8);
    take(&d, (void **)items, 2);
    for (int i = 0; i < 2; i++) {
        if (d.exact) parei_depot_lend(&d, items[i]);
        memset(items[i], 'x', 24);
    }
    parei_depot_wipe(&d, items[0]);
    for (int i = 0; i < 24; i++) {
        assert_int_equal(items[0][i], 0);
        assert_int_equal(items[1][i], 'x');
    }
    parei_depot_deinit(&d);
}

/* --- magazines --------------------------------------------------------------------------- */

static void mag_grow_stops_exactly_at_its_bound(void **state) {
    probe *p = *state;
    void *storage[4];
    parei_mag m;
    parei_depot d = depot_of(p, 64, 8);
    parei_mag_init(&m, storage, sizeof storage);
    assert_int_equal(m.capacity, 3);
    assert_false(parei_mag_grow(&m, &d, sizeof storage));
    assert_false(parei_mag_grow(&m, &d, sizeof storage + sizeof(void *) - 1));
    assert_false(parei_mag_grow(&m, &d, 0));
    assert_true(parei_mag_grow(&m, &d, sizeof storage + sizeof(void *)));
    assert_int_equal(m.capacity, 4);
    p->slack = 1000;
    assert_true(parei_mag_grow(&m, &d, 9 * sizeof(void *)));
    assert_int_equal(m.capacity, 8);
    probe_refuse(p, 0, 1);
    assert_false(parei_mag_grow(&m, &d, SIZE_MAX));
    assert_int_equal(m.capacity, 8);
    assert_null(m.items[-1]);
    parei_mag_shrink(&m, &d);
    assert_int_equal(m.capacity, 3);
    assert_int_equal(p->live_blocks, 0);
    parei_depot_deinit(&d);
}

static void mag_spill_gives_the_oldest_and_keeps_the_rest_in_order(void **state) {
    probe *p = *state;
    void *storage[17], *order[16];
    parei_strays strays = {0};
    parei_mag m;
    parei_depot d = depot_of(p, 64, 8);
    parei_mag_init(&m, storage, sizeof storage);
    assert_int_equal(parei_mag_refill(&m, &d, 100), PARE_OK);
    assert_int_equal(m.count, 16);
    memcpy(order, m.items, sizeof order);
    assert_int_equal(parei_mag_spill(&m, &d, 10, &strays), 10);
    assert_int_equal(m.count, 6);
    assert_memory_equal(m.items, order + 10, 6 * sizeof(void *));
    assert_int_equal(parei_mag_refill(&m, &d, 1), PARE_OK);
    assert_ptr_equal(m.items[6], order[9]); /* the one given last */
    assert_int_equal(parei_mag_spill(&m, &d, 7, &strays), 7);
    assert_int_equal(strays.count, 0);
    parei_depot_deinit(&d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(mag_depot_init_refuses_kinds_that_no_slab_holds),
        CASE(mag_depot_tells_an_objects_start_from_all_other_addresses),
        CASE(mag_depot_takes_and_gives_across_many_slabs),
        CASE(mag_depot_uses_all_that_the_allocator_gave),
        CASE(mag_depot_asks_for_less_when_refused_down_to_one_object),
        CASE(mag_depot_prefers_used_objects_to_new_ones),
        CASE(mag_depot_give_drops_strays_in_lots),
        CASE(mag_depot_reserve_makes_all_or_none),
        CASE(mag_depot_wipe_zeroes_the_object_and_no_more),
        CASE(mag_grow_stops_exactly_at_its_bound),
        CASE(mag_spill_gives_the_oldest_and_keeps_the_rest_in_order),
    };
    return cmocka_run_group_tests_name("mag", tests, NULL, NULL);
}
