/* facts.c - what a figure cannot be read without: machine, system, compiler, flags, commit.
 * SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "harness.h"
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static void cut_line(char *text) { text[strcspn(text, "\n")] = '\0'; }

static void read_cpu(char *out, size_t size) {
    char line[256];
    FILE *info = fopen("/proc/cpuinfo", "r");
    snprintf(out, size, "unknown");
    if (info == NULL) return;
    while (fgets(line, sizeof line, info) != NULL) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || colon == NULL) continue;
        snprintf(out, size, "%s", colon + 2);
        cut_line(out);
        break;
    }
    fclose(info);
}

/* The commit of the source, with "-dirty" behind it when the tree has changes. */
static void read_commit(char *out, size_t size) {
    FILE *git = popen("git -C '" BENCH_SOURCE_DIR "' describe --always --dirty --abbrev=10 "
                      "--exclude='*' 2>/dev/null",
                      "r");
    out[0] = '\0';
    if (git != NULL) {
        if (fgets(out, (int)size, git) == NULL) out[0] = '\0';
        pclose(git);
    }
    cut_line(out);
    if (out[0] == '\0') snprintf(out, size, "unknown");
}

void benchi_read_facts(bench_facts *f) {
    struct utsname system;
    time_t now = time(NULL);
    struct tm utc;
    read_cpu(f->cpu, sizeof f->cpu);
    read_commit(f->commit, sizeof f->commit);
    if (uname(&system) == 0)
        snprintf(f->os, sizeof f->os, "%.60s %.60s", system.sysname, system.release);
#if defined(__clang__)
    snprintf(f->compiler, sizeof f->compiler, "clang %s", __clang_version__);
#else
    snprintf(f->compiler, sizeof f->compiler, "gcc %s", __VERSION__);
#endif
    if (gmtime_r(&now, &utc) != NULL) strftime(f->date, sizeof f->date, "%Y-%m-%dT%H:%M:%SZ", &utc);
    f->flags = BENCH_FLAGS;
    f->cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
#if defined(__x86_64__)
    f->arch = "amd64"; /* Go's names */
#elif defined(__aarch64__)
    f->arch = "arm64";
#elif defined(__i386__)
    f->arch = "386";
#else
    f->arch = "unknown";
#endif
}
