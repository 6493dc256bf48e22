/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config.h: what cairn.conf tells the daemon: its groups [listen], [tls], [limits], [store], [auth]
 * and [jobs]. The engine reads [paths] and [hypervisor] of the same file (refpoint/config.h).
 *
 * An unknown key is an error, as a slip of the pen must not open anything.
 */
#ifndef CAIRND_CONFIG_H
#define CAIRND_CONFIG_H

#include "http/http.h"

typedef struct
{
  char *addresses[CAIRN_HTTP_N_LISTENERS]; /* NULL = off */
  char *certificate, *key, *client_ca, *client_users;
  char *password_file, *pam_service;
  char *store_uri;   /* NULL = the default */
  char *connect_uri; /* NULL = the default */
  char *server_name; /* NULL = the host's */
  guint synchronous_ms, lease_seconds;
  guint threads, workers, request_bytes, connections, connections_per_address, idle_seconds;
} CairndConfig;

/* Reads FILE; an absent one (only when MAY_BE_ABSENT) gives the defaults. INVALID_PARAMETER. */
CairndConfig *cairnd_config_load (const char *file, gboolean may_be_absent, GError **error);
void cairnd_config_free (CairndConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairndConfig, cairnd_config_free)

/* Every key with what it is set to, one a line, as the file would have it. */
char *cairnd_config_describe (const CairndConfig *config);

#endif
