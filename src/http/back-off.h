/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* back-off.h: how long a check of a password waits, from an address with many failures.
 *
 * The first ten in a row cost nothing. From then on the checks from there happen one after the
 * other, each with twice the distance of the one before, up to five seconds; a right one ends it.
 * On loopback, which all users of the host share, each user name counts for itself. Any thread.
 */
#ifndef HTTP_BACK_OFF_H
#define HTTP_BACK_OFF_H

#include <glib.h>

typedef struct HttpBackOff HttpBackOff;

HttpBackOff *http_back_off_new (void);
void http_back_off_free (HttpBackOff *back_off);

/* Milliseconds until WHO's next check may be made, which this reserves; -1 = so many wait already
 * that this one is to be refused. */
int http_back_off_wait_ms (HttpBackOff *back_off, const char *who);

void http_back_off_failed (HttpBackOff *back_off, const char *who);
void http_back_off_succeeded (HttpBackOff *back_off, const char *who);

#endif
