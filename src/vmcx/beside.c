/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* beside.c: write beside, fsync, rename, fsync the directory. */
#include "beside.h"

#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file name has at most 255 bytes; this many of NAME leave room for the rest. */
#define NAME_BYTES_KEPT 200
#define NAME_TRIES      100

static char *
temporary_name (const char *name)
{
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  char tail[7] = "";

  for (size_t i = 0; i < 6; i++)
    tail[i] = letters[g_random_int_range (0, (gint32)sizeof letters - 1)];
  return g_strdup_printf (".%.*s.%s.tmp", NAME_BYTES_KEPT, name, tail);
}

/* Not mkostemp: its files are for the owner alone, whatever the umask says. */
static gboolean
create_temporary (VmcxBeside *beside, GError **error)
{
  for (int i = 0; i < NAME_TRIES; i++)
    {
      g_autofree char *name = temporary_name (beside->name);

      beside->fd = openat (beside->directory, name,
                           O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
      if (beside->fd >= 0)
        {
          beside->temporary = g_steal_pointer (&name);
          return TRUE;
        }
      if (errno != EEXIST && errno != EINTR)
        break;
    }
  return vmcx_refuse_io (error, beside->path, "create a file beside it", errno);
}

gboolean
vmcx_beside_open (VmcxBeside *beside, const char *path, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  struct stat old;

  *beside = (VmcxBeside){
    .fd = -1, .directory = -1, .path = g_strdup (path), .name = g_path_get_basename (path)
  };
  if (path[0] == '\0' || g_str_has_suffix (path, "/"))
    return vmcx_refuse_io (error, path, "create the file", path[0] == '\0' ? ENOENT : EISDIR);
  beside->directory = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (beside->directory < 0)
    return vmcx_refuse_io (error, path, "open its directory", errno);
  if (!create_temporary (beside, error))
    return FALSE;
  if (fstatat (beside->directory, beside->name, &old, AT_SYMLINK_NOFOLLOW) == 0
      && S_ISREG (old.st_mode) && fchmod (beside->fd, old.st_mode & 07777) < 0)
    return vmcx_refuse_io (error, path, "keep its permissions", errno);
  return TRUE;
}

static int
sync_fd (int fd)
{
  int result;

  do
    result = fsync (fd);
  while (result < 0 && errno == EINTR);
  return result;
}

/* Not every file system can refuse to replace in rename; a second link then does the same. */
static int
rename_new (VmcxBeside *beside)
{
  int result = renameat2 (beside->directory, beside->temporary, beside->directory, beside->name,
                          RENAME_NOREPLACE);

  if (result < 0 && (errno == EINVAL || errno == ENOSYS))
    {
      result = linkat (beside->directory, beside->temporary, beside->directory, beside->name, 0);
      if (result == 0)
        unlinkat (beside->directory, beside->temporary, 0);
    }
  return result;
}

gboolean
vmcx_beside_commit (VmcxBeside *beside, VmcxBesideMode mode, GError **error)
{
  struct stat old;
  gboolean is_new;
  int result;

  if (sync_fd (beside->fd) < 0)
    return vmcx_refuse_io (error, beside->path, "flush the file", errno);
  is_new = fstatat (beside->directory, beside->name, &old, AT_SYMLINK_NOFOLLOW) < 0;
  if (mode == VMCX_BESIDE_NEW)
    result = rename_new (beside);
  else
    result = renameat (beside->directory, beside->temporary, beside->directory, beside->name);
  if (result < 0)
    return vmcx_refuse_io (error, beside->path, "move the new file to its place", errno);
  g_clear_pointer (&beside->temporary, g_free);

  /* EINVAL: the file system has nothing to flush for a directory. */
  if (sync_fd (beside->directory) < 0 && errno != EINVAL)
    {
      int errnum = errno;

      if (is_new)
        unlinkat (beside->directory, beside->name, 0);
      return vmcx_refuse_io (error, beside->path, "flush its directory", errnum);
    }
  return TRUE;
}

void
vmcx_beside_clear (VmcxBeside *beside)
{
  if (!beside->path)
    return;
  if (beside->temporary)
    unlinkat (beside->directory, beside->temporary, 0);
  if (beside->fd >= 0)
    close (beside->fd);
  if (beside->directory >= 0)
    close (beside->directory);
  g_clear_pointer (&beside->temporary, g_free);
  g_clear_pointer (&beside->name, g_free);
  g_clear_pointer (&beside->path, g_free);
}
