/* report_html.c - report.html: one self-contained page, a chart and a table per row, no scripts.
 *
 * A bar's length is the logarithm of ns/op, from a tenth of the row's fastest, so that 1.1x and
 * 100x can both be seen; the figures stand beside it.
 * SPDX-License-Identifier: MIT */
#include "harness.h"
#include <math.h>
#include <string.h>

static const char head[] =
    "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<title>pare: benches</title>\n<style>\n"
    ":root { color-scheme: light dark; --text: #1c1e21; --back: #fff; --faint: #667; --line: "
    "#dde;\n"
    "        --pare: #1668c7; --floor: #9aa4b2; --other: #c98a3d; }\n"
    "@media (prefers-color-scheme: dark) { :root { --text: #e6e8eb; --back: #15181c;\n"
    "        --faint: #99a; --line: #333a44; --pare: #58a6ff; --floor: #66707e; --other: #b5803c; "
    "} }\n"
    "body { font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back);\n"
    "       max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }\n"
    "h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 2.2rem 0 0; }\n"
    "p { margin: .3rem 0; color: var(--faint); } code { font-size: .93em; }\n"
    "svg { width: 100%; height: auto; margin: .5rem 0; }\n"
    "svg text { font: 12px system-ui, sans-serif; fill: var(--text); }\n"
    ".pare { fill: var(--pare); } .floor { fill: var(--floor); } .other { fill: var(--other); }\n"
    ".scroll { overflow-x: auto; }\n"
    "table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .87rem; }\n"
    "td, th { padding: .15rem .7rem; text-align: right; border-bottom: 1px solid var(--line); }\n"
    "td:first-child, th:first-child { text-align: left; padding-left: 0; }\n"
    "th { font-weight: 600; color: var(--faint); }\n</style>\n";

static void escaped(FILE *out, const char *text) {
    for (; *text != '\0'; text++) {
        if (*text == '<')
            fputs("&lt;", out);
        else if (*text == '&')
            fputs("&amp;", out);
        else if (*text == '"')
            fputs("&quot;", out);
        else
            fputc(*text, out);
    }
}

static void number(FILE *out, double value) {
    if (value == 0 || value >= 99.95)
        fprintf(out, "%.0f", value);
    else if (value >= 9.995)
        fprintf(out, "%.1f", value);
    else if (value >= 0.005)
        fprintf(out, "%.2f", value);
    else
        fprintf(out, "%.1e", value);
}

static void ratio(FILE *out, double value) {
    if (value <= 0)
        fputs("-", out);
    else {
        number(out, value);
        fputs("&times;", out);
    }
}

static void bytes(FILE *out, double value) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB"};
    int unit = 0;
    while (value >= 10240 && unit < 3) {
        value /= 1024;
        unit++;
    }
    fprintf(out, "%.0f %s", value, units[unit]);
}

static const char *colour(const bench_contender *c) {
    if (strncmp(c->name, "pare", 4) == 0) return "pare";
    return strcmp(c->name, "floor") == 0 ? "floor" : "other";
}

static void chart(FILE *out, const bench_rowdef *row) {
    enum { LINE = 22, NAME = 120, WIDTH = 760, FIGURES = 190 };
    double least = HUGE_VAL, most = 0;
    int shown = 0, y = 0;
    for (int i = 0; i < row->count; i++) {
        double ns = row->contenders[i].figures.ns_op;
        if (!row->contenders[i].selected) continue;
        least = fmin(least, ns);
        most = fmax(most, ns);
        shown++;
    }
    if (!(least > 0)) return;
    fprintf(out,
            "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"ns per operation, log scale\">\n",
            WIDTH, shown * LINE);
    for (int i = 0; i < row->count; i++) {
        const bench_contender *c = &row->contenders[i];
        if (!c->selected) continue;
        double from = log(least / 10), to = fmax(log(most), log(least) + 1);
        double length = (log(c->figures.ns_op) - from) / (to - from) * (WIDTH - NAME - FIGURES);
        fprintf(
            out,
            "<text x=\"0\" y=\"%d\">%s</text><rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" "
            "height=\"%d\" rx=\"2\"/><text x=\"%.1f\" y=\"%d\">",
            y + 15, c->name, colour(c), NAME, y + 3, length, LINE - 6, NAME + length + 8, y + 15);
        number(out, c->figures.ns_op);
        fprintf(out, " ns");
        if (c->figures.x_floor > 0) {
            fprintf(out, ", ");
            ratio(out, c->figures.x_floor);
            fprintf(out, " floor");
        }
        fprintf(out, "</text>\n");
        y += LINE;
    }
    fprintf(out, "</svg>\n");
}

static void table(FILE *out, const bench_rowdef *row) {
    fprintf(out, "<div class=\"scroll\"><table>\n<tr><th>contender<th>ns/op<th>B/op<th>allocs/op"
                 "<th>faults/op<th>peak<th>held<th>of floor<th>of libc\n");
    for (int i = 0; i < row->count; i++) {
        const bench_contender *c = &row->contenders[i];
        const bench_figures *f = &c->figures;
        const double figures[] = {f->ns_op, f->bytes_op, f->allocs_op, f->faults_op};
        if (!c->selected) continue;
        fprintf(out, "<tr><td>%s", c->name);
        for (int k = 0; k < 4; k++) {
            fprintf(out, "<td>");
            number(out, figures[k]);
        }
        fprintf(out, "<td>");
        bytes(out, f->peak_bytes);
        fprintf(out, "<td>");
        bytes(out, f->held_bytes);
        fprintf(out, "<td>");
        ratio(out, f->x_floor);
        fprintf(out, "<td>");
        ratio(out, f->x_libc);
        fprintf(out, "\n");
    }
    fprintf(out, "</table></div>\n");
}

void benchi_report_html(FILE *out, const bench_facts *facts) {
    fputs(head, out);
    fprintf(out, "<h1>pare: benches</h1>\n<p>");
    escaped(out, facts->cpu);
    fprintf(out, ", %d online; ", facts->cpus);
    escaped(out, facts->os);
    fprintf(out, "<br>");
    escaped(out, facts->compiler);
    fprintf(out, "; <code>");
    escaped(out, facts->flags);
    fprintf(out, "</code><br>commit %s, %s</p>\n", facts->commit, facts->date);
    fprintf(out,
            "<p>Bars are ns per operation on a logarithmic scale, one scale per row: shorter is "
            "faster. <code>floor</code> is the least code that does the same work. What each "
            "column is: bench/README.md.</p>\n");
    for (int i = 0; i < bench_all.count; i++) {
        const bench_rowdef *row = &bench_all.rows[i];
        if (!row->selected) continue;
        fprintf(out, "<h2>%s</h2>\n<p>%s</p>\n", row->name, row->operation);
        chart(out, row);
        table(out, row);
    }
    fprintf(out, "</html>\n");
}
