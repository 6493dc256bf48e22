/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes, redefines, lists and removes checkpoints. */
#include "tracker/libvirt/checkpoint.h"

#include <inttypes.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>

#include "refpoint/inventory.h"
#include "tracker/libvirt/failure.h"

static gboolean
has_target (const CairnLibvirtCheckpoint *checkpoint, const char *target)
{
  for (guint i = 0; i < checkpoint->targets->len; i++)
    if (strcmp (checkpoint->targets->pdata[i], target) == 0)
      return TRUE;
  return FALSE;
}

/* Every disk is named: one that is left out would be taken in, or refused. */
char *
cairn_libvirt_checkpoint_xml (const CairnLibvirtLook *look,
                              const CairnLibvirtCheckpoint *checkpoint)
{
  GString *xml = g_string_new ("<domaincheckpoint>");
  const GPtrArray *disks = look->description->disks;

  g_string_append_printf (xml, "<name>%s</name>", checkpoint->name);
  if (checkpoint->parent)
    g_string_append_printf (xml, "<parent><name>%s</name></parent>", checkpoint->parent);
  if (checkpoint->creation_time_ms >= 0)
    g_string_append_printf (xml, "<creationTime>%" PRId64 "</creationTime>",
                            checkpoint->creation_time_ms / 1000);
  g_string_append (xml, "<disks>");
  for (guint i = 0; i < disks->len; i++)
    {
      const CairnLibvirtDisk *disk = disks->pdata[i];
      g_autofree char *target = g_markup_escape_text (disk->target, -1);

      if (has_target (checkpoint, disk->target))
        g_string_append_printf (xml, "<disk name='%s' checkpoint='bitmap' bitmap='%s'/>", target,
                                checkpoint->name);
      else
        g_string_append_printf (xml, "<disk name='%s' checkpoint='no'/>", target);
    }
  g_string_append (xml, "</disks></domaincheckpoint>");
  return g_string_free (xml, FALSE);
}

static gboolean
create (const CairnLibvirtLook *look, const CairnLibvirtCheckpoint *checkpoint, unsigned flags,
        const char *doing, GError **error)
{
  g_autofree char *xml = cairn_libvirt_checkpoint_xml (look, checkpoint);
  virDomainCheckpointPtr made = virDomainCheckpointCreateXML (look->domain, xml, flags);

  if (!made)
    return cairn_libvirt_fail (error, "VM '%s': checkpoint '%s' can't be %s",
                               look->description->name, checkpoint->name, doing);
  virDomainCheckpointFree (made);
  return TRUE;
}

gboolean
cairn_libvirt_checkpoint_create (const CairnLibvirtLook *look,
                                 const CairnLibvirtCheckpoint *checkpoint, GError **error)
{
  return create (look, checkpoint, 0, "made", error);
}

gboolean
cairn_libvirt_checkpoint_redefine (const CairnLibvirtLook *look,
                                   const CairnLibvirtCheckpoint *checkpoint, GError **error)
{
  unsigned flags = VIR_DOMAIN_CHECKPOINT_CREATE_REDEFINE;

  if (look->is_running)
    flags |= VIR_DOMAIN_CHECKPOINT_CREATE_REDEFINE_VALIDATE;
  return create (look, checkpoint, flags, "redefined", error);
}

gboolean
cairn_libvirt_checkpoint_delete (const CairnLibvirtLook *look, const char *name,
                                 gboolean metadata_only, gboolean *found, GError **error)
{
  virDomainCheckpointPtr checkpoint = virDomainCheckpointLookupByName (look->domain, name, 0);
  unsigned flags = metadata_only ? VIR_DOMAIN_CHECKPOINT_DELETE_METADATA_ONLY : 0;
  gboolean ok;

  if (found)
    *found = checkpoint != NULL;
  if (!checkpoint && cairn_libvirt_last_code () == VIR_ERR_NO_DOMAIN_CHECKPOINT)
    return TRUE;
  ok = checkpoint && virDomainCheckpointDelete (checkpoint, flags) == 0;
  if (!ok)
    cairn_libvirt_fail (error, "VM '%s': checkpoint '%s' can't be removed", look->description->name,
                        name);
  if (checkpoint)
    virDomainCheckpointFree (checkpoint);
  return ok;
}

void
cairn_libvirt_checkpoint_forget (virDomainPtr domain, const char *name)
{
  virDomainCheckpointPtr checkpoint = virDomainCheckpointLookupByName (domain, name, 0);

  if (!checkpoint)
    return;
  virDomainCheckpointDelete (checkpoint, VIR_DOMAIN_CHECKPOINT_DELETE_METADATA_ONLY);
  virDomainCheckpointFree (checkpoint);
}

GPtrArray *
cairn_libvirt_checkpoint_list (const CairnLibvirtLook *look, GError **error)
{
  virDomainCheckpointPtr *found = NULL;
  int n
      = virDomainListAllCheckpoints (look->domain, &found, VIR_DOMAIN_CHECKPOINT_LIST_TOPOLOGICAL);
  GPtrArray *names;

  if (n < 0)
    return cairn_libvirt_fail (error, "VM '%s': its checkpoints can't be listed",
                               look->description->name),
           NULL;
  names = g_ptr_array_new_with_free_func (g_free);
  for (int i = 0; i < n; i++)
    {
      g_ptr_array_add (names, g_strdup (virDomainCheckpointGetName (found[i])));
      virDomainCheckpointFree (found[i]);
    }
  free (found);
  return names;
}

gboolean
cairn_libvirt_checkpoint_is_known (const CairnLibvirtLook *look, const char *name)
{
  virDomainCheckpointPtr checkpoint = virDomainCheckpointLookupByName (look->domain, name, 0);

  if (checkpoint)
    virDomainCheckpointFree (checkpoint);
  return checkpoint != NULL;
}

/* Whether the N checkpoints FOUND, parents first, are one chain: a forest with one leaf is. That
 * saves asking for each one's parent. */
static gboolean
is_chain (const CairnLibvirtLook *look, const virDomainCheckpointPtr *found, int n)
{
  virDomainCheckpointPtr *leaves = NULL;
  int n_leaves
      = virDomainListAllCheckpoints (look->domain, &leaves, VIR_DOMAIN_CHECKPOINT_LIST_LEAVES);
  gboolean is_one = n > 0 && n_leaves == 1
                    && strcmp (virDomainCheckpointGetName (leaves[0]),
                               virDomainCheckpointGetName (found[n - 1]))
                           == 0;

  for (int i = 0; i < n_leaves; i++)
    virDomainCheckpointFree (leaves[i]);
  free (leaves);
  return is_one;
}

static char *
parent_of (virDomainCheckpointPtr checkpoint)
{
  virDomainCheckpointPtr parent = virDomainCheckpointGetParent (checkpoint, 0);
  char *name = parent ? g_strdup (virDomainCheckpointGetName (parent)) : NULL;

  if (parent)
    virDomainCheckpointFree (parent);
  return name;
}

gboolean
cairn_libvirt_checkpoint_take_records (const CairnLibvirtLook *look, GPtrArray *records,
                                       GError **error)
{
  virDomainCheckpointPtr *found = NULL;
  int n
      = virDomainListAllCheckpoints (look->domain, &found, VIR_DOMAIN_CHECKPOINT_LIST_TOPOLOGICAL);
  gboolean is_one = n > 0 && is_chain (look, found, n);
  const char *above = NULL;

  if (n < 0)
    return cairn_libvirt_fail (error, "VM '%s': its checkpoints can't be listed",
                               look->description->name);
  for (int i = 0; i < n; i++)
    {
      CairnFoundRecord *record = g_new0 (CairnFoundRecord, 1);

      record->name = g_strdup (virDomainCheckpointGetName (found[i]));
      record->parent = is_one ? g_strdup (above) : parent_of (found[i]);
      g_ptr_array_add (records, record);
      above = record->name;
    }
  for (int i = 0; i < n; i++)
    virDomainCheckpointFree (found[i]);
  free (found);
  return TRUE;
}
