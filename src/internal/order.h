/* internal/order.h - arrays of pointers or spans in order of their addresses; pure functions only.
 * SPDX-License-Identifier: MIT */
#ifndef PAREI_ORDER_H
#define PAREI_ORDER_H
#include "pare/alloc.h"

/* Pointers and spans alike: items of `stride` bytes that begin with a pointer. */
typedef struct parei_items {
    char *base;
    size_t count;
    size_t stride;
} parei_items;

static inline uintptr_t parei_items_address(parei_items items, size_t index) {
    void *ptr;
    memcpy(&ptr, items.base + index * items.stride, sizeof ptr);
    return (uintptr_t)ptr;
}

static inline void parei_items_swap(parei_items items, size_t i, size_t j) {
    char spare[sizeof(pare_span)]; /* the larger kind */
    memcpy(spare, items.base + i * items.stride, items.stride);
    memmove(items.base + i * items.stride, items.base + j * items.stride, items.stride);
    memcpy(items.base + j * items.stride, spare, items.stride);
}

/* Lets the item at `root` sink to where no child of it is higher. */
static inline void parei_items_sift(parei_items items, size_t root) {
    for (;;) {
        size_t highest = root;
        for (size_t child = 2 * root + 1; child <= 2 * root + 2 && child < items.count; child++) {
            if (parei_items_address(items, child) > parei_items_address(items, highest)) {
                highest = child;
            }
        }
        if (highest == root) return;
        parei_items_swap(items, root, highest);
        root = highest;
    }
}

/* Heapsort: in place, and O(n log n) whatever the order. */
static inline void parei_items_sort(parei_items items) {
    for (size_t root = items.count / 2; root-- > 0;) parei_items_sift(items, root);
    while (items.count > 1) {
        items.count--;
        parei_items_swap(items, 0, items.count);
        parei_items_sift(items, 0);
    }
}

/* Sorts, and finds an item that is NULL or the one before it again; items.count if none is. */
static inline size_t parei_items_stray(parei_items items) {
    parei_items_sort(items);
    size_t index = 0;
    uintptr_t before = 0;
    for (; index < items.count; index++) {
        uintptr_t address = parei_items_address(items, index);
        if (address == before) break;
        before = address;
    }
    return index;
}

static inline void parei_items_remove(parei_items items, size_t index) {
    char *item = items.base + index * items.stride;
    memmove(item, item + items.stride, (items.count - index - 1) * items.stride);
}

#endif
