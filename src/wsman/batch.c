/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Items of one answer. The enumeration is asked for about as many as fit, so that few have to wait:
 * contexts are small. */
#include "wsman/batch.h"

#include <cairn/error.h>

#include "wsman/duration.h"
#include "wsman/names.h"

/* What an item is taken for until one was seen. */
#define ITEM_BYTES_GUESS 4096u

/* In a context's flags: its enumeration has ended, though items wait. */
#define ENDED (G_GUINT64_CONSTANT (1) << 63)

typedef struct
{
  const WsmanBatch *batch;
  CimContext *context;
  WsmanPresentation presentation;
  gsize start;      /* of the items in OUT */
  size_t limit;     /* of OUT, with the items the client may want */
  size_t one_limit; /* the same for an item that comes alone */
  size_t message_limit;
  GString *out;
  guint n;            /* items appended */
  GPtrArray *waiting; /* texts of those that didn't fit */
} Filling;

/* ---- what the client wants ---- */

static gboolean
read_number (CairnXmlDocument *document, const CairnXmlNode *node, guint64 *number, GError **error)
{
  const char *text = cairn_xml_trimmed (document, node);
  char *end;

  *number = g_ascii_strtoull (text, &end, 10); /* too many digits: the greatest */
  if (g_ascii_isdigit (*text) && !*end && *number > 0)
    return TRUE;
  g_set_error (error, WSMAN_FAULT, WSMAN_FAULT_SCHEMA,
               "%s '%.40s' isn't a number greater than 0; correct it", node->name, text);
  return FALSE;
}

gboolean
wsman_batch_read (CairnXmlDocument *document, const CairnXmlNode *body, const char *ns,
                  WsmanBatch *batch, GError **error)
{
  const CairnXmlNode *elements = cairn_xml_child (body, ns, "MaxElements");
  const CairnXmlNode *characters = cairn_xml_child (body, ns, "MaxCharacters");
  const CairnXmlNode *time = cairn_xml_child (body, ns, "MaxTime");
  guint64 number;

  *batch = (WsmanBatch){ .max_elements = 1, .max_characters = G_MAXSIZE };
  if (elements)
    {
      if (!read_number (document, elements, &number, error))
        return FALSE;
      batch->max_elements = (guint)MIN (number, G_MAXINT);
    }
  if (characters)
    {
      if (!read_number (document, characters, &number, error))
        return FALSE;
      batch->max_characters = number;
    }
  if (!time || wsman_duration_parse (cairn_xml_trimmed (document, time), &batch->max_time_ms))
    return TRUE;
  g_set_error_literal (error, WSMAN_FAULT, WSMAN_FAULT_SCHEMA,
                       "MaxTime isn't a duration such as PT10S; correct it");
  return FALSE;
}

/* ---- filling ---- */

/* The item that stands at the end of OUT from START on stays, or waits. */
static void
settle_item (Filling *filling, gsize start)
{
  GString *out = filling->out;

  if (out->len <= (filling->n ? filling->limit : filling->one_limit) && filling->waiting->len == 0)
    {
      filling->n++;
      return;
    }
  g_ptr_array_add (filling->waiting, g_strndup (out->str + start, out->len - start));
  g_string_truncate (out, start);
}

static void
append_waiting (Filling *filling)
{
  g_auto (GStrv) items = wsman_waiting_items_take (filling->context);

  for (char **p = items; p && *p; p++)
    {
      gsize start = filling->out->len;

      if (filling->n == filling->batch->max_elements || filling->waiting->len > 0)
        {
          g_ptr_array_add (filling->waiting, g_strdup (*p));
          continue;
        }
      g_string_append (filling->out, *p);
      settle_item (filling, start);
    }
}

/* How many more will about fit. */
static guint
estimate (const Filling *filling)
{
  size_t each = filling->n ? (filling->out->len - filling->start) / filling->n : ITEM_BYTES_GUESS;
  size_t room = filling->limit - MIN (filling->out->len, filling->limit);

  return (guint)CLAMP (room / MAX (each, 1), 1, filling->batch->max_elements - filling->n);
}

/* One step; running out of time with something to show is none of the failures. */
static gboolean
append_next (Filling *filling, CimCall *call, gboolean *has_ended, gboolean *is_late,
             GError **error)
{
  g_autoptr (GPtrArray) instances
      = g_ptr_array_new_with_free_func ((GDestroyNotify)cim_instance_unref);
  GError *cause = NULL;

  cim_enumeration_next (filling->context->enumeration, call, estimate (filling), instances,
                        has_ended, &cause);
  for (guint i = 0; i < instances->len; i++)
    {
      gsize start = filling->out->len;

      if (wsman_presentation_append (&filling->presentation, filling->out, instances->pdata[i]))
        settle_item (filling, start);
    }
  *is_late = cause && g_error_matches (cause, CAIRN_ERROR, CAIRN_ERROR_TIMEOUT)
             && filling->n + filling->waiting->len > 0;
  if (*is_late)
    g_clear_error (&cause);
  if (cause)
    g_propagate_error (error, cause);
  return !cause;
}

static void
keep_waiting (Filling *filling)
{
  if (filling->waiting->len == 0)
    return;
  g_ptr_array_add (filling->waiting, NULL);
  wsman_waiting_items_set (filling->context, (char **)filling->waiting->pdata);
}

static gboolean
fail_size (const Filling *filling, GError **error)
{
  g_set_error (error, WSMAN_FAULT, WSMAN_FAULT_ENVELOPE_SIZE,
               "one item alone has %zu bytes and doesn't fit into a message of %zu "
               "(w:MaxEnvelopeSize or n:MaxCharacters); allow more",
               strlen (filling->waiting->pdata[0]), filling->message_limit);
  return FALSE;
}

/* The bytes that OUT may have in the end, within LIMIT. */
static size_t
limit_out (const WsmanBatch *batch, const GString *out, size_t limit)
{
  size_t room = limit - MIN (limit, WSMAN_CLOSING_BYTES);

  return batch->max_characters < room - MIN (room, out->len) ? out->len + batch->max_characters
                                                             : room;
}

gboolean
wsman_batch_fill (const WsmanBatch *batch, CimContext *context, CimCall *call, size_t limit,
                  GString *out, gboolean *has_ended, GError **error)
{
  g_autoptr (GPtrArray) waiting = g_ptr_array_new_with_free_func (g_free);
  Filling filling = {
    .batch = batch,
    .context = context,
    .presentation = wsman_presentation_of (context),
    .start = out->len,
    .limit = limit_out (batch, out, MIN (limit, WSMAN_ANSWER_BYTES_MAX)),
    .one_limit = limit_out (batch, out, limit),
    .message_limit = MIN (limit, batch->max_characters),
    .out = out,
    .waiting = waiting,
  };
  gboolean is_at_end = (context->flags & ENDED) != 0, is_late = FALSE, ok = TRUE;

  if (batch->max_time_ms > 0)
    call->deadline = MIN (call->deadline, g_get_monotonic_time () + batch->max_time_ms * 1000);
  append_waiting (&filling);
  while (ok && !is_at_end && !is_late && waiting->len == 0 && filling.n < batch->max_elements)
    ok = append_next (&filling, call, &is_at_end, &is_late, error);
  if (is_at_end)
    context->flags |= ENDED;
  *has_ended = is_at_end && waiting->len == 0;
  if (ok && filling.n == 0 && waiting->len > 0)
    ok = fail_size (&filling, error);
  keep_waiting (&filling);
  return ok;
}
