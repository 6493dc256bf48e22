/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz-wql.c: any text as a WQL query and as an object path.
 *
 * Besides not crashing: a query that is accepted can be asked of an instance, and what it requires
 * of those that match is so; a path that is accepted is the same object when it is written and read
 * again. */
#include "target.h"

#include "cim/query.h"
#include "cim/schema.h"

#include <stdlib.h>
#include <string.h>

#define SERVER "HOST"

static void
require (gboolean condition)
{
  if (!condition)
    abort ();
}

static CimInstance *
make_instance (const char *class)
{
  CimInstance *instance
      = cim_instance_new (cim_schema_find (cim_schema_get (), CIM_IN_VIRTUALIZATION, class));

  for (guint i = 0; i < instance->class->n_properties; i++)
    {
      const CimProperty *property = instance->class->properties[i];

      if (property->flags & CIM_ARRAY)
        instance->values[i].is_set = TRUE;
      else if (property->type == CIM_STRING)
        cim_instance_set_text (instance, property->name, "Microsoft:6A0E\\0192");
      else if (property->type == CIM_DATETIME)
        cim_instance_set_time (instance, property->name, 1000);
      else if (property->type == CIM_REFERENCE)
        cim_instance_set_path (instance, property->name, &(CimPath){ .class_name = "C" });
      else
        cim_instance_set_number (instance, property->name, i);
    }
  return instance;
}

static void
ask (const CimQuery *query, const char *class)
{
  g_autoptr (CimInstance) instance = make_instance (class);
  gboolean matches;

  if (!cim_query_check (query, instance->class, NULL))
    return;
  matches = cim_query_matches (query, instance, SERVER);
  for (guint i = 0; matches && i < instance->class->n_properties; i++)
    {
      const CimProperty *property = instance->class->properties[i];
      const char *text = cim_query_required_text (query, property->name);

      if (text && property->type == CIM_STRING)
        require (g_ascii_strcasecmp (text, instance->values[i].text) == 0);
    }
}

static void
read_query (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CimQuery) query = cim_query_parse (text, &error);

  require (!query == (error != NULL));
  if (query && cim_query_kind (query) == CIM_QUERY_SELECT)
    {
      ask (query, "Msvm_ComputerSystem");
      ask (query, "Msvm_ReferencePointOfVirtualSystem");
    }
  else if (query)
    require (cim_query_association (query)->object->class_name != NULL);
}

static void
read_path (const char *text)
{
  g_auto (CairnArena) arena = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) written = g_string_new (NULL);
  const CimPath *path = cim_path_parse (&arena, text, &error), *again;

  require (!path == (error != NULL));
  if (!path)
    return;
  cim_path_append_full (written, path, SERVER, CIM_IN_VIRTUALIZATION);
  g_string_truncate (written, 0);
  cim_path_append (written, path);
  again = cim_path_parse (&arena, written->str, NULL);
  /* What nests references is longer when it is written: it may pass the limit. */
  require (again ? cim_path_equal (path, again) && cim_path_equal (again, path)
                 : written->len > strlen (text));
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size)
{
  g_autofree char *text = g_strndup ((const char *)bytes, size);

  read_query (text);
  read_path (text);
  return 0;
}
