/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which providers and associations have the instances of a class. */
#include "cim/sources.h"

static const unsigned namespace_flags[] = { CIM_IN_VIRTUALIZATION, CIM_IN_CIMV2 };

static void
free_list (CimSourceList *list)
{
  g_array_unref (list->sources);
  g_free (list);
}

/* SOURCE has instances of its class, and so of every class above that. */
static void
add (GHashTable *sources, const CimSource *source)
{
  gboolean is_quick = source->provider ? source->provider->is_quick : source->association->is_quick;

  for (const CimClass *class = source->class; class; class = class->superclass)
    {
      CimSourceList *list = g_hash_table_lookup (sources, class);

      if (!list)
        {
          list = g_new0 (CimSourceList, 1);
          list->sources = g_array_new (FALSE, FALSE, sizeof (CimSource));
          list->is_quick = TRUE;
          g_hash_table_insert (sources, (gpointer) class, list);
        }
      g_array_append_val (list->sources, *source);
      list->is_quick = list->is_quick && is_quick;
    }
}

static const CimClass *
class_of (const CimSchema *schema, const char *name)
{
  const CimClass *class = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (namespace_flags) && !class; i++)
    class = cim_schema_find (schema, namespace_flags[i], name);
  g_assert (class); /* a provider of a class that isn't declared */
  return class;
}

GHashTable *
cim_sources_collect (const CimSchema *schema, const CimProviders *providers)
{
  GHashTable *sources
      = g_hash_table_new_full (g_direct_hash, g_direct_equal, NULL, (GDestroyNotify)free_list);

  for (const CimProvider *const *p = providers->providers; *p; p++)
    add (sources, &(CimSource){ .class = class_of (schema, (*p)->class_name), .provider = *p });
  for (const CimAssociation *const *p = providers->associations; *p; p++)
    add (sources, &(CimSource){ .class = class_of (schema, (*p)->class_name), .association = *p });
  return sources;
}

const CimSourceList *
cim_sources_of (const CimBroker *broker, const CimClass *class)
{
  static CimSourceList none = { NULL, TRUE };
  const CimSourceList *list = g_hash_table_lookup (broker->sources, class);

  if (list)
    return list;
  if (g_once_init_enter (&none.sources))
    g_once_init_leave (&none.sources, g_array_new (FALSE, FALSE, sizeof (CimSource)));
  return &none;
}
