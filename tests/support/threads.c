/* threads.c - the contract is in support/threads.h.
 * SPDX-License-Identifier: MIT */
#include "support/threads.h"
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { THREADS_MAX = 64 };

void threads_run(void *(*body)(void *ctx), void *first, size_t stride, int count) {
    pthread_t threads[THREADS_MAX];
    if (count > THREADS_MAX) abort();
    for (int i = 0; i < count; i++) {
        void *ctx = (char *)first + (size_t)i * stride;
        if (pthread_create(&threads[i], NULL, body, ctx) != 0) abort();
    }
    for (int i = 0; i < count; i++) {
        if (pthread_join(threads[i], NULL) != 0) abort();
    }
}

int soak(int argc, char **argv, void (*run)(uint64_t seed, uint64_t *gets)) {
    time_t end = time(NULL) + (argc > 1 ? strtol(argv[1], NULL, 10) : 10);
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1, first = seed, gets = 0;
    do {
        run(seed++, &gets);
    } while (time(NULL) < end);
    printf("soak: %" PRIu64 " runs from seed %" PRIu64 ", %" PRIu64 " gets\n", seed - first, first,
           gets);
    return 0;
}
