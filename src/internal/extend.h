/* internal/extend.h - an arena's side block, as far as marks know about it.
 * SPDX-License-Identifier: MIT */
#ifndef PAREI_EXTEND_H
#define PAREI_EXTEND_H
#include "pare/arena.h"

/* Notes the side block, which `a` has, and how far it is filled. */
PARE_API void parei_arena_mark_side(const pare_arena *a, pare_arena_pos *pos);

/* Makes the side block what it was at the mark. Requires a mark that is good, and that blocks from
 * after it are off the list. */
PARE_API void parei_arena_return_side(pare_arena *a, const pare_arena_pos *to);

#endif
