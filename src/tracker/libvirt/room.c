/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks at the file systems of scratch files. */
#include "tracker/libvirt/room.h"

#include <stdint.h>
#include <sys/statvfs.h>

#include <cairn/error.h>

/* What a guest may write between two looks; of a small file system its tenth has to do. */
#define RESERVE_BYTES (UINT64_C (1) << 30)
#define RESERVE_PART  10u

static gboolean
has_room (const char *directory)
{
  struct statvfs status;
  uint64_t reserve;

  if (statvfs (directory, &status) != 0)
    return TRUE; /* it isn't known */
  reserve = MIN (RESERVE_BYTES, (uint64_t)status.f_blocks * status.f_frsize / RESERVE_PART);
  return (uint64_t)status.f_bavail * status.f_frsize >= reserve;
}

gboolean
cairn_libvirt_room_check (const GPtrArray *directories, const char *vm, GError **error)
{
  for (guint i = 0; i < directories->len; i++)
    {
      const char *directory = directories->pdata[i];

      if (has_room (directory))
        continue;
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
                   "the file system of '%s' is nearly full, so VM '%s' can't be held any more: "
                   "what its guest overwrites is kept there, and its writes would fail; free room "
                   "there, then try again",
                   directory, vm);
      return FALSE;
    }
  return TRUE;
}
