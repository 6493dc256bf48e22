/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts of VMs as instances, page by page, and as components of their VM's settings. */
#include <string.h>

#include "provider/describe.h"
#include "provider/element.h"
#include "provider/machines.h"
#include "provider/part.h"
#include "provider/reference.h"
#include "provider/snapshots.h"

#define STORAGE_CLASS "Msvm_StorageAllocationSettingData"

/* Those that have parts, by number: 0 are the definitions, then come the VMs, then the recovery
 * checkpoints. */
typedef struct
{
  GPtrArray *vms;       /* of CairnHardware */
  GPtrArray *snapshots; /* of CairnSnapshot; NULL = none that have parts of the class wanted */
} Owners;

static void
owners_clear (Owners *owners)
{
  g_clear_pointer (&owners->vms, g_ptr_array_unref);
  g_clear_pointer (&owners->snapshots, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Owners, owners_clear)

/* Where an enumeration has come to. */
typedef struct
{
  const Owners *owners;
  guint owner;
  guint part;
} Cursor;

static guint
count_owners (const Owners *owners)
{
  return 1 + owners->vms->len + (owners->snapshots ? owners->snapshots->len : 0);
}

static GPtrArray *
parts_at (const Owners *owners, guint number)
{
  guint n_vms = owners->vms->len;

  if (number > n_vms)
    return cairn_parts_of_snapshot (owners->snapshots->pdata[number - n_vms - 1]);
  return cairn_parts_of (number == 0 ? NULL : owners->vms->pdata[number - 1]);
}

/* The place of ID among the parts of one; FALSE when it isn't there. */
static gboolean
find_in (const Owners *owners, guint number, const char *id, guint *place)
{
  g_autoptr (GPtrArray) parts = parts_at (owners, number);

  for (guint i = 0; i < parts->len; i++)
    if (strcmp (((const CairnPart *)parts->pdata[i])->id, id) == 0)
      return *place = i, TRUE;
  return FALSE;
}

/* The number of the first VM that doesn't come before GUID. */
static guint
number_from (const GPtrArray *vms, const char *guid)
{
  guint i = 0;

  while (i < vms->len && strcmp (((const CairnHardware *)vms->pdata[i])->vm->guid, guid) < 0)
    i++;
  return i + 1;
}

/* Behind the part AFTER. A disk that came with an import may have another VM's GUID in its id. */
static Cursor
cursor_behind (const Owners *owners, const char *after)
{
  g_autofree char *guid = cairn_setting_vm_guid (after);
  guint likely = guid ? number_from (owners->vms, guid) : 0;
  Cursor cursor = { .owners = owners };

  if (!after)
    return cursor;
  cursor.owner = likely;
  if (likely <= owners->vms->len && find_in (owners, likely, after, &cursor.part))
    return cursor.part++, cursor;
  for (cursor.owner = 0; cursor.owner < count_owners (owners); cursor.owner++)
    if (find_in (owners, cursor.owner, after, &cursor.part))
      return cursor.part++, cursor;
  /* It is gone. Rather the others of its VM twice than none of them. */
  return (Cursor){ owners, guid ? likely : 1, 0 };
}

/* Appends up to LIMIT instances of CLASS from CURSOR on. */
static void
take (CimCall *call, const CimClass *class, Cursor cursor, guint limit, GPtrArray *instances)
{
  guint n_owners = count_owners (cursor.owners);

  for (guint n = 0; n < limit && cursor.owner < n_owners; cursor.owner++, cursor.part = 0)
    {
      g_autoptr (GPtrArray) parts = parts_at (cursor.owners, cursor.owner);

      for (guint i = cursor.part; i < parts->len && n < limit; i++)
        {
          const CairnPart *part = parts->pdata[i];

          if (!g_str_equal (part->kind->class_name, class->name))
            continue;
          g_ptr_array_add (instances, cairn_part_make (call, class, part));
          n++;
        }
    }
}

/* ---- one ---- */

/* The one of PARTS, which are taken over, that has this id. */
static CimInstance *
make_if_among (CimCall *call, const CimClass *class, GPtrArray *all, const char *id)
{
  g_autoptr (GPtrArray) parts = all;

  for (guint i = 0; i < parts->len; i++)
    {
      const CairnPart *part = parts->pdata[i];

      if (g_str_equal (part->kind->class_name, class->name)
          && g_ascii_strcasecmp (part->id, id) == 0)
        return cairn_part_make (call, class, part);
    }
  return NULL;
}

static CimInstance *
make_if_there (CimCall *call, const CimClass *class, const CairnHardware *hardware, const char *id)
{
  return make_if_among (call, class, cairn_parts_of (hardware), id);
}

/* The recovery checkpoint that has the disk ID, by the GUID in it. NULL without an error when there
 * is none. */
static CairnSnapshot *
find_snapshot_of (CimCall *call, const char *guid, GError **error)
{
  g_autofree char *id = cairn_setting_id (guid);

  return cairn_snapshots_find (call, id, error);
}

static CimInstance *
find_in_snapshot (CimCall *call, const CimClass *class, const char *guid, const char *id,
                  GError **error)
{
  g_autoptr (CairnSnapshot) snapshot = find_snapshot_of (call, guid, error);

  return snapshot ? make_if_among (call, class, cairn_parts_of_snapshot (snapshot), id) : NULL;
}

/* Whether ID is of a kind that an import may have brought along from another VM: a disk's, or its
 * drive's. */
static gboolean
may_be_imported (const char *id)
{
  g_autofree char *upper = g_ascii_strup (id, -1);

  return g_str_has_suffix (upper, "\\L") || g_str_has_suffix (upper, "\\D");
}

/* NULL without an error when there is none. */
static CimInstance *
find_part (CimCall *call, const CimClass *class, const char *text, GError **error)
{
  g_autofree char *id = cairn_reference_plain (text);
  g_autofree char *guid = cairn_setting_vm_guid (id);
  g_autoptr (CairnHardware) hardware = NULL;
  g_autoptr (GPtrArray) vms = NULL;
  GError *cause = NULL;
  CimInstance *found;

  if (!guid)
    return make_if_there (call, class, NULL, id);
  hardware = cairn_machines_find (call, guid, &cause);
  found = hardware ? make_if_there (call, class, hardware, id) : NULL;
  if (!hardware && !cause)
    found = find_in_snapshot (call, class, guid, id, &cause);
  if (cause)
    g_propagate_error (error, cause);
  if (found || cause || !may_be_imported (id))
    return found;
  vms = cairn_machines_list (call, FALSE, error);
  for (guint i = 0; vms && i < vms->len && !found; i++)
    found = make_if_there (call, class, vms->pdata[i], id);
  return found;
}

/* ---- the providers ---- */

static gboolean
page_one (CimCall *call, const CimClass *class, const CimPage *page, const char *id,
          GPtrArray *instances, GError **error)
{
  GError *cause = NULL;
  CimInstance *found = page->after ? NULL : find_part (call, class, id, &cause);

  if (found)
    g_ptr_array_add (instances, found);
  if (cause)
    g_propagate_error (error, cause);
  return !cause;
}

static gboolean
list_owners (CimCall *call, const CimClass *class, const CimPage *page, Owners *owners,
             GError **error)
{
  owners->vms = cairn_machines_list (call, page->after != NULL, error);
  if (!owners->vms || !g_str_equal (class->name, STORAGE_CLASS))
    return owners->vms != NULL;
  owners->snapshots = cairn_snapshots_list (call, NULL, error);
  return owners->snapshots != NULL;
}

static gboolean
page_parts (CimCall *call, const CimClass *class, const CimPage *page, GPtrArray *instances,
            GError **error)
{
  g_autofree char *id = cairn_page_required_key (page, "InstanceID");
  g_auto (Owners) owners = { 0 };

  if (id)
    return page_one (call, class, page, id, instances, error);
  if (!list_owners (call, class, page, &owners, error))
    return FALSE;
  take (call, class, cursor_behind (&owners, page->after), page->limit, instances);
  return TRUE;
}

static CimInstance *
get_part (CimCall *call, const CimClass *class, const CimPath *path, GError **error)
{
  const char *id = cim_path_key_text (path, "InstanceID");
  GError *cause = NULL;
  CimInstance *found = id ? find_part (call, class, id, &cause) : NULL;

  if (cause)
    g_propagate_error (error, cause);
  else if (!found)
    cairn_element_not_found (path, error);
  return found;
}

#define PART_PROVIDER(variable, name)                                                              \
  const CimProvider variable = { .class_name = name, .page = page_parts, .get = get_part }

PART_PROVIDER (cairn_processor_settings_provider, "Msvm_ProcessorSettingData");
PART_PROVIDER (cairn_memory_settings_provider, "Msvm_MemorySettingData");
PART_PROVIDER (cairn_resource_settings_provider, "Msvm_ResourceAllocationSettingData");
PART_PROVIDER (cairn_storage_settings_provider, STORAGE_CLASS);
PART_PROVIDER (cairn_serial_settings_provider, "Msvm_SerialPortSettingData");
PART_PROVIDER (cairn_port_settings_provider, "Msvm_SyntheticEthernetPortSettingData");
PART_PROVIDER (cairn_connection_settings_provider, "Msvm_EthernetPortAllocationSettingData");

/* ---- Msvm_VirtualSystemSettingDataComponent ---- */

/* Those of PARTS, which are taken over, behind page->after, of all classes. */
static void
take_all (CimCall *call, GPtrArray *all, const CimPage *page, GPtrArray *instances)
{
  g_autoptr (GPtrArray) parts = all;
  guint i = 0, n = 0;

  if (page->after)
    while (i < parts->len && strcmp (((const CairnPart *)parts->pdata[i++])->id, page->after) != 0)
      ;
  for (; i < parts->len && n < page->limit; i++, n++)
    {
      const CairnPart *part = parts->pdata[i];

      g_ptr_array_add (instances,
                       cairn_part_make (call, cairn_class_find (part->kind->class_name), part));
    }
}

static gboolean
parts_of_settings (CimCall *call, const CimInstance *source, const CimPage *page,
                   GPtrArray *instances, GError **error)
{
  const char *guid = cim_instance_text (source, "VirtualSystemIdentifier");
  gboolean is_snapshot = cairn_settings_is_snapshot (source);
  GError *cause = NULL;
  g_autoptr (CairnHardware) hardware
      = is_snapshot ? NULL : cairn_machines_find (call, guid, &cause);
  g_autoptr (CairnSnapshot) snapshot
      = is_snapshot ? cairn_snapshots_find (call, cim_instance_text (source, "InstanceID"), &cause)
                    : NULL;

  if (cause)
    return g_propagate_error (error, cause), FALSE;
  if (hardware)
    take_all (call, cairn_parts_of (hardware), page, instances);
  if (snapshot)
    take_all (call, cairn_parts_of_snapshot (snapshot), page, instances);
  return TRUE;
}

/* Whether HARDWARE has a part of that id. */
static gboolean
has_part (const CairnHardware *hardware, const char *id)
{
  g_autoptr (GPtrArray) parts = cairn_parts_of (hardware);

  for (guint i = 0; i < parts->len; i++)
    if (strcmp (((const CairnPart *)parts->pdata[i])->id, id) == 0)
      return TRUE;
  return FALSE;
}

/* Appends the settings of the recovery checkpoint whose disk's GUID it is. */
static gboolean
append_settings_of_snapshot (CimCall *call, const char *guid, GPtrArray *instances, GError **error)
{
  GError *cause = NULL;
  g_autoptr (CairnSnapshot) snapshot = find_snapshot_of (call, guid, &cause);
  CimInstance *settings = snapshot ? cairn_snapshot_settings_find (call, snapshot, &cause) : NULL;

  if (settings)
    g_ptr_array_add (instances, settings);
  if (cause)
    g_propagate_error (error, cause);
  return !cause;
}

static gboolean
settings_of_part (CimCall *call, const CimInstance *source, const CimPage *page,
                  GPtrArray *instances, GError **error)
{
  const char *id = cim_instance_text (source, "InstanceID");
  g_autofree char *guid = cairn_setting_vm_guid (id);
  g_autoptr (CairnHardware) likely = NULL;
  g_autoptr (GPtrArray) vms = NULL;
  GError *cause = NULL;

  if (page->after || !guid)
    return TRUE;
  likely = cairn_machines_find (call, guid, &cause);
  if (cause)
    return g_propagate_error (error, cause), FALSE;
  if (likely && has_part (likely, id))
    {
      g_ptr_array_add (instances, cairn_system_settings_make (likely));
      return TRUE;
    }
  if (!likely && !append_settings_of_snapshot (call, guid, instances, error))
    return FALSE;
  if (instances->len > 0)
    return TRUE;
  vms = cairn_machines_list (call, FALSE, error);
  for (guint i = 0; vms && i < vms->len; i++)
    if (has_part (vms->pdata[i], id))
      return g_ptr_array_add (instances, cairn_system_settings_make (vms->pdata[i])), TRUE;
  return vms != NULL;
}

const CimAssociation cairn_system_settings_component = {
  .class_name = "Msvm_VirtualSystemSettingDataComponent",
  .roles = { "GroupComponent", "PartComponent" },
  .class_names = { "Msvm_VirtualSystemSettingData", "CIM_ResourceAllocationSettingData" },
  .across = { parts_of_settings, settings_of_part },
};
