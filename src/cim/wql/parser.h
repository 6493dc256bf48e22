/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* parser.h: what the parts of the parser share. */
#ifndef CIM_WQL_PARSER_H
#define CIM_WQL_PARSER_H

#include "cim/wql/lexer.h"
#include "cim/wql/tree.h"

typedef struct
{
  CimQuery *query;
  const char *text;
  const char *at;    /* behind the token */
  CimWqlToken token; /* the one to look at */
  guint depth;
  CimWqlNode *nodes; /* enough for the whole query */
  guint n_nodes;
} CimWqlParser;

/* Goes on to the next token. */
gboolean cim_wql_advance (CimWqlParser *parser, GError **error);

/* INVALID_QUERY at the present token; always FALSE. */
gboolean cim_wql_refuse_here (const CimWqlParser *parser, const char *wrong, GError **error);

/* The word WORD, which must stand here. */
gboolean cim_wql_expect_word (CimWqlParser *parser, const char *word, GError **error);

/* A name or string of the query, in its memory. */
const char *cim_wql_copy (CimWqlParser *parser, const CimWqlToken *token);

/* The condition after WHERE; NULL with INVALID_QUERY. */
CimWqlNode *cim_wql_parse_condition (CimWqlParser *parser, GError **error);

/* {path} WHERE ..., of ASSOCIATORS OF and REFERENCES OF. */
gboolean cim_wql_parse_association (CimWqlParser *parser, GError **error);

#endif
