/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compares values. */
#include "cim/wql/value.h"

#include <string.h>

#include "cim/text.h"

#define SECOND INT64_C (1000000) /* in microseconds */
#define DAY    (24 * 60 * 60 * SECOND)

/* ---- datetimes ---- */

/* N digits; asterisks, which say that nothing is known, are zeroes. */
static gboolean
read_digits (const char *text, guint n, int64_t *number)
{
  *number = 0;
  for (guint i = 0; i < n; i++)
    {
      if (!g_ascii_isdigit (text[i]) && text[i] != '*')
        return FALSE;
      *number = *number * 10 + (text[i] == '*' ? 0 : text[i] - '0');
    }
  return TRUE;
}

/* Days from the year 0, of the Gregorian calendar; a month 0 is the first. */
static int64_t
days_of (int64_t year, int64_t month, int64_t day)
{
  static const int before[] = { 0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
  int64_t leap_year = month > 2 ? year : year - 1;

  return year * 365 + leap_year / 4 - leap_year / 100 + leap_year / 400 + before[month] + day;
}

static gboolean
read_day (const char *dmtf, int64_t *days)
{
  int64_t year, month, day;

  if (!read_digits (dmtf, 4, &year) || !read_digits (dmtf + 4, 2, &month)
      || !read_digits (dmtf + 6, 2, &day) || month > 12 || day > 31)
    return FALSE;
  *days = days_of (year, month, day);
  return TRUE;
}

/* "20261122190005.000000+060" in UTC, or "00000001020304.000000:000" as a length; microseconds. */
static gboolean
read_time (const char *dmtf, gboolean *is_interval, int64_t *microseconds)
{
  int64_t days, hours, minutes, seconds, fraction, zone;

  if (strlen (dmtf) != 25 || dmtf[14] != '.' || !strchr ("+-:", dmtf[21]))
    return FALSE;
  *is_interval = dmtf[21] == ':';
  if (!(*is_interval ? read_digits (dmtf, 8, &days) : read_day (dmtf, &days))
      || !read_digits (dmtf + 8, 2, &hours) || !read_digits (dmtf + 10, 2, &minutes)
      || !read_digits (dmtf + 12, 2, &seconds) || !read_digits (dmtf + 15, 6, &fraction)
      || !read_digits (dmtf + 22, 3, &zone))
    return FALSE;
  if (!*is_interval)
    minutes -= dmtf[21] == '-' ? -zone : zone;
  *microseconds = days * DAY + ((hours * 60 + minutes) * 60 + seconds) * SECOND + fraction;
  return TRUE;
}

static gboolean
compare_times (const char *a, const char *b, int *order)
{
  gboolean is_interval[2];
  int64_t microseconds[2];

  if (!read_time (a, &is_interval[0], &microseconds[0])
      || !read_time (b, &is_interval[1], &microseconds[1]) || is_interval[0] != is_interval[1])
    return FALSE;
  *order = (microseconds[0] > microseconds[1]) - (microseconds[0] < microseconds[1]);
  return TRUE;
}

/* Also XML's form, which clients know from the answers. */
static gboolean
time_of (const char *text, CairnArena *arena, CimWqlValue *value)
{
  g_autofree char *dmtf = NULL;
  gboolean is_interval;
  int64_t ignored;

  value->text = text;
  if (read_time (text, &is_interval, &ignored))
    return TRUE;
  dmtf = cim_datetime_from_xml (text);
  value->text = cairn_arena_strdup (arena, dmtf);
  return dmtf && read_time (dmtf, &is_interval, &ignored);
}

/* ---- any ---- */

static gboolean
boolean_of (const char *text, CimWqlValue *value)
{
  value->magnitude = g_ascii_strcasecmp (text, "true") == 0 || g_str_equal (text, "1");
  return value->magnitude || g_ascii_strcasecmp (text, "false") == 0 || g_str_equal (text, "0");
}

gboolean
cim_wql_value_of (CimWqlSort sort, const char *text, CairnArena *arena, CimWqlValue *value)
{
  *value = (CimWqlValue){ .sort = sort };
  switch (sort)
    {
    case CIM_WQL_IS_NUMBER:
      return cim_text_parse_number (text, strlen (text), &value->is_negative, &value->magnitude);
    case CIM_WQL_IS_BOOLEAN:
      return boolean_of (text, value);
    case CIM_WQL_IS_TIME:
      return time_of (text, arena, value);
    case CIM_WQL_IS_REFERENCE:
      value->path = cim_path_parse (arena, text, NULL);
      return value->path != NULL;
    case CIM_WQL_IS_TEXT:
      break;
    }
  value->text = text;
  return TRUE;
}

static int
compare_numbers (const CimWqlValue *a, const CimWqlValue *b)
{
  int order = (a->magnitude > b->magnitude) - (a->magnitude < b->magnitude);

  if (a->is_negative != b->is_negative)
    return a->is_negative ? -1 : 1;
  return a->is_negative ? -order : order;
}

static gboolean
compare_alike (const CimWqlValue *a, const CimWqlValue *b, int *order)
{
  switch (a->sort)
    {
    case CIM_WQL_IS_TIME:
      return compare_times (a->text, b->text, order);
    case CIM_WQL_IS_REFERENCE:
      *order = 0;
      return cim_path_equal (a->path, b->path);
    case CIM_WQL_IS_TEXT:
      *order = cim_text_compare (a->text, b->text);
      return TRUE;
    case CIM_WQL_IS_NUMBER:
    case CIM_WQL_IS_BOOLEAN:
      break;
    }
  *order = compare_numbers (a, b);
  return TRUE;
}

static gboolean
is_number (const CimWqlValue *value)
{
  return value->sort == CIM_WQL_IS_NUMBER || value->sort == CIM_WQL_IS_BOOLEAN;
}

gboolean
cim_wql_value_compare (const CimWqlValue *a, const CimWqlValue *b, int *order)
{
  g_auto (CairnArena) arena = { 0 };
  CimWqlValue taken;

  if (a->sort == b->sort || (is_number (a) && is_number (b)))
    return compare_alike (a, b, order);
  if (a->sort == CIM_WQL_IS_TEXT)
    return cim_wql_value_of (b->sort, a->text, &arena, &taken) && compare_alike (&taken, b, order);
  if (b->sort == CIM_WQL_IS_TEXT)
    return cim_wql_value_of (a->sort, b->text, &arena, &taken) && compare_alike (a, &taken, order);
  return FALSE;
}
