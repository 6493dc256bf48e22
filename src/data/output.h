/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* output.h: files that take their places together once all of them are complete, or never.
 *
 * Until then they have no name at all (O_TMPFILE): whatever ends the process, nothing is left. On
 * file systems that can't do that they are TO/.NAME.cairn-DIGITS.tmp, locked as long as they are
 * written; what isn't locked is removed by who next writes into that directory.
 */
#ifndef CAIRN_DATA_OUTPUT_H
#define CAIRN_DATA_OUTPUT_H

#include "refpoint/data.h"

typedef struct
{
  int fd;
  char *final;     /* its path in the end; also for messages */
  char *temporary; /* NULL: it has no name */
  gboolean is_placed;
} CairnOutput;

typedef struct
{
  char *directory;
  GPtrArray *files;   /* of CairnOutput, in the order in which they take their places */
  char *subdirectory; /* TO/tpm, when there is a file in it */
  gboolean made_subdirectory;
} CairnOutputs;

/* Removes what processes that died have left in DIRECTORY. */
CairnOutputs *cairn_outputs_new (const char *directory);

/* Removes what wasn't placed. */
void cairn_outputs_free (CairnOutputs *outputs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnOutputs, cairn_outputs_free)

/* A new, empty file, owned by OUTPUTS, which will be in SUBDIRECTORY (NULL = none; one only), which
 * is made with the first file that takes its place there. INVALID_PARAMETER when
 * there is one of that name already; FAILED, ACCESS_DENIED. */
CairnOutput *cairn_outputs_add (CairnOutputs *outputs, const char *subdirectory, const char *name,
                                GError **error);

/* Makes all durable and gives them their places; their paths are appended to PATHS. After a failure
 * none has its place. Never replaces a file. */
gboolean cairn_outputs_place (CairnOutputs *outputs, GPtrArray *paths, GError **error);

#endif
