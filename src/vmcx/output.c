/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* output.c: writing a file by position. */
#include "output.h"

#include "error.h"

#include <errno.h>
#include <unistd.h>

gboolean
vmcx_output_write (const VmcxOutput *output, uint64_t offset, const void *bytes, size_t length,
                   GError **error)
{
  const uint8_t *p = bytes;

  if (offset > (uint64_t)INT64_MAX - length)
    return vmcx_refuse_io (error, output->name, "write the file", EFBIG);
  while (length > 0)
    {
      ssize_t n = pwrite (output->fd, p, length, (off_t)offset);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return vmcx_refuse_io (error, output->name, "write the file", n < 0 ? errno : EIO);
      p += n;
      offset += (uint64_t)n;
      length -= (size_t)n;
    }
  return TRUE;
}

gboolean
vmcx_output_resize (const VmcxOutput *output, uint64_t length, GError **error)
{
  int result;

  do
    result = ftruncate (output->fd, (off_t)length);
  while (result < 0 && errno == EINTR);
  return result == 0 || vmcx_refuse_io (error, output->name, "set the file's length", errno);
}
