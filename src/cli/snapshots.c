/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn snapshots, and what every answer has of a recovery checkpoint. */
#include "cli/cli.h"

#include "cli/table.h"

void
cli_write_snapshot_ids (CliJson *json, const CairnSnapshot *snapshot)
{
  cli_json_key (json, "Snapshot");
  cli_json_string (json, snapshot->instance_id);
  cli_json_key (json, "ReferencePoint");
  cli_json_string (json, snapshot->point->instance_id);
}

static void
write_disk (CliJson *json, const CairnFrozenDisk *disk)
{
  cli_json_begin_object (json);
  cli_json_key (json, "Target");
  cli_json_string (json, disk->target);
  cli_json_key (json, "VirtualDiskIdentifier");
  cli_json_string (json, disk->identifier);
  cli_json_key (json, "Address");
  cli_json_string (json, disk->address);
  cli_json_key (json, "VirtualSize");
  cli_json_uint (json, disk->virtual_size_bytes);
  cli_json_end_object (json);
}

void
cli_write_snapshot_lease (CliJson *json, const CairnSnapshot *snapshot)
{
  g_autofree char *expires = snapshot->expires_ms > 0 ? cli_time (snapshot->expires_ms) : NULL;

  cli_json_key (json, "Expires");
  cli_json_string (json, expires);
  cli_json_key (json, "Holder");
  cli_json_int (json, snapshot->holder_pid);
  cli_json_key (json, "Disks");
  cli_json_begin_array (json);
  for (guint i = 0; i < snapshot->disks->len; i++)
    write_disk (json, snapshot->disks->pdata[i]);
  cli_json_end_array (json);
}

static void
write_snapshot (CliJson *json, const CairnSnapshot *snapshot, const GPtrArray *vms)
{
  const CairnPoint *point = snapshot->point;
  g_autofree char *created = cli_time (point->creation_time_ms);

  cli_json_begin_object (json);
  cli_write_snapshot_ids (json, snapshot);
  cli_json_key (json, "Name");
  cli_json_string (json, cli_vm_name (vms, point->vm_guid));
  cli_json_key (json, "VirtualSystemIdentifier");
  cli_json_string (json, point->vm_guid);
  cli_json_key (json, "Owner");
  cli_json_string (json, point->owner);
  cli_json_key (json, "ElementName");
  cli_json_string (json, point->label);
  cli_json_key (json, "CreationTime");
  cli_json_string (json, created);
  cli_write_snapshot_lease (json, snapshot);
  cli_json_end_object (json);
}

static void
print_snapshots (Cli *cli, const GPtrArray *snapshots, const GPtrArray *vms)
{
  static const char *const headings[]
      = { "VM", "SNAPSHOT", "CREATED", "EXPIRES", "LABEL", "OWNER", "HOLDER", NULL };
  g_autoptr (CliTable) table = cli_table_new (headings, 0);

  if (snapshots->len == 0)
    {
      cli_output_puts (&cli->out, "No recovery checkpoints.\n");
      return;
    }
  for (guint i = 0; i < snapshots->len; i++)
    {
      const CairnSnapshot *snapshot = snapshots->pdata[i];
      const CairnPoint *point = snapshot->point;

      cli_table_add (table, cli_vm_name (vms, point->vm_guid));
      cli_table_add (table, snapshot->instance_id);
      cli_table_take (table, cli_time_short (point->creation_time_ms));
      cli_table_take (table, snapshot->expires_ms > 0 ? cli_time_short (snapshot->expires_ms)
                                                      : g_strdup ("when done"));
      cli_table_add (table, *point->label ? point->label : "-");
      cli_table_add (table, *point->owner ? point->owner : "-");
      cli_table_take (table, g_strdup_printf ("%" G_GINT64_FORMAT, snapshot->holder_pid));
    }
  cli_table_print (table, &cli->out);
}

gboolean
cli_run_snapshots (Cli *cli, GError **error)
{
  CairnService *service = cli_service (cli, error);
  g_autoptr (GPtrArray) snapshots = NULL;
  g_autoptr (GPtrArray) vms = NULL;
  CliJson json;

  if (service)
    snapshots = cairn_service_list_snapshots (service, cli->args[0], error);
  if (!snapshots)
    return FALSE;
  if (snapshots->len > 0)
    vms = cairn_service_list_vms (service, NULL); /* for their names alone */
  if (!cli->options.json)
    {
      print_snapshots (cli, snapshots, vms);
      return TRUE;
    }
  cli_json_init (&json, &cli->out);
  cli_json_begin_array (&json);
  for (guint i = 0; i < snapshots->len; i++)
    write_snapshot (&json, snapshots->pdata[i], vms);
  cli_json_end_array (&json);
  cli_json_end (&json);
  return TRUE;
}
