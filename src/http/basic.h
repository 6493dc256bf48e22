/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* basic.h: a user and a password out of an Authorization header. */
#ifndef HTTP_BASIC_H
#define HTTP_BASIC_H

#include <glib.h>

typedef struct
{
  char *user;
  char *password;
} HttpBasic;

/* FALSE: no Basic credentials. Source: RFC 7617. */
gboolean http_basic_parse (const char *header, HttpBasic *out);

/* Overwrites the password. */
void http_basic_clear (HttpBasic *basic);

#endif
