/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairnd: the service root/virtualization/v2 on this host. */
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <glib-unix.h>
#include <systemd/sd-daemon.h>

#include "daemon/config.h"
#include "daemon/log.h"
#include "daemon/server.h"
#include "refpoint/config.h"

#define DEFAULT_FILE "/etc/cairn/cairn.conf"

#define EXIT_USAGE   2
#define ARENAS_MAX   8
#define LARGE_BYTES  (256 * 1024)

typedef struct
{
  char *file; /* --config */
  gboolean check_only;
  gboolean version;
  GMainLoop *loop;
  CairndConfig *config; /* as of the start, which the listeners keep to */
  CairndConfig *latest; /* of the last reload; NULL = none */
  CairnConfig *engine;  /* the engine's part of the same file, as of the start */
  CairndServer *server;
} Daemon;

/* The engine finds the same file by $CAIRN_CONFIG; set before there are threads. */
static CairndConfig *
load (Daemon *daemon, GError **error)
{
  const char *chosen = daemon->file ? daemon->file : g_getenv ("CAIRN_CONFIG");
  g_autoptr (CairnConfig) engine = NULL;
  CairndConfig *config;

  if (chosen && *chosen)
    g_setenv ("CAIRN_CONFIG", chosen, TRUE);
  else
    chosen = NULL;
  config = cairnd_config_load (chosen ? chosen : DEFAULT_FILE, !chosen, error);
  engine = config ? cairn_config_load (NULL, CAIRN_CONFIG_CLOSED, error) : NULL;
  if (config && !engine)
    g_clear_pointer (&config, cairnd_config_free);
  if (!daemon->engine)
    daemon->engine = g_steal_pointer (&engine);
  return config;
}

static gboolean
parse (Daemon *daemon, int argc, char **argv)
{
  const GOptionEntry entries[] = {
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &daemon->file,
      "The configuration (default: $CAIRN_CONFIG, else " DEFAULT_FILE ")", "FILE" },
    { "check-config", 0, 0, G_OPTION_ARG_NONE, &daemon->check_only,
      "Read the configuration, print every key with its value, and end", NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &daemon->version, "Print the version", NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  g_option_context_set_summary (
      context, "Serves the reference points of this host's virtual machines over WS-Management and "
               "CIM-XML.");
  g_option_context_add_main_entries (context, entries, NULL);
  if (g_option_context_parse (context, &argc, &argv, &error) && argc == 1)
    return TRUE;
  fprintf (stderr, "cairnd: %s; see cairnd --help\n",
           error ? error->message : "there are no arguments but options");
  return FALSE;
}

static int
fail (const GError *error)
{
  fprintf (stderr, "cairnd: %s\n", error->message);
  return EXIT_FAILURE;
}

static gboolean
end (gpointer data)
{
  Daemon *daemon = data;

  sd_notify (0, "STOPPING=1");
  g_main_loop_quit (daemon->loop);
  return G_SOURCE_REMOVE;
}

static gboolean
reload (gpointer data)
{
  Daemon *daemon = data;
  g_autoptr (GError) error = NULL;
  CairndConfig *config;

  sd_notifyf (0, "RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, g_get_monotonic_time ());
  config = load (daemon, &error);
  if (config)
    {
      cairnd_server_reload (daemon->server, config);
      cairnd_config_free (daemon->latest);
      daemon->latest = config;
    }
  else
    cairnd_log (CAIRND_LOG_ERROR, "reload: %s; everything stays as it was", error->message);
  sd_notify (0, "READY=1");
  return G_SOURCE_CONTINUE;
}

/* What comes while we start is minded once the loop runs. A limit of file sizes is an error of the
 * write that meets it, not our end. */
static void
take_signals (Daemon *daemon)
{
  signal (SIGPIPE, SIG_IGN);
  signal (SIGXFSZ, SIG_IGN);
  g_unix_signal_add (SIGTERM, end, daemon);
  g_unix_signal_add (SIGINT, end, daemon);
  g_unix_signal_add (SIGHUP, reload, daemon);
}

static int
serve (Daemon *daemon)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;

  daemon->loop = loop;
  take_signals (daemon);
  daemon->server = cairnd_server_new (daemon->config, &error);
  if (!daemon->server)
    return fail (error);
  sd_notify (0, "READY=1");
  g_main_loop_run (loop);
  cairnd_server_free (daemon->server);
  return EXIT_SUCCESS;
}

static int
check (const Daemon *daemon)
{
  gboolean has_address = FALSE;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = cairnd_config_describe (daemon->config);
  g_autofree char *import = g_strjoinv (";", daemon->engine->import_paths);
  g_autofree char *export = g_strjoinv (";", daemon->engine->export_paths);
  int printed;

  if (!cairnd_server_check (daemon->config, &has_address, &error))
    return fail (error);
  printed = printf (
      "%s%s\n[paths]\nimport=%s\nexport=%s\n",
      has_address ? "" : "# No listener: cairnd starts with the sockets of systemd only.\n", text,
      import, export);
  return printed < 0 || fflush (stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* malloc's habits, an arena for each thread and large answers kept among small pieces, triple the
 * memory. */
static void
keep_memory_small (void)
{
  mallopt (M_ARENA_MAX, (int)CLAMP (g_get_num_processors (), 2, ARENAS_MAX));
  mallopt (M_MMAP_THRESHOLD, LARGE_BYTES);
  mallopt (M_TRIM_THRESHOLD, LARGE_BYTES);
}

static int
run (Daemon *daemon)
{
  g_autoptr (GError) error = NULL;

  if (daemon->version)
    return printf ("cairnd %s\n", CAIRN_VERSION) < 0;
  daemon->config = load (daemon, &error);
  if (!daemon->config)
    return fail (error);
  return daemon->check_only ? check (daemon) : serve (daemon);
}

int
main (int argc, char **argv)
{
  Daemon daemon = { 0 };
  int status;

  setlocale (LC_ALL, "");
  keep_memory_small ();
  status = parse (&daemon, argc, argv) ? run (&daemon) : EXIT_USAGE;
  cairn_config_free (daemon.engine);
  cairnd_config_free (daemon.latest);
  cairnd_config_free (daemon.config);
  g_free (daemon.file);
  return status;
}
