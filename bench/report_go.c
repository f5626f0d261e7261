/* report_go.c - results.txt in Go's benchmark format, for benchstat: configuration lines, then
 * one line per round. `benchstat -col /contender results.txt` sets the contenders side by side.
 * SPDX-License-Identifier: MIT */
#include "harness.h"
#include <ctype.h>

/* "arena/alloc-32" -> "BenchmarkArena/alloc-32/contender=pare-2"; the last number is the CPUs. */
static void name(FILE *out, const bench_rowdef *row, const bench_contender *c, int cpus) {
    fprintf(out, "Benchmark%c%s/contender=%s-%d", toupper((unsigned char)row->name[0]),
            row->name + 1, c->name, cpus);
}

void benchi_report_go(FILE *out, const bench_facts *facts) {
    fprintf(out, "goos: linux\ngoarch: %s\npkg: pare\ncpu: %s\n", facts->arch, facts->cpu);
    /* Not as configuration: benchstat would put two runs that differ in one into two tables. */
    fprintf(out, "# %d cpus, %s\n# %s; %s\n# commit %s; %s\n\n", facts->cpus, facts->os,
            facts->compiler, facts->flags, facts->commit, facts->date);
    fprintf(out, "Unit allocs/op assume=exact\nUnit B/op assume=exact\n");
    for (int i = 0; i < bench_all.count; i++) {
        const bench_rowdef *row = &bench_all.rows[i];
        for (int k = 0; k < row->count; k++) {
            const bench_contender *c = &row->contenders[k];
            const bench_figures *f = &c->figures;
            for (int r = 0; c->selected && r < f->rounds; r++) {
                name(out, row, c, facts->cpus);
                fprintf(out, " %llu %.5g ns/op %.7g B/op %.7g allocs/op\n",
                        (unsigned long long)f->sample_ops, f->round_ns[r], f->bytes_op,
                        f->allocs_op);
            }
        }
    }
}
