/* test_harden.c - placeholder
 * SPDX-License-Identifier: MIT */
#include "support/probe.h"
int main(void) { return 0; }
