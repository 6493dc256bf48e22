/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Win32_Processor: the sockets of the host; Win32_ComputerSystemProcessor. */
#include <string.h>
#include <sys/utsname.h>

#include "cim/schema.h"
#include "provider/backend.h"
#include "provider/describe.h"
#include "provider/host.h"

#define ARCHITECTURE_X64   9
#define ARCHITECTURE_ARM64 12
#define ARCHITECTURE_X86   0
#define CENTRAL_PROCESSOR  3
#define FAMILY_UNKNOWN     2

static guint
find_architecture (void)
{
  struct utsname name = { 0 };

  uname (&name);
  if (g_str_equal (name.machine, "x86_64"))
    return ARCHITECTURE_X64;
  return g_str_equal (name.machine, "aarch64") ? ARCHITECTURE_ARM64 : ARCHITECTURE_X86;
}

static void
set_figures (CimInstance *instance, const CairnSocket *socket)
{
  guint bits = (guint)sizeof (void *) * 8;

  cim_instance_set_number (instance, "NumberOfCores", socket->n_cores);
  cim_instance_set_number (instance, "NumberOfLogicalProcessors", socket->n_threads);
  cim_instance_set_number (instance, "MaxClockSpeed", socket->mhz);
  cim_instance_set_number (instance, "CurrentClockSpeed", socket->mhz_now);
  cim_instance_set_number (instance, "L2CacheSize", socket->l2_kib);
  cim_instance_set_number (instance, "L3CacheSize", socket->l3_kib);
  cim_instance_set_number (instance, "AddressWidth", bits);
  cim_instance_set_number (instance, "DataWidth", bits);
  cim_instance_set_number (instance, "Architecture", find_architecture ());
  cim_instance_set_number (instance, "Family", FAMILY_UNKNOWN);
  cim_instance_set_number (instance, "Level", MIN (socket->family, G_MAXUINT16));
  cim_instance_set_number (instance, "Revision",
                           ((socket->model & 0xff) << 8) | (socket->stepping & 0xff));
  cim_instance_set_number (instance, "ProcessorType", CENTRAL_PROCESSOR);
  cim_instance_set_number (instance, "Availability", 3); /* full power */
  cim_instance_set_number (instance, "CpuStatus", 1);    /* enabled */
  cim_instance_set_number (instance, "StatusInfo", 3);   /* the same */
  cim_instance_set_number (instance, "ConfigManagerErrorCode", 0);
}

static CimInstance *
make (CimCall *call, const CimClass *class, const CairnSocket *socket)
{
  CimInstance *instance = cim_instance_new (class);
  g_autofree char *id = g_strdup_printf ("CPU%u", socket->number);
  g_autofree char *designation = g_strdup_printf ("Socket %u", socket->number);
  g_autofree char *stepping = g_strdup_printf ("%u", socket->stepping);
  g_autofree char *caption = g_strdup_printf ("Family %u Model %u Stepping %u", socket->family,
                                              socket->model, socket->stepping);

  cim_instance_set_text (instance, "DeviceID", id);
  cim_instance_set_text (instance, "Name", socket->name);
  cim_instance_set_text (instance, "Caption", caption);
  cim_instance_set_text (instance, "Description", caption);
  cim_instance_set_text (instance, "Manufacturer", socket->vendor);
  cim_instance_set_text (instance, "SocketDesignation", designation);
  cim_instance_set_text (instance, "Stepping", stepping);
  cim_instance_set_text (instance, "Role", "CPU");
  cim_instance_set_text (instance, "Status", "OK");
  cim_instance_set_text (instance, "CreationClassName", "Win32_Processor");
  cim_instance_set_text (instance, "SystemCreationClassName", "Win32_ComputerSystem");
  cim_instance_set_text (instance, "SystemName", cairn_backend_server (cairn_backend_of (call)));
  cim_instance_set_boolean (instance, "ConfigManagerUserConfig", FALSE);
  cim_instance_set_boolean (instance, "ErrorCleared", FALSE);
  cim_instance_set_boolean (instance, "PowerManagementSupported", FALSE);
  set_figures (instance, socket);
  return instance;
}

static gboolean
page_processors (CimCall *call, const CimClass *class, const CimPage *page, GPtrArray *instances,
                 GError **error)
{
  g_autoptr (GPtrArray) sockets = cairn_host_sockets ();
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify)cim_instance_unref);

  for (guint i = 0; i < sockets->len; i++)
    g_ptr_array_add (all, make (call, class, sockets->pdata[i]));
  cim_page_take (page, all, instances);
  return TRUE;
}

const CimProvider cairn_host_processor_provider = {
  .class_name = "Win32_Processor",
  .is_quick = TRUE,
  .page = page_processors,
};

/* ---- Win32_ComputerSystemProcessor ---- */

static gboolean
give (CimCall *call, const CimProvider *provider, const CimPage *page, GPtrArray *instances,
      GError **error)
{
  const CimClass *class = cim_schema_find (cim_schema_get (), CIM_IN_CIMV2, provider->class_name);

  return provider->page (call, class, page, instances, error);
}

static gboolean
processors_of_system (CimCall *call, const CimInstance *source, const CimPage *page,
                      GPtrArray *instances, GError **error)
{
  return give (call, &cairn_host_processor_provider, page, instances, error);
}

static gboolean
system_of_processor (CimCall *call, const CimInstance *source, const CimPage *page,
                     GPtrArray *instances, GError **error)
{
  return give (call, &cairn_host_system_provider, page, instances, error);
}

const CimAssociation cairn_host_processor_of_system = {
  .class_name = "Win32_ComputerSystemProcessor",
  .roles = { "GroupComponent", "PartComponent" },
  .class_names = { "Win32_ComputerSystem", "Win32_Processor" },
  .is_quick = TRUE,
  .across = { processors_of_system, system_of_processor },
};
