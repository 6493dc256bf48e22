/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* place.h: where everything of a fresh container goes. */
#ifndef VMCX_PLACE_H
#define VMCX_PLACE_H

#include "layout.h"
#include "tree.h"

typedef struct
{
  uint32_t alignment;
  uint32_t key_table_bytes;
  uint32_t data_version;

  uint32_t n_key_tables;
  uint64_t key_tables_offset;

  GArray *objects; /* VmcxKey *: the keys whose values are file objects, in file order */
  uint64_t file_objects_offset;

  uint32_t slots_per_table;      /* of an object table, the last slot for the link included */
  uint64_t n_object_tables;      /* the root one included */
  uint64_t object_tables_offset; /* of the second one; the others follow */

  uint64_t log_offset;
  uint64_t log_size;
} VmcxPlan;

/* Checks names, values and OPTIONS (may be NULL), gives every key of TREE its table and offset, and
 * lays out the file. NAME is for messages. Errors: VMCX_ERROR_ARGUMENT. */
gboolean vmcx_plan_init (VmcxPlan *plan, VmcxTree *tree, const VmcxWriteOptions *options,
                         const char *name, GError **error);
void vmcx_plan_clear (VmcxPlan *plan);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VmcxPlan, vmcx_plan_clear)

/* Bytes of KEY's entry that its checksum covers. */
size_t vmcx_plan_used_bytes (const VmcxKey *key);

/* Bytes of a file object in the file, whole units of the alignment. */
uint64_t vmcx_plan_object_bytes (const VmcxPlan *plan, const VmcxKey *key);

#endif
