/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* job-instance.h: a job's record as an instance, and its error as another one. */
#ifndef CAIRN_PROVIDER_JOB_INSTANCE_H
#define CAIRN_PROVIDER_JOB_INSTANCE_H

#include "provider/backend.h"

/* "Import Reference Point metadata", "Job is running": Caption and JobStatus; borrowed, static. */
const char *cairn_job_caption (const CairnJobRecord *record);
const char *cairn_job_status (const CairnJobRecord *record);

/* Msvm_VirtualSystemReferencePointExportJob for an export, else Msvm_ConcreteJob. */
const CimClass *cairn_job_class (const CairnJobRecord *record);

/* CLASS is that, or Msvm_ConcreteJob for any. */
CimInstance *cairn_job_instance (const CimClass *class, const CairnJobRecord *record);

/* Msvm_Error of a job that failed, as CIM-XML text; NULL when it didn't. */
char *cairn_job_error_text (const CairnJobRecord *record);

#endif
