/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A server on the listener alone, for tests of it: what a handler can do, over real sockets.
 *
 * Arguments: NAME=VALUE of CairnHttpOptions (wsman=127.0.0.1:0, idle-s=1, ...). Prints "NAME PORT"
 * for each listener, then "ready". Standard input: "reload" and "counts" are answered by a line;
 * its end ends the server. Log lines go to standard error.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/http.h"

static const char *const listener_names[CAIRN_HTTP_N_LISTENERS]
    = { "wsman", "wsman-tls", "cimxml", "cimxml-tls", "unix", "metrics" };

static void
write_line (int level, const char *request_id, const char *line)
{
  fprintf (stderr, "<%d> %s: %s\n", level, request_id ? request_id : "-", line);
}

static void
answer (CairnHttpRequest *request, guint status, GString *body)
{
  cairn_http_request_answer (request, cairn_http_answer_new (status, "text/plain", body));
}

/* Who asked, and what. */
static void
echo (CairnHttpRequest *request, gpointer user)
{
  const CairnCaller *caller = cairn_http_request_caller (request);
  size_t n;
  const char *body = cairn_http_request_body (request, &n);
  GString *out = g_string_new (NULL);

  g_string_printf (out, "%s %u %u %s %s\n", *caller->name ? caller->name : "nobody",
                   (guint)caller->uid, (guint)caller->gid,
                   caller->is_authenticated ? "authenticated" : "anonymous",
                   cairn_http_request_peer (request));
  g_string_append_len (out, body, (gssize)n);
  answer (request, 200, out);
}

/* The body's number of milliseconds later. */
static void
sleep_and_echo (CairnHttpRequest *request, gpointer user)
{
  size_t n;
  gulong ms = strtoul (cairn_http_request_body (request, &n), NULL, 10);

  if (ms)
    g_usleep (ms * 1000);
  echo (request, user);
}

static void
overloaded (CairnHttpRequest *request, gpointer user)
{
  answer (request, 503, g_string_new ("overloaded\n"));
}

static void
defer (CairnHttpRequest *request, gpointer user)
{
  cairn_http_request_defer (request, sleep_and_echo, overloaded, user);
}

typedef struct
{
  guint n_left;
  gboolean fails;
} Pieces;

/* Lines of 64 KiB; then the end, or a failure in the middle of one. */
static gboolean
more (gpointer user, GString *out, gboolean *failed)
{
  Pieces *pieces = user;

  if (pieces->n_left == 0)
    return *failed = pieces->fails, FALSE;
  g_string_set_size (out, 65536);
  memset (out->str, 'a' + (int)(pieces->n_left % 26), 65535);
  out->str[65535] = '\n';
  pieces->n_left--;
  return TRUE;
}

static void
stream (CairnHttpRequest *request, gpointer user)
{
  size_t n;
  const char *body = cairn_http_request_body (request, &n);
  CairnHttpAnswer *streamed = cairn_http_answer_new (200, "text/plain", g_string_new ("first\n"));
  Pieces *pieces = g_new0 (Pieces, 1);

  pieces->fails = body[0] == '!';
  pieces->n_left = (guint)strtoul (body + pieces->fails, NULL, 10);
  cairn_http_answer_add_header (streamed, "X-Test", "a\r\nb\xff");
  cairn_http_answer_set_more (streamed, more, pieces, g_free);
  cairn_http_request_answer (request, streamed);
}

/* A handler that answers from a thread of its own. */
static gpointer
answer_elsewhere (gpointer request)
{
  echo (request, NULL);
  return NULL;
}

static void
elsewhere (CairnHttpRequest *request, gpointer user)
{
  g_thread_unref (g_thread_new ("elsewhere", answer_elsewhere, request));
}

static gboolean
is_hello (const CairnHttpRequest *request)
{
  size_t n;
  const char *body = cairn_http_request_body (request, &n);

  return n == 5 && memcmp (body, "hello", 5) == 0;
}

static const CairnHttpRoute routes[] = {
  { "/echo", "POST", 0x3f, is_hello, echo, NULL },
  { "/defer", "POST", 0x3f, NULL, defer, NULL },
  { "/stream", "POST", 0x3f, NULL, stream, NULL },
  { "/elsewhere", "POST", 0x3f, NULL, elsewhere, NULL },
  { "/get", "GET", 0x3f, NULL, echo, NULL },
  { NULL },
};

static guint
number (const char *text)
{
  return (guint)strtoul (text, NULL, 10);
}

static void
set_option (CairnHttpOptions *options, const char *name, const char *value)
{
  for (int i = 0; i < CAIRN_HTTP_N_LISTENERS; i++)
    if (g_str_equal (name, listener_names[i]))
      options->addresses[i] = value;
  if (g_str_equal (name, "password-file"))
    options->password_file = value;
  else if (g_str_equal (name, "pam-service"))
    options->pam_service = value;
  else if (g_str_equal (name, "pam-directory"))
    options->pam_directory = value;
  else if (g_str_equal (name, "certificate"))
    options->certificate_file = value;
  else if (g_str_equal (name, "key"))
    options->key_file = value;
  else if (g_str_equal (name, "client-ca"))
    options->client_ca_file = value;
  else if (g_str_equal (name, "client-map"))
    options->client_map_file = value;
  else if (g_str_equal (name, "wsman-socket"))
    options->sockets[CAIRN_HTTP_WSMAN] = (int)number (value);
  else if (g_str_equal (name, "workers"))
    options->n_workers = number (value);
  else if (g_str_equal (name, "body-bytes"))
    options->body_bytes_max = number (value);
  else if (g_str_equal (name, "connections"))
    options->connections_max = number (value);
  else if (g_str_equal (name, "per-address"))
    options->connections_per_address_max = number (value);
  else if (g_str_equal (name, "idle-s"))
    options->idle_s = number (value);
}

static void
print_counts (const CairnHttp *http)
{
  CairnHttpCounts counts;
  guint64 requests = 0;

  cairn_http_count (http, &counts);
  for (guint i = 0; i < CAIRN_HTTP_N_LISTENERS; i++)
    requests += counts.requests[i];
  printf ("requests=%" G_GUINT64_FORMAT " ok=%" G_GUINT64_FORMAT " client-errors=%" G_GUINT64_FORMAT
          " refused-sign-ins=%" G_GUINT64_FORMAT " refused-limits=%" G_GUINT64_FORMAT
          " connections=%u under-way=%u checked-passwords=%" G_GUINT64_FORMAT "\n",
          requests, counts.answers_by_class[2], counts.answers_by_class[4], counts.refused_sign_ins,
          counts.refused_limits, counts.connections, counts.requests_under_way,
          counts.checked_passwords);
}

static void
obey (CairnHttp *http)
{
  char line[80];

  while (fgets (line, sizeof line, stdin))
    {
      g_autoptr (GError) error = NULL;

      if (g_str_has_prefix (line, "counts"))
        print_counts (http);
      else if (cairn_http_reload (http, &error))
        puts ("reloaded");
      else
        printf ("%s\n", error->message);
      fflush (stdout);
    }
}

int
main (int argc, char **argv)
{
  CairnHttpOptions options = { 0 };
  g_autoptr (GError) error = NULL;
  CairnHttp *http;

  memset (options.sockets, -1, sizeof options.sockets);
  for (int i = 1; i < argc; i++)
    {
      char *value = strchr (argv[i], '=');

      *value++ = '\0';
      set_option (&options, argv[i], value);
    }
  cairn_http_set_log (write_line);
  http = cairn_http_new (&options, routes, &error);
  if (!http)
    return fprintf (stderr, "%s\n", error->message), EXIT_FAILURE;
  for (int i = 0; i < CAIRN_HTTP_N_LISTENERS; i++)
    printf ("%s %u\n", listener_names[i], cairn_http_port (http, (CairnHttpListener)i));
  puts ("ready");
  fflush (stdout);
  obey (http);
  cairn_http_free (http, 500);
  return EXIT_SUCCESS;
}
