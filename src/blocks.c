/* blocks.c - the contract is in internal/blocks.h.
 * SPDX-License-Identifier: MIT */
#include "internal/blocks.h"
#include "internal/bits.h"
#include "internal/check.h"

static void parei_blocks_check(const parei_blocks *b) {
    PAREI_ASSERT(b->spare_bytes <= b->held_bytes && b->held_bytes <= b->peak_bytes);
    PAREI_ASSERT(b->spare_bytes <= b->retain_bytes);
    (void)b;
}

size_t parei_block_least(size_t extent, size_t align) {
    size_t header = parei_align_up(sizeof(parei_block), PAREI_BLOCK_ALIGN);
    return parei_sum(parei_sum(header + PARE_MIN_ALIGN, align),
                     extent); /* the end is rounded too */
}

/* --- figures and marks ------------------------------------------------------------------- */

static void parei_blocks_hold(parei_blocks *b, size_t before, size_t after) {
    b->held_bytes += after - before; /* unsigned: wraps to a difference */
    b->peak_bytes = parei_max_size(b->peak_bytes, b->held_bytes);
    if (after > before) b->total_bytes += after - before;
}

/* Bytes of blocks that the limit leaves. */
static size_t parei_blocks_allowed(const parei_blocks *b) {
    return b->limit_bytes - parei_min_size(b->limit_bytes, b->held_bytes);
}

/* Nobody may touch what lies from `from` to the end of the block. */
static void parei_blocks_close(const parei_blocks *b, parei_block *block, char *from) {
    if (b->watched) parei_mark_noaccess(from, (size_t)((char *)block + block->cap - from));
}

void parei_blocks_free(parei_blocks *b, parei_block *block) {
    pare_span span = {block, block->cap};
    if (b->watched) parei_mark_undefined(block + 1, block->cap - sizeof *block);
    parei_blocks_hold(b, block->cap, 0);
    b->frees++;
    pare_free_span(b->from, span, PAREI_BLOCK_ALIGN);
}

/* --- asking ------------------------------------------------------------------------------ */

/* With a limit of either kind, caps must be what was asked for. */
static unsigned parei_blocks_flags(const parei_blocks *b) {
    bool bounded = b->limit_bytes != SIZE_MAX || b->retain_bytes != SIZE_MAX;
    return (b->exact || bounded ? PARE_EXACT : 0u) | (b->zeroed ? PARE_ZEROED : 0u);
}

/* Asks for `wanted` bytes, then for half as much, and at the last for `least`. */
static pare_status parei_blocks_ask(parei_blocks *b, size_t wanted, size_t least,
                                    parei_block **out) {
    pare_span span;
    pare_status status;
    for (;; wanted /= 2) {
        wanted = parei_max_size(wanted, least);
        status = pare_alloc_span(b->from, wanted, PAREI_BLOCK_ALIGN, parei_blocks_flags(b), &span);
        if (status == PARE_OK) break;
        if (wanted == least || status == PARE_ERR_ARGUMENT) return status;
    }
    *out = span.ptr;
    **out = (parei_block){.cap = span.cap};
    parei_blocks_hold(b, 0, span.cap);
    b->allocs++;
    return PARE_OK;
}

/* Readies a block that is fresh from the allocator. */
static void parei_blocks_ready(const parei_blocks *b, parei_block *block) {
    char *start = parei_block_start(b, block);
    block->top = start;
    block->zero_from = b->zeroed ? start : (char *)block + block->cap;
    parei_blocks_close(b, block, start);
}

pare_status parei_blocks_open(parei_blocks *b, size_t header) {
    parei_block *home;
    pare_status status =
        parei_blocks_ask(b, b->min_bytes, parei_align_up(header, PAREI_BLOCK_ALIGN), &home);
    if (status != PARE_OK) return status;
    b->home = home;
    b->home_header = header;
    b->next_bytes = parei_min_size(b->min_bytes * 2, b->max_bytes);
    parei_blocks_ready(b, home);
    return PARE_OK;
}

pare_status parei_blocks_take_exactly(parei_blocks *b, size_t least, parei_block **out) {
    if (parei_blocks_allowed(b) < least) return PARE_ERR_LIMIT;
    pare_status status = parei_blocks_ask(b, least, least, out);
    if (status == PARE_OK) parei_blocks_ready(b, *out);
    return status;
}

/* Keeps spares until `keep_bytes` are reached, the last one whole, and gives the others back. */
static void parei_blocks_trim_to(parei_blocks *b, size_t keep_bytes) {
    size_t kept = 0;
    parei_block **link = &b->spares;
    while (*link != NULL) {
        parei_block *spare = *link;
        if (spare == b->home) {
            link = &spare->next;
        } else if (kept < keep_bytes) {
            kept += spare->cap;
            link = &spare->next;
        } else {
            *link = spare->next;
            b->spare_bytes -= spare->cap;
            parei_blocks_free(b, spare);
        }
    }
}

pare_status parei_blocks_take_new(parei_blocks *b, size_t least, size_t wanted, parei_block **out) {
    wanted = parei_max_size(wanted, least > b->next_bytes / 4 ? least : b->next_bytes);
    if (parei_blocks_allowed(b) + b->spare_bytes < least) return PARE_ERR_LIMIT;
    if (parei_blocks_allowed(b) < wanted) parei_blocks_trim_to(b, 0);
    size_t allowed = parei_blocks_allowed(b);
    if (allowed < least) return PARE_ERR_LIMIT;
    pare_status status = parei_blocks_ask(b, parei_min_size(wanted, allowed), least, out);
    if (status != PARE_OK) return status;
    /* Also after a large one, or requests just above a quarter would each be a block for ever. */
    if (least <= b->max_bytes / 4) b->next_bytes = parei_min_size(b->next_bytes * 2, b->max_bytes);
    parei_blocks_ready(b, *out);
    return PARE_OK;
}

/* The largest `least` that the block satisfies: of home, its state is not counted, and what lies
 * beyond the end of the window only as far as rounding put it there. */
static size_t parei_block_size(const parei_blocks *b, parei_block *block) {
    size_t room = (size_t)(parei_block_end(b, block) - parei_block_start(b, block));
    size_t header = parei_align_up(sizeof(parei_block), PAREI_BLOCK_ALIGN);
    return header + room + (PARE_MIN_ALIGN - 1);
}

/* The link to a spare of at least `least` bytes, or NULL. The first that fits and is no waste will
 * do: they lie in the order in which they were first used. Otherwise the smallest. */
static parei_block **parei_blocks_find_spare(parei_blocks *b, size_t least) {
    parei_block **best = NULL;
    size_t ample = 2 * parei_max_size(least, b->next_bytes);
    for (parei_block **link = &b->spares; *link != NULL; link = &(*link)->next) {
        if (parei_block_size(b, *link) < least) continue;
        if (best == NULL || (*link)->cap < (*best)->cap) best = link;
        if ((*best)->cap <= ample) break;
    }
    return best;
}

bool parei_blocks_has_spare(parei_blocks *b, size_t least) {
    return parei_blocks_find_spare(b, least) != NULL;
}

parei_block *parei_blocks_take_spare(parei_blocks *b, size_t least) {
    parei_blocks_check(b);
    parei_block **link = parei_blocks_find_spare(b, least);
    if (link == NULL) return NULL;
    parei_block *spare = *link;
    *link = spare->next;
    if (spare != b->home) b->spare_bytes -= spare->cap;
    return spare;
}

/* --- in place ---------------------------------------------------------------------------- */

static pare_status parei_blocks_resize(parei_blocks *b, parei_block *block, size_t cap) {
    pare_span span = {block, block->cap};
    b->resizing = true;
    unsigned flags = parei_blocks_flags(b);
    pare_status status = pare_resize_span(b->from, &span, cap, PAREI_BLOCK_ALIGN, flags);
    b->resizing = false;
    if (status != PARE_OK) return status;
    if (!parei_span_valid(span, cap, PAREI_BLOCK_ALIGN, flags)) {
        parei_misuse("allocator", "block resized to a wrong size", b->from.vtable, block, NULL);
    }
    parei_blocks_hold(b, block->cap, span.cap);
    block->cap = span.cap;
    b->resizes++;
    return PARE_OK;
}

bool parei_blocks_extend(parei_blocks *b, parei_block *block, size_t least) {
    size_t before = block->cap;
    size_t allowed = parei_sum(before, parei_blocks_allowed(b));
    size_t wanted = parei_max_size(least, parei_sum(before, b->next_bytes));
    if (allowed < least || least <= before) return false;
    char *zeros_end = (char *)block + before;
    if (parei_blocks_resize(b, block, parei_min_size(wanted, allowed)) != PARE_OK &&
        parei_blocks_resize(b, block, least) != PARE_OK) {
        return false;
    }
    b->next_bytes = parei_min_size(b->next_bytes * 2, b->max_bytes);
    if (!b->zeroed) block->zero_from = (char *)block + block->cap;
    parei_blocks_close(b, block, zeros_end);
    return true;
}

void parei_blocks_shrink(parei_blocks *b, parei_block *block, size_t least) {
    least = parei_max_size(least, b->min_bytes);
    if (block->cap <= least || b->resizing) return;
    char *tail = (char *)block + least;
    if (b->watched) parei_mark_undefined(tail, block->cap - least);
    bool shrunk = parei_blocks_resize(b, block, least) == PARE_OK;
    char *end = (char *)block + block->cap;
    if (shrunk && block->zero_from > end) block->zero_from = end;
    if (tail < end) parei_blocks_close(b, block, tail);
}

/* --- keeping ----------------------------------------------------------------------------- */

/* How many bytes of spares the retention rule allows. */
static size_t parei_blocks_allowance(const parei_blocks *b) {
    size_t home = b->home != NULL ? b->home->cap : 0;
    if (!b->adaptive) return b->retain_bytes;
    return parei_min_size(b->retain_bytes, b->high_water - parei_min_size(b->high_water, home));
}

void parei_blocks_retire(parei_blocks *b, parei_block *block) {
    if (block != b->home) {
        if (block->cap > b->retain_bytes - b->spare_bytes) {
            parei_blocks_free(b, block);
            return;
        }
        b->spare_bytes += block->cap;
    }
    parei_block_used_to(block, block->top);
    parei_blocks_close(b, block, parei_block_start(b, block));
    block->next = b->spares;
    b->spares = block;
}

void parei_blocks_trim(parei_blocks *b) {
    parei_blocks_trim_to(b, 0);
    b->high_water = 0;
    parei_blocks_check(b);
}

/* One block in place of several, where no limit forbids having both for a moment. */
static void parei_blocks_coalesce(parei_blocks *b) {
    size_t count = 0;
    for (const parei_block *spare = b->spares; spare != NULL; spare = spare->next) {
        count += spare != b->home;
    }
    size_t sum = b->spare_bytes;
    if (count < 2 || sum > b->max_bytes || parei_blocks_allowed(b) < sum) return;

    parei_block *one;
    if (parei_blocks_ask(b, sum, sum, &one) != PARE_OK) return;
    parei_blocks_trim_to(b, 0);
    if (one->cap > b->retain_bytes) {
        parei_blocks_free(b, one);
        return;
    }
    parei_blocks_ready(b, one);
    one->next = b->spares;
    b->spares = one;
    b->spare_bytes = one->cap;
}

void parei_blocks_settle(parei_blocks *b, size_t used_bytes) {
    /* An eighth a phase: a spike is given back within some twenty small phases, and a block is kept
     * for as long as any of it lies below the mark, so a load that varies does not allocate. */
    b->high_water = parei_max_size(used_bytes, b->high_water - b->high_water / 8);
    if (b->adaptive) parei_blocks_trim_to(b, parei_blocks_allowance(b));
    if (b->allocs != b->settled_allocs) {
        if (!b->apart) parei_blocks_coalesce(b);
        b->settled_allocs = b->allocs;
    }
    parei_blocks_check(b);
}
