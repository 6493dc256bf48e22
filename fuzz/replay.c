/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* replay.c: runs every file of the directories (or files) named through one fuzz target, without
 * libFuzzer: in every check, and for a single crash. */
#include "target.h"

#include <glib.h>
#include <stdio.h>

static guint
replay_file (const char *path)
{
  g_autofree char *content = NULL;
  gsize size;

  if (!g_file_get_contents (path, &content, &size, NULL))
    {
      fprintf (stderr, "%s: can't be read\n", path);
      return 0;
    }
  fprintf (stderr, "# %s\n", path); /* the last one printed is the one that crashed */
  LLVMFuzzerTestOneInput ((const uint8_t *)content, size);
  return 1;
}

static guint
replay_directory (const char *path)
{
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;
  guint n = 0;

  while (directory && (name = g_dir_read_name (directory)))
    {
      g_autofree char *file = g_build_filename (path, name, NULL);

      n += replay_file (file);
    }
  return n;
}

int
main (int argc, char **argv)
{
  puts ("1..1");
  for (int i = 1; i < argc; i++)
    {
      guint n = g_file_test (argv[i], G_FILE_TEST_IS_DIR) ? replay_directory (argv[i])
                                                          : replay_file (argv[i]);

      if (n == 0)
        {
          printf ("not ok 1 - nothing to replay in %s\n", argv[i]);
          return 1;
        }
      printf ("# %u inputs of %s\n", n, argv[i]);
    }
  puts ("ok 1 - no input crashes");
  return 0;
}
