/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Datetimes: DMTF's form and XML Schema's. */
#include <stdio.h>
#include <string.h>

#include "cim/type.h"

#define DMTF_LENGTH 25
#define UNKNOWN     "16010101000000.000000-000"

#define MS_OF_DAY   (INT64_C (24) * 60 * 60 * 1000)

char *
cim_datetime_format (int64_t ms)
{
  g_autoptr (GDateTime) time = ms < 0 ? NULL : g_date_time_new_from_unix_utc (ms / 1000);

  if (!time)
    return g_strdup (UNKNOWN);
  return g_strdup_printf ("%04d%02d%02d%02d%02d%02d.%03d000+000", g_date_time_get_year (time),
                          g_date_time_get_month (time), g_date_time_get_day_of_month (time),
                          g_date_time_get_hour (time), g_date_time_get_minute (time),
                          g_date_time_get_second (time), (int)(ms % 1000));
}

char *
cim_interval_format (int64_t ms)
{
  int64_t left = MAX (ms, 0);

  return g_strdup_printf ("%08d%02d%02d%02d.%03d000:000", (int)MIN (left / MS_OF_DAY, 99999999),
                          (int)(left / 3600000 % 24), (int)(left / 60000 % 60),
                          (int)(left / 1000 % 60), (int)(left % 1000));
}

/* N digits at TEXT; asterisks (DMTF's "not said") count as zeroes. -1: something else. */
static int
digits (const char *text, int n)
{
  int number = 0;

  for (int i = 0; i < n; i++)
    {
      if (text[i] == '*')
        continue;
      if (!g_ascii_isdigit (text[i]))
        return -1;
      number = number * 10 + (text[i] - '0');
    }
  return number;
}

static gboolean
append_interval (const char *dmtf, GString *out)
{
  int days = digits (dmtf, 8), hours = digits (dmtf + 8, 2), minutes = digits (dmtf + 10, 2);
  int seconds = digits (dmtf + 12, 2), micros = digits (dmtf + 15, 6);

  /* An interval has no time zone: what stands there is ":000". */
  if (days < 0 || hours < 0 || minutes < 0 || seconds < 0 || micros < 0
      || digits (dmtf + 22, 3) != 0)
    return FALSE;
  g_string_append_printf (out, "P%dDT%dH%dM%d", days, hours, minutes, seconds);
  if (micros)
    g_string_append_printf (out, ".%06d", micros);
  g_string_append_c (out, 'S');
  return TRUE;
}

static gboolean
append_time (const char *dmtf, GString *out)
{
  static const int widths[] = { 4, 2, 2, 2, 2, 2 };
  static const char separators[] = "--T::";
  int zone = digits (dmtf + 22, 3), micros = digits (dmtf + 15, 6);

  if (zone < 0 || micros < 0)
    return FALSE;
  for (guint i = 0, at = 0; i < G_N_ELEMENTS (widths); at += (guint)widths[i++])
    {
      int number = digits (dmtf + at, widths[i]);

      if (number < 0)
        return FALSE;
      g_string_append_printf (out, "%0*d", widths[i], number);
      if (separators[i])
        g_string_append_c (out, separators[i]);
    }
  if (micros)
    g_string_append_printf (out, ".%06d", micros);
  if (zone == 0)
    g_string_append_c (out, 'Z');
  else
    g_string_append_printf (out, "%c%02d:%02d", dmtf[21], zone / 60, zone % 60);
  return TRUE;
}

gboolean
cim_datetime_to_xml (const char *dmtf, gboolean *is_interval, GString *out)
{
  gsize before = out->len;

  if (strlen (dmtf) != DMTF_LENGTH || dmtf[14] != '.' || !strchr ("+-:", dmtf[21]))
    return FALSE;
  *is_interval = dmtf[21] == ':';
  if (*is_interval ? append_interval (dmtf, out) : append_time (dmtf, out))
    return TRUE;
  g_string_truncate (out, before);
  return FALSE;
}

/* "P1DT2H3M4.5S"; years and months aren't of a fixed length, and so not taken. */
static char *
interval_of (const char *text)
{
  static const struct
  {
    char unit;
    double ms;
  } units[] = { { 'D', MS_OF_DAY }, { 'H', 3600000 }, { 'M', 60000 }, { 'S', 1000 } };
  gboolean is_time = FALSE;
  double total = 0;
  guint next = 0;

  for (const char *p = text + 1; *p;)
    {
      char *end = NULL;
      double number;

      if (*p == 'T' && !is_time)
        {
          is_time = TRUE, p++;
          continue;
        }
      number = g_ascii_strtod (p, &end);
      while (next < G_N_ELEMENTS (units) && units[next].unit != *end)
        next++;
      if (end == p || !(number >= 0) || next == G_N_ELEMENTS (units) || is_time != (next > 0))
        return NULL;
      total += number * units[next++].ms;
      p = end + 1;
    }
  return next > 0 && total < 1e8 * (double)MS_OF_DAY ? cim_interval_format ((int64_t)total) : NULL;
}

char *
cim_datetime_from_xml (const char *text)
{
  g_autoptr (GString) ignored = g_string_new (NULL);
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autoptr (GDateTime) time = NULL;
  gboolean is_interval;

  if (cim_datetime_to_xml (text, &is_interval, ignored))
    return g_strdup (text);
  if (*text == 'P')
    return interval_of (text);
  time = g_date_time_new_from_iso8601 (text, utc);
  return time ? cim_datetime_format (g_date_time_to_unix (time) * 1000
                                     + g_date_time_get_microsecond (time) / 1000)
              : NULL;
}
