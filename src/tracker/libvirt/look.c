/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks at domains. */
#include "tracker/libvirt/look.h"

#include <cairn/error.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>

#include "refpoint/guid.h"
#include "tracker/libvirt/blocks.h"
#include "tracker/libvirt/failure.h"

/* ---- state and description ---- */

/* Whether a job that moves the VM is under way. */
static gboolean
is_moving (virDomainPtr domain)
{
  virTypedParameterPtr params = NULL;
  int type = VIR_DOMAIN_JOB_NONE, n = 0, operation = VIR_DOMAIN_JOB_OPERATION_UNKNOWN;

  /* Of one that arrives libvirt refuses to tell. */
  if (virDomainGetJobStats (domain, &type, &params, &n, 0) != 0)
    return cairn_libvirt_last_code () == VIR_ERR_OPERATION_UNSUPPORTED;
  if (type == VIR_DOMAIN_JOB_NONE)
    return FALSE;
  virTypedParamsGetInt (params, n, VIR_DOMAIN_JOB_OPERATION, &operation);
  virTypedParamsFree (params, n);
  return operation == VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT
         || operation == VIR_DOMAIN_JOB_OPERATION_MIGRATION_IN
         || operation == VIR_DOMAIN_JOB_OPERATION_SAVE
         || operation == VIR_DOMAIN_JOB_OPERATION_SNAPSHOT_REVERT;
}

/* Whether a VM that is paused for REASON has its images elsewhere, or not open yet. One that was
 * restored and not resumed has the reason, but no job. */
static gboolean
is_on_its_way (virDomainPtr domain, int reason)
{
  return (reason == VIR_DOMAIN_PAUSED_MIGRATION || reason == VIR_DOMAIN_PAUSED_POSTCOPY
          || reason == VIR_DOMAIN_PAUSED_POSTCOPY_FAILED || reason == VIR_DOMAIN_PAUSED_STARTING_UP)
         && is_moving (domain);
}

static gboolean
read_state (CairnLibvirtLook *look, GError **error)
{
  const char *name = virDomainGetName (look->domain); /* it forgets the last error */
  int state = 0, reason = 0;

  if (virDomainGetState (look->domain, &state, &reason, 0) != 0)
    return cairn_libvirt_fail (error, "VM '%s' can't be looked at", name);
  look->is_running = state != VIR_DOMAIN_SHUTOFF && state != VIR_DOMAIN_CRASHED;
  look->is_paused = state == VIR_DOMAIN_PAUSED;
  look->is_arriving = look->is_paused && is_on_its_way (look->domain, reason);
  return TRUE;
}

static gboolean
read_description (CairnLibvirtLook *look, GError **error)
{
  const char *name = virDomainGetName (look->domain);
  char *xml = virDomainGetXMLDesc (look->domain, 0);

  if (!xml)
    return cairn_libvirt_fail (error, "VM '%s' can't be looked at", name);
  look->description = cairn_libvirt_description_read (xml, error);
  free (xml);
  if (!look->description)
    return FALSE;
  look->guid = cairn_guid_normalize (look->description->uuid);
  return TRUE;
}

CairnLibvirtLook *
cairn_libvirt_look_new (CairnLibvirt *libvirt, virDomainPtr domain, GError **error)
{
  g_autoptr (CairnLibvirtLook) look = g_new0 (CairnLibvirtLook, 1);

  look->libvirt = libvirt;
  look->domain = domain;
  return read_state (look, error) && read_description (look, error) ? g_steal_pointer (&look)
                                                                    : NULL;
}

void
cairn_libvirt_look_free (CairnLibvirtLook *look)
{
  if (!look)
    return;
  virDomainFree (look->domain);
  g_free (look->guid);
  cairn_libvirt_description_free (look->description);
  g_free (look);
}

/* ---- finding ---- */

/* When a call that fails took longer, libvirtd hangs. */
#define ANSWER_LIMIT_US (5 * G_TIME_SPAN_SECOND)

static virDomainPtr
look_up (virConnectPtr conn, const char *name_or_guid)
{
  g_autofree char *guid = cairn_guid_normalize (name_or_guid);
  virDomainPtr domain = guid ? virDomainLookupByUUIDString (conn, guid) : NULL;

  /* A name may look like a GUID. */
  return domain ? domain : virDomainLookupByName (conn, name_or_guid);
}

virDomainPtr
cairn_libvirt_domain_find (CairnLibvirt *libvirt, const char *name_or_guid, GError **error)
{
  gint64 patience = g_get_monotonic_time () + ANSWER_LIMIT_US;

  /* A libvirtd that was restarted is noticed by the first call, which fails at once. */
  for (int attempt = 0;; attempt++)
    {
      virConnectPtr conn = cairn_libvirt_connect (libvirt, error);
      virDomainPtr domain = conn ? look_up (conn, name_or_guid) : NULL;

      if (!conn)
        return NULL;
      if (domain)
        return domain;
      if (cairn_libvirt_last_code () == VIR_ERR_NO_DOMAIN)
        {
          g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                       "libvirt at '%s' has no VM '%s'; `cairn vm list` shows those there are",
                       libvirt->uri, name_or_guid);
          return NULL;
        }
      if (attempt > 0 || g_get_monotonic_time () > patience)
        {
          cairn_libvirt_fail (error, "VM '%s' can't be looked up", name_or_guid);
          return NULL;
        }
    }
}

CairnLibvirtLook *
cairn_libvirt_look_find (CairnLibvirt *libvirt, const char *name_or_guid, GError **error)
{
  virDomainPtr domain = cairn_libvirt_domain_find (libvirt, name_or_guid, error);

  return domain ? cairn_libvirt_look_new (libvirt, domain, error) : NULL;
}

CairnLibvirtDisk *
cairn_libvirt_look_find_disk (const CairnLibvirtLook *look, const char *target)
{
  for (guint i = 0; i < look->description->disks->len; i++)
    {
      CairnLibvirtDisk *disk = look->description->disks->pdata[i];

      if (strcmp (disk->target, target) == 0)
        return disk;
    }
  return NULL;
}

gboolean
cairn_libvirt_look_is_stale (const CairnLibvirtLook *look)
{
  return virDomainIsActive (look->domain) != (look->is_running ? 1 : 0);
}

gboolean
cairn_libvirt_look_require_here (const CairnLibvirtLook *look, GError **error)
{
  if (!look->is_running || (!look->is_arriving && !is_moving (look->domain)))
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE,
               "VM '%s' is migrating or being saved; wait until that is done, and try again on the "
               "host where it then is",
               look->description->name);
  return FALSE;
}

/* ---- bitmaps ---- */

void
cairn_libvirt_look_forget_bitmaps (CairnLibvirtLook *look)
{
  for (guint i = 0; i < look->description->disks->len; i++)
    {
      const CairnLibvirtDisk *disk = look->description->disks->pdata[i];

      for (guint k = 0; k < disk->layers->len; k++)
        g_hash_table_remove_all (((CairnLibvirtLayer *)disk->layers->pdata[k])->bitmaps);
    }
  look->has_bitmaps = FALSE;
}

gboolean
cairn_libvirt_look_read_bitmaps (CairnLibvirtLook *look, GError **error)
{
  if (look->is_arriving)
    return TRUE;
  if (!look->has_bitmaps)
    look->has_bitmaps = cairn_libvirt_blocks_read (look, error)
                        && (!look->is_paused
                            || cairn_libvirt_blocks_have_migrated (look, &look->is_dormant, error));
  return look->has_bitmaps;
}
