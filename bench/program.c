/* program.c - child processes: whole programs as contenders, and the counting processes.
 * SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "harness.h"
#include "counter.h"
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Our environment, with the child's LD_PRELOAD and one more variable. */
static char **child_environment(const bench_child *c) {
    size_t count = 0, kept = 0;
    while (environ[count] != NULL) count++;
    char **copy = calloc(count + 3, sizeof *copy);
    if (copy == NULL) return NULL;
    for (size_t i = 0; i < count; i++) {
        if (strncmp(environ[i], "LD_PRELOAD=", 11) != 0) copy[kept++] = environ[i];
    }
    if (c->preload != NULL) copy[kept++] = (char *)c->preload;
    if (c->variable != NULL) copy[kept++] = (char *)c->variable;
    return copy;
}

/* Reads to the end, so that the child is never stopped by a full pipe; keeps what fits. */
static size_t drain(int fd, char *output, size_t size) {
    char rest[4096];
    size_t length = 0;
    ssize_t got;
    do {
        bool fits = length < size;
        got = read(fd, fits ? output + length : rest, fits ? size - length : sizeof rest);
        if (fits && got > 0) length += (size_t)got;
    } while (got > 0);
    return length;
}

bool benchi_run(const bench_child *c, char *output, size_t size, size_t *length) {
    int ends[2], status = -1;
    pid_t child;
    posix_spawn_file_actions_t files;
    char **environment = child_environment(c);
    fflush(stdout);
    if (environment == NULL || pipe2(ends, O_CLOEXEC) != 0) return false;

    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, ends[1], c->output_fd);
    int error = posix_spawn(&child, c->path, &files, NULL, c->arguments, environment);
    posix_spawn_file_actions_destroy(&files);
    free(environment);
    close(ends[1]);
    *length = error == 0 ? drain(ends[0], output, size) : 0;
    close(ends[0]);
    if (error != 0) {
        fprintf(stderr, "bench: %s: %s\n", c->path, strerror(error));
        return false;
    }
    if (waitpid(child, &status, 0) != child) return false;
    if (WIFSIGNALED(status))
        fprintf(stderr, "bench: %s died of signal %d\n", c->path, WTERMSIG(status));
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* --- a program as a contender ------------------------------------------------------------ */

/* The counter writes its figures when the program ends. */
static void read_counts(bench *b, const char *path) {
    bench_counts c;
    FILE *in = fopen(path, "r");
    bench_must(b, in != NULL && "the program ran under the counter");
    bench_must(b, fscanf(in, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &c.allocs, &c.bytes,
                         &c.faults, &c.peak_bytes) == 4);
    fclose(in);
    bench_set_counts(b, &c);
}

void bench_run_program(bench *b, const bench_program *p) {
    char counted[] = "/tmp/pare-bench-XXXXXX", preload[1024], variable[128], output[65536];
    bool counting = bench_counting(b);
    size_t length;
    bench_child child = {.path = p->arguments[0],
                         .arguments = (char *const *)p->arguments,
                         .output_fd = STDOUT_FILENO};

    snprintf(preload, sizeof preload, "LD_PRELOAD=%s %s", counting ? BENCH_COUNTER_LIBRARY : "",
             p->preload != NULL ? p->preload : "");
    if (counting || p->preload != NULL) child.preload = preload;
    if (counting) {
        int fd = mkstemp(counted);
        bench_must(b, fd >= 0);
        close(fd);
        snprintf(variable, sizeof variable, BENCH_COUNTER_FILE "=%s", counted);
        child.variable = variable;
    }
    bool ended_well = benchi_run(&child, output, sizeof output, &length);
    if (counting) {
        if (ended_well) read_counts(b, counted);
        unlink(counted);
    }
    bench_must(b, ended_well);
    bench_result(b, output, length);
}
