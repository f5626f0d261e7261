/* test_serve.c - mirrors internal/serve.h and internal/trims.h, beyond what the pools' tests do.
 * SPDX-License-Identifier: MIT */
#include "support/pools.h"
#include "internal/serve.h"
#include "internal/trims.h"

static parei_depot depot_of(probe *p, pare_pool_options o) {
    parei_depot d;
    parei_harden h;
    assert_int_equal(parei_serve_init(&d, &h, probe_allocator(p), &o), PARE_OK);
    return d;
}

static void serve_init_reads_options(void **state) {
    pare_pool_options o = sized(48);
    parei_depot d = depot_of(*state, o);
    parei_harden h;
    assert_int_equal(d.kind.align, _Alignof(max_align_t));
    assert_true(d.kind.limit_bytes == SIZE_MAX);
    assert_false(parei_serve_cleans(&d));
    o.align = 64;
    o.limit_bytes = 5000;
    o.flags = PARE_WIPE;
    d = depot_of(*state, o);
    assert_int_equal(d.kind.align, 64);
    assert_int_equal(d.kind.limit_bytes, 5000);
    assert_true(parei_serve_cleans(&d));
    o.magazine_bytes = 2 * sizeof(void *) - 1;
    assert_int_equal(parei_serve_init(&d, &h, probe_allocator(*state), &o), PARE_ERR_ARGUMENT);
    o.magazine_bytes++;
    assert_int_equal(parei_serve_init(&d, &h, probe_allocator(*state), &o), PARE_OK);
    assert_int_equal(parei_serve_init(&d, &h, probe_allocator(*state), NULL), PARE_ERR_ARGUMENT);
}

static void serve_keeps_objects_by_count_or_by_bytes(void **state) {
    const size_t sizes[] = {1, 1024, 1025, 100, 8},
                 counts[] = {8 << 20, 8192, 8192, 83886, 1 << 20};
    for (int i = 0; i < 5; i++) {
        parei_depot d = depot_of(*state, sized(sizes[i]));
        assert_int_equal(parei_serve_keep_count(&d), counts[i]);
    }
}

static void count_reset(void *ctx, void *object) {
    assert_int_equal(*(char *)object, 'x'); /* before it is wiped */
    ++*(int *)ctx;
}

static void serve_cleans_by_callback_and_then_wipes(void **state) {
    int calls = 0;
    char object[16], zeros[16] = {0};
    pare_pool_options o = sized(sizeof object);
    o.reset = count_reset;
    o.ctx = &calls;
    o.flags = PARE_WIPE;
    parei_depot d = depot_of(*state, o);
    memset(object, 'x', sizeof object);
    parei_serve_clean(&d, object);
    assert_int_equal(calls, 1);
    assert_memory_equal(object, zeros, sizeof object);
}

static void serve_blocks_are_objects_or_parts_of_them(void **state) {
    char object[64];
    pare_pool_options o = sized(sizeof object);
    o.align = 16;
    parei_depot d = depot_of(*state, o);
    assert_true(parei_serve_fits(&d, 64, 16));
    assert_false(parei_serve_fits(&d, 65, 16));
    assert_false(parei_serve_fits(&d, 1, 32));
    d.watched = false; /* the array is not the depot's to mark */
    memset(object, 'x', sizeof object);
    pare_span block = parei_serve_block(&d, object, 10, PARE_EXACT | PARE_ZEROED);
    assert_ptr_equal(block.ptr, object);
    assert_int_equal(block.cap, 10);
    assert_int_equal(object[9], 0);
    assert_int_equal(object[10], 'x');
    assert_int_equal(parei_serve_resize(&d, &block, 65, PARE_MAY_MOVE), PARE_ERR_ARGUMENT);
    assert_int_equal(block.cap, 10);
    assert_int_equal(parei_serve_resize(&d, &block, 11, PARE_ZEROED), PARE_OK);
    assert_int_equal(block.cap, 64);
    assert_int_equal(object[63], 0);
}

static void serve_reports_each_stray(void **state) {
    parei_strays strays = {2, {{"double put", state, NULL}, {"foreign pointer", &strays, NULL}}};
    pare_set_misuse_handler(misuse_note);
    parei_serve_report("pool", &misuse_last, &strays, NULL);
    assert_int_equal(misuse_count, 2);
    assert_string_equal(misuse_last.kind, "foreign pointer");
    assert_ptr_equal(misuse_last.address, &strays);
}

static void trims_are_due_once_in_an_interval(void **state) {
    (void)state;
    parei_trims t = parei_trims_every(0);
    assert_true(parei_trims_due(&t, 5));
    assert_false(parei_trims_due(&t, 5));
    assert_false(parei_trims_due(&t, 1004));
    assert_true(parei_trims_due(&t, 1005));
    t = parei_trims_every(UINT32_MAX);
    assert_true(parei_trims_due(&t, 0)); /* a clock may begin there */
    assert_false(parei_trims_due(&t, UINT32_MAX - 1u));
    assert_true(parei_trims_due(&t, UINT32_MAX));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(serve_init_reads_options),
        CASE(serve_keeps_objects_by_count_or_by_bytes),
        CASE(serve_cleans_by_callback_and_then_wipes),
        CASE(serve_blocks_are_objects_or_parts_of_them),
        CASE(serve_reports_each_stray),
        CASE(trims_are_due_once_in_an_interval),
    };
    return cmocka_run_group_tests_name("serve", tests, NULL, NULL);
}
