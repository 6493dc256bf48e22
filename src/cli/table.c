/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Aligned columns for people. */
#include "cli/table.h"

struct CliTable
{
  unsigned n_columns;
  unsigned indent;
  GPtrArray *cells; /* of char *, row by row, the headings first */
};

CliTable *
cli_table_new (const char *const *headings, unsigned indent)
{
  CliTable *table = g_new0 (CliTable, 1);

  table->indent = indent;
  table->cells = g_ptr_array_new_with_free_func (g_free);
  for (; headings[table->n_columns]; table->n_columns++)
    cli_table_add (table, headings[table->n_columns]);
  return table;
}

void
cli_table_free (CliTable *table)
{
  if (!table)
    return;
  g_ptr_array_unref (table->cells);
  g_free (table);
}

void
cli_table_add (CliTable *table, const char *text)
{
  g_ptr_array_add (table->cells, cli_shown (text ? text : ""));
}

void
cli_table_take (CliTable *table, char *text)
{
  cli_table_add (table, text);
  g_free (text);
}

/* Columns that TEXT takes on a terminal. */
static size_t
width (const char *text)
{
  size_t n = 0;

  for (const char *p = text; *p; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      n += g_unichar_iszerowidth (c) ? 0 : g_unichar_iswide (c) ? 2 : 1;
    }
  return n;
}

/* One row, padded to WIDTHS but not behind its last cell that isn't empty. */
static void
print_row (CliTable *table, char *const *cells, const size_t *widths, CliOutput *out)
{
  size_t blanks = table->indent;

  for (unsigned i = 0; i < table->n_columns; i++)
    {
      if (*cells[i])
        {
          cli_output_printf (out, "%*s%s", (int)blanks, "", cells[i]);
          blanks = 0;
        }
      blanks += widths[i] - width (cells[i]) + 2;
    }
  cli_output_puts (out, "\n");
}

void
cli_table_print (CliTable *table, CliOutput *out)
{
  g_autofree size_t *widths = g_new0 (size_t, table->n_columns);

  for (guint i = 0; i < table->cells->len; i++)
    {
      size_t *widest = &widths[i % table->n_columns];

      *widest = MAX (*widest, width (table->cells->pdata[i]));
    }
  for (guint i = 0; i < table->cells->len; i += table->n_columns)
    print_row (table, (char **)table->cells->pdata + i, widths, out);
}

char *
cli_size (uint64_t bytes)
{
  static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
  unsigned unit = 0;
  double size = (double)bytes;

  for (; size >= 1024 && unit + 1 < G_N_ELEMENTS (units); unit++)
    size /= 1024;
  if (size == (double)(uint64_t)size)
    return g_strdup_printf ("%.0f %s", size, units[unit]);
  return g_strdup_printf ("%.1f %s", size, units[unit]);
}
