/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* wsman.h: WS-Management on a broker. */
#ifndef WSMAN_H
#define WSMAN_H

#include "cim/contexts.h"
#include "http/http.h"

typedef struct
{
  CimBroker *broker;
  CimContexts *contexts;
  gpointer backend; /* for CimCall */
  const char *product_version;
  gboolean has_tls_basic; /* security profiles that Identify tells */
} WsmanServer;

/* A CairnHttpHandler for POST /wsman and /wsman-anon/identify; USER is a WsmanServer. */
void wsman_handle (CairnHttpRequest *request, gpointer user);

/* For CairnHttpRoute: Identify and nothing else. */
gboolean wsman_allows_anonymous (const CairnHttpRequest *request);

#endif
