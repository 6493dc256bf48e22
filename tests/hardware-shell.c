/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells what VMs are made of, for tests: hardware-shell STORE CONNECT [VM]
 *
 * Prints a JSON array of all VMs, or of the one, or ends with status 1 and "CODE SENTENCE". With
 * HARDWARE_REPEAT in the environment all are listed so many times more, and the milliseconds that
 * the quickest took are printed instead.
 */
#include <json-glib/json-glib.h>
#include <stdio.h>

#include "refpoint/hardware.h"
#include <cairn/service.h>

static void
put_text (JsonBuilder *out, const char *name, const char *text)
{
  json_builder_set_member_name (out, name);
  json_builder_add_string_value (out, text); /* NULL gives null */
}

static void
put_number (JsonBuilder *out, const char *name, gint64 number)
{
  json_builder_set_member_name (out, name);
  json_builder_add_int_value (out, number);
}

static void
put_disks (JsonBuilder *out, const CairnHardware *hardware)
{
  json_builder_set_member_name (out, "disks");
  json_builder_begin_array (out);
  for (guint i = 0; i < hardware->vm->disks->len; i++)
    {
      const CairnDisk *disk = hardware->vm->disks->pdata[i];
      const CairnDrive *drive = cairn_hardware_find_drive (hardware, disk->target);

      json_builder_begin_object (out);
      put_text (out, "target", disk->target);
      put_text (out, "path", disk->path);
      put_text (out, "identifier", disk->identifier);
      put_text (out, "kind",
                !drive                              ? "disk"
                : drive->kind == CAIRN_DRIVE_FLOPPY ? "floppy"
                                                    : "cdrom");
      json_builder_end_object (out);
    }
  json_builder_end_array (out);
}

static void
put_devices (JsonBuilder *out, const CairnHardware *hardware)
{
  json_builder_set_member_name (out, "nics");
  json_builder_begin_array (out);
  for (guint i = 0; i < hardware->nics->len; i++)
    {
      const CairnNic *nic = hardware->nics->pdata[i];

      json_builder_begin_object (out);
      put_text (out, "mac", nic->mac);
      put_text (out, "bridge", nic->bridge);
      put_number (out, "up", nic->is_up);
      json_builder_end_object (out);
    }
  json_builder_end_array (out);
  json_builder_set_member_name (out, "serials");
  json_builder_begin_array (out);
  for (guint i = 0; i < hardware->serials->len; i++)
    json_builder_add_string_value (out, hardware->serials->pdata[i]);
  json_builder_end_array (out);
}

static void
put_hardware (JsonBuilder *out, const CairnHardware *hardware)
{
  json_builder_begin_object (out);
  put_text (out, "name", hardware->vm->name);
  put_text (out, "guid", hardware->vm->guid);
  put_text (out, "description", hardware->description);
  put_number (out, "power", hardware->power);
  put_number (out, "memory", (gint64)hardware->memory_bytes);
  put_number (out, "memory_maximum", (gint64)hardware->memory_maximum_bytes);
  put_number (out, "processors", hardware->n_processors);
  put_number (out, "processors_maximum", hardware->n_processors_maximum);
  put_number (out, "autostart", hardware->starts_with_host);
  put_number (out, "pid", hardware->process_id);
  put_number (out, "uptime_ms", (gint64)hardware->uptime_ms);
  put_number (out, "uefi", hardware->is_uefi);
  put_number (out, "secure_boot", hardware->has_secure_boot);
  put_disks (out, hardware);
  put_devices (out, hardware);
  json_builder_end_object (out);
}

static GPtrArray *
ask (CairnService *service, const char *vm, GError **error)
{
  CairnHardware *one;
  GPtrArray *found;

  if (!vm)
    return cairn_service_list_hardware (service, error);
  one = cairn_service_get_hardware (service, vm, error);
  if (!one)
    return NULL;
  found = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_hardware_free);
  g_ptr_array_add (found, one);
  return found;
}

static void
print_quickest (CairnService *service, int repeat)
{
  gint64 quickest = G_MAXINT64;

  for (int i = 0; i < repeat; i++)
    {
      gint64 start = g_get_monotonic_time ();
      g_autoptr (GPtrArray) found = cairn_service_list_hardware (service, NULL);

      if (found)
        quickest = MIN (quickest, g_get_monotonic_time () - start);
    }
  printf ("%.1f\n", (double)quickest / 1000);
}

int
main (int argc, char **argv)
{
  const char *repeat = g_getenv ("HARDWARE_REPEAT");
  g_autoptr (GError) error = NULL;
  g_autoptr (CairnService) service
      = argc >= 3 ? cairn_service_open (argv[1], argv[2], &error) : NULL;
  g_autoptr (GPtrArray) found = service ? ask (service, argv[3], &error) : NULL;
  g_autoptr (JsonBuilder) out = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *text = NULL;

  if (!found)
    {
      fprintf (stderr, "%d %s\n", error ? error->code : 0, error ? error->message : "usage");
      return 1;
    }
  if (repeat)
    return print_quickest (service, atoi (repeat)), 0;
  json_builder_begin_array (out);
  for (guint i = 0; i < found->len; i++)
    put_hardware (out, found->pdata[i]);
  json_builder_end_array (out);
  root = json_builder_get_root (out);
  text = json_to_string (root, TRUE);
  puts (text);
  return 0;
}
