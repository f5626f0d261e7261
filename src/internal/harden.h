/* internal/harden.h - what a hardened pool does in each call, and chaos.
 *
 * Such a pool has no magazine. Each get takes one object from the slabs, and each put gives one
 * back, by way of the quarantine, a queue in which it stays until as many bytes were put after it.
 * What is known of an object, the site of its last call and perhaps a copy of its bytes, is in its
 * note, apart from it; the quarantine is a list through the notes.
 *
 *   | gap | object | gap | object | gap |     of each gap, each neighbour checks the nearer part
 *
 * A free object that no callback built anything in is filled; of others there is a copy. Where
 * memory is watched, gaps and free objects are left to the sanitizer.
 *
 * Threads  None of this locks.
 * SPDX-License-Identifier: MIT */
#ifndef PAREI_HARDEN_H
#define PAREI_HARDEN_H
#include "pare/pool.h"
#include "internal/mag.h"

typedef struct parei_harden {
    bool on;      /* the depot has notes, and all calls come here */
    bool checked; /* hardened; else there is chaos alone, and only what it drops is quarantined */
    bool check_reset;
    uint32_t chaos_get, chaos_put; /* one in so many; 0: none */
    uint64_t random;
    uint64_t drops;
    size_t quarantine_max, quarantine_count; /* objects */
    void *oldest;                            /* of the quarantine */
    parei_note *newest;                      /* its note, which stays where it is */
} parei_harden;

/* What `o` asks for; and then `kind`, a pool's without notes, gets those. PARE_ERR_ARGUMENT:
 * outside the ranges. */
PARE_API pare_status parei_harden_init(parei_harden *h, const pare_pool_options *o,
                                       parei_kind *kind);

/* `count` objects for the user, got at `site`, or none. What was written to them since they were
 * put is found, as far as a lot has room. */
PARE_API pare_status parei_harden_get(parei_harden *h, parei_depot *d, const void *site, void **out,
                                      size_t count, parei_strays *found);

/* Takes `object`, which is lent and clean, back at `site`. What was written around it is found, and
 * what reset left undone. */
PARE_API void parei_harden_put(parei_harden *h, parei_depot *d, const void *site, void *object,
                               parei_strays *found);

/* Whether `object` cannot be put; then why is found. */
PARE_API bool parei_harden_stray(const parei_depot *d, const void *object, parei_strays *found);

/* Ends the quarantine, and looks at all objects for what was written to free ones and around all;
 * if `ending`, finds those in use too. Before the first call *from is NULL. True: `found` is full,
 * and it is to be called again. */
PARE_API bool parei_harden_audit(parei_harden *h, parei_depot *d, bool ending, void **from,
                                 parei_strays *found);

/* Calls `visit` for each object in use, by address, with the site that got it. */
PARE_API void parei_harden_visit(const parei_depot *d,
                                 void (*visit)(void *ctx, void *object, const void *site),
                                 void *ctx);

#endif
