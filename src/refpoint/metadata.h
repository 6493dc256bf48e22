/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* metadata.h: points <-> the two files of an export.
 *
 * Configuration file (.vmcx): a VM configuration with the same keys for identity and drives as
 * Hyper-V's (so that its readers understand it), and below /cairn our own:
 *
 *   cairn/schema              uint    1
 *   cairn/kind                string  "configuration"
 *   cairn/export_id           string  GUID, the same in both files of a pair
 *   cairn/points/point        node, one per point, oldest first
 *     instance_id owner label origin          string
 *     type consistency                        uint
 *     creation_time_ms                        int
 *     carried                                 array   (carried.h; only with keys we don't know)
 *     disks/disk              node, one per disk
 *       identifier target path format         string
 *       virtual_size granularity              uint
 *       change_tracking_id bitmap             string  (absent: not anchored)
 *       tracking_hint                         string, any number
 *
 * Runtime-state file (.vmrs):
 *
 *   cairn/schema, kind ("runtime-state"), export_id
 *   cairn/points/point/instance_id            string
 *   cairn/points/point/disks/disk/identifier  string
 *   cairn/points/point/disks/disk/dirty       array: the extents dirty at export (dirty.h)
 *
 * global_id and export_id keep their place in every schema, so that a newer file can still be told
 * from one of another VM. Source of the configuration's keys: docs/vmcx.md.
 */
#ifndef CAIRN_METADATA_H
#define CAIRN_METADATA_H

#include <cairn/point.h>
#include <cairn/vm.h>
#include <vmcx.h>

#define CAIRN_METADATA_SCHEMA 1u

/* The lists of changes of one pair, together: some 10 to 30 million extents. */
#define CAIRN_DIRTY_LIMIT_BYTES (UINT64_C (48) << 20)

typedef struct
{
  char *vm_guid;     /* whose configuration it is */
  char *export_id;   /* NULL: a genuine Hyper-V pair */
  GPtrArray *points; /* of CairnPoint, owned, oldest first */
  GPtrArray *dirty;  /* of GPtrArray of GBytes: per point, per anchor, the extents as dirty.h has
                        them (decoded they would be up to eight times as large); of an anchor
                        without a bitmap, empty */
} CairnMetadata;

CairnMetadata *cairn_metadata_new (void);
void cairn_metadata_free (CairnMetadata *metadata);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnMetadata, cairn_metadata_free)

/* The two trees to write; METADATA->export_id is set. The caller frees them. */
VmcxTree *cairn_metadata_configuration_tree (const CairnMetadata *metadata, const CairnVm *vm);
VmcxTree *cairn_metadata_runtime_tree (const CairnMetadata *metadata);

/* One opened file of a pair. */
typedef struct
{
  const char *path; /* borrowed; for messages */
  int fd;           /* borrowed; open for reading */
  VmcxFile *file;   /* borrowed */
} CairnMetadataSource;

/* Reads both files. VM is whom they are meant for.
 * Errors, in this order: INCORRECT_DATA_TYPE (they don't belong together, or lack what every file
 * has), INVALID_PARAMETER (of another VM), NOT_SUPPORTED (newer schema), INCORRECT_DATA_TYPE (a
 * missing or wrong key), OUT_OF_MEMORY. */
CairnMetadata *cairn_metadata_read (const CairnMetadataSource *configuration,
                                    const CairnMetadataSource *runtime, const CairnVm *vm,
                                    GError **error);

/* A vmcx error as one of ours, with the file's name. Takes CAUSE. */
void cairn_metadata_propagate (GError **error, GError *cause);

#endif
