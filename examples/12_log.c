/* 12_log.c - structured log lines, at most two a second of each event, and no allocation for any.
 *
 * Prints:
 *   {"t":0.000,"event":"login","user":"ann","ms":7}
 *   {"t":0.300,"event":"login","user":"bo \"the\tcat\"","ms":8}
 *   {"t":1.200,"event":"login","dropped":2,"user":"ann","ms":11}
 *   asked the heap 0 times
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include "pare/heap.h"
#include "pare/str.h"

enum { PER_SECOND = 2 };

/* A place in the program that logs. */
typedef struct log_site {
    const char *event;
    uint64_t second;           /* since when */
    unsigned written, dropped; /* lines in it; lines since the last one written */
} log_site;

/* Begins a line; 0: this event has had its share. */
static int log_begin(pare_str *line, log_site *site, uint64_t now_ms) {
    if (site->second != now_ms / 1000) site->written = 0;
    site->second = now_ms / 1000;
    if (site->written == PER_SECOND) return site->dropped++, 0;
    site->written++;

    pare_str_reset(line);
    pare_str_append_lit(line, "{\"t\":");
    pare_str_append_uint(line, now_ms / 1000);
    pare_str_append_char(line, '.');
    pare_str_append_uint_base(line, now_ms % 1000, 10, 3, '0');
    pare_str_append_lit(line, ",\"event\":");
    pare_str_append_json(line, site->event);
    if (site->dropped != 0) {
        pare_str_append_lit(line, ",\"dropped\":");
        pare_str_append_uint(line, site->dropped);
    }
    site->dropped = 0;
    return 1;
}

static void log_login(pare_str *line, uint64_t now_ms, const char *user, int64_t ms) {
    static log_site site = {.event = "login"};
    if (!log_begin(line, &site, now_ms)) return;
    pare_str_append_lit(line, ",\"user\":");
    pare_str_append_json(line, user); /* whatever it is, the line stays one line, and JSON */
    pare_str_append_lit(line, ",\"ms\":");
    pare_str_append_int(line, ms);
    pare_str_append_char(line, '}');
    if (pare_str_status(line) == PARE_OK) puts(pare_str_cstr(line));
}

int main(void) {
    char first[256];
    pare_str line;
    pare_str_init_with(&line, first, sizeof first, pare_heap());
    log_login(&line, 0, "ann", 7);
    log_login(&line, 300, "bo \"the\tcat\"", 8);
    log_login(&line, 400, "cy", 9);
    log_login(&line, 999, "di", 10);
    log_login(&line, 1200, "ann", 11);
    printf("asked the heap %d times\n", (int)pare_str_get_stats(&line).growths);
    pare_str_deinit(&line);
    return 0;
}
