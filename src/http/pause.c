/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection rests while another thread works for it. */
#include "http/pause.h"

enum
{
  ARMED,
  RESTS,
  ENDED,
};

static gint n_armed;

gboolean
http_pause_any (void)
{
  return g_atomic_int_get (&n_armed) > 0;
}

void
http_pause_arm (HttpPause *pause, struct MHD_Connection *connection)
{
  g_atomic_int_inc (&n_armed);
  pause->connection = connection;
  g_atomic_int_set (&pause->state, ARMED);
}

gboolean
http_pause_wait (HttpPause *pause)
{
  if (g_atomic_int_get (&pause->state) == ENDED)
    return FALSE;
  MHD_suspend_connection (pause->connection);
  if (!g_atomic_int_compare_and_exchange (&pause->state, ARMED, RESTS))
    MHD_resume_connection (pause->connection);
  return TRUE;
}

void
http_pause_end (HttpPause *pause)
{
  struct MHD_Connection *connection = pause->connection;

  if (!g_atomic_int_compare_and_exchange (&pause->state, ARMED, ENDED))
    {
      g_atomic_int_set (&pause->state, ENDED);
      MHD_resume_connection (connection);
    }
  g_atomic_int_add (&n_armed, -1);
}
