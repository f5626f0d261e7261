/* pare/buf.h - growable bytes: asked for ahead of time, reset and used again.
 *
 * Memory   One block from the allocator, twice as large at each growth up to 4 KiB and one and a
 *          half times above, all that the allocator really gives; when that is refused, once more
 *          exactly what is needed. Or first the caller's array, which is never freed.
 * Layout   The window, [len, cap), is what appends may fill without asking anybody:
 *
 *              0            len               cap               block_bytes
 *              |  contents   |     window      |  beyond the limit   |
 *
 *          It is empty, cap == len, while the buffer is full, has failed, is hardened, or is
 *          watched by a sanitizer; an append then takes the out-of-line path, which knows why.
 * Errors   The status is sticky: once an append was refused, later ones only count the length
 *          that would be needed, and what was appended before stays; one check at the end covers
 *          a run of appends. Reset clears it. Other refused calls change nothing.
 * Threads  One owner at a time.
 * Lifetime A pointer to the contents, or a view of them, holds until the next call that may grow
 *          the buffer, and no longer than to the next that inserts, drops or hands out contents,
 *          shrinks or ends it. The struct may be moved.
 * SPDX-License-Identifier: MIT */
#ifndef PARE_BUF_H
#define PARE_BUF_H
#include "pare/alloc.h"
PARE_BEGIN_DECLS

/* --- types ------------------------------------------------------------------------------- */

/* Visible so it can be embedded; the fields are private. All-zero is valid: empty, on the C
 * library's heap, without a limit. Invariant: len <= cap <= block_bytes, and CLOSED means that
 * cap == len whatever the block has. HARDENED implies CLOSED. */
typedef struct pare_buf {
    char *ptr;                /* block_bytes bytes, len of them in use; NULL: no block */
    size_t len;               /* bytes */
    size_t cap;               /* end of the window */
    size_t block_bytes;       /* the block's true size, which is given back */
    size_t asked_bytes;       /* what the allocator was asked for: the block before rounding */
    size_t below_max;         /* PARE_SIZE_MAX - limit, so that zero is no limit */
    size_t needed;            /* once failed: the length with nothing refused */
    pare_allocator allocator; /* of the next block, and of this one unless BORROWED */
    size_t align;             /* of blocks; 0 stands for 1 */
    unsigned flags;           /* PAREI_BUF_* */
    pare_status status;       /* sticky */
    size_t peak_used_bytes;   /* the largest length that a reset or truncate has seen */
    uint64_t growths;         /* blocks and resizes granted */
    uint64_t moved_bytes;     /* contents that growth copied elsewhere */
    uint64_t generation;      /* changes when views die, as far as it is told */
} pare_buf;

#define PAREI_BUF_CLOSED 1u   /* cap == len although there may be room: failed, hardened, watched */
#define PAREI_BUF_BORROWED 2u /* ptr is the caller's first array */
#define PAREI_BUF_HARDENED 4u

/* Contents on their way from one owner to another. */
typedef struct pare_parcel {
    pare_span block;     /* goes back to `from` at `align` */
    size_t len;          /* bytes in use */
    size_t align;        /* a power of two */
    pare_allocator from; /* outlives the block */
} pare_parcel;

/* A piece of the contents, to read. */
typedef struct pare_buf_view {
    const char *ptr; /* NULL goes with len 0 */
    size_t len;      /* bytes */
    uint64_t generation;
} pare_buf_view;

/* What growth cost since init: reason to reserve, or none. */
typedef struct pare_buf_stats {
    size_t live_bytes;      /* held from the allocator now */
    size_t used_bytes;      /* the length now */
    size_t peak_used_bytes; /* the largest used_bytes at a reset or truncate, or now */
    uint64_t growths;       /* times that the allocator was asked and granted */
    uint64_t moved_bytes;   /* bytes that these growths copied */
    uint64_t reserved[4];
} pare_buf_stats;

/* --- lifetime ---------------------------------------------------------------------------- */

/* Readies `b`, empty, over `from`. Never allocates. */
PARE_API void pare_buf_init(pare_buf *b, pare_allocator from);

/* Readies `b` on first[0, cap) and, once that is outgrown, on `then`. NULL goes with cap 0.
 * Lifetime: the array outlives `b`, or its first growth. */
PARE_API void pare_buf_init_with(pare_buf *b, void *first, size_t cap, pare_allocator then);

/* Readies `b` on array[0, cap) for ever: its limit is cap, so appends beyond are PARE_ERR_LIMIT.
 * Never allocates. */
PARE_API void pare_buf_init_fixed(pare_buf *b, void *array, size_t cap);

/* Readies `b`, empty, over `from`, with all blocks at `align`: for I/O past the kernel's cache, or
 * vector code. PARE_ERR_ARGUMENT unless that is a power of two. Never allocates. */
PARE_NODISCARD PARE_API pare_status pare_buf_init_aligned(pare_buf *b, pare_allocator from,
                                                          size_t align);

/* Has every growth of `b` move its contents, and overwrites what is dropped or left behind, until
 * deinit: a pointer that was kept too long then reads 0xdb, and a view is found to be dead. All
 * appends are out of line. */
PARE_API void pare_buf_harden(pare_buf *b);

/* Gives the block back and zeroes `b`. Accepts a zeroed buffer. */
PARE_API void pare_buf_deinit(pare_buf *b);

/* Hands the contents out: *out is theirs from now on, and `b` is empty, with its allocator and
 * limit. Contents on the caller's array are first copied to a block; where there is neither block
 * nor contents, the block is {NULL, 0}. On failure, also when `b` has failed before, both are as
 * they were. */
PARE_NODISCARD PARE_API pare_status pare_buf_detach(pare_buf *b, pare_parcel *out);

/* Drops the contents of `b` and takes these over, with their allocator. PARE_ERR_ARGUMENT where
 * in.len > in.block.cap, or the block is NULL and has a size. */
PARE_NODISCARD PARE_API pare_status pare_buf_attach(pare_buf *b, pare_parcel in);

/* Gives back what a detach handed out. A heap block may be passed to free() instead. */
PAREI_INLINE void pare_parcel_free(pare_parcel parcel) {
    pare_free_span(parcel.from, parcel.block, parcel.align);
}

/* --- capacity ---------------------------------------------------------------------------- */

/* Makes room for `more` bytes beyond the length, growing by the rule above, so a loop of reserves
 * stays linear. PARE_ERR_LIMIT beyond the limit, PARE_ERR_ARGUMENT beyond PARE_SIZE_MAX, the
 * status of `b` if it has failed. Refused: as it was, and not sticky. */
PARE_NODISCARD PARE_API pare_status pare_buf_reserve(pare_buf *b, size_t more);

/* The same, asking for no more than is needed: for contents that will not grow again. */
PARE_NODISCARD PARE_API pare_status pare_buf_reserve_exact(pare_buf *b, size_t more);

/* Gives back what lies beyond the contents. A first array stays. */
PARE_NODISCARD PARE_API pare_status pare_buf_shrink(pare_buf *b);

/* Refuses lengths above `bytes` from now on; longer contents stay. SIZE_MAX is no limit. */
PARE_API void pare_buf_set_limit(pare_buf *b, size_t bytes);

/* --- out of line ------------------------------------------------------------------------- */

#define parei_buf_reopen PAREI_ABI_NAME(parei_buf_reopen)
#define parei_buf_append_bytes PAREI_ABI_NAME(parei_buf_append_bytes)
#define parei_buf_append_word PAREI_ABI_NAME(parei_buf_append_word)
#define parei_buf_append_byte PAREI_ABI_NAME(parei_buf_append_byte)
#define parei_buf_append_reserved PAREI_ABI_NAME(parei_buf_append_reserved)

/* What inline calls do where the window does not say yes. */
PARE_API PAREI_COLD void parei_buf_reopen(pare_buf *b);
PARE_API pare_status parei_buf_append_bytes(pare_buf *b, const void *bytes, size_t size);
PARE_API PAREI_COLD pare_status parei_buf_append_word(pare_buf *b, uint64_t word, size_t size);
PARE_API PAREI_COLD pare_status parei_buf_append_byte(pare_buf *b, unsigned char byte);
PARE_API void parei_buf_append_reserved(pare_buf *b, const void *bytes, size_t size);

/* --- contents ---------------------------------------------------------------------------- */

/* Drops the contents and the status; the memory stays, so refilling does not allocate. */
PAREI_INLINE void pare_buf_reset(pare_buf *b) {
    if (b->len > b->peak_used_bytes) b->peak_used_bytes = b->len;
    b->len = 0;
    if (!PAREI_LIKELY((b->flags & PAREI_BUF_CLOSED) == 0)) parei_buf_reopen(b);
}

/* The same, but a block for which more than `bytes` were asked is given back, so that one giant
 * does not pin memory. */
PARE_API void pare_buf_reset_max(pare_buf *b, size_t bytes);

/* Drops what lies beyond the first `len_max` bytes. The status stays: what was refused before is
 * still missing. */
PARE_API void pare_buf_truncate(pare_buf *b, size_t len_max);

/* Drops the `size` bytes from offset `at` on, or as many as there are; what lies behind moves down.
 * The status stays. */
PARE_API void pare_buf_erase(pare_buf *b, size_t at, size_t size);

/* --- appends ----------------------------------------------------------------------------- */

/* Appends a copy of bytes[0, size), which may lie in the contents of `b` itself. NULL with size 0
 * is nothing; NULL with a size is PARE_ERR_ARGUMENT. Inline where `size` is constant.
 * Returns: the sticky status. Allocates: amortised. */
PAREI_INLINE pare_status pare_buf_append(pare_buf *b, const void *bytes, size_t size) {
    if (PAREI_CONSTANT(size) && size != 0 && bytes != NULL) {
        size_t len = b->len;
        uint64_t word = 0;
        if (PAREI_LIKELY(size <= b->cap - len)) {
            memcpy(b->ptr + len, bytes, size);
            b->len = len + size;
            return PARE_OK;
        }
        if (size <= sizeof word) { /* by value: the address of a local would keep it in memory */
            memcpy(&word, bytes, size);
            return parei_buf_append_word(b, word, size);
        }
    }
    return parei_buf_append_bytes(b, bytes, size);
}

/* Appends one byte. */
PAREI_INLINE pare_status pare_buf_append_byte(pare_buf *b, unsigned char byte) {
    size_t len = b->len;
    if (!PAREI_LIKELY(len != b->cap)) return parei_buf_append_byte(b, byte);
    b->ptr[len] = (char)byte;
    b->len = len + 1;
    return PARE_OK;
}

/* Appends `count` times one byte. */
PARE_API pare_status pare_buf_append_fill(pare_buf *b, unsigned char byte, size_t count);

/* Appends bytes[0, size) into room that was reserved before. Requires that room: a lack of it is
 * misuse, and nothing is appended. Never allocates. */
PAREI_INLINE void pare_buf_append_reserved(pare_buf *b, const void *bytes, size_t size) {
    if (!PAREI_LIKELY(size != 0 && size <= b->cap - b->len && bytes != NULL)) {
        parei_buf_append_reserved(b, bytes, size);
        return;
    }
    memcpy(b->ptr + b->len, bytes, size);
    b->len += size;
}

/* Puts a copy of bytes[0, size) before the byte at offset `at`, or at the end where `at` is the
 * length; what lies behind moves up. In all else an append: of bytes that may lie in the contents,
 * refused stickily, PARE_ERR_ARGUMENT also for an `at` beyond the length. */
PARE_API pare_status pare_buf_insert(pare_buf *b, size_t at, const void *bytes, size_t size);

/* Appends `size` bytes for the caller to write, then to truncate if fewer came. Returns NULL when
 * refused, which the status keeps, or when size is 0. */
PARE_API void *pare_buf_extend(pare_buf *b, size_t size);

/* --- queries ----------------------------------------------------------------------------- */

/* The contents, pare_buf_len(b) bytes; NULL while there is no block. */
PAREI_INLINE void *pare_buf_data(const pare_buf *b) { return b->ptr; }

PAREI_INLINE size_t pare_buf_len(const pare_buf *b) { return b->len; }

/* PARE_OK, or why the first append that failed was refused. */
PARE_NODISCARD PAREI_INLINE pare_status pare_buf_status(const pare_buf *b) { return b->status; }

/* The length with nothing refused; SIZE_MAX when it overflows. */
PAREI_INLINE size_t pare_buf_needed(const pare_buf *b) {
    return b->status == PARE_OK ? b->len : b->needed;
}

/* The length that can be reached without asking the allocator. */
PARE_API size_t pare_buf_capacity(const pare_buf *b);

/* What lengths are refused above; PARE_SIZE_MAX without a limit. */
PARE_API size_t pare_buf_limit(const pare_buf *b);

PARE_API pare_buf_stats pare_buf_get_stats(const pare_buf *b);

/* The `size` bytes from offset `at` on, or as many as there are. */
PARE_API pare_buf_view pare_buf_get_view(const pare_buf *b, size_t at, size_t size);

/* The bytes of a view of `b`. Requires that it still holds: a dead one is misuse, and NULL. Found
 * always: one that does not lie within the contents, or is from another block than these are in.
 * Hardened: every dead one. */
PARE_API const void *pare_buf_check_view(const pare_buf *b, pare_buf_view view);

PARE_END_DECLS
#endif
