/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The values a store gives that are nobody else's. */
#include "refpoint/store.h"

void
cairn_store_job_free (CairnStoreJob *job)
{
  if (!job)
    return;
  g_free (job->id);
  g_clear_pointer (&job->record, g_bytes_unref);
  g_free (job);
}
