/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A view of a running domain's disk: one connection to its backup job for each reader. */
#include "tracker/libvirt/view.h"

#include "nbd/view.h"
#include "tracker/libvirt/backup.h"
#include "tracker/libvirt/checkpoint.h"

/* QEMU's server is one thread; two readers keep it busy while one of them compares. */
#define N_READERS 2

static void
end_backup (gpointer backup)
{
  cairn_libvirt_backup_end (backup);
}

/* Takes BACKUP over. */
static CairnView *
view_backup (CairnLibvirtBackup *backup, const CairnDisk *disk, int64_t deadline, GError **error)
{
  static const char *const contexts[] = { CAIRN_NBD_ALLOCATION, NULL };
  CairnNbdClient *clients[N_READERS] = { NULL };

  for (unsigned i = 0; i < N_READERS; i++)
    {
      clients[i] = cairn_nbd_client_connect (cairn_libvirt_backup_socket (backup), disk->target,
                                             contexts, deadline, error);
      if (clients[i])
        continue;
      while (i-- > 0)
        cairn_nbd_client_close (clients[i]);
      end_backup (backup);
      return NULL;
    }
  return cairn_nbd_view_new (clients, N_READERS, end_backup, backup);
}

/* The checkpoint that makes bitmap CATCHER at the moment of the job; NULL when the disk has it. */
static char *
catcher_xml (const CairnLibvirtLook *look, const CairnDisk *disk, const char *catcher)
{
  const CairnLibvirtDisk *found = cairn_libvirt_look_find_disk (look, disk->target);
  g_autoptr (GPtrArray) targets = g_ptr_array_new ();
  CairnLibvirtCheckpoint checkpoint
      = { .name = catcher, .creation_time_ms = -1, .targets = targets };

  if (!catcher
      || (found
          && g_hash_table_contains (((CairnLibvirtLayer *)found->layers->pdata[0])->bitmaps,
                                    catcher)))
    return NULL;
  g_ptr_array_add (targets, disk->target);
  return cairn_libvirt_checkpoint_xml (look, &checkpoint);
}

CairnView *
cairn_libvirt_view_open (CairnLibvirtTracker *self, CairnLibvirtLook *look, const CairnDisk *disk,
                         const char *catcher, int64_t deadline, GError **error)
{
  g_autoptr (GPtrArray) targets = g_ptr_array_new ();
  CairnLibvirtBackupOrder order = { .targets = targets, .is_long = TRUE, .deadline = deadline };
  g_autofree char *checkpoint = NULL;
  CairnLibvirtBackup *backup;

  if (!cairn_libvirt_look_read_bitmaps (look, error))
    return NULL;
  checkpoint = catcher_xml (look, disk, catcher);
  order.checkpoint_xml = checkpoint;
  g_ptr_array_add (targets, disk->target);
  backup = cairn_libvirt_backup_begin (self->libvirt, look, &order, error);
  cairn_libvirt_look_forget_bitmaps (look);
  return backup ? view_backup (backup, disk, deadline, error) : NULL;
}
