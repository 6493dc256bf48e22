/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Backups verified and restored, by the module that wrote them. */
#include <cairn/backup.h>

#include <errno.h>
#include <unistd.h>

#include "refpoint/data.h"
#include "refpoint/module.h"
#include "refpoint/path.h"

typedef struct
{
  CairnProgressFunc progress;
  gpointer user;
  uint64_t total_bytes;
} Restoring;

static gboolean
tick (gpointer user, uint64_t done_bytes, GError **error)
{
  const Restoring *restoring = user;

  if (!restoring->progress
      || restoring->progress (done_bytes, restoring->total_bytes, restoring->user))
    return TRUE;
  g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
                       "reading the backups was stopped, as it was asked to; repeat the command");
  return FALSE;
}

static gboolean
check_paths (const char *const *directories, const char *to, GError **error)
{
  if (!directories || !*directories)
    {
      g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                           "no backup is named; give the directories that hold them");
      return FALSE;
    }
  for (; *directories; directories++)
    if (!cairn_path_check_syntax (*directories, "the backup's directory", error))
      return FALSE;
  return !to || cairn_path_check_syntax (to, "the directory to restore to", error);
}

static gboolean
make_directory (const char *path, GError **error)
{
  if (g_mkdir_with_parents (path, 0700) == 0)
    return TRUE;
  g_set_error (error, CAIRN_ERROR,
               errno == EACCES || errno == EROFS ? CAIRN_ERROR_ACCESS_DENIED
                                                 : CAIRN_ERROR_INVALID_PARAMETER,
               "directory '%s' can't be made (%s); name one that can", path, g_strerror (errno));
  return FALSE;
}

gboolean
cairn_backup_restore (const char *const *directories, const char *to, CairnProgressFunc progress,
                      gpointer user, GPtrArray **paths, GError **error)
{
  g_autoptr (GPtrArray) written = g_ptr_array_new_with_free_func (g_free);
  Restoring restoring = { .progress = progress, .user = user };
  const CairnDataTick told = { .tick = tick, .user = &restoring };
  const CairnDataModule *module;
  gboolean made;

  if (!check_paths (directories, to, error))
    return FALSE;
  module = cairn_module_symbol (CAIRN_DATA_MODULE, CAIRN_DATA_SYMBOL, error);
  made = to && access (to, F_OK) != 0;
  if (!module || (to && !make_directory (to, error)))
    return FALSE;
  if (!module->restore (directories, to, &told, &restoring.total_bytes, written, error))
    {
      if (made)
        rmdir (to);
      return FALSE;
    }
  if (paths)
    *paths = g_steal_pointer (&written);
  return TRUE;
}
