/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* offline-fixture.h: real images for tests of the offline tracker. */
#ifndef OFFLINE_FIXTURE_H
#define OFFLINE_FIXTURE_H

#include <glib.h>

#include <cairn/vm.h>

/* A new empty directory; remove_dir deletes it with all that is in it and frees its name. */
char *make_dir (void);
void remove_dir (char *dir);

/* Runs a shell command, which must succeed; its standard output, to be freed. */
char *shell (const char *format, ...) G_GNUC_PRINTF (1, 2);

/* A new qcow2 image DIR/NAME of 64 MiB with two bitmaps, "OLD" with three dirty clusters and
 * "FOREIGN", disabled; its path, to be freed. */
char *make_image (const char *dir, const char *name);

/* A list of disks (of CairnDisk) of these image paths, ending with NULL; targets vda, vdb, ... */
GPtrArray *make_disks (const char *path, ...) G_GNUC_NULL_TERMINATED;

/* Every bitmap as qemu-img shows it, "NAME FLAGS GRANULARITY; ..." sorted by name; to be freed. */
char *list_bitmaps (const char *path);
gboolean has_bitmap (const char *path, const char *name);

/* SHA-256 of the content and the modification time: the same string means untouched. */
char *fingerprint (const char *path);

/* A paused QEMU (qemu-system-x86_64, else qemu-storage-daemon) that has the image open; stop_qemu
 * ends it. */
GPid start_qemu (const char *path);
void stop_qemu (GPid pid);

#endif
