/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Visits every key of a container. */
#include "refpoint/walk.h"

/* The key after KEY and all below it, or NULL at the end of ROOT. */
static const VmcxKey *
skip (const VmcxKey *key, const VmcxKey *root)
{
  while (key != root)
    {
      const VmcxKey *next = vmcx_key_next (key);

      if (next)
        return next;
      key = vmcx_key_parent (key);
    }
  return NULL;
}

gboolean
cairn_walk (const VmcxKey *root, CairnWalkFunc visit, gpointer closure, GError **error)
{
  const VmcxKey *key = vmcx_key_first_child (root);

  while (key)
    {
      const VmcxKey *child;

      if (!visit (key, closure, error))
        return FALSE;
      child = vmcx_key_first_child (key);
      key = child ? child : skip (key, root);
    }
  return TRUE;
}
