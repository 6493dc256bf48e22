/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VMs, points and intents for the tests of stores, and their comparison. */
#include "store-samples.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/wait.h>

CairnVm *
sample_vm (const char *guid, const char *name)
{
  CairnVm *vm = cairn_vm_new (guid, name);

  for (guint i = 0; i < 2; i++)
    {
      CairnDisk *disk = g_new0 (CairnDisk, 1);

      disk->identifier = g_strdup_printf ("Microsoft:%s\\DISK-%u", guid, i);
      disk->target = g_strdup_printf ("vd%c", 'a' + i);
      disk->path = g_strdup_printf ("/images/%s/disk %u.qcow2", name, i);
      disk->format = g_strdup (i ? "" : "qcow2");
      disk->virtual_size_bytes = i ? UINT64_MAX : 8589934592u;
      g_ptr_array_add (vm->disks, disk);
    }
  g_ptr_array_add (vm->aliases, g_strdup ("0A1B2C3D-0000-4000-8000-00000000CCCC"));
  return vm;
}

static CairnAnchor *
sample_anchor (const char *vm_guid, const char *guid, guint number, guint position)
{
  CairnAnchor *anchor = cairn_anchor_new ();

  anchor->disk_identifier = g_strdup_printf ("Microsoft:%s\\DISK-%u", vm_guid, position);
  anchor->target = g_strdup_printf ("vd%c", 'a' + position);
  anchor->path = g_strdup_printf ("/images/disk %u.qcow2", position);
  anchor->format = g_strdup ("qcow2");
  anchor->virtual_size_bytes = 8589934592u;
  anchor->change_tracking_id
      = g_strdup_printf ("rctX:%.8s:%08x:%08x:%08x", vm_guid + 28, number, position, 7u);
  anchor->bitmap = g_strdup (guid);
  anchor->granularity_bytes = 65536;
  anchor->allocated_bytes = 0x8000000000000001u;
  anchor->dirty_seen_bytes = 65536;
  return anchor;
}

CairnPoint *
sample_point (const char *vm_guid, guint number, guint n_anchors)
{
  CairnPoint *point = cairn_point_new ();

  point->guid
      = g_strdup_printf ("01930000-%04X-7%03X-8000-%s", number >> 12, number & 0xfff, vm_guid + 24);
  point->instance_id = g_strdup_printf ("Microsoft:%s\\%s", vm_guid, point->guid);
  point->vm_guid = g_strdup (vm_guid);
  point->creation_time_ms = 1700000000000 + number;
  point->owner = g_strdup ("backup product");
  point->label = g_strdup_printf ("point \xc3\xa4 %u", number);
  for (guint i = 0; i < n_anchors; i++)
    g_ptr_array_add (point->anchors, sample_anchor (vm_guid, point->guid, number, i));
  return point;
}

CairnIntent *
sample_intent (const char *vm_guid, int64_t created_ms)
{
  CairnIntent *intent = cairn_intent_new (CAIRN_INTENT_PUBLISH, vm_guid);

  g_free (intent->point);
  g_free (intent->bitmap);
  intent->created_ms = created_ms;
  intent->point = g_strdup_printf ("Microsoft:%s\\P", vm_guid);
  intent->bitmap = g_strdup ("P");
  for (guint i = 0; i < 2; i++)
    {
      g_ptr_array_add (intent->images, g_strdup_printf ("/images/%u.qcow2", i));
      g_ptr_array_add (intent->temporary_files, g_strdup_printf ("/out/.tmp-%u", i));
      g_ptr_array_add (intent->final_files, g_strdup_printf ("/out/final-%u", i));
    }
  return intent;
}

static void
assert_same_texts (const GPtrArray *a, const GPtrArray *b)
{
  g_assert_cmpuint (a->len, ==, b->len);
  for (guint i = 0; i < a->len; i++)
    g_assert_cmpstr (a->pdata[i], ==, b->pdata[i]);
}

void
assert_same_vm (const CairnVm *a, const CairnVm *b)
{
  g_assert_cmpstr (a->guid, ==, b->guid);
  g_assert_cmpstr (a->name, ==, b->name);
  g_assert_cmpuint (a->disks->len, ==, b->disks->len);
  for (guint i = 0; i < a->disks->len; i++)
    {
      const CairnDisk *x = a->disks->pdata[i], *y = b->disks->pdata[i];

      g_assert_cmpstr (x->identifier, ==, y->identifier);
      g_assert_cmpstr (x->target, ==, y->target);
      g_assert_cmpstr (x->path, ==, y->path);
      g_assert_cmpstr (x->format, ==, y->format);
      g_assert_cmpuint (x->virtual_size_bytes, ==, y->virtual_size_bytes);
    }
  assert_same_texts (a->aliases, b->aliases);
}

static void
assert_same_anchor (const CairnAnchor *a, const CairnAnchor *b)
{
  g_assert_cmpstr (a->disk_identifier, ==, b->disk_identifier);
  g_assert_cmpstr (a->target, ==, b->target);
  g_assert_cmpstr (a->path, ==, b->path);
  g_assert_cmpstr (a->format, ==, b->format);
  g_assert_cmpuint (a->virtual_size_bytes, ==, b->virtual_size_bytes);
  g_assert_cmpstr (a->change_tracking_id, ==, b->change_tracking_id);
  g_assert_cmpstr (a->bitmap, ==, b->bitmap);
  g_assert_cmpuint (a->granularity_bytes, ==, b->granularity_bytes);
  g_assert_cmpuint (a->allocated_bytes, ==, b->allocated_bytes);
  g_assert_cmpuint (a->dirty_seen_bytes, ==, b->dirty_seen_bytes);
  g_assert_cmpstr (a->lost, ==, b->lost);
  assert_same_texts (a->tracking_hints, b->tracking_hints);
}

void
assert_same_point (const CairnPoint *a, const CairnPoint *b)
{
  g_assert_cmpstr (a->instance_id, ==, b->instance_id);
  g_assert_cmpstr (a->guid, ==, b->guid);
  g_assert_cmpstr (a->vm_guid, ==, b->vm_guid);
  g_assert_cmpint (a->type, ==, b->type);
  g_assert_cmpint (a->consistency, ==, b->consistency);
  g_assert_cmpint (a->has_associated_data, ==, b->has_associated_data);
  g_assert_cmpint (a->creation_time_ms, ==, b->creation_time_ms);
  g_assert_cmpstr (a->owner, ==, b->owner);
  g_assert_cmpstr (a->label, ==, b->label);
  g_assert_cmpint (a->origin, ==, b->origin);
  g_assert_cmpuint (a->anchors->len, ==, b->anchors->len);
  for (guint i = 0; i < a->anchors->len; i++)
    assert_same_anchor (a->anchors->pdata[i], b->anchors->pdata[i]);
  g_assert_true (!a->configuration == !b->configuration);
  if (a->configuration)
    g_assert_true (g_bytes_equal (a->configuration, b->configuration));
}

void
assert_same_intent (const CairnIntent *a, const CairnIntent *b)
{
  g_assert_cmpstr (a->id, ==, b->id);
  g_assert_cmpstr (a->vm_guid, ==, b->vm_guid);
  g_assert_cmpint (a->kind, ==, b->kind);
  g_assert_cmpint (a->created_ms, ==, b->created_ms);
  g_assert_cmpstr (a->point, ==, b->point);
  g_assert_cmpstr (a->bitmap, ==, b->bitmap);
  assert_same_texts (a->images, b->images);
  assert_same_texts (a->temporary_files, b->temporary_files);
  assert_same_texts (a->final_files, b->final_files);
}

GPtrArray *
points_of (CairnPoint *point)
{
  GPtrArray *points = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_point_free);

  g_ptr_array_add (points, point);
  return points;
}

void
must_apply (CairnStore *store, const CairnStoreChange *change)
{
  g_autoptr (GError) error = NULL;
  gboolean ok = store->ops->apply (store, change, &error);

  g_assert_no_error (error);
  g_assert_true (ok);
}

void
must_put (CairnStore *store, CairnPoint *point)
{
  g_autoptr (GPtrArray) points = points_of (point);

  must_apply (store, &(CairnStoreChange){ .put_points = points });
}

guint
count_points (CairnStore *store, const char *vm_guid)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) points = store->ops->list_points (store, vm_guid, &error);

  g_assert_no_error (error);
  return points->len;
}

char *
make_temporary_directory (void)
{
  g_autoptr (GError) error = NULL;
  char *directory = g_dir_make_tmp ("cairn-store-XXXXXX", &error);

  g_assert_no_error (error);
  return directory;
}

static int
remove_entry (const char *path, const struct stat *status, int type, struct FTW *place)
{
  return remove (path);
}

void
remove_directory (const char *directory)
{
  g_assert_cmpint (nftw (directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS), ==, 0);
}

int
wait_for (pid_t child)
{
  int status = 0;

  while (waitpid (child, &status, 0) < 0 && errno == EINTR)
    ;
  return WIFEXITED (status) ? WEXITSTATUS (status) : -1;
}
