/* support/threads.h - threads that run to their end, and programs that run for a while.
 * SPDX-License-Identifier: MIT */
#ifndef THREADS_H
#define THREADS_H
#include <stddef.h>
#include <stdint.h>

/* Runs body(first), body(first + stride bytes), ... in `count` threads at once, 64 at most, and
 * returns when all have ended. Aborts where the system refuses one. */
void threads_run(void *(*body)(void *ctx), void *first, size_t stride, int count);

/* main of a soak: run(seed, &gets), which adds to gets, for argv[1] seconds or 10, with one seed
 * after the other, from argv[2] or 1. */
int soak(int argc, char **argv, void (*run)(uint64_t seed, uint64_t *gets));

#endif
