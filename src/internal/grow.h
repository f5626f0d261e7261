/* internal/grow.h - what types over a buffer share with it: room, sticky failure, ownership.
 *
 * `kept` is a number of bytes that stay free behind the contents: 1 for text, whose NUL is
 * written when it is read. They count against the limit, which such types raise by as much.
 * SPDX-License-Identifier: MIT */
#ifndef PAREI_GROW_H
#define PAREI_GROW_H
#include "pare/buf.h"
#include <stdbool.h>

/* Makes room for `more` bytes and the kept ones, or says why not: then `b` is as it was. */
PARE_API pare_status parei_buf_room(pare_buf *b, size_t more, size_t kept, bool exact);

/* Appends `size` >= 1 bytes for the caller to write. NULL when refused, which is kept. */
PARE_API char *parei_buf_take(pare_buf *b, size_t size, size_t kept);

/* pare_buf_append with `kept`. */
PARE_API PAREI_COLD pare_status parei_buf_append_kept(pare_buf *b, const void *bytes, size_t size,
                                                      size_t kept);

/* pare_buf_insert with `kept`. */
PARE_API pare_status parei_buf_insert_kept(pare_buf *b, size_t at, const void *bytes, size_t size,
                                           size_t kept);

/* Records that `more` bytes were refused: `why`, unless an earlier refusal stands. Returns the
 * sticky status. */
PARE_API PAREI_COLD pare_status parei_buf_fail(pare_buf *b, pare_status why, size_t more);

/* Bytes behind the contents that are there to be written, the kept ones included. They count as
 * contents only when parei_buf_commit has said so, which must follow, with 0 if need be. */
PARE_API size_t parei_buf_borrow_tail(pare_buf *b);
PARE_API void parei_buf_commit(pare_buf *b, size_t size);

/* pare_buf_shrink, pare_buf_detach and pare_buf_attach with `kept`. */
PARE_API pare_status parei_buf_shrink_kept(pare_buf *b, size_t kept);
PARE_API pare_status parei_buf_detach_kept(pare_buf *b, pare_parcel *out, size_t kept);
PARE_API pare_status parei_buf_attach_kept(pare_buf *b, pare_parcel in, size_t kept);

#endif
