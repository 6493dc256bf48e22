/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Identifiers: made, taken apart, refused. */
#include <string.h>

#include "refpoint/guid.h"

#define VM    "6A0E4DEC-AF52-4D70-8B80-A21D6A0E4DEC"
#define POINT "0192F000-0000-7000-8000-000000000001"

static void
test_v7_sorts_by_time (void)
{
  g_autofree char *before = NULL;

  for (int64_t ms = 1; ms < CAIRN_GUID_TIME_LIMIT_MS; ms = ms * 3 + 1)
    {
      g_autofree char *guid = cairn_guid_v7 (ms, NULL);
      g_autofree char *same = cairn_guid_normalize (guid);

      g_assert_cmpstr (same, ==, guid);
      g_assert_cmpint (guid[14], ==, '7');
      g_assert_nonnull (strchr ("89AB", guid[19]));
      g_assert_cmpstr (before ? before : "", <, guid);
      g_free (before);
      before = g_steal_pointer (&guid);
    }
}

static void
test_v7_entropy (void)
{
  static const uint8_t entropy[10] = { 0xff, 1, 0xff, 3, 4, 5, 6, 7, 8, 9 };
  g_autofree char *fixed = cairn_guid_v7 (INT64_C (0x0123456789ab), entropy);
  g_autofree char *one = cairn_guid_v7 (1, NULL);
  g_autofree char *two = cairn_guid_v7 (1, NULL);

  g_assert_cmpstr (fixed, ==, "01234567-89AB-7F01-BF03-040506070809");
  g_assert_cmpstr (one, !=, two);
}

static void
test_normalize (void)
{
  static const char *const bad[] = { "",
                                     "x",
                                     "{}",
                                     "6A0E4DEC-AF52-4D70-8B80-A21D6A0E4DE",
                                     "6A0E4DECAF524D708B80A21D6A0E4DEC",
                                     "{6A0E4DEC-AF52-4D70-8B80-A21D6A0E4DEC",
                                     "6A0E4DEC-AF52-4D70-8B80-A21D6A0E4DEG" };
  g_autofree char *braced = cairn_guid_normalize ("{6a0e4dec-af52-4d70-8b80-a21d6a0e4dec}");

  g_assert_cmpstr (braced, ==, VM);
  g_assert_null (cairn_guid_normalize (NULL));
  for (size_t i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_null (cairn_guid_normalize (bad[i]));
}

static void
test_instance_id (void)
{
  static const char *const bad[] = { "",
                                     "Microsoft:",
                                     "Microsoft:" VM,
                                     "Microsoft:" VM "\\",
                                     "Microsoft:" VM "\\" POINT "\\x",
                                     "Microsoft:" VM "\\not-a-guid",
                                     VM "\\" POINT };
  g_autofree char *id = cairn_instance_id_format (VM, POINT);
  g_autofree char *vm = NULL;
  g_autofree char *point = NULL;

  g_assert_cmpstr (id, ==, "Microsoft:" VM "\\" POINT);
  g_assert_true (cairn_instance_id_parse (id, &vm, &point));
  g_assert_cmpstr (vm, ==, VM);
  g_assert_cmpstr (point, ==, POINT);
  for (size_t i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (cairn_instance_id_parse (bad[i], NULL, NULL));
}

static void
test_disk_identifier (void)
{
  g_autofree char *id = cairn_disk_identifier_format (VM, POINT, 1, 63);
  g_autofree char *guid = NULL;
  unsigned controller, location;

  g_assert_cmpstr (id, ==, "Microsoft:" VM "\\" POINT "\\1\\63\\L");
  g_assert_true (cairn_disk_identifier_parse (id, &guid, &controller, &location));
  g_assert_cmpstr (guid, ==, POINT);
  g_assert_cmpuint (controller, ==, 1);
  g_assert_cmpuint (location, ==, 63);
  g_free (g_steal_pointer (&guid));
  g_assert_false (cairn_disk_identifier_parse ("Microsoft:" VM "\\" POINT "\\1\\63\\D", &guid,
                                               &controller, &location));
  g_assert_false (cairn_disk_identifier_parse ("Microsoft:" VM "\\" POINT "\\1\\-3\\L", &guid,
                                               &controller, &location));
}

static void
test_change_tracking_id (void)
{
  g_autofree char *id = cairn_change_tracking_id_format (POINT, 1);

  g_assert_cmpstr (id, ==, "rctX:0192f000:0000:7000:8000:000000000001:00000002");
  g_assert_true (cairn_change_tracking_id_is_valid (id));
  g_assert_true (
      cairn_change_tracking_id_is_valid ("rctX:5bfde23b:ce75:4303:b54f:6c18394f105c:00000001"));
  g_assert_false (cairn_change_tracking_id_is_valid (NULL));
  g_assert_false (
      cairn_change_tracking_id_is_valid ("rctX:5bfde23b-ce75-4303-b54f-6c18394f105c:00000001"));
  g_assert_false (
      cairn_change_tracking_id_is_valid ("rctX:5bfde23b:ce75:4303:b54f:6c18394f105c:0000000g"));
  g_assert_false (
      cairn_change_tracking_id_is_valid ("rctX:5bfde23b:ce75:4303:b54f:6c18394f105c:1"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/guid/v7-sorts-by-time", test_v7_sorts_by_time);
  g_test_add_func ("/guid/v7-entropy", test_v7_entropy);
  g_test_add_func ("/guid/normalize", test_normalize);
  g_test_add_func ("/guid/instance-id", test_instance_id);
  g_test_add_func ("/guid/disk-identifier", test_disk_identifier);
  g_test_add_func ("/guid/change-tracking-id", test_change_tracking_id);
  return g_test_run ();
}
