/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* publish.h: several finished files take their places together, or none does.
 *
 * Files are written under temporary names beside their places and fsynced. Then (intent PUBLISH)
 * each is renamed. The file that was in a place before is kept under a second name until all are
 * renamed, so that a failure in the middle can put it back; a crash in the middle is rolled
 * forward.
 *
 * CALLER is with whose rights files are made, linked, renamed and removed; NULL = the process's.
 */
#ifndef CAIRN_PUBLISH_H
#define CAIRN_PUBLISH_H

#include "refpoint/caller.h"
#include "refpoint/intent.h"

/* A temporary name beside FINAL_PATH, unique by ID. */
char *cairn_publish_temporary_name (const char *final_path, const char *id);

/* Opens INTENT's temporary file INDEX for writing, with MODE (but for the umask); it must not
 * exist. -1 with ACCESS_DENIED, FAILED. */
int cairn_publish_create (const CairnIntent *intent, guint index, mode_t mode,
                          const CairnCaller *caller, GError **error);

/* fsyncs and closes FD (also on failure). */
gboolean cairn_publish_close (int fd, const char *path, GError **error);

/* Keeps second names of the files that will be replaced. Part of intent EXPORT. */
gboolean cairn_publish_prepare (const CairnIntent *intent, const CairnCaller *caller,
                                GError **error);

typedef enum
{
  CAIRN_PUBLISHED_ALL,
  CAIRN_PUBLISHED_NONE, /* the earlier files are back in their places */
  CAIRN_PUBLISHED_SOME, /* they couldn't be put back: recovery is to rename what isn't renamed */
} CairnPublished;

/* Renames all. After a failure nothing is lost: each new file has its place or its temporary name,
 * each earlier one its place or its second name. */
CairnPublished cairn_publish_rename (const CairnIntent *intent, const CairnCaller *caller,
                                     GError **error);

/* Recovery, which has no caller: renames what isn't renamed yet. */
gboolean cairn_publish_finish (const CairnIntent *intent, GError **error);

/* Removes the temporary files. */
gboolean cairn_publish_undo (const CairnIntent *intent, const CairnCaller *caller, GError **error);

#endif
