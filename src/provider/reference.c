/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* References among arguments. */
#include "provider/reference.h"

#include <string.h>

#include <cairn/error.h>

#include "provider/snapshots.h"
#include "refpoint/guid.h"

char *
cairn_reference_plain (const char *text)
{
  GString *plain = g_string_sized_new (strlen (text));

  for (; *text; text++)
    {
      g_string_append_c (plain, *text);
      if (text[0] == '\\' && text[1] == '\\')
        text++;
    }
  return g_string_free (plain, FALSE);
}

/* The text of KEY of argument NAME, which must refer to an object of CLASS_NAME here. */
static const char *
key_of (CimCall *call, const CimInstance *in, const char *name, const char *class_name,
        const char *key, GError **error)
{
  const CimPath *path = cim_instance_path_value (in, name);
  const char *server = cairn_backend_server (cairn_backend_of (call));
  const char *text = path ? cim_path_key_text (path, key) : NULL;

  if (!path)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "%s is missing; give a reference to an instance of %s", name, class_name);
  else if (path->namespace_ && cim_namespace_parse (path->namespace_) != CIM_IN_VIRTUALIZATION)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "%s refers to an object in namespace '%.100s'; give one of %s "
                 "in " CIM_NAMESPACE_VIRTUALIZATION,
                 name, path->namespace_, class_name);
  else if (g_ascii_strcasecmp (path->class_name, class_name) != 0)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "%s refers to an object of class %.100s; give one of %s", name, path->class_name,
                 class_name);
  else if (path->server && !g_str_equal (path->server, ".")
           && g_ascii_strcasecmp (path->server, "localhost") != 0
           && g_ascii_strcasecmp (path->server, server) != 0)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "%s refers to an object of host '%.100s', and this is %s; ask that host", name,
                 path->server, server);
  else if (!text)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "%s has no key %s; give the keys of %s", name, key, class_name);
  else
    return text;
  return NULL;
}

char *
cairn_reference_vm (CimCall *call, const CimInstance *in, const char *name, GError **error)
{
  const char *text = key_of (call, in, name, CAIRN_SYSTEM_CLASS, "Name", error);
  char *guid = text ? cairn_guid_normalize (text) : NULL;

  if (text && !guid)
    g_set_error (
        error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
        "%s has Name '%.100s', which is no GUID; give the Name of a VM's " CAIRN_SYSTEM_CLASS, name,
        text);
  return guid;
}

char *
cairn_reference_snapshot (CimCall *call, const CimInstance *in, const char *name, GError **error)
{
  return g_strdup (key_of (call, in, name, CAIRN_SETTINGS_CLASS, "InstanceID", error));
}

char *
cairn_reference_in_text (const CimInstance *settings, const char *name, const char *class_name,
                         GError **error)
{
  const char *text = cim_instance_text (settings, name);
  g_auto (CairnArena) arena = { 0 };
  const CimPath *path = text && *text ? cim_path_parse (&arena, text, error) : NULL;
  const char *id = path ? cim_path_key_text (path, "InstanceID") : NULL;

  if (!text || !*text || !path)
    return NULL;
  if (id && g_ascii_strcasecmp (path->class_name, class_name) == 0)
    return cairn_reference_plain (id);
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "%s '%.200s' isn't the path of a %s; give one with its InstanceID", name, text,
               class_name);
  return NULL;
}

char *
cairn_reference_point (CimCall *call, const CimInstance *in, const char *name, GError **error)
{
  const char *text = key_of (call, in, name, CAIRN_POINT_CLASS, "InstanceID", error);
  g_autofree char *id = text ? cairn_reference_plain (text) : NULL;
  g_autoptr (GError) cause = NULL;
  g_autoptr (CimInstance) point
      = id ? cairn_catalogue_get (cairn_backend_catalogue (cairn_backend_of (call)), id, &cause)
           : NULL;

  if (!id)
    return NULL;
  /* Both keys choose it: one that isn't the point's own is somebody's mistake. */
  if (point && cim_instance_has_keys (point, cim_instance_path_value (in, name)))
    return g_steal_pointer (&id);
  if (cause)
    g_propagate_error (error, g_steal_pointer (&cause));
  else
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "%s: there is no reference point '%.200s'%s; enumerate " CAIRN_POINT_CLASS
                 " for those there are",
                 name, id, point ? " of that VirtualSystemIdentifier" : "");
  return NULL;
}

void
cairn_reference_set (CimInstance *out, const char *name, const char *class_name, const CimKey *keys,
                     guint n_keys)
{
  const CimPath path = { .class_name = class_name, .keys = keys, .n_keys = n_keys };

  cim_instance_set_path (out, name, &path);
}
