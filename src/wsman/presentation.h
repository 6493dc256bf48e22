/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* presentation.h: how the items of an enumeration are shown, from its first answer to its last.
 *
 * It is kept with the enumeration's context: the flags, and the text, which also keeps items that
 * are written already and didn't fit into an answer.
 */
#ifndef WSMAN_PRESENTATION_H
#define WSMAN_PRESENTATION_H

#include "cim/contexts.h"
#include "wsman/instance.h"

typedef enum
{
  WSMAN_MODE_OBJECT,
  WSMAN_MODE_EPR,
  WSMAN_MODE_OBJECT_AND_EPR,
} WsmanMode;

/* Of instances of subclasses. */
typedef enum
{
  WSMAN_POLYMORPHISM_WHOLE, /* shown as what they are */
  WSMAN_POLYMORPHISM_BASE,  /* shown as the class asked for */
  WSMAN_POLYMORPHISM_NONE,  /* left out */
} WsmanPolymorphism;

typedef struct
{
  WsmanSpelling spelling;
  WsmanMode mode;
  WsmanPolymorphism polymorphism;
  const CimClass *class;         /* asked for; NULL: none in particular */
  const char *const *properties; /* borrowed; NULL = all */
} WsmanPresentation;

/* Appends INSTANCE as one item; FALSE: it isn't shown. */
gboolean wsman_presentation_append (const WsmanPresentation *presentation, GString *out,
                                    const CimInstance *instance);

/* Into a context, and out of it. */
void wsman_presentation_keep (const WsmanPresentation *presentation, CimContext *context);
WsmanPresentation wsman_presentation_of (const CimContext *context);

/* Items that wait: appended when they didn't fit, taken (the caller's; NULL when there is none) for
 * the next answer. */
void wsman_waiting_items_set (CimContext *context, char **items);
char **wsman_waiting_items_take (CimContext *context);

#endif
