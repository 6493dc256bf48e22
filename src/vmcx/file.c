/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* file.c: opening a container step by step. */
#include "file.h"

#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* A value is verified in pieces of this size, so that checking a file needs no memory for its
 * largest value. */
#define VERIFY_PIECE_BYTES (256u << 10)

void
vmcx_file_free (VmcxFile *file)
{
  if (!file)
    return;
  vmcx_slab_clear (&file->memory);
  g_free (file->tables);
  g_free (file->objects);
  vmcx_source_clear (&file->source);
  g_free (file);
}

uint64_t
vmcx_key_file_offset (const VmcxKey *key)
{
  return key->owner.table->offset + key->offset;
}

VmcxFile *
vmcx_file_open_fd (int fd, const char *name, const VmcxLimits *limits, GError **error)
{
  g_autoptr (VmcxFile) file = g_new0 (VmcxFile, 1);

  file->root.name = "";
  file->root.type = VMCX_TYPE_NODE;
  if (!vmcx_source_init (&file->source, fd, name ? name : "container", limits, error)
      || !vmcx_file_read_header (file, error) || !vmcx_file_read_log (file, error)
      || !vmcx_file_read_objects (file, error) || !vmcx_file_read_tables (file, error)
      || !vmcx_file_join_keys (file, error))
    return NULL;
  return g_steal_pointer (&file);
}

VmcxFile *
vmcx_file_open (const char *path, const VmcxLimits *limits, GError **error)
{
  VmcxFile *file;
  int fd;

  if (!path)
    return vmcx_refuse_null (error, G_STRFUNC, "path"), NULL;
  /* O_NONBLOCK: a named pipe must not hold us up; it has no meaning for regular files. */
  fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0)
    return vmcx_refuse_io (error, path, "open the file", errno), NULL;
  file = vmcx_file_open_fd (fd, path, limits, error);
  close (fd);
  return file;
}

const VmcxKey *
vmcx_file_root (const VmcxFile *file)
{
  return &file->root;
}

uint32_t
vmcx_file_n_pending (const VmcxFile *file)
{
  return file->n_pending;
}

static gboolean
verify_value (const VmcxFile *file, const VmcxKey *key, uint8_t *piece, GError **error)
{
  if (!vmcx_file_check_value_length (file, key, error))
    return FALSE;
  if (!(key->flags & VMCX_KEY_FLAG_FILE_OBJECT))
    return TRUE;
  for (uint32_t from = 0, n; from < key->length; from += n)
    {
      n = MIN (VERIFY_PIECE_BYTES, key->length - from);
      if (!vmcx_file_read_object (file, key, from, piece, n, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
vmcx_file_verify_values (const VmcxFile *file, GError **error)
{
  g_autofree uint8_t *piece = NULL;

  if (!file)
    return vmcx_refuse_null (error, G_STRFUNC, "file");
  piece = g_malloc (VERIFY_PIECE_BYTES);
  for (const VmcxKey *key = &file->root; key; key = vmcx_key_walk (&file->root, key))
    if (vmcx_key_has_bytes (key) && !verify_value (file, key, piece, error))
      return FALSE;
  return TRUE;
}
