/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* child.h: QEMU's programs as child processes that don't outlive their use. */
#ifndef CAIRN_NBD_CHILD_H
#define CAIRN_NBD_CHILD_H

#include <glib.h>

/* Runs ARGV to its end. *OUTPUT is its standard output. Fails with its first line of standard error
 * when its status isn't 0; TIMEOUT kills it. */
gboolean cairn_child_run (const char *const *argv, int64_t deadline, char **output, GError **error);

/* Starts ARGV, a server that takes over a listening socket as systemd hands it (LISTEN_FDS), with
 * its first N connections already made: their other ends go to SOCKETS. It ends when they are
 * closed, also because this process died. *STDERR_FD is its standard error. SECRET (-1 = none) is
 * a descriptor that it gets as number CAIRN_CHILD_SECRET_FD. */
gboolean cairn_child_serve (const char *const *argv, int secret, int *sockets, unsigned n,
                            GPid *pid, int *stderr_fd, GError **error);

#define CAIRN_CHILD_SECRET_FD 4

/* Ends the server, which should be ending already, and reaps it. */
void cairn_child_end (GPid pid);

/* The first line that can be read from FD without waiting, without the program's name. */
char *cairn_child_complaint (int fd);

/* The milliseconds until DEADLINE for poll: 0 when it has passed, at most a minute. */
int cairn_child_milliseconds_left (int64_t deadline);

#endif
