/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* caller.h: for whom a call is made, and whose rights to files it has.
 *
 * A service of the command line and the library works with the process's own rights (no caller).
 * The daemon's calls have one: each file that a method names is opened with the caller's uid, gid
 * and groups (of this thread alone), everything else with the daemon's.
 */
#ifndef CAIRN_CALLER_H
#define CAIRN_CALLER_H

#include <glib.h>
#include <sys/types.h>

typedef struct
{
  char *name; /* as signed in; "" = nobody has */
  uid_t uid;
  gid_t gid;
  gid_t *groups; /* supplementary ones */
  guint n_groups;
  gboolean is_authenticated;
} CairnCaller;

/* An anonymous one, with nobody's rights. */
CairnCaller *cairn_caller_new_nobody (void);

/* The user of that name in passwd, or one with nobody's rights and that name. Authenticated. */
CairnCaller *cairn_caller_new_user (const char *name);

/* The user with that uid, or one with just these rights. Authenticated. */
CairnCaller *cairn_caller_new_process (uid_t uid, gid_t gid);

CairnCaller *cairn_caller_copy (const CairnCaller *caller);
void cairn_caller_free (CairnCaller *caller);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnCaller, cairn_caller_free)

/* The file rights of this thread before become. */
typedef struct
{
  gboolean has_changed;
  uid_t uid;
  gid_t gid;
  gid_t *groups;
  int n_groups;
} CairnFileRights;

/* From here to restore, files are opened with CALLER's rights by this thread. CALLER NULL: nothing
 * changes. ACCESS_DENIED when the process may not take them on. No other kind of work in between.
 */
gboolean cairn_caller_become (const CairnCaller *caller, CairnFileRights *before, GError **error);
void cairn_caller_restore (CairnFileRights *before);

#endif
