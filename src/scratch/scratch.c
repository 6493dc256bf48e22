/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes the scratch image: one cluster for each part, then those of the bits.
 *
 *   0 header | 1 refcount table | 2 refcount block | 3 L1 | 4 bitmap directory | 5 bitmap table |
 *   6... bits
 */
#include "scratch/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CLUSTER_BITS   21u
#define CLUSTER_BYTES  (UINT64_C (1) << CLUSTER_BITS)
#define N_FIXED        6u /* clusters before the bits */
#define HEADER_BYTES   104u
#define L1_ENTRY_COVER ((CLUSTER_BYTES / 8) << CLUSTER_BITS) /* guest bytes */

/* QEMU's own limit on a bitmap's bits (block/qcow2-bitmap.c, BME_MAX_PHYS_SIZE). */
#define MAX_BITS_BYTES (UINT64_C (512) << 20)

/* Bits are written in pieces of this size; those that are all zeros are left out. */
#define PIECE_WORDS 512u

/* What is put together before it is written: all but the bits are small. */
typedef struct
{
  uint8_t bytes[512];
  size_t size;
} Block;

/* Zeros may be put several fields at once. */
static void
put (Block *block, uint64_t value, size_t n_bytes)
{
  while (n_bytes-- > 0)
    block->bytes[block->size++] = (uint8_t)(n_bytes < sizeof value ? value >> 8 * n_bytes : 0);
}

static void
put_zeroes (Block *block, size_t n_bytes)
{
  block->size += n_bytes;
}

static void
put_string (Block *block, const char *string)
{
  memcpy (block->bytes + block->size, string, strlen (string));
  block->size += strlen (string);
}

static gboolean
fail (GError **error)
{
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
               "no scratch image can be made in memory: %s; free memory or raise the limit",
               g_strerror (errno));
  return FALSE;
}

static gboolean
write_at (int fd, const void *bytes, size_t size, uint64_t offset, GError **error)
{
  ssize_t done;

  do
    done = pwrite (fd, bytes, size, (off_t)offset);
  while (done < 0 && errno == EINTR);
  if (done == (ssize_t)size)
    return TRUE;
  if (done >= 0)
    errno = ENOSPC;
  return fail (error);
}

static gboolean
write_block (int fd, const Block *block, uint64_t cluster, GError **error)
{
  return write_at (fd, block->bytes, block->size, cluster << CLUSTER_BITS, error);
}

static uint64_t
count_entries (const CairnGranules *granules)
{
  uint64_t bits_bytes = (granules->n_granules + 7) / 8;

  return (bits_bytes + CLUSTER_BYTES - 1) >> CLUSTER_BITS;
}

static gboolean
write_header (int fd, const CairnGranules *granules, uint64_t directory_bytes, GError **error)
{
  /* qcow2 has whole sectors only. */
  uint64_t size_bytes = (granules->size_bytes + 511) & ~UINT64_C (511);
  Block block = { 0 };

  put (&block, 0x514649fb, 4);
  put (&block, 3, 4);
  put_zeroes (&block, 8 + 4); /* no backing file */
  put (&block, CLUSTER_BITS, 4);
  put (&block, size_bytes, 8);
  put (&block, 0, 4); /* not encrypted */
  put (&block, (size_bytes + L1_ENTRY_COVER - 1) / L1_ENTRY_COVER, 4);
  put (&block, 3 * CLUSTER_BYTES, 8);
  put (&block, 1 * CLUSTER_BYTES, 8); /* the refcount table, of one cluster */
  put (&block, 1, 4);
  put_zeroes (&block, 4 + 8); /* no snapshots */
  put_zeroes (&block, 8 + 8); /* no features */
  put (&block, 1, 8);         /* but that the bitmaps are consistent */
  put (&block, 4, 4);         /* refcounts of 16 bits */
  put (&block, HEADER_BYTES, 4);
  put (&block, 0x23852875, 4); /* the bitmaps extension */
  put (&block, 24, 4);
  put (&block, 1, 4);
  put (&block, 0, 4);
  put (&block, directory_bytes, 8);
  put (&block, 4 * CLUSTER_BYTES, 8);
  put (&block, 0, 8); /* the end of the extensions */
  return write_block (fd, &block, 0, error);
}

static gboolean
write_refcounts (int fd, uint64_t n_clusters, GError **error)
{
  Block table = { 0 };

  put (&table, 2 * CLUSTER_BYTES, 8);
  if (!write_block (fd, &table, 1, error))
    return FALSE;
  for (uint64_t i = 0; i < n_clusters; i++)
    {
      Block one = { 0 };

      put (&one, 1, 2);
      if (!write_at (fd, one.bytes, one.size, 2 * CLUSTER_BYTES + 2 * i, error))
        return FALSE;
    }
  return TRUE;
}

/* *DIRECTORY_BYTES: its size. */
static gboolean
write_directory (int fd, const CairnGranules *granules, uint64_t *directory_bytes, GError **error)
{
  Block block = { 0 };

  put (&block, 5 * CLUSTER_BYTES, 8);
  put (&block, count_entries (granules), 4);
  put (&block, 0, 4); /* flags: it records nothing */
  put (&block, 1, 1); /* a bitmap of what is dirty */
  put (&block, (uint64_t)__builtin_ctzll (granules->granularity_bytes), 1);
  put (&block, strlen (CAIRN_SCRATCH_BITMAP), 2);
  put (&block, 0, 4);
  put_string (&block, CAIRN_SCRATCH_BITMAP);
  while (block.size % 8 != 0)
    put (&block, 0, 1);
  *directory_bytes = block.size;
  return write_block (fd, &block, 4, error);
}

static gboolean
write_table (int fd, const CairnGranules *granules, GError **error)
{
  for (uint64_t i = 0; i < count_entries (granules); i++)
    {
      Block entry = { 0 };

      put (&entry, (N_FIXED + i) << CLUSTER_BITS, 8);
      if (!write_at (fd, entry.bytes, entry.size, 5 * CLUSTER_BYTES + 8 * i, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
write_bits (int fd, const CairnGranules *granules, GError **error)
{
  uint64_t n_words = cairn_granules_n_words (granules);

  for (uint64_t first = 0; first < n_words; first += PIECE_WORDS)
    {
      uint64_t piece[PIECE_WORDS], any = 0;
      size_t n = (size_t)MIN (n_words - first, PIECE_WORDS);

      for (size_t i = 0; i < n; i++)
        {
          any |= granules->words[first + i];
          piece[i] = GUINT64_TO_LE (granules->words[first + i]);
        }
      if (any
          && !write_at (fd, piece, n * sizeof *piece,
                        (N_FIXED << CLUSTER_BITS) + first * sizeof *piece, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
write_image (int fd, const CairnGranules *granules, GError **error)
{
  uint64_t n_clusters = N_FIXED + count_entries (granules), directory_bytes = 0;

  if (ftruncate (fd, (off_t)(n_clusters << CLUSTER_BITS)) != 0)
    return fail (error);
  return write_directory (fd, granules, &directory_bytes, error)
         && write_header (fd, granules, directory_bytes, error)
         && write_refcounts (fd, n_clusters, error) && write_table (fd, granules, error)
         && write_bits (fd, granules, error);
}

/* Never one of the standard three, which a child's own would replace. */
static int
raise_above_standard (int fd)
{
  int raised;

  if (fd < 0 || fd > STDERR_FILENO)
    return fd;
  raised = fcntl (fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  close (fd);
  return raised;
}

/* A descriptor that may only read: a running QEMU takes none that may more than it needs. */
static int
open_again (int fd, GError **error)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  int again = raise_above_standard (open (path, O_RDONLY | O_CLOEXEC));

  if (again < 0)
    fail (error);
  return again;
}

int
cairn_scratch_new (const CairnGranules *granules, GError **error)
{
  int fd, read_only = -1;

  if (granules->n_granules > MAX_BITS_BYTES * 8)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED,
                   "a disk of %" G_GUINT64_FORMAT " bytes has more granules of %" G_GUINT64_FORMAT
                   " bytes than QEMU's bitmaps hold; move what is on it to smaller disks",
                   granules->size_bytes, granules->granularity_bytes);
      return -1;
    }
  fd = memfd_create ("cairn-scratch", MFD_CLOEXEC);
  if (fd < 0)
    return fail (error), -1;
  if (write_image (fd, granules, error))
    read_only = open_again (fd, error);
  close (fd);
  return read_only;
}
