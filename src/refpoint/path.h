/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* path.h: the rules for paths that a caller names. */
#ifndef CAIRN_PATH_H
#define CAIRN_PATH_H

#include <glib.h>

/* Absolute and not empty, else INVALID_PARAMETER. WHAT names the argument in the message. */
gboolean cairn_path_check_syntax (const char *path, const char *what, GError **error);

/* PATH, with links resolved as far as it exists, lies in one of DIRECTORIES (NULL = anywhere), else
 * ACCESS_DENIED. */
gboolean cairn_path_check_allowed (const char *path, const char *const *directories,
                                   const char *what, GError **error);

/* Opens an existing regular file read-only and never blocks on what isn't one. -1 with
 * INVALID_PARAMETER (missing, a directory, a device) or ACCESS_DENIED. */
int cairn_path_open_regular (const char *path, const char *what, GError **error);

#endif
