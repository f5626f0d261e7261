/* 03_bufpool.c - buffers by size: each message is copied into one that fits, and once the pool has
 * seen the traffic, nothing is asked of the allocator any more.
 *
 * Prints:
 *   round 1: 3 hits, 3 misses
 *   round 2: 9 hits, 3 misses
 *   a buffer for 1500 bytes has 1536
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include "pare/bufpool.h"

/* What a server does with a message: a copy that outlives the receive buffer. */
static int handle(pare_bufpool *pool, const char *message, size_t size) {
    pare_span copy = pare_bufpool_get(pool, size); /* as many bytes or more: copy.cap */
    if (copy.ptr == NULL) return -1;
    memcpy(copy.ptr, message, size);
    pare_bufpool_put(pool, copy); /* the size goes back with the pointer */
    return 0;
}

int main(void) {
    static const char traffic[70000];
    static const size_t sizes[] = {100, 1500, 70000, 110, 1400, 65537};
    pare_bufpool pool = {0}; /* sizes up to 1 MiB; at most 16 MiB kept */
    for (int round = 1; round <= 2; round++) {
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            if (handle(&pool, traffic, sizes[i]) != 0) return 1;
        }
        pare_bufpool_stats stats = pare_bufpool_get_stats(&pool);
        printf("round %d: %d hits, %d misses\n", round, (int)stats.hits, (int)stats.misses);
    }
    pare_span buffer = pare_bufpool_get(&pool, 1500);
    printf("a buffer for 1500 bytes has %d\n", (int)buffer.cap);
    pare_bufpool_put(&pool, buffer);
    pare_bufpool_deinit(&pool);
    return 0;
}
