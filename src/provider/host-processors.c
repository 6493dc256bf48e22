/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads what processors this host has. */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "provider/host.h"

#define CPU_FOLDER "/sys/devices/system/cpu"

/* libvirt's driver squeezes blanks and takes 31 bytes. */
#define NAME_LIMIT_BYTES 31u

/* Caches of one processor that are looked at. */
#define CACHES_MAX 8u

void
cairn_socket_free (CairnSocket *socket)
{
  g_free (socket->name);
  g_free (socket->vendor);
  g_free (socket);
}

/* ---- sysfs ---- */

static char *
read_cpu_text (guint cpu, const char *file)
{
  g_autofree char *path = g_strdup_printf (CPU_FOLDER "/cpu%u/%s", cpu, file);
  char *content = NULL;

  return g_file_get_contents (path, &content, NULL, NULL) ? g_strstrip (content) : NULL;
}

static guint
read_cpu_number (guint cpu, const char *file)
{
  g_autofree char *text = read_cpu_text (cpu, file);

  return text ? (guint)MIN (g_ascii_strtoull (text, NULL, 10), G_MAXUINT) : 0;
}

/* The size of the processor's unified cache of that level; "1024K". */
static guint
read_cache_kib (guint cpu, guint level)
{
  for (guint i = 0; i < CACHES_MAX; i++)
    {
      g_autofree char *at = g_strdup_printf ("cache/index%u/level", i);
      g_autofree char *size = g_strdup_printf ("cache/index%u/size", i);

      if (read_cpu_number (cpu, at) == level)
        return read_cpu_number (cpu, size);
    }
  return 0;
}

/* ---- /proc/cpuinfo ---- */

/* One processor's lines. */
typedef struct
{
  guint processor, package, core, family, model, stepping, mhz;
  gboolean has_core;
  char name[128];
  char vendor[32];
} Entry;

static void
read_field (Entry *entry, const char *name, const char *value)
{
  const struct
  {
    const char *name;
    guint *number;
  } numbers[] = { { "processor", &entry->processor }, { "physical id", &entry->package },
                  { "core id", &entry->core },        { "cpu family", &entry->family },
                  { "model", &entry->model },         { "stepping", &entry->stepping },
                  { "cpu MHz", &entry->mhz } };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    if (g_str_equal (name, numbers[i].name))
      *numbers[i].number = (guint)MIN (g_ascii_strtoull (value, NULL, 10), G_MAXUINT);
  if (g_str_equal (name, "core id"))
    entry->has_core = TRUE;
  else if (g_str_equal (name, "model name"))
    g_strlcpy (entry->name, value, sizeof entry->name);
  else if (g_str_equal (name, "vendor_id"))
    g_strlcpy (entry->vendor, value, sizeof entry->vendor);
}

/* One paragraph of the file. */
static Entry
read_entry (const char *paragraph)
{
  g_auto (GStrv) lines = g_strsplit (paragraph, "\n", -1);
  Entry entry = { 0 };

  for (char **line = lines; *line; line++)
    {
      char *colon = strchr (*line, ':');

      if (!colon)
        continue;
      *colon = '\0';
      read_field (&entry, g_strstrip (*line), g_strstrip (colon + 1));
    }
  return entry;
}

/* ---- sockets ---- */

/* NAME without runs of blanks and without what every name has, cut at the limit. */
static char *
squeeze (const char *name)
{
  static const char *const noise[] = { "(R)", "(TM)", "(tm)", " CPU", " Processor" };
  g_autoptr (GString) text = g_string_new (name);
  g_auto (GStrv) words = NULL;
  g_autoptr (GString) squeezed = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (noise); i++)
    g_string_replace (text, noise[i], "", 0);
  words = g_strsplit_set (text->str, " \t", -1);
  for (char **word = words; *word; word++)
    if (**word)
      g_string_append_printf (squeezed, "%s%s", squeezed->len ? " " : "", *word);
  if (squeezed->len > NAME_LIMIT_BYTES)
    g_string_truncate (squeezed, NAME_LIMIT_BYTES);
  return g_utf8_make_valid (g_strstrip (squeezed->str), -1);
}

static CairnSocket *
socket_new (const Entry *entry)
{
  CairnSocket *socket = g_new0 (CairnSocket, 1);
  guint khz = read_cpu_number (entry->processor, "cpufreq/cpuinfo_max_freq");
  struct utsname host = { 0 };

  uname (&host);
  socket->number = entry->package;
  socket->name = squeeze (*entry->name ? entry->name : host.machine);
  socket->vendor = g_strdup (*entry->vendor ? entry->vendor : "");
  socket->family = entry->family;
  socket->model = entry->model;
  socket->stepping = entry->stepping;
  socket->mhz_now = entry->mhz;
  socket->mhz = khz ? khz / 1000 : entry->mhz;
  socket->l2_kib = read_cache_kib (entry->processor, 2);
  socket->l3_kib = read_cache_kib (entry->processor, 3);
  return socket;
}

static CairnSocket *
find_socket (GPtrArray *sockets, const Entry *entry)
{
  for (guint i = 0; i < sockets->len; i++)
    if (((CairnSocket *)sockets->pdata[i])->number == entry->package)
      return sockets->pdata[i];
  g_ptr_array_add (sockets, socket_new (entry));
  return sockets->pdata[sockets->len - 1];
}

/* Counts ENTRY with its socket. CORES has those seen: on some architectures none are told, then
 * each thread is one. */
static void
count_entry (GPtrArray *sockets, GHashTable *cores, const Entry *entry)
{
  CairnSocket *socket = find_socket (sockets, entry);
  guint core = entry->has_core ? entry->core : entry->processor;

  socket->n_threads++;
  if (g_hash_table_add (cores, g_strdup_printf ("%u %u", entry->package, core)))
    socket->n_cores++;
}

GPtrArray *
cairn_host_sockets (void)
{
  GPtrArray *sockets = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_socket_free);
  g_autoptr (GHashTable) cores = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *content = NULL;
  g_auto (GStrv) paragraphs = NULL;

  if (!g_file_get_contents ("/proc/cpuinfo", &content, NULL, NULL))
    content = g_strdup ("processor: 0");
  paragraphs = g_strsplit (content, "\n\n", -1);
  for (char **paragraph = paragraphs; *paragraph; paragraph++)
    if (strstr (*paragraph, "processor"))
      {
        Entry entry = read_entry (*paragraph);

        count_entry (sockets, cores, &entry);
      }
  if (sockets->len == 0)
    count_entry (sockets, cores, &(Entry){ 0 });
  return sockets;
}
