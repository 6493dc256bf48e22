/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stop.h: Ctrl-C and its like end long work in good order; a second one does what it always did. */
#ifndef CAIRN_CLI_STOP_H
#define CAIRN_CLI_STOP_H

#include <glib.h>

/* From now on SIGINT, SIGTERM and SIGHUP are noted once each; what runs under nohup goes on. */
void cli_stop_catch (void);

gboolean cli_stop_is_asked (void);

#endif
