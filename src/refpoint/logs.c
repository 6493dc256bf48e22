/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where logs lie, and how they go. */
#include "refpoint/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "refpoint/publish.h"

#define LOGS_NAME "logs"

static gboolean
fail (const char *what, const char *path, GError **error)
{
  int saved_errno = errno;
  gboolean denied = saved_errno == EACCES || saved_errno == EPERM || saved_errno == EROFS;

  g_set_error (error, CAIRN_ERROR, denied ? CAIRN_ERROR_ACCESS_DENIED : CAIRN_ERROR_FAILED,
               "directory '%s', where the data of log-based points is kept, can't be %s (%s); %s",
               path, what, g_strerror (saved_errno),
               denied ? "run as the user whom it belongs to"
                      : "free space or mend the file system, then try again");
  return FALSE;
}

char *
cairn_logs_place (const CairnService *service, const char *guid)
{
  return g_build_filename (service->data_directory, LOGS_NAME, guid, NULL);
}

static gboolean
sync_directory (const char *path, GError **error)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean ok = fd >= 0 && fsync (fd) == 0;

  if (!ok)
    fail ("made durable", path, error);
  if (fd >= 0)
    close (fd);
  return ok;
}

gboolean
cairn_logs_make_room (const CairnService *service, GError **error)
{
  g_autofree char *logs = g_build_filename (service->data_directory, LOGS_NAME, NULL);

  if (access (logs, W_OK | X_OK) == 0)
    return TRUE;
  if (g_mkdir_with_parents (logs, 0700) != 0)
    return fail ("made", logs, error);
  return sync_directory (service->data_directory, error);
}

void
cairn_logs_name (const CairnService *service, const CairnPoint *point, CairnIntent *intent)
{
  char *place;

  if (point->type != CAIRN_POINT_TYPE_LOG || point->origin != CAIRN_ORIGIN_CREATED)
    return;
  place = cairn_logs_place (service, point->guid);
  g_ptr_array_add (intent->final_files, place);
  g_ptr_array_add (intent->temporary_files, cairn_publish_temporary_name (place, intent->id));
}

/* ---- put aside ---- */

static gboolean
sync_logs (const CairnIntent *intent, GError **error)
{
  g_autofree char *logs = NULL;

  if (intent->final_files->len == 0)
    return TRUE;
  logs = g_path_get_dirname (intent->final_files->pdata[0]);
  return access (logs, F_OK) != 0 || sync_directory (logs, error);
}

static gboolean
rename_all (const CairnIntent *intent, GError **error)
{
  for (guint i = 0; i < intent->final_files->len; i++)
    if (rename (intent->final_files->pdata[i], intent->temporary_files->pdata[i]) != 0
        && errno != ENOENT)
      return fail ("renamed", intent->final_files->pdata[i], error);
  return TRUE;
}

gboolean
cairn_logs_put_aside (const CairnIntent *intent, GError **error)
{
  if (rename_all (intent, error))
    return TRUE;
  cairn_logs_put_back (intent);
  return FALSE;
}

void
cairn_logs_put_back (const CairnIntent *intent)
{
  for (guint i = 0; i < intent->final_files->len; i++)
    if (rename (intent->temporary_files->pdata[i], intent->final_files->pdata[i]) != 0
        && errno != ENOENT)
      g_debug ("log '%s' keeps the name '%s': %s", (char *)intent->final_files->pdata[i],
               (char *)intent->temporary_files->pdata[i], g_strerror (errno));
  sync_logs (intent, NULL);
}

/* ---- removed ---- */

/* A log has no directories inside. */
static gboolean
remove_directory (const char *path, GError **error)
{
  g_autoptr (GDir) entries = g_dir_open (path, 0, NULL);
  const char *name;

  while (entries && (name = g_dir_read_name (entries)))
    {
      g_autofree char *file = g_build_filename (path, name, NULL);

      if (unlink (file) != 0 && errno != ENOENT)
        return fail ("emptied", path, error);
    }
  if (rmdir (path) != 0 && errno != ENOENT)
    return fail ("removed", path, error);
  return TRUE;
}

gboolean
cairn_logs_remove (const CairnIntent *intent, GError **error)
{
  if (!rename_all (intent, error))
    return FALSE;
  for (guint i = 0; i < intent->temporary_files->len; i++)
    if (!remove_directory (intent->temporary_files->pdata[i], error))
      return FALSE;
  return sync_logs (intent, error);
}
