/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* address.h: where a connection comes from, as far as limits go by it. */
#ifndef HTTP_ADDRESS_H
#define HTTP_ADDRESS_H

#include <glib.h>
#include <sys/socket.h>

/* An IPv4 address, or the 64 bits that one IPv6 site has to itself. */
typedef struct
{
  guint64 high;
  guint64 low;
} HttpAddress;

HttpAddress http_address_of (const struct sockaddr *from);
gboolean http_address_is_loopback (const struct sockaddr *from);

/* "192.0.2.1:4711", "[::1]:4711"; an IPv4 address in an IPv6 one as the former. */
void http_address_print (const struct sockaddr *from, char *out, size_t out_bytes);

/* For GHashTable. */
guint http_address_hash (gconstpointer address);
gboolean http_address_equal (gconstpointer a, gconstpointer b);

#endif
