/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A view of a running domain's disk: one connection to its backup job for each reader. */
#include "tracker/libvirt/view.h"

#include "nbd/client.h"
#include "tracker/libvirt/backup.h"
#include "tracker/libvirt/checkpoint.h"

/* QEMU's server is one thread; two readers keep it busy while one of them compares. */
#define N_READERS 2

typedef struct
{
  CairnView view;
  CairnLibvirtBackup *backup;
  CairnNbdClient *clients[N_READERS];
} BackupView;

static gboolean
read_view (CairnView *view, unsigned reader, uint64_t offset_bytes, void *buffer,
           size_t length_bytes, GError **error)
{
  BackupView *self = (BackupView *)view;

  return cairn_nbd_client_read (self->clients[reader], offset_bytes, buffer, length_bytes, error);
}

static gboolean
map_view (CairnView *view, unsigned reader, uint64_t offset_bytes, gboolean *is_zero,
          uint64_t *length_bytes, GError **error)
{
  BackupView *self = (BackupView *)view;

  return cairn_nbd_client_map (self->clients[reader], offset_bytes, is_zero, length_bytes, error);
}

static void
close_view (CairnView *view)
{
  BackupView *self = (BackupView *)view;

  for (unsigned i = 0; i < N_READERS; i++)
    cairn_nbd_client_close (self->clients[i]);
  cairn_libvirt_backup_end (self->backup);
  g_free (self);
}

static const CairnViewOps backup_view_ops = {
  .read = read_view,
  .map = map_view,
  .close = close_view,
};

static gboolean
connect_readers (BackupView *self, const CairnDisk *disk, int64_t deadline, GError **error)
{
  static const char *const contexts[] = { CAIRN_NBD_ALLOCATION, NULL };

  for (unsigned i = 0; i < N_READERS; i++)
    {
      self->clients[i] = cairn_nbd_client_connect (cairn_libvirt_backup_socket (self->backup),
                                                   disk->target, contexts, deadline, error);
      if (!self->clients[i])
        return FALSE;
    }
  self->view.size_bytes = cairn_nbd_client_size (self->clients[0]);
  return TRUE;
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
  BackupView *view;

  if (!cairn_libvirt_look_read_bitmaps (look, error))
    return NULL;
  checkpoint = catcher_xml (look, disk, catcher);
  order.checkpoint_xml = checkpoint;
  g_ptr_array_add (targets, disk->target);
  view = g_new0 (BackupView, 1);
  view->view.ops = &backup_view_ops;
  view->view.n_readers = N_READERS;
  view->backup = cairn_libvirt_backup_begin (self->libvirt, look, &order, error);
  cairn_libvirt_look_forget_bitmaps (look);
  if (view->backup && connect_readers (view, disk, deadline, error))
    return &view->view;
  close_view (&view->view);
  return NULL;
}
