/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* metrics.h: GET /metrics, in Prometheus' text form. */
#ifndef CAIRND_METRICS_H
#define CAIRND_METRICS_H

#include "cim/contexts.h"
#include "http/http.h"
#include "job/job.h"

typedef struct
{
  const CairnHttp *http; /* set once it is there */
  CimContexts *contexts;
  CairnJobs *jobs;
  int64_t start_ms;
} CairndMetrics;

/* A CairnHttpHandler; USER is a CairndMetrics. */
void cairnd_metrics_handle (CairnHttpRequest *request, gpointer user);

/* Its listener is for monitoring, whoever that is. */
gboolean cairnd_metrics_allows_anonymous (const CairnHttpRequest *request);

#endif
