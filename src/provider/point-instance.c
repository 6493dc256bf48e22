/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A reference point as an instance of Msvm_VirtualSystemReferencePoint. */
#include "provider/point-instance.h"

#include <stdalign.h>
#include <stddef.h>
#include <string.h>

#define CAPTION "Virtual System Reference Point"

/* What the texts and the arrays of POINT's instance take at most, so that no room is left over. */
static size_t
count_bytes (const CairnPoint *point)
{
  size_t n = sizeof CAPTION + strlen (point->instance_id) + strlen (point->vm_guid)
             + strlen (point->label) + 3 + 4 * sizeof (char *) + 2 * alignof (max_align_t);

  for (guint i = 0; i < point->anchors->len; i++)
    {
      const CairnAnchor *anchor = point->anchors->pdata[i];

      if (anchor->change_tracking_id)
        n += strlen (anchor->disk_identifier) + strlen (anchor->change_tracking_id) + 2
             + 2 * sizeof (char *);
    }
  return n;
}

/* Member i of one is about the same disk as member i of the other; a disk that no bitmap was ever
 * tied to (a Hyper-V point's) has no id, and isn't in either. */
static void
set_disks (CimInstance *instance, const CairnPoint *point)
{
  g_autofree const char **disks = g_new (const char *, point->anchors->len + 1);
  g_autofree const char **ids = g_new (const char *, point->anchors->len + 1);
  guint n = 0;

  for (guint i = 0; i < point->anchors->len; i++)
    {
      const CairnAnchor *anchor = point->anchors->pdata[i];

      if (!anchor->change_tracking_id)
        continue;
      disks[n] = anchor->disk_identifier;
      ids[n++] = anchor->change_tracking_id;
    }
  cim_instance_set_texts (instance, "VirtualDiskIdentifiers", disks, n);
  cim_instance_set_texts (instance, "ResilientChangeTrackingIdentifiers", ids, n);
}

CimInstance *
cairn_point_instance_new (const CimClass *class, const CairnPoint *point)
{
  CimInstance *instance = cim_instance_new (class);

  cairn_arena_reserve (&instance->arena, count_bytes (point));
  cim_instance_set_text (instance, "InstanceID", point->instance_id);
  cim_instance_set_text (instance, "VirtualSystemIdentifier", point->vm_guid);
  cim_instance_set_text (instance, "Caption", CAPTION);
  cim_instance_set_text (instance, "ElementName", point->label);
  cim_instance_set_number (instance, "ReferencePointType", point->type);
  cim_instance_set_number (instance, "ConsistencyLevel", point->consistency);
  cim_instance_set_boolean (instance, "HasAssociatedData", point->has_associated_data);
  set_disks (instance, point);
  return instance;
}
