/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bench-vmcx-read.c: how fast a container of 256 MiB of small keys in key tables of 64 KiB opens,
 * every checksum verified. Prints "vmcx-read N MB/s", the median of the runs (MB = 1,000,000
 * bytes). */
#include <vmcx.h>

#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define N_RUNS          7
#define KEY_TABLE_BYTES 0x10000u
#define CONTAINER_BYTES (256u << 20)
#define GROUP_BYTES     635u /* of one node and the values below it, about */

static const VmcxLimits limits = { .table_bytes = 512u << 20 };

/* Nodes of a dozen values, like the drives and metrics of a VM. */
static void
add_group (VmcxKey *parent, guint i)
{
  VmcxKey *node = vmcx_key_add_node (parent, "drive");

  for (guint n = 0; n < 4; n++)
    {
      vmcx_key_add_int (node, "iops_limit", i);
      vmcx_key_add_string (node, "type", "VHD");
      vmcx_key_add_bool (node, "caching_mode", TRUE);
    }
}

static void
write_container (const char *path, GError **error)
{
  g_autoptr (VmcxTree) tree = vmcx_tree_new ();
  VmcxKey *parent = NULL;

  for (guint i = 0; i < CONTAINER_BYTES / GROUP_BYTES; i++)
    {
      if (i % 16 == 0)
        parent = vmcx_key_add_node (vmcx_tree_root (tree), "controller");
      add_group (parent, i);
    }
  vmcx_tree_write (tree, path, &(VmcxWriteOptions){ .key_table_bytes = KEY_TABLE_BYTES }, error);
}

static int
compare_doubles (const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;

  return x < y ? -1 : x > y;
}

/* Bytes of the file without the empty log at its end. */
static double
table_bytes (const char *path)
{
  GStatBuf status;

  return g_stat (path, &status) == 0 ? (double)status.st_blocks * 512 : 0;
}

static gboolean
measure (const char *path, double rates[N_RUNS], GError **error)
{
  double bytes = table_bytes (path);

  for (int i = 0; i < N_RUNS; i++)
    {
      gint64 start = g_get_monotonic_time ();
      g_autoptr (VmcxFile) file = vmcx_file_open (path, &limits, error);

      if (!file)
        return FALSE;
      rates[i] = bytes / (double)(g_get_monotonic_time () - start);
    }
  qsort (rates, N_RUNS, sizeof *rates, compare_doubles);
  return TRUE;
}

int
main (void)
{
  g_autofree char *directory = g_dir_make_tmp ("bench-vmcx-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "bench.vmcx", NULL);
  g_autoptr (GError) error = NULL;
  double rates[N_RUNS];

  write_container (path, &error);
  if (!error && measure (path, rates, &error))
    printf ("vmcx-read %.0f MB/s\n", rates[N_RUNS / 2]);
  g_unlink (path);
  g_rmdir (directory);
  if (error)
    fprintf (stderr, "%s\n", error->message);
  return error ? 1 : 0;
}
