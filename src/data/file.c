/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pread() and pwrite() until all is done. */
#include "data/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

gboolean
cairn_data_fail (const char *path, const char *what, GError **error)
{
  gboolean denied = errno == EACCES || errno == EPERM || errno == EROFS;

  g_set_error (error, CAIRN_ERROR,
               denied            ? CAIRN_ERROR_ACCESS_DENIED
               : errno == ENOENT ? CAIRN_ERROR_FILE_NOT_FOUND
                                 : CAIRN_ERROR_FAILED,
               "file '%s' can't be %s (%s); %s", path, what, g_strerror (errno),
               denied            ? "give this user access to it"
               : errno == ENOENT ? "bring it back, or use another backup"
               : errno == ENOSPC ? "free space, then try again"
                                 : "mend the file system, then try again");
  return FALSE;
}

gboolean
cairn_data_refuse (GError **error, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_propagate_error (
      error, g_error_new_valist (CAIRN_ERROR, CAIRN_ERROR_INCORRECT_DATA_TYPE, format, arguments));
  va_end (arguments);
  return FALSE;
}

int
cairn_file_open (const char *path, uint64_t *size_bytes, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  struct stat status;

  if (fd < 0 || fstat (fd, &status) != 0)
    cairn_data_fail (path, "opened", error);
  else if (S_ISREG (status.st_mode))
    {
      *size_bytes = (uint64_t)status.st_size;
      return fd;
    }
  else
    cairn_data_refuse (error, "'%s' isn't a file; bring back the one that `cairn backup` wrote",
                       path);
  if (fd >= 0)
    close (fd);
  return -1;
}

gboolean
cairn_file_read (int fd, const char *path, uint64_t place, void *buffer, size_t n_bytes,
                 GError **error)
{
  char *to = buffer;

  while (n_bytes > 0)
    {
      ssize_t n = pread (fd, to, n_bytes, (off_t)place);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return cairn_data_fail (path, "read", error);
      if (n == 0)
        return cairn_data_refuse (
            error, "file '%s' is cut off; bring it back, or use another backup", path);
      to += n;
      place += (uint64_t)n;
      n_bytes -= (size_t)n;
    }
  return TRUE;
}

gboolean
cairn_file_reserve (int fd, const char *path, uint64_t size_bytes, GError **error)
{
  int rc;

  do
    rc = fallocate (fd, 0, 0, (off_t)size_bytes);
  while (rc != 0 && errno == EINTR);
  /* Anything else means that the file system can't reserve. */
  if (rc != 0 && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
    return cairn_data_fail (path, "written", error);
  return TRUE;
}

void
cairn_file_bypass_cache (int fd)
{
  int flags = fcntl (fd, F_GETFL);

  if (flags >= 0)
    fcntl (fd, F_SETFL, flags | O_DIRECT);
}

/* Some file systems take the flag, but no such write. Another thread may have found out, too. */
static gboolean
return_to_cache (int fd)
{
  int flags = fcntl (fd, F_GETFL);

  return flags >= 0 && fcntl (fd, F_SETFL, flags & ~O_DIRECT) == 0;
}

gboolean
cairn_file_write (int fd, const char *path, uint64_t place, const void *bytes, size_t n_bytes,
                  GError **error)
{
  const char *from = bytes;
  uint64_t begin = place;
  gboolean has_returned = FALSE;

  while (n_bytes > 0)
    {
      ssize_t n = pwrite (fd, from, n_bytes, (off_t)place);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0 && errno == EINVAL && !has_returned && (has_returned = return_to_cache (fd)))
        continue;
      if (n <= 0)
        return cairn_data_fail (path, "written", error);
      from += n;
      place += (uint64_t)n;
      n_bytes -= (size_t)n;
    }
  /* What is in the cache goes to the disk meanwhile, not only at the end. */
  sync_file_range (fd, (off_t)begin, (off_t)(place - begin), SYNC_FILE_RANGE_WRITE);
  return TRUE;
}

char *
cairn_file_read_small (int fd, const char *path, size_t limit_bytes, size_t *n_bytes,
                       GError **error)
{
  g_autofree char *text = NULL;
  struct stat status;

  if (fstat (fd, &status) != 0)
    return cairn_data_fail (path, "read", error), NULL;
  if (status.st_size > (off_t)limit_bytes)
    {
      cairn_data_refuse (error,
                         "file '%s' is larger than any that `cairn backup` writes; bring back the "
                         "one that it wrote",
                         path);
      return NULL;
    }
  *n_bytes = (size_t)status.st_size;
  text = g_malloc (*n_bytes + 1);
  text[*n_bytes] = '\0';
  return cairn_file_read (fd, path, 0, text, *n_bytes, error) ? g_steal_pointer (&text) : NULL;
}

void
cairn_data_file_clear (CairnDataFile *file)
{
  g_clear_pointer (&file->name, g_free);
  g_clear_pointer (&file->sha256, g_free);
}
