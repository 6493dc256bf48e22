/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* frozen.h: disks of a VM as they were at one moment, as long as it lasts.
 *
 * Threads: one call at a time, and the tracker's rule; the views have their own (view.h).
 */
#ifndef CAIRN_FROZEN_H
#define CAIRN_FROZEN_H

#include "refpoint/tracker.h"
#include "refpoint/view.h"

struct CairnFrozen
{
  GPtrArray *views;     /* of CairnView, in the order of the disks asked for */
  GPtrArray *addresses; /* of char *, parallel: where others read them, an image's path or
                           "nbd+unix:///TARGET?socket=PATH" */

  /* What changed on disk INDEX since ANCHOR, as of that moment; if its bitmap wasn't among the
   * bases of the freeze, possibly also what came later. *EXTENTS is set only when JUDGEMENT, which
   * is as `judge` gives it for this anchor alone, says TRACKED; both are the caller's. Fails as
   * `changes` of tracker.h does. */
  gboolean (*changes) (CairnFrozen *frozen, guint index, const CairnAnchor *anchor,
                       GArray **extents, CairnJudgement *judgement, int64_t deadline,
                       GError **error);

  /* FALSE: there is nothing left to be read (the VM stopped, its QEMU died). TRUE also when that
   * can't be told now. NULL: it lasts as long as its process. */
  gboolean (*lasts) (CairnFrozen *frozen);

  /* FALSE with ERROR set: it must be ended now, or the guest suffers. NULL: it needn't ever. */
  gboolean (*may_last) (CairnFrozen *frozen, GError **error);

  /* Closes the views and frees; ends the freeze if it was begun by `freeze`. */
  void (*end) (CairnFrozen *frozen);
};

#endif
