/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reference points and anchors as values. */
#include <cairn/point.h>

const char *
cairn_origin_name (CairnOrigin origin)
{
  static const char *const names[] = { "created", "imported", "hyper-v" };

  return (size_t)origin < G_N_ELEMENTS (names) ? names[origin] : "created";
}

CairnAnchor *
cairn_anchor_new (void)
{
  CairnAnchor *anchor = g_new0 (CairnAnchor, 1);

  anchor->tracking_hints = g_ptr_array_new_with_free_func (g_free);
  return anchor;
}

CairnAnchor *
cairn_anchor_copy (const CairnAnchor *anchor)
{
  CairnAnchor *copy = cairn_anchor_new ();

  copy->disk_identifier = g_strdup (anchor->disk_identifier);
  copy->target = g_strdup (anchor->target);
  copy->path = g_strdup (anchor->path);
  copy->format = g_strdup (anchor->format);
  copy->virtual_size_bytes = anchor->virtual_size_bytes;
  copy->change_tracking_id = g_strdup (anchor->change_tracking_id);
  copy->bitmap = g_strdup (anchor->bitmap);
  copy->granularity_bytes = anchor->granularity_bytes;
  copy->allocated_bytes = anchor->allocated_bytes;
  copy->dirty_seen_bytes = anchor->dirty_seen_bytes;
  copy->lost = g_strdup (anchor->lost);
  for (guint i = 0; i < anchor->tracking_hints->len; i++)
    g_ptr_array_add (copy->tracking_hints, g_strdup (anchor->tracking_hints->pdata[i]));
  return copy;
}

void
cairn_anchor_free (CairnAnchor *anchor)
{
  if (!anchor)
    return;
  g_free (anchor->disk_identifier);
  g_free (anchor->target);
  g_free (anchor->path);
  g_free (anchor->format);
  g_free (anchor->change_tracking_id);
  g_free (anchor->bitmap);
  g_free (anchor->lost);
  g_ptr_array_unref (anchor->tracking_hints);
  g_free (anchor);
}

CairnPoint *
cairn_point_new (void)
{
  CairnPoint *point = g_new0 (CairnPoint, 1);

  point->type = CAIRN_POINT_TYPE_RCT;
  point->consistency = CAIRN_CONSISTENCY_CRASH;
  point->anchors = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_anchor_free);
  return point;
}

CairnPoint *
cairn_point_copy (const CairnPoint *point)
{
  CairnPoint *copy = cairn_point_new ();

  copy->instance_id = g_strdup (point->instance_id);
  copy->guid = g_strdup (point->guid);
  copy->vm_guid = g_strdup (point->vm_guid);
  copy->type = point->type;
  copy->consistency = point->consistency;
  copy->has_associated_data = point->has_associated_data;
  copy->creation_time_ms = point->creation_time_ms;
  copy->owner = g_strdup (point->owner);
  copy->label = g_strdup (point->label);
  copy->origin = point->origin;
  for (guint i = 0; i < point->anchors->len; i++)
    g_ptr_array_add (copy->anchors, cairn_anchor_copy (point->anchors->pdata[i]));
  if (point->configuration)
    copy->configuration = g_bytes_ref (point->configuration);
  return copy;
}

void
cairn_point_free (CairnPoint *point)
{
  if (!point)
    return;
  g_free (point->instance_id);
  g_free (point->guid);
  g_free (point->vm_guid);
  g_free (point->owner);
  g_free (point->label);
  g_ptr_array_unref (point->anchors);
  g_clear_pointer (&point->configuration, g_bytes_unref);
  g_free (point);
}
