/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parses conditions: OR, AND, NOT, and what compares. */
#include <string.h>

#include "cim/text.h"
#include "cim/wql/like.h"
#include "cim/wql/parser.h"

static const struct
{
  const char *symbol;
  CimWqlKind kind;
  CimWqlKind turned; /* with its sides exchanged */
} comparisons[] = {
  { "=", CIM_WQL_EQUAL, CIM_WQL_EQUAL },
  { "<>", CIM_WQL_DIFFERENT, CIM_WQL_DIFFERENT },
  { "!=", CIM_WQL_DIFFERENT, CIM_WQL_DIFFERENT },
  { "<", CIM_WQL_LESS, CIM_WQL_GREATER },
  { "<=", CIM_WQL_LESS_EQUAL, CIM_WQL_GREATER_EQUAL },
  { ">", CIM_WQL_GREATER, CIM_WQL_LESS },
  { ">=", CIM_WQL_GREATER_EQUAL, CIM_WQL_LESS_EQUAL },
};

static const struct
{
  const char *name;
  CimWqlOperand operand;
} system_properties[] = {
  { "__CLASS", CIM_WQL_CLASS },         { "__SUPERCLASS", CIM_WQL_SUPERCLASS },
  { "__DYNASTY", CIM_WQL_DYNASTY },     { "__PATH", CIM_WQL_PATH },
  { "__RELPATH", CIM_WQL_RELPATH },     { "__SERVER", CIM_WQL_SERVER },
  { "__NAMESPACE", CIM_WQL_NAMESPACE }, { "__THIS", CIM_WQL_THIS },
};

/* One side of a comparison, and where it stands. */
typedef struct
{
  CimWqlOperand operand;
  CimWqlSlot slot;
  CimWqlToken token;
} Side;

const char *
cim_wql_system_name (CimWqlOperand operand)
{
  for (guint i = 0; i < G_N_ELEMENTS (system_properties); i++)
    if (system_properties[i].operand == operand)
      return system_properties[i].name;
  return NULL;
}

static CimWqlNode *
new_node (CimWqlParser *parser, CimWqlKind kind)
{
  CimWqlNode *node = &parser->nodes[parser->n_nodes++];

  node->kind = (uint8_t)kind;
  return node;
}

static gboolean
is_constant (const Side *side)
{
  return side->operand >= CIM_WQL_TEXT;
}

/* ---- sides ---- */

static gboolean
is_reserved (const CimWqlToken *token)
{
  static const char *const words[] = { "AND", "OR", "NOT", "LIKE", "IS", "ISA", "WHERE" };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (cim_wql_is_word (token, words[i]))
      return TRUE;
  return FALSE;
}

static gboolean
read_word (CimWqlParser *parser, Side *side, GError **error)
{
  const CimWqlToken *token = &parser->token;

  if (is_reserved (token))
    return cim_wql_refuse_here (parser, "a property or a constant is expected here", error);
  if (cim_wql_is_word (token, "TRUE") || cim_wql_is_word (token, "FALSE"))
    {
      side->operand = CIM_WQL_BOOLEAN;
      side->slot.magnitude = cim_wql_is_word (token, "TRUE");
      return TRUE;
    }
  side->operand = cim_wql_is_word (token, "NULL") ? CIM_WQL_NULL : CIM_WQL_PROPERTY;
  for (guint i = 0; i < G_N_ELEMENTS (system_properties); i++)
    if (cim_wql_is_word (token, system_properties[i].name))
      side->operand = system_properties[i].operand;
  if (side->operand == CIM_WQL_PROPERTY && token->n > 1 && strncmp (token->at, "__", 2) == 0)
    return cim_wql_refuse_here (parser, "there is no such system property", error);
  if (side->operand == CIM_WQL_PROPERTY)
    side->slot.text = cim_wql_copy (parser, token);
  return TRUE;
}

static gboolean
read_number (CimWqlParser *parser, Side *side, GError **error)
{
  gboolean is_negative;

  if (!cim_text_parse_number (parser->token.at, parser->token.n, &is_negative,
                              &side->slot.magnitude))
    return cim_wql_refuse_here (parser, "a number is a decimal or 0x... integer of 64 bits", error);
  side->operand = is_negative ? CIM_WQL_NEGATIVE : CIM_WQL_NUMBER;
  return TRUE;
}

static gboolean
read_side (CimWqlParser *parser, Side *side, GError **error)
{
  gboolean is_read = FALSE;

  *side = (Side){ .token = parser->token };
  if (parser->token.kind == CIM_WQL_WORD)
    is_read = read_word (parser, side, error);
  else if (parser->token.kind == CIM_WQL_DIGITS)
    is_read = read_number (parser, side, error);
  else if (parser->token.kind == CIM_WQL_STRING)
    {
      side->operand = CIM_WQL_TEXT;
      side->slot.text = cim_wql_copy (parser, &parser->token);
      is_read = TRUE;
    }
  else
    cim_wql_refuse_here (parser, "a property or a constant is expected here", error);
  if (!is_read || !cim_wql_advance (parser, error))
    return FALSE;
  if (cim_wql_is_symbol (&parser->token, "."))
    return cim_wql_refuse_here (parser, "properties of embedded objects can't be asked for", error);
  return TRUE;
}

/* ---- what compares ---- */

/* Clients put a path into a query with its backslashes and quotes escaped, or as it is. */
static const CimPath *
path_of (CimWqlParser *parser, const Side *text)
{
  g_auto (CairnArena) arena = { 0 };
  const CimPath *path = cim_path_parse (&arena, text->slot.text, NULL);

  if (!path)
    {
      const char *raw = cairn_arena_strndup (&arena, text->token.at + 1, text->token.n - 2);

      path = cim_path_parse (&arena, raw, NULL);
    }
  return path ? cim_path_copy (&parser->query->arena, path) : NULL;
}

/* "root/cimv2" is spelled with backslashes by __NAMESPACE. */
static const char *
namespace_of (CimWqlParser *parser, const char *text)
{
  char *copy = cairn_arena_strdup (&parser->query->arena, text);

  return g_strdelimit (copy, "/", '\\');
}

static void
adapt (CimWqlParser *parser, Side *left, Side *right)
{
  if (right->operand != CIM_WQL_TEXT)
    return;
  if (left->operand == CIM_WQL_PATH || left->operand == CIM_WQL_RELPATH)
    left->slot.path = path_of (parser, right);
  else if (left->operand == CIM_WQL_NAMESPACE)
    right->slot.text = namespace_of (parser, right->slot.text);
}

static CimWqlNode *
join_sides (CimWqlParser *parser, CimWqlKind kind, Side *left, Side *right)
{
  CimWqlNode *node = new_node (parser, kind);

  adapt (parser, left, right);
  node->operands[0] = (uint8_t)left->operand;
  node->operands[1] = (uint8_t)right->operand;
  node->slots[0] = left->slot;
  node->slots[1] = right->slot;
  return node;
}

static CimWqlNode *
compare_with_null (CimWqlParser *parser, CimWqlKind kind, Side *left, Side *null, GError **error)
{
  if (kind != CIM_WQL_EQUAL && kind != CIM_WQL_DIFFERENT)
    return cim_wql_refuse (parser->text, &null->token, "nothing is above or below NULL", error),
           NULL;
  return join_sides (parser, kind == CIM_WQL_EQUAL ? CIM_WQL_IS_NULL : CIM_WQL_IS_NOT_NULL, left,
                     null);
}

static CimWqlNode *
parse_comparison (CimWqlParser *parser, guint i, Side *left, GError **error)
{
  CimWqlKind kind = comparisons[i].kind;
  Side right;

  if (!cim_wql_advance (parser, error) || !read_side (parser, &right, error))
    return NULL;
  if (is_constant (left) && is_constant (&right))
    return cim_wql_refuse (parser->text, &right.token,
                           "two constants are compared; name a property", error),
           NULL;
  if (is_constant (left))
    {
      Side constant = *left;

      *left = right;
      right = constant;
      kind = comparisons[i].turned;
    }
  if (right.operand == CIM_WQL_NULL)
    return compare_with_null (parser, kind, left, &right, error);
  return join_sides (parser, kind, left, &right);
}

/* LIKE 'pattern' and ISA 'class'. */
static CimWqlNode *
parse_with_text (CimWqlParser *parser, CimWqlKind kind, Side *left, GError **error)
{
  const char *wrong = NULL;
  Side right;

  if (!cim_wql_advance (parser, error))
    return NULL;
  if (parser->token.kind != CIM_WQL_STRING)
    return cim_wql_refuse_here (parser, "a text in quotes is expected here", error), NULL;
  if (!read_side (parser, &right, error))
    return NULL;
  if (kind == CIM_WQL_LIKE)
    wrong = cim_wql_like_check (right.slot.text);
  if (wrong)
    return cim_wql_refuse (parser->text, &right.token, wrong, error), NULL;
  return join_sides (parser, kind, left, &right);
}

static CimWqlNode *
parse_is (CimWqlParser *parser, Side *left, GError **error)
{
  CimWqlKind kind = CIM_WQL_IS_NULL;
  Side null = { .operand = CIM_WQL_NULL };

  if (!cim_wql_advance (parser, error))
    return NULL;
  if (cim_wql_is_word (&parser->token, "NOT"))
    {
      kind = CIM_WQL_IS_NOT_NULL;
      if (!cim_wql_advance (parser, error))
        return NULL;
    }
  if (!cim_wql_expect_word (parser, "NULL", error))
    return NULL;
  return join_sides (parser, kind, left, &null);
}

static CimWqlNode *
parse_predicate (CimWqlParser *parser, GError **error)
{
  Side left;

  if (!read_side (parser, &left, error))
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (comparisons); i++)
    if (cim_wql_is_symbol (&parser->token, comparisons[i].symbol))
      return parse_comparison (parser, i, &left, error);
  if (is_constant (&left))
    return cim_wql_refuse (parser->text, &left.token,
                           "a constant can only be compared, with = <> < > <= or >=", error),
           NULL;
  if (cim_wql_is_word (&parser->token, "LIKE"))
    return parse_with_text (parser, CIM_WQL_LIKE, &left, error);
  if (cim_wql_is_word (&parser->token, "ISA"))
    return parse_with_text (parser, CIM_WQL_ISA, &left, error);
  if (cim_wql_is_word (&parser->token, "IS"))
    return parse_is (parser, &left, error);
  cim_wql_refuse_here (parser, "= <> != < > <= >= LIKE, IS or ISA is expected here", error);
  return NULL;
}

/* ---- what joins ---- */

static CimWqlNode *parse_chain (CimWqlParser *parser, CimWqlKind kind, GError **error);

/* What is between parentheses, or after NOT. */
static CimWqlNode *
parse_inner (CimWqlParser *parser, CimWqlNode *(*parse) (CimWqlParser *, GError **), GError **error)
{
  CimWqlNode *node;

  if (parser->depth == CIM_QUERY_DEPTH_MAX)
    return cim_wql_refuse_here (parser, "parentheses and NOTs are nested too deeply", error), NULL;
  if (!cim_wql_advance (parser, error))
    return NULL;
  parser->depth++;
  node = parse (parser, error);
  parser->depth--;
  return node;
}

static CimWqlNode *
parse_any (CimWqlParser *parser, GError **error)
{
  return parse_chain (parser, CIM_WQL_OR, error);
}

static CimWqlNode *
parse_term (CimWqlParser *parser, GError **error)
{
  CimWqlNode *inner, *negation;

  if (cim_wql_is_word (&parser->token, "NOT"))
    {
      inner = parse_inner (parser, parse_term, error);
      if (!inner)
        return NULL;
      negation = new_node (parser, CIM_WQL_NOT);
      negation->slots[0].node = inner;
      return negation;
    }
  if (!cim_wql_is_symbol (&parser->token, "("))
    return parse_predicate (parser, error);
  inner = parse_inner (parser, parse_any, error);
  if (!inner)
    return NULL;
  if (!cim_wql_is_symbol (&parser->token, ")"))
    return cim_wql_refuse_here (parser, "AND, OR or a closing parenthesis is expected here", error),
           NULL;
  return cim_wql_advance (parser, error) ? inner : NULL;
}

/* Terms joined by OR, or by AND, which binds tighter. */
static CimWqlNode *
parse_chain (CimWqlParser *parser, CimWqlKind kind, GError **error)
{
  const char *word = kind == CIM_WQL_OR ? "OR" : "AND";
  CimWqlNode *first = NULL, **last = &first;

  for (;;)
    {
      CimWqlNode *joined;

      *last = kind == CIM_WQL_OR ? parse_chain (parser, CIM_WQL_AND, error)
                                 : parse_term (parser, error);
      if (!*last)
        return NULL;
      if (!cim_wql_is_word (&parser->token, word))
        return first;
      if (!cim_wql_advance (parser, error))
        return NULL;
      joined = new_node (parser, kind);
      joined->slots[0].node = *last;
      *last = joined;
      last = &joined->slots[1].node;
    }
}

CimWqlNode *
cim_wql_parse_condition (CimWqlParser *parser, GError **error)
{
  CimWqlNode *condition = parse_any (parser, error);

  if (condition && parser->token.kind != CIM_WQL_END)
    return cim_wql_refuse_here (parser, "AND, OR or the end of the query is expected here", error),
           NULL;
  return condition;
}
