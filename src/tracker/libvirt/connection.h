/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* connection.h: one connection to libvirt, made when it is first needed and again when it broke.
 *
 * A libvirtd that hangs (stopped, or its host is) can't hang us: opening has a time limit of its
 * own, and keepalive messages, for which an event loop runs on a thread of this module, end calls
 * that get no answer. Errors are not printed: libvirt's error function of the process is set to
 * nothing.
 */
#ifndef CAIRN_LIBVIRT_CONNECTION_H
#define CAIRN_LIBVIRT_CONNECTION_H

#include <glib.h>
#include <libvirt/libvirt.h>

/* How long opening a connection may take: libvirtd's first answer after its start takes up to 8 s,
 * while it asks QEMU for its capabilities. */
#define CAIRN_LIBVIRT_OPEN_MS 20000

/* An answer of libvirtd must come within INTERVAL * (COUNT + 1) seconds. */
#define CAIRN_LIBVIRT_KEEPALIVE_INTERVAL_S 5
#define CAIRN_LIBVIRT_KEEPALIVE_COUNT      3

typedef struct
{
  char *uri;
  gint64 open_ms;     /* CAIRN_LIBVIRT_OPEN_MS, unless its owner can't wait that long */
  virConnectPtr conn; /* NULL until first used */
  int gate_fd;        /* of gate.h */
  unsigned gate_depth;
  struct CairnLibvirtOpening *pending; /* one that hasn't been answered; NULL = none */
} CairnLibvirt;

/* Checks URI only: a local one of the QEMU driver. INVALID_PARAMETER, NOT_SUPPORTED (another
 * host's). */
CairnLibvirt *cairn_libvirt_new (const char *uri, GError **error);
void cairn_libvirt_free (CairnLibvirt *libvirt);

/* The live connection; borrowed. SYSTEM_NOT_AVAILABLE, ACCESS_DENIED. */
virConnectPtr cairn_libvirt_connect (CairnLibvirt *libvirt, GError **error);

/* Closes the connection, if there is one. */
void cairn_libvirt_disconnect (CairnLibvirt *libvirt);

#endif
