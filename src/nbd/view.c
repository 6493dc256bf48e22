/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads of a view become requests of its readers' clients. */
#include "nbd/view.h"

/* As much as keeps CAIRN_NBD_IN_FLIGHT requests of a client under way. */
#define READ_BYTES (2u * 1024 * 1024)

typedef struct
{
  CairnView view;
  CairnNbdClient **clients;
  void (*ended) (gpointer user);
  gpointer user;
} NbdView;

static gboolean
view_read (CairnView *view, unsigned reader, uint64_t offset_bytes, void *buffer,
           size_t length_bytes, GError **error)
{
  return cairn_nbd_client_read (((NbdView *)view)->clients[reader], offset_bytes, buffer,
                                length_bytes, error);
}

static gboolean
view_read_parts (CairnView *view, unsigned reader, const CairnViewPart *parts, size_t n_parts,
                 GError **error)
{
  return cairn_nbd_client_read_parts (((NbdView *)view)->clients[reader], parts, n_parts, error);
}

static gboolean
view_map (CairnView *view, unsigned reader, uint64_t offset_bytes, gboolean *is_zero,
          uint64_t *length_bytes, GError **error)
{
  CairnNbdClient *client = ((NbdView *)view)->clients[reader];

  if (cairn_nbd_client_has_context (client, CAIRN_NBD_ALLOCATION))
    return cairn_nbd_client_map (client, offset_bytes, is_zero, length_bytes, error);
  *is_zero = FALSE;
  *length_bytes = view->size_bytes - offset_bytes;
  return TRUE;
}

static void
view_give_up (CairnView *view)
{
  for (unsigned i = 0; i < view->n_readers; i++)
    cairn_nbd_client_set_deadline (((NbdView *)view)->clients[i], 0);
}

static void
view_close (CairnView *view)
{
  NbdView *self = (NbdView *)view;

  for (unsigned i = 0; i < view->n_readers; i++)
    cairn_nbd_client_close (self->clients[i]);
  if (self->ended)
    self->ended (self->user);
  g_clear_pointer (&view->paths, g_ptr_array_unref);
  g_free (self->clients);
  g_free (self);
}

static const CairnViewOps view_ops = {
  .read = view_read,
  .read_parts = view_read_parts,
  .map = view_map,
  .give_up = view_give_up,
  .close = view_close,
};

CairnView *
cairn_nbd_view_new (CairnNbdClient *const *clients, unsigned n_clients,
                    void (*ended) (gpointer user), gpointer user)
{
  NbdView *self = g_new0 (NbdView, 1);

  self->view.ops = &view_ops;
  self->view.size_bytes = cairn_nbd_client_size (clients[0]);
  self->view.n_readers = n_clients;
  self->view.read_bytes = READ_BYTES;
  self->clients = g_memdup2 (clients, n_clients * sizeof *clients);
  self->ended = ended;
  self->user = user;
  return &self->view;
}
