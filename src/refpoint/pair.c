/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens the two files of an export. */
#include "refpoint/pair.h"

#include <unistd.h>

#include "refpoint/path.h"

/* What a pair may declare. A point of two disks takes about 2 KiB of tables, so this is more than
 * 10,000 points of one VM; and the process stays within 64 MiB or so. */
static const VmcxLimits limits = {
  .table_bytes = UINT64_C (24) << 20,
  .log_bytes = UINT64_C (24) << 20,
  .value_bytes = UINT64_C (24) << 20,
};

static const char *const what[] = { "configuration file", "runtime-state file" };

struct CairnPair
{
  CairnMetadataSource sources[2]; /* configuration, runtime state */
};

static gboolean
check_allowed (CairnService *service, const char *const paths[2], GError **error)
{
  for (size_t i = 0; i < 2; i++)
    if (!cairn_path_check_allowed (paths[i], (const char *const *)service->config->import_paths,
                                   what[i], error))
      return FALSE;
  return TRUE;
}

gboolean
cairn_pair_check_paths (CairnService *service, const char *config_path, const char *runtime_path,
                        GError **error)
{
  const char *const paths[] = { config_path, runtime_path };
  CairnFileRights before;
  gboolean ok;

  for (size_t i = 0; i < G_N_ELEMENTS (paths); i++)
    if (!cairn_path_check_syntax (paths[i], what[i], error))
      return FALSE;
  if (!cairn_caller_become (service->monitor.caller, &before, error))
    return FALSE;
  ok = check_allowed (service, paths, error);
  cairn_caller_restore (&before);
  return ok;
}

static gboolean
open_container (CairnMetadataSource *source, const char *title, GError **error)
{
  GError *cause = NULL;

  source->file = vmcx_file_open_fd (source->fd, source->path, &limits, &cause);
  if (source->file)
    return TRUE;
  g_prefix_error (&cause, "%s: ", title);
  cairn_metadata_propagate (error, cause);
  return FALSE;
}

static gboolean
open_files (CairnPair *pair, GError **error)
{
  for (size_t i = 0; i < G_N_ELEMENTS (pair->sources); i++)
    {
      pair->sources[i].fd = cairn_path_open_regular (pair->sources[i].path, what[i], error);
      if (pair->sources[i].fd < 0)
        return FALSE;
    }
  return TRUE;
}

/* Both files opened with CALLER's rights. */
static CairnPair *
open_pair (const CairnCaller *caller, const char *config_path, const char *runtime_path,
           GError **error)
{
  g_autoptr (CairnPair) pair = g_new0 (CairnPair, 1);
  CairnFileRights before;
  gboolean ok;

  pair->sources[0] = (CairnMetadataSource){ config_path, -1, NULL };
  pair->sources[1] = (CairnMetadataSource){ runtime_path, -1, NULL };
  if (!cairn_caller_become (caller, &before, error))
    return NULL;
  ok = open_files (pair, error);
  cairn_caller_restore (&before);
  return ok ? g_steal_pointer (&pair) : NULL;
}

CairnPair *
cairn_pair_open (const CairnCaller *caller, const char *config_path, const char *runtime_path,
                 GError **error)
{
  g_autoptr (CairnPair) pair = open_pair (caller, config_path, runtime_path, error);

  for (size_t i = 0; pair && i < G_N_ELEMENTS (pair->sources); i++)
    if (!open_container (&pair->sources[i], what[i], error))
      return NULL;
  return g_steal_pointer (&pair);
}

gboolean
cairn_pair_check_access (CairnService *service, const char *config_path, const char *runtime_path,
                         GError **error)
{
  g_autoptr (CairnPair) pair
      = open_pair (service->monitor.caller, config_path, runtime_path, error);

  return pair != NULL;
}

void
cairn_pair_free (CairnPair *pair)
{
  if (!pair)
    return;
  for (size_t i = 0; i < G_N_ELEMENTS (pair->sources); i++)
    {
      g_clear_pointer (&pair->sources[i].file, vmcx_file_free);
      if (pair->sources[i].fd >= 0)
        close (pair->sources[i].fd);
    }
  g_free (pair);
}

CairnMetadata *
cairn_pair_read (const CairnPair *pair, const CairnVm *vm, GError **error)
{
  return cairn_metadata_read (&pair->sources[0], &pair->sources[1], vm, error);
}
