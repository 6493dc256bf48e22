/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* place.c: where everything of a fresh container goes: headers, root object table, key tables, file
 * objects, further object tables, log. */
#include "place.h"

#include "error.h"

#define REMEDY_VALUE "change the key or leave it out"

static uint64_t
round_up (uint64_t bytes, uint64_t unit)
{
  return (bytes + unit - 1) / unit * unit;
}

size_t
vmcx_plan_used_bytes (const VmcxKey *key)
{
  size_t before = VMCX_ENTRY_BYTES + strlen (key->name) + 1;

  if (key->flags & VMCX_KEY_FLAG_FILE_OBJECT)
    return before + VMCX_OBJECT_VALUE_BYTES;
  switch (key->type)
    {
    case VMCX_TYPE_STRING:
    case VMCX_TYPE_ARRAY:
      return before + 4 + key->length;
    case VMCX_TYPE_BOOL:
      return before + 4;
    case VMCX_TYPE_NODE:
      return before + VMCX_NODE_VALUE_BYTES;
    default:
      return before + 8;
    }
}

uint64_t
vmcx_plan_object_bytes (const VmcxPlan *plan, const VmcxKey *key)
{
  return round_up (key->length, plan->alignment);
}

static gboolean
refuse_key (const char *name, const VmcxKey *key, const char *cause, GError **error)
{
  g_autofree char *quoted = vmcx_quote (key->name);

  return vmcx_refuse_plain (error, VMCX_ERROR_ARGUMENT, name, REMEDY_VALUE, "the key '%s' %s",
                            quoted, cause);
}

static gboolean
check_key (const char *name, const VmcxKey *key, GError **error)
{
  size_t length = strlen (key->name);

  if (length == 0)
    return refuse_key (name, key, "has an empty name", error);
  if (length > VMCX_NAME_BYTES_MAX)
    return refuse_key (name, key, "has a name of more than 254 bytes", error);
  if (strchr (key->name, '/'))
    return refuse_key (name, key, "has a '/' in its name", error);
  if (!g_utf8_validate (key->name, (gssize)length, NULL))
    return refuse_key (name, key, "has a name that isn't UTF-8", error);
  if (key->state & VMCX_KEY_BAD_TEXT)
    return refuse_key (name, key, "has a string that isn't UTF-8", error);
  if (key->state & VMCX_KEY_TOO_LONG)
    return refuse_key (name, key, "has a value of 4 GiB or more", error);
  return TRUE;
}

static gboolean
check_options (VmcxPlan *plan, const VmcxWriteOptions *options, const char *name, GError **error)
{
  plan->alignment = options && options->alignment ? options->alignment : VMCX_ALIGNMENT_MIN;
  plan->key_table_bytes
      = options && options->key_table_bytes ? options->key_table_bytes : plan->alignment;
  plan->data_version = options ? options->data_version : 0;

  if (plan->alignment < VMCX_ALIGNMENT_MIN || plan->alignment > VMCX_ALIGNMENT_MAX
      || (plan->alignment & (plan->alignment - 1)) != 0)
    return vmcx_refuse_plain (error, VMCX_ERROR_ARGUMENT, name, "choose one of those",
                              "the alignment 0x%x isn't a power of two from 0x%x to 0x%x",
                              plan->alignment, VMCX_ALIGNMENT_MIN, VMCX_ALIGNMENT_MAX);
  if (plan->key_table_bytes % plan->alignment != 0)
    return vmcx_refuse_plain (error, VMCX_ERROR_ARGUMENT, name, "choose a multiple of it",
                              "the key table size 0x%x isn't a multiple of the alignment 0x%x",
                              plan->key_table_bytes, plan->alignment);
  return TRUE;
}

/* Parents first; a key that doesn't fit the rest of a table opens the next one. Values below
 * VMCX_OBJECT_THRESHOLD are inline, so every entry fits the smallest table. */
static gboolean
place_keys (VmcxPlan *plan, VmcxTree *tree, const char *name, GError **error)
{
  uint32_t position = plan->key_table_bytes; /* full: the first key opens table 1 */

  for (VmcxKey *key = vmcx_key_walk (&tree->root.key, &tree->root.key); key;
       key = vmcx_key_walk (&tree->root.key, key))
    {
      uint32_t size;

      if (!check_key (name, key, error))
        return FALSE;
      size = (uint32_t)vmcx_plan_used_bytes (key)
             + (key->type == VMCX_TYPE_NODE ? 0 : VMCX_VALUE_SLACK_BYTES);
      if (size > plan->key_table_bytes - position)
        {
          if (plan->n_key_tables == VMCX_KEY_TABLES_MAX)
            return vmcx_refuse_plain (error, VMCX_ERROR_ARGUMENT, name, "choose larger key tables",
                                      "the tree needs more than %u key tables of 0x%x bytes",
                                      VMCX_KEY_TABLES_MAX, plan->key_table_bytes);
          plan->n_key_tables++;
          position = VMCX_KEY_TABLE_HEADER_BYTES;
        }
      ((VmcxTreeKey *)key)->table = plan->n_key_tables;
      key->offset = position;
      position += size;
      if (key->flags & VMCX_KEY_FLAG_FILE_OBJECT)
        g_array_append_val (plan->objects, key);
    }
  return TRUE;
}

static void
place_regions (VmcxPlan *plan)
{
  uint64_t n_objects = plan->n_key_tables + (uint64_t)plan->objects->len;
  uint64_t at = round_up (VMCX_ROOT_TABLE_OFFSET + plan->alignment, plan->alignment);
  uint64_t n_key_bytes = plan->n_key_tables * (uint64_t)plan->key_table_bytes;

  plan->key_tables_offset = at;
  at += n_key_bytes;

  plan->file_objects_offset = at;
  for (guint i = 0; i < plan->objects->len; i++)
    at += vmcx_plan_object_bytes (plan, g_array_index (plan->objects, VmcxKey *, i));

  plan->slots_per_table
      = (plan->alignment - VMCX_OBJECT_TABLE_HEADER_BYTES) / VMCX_OBJECT_ENTRY_BYTES;
  plan->n_object_tables
      = MAX (1, (n_objects + plan->slots_per_table - 2) / (plan->slots_per_table - 1));
  plan->object_tables_offset = at;
  at += (plan->n_object_tables - 1) * plan->alignment;

  /* Its header area, and room for the root table and every key table at once. */
  plan->log_offset = at;
  plan->log_size = 2 * (uint64_t)plan->alignment + n_key_bytes;
}

gboolean
vmcx_plan_init (VmcxPlan *plan, VmcxTree *tree, const VmcxWriteOptions *options, const char *name,
                GError **error)
{
  *plan = (VmcxPlan){ .objects = g_array_new (FALSE, FALSE, sizeof (VmcxKey *)) };
  if (!check_options (plan, options, name, error) || !place_keys (plan, tree, name, error))
    return FALSE;
  place_regions (plan);
  return TRUE;
}

void
vmcx_plan_clear (VmcxPlan *plan)
{
  g_clear_pointer (&plan->objects, g_array_unref);
}
