/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* duration.h: how long a client will wait, or wants something kept. */
#ifndef WSMAN_DURATION_H
#define WSMAN_DURATION_H

#include <glib.h>
#include <stdint.h>

/* More than this (30 years) is as good as for ever. */
#define WSMAN_DURATION_MAX_MS (INT64_C (1000) * 86400 * 365 * 30)

/* An xs:duration in milliseconds: "PT60.000S", "P0DT0H1M30S"; years and months count as 365 and 30
 * days. At most WSMAN_DURATION_MAX_MS, negative ones 0. FALSE: it isn't one. */
gboolean wsman_duration_parse (const char *text, int64_t *ms);

#endif
