/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parses what follows ASSOCIATORS OF and REFERENCES OF. */
#include "cim/error.h"
#include "cim/wql/parser.h"

typedef struct
{
  const char *word;
  size_t offset; /* of the member of CimAssociationFilter */
} Word;

static const Word associators_words[] = {
  { "AssocClass", G_STRUCT_OFFSET (CimAssociationFilter, association_class) },
  { "ResultClass", G_STRUCT_OFFSET (CimAssociationFilter, result_class) },
  { "Role", G_STRUCT_OFFSET (CimAssociationFilter, role) },
  { "ResultRole", G_STRUCT_OFFSET (CimAssociationFilter, result_role) },
};

static const Word references_words[] = {
  { "ResultClass", G_STRUCT_OFFSET (CimAssociationFilter, association_class) },
  { "Role", G_STRUCT_OFFSET (CimAssociationFilter, role) },
};

static const CimPath *
parse_object (CimWqlParser *parser, GError **error)
{
  g_auto (CairnArena) arena = { 0 };
  g_autoptr (GError) why = NULL;
  const CimPath *path;
  const char *text;

  if (parser->token.kind != CIM_WQL_BRACED)
    return cim_wql_refuse_here (parser, "an object path in braces is expected here", error), NULL;
  text = cairn_arena_strndup (&arena, parser->token.at + 1, parser->token.n - 2);
  path = cim_path_parse (&arena, text, &why);
  if (!path)
    return cim_wql_refuse_here (parser, why->message, error), NULL;
  return cim_wql_advance (parser, error) ? cim_path_copy (&parser->query->arena, path) : NULL;
}

/* "= Name", or with the name in quotes. */
static gboolean
parse_name (CimWqlParser *parser, const char **name, GError **error)
{
  if (*name)
    return cim_wql_refuse_here (parser, "this was given before", error);
  if (!cim_wql_is_symbol (&parser->token, "="))
    return cim_wql_refuse_here (parser, "= is expected here", error);
  if (!cim_wql_advance (parser, error))
    return FALSE;
  if (parser->token.kind != CIM_WQL_WORD && parser->token.kind != CIM_WQL_STRING)
    return cim_wql_refuse_here (parser, "the name of a class or a role is expected here", error);
  *name = cim_wql_copy (parser, &parser->token);
  return cim_wql_advance (parser, error);
}

static gboolean
parse_word (CimWqlParser *parser, CimAssociationFilter *filter, GError **error)
{
  gboolean is_associators = parser->query->kind == CIM_QUERY_ASSOCIATORS;
  const Word *words = is_associators ? associators_words : references_words;
  guint n_words
      = is_associators ? G_N_ELEMENTS (associators_words) : G_N_ELEMENTS (references_words);

  for (guint i = 0; i < n_words; i++)
    if (cim_wql_is_word (&parser->token, words[i].word))
      return cim_wql_advance (parser, error)
             && parse_name (parser, G_STRUCT_MEMBER_P (filter, words[i].offset), error);
  if (cim_wql_is_word (&parser->token, "ClassDefsOnly"))
    {
      filter->class_defs_only = TRUE;
      return cim_wql_advance (parser, error);
    }
  /* A hint that the caller needs no more than the keys. */
  if (cim_wql_is_word (&parser->token, "KeysOnly"))
    return cim_wql_advance (parser, error);
  return cim_wql_refuse_here (parser,
                              is_associators ? "AssocClass, ResultClass, Role, ResultRole, "
                                               "ClassDefsOnly or KeysOnly is expected here"
                                             : "ResultClass, Role, ClassDefsOnly or KeysOnly is "
                                               "expected here",
                              error);
}

gboolean
cim_wql_parse_association (CimWqlParser *parser, GError **error)
{
  CimAssociationFilter *filter = cairn_arena_alloc (&parser->query->arena, sizeof *filter);

  parser->query->association = filter;
  filter->object = parse_object (parser, error);
  if (!filter->object)
    return FALSE;
  if (parser->token.kind == CIM_WQL_END)
    return TRUE;
  if (!cim_wql_expect_word (parser, "WHERE", error))
    return FALSE;
  do
    if (!parse_word (parser, filter, error))
      return FALSE;
  while (parser->token.kind != CIM_WQL_END);
  return TRUE;
}
