/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reference points with what holds for their disks now. */
#include "refpoint/attachment.h"
#include "refpoint/newcomer.h"
#include "refpoint/operation.h"

/* Points of one VM whose record may be gone (another host's, or forgotten). */
static gboolean
append_states (CairnService *service, const char *vm_guid, GPtrArray *points, GPtrArray *states,
               int64_t deadline, GError **error)
{
  g_autoptr (CairnVm) vm = cairn_service_find_vm (service, vm_guid, NULL);
  g_autoptr (CairnNewcomers) newcomers = cairn_newcomers_new (service, vm);
  g_autoptr (GPtrArray) judged = cairn_points_judge (service, vm, points, deadline, error);

  if (!judged)
    return FALSE;
  for (guint i = 0; i < judged->len; i++)
    {
      CairnPointState *state = judged->pdata[i];

      cairn_newcomers_append (newcomers, state->point, state->disks);
    }
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
  if (vm)
    cairn_service_settle (service, vm, deadline);
  for (guint first = 0; first < points->len;)
    {
      const char *guid = ((CairnPoint *)points->pdata[first])->vm_guid;
      g_autoptr (GPtrArray) group = g_ptr_array_new ();

      while (first < points->len
             && g_str_equal (((CairnPoint *)points->pdata[first])->vm_guid, guid))
        g_ptr_array_add (group, points->pdata[first++]);
      if (!append_states (service, guid, group, states, deadline, error))
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

  if (!point)
    return NULL;
  vm = cairn_service_find_vm (service, point->vm_guid, NULL);
  newcomers = cairn_newcomers_new (service, vm);
  state = cairn_point_judge (service, vm, point, deadline, error);
  if (state)
    cairn_newcomers_append (newcomers, point, state->disks);
  return state;
}
