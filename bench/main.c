/* main.c - runs the benches: counts and compares outputs, times, prints the table, writes reports.
 * SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "harness.h"
#include "modules.h" /* written by CMakeLists.txt: lists of modules, X(arena) X(pool) ... */
#include <dlfcn.h>
#include <errno.h>
#include <getopt.h>
#include <regex.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DECLARE(module) void bench_##module(void);
#define REGISTER(module) bench_##module();
#define DECLARE_DROPIN(module) void bench_##module##_dropin(void);
#define REGISTER_DROPIN(module) bench_##module##_dropin();
#define REGISTER_SHARED(module) register_shared(shared, "bench_" #module "_shared");
BENCH_MODULES(DECLARE)
BENCH_VARIANT_MODULES(DECLARE_DROPIN)

static const bench_effort full = {.sample_seconds = 0.006,
                                  .seconds = 180,
                                  .rounds_min = 30,
                                  .rounds_max = 150,
                                  .slow_seconds = 0.05,
                                  .slow_rounds = 7};
static const bench_effort quick = {.sample_seconds = 0.004,
                                   .seconds = 40,
                                   .rounds_min = 6,
                                   .rounds_max = 60,
                                   .slow_seconds = 0.05,
                                   .slow_rounds = 2};

static const char usage[] =
    "usage: pare-bench [--quick] [--filter REGEX] [--out DIRECTORY] [--list]\n"
    "  --quick          shorter samples, fewer rounds: all rows but the longest in a minute\n"
    "  --filter REGEX   only rows whose name, or `row/contender`, matches (extended regex);\n"
    "                   also taken from the environment: BENCH_FILTER\n"
    "  --out DIRECTORY  where results.json, results.txt and report.html go\n"
    "  --list           name the rows and contenders and stop\n";

/* --- registering -------------------------------------------------------------------------- */

static void *opened(void *thing) {
    if (thing != NULL) return thing;
    fprintf(stderr, "bench: %s\n", dlerror());
    exit(1);
}

static void register_shared(void *library, const char *name) {
    void (*add)(void);
    *(void **)&add = opened(dlsym(library, name));
    add();
}

static void register_all(void) {
    BENCH_MODULES(REGISTER)
    BENCH_VARIANT_MODULES(REGISTER_DROPIN)
    void *shared = opened(dlopen(BENCH_SHARED_LIBRARY, RTLD_NOW | RTLD_LOCAL));
    BENCH_VARIANT_MODULES(REGISTER_SHARED)
}

/* --- choosing ---------------------------------------------------------------------------- */

/* How many contenders are selected; a pattern that is none ends the run. */
static int choose(const char *pattern, bool long_too) {
    regex_t regex;
    char text[256];
    int chosen = 0, error = regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB);
    if (error != 0) {
        regerror(error, &regex, text, sizeof text);
        fprintf(stderr, "bench: the filter `%s` is no regular expression: %s\n", pattern, text);
        exit(2);
    }
    for (int i = 0; i < bench_all.count; i++) {
        bench_rowdef *row = &bench_all.rows[i];
        if (row->is_long && !long_too) continue;
        for (int k = 0; k < row->count; k++) {
            bench_contender *c = &row->contenders[k];
            snprintf(text, sizeof text, "%s/%s", row->name, c->name);
            c->selected = regexec(&regex, row->name, 0, NULL, 0) == 0 ||
                          regexec(&regex, text, 0, NULL, 0) == 0;
            row->selected = row->selected || c->selected;
            chosen += c->selected;
        }
    }
    regfree(&regex);
    return chosen;
}

static void list(void) {
    for (int i = 0; i < bench_all.count; i++) {
        const bench_rowdef *row = &bench_all.rows[i];
        for (int k = 0; k < row->count; k++) {
            if (row->contenders[k].selected) printf("%s/%s\n", row->name, row->contenders[k].name);
        }
    }
}

/* --- progress ---------------------------------------------------------------------------- */

static struct {
    bool on_terminal, dirty;
    double last;
} progress;

void benchi_progress(const char *format, ...) {
    enum { LINE_SECONDS = 10 };
    double now = benchi_now();
    va_list values;
    if (!progress.on_terminal && now - progress.last < LINE_SECONDS) return;
    progress.last = now;
    progress.dirty = progress.on_terminal;
    fputs(progress.on_terminal ? "\r\033[K" : "bench: ", stderr);
    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    if (!progress.on_terminal) fputc('\n', stderr);
}

static void clear_progress(void) {
    if (progress.dirty) fputs("\r\033[K", stderr);
    progress.dirty = false;
}

/* --- comparing --------------------------------------------------------------------------- */

static void print_head(const bench_contender *c) {
    size_t shown =
        c->result_length < sizeof c->result_head ? (size_t)c->result_length : sizeof c->result_head;
    fprintf(stderr, "  %-12s %llu bytes: ", c->name, (unsigned long long)c->result_length);
    for (size_t i = 0; i < shown; i++) {
        unsigned char byte = c->result_head[i];
        if (byte >= ' ' && byte < 127)
            fputc(byte, stderr);
        else
            fprintf(stderr, "\\x%02x", byte);
    }
    fputc('\n', stderr);
}

/* Same work, same output. */
static void compare(const bench_rowdef *row) {
    const bench_contender *first = NULL;
    for (int k = 0; k < row->count; k++) {
        const bench_contender *c = &row->contenders[k];
        if (!c->selected) continue;
        if (first == NULL) first = c;
        if (c->result_length == first->result_length && c->result_hash == first->result_hash)
            continue;
        clear_progress();
        fprintf(stderr, "bench: %s: two contenders produced different output:\n", row->name);
        print_head(first);
        print_head(c);
        exit(1);
    }
}

/* --- running ----------------------------------------------------------------------------- */

static void count_row(bench_rowdef *row) {
    for (int k = 0; k < row->count; k++) {
        if (!row->contenders[k].selected) continue;
        benchi_progress("counting %s %s", row->name, row->contenders[k].name);
        benchi_count(row, &row->contenders[k]);
    }
    compare(row);
}

static FILE *open_report(const char *directory, const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *out = fopen(path, "w");
    if (out == NULL) {
        fprintf(stderr, "bench: %s: %s\n", path, strerror(errno));
        exit(1);
    }
    return out;
}

static void close_report(FILE *out, const char *name) {
    bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        fprintf(stderr, "bench: cannot write %s\n", name);
        exit(1);
    }
}

/* Before the long part, so that a wrong --out does not show at its end. */
static void make_directory(const char *directory) {
    if ((mkdir(directory, 0777) == 0 || errno == EEXIST) && access(directory, W_OK | X_OK) == 0)
        return;
    fprintf(stderr, "bench: cannot write to %s: %s\n", directory, strerror(errno));
    exit(1);
}

static void write_reports(const char *directory, const bench_facts *facts) {
    FILE *out = open_report(directory, "results.json");
    benchi_report_json(out);
    close_report(out, "results.json");
    out = open_report(directory, "results.txt");
    benchi_report_go(out, facts);
    close_report(out, "results.txt");
    out = open_report(directory, "report.html");
    benchi_report_html(out, facts);
    close_report(out, "report.html");
}

/* A preloaded library may replace malloc: `libc` would be something else. */
static void refuse_preload(void) {
    const char *preload = getenv("LD_PRELOAD");
    if (preload == NULL || preload[0] == '\0') return;
    fprintf(stderr,
            "bench: LD_PRELOAD is set, to %s: what is timed would not be what it is called; "
            "please unset it\n",
            preload);
    exit(1);
}

static int run(const bench_effort *effort, const char *directory) {
    bench_facts facts;
    double start = benchi_now();
    int rows = 0;
    progress.on_terminal = isatty(STDERR_FILENO) == 1;
    progress.last = start;

    refuse_preload();
    make_directory(directory);
    benchi_check_counter();
    for (int i = 0; i < bench_all.count; i++) {
        if (!bench_all.rows[i].selected) continue;
        count_row(&bench_all.rows[i]);
        rows++;
    }
    benchi_time(effort, start + effort->seconds);
    clear_progress();

    benchi_read_facts(&facts);
    printf("cpu: %s, %d online; %s\ncompiler: %s; flags: %s\ncommit: %s; %s\n\n", facts.cpu,
           facts.cpus, facts.os, facts.compiler, facts.flags, facts.commit, facts.date);
    benchi_table_head(stdout);
    for (int i = 0; i < bench_all.count; i++) {
        if (bench_all.rows[i].selected) benchi_table_row(stdout, &bench_all.rows[i]);
    }
    write_reports(directory, &facts);
    printf("\n%d rows in %.0f s; results.json, results.txt, report.html are in %s\n", rows,
           benchi_now() - start, directory);
    return 0;
}

int main(int argc, char **argv) {
    static const struct option options[] = {
        {"quick", no_argument, NULL, 'q'},     {"filter", required_argument, NULL, 'f'},
        {"out", required_argument, NULL, 'o'}, {"list", no_argument, NULL, 'l'},
        {"help", no_argument, NULL, 'h'},      {NULL, 0, NULL, 0}};
    const bench_effort *effort = &full;
    const char *pattern = getenv("BENCH_FILTER"), *directory = BENCH_OUTPUT_DIR;
    bool listing = false;

    register_all();
    if (argc == 4 && strcmp(argv[1], "--count") == 0)
        return benchi_counting_process(argv[2], argv[3]);
    if (argc == 2 && strcmp(argv[1], "--known-program") == 0) return benchi_known_program();

    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'q')
            effort = &quick;
        else if (option == 'f')
            pattern = optarg;
        else if (option == 'o')
            directory = optarg;
        else if (option == 'l')
            listing = true;
        else {
            fputs(usage, option == 'h' ? stdout : stderr);
            return option == 'h' ? 0 : 2;
        }
    }
    if (optind < argc) {
        fputs(usage, stderr);
        return 2;
    }
    if (pattern == NULL) pattern = "";
    if (choose(pattern, effort == &full || pattern[0] != '\0') == 0) {
        fprintf(stderr, "bench: the filter `%s` matches no row; --list names them\n", pattern);
        return 2;
    }
    if (listing) {
        list();
        return 0;
    }
    return run(effort, directory);
}
