/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What providers share. */
#include "cim/provider.h"

#include <string.h>

static gint
compare (gconstpointer a, gconstpointer b)
{
  g_autofree char *left = cim_instance_position (*(CimInstance *const *)a);
  g_autofree char *right = cim_instance_position (*(CimInstance *const *)b);

  return strcmp (left, right);
}

void
cim_page_take (const CimPage *page, GPtrArray *all, GPtrArray *instances)
{
  guint n_taken = 0;

  g_ptr_array_sort (all, compare);
  for (guint i = 0; i < all->len && n_taken < page->limit; i++)
    {
      g_autofree char *position = page->after ? cim_instance_position (all->pdata[i]) : NULL;

      if (position && strcmp (position, page->after) <= 0)
        continue;
      g_ptr_array_add (instances, cim_instance_ref (all->pdata[i]));
      n_taken++;
    }
}
