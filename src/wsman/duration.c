/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Durations. Source: XML Schema part 2, section 3.2.6. */
#include "wsman/duration.h"

#include <string.h>

#define MS_OF_DAY 86400000.0

/* The units in their order: of the date, then, after 'T', of the time. */
static const struct
{
  char name;
  gboolean is_time;
  double ms;
} units[] = {
  { 'Y', FALSE, 365 * MS_OF_DAY }, { 'M', FALSE, 30 * MS_OF_DAY }, { 'D', FALSE, MS_OF_DAY },
  { 'H', TRUE, 3600000 },          { 'M', TRUE, 60000 },           { 'S', TRUE, 1000 },
};

/* One "12.5S"; *NEXT is the first unit that may come. NULL: not understood. */
static const char *
parse_part (const char *p, gboolean is_time, guint *next, double *total)
{
  char *end;
  double number = g_ascii_strtod (p, &end);

  /* That takes "inf", "0x1" and "1e9" too. */
  if (end == p || strspn (p, "0123456789.") != (size_t)(end - p))
    return NULL;
  while (*next < G_N_ELEMENTS (units)
         && (units[*next].name != *end || units[*next].is_time != is_time))
    ++*next;
  if (*next == G_N_ELEMENTS (units))
    return NULL;
  *total += number * units[(*next)++].ms;
  return end + 1;
}

gboolean
wsman_duration_parse (const char *text, int64_t *ms)
{
  gboolean is_negative = *text == '-', is_time = FALSE;
  double total = 0;
  guint next = 0;
  const char *p = text + is_negative;

  if (*p++ != 'P' || !*p)
    return FALSE;
  while (p && *p)
    {
      if (*p == 'T' && !is_time)
        is_time = TRUE, p++;
      p = parse_part (p, is_time, &next, &total);
    }
  *ms = is_negative ? 0 : (int64_t)MIN (total, (double)WSMAN_DURATION_MAX_MS);
  return p != NULL;
}
