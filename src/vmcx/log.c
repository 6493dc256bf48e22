/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* log.c: the replay log. A pending one is verified whole before any of it is shown; entries from
 * n_pending on are left over from older commits and never looked at. */
#include "file.h"

#include "checksum.h"
#include "error.h"

typedef struct
{
  const VmcxSource *source;
  const VmcxHeader *header;
  uint8_t *entries; /* as stored */
  VmcxPatch *patches;
  uint8_t *storage; /* all entries' bytes, one behind the other */
  size_t n_storage;
  uint32_t n;
} Replay;

static void
replay_clear (Replay *replay)
{
  g_free (replay->entries);
  g_free (replay->patches);
  g_free (replay->storage);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Replay, replay_clear)

static uint64_t
entry_offset (const VmcxHeader *header, uint32_t i)
{
  return header->log_offset + VMCX_LOG_HEADER_BYTES + (uint64_t)i * VMCX_LOG_ENTRY_BYTES;
}

static gboolean
read_log_header (const VmcxSource *source, const VmcxHeader *header, VmcxLogHeader *log,
                 GError **error)
{
  uint64_t at = header->log_offset;
  uint8_t bytes[VMCX_LOG_HEADER_BYTES];
  VmcxCursor cursor = { bytes, bytes + sizeof bytes };

  if (!vmcx_source_read (source, at, bytes, sizeof bytes, "log header", error))
    return FALSE;
  vmcx_log_header_decode (&cursor, log);
  if (log->signature != VMCX_LOG_SIGNATURE)
    return vmcx_refuse_damaged (error, source, at, "log header", "its signature is 0x%08x",
                                log->signature);
  if (log->checksum != vmcx_checksum (bytes, sizeof bytes, VMCX_LOG_CHECKSUM_AT))
    return vmcx_refuse_damaged (error, source, at, "log header",
                                "its checksum doesn't match its bytes");
  if (log->max_entries == 0
      || log->max_entries * (uint64_t)VMCX_LOG_ENTRY_BYTES + VMCX_LOG_HEADER_BYTES
             > header->log_header_size)
    return vmcx_refuse_damaged (error, source, at, "log header",
                                "its maximum of %u entries is none or more than fit 0x%x bytes",
                                log->max_entries, header->log_header_size);
  if (log->n_pending > log->max_entries)
    return vmcx_refuse_damaged (error, source, at, "log header",
                                "it has %u pending entries and room for %u", log->n_pending,
                                log->max_entries);
  return TRUE;
}

static gboolean
charge_log (const Replay *replay, uint64_t *n_bytes, uint64_t more, uint64_t offset, GError **error)
{
  if (more > replay->source->limits.log_bytes - *n_bytes)
    return vmcx_refuse (error, VMCX_ERROR_LIMIT, replay->source->name, offset, "replay log",
                        VMCX_REMEDY_LIMIT,
                        "it brings the pending bytes to 0x%" G_GINT64_MODIFIER
                        "x, more than the limit of 0x%" G_GINT64_MODIFIER "x",
                        *n_bytes + more, replay->source->limits.log_bytes);
  *n_bytes += more;
  return TRUE;
}

/* The highest end of a target: the end of file or log, plus as much again as the log may hold. */
static uint64_t
target_limit (const Replay *replay)
{
  const VmcxHeader *header = replay->header;
  uint64_t end = MAX (replay->source->length, header->log_offset + header->log_size);

  return end > INT64_MAX - header->log_size ? INT64_MAX : end + header->log_size;
}

static gboolean
check_entry (const Replay *replay, uint32_t i, const VmcxLogEntry *entry, GError **error)
{
  const VmcxSource *source = replay->source;
  const VmcxHeader *header = replay->header;
  uint64_t at = entry_offset (header, i), limit = target_limit (replay);
  const char *object = "log entry";

  if (entry->size == 0)
    return vmcx_refuse_damaged (error, source, at, object, "it changes no bytes");
  if (entry->position < header->log_header_size || entry->position > header->log_size
      || entry->size > header->log_size - entry->position)
    return vmcx_refuse_damaged (error, source, at, object,
                                "its 0x%x bytes at log position 0x%" G_GINT64_MODIFIER
                                "x lie outside the log's bytes",
                                entry->size, entry->position);
  if (entry->target < VMCX_ROOT_TABLE_OFFSET)
    return vmcx_refuse_damaged (error, source, at, object,
                                "its target 0x%" G_GINT64_MODIFIER "x lies in the file headers",
                                entry->target);
  if (entry->target > limit || entry->size > limit - entry->target)
    return vmcx_refuse_damaged (error, source, at, object,
                                "its target 0x%" G_GINT64_MODIFIER "x lies far behind the file",
                                entry->target);
  if (entry->target < header->log_offset + header->log_size
      && entry->target + entry->size > header->log_offset)
    return vmcx_refuse_damaged (error, source, at, object,
                                "its target 0x%" G_GINT64_MODIFIER "x lies in the log itself",
                                entry->target);
  return TRUE;
}

/* Checks everything about the entries themselves, limits first; finds where their bytes will go. */
static gboolean
read_entries (Replay *replay, GError **error)
{
  VmcxCursor cursor
      = { replay->entries, replay->entries + (size_t)replay->n * VMCX_LOG_ENTRY_BYTES };
  uint64_t n_bytes = (uint64_t)replay->n * VMCX_LOG_ENTRY_BYTES;

  for (uint32_t i = 0; i < replay->n; i++)
    {
      const uint8_t *raw = cursor.p;
      uint64_t at = entry_offset (replay->header, i);
      VmcxLogEntry entry;

      vmcx_log_entry_decode (&cursor, &entry);
      if (entry.checksum != vmcx_checksum (raw, VMCX_LOG_ENTRY_BYTES, VMCX_LOG_ENTRY_CHECKSUM_AT))
        return vmcx_refuse_damaged (error, replay->source, at, "log entry",
                                    "its checksum doesn't match its bytes");
      if (!charge_log (replay, &n_bytes, entry.size, at, error)
          || !check_entry (replay, i, &entry, error))
        return FALSE;
      replay->patches[i] = (VmcxPatch){ .target = entry.target, .length = entry.size };
      replay->n_storage += entry.size;
    }
  return TRUE;
}

/* Fetches every entry's bytes and verifies them. */
static gboolean
read_bytes (Replay *replay, GError **error)
{
  VmcxCursor cursor
      = { replay->entries, replay->entries + (size_t)replay->n * VMCX_LOG_ENTRY_BYTES };
  uint8_t *target = replay->storage;

  for (uint32_t i = 0; i < replay->n; i++)
    {
      VmcxLogEntry entry;
      uint64_t at;

      vmcx_log_entry_decode (&cursor, &entry);
      at = replay->header->log_offset + entry.position;
      if (!vmcx_source_read (replay->source, at, target, entry.size, "log bytes", error))
        return FALSE;
      if (entry.bytes_checksum != vmcx_checksum_plain (target, entry.size))
        return vmcx_refuse_damaged (error, replay->source, at, "log bytes",
                                    "their checksum doesn't match them");
      replay->patches[i].bytes = target;
      target += entry.size;
    }
  return TRUE;
}

static gboolean
refuse_memory (const Replay *replay, GError **error)
{
  return vmcx_refuse (error, VMCX_ERROR_NO_MEMORY, replay->source->name, replay->header->log_offset,
                      "replay log", "free some memory and try again",
                      "there is no memory for %u entries", replay->n);
}

static gboolean
verify_replay (Replay *replay, GError **error)
{
  size_t n_entry_bytes = (size_t)replay->n * VMCX_LOG_ENTRY_BYTES;
  uint64_t charged = 0;

  if (!charge_log (replay, &charged, n_entry_bytes, replay->header->log_offset, error))
    return FALSE;
  if (!vmcx_source_has (replay->source, entry_offset (replay->header, 0), n_entry_bytes))
    return vmcx_refuse_damaged (error, replay->source, entry_offset (replay->header, 0),
                                "log entries", "the file is truncated: it ends before entry %u",
                                replay->n);
  replay->entries = g_try_malloc (n_entry_bytes);
  replay->patches = g_try_new (VmcxPatch, replay->n);
  if (!replay->entries || !replay->patches)
    return refuse_memory (replay, error);
  if (!vmcx_source_read (replay->source, entry_offset (replay->header, 0), replay->entries,
                         n_entry_bytes, "log entries", error)
      || !read_entries (replay, error))
    return FALSE;
  replay->storage = g_try_malloc (replay->n_storage);
  if (!replay->storage)
    return refuse_memory (replay, error);
  return read_bytes (replay, error);
}

static void
show_replay (VmcxSource *source, Replay *replay)
{
  for (uint32_t i = 0; i < replay->n; i++)
    source->shown_length
        = MAX (source->shown_length, replay->patches[i].target + replay->patches[i].length);
}

gboolean
vmcx_file_read_log (VmcxFile *file, GError **error)
{
  g_auto (Replay) replay = { .source = &file->source, .header = &file->header };
  VmcxLogHeader log;

  if (!read_log_header (&file->source, &file->header, &log, error))
    return FALSE;
  if (log.n_pending == 0)
    return TRUE;
  replay.n = log.n_pending;
  if (!verify_replay (&replay, error))
    return FALSE;

  file->source.overlay = vmcx_overlay_new (replay.patches, replay.n, replay.storage);
  if (!file->source.overlay)
    return refuse_memory (&replay, error);
  replay.storage = NULL; /* the overlay's now */
  show_replay (&file->source, &replay);
  file->n_pending = log.n_pending;
  return TRUE;
}
