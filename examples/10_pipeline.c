/* 10_pipeline.c - messages from one thread to another: what the second puts, the first gets again.
 *
 * Prints:
 *   100000 messages received, sum 4999950000
 *   at most 1000 of them were ever made
 *
 * SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include "pare/mtpool.h"

enum { MESSAGES = 100000, BACKLOG = 64 };

typedef struct message {
    struct message *next;
    uint64_t number;
} message;

PARE_MTPOOL_DEFINE(message_pool, message);

/* A queue of at most BACKLOG messages, the simplest that works. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    message *first, *last;
    int count;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER};

static void queue_push(message *m) {
    pthread_mutex_lock(&queue.lock);
    while (queue.count == BACKLOG) pthread_cond_wait(&queue.moved, &queue.lock);
    m->next = NULL;
    *(queue.count > 0 ? &queue.last->next : &queue.first) = m;
    queue.last = m;
    if (queue.count++ == 0) pthread_cond_signal(&queue.moved);
    pthread_mutex_unlock(&queue.lock);
}

static message *queue_pop(void) {
    pthread_mutex_lock(&queue.lock);
    while (queue.count == 0) pthread_cond_wait(&queue.moved, &queue.lock);
    message *m = queue.first;
    queue.first = m->next;
    if (queue.count-- == BACKLOG) pthread_cond_signal(&queue.moved);
    pthread_mutex_unlock(&queue.lock);
    return m;
}

static void *produce(void *pool) {
    for (uint64_t i = 0; i < MESSAGES; i++) {
        message *m = message_pool_get(pool);
        if (m == NULL) return NULL;
        m->number = i;
        queue_push(m);
    }
    return pool;
}

int main(void) {
    message_pool pool;
    pthread_t producer;
    uint64_t sum = 0;
    if (message_pool_init(&pool, (pare_allocator){0}, NULL) != PARE_OK) return 1;
    if (pthread_create(&producer, NULL, produce, &pool) != 0) return 1;
    for (int i = 0; i < MESSAGES; i++) {
        message *m = queue_pop();
        sum += m->number;
        message_pool_put(&pool, m); /* rides back in this thread's magazine, 64 at a time */
    }
    pthread_join(producer, NULL);
    uint64_t creates = pare_mtpool_get_stats(&pool.pool).creates;
    message_pool_deinit(&pool);
    printf("%d messages received, sum %llu\n", MESSAGES, (unsigned long long)sum);
    if (creates <= 1000) puts("at most 1000 of them were ever made");
    return 0;
}
