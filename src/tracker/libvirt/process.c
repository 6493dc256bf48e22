/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the QEMU of a domain. */
#include "tracker/libvirt/process.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

/* A command line of QEMU's has a few KiB. */
#define COMMAND_LINE_LIMIT_BYTES (1u << 20)

static char *
read_file (const char *path, gsize *n)
{
  char *content = NULL;

  return g_file_get_contents (path, &content, n, NULL) ? content : NULL;
}

/* The number in DIRECTORY/NAME.pid; 0 when there is none. */
static gint64
read_pid_file (const char *directory, const char *name)
{
  g_autofree char *path = g_strdup_printf ("%s/%s.pid", directory, name);
  g_autofree char *content = read_file (path, NULL);
  gint64 id = 0;

  if (content && g_ascii_string_to_signed (g_strstrip (content), 10, 1, G_MAXINT32, &id, NULL))
    return id;
  return 0;
}

/* Whether process ID was started with "-uuid UUID". */
static gboolean
is_of_domain (gint64 id, const char *uuid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%" G_GINT64_FORMAT "/cmdline", id);
  gsize n = 0;
  g_autofree char *line = read_file (path, &n);
  const char *end = line ? line + n : NULL;

  if (!line || n > COMMAND_LINE_LIMIT_BYTES)
    return FALSE;
  for (const char *word = line; word < end; word += strlen (word) + 1)
    if (strcmp (word, "-uuid") == 0 && word + sizeof "-uuid" < end)
      return g_ascii_strcasecmp (word + sizeof "-uuid", uuid) == 0;
  return FALSE;
}

/* Field 22 of /proc/ID/stat (proc(5)): when it started, in ticks since the boot. */
static uint64_t
read_uptime (gint64 id)
{
  g_autofree char *path = g_strdup_printf ("/proc/%" G_GINT64_FORMAT "/stat", id);
  g_autofree char *stat = read_file (path, NULL);
  const char *rest = stat ? strrchr (stat, ')') : NULL; /* the name may have blanks */
  g_auto (GStrv) fields = rest ? g_strsplit (rest, " ", -1) : NULL;
  uint64_t ticks_s = (uint64_t)sysconf (_SC_CLK_TCK);
  struct timespec now = { 0 };
  guint64 start = 0;
  uint64_t start_ms, now_ms;

  if (!fields || g_strv_length (fields) < 21
      || !g_ascii_string_to_unsigned (fields[20], 10, 0, G_MAXINT64 / 1000, &start, NULL))
    return 0;
  clock_gettime (CLOCK_BOOTTIME, &now);
  start_ms = start * 1000 / ticks_s;
  now_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
  return now_ms > start_ms ? now_ms - start_ms : 1;
}

CairnLibvirtProcess
cairn_libvirt_process_find (const char *name, const char *uuid)
{
  g_autofree char *session = g_build_filename (g_get_user_runtime_dir (), "libvirt/qemu/run", NULL);
  const char *const directories[] = { "/run/libvirt/qemu", session };
  CairnLibvirtProcess process = { 0 };

  if (strchr (name, '/'))
    return process;
  for (guint i = 0; i < G_N_ELEMENTS (directories) && process.id == 0; i++)
    {
      gint64 id = read_pid_file (directories[i], name);

      if (id > 0 && is_of_domain (id, uuid))
        process.id = id;
    }
  if (process.id > 0)
    process.uptime_ms = read_uptime (process.id);
  return process;
}
