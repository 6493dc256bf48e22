/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* container.h: what the vmcx commands share. */
#ifndef CAIRN_CLI_CONTAINER_H
#define CAIRN_CLI_CONTAINER_H

#include <vmcx.h>

#include "cli/cli.h"

/* Gives ERROR, of domain VMCX_ERROR and about the file PATH, the service's own return code. */
void cli_vmcx_translate (GError **error);

#endif
