/* support/doubles.h - text of doubles against the C library's, for tests and for the long run.
 *
 * The reference asks printf for one digit less than there are and demands that strtod does not read
 * the number back, then for as many, and lays them out by JavaScript's rule in the plainest way.
 * Each call aborts, naming the number, where a text differs.
 * SPDX-License-Identifier: MIT */
#ifndef DOUBLES_H
#define DOUBLES_H
#include <stdint.h>

/* pare_str_append_double and pare_str_append_float. */
void doubles_check_shortest(double value);
void doubles_check_shortest_float(float value);

/* pare_str_append_double_fixed and pare_str_append_double_scientific. */
void doubles_check_rounded(double value, unsigned decimals);

/* Of these bits. */
double doubles_of_bits(uint64_t bits);
float doubles_of_float_bits(uint32_t bits);

/* All of the above on every power of two and of ten, what lies beside them, the ends of the range,
 * ties, and numbers that other algorithms got wrong. */
void doubles_check_hard_cases(void);

/* The shortest text of these bits; for one in 32, all of the above, on a number of moderate size
 * and on a short decimal as well. */
void doubles_check_random(uint64_t random);

#endif
