/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon's parts, joined. */
#include "daemon/server.h"

#include <string.h>

#include "cimxml/cimxml.h"
#include "daemon/log.h"
#include "daemon/metrics.h"
#include "daemon/sockets.h"
#include "daemon/sweep.h"
#include "daemon/watch.h"
#include "provider/backend.h"
#include "provider/job-instance.h"
#include "service/open.h"
#include "wsman/wsman.h"

/* What runs may go on for so long after SIGTERM; systemd gives more (cairnd.service). */
#define GRACE_MS      10000u

#define BIT(listener) (1u << (listener))
#define WSMAN_PORTS   (BIT (CAIRN_HTTP_WSMAN) | BIT (CAIRN_HTTP_WSMAN_TLS) | BIT (CAIRN_HTTP_UNIX))
#define CIMXML_PORTS  (BIT (CAIRN_HTTP_CIMXML) | BIT (CAIRN_HTTP_CIMXML_TLS) | BIT (CAIRN_HTTP_UNIX))

struct CairndServer
{
  const CairndConfig *config;
  CairnBackend *backend;
  CimBroker *broker;
  CimContexts *contexts;
  WsmanServer wsman;
  CimxmlServer cimxml;
  CairndMetrics metrics;
  CairnHttpRoute routes[6];
  CairnHttpOptions options;
  CairnHttp *http;
  CairndWatch *watch;
  CairndSweep *sweep;
};

static const char *
kind_of (const CairnJobElement *element)
{
  switch (element->kind)
    {
    case CAIRN_JOB_ELEMENT_VM:
      return "VM";
    case CAIRN_JOB_ELEMENT_SNAPSHOT:
      return "recovery checkpoint";
    case CAIRN_JOB_ELEMENT_POINT:
      break;
    }
  return "point";
}

static void
log_job (const CairnJobRecord *record)
{
  g_autoptr (GString) line = g_string_new (NULL);

  g_string_append_printf (line, "%s of user '%s': %s", cairn_job_caption (record), record->owner,
                          cairn_job_status (record));
  for (guint i = 0; i < record->elements->len; i++)
    {
      const CairnJobElement *element = record->elements->pdata[i];

      g_string_append_printf (line, "%s %s '%s'", i ? "," : ";", kind_of (element), element->id);
    }
  if (record->error)
    g_string_append_printf (line, ": %s", record->error);
  cairnd_log_line (record->error ? CAIRND_LOG_NOTICE : CAIRND_LOG_INFO, record->id, line->str);
}

static void
log_job_trouble (const char *id, const char *sentence)
{
  cairnd_log_line (CAIRND_LOG_WARNING, id, sentence);
}

static gboolean
open_backend (CairndServer *server, GError **error)
{
  const CairndConfig *config = server->config;
  const CairnBackendOptions options = { .store_uri = config->store_uri,
                                        .connect_uri = config->connect_uri,
                                        .server = config->server_name,
                                        .synchronous_ms = config->synchronous_ms,
                                        .lease_seconds = config->lease_seconds,
                                        .job_ended = log_job,
                                        .job_troubled = log_job_trouble };

  server->backend = cairn_backend_new (&options, error);
  if (!server->backend)
    return FALSE;
  server->broker = cim_broker_new (cim_schema_get (), cairn_backend_providers (server->backend));
  server->contexts = cim_contexts_new ();
  return TRUE;
}

static void
join (CairndServer *server)
{
  guint i = 0;

  server->wsman
      = (WsmanServer){ .broker = server->broker,
                       .contexts = server->contexts,
                       .backend = server->backend,
                       .product_version = CAIRN_VERSION,
                       .has_tls_basic = server->config->addresses[CAIRN_HTTP_WSMAN_TLS] != NULL };
  server->cimxml = (CimxmlServer){ server->broker, server->contexts, server->backend };
  server->metrics = (CairndMetrics){ .contexts = server->contexts,
                                     .jobs = cairn_backend_jobs (server->backend),
                                     .start_ms = g_get_real_time () / 1000 };
  server->routes[i++]
      = (CairnHttpRoute){ "/wsman",     "POST",        WSMAN_PORTS, wsman_allows_anonymous,
                          wsman_handle, &server->wsman };
  server->routes[i++] = (CairnHttpRoute){ "/wsman-anon/identify", "POST",       WSMAN_PORTS,
                                          wsman_allows_anonymous, wsman_handle, &server->wsman };
  server->routes[i++]
      = (CairnHttpRoute){ "/cimom", "POST", CIMXML_PORTS, NULL, cimxml_handle, &server->cimxml };
  server->routes[i++]
      = (CairnHttpRoute){ "/cimom", "M-POST", CIMXML_PORTS, NULL, cimxml_handle, &server->cimxml };
  server->routes[i++] = (CairnHttpRoute){ "/metrics",
                                          "GET",
                                          BIT (CAIRN_HTTP_METRICS),
                                          cairnd_metrics_allows_anonymous,
                                          cairnd_metrics_handle,
                                          &server->metrics };
}

static void
set_options (CairndServer *server)
{
  const CairndConfig *config = server->config;

  server->options = (CairnHttpOptions){
    .certificate_file = config->certificate,
    .key_file = config->key,
    .client_ca_file = config->client_ca,
    .client_map_file = config->client_users,
    .password_file = config->password_file,
    .pam_service = config->pam_service,
    .n_threads = config->threads,
    .n_workers = config->workers,
    .body_bytes_max = config->request_bytes,
    .connections_max = config->connections,
    .connections_per_address_max = config->connections_per_address,
    .idle_s = config->idle_seconds,
  };
  memcpy (server->options.addresses, config->addresses, sizeof server->options.addresses);
  cairnd_sockets_take (server->options.sockets);
}

static gboolean
has_listener (const CairndServer *server, GError **error)
{
  for (guint i = 0; i < CAIRN_HTTP_N_LISTENERS; i++)
    if (server->options.addresses[i] || server->options.sockets[i] >= 0)
      return TRUE;
  g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                       "the configuration has no listener; set one in [listen], for example "
                       "wsman=127.0.0.1:5985");
  return FALSE;
}

gboolean
cairnd_server_check (const CairndConfig *config, gboolean *has_address, GError **error)
{
  CairndServer server = { .config = config };

  set_options (&server);
  *has_address = has_listener (&server, NULL);
  return cairn_connect_uri_check (config->connect_uri, error)
         && cairn_http_check (&server.options, error);
}

CairndServer *
cairnd_server_new (const CairndConfig *config, GError **error)
{
  CairndServer *server = g_new0 (CairndServer, 1);

  server->config = config;
  set_options (server);
  cairn_http_set_log (cairnd_log_line);
  if (has_listener (server, error) && cairn_connect_uri_check (config->connect_uri, error)
      && open_backend (server, error))
    {
      join (server);
      server->http = cairn_http_new (&server->options, server->routes, error);
    }
  if (!server->http)
    {
      cairnd_server_free (server);
      return NULL;
    }
  server->metrics.http = server->http;
  server->watch = cairnd_watch_start (config->store_uri, config->connect_uri);
  server->sweep = cairnd_sweep_start (server->backend);
  for (guint i = 0; i < CAIRN_HTTP_N_LISTENERS; i++)
    if (server->options.addresses[i])
      cairnd_log (CAIRND_LOG_INFO, "%s: listening on %s (port %u)", cairnd_listener_name (i),
                  server->options.addresses[i], cairn_http_port (server->http, i));
  return server;
}

void
cairnd_server_reload (CairndServer *server, const CairndConfig *config)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *before = cairnd_config_describe (server->config);
  g_autofree char *now = NULL;

  cairn_jobs_set_synchronous_ms (cairn_backend_jobs (server->backend), config->synchronous_ms);
  cairn_backend_set_lease_seconds (server->backend, config->lease_seconds);
  cairn_backend_forget_services (server->backend);
  server->config = config;
  now = cairnd_config_describe (config);
  if (!g_str_equal (before, now))
    cairnd_log (CAIRND_LOG_NOTICE, "the configuration has changed: [jobs], [paths] and the "
                                   "contents of the files named are taken "
                                   "over; the rest counts from the next start");
  if (!cairn_http_reload (server->http, &error))
    cairnd_log (CAIRND_LOG_ERROR, "reload: %s", error->message);
  else
    cairnd_log (CAIRND_LOG_INFO, "reloaded");
}

void
cairnd_server_free (CairndServer *server)
{
  if (!server)
    return;
  cairnd_watch_stop (server->watch);
  cairnd_sweep_stop (server->sweep);
  if (server->http)
    cairn_http_free (server->http, GRACE_MS);
  cim_contexts_free (server->contexts);
  cairn_backend_free (server->backend, GRACE_MS);
  cim_broker_free (server->broker);
  g_free (server);
}
