/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* open.h: the factory, for the daemon: stores and services by their URIs. */
#ifndef CAIRN_SERVICE_OPEN_H
#define CAIRN_SERVICE_OPEN_H

#include <cairn/service.h>

#include "refpoint/store.h"

/* The store that URI names (NULL: as cairn_service_open), the caller's. */
CairnStore *cairn_store_open_uri (const char *uri, GError **error);

/* Is URI (NULL: $CAIRN_CONNECT) of a kind that is known? Nothing is connected to. */
gboolean cairn_connect_uri_check (const char *uri, GError **error);

/* As cairn_service_open, with two differences: the configuration is CONFIG_FILE (NULL: as there),
 * and where it names no directories for import or export no path is allowed. */
CairnService *cairn_service_open_daemon (const char *store_uri, const char *connect_uri,
                                         const char *config_file, GError **error);

#endif
