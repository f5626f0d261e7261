/* 11_columns.c - a table in columns: three arrays, one allocation, neighbours in memory.
 *
 * Prints:
 *   3 columns of 1000 rows: 1 allocation of 21000 bytes
 *   total 499500.00
 *
 * SPDX-License-Identifier: MIT */
#include <stdalign.h>
#include <stdio.h>
#include "pare/counting.h"
#include "pare/layout.h"

int main(void) {
    const size_t rows = 1000;
    pare_counting heap = {0};
    pare_layout l = {0};
    size_t prices_at = pare_layout_add(&l, rows, sizeof(double), alignof(double));
    size_t names_at = pare_layout_add(&l, rows, 12, 4);
    size_t flags_at = pare_layout_add(&l, rows, 1, 1);

    char *table = pare_alloc(pare_counting_allocator(&heap), l.size, l.align);
    if (table == NULL) return 1; /* out of memory, or the sizes overflowed: one check */
    double *prices = (double *)(void *)(table + prices_at), total = 0;
    char *names = table + names_at, *flags = table + flags_at;
    for (size_t i = 0; i < rows; i++) {
        prices[i] = (double)i;
        snprintf(names + 12 * i, 12, "item %zu", i);
        flags[i] = 1;
    }
    for (size_t i = 0; i < rows; i++) total += flags[i] ? prices[i] : 0;
    printf("3 columns of %zu rows: %d allocation of %zu bytes\n", rows,
           (int)pare_counting_get_stats(&heap).allocs, l.size);
    printf("total %.2f\n", total);
    pare_free(pare_counting_allocator(&heap), table, l.size, l.align);
    return 0;
}
