/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backing.h: the bitmaps in the images below an image. */
#ifndef CAIRN_OFFLINE_BACKING_H
#define CAIRN_OFFLINE_BACKING_H

#include "tracker/offline/directory.h"

/* One layer below: char *path and its directory. */
typedef struct
{
  char *path;
  CairnDirectory *directory;
} CairnBackingLayer;

/* The layers below the image at PATH that are readable qcow2 files, topmost first; the walk ends
 * at the first that isn't one, or isn't named by a plain path. The caller unrefs. */
GPtrArray *cairn_backing_layers (const char *path, const CairnQcow2 *image);

/* The path of the topmost layer that has the bitmap, or NULL; borrowed. */
const char *cairn_backing_find (const GPtrArray *layers, const char *bitmap);

#endif
