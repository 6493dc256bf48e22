/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* spawn.h: a child process that dies cleanly with its parent.
 *
 * A QSD that is killed with SIGKILL while it has an image open read-write leaves every bitmap of
 * that image marked in use, so it only ever gets SIGTERM: from us, and from the kernel when the
 * thread that spawned it ends (PR_SET_PDEATHSIG), however that came about.
 *
 * Heartbeat: the child is born with SIGALRM blocked and a timer that raises it, which both survive
 * exec. QSD reads SIGALRM from a descriptor that its main loop polls, and does nothing about it; so
 * it never sleeps through a SIGTERM for longer than a beat. (A script that stands in for QSD for
 * longer than a beat needs `trap '' ALRM`: shells unblock it.)
 *
 * A child is used by one thread, the one that spawned it.
 */
#ifndef CAIRN_QSD_SPAWN_H
#define CAIRN_QSD_SPAWN_H

#include <glib.h>
#include <sys/types.h>

/* What is kept of the child's standard error: a line for each of a hundred disks, not a flood. */
#define CAIRN_CHILD_WORDS_MAX 16384

/* What is quoted of that in a message. */
#define CAIRN_CHILD_QUOTED_MAX 2000

/* Well below CAIRN_IMAGE_LOCK_MS, well above the 15 ms that QSD usually lives. */
#define CAIRN_CHILD_BEAT_MS 250

typedef struct
{
  pid_t pid;      /* 0 once reaped */
  int words_fd;   /* its standard error, or -1 */
  GString *words; /* the last CAIRN_CHILD_WORDS_MAX bytes of that: its reason to end comes last */
  int status;     /* as of waitpid, once reaped */
  gboolean asked; /* we asked it to end */
} CairnChild;

/* Runs ARGV (argv[0] is an absolute path) with standard input and output on /dev/null, a session of
 * its own, default signals, a heartbeat, and of our descriptors exactly KEEP, under their numbers.
 * Fails with SYSTEM_NOT_AVAILABLE. */
gboolean cairn_child_spawn (CairnChild *child, const char *const *argv, const int *keep,
                            size_t n_keep, GError **error);

/* Collects what the child has said, without waiting. */
void cairn_child_listen (CairnChild *child);

/* Waits for the child to end, until DEADLINE; reaps it. FALSE: it still runs. */
gboolean cairn_child_wait (CairnChild *child, int64_t deadline);

/* Asks it to end (SIGTERM) and waits up to TIMEOUT_MS. FALSE: it still runs. */
gboolean cairn_child_end (CairnChild *child, int timeout_ms);

/* The end of what it said so far, printable and on one line; the caller frees it. */
char *cairn_child_words (const CairnChild *child);

/* How it ended and its last words, on one line, for a message; the caller frees it. */
char *cairn_child_epitaph (const CairnChild *child);

/* Lets go of the descriptors. A child that still runs is left alone. */
void cairn_child_clear (CairnChild *child);

#endif
