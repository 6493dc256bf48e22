/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the daemon counts, for Prometheus. */
#include "daemon/metrics.h"

#include <string.h>
#include <unistd.h>

#include "daemon/sockets.h"

#define CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

static void
append_head (GString *out, const char *name, const char *type, const char *help)
{
  g_string_append_printf (out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
append (GString *out, const char *name, const char *type, const char *help, guint64 value)
{
  append_head (out, name, type, help);
  g_string_append_printf (out, "%s %" G_GUINT64_FORMAT "\n", name, value);
}

static void
append_requests (GString *out, const CairnHttpCounts *counts)
{
  append_head (out, "cairnd_requests_total", "counter", "Requests by listener.");
  for (guint i = 0; i < CAIRN_HTTP_N_LISTENERS; i++)
    g_string_append_printf (out, "cairnd_requests_total{listener=\"%s\"} %" G_GUINT64_FORMAT "\n",
                            cairnd_listener_name (i), counts->requests[i]);
  append_head (out, "cairnd_answers_total", "counter", "Answers by class of HTTP status.");
  for (guint i = 1; i < G_N_ELEMENTS (counts->answers_by_class); i++)
    g_string_append_printf (out, "cairnd_answers_total{class=\"%uxx\"} %" G_GUINT64_FORMAT "\n", i,
                            counts->answers_by_class[i]);
  append (out, "cairnd_refused_sign_ins_total", "counter", "Sign-ins refused.",
          counts->refused_sign_ins);
  append (out, "cairnd_refused_limits_total", "counter",
          "Requests refused as too large, too many or too slow.", counts->refused_limits);
  append (out, "cairnd_checked_passwords_total", "counter",
          "Passwords checked; the others were known.", counts->checked_passwords);
  append (out, "cairnd_connections", "gauge", "Connections open.", counts->connections);
  append (out, "cairnd_requests_under_way", "gauge", "Requests being worked on.",
          counts->requests_under_way);
}

static void
append_jobs (GString *out, CairnJobs *jobs)
{
  CairnJobCounts counts = { 0 };

  cairn_jobs_count (jobs, &counts);
  append (out, "cairnd_methods_running", "gauge", "Methods running, as jobs or not.",
          counts.running);
  append_head (out, "cairnd_methods_total", "counter", "Methods ended, by how.");
  g_string_append_printf (
      out, "cairnd_methods_total{outcome=\"completed\"} %" G_GUINT64_FORMAT "\n", counts.completed);
  g_string_append_printf (out, "cairnd_methods_total{outcome=\"failed\"} %" G_GUINT64_FORMAT "\n",
                          counts.failed);
  g_string_append_printf (out,
                          "cairnd_methods_total{outcome=\"terminated\"} %" G_GUINT64_FORMAT "\n",
                          counts.terminated);
}

/* Pages in memory: the second number of statm. */
static guint64
resident_bytes (void)
{
  g_autofree char *text = NULL;
  const char *second;

  if (!g_file_get_contents ("/proc/self/statm", &text, NULL, NULL))
    return 0;
  second = strchr (text, ' ');
  return second ? g_ascii_strtoull (second, NULL, 10) * (guint64)sysconf (_SC_PAGESIZE) : 0;
}

void
cairnd_metrics_handle (CairnHttpRequest *request, gpointer user)
{
  const CairndMetrics *metrics = user;
  GString *out = g_string_new (NULL);
  CairnHttpCounts counts = { 0 };

  cairn_http_count (metrics->http, &counts);
  append_requests (out, &counts);
  append_jobs (out, metrics->jobs);
  append (out, "cairnd_enumeration_contexts", "gauge", "Enumerations that wait for their clients.",
          cim_contexts_count (metrics->contexts));
  append (out, "process_resident_memory_bytes", "gauge", "Resident memory.", resident_bytes ());
  append (out, "process_start_time_seconds", "gauge", "Start, in seconds since 1970.",
          (guint64)metrics->start_ms / 1000);
  cairn_http_request_answer (request, cairn_http_answer_new (200, CONTENT_TYPE, out));
}

gboolean
cairnd_metrics_allows_anonymous (const CairnHttpRequest *request)
{
  return TRUE;
}
