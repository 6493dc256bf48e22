/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What goes back. */
#include "http/answer.h"

#include <string.h>

#include "http/stream.h"

typedef struct
{
  const char *name;
  char *value;
} Header;

/* Of a sentence in a header and the log: it may name a path that a client made as long as it likes,
 * and a header that doesn't fit into the connection's memory costs the whole answer. */
#define MESSAGE_BYTES_MAX 1000u

#define HEADERS_MAX       8 /* our own; the protocols have two or three */

struct CairnHttpAnswer
{
  guint status;
  const char *content_type;
  GString *body;
  char *message; /* for the log; or NULL */
  guint n_headers;
  Header headers[HEADERS_MAX];
  CairnHttpMoreFunc more;
  gpointer user;
  GDestroyNotify free_user;
};

CairnHttpAnswer *
cairn_http_answer_new (guint status, const char *content_type, GString *body)
{
  CairnHttpAnswer *answer = g_new0 (CairnHttpAnswer, 1);

  answer->status = status;
  answer->content_type = content_type;
  answer->body = body;
  return answer;
}

CairnHttpAnswer *
http_answer_new_sentence (guint status, const char *text)
{
  GString *body = g_string_new (text);

  g_string_append_c (body, '\n');
  return cairn_http_answer_new (status, "text/plain; charset=utf-8", body);
}

/* What a header field can hold. Source: RFC 9110 section 5.5. */
static void
replace_others (char *value)
{
  for (char *p = value; *p; p++)
    if ((guchar)*p < ' ' || (guchar)*p >= 0x7f)
      *p = '?';
}

void
cairn_http_answer_add_header (CairnHttpAnswer *answer, const char *name, const char *value)
{
  Header *header = &answer->headers[answer->n_headers];

  g_assert (answer->n_headers < HEADERS_MAX);
  header->name = name;
  header->value = g_strdup (value);
  replace_others (header->value);
  answer->n_headers++;
}

void
cairn_http_answer_set_message (CairnHttpAnswer *answer, const char *message)
{
  answer->message = g_strndup (message, MESSAGE_BYTES_MAX);
  cairn_http_answer_add_header (answer, "X-Cairn-Message", answer->message);
}

const char *
http_answer_message (const CairnHttpAnswer *answer)
{
  return answer->message;
}

void
cairn_http_answer_set_more (CairnHttpAnswer *answer, CairnHttpMoreFunc more, gpointer user,
                            GDestroyNotify free_user)
{
  answer->more = more;
  answer->user = user;
  answer->free_user = free_user;
}

static struct MHD_Response *
response_of (CairnHttpAnswer *answer, struct MHD_Connection *mhd, HttpWorkers *work,
             const gint *is_cut)
{
  GString *body = g_steal_pointer (&answer->body);
  size_t length_bytes = body ? body->len : 0;

  if (answer->more)
    return http_stream_response (mhd, work, body, answer->more, answer->user, answer->free_user,
                                 is_cut);
  return MHD_create_response_from_buffer_with_free_callback (
      length_bytes, body ? g_string_free (body, FALSE) : NULL, g_free);
}

struct MHD_Response *
http_answer_take (CairnHttpAnswer *answer, struct MHD_Connection *mhd, HttpWorkers *work,
                  const gint *is_cut, guint *out_status)
{
  struct MHD_Response *response = response_of (answer, mhd, work, is_cut);

  g_assert (response);
  if (answer->content_type)
    MHD_add_response_header (response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->content_type);
  for (guint i = 0; i < answer->n_headers; i++)
    {
      MHD_add_response_header (response, answer->headers[i].name, answer->headers[i].value);
      g_free (answer->headers[i].value);
    }
  *out_status = answer->status;
  g_free (answer->message);
  g_free (answer);
  return response;
}
