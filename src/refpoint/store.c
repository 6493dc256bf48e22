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

void
cairn_store_copy_free (CairnStoreCopy *copy)
{
  if (!copy)
    return;
  g_free (copy->point);
  g_free (copy->disk_identifier);
  g_free (copy->sha256);
  g_free (copy->base);
  g_free (copy);
}
