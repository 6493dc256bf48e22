/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hands a scratch image to a running QEMU and has its bitmap merged into a disk's.
 *
 * The image goes as a descriptor (add-fd): whatever confines QEMU to its own files needn't be told
 * of another one, and nothing is left on disk. */
#include "tracker/libvirt/graft.h"

#include <errno.h>
#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <libvirt/libvirt-qemu.h>
#include <stdlib.h>
#include <unistd.h>

#include "scratch/scratch.h"
#include "tracker/libvirt/checkpoint.h"
#include "tracker/libvirt/failure.h"
#include "tracker/libvirt/gate.h"
#include "tracker/libvirt/monitor.h"

/* QEMU's name of the scratch image; one graft at a time is under way, the VM being locked. */
#define SCRATCH_NODE "cairn-scratch"

typedef struct
{
  CairnLibvirtLook *look;
  const char *node; /* of the disk's active layer */
  const char *name;
  const char *catcher;
  uint64_t granularity_bytes;
} Graft;

static gboolean
call (const Graft *graft, const char *execute, JsonNode *arguments, GError **error)
{
  g_autoptr (JsonNode) answer = cairn_libvirt_monitor_call (
      graft->look->domain, graft->look->description->name, execute, arguments, error);

  return answer != NULL;
}

/* JSON from a format, for commands whose values need no escaping: names of nodes and bitmaps here
 * are our own or libvirt's, GUIDs and numbers. */
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

/* The number of the set that QEMU put the descriptor in, or -1. */
static gint64
pass_descriptor (const Graft *graft, int fd, GError **error)
{
  g_autoptr (JsonNode) answer = NULL;
  unsigned n_out = 0;
  int *out = NULL;
  char *text = NULL;
  JsonNode *returned = NULL;
  JsonObject *object;

  if (virDomainQemuMonitorCommandWithFiles (graft->look->domain, "{\"execute\":\"add-fd\"}", 1, &fd,
                                            &n_out, &out, &text, 0)
      != 0)
    return cairn_libvirt_fail (error, "VM '%s': its QEMU takes no scratch image",
                               graft->look->description->name),
           -1;
  free (out);
  answer = json_from_string (text, NULL);
  free (text);
  object = answer && JSON_NODE_HOLDS_OBJECT (answer) ? json_node_get_object (answer) : NULL;
  returned = object ? json_object_get_member (object, "return") : NULL;
  if (returned && JSON_NODE_HOLDS_OBJECT (returned))
    return json_object_get_int_member_with_default (json_node_get_object (returned), "fdset-id",
                                                    -1);
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
               "the QEMU of VM '%s' takes no scratch image; check its version",
               graft->look->description->name);
  return -1;
}

static gboolean
add_scratch (const Graft *graft, gint64 set, GError **error)
{
  return call (graft, "blockdev-add",
               json ("{\"driver\":\"qcow2\",\"node-name\":\"" SCRATCH_NODE
                     "\",\"read-only\":true,\"file\":{\"driver\":\"file\",\"filename\":"
                     "\"/dev/fdset/%" G_GINT64_FORMAT "\",\"read-only\":true}}",
                     set),
               error);
}

/* The bitmap appears with all it must hold, or not at all. */
static gboolean
merge (const Graft *graft, GError **error)
{
  return call (
      graft, "transaction",
      json ("{\"actions\":[{\"type\":\"block-dirty-bitmap-add\",\"data\":{\"node\":\"%s\","
            "\"name\":\"%s\",\"granularity\":%" G_GUINT64_FORMAT ",\"persistent\":true}},"
            "{\"type\":\"block-dirty-bitmap-merge\",\"data\":{\"node\":\"%s\",\"target\":\"%s\","
            "\"bitmaps\":[{\"node\":\"" SCRATCH_NODE "\",\"name\":\"" CAIRN_SCRATCH_BITMAP
            "\"},\"%s\"]}}]}",
            graft->node, graft->name, graft->granularity_bytes, graft->node, graft->name,
            graft->catcher),
      error);
}

static gboolean
graft_from (const Graft *graft, int fd, GError **error)
{
  gint64 set = pass_descriptor (graft, fd, error);
  gboolean ok;

  if (set < 0)
    return FALSE;
  ok = add_scratch (graft, set, error);
  if (ok)
    {
      ok = merge (graft, error);
      call (graft, "blockdev-del", json ("{\"node-name\":\"" SCRATCH_NODE "\"}"), NULL);
    }
  call (graft, "remove-fd", json ("{\"fdset-id\":%" G_GINT64_FORMAT "}", set), NULL);
  return ok;
}

/* QEMU takes a descriptor for reading only if it is open for just that. */
static int
open_scratch (const CairnLibvirtLook *look, const CairnGranules *granules, GError **error)
{
  int fd = cairn_scratch_new (granules, error);
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  int readable = fd >= 0 ? open (path, O_RDONLY | O_CLOEXEC) : -1;

  if (fd >= 0 && readable < 0)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
                 "the scratch image for VM '%s' can't be opened again (%s); check that /proc is "
                 "mounted",
                 look->description->name, g_strerror (errno));
  if (fd >= 0)
    close (fd);
  return readable;
}

/* The catcher must have recorded without a break, or the result would lack changes. */
static gboolean
check_catcher (const CairnLibvirtLayer *active, const char *catcher, GError **error)
{
  const CairnLibvirtBitmap *bitmap = g_hash_table_lookup (active->bitmaps, catcher);

  if (bitmap && bitmap->is_recording && !bitmap->is_inconsistent)
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
               "image '%s' no longer has a whole bitmap '%s', which recorded the writes made "
               "meanwhile; run the command again, which starts from the beginning",
               active->path, catcher);
  return FALSE;
}

static gboolean
check_free (const CairnLibvirtLayer *active, const char *name, GError **error)
{
  if (!g_hash_table_contains (active->bitmaps, name))
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
               "image '%s' has a bitmap '%s' already; remove that first", active->path, name);
  return FALSE;
}

gboolean
cairn_libvirt_graft (CairnLibvirtLook *look, const CairnDisk *disk, const char *name,
                     const CairnGranules *granules, const char *catcher, GError **error)
{
  const CairnLibvirtDisk *found = cairn_libvirt_look_find_disk (look, disk->target);
  const CairnLibvirtLayer *active = found ? found->layers->pdata[0] : NULL;
  Graft graft = { look, active ? active->node : NULL, name, catcher, granules->granularity_bytes };
  gboolean ok;
  int fd;

  if (!found)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FILE_NOT_FOUND,
                   "disk '%s' isn't attached to VM '%s' any more; attach it and try again",
                   disk->target, look->description->name);
      return FALSE;
    }
  cairn_libvirt_look_forget_bitmaps (look);
  if (!cairn_libvirt_look_read_bitmaps (look, error) || !check_catcher (active, catcher, error)
      || !check_free (active, name, error))
    return FALSE;
  fd = open_scratch (look, granules, error);
  if (fd < 0)
    return FALSE;
  ok = cairn_libvirt_gate_enter (look, error);
  if (ok)
    {
      ok = graft_from (&graft, fd, error);
      cairn_libvirt_gate_leave (look->libvirt);
    }
  close (fd);
  cairn_libvirt_look_forget_bitmaps (look);
  return ok && cairn_libvirt_checkpoint_delete (look, name, TRUE, NULL, error);
}
