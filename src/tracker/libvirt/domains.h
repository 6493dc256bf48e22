/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domains.h: the tracker's inside: its connection, the looks it has taken, and its VMs. */
#ifndef CAIRN_LIBVIRT_DOMAINS_H
#define CAIRN_LIBVIRT_DOMAINS_H

#include "refpoint/tracker.h"
#include "tracker/libvirt/look.h"
#include "tracker/libvirt/watch.h"

typedef struct
{
  CairnTracker tracker;
  CairnLibvirt *libvirt;    /* owned */
  CairnTracker *offline;    /* owned */
  CairnLibvirtWatch *watch; /* owned; NULL = nobody watches */
  GHashTable *looks;        /* VM GUID -> CairnLibvirtLook, owned: those of this call */
} CairnLibvirtTracker;

/* The look of this call of the service at VM; taken now when there is none. find_vm and list_vms
 * forget all earlier ones. Borrowed: valid until then, or until VM has turned. */
CairnLibvirtLook *cairn_libvirt_look_at (CairnLibvirtTracker *self, const CairnVm *vm,
                                         GError **error);

/* As above, if the VM is running by the look; NULL without an error when it is shut off or unknown
 * to libvirt: the offline tracker's. */
CairnLibvirtLook *cairn_libvirt_look_at_running (CairnLibvirtTracker *self, const CairnVm *vm,
                                                 GError **error);

/* Whether the VM started or stopped since the look; then it is looked at again, and the caller
 * should begin again. */
gboolean cairn_libvirt_has_turned (CairnLibvirtTracker *self, const CairnVm *vm);

/* Whether a bitmap that a running VM lacks may only have been looked for in the wrong place: the VM
 * changed between the two halves of the look, XML and bitmaps (a block copy was switched to, a
 * migration ended). Then it is looked at again, and the caller should begin again, once. */
gboolean cairn_libvirt_doubts (CairnLibvirtTracker *self, const CairnVm *vm,
                               const CairnAnchor *anchor, const CairnJudgement *judgement);

/* Whether a method should begin again: this was its first ATTEMPT (0), and the VM has turned, so
 * that an answer of the offline tracker may only mean that it has started. */
gboolean cairn_libvirt_should_look_again (CairnLibvirtTracker *self, const CairnVm *vm,
                                          int attempt);

/* The VM of a description, without the keys of encrypted disks. */
CairnVm *cairn_libvirt_vm_of (const CairnLibvirtDescription *description);

/* The methods of the same names. */
GPtrArray *cairn_libvirt_list_vms (CairnTracker *tracker, GError **error);
CairnVm *cairn_libvirt_find_vm (CairnTracker *tracker, const char *name_or_guid, GError **error);
gboolean cairn_libvirt_begin_change (CairnTracker *tracker, const CairnVm *vm, GError **error);

#endif
