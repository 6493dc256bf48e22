/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes a backup job's XML. Source: libvirt's backup XML format. */
#include "tracker/libvirt/backup-xml.h"

#include <string.h>
#include <sys/stat.h>

/* There is no room beside a device. */
static gboolean
is_device (const char *path)
{
  struct stat status;

  return stat (path, &status) == 0 && !S_ISREG (status.st_mode);
}

/* That of an encrypted disk would be in the clear there, so it stays in the runtime directory,
 * which is memory on most systems. (libvirt can encrypt it, but QEMU takes seconds for a LUKS
 * header, and on a loaded host refuses to make one.)
 */
char *
cairn_libvirt_scratch_path (const CairnLibvirtPlace *place, const CairnLibvirtLook *look,
                            const CairnLibvirtDisk *disk, gboolean is_long)
{
  const CairnLibvirtLayer *active = disk->layers->pdata[0];
  g_autofree char *directory = NULL;

  if (!is_long || disk->secret || !disk->is_local || is_device (active->path))
    return g_strdup_printf ("%s/%s.scratch", place->directory, disk->target);
  directory = g_path_get_dirname (active->path);
  return g_strdup_printf ("%s/.cairn-%s-%s.scratch", directory, look->guid, disk->target);
}

/* The place of TARGET in ORDER; -1 when it isn't wanted. */
static int
find_target (const CairnLibvirtBackupOrder *order, const char *target)
{
  for (guint i = 0; i < order->targets->len; i++)
    if (strcmp (order->targets->pdata[i], target) == 0)
      return (int)i;
  return -1;
}

static void
append_disk (GString *xml, const CairnLibvirtPlace *place, const CairnLibvirtLook *look,
             const CairnLibvirtDisk *disk, const CairnLibvirtBackupOrder *order)
{
  g_autofree char *target = g_markup_escape_text (disk->target, -1);
  int index = find_target (order, disk->target);
  const char *bitmap = index >= 0 && order->bitmaps ? order->bitmaps[index] : NULL;
  g_autofree char *path = NULL;
  g_autofree char *scratch = NULL;

  if (index < 0)
    {
      g_string_append_printf (xml, "<disk name='%s' backup='no'/>", target);
      return;
    }
  path = cairn_libvirt_scratch_path (place, look, disk, order->is_long);
  scratch = g_markup_escape_text (path, -1);
  g_string_append_printf (xml, "<disk name='%s' backup='yes' type='file' exportname='%s'", target,
                          target);
  if (bitmap)
    g_string_append_printf (xml, " backupmode='incremental' incremental='%s' exportbitmap='%s'",
                            bitmap, bitmap);
  else
    g_string_append (xml, " backupmode='full'");
  g_string_append_printf (xml, "><scratch file='%s'/></disk>", scratch);
}

char *
cairn_libvirt_backup_xml (const CairnLibvirtPlace *place, const CairnLibvirtLook *look,
                          const CairnLibvirtBackupOrder *order)
{
  GString *xml = g_string_new ("<domainbackup mode='pull'>");
  g_autofree char *socket = g_markup_escape_text (place->socket, -1);
  const GPtrArray *disks = look->description->disks;

  g_string_append_printf (xml, "<server transport='unix' socket='%s'/><disks>", socket);
  for (guint i = 0; i < disks->len; i++)
    append_disk (xml, place, look, disks->pdata[i], order);
  g_string_append (xml, "</disks></domainbackup>");
  return g_string_free (xml, FALSE);
}
