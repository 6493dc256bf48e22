/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* secret.h: the passphrases of encrypted disks, which libvirt keeps. */
#ifndef CAIRN_LIBVIRT_SECRET_H
#define CAIRN_LIBVIRT_SECRET_H

#include "tracker/libvirt/connection.h"
#include "tracker/libvirt/disk.h"

/* The passphrase of DISK, which has a secret; NULL when libvirt doesn't have it or keeps it
 * private.
 */
GBytes *cairn_libvirt_secret_read (CairnLibvirt *libvirt, const CairnLibvirtDisk *disk);

#endif
