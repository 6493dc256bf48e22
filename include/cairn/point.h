/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn/point.h: a reference point and its anchors in the VM's disks.
 *
 * Structs are made and freed by the library and may grow at their end; read them, never allocate
 * them yourself. Values; two threads may read one at the same time.
 * Source of the property meanings: class Msvm_VirtualSystemReferencePoint.
 */
#ifndef CAIRN_POINT_H
#define CAIRN_POINT_H

#include <glib.h>
#include <stdint.h>

#include <cairn/error.h>

G_BEGIN_DECLS

typedef enum
{
  CAIRN_POINT_TYPE_LOG = 1,
  CAIRN_POINT_TYPE_RCT = 2,
} CairnPointType; /* ReferencePointType */

typedef enum
{
  CAIRN_CONSISTENCY_APPLICATION = 1,
  CAIRN_CONSISTENCY_CRASH = 2,
} CairnConsistency; /* ConsistencyLevel */

typedef enum
{
  CAIRN_ORIGIN_CREATED,
  CAIRN_ORIGIN_IMPORTED,
  CAIRN_ORIGIN_HYPER_V,
} CairnOrigin;

CAIRN_API const char *cairn_origin_name (CairnOrigin origin); /* "created", "imported", "hyper-v" */

/* What ties a point to one disk. */
typedef struct
{
  char *disk_identifier; /* VirtualDiskIdentifiers[i] */
  char *target;          /* as of the point */
  char *path;            /* of the image where the bitmap begins: as of the point, or where it was
                            found since; a hint */
  char *format;          /* as of the point */
  uint64_t virtual_size_bytes;
  char *change_tracking_id; /* ResilientChangeTrackingIdentifiers[i]; NULL when not anchored */
  char *bitmap;             /* name of the persistent bitmap; NULL when not anchored */
  uint64_t granularity_bytes;
  uint64_t allocated_bytes;  /* guest clusters that the image, and those below it at most, had
                                allocated when the anchor was set, and one for its header, so never
                                0 once counted; 0 = not counted */
  uint64_t dirty_seen_bytes; /* the most changes ever seen since; a bitmap never shrinks */
  char *lost; /* the verdict that once showed that changes may be missing ("missing", "in-use",
                 ...): the anchor can't be trusted again, however whole it looks; NULL = never */
  GPtrArray
      *tracking_hints; /* of char *, owned: foreign tracking ids found below a Hyper-V drive */
} CairnAnchor;

CAIRN_API CairnAnchor *cairn_anchor_new (void);
CAIRN_API CairnAnchor *cairn_anchor_copy (const CairnAnchor *anchor);
CAIRN_API void cairn_anchor_free (CairnAnchor *anchor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnAnchor, cairn_anchor_free)

typedef struct
{
  char *instance_id; /* "Microsoft:<VM GUID>\<point GUID>"; the VM GUID is that at creation, for
                        ever */
  char *guid;        /* the point's GUID, upper case, UUIDv7 */
  char *vm_guid;     /* VirtualSystemIdentifier: the VM it belongs to now */
  CairnPointType type;
  CairnConsistency consistency;
  gboolean has_associated_data;
  int64_t creation_time_ms; /* milliseconds since 1970-01-01 UTC */
  char *owner;              /* "" = nobody's */
  char *label;              /* ElementName; "" when none */
  CairnOrigin origin;
  GPtrArray *anchors;    /* of CairnAnchor, owned, one per disk of the point */
  GBytes *configuration; /* the container it was imported from when that holds keys we don't know,
                            to carry them along; else NULL */
} CairnPoint;

CAIRN_API CairnPoint *cairn_point_new (void);
CAIRN_API CairnPoint *cairn_point_copy (const CairnPoint *point);
CAIRN_API void cairn_point_free (CairnPoint *point);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnPoint, cairn_point_free)

G_END_DECLS

#endif
