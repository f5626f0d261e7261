/* 05_buf.c - receive messages of any size into one buffer, and let no giant pin memory.
 *
 * Prints:
 *   100 bytes received
 *   500000 bytes received
 *   300 bytes received, into less than 64 KiB
 *   2000000 bytes refused: limit reached
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include "pare/buf.h"
#include "pare/heap.h"

/* Stands for reads from a socket: they come by chunks of at most 4096 bytes. */
static pare_status receive(pare_buf *message, int size) {
    pare_buf_reset_max(message, 65536); /* the memory stays, unless it is a giant's */
    for (int got = 0; got < size; got += 4096) {
        pare_buf_append_fill(message, 'x', size - got < 4096 ? (size_t)(size - got) : 4096);
    }
    return pare_buf_status(message); /* sticky, so one check is enough */
}

int main(void) {
    const int sizes[] = {100, 500000, 300, 2000000};
    pare_buf message;
    pare_buf_init(&message, pare_heap());
    pare_buf_set_limit(&message, 1000000); /* whatever a peer sends */

    for (int i = 0; i < 4; i++) {
        pare_status status = receive(&message, sizes[i]);
        printf("%d bytes %s", sizes[i], status == PARE_OK ? "received" : "refused: ");
        if (status != PARE_OK) printf("%s", pare_status_text(status));
        if (i == 2 && pare_buf_capacity(&message) < 65536) printf(", into less than 64 KiB");
        printf("\n");
    }
    pare_buf_deinit(&message);
    return 0;
}
