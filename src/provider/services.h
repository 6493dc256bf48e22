/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* services.h: the services themselves (CIM_Service), for the backend's tables. */
#ifndef CAIRN_PROVIDER_SERVICES_H
#define CAIRN_PROVIDER_SERVICES_H

#include "provider/backend.h"

extern const CimProvider cairn_point_service_provider;
extern const CimProvider cairn_image_service_provider;
extern const CimProvider cairn_snapshot_service_provider;
extern const CimProvider cairn_management_service_provider;
extern const CimAssociation cairn_hosted_service; /* Msvm_HostedService */

/* CIM_EnabledLogicalElement.RequestStateChange of a service: it runs, and can't do anything else.
 */
gboolean cairn_invoke_service_state (CimCall *call, const CimInstance *object,
                                     const CimInstance *in, CimInstance *out,
                                     uint32_t *return_value, char **message, GError **error);

#define CAIRN_SERVICE_PROVIDERS                                                                    \
  &cairn_point_service_provider, &cairn_image_service_provider, &cairn_snapshot_service_provider,  \
      &cairn_management_service_provider
#define CAIRN_SERVICE_ASSOCIATIONS &cairn_hosted_service
#define CAIRN_SERVICE_METHODS                                                                      \
  {                                                                                                \
    "CIM_Service", "RequestStateChange", TRUE, cairn_invoke_service_state                          \
  }

#endif
