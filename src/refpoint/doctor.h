/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* doctor.h: the looks that find faults, and the repairs of each kind of them. docs/doctor.md tells
 * the same to users.
 */
#ifndef CAIRN_DOCTOR_H
#define CAIRN_DOCTOR_H

#include "refpoint/diagnosis.h"

/* Each adds what it finds to the diagnosis. */
gboolean cairn_doctor_look_at_intents (CairnDiagnosis *diagnosis, GError **error);
gboolean cairn_doctor_look_at_snapshots (CairnDiagnosis *diagnosis, GError **error);
gboolean cairn_doctor_look_at_bitmaps (CairnDiagnosis *diagnosis, GError **error);
gboolean cairn_doctor_look_at_records (CairnDiagnosis *diagnosis, GError **error);
gboolean cairn_doctor_look_at_disks (CairnDiagnosis *diagnosis, GError **error);
gboolean cairn_doctor_look_at_logs (CairnDiagnosis *diagnosis, GError **error);

/* Each mends one fault of DIAGNOSIS, whose VM is locked, and may be repeated. Whether it helped is
 * for the next diagnosis to say. */
typedef gboolean (*CairnDoctorRepair) (CairnDiagnosis *diagnosis, const CairnFault *fault,
                                       GError **error);

gboolean cairn_doctor_finish_intent (CairnDiagnosis *diagnosis, const CairnFault *fault,
                                     GError **error);
gboolean cairn_doctor_end_job (CairnDiagnosis *diagnosis, const CairnFault *fault, GError **error);
gboolean cairn_doctor_end_snapshot (CairnDiagnosis *diagnosis, const CairnFault *fault,
                                    GError **error);
gboolean cairn_doctor_lose_bitmap (CairnDiagnosis *diagnosis, const CairnFault *fault,
                                   GError **error);
gboolean cairn_doctor_remove_bitmap (CairnDiagnosis *diagnosis, const CairnFault *fault,
                                     GError **error);
gboolean cairn_doctor_drop_record (CairnDiagnosis *diagnosis, const CairnFault *fault,
                                   GError **error);
gboolean cairn_doctor_rehang_record (CairnDiagnosis *diagnosis, const CairnFault *fault,
                                     GError **error);
gboolean cairn_doctor_add_record (CairnDiagnosis *diagnosis, const CairnFault *fault,
                                  GError **error);
gboolean cairn_doctor_remove_log (CairnDiagnosis *diagnosis, const CairnFault *fault,
                                  GError **error);
gboolean cairn_doctor_forget_log (CairnDiagnosis *diagnosis, const CairnFault *fault,
                                  GError **error);

#endif
