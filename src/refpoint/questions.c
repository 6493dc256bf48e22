/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gathers the questions that are the tracker's to answer. */
#include "refpoint/questions.h"

static void
clear_question (gpointer question)
{
  cairn_question_clear (question);
}

GArray *
cairn_questions_new (void)
{
  GArray *questions = g_array_new (FALSE, FALSE, sizeof (CairnQuestion));

  g_array_set_clear_func (questions, clear_question);
  return questions;
}

gboolean
cairn_questions_ask (CairnService *service, const CairnVm *vm, GArray *questions, int64_t deadline,
                     GError **error)
{
  CairnTracker *tracker = service->tracker;
  g_autofree CairnQuestion *asked = g_new0 (CairnQuestion, questions->len);
  size_t n = 0, next = 0;
  gboolean ok;

  for (guint i = 0; i < questions->len; i++)
    if (!cairn_questions_at (questions, i)->is_settled)
      asked[n++] = *cairn_questions_at (questions, i);
  ok = n == 0 || tracker->ops->changes (tracker, vm, asked, n, deadline, error);
  /* The answers are the list's now, to be cleared with it. */
  for (guint i = 0; i < questions->len; i++)
    if (!cairn_questions_at (questions, i)->is_settled)
      *cairn_questions_at (questions, i) = asked[next++];
  return ok;
}
