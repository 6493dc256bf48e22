/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads bitmaps of a running domain through pull-mode backup jobs. */
#include "tracker/libvirt/changes.h"

#include <string.h>

#include "nbd/client.h"
#include "refpoint/deadline.h"
#include "tracker/libvirt/backup.h"
#include "tracker/libvirt/judge.h"
#include "tracker/libvirt/moved.h"
#include "tracker/libvirt/reading.h"

/* Questions about one point: one job answers them all. */
typedef struct
{
  const char *bitmap;   /* borrowed */
  GPtrArray *questions; /* of CairnQuestion, borrowed */
} PointGroup;

static void
group_free (PointGroup *group)
{
  g_ptr_array_unref (group->questions);
  g_free (group);
}

static void
add_to_group (GPtrArray *groups, CairnQuestion *question)
{
  PointGroup *group = NULL;

  for (guint i = 0; i < groups->len && !group; i++)
    if (strcmp (((PointGroup *)groups->pdata[i])->bitmap, question->anchor->bitmap) == 0)
      group = groups->pdata[i];
  if (!group)
    {
      group = g_new0 (PointGroup, 1);
      group->bitmap = question->anchor->bitmap;
      group->questions = g_ptr_array_new ();
      g_ptr_array_add (groups, group);
    }
  g_ptr_array_add (group->questions, question);
}

/* The part of the disk that is asked about, clipped to it; FALSE when nothing is left. */
static gboolean
clip (const CairnQuestion *question, uint64_t size, uint64_t *offset, uint64_t *length)
{
  *offset = MIN (question->offset_bytes, size);
  *length = MIN (question->length_bytes, size - *offset);
  return *length > 0;
}

static gboolean
ask_client (CairnNbdClient *client, const char *context, CairnQuestion *question, GError **error)
{
  uint64_t offset, length;

  if (!clip (question, cairn_nbd_client_size (client), &offset, &length))
    question->extents = cairn_extents_new ();
  else
    question->extents = cairn_nbd_client_dirty (client, context, offset, length, error);
  return question->extents != NULL;
}

static gboolean
ask_export (const char *socket, const char *bitmap, CairnQuestion *question, int64_t deadline,
            GError **error)
{
  g_autofree char *context = g_strconcat (CAIRN_NBD_DIRTY_PREFIX, bitmap, NULL);
  const char *const contexts[] = { context, NULL };
  g_autoptr (CairnNbdClient) client = NULL;

  client = cairn_nbd_client_connect (socket, question->disk->target, contexts, deadline, error);
  return client && ask_client (client, context, question, error);
}

/* By a job of our own. */
static gboolean
ask_by_job (CairnLibvirtTracker *self, CairnLibvirtLook *look, const PointGroup *group,
            int64_t deadline, GError **error)
{
  g_autoptr (GPtrArray) targets = g_ptr_array_new ();
  g_autofree const char **bitmaps = g_new0 (const char *, group->questions->len);
  CairnLibvirtBackupOrder order = { .targets = targets, .bitmaps = bitmaps, .deadline = deadline };
  g_autoptr (CairnLibvirtBackup) backup = NULL;

  for (guint i = 0; i < group->questions->len; i++)
    {
      bitmaps[i] = group->bitmap;
      g_ptr_array_add (targets, ((CairnQuestion *)group->questions->pdata[i])->disk->target);
    }
  backup = cairn_libvirt_backup_begin (self->libvirt, look, &order, error);
  if (!backup)
    return FALSE;
  for (guint i = 0; i < group->questions->len; i++)
    if (!ask_export (cairn_libvirt_backup_socket (backup), group->bitmap,
                     group->questions->pdata[i], deadline, error))
      return FALSE;
  return TRUE;
}

/* Through the job of a frozen view. */
static gboolean
ask_by_reading (CairnLibvirtTracker *self, CairnLibvirtLook *look, const PointGroup *group,
                int64_t deadline, GError **error)
{
  if (!cairn_libvirt_look_read_bitmaps (look, error))
    return FALSE;
  for (guint i = 0; i < group->questions->len; i++)
    {
      CairnQuestion *question = group->questions->pdata[i];
      g_autoptr (CairnLibvirtReading) reading = cairn_libvirt_reading_begin (
          self->libvirt, look, question->disk->target, group->bitmap, deadline, error);

      if (!reading
          || !ask_client (cairn_libvirt_reading_client (reading),
                          cairn_libvirt_reading_context (reading), question, error))
        return FALSE;
    }
  return TRUE;
}

static void
forget_answers (const PointGroup *group)
{
  for (guint i = 0; i < group->questions->len; i++)
    g_clear_pointer (&((CairnQuestion *)group->questions->pdata[i])->extents, g_array_unref);
}

/* A frozen view may begin or end just then: that changes the way to ask. */
static gboolean
ask_point (CairnLibvirtTracker *self, CairnLibvirtLook *look, const PointGroup *group,
           int64_t deadline, GError **error)
{
  for (int attempt = 0;; attempt++)
    {
      g_autoptr (GError) cause = NULL;
      g_autoptr (GError) held = NULL;

      if (ask_by_job (self, look, group, deadline, &cause))
        return TRUE;
      forget_answers (group);
      if (cause->code == CAIRN_ERROR_SYSTEM_IN_USE
          && cairn_libvirt_is_held (self->libvirt, look, NULL))
        {
          if (ask_by_reading (self, look, group, deadline, &held))
            return TRUE;
          forget_answers (group);
          if (attempt == 0 && !cairn_libvirt_is_held (self->libvirt, look, NULL))
            continue;
        }
      g_propagate_error (error, held ? g_steal_pointer (&held) : g_steal_pointer (&cause));
      return FALSE;
    }
}

GArray *
cairn_libvirt_read_bitmap (CairnLibvirtTracker *self, CairnLibvirtLook *look, const CairnDisk *disk,
                           const CairnAnchor *anchor, int64_t deadline, GError **error)
{
  CairnQuestion question = { .disk = disk, .anchor = anchor, .length_bytes = UINT64_MAX };
  g_autoptr (GPtrArray) questions = g_ptr_array_new ();
  PointGroup group = { .bitmap = anchor->bitmap, .questions = questions };

  g_ptr_array_add (questions, &question);
  if (!ask_point (self, look, &group, deadline, error))
    g_clear_pointer (&question.extents, g_array_unref);
  return question.extents;
}

gboolean
cairn_libvirt_tell_changes (CairnLibvirtTracker *self, CairnLibvirtLook *look,
                            CairnQuestion *questions, size_t n_questions, int64_t deadline,
                            GError **error)
{
  g_autoptr (GPtrArray) groups = g_ptr_array_new_with_free_func ((GDestroyNotify)group_free);

  if (!cairn_libvirt_look_read_bitmaps (look, error))
    return FALSE;
  for (size_t i = 0; i < n_questions; i++)
    {
      CairnQuestion *question = &questions[i];

      cairn_libvirt_judge (look, question->disk, &question->anchor, 1, &question->judgement);
      if (!cairn_libvirt_confirm_moved (self, look, question->disk, &question->anchor, 1,
                                        &question->judgement, deadline, error))
        return FALSE;
      if (question->judgement.verdict == CAIRN_VERDICT_TRACKED)
        add_to_group (groups, question);
    }
  for (guint i = 0; i < groups->len; i++)
    if (!cairn_deadline_check (deadline, error)
        || !ask_point (self, look, groups->pdata[i], deadline, error))
      return FALSE;
  return cairn_deadline_check (deadline, error);
}
