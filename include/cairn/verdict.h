/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn/verdict.h: what holds for one disk of a reference point, and why not.
 *
 * Plain values, owned by the list they come in.
 */
#ifndef CAIRN_VERDICT_H
#define CAIRN_VERDICT_H

#include <glib.h>

#include <cairn/error.h>

G_BEGIN_DECLS

typedef enum
{
  CAIRN_VERDICT_TRACKED,      /* the bitmap is whole and recording; changes can be told */
  CAIRN_VERDICT_MISSING,      /* the image has no bitmap of this name */
  CAIRN_VERDICT_IN_USE,       /* a crash left the bitmap marked in use: it can't be trusted */
  CAIRN_VERDICT_DISABLED,     /* the bitmap stopped recording, or was cleared */
  CAIRN_VERDICT_BACKING_ONLY, /* the bitmap lies in a backing image, not in the active one */
  CAIRN_VERDICT_SIZE_DIFFERS, /* the disk's virtual size isn't that of the point */
  CAIRN_VERDICT_GRANULARITY_DIFFERS, /* the bitmap isn't the one that was made */
  CAIRN_VERDICT_UNSUPPORTED_FORMAT,  /* raw, qcow2 v2: nowhere to keep a bitmap */
  CAIRN_VERDICT_NO_FILE,             /* the image, or the disk itself, isn't there */
  CAIRN_VERDICT_UNREADABLE,          /* the image can't be opened or is damaged */
  CAIRN_VERDICT_UNANCHORED,          /* no bitmap was ever tied to the point here */
  CAIRN_VERDICT_BUSY, /* another program has the image open for writing: no answer now */
} CairnVerdict;

/* "tracked", "in-use", ...: the spelling of the command line and the JSON; borrowed, static. */
CAIRN_API const char *cairn_verdict_name (CairnVerdict verdict);

/* One disk's verdict. REASON is one sentence, "" when tracked. */
typedef struct
{
  char *target;
  char *path;
  CairnVerdict verdict;
  char *reason;
} CairnDiskVerdict;

CAIRN_API CairnDiskVerdict *cairn_disk_verdict_new (const char *target, const char *path,
                                                    CairnVerdict verdict, const char *reason);
CAIRN_API void cairn_disk_verdict_free (CairnDiskVerdict *verdict);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnDiskVerdict, cairn_disk_verdict_free)

G_END_DECLS

#endif
