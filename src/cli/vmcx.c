/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn vmcx check, recover. */
#include "cli/container.h"

#include <errno.h>

static int
io_code (int system_error)
{
  switch (system_error)
    {
    case EACCES:
    case EPERM:
    case EROFS:
      return CAIRN_ERROR_ACCESS_DENIED;
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case EEXIST:
    case ENXIO:
    case ENODEV:
    case ELOOP:
    case EINVAL:
    case ENAMETOOLONG:
      return CAIRN_ERROR_INVALID_PARAMETER;
    case ENOMEM:
      return CAIRN_ERROR_OUT_OF_MEMORY;
    default:
      return CAIRN_ERROR_FAILED;
    }
}

static int
return_code (const GError *error)
{
  switch ((VmcxError)error->code)
    {
    case VMCX_ERROR_FORMAT:
      return CAIRN_ERROR_INCORRECT_DATA_TYPE;
    case VMCX_ERROR_LIMIT:
    case VMCX_ERROR_NO_MEMORY:
      return CAIRN_ERROR_OUT_OF_MEMORY;
    case VMCX_ERROR_IO:
      return io_code (vmcx_error_get_errno (error));
    case VMCX_ERROR_ARGUMENT:
      return CAIRN_ERROR_INVALID_PARAMETER;
    case VMCX_ERROR_TYPE:
      break;
    }
  return CAIRN_ERROR_FAILED;
}

void
cli_vmcx_translate (GError **error)
{
  GError *translated;

  if (!error || !*error || (*error)->domain != VMCX_ERROR)
    return;
  translated = g_error_new_literal (CAIRN_ERROR, return_code (*error), (*error)->message);
  g_error_free (*error);
  *error = translated;
}

/* {"ok":false,...}: ERROR is the library's own, which knows the offset. */
static void
write_not_ok (CliJson *json, const GError *error)
{
  int64_t offset = error->domain == VMCX_ERROR ? vmcx_error_get_offset (error) : -1;

  cli_json_begin_object (json);
  cli_json_key (json, "ok");
  cli_json_bool (json, FALSE);
  cli_json_key (json, "Offset");
  if (offset >= 0)
    cli_json_int (json, offset);
  else
    cli_json_null (json);
  cli_json_key (json, "Error");
  cli_json_string (json, error->message);
  cli_json_end_object (json);
}

static void
answer_ok (Cli *cli, const char *sentence)
{
  CliJson json;

  if (!cli->options.json)
    {
      cli_output_puts (&cli->out, sentence);
      cli_output_puts (&cli->out, "\n");
      return;
    }
  cli_json_init (&json, &cli->out);
  cli_json_begin_object (&json);
  cli_json_key (&json, "ok");
  cli_json_bool (&json, TRUE);
  cli_json_end_object (&json);
  cli_json_end (&json);
}

gboolean
cli_run_vmcx_check (Cli *cli, GError **error)
{
  g_autoptr (VmcxFile) file = NULL;
  g_autofree char *sentence = NULL;
  uint32_t n_pending;

  cli->write_failure = write_not_ok;
  file = vmcx_file_open (cli->args[0], NULL, error);
  if (!file || !vmcx_file_verify_values (file, error))
    return FALSE;
  n_pending = vmcx_file_n_pending (file);
  if (n_pending > 0)
    sentence = g_strdup_printf ("Good; %u change%s pending in the replay log ('cairn vmcx recover' "
                                "writes a copy that has them).",
                                n_pending, n_pending == 1 ? " is" : "s are");
  answer_ok (cli, sentence ? sentence : "Good.");
  return TRUE;
}

gboolean
cli_run_vmcx_recover (Cli *cli, GError **error)
{
  cli->write_failure = write_not_ok;
  if (!vmcx_recover (cli->args[0], cli->args[1], NULL, error))
    return FALSE;
  answer_ok (cli, "Written.");
  return TRUE;
}
