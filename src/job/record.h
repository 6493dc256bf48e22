/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* record.h: a job as it is at one moment, made, copied and as bytes in the store. */
#ifndef CAIRN_JOB_RECORD_H
#define CAIRN_JOB_RECORD_H

#include "job/job.h"

/* A new one with an id of its own, running from START_MS on (milliseconds since 1970). */
CairnJobRecord *cairn_job_record_new (CairnJobType type, const char *owner, int64_t start_ms);

void cairn_job_record_add_element (CairnJobRecord *record, CairnJobElementKind kind, const char *id,
                                   CairnJobEffect effect);

CairnJobRecord *cairn_job_record_copy (const CairnJobRecord *record);

/* All but the id. A GVariant of this host's byte order: the store doesn't leave it. */
GBytes *cairn_job_record_encode (const CairnJobRecord *record);

/* NULL when BYTES aren't a record that this version wrote. */
CairnJobRecord *cairn_job_record_decode (const char *id, GBytes *bytes);

#endif
