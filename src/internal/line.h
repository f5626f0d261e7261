/* internal/line.h - one line of words and numbers, put together without the C library.
 *
 * What does not fit is cut off; the text always ends in a NUL. An all-zero line is empty.
 * SPDX-License-Identifier: MIT */
#ifndef PAREI_LINE_H
#define PAREI_LINE_H
#include "pare/base.h"

enum { PAREI_LINE_MAX = 256 }; /* bytes, the NUL included */

typedef struct parei_line {
    size_t length;
    char text[PAREI_LINE_MAX];
} parei_line;

PARE_API void parei_line_text(parei_line *line, const char *text);

/* In decimal, and `unit` behind it. */
PARE_API void parei_line_count(parei_line *line, uint64_t count, const char *unit);

/* In hexadecimal, with 0x before it. */
PARE_API void parei_line_address(parei_line *line, const void *address);

#endif
