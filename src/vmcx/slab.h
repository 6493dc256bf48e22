/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* slab.h: memory for a file's tables and keys, freed together.
 *
 * A file with few bytes of tables gets each block from malloc, so that a sanitizer sees where it
 * ends. One with many gets them from large pieces on huge pages: half of the time to read 256 MiB
 * of keys was page faults. */
#ifndef VMCX_SLAB_H
#define VMCX_SLAB_H

#include <glib.h>

typedef struct
{
  GPtrArray *blocks; /* all that is to be freed */
  gboolean is_large;
  char *free; /* within the last piece */
  size_t left;
} VmcxSlab;

/* EXPECTED_BYTES: about how much will be taken. */
void vmcx_slab_init (VmcxSlab *slab, size_t expected_bytes);
void vmcx_slab_clear (VmcxSlab *slab); /* also of one that is all zeros */

/* SIZE bytes, not zeroed, aligned for any type; NULL when there is no memory. Size 0 is fine. */
void *vmcx_slab_take (VmcxSlab *slab, size_t size);

#endif
