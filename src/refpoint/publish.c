/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Several files take their places together, or none does. */
#include "refpoint/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cairn/error.h>

static gboolean
fail (const char *what, const char *path, GError **error)
{
  int saved_errno = errno;
  gboolean denied = saved_errno == EACCES || saved_errno == EPERM || saved_errno == EROFS;

  g_set_error (error, CAIRN_ERROR, denied ? CAIRN_ERROR_ACCESS_DENIED : CAIRN_ERROR_FAILED,
               "file '%s' can't be %s (%s); %s", path, what, g_strerror (saved_errno),
               denied ? "choose a directory that this user may write to"
                      : "free space or mend the file system, then try again");
  return FALSE;
}

char *
cairn_publish_temporary_name (const char *final_path, const char *id)
{
  g_autofree char *directory = g_path_get_dirname (final_path);
  g_autofree char *base = g_path_get_basename (final_path);

  return g_strdup_printf ("%s/.%s.%s.tmp", directory, base, id);
}

/* The second name of the file that was in the place before. */
static char *
kept_name (const char *temporary)
{
  return g_strconcat (temporary, ".old", NULL);
}

static gboolean
sync_directory (const char *path, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  int fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean ok = fd >= 0 && fsync (fd) == 0;

  if (!ok)
    fail ("made durable", directory, error);
  if (fd >= 0)
    close (fd);
  return ok;
}

int
cairn_publish_create (const CairnIntent *intent, guint index, mode_t mode,
                      const CairnCaller *caller, GError **error)
{
  const char *path = intent->temporary_files->pdata[index];
  CairnFileRights before;
  int fd;

  if (!cairn_caller_become (caller, &before, error))
    return -1;
  fd = open (path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
  if (fd < 0)
    fail ("created", path, error);
  cairn_caller_restore (&before);
  return fd;
}

gboolean
cairn_publish_close (int fd, const char *path, GError **error)
{
  gboolean ok = fsync (fd) == 0 || fail ("made durable", path, error);

  if (close (fd) != 0 && ok)
    return fail ("closed", path, error);
  return ok;
}

/* The kernel gives no second name to a file that is another user's. */
static gboolean
is_of_another (const char *path, const CairnCaller *caller)
{
  struct stat status;

  return lstat (path, &status) == 0 && status.st_uid != (caller ? caller->uid : geteuid ());
}

static gboolean
keep_earlier (const CairnIntent *intent, const CairnCaller *caller, GError **error)
{
  for (guint i = 0; i < intent->final_files->len; i++)
    {
      const char *final = intent->final_files->pdata[i];
      g_autofree char *kept = kept_name (intent->temporary_files->pdata[i]);

      if (link (final, kept) == 0 || errno == ENOENT)
        continue;
      if (errno == EPERM && is_of_another (final, caller))
        {
          g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_ACCESS_DENIED,
                       "file '%s' of an earlier export is another user's; remove it or choose "
                       "another directory",
                       final);
          return FALSE;
        }
      /* A file system without hard links (vfat, some network ones). */
      if (errno == EPERM || errno == EOPNOTSUPP || errno == EMLINK)
        {
          g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
                       "file '%s' of an earlier export can't be kept aside while it is replaced "
                       "(%s); remove it or choose another directory",
                       final, g_strerror (errno));
          return FALSE;
        }
      return fail ("kept aside", final, error);
    }
  return TRUE;
}

gboolean
cairn_publish_prepare (const CairnIntent *intent, const CairnCaller *caller, GError **error)
{
  CairnFileRights before;
  gboolean ok;

  if (!cairn_caller_become (caller, &before, error))
    return FALSE;
  ok = keep_earlier (intent, caller, error);
  cairn_caller_restore (&before);
  return ok;
}

/* Puts place INDEX back as it was before its rename. The new file gets its temporary name again, so
 * that recovery could still go either way. */
static gboolean
put_back (const CairnIntent *intent, guint index)
{
  const char *final = intent->final_files->pdata[index];
  const char *temporary = intent->temporary_files->pdata[index];
  g_autofree char *kept = kept_name (temporary);

  if (access (temporary, F_OK) == 0)
    return TRUE; /* was never renamed */
  return rename (final, temporary) == 0 && (rename (kept, final) == 0 || errno == ENOENT);
}

static void
unlink_kept (const CairnIntent *intent)
{
  for (guint i = 0; i < intent->temporary_files->len; i++)
    {
      g_autofree char *kept = kept_name (intent->temporary_files->pdata[i]);

      unlink (kept);
    }
}

static CairnPublished
rename_all (const CairnIntent *intent, GError **error)
{
  CairnPublished result = CAIRN_PUBLISHED_NONE;
  guint i;

  for (i = 0; i < intent->final_files->len; i++)
    if (rename (intent->temporary_files->pdata[i], intent->final_files->pdata[i]) != 0)
      {
        fail ("renamed into place", intent->final_files->pdata[i], error);
        break;
      }
  if (i == intent->final_files->len && sync_directory (intent->final_files->pdata[0], error))
    {
      unlink_kept (intent);
      return CAIRN_PUBLISHED_ALL;
    }
  for (guint k = 0; k < intent->final_files->len; k++)
    if (!put_back (intent, k))
      result = CAIRN_PUBLISHED_SOME;
  return result;
}

CairnPublished
cairn_publish_rename (const CairnIntent *intent, const CairnCaller *caller, GError **error)
{
  CairnPublished published;
  CairnFileRights before;

  if (!cairn_caller_become (caller, &before, error))
    return CAIRN_PUBLISHED_NONE;
  published = rename_all (intent, error);
  cairn_caller_restore (&before);
  return published;
}

gboolean
cairn_publish_finish (const CairnIntent *intent, GError **error)
{
  g_autofree char *directory
      = intent->final_files->len > 0 ? g_path_get_dirname (intent->final_files->pdata[0]) : NULL;

  /* A directory that is gone took its files with it. */
  if (!directory || !g_file_test (directory, G_FILE_TEST_IS_DIR))
    return TRUE;
  for (guint i = 0; i < intent->final_files->len; i++)
    if (rename (intent->temporary_files->pdata[i], intent->final_files->pdata[i]) != 0
        && errno != ENOENT)
      return fail ("renamed into place", intent->final_files->pdata[i], error);
  if (!sync_directory (intent->final_files->pdata[0], error))
    return FALSE;
  unlink_kept (intent);
  return TRUE;
}

static gboolean
remove_temporary (const CairnIntent *intent, GError **error)
{
  for (guint i = 0; i < intent->temporary_files->len; i++)
    if (unlink (intent->temporary_files->pdata[i]) != 0 && errno != ENOENT && errno != ENOTDIR)
      return fail ("removed", intent->temporary_files->pdata[i], error);
  unlink_kept (intent);
  return TRUE;
}

gboolean
cairn_publish_undo (const CairnIntent *intent, const CairnCaller *caller, GError **error)
{
  CairnFileRights before;
  gboolean ok;

  if (!cairn_caller_become (caller, &before, error))
    return FALSE;
  ok = remove_temporary (intent, error);
  cairn_caller_restore (&before);
  return ok;
}
