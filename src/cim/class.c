/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks into resolved classes. */
#include "cim/class.h"

#include <string.h>

/* Longer than any name of ours; what is longer isn't one. */
#define NAME_BYTES_MAX 128

int
cim_class_find_property (const CimClass *class, const char *name)
{
  char lower[NAME_BYTES_MAX];
  size_t n = 0;

  for (; name[n] && n < sizeof lower - 1; n++)
    lower[n] = g_ascii_tolower (name[n]);
  lower[n] = '\0';
  return name[n] ? -1 : GPOINTER_TO_INT (g_hash_table_lookup (class->by_name, lower)) - 1;
}

const CimResolvedMethod *
cim_class_find_method (const CimClass *class, const char *name)
{
  for (guint i = 0; i < class->n_methods; i++)
    if (g_ascii_strcasecmp (class->methods[i].declared->name, name) == 0)
      return &class->methods[i];
  return NULL;
}

gboolean
cim_class_is_a (const CimClass *class, const CimClass *ancestor)
{
  while (class && class != ancestor)
    class = class->superclass;
  return class != NULL;
}

const char *
cim_values_find (const char *const *values, uint64_t value)
{
  char text[24];

  g_snprintf (text, sizeof text, "%" G_GUINT64_FORMAT, value);
  for (; values && *values; values += 2)
    if (g_str_equal (*values, text))
      return values[1];
  return NULL;
}
