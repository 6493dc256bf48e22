/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes and takes apart the identifiers of points, VMs and disks. */
#include "refpoint/guid.h"

#include <string.h>

#define GUID_LENGTH     36u
#define INSTANCE_PREFIX "Microsoft:"

char *
cairn_guid_normalize (const char *text)
{
  g_autofree char *bare = NULL;
  size_t length;

  if (!text)
    return NULL;
  length = strlen (text);
  if (length == GUID_LENGTH + 2 && text[0] == '{' && text[length - 1] == '}')
    bare = g_strndup (text + 1, GUID_LENGTH);
  else
    bare = g_strdup (text);
  return g_uuid_string_is_valid (bare) ? g_ascii_strup (bare, -1) : NULL;
}

char *
cairn_guid_random (void)
{
  g_autofree char *guid = g_uuid_string_random ();

  return g_ascii_strup (guid, -1);
}

char *
cairn_guid_derive (const char *base, const char *name)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char *text = NULL;
  const char *hex;

  g_checksum_update (checksum, (const guchar *)base, -1);
  g_checksum_update (checksum, (const guchar *)"\\", 1);
  g_checksum_update (checksum, (const guchar *)name, -1);
  hex = g_checksum_get_string (checksum);
  /* Variant 10. */
  text
      = g_strdup_printf ("%.8s-%.4s-8%.3s-8%.3s-%.12s", hex, hex + 8, hex + 13, hex + 17, hex + 20);
  return g_ascii_strup (text, -1);
}

char *
cairn_guid_v7 (int64_t time_ms, const uint8_t *entropy)
{
  uint8_t bytes[16];

  for (int i = 0; i < 6; i++)
    bytes[i] = (uint8_t)((uint64_t)time_ms >> (40 - 8 * i));
  if (entropy)
    memcpy (bytes + 6, entropy, 10);
  else
    {
      g_autofree char *source = cairn_guid_random ();

      /* The first 8 digits and the last 12 of a version 4 GUID are all random. */
      for (int i = 0; i < 10; i++)
        {
          const char *digits = i < 4 ? source + 2 * i : source + 24 + 2 * (i - 4);

          bytes[6 + i]
              = (uint8_t)(g_ascii_xdigit_value (digits[0]) * 16 + g_ascii_xdigit_value (digits[1]));
        }
    }
  bytes[6] = (uint8_t)(0x70 | (bytes[6] & 0x0f));
  bytes[8] = (uint8_t)(0x80 | (bytes[8] & 0x3f));
  return g_strdup_printf ("%02X%02X%02X%02X-%02X%02X-%02X%02X-%02X%02X-%02X%02X%02X%02X%02X%02X",
                          bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6],
                          bytes[7], bytes[8], bytes[9], bytes[10], bytes[11], bytes[12], bytes[13],
                          bytes[14], bytes[15]);
}

int64_t
cairn_guid_v7_time_ms (const char *guid)
{
  int64_t time_ms = 0;

  if (!g_uuid_string_is_valid (guid) || guid[14] != '7')
    return -1;
  for (int i = 0; i < 13; i++)
    if (guid[i] != '-')
      time_ms = time_ms * 16 + g_ascii_xdigit_value (guid[i]);
  return time_ms;
}

gboolean
cairn_guid_is_ours (const char *text)
{
  if (cairn_guid_v7_time_ms (text) < 0 || !strchr ("89AB", text[19]))
    return FALSE;
  for (const char *p = text; *p; p++)
    if (g_ascii_islower (*p))
      return FALSE;
  return TRUE;
}

char *
cairn_instance_id_format (const char *vm_guid, const char *point_guid)
{
  return g_strdup_printf (INSTANCE_PREFIX "%s\\%s", vm_guid, point_guid);
}

/* Splits "Microsoft:a\b\c" at its backslashes into exactly N_PARTS parts, or NULL. */
static char **
split_identifier (const char *identifier, guint n_parts)
{
  g_auto (GStrv) parts = NULL;

  if (!identifier
      || g_ascii_strncasecmp (identifier, INSTANCE_PREFIX, strlen (INSTANCE_PREFIX)) != 0)
    return NULL;
  parts = g_strsplit (identifier + strlen (INSTANCE_PREFIX), "\\", (int)n_parts + 1);
  return g_strv_length (parts) == n_parts ? g_steal_pointer (&parts) : NULL;
}

gboolean
cairn_instance_id_parse (const char *instance_id, char **vm_guid, char **point_guid)
{
  g_auto (GStrv) parts = split_identifier (instance_id, 2);
  g_autofree char *vm = parts ? cairn_guid_normalize (parts[0]) : NULL;
  g_autofree char *point = parts ? cairn_guid_normalize (parts[1]) : NULL;

  if (!vm || !point)
    return FALSE;
  if (vm_guid)
    *vm_guid = g_steal_pointer (&vm);
  if (point_guid)
    *point_guid = g_steal_pointer (&point);
  return TRUE;
}

char *
cairn_disk_identifier_format (const char *vm_guid, const char *controller_guid, unsigned controller,
                              unsigned location)
{
  return g_strdup_printf (INSTANCE_PREFIX "%s\\%s\\%u\\%u\\L", vm_guid, controller_guid, controller,
                          location);
}

gboolean
cairn_disk_identifier_parse (const char *identifier, char **controller_guid, unsigned *controller,
                             unsigned *location)
{
  g_auto (GStrv) parts = split_identifier (identifier, 5);
  g_autofree char *guid = parts ? cairn_guid_normalize (parts[1]) : NULL;
  guint64 numbers[2];

  if (!guid || g_ascii_strcasecmp (parts[4], "L") != 0)
    return FALSE;
  for (int i = 0; i < 2; i++)
    if (!g_ascii_string_to_unsigned (parts[2 + i], 10, 0, G_MAXUINT16, &numbers[i], NULL))
      return FALSE;
  *controller_guid = g_steal_pointer (&guid);
  *controller = (unsigned)numbers[0];
  *location = (unsigned)numbers[1];
  return TRUE;
}

char *
cairn_change_tracking_id_format (const char *point_guid, unsigned position)
{
  g_autofree char *guid = g_ascii_strdown (point_guid, -1);

  g_strdelimit (guid, "-", ':');
  return g_strdup_printf ("rctX:%s:%08x", guid, position + 1);
}

char *
cairn_change_tracking_id_guid (const char *id)
{
  g_autofree char *guid = NULL;

  if (!id || strlen (id) != 5 + GUID_LENGTH + 9 || strncmp (id, "rctX:", 5) != 0
      || id[5 + GUID_LENGTH] != ':')
    return NULL;
  guid = g_strndup (id + 5, GUID_LENGTH);
  if (strchr (guid, '-'))
    return NULL;
  g_strdelimit (guid, ":", '-');
  for (const char *p = id + 5 + GUID_LENGTH + 1; *p; p++)
    if (!g_ascii_isxdigit (*p))
      return NULL;
  return cairn_guid_normalize (guid);
}

gboolean
cairn_change_tracking_id_is_valid (const char *id)
{
  g_autofree char *guid = cairn_change_tracking_id_guid (id);

  return guid != NULL;
}
