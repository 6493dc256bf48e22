/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copies a bitmap beside a job that runs, and exports it. Source: QEMU's QMP reference. */
#include "tracker/libvirt/reading.h"

#include <cairn/error.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <unistd.h>

#include "tracker/libvirt/backup.h"
#include "tracker/libvirt/gate.h"
#include "tracker/libvirt/job.h"
#include "tracker/libvirt/monitor.h"
#include "tracker/libvirt/place.h"

/* Of the copy, its export, and the export's id. One reading at a time is under way. */
#define NAME "cairn-reading"

/* How long QEMU may take to let go of an export whose clients were cut off. */
#define GONE_MS       2000
#define LOOK_AGAIN_US 500

struct CairnLibvirtReading
{
  virDomainPtr domain;
  char *vm_name;
  char *node;
  CairnNbdClient *client;
  int lock_fd;
};

gboolean
cairn_libvirt_is_held (CairnLibvirt *libvirt, const CairnLibvirtLook *look, char **name)
{
  g_autofree char *socket = cairn_libvirt_place_socket (libvirt, look);
  g_autofree char *mark = cairn_libvirt_place_find_mark (libvirt, look->guid);

  if (!mark || cairn_libvirt_job_find (look->domain, socket) != CAIRN_LIBVIRT_JOB_OURS)
    return FALSE;
  if (name)
    *name = g_steal_pointer (&mark);
  return TRUE;
}

CairnNbdClient *
cairn_libvirt_connect_held (CairnLibvirt *libvirt, const char *vm_guid, const char *socket,
                            const char *export_name, const char *const *contexts, int64_t deadline,
                            GError **error)
{
  CairnNbdClient *client;

  if (!cairn_libvirt_gate_enter_to_end (libvirt, vm_guid, error))
    return NULL;
  client = cairn_nbd_client_connect (socket, export_name, contexts, deadline, error);
  cairn_libvirt_gate_leave (libvirt);
  return client;
}

/* ---- QEMU ---- */

/* A JSON object from a format. */
static JsonNode *json (const char *format, ...) G_GNUC_PRINTF (1, 2);

static JsonNode *
json (const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  return json_from_string (text, NULL);
}

/* TEXT as a JSON string: bitmaps that were imported may have any name. */
static char *
quote (const char *text)
{
  g_autoptr (JsonNode) node = json_node_alloc ();

  json_node_init_string (node, text);
  return json_to_string (node, FALSE);
}

static JsonNode *
call (const CairnLibvirtReading *reading, const char *execute, JsonNode *arguments, GError **error)
{
  return cairn_libvirt_monitor_call (reading->domain, reading->vm_name, execute, arguments, error);
}

static gboolean
obey (const CairnLibvirtReading *reading, const char *execute, JsonNode *arguments, GError **error)
{
  g_autoptr (JsonNode) answer = call (reading, execute, arguments, error);

  return answer != NULL;
}

static gboolean
has_export (const CairnLibvirtReading *reading)
{
  g_autoptr (JsonNode) answer = call (reading, "query-block-exports", NULL, NULL);
  JsonArray *exports
      = answer && JSON_NODE_HOLDS_ARRAY (answer) ? json_node_get_array (answer) : NULL;

  for (guint i = 0; exports && i < json_array_get_length (exports); i++)
    {
      JsonNode *one = json_array_get_element (exports, i);

      if (JSON_NODE_HOLDS_OBJECT (one)
          && strcmp (
                 json_object_get_string_member_with_default (json_node_get_object (one), "id", ""),
                 NAME)
                 == 0)
        return TRUE;
    }
  return FALSE;
}

/* What is there is removed; nothing is fine. */
static void
remove_copy (const CairnLibvirtReading *reading)
{
  gint64 end = g_get_monotonic_time () + GONE_MS * G_TIME_SPAN_MILLISECOND;

  if (has_export (reading))
    {
      obey (reading, "block-export-del", json ("{\"id\":\"" NAME "\",\"mode\":\"hard\"}"), NULL);
      while (has_export (reading) && g_get_monotonic_time () < end)
        g_usleep (LOOK_AGAIN_US);
    }
  obey (reading, "block-dirty-bitmap-remove",
        json ("{\"node\":\"%s\",\"name\":\"" NAME "\"}", reading->node), NULL);
}

/* The bitmaps of all images that have it, from the active one down. */
static char *
list_sources (const CairnLibvirtDisk *disk, const char *bitmap)
{
  g_autofree char *name = quote (bitmap);
  GString *sources = g_string_new (NULL);

  for (guint i = 0; i < disk->layers->len; i++)
    {
      const CairnLibvirtLayer *layer = disk->layers->pdata[i];

      if (!layer->node || !g_hash_table_contains (layer->bitmaps, bitmap))
        break;
      g_string_append_printf (sources, "%s{\"node\":\"%s\",\"name\":%s}", i ? "," : "", layer->node,
                              name);
    }
  return g_string_free (sources, FALSE);
}

/* The copy appears whole, or not at all. */
static gboolean
make_copy (const CairnLibvirtReading *reading, const CairnLibvirtDisk *disk, const char *bitmap,
           GError **error)
{
  const CairnLibvirtLayer *active = disk->layers->pdata[0];
  const CairnLibvirtBitmap *found = g_hash_table_lookup (active->bitmaps, bitmap);
  g_autofree char *sources = list_sources (disk, bitmap);

  if (!found)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
                   "image '%s' has no bitmap '%s' any more; list the VM's points, as this one may "
                   "have been destroyed meanwhile",
                   active->path, bitmap);
      return FALSE;
    }
  return obey (reading, "transaction",
               json ("{\"actions\":[{\"type\":\"block-dirty-bitmap-add\",\"data\":{\"node\":\"%s\","
                     "\"name\":\"" NAME "\",\"granularity\":%" G_GUINT64_FORMAT
                     ",\"disabled\":true}},"
                     "{\"type\":\"block-dirty-bitmap-merge\",\"data\":{\"node\":\"%s\","
                     "\"target\":\"" NAME "\",\"bitmaps\":[%s]}}]}",
                     reading->node, found->granularity_bytes, reading->node, sources),
               error);
}

static gboolean
export_copy (const CairnLibvirtReading *reading, GError **error)
{
  return obey (reading, "block-export-add",
               json ("{\"type\":\"nbd\",\"id\":\"" NAME "\",\"node-name\":\"%s\",\"name\":\"" NAME
                     "\",\"bitmaps\":[\"" NAME "\"]}",
                     reading->node),
               error);
}

/* ---- a reading ---- */

static CairnLibvirtReading *
reading_new (CairnLibvirt *libvirt, const CairnLibvirtLook *look, const CairnLibvirtDisk *disk,
             int64_t deadline, GError **error)
{
  int64_t patience = g_get_monotonic_time () + CAIRN_LIBVIRT_JOB_WAIT_MS * G_TIME_SPAN_MILLISECOND;
  int fd = cairn_libvirt_place_lock_reading (libvirt, look->guid, MIN (deadline, patience), error);
  CairnLibvirtReading *reading;

  if (fd < 0)
    return NULL;
  reading = g_new0 (CairnLibvirtReading, 1);
  reading->lock_fd = fd;
  reading->domain = look->domain;
  virDomainRef (reading->domain);
  reading->vm_name = g_strdup (look->description->name);
  reading->node = cairn_libvirt_job_find_node (look->domain, disk->target);
  if (!reading->node)
    reading->node = g_strdup (((CairnLibvirtLayer *)disk->layers->pdata[0])->node);
  return reading;
}

CairnLibvirtReading *
cairn_libvirt_reading_begin (CairnLibvirt *libvirt, CairnLibvirtLook *look, const char *target,
                             const char *bitmap, int64_t deadline, GError **error)
{
  const CairnLibvirtDisk *disk = cairn_libvirt_look_find_disk (look, target);
  const char *const contexts[] = { CAIRN_NBD_DIRTY_PREFIX NAME, NULL };
  g_autofree char *socket = cairn_libvirt_place_socket (libvirt, look);
  g_autoptr (CairnLibvirtReading) reading = NULL;

  if (!disk)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
                   "disk '%s' isn't attached to VM '%s' any more; attach it and try again", target,
                   look->description->name);
      return NULL;
    }
  reading = reading_new (libvirt, look, disk, deadline, error);
  if (!reading)
    return NULL;
  remove_copy (reading); /* a dead one's */
  if (!make_copy (reading, disk, bitmap, error) || !export_copy (reading, error))
    return NULL;
  reading->client
      = cairn_libvirt_connect_held (libvirt, look->guid, socket, NAME, contexts, deadline, error);
  return reading->client ? g_steal_pointer (&reading) : NULL;
}

CairnNbdClient *
cairn_libvirt_reading_client (CairnLibvirtReading *reading)
{
  return reading->client;
}

const char *
cairn_libvirt_reading_context (const CairnLibvirtReading *reading)
{
  return CAIRN_NBD_DIRTY_PREFIX NAME;
}

void
cairn_libvirt_reading_end (CairnLibvirtReading *reading)
{
  if (!reading)
    return;
  cairn_nbd_client_close (reading->client);
  remove_copy (reading);
  virDomainFree (reading->domain);
  close (reading->lock_fd);
  g_free (reading->vm_name);
  g_free (reading->node);
  g_free (reading);
}
