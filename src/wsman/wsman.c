/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* WS-Management over HTTP. */
#include "wsman/wsman.h"

#include <string.h>

#include "wsman/exchange.h"

#define CONTENT_UTF8                  "application/soap+xml;charset=UTF-8"
#define CONTENT_UTF16                 "application/soap+xml;charset=UTF-16"
#define CONTENT_TEXT                  "text/plain;charset=UTF-8"

#define ANONYMOUS                     "/wsman-anon/"

#define STATUS_UNSUPPORTED_MEDIA_TYPE 415u

gboolean
wsman_allows_anonymous (const CairnHttpRequest *request)
{
  const char *header = cairn_http_request_header (request, "WSMANIDENTIFY");

  return g_str_has_prefix (cairn_http_request_path (request), ANONYMOUS)
         || (header && g_ascii_strcasecmp (header, "unauthenticated") == 0);
}

static void
answer (CairnHttpRequest *request, WsmanExchange *exchange)
{
  CairnHttpAnswer *http
      = cairn_http_answer_new (exchange->status, exchange->is_utf16 ? CONTENT_UTF16 : CONTENT_UTF8,
                               g_steal_pointer (&exchange->out));

  if (exchange->message)
    cairn_http_answer_set_message (http, exchange->message);
  wsman_exchange_free (exchange);
  cairn_http_request_answer (request, http);
}

static void
run (CairnHttpRequest *request, gpointer user)
{
  WsmanExchange *exchange = user;

  wsman_exchange_run (exchange);
  answer (request, exchange);
}

static void
refuse (CairnHttpRequest *request, gpointer user)
{
  WsmanExchange *exchange = user;

  wsman_exchange_refuse (exchange);
  answer (request, exchange);
}

/* A web page can make a browser post what it likes as text/plain, with the user's credentials. */
static gboolean
is_xml (const char *content_type)
{
  g_autofree char *lower = content_type ? g_ascii_strdown (content_type, -1) : NULL;

  return lower && (g_str_has_prefix (lower, "application/") || g_str_has_prefix (lower, "text/xml"))
         && strstr (lower, "xml") != NULL;
}

void
wsman_handle (CairnHttpRequest *request, gpointer user)
{
  WsmanPost post = {
    .caller = cairn_http_request_caller (request),
    .request_id = cairn_http_request_id (request),
    .identify_only = g_str_has_prefix (cairn_http_request_path (request), ANONYMOUS),
  };
  WsmanExchange *exchange;

  if (!is_xml (cairn_http_request_header (request, "Content-Type")))
    {
      cairn_http_request_answer (
          request, cairn_http_answer_new (
                       STATUS_UNSUPPORTED_MEDIA_TYPE, CONTENT_TEXT,
                       g_string_new ("Content-Type isn't application/soap+xml; post that\n")));
      return;
    }
  post.bytes = cairn_http_request_body (request, &post.length_bytes);
  exchange = wsman_exchange_new (user, &post);
  if (exchange->is_quick)
    run (request, exchange);
  else if (exchange->operation == &wsman_invoke)
    cairn_http_request_defer_order (request, run, refuse, exchange);
  else
    cairn_http_request_defer (request, run, refuse, exchange);
}
