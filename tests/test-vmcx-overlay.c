/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test-vmcx-overlay.c: overlapping patches show as if they were applied one after the other. */
#include "../src/vmcx/overlay.h"

#include <string.h>

#define SPACE     256
#define N_PATCHES 12

typedef struct
{
  guint8 bytes[SPACE];
  guint64 end; /* of the run before */
} Runs;

static gboolean
lay_run (uint64_t offset, const uint8_t *bytes, size_t length, gpointer closure)
{
  Runs *runs = closure;

  g_assert_cmpuint (offset, >=, runs->end);
  memcpy (runs->bytes + offset, bytes, length);
  runs->end = offset + length;
  return TRUE;
}

static guint
random_patches (GRand *rand, VmcxPatch *patches, uint8_t *storage)
{
  guint n = (guint)g_rand_int_range (rand, 1, N_PATCHES + 1), used = 0;

  for (guint i = 0; i < n; i++)
    {
      guint length = (guint)g_rand_int_range (rand, 1, 40);

      patches[i] = (VmcxPatch){ .target = (guint)g_rand_int_range (rand, 0, SPACE - 40),
                                .length = length,
                                .bytes = storage + used };
      memset (storage + used, (int)i + 1, length);
      used += length;
    }
  return n;
}

static void
test_random (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);

  for (guint i = 0; i < 5000; i++)
    {
      uint8_t *storage = g_malloc (N_PATCHES * 40); /* the overlay's */
      guint8 expected[SPACE] = { 0 }, shown[SPACE] = { 0 };
      guint from = (guint)g_rand_int_range (rand, 0, SPACE), length;
      VmcxPatch patches[N_PATCHES];
      guint n = random_patches (rand, patches, storage);
      VmcxOverlay *overlay = vmcx_overlay_new (patches, n, storage);
      Runs runs = { { 0 }, 0 };

      for (guint k = 0; k < n; k++)
        memcpy (expected + patches[k].target, patches[k].bytes, patches[k].length);
      length = (guint)g_rand_int_range (rand, 0, (gint)(SPACE - from) + 1);
      vmcx_overlay_apply (overlay, from, shown + from, length);
      g_assert_cmpmem (shown + from, (gint)length, expected + from, (gint)length);
      g_assert_true (vmcx_overlay_foreach (overlay, lay_run, &runs));
      g_assert_cmpmem (runs.bytes, SPACE, expected, SPACE);
      vmcx_overlay_free (overlay);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vmcx/overlay/random", test_random);
  return g_test_run ();
}
