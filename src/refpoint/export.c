/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ExportReferencePoint. */
#include "refpoint/export.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "refpoint/attachment.h"
#include "refpoint/dirty.h"
#include "refpoint/guid.h"
#include "refpoint/metadata.h"
#include "refpoint/path.h"
#include "refpoint/publish.h"
#include "refpoint/questions.h"

/* Written so that genuine readers accept it (docs/vmcx.md). */
#define ALIGNMENT 0x1000u

void
cairn_export_free (CairnExport *result)
{
  if (!result)
    return;
  g_free (result->config_file_path);
  g_free (result->runtime_file_path);
  g_free (result);
}

static gboolean
is_usable (CairnService *service, const char *directory, GError **error)
{
  struct stat status;

  if (!cairn_path_check_allowed (directory, (const char *const *)service->config->export_paths,
                                 "the export directory", error))
    return FALSE;
  if (stat (directory, &status) == 0 && S_ISDIR (status.st_mode))
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "the export directory '%s' %s; create it first", directory,
               errno == ENOENT ? "doesn't exist" : "isn't a directory that can be used");
  return FALSE;
}

gboolean
cairn_export_check_place (CairnService *service, const char *directory, GError **error)
{
  return cairn_path_check_syntax (directory, "the directory", error)
         && cairn_path_check_allowed (directory, (const char *const *)service->config->export_paths,
                                      "the directory", error);
}

static gboolean
check_directory (CairnService *service, const char *directory, GError **error)
{
  CairnFileRights before;
  gboolean ok;

  if (!cairn_path_check_syntax (directory, "the export directory", error)
      || !cairn_caller_become (service->monitor.caller, &before, error))
    return FALSE;
  ok = is_usable (service, directory, error);
  cairn_caller_restore (&before);
  return ok;
}

/* Keeps the anchors of the disks asked for. */
static gboolean
keep_disks (CairnPoint *point, const char *const *disks, GError **error)
{
  g_autoptr (GPtrArray) kept = NULL;

  if (!disks || !*disks)
    return TRUE;
  kept = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_anchor_free);
  for (; *disks; disks++)
    {
      guint i;

      for (i = 0; i < point->anchors->len; i++)
        if (g_ascii_strcasecmp (((CairnAnchor *)point->anchors->pdata[i])->disk_identifier, *disks)
            == 0)
          break;
      if (i == point->anchors->len)
        {
          g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                       "reference point '%s' has no disk '%s'; give one of its "
                       "VirtualDiskIdentifiers, each once",
                       point->instance_id, *disks);
          return FALSE;
        }
      g_ptr_array_add (kept, g_ptr_array_steal_index (point->anchors, i));
    }
  g_ptr_array_unref (point->anchors);
  point->anchors = g_steal_pointer (&kept);
  return TRUE;
}

/* One question for each anchor of POINT; what has no bitmap has nothing dirty. */
static GArray *
pose_questions (const CairnOperation *operation, const CairnPoint *point)
{
  GArray *questions = cairn_questions_new ();

  for (guint i = 0; i < point->anchors->len; i++)
    {
      const CairnAnchor *anchor = point->anchors->pdata[i];
      CairnQuestion question = { .disk = cairn_anchor_find_disk (anchor, operation->vm),
                                 .anchor = anchor,
                                 .length_bytes = UINT64_MAX,
                                 .is_settled = !anchor->bitmap };

      if (question.is_settled)
        question.extents = cairn_extents_new ();
      g_array_append_val (questions, question);
    }
  return questions;
}

static GBytes *
encode_dirty (const CairnQuestion *question, GError **error)
{
  const CairnJudgement *judgement = &question->judgement;

  if (!question->anchor->bitmap)
    return g_bytes_new (NULL, 0);
  if (question->extents)
    return cairn_dirty_encode (question->extents, question->anchor->granularity_bytes);
  g_set_error (error, CAIRN_ERROR,
               judgement->verdict == CAIRN_VERDICT_BUSY ? CAIRN_ERROR_SYSTEM_IN_USE
                                                        : CAIRN_ERROR_INVALID_STATE,
               "disk '%s' changed while it was exported: %s", question->anchor->target,
               judgement->reason);
  return NULL;
}

/* The extents dirty now, of every anchor of POINT; *TOTAL grows by the room they take. */
static GPtrArray *
collect_dirty (CairnOperation *operation, const CairnPoint *point, uint64_t *total, GError **error)
{
  g_autoptr (GArray) questions = pose_questions (operation, point);
  g_autoptr (GPtrArray) dirty = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);

  if (!cairn_questions_ask (operation->service, operation->vm, questions, operation->deadline,
                            error))
    return NULL;
  for (guint i = 0; i < questions->len; i++)
    {
      GBytes *encoded = encode_dirty (cairn_questions_at (questions, i), error);

      if (!encoded)
        return NULL;
      g_ptr_array_add (dirty, encoded);
      *total += g_bytes_get_size (encoded);
    }
  return g_steal_pointer (&dirty);
}

/* The verdicts of all disks of POINTS: one point with its newer siblings, or all of a VM. */
static GPtrArray *
judge_points (CairnOperation *operation, const GPtrArray *points, GError **error)
{
  GPtrArray *verdicts = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_disk_verdict_free);
  g_autoptr (GPtrArray) states = NULL;

  if (points->len == 1)
    {
      CairnPointState *state = cairn_point_judge (operation->service, operation->vm,
                                                  points->pdata[0], operation->deadline, error);

      states = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_point_state_free);
      if (state)
        g_ptr_array_add (states, state);
    }
  else
    states = cairn_points_judge (operation->service, operation->vm, points, operation->deadline,
                                 error);
  if (!states || states->len != points->len)
    {
      g_ptr_array_unref (verdicts);
      return NULL;
    }
  for (guint i = 0; i < states->len; i++)
    {
      CairnPointState *state = states->pdata[i];

      while (state->disks->len > 0)
        g_ptr_array_add (verdicts, g_ptr_array_steal_index (state->disks, 0));
    }
  return verdicts;
}

/* Takes POINTS, all of them tracked, and what is dirty into METADATA. */
static gboolean
collect_points (CairnOperation *operation, const GPtrArray *points, CairnMetadata *metadata,
                GPtrArray **out_verdicts, GError **error)
{
  GPtrArray *verdicts = cairn_service_proceed (operation->service, 5, error)
                            ? judge_points (operation, points, error)
                            : NULL;
  g_autofree char *object = g_strdup_printf ("VM '%s'", operation->vm->name);
  gboolean ok = verdicts && cairn_verdicts_require (verdicts, object, "exported", error);
  uint64_t total = 0;

  if (out_verdicts)
    *out_verdicts = verdicts;
  else
    g_clear_pointer (&verdicts, g_ptr_array_unref);
  for (guint i = 0; ok && i < points->len; i++)
    {
      GPtrArray *dirty = NULL;

      if (cairn_service_proceed (operation->service, 20 + 60 * i / points->len, error))
        dirty = collect_dirty (operation, points->pdata[i], &total, error);
      if (!dirty)
        return FALSE;
      g_ptr_array_add (metadata->points, cairn_point_copy (points->pdata[i]));
      g_ptr_array_add (metadata->dirty, dirty);
    }
  /* What no import would take. */
  if (ok && total > CAIRN_DIRTY_LIMIT_BYTES)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_OUT_OF_MEMORY,
                   "%s has more than %u MiB of changes to export, which is the limit; export its "
                   "points one by one",
                   object, (unsigned)(CAIRN_DIRTY_LIMIT_BYTES >> 20));
      return FALSE;
    }
  return ok;
}

static gboolean
write_file (const CairnOperation *operation, const CairnIntent *intent, guint index, VmcxTree *tree,
            GError **error)
{
  const VmcxWriteOptions options = { .alignment = ALIGNMENT };
  const char *path = intent->temporary_files->pdata[index];
  GError *cause = NULL;
  int fd = cairn_publish_create (intent, index, 0666, operation->service->monitor.caller, error);

  if (fd < 0)
    return FALSE;
  if (vmcx_tree_write_fd (tree, fd, &options, &cause))
    return cairn_publish_close (fd, path, error);
  close (fd);
  g_prefix_error (&cause, "file '%s': ", path);
  cairn_metadata_propagate (error, cause);
  return FALSE;
}

static gboolean
write_pair (CairnOperation *operation, const CairnMetadata *metadata, const CairnIntent *intent,
            GError **error)
{
  g_autoptr (VmcxTree) configuration = cairn_metadata_configuration_tree (metadata, operation->vm);
  g_autoptr (VmcxTree) runtime = cairn_metadata_runtime_tree (metadata);

  return cairn_service_proceed (operation->service, 85, error)
         && write_file (operation, intent, 0, configuration, error)
         && cairn_service_proceed (operation->service, 90, error)
         && write_file (operation, intent, 1, runtime, error)
         && cairn_publish_prepare (intent, operation->service->monitor.caller, error)
         && cairn_deadline_check (operation->deadline, error)
         && cairn_service_proceed (operation->service, 95, error);
}

/* libvmcx writes to descriptors. */
static GBytes *
encode_tree (VmcxTree *tree, GError **error)
{
  const VmcxWriteOptions options = { .alignment = ALIGNMENT };
  int fd = memfd_create ("cairn-pair", MFD_CLOEXEC);
  GError *cause = NULL;
  g_autofree char *path = NULL;
  char *content = NULL;
  gsize n_bytes = 0;

  if (fd < 0 || !vmcx_tree_write_fd (tree, fd, &options, &cause))
    {
      if (cause)
        cairn_metadata_propagate (error, cause);
      else
        g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_OUT_OF_MEMORY,
                     "no room for the point's files (%s); free memory, then try again",
                     g_strerror (errno));
      if (fd >= 0)
        close (fd);
      return NULL;
    }
  path = g_strdup_printf ("/proc/self/fd/%d", fd);
  if (!g_file_get_contents (path, &content, &n_bytes, &cause))
    cairn_metadata_propagate (error, cause);
  close (fd);
  return content ? g_bytes_new_take (content, n_bytes) : NULL;
}

/* At its own moment nothing has changed since. */
static GPtrArray *
nothing_dirty (const CairnPoint *point)
{
  GPtrArray *dirty = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  g_autoptr (GArray) none = cairn_extents_new ();

  for (guint i = 0; i < point->anchors->len; i++)
    {
      const CairnAnchor *anchor = point->anchors->pdata[i];

      g_ptr_array_add (dirty, anchor->bitmap ? cairn_dirty_encode (none, anchor->granularity_bytes)
                                             : g_bytes_new (NULL, 0));
    }
  return dirty;
}

gboolean
cairn_export_make_pair (const CairnVm *vm, const CairnPoint *point, GBytes **configuration,
                        GBytes **runtime, GError **error)
{
  g_autoptr (CairnMetadata) metadata = cairn_metadata_new ();
  g_autoptr (VmcxTree) configuration_tree = NULL;
  g_autoptr (VmcxTree) runtime_tree = NULL;

  metadata->export_id = cairn_guid_random ();
  g_ptr_array_add (metadata->points, cairn_point_copy (point));
  g_ptr_array_add (metadata->dirty, nothing_dirty (point));
  configuration_tree = cairn_metadata_configuration_tree (metadata, vm);
  runtime_tree = cairn_metadata_runtime_tree (metadata);
  *configuration = encode_tree (configuration_tree, error);
  *runtime = *configuration ? encode_tree (runtime_tree, error) : NULL;
  if (*runtime)
    return TRUE;
  g_clear_pointer (configuration, g_bytes_unref);
  return FALSE;
}

/* Gives up: removes the temporary files. The intent must say so before the first of them is gone,
 * or recovery would put the second in its place; a change of the store that failed may have reached
 * the disk all the same. Where it can't be said, recovery decides. */
static void
give_up (CairnOperation *operation, CairnIntent *intent)
{
  CairnStoreChange begin = { .put_intent = intent };
  CairnStoreChange done = { .remove_intent = intent->id };

  intent->kind = CAIRN_INTENT_EXPORT;
  if (cairn_service_apply (operation->service, &begin, NULL)
      && cairn_publish_undo (intent, operation->service->monitor.caller, NULL))
    cairn_service_apply (operation->service, &done, NULL);
}

/* Puts finished files in their places, under an intent that says so. */
static gboolean
rename_pair (CairnOperation *operation, CairnIntent *intent, GError **error)
{
  CairnStoreChange begin = { .put_intent = intent };
  CairnPublished published = CAIRN_PUBLISHED_NONE;

  intent->kind = CAIRN_INTENT_PUBLISH;
  if (cairn_service_apply (operation->service, &begin, error))
    published = cairn_publish_rename (intent, operation->service->monitor.caller, error);
  if (published == CAIRN_PUBLISHED_NONE)
    give_up (operation, intent);
  return published == CAIRN_PUBLISHED_ALL;
}

/* Writes both files and puts them in their places, with an intent around each half. */
static gboolean
publish (CairnOperation *operation, const CairnMetadata *metadata, CairnIntent *intent,
         GError **error)
{
  CairnStoreChange begin = { .put_intent = intent };
  CairnStoreChange done = { .remove_intent = intent->id };

  if (!cairn_service_apply (operation->service, &begin, error))
    return FALSE;
  if (!write_pair (operation, metadata, intent, error))
    {
      give_up (operation, intent);
      return FALSE;
    }
  if (!rename_pair (operation, intent, error))
    return FALSE;
  /* The files are there: an intent that can't be dropped now is found done by recovery. */
  cairn_service_apply (operation->service, &done, NULL);
  return TRUE;
}

static CairnIntent *
intent_for (const CairnVm *vm, const char *directory, const char *name, const char *instance_id)
{
  static const char *const suffixes[] = { "vmcx", "vmrs" };
  CairnIntent *intent = cairn_intent_new (CAIRN_INTENT_EXPORT, vm->guid);

  cairn_intent_set_point (intent, instance_id, "");
  for (size_t i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      char *final = g_strdup_printf ("%s/%s.%s", directory, name, suffixes[i]);

      g_ptr_array_add (intent->final_files, final);
      g_ptr_array_add (intent->temporary_files, cairn_publish_temporary_name (final, intent->id));
    }
  return intent;
}

/* Exports POINTS as DIRECTORY/NAME.vmcx and .vmrs. */
static gboolean
export_points (CairnOperation *operation, const GPtrArray *points, const char *directory,
               const char *name, CairnExport **result, GPtrArray **verdicts, GError **error)
{
  g_autofree char *real = g_canonicalize_filename (directory, "/");
  const char *instance_id = points->len == 1 ? ((CairnPoint *)points->pdata[0])->instance_id : "";
  g_autoptr (CairnIntent) intent = intent_for (operation->vm, real, name, instance_id);
  g_autoptr (CairnMetadata) metadata = cairn_metadata_new ();

  metadata->export_id = cairn_guid_random ();
  if (!collect_points (operation, points, metadata, verdicts, error)
      || !publish (operation, metadata, intent, error))
    return FALSE;
  if (result)
    {
      *result = g_new0 (CairnExport, 1);
      (*result)->config_file_path = g_strdup (intent->final_files->pdata[0]);
      (*result)->runtime_file_path = g_strdup (intent->final_files->pdata[1]);
    }
  return TRUE;
}

gboolean
cairn_service_export_reference_point (CairnService *service, const char *id, const char *directory,
                                      const char *const *disks, CairnExport **result,
                                      GPtrArray **verdicts, GError **error)
{
  int64_t deadline = cairn_service_start_call (service);
  g_autoptr (CairnPoint) known = NULL;
  g_autoptr (CairnOperation) operation = NULL;
  g_autoptr (GPtrArray) points = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_point_free);
  CairnPoint *point;

  if (!check_directory (service, directory, error))
    return FALSE;
  known = cairn_service_find_point (service, id, error);
  operation = known ? cairn_operation_begin (service, known->vm_guid, deadline, error) : NULL;
  point = operation ? cairn_service_find_point (service, known->instance_id, error) : NULL;
  if (!point)
    return FALSE;
  g_ptr_array_add (points, point);
  return keep_disks (point, disks, error)
         && export_points (operation, points, directory, point->guid, result, verdicts, error);
}

/* Lists leave out what a point carries along; an export has it. */
static GPtrArray *
whole_points (CairnOperation *operation, GError **error)
{
  CairnStore *store = operation->service->store;
  g_autoptr (GPtrArray) listed = store->ops->list_points (store, operation->vm->guid, error);
  g_autoptr (GPtrArray) points = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_point_free);

  if (!listed)
    return NULL;
  for (guint i = 0; i < listed->len; i++)
    {
      CairnPoint *point = cairn_service_find_point (
          operation->service, ((CairnPoint *)listed->pdata[i])->instance_id, error);

      if (!point)
        return NULL;
      g_ptr_array_add (points, point);
    }
  if (points->len > 0)
    return g_steal_pointer (&points);
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
               "VM '%s' has no reference point to export; create one first", operation->vm->name);
  return NULL;
}

gboolean
cairn_service_export_all_reference_points (CairnService *service, const char *vm,
                                           const char *directory, CairnExport **result,
                                           GPtrArray **verdicts, GError **error)
{
  int64_t deadline = cairn_service_start_call (service);
  g_autoptr (CairnOperation) operation = NULL;
  g_autoptr (GPtrArray) points = NULL;

  if (!check_directory (service, directory, error))
    return FALSE;
  operation = cairn_operation_begin (service, vm, deadline, error);
  points = operation ? whole_points (operation, error) : NULL;
  return points
         && export_points (operation, points, directory, operation->vm->guid, result, verdicts,
                           error);
}
