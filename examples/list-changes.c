/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* list-changes STORE_URI [POINT]: lists the reference points of a store, or the changes since one.
 *
 * Build: cc list-changes.c $(pkg-config --cflags --libs libcairn) -o list-changes */
#include <cairn/cairn.h>
#include <stdio.h>

static void
print_changes (const CairnDiskChanges *disk)
{
  for (guint i = 0; disk->extents && i < disk->extents->len; i++)
    {
      CairnExtent extent = g_array_index (disk->extents, CairnExtent, i);

      printf ("%s %ju %ju\n", disk->target, (uintmax_t)extent.offset_bytes,
              (uintmax_t)extent.length_bytes);
    }
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CairnService) service = cairn_service_open (argc > 1 ? argv[1] : NULL, NULL, &error);
  g_autoptr (GPtrArray) found = NULL; /* also beside an error: what could be told */

  if (service && argc > 2)
    cairn_service_get_changes (service, argv[2], NULL, &found, &error);
  else if (service)
    found = cairn_service_list_reference_points (service, NULL, &error);
  for (guint i = 0; found && i < found->len; i++)
    if (argc > 2)
      print_changes (found->pdata[i]);
    else
      puts (((const CairnPointState *)found->pdata[i])->point->instance_id);
  if (error)
    fprintf (stderr, "list-changes: %s\n", error->message);
  return error ? 1 : 0;
}
