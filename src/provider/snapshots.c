/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recovery checkpoints as instances, and which VM has which. */
#include "provider/snapshots.h"

#include <string.h>

#include <cairn/error.h>

#include "provider/describe.h"
#include "provider/element.h"
#include "provider/reference.h"

static void
give_back (CimCall *call, CairnService *service, const GError *cause)
{
  cairn_backend_give_back (cairn_backend_of (call), service,
                           g_error_matches (cause, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE));
}

GPtrArray *
cairn_snapshots_list (CimCall *call, const char *vm_guid, GError **error)
{
  CairnService *service = cairn_backend_take_service (cairn_backend_of (call), error);
  GError *cause = NULL;
  GPtrArray *list;

  if (!service)
    return NULL;
  list = cairn_service_list_snapshots (service, vm_guid, &cause);
  give_back (call, service, cause);
  if (!list)
    g_propagate_error (error, cause);
  return list;
}

CairnSnapshot *
cairn_snapshots_find (CimCall *call, const char *instance_id, GError **error)
{
  g_autoptr (GPtrArray) list = cairn_snapshots_list (call, NULL, error);

  for (guint i = 0; list && i < list->len; i++)
    {
      const CairnSnapshot *snapshot = list->pdata[i];

      if (g_ascii_strcasecmp (snapshot->instance_id, instance_id) == 0)
        return g_ptr_array_steal_index (list, i);
    }
  return NULL;
}

/* ---- as instances ---- */

/* "2026-11-22 21:40:07 UTC"; "" for what no calendar has. */
static char *
tell_time (int64_t time_ms)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (time_ms / 1000);

  return time ? g_date_time_format (time, "%Y-%m-%d %H:%M:%S UTC") : g_strdup ("");
}

static char *
tell_name (const CairnPoint *point, const char *vm)
{
  g_autofree char *time = NULL;

  if (*point->label)
    return g_strdup (point->label);
  if (!point->creation_time_ms)
    return g_strdup_printf ("%s - Backup", vm);
  time = tell_time (point->creation_time_ms);
  return g_strdup_printf ("%s - Backup - (%s)", vm, time);
}

/* What is to be known of it that no property is for. */
static void
set_notes (CimInstance *instance, const CairnSnapshot *snapshot)
{
  g_autofree char *time = tell_time (snapshot->expires_ms);
  g_autofree char *owner
      = *snapshot->point->owner ? g_strdup_printf ("Owner: %s", snapshot->point->owner) : NULL;
  g_autofree char *lease = g_strdup_printf ("Lease ends: %s", time);
  const char *notes[] = { lease, owner };

  cim_instance_set_texts (instance, "Notes", notes, owner ? 2 : 1);
}

/* What is shown of a VM that isn't known any more. */
static CairnHardware *
unknown_vm (const CairnPoint *point)
{
  return cairn_hardware_new (cairn_vm_new (point->vm_guid, point->vm_guid));
}

CimInstance *
cairn_snapshot_settings_make (const CairnSnapshot *snapshot, const CairnHardware *known)
{
  const CairnPoint *point = snapshot->point;
  g_autoptr (CairnHardware) unknown = known ? NULL : unknown_vm (point);
  const CairnHardware *hardware = known ? known : unknown;
  CimInstance *instance = cairn_system_settings_make (hardware);
  g_autofree char *name = tell_name (point, hardware->vm->name);

  cim_instance_set_text (instance, "InstanceID", snapshot->instance_id);
  cairn_element_set_names (instance, "Virtual Machine Settings",
                           "Recovery checkpoint of a virtual machine", name);
  cim_instance_set_text (instance, "VirtualSystemIdentifier", point->vm_guid);
  cim_instance_set_text (instance, "VirtualSystemType", CAIRN_SNAPSHOT_SYSTEM_TYPE);
  cim_instance_set_text (instance, "ConfigurationID", point->guid);
  cim_instance_set_boolean (instance, "IsSaved", FALSE);
  if (point->creation_time_ms)
    cim_instance_set_time (instance, "CreationTime", point->creation_time_ms);
  cim_instance_set_texts (instance, "Notes", NULL, 0);
  if (snapshot->expires_ms)
    set_notes (instance, snapshot);
  return instance;
}

CimInstance *
cairn_snapshot_settings_find (CimCall *call, const CairnSnapshot *snapshot, GError **error)
{
  GError *cause = NULL;
  g_autoptr (CairnHardware) hardware = cairn_machines_find (call, snapshot->point->vm_guid, &cause);

  if (cause)
    return g_propagate_error (error, cause), NULL;
  return cairn_snapshot_settings_make (snapshot, hardware);
}

gboolean
cairn_settings_is_snapshot (const CimInstance *instance)
{
  return g_strcmp0 (cim_instance_text (instance, "VirtualSystemType"), CAIRN_SNAPSHOT_SYSTEM_TYPE)
         == 0;
}

/* ---- Msvm_SnapshotOfVirtualSystem ---- */

static gboolean
snapshots_of_vm (CimCall *call, const CimInstance *source, const CimPage *page,
                 GPtrArray *instances, GError **error)
{
  const char *guid = cim_instance_text (source, "Name");
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify)cim_instance_unref);
  GError *cause = NULL;
  g_autoptr (CairnHardware) hardware = cairn_machines_find (call, guid, &cause);
  g_autoptr (GPtrArray) snapshots
      = hardware ? cairn_snapshots_list (call, hardware->vm->guid, &cause) : NULL;

  if (cause)
    return g_propagate_error (error, cause), FALSE;
  for (guint i = 0; snapshots && i < snapshots->len; i++)
    g_ptr_array_add (all, cairn_snapshot_settings_make (snapshots->pdata[i], hardware));
  cim_page_take (page, all, instances);
  return TRUE;
}

static gboolean
vm_of_snapshot (CimCall *call, const CimInstance *source, const CimPage *page, GPtrArray *instances,
                GError **error)
{
  return page->after || !cairn_settings_is_snapshot (source)
         || cairn_backend_append_instance (call, CAIRN_SYSTEM_CLASS, "Name",
                                           cim_instance_text (source, "VirtualSystemIdentifier"),
                                           instances, error);
}

const CimAssociation cairn_snapshot_of_vm = {
  .class_name = "Msvm_SnapshotOfVirtualSystem",
  .roles = { "Antecedent", "Dependent" },
  .class_names = { CAIRN_SYSTEM_CLASS, CAIRN_SETTINGS_CLASS },
  .across = { snapshots_of_vm, vm_of_snapshot },
};
