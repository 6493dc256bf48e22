/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* claim.h: images opened read-write under QEMU's own lock (offline/locks.h), so that no VM starts
 * on them meanwhile and none that runs is disturbed.
 *
 * The lock belongs to the open file description: a qemu-storage-daemon that inherits the descriptor
 * keeps it when we die. Opening and locking change nothing, not even a time stamp. Any thread.
 */
#ifndef CAIRN_OFFLINE_CLAIM_H
#define CAIRN_OFFLINE_CLAIM_H

#include <glib.h>
#include <stdint.h>
#include <sys/types.h>

#include <cairn/vm.h>

/* How long a locked image is waited for: the qemu-storage-daemon of a Cairn that was killed stores
 * its bitmaps and lets go within milliseconds, and programs that only look hold it no longer. */
#define CAIRN_IMAGE_LOCK_MS 2000

typedef struct
{
  const CairnDisk *disk; /* borrowed */
  int fd;                /* open read-write */
  gboolean is_block_device;
  dev_t device; /* with the inode: the file's identity */
  ino_t inode;
  gboolean
      is_left; /* a qemu-storage-daemon that doesn't end has it open: the lock stays with that */
} CairnClaim;

typedef enum
{
  CAIRN_CLAIM_ALL,     /* a missing file, or one that is given twice, is an error */
  CAIRN_CLAIM_PRESENT, /* a missing file is left out, and so is a second mention of one */
} CairnClaimPolicy;

/* Claims the images of DISKS (of CairnDisk, borrowed while the claims live), all or none, waiting
 * up to CAIRN_IMAGE_LOCK_MS or until DEADLINE for locked ones. Returns an array of CairnClaim in
 * the disks' order; unref it to let go.
 * Errors: SYSTEM_IN_USE, FILE_NOT_FOUND, ACCESS_DENIED, INVALID_PARAMETER, NOT_SUPPORTED (not a
 * file or block device, or no file locks there), FAILED. */
GArray *cairn_claims_take (const GPtrArray *disks, CairnClaimPolicy policy, int64_t deadline,
                           GError **error);

#endif
