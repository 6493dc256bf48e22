/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gate.h: one at a time among all processes of ours: what may not overlap on one domain.
 *
 * QEMU 7.2 ends itself (an assertion in qcow2_get_specific_info) when query-named-block-nodes meets
 * a qcow2 image that blockdev-create is making; libvirt 9.0 asks the one in making, checking and
 * removing checkpoints, and does the other at the beginning of a backup, and doesn't keep them
 * apart. Seen within 25 s of `virsh checkpoint-create-as` and `checkpoint-delete` beside `virsh
 * backup-begin`: the VM is gone; and libvirtd ended by a fault in between. So the beginning and the
 * end of our backup jobs, our checkpoints and our questions of that kind wait for one another here,
 * and for another program's backup job to have begun.
 *
 * The lock is a file below the runtime directory; it goes with the process. One that this process
 * holds already is entered again freely. The file stays: removing it would need a lock of its own.
 */
#ifndef CAIRN_LIBVIRT_GATE_H
#define CAIRN_LIBVIRT_GATE_H

#include "tracker/libvirt/look.h"

/* How long others of ours are waited for: each holds the gate for some 100 ms. */
#define CAIRN_LIBVIRT_GATE_WAIT_MS 10000

/* SYSTEM_IN_USE, ACCESS_DENIED, FAILED. Each entering is to be left. */
gboolean cairn_libvirt_gate_enter (CairnLibvirtLook *look, GError **error);

/* As above, without waiting for another program's job: to end one of ours. */
gboolean cairn_libvirt_gate_enter_to_end (CairnLibvirt *libvirt, const char *vm_guid,
                                          GError **error);

void cairn_libvirt_gate_leave (CairnLibvirt *libvirt);

/* Whether the domain has a job, or begins one, in which libvirt makes images. */
gboolean cairn_libvirt_has_backup_job (virDomainPtr domain);

#endif
