/* 04_str.c - a log line per request, built in one buffer: no printf, no allocation for most.
 *
 * Prints:
 *   GET /index.html 200 5120 B
 *   GET /a/page/with/a/long/name.html 404 0 B
 *   asked the heap 0 times
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include "pare/heap.h"
#include "pare/str.h"

/* The status is sticky: a run of appends is checked once, at its end. */
static pare_status log_request(pare_str *line, const char *path, int status, uint64_t bytes) {
    pare_str_reset(line); /* the memory stays */
    pare_str_append(line, "GET ");
    pare_str_append(line, path);
    pare_str_append_char(line, ' ');
    pare_str_append_int(line, status);
    pare_str_append_char(line, ' ');
    pare_str_append_uint(line, bytes);
    pare_str_append(line, " B");
    return pare_str_status(line);
}

int main(void) {
    char first[256]; /* a line that outgrows it goes on on the heap */
    pare_str line;
    pare_str_init_with(&line, first, sizeof first, pare_heap());

    if (log_request(&line, "/index.html", 200, 5120) != PARE_OK) return 1;
    puts(pare_str_cstr(&line));
    if (log_request(&line, "/a/page/with/a/long/name.html", 404, 0) != PARE_OK) return 1;
    puts(pare_str_cstr(&line));

    printf("asked the heap %d times\n", (int)pare_str_get_stats(&line).growths);
    pare_str_deinit(&line);
    return 0;
}
