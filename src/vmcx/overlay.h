/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* overlay.h: byte ranges that lie over a file, later ones over earlier ones. */
#ifndef VMCX_OVERLAY_H
#define VMCX_OVERLAY_H

#include <glib.h>
#include <stdint.h>

/* LENGTH bytes that belong at file offset TARGET. TARGET + LENGTH must not overflow. */
typedef struct
{
  uint64_t target;
  uint32_t length;
  const uint8_t *bytes;
} VmcxPatch;

typedef struct VmcxOverlay VmcxOverlay;

/* Where patches overlap, the later one of the array shows. Takes over STORAGE, which the patches'
 * bytes point into, on success. N * log N. NULL when memory is out. */
VmcxOverlay *vmcx_overlay_new (const VmcxPatch *patches, size_t n_patches, uint8_t *storage);
void vmcx_overlay_free (VmcxOverlay *overlay);

/* Lays the patches over LENGTH bytes that were read at OFFSET. */
void vmcx_overlay_apply (const VmcxOverlay *overlay, uint64_t offset, uint8_t *bytes,
                         size_t length);

/* Calls FUNC for each disjoint run of patched bytes in ascending order until it returns FALSE. */
typedef gboolean (*VmcxOverlayFunc) (uint64_t offset, const uint8_t *bytes, size_t length,
                                     gpointer closure);
gboolean vmcx_overlay_foreach (const VmcxOverlay *overlay, VmcxOverlayFunc func, gpointer closure);

#endif
