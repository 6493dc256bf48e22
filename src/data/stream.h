/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stream.h: a file of a backup read once, from its start to its end: its checksum taken, and what a
 * restored file needs of it written there on the way.
 */
#ifndef CAIRN_DATA_STREAM_H
#define CAIRN_DATA_STREAM_H

#include "data/output.h"
#include "data/plan.h"

typedef struct
{
  int fd;
  const char *path;
  const CairnDataFile *wanted;
  const CairnOutput *output; /* NULL: nothing is written */

  /* With a plan: OUTPUT's image, whose head is written; clusters of the runs that have this source
   * go there. Without one the whole file does. */
  const CairnDataPlan *plan;
  guint source;
} CairnStream;

/* INCORRECT_DATA_TYPE when the file isn't as the manifest says; then what was written is of no use.
 * TICK is told BEFORE and what was read. */
gboolean cairn_stream_run (const CairnStream *stream, const CairnDataTick *tick, uint64_t before,
                           GError **error);

/* Compares what was found with what is wanted. */
gboolean cairn_stream_compare (const char *path, const CairnDataFile *wanted,
                               const CairnDataFile *found, GError **error);

#endif
