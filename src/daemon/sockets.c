/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sockets from systemd. */
#include "daemon/sockets.h"

#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "daemon/log.h"

static const char *const names[CAIRN_HTTP_N_LISTENERS] = {
  [CAIRN_HTTP_WSMAN] = "wsman",   [CAIRN_HTTP_WSMAN_TLS] = "wsman-tls",
  [CAIRN_HTTP_CIMXML] = "cimxml", [CAIRN_HTTP_CIMXML_TLS] = "cimxml-tls",
  [CAIRN_HTTP_UNIX] = "unix",     [CAIRN_HTTP_METRICS] = "metrics",
};

const char *
cairnd_listener_name (CairnHttpListener listener)
{
  return names[listener];
}

static void
take (int sockets[CAIRN_HTTP_N_LISTENERS], const char *name, int fd)
{
  for (guint i = 0; i < CAIRN_HTTP_N_LISTENERS; i++)
    if (g_str_equal (names[i], name) && sockets[i] < 0)
      {
        sockets[i] = fd;
        return;
      }
  cairnd_log (CAIRND_LOG_WARNING,
              "systemd handed over a socket named '%s', which is none of ours; correct "
              "FileDescriptorName= of its unit",
              name);
  close (fd);
}

void
cairnd_sockets_take (int sockets[CAIRN_HTTP_N_LISTENERS])
{
  char **given = NULL;
  int n = sd_listen_fds_with_names (1, &given);

  for (guint i = 0; i < CAIRN_HTTP_N_LISTENERS; i++)
    sockets[i] = -1;
  if (n < 0)
    cairnd_log (CAIRND_LOG_WARNING, "the sockets that systemd hands over can't be taken: %s",
                g_strerror (-n));
  for (int i = 0; i < n; i++)
    {
      take (sockets, given[i], SD_LISTEN_FDS_START + i);
      free (given[i]);
    }
  free (given);
}
