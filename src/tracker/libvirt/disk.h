/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* disk.h: the disks of a domain, as its XML describes them.
 *
 * Source: libvirt's domain XML, "Hard drives, floppy disks, CDROMs"; attribute `index` of a running
 * domain's sources gives the name of QEMU's node: libvirt-INDEX-format.
 */
#ifndef CAIRN_LIBVIRT_DISK_H
#define CAIRN_LIBVIRT_DISK_H

#include <glib.h>
#include <libxml/tree.h>
#include <stdint.h>

/* A bitmap that a running QEMU has on one layer of a disk. */
typedef struct
{
  char *name;
  uint64_t dirty_bytes;
  uint64_t granularity_bytes;
  gboolean is_recording;
  gboolean is_persistent;
  gboolean is_inconsistent; /* in use since a crash */
  gboolean is_busy;         /* a job of QEMU works with it */
  gboolean is_uncounted;    /* dirty_bytes isn't known */
} CairnLibvirtBitmap;

/* One image of a disk's chain. */
typedef struct
{
  char *path;   /* "" when it isn't a local one */
  char *format; /* "" when the XML doesn't say */
  char *node;   /* QEMU's name of it; NULL while the domain is shut off */
  /* From QEMU: */
  gboolean is_old; /* qcow2 version 2 */
  uint64_t virtual_size_bytes;
  GHashTable *bitmaps; /* name -> CairnLibvirtBitmap */
} CairnLibvirtLayer;

typedef struct
{
  char *target;
  char *device; /* "disk", "cdrom", "floppy", "lun" */
  char *where;  /* what the source is, for messages: a path, or "rbd:pool/image"; "" = no medium */
  char *secret; /* UUID or usage of the secret that opens it; NULL = not encrypted */
  gboolean secret_is_usage;
  gboolean is_local; /* an image file or block device of this host */
  gboolean is_readonly;
  gboolean is_mirrored; /* a block copy or commit is under way */
  GPtrArray *layers;    /* of CairnLibvirtLayer, the active one first; at least one */
} CairnLibvirtDisk;

void cairn_libvirt_disk_free (CairnLibvirtDisk *disk);

/* What one domain's XML says. */
typedef struct
{
  char *name;
  char *uuid;         /* as libvirt writes it */
  char *dac_label;    /* "+UID:+GID" that QEMU runs as; NULL = not said */
  gboolean has_agent; /* a guest agent is connected */
  GPtrArray *disks;   /* of CairnLibvirtDisk */
} CairnLibvirtDescription;

/* Reads a domain's XML; FAILED when it isn't one. */
CairnLibvirtDescription *cairn_libvirt_description_read (const char *xml, GError **error);

/* The same of a domain's root element (node.h). */
CairnLibvirtDescription *cairn_libvirt_description_of (xmlNode *root);
void cairn_libvirt_description_free (CairnLibvirtDescription *description);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnLibvirtDescription, cairn_libvirt_description_free)

#endif
