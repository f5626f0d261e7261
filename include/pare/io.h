/* pare/io.h - bytes between buffers and files, without a copy in between.
 *
 * Reads go straight into the room behind a buffer's contents, which is reserved first; writes come
 * straight out of it. Calls take a descriptor of POSIX, or of the C library on Windows, or a FILE.
 *
 * Memory   That of the buffer and no other, except that pare_io_load and pare_io_save open a file.
 * Errors   PARE_ERR_IO: a system call failed, and errno is as that call left it; after any other
 *          answer errno means nothing. PARE_ERR_MEMORY and PARE_ERR_LIMIT: the buffer could not
 *          hold what came. No refusal is sticky. A call that a signal interrupts is made again, but
 *          for fwrite, which then is PARE_ERR_IO and EINTR: what the FILE held may be lost. A
 *          descriptor that does not block answers PARE_ERR_IO and EAGAIN, and what was done until
 *          then is told. A write that nobody will read raises SIGPIPE first, unless ignored.
 * Text     A pare_str keeps a byte for its NUL, of which these calls know nothing, so nothing is
 *          read into its inside. Text changes hands instead, and is not copied:
 *
 *              pare_io_load(path, &b), pare_buf_reserve(&b, 1),
 *              pare_buf_detach(&b, &parcel), pare_str_attach(&s, parcel)
 *
 * Threads  As the buffer and the file.
 * Limits   Left out where there is no C library (PARE_NO_LIBC). On Windows, descriptors and files
 *          are to be in binary mode.
 * SPDX-License-Identifier: MIT */
#ifndef PARE_IO_H
#define PARE_IO_H
#include "pare/buf.h"
#ifndef PARE_NO_LIBC
#include <stdio.h>
PARE_BEGIN_DECLS

/* --- reading ----------------------------------------------------------------------------- */

/* Appends what one read of at most `size_max` bytes brings. *got is their number: 0 at the end of
 * the file, or for size_max 0. On failure `b` and *got are as they were. Allocates: as
 * pare_buf_reserve(b, size_max). */
PARE_NODISCARD PARE_API pare_status pare_io_read(int fd, pare_buf *b, size_t size_max, size_t *got);
PARE_NODISCARD PARE_API pare_status pare_io_read_file(FILE *file, pare_buf *b, size_t size_max,
                                                      size_t *got);

/* Appends all that comes until the end of the file. On failure, what had come before stays. Where
 * the limit of `b` is reached, one byte more is read, and lost, to tell an end from PARE_ERR_LIMIT.
 * Allocates: once for a plain file whose length the system knows and the allocator grants, else
 * amortised. */
PARE_NODISCARD PARE_API pare_status pare_io_read_all(int fd, pare_buf *b);
PARE_NODISCARD PARE_API pare_status pare_io_read_file_all(FILE *file, pare_buf *b);

/* Appends the whole file of that name. On failure the contents are as they were. */
PARE_NODISCARD PARE_API pare_status pare_io_load(const char *path, pare_buf *b);

/* --- writing ----------------------------------------------------------------------------- */

/* Bytes to be written, laid out as the struct iovec of POSIX: an array of one may be passed, its
 * address converted, to where the other is wanted (sendmsg, io_uring). */
typedef struct pare_iovec {
    const void *base;
    size_t len;
} pare_iovec;

/* The contents of `b`; as a pointer to them, this holds until the next call that may grow it. */
PAREI_INLINE pare_iovec pare_iovec_of(const pare_buf *b) {
    pare_iovec piece;
    piece.base = pare_buf_data(b);
    piece.len = pare_buf_len(b);
    return piece;
}

/* Writes bytes[0, size), in as many calls as it takes. *written, which may be NULL, is how many
 * were written: on failure (a full disk, a reader that is gone) too. To a FILE, that may mean to
 * its own buffer: fflush tells the rest. */
PARE_NODISCARD PARE_API pare_status pare_io_write(int fd, const void *bytes, size_t size,
                                                  size_t *written);
PARE_NODISCARD PARE_API pare_status pare_io_write_file(FILE *file, const void *bytes, size_t size,
                                                       size_t *written);

/* The same for pieces[0, count), one after the other, gathered by the system where it can. */
PARE_NODISCARD PARE_API pare_status pare_io_write_pieces(int fd, const pare_iovec *pieces,
                                                         size_t count, size_t *written);

/* Makes the file of that name hold bytes[0, size) and no more. On failure it may hold less. */
PARE_NODISCARD PARE_API pare_status pare_io_save(const char *path, const void *bytes, size_t size);

/* --- copying ----------------------------------------------------------------------------- */

#define PARE_IO_CHUNK_BYTES ((size_t)65536)

/* Copies all that comes from `from` to `to`, in chunks of the capacity of `through`, or, where it
 * has none, of PARE_IO_CHUNK_BYTES or its limit; so memory does not depend on the length. The
 * contents of `through` are dropped first; on failure they are what was read and not yet written.
 * *copied, which may be NULL, is how many bytes were written, on failure too. Allocates: at most
 * once. */
PARE_NODISCARD PARE_API pare_status pare_io_copy(int from, int to, pare_buf *through,
                                                 uint64_t *copied);

PARE_END_DECLS
#endif /* PARE_NO_LIBC */
#endif
