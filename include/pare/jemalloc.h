/* pare/jemalloc.h - jemalloc as an allocator, through its sized interface: mallocx, xallocx,
 * sdallocx.
 *
 * A module apart: it is in the target pare::jemalloc and the package pare-jemalloc, never in the
 * library itself, because linking jemalloc replaces malloc for the whole program.
 *
 * Memory   A block's cap is its real size, as nallocx names it, unless PARE_EXACT. Frees tell
 *          jemalloc the size, which saves it a look-up. resize grows and shrinks in place where
 *          jemalloc can; it never moves a block: jemalloc (5.3) has no way to that beats alloc +
 *          copy + free, and its rallocx would copy all of the block instead of the used bytes.
 * Threads  Any.
 * Errors   PARE_ERR_MEMORY, also for sizes above jemalloc's largest class.
 * SPDX-License-Identifier: MIT */
#ifndef PARE_JEMALLOC_H
#define PARE_JEMALLOC_H
#include "pare/alloc.h"
PARE_BEGIN_DECLS

/* The process's jemalloc. A block may also be passed to free(), which is jemalloc's here. */
PARE_API pare_allocator pare_jemalloc(void);

PARE_END_DECLS
#endif
