/* bench_str.h - the work of the str rows: what bench_str.c and peers_str.cc do alike. Valid C and
 * C++.
 * SPDX-License-Identifier: MIT */
#ifndef PARE_BENCH_STR_H
#define PARE_BENCH_STR_H
#include "shim.h"
#include "pare/str.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TEXT_BYTES = 64 << 10, /* room for any text here */
    LINES = 256,
    LINE_BYTES = 256, /* room for one line */
    PARTS = 100,
    PART_BYTES = 4,
    BYTES = 4096,
    NUMBERS = 1000
};

static inline void *got(void *text) {
    if (text == NULL) abort();
    return text;
}

typedef struct event {
    int64_t time, pid, status, bytes, micros;
} event;

static event events[LINES];
static char part_texts[PARTS][PART_BYTES + 1];
static const char *parts[PARTS];
static char bytes[BYTES];
static int64_t numbers[NUMBERS];
static double doubles[NUMBERS]; /* of any size, in texts that every contender lays out alike */
static double amounts[NUMBERS]; /* 0 to 100000 */

static inline double any_double(uint64_t *random) {
    for (;;) {
        double value;
        uint64_t bits = bench_random(random), exponent = bits >> 52 & 0x7ff;
        memcpy(&value, &bits, sizeof value);
        if (exponent != 0x7ff && (exponent < 1023 - 32 || exponent > 1023 + 70)) return value;
    }
}

static inline void fill_inputs(void) {
    static const int64_t statuses[] = {200, 200, 200, 304, 404, 500};
    uint64_t random = 1;
    for (int i = 0; i < LINES; i++) {
        event *e = &events[i];
        e->time = 1700000000 + i;
        e->pid = (int64_t)(bench_random(&random) % 32768);
        e->status = statuses[bench_random(&random) % 6];
        e->bytes = (int64_t)(bench_random(&random) % 100000);
        e->micros = (int64_t)(bench_random(&random) % 5000);
    }
    for (int i = 0; i < PARTS; i++) {
        snprintf(part_texts[i], sizeof part_texts[i], "%04d", (int)(bench_random(&random) % 10000));
        parts[i] = part_texts[i];
    }
    for (int i = 0; i < BYTES; i++) bytes[i] = (char)('a' + bench_random(&random) % 26);
    for (int i = 0; i < NUMBERS; i++) numbers[i] = (int64_t)bench_random(&random);
    for (int i = 0; i < NUMBERS; i++) {
        doubles[i] = any_double(&random);
        amounts[i] = (double)(bench_random(&random) >> 11) * (1e5 / 9007199254740992.0);
    }
}

/* A log line, as printf makes it. */
#define LINE_FORMAT                                                                                \
    "time=%" PRId64 " level=info pid=%" PRId64 " msg=\"request done\" status=%" PRId64             \
    " bytes=%" PRId64 " us=%" PRId64 "\n"
#define LINE_ARGUMENTS(e) (e)->time, (e)->pid, (e)->status, (e)->bytes, (e)->micros

/* The pairs of a JSON object. */
typedef struct pair {
    pare_slice key, value;
} pair;

#define TEXT(literal)                                                                              \
    { literal, sizeof literal - 1 }

static pair pairs[] = {
    {TEXT("id"), TEXT("7f3a9c51-02be-4d0f")},
    {TEXT("name"), TEXT("Ada \"Countess\" Lovelace")},
    {TEXT("email"), TEXT("ada.lovelace@example.org")},
    {TEXT("path"), TEXT("C:\\work\\analytical-engine")},
    {TEXT("city"), TEXT("Z\xc3\xbcrich")},
    {TEXT("created_at"), TEXT("2024-05-17T08:30:00Z")},
    {TEXT("role"), TEXT("admin")},
    {TEXT("note"), TEXT("first line\nand a second one that is somewhat longer")},
    {TEXT("user_agent"), TEXT("Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101")},
    {TEXT("active"), TEXT("yes")},
};

enum { PAIRS = sizeof pairs / sizeof pairs[0] };

#endif
