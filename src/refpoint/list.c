/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reference points with what holds for their disks now. */
#include "refpoint/attachment.h"
#include "refpoint/newcomer.h"
#include "refpoint/operation.h"

/* Points of one VM, which may be gone. */
static gboolean
append_states (CairnService *service, const CairnVm *vm, GPtrArray *points, GPtrArray *states,
               int64_t deadline, GError **error)
{
  g_autoptr (GPtrArray) judged = NULL;

  if (vm)
    cairn_service_settle (service, vm, deadline);
  judged = cairn_points_judge (service, vm, points, deadline, error);
  if (!judged)
    return FALSE;
  cairn_newcomers_append_to_all (service, vm, judged);
  g_ptr_array_extend_and_steal (states, g_steal_pointer (&judged));
  return TRUE;
}

GPtrArray *
cairn_service_list_reference_points (CairnService *service, const char *name, GError **error)
{
  int64_t deadline = cairn_service_start_call (service);
  g_autoptr (CairnVm) vm = NULL;
  g_autoptr (GPtrArray) points = NULL;
  g_autoptr (GPtrArray) states
      = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_point_state_free);

  if (name)
    {
      vm = cairn_service_find_vm (service, name, error);
      if (!vm)
        return NULL;
    }
  points = service->store->ops->list_points (service->store, vm ? vm->guid : NULL, error);
  if (!points)
    return NULL;
  for (guint first = 0; first < points->len;)
    {
      const char *guid = ((CairnPoint *)points->pdata[first])->vm_guid;
      g_autoptr (GPtrArray) group = g_ptr_array_new ();
      g_autoptr (CairnVm) found = NULL;

      while (first < points->len
             && g_str_equal (((CairnPoint *)points->pdata[first])->vm_guid, guid))
        g_ptr_array_add (group, points->pdata[first++]);
      if ((!vm && !cairn_service_look_for_vm (service, guid, &found, error))
          || !append_states (service, vm ? vm : found, group, states, deadline, error))
        return NULL;
    }
  return g_steal_pointer (&states);
}

CairnPointState *
cairn_service_get_reference_point (CairnService *service, const char *id, GError **error)
{
  int64_t deadline = cairn_service_start_call (service);
  g_autoptr (CairnPoint) point = cairn_service_find_point (service, id, error);
  g_autoptr (CairnVm) vm = NULL;
  g_autoptr (CairnNewcomers) newcomers = NULL;
  CairnPointState *state;

  if (!point || !cairn_service_look_for_vm (service, point->vm_guid, &vm, error))
    return NULL;
  newcomers = cairn_newcomers_new (service, vm);
  state = cairn_point_judge (service, vm, point, deadline, error);
  if (state)
    cairn_newcomers_append (newcomers, point, state->disks);
  return state;
}
