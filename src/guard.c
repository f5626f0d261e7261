/* guard.c - the contract is in internal/guard.h.
 * SPDX-License-Identifier: MIT */
#include "internal/guard.h"
#include "internal/bits.h"
#include <string.h>

enum { PAREI_CANARY = 0xFD, PAREI_CANARY_LEAST = 8 };

size_t parei_guard_extent(size_t size) {
    size_t room = parei_sum(size, PAREI_CANARY_LEAST + PARE_MIN_ALIGN + sizeof(parei_guard));
    return room == SIZE_MAX ? SIZE_MAX : parei_align_down(room, PARE_MIN_ALIGN);
}

/* The guard ends the extent. */
static parei_guard *parei_guard_of(char *object, size_t size) {
    return (parei_guard *)(void *)(object + parei_guard_extent(size) - sizeof(parei_guard));
}

static uintptr_t parei_guard_seal(const parei_guard *g) {
    uintptr_t mixed = (uintptr_t)g ^ (uintptr_t)g->older * 3 ^ (uintptr_t)g->object * 5;
    return ~(mixed ^ g->size * 7);
}

parei_guard *parei_guard_set(parei_guard *older, char *object, size_t size) {
    parei_guard *g = parei_guard_of(object, size);
    memset(object + size, PAREI_CANARY, (size_t)((char *)g - (object + size)));
    *g = (parei_guard){.older = older, .object = object, .size = size};
    g->seal = parei_guard_seal(g);
    return g;
}

/* Behind an object that shrank, the guard lies further on. */
parei_guard *parei_guard_find(char *object, size_t size, const char *end) {
    for (char *at = (char *)parei_guard_of(object, size);
         at <= end && (size_t)(end - at) >= sizeof(parei_guard); at += PARE_MIN_ALIGN) {
        parei_guard *g = (parei_guard *)(void *)at;
        if (g->object == object && g->seal == parei_guard_seal(g))
            return g->size == size ? g : NULL;
    }
    return NULL;
}

void parei_guard_shrink(parei_guard *g, size_t size) {
    memset(g->object + size, PAREI_CANARY, g->size - size);
    g->size = size;
    g->seal = parei_guard_seal(g);
}

const void *parei_guard_check(parei_guard **guard) {
    parei_guard *g = *guard;
    *guard = NULL;
    if (g->seal != parei_guard_seal(g)) return g;
    *guard = g->older;
    for (const char *p = g->object + g->size; p < (const char *)g; p++) {
        if (*(const unsigned char *)p != PAREI_CANARY) return p;
    }
    return NULL;
}
