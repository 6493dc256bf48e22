/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ends calls in time. */
#include "refpoint/deadline.h"

#include <cairn/error.h>

gboolean
cairn_deadline_check (int64_t deadline, GError **error)
{
  if (g_get_monotonic_time () < deadline)
    return TRUE;
  g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_TIMEOUT,
                       "the operation ran past its time limit and was undone; try again when the "
                       "host is less busy, or raise CAIRN_TIMEOUT_MS");
  return FALSE;
}
