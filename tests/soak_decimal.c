/* soak_decimal.c - doubles' texts against the C library's for as many random numbers as the first
 * argument says, all hard cases first; the second is the seed. `make doubles` runs it.
 * SPDX-License-Identifier: MIT */
#include "support/doubles.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t next_random(uint64_t *state) {
    *state += 0x9e3779b97f4a7c15;
    uint64_t mixed = (*state ^ *state >> 30) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
    return mixed ^ mixed >> 31;
}

int main(int argc, char **argv) {
    uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1, random = seed << 32;
    doubles_check_hard_cases();
    for (uint64_t i = 0; i < count; i++) doubles_check_random(next_random(&random));
    printf("doubles: %" PRIu64 " numbers from seed %" PRIu64 ", all as they should be\n", count,
           seed);
    return 0;
}
