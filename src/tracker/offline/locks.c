/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asks for QEMU's lock bytes without taking them. */
#include "tracker/offline/locks.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <cairn/error.h>

#define WRITE_PERMISSION_BYTE  101
#define RESIZE_PERMISSION_BYTE 103

gboolean
cairn_image_lock_is_held (int fd, gboolean *held, GError **error)
{
  struct flock wanted = {
    .l_type = F_WRLCK,
    .l_whence = SEEK_SET,
    .l_start = WRITE_PERMISSION_BYTE,
    .l_len = RESIZE_PERMISSION_BYTE - WRITE_PERMISSION_BYTE + 1,
  };

  if (fcntl (fd, F_OFD_GETLK, &wanted) != 0)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
                   "the file system can't tell whether the image is open elsewhere (%s); move it "
                   "to one with file locks",
                   g_strerror (errno));
      return FALSE;
    }
  *held = wanted.l_type != F_UNLCK;
  return TRUE;
}
