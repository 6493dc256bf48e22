/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* answer.h: an answer's envelope, around a body that the operation appends.
 *
 * The prefixes s, a, n and w are declared here, and everything relies on them. */
#ifndef WSMAN_ANSWER_H
#define WSMAN_ANSWER_H

#include <glib.h>

/* Up to <s:Body>. RELATES_TO: the request's MessageID, or NULL. */
void wsman_answer_begin (GString *out, const char *action, const char *relates_to);

/* The same in parts, with the action's text and other headers appended in between. */
void wsman_answer_begin_action (GString *out);
void wsman_answer_end_action (GString *out, const char *relates_to);
void wsman_answer_begin_body (GString *out);

void wsman_answer_end (GString *out);

#endif
