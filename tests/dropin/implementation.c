/* implementation.c - the one file of a program that holds pare's implementation.
 * SPDX-License-Identifier: MIT */
#define PARE_IMPLEMENTATION
#include "pare.h"
