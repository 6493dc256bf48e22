/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* key.h: one key of a file or of a tree being built; a file may hold millions, so it is 64 bytes.
 */
#ifndef VMCX_KEY_H
#define VMCX_KEY_H

#include "vmcx.h"

typedef enum
{
  VMCX_KEY_UNSORTED = 0x01,  /* reading: its children are known to be out of order */
  VMCX_KEY_IN_MEMORY = 0x02, /* a value of a tree: value.bytes, even with FLAG_FILE_OBJECT */
  VMCX_KEY_TOO_LONG = 0x04,  /* building: the value can't be written; length is 0 */
  VMCX_KEY_BAD_TEXT = 0x08,  /* building: the string wasn't UTF-8; length is 0 */
  VMCX_KEY_REACHED = 0x20,   /* reading: the walk from the root met it */
  VMCX_KEY_OF_TREE = 0x10,   /* the key belongs to a VmcxTree, not to a VmcxFile */
} VmcxKeyState;

struct VmcxKey
{
  union
  {
    VmcxKey *parent;
    uint64_t parent_place; /* until all tables are read: table index << 32 | offset in it */
  };
  VmcxKey *first_child;
  VmcxKey *next;
  const char *name; /* in the table's bytes, or in the tree's arena */
  union
  {
    int64_t number;         /* int, bool */
    uint64_t bits;          /* uint, double */
    const uint8_t *bytes;   /* string, array */
    uint64_t object_offset; /* string, array in a file object */
    VmcxKey *last_child;    /* nodes of a tree being built */
  } value;
  union
  {
    struct VmcxTable *table; /* of a file's key, but not of its root */
    VmcxTree *tree;          /* of a tree's key */
  } owner;
  uint32_t length;   /* string, array: bytes; node: next insertion sequence */
  uint32_t sequence; /* insertion sequence */
  uint32_t offset;   /* of the entry in its table */
  uint8_t type;      /* VmcxType */
  uint8_t flags;     /* VMCX_KEY_FLAG_* */
  uint8_t state;     /* VmcxKeyState */
};

#define VMCX_PLACE(table, offset) ((uint64_t)(table) << 32 | (offset))

/* The key after KEY in depth-first order (parents first) within the tree below ROOT, or NULL. Never
 * recurses: trees from outside may be as deep as they have keys. */
VmcxKey *vmcx_key_walk (const VmcxKey *root, const VmcxKey *key);

/* The stored bytes of a string or array: borrowed from memory, or read into *OWNED, which the
 * caller frees. Errors: as vmcx_key_dup_array. */
const uint8_t *vmcx_key_fetch (const VmcxKey *key, uint8_t **owned, GError **error);

static inline gboolean
vmcx_key_has_bytes (const VmcxKey *key)
{
  return key->type == VMCX_TYPE_STRING || key->type == VMCX_TYPE_ARRAY;
}

#endif
