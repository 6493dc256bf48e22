/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What becomes of an anchor when the disk gets overlays, and when it moves: real images, changed as
 * libvirt and qemu-img change them. */
#include <signal.h>
#include <string.h>

#include "qemu.h"
#include "tracker/offline/edit.h"
#include "tracker/offline/look.h"

#define KIB UINT64_C (1024)
#define MIB (UINT64_C (1) << 20)

typedef struct
{
  char *dir;
  char *base;    /* 64 MiB, 1 MiB allocated; since bitmap "p" 192 KiB at 2 MiB, and zeros at 0 */
  char *overlay; /* over it, with "p" as libvirt adds it; 64 KiB at 2 MiB and 128 KiB at 10 MiB */
  CairnAnchor *anchor; /* of "p", set in the base */
} Fixture;

/* The granules dirty in base and overlay. */
#define BASE_BYTES  (64 * KIB + 192 * KIB)
#define CHAIN_BYTES (BASE_BYTES + 128 * KIB)

static void
set_up (Fixture *f, gconstpointer unused)
{
  f->dir = test_dir_new ();
  f->base = g_build_filename (f->dir, "a.qcow2", NULL);
  f->overlay = g_build_filename (f->dir, "o.qcow2", NULL);
  test_shell ("cd '%s'; qemu-img create -q -f qcow2 a.qcow2 64M; qemu-io -c 'write 0 1M' a.qcow2; "
              "qemu-img bitmap --add a.qcow2 p",
              f->dir);
  f->anchor = test_anchor (f->base, "p");
  test_shell ("cd '%s'; qemu-io -c 'write 2M 192k' -c 'write -z 0 64k' a.qcow2; "
              "qemu-img create -q -f qcow2 -F qcow2 -b a.qcow2 o.qcow2; "
              "qemu-img bitmap --add o.qcow2 p; "
              "qemu-io -c 'write 2M 64k' -c 'write 10M 128k' o.qcow2",
              f->dir);
}

static void
tear_down (Fixture *f, gconstpointer unused)
{
  cairn_anchor_free (f->anchor);
  g_free (f->base);
  g_free (f->overlay);
  test_dir_remove (f->dir);
}

/* TRACKED with DIRTY_BYTES; MOVED_TO is where the bitmap begins now, or NULL. */
static void
expect_tracked (const char *path, const CairnAnchor *anchor, uint64_t dirty_bytes,
                const char *moved_to)
{
  CairnJudgement judgement = test_judge (path, anchor);

  g_assert_cmpstr (judgement.reason, ==, "");
  g_assert_cmpint (judgement.verdict, ==, CAIRN_VERDICT_TRACKED);
  g_assert_cmpuint (judgement.dirty_bytes, ==, dirty_bytes);
  g_assert_cmpstr (judgement.moved_to, ==, moved_to);
  cairn_judgement_clear (&judgement);
}

static void
test_tracked (Fixture *f, gconstpointer unused)
{
  CairnDisk disk = { .path = f->overlay };
  g_autoptr (GArray) extents = NULL;
  CairnJudgement judgement;
  const CairnExtent wanted[] = { { 0, 64 * KIB }, { 2 * MIB, 192 * KIB }, { 10 * MIB, 128 * KIB } };

  expect_tracked (f->overlay, f->anchor, CHAIN_BYTES, NULL);
  g_assert_true (cairn_offline_changes (&disk, f->anchor, 0, UINT64_MAX, &extents, &judgement,
                                        G_MAXINT64, NULL));
  g_assert_cmpuint (extents->len, ==, G_N_ELEMENTS (wanted));
  g_assert_true (memcmp (extents->data, wanted, sizeof wanted) == 0);
  cairn_judgement_clear (&judgement);
  /* A path that means the same file is the same place. */
  test_shell ("ln -s '%s' '%s/link.qcow2'", f->base, f->dir);
  g_free (f->anchor->path);
  f->anchor->path = g_build_filename (f->dir, "link.qcow2", NULL);
  expect_tracked (f->overlay, f->anchor, CHAIN_BYTES, NULL);
}

/* A third layer, with a point of its own. */
static void
test_two_overlays (Fixture *f, gconstpointer unused)
{
  g_autofree char *top = g_build_filename (f->dir, "t.qcow2", NULL);
  g_autoptr (CairnAnchor) newer = NULL;

  test_shell ("cd '%s'; qemu-img create -q -f qcow2 -F qcow2 -b o.qcow2 t.qcow2; "
              "qemu-img bitmap --add t.qcow2 p; qemu-io -c 'write 20M 64k' t.qcow2; "
              "qemu-img bitmap --add t.qcow2 q",
              f->dir);
  newer = test_anchor (top, "q");
  test_shell ("qemu-io -c 'write 20M 64k' -c 'write 21M 64k' '%s'", top);
  expect_tracked (top, f->anchor, CHAIN_BYTES + 128 * KIB, NULL);
  expect_tracked (top, newer, 128 * KIB, NULL);
  test_shell ("cd '%s'; qemu-img bitmap --remove o.qcow2 p", f->dir);
  test_expect (top, f->anchor, CAIRN_VERDICT_BACKING_ONLY, f->overlay, "between", f->base,
               "commit it", NULL);
  expect_tracked (top, newer, 128 * KIB, NULL);
}

/* Committed, all is in the base; the overlay that remains says the same. */
static void
test_committed (Fixture *f, gconstpointer unused)
{
  test_shell ("qemu-img commit -q -d '%s'", f->overlay);
  expect_tracked (f->base, f->anchor, CHAIN_BYTES, NULL);
  test_shell ("qemu-img bitmap --remove '%s' p; qemu-io -c 'write 30M 64k' '%s'", f->overlay,
              f->overlay);
  test_expect (f->overlay, f->anchor, CAIRN_VERDICT_BACKING_ONLY, f->base, NULL);
  test_shell ("qemu-img commit -q -d '%s'", f->overlay);
  expect_tracked (f->base, f->anchor, CHAIN_BYTES + 64 * KIB, NULL);
}

/* What is wrong with the bitmap in one layer is wrong with all of it. */
static void
test_broken_layer (Fixture *f, gconstpointer is_overlay)
{
  const char *path = is_overlay ? f->overlay : f->base;
  g_autofree char *ready = g_strdup_printf ("qemu-img info -U '%s' | grep -q in-use", path);
  GPid pid;

  test_shell ("qemu-img bitmap --disable '%s' p", path);
  test_expect (f->overlay, f->anchor, CAIRN_VERDICT_DISABLED, path, "'p'", NULL);
  test_shell ("qemu-img bitmap --enable '%s' p", path);
  pid = test_start (ready,
                    "qemu-storage-daemon --blockdev driver=qcow2,node-name=d,file.driver=file,"
                    "file.filename='%s',backing=",
                    path);
  test_expect (f->overlay, f->anchor, CAIRN_VERDICT_BUSY, path, NULL);
  test_kill (pid, SIGKILL);
  test_expect (f->overlay, f->anchor, CAIRN_VERDICT_IN_USE, path, NULL);
  test_shell ("qemu-img bitmap --remove '%s' p; qemu-img bitmap --add -g 4096 '%s' p", path, path);
  test_expect (f->overlay, f->anchor, CAIRN_VERDICT_GRANULARITY_DIFFERS, path, "4096", NULL);
}

/* Bits that are missing in the overlay show by its own clusters, and by what was seen before. */
static void
test_cleared (Fixture *f, gconstpointer unused)
{
  test_shell ("qemu-img bitmap --clear '%s' p", f->overlay);
  test_expect (f->overlay, f->anchor, CAIRN_VERDICT_DISABLED, f->overlay, "grew by", NULL);
  f->anchor->allocated_bytes = 0;
  expect_tracked (f->overlay, f->anchor, BASE_BYTES, NULL);
  f->anchor->dirty_seen_bytes = CHAIN_BYTES;
  test_expect (f->overlay, f->anchor, CAIRN_VERDICT_DISABLED, "held 393216", NULL);
}

/* The base is shared with a running VM that only reads it. */
static void
test_shared_base (Fixture *f, gconstpointer unused)
{
  g_autofree char *ready
      = g_strdup_printf ("grep -q \"OFDLCK.*:$(stat -c %%i '%s') 100 100\" /proc/locks", f->base);
  GPid pid = test_start (ready,
                         "qemu-storage-daemon --blockdev driver=qcow2,node-name=d,read-only=on,"
                         "file.driver=file,file.filename='%s'",
                         f->base);

  expect_tracked (f->overlay, f->anchor, CHAIN_BYTES, NULL);
  test_kill (pid, SIGTERM);
}

static void
test_base_trouble (Fixture *f, gconstpointer unused)
{
  test_shell ("cp '%s' '%s.whole'; qemu-img resize -q --shrink '%s' 32M", f->base, f->base,
              f->base);
  test_expect (f->overlay, f->anchor, CAIRN_VERDICT_SIZE_DIFFERS, f->base, "33554432", NULL);
  test_shell ("cp '%s.whole' '%s'; qemu-img resize -q '%s' 80M; qemu-io -c 'write 64M 64k' '%s'",
              f->base, f->base, f->base, f->base);
  expect_tracked (f->overlay, f->anchor, CHAIN_BYTES, NULL);
  test_shell ("cp '%s.whole' '%s'", f->base, f->base);
  test_poke (f->base, test_bitmap_directory (f->base), 512, 8);
  test_expect (f->overlay, f->anchor, CAIRN_VERDICT_UNREADABLE, "backing image", f->base,
               "directory entry", NULL);
  test_shell ("rm '%s'", f->base);
  test_expect (f->overlay, f->anchor, CAIRN_VERDICT_NO_FILE, f->overlay, f->base, NULL);
  test_shell ("qemu-img create -q -f raw '%s' 64M; qemu-img rebase -u -F raw -b a.qcow2 '%s'",
              f->base, f->overlay);
  g_free (f->anchor->path);
  f->anchor->path = g_strdup (f->overlay);
  f->anchor->allocated_bytes = 0;
  expect_tracked (f->overlay, f->anchor, 192 * KIB, NULL);
}

/* A base that isn't a file of this host: only what lies above it can be told. */
static void
test_base_elsewhere (Fixture *f, gconstpointer unused)
{
  test_shell ("qemu-img rebase -u -F qcow2 -b nbd://nowhere.invalid/x '%s'", f->overlay);
  test_expect (f->overlay, f->anchor, CAIRN_VERDICT_UNREADABLE, f->overlay, "isn't a file", NULL);
  g_free (f->anchor->path);
  f->anchor->path = g_strdup (f->overlay);
  f->anchor->allocated_bytes = 0;
  expect_tracked (f->overlay, f->anchor, 192 * KIB, NULL);
}

/* Removed from all layers; not from a base that somebody else reads. */
static void
test_removed (Fixture *f, gconstpointer unused)
{
  g_autofree char *ready
      = g_strdup_printf ("grep -q \"OFDLCK.*:$(stat -c %%i '%s') 100 100\" /proc/locks", f->base);
  g_autoptr (GPtrArray) disks = g_ptr_array_new ();
  CairnDisk disk = { .target = (char *)"vda", .path = f->overlay, .format = (char *)"qcow2" };
  g_autoptr (GError) error = NULL;
  GPid pid;

  g_ptr_array_add (disks, &disk);
  pid = test_start (ready,
                    "qemu-storage-daemon --blockdev driver=qcow2,node-name=d,read-only=on,"
                    "file.driver=file,file.filename='%s'",
                    f->base);
  cairn_offline_remove (disks, "p", G_MAXINT64, &error);
  g_assert_no_error (error);
  test_kill (pid, SIGTERM);
  test_expect (f->overlay, f->anchor, CAIRN_VERDICT_BACKING_ONLY, f->base, NULL);
  cairn_offline_remove (disks, "p", G_MAXINT64, &error);
  g_assert_no_error (error);
  test_expect (f->overlay, f->anchor, CAIRN_VERDICT_MISSING, NULL);
}

/* ---- moved ---- */

/* Flattened, which takes what was written to the base but not the bits of the zeros there. */
static void
test_flattened (Fixture *f, gconstpointer command)
{
  g_autofree char *flat = g_build_filename (f->dir, "flat.qcow2", NULL);

  test_shell ("cd '%s'; cp o.qcow2 flat.qcow2; %s", f->dir, (const char *)command);
  test_expect (flat, f->anchor, CAIRN_VERDICT_DISABLED, flat, f->base, "flattened", NULL);
}

/* The same with the base's bits merged in, as libvirt does after a block pull. */
static void
test_pulled (Fixture *f, gconstpointer unused)
{
  test_shell ("cd '%s'; qemu-img rebase -b '' o.qcow2; qemu-img bitmap --merge p -b a.qcow2 "
              "-F qcow2 o.qcow2 p",
              f->dir);
  /* Rebasing marked what it copied, so more than was changed is dirty. */
  expect_tracked (f->overlay, f->anchor, MIB + 192 * KIB + 128 * KIB, f->overlay);
}

/* A point made in the overlay, into which all of the base is pulled then: as QEMU does that, the
 * bitmap doesn't get the clusters that come up. */
static void
test_pulled_below (Fixture *f, gconstpointer unused)
{
  g_autoptr (CairnAnchor) anchor = NULL;

  test_shell ("qemu-img bitmap --add '%s' q", f->overlay);
  anchor = test_anchor (f->overlay, "q");
  test_shell ("cd '%s'; qemu-io -c 'write 30M 64k' o.qcow2; cp o.qcow2 before.qcow2; "
              "qemu-img rebase -b '' o.qcow2; qemu-img bitmap --clear o.qcow2 q; "
              "qemu-img bitmap --merge q -b before.qcow2 -F qcow2 o.qcow2 q",
              f->dir);
  expect_tracked (f->overlay, anchor, 64 * KIB, NULL);
}

/* A chain copied elsewhere: the bitmap begins in the copy of the base. */
static void
test_copied_chain (Fixture *f, gconstpointer unused)
{
  g_autofree char *overlay = g_build_filename (f->dir, "copy", "o.qcow2", NULL);
  g_autofree char *base = g_build_filename (f->dir, "copy", "a.qcow2", NULL);

  test_shell ("cd '%s'; mkdir copy; cp a.qcow2 o.qcow2 copy", f->dir);
  expect_tracked (overlay, f->anchor, CHAIN_BYTES, base);
  test_shell ("qemu-io -c 'write 40M 64k' '%s'", f->base);
  test_expect (overlay, f->anchor, CAIRN_VERDICT_DISABLED, overlay, f->base, NULL);
}

/* What the file at the old path is, and what that means for a copy elsewhere. */
static void
test_copied (Fixture *f, gconstpointer unused)
{
  g_autofree char *copy = g_build_filename (f->dir, "copy.qcow2", NULL);
  g_autofree char *ready = g_strdup_printf ("qemu-img info -U '%s' | grep -q in-use", f->base);
  GPid pid;

  test_shell ("cp '%s' '%s'; qemu-io -c 'write 50M 64k' '%s'", f->base, copy, copy);
  expect_tracked (copy, f->anchor, BASE_BYTES + 64 * KIB, copy);
  pid = test_start (ready,
                    "qemu-storage-daemon --blockdev driver=qcow2,node-name=d,file.driver=file,"
                    "file.filename='%s'",
                    f->base);
  test_expect (copy, f->anchor, CAIRN_VERDICT_BUSY, copy, f->base, "open for writing", NULL);
  test_kill (pid, SIGKILL);
  expect_tracked (copy, f->anchor, BASE_BYTES + 64 * KIB, copy);
  test_poke (f->base, test_bitmap_directory (f->base), 512, 8);
  test_expect (copy, f->anchor, CAIRN_VERDICT_UNREADABLE, copy, f->base, "is damaged", NULL);
  test_shell ("qemu-img create -q -f qcow2 '%s' 1M", f->base);
  expect_tracked (copy, f->anchor, BASE_BYTES + 64 * KIB, copy);
  test_shell ("qemu-img create -q -f raw '%s' 1M", f->base);
  expect_tracked (copy, f->anchor, BASE_BYTES + 64 * KIB, copy);
  test_shell ("rm '%s'", f->base);
  expect_tracked (copy, f->anchor, BASE_BYTES + 64 * KIB, copy);
}

/* The copy is of an older state than what is at the old path. */
static void
test_older_copy (Fixture *f, gconstpointer unused)
{
  g_autofree char *copy = g_build_filename (f->dir, "copy.qcow2", NULL);

  test_shell ("cp '%s' '%s'; qemu-io -c 'write 50M 64k' '%s'", f->base, copy, f->base);
  test_expect (copy, f->anchor, CAIRN_VERDICT_DISABLED, copy, f->base, "older state", NULL);
}

#define ADD(name, function, argument)                                                              \
  g_test_add ("/chain/" name, Fixture, argument, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("tracked", test_tracked, NULL);
  ADD ("two-overlays", test_two_overlays, NULL);
  ADD ("committed", test_committed, NULL);
  ADD ("broken-overlay", test_broken_layer, "overlay");
  ADD ("broken-base", test_broken_layer, NULL);
  ADD ("cleared", test_cleared, NULL);
  ADD ("shared-base", test_shared_base, NULL);
  ADD ("base-trouble", test_base_trouble, NULL);
  ADD ("base-elsewhere", test_base_elsewhere, NULL);
  ADD ("removed", test_removed, NULL);
  ADD ("flattened/rebase", test_flattened, "qemu-img rebase -b '' flat.qcow2");
  ADD ("flattened/convert", test_flattened,
       "qemu-img convert --bitmaps -O qcow2 o.qcow2 flat.qcow2");
  ADD ("pulled", test_pulled, NULL);
  ADD ("pulled-below", test_pulled_below, NULL);
  ADD ("copied-chain", test_copied_chain, NULL);
  ADD ("copied", test_copied, NULL);
  ADD ("older-copy", test_older_copy, NULL);
  return g_test_run ();
}
