/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* out_of_memory.h: a clean end when memory is out.
 *
 * Large allocations are tried and fail as errors. Small ones end the process in GLib; this makes
 * that end the contract's: {"ReturnValue":32778,...} with --json, one line, exit status 1, and no
 * signal. What the command had begun is undone by the next one, as after a kill.
 */
#ifndef CAIRN_CLI_OUT_OF_MEMORY_H
#define CAIRN_CLI_OUT_OF_MEMORY_H

#include "cli/output.h"

/* To be called first. ARGV tells whether JSON is wanted; OUT, which must outlive the process's end,
 * whether something was written already (half a document is never followed by another). */
void cli_out_of_memory_install (char **argv, const CliOutput *out);

#endif
