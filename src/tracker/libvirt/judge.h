/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* judge.h: verdicts about a running domain's disks, from what its QEMU says of their bitmaps. */
#ifndef CAIRN_LIBVIRT_JUDGE_H
#define CAIRN_LIBVIRT_JUDGE_H

#include "refpoint/tracker.h"
#include "tracker/libvirt/look.h"

/* What a disk is; its layers' bitmaps must have been read. */
void cairn_libvirt_probe (const CairnLibvirtLook *look, const CairnDisk *disk,
                          CairnDiskProbe *probe);

/* Judges N anchors of one disk, oldest first. With moved_to set, TRACKED holds only if the image at
 * the anchor's path agrees: changes.h. */
void cairn_libvirt_judge (const CairnLibvirtLook *look, const CairnDisk *disk,
                          const CairnAnchor *const *anchors, size_t n_anchors,
                          CairnJudgement *judgements);

#endif
