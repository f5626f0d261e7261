/* bench_mtpool.h - how peers_mtpool.cc takes part in the rows of bench_mtpool.c. Valid C and C++.
 * SPDX-License-Identifier: MIT */
#ifndef PARE_BENCH_MTPOOL_H
#define PARE_BENCH_MTPOOL_H
#include "shim.h"
#ifdef __cplusplus
extern "C" {
#endif

enum { SIZE = 64 }; /* bytes of an object */

/* Adds a contender to each row that stands for a pool of such objects, which all threads share: of
 * `peer`, the name, malloc, which is only asked for SIZE, and free are used. */
void bench_mtpool_add_peer(const bench_heap *peer);

#ifdef __cplusplus
}
#endif
#endif
