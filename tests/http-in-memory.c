/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http-in-memory.h"

#include <string.h>

struct CairnHttpRequest
{
  HttpInMemory *result;
  CairnCaller *caller;
  const char *const *headers;
  const char *body;
  size_t length;
  gboolean is_overloaded;
};

struct CairnHttpAnswer
{
  guint status;
  GString *headers, *body;
  CairnHttpMoreFunc more;
  gpointer user;
  GDestroyNotify free_user;
};

const char *
cairn_http_request_path (const CairnHttpRequest *request)
{
  (void)request;
  return "/";
}

const char *
cairn_http_request_id (const CairnHttpRequest *request)
{
  (void)request;
  return "1";
}

const char *
cairn_http_request_peer (const CairnHttpRequest *request)
{
  (void)request;
  return "192.0.2.1:4711";
}

const char *
cairn_http_request_header (const CairnHttpRequest *request, const char *name)
{
  for (const char *const *one = request->headers; one && *one; one += 2)
    if (g_ascii_strcasecmp (one[0], name) == 0)
      return one[1];
  return NULL;
}

const char *
cairn_http_request_body (const CairnHttpRequest *request, size_t *length_bytes)
{
  *length_bytes = request->length;
  return request->body;
}

const CairnCaller *
cairn_http_request_caller (const CairnHttpRequest *request)
{
  return request->caller;
}

CairnHttpAnswer *
cairn_http_answer_new (guint status, const char *content_type, GString *body)
{
  CairnHttpAnswer *answer = g_new0 (CairnHttpAnswer, 1);

  answer->status = status;
  answer->headers = g_string_new (NULL);
  answer->body = body ? body : g_string_new (NULL);
  if (content_type)
    cairn_http_answer_add_header (answer, "Content-Type", content_type);
  return answer;
}

void
cairn_http_answer_add_header (CairnHttpAnswer *answer, const char *name, const char *value)
{
  g_string_append_printf (answer->headers, "%s: %s\n", name, value);
}

void
cairn_http_answer_set_message (CairnHttpAnswer *answer, const char *message)
{
  cairn_http_answer_add_header (answer, "X-Cairn-Message", message);
}

void
cairn_http_answer_set_more (CairnHttpAnswer *answer, CairnHttpMoreFunc more, gpointer user,
                            GDestroyNotify free_user)
{
  answer->more = more;
  answer->user = user;
  answer->free_user = free_user;
}

static void
take_pieces (HttpInMemory *result, CairnHttpAnswer *answer)
{
  gboolean goes_on = answer->more != NULL;

  while (goes_on)
    {
      g_autoptr (GString) piece = g_string_new (NULL);

      goes_on = answer->more (answer->user, piece, &result->was_cut_off);
      g_string_append_len (result->body, piece->str, (gssize)piece->len);
      result->n_pieces++;
    }
}

void
cairn_http_request_answer (CairnHttpRequest *request, CairnHttpAnswer *answer)
{
  HttpInMemory *result = request->result;

  /* What an answer still needs mustn't be the request's. */
  cairn_caller_free (request->caller);
  memset (request, 0x5a, sizeof *request);
  g_free (request);

  result->n_answers++;
  result->status = answer->status;
  result->headers = answer->headers;
  result->body = answer->body;
  result->n_pieces = 1;
  take_pieces (result, answer);
  if (answer->free_user)
    answer->free_user (answer->user);
  g_free (answer);
}

void
cairn_http_request_defer (CairnHttpRequest *request, CairnHttpWork function,
                          CairnHttpWork overloaded, gpointer user)
{
  request->result->was_deferred = TRUE;
  (request->is_overloaded ? overloaded : function) (request, user);
}

void
cairn_http_request_defer_order (CairnHttpRequest *request, CairnHttpWork function,
                                CairnHttpWork overloaded, gpointer user)
{
  cairn_http_request_defer (request, function, overloaded, user);
}

void
http_in_memory_request (HttpInMemory *result, CairnHttpHandler handler, gpointer user,
                        const char *const *headers, const char *body, size_t length,
                        gboolean is_overloaded)
{
  CairnHttpRequest *request = g_new0 (CairnHttpRequest, 1);

  http_in_memory_clear (result);
  *request = (CairnHttpRequest){ result,       cairn_caller_new_nobody (), headers, body, length,
                                 is_overloaded };
  handler (request, user);
}

void
http_in_memory_clear (HttpInMemory *result)
{
  if (result->headers)
    g_string_free (result->headers, TRUE);
  if (result->body)
    g_string_free (result->body, TRUE);
  *result = (HttpInMemory){ 0 };
}
