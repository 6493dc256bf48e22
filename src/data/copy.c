/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes a planned image: its head, then the disk's clusters, read and written by several threads.
 */
#include <string.h>

#include "data/copy.h"
#include "data/file.h"
#include "data/pieces.h"

/* A place among the plan's runs. */
typedef struct
{
  guint run;
  uint64_t skipped; /* clusters of it */
} Cursor;

typedef struct
{
  const CairnDataPlan *plan;
  int fd;
  const char *path;
  uint64_t data_bytes; /* place of the first data */
  Cursor next;
  Cursor taken[CAIRN_PIECES_PLACES]; /* where the pieces at work begin */
} Copy;

/* Moves over the runs to the next data, at most LIMIT clusters of one run; 0 at the end. */
static uint64_t
next_data (const CairnDataPlan *plan, Cursor *cursor, uint64_t limit, uint64_t *first)
{
  for (; cursor->run < plan->runs->len; cursor->run++, cursor->skipped = 0)
    {
      const CairnRun *at = &g_array_index (plan->runs, CairnRun, cursor->run);
      uint64_t count = at->source == CAIRN_RUN_ZERO ? 0 : MIN (at->count - cursor->skipped, limit);

      if (count == 0)
        continue;
      *first = at->first + cursor->skipped;
      cursor->skipped += count;
      return count;
    }
  return 0;
}

static void
take_piece (gpointer user, uint64_t number, unsigned place)
{
  Copy *copy = user;
  uint64_t unused, count, total = 0;

  copy->taken[place] = copy->next;
  while (total < CAIRN_PIECE_CLUSTERS
         && (count = next_data (copy->plan, &copy->next, CAIRN_PIECE_CLUSTERS - total, &unused))
                > 0)
    total += count;
}

static gboolean
copy_piece (gpointer user, unsigned worker, uint64_t number, unsigned place, uint8_t *buffer,
            size_t *n_bytes, GError **error)
{
  const Copy *copy = user;
  CairnView *view = copy->plan->view;
  Cursor cursor = copy->taken[place];
  uint64_t first = 0, count, done = 0;
  CairnViewPart parts[CAIRN_PIECE_CLUSTERS];
  size_t n_parts = 0;

  while (done < CAIRN_PIECE_CLUSTERS
         && (count = next_data (copy->plan, &cursor, CAIRN_PIECE_CLUSTERS - done, &first)) > 0)
    {
      uint64_t offset = first * CAIRN_CLUSTER_BYTES;
      size_t wanted = count * CAIRN_CLUSTER_BYTES;
      size_t there = (size_t)MIN (wanted, view->size_bytes - offset);
      uint8_t *to = buffer + done * CAIRN_CLUSTER_BYTES;

      parts[n_parts++]
          = (CairnViewPart){ .offset_bytes = offset, .length_bytes = there, .buffer = to };
      memset (to + there, 0, wanted - there);
      done += count;
    }
  *n_bytes = done * CAIRN_CLUSTER_BYTES;
  if (!cairn_view_read_parts (view, worker, parts, n_parts, error))
    return FALSE;
  return cairn_file_write (copy->fd, copy->path, copy->data_bytes + number * CAIRN_PIECE_BYTES,
                           buffer, *n_bytes, error);
}

static void
give_up (gpointer user)
{
  CairnView *view = ((Copy *)user)->plan->view;

  if (view->ops->give_up)
    view->ops->give_up (view);
}

typedef struct
{
  int fd;
  const char *path;
  CairnHash *hash; /* NULL = none */
  uint64_t place;
  GError **error;
} HeadWriter;

static gboolean
put_head (const uint8_t *cluster, gpointer user)
{
  HeadWriter *writer = user;

  if (writer->hash)
    cairn_hash_add (writer->hash, cluster, CAIRN_CLUSTER_BYTES);
  writer->place += CAIRN_CLUSTER_BYTES;
  return cairn_file_write (writer->fd, writer->path, writer->place - CAIRN_CLUSTER_BYTES, cluster,
                           CAIRN_CLUSTER_BYTES, writer->error);
}

gboolean
cairn_copy_head (const CairnDataPlan *plan, int fd, const char *path, CairnHash *hash,
                 GError **error)
{
  HeadWriter writer = { .fd = fd, .path = path, .hash = hash, .error = error };

  if (!cairn_file_reserve (fd, path, cairn_plan_n_clusters (plan) * CAIRN_CLUSTER_BYTES, error)
      || !cairn_plan_write_head (plan, put_head, &writer))
    return FALSE;
  cairn_file_bypass_cache (fd);
  return TRUE;
}

gboolean
cairn_copy_image (const CairnDataPlan *plan, int fd, const char *path, const CairnDataTick *tick,
                  CairnDataFile *file, GError **error)
{
  g_autofree Copy *copy = g_new0 (Copy, 1);
  CairnPieces pieces = { .n_pieces = CAIRN_DIVIDE_UP (plan->n_data, CAIRN_PIECE_CLUSTERS),
                         .n_workers = plan->view->n_readers,
                         .path = path,
                         .hash = cairn_hash_new (error),
                         .user = copy,
                         .take = take_piece,
                         .work = copy_piece,
                         .give_up = give_up };
  gboolean ok;

  copy->plan = plan;
  copy->fd = fd;
  copy->path = path;
  copy->data_bytes = cairn_plan_data_place (plan) * CAIRN_CLUSTER_BYTES;
  ok = pieces.hash && cairn_copy_head (plan, fd, path, pieces.hash, error)
       && cairn_pieces_run (&pieces, tick, 0, error);
  g_free (file->sha256);
  file->sha256 = cairn_hash_end (pieces.hash);
  file->size_bytes = cairn_plan_n_clusters (plan) * CAIRN_CLUSTER_BYTES;
  return ok;
}
