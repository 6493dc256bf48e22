/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells since when an anchor's bitmap records. */
#include "refpoint/witness.h"

#include "refpoint/guid.h"

/* The GUID in the change-tracking id: the point's, or, once adopted, one of that time. NULL: it is
 * none of ours. The caller frees. */
static char *
began_guid (const CairnAnchor *anchor)
{
  return cairn_change_tracking_id_guid (anchor->change_tracking_id);
}

gboolean
cairn_anchor_is_adopted (const CairnAnchor *anchor)
{
  g_autofree char *guid = began_guid (anchor);

  return guid && g_ascii_strcasecmp (guid, anchor->bitmap) != 0;
}

gboolean
cairn_anchor_must_cover (const CairnAnchor *anchor, const CairnAnchor *newer)
{
  g_autofree char *began = NULL;
  g_autofree char *newer_began = NULL;

  if (cairn_anchor_is_adopted (newer))
    return FALSE;
  if (!cairn_anchor_is_adopted (anchor))
    return TRUE;
  began = began_guid (anchor);
  newer_began = began_guid (newer);
  return newer_began && cairn_guid_v7_time_ms (newer_began) >= cairn_guid_v7_time_ms (began);
}
