/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Instances of association classes. */
#include <string.h>

#include "cim/sources.h"

#define PAGE 256u

CimInstance *
cim_association_make (CimCall *call, const CimSource *source, const CimInstance *const ends[2])
{
  CimInstance *made = cim_instance_new (source->class);

  for (guint i = 0; i < 2; i++)
    cim_instance_set_path (made, source->association->roles[i],
                           cim_instance_make_path (ends[i], &made->arena));
  if (source->association->fill)
    source->association->fill (call, made, ends);
  return made;
}

/* The object at end 1 that PATH names, among those that END0 leads to. */
static CimInstance *
find_other (CimCall *call, const CimSource *source, const CimInstance *end0, const CimPath *path,
            GError **error)
{
  g_autofree char *after = NULL;
  guint n_given;

  do
    {
      g_autoptr (GPtrArray) others
          = g_ptr_array_new_with_free_func ((GDestroyNotify)cim_instance_unref);
      const CimPage page = { .after = after, .limit = PAGE };

      if (!cim_call_check_deadline (call, error)
          || !source->association->across[0](call, end0, &page, others, error))
        return NULL;
      for (guint i = 0; i < others->len; i++)
        if (cim_instance_has_keys (others->pdata[i], path))
          return cim_instance_ref (others->pdata[i]);
      n_given = others->len;
      g_free (after);
      after = n_given ? cim_instance_position (others->pdata[n_given - 1]) : NULL;
    }
  while (n_given >= PAGE);
  g_set_error_literal (error, CIM_ERROR, CIM_ERR_NOT_FOUND,
                       "the two objects aren't associated; enumerate the associations");
  return NULL;
}

CimInstance *
cim_association_get (CimBroker *broker, CimCall *call, const CimSource *source, const CimPath *path,
                     GError **error)
{
  const CimKey *keys[2];
  g_autoptr (CimInstance) first = NULL;
  g_autoptr (CimInstance) second = NULL;
  const CimInstance *ends[2];

  for (guint i = 0; i < 2; i++)
    {
      keys[i] = cim_path_find_key (path, source->association->roles[i]);
      if (keys[i] && keys[i]->path)
        continue;
      g_set_error (error, CIM_ERROR, CIM_ERR_INVALID_PARAMETER,
                   "%s is chosen by references %s and %s; give both", source->class->name,
                   source->association->roles[0], source->association->roles[1]);
      return NULL;
    }
  first = cim_broker_get (broker, call, keys[0]->path, error);
  second = first ? find_other (call, source, first, keys[1]->path, error) : NULL;
  if (!second)
    return NULL;
  ends[0] = first, ends[1] = second;
  return cim_association_make (call, source, ends);
}
