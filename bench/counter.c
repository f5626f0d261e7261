/* counter.c - LD_PRELOADed: counts the C library's heap calls and mmap, on all threads.
 *
 * Every interposed function counts and then calls the next definition in link order (the C
 * library's, or that of an allocator preloaded after this one). Calls made inside one are not
 * counted again. Sizes given back come from malloc_usable_size, so `live` is in usable bytes,
 * while `bytes` is what was asked for. A mapping counts when it can be touched: PROT_NONE only
 * reserves addresses. It is never part of a timed process.
 * SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "counter.h"
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

static struct {
    atomic_uint_least64_t allocs, bytes;
    atomic_int_least64_t live, peak;
} counts;

/* Nesting of counted calls on this thread. Preloaded, so the static TLS block has room for it. */
static _Thread_local unsigned depth __attribute__((tls_model("initial-exec")));

static struct {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void *(*aligned_alloc)(size_t, size_t);
    int (*posix_memalign)(void **, size_t, size_t);
    void *(*memalign)(size_t, size_t);
    void (*free)(void *);
    size_t (*usable)(void *);
    void *(*mmap)(void *, size_t, int, int, int, off_t);
    void *(*mremap)(void *, size_t, size_t, int, ...);
    int (*munmap)(void *, size_t);
} next;

/* --- counting ---------------------------------------------------------------------------- */

static void gained(size_t asked, size_t usable) {
    atomic_fetch_add_explicit(&counts.allocs, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&counts.bytes, asked, memory_order_relaxed);
    int64_t more = (int64_t)usable;
    int64_t live = atomic_fetch_add_explicit(&counts.live, more, memory_order_relaxed) + more;
    int64_t peak = atomic_load_explicit(&counts.peak, memory_order_relaxed);
    while (live > peak &&
           !atomic_compare_exchange_weak_explicit(&counts.peak, &peak, live, memory_order_relaxed,
                                                  memory_order_relaxed)) {}
}

static void lost(size_t usable) {
    atomic_fetch_sub_explicit(&counts.live, (int64_t)usable, memory_order_relaxed);
}

static void enter(void) { depth++; }
static void leave(void) { depth--; }

static void read_counts(bench_counter *out) {
    out->allocs = atomic_load(&counts.allocs);
    out->bytes = atomic_load(&counts.bytes);
    out->live = atomic_load(&counts.live);
    out->peak = atomic_load(&counts.peak);
}

static void reset_peak(void) { atomic_store(&counts.peak, atomic_load(&counts.live)); }

static uint64_t status_bytes(const char *field) {
    char line[256];
    uint64_t kib = 0;
    size_t length = strlen(field);
    FILE *status = fopen("/proc/self/status", "r");
    if (status == NULL) return 0;
    while (fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, field, length) == 0) kib = strtoull(line + length, NULL, 10);
    }
    fclose(status);
    return kib * 1024;
}

extern const bench_counter_api bench_counter_api_v1;
const bench_counter_api bench_counter_api_v1 = {read_counts, reset_peak, enter,       leave,
                                                gained,      lost,       status_bytes};

/* --- the next definitions ---------------------------------------------------------------- */

/* dlsym may itself allocate; while it looks, requests are served from here and never freed. */
static union {
    max_align_t aligned;
    char bytes[8192];
} early;
static size_t early_used;
static bool resolving;

static void *early_alloc(size_t size) {
    size_t start = (early_used + 15) & ~(size_t)15;
    if (size > sizeof early.bytes - start) abort();
    early_used = start + size;
    return early.bytes + start; /* zero: never used before */
}

static bool is_early(const void *p) {
    return (const char *)p >= early.bytes && (const char *)p < early.bytes + sizeof early.bytes;
}

#define FIND(member, name) (*(void **)&next.member = dlsym(RTLD_NEXT, name))

static bool ready(void) {
    if (next.usable != NULL) return true;
    if (resolving) return false;
    resolving = true;
    FIND(malloc, "malloc");
    FIND(calloc, "calloc");
    FIND(realloc, "realloc");
    FIND(aligned_alloc, "aligned_alloc");
    FIND(posix_memalign, "posix_memalign");
    FIND(memalign, "memalign");
    FIND(free, "free");
    FIND(mmap, "mmap");
    FIND(mremap, "mremap");
    FIND(munmap, "munmap");
    FIND(usable, "malloc_usable_size");
    resolving = false;
    return true;
}

/* --- the C library's heap ---------------------------------------------------------------- */

static void *count_block(void *p, size_t asked) {
    if (p != NULL && depth == 0) gained(asked, next.usable(p));
    return p;
}

void *malloc(size_t size) {
    if (!ready()) return early_alloc(size);
    depth++;
    void *p = next.malloc(size);
    depth--;
    return count_block(p, size);
}

void *calloc(size_t count, size_t size) {
    if (!ready()) return early_alloc(count * size);
    depth++;
    void *p = next.calloc(count, size);
    depth--;
    return count_block(p, count * size);
}

void *realloc(void *old, size_t size) {
    if (!ready()) return early_alloc(size);
    if (is_early(old)) {
        void *p = malloc(size);
        if (p != NULL) {
            size_t left = (size_t)(early.bytes + sizeof early.bytes - (char *)old);
            memcpy(p, old, left < size ? left : size);
        }
        return p;
    }
    size_t usable = old != NULL ? next.usable(old) : 0;
    depth++;
    void *p = next.realloc(old, size);
    depth--;
    if (depth == 0 && (p != NULL || size == 0)) lost(usable);
    return count_block(p, size);
}

void *aligned_alloc(size_t align, size_t size) {
    if (!ready()) return NULL;
    depth++;
    void *p = next.aligned_alloc(align, size);
    depth--;
    return count_block(p, size);
}

int posix_memalign(void **out, size_t align, size_t size) {
    if (!ready()) return ENOMEM;
    depth++;
    int error = next.posix_memalign(out, align, size);
    depth--;
    if (error == 0) count_block(*out, size);
    return error;
}

void *memalign(size_t align, size_t size) {
    if (!ready()) return NULL;
    depth++;
    void *p = next.memalign(align, size);
    depth--;
    return count_block(p, size);
}

void *valloc(size_t size) { return memalign(4096, size); }
void *pvalloc(size_t size) { return memalign(4096, (size + 4095) & ~(size_t)4095); }

void free(void *p) {
    if (p == NULL || is_early(p) || !ready()) return;
    if (depth == 0) lost(next.usable(p));
    depth++;
    next.free(p);
    depth--;
}

/* --- mappings ---------------------------------------------------------------------------- */

static size_t pages(size_t length) { return (length + 4095) & ~(size_t)4095; }

void *mmap(void *at, size_t length, int protection, int flags, int fd, off_t offset) {
    if (!ready()) return MAP_FAILED;
    void *p = next.mmap(at, length, protection, flags, fd, offset);
    if (p != MAP_FAILED && depth == 0 && protection != PROT_NONE) gained(length, pages(length));
    return p;
}

void *mmap64(void *at, size_t length, int protection, int flags, int fd, off64_t offset) {
    return mmap(at, length, protection, flags, fd, offset);
}

void *mremap(void *old, size_t old_length, size_t length, int flags, ...) {
    va_list more;
    va_start(more, flags);
    void *at = (flags & MREMAP_FIXED) != 0 ? va_arg(more, void *) : NULL;
    va_end(more);
    if (!ready()) return MAP_FAILED;
    void *p = next.mremap(old, old_length, length, flags, at);
    if (p != MAP_FAILED && depth == 0) {
        lost(pages(old_length));
        gained(length, pages(length));
    }
    return p;
}

int munmap(void *p, size_t length) {
    if (!ready()) return -1;
    int result = next.munmap(p, length);
    if (result == 0 && depth == 0) lost(pages(length));
    return result;
}

/* --- a program of its own ---------------------------------------------------------------- */

__attribute__((destructor)) static void write_counts(void) {
    const char *path = getenv(BENCH_COUNTER_FILE);
    bench_counter total;
    struct rusage use;
    read_counts(&total); /* before fopen allocates */
    if (path == NULL || getrusage(RUSAGE_SELF, &use) != 0) return;
    /* Of this program alone; not ru_maxrss, which for a spawned child begins at its parent's. */
    uint64_t peak = status_bytes("VmHWM:");
    FILE *out = fopen(path, "w");
    if (out == NULL) return;
    fprintf(out, "%llu %llu %llu %llu\n", (unsigned long long)total.allocs,
            (unsigned long long)total.bytes, (unsigned long long)use.ru_minflt,
            (unsigned long long)peak);
    fclose(out);
}
