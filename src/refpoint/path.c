/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checks and opens paths that a caller names. */
#include "refpoint/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include <cairn/error.h>

gboolean
cairn_path_check_syntax (const char *path, const char *what, GError **error)
{
  if (!path || !*path)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "the path of %s is empty; give an absolute one", what);
  else if (!g_path_is_absolute (path))
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "%s '%s' is relative; give an absolute path", what, path);
  else
    return TRUE;
  return FALSE;
}

/* PATH with every link of its existing part resolved; the rest is appended as it stands. */
static char *
resolve (const char *path)
{
  g_autofree char *head = g_canonicalize_filename (path, "/");
  g_autofree char *tail = g_strdup ("");

  for (;;)
    {
      char *real = realpath (head, NULL);
      g_autofree char *parent = NULL;
      g_autofree char *base = NULL;

      if (real)
        {
          char *whole = *tail ? g_build_filename (real, tail, NULL) : g_strdup (real);

          free (real);
          return whole;
        }
      if (g_str_equal (head, "/"))
        return g_build_filename ("/", tail, NULL);
      parent = g_path_get_dirname (head);
      base = g_path_get_basename (head);
      g_free (g_steal_pointer (&head));
      head = g_steal_pointer (&parent);
      if (*tail)
        {
          char *longer = g_build_filename (base, tail, NULL);

          g_free (tail);
          tail = longer;
        }
      else
        {
          g_free (tail);
          tail = g_steal_pointer (&base);
        }
    }
}

static gboolean
lies_in (const char *path, const char *directory)
{
  g_autofree char *real = resolve (directory);
  size_t length = strlen (real);

  if (g_str_equal (real, "/"))
    return TRUE;
  return strncmp (path, real, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

gboolean
cairn_path_check_allowed (const char *path, const char *const *directories, const char *what,
                          GError **error)
{
  g_autofree char *real = NULL;

  if (!directories)
    return TRUE;
  real = resolve (path);
  for (; *directories; directories++)
    if (lies_in (real, *directories))
      return TRUE;
  g_set_error (
      error, CAIRN_ERROR, CAIRN_ERROR_ACCESS_DENIED,
      "%s '%s' lies outside the directories that [paths] of the configuration allows; move "
      "it into one of them or add its directory there",
      what, path);
  return FALSE;
}

/* Asking for an id that can't be gives the one that counts for files, which may be a caller's. */
static void
set_open_error (const char *path, const char *what, int saved_errno, GError **error)
{
  switch (saved_errno)
    {
    case EACCES:
    case EPERM:
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_ACCESS_DENIED,
                   "%s '%s' may not be read by uid %u (%s); give that user read access", what, path,
                   (unsigned)setfsuid ((uid_t)-1), g_strerror (saved_errno));
      break;
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case ENXIO:
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                   "%s '%s' can't be opened (%s); check the path", what, path,
                   g_strerror (saved_errno));
      break;
    default:
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
                   "%s '%s' can't be opened (%s); mend that and try again", what, path,
                   g_strerror (saved_errno));
    }
}

int
cairn_path_open_regular (const char *path, const char *what, GError **error)
{
  struct stat status;
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

  if (fd < 0)
    {
      set_open_error (path, what, errno, error);
      return -1;
    }
  if (fstat (fd, &status) == 0 && S_ISREG (status.st_mode))
    return fd;
  close (fd);
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "%s '%s' is %s, not a file; give the path of an exported file", what, path,
               S_ISDIR (status.st_mode) ? "a directory" : "a device or special file");
  return -1;
}
