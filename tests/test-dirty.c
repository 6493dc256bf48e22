/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of extents: kept as bytes, compared, refused when damaged. */
#include "refpoint/dirty.h"

#define GRANULE UINT64_C (65536)

static GArray *
random_extents (GRand *random, uint64_t n_granules)
{
  GArray *extents = cairn_extents_new ();
  uint64_t at = 0;

  for (;;)
    {
      uint64_t gap = (uint64_t)g_rand_int_range (random, 0, 300);
      uint64_t run = (uint64_t)g_rand_int_range (random, 1, 200);

      if (at + gap + run > n_granules)
        return extents;
      cairn_extents_append (extents, (at + gap) * GRANULE, run * GRANULE);
      at += gap + run;
    }
}

static void
assert_same (const GArray *a, const GArray *b)
{
  g_assert_cmpuint (a->len, ==, b->len);
  for (guint i = 0; i < a->len; i++)
    {
      const CairnExtent *left = &g_array_index (a, CairnExtent, i);
      const CairnExtent *right = &g_array_index (b, CairnExtent, i);

      g_assert_cmpuint (left->offset_bytes, ==, right->offset_bytes);
      g_assert_cmpuint (left->length_bytes, ==, right->length_bytes);
    }
}

static void
test_round_trip (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (7);
  uint64_t n_extents;

  for (int i = 0; i < 200; i++)
    {
      g_autoptr (GArray) extents = random_extents (random, 20000);
      g_autoptr (GBytes) bytes = cairn_dirty_encode (extents, GRANULE);
      g_autoptr (GArray) again = cairn_dirty_decode (bytes, GRANULE, 20000 * GRANULE);

      assert_same (again, extents);
      g_assert_true (cairn_dirty_check (bytes, GRANULE, 20000 * GRANULE, &n_extents));
      g_assert_cmpuint (n_extents, ==, extents->len);
    }
}

/* A set of granules says what the list of extents that it was made of says. */
static void
test_granules (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (8);

  for (int i = 0; i < 50; i++)
    {
      const uint64_t size = 20000 * GRANULE - 512;
      g_autoptr (GArray) extents = random_extents (random, 20000);
      g_autoptr (GBytes) bytes = cairn_dirty_encode (extents, GRANULE);
      g_autoptr (CairnGranules) granules = cairn_granules_new (size, GRANULE, NULL);
      g_autoptr (GBytes) again = NULL;
      CairnExtent *last = &g_array_index (extents, CairnExtent, extents->len - 1);
      uint64_t offset, first, n;

      g_assert_true (cairn_dirty_decode_granules (bytes, granules));
      g_assert_cmpuint (cairn_granules_total_bytes (granules), ==,
                        cairn_extents_total_bytes (extents));
      again = cairn_dirty_encode_granules (granules, granules->n_granules);
      g_assert_true (g_bytes_equal (again, bytes));
      last->offset_bytes += 512;
      last->length_bytes -= 512;
      g_assert_true (cairn_granules_are_touched (granules, extents, &offset));
      last->offset_bytes += GRANULE;
      g_assert_false (cairn_granules_are_touched (granules, extents, &offset));
      g_assert_cmpuint (offset, ==, last->offset_bytes - GRANULE - 512);
      last->offset_bytes -= GRANULE + 512;
      /* The window counts, not what lies beyond. */
      g_assert_true (
          cairn_granules_next (granules, 0, last->offset_bytes / GRANULE + 1, &first, &n));
      g_assert_false (cairn_granules_next (granules, first, first, &first, &n));
    }
}

/* The last extent of a disk that isn't a whole number of granules long. */
static void
test_clipped_end (void)
{
  uint64_t size = 10 * GRANULE + 512;
  g_autoptr (GArray) extents = cairn_extents_new ();
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GArray) again = NULL;

  cairn_extents_append (extents, 9 * GRANULE, GRANULE + 512);
  bytes = cairn_dirty_encode (extents, GRANULE);
  again = cairn_dirty_decode (bytes, GRANULE, size);
  assert_same (again, extents);
}

static void
test_damaged (void)
{
  static const uint8_t open_number[] = { 0x80 };
  static const uint8_t no_run[] = { 1 };
  static const uint8_t empty_run[] = { 1, 0 };
  static const uint8_t past_end[] = { 9, 2 };
  static const uint8_t huge[]
      = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 1 };
  const struct
  {
    const uint8_t *bytes;
    size_t length;
  } cases[] = { { open_number, sizeof open_number },
                { no_run, sizeof no_run },
                { empty_run, sizeof empty_run },
                { past_end, sizeof past_end },
                { huge, sizeof huge } };
  uint64_t n_extents;

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GBytes) bytes = g_bytes_new_static (cases[i].bytes, cases[i].length);

      g_assert_null (cairn_dirty_decode (bytes, GRANULE, 10 * GRANULE));
      g_assert_false (cairn_dirty_check (bytes, GRANULE, 10 * GRANULE, &n_extents));
    }
}

static void
test_cover (void)
{
  g_autoptr (GArray) outer = cairn_extents_new ();
  g_autoptr (GArray) inner = cairn_extents_new ();

  g_assert_true (cairn_extents_cover (outer, inner));
  cairn_extents_append (outer, 100, 100);
  cairn_extents_append (outer, 300, 100);
  g_assert_true (cairn_extents_cover (outer, inner));
  cairn_extents_append (inner, 100, 50);
  cairn_extents_append (inner, 160, 40);
  cairn_extents_append (inner, 399, 1);
  g_assert_true (cairn_extents_cover (outer, inner));
  cairn_extents_append (inner, 400, 1);
  g_assert_false (cairn_extents_cover (outer, inner));
  g_array_set_size (inner, 0);
  cairn_extents_append (inner, 190, 120);
  g_assert_false (cairn_extents_cover (outer, inner));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dirty/round-trip", test_round_trip);
  g_test_add_func ("/dirty/clipped-end", test_clipped_end);
  g_test_add_func ("/dirty/damaged", test_damaged);
  g_test_add_func ("/dirty/cover", test_cover);
  g_test_add_func ("/dirty/granules", test_granules);
  return g_test_run ();
}
