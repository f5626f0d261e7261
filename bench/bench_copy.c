/* bench_copy.c - does the memory of a copy depend on how much is copied, or on how much at once?
 *
 * `pare` is examples/copy.c, whose copies take a buffer from a pool for each chunk; `libc` is
 * naive_copy.c, with a buffer per file. Each runs as a process, from its start to its end, on
 * sparse files, so what is timed is mostly the kernel's zeros. The peak, the process's largest
 * resident size, is the result: the same for one file and for sixteen, and for any length.
 * SPDX-License-Identifier: MIT */
#include "shim.h"
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { MANY = 16 };

#define GIB ((off_t)1 << 30)
#define FILE_BYTES (2 * GIB)
#define PIECE_BYTES (GIB / 8)

/* What a contender copies. */
typedef struct copy_case {
    const char *from;
    off_t bytes; /* of the file */
    int times;   /* how many copies of it go on together */
    bench_program program;
} copy_case;

static void copy(bench *b) {
    const copy_case *c = bench_arg(b);
    bench_program p = c->program;
    int fd = open(c->from, O_WRONLY | O_CREAT, 0600);
    bench_must(b, fd >= 0 && ftruncate(fd, c->bytes) == 0 && close(fd) == 0);
    for (int i = 0; i < 2 * c->times; i++) p.arguments[1 + i] = i % 2 == 0 ? c->from : "/dev/null";
    bench_ops(b, (size_t)(c->bytes * c->times >> 20));
    while (bench_next(b)) bench_run_program(b, &p);
}

void bench_copy(void) {
#define CASE(from, bytes, times, program)                                                          \
    {                                                                                              \
        from, bytes, times, { {program}, NULL }                                                    \
    }
#define CASES(program)                                                                             \
    {                                                                                              \
        CASE(BENCH_SPARSE "-2gib", FILE_BYTES, 1, program),                                        \
            CASE(BENCH_SPARSE "-128mib", PIECE_BYTES, MANY, program)                               \
    }
    static const copy_case pare[] = CASES(BENCH_COPY), libc[] = CASES(BENCH_NAIVE_COPY);
    static const char *const rows[] = {"copy/2gib", "copy/16-files"};
    bench_row("copy/2gib", "one MiB of a sparse file of 2 GiB");
    bench_row_long("copy/2gib");
    bench_row("copy/16-files", "one MiB of 16 files of 128 MiB, all copied at once");
    for (int i = 0; i < 2; i++) {
        bench_add(rows[i], "pare", copy, &pare[i]);
        bench_add(rows[i], "libc", copy, &libc[i]);
    }
}
