/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* WS-Management through the real listener, on a Unix socket. */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "wsman-host.h"

#define WSMAN_PATH "/wsman"
#define GOLDEN     SOURCE_ROOT "/tests/wsman/"

typedef struct
{
  WsmanHost *host;
  char *directory, *socket;
  CairnHttpRoute routes[2];
  CairnHttpOptions options;
  CairnHttp *http;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer user)
{
  g_autoptr (GError) error = NULL;

  fixture->host = wsman_host_new (300);
  fixture->directory = g_dir_make_tmp ("cairn-wsman-XXXXXX", NULL);
  fixture->socket = g_build_filename (fixture->directory, "socket", NULL);
  fixture->routes[0] = (CairnHttpRoute){ .path = WSMAN_PATH,
                                         .method = "POST",
                                         .listeners = 1u << CAIRN_HTTP_UNIX,
                                         .allows_anonymous = wsman_allows_anonymous,
                                         .handler = wsman_handle,
                                         .user = &fixture->host->server };
  memset (fixture->options.sockets, 0xFF, sizeof fixture->options.sockets); /* all -1 */
  fixture->options.addresses[CAIRN_HTTP_UNIX] = fixture->socket;
  fixture->http = cairn_http_new (&fixture->options, fixture->routes, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *fixture, gconstpointer user)
{
  cairn_http_free (fixture->http, 1000);
  wsman_host_free (fixture->host);
  g_unlink (fixture->socket);
  g_rmdir (fixture->directory);
  g_free (fixture->socket);
  g_free (fixture->directory);
}

static void
write_all (int fd, const char *bytes, size_t length)
{
  while (length > 0)
    {
      ssize_t n = write (fd, bytes, length);

      g_assert_cmpint (n, >, 0);
      bytes += n;
      length -= (size_t)n;
    }
}

/* The whole answer, headers and body. */
static char *
exchange (const Fixture *fixture, const char *content_type, const char *body)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_autofree char *head
      = g_strdup_printf ("POST " WSMAN_PATH " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                         "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n",
                         content_type, strlen (body));
  GString *answer = g_string_new (NULL);
  char buffer[8192];
  ssize_t n;

  g_strlcpy (address.sun_path, fixture->socket, sizeof address.sun_path);
  g_assert_cmpint (connect (fd, (const struct sockaddr *)&address, sizeof address), ==, 0);
  write_all (fd, head, strlen (head));
  write_all (fd, body, strlen (body));
  while ((n = read (fd, buffer, sizeof buffer)) > 0)
    g_string_append_len (answer, buffer, n);
  close (fd);
  return g_string_free (answer, FALSE);
}

static char *
post_golden (const Fixture *fixture, const char *name, const char *from, const char *to)
{
  g_autofree char *path = g_strdup_printf (GOLDEN "%s.request.xml", name);
  g_autofree char *text = NULL;
  g_autoptr (GString) changed = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  changed = g_string_new (text);
  if (from)
    g_assert_cmpuint (g_string_replace (changed, from, to, 1), ==, 1);
  return exchange (fixture, "application/soap+xml;charset=UTF-8", changed->str);
}

static void
check (const char *answer, const char *status, const char *text)
{
  g_test_message ("%.3000s", answer);
  g_assert_true (g_str_has_prefix (answer, status));
  g_assert_nonnull (strstr (answer, text));
}

/* At once on the listener's thread, and on one that may wait. */
static void
test_answers (Fixture *fixture, gconstpointer user)
{
  g_autofree char *get = post_golden (fixture, "get-point-dmtf", NULL, NULL);
  g_autofree char *get_slow = post_golden (fixture, "enumerate-optimized", NULL, NULL);
  g_autofree char *failed = post_golden (fixture, "invoke-import-fails", NULL, NULL);
  g_autofree char *fault = post_golden (fixture, "fault-not-found", "000000000099", "000000000999");

  check (get, "HTTP/1.1 200 ", "Content-Type: application/soap+xml;charset=UTF-8\r\n");
  check (get, "HTTP/1.1 200 ", "</p:Msvm_VirtualSystemReferencePoint></s:Body>");
  check (get_slow, "HTTP/1.1 200 ", "<w:EndOfSequence/>");
  check (failed, "HTTP/1.1 200 ", "X-Cairn-Message: '/bad.vmcx' isn't a file of VM");
  check (fault, "HTTP/1.1 500 ", "a:DestinationUnreachable");
}

/* A sentence that names what the client made long is cut, and doesn't cost the answer. */
static void
test_long_message (Fixture *fixture, gconstpointer user)
{
  g_autofree char *xs = g_strnfill (500000, 'x');
  g_autofree char *path = g_strconcat ("/bad", xs, NULL);
  g_autofree char *answer = post_golden (fixture, "invoke-import-fails", "/bad.vmcx", path);

  check (answer, "HTTP/1.1 200 ", "<p:ReturnValue>32773</p:ReturnValue>");
  g_assert_cmpuint (strlen (answer), <, 4000);
}

/* What a web page could make a browser post, with the user's credentials, isn't taken. */
static void
test_content_type (Fixture *fixture, gconstpointer user)
{
  static const char *const others[]
      = { "text/plain", "application/x-www-form-urlencoded", "text/plain;xml", "" };

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autofree char *answer = exchange (fixture, others[i], "<s:Envelope/>");

      check (answer, "HTTP/1.1 415 ", "Content-Type");
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/wsman-http/answers", Fixture, NULL, set_up, test_answers, tear_down);
  g_test_add ("/wsman-http/long-message", Fixture, NULL, set_up, test_long_message, tear_down);
  g_test_add ("/wsman-http/content-type", Fixture, NULL, set_up, test_content_type, tear_down);
  return g_test_run ();
}
