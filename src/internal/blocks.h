/* internal/blocks.h - the blocks of an arena: taken by a growth rule, kept by a retention rule.
 *
 * A block is a header and bytes for objects. Those in use are the arena's to list; those without
 * objects wait here, as spares, in the order in which they will be used. One block is *home*: its
 * owner's state lies in it, so it is never given back before the end.
 *
 * Threads  One owner at a time.
 * SPDX-License-Identifier: MIT */
#ifndef PAREI_BLOCKS_H
#define PAREI_BLOCKS_H
#include "pare/alloc.h"
#include "internal/bits.h"
#include <stdbool.h>

/* Of every block, whatever max_align_t says: enough for headers and PARE_MIN_ALIGN. */
#define PAREI_BLOCK_ALIGN ((size_t)16)

typedef struct parei_block {
    struct parei_block *next; /* the next older block; among the spares, the next spare */
    size_t cap;               /* bytes, header included */
    char *top;                /* end of its objects; not kept up while it is the current block */
    char *zero_from;          /* from here to its end the allocator's zeros are untouched */
    uint64_t serial;          /* given anew each time the block comes into use */
} parei_block;

typedef struct parei_blocks {
    pare_allocator from;
    parei_block *home;   /* NULL: there is none */
    size_t home_header;  /* bytes before its first object */
    parei_block *spares; /* without objects */
    size_t spare_bytes;  /* of the spares, but for home */
    size_t held_bytes;   /* of all blocks */
    size_t peak_bytes;   /* the largest held_bytes */
    size_t next_bytes;   /* of the next block, by the growth rule */
    size_t min_bytes;
    size_t max_bytes;
    size_t limit_bytes;  /* of all blocks; SIZE_MAX: none */
    size_t retain_bytes; /* of spares; SIZE_MAX: none */
    size_t high_water;   /* bytes that recent phases used, decaying */
    bool adaptive;       /* high_water bounds the spares too */
    bool exact;          /* blocks are what was asked for, no more */
    bool zeroed;         /* blocks are asked for zeroed */
    bool watched;        /* memory is marked for a sanitizer */
    bool apart;          /* two blocks are filled at a time: one in place of them would not do */
    bool resizing;       /* the allocator is at work on a block, which may not change under it */
    uint64_t allocs, frees, resizes, total_bytes;
    uint64_t settled_allocs; /* allocs when a phase last ended */
} parei_blocks;

/* The first byte for objects; a multiple of PAREI_BLOCK_ALIGN, so that in a run of objects of 32
 * bytes, as nodes are, no 16 bytes that are written at once lie in two cache lines. */
static inline char *parei_block_start(const parei_blocks *b, parei_block *block) {
    size_t header = block == b->home ? b->home_header : sizeof(parei_block);
    return (char *)block + parei_align_up(header, PAREI_BLOCK_ALIGN);
}

/* The end of a window over memory[0, size), which is aligned to PARE_MIN_ALIGN: a multiple of that,
 * and so low that adding `reach` twice does not wrap. */
static inline char *parei_window_end(char *memory, size_t size, size_t reach) {
    const uintptr_t highest = UINTPTR_MAX - 2 * reach;
    if ((uintptr_t)memory > highest) return memory;
    size = parei_min_size(size, highest - (uintptr_t)memory);
    return memory + parei_align_down(size, PARE_MIN_ALIGN);
}

/* Of the blocks' windows: how far hit paths add to a position without a test. */
#define PAREI_BLOCK_REACH ((size_t)4096)

/* The end of the window over a block: not before its start, where the end of the address space
 * leaves it no room. */
static inline char *parei_block_end(const parei_blocks *b, parei_block *block) {
    char *start = parei_block_start(b, block);
    char *end = parei_window_end((char *)block, block->cap, PAREI_BLOCK_REACH);
    return end > start ? end : start;
}

/* What lies below `to` may have been written. */
static inline void parei_block_used_to(parei_block *block, char *to) {
    if (block->zero_from < to) block->zero_from = to;
}

/* The smallest cap of a block that is certain to have room for an object that takes `extent` bytes,
 * at `align`. SIZE_MAX: none is large enough. */
PARE_API size_t parei_block_least(size_t extent, size_t align);

/* Takes the home block, of b->min_bytes, in which `header` bytes come before the first object; the
 * rest of `b` is set up before. */
PARE_API pare_status parei_blocks_open(parei_blocks *b, size_t header);

/* Whether there is a spare of at least `least` bytes. */
PARE_API bool parei_blocks_has_spare(parei_blocks *b, size_t least);

/* A spare of at least `least` bytes, or NULL. */
PARE_API parei_block *parei_blocks_take_spare(parei_blocks *b, size_t least);

/* A new block of at least `least` bytes; of `wanted`, or what the growth rule says, where that is
 * more and can be had. */
PARE_API pare_status parei_blocks_take_new(parei_blocks *b, size_t least, size_t wanted,
                                           parei_block **out);

/* A new block of exactly `least` bytes. */
PARE_API pare_status parei_blocks_take_exactly(parei_blocks *b, size_t least, parei_block **out);

/* Makes `block`, which is in use, at least `least` bytes and where possible more, in place. */
PARE_API bool parei_blocks_extend(parei_blocks *b, parei_block *block, size_t least);

/* Gives the end of `block` back, down to `least` bytes, where that is possible in place. */
PARE_API void parei_blocks_shrink(parei_blocks *b, parei_block *block, size_t least);

/* Takes over a block without objects: a spare from now on, or given back by the retention rule. */
PARE_API void parei_blocks_retire(parei_blocks *b, parei_block *block);

/* A phase ended that had used `used_bytes` of blocks, all dropped by now but home or the array: the
 * spares are what an adaptive arena should keep, and one block rather than several. */
PARE_API void parei_blocks_settle(parei_blocks *b, size_t used_bytes);

/* Gives all spares back but home. */
PARE_API void parei_blocks_trim(parei_blocks *b);

/* Gives one block back. */
PARE_API void parei_blocks_free(parei_blocks *b, parei_block *block);

#endif
