/* naive_copy.c - examples/copy.c as it is usually written: a buffer for each file that is open.
 * The contender of bench_copy.c.
 *
 *     bench-naive-copy FROM TO [FROM TO]...
 *
 * SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { CHUNK_BYTES = 256 * 1024, COPIES_MAX = 64 };

typedef struct copy {
    int from, to;
    char *buffer;
} copy;

static int copy_open(copy *c, char **names) {
    c->from = open(names[0], O_RDONLY);
    c->to = open(names[1], O_WRONLY | O_CREAT | O_TRUNC, 0666);
    c->buffer = malloc(CHUNK_BYTES);
    return c->from < 0 || c->to < 0 || c->buffer == NULL;
}

/* One chunk. At the end of the file it closes; -1: failed. */
static int copy_step(copy *c) {
    ssize_t got = read(c->from, c->buffer, CHUNK_BYTES);
    if (got < 0) return -1;
    for (ssize_t at = 0; at < got;) {
        ssize_t written = write(c->to, c->buffer + at, (size_t)(got - at));
        if (written < 0) return -1;
        at += written;
    }
    if (got != 0) return 0;
    close(c->from);
    c->from = -1;
    free(c->buffer);
    return close(c->to) != 0 ? -1 : 1;
}

int main(int argc, char **argv) {
    static copy copies[COPIES_MAX];
    int count = (argc - 1) / 2;
    if (count > COPIES_MAX) return 2;
    for (int i = 0; i < count; i++) {
        if (copy_open(&copies[i], argv + 1 + 2 * i) != 0) return 1;
    }
    for (int open_count = count; open_count != 0;) {
        for (int i = 0; i < count; i++) {
            int ended = copies[i].from >= 0 ? copy_step(&copies[i]) : 0;
            if (ended < 0) return 1;
            open_count -= ended;
        }
    }
    return 0;
}
