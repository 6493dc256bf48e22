/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Instances of reference points kept within a bound, each with the ones that follow it. */
#include "provider/shelf.h"

/* What an entry takes beside its instance: itself, its place in the table, what malloc adds. */
#define ENTRY_BYTES (sizeof (Entry) + 40 + 48)

enum
{
  ROW_ALL,
  ROW_OF_VM,
  N_ROWS,
};

typedef struct Entry
{
  CimInstance *instance; /* a reference */
  gsize bytes;
  GList link;        /* in shelf->entries */
  gboolean was_used; /* since it was looked at for being dropped */
  struct Entry *next[N_ROWS], *previous[N_ROWS];
  gboolean is_last[N_ROWS], is_first[N_ROWS];
} Entry;

struct CairnShelf
{
  gsize bytes, bytes_max;
  GHashTable *by_id;  /* its instance's InstanceID, letter case ignored -> Entry */
  GHashTable *firsts; /* lower-case VM GUID, "" = all -> Entry: where that row begins */
  GQueue entries;     /* oldest at the tail; it goes first, unless it was used meanwhile */
};

static guint
hash_id (gconstpointer id)
{
  guint hash = 5381;

  for (const char *p = id; *p; p++)
    hash = hash * 33 + (guchar)g_ascii_tolower (*p);
  return hash;
}

static gboolean
is_same_id (gconstpointer a, gconstpointer b)
{
  return g_ascii_strcasecmp (a, b) == 0;
}

CairnShelf *
cairn_shelf_new (gsize bytes_max)
{
  CairnShelf *shelf = g_new0 (CairnShelf, 1);

  shelf->bytes_max = bytes_max;
  shelf->by_id = g_hash_table_new (hash_id, is_same_id);
  shelf->firsts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_queue_init (&shelf->entries);
  return shelf;
}

void
cairn_shelf_clear (CairnShelf *shelf)
{
  GList *link;

  g_hash_table_remove_all (shelf->by_id);
  g_hash_table_remove_all (shelf->firsts);
  while ((link = g_queue_pop_head_link (&shelf->entries)))
    {
      Entry *entry = link->data;

      cim_instance_unref (entry->instance);
      g_free (entry);
    }
  shelf->bytes = 0;
}

void
cairn_shelf_free (CairnShelf *shelf)
{
  if (!shelf)
    return;
  cairn_shelf_clear (shelf);
  g_hash_table_unref (shelf->by_id);
  g_hash_table_unref (shelf->firsts);
  g_free (shelf);
}

gsize
cairn_shelf_bytes (const CairnShelf *shelf)
{
  return shelf->bytes;
}

static const char *
id_of (const Entry *entry)
{
  return cim_instance_text (entry->instance, "InstanceID");
}

static const char *
vm_of (const Entry *entry)
{
  return cim_instance_text (entry->instance, "VirtualSystemIdentifier");
}

CimInstance *
cairn_shelf_find (CairnShelf *shelf, const char *instance_id)
{
  Entry *entry = g_hash_table_lookup (shelf->by_id, instance_id);

  if (!entry)
    return NULL;
  entry->was_used = TRUE;
  return entry->instance;
}

/* ---- rows ---- */

static Entry *
first_of (CairnShelf *shelf, const char *vm_guid)
{
  g_autofree char *key = g_ascii_strdown (vm_guid ? vm_guid : "", -1);

  return g_hash_table_lookup (shelf->firsts, key);
}

static void
set_first (CairnShelf *shelf, const char *vm_guid, Entry *entry)
{
  entry->is_first[vm_guid ? ROW_OF_VM : ROW_ALL] = TRUE;
  g_hash_table_replace (shelf->firsts, g_ascii_strdown (vm_guid ? vm_guid : "", -1), entry);
}

/* A VM's row has only its own. */
static Entry *
find_in_row (CairnShelf *shelf, const char *vm_guid, const char *instance_id)
{
  Entry *entry = g_hash_table_lookup (shelf->by_id, instance_id);

  return entry && (!vm_guid || g_ascii_strcasecmp (vm_of (entry), vm_guid) == 0) ? entry : NULL;
}

gboolean
cairn_shelf_follow (CairnShelf *shelf, const char *vm_guid, const char *after, guint limit,
                    GPtrArray *instances)
{
  guint row = vm_guid ? ROW_OF_VM : ROW_ALL;
  Entry *before = after ? find_in_row (shelf, vm_guid, after) : NULL;
  Entry *entry;

  if (after && !before)
    return FALSE;
  entry = before ? before->next[row] : first_of (shelf, vm_guid);
  while (entry && limit > 0)
    {
      entry->was_used = TRUE;
      g_ptr_array_add (instances, cim_instance_ref (entry->instance));
      limit--;
      before = entry;
      entry = entry->next[row];
    }
  return limit == 0 || (before && before->is_last[row]);
}

static void
tie (Entry *before, Entry *entry, guint row)
{
  before->next[row] = entry;
  entry->previous[row] = before;
}

static void
untie (CairnShelf *shelf, Entry *entry)
{
  for (guint row = 0; row < N_ROWS; row++)
    {
      if (entry->previous[row])
        entry->previous[row]->next[row] = NULL;
      if (entry->next[row])
        entry->next[row]->previous[row] = NULL;
    }
  if (entry->is_first[ROW_ALL])
    g_hash_table_remove (shelf->firsts, "");
  if (entry->is_first[ROW_OF_VM])
    {
      g_autofree char *vm = g_ascii_strdown (vm_of (entry), -1);

      g_hash_table_remove (shelf->firsts, vm);
    }
}

/* ---- coming and going ---- */

static void
drop (CairnShelf *shelf, Entry *entry)
{
  untie (shelf, entry);
  g_queue_unlink (&shelf->entries, &entry->link);
  g_hash_table_remove (shelf->by_id, id_of (entry));
  shelf->bytes -= entry->bytes;
  cim_instance_unref (entry->instance);
  g_free (entry);
}

/* One that was used has another round. */
static void
make_room (CairnShelf *shelf)
{
  while (shelf->bytes > shelf->bytes_max)
    {
      Entry *entry = g_queue_peek_tail (&shelf->entries);

      if (!entry->was_used)
        {
          drop (shelf, entry);
          continue;
        }
      entry->was_used = FALSE;
      g_queue_unlink (&shelf->entries, &entry->link);
      g_queue_push_head_link (&shelf->entries, &entry->link);
    }
}

static Entry *
add (CairnShelf *shelf, CimInstance *instance)
{
  const char *id = cim_instance_text (instance, "InstanceID");
  Entry *entry = g_hash_table_lookup (shelf->by_id, id);

  if (entry)
    return entry;
  entry = g_new0 (Entry, 1);
  entry->instance = cim_instance_ref (instance);
  entry->bytes = ENTRY_BYTES + sizeof *instance
                 + instance->class->n_properties * sizeof instance->values[0]
                 + instance->arena.total_bytes;
  entry->link.data = entry;
  g_queue_push_head_link (&shelf->entries, &entry->link);
  g_hash_table_insert (shelf->by_id, (gpointer)id_of (entry), entry);
  shelf->bytes += entry->bytes;
  return entry;
}

void
cairn_shelf_put (CairnShelf *shelf, CimInstance *instance)
{
  add (shelf, instance);
  make_room (shelf);
}

void
cairn_shelf_put_row (CairnShelf *shelf, const char *vm_guid, const char *after,
                     CimInstance *const *instances, guint n, gboolean has_ended)
{
  guint row = vm_guid ? ROW_OF_VM : ROW_ALL;
  Entry *before = after ? find_in_row (shelf, vm_guid, after) : NULL;

  for (guint i = 0; i < n; i++)
    {
      Entry *entry = add (shelf, instances[i]);

      if (before)
        tie (before, entry, row);
      else if (!after)
        set_first (shelf, vm_guid, entry);
      before = entry;
    }
  if (before && has_ended)
    before->is_last[row] = TRUE;
  make_room (shelf);
}
