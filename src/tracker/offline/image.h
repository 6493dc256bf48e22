/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* image.h: an image file opened for a look, and whether it held still meanwhile. */
#ifndef CAIRN_OFFLINE_IMAGE_H
#define CAIRN_OFFLINE_IMAGE_H

#include <sys/stat.h>

#include "refpoint/judgement.h"
#include "tracker/offline/qcow2.h"

typedef struct
{
  char *path;
  int fd; /* -1 when it couldn't be opened */
  struct stat status;
  const char *format; /* static; "" when it couldn't be read */
  uint64_t virtual_size_bytes;
  CairnVerdict verdict; /* TRACKED: a qcow2 image that can keep bitmaps, and nobody writes to it */
  char *reason;         /* "" when tracked; owned */
  CairnQcow2 *qcow2;    /* its header; NULL when the verdict says why, or when... */
  char *unknown;        /* ...the native reader doesn't know it, and what exactly; owned */
} CairnImage;

/* Opens PATH and tells what it is. Never NULL. */
CairnImage *cairn_image_open (const char *path);
void cairn_image_free (CairnImage *image);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnImage, cairn_image_free)

typedef enum
{
  CAIRN_IMAGE_SETTLED, /* nobody wrote to the image since it was opened */
  CAIRN_IMAGE_CHANGED, /* somebody did, and is done: look again */
  CAIRN_IMAGE_BUSY,    /* somebody has it open for writing */
} CairnImageState;

CairnImageState cairn_image_state (const CairnImage *image);

/* Opens PATH for reading; a regular file or a block device only. Returns the descriptor, or -1 with
 * FILE_NOT_FOUND, ACCESS_DENIED or FAILED. */
int cairn_image_open_file (const char *path, uint64_t *file_bytes, GError **error);

#define CAIRN_BUSY_REASON                                                                          \
  "image '%s' is open for writing in another program; shut the VM down, or try again when that "   \
  "program is done"
/* Why no bitmap is added to an encrypted image, or removed. */
#define CAIRN_NO_KEY                                                                               \
  "is encrypted and QEMU doesn't open it without its key, which isn't known here; let libvirt "    \
  "have it as the disk's secret, not a private one, and connect to libvirt, or do this while the " \
  "VM runs"
#define CAIRN_OLD_ENCRYPTION                                                                       \
  "is encrypted as QEMU did before LUKS, which no VM can use any more; convert it with 'qemu-img " \
  "convert -O qcow2 -o encrypt.format=luks'"
/* How often to look at an image that changes under the look before it is called busy. */
#define CAIRN_LOOKS 5

#endif
