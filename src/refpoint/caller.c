/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For whom a call is made. File rights are a thread's own on Linux, but glibc's setgroups isn't:
 * it changes all threads, so the system call is made directly. */
#include "refpoint/caller.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cairn/error.h>

/* Linux's nobody and nogroup, where passwd has none. */
#define NOBODY 65534u

/* The largest passwd entry taken. */
#define ENTRY_BYTES 16384u

static void
take_entry (CairnCaller *caller, const struct passwd *entry)
{
  int n_groups = 0;

  caller->uid = entry->pw_uid;
  caller->gid = entry->pw_gid;
  getgrouplist (entry->pw_name, entry->pw_gid, NULL, &n_groups);
  caller->groups = g_new0 (gid_t, (gsize)MAX (n_groups, 1));
  if (getgrouplist (entry->pw_name, entry->pw_gid, caller->groups, &n_groups) >= 0)
    caller->n_groups = (guint)n_groups;
}

CairnCaller *
cairn_caller_new_nobody (void)
{
  CairnCaller *caller = g_new0 (CairnCaller, 1);

  caller->name = g_strdup ("");
  caller->uid = NOBODY;
  caller->gid = NOBODY;
  return caller;
}

static CairnCaller *
new_authenticated (const char *name)
{
  CairnCaller *caller = cairn_caller_new_nobody ();

  g_free (caller->name);
  caller->name = g_strdup (name);
  caller->is_authenticated = TRUE;
  return caller;
}

CairnCaller *
cairn_caller_new_user (const char *name)
{
  g_autofree char *buffer = g_malloc (ENTRY_BYTES);
  CairnCaller *caller = new_authenticated (name);
  struct passwd entry, *found = NULL;

  if (getpwnam_r (name, &entry, buffer, ENTRY_BYTES, &found) == 0 && found)
    take_entry (caller, found);
  return caller;
}

CairnCaller *
cairn_caller_new_process (uid_t uid, gid_t gid)
{
  g_autofree char *buffer = g_malloc (ENTRY_BYTES);
  g_autofree char *no_name = g_strdup_printf ("uid %u", (unsigned)uid);
  struct passwd entry, *found = NULL;
  gboolean has_entry = getpwuid_r (uid, &entry, buffer, ENTRY_BYTES, &found) == 0 && found;
  CairnCaller *caller = new_authenticated (has_entry ? found->pw_name : no_name);

  caller->uid = uid;
  caller->gid = gid;
  if (has_entry)
    take_entry (caller, found);
  return caller;
}

CairnCaller *
cairn_caller_copy (const CairnCaller *caller)
{
  CairnCaller *copy = g_memdup2 (caller, sizeof *caller);

  copy->name = g_strdup (caller->name);
  copy->groups = g_memdup2 (caller->groups, caller->n_groups * sizeof (gid_t));
  return copy;
}

void
cairn_caller_free (CairnCaller *caller)
{
  if (!caller)
    return;
  g_free (caller->name);
  g_free (caller->groups);
  g_free (caller);
}

static int
set_groups (guint n_groups, const gid_t *groups)
{
  return (int)syscall (SYS_setgroups, (size_t)n_groups, groups);
}

static gboolean
refuse (const CairnCaller *caller, GError **error)
{
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_ACCESS_DENIED,
               "files can't be opened as user '%s' (uid %u), since this process may not take on "
               "that user's rights; run it as root, or sign in as uid %u",
               caller->name, (unsigned)caller->uid, (unsigned)geteuid ());
  return FALSE;
}

gboolean
cairn_caller_become (const CairnCaller *caller, CairnFileRights *before, GError **error)
{
  memset (before, 0, sizeof *before);
  if (!caller || (geteuid () != 0 && caller->uid == geteuid ()))
    return TRUE;
  before->n_groups = getgroups (0, NULL);
  before->groups = g_new0 (gid_t, (gsize)MAX (before->n_groups, 1));
  if (before->n_groups < 0 || getgroups (before->n_groups, before->groups) != before->n_groups
      || set_groups (caller->n_groups, caller->groups) != 0)
    {
      g_clear_pointer (&before->groups, g_free);
      return refuse (caller, error);
    }
  before->has_changed = TRUE;
  before->gid = (gid_t)setfsgid (caller->gid);
  before->uid = (uid_t)setfsuid (caller->uid);
  /* Neither says whether it worked; asking with an id that can't be does. */
  if ((gid_t)setfsgid ((gid_t)-1) == caller->gid && (uid_t)setfsuid ((uid_t)-1) == caller->uid)
    return TRUE;
  cairn_caller_restore (before);
  return refuse (caller, error);
}

void
cairn_caller_restore (CairnFileRights *before)
{
  if (!before->has_changed)
    return;
  setfsuid (before->uid);
  setfsgid (before->gid);
  set_groups ((guint)before->n_groups, before->groups);
  g_clear_pointer (&before->groups, g_free);
  before->has_changed = FALSE;
}
