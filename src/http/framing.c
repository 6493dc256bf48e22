/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a request ends. */
#include "http/framing.h"

#include <string.h>

typedef struct
{
  HttpFraming *framing;
  guint n_lengths;
  guint n_encodings;
  guint n_hosts;
  guint n_authorizations;
  const char *length;
  const char *encoding;
} Reading;

static gboolean
is_name (const char *key, size_t n, const char *name)
{
  return n == strlen (name) && g_ascii_strncasecmp (key, name, n) == 0;
}

/* "Content-Length : 5" and the like are other headers to us than to others. Source: RFC 9110
 * section 5.6.2. */
static gboolean
is_token (const char *key, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (!g_ascii_isalnum (key[i]) && !strchr ("-_!#$%&'*+.^`|~", key[i]))
      return FALSE;
  return n > 0;
}

/* A lone CR ends a line to some, and to libmicrohttpd it is part of the value. */
static gboolean
is_value (const char *value, size_t n)
{
  return value && !memchr (value, '\0', n) && !memchr (value, '\r', n) && !memchr (value, '\n', n);
}

static enum MHD_Result
take_header (void *user, enum MHD_ValueKind kind, const char *key, size_t key_bytes,
             const char *value, size_t value_bytes)
{
  Reading *reading = user;

  if (!is_token (key, key_bytes) || !is_value (value, value_bytes))
    reading->framing->is_wrong = TRUE;
  else if (is_name (key, key_bytes, MHD_HTTP_HEADER_CONTENT_LENGTH))
    {
      reading->n_lengths++;
      reading->length = value;
    }
  else if (is_name (key, key_bytes, MHD_HTTP_HEADER_TRANSFER_ENCODING))
    {
      reading->n_encodings++;
      reading->encoding = value;
    }
  else if (is_name (key, key_bytes, MHD_HTTP_HEADER_HOST))
    reading->n_hosts++;
  else if (is_name (key, key_bytes, MHD_HTTP_HEADER_AUTHORIZATION))
    {
      reading->n_authorizations++;
      reading->framing->authorization = value;
    }
  else if (is_name (key, key_bytes, MHD_HTTP_HEADER_EXPECT))
    reading->framing->expects_continue = TRUE;
  return MHD_YES;
}

void
http_framing_read (struct MHD_Connection *mhd, const char *version, HttpFraming *out)
{
  Reading reading = { .framing = out };

  *out = (HttpFraming){ 0 };
  MHD_get_connection_values_n (mhd, MHD_HEADER_KIND, take_header, &reading);
  out->is_chunked = reading.n_encodings > 0;
  out->has_two_authorizations = reading.n_authorizations > 1;
  if (reading.n_lengths > 1 || reading.n_encodings > 1 || reading.n_hosts > 1
      || (reading.n_lengths && reading.n_encodings))
    out->is_wrong = TRUE;
  else if (reading.n_encodings
           && (g_ascii_strcasecmp (reading.encoding, "chunked") != 0
               || strcmp (version, MHD_HTTP_VERSION_1_1) != 0))
    out->is_wrong = TRUE;
  else if (reading.n_lengths)
    out->length_bytes = g_ascii_strtoull (reading.length, NULL, 10);
}
