/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* value.h: values as queries compare them.
 *
 * A text is taken for what the other side is: a number, a boolean, a datetime or a path. Numbers
 * are compared exactly, whatever their types. Datetimes are compared as points in time, intervals
 * as lengths.
 */
#ifndef CIM_WQL_VALUE_H
#define CIM_WQL_VALUE_H

#include "cim/path.h"

typedef enum
{
  CIM_WQL_IS_TEXT,
  CIM_WQL_IS_NUMBER,
  CIM_WQL_IS_BOOLEAN,
  CIM_WQL_IS_TIME,
  CIM_WQL_IS_REFERENCE,
} CimWqlSort;

typedef struct
{
  CimWqlSort sort;
  gboolean is_negative; /* of numbers */
  uint64_t magnitude;   /* of numbers; of a boolean 0 or 1 */
  const char *text;     /* of texts and times; borrowed */
  const CimPath *path;  /* of references; borrowed */
} CimWqlValue;

/* TEXT as a value of SORT. FALSE when it is none. A reference is made in ARENA. */
gboolean cim_wql_value_of (CimWqlSort sort, const char *text, CairnArena *arena,
                           CimWqlValue *value);

/* *ORDER: below, at or above 0. FALSE: they have no order; then they are different. References
 * have none beside being equal. */
gboolean cim_wql_value_compare (const CimWqlValue *a, const CimWqlValue *b, int *order);

#endif
