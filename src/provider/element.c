/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What instances have in common. */
#include "provider/element.h"

#include <string.h>

#include "cim/schema.h"
#include "provider/backend.h"
#include "refpoint/guid.h"

#define GUID_LENGTH 36

char *
cairn_setting_id (const char *vm_guid)
{
  return g_strconcat (CAIRN_SETTING_PREFIX, vm_guid, NULL);
}

char *
cairn_setting_vm_guid (const char *instance_id)
{
  size_t prefix = strlen (CAIRN_SETTING_PREFIX);
  g_autofree char *text = NULL;

  if (!instance_id || g_ascii_strncasecmp (instance_id, CAIRN_SETTING_PREFIX, prefix) != 0)
    return NULL;
  text = g_strndup (instance_id + prefix, GUID_LENGTH);
  return cairn_guid_normalize (text);
}

void
cairn_element_set_ok (CimInstance *instance)
{
  static const uint64_t ok[] = { 2 };
  static const char *const texts[] = { "Operating normally" };

  cim_instance_set_numbers (instance, "OperationalStatus", ok, 1);
  cim_instance_set_texts (instance, "StatusDescriptions", texts, 1);
  cim_instance_set_text (instance, "Status", "OK");
  cim_instance_set_number (instance, "HealthState", 5);
}

void
cairn_element_set_enabled (CimInstance *instance, guint enabled_state)
{
  cim_instance_set_number (instance, "EnabledState", enabled_state);
  cim_instance_set_number (instance, "EnabledDefault", 2);
  cim_instance_set_number (instance, "RequestedState", 12);       /* not applicable */
  cim_instance_set_number (instance, "TransitioningToState", 12); /* the same */
}

void
cairn_element_set_names (CimInstance *instance, const char *caption, const char *description,
                         const char *element_name)
{
  cim_instance_set_text (instance, "Caption", caption);
  cim_instance_set_text (instance, "Description", description);
  cim_instance_set_text (instance, "ElementName", element_name);
}

char *
cairn_element_full_path (CimCall *call, const char *class_name, const char *key, const char *value)
{
  const CimKey keys[] = { { .name = key, .text = value } };
  const CimPath path = { .class_name = class_name, .keys = keys, .n_keys = 1 };
  GString *text = g_string_new (NULL);

  cim_path_append_full (text, &path, cairn_backend_server (cairn_backend_of (call)),
                        CIM_IN_VIRTUALIZATION);
  return g_string_free (text, FALSE);
}

char *
cairn_page_required_key (const CimPage *page, const char *name)
{
  const char *text = page->required ? page->required (page->query, name) : NULL;
  CairnArena arena = { 0 };
  const CimPath *path;
  char *key = NULL;

  if (text || !page->required)
    return g_strdup (text);
  text = page->required (page->query, "__PATH");
  path = text ? cim_path_parse (&arena, text, NULL) : NULL;
  if (path)
    key = g_strdup (cim_path_key_text (path, name));
  cairn_arena_clear (&arena);
  return key;
}

const CimClass *
cairn_class_find (const char *name)
{
  const CimClass *class = cim_schema_find (cim_schema_get (), CIM_IN_VIRTUALIZATION, name);

  g_assert (class); /* our own tables */
  return class;
}

CimInstance *
cairn_element_not_found (const CimPath *path, GError **error)
{
  g_set_error (error, CIM_ERROR, CIM_ERR_NOT_FOUND,
               "there is no such instance of %.100s; enumerate the class for those there are",
               path->class_name);
  return NULL;
}
