/* internal/trims.h - when the surplus of something is due to be trimmed again.
 * SPDX-License-Identifier: MIT */
#ifndef PAREI_TRIMS_H
#define PAREI_TRIMS_H
#include <stdbool.h>
#include <stdint.h>

#define PAREI_TRIM_MS 1000 /* from one trim to the next, unless options say */

typedef struct parei_trims {
    uint64_t interval_ms;
    uint64_t last_ms;
    bool begun; /* last_ms is set */
} parei_trims;

/* With the default interval where `interval_ms` is 0. */
static inline parei_trims parei_trims_every(uint32_t interval_ms) {
    parei_trims t = {interval_ms != 0 ? interval_ms : PAREI_TRIM_MS, 0, false};
    return t;
}

/* Whether the interval has passed; then the next one begins. The first call is always due. */
static inline bool parei_trims_due(parei_trims *t, uint64_t now_ms) {
    if (t->begun && now_ms - t->last_ms < t->interval_ms) return false;
    t->last_ms = now_ms;
    t->begun = true;
    return true;
}

#endif
