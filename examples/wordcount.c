/* wordcount.c - how often each word occurs in a text of any size.
 *
 *     wordcount [--top N] [--stats] [FILE]
 *
 * Prints the N (10) most frequent words of FILE, or of the standard input, with their counts; a
 * word is a run of ASCII letters, digits and bytes from 0x80 on, in lower case. --stats adds what
 * was read and what was allocated.
 *
 * Memory depends on the distinct words alone: the text passes through one buffer in chunks, each
 * distinct word is copied once, into an arena, and the table grows by doubling. A line or a word
 * that was seen before allocates nothing.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "pare/arena.h"
#include "pare/buf.h"
#include "pare/counting.h"

enum { CHUNK_BYTES = 64 * 1024, FIRST_SLOTS = 1024 };

/* --- the table: open addressing, a power of two of slots, at most 3/4 in use --------------- */

typedef struct word {
    const char *text; /* in the arena; NULL: the slot is free */
    uint32_t length;
    uint32_t hash;
    uint64_t count;
} word;

typedef struct table {
    pare_allocator from;
    pare_arena texts;
    word *slots;
    size_t slot_count, used;
} table;

static word *table_slot(const table *t, const char *text, uint32_t length, uint32_t hash) {
    size_t mask = t->slot_count - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        word *w = &t->slots[i];
        if (w->text == NULL) return w;
        if (w->hash == hash && w->length == length && memcmp(w->text, text, length) == 0) return w;
    }
}

static pare_status table_resize(table *t, size_t slot_count) {
    table wider = *t;
    pare_span block;
    pare_status status = pare_alloc_span(t->from, parei_product(slot_count, sizeof(word)),
                                         _Alignof(word), PARE_EXACT | PARE_ZEROED, &block);
    if (status != PARE_OK) return status;

    wider.slots = block.ptr;
    wider.slot_count = slot_count;
    for (size_t i = 0; i < t->slot_count; i++) {
        const word *w = &t->slots[i];
        if (w->text != NULL) *table_slot(&wider, w->text, w->length, w->hash) = *w;
    }
    pare_free(t->from, t->slots, t->slot_count * sizeof(word), _Alignof(word));
    *t = wider;
    return PARE_OK;
}

static pare_status table_init(table *t, pare_allocator from) {
    *t = (table){.from = from, .texts = {.from = from}};
    return table_resize(t, FIRST_SLOTS);
}

static void table_deinit(table *t) {
    pare_free(t->from, t->slots, t->slot_count * sizeof(word), _Alignof(word));
    pare_arena_deinit(&t->texts);
    *t = (table){0};
}

static pare_status table_add(table *t, const char *text, uint32_t length, uint32_t hash) {
    word *w = table_slot(t, text, length, hash);
    if (w->text != NULL) {
        w->count++;
        return PARE_OK;
    }
    if (t->used >= t->slot_count / 4 * 3) {
        pare_status status = table_resize(t, t->slot_count * 2);
        if (status != PARE_OK) return status;
        w = table_slot(t, text, length, hash);
    }
    const char *copy = pare_arena_dup(&t->texts, text, length, 1);
    if (copy == NULL) return pare_arena_status(&t->texts);
    *w = (word){copy, length, hash, 1};
    t->used++;
    return PARE_OK;
}

/* --- the text ---------------------------------------------------------------------------- */

/* FNV-1a (Fowler, Noll, Vo), 64 bits. */
static const uint64_t hash_basis = 14695981039346656037u;
static const uint64_t hash_prime = 1099511628211u;

typedef struct reader {
    unsigned char fold[256]; /* a byte of a word in lower case, 0 for any other */
    uint64_t bytes, words;
    size_t rest;   /* bytes of the word that the chunk before ended in, at the buffer's start */
    uint64_t hash; /* of those */
} reader;

static void reader_init(reader *r) {
    *r = (reader){.hash = hash_basis};
    for (int c = 0; c < 256; c++) {
        int in_word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c >= 0x80;
        if (in_word) r->fold[c] = (unsigned char)c;
        if (c >= 'A' && c <= 'Z') r->fold[c] = (unsigned char)(c - 'A' + 'a');
    }
}

/* Counts the words of text[0, size), folding them in place. A word that reaches the end may go on
 * in the next chunk: it becomes the rest, unless this is the last one. */
static pare_status reader_scan(reader *r, table *t, unsigned char *text, size_t size, int last) {
    unsigned char *start = text, *p = text + r->rest, *end = text + size;
    uint64_t hash = r->hash;
    for (;;) {
        for (unsigned char c; p < end && (c = r->fold[*p]) != 0; p++) {
            hash = (hash ^ c) * hash_prime;
            *p = c;
        }
        size_t length = (size_t)(p - start);
        if (p == end && !last) {
            r->rest = length;
            r->hash = hash;
            return PARE_OK;
        }
        if (length > UINT32_MAX) return PARE_ERR_LIMIT;
        if (length > 0) {
            uint32_t folded = (uint32_t)(hash ^ hash >> 32);
            pare_status status = table_add(t, (char *)start, (uint32_t)length, folded);
            if (status != PARE_OK) return status;
            r->words++;
        }
        if (p == end) return PARE_OK;
        while (p < end && r->fold[*p] == 0) p++;
        start = p;
        hash = hash_basis;
    }
}

/* Reads `file` chunk by chunk behind the rest of the chunk before, so that the buffer grows only
 * for a word longer than it. */
static pare_status reader_read(reader *r, table *t, FILE *file, pare_buf *chunk) {
    size_t got = CHUNK_BYTES;
    while (got > 0) {
        char *room = pare_buf_extend(chunk, CHUNK_BYTES);
        if (room == NULL) return pare_buf_status(chunk);
        got = fread(room, 1, CHUNK_BYTES, file);
        r->bytes += got;

        unsigned char *text = pare_buf_data(chunk);
        size_t size = r->rest + got;
        pare_status status = reader_scan(r, t, text, size, got == 0);
        if (status != PARE_OK) return status;
        memmove(text, text + size - r->rest, r->rest);
        pare_buf_truncate(chunk, r->rest);
    }
    return PARE_OK;
}

/* --- the result -------------------------------------------------------------------------- */

static int word_compare(const void *left, const void *right) {
    const word *a = left, *b = right;
    if (a->count != b->count) return a->count < b->count ? 1 : -1;
    size_t common = a->length < b->length ? a->length : b->length;
    int order = memcmp(a->text, b->text, common);
    return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}

/* Sorts in the table itself, which serves no look-up after that. */
static void print_top(table *t, size_t top) {
    size_t n = 0;
    for (size_t i = 0; i < t->slot_count; i++) {
        if (t->slots[i].text != NULL) t->slots[n++] = t->slots[i];
    }
    qsort(t->slots, n, sizeof(word), word_compare);
    for (size_t i = 0; i < n && i < top; i++) {
        printf("%7llu ", (unsigned long long)t->slots[i].count);
        fwrite(t->slots[i].text, 1, t->slots[i].length, stdout);
        putchar('\n');
    }
}

static void print_stats(const reader *r, const table *t, const pare_counting *counting) {
    pare_counting_stats s = pare_counting_get_stats(counting);
    printf("read %llu bytes, %llu words, %zu distinct\n", (unsigned long long)r->bytes,
           (unsigned long long)r->words, t->used);
    printf("allocated %llu times, resized %llu, %llu bytes in all, %zu at the peak\n",
           (unsigned long long)s.allocs, (unsigned long long)s.resizes,
           (unsigned long long)s.total_bytes, s.peak_bytes);
}

/* --- the program ------------------------------------------------------------------------- */

typedef struct settings {
    size_t top;
    int stats;
    const char *path; /* NULL: the standard input */
} settings;

static int parse(settings *s, int argc, char **argv) {
    *s = (settings){.top = 10};
    for (int i = 1; i < argc; i++) {
        char *end = NULL;
        if (strcmp(argv[i], "--stats") == 0) {
            s->stats = 1;
        } else if (strcmp(argv[i], "--top") == 0 && i + 1 < argc) {
            const char *number = argv[++i];
            s->top = (size_t)strtoull(number, &end, 10);
            if (*number < '0' || *number > '9' || *end != '\0') return 0;
        } else if (argv[i][0] != '-' && s->path == NULL) {
            s->path = argv[i];
        } else {
            return 0;
        }
    }
    return 1;
}

static int fail(const char *subject, const char *why) {
    fprintf(stderr, "wordcount: %s: %s\n", subject, why);
    return 1;
}

static int count(const settings *s, FILE *file, const char *name) {
    pare_counting heap = {0};
    pare_allocator from = pare_counting_allocator(&heap);
    pare_buf chunk;
    table t;
    reader r;
    reader_init(&r);
    pare_buf_init(&chunk, from);

    pare_status status = table_init(&t, from);
    if (status == PARE_OK) status = reader_read(&r, &t, file, &chunk);
    int failed = 0;
    if (status != PARE_OK) {
        failed = fail(name, pare_status_text(status));
    } else if (ferror(file)) {
        failed = fail(name, strerror(errno));
    } else {
        print_top(&t, s->top);
        if (s->stats) print_stats(&r, &t, &heap);
    }
    pare_buf_deinit(&chunk);
    table_deinit(&t);
    return failed;
}

int main(int argc, char **argv) {
    settings s;
    if (!parse(&s, argc, argv)) {
        fputs("usage: wordcount [--top N] [--stats] [FILE]\n", stderr);
        return 2;
    }
    const char *name = s.path != NULL ? s.path : "standard input";
    FILE *file = s.path != NULL ? fopen(s.path, "rb") : stdin;
    if (file == NULL) return fail(name, strerror(errno));
    setvbuf(file, NULL, _IONBF, 0); /* chunks go straight into ours */

    int failed = count(&s, file, name);
    if (file != stdin) fclose(file);
    if (fflush(stdout) != 0 || ferror(stdout)) failed = fail("standard output", strerror(errno));
    return failed;
}
