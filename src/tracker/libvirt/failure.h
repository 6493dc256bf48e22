/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* failure.h: libvirt's errors as the service's. */
#ifndef CAIRN_LIBVIRT_FAILURE_H
#define CAIRN_LIBVIRT_FAILURE_H

#include <glib.h>
#include <stdint.h>

/* Sets ERROR from libvirt's last error on this thread, and gives FALSE. WHAT names the object and
 * what couldn't be done ("VM 'web' can't be looked up"). */
gboolean cairn_libvirt_fail (GError **error, const char *what, ...) G_GNUC_PRINTF (2, 3);

/* The code of libvirt's last error on this thread (virErrorNumber); 0 = none. */
int cairn_libvirt_last_code (void);

/* What it said, as one line; "no reason given" without an error. The caller frees. */
char *cairn_libvirt_last_message (void);

#endif
