/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pause.h: a connection rests while another thread works for it.
 *
 * The listener's thread arms, gives the work away and waits; whoever has the work ends the pause,
 * perhaps before the other waits. After the end the listener's thread may free everything, so
 * ending is the last that a worker does with a request.
 */
#ifndef HTTP_PAUSE_H
#define HTTP_PAUSE_H

#include <glib.h>
#include <microhttpd.h>

typedef struct
{
  gint state;
  struct MHD_Connection *connection;
} HttpPause;

void http_pause_arm (HttpPause *pause, struct MHD_Connection *connection);

/* On the listener's thread, in a callback of libmicrohttpd. TRUE: the connection rests now, and the
 * callback is called once more after the end. FALSE: the end came already. */
gboolean http_pause_wait (HttpPause *pause);

/* Any thread, once for each arm. */
void http_pause_end (HttpPause *pause);

/* Is any pause of the process armed and not ended? */
gboolean http_pause_any (void);

#endif
