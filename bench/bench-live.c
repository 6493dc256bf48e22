/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A running domain's points against libvirt's bare calls, in one process, in turn.
 *
 *   bench-live DOMAIN POINTS     prints lines "NAME VALUE ms"
 *
 * $CAIRN_CONNECT names the connection. The domain has the two disks vda and vdb. POINTS (say 400)
 * are made before the second half of the measurements.
 */
#include <cairn/cairn.h>
#include <libnbd.h>
#include <libvirt/libvirt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS        15
#define REQUEST_BYTES (INT64_C (1) << 31) /* NBD lengths have 32 bits */

typedef struct
{
  virDomainPtr domain;
  CairnService *service;
  const char *vm;
  char *point;     /* the first one, whose changes are told */
  char *directory; /* for the bare backup's socket and scratch files */
} Bench;

static void
stop (const char *what, const GError *error)
{
  fprintf (stderr, "bench-live: %s%s%s\n", what, error ? ": " : "", error ? error->message : "");
  exit (1);
}

static int
compare (const void *a, const void *b)
{
  double left = *(const double *)a, right = *(const double *)b;

  return left < right ? -1 : left > right;
}

static void
print (const char *name, const char *suffix, double *ms)
{
  qsort (ms, ROUNDS, sizeof *ms, compare);
  printf ("%s%s %.3f ms\n", name, suffix, ms[ROUNDS / 2]);
}

static double
since (gint64 begin_us)
{
  return (double)(g_get_monotonic_time () - begin_us) / 1000;
}

/* ---- create ---- */

static double
create_bare (const Bench *bench)
{
  static const char xml[] = "<domaincheckpoint><name>bare</name><disks>"
                            "<disk name='vda' checkpoint='bitmap'/>"
                            "<disk name='vdb' checkpoint='bitmap'/></disks></domaincheckpoint>";
  gint64 begin_us = g_get_monotonic_time ();
  virDomainCheckpointPtr made = virDomainCheckpointCreateXML (bench->domain, xml, 0);
  double ms = since (begin_us);

  if (!made || virDomainCheckpointDelete (made, 0) != 0)
    stop ("libvirt makes no checkpoint", NULL);
  virDomainCheckpointFree (made);
  return ms;
}

static double
create_cairn (const Bench *bench)
{
  g_autoptr (CairnPoint) point = NULL;
  g_autoptr (GError) error = NULL;
  gint64 begin_us = g_get_monotonic_time ();
  gboolean ok = cairn_service_create_reference_point (bench->service, bench->vm, NULL, &point, NULL,
                                                      &error);
  double ms = since (begin_us);

  if (!ok
      || !cairn_service_destroy_reference_point (bench->service, point->instance_id, NULL, FALSE,
                                                 &error))
    stop ("no point", error);
  return ms;
}

/* ---- changes ---- */

static int
count_extent (void *user, const char *context, uint64_t offset, uint32_t *entries, size_t n,
              int *error)
{
  *(size_t *)user += n / 2;
  return 0;
}

static void
list_bare (const char *socket, const char *target, const char *bitmap)
{
  struct nbd_handle *nbd = nbd_create ();
  g_autofree char *context = g_strconcat ("qemu:dirty-bitmap:", bitmap, NULL);
  size_t n = 0;

  if (nbd_add_meta_context (nbd, context) != 0 || nbd_set_export_name (nbd, target) != 0
      || nbd_connect_unix (nbd, socket) != 0)
    stop (nbd_get_error (), NULL);
  for (int64_t at = 0, size = nbd_get_size (nbd); at < size; at += REQUEST_BYTES)
    if (nbd_block_status (nbd, (uint64_t)MIN (REQUEST_BYTES, size - at), (uint64_t)at,
                          (nbd_extent_callback){ .callback = count_extent, .user_data = &n }, 0)
        != 0)
      stop (nbd_get_error (), NULL);
  nbd_close (nbd);
}

static double
changes_bare (const Bench *bench)
{
  const char *bitmap = strrchr (bench->point, '\\') + 1;
  g_autofree char *socket = g_build_filename (bench->directory, "nbd", NULL);
  g_autofree char *xml = g_strdup_printf (
      "<domainbackup mode='pull'><incremental>%s</incremental><server transport='unix' "
      "socket='%s'/><disks>"
      "<disk name='vda' backup='yes' type='file' exportname='vda' exportbitmap='%s'>"
      "<scratch file='%s/a'/></disk>"
      "<disk name='vdb' backup='yes' type='file' exportname='vdb' exportbitmap='%s'>"
      "<scratch file='%s/b'/></disk></disks></domainbackup>",
      bitmap, socket, bitmap, bench->directory, bitmap, bench->directory);
  gint64 begin_us = g_get_monotonic_time ();
  double ms;

  if (virDomainBackupBegin (bench->domain, xml, NULL, 0) != 0)
    stop ("libvirt begins no backup", NULL);
  list_bare (socket, "vda", bitmap);
  list_bare (socket, "vdb", bitmap);
  if (virDomainAbortJob (bench->domain) != 0)
    stop ("libvirt ends no backup", NULL);
  ms = since (begin_us);
  for (char *left; (left = virDomainBackupGetXMLDesc (bench->domain, 0)); free (left))
    g_usleep (1000);
  return ms;
}

static double
changes_cairn (const Bench *bench)
{
  g_autoptr (GPtrArray) disks = NULL;
  g_autoptr (GError) error = NULL;
  gint64 begin_us = g_get_monotonic_time ();

  if (!cairn_service_get_changes (bench->service, bench->point, NULL, &disks, &error))
    stop ("no changes", error);
  return since (begin_us);
}

/* ---- in turn ---- */

static void
measure (const Bench *bench, const char *suffix)
{
  static const struct
  {
    const char *name;
    double (*run) (const Bench *bench);
  } rows[] = {
    { "create_bare", create_bare },
    { "create_cairn", create_cairn },
    { "changes_bare", changes_bare },
    { "changes_cairn", changes_cairn },
  };
  double ms[G_N_ELEMENTS (rows)][ROUNDS];

  for (int i = -1; i < ROUNDS; i++) /* the first warms up */
    for (size_t k = 0; k < G_N_ELEMENTS (rows); k++)
      ms[k][MAX (i, 0)] = rows[k].run (bench);
  for (size_t k = 0; k < G_N_ELEMENTS (rows); k++)
    print (rows[k].name, suffix, ms[k]);
}

static char *
create_kept (const Bench *bench)
{
  g_autoptr (CairnPoint) point = NULL;
  g_autoptr (GError) error = NULL;

  if (!cairn_service_create_reference_point (bench->service, bench->vm, NULL, &point, NULL, &error))
    stop ("no point", error);
  return g_strdup (point->instance_id);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CairnService) service = cairn_service_open (NULL, NULL, &error);
  virConnectPtr conn = service ? virConnectOpen (g_getenv ("CAIRN_CONNECT")) : NULL;
  Bench bench = { .service = service, .vm = argc == 3 ? argv[1] : NULL };
  g_autofree char *many = NULL;

  if (!bench.vm || !conn)
    stop ("give DOMAIN POINTS and CAIRN_CONNECT", error);
  bench.domain = virDomainLookupByName (conn, bench.vm);
  bench.directory = g_dir_make_tmp ("bench-live-XXXXXX", NULL);
  bench.point = create_kept (&bench);
  measure (&bench, "");
  for (int i = 1; i < atoi (argv[2]); i++)
    g_free (create_kept (&bench));
  many = g_strconcat ("_", argv[2], NULL);
  measure (&bench, many);
  rmdir (bench.directory);
  virDomainFree (bench.domain);
  virConnectClose (conn);
  g_free (bench.point);
  g_free (bench.directory);
  return 0;
}
