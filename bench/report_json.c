/* report_json.c - results.json: an array, one object per row and contender.
 * SPDX-License-Identifier: MIT */
#include "harness.h"

void benchi_report_json(FILE *out) {
    const char *before = "[\n";
    for (int i = 0; i < bench_all.count; i++) {
        const bench_rowdef *row = &bench_all.rows[i];
        for (int k = 0; k < row->count; k++) {
            const bench_contender *c = &row->contenders[k];
            const bench_figures *f = &c->figures;
            if (!c->selected) continue;
            fprintf(out,
                    "%s  {\"bench\": \"%s\", \"contender\": \"%s\", \"ns_op\": %.5g, "
                    "\"allocs_op\": %.7g, \"bytes_op\": %.7g, \"faults_op\": %.7g, "
                    "\"peak_bytes\": %.0f, \"held_bytes\": %.0f}",
                    before, row->name, c->name, f->ns_op, f->allocs_op, f->bytes_op, f->faults_op,
                    f->peak_bytes, f->held_bytes);
            before = ",\n";
        }
    }
    fprintf(out, "\n]\n");
}
