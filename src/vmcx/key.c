/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* key.c: moving about in a tree of keys. */
#include "key.h"

#include <string.h>

const char *
vmcx_key_name (const VmcxKey *key)
{
  return key->name;
}

VmcxType
vmcx_key_type (const VmcxKey *key)
{
  return key->type;
}

uint32_t
vmcx_key_sequence (const VmcxKey *key)
{
  return key->sequence;
}

uint32_t
vmcx_key_next_sequence (const VmcxKey *key)
{
  return key->type == VMCX_TYPE_NODE ? key->length : 0;
}

unsigned
vmcx_key_flags (const VmcxKey *key)
{
  return key->flags;
}

const VmcxKey *
vmcx_key_parent (const VmcxKey *key)
{
  return key->parent;
}

const VmcxKey *
vmcx_key_first_child (const VmcxKey *key)
{
  return key->first_child;
}

const VmcxKey *
vmcx_key_next (const VmcxKey *key)
{
  return key->next;
}

VmcxKey *
vmcx_key_walk (const VmcxKey *root, const VmcxKey *key)
{
  if (key->first_child)
    return key->first_child;
  while (key != root && !key->next)
    key = key->parent;
  return key == root ? NULL : key->next;
}

/* The N-th child (from 1) whose name is LENGTH bytes of NAME. */
static const VmcxKey *
nth_child (const VmcxKey *parent, const char *name, size_t length, guint64 n)
{
  for (const VmcxKey *child = parent->first_child; child; child = child->next)
    if (strncmp (child->name, name, length) == 0 && child->name[length] == '\0' && --n == 0)
      return child;
  return NULL;
}

/* Splits "name[n]"; LENGTH becomes the name's alone. 0 when there is no "[n]". */
static guint64
part_number (const char *part, size_t *length)
{
  const char *digits = part + *length;
  guint64 n;

  if (*length < 4 || digits[-1] != ']')
    return 0;
  for (digits--; digits > part && g_ascii_isdigit (digits[-1]);)
    digits--;
  if (digits <= part + 1 || digits[-1] != '[' || digits[0] == ']')
    return 0;
  n = g_ascii_strtoull (digits, NULL, 10);
  if (n > 0)
    *length = (size_t)(digits - 1 - part);
  return n;
}

static const VmcxKey *
lookup_part (const VmcxKey *parent, const char *part, size_t length)
{
  size_t name_length = length;
  guint64 n = part_number (part, &name_length);
  const VmcxKey *found = n > 0 ? nth_child (parent, part, name_length, n) : NULL;

  return found ? found : nth_child (parent, part, length, 1);
}

const VmcxKey *
vmcx_key_lookup (const VmcxKey *key, const char *path)
{
  while (key && path)
    {
      size_t length = strcspn (path, "/");

      key = lookup_part (key, path, length);
      path += length;
      if (*path == '\0')
        return key;
      path++;
    }
  return NULL;
}
