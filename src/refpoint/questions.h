/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* questions.h: what changed on several disks, asked of the tracker together. */
#ifndef CAIRN_QUESTIONS_H
#define CAIRN_QUESTIONS_H

#include "refpoint/operation.h"

/* An empty list of CairnQuestion, which clears what it holds. */
GArray *cairn_questions_new (void);

static inline CairnQuestion *
cairn_questions_at (const GArray *questions, guint index)
{
  return &g_array_index (questions, CairnQuestion, index);
}

/* Has the tracker answer those that aren't settled, all in one call. Fails as the tracker does. */
gboolean cairn_questions_ask (CairnService *service, const CairnVm *vm, GArray *questions,
                              int64_t deadline, GError **error);

#endif
