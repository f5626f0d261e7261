/* test_harden.c - mirrors internal/harden.h, where sites can be told one by one; what users see is
 * tested in support/hardened.c.
 * SPDX-License-Identifier: MIT */
#include "support/pools.h"
#include "internal/harden.h"

/* Sites, as addresses of these. */
static char get_site, put_site, later_site;

typedef struct bench {
    parei_harden h;
    parei_depot d;
    parei_strays found;
} bench;

static void open_bench(bench *b, probe *p, pare_pool_options o) {
    parei_kind kind = {.size = o.size, .align = 16, .limit_bytes = SIZE_MAX, .init = o.init};
    *b = (bench){.found = {.count = 0}};
    assert_int_equal(parei_harden_init(&b->h, &o, &kind), PARE_OK);
    assert_int_equal(parei_depot_init(&b->d, probe_allocator(p), &kind), PARE_OK);
}

static pare_pool_options hardened(size_t size) {
    pare_pool_options o = sized(size);
    o.flags = PARE_POOL_HARDENED;
    return o;
}

static char *get(bench *b) {
    void *object = NULL;
    assert_int_equal(parei_harden_get(&b->h, &b->d, &get_site, &object, 1, &b->found), PARE_OK);
    return object;
}

static void put(bench *b, void *object) {
    assert_false(parei_harden_stray(&b->d, object, &b->found));
    parei_harden_put(&b->h, &b->d, &put_site, object, &b->found);
}

/* Exactly this was found since the last time. */
static void expect_one(bench *b, const char *kind, const void *address, const void *earlier) {
    assert_int_equal(b->found.count, 1);
    assert_string_equal(b->found.list[0].kind, kind);
    assert_ptr_equal(b->found.list[0].address, address);
    assert_ptr_equal(b->found.list[0].earlier, earlier);
    b->found.count = 0;
}

static void harden_init_is_off_unless_asked(void **state) {
    (void)state;
    parei_harden h;
    parei_kind kind = {.size = 64};
    pare_pool_options o = sized(64);
    o.quarantine_bytes = 1000;
    o.chaos_seed = 7;
    assert_int_equal(parei_harden_init(&h, &o, &kind), PARE_OK);
    assert_false(h.on || h.checked);
    assert_int_equal(kind.note_bytes + kind.gap, 0);
    o.chaos_get = 1;
    assert_int_equal(parei_harden_init(&h, &o, &kind), PARE_OK);
    assert_true(h.on && !h.checked && kind.gap == 0);
    assert_int_equal(h.quarantine_max, 15);
    o.flags = PARE_POOL_HARDENED;
    assert_int_equal(parei_harden_init(&h, &o, &kind), PARE_OK);
    assert_true(h.on && h.checked && kind.gap > 0);
    assert_int_equal(kind.note_bytes, sizeof(parei_note));
}

static void harden_names_the_call_before(void **state) {
    bench b;
    open_bench(&b, *state, hardened(64));
    char *a = get(&b), *c = get(&b);
    put(&b, a);
    assert_true(parei_harden_stray(&b.d, a, &b.found));
    expect_one(&b, "double put", a, &put_site);
    assert_true(parei_harden_stray(&b.d, c + 1, &b.found));
    expect_one(&b, "interior pointer", c + 1, &get_site);
    assert_true(parei_harden_stray(&b.d, &b, &b.found));
    expect_one(&b, "foreign pointer", &b, NULL);
    if (!b.d.watched) {
        char *volatile bug = c + 64;
        *bug = 1;
        put(&b, c);
        expect_one(&b, "write past the end of an object", c + 64, &get_site);
        bug = a + 3;
        *bug = 1;
        b.h.quarantine_max = 0;
        void *object;
        while (b.found.count == 0) {
            parei_harden_get(&b.h, &b.d, &later_site, &object, 1, &b.found);
            put(&b, object);
        }
        expect_one(&b, "write after put", a + 3, &put_site);
    }
    parei_depot_deinit(&b.d);
}

static void harden_reuses_the_coldest(void **state) {
    enum { COUNT = 10 };
    bench b;
    pare_pool_options o = hardened(64);
    char *objects[COUNT];
    o.quarantine_bytes = 4 * 64;
    open_bench(&b, *state, o);
    for (int i = 0; i < COUNT; i++) objects[i] = get(&b);
    for (int i = 0; i < 4; i++) put(&b, objects[i]);
    assert_int_equal(b.h.quarantine_count, 4);
    assert_int_equal(b.d.free_count, 0);
    put(&b, objects[4]);
    assert_int_equal(b.h.quarantine_count, 4);
    assert_ptr_equal(get(&b), objects[0]);
    probe *p = *state;
    b.d.kind.limit_bytes = b.d.charged_bytes;
    probe_refuse(p, 0, PROBE_NEVER);
    while (b.d.tail != NULL) get(&b); /* the slab's last */
    for (int i = 1; i < 5; i++) assert_ptr_equal(get(&b), objects[i]);
    void *object;
    assert_int_equal(parei_harden_get(&b.h, &b.d, &get_site, &object, 1, &b.found), PARE_ERR_LIMIT);
    assert_int_equal(b.found.count, 0);
    parei_depot_deinit(&b.d);
}

static void harden_audit_goes_on_where_it_stopped(void **state) {
    enum { COUNT = 50 };
    bench b;
    void *from = NULL;
    open_bench(&b, *state, hardened(64));
    char *objects[COUNT];
    for (int i = 0; i < COUNT; i++) objects[i] = get(&b);
    for (int i = 0; i < COUNT; i += 5) put(&b, objects[i]);
    assert_false(parei_harden_audit(&b.h, &b.d, false, &from, &b.found));
    assert_int_equal(b.found.count, 0);
    assert_int_equal(b.h.quarantine_count, 0);
    const char *last = NULL;
    int leaks = 0;
    from = NULL;
    for (bool more = true; more;) {
        more = parei_harden_audit(&b.h, &b.d, true, &from, &b.found);
        for (size_t i = 0; i < b.found.count; i++, leaks++) {
            assert_string_equal(b.found.list[i].kind, "leak");
            assert_ptr_equal(b.found.list[i].earlier, &get_site);
            assert_true((const char *)b.found.list[i].address > last);
            last = b.found.list[i].address;
        }
        b.found.count = 0;
    }
    assert_int_equal(leaks, COUNT - COUNT / 5);
    parei_depot_deinit(&b.d);
}

static void harden_chance_is_fair(void **state) {
    bench b;
    pare_pool_options o = sized(64);
    int refused = 0;
    o.chaos_get = 10;
    open_bench(&b, *state, o);
    for (int i = 0; i < 100000; i++) {
        void *object;
        if (parei_harden_get(&b.h, &b.d, &get_site, &object, 1, &b.found) == PARE_OK) {
            put(&b, object);
        } else {
            refused++;
        }
    }
    assert_true(refused > 9700 && refused < 10300); /* three deviations are 285 */
    parei_depot_deinit(&b.d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(harden_init_is_off_unless_asked), CASE(harden_names_the_call_before),
        CASE(harden_reuses_the_coldest),       CASE(harden_audit_goes_on_where_it_stopped),
        CASE(harden_chance_is_fair),
    };
    return cmocka_run_group_tests_name("harden", tests, NULL, NULL);
}
