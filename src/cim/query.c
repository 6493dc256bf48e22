/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a parsed query says of itself. */
#include "cim/query.h"

#include <string.h>

#include "cim/wql/tree.h"

CimQuery *
cim_query_ref (CimQuery *query)
{
  g_atomic_int_inc (&query->ref_count);
  return query;
}

void
cim_query_unref (CimQuery *query)
{
  if (!query || !g_atomic_int_dec_and_test (&query->ref_count))
    return;
  cairn_arena_clear (&query->arena);
  g_free (query);
}

size_t
cim_query_bytes (const CimQuery *query)
{
  return sizeof *query + query->arena.total_bytes;
}

CimQueryKind
cim_query_kind (const CimQuery *query)
{
  return query->kind;
}

const char *
cim_query_class (const CimQuery *query)
{
  return query->class_name;
}

const char *const *
cim_query_properties (const CimQuery *query)
{
  return query->properties;
}

const CimAssociationFilter *
cim_query_association (const CimQuery *query)
{
  return query->association;
}

/* `=` takes "a\\b" and "a\b" for the same; who looks a text up doesn't. */
static gboolean
has_one_spelling (const char *text)
{
  return strstr (text, "\\\\") == NULL;
}

static const char *
text_in_leaf (const CimWqlNode *node, const char *property)
{
  const char *text = node->slots[1].text;

  if (node->kind != CIM_WQL_EQUAL || node->operands[1] != CIM_WQL_TEXT)
    return NULL;
  if (node->operands[0] != CIM_WQL_PROPERTY)
    return g_ascii_strcasecmp (cim_wql_system_name (node->operands[0]), property) ? NULL : text;
  return g_ascii_strcasecmp (node->slots[0].text, property) == 0 && has_one_spelling (text) ? text
                                                                                            : NULL;
}

static const char *
required_text (const CimWqlNode *node, const char *property)
{
  const char *text = NULL;

  for (; !text && node->kind == CIM_WQL_AND; node = node->slots[1].node)
    text = required_text (node->slots[0].node, property);
  return text ? text : text_in_leaf (node, property);
}

const char *
cim_query_required_text (const CimQuery *query, const char *property)
{
  return query->where ? required_text (query->where, property) : NULL;
}
