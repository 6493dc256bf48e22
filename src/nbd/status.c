/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Block status: dirty bitmaps and allocation. */
#include <string.h>

#include "nbd/connection.h"
#include "refpoint/tracker.h"

#define STATE_DIRTY 1u /* flag of the contexts qemu:dirty-bitmap */

/* What one request may ask for: NBD lengths have 32 bits; a multiple of every granularity. A map of
 * allocation costs the server a look at its file system, so it is asked for in smaller parts. */
#define MAX_DIRTY_BYTES (UINT64_C (1) << 31)
#define MAX_MAP_BYTES   (UINT64_C (1) << 28)

typedef struct
{
  const char *context;
  GArray *runs;
  uint64_t at, end;
} Answer;

/* Called by libnbd for each context of an answer: pairs of length and flags. */
static int
take_entries (void *user_data, const char *context, uint64_t offset, uint32_t *entries,
              size_t n_entries, int *error)
{
  Answer *answer = user_data;

  if (strcmp (context, answer->context) != 0 || *error != 0)
    return 0;
  for (size_t i = 0; i + 1 < n_entries && offset < answer->end; i += 2)
    {
      /* The last one may reach beyond what was asked for. */
      CairnNbdRun run = { offset, MIN (entries[i], answer->end - offset), entries[i + 1] };

      if (run.length_bytes > 0)
        g_array_append_val (answer->runs, run);
      offset += run.length_bytes;
    }
  answer->at = offset;
  return 0;
}

static gboolean
fail_empty (CairnNbdClient *client, const char *context, GError **error)
{
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED,
               "the server of NBD export '%s' tells nothing of '%s'; see whether it exports that",
               client->name, context);
  return FALSE;
}

/* One request about [*AT, END), whose answer may end earlier: *AT is its end then. RUNS is emptied
 * first. */
static gboolean
ask (CairnNbdClient *client, const char *context, uint64_t *at, uint64_t end, GArray *runs,
     GError **error)
{
  Answer answer = { .context = context, .runs = runs, .at = *at, .end = end };
  nbd_extent_callback callback = { .callback = take_entries, .user_data = &answer };
  int64_t cookie;
  int done;

  g_array_set_size (runs, 0);
  if (!cairn_nbd_client_has_context (client, context))
    return fail_empty (client, context, error);
  cookie = nbd_aio_block_status (client->nbd, end - *at, *at, callback, NBD_NULL_COMPLETION, 0);
  if (cookie < 0)
    return cairn_nbd_client_fail (client, error);
  while ((done = nbd_aio_command_completed (client->nbd, (uint64_t)cookie)) == 0)
    if (!cairn_nbd_client_step (client, error))
      return FALSE;
  if (done < 0)
    return cairn_nbd_client_fail (client, error);
  if (answer.at <= *at)
    return fail_empty (client, context, error);
  *at = answer.at;
  return TRUE;
}

GArray *
cairn_nbd_client_dirty (CairnNbdClient *client, const char *context, uint64_t offset_bytes,
                        uint64_t length_bytes, GError **error)
{
  g_autoptr (GArray) extents = cairn_extents_new ();
  g_autoptr (GArray) runs = g_array_new (FALSE, FALSE, sizeof (CairnNbdRun));
  uint64_t at = offset_bytes, end = offset_bytes + length_bytes;

  if (!cairn_nbd_client_check (client, offset_bytes, length_bytes, error))
    return NULL;
  while (at < end)
    {
      if (!ask (client, context, &at, MIN (end, at + MAX_DIRTY_BYTES), runs, error))
        return NULL;
      for (guint i = 0; i < runs->len; i++)
        {
          const CairnNbdRun *run = &g_array_index (runs, CairnNbdRun, i);

          if (!(run->flags & STATE_DIRTY))
            continue;
          cairn_extents_append (extents, run->offset_bytes, run->length_bytes);
          if (!cairn_extents_check_limit (extents, error))
            return NULL;
        }
    }
  return g_steal_pointer (&extents);
}

/* The run of the kept answer that OFFSET lies in, or NULL. */
static const CairnNbdRun *
find_run (CairnNbdClient *client, uint64_t offset_bytes)
{
  for (int pass = 0; pass < 2; pass++)
    {
      for (; client->map_at < client->map->len; client->map_at++)
        {
          const CairnNbdRun *run = &g_array_index (client->map, CairnNbdRun, client->map_at);

          if (offset_bytes < run->offset_bytes)
            break;
          if (offset_bytes - run->offset_bytes < run->length_bytes)
            return run;
        }
      client->map_at = 0; /* it lies behind */
    }
  return NULL;
}

gboolean
cairn_nbd_client_map (CairnNbdClient *client, uint64_t offset_bytes, gboolean *is_zero,
                      uint64_t *length_bytes, GError **error)
{
  const CairnNbdRun *run = find_run (client, offset_bytes);
  uint64_t at = offset_bytes;

  if (!run)
    {
      uint64_t length = MIN (client->size_bytes - MIN (at, client->size_bytes), MAX_MAP_BYTES);

      if (!cairn_nbd_client_check (client, offset_bytes, MAX (1, length), error)
          || !ask (client, CAIRN_NBD_ALLOCATION, &at, offset_bytes + length, client->map, error))
        return FALSE;
      client->map_at = 0;
      run = &g_array_index (client->map, CairnNbdRun, 0);
    }
  *is_zero = (run->flags & LIBNBD_STATE_ZERO) != 0;
  *length_bytes = run->length_bytes - (offset_bytes - run->offset_bytes);
  return TRUE;
}
