/* gen_text.c - writes a text of about a given size, the same each time: `gen-text BYTES FILE`.
 *
 * Like a language's: the word of rank r comes about as often as 1 / r (Zipf), so that of 2^18
 * distinct words most are rare; frequent words are short; lines and sentences of common lengths.
 * In whole numbers only, so every machine writes the same bytes.
 * SPDX-License-Identifier: MIT */
#include "shim.h" /* bench_random */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RANK_BITS = 18, LINE_BYTES = 72 };

/* A bit length at random, then a rank of that length: the chance halves as ranks double. */
static uint32_t random_rank(uint64_t *random) {
    uint64_t bits = bench_random(random);
    uint32_t length = (uint32_t)(bits & 0xffffffff) % RANK_BITS;
    return (1u << length) | ((uint32_t)(bits >> 32) & ((1u << length) - 1));
}

/* One syllable per digit of the rank, base 75. */
static size_t spell(char *out, uint32_t rank) {
    size_t length = 0;
    for (; rank > 0; rank = (rank - 1) / 75) {
        uint32_t digit = (rank - 1) % 75;
        out[length++] = "tnsrldhcmpbgfvk"[digit / 5];
        out[length++] = "eaoiu"[digit % 5];
    }
    return length;
}

int main(int argc, char **argv) {
    uint64_t random = 1, size, written = 0;
    size_t column = 0, sentence = 0;
    char word[16];
    if (argc != 3 || (size = strtoull(argv[1], NULL, 10)) == 0) {
        fputs("usage: gen-text BYTES FILE\n", stderr);
        return 2;
    }
    FILE *out = fopen(argv[2], "w");
    if (out == NULL) {
        fprintf(stderr, "gen-text: %s: %s\n", argv[2], strerror(errno));
        return 1;
    }
    while (written < size) {
        size_t length = spell(word, random_rank(&random));
        if (sentence == 0) {
            sentence = 5 + bench_random(&random) % 20;
            word[0] = (char)(word[0] - 'a' + 'A');
        }
        if (--sentence == 0) word[length++] = '.';
        column += length + 1;
        word[length++] = column > LINE_BYTES ? '\n' : ' ';
        if (column > LINE_BYTES) column = 0;
        if (fwrite(word, 1, length, out) != length) break;
        written += length;
    }
    if (fclose(out) != 0 || written < size) {
        fprintf(stderr, "gen-text: %s: %s\n", argv[2], strerror(errno));
        remove(argv[2]);
        return 1;
    }
    return 0;
}
