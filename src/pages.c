/* pages.c - the contract is in pare/pages.h.
 *
 * What a block holds follows from its cap alone: the pages up to cap, rounded up, are *committed*,
 * the addresses up to its *extent* are reserved. Each slot computes both for the size before and
 * for the size after, and does what the difference asks for. Pages that are given back are replaced
 * by fresh ones when the block grows again, so everything beyond the last committed page is zero.
 *
 * The handle's context is no address but reserve_bytes itself, so there is no object to outlive.
 * SPDX-License-Identifier: MIT */
#include "pare/pages.h"
#include "internal/bits.h"
#include "internal/check.h"

#if !defined(PARE_NO_LIBC) && defined(_WIN32)
#define PAREI_PAGES_WINDOWS 1
#elif !defined(PARE_NO_LIBC) && (defined(__unix__) || defined(__APPLE__))
#define PAREI_PAGES_POSIX 1
#endif

/* --- what the kernel does ------------------------------------------------------------------ */

/* The porting contract: each platform has these. Sizes and addresses are multiples of a page, those
 * of whole extents multiples of the unit; errno may change.
 *
 *   parei_os_page_bytes   the unit of committing
 *   parei_os_unit_bytes   the unit of reserving, a multiple of the page
 *   parei_os_reserve      `extent` addresses at `align`, the first `committed` of them usable and
 *                         zero; or NULL
 *   parei_os_commit       makes addresses of one reservation usable and zero; or false
 *   parei_os_shrink       gives back what lies behind `after` committed pages and an extent of
 *                         `extent_after`; or false, and nothing has changed
 *   parei_os_outgrow      `committed` pages, now with `extent_after` of them, all usable, the added
 *                         ones zero: at `ptr` or, with `may_move`, elsewhere; or NULL
 *   parei_os_release      gives everything back */

#if defined(PAREI_PAGES_POSIX)

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/* Strict C (-std=c11) makes glibc hide what POSIX lacks, and a source that may be included after
 * system headers cannot ask for more. The kernel's own header hides nothing; the prototype is that
 * of glibc, musl and bionic. */
#if defined(__linux__)
#ifndef MAP_ANONYMOUS
#include <asm/mman.h>
#endif
#ifndef MREMAP_MAYMOVE
#define MREMAP_MAYMOVE 1
#endif
void *mremap(void *ptr, size_t old_size, size_t new_size, int flags, ...);
#elif !defined(MAP_ANONYMOUS)
#define MAP_ANONYMOUS MAP_ANON
#endif

static size_t parei_os_page_bytes(void) { return (size_t)sysconf(_SC_PAGESIZE); }

static size_t parei_os_unit_bytes(void) { return parei_os_page_bytes(); }

static void *parei_os_map(void *at, size_t size, int protection, int flags) {
    void *ptr = mmap(at, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    return ptr != MAP_FAILED ? ptr : NULL;
}

static bool parei_os_commit(void *ptr, size_t size) {
    return mprotect(ptr, size, PROT_READ | PROT_WRITE) == 0;
}

/* Can fail only when the kernel runs out of maps; then addresses are lost, and nobody is left who
 * could be told. */
static void parei_os_release(void *ptr, size_t extent) {
    if (extent > 0) (void)munmap(ptr, extent);
}

static void *parei_os_reserve(size_t extent, size_t align, size_t committed) {
    size_t page = parei_os_page_bytes();
    size_t slack = align > page ? align - page : 0;
    int protection = committed == extent ? PROT_READ | PROT_WRITE : PROT_NONE;
    char *ptr = parei_os_map(NULL, extent + slack, protection, 0);
    if (ptr == NULL) return NULL;

    size_t padding = parei_padding(ptr, align);
    parei_os_release(ptr, padding);
    ptr += padding;
    parei_os_release(ptr + extent, slack - padding);
    if (committed < extent && !parei_os_commit(ptr, committed)) {
        parei_os_release(ptr, extent);
        return NULL;
    }
    return ptr;
}

/* A fresh map in place of the old one gives pages back in one step, also locked ones, which
 * MADV_DONTNEED does not. */
static bool parei_os_shrink(void *block, size_t before, size_t after, size_t extent_before,
                            size_t extent_after) {
    char *ptr = block;
    if (parei_os_map(ptr + after, before - after, PROT_NONE, MAP_FIXED) == NULL) return false;
    parei_os_release(ptr + extent_after, extent_before - extent_after);
    return true;
}

static void *parei_os_outgrow(void *block, size_t committed, size_t extent_before,
                              size_t extent_after, bool may_move) {
#if defined(__linux__)
    /* Tools keep marks by address, and do not learn of a move. In place, the kernel refuses by
     * itself while the rest of the reservation lies behind. */
    if (parei_watched()) return NULL;
    void *ptr = mremap(block, committed, extent_after, may_move ? MREMAP_MAYMOVE : 0);
    if (ptr == MAP_FAILED) return NULL;
    parei_os_release((char *)block + committed, extent_before - committed);
    return ptr;
#else
    (void)block, (void)committed, (void)extent_before, (void)extent_after, (void)may_move;
    return NULL;
#endif
}

#elif defined(PAREI_PAGES_WINDOWS)

#include <errno.h>
#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <windows.h>

static size_t parei_os_page_bytes(void) {
    SYSTEM_INFO info;
    GetSystemInfo(&info);
    return info.dwPageSize;
}

static size_t parei_os_unit_bytes(void) {
    SYSTEM_INFO info;
    GetSystemInfo(&info);
    return info.dwAllocationGranularity;
}

static bool parei_os_commit(void *ptr, size_t size) {
    return VirtualAlloc(ptr, size, MEM_COMMIT, PAGE_READWRITE) != NULL;
}

static void parei_os_release(void *ptr, size_t extent) {
    (void)extent;
    (void)VirtualFree(ptr, 0, MEM_RELEASE);
}

/* Part of a reservation cannot be given back, so an aligned one is tried for where a larger one
 * was free a moment ago; another thread may be faster. */
static void *parei_os_reserve_aligned(size_t extent, size_t align) {
    for (int tries = 0; tries < 16; tries++) {
        char *ptr = VirtualAlloc(NULL, extent + align, MEM_RESERVE, PAGE_NOACCESS);
        if (ptr == NULL) return NULL;
        parei_os_release(ptr, extent + align);
        ptr += parei_padding(ptr, align);
        ptr = VirtualAlloc(ptr, extent, MEM_RESERVE, PAGE_NOACCESS);
        if (ptr != NULL) return ptr;
    }
    return NULL;
}

static void *parei_os_reserve(size_t extent, size_t align, size_t committed) {
    void *ptr = align > parei_os_unit_bytes()
                    ? parei_os_reserve_aligned(extent, align)
                    : VirtualAlloc(NULL, extent, MEM_RESERVE, PAGE_NOACCESS);
    if (ptr != NULL && !parei_os_commit(ptr, committed)) {
        parei_os_release(ptr, extent);
        return NULL;
    }
    return ptr;
}

/* The addresses behind the extent stay reserved, unused, until release. */
static bool parei_os_shrink(void *block, size_t before, size_t after, size_t extent_before,
                            size_t extent_after) {
    (void)extent_before, (void)extent_after;
    return VirtualFree((char *)block + after, before - after, MEM_DECOMMIT) != 0;
}

static void *parei_os_outgrow(void *block, size_t committed, size_t extent_before,
                              size_t extent_after, bool may_move) {
    (void)block, (void)committed, (void)extent_before, (void)extent_after, (void)may_move;
    return NULL;
}

#endif

/* --- slots --------------------------------------------------------------------------------- */

#if defined(PAREI_PAGES_POSIX) || defined(PAREI_PAGES_WINDOWS)

size_t pare_pages_page_bytes(void) { return parei_os_page_bytes(); }

/* What a block of `cap` bytes holds. Both may come out above PARE_SIZE_MAX, but never wrap. */
typedef struct parei_pages_holding {
    size_t committed, extent; /* bytes */
} parei_pages_holding;

static parei_pages_holding parei_pages_held(const void *ctx, size_t cap) {
    size_t reserve = parei_max_size((uintptr_t)ctx, cap);
    return (parei_pages_holding){
        .committed = parei_align_up(cap, parei_os_page_bytes()),
        .extent = parei_align_up(reserve, parei_os_unit_bytes()),
    };
}

/* Reports a misuse if no block can begin where this one does. */
static bool parei_pages_is_foreign(pare_span block, const void *site) {
    if (parei_padding(block.ptr, parei_os_page_bytes()) == 0) return false;
    parei_misuse("pages", "foreign pointer", NULL, block.ptr, site);
    return true;
}

static pare_status parei_pages_alloc(void *ctx, size_t size, size_t align, unsigned flags,
                                     pare_span *out) {
    parei_pages_holding held = parei_pages_held(ctx, size);
    if (held.extent > PARE_SIZE_MAX) return PARE_ERR_MEMORY;

    int errno_before = errno;
    void *ptr = parei_os_reserve(held.extent, align, held.committed);
    errno = errno_before;
    if (ptr == NULL) return PARE_ERR_MEMORY;
    *out = (pare_span){ptr, (flags & PARE_EXACT) != 0 ? size : held.committed};
    return PARE_OK;
}

/* The block at `ptr` made to hold `after` instead of `before`: where it is then, or NULL. The
 * kernel moves pages to where pages begin, and no larger alignment survives that. */
static void *parei_pages_rehold(void *ptr, parei_pages_holding before, parei_pages_holding after,
                                bool may_move) {
    bool done = true;
    if (after.committed < before.committed) {
        done = parei_os_shrink(ptr, before.committed, after.committed, before.extent, after.extent);
    } else if (after.extent > before.extent) {
        return parei_os_outgrow(ptr, before.committed, before.extent, after.extent, may_move);
    } else if (after.committed > before.committed) {
        done = parei_os_commit((char *)ptr + before.committed, after.committed - before.committed);
    }
    return done ? ptr : NULL;
}

static pare_status parei_pages_resize(void *ctx, pare_span *block, size_t new_size, size_t align,
                                      unsigned flags) {
    if (parei_pages_is_foreign(*block, PAREI_SITE())) return PARE_ERR_ARGUMENT;
    parei_pages_holding before = parei_pages_held(ctx, block->cap);
    parei_pages_holding after = parei_pages_held(ctx, new_size);
    if (after.extent > PARE_SIZE_MAX) return PARE_ERR_MEMORY;

    int errno_before = errno;
    bool may_move = (flags & PARE_MAY_MOVE) != 0 && align <= parei_os_page_bytes();
    char *ptr = parei_pages_rehold(block->ptr, before, after, may_move);
    errno = errno_before;
    if (ptr == NULL) return PARE_ERR_MEMORY;

    size_t cap = (flags & PARE_EXACT) != 0 ? new_size : after.committed;
    size_t used_pages_end = parei_min_size(cap, before.committed);
    if ((flags & PARE_ZEROED) != 0 && block->cap < used_pages_end) {
        memset(ptr + block->cap, 0, used_pages_end - block->cap);
    }
    *block = (pare_span){ptr, cap};
    return PARE_OK;
}

static void parei_pages_free(void *ctx, pare_span block, size_t align) {
    (void)align;
    if (parei_pages_is_foreign(block, PAREI_SITE())) return;
    int errno_before = errno;
    parei_os_release(block.ptr, parei_pages_held(ctx, block.cap).extent);
    errno = errno_before;
}

static const struct pare_allocator_vtable parei_pages_vtable = {
    .size = sizeof(struct pare_allocator_vtable),
    .alloc = parei_pages_alloc,
    .resize = parei_pages_resize,
    .free = parei_pages_free,
};

#else

size_t pare_pages_page_bytes(void) { return 0; }

static pare_status parei_pages_alloc(void *ctx, size_t size, size_t align, unsigned flags,
                                     pare_span *out) {
    (void)ctx, (void)size, (void)align, (void)flags, (void)out;
    return PARE_ERR_MEMORY;
}

static const struct pare_allocator_vtable parei_pages_vtable = {
    .size = sizeof(struct pare_allocator_vtable),
    .alloc = parei_pages_alloc,
};

#endif

pare_allocator pare_pages(size_t reserve_bytes) {
    /* Clipped, so that rounding up cannot wrap; no block has that much. */
    uintptr_t reserve = parei_min_size(reserve_bytes, PARE_SIZE_MAX);
    return (pare_allocator){&parei_pages_vtable, (void *)reserve};
}
