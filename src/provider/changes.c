/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GetVirtualDiskChanges: which ranges of a disk changed since a reference point. Always answered at
 * once, in as many calls as the asker likes. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <cairn/error.h>
#include <cairn/snapshot.h>

#include "provider/method.h"
#include "provider/points.h"
#include "provider/reference.h"
#include "refpoint/engine.h"
#include "refpoint/guid.h"
#include "refpoint/path.h"

/* What the address of a running VM's frozen disk begins with (cairn/snapshot.h). */
#define ADDRESS_PREFIX "nbd+unix:"

/* One answer's: 64 Ki ranges are some 8 MiB of XML. The asker goes on behind ProcessedByteLength.
 */
#define RANGES_MAX 65536u

typedef struct
{
  char *path; /* owned */
  const char *limit_id;
  uint64_t offset_bytes, length_bytes;
} Question;

static gboolean refuse (GError **error, int code, const char *format, ...) G_GNUC_PRINTF (3, 4);

static gboolean
refuse (GError **error, int code, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  if (error)
    *error = g_error_new_valist (CAIRN_ERROR, code, format, args);
  va_end (args);
  return FALSE;
}

/* The image is one that the caller could read himself. */
static gboolean
check_file (CimCall *call, const char *path, GError **error)
{
  CairnFileRights before = { 0 };
  int why;

  if (!cairn_path_check_syntax (path, "Path", error)
      || !cairn_caller_become (call->caller, &before, error))
    return FALSE;
  /* access(2) would ask for the process's own rights. */
  why = faccessat (AT_FDCWD, path, R_OK, AT_EACCESS) == 0 ? 0 : errno;
  cairn_caller_restore (&before);
  if (why == 0)
    return TRUE;
  return refuse (error,
                 why == ENOENT || why == ENOTDIR ? CAIRN_ERROR_FILE_NOT_FOUND
                                                 : CAIRN_ERROR_ACCESS_DENIED,
                 "image '%s' can't be read (%s); name an image that user '%s' may read", path,
                 g_strerror (why), call->caller->name);
}

static const CairnAnchor *
find_anchor (const CairnPoint *point, const char *limit_id)
{
  for (guint i = 0; i < point->anchors->len; i++)
    {
      const CairnAnchor *anchor = point->anchors->pdata[i];

      if (anchor->change_tracking_id
          && g_ascii_strcasecmp (anchor->change_tracking_id, limit_id) == 0)
        return anchor;
    }
  return NULL;
}

/* The point of a change-tracking id. It has the point's GUID in it, unless the point was anchored
 * anew. */
static CairnPoint *
find_point (CairnService *service, const char *limit_id, const CairnAnchor **anchor, GError **error)
{
  g_autofree char *guid = cairn_change_tracking_id_guid (limit_id);
  CairnPoint *point = NULL;
  g_autoptr (GPtrArray) all = NULL;

  if (guid && service->store->ops->get_point (service->store, guid, &point, NULL) && point
      && (*anchor = find_anchor (point, limit_id)))
    return point;
  g_clear_pointer (&point, cairn_point_free);
  all = guid ? service->store->ops->list_points (service->store, NULL, error) : NULL;
  if (guid && !all)
    return NULL;
  for (guint i = 0; all && i < all->len; i++)
    if ((*anchor = find_anchor (all->pdata[i], limit_id)))
      return g_ptr_array_steal_index_fast (all, i);
  refuse (error, CAIRN_ERROR_INVALID_PARAMETER,
          "no reference point has the change-tracking id '%.100s'; take a full backup and create a "
          "new reference point",
          limit_id);
  return NULL;
}

static gboolean
is_same_file (const char *a, const char *b)
{
  g_autofree char *left = realpath (a, NULL), *right = realpath (b, NULL);

  return left && right && g_str_equal (left, right);
}

/* PATH must be the image of that disk now. */
static gboolean
check_disk (CairnService *service, const CairnPoint *point, const CairnAnchor *anchor,
            const char *path, char **target, uint64_t *size_bytes, GError **error)
{
  g_autoptr (CairnVm) vm = cairn_service_get_vm (service, point->vm_guid, error);
  const CairnDisk *disk;

  if (!vm)
    return FALSE;
  disk = cairn_vm_find_disk (vm, anchor->disk_identifier);
  if (!disk || !is_same_file (disk->path, path))
    return refuse (error, CAIRN_ERROR_INVALID_PARAMETER,
                   "image '%s' isn't that of disk '%s' of VM '%s', to which LimitId '%s' belongs; "
                   "name %s",
                   path, anchor->target, vm->name, anchor->change_tracking_id,
                   disk ? disk->path : "a disk that is attached");
  *target = g_strdup (disk->target);
  *size_bytes = disk->virtual_size_bytes ? disk->virtual_size_bytes : anchor->virtual_size_bytes;
  return TRUE;
}

static void
question_clear (Question *question)
{
  g_free (question->path);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Question, question_clear)

/* The VM's disk that a recovery checkpoint's is, at its place now; NULL: there is none. */
static char *
path_now (CairnService *service, const CairnSnapshot *snapshot, const CairnFrozenDisk *frozen)
{
  g_autoptr (CairnVm) vm = cairn_service_get_vm (service, snapshot->point->vm_guid, NULL);
  const CairnDisk *disk = vm ? cairn_vm_find_disk (vm, frozen->identifier) : NULL;

  return disk ? g_strdup (disk->path) : NULL;
}

/* A disk of a recovery checkpoint is asked about by its address: what it goes by is the VM's disk,
 * whose changes up to now have those up to then in them. */
static gboolean
resolve_address (CairnService *service, Question *question, GError **error)
{
  g_autoptr (GPtrArray) snapshots = NULL;
  char *path = NULL;

  if (!question->path || !g_str_has_prefix (question->path, ADDRESS_PREFIX))
    return TRUE;
  snapshots = cairn_service_list_snapshots (service, NULL, error);
  if (!snapshots)
    return FALSE;
  for (guint i = 0; i < snapshots->len && !path; i++)
    {
      const CairnSnapshot *snapshot = snapshots->pdata[i];

      for (guint k = 0; k < snapshot->disks->len && !path; k++)
        if (g_str_equal (((CairnFrozenDisk *)snapshot->disks->pdata[k])->address, question->path))
          path = path_now (service, snapshot, snapshot->disks->pdata[k]);
    }
  if (!path)
    return refuse (error, CAIRN_ERROR_FILE_NOT_FOUND,
                   "no recovery checkpoint has a disk at '%.300s' (any more); name the VM's image, "
                   "or make a new recovery checkpoint",
                   question->path);
  g_free (question->path);
  question->path = path;
  return TRUE;
}

static gboolean
take_question (const CimInstance *in, Question *question, GError **error)
{
  question->path = g_strdup (cim_instance_text (in, "Path"));
  question->limit_id = cim_instance_text (in, "LimitId");
  question->offset_bytes = cim_instance_number (in, "ByteOffset", 0);
  question->length_bytes = cim_instance_number (in, "ByteLength", 0);
  if (!question->limit_id || !*question->limit_id)
    return refuse (error, CAIRN_ERROR_INVALID_PARAMETER,
                   "LimitId is missing; give one of the point's "
                   "ResilientChangeTrackingIdentifiers");
  if (question->length_bytes == 0)
    return refuse (error, CAIRN_ERROR_INVALID_PARAMETER,
                   "ByteLength is missing or 0; give the length of the range asked about");
  return TRUE;
}

/* Puts the ranges into OUT, as far as one answer goes. */
static void
answer (CimInstance *out, const GArray *extents, uint64_t offset_bytes, uint64_t length_bytes)
{
  guint n = MIN (extents->len, RANGES_MAX);
  g_autofree uint64_t *offsets = g_new (uint64_t, n + 1), *lengths = g_new (uint64_t, n + 1);

  for (guint i = 0; i < n; i++)
    {
      const CairnExtent *extent = &g_array_index (extents, CairnExtent, i);

      offsets[i] = extent->offset_bytes;
      lengths[i] = extent->length_bytes;
    }
  if (n < extents->len)
    length_bytes = offsets[n - 1] + lengths[n - 1] - offset_bytes;
  cim_instance_set_number (out, "ProcessedByteLength", length_bytes);
  cim_instance_set_numbers (out, "ChangedByteOffsets", offsets, n);
  cim_instance_set_numbers (out, "ChangedByteLengths", lengths, n);
}

/* Asks for as much of the range as one answer of the service holds. */
static gboolean
ask (CairnService *service, const CairnPoint *point, const char *target, uint64_t offset_bytes,
     uint64_t length_bytes, CimInstance *out, GError **error)
{
  for (;;)
    {
      const CairnChangesQuery query = { target, offset_bytes, length_bytes };
      g_autoptr (GPtrArray) disks = NULL;
      g_autoptr (GError) cause = NULL;

      if (cairn_service_get_changes (service, point->instance_id, &query, &disks, &cause))
        {
          answer (out, ((CairnDiskChanges *)disks->pdata[0])->extents, offset_bytes, length_bytes);
          return TRUE;
        }
      if (cause->code != CAIRN_ERROR_OUT_OF_MEMORY || length_bytes < 2 * CAIRN_DEFAULT_GRANULARITY)
        return g_propagate_error (error, g_steal_pointer (&cause)), FALSE;
      length_bytes = length_bytes / 2 / CAIRN_DEFAULT_GRANULARITY * CAIRN_DEFAULT_GRANULARITY;
    }
}

static gboolean
get_changes (CimCall *call, CairnService *service, const CimInstance *in, CimInstance *out,
             GError **error)
{
  g_auto (Question) question = { 0 };
  const CairnAnchor *anchor = NULL;
  g_autoptr (CairnPoint) point = NULL;
  g_autofree char *target = NULL;
  uint64_t size_bytes = 0;

  if (!take_question (in, &question, error) || !resolve_address (service, &question, error)
      || !check_file (call, question.path, error))
    return FALSE;
  point = find_point (service, question.limit_id, &anchor, error);
  if (!point || !check_disk (service, point, anchor, question.path, &target, &size_bytes, error))
    return FALSE;
  if (question.offset_bytes >= size_bytes)
    return refuse (error, CAIRN_ERROR_INVALID_PARAMETER,
                   "ByteOffset %" G_GUINT64_FORMAT
                   " lies behind the end of disk '%s', which has %" G_GUINT64_FORMAT
                   " bytes; give one within the disk",
                   question.offset_bytes, target, size_bytes);
  return ask (service, point, target, question.offset_bytes,
              MIN (question.length_bytes, size_bytes - question.offset_bytes), out, error);
}

gboolean
cairn_invoke_get_changes (CimCall *call, const CimInstance *object, const CimInstance *in,
                          CimInstance *out, uint32_t *return_value, char **message, GError **error)
{
  CairnBackend *backend = cairn_backend_of (call);
  GError *cause = NULL;
  CairnService *service = cairn_backend_take_service (backend, &cause);

  *return_value = 0;
  if (!service || !get_changes (call, service, in, out, &cause))
    {
      gboolean is_broken = g_error_matches (cause, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE);

      *return_value = (uint32_t)cause->code;
      cairn_backend_give_back (backend, service, is_broken);
      cairn_method_refuse (cairn_return_vendor, cause, message);
      return TRUE;
    }
  cairn_backend_give_back (backend, service, FALSE);
  return TRUE;
}
