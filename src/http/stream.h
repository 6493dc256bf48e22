/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stream.h: an answer that is made piece by piece while it is sent.
 *
 * At most two pieces are in memory: one on its way, the next being made by a worker. A client that
 * reads slowly holds no thread.
 */
#ifndef HTTP_STREAM_H
#define HTTP_STREAM_H

#include <microhttpd.h>

#include "http/http.h"
#include "http/workers.h"

/* Takes over FIRST (NULL: nothing yet) and USER. IS_CUT turns non-zero when the listener ends. */
struct MHD_Response *http_stream_response (struct MHD_Connection *mhd, HttpWorkers *work,
                                           GString *first, CairnHttpMoreFunc more, gpointer user,
                                           GDestroyNotify free_user, const gint *is_cut);

#endif
