/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* compare.h: a disk compared with a copy of it, granule by granule, by as many threads as both can
 * be read by. What both map as zeroes isn't read. Memory: two buffers for each thread.
 */
#ifndef CAIRN_COMPARE_H
#define CAIRN_COMPARE_H

#include "refpoint/granules.h"
#include "refpoint/view.h"

/* How often the caller is told how far it is. */
#define CAIRN_COMPARE_TICK_MS 100

typedef struct
{
  CairnView *disk;         /* borrowed */
  CairnView *base;         /* borrowed; where it ends, zeroes follow */
  CairnGranules *granules; /* borrowed; of the disk: those that differ are set */
  uint64_t position_bytes; /* where to begin, and during a tick how far all is compared, and
                              what differs set; in the end the disk's size */

  /* Called on the caller's thread every CAIRN_COMPARE_TICK_MS; FALSE with ERROR set ends the
   * comparison. */
  gboolean (*tick) (gpointer user, GError **error);
  gpointer user;
} CairnComparison;

/* Errors: those of the views and of tick. position_bytes is then how far all is compared. */
gboolean cairn_comparison_run (CairnComparison *comparison, GError **error);

/* *ALL_ZERO: whether VIEW reads as zeroes from OFFSET (a multiple of 64 KiB) on. Errors: those of
 * the view, TIMEOUT. */
gboolean cairn_view_check_zero (CairnView *view, uint64_t offset_bytes, gboolean *all_zero,
                                int64_t deadline, GError **error);

#endif
