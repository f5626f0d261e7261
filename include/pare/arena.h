/* pare/arena.h - bump allocation: many objects, one lifetime, given up all at once.
 *
 * An allocation moves a pointer; nothing is freed one by one. reset drops all objects and keeps
 * the blocks, so that the next phase asks the allocator for nothing; mark and rewind do the same
 * for a part of a phase.
 *
 * Memory   Blocks from `from`, doubling from 4 KiB to 1 MiB unless options say otherwise, after the
 *          current one could not be made longer in place. A request above a quarter of the next
 *          block gets a block of its own, and the block with more room stays current. When refused:
 *          half as much, exactly what is needed, and in the end that once more, with the retained
 *          blocks given back. After a phase that took several blocks, reset asks for one in place
 *          of them, if block_max allows that one.
 * Layout   ptr and end are multiples of PARE_MIN_ALIGN, so a run-time size that fits unrounded also
 *          fits rounded. The first block from the allocator also holds the arena's private state
 *          and stays until deinit.
 *
 *              block                ptr                   end
 *              | header | objects ##|        room         |
 *
 * Stacking Over a pare_fixed it is an arena on an array; over pare_pages(n) one block that grows in
 *          place and never moves; over another arena its blocks go with that one; over a
 *          pare_bufpool, arenas that come and go share their blocks.
 * Threads  One owner at a time.
 * Errors   Calls that return memory answer NULL on refusal and keep the reason for
 *          pare_arena_status; the arena is as it was, but for retained blocks.
 * Lifetime Objects live until reset, deinit, or a rewind to a mark from before them. The struct may
 *          be moved until a mark, scope or allocator handle names its address.
 * SPDX-License-Identifier: MIT */
#ifndef PARE_ARENA_H
#define PARE_ARENA_H
#include "pare/alloc.h"
PARE_BEGIN_DECLS

/* --- types ------------------------------------------------------------------------------- */

struct parei_arena_state;
struct parei_arena_callback;
struct parei_block;
struct parei_guard;

/* Visible so it can be embedded and inlined; the fields are private. All-zero is valid: an empty
 * arena on the C library's heap. Invariant: ptr <= end, and both are NULL where there is no window:
 * then every call takes the slow path. */
typedef struct pare_arena {
    char *ptr;                       /* where the next object goes */
    char *end;                       /* of the current block */
    char *array;                     /* start of the caller's array, aligned; NULL without one */
    pare_allocator from;             /* outlives the arena */
    struct parei_arena_state *state; /* in the first block of `from`; NULL before that is taken */
    char *floor;                     /* the newest mark in the current block; NULL: none */
    struct parei_arena_callback *callbacks; /* the youngest first */
    uint32_t epoch;                         /* resets so far */
    pare_status status;                     /* the last refusal */
} pare_arena;

/* Flags of options.
 *
 * ADAPTIVE   Keep what recent phases used: a spike is given back after some twenty smaller phases,
 *            a steady load never allocates.
 * ZEROED     Ask for zeroed blocks, so that pare_arena_alloc_zeroed need not write memory that was
 *            never in use: for allocators that have zeros for nothing, as fresh pages are.
 * HARDENED   Check every call: bytes behind objects at rewind, reset and deinit, every dead mark,
 *            use by two threads at once; fresh and dropped memory is filled.
 * UNPOOLED   Make every object a block of its own, given back by rewind, reset or deinit: ASan and
 *            valgrind then name the place where that was. */
#define PARE_ARENA_ADAPTIVE 1u
#define PARE_ARENA_ZEROED 2u
#define PARE_ARENA_HARDENED 4u
#define PARE_ARENA_UNPOOLED 8u

/* Of retain_bytes: reset and rewind give all blocks back but the first. */
#define PARE_ARENA_RETAIN_NONE ((size_t)1)

/* Zero means the default. */
typedef struct pare_arena_options {
    size_t block_min;    /* bytes of the first block; 4 KiB. 512 .. block_max */
    size_t block_max;    /* bytes to which blocks double; 1 MiB. At most PARE_SIZE_MAX / 4 */
    size_t limit_bytes;  /* most bytes of blocks at any time; no limit */
    size_t retain_bytes; /* most bytes of empty blocks that reset and rewind keep, the first not
                          * counted; no limit */
    unsigned flags;      /* PARE_ARENA_... */
    const char *name; /* shown by dump and in reports of misuse; outlives the arena. NULL: none */
    uint64_t reserved[4];
} pare_arena_options;

/* A position in one arena, to rewind to any number of times until it is rewound past or reset. */
typedef struct pare_arena_pos {
    const pare_arena *arena;
    struct parei_block *block;              /* the current block; NULL: the array, or none yet */
    char *ptr;                              /* in it */
    struct parei_block *side;               /* where a builder's buffer grew; NULL: nowhere */
    char *side_top;                         /* the end of what is in it */
    struct parei_arena_callback *callbacks; /* from before the mark */
    struct parei_guard *guards;             /* hardened: of objects from before the mark */
    uint64_t serial;                        /* blocks with a higher one are younger than the mark */
    uint64_t id;                            /* hardened: marks with a higher one are younger */
    uint32_t epoch;                         /* resets before the mark */
    int traced;                             /* hardened: it is known whether the mark is dead */
} pare_arena_pos;

/* Figures, which agree at all times: live, room and waste make up held_bytes and the caller's
 * array, if there is one. */
typedef struct pare_arena_stats {
    size_t live_bytes;     /* handed out, with padding */
    size_t held_bytes;     /* all blocks from the allocator, empty ones and headers included */
    size_t peak_bytes;     /* the largest held_bytes since init */
    size_t retained_bytes; /* of held_bytes: blocks without objects, but for the first */
    size_t room_bytes;    /* left in the current block, the side block, and those without objects */
    size_t waste_bytes;   /* of held_bytes: neither live nor room. Headers, the arena's own state,
                            * ends of blocks for which something was too large */
    size_t blocks;        /* how many blocks, those without objects included */
    uint64_t allocs;      /* blocks asked of the allocator since init */
    uint64_t frees;       /* blocks given back since init */
    uint64_t resizes;     /* blocks made longer or shorter in place since init */
    uint64_t total_bytes; /* bytes of those allocs, and what resizes added */
    uint64_t reserved[4];
} pare_arena_stats;

/* One block, as pare_arena_visit shows it. */
typedef struct pare_arena_block_info {
    const void *address;
    size_t block_bytes; /* header included; of the caller's array, what is used for objects */
    size_t live_bytes;  /* handed out, with padding */
    size_t room_bytes;  /* left for objects; none in an unpooled arena */
    int current;        /* the next object goes here, if it fits */
    int side;           /* the next buffer of a builder goes here */
    int spare;          /* without objects, kept for reuse */
} pare_arena_block_info;

/* --- lifetime ---------------------------------------------------------------------------- */

/* Readies `a` over `from`. options NULL: the defaults, and nothing is allocated before the first
 * object. With options the first block is allocated now; PARE_ERR_ARGUMENT for options outside
 * their ranges or a limit below block_min. */
PARE_NODISCARD PARE_API pare_status pare_arena_init(pare_arena *a, pare_allocator from,
                                                    const pare_arena_options *options);

/* Readies `a` with array[0, size) as its first block and `then` for all further ones; pare_none()
 * as `then` never goes beyond the array. The array needs no alignment and is never freed; NULL goes
 * with size 0. Requires that the array outlives the arena, deinit included: a sanitizer
 * that watches the array is told by deinit alone that it is plain memory again, and while one
 * watches, some 300 bytes of the array hold the arena's state. Cost: no more than a
 * few stores, and deinit likewise while the array suffices. */
PARE_API void pare_arena_init_with(pare_arena *a, void *array, size_t size, pare_allocator then);

/* Drops all objects, keeps blocks as the options say, clears the status. Touches no object. Asks
 * for one block at the most, and only after a phase that had to. Cost: O(blocks). */
PARE_API void pare_arena_reset(pare_arena *a);

/* Gives the retained blocks back, and of the current one, if its allocator can shrink in place,
 * what lies beyond its objects and block_min. The allocator may trim the arena that is asking it,
 * unless that is hardened. */
PARE_API void pare_arena_trim(pare_arena *a);

/* Gives everything back and zeroes `a`. Accepts a zeroed arena. */
PARE_API void pare_arena_deinit(pare_arena *a);

/* --- allocation -------------------------------------------------------------------------- */

#define parei_arena_alloc_slow PAREI_ABI_NAME(parei_arena_alloc_slow)
PARE_API PAREI_COLD void *parei_arena_alloc_slow(pare_arena *a, size_t size, size_t align);

/* Constant sizes and alignments up to this are tested without arithmetic that could wrap: the
 * window of a block in the last two such stretches of the address space is clipped. */
#define PAREI_ARENA_CONSTANT_MAX ((size_t)4096)

/* Takes object[0, size). Never NULL, and the compiler may know it. */
PAREI_INLINE void *parei_arena_take(pare_arena *a, char *object, size_t size) {
    a->ptr = object + size;
    PAREI_ASSUME(object != NULL);
    return object;
}

/* `size` bytes at `align`, contents undefined; size 0 counts as 1. NULL on refusal:
 * PARE_ERR_ARGUMENT for an alignment that is no power of two or a size no object can have, else
 * MEMORY or LIMIT. Cost: 5 instructions for a constant size up to 4096 and a constant alignment up
 * to PARE_MIN_ALIGN; 10 for a size known at run time, which is not 0. */
PARE_NODISCARD PAREI_INLINE void *pare_arena_alloc(pare_arena *a, size_t size, size_t align) {
    const size_t mask = PARE_MIN_ALIGN - 1;
    char *ptr = a->ptr;
    uintptr_t at = (uintptr_t)ptr, end = (uintptr_t)a->end;
    if (PAREI_CONSTANT(align) && align != 0 && (align & (align - 1)) == 0 &&
        align <= PAREI_ARENA_CONSTANT_MAX) {
        if (PAREI_CONSTANT(size) && size <= PAREI_ARENA_CONSTANT_MAX) {
            size_t padding = align <= PARE_MIN_ALIGN ? 0 : (0 - at) & (align - 1);
            size_t extent = (size + !size + mask) & ~mask;
            if (PAREI_LIKELY(at + padding + extent <= end)) {
                return parei_arena_take(a, ptr + padding, extent);
            }
        } else if (align <= PARE_MIN_ALIGN) {
            size_t last = size - 1; /* size 0 is beyond any room */
            if (PAREI_LIKELY(last < end - at)) return parei_arena_take(a, ptr, (last | mask) + 1);
        }
    }
    return parei_arena_alloc_slow(a, size, align);
}

/* One object of `type`, or `count` of them, contents undefined; NULL on refusal, also when
 * count * sizeof(type) overflows. */
#define PARE_ARENA_NEW(arena, type)                                                                \
    ((type *)pare_arena_alloc((arena), sizeof(type), PAREI_ALIGNOF(type)))
#define PARE_ARENA_NEW_ARRAY(arena, type, count)                                                   \
    ((type *)pare_arena_alloc((arena), parei_product((count), sizeof(type)), PAREI_ALIGNOF(type)))

/* One object of `type` with room for `count` of `tail_type` behind it: a struct that ends in a
 * flexible array. */
#define PARE_ARENA_NEW_TAIL(arena, type, tail_type, count)                                         \
    ((type *)pare_arena_alloc((arena),                                                             \
                              parei_sum(sizeof(type), parei_product((count), sizeof(tail_type))),  \
                              PAREI_ALIGNOF(type)))

/* The same as pare_arena_alloc, all bytes zero. In an arena with PARE_ARENA_ZEROED, memory that was
 * never in use is not written again. */
PARE_NODISCARD PARE_API void *pare_arena_alloc_zeroed(pare_arena *a, size_t size, size_t align);

#define PARE_ARENA_NEW_ZEROED(arena, type)                                                         \
    ((type *)pare_arena_alloc_zeroed((arena), sizeof(type), PAREI_ALIGNOF(type)))
#define PARE_ARENA_NEW_ARRAY_ZEROED(arena, type, count)                                            \
    ((type *)pare_arena_alloc_zeroed((arena), parei_product((count), sizeof(type)),                \
                                     PAREI_ALIGNOF(type)))

/* A copy of bytes[0, size) at `align`. bytes NULL with size > 0 is PARE_ERR_ARGUMENT. */
PARE_NODISCARD PARE_API void *pare_arena_dup(pare_arena *a, const void *bytes, size_t size,
                                             size_t align);

/* A copy of text[0, length) with a NUL behind it. text NULL with length > 0 is
 * PARE_ERR_ARGUMENT. */
PARE_NODISCARD PARE_API char *pare_arena_strndup(pare_arena *a, const char *text, size_t length);

/* A copy of the C string `text`. Requires text != NULL. */
PARE_NODISCARD PAREI_INLINE char *pare_arena_strdup(pare_arena *a, const char *text) {
    return pare_arena_strndup(a, text, strlen(text));
}

#ifndef PARE_NO_LIBC
/* The formatted text, written straight into the block if it fits there. PARE_ERR_FORMAT where the C
 * library refuses. */
PARE_NODISCARD PARE_API char *pare_arena_printf(pare_arena *a, const char *format, ...)
    PAREI_PRINTF(2, 3);
#endif

/* --- the newest object ------------------------------------------------------------------- */

/* Makes an object of `old_size` bytes one of `new_size`, in place; zero counts as one. Growing
 * works for the newest object as far as its block reaches, if no mark lies behind it, else
 * PARE_ERR_MEMORY. Shrinking works for any; only what the newest one gives up is handed out again,
 * none of it from before a mark. Hardened and unpooled arenas may know none as the
 * newest. */
PARE_NODISCARD PARE_API pare_status pare_arena_resize(pare_arena *a, void *object, size_t old_size,
                                                      size_t new_size);

/* Gives one object back. Returns whether its memory is handed out again: that of the newest one is,
 * unless it is from before a mark; that of any other lies unused until reset. */
PARE_API int pare_arena_free(pare_arena *a, void *object, size_t size);

/* --- marks and scopes -------------------------------------------------------------------- */

/* The position of `a` now. O(1). An arena without blocks has one too. */
PARE_API pare_arena_pos pare_arena_mark(pare_arena *a);

/* Drops every object younger than the mark; blocks up to retain_bytes are kept. Misuse, and nothing
 * changes: a mark of another arena, from before a reset, or newer than the position; in a hardened
 * arena every mark that was rewound past. Cost: O(blocks). */
PARE_API void pare_arena_rewind(pare_arena *a, pare_arena_pos to);

/* The same, but one object, of `size` bytes, is kept: it moves down to the mark, and its new
 * address is returned. Requires an object from after the mark, at a multiple of `align`, a power of
 * two; NULL, and a plain rewind, if it is NULL. A bad mark is misuse, and so is an object that is
 * older or not of this arena: then `object` itself. Never refused. Cost: O(blocks + size). */
PARE_NODISCARD PARE_API void *pare_arena_rewind_keep(pare_arena *a, pare_arena_pos to, void *object,
                                                     size_t size, size_t align);

/* Has callback(ctx) called when the position goes back beyond this point: by rewind, reset or
 * deinit, the youngest first, while all older objects are still there. It may not use the arena.
 * Allocates from the arena; refused as pare_arena_alloc. */
PARE_NODISCARD PARE_API pare_status pare_arena_on_drop(pare_arena *a, void (*callback)(void *ctx),
                                                       void *ctx);

typedef struct pare_arena_scope {
    pare_arena *arena; /* NULL once closed */
    pare_arena_pos start;
} pare_arena_scope;

PAREI_INLINE pare_arena_scope pare_arena_scope_open(pare_arena *a) {
    pare_arena_scope scope;
    scope.arena = a;
    scope.start = pare_arena_mark(a);
    return scope;
}

/* Rewinds to where the scope was opened, once. */
PAREI_INLINE void pare_arena_scope_close(pare_arena_scope *scope) {
    if (scope->arena != NULL) pare_arena_rewind(scope->arena, scope->start);
    scope->arena = NULL;
}

#if defined(__GNUC__) || defined(__clang__)
#define PAREI_ARENA_SCOPED __attribute__((cleanup(pare_arena_scope_close)))
#else
#define PAREI_ARENA_SCOPED /* leave the scope by its end: break and return keep its objects */
#endif

/* PARE_ARENA_SCOPE(&a) { ... } drops, at its end, what was allocated in it. With gcc and clang also
 * when it is left by break, return or goto; longjmp skips it, as any cleanup. */
#define PARE_ARENA_SCOPE(arena) PAREI_ARENA_SCOPE_AS(PAREI_JOIN(parei_scope, __LINE__), arena)
#define PAREI_ARENA_SCOPE_AS(name, opened)                                                         \
    for (PAREI_ARENA_SCOPED pare_arena_scope name = pare_arena_scope_open(opened);                 \
         name.arena != NULL; pare_arena_scope_close(&name))

/* --- queries ----------------------------------------------------------------------------- */

/* Why the last refused call was refused; PARE_OK if none was since init or reset. */
PAREI_INLINE pare_status pare_arena_status(const pare_arena *a) { return a->status; }

/* Cost: O(blocks). */
PARE_API pare_arena_stats pare_arena_get_stats(const pare_arena *a);

/* Shows each block, the youngest first, the spares last. The callback may not use the arena. */
PARE_API void pare_arena_visit(const pare_arena *a,
                               void (*visit)(void *ctx, const pare_arena_block_info *block),
                               void *ctx);

/* Describes the arena: its name, its figures, and each block, in lines of text without a newline,
 * which are there for the time of the call. The callback may not use the arena. Never allocates. */
PARE_API void pare_arena_dump(const pare_arena *a, void (*show)(void *ctx, const char *line),
                              void *ctx);

/* Serves blocks from `a`, which must not move from now on, with resize and free as
 * pare_arena_resize and pare_arena_free. */
PARE_API pare_allocator pare_arena_allocator(pare_arena *a);

/* The same for a buffer that grows while other objects come and go: a pare_str or pare_buf over it
 * lies in a block beside the current one, where nothing is allocated behind it. So it grows in
 * place, and building a text costs no copy until the block is full. Shrunk and detached, it stays
 * where it is, and the next one begins behind it. One at a time: of several, only the newest grows
 * in place. A buffer that has grown since a mark counts as younger than it. Hardened and unpooled
 * arenas serve it as pare_arena_allocator does, and so do all while a sanitizer watches. */
PARE_API pare_allocator pare_arena_builder_allocator(pare_arena *a);

PARE_END_DECLS
#endif
