/* test_pages.c - mirrors pare/pages.h.
 * What the kernel holds is asked of the kernel: which pages are there (mincore), how many addresses
 * are taken (/proc/self/statm), where a touch is fatal (a child process).
 * SPDX-License-Identifier: MIT */
#include "support/probe.h"
#include <errno.h>
#include "pare/arena.h"
#include "pare/counting.h"
#include "pare/pages.h"
#ifdef __linux__
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

/* Sanitizers need addresses of their own, and mark memory by address. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) ||                         \
    __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)

static const size_t reserves[] = {0, 1, 64 * KIB, 16 * MIB};
enum { RESERVES = sizeof reserves / sizeof reserves[0] };

static bool is_zero(const char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0) return false;
    }
    return true;
}

static uintptr_t misalignment(const void *ptr, size_t align) {
    return (uintptr_t)ptr & (align - 1);
}

/* --- alloc and free ----------------------------------------------------------------------- */

static void pages_are_whole_zero_and_usable_to_the_last_byte(void **state) {
    (void)state;
    size_t page = pare_pages_page_bytes();
    const size_t sizes[] = {1, page - 1, page, page + 1, 10 * page, MIB + 1};
    assert_true(page >= 512 && (page & (page - 1)) == 0);
    for (size_t i = 0; i < RESERVES * sizeof sizes / sizeof sizes[0]; i++) {
        pare_allocator a = pare_pages(reserves[i % RESERVES]);
        size_t size = sizes[i / RESERVES];
        pare_span s;
        assert_int_equal(pare_alloc_span(a, size, 1, 0, &s), PARE_OK);
        assert_int_equal(s.cap, (size + page - 1) / page * page);
        assert_int_equal(misalignment(s.ptr, page), 0);
        assert_true(is_zero(s.ptr, s.cap));
        memset(s.ptr, 'x', s.cap);
        pare_free_span(a, s, 1);
    }
}

static void pages_exact_block_has_the_size_asked_for(void **state) {
    (void)state;
    pare_allocator a = pare_pages(0);
    pare_span s;
    assert_int_equal(pare_alloc_span(a, 100, 8, PARE_EXACT, &s), PARE_OK);
    assert_int_equal(s.cap, 100);
    assert_int_equal(pare_resize_span(a, &s, 99, 8, PARE_EXACT), PARE_OK);
    assert_int_equal(s.cap, 99);
    pare_free_span(a, s, 8);

    char *text = pare_realloc(a, NULL, 0, 6, 1);
    assert_non_null(text);
    memcpy(text, "hello", 6);
    text = pare_realloc(a, text, 6, 3 * MIB + 1, 1);
    assert_non_null(text);
    assert_string_equal(text, "hello");
    pare_free(a, text, 3 * MIB + 1, 1);
}

static void pages_honour_any_alignment(void **state) {
    (void)state;
    for (size_t align = 1; align <= 64 * MIB; align *= 2) {
        for (size_t i = 0; i < RESERVES; i++) {
            pare_allocator a = pare_pages(reserves[i]);
            pare_span s;
            assert_int_equal(pare_alloc_span(a, 5000, align, PARE_ZEROED, &s), PARE_OK);
            assert_int_equal(misalignment(s.ptr, align), 0);
            memset(s.ptr, 'x', s.cap);
            assert_int_equal(pare_realloc_span(a, &s, 5000, 100 * KIB, align, PARE_MAY_MOVE),
                             PARE_OK);
            assert_int_equal(misalignment(s.ptr, align), 0);
            assert_int_equal(((char *)s.ptr)[4999], 'x');
            pare_free_span(a, s, align);
        }
    }
}

static void pages_refuse_what_no_kernel_has_and_keep_errno(void **state) {
    (void)state;
    const size_t huge = PARE_SIZE_MAX;
    const struct {
        size_t reserve, size, align;
        pare_status status;
    } cases[] = {
#if SIZE_MAX > UINT32_MAX
        {0, huge - 4095, 1, PARE_ERR_MEMORY},
        {0, huge / 2 + 1, huge / 2 + 1, PARE_ERR_MEMORY},
        {0, 1, huge / 2 + 1, PARE_ERR_MEMORY},
#endif
        {0, huge, 1, PARE_ERR_MEMORY},
        {huge, 1, 1, PARE_ERR_MEMORY},
        {SIZE_MAX, 1, 1, PARE_ERR_MEMORY},
        {SIZE_MAX - 4096, 1, huge / 2 + 1, PARE_ERR_MEMORY},
        {0, huge + 1, 1, PARE_ERR_ARGUMENT},
        {0, SIZE_MAX, 1, PARE_ERR_ARGUMENT},
    };
    errno = 77;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pare_span s = {&s, 77};
        pare_allocator a = pare_pages(cases[i].reserve);
        assert_int_equal(pare_alloc_span(a, cases[i].size, cases[i].align, 0, &s), cases[i].status);
        assert_ptr_equal(s.ptr, &s);
        assert_int_equal(s.cap, 77);
    }

    pare_allocator a = pare_pages(MIB);
    pare_span s;
    assert_int_equal(pare_alloc_span(a, 1, 1, 0, &s), PARE_OK);
    pare_span before = s;
    assert_int_equal(pare_resize_span(a, &s, huge, 1, PARE_MAY_MOVE), PARE_ERR_MEMORY);
    assert_int_equal(pare_resize_span(a, &s, huge - 1, 1, 0), PARE_ERR_MEMORY);
    assert_memory_equal(&s, &before, sizeof s);
    pare_free_span(a, s, 1);
    assert_int_equal(errno, 77);
}

/* --- resize -------------------------------------------------------------------------------- */

static void pages_grow_in_place_up_to_the_reservation(void **state) {
    (void)state;
    size_t page = pare_pages_page_bytes(), reserve = 16 * MIB;
    pare_allocator a = pare_pages(reserve);
    pare_span s;
    assert_int_equal(pare_alloc_span(a, 1, 1, 0, &s), PARE_OK);
    char *first = s.ptr;
    while (s.cap < reserve) {
        size_t cap = s.cap;
        memset(first + cap - page, (int)(cap / page % 127), page);
        assert_int_equal(pare_resize_span(a, &s, 2 * cap, 1, 0), PARE_OK);
        assert_ptr_equal(s.ptr, first);
        assert_int_equal(s.cap, 2 * cap);
        assert_int_equal(first[cap - 1], (char)(cap / page % 127));
        assert_true(is_zero(first + cap, cap));
    }
    first[reserve - 1] = 1;

    /* Back to one page: the same reservation, and one byte less than all of it is in place. */
    assert_int_equal(pare_resize_span(a, &s, 1, 1, 0), PARE_OK);
    pare_span before = s;
    assert_int_equal(pare_resize_span(a, &s, reserve + 1, 1, 0), PARE_ERR_MEMORY);
    assert_memory_equal(&s, &before, sizeof s);
    assert_int_equal(pare_resize_span(a, &s, reserve - 1, 1, PARE_EXACT), PARE_OK);
    assert_ptr_equal(s.ptr, first);
    assert_int_equal(s.cap, reserve - 1);
    pare_free_span(a, s, 1);
}

static void pages_shrunk_and_grown_again_are_fresh(void **state) {
    (void)state;
    size_t page = pare_pages_page_bytes();
    pare_allocator a = pare_pages(MIB);
    pare_span s;
    assert_int_equal(pare_alloc_span(a, MIB, 1, 0, &s), PARE_OK);
    char *bytes = s.ptr;
    memset(bytes, 'x', MIB);
    assert_int_equal(pare_resize_span(a, &s, page + 10, 1, PARE_EXACT), PARE_OK);
    assert_int_equal(bytes[page + 9], 'x');

    /* The rest of the last page was the block's before: only PARE_ZEROED wipes it. */
    assert_int_equal(pare_resize_span(a, &s, page + 20, 1, PARE_EXACT | PARE_ZEROED), PARE_OK);
    assert_true(is_zero(bytes + page + 10, 10));
    assert_int_equal(bytes[page + 20], 'x');
    assert_int_equal(pare_resize_span(a, &s, MIB, 1, PARE_ZEROED), PARE_OK);
    assert_int_equal(bytes[page + 9], 'x');
    assert_true(is_zero(bytes + page + 10, MIB - page - 10));
    pare_free_span(a, s, 1);
}

static void pages_outgrow_the_reservation_only_with_a_move(void **state) {
    (void)state;
    for (size_t i = 0; i < RESERVES; i++) {
        pare_allocator a = pare_pages(reserves[i]);
        size_t used = reserves[i] / 2 + 10;
        pare_span s;
        assert_int_equal(pare_alloc_span(a, used, 1, PARE_EXACT, &s), PARE_OK);
        memset(s.ptr, 'x', used);
        assert_int_equal(pare_realloc_span(a, &s, used, 40 * MIB, 1, PARE_MAY_MOVE | PARE_ZEROED),
                         PARE_OK);
        char *bytes = s.ptr;
        assert_int_equal(bytes[0], 'x');
        assert_int_equal(bytes[used - 1], 'x');
        assert_true(is_zero(bytes + used, s.cap - used));

        /* Within the old reservation again, the block has just that. */
        assert_int_equal(pare_resize_span(a, &s, 1, 1, 0), PARE_OK);
        assert_int_equal(pare_resize_span(a, &s, reserves[i] + !reserves[i], 1, 0), PARE_OK);
        assert_ptr_equal(s.ptr, bytes);
        assert_int_equal(bytes[0], 'x');
        pare_free_span(a, s, 1);
    }
}

/* --- model --------------------------------------------------------------------------------- */

typedef struct model_block {
    pare_span span;
    size_t kind; /* picks reserve and alignment */
    unsigned char fill;
} model_block;

static uint32_t model_random(uint32_t *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Sizes of all magnitudes up to 32 MiB, and often some on both sides of the reservation. */
static size_t model_size(size_t kind, uint32_t *seed) {
    size_t reserve = reserves[kind % RESERVES];
    if (model_random(seed) % 4 == 0) return 1 + reserve / 2 + model_random(seed) % (reserve + 1);
    return 1 + model_random(seed) % ((uint32_t)2 << model_random(seed) % 25);
}

/* The first, the last, and some bytes between are what the model wrote. */
static void model_check(const model_block *b) {
    const unsigned char *bytes = b->span.ptr;
    for (size_t at = 0; at < b->span.cap; at += 1 + b->span.cap / 7) {
        assert_int_equal(bytes[at], b->fill);
    }
    assert_int_equal(bytes[b->span.cap - 1], b->fill);
}

/* Fills only pages that model_check reads, so that large blocks stay cheap. */
static void model_fill(model_block *b, uint32_t *seed) {
    unsigned char *bytes = b->span.ptr;
    b->fill = (unsigned char)(1 + model_random(seed) % 255);
    for (size_t at = 0; at < b->span.cap; at += 1 + b->span.cap / 7) bytes[at] = b->fill;
    bytes[b->span.cap - 1] = b->fill;
}

static void model_resize(model_block *b, pare_allocator a, size_t align, uint32_t *seed) {
    size_t size = model_size(b->kind, seed);
    unsigned flags = model_random(seed) % 8; /* any of ZEROED, EXACT, MAY_MOVE */
    pare_span before = b->span;
    unsigned char *bytes = before.ptr;
    size_t kept = size < before.cap ? size : before.cap;
    bytes[kept - 1] = b->fill;
    pare_status status = pare_realloc_span(a, &b->span, before.cap, size, align, flags);
    if (status != PARE_OK) {
        assert_int_equal(status, PARE_ERR_MEMORY);
        assert_int_equal(flags & PARE_MAY_MOVE, 0);
        assert_true(size > before.cap);
        assert_memory_equal(&b->span, &before, sizeof before);
        model_check(b);
        return;
    }
    bytes = b->span.ptr;
    assert_true((flags & PARE_MAY_MOVE) != 0 || b->span.ptr == before.ptr);
    assert_true((flags & PARE_EXACT) != 0 ? b->span.cap == size : b->span.cap >= size);
    assert_int_equal(misalignment(bytes, align), 0);
    assert_int_equal(bytes[0], b->fill);
    assert_int_equal(bytes[kept - 1], b->fill);
    if ((flags & PARE_ZEROED) != 0 && b->span.cap > before.cap) {
        size_t added = b->span.cap - before.cap;
        assert_true(is_zero((char *)bytes + before.cap, added < 20000 ? added : 20000));
        assert_int_equal(bytes[b->span.cap - 1], 0);
    }
    model_fill(b, seed);
}

static void model_run(int operations, uint32_t seed) {
    static const size_t aligns[] = {1, 4096, 256 * KIB};
    model_block blocks[24] = {{{NULL, 0}, 0, 0}};
    for (int i = 0; i < operations; i++) {
        model_block *b = &blocks[model_random(&seed) % (sizeof blocks / sizeof blocks[0])];
        size_t align = aligns[b->kind / RESERVES];
        pare_allocator a = pare_pages(reserves[b->kind % RESERVES]);
        if (b->span.cap == 0) {
            b->kind = model_random(&seed) % (3 * RESERVES);
            align = aligns[b->kind / RESERVES];
            a = pare_pages(reserves[b->kind % RESERVES]);
            unsigned flags = model_random(&seed) % 4;
            assert_int_equal(pare_alloc_span(a, model_size(b->kind, &seed), align, flags, &b->span),
                             PARE_OK);
            assert_int_equal(misalignment(b->span.ptr, align), 0);
            model_fill(b, &seed);
        } else if (model_random(&seed) % 4 == 0) {
            model_check(b);
            pare_free_span(a, b->span, align);
            b->span = (pare_span){NULL, 0};
        } else {
            model_check(b);
            model_resize(b, a, align, &seed);
        }
    }
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        pare_allocator a = pare_pages(reserves[blocks[i].kind % RESERVES]);
        pare_free_span(a, blocks[i].span, aligns[blocks[i].kind / RESERVES]);
    }
}

#ifdef __linux__
/* Whether there is a kernel that answers for this process alone, and no emulator in between, which
 * keeps to itself what is reserved. */
static bool kernel_answers(void) {
    unsigned char map[2];
    size_t page = pare_pages_page_bytes();
    void *ptr = pare_alloc(pare_pages(2 * page), page, page);
    bool answers = ptr != NULL && mincore(ptr, 2 * page, map) == 0;
    pare_free(pare_pages(2 * page), ptr, page, page);
    return answers;
}
#endif

/* Address space that this process has taken; 0 where that is not known. */
static size_t taken_bytes(void) {
    size_t pages = 0;
#ifdef __linux__
    if (!kernel_answers()) return 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%zu", &pages) != 1) pages = 0;
    if (file != NULL) fclose(file);
#endif
    return pages * pare_pages_page_bytes();
}

static void pages_random_operations_keep_contents_and_leak_no_addresses(void **state) {
    (void)state;
    model_run(200, 1);
    size_t before = taken_bytes();
    for (uint32_t seed = 2; seed < 12; seed++) model_run(1000, seed);
    assert_true(taken_bytes() < before + 16 * MIB); /* less than one large reservation */
}

/* --- what the kernel says ----------------------------------------------------------------- */

#ifdef __linux__

static size_t resident_pages(const void *ptr, size_t size) {
    static unsigned char map[16 * 1024];
    size_t page = pare_pages_page_bytes(), count = 0;
    assert_true(size / page <= sizeof map);
    assert_int_equal(mincore((void *)(uintptr_t)ptr, size, map), 0);
    for (size_t i = 0; i < size / page; i++) count += map[i] & 1;
    return count;
}

static void pages_take_memory_on_demand_and_give_it_back(void **state) {
    (void)state;
    if (!kernel_answers()) skip();
    size_t page = pare_pages_page_bytes(), reserve = 16 * MIB;
    pare_allocator a = pare_pages(reserve);
    pare_span s;
    assert_int_equal(pare_alloc_span(a, 10 * page, 1, 0, &s), PARE_OK);
    assert_int_equal(resident_pages(s.ptr, reserve), 0);
    memset(s.ptr, 'x', s.cap);
    assert_int_equal(resident_pages(s.ptr, reserve), 10);
    assert_int_equal(pare_resize_span(a, &s, 3 * page + 1, 1, 0), PARE_OK);
    assert_int_equal(resident_pages(s.ptr, reserve), 4);
    assert_int_equal(pare_resize_span(a, &s, reserve, 1, PARE_ZEROED), PARE_OK);
    assert_int_equal(resident_pages(s.ptr, reserve), 4);
    pare_free_span(a, s, 1);
}

static void pages_far_larger_than_memory_can_be_reserved(void **state) {
    (void)state;
#if defined(SANITIZED) || SIZE_MAX == UINT32_MAX
    skip();
#else
    pare_allocator a = pare_pages((size_t)1 << 40);
    pare_span s;
    assert_int_equal(pare_alloc_span(a, 1, 1, 0, &s), PARE_OK);
    memset(s.ptr, 'x', s.cap);
    pare_free_span(a, s, 1);
#endif
}

static void pages_beyond_the_reservation_are_moved_not_copied(void **state) {
    (void)state;
#ifdef SANITIZED
    skip();
#else
    if (!kernel_answers()) skip();
    const size_t begins[] = {1, MIB, 2 * MIB}; /* a part of the reservation, all of it, more */
    pare_allocator a = pare_pages(MIB);
    for (size_t i = 0; i < 3; i++) {
        pare_span s, behind;
        assert_int_equal(pare_alloc_span(a, begins[i], 1, 0, &s), PARE_OK);
        assert_int_equal(pare_alloc_span(a, 1, 1, 0, &behind), PARE_OK);
        memset(s.ptr, 'x', s.cap);
        size_t resident = resident_pages(s.ptr, s.cap);
        assert_int_equal(pare_resize_span(a, &s, 8 * MIB, 1, PARE_MAY_MOVE), PARE_OK);
        assert_int_equal(resident_pages(s.ptr, s.cap), resident);
        assert_int_equal(((char *)s.ptr)[begins[i] - 1], 'x');
        pare_free_span(a, s, 1);
        pare_free_span(a, behind, 1);
    }
#endif
}

/* A refusal that only the kernel knows of. */
static void under_limit(void *ctx) {
    (void)ctx;
    struct rlimit limit = {taken_bytes() + 64 * MIB, RLIM_INFINITY};
    pare_span s;
    if (setrlimit(RLIMIT_AS, &limit) != 0) return;
    errno = 77;
    if (pare_alloc_span(pare_pages(0), 80 * MIB, 1, 0, &s) != PARE_ERR_MEMORY) return;
    if (pare_alloc_span(pare_pages(80 * MIB), 1, 1, 0, &s) != PARE_ERR_MEMORY) return;
    if (pare_alloc_span(pare_pages(0), MIB, 128 * MIB, 0, &s) != PARE_ERR_MEMORY) return;
    if (pare_alloc_span(pare_pages(0), 40 * MIB, 1, 0, &s) != PARE_OK) return;
    pare_span before = s;
    if (pare_resize_span(pare_pages(0), &s, 80 * MIB, 1, PARE_MAY_MOVE) != PARE_ERR_MEMORY) return;
    if (memcmp(&s, &before, sizeof s) != 0 || errno != 77) return;
    pare_free_span(pare_pages(0), s, 1);
    if (pare_alloc_span(pare_pages(0), 40 * MIB, 1, 0, &s) == PARE_OK) _exit(0);
}

/* Runs body(ctx) in a child; returns its status. */
static int child_status(void (*body)(void *ctx), void *ctx) {
    int status = 0;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL); /* cmocka catches it */
        if (freopen("/dev/null", "w", stderr) == NULL) _exit(2);
        body(ctx);
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void pages_beyond_a_resource_limit_are_refused(void **state) {
    (void)state;
#ifdef SANITIZED
    (void)under_limit;
    skip();
#else
    if (!kernel_answers()) skip();
    assert_int_equal(child_status(under_limit, NULL), 0);
#endif
}

static void touch(void *ctx) {
    *(volatile char *)ctx = 1;
    _exit(0);
}

static void pages_behind_the_block_are_fatal_to_touch(void **state) {
    (void)state;
    pare_allocator a = pare_pages(MIB);
    pare_span s;
    assert_int_equal(pare_alloc_span(a, 100 * KIB, 1, 0, &s), PARE_OK);
    assert_int_equal(child_status(touch, (char *)s.ptr + s.cap - 1), 0);
    assert_int_not_equal(child_status(touch, (char *)s.ptr + s.cap), 0);
    assert_int_equal(pare_resize_span(a, &s, 10 * KIB, 1, 0), PARE_OK);
    assert_int_equal(child_status(touch, (char *)s.ptr + s.cap - 1), 0);
    assert_int_not_equal(child_status(touch, (char *)s.ptr + s.cap), 0);
    pare_free_span(a, s, 1);
    assert_int_not_equal(child_status(touch, s.ptr), 0);
}

#endif

/* --- stacked, and misused ------------------------------------------------------------------ */

static void pages_serve_an_arena(void **state) {
    (void)state;
    pare_counting c;
    pare_arena arena;
    pare_counting_init(&c, pare_pages(4 * MIB));
    assert_int_equal(pare_arena_init(&arena, pare_counting_allocator(&c), NULL), PARE_OK);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 100000; i++) {
            int *number = PARE_ARENA_NEW(&arena, int);
            assert_non_null(number);
            *number = i;
        }
        pare_arena_reset(&arena);
    }
    pare_arena_deinit(&arena);
    assert_int_equal(pare_counting_get_stats(&c).live_bytes, 0);
}

static void free_foreign(void *ctx) { pare_free(pare_pages(0), (char *)ctx + 8, 1, 1); }

static void resize_foreign(void *ctx) {
    pare_span s = {(char *)ctx + 8, 100};
    if (pare_resize_span(pare_pages(0), &s, 200, 1, 0) == PARE_OK) return;
}

static void pages_foreign_pointers_are_misuse_and_stay(void **state) {
    (void)state;
    pare_allocator a = pare_pages(0);
    pare_span s;
    assert_int_equal(pare_alloc_span(a, 1, 1, 0, &s), PARE_OK);
    expect_misuse(free_foreign, s.ptr, "pare: pages: foreign pointer of 0x");
    expect_misuse(resize_foreign, s.ptr, "pare: pages: foreign pointer of 0x");

    pare_set_misuse_handler(misuse_note);
    free_foreign(s.ptr);
    pare_span foreign = {(char *)s.ptr + 8, 100};
    assert_int_equal(pare_resize_span(a, &foreign, 200, 1, 0), PARE_ERR_ARGUMENT);
    assert_int_equal(misuse_count, 2);
    memset(s.ptr, 'x', s.cap);
    pare_free_span(a, s, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(pages_are_whole_zero_and_usable_to_the_last_byte),
        CASE(pages_exact_block_has_the_size_asked_for),
        CASE(pages_honour_any_alignment),
        CASE(pages_refuse_what_no_kernel_has_and_keep_errno),
        CASE(pages_grow_in_place_up_to_the_reservation),
        CASE(pages_shrunk_and_grown_again_are_fresh),
        CASE(pages_outgrow_the_reservation_only_with_a_move),
        CASE(pages_random_operations_keep_contents_and_leak_no_addresses),
#ifdef __linux__
        CASE(pages_take_memory_on_demand_and_give_it_back),
        CASE(pages_far_larger_than_memory_can_be_reserved),
        CASE(pages_beyond_the_reservation_are_moved_not_copied),
        CASE(pages_beyond_a_resource_limit_are_refused),
        CASE(pages_behind_the_block_are_fatal_to_touch),
#endif
        CASE(pages_serve_an_arena),
        CASE(pages_foreign_pointers_are_misuse_and_stay),
    };
    return cmocka_run_group_tests_name("pages", tests, NULL, NULL);
}
