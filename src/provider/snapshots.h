/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* snapshots.h: recovery checkpoints as instances of Msvm_VirtualSystemSettingData, and the methods
 * on them, for the backend's tables.
 *
 * Only these snapshots are there: QEMU's and libvirt's own aren't shown. Source: VirtualSystemType
 * "Microsoft:Hyper-V:Snapshot:Recovery" (hyperv-api sections 10 to 12).
 */
#ifndef CAIRN_PROVIDER_SNAPSHOTS_H
#define CAIRN_PROVIDER_SNAPSHOTS_H

#include <cairn/snapshot.h>

#include "provider/backend.h"

#define CAIRN_SETTINGS_CLASS       "Msvm_VirtualSystemSettingData"
#define CAIRN_REALIZED_SYSTEM_TYPE "Microsoft:Hyper-V:System:Realized"
#define CAIRN_SNAPSHOT_SYSTEM_TYPE "Microsoft:Hyper-V:Snapshot:Recovery"

extern const CimAssociation cairn_snapshot_of_vm; /* Msvm_SnapshotOfVirtualSystem */

/* Those (of CairnSnapshot) of a VM (its GUID), or of all (NULL), oldest first; the caller's. */
GPtrArray *cairn_snapshots_list (CimCall *call, const char *vm_guid, GError **error);

/* The one of that InstanceID; the caller's. NULL without an error when there is none. */
CairnSnapshot *cairn_snapshots_find (CimCall *call, const char *instance_id, GError **error);

/* Its instance. HARDWARE: its VM as it is now; NULL when that isn't known any more. */
CimInstance *cairn_snapshot_settings_make (const CairnSnapshot *snapshot,
                                           const CairnHardware *hardware);

/* The same of the VM that SNAPSHOT is of, looked up. NULL with an error. */
CimInstance *cairn_snapshot_settings_find (CimCall *call, const CairnSnapshot *snapshot,
                                           GError **error);

/* Whether INSTANCE of Msvm_VirtualSystemSettingData is that of a recovery checkpoint. */
gboolean cairn_settings_is_snapshot (const CimInstance *instance);

/* Msvm_VirtualSystemSnapshotService */
gboolean cairn_invoke_create_snapshot (CimCall *call, const CimInstance *object,
                                       const CimInstance *in, CimInstance *out,
                                       uint32_t *return_value, char **message, GError **error);
gboolean cairn_invoke_convert (CimCall *call, const CimInstance *object, const CimInstance *in,
                               CimInstance *out, uint32_t *return_value, char **message,
                               GError **error);
gboolean cairn_invoke_destroy_snapshot (CimCall *call, const CimInstance *object,
                                        const CimInstance *in, CimInstance *out,
                                        uint32_t *return_value, char **message, GError **error);
gboolean cairn_invoke_destroy_tree (CimCall *call, const CimInstance *object, const CimInstance *in,
                                    CimInstance *out, uint32_t *return_value, char **message,
                                    GError **error);

/* Msvm_VirtualSystemManagementService */
gboolean cairn_invoke_export_system (CimCall *call, const CimInstance *object,
                                     const CimInstance *in, CimInstance *out,
                                     uint32_t *return_value, char **message, GError **error);
gboolean cairn_invoke_modify_settings (CimCall *call, const CimInstance *object,
                                       const CimInstance *in, CimInstance *out,
                                       uint32_t *return_value, char **message, GError **error);

#define CAIRN_SNAPSHOT_SERVICE      "Msvm_VirtualSystemSnapshotService"
#define CAIRN_MANAGEMENT_SERVICE    "Msvm_VirtualSystemManagementService"

#define CAIRN_SNAPSHOT_ASSOCIATIONS &cairn_snapshot_of_vm
#define CAIRN_SNAPSHOT_METHODS                                                                     \
  { CAIRN_SNAPSHOT_SERVICE, "CreateSnapshot", FALSE, cairn_invoke_create_snapshot },               \
      { CAIRN_SNAPSHOT_SERVICE, "ConvertToReferencePoint", FALSE, cairn_invoke_convert },          \
      { CAIRN_SNAPSHOT_SERVICE, "DestroySnapshot", FALSE, cairn_invoke_destroy_snapshot },         \
      { CAIRN_SNAPSHOT_SERVICE, "DestroySnapshotTree", FALSE, cairn_invoke_destroy_tree },         \
      { CAIRN_MANAGEMENT_SERVICE, "ExportSystemDefinition", FALSE, cairn_invoke_export_system },   \
  {                                                                                                \
    CAIRN_MANAGEMENT_SERVICE, "ModifySystemSettings", FALSE, cairn_invoke_modify_settings          \
  }

#endif
