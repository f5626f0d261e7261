/* bench_str.c - what does text cost when it is built in one buffer that is used again?
 *
 * Read against `floor`, which writes the same bytes with a bare pointer into a buffer that is
 * simply large enough, numbers and runs of plain bytes by pare's own code, inlined; and against
 * `libc`, the habit: asprintf, or realloc to the exact size with each append, and free. The other
 * heaps do the same; for asprintf they format on the stack and copy. `libc-doubling` is the careful
 * habit: a text of its own each time, too, but with a capacity that doubles. `open_memstream` is
 * POSIX's builder.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* asprintf */
#include "bench_str.h"
#include "pare/str.h"
#include "internal/decimal.h"
#include "internal/digits.h"
#include "internal/plain.h"

/* --- the floor: a pointer, and nobody asks ------------------------------------------------- */

typedef struct bare {
    char *ptr;
    size_t len;
} bare;

static bare *bare_open(bench *b, bare *t) {
    t->ptr = malloc(TEXT_BYTES);
    t->len = 0;
    bench_must(b, t->ptr != NULL);
    return bench_hide(t);
}

static inline char *bare_int(char *out, int64_t value) {
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    *out = '-';
    return parei_digits(out + (value < 0), magnitude);
}

#define BARE_LIT(out, literal)                                                                     \
    (memcpy(out, literal, sizeof literal - 1), (out) + sizeof literal - 1)

/* --- what every contender shares ----------------------------------------------------------- */

static pare_str *str_open(bench *b, pare_str *s) {
    *s = (pare_str){0};
    bench_allocs_at_most(b, 0);
    return bench_hide(s);
}

static void str_close(bench *b, pare_str *s) {
    bench_must(b, pare_str_status(s) == PARE_OK);
    pare_str_deinit(s);
}

/* A text from nothing: NULL, 0, 0. */
typedef struct doubling {
    char *ptr;
    size_t len, cap;
} doubling;

/* Where the next `more` bytes go. */
static inline char *doubling_room(doubling *t, size_t more) {
    if (more > t->cap - t->len) {
        do t->cap = t->cap == 0 ? 16 : 2 * t->cap;
        while (more > t->cap - t->len);
        t->ptr = got(realloc(t->ptr, t->cap));
    }
    return t->ptr + t->len;
}

/* --- str/log-line -------------------------------------------------------------------------- */

static inline void line_floor(bare *t, const event *e) {
    char *out = BARE_LIT(t->ptr, "time=");
    out = bare_int(out, e->time);
    out = BARE_LIT(out, " level=info pid=");
    out = bare_int(out, e->pid);
    out = BARE_LIT(out, " msg=\"request done\" status=");
    out = bare_int(out, e->status);
    out = BARE_LIT(out, " bytes=");
    out = bare_int(out, e->bytes);
    out = BARE_LIT(out, " us=");
    out = bare_int(out, e->micros);
    out = BARE_LIT(out, "\n");
    *out = '\0';
    t->len = (size_t)(out - t->ptr);
}

static inline const char *line_pare(pare_str *s, const event *e) {
    pare_str_reset(s);
    pare_str_append_lit(s, "time=");
    pare_str_append_int(s, e->time);
    pare_str_append_lit(s, " level=info pid=");
    pare_str_append_int(s, e->pid);
    pare_str_append_lit(s, " msg=\"request done\" status=");
    pare_str_append_int(s, e->status);
    pare_str_append_lit(s, " bytes=");
    pare_str_append_int(s, e->bytes);
    pare_str_append_lit(s, " us=");
    pare_str_append_int(s, e->micros);
    pare_str_append_lit(s, "\n");
    return pare_str_cstr(s);
}

static inline char *line_heap(const bench_heap *heap, bool is_libc, const event *e) {
    char line[LINE_BYTES], *text = NULL;
    if (is_libc) return asprintf(&text, LINE_FORMAT, LINE_ARGUMENTS(e)) < 0 ? NULL : text;
    size_t size = (size_t)snprintf(line, sizeof line, LINE_FORMAT, LINE_ARGUMENTS(e)) + 1;
    return memcpy(got(heap->malloc(size)), line, size);
}

static inline char *line_memstream(const event *e) {
    char *text;
    size_t size;
    FILE *stream = got(open_memstream(&text, &size));
    fprintf(stream, LINE_FORMAT, LINE_ARGUMENTS(e));
    fclose(stream);
    return text;
}

static void log_line_floor(bench *b) {
    bare state, *t = bare_open(b, &state);
    const event *e = bench_hide(events);
    while (bench_next(b)) {
        for (int i = 0; i < LINES; i++) {
            line_floor(t, &e[i]);
            bench_keep(t);
        }
    }
    bench_ops(b, LINES);
    for (int i = 0; i < LINES; i++) {
        line_floor(t, &e[i]);
        bench_result(b, t->ptr, t->len);
    }
    free(t->ptr);
}

static void log_line_pare(bench *b) {
    pare_str state, *s = str_open(b, &state);
    const event *e = bench_hide(events);
    while (bench_next(b)) {
        for (int i = 0; i < LINES; i++) bench_keep(line_pare(s, &e[i]));
    }
    bench_ops(b, LINES);
    for (int i = 0; i < LINES; i++) {
        const char *text = line_pare(s, &e[i]);
        bench_result(b, text, pare_str_len(s));
    }
    str_close(b, s);
}

/* The habit kept, the memory not: printf, but into the builder. */
static void log_line_pare_printf(bench *b) {
    pare_str state, *s = str_open(b, &state);
    const event *e = bench_hide(events);
    while (bench_next(b)) {
        for (int i = 0; i < LINES; i++) {
            pare_str_reset(s);
            pare_str_append_printf(s, LINE_FORMAT, LINE_ARGUMENTS(&e[i]));
            bench_keep(pare_str_cstr(s));
        }
    }
    bench_ops(b, LINES);
    for (int i = 0; i < LINES; i++) {
        pare_str_reset(s);
        pare_str_append_printf(s, LINE_FORMAT, LINE_ARGUMENTS(&e[i]));
        bench_result(b, pare_str_cstr(s), pare_str_len(s));
    }
    str_close(b, s);
}

static void log_line_heap(bench *b) {
    const bench_heap *heap = bench_heap_of(b);
    const event *e = bench_hide(events);
    bool is_libc = strcmp(heap->name, "libc") == 0;
    while (bench_next(b)) {
        for (int i = 0; i < LINES; i++) {
            char *text = got(line_heap(heap, is_libc, &e[i]));
            bench_keep(text);
            heap->free(text);
        }
    }
    bench_ops(b, LINES);
    for (int i = 0; i < LINES; i++) {
        char *text = got(line_heap(heap, is_libc, &e[i]));
        bench_result(b, text, strlen(text));
        heap->free(text);
    }
}

static void log_line_memstream(bench *b) {
    const event *e = bench_hide(events);
    bench_allocs_at_least(b, 2);
    while (bench_next(b)) {
        for (int i = 0; i < LINES; i++) {
            char *text = line_memstream(&e[i]);
            bench_keep(text);
            free(text);
        }
    }
    bench_ops(b, LINES);
    for (int i = 0; i < LINES; i++) {
        char *text = line_memstream(&e[i]);
        bench_result(b, text, strlen(text));
        free(text);
    }
}

/* --- str/join-100 -------------------------------------------------------------------------- */

/* The parts are short: looking for the end while copying beats strlen and memcpy. */
static inline char *bare_text(char *out, const char *text) {
    for (;; out += 4, text += 4) {
        if ((out[0] = text[0]) == '\0') return out;
        if ((out[1] = text[1]) == '\0') return out + 1;
        if ((out[2] = text[2]) == '\0') return out + 2;
        if ((out[3] = text[3]) == '\0') return out + 3;
    }
}

static void join_floor(bench *b) {
    bare state, *t = bare_open(b, &state);
    const char *const *p = bench_hide(parts);
    while (bench_next(b)) {
        char *out = bare_text(t->ptr, p[0]);
        for (int i = 1; i < PARTS; i++) {
            *out++ = ',';
            out = bare_text(out, p[i]);
        }
        t->len = (size_t)(out - t->ptr);
        bench_keep(t);
    }
    bench_ops(b, PARTS);
    bench_result(b, t->ptr, t->len);
    free(t->ptr);
}

static void join_pare(bench *b) {
    pare_str state, *s = str_open(b, &state);
    const char *const *p = bench_hide(parts);
    while (bench_next(b)) {
        pare_str_reset(s);
        pare_str_append_join(s, p, PARTS, ",");
        bench_keep(pare_str_cstr(s));
    }
    bench_ops(b, PARTS);
    bench_result(b, pare_str_cstr(s), pare_str_len(s));
    str_close(b, s);
}

static inline char *join_once(const bench_heap *heap, const char *const *p) {
    size_t len = strlen(p[0]);
    char *text = memcpy(got(heap->malloc(len + 1)), p[0], len + 1);
    for (int i = 1; i < PARTS; i++) {
        size_t size = strlen(p[i]);
        text = got(heap->realloc(text, len + 1 + size + 1));
        text[len] = ',';
        memcpy(text + len + 1, p[i], size + 1);
        len += 1 + size;
    }
    return text;
}

static void join_heap(bench *b) {
    const bench_heap *heap = bench_heap_of(b);
    const char *const *p = bench_hide(parts);
    char *text = NULL;
    while (bench_next(b)) {
        heap->free(text);
        text = join_once(heap, p);
        bench_keep(text);
    }
    bench_ops(b, PARTS);
    bench_result(b, text, strlen(text));
    heap->free(text);
}

static void join_doubling(bench *b) {
    const char *const *p = bench_hide(parts);
    doubling state = {0}, *t = bench_hide(&state);
    bench_allocs_at_least(b, 1.0 / PARTS);
    while (bench_next(b)) {
        free(t->ptr);
        *t = (doubling){0};
        for (int i = 0; i < PARTS; i++) {
            size_t size = strlen(p[i]);
            char *out = doubling_room(t, size + 1);
            memcpy(out, p[i], size);
            out[size] = ',';
            t->len += size + 1;
        }
        t->ptr[--t->len] = '\0';
        bench_keep(t);
    }
    bench_ops(b, PARTS);
    bench_result(b, t->ptr, t->len);
    free(t->ptr);
}

/* --- str/append-byte ----------------------------------------------------------------------- */

static void append_byte_floor(bench *b) {
    bare state, *t = bare_open(b, &state);
    const char *from = bench_hide(bytes);
    while (bench_next(b)) {
        t->len = 0;
        for (int i = 0; i < BYTES; i++) t->ptr[t->len++] = from[i];
        bench_keep(t);
    }
    bench_ops(b, BYTES);
    bench_result(b, t->ptr, t->len);
    free(t->ptr);
}

static void append_byte_pare(bench *b) {
    pare_str state, *s = str_open(b, &state);
    const char *from = bench_hide(bytes);
    while (bench_next(b)) {
        pare_str_reset(s);
        for (int i = 0; i < BYTES; i++) pare_str_append_char(s, from[i]);
        bench_keep(pare_str_cstr(s));
    }
    bench_ops(b, BYTES);
    bench_result(b, pare_str_cstr(s), pare_str_len(s));
    str_close(b, s);
}

static void append_byte_heap(bench *b) {
    const bench_heap *heap = bench_heap_of(b);
    const char *from = bench_hide(bytes);
    char *text = NULL;
    while (bench_next(b)) {
        heap->free(text);
        text = got(heap->malloc(1));
        for (size_t i = 0; i < BYTES; i++) {
            text = got(heap->realloc(text, i + 2));
            text[i] = from[i];
        }
        text[BYTES] = '\0';
        bench_keep(text);
    }
    bench_ops(b, BYTES);
    bench_result(b, text, strlen(text));
    heap->free(text);
}

static void append_byte_doubling(bench *b) {
    const char *from = bench_hide(bytes);
    doubling state = {0}, *t = bench_hide(&state);
    bench_allocs_at_least(b, 1.0 / BYTES);
    while (bench_next(b)) {
        free(t->ptr);
        *t = (doubling){0};
        for (int i = 0; i < BYTES; i++) {
            *doubling_room(t, 1) = from[i];
            t->len++;
        }
        *doubling_room(t, 1) = '\0';
        bench_keep(t);
    }
    bench_ops(b, BYTES);
    bench_result(b, t->ptr, t->len);
    free(t->ptr);
}

/* --- str/int64 ----------------------------------------------------------------------------- */

static void int64_floor(bench *b) {
    bare state, *t = bare_open(b, &state);
    const int64_t *n = bench_hide(numbers);
    while (bench_next(b)) {
        char *out = t->ptr;
        for (int i = 0; i < NUMBERS; i++) {
            out = bare_int(out, n[i]);
            *out++ = ',';
        }
        t->len = (size_t)(out - t->ptr);
        bench_keep(t);
    }
    bench_ops(b, NUMBERS);
    bench_result(b, t->ptr, t->len);
    free(t->ptr);
}

static void int64_pare(bench *b) {
    pare_str state, *s = str_open(b, &state);
    const int64_t *n = bench_hide(numbers);
    while (bench_next(b)) {
        pare_str_reset(s);
        for (int i = 0; i < NUMBERS; i++) {
            pare_str_append_int(s, n[i]);
            pare_str_append_char(s, ',');
        }
        bench_keep(pare_str_cstr(s));
    }
    bench_ops(b, NUMBERS);
    bench_result(b, pare_str_cstr(s), pare_str_len(s));
    str_close(b, s);
}

static void int64_heap(bench *b) {
    const bench_heap *heap = bench_heap_of(b);
    const int64_t *n = bench_hide(numbers);
    char *text = NULL;
    while (bench_next(b)) {
        heap->free(text);
        text = got(heap->malloc(1));
        size_t len = 0;
        for (int i = 0; i < NUMBERS; i++) {
            char number[24];
            size_t size = (size_t)snprintf(number, sizeof number, "%" PRId64 ",", n[i]);
            text = got(heap->realloc(text, len + size + 1));
            memcpy(text + len, number, size + 1);
            len += size;
        }
        bench_keep(text);
    }
    bench_ops(b, NUMBERS);
    bench_result(b, text, strlen(text));
    heap->free(text);
}

static void int64_doubling(bench *b) {
    enum { NUMBER_BYTES = 24 }; /* of any, comma and NUL included */
    const int64_t *n = bench_hide(numbers);
    doubling state = {0}, *t = bench_hide(&state);
    bench_allocs_at_least(b, 1.0 / NUMBERS);
    while (bench_next(b)) {
        free(t->ptr);
        *t = (doubling){0};
        for (int i = 0; i < NUMBERS; i++) {
            char *out = doubling_room(t, NUMBER_BYTES);
            t->len += (size_t)snprintf(out, NUMBER_BYTES, "%" PRId64 ",", n[i]);
        }
        bench_keep(t);
    }
    bench_ops(b, NUMBERS);
    bench_result(b, t->ptr, t->len);
    free(t->ptr);
}

/* --- str/double-shortest, str/double-2-decimals -------------------------------------------- */

enum { DOUBLE_BYTES = 40 }; /* of any text here, comma and NUL included */

PAREI_INLINE char *bare_shortest(char *out, double value) {
    return parei_decimal_shortest(out, parei_decimal_of_double(value), 0);
}

PAREI_INLINE char *bare_cents(char *out, double value) {
    return parei_decimal_fixed(out, parei_decimal_of_double(value), 2);
}

PAREI_INLINE void append_cents(pare_str *s, double value) {
    pare_str_append_double_fixed(s, value, 2);
}

PAREI_INLINE void append_shortest(pare_str *s, double value) { pare_str_append_double(s, value); }

/* As many digits as it takes to read the same number. */
static int print_shortest(char *out, double value) {
    for (int digits = 15; digits < 17; digits++) {
        int size = snprintf(out, DOUBLE_BYTES, "%.*g,", digits, value);
        if (strtod(out, NULL) == value) return size;
    }
    return snprintf(out, DOUBLE_BYTES, "%.17g,", value);
}

static int print_cents(char *out, double value) {
    return snprintf(out, DOUBLE_BYTES, "%.2f,", value);
}

PAREI_INLINE void double_floor(bench *b, const double *values, char *(*write)(char *, double)) {
    bare state, *t = bare_open(b, &state);
    const double *n = bench_hide((void *)(uintptr_t)values);
    while (bench_next(b)) {
        char *out = t->ptr;
        for (int i = 0; i < NUMBERS; i++) {
            out = write(out, n[i]);
            *out++ = ',';
        }
        t->len = (size_t)(out - t->ptr);
        bench_keep(t);
    }
    bench_ops(b, NUMBERS);
    bench_result(b, t->ptr, t->len);
    free(t->ptr);
}

PAREI_INLINE void double_pare(bench *b, const double *values, void (*append)(pare_str *, double)) {
    pare_str state, *s = str_open(b, &state);
    const double *n = bench_hide((void *)(uintptr_t)values);
    while (bench_next(b)) {
        pare_str_reset(s);
        for (int i = 0; i < NUMBERS; i++) {
            append(s, n[i]);
            pare_str_append_char(s, ',');
        }
        bench_keep(pare_str_cstr(s));
    }
    bench_ops(b, NUMBERS);
    bench_result(b, pare_str_cstr(s), pare_str_len(s));
    str_close(b, s);
}

PAREI_INLINE void double_heap(bench *b, const double *values, int (*print)(char *, double)) {
    const bench_heap *heap = bench_heap_of(b);
    const double *n = bench_hide((void *)(uintptr_t)values);
    char *text = NULL;
    while (bench_next(b)) {
        heap->free(text);
        text = got(heap->malloc(1));
        size_t len = 0;
        for (int i = 0; i < NUMBERS; i++) {
            char number[DOUBLE_BYTES];
            size_t size = (size_t)print(number, n[i]);
            text = got(heap->realloc(text, len + size + 1));
            memcpy(text + len, number, size + 1);
            len += size;
        }
        bench_keep(text);
    }
    bench_ops(b, NUMBERS);
    bench_result(b, text, strlen(text));
    heap->free(text);
}

static void shortest_floor(bench *b) { double_floor(b, doubles, bare_shortest); }
static void shortest_pare(bench *b) { double_pare(b, doubles, append_shortest); }
static void shortest_heap(bench *b) { double_heap(b, doubles, print_shortest); }
static void cents_floor(bench *b) { double_floor(b, amounts, bare_cents); }
static void cents_pare(bench *b) { double_pare(b, amounts, append_cents); }
static void cents_heap(bench *b) { double_heap(b, amounts, print_cents); }

/* --- str/json-map -------------------------------------------------------------------------- */

/* What stands for a byte that is not plain, for texts that are known to be UTF-8. */
static char *bare_escape(char *out, char c) {
    switch (c) {
    case '"': return BARE_LIT(out, "\\\"");
    case '\\': return BARE_LIT(out, "\\\\");
    case '\n': return BARE_LIT(out, "\\n");
    default: *out = c; return out + 1;
    }
}

static inline char *bare_json(char *out, pare_slice text) {
    *out++ = '"';
    for (size_t at = 0; at < text.len;) {
        size_t run = parei_plain_run(out, text.ptr + at, text.len - at,
                                     (parei_plain_set){true, {'"', '\\', '"', '"', '"'}});
        out += run;
        at += run;
        if (at < text.len) out = bare_escape(out, text.ptr[at++]);
    }
    *out++ = '"';
    return out;
}

static inline void json_floor_map(bare *t, const pair *p) {
    char *out = t->ptr;
    *out++ = '{';
    for (int i = 0; i < PAIRS; i++) {
        if (i != 0) *out++ = ',';
        out = bare_json(out, p[i].key);
        *out++ = ':';
        out = bare_json(out, p[i].value);
    }
    out = BARE_LIT(out, "}");
    *out = '\0';
    t->len = (size_t)(out - t->ptr);
}

static void json_floor(bench *b) {
    bare state, *t = bare_open(b, &state);
    const pair *p = bench_hide(pairs);
    while (bench_next(b)) {
        json_floor_map(t, p);
        bench_keep(t);
    }
    bench_ops(b, 1);
    bench_result(b, t->ptr, t->len);
    free(t->ptr);
}

static void json_pare(bench *b) {
    pare_str state, *s = str_open(b, &state);
    const pair *p = bench_hide(pairs);
    while (bench_next(b)) {
        pare_str_reset(s);
        pare_str_append_char(s, '{');
        for (int i = 0; i < PAIRS; i++) {
            if (i != 0) pare_str_append_char(s, ',');
            pare_str_append_json_n(s, p[i].key.ptr, p[i].key.len);
            pare_str_append_char(s, ':');
            pare_str_append_json_n(s, p[i].value.ptr, p[i].value.len);
        }
        pare_str_append_char(s, '}');
        bench_keep(pare_str_cstr(s));
    }
    bench_ops(b, 1);
    bench_result(b, pare_str_cstr(s), pare_str_len(s));
    str_close(b, s);
}

/* The habit: each string escaped into a block of its own, and all formatted to the end of one that
 * is enlarged to the exact size. */
static char *json_escaped(const bench_heap *heap, pare_slice text) {
    char *escaped = got(heap->malloc(2 * text.len + 1)), *out = escaped;
    for (size_t i = 0; i < text.len; i++) out = bare_escape(out, text.ptr[i]);
    *out = '\0';
    return escaped;
}

static char *json_once(const bench_heap *heap, const pair *p) {
    size_t len = 1;
    char *text = got(heap->malloc(len + 2));
    memcpy(text, "{", 2);
    for (int i = 0; i < PAIRS; i++) {
        char *key = json_escaped(heap, p[i].key);
        char *value = json_escaped(heap, p[i].value);
        const char *format = i != 0 ? ",\"%s\":\"%s\"" : "\"%s\":\"%s\"";
        size_t size = strlen(key) + strlen(value) + 6;
        text = got(heap->realloc(text, len + size + 2));
        len += (size_t)snprintf(text + len, size + 1, format, key, value);
        heap->free(key);
        heap->free(value);
    }
    memcpy(text + len, "}", 2);
    return text;
}

static void json_heap(bench *b) {
    const bench_heap *heap = bench_heap_of(b);
    const pair *p = bench_hide(pairs);
    char *text = NULL;
    while (bench_next(b)) {
        heap->free(text);
        text = json_once(heap, p);
        bench_keep(text);
    }
    bench_ops(b, 1);
    bench_result(b, text, strlen(text));
    heap->free(text);
}

/* --- rows ---------------------------------------------------------------------------------- */

static void add_row(const char *row, const char *operation, bench_fn *pare, bench_fn *floor,
                    bench_fn *heap) {
    bench_row(row, operation);
    bench_add(row, "pare", pare, NULL);
    bench_add(row, "floor", floor, NULL);
    bench_add_heaps(row, heap, NULL, 1);
}

void bench_str(void) {
    fill_inputs();
    add_row("str/log-line", "one log line of five integers between literals", log_line_pare,
            log_line_floor, log_line_heap);
    bench_add("str/log-line", "pare-printf", log_line_pare_printf, NULL);
    bench_add("str/log-line", "open_memstream", log_line_memstream, NULL);
    add_row("str/join-100", "one of 100 C strings of 4 bytes, joined by commas", join_pare,
            join_floor, join_heap);
    bench_add("str/join-100", "libc-doubling", join_doubling, NULL);
    add_row("str/append-byte", "one of 4096 bytes, appended one by one", append_byte_pare,
            append_byte_floor, append_byte_heap);
    bench_add("str/append-byte", "libc-doubling", append_byte_doubling, NULL);
    add_row("str/int64", "one of 1000 random int64_t, as text with a comma behind", int64_pare,
            int64_floor, int64_heap);
    bench_add("str/int64", "libc-doubling", int64_doubling, NULL);
    add_row("str/double-shortest", "one of 1000 random doubles of any size, a comma behind",
            shortest_pare, shortest_floor, shortest_heap);
    add_row("str/double-2-decimals", "one of 1000 random doubles up to 100000, a comma behind",
            cents_pare, cents_floor, cents_heap);
    bench_row("str/json-map", "one JSON object of ten pairs of strings, four of them escaped");
    bench_add("str/json-map", "pare", json_pare, NULL);
    bench_add("str/json-map", "floor", json_floor, NULL);
    bench_add_heaps("str/json-map", json_heap, NULL, 21);
}
