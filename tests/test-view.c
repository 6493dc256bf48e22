/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Views of images: what they read is what QEMU reads, and nothing is called zero that isn't,
 * whatever the image's format and chain; two readers at once. */
#include <string.h>

#include "qemu.h"
#include "tracker/offline/fallback.h"
#include "tracker/offline/view.h"

#define KEY "correct horse"

/* How an image "$d/i" is made from the raw disk "$d/r", or otherwise. */
typedef struct
{
  const char *name;
  const char *recipe;
  gboolean is_native;
  const char *reading; /* "qemu-img convert" arguments for it; NULL = "'$d/i'" */
} Kind;

#define CONVERT(options) "qemu-img convert -f raw " options " $d/r $d/i"
#define WRITES(image, seed)                                                                        \
  "qemu-io -t unsafe -c 'write -q -P " seed "1 1M 100k' -c 'write -q -z 5M 1M' -c 'write -q -P 9 " \
  "7340000 1000' -c 'discard -q 12M 2M' -c 'write -q -P " seed "2 0 512' " image

static const Kind kinds[] = {
  { "raw", "cp --sparse=always $d/r $d/i", TRUE },
  { "raw-odd", "cp $d/r $d/i; printf x >> $d/i", TRUE },
  { "qcow2", CONVERT ("-O qcow2"), TRUE },
  { "qcow2-512", CONVERT ("-O qcow2 -o cluster_size=512"), TRUE },
  { "qcow2-2m", CONVERT ("-O qcow2 -o cluster_size=2M"), TRUE },
  { "qcow2-v2", CONVERT ("-O qcow2 -o compat=0.10"), TRUE },
  { "qcow2-preallocated", CONVERT ("-O qcow2 -o preallocation=metadata"), TRUE },
  { "qcow2-zlib", CONVERT ("-c -O qcow2"), TRUE },
  { "qcow2-zlib-4k", CONVERT ("-c -O qcow2 -o cluster_size=4k"), TRUE },
  { "rewritten", CONVERT ("-O qcow2") "; " WRITES ("$d/i", "4"), TRUE },
  { "chain",
    CONVERT (
        "-c -O qcow2 -o cluster_size=4k") "; mv $d/i $d/b; cd $d; "
                                          "qemu-img create -q -f qcow2 -b b -F qcow2 m "
                                          "30M; " WRITES (
                                              "m",
                                              "3") "; "
                                                   "qemu-img create -q -f qcow2 -o cluster_size=2M "
                                                   "-b $d/m -F qcow2 i 29M; "
                                                   "qemu-io -t unsafe -c 'write -q -P 5 28M 100' i",
    TRUE },
  { "raw-below", "cd $d; qemu-img create -q -f qcow2 -b r -F raw i; " WRITES ("i", "6"), TRUE },
  { "short-below",
    "cd $d; qemu-img create -q -f raw s 1048576; qemu-io -f raw -c 'write -q -P 7 0 1M' s; "
    "qemu-img create -q -f qcow2 -b s -F raw i 4M",
    TRUE },
  { "qcow2-zstd", CONVERT ("-c -O qcow2 -o compression_type=zstd"), FALSE },
  { "qcow2-extended", CONVERT ("-O qcow2 -o extended_l2=on"), FALSE },
  { "qcow2-data-file", CONVERT ("-O qcow2 -o data_file=$d/data"), FALSE },
  { "vhdx", CONVERT ("-O vhdx"), TRUE },
  { "vhdx-1m", CONVERT ("-O vhdx -o block_size=1M"), TRUE },
  { "vhdx-fixed", CONVERT ("-O vhdx -o subformat=fixed"), TRUE },
  /* A second header that QEMU takes for none, and so do we. */
  { "vhdx-header", CONVERT ("-O vhdx") "; printf x | dd of=$d/i bs=1 seek=131100 conv=notrunc",
    TRUE },
  { "vhdx-log", CONVERT ("-O vhdx") "; python3 '" SOURCE_ROOT "/tests/vhdx.py' $d/i", FALSE },
  { "vpc", CONVERT ("-O vpc -o force_size=on"), FALSE },
  { "vmdk", CONVERT ("-O vmdk"), FALSE },
  { "below-vhdx",
    CONVERT ("-O vhdx") "; cd $d; mv i v; qemu-img create -q -f qcow2 -b v -F vhdx i; " WRITES (
        "i", "8"),
    TRUE },
  { "encrypted",
    /* QEMU measures how fast it hashes, and gives up where the clock is too coarse for that. */
    "for i in $(seq 50); do if " CONVERT (
        "--object secret,id=key,data='" KEY "' -O qcow2 "
        "-o encrypt.format=luks,encrypt.key-secret=key,encrypt.iter-time=100") "; then break; fi; "
                                                                               "done; [ $i -lt 50 "
                                                                               "]",
    FALSE,
    "--object secret,id=key,data='" KEY "' --image-opts "
    "driver=qcow2,encrypt.format=luks,encrypt.key-secret=key,file.filename=$d/i" },
};

static char *
make_disk (const char *dir)
{
  test_shell ("cd '%s'; qemu-img create -q -f raw r 24M; head -c 6M /dev/urandom > x; "
              "dd if=x of=r conv=notrunc status=none bs=64k count=40 seek=3; "
              "dd if=x of=r conv=notrunc status=none bs=512 count=333 seek=40001; "
              "dd if=x of=r conv=notrunc status=none bs=1M count=2 seek=22; rm x",
              dir);
  return g_build_filename (dir, "r", NULL);
}

typedef struct
{
  CairnView *view;
  unsigned number;
  uint64_t unit; /* offsets are multiples of it */
  const uint8_t *wanted;
} Reader;

/* The last part first. */
static void
read_in_parts (const Reader *reader, uint64_t offset, uint8_t *buffer, size_t length,
               GError **error)
{
  CairnViewPart parts[4];
  size_t n_parts = 0, end = length;

  while (n_parts < 3 && end > reader->unit)
    {
      size_t begin = (end - 1) / 2 / reader->unit * reader->unit;

      parts[n_parts++] = (CairnViewPart){ offset + begin, end - begin, buffer + begin };
      end = begin;
    }
  if (end > 0)
    parts[n_parts++] = (CairnViewPart){ offset, end, buffer };
  cairn_view_read_parts (reader->view, reader->number, parts, n_parts, error);
}

static gpointer
read_at_random (gpointer user)
{
  Reader *reader = user;
  g_autoptr (GRand) random = g_rand_new_with_seed (reader->number);
  uint64_t size = reader->view->size_bytes;
  g_autofree uint8_t *buffer = g_malloc (reader->view->read_bytes);
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < 100; i++)
    {
      uint64_t offset
          = (uint64_t)(g_rand_double (random) * (double)size) / reader->unit * reader->unit;
      size_t length = MIN (size - offset, reader->view->read_bytes);

      memset (buffer, 0xee, length);
      if (i % 2)
        read_in_parts (reader, offset, buffer, length, &error);
      else
        reader->view->ops->read (reader->view, reader->number, offset, buffer, length, &error);
      g_assert_no_error (error);
      g_assert_true (memcmp (buffer, reader->wanted + offset, length) == 0);
    }
  return NULL;
}

static gboolean
is_all_zero (const uint8_t *bytes, uint64_t n)
{
  return bytes[0] == 0 && memcmp (bytes, bytes + 1, n - 1) == 0;
}

/* Bytes that the map calls zero; they are. */
static uint64_t
check_map (CairnView *view, const uint8_t *wanted)
{
  uint64_t length, n_zero = 0;
  g_autoptr (GError) error = NULL;

  for (uint64_t at = 0; at < view->size_bytes; at += length)
    {
      gboolean is_zero;

      view->ops->map (view, 0, at, &is_zero, &length, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (length, >, 0);
      g_assert_cmpuint (length, <=, view->size_bytes - at);
      g_assert_true (!is_zero || is_all_zero (wanted + at, length));
      n_zero += is_zero ? length : 0;
    }
  return n_zero;
}

static void
check_view (CairnView *view, const char *wanted_path, unsigned n_before, gboolean is_full)
{
  g_autofree char *wanted = NULL;
  g_autoptr (GThread) other = NULL;
  /* The native reader takes any offset, which shows more. */
  uint64_t unit = cairn_fallback_count () == n_before ? 1 : 65536;
  gsize size;

  g_assert_true (g_file_get_contents (wanted_path, &wanted, &size, NULL));
  g_assert_cmpuint (view->size_bytes, ==, size);
  g_assert_cmpuint (view->n_readers, >=, 2);
  other = g_thread_new ("reader", read_at_random, &(Reader){ view, 1, unit, (uint8_t *)wanted });
  read_at_random (&(Reader){ view, 0, unit, (uint8_t *)wanted });
  g_thread_join (g_steal_pointer (&other));
  /* Half of the disk at least is a hole, unless it was filled up; QEMU sees none in VHDX. */
  g_assert_cmpuint (check_map (view, (uint8_t *)wanted), >=, is_full ? 0 : size / 3);
}

static void
test_kind (gconstpointer user)
{
  const Kind *kind = user;
  char *dir = test_dir_new ();
  g_autofree char *disk = make_disk (dir);
  g_autofree char *image = g_build_filename (dir, "i", NULL);
  g_autofree char *wanted = g_build_filename (dir, "wanted", NULL);
  g_autoptr (GBytes) key = g_bytes_new_static (KEY, strlen (KEY));
  unsigned n_before = cairn_fallback_count ();
  g_autoptr (GError) error = NULL;
  CairnView *view;

  test_shell ("d='%s'; %s", dir, kind->recipe);
  test_shell ("d='%s'; qemu-img convert -O raw %s $d/wanted", dir,
              kind->reading                     ? kind->reading
              : strstr (kind->name, "raw-odd")  ? "-f raw $d/i"
              : strcmp (kind->name, "vpc") == 0 ? "-f vpc $d/i"
                                                : "$d/i");
  view = cairn_offline_view_copy (image, key, G_MAXINT64, &error);
  g_assert_no_error (error);
  g_assert_cmpint (cairn_fallback_count () == n_before, ==, kind->is_native);
  check_view (view, wanted, n_before,
              strstr (kind->name, "preallocated") || strcmp (kind->name, "vhdx-fixed") == 0
                  || strcmp (kind->name, "vhdx-log") == 0);

  view->ops->close (view);
  test_dir_remove (dir);
}

/* An image that is written to is no copy; a disk may be. */
static void
test_written (void)
{
  char *dir = test_dir_new ();
  g_autofree char *disk = make_disk (dir);
  g_autofree char *image = g_build_filename (dir, "i", NULL);
  g_autofree char *ready = g_strdup_printf ("qemu-nbd -L -k '%s/s'", dir);
  CairnDisk active = { .path = image, .format = (char *)"qcow2" };
  g_autoptr (GError) error = NULL;
  CairnView *view;
  GPid pid;

  test_shell ("cd '%s'; qemu-img create -q -f qcow2 -b r -F raw i", dir);
  pid = test_start (ready, "qemu-nbd -t -k '%s/s' -f qcow2 '%s'", dir, image);
  g_assert_null (cairn_offline_view_copy (image, NULL, G_MAXINT64, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE);
  g_clear_error (&error);
  view = cairn_offline_view_disk (&active, G_MAXINT64, &error);
  g_assert_no_error (error);
  check_view (view, disk, cairn_fallback_count (), FALSE);
  view->ops->close (view);
  test_kill (pid, 9);
  test_dir_remove (dir);
}

static void
test_refused (void)
{
  char *dir = test_dir_new ();
  g_autofree char *none = g_build_filename (dir, "none", NULL);
  g_autofree char *damaged = g_build_filename (dir, "damaged", NULL);
  g_autofree char *orphan = g_build_filename (dir, "orphan", NULL);
  g_autoptr (GError) error = NULL;

  test_shell ("cd '%s'; printf 'QFI\\373\\0\\0\\0\\3damaged' > damaged; truncate -s 1M damaged; "
              "qemu-img create -q -f qcow2 b 1M; qemu-img create -q -f qcow2 -b b -F qcow2 orphan; "
              "rm b",
              dir);
  g_assert_null (cairn_offline_view_copy (none, NULL, G_MAXINT64, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_FILE_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (cairn_offline_view_copy (dir, NULL, G_MAXINT64, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED);
  g_clear_error (&error);
  g_assert_null (cairn_offline_view_copy (damaged, NULL, G_MAXINT64, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_INCORRECT_DATA_TYPE);
  g_clear_error (&error);
  g_assert_null (cairn_offline_view_copy (orphan, NULL, G_MAXINT64, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_FILE_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "/b'"));
  test_dir_remove (dir);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *path = g_strdup_printf ("/view/%s", kinds[i].name);

      g_test_add_data_func (path, &kinds[i], test_kind);
    }
  g_test_add_func ("/view/written", test_written);
  g_test_add_func ("/view/refused", test_refused);
  return g_test_run ();
}
