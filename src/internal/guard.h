/* internal/guard.h - bytes behind an object that show whether someone wrote past its end.
 *
 *   | object | canary bytes | guard |
 *
 * Guards form a list, youngest first, so that those of dropped objects are checked on the way.
 * SPDX-License-Identifier: MIT */
#ifndef PAREI_GUARD_H
#define PAREI_GUARD_H
#include "pare/base.h"

typedef struct parei_guard {
    struct parei_guard *older;
    char *object;
    size_t size;
    uintptr_t seal; /* of this address and these three, so that a damaged guard is not followed */
} parei_guard;

/* Bytes that an object of `size` takes up with canary and guard; SIZE_MAX if it overflows. */
PARE_API size_t parei_guard_extent(size_t size);

/* Fills the canary and the guard behind the object. Requires parei_guard_extent(size) bytes. */
PARE_API parei_guard *parei_guard_set(parei_guard *older, char *object, size_t size);

/* The guard of an object of `size` at `object`, a multiple of PARE_MIN_ALIGN, that lies before
 * `end`. NULL: there is no such object, it has another size, or the guard is damaged. */
PARE_API parei_guard *parei_guard_find(char *object, size_t size, const char *end);

/* The guarded object has `size` bytes from now on; what it gives up becomes canary. */
PARE_API void parei_guard_shrink(parei_guard *guard, size_t size);

/* The damaged byte nearest to the object's end, or NULL. When the guard itself is damaged,
 * *guard becomes NULL, since what it points to can no longer be trusted, else the next older. */
PARE_API const void *parei_guard_check(parei_guard **guard);

#endif
