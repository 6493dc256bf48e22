/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* deadline.h: the end of a call's time: a g_get_monotonic_time() value. Any thread. */
#ifndef CAIRN_DEADLINE_H
#define CAIRN_DEADLINE_H

#include <glib.h>
#include <stdint.h>

/* FALSE with TIMEOUT once the deadline has passed. */
gboolean cairn_deadline_check (int64_t deadline, GError **error);

#endif
