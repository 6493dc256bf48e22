/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Matches LIKE's patterns. */
#include "cim/wql/like.h"

#include <string.h>

#include "cim/text.h"

const char *
cim_wql_like_check (const char *pattern)
{
  if (strlen (pattern) > CIM_WQL_LIKE_BYTES_MAX)
    return "a pattern may have 1024 bytes at most";
  for (const char *at = strchr (pattern, '['); at; at = strchr (at, '['))
    {
      at = strchr (at, ']');
      if (!at)
        return "a '[' of the pattern is never closed; to find one, write [[]";
    }
  return NULL;
}

/* Whether the set at *PATTERN, behind its '[', has CHARACTER; moves behind its ']'. */
static gboolean
set_has (const char **pattern, gunichar character)
{
  const char *end = strchr (*pattern, ']'), *at = *pattern;
  gboolean is_negated = *at == '^', found = FALSE;

  at += is_negated;
  while (at < end)
    {
      gunichar first = cim_text_next (&at), last = first;

      if ((*at == '-' || *at == '=') && at + 1 < end)
        {
          at++;
          last = cim_text_next (&at);
        }
      found = found || (first <= character && character <= last);
    }
  *pattern = end + 1;
  return found != is_negated;
}

/* One character of the text against one element of the pattern that isn't %; moves behind both. */
static gboolean
matches_one (const char **pattern, const char **text)
{
  gunichar character = cim_text_next (text);

  switch (**pattern)
    {
    case '\0':
      return FALSE;
    case '_':
      ++*pattern;
      return TRUE;
    case '[':
      ++*pattern;
      return set_has (pattern, character);
    default:
      return cim_text_next (pattern) == character;
    }
}

/* Only the last % is ever tried again: what an earlier one could take, the last one can as well. */
gboolean
cim_wql_like_matches (const char *pattern, const char *text)
{
  const char *again_pattern = NULL, *again_text = NULL;

  while (*text || *pattern == '%')
    {
      const char *next_pattern = pattern, *next_text = text;

      if (*pattern == '%')
        {
          again_pattern = ++pattern;
          again_text = text;
        }
      else if (matches_one (&next_pattern, &next_text))
        {
          pattern = next_pattern;
          text = next_text;
        }
      else if (again_pattern)
        {
          cim_text_next (&again_text);
          pattern = again_pattern;
          text = again_text;
        }
      else
        return FALSE;
    }
  return *pattern == '\0';
}
