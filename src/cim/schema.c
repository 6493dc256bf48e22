/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Declarations -> resolved classes. */
#include "cim/schema.h"

#include <string.h>

#include "cim/schema/tables.h"

#define N_NAMESPACES 2

static const struct
{
  unsigned flag;
  const char *name;
} namespaces[N_NAMESPACES] = {
  { CIM_IN_VIRTUALIZATION, CIM_NAMESPACE_VIRTUALIZATION },
  { CIM_IN_CIMV2, CIM_NAMESPACE_CIMV2 },
};

/* Of each namespace. One name may stand for different classes in them: the CIM classes of
 * root/cimv2 are older than those of root/virtualization/v2. */
struct CimSchema
{
  GHashTable *by_name[N_NAMESPACES]; /* lower-case name -> CimClass */
  GPtrArray *lists[N_NAMESPACES];    /* superclasses first */
};

static const CimDeclaration *
find_declaration (const char *name, unsigned namespace_flag)
{
  for (const CimDeclaration *const *family = cim_schema_families; *family; family++)
    for (const CimDeclaration *one = *family; one->name; one++)
      if ((one->flags & namespace_flag) && g_str_equal (one->name, name))
        return one;
  g_assert_not_reached (); /* our tables are wrong */
}

/* Appends property I of a table, or puts it in the place of the inherited one that it overrides. */
static void
take_property (CimClass *class, const CimProperty *property)
{
  int inherited = cim_class_find_property (class, property->name);
  guint i = inherited >= 0 ? (guint)inherited : class->n_properties++;

  class->properties[i] = property;
  class->origins[i] = class;
  g_hash_table_insert (class->by_name, g_ascii_strdown (property->name, -1),
                       GUINT_TO_POINTER (i + 1));
}

/* By their names, as WMI's object paths have them. */
static void
take_keys (CimClass *class)
{
  class->keys = g_new0 (guint, class->n_properties + 1);
  for (guint i = 0; i < class->n_properties; i++)
    if (class->properties[i]->flags & CIM_KEY)
      {
        guint at = class->n_keys++;

        for (; at > 0
               && strcmp (class->properties[class->keys[at - 1]]->name, class->properties[i]->name)
                      > 0;
             at--)
          class->keys[at] = class->keys[at - 1];
        class->keys[at] = i;
      }
}

static void
resolve_properties (CimClass *class, const CimProperty *declared, guint n)
{
  const CimClass *above = class->superclass;
  guint n_above = above ? above->n_properties : 0;

  class->properties = g_new0 (const CimProperty *, n_above + n + 1);
  class->origins = g_new0 (const CimClass *, n_above + n + 1);
  class->by_name = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < n_above; i++)
    {
      take_property (class, above->properties[i]);
      class->origins[i] = above->origins[i];
    }
  for (guint i = 0; i < n; i++)
    take_property (class, &declared[i]);

  take_keys (class);
}

static CimClass *
parameters_of (const CimMethod *method)
{
  CimClass *class = g_new0 (CimClass, 1);

  class->name = method->name;
  resolve_properties (class, method->parameters, method->n_parameters);
  return class;
}

static void
take_method (CimClass *class, const CimMethod *method)
{
  guint i = 0;

  while (i < class->n_methods
         && g_ascii_strcasecmp (class->methods[i].declared->name, method->name) != 0)
    i++;
  class->n_methods = MAX (class->n_methods, i + 1);
  class->methods[i] = (CimResolvedMethod){ method, class, parameters_of (method) };
}

static void
resolve_methods (CimClass *class, const CimDeclaration *declared)
{
  const CimClass *above = class->superclass;
  guint n_above = above ? above->n_methods : 0;

  class->methods = g_new0 (CimResolvedMethod, n_above + declared->n_methods + 1);
  for (; class->n_methods < n_above; class->n_methods++)
    class->methods[class->n_methods] = above->methods[class->n_methods];
  for (guint i = 0; i < declared->n_methods; i++)
    take_method (class, &declared->methods[i]);
}

/* What derives from it is in the same namespaces, and isn't abstract by inheritance. */
static unsigned
inherited_flags (const CimClass *above)
{
  return above ? above->flags & CIM_ASSOCIATION : 0;
}

/* As it is in one namespace. */
static CimClass *
resolve (CimSchema *schema, guint namespace, const CimDeclaration *declared)
{
  g_autofree char *key = g_ascii_strdown (declared->name, -1);
  CimClass *class = g_hash_table_lookup (schema->by_name[namespace], key);

  if (class)
    return class;
  class = g_new0 (CimClass, 1);
  class->name = declared->name;
  class->declaration = declared;
  class->subclasses = g_ptr_array_new ();
  if (declared->superclass)
    {
      CimClass *above = resolve (
          schema, namespace, find_declaration (declared->superclass, namespaces[namespace].flag));

      class->superclass = above;
      g_ptr_array_add (above->subclasses, class);
    }
  class->flags = declared->flags | inherited_flags (class->superclass);
  resolve_properties (class, declared->properties, declared->n_properties);
  resolve_methods (class, declared);
  g_hash_table_insert (schema->by_name[namespace], g_steal_pointer (&key), class);
  g_ptr_array_add (schema->lists[namespace], class);
  return class;
}

static CimSchema *
make (void)
{
  CimSchema *schema = g_new0 (CimSchema, 1);

  for (guint i = 0; i < N_NAMESPACES; i++)
    {
      schema->by_name[i] = g_hash_table_new (g_str_hash, g_str_equal);
      schema->lists[i] = g_ptr_array_new ();
      for (const CimDeclaration *const *family = cim_schema_families; *family; family++)
        for (const CimDeclaration *one = *family; one->name; one++)
          if (one->flags & namespaces[i].flag)
            resolve (schema, i, one);
    }
  return schema;
}

const CimSchema *
cim_schema_get (void)
{
  static CimSchema *schema;

  if (g_once_init_enter (&schema))
    g_once_init_leave (&schema, make ());
  return schema;
}

unsigned
cim_namespace_parse (const char *name)
{
  while (*name == '/' || *name == '\\')
    name++;
  for (guint i = 0; i < G_N_ELEMENTS (namespaces); i++)
    {
      const char *expected = namespaces[i].name, *at = name;

      while (*expected && (g_ascii_tolower (*at) == *expected || (*expected == '/' && *at == '\\')))
        expected++, at++;
      if (!*expected && !*at)
        return namespaces[i].flag;
    }
  return 0;
}

const char *
cim_namespace_name (unsigned namespace_flag)
{
  for (guint i = 0; i < G_N_ELEMENTS (namespaces); i++)
    if (namespaces[i].flag == namespace_flag)
      return namespaces[i].name;
  return NULL;
}

static int
namespace_index (unsigned namespace_flag)
{
  for (int i = 0; i < N_NAMESPACES; i++)
    if (namespaces[i].flag == namespace_flag)
      return i;
  return -1;
}

const CimClass *
cim_schema_find (const CimSchema *schema, unsigned namespace_flag, const char *name)
{
  g_autofree char *key = g_ascii_strdown (name, -1);
  int i = namespace_index (namespace_flag);

  return i < 0 ? NULL : g_hash_table_lookup (schema->by_name[i], key);
}

const GPtrArray *
cim_schema_list (const CimSchema *schema, unsigned namespace_flag)
{
  int i = namespace_index (namespace_flag);

  return i < 0 ? NULL : schema->lists[i];
}
