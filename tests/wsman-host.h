/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* wsman-host.h: a small made-up host behind a broker, for tests of the protocol alone: host KVM1
 * with one VM, some reference points, a job, and an import that answers by the path it is given:
 * "/later..." starts a job, "/bad..." fails with 32773 and a sentence, "/slow..." isn't quick.
 */
#ifndef WSMAN_HOST_H
#define WSMAN_HOST_H

#include "wsman/exchange.h"

#define HOST_VM "564D4F3A-0C1B-4E9C-9D2A-3A1E6B7C8D90"

typedef struct
{
  WsmanServer server;
  guint n_points;
  CairnCaller *caller;
} WsmanHost;

WsmanHost *wsman_host_new (guint n_points);
void wsman_host_free (WsmanHost *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WsmanHost, wsman_host_free)

/* Posts a message as the host's caller, and runs it. */
WsmanExchange *wsman_host_post (WsmanHost *host, const char *bytes, size_t length_bytes);

#endif
