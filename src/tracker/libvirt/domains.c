/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt's domains as VMs. */
#include "tracker/libvirt/domains.h"

#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>

#include "refpoint/guid.h"
#include "tracker/libvirt/failure.h"
#include "tracker/libvirt/secret.h"

/* ---- looks ---- */

/* Keeps LOOK as the newest of its VM. */
static CairnLibvirtLook *
keep_look (CairnLibvirtTracker *self, CairnLibvirtLook *look)
{
  if (look)
    g_hash_table_replace (self->looks, look->guid, look);
  return look;
}

CairnLibvirtLook *
cairn_libvirt_look_at (CairnLibvirtTracker *self, const CairnVm *vm, GError **error)
{
  CairnLibvirtLook *look = g_hash_table_lookup (self->looks, vm->guid);

  return look ? look : keep_look (self, cairn_libvirt_look_find (self->libvirt, vm->guid, error));
}

CairnLibvirtLook *
cairn_libvirt_look_at_running (CairnLibvirtTracker *self, const CairnVm *vm, GError **error)
{
  g_autoptr (GError) cause = NULL;
  CairnLibvirtLook *look = cairn_libvirt_look_at (self, vm, &cause);

  if (look)
    return look->is_running ? look : NULL;
  /* Undefined meanwhile: its images may still be there. */
  if (cause->code != CAIRN_ERROR_INVALID_PARAMETER)
    g_propagate_error (error, g_steal_pointer (&cause));
  return NULL;
}

gboolean
cairn_libvirt_has_turned (CairnLibvirtTracker *self, const CairnVm *vm)
{
  CairnLibvirtLook *look = g_hash_table_lookup (self->looks, vm->guid);

  if (!look || !cairn_libvirt_look_is_stale (look))
    return FALSE;
  g_hash_table_remove (self->looks, vm->guid);
  return TRUE;
}

gboolean
cairn_libvirt_doubts (CairnLibvirtTracker *self, const CairnVm *vm, const CairnAnchor *anchor,
                      const CairnJudgement *judgement)
{
  CairnLibvirtLook *look = g_hash_table_lookup (self->looks, vm->guid);

  /* A loss is remembered for good, so it is worth a second look; the first time. */
  if (!look || !look->is_running || anchor->lost || judgement->verdict != CAIRN_VERDICT_MISSING)
    return FALSE;
  g_hash_table_remove (self->looks, vm->guid);
  return TRUE;
}

gboolean
cairn_libvirt_should_look_again (CairnLibvirtTracker *self, const CairnVm *vm, int attempt)
{
  return attempt == 0 && cairn_libvirt_has_turned (self, vm);
}

/* ---- VMs ---- */

/* The same for the same disk for ever, on every host: from the VM and the target. */
static char *
identifier_of (const char *vm_guid, const char *target)
{
  g_autofree char *controller = cairn_guid_derive (vm_guid, target);

  return cairn_disk_identifier_format (vm_guid, controller, 0, 0);
}

static CairnDisk *
disk_of (const char *guid, const CairnLibvirtDisk *found)
{
  const CairnLibvirtLayer *active = found->layers->pdata[0];
  CairnDisk *disk = g_new0 (CairnDisk, 1);

  disk->identifier = identifier_of (guid, found->target);
  disk->target = g_strdup (found->target);
  disk->path = g_strdup (found->is_local ? active->path : found->where);
  disk->format = g_strdup (active->format);
  disk->is_medium = strcmp (found->device, "cdrom") == 0 || strcmp (found->device, "floppy") == 0;
  return disk;
}

CairnVm *
cairn_libvirt_vm_of (const CairnLibvirtDescription *description)
{
  g_autofree char *guid = cairn_guid_normalize (description->uuid);
  CairnVm *vm = cairn_vm_new (guid, description->name);

  vm->is_domain = TRUE;
  for (guint i = 0; i < description->disks->len; i++)
    g_ptr_array_add (vm->disks, disk_of (guid, description->disks->pdata[i]));
  return vm;
}

static CairnVm *
vm_new (CairnLibvirtTracker *self, const CairnLibvirtLook *look)
{
  CairnVm *vm = cairn_libvirt_vm_of (look->description);

  for (guint i = 0; i < vm->disks->len; i++)
    {
      const CairnLibvirtDisk *found = look->description->disks->pdata[i];

      /* A running QEMU has it, but a copy that adopt compares its disk with needs it too. */
      if (found->secret)
        ((CairnDisk *)vm->disks->pdata[i])->key = cairn_libvirt_secret_read (self->libvirt, found);
    }
  return vm;
}

CairnVm *
cairn_libvirt_find_vm (CairnTracker *tracker, const char *name_or_guid, GError **error)
{
  CairnLibvirtTracker *self = (CairnLibvirtTracker *)tracker;
  CairnLibvirtLook *look;

  g_hash_table_remove_all (self->looks);
  look = keep_look (self, cairn_libvirt_look_find (self->libvirt, name_or_guid, error));
  return look ? vm_new (self, look) : NULL;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(const CairnVm *const *)a)->name, (*(const CairnVm *const *)b)->name);
}

GPtrArray *
cairn_libvirt_list_vms (CairnTracker *tracker, GError **error)
{
  CairnLibvirtTracker *self = (CairnLibvirtTracker *)tracker;
  virConnectPtr conn = cairn_libvirt_connect (self->libvirt, error);
  g_autoptr (GPtrArray) vms = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_vm_free);
  virDomainPtr *domains = NULL;
  int n;

  g_hash_table_remove_all (self->looks);
  if (!conn)
    return NULL;
  n = virConnectListAllDomains (conn, &domains, 0);
  if (n < 0)
    return cairn_libvirt_fail (error, "the VMs can't be listed"), NULL;
  for (int i = 0; i < n; i++)
    {
      /* One that was undefined meanwhile isn't there. */
      CairnLibvirtLook *look
          = keep_look (self, cairn_libvirt_look_new (self->libvirt, domains[i], NULL));

      if (look)
        g_ptr_array_add (vms, vm_new (self, look));
    }
  free (domains);
  g_ptr_array_sort (vms, compare_names);
  return g_steal_pointer (&vms);
}

/* ---- changes ---- */

gboolean
cairn_libvirt_begin_change (CairnTracker *tracker, const CairnVm *vm, GError **error)
{
  CairnLibvirtTracker *self = (CairnLibvirtTracker *)tracker;
  CairnLibvirtLook *look = cairn_libvirt_look_at (self, vm, error);

  return look && cairn_libvirt_look_require_here (look, error);
}
