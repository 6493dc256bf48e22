/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* contexts.h: enumerations that clients go on with later.
 *
 * A context belongs to the caller who opened it. There are at most CIM_CONTEXTS_MAX,
 * and they take at most CIM_CONTEXTS_BYTES_MAX: one more ends those that were used longest ago.
 * A caller's share of both is a quarter, and more than that ends the caller's own.
 * Each ends by itself when it isn't used for its time. Threads: any number at once; a context that
 * is taken is nobody else's until it is given back.
 */
#ifndef CIM_CONTEXTS_H
#define CIM_CONTEXTS_H

#include "cim/broker.h"

/* Some hundred bytes each, but a query may be long. */
#define CIM_CONTEXTS_MAX                 4096u
#define CIM_CONTEXTS_BYTES_MAX           (8u << 20)
#define CIM_CONTEXTS_OF_CALLER_MAX       (CIM_CONTEXTS_MAX / 4)
#define CIM_CONTEXTS_OF_CALLER_BYTES_MAX (CIM_CONTEXTS_BYTES_MAX / 4)
#define CIM_CONTEXT_DEFAULT_S            120u
#define CIM_CONTEXT_LONGEST_S            3600u

typedef struct CimContexts CimContexts;

/* What a protocol keeps with an enumeration. */
typedef struct
{
  CimEnumeration *enumeration; /* owned */
  char *caller_name;           /* set by add */
  guint idle_s;                /* its time */
  guint protocol;              /* WSMAN or CIMXML: one's contexts are unknown to the other */
  guint64 flags;               /* the protocol's own */
  char *text;                  /* the protocol's own; owned; NULL = none */
} CimContext;

void cim_context_free (CimContext *context);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CimContext, cim_context_free)

CimContexts *cim_contexts_new (void);
void cim_contexts_free (CimContexts *contexts);

/* Takes over CONTEXT. ID gets a name that can't be guessed (36 characters, a UUID). */
void cim_contexts_add (CimContexts *contexts, const CairnCaller *caller, CimContext *context,
                       char id[37]);

/* The context, the caller's until it is given back. INVALID_ENUMERATION_CONTEXT: unknown, ended,
 * another's or in use. */
CimContext *cim_contexts_take (CimContexts *contexts, const CairnCaller *caller, guint protocol,
                               const char *id, GError **error);
/* CONTEXT as taken, or NULL: it has ended, and the taker has freed it. */
void cim_contexts_give_back (CimContexts *contexts, CimContext *context, const char *id);

/* Those open now. */
guint cim_contexts_count (CimContexts *contexts);

#endif
