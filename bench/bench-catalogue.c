/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the service's catalogue of points costs: lines "name value unit".
 *
 *   bench-catalogue STORE_FILE      one that fill-store made, of at least 1,000 points
 */
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "provider/catalogue.h"

#define PAGE     1000u
#define REPEATED 200000u
#define N_PAGES  200u

static void
check (gboolean ok, GError *error)
{
  if (ok)
    return;
  fprintf (stderr, "bench-catalogue: %s\n", error ? error->message : "failed");
  exit (1);
}

static GPtrArray *
read_page (CairnCatalogue *catalogue, const char *after, guint limit)
{
  GPtrArray *page = g_ptr_array_new_with_free_func ((GDestroyNotify)cim_instance_unref);
  GError *error = NULL;

  check (cairn_catalogue_page (catalogue, NULL, after, limit, page, &error), error);
  return page;
}

/* All points once; the InstanceIDs of those that fit, of char *. */
static GPtrArray *
walk (CairnCatalogue *catalogue)
{
  GPtrArray *ids = g_ptr_array_new_with_free_func (g_free);
  guint n;

  do
    {
      const char *after = ids->len > 0 ? ids->pdata[ids->len - 1] : NULL;
      g_autoptr (GPtrArray) page = read_page (catalogue, after, PAGE);

      n = page->len;
      for (guint i = 0; i < n; i++)
        g_ptr_array_add (ids, g_strdup (cim_instance_text (page->pdata[i], "InstanceID")));
    }
  while (n == PAGE);
  return ids;
}

static double
since_us (int64_t begin_us)
{
  return (double)(g_get_monotonic_time () - begin_us);
}

static void
bench_get (CairnCatalogue *catalogue, const GPtrArray *ids)
{
  int64_t begin_us = g_get_monotonic_time ();
  GError *error = NULL;

  for (guint i = 0; i < REPEATED; i++)
    {
      g_autoptr (CimInstance) instance
          = cairn_catalogue_get (catalogue, ids->pdata[i * 7919 % ids->len], &error);

      check (instance != NULL, error);
    }
  printf ("catalogue-get %.3f us\n", since_us (begin_us) / REPEATED);
}

static void
bench_page (CairnCatalogue *catalogue)
{
  int64_t begin_us = g_get_monotonic_time ();

  for (guint i = 0; i < N_PAGES; i++)
    {
      g_autoptr (GPtrArray) page = read_page (catalogue, NULL, PAGE);

      check (page->len == PAGE, NULL);
    }
  printf ("catalogue-page-%u %.3f ms\n", PAGE, since_us (begin_us) / 1000 / N_PAGES);
}

int
main (int argc, char **argv)
{
  g_autofree char *uri = argc == 2 ? g_strconcat ("sqlite:", argv[1], NULL) : NULL;
  g_autoptr (GPtrArray) ids = NULL;
  CairnCatalogue *catalogue;
  GError *error = NULL;
  int64_t begin_us;
  size_t before;

  check (uri != NULL, NULL);
  catalogue = cairn_catalogue_new (uri, &error);
  check (catalogue != NULL, error);
  g_ptr_array_unref (read_page (catalogue, NULL, 1));
  before = mallinfo2 ().uordblks;
  begin_us = g_get_monotonic_time ();
  ids = walk (catalogue);
  printf ("catalogue-walk-%u %.3f ms\n", ids->len, since_us (begin_us) / 1000);
  printf ("catalogue-memory %.1f MB\n", (double)(mallinfo2 ().uordblks - before) / 1e6);
  bench_get (catalogue, ids);
  bench_page (catalogue);
  cairn_catalogue_free (catalogue);
  return 0;
}
