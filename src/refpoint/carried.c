/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps what an imported pair holds that we don't know. */
#include "refpoint/carried.h"

#include <errno.h>
#include <fnmatch.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "refpoint/walk.h"

/* Reads FD whole. NULL without error when it is larger than the limit. */
static GBytes *
read_whole (const char *path, int fd, GError **error)
{
  struct stat status;
  g_autofree uint8_t *bytes = NULL;
  size_t length, done = 0;

  if (fstat (fd, &status) == 0 && (uint64_t)status.st_size > CAIRN_CARRIED_LIMIT_BYTES)
    return NULL;
  length = (size_t)status.st_size;
  bytes = g_try_malloc (MAX (length, 1));
  while (bytes && done < length)
    {
      ssize_t n = pread (fd, bytes + done, length - done, (off_t)done);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        break;
      done += (size_t)n;
    }
  if (bytes && done == length)
    return g_bytes_new_take (g_steal_pointer (&bytes), length);
  g_set_error (error, CAIRN_ERROR, bytes ? CAIRN_ERROR_FAILED : CAIRN_ERROR_OUT_OF_MEMORY,
               "file '%s' can't be read to its end; check the file and try again", path);
  return NULL;
}

static GBytes *
tree_to_bytes (VmcxTree *tree, GError **error)
{
  int fd = memfd_create ("cairn-carried", MFD_CLOEXEC);
  GError *cause = NULL;
  GBytes *bytes = NULL;

  if (fd < 0)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_OUT_OF_MEMORY,
                 "the files' other keys can't be held in memory (%s); free some and try again",
                 g_strerror (errno));
  else if (vmcx_tree_write_fd (tree, fd, NULL, &cause))
    bytes = read_whole ("memory", fd, error);
  else
    cairn_metadata_propagate (error, cause);
  if (fd >= 0)
    close (fd);
  return bytes;
}

GBytes *
cairn_carried_pack (const CairnMetadataSource *configuration, const CairnMetadataSource *runtime,
                    GError **error)
{
  g_autoptr (VmcxTree) tree = vmcx_tree_new ();
  g_autoptr (GBytes) first = NULL;
  g_autoptr (GBytes) second = NULL;
  GError *cause = NULL;

  first = read_whole (configuration->path, configuration->fd, &cause);
  if (!cause)
    second = read_whole (runtime->path, runtime->fd, &cause);
  if (cause)
    {
      g_propagate_error (error, cause);
      return NULL;
    }
  if (!first)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_OUT_OF_MEMORY,
                   "file '%s' is larger than the %u MiB that are carried along with a point; give "
                   "the configuration file of one VM",
                   configuration->path, (unsigned)(CAIRN_CARRIED_LIMIT_BYTES >> 20));
      return NULL;
    }
  vmcx_key_add_array (vmcx_tree_root (tree), "configuration", first);
  if (second)
    vmcx_key_add_array (vmcx_tree_root (tree), "runtime_state", second);
  return tree_to_bytes (tree, error);
}

/* Every key this version writes; '*' stands for the variable part of a name. */
static const char *const known[] = {
  "cairn",
  "cairn/schema",
  "cairn/kind",
  "cairn/export_id",
  "cairn/points",
  "cairn/points/point",
  "cairn/points/point/instance_id",
  "cairn/points/point/type",
  "cairn/points/point/consistency",
  "cairn/points/point/creation_time_ms",
  "cairn/points/point/owner",
  "cairn/points/point/label",
  "cairn/points/point/origin",
  "cairn/points/point/carried",
  "cairn/points/point/disks",
  "cairn/points/point/disks/disk",
  "cairn/points/point/disks/disk/identifier",
  "cairn/points/point/disks/disk/target",
  "cairn/points/point/disks/disk/path",
  "cairn/points/point/disks/disk/format",
  "cairn/points/point/disks/disk/virtual_size",
  "cairn/points/point/disks/disk/granularity",
  "cairn/points/point/disks/disk/change_tracking_id",
  "cairn/points/point/disks/disk/bitmap",
  "cairn/points/point/disks/disk/tracking_hint",
  "cairn/points/point/disks/disk/dirty",
  "configuration",
  "configuration/manifest",
  "configuration/manifest/size",
  "configuration/manifest/version",
  "configuration/manifest/vdev*",
  "configuration/manifest/vdev*/device",
  "configuration/manifest/vdev*/flags",
  "configuration/manifest/vdev*/instance",
  "configuration/manifest/vdev*/name",
  "configuration/properties",
  "configuration/properties/creation_time",
  "configuration/properties/global_id",
  "configuration/properties/name",
  "configuration/properties/subtype",
  "configuration/properties/type_id",
  "configuration/properties/version",
  "configuration/settings",
  "configuration/settings/global",
  "configuration/settings/global/logical_id",
  "configuration/_*_",
  "configuration/_*_/controller*",
  "configuration/_*_/controller*/drive*",
  "configuration/_*_/controller*/drive*/pathname",
  "configuration/_*_/controller*/drive*/type",
};

static gboolean
is_known (const VmcxKey *key, gpointer closure, GError **error)
{
  g_autoptr (GString) path = g_string_new (vmcx_key_name (key));
  guint depth = 0;

  for (const VmcxKey *up = vmcx_key_parent (key); up && *vmcx_key_name (up);
       up = vmcx_key_parent (up), depth++)
    {
      g_string_prepend_c (path, '/');
      g_string_prepend (path, vmcx_key_name (up));
    }
  /* Nothing we write lies deeper, and a path's length must stay bounded. */
  if (depth > 5)
    return FALSE;
  for (size_t i = 0; i < G_N_ELEMENTS (known); i++)
    if (fnmatch (known[i], path->str, FNM_PATHNAME) == 0)
      return TRUE;
  return FALSE;
}

gboolean
cairn_carried_is_needed (const CairnMetadataSource *configuration,
                         const CairnMetadataSource *runtime)
{
  return !cairn_walk (vmcx_file_root (configuration->file), is_known, NULL, NULL)
         || !cairn_walk (vmcx_file_root (runtime->file), is_known, NULL, NULL);
}
