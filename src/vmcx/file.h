/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* file.h: an opened container, and the steps of opening one, in their order. */
#ifndef VMCX_FILE_H
#define VMCX_FILE_H

#include "key.h"
#include "layout.h"
#include "slab.h"
#include "source.h"

/* A used slot of an object table. */
typedef struct
{
  uint64_t offset;       /* of the object */
  uint64_t entry_offset; /* of the slot, for messages */
  uint32_t size;
  uint8_t type;      /* VmcxObjectType */
  gboolean is_taken; /* a key's value lies in it */
} VmcxObject;

typedef struct VmcxTable
{
  VmcxFile *file;
  uint64_t offset;
  uint32_t size;
  uint32_t n_keys;
  uint8_t *bytes; /* the keys' names and small values point into it */
  VmcxKey *keys;  /* ascending by offset */
  uint16_t index;
  uint16_t sequence;
  gboolean is_stale; /* an older table of the same index: verified, not shown */
} VmcxTable;

struct VmcxFile
{
  VmcxKey root;
  VmcxSource source;
  VmcxHeader header;
  uint64_t header_offset; /* of the copy that counts */
  uint32_t n_pending;

  VmcxObject *objects; /* ascending by offset once all are read */
  size_t n_objects, n_objects_allocated;

  VmcxTable *tables; /* in object table order */
  size_t n_tables;
  VmcxSlab memory; /* the tables' bytes and keys */
  size_t n_keys;   /* of tables that aren't stale */
};

/* header.c: picks and checks the file header. */
gboolean vmcx_file_read_header (VmcxFile *file, GError **error);

/* log.c: checks the log header and verifies a pending log as a whole; only then it is shown. */
gboolean vmcx_file_read_log (VmcxFile *file, GError **error);

/* objects.c: follows the chain of object tables; no two objects overlap afterwards. */
gboolean vmcx_file_read_objects (VmcxFile *file, GError **error);

/* The file object at OFFSET, or NULL. */
VmcxObject *vmcx_file_find_object (const VmcxFile *file, uint64_t offset);

/* tables.c: reads every key table; stale ones of a repeated index are marked. */
gboolean vmcx_file_read_tables (VmcxFile *file, GError **error);

/* entries.c: turns one table's bytes into keys that name their parents by place. */
gboolean vmcx_file_read_entries (VmcxFile *file, VmcxTable *table, GError **error);

/* family.c: resolves parents, orders siblings, refuses cycles. */
gboolean vmcx_file_join_keys (VmcxFile *file, GError **error);

/* Bytes from the start of the file to KEY's entry. */
uint64_t vmcx_key_file_offset (const VmcxKey *key);

/* Refuses a string or array longer than the limit. */
gboolean vmcx_file_check_value_length (const VmcxFile *file, const VmcxKey *key, GError **error);

/* Reads LENGTH bytes of KEY's file object, from its byte FROM on. */
gboolean vmcx_file_read_object (const VmcxFile *file, const VmcxKey *key, uint32_t from,
                                void *target, size_t length, GError **error);

#endif
