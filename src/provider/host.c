/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads what this host is. */
#include "provider/host.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "refpoint/guid.h"

#define DMI_FOLDER "/sys/class/dmi/id/"

/* What clients take of a version: libvirt's driver, two digits, two digits, six. */
#define MAJOR_MAX 99u
#define MINOR_MAX 99u
#define MICRO_MAX 999999u

static char *
read_line (const char *path)
{
  char *content = NULL;

  if (!g_file_get_contents (path, &content, NULL, NULL))
    return NULL;
  g_strdelimit (content, "\n", '\0');
  return g_strstrip (content);
}

/* ---- firmware ---- */

static gboolean
is_placeholder (const char *text)
{
  static const char *const placeholders[] = { "To Be Filled By O.E.M.", "Not Specified",
                                              "Default string", "System Product Name", "None" };

  for (guint i = 0; i < G_N_ELEMENTS (placeholders); i++)
    if (g_ascii_strcasecmp (text, placeholders[i]) == 0)
      return TRUE;
  return *text == '\0';
}

char *
cairn_host_firmware_text (const char *name)
{
  g_autofree char *path = g_strconcat (DMI_FOLDER, name, NULL);
  g_autofree char *text = read_line (path);

  return text && g_utf8_validate (text, -1, NULL) && !is_placeholder (text)
             ? g_steal_pointer (&text)
             : NULL;
}

char *
cairn_host_uuid (void)
{
  g_autofree char *firmware = cairn_host_firmware_text ("product_uuid");
  g_autofree char *machine = read_line ("/etc/machine-id");
  char *uuid = cairn_guid_normalize (firmware);

  if (uuid)
    return uuid;
  /* The machine id itself is confidential (machine-id(5)). */
  return cairn_guid_derive ("host", machine && *machine ? machine : g_get_host_name ());
}

/* ---- the operating system ---- */

char *
cairn_host_version (void)
{
  struct utsname name = { 0 };
  guint numbers[3] = { 0 };

  uname (&name);
  sscanf (name.release, "%u.%u.%u", &numbers[0], &numbers[1], &numbers[2]);
  return g_strdup_printf ("%u.%u.%u", MIN (numbers[0], MAJOR_MAX), MIN (numbers[1], MINOR_MAX),
                          MIN (numbers[2], MICRO_MAX));
}

char *
cairn_host_os_text (const char *name)
{
  return g_get_os_info (name);
}

char *
cairn_host_dns_name (void)
{
  g_auto (GStrv) parts = g_strsplit (g_get_host_name (), ".", 2);

  return g_strdup (parts[0] && *parts[0] ? parts[0] : "localhost");
}

/* What follows NAME at the start of a line of CONTENT. */
static const char *
find_line (const char *content, const char *name)
{
  size_t length = strlen (name);

  for (const char *line = content; line && *line;)
    {
      if (strncmp (line, name, length) == 0)
        return line + length;
      line = strchr (line, '\n');
      line = line ? line + 1 : NULL;
    }
  return NULL;
}

uint64_t
cairn_host_memory_kib (const char *name)
{
  g_autofree char *content = NULL;
  g_autofree char *label = g_strconcat (name, ":", NULL);
  const char *rest = g_file_get_contents ("/proc/meminfo", &content, NULL, NULL)
                         ? find_line (content, label)
                         : NULL;

  return rest ? g_ascii_strtoull (rest, NULL, 10) : 0;
}

int64_t
cairn_host_boot_time_ms (void)
{
  g_autofree char *content = NULL;
  const char *rest = g_file_get_contents ("/proc/stat", &content, NULL, NULL)
                         ? find_line (content, "btime ")
                         : NULL;

  return rest ? (int64_t)g_ascii_strtoull (rest, NULL, 10) * 1000 : 0;
}

int
cairn_host_time_zone_minutes (gboolean *is_daylight)
{
  time_t now = time (NULL);
  struct tm local = { 0 };

  localtime_r (&now, &local);
  if (is_daylight)
    *is_daylight = local.tm_isdst > 0;
  return (int)(local.tm_gmtoff / 60);
}

guint
cairn_host_count_processes (void)
{
  GDir *folder = g_dir_open ("/proc", 0, NULL);
  const char *name;
  guint n = 0;

  while (folder && (name = g_dir_read_name (folder)))
    n += g_ascii_isdigit (*name) != 0;
  if (folder)
    g_dir_close (folder);
  return n;
}
