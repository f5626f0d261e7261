/* test_io.c - mirrors pare/io.h section by section.
 * Method: temporary files and pipes. What a device can do (short reads and writes, signals, a full
 * disk, no reader, nothing there yet) is arranged with a process at the other end, a file size
 * limit, or a descriptor that does not block.
 * SPDX-License-Identifier: MIT */
#include "support/probe.h"
#include "pare/bufpool.h"
#include "pare/heap.h"
#include "pare/io.h"
#include "pare/str.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BYTES = 300000 }; /* more than a pipe holds, and no round number of chunks */

static unsigned char pattern[BYTES];

static int set_up_pattern(void **state) {
    (void)state;
    for (size_t i = 0; i < BYTES; i++) pattern[i] = (unsigned char)(i * 7 + i / 251);
    return 0;
}

static void assert_pattern(const pare_buf *b, size_t size) {
    assert_int_equal(pare_buf_len(b), size);
    if (size != 0) assert_memory_equal(pare_buf_data(b), pattern, size);
}

/* A file without a name that holds the first `size` bytes of the pattern, at its start. */
static int file_of(size_t size) {
    char name[] = "pare-test-XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    assert_int_equal(unlink(name), 0);
    assert_int_equal(pare_io_write(fd, pattern, size, NULL), PARE_OK);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

/* The name of a file that is not there. */
static void fresh_name(char name[32]) {
    strcpy(name, "pare-test-XXXXXX");
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(unlink(name), 0);
}

/* --- signals ------------------------------------------------------------------------------ */

static volatile sig_atomic_t interruptions;

static void on_alarm(int signal) {
    (void)signal;
    interruptions++;
}

/* Every millisecond, and system calls are not resumed by themselves. */
static void start_interrupting(void) {
    struct sigaction action = {.sa_handler = on_alarm};
    struct itimerval often = {{0, 1000}, {0, 1000}};
    interruptions = 0;
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
}

static void stop_interrupting(void) {
    struct itimerval never = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &never, NULL);
    signal(SIGALRM, SIG_DFL);
    assert_true(interruptions > 0);
}

static void rest(void) {
    struct timeval pause = {0, 5000};
    select(0, NULL, NULL, NULL, &pause);
}

/* --- processes at the other end ----------------------------------------------------------- */

/* Writes the pattern in pieces of 1, 2, 3, ... bytes, now and then with a rest. */
static void write_slowly(int fd) {
    size_t at = 0;
    for (size_t size = 1; at < BYTES; size++) {
        size_t piece = size < BYTES - at ? size : BYTES - at;
        ssize_t went = write(fd, pattern + at, piece);
        if (went < 0) _exit(1);
        at += (size_t)went;
        if (size % 100 == 0) rest();
    }
}

/* Reads in pieces, with rests, and exits with 0 if the pattern came `times` over. */
static void read_slowly(int fd, size_t times) {
    unsigned char bytes[5000];
    size_t at = 0;
    for (;;) {
        ssize_t came = read(fd, bytes, sizeof bytes);
        if (came < 0) _exit(1);
        if (came == 0) _exit(at == times * BYTES ? 0 : 2);
        for (ssize_t i = 0; i < came; i++, at++) {
            if (bytes[i] != pattern[at % BYTES]) _exit(3);
        }
        if (at % 7 == 0) rest();
    }
}

/* A pipe with a process at its other end: that writes it if `writes`, else reads it. */
static pid_t open_pipe(int *fd, bool writes, size_t times) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[writes ? 0 : 1]);
        if (!writes) read_slowly(ends[0], times);
        write_slowly(ends[1]);
        _exit(0);
    }
    close(ends[writes ? 1 : 0]);
    *fd = ends[writes ? 0 : 1];
    return child;
}

static void close_pipe(int fd, pid_t child) {
    int status;
    close(fd);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* --- reading ----------------------------------------------------------------------------- */

static void io_read_appends_what_one_read_brings(void **state) {
    probe *p = *state;
    pare_buf b;
    size_t got = 77;
    int fd = file_of(10);
    pare_buf_init(&b, probe_allocator(p));
    assert_int_equal(pare_io_read(fd, &b, 0, &got), PARE_OK);
    assert_int_equal(got, 0);
    assert_int_equal(p->requests, 0);
    assert_int_equal(pare_io_read(fd, &b, 7, &got), PARE_OK);
    assert_int_equal(got, 7);
    assert_pattern(&b, 7);
    assert_int_equal(pare_io_read(fd, &b, 7, &got), PARE_OK);
    assert_int_equal(got, 3);
    assert_pattern(&b, 10);
    assert_int_equal(pare_io_read(fd, &b, 7, &got), PARE_OK);
    assert_int_equal(got, 0); /* the end */
    assert_pattern(&b, 10);
    pare_buf_deinit(&b);
    close(fd);
}

static void io_read_refused_changes_nothing(void **state) {
    probe *p = *state;
    pare_buf b;
    size_t got = 77;
    int fd = file_of(10);
    pare_buf_init(&b, probe_allocator(p));
    pare_buf_append(&b, pattern, 5);
    pare_buf_set_limit(&b, 8);
    assert_int_equal(pare_io_read(fd, &b, 4, &got), PARE_ERR_LIMIT);
    assert_int_equal(pare_io_read(fd, &b, SIZE_MAX, &got), PARE_ERR_ARGUMENT);
    assert_int_equal(pare_io_read(-1, &b, 3, &got), PARE_ERR_IO);
    assert_int_equal(errno, EBADF);
    pare_buf_set_limit(&b, SIZE_MAX);
    probe_refuse(p, 0, PROBE_NEVER);
    assert_int_equal(pare_io_read(fd, &b, 1000, &got), PARE_ERR_MEMORY);
    assert_int_equal(got, 77);
    assert_pattern(&b, 5);
    assert_int_equal(pare_buf_status(&b), PARE_OK);
    assert_int_equal(lseek(fd, 0, SEEK_CUR), 0); /* nothing was read */
    pare_buf_append(&b, NULL, 1);
    assert_int_equal(pare_io_read(fd, &b, 1, &got), PARE_ERR_ARGUMENT); /* it has failed before */
    pare_buf_deinit(&b);
    close(fd);
}

static void io_read_without_blocking_tells_later_from_end(void **state) {
    probe *p = *state;
    pare_buf b;
    size_t got;
    int ends[2];
    pare_buf_init(&b, probe_allocator(p));
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(pare_io_read(ends[0], &b, 10, &got), PARE_ERR_IO);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(write(ends[1], pattern, 3), 3);
    assert_int_equal(pare_io_read_all(ends[0], &b), PARE_ERR_IO);
    assert_int_equal(errno, EAGAIN);
    assert_pattern(&b, 3); /* what had come stays */
    close(ends[1]);
    assert_int_equal(pare_io_read_all(ends[0], &b), PARE_OK);
    assert_pattern(&b, 3);
    pare_buf_deinit(&b);
    close(ends[0]);
}

static void io_read_all_asks_once_for_a_file(void **state) {
    probe *p = *state;
    const size_t sizes[] = {0, 1, 63, 64, 16384, 16385, BYTES};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        pare_buf b;
        int fd = file_of(sizes[i]);
        pare_buf_init(&b, probe_allocator(p));
        uint64_t before = p->requests;
        assert_int_equal(pare_io_read_all(fd, &b), PARE_OK);
        assert_pattern(&b, sizes[i]);
        assert_int_equal(p->requests - before, 1);
        pare_buf_deinit(&b);
        close(fd);
    }
}

static void io_read_all_starts_where_the_file_stands(void **state) {
    probe *p = *state;
    pare_buf b;
    int fd = file_of(100);
    pare_buf_init(&b, probe_allocator(p));
    pare_buf_append(&b, pattern, 60);
    assert_int_equal(lseek(fd, 60, SEEK_SET), 60);
    assert_int_equal(pare_io_read_all(fd, &b), PARE_OK);
    assert_pattern(&b, 100);
    assert_int_equal(pare_io_read_all(fd, &b), PARE_OK);
    assert_pattern(&b, 100);
    pare_buf_deinit(&b);
    close(fd);
}

static void io_read_all_of_a_pipe_through_signals(void **state) {
    probe *p = *state;
    pare_buf b;
    int fd;
    pare_buf_init(&b, probe_allocator(p));
    pid_t child = open_pipe(&fd, true, 1);
    start_interrupting();
    pare_status status = pare_io_read_all(fd, &b);
    stop_interrupting();
    assert_int_equal(status, PARE_OK);
    assert_pattern(&b, BYTES);
    close_pipe(fd, child);
    pare_buf_deinit(&b);
}

static void io_read_all_holds_to_the_limit(void **state) {
    probe *p = *state;
    char array[101];
    for (size_t cap = 99; cap <= 101; cap++) {
        pare_buf fixed, limited;
        int fd = file_of(100);
        pare_status expected = cap < 100 ? PARE_ERR_LIMIT : PARE_OK;
        pare_buf_init_fixed(&fixed, array, cap);
        assert_int_equal(pare_io_read_all(fd, &fixed), expected);
        assert_pattern(&fixed, cap < 100 ? cap : 100);
        assert_int_equal(pare_buf_status(&fixed), PARE_OK); /* not sticky */
        pare_buf_deinit(&fixed);
        lseek(fd, 0, SEEK_SET);
        pare_buf_init(&limited, probe_allocator(p));
        pare_buf_set_limit(&limited, cap);
        assert_int_equal(pare_io_read_all(fd, &limited), expected);
        assert_true(pare_buf_get_stats(&limited).live_bytes <= cap);
        pare_buf_deinit(&limited);
        close(fd);
    }
}

static void io_read_all_at_or_beyond_the_limit(void **state) {
    (void)state;
    pare_buf b;
    char array[1];
    int fd = file_of(1);
    pare_buf_init_fixed(&b, array, 0);
    assert_int_equal(pare_io_read_all(fd, &b), PARE_ERR_LIMIT);
    assert_int_equal(pare_io_read_all(fd, &b), PARE_OK); /* that byte is gone */
    pare_buf_init_with(&b, array, 1, pare_heap());
    pare_buf_append_byte(&b, 1);
    pare_buf_set_limit(&b, 0);
    assert_int_equal(pare_io_read_all(fd, &b), PARE_OK);
    lseek(fd, 0, SEEK_SET);
    assert_int_equal(pare_io_read_all(fd, &b), PARE_ERR_LIMIT);
    assert_int_equal(pare_buf_len(&b), 1);
    pare_buf_deinit(&b);
    close(fd);
}

static void io_read_all_of_a_directory_is_io(void **state) {
    probe *p = *state;
    pare_buf b;
    int fd = open(".", O_RDONLY);
    pare_buf_init(&b, probe_allocator(p));
    assert_int_equal(pare_io_read_all(fd, &b), PARE_ERR_IO);
    assert_int_equal(errno, EISDIR);
    assert_int_equal(pare_io_read_all(-1, &b), PARE_ERR_IO);
    pare_buf_deinit(&b);
    close(fd);
}

static void io_read_file_reads_what_stdio_has_buffered(void **state) {
    probe *p = *state;
    pare_buf b;
    size_t got;
    FILE *file = fdopen(file_of(BYTES), "rb");
    pare_buf_init(&b, probe_allocator(p));
    pare_buf_append_byte(&b, (unsigned char)getc(file)); /* stdio reads ahead */
    assert_int_equal(pare_io_read_file(file, &b, 100, &got), PARE_OK);
    assert_int_equal(got, 100);
    assert_pattern(&b, 101);
    assert_int_equal(pare_io_read_file_all(file, &b), PARE_OK);
    assert_pattern(&b, BYTES);
    assert_int_equal(pare_io_read_file(file, &b, 100, &got), PARE_OK);
    assert_int_equal(got, 0);
    fclose(file);
    pare_buf_reset(&b);

    file = fdopen(open(".", O_RDONLY), "rb");
    assert_int_equal(pare_io_read_file(file, &b, 100, &got), PARE_ERR_IO);
    assert_int_equal(pare_io_read_file_all(file, &b), PARE_ERR_IO);
    assert_int_equal(pare_buf_len(&b), 0);
    fclose(file);
    pare_buf_deinit(&b);
}

static void io_read_file_all_of_a_pipe_through_signals(void **state) {
    probe *p = *state;
    pare_buf b;
    int fd;
    pare_buf_init(&b, probe_allocator(p));
    pid_t child = open_pipe(&fd, true, 1);
    FILE *file = fdopen(dup(fd), "rb");
    start_interrupting();
    pare_status status = pare_io_read_file_all(file, &b);
    stop_interrupting();
    assert_int_equal(status, PARE_OK);
    assert_pattern(&b, BYTES);
    fclose(file);
    close_pipe(fd, child);
    pare_buf_deinit(&b);
}

static bool read_through_refusals(probe *p, void *ctx) {
    pare_buf b;
    const int *fd = ctx;
    pare_buf_init(&b, probe_allocator(p));
    lseek(*fd, 0, SEEK_SET);
    pare_status status = pare_io_read_all(*fd, &b);
    assert_true(status == PARE_OK || status == PARE_ERR_MEMORY);
    if (status == PARE_OK) assert_pattern(&b, BYTES);
    assert_pattern(&b, pare_buf_len(&b)); /* what came before the refusal */
    assert_int_equal(pare_buf_status(&b), PARE_OK);
    pare_buf_deinit(&b);
    return status != PARE_OK;
}

static void io_read_all_survives_refusals(void **state) {
    probe *p = *state;
    int fd = file_of(BYTES);
    probe_sweep(p, read_through_refusals, &fd);
    close(fd);
}

static void io_reads_again_without_allocating(void **state) {
    probe *p = *state;
    pare_buf b;
    int fd = file_of(BYTES);
    pare_buf_init(&b, probe_allocator(p));
    assert_int_equal(pare_io_read_all(fd, &b), PARE_OK);
    uint64_t warm = p->requests;
    for (int i = 0; i < 3; i++) {
        pare_buf_reset(&b);
        lseek(fd, 0, SEEK_SET);
        assert_int_equal(pare_io_read_all(fd, &b), PARE_OK);
        assert_pattern(&b, BYTES);
    }
    assert_int_equal(p->requests, warm);
    pare_buf_deinit(&b);
    close(fd);
}

/* --- load and save ----------------------------------------------------------------------- */

static void io_save_then_load_gives_the_same_bytes(void **state) {
    probe *p = *state;
    const size_t sizes[] = {BYTES, 1, 0};
    char name[32];
    pare_buf b;
    fresh_name(name);
    pare_buf_init(&b, probe_allocator(p));
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) { /* shorter each time */
        assert_int_equal(pare_io_save(name, sizes[i] != 0 ? pattern : NULL, sizes[i]), PARE_OK);
        pare_buf_reset(&b);
        assert_int_equal(pare_io_load(name, &b), PARE_OK);
        assert_pattern(&b, sizes[i]);
    }
    pare_buf_append(&b, pattern, 2);
    assert_int_equal(pare_io_save(name, pattern + 2, 5), PARE_OK);
    assert_int_equal(pare_io_load(name, &b), PARE_OK); /* behind what there is */
    assert_pattern(&b, 7);
    unlink(name);
    pare_buf_deinit(&b);
}

static void io_load_and_save_refused(void **state) {
    probe *p = *state;
    char name[32];
    pare_buf b;
    fresh_name(name);
    pare_buf_init(&b, probe_allocator(p));
    pare_buf_append(&b, pattern, 3);
    assert_int_equal(pare_io_load(name, &b), PARE_ERR_IO);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(pare_io_load(".", &b), PARE_ERR_IO);
    assert_int_equal(errno, EISDIR);
    assert_int_equal(pare_io_load(NULL, &b), PARE_ERR_ARGUMENT);
    assert_int_equal(pare_io_save(".", pattern, 3), PARE_ERR_IO);
    assert_int_equal(pare_io_save(NULL, pattern, 3), PARE_ERR_ARGUMENT);
    assert_int_equal(pare_io_save(name, NULL, 3), PARE_ERR_ARGUMENT);
    assert_int_equal(access(name, F_OK), -1);

    assert_int_equal(pare_io_save(name, pattern, BYTES), PARE_OK);
    pare_buf_set_limit(&b, BYTES - 1);
    assert_int_equal(pare_io_load(name, &b), PARE_ERR_LIMIT);
    assert_pattern(&b, 3); /* not a part of the file */
    pare_buf_set_limit(&b, SIZE_MAX);
    probe_refuse(p, 0, PROBE_NEVER);
    assert_int_equal(pare_io_load(name, &b), PARE_ERR_MEMORY);
    assert_pattern(&b, 3);
    unlink(name);
    pare_buf_deinit(&b);
}

static void io_load_becomes_text_without_a_copy(void **state) {
    probe *p = *state;
    char name[32];
    pare_buf b;
    pare_str s;
    pare_parcel parcel;
    fresh_name(name);
    assert_int_equal(pare_io_save(name, "some text", 9), PARE_OK);
    pare_buf_init(&b, probe_allocator(p));
    pare_str_init(&s, probe_allocator(p));
    assert_int_equal(pare_io_load(name, &b), PARE_OK);
    assert_int_equal(pare_buf_reserve(&b, 1), PARE_OK);
    assert_int_equal(pare_buf_detach(&b, &parcel), PARE_OK);
    assert_int_equal(pare_str_attach(&s, parcel), PARE_OK);
    assert_string_equal(pare_str_cstr(&s), "some text");
    assert_int_equal(p->requests, 1);
    unlink(name);
    pare_str_deinit(&s);
    pare_buf_deinit(&b);
}

/* --- writing ----------------------------------------------------------------------------- */

static void io_write_finishes_short_writes_through_signals(void **state) {
    (void)state;
    int fd;
    size_t written;
    pid_t child = open_pipe(&fd, false, 1);
    start_interrupting();
    pare_status status = pare_io_write(fd, pattern, BYTES, &written);
    stop_interrupting();
    assert_int_equal(status, PARE_OK);
    assert_int_equal(written, BYTES);
    close_pipe(fd, child);
}

static void io_write_pieces_in_order(void **state) {
    (void)state;
    enum { PIECES = 100 };
    pare_iovec pieces[PIECES];
    size_t written, at = 0;
    for (size_t i = 0; i < PIECES - 1; i++) { /* with empty ones between */
        size_t len = i % 3 == 0 ? 0 : i * 40;
        pieces[i] = (pare_iovec){len != 0 ? pattern + at : NULL, len};
        at += len;
    }
    pieces[PIECES - 1] = (pare_iovec){pattern + at, BYTES - at};
    int fd;
    pid_t child = open_pipe(&fd, false, 1);
    start_interrupting();
    pare_status status = pare_io_write_pieces(fd, pieces, PIECES, &written);
    stop_interrupting();
    assert_int_equal(status, PARE_OK);
    assert_int_equal(written, BYTES);
    close_pipe(fd, child);
    assert_int_equal(pare_io_write_pieces(-1, pieces, 0, &written), PARE_OK);
    assert_int_equal(written, 0);
    assert_int_equal(pare_io_write_pieces(-1, pieces, 1, NULL), PARE_OK); /* an empty one */
}

static void io_write_tells_how_far_it_came(void **state) {
    (void)state;
    size_t written = 77;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(pare_io_write(ends[1], pattern, BYTES, &written), PARE_ERR_IO);
    assert_int_equal(errno, EAGAIN);
    assert_true(written > 0 && written < BYTES);
    close(ends[0]);
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pare_io_write(ends[1], pattern, 1, &written), PARE_ERR_IO);
    assert_int_equal(errno, EPIPE);
    assert_int_equal(written, 0);
    signal(SIGPIPE, before);
    close(ends[1]);
    assert_int_equal(pare_io_write(-1, pattern, 1, NULL), PARE_ERR_IO);
    assert_int_equal(errno, EBADF);
}

/* From here on a file grows to `bytes` and no further, as on a full disk. */
static struct rlimit limit_files(rlim_t bytes) {
    struct rlimit before, now;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    now = (struct rlimit){bytes, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &now), 0);
    return before;
}

static void io_write_on_a_full_disk(void **state) {
    (void)state;
    char name[32];
    size_t written;
    int fd = file_of(0);
    fresh_name(name);
    struct rlimit before = limit_files(1000);
    pare_status some = pare_io_write(fd, pattern, BYTES, &written);
    int why = errno;
    pare_status save = pare_io_save(name, pattern, BYTES);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(some, PARE_ERR_IO);
    assert_int_equal(why, EFBIG);
    assert_int_equal(written, 1000);
    assert_int_equal(save, PARE_ERR_IO);
    close(fd);
    unlink(name);
    fd = open("/dev/full", O_WRONLY);
    if (fd < 0) return; /* Linux has one */
    assert_int_equal(pare_io_write(fd, pattern, 10, &written), PARE_ERR_IO);
    assert_int_equal(errno, ENOSPC);
    assert_int_equal(written, 0);
    close(fd);
}

static void io_write_file_goes_through_stdio(void **state) {
    (void)state;
    size_t written;
    FILE *file = tmpfile();
    assert_int_equal(pare_io_write_file(file, pattern, BYTES, &written), PARE_OK);
    assert_int_equal(written, BYTES);
    assert_int_equal(pare_io_write_file(file, NULL, 0, NULL), PARE_OK);
    assert_int_equal(ftell(file), BYTES);
    fclose(file);
    file = fdopen(open(".", O_RDONLY), "rb"); /* not for writing */
    assert_int_equal(pare_io_write_file(file, pattern, 10, &written), PARE_ERR_IO);
    assert_int_equal(written, 0);
    fclose(file);
}

static void io_iovec_is_that_of_the_system(void **state) {
    (void)state;
    pare_buf b = {0};
    assert_int_equal(pare_iovec_of(&b).len, 0);
    pare_buf_append(&b, "abc", 3);
    pare_iovec pieces[2] = {pare_iovec_of(&b), {"def", 3}};
    int fd = file_of(0);
    assert_int_equal(writev(fd, (const struct iovec *)(void *)pieces, 2), 6);
    lseek(fd, 0, SEEK_SET);
    pare_buf_reset(&b);
    assert_int_equal(pare_io_read_all(fd, &b), PARE_OK);
    assert_memory_equal(pare_buf_data(&b), "abcdef", 6);
    close(fd);
    pare_buf_deinit(&b);
}

/* --- copying ----------------------------------------------------------------------------- */

static void assert_copied(int fd, size_t size) {
    pare_buf b = {0};
    lseek(fd, 0, SEEK_SET);
    assert_int_equal(pare_io_read_all(fd, &b), PARE_OK);
    assert_pattern(&b, size);
    pare_buf_deinit(&b);
    close(fd);
}

static void io_copy_takes_one_chunk_of_memory(void **state) {
    probe *p = *state;
    const size_t sizes[] = {0, 1, PARE_IO_CHUNK_BYTES, PARE_IO_CHUNK_BYTES + 1, BYTES};
    pare_buf b;
    pare_buf_init(&b, probe_allocator(p));
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint64_t copied = 77;
        int from = file_of(sizes[i]), to = file_of(0);
        assert_int_equal(pare_io_copy(from, to, &b, &copied), PARE_OK);
        assert_int_equal(copied, sizes[i]);
        assert_int_equal(pare_buf_len(&b), 0);
        close(from);
        assert_copied(to, sizes[i]);
    }
    assert_int_equal(p->requests, 1);
    assert_int_equal(pare_buf_capacity(&b), PARE_IO_CHUNK_BYTES);
    pare_buf_deinit(&b);
}

static void io_copy_in_chunks_of_what_it_is_given(void **state) {
    probe *p = *state;
    pare_bufpool pool;
    assert_int_equal(pare_bufpool_init(&pool, probe_allocator(p), NULL), PARE_OK);
    for (size_t size = 1; size <= 4096; size *= 8) {
        pare_buf b;
        int from = file_of(BYTES / 10), to = file_of(0);
        pare_span chunk = pare_bufpool_get(&pool, size);
        pare_buf_init_fixed(&b, chunk.ptr, chunk.cap);
        assert_int_equal(pare_io_copy(from, to, &b, NULL), PARE_OK);
        pare_bufpool_put(&pool, chunk);
        close(from);
        assert_copied(to, BYTES / 10);
    }
    pare_bufpool_deinit(&pool);
}

static void io_copy_through_pipes_and_signals(void **state) {
    probe *p = *state;
    pare_buf b;
    uint64_t copied;
    int from, to;
    pare_buf_init(&b, probe_allocator(p));
    pare_buf_set_limit(&b, 1000);
    pid_t reader = open_pipe(&to, false, 1);
    pid_t writer = open_pipe(&from, true, 1);
    start_interrupting();
    pare_status status = pare_io_copy(from, to, &b, &copied);
    stop_interrupting();
    assert_int_equal(status, PARE_OK);
    assert_int_equal(copied, BYTES);
    assert_true(pare_buf_get_stats(&b).live_bytes <= 1000);
    close_pipe(from, writer);
    close_pipe(to, reader);
    pare_buf_deinit(&b);
}

static void io_copy_refused_keeps_what_is_not_written(void **state) {
    probe *p = *state;
    pare_buf b;
    uint64_t copied;
    int from = file_of(BYTES), to = file_of(0);
    pare_buf_init(&b, probe_allocator(p));
    struct rlimit before = limit_files(PARE_IO_CHUNK_BYTES + 1000);
    pare_status status = pare_io_copy(from, to, &b, &copied);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(status, PARE_ERR_IO);
    assert_int_equal(copied, PARE_IO_CHUNK_BYTES + 1000);
    assert_int_equal(pare_buf_len(&b), PARE_IO_CHUNK_BYTES - 1000);
    assert_memory_equal(pare_buf_data(&b), pattern + copied, pare_buf_len(&b));
    assert_int_equal(pare_io_copy(-1, to, &b, &copied), PARE_ERR_IO);
    assert_int_equal(errno, EBADF);
    assert_int_equal(copied, 0);
    pare_buf_deinit(&b);

    pare_buf_set_limit(&b, 0);
    assert_int_equal(pare_io_copy(from, to, &b, &copied), PARE_ERR_LIMIT);
    pare_buf_init(&b, probe_allocator(p));
    probe_refuse(p, 0, PROBE_NEVER);
    assert_int_equal(pare_io_copy(from, to, &b, &copied), PARE_ERR_MEMORY);
    assert_int_equal(copied, 0);
    pare_buf_deinit(&b);
    close(from);
    close(to);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(io_read_appends_what_one_read_brings),
        CASE(io_read_refused_changes_nothing),
        CASE(io_read_without_blocking_tells_later_from_end),
        CASE(io_read_all_asks_once_for_a_file),
        CASE(io_read_all_starts_where_the_file_stands),
        CASE(io_read_all_of_a_pipe_through_signals),
        CASE(io_read_all_holds_to_the_limit),
        CASE(io_read_all_at_or_beyond_the_limit),
        CASE(io_read_all_of_a_directory_is_io),
        CASE(io_read_file_reads_what_stdio_has_buffered),
        CASE(io_read_file_all_of_a_pipe_through_signals),
        CASE(io_read_all_survives_refusals),
        CASE(io_reads_again_without_allocating),
        CASE(io_save_then_load_gives_the_same_bytes),
        CASE(io_load_and_save_refused),
        CASE(io_load_becomes_text_without_a_copy),
        CASE(io_write_finishes_short_writes_through_signals),
        CASE(io_write_pieces_in_order),
        CASE(io_write_tells_how_far_it_came),
        CASE(io_write_on_a_full_disk),
        CASE(io_write_file_goes_through_stdio),
        CASE(io_iovec_is_that_of_the_system),
        CASE(io_copy_takes_one_chunk_of_memory),
        CASE(io_copy_in_chunks_of_what_it_is_given),
        CASE(io_copy_through_pipes_and_signals),
        CASE(io_copy_refused_keeps_what_is_not_written),
    };
    return cmocka_run_group_tests_name("io", tests, set_up_pattern, NULL);
}
