/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* points.h: reference points, their jobs, and the methods on them, for the backend's tables. */
#ifndef CAIRN_PROVIDER_POINTS_H
#define CAIRN_PROVIDER_POINTS_H

#include "provider/backend.h"

extern const CimProvider cairn_point_provider;      /* Msvm_VirtualSystemReferencePoint */
extern const CimProvider cairn_job_provider;        /* Msvm_ConcreteJob */
extern const CimProvider cairn_export_job_provider; /* Msvm_VirtualSystemReferencePointExportJob */
extern const CimAssociation cairn_point_of_vm;      /* Msvm_ReferencePointOfVirtualSystem */
extern const CimAssociation cairn_affected_element; /* Msvm_AffectedJobElement */

/* Msvm_VirtualSystemReferencePointService */
gboolean cairn_invoke_create (CimCall *call, const CimInstance *object, const CimInstance *in,
                              CimInstance *out, uint32_t *return_value, char **message,
                              GError **error);
gboolean cairn_invoke_destroy (CimCall *call, const CimInstance *object, const CimInstance *in,
                               CimInstance *out, uint32_t *return_value, char **message,
                               GError **error);
gboolean cairn_invoke_export (CimCall *call, const CimInstance *object, const CimInstance *in,
                              CimInstance *out, uint32_t *return_value, char **message,
                              GError **error);
gboolean cairn_invoke_remove_data (CimCall *call, const CimInstance *object, const CimInstance *in,
                                   CimInstance *out, uint32_t *return_value, char **message,
                                   GError **error);
gboolean cairn_invoke_import (CimCall *call, const CimInstance *object, const CimInstance *in,
                              CimInstance *out, uint32_t *return_value, char **message,
                              GError **error);

/* Msvm_ImageManagementService */
gboolean cairn_invoke_get_changes (CimCall *call, const CimInstance *object, const CimInstance *in,
                                   CimInstance *out, uint32_t *return_value, char **message,
                                   GError **error);

/* CIM_ConcreteJob and what derives from it */
gboolean cairn_invoke_job_error (CimCall *call, const CimInstance *object, const CimInstance *in,
                                 CimInstance *out, uint32_t *return_value, char **message,
                                 GError **error);
gboolean cairn_invoke_job_error_ex (CimCall *call, const CimInstance *object, const CimInstance *in,
                                    CimInstance *out, uint32_t *return_value, char **message,
                                    GError **error);
gboolean cairn_invoke_job_state (CimCall *call, const CimInstance *object, const CimInstance *in,
                                 CimInstance *out, uint32_t *return_value, char **message,
                                 GError **error);

#define CAIRN_POINT_SERVICE      "Msvm_VirtualSystemReferencePointService"

#define CAIRN_POINT_PROVIDERS    &cairn_point_provider, &cairn_job_provider, &cairn_export_job_provider
#define CAIRN_POINT_ASSOCIATIONS &cairn_point_of_vm, &cairn_affected_element
#define CAIRN_POINT_METHODS                                                                        \
  { CAIRN_POINT_SERVICE, "CreateReferencePoint", FALSE, cairn_invoke_create },                     \
      { CAIRN_POINT_SERVICE, "DestroyReferencePoint", FALSE, cairn_invoke_destroy },               \
      { CAIRN_POINT_SERVICE, "ExportReferencePoint", FALSE, cairn_invoke_export },                 \
      { CAIRN_POINT_SERVICE, "RemoveAssociatedData", FALSE, cairn_invoke_remove_data },            \
      { CAIRN_POINT_SERVICE, "ImportReferencePointMetadata", FALSE, cairn_invoke_import },         \
      { "Msvm_ImageManagementService", "GetVirtualDiskChanges", FALSE, cairn_invoke_get_changes }, \
      { "Msvm_ConcreteJob", "GetError", TRUE, cairn_invoke_job_error },                            \
      { "Msvm_ConcreteJob", "GetErrorEx", TRUE, cairn_invoke_job_error_ex },                       \
      { "Msvm_ConcreteJob", "RequestStateChange", TRUE, cairn_invoke_job_state },                  \
      { CAIRN_EXPORT_JOB, "GetError", TRUE, cairn_invoke_job_error },                              \
      { CAIRN_EXPORT_JOB, "GetErrorEx", TRUE, cairn_invoke_job_error_ex },                         \
  {                                                                                                \
    CAIRN_EXPORT_JOB, "RequestStateChange", TRUE, cairn_invoke_job_state                           \
  }

#define CAIRN_EXPORT_JOB "Msvm_VirtualSystemReferencePointExportJob"

#endif
