/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* monitor.h: how far a call of the service has come, and whether it may go on. */
#ifndef CAIRN_MONITOR_H
#define CAIRN_MONITOR_H

#include <glib.h>

#include "refpoint/caller.h"

typedef struct
{
  /* Told on the calling thread, with 0 to 99. FALSE: the call is to end now, as if nothing had been
   * done; it fails with FAILED ("... was cancelled"). Not asked any more once the call can't be
   * undone. */
  gboolean (*proceed) (guint percent, gpointer user);
  gpointer user;
  const CairnCaller *caller; /* with whose rights files are opened; NULL = the process's */
} CairnMonitor;

#endif
