/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What tracker.h promises, the same cases against every tracker there is. A tracker takes part by a
 * line in the table `subjects`: how to make it, a disk of its kind, and writes to that disk. */
#include "offline-fixture.h"

#include <string.h>

#include "refpoint/frozen.h"
#include "tracker-subjects.h"

#define MIB         (UINT64_C (1) << 20)
#define GRANULARITY CAIRN_DEFAULT_GRANULARITY

static void
stage_setup (Stage *stage, gconstpointer subject)
{
  stage->subject = subject;
  stage->tracker = stage->subject->open ();
  stage->dir = make_dir ();
  stage->one = make_image (stage->dir, "one");
  stage->two = make_image (stage->dir, "two");
  stage->subject->set_up (stage);
}

static void
stage_teardown (Stage *stage, gconstpointer subject)
{
  stage->subject->tear_down (stage);
  stage->tracker->ops->close (stage->tracker);
  g_ptr_array_unref (stage->disks);
  cairn_vm_free (stage->vm);
  g_free (stage->guid);
  g_free (stage->one);
  g_free (stage->two);
  remove_dir (stage->dir);
}

/* Every call of the service finds its VM first. */
static CairnTracker *
begin_call (Stage *stage)
{
  g_autoptr (GError) error = NULL;

  if (stage->guid)
    {
      cairn_vm_free (stage->vm);
      stage->vm = stage->tracker->ops->find_vm (stage->tracker, stage->guid, &error);
      g_assert_no_error (error);
    }
  return stage->tracker;
}

static GPtrArray *
second_disk (const Stage *stage)
{
  GPtrArray *disks = g_ptr_array_new ();

  g_ptr_array_add (disks, stage->disks->pdata[1]);
  return disks;
}

static gboolean
add_to (Stage *stage, const GPtrArray *disks, const char *name, int64_t deadline, GError **error)
{
  CairnTracker *tracker = begin_call (stage);
  CairnBitmapOrder order = { .vm = stage->vm,
                             .disks = disks,
                             .name = name,
                             .granularity_bytes = GRANULARITY,
                             .deadline = deadline };

  return tracker->ops->add_bitmap (tracker, &order, error);
}

static gboolean
add (Stage *stage, const char *name, int64_t deadline, GError **error)
{
  return add_to (stage, stage->disks, name, deadline, error);
}

static void
assert_add (Stage *stage, const char *name)
{
  g_autoptr (GError) error = NULL;

  add (stage, name, G_MAXINT64, &error);
  g_assert_no_error (error);
}

static gboolean
drop (Stage *stage, const char *name, int64_t deadline, GError **error)
{
  CairnTracker *tracker = begin_call (stage);

  return tracker->ops->remove_bitmap (tracker, stage->vm, stage->disks, name, deadline, error);
}

static void
assert_drop (Stage *stage, const char *name)
{
  g_autoptr (GError) error = NULL;

  drop (stage, name, G_MAXINT64, &error);
  g_assert_no_error (error);
}

static const CairnDisk *
disk_of (Stage *stage, guint index)
{
  return stage->disks->pdata[index];
}

static CairnAnchor *
make_anchor (Stage *stage, guint index, const char *bitmap)
{
  CairnAnchor *anchor = cairn_anchor_new ();

  anchor->path = g_strdup (disk_of (stage, index)->path);
  anchor->format = g_strdup ("qcow2");
  anchor->bitmap = g_strdup (bitmap);
  anchor->virtual_size_bytes = DISK_BYTES;
  anchor->granularity_bytes = GRANULARITY;
  return anchor;
}

/* The verdict about BITMAP on disk INDEX; every verdict but TRACKED has a reason. */
static CairnVerdict
judge (Stage *stage, guint index, const char *bitmap)
{
  g_autoptr (CairnAnchor) anchor = make_anchor (stage, index, bitmap);
  const CairnAnchor *const anchors[] = { anchor };
  g_autoptr (GError) error = NULL;
  CairnJudgement judgement = { 0 };
  CairnVerdict verdict;

  begin_call (stage);
  g_assert_true (stage->tracker->ops->judge (stage->tracker, stage->vm, disk_of (stage, index),
                                             anchors, 1, &judgement, G_MAXINT64, &error));
  g_assert_no_error (error);
  verdict = judgement.verdict;
  g_test_message ("%s: %s", cairn_verdict_name (verdict), judgement.reason);
  g_assert_cmpint (verdict == CAIRN_VERDICT_TRACKED, ==, *judgement.reason == '\0');
  cairn_judgement_clear (&judgement);
  return verdict;
}

#define assert_verdict(stage, index, bitmap, expected)                                             \
  g_assert_cmpstr (cairn_verdict_name (judge (stage, index, bitmap)), ==,                          \
                   cairn_verdict_name (CAIRN_VERDICT_##expected))

/* EXTENTS as "offset+length ...". */
static char *
spell (const GArray *extents)
{
  GString *told = g_string_new (NULL);

  for (guint i = 0; i < extents->len; i++)
    {
      const CairnExtent *extent = &g_array_index (extents, CairnExtent, i);

      g_string_append_printf (told, "%s%" G_GUINT64_FORMAT "+%" G_GUINT64_FORMAT, i ? " " : "",
                              extent->offset_bytes, extent->length_bytes);
    }
  return g_string_free (told, FALSE);
}

/* The changes within a window as "offset+length ...", or "VERDICT" when they can't be told. */
static char *
tell_changes (Stage *stage, guint index, const char *bitmap, uint64_t offset_bytes,
              uint64_t length_bytes)
{
  g_autoptr (CairnAnchor) anchor = make_anchor (stage, index, bitmap);
  g_autoptr (GError) error = NULL;
  char *told;
  CairnQuestion question = { .disk = disk_of (stage, index),
                             .anchor = anchor,
                             .offset_bytes = offset_bytes,
                             .length_bytes = length_bytes };

  begin_call (stage);
  g_assert_true (
      stage->tracker->ops->changes (stage->tracker, stage->vm, &question, 1, G_MAXINT64, &error));
  g_assert_no_error (error);
  g_assert_cmpint (question.judgement.verdict == CAIRN_VERDICT_TRACKED, ==,
                   question.extents != NULL);
  told = question.extents ? spell (question.extents)
                          : g_strdup (cairn_verdict_name (question.judgement.verdict));
  cairn_question_clear (&question);
  return told;
}

static void
assert_changes (Stage *stage, guint index, const char *bitmap, const char *expected)
{
  g_autofree char *told = tell_changes (stage, index, bitmap, 0, UINT64_MAX);

  g_assert_cmpstr (told, ==, expected);
}

/* What make_image wrote, in granules: 64 KiB at 0, 1 KiB at 9 MiB, 3 MiB at 60 MiB. */
#define OLD_CHANGES "0+65536 9437184+65536 62914560+3145728"

static void
test_probe (Stage *stage, gconstpointer subject)
{
  CairnDiskProbe probe = { 0 };

  begin_call (stage);
  stage->tracker->ops->probe_disk (stage->tracker, stage->vm, disk_of (stage, 0), &probe);
  g_assert_cmpint (probe.verdict, ==, CAIRN_VERDICT_TRACKED);
  g_assert_cmpstr (probe.reason, ==, "");
  g_assert_cmpuint (probe.virtual_size_bytes, ==, DISK_BYTES);
  g_assert_cmpstr (probe.format, !=, "");
  cairn_disk_probe_clear (&probe);
}

static void
test_added_bitmap_is_tracked (Stage *stage, gconstpointer subject)
{
  assert_verdict (stage, 0, "NEW", MISSING);
  assert_changes (stage, 0, "NEW", "missing");
  assert_add (stage, "NEW");
  for (guint i = 0; i < 2; i++)
    {
      assert_verdict (stage, i, "NEW", TRACKED);
      assert_changes (stage, i, "NEW", "");
      assert_changes (stage, i, "OLD", OLD_CHANGES);
    }
}

static void
test_changes_are_told (Stage *stage, gconstpointer subject)
{
  g_autofree char *window = NULL;
  g_autofree char *end = NULL;
  g_autofree char *beyond = NULL;

  assert_add (stage, "FIRST");
  stage->subject->write (stage, 0, 5 * MIB, 1);
  stage->subject->write (stage, 0, 5 * MIB + 65536, 100000);
  stage->subject->write (stage, 0, DISK_BYTES - 512, 512);
  assert_add (stage, "SECOND");
  stage->subject->write (stage, 0, 20 * MIB, 65536);
  assert_changes (stage, 0, "FIRST", "5242880+196608 20971520+65536 67043328+65536");
  assert_changes (stage, 0, "SECOND", "20971520+65536");
  assert_changes (stage, 1, "FIRST", "");
  window = tell_changes (stage, 0, "FIRST", 5 * MIB + 1000, 15 * MIB);
  g_assert_cmpstr (window, ==, "5243880+195608 20971520+1000");
  end = tell_changes (stage, 0, "FIRST", DISK_BYTES - 1, UINT64_MAX);
  g_assert_cmpstr (end, ==, "67108863+1");
  beyond = tell_changes (stage, 0, "FIRST", DISK_BYTES, 1);
  g_assert_cmpstr (beyond, ==, "");
}

static void
test_judges_many_at_once (Stage *stage, gconstpointer subject)
{
  g_autoptr (CairnAnchor) first = make_anchor (stage, 0, "FIRST");
  g_autoptr (CairnAnchor) gone = make_anchor (stage, 0, "GONE");
  g_autoptr (CairnAnchor) second = make_anchor (stage, 0, "SECOND");
  const CairnAnchor *const anchors[] = { first, gone, second };
  CairnJudgement judgements[3] = { { 0 } };

  assert_add (stage, "FIRST");
  stage->subject->write (stage, 0, 0, 65536);
  assert_add (stage, "SECOND");
  stage->subject->write (stage, 0, MIB, 131072);
  second->virtual_size_bytes += 512;
  begin_call (stage);
  g_assert_true (stage->tracker->ops->judge (stage->tracker, stage->vm, disk_of (stage, 0), anchors,
                                             3, judgements, G_MAXINT64, NULL));
  g_assert_cmpint (judgements[0].verdict, ==, CAIRN_VERDICT_TRACKED);
  g_assert_cmpuint (judgements[0].dirty_bytes, ==, 3 * 65536);
  g_assert_cmpint (judgements[1].verdict, ==, CAIRN_VERDICT_MISSING);
  g_assert_cmpint (judgements[2].verdict, ==, CAIRN_VERDICT_SIZE_DIFFERS);
  for (guint i = 0; i < 3; i++)
    cairn_judgement_clear (&judgements[i]);
}

static void
test_add_is_all_or_none (Stage *stage, gconstpointer subject)
{
  g_autoptr (GPtrArray) second = second_disk (stage);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) again = NULL;

  g_assert_true (add_to (stage, second, "NEW", G_MAXINT64, NULL));
  g_assert_false (add (stage, "NEW", G_MAXINT64, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE);
  assert_verdict (stage, 0, "NEW", MISSING);
  assert_verdict (stage, 1, "NEW", TRACKED);
  assert_drop (stage, "NEW");
  assert_add (stage, "NEW");
  g_assert_false (add (stage, "NEW", G_MAXINT64, &again));
  g_assert_error (again, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE);
  assert_verdict (stage, 0, "NEW", TRACKED);
}

static void
test_removed_bitmap_is_missing (Stage *stage, gconstpointer subject)
{
  assert_add (stage, "NEW");
  assert_drop (stage, "NEW");
  for (guint i = 0; i < 2; i++)
    {
      assert_verdict (stage, i, "NEW", MISSING);
      assert_changes (stage, i, "OLD", OLD_CHANGES);
    }
  assert_drop (stage, "NEW");
}

static gboolean
graft (Stage *stage, const char *name, const CairnGranules *granules, GError **error)
{
  begin_call (stage);
  return stage->tracker->ops->graft_bitmap (stage->tracker, stage->vm, disk_of (stage, 0), name,
                                            granules, "CATCHER", G_MAXINT64, error);
}

static void
test_grafted_bitmap_has_all (Stage *stage, gconstpointer subject)
{
  g_autoptr (CairnGranules) granules = cairn_granules_new (DISK_BYTES, GRANULARITY, NULL);
  g_autoptr (GError) missing = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) again = NULL;

  cairn_granules_set (granules, 3);
  cairn_granules_set (granules, DISK_BYTES / GRANULARITY - 1);
  g_assert_false (graft (stage, "NEW", granules, &missing));
  g_assert_error (missing, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE);
  assert_verdict (stage, 0, "NEW", MISSING);
  assert_add (stage, "CATCHER");
  stage->subject->write (stage, 0, 4 * GRANULARITY, 1);
  graft (stage, "NEW", granules, &error);
  g_assert_no_error (error);
  stage->subject->write (stage, 0, 7 * GRANULARITY, 1);
  assert_changes (stage, 0, "NEW", "196608+131072 458752+65536 67043328+65536");
  assert_verdict (stage, 0, "OLD", TRACKED);
  g_assert_false (graft (stage, "NEW", granules, &again));
  g_assert_error (again, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE);
}

static void
test_disk_that_is_gone (Stage *stage, gconstpointer subject)
{
  CairnDiskProbe probe = { 0 };
  g_autoptr (GError) error = NULL;

  assert_add (stage, "NEW");
  stage->subject->take_away (stage, 0);
  begin_call (stage);
  stage->tracker->ops->probe_disk (stage->tracker, stage->vm, disk_of (stage, 0), &probe);
  g_assert_cmpint (probe.verdict, ==, CAIRN_VERDICT_NO_FILE);
  g_assert_cmpstr (probe.reason, !=, "");
  cairn_disk_probe_clear (&probe);
  assert_verdict (stage, 0, "NEW", NO_FILE);
  assert_changes (stage, 0, "NEW", "no-file");
  g_assert_false (add (stage, "LATER", G_MAXINT64, &error));
  g_assert_nonnull (error);
  assert_verdict (stage, 1, "LATER", MISSING);
  assert_drop (stage, "NEW");
  assert_verdict (stage, 1, "NEW", MISSING);
}

static void
test_busy_disk (Stage *stage, gconstpointer subject)
{
  CairnDiskProbe probe = { 0 };
  g_autoptr (GError) refused_add = NULL;
  g_autoptr (GError) refused_drop = NULL;
  GPid pid;

  assert_add (stage, "NEW");
  pid = start_qemu (stage->two);
  g_assert_false (add (stage, "LATER", G_MAXINT64, &refused_add));
  g_assert_error (refused_add, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE);
  g_assert_false (drop (stage, "NEW", G_MAXINT64, &refused_drop));
  g_assert_error (refused_drop, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE);
  begin_call (stage);
  stage->tracker->ops->probe_disk (stage->tracker, stage->vm, disk_of (stage, 1), &probe);
  g_assert_cmpint (probe.verdict, ==, CAIRN_VERDICT_BUSY);
  cairn_disk_probe_clear (&probe);
  assert_verdict (stage, 1, "NEW", BUSY);
  assert_changes (stage, 1, "NEW", "busy");
  assert_verdict (stage, 0, "NEW", TRACKED);
  assert_verdict (stage, 0, "LATER", MISSING);
  stop_qemu (pid);
  assert_verdict (stage, 1, "NEW", TRACKED);
  assert_verdict (stage, 1, "LATER", MISSING);
  assert_changes (stage, 1, "OLD", OLD_CHANGES);
}

/* Asserts that disk INDEX has just the bitmaps NAMES (blank-separated, sorted) whole; beside them,
 * a disabled one may be there from the beginning. */
static void
assert_bitmaps (Stage *stage, const CairnInventory *inventory, guint index, const char *names)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new ();
  g_autofree char *text = NULL;

  for (guint i = 0; i < inventory->bitmaps->len; i++)
    {
      const CairnFoundBitmap *bitmap = inventory->bitmaps->pdata[i];

      if (bitmap->disk != stage->vm->disks->pdata[index])
        continue;
      g_assert_false (bitmap->is_in_use);
      if (bitmap->is_recording)
        g_ptr_array_add (found, bitmap->name);
      else
        g_assert_cmpstr (bitmap->name, ==, "FOREIGN");
    }
  g_ptr_array_add (found, NULL);
  text = g_strjoinv (" ", (char **)found->pdata);
  g_assert_cmpstr (text, ==, names);
}

static CairnInventory *
take_inventory (Stage *stage, int64_t deadline, GError **error)
{
  CairnTracker *tracker = begin_call (stage);

  return tracker->ops->take_inventory (tracker, stage->vm, deadline, error);
}

static void
test_inventory (Stage *stage, gconstpointer subject)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CairnInventory) all = NULL;
  g_autoptr (CairnInventory) late = NULL;

  assert_add (stage, "NEW");
  all = take_inventory (stage, G_MAXINT64, &error);
  g_assert_no_error (error);
  assert_bitmaps (stage, all, 0, "NEW OLD");
  assert_bitmaps (stage, all, 1, "NEW OLD");
  g_assert_cmpuint (all->unread->len, ==, 0);
  late = take_inventory (stage, g_get_monotonic_time () - 1, &error);
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_TIMEOUT);
  g_assert_null (late);
}

static void
test_inventory_of_busy_disk (Stage *stage, gconstpointer subject)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CairnInventory) one = NULL;
  GPid pid;

  pid = start_qemu (stage->two);
  one = take_inventory (stage, G_MAXINT64, &error);
  stop_qemu (pid);
  g_assert_no_error (error);
  assert_bitmaps (stage, one, 0, "OLD");
  assert_bitmaps (stage, one, 1, "");
  g_assert_cmpuint (one->unread->len, ==, 1);
  g_assert_cmpint (((CairnDiskVerdict *)one->unread->pdata[0])->verdict, ==, CAIRN_VERDICT_BUSY);
}

static void
test_deadlines (Stage *stage, gconstpointer subject)
{
  g_autoptr (CairnAnchor) anchor = make_anchor (stage, 0, "OLD");
  const CairnAnchor *const anchors[] = { anchor };
  g_autoptr (GError) late_add = NULL;
  g_autoptr (GError) late_drop = NULL;
  g_autoptr (GError) late_judge = NULL;
  g_autoptr (GError) late_changes = NULL;
  CairnQuestion question
      = { .disk = disk_of (stage, 0), .anchor = anchor, .length_bytes = UINT64_MAX };
  CairnJudgement judgement = { 0 };
  int64_t past = g_get_monotonic_time () - 1;

  g_assert_false (add (stage, "NEW", past, &late_add));
  g_assert_error (late_add, CAIRN_ERROR, CAIRN_ERROR_TIMEOUT);
  g_assert_false (drop (stage, "OLD", past, &late_drop));
  g_assert_error (late_drop, CAIRN_ERROR, CAIRN_ERROR_TIMEOUT);
  begin_call (stage);
  g_assert_false (stage->tracker->ops->judge (stage->tracker, stage->vm, disk_of (stage, 0),
                                              anchors, 1, &judgement, past, &late_judge));
  g_assert_error (late_judge, CAIRN_ERROR, CAIRN_ERROR_TIMEOUT);
  cairn_judgement_clear (&judgement);
  begin_call (stage);
  g_assert_false (
      stage->tracker->ops->changes (stage->tracker, stage->vm, &question, 1, past, &late_changes));
  g_assert_error (late_changes, CAIRN_ERROR, CAIRN_ERROR_TIMEOUT);
  g_assert_null (question.extents);
  cairn_question_clear (&question);
  assert_verdict (stage, 0, "NEW", MISSING);
  assert_verdict (stage, 0, "OLD", TRACKED);
}

/* ---- frozen views ---- */

#define WRITTEN 0xCD /* qemu-io's pattern */

static CairnFrozen *
freeze (Stage *stage, const char *name, const char *const *bases, GError **error)
{
  CairnTracker *tracker = begin_call (stage);
  CairnBitmapOrder order = { .vm = stage->vm,
                             .disks = stage->disks,
                             .name = name,
                             .granularity_bytes = GRANULARITY,
                             .deadline = G_MAXINT64 };

  return tracker->ops->freeze (tracker, &order, stage->disks, bases, error);
}

static CairnFrozen *
open_frozen (Stage *stage, CairnTracker *tracker, const char *name, GError **error)
{
  g_autoptr (CairnVm) vm = cairn_vm_copy (stage->vm);

  if (stage->guid)
    {
      g_clear_pointer (&vm, cairn_vm_free);
      vm = tracker->ops->find_vm (tracker, stage->guid, error);
    }
  return tracker->ops->open_frozen (tracker, vm, stage->disks, name, G_MAXINT64, error);
}

/* The granule of disk INDEX at OFFSET has nothing but VALUE in the view. */
static void
assert_frozen (CairnFrozen *frozen, guint index, uint64_t offset_bytes, uint8_t value)
{
  CairnView *view = frozen->views->pdata[index];
  g_autofree uint8_t *granule = g_malloc (GRANULARITY);
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (view->size_bytes, ==, DISK_BYTES);
  for (unsigned i = 0; i < view->n_readers; i++)
    {
      view->ops->read (view, i, offset_bytes, granule, GRANULARITY, &error);
      g_assert_no_error (error);
      for (size_t at = 0; at < GRANULARITY; at++)
        g_assert_cmpuint (granule[at], ==, value);
    }
}

/* What changed since BITMAP by the frozen view, as assert_changes has it. */
static void
assert_frozen_changes (Stage *stage, CairnFrozen *frozen, guint index, const char *bitmap,
                       const char *expected)
{
  g_autoptr (CairnAnchor) anchor = make_anchor (stage, index, bitmap);
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) extents = NULL;
  g_autofree char *told = NULL;
  CairnJudgement judgement = { 0 };

  frozen->changes (frozen, index, anchor, &extents, &judgement, G_MAXINT64, &error);
  g_assert_no_error (error);
  g_assert_cmpint (judgement.verdict == CAIRN_VERDICT_TRACKED, ==, extents != NULL);
  told = extents ? spell (extents) : g_strdup (cairn_verdict_name (judgement.verdict));
  g_assert_cmpstr (told, ==, expected);
  cairn_judgement_clear (&judgement);
}

static void
test_frozen_views_stay (Stage *stage, gconstpointer subject)
{
  const char *const bases[] = { "FIRST", NULL };
  g_autoptr (GError) error = NULL;
  CairnFrozen *frozen;

  assert_add (stage, "FIRST");
  stage->subject->write (stage, 0, 5 * MIB, 65536);
  stage->subject->write (stage, 1, 6 * MIB, 65536);
  frozen = freeze (stage, "NEW", bases, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (frozen->views->len, ==, 2);
  for (guint i = 0; stage->subject->writes_on && i < 2; i++)
    stage->subject->write (stage, i, 5 * MIB, 2 * MIB);
  assert_frozen (frozen, 0, 5 * MIB, WRITTEN);
  assert_frozen (frozen, 0, 6 * MIB, 0);
  assert_frozen (frozen, 1, 5 * MIB, 0);
  assert_frozen (frozen, 1, 6 * MIB, WRITTEN);
  assert_frozen_changes (stage, frozen, 0, "FIRST", "5242880+65536");
  assert_frozen_changes (stage, frozen, 1, "FIRST",
                         stage->subject->writes_on ? "5242880+2097152" : "6291456+65536");
  assert_frozen_changes (stage, frozen, 0, "GONE", "missing");
  frozen->end (frozen);
  for (guint i = 0; i < 2; i++)
    assert_changes (stage, i, "NEW", stage->subject->writes_on ? "5242880+2097152" : "");
}

/* By another process, for which another tracker stands. */
static void
test_frozen_is_opened (Stage *stage, gconstpointer subject)
{
  CairnTracker *other = stage->subject->open ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) another = NULL;
  g_autoptr (GError) over = NULL;
  CairnFrozen *frozen, *opened;

  assert_add (stage, "FIRST");
  stage->subject->write (stage, 0, 5 * MIB, 65536);
  frozen = freeze (stage, "NEW", NULL, &error);
  g_assert_no_error (error);
  opened = open_frozen (stage, other, "NEW", &error);
  g_assert_no_error (error);
  assert_frozen (opened, 0, 5 * MIB, WRITTEN);
  assert_frozen_changes (stage, opened, 0, "FIRST", "5242880+65536");
  for (guint i = 0; i < 2; i++)
    g_assert_cmpstr (opened->addresses->pdata[i], ==, frozen->addresses->pdata[i]);
  opened->end (opened);
  assert_frozen (frozen, 0, 5 * MIB, WRITTEN);
  if (stage->subject->writes_on)
    {
      g_assert_null (open_frozen (stage, other, "OTHER", &another));
      g_assert_error (another, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE);
    }
  frozen->end (frozen);
  g_assert_null (open_frozen (stage, other, "NEW", &over));
  g_assert_error (over, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE);
  other->ops->close (other);
}

static void
test_freeze_is_all_or_none (Stage *stage, gconstpointer subject)
{
  g_autoptr (GPtrArray) second = second_disk (stage);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) after = NULL;
  CairnFrozen *frozen;

  g_assert_true (add_to (stage, second, "NEW", G_MAXINT64, NULL));
  g_assert_null (freeze (stage, "NEW", NULL, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE);
  assert_verdict (stage, 0, "NEW", MISSING);
  stage->subject->write (stage, 0, 5 * MIB, 65536);
  frozen = freeze (stage, "LATER", NULL, &after);
  g_assert_no_error (after);
  frozen->end (frozen);
}

/* A VM that runs on is answered for as if nothing were held. */
static void
test_held_vm_answers (Stage *stage, gconstpointer subject)
{
  g_autoptr (CairnInventory) all = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) again = NULL;
  CairnTracker *holder = stage->tracker;
  CairnFrozen *frozen = freeze (stage, "HELD", NULL, &error);

  g_assert_no_error (error);
  stage->tracker = stage->subject->open ();
  assert_add (stage, "NEW");
  stage->subject->write (stage, 0, 5 * MIB, 65536);
  assert_changes (stage, 0, "NEW", "5242880+65536");
  assert_changes (stage, 1, "OLD", OLD_CHANGES);
  assert_verdict (stage, 1, "HELD", TRACKED);
  g_assert_null (freeze (stage, "MORE", NULL, &again));
  g_assert_error (again, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE);
  all = take_inventory (stage, G_MAXINT64, &error);
  g_assert_no_error (error);
  g_assert_null (all->leftover_job);
  assert_bitmaps (stage, all, 0, "HELD NEW OLD");
  g_assert_true (stage->tracker->ops->end_leftover_job (stage->tracker, stage->vm, NULL));
  assert_drop (stage, "NEW");
  assert_frozen (frozen, 0, 5 * MIB, 0);
  stage->tracker->ops->close (stage->tracker);
  stage->tracker = holder;
  frozen->end (frozen);
  assert_verdict (stage, 0, "NEW", MISSING);
  assert_changes (stage, 0, "HELD", "5242880+65536");
}

static const struct
{
  const char *name;
  void (*run) (Stage *stage, gconstpointer subject);
  gboolean needs_rival;   /* another program that has a disk open */
  gboolean must_write_on; /* while its disks are frozen */
} cases[] = {
  { "probe", test_probe },
  { "added-bitmap-is-tracked", test_added_bitmap_is_tracked },
  { "changes-are-told", test_changes_are_told },
  { "judges-many-at-once", test_judges_many_at_once },
  { "add-is-all-or-none", test_add_is_all_or_none },
  { "removed-bitmap-is-missing", test_removed_bitmap_is_missing },
  { "grafted-bitmap-has-all", test_grafted_bitmap_has_all },
  { "disk-that-is-gone", test_disk_that_is_gone },
  { "busy-disk", test_busy_disk, TRUE },
  { "inventory", test_inventory },
  { "inventory-of-busy-disk", test_inventory_of_busy_disk, TRUE },
  { "deadlines", test_deadlines },
  { "frozen-views-stay", test_frozen_views_stay },
  { "frozen-is-opened", test_frozen_is_opened },
  { "freeze-is-all-or-none", test_freeze_is_all_or_none },
  { "held-vm-answers", test_held_vm_answers, .must_write_on = TRUE },
};

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < subjects_count (); i++)
    for (guint j = 0; j < G_N_ELEMENTS (cases); j++)
      {
        const Subject *subject = subjects_at (i);
        g_autofree char *path
            = g_strdup_printf ("/tracker-contract/%s/%s", subject->name, cases[j].name);

        if ((cases[j].needs_rival && subject->is_exclusive)
            || (cases[j].must_write_on && !subject->writes_on))
          continue;
        g_test_add (path, Stage, subject, stage_setup, cases[j].run, stage_teardown);
      }
  return g_test_run ();
}
