/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs one command and prints "WALL_US CPU_US PEAK_KIB STATUS": from before the spawn to its end,
 * the time it had a processor, and the most memory it had; both with the children that it waited
 * for.
 *
 *   stopwatch OUTPUT_FILE COMMAND [ARGUMENT...]
 *
 * A small process of its own, because a child's peak never shows less than its parent had when it
 * was spawned, and Python has 10 MiB.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int64_t
microseconds (struct timeval time)
{
  return (int64_t)time.tv_sec * 1000000 + time.tv_usec;
}

static int
fail (const char *what, int number)
{
  fprintf (stderr, "stopwatch: %s: %s\n", what, g_strerror (number));
  return 1;
}

int
main (int argc, char **argv)
{
  posix_spawn_file_actions_t actions;
  struct rusage used;
  int64_t begin_us, end_us;
  int status, number;
  pid_t child;

  if (argc < 3)
    return fail (argv[0], EINVAL);
  posix_spawn_file_actions_init (&actions);
  posix_spawn_file_actions_addopen (&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen (&actions, STDOUT_FILENO, argv[1], O_WRONLY | O_CREAT | O_TRUNC,
                                    0600);
  begin_us = g_get_monotonic_time ();
  number = posix_spawnp (&child, argv[2], &actions, NULL, argv + 2, environ);
  if (number != 0)
    return fail (argv[2], number);
  if (wait4 (child, &status, 0, &used) < 0)
    return fail (argv[2], errno);
  end_us = g_get_monotonic_time ();
  posix_spawn_file_actions_destroy (&actions);
  printf ("%" PRId64 " %" PRId64 " %ld %d\n", end_us - begin_us,
          microseconds (used.ru_utime) + microseconds (used.ru_stime), used.ru_maxrss,
          WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status));
  return 0;
}
