/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The scratch image: QEMU finds nothing amiss with it, and reads the granules that were put in. */
#include "scratch/scratch.h"

#include <fcntl.h>
#include <unistd.h>

#include "qemu.h"
#include "tracker/offline/bitmap.h"
#include "tracker/offline/fallback.h"

#define GRANULE UINT64_C (65536)

/* Copies what FD holds to PATH, holes and all. */
static void
keep (int fd, const char *path)
{
  test_shell ("cp --sparse=always /proc/%d/fd/%d '%s'", (int)getpid (), fd, path);
}

static void
assert_same (const CairnGranules *granules, const GArray *extents)
{
  uint64_t first, n, at = 0;
  guint i = 0;

  for (; cairn_granules_next (granules, at, granules->n_granules, &first, &n); at = first + n, i++)
    {
      const CairnExtent *extent = &g_array_index (extents, CairnExtent, i);

      g_assert_cmpuint (i, <, extents->len);
      g_assert_cmpuint (extent->offset_bytes, ==, first * GRANULE);
      g_assert_cmpuint (extent->length_bytes, ==,
                        MIN (n * GRANULE, granules->size_bytes - first * GRANULE));
    }
  g_assert_cmpuint (i, ==, extents->len);
}

static void
check_size (uint64_t size_bytes, uint64_t n_random)
{
  g_autoptr (CairnGranules) granules = cairn_granules_new (size_bytes, GRANULE, NULL);
  g_autoptr (GRand) random = g_rand_new_with_seed (3);
  char *dir = test_dir_new ();
  g_autofree char *path = g_build_filename (dir, "s.qcow2", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) extents = NULL;
  int fd;

  for (uint64_t i = 0; i < n_random; i++)
    cairn_granules_set (granules,
                        (uint64_t)(g_rand_double (random) * (double)granules->n_granules));
  cairn_granules_set (granules, granules->n_granules - 1);
  fd = cairn_scratch_new (granules, &error);
  g_assert_no_error (error);
  keep (fd, path);
  close (fd);
  test_shell ("qemu-img check -q -f qcow2 '%s'", path);
  extents = cairn_fallback_extents (path, CAIRN_SCRATCH_BITMAP, 0, size_bytes, G_MAXINT64, &error);
  g_assert_no_error (error);
  assert_same (granules, extents);
  test_dir_remove (dir);
}

static void
test_sizes (void)
{
  check_size (512, 0);
  check_size (64 * GRANULE, 3);
  check_size (1000 * GRANULE + 512, 500);
  check_size ((UINT64_C (3) << 40) + 512, 20000); /* four clusters of bits */
}

static void
test_too_large (void)
{
  CairnGranules granules = { .size_bytes = UINT64_C (1) << 60,
                             .granularity_bytes = GRANULE,
                             .n_granules = UINT64_C (1) << 44 };
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (cairn_scratch_new (&granules, &error), ==, -1);
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/scratch/sizes", test_sizes);
  g_test_add_func ("/scratch/too-large", test_too_large);
  return g_test_run ();
}
