/* report_table.c - the table on the terminal.
 * SPDX-License-Identifier: MIT */
#include "harness.h"
#include <string.h>

/* About three digits, as many as the measurement carries. */
static const char *figure(char *out, size_t size, double value) {
    if (value == 0) return "0";
    double magnitude = value < 0 ? -value : value;
    if (magnitude < 0.005)
        snprintf(out, size, "%.1e", value);
    else
        snprintf(out, size, "%.*f", magnitude < 9.995 ? 2 : magnitude < 99.95 ? 1 : 0, value);
    return out;
}

static int longest(int (*length)(const bench_rowdef *row), int least) {
    for (int i = 0; i < bench_all.count; i++) {
        if (!bench_all.rows[i].selected) continue;
        int n = length(&bench_all.rows[i]);
        if (n > least) least = n;
    }
    return least;
}

static int row_length(const bench_rowdef *row) { return (int)strlen(row->name); }

static int contender_length(const bench_rowdef *row) {
    int most = 0;
    for (int i = 0; i < row->count; i++) {
        int n = (int)strlen(row->contenders[i].name);
        if (row->contenders[i].selected && n > most) most = n;
    }
    return most;
}

static void line(FILE *out, const char *row, const char *contender, const char *const cells[7]) {
    fprintf(out, "%-*s  %-*s %9s %9s %10s %8s %8s %9s %9s\n", longest(row_length, 3), row,
            longest(contender_length, 9), contender, cells[0], cells[1], cells[2], cells[3],
            cells[4], cells[5], cells[6]);
    fflush(out);
}

void benchi_table_head(FILE *out) {
    const char *const cells[7] = {"ns/op",  "B/op",     "allocs/op", "x floor",
                                  "x libc", "peak KiB", "held KiB"};
    line(out, "row", "contender", cells);
}

void benchi_table_row(FILE *out, const bench_rowdef *row) {
    bool first = true;
    for (int i = 0; i < row->count; i++) {
        const bench_contender *c = &row->contenders[i];
        const bench_figures *f = &c->figures;
        const char *cells[7];
        char text[7][32];
        if (!c->selected) continue;
        cells[0] = figure(text[0], sizeof text[0], f->ns_op);
        cells[1] = figure(text[1], sizeof text[1], f->bytes_op);
        cells[2] = figure(text[2], sizeof text[2], f->allocs_op);
        cells[3] = f->x_floor > 0 ? figure(text[3], sizeof text[3], f->x_floor) : "-";
        cells[4] = f->x_libc > 0 ? figure(text[4], sizeof text[4], f->x_libc) : "-";
        cells[5] = figure(text[5], sizeof text[5], f->peak_bytes / 1024.0);
        cells[6] = figure(text[6], sizeof text[6], f->held_bytes / 1024.0);
        line(out, first ? row->name : "", c->name, cells);
        first = false;
    }
}
