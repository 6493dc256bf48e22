/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* framing.h: where a request ends, as its headers say it; they must say it once.
 *
 * libmicrohttpd 0.9.75 takes the first of two Content-Length headers, and Transfer-Encoding before
 * Content-Length. A proxy in front may do it the other way, and then what is a body to one is a
 * request to the other.
 */
#ifndef HTTP_FRAMING_H
#define HTTP_FRAMING_H

#include <glib.h>
#include <microhttpd.h>

typedef struct
{
  gboolean is_wrong; /* 400, and the connection ends */
  gboolean is_chunked;
  gboolean expects_continue;
  guint64 length_bytes;      /* as declared */
  const char *authorization; /* NULL = none */
  gboolean has_two_authorizations;
} HttpFraming;

void http_framing_read (struct MHD_Connection *mhd, const char *version, HttpFraming *out);

#endif
