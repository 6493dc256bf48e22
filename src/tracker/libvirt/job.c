/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks at a domain's backup job, and ends it. */
#include "tracker/libvirt/job.h"

#include <cairn/error.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>

#include "tracker/libvirt/failure.h"
#include "tracker/libvirt/gate.h"
#include "tracker/libvirt/node.h"
#include "tracker/libvirt/place.h"

/* How long an aborted job may take to be gone; QEMU's part takes some 30 ms. */
#define END_MS        10000
#define LOOK_AGAIN_US 1000

/* ---- whose it is ---- */

/* Of a question that libvirt answered with an error: there is no job, or no domain that runs. */
static gboolean
is_none (int code)
{
  return code == VIR_ERR_NO_DOMAIN_BACKUP || code == VIR_ERR_NO_DOMAIN
         || code == VIR_ERR_OPERATION_INVALID;
}

CairnLibvirtJob
cairn_libvirt_job_find (virDomainPtr domain, const char *socket)
{
  char *xml = virDomainBackupGetXMLDesc (domain, 0);
  g_autofree char *trait = NULL;
  gboolean is_ours;

  if (!xml)
    return is_none (cairn_libvirt_last_code ()) ? CAIRN_LIBVIRT_JOB_NONE : CAIRN_LIBVIRT_JOB_UNTOLD;
  trait = cairn_libvirt_place_trait (socket);
  is_ours = strstr (xml, trait) != NULL;
  free (xml);
  return is_ours ? CAIRN_LIBVIRT_JOB_OURS : CAIRN_LIBVIRT_JOB_FOREIGN;
}

/* ---- its nodes ---- */

static char *
find_index (xmlNode *disks, const char *target)
{
  for (xmlNode *disk = disks ? disks->children : NULL; disk; disk = disk->next)
    {
      g_autofree char *name = cairn_libvirt_node_attribute (disk, "name");

      if (g_strcmp0 (name, target) == 0)
        return cairn_libvirt_node_attribute (disk, "index");
    }
  return NULL;
}

char *
cairn_libvirt_job_find_node (virDomainPtr domain, const char *target)
{
  char *xml = virDomainBackupGetXMLDesc (domain, 0);
  xmlDoc *document = xml ? cairn_libvirt_document_parse (xml, "domainbackup") : NULL;
  g_autofree char *index = NULL;

  free (xml);
  if (!document)
    return NULL;
  index = find_index (cairn_libvirt_node_child (xmlDocGetRootElement (document), "disks"), target);
  xmlFreeDoc (document);
  return index ? g_strdup_printf ("libvirt-%s-format", index) : NULL;
}

/* ---- its end ---- */

static gboolean
is_over (virDomainPtr domain)
{
  char *xml = virDomainBackupGetXMLDesc (domain, 0);
  int code = xml ? VIR_ERR_OK : cairn_libvirt_last_code ();

  free (xml);
  return is_none (code);
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

gboolean
cairn_libvirt_job_abort (CairnLibvirt *libvirt, const char *vm_guid, virDomainPtr domain,
                         GError **error)
{
  gboolean ok;

  if (!cairn_libvirt_gate_enter_to_end (libvirt, vm_guid, error))
    return FALSE;
  ok = abort_and_wait (domain, error);
  cairn_libvirt_gate_leave (libvirt);
  return ok;
}
