/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Win32_ComputerSystem and Win32_ComputerSystemProduct: the host as a computer. */
#include <sys/utsname.h>

#include "provider/backend.h"
#include "provider/describe.h"
#include "provider/host.h"
#include "provider/win32.h"

#define UNKNOWN 3
#define SAFE    3

char *
cairn_host_text_or (const char *name, const char *otherwise)
{
  char *text = cairn_host_firmware_text (name);

  return text ? text : g_strdup (otherwise);
}

gboolean
cairn_page_take_one (const CimPage *page, CimInstance *instance, GPtrArray *instances)
{
  if (page->after)
    cim_instance_unref (instance);
  else
    g_ptr_array_add (instances, instance);
  return TRUE;
}

/* ---- Win32_ComputerSystem ---- */

static void
set_booleans (CimInstance *instance)
{
  static const char *const no[] = { "AutomaticManagedPagefile",
                                    "AutomaticResetBootOption",
                                    "AutomaticResetCapability",
                                    "InfraredSupported",
                                    "PartOfDomain",
                                    "PowerManagementSupported" };
  gboolean is_daylight = FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (no); i++)
    cim_instance_set_boolean (instance, no[i], FALSE);
  cim_instance_set_boolean (instance, "BootROMSupported", TRUE);
  cim_instance_set_boolean (instance, "EnableDaylightSavingsTime", TRUE);
  cim_instance_set_boolean (instance, "NetworkServerModeEnabled", TRUE);
  cim_instance_set_boolean (instance, "HypervisorPresent", TRUE);
  cim_instance_set_signed (instance, "CurrentTimeZone",
                           cairn_host_time_zone_minutes (&is_daylight));
  cim_instance_set_boolean (instance, "DaylightInEffect", is_daylight);
}

static void
set_states (CimInstance *instance)
{
  static const char *const unknown[] = { "AdminPasswordStatus", "FrontPanelResetStatus",
                                         "KeyboardPasswordStatus", "PowerOnPasswordStatus" };
  static const char *const safe[] = { "ChassisBootupState", "PowerSupplyState", "ThermalState" };

  for (guint i = 0; i < G_N_ELEMENTS (unknown); i++)
    cim_instance_set_number (instance, unknown[i], UNKNOWN);
  for (guint i = 0; i < G_N_ELEMENTS (safe); i++)
    cim_instance_set_number (instance, safe[i], SAFE);
  cim_instance_set_text (instance, "BootupState", "Normal boot");
  cim_instance_set_number (instance, "DomainRole", 2);   /* a server of its own */
  cim_instance_set_number (instance, "PCSystemType", 4); /* enterprise server */
  cim_instance_set_number (instance, "PowerState", 0);
  cim_instance_set_number (instance, "ResetCapability", 1);
  cim_instance_set_number (instance, "WakeUpType", 6); /* power switch */
  cim_instance_set_signed (instance, "ResetCount", -1);
  cim_instance_set_signed (instance, "ResetLimit", -1);
  cim_instance_set_signed (instance, "PauseAfterReset", -1);
  cim_instance_set_text (instance, "Status", "OK");
}

static void
set_processors (CimInstance *instance)
{
  g_autoptr (GPtrArray) sockets = cairn_host_sockets ();
  struct utsname name = { 0 };
  g_autofree char *type = NULL;
  guint n_threads = 0;

  uname (&name);
  for (guint i = 0; i < sockets->len; i++)
    n_threads += ((const CairnSocket *)sockets->pdata[i])->n_threads;
  type = g_str_equal (name.machine, "x86_64") ? g_strdup ("x64-based PC")
                                              : g_strdup_printf ("%s-based computer", name.machine);
  cim_instance_set_text (instance, "SystemType", type);
  cim_instance_set_number (instance, "NumberOfProcessors", sockets->len);
  cim_instance_set_number (instance, "NumberOfLogicalProcessors", n_threads);
}

static gboolean
page_system (CimCall *call, const CimClass *class, const CimPage *page, GPtrArray *instances,
             GError **error)
{
  const char *server = cairn_backend_server (cairn_backend_of (call));
  CimInstance *instance = cim_instance_new (class);
  g_autofree char *vendor = cairn_host_text_or ("sys_vendor", "Unknown");
  g_autofree char *model = cairn_host_text_or ("product_name", "Unknown");
  g_autofree char *dns = cairn_host_dns_name ();

  cim_instance_set_text (instance, "Name", server);
  cim_instance_set_text (instance, "Caption", server);
  cim_instance_set_text (instance, "CreationClassName", "Win32_ComputerSystem");
  cim_instance_set_text (instance, "Description", "Host of virtual machines");
  cim_instance_set_text (instance, "DNSHostName", dns);
  cim_instance_set_text (instance, "Domain", "WORKGROUP");
  cim_instance_set_text (instance, "Workgroup", "WORKGROUP");
  cim_instance_set_text (instance, "Manufacturer", vendor);
  cim_instance_set_text (instance, "Model", model);
  cim_instance_set_number (instance, "TotalPhysicalMemory",
                           cairn_host_memory_kib ("MemTotal") * 1024);
  set_booleans (instance);
  set_states (instance);
  set_processors (instance);
  return cairn_page_take_one (page, instance, instances);
}

const CimProvider cairn_host_system_provider = {
  .class_name = "Win32_ComputerSystem",
  .is_quick = TRUE,
  .page = page_system,
};

/* ---- Win32_ComputerSystemProduct ---- */

static gboolean
page_product (CimCall *call, const CimClass *class, const CimPage *page, GPtrArray *instances,
              GError **error)
{
  CimInstance *instance = cim_instance_new (class);
  g_autofree char *uuid = cairn_host_uuid ();
  g_autofree char *serial = cairn_host_text_or ("product_serial", uuid);
  g_autofree char *sku = cairn_host_firmware_text ("product_sku");
  const struct
  {
    const char *property, *firmware, *otherwise;
  } texts[] = { { "Name", "product_name", "Unknown" },
                { "Vendor", "sys_vendor", "Unknown" },
                { "Version", "product_version", "" } };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *text = cairn_host_text_or (texts[i].firmware, texts[i].otherwise);

      cim_instance_set_text (instance, texts[i].property, text);
    }
  cim_instance_set_text (instance, "Caption", "Computer System Product");
  cim_instance_set_text (instance, "Description", "Computer System Product");
  cim_instance_set_text (instance, "IdentifyingNumber", serial);
  cim_instance_set_text (instance, "SKUNumber", sku);
  cim_instance_set_text (instance, "UUID", uuid);
  return cairn_page_take_one (page, instance, instances);
}

const CimProvider cairn_host_product_provider = {
  .class_name = "Win32_ComputerSystemProduct",
  .is_quick = TRUE,
  .page = page_product,
};
