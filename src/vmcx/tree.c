/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tree.c: building a tree of keys. Values are kept as the file will store them. */
#include "tree.h"

#include "cursor.h"
#include "error.h"
#include "layout.h"

/* The longest value: an object entry's 32-bit size, which is a multiple of the largest alignment,
 * must hold it. */
#define VALUE_BYTES_MAX ((uint64_t)UINT32_MAX + 1 - VMCX_ALIGNMENT_MAX)

VmcxTree *
vmcx_tree_new (void)
{
  VmcxTree *tree = g_new0 (VmcxTree, 1);

  vmcx_arena_init (&tree->arena);
  tree->kept = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  tree->root.key.name = "";
  tree->root.key.type = VMCX_TYPE_NODE;
  tree->root.key.state = VMCX_KEY_OF_TREE;
  tree->root.key.owner.tree = tree;
  return tree;
}

void
vmcx_tree_free (VmcxTree *tree)
{
  if (!tree)
    return;
  vmcx_arena_clear (&tree->arena);
  g_ptr_array_unref (tree->kept);
  g_free (tree);
}

VmcxKey *
vmcx_tree_root (VmcxTree *tree)
{
  return &tree->root.key;
}

static VmcxKey *
append (VmcxTree *tree, VmcxKey *parent, const char *name, VmcxType type)
{
  size_t name_bytes = strlen (name) + 1;
  VmcxTreeKey *tree_key = vmcx_arena_take (&tree->arena, sizeof *tree_key);
  char *own_name = vmcx_arena_take (&tree->arena, name_bytes);
  VmcxKey *key = &tree_key->key;

  tree_key->table = 0;
  memcpy (own_name, name, name_bytes);
  *key = (VmcxKey){ .parent = parent,
                    .name = own_name,
                    .type = (uint8_t)type,
                    .state = VMCX_KEY_OF_TREE,
                    .owner.tree = tree,
                    .sequence = parent->length > 0 ? parent->length : 1 };
  if (parent->first_child)
    parent->value.last_child->next = key;
  else
    parent->first_child = key;
  parent->value.last_child = key;
  parent->length = key->sequence + 1;
  return key;
}

static gboolean
is_tree_node (const VmcxKey *key)
{
  return key && key->type == VMCX_TYPE_NODE && (key->state & VMCX_KEY_OF_TREE);
}

VmcxKey *
vmcx_key_add_node (VmcxKey *parent, const char *name)
{
  g_return_val_if_fail (is_tree_node (parent) && name, NULL);
  return append (parent->owner.tree, parent, name, VMCX_TYPE_NODE);
}

static VmcxKey *
add_bits (VmcxKey *parent, const char *name, VmcxType type, uint64_t bits)
{
  VmcxKey *key;

  g_return_val_if_fail (is_tree_node (parent) && name, NULL);
  key = append (parent->owner.tree, parent, name, type);
  key->value.bits = bits;
  return key;
}

VmcxKey *
vmcx_key_add_int (VmcxKey *parent, const char *name, int64_t value)
{
  return add_bits (parent, name, VMCX_TYPE_INT, (uint64_t)value);
}

VmcxKey *
vmcx_key_add_uint (VmcxKey *parent, const char *name, uint64_t value)
{
  return add_bits (parent, name, VMCX_TYPE_UINT, value);
}

VmcxKey *
vmcx_key_add_double (VmcxKey *parent, const char *name, double value)
{
  uint64_t bits;

  memcpy (&bits, &value, sizeof bits);
  return add_bits (parent, name, VMCX_TYPE_DOUBLE, bits);
}

VmcxKey *
vmcx_key_add_bool (VmcxKey *parent, const char *name, gboolean value)
{
  return add_bits (parent, name, VMCX_TYPE_BOOL, value ? 1 : 0);
}

/* Gives KEY a value of LENGTH bytes at BYTES, which live as long as the tree. */
static void
set_bytes (VmcxKey *key, const uint8_t *bytes, uint64_t length)
{
  static const uint8_t none[1];

  key->state |= VMCX_KEY_IN_MEMORY;
  if (length > VALUE_BYTES_MAX)
    {
      key->state |= VMCX_KEY_TOO_LONG;
      length = 0;
    }
  key->value.bytes = length > 0 ? bytes : none;
  key->length = (uint32_t)length;
  if (length >= VMCX_OBJECT_THRESHOLD)
    key->flags |= VMCX_KEY_FLAG_FILE_OBJECT;
}

VmcxKey *
vmcx_key_add_utf16 (VmcxKey *parent, const char *name, const gunichar2 *units, size_t n_units)
{
  VmcxTree *tree;
  VmcxKey *key;
  uint8_t *bytes = NULL;
  size_t n = n_units;

  g_return_val_if_fail (is_tree_node (parent) && name && (units || n_units == 0), NULL);
  tree = parent->owner.tree;
  key = append (tree, parent, name, VMCX_TYPE_STRING);
  if (n_units > VALUE_BYTES_MAX / 2 - 1)
    {
      set_bytes (key, NULL, UINT64_MAX);
      return key;
    }
  if (n > 0 && units[n - 1] == 0)
    n++; /* readers drop one NUL at the end, so that this one needs another behind it */
  if (n > 0)
    bytes = vmcx_arena_take (&tree->arena, 2 * n);
  for (size_t i = 0; i < n; i++)
    vmcx_store_16 (bytes + 2 * i, i < n_units ? units[i] : 0);
  set_bytes (key, bytes, 2 * n);
  return key;
}

VmcxKey *
vmcx_key_add_string (VmcxKey *parent, const char *name, const char *utf8)
{
  g_autofree gunichar2 *units = NULL;
  glong n_units = 0;
  VmcxKey *key;

  g_return_val_if_fail (utf8, NULL);
  units = g_utf8_to_utf16 (utf8, -1, NULL, &n_units, NULL);
  key = vmcx_key_add_utf16 (parent, name, units, units ? (size_t)n_units : 0);
  if (key && !units)
    key->state |= VMCX_KEY_BAD_TEXT;
  return key;
}

VmcxKey *
vmcx_key_add_array (VmcxKey *parent, const char *name, GBytes *bytes)
{
  VmcxTree *tree;
  VmcxKey *key;

  g_return_val_if_fail (is_tree_node (parent) && name && bytes, NULL);
  tree = parent->owner.tree;
  key = append (tree, parent, name, VMCX_TYPE_ARRAY);
  g_ptr_array_add (tree->kept, g_bytes_ref (bytes)); /* immutable: as good as a copy */
  set_bytes (key, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  return key;
}

/* Appends a copy of SOURCE alone. */
static VmcxKey *
copy_one (VmcxTree *tree, VmcxKey *parent, const VmcxKey *source, GError **error)
{
  g_autofree uint8_t *owned = NULL;
  const uint8_t *bytes = NULL;
  uint8_t *own_bytes = NULL;
  VmcxKey *key;

  if (vmcx_key_has_bytes (source))
    {
      bytes = vmcx_key_fetch (source, &owned, error);
      if (!bytes)
        return NULL;
    }
  key = append (tree, parent, source->name, source->type);
  key->flags = source->flags & (uint8_t)~VMCX_KEY_FLAG_FILE_OBJECT;
  key->state |= source->state & (VMCX_KEY_TOO_LONG | VMCX_KEY_BAD_TEXT);
  if (!bytes)
    {
      if (source->type != VMCX_TYPE_NODE)
        key->value = source->value;
      return key;
    }
  if (owned)
    g_ptr_array_add (tree->kept, g_bytes_new_take (owned, source->length));
  else if (source->length > 0)
    own_bytes = memcpy (vmcx_arena_take (&tree->arena, source->length), bytes, source->length);
  set_bytes (key, owned ? g_steal_pointer (&owned) : own_bytes, source->length);
  return key;
}

VmcxKey *
vmcx_key_add_copy (VmcxKey *parent, const VmcxKey *source, GError **error)
{
  g_autoptr (GPtrArray) sources = g_ptr_array_new ();
  g_autoptr (GHashTable) nodes = g_hash_table_new (NULL, NULL); /* of SOURCE -> their copies */
  VmcxKey *top = NULL;
  VmcxTree *tree;

  if (!source)
    return vmcx_refuse_null (error, G_STRFUNC, "source"), NULL;
  g_return_val_if_fail (is_tree_node (parent), NULL);
  tree = parent->owner.tree;
  /* Collected first: PARENT may itself lie below SOURCE and grow while we copy. */
  for (const VmcxKey *key = source; key; key = vmcx_key_walk (source, key))
    g_ptr_array_add (sources, (gpointer)key);

  for (guint i = 0; i < sources->len; i++)
    {
      const VmcxKey *from = sources->pdata[i];
      VmcxKey *below = i == 0 ? parent : g_hash_table_lookup (nodes, from->parent);
      VmcxKey *copy = i == 0 && !source->parent ? parent : copy_one (tree, below, from, error);

      if (!copy)
        return NULL;
      if (i == 0)
        top = copy;
      if (from->type == VMCX_TYPE_NODE)
        g_hash_table_insert (nodes, (gpointer)from, copy);
    }
  return top;
}
