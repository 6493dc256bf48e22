/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every verdict about a shut-off image, each from a real image in that state. */
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qemu.h"
#include "tracker/offline/fallback.h"
#include "tracker/offline/look.h"

typedef struct
{
  char *dir;
  char *image; /* 64 MiB, with bitmap "p", whose anchor was taken, and then 192 KiB written */
  CairnAnchor *anchor;
} Fixture;

static void
set_up (Fixture *f, gconstpointer unused)
{
  f->dir = test_dir_new ();
  f->image = g_build_filename (f->dir, "a.qcow2", NULL);
  test_shell ("qemu-img create -q -f qcow2 '%s' 64M; qemu-io -c 'write 0 1M' '%s'; "
              "qemu-img bitmap --add '%s' p",
              f->image, f->image, f->image);
  f->anchor = test_anchor (f->image, "p");
  test_shell ("qemu-io -c 'write 2M 192k' '%s'", f->image);
}

static void
tear_down (Fixture *f, gconstpointer unused)
{
  cairn_anchor_free (f->anchor);
  g_free (f->image);
  test_dir_remove (f->dir);
}

static void
test_tracked (Fixture *f, gconstpointer unused)
{
  CairnJudgement judgement = test_judge (f->image, f->anchor);

  g_assert_cmpstr (judgement.reason, ==, "");
  g_assert_cmpint (judgement.verdict, ==, CAIRN_VERDICT_TRACKED);
  g_assert_cmpuint (judgement.dirty_bytes, ==, 192 * 1024);
  g_assert_cmpuint (f->anchor->allocated_bytes, ==, (1024 + 64) * 1024);
  cairn_judgement_clear (&judgement);
}

static void
test_missing (Fixture *f, gconstpointer unused)
{
  test_shell ("qemu-img bitmap --remove '%s' p", f->image);
  test_expect (f->image, f->anchor, CAIRN_VERDICT_MISSING, f->image, "'p'", "full backup", NULL);
  test_shell ("qemu-img bitmap --add '%s' other", f->image);
  test_expect (f->image, f->anchor, CAIRN_VERDICT_MISSING, f->image, "'p'", NULL);
}

static void
test_missing_after_convert (Fixture *f, gconstpointer unused)
{
  test_shell ("qemu-img convert -O qcow2 '%s' '%s.new'; mv '%s.new' '%s'", f->image, f->image,
              f->image, f->image);
  test_expect (f->image, f->anchor, CAIRN_VERDICT_MISSING, "converted", NULL);
}

/* A program that doesn't know bitmaps writes, and clears the autoclear bit as the format says. */
static void
test_missing_when_inconsistent (Fixture *f, gconstpointer unused)
{
  test_poke (f->image, 88, 0, 8);
  test_expect (f->image, f->anchor, CAIRN_VERDICT_MISSING, "doesn't know bitmaps", NULL);
}

static void
test_in_use (Fixture *f, gconstpointer unused)
{
  g_autofree char *ready = g_strdup_printf ("test -S '%s/qmp'", f->dir);
  GPid pid
      = test_start (ready,
                    "qemu-storage-daemon --blockdev driver=qcow2,node-name=d,file.driver=file,"
                    "file.filename='%s' --chardev socket,id=c,path='%s/qmp',server=on,wait=off "
                    "--monitor chardev=c",
                    f->image, f->dir);
  test_expect (f->image, f->anchor, CAIRN_VERDICT_BUSY, f->image, NULL);
  test_kill (pid, SIGKILL);
  test_expect (f->image, f->anchor, CAIRN_VERDICT_IN_USE, f->image, "crash", "full backup", NULL);
}

static void
test_disabled (Fixture *f, gconstpointer unused)
{
  test_shell ("qemu-img bitmap --disable '%s' p", f->image);
  test_expect (f->image, f->anchor, CAIRN_VERDICT_DISABLED, f->image, "'p'", "disabled", NULL);
}

static void
test_cleared_grew (Fixture *f, gconstpointer unused)
{
  test_shell ("qemu-img bitmap --clear '%s' p", f->image);
  test_expect (f->image, f->anchor, CAIRN_VERDICT_DISABLED, f->image, "cleared", "grew by 196608",
               NULL);
  /* A little written afterwards doesn't hide it. */
  test_shell ("qemu-io -c 'write 0 64k' '%s'", f->image);
  test_expect (f->image, f->anchor, CAIRN_VERDICT_DISABLED, "explains 65536", NULL);
}

static void
test_made_anew (Fixture *f, gconstpointer unused)
{
  test_shell ("qemu-img bitmap --remove '%s' p; qemu-img bitmap --add '%s' p", f->image, f->image);
  test_expect (f->image, f->anchor, CAIRN_VERDICT_DISABLED, f->image, "made anew", NULL);
}

static void
test_cleared_shrank (Fixture *f, gconstpointer unused)
{
  f->anchor->dirty_seen_bytes = 192 * 1024;
  f->anchor->allocated_bytes = 0;
  test_expect (f->image, f->anchor, CAIRN_VERDICT_TRACKED, NULL);
  test_shell ("qemu-img bitmap --clear '%s' p", f->image);
  test_expect (f->image, f->anchor, CAIRN_VERDICT_DISABLED, "held 196608", NULL);
}

/* Nothing allocated at the point: the growth must count all the same. */
static void
test_cleared_empty (Fixture *f, gconstpointer unused)
{
  g_autofree char *image = g_build_filename (f->dir, "empty.qcow2", NULL);
  g_autoptr (CairnAnchor) anchor = NULL;

  test_shell ("qemu-img create -q -f qcow2 '%s' 64M; qemu-img bitmap --add '%s' p", image, image);
  anchor = test_anchor (image, "p");
  g_assert_cmpuint (anchor->allocated_bytes, ==, 65536);
  test_expect (image, anchor, CAIRN_VERDICT_TRACKED, NULL);
  test_shell ("qemu-io -c 'write 0 4k' '%s'", image);
  test_expect (image, anchor, CAIRN_VERDICT_TRACKED, NULL);
  test_shell ("qemu-img bitmap --clear '%s' p", image);
  test_expect (image, anchor, CAIRN_VERDICT_DISABLED, "cleared", NULL);
}

/* Three points of one disk, oldest first; WHICH is cleared after writes that only overwrite. */
static void
check_batch (Fixture *f, const char *write_after, CairnVerdict a, CairnVerdict b, CairnVerdict c)
{
  CairnDisk disk = { .path = f->image };
  CairnAnchor *anchors[3] = { f->anchor };
  CairnVerdict wanted[3] = { a, b, c };
  CairnJudgement judgements[3];
  g_autoptr (GError) error = NULL;

  test_shell ("qemu-img bitmap --add '%s' q; qemu-io -c 'write 0 64k' '%s';"
              "qemu-img bitmap --add '%s' r; qemu-io -c 'write 256k 64k' '%s';"
              "qemu-img bitmap --clear '%s' p; %s",
              f->image, f->image, f->image, f->image, f->image, write_after);
  anchors[1] = test_anchor (f->image, "q");
  anchors[2] = test_anchor (f->image, "r");
  f->anchor->allocated_bytes = 0;
  cairn_offline_judge (&disk, (const CairnAnchor *const *)anchors, 3, judgements, G_MAXINT64,
                       &error);
  g_assert_no_error (error);
  for (int i = 0; i < 3; i++)
    {
      g_test_message ("%s %s", cairn_verdict_name (judgements[i].verdict), judgements[i].reason);
      g_assert_cmpint (judgements[i].verdict, ==, wanted[i]);
      cairn_judgement_clear (&judgements[i]);
    }
  cairn_anchor_free (anchors[1]);
  cairn_anchor_free (anchors[2]);
}

static void
test_cleared_older (Fixture *f, gconstpointer unused)
{
  check_batch (f, "true", CAIRN_VERDICT_DISABLED, CAIRN_VERDICT_TRACKED, CAIRN_VERDICT_TRACKED);
}

/* The cleared one has more changes than any newer one, but not theirs. */
static void
test_cleared_not_covering (Fixture *f, gconstpointer unused)
{
  g_autofree char *write
      = g_strdup_printf ("qemu-img bitmap --disable '%s' q; qemu-img bitmap --disable '%s' r; "
                         "qemu-io -c 'write 512k 512k' '%s'; qemu-img bitmap --enable '%s' q; "
                         "qemu-img bitmap --enable '%s' r",
                         f->image, f->image, f->image, f->image, f->image);

  check_batch (f, write, CAIRN_VERDICT_DISABLED, CAIRN_VERDICT_TRACKED, CAIRN_VERDICT_TRACKED);
}

/* What must not be taken for a cleared bitmap. */
static void
test_not_cleared (Fixture *f, gconstpointer unused)
{
  const char *commands[] = {
    "qemu-img snapshot -c one '%s'",     "qemu-io -c 'write 1M 64k' '%s'",
    "qemu-img snapshot -d one '%s'",     "qemu-img check -q -r all '%s'",
    "qemu-io -c 'write -z 8M 3M' '%s'",  "qemu-io -c 'discard 0 512k' '%s'",
    "qemu-io -c 'write 20M 512' '%s'",   "qemu-io -c 'write -c 30M 64k' '%s'",
    "qemu-io -c 'write -zu 9M 1M' '%s'", "qemu-img amend -f qcow2 -o lazy_refcounts=on '%s'",
  };

  for (size_t i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_autofree char *command = g_strdup_printf (commands[i], f->image);

      g_test_message ("%s", command);
      test_shell ("%s", command);
      test_expect (f->image, f->anchor, CAIRN_VERDICT_TRACKED, NULL);
    }
}

/* Granules smaller and larger than clusters: growth is rounded as the dirty area is. */
static void
test_not_cleared_rounding (Fixture *f, gconstpointer unused)
{
  const int cluster_bits[] = { 9, 12, 16, 18, 21 };
  const int granularity_bits[] = { 9, 12, 16, 20, 24 };

  for (size_t c = 0; c < G_N_ELEMENTS (cluster_bits); c++)
    for (size_t g = 0; g < G_N_ELEMENTS (granularity_bits); g++)
      {
        g_autofree char *image = g_strdup_printf ("%s/%zu-%zu.qcow2", f->dir, c, g);
        g_autoptr (CairnAnchor) anchor = NULL;

        test_shell ("qemu-img create -q -f qcow2 -o cluster_size=%d '%s' 65M; "
                    "qemu-img bitmap --add -g %d '%s' p",
                    1 << cluster_bits[c], image, 1 << granularity_bits[g], image);
        anchor = test_anchor (image, "p");
        anchor->granularity_bytes = 1u << granularity_bits[g];
        test_shell ("qemu-io -c 'write 1 1' -c 'write 5M 130k' -c 'write 68157439 1' "
                    "-c 'write 20000000 1' '%s'",
                    image);
        test_expect (image, anchor, CAIRN_VERDICT_TRACKED, NULL);
        test_shell ("qemu-img bitmap --clear '%s' p", image);
        test_expect (image, anchor, CAIRN_VERDICT_DISABLED, "grew", NULL);
      }
}

/* Rewritten with other clusters, in which the same writes take more or less. */
static void
test_not_cleared_other_clusters (Fixture *f, gconstpointer cluster_size)
{
  test_shell ("qemu-img convert --bitmaps -O qcow2 -o cluster_size=%s '%s' '%s.new'; "
              "mv '%s.new' '%s'",
              (const char *)cluster_size, f->image, f->image, f->image, f->image);
  test_expect (f->image, f->anchor, CAIRN_VERDICT_TRACKED, NULL);
}

static void
test_preallocated (Fixture *f, gconstpointer unused)
{
  g_autofree char *image = g_build_filename (f->dir, "full.qcow2", NULL);
  g_autoptr (CairnAnchor) anchor = NULL;

  test_shell ("qemu-img create -q -f qcow2 -o preallocation=metadata '%s' 64M; "
              "qemu-img bitmap --add '%s' p",
              image, image);
  anchor = test_anchor (image, "p");
  g_assert_cmpuint (anchor->allocated_bytes, ==, (64u << 20) + 65536);
  test_shell ("qemu-io -c 'write 3M 1M' '%s'", image);
  test_expect (image, anchor, CAIRN_VERDICT_TRACKED, NULL);
}

static void
test_backing_only (Fixture *f, gconstpointer unused)
{
  g_autofree char *overlay = g_build_filename (f->dir, "overlay.qcow2", NULL);
  g_autofree char *top = g_build_filename (f->dir, "top.qcow2", NULL);

  /* Names relative to the image, as QEMU understands them. */
  test_shell ("cd '%s'; qemu-img create -q -f qcow2 -b a.qcow2 -F qcow2 overlay.qcow2; "
              "qemu-io -c 'write 1M 1M' overlay.qcow2; "
              "qemu-img create -q -f qcow2 -b '%s' -F qcow2 top.qcow2",
              f->dir, overlay);
  test_expect (overlay, f->anchor, CAIRN_VERDICT_BACKING_ONLY, overlay, f->image, "commit", NULL);
  test_expect (top, f->anchor, CAIRN_VERDICT_BACKING_ONLY, top, f->image, NULL);
  test_shell ("qemu-img bitmap --remove '%s' p", f->image);
  test_expect (top, f->anchor, CAIRN_VERDICT_MISSING, top, NULL);
}

/* A chain that bites its tail ends: whether the bitmap lies below can't be told. */
static void
test_backing_loop (Fixture *f, gconstpointer unused)
{
  g_autofree char *other = g_build_filename (f->dir, "b.qcow2", NULL);

  test_shell ("cd '%s'; qemu-img create -q -f qcow2 b.qcow2 64M; "
              "qemu-img rebase -u -b b.qcow2 -F qcow2 a.qcow2; "
              "qemu-img rebase -u -b a.qcow2 -F qcow2 b.qcow2; qemu-img bitmap --remove a.qcow2 p"
              " || true",
              f->dir);
  g_free (f->anchor->bitmap);
  f->anchor->bitmap = g_strdup ("nowhere");
  test_expect (f->image, f->anchor, CAIRN_VERDICT_UNREADABLE, f->image, "bites its tail", NULL);
}

static void
test_size_differs (Fixture *f, gconstpointer unused)
{
  test_shell ("qemu-img resize -q '%s' +1M", f->image);
  test_expect (f->image, f->anchor, CAIRN_VERDICT_SIZE_DIFFERS, f->image, "67108864", "68157440",
               NULL);
}

static void
test_granularity_differs (Fixture *f, gconstpointer unused)
{
  test_shell ("qemu-img bitmap --remove '%s' p; qemu-img bitmap --add -g 4096 '%s' p", f->image,
              f->image);
  test_expect (f->image, f->anchor, CAIRN_VERDICT_GRANULARITY_DIFFERS, f->image, "4096", "65536",
               NULL);
}

static void
check_probe (const char *path, const char *format, uint64_t size, CairnVerdict verdict)
{
  CairnDisk disk = { .path = (char *)path };
  CairnDiskProbe probe;

  cairn_offline_probe (&disk, &probe);
  g_test_message ("%s %s", cairn_verdict_name (probe.verdict), probe.reason);
  g_assert_cmpstr (probe.format, ==, format);
  g_assert_cmpuint (probe.virtual_size_bytes, ==, size);
  g_assert_cmpstr (cairn_verdict_name (probe.verdict), ==, cairn_verdict_name (verdict));
  if (verdict != CAIRN_VERDICT_TRACKED)
    g_assert_nonnull (strstr (probe.reason, path));
  cairn_disk_probe_clear (&probe);
}

static void
test_unsupported_format (Fixture *f, gconstpointer unused)
{
  const struct
  {
    const char *format, *options, *name;
    gboolean has_size;
  } cases[] = {
    { "raw", "-f raw", "raw", TRUE },
    { "vmdk", "-f vmdk", "vmdk", TRUE },
    { "vmdk2", "-f vmdk -o subformat=twoGbMaxExtentFlat", "vmdk", FALSE },
    { "vhdx", "-f vhdx", "vhdx", FALSE },
    { "vpc", "-f vpc -o force_size=on", "vpc", TRUE },
    { "fixed", "-f vpc -o force_size=on,subformat=fixed", "vpc", TRUE },
    { "vdi", "-f vdi", "vdi", TRUE },
    { "qed", "-f qed", "qed", TRUE },
    { "qcow", "-f qcow", "qcow", TRUE },
    { "parallels", "-f parallels", "parallels", TRUE },
    { "v2", "-f qcow2 -o compat=0.10", "qcow2", TRUE },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *image = g_build_filename (f->dir, cases[i].format, NULL);

      test_shell ("qemu-img create -q %s '%s' 64M", cases[i].options, image);
      check_probe (image, cases[i].name, cases[i].has_size ? 64u << 20 : 0,
                   CAIRN_VERDICT_UNSUPPORTED_FORMAT);
      test_expect (image, f->anchor, CAIRN_VERDICT_UNSUPPORTED_FORMAT, image, "qemu-img", NULL);
    }
}

/* What QEMU doesn't add a bitmap to, and the largest that it does. */
static void
test_unsupported_size (Fixture *f, gconstpointer unused)
{
  const struct
  {
    const char *name, *size;
    uint64_t size_bytes;
    gboolean works;
  } cases[] = {
    { "none", "0", 0, FALSE },
    { "one", "512", 512, TRUE },
    { "most", "256T", UINT64_C (1) << 48, TRUE },
    { "more", "281474976711168", (UINT64_C (1) << 48) + 512, FALSE },
    { "1023T", "1023T", UINT64_C (1023) << 40, FALSE },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *image = g_build_filename (f->dir, cases[i].name, NULL);

      test_shell ("qemu-img create -q -f qcow2 -o cluster_size=2M '%s' %s", image, cases[i].size);
      check_probe (image, "qcow2", cases[i].size_bytes,
                   cases[i].works ? CAIRN_VERDICT_TRACKED : CAIRN_VERDICT_UNSUPPORTED_FORMAT);
      /* QEMU thinks so too. */
      test_shell ("qemu-img bitmap --add '%s' p 2>'%s.words' || test -s '%s.words'; "
                  "if qemu-img info -U '%s' | grep -q 'name: p'; then %s; else %s; fi",
                  image, image, image, image, cases[i].works ? "true" : "false",
                  cases[i].works ? "false" : "true");
    }
}

static void
test_no_file (Fixture *f, gconstpointer unused)
{
  g_autofree char *below = g_build_filename (f->image, "x", NULL);

  g_assert_cmpint (unlink (f->image), ==, 0);
  test_expect (f->image, f->anchor, CAIRN_VERDICT_NO_FILE, f->image, NULL);
  check_probe (f->image, "", 0, CAIRN_VERDICT_NO_FILE);
  test_shell ("touch '%s'", f->image);
  test_expect (below, f->anchor, CAIRN_VERDICT_NO_FILE, below, NULL);
}

static void
test_no_access (Fixture *f, gconstpointer unused)
{
  const uid_t nobody = 65534;
  uid_t own = geteuid ();

  g_assert_cmpint (chmod (f->image, 0), ==, 0);
  if (own == 0)
    g_assert_cmpint (seteuid (nobody), ==, 0);
  test_expect (f->image, f->anchor, CAIRN_VERDICT_UNREADABLE, f->image, "Permission denied", NULL);
  check_probe (f->image, "", 0, CAIRN_VERDICT_UNREADABLE);
  if (own == 0)
    g_assert_cmpint (seteuid (own), ==, 0);
}

static void
test_no_descriptor (Fixture *f, gconstpointer unused)
{
  struct rlimit before, none;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  none = before;
  none.rlim_cur = 0;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &none), ==, 0);
  test_expect (f->image, f->anchor, CAIRN_VERDICT_UNREADABLE, f->image, "Too many open files",
               "ulimit -n", NULL);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);
}

static void
test_not_a_file (Fixture *f, gconstpointer unused)
{
  g_autofree char *fifo = g_build_filename (f->dir, "fifo", NULL);

  test_expect (f->dir, f->anchor, CAIRN_VERDICT_UNREADABLE, f->dir, "regular file", NULL);
  test_shell ("mkfifo '%s'", fifo);
  test_expect (fifo, f->anchor, CAIRN_VERDICT_UNREADABLE, fifo, NULL);
}

/* OFFSET gets VALUE: what must then be unreadable, and say where. */
static void
check_damage (Fixture *f, uint64_t offset, uint64_t value, unsigned n_bytes, const char *where)
{
  uint64_t before = test_peek (f->image, offset, n_bytes);

  test_poke (f->image, offset, value, n_bytes);
  test_expect (f->image, f->anchor, CAIRN_VERDICT_UNREADABLE, f->image, "damaged", where, NULL);
  test_poke (f->image, offset, before, n_bytes);
}

static void
test_damaged (Fixture *f, gconstpointer unused)
{
  uint64_t extension = test_bitmaps_extension (f->image);
  uint64_t directory = test_bitmap_directory (f->image);
  uint64_t table = test_peek (f->image, directory, 8);

  check_damage (f, 20, 8, 4, "0x14");
  check_damage (f, 20, 31, 4, "0x14");
  check_damage (f, 24, UINT64_MAX, 8, "0x18");
  check_damage (f, 72, 2, 8, "marked corrupt");
  check_damage (f, 100, 7, 4, "0x64");
  check_damage (f, extension - 4, 23, 4, "bitmaps extension");
  check_damage (f, extension, 0, 4, "bitmaps extension");
  check_damage (f, extension, 65536, 4, "bitmaps extension");
  check_damage (f, extension + 8, 1 << 30, 8, "bitmaps extension");
  check_damage (f, extension + 16, 1, 8, "bitmaps extension");
  check_damage (f, extension + 16, UINT64_C (1) << 40, 8, "0x10000000000");
  check_damage (f, directory, 512, 8, "directory entry");
  check_damage (f, directory, UINT64_C (1) << 40, 8, "0x10000000000");
  check_damage (f, directory + 8, 0, 4, "directory entry");
  check_damage (f, directory + 18, 0, 2, "directory entry");
  check_damage (f, directory + 18, 1023, 2, "directory entry");
  check_damage (f, table, 2, 8, "table entry");
  check_damage (f, table, UINT64_C (1) << 60, 8, "table entry");
  check_damage (f, table, 0x200, 8, "table entry");
  check_damage (f, table, UINT64_C (1) << 40, 8, "past the end");
  check_damage (f, 36, 0, 4, "L1 table");
  check_damage (f, 40, 512, 8, "L1 table");
  check_damage (f, test_peek (f->image, 40, 8), 0x8000000000000200, 8, "L1 table entry");
  test_expect (f->image, f->anchor, CAIRN_VERDICT_TRACKED, NULL);
  test_shell ("truncate -s 60 '%s'", f->image);
  test_expect (f->image, f->anchor, CAIRN_VERDICT_UNREADABLE, "ends within its header", NULL);
}

/* Nobody knows it: QEMU is asked, and its answer is in the reason. */
static void
test_unknown_feature (Fixture *f, gconstpointer unused)
{
  unsigned before = cairn_fallback_count ();

  test_poke (f->image, 72, UINT64_C (1) << 40, 8);
  test_expect (f->image, f->anchor, CAIRN_VERDICT_UNREADABLE, f->image, "0x10000000000",
               "QEMU says", "Unsupported qcow2 feature", NULL);
  g_assert_cmpuint (cairn_fallback_count (), >, before);
  check_probe (f->image, "qcow2", 64u << 20, CAIRN_VERDICT_UNREADABLE);
}

static void
test_unanchored (Fixture *f, gconstpointer unused)
{
  g_clear_pointer (&f->anchor->bitmap, g_free);
  test_expect (f->image, f->anchor, CAIRN_VERDICT_UNANCHORED, f->image, NULL);
}

/* Waits until PID has a handler for SIGTERM: before that, SIGTERM is a crash. */
static void
await_term_handler (GPid pid)
{
  test_shell ("for i in $(seq 500); do"
              " if grep -q '^SigCgt:.*[4-7c-f]...$' /proc/%d/status; then exit 0; fi; sleep 0.02;"
              " done; exit 1",
              pid);
}

static void
check_busy_while (Fixture *f, const char *command)
{
  const char *ready = "grep -q \"OFDLCK.*:$(stat -c %i \"$IMAGE\") 103 103\" /proc/locks";
  GPid pid;

  g_setenv ("IMAGE", f->image, TRUE);
  pid = test_start (ready, "%s", command);
  await_term_handler (pid);
  test_expect (f->image, f->anchor, CAIRN_VERDICT_BUSY, f->image, "shut the VM down", NULL);
  check_probe (f->image, "qcow2", 64u << 20, CAIRN_VERDICT_BUSY);
  test_kill (pid, SIGTERM);
  test_expect (f->image, f->anchor, CAIRN_VERDICT_TRACKED, NULL);
}

static void
test_busy (Fixture *f, gconstpointer unused)
{
  g_autofree char *system = g_find_program_in_path ("qemu-system-x86_64");

  check_busy_while (f, "qemu-storage-daemon --blockdev driver=qcow2,node-name=d,file.driver=file,"
                       "file.filename=\"$IMAGE\"");
  if (!system)
    {
      g_test_message ("qemu-system-x86_64 isn't installed: a VM is not tried");
      return;
    }
  check_busy_while (f, "qemu-system-x86_64 -display none -monitor none -serial none -S -accel tcg "
                       "-nodefaults -drive file=\"$IMAGE\",if=virtio,format=qcow2 2>/dev/null");
}

/* Who only reads doesn't make it busy. */
static void
test_not_busy (Fixture *f, gconstpointer unused)
{
  GPid pid;

  g_setenv ("IMAGE", f->image, TRUE);
  pid = test_start ("grep -q \"OFDLCK.*:$(stat -c %i \"$IMAGE\") 100 100\" /proc/locks",
                    "qemu-storage-daemon --blockdev driver=qcow2,node-name=d,read-only=on,"
                    "file.driver=file,file.filename='%s'",
                    f->image);
  test_expect (f->image, f->anchor, CAIRN_VERDICT_TRACKED, NULL);
  test_kill (pid, SIGTERM);
}

static void
test_time_limit (Fixture *f, gconstpointer unused)
{
  CairnDisk disk = { .path = f->image };
  const CairnAnchor *anchor = f->anchor;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) extents = NULL;
  CairnJudgement judgement;

  g_assert_false (cairn_offline_judge (&disk, &anchor, 1, &judgement, 1, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_TIMEOUT);
  g_assert_nonnull (strstr (error->message, f->image));
  g_clear_error (&error);
  g_assert_false (
      cairn_offline_changes (&disk, f->anchor, 0, UINT64_MAX, &extents, &judgement, 1, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_TIMEOUT);
  g_assert_null (extents);
}

#define ADD(name, function)                                                                        \
  g_test_add ("/verdicts/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "C");
  g_test_init (&argc, &argv, NULL);
  ADD ("tracked", test_tracked);
  ADD ("missing", test_missing);
  ADD ("missing/convert", test_missing_after_convert);
  ADD ("missing/inconsistent", test_missing_when_inconsistent);
  ADD ("in-use", test_in_use);
  ADD ("disabled/flag", test_disabled);
  ADD ("disabled/grew", test_cleared_grew);
  ADD ("disabled/made-anew", test_made_anew);
  ADD ("disabled/shrank", test_cleared_shrank);
  ADD ("disabled/empty", test_cleared_empty);
  ADD ("disabled/older", test_cleared_older);
  ADD ("disabled/not-covering", test_cleared_not_covering);
  ADD ("disabled/not", test_not_cleared);
  ADD ("disabled/not-rounding", test_not_cleared_rounding);
  g_test_add ("/verdicts/disabled/not-larger-clusters", Fixture, "2M", set_up,
              test_not_cleared_other_clusters, tear_down);
  g_test_add ("/verdicts/disabled/not-smaller-clusters", Fixture, "4k", set_up,
              test_not_cleared_other_clusters, tear_down);
  ADD ("disabled/not-preallocated", test_preallocated);
  ADD ("backing-only", test_backing_only);
  ADD ("backing-only/loop", test_backing_loop);
  ADD ("size-differs", test_size_differs);
  ADD ("granularity-differs", test_granularity_differs);
  ADD ("unsupported-format", test_unsupported_format);
  ADD ("unsupported-format/size", test_unsupported_size);
  ADD ("no-file", test_no_file);
  ADD ("unreadable/access", test_no_access);
  ADD ("unreadable/descriptors", test_no_descriptor);
  ADD ("unreadable/kind", test_not_a_file);
  ADD ("unreadable/damaged", test_damaged);
  ADD ("unreadable/unknown", test_unknown_feature);
  ADD ("unanchored", test_unanchored);
  ADD ("busy", test_busy);
  ADD ("busy/not", test_not_busy);
  ADD ("time-limit", test_time_limit);
  return g_test_run ();
}
