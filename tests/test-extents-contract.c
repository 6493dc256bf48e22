/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The native reader and QEMU give the same extents, over random images of every kind; the native
 * reader needs no help for any of them. --seed=SEED, as printed, repeats one
 * run. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "qemu.h"
#include "tracker/offline/fallback.h"
#include "tracker/offline/look.h"

#define N_IMAGES         63
#define MAX_BITMAPS      2
#define KIB              UINT64_C (1024)
#define MIB              (UINT64_C (1) << 20)
#define MAX_WRITTEN_BITS 26 /* granules below 2^26: QEMU keeps them in memory */

typedef enum
{
  PLAIN,
  DATA_FILE,
  DATA_FILE_RAW,
  EXTENDED_L2,
  LUKS,
  COMPRESSED,
  BACKING,
  N_KINDS,
} Kind;

static const char *const kind_names[]
    = { "plain", "data-file", "data-file-raw", "extended-l2", "luks", "compressed", "backing" };

typedef struct
{
  Kind kind;
  char *dir, *path;
  uint64_t size;
  uint64_t base_size; /* of the image below, or 0: it has the same bitmaps, and may be larger */
  int cluster_bits;
  int granularity_bits[MAX_BITMAPS];
  int n_bitmaps;
  GArray *written[MAX_BITMAPS]; /* of CairnExtent, unsorted: what each bitmap must hold */
} Image;

static uint64_t
random_below (uint64_t limit)
{
  return ((uint64_t)g_test_rand_int () << 32 | (uint32_t)g_test_rand_int ()) % limit;
}

static void
choose (Image *image, int number, const char *dir)
{
  static const uint64_t sizes[]
      = { 512, 64 * KIB, 3 * MIB + 512, 64 * MIB, 1000 * MIB + 1536, 8192 * MIB };

  memset (image, 0, sizeof *image);
  image->kind = (Kind)(number % N_KINDS);
  image->dir = (char *)dir;
  image->path = g_strdup_printf ("%s/%d.qcow2", dir, number);
  /* Raw data files are allocated as a whole when they are made. */
  image->size = sizes[random_below (image->kind == DATA_FILE_RAW ? 4 : G_N_ELEMENTS (sizes))];
  image->cluster_bits = 9 + (int)random_below (13);
  if (image->kind == BACKING)
    image->base_size = image->size + random_below (2) * 3 * MIB;
  if (image->kind == EXTENDED_L2)
    image->cluster_bits = MAX (image->cluster_bits, 14);
  image->n_bitmaps = 1 + (int)random_below (MAX_BITMAPS);
  for (int i = 0; i < image->n_bitmaps; i++)
    {
      image->granularity_bits[i] = 9 + (int)random_below (23);
      while (image->size >> image->granularity_bits[i] >> MAX_WRITTEN_BITS)
        image->granularity_bits[i]++;
      image->written[i] = g_array_new (FALSE, FALSE, sizeof (CairnExtent));
    }
}

/* How qemu-img and qemu-io are told to open it. */
static char *
arguments (const Image *image)
{
  if (image->kind != LUKS)
    return g_strdup_printf ("-f qcow2 '%s'", image->path);
  return g_strdup_printf ("--object secret,id=s,data=x --image-opts "
                          "driver=qcow2,file.filename='%s',encrypt.key-secret=s",
                          image->path);
}

static void
create (const Image *image)
{
  const char *extra = "";
  g_autofree char *data = g_strdup_printf (",data_file=%s.data", image->path);
  g_autofree char *raw = g_strdup_printf ("%s,data_file_raw=on", data);

  if (image->kind == BACKING)
    test_shell ("qemu-img create -q -f qcow2 -o cluster_size=%d '%s.base' %" G_GUINT64_FORMAT,
                512 << random_below (13), image->path, image->base_size);
  if (image->kind == DATA_FILE)
    extra = data;
  else if (image->kind == DATA_FILE_RAW)
    extra = raw;
  else if (image->kind == EXTENDED_L2)
    extra = ",extended_l2=on";
  else if (image->kind == LUKS)
    extra = ",encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10";
  else if (image->kind == COMPRESSED)
    extra = ",compression_type=zstd,lazy_refcounts=on";
  /* Again and again: LUKS measures its own CPU time, and often fails at that where the kernel
   * counts in ticks.
   */
  test_shell ("for i in $(seq 300); do ! "
              "qemu-img create -q %s -f qcow2 -o cluster_size=%d%s %s%s%s '%s' %" G_GUINT64_FORMAT
              " || exit 0; done; exit 1",
              image->kind == LUKS ? "--object secret,id=s,data=x" : "", 1 << image->cluster_bits,
              extra, image->kind == BACKING ? "-F qcow2 -b '" : "",
              image->kind == BACKING ? image->path : "", image->kind == BACKING ? ".base'" : "",
              image->path, image->size);
}

/* One qemu-io with some writes to what HOW opens, of SIZE bytes, which bitmaps up to N_RECORDING
 * record. */
static void
write_some (Image *image, const char *how, uint64_t size, int n_recording)
{
  g_autoptr (GString) commands = g_string_new (NULL);

  for (uint64_t n = random_below (12); n > 0; n--)
    {
      CairnExtent extent = { .offset_bytes = random_below (size) & ~UINT64_C (511) };
      uint64_t most = size - extent.offset_bytes;
      uint64_t kind = random_below (4);
      gboolean is_zeros = kind == 0 && image->kind != LUKS;
      const char *verb = is_zeros ? "write -z" : "write";

      extent.length_bytes = 1 + random_below (MIN (most, is_zeros ? 4 * MIB : 200 * KIB));
      g_string_append_printf (commands, " -c '%s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "'",
                              verb, extent.offset_bytes, extent.length_bytes);
      for (int i = 0; i < n_recording; i++)
        g_array_append_val (image->written[i], extent);
    }
  if (commands->len > 0)
    test_shell ("qemu-io%s %s", commands->str, how);
}

/* Bitmaps, each recording what comes after it. */
static void
add_bitmaps (Image *image, const char *how, uint64_t size)
{
  for (int i = 0; i < image->n_bitmaps; i++)
    {
      test_shell ("qemu-img bitmap --add -g %" PRIu64 " %s b%d",
                  UINT64_C (1) << image->granularity_bits[i], how, i);
      write_some (image, how, size, i + 1);
    }
}

/* As libvirt makes an overlay: all bitmaps are in both images, and record in the upper one. */
static void
fill_chain (Image *image)
{
  g_autofree char *base = g_strdup_printf ("-f qcow2 '%s.base'", image->path);
  g_autofree char *how = arguments (image);

  add_bitmaps (image, base, image->base_size);
  for (int i = 0; i < image->n_bitmaps; i++)
    test_shell ("qemu-img bitmap --add -g %" PRIu64 " %s b%d",
                UINT64_C (1) << image->granularity_bits[i], how, i);
  write_some (image, how, image->size, image->n_bitmaps);
}

static void
fill (Image *image)
{
  g_autofree char *how = arguments (image);

  if (image->kind == BACKING)
    {
      fill_chain (image);
      return;
    }

  /* Compressed writes are of whole clusters that weren't written before. */
  if (image->kind == COMPRESSED && image->size >> image->cluster_bits > 0)
    test_shell ("qemu-io -c 'write -c 0 %d' '%s'", 1 << image->cluster_bits, image->path);
  write_some (image, how, image->size, 0);
  add_bitmaps (image, how, image->size);
}

static int
compare_offsets (const void *a, const void *b)
{
  uint64_t one = ((const CairnExtent *)a)->offset_bytes;
  uint64_t other = ((const CairnExtent *)b)->offset_bytes;

  return one < other ? -1 : one > other;
}

/* What was written, rounded out to granules. */
static GArray *
expected_extents (GArray *written, uint64_t granularity, uint64_t size)
{
  GArray *expected = cairn_extents_new ();
  uint64_t done = 0;

  g_array_sort (written, compare_offsets);
  for (guint i = 0; i < written->len; i++)
    {
      const CairnExtent *extent = &g_array_index (written, CairnExtent, i);
      uint64_t first = extent->offset_bytes / granularity * granularity;
      uint64_t end = extent->offset_bytes + extent->length_bytes;

      end = MIN ((end + granularity - 1) / granularity * granularity, size);
      first = MAX (first, done);
      if (first >= end)
        continue;
      cairn_extents_append (expected, first, end - first);
      done = end;
    }
  return expected;
}

static void
assert_same (const Image *image, const char *what, GArray *one, GArray *other)
{
  if (one->len == other->len
      && (one->len == 0 || memcmp (one->data, other->data, one->len * sizeof (CairnExtent)) == 0))
    return;
  for (guint i = 0; i < MAX (one->len, other->len); i++)
    {
      CairnExtent none = { 0 };
      CairnExtent a = i < one->len ? g_array_index (one, CairnExtent, i) : none;
      CairnExtent b = i < other->len ? g_array_index (other, CairnExtent, i) : none;

      g_test_message ("%" PRIu64 "+%" PRIu64 " | %" PRIu64 "+%" PRIu64, a.offset_bytes,
                      a.length_bytes, b.offset_bytes, b.length_bytes);
    }
  g_error ("%s: %s differs", image->path, what);
}

static GArray *
clip (GArray *extents, uint64_t offset, uint64_t length)
{
  GArray *clipped = cairn_extents_new ();

  for (guint i = 0; i < extents->len; i++)
    {
      const CairnExtent *extent = &g_array_index (extents, CairnExtent, i);
      uint64_t first = MAX (extent->offset_bytes, offset);
      uint64_t end = MIN (extent->offset_bytes + extent->length_bytes, offset + length);

      if (first < end)
        cairn_extents_append (clipped, first, end - first);
    }
  return clipped;
}

static GArray *
native_extents (const Image *image, const CairnAnchor *anchor, uint64_t offset, uint64_t length)
{
  CairnDisk disk = { .path = image->path };
  g_autoptr (GError) error = NULL;
  unsigned asked = cairn_fallback_count ();
  CairnJudgement judgement;
  GArray *extents = NULL;

  cairn_offline_changes (&disk, anchor, offset, length, &extents, &judgement, G_MAXINT64, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (judgement.reason, ==, "");
  g_assert_cmpuint (cairn_fallback_count (), ==, asked);
  cairn_judgement_clear (&judgement);
  return extents;
}

static void
check_windows (const Image *image, const CairnAnchor *anchor, GArray *all)
{
  for (int i = 0; i < 8; i++)
    {
      uint64_t offset = random_below (image->size + 10), length = random_below (image->size);
      g_autoptr (GArray) some = native_extents (image, anchor, offset, length);
      g_autoptr (GArray) wanted = clip (all, offset, length);

      assert_same (image, "a window", some, wanted);
    }
}

static void
check_bitmap (const Image *image, int number)
{
  g_autofree char *name = g_strdup_printf ("b%d", number);
  g_autoptr (CairnAnchor) anchor = test_anchor (image->path, name);
  g_autoptr (GArray) all = NULL;
  g_autoptr (GArray) expected = NULL;
  g_autoptr (GError) error = NULL;

  anchor->granularity_bytes = UINT64_C (1) << image->granularity_bits[number];
  all = native_extents (image, anchor, 0, UINT64_MAX);
  expected = expected_extents (image->written[number], anchor->granularity_bytes, image->size);
  assert_same (image, "what was written", all, expected);
  check_windows (image, anchor, all);
  /* LUKS needs its secret to be opened by QEMU, which tells of one layer alone. */
  if (image->kind != LUKS && image->kind != BACKING)
    {
      g_autoptr (GArray) theirs
          = cairn_fallback_extents (image->path, name, 0, image->size, G_MAXINT64, &error);

      g_assert_no_error (error);
      assert_same (image, "what QEMU says", all, theirs);
    }
}

static void
test_images (void)
{
  char *dir = test_dir_new ();

  for (int i = 0; i < N_IMAGES; i++)
    {
      Image image;

      choose (&image, i, dir);
      g_test_message ("%d: %s, %" PRIu64 " bytes, cluster bits %d, %d bitmaps of %d bits", i,
                      kind_names[image.kind], image.size, image.cluster_bits, image.n_bitmaps,
                      image.granularity_bits[0]);
      create (&image);
      fill (&image);
      for (int b = 0; b < image.n_bitmaps; b++)
        check_bitmap (&image, b);
      for (int b = 0; b < image.n_bitmaps; b++)
        g_array_unref (image.written[b]);
      test_shell ("rm -f '%s'*", image.path);
      g_free (image.path);
    }
  test_dir_remove (dir);
}

/* 64 TiB, whose bitmap has 128 MiB: sparse, so it costs next to nothing. With an overlay, two of
 * them are read as one. */
static void
test_large (void)
{
  char *dir = test_dir_new ();
  g_autofree char *path = g_build_filename (dir, "a.qcow2", NULL);
  g_autofree char *overlay = g_build_filename (dir, "o.qcow2", NULL);
  g_autoptr (CairnAnchor) anchor = NULL;
  g_autoptr (GArray) native = NULL;
  g_autoptr (GArray) theirs = NULL;
  g_autoptr (GArray) both = NULL;
  g_autoptr (GError) error = NULL;
  Image image = { .path = path, .size = UINT64_C (64) << 40 };
  Image upper = { .path = overlay, .size = UINT64_C (64) << 40 };
  int64_t start;

  test_shell ("qemu-img create -q -f qcow2 '%s' 64T; qemu-img bitmap --add '%s' p; "
              "qemu-io -c 'write -z 0 1' -c 'write -z 32T 64k' -c 'write -z 70368744177152 512' "
              "'%s'",
              path, path, path);
  anchor = test_anchor (path, "p");
  start = g_get_monotonic_time ();
  native = native_extents (&image, anchor, 0, UINT64_MAX);
  /* 1 s without sanitizers is the aim; bench-extents measures it. */
  g_assert_cmpint (g_get_monotonic_time () - start, <, 5 * G_USEC_PER_SEC);
  g_assert_cmpuint (native->len, ==, 3);
  theirs = cairn_fallback_extents (path, "p", 0, image.size, G_MAXINT64, &error);
  g_assert_no_error (error);
  assert_same (&image, "a large disk", native, theirs);
  test_shell ("qemu-img create -q -f qcow2 -F qcow2 -b '%s' '%s'; qemu-img bitmap --add '%s' p; "
              "qemu-io -c 'write -z 64k 64k' -c 'write -z 48T 64k' -c 'write -z 32T 64k' '%s'",
              path, overlay, overlay, overlay);
  both = native_extents (&upper, anchor, 0, UINT64_MAX);
  g_array_index (theirs, CairnExtent, 0).length_bytes += 64 * KIB;
  g_array_insert_val (theirs, 2, ((CairnExtent){ UINT64_C (48) << 40, 64 * KIB }));
  assert_same (&upper, "a large disk with an overlay", both, theirs);
  test_dir_remove (dir);
}

/* The same below an overlay that is known: their extents are united. */
static void
check_newer_below (const char *dir, const char *new_path, const CairnAnchor *anchor)
{
  g_autofree char *overlay = g_build_filename (dir, "o.qcow2", NULL);
  g_autofree char *old_path = g_strdup (g_getenv ("PATH"));
  CairnDisk disk = { .path = overlay };
  g_autoptr (GArray) extents = NULL;
  g_autoptr (GError) error = NULL;
  CairnJudgement judgement;

  test_shell ("cd '%s'; qemu-img create -q -f qcow2 -F qcow2 -b a.qcow2 -u o.qcow2 64M; "
              "qemu-img bitmap --add o.qcow2 p; qemu-io -c 'write 1152k 64k' -c 'write 20M 64k' "
              "json:'{\"driver\":\"qcow2\",\"backing\":null,\"file\":{\"driver\":\"file\","
              "\"filename\":\"o.qcow2\"}}'",
              dir);
  g_setenv ("PATH", new_path, TRUE);
  cairn_offline_changes (&disk, anchor, 0, UINT64_MAX, &extents, &judgement,
                         g_get_monotonic_time () + 20 * G_USEC_PER_SEC, &error);
  g_setenv ("PATH", old_path, TRUE);
  g_assert_no_error (error);
  g_assert_cmpstr (judgement.reason, ==, "");
  g_assert_cmpuint (judgement.dirty_bytes, ==, 5 * 64 * KIB);
  g_assert_cmpuint (extents->len, ==, 3);
  g_assert_cmpuint (g_array_index (extents, CairnExtent, 0).offset_bytes, ==, MIB);
  g_assert_cmpuint (g_array_index (extents, CairnExtent, 0).length_bytes, ==, 3 * 64 * KIB);
  g_assert_cmpuint (g_array_index (extents, CairnExtent, 1).offset_bytes, ==, 20 * MIB);
  cairn_judgement_clear (&judgement);
}

/* An image with a feature from the future, and a QEMU (here: stand-ins that run the real programs
 * on a copy without it) that knows the feature. */
static void
test_newer_qemu (void)
{
  char *dir = test_dir_new ();
  g_autofree char *path = g_build_filename (dir, "a.qcow2", NULL);
  g_autofree char *old_path = g_strdup (g_getenv ("PATH"));
  g_autofree char *new_path = g_strdup_printf ("%s:%s", dir, old_path);
  g_autoptr (CairnAnchor) anchor = NULL;
  g_autoptr (GArray) extents = NULL;
  g_autoptr (GError) error = NULL;
  CairnDisk disk = { .path = path };
  CairnJudgement judgement;
  unsigned asked = cairn_fallback_count ();

  test_shell ("cd '%s'; qemu-img create -q -f qcow2 a.qcow2 64M; qemu-img bitmap --add a.qcow2 p; "
              "qemu-io -c 'write 1M 100k' -c 'write 63M 64k' a.qcow2; cp a.qcow2 b.qcow2",
              dir);
  anchor = test_anchor (path, "p");
  for (int i = 0; i < 2; i++)
    test_shell (
        "cd '%s'; printf '#!/bin/sh\\nfor a; do shift; set -- \"$@\" \"$(printf %%%%s \"$a\" "
        "| sed s/a.qcow2/b.qcow2/)\"; done\\nPATH=%s exec %s \"$@\"\\n' > %s; chmod 755 %s",
        dir, old_path, i ? "qemu-nbd" : "qemu-img", i ? "qemu-nbd" : "qemu-img",
        i ? "qemu-nbd" : "qemu-img");
  test_poke (path, 72, UINT64_C (1) << 40, 8);
  g_setenv ("PATH", new_path, TRUE);
  cairn_offline_changes (&disk, anchor, 1 * MIB + 64 * KIB, 63 * MIB, &extents, &judgement,
                         g_get_monotonic_time () + 20 * G_USEC_PER_SEC, &error);
  g_setenv ("PATH", old_path, TRUE);
  g_assert_no_error (error);
  g_assert_cmpstr (judgement.reason, ==, "");
  g_assert_cmpuint (judgement.dirty_bytes, ==, 3 * 64 * KIB);
  g_assert_cmpuint (extents->len, ==, 2);
  g_assert_cmpuint (g_array_index (extents, CairnExtent, 0).offset_bytes, ==, MIB + 64 * KIB);
  g_assert_cmpuint (g_array_index (extents, CairnExtent, 0).length_bytes, ==, 64 * KIB);
  g_assert_cmpuint (cairn_fallback_count (), ==, asked + 3);
  cairn_judgement_clear (&judgement);
  check_newer_below (dir, new_path, anchor);
  test_dir_remove (dir);
}

/* A qemu-nbd that never answers is ended at the time limit. */
static void
test_hanging_qemu (void)
{
  char *dir = test_dir_new ();
  g_autofree char *old_path = g_strdup (g_getenv ("PATH"));
  g_autofree char *new_path = g_strdup_printf ("%s:%s", dir, old_path);
  g_autoptr (GError) error = NULL;
  int64_t start = g_get_monotonic_time ();

  test_shell ("cd '%s'; printf '#!/bin/sh\\nexec sleep 60\\n' > qemu-img; cp qemu-img qemu-nbd; "
              "chmod 755 qemu-*",
              dir);
  g_setenv ("PATH", new_path, TRUE);
  g_assert_null (cairn_fallback_describe ("/x", start + 200000, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_TIMEOUT);
  g_clear_error (&error);
  g_assert_null (cairn_fallback_extents ("/x", "p", 0, 1, start + 400000, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_TIMEOUT);
  g_setenv ("PATH", old_path, TRUE);
  g_assert_cmpint (g_get_monotonic_time () - start, <, 5 * G_USEC_PER_SEC);
  test_dir_remove (dir);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/extents/random-images", test_images);
  g_test_add_func ("/extents/large", test_large);
  g_test_add_func ("/extents/newer-qemu", test_newer_qemu);
  g_test_add_func ("/extents/hanging-qemu", test_hanging_qemu);
  return g_test_run ();
}
