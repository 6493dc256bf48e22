/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* report.h: how a run ends: its exit status, and what is said where. */
#ifndef CAIRN_CLI_REPORT_H
#define CAIRN_CLI_REPORT_H

#include "cli/cli.h"

/* Ends a run that succeeded (ERROR is NULL) or failed, and gives the exit status: 0; 1 with the
 * failure's JSON on standard output (with --json) and its line on standard error; 1 as well, with
 * nothing there, when doctor found something; 2 with the line alone for wrong usage. A standard
 * output that can't be written is a failure as well. */
int cli_report (Cli *cli, const GError *error);

/* Writes "cairn: TEXT" as one line on standard error, whatever TEXT holds. */
void cli_report_line (const char *text);

#endif
