/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs pull-mode backup jobs. */
#include "tracker/libvirt/backup.h"

#include <cairn/error.h>
#include <string.h>
#include <unistd.h>

#include "tracker/libvirt/backup-xml.h"
#include "tracker/libvirt/checkpoint.h"
#include "tracker/libvirt/failure.h"
#include "tracker/libvirt/gate.h"
#include "tracker/libvirt/job.h"
#include "tracker/libvirt/keeper.h"
#include "tracker/libvirt/place.h"
#include "tracker/libvirt/reading.h"

struct CairnLibvirtBackup
{
  CairnLibvirt *libvirt; /* borrowed */
  char *vm_guid;
  CairnLibvirtPlace *place;
  CairnLibvirtKeeper *keeper; /* NULL = none could be started */
  GPtrArray *scratch_files;   /* of char *, those outside the place */
  GPtrArray *scratch_places;  /* of char *: the directories of all */
  gboolean has_begun;
};

/* ---- what others left ---- */

char *
cairn_libvirt_backup_find_leftover (CairnLibvirt *libvirt, CairnLibvirtLook *look)
{
  g_autofree char *socket = cairn_libvirt_place_socket (libvirt, look);
  g_autoptr (CairnLibvirtPlace) place = NULL;

  if (cairn_libvirt_job_find (look->domain, socket) != CAIRN_LIBVIRT_JOB_OURS)
    return NULL;
  place = cairn_libvirt_place_take (libvirt, look, 0, NULL);
  return place ? g_strdup_printf ("backup job at '%s'", socket) : NULL;
}

static void
remove_scratch_files (const GPtrArray *files)
{
  for (guint i = 0; i < files->len; i++)
    unlink (files->pdata[i]);
}

/* The scratch files outside PLACE that a job of TARGETS (NULL = any) has. */
static GPtrArray *
list_scratch_files (const CairnLibvirtPlace *place, const CairnLibvirtLook *look,
                    const GPtrArray *targets)
{
  GPtrArray *files = g_ptr_array_new_with_free_func (g_free);
  const GPtrArray *disks = look->description->disks;

  for (guint i = 0; i < disks->len; i++)
    {
      const CairnLibvirtDisk *disk = disks->pdata[i];
      g_autofree char *path = cairn_libvirt_scratch_path (place, look, disk, TRUE);

      if (!g_str_has_prefix (path, place->directory)
          && (!targets
              || g_ptr_array_find_with_equal_func ((GPtrArray *)targets, disk->target, g_str_equal,
                                                   NULL)))
        g_ptr_array_add (files, g_steal_pointer (&path));
    }
  return files;
}

/* PLACE is ours: a job that is still there was left, and so were scratch files. */
static gboolean
clear_leftover (CairnLibvirt *libvirt, CairnLibvirtLook *look, const CairnLibvirtPlace *place,
                GError **error)
{
  g_autoptr (GPtrArray) files = NULL;

  if (cairn_libvirt_job_find (look->domain, place->socket) == CAIRN_LIBVIRT_JOB_OURS
      && !cairn_libvirt_job_abort (libvirt, look->guid, look->domain, error))
    return FALSE;
  files = list_scratch_files (place, look, NULL);
  remove_scratch_files (files);
  return TRUE;
}

/* A process holds the place of a frozen view that is over: the VM was stopped, or the job ended by
 * somebody else. */
static void
take_dead_place (CairnLibvirt *libvirt, CairnLibvirtLook *look)
{
  g_autofree char *socket = cairn_libvirt_place_socket (libvirt, look);
  g_autofree char *mark = cairn_libvirt_place_find_mark (libvirt, look->guid);
  g_autofree char *again = NULL;

  if (!mark || cairn_libvirt_job_find (look->domain, socket) != CAIRN_LIBVIRT_JOB_NONE
      || !cairn_libvirt_gate_enter_to_end (libvirt, look->guid, NULL))
    return;
  /* A mark comes after its job, and jobs begin in the gate. */
  again = cairn_libvirt_place_find_mark (libvirt, look->guid);
  if (again && cairn_libvirt_job_find (look->domain, socket) == CAIRN_LIBVIRT_JOB_NONE)
    cairn_libvirt_place_take_away (libvirt, look->guid);
  cairn_libvirt_gate_leave (libvirt);
}

gboolean
cairn_libvirt_backup_end_leftover (CairnLibvirt *libvirt, CairnLibvirtLook *look, GError **error)
{
  g_autofree char *socket = cairn_libvirt_place_socket (libvirt, look);
  g_autoptr (GError) cause = NULL;
  g_autoptr (CairnLibvirtPlace) place = NULL;

  if (cairn_libvirt_job_find (look->domain, socket) != CAIRN_LIBVIRT_JOB_OURS)
    return TRUE;
  place = cairn_libvirt_place_take (libvirt, look, 0, &cause);
  if (place)
    return clear_leftover (libvirt, look, place, error);
  if (cairn_libvirt_is_held (libvirt, look, NULL))
    return TRUE; /* by a process that lives */
  g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}

/* ---- beginning ---- */

static void
backup_free (CairnLibvirtBackup *backup)
{
  if (cairn_libvirt_place_is_ours (backup->place))
    remove_scratch_files (backup->scratch_files);
  g_ptr_array_unref (backup->scratch_files);
  g_ptr_array_unref (backup->scratch_places);
  cairn_libvirt_place_leave (backup->place);
  g_free (backup->vm_guid);
  g_free (backup);
}

static void
start_keeper (CairnLibvirtBackup *backup, const CairnLibvirtLook *look)
{
  g_autoptr (GError) cause = NULL;

  backup->keeper = cairn_libvirt_keeper_start (CAIRN_LIBVIRT_KEEPER_END_JOB, backup->libvirt, look,
                                               backup->scratch_files, &cause);
  if (!backup->keeper)
    g_debug ("%s", cause->message); /* a job left behind is found by its directory, too */
}

static GPtrArray *
list_scratch_places (const CairnLibvirtPlace *place, const CairnLibvirtLook *look,
                     const CairnLibvirtBackupOrder *order)
{
  GPtrArray *places = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < order->targets->len; i++)
    {
      const CairnLibvirtDisk *disk = cairn_libvirt_look_find_disk (look, order->targets->pdata[i]);
      g_autofree char *path
          = disk ? cairn_libvirt_scratch_path (place, look, disk, order->is_long) : NULL;
      char *directory = path ? g_path_get_dirname (path) : NULL;

      if (directory && !g_ptr_array_find_with_equal_func (places, directory, g_str_equal, NULL))
        g_ptr_array_add (places, directory);
      else
        g_free (directory);
    }
  return places;
}

CairnLibvirtBackup *
cairn_libvirt_backup_prepare (CairnLibvirt *libvirt, CairnLibvirtLook *look,
                              const CairnLibvirtBackupOrder *order, GError **error)
{
  gint64 patience = g_get_monotonic_time () + CAIRN_LIBVIRT_JOB_WAIT_MS * G_TIME_SPAN_MILLISECOND;
  CairnLibvirtPlace *place = NULL;
  CairnLibvirtBackup *backup;

  if (!cairn_libvirt_look_require_here (look, error))
    return NULL;
  take_dead_place (libvirt, look);
  place = cairn_libvirt_place_take (libvirt, look, MIN (order->deadline, patience), error);
  if (!place)
    return NULL;
  if (!clear_leftover (libvirt, look, place, error))
    {
      cairn_libvirt_place_leave (place);
      return NULL;
    }
  backup = g_new0 (CairnLibvirtBackup, 1);
  backup->libvirt = libvirt;
  backup->vm_guid = g_strdup (look->guid);
  backup->place = place;
  backup->scratch_files = order->is_long ? list_scratch_files (place, look, order->targets)
                                         : g_ptr_array_new_with_free_func (g_free);
  backup->scratch_places = list_scratch_places (place, look, order);
  start_keeper (backup, look);
  return backup;
}

const GPtrArray *
cairn_libvirt_backup_scratch_places (const CairnLibvirtBackup *backup)
{
  return backup->scratch_places;
}

static GPtrArray *
targets_with (const CairnLibvirtBackupOrder *order, const char *bitmap)
{
  GPtrArray *targets = g_ptr_array_new ();

  for (guint i = 0; i < order->targets->len; i++)
    if (g_strcmp0 (order->bitmaps[i], bitmap) == 0)
      g_ptr_array_add (targets, order->targets->pdata[i]);
  return targets;
}

/* libvirt serves a bitmap of a checkpoint only. One that it doesn't know (the VM came from another
 * host, and its points aren't imported yet) is lent to it while the job begins, and its name put
 * into LENT. What a process that dies just then leaves behind is a checkpoint without a point,
 * which doctor finds. */
static gboolean
lend_checkpoints (const CairnLibvirtLook *look, const CairnLibvirtBackupOrder *order,
                  GPtrArray *lent, GError **error)
{
  for (guint i = 0; order->bitmaps && i < order->targets->len; i++)
    {
      g_autoptr (GPtrArray) targets = NULL;
      CairnLibvirtCheckpoint checkpoint
          = { .name = order->bitmaps[i], .creation_time_ms = g_get_real_time () / 1000 };

      if (!checkpoint.name || cairn_libvirt_checkpoint_is_known (look, checkpoint.name))
        continue;
      checkpoint.targets = targets = targets_with (order, checkpoint.name);
      if (!cairn_libvirt_checkpoint_redefine (look, &checkpoint, error))
        return FALSE;
      g_ptr_array_add (lent, (char *)checkpoint.name);
    }
  return TRUE;
}

/* QEMU, or libvirtd in its name, couldn't make a file. FALSE with the remedy when that is so. */
static gboolean
check_permission (const CairnLibvirtBackup *backup, const CairnLibvirtLook *look, GError **error)
{
  g_autofree char *said = cairn_libvirt_last_message ();

  if (!strstr (said, "Permission denied"))
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_ACCESS_DENIED,
               "VM '%s': a backup job can't be begun: libvirt says '%s'; let its QEMU write to "
               "'%s' (AppArmor may keep it from that: see FILES in cairn(1)), or name another "
               "directory in CAIRN_RUNTIME_DIR",
               look->description->name, said, backup->place->directory);
  return FALSE;
}

/* libvirt itself would have us wait half a minute before it says so. */
static gboolean
check_free (const CairnLibvirtBackup *backup, const CairnLibvirtLook *look, GError **error)
{
  CairnLibvirtJob job = cairn_libvirt_job_find (look->domain, backup->place->socket);

  if (job != CAIRN_LIBVIRT_JOB_FOREIGN && job != CAIRN_LIBVIRT_JOB_OURS)
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE,
               "VM '%s' has a backup job of another program; wait for its end, or end it with "
               "'virsh domjobabort', and try again",
               look->description->name);
  return FALSE;
}

static gboolean
begin_job (const CairnLibvirtBackup *backup, const CairnLibvirtLook *look,
           const CairnLibvirtBackupOrder *order, GError **error)
{
  g_autofree char *xml = cairn_libvirt_backup_xml (backup->place, look, order);

  return virDomainBackupBegin (look->domain, xml, order->checkpoint_xml, 0) == 0
         || (check_permission (backup, look, error)
             && cairn_libvirt_fail (error, "VM '%s': a backup job can't be begun",
                                    look->description->name));
}

static gboolean
begin_in_gate (const CairnLibvirtBackup *backup, CairnLibvirtLook *look,
               const CairnLibvirtBackupOrder *order, GError **error)
{
  g_autoptr (GPtrArray) lent = g_ptr_array_new ();
  gboolean ok;

  if (!cairn_libvirt_gate_enter (look, error))
    return FALSE;
  ok = check_free (backup, look, error) && lend_checkpoints (look, order, lent, error)
       && begin_job (backup, look, order, error);
  for (guint i = 0; i < lent->len; i++)
    cairn_libvirt_checkpoint_forget (look->domain, lent->pdata[i]);
  cairn_libvirt_gate_leave (look->libvirt);
  return ok;
}

gboolean
cairn_libvirt_backup_start (CairnLibvirtBackup *backup, CairnLibvirtLook *look,
                            const CairnLibvirtBackupOrder *order, GError **error)
{
  g_autoptr (GError) cause = NULL;

  backup->has_begun = begin_in_gate (backup, look, order, &cause);
  if (backup->has_begun)
    return TRUE;
  /* A libvirtd that went away may have begun it. */
  if (cause->code == CAIRN_ERROR_SYSTEM_NOT_AVAILABLE)
    cairn_libvirt_keeper_abandon (g_steal_pointer (&backup->keeper));
  g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}

CairnLibvirtBackup *
cairn_libvirt_backup_begin (CairnLibvirt *libvirt, CairnLibvirtLook *look,
                            const CairnLibvirtBackupOrder *order, GError **error)
{
  CairnLibvirtBackup *backup = cairn_libvirt_backup_prepare (libvirt, look, order, error);

  if (backup && !cairn_libvirt_backup_start (backup, look, order, error))
    g_clear_pointer (&backup, cairn_libvirt_backup_end);
  return backup;
}

/* ---- afterwards ---- */

gboolean
cairn_libvirt_backup_mark (const CairnLibvirtBackup *backup, const char *name, GError **error)
{
  return cairn_libvirt_place_set_mark (backup->place, name, error);
}

const char *
cairn_libvirt_backup_socket (const CairnLibvirtBackup *backup)
{
  return backup->place->socket;
}

/* The connection, and the domain's QEMU, may be others by now. TRUE when there is nothing left. */
static gboolean
end_job (CairnLibvirtBackup *backup)
{
  g_autoptr (GError) cause = NULL;
  virDomainPtr domain;
  CairnLibvirtJob job;
  gboolean ok;

  if (!backup->has_begun || !cairn_libvirt_place_is_ours (backup->place))
    return TRUE;
  domain = cairn_libvirt_domain_find (backup->libvirt, backup->vm_guid, &cause);
  if (!domain)
    return cause->code == CAIRN_ERROR_INVALID_PARAMETER; /* it is no more */
  job = cairn_libvirt_job_find (domain, backup->place->socket);
  if (job == CAIRN_LIBVIRT_JOB_OURS)
    ok = cairn_libvirt_job_abort (backup->libvirt, backup->vm_guid, domain, NULL);
  else
    ok = job != CAIRN_LIBVIRT_JOB_UNTOLD;
  virDomainFree (domain);
  return ok;
}

void
cairn_libvirt_backup_end (CairnLibvirtBackup *backup)
{
  if (!backup)
    return;
  if (end_job (backup))
    cairn_libvirt_keeper_dismiss (backup->keeper);
  else
    cairn_libvirt_keeper_abandon (backup->keeper);
  backup_free (backup);
}
