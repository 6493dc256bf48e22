/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A user and a password out of an Authorization header. */
#include "http/basic.h"

#include <gnutls/gnutls.h>
#include <string.h>

#define SCHEME         "basic "
#define USER_BYTES_MAX 256 /* LOGIN_NAME_MAX of Linux */

static gboolean
is_base64 (const char *text)
{
  size_t n = strspn (text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
  size_t padding = strspn (text + n, "=");

  return n > 0 && padding <= 2 && text[n + padding] == '\0' && (n + padding) % 4 == 0;
}

/* DECODED isn't terminated. A name with a control character or a NUL in either part would be read
 * differently by those who check it. */
static gboolean
split (const char *decoded, size_t n, HttpBasic *out)
{
  const char *colon = memchr (decoded, ':', n);
  size_t user_bytes = colon ? (size_t)(colon - decoded) : 0;

  if (user_bytes == 0 || user_bytes > USER_BYTES_MAX || memchr (decoded, '\0', n))
    return FALSE;
  for (size_t i = 0; i < user_bytes; i++)
    if (g_ascii_iscntrl (decoded[i]))
      return FALSE;
  out->user = g_strndup (decoded, user_bytes);
  out->password = g_strndup (colon + 1, n - user_bytes - 1);
  return TRUE;
}

gboolean
http_basic_parse (const char *header, HttpBasic *out)
{
  const char *encoded;
  guchar *decoded;
  gboolean is_right;
  gsize n;

  if (g_ascii_strncasecmp (header, SCHEME, strlen (SCHEME)) != 0)
    return FALSE;
  encoded = header + strlen (SCHEME);
  encoded += strspn (encoded, " ");
  if (!is_base64 (encoded))
    return FALSE;
  decoded = g_base64_decode (encoded, &n);
  is_right = split ((const char *)decoded, n, out);
  gnutls_memset (decoded, 0, n);
  g_free (decoded);
  return is_right;
}

void
http_basic_clear (HttpBasic *basic)
{
  if (basic->password)
    gnutls_memset (basic->password, 0, strlen (basic->password));
  g_clear_pointer (&basic->password, g_free);
  g_clear_pointer (&basic->user, g_free);
}
