/* io.c - the contract is in pare/io.h.
 *
 * A read borrows the buffer's tail, has the system fill it, and commits what came. Everything that
 * loops is written once over an *end*: a descriptor or a FILE.
 * SPDX-License-Identifier: MIT */
#include "pare/io.h"
#ifndef PARE_NO_LIBC
#include "internal/bits.h"
#include "internal/check.h"
#include "internal/grow.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/types.h>
#include <sys/stat.h>

/* At most so much in one system call: some refuse more than INT_MAX. Also the most that is believed
 * of a file's length. */
#define PAREI_IO_CALL_BYTES ((size_t)1 << 30)

/* Room for the first read of a file of unknown length, and the least for each after it. */
#define PAREI_IO_READ_BYTES ((size_t)16384)

/* Pieces per system call: what POSIX promises to take. */
#define PAREI_IO_PIECES ((size_t)16)

/* --- what the system does ---------------------------------------------------------------- */

/* The porting contract: each platform has these. Where they fail, errno says why.
 *
 *   parei_os_open_read     a descriptor, or -1
 *   parei_os_open_write    the same of a new file, or an old one made empty
 *   parei_os_close         0, or -1; the descriptor is gone either way
 *   parei_os_read          bytes that came, 0 at the end, or -1
 *   parei_os_write_pieces  bytes of the first of them that were written, or -1
 *   parei_os_rest          bytes from here to the end of a plain file; 0: not known */

#if defined(_WIN32)

#include <io.h>

static int parei_os_open_read(const char *path) {
    return _open(path, _O_RDONLY | _O_BINARY | _O_NOINHERIT);
}

static int parei_os_open_write(const char *path) {
    return _open(path, _O_WRONLY | _O_CREAT | _O_TRUNC | _O_BINARY | _O_NOINHERIT,
                 _S_IREAD | _S_IWRITE);
}

static int parei_os_close(int fd) { return _close(fd); }

static ptrdiff_t parei_os_read(int fd, void *bytes, size_t size) {
    return _read(fd, bytes, (unsigned)size);
}

static ptrdiff_t parei_os_write_pieces(int fd, const pare_iovec *pieces, size_t count) {
    (void)count;
    return _write(fd, pieces->base, (unsigned)pieces->len);
}

static uint64_t parei_os_rest(int fd) {
    int64_t end = _filelengthi64(fd), at = _telli64(fd);
    return at >= 0 && end > at ? (uint64_t)(end - at) : 0;
}

#else

#include <sys/uio.h>
#include <unistd.h>

#ifdef O_CLOEXEC
#define PAREI_OS_CLOEXEC O_CLOEXEC
#else
#define PAREI_OS_CLOEXEC 0
#endif

_Static_assert(sizeof(pare_iovec) == sizeof(struct iovec) &&
                   offsetof(pare_iovec, base) == offsetof(struct iovec, iov_base) &&
                   offsetof(pare_iovec, len) == offsetof(struct iovec, iov_len),
               "a pare_iovec is a struct iovec");

static int parei_os_open_read(const char *path) {
    int fd;
    do {
        fd = open(path, O_RDONLY | PAREI_OS_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

static int parei_os_open_write(const char *path) {
    int fd;
    do {
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | PAREI_OS_CLOEXEC, 0666);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

/* Interrupted, it has closed all the same, or nobody can tell. */
static int parei_os_close(int fd) { return close(fd) == 0 || errno == EINTR ? 0 : -1; }

static ptrdiff_t parei_os_read(int fd, void *bytes, size_t size) {
    ptrdiff_t got;
    do {
        got = read(fd, bytes, size);
    } while (got < 0 && errno == EINTR);
    return got;
}

static ptrdiff_t parei_os_write_pieces(int fd, const pare_iovec *pieces, size_t count) {
    ptrdiff_t written;
    do {
        written = writev(fd, (const struct iovec *)(const void *)pieces, (int)count);
    } while (written < 0 && errno == EINTR);
    return written;
}

static uint64_t parei_os_rest(int fd) {
    struct stat info;
    off_t at = lseek(fd, 0, SEEK_CUR);
    if (at < 0 || fstat(fd, &info) != 0 || info.st_size <= at) return 0;
    return (uint64_t)info.st_size - (uint64_t)at;
}

#endif

/* --- reading ----------------------------------------------------------------------------- */

/* Where bytes come from or go to. */
typedef struct parei_io_end {
    FILE *file; /* NULL: the descriptor */
    int fd;
} parei_io_end;

/* Interrupted in the middle, it answers what came, and at the end of the file nothing must be left
 * of that. */
static ptrdiff_t parei_io_pull_file(FILE *file, void *bytes, size_t size) {
    size_t got;
    bool interrupted;
    do {
        got = fread(bytes, 1, size, file);
        interrupted = got < size && ferror(file) && errno == EINTR;
        if (interrupted) clearerr(file);
    } while (got == 0 && interrupted);
    return got == 0 && ferror(file) ? -1 : (ptrdiff_t)got;
}

static ptrdiff_t parei_io_pull(parei_io_end from, void *bytes, size_t size) {
    size = parei_min_size(size, PAREI_IO_CALL_BYTES);
    return from.file == NULL ? parei_os_read(from.fd, bytes, size)
                             : parei_io_pull_file(from.file, bytes, size);
}

/* One read of at most `size_max` bytes into the room that there is, at least one byte. */
static pare_status parei_io_fill(parei_io_end from, pare_buf *b, size_t size_max, size_t *got) {
    size_t room = parei_buf_borrow_tail(b);
    PAREI_ASSERT(room > 0);
    ptrdiff_t came = parei_io_pull(from, b->ptr + b->len, parei_min_size(room, size_max));
    parei_buf_commit(b, came > 0 ? (size_t)came : 0);
    if (came < 0) return PARE_ERR_IO;
    *got = (size_t)came;
    return PARE_OK;
}

static pare_status parei_io_read_once(parei_io_end from, pare_buf *b, size_t size_max,
                                      size_t *got) {
    pare_status status = pare_buf_reserve(b, size_max);
    if (status != PARE_OK) return status;
    if (size_max > 0) return parei_io_fill(from, b, size_max, got);
    *got = 0;
    return PARE_OK;
}

pare_status pare_io_read(int fd, pare_buf *b, size_t size_max, size_t *got) {
    return parei_io_read_once((parei_io_end){NULL, fd}, b, size_max, got);
}

pare_status pare_io_read_file(FILE *file, pare_buf *b, size_t size_max, size_t *got) {
    return parei_io_read_once((parei_io_end){file, -1}, b, size_max, got);
}

/* Room for one byte at least. Requires that the limit allows it. */
static pare_status parei_io_make_room(pare_buf *b) {
    size_t left = pare_buf_limit(b) - b->len;
    if (pare_buf_capacity(b) > b->len) return PARE_OK;
    pare_status status = pare_buf_reserve(b, parei_min_size(left, PAREI_IO_READ_BYTES));
    return status == PARE_OK ? PARE_OK : pare_buf_reserve(b, 1);
}

/* PARE_OK at the end of the file. */
static pare_status parei_io_expect_end(parei_io_end from) {
    char extra;
    ptrdiff_t came = parei_io_pull(from, &extra, 1);
    if (came < 0) return PARE_ERR_IO;
    return came == 0 ? PARE_OK : PARE_ERR_LIMIT;
}

static pare_status parei_io_read_to_end(parei_io_end from, pare_buf *b) {
    for (;;) {
        size_t got;
        pare_status status = pare_buf_status(b);
        if (status != PARE_OK) return status;
        if (b->len >= pare_buf_limit(b)) return parei_io_expect_end(from);
        status = parei_io_make_room(b);
        if (status == PARE_OK) status = parei_io_fill(from, b, SIZE_MAX, &got);
        if (status != PARE_OK || got == 0) return status;
    }
}

pare_status pare_io_read_all(int fd, pare_buf *b) {
    uint64_t rest = parei_os_rest(fd);
    size_t limit = pare_buf_limit(b), left = limit - parei_min_size(b->len, limit);
    if (rest > 0 && left > 0) { /* and a byte in which to find the end */
        size_t hint = rest < PAREI_IO_CALL_BYTES ? (size_t)rest + 1 : PAREI_IO_CALL_BYTES;
        parei_buf_room(b, parei_min_size(hint, left), 0, true); /* refused: step by step */
    }
    return parei_io_read_to_end((parei_io_end){NULL, fd}, b);
}

pare_status pare_io_read_file_all(FILE *file, pare_buf *b) {
    return parei_io_read_to_end((parei_io_end){file, -1}, b);
}

pare_status pare_io_load(const char *path, pare_buf *b) {
    size_t len = b->len;
    if (path == NULL) return PARE_ERR_ARGUMENT;
    int fd = parei_os_open_read(path);
    if (fd < 0) return PARE_ERR_IO;
    pare_status status = pare_io_read_all(fd, b);
    if (status != PARE_OK) pare_buf_truncate(b, len);
    int why = errno;
    (void)parei_os_close(fd);
    errno = why; /* that of the read, not of the close */
    return status;
}

/* --- writing ----------------------------------------------------------------------------- */

/* The first pieces from byte `done` of pieces[0] on, as many as one call takes. Returns how many;
 * 0: nothing is left. */
static size_t parei_io_gather(const pare_iovec *pieces, size_t count, size_t done,
                              pare_iovec out[PAREI_IO_PIECES]) {
    size_t taken = 0, room = PAREI_IO_CALL_BYTES;
    for (size_t i = 0; i < count && taken < PAREI_IO_PIECES && room > 0; i++) {
        size_t skip = i == 0 ? done : 0;
        size_t len = parei_min_size(pieces[i].len - skip, room);
        if (len == 0) continue;
        out[taken++] = (pare_iovec){(const char *)pieces[i].base + skip, len};
        room -= len;
    }
    return taken;
}

pare_status pare_io_write_pieces(int fd, const pare_iovec *pieces, size_t count, size_t *written) {
    pare_status status = PARE_OK;
    size_t total = 0, done = 0; /* done: of the first of the pieces that are left */
    for (;;) {
        pare_iovec some[PAREI_IO_PIECES];
        size_t taken = parei_io_gather(pieces, count, done, some);
        if (taken == 0) break;
        ptrdiff_t went = parei_os_write_pieces(fd, some, taken);
        if (went <= 0) {
            status = PARE_ERR_IO;
            break;
        }
        total += (size_t)went;
        for (done += (size_t)went; count > 0 && done >= pieces->len; pieces++, count--) {
            done -= pieces->len;
        }
    }
    if (written != NULL) *written = total;
    return status;
}

pare_status pare_io_write(int fd, const void *bytes, size_t size, size_t *written) {
    pare_iovec piece = {bytes, size};
    return pare_io_write_pieces(fd, &piece, 1, written);
}

pare_status pare_io_write_file(FILE *file, const void *bytes, size_t size, size_t *written) {
    size_t went = size != 0 ? fwrite(bytes, 1, size, file) : 0;
    if (written != NULL) *written = went;
    return went == size ? PARE_OK : PARE_ERR_IO;
}

pare_status pare_io_save(const char *path, const void *bytes, size_t size) {
    if (path == NULL || (bytes == NULL && size != 0)) return PARE_ERR_ARGUMENT;
    int fd = parei_os_open_write(path);
    if (fd < 0) return PARE_ERR_IO;
    pare_status status = pare_io_write(fd, bytes, size, NULL);
    int why = errno;
    if (parei_os_close(fd) != 0 && status == PARE_OK) return PARE_ERR_IO;
    errno = why;
    return status;
}

/* --- copying ----------------------------------------------------------------------------- */

pare_status pare_io_copy(int from, int to, pare_buf *through, uint64_t *copied) {
    uint64_t total = 0;
    size_t got = 1, written = 0;
    pare_status status = PARE_OK;
    pare_buf_reset(through);
    if (pare_buf_capacity(through) == 0) {
        size_t chunk = parei_min_size(PARE_IO_CHUNK_BYTES, pare_buf_limit(through));
        status = chunk > 0 ? pare_buf_reserve_exact(through, chunk) : PARE_ERR_LIMIT;
    }
    while (status == PARE_OK && got > 0) {
        status = parei_io_fill((parei_io_end){NULL, from}, through, SIZE_MAX, &got);
        if (status != PARE_OK) break;
        status = pare_io_write(to, through->ptr, through->len, &written);
        pare_buf_erase(through, 0, written);
        total += written;
    }
    if (copied != NULL) *copied = total;
    return status;
}

#endif /* PARE_NO_LIBC */
