/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cimxml.h: CIM-XML (CIM operations over HTTP) on a broker. */
#ifndef CIMXML_H
#define CIMXML_H

#include "cim/contexts.h"
#include "http/http.h"

typedef struct
{
  CimBroker *broker;
  CimContexts *contexts;
  gpointer backend; /* for CimCall */
} CimxmlServer;

/* A CairnHttpHandler for POST and M-POST /cimom; USER is a CimxmlServer. */
void cimxml_handle (CairnHttpRequest *request, gpointer user);

#endif
