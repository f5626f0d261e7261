/* bench_wordcount.c - what does the discipline gain in a whole program?
 *
 * `pare` is examples/wordcount.c, `libc` is naive_wordcount.c (getline, strdup, malloc), and
 * `jemalloc` the same binary with jemalloc preloaded. Each runs as a process, from its start to
 * its end, so the figure of the short text is mostly the start. Figures are per word of the text;
 * the peak is the process's largest resident size.
 * SPDX-License-Identifier: MIT */
#include "shim.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LICENCE "/usr/share/common-licenses/GPL-3"

typedef struct text_case {
    const char *text;
    bench_program program;
} text_case;

/* Words of the text, counted once per process: runs of letters, digits and high bytes. */
static size_t words_of(bench *b, const char *path) {
    static const char *known;
    static size_t words;
    bool inside = false;
    if (known == path) return words;
    FILE *file = fopen(path, "r");
    bench_must(b, file != NULL && "the text is there: build the target bench-text");
    known = path;
    words = 0;
    for (int c; (c = getc_unlocked(file)) != EOF;) {
        bool in_word = isalnum(c) || c >= 0x80;
        words += in_word && !inside;
        inside = in_word;
    }
    fclose(file);
    return words;
}

static void wordcount(bench *b) {
    const text_case *c = bench_arg(b);
    bench_ops(b, words_of(b, c->text));
    while (bench_next(b)) bench_run_program(b, &c->program);
}

/* It allocates for each distinct word, of which either text has more than this. */
static void naive_wordcount(bench *b) {
    const text_case *c = bench_arg(b);
    bench_allocs_at_least(b, 500.0 / (double)words_of(b, c->text));
    wordcount(b);
}

void bench_wordcount(void) {
#define CASE(program, text, preload)                                                               \
    {                                                                                              \
        text, { {program, text, NULL}, preload }                                                   \
    }
    static const text_case pare[] = {CASE(BENCH_WORDCOUNT, LICENCE, NULL),
                                     CASE(BENCH_WORDCOUNT, BENCH_TEXT_100MB, NULL)};
    static const text_case libc[] = {CASE(BENCH_NAIVE_WORDCOUNT, LICENCE, NULL),
                                     CASE(BENCH_NAIVE_WORDCOUNT, BENCH_TEXT_100MB, NULL)};
    static const char *const rows[] = {"wordcount/licence", "wordcount/100mb"};
#ifdef BENCH_JEMALLOC_SHARED
    static const text_case jemalloc[] = {
        CASE(BENCH_NAIVE_WORDCOUNT, LICENCE, BENCH_JEMALLOC_SHARED),
        CASE(BENCH_NAIVE_WORDCOUNT, BENCH_TEXT_100MB, BENCH_JEMALLOC_SHARED)};
#endif
    bench_row("wordcount/licence",
              "one word of a licence text (GPL-3), the program's start included");
    bench_row("wordcount/100mb", "one word of a text of 100 MB with 262 143 distinct words");
    for (int i = access(LICENCE, R_OK) == 0 ? 0 : 1; i < 2; i++) {
        bench_add(rows[i], "pare", wordcount, &pare[i]);
        bench_add(rows[i], "libc", naive_wordcount, &libc[i]);
#ifdef BENCH_JEMALLOC_SHARED
        bench_add(rows[i], "jemalloc", naive_wordcount, &jemalloc[i]);
#endif
    }
}
