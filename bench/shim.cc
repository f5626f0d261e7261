/* shim.cc - one sample of one contender, by Google Benchmark: the only C++ of the benches.
 *
 * Google Benchmark finds how many batches fill a sample, and runs and times the batches. Rounds,
 * order and statistics are in timed.c: its own interleaving shuffles all repetitions at once, so
 * that two contenders' samples may lie far apart.
 * SPDX-License-Identifier: MIT */
#include "harness.h"
#include <benchmark/benchmark.h>

namespace {

// Keeps the figures instead of printing them.
class Keeper : public benchmark::BenchmarkReporter {
  public:
    bool ReportContext(const Context &) override { return true; }
    void ReportRuns(const std::vector<Run> &runs) override {
        for (const Run &run : runs) {
            if (run.run_type != Run::RT_Iteration || run.iterations == 0) continue;
            batches = static_cast<uint64_t>(run.iterations);
            batch_seconds = run.real_accumulated_time / static_cast<double>(run.iterations);
        }
    }
    uint64_t batches = 1;
    double batch_seconds = 0;
};

void run_contender(benchmark::State &state, bench *b, uint64_t warm_batches) {
    b->state = &state;
    b->warm_left = warm_batches;
    b->contender->f(b);
    b->state = nullptr;
}

} // namespace

uint64_t benchi_calibrate(bench *b, double seconds, double *batch_seconds) {
    Keeper keeper;
    benchmark::ClearRegisteredBenchmarks();
    benchmark::RegisterBenchmark("calibrate", [b](benchmark::State &s) { run_contender(s, b, 0); })
        ->MinTime(seconds)
        ->UseRealTime();
    benchmark::RunSpecifiedBenchmarks(&keeper, "all");
    *batch_seconds = keeper.batch_seconds;
    return keeper.batches;
}

double benchi_sample(bench *b, uint64_t batches, uint64_t warm_batches) {
    Keeper keeper;
    benchmark::ClearRegisteredBenchmarks();
    benchmark::RegisterBenchmark(
        "sample", [b, warm_batches](benchmark::State &s) { run_contender(s, b, warm_batches); })
        ->Iterations(static_cast<benchmark::IterationCount>(batches))
        ->UseRealTime();
    benchmark::RunSpecifiedBenchmarks(&keeper, "all");
    return keeper.batch_seconds;
}

bool benchi_timed_next(bench *b) {
    if (b->warm_left > 0) {
        b->warm_left--;
        return true;
    }
    return static_cast<benchmark::State *>(b->state)->KeepRunning();
}
