/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* source.c: reading a container by position. */
#include "source.h"

#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Genuine files have tens of KiB of tables and at most as much log; 64 MiB is a thousand times that
 * and still small beside the memory of a machine that runs VMs. */
#define DEFAULT_TABLE_BYTES (64u << 20)
#define DEFAULT_LOG_BYTES   (64u << 20)
#define DEFAULT_VALUE_BYTES (64u << 20)

static VmcxLimits
filled_limits (const VmcxLimits *limits)
{
  VmcxLimits filled = limits ? *limits : (VmcxLimits){ 0 };

  if (filled.table_bytes == 0)
    filled.table_bytes = DEFAULT_TABLE_BYTES;
  if (filled.log_bytes == 0)
    filled.log_bytes = DEFAULT_LOG_BYTES;
  if (filled.value_bytes == 0)
    filled.value_bytes = DEFAULT_VALUE_BYTES;
  return filled;
}

gboolean
vmcx_source_init (VmcxSource *source, int fd, const char *name, const VmcxLimits *limits,
                  GError **error)
{
  struct stat status;
  int owned;

  if (fstat (fd, &status) < 0)
    return vmcx_refuse_io (error, name, "look at the file", errno);
  if (!S_ISREG (status.st_mode))
    return vmcx_refuse_io (error, name, "read it as a regular file",
                           S_ISDIR (status.st_mode) ? EISDIR : EINVAL);
  owned = fcntl (fd, F_DUPFD_CLOEXEC, 0);
  if (owned < 0)
    return vmcx_refuse_io (error, name, "duplicate the descriptor", errno);

  *source = (VmcxSource){ .fd = owned,
                          .name = g_strdup (name),
                          .length = (uint64_t)status.st_size,
                          .shown_length = (uint64_t)status.st_size,
                          .limits = filled_limits (limits) };
  return TRUE;
}

void
vmcx_source_clear (VmcxSource *source)
{
  if (!source->name)
    return;
  close (source->fd);
  g_clear_pointer (&source->name, g_free);
  g_clear_pointer (&source->overlay, vmcx_overlay_free);
}

gboolean
vmcx_source_has (const VmcxSource *source, uint64_t offset, uint64_t length)
{
  return offset <= source->shown_length && length <= source->shown_length - offset;
}

gboolean
vmcx_source_charge_tables (VmcxSource *source, uint64_t bytes, uint64_t offset, const char *object,
                           GError **error)
{
  if (bytes > source->limits.table_bytes - source->n_table_bytes)
    return vmcx_refuse (error, VMCX_ERROR_LIMIT, source->name, offset, object, VMCX_REMEDY_LIMIT,
                        "it brings the tables to 0x%" G_GINT64_MODIFIER
                        "x bytes, more than the limit of 0x%" G_GINT64_MODIFIER "x",
                        source->n_table_bytes + bytes, source->limits.table_bytes);
  source->n_table_bytes += bytes;
  return TRUE;
}

/* Reads what the file itself holds of the range; bytes past its end (but shown, because a pending
 * log makes the file grow) are zeros. */
static gboolean
read_file (const VmcxSource *source, uint64_t offset, uint8_t *target, size_t length,
           GError **error)
{
  while (length > 0)
    {
      ssize_t n
          = offset < source->length
                ? pread (source->fd, target, MIN (length, source->length - offset), (off_t)offset)
                : 0;

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return vmcx_refuse_io (error, source->name, "read the file", errno);
      if (n == 0 && offset < source->length)
        return vmcx_refuse_damaged (error, source, offset, "file",
                                    "it became shorter while it was read");
      if (n == 0)
        n = (ssize_t)length, memset (target, 0, length);
      target += n;
      offset += (uint64_t)n;
      length -= (size_t)n;
    }
  return TRUE;
}

gboolean
vmcx_source_read (const VmcxSource *source, uint64_t offset, void *target, size_t length,
                  const char *object, GError **error)
{
  if (!vmcx_source_has (source, offset, length))
    return vmcx_refuse_damaged (error, source, offset, object,
                                "the file is truncated: it has 0x%" G_GINT64_MODIFIER
                                "x bytes and 0x%" G_GSIZE_MODIFIER "x are needed here",
                                source->shown_length, length);
  if (!read_file (source, offset, target, length, error))
    return FALSE;
  if (source->overlay)
    vmcx_overlay_apply (source->overlay, offset, target, length);
  return TRUE;
}
