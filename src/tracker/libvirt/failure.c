/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Maps libvirt's errors. Source: libvirt/virterror.h. */
#include "tracker/libvirt/failure.h"

#include <cairn/error.h>
#include <libvirt/virterror.h>
#include <string.h>

typedef struct
{
  int number; /* virErrorNumber */
  CairnError code;
  const char *remedy;
} Meaning;

#define REMEDY_REACH "check that libvirtd runs and that the connection URI is right"
#define REMEDY_WAIT  "wait for the other job on the VM to end, and try again"
#define REMEDY_AGENT "start the guest agent in the guest, or ask for crash consistency"
#define REMEDY_RIGHT "give this user the right to manage libvirt's VMs"

static const Meaning meanings[] = {
  { VIR_ERR_NO_CONNECT, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE, REMEDY_REACH },
  { VIR_ERR_INVALID_CONN, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE, REMEDY_REACH },
  { VIR_ERR_RPC, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE, REMEDY_REACH },
  { VIR_ERR_NO_DOMAIN, CAIRN_ERROR_INVALID_PARAMETER, "`virsh list --all` shows those there are" },
  { VIR_ERR_OPERATION_TIMEOUT, CAIRN_ERROR_SYSTEM_IN_USE, REMEDY_WAIT },
  { VIR_ERR_RESOURCE_BUSY, CAIRN_ERROR_SYSTEM_IN_USE, REMEDY_WAIT },
  { VIR_ERR_AUTH_FAILED, CAIRN_ERROR_ACCESS_DENIED, REMEDY_RIGHT },
  { VIR_ERR_AUTH_UNAVAILABLE, CAIRN_ERROR_ACCESS_DENIED, REMEDY_RIGHT },
  { VIR_ERR_AUTH_CANCELLED, CAIRN_ERROR_ACCESS_DENIED, REMEDY_RIGHT },
  { VIR_ERR_ACCESS_DENIED, CAIRN_ERROR_ACCESS_DENIED, REMEDY_RIGHT },
  { VIR_ERR_OPERATION_DENIED, CAIRN_ERROR_ACCESS_DENIED, REMEDY_RIGHT },
  { VIR_ERR_AGENT_UNRESPONSIVE, CAIRN_ERROR_INVALID_STATE, REMEDY_AGENT },
  { VIR_ERR_AGENT_UNSYNCED, CAIRN_ERROR_INVALID_STATE, REMEDY_AGENT },
  { VIR_ERR_ARGUMENT_UNSUPPORTED, CAIRN_ERROR_INVALID_STATE, REMEDY_AGENT },
  { VIR_ERR_CHECKPOINT_INCONSISTENT, CAIRN_ERROR_INVALID_STATE,
    "`cairn doctor` tells what is amiss" },
  { VIR_ERR_NO_DOMAIN_CHECKPOINT, CAIRN_ERROR_INVALID_STATE,
    "list the VM's points, as this one may have been destroyed meanwhile" },
  { VIR_ERR_NO_MEMORY, CAIRN_ERROR_OUT_OF_MEMORY, "free memory and try again" },
};

static const Meaning unknown
    = { 0, CAIRN_ERROR_FAILED, "see libvirt's log for more, and try again" };

static const Meaning *
find_meaning (const virError *cause)
{
  for (size_t i = 0; cause && i < G_N_ELEMENTS (meanings); i++)
    if (meanings[i].number == cause->code)
      return &meanings[i];
  /* The socket isn't there, or it was cut. */
  if (cause && cause->code == VIR_ERR_SYSTEM_ERROR && cause->domain == VIR_FROM_RPC)
    return &meanings[0];
  /* A VM that stopped, or a connection that was closed, in the middle. */
  if (cause && cause->code == VIR_ERR_INTERNAL_ERROR && cause->domain == VIR_FROM_RPC)
    return &meanings[0];
  return &unknown;
}

int
cairn_libvirt_last_code (void)
{
  const virError *cause = virGetLastError ();

  return cause ? cause->code : 0;
}

char *
cairn_libvirt_last_message (void)
{
  const virError *cause = virGetLastError ();
  char *said = g_strdup (cause && cause->message ? cause->message : "no reason given");

  return g_strdelimit (g_strchomp (said), "\n\r\t", ' ');
}

gboolean
cairn_libvirt_fail (GError **error, const char *what, ...)
{
  const virError *cause = virGetLastError ();
  const Meaning *meaning = find_meaning (cause);
  g_autofree char *object = NULL;
  g_autofree char *said = cairn_libvirt_last_message ();
  va_list args;

  va_start (args, what);
  object = g_strdup_vprintf (what, args);
  va_end (args);
  g_set_error (error, CAIRN_ERROR, meaning->code, "%s: libvirt says '%s'; %s", object, said,
               meaning->remedy);
  return FALSE;
}
