/* planted.c - programs with one bug each, named by the argument. Under a sanitizer or memcheck each
 * that planted.cmake expects it to see must die with a report; a bug that passes means that the
 * tool, or what pare tells it, is blind.
 *
 * All memory is from the heap: clang does not see into arrays at fixed addresses. And every touch
 * loads its pointer anew: gcc and clang check an address once as long as it is in a register,
 * whatever is called in between. What is read decides about a branch: only then does it matter to
 * MSan and memcheck that it was never written.
 * SPDX-License-Identifier: MIT */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "pare.h"

static char *volatile object;
static volatile int taken;
static volatile size_t one = 1;
static volatile int top = INT_MAX;

static pare_arena arena;
static pare_pool pool;
static pare_mtpool mtpool;
static pare_mtbufpool mtbufpool;
static pare_bufpool bufpool;
static pare_str str;

static void use(char byte) {
    if (byte == 'x') taken = 1;
}

static void must(int condition) {
    if (condition) return;
    puts("setting up the bug failed");
    exit(0);
}

static void arena_use_after_reset(void) {
    object = pare_arena_alloc(&arena, 64, 8);
    *object = 1;
    pare_arena_reset(&arena);
    use(*object);
}

static void arena_use_after_rewind(void) {
    must(pare_arena_alloc(&arena, 64, 8) != NULL);
    pare_arena_pos mark = pare_arena_mark(&arena);
    object = pare_arena_alloc(&arena, 64, 8);
    *object = 1;
    pare_arena_rewind(&arena, mark);
    use(*object);
}

static void arena_overflow_by_one(void) {
    object = pare_arena_alloc(&arena, 64, 8);
    object[63 + one] = 1;
}

static void arena_read_before_write(void) {
    object = pare_arena_alloc(&arena, 64, 8);
    *object = 1;
    pare_arena_reset(&arena);
    object = pare_arena_alloc(&arena, 64, 8); /* what it was is not for the next one to see */
    use(*object);
}

static void pool_open(void) {
    must(pare_pool_init(&pool, pare_heap(), &(pare_pool_options){.size = 64}) == PARE_OK);
    object = pare_pool_get(&pool);
    *object = 1;
}

static void pool_read_after_put(void) {
    pool_open();
    pare_pool_put(&pool, object);
    use(*object);
}

static void pool_write_after_put(void) {
    pool_open();
    pare_pool_put(&pool, object);
    *object = 2;
}

static void pool_read_before_write(void) {
    pool_open();
    pare_pool_put(&pool, object);
    object = pare_pool_get(&pool);
    use(*object);
}

static void pool_overflow_by_one(void) {
    pool_open();
    must(pare_pool_get(&pool) != NULL); /* a neighbour */
    object[64 * one] = 1;
}

static void mtpool_read_after_put(void) {
    must(pare_mtpool_init(&mtpool, pare_heap(), &(pare_pool_options){.size = 64}) == PARE_OK);
    object = pare_mtpool_get(&mtpool);
    *object = 1;
    pare_mtpool_put(&mtpool, object);
    use(*object);
}

static void bufpool_read_after_put(void) {
    must(pare_bufpool_init(&bufpool, pare_heap(), NULL) == PARE_OK);
    pare_span span = pare_bufpool_get(&bufpool, 1000);
    object = span.ptr;
    *object = 1;
    pare_bufpool_put(&bufpool, span);
    use(*object);
}

static void mtbufpool_read_after_put(void) {
    must(pare_mtbufpool_init(&mtbufpool, pare_heap(), NULL) == PARE_OK);
    pare_span span = pare_mtbufpool_get(&mtbufpool, 1000);
    object = span.ptr;
    *object = 1;
    pare_mtbufpool_put(&mtbufpool, span);
    use(*object);
}

static void bufpool_read_before_write(void) {
    must(pare_bufpool_init(&bufpool, pare_heap(), NULL) == PARE_OK);
    pare_span span = pare_bufpool_get(&bufpool, 1000);
    memset(span.ptr, 'x', span.cap);
    pare_bufpool_put(&bufpool, span);
    object = pare_bufpool_get(&bufpool, 1000).ptr;
    use(*object);
}

static void str_read_past_end(void) {
    pare_str_init(&str, pare_heap());
    must(pare_str_reserve(&str, 1000) == PARE_OK);
    must(pare_str_append(&str, "text") == PARE_OK);
    use(pare_str_cstr(&str)[strlen("text") + 8 * one]);
}

static void memcpy_overflow(void) {
    char *source = calloc(1, 128);
    object = pare_arena_alloc(&arena, 64, 8);
    must(source != NULL && object != NULL);
    memcpy(object, source, 64 + one);
}

static void signed_overflow(void) { taken = top + (int)one; }

static const struct {
    const char *name;
    void (*commit)(void);
} bugs[] = {
    {"arena_use_after_reset", arena_use_after_reset},
    {"arena_use_after_rewind", arena_use_after_rewind},
    {"arena_overflow_by_one", arena_overflow_by_one},
    {"arena_read_before_write", arena_read_before_write},
    {"pool_read_after_put", pool_read_after_put},
    {"pool_write_after_put", pool_write_after_put},
    {"pool_read_before_write", pool_read_before_write},
    {"pool_overflow_by_one", pool_overflow_by_one},
    {"mtpool_read_after_put", mtpool_read_after_put},
    {"bufpool_read_after_put", bufpool_read_after_put},
    {"mtbufpool_read_after_put", mtbufpool_read_after_put},
    {"bufpool_read_before_write", bufpool_read_before_write},
    {"str_read_past_end", str_read_past_end},
    {"memcpy_overflow", memcpy_overflow},
    {"signed_overflow", signed_overflow},
};

int main(int argc, char **argv) {
    for (size_t i = 0; argc == 2 && i < sizeof bugs / sizeof bugs[0]; i++) {
        if (strcmp(argv[1], bugs[i].name) == 0) {
            bugs[i].commit();
            puts("not noticed");
            return 0;
        }
    }
    puts("no such bug");
    return 0;
}
