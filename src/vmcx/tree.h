/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tree.h: a tree of keys in memory, to be written. */
#ifndef VMCX_TREE_H
#define VMCX_TREE_H

#include "arena.h"
#include "key.h"

typedef struct
{
  VmcxKey key;    /* first: a VmcxKey of a tree is one of these */
  uint32_t table; /* index of the key table that it is written to; 0 for the root */
} VmcxTreeKey;

struct VmcxTree
{
  VmcxTreeKey root;
  VmcxArena arena; /* keys, names, strings */
  GPtrArray *kept; /* GBytes whose memory arrays point into */
};

static inline uint32_t
vmcx_tree_key_table (const VmcxKey *key)
{
  return ((const VmcxTreeKey *)key)->table;
}

#endif
