/* pare/pages.h - whole pages from the kernel as an allocator: mmap, VirtualAlloc.
 *
 * For large blocks, and for blocks that grow: address space can be reserved far beyond a block, and
 * is filled with memory only as the block grows, which therefore stays in place. Each call but a
 * resize within a page is a system call: small things belong into an arena or pool on top of it.
 *
 * Memory   A block's cap is a multiple of the page unless PARE_EXACT. Nothing is kept: free and
 *          shrinking give the pages back to the kernel. Fresh pages read as zero, so PARE_ZEROED
 *          costs at most the rest of one page. Any alignment is honoured.
 * Layout   no headers: a block's reservation follows from its cap and from reserve_bytes, which is
 *          all that the handle holds.
 *
 *          ptr          ptr + cap             ptr + max(reserve_bytes, cap), rounded up
 *          |    pages    |  address space, not accessible  |
 *
 * Threads  Any: there is no state.
 * Errors   PARE_ERR_MEMORY, also when address space or a resource limit is at its end. Misuse, and
 *          then the call is refused: resize or free of an address where no page begins.
 * Limits   Growth beyond the reservation: on Linux the pages are moved, not copied, with
 *          PARE_MAY_MOVE; in place only where the addresses behind happen to be free. Elsewhere it
 *          is refused, so pare_realloc_span copies. Without a kernel that gives pages
 *          (PARE_NO_LIBC, bare metal) every call is refused with PARE_ERR_MEMORY.
 * SPDX-License-Identifier: MIT */
#ifndef PARE_PAGES_H
#define PARE_PAGES_H
#include "pare/alloc.h"
PARE_BEGIN_DECLS

/* Serves pages. Each block can grow in place to at least `reserve_bytes`; 0: each block gets just
 * the addresses that it needs. Give blocks back through a handle with the same reserve_bytes. */
PARE_API pare_allocator pare_pages(size_t reserve_bytes);

/* Bytes of a page, the unit of memory; 0 where there are none. */
PARE_API size_t pare_pages_page_bytes(void);

PARE_END_DECLS
#endif
