/* mag.c - the contract is in internal/mag.h; slabs, their table and their list are here.
 *
 * Objects are made as late as can be: a slab counts up `made`, and memory beyond it is not
 * touched. Only the youngest slab has unmade objects, and it is the tail of the list of slabs that
 * have objects to take; one that was full and gets an object back goes to the head. So used
 * objects go out before new ones, from slabs that are nearly full, and the others drain.
 * SPDX-License-Identifier: MIT */
#include "internal/mag.h"
#include "internal/bits.h"
#include "internal/check.h"

#define PAREI_SLAB_FIRST_BYTES ((size_t)4096)
#define PAREI_SLAB_MAX_BYTES ((size_t)64 * 1024)
#define PAREI_SLAB_OBJECTS_MIN ((size_t)8) /* as long as a slab stays within the maximum */
#define PAREI_SLAB_OBJECTS_MAX ((size_t)UINT16_MAX)

/* Bytes kept between objects while memory is watched, so that an overflow by one is seen: two of
 * ASan's granules. */
#define PAREI_SLAB_GAP ((size_t)16)
#define PAREI_ASAN_GRANULE ((size_t)8)

#define PAREI_BITS_PER_WORD ((size_t)32)

/* --- bits -------------------------------------------------------------------------------- */

static bool parei_bit_test(const uint32_t *bits, size_t index) {
    return (bits[index / PAREI_BITS_PER_WORD] >> index % PAREI_BITS_PER_WORD & 1u) != 0;
}

static void parei_bit_flip(uint32_t *bits, size_t index) {
    bits[index / PAREI_BITS_PER_WORD] ^= (uint32_t)1 << index % PAREI_BITS_PER_WORD;
}

/* --- shapes ------------------------------------------------------------------------------ */

static size_t parei_shape_bitmap_bytes(const parei_shape *shape, size_t count) {
    size_t words = (count + PAREI_BITS_PER_WORD - 1) / PAREI_BITS_PER_WORD;
    return shape->bitmaps * words * sizeof(uint32_t);
}

/* Bytes in front of the first of `count` objects. */
static size_t parei_shape_front(const parei_shape *shape, size_t count) {
    size_t header = sizeof(parei_slab) + count * shape->note_bytes;
    header += parei_shape_bitmap_bytes(shape, count);
    return parei_align_up(header + count * sizeof(uint16_t) + shape->gap, shape->align);
}

/* Bytes of a slab of `count` objects, or SIZE_MAX. */
static size_t parei_shape_bytes(const parei_shape *shape, size_t count) {
    return parei_sum(parei_shape_front(shape, count), parei_product(count, shape->stride));
}

/* How many objects fit a slab of `bytes`. */
static size_t parei_shape_fit(const parei_shape *shape, size_t bytes) {
    if (bytes < sizeof(parei_slab)) return 0;
    size_t count = bytes - sizeof(parei_slab);
    count /= shape->stride + shape->note_bytes + sizeof(uint16_t);
    count = parei_min_size(count, PAREI_SLAB_OBJECTS_MAX);
    while (count > 0 && parei_shape_bytes(shape, count) > bytes) count--;
    return count;
}

static parei_shape parei_shape_of(const parei_kind *kind, bool watched) {
    size_t gap = parei_max_size(kind->gap, watched ? PAREI_SLAB_GAP : 0);
    size_t align = parei_max_size(kind->align, watched ? PAREI_ASAN_GRANULE : 1);
    return (parei_shape){.align = align,
                         .stride = parei_align_up(kind->size + gap, align),
                         .gap = gap,
                         .bitmaps = watched || kind->note_bytes > 0 ? 2 : 1,
                         .note_bytes = kind->note_bytes};
}

static parei_shape parei_shape_plain(const parei_kind *kind) {
    parei_kind plain = *kind;
    plain.note_bytes = plain.gap = 0;
    return parei_shape_of(&plain, false);
}

static size_t parei_shape_block_align(const parei_shape *shape) {
    return parei_max_size(shape->align, _Alignof(parei_slab));
}

/* --- blocks ------------------------------------------------------------------------------ */

pare_status parei_depot_alloc(parei_depot *d, size_t size, size_t align, pare_span *out) {
    pare_status status = pare_alloc_span(d->from, size, align, 0, out);
    if (status != PARE_OK) return status;
    d->allocs++;
    d->total_bytes += out->cap;
    d->held_bytes += out->cap;
    d->peak_bytes = parei_max_size(d->peak_bytes, d->held_bytes);
    return PARE_OK;
}

void parei_depot_free(parei_depot *d, pare_span block, size_t align) {
    if (block.cap == 0) return;
    d->frees++;
    d->held_bytes -= block.cap;
    pare_free_span(d->from, block, align);
}

/* --- table ------------------------------------------------------------------------------- */

/* How many slabs begin at or below `address`. */
static size_t parei_depot_rank(const parei_depot *d, uintptr_t address) {
    size_t low = 0, high = d->slab_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((uintptr_t)d->slabs[middle] <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static pare_status parei_depot_table_grow(parei_depot *d) {
    pare_span table;
    if (d->slab_capacity == 0) {
        d->slabs = d->first;
        d->slab_capacity = PAREI_DEPOT_FIRST_SLABS;
        return PARE_OK;
    }
    size_t bytes = 2 * d->slab_capacity * sizeof(parei_slab *);
    pare_status status = parei_depot_alloc(d, bytes, _Alignof(parei_slab *), &table);
    if (status != PARE_OK) return status;

    memcpy(table.ptr, d->slabs, d->slab_count * sizeof(parei_slab *));
    parei_depot_free(d, d->table, _Alignof(parei_slab *));
    d->table = table;
    d->slabs = table.ptr;
    d->slab_capacity = table.cap / sizeof(parei_slab *);
    return PARE_OK;
}

/* After each change of the table. */
static void parei_depot_set_range(parei_depot *d) {
    d->base = d->extent = 0;
    if (d->slab_count == 0) return;
    const parei_slab *last = d->slabs[d->slab_count - 1];
    uintptr_t end = (uintptr_t)last->objects + last->capacity * d->shape.stride;
    d->base = (uintptr_t)d->slabs[0]->objects;
    d->extent = end - d->base;
}

static void parei_depot_table_insert(parei_depot *d, parei_slab *slab) {
    size_t at = parei_depot_rank(d, (uintptr_t)slab);
    PAREI_ASSERT(d->slab_count < d->slab_capacity);
    memmove(d->slabs + at + 1, d->slabs + at, (d->slab_count - at) * sizeof(parei_slab *));
    d->slabs[at] = slab;
    d->slab_count++;
    parei_depot_set_range(d);
}

static void parei_depot_table_remove(parei_depot *d, parei_slab *slab) {
    size_t after = parei_depot_rank(d, (uintptr_t)slab);
    PAREI_ASSERT(after > 0 && d->slabs[after - 1] == slab);
    memmove(d->slabs + after - 1, d->slabs + after, (d->slab_count - after) * sizeof(parei_slab *));
    d->slab_count--;
    parei_depot_set_range(d);
}

/* --- list -------------------------------------------------------------------------------- */

static bool parei_slab_has_some(const parei_slab *slab) {
    return slab->free_count > 0 || slab->made < slab->capacity;
}

static void parei_depot_push_head(parei_depot *d, parei_slab *slab) {
    slab->prev = NULL;
    slab->next = d->head;
    *(d->head != NULL ? &d->head->prev : &d->tail) = slab;
    d->head = slab;
}

static void parei_depot_push_tail(parei_depot *d, parei_slab *slab) {
    slab->next = NULL;
    slab->prev = d->tail;
    *(d->tail != NULL ? &d->tail->next : &d->head) = slab;
    d->tail = slab;
}

static void parei_depot_unlink(parei_depot *d, parei_slab *slab) {
    *(slab->prev != NULL ? &slab->prev->next : &d->head) = slab->next;
    *(slab->next != NULL ? &slab->next->prev : &d->tail) = slab->prev;
}

/* --- objects ----------------------------------------------------------------------------- */

static void *parei_slab_object(const parei_depot *d, const parei_slab *slab, size_t index) {
    return slab->objects + index * d->shape.stride;
}

static size_t parei_slab_index(const parei_depot *d, const parei_slab *slab, const void *object) {
    return parei_depot_index(d, (uintptr_t)object - (uintptr_t)slab->objects);
}

static size_t parei_inverse(size_t odd) {
    size_t inverse = odd; /* right in 3 bits, and each step doubles them */
    for (int bits = 3; bits < 64; bits *= 2) inverse *= 2 - odd * inverse;
    return inverse;
}

static bool parei_slab_empty(const parei_slab *slab) { return slab->free_count == slab->made; }

void parei_depot_wipe(const parei_depot *d, void *object) { parei_wipe(object, d->kind.size); }

/* What the user may do with the bytes of an object that holds something. */
static void parei_depot_mark_held(const parei_depot *d, void *object) {
    if (d->watched) parei_mark_defined(object, d->kind.size);
}

static void parei_depot_mark_free(const parei_depot *d, void *object) {
    if (d->watched) parei_mark_noaccess(object, d->shape.stride);
}

/* What comes before an object's first get. */
static pare_status parei_depot_begin(parei_depot *d, void *object) {
    pare_status status = PARE_OK;
    if (d->watched) parei_mark_undefined(object, d->kind.size);
    if (d->kind.wipe) memset(object, 0, d->kind.size);
    if (d->kind.init != NULL) status = (d->kind.init)(d->kind.ctx, object);
    parei_depot_mark_free(d, object);
    return status;
}

/* Makes the next object of `slab` and leaves it free. */
static pare_status parei_slab_make(parei_depot *d, parei_slab *slab) {
    pare_status status = parei_depot_begin(d, parei_slab_object(d, slab, slab->made));
    if (status != PARE_OK) return status;

    slab->free[slab->free_count++] = (uint16_t)slab->made++;
    d->free_count++;
    d->made_count++;
    d->creates++;
    return PARE_OK;
}

/* Whether an object may enter and leave without being looked at. */
static bool parei_depot_plain(const parei_depot *d) {
    return !d->exact && !d->kind.wipe && d->kind.init == NULL && d->kind.fini == NULL;
}

/* Makes the next `count` objects of `slab`, of a plain depot, so that they are taken in order of
 * address. */
static void parei_slab_make_plain(parei_depot *d, parei_slab *slab, uint32_t count) {
    uint16_t *top = slab->free + slab->free_count + count;
    for (uint32_t index = slab->made; top > slab->free + slab->free_count; index++) {
        *--top = (uint16_t)index;
    }
    slab->made += count;
    slab->free_count += count;
    d->free_count += count;
    d->made_count += count;
    d->creates += count;
}

/* NULL: there are none. */
static parei_note *parei_slab_note(const parei_depot *d, const parei_slab *slab, size_t index) {
    if (d->shape.note_bytes == 0) return NULL;
    return (parei_note *)(void *)(slab->notes + index * d->shape.note_bytes);
}

/* Undoes the youngest make. What is still out is unmade like the rest. */
static void parei_slab_unmake(parei_depot *d, parei_slab *slab) {
    size_t index = --slab->made;
    void *object = parei_slab_object(d, slab, index);
    const parei_note *note = parei_slab_note(d, slab, index);
    bool bare = note != NULL && note->bare;
    parei_depot_mark_held(d, object);
    if (d->kind.fini != NULL && !bare) (d->kind.fini)(d->kind.ctx, object);
    if (d->kind.wipe) parei_depot_wipe(d, object);
    parei_depot_mark_free(d, object);
    d->made_count--;
}

/* --- slabs ------------------------------------------------------------------------------- */

static void parei_slab_layout(parei_depot *d, parei_slab *slab, size_t count) {
    char *at = (char *)(slab + 1);
    size_t note_bytes = count * d->shape.note_bytes;
    size_t bitmap_bytes = parei_shape_bitmap_bytes(&d->shape, count);
    memset(at, 0, note_bytes + bitmap_bytes);
    slab->notes = at;
    at += note_bytes;
    slab->out = (uint32_t *)(void *)at;
    slab->lent = d->exact ? (uint32_t *)(void *)(at + bitmap_bytes / 2) : NULL;
    slab->free = (uint16_t *)(void *)(at + bitmap_bytes);
    slab->objects = (char *)slab + parei_shape_front(&d->shape, count);
    slab->capacity = (uint32_t)count;
}

/* How many objects the next slab should hold, were there no limit. */
static size_t parei_depot_next_count(const parei_depot *d) {
    size_t most = parei_max_size(PAREI_SLAB_MAX_BYTES / d->shape.stride, 1);
    size_t least = parei_min_size(PAREI_SLAB_OBJECTS_MIN, most);
    return parei_max_size(parei_shape_fit(&d->shape, d->slab_bytes), least);
}

/* Asks for room for `count` objects, then for half as many, and at the last for one. */
static pare_status parei_depot_ask(parei_depot *d, size_t count, pare_span *out) {
    for (;; count /= 2) {
        pare_status status = parei_depot_alloc(d, parei_shape_bytes(&d->shape, count),
                                               parei_shape_block_align(&d->shape), out);
        if (status == PARE_OK || count == 1) return status;
    }
}

/* Objects and what lies between them are nobody's yet. */
static void parei_slab_set_gaps(const parei_depot *d, parei_slab *slab) {
    char *from = slab->objects - d->shape.gap, *end = (char *)slab + slab->block.cap;
    if (d->watched) {
        parei_mark_noaccess(from, (size_t)(end - from));
    } else if (d->shape.gap > 0) {
        memset(from, PAREI_GAP_BYTE, (size_t)(end - from));
    }
}

/* Adds a slab, empty, at the tail of the list. */
static pare_status parei_depot_add_slab(parei_depot *d) {
    size_t most = parei_shape_fit(&d->plain, d->kind.limit_bytes - d->charged_bytes);
    if (most == 0) return PARE_ERR_LIMIT;
    pare_status status = PARE_OK;
    if (d->slab_count == d->slab_capacity) status = parei_depot_table_grow(d);
    if (status != PARE_OK) return status;

    pare_span block;
    status = parei_depot_ask(d, parei_min_size(parei_depot_next_count(d), most), &block);
    if (status != PARE_OK) return status;
    parei_slab *slab = block.ptr;
    *slab = (parei_slab){.block = block};
    parei_slab_layout(d, slab, parei_min_size(parei_shape_fit(&d->shape, block.cap), most));
    slab->charge_bytes = parei_shape_bytes(&d->plain, slab->capacity);
    parei_slab_set_gaps(d, slab);
    d->charged_bytes += slab->charge_bytes;
    d->slab_bytes = parei_min_size(2 * d->slab_bytes, PAREI_SLAB_MAX_BYTES);
    d->empty_count++;
    parei_depot_table_insert(d, slab);
    parei_depot_push_tail(d, slab);
    return PARE_OK;
}

static void parei_depot_remove_slab(parei_depot *d, parei_slab *slab) {
    if (parei_slab_has_some(slab)) parei_depot_unlink(d, slab);
    if (parei_slab_empty(slab)) d->empty_count--;
    d->free_count -= slab->free_count;
    if (parei_depot_plain(d)) {
        d->made_count -= slab->made;
    } else {
        while (slab->made > 0) parei_slab_unmake(d, slab);
    }

    pare_span block = slab->block;
    parei_depot_table_remove(d, slab);
    d->charged_bytes -= slab->charge_bytes;
    if (d->watched) parei_mark_undefined(slab + 1, block.cap - sizeof *slab);
    parei_depot_free(d, block, parei_shape_block_align(&d->shape));
}

static bool parei_depot_may_remove(const parei_depot *d, const parei_slab *slab) {
    return parei_slab_empty(slab) && d->made_count - slab->made >= d->keep_count;
}

/* --- the depot --------------------------------------------------------------------------- */

static void parei_depot_check(const parei_depot *d) {
    PAREI_ASSERT(d->slab_count <= d->slab_capacity);
    PAREI_ASSERT(d->free_count <= d->made_count);
    PAREI_ASSERT(d->empty_count <= d->slab_count);
    PAREI_ASSERT(d->charged_bytes <= d->kind.limit_bytes);
    PAREI_ASSERT((d->head == NULL) == (d->tail == NULL));
    PAREI_ASSERT(d->head == NULL || parei_slab_has_some(d->head));
    (void)d;
}

pare_status parei_depot_init(parei_depot *d, pare_allocator from, const parei_kind *kind) {
    if (kind->size == 0 || !parei_alloc_valid(kind->size, kind->align)) return PARE_ERR_ARGUMENT;
    bool watched = parei_watched();
    parei_shape shape = parei_shape_of(kind, watched), plain = parei_shape_plain(kind);
    size_t least = parei_shape_bytes(&shape, 1);
    if (!parei_alloc_valid(least, parei_shape_block_align(&shape)) ||
        parei_shape_bytes(&plain, 1) > kind->limit_bytes) {
        return PARE_ERR_ARGUMENT;
    }

    size_t even = shape.stride & (0 - shape.stride);
    *d = (parei_depot){.from = from,
                       .kind = *kind,
                       .shape = shape,
                       .plain = plain,
                       .inverse = parei_inverse(shape.stride / even),
                       .shift = parei_log2(even),
                       .watched = watched,
                       .exact = shape.bitmaps == 2,
                       .slab_bytes = PAREI_SLAB_FIRST_BYTES};
    parei_depot_check(d);
    return PARE_OK;
}

void parei_depot_deinit(parei_depot *d) {
    while (d->slab_count > 0) parei_depot_remove_slab(d, d->slabs[d->slab_count - 1]);
    parei_depot_free(d, d->table, _Alignof(parei_slab *));
    d->table = (pare_span){NULL, 0};
}

void parei_depot_trim(parei_depot *d) {
    for (size_t i = d->slab_count; i-- > 0;) {
        if (parei_depot_may_remove(d, d->slabs[i])) parei_depot_remove_slab(d, d->slabs[i]);
    }
    parei_depot_check(d);
}

/* Makes up to `count` objects of the tail, after adding one if it has none unmade. */
static pare_status parei_depot_make(parei_depot *d, size_t count) {
    if (d->tail == NULL || d->tail->made == d->tail->capacity) {
        pare_status status = parei_depot_add_slab(d);
        if (status != PARE_OK) return status;
    }
    parei_slab *slab = d->tail;
    uint32_t n = (uint32_t)parei_min_size(count, slab->capacity - slab->made);
    if (parei_depot_plain(d)) {
        parei_slab_make_plain(d, slab, n);
        return PARE_OK;
    }
    for (; n > 0; n--) {
        pare_status status = parei_slab_make(d, slab);
        if (status != PARE_OK) return status;
    }
    return PARE_OK;
}

pare_status parei_depot_reserve(parei_depot *d, size_t count) {
    parei_slab *tail = d->tail;
    size_t made = tail != NULL ? tail->made : 0;
    pare_status status = PARE_OK;
    if (count > PARE_SIZE_MAX / d->shape.stride) return PARE_ERR_ARGUMENT;
    while (d->free_count < count && status == PARE_OK) {
        status = parei_depot_make(d, count - d->free_count);
    }
    if (status == PARE_OK) return PARE_OK;

    /* What was made lies on top of the free stacks, since nothing was taken or given since. */
    while (d->tail != tail) parei_depot_remove_slab(d, d->tail);
    while (tail != NULL && tail->made > made) {
        tail->free_count--;
        d->free_count--;
        parei_slab_unmake(d, tail);
    }
    parei_depot_check(d);
    return status;
}

/* --- taking and giving ------------------------------------------------------------------- */

/* Pops up to `count` objects of the head, which has at least one free. They go in downwards from
 * `end`. */
static size_t parei_depot_pop(parei_depot *d, void **end, size_t count) {
    parei_slab *slab = d->head;
    if (parei_slab_empty(slab)) d->empty_count--;
    count = parei_min_size(count, slab->free_count);
    for (size_t i = 0; i < count; i++) {
        size_t index = slab->free[--slab->free_count];
        parei_bit_flip(slab->out, index);
        *--end = parei_slab_object(d, slab, index);
    }
    d->free_count -= count;
    if (!parei_slab_has_some(slab)) parei_depot_unlink(d, slab);
    return count;
}

pare_status parei_depot_take(parei_depot *d, void **items, size_t want, size_t *taken) {
    size_t n = 0;
    pare_status status = PARE_OK;
    while (n < want) {
        if (d->free_count > 0) {
            n += parei_depot_pop(d, items + want - n, want - n);
            continue;
        }
        /* Nobody waits for more than one: no slab is added and no callback run for the rest. */
        if (n > 0 && (d->tail == NULL || d->kind.init != NULL)) break;
        status = parei_depot_make(d, d->kind.init != NULL ? 1 : want - n);
        if (status != PARE_OK) break;
    }
    if (n > 0 && n < want) memmove(items, items + want - n, n * sizeof *items);
    d->peak_count = parei_max_size(d->peak_count, d->made_count - d->free_count);
    *taken = n;
    parei_depot_check(d);
    return n > 0 ? PARE_OK : status;
}

/* Finds the slab and number of `object`; NULL, or why there is none. *slab is a guess, or NULL. */
static const char *parei_depot_find(const parei_depot *d, const void *object, parei_slab **slab,
                                    size_t *index) {
    if (*slab != NULL) {
        *index = parei_slab_index(d, *slab, object);
        if (*index < (*slab)->capacity) return NULL;
    }
    size_t rank = parei_depot_rank(d, (uintptr_t)object);
    if (rank == 0) return "foreign pointer";
    *slab = d->slabs[rank - 1];
    *index = parei_slab_index(d, *slab, object);
    if (*index < (*slab)->capacity) return NULL;
    uintptr_t offset = (uintptr_t)object - (uintptr_t)(*slab)->objects;
    return offset < (*slab)->capacity * d->shape.stride ? "interior pointer" : "foreign pointer";
}

bool parei_depot_owns(const parei_depot *d, const void *object) {
    parei_slab *slab = NULL;
    size_t index;
    return parei_depot_find(d, object, &slab, &index) == NULL && index < slab->made;
}

const char *parei_depot_stray(const parei_depot *d, const void *object) {
    parei_place place;
    return parei_depot_locate(d, object, &place);
}

const char *parei_depot_locate(const parei_depot *d, const void *object, parei_place *place) {
    parei_slab *slab = NULL;
    size_t index;
    const char *kind = parei_depot_find(d, object, &slab, &index);
    if (kind != NULL) return kind;
    *place = (parei_place){(uintptr_t)slab->objects, slab->capacity};
    return parei_bit_test(d->exact ? slab->lent : slab->out, index) ? NULL : "double put";
}

/* False when that emptied the slab and it was removed. */
static bool parei_slab_take_back(parei_depot *d, parei_slab *slab, size_t index) {
    bool had_some = parei_slab_has_some(slab);
    parei_bit_flip(slab->out, index);
    slab->free[slab->free_count++] = (uint16_t)index;
    d->free_count++;
    if (!had_some) parei_depot_push_head(d, slab);
    if (!parei_slab_empty(slab)) return true;
    d->empty_count++;
    bool spare = d->empty_count == 1 || d->free_count - slab->free_count < d->spare_count;
    if (spare || !parei_depot_may_remove(d, slab)) return true;
    parei_depot_remove_slab(d, slab);
    return false;
}

size_t parei_depot_give(parei_depot *d, void *const *items, size_t count, parei_strays *strays) {
    size_t i = 0;
    parei_slab *slab = NULL;
    for (; i < count && strays->count < PAREI_STRAYS_MAX; i++) {
        size_t index;
        const char *kind = parei_depot_find(d, items[i], &slab, &index);
        if (kind == NULL && !parei_bit_test(slab->out, index)) kind = "double put";
        if (kind != NULL) {
            parei_strays_add(strays, kind, items[i], NULL);
        } else if (!parei_slab_take_back(d, slab, index)) {
            slab = NULL;
        }
    }
    parei_depot_check(d);
    return i;
}

/* --- lending ----------------------------------------------------------------------------- */

static void parei_depot_flip_lent(parei_depot *d, const void *object) {
    parei_slab *slab = NULL;
    size_t index = 0;
    const char *kind = parei_depot_find(d, object, &slab, &index);
    PAREI_ASSERT(kind == NULL);
    (void)kind;
    parei_bit_flip(slab->lent, index);
}

void parei_depot_lend(parei_depot *d, void *object) {
    parei_depot_flip_lent(d, object);
    if (!d->watched) return;
    if (d->kind.init != NULL || d->kind.wipe) {
        parei_mark_defined(object, d->kind.size);
    } else {
        parei_mark_undefined(object, d->kind.size);
    }
}

void parei_depot_unlend(parei_depot *d, void *object) {
    parei_depot_flip_lent(d, object);
    parei_depot_mark_free(d, object);
}

/* --- notes ------------------------------------------------------------------------------- */

parei_note *parei_depot_note(const parei_depot *d, const void *address) {
    size_t rank = parei_depot_rank(d, (uintptr_t)address);
    if (rank == 0) return NULL;
    const parei_slab *slab = d->slabs[rank - 1];
    size_t index = parei_slab_index(d, slab, address);
    if (index >= slab->made) { /* not an object's start */
        index = ((uintptr_t)address - (uintptr_t)slab->objects) / d->shape.stride;
    }
    return index < slab->made ? parei_slab_note(d, slab, index) : NULL;
}

void *parei_depot_next(const parei_depot *d, const void *object) {
    size_t rank = parei_depot_rank(d, (uintptr_t)object);
    if (rank > 0) {
        const parei_slab *slab = d->slabs[rank - 1];
        size_t index = parei_slab_index(d, slab, object) + 1;
        if (index < slab->made) return parei_slab_object(d, slab, index);
    }
    while (rank < d->slab_count && d->slabs[rank]->made == 0) rank++;
    return rank < d->slab_count ? d->slabs[rank]->objects : NULL;
}

bool parei_depot_is_lent(const parei_depot *d, const void *object) {
    return parei_depot_stray(d, object) == NULL;
}

void parei_depot_drop(parei_depot *d, void *object) {
    PAREI_ASSERT(parei_depot_is_lent(d, object));
    if (d->kind.fini != NULL) (d->kind.fini)(d->kind.ctx, object);
    parei_depot_note(d, object)->bare = true;
}

pare_status parei_depot_renew(parei_depot *d, void *object) {
    pare_status status = parei_depot_begin(d, object);
    if (status != PARE_OK) return status;
    parei_depot_note(d, object)->bare = false;
    d->creates++;
    return PARE_OK;
}

/* --- magazines --------------------------------------------------------------------------- */

static void parei_mag_check(const parei_mag *m) {
    PAREI_ASSERT(m->count <= m->capacity);
    PAREI_ASSERT(m->capacity > 0);
    PAREI_ASSERT(m->items[-1] == NULL);
    (void)m;
}

/* Moves to storage for `bytes`, which the caller owns. */
static void parei_mag_move(parei_mag *m, void *storage, size_t bytes) {
    void **slots = storage;
    slots[0] = NULL;
    if (m->count > 0) memcpy(slots + 1, m->items, m->count * sizeof *slots);
    m->items = slots + 1;
    m->capacity = bytes / sizeof *slots - 1;
    parei_mag_check(m);
}

void parei_mag_init(parei_mag *m, void *storage, size_t bytes) {
    *m = (parei_mag){0};
    parei_mag_move(m, storage, bytes);
    m->first = m->items;
    m->first_capacity = m->capacity;
}

bool parei_mag_grow(parei_mag *m, parei_depot *d, size_t bytes_max) {
    size_t bytes = (m->capacity + 1) * sizeof(void *);
    pare_span block;
    if (bytes_max < bytes + sizeof(void *)) return false;
    bytes = parei_min_size(2 * bytes, bytes_max);
    if (parei_depot_alloc(d, bytes, _Alignof(void *), &block) != PARE_OK) return false;

    pare_span before = m->block;
    parei_mag_move(m, block.ptr, parei_min_size(block.cap, bytes_max));
    m->block = block;
    parei_depot_free(d, before, _Alignof(void *));
    return true;
}

void parei_mag_shrink(parei_mag *m, parei_depot *d) {
    PAREI_ASSERT(m->count == 0);
    parei_depot_free(d, m->block, _Alignof(void *));
    m->block = (pare_span){NULL, 0};
    m->items = m->first;
    m->capacity = m->first_capacity;
    parei_mag_check(m);
}

pare_status parei_mag_refill(parei_mag *m, parei_depot *d, size_t want) {
    size_t taken;
    parei_mag_check(m);
    want = parei_min_size(want, m->capacity - m->count);
    PAREI_ASSERT(want > 0);
    pare_status status = parei_depot_take(d, m->items + m->count, want, &taken);
    m->count += taken;
    return status;
}

size_t parei_mag_spill(parei_mag *m, parei_depot *d, size_t count, parei_strays *strays) {
    PAREI_ASSERT(count <= m->count);
    size_t given = parei_depot_give(d, m->items, count, strays);
    m->count -= given;
    memmove(m->items, m->items + given, m->count * sizeof *m->items);
    parei_mag_check(m);
    return given;
}
