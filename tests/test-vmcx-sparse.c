/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test-vmcx-sparse.c: a container of 64 GiB, nearly all of it holes, opens and recovers at the cost
 * of what it holds: the reader reads tables by position, never the file. */
#include "vmcx-fixture.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FAR        (64ull << 30)
#define FAR_TABLE  FAR
#define FAR_OBJECT (FAR + 0x1000)
#define FAR_LOG    (FAR + 0x2000)

/* Sanitizers make time and memory say nothing. */
#ifdef __SANITIZE_ADDRESS__
#define IS_MEASURABLE FALSE
#else
#define IS_MEASURABLE TRUE
#endif

static void
write_all (int fd, const void *bytes, size_t length, off_t offset)
{
  g_assert_cmpint (pwrite (fd, bytes, length, offset), ==, (gssize)length);
}

static GByteArray *
small_file (void)
{
  g_autoptr (VmcxTree) tree = vmcx_tree_new ();
  g_autofree guint8 *content = g_malloc (0x900);
  g_autoptr (GBytes) bytes = NULL;

  memset (content, 0x5a, 0x900);
  bytes = g_bytes_new_static (content, 0x900);
  vmcx_key_add_array (vmcx_tree_root (tree), "a", bytes);
  vmcx_key_add_int (vmcx_tree_root (tree), "i", 7);
  return vmcx_fixture_write (tree, NULL);
}

/* Key table, file object and log move to 64 GiB. With IS_DIRTY the table there is torn, and the log
 * holds it. */
static void
make_sparse (const char *path, gboolean is_dirty)
{
  g_autoptr (GByteArray) bytes = small_file ();
  guint8 *table = bytes->data + 0x3000, *log = bytes->data + 0x5000;
  int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

  g_assert_cmpint (fd, >=, 0);
  for (size_t copy = 0; copy <= 0x1000; copy += 0x1000)
    {
      vmcx_fixture_put64 (bytes, copy + 26, FAR_LOG);
      vmcx_fixture_seal (bytes, copy, 46, 4);
    }
  vmcx_fixture_put64 (bytes, 0x2008 + 5, FAR_TABLE);
  vmcx_fixture_seal (bytes, 0x2008, 18, 1);
  vmcx_fixture_put64 (bytes, 0x201a + 5, FAR_OBJECT);
  vmcx_fixture_seal (bytes, 0x201a, 18, 1);
  vmcx_fixture_put64 (bytes, 0x300a + 23 + 4, FAR_OBJECT);
  vmcx_fixture_seal (bytes, 0x300a, 35, 12);
  if (is_dirty)
    {
      vmcx_fixture_put64 (bytes, 0x5000 + 34, FAR_TABLE);
      vmcx_fixture_put32 (bytes, 0x5000 + 34 + 8, 0x1000);
      vmcx_fixture_put64 (bytes, 0x5000 + 34 + 12, 0x1000);
      vmcx_fixture_put32 (bytes, 0x5000 + 34 + 24, vmcx_fixture_crc (table, 0x1000));
      vmcx_fixture_seal (bytes, 0x5000 + 34, 28, 20);
      vmcx_fixture_put32 (bytes, 0x5000 + 8, 1);
      vmcx_fixture_seal (bytes, 0x5000, 34, 4);
      write_all (fd, table, 0x1000, FAR_LOG + 0x1000);
    }
  write_all (fd, bytes->data, 0x3000, 0);
  if (!is_dirty)
    write_all (fd, table, 0x1000, FAR_TABLE);
  write_all (fd, bytes->data + 0x4000, 0x900, FAR_OBJECT);
  write_all (fd, log, 0x1000, FAR_LOG);
  close (fd);
}

static gint64
resident_bytes (void)
{
  g_autofree char *text = NULL;
  char *pages;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  pages = strchr (text, ' ');
  return g_ascii_strtoll (pages, NULL, 10) * sysconf (_SC_PAGESIZE);
}

static void
assert_content (const char *path, uint32_t n_pending)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VmcxFile) file = vmcx_file_open (path, NULL, &error);
  g_autoptr (GBytes) value = NULL;
  int64_t number = 0;

  g_assert_no_error (error);
  g_assert_cmpuint (vmcx_file_n_pending (file), ==, n_pending);
  value = vmcx_key_dup_array (vmcx_key_lookup (vmcx_file_root (file), "a"), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (value), ==, 0x900);
  g_assert_cmpuint (((const guint8 *)g_bytes_get_data (value, NULL))[0x8ff], ==, 0x5a);
  g_assert_true (vmcx_key_get_int (vmcx_key_lookup (vmcx_file_root (file), "i"), &number, &error));
  g_assert_cmpint (number, ==, 7);
}

static void
test_open (gconstpointer is_dirty)
{
  g_autofree char *directory = g_dir_make_tmp ("vmcx-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "a.vmrs", NULL);
  gint64 before, grown, best = G_MAXINT64;

  make_sparse (path, GPOINTER_TO_INT (is_dirty));
  before = resident_bytes ();
  for (int i = 0; i < 5; i++)
    {
      gint64 start = g_get_monotonic_time ();

      assert_content (path, (uint32_t)GPOINTER_TO_INT (is_dirty));
      best = MIN (best, g_get_monotonic_time () - start);
    }
  grown = resident_bytes () - before;
  g_test_message ("%" G_GINT64_FORMAT " us, %" G_GINT64_FORMAT " KiB more", best, grown / 1024);
  if (IS_MEASURABLE)
    {
      g_assert_cmpint (best, <, 50000);
      g_assert_cmpint (grown, <, 16 << 20);
    }
  g_unlink (path);
  g_rmdir (directory);
}

/* The copy has the same holes. */
static void
test_recover (void)
{
  g_autofree char *directory = g_dir_make_tmp ("vmcx-XXXXXX", NULL);
  g_autofree char *in = g_build_filename (directory, "in", NULL);
  g_autofree char *out = g_build_filename (directory, "out", NULL);
  g_autoptr (GError) error = NULL;
  struct stat status;

  make_sparse (in, TRUE);
  g_assert_true (vmcx_recover (in, out, NULL, &error));
  g_assert_no_error (error);
  assert_content (out, 0);
  g_assert_cmpint (stat (out, &status), ==, 0);
  g_assert_cmpint (status.st_size, >, (gint64)FAR);
  g_assert_cmpint (status.st_blocks * 512, <, 4 << 20);
  g_unlink (in);
  g_unlink (out);
  g_rmdir (directory);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/vmcx/sparse/open", GINT_TO_POINTER (FALSE), test_open);
  g_test_add_data_func ("/vmcx/sparse/open-dirty", GINT_TO_POINTER (TRUE), test_open);
  g_test_add_func ("/vmcx/sparse/recover", test_recover);
  return g_test_run ();
}
