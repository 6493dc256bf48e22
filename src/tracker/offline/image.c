/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens images and names what is wrong with them. */
#include "tracker/offline/image.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "tracker/offline/format.h"
#include "tracker/offline/locks.h"

static void G_GNUC_PRINTF (3, 4)
    refuse (CairnImage *image, CairnVerdict verdict, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_free (image->reason);
  image->reason = g_strdup_vprintf (format, arguments);
  image->verdict = verdict;
  va_end (arguments);
}

static int
errno_to_code (int number)
{
  if (number == ENOENT || number == ENOTDIR)
    return CAIRN_ERROR_FILE_NOT_FOUND;
  if (number == EACCES || number == EPERM)
    return CAIRN_ERROR_ACCESS_DENIED;
  if (number == EMFILE || number == ENFILE)
    return CAIRN_ERROR_SYSTEM_NOT_AVAILABLE;
  return CAIRN_ERROR_FAILED;
}

int
cairn_image_open_file (const char *path, uint64_t *file_bytes, GError **error)
{
  /* Non-blocking: opening a FIFO must not wait for its writer. */
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  struct stat status;
  off_t end;

  if (fd < 0)
    {
      int number = errno;

      g_set_error_literal (error, CAIRN_ERROR, errno_to_code (number), g_strerror (number));
      return -1;
    }
  if (fstat (fd, &status) != 0 || (!S_ISREG (status.st_mode) && !S_ISBLK (status.st_mode)))
    {
      g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
                           "it is neither a regular file nor a block device");
      close (fd);
      return -1;
    }
  /* The size of a block device is where its end is. */
  end = lseek (fd, 0, SEEK_END);
  if (end < 0)
    {
      g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_FAILED, g_strerror (errno));
      close (fd);
      return -1;
    }
  *file_bytes = (uint64_t)end;
  return fd;
}

static gboolean
open_or_refuse (CairnImage *image, uint64_t *file_bytes)
{
  g_autoptr (GError) error = NULL;

  image->fd = cairn_image_open_file (image->path, file_bytes, &error);
  if (image->fd >= 0 && fstat (image->fd, &image->status) == 0)
    return TRUE;
  if (g_error_matches (error, CAIRN_ERROR, CAIRN_ERROR_FILE_NOT_FOUND))
    refuse (image, CAIRN_VERDICT_NO_FILE,
            "image '%s' doesn't exist; restore it, or correct the disk's path", image->path);
  else if (g_error_matches (error, CAIRN_ERROR, CAIRN_ERROR_ACCESS_DENIED))
    refuse (image, CAIRN_VERDICT_UNREADABLE,
            "image '%s' can't be opened (%s); give this user read access to it", image->path,
            error->message);
  else if (g_error_matches (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE))
    refuse (image, CAIRN_VERDICT_UNREADABLE,
            "image '%s' can't be opened (%s); raise the limit of open files (ulimit -n)",
            image->path, error->message);
  else
    refuse (image, CAIRN_VERDICT_UNREADABLE,
            "image '%s' can't be opened (%s); correct the disk's path or repair the storage",
            image->path, error ? error->message : g_strerror (errno));
  return FALSE;
}

/* TRUE when the lock bytes are free. */
static gboolean
check_lock (CairnImage *image)
{
  g_autoptr (GError) error = NULL;
  gboolean held;

  if (!cairn_image_lock_is_held (image->fd, &held, &error))
    refuse (image, CAIRN_VERDICT_UNREADABLE, "image '%s' can't be judged: %s", image->path,
            error->message);
  else if (held)
    refuse (image, CAIRN_VERDICT_BUSY, CAIRN_BUSY_REASON, image->path);
  return image->verdict == CAIRN_VERDICT_TRACKED;
}

static void
read_qcow2 (CairnImage *image, uint64_t file_bytes)
{
  g_autoptr (GError) error = NULL;

  image->qcow2 = cairn_qcow2_new (image->fd, file_bytes, &error);
  if (g_error_matches (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED))
    image->unknown = g_strdup (error->message);
  else if (error)
    refuse (image, CAIRN_VERDICT_UNREADABLE,
            "image '%s' is damaged: %s; restore it, or repair it with 'qemu-img check -r all', "
            "then " CAIRN_START_OVER,
            image->path, error->message);
  else if (image->qcow2->version < 3)
    refuse (image, CAIRN_VERDICT_UNSUPPORTED_FORMAT,
            "image '%s' is qcow2 version 2, which can't keep bitmaps; upgrade it with 'qemu-img "
            "amend -f qcow2 -o compat=1.1'",
            image->path);
}

CairnImage *
cairn_image_open (const char *path)
{
  CairnImage *image = g_new0 (CairnImage, 1);
  uint64_t file_bytes;

  image->path = g_strdup (path ? path : "");
  image->fd = -1;
  image->format = "";
  image->reason = g_strdup ("");
  image->verdict = CAIRN_VERDICT_TRACKED;
  if (!open_or_refuse (image, &file_bytes))
    return image;
  image->format = cairn_format_detect (image->fd, file_bytes, &image->virtual_size_bytes);
  if (strcmp (image->format, "qcow2") != 0)
    refuse (image, CAIRN_VERDICT_UNSUPPORTED_FORMAT,
            "image '%s' has the format %s, which can't keep bitmaps; convert it with 'qemu-img "
            "convert -O qcow2'",
            image->path, image->format);
  else if (check_lock (image))
    read_qcow2 (image, file_bytes);
  return image;
}

CairnImageState
cairn_image_state (const CairnImage *image)
{
  struct stat now;
  gboolean held = FALSE;

  if (image->fd < 0)
    return CAIRN_IMAGE_SETTLED;
  if (!cairn_image_lock_is_held (image->fd, &held, NULL) || held)
    return CAIRN_IMAGE_BUSY;
  if (fstat (image->fd, &now) != 0 || now.st_size != image->status.st_size
      || now.st_mtim.tv_sec != image->status.st_mtim.tv_sec
      || now.st_mtim.tv_nsec != image->status.st_mtim.tv_nsec)
    return CAIRN_IMAGE_CHANGED;
  return CAIRN_IMAGE_SETTLED;
}

void
cairn_image_free (CairnImage *image)
{
  if (!image)
    return;
  if (image->fd >= 0)
    close (image->fd);
  cairn_qcow2_free (image->qcow2);
  g_free (image->path);
  g_free (image->reason);
  g_free (image->unknown);
  g_free (image);
}
