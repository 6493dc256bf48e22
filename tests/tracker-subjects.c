/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plain images, and libvirt's domains running and shut off. */
#include "tracker-subjects.h"

#include "offline-fixture.h"
#include "refpoint/module.h"
#include "tracker/libvirt/libvirt.h"
#include "tracker/offline/offline.h"

/* ---- plain images ---- */

static void
set_up_images (Stage *stage)
{
  stage->disks = make_disks (stage->one, stage->two, NULL);
  stage->vm = cairn_vm_new ("00000000-0000-4000-8000-000000000001", "contract");
  for (guint i = 0; i < stage->disks->len; i++)
    g_ptr_array_add (stage->vm->disks, cairn_disk_copy (stage->disks->pdata[i]));
}

static void
tear_down_images (Stage *stage)
{
}

static void
write_image (const Stage *stage, guint disk, uint64_t offset_bytes, uint64_t length_bytes)
{
  g_free (shell ("qemu-io -c 'write %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "' '%s'",
                 offset_bytes, length_bytes, disk == 0 ? stage->one : stage->two));
}

static void
remove_image (const Stage *stage, guint disk)
{
  g_free (shell ("rm '%s'", disk == 0 ? stage->one : stage->two));
}

/* ---- libvirt's domains ---- */

#define DISK_XML                                                                                   \
  "<disk type=\"file\" device=\"disk\"><driver name=\"qemu\" type=\"qcow2\"/>"                     \
  "<source file=\"%s\"/><target dev=\"%s\" bus=\"scsi\"/></disk>"

static const char *
libvirt_uri (void)
{
  return g_getenv ("CAIRN_CONTRACT_LIBVIRT");
}

static CairnTracker *
open_libvirt (void)
{
  g_autoptr (GError) error = NULL;
  CairnLibvirtNewFunc entry = (CairnLibvirtNewFunc)cairn_module_symbol (
      CAIRN_LIBVIRT_MODULE, CAIRN_LIBVIRT_ENTRY, &error);
  CairnTracker *tracker;

  g_assert_no_error (error);
  tracker = entry (libvirt_uri (), cairn_offline_tracker_new (), &error);
  g_assert_no_error (error);
  return tracker;
}

static void
virsh (const char *arguments)
{
  g_free (shell ("virsh -q -c '%s' %s", libvirt_uri (), arguments));
}

static void
set_up_domain (Stage *stage)
{
  g_autoptr (GError) error = NULL;

  g_free (shell ("printf '%%s' '<domain type=\"qemu\"><name>contract</name>"
                 "<memory unit=\"MiB\">16</memory><os><type arch=\"x86_64\">hvm</type></os>"
                 "<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>"
                 "<controller type=\"scsi\" model=\"virtio-scsi\"/>" DISK_XML DISK_XML
                 "<memballoon model=\"none\"/></devices></domain>' > '%s/domain.xml'",
                 stage->one, "sda", stage->two, "sdb", stage->dir));
  g_free (shell ("virsh -q -c '%s' define '%s/domain.xml'", libvirt_uri (), stage->dir));
  stage->vm = stage->tracker->ops->find_vm (stage->tracker, "contract", &error);
  g_assert_no_error (error);
  stage->guid = g_strdup (stage->vm->guid);
  stage->disks = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_disk_free);
  for (guint i = 0; i < stage->vm->disks->len; i++)
    g_ptr_array_add (stage->disks, cairn_disk_copy (stage->vm->disks->pdata[i]));
}

static void
undefine_domain (Stage *stage)
{
  virsh ("undefine contract --checkpoints-metadata");
}

/* Paused, its processor doesn't run, but all else does. */
static void
set_up_running (Stage *stage)
{
  set_up_domain (stage);
  virsh ("start contract --paused");
}

static void
tear_down_running (Stage *stage)
{
  virsh ("destroy contract");
  undefine_domain (stage);
}

/* As the guest's writes go. */
static void
write_running (const Stage *stage, guint disk, uint64_t offset_bytes, uint64_t length_bytes)
{
  g_autofree char *said
      = shell ("virsh -q -c '%s' qemu-monitor-command contract --hmp "
               "'qemu-io -d scsi0-0-0-%u \"write %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "\"'",
               libvirt_uri (), disk, offset_bytes, length_bytes);

  g_assert_cmpstr (g_strstrip (said), ==, "");
}

static void
detach_running (const Stage *stage, guint disk)
{
  virsh (disk == 0 ? "detach-disk contract sda" : "detach-disk contract sdb");
}

/* ---- all of them ---- */

static const Subject subjects[] = {
  { .name = "offline",
    .open = cairn_offline_tracker_new,
    .set_up = set_up_images,
    .tear_down = tear_down_images,
    .write = write_image,
    .take_away = remove_image },
  { .name = "libvirt-off",
    .open = open_libvirt,
    .set_up = set_up_domain,
    .tear_down = undefine_domain,
    .write = write_image,
    .take_away = remove_image },
  { .name = "libvirt-running",
    .open = open_libvirt,
    .set_up = set_up_running,
    .tear_down = tear_down_running,
    .write = write_running,
    .take_away = detach_running,
    .is_exclusive = TRUE,
    .writes_on = TRUE },
};

guint
subjects_count (void)
{
  return libvirt_uri () ? G_N_ELEMENTS (subjects) - 1 : 1;
}

const Subject *
subjects_at (guint index)
{
  return &subjects[libvirt_uri () ? index + 1 : index];
}
