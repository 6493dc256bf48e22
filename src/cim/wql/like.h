/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* like.h: LIKE's patterns.
 *
 * % is any text, _ any character, [abc] one of these, [a-f] (or, as WMI documents it, [a=f]) one of
 * a range, [^...] any other. Letter case doesn't count, and a run of backslashes counts as one.
 * The work is the product of both lengths at most.
 */
#ifndef CIM_WQL_LIKE_H
#define CIM_WQL_LIKE_H

#include <glib.h>

/* Limits the work on long texts; the longest pattern of a known client has 34. */
#define CIM_WQL_LIKE_BYTES_MAX 1024u

/* What is wrong with PATTERN, for a message; NULL = nothing. */
const char *cim_wql_like_check (const char *pattern);

/* PATTERN has been checked. */
gboolean cim_wql_like_matches (const char *pattern, const char *text);

#endif
