/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* table.h: aligned columns for people. */
#ifndef CAIRN_CLI_TABLE_H
#define CAIRN_CLI_TABLE_H

#include <stdint.h>

#include "cli/output.h"

typedef struct CliTable CliTable;

/* A table of the columns HEADINGS, a NULL-ended list. INDENT blanks stand before every row. */
CliTable *cli_table_new (const char *const *headings, unsigned indent);
void cli_table_free (CliTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CliTable, cli_table_free)

/* Adds one cell, at the next place in the row; rows fill from left to right. TEXT may come from
 * outside. The second form takes a string that it frees. */
void cli_table_add (CliTable *table, const char *text);
void cli_table_take (CliTable *table, char *text);

void cli_table_print (CliTable *table, CliOutput *out);

/* "8 GiB", "1.5 MiB", "17 bytes"; the caller frees. */
char *cli_size (uint64_t bytes);

#endif
