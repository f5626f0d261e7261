/* line.c - the contract is in internal/line.h.
 * SPDX-License-Identifier: MIT */
#include "internal/line.h"
#include "internal/bits.h"
#include "internal/digits.h"

static void parei_line_bytes(parei_line *line, const char *bytes, size_t size) {
    size = parei_min_size(size, PAREI_LINE_MAX - 1 - line->length);
    memcpy(line->text + line->length, bytes, size);
    line->length += size;
    line->text[line->length] = '\0';
}

void parei_line_text(parei_line *line, const char *text) {
    size_t size = 0;
    while (size < PAREI_LINE_MAX && text[size] != '\0') size++;
    parei_line_bytes(line, text, size);
}

void parei_line_count(parei_line *line, uint64_t count, const char *unit) {
    char digits[PAREI_DIGITS_MAX];
    parei_line_bytes(line, digits, (size_t)(parei_digits(digits, count) - digits));
    parei_line_text(line, unit);
}

void parei_line_address(parei_line *line, const void *address) {
    char digits[2 * sizeof(uintptr_t)];
    size_t first = sizeof digits;
    uintptr_t rest = (uintptr_t)address;
    do {
        digits[--first] = "0123456789abcdef"[rest & 15];
        rest >>= 4;
    } while (rest != 0);
    parei_line_text(line, "0x");
    parei_line_bytes(line, digits + first, sizeof digits - first);
}
