/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qsd.h: the one entry of module cairn-qsd.so: edits bitmaps of images that no VM has open, through
 * qemu-storage-daemon (QSD).
 *
 * The caller holds QEMU's lock on every image (tracker/offline/claim.h) through the very descriptor
 * that it hands over. QSD inherits the descriptors and opens the images through them with locking
 * off, so the lock lasts from before the first look until QSD and the caller have both let go,
 * whichever of them dies first, and no path is resolved twice.
 */
#ifndef CAIRN_QSD_H
#define CAIRN_QSD_H

#include <glib.h>
#include <stdint.h>

#include <cairn/error.h>

#define CAIRN_QSD_MODULE "qsd"
#define CAIRN_QSD_ENTRY  "cairn_qsd_edit"

/* How long a QSD that was told to end may take: closing an image stores its bitmaps, 2 MiB per TiB
 * and bitmap at 64 KiB granularity, and a slow disk writes 20 MiB/s. */
#define CAIRN_QSD_END_MS 10000

/* The longest wait for one answer when the caller's deadline is further away: opening a 64 TiB
 * image with a hundred bitmaps reads 12 GiB at worst. */
#define CAIRN_QSD_ANSWER_MS 60000

typedef enum
{
  CAIRN_QSD_ADD,
  CAIRN_QSD_REMOVE,
} CairnQsdAction;

typedef struct
{
  int fd;           /* open read-write, holds the lock; stays the caller's */
  const char *path; /* for messages */
  gboolean is_block_device;
  gboolean has_data_file; /* guest data lie in a file of their own, which isn't opened */
  GBytes *key;            /* passphrase of a LUKS-encrypted image, borrowed; NULL: it isn't */
  uint64_t virtual_size_bytes;
  size_t header_bytes; /* the first cluster's size */
} CairnQsdImage;

/* What a bitmap that is added begins with: all that two others have, of which the catcher goes in
 * the same transaction. Borrowed. */
typedef struct
{
  int scratch_fd;             /* a qcow2 image of the same virtual size, opened read-only; it stays
                                 the caller's */
  const char *scratch_bitmap; /* its persistent bitmap */
  const char *catcher;        /* a bitmap of the disk's own image */
} CairnQsdGraft;

typedef struct
{
  CairnQsdAction action;
  const char *bitmap; /* UTF-8 */
  uint64_t granularity_bytes;
  const CairnQsdGraft *graft; /* NULL, or for CAIRN_QSD_ADD on one image */
  const CairnQsdImage *images;
  size_t n_images;
  int64_t deadline; /* g_get_monotonic_time() value */
} CairnQsdEdit;

typedef struct
{
  gboolean ended; /* FALSE: QSD lives on and has the images open; nobody may touch them */
  char *words;    /* what it said on its standard error, on one line; "" = nothing; owned */
  /* One per image, owned: NULL, or when QSD lost the image's bitmaps at closing a GPtrArray of
   * GBytes: its first cluster as it was when the bitmaps were whole, likeliest first. The header
   * may point to bitmaps now whose clusters QSD has given back. */
  GPtrArray *lost_headers;
} CairnQsdOutcome;

/* Adds (and fills) or removes one persistent bitmap on all images in one transaction of a QSD that
 * lives for this call only. TRUE: QSD did as told and ended with status 0; whether the bitmaps
 * reached the file is still for the caller to look at, since QSD says "Lost persistent bitmaps" on
 * its standard error alone. After a failure any image may have any state. OUTCOME is set in any
 * case; the caller frees its members. Errors: SYSTEM_NOT_AVAILABLE (QSD isn't installed or doesn't
 * start), TIMEOUT, INVALID_STATE (it can't open a damaged image), FAILED. QSD gets a SIGTERM, on
 * which it closes its images whole, when the calling thread ends: call from a thread that outlives
 * the call. */
typedef gboolean (*CairnQsdEditFunc) (const CairnQsdEdit *edit, CairnQsdOutcome *outcome,
                                      GError **error);

CAIRN_API gboolean cairn_qsd_edit (const CairnQsdEdit *edit, CairnQsdOutcome *outcome,
                                   GError **error);

#endif
