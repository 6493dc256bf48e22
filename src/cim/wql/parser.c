/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The statements: SELECT, and who goes on with the others. */
#include "cim/wql/parser.h"

#include <string.h>

#include "cim/error.h"
#include "cim/text.h"

gboolean
cim_wql_advance (CimWqlParser *parser, GError **error)
{
  return cim_wql_next_token (parser->text, &parser->at, &parser->token, error);
}

gboolean
cim_wql_refuse_here (const CimWqlParser *parser, const char *wrong, GError **error)
{
  return cim_wql_refuse (parser->text, &parser->token, wrong, error);
}

gboolean
cim_wql_expect_word (CimWqlParser *parser, const char *word, GError **error)
{
  g_autofree char *wrong = NULL;

  if (cim_wql_is_word (&parser->token, word))
    return cim_wql_advance (parser, error);
  wrong = g_strdup_printf ("%s is expected here", word);
  return cim_wql_refuse_here (parser, wrong, error);
}

const char *
cim_wql_copy (CimWqlParser *parser, const CimWqlToken *token)
{
  CairnArena *arena = &parser->query->arena;

  if (token->kind == CIM_WQL_STRING)
    return cim_text_unescape (arena, token->at + 1, token->n - 2);
  return cairn_arena_strndup (arena, token->at, token->n);
}

/* ---- memory ---- */

typedef struct
{
  size_t bytes; /* of the first piece */
  guint n_nodes;
} Needs;

/* What an allocation is rounded up to. */
#define ROUNDING 16u

/* Keys of a path that are reckoned with: what asks for more is no known client. */
#define USUAL_KEYS 4

/* Bytes of a path: the struct, its texts, and a key for each '='. */
static size_t
path_bytes (const CimWqlToken *token)
{
  size_t n_keys = 0;

  for (size_t i = 0; i < token->n && n_keys < USUAL_KEYS; i++)
    n_keys += token->at[i] == '=';
  return sizeof (CimPath) + ROUNDING + token->n
         + n_keys * (sizeof (CimKey) + sizeof (CimPath) + 2 * ROUNDING);
}

static gboolean
is_operator (const CimWqlToken *token)
{
  static const char *const words[] = { "AND", "OR", "NOT", "LIKE", "IS", "ISA" };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (cim_wql_is_word (token, words[i]))
      return TRUE;
  return token->kind == CIM_WQL_SYMBOL && strchr ("<>=!", *token->at);
}

/* Reads the query once to see how much memory it will take: at least as much for its nodes, and
 * about as much for the rest, as the arena grows when that isn't enough. */
static gboolean
measure (const char *text, Needs *needs, GError **error)
{
  const char *at = text;
  size_t n_path_bytes = 0; /* if its strings are paths */
  gboolean has_path = FALSE;
  CimWqlToken token;

  needs->n_nodes = 0;
  needs->bytes = 2 * ROUNDING;
  do
    {
      if (!cim_wql_next_token (text, &at, &token, error))
        return FALSE;
      if (is_operator (&token))
        needs->n_nodes++;
      else if (token.kind == CIM_WQL_BRACED)
        needs->bytes += sizeof (CimAssociationFilter) + ROUNDING + path_bytes (&token);
      else if (token.kind == CIM_WQL_WORD || token.kind == CIM_WQL_STRING)
        needs->bytes += token.n + 1;
      else if (cim_wql_is_symbol (&token, ","))
        needs->bytes += sizeof (char *);
      has_path |= cim_wql_is_word (&token, "__PATH") || cim_wql_is_word (&token, "__RELPATH");
      if (token.kind == CIM_WQL_STRING)
        n_path_bytes += path_bytes (&token);
    }
  while (token.kind != CIM_WQL_END);
  needs->bytes += needs->n_nodes * sizeof (CimWqlNode) + 2 * sizeof (char *);
  if (has_path)
    needs->bytes += n_path_bytes;
  return TRUE;
}

static CimQuery *
make_query (const Needs *needs)
{
  CimQuery *query = g_malloc0 (sizeof *query + needs->bytes);

  query->ref_count = 1;
  query->arena.free = query->first_piece;
  query->arena.left_bytes = needs->bytes;
  query->arena.total_bytes = needs->bytes;
  return query;
}

/* ---- SELECT ---- */

static gboolean
parse_properties (CimWqlParser *parser, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  const char **copy;
  gboolean has_more;

  if (cim_wql_is_symbol (&parser->token, "*"))
    return cim_wql_advance (parser, error);
  do
    {
      if (parser->token.kind != CIM_WQL_WORD || cim_wql_is_word (&parser->token, "FROM"))
        return cim_wql_refuse_here (parser, "* or a property's name is expected here", error);
      g_ptr_array_add (names, (gpointer)cim_wql_copy (parser, &parser->token));
      if (!cim_wql_advance (parser, error))
        return FALSE;
      has_more = cim_wql_is_symbol (&parser->token, ",");
      if (has_more && !cim_wql_advance (parser, error))
        return FALSE;
    }
  while (has_more);
  copy = cairn_arena_alloc (&parser->query->arena, (names->len + 1) * sizeof *copy);
  memcpy (copy, names->pdata, names->len * sizeof *copy);
  parser->query->properties = copy;
  return TRUE;
}

static gboolean
parse_select (CimWqlParser *parser, GError **error)
{
  if (!parse_properties (parser, error) || !cim_wql_expect_word (parser, "FROM", error))
    return FALSE;
  if (parser->token.kind != CIM_WQL_WORD)
    return cim_wql_refuse_here (parser, "a class's name is expected here", error);
  parser->query->class_name = cim_wql_copy (parser, &parser->token);
  if (!cim_wql_advance (parser, error))
    return FALSE;
  if (cim_wql_is_word (&parser->token, "WITHIN"))
    return cim_wql_refuse_here (parser, "events can't be queried; ask for the instances again",
                                error);
  if (parser->token.kind == CIM_WQL_END)
    return TRUE;
  if (!cim_wql_expect_word (parser, "WHERE", error))
    return FALSE;
  parser->query->where = cim_wql_parse_condition (parser, error);
  return parser->query->where != NULL;
}

/* ---- any of them ---- */

static gboolean
parse_statement (CimWqlParser *parser, GError **error)
{
  if (cim_wql_is_word (&parser->token, "SELECT"))
    return cim_wql_advance (parser, error) && parse_select (parser, error);
  if (cim_wql_is_word (&parser->token, "ASSOCIATORS"))
    parser->query->kind = CIM_QUERY_ASSOCIATORS;
  else if (cim_wql_is_word (&parser->token, "REFERENCES"))
    parser->query->kind = CIM_QUERY_REFERENCES;
  else
    return cim_wql_refuse_here (
        parser, "a query begins with SELECT, ASSOCIATORS OF or REFERENCES OF", error);
  return cim_wql_advance (parser, error) && cim_wql_expect_word (parser, "OF", error)
         && cim_wql_parse_association (parser, error);
}

CimQuery *
cim_query_parse (const char *text, GError **error)
{
  CimWqlParser parser = { .text = text, .at = text };
  g_autoptr (CimQuery) query = NULL;
  Needs needs;

  if (strnlen (text, CIM_QUERY_BYTES_MAX + 1) > CIM_QUERY_BYTES_MAX
      || !g_utf8_validate (text, -1, NULL))
    {
      g_set_error (error, CIM_ERROR, CIM_ERR_INVALID_QUERY,
                   "a WQL query has more than %u bytes or isn't UTF-8", CIM_QUERY_BYTES_MAX);
      return NULL;
    }
  if (!measure (text, &needs, error))
    return NULL;
  query = make_query (&needs);
  parser.query = query;
  parser.nodes = cairn_arena_alloc (&query->arena, needs.n_nodes * sizeof *parser.nodes);
  if (!cim_wql_advance (&parser, error) || !parse_statement (&parser, error))
    return NULL;
  if (parser.token.kind != CIM_WQL_END)
    return cim_wql_refuse_here (&parser, "the query should have ended before this", error), NULL;
  return g_steal_pointer (&query);
}
