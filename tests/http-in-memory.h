/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* http-in-memory.h: http.h's requests and answers without a listener, for tests and fuzz targets of
 * what is above it. Work is done at once, on the caller's thread. Linked instead of src/http.
 */
#ifndef HTTP_IN_MEMORY_H
#define HTTP_IN_MEMORY_H

#include "http/http.h"

/* What a handler answered. Cleared by the next request. */
typedef struct
{
  guint n_answers;
  guint status;
  GString *headers; /* "Name: value" lines, in the order given */
  GString *body;    /* pieces joined */
  guint n_pieces;   /* the first included */
  gboolean was_cut_off;
  gboolean was_deferred;
} HttpInMemory;

/* HEADERS: names and values in turn, NULL-ended; borrowed for the call. IS_OVERLOADED: whatever is
 * deferred is refused. */
void http_in_memory_request (HttpInMemory *result, CairnHttpHandler handler, gpointer user,
                             const char *const *headers, const char *body, size_t length,
                             gboolean is_overloaded);
void http_in_memory_clear (HttpInMemory *result);

#endif
