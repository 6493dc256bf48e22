/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backup-xml.h: what libvirt is told of a backup job, and where that keeps what the guest
 * overwrites meanwhile: its scratch files. */
#ifndef CAIRN_LIBVIRT_BACKUP_XML_H
#define CAIRN_LIBVIRT_BACKUP_XML_H

#include "tracker/libvirt/backup.h"
#include "tracker/libvirt/place.h"

/* The scratch file of DISK; the caller frees. Always the same for the same disk: what a dead job
 * has left there is found by its name. */
char *cairn_libvirt_scratch_path (const CairnLibvirtPlace *place, const CairnLibvirtLook *look,
                                  const CairnLibvirtDisk *disk, gboolean is_long);

/* The job's XML; the caller frees. */
char *cairn_libvirt_backup_xml (const CairnLibvirtPlace *place, const CairnLibvirtLook *look,
                                const CairnLibvirtBackupOrder *order);

#endif
