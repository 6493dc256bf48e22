/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Follows logs from the newest on. */
#include "refpoint/log-chain.h"

#include <string.h>

#include "refpoint/base.h"
#include "refpoint/guid.h"
#include "refpoint/logs.h"

static void
log_free (CairnLog *log, const CairnDataModule *module)
{
  if (log->manifest)
    module->manifest_free (log->manifest);
  cairn_point_free (log->point);
  g_free (log->directory);
  g_free (log);
}

void
cairn_log_chain_clear (CairnLogChain *chain)
{
  for (guint i = 0; chain->logs && i < chain->logs->len; i++)
    log_free (chain->logs->pdata[i], chain->module);
  g_clear_pointer (&chain->logs, g_ptr_array_unref);
  g_clear_pointer (&chain->base, cairn_point_free);
  g_clear_pointer (&chain->base_id, g_free);
}

/* ---- one log ---- */

static gboolean
require_data (const CairnPoint *point, GError **error)
{
  if (point->has_associated_data)
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
               "the data of reference point '%s' is needed, and %s; name a base that isn't older "
               "than that point, or take a full backup",
               point->instance_id,
               point->origin == CAIRN_ORIGIN_CREATED ? "was removed"
                                                     : "isn't on this host, where the point was "
                                                       "imported");
  return FALSE;
}

/* A log that says something else than the store was put there by somebody else. */
static gboolean
check_log (const CairnLog *log, GError **error)
{
  const char *base = log->manifest->base;
  g_autofree char *guid = NULL;

  if (log->manifest->is_log
      && g_ascii_strcasecmp (log->manifest->point, log->point->instance_id) == 0
      && (!base
          || (cairn_instance_id_parse (base, NULL, &guid)
              && cairn_guid_v7_time_ms (guid) < log->point->creation_time_ms)))
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INCORRECT_DATA_TYPE,
               "directory '%s' isn't the log of reference point '%s' as it was written; bring that "
               "back, or take a full backup",
               log->directory, log->point->instance_id);
  return FALSE;
}

/* POINT, of which the log is the chain's next, is taken over. */
static const CairnLog *
add_log (CairnLogChain *chain, CairnPoint *point, GError **error)
{
  CairnLog *log = g_new0 (CairnLog, 1);

  log->point = point;
  log->directory = cairn_logs_place (chain->service, point->guid);
  g_ptr_array_add (chain->logs, log);
  if (!require_data (point, error))
    return NULL;
  log->manifest = chain->module->read_manifest (log->directory, error);
  return log->manifest && check_log (log, error) ? log : NULL;
}

/* ---- the chain ---- */

/* Whether the point ID, which KNOWN is (NULL: it was destroyed), may be newer than BASE. The clocks
 * of two hosts needn't agree: what was made here counts as newer than what came from elsewhere. */
static gboolean
may_be_newer (const char *id, const CairnPoint *known, const CairnPoint *base)
{
  g_autofree char *guid = NULL;

  if (base->origin != CAIRN_ORIGIN_CREATED && (!known || known->origin == CAIRN_ORIGIN_CREATED))
    return TRUE;
  return !cairn_instance_id_parse (id, NULL, &guid)
         || cairn_guid_v7_time_ms (guid) > base->creation_time_ms;
}

static gboolean
refuse_gap (const CairnLog *log, const CairnPoint *base, GError **error)
{
  if (log->manifest->base)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
                 "the data of reference point '%s' is needed, and went with it when it was "
                 "destroyed; name a base that isn't older than that point, or take a full backup",
                 log->manifest->base);
  else
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
                 "what changed from reference point '%s' to '%s' was never kept, since the latter "
                 "is the VM's first log-based point; name a base that isn't older than that, or "
                 "take a full backup",
                 base->instance_id, log->point->instance_id);
  return FALSE;
}

static gboolean
follow (CairnLogChain *chain, const CairnLog *log, GError **error)
{
  CairnStore *store = chain->service->store;

  for (;;)
    {
      g_autoptr (CairnPoint) before = NULL;
      const char *id = log->manifest->base;

      if (id && !store->ops->get_point (store, id, &before, error))
        return FALSE;
      if (id && !may_be_newer (id, before, chain->base))
        return TRUE;
      if (!before)
        return refuse_gap (log, chain->base, error);
      log = add_log (chain, g_steal_pointer (&before), error);
      if (!log)
        return FALSE;
    }
}

static gboolean
check_type (const CairnPoint *point, GError **error)
{
  if (point->type == CAIRN_POINT_TYPE_LOG)
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "reference point '%s' isn't log-based, so no data is kept with it; name one that is",
               point->instance_id);
  return FALSE;
}

static gboolean
check_base (const CairnPoint *base, const CairnPoint *point, GError **error)
{
  if (g_ascii_strcasecmp (base->vm_guid, point->vm_guid) != 0)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "reference points '%s' and '%s' aren't of the same VM; name two that are",
                 base->instance_id, point->instance_id);
  else if (base->creation_time_ms >= point->creation_time_ms)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "reference point '%s' isn't older than '%s', which is to be exported relative to "
                 "it; name an older one",
                 base->instance_id, point->instance_id);
  else
    return TRUE;
  return FALSE;
}

gboolean
cairn_log_chain_find (CairnLogChain *chain, CairnService *service, const char *id,
                      const char *since, GError **error)
{
  g_autoptr (CairnPoint) point = cairn_service_find_point (service, id, error);
  const CairnLog *log;

  chain->service = service;
  chain->logs = g_ptr_array_new ();
  if (!point || !check_type (point, error))
    return FALSE;
  chain->base = since ? cairn_service_find_point (service, since, error) : NULL;
  if (since && (!chain->base || !check_base (chain->base, point, error)))
    return FALSE;
  log = add_log (chain, g_steal_pointer (&point), error);
  if (!log || (chain->base && !follow (chain, log, error)))
    return FALSE;
  chain->base_id = g_strdup (chain->base ? chain->base->instance_id : log->manifest->base);
  return TRUE;
}

/* ---- the same disk ---- */

static const CairnAnchor *
find_anchor (const CairnPoint *point, const char *target)
{
  for (guint i = 0; i < point->anchors->len; i++)
    if (strcmp (((CairnAnchor *)point->anchors->pdata[i])->target, target) == 0)
      return point->anchors->pdata[i];
  return NULL;
}

/* Whether one of the chain's points found the disk where the base did. */
static gboolean
is_in_place (const CairnLogChain *chain, const CairnAnchor *anchor)
{
  for (guint i = 0; i < chain->logs->len; i++)
    {
      const CairnLog *log = chain->logs->pdata[i];
      const CairnAnchor *other = find_anchor (log->point, anchor->target);

      if (other && strcmp (other->path, anchor->path) == 0)
        return TRUE;
    }
  return FALSE;
}

/* Whether the VM's disk TARGET has the base's bitmap, whole. */
static gboolean
is_tracked (const CairnLogChain *chain, const char *target, int64_t deadline)
{
  g_autoptr (CairnVm) vm = NULL;
  g_autoptr (CairnBase) base = NULL;
  gboolean found = FALSE;

  if (cairn_service_look_for_vm (chain->service, chain->base->vm_guid, &vm, NULL) && vm)
    base = cairn_base_find (chain->service, vm, chain->base_id, INT64_MAX, deadline, NULL);
  for (guint i = 0; base && i < vm->disks->len; i++)
    found |= base->anchors->pdata[i]
             && strcmp (((CairnDisk *)vm->disks->pdata[i])->target, target) == 0;
  return found;
}

gboolean
cairn_log_chain_check_disk (const CairnLogChain *chain, const char *target, int64_t deadline,
                            GError **error)
{
  const CairnAnchor *anchor;

  /* What a log follows by itself had the disk. */
  if (!chain->base)
    return TRUE;
  anchor = find_anchor (chain->base, target);
  if (anchor && (is_in_place (chain, anchor) || is_tracked (chain, target, deadline)))
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
               "disk '%s' %s as of reference point '%s'; name another base, or leave the disk out",
               target, anchor ? "may have been another one" : "wasn't there, or wasn't tracked,",
               chain->base->instance_id);
  return FALSE;
}
