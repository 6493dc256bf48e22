/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One service that stays open, for tests of programs that run for long: service-shell STORE CONNECT
 *
 * Reads lines "list VM" and "changes POINT" and answers each: "INSTANCE_ID TARGET VERDICT" for each
 * disk of each point, or "TARGET OFFSET LENGTH" for each extent, or "error CODE SENTENCE"; then
 * ".".
 */
#include <cairn/cairn.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void
list (CairnService *service, const char *vm, GError **error)
{
  g_autoptr (GPtrArray) states = cairn_service_list_reference_points (service, vm, error);

  for (guint i = 0; states && i < states->len; i++)
    {
      const CairnPointState *state = states->pdata[i];

      for (guint k = 0; k < state->disks->len; k++)
        {
          const CairnDiskVerdict *disk = state->disks->pdata[k];

          printf ("%s %s %s\n", state->point->instance_id, disk->target,
                  cairn_verdict_name (disk->verdict));
        }
    }
}

static void
tell_changes (CairnService *service, const char *point, GError **error)
{
  g_autoptr (GPtrArray) disks = NULL;

  cairn_service_get_changes (service, point, NULL, &disks, error);
  for (guint i = 0; disks && i < disks->len; i++)
    {
      const CairnDiskChanges *disk = disks->pdata[i];

      for (guint k = 0; disk->extents && k < disk->extents->len; k++)
        {
          const CairnExtent *extent = &g_array_index (disk->extents, CairnExtent, k);

          printf ("%s %" PRIu64 " %" PRIu64 "\n", disk->target, extent->offset_bytes,
                  extent->length_bytes);
        }
    }
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (CairnService) service
      = argc == 3 ? cairn_service_open (argv[1], argv[2], &failure) : NULL;
  char line[1024];

  if (!service)
    {
      fprintf (stderr, "service-shell: %s\n", failure ? failure->message : "wrong usage");
      return 1;
    }
  while (fgets (line, sizeof line, stdin))
    {
      g_autoptr (GError) error = NULL;

      g_strchomp (line);
      if (g_str_has_prefix (line, "list "))
        list (service, line + strlen ("list "), &error);
      else if (g_str_has_prefix (line, "changes "))
        tell_changes (service, line + strlen ("changes "), &error);
      if (error)
        printf ("error %d %s\n", error->code, error->message);
      puts (".");
      fflush (stdout);
    }
  return 0;
}
