/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Source: qemu(1), "-object secret"; QEMU crypto/secret.c reads the file once, to its end. */
#include "tracker/qsd/key.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <cairn/error.h>

static gboolean
fill (int fd, GBytes *key, GError **error)
{
  gsize length;
  const void *bytes = g_bytes_get_data (key, &length);

  /* What a pipe takes at once, without a reader. */
  if (length > PIPE_BUF)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "the passphrase of an encrypted image has %zu bytes, and at most %d are "
                 "supported; choose a shorter one",
                 length, PIPE_BUF);
  else if (length > 0 && write (fd, bytes, length) != (ssize_t)length)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
                 "the passphrase of an encrypted image can't be handed to qemu-storage-daemon: %s; "
                 "try again",
                 g_strerror (errno));
  else
    return TRUE;
  return FALSE;
}

int
cairn_key_open (GBytes *key, GError **error)
{
  int ends[2], raised = -1;

  if (pipe2 (ends, O_CLOEXEC) == 0)
    {
      raised = fcntl (ends[0], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
      close (ends[0]);
      if (raised >= 0 && !fill (ends[1], key, error))
        {
          close (ends[1]);
          close (raised);
          return -1;
        }
      close (ends[1]);
    }
  if (raised < 0)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE,
                 "no pipe can be made for qemu-storage-daemon: %s; raise the limit of open files "
                 "(ulimit -n)",
                 g_strerror (errno));
  return raised;
}

char *
cairn_key_name (size_t index)
{
  return g_strdup_printf ("key%zu", index);
}

char *
cairn_key_option (size_t index, int fd)
{
  return g_strdup_printf ("secret,id=key%zu,file=/proc/self/fd/%d", index, fd);
}
