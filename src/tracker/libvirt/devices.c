/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads what a domain's XML says of the machine. */
#include "tracker/libvirt/devices.h"

#include "tracker/libvirt/node.h"

/* ---- memory and processors ---- */

/* libvirt writes KiB, whatever it was given. */
static void
read_memory (xmlNode *root, const char *name, uint64_t *bytes)
{
  g_autofree char *text = cairn_libvirt_node_text (cairn_libvirt_node_child (root, name));
  guint64 kib = 0;

  if (text && g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64 / 1024, &kib, NULL))
    *bytes = kib * 1024;
}

static void
read_count (const char *text, guint *count)
{
  guint64 number = 0;

  if (text && g_ascii_string_to_unsigned (text, 10, 1, G_MAXUINT16, &number, NULL))
    *count = (guint)number;
}

static void
read_processors (CairnHardware *hardware, xmlNode *root)
{
  xmlNode *vcpu = cairn_libvirt_node_child (root, "vcpu");
  g_autofree char *maximum = cairn_libvirt_node_text (vcpu);
  g_autofree char *now = cairn_libvirt_node_attribute (vcpu, "current");

  read_count (maximum, &hardware->n_processors_maximum);
  hardware->n_processors = hardware->n_processors_maximum;
  read_count (now, &hardware->n_processors);
}

/* ---- firmware ---- */

static gboolean
is_enabled_feature (xmlNode *feature, const char *wanted)
{
  g_autofree char *name = cairn_libvirt_node_attribute (feature, "name");
  g_autofree char *enabled = cairn_libvirt_node_attribute (feature, "enabled");

  return g_strcmp0 (name, wanted) == 0 && g_strcmp0 (enabled, "yes") == 0;
}

static void
read_firmware (CairnHardware *hardware, xmlNode *root)
{
  xmlNode *os = cairn_libvirt_node_child (root, "os");
  xmlNode *loader = cairn_libvirt_node_child (os, "loader");
  xmlNode *features = cairn_libvirt_node_child (os, "firmware");
  g_autofree char *firmware = cairn_libvirt_node_attribute (os, "firmware");
  g_autofree char *type = cairn_libvirt_node_attribute (loader, "type");
  g_autofree char *secure = cairn_libvirt_node_attribute (loader, "secure");

  hardware->is_uefi = g_strcmp0 (firmware, "efi") == 0 || g_strcmp0 (type, "pflash") == 0;
  hardware->has_secure_boot = g_strcmp0 (secure, "yes") == 0;
  for (xmlNode *child = features ? features->children : NULL; child; child = child->next)
    if (cairn_libvirt_node_is (child, "feature") && is_enabled_feature (child, "secure-boot"))
      hardware->has_secure_boot = TRUE;
}

/* ---- devices ---- */

/* "52:54:00:ab:cd:ef" -> "525400ABCDEF". */
static char *
bare_mac (const char *mac)
{
  GString *bare = g_string_new (NULL);

  for (const char *p = mac ? mac : ""; *p; p++)
    if (g_ascii_isxdigit (*p))
      g_string_append_c (bare, g_ascii_toupper (*p));
  return g_string_free (bare, FALSE);
}

/* What the interface is plugged into. A running domain's network has its bridge beside it. */
static char *
find_switch (xmlNode *source)
{
  static const char *const attributes[] = { "network", "bridge", "dev", "path" };
  char *value = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (attributes) && !value; i++)
    value = cairn_libvirt_node_attribute (source, attributes[i]);
  return value;
}

static CairnNic *
read_nic (xmlNode *element)
{
  CairnNic *nic = g_new0 (CairnNic, 1);
  g_autofree char *mac
      = cairn_libvirt_node_attribute (cairn_libvirt_node_child (element, "mac"), "address");
  g_autofree char *link
      = cairn_libvirt_node_attribute (cairn_libvirt_node_child (element, "link"), "state");

  nic->mac = bare_mac (mac);
  nic->bridge = find_switch (cairn_libvirt_node_child (element, "source"));
  nic->target = cairn_libvirt_node_attribute (cairn_libvirt_node_child (element, "target"), "dev");
  nic->is_up = g_strcmp0 (link, "down") != 0;
  return nic;
}

/* The file, device or socket at the host's end. */
static char *
read_serial (xmlNode *element)
{
  xmlNode *source = cairn_libvirt_node_child (element, "source");
  g_autofree char *host = cairn_libvirt_node_attribute (source, "host");
  g_autofree char *service = cairn_libvirt_node_attribute (source, "service");
  char *path = cairn_libvirt_node_attribute (source, "path");

  if (path || !service)
    return cairn_libvirt_or_empty (path);
  return g_strdup_printf ("%s:%s", host ? host : "", service);
}

void
cairn_libvirt_devices_read (CairnHardware *hardware, xmlNode *root)
{
  xmlNode *devices = cairn_libvirt_node_child (root, "devices");

  read_memory (root, "memory", &hardware->memory_maximum_bytes);
  hardware->memory_bytes = hardware->memory_maximum_bytes;
  read_memory (root, "currentMemory", &hardware->memory_bytes);
  read_processors (hardware, root);
  read_firmware (hardware, root);
  hardware->description = cairn_libvirt_node_text (cairn_libvirt_node_child (root, "description"));
  for (xmlNode *child = devices ? devices->children : NULL; child; child = child->next)
    if (cairn_libvirt_node_is (child, "interface"))
      g_ptr_array_add (hardware->nics, read_nic (child));
    else if (cairn_libvirt_node_is (child, "serial"))
      g_ptr_array_add (hardware->serials, read_serial (child));
}

void
cairn_libvirt_drives_add (CairnHardware *hardware, const CairnLibvirtDescription *description)
{
  for (guint i = 0; i < description->disks->len; i++)
    {
      const CairnLibvirtDisk *disk = description->disks->pdata[i];
      gboolean is_floppy = g_str_equal (disk->device, "floppy");
      CairnDrive *drive;

      if (!is_floppy && !g_str_equal (disk->device, "cdrom"))
        continue;
      drive = g_new0 (CairnDrive, 1);
      drive->kind = is_floppy ? CAIRN_DRIVE_FLOPPY : CAIRN_DRIVE_CDROM;
      drive->target = g_strdup (disk->target);
      g_ptr_array_add (hardware->drives, drive);
    }
}
