/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pam.h: does PAM let this user in? May take seconds; any thread. */
#ifndef HTTP_PAM_H
#define HTTP_PAM_H

#include <glib.h>

#include "http/basic.h"

/* SERVICE has a file of its own: without one PAM takes that of "other", which may let in anybody.
 */
gboolean http_pam_has_service (const char *service, const char *directory, GError **error);

/* DIRECTORY of service files: NULL = the system's. PEER is for PAM's own log and modules. Errors:
 * ACCESS_DENIED: PAM says no; SYSTEM_NOT_AVAILABLE: it can't be asked. */
gboolean http_pam_check (const char *service, const char *directory, const HttpBasic *basic,
                         const char *peer, GError **error);

#endif
