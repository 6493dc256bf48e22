/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bitmaps of images that are encrypted with LUKS: with the key as of others, without it refused;
 * and nobody gets to see the key. */
#include "offline-fixture.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>

#include "tracker/offline/edit.h"
#include "tracker/offline/look.h"

#define GRANULARITY 65536
#define KEY         "pass,phrase=\"w\xc3\xb6rd\" x"
#define BEFORE      "FOREIGN  65536; OLD auto, 65536"
#define WITH_NEW    "FOREIGN  65536; NEW auto, 65536; OLD auto, 65536"

typedef struct
{
  char *dir, *plain, *luks;
  GPtrArray *disks; /* both */
  CairnDisk *disk;  /* the encrypted one */
} Fixture;

/* Where the image lies that all are copies of: QEMU takes a second to weigh the processor for it.
 */
static char *master_dir;

/* Again and again: qemu-img measures its own CPU time for LUKS, and often fails at that. */
static void
make_luks (const char *dir)
{
  g_autofree char *key = g_build_filename (dir, "key", NULL);

  g_assert_true (g_file_set_contents (key, KEY, -1, NULL));
  g_free (
      shell ("cd '%s'; for i in $(seq 300); do ! qemu-img create -q --object "
             "secret,id=s,file=key -f qcow2 -o "
             "encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10 luks.qcow2 64M "
             "2> /dev/null || break; done; "
             "how='--object secret,id=s,file=key --image-opts "
             "driver=qcow2,file.filename=luks.qcow2,encrypt.key-secret=s' && "
             "qemu-img bitmap --add $how OLD && qemu-img bitmap --add --disable $how FOREIGN && "
             "qemu-io -c 'write 0 64k' -c 'write 9M 1k' $how",
             dir));
}

static void
set_up (Fixture *f, gconstpointer unused)
{
  f->dir = make_dir ();
  f->plain = make_image (f->dir, "plain.qcow2");
  f->luks = g_build_filename (f->dir, "luks.qcow2", NULL);
  g_free (shell ("cp '%s/luks.qcow2' '%s'", master_dir, f->luks));
  f->disks = make_disks (f->plain, f->luks, NULL);
  f->disk = f->disks->pdata[1];
  f->disk->key = g_bytes_new (KEY, strlen (KEY));
}

static void
tear_down (Fixture *f, gconstpointer unused)
{
  g_unsetenv ("CAIRN_QSD");
  g_ptr_array_unref (f->disks);
  g_free (f->plain);
  g_free (f->luks);
  remove_dir (f->dir);
}

static void
assert_lists (const Fixture *f, const char *expected)
{
  g_autofree char *plain = list_bitmaps (f->plain);
  g_autofree char *luks = list_bitmaps (f->luks);

  g_assert_cmpstr (plain, ==, expected);
  g_assert_cmpstr (luks, ==, expected);
}

static void
assert_says (GError *error, int code, const char *words)
{
  g_assert_error (error, CAIRN_ERROR, code);
  g_test_message ("%d: %s", error->code, error->message);
  if (!strstr (error->message, words) || strchr (error->message, '\n')
      || strstr (error->message, "phrase=") || strchr (error->message, '{'))
    g_error ("'%s' doesn't say '%s' in one line", error->message, words);
}

static gboolean
add (const Fixture *f, GError **error)
{
  return cairn_offline_add (f->disks, "NEW", GRANULARITY, G_MAXINT64, error);
}

static void
assert_probe (const Fixture *f, CairnVerdict verdict, const char *words)
{
  CairnDiskProbe probe;

  cairn_offline_probe (f->disk, &probe);
  g_assert_cmpstr (cairn_verdict_name (probe.verdict), ==, cairn_verdict_name (verdict));
  g_assert_nonnull (strstr (probe.reason, words));
  cairn_disk_probe_clear (&probe);
}

/* The daemon, told to write down its command line and environment. */
static void
watch_daemon (const Fixture *f)
{
  g_autofree char *path = g_build_filename (f->dir, "qsd", NULL);
  g_autofree char *text = g_strdup_printf (
      "#!/bin/sh\n{ printf '%%s\\n' \"$@\"; env; } > '%s/seen'\nexec qemu-storage-daemon \"$@\"\n",
      f->dir);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_cmpint (g_chmod (path, 0755), ==, 0);
  g_setenv ("CAIRN_QSD", path, TRUE);
}

static void
test_key (Fixture *f, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *seen = NULL;

  assert_probe (f, CAIRN_VERDICT_TRACKED, "");
  watch_daemon (f);
  add (f, &error);
  g_assert_no_error (error);
  assert_lists (f, WITH_NEW);
  seen = shell ("cat '%s/seen'; ls '%s'", f->dir, f->dir);
  g_assert_nonnull (strstr (seen, "key-secret"));
  g_assert_null (strstr (seen, "phrase="));
  g_assert_nonnull (strstr (seen, "luks.qcow2\nplain.qcow2\nqsd\nseen"));
  cairn_offline_remove (f->disks, "NEW", G_MAXINT64, &error);
  g_assert_no_error (error);
  assert_lists (f, BEFORE);
}

static void
test_wrong_key (Fixture *f, gconstpointer unused)
{
  static const char *const keys[][2]
      = { { "wrong", "Invalid password" }, { "", "Invalid password" }, { "\xff\xfe", "UTF-8" } };

  for (size_t i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autoptr (GError) error = NULL;

      g_bytes_unref (f->disk->key);
      f->disk->key = g_bytes_new (keys[i][0], strlen (keys[i][0]));
      g_assert_false (add (f, &error));
      assert_says (error, CAIRN_ERROR_FAILED, keys[i][1]);
      g_assert_nonnull (strstr (error->message, f->luks));
      g_assert_nonnull (strstr (error->message, "correct the passphrase"));
      assert_lists (f, BEFORE);
    }
}

static void
test_too_long (Fixture *f, gconstpointer unused)
{
  g_autofree char *key = g_strnfill (5000, 'x');
  g_autoptr (GError) error = NULL;

  g_bytes_unref (f->disk->key);
  f->disk->key = g_bytes_new (key, strlen (key));
  g_assert_false (add (f, &error));
  assert_says (error, CAIRN_ERROR_INVALID_PARAMETER, "5000 bytes");
  assert_lists (f, BEFORE);
}

static void
test_no_key (Fixture *f, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) old = NULL;

  g_clear_pointer (&f->disk->key, g_bytes_unref);
  assert_probe (f, CAIRN_VERDICT_UNSUPPORTED_FORMAT, "key, which isn't known");
  g_assert_false (add (f, &error));
  assert_says (error, CAIRN_ERROR_NOT_SUPPORTED, "libvirt");
  assert_lists (f, BEFORE);
  /* What QEMU had before LUKS: no key helps. */
  f->disk->key = g_bytes_new (KEY, strlen (KEY));
  g_free (shell ("printf '\\001' | dd of='%s' bs=1 seek=35 conv=notrunc status=none", f->luks));
  assert_probe (f, CAIRN_VERDICT_UNSUPPORTED_FORMAT, "before LUKS");
  g_assert_false (add (f, &old));
  assert_says (old, CAIRN_ERROR_NOT_SUPPORTED, "before LUKS");
}

/* The daemon can't store the bitmaps: those there are stay whole. */
static void
test_no_room (Fixture *f, gconstpointer unused)
{
  struct rlimit size;
  GStatBuf place;
  g_autoptr (GError) error = NULL;

  g_ptr_array_remove_index (f->disks, 0); /* whose file is longer */
  g_assert_cmpint (g_stat (f->luks, &place), ==, 0);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &size), ==, 0);
  size.rlim_cur = (rlim_t)place.st_size;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &size), ==, 0);
  add (f, &error);
  size.rlim_cur = RLIM_INFINITY;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &size), ==, 0);
  assert_says (error, CAIRN_ERROR_FAILED, "couldn't be stored");
  assert_lists (f, BEFORE);
}

/* Killed with the images open: a daemon without a monitor, so that it stays there. */
static void
test_killed (Fixture *f, gconstpointer unused)
{
  g_autofree char *path = g_build_filename (f->dir, "qsd", NULL);
  g_autofree char *text = g_strdup_printf (
      "#!/bin/sh\ntrap '' ALRM\nshift 2\n"
      "for i in $(seq $(($# - 2))); do set -- \"$@\" \"$1\"; shift; done; shift 2\n"
      "qemu-storage-daemon \"$@\" & pid=$!\n"
      "for i in $(seq 250); do qemu-img info -U '%s' | grep -q in-use && break; sleep 0.02; done\n"
      "kill -9 $pid; wait $pid\n",
      f->luks);
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_cmpint (g_chmod (path, 0755), ==, 0);
  g_setenv ("CAIRN_QSD", path, TRUE);
  add (f, &error);
  assert_says (error, CAIRN_ERROR_FAILED, "hung up");
  assert_lists (f, BEFORE);
}

#define ADD(name, function)                                                                        \
  g_test_add ("/offline-luks/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  master_dir = make_dir ();
  make_luks (master_dir);
  ADD ("key", test_key);
  ADD ("wrong-key", test_wrong_key);
  ADD ("too-long", test_too_long);
  ADD ("no-key", test_no_key);
  ADD ("no-room", test_no_room);
  ADD ("killed", test_killed);
  status = g_test_run ();
  remove_dir (master_dir);
  return status;
}
