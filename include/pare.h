/* pare.h - allocation discipline for C: all of pare, in teaching order.
 * SPDX-License-Identifier: MIT */
#ifndef PARE_H
#define PARE_H
#include "pare/base.h"
#include "pare/alloc.h"
#include "pare/heap.h"
#include "pare/fixed.h"
#include "pare/pages.h"
#include "pare/counting.h"
#include "pare/budget.h"
#include "pare/must.h"
#include "pare/layout.h"
#include "pare/arena.h"
#include "pare/scratch.h"
#include "pare/pool.h"
#include "pare/thread.h"
#include "pare/mtpool.h"
#include "pare/bufpool.h"
#include "pare/mtbufpool.h"
#include "pare/buf.h"
#include "pare/io.h"
#include "pare/str.h"
#include "pare/strpool.h"
#include "pare/text.h"
#endif
