/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* QMP: lines of JSON over a socket. */
#include "tracker/qsd/qmp.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cairn/error.h>

/* How much of a nonsensical answer is quoted in a message. */
#define QUOTED_MAX 80

void
cairn_qmp_init (CairnQmp *qmp, int fd)
{
  fcntl (fd, F_SETFL, O_NONBLOCK);
  qmp->fd = fd;
  qmp->pending = g_string_new (NULL);
}

void
cairn_qmp_clear (CairnQmp *qmp)
{
  if (qmp->fd >= 0)
    close (qmp->fd);
  qmp->fd = -1;
  if (qmp->pending)
    g_string_free (qmp->pending, TRUE);
  qmp->pending = NULL;
}

static gboolean
fail_nonsense (GString *line, GError **error)
{
  g_autofree char *quoted
      = g_utf8_make_valid (line->str, (gssize)MIN (line->len, (gsize)QUOTED_MAX));

  for (char *c = quoted; *c; c++)
    if (g_ascii_iscntrl (*c))
      *c = ' ';
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
               "qemu-storage-daemon answered '%s', which isn't QMP; check what CAIRN_QSD names and "
               "its version",
               quoted);
  return FALSE;
}

static gboolean
fail_gone (int cause, GError **error)
{
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
               "qemu-storage-daemon hung up before it had answered%s%s", cause ? ": " : "",
               cause ? g_strerror (cause) : "");
  return FALSE;
}

static gboolean
wait_ready (CairnQmp *qmp, short events, int64_t deadline, GError **error)
{
  struct pollfd ready = { .fd = qmp->fd, .events = events };

  for (;;)
    {
      int64_t left_us = deadline - g_get_monotonic_time ();
      int result;

      if (left_us <= 0)
        {
          g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_TIMEOUT,
                       "qemu-storage-daemon didn't answer in time; try again, or allow more time");
          return FALSE;
        }
      result = poll (&ready, 1, (int)MIN (left_us / 1000 + 1, (int64_t)1000));
      if (result > 0)
        return TRUE;
      if (result < 0 && errno != EINTR)
        return fail_gone (errno, error);
    }
}

static gboolean
receive (CairnQmp *qmp, int64_t deadline, GError **error)
{
  char piece[4096];
  ssize_t got;

  do
    {
      if (!wait_ready (qmp, POLLIN, deadline, error))
        return FALSE;
      got = recv (qmp->fd, piece, sizeof piece, 0);
    }
  while (got < 0 && (errno == EINTR || errno == EAGAIN));
  if (got <= 0)
    return fail_gone (got < 0 ? errno : 0, error);
  g_string_append_len (qmp->pending, piece, got);
  return TRUE;
}

/* One line without its end; NULL on error. */
static GString *
read_line (CairnQmp *qmp, int64_t deadline, GError **error)
{
  gsize seen = 0;

  for (;;)
    {
      const char *end = memchr (qmp->pending->str + seen, '\n', qmp->pending->len - seen);

      if (end)
        {
          gsize length = (gsize)(end - qmp->pending->str);
          GString *line = g_string_new_len (qmp->pending->str, (gssize)length);

          g_string_erase (qmp->pending, 0, (gssize)length + 1);
          return line;
        }
      seen = qmp->pending->len;
      if (seen > CAIRN_QMP_LINE_MAX)
        return fail_nonsense (qmp->pending, error), NULL;
      if (!receive (qmp, deadline, error))
        return NULL;
    }
}

/* Whether json-glib may be given the line: it recurses, and takes the text for a C string. */
static gboolean
is_safe (const GString *line)
{
  gboolean in_string = FALSE;
  guint depth = 0;

  for (gsize i = 0; i < line->len; i++)
    {
      char c = line->str[i];

      if (c == '\0')
        return FALSE;
      if (in_string && c == '\\')
        i++;
      else if (c == '"')
        in_string = !in_string;
      else if (!in_string && (c == '{' || c == '['))
        depth++;
      else if (!in_string && (c == '}' || c == ']') && depth > 0)
        depth--;
      if (depth > CAIRN_QMP_NESTING_MAX)
        return FALSE;
    }
  return TRUE;
}

/* One message; NULL on error. */
static JsonObject *
read_message (CairnQmp *qmp, int64_t deadline, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  GString *line = read_line (qmp, deadline, error);
  JsonObject *message = NULL;
  JsonNode *root = NULL;

  if (!line)
    return NULL;
  if (is_safe (line) && json_parser_load_from_data (parser, line->str, (gssize)line->len, NULL))
    root = json_parser_get_root (parser);
  if (root && JSON_NODE_HOLDS_OBJECT (root))
    message = json_object_ref (json_node_get_object (root));
  else
    fail_nonsense (line, error);
  g_string_free (line, TRUE);
  return message;
}

gboolean
cairn_qmp_send (CairnQmp *qmp, const char *command, JsonNode *arguments, int64_t deadline,
                GError **error)
{
  g_autoptr (JsonObject) message = json_object_new ();
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  g_autofree char *text = NULL;
  g_autofree char *line = NULL;
  gsize length, sent = 0;

  json_object_set_string_member (message, "execute", command);
  if (arguments)
    json_object_set_member (message, "arguments", json_node_copy (arguments));
  json_node_set_object (root, message);
  text = json_to_string (root, FALSE);
  line = g_strconcat (text, "\n", NULL);
  length = strlen (line);
  while (sent < length)
    {
      ssize_t done = send (qmp->fd, line + sent, length - sent, MSG_NOSIGNAL);

      if (done > 0)
        sent += (gsize)done;
      else if (done < 0 && errno == EAGAIN)
        {
          if (!wait_ready (qmp, POLLOUT, deadline, error))
            return FALSE;
        }
      else if (done == 0 || errno != EINTR)
        return fail_gone (errno, error);
    }
  return TRUE;
}

static const char *
string_member (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  if (!node || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    return "";
  return json_node_get_string (node);
}

static gboolean
fail_refused (const char *command, JsonObject *answer, GError **error)
{
  JsonNode *node = json_object_get_member (answer, "error");
  JsonObject *refusal = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  const char *class = refusal ? string_member (refusal, "class") : "";
  const char *why = refusal ? string_member (refusal, "desc") : "";

  if (strcmp (class, "CommandNotFound") == 0)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE,
                 "qemu-storage-daemon doesn't know the command '%s'; install QEMU 7.2 or newer",
                 command);
  else
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED, "qemu-storage-daemon refused '%s': %s",
                 command, *why ? why : "it gave no reason");
  return FALSE;
}

static gboolean
read_answer (CairnQmp *qmp, const char *command, int64_t deadline, GError **error)
{
  for (;;)
    {
      g_autoptr (JsonObject) message = read_message (qmp, deadline, error);

      if (!message)
        return FALSE;
      if (json_object_has_member (message, "return"))
        return TRUE;
      if (json_object_has_member (message, "error"))
        return fail_refused (command, message, error);
      if (!json_object_has_member (message, "event"))
        {
          g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
                       "qemu-storage-daemon answered '%s' with neither a result nor an error; "
                       "check what CAIRN_QSD names and its version",
                       command);
          return FALSE;
        }
    }
}

gboolean
cairn_qmp_run (CairnQmp *qmp, const char *command, JsonNode *arguments, int64_t deadline,
               GError **error)
{
  return cairn_qmp_send (qmp, command, arguments, deadline, error)
         && read_answer (qmp, command, deadline, error);
}

gboolean
cairn_qmp_greet (CairnQmp *qmp, int64_t deadline, GError **error)
{
  g_autoptr (JsonObject) greeting = read_message (qmp, deadline, error);

  if (!greeting)
    return FALSE;
  if (!json_object_has_member (greeting, "QMP"))
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
                   "qemu-storage-daemon didn't greet as QMP demands; check what CAIRN_QSD names "
                   "and its version");
      return FALSE;
    }
  return cairn_qmp_run (qmp, "qmp_capabilities", NULL, deadline, error);
}
