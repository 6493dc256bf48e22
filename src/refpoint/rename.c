/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Another label for a recovery checkpoint. */
#include "refpoint/rename.h"

#include "refpoint/create.h"

gboolean
cairn_service_rename_snapshot (CairnService *service, const char *snapshot, const char *label,
                               GError **error)
{
  const CairnCreateOptions named = { .label = label };
  int64_t deadline = cairn_service_start_call (service);
  g_autoptr (GPtrArray) points = g_ptr_array_new ();
  g_autoptr (CairnSnapshot) found = NULL;
  g_autoptr (CairnOperation) operation = NULL;
  CairnStoreChange change = { .replace_points = points };

  if (!cairn_create_check (&named, error))
    return FALSE;
  found = cairn_service_get_snapshot (service, snapshot, error);
  if (!found)
    return FALSE;
  operation = cairn_operation_begin_without_vm (service, found->point->vm_guid, deadline, error);
  if (!operation)
    return FALSE;
  /* Whoever had the VM's lock may have ended it. */
  g_clear_pointer (&found, cairn_snapshot_free);
  found = cairn_service_get_snapshot (service, snapshot, error);
  if (!found)
    return FALSE;
  g_free (found->point->label);
  found->point->label = g_strdup (label);
  g_ptr_array_add (points, found->point);
  change.put_snapshot = found;
  return cairn_service_apply (service, &change, error);
}
