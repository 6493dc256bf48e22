/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A view through a qemu-nbd with one connection for each reader. */
#include "tracker/nbd/content.h"

#include "nbd/view.h"
#include "tracker/nbd/child.h"
#include "tracker/nbd/server.h"
#include "tracker/nbd/source.h"

static GPtrArray *
make_command (const CairnNbdContent *content, const char *source)
{
  GPtrArray *argv = g_ptr_array_new_with_free_func (g_free);

  g_ptr_array_add (argv, g_strdup ("qemu-nbd"));
  g_ptr_array_add (argv, g_strdup ("--read-only"));
  g_ptr_array_add (argv, g_strdup_printf ("--shared=%u", content->n_readers));
  if (content->key)
    {
      g_ptr_array_add (argv, g_strdup ("--object"));
      g_ptr_array_add (argv,
                       g_strdup_printf ("secret,id=" CAIRN_SOURCE_SECRET ",file=/proc/self/fd/%d",
                                        CAIRN_CHILD_SECRET_FD));
    }
  g_ptr_array_add (argv, g_strdup (source));
  g_ptr_array_add (argv, NULL);
  return argv;
}

static void
end_server (gpointer server)
{
  cairn_nbd_server_end (server);
}

CairnView *
cairn_nbd_open_content (const CairnNbdContent *content, int64_t deadline, GError **error)
{
  static const char *const contexts[] = { CAIRN_NBD_ALLOCATION, NULL };
  CairnSource order = { .path = content->path,
                        .format = content->format,
                        .has_key = content->key != NULL,
                        .is_written = content->is_written };
  g_autofree char *source = cairn_source_describe (&order, error);
  g_autoptr (GPtrArray) argv = source ? make_command (content, source) : NULL;
  CairnNbdServer *server;
  CairnView *view;

  if (!source)
    return NULL;
  server = cairn_nbd_server_start ((const char *const *)argv->pdata, content->key,
                                   content->n_readers, contexts, deadline, error);
  if (!server)
    return NULL;
  view = cairn_nbd_view_new (server->clients, server->n_clients, end_server, server);
  server->n_clients = 0; /* they are the view's now */
  return view;
}
