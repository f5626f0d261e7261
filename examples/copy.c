/* copy.c - many files at once, in chunks, through a pool of buffers.
 *
 *     copy [--stats] FROM TO [FROM TO]...
 *
 * All copies go on together, a chunk at a time. A copy holds a buffer only while bytes are on their
 * way: if TO is a pipe that is full, it keeps its buffer, and the others go on. So memory depends
 * neither on the length of the files nor on their number, but on how many are stuck. --stats adds
 * how many bytes went and what the buffers took.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "pare/bufpool.h"
#include "pare/heap.h"
#include "pare/io.h"

enum { CHUNK_BYTES = 256 * 1024 };

typedef struct copy {
    const char *from_name, *to_name;
    int from, to;   /* descriptors; -1: none, or ended */
    pare_span span; /* of the pool, while bytes are on their way */
    size_t begin, end;
} copy;

typedef struct copier {
    pare_bufpool pool;
    copy *copies;
    size_t count;
    uint64_t copied_bytes;
    size_t held, held_max; /* buffers */
} copier;

static int fail(const char *name, const char *why) {
    fprintf(stderr, "copy: %s: %s\n", name, why);
    return 1;
}

/* --- one copy ---------------------------------------------------------------------------- */

static int copy_open(copy *c) {
    c->from = open(c->from_name, O_RDONLY);
    if (c->from < 0) return fail(c->from_name, strerror(errno));
    c->to = open(c->to_name, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK, 0666);
    return c->to < 0 ? fail(c->to_name, strerror(errno)) : 0;
}

static int copy_close(copy *c) {
    if (c->from >= 0) close(c->from);
    int failed = c->to >= 0 && close(c->to) != 0; /* some file systems report a full disk here */
    c->from = c->to = -1;
    return failed ? fail(c->to_name, strerror(errno)) : 0;
}

/* Takes a buffer and fills it. */
static int copy_read(copier *r, copy *c) {
    c->span = pare_bufpool_get(&r->pool, CHUNK_BYTES);
    if (c->span.ptr == NULL) return fail(c->from_name, "out of memory");
    if (++r->held > r->held_max) r->held_max = r->held;

    pare_buf chunk;
    c->begin = c->end = 0;
    pare_buf_init_fixed(&chunk, c->span.ptr, c->span.cap);
    pare_status status = pare_io_read(c->from, &chunk, c->span.cap, &c->end);
    return status != PARE_OK ? fail(c->from_name, strerror(errno)) : 0;
}

/* Writes what it takes; once that is all, the buffer goes back. *moved tells of progress. */
static int copy_write(copier *r, copy *c, int *moved) {
    size_t written;
    const char *bytes = c->span.ptr;
    pare_status status = pare_io_write(c->to, bytes + c->begin, c->end - c->begin, &written);
    int stuck = status != PARE_OK && (errno == EAGAIN || errno == EWOULDBLOCK);
    c->begin += written;
    r->copied_bytes += written;
    *moved |= written != 0;
    if (stuck) return 0;
    pare_bufpool_put(&r->pool, c->span);
    c->span = (pare_span){NULL, 0};
    r->held--;
    return status != PARE_OK ? fail(c->to_name, strerror(errno)) : 0;
}

/* One step: a chunk, or what is left of one. */
static int copy_step(copier *r, copy *c, int *moved) {
    if (c->span.ptr == NULL && copy_read(r, c) != 0) return 1;
    int ended = c->end == 0;
    if (copy_write(r, c, moved) != 0) return 1;
    if (!ended) return 0;
    *moved = 1;
    return copy_close(c);
}

/* --- all of them ------------------------------------------------------------------------- */

/* Waits until one of the stuck copies can go on. */
static void wait_for_room(const copier *r) {
    for (size_t i = 0; i < r->count; i++) {
        struct pollfd to = {r->copies[i].to, POLLOUT, 0};
        if (to.fd >= 0 && poll(&to, 1, 10) > 0) return;
    }
}

static int run(copier *r) {
    for (size_t open_count = r->count; open_count != 0;) {
        int moved = 0;
        open_count = 0;
        for (size_t i = 0; i < r->count; i++) {
            copy *c = &r->copies[i];
            if (c->from < 0) continue;
            if (copy_step(r, c, &moved) != 0) return 1;
            open_count += c->from >= 0;
        }
        if (!moved) wait_for_room(r);
    }
    return 0;
}

static void print_stats(const copier *r) {
    pare_bufpool_stats s = pare_bufpool_get_stats(&r->pool);
    printf("%" PRIu64 " bytes of %zu files\n", r->copied_bytes, r->count);
    printf("at most %zu buffers of %d bytes, %" PRIu64 " asked of the heap\n", r->held_max,
           (int)CHUNK_BYTES, s.misses);
}

static int copy_all(copier *r) {
    int failed = 0;
    for (size_t i = 0; i < r->count && !failed; i++) failed = copy_open(&r->copies[i]);
    if (!failed) failed = run(r);
    for (size_t i = 0; i < r->count; i++) {
        pare_bufpool_put(&r->pool, r->copies[i].span);
        failed |= copy_close(&r->copies[i]);
    }
    return failed;
}

int main(int argc, char **argv) {
    int stats = argc > 1 && strcmp(argv[1], "--stats") == 0;
    char **names = argv + 1 + stats;
    int name_count = argc - 1 - stats;
    if (name_count < 2 || name_count % 2 != 0) {
        fputs("usage: copy [--stats] FROM TO [FROM TO]...\n", stderr);
        return 2;
    }

    copier r = {.count = (size_t)name_count / 2};
    r.copies = calloc(r.count, sizeof *r.copies);
    if (r.copies == NULL) return fail("start", "out of memory");
    for (size_t i = 0; i < r.count; i++) {
        r.copies[i] =
            (copy){.from_name = names[2 * i], .to_name = names[2 * i + 1], .from = -1, .to = -1};
    }
    int failed = copy_all(&r);
    if (!failed && stats) print_stats(&r);
    pare_bufpool_deinit(&r.pool);
    free(r.copies);
    return failed;
}
