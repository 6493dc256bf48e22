/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* password-file.h: users and their hashes in a file of our own.
 *
 * Lines of "user:hash", the hash as crypt(3) makes it (yescrypt, SHA-512, bcrypt, ...); empty lines
 * and those that begin with # are skipped. While others may write the file nobody signs in. Any
 * thread.
 */
#ifndef HTTP_PASSWORD_FILE_H
#define HTTP_PASSWORD_FILE_H

#include <glib.h>

#include "http/basic.h"

typedef struct HttpPasswordFile HttpPasswordFile;

/* Reads it a first time. ACCESS_DENIED, FILE_NOT_FOUND, INVALID_PARAMETER (a line). */
HttpPasswordFile *http_password_file_new (const char *path, GError **error);
void http_password_file_free (HttpPasswordFile *file);

/* Looks at most each 100 ms whether the file is another than at the last look. */
gboolean http_password_file_has_changed (HttpPasswordFile *file);

/* Reads it anew. After a failure nobody signs in until it can be read. */
gboolean http_password_file_load (HttpPasswordFile *file, GError **error);

/* Takes milliseconds, as many for users that there aren't. Errors: ACCESS_DENIED: it's wrong;
 * SYSTEM_NOT_AVAILABLE: the file can't be used. */
gboolean http_password_file_check (HttpPasswordFile *file, const HttpBasic *basic, GError **error);

#endif
