/* 07_counting.c - measure, never guess: what does a function allocate, cold and warm?
 *
 * Prints:
 *   cold: 1 allocs, 0 resizes
 *   warm: 0 allocs, 0 resizes
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include "pare/counting.h"
#include "pare/str.h"

/* The function under measurement: it reuses the builder that it is given. */
static pare_status describe(pare_str *s, int64_t id) {
    pare_str_reset(s);
    pare_str_append_lit(s, "user ");
    pare_str_append_int(s, id);
    pare_str_append_lit(s, " logged in");
    return pare_str_status(s);
}

int main(void) {
    static const char *const names[] = {"cold", "warm"};
    pare_counting counting = {0};
    pare_str text;
    pare_str_init(&text, pare_counting_allocator(&counting));
    for (int run = 0; run < 2; run++) {
        pare_counting_stats before = pare_counting_get_stats(&counting);
        if (describe(&text, 12345) != PARE_OK) return 1;
        pare_counting_stats after = pare_counting_get_stats(&counting);
        printf("%s: %d allocs, %d resizes\n", names[run], (int)(after.allocs - before.allocs),
               (int)(after.resizes - before.resizes));
    }
    pare_str_deinit(&text);
    return 0;
}
