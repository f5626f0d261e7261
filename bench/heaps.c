/* heaps.c - general allocators side by side in one process, and their counting wrappers.
 *
 * libc is whatever the program's own malloc is. jemalloc is a private static copy whose symbols
 * CMakeLists.txt renamed (dlopen of the shared one fails: its thread-local block is too large).
 * mimalloc and tcmalloc are opened with dlopen where installed; RTLD_LOCAL keeps them from
 * replacing malloc.
 * SPDX-License-Identifier: MIT */
#include "harness.h"
#include "counter.h"
#include <dlfcn.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#ifdef BENCH_JEMALLOC
void *bench_je_malloc(size_t size);
void *bench_je_calloc(size_t count, size_t size);
void *bench_je_realloc(void *ptr, size_t size);
void *bench_je_aligned_alloc(size_t align, size_t size);
void bench_je_free(void *ptr);
size_t bench_je_malloc_usable_size(void *ptr);
#endif

typedef size_t usable_fn(void *ptr);

static struct {
    bench_heap heap;
    usable_fn *usable;
} found[BENCH_HEAPS];

static bool looked;

static void open_heap(int index, const char *name, const char *library) {
    bench_heap *h = &found[index].heap;
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) return;
    *(void **)&h->malloc = dlsym(handle, "malloc");
    *(void **)&h->calloc = dlsym(handle, "calloc");
    *(void **)&h->realloc = dlsym(handle, "realloc");
    *(void **)&h->aligned_alloc = dlsym(handle, "aligned_alloc");
    *(void **)&h->free = dlsym(handle, "free");
    *(void **)&found[index].usable = dlsym(handle, "malloc_usable_size");
    if (h->malloc != NULL && h->malloc != malloc && h->calloc != NULL && h->realloc != NULL &&
        h->aligned_alloc != NULL && h->free != NULL && found[index].usable != NULL) {
        h->name = name;
    }
}

const bench_heap *benchi_heap(int index) {
    if (!looked) {
        looked = true;
        found[0].heap = (bench_heap){"libc", malloc, calloc, realloc, aligned_alloc, free};
        found[0].usable = malloc_usable_size;
#ifdef BENCH_JEMALLOC
        found[1].heap = (bench_heap){"jemalloc",       bench_je_malloc,        bench_je_calloc,
                                     bench_je_realloc, bench_je_aligned_alloc, bench_je_free};
        found[1].usable = bench_je_malloc_usable_size;
#endif
        open_heap(2, "mimalloc", "libmimalloc.so.2");
        open_heap(3, "tcmalloc", "libtcmalloc_minimal.so.4");
    }
    return found[index].heap.name != NULL ? &found[index].heap : NULL;
}

/* --- counting wrappers ------------------------------------------------------------------- */

/* A counting process runs one contender, so there is one heap to wrap. */
static struct {
    const bench_counter_api *counter;
    const bench_heap *heap;
    usable_fn *usable;
} inner;

static void *counted(void *p, size_t asked) {
    inner.counter->leave();
    if (p != NULL) inner.counter->gained(asked, inner.usable(p));
    return p;
}

static void *counting_malloc(size_t size) {
    inner.counter->enter();
    return counted(inner.heap->malloc(size), size);
}

static void *counting_calloc(size_t count, size_t size) {
    inner.counter->enter();
    return counted(inner.heap->calloc(count, size), count * size);
}

static void *counting_realloc(void *old, size_t size) {
    size_t usable = old != NULL ? inner.usable(old) : 0;
    inner.counter->enter();
    void *p = inner.heap->realloc(old, size);
    if (p != NULL || size == 0) inner.counter->lost(usable);
    return counted(p, size);
}

static void *counting_aligned_alloc(size_t align, size_t size) {
    inner.counter->enter();
    return counted(inner.heap->aligned_alloc(align, size), size);
}

static void counting_free(void *p) {
    if (p != NULL) inner.counter->lost(inner.usable(p));
    inner.counter->enter();
    inner.heap->free(p);
    inner.counter->leave();
}

static bench_heap wrapper = {
    "", counting_malloc, counting_calloc, counting_realloc, counting_aligned_alloc, counting_free};

const bench_heap *benchi_counting_heap(const bench_heap *heap) {
    if (heap->malloc == malloc) return heap; /* the preload counts it */
    for (int i = 0; i < BENCH_HEAPS; i++) {
        if (heap == &found[i].heap) inner.usable = found[i].usable;
    }
    inner.counter = dlsym(RTLD_DEFAULT, BENCH_COUNTER_SYMBOL);
    inner.heap = heap;
    wrapper.name = heap->name;
    return inner.counter != NULL ? &wrapper : heap;
}
