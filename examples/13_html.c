/* 13_html.c - a page in one buffer, what users typed made harmless.
 *
 * Prints:
 *   <table>
 *   <tr><td>nut &amp; bolt</td><td>12</td><td><a href="/find?q=nut%20%26%20bolt">more</a></td></tr>
 *   <tr><td>&lt;b&gt;</td><td>-1</td><td><a href="/find?q=%3Cb%3E">more</a></td></tr>
 *   </table>
 *   2 rows, 195 bytes
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include "pare/str.h"

typedef struct item {
    const char *name; /* from anyone */
    int64_t count;
} item;

static void append_row(pare_str *page, const item *row) {
    pare_str_append_lit(page, "<tr><td>");
    pare_str_append_html(page, row->name);
    pare_str_append_lit(page, "</td><td>");
    pare_str_append_int(page, row->count);
    pare_str_append_lit(page, "</td><td><a href=\"/find?q=");
    pare_str_append_url(page, row->name);
    pare_str_append_lit(page, "\">more</a></td></tr>\n");
}

int main(void) {
    static const item items[] = {{"nut & bolt", 12}, {"<b>", -1}};
    size_t count = sizeof items / sizeof items[0];
    pare_str page = {0};

    pare_str_append_lit(&page, "<table>\n");
    for (size_t i = 0; i < count; i++) append_row(&page, &items[i]);
    pare_str_append_lit(&page, "</table>\n");
    if (pare_str_status(&page) != PARE_OK) return 1; /* once, for all appends */

    fputs(pare_str_cstr(&page), stdout);
    printf("%zu rows, %zu bytes\n", count, pare_str_len(&page));
    pare_str_deinit(&page);
    return 0;
}
