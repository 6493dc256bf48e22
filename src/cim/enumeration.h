/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* enumeration.h: the inside of an enumeration: a list of steps, and the place in it.
 *
 * Of a class: one step per source. Of an object's associations: two steps per association, one for
 * each end that the object may be at. A step is gone through page by page; `after` is the place in
 * it.
 */
#ifndef CIM_ENUMERATION_H
#define CIM_ENUMERATION_H

#include "cim/sources.h"

typedef enum
{
  CIM_ENUMERATES_CLASS,
  CIM_ENUMERATES_ASSOCIATED,
  CIM_ENUMERATES_REFERRING,
} CimEnumerationKind;

struct CimEnumeration
{
  CimBroker *broker;
  CimEnumerationKind kind;
  unsigned namespace_flag;
  CimQuery *query;       /* or NULL; keeps what `filter` points to, when it came with a query */
  CairnArena arena;      /* keeps it otherwise */
  const CimClass *class; /* of CLASS */

  CimAssociationFilter filter;       /* of the other kinds */
  const CimClass *association_class; /* NULL = any */
  const CimClass *result_class;

  guint step;
  char *after;
  CimInstance *pending; /* found already, to be given first */

  /* In a step whose source is an association: the objects at its end 0, and the one we are at. */
  CimEnumeration *outers;
  CimInstance *outer;
  gboolean outers_ended;
};

/* What one call of `next` is at. */
typedef struct
{
  CimEnumeration *enumeration;
  CimCall *call;
  CimInstance *object; /* of ASSOCIATED and REFERRING: whose associations; borrowed */
  GPtrArray *instances;
  guint wanted; /* instances->len to get to */
} CimProgress;

/* One page of the current step. *HAS_ENDED: there was no step any more. */
gboolean cim_enumeration_step_class (CimProgress *progress, gboolean *has_ended, GError **error);
gboolean cim_enumeration_step_associations (CimProgress *progress, gboolean *has_ended,
                                            GError **error);

/* How many to ask a provider for, and the place after what was taken. */
guint cim_progress_page_size (const CimProgress *progress);
void cim_enumeration_end_step (CimEnumeration *enumeration);
void cim_enumeration_move (CimEnumeration *enumeration, const CimInstance *last_taken);

#endif
