/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* family.c: from keys that name their parents by place to a tree in insertion order. Parents are
 * resolved after all tables are read: a genuine file may hold a child in an earlier table. */
#include "file.h"

#include "error.h"

#include <stdlib.h>

typedef struct
{
  VmcxFile *file;
  VmcxTable **by_index; /* the table of each index, NULL = none */
  size_t n_indexes;
  uint64_t known_place; /* the last one looked up, and the node found there */
  VmcxKey *known_node;
} Join;

static gboolean
refuse_key (const VmcxFile *file, const VmcxKey *key, GError **error, const char *cause)
{
  g_autofree char *name = vmcx_quote (key->name);

  return vmcx_refuse_damaged (error, &file->source, vmcx_key_file_offset (key), "key entry",
                              "the parent of '%s' %s", name, cause);
}

static VmcxKey *
find_in_table (const VmcxTable *table, uint32_t offset)
{
  size_t low = 0, high = table->n_keys;

  while (low < high)
    {
      size_t middle = low + (high - low) / 2;

      if (table->keys[middle].offset < offset)
        low = middle + 1;
      else
        high = middle;
    }
  return low < table->n_keys && table->keys[low].offset == offset ? &table->keys[low] : NULL;
}

static gboolean
find_parent (Join *join, const VmcxKey *key, VmcxKey **parent, GError **error)
{
  size_t index = key->parent_place >> 32;
  VmcxKey *found = NULL;

  if (key->parent_place == 0)
    {
      *parent = &join->file->root;
      return TRUE;
    }
  if (key->parent_place == join->known_place)
    {
      *parent = join->known_node;
      return TRUE;
    }
  if (index < join->n_indexes && join->by_index[index])
    found = find_in_table (join->by_index[index], (uint32_t)key->parent_place);
  if (!found)
    return refuse_key (join->file, key, error, "isn't there");
  if (found->type != VMCX_TYPE_NODE)
    return refuse_key (join->file, key, error, "isn't a node");
  join->known_place = key->parent_place;
  *parent = join->known_node = found;
  return TRUE;
}

/* Keys come in descending storage order, so that putting each in front leaves ascending order. */
static void
adopt (VmcxKey *parent, VmcxKey *key)
{
  if (parent->first_child && parent->first_child->sequence <= key->sequence)
    parent->state |= VMCX_KEY_UNSORTED;
  key->parent = parent;
  key->next = parent->first_child;
  parent->first_child = key;
}

static gboolean
adopt_all (Join *join, GError **error)
{
  VmcxFile *file = join->file;

  for (size_t i = file->n_tables; i-- > 0;)
    {
      VmcxTable *table = &file->tables[i];

      if (table->is_stale)
        continue;
      for (size_t k = table->n_keys; k-- > 0;)
        {
          VmcxKey *parent = NULL;

          if (!find_parent (join, &table->keys[k], &parent, error))
            return FALSE;
          adopt (parent, &table->keys[k]);
        }
      file->n_keys += table->n_keys;
    }
  return TRUE;
}

static int
compare_siblings (const void *a, const void *b)
{
  const VmcxKey *x = *(VmcxKey *const *)a, *y = *(VmcxKey *const *)b;

  if (x->sequence != y->sequence)
    return x->sequence < y->sequence ? -1 : 1;
  /* Some writers repeat numbers; then storage order counts. */
  if (x->owner.table != y->owner.table)
    return x->owner.table < y->owner.table ? -1 : 1;
  return x->offset < y->offset ? -1 : 1;
}

static void
sort_children (VmcxKey *parent, GPtrArray *scratch)
{
  g_ptr_array_set_size (scratch, 0);
  for (VmcxKey *child = parent->first_child; child; child = child->next)
    g_ptr_array_add (scratch, child);
  qsort (scratch->pdata, scratch->len, sizeof *scratch->pdata, compare_siblings);
  for (guint i = 0; i < scratch->len; i++)
    {
      VmcxKey *child = scratch->pdata[i];

      child->next = i + 1 < scratch->len ? scratch->pdata[i + 1] : NULL;
    }
  parent->first_child = scratch->pdata[0];
  parent->state &= (uint8_t)~VMCX_KEY_UNSORTED;
}

/* A child at or beyond its parent's next insertion sequence can't have been inserted there. */
static gboolean
check_next_sequence (const VmcxFile *file, const VmcxKey *key, GError **error)
{
  if (key->parent != &file->root && !key->next && key->sequence >= key->parent->length)
    return vmcx_refuse_damaged (error, &file->source, vmcx_key_file_offset (key), "key entry",
                                "its insertion sequence %u isn't below its parent's next one, %u",
                                key->sequence, key->parent->length);
  return TRUE;
}

static const VmcxKey *
first_on_cycle (const VmcxFile *file, const VmcxKey *key)
{
  const VmcxKey *first, *fast = key;

  do /* the hare meets the tortoise on the cycle */
    {
      key = key->parent;
      fast = fast->parent->parent;
    }
  while (key != fast);
  first = key;
  for (key = key->parent; key != fast; key = key->parent)
    if (vmcx_key_file_offset (key) < vmcx_key_file_offset (first))
      first = key;
  return first;
}

/* Keys that the walk from the root didn't meet hang on a cycle. */
static gboolean
refuse_cycle (const VmcxFile *file, GError **error)
{
  for (size_t i = 0; i < file->n_tables; i++)
    for (size_t k = 0; !file->tables[i].is_stale && k < file->tables[i].n_keys; k++)
      if (!(file->tables[i].keys[k].state & VMCX_KEY_REACHED))
        return refuse_key (file, first_on_cycle (file, &file->tables[i].keys[k]), error,
                           "lies below the key itself");
  return TRUE;
}

/* One file object is one key's: shared ones would let a small file stand for endless values. */
static gboolean
take_object (const VmcxFile *file, const VmcxKey *key, GError **error)
{
  VmcxObject *object = vmcx_file_find_object (file, key->value.object_offset);

  if (object->is_taken)
    return vmcx_refuse_damaged (
        error, &file->source, vmcx_key_file_offset (key), "key entry",
        "its file object at 0x%" G_GINT64_MODIFIER "x belongs to another key too", object->offset);
  object->is_taken = TRUE;
  return TRUE;
}

static gboolean
walk_all (VmcxFile *file, GError **error)
{
  g_autoptr (GPtrArray) scratch = g_ptr_array_new ();
  size_t n_reached = 0;

  for (VmcxKey *key = &file->root; key; key = vmcx_key_walk (&file->root, key))
    {
      if (key->state & VMCX_KEY_UNSORTED)
        sort_children (key, scratch);
      if (key == &file->root)
        continue;
      key->state |= VMCX_KEY_REACHED;
      n_reached++;
      if (!check_next_sequence (file, key, error)
          || ((key->flags & VMCX_KEY_FLAG_FILE_OBJECT) && !take_object (file, key, error)))
        return FALSE;
    }
  return n_reached == file->n_keys || refuse_cycle (file, error);
}

static void
number_root (VmcxFile *file)
{
  uint32_t last = 0;

  for (const VmcxKey *key = file->root.first_child; key; key = key->next)
    last = key->sequence;
  file->root.length = file->root.first_child && last < UINT32_MAX ? last + 1 : last;
}

gboolean
vmcx_file_join_keys (VmcxFile *file, GError **error)
{
  g_autofree VmcxTable **by_index = NULL;
  Join join = { .file = file };

  for (size_t i = 0; i < file->n_tables; i++)
    join.n_indexes = MAX (join.n_indexes, file->tables[i].index + (size_t)1);
  by_index = g_new0 (VmcxTable *, join.n_indexes + 1); /* at most 65536 */
  for (size_t i = 0; i < file->n_tables; i++)
    if (!file->tables[i].is_stale)
      by_index[file->tables[i].index] = &file->tables[i];
  join.by_index = by_index;

  if (!adopt_all (&join, error) || !walk_all (file, error))
    return FALSE;
  number_root (file);
  return TRUE;
}
