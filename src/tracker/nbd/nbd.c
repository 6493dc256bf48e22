/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads dirty ranges from a qemu-nbd of its own through libnbd.
 * Source: QEMU docs/interop/nbd.txt, "qemu:dirty-bitmap"; libnbd(3). */
#include "tracker/nbd/nbd.h"

#include <cairn/error.h>
#include <cairn/extent.h>

#include "nbd/client.h"
#include "tracker/nbd/content.h"
#include "tracker/nbd/describe.h"
#include "tracker/nbd/server.h"
#include "tracker/nbd/source.h"

static GArray *
read_extents (const char *path, const char *bitmap, uint64_t offset_bytes, uint64_t length_bytes,
              int64_t deadline, GError **error)
{
  g_autofree char *context = g_strconcat (CAIRN_NBD_DIRTY_PREFIX, bitmap, NULL);
  g_autofree char *source = cairn_source_new (path, error);
  const char *argv[] = { "qemu-nbd", "--read-only", "--bitmap", bitmap, source, NULL };
  const char *contexts[] = { context, NULL };
  CairnNbdServer *server;
  GArray *extents = NULL;
  GError *problem = NULL;

  if (!source)
    return NULL;
  if (length_bytes == 0)
    return cairn_extents_new ();
  server = cairn_nbd_server_start (argv, NULL, 1, contexts, deadline, error);
  if (!server)
    return NULL;
  extents
      = cairn_nbd_client_dirty (server->clients[0], context, offset_bytes, length_bytes, &problem);
  if (problem)
    cairn_nbd_server_propagate (server, problem, error);
  cairn_nbd_server_end (server);
  return extents;
}

CAIRN_API extern const CairnNbdModule cairn_nbd_module;
const CairnNbdModule cairn_nbd_module = {
  .describe = cairn_nbd_describe,
  .extents = read_extents,
  .open_content = cairn_nbd_open_content,
};
