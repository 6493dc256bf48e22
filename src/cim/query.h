/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* query.h: WQL: SELECT, ASSOCIATORS OF, REFERENCES OF.
 *
 * Keywords, names and the comparison of strings don't mind letter case. NULL compares as in WMI:
 * any comparison with a NULL property is false except IS NULL, `= NULL`, and their opposites; NOT
 * of it is true. A property that the class hasn't is INVALID_QUERY. Strings escape with a
 * backslash; one in front of anything but a quote or a backslash is itself (clients send
 * InstanceIDs both doubled and not), and `=` on strings takes "a\b" and "a\\b" for the same
 * (text.h). wql/value.h says how values of different types compare, wql/like.h what patterns are.
 * Depth, length and the work of LIKE are limited. A query takes a few hundred bytes, the worst of
 * the longest 120 KB (a=1 OR a=1 OR ...).
 * Source: Microsoft's "WQL (SQL for WMI)", "LIKE Operator", "ASSOCIATORS OF Statement",
 * "REFERENCES OF Statement".
 */
#ifndef CIM_QUERY_H
#define CIM_QUERY_H

#include "cim/instance.h"

#define CIM_QUERY_BYTES_MAX 16384u
#define CIM_QUERY_DEPTH_MAX 64u

typedef enum
{
  CIM_QUERY_SELECT,
  CIM_QUERY_ASSOCIATORS,
  CIM_QUERY_REFERENCES,
} CimQueryKind;

typedef struct CimQuery CimQuery; /* reference counted, read only */

/* INVALID_QUERY: where and what. */
CimQuery *cim_query_parse (const char *text, GError **error);
CimQuery *cim_query_ref (CimQuery *query);
void cim_query_unref (CimQuery *query);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CimQuery, cim_query_unref)

/* The memory it takes. */
size_t cim_query_bytes (const CimQuery *query);

CimQueryKind cim_query_kind (const CimQuery *query);

/* SELECT: the class named after FROM. */
const char *cim_query_class (const CimQuery *query);

/* SELECT: the names selected, NULL-ended; NULL for `*`. */
const char *const *cim_query_properties (const CimQuery *query);

/* ASSOCIATORS, REFERENCES: the object, and the WHERE words, each NULL when not given. */
typedef struct
{
  const CimPath *object;
  const char *association_class; /* AssocClass; of REFERENCES: ResultClass */
  const char *result_class;
  const char *role;
  const char *result_role;
  gboolean class_defs_only;
} CimAssociationFilter;

const CimAssociationFilter *cim_query_association (const CimQuery *query);

/* SELECT: checks WHERE against the class named: INVALID_QUERY for an unknown property. SERVER is
 * what
 * __SERVER stands for. */
gboolean cim_query_check (const CimQuery *query, const CimClass *class, GError **error);

/* SELECT: whether WHERE holds for INSTANCE, of the class or derived from it. */
gboolean cim_query_matches (const CimQuery *query, const CimInstance *instance, const char *server);

/* SELECT: the value that every instance that matches has in PROPERTY (WHERE is a conjunction with
 * `PROPERTY = 'text'` in it): what a provider may look up at once; NULL when there is none. The
 * text is as written, unescaped. */
const char *cim_query_required_text (const CimQuery *query, const char *property);

#endif
