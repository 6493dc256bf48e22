/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn list, show: reference points with the properties of Msvm_VirtualSystemReferencePoint. */
#include "cli/cli.h"

#include "cli/progress.h"
#include "cli/table.h"

#define CAPTION     "Virtual System Reference Point"
#define DESCRIPTION "A point in the life of the virtual system's disks, from which changes are told"

/* The disks of a point that change tracking is tied to: both id arrays are over these alone. */
static void
write_ids (CliJson *json, const CairnPoint *point)
{
  cli_json_key (json, "VirtualDiskIdentifiers");
  cli_json_begin_array (json);
  for (guint i = 0; i < point->anchors->len; i++)
    {
      const CairnAnchor *anchor = point->anchors->pdata[i];

      if (anchor->change_tracking_id)
        cli_json_string (json, anchor->disk_identifier);
    }
  cli_json_end_array (json);
  cli_json_key (json, "ResilientChangeTrackingIdentifiers");
  cli_json_begin_array (json);
  for (guint i = 0; i < point->anchors->len; i++)
    {
      const CairnAnchor *anchor = point->anchors->pdata[i];

      if (anchor->change_tracking_id)
        cli_json_string (json, anchor->change_tracking_id);
    }
  cli_json_end_array (json);
}

static void
write_hints (CliJson *json, const GPtrArray *hints)
{
  if (hints->len == 0)
    return;
  cli_json_key (json, "TrackingHints");
  cli_json_begin_array (json);
  for (guint i = 0; i < hints->len; i++)
    cli_json_string (json, hints->pdata[i]);
  cli_json_end_array (json);
}

static void
write_disks (CliJson *json, const CairnPointState *state)
{
  cli_json_key (json, "Disks");
  cli_json_begin_array (json);
  for (guint i = 0; i < state->disks->len; i++)
    {
      const CairnDiskVerdict *disk = state->disks->pdata[i];

      cli_json_begin_object (json);
      cli_json_key (json, "Target");
      cli_json_string (json, disk->target);
      cli_json_key (json, "Path");
      cli_json_string (json, disk->path);
      cli_json_key (json, "Verdict");
      cli_json_string (json, cairn_verdict_name (disk->verdict));
      cli_json_key (json, "Reason");
      cli_json_string (json, disk->reason);
      if (i < state->point->anchors->len)
        write_hints (json, ((CairnAnchor *)state->point->anchors->pdata[i])->tracking_hints);
      cli_json_end_object (json);
    }
  cli_json_end_array (json);
}

static void
write_point (CliJson *json, const CairnPointState *state)
{
  const CairnPoint *point = state->point;
  g_autofree char *created = cli_time (point->creation_time_ms);

  cli_json_begin_object (json);
  cli_json_key (json, "InstanceID");
  cli_json_string (json, point->instance_id);
  cli_json_key (json, "VirtualSystemIdentifier");
  cli_json_string (json, point->vm_guid);
  cli_json_key (json, "ReferencePointType");
  cli_json_int (json, point->type);
  cli_json_key (json, "ConsistencyLevel");
  cli_json_int (json, point->consistency);
  cli_json_key (json, "HasAssociatedData");
  cli_json_bool (json, point->has_associated_data);
  write_ids (json, point);
  cli_json_key (json, "ElementName");
  cli_json_string (json, point->label);
  cli_json_key (json, "Caption");
  cli_json_string (json, CAPTION);
  cli_json_key (json, "Description");
  cli_json_string (json, DESCRIPTION);
  cli_json_key (json, "CreationTime");
  cli_json_string (json, created);
  cli_json_key (json, "Owner");
  cli_json_string (json, point->owner);
  cli_json_key (json, "Origin");
  cli_json_string (json, cairn_origin_name (point->origin));
  write_disks (json, state);
  cli_json_end_object (json);
}

/* "vda tracked, vdb missing"; the caller frees. */
static char *
summary (const GPtrArray *disks)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < disks->len; i++)
    {
      const CairnDiskVerdict *disk = disks->pdata[i];

      g_string_append_printf (text, "%s%s %s", i ? ", " : "", disk->target,
                              cairn_verdict_name (disk->verdict));
    }
  return g_string_free (text, FALSE);
}

static void
print_points (Cli *cli, const GPtrArray *states, const GPtrArray *vms)
{
  static const char *const headings[]
      = { "VM", "POINT", "CREATED", "LABEL", "OWNER", "ORIGIN", "DISKS", NULL };
  g_autoptr (CliTable) table = cli_table_new (headings, 0);

  if (states->len == 0)
    {
      cli_output_puts (&cli->out, "No reference points.\n");
      return;
    }
  for (guint i = 0; i < states->len; i++)
    {
      const CairnPointState *state = states->pdata[i];
      const CairnPoint *point = state->point;

      cli_table_add (table, cli_vm_name (vms, point->vm_guid));
      cli_table_add (table, cli->options.verbose ? point->instance_id : point->guid);
      cli_table_take (table, cli_time_short (point->creation_time_ms));
      cli_table_add (table, *point->label ? point->label : "-");
      cli_table_add (table, *point->owner ? point->owner : "-");
      cli_table_add (table, cairn_origin_name (point->origin));
      cli_table_take (table, summary (state->disks));
    }
  cli_table_print (table, &cli->out);
}

gboolean
cli_run_list (Cli *cli, GError **error)
{
  const char *vm = cli->args[0];
  g_autoptr (GPtrArray) states = NULL;
  g_autoptr (GPtrArray) vms = NULL;
  CairnService *service;
  CliJson json;

  service = cli_service (cli, error);
  if (service)
    states = cairn_service_list_reference_points (service, vm, error);
  if (!states)
    return FALSE;
  if (!cli->options.json)
    {
      vms = cairn_service_list_vms (service, NULL); /* for their names alone */
      print_points (cli, states, vms);
      return TRUE;
    }
  cli_json_init (&json, &cli->out);
  cli_json_begin_array (&json);
  for (guint i = 0; i < states->len; i++)
    write_point (&json, states->pdata[i]);
  cli_json_end_array (&json);
  cli_json_end (&json);
  return TRUE;
}

static void
print_field (CliOutput *out, const char *name, const char *value)
{
  cli_output_printf (out, "%-13s", name);
  cli_output_shown (out, *value ? value : "-");
  cli_output_puts (out, "\n");
}

static void
print_anchors (CliOutput *out, const CairnPoint *point)
{
  static const char *const headings[]
      = { "DISK", "CHANGE TRACKING ID", "BITMAP", "IDENTIFIER", NULL };
  g_autoptr (CliTable) table = cli_table_new (headings, 0);

  for (guint i = 0; i < point->anchors->len; i++)
    {
      const CairnAnchor *anchor = point->anchors->pdata[i];

      cli_table_add (table, anchor->target);
      cli_table_add (table, anchor->change_tracking_id ? anchor->change_tracking_id : "-");
      cli_table_add (table, anchor->bitmap ? anchor->bitmap : "-");
      cli_table_add (table, anchor->disk_identifier);
    }
  cli_table_print (table, out);
  for (guint i = 0; i < point->anchors->len; i++)
    {
      const CairnAnchor *anchor = point->anchors->pdata[i];

      for (guint j = 0; j < anchor->tracking_hints->len; j++)
        {
          cli_output_shown (out, anchor->target);
          cli_output_puts (out, ": the file names the tracking id ");
          cli_output_shown (out, anchor->tracking_hints->pdata[j]);
          cli_output_puts (out, "\n");
        }
    }
}

static void
print_point (Cli *cli, const CairnPointState *state)
{
  const CairnPoint *point = state->point;
  CliOutput *out = &cli->out;
  g_autofree char *created = cli_time (point->creation_time_ms);

  print_field (out, "InstanceID", point->instance_id);
  print_field (out, "VM", point->vm_guid);
  print_field (out, "Created", created);
  print_field (out, "Label", point->label);
  print_field (out, "Owner", point->owner);
  print_field (out, "Origin", cairn_origin_name (point->origin));
  print_field (out, "Type", point->type == CAIRN_POINT_TYPE_LOG ? "log" : "rct");
  if (point->type == CAIRN_POINT_TYPE_LOG)
    print_field (out, "Data", point->has_associated_data ? "kept" : "removed");
  print_field (out, "Consistency",
               point->consistency == CAIRN_CONSISTENCY_APPLICATION ? "application" : "crash");
  cli_print_verdicts (cli, state->disks);
  if (cli->options.verbose)
    print_anchors (out, point);
}

gboolean
cli_run_show (Cli *cli, GError **error)
{
  CairnService *service = cli_service (cli, error);
  g_autoptr (CairnPointState) state
      = service ? cairn_service_get_reference_point (service, cli->args[0], error) : NULL;
  CliJson json;

  if (!state)
    return FALSE;
  if (!cli->options.json)
    {
      print_point (cli, state);
      return TRUE;
    }
  cli_json_init (&json, &cli->out);
  write_point (&json, state);
  cli_json_end (&json);
  return TRUE;
}
