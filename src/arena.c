/* arena.c - the contract is in pare/arena.h; blocks and marks are here.
 *
 * Blocks form one list, youngest first, numbered by a serial that only grows. The current block,
 * the one behind the window, may be any of them: a block that came for one large request stands in
 * front of it. A mark is the current block, the position in it, and the serial so far; to rewind is
 * to take off the list what has a higher serial and to make the mark's block current again. A dead
 * mark is known by its block, which either left the list or came back with a higher serial.
 *
 * On the caller's array, nothing but the window is set up: the array is the oldest block, and gets a
 * header, in the state, only with the first block from the allocator. Until then everything works on
 * the public words alone.
 * SPDX-License-Identifier: MIT */
#include "pare/arena.h"
#include "internal/bits.h"
#include "internal/check.h"

#define PAREI_ARENA_BLOCK_ALIGN                                                                    \
    ((size_t)16) /* whatever max_align_t says: PARE_MIN_ALIGN and headers */
#define PAREI_ARENA_BLOCK_MIN ((size_t)4096)
#define PAREI_ARENA_BLOCK_MAX ((size_t)1 << 20)
#define PAREI_ARENA_BLOCK_LEAST ((size_t)256)

/* While memory is watched, this many bytes behind each object belong to nobody. */
#define PAREI_ARENA_REDZONE ((size_t)16)

typedef struct parei_arena_block {
    struct parei_arena_block *next; /* the next older block; among the spares, the next spare */
    size_t cap;                     /* bytes, header included */
    char *top;                      /* end of its objects; not kept up while it is current */
    uint64_t serial;
} parei_arena_block;

typedef struct parei_arena_state {
    parei_arena_block *blocks;  /* youngest first; the oldest has serial 0 and stays */
    parei_arena_block *current; /* the one behind the window */
    parei_arena_block *spares;  /* without objects */
    parei_arena_block *home;    /* the one that holds this state; NULL: it lies in the array */
    parei_arena_block array;    /* the header of the caller's array, if there is one */
    char *array_end;
    size_t spare_bytes; /* of the spares, but for home */
    size_t held_bytes;  /* of all blocks but the array */
    size_t peak_bytes;
    size_t block_next; /* bytes of the next block */
    size_t block_max;
    size_t limit_bytes;
    size_t retain_bytes;
    char *closed;    /* the position while the window is closed, else NULL */
    uint64_t serial; /* of the youngest block */
    uint64_t allocs, frees, total_bytes;
} parei_arena_state;

/* The block that holds the state: header, state, objects. */
typedef struct parei_arena_home {
    parei_arena_block block;
    parei_arena_state state;
} parei_arena_home;

_Static_assert(sizeof(parei_arena_home) + 16 <= PAREI_ARENA_BLOCK_LEAST, "it has room for more");
_Static_assert(PAREI_ARENA_BLOCK_ALIGN % PARE_MIN_ALIGN == 0, "objects begin aligned");

/* --- blocks ------------------------------------------------------------------------------ */

static char *parei_arena_block_start(const pare_arena *a, parei_arena_block *block) {
    const parei_arena_state *s = a->state;
    if (block == &s->array) return a->array;
    size_t header = block == s->home ? sizeof(parei_arena_home) : sizeof(parei_arena_block);
    return (char *)block + parei_align_up(header, PARE_MIN_ALIGN);
}

/* The end of a window over memory[0, size): a multiple of PARE_MIN_ALIGN, and low enough that adding
 * two constants of the inline test does not wrap. Requires that memory is so aligned. */
static char *parei_arena_window_end(char *memory, size_t size) {
    const uintptr_t highest = UINTPTR_MAX - 2 * PAREI_ARENA_CONSTANT_MAX;
    if ((uintptr_t)memory > highest) return memory;
    size = parei_min_size(size, highest - (uintptr_t)memory);
    return memory + parei_align_down(size, PARE_MIN_ALIGN);
}

static char *parei_arena_block_end(const pare_arena *a, parei_arena_block *block) {
    if (block == &a->state->array) return a->state->array_end;
    return parei_arena_window_end((char *)block, block->cap);
}

static size_t parei_arena_block_room(const pare_arena *a, parei_arena_block *block,
                                     const char *top) {
    return (size_t)(parei_arena_block_end(a, block) - top);
}

/* The position in the current block; NULL where there is none yet. */
static char *parei_arena_top(const pare_arena *a) {
    return a->state != NULL && a->state->closed != NULL ? a->state->closed : a->ptr;
}

/* Moves the position; the window stays closed if it is. */
static void parei_arena_set_top(pare_arena *a, char *top) {
    if (a->state != NULL && a->state->closed != NULL) {
        a->state->closed = top;
    } else {
        a->ptr = top;
    }
}

/* Makes `block` current, its position `top`. */
static void parei_arena_set_current(pare_arena *a, parei_arena_block *block, char *top) {
    a->state->current = block;
    a->mark = NULL;
    parei_arena_set_top(a, top);
    if (a->state->closed == NULL) a->end_plus_1 = (uintptr_t)parei_arena_block_end(a, block) + 1;
}

static bool parei_arena_is_closed(const pare_arena *a) {
    return a->state != NULL && a->state->closed != NULL;
}

static void parei_arena_check(const pare_arena *a) {
    const parei_arena_state *s = a->state;
    PAREI_ASSERT((a->ptr == NULL) == (a->end_plus_1 == 0));
    PAREI_ASSERT(a->mark == NULL || a->mark <= parei_arena_top(a));
    if (s == NULL) {
        PAREI_ASSERT((a->ptr == NULL) == (a->array == NULL) && a->array <= a->ptr);
        return;
    }
    PAREI_ASSERT((s->closed != NULL) == (a->ptr == NULL));
    PAREI_ASSERT(parei_arena_top(a) >= parei_arena_block_start(a, s->current));
    PAREI_ASSERT(parei_arena_top(a) <= parei_arena_block_end(a, s->current));
    PAREI_ASSERT(s->spare_bytes <= s->held_bytes && s->held_bytes <= s->peak_bytes);
}

/* --- taking and giving back blocks -------------------------------------------------------- */

static void parei_arena_hold(parei_arena_state *s, size_t cap) {
    s->held_bytes += cap;
    s->peak_bytes = parei_max_size(s->peak_bytes, s->held_bytes);
    s->total_bytes += cap;
    s->allocs++;
}

static void parei_arena_free_block(pare_arena *a, parei_arena_block *block) {
    pare_span span = {block, block->cap};
    a->state->held_bytes -= block->cap;
    a->state->frees++;
    if (parei_arena_is_closed(a)) parei_mark_undefined(block + 1, block->cap - sizeof *block);
    pare_free_span(a->from, span, PAREI_ARENA_BLOCK_ALIGN);
}

void pare_arena_trim(pare_arena *a) {
    parei_arena_check(a);
    parei_arena_state *s = a->state;
    if (s == NULL) return;
    parei_arena_block **link = &s->spares;
    while (*link != NULL) {
        parei_arena_block *spare = *link;
        if (spare == s->home) {
            link = &spare->next;
            continue;
        }
        *link = spare->next;
        s->spare_bytes -= spare->cap;
        parei_arena_free_block(a, spare);
    }
}

/* Asks for `wanted` bytes, then for half as much, and at the last for `least`. */
static pare_status parei_arena_ask(pare_arena *a, size_t wanted, size_t least, unsigned flags,
                                   pare_span *out) {
    pare_status status;
    do {
        wanted = parei_max_size(wanted, least);
        status = pare_alloc_span(a->from, wanted, PAREI_ARENA_BLOCK_ALIGN, flags, out);
        if (wanted == least) return status;
        wanted /= 2;
    } while (status != PARE_OK && status != PARE_ERR_ARGUMENT);
    return status;
}

/* A new block of at least `least` bytes, header included, and of what the growth rule says where
 * that is more. */
static pare_status parei_arena_new_block(pare_arena *a, size_t least, parei_arena_block **out) {
    parei_arena_state *s = a->state;
    size_t wanted = least > s->block_next / 4 ? least : s->block_next;
    if (s->limit_bytes - s->held_bytes < wanted) pare_arena_trim(a);
    size_t allowed = s->limit_bytes - s->held_bytes;
    if (allowed < least) return PARE_ERR_LIMIT;

    pare_span span;
    unsigned flags = s->limit_bytes == SIZE_MAX ? 0 : PARE_EXACT;
    pare_status status = parei_arena_ask(a, parei_min_size(wanted, allowed), least, flags, &span);
    if (status != PARE_OK) return status;

    /* Also after a large one, or requests just above a quarter would each be a block for ever. */
    if (least <= s->block_max / 4) s->block_next = parei_min_size(s->block_next * 2, s->block_max);
    parei_arena_hold(s, span.cap);
    *out = span.ptr;
    (*out)->cap = span.cap;
    if (s->closed != NULL) parei_mark_noaccess(*out + 1, span.cap - sizeof **out);
    return PARE_OK;
}

/* Takes a spare of at least `least` bytes off its list, or answers NULL. The first that fits and is
 * no waste will do: they lie in the order in which they were first used. Otherwise the smallest. */
static parei_arena_block *parei_arena_take_spare(parei_arena_state *s, size_t least) {
    parei_arena_block **best = NULL;
    size_t ample = 2 * parei_max_size(least, s->block_next);
    for (parei_arena_block **link = &s->spares; *link != NULL; link = &(*link)->next) {
        size_t state = *link == s->home ? sizeof(parei_arena_home) - sizeof(parei_arena_block) : 0;
        if ((*link)->cap - state < least) continue;
        if (best == NULL || (*link)->cap < (*best)->cap) best = link;
        if ((*best)->cap <= ample) break;
    }
    if (best == NULL) return NULL;
    parei_arena_block *spare = *best;
    *best = spare->next;
    if (spare != s->home) s->spare_bytes -= spare->cap;
    return spare;
}

/* --- lifetime ---------------------------------------------------------------------------- */

/* Zero means the default; PARE_ERR_ARGUMENT where the sizes contradict each other. */
static pare_status parei_arena_complete(pare_arena_options *o) {
    if (o->block_min == 0) o->block_min = PAREI_ARENA_BLOCK_MIN;
    if (o->block_max == 0) o->block_max = parei_max_size(o->block_min, PAREI_ARENA_BLOCK_MAX);
    if (o->limit_bytes == 0) o->limit_bytes = SIZE_MAX;
    if (o->retain_bytes == 0) o->retain_bytes = SIZE_MAX;
    bool valid = o->block_min >= PAREI_ARENA_BLOCK_LEAST && o->block_min <= o->block_max &&
                 o->block_max <= PARE_SIZE_MAX / 4 && o->block_min <= o->limit_bytes;
    for (size_t i = 0; i < sizeof o->reserved / sizeof o->reserved[0]; i++) {
        valid = valid && o->reserved[i] == 0;
    }
    return valid ? PARE_OK : PARE_ERR_ARGUMENT;
}

/* The state that `o` describes, but for blocks. */
static parei_arena_state parei_arena_new_state(const pare_arena_options *o) {
    return (parei_arena_state){.block_next = parei_min_size(o->block_min * 2, o->block_max),
                               .block_max = o->block_max,
                               .limit_bytes = o->limit_bytes,
                               .retain_bytes = o->retain_bytes};
}

/* Takes the first block from a->from: it becomes the state's home and, unless there is an array, the
 * oldest and current one. Behind an array it starts as a spare. */
static pare_status parei_arena_open(pare_arena *a, const pare_arena_options *options) {
    pare_arena_options o = {0};
    if (options != NULL) o = *options;
    pare_status status = parei_arena_complete(&o);
    if (status != PARE_OK) return status;

    pare_span span;
    unsigned flags = o.limit_bytes == SIZE_MAX ? 0 : PARE_EXACT;
    status = parei_arena_ask(a, o.block_min, PAREI_ARENA_BLOCK_LEAST, flags, &span);
    if (status != PARE_OK) return status;

    parei_arena_home *home = span.ptr;
    parei_arena_state *s = a->state = &home->state;
    *s = parei_arena_new_state(&o);
    home->block = (parei_arena_block){.cap = span.cap};
    s->home = &home->block;
    parei_arena_hold(s, span.cap);
    char *start = parei_arena_block_start(a, s->home);
    if (a->array != NULL) {
        s->array_end = (char *)a->array + (a->end_plus_1 - 1 - (uintptr_t)a->array);
        s->blocks = s->current = &s->array;
        s->spares = s->home;
        return PARE_OK;
    }
    s->blocks = s->home;
    if (parei_watched()) {
        s->closed = start;
        parei_mark_noaccess(start, (size_t)((char *)span.ptr + span.cap - start));
    }
    parei_arena_set_current(a, s->home, start);
    return PARE_OK;
}

/* While memory is watched, the state is needed at once and lies at the array's end, which is lowered
 * by that much. An array without room for it is left unused. */
static PAREI_COLD void parei_arena_watch_array(pare_arena *a, char *end) {
    const pare_arena_options defaults = {.block_min = PAREI_ARENA_BLOCK_MIN,
                                         .block_max = PAREI_ARENA_BLOCK_MAX,
                                         .limit_bytes = SIZE_MAX,
                                         .retain_bytes = SIZE_MAX};
    char *array = a->array;
    size_t size = (size_t)(end - array);
    a->ptr = a->array = NULL;
    a->end_plus_1 = 0;
    if (size < sizeof(parei_arena_state) + PAREI_ARENA_BLOCK_ALIGN) return;

    end -= sizeof(parei_arena_state);
    end -= (uintptr_t)end & (PAREI_ARENA_BLOCK_ALIGN - 1);
    a->array = array;
    a->state = (parei_arena_state *)(void *)end;
    *a->state = parei_arena_new_state(&defaults);
    a->state->closed = array;
    a->state->array_end = end;
    a->state->blocks = a->state->current = &a->state->array;
    parei_mark_noaccess(array, (size_t)(end - array));
}

pare_status pare_arena_init(pare_arena *a, pare_allocator from, const pare_arena_options *options) {
    pare_arena fresh = {.from = from};
    if (options != NULL) {
        pare_status status = parei_arena_open(&fresh, options);
        if (status != PARE_OK) return status;
    }
    *a = fresh;
    parei_arena_check(a);
    return PARE_OK;
}

void pare_arena_init_with(pare_arena *a, void *array, size_t size, pare_allocator then) {
    *a = (pare_arena){.from = then};
    size_t padding = parei_padding(array, PAREI_ARENA_BLOCK_ALIGN);
    if (array == NULL || size < padding) return;

    a->ptr = a->array = (char *)array + padding;
    char *end = parei_arena_window_end(a->array, size - padding);
    a->end_plus_1 = (uintptr_t)end + 1;
    if (parei_watched()) parei_arena_watch_array(a, end);
    parei_arena_check(a);
}

void pare_arena_deinit(pare_arena *a) {
    parei_arena_check(a);
    parei_arena_state *s = a->state;
    if (s != NULL) {
        pare_arena_reset(a);
        pare_arena_trim(a);
        if (a->array != NULL && s->closed != NULL) {
            parei_mark_undefined(a->array, (size_t)(s->array_end - a->array));
        }
        if (s->home != NULL) parei_arena_free_block(a, s->home);
    }
    *a = (pare_arena){0};
}

/* --- allocation -------------------------------------------------------------------------- */

static void *parei_arena_refuse(pare_arena *a, pare_status status) {
    a->status = status;
    return NULL;
}

/* Bytes that an object takes up, the redzone included. Requires a size that an object can have. */
static size_t parei_arena_extent(const pare_arena *a, size_t size) {
    size_t extent = parei_align_up(size, PARE_MIN_ALIGN);
    return parei_arena_is_closed(a) ? extent + PAREI_ARENA_REDZONE : extent;
}

/* Where an object would begin behind `top`, or NULL if it would not end at or before `end`. */
static char *parei_arena_fit(const pare_arena *a, char *top, const char *end, size_t size,
                             size_t align) {
    size_t room = (size_t)(end - top);
    size_t padding = parei_padding(top, align);
    size_t extent = parei_arena_extent(a, size);
    return padding <= room && extent <= room - padding ? top + padding : NULL;
}

/* Puts `block` on the list and the object into it. The block with more room is current then. */
static void *parei_arena_alloc_in(pare_arena *a, parei_arena_block *block, size_t size,
                                  size_t align) {
    parei_arena_state *s = a->state;
    char *object = parei_arena_fit(a, parei_arena_block_start(a, block),
                                   parei_arena_block_end(a, block), size, align);
    PAREI_ASSERT(object != NULL);
    block->top = object + parei_arena_extent(a, size);
    block->serial = ++s->serial;
    block->next = s->blocks;
    s->blocks = block;

    char *top = parei_arena_top(a);
    if (parei_arena_block_room(a, block, block->top) > parei_arena_block_room(a, s->current, top)) {
        s->current->top = top;
        parei_arena_set_current(a, block, block->top);
    }
    return object;
}

/* An object in the current block, or NULL. */
static void *parei_arena_alloc_here(pare_arena *a, size_t size, size_t align) {
    char *top = parei_arena_top(a);
    const char *end = a->state != NULL ? parei_arena_block_end(a, a->state->current)
                                       : top + (a->end_plus_1 - 1 - (uintptr_t)top);
    char *object = parei_arena_fit(a, top, end, size, align);
    if (object != NULL) parei_arena_set_top(a, object + parei_arena_extent(a, size));
    return object;
}

/* An object in a spare block, else in a new one. */
static void *parei_arena_alloc_elsewhere(pare_arena *a, size_t size, size_t align) {
    /* Header, padding at its largest, object. The end of a block may be rounded down. */
    size_t least = parei_sum(parei_sum(sizeof(parei_arena_block) + 2 * PARE_MIN_ALIGN, align),
                             parei_arena_extent(a, size));
    parei_arena_block *block = parei_arena_take_spare(a->state, least);
    if (block == NULL) {
        pare_status status = parei_arena_new_block(a, least, &block);
        if (status != PARE_OK) return parei_arena_refuse(a, status);
    }
    return parei_arena_alloc_in(a, block, size, align);
}

void *parei_arena_alloc_slow(pare_arena *a, size_t size, size_t align) {
    parei_arena_check(a);
    size = parei_max_size(size, 1);
    if (!parei_alloc_valid(size, align)) return parei_arena_refuse(a, PARE_ERR_ARGUMENT);

    void *object = parei_arena_top(a) != NULL ? parei_arena_alloc_here(a, size, align) : NULL;
    if (object == NULL && a->state == NULL) {
        pare_status status = parei_arena_open(a, NULL);
        if (status != PARE_OK) return parei_arena_refuse(a, status);
        object = parei_arena_alloc_here(a, size, align);
    }
    if (object == NULL) object = parei_arena_alloc_elsewhere(a, size, align);
    if (object != NULL && parei_arena_is_closed(a)) parei_mark_undefined(object, size);
    parei_arena_check(a);
    return object;
}

/* pare_arena_alloc for an alignment that only run time knows. */
static void *parei_arena_alloc_any(pare_arena *a, size_t size, size_t align) {
    if (align <= PARE_MIN_ALIGN && parei_is_pow2(align)) {
        return pare_arena_alloc(a, size, PARE_MIN_ALIGN);
    }
    return parei_arena_alloc_slow(a, size, align);
}

void *pare_arena_dup(pare_arena *a, const void *bytes, size_t size, size_t align) {
    if (bytes == NULL && size > 0) return parei_arena_refuse(a, PARE_ERR_ARGUMENT);
    void *copy = parei_arena_alloc_any(a, size, align);
    if (copy != NULL && size > 0) memcpy(copy, bytes, size);
    return copy;
}

char *pare_arena_strndup(pare_arena *a, const char *text, size_t length) {
    if (text == NULL && length > 0) return parei_arena_refuse(a, PARE_ERR_ARGUMENT);
    char *copy = pare_arena_alloc(a, parei_sum(length, 1), 1);
    if (copy == NULL) return NULL;
    if (length > 0) memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

/* --- marks ------------------------------------------------------------------------------- */

/* Takes the blocks with a higher serial off the list; home, and others as far as retain_bytes
 * allows, become spares. */
static void parei_arena_drop_blocks(pare_arena *a, uint64_t serial) {
    parei_arena_state *s = a->state;
    while (s->blocks->serial > serial) {
        parei_arena_block *block = s->blocks;
        s->blocks = block->next;
        if (block != s->home) {
            if (block->cap > s->retain_bytes - parei_min_size(s->retain_bytes, s->spare_bytes)) {
                parei_arena_free_block(a, block);
                continue;
            }
            s->spare_bytes += block->cap;
        }
        if (s->closed != NULL) {
            char *start = parei_arena_block_start(a, block);
            parei_mark_noaccess(start, parei_arena_block_room(a, block, start));
        }
        block->next = s->spares;
        s->spares = block;
    }
}

/* Makes the position (block, top) again; younger blocks are off the list already. */
static void parei_arena_return_to(pare_arena *a, parei_arena_block *block, char *top) {
    parei_arena_set_current(a, block, top);
    if (a->state->closed != NULL) {
        parei_mark_noaccess(top, parei_arena_block_room(a, block, top));
    }
}

/* The oldest block, which holds the first object. */
static parei_arena_block *parei_arena_oldest(parei_arena_state *s, const pare_arena *a) {
    return a->array != NULL ? &s->array : s->home;
}

void pare_arena_reset(pare_arena *a) {
    parei_arena_check(a);
    parei_arena_state *s = a->state;
    a->status = PARE_OK;
    a->epoch++;
    if (s != NULL) {
        parei_arena_block *oldest = parei_arena_oldest(s, a);
        parei_arena_drop_blocks(a, 0);
        parei_arena_return_to(a, oldest, parei_arena_block_start(a, oldest));
    } else {
        a->ptr = a->array;
        a->mark = NULL;
    }
    parei_arena_check(a);
}

pare_arena_pos pare_arena_mark(pare_arena *a) {
    parei_arena_check(a);
    const parei_arena_state *s = a->state;
    a->mark = parei_arena_top(a);
    if (s == NULL) return (pare_arena_pos){.arena = a, .ptr = a->mark, .epoch = a->epoch};
    return (pare_arena_pos){a, s->current, a->mark, s->serial, a->epoch};
}

/* Completes a mark that was made before there was state: it lies in the oldest block. */
static void parei_arena_complete_mark(const pare_arena *a, pare_arena_pos *to) {
    if (a->state == NULL || to->block != NULL) return;
    to->block = parei_arena_oldest(a->state, a);
    if (to->ptr == NULL) to->ptr = parei_arena_block_start(a, to->block);
}

/* NULL if `to` is a position that `a` can go back to, else what is wrong with it. */
static const char *parei_arena_misuse_of(const pare_arena *a, const pare_arena_pos *to) {
    static const char *const dead = "mark that was rewound past";
    const parei_arena_state *s = a->state;
    if (to->arena != a) return "mark of another arena";
    if (to->epoch != a->epoch) return "mark from before a reset";
    if (s == NULL) return to->block != NULL || to->ptr > a->ptr ? dead : NULL;

    const parei_arena_block *block = s->blocks;
    while (block != NULL && block != to->block) block = block->next;
    if (block == NULL || block->serial > to->serial) return dead;
    return to->ptr > (block == s->current ? parei_arena_top(a) : block->top) ? dead : NULL;
}

void pare_arena_rewind(pare_arena *a, pare_arena_pos to) {
    parei_arena_check(a);
    const char *marked = to.ptr;
    if (to.arena == a) parei_arena_complete_mark(a, &to);
    const char *misuse = parei_arena_misuse_of(a, &to);
    if (misuse != NULL) {
        parei_misuse("arena", misuse, a, marked, PAREI_SITE());
        return;
    }
    if (a->state != NULL) {
        parei_arena_drop_blocks(a, to.serial);
        parei_arena_return_to(a, to.block, to.ptr);
    } else {
        a->ptr = to.ptr;
    }
    a->mark = to.ptr;
    parei_arena_check(a);
}

/* --- queries ----------------------------------------------------------------------------- */

pare_arena_stats pare_arena_get_stats(const pare_arena *a) {
    parei_arena_check(a);
    const parei_arena_state *s = a->state;
    pare_arena_stats stats = {0};
    if (s == NULL) {
        stats.live_bytes = a->ptr != NULL ? (size_t)(a->ptr - a->array) : 0;
        return stats;
    }

    for (parei_arena_block *block = s->blocks; block != NULL; block = block->next) {
        const char *top = block == s->current ? parei_arena_top(a) : block->top;
        stats.live_bytes += (size_t)(top - parei_arena_block_start(a, block));
        stats.blocks += block != &s->array;
    }
    for (const parei_arena_block *spare = s->spares; spare != NULL; spare = spare->next) {
        stats.blocks++;
    }
    stats.held_bytes = s->held_bytes;
    stats.peak_bytes = s->peak_bytes;
    stats.retained_bytes = s->spare_bytes;
    stats.allocs = s->allocs;
    stats.frees = s->frees;
    stats.total_bytes = s->total_bytes;
    return stats;
}

/* --- as an allocator --------------------------------------------------------------------- */

static pare_status parei_arena_slot_alloc(void *ctx, size_t size, size_t align, unsigned flags,
                                          pare_span *out) {
    pare_arena *a = ctx;
    void *object = parei_arena_alloc_any(a, size, align);
    if (object == NULL) return a->status;
    if ((flags & PARE_ZEROED) != 0) memset(object, 0, size);
    *out = (pare_span){object, size};
    return PARE_OK;
}

/* Whether `block` is the newest object of the current block. */
static bool parei_arena_is_newest(const pare_arena *a, pare_span block) {
    const char *end = (char *)block.ptr + parei_arena_extent(a, block.cap);
    return end == parei_arena_top(a);
}

/* Moves the position to `top`, unless a mark lies behind it: a rewind must never go forward. */
static void parei_arena_lower_top(pare_arena *a, char *top) {
    if (a->mark == NULL || a->mark <= top) parei_arena_set_top(a, top);
}

/* Only the newest object, as far as its block reaches. */
static pare_status parei_arena_grow(pare_arena *a, pare_span *block, size_t new_size) {
    char *object = block->ptr, *top = parei_arena_top(a);
    if (!parei_arena_is_newest(a, *block)) return PARE_ERR_MEMORY;
    parei_arena_set_top(a, object);
    if (parei_arena_alloc_here(a, new_size, 1) == NULL) {
        parei_arena_set_top(a, top);
        return PARE_ERR_MEMORY;
    }
    if (parei_arena_is_closed(a)) {
        parei_mark_undefined(object + block->cap, new_size - block->cap);
    }
    return PARE_OK;
}

/* Always succeeds: what cannot be given back lies unused until the reset. */
static void parei_arena_cut_tail(pare_arena *a, pare_span block, size_t new_size) {
    char *tail = (char *)block.ptr + new_size;
    if (parei_arena_is_closed(a)) parei_mark_noaccess(tail, block.cap - new_size);
    if (parei_arena_is_newest(a, block)) {
        parei_arena_lower_top(
            a, new_size == 0 ? tail : (char *)block.ptr + parei_arena_extent(a, new_size));
    }
}

static pare_status parei_arena_slot_resize(void *ctx, pare_span *block, size_t new_size,
                                           size_t align, unsigned flags) {
    pare_arena *a = ctx;
    (void)align;
    if (new_size > block->cap) {
        pare_status status = parei_arena_grow(a, block, new_size);
        if (status != PARE_OK) return status;
        if ((flags & PARE_ZEROED) != 0) {
            memset((char *)block->ptr + block->cap, 0, new_size - block->cap);
        }
    } else {
        parei_arena_cut_tail(a, *block, new_size);
    }
    block->cap = new_size;
    return PARE_OK;
}

static void parei_arena_slot_free(void *ctx, pare_span block, size_t align) {
    pare_arena *a = ctx;
    (void)align;
    parei_arena_cut_tail(a, block, 0);
}

static const struct pare_allocator_vtable parei_arena_vtable = {
    .size = sizeof(struct pare_allocator_vtable),
    .alloc = parei_arena_slot_alloc,
    .resize = parei_arena_slot_resize,
    .free = parei_arena_slot_free,
};

pare_allocator pare_arena_allocator(pare_arena *a) {
    return (pare_allocator){&parei_arena_vtable, a};
}
