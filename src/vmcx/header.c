/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* header.c: the two copies of the file header, and which of them counts. */
#include "file.h"

#include "checksum.h"
#include "error.h"

#define OBJECT "file header"

typedef struct
{
  VmcxHeader header;
  uint64_t offset;
  gboolean is_signed; /* the signature is there */
  gboolean is_valid;  /* and so is the checksum */
} Copy;

static gboolean
read_copy (const VmcxSource *source, uint64_t offset, Copy *copy, GError **error)
{
  uint8_t bytes[VMCX_HEADER_BYTES];
  VmcxCursor cursor = { bytes, bytes + sizeof bytes };

  *copy = (Copy){ .offset = offset };
  if (!vmcx_source_has (source, offset, sizeof bytes))
    return TRUE; /* the other copy may do */
  if (!vmcx_source_read (source, offset, bytes, sizeof bytes, OBJECT, error))
    return FALSE;
  vmcx_header_decode (&cursor, &copy->header);
  copy->is_signed = copy->header.signature == VMCX_HEADER_SIGNATURE;
  copy->is_valid
      = copy->is_signed
        && copy->header.checksum == vmcx_checksum (bytes, sizeof bytes, VMCX_HEADER_CHECKSUM_AT);
  return TRUE;
}

static gboolean
refuse_both (const VmcxSource *source, const Copy copies[2], GError **error)
{
  if (source->length < VMCX_HEADER_BYTES)
    return vmcx_refuse_damaged (
        error, source, 0, OBJECT,
        "the file is truncated: it has only 0x%" G_GINT64_MODIFIER "x bytes", source->length);
  if (!copies[0].is_signed && !copies[1].is_signed)
    return vmcx_refuse (error, VMCX_ERROR_FORMAT, source->name, 0, OBJECT,
                        "choose a .vmcx or .vmrs file", "it isn't that of a container");
  return vmcx_refuse_damaged (error, source, copies[0].is_signed ? 0 : copies[1].offset, OBJECT,
                              "its checksum doesn't match its bytes, and the other copy is no "
                              "better");
}

/* The newer of two valid copies, or NULL when they are equal. Neighbours are compared modulo 65536,
 * since the number wraps; others can't come from commits and are compared as they are. */
static const Copy *
newer_copy (const Copy *first, const Copy *second)
{
  uint16_t lead = (uint16_t)(first->header.sequence - second->header.sequence);

  if (lead == 0)
    return NULL;
  if (lead == 1)
    return first;
  if (lead == 0xffff)
    return second;
  return first->header.sequence > second->header.sequence ? first : second;
}

static gboolean
check_header (const VmcxSource *source, const VmcxHeader *header, uint64_t offset, GError **error)
{
  if (header->version != VMCX_VERSION)
    return vmcx_refuse (error, VMCX_ERROR_FORMAT, source->name, offset, OBJECT,
                        "convert it to 4.0 on a host that knows it",
                        "it says format version %u.%u, and only 4.0 is known", header->version >> 8,
                        header->version & 0xff);
  if (header->alignment < VMCX_ALIGNMENT_MIN || header->alignment > VMCX_ALIGNMENT_MAX
      || (header->alignment & (header->alignment - 1)) != 0)
    return vmcx_refuse_damaged (error, source, offset, OBJECT,
                                "its alignment 0x%x isn't a power of two from 0x%x to 0x%x",
                                header->alignment, VMCX_ALIGNMENT_MIN, VMCX_ALIGNMENT_MAX);
  if (header->log_offset % header->alignment != 0
      || header->log_offset < VMCX_ROOT_TABLE_OFFSET + (uint64_t)header->alignment)
    return vmcx_refuse_damaged (error, source, offset, OBJECT,
                                "its log offset 0x%" G_GINT64_MODIFIER
                                "x isn't a multiple of 0x%x behind the root object table",
                                header->log_offset, header->alignment);
  if (header->log_size % header->alignment != 0 || header->log_size <= header->log_header_size
      || header->log_size > INT64_MAX - MIN (header->log_offset, INT64_MAX))
    return vmcx_refuse_damaged (error, source, offset, OBJECT,
                                "its log size 0x%" G_GINT64_MODIFIER
                                "x isn't a multiple of 0x%x above the log's header area of 0x%x",
                                header->log_size, header->alignment, header->log_header_size);
  return TRUE;
}

gboolean
vmcx_file_read_header (VmcxFile *file, GError **error)
{
  const VmcxSource *source = &file->source;
  const Copy *chosen;
  Copy copies[2];

  if (!read_copy (source, 0, &copies[0], error)
      || !read_copy (source, VMCX_HEADER_COPY_DISTANCE, &copies[1], error))
    return FALSE;
  if (!copies[0].is_valid && !copies[1].is_valid)
    return refuse_both (source, copies, error);

  if (copies[0].is_valid && copies[1].is_valid)
    chosen = newer_copy (&copies[0], &copies[1]);
  else
    chosen = copies[0].is_valid ? &copies[0] : &copies[1];
  if (!chosen)
    return vmcx_refuse_damaged (error, source, 0, OBJECT,
                                "both copies have the sequence number %u, so neither is the newer",
                                copies[0].header.sequence);
  if (!check_header (source, &chosen->header, chosen->offset, error))
    return FALSE;
  file->header = chosen->header;
  file->header_offset = chosen->offset;
  return TRUE;
}
