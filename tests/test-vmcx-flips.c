/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test-vmcx-flips.c: no single flipped bit of a genuine file gives another tree: each gives a
 * refusal or the same tree. Every bit that the reader reads is flipped and read by itself. Bits
 * that it never reads are flipped a block at a time, and it is checked that the reader leaves that
 * block alone. Built without sanitizers, so that 400,000 reads take seconds. */
#include "vmcx-fixture.h"

#include <string.h>
#include <unistd.h>

#define N_THREADS   2
#define BLOCK_BYTES 512

/* The library is linked with --wrap=pread64: what it reads is noted here while this isn't NULL. */
static GByteArray *seen;

ssize_t __real_pread64 (int fd, void *target, size_t length, off_t offset);
ssize_t __wrap_pread64 (int fd, void *target, size_t length, off_t offset);

ssize_t
__wrap_pread64 (int fd, void *target, size_t length, off_t offset)
{
  ssize_t n = __real_pread64 (fd, target, length, offset);

  if (seen && n > 0)
    memset (seen->data + offset, 1, (size_t)n);
  return n;
}

typedef struct
{
  const GByteArray *bytes;
  const guint8 *is_read; /* for each byte */
  const VmcxKey *root;
  guint first; /* of every N_THREADS-th byte */
  guint n_same, n_refused;
  guint64 wrong; /* a bit that gave another tree; G_MAXUINT64 = none */
} Flips;

static void
judge (Flips *flips, int fd, guint64 bit)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VmcxFile) file = vmcx_file_open_fd (fd, "flipped", NULL, &error);

  if (!file && vmcx_error_get_offset (error) >= 0)
    flips->n_refused++;
  else if (file && vmcx_fixture_equal (flips->root, vmcx_file_root (file)))
    flips->n_same++;
  else
    flips->wrong = MIN (flips->wrong, bit);
}

static gpointer
flip_share (gpointer closure)
{
  Flips *flips = closure;
  int fd = vmcx_fixture_memory (flips->bytes);

  for (guint at = flips->first; at < flips->bytes->len; at += N_THREADS)
    {
      for (guint bit = 0; bit < 8 && flips->is_read[at]; bit++)
        {
          guint8 flipped = flips->bytes->data[at] ^ (guint8)(1 << bit);

          g_assert_cmpint (pwrite (fd, &flipped, 1, at), ==, 1);
          judge (flips, fd, 8 * (guint64)at + bit);
        }
      g_assert_cmpint (pwrite (fd, flips->bytes->data + at, 1, at), ==, 1);
    }
  close (fd);
  return NULL;
}

/* Opens BYTES, which must give the tree below ROOT, and returns for each byte whether it was read.
 */
static GByteArray *
note_reads (const GByteArray *bytes, const VmcxKey *root)
{
  GByteArray *is_read = g_byte_array_new ();
  g_autoptr (VmcxFile) file = NULL;

  g_byte_array_set_size (is_read, bytes->len);
  memset (is_read->data, 0, is_read->len);
  seen = is_read;
  file = vmcx_fixture_open (bytes, NULL, NULL);
  seen = NULL;
  g_assert_true (file && vmcx_fixture_equal (root, vmcx_file_root (file)));
  return is_read;
}

/* Inverts what isn't read of each block in turn: the reader must read the same bytes as before. */
static guint
flip_unread (const GByteArray *bytes, const GByteArray *is_read, const VmcxKey *root)
{
  guint n_bits = 0;

  for (guint block = 0; block < bytes->len; block += BLOCK_BYTES)
    {
      g_autoptr (GByteArray) flipped = g_byte_array_new ();
      g_autoptr (GByteArray) now_read = NULL;
      guint n = 0;

      g_byte_array_append (flipped, bytes->data, bytes->len);
      for (guint at = block; at < MIN (block + BLOCK_BYTES, bytes->len); at++)
        if (!is_read->data[at])
          {
            flipped->data[at] ^= 0xff;
            n += 8;
          }
      if (n == 0)
        continue;
      now_read = note_reads (flipped, root);
      g_assert_true (memcmp (now_read->data, is_read->data, is_read->len) == 0);
      n_bits += n;
    }
  return n_bits;
}

static void
test_flips (gconstpointer name)
{
  g_autofree char *path = vmcx_fixture_genuine (name);
  g_autoptr (GByteArray) bytes = NULL;
  Flips flips[N_THREADS] = { 0 };
  VmcxFile *files[N_THREADS];
  GThread *threads[N_THREADS];
  guint n_same = 0, n_refused = 0, n_unread;
  g_autoptr (GByteArray) is_read = NULL;
  g_autoptr (VmcxFile) genuine = NULL;

  if (!path)
    return;
  bytes = vmcx_fixture_load (path);
  genuine = vmcx_fixture_open (bytes, NULL, NULL);
  g_assert_nonnull (genuine);
  is_read = note_reads (bytes, vmcx_file_root (genuine));
  n_unread = flip_unread (bytes, is_read, vmcx_file_root (genuine));
  for (guint i = 0; i < N_THREADS; i++)
    {
      files[i] = vmcx_file_open (path, NULL, NULL); /* a file is one thread's at a time */
      g_assert_nonnull (files[i]);
      flips[i] = (Flips){ bytes, is_read->data, vmcx_file_root (files[i]), i, 0, 0, G_MAXUINT64 };
      threads[i] = g_thread_new ("flips", flip_share, &flips[i]);
    }
  for (guint i = 0; i < N_THREADS; i++)
    {
      g_thread_join (threads[i]);
      vmcx_file_free (files[i]);
      if (flips[i].wrong != G_MAXUINT64)
        g_error ("bit %u of byte 0x%" G_GINT64_MODIFIER "x gives another tree",
                 (guint)(flips[i].wrong % 8), flips[i].wrong / 8);
      n_same += flips[i].n_same;
      n_refused += flips[i].n_refused;
    }
  g_test_message ("%u bits: %u refused, %u the same tree, %u never read", bytes->len * 8, n_refused,
                  n_same, n_unread);
  g_assert_cmpuint (n_same + n_refused + n_unread, ==, bytes->len * 8);
  g_assert_cmpuint (n_refused, >, 30000); /* the tables' own bits: the reader does look at them */
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/vmcx/flips/test.vmcx", "test.vmcx", test_flips);
  g_test_add_data_func ("/vmcx/flips/test.vmrs", "test.vmrs", test_flips);
  return g_test_run ();
}
