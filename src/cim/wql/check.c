/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checks a query against the class that it asks. */
#include "cim/error.h"
#include "cim/wql/tree.h"
#include "cim/wql/value.h"

/* What a side is, as far as the class says. */
typedef struct
{
  CimWqlSort sort;
  const CimProperty *property; /* NULL for a system property or constant */
} Side;

static gboolean
refuse_property (const CimClass *class, const char *name, const char *wrong, GError **error)
{
  g_set_error (error, CIM_ERROR, CIM_ERR_INVALID_QUERY, "WQL query: %s.%s %s", class->name, name,
               wrong);
  return FALSE;
}

static gboolean
find_property (const CimClass *class, const char *name, const CimProperty **property,
               GError **error)
{
  int i = cim_class_find_property (class, name);

  if (i < 0)
    {
      g_set_error (error, CIM_ERROR, CIM_ERR_INVALID_QUERY,
                   "WQL query: class %s has no property '%.100s'", class->name, name);
      return FALSE;
    }
  *property = class->properties[i];
  return TRUE;
}

static CimWqlSort
sort_of_type (CimType type)
{
  switch (type)
    {
    case CIM_BOOLEAN:
      return CIM_WQL_IS_BOOLEAN;
    case CIM_STRING:
      return CIM_WQL_IS_TEXT;
    case CIM_DATETIME:
      return CIM_WQL_IS_TIME;
    case CIM_REFERENCE:
      return CIM_WQL_IS_REFERENCE;
    default:
      return CIM_WQL_IS_NUMBER;
    }
}

static gboolean
look_at_side (const CimWqlNode *node, guint i, const CimClass *class, Side *side, GError **error)
{
  *side = (Side){ CIM_WQL_IS_TEXT, NULL };
  switch (node->operands[i])
    {
    case CIM_WQL_PROPERTY:
      if (!find_property (class, node->slots[i].text, &side->property, error))
        return FALSE;
      side->sort = sort_of_type (side->property->type);
      return TRUE;
    case CIM_WQL_NUMBER:
    case CIM_WQL_NEGATIVE:
      side->sort = CIM_WQL_IS_NUMBER;
      return TRUE;
    case CIM_WQL_BOOLEAN:
      side->sort = CIM_WQL_IS_BOOLEAN;
      return TRUE;
    default:
      return TRUE;
    }
}

static const char *
name_of (const CimWqlNode *node, const Side *side)
{
  return side->property ? side->property->name : cim_wql_system_name (node->operands[0]);
}

static const char *
noun_of (CimWqlSort sort)
{
  static const char *const nouns[] = {
    [CIM_WQL_IS_TEXT] = "is a string, and is compared with one",
    [CIM_WQL_IS_NUMBER] = "is a number, and is compared with one",
    [CIM_WQL_IS_BOOLEAN] = "is a boolean, and is compared with TRUE or FALSE",
    [CIM_WQL_IS_TIME] = "is a datetime, and is compared with one in quotes",
    [CIM_WQL_IS_REFERENCE] = "is a reference, and is compared with a path in quotes",
  };

  return nouns[sort];
}

/* A string may hold anything, but says TRUE and FALSE in its own words; a boolean may be asked as 0
 * and 1. */
static gboolean
can_compare (const CimWqlNode *node, CimWqlSort left, CimWqlSort right)
{
  if (left == CIM_WQL_IS_TEXT)
    return node->operands[1] != CIM_WQL_BOOLEAN;
  return left == right || right == CIM_WQL_IS_TEXT
         || (left == CIM_WQL_IS_BOOLEAN && right == CIM_WQL_IS_NUMBER);
}

static gboolean
check_comparison (const CimWqlNode *node, const CimClass *class, const Side sides[2],
                  GError **error)
{
  const char *name = name_of (node, &sides[0]);
  g_auto (CairnArena) arena = { 0 };
  CimWqlValue ignored;

  if (!can_compare (node, sides[0].sort, sides[1].sort))
    return refuse_property (class, name, noun_of (sides[0].sort), error);
  if (node->operands[1] == CIM_WQL_TEXT
      && !cim_wql_value_of (sides[0].sort, node->slots[1].text, &arena, &ignored))
    return refuse_property (class, name, noun_of (sides[0].sort), error);
  if ((sides[0].sort == CIM_WQL_IS_REFERENCE || sides[1].sort == CIM_WQL_IS_REFERENCE)
      && node->kind != CIM_WQL_EQUAL && node->kind != CIM_WQL_DIFFERENT)
    return refuse_property (class, name, "is a reference, and compared with = or <> only", error);
  return TRUE;
}

static gboolean
check_isa (const CimWqlNode *node, const CimClass *class, const Side *left, GError **error)
{
  if (node->operands[0] == CIM_WQL_CLASS || node->operands[0] == CIM_WQL_THIS
      || left->sort == CIM_WQL_IS_REFERENCE)
    return TRUE;
  return refuse_property (class, name_of (node, left),
                          "is no object; ISA is asked of __CLASS, __THIS or a reference", error);
}

static gboolean
check_leaf (const CimWqlNode *node, const CimClass *class, GError **error)
{
  gboolean is_null = node->kind == CIM_WQL_IS_NULL || node->kind == CIM_WQL_IS_NOT_NULL;
  Side sides[2];

  for (guint i = 0; i < 2; i++)
    {
      if (!look_at_side (node, i, class, &sides[i], error))
        return FALSE;
      if (sides[i].property && (sides[i].property->flags & CIM_ARRAY) && !is_null)
        return refuse_property (class, sides[i].property->name,
                                "is an array, and can only be compared with NULL", error);
      if (node->operands[i] == CIM_WQL_THIS && node->kind != CIM_WQL_ISA)
        return refuse_property (class, "__THIS", "is only known to ISA", error);
    }
  if (is_null)
    return TRUE;
  if (node->kind == CIM_WQL_ISA)
    return check_isa (node, class, &sides[0], error);
  if (node->kind != CIM_WQL_LIKE)
    return check_comparison (node, class, sides, error);
  if (sides[0].sort == CIM_WQL_IS_TEXT || sides[0].sort == CIM_WQL_IS_TIME)
    return TRUE;
  return refuse_property (class, name_of (node, &sides[0]),
                          "isn't a string, and LIKE is for strings", error);
}

/* As deep as the query is nested. */
static gboolean
check_condition (const CimWqlNode *node, const CimClass *class, GError **error)
{
  for (; node->kind <= CIM_WQL_OR; node = node->slots[1].node)
    if (!check_condition (node->slots[0].node, class, error))
      return FALSE;
  return node->kind == CIM_WQL_NOT ? check_condition (node->slots[0].node, class, error)
                                   : check_leaf (node, class, error);
}

gboolean
cim_query_check (const CimQuery *query, const CimClass *class, GError **error)
{
  const CimProperty *ignored;

  for (const char *const *name = query->properties; name && *name; name++)
    if (!g_str_has_prefix (*name, "__") && !find_property (class, *name, &ignored, error))
      return FALSE;
  return !query->where || check_condition (query->where, class, error);
}
