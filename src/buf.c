/* buf.c - the contract is in pare/buf.h; growth, failure and marks are here, for str as well.
 *
 * The inline appends know one thing, the window. Whatever else may be the case (no block yet, a
 * limit, a refusal, hardening, a sanitizer) has closed it, so that they end up here, where
 * block_bytes, the limit and the status are looked at. parei_buf_open is the one place that decides
 * how far the window reaches and what is marked.
 * SPDX-License-Identifier: MIT */
#include "pare/buf.h"
#include "internal/bits.h"
#include "internal/check.h"
#include "internal/grow.h"

/* The first block is asked for with at least this: smaller ones are outgrown at once, and a
 * malloc of less costs the same. */
#define PAREI_BUF_FIRST_BYTES 64

/* What a hardened buffer writes over bytes that are no contents any more. */
#define PAREI_BUF_SCRAP 0xdb

/* From here on doubling wastes more than the fewer copies save. */
#define PAREI_BUF_DOUBLED_BYTES 4096

static void parei_buf_check(const pare_buf *b) {
    PAREI_ASSERT(b->len <= b->cap);
    PAREI_ASSERT(b->cap <= b->block_bytes);
    PAREI_ASSERT((b->ptr == NULL) == (b->block_bytes == 0));
    PAREI_ASSERT((b->flags & PAREI_BUF_CLOSED) == 0 || b->cap == b->len);
    PAREI_ASSERT(b->status == PARE_OK || (b->flags & PAREI_BUF_CLOSED) != 0);
    PAREI_ASSERT((b->flags & PAREI_BUF_HARDENED) == 0 || (b->flags & PAREI_BUF_CLOSED) != 0);
    PAREI_ASSERT(b->below_max <= PARE_SIZE_MAX);
    (void)b;
}

/* --- window and marks -------------------------------------------------------------------- */

/* Whether the block is ours to mark, to resize and to give back. */
static bool parei_buf_owns(const pare_buf *b) {
    return b->block_bytes != 0 && (b->flags & PAREI_BUF_BORROWED) == 0;
}

static bool parei_buf_hardened(const pare_buf *b) { return (b->flags & PAREI_BUF_HARDENED) != 0; }

/* Opens the window up to the limit, or closes it. A caller's array is never marked: it may lie on
 * the stack, and the marks would outlive the frame. */
static void parei_buf_open(pare_buf *b) {
    size_t end = parei_min_size(b->block_bytes, pare_buf_limit(b));
    bool watched = parei_buf_owns(b) && parei_watched();
    bool closed = watched || parei_buf_hardened(b) || b->status != PARE_OK || b->len > end;

    if (watched) parei_mark_noaccess(b->ptr + b->len, b->block_bytes - b->len);
    b->flags = closed ? b->flags | PAREI_BUF_CLOSED : b->flags & ~PAREI_BUF_CLOSED;
    b->cap = closed ? b->len : end;
    parei_buf_check(b);
}

/* Before the allocator may touch the block: nothing of it is marked any more. */
static void parei_buf_unmark(const pare_buf *b) {
    if (parei_buf_owns(b) && (b->flags & PAREI_BUF_CLOSED) != 0) {
        parei_mark_undefined(b->ptr + b->len, b->block_bytes - b->len);
    }
}

/* Contents were dropped, all but [0, len): hardened, the block shows it, and so does every view. */
static void parei_buf_scrap(pare_buf *b) {
    if (!parei_buf_hardened(b)) return;
    b->generation++;
    parei_buf_unmark(b);
    if (b->block_bytes != 0) memset(b->ptr + b->len, PAREI_BUF_SCRAP, b->block_bytes - b->len);
}

void parei_buf_reopen(pare_buf *b) {
    b->status = PARE_OK;
    b->needed = 0;
    parei_buf_scrap(b);
    parei_buf_open(b);
}

size_t parei_buf_borrow_tail(pare_buf *b) {
    size_t end = parei_min_size(b->block_bytes, pare_buf_limit(b));
    if (b->status != PARE_OK || b->len >= end) return 0;
    parei_buf_unmark(b);
    return end - b->len;
}

void parei_buf_commit(pare_buf *b, size_t size) {
    b->len += size;
    if ((b->flags & PAREI_BUF_CLOSED) != 0) parei_buf_open(b);
    parei_buf_check(b);
}

/* --- growth ------------------------------------------------------------------------------ */

static size_t parei_buf_align(const pare_buf *b) { return parei_max_size(b->align, 1); }

static void parei_buf_release(pare_buf *b) {
    parei_buf_unmark(b);
    if (parei_buf_owns(b)) {
        pare_free_span(b->allocator, (pare_span){b->ptr, b->block_bytes}, parei_buf_align(b));
    }
}

/* Copies the contents to a block of `size` bytes or more, and gives up the one they were in. */
static pare_status parei_buf_move(pare_buf *b, size_t size, pare_span *block) {
    pare_status status = pare_alloc_span(b->allocator, size, parei_buf_align(b), 0, block);
    if (status != PARE_OK) return status;
    if (b->len != 0) memcpy(block->ptr, b->ptr, b->len);
    if (parei_buf_hardened(b) && b->len != 0) memset(b->ptr, PAREI_BUF_SCRAP, b->len);
    parei_buf_release(b);
    return PARE_OK;
}

/* Makes the block `size` bytes or more, in place or elsewhere. */
static pare_status parei_buf_resize(pare_buf *b, size_t size) {
    bool moves = !parei_buf_owns(b) || parei_buf_hardened(b);
    pare_span block = {b->ptr, b->block_bytes};

    parei_buf_unmark(b);
    pare_status status = moves ? parei_buf_move(b, size, &block)
                               : pare_realloc_span(b->allocator, &block, b->len, size,
                                                   parei_buf_align(b), PARE_MAY_MOVE);
    if (status == PARE_OK) {
        if (block.ptr != b->ptr) {
            b->moved_bytes += b->len;
            b->generation++;
        }
        b->growths++;
        b->ptr = block.ptr;
        b->block_bytes = block.cap;
        b->asked_bytes = size;
        b->flags &= ~PAREI_BUF_BORROWED;
    }
    parei_buf_open(b);
    return status;
}

/* What to ask for where `least` are needed: >= least, <= limit. */
static size_t parei_buf_grown(const pare_buf *b, size_t least) {
    size_t held = b->block_bytes; /* <= PARE_SIZE_MAX, so neither sum wraps */
    size_t grown = held + (held < PAREI_BUF_DOUBLED_BYTES ? held : held / 2);
    grown = parei_max_size(grown, PAREI_BUF_FIRST_BYTES);
    return parei_max_size(least, parei_min_size(grown, pare_buf_limit(b)));
}

/* All size arithmetic of buf and str is this function's. */
pare_status parei_buf_room(pare_buf *b, size_t more, size_t kept, bool exact) {
    size_t least = parei_sum(parei_sum(b->len, more), kept);
    if (b->status != PARE_OK) return b->status;
    if (least > PARE_SIZE_MAX) return PARE_ERR_ARGUMENT;
    if (least > pare_buf_limit(b)) return PARE_ERR_LIMIT;
    if (least <= b->block_bytes) return PARE_OK;

    size_t size = exact ? least : parei_buf_grown(b, least);
    pare_status status = parei_buf_resize(b, size);
    if (status != PARE_OK && size > least) status = parei_buf_resize(b, least);
    return status;
}

/* --- sticky failure ---------------------------------------------------------------------- */

pare_status parei_buf_fail(pare_buf *b, pare_status why, size_t more) {
    if (b->status == PARE_OK) {
        b->status = why;
        b->needed = b->len;
        b->cap = b->len;
        b->flags |= PAREI_BUF_CLOSED;
    }
    b->needed = parei_sum(b->needed, more);
    parei_buf_check(b);
    return b->status;
}

char *parei_buf_take(pare_buf *b, size_t size, size_t kept) {
    PAREI_ASSERT(size != 0);
    pare_status status = parei_buf_room(b, size, kept, false);
    if (status != PARE_OK) {
        parei_buf_fail(b, status, size);
        return NULL;
    }

    char *tail = b->ptr + b->len;
    b->len += size;
    if ((b->flags & PAREI_BUF_CLOSED) != 0) {
        parei_mark_undefined(tail, size);
        b->cap = b->len;
    }
    parei_buf_check(b);
    return tail;
}

/* --- lifetime ---------------------------------------------------------------------------- */

void pare_buf_init(pare_buf *b, pare_allocator from) { *b = (pare_buf){.allocator = from}; }

void pare_buf_init_with(pare_buf *b, void *first, size_t cap, pare_allocator then) {
    pare_buf_init(b, then);
    if (first == NULL || cap == 0) return;
    b->ptr = first;
    b->block_bytes = cap;
    b->flags = PAREI_BUF_BORROWED;
    parei_buf_open(b);
}

void pare_buf_init_fixed(pare_buf *b, void *array, size_t cap) {
    pare_buf_init_with(b, array, cap, (pare_allocator){0});
    pare_buf_set_limit(b, b->block_bytes);
}

pare_status pare_buf_init_aligned(pare_buf *b, pare_allocator from, size_t align) {
    if (!parei_is_pow2(align)) return PARE_ERR_ARGUMENT;
    pare_buf_init(b, from);
    b->align = align;
    return PARE_OK;
}

void pare_buf_harden(pare_buf *b) {
    b->flags |= PAREI_BUF_HARDENED;
    parei_buf_open(b);
}

/* Leaves `b` without a block, as after init, except for the limit and what was counted. */
static void parei_buf_forget(pare_buf *b) {
    b->peak_used_bytes = parei_max_size(b->peak_used_bytes, b->len);
    b->ptr = NULL;
    b->len = b->block_bytes = b->asked_bytes = 0;
    b->generation++;
    b->flags &= ~PAREI_BUF_BORROWED;
    parei_buf_reopen(b);
}

void pare_buf_deinit(pare_buf *b) {
    parei_buf_check(b);
    parei_buf_release(b);
    *b = (pare_buf){0};
}

pare_status parei_buf_detach_kept(pare_buf *b, pare_parcel *out, size_t kept) {
    size_t least = b->len + kept;
    if (b->status != PARE_OK) return b->status;
    if (!parei_buf_owns(b) && least != 0) {
        pare_status status = parei_buf_resize(b, least);
        if (status != PARE_OK) return status;
    }

    parei_buf_unmark(b);
    *out = (pare_parcel){
        .block = {parei_buf_owns(b) ? b->ptr : NULL, parei_buf_owns(b) ? b->block_bytes : 0},
        .len = b->len,
        .align = parei_buf_align(b),
        .from = b->allocator,
    };
    parei_buf_forget(b);
    return PARE_OK;
}

pare_status pare_buf_detach(pare_buf *b, pare_parcel *out) {
    return parei_buf_detach_kept(b, out, 0);
}

pare_status parei_buf_attach_kept(pare_buf *b, pare_parcel in, size_t kept) {
    bool empty = in.block.cap == 0 && in.len == 0;
    if (!empty && (in.block.ptr == NULL || in.block.cap > PARE_SIZE_MAX || in.len > in.block.cap ||
                   in.block.cap - in.len < kept)) {
        return PARE_ERR_ARGUMENT;
    }
    if (in.align != 0 && !parei_is_pow2(in.align)) return PARE_ERR_ARGUMENT;

    parei_buf_release(b);
    parei_buf_forget(b);
    b->allocator = in.from;
    b->align = in.align;
    b->ptr = empty ? NULL : in.block.ptr;
    b->len = in.len;
    b->block_bytes = b->asked_bytes = in.block.cap;
    parei_buf_open(b);
    return PARE_OK;
}

pare_status pare_buf_attach(pare_buf *b, pare_parcel in) { return parei_buf_attach_kept(b, in, 0); }

/* --- capacity ---------------------------------------------------------------------------- */

pare_status pare_buf_reserve(pare_buf *b, size_t more) { return parei_buf_room(b, more, 0, false); }

pare_status pare_buf_reserve_exact(pare_buf *b, size_t more) {
    return parei_buf_room(b, more, 0, true);
}

pare_status parei_buf_shrink_kept(pare_buf *b, size_t kept) {
    if (!parei_buf_owns(b) || b->len + kept == b->block_bytes) return PARE_OK;
    if (b->len != 0) return parei_buf_resize(b, b->len + kept);

    pare_status status = b->status;
    size_t needed = b->needed;
    parei_buf_release(b);
    parei_buf_forget(b);
    if (status != PARE_OK)
        parei_buf_fail(b, status, needed); /* what was refused is still missing */
    return PARE_OK;
}

pare_status pare_buf_shrink(pare_buf *b) { return parei_buf_shrink_kept(b, 0); }

void pare_buf_set_limit(pare_buf *b, size_t bytes) {
    b->below_max = PARE_SIZE_MAX - parei_min_size(bytes, PARE_SIZE_MAX);
    parei_buf_open(b);
}

void pare_buf_reset_max(pare_buf *b, size_t bytes) {
    pare_buf_reset(b);
    if (!parei_buf_owns(b) || b->asked_bytes <= bytes) return;
    parei_buf_release(b);
    parei_buf_forget(b);
}

void pare_buf_truncate(pare_buf *b, size_t len_max) {
    if (len_max >= b->len) return;
    b->peak_used_bytes = parei_max_size(b->peak_used_bytes, b->len);
    if (b->status != PARE_OK && b->needed != SIZE_MAX) b->needed -= b->len - len_max;
    b->len = len_max;
    parei_buf_scrap(b);
    if ((b->flags & PAREI_BUF_CLOSED) != 0) parei_buf_open(b);
    parei_buf_check(b);
}

void pare_buf_erase(pare_buf *b, size_t at, size_t size) {
    if (at >= b->len) return;
    size_t gone = parei_min_size(size, b->len - at);
    memmove(b->ptr + at, b->ptr + at + gone, b->len - at - gone);
    pare_buf_truncate(b, b->len - gone);
}

/* --- appends ----------------------------------------------------------------------------- */

/* Bytes to be copied in. Those inside our own block are told by their address alone and become an
 * offset, since growth may move them. */
typedef struct parei_buf_source {
    const char *bytes;
    size_t offset; /* SIZE_MAX: not ours */
} parei_buf_source;

/* False where there is nothing to copy from. Requires size != 0. */
static bool parei_buf_find(const pare_buf *b, const void *bytes, size_t size,
                           parei_buf_source *source) {
    size_t offset = (size_t)((uintptr_t)bytes - (uintptr_t)b->ptr);
    bool own = offset < b->block_bytes;
    *source = (parei_buf_source){bytes, own ? offset : SIZE_MAX};
    if (own) return offset <= b->len && size <= b->len - offset;
    return bytes != NULL;
}

pare_status parei_buf_append_kept(pare_buf *b, const void *bytes, size_t size, size_t kept) {
    parei_buf_source from;
    if (size == 0) return b->status;
    if (!parei_buf_find(b, bytes, size, &from)) return parei_buf_fail(b, PARE_ERR_ARGUMENT, size);
    char *tail = parei_buf_take(b, size, kept);
    if (tail != NULL) memcpy(tail, from.offset != SIZE_MAX ? b->ptr + from.offset : bytes, size);
    return b->status;
}

/* Of our own bytes, those from `at` on have moved up by `size`. */
static void parei_buf_fill_gap(pare_buf *b, size_t at, parei_buf_source from, size_t size) {
    char *gap = b->ptr + at;
    if (from.offset == SIZE_MAX) {
        memcpy(gap, from.bytes, size);
        return;
    }
    size_t below = from.offset < at ? parei_min_size(size, at - from.offset) : 0;
    memcpy(gap, b->ptr + from.offset, below);
    memcpy(gap + below, b->ptr + from.offset + below + size, size - below);
}

pare_status parei_buf_insert_kept(pare_buf *b, size_t at, const void *bytes, size_t size,
                                  size_t kept) {
    parei_buf_source from;
    size_t len = b->len;
    if (at > len) return parei_buf_fail(b, PARE_ERR_ARGUMENT, size);
    if (size == 0) return b->status;
    if (!parei_buf_find(b, bytes, size, &from)) return parei_buf_fail(b, PARE_ERR_ARGUMENT, size);
    if (parei_buf_take(b, size, kept) == NULL) return b->status;
    memmove(b->ptr + at + size, b->ptr + at, len - at);
    parei_buf_fill_gap(b, at, from, size);
    if (parei_buf_hardened(b)) b->generation++;
    return PARE_OK;
}

pare_status pare_buf_insert(pare_buf *b, size_t at, const void *bytes, size_t size) {
    return parei_buf_insert_kept(b, at, bytes, size, 0);
}

pare_status parei_buf_append_bytes(pare_buf *b, const void *bytes, size_t size) {
    if (size == 0 || size > b->cap - b->len || bytes == NULL) {
        return parei_buf_append_kept(b, bytes, size, 0);
    }
    memcpy(b->ptr + b->len, bytes, size);
    b->len += size;
    return PARE_OK;
}

/* The first `size` bytes of `word` in memory. */
pare_status parei_buf_append_word(pare_buf *b, uint64_t word, size_t size) {
    return parei_buf_append_kept(b, &word, size, 0);
}

pare_status parei_buf_append_byte(pare_buf *b, unsigned char byte) {
    char *tail = parei_buf_take(b, 1, 0);
    if (tail != NULL) *tail = (char)byte;
    return b->status;
}

pare_status pare_buf_append_fill(pare_buf *b, unsigned char byte, size_t count) {
    char *tail = count != 0 ? parei_buf_take(b, count, 0) : NULL;
    if (tail != NULL) memset(tail, byte, count);
    return b->status;
}

void parei_buf_append_reserved(pare_buf *b, const void *bytes, size_t size) {
    size_t end = parei_min_size(b->block_bytes, pare_buf_limit(b));
    if (b->status == PARE_OK && (b->len > end || size > end - b->len)) {
        parei_misuse("buf", "append beyond the reserve", b, bytes, PAREI_SITE());
        return;
    }
    parei_buf_append_kept(b, bytes, size, 0);
}

void *pare_buf_extend(pare_buf *b, size_t size) {
    return size != 0 ? parei_buf_take(b, size, 0) : NULL;
}

/* --- queries ----------------------------------------------------------------------------- */

size_t pare_buf_capacity(const pare_buf *b) {
    return parei_max_size(b->len, parei_min_size(b->block_bytes, pare_buf_limit(b)));
}

size_t pare_buf_limit(const pare_buf *b) { return PARE_SIZE_MAX - b->below_max; }

pare_buf_stats pare_buf_get_stats(const pare_buf *b) {
    return (pare_buf_stats){
        .live_bytes = parei_buf_owns(b) ? b->block_bytes : 0,
        .used_bytes = b->len,
        .peak_used_bytes = parei_max_size(b->peak_used_bytes, b->len),
        .growths = b->growths,
        .moved_bytes = b->moved_bytes,
    };
}

pare_buf_view pare_buf_get_view(const pare_buf *b, size_t at, size_t size) {
    size_t start = parei_min_size(at, b->len);
    size_t len = parei_min_size(size, b->len - start);
    return (pare_buf_view){len != 0 ? b->ptr + start : NULL, len, b->generation};
}

const void *pare_buf_check_view(const pare_buf *b, pare_buf_view view) {
    uintptr_t offset = (uintptr_t)view.ptr - (uintptr_t)b->ptr;
    bool inside = view.len == 0 || (offset <= b->len && view.len <= b->len - offset);
    if (inside && view.generation == b->generation) return view.ptr;
    parei_misuse("buf", "dead view", b, view.ptr, PAREI_SITE());
    return NULL;
}
