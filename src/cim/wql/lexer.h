/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lexer.h: WQL text -> tokens, which point into it. */
#ifndef CIM_WQL_LEXER_H
#define CIM_WQL_LEXER_H

#include <glib.h>

typedef enum
{
  CIM_WQL_END,
  CIM_WQL_WORD,   /* a keyword or name */
  CIM_WQL_STRING, /* with its quotes */
  CIM_WQL_DIGITS, /* a number, with its sign */
  CIM_WQL_BRACED, /* {an object's path}, with the braces */
  CIM_WQL_SYMBOL, /* an operator or a punctuation mark */
} CimWqlTokenKind;

typedef struct
{
  CimWqlTokenKind kind;
  const char *at;
  size_t n;
} CimWqlToken;

/* Reads the token at *AT, or the END, and moves *AT behind it. TEXT, of which *AT is part, is for
 * messages. INVALID_QUERY. */
gboolean cim_wql_next_token (const char *text, const char **at, CimWqlToken *token, GError **error);

/* Whether it is that word, letter case ignored, or that symbol. */
gboolean cim_wql_is_word (const CimWqlToken *token, const char *word);
gboolean cim_wql_is_symbol (const CimWqlToken *token, const char *symbol);

/* Sets INVALID_QUERY: where TOKEN stands in TEXT, and what is WRONG. Always FALSE. */
gboolean cim_wql_refuse (const char *text, const CimWqlToken *token, const char *wrong,
                         GError **error);

#endif
