/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* beside.h: a file that is written beside its place and appears there whole or not at all. */
#ifndef VMCX_BESIDE_H
#define VMCX_BESIDE_H

#include "vmcx.h"

typedef struct
{
  int fd;          /* of the new file, for writing; owned */
  int directory;   /* where it will be; owned */
  char *path;      /* as given; owned */
  char *name;      /* its last part; owned */
  char *temporary; /* ".NAME.XXXXXX.tmp" in the directory; NULL once it is gone; owned */
} VmcxBeside;

typedef enum
{
  VMCX_BESIDE_REPLACE, /* a file that is there goes */
  VMCX_BESIDE_NEW,     /* a file that is there is an error */
} VmcxBesideMode;

/* Creates the new file with the mode of the one at PATH, or the umask's. Errors: VMCX_ERROR_IO. */
gboolean vmcx_beside_open (VmcxBeside *beside, const char *path, GError **error);

/* fsync, rename, fsync of the directory. After an error PATH is as it was; only when the
 * directory's fsync fails after an old file was replaced, the new one stays. Errors: VMCX_ERROR_IO.
 */
gboolean vmcx_beside_commit (VmcxBeside *beside, VmcxBesideMode mode, GError **error);

/* Removes the new file if it wasn't committed. A zeroed one is fine. */
void vmcx_beside_clear (VmcxBeside *beside);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VmcxBeside, vmcx_beside_clear)

#endif
