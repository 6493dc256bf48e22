/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Win32_OperatingSystem: the host's Linux. */
#include <sys/utsname.h>

#include "provider/backend.h"
#include "provider/describe.h"
#include "provider/host.h"
#include "provider/win32.h"

#define OS_TYPE_LINUX  36
#define TYPE_SERVER    3
#define UTF8_CODE_PAGE "65001"

/* ---- figures ---- */

static uint64_t
read_number (const char *path)
{
  g_autofree char *content = NULL;

  return g_file_get_contents (path, &content, NULL, NULL) ? g_ascii_strtoull (content, NULL, 10)
                                                          : 0;
}

static void
set_memory (CimInstance *instance)
{
  uint64_t total = cairn_host_memory_kib ("MemTotal");
  uint64_t free = cairn_host_memory_kib ("MemAvailable");
  uint64_t swap = cairn_host_memory_kib ("SwapTotal");
  uint64_t swap_free = cairn_host_memory_kib ("SwapFree");

  cim_instance_set_number (instance, "TotalVisibleMemorySize", total);
  cim_instance_set_number (instance, "FreePhysicalMemory", free);
  cim_instance_set_number (instance, "TotalVirtualMemorySize", total + swap);
  cim_instance_set_number (instance, "FreeVirtualMemory", free + swap_free);
  cim_instance_set_number (instance, "TotalSwapSpaceSize", swap);
  cim_instance_set_number (instance, "SizeStoredInPagingFiles", swap);
  cim_instance_set_number (instance, "FreeSpaceInPagingFiles", swap_free);
  cim_instance_set_number (instance, "MaxProcessMemorySize",
                           cairn_host_memory_kib ("VmallocTotal"));
}

static void
set_times (CimInstance *instance)
{
  int64_t boot_ms = cairn_host_boot_time_ms ();

  if (boot_ms)
    cim_instance_set_time (instance, "LastBootUpTime", boot_ms);
  cim_instance_set_time (instance, "LocalDateTime", g_get_real_time () / 1000);
  cim_instance_set_signed (instance, "CurrentTimeZone", cairn_host_time_zone_minutes (NULL));
}

static void
set_counts (CimInstance *instance)
{
  cim_instance_set_number (instance, "NumberOfProcesses", cairn_host_count_processes ());
  cim_instance_set_number (instance, "MaxNumberOfProcesses",
                           read_number ("/proc/sys/kernel/pid_max"));
  cim_instance_set_number (instance, "NumberOfLicensedUsers", 0); /* no limit */
  cim_instance_set_number (instance, "ServicePackMajorVersion", 0);
  cim_instance_set_number (instance, "ServicePackMinorVersion", 0);
  cim_instance_set_number (instance, "OSType", OS_TYPE_LINUX);
  cim_instance_set_number (instance, "ProductType", TYPE_SERVER);
}

/* ---- texts ---- */

static void
set_names (CimInstance *instance, const char *server)
{
  g_autofree char *pretty = cairn_host_os_text ("PRETTY_NAME");
  g_autofree char *maker = cairn_host_os_text ("NAME");
  g_autofree char *version = cairn_host_version ();
  struct utsname name = { 0 };

  uname (&name);
  cim_instance_set_text (instance, "Name", pretty ? pretty : name.sysname);
  cim_instance_set_text (instance, "Caption", pretty ? pretty : name.sysname);
  cim_instance_set_text (instance, "Description", "");
  cim_instance_set_text (instance, "Manufacturer", maker ? maker : name.sysname);
  cim_instance_set_text (instance, "Version", version);
  cim_instance_set_text (instance, "BuildNumber", name.release);
  cim_instance_set_text (instance, "BuildType", name.machine);
  cim_instance_set_text (instance, "OSArchitecture", sizeof (void *) == 8 ? "64-bit" : "32-bit");
  cim_instance_set_text (instance, "CreationClassName", "Win32_OperatingSystem");
  cim_instance_set_text (instance, "CSCreationClassName", "Win32_ComputerSystem");
  cim_instance_set_text (instance, "CSName", server);
  cim_instance_set_text (instance, "CodeSet", UTF8_CODE_PAGE);
  cim_instance_set_text (instance, "Status", "OK");
  cim_instance_set_text (instance, "SystemDirectory", "/");
}

/* Every processor that Linux runs VMs on has no-execute pages, and the kernel uses them. */
static void
set_booleans (CimInstance *instance)
{
  static const char *const yes[]
      = { "DataExecutionPrevention_Available", "DataExecutionPrevention_32BitApplications",
          "DataExecutionPrevention_Drivers", "PAEEnabled", "Primary" };

  for (guint i = 0; i < G_N_ELEMENTS (yes); i++)
    cim_instance_set_boolean (instance, yes[i], TRUE);
  cim_instance_set_boolean (instance, "Debug", FALSE);
  cim_instance_set_boolean (instance, "Distributed", FALSE);
}

static gboolean
page_os (CimCall *call, const CimClass *class, const CimPage *page, GPtrArray *instances,
         GError **error)
{
  CimInstance *instance = cim_instance_new (class);

  set_names (instance, cairn_backend_server (cairn_backend_of (call)));
  set_memory (instance);
  set_times (instance);
  set_counts (instance);
  set_booleans (instance);
  return cairn_page_take_one (page, instance, instances);
}

const CimProvider cairn_host_os_provider = {
  .class_name = "Win32_OperatingSystem",
  .is_quick = TRUE,
  .page = page_os,
};
