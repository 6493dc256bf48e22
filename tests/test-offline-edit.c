/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Adding and removing bitmaps of shut-off images: what works, and what is refused untouched. */
#include "offline-fixture.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracker/offline/claim.h"
#include "tracker/offline/edit.h"

#define GRANULARITY 65536

static gboolean
add (GPtrArray *disks, const char *name, GError **error)
{
  return cairn_offline_add (disks, name, GRANULARITY, G_MAXINT64, error);
}

static void
assert_add (GPtrArray *disks, const char *name)
{
  g_autoptr (GError) error = NULL;

  add (disks, name, &error);
  g_assert_no_error (error);
}

static void
assert_remove (GPtrArray *disks, const char *name)
{
  g_autoptr (GError) error = NULL;

  cairn_offline_remove (disks, name, G_MAXINT64, &error);
  g_assert_no_error (error);
}

/* ERROR has CODE, and its one sentence has WORDS. */
static void
assert_says (GError *error, int code, const char *words)
{
  g_assert_error (error, CAIRN_ERROR, code);
  g_test_message ("%d: %s", error->code, error->message);
  if (!strstr (error->message, words) || strchr (error->message, '\n'))
    g_error ("'%s' doesn't say '%s' in one line", error->message, words);
}

static void
assert_list (const char *path, const char *expected)
{
  g_autofree char *list = list_bitmaps (path);

  g_assert_cmpstr (list, ==, expected);
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  return *(const gint64 *)a < *(const gint64 *)b ? -1 : 1;
}

static void
test_two_disks (void)
{
  char *dir = make_dir ();
  g_autofree char *one = make_image (dir, "one.qcow2");
  g_autofree char *two = make_image (dir, "two, \"x\".qcow2");
  g_autoptr (GPtrArray) disks = make_disks (one, two, NULL);
  gint64 times[9];

  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    {
      gint64 start = g_get_monotonic_time ();

      assert_add (disks, "NEW \"1\"");
      times[i] = g_get_monotonic_time () - start;
      if (i == 0)
        {
          assert_list (one, "FOREIGN  65536; NEW \"1\" auto, 65536; OLD auto, 65536");
          assert_list (two, "FOREIGN  65536; NEW \"1\" auto, 65536; OLD auto, 65536");
        }
      assert_remove (disks, "NEW \"1\"");
    }
  assert_list (one, "FOREIGN  65536; OLD auto, 65536");
  assert_list (two, "FOREIGN  65536; OLD auto, 65536");
  qsort (times, G_N_ELEMENTS (times), sizeof times[0], compare_times);
  g_test_message ("add on 2 disks: median %.1f ms of %zu", (double)times[4] / 1000,
                  G_N_ELEMENTS (times));
  g_free (shell ("qemu-img check -q '%s' && qemu-img check -q '%s'", one, two));
  remove_dir (dir);
}

/* A bitmap's dirty areas as QEMU tells them, to be freed: x-dirty-bitmap shows them as "data":
 * false. */
static char *
tell_dirty (const char *dir, const char *path, const char *bitmap)
{
  return shell ("s='%s/socket'; p='%s/pid'; qemu-nbd -r -t -B %s -k \"$s\" --fork "
                "--pid-file=\"$p\" '%s' && qemu-img map --output=json --image-opts "
                "driver=nbd,server.type=unix,server.path=\"$s\","
                "x-dirty-bitmap=qemu:dirty-bitmap:%s | grep '\"data\": false'; "
                "kill $(cat \"$p\"); while [ -e \"$s\" ]; do sleep 0.01; done",
                dir, dir, bitmap, path, bitmap);
}

static void
test_new_bitmap_records (void)
{
  char *dir = make_dir ();
  g_autofree char *one = make_image (dir, "one.qcow2");
  g_autoptr (GPtrArray) disks = make_disks (one, NULL);
  g_autofree char *dirty = NULL;

  assert_add (disks, "NEW");
  g_free (shell ("qemu-io -c 'write 5M 128k' '%s'", one));
  dirty = tell_dirty (dir, one, "NEW");
  g_assert_true (g_str_has_prefix (dirty, "{ \"start\": 5242880, \"length\": 131072,"));
  g_assert_null (strchr (strchr (dirty, '\n') + 1, '\n'));
  remove_dir (dir);
}

/* An enabled and a disabled one, both with content. */
static void
test_others_keep_their_content (void)
{
  char *dir = make_dir ();
  g_autofree char *one = make_image (dir, "one.qcow2");
  g_autoptr (GPtrArray) disks = make_disks (one, NULL);
  g_autofree char *old_before = NULL, *old_after = NULL;
  g_autofree char *foreign_before = NULL, *foreign_after = NULL;

  g_free (shell ("qemu-img bitmap --enable '%s' FOREIGN && qemu-io -c 'write 33M 7M' '%s' && "
                 "qemu-img bitmap --disable '%s' FOREIGN",
                 one, one, one));
  old_before = tell_dirty (dir, one, "OLD");
  foreign_before = tell_dirty (dir, one, "FOREIGN");
  g_assert_nonnull (strstr (foreign_before, "\"start\": 34603008, \"length\": 7340032"));
  assert_add (disks, "NEW");
  assert_add (disks, "NEW2");
  assert_remove (disks, "NEW");
  old_after = tell_dirty (dir, one, "OLD");
  foreign_after = tell_dirty (dir, one, "FOREIGN");
  g_assert_cmpstr (old_before, ==, old_after);
  g_assert_cmpstr (foreign_before, ==, foreign_after);
  assert_list (one, "FOREIGN  65536; NEW2 auto, 65536; OLD auto, 65536");
  remove_dir (dir);
}

/* After a crash of QEMU: the broken ones are left as they are, and can be removed. */
static void
test_broken_bitmaps (void)
{
  char *dir = make_dir ();
  g_autofree char *one = make_image (dir, "one.qcow2");
  g_autofree char *two = make_image (dir, "two.qcow2");
  g_autoptr (GPtrArray) disks = make_disks (one, two, NULL);
  GPid qemu = start_qemu (one);

  g_free (shell ("until qemu-img info -U '%s' | grep -q in-use; do sleep 0.01; done", one));
  kill (qemu, SIGKILL);
  g_assert_cmpint (waitpid (qemu, NULL, 0), ==, qemu);
  assert_list (one, "FOREIGN in-use, 65536; OLD in-use,auto, 65536");
  assert_add (disks, "NEW");
  assert_list (one, "FOREIGN in-use, 65536; NEW auto, 65536; OLD in-use,auto, 65536");
  assert_list (two, "FOREIGN  65536; NEW auto, 65536; OLD auto, 65536");
  assert_remove (disks, "OLD");
  assert_list (one, "FOREIGN in-use, 65536; NEW auto, 65536");
  assert_remove (disks, "FOREIGN");
  assert_list (one, "NEW auto, 65536");
  assert_list (two, "NEW auto, 65536");
  remove_dir (dir);
}

/* The whole of what the refusals promise: code, words, and images that weren't touched. */
static void
assert_refused (GPtrArray *disks, const char *name, int code, const char *words)
{
  g_autoptr (GPtrArray) before = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < disks->len; i++)
    g_ptr_array_add (before, fingerprint (((CairnDisk *)disks->pdata[i])->path));
  g_assert_false (add (disks, name, &error));
  assert_says (error, code, words);
  for (guint i = 0; i < disks->len; i++)
    {
      g_autofree char *after = fingerprint (((CairnDisk *)disks->pdata[i])->path);

      g_assert_cmpstr (after, ==, before->pdata[i]);
    }
}

static void
test_name_exists (void)
{
  char *dir = make_dir ();
  g_autofree char *one = make_image (dir, "one.qcow2");
  g_autofree char *two = make_image (dir, "two.qcow2");
  g_autoptr (GPtrArray) disks = make_disks (one, two, NULL);

  g_free (shell ("qemu-img bitmap --add '%s' NEW", two));
  assert_refused (disks, "NEW", CAIRN_ERROR_INVALID_STATE, "two.qcow2' has a bitmap 'NEW' already");
  assert_refused (disks, "OLD", CAIRN_ERROR_INVALID_STATE, "one.qcow2' has a bitmap 'OLD' already");
  remove_dir (dir);
}

static void
test_image_twice (void)
{
  char *dir = make_dir ();
  g_autofree char *one = make_image (dir, "one.qcow2");
  g_autofree char *soft = g_build_filename (dir, "soft", NULL);
  g_autofree char *hard = g_build_filename (dir, "hard", NULL);
  g_autoptr (GPtrArray) same = make_disks (one, one, NULL);
  g_autoptr (GPtrArray) linked = make_disks (one, soft, NULL);
  g_autoptr (GPtrArray) both = make_disks (hard, one, soft, NULL);

  g_free (shell ("cd '%s' && ln -s one.qcow2 soft && ln one.qcow2 hard", dir));
  assert_refused (same, "NEW", CAIRN_ERROR_INVALID_PARAMETER, "'vda' and 'vdb' are the same image");
  assert_refused (linked, "NEW", CAIRN_ERROR_INVALID_PARAMETER, "are the same image");
  assert_refused (both, "NEW", CAIRN_ERROR_INVALID_PARAMETER, "are the same image");
  assert_remove (both, "OLD");
  assert_list (one, "FOREIGN  65536");
  remove_dir (dir);
}

static void
test_unsuitable_images (void)
{
  static const struct
  {
    const char *make;
    int code;
    const char *words;
  } cases[] = {
    { "truncate -s 1M X", CAIRN_ERROR_NOT_SUPPORTED, "isn't qcow2" },
    { ": > X", CAIRN_ERROR_NOT_SUPPORTED, "isn't qcow2" },
    { "printf 'QFI\\373' > X", CAIRN_ERROR_NOT_SUPPORTED, "qcow2 of version 0" },
    { "qemu-img create -q -f qcow2 -o compat=0.10 X 1M", CAIRN_ERROR_NOT_SUPPORTED, "version 2" },
    { "qemu-img create -q -f qcow2 Y 1M && head -c 100 Y > X", CAIRN_ERROR_INVALID_STATE,
      "is damaged" },
    { "qemu-img create -q --object secret,id=s,data=abc -f qcow2 -o "
      "encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10 X 1M || "
      "{ qemu-img create -q -f qcow2 X 1M && printf '\\002' | dd of=X bs=1 seek=35 conv=notrunc "
      "status=none; }",
      CAIRN_ERROR_NOT_SUPPORTED, "is encrypted" },
    { "qemu-img create -q -f qcow2 X 1M && "
      "printf '\\002' | dd of=X bs=1 seek=79 conv=notrunc status=none",
      CAIRN_ERROR_INVALID_STATE, "marked corrupt; repair it with 'qemu-img check -r all'" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      char *dir = make_dir ();
      g_autofree char *good = make_image (dir, "good.qcow2");
      g_autofree char *bad = g_build_filename (dir, "X", NULL);
      g_autoptr (GPtrArray) disks = make_disks (good, bad, NULL);

      g_free (shell ("cd '%s' && %s", dir, cases[i].make));
      assert_refused (disks, "NEW", cases[i].code, cases[i].words);
      remove_dir (dir);
    }
}

/* What only QEMU finds when it opens the image: one sentence about that image, without its JSON.
 * Whether the image is touched is QEMU's affair; the good one has its bitmaps as before. */
static void
test_damage_that_qemu_finds (void)
{
  static const struct
  {
    const char *make;
    const char *words;
  } cases[] = {
    { "poke 48 '\\000\\000\\000\\000\\000\\000\\000\\001'",
      "is damaged: Reference count table offset invalid; check it with 'qemu-img check'" },
    { "poke 56 '\\000\\000\\000\\000'",
      "is damaged: Image does not contain a reference count table" },
    /* This one it finds at the end, when it stores the bitmaps, and then marks the image. */
    { "poke 65536 '\\000\\000\\000\\000\\000\\000\\000\\001'",
      "is damaged: it is marked corrupt; repair it with 'qemu-img check -r all', or restore it; "
      "moreover the bitmap is still on some of the images; moreover other bitmaps of the images "
      "may be "
      "lost: check the reference points" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      char *dir = make_dir ();
      g_autofree char *good = make_image (dir, "good.qcow2");
      g_autofree char *bad = make_image (dir, "bad.qcow2");
      g_autofree char *quoted = g_strdup_printf ("image '%s' is damaged", bad);
      g_autoptr (GPtrArray) disks = make_disks (good, bad, NULL);
      g_autoptr (GError) error = NULL;

      g_free (shell ("poke () { printf \"$2\" | dd of='%s' bs=1 seek=$1 conv=notrunc status=none; "
                     "}; %s",
                     bad, cases[i].make));
      g_assert_false (add (disks, "NEW", &error));
      assert_says (error, CAIRN_ERROR_INVALID_STATE, cases[i].words);
      g_assert_true (g_str_has_prefix (error->message, quoted));
      g_assert_null (strchr (error->message, '{'));
      assert_list (good, "FOREIGN  65536; OLD auto, 65536");
      remove_dir (dir);
    }
}

static void
assert_add_fails (GPtrArray *disks, int code, const char *words)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (add (disks, "NEW", &error));
  assert_says (error, code, words);
}

static void
test_no_image_there (void)
{
  char *dir = make_dir ();
  g_autofree char *gone = g_build_filename (dir, "gone", NULL);
  g_autofree char *fifo = g_build_filename (dir, "fifo", NULL);
  g_autofree char *loop = g_build_filename (dir, "loop", NULL);
  g_autoptr (GPtrArray) missing = make_disks (gone, NULL);
  g_autoptr (GPtrArray) directory = make_disks (dir, NULL);
  g_autoptr (GPtrArray) pipe = make_disks (fifo, NULL);
  g_autoptr (GPtrArray) circle = make_disks (loop, NULL);

  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  g_assert_cmpint (symlink ("loop", loop), ==, 0);
  assert_add_fails (missing, CAIRN_ERROR_FILE_NOT_FOUND, "isn't there");
  assert_add_fails (directory, CAIRN_ERROR_NOT_SUPPORTED, "neither a file nor a block device");
  assert_add_fails (pipe, CAIRN_ERROR_NOT_SUPPORTED, "neither a file nor a block device");
  assert_add_fails (circle, CAIRN_ERROR_FAILED, "can't be opened");
  assert_remove (missing, "NEW");
  remove_dir (dir);
}

/* Root may write anything, so the test is another user for a while. */
static void
test_access_denied (void)
{
  char *dir = make_dir ();
  g_autofree char *one = make_image (dir, "one.qcow2");
  g_autoptr (GPtrArray) disks = make_disks (one, NULL);
  g_autoptr (GError) refused_add = NULL;
  g_autoptr (GError) refused_remove = NULL;

  g_assert_cmpint (chmod (dir, 0755), ==, 0);
  g_assert_cmpint (chmod (one, 0444), ==, 0);
  if (geteuid () == 0)
    g_assert_cmpint (seteuid (65534), ==, 0);
  add (disks, "NEW", &refused_add);
  cairn_offline_remove (disks, "OLD", G_MAXINT64, &refused_remove);
  if (getuid () == 0)
    g_assert_cmpint (seteuid (0), ==, 0);
  assert_says (refused_add, CAIRN_ERROR_ACCESS_DENIED, "can't be opened for writing");
  assert_says (refused_remove, CAIRN_ERROR_ACCESS_DENIED, "can't be opened for writing");
  remove_dir (dir);
}

/* A guest may write a qcow2 header to the start of its raw disk. */
static void
test_raw_disk_with_magic (void)
{
  char *dir = make_dir ();
  g_autofree char *one = make_image (dir, "one.qcow2");
  g_autoptr (GPtrArray) disks = make_disks (one, NULL);
  g_autofree char *before = fingerprint (one);
  g_autofree char *after = NULL;
  CairnDisk *disk = disks->pdata[0];

  g_free (disk->format);
  disk->format = g_strdup ("raw");
  assert_refused (disks, "NEW", CAIRN_ERROR_NOT_SUPPORTED, "isn't qcow2");
  assert_remove (disks, "OLD");
  after = fingerprint (one);
  g_assert_cmpstr (before, ==, after);
  remove_dir (dir);
}

static void
test_arguments (void)
{
  char *dir = make_dir ();
  g_autofree char *one = make_image (dir, "one.qcow2");
  g_autofree char *long_name = g_strnfill (1024, 'x');
  g_autoptr (GPtrArray) disks = make_disks (one, NULL);
  g_autoptr (GPtrArray) none = g_ptr_array_new ();
  g_autoptr (GError) odd = NULL;
  g_autoptr (GError) late = NULL;

  assert_refused (disks, "", CAIRN_ERROR_INVALID_PARAMETER, "1 to 1023 bytes");
  assert_refused (disks, long_name, CAIRN_ERROR_INVALID_PARAMETER, "1 to 1023 bytes");
  assert_refused (disks, "\xff", CAIRN_ERROR_INVALID_PARAMETER, "must be UTF-8");
  g_assert_false (cairn_offline_add (disks, "NEW", 65537, G_MAXINT64, &odd));
  assert_says (odd, CAIRN_ERROR_INVALID_PARAMETER, "granularity 65537");
  g_assert_false (cairn_offline_add (disks, "NEW", 65536, g_get_monotonic_time () - 1, &late));
  assert_says (late, CAIRN_ERROR_TIMEOUT, "allow more time");
  assert_add (none, "NEW");
  long_name[1023] = '\0';
  assert_add (disks, long_name);
  assert_remove (disks, long_name);
  remove_dir (dir);
}

static void
test_remove_is_lenient (void)
{
  char *dir = make_dir ();
  g_autofree char *one = make_image (dir, "one.qcow2");
  g_autofree char *two = make_image (dir, "two.qcow2");
  g_autofree char *raw = g_build_filename (dir, "raw", NULL);
  g_autofree char *gone = g_build_filename (dir, "gone", NULL);
  g_autoptr (GPtrArray) disks = make_disks (gone, one, raw, two, NULL);
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;

  g_free (shell ("truncate -s 1M '%s'; qemu-img bitmap --remove '%s' FOREIGN", raw, one));
  before = fingerprint (one);
  assert_remove (disks, "FOREIGN");
  after = fingerprint (one);
  g_assert_cmpstr (before, ==, after); /* nothing to do there: not even opened by QEMU */
  assert_list (two, "OLD auto, 65536");
  assert_remove (disks, "OLD");
  assert_list (one, "");
  assert_list (two, "");
  remove_dir (dir);
}

static void
test_backing_and_data_files (void)
{
  char *dir = make_dir ();
  g_autofree char *overlay = g_build_filename (dir, "overlay.qcow2", NULL);
  g_autofree char *base = g_build_filename (dir, "base.qcow2", NULL);
  g_autofree char *split = g_build_filename (dir, "split.qcow2", NULL);
  g_autofree char *content = g_build_filename (dir, "content.raw", NULL);
  g_autoptr (GPtrArray) disks = make_disks (overlay, split, NULL);
  g_autofree char *base_before = NULL, *base_after = NULL;
  g_autofree char *content_before = NULL, *content_after = NULL;
  g_autofree char *chain = NULL;
  GPid qemu;

  g_free (shell ("cd '%s' && qemu-img create -q -f qcow2 base.qcow2 64M && qemu-img create -q -f "
                 "qcow2 -b base.qcow2 -F qcow2 overlay.qcow2 && qemu-img create -q -f qcow2 -o "
                 "data_file=content.raw,data_file_raw=on split.qcow2 64M && "
                 "qemu-io -c 'write 1M 1M' split.qcow2",
                 dir));
  qemu = start_qemu (base); /* nobody's business: only the overlay is edited */
  base_before = fingerprint (base);
  content_before = fingerprint (content);
  assert_add (disks, "NEW");
  base_after = fingerprint (base);
  content_after = fingerprint (content);
  stop_qemu (qemu);
  g_assert_cmpstr (base_before, ==, base_after);
  g_assert_cmpstr (content_before, ==, content_after);
  assert_list (overlay, "NEW auto, 65536");
  assert_list (split, "NEW auto, 65536");
  chain = shell ("cd '%s' && qemu-img info overlay.qcow2 split.qcow2 2>&1 || qemu-img info "
                 "overlay.qcow2; qemu-img info split.qcow2",
                 dir);
  g_assert_nonnull (strstr (chain, "backing file: base.qcow2"));
  g_assert_nonnull (strstr (chain, "backing file format: qcow2"));
  g_assert_nonnull (strstr (chain, "data file: content.raw"));
  g_assert_nonnull (strstr (chain, "data file raw: true"));
  g_free (shell ("cd '%s' && qemu-img check -q overlay.qcow2 && qemu-img check -q split.qcow2 && "
                 "qemu-io -r -c 'read -P 0xcd 1M 1M' split.qcow2",
                 dir));
  assert_remove (disks, "NEW");
  remove_dir (dir);
}

static void
test_busy_image (void)
{
  char *dir = make_dir ();
  g_autofree char *one = make_image (dir, "one.qcow2");
  g_autofree char *two = make_image (dir, "two.qcow2");
  g_autoptr (GPtrArray) disks = make_disks (one, two, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) hasty = NULL;
  gint64 start, passed;
  GPid qemu = start_qemu (two);

  start = g_get_monotonic_time ();
  assert_refused (disks, "NEW", CAIRN_ERROR_SYSTEM_IN_USE, "two.qcow2' of disk 'vdb' is open in");
  passed = (g_get_monotonic_time () - start) / 1000;
  g_assert_cmpint (passed, >=, CAIRN_IMAGE_LOCK_MS);
  g_assert_cmpint (passed, <, CAIRN_IMAGE_LOCK_MS + 1000);
  start = g_get_monotonic_time ();
  g_assert_false (cairn_offline_remove (disks, "OLD", start + 50000, &hasty));
  g_assert_cmpint (g_get_monotonic_time () - start, <, 500000);
  assert_says (hasty, CAIRN_ERROR_SYSTEM_IN_USE, "is open in another program");
  stop_qemu (qemu);
  assert_list (one, "FOREIGN  65536; OLD auto, 65536");
  assert_list (two, "FOREIGN  65536; OLD auto, 65536");
  remove_dir (dir);
}

static gpointer
stop_qemu_later (gpointer pid)
{
  g_usleep (300 * 1000);
  stop_qemu (GPOINTER_TO_INT (pid));
  return NULL;
}

static void
test_waits_for_lock (void)
{
  char *dir = make_dir ();
  g_autofree char *one = make_image (dir, "one.qcow2");
  g_autoptr (GPtrArray) disks = make_disks (one, NULL);
  GThread *stopper = g_thread_new ("stop", stop_qemu_later, GINT_TO_POINTER (start_qemu (one)));

  assert_add (disks, "NEW");
  g_thread_join (stopper);
  assert_list (one, "FOREIGN  65536; NEW auto, 65536; OLD auto, 65536");
  remove_dir (dir);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/offline-edit/two-disks", test_two_disks);
  g_test_add_func ("/offline-edit/new-bitmap-records", test_new_bitmap_records);
  g_test_add_func ("/offline-edit/others-keep-their-content", test_others_keep_their_content);
  g_test_add_func ("/offline-edit/broken-bitmaps", test_broken_bitmaps);
  g_test_add_func ("/offline-edit/name-exists", test_name_exists);
  g_test_add_func ("/offline-edit/image-twice", test_image_twice);
  g_test_add_func ("/offline-edit/unsuitable-images", test_unsuitable_images);
  g_test_add_func ("/offline-edit/damage-that-qemu-finds", test_damage_that_qemu_finds);
  g_test_add_func ("/offline-edit/no-image-there", test_no_image_there);
  g_test_add_func ("/offline-edit/access-denied", test_access_denied);
  g_test_add_func ("/offline-edit/raw-disk-with-magic", test_raw_disk_with_magic);
  g_test_add_func ("/offline-edit/arguments", test_arguments);
  g_test_add_func ("/offline-edit/remove-is-lenient", test_remove_is_lenient);
  g_test_add_func ("/offline-edit/backing-and-data-files", test_backing_and_data_files);
  g_test_add_func ("/offline-edit/busy-image", test_busy_image);
  g_test_add_func ("/offline-edit/waits-for-lock", test_waits_for_lock);
  return g_test_run ();
}
