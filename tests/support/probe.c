/* probe.c - the contract is in support/probe.h.
 * SPDX-License-Identifier: MIT */
#include "support/probe.h"
#include "support/os.h"
#include "pare/arena.h"
#include "pare/fixed.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

/* Each block that is out has one of these, apart from the block itself. */
typedef struct probe_block {
    struct probe_block *next;
    void *ptr;
    size_t cap, align;
} probe_block;

/* --- the allocator ----------------------------------------------------------------------- */

static bool probe_refuses(probe *p) {
    uint64_t request = p->requests++;
    return request >= p->refuse_at && request - p->refuse_at < p->refuse_count;
}

static probe_block **probe_find(probe *p, const void *ptr) {
    probe_block **link = &p->blocks;
    while (*link != NULL && (*link)->ptr != ptr) link = &(*link)->next;
    return link;
}

/* Stops the test unless `block` is out with exactly this size and alignment. */
static probe_block *probe_expect(probe *p, pare_span block, size_t align) {
    probe_block *record = *probe_find(p, block.ptr);
    if (record == NULL) fail_msg("%p is not a live block", block.ptr);
    assert_int_equal(record->cap, block.cap);
    assert_int_equal(record->align, align);
    return record;
}

static void *probe_take(size_t cap, size_t align) {
    void *ptr = cap <= SIZE_MAX / 4 ? os_block_take(cap, align) : NULL;
    if (ptr != NULL) memset(ptr, 0xA5, cap);
    return ptr;
}

static pare_status probe_alloc(void *ctx, size_t size, size_t align, unsigned flags,
                               pare_span *out) {
    probe *p = ctx;
    assert_true(size > 0);
    assert_true(align != 0 && (align & (align - 1)) == 0);
    assert_true(size <= PARE_SIZE_MAX - (align - 1));
    if (probe_refuses(p)) return p->refusal;

    size_t cap = (flags & PARE_EXACT) != 0 ? size : size + p->slack;
    void *ptr = probe_take(cap, align);
    if (ptr == NULL) return PARE_ERR_MEMORY;
    if ((flags & PARE_ZEROED) != 0) memset(ptr, 0, cap);

    probe_block *record = malloc(sizeof *record);
    assert_non_null(record);
    *record = (probe_block){p->blocks, ptr, cap, align};
    p->blocks = record;
    p->allocs++;
    p->live_blocks++;
    p->live_bytes += cap;
    *out = (pare_span){ptr, cap};
    return PARE_OK;
}

static pare_status probe_resize(void *ctx, pare_span *block, size_t new_size, size_t align,
                                unsigned flags) {
    probe *p = ctx;
    probe_block *record = probe_expect(p, *block, align);
    assert_true(new_size > 0);
    if (p->never_resize) return PARE_ERR_MEMORY;
    if (probe_refuses(p)) return p->refusal;
    if ((flags & PARE_MAY_MOVE) == 0 && new_size > block->cap) return PARE_ERR_MEMORY;

    bool move = (flags & PARE_MAY_MOVE) != 0 && (p->always_move || new_size > block->cap);
    void *ptr = block->ptr;
    size_t kept = new_size < block->cap ? new_size : block->cap;
    if (move) {
        ptr = probe_take(new_size, align);
        if (ptr == NULL) return PARE_ERR_MEMORY;
        memcpy(ptr, block->ptr, kept);
        os_block_give(block->ptr);
    }
    if ((flags & PARE_ZEROED) != 0) memset((char *)ptr + kept, 0, new_size - kept);
    p->live_bytes += new_size - record->cap;
    p->resizes++;
    record->ptr = ptr;
    record->cap = new_size;
    *block = (pare_span){ptr, new_size};
    return PARE_OK;
}

static void probe_free(void *ctx, pare_span block, size_t align) {
    probe *p = ctx;
    probe_block *record = probe_expect(p, block, align);
    *probe_find(p, block.ptr) = record->next;
    p->frees++;
    p->live_blocks--;
    p->live_bytes -= block.cap;
    memset(block.ptr, 0x5A, block.cap); /* fails under ASan if pare left it marked */
    os_block_give(block.ptr);
    free(record);
}

static const struct pare_allocator_vtable probe_vtable = {sizeof(struct pare_allocator_vtable),
                                                          probe_alloc, probe_resize, probe_free};

pare_allocator probe_allocator(probe *p) { return (pare_allocator){&probe_vtable, p}; }

/* An arena whose window stays closed is watched. */
bool probe_watched(void) {
    char array[1024];
    pare_arena a;
    pare_arena_init_with(&a, array, sizeof array, pare_none());
    bool watched = a.end == NULL;
    pare_arena_deinit(&a);
    return watched;
}

int probe_steps(int full) { return getenv("PARE_TEST_SLOW") != NULL ? full / 10 : full; }

bool probe_formats_can_fail(void) {
    char text[32];
    int errno_before = errno;
    bool failed = snprintf(text, sizeof text, "%lc", (wint_t)0xd800) < 0;
    errno = errno_before;
    return failed;
}

/* --- fixtures ---------------------------------------------------------------------------- */

int probe_setup(void **state) {
    probe *p = calloc(1, sizeof *p);
    if (p == NULL) return -1;
    p->refuse_at = PROBE_NEVER;
    p->refusal = PARE_ERR_MEMORY;
    *state = p;
    misuse_count = 0;
    return 0;
}

int probe_teardown(void **state) {
    probe *p = *state;
    pare_set_misuse_handler(NULL);
    size_t leaked_bytes = p->live_bytes, leaked_blocks = p->live_blocks;
    while (p->blocks != NULL) {
        probe_block *record = p->blocks;
        p->blocks = record->next;
        os_block_give(record->ptr);
        free(record);
    }
    free(p);
    assert_int_equal(leaked_blocks, 0);
    assert_int_equal(leaked_bytes, 0);
    return 0;
}

void probe_refuse(probe *p, uint64_t at, uint64_t count) {
    p->refuse_at = at == PROBE_NEVER ? PROBE_NEVER : p->requests + at;
    p->refuse_count = count;
}

void probe_sweep(probe *p, bool (*scenario)(probe *p, void *ctx), void *ctx) {
    const uint64_t counts[] = {1, PROBE_NEVER};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        bool reached = true;
        for (uint64_t at = 0; reached; at++) {
            probe_refuse(p, at, counts[i]);
            bool refused = scenario(p, ctx);
            reached = p->requests > p->refuse_at;
            assert_true(reached || !refused);
            assert_int_equal(p->live_bytes, 0);
            assert_true(at < 100000);
        }
    }
    probe_refuse(p, PROBE_NEVER, 0);
}

/* --- misuse ------------------------------------------------------------------------------ */

pare_misuse misuse_last;
int misuse_count;

void misuse_note(const pare_misuse *misuse) {
    misuse_last = *misuse;
    misuse_count++;
}

void expect_misuse(void (*body)(void *ctx), void *ctx, const char *expected) {
    char said[4096] = "";
    if (!os_aborts(body, ctx, expected, said, sizeof said)) {
        fail_msg("expected abort() and \"%s\", got \"%s\"", expected, said);
    }
}
