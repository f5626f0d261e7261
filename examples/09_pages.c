/* 09_pages.c - a table that grows without ever moving, so pointers into it stay good: addresses
 * are reserved ahead, memory is taken as it is needed, and given back when it is not.
 *
 * Prints:
 *   1000000 rows, the first one still in its place
 *   shrunk to one page: row 7 is 49
 *
 * SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdio.h>
#include "pare/pages.h"

int main(void) {
    pare_allocator a = pare_pages((size_t)64 << 20); /* room to grow to, no memory yet */
    pare_span table;
    if (pare_alloc_span(a, 1, sizeof(int64_t), 0, &table) != PARE_OK) return 1;
    int64_t *rows = table.ptr;
    const int64_t *first = &rows[0];

    int64_t count = 0;
    for (; count < 1000000; count++) {
        size_t needed = (size_t)(count + 1) * sizeof *rows;
        if (needed > table.cap &&
            pare_resize_span(a, &table, 2 * table.cap, sizeof *rows, 0) != PARE_OK) {
            return 1;
        }
        rows[count] = count * count;
    }
    printf("%d rows, the first one %s\n", (int)count,
           first == table.ptr ? "still in its place" : "elsewhere");

    if (pare_resize_span(a, &table, 1, sizeof *rows, 0) != PARE_OK) return 1;
    printf("shrunk to one page: row 7 is %d\n", (int)rows[7]);
    pare_free_span(a, table, sizeof *rows);
    return 0;
}
