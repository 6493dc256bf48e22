/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* log.h: lines of the listener for the daemon's log (cairn_http_set_log). Any thread. */
#ifndef HTTP_LOG_H
#define HTTP_LOG_H

#include <glib.h>
#include <syslog.h>

/* One line; dropped while nobody listens. What comes from outside goes through http_log_escape. */
void http_log (int level, const char *request_id, const char *format, ...) G_GNUC_PRINTF (3, 4);

/* TEXT with control characters, quotes and what isn't UTF-8 as \xNN, cut off at 128 bytes. Caller
 * frees. */
char *http_log_escape (const char *text);

#endif
