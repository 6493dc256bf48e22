/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Splits a query into tokens. */
#include "cim/wql/lexer.h"

#include <string.h>

#include "cim/error.h"
#include "cim/text.h"

/* Of a token that is shown in a message. */
#define SHOWN_BYTES 60

gboolean
cim_wql_refuse (const char *text, const CimWqlToken *token, const char *wrong, GError **error)
{
  glong character = g_utf8_pointer_to_offset (text, token->at) + 1;
  g_autofree char *shown = g_strndup (token->at, MIN (token->n, SHOWN_BYTES));
  g_autofree char *valid = g_utf8_make_valid (shown, -1);

  if (token->n == 0)
    g_set_error (error, CIM_ERROR, CIM_ERR_INVALID_QUERY, "WQL query, at its end: %s", wrong);
  else
    g_set_error (error, CIM_ERROR, CIM_ERR_INVALID_QUERY,
                 "WQL query, character %ld, at \"%s%s\": %s", character, valid,
                 token->n > SHOWN_BYTES ? "..." : "", wrong);
  return FALSE;
}

/* The bytes of {...}, in which braces within quotes don't count; 0 when it is never closed. */
static size_t
braced_bytes (const char *open)
{
  for (const char *at = open + 1; at && *at; at++)
    {
      if (*at == '}')
        return (size_t)(at - open) + 1;
      if (*at == '"' || *at == '\'')
        {
          at = cim_text_find_close (at);
          if (!at)
            return 0;
        }
    }
  return 0;
}

static size_t
string_bytes (const char *open)
{
  const char *close = cim_text_find_close (open);

  return close ? (size_t)(close - open) + 1 : 0;
}

static size_t
symbol_bytes (const char *at)
{
  static const char *const symbols[]
      = { "<>", "!=", "<=", ">=", "=", "<", ">", "(", ")", ",", "*", "." };

  for (guint i = 0; i < G_N_ELEMENTS (symbols); i++)
    if (g_str_has_prefix (at, symbols[i]))
      return strlen (symbols[i]);
  return 0;
}

/* What could have been meant as one number. */
static size_t
number_bytes (const char *at)
{
  size_t n = *at == '-' || *at == '+';

  if (!g_ascii_isdigit (at[n]))
    return 0;
  while (g_ascii_isalnum (at[n]) || at[n] == '.' || at[n] == '_')
    n++;
  return n;
}

gboolean
cim_wql_next_token (const char *text, const char **at, CimWqlToken *token, GError **error)
{
  const char *wrong = "this belongs to no query";
  size_t n;

  *at += strspn (*at, " \t\r\n");
  *token = (CimWqlToken){ CIM_WQL_END, *at, 0 };
  if (**at == '\0')
    return TRUE;
  if (**at == '"' || **at == '\'')
    {
      *token = (CimWqlToken){ CIM_WQL_STRING, *at, string_bytes (*at) };
      wrong = "the quote that opens here is never closed";
    }
  else if (**at == '{')
    {
      *token = (CimWqlToken){ CIM_WQL_BRACED, *at, braced_bytes (*at) };
      wrong = "the brace that opens here is never closed";
    }
  else if ((n = number_bytes (*at)))
    *token = (CimWqlToken){ CIM_WQL_DIGITS, *at, n };
  else if ((n = cim_text_name_bytes (*at)))
    *token = (CimWqlToken){ CIM_WQL_WORD, *at, n };
  else
    *token = (CimWqlToken){ CIM_WQL_SYMBOL, *at, symbol_bytes (*at) };
  if (token->n == 0)
    {
      token->n = strlen (*at);
      return cim_wql_refuse (text, token, wrong, error);
    }
  *at += token->n;
  return TRUE;
}

gboolean
cim_wql_is_word (const CimWqlToken *token, const char *word)
{
  return token->kind == CIM_WQL_WORD && token->n == strlen (word)
         && g_ascii_strncasecmp (token->at, word, token->n) == 0;
}

gboolean
cim_wql_is_symbol (const CimWqlToken *token, const char *symbol)
{
  return token->kind == CIM_WQL_SYMBOL && token->n == strlen (symbol)
         && strncmp (token->at, symbol, token->n) == 0;
}
