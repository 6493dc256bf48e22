/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* batch.h: the items that go into one answer. */
#ifndef WSMAN_BATCH_H
#define WSMAN_BATCH_H

#include "wsman/envelope.h"
#include "wsman/presentation.h"

/* However much a client would take: the answer is made in memory. An item that is larger comes
 * alone. */
#define WSMAN_ANSWER_BYTES_MAX (1u << 20)

/* What stands in an answer behind the items, and is put before them. */
#define WSMAN_CLOSING_BYTES 512u

/* More than these are never quick, though each is. */
#define WSMAN_QUICK_ELEMENTS 32u

/* WSMAN's contexts are unknown to other protocols. */
#define WSMAN_CONTEXTS 1u

typedef struct
{
  guint max_elements; /* 1 when the client says nothing (WS-Enumeration, section 3.2) */
  size_t max_characters;
  int64_t max_time_ms; /* 0 = not said */
} WsmanBatch;

/* From the children of n:Enumerate or n:Pull. NS: of MaxElements (w in the one, n in the other). */
gboolean wsman_batch_read (CairnXmlDocument *document, const CairnXmlNode *body, const char *ns,
                           WsmanBatch *batch, GError **error);

/* Appends items to OUT, which becomes at most LIMIT bytes (with what comes behind them), until
 * there are as many as wanted, or time is over. What doesn't fit waits in the context. *HAS_ENDED:
 * there are no more. EncodingLimit: one alone is too large; it waits all the same. TimedOut: none
 * came in time. */
gboolean wsman_batch_fill (const WsmanBatch *batch, CimContext *context, CimCall *call,
                           size_t limit, GString *out, gboolean *has_ended, GError **error);

#endif
