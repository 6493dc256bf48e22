/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs pull-mode backup jobs. Source: libvirt's backup XML format. */
#include "tracker/libvirt/backup.h"

#include <cairn/error.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracker/libvirt/checkpoint.h"
#include "tracker/libvirt/failure.h"
#include "tracker/libvirt/gate.h"
#include "tracker/libvirt/keeper.h"
#include "tracker/libvirt/place.h"

/* How long an aborted job may take to be gone; QEMU's part takes some 30 ms. */
#define END_MS        10000
#define LOOK_AGAIN_US 1000

struct CairnLibvirtBackup
{
  CairnLibvirt *libvirt; /* borrowed */
  char *vm_guid;
  CairnLibvirtPlace *place;
  CairnLibvirtKeeper *keeper;
  virDomainPtr domain;
  GPtrArray *scratch_files; /* of char *, those outside the place */
  char *lent;               /* the checkpoint that libvirt knows for this job only; may be NULL */
};

/* ---- the XML ---- */

static gboolean
is_wanted (const CairnLibvirtBackupOrder *order, const char *target)
{
  for (guint i = 0; i < order->targets->len; i++)
    if (strcmp (order->targets->pdata[i], target) == 0)
      return TRUE;
  return FALSE;
}

/* Where QEMU keeps what the guest overwrites while the job lasts. That of an encrypted disk would
 * be in the clear there, so it stays in the runtime directory, which is memory on most systems.
 * (libvirt can encrypt it, but QEMU takes seconds for a LUKS header, and on a loaded host refuses
 * to make one.)
 */
static char *
scratch_path (CairnLibvirtBackup *backup, const CairnLibvirtLook *look,
              const CairnLibvirtDisk *disk, gboolean is_long)
{
  const CairnLibvirtLayer *active = disk->layers->pdata[0];
  g_autofree char *directory = NULL;
  char *path;

  if (!is_long || disk->secret || !disk->is_local || g_str_has_prefix (active->path, "/dev/"))
    return g_strdup_printf ("%s/%s.scratch", backup->place->directory, disk->target);
  directory = g_path_get_dirname (active->path);
  path = g_strdup_printf ("%s/.cairn-%s-%s.scratch", directory, look->guid, disk->target);
  g_ptr_array_add (backup->scratch_files, g_strdup (path));
  return path;
}

static void
append_disk (GString *xml, CairnLibvirtBackup *backup, const CairnLibvirtLook *look,
             const CairnLibvirtDisk *disk, const CairnLibvirtBackupOrder *order)
{
  g_autofree char *target = g_markup_escape_text (disk->target, -1);
  g_autofree char *path = NULL;
  g_autofree char *scratch = NULL;

  if (!is_wanted (order, disk->target))
    {
      g_string_append_printf (xml, "<disk name='%s' backup='no'/>", target);
      return;
    }
  path = scratch_path (backup, look, disk, order->is_long);
  scratch = g_markup_escape_text (path, -1);
  g_string_append_printf (xml, "<disk name='%s' backup='yes' type='file' exportname='%s'", target,
                          target);
  if (order->bitmap)
    g_string_append_printf (xml, " backupmode='incremental' incremental='%s' exportbitmap='%s'",
                            order->bitmap, order->bitmap);
  else
    g_string_append (xml, " backupmode='full'");
  g_string_append_printf (xml, "><scratch file='%s'/></disk>", scratch);
}

static char *
backup_xml (CairnLibvirtBackup *backup, const CairnLibvirtLook *look,
            const CairnLibvirtBackupOrder *order)
{
  GString *xml = g_string_new ("<domainbackup mode='pull'>");
  g_autofree char *socket = g_markup_escape_text (backup->place->socket, -1);
  const GPtrArray *disks = look->description->disks;

  g_string_append_printf (xml, "<server transport='unix' socket='%s'/><disks>", socket);
  for (guint i = 0; i < disks->len; i++)
    append_disk (xml, backup, look, disks->pdata[i], order);
  g_string_append (xml, "</disks></domainbackup>");
  return g_string_free (xml, FALSE);
}

/* ---- whose job is it ---- */

/* Whether a backup job is running whose server listens at SOCKET. */
static gboolean
has_job_at (virDomainPtr domain, const char *socket)
{
  char *xml = virDomainBackupGetXMLDesc (domain, 0);
  g_autofree char *mark = cairn_libvirt_place_mark (socket);
  gboolean is_ours = xml && strstr (xml, mark);

  free (xml);
  return is_ours;
}

static gboolean
has_job (virDomainPtr domain)
{
  char *xml = virDomainBackupGetXMLDesc (domain, 0);
  gboolean found = xml != NULL;

  free (xml);
  return found;
}

/* Whether libvirt says that there is no job; when it can't be asked, there may be one. */
static gboolean
is_over (virDomainPtr domain)
{
  char *xml = virDomainBackupGetXMLDesc (domain, 0);
  int code = xml ? VIR_ERR_OK : cairn_libvirt_last_code ();

  free (xml);
  return code == VIR_ERR_NO_DOMAIN_BACKUP || code == VIR_ERR_NO_DOMAIN;
}

/* Until the job is gone: libvirt ends it on its own time, and refuses the next one before. */
static gboolean
abort_and_wait (virDomainPtr domain, GError **error)
{
  gint64 end = g_get_monotonic_time () + END_MS * G_TIME_SPAN_MILLISECOND;
  const char *name = virDomainGetName (domain); /* it forgets the last error */
  g_autoptr (GError) cause = NULL;

  if (virDomainAbortJob (domain) != 0)
    cairn_libvirt_fail (&cause, "the backup job of VM '%s' can't be ended", name);
  while (!is_over (domain))
    {
      if (cause)
        {
          g_propagate_error (error, g_steal_pointer (&cause));
          return FALSE;
        }
      if (g_get_monotonic_time () >= end)
        {
          g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE,
                       "the backup job of VM '%s' doesn't end; end it with 'virsh domjobabort', "
                       "and try again",
                       name);
          return FALSE;
        }
      g_usleep (LOOK_AGAIN_US);
    }
  return TRUE;
}

static gboolean
abort_job (CairnLibvirt *libvirt, const char *vm_guid, virDomainPtr domain, GError **error)
{
  gboolean ok;

  if (!cairn_libvirt_gate_enter_to_end (libvirt, vm_guid, error))
    return FALSE;
  ok = abort_and_wait (domain, error);
  cairn_libvirt_gate_leave (libvirt);
  return ok;
}

char *
cairn_libvirt_backup_find_leftover (CairnLibvirt *libvirt, CairnLibvirtLook *look)
{
  g_autofree char *socket = cairn_libvirt_place_socket (libvirt, look);
  g_autoptr (CairnLibvirtPlace) place = NULL;

  if (!has_job_at (look->domain, socket))
    return NULL;
  place = cairn_libvirt_place_take (libvirt, look, 0, NULL);
  return place ? g_strdup_printf ("backup job at '%s'", socket) : NULL;
}

gboolean
cairn_libvirt_backup_end_leftover (CairnLibvirt *libvirt, CairnLibvirtLook *look, GError **error)
{
  g_autofree char *socket = cairn_libvirt_place_socket (libvirt, look);
  g_autoptr (CairnLibvirtPlace) place = NULL;

  if (!has_job_at (look->domain, socket))
    return TRUE;
  place = cairn_libvirt_place_take (libvirt, look, 0, error);
  return place && abort_job (libvirt, look->guid, look->domain, error);
}

/* ---- a job's life ---- */

static void
backup_free (CairnLibvirtBackup *backup)
{
  for (guint i = 0; i < backup->scratch_files->len; i++)
    unlink (backup->scratch_files->pdata[i]);
  g_ptr_array_unref (backup->scratch_files);
  if (backup->lent)
    cairn_libvirt_checkpoint_forget (backup->domain, backup->lent);
  cairn_libvirt_place_leave (backup->place);
  virDomainFree (backup->domain);
  g_free (backup->vm_guid);
  g_free (backup->lent);
  g_free (backup);
}

/* libvirt serves a bitmap of a checkpoint only. One that it doesn't know (the VM came from another
 * host, and its points aren't imported yet) is lent to it until the job's end. What a process that
 * died leaves behind is a checkpoint without a point, which doctor finds. */
static gboolean
lend_checkpoint (CairnLibvirtBackup *backup, const CairnLibvirtLook *look,
                 const CairnLibvirtBackupOrder *order, GError **error)
{
  CairnLibvirtCheckpoint checkpoint = { .name = order->bitmap,
                                        .creation_time_ms = g_get_real_time () / 1000,
                                        .targets = order->targets };

  if (!order->bitmap || cairn_libvirt_checkpoint_is_known (look, order->bitmap))
    return TRUE;
  if (!cairn_libvirt_checkpoint_redefine (look, &checkpoint, error))
    return FALSE;
  backup->lent = g_strdup (order->bitmap);
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
check_free (const CairnLibvirtLook *look, GError **error)
{
  if (!has_job (look->domain))
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE,
               "VM '%s' has a backup job of another program; wait for its end, or end it with "
               "'virsh domjobabort', and try again",
               look->description->name);
  return FALSE;
}

static gboolean
fail_to_begin (const CairnLibvirtBackup *backup, const CairnLibvirtLook *look, GError **error)
{
  return check_permission (backup, look, error)
         && cairn_libvirt_fail (error, "VM '%s': a backup job can't be begun",
                                look->description->name);
}

static gboolean
begin_in_gate (CairnLibvirtBackup *backup, CairnLibvirtLook *look, const char *xml,
               const CairnLibvirtBackupOrder *order, GError **error)
{
  gboolean ok;

  if (!cairn_libvirt_gate_enter (look, error))
    return FALSE;
  ok = check_free (look, error) && lend_checkpoint (backup, look, order, error)
       && (virDomainBackupBegin (look->domain, xml, order->checkpoint_xml, 0) == 0
           || fail_to_begin (backup, look, error));
  cairn_libvirt_gate_leave (look->libvirt);
  return ok;
}

static gboolean
begin_job (CairnLibvirt *libvirt, CairnLibvirtBackup *backup, CairnLibvirtLook *look,
           const CairnLibvirtBackupOrder *order, GError **error)
{
  g_autofree char *xml = backup_xml (backup, look, order);
  g_autoptr (GError) cause = NULL;

  backup->keeper = cairn_libvirt_keeper_start (CAIRN_LIBVIRT_KEEPER_END_JOB, libvirt, look, &cause);
  if (!backup->keeper)
    g_debug ("%s", cause->message); /* a job left behind is found by its directory, too */
  g_clear_error (&cause);
  if (begin_in_gate (backup, look, xml, order, &cause))
    return TRUE;
  /* A libvirtd that went away may have begun it. */
  if (cause->code == CAIRN_ERROR_SYSTEM_NOT_AVAILABLE)
    cairn_libvirt_keeper_abandon (g_steal_pointer (&backup->keeper));
  else
    cairn_libvirt_keeper_dismiss (g_steal_pointer (&backup->keeper));
  g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}

CairnLibvirtBackup *
cairn_libvirt_backup_begin (CairnLibvirt *libvirt, CairnLibvirtLook *look,
                            const CairnLibvirtBackupOrder *order, GError **error)
{
  gint64 patience = g_get_monotonic_time () + CAIRN_LIBVIRT_JOB_WAIT_MS * G_TIME_SPAN_MILLISECOND;
  CairnLibvirtPlace *place = NULL;
  CairnLibvirtBackup *backup;

  if (cairn_libvirt_look_require_here (look, error))
    place = cairn_libvirt_place_take (libvirt, look, MIN (order->deadline, patience), error);
  if (!place)
    return NULL;
  backup = g_new0 (CairnLibvirtBackup, 1);
  backup->libvirt = libvirt;
  backup->vm_guid = g_strdup (look->guid);
  backup->place = place;
  backup->domain = look->domain;
  virDomainRef (look->domain);
  backup->scratch_files = g_ptr_array_new_with_free_func (g_free);
  /* The directory is ours now: a job that is still there was left. */
  if ((!has_job_at (look->domain, place->socket)
       || abort_job (libvirt, look->guid, look->domain, error))
      && begin_job (libvirt, backup, look, order, error))
    return backup;
  backup_free (backup);
  return NULL;
}

const char *
cairn_libvirt_backup_socket (const CairnLibvirtBackup *backup)
{
  return backup->place->socket;
}

void
cairn_libvirt_backup_end (CairnLibvirtBackup *backup)
{
  if (!backup)
    return;
  if (abort_job (backup->libvirt, backup->vm_guid, backup->domain, NULL))
    cairn_libvirt_keeper_dismiss (backup->keeper);
  else
    cairn_libvirt_keeper_abandon (backup->keeper);
  backup_free (backup);
}
