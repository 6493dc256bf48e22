/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts of VMs as instances, page by page, and as components of their VM's settings. */
#include <string.h>

#include "provider/describe.h"
#include "provider/element.h"
#include "provider/machines.h"
#include "provider/part.h"
#include "provider/reference.h"

/* Where an enumeration has come to: the VMs, by number, 0 being the definitions, and a part. */
typedef struct
{
  const GPtrArray *vms;
  guint vm;
  guint part;
} Cursor;

static GPtrArray *
parts_at (const GPtrArray *vms, guint number)
{
  return cairn_parts_of (number == 0 ? NULL : vms->pdata[number - 1]);
}

/* The place of ID in VM's parts; FALSE when it isn't there. */
static gboolean
find_in_vm (const GPtrArray *vms, guint number, const char *id, guint *place)
{
  g_autoptr (GPtrArray) parts = parts_at (vms, number);

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
cursor_behind (const GPtrArray *vms, const char *after)
{
  g_autofree char *guid = cairn_setting_vm_guid (after);
  guint likely = guid ? number_from (vms, guid) : 0;
  Cursor cursor = { .vms = vms };

  if (!after)
    return cursor;
  cursor.vm = likely;
  if (likely <= vms->len && find_in_vm (vms, likely, after, &cursor.part))
    return cursor.part++, cursor;
  for (cursor.vm = 0; cursor.vm <= vms->len; cursor.vm++)
    if (find_in_vm (vms, cursor.vm, after, &cursor.part))
      return cursor.part++, cursor;
  /* It is gone. Rather the others of its VM twice than none of them. */
  return (Cursor){ vms, guid ? likely : 1, 0 };
}

/* Appends up to LIMIT instances of CLASS from CURSOR on. */
static void
take (CimCall *call, const CimClass *class, Cursor cursor, guint limit, GPtrArray *instances)
{
  for (guint n = 0; n < limit && cursor.vm <= cursor.vms->len; cursor.vm++, cursor.part = 0)
    {
      g_autoptr (GPtrArray) parts = parts_at (cursor.vms, cursor.vm);

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

static CimInstance *
make_if_there (CimCall *call, const CimClass *class, const CairnHardware *hardware, const char *id)
{
  g_autoptr (GPtrArray) parts = cairn_parts_of (hardware);

  for (guint i = 0; i < parts->len; i++)
    {
      const CairnPart *part = parts->pdata[i];

      if (g_str_equal (part->kind->class_name, class->name)
          && g_ascii_strcasecmp (part->id, id) == 0)
        return cairn_part_make (call, class, part);
    }
  return NULL;
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
page_parts (CimCall *call, const CimClass *class, const CimPage *page, GPtrArray *instances,
            GError **error)
{
  g_autofree char *id = cairn_page_required_key (page, "InstanceID");
  g_autoptr (GPtrArray) vms = NULL;

  if (id)
    return page_one (call, class, page, id, instances, error);
  vms = cairn_machines_list (call, page->after != NULL, error);
  if (!vms)
    return FALSE;
  take (call, class, cursor_behind (vms, page->after), page->limit, instances);
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
PART_PROVIDER (cairn_storage_settings_provider, "Msvm_StorageAllocationSettingData");
PART_PROVIDER (cairn_serial_settings_provider, "Msvm_SerialPortSettingData");
PART_PROVIDER (cairn_port_settings_provider, "Msvm_SyntheticEthernetPortSettingData");
PART_PROVIDER (cairn_connection_settings_provider, "Msvm_EthernetPortAllocationSettingData");

/* ---- Msvm_VirtualSystemSettingDataComponent ---- */

/* The parts of HARDWARE behind page->after, of all classes. */
static void
take_all (CimCall *call, const CairnHardware *hardware, const CimPage *page, GPtrArray *instances)
{
  g_autoptr (GPtrArray) parts = cairn_parts_of (hardware);
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
  GError *cause = NULL;
  g_autoptr (CairnHardware) hardware = cairn_machines_find (call, guid, &cause);

  if (cause)
    return g_propagate_error (error, cause), FALSE;
  if (hardware)
    take_all (call, hardware, page, instances);
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
