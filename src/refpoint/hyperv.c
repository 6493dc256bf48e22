/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one point that a genuine Hyper-V configuration gives.
 *
 * Under which keys Hyper-V keeps its own points is not publicly known. What is known: who the VM is
 * and which drives it has (docs/vmcx.md). So its disks are kept without an anchor, its whole
 * configuration is carried along, and strings that look like change-tracking ids are shown.
 */
#include "refpoint/hyperv.h"

#include <string.h>

#include "refpoint/guid.h"
#include "refpoint/walk.h"

/* 100 ns ticks between 1601 and 1970, and 1970 and 2200: times outside are no times. */
#define FILETIME_EPOCH UINT64_C (116444736000000000)
#define FILETIME_END   (FILETIME_EPOCH + UINT64_C (7258000000) * 10000000)
/* Class of the IDE controller, whose instance is the same in every VM. */
#define IDE_INSTANCE "_83f8638b-8dca-4152-9eda-2ca8b33039b4_"
#define HINT_PREFIX  "rctX:"

/* ---- time and GUID ---- */

static uint64_t
filetime_of (const VmcxKey *key)
{
  g_autoptr (GBytes) bytes = NULL;
  int64_t number;
  uint64_t ticks = 0;

  if (vmcx_key_type (key) == VMCX_TYPE_INT && vmcx_key_get_int (key, &number, NULL) && number > 0)
    ticks = (uint64_t)number;
  else if (vmcx_key_type (key) == VMCX_TYPE_ARRAY)
    {
      bytes = vmcx_key_dup_array (key, NULL);
      if (bytes && g_bytes_get_size (bytes) == sizeof ticks)
        {
          memcpy (&ticks, g_bytes_get_data (bytes, NULL), sizeof ticks);
          ticks = GUINT64_FROM_LE (ticks);
        }
    }
  return ticks >= FILETIME_EPOCH && ticks < FILETIME_END ? ticks : 0;
}

static int64_t
latest_time_ms (const VmcxKey *properties)
{
  uint64_t latest = FILETIME_EPOCH;

  for (const VmcxKey *key = vmcx_key_first_child (properties); key; key = vmcx_key_next (key))
    latest = MAX (latest, filetime_of (key));
  return (int64_t)((latest - FILETIME_EPOCH) / 10000);
}

/* Length and bytes, so that no two trees give the same stream. */
static void
digest_bytes (GChecksum *checksum, const void *bytes, size_t length)
{
  uint64_t prefix = GUINT64_TO_LE ((uint64_t)length);

  g_checksum_update (checksum, (const guchar *)&prefix, sizeof prefix);
  g_checksum_update (checksum, bytes, (gssize)length);
}

static gboolean
digest_number (GChecksum *checksum, const VmcxKey *key)
{
  union
  {
    int64_t i;
    uint64_t u;
    double d;
    gboolean b;
  } value = { 0 };
  gboolean ok = vmcx_key_type (key) == VMCX_TYPE_INT    ? vmcx_key_get_int (key, &value.i, NULL)
                : vmcx_key_type (key) == VMCX_TYPE_UINT ? vmcx_key_get_uint (key, &value.u, NULL)
                : vmcx_key_type (key) == VMCX_TYPE_DOUBLE
                    ? vmcx_key_get_double (key, &value.d, NULL)
                    : vmcx_key_get_bool (key, &value.b, NULL);

  value.u = GUINT64_TO_LE (value.u);
  digest_bytes (checksum, &value, sizeof value);
  return ok;
}

/* Names, types and values in their order: how the file happens to store them doesn't count. */
static gboolean
digest_key (const VmcxKey *key, gpointer closure, GError **error)
{
  GChecksum *checksum = closure;
  uint8_t type = (uint8_t)vmcx_key_type (key);
  size_t n_units;
  g_autofree gunichar2 *units = NULL;
  g_autoptr (GBytes) bytes = NULL;

  digest_bytes (checksum, &type, 1);
  digest_bytes (checksum, vmcx_key_name (key), strlen (vmcx_key_name (key)));
  switch (vmcx_key_type (key))
    {
    case VMCX_TYPE_NODE:
      return TRUE;
    case VMCX_TYPE_STRING:
      units = vmcx_key_dup_utf16 (key, &n_units, error);
      if (units)
        digest_bytes (checksum, units, n_units * sizeof *units);
      return units != NULL;
    case VMCX_TYPE_ARRAY:
      bytes = vmcx_key_dup_array (key, error);
      if (bytes)
        digest_bytes (checksum, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
      return bytes != NULL;
    default:
      return digest_number (checksum, key);
    }
}

static char *
point_guid (const VmcxKey *root, const char *vm_guid, int64_t time_ms, GError **error)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  uint8_t digest[32];
  gsize length = sizeof digest;

  digest_bytes (checksum, vm_guid, strlen (vm_guid));
  if (!cairn_walk (root, digest_key, checksum, error))
    return NULL;
  g_checksum_get_digest (checksum, digest, &length);
  return cairn_guid_v7 (time_ms, digest);
}

/* ---- drives ---- */

static gboolean
collect_hint (const VmcxKey *key, gpointer closure, GError **error)
{
  g_autofree char *text
      = vmcx_key_type (key) == VMCX_TYPE_STRING ? vmcx_key_dup_string (key, NULL) : NULL;

  if (text && g_str_has_prefix (text, HINT_PREFIX))
    g_ptr_array_add (closure, g_steal_pointer (&text));
  return TRUE;
}

static char *
dup_child_string (const VmcxKey *node, const char *name)
{
  const VmcxKey *key = vmcx_key_lookup (node, name);

  return key && vmcx_key_type (key) == VMCX_TYPE_STRING ? vmcx_key_dup_string (key, NULL) : NULL;
}

/* The number at the end of "controller3" or "drive12". */
static gboolean
parse_number (const char *name, const char *prefix, unsigned *number)
{
  guint64 value;

  if (!g_str_has_prefix (name, prefix)
      || !g_ascii_string_to_unsigned (name + strlen (prefix), 10, 0, G_MAXUINT16, &value, NULL))
    return FALSE;
  *number = (unsigned)value;
  return TRUE;
}

/* Where a drive sits. */
typedef struct
{
  const char *vm_guid;
  char *instance_guid;
  char *prefix; /* "ide", or "scsi0", "scsi1" ...: controllers with an instance of their own */
  unsigned controller;
} Seat;

static void
add_drive (CairnPoint *point, const Seat *seat, const VmcxKey *drive)
{
  g_autofree char *type = dup_child_string (drive, "type");
  g_autofree char *path = dup_child_string (drive, "pathname");
  CairnAnchor *anchor;
  unsigned location;

  if (!parse_number (vmcx_key_name (drive), "drive", &location) || g_strcmp0 (type, "VHD") != 0
      || !path || !*path)
    return;
  anchor = cairn_anchor_new ();
  anchor->disk_identifier = cairn_disk_identifier_format (seat->vm_guid, seat->instance_guid,
                                                          seat->controller, location);
  anchor->target = g_strdup_printf ("%s-%u-%u", seat->prefix, seat->controller, location);
  anchor->path = g_steal_pointer (&path);
  anchor->format = g_strdup (g_str_has_suffix (anchor->path, ".vhd") ? "vpc" : "vhdx");
  cairn_walk (drive, collect_hint, anchor->tracking_hints, NULL);
  g_ptr_array_add (point->anchors, anchor);
}

/* A device instance "_GUID_" with controllers below it. Returns whether it had one. */
static gboolean
add_instance (CairnPoint *point, const char *vm_guid, const VmcxKey *instance, unsigned n_scsi)
{
  const char *name = vmcx_key_name (instance);
  size_t length = strlen (name);
  g_autofree char *bare = length > 2 ? g_strndup (name + 1, length - 2) : g_strdup ("");
  g_autofree char *guid = cairn_guid_normalize (bare);
  g_autofree char *prefix = g_ascii_strcasecmp (name, IDE_INSTANCE) == 0
                                ? g_strdup ("ide")
                                : g_strdup_printf ("scsi%u", n_scsi);
  Seat seat = { vm_guid, guid, prefix, 0 };
  gboolean found = FALSE;

  if (!guid || name[0] != '_')
    return FALSE;
  for (const VmcxKey *key = vmcx_key_first_child (instance); key; key = vmcx_key_next (key))
    if (vmcx_key_type (key) == VMCX_TYPE_NODE
        && parse_number (vmcx_key_name (key), "controller", &seat.controller))
      for (const VmcxKey *drive = vmcx_key_first_child (key); drive; drive = vmcx_key_next (drive))
        {
          guint before = point->anchors->len;

          add_drive (point, &seat, drive);
          found |= point->anchors->len > before;
        }
  return found && !g_str_equal (prefix, "ide");
}

CairnPoint *
cairn_hyperv_read_point (const CairnMetadataSource *source, const char *vm_guid, GError **error)
{
  const VmcxKey *root = vmcx_file_root (source->file);
  const VmcxKey *configuration = vmcx_key_lookup (root, "configuration");
  const VmcxKey *properties = vmcx_key_lookup (root, "configuration/properties");
  g_autoptr (CairnPoint) point = cairn_point_new ();
  g_autofree char *name = properties ? dup_child_string (properties, "name") : NULL;
  GError *cause = NULL;
  unsigned n_scsi = 0;

  point->creation_time_ms = properties ? latest_time_ms (properties) : 0;
  point->guid = point_guid (root, vm_guid, point->creation_time_ms, &cause);
  if (!point->guid)
    {
      cairn_metadata_propagate (error, cause);
      return NULL;
    }
  point->instance_id = cairn_instance_id_format (vm_guid, point->guid);
  point->origin = CAIRN_ORIGIN_HYPER_V;
  point->owner = g_strdup ("");
  point->label = g_strdup (name ? name : "");
  for (const VmcxKey *key = configuration ? vmcx_key_first_child (configuration) : NULL; key;
       key = vmcx_key_next (key))
    if (vmcx_key_type (key) == VMCX_TYPE_NODE && add_instance (point, vm_guid, key, n_scsi))
      n_scsi++;
  return g_steal_pointer (&point);
}
