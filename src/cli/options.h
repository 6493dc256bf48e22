/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* options.h: from argv to the command and its options. */
#ifndef CAIRN_CLI_OPTIONS_H
#define CAIRN_CLI_OPTIONS_H

#include "cli/cli.h"

/* Finds the command in ARGV and reads every option, wherever it stands: fills cli->command (NULL
 * when none is named), cli->options and cli->args. CLI_USAGE_ERROR. */
gboolean cli_parse (Cli *cli, char **argv, GError **error);

void cli_options_clear (CliOptions *options);

#endif
