/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn vm add, list, show, alias, remove. */
#include "cli/cli.h"

#include <string.h>

#include "cli/progress.h"
#include "cli/table.h"

static void
write_disk (CliJson *json, const CairnDisk *disk)
{
  cli_json_begin_object (json);
  cli_json_key (json, "Target");
  cli_json_string (json, disk->target);
  cli_json_key (json, "Path");
  cli_json_string (json, disk->path);
  cli_json_key (json, "VirtualDiskIdentifier");
  cli_json_string (json, disk->identifier);
  cli_json_key (json, "Format");
  cli_json_string (json, disk->format);
  cli_json_key (json, "VirtualSize");
  cli_json_uint (json, disk->virtual_size_bytes);
  cli_json_end_object (json);
}

static void
write_vm (CliJson *json, const CairnVm *vm)
{
  cli_json_begin_object (json);
  cli_json_key (json, "Name");
  cli_json_string (json, vm->name);
  cli_json_key (json, "VirtualSystemIdentifier");
  cli_json_string (json, vm->guid);
  cli_json_key (json, "Disks");
  cli_json_begin_array (json);
  for (guint i = 0; i < vm->disks->len; i++)
    write_disk (json, vm->disks->pdata[i]);
  cli_json_end_array (json);
  cli_json_end_object (json);
}

static void
print_field (CliOutput *out, const char *name, const char *value)
{
  cli_output_printf (out, "%-8s", name);
  cli_output_shown (out, value);
  cli_output_puts (out, "\n");
}

static void
print_disks (Cli *cli, const CairnVm *vm)
{
  static const char *const brief[] = { "DISK", "FORMAT", "SIZE", "PATH", NULL };
  static const char *const full[] = { "DISK", "FORMAT", "SIZE", "PATH", "IDENTIFIER", NULL };
  gboolean verbose = cli->options.verbose;
  g_autoptr (CliTable) table = cli_table_new (verbose ? full : brief, 0);

  for (guint i = 0; i < vm->disks->len; i++)
    {
      const CairnDisk *disk = vm->disks->pdata[i];

      cli_table_add (table, disk->target);
      cli_table_add (table, *disk->format ? disk->format : "unknown");
      cli_table_take (table, cli_size (disk->virtual_size_bytes));
      cli_table_add (table, disk->path);
      if (verbose)
        cli_table_add (table, disk->identifier);
    }
  cli_table_print (table, &cli->out);
}

static void
answer_vm (Cli *cli, const CairnVm *vm)
{
  CliJson json;

  if (cli->options.json)
    {
      cli_json_init (&json, &cli->out);
      write_vm (&json, vm);
      cli_json_end (&json);
      return;
    }
  print_field (&cli->out, "Name", vm->name);
  print_field (&cli->out, "GUID", vm->guid);
  for (guint i = 0; i < vm->aliases->len; i++)
    print_field (&cli->out, "Alias", vm->aliases->pdata[i]);
  print_disks (cli, vm);
}

/* Splits each TARGET=PATH; a target can't hold '=', a path can. */
static gboolean
split_disks (Cli *cli, GPtrArray *targets, GPtrArray *paths, GError **error)
{
  char **disks = cli->options.disks;

  if (!disks)
    {
      cli_set_usage_error (cli, error, "no --disk given");
      return FALSE;
    }
  for (; *disks; disks++)
    {
      const char *equals = strchr (*disks, '=');
      char *path;

      if (!equals || equals == *disks || !equals[1])
        {
          cli_set_usage_error (cli, error, "--disk '%s' isn't TARGET=PATH", *disks);
          return FALSE;
        }
      g_ptr_array_add (targets, g_strndup (*disks, (size_t)(equals - *disks)));
      if (!cli_require_utf8 ("disk target", targets->pdata[targets->len - 1], error))
        return FALSE;
      path = cli_absolute_path (equals + 1, error);
      if (!path)
        return FALSE;
      g_ptr_array_add (paths, path);
    }
  return TRUE;
}

gboolean
cli_run_vm_add (Cli *cli, GError **error)
{
  g_autoptr (GPtrArray) targets = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (CairnVm) vm = NULL;
  CairnService *service;

  if (!split_disks (cli, targets, paths, error)
      || !cli_require_utf8 ("VM name", cli->args[0], error)
      || !cli_require_utf8 ("GUID", cli->options.uuid, error))
    return FALSE;
  service = cli_service (cli, error);
  if (!service
      || !cairn_service_add_vm (service, cli->args[0], cli->options.uuid,
                                (const char *const *)targets->pdata,
                                (const char *const *)paths->pdata, targets->len, &vm, error))
    return FALSE;
  answer_vm (cli, vm);
  return TRUE;
}

static void
print_list (Cli *cli, GPtrArray *vms)
{
  static const char *const headings[] = { "NAME", "GUID", "DISKS", NULL };
  g_autoptr (CliTable) table = cli_table_new (headings, 0);

  for (guint i = 0; i < vms->len; i++)
    {
      const CairnVm *vm = vms->pdata[i];
      g_autoptr (GString) disks = g_string_new (NULL);

      for (guint j = 0; j < vm->disks->len; j++)
        g_string_append_printf (disks, "%s%s", j ? ", " : "",
                                ((CairnDisk *)vm->disks->pdata[j])->target);
      cli_table_add (table, vm->name);
      cli_table_add (table, vm->guid);
      cli_table_add (table, disks->str);
    }
  if (vms->len > 0)
    cli_table_print (table, &cli->out);
  else
    cli_output_puts (&cli->out, "No VMs yet; 'cairn vm add' makes one known.\n");
}

gboolean
cli_run_vm_list (Cli *cli, GError **error)
{
  CairnService *service = cli_service (cli, error);
  g_autoptr (GPtrArray) vms = service ? cairn_service_list_vms (service, error) : NULL;
  CliJson json;

  if (!vms)
    return FALSE;
  if (!cli->options.json)
    {
      print_list (cli, vms);
      return TRUE;
    }
  cli_json_init (&json, &cli->out);
  cli_json_begin_array (&json);
  for (guint i = 0; i < vms->len; i++)
    write_vm (&json, vms->pdata[i]);
  cli_json_end_array (&json);
  cli_json_end (&json);
  return TRUE;
}

gboolean
cli_run_vm_show (Cli *cli, GError **error)
{
  CairnService *service = cli_service (cli, error);
  g_autoptr (CairnVm) vm = service ? cairn_service_get_vm (service, cli->args[0], error) : NULL;

  if (!vm)
    return FALSE;
  answer_vm (cli, vm);
  return TRUE;
}

gboolean
cli_run_vm_alias (Cli *cli, GError **error)
{
  CairnService *service = cli_service (cli, error);

  if (!service || !cairn_service_alias_vm (service, cli->args[0], cli->args[1], error))
    return FALSE;
  cli_answer_done (cli, "VM '%s' was formerly known as %s.", cli->args[0], cli->args[1]);
  return TRUE;
}

gboolean
cli_run_vm_remove (Cli *cli, GError **error)
{
  CairnService *service = cli_service (cli, error);

  if (!service || !cairn_service_remove_vm (service, cli->args[0], cli->options.force, error))
    return FALSE;
  cli_answer_done (cli, "VM '%s' is forgotten; its images weren't touched.", cli->args[0]);
  return TRUE;
}
