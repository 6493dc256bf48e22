/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a connection comes from. */
#include "http/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

/* The IPv4 address in network order, of a connection that came by IPv4 or is mapped to IPv6. */
static gboolean
is_ipv4 (const struct sockaddr *from, guint32 *out_address)
{
  const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)from;

  if (from->sa_family == AF_INET)
    *out_address = ((const struct sockaddr_in *)from)->sin_addr.s_addr;
  else if (from->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED (&six->sin6_addr))
    memcpy (out_address, six->sin6_addr.s6_addr + 12, 4);
  else
    return FALSE;
  return TRUE;
}

HttpAddress
http_address_of (const struct sockaddr *from)
{
  HttpAddress address = { 0, 0 };
  guint32 four;

  if (is_ipv4 (from, &four))
    address.low = (guint64)four + 1; /* never that of a connection without an address */
  else if (from->sa_family == AF_INET6)
    memcpy (&address.high, &((const struct sockaddr_in6 *)from)->sin6_addr, 8);
  return address;
}

gboolean
http_address_is_loopback (const struct sockaddr *from)
{
  guint32 four;

  if (is_ipv4 (from, &four))
    return ntohl (four) >> 24 == 127;
  return from->sa_family == AF_INET6
         && IN6_IS_ADDR_LOOPBACK (&((const struct sockaddr_in6 *)from)->sin6_addr);
}

void
http_address_print (const struct sockaddr *from, char *out, size_t out_bytes)
{
  char text[INET6_ADDRSTRLEN] = "?";
  guint port = 0;
  guint32 four;

  if (from->sa_family == AF_INET)
    port = ntohs (((const struct sockaddr_in *)from)->sin_port);
  else if (from->sa_family == AF_INET6)
    port = ntohs (((const struct sockaddr_in6 *)from)->sin6_port);
  if (is_ipv4 (from, &four))
    inet_ntop (AF_INET, &four, text, sizeof text);
  else if (from->sa_family == AF_INET6)
    inet_ntop (AF_INET6, &((const struct sockaddr_in6 *)from)->sin6_addr, text, sizeof text);
  g_snprintf (out, out_bytes, strchr (text, ':') ? "[%s]:%u" : "%s:%u", text, port);
}

guint
http_address_hash (gconstpointer address)
{
  const HttpAddress *key = address;
  guint64 mixed = (key->high ^ key->low) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);

  return (guint)(mixed >> 32);
}

gboolean
http_address_equal (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, sizeof (HttpAddress)) == 0;
}
