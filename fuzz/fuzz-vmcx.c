/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz-vmcx.c: reader, replay log, values, recovery and writer of containers.
 *
 * Besides not crashing, a container that is accepted must: be walked and fetched in bounds; give
 * the same tree again from its recovered copy, which has no log pending; and, where its tree can be
 * written, give the same tree when it is read back. */
#include "target.h"

#include "../tests/vmcx-fixture.h"
#include "vmcx-form.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Small, so that the limits are met too and an input takes no time. */
static const VmcxLimits limits
    = { .table_bytes = 1u << 20, .log_bytes = 1u << 18, .value_bytes = 1u << 16 };

static char *directory; /* for the recovered copies */

static void
remove_directory (void)
{
  g_rmdir (directory);
}

static void
require (gboolean condition)
{
  if (!condition)
    abort ();
}

static void
recover (int fd, const VmcxFile *file)
{
  g_autofree char *in = g_strdup_printf ("/proc/self/fd/%d", fd);
  g_autofree char *out = g_build_filename (directory, "out", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (VmcxFile) repaired = NULL;

  require (vmcx_recover (in, out, &limits, &error));
  repaired = vmcx_file_open (out, &limits, &error);
  require (repaired && vmcx_file_n_pending (repaired) == 0);
  if (vmcx_file_verify_values (file, NULL))
    require (vmcx_fixture_equal (vmcx_file_root (file), vmcx_file_root (repaired)));
  g_unlink (out);
}

/* Writing gives each node's children the numbers from 1 on, so the copy is the measure. */
static void
rewrite (const VmcxFile *file)
{
  g_autoptr (VmcxTree) tree = vmcx_tree_new ();
  g_autoptr (GByteArray) none = g_byte_array_new ();
  g_autoptr (VmcxFile) again = NULL;
  g_autoptr (GError) error = NULL;
  int fd;

  if (!vmcx_key_add_copy (vmcx_tree_root (tree), vmcx_file_root (file), NULL))
    return;
  fd = vmcx_fixture_memory (none);
  if (vmcx_tree_write_fd (tree, fd, NULL, &error))
    {
      again = vmcx_file_open_fd (fd, "again", &(VmcxLimits){ .table_bytes = 1u << 26 }, NULL);
      require (again && vmcx_fixture_equal (vmcx_tree_root (tree), vmcx_file_root (again)));
    }
  else
    require (error->code == VMCX_ERROR_ARGUMENT); /* a '/' in a name */
  close (fd);
}

static void
fetch_strings (const VmcxKey *key)
{
  for (; key; key = vmcx_key_next (key))
    {
      g_autofree char *text = vmcx_key_dup_string (key, NULL);

      require (!text || g_utf8_validate (text, -1, NULL));
      require (vmcx_key_lookup (vmcx_key_parent (key), vmcx_key_name (key))
               || strchr (vmcx_key_name (key), '/'));
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size)
{
  g_autoptr (GByteArray) container = vmcx_form_expand (bytes, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (VmcxFile) file = NULL;
  int fd = vmcx_fixture_memory (container);

  if (!directory)
    {
      /* In memory where possible: a recovery flushes what it wrote. */
      char in_memory[] = "/dev/shm/fuzz-vmcx-XXXXXX";

      directory = g_mkdtemp (in_memory) ? g_strdup (in_memory)
                                        : g_dir_make_tmp ("fuzz-vmcx-XXXXXX", NULL);
      atexit (remove_directory);
    }
  file = vmcx_file_open_fd (fd, "input", &limits, &error);
  if (!file)
    require (vmcx_error_get_offset (error) >= 0); /* each refusal has its place */
  else
    {
      fetch_strings (vmcx_key_first_child (vmcx_file_root (file)));
      rewrite (file);
      if (vmcx_file_n_pending (file) > 0 || size % 16 == 0) /* copying clean ones is slow */
        recover (fd, file);
    }
  close (fd);
  return 0;
}
