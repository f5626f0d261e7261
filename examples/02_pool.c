/* 02_pool.c - keep what was built: a connection's buffer is made once, not for each request.
 *
 * Prints:
 *   6 requests, 2 buffers made
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include "pare/pool.h"

typedef struct conn {
    char *buffer;
} conn;

PARE_POOL_DEFINE(conn_pool, conn); /* conn_pool_get answers a conn, conn_pool_put takes one */

/* Runs when a connection enters the pool. */
static pare_status conn_init(void *made, void *object) {
    conn *c = object;
    c->buffer = malloc(4096);
    return c->buffer != NULL ? ++*(int *)made, PARE_OK : PARE_ERR_MEMORY;
}

/* Runs when it leaves: here, at deinit. */
static void conn_fini(void *made, void *object) { (void)made, free(((conn *)object)->buffer); }

int main(void) {
    int made = 0, requests = 0;
    pare_pool_options options = {.init = conn_init, .fini = conn_fini, .ctx = &made};
    conn_pool pool;
    if (conn_pool_init(&pool, (pare_allocator){0}, &options) != PARE_OK) return 1;
    for (; requests < 6; requests += 2) { /* two at a time */
        conn *a = conn_pool_get(&pool), *b = conn_pool_get(&pool);
        if (a == NULL || b == NULL) return 1;
        conn_pool_put(&pool, a);
        conn_pool_put(&pool, b);
    }
    conn_pool_deinit(&pool);
    printf("%d requests, %d buffers made\n", requests, made);
    return 0;
}
