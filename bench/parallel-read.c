/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads files from beginning to end, each by a thread of its own: what the disk, or the page cache,
 * gives to whoever does nothing else with it. parallel-read FILE... */
#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <unistd.h>

#define PIECE_BYTES (1u << 20)

static gpointer
read_file (gpointer path)
{
  void *buffer = aligned_alloc (4096, PIECE_BYTES);
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  ssize_t n = 1;

  if (fd < 0)
    exit (1);
  while (n > 0)
    n = read (fd, buffer, PIECE_BYTES);
  close (fd);
  free (buffer);
  return GINT_TO_POINTER (n < 0);
}

int
main (int argc, char **argv)
{
  g_autoptr (GPtrArray) threads = g_ptr_array_new ();
  gboolean failed = FALSE;

  for (int i = 1; i < argc; i++)
    g_ptr_array_add (threads, g_thread_new ("read", read_file, argv[i]));
  for (guint i = 0; i < threads->len; i++)
    failed |= GPOINTER_TO_INT (g_thread_join (threads->pdata[i]));
  return failed;
}
