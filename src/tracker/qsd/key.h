/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* key.h: hands the passphrase of an encrypted image to a child: through a pipe, so that it stands
 * neither on a command line nor in a file. */
#ifndef CAIRN_QSD_KEY_H
#define CAIRN_QSD_KEY_H

#include <glib.h>

/* The reading end of a pipe that holds KEY, above the standard descriptors; the caller closes it.
 * -1 with FAILED or INVALID_PARAMETER (longer than any passphrase). */
int cairn_key_open (GBytes *key, GError **error);

/* The value of the child's --object for image INDEX, whose key it reads from FD; the caller frees.
 */
char *cairn_key_option (size_t index, int fd);

/* The name of that object; the caller frees. */
char *cairn_key_name (size_t index);

#endif
