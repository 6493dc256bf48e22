/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* recover.c: a repaired copy: the file as it is, the pending log's bytes over it, the log emptied.
 */
#include "file.h"

#include "beside.h"
#include "checksum.h"
#include "error.h"
#include "output.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_PIECE_BYTES (1u << 20)

static gboolean
copy_run (const VmcxSource *source, const VmcxOutput *output, uint64_t from, uint64_t to,
          uint8_t *piece, GError **error)
{
  while (from < to)
    {
      size_t n = (size_t)MIN (COPY_PIECE_BYTES, to - from);

      /* The overlay comes with it: whatever is read is shown with the log applied. */
      if (!vmcx_source_read (source, from, piece, n, "file", error)
          || !vmcx_output_write (output, from, piece, n, error))
        return FALSE;
      from += n;
    }
  return TRUE;
}

/* Copies what isn't a hole; a 64 GiB file may hold a few KiB. */
static gboolean
copy_file (const VmcxSource *source, const VmcxOutput *output, GError **error)
{
  g_autofree uint8_t *piece = g_malloc (COPY_PIECE_BYTES);
  off_t from = 0, to;

  while ((uint64_t)from < source->length)
    {
      from = lseek (source->fd, from, SEEK_DATA);
      if (from < 0 && errno == ENXIO)
        return TRUE; /* a hole up to the end */
      if (from < 0)
        return vmcx_refuse_io (error, source->name, "look for its bytes", errno);
      to = lseek (source->fd, from, SEEK_HOLE);
      if (to < 0)
        return vmcx_refuse_io (error, source->name, "look for its holes", errno);
      if (!copy_run (source, output, (uint64_t)from, MIN ((uint64_t)to, source->length), piece,
                     error))
        return FALSE;
      from = to;
    }
  return TRUE;
}

typedef struct
{
  const VmcxOutput *output;
  GError **error;
} Replay;

static gboolean
replay_run (uint64_t offset, const uint8_t *bytes, size_t length, gpointer closure)
{
  const Replay *replay = closure;

  return vmcx_output_write (replay->output, offset, bytes, length, replay->error);
}

static gboolean
empty_log (const VmcxFile *file, const VmcxOutput *output, GError **error)
{
  uint8_t bytes[VMCX_LOG_HEADER_BYTES];
  VmcxCursor cursor = { bytes, bytes + sizeof bytes };
  VmcxLogHeader log;

  if (!vmcx_source_read (&file->source, file->header.log_offset, bytes, sizeof bytes, "log header",
                         error))
    return FALSE;
  vmcx_log_header_decode (&cursor, &log);
  log.n_pending = 0;
  vmcx_log_header_encode (&log, bytes);
  vmcx_checksum_seal (bytes, sizeof bytes, VMCX_LOG_CHECKSUM_AT);
  return vmcx_output_write (output, file->header.log_offset, bytes, sizeof bytes, error);
}

static gboolean
write_repaired (const VmcxFile *file, const VmcxOutput *output, GError **error)
{
  Replay replay = { output, error };

  if (!copy_file (&file->source, output, error)
      || !vmcx_output_resize (output, file->source.shown_length, error))
    return FALSE;
  if (file->n_pending == 0)
    return TRUE;
  return vmcx_overlay_foreach (file->source.overlay, replay_run, &replay)
         && empty_log (file, output, error);
}

gboolean
vmcx_recover (const char *in_path, const char *out_path, const VmcxLimits *limits, GError **error)
{
  g_autoptr (VmcxFile) file = NULL;
  g_auto (VmcxBeside) beside = { 0 };
  VmcxOutput output;
  struct stat there;

  if (!in_path || !out_path)
    return vmcx_refuse_null (error, G_STRFUNC, in_path ? "out_path" : "in_path");
  file = vmcx_file_open (in_path, limits, error);
  if (!file)
    return FALSE;
  if (lstat (out_path, &there) == 0)
    return vmcx_refuse_io (error, out_path, "create the file", EEXIST);
  if (!vmcx_beside_open (&beside, out_path, error))
    return FALSE;
  output = (VmcxOutput){ beside.fd, out_path };
  return write_repaired (file, &output, error)
         && vmcx_beside_commit (&beside, VMCX_BESIDE_NEW, error);
}
