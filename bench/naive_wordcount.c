/* naive_wordcount.c - examples/wordcount.c as a competent C programmer writes it without pare.
 *
 * Same command line, same words, same hash, same output; getline for the lines, a chained table,
 * a malloc and a strdup per distinct word. --stats is accepted and adds nothing.
 * SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct word {
    struct word *next;
    char *text;
    uint64_t hash, count;
} word;

static struct {
    word **buckets;
    size_t bucket_count, used;
} table;

static void *or_die(void *p) {
    if (p == NULL) {
        fputs("wordcount: out of memory\n", stderr);
        exit(1);
    }
    return p;
}

static void table_resize(size_t bucket_count) {
    word **buckets = or_die(calloc(bucket_count, sizeof *buckets));
    for (size_t i = 0; i < table.bucket_count; i++) {
        for (word *w = table.buckets[i], *next; w != NULL; w = next) {
            word **bucket = &buckets[w->hash & (bucket_count - 1)];
            next = w->next;
            w->next = *bucket;
            *bucket = w;
        }
    }
    free(table.buckets);
    table.buckets = buckets;
    table.bucket_count = bucket_count;
}

static void add(const char *text, uint64_t hash) {
    for (word *w = table.buckets[hash & (table.bucket_count - 1)]; w != NULL; w = w->next) {
        if (w->hash == hash && strcmp(w->text, text) == 0) {
            w->count++;
            return;
        }
    }
    if (table.used == table.bucket_count) table_resize(table.bucket_count * 2);
    word **bucket = &table.buckets[hash & (table.bucket_count - 1)];
    word *w = or_die(malloc(sizeof *w));
    w->text = or_die(strdup(text));
    w->hash = hash;
    w->count = 1;
    w->next = *bucket;
    *bucket = w;
    table.used++;
}

/* A byte of a word in lower case, 0 for any other: as in the example, so that what differs is how
 * the two ask for memory, not how they look at bytes. */
static unsigned char fold[256];

static void fold_init(void) {
    for (int c = 0; c < 256; c++)
        fold[c] = (unsigned char)(isalnum(c) || c >= 0x80 ? tolower(c) : 0);
}

/* Lower-cases and ends each word in the line itself, then looks it up. */
static void count_line(char *line, size_t length) {
    char *end = line + length;
    for (char *p = line; p < end;) {
        uint64_t hash = 14695981039346656037u; /* FNV-1a */
        char *start = p;
        for (unsigned char c; p < end && (c = fold[(unsigned char)*p]) != 0; p++) {
            hash = (hash ^ c) * 1099511628211u;
            *p = (char)c;
        }
        if (p > start) {
            *p = '\0'; /* getline leaves room behind the last byte */
            add(start, hash);
        }
        p++;
    }
}

static int by_count(const void *left, const void *right) {
    const word *a = *(word *const *)left, *b = *(word *const *)right;
    if (a->count != b->count) return a->count < b->count ? 1 : -1;
    return strcmp(a->text, b->text);
}

static void print_top(size_t top) {
    word **sorted = or_die(malloc((table.used + 1) * sizeof *sorted));
    size_t n = 0;
    for (size_t i = 0; i < table.bucket_count; i++) {
        for (word *w = table.buckets[i]; w != NULL; w = w->next) sorted[n++] = w;
    }
    qsort(sorted, n, sizeof *sorted, by_count);
    for (size_t i = 0; i < n && i < top; i++) {
        printf("%7llu %s\n", (unsigned long long)sorted[i]->count, sorted[i]->text);
    }
    for (size_t i = 0; i < n; i++) {
        free(sorted[i]->text);
        free(sorted[i]);
    }
    free(sorted);
    free(table.buckets);
}

int main(int argc, char **argv) {
    fold_init();
    size_t top = 10, room = 0;
    const char *path = NULL;
    char *line = NULL;
    ssize_t length;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--top") == 0 && i + 1 < argc)
            top = strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--stats") != 0)
            path = argv[i];
    }
    FILE *file = path != NULL ? fopen(path, "r") : stdin;
    if (file == NULL) {
        fprintf(stderr, "wordcount: %s: %s\n", path, strerror(errno));
        return 1;
    }
    table_resize(1024);
    while ((length = getline(&line, &room, file)) >= 0) count_line(line, (size_t)length);
    if (ferror(file)) {
        fprintf(stderr, "wordcount: %s\n", strerror(errno));
        return 1;
    }
    free(line);
    print_top(top);
    return fflush(stdout) == 0 ? 0 : 1;
}
