/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Intents as values. */
#include "refpoint/intent.h"

#include "refpoint/guid.h"

CairnIntent *
cairn_intent_new (CairnIntentKind kind, const char *vm_guid)
{
  CairnIntent *intent = g_new0 (CairnIntent, 1);
  g_autofree char *id = g_uuid_string_random ();

  intent->id = g_ascii_strup (id, -1);
  intent->vm_guid = g_strdup (vm_guid);
  intent->kind = kind;
  intent->created_ms = g_get_real_time () / 1000;
  intent->point = g_strdup ("");
  intent->bitmap = g_strdup ("");
  intent->images = g_ptr_array_new_with_free_func (g_free);
  intent->temporary_files = g_ptr_array_new_with_free_func (g_free);
  intent->final_files = g_ptr_array_new_with_free_func (g_free);
  return intent;
}

CairnIntent *
cairn_intent_new_apart (CairnIntentKind kind)
{
  CairnIntent *intent = cairn_intent_new (kind, NULL);

  intent->vm_guid = g_strdup (intent->id);
  return intent;
}

gboolean
cairn_intent_is_apart (const CairnIntent *intent)
{
  return g_ascii_strcasecmp (intent->vm_guid, intent->id) == 0;
}

char *
cairn_intent_find_vm (const CairnIntent *intent)
{
  g_autofree char *vm = NULL;
  g_autofree char *point = NULL;

  if (cairn_intent_is_apart (intent) && cairn_instance_id_parse (intent->point, &vm, &point))
    return g_ascii_strup (vm, -1);
  return g_ascii_strup (intent->vm_guid, -1);
}

void
cairn_intent_set_point (CairnIntent *intent, const char *instance_id, const char *bitmap)
{
  g_free (intent->point);
  intent->point = g_strdup (instance_id);
  g_free (intent->bitmap);
  intent->bitmap = g_strdup (bitmap);
}

void
cairn_intent_free (CairnIntent *intent)
{
  if (!intent)
    return;
  g_free (intent->id);
  g_free (intent->vm_guid);
  g_free (intent->point);
  g_free (intent->bitmap);
  g_ptr_array_unref (intent->images);
  g_ptr_array_unref (intent->temporary_files);
  g_ptr_array_unref (intent->final_files);
  g_clear_pointer (&intent->detail, g_bytes_unref);
  g_free (intent);
}
