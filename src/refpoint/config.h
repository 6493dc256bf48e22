/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config.h: cairn.conf, as far as the engine reads it. */
#ifndef CAIRN_CONFIG_H
#define CAIRN_CONFIG_H

#include <glib.h>

typedef struct
{
  char *connect;       /* [hypervisor] connect, or NULL */
  char **import_paths; /* [paths] import, absolute directories; NULL = any path, empty = none */
  char **export_paths; /* [paths] export */
} CairnConfig;

typedef enum
{
  CAIRN_CONFIG_OPEN,   /* [paths] unset: any path may be named */
  CAIRN_CONFIG_CLOSED, /* none */
} CairnConfigPaths;

/* Reads FILE; when that is NULL $CAIRN_CONFIG, else /etc/cairn/cairn.conf; an absent default file
 * gives an empty configuration. NULL with INVALID_PARAMETER for one that can't be read, or that has
 * anything that isn't understood: an unknown group, an unknown key in [paths] or [hypervisor], a
 * NUL byte. */
CairnConfig *cairn_config_load (const char *file, CairnConfigPaths unset, GError **error);
void cairn_config_free (CairnConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnConfig, cairn_config_free)

#endif
