/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* log.h: the daemon's log: standard error, which under systemd is the journal. One line each. */
#ifndef CAIRND_LOG_H
#define CAIRND_LOG_H

#include <glib.h>

/* syslog's levels */
#define CAIRND_LOG_ERROR   3
#define CAIRND_LOG_WARNING 4
#define CAIRND_LOG_NOTICE  5
#define CAIRND_LOG_INFO    6

/* REQUEST_ID may be NULL. Control characters are escaped: a line stays one. Any thread. */
void cairnd_log_line (int level, const char *request_id, const char *line);
void cairnd_log (int level, const char *format, ...) G_GNUC_PRINTF (2, 3);

#endif
