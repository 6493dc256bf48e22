/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cim-samples.h: a small set of providers with instances that never change, for tests of protocols:
 * one VM, its reference points, the reference point service and a job that failed.
 *
 * The VM isn't quick, all else is. ImportReferencePointMetadata (which isn't, either) succeeds with
 * a job when ConfigFilePath is given, and its message is what it was called with otherwise.
 */
#ifndef CIM_SAMPLES_H
#define CIM_SAMPLES_H

#include "cim/broker.h"

#define CIM_SAMPLES_VM  "6A0E4DEC-AF52-4D70-8B80-A21D00000001"
#define CIM_SAMPLES_JOB "6A0E4DEC-AF52-4D70-8B80-A21D00000009"

extern const CimProviders cim_samples;

/* How many points there are; a page may fail once it is past CIM_SAMPLES_FAILS_AT (0 = never). */
extern guint cim_samples_n_points;
extern guint cim_samples_fails_at;

#endif
