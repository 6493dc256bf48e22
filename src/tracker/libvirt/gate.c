/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Locks a domain's gate. */
#include "tracker/libvirt/gate.h"

#include <cairn/error.h>
#include <errno.h>
#include <fcntl.h>
#include <libvirt/virterror.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tracker/libvirt/blocks.h"
#include "tracker/libvirt/failure.h"
#include "tracker/libvirt/keeper-talk.h"
#include "tracker/libvirt/place.h"

#define LOOK_AGAIN_US 2000

static gboolean
fail_to_open (const char *path, GError **error)
{
  gboolean denied = errno == EACCES || errno == EPERM || errno == EROFS;

  g_set_error (
      error, CAIRN_ERROR, denied ? CAIRN_ERROR_ACCESS_DENIED : CAIRN_ERROR_FAILED,
      "lock file '%s' can't be opened (%s); give this user the right to it, or name another "
      "directory in CAIRN_RUNTIME_DIR",
      path, g_strerror (errno));
  return FALSE;
}

static gboolean
fail_in_use (const char *who, const char *vm_guid, GError **error)
{
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE,
               "%s is working with the checkpoints of VM '%s'; wait for its end, and try again",
               who, vm_guid);
  return FALSE;
}

/* Takes the lock, waiting until END. */
static gboolean
lock (CairnLibvirt *libvirt, const char *vm_guid, int64_t end, GError **error)
{
  g_autofree char *directory = cairn_libvirt_place_directory (libvirt, vm_guid);
  g_autofree char *base = g_path_get_dirname (directory);
  g_autofree char *path = g_strconcat (directory, CAIRN_KEEPER_GATE_SUFFIX, NULL);
  int fd;

  if (g_mkdir_with_parents (base, 0711) != 0)
    return fail_to_open (path, error);
  fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return fail_to_open (path, error);
  while (flock (fd, LOCK_EX | LOCK_NB) != 0)
    {
      if (g_get_monotonic_time () >= end)
        {
          close (fd);
          return fail_in_use ("another cairn", vm_guid, error);
        }
      g_usleep (LOOK_AGAIN_US);
    }
  libvirt->gate_fd = fd;
  libvirt->gate_depth = 1;
  return TRUE;
}

gboolean
cairn_libvirt_has_backup_job (virDomainPtr domain)
{
  virTypedParameterPtr params = NULL;
  int type = VIR_DOMAIN_JOB_NONE, n = 0, operation = VIR_DOMAIN_JOB_OPERATION_UNKNOWN;

  /* "backup job data missing": it is just being begun or ended. */
  if (virDomainGetJobStats (domain, &type, &params, &n, 0) != 0)
    return cairn_libvirt_last_code () == VIR_ERR_INTERNAL_ERROR;
  virTypedParamsGetInt (params, n, VIR_DOMAIN_JOB_OPERATION, &operation);
  virTypedParamsFree (params, n);
  return type != VIR_DOMAIN_JOB_NONE
         && (operation == VIR_DOMAIN_JOB_OPERATION_BACKUP
             || operation == VIR_DOMAIN_JOB_OPERATION_SNAPSHOT);
}

/* While a backup job is there and none of the disks shows it, it is still beginning. */
static gboolean
wait_for_beginning (CairnLibvirtLook *look, int64_t end, GError **error)
{
  while (cairn_libvirt_has_backup_job (look->domain))
    {
      gboolean has_begun = FALSE;

      if (!cairn_libvirt_blocks_are_filtered (look, &has_begun, error))
        return FALSE;
      if (has_begun)
        return TRUE;
      if (g_get_monotonic_time () >= end)
        return fail_in_use ("another program that is beginning a backup", look->guid, error);
      g_usleep (LOOK_AGAIN_US);
    }
  return TRUE;
}

static int64_t
patience (void)
{
  return g_get_monotonic_time () + CAIRN_LIBVIRT_GATE_WAIT_MS * G_TIME_SPAN_MILLISECOND;
}

/* Whether this process is in already; then it is once more. */
static gboolean
is_in (CairnLibvirt *libvirt)
{
  if (libvirt->gate_depth == 0)
    return FALSE;
  libvirt->gate_depth++;
  return TRUE;
}

gboolean
cairn_libvirt_gate_enter (CairnLibvirtLook *look, GError **error)
{
  int64_t end = patience ();

  if (is_in (look->libvirt))
    return TRUE;
  if (!lock (look->libvirt, look->guid, end, error))
    return FALSE;
  if (wait_for_beginning (look, end, error))
    return TRUE;
  cairn_libvirt_gate_leave (look->libvirt);
  return FALSE;
}

gboolean
cairn_libvirt_gate_enter_to_end (CairnLibvirt *libvirt, const char *vm_guid, GError **error)
{
  return is_in (libvirt) || lock (libvirt, vm_guid, patience (), error);
}

void
cairn_libvirt_gate_leave (CairnLibvirt *libvirt)
{
  if (--libvirt->gate_depth > 0)
    return;
  close (libvirt->gate_fd);
  libvirt->gate_fd = -1;
}
