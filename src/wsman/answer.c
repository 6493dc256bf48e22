/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers' headers. */
#include "wsman/answer.h"

#include "wsman/names.h"
#include "xml/xml.h"

/* MessageIDs are of this process, and counted: no two are the same, and none costs a random
 * number. */
static void
append_message_id (GString *out)
{
  static gsize first;
  static guint64 count;
  guint64 number;

  if (g_once_init_enter (&first))
    g_once_init_leave (&first, (gsize)g_random_int () | 1);
  number = __atomic_add_fetch (&count, 1, __ATOMIC_RELAXED);
  g_string_append_printf (out, "uuid:%08X-%04X-4000-8000-%012" G_GINT64_MODIFIER "X", (guint)first,
                          (guint)(number >> 48 & 0xFFFF),
                          number & G_GUINT64_CONSTANT (0xFFFFFFFFFFFF));
}

void
wsman_answer_begin_action (GString *out)
{
  wsman_append (out, "<s:Envelope xml:lang=\"en-US\" xmlns:s=\"" WSMAN_NS_SOAP
                     "\" xmlns:a=\"" WSMAN_NS_ADDRESSING "\" xmlns:n=\"" WSMAN_NS_ENUMERATION
                     "\" xmlns:w=\"" WSMAN_NS_WSMAN "\"><s:Header><a:Action>");
}

void
wsman_answer_end_action (GString *out, const char *relates_to)
{
  wsman_append (out, "</a:Action><a:MessageID>");
  append_message_id (out);
  wsman_append (out, "</a:MessageID><a:To>" WSMAN_ANONYMOUS "</a:To>");
  if (relates_to)
    {
      wsman_append (out, "<a:RelatesTo>");
      cairn_xml_append_escaped (out, relates_to);
      wsman_append (out, "</a:RelatesTo>");
    }
}

void
wsman_answer_begin_body (GString *out)
{
  wsman_append (out, "</s:Header><s:Body>");
}

void
wsman_answer_begin (GString *out, const char *action, const char *relates_to)
{
  wsman_answer_begin_action (out);
  g_string_append (out, action);
  wsman_answer_end_action (out, relates_to);
  wsman_answer_begin_body (out);
}

void
wsman_answer_end (GString *out)
{
  wsman_append (out, "</s:Body></s:Envelope>");
}
