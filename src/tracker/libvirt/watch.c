/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Turns libvirt's events into what happened to VMs. */
#include "tracker/libvirt/watch.h"

#include <libvirt/virterror.h>
#include <string.h>

#include "refpoint/guid.h"
#include "tracker/libvirt/failure.h"

#define FIRST_RETRY_MS 100

/* How long the end of a watch waits at most for a libvirtd that doesn't answer. */
#define PATIENCE_MS 500

struct CairnLibvirtWatch
{
  gint references;       /* its owner's, and one for each function that libvirt may call */
  CairnLibvirt *libvirt; /* its thread's; before that the beginner's */
  GThread *thread;
  GArray *callbacks; /* of int, libvirt's numbers */

  GMutex lock; /* guards what follows, and is held while HAPPENED is called */
  GCond changed;
  CairnHappenedFunc happened;
  gpointer user;
  gboolean is_ended;
  gboolean is_cut; /* the connection broke */
};

static void
watch_unref (gpointer user)
{
  CairnLibvirtWatch *watch = user;

  if (!g_atomic_int_dec_and_test (&watch->references))
    return;
  cairn_libvirt_free (watch->libvirt);
  g_array_unref (watch->callbacks);
  g_mutex_clear (&watch->lock);
  g_cond_clear (&watch->changed);
  g_free (watch);
}

static void
tell (CairnLibvirtWatch *watch, const char *vm_guid, const char *what)
{
  g_mutex_lock (&watch->lock);
  if (!watch->is_ended)
    watch->happened (vm_guid, what, watch->user);
  g_mutex_unlock (&watch->lock);
}

static void
tell_of (CairnLibvirtWatch *watch, virDomainPtr domain, const char *what)
{
  char uuid[VIR_UUID_STRING_BUFLEN];
  g_autofree char *guid = NULL;

  if (what && virDomainGetUUIDString (domain, uuid) == 0)
    guid = cairn_guid_normalize (uuid);
  if (guid)
    tell (watch, guid, what);
}

/* ---- what each event means ---- */

/* NULL for what changes nothing of the disks. A VM that arrives by migration is here when it is
 * resumed, or (when it was paused) suspended. */
static const char *
name_lifecycle (int event, int detail)
{
  switch ((virDomainEventType)event)
    {
    case VIR_DOMAIN_EVENT_DEFINED:
      return "defined";
    case VIR_DOMAIN_EVENT_UNDEFINED:
      return "undefined";
    case VIR_DOMAIN_EVENT_STARTED:
      return detail == VIR_DOMAIN_EVENT_STARTED_MIGRATED ? "arriving" : "started";
    case VIR_DOMAIN_EVENT_SUSPENDED:
      return detail == VIR_DOMAIN_EVENT_SUSPENDED_IOERROR ? NULL : "paused";
    case VIR_DOMAIN_EVENT_RESUMED:
      if (detail == VIR_DOMAIN_EVENT_RESUMED_MIGRATED)
        return "migrated";
      return detail == VIR_DOMAIN_EVENT_RESUMED_FROM_SNAPSHOT ? "reverted" : NULL;
    case VIR_DOMAIN_EVENT_STOPPED:
      if (detail == VIR_DOMAIN_EVENT_STOPPED_MIGRATED)
        return "migrated away";
      return detail == VIR_DOMAIN_EVENT_STOPPED_FAILED ? "died" : "stopped";
    case VIR_DOMAIN_EVENT_CRASHED:
      return "crashed";
    default:
      return NULL;
    }
}

static int
happened_lifecycle (virConnectPtr conn, virDomainPtr domain, int event, int detail, void *user)
{
  tell_of (user, domain, name_lifecycle (event, detail));
  return 0;
}

static const char *
name_block_job (int type)
{
  switch ((virDomainBlockJobType)type)
    {
    case VIR_DOMAIN_BLOCK_JOB_TYPE_PULL:
      return "block pull ended";
    case VIR_DOMAIN_BLOCK_JOB_TYPE_COPY:
      return "block copy ended";
    case VIR_DOMAIN_BLOCK_JOB_TYPE_COMMIT:
    case VIR_DOMAIN_BLOCK_JOB_TYPE_ACTIVE_COMMIT:
      return "block commit ended";
    default:
      return NULL; /* backups change nothing */
    }
}

static void
happened_block_job (virConnectPtr conn, virDomainPtr domain, const char *target, int type,
                    int status, void *user)
{
  if (status != VIR_DOMAIN_BLOCK_JOB_READY)
    tell_of (user, domain, name_block_job (type));
}

/* Of a job that changed the VM's place or state, and also of one that failed to: while it was under
 * way the VM couldn't be worked on. */
static void
happened_job (virConnectPtr conn, virDomainPtr domain, virTypedParameterPtr params, int n,
              void *user)
{
  int operation = VIR_DOMAIN_JOB_OPERATION_UNKNOWN;

  virTypedParamsGetInt (params, n, VIR_DOMAIN_JOB_OPERATION, &operation);
  if (operation != VIR_DOMAIN_JOB_OPERATION_BACKUP && operation != VIR_DOMAIN_JOB_OPERATION_DUMP)
    tell_of (user, domain, "job ended");
}

static void
happened_disk (virConnectPtr conn, virDomainPtr domain, const char *old_path, const char *new_path,
               const char *alias, int reason, void *user)
{
  tell_of (user, domain, "medium changed");
}

static void
happened_attach (virConnectPtr conn, virDomainPtr domain, const char *alias, void *user)
{
  tell_of (user, domain, "device attached");
}

static void
happened_detach (virConnectPtr conn, virDomainPtr domain, const char *alias, void *user)
{
  tell_of (user, domain, "device detached");
}

static const struct
{
  int event;
  virConnectDomainEventGenericCallback function;
} events[] = {
  { VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK (happened_lifecycle) },
  { VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2, VIR_DOMAIN_EVENT_CALLBACK (happened_block_job) },
  { VIR_DOMAIN_EVENT_ID_JOB_COMPLETED, VIR_DOMAIN_EVENT_CALLBACK (happened_job) },
  { VIR_DOMAIN_EVENT_ID_DISK_CHANGE, VIR_DOMAIN_EVENT_CALLBACK (happened_disk) },
  { VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, VIR_DOMAIN_EVENT_CALLBACK (happened_attach) },
  { VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, VIR_DOMAIN_EVENT_CALLBACK (happened_detach) },
};

/* ---- the connection ---- */

static void
happened_cut (virConnectPtr conn, int reason, void *user)
{
  CairnLibvirtWatch *watch = user;

  g_mutex_lock (&watch->lock);
  watch->is_cut = TRUE;
  g_cond_signal (&watch->changed);
  g_mutex_unlock (&watch->lock);
}

/* libvirt drops what is registered, and the references with it, when it closes the connection; but
 * only when nobody has taken another reference of that. */
static void
let_go (CairnLibvirtWatch *watch)
{
  virConnectPtr conn = watch->libvirt->conn;

  for (guint i = 0; conn && i < watch->callbacks->len; i++)
    virConnectDomainEventDeregisterAny (conn, g_array_index (watch->callbacks, int, i));
  g_array_set_size (watch->callbacks, 0);
  if (conn)
    virConnectUnregisterCloseCallback (conn, happened_cut);
  cairn_libvirt_disconnect (watch->libvirt);
}

static gboolean
register_events (CairnLibvirtWatch *watch, virConnectPtr conn)
{
  g_atomic_int_inc (&watch->references);
  if (virConnectRegisterCloseCallback (conn, happened_cut, watch, watch_unref) != 0)
    {
      watch_unref (watch);
      return FALSE;
    }
  for (size_t i = 0; i < G_N_ELEMENTS (events); i++)
    {
      int number;

      g_atomic_int_inc (&watch->references);
      number = virConnectDomainEventRegisterAny (conn, NULL, events[i].event, events[i].function,
                                                 watch, watch_unref);
      if (number < 0)
        {
          watch_unref (watch);
          return FALSE;
        }
      g_array_append_val (watch->callbacks, number);
    }
  return TRUE;
}

static gboolean
attach (CairnLibvirtWatch *watch, GError **error)
{
  virConnectPtr conn;

  g_mutex_lock (&watch->lock);
  watch->is_cut = FALSE;
  g_mutex_unlock (&watch->lock);
  conn = cairn_libvirt_connect (watch->libvirt, error);
  if (!conn)
    return FALSE;
  if (register_events (watch, conn))
    return TRUE;
  cairn_libvirt_fail (error, "libvirt at '%s' can't be watched", watch->libvirt->uri);
  let_go (watch);
  return FALSE;
}

/* ---- a watch's life ---- */

/* Waits for the connection to break. FALSE when the watch ended. */
static gboolean
wait_for_cut (CairnLibvirtWatch *watch)
{
  gboolean goes_on;

  g_mutex_lock (&watch->lock);
  while (!watch->is_cut && !watch->is_ended)
    g_cond_wait (&watch->changed, &watch->lock);
  goes_on = !watch->is_ended;
  g_mutex_unlock (&watch->lock);
  return goes_on;
}

/* FALSE when the watch ended. */
static gboolean
nap (CairnLibvirtWatch *watch, gint64 nap_ms)
{
  gint64 end = g_get_monotonic_time () + nap_ms * G_TIME_SPAN_MILLISECOND;
  gboolean goes_on;

  g_mutex_lock (&watch->lock);
  while (!watch->is_ended && g_cond_wait_until (&watch->changed, &watch->lock, end))
    ;
  goes_on = !watch->is_ended;
  g_mutex_unlock (&watch->lock);
  return goes_on;
}

static gpointer
run_watch (gpointer user)
{
  CairnLibvirtWatch *watch = user;
  gint64 nap_ms = FIRST_RETRY_MS;

  while (wait_for_cut (watch))
    {
      let_go (watch);
      while (!attach (watch, NULL) && nap (watch, nap_ms))
        nap_ms = MIN (2 * nap_ms, CAIRN_LIBVIRT_RETRY_MS);
      nap_ms = FIRST_RETRY_MS;
      tell (watch, NULL, "libvirt is back");
    }
  let_go (watch);
  return NULL;
}

CairnLibvirtWatch *
cairn_libvirt_watch_begin (const char *uri, CairnHappenedFunc happened, gpointer user,
                           GError **error)
{
  CairnLibvirt *libvirt = cairn_libvirt_new (uri, error);
  CairnLibvirtWatch *watch;

  if (!libvirt)
    return NULL;
  watch = g_new0 (CairnLibvirtWatch, 1);
  watch->references = 1;
  watch->libvirt = libvirt;
  watch->callbacks = g_array_new (FALSE, FALSE, sizeof (int));
  watch->happened = happened;
  watch->user = user;
  g_mutex_init (&watch->lock);
  g_cond_init (&watch->changed);
  if (!attach (watch, error))
    {
      watch_unref (watch);
      return NULL;
    }
  tell (watch, NULL, "watched from now on");
  libvirt->open_ms = PATIENCE_MS;
  watch->thread = g_thread_new ("libvirt-watch", run_watch, watch);
  return watch;
}

void
cairn_libvirt_watch_end (CairnLibvirtWatch *watch)
{
  if (!watch)
    return;
  g_mutex_lock (&watch->lock);
  watch->is_ended = TRUE;
  g_cond_signal (&watch->changed);
  g_mutex_unlock (&watch->lock);
  g_thread_join (watch->thread);
  watch_unref (watch);
}
