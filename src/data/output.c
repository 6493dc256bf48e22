/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files without names get theirs by a link from /proc. */
#include "data/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/file.h"

/* The temporary name: a dot, the name, this, digits, that. */
#define MARK     ".cairn-"
#define N_DIGITS 8
#define TAIL     ".tmp"

#define ATTEMPTS 10

static void
output_free (CairnOutput *output)
{
  if (output->temporary)
    unlink (output->temporary);
  if (output->fd >= 0)
    close (output->fd);
  g_free (output->final);
  g_free (output->temporary);
  g_free (output);
}

/* Of ours, and nobody holds its lock. */
static void
remove_left_over (const char *directory, const char *name)
{
  const char *mark = g_strrstr (name, MARK);
  g_autofree char *path = NULL;
  int fd;

  if (name[0] != '.' || !mark || strlen (mark) != strlen (MARK TAIL) + N_DIGITS
      || !g_str_has_suffix (name, TAIL))
    return;
  path = g_build_filename (directory, name, NULL);
  fd = open (path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0)
    return;
  if (flock (fd, LOCK_EX | LOCK_NB) == 0)
    unlink (path);
  close (fd);
}

static void
clean (const char *directory)
{
  GDir *names = g_dir_open (directory, 0, NULL);
  const char *name;

  while (names && (name = g_dir_read_name (names)))
    remove_left_over (directory, name);
  if (names)
    g_dir_close (names);
}

CairnOutputs *
cairn_outputs_new (const char *directory)
{
  CairnOutputs *outputs = g_new0 (CairnOutputs, 1);

  outputs->directory = g_strdup (directory);
  outputs->files = g_ptr_array_new_with_free_func ((GDestroyNotify)output_free);
  clean (directory);
  return outputs;
}

void
cairn_outputs_free (CairnOutputs *outputs)
{
  if (!outputs)
    return;
  g_ptr_array_unref (outputs->files);
  if (outputs->made_subdirectory)
    rmdir (outputs->subdirectory); /* stays when there is something in it */
  g_free (outputs->subdirectory);
  g_free (outputs->directory);
  g_free (outputs);
}

/* Whoever cleans up at this moment may have taken it for left over: then another name. */
static gboolean
create_named (CairnOutput *output, const char *directory, const char *name, GError **error)
{
  for (int attempt = 0; attempt < ATTEMPTS; attempt++)
    {
      g_autofree char *path
          = g_strdup_printf ("%s/.%s" MARK "%0*x" TAIL, directory, name, N_DIGITS, g_random_int ());
      int fd = open (path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, CAIRN_DATA_MODE);

      if (fd < 0 && errno != EEXIST)
        return cairn_data_fail (output->final, "created", error);
      if (fd >= 0 && flock (fd, LOCK_EX | LOCK_NB) == 0 && access (path, F_OK) == 0)
        {
          output->fd = fd;
          output->temporary = g_steal_pointer (&path);
          return TRUE;
        }
      if (fd >= 0)
        close (fd);
    }
  return cairn_data_fail (output->final, "created", error);
}

static gboolean
create (CairnOutput *output, const char *directory, const char *name, GError **error)
{
  output->fd = open (directory, O_TMPFILE | O_RDWR | O_CLOEXEC, CAIRN_DATA_MODE);
  if (output->fd >= 0)
    return TRUE;
  if (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL || errno == ENOENT)
    return create_named (output, directory, name, error);
  return cairn_data_fail (output->final, "created", error);
}

static gboolean
make_subdirectory (CairnOutputs *outputs, GError **error)
{
  outputs->made_subdirectory = mkdir (outputs->subdirectory, 0700) == 0;
  return outputs->made_subdirectory || errno == EEXIST
         || cairn_data_fail (outputs->subdirectory, "made", error);
}

static gboolean
fail_existing (const char *path, GError **error)
{
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "file '%s' is there already; remove it, or name another directory", path);
  return FALSE;
}

CairnOutput *
cairn_outputs_add (CairnOutputs *outputs, const char *subdirectory, const char *name,
                   GError **error)
{
  g_autofree char *directory = g_build_filename (outputs->directory, subdirectory, NULL);
  CairnOutput *output = g_new0 (CairnOutput, 1);
  struct stat status;

  output->fd = -1;
  output->final = g_build_filename (directory, name, NULL);
  g_ptr_array_add (outputs->files, output);
  if (lstat (output->final, &status) == 0)
    return fail_existing (output->final, error), NULL;
  if (subdirectory && !outputs->subdirectory)
    outputs->subdirectory = g_strdup (directory);
  if (!create (output, outputs->directory, name, error))
    return NULL;
  return output;
}

/* Unlike a rename, a link replaces nothing. Where there are no links, nobody else is to come
 * between. */
static gboolean
place (CairnOutput *output, GError **error)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", output->fd);
  gboolean done;

  if (output->temporary)
    done = renameat2 (AT_FDCWD, output->temporary, AT_FDCWD, output->final, RENAME_NOREPLACE) == 0
           || (errno == EINVAL && access (output->final, F_OK) != 0
               && rename (output->temporary, output->final) == 0);
  else
    done = linkat (AT_FDCWD, path, AT_FDCWD, output->final, AT_SYMLINK_FOLLOW) == 0;
  output->is_placed = done;
  if (done)
    g_clear_pointer (&output->temporary, g_free);
  else if (errno == EEXIST)
    return fail_existing (output->final, error);
  return done || cairn_data_fail (output->final, "put in its place", error);
}

static gboolean
sync_directory (const char *path, GError **error)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean ok = (fd >= 0 && fsync (fd) == 0) || cairn_data_fail (path, "made durable", error);

  if (fd >= 0)
    close (fd);
  return ok;
}

gboolean
cairn_outputs_place (CairnOutputs *outputs, GPtrArray *paths, GError **error)
{
  gboolean ok = TRUE;

  for (guint i = 0; ok && i < outputs->files->len; i++)
    {
      const CairnOutput *output = outputs->files->pdata[i];

      ok = fsync (output->fd) == 0 || cairn_data_fail (output->final, "made durable", error);
    }
  ok = ok && (!outputs->subdirectory || make_subdirectory (outputs, error));
  for (guint i = 0; ok && i < outputs->files->len; i++)
    ok = place (outputs->files->pdata[i], error);
  ok = ok && (!outputs->subdirectory || sync_directory (outputs->subdirectory, error))
       && sync_directory (outputs->directory, error);
  for (guint i = 0; i < outputs->files->len; i++)
    {
      const CairnOutput *output = outputs->files->pdata[i];

      if (ok)
        g_ptr_array_add (paths, g_strdup (output->final));
      else if (output->is_placed)
        unlink (output->final);
    }
  return ok;
}
