/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* list-changes STORE_URI [POINT]: lists the reference points of a store, or the changes since one.
 *
 * Build: cc list-changes.c $(pkg-config --cflags --libs libcairn) -o list-changes */
#include <cairn/cairn.h>
#include <inttypes.h>
#include <stdio.h>

static gboolean
list_points (CairnService *service, GError **error)
{
  g_autoptr (GPtrArray) states = cairn_service_list_reference_points (service, NULL, error);

  for (guint i = 0; states && i < states->len; i++)
    puts (((CairnPointState *)states->pdata[i])->point->instance_id);
  return states != NULL;
}

static gboolean
list_changes (CairnService *service, const char *point, GError **error)
{
  g_autoptr (GPtrArray) disks = NULL;
  gboolean whole = cairn_service_get_changes (service, point, NULL, &disks, error);

  for (guint i = 0; disks && i < disks->len; i++)
    {
      const CairnDiskChanges *disk = disks->pdata[i];

      for (guint j = 0; disk->extents && j < disk->extents->len; j++)
        {
          CairnExtent extent = g_array_index (disk->extents, CairnExtent, j);

          printf ("%s %" PRIu64 " %" PRIu64 "\n", disk->target, extent.offset_bytes,
                  extent.length_bytes);
        }
    }
  return whole;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CairnService) service = cairn_service_open (argc > 1 ? argv[1] : NULL, NULL, &error);

  if (service
      && (argc > 2 ? list_changes (service, argv[2], &error) : list_points (service, &error)))
    return 0;
  fprintf (stderr, "list-changes: %s\n", error->message);
  return 1;
}
