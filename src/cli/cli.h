/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cli.h: one run of the command line: its options, its command, what it has to say.
 *
 * A command's run function does the work and writes to cli->out; it returns FALSE with an error to
 * make the run fail. Whatever it wrote is then dropped, unless it had called cli_output_commit, and
 * report.h says what goes out instead. One thread.
 */
#ifndef CAIRN_CLI_CLI_H
#define CAIRN_CLI_CLI_H

#include <cairn/cairn.h>

#include "cli/json.h"
#include "cli/output.h"

/* Options of commands. */
enum
{
  CLI_OPTION_ALL = 1 << 0,
  CLI_OPTION_BASE = 1 << 1,
  CLI_OPTION_CHECK = 1 << 2,
  CLI_OPTION_CONSISTENCY = 1 << 3,
  CLI_OPTION_DISK = 1 << 4,
  CLI_OPTION_FORCE = 1 << 5,
  CLI_OPTION_LABEL = 1 << 6,
  CLI_OPTION_LENGTH = 1 << 7,
  CLI_OPTION_OFFSET = 1 << 8,
  CLI_OPTION_OWNER = 1 << 9,
  CLI_OPTION_POINT = 1 << 10,
  CLI_OPTION_TYPE = 1 << 11,
  CLI_OPTION_UUID = 1 << 12,
  CLI_OPTION_FOREIGN = 1 << 13,
  CLI_OPTION_REPAIR = 1 << 14,
  CLI_OPTION_MOF = 1 << 15,
  CLI_OPTION_NAMESPACE = 1 << 16,
  CLI_OPTION_SINCE = 1 << 17,
  CLI_OPTION_TO = 1 << 18,
  CLI_OPTION_KEEP = 1 << 19,
  CLI_OPTION_LEASE = 1 << 20,
  CLI_OPTION_WHILE = 1 << 21,
};

/* What was given; NULL and FALSE where it wasn't. Strings are bytes as the caller typed them. */
typedef struct
{
  char *store;
  char *connect;
  gboolean json;
  gboolean verbose;
  gboolean help;
  gboolean version;
  gboolean all;
  char *base;
  gboolean check;
  char *consistency;
  char **disks;
  gboolean force;
  char **foreign;
  char *keep;
  char *label;
  char *lease;
  char *length;
  gboolean mof;
  char *namespace_;
  char *offset;
  char *owner;
  char **points;
  gboolean repair;
  char *since;
  char *to;
  char *type;
  char *uuid;
  char *while_;
} CliOptions;

typedef struct Cli Cli;
typedef struct CliCommand CliCommand;

struct CliCommand
{
  const char *noun;      /* "vm"; NULL for a command of one word */
  const char *name;      /* "add" */
  const char *arguments; /* their names, blank-separated: "VM CONFIG_FILE" */
  unsigned n_min;        /* how many of them must be given, and may */
  unsigned n_max;
  unsigned options;        /* CLI_OPTION_* */
  const char *option_text; /* how they are written in a usage line, or "" */
  const char *summary;
  gboolean (*run) (Cli *cli, GError **error);
};

struct Cli
{
  const CliCommand *command; /* NULL until it is known */
  CliOptions options;
  char **args; /* positional arguments behind the command's name; owned, NULL-ended */
  guint n_args;
  CliOutput out;
  CairnService *service; /* opened by cli_service */
  gboolean is_unwell;    /* it worked, and what it found asks for something: exit status 1 */

  /* What is known of the disks, for the answer of success and of failure alike. */
  GPtrArray *disks;
  void (*write_disks) (CliJson *json, GPtrArray *disks);
  void (*print_disks) (Cli *cli, GPtrArray *disks);

  GPtrArray *destroyed; /* of char *: points that were before it failed; NULL = not told */

  /* Writes the JSON of a failure that has a form of its own; NULL = the usual one. */
  void (*write_failure) (CliJson *json, const GError *error);
};

/* Wrong usage: exit status 2. */
#define CLI_USAGE_ERROR (cli_usage_error_quark ())
GQuark cli_usage_error_quark (void);
void cli_set_usage_error (Cli *cli, GError **error, const char *format, ...) G_GNUC_PRINTF (3, 4);

/* ---- commands.c, help.c ---- */
extern const CliCommand cli_commands[]; /* ends with one whose name is NULL */

const CliCommand *cli_command_find (const char *noun, const char *name);
gboolean cli_command_is_noun (const char *word);

/* "cairn create VM [--type rct|log] ..."; the caller frees. */
char *cli_command_usage (const CliCommand *command);
gboolean cli_help (Cli *cli, GError **error); /* of cli->command, or of everything */

/* ---- arguments.c: from what was typed to what the library takes ---- */

/* The service, opened on first use; borrowed. */
CairnService *cli_service (Cli *cli, GError **error);

/* PATH made absolute with the working directory; an empty one stays as it is. The caller frees. */
char *cli_absolute_path (const char *path, GError **error);

/* Argument NUMBER (from 0), a path, made absolute; an empty one is refused. The caller frees. */
char *cli_path_argument (Cli *cli, unsigned number, GError **error);

/* TEXT is a whole number, decimal, in 64 bits. */
gboolean cli_number (const char *text, uint64_t *number);

/* TEXT is a whole number of bytes, decimal or 0x..., in 64 bits. NAME is the option's. */
gboolean cli_parse_number (Cli *cli, const char *name, const char *text, uint64_t *value,
                           GError **error);

/* "crash" or "application"; LEVEL stays as it is when TEXT is NULL. */
gboolean cli_parse_consistency (Cli *cli, const char *text, CairnConsistency *level,
                                GError **error);

/* The same for two names of any option, with their values. */
gboolean cli_choose (Cli *cli, const char *option, const char *text, const char *const *names,
                     const int *values, int *value, GError **error);

/* TEXT (may be NULL) is UTF-8. WHAT names it in the error. */
gboolean cli_require_utf8 (const char *what, const char *text, GError **error);

/* ---- disks.c: verdicts and points, written and printed ---- */

/* A key with an array of texts (of char *). */
void cli_write_texts (CliJson *json, const char *key, const GPtrArray *texts);

/* Keeps DISKS (may be NULL) for the answer; takes them. */
void cli_keep_disks (Cli *cli, GPtrArray *disks);

/* "Disks":[...] with the kept ones. */
void cli_write_kept_disks (Cli *cli, CliJson *json);

void cli_write_verdicts (CliJson *json, GPtrArray *verdicts); /* Target, Path, Verdict, Reason */
void cli_write_verdicts_without_path (CliJson *json, GPtrArray *verdicts);
void cli_print_verdicts (Cli *cli, GPtrArray *verdicts);

/* {"ReturnValue":0}, or SENTENCE for people. */
void cli_answer_done (Cli *cli, const char *sentence, ...) G_GNUC_PRINTF (2, 3);

/* What a backup made: {"ReturnValue":0,"ReferencePoint","Files":[...]}, or for people DONE
 * ("Created"), the point's InstanceID and the files. */
void cli_answer_backup (Cli *cli, const char *done, const CairnBackup *backup);

/* A line with WORD for each of POINTS (of char *). */
void cli_print_points (CliOutput *out, const char *word, const GPtrArray *points);

/* The name of the VM of GUID among VMS (of CairnVm, may be NULL), or GUID; borrowed. */
const char *cli_vm_name (const GPtrArray *vms, const char *guid);

/* "Snapshot", "ReferencePoint"; and "Expires" (null: it ends with what holds it), "Holder",
 * "Disks" of a recovery checkpoint, into an object. */
void cli_write_snapshot_ids (CliJson *json, const CairnSnapshot *snapshot);
void cli_write_snapshot_lease (CliJson *json, const CairnSnapshot *snapshot);

/* MS since 1970 as RFC 3339 in UTC with milliseconds, or for people to the second; caller frees. */
char *cli_time (int64_t ms);
char *cli_time_short (int64_t ms);

/* ---- the commands ---- */
gboolean cli_run_help (Cli *cli, GError **error);
gboolean cli_run_adopt (Cli *cli, GError **error);
gboolean cli_run_backup (Cli *cli, GError **error);
gboolean cli_run_convert (Cli *cli, GError **error);
gboolean cli_run_discard (Cli *cli, GError **error);
gboolean cli_run_freeze (Cli *cli, GError **error);
gboolean cli_run_prune (Cli *cli, GError **error);
gboolean cli_run_snapshots (Cli *cli, GError **error);
gboolean cli_run_restore (Cli *cli, GError **error);
gboolean cli_run_verify (Cli *cli, GError **error);
gboolean cli_run_vm_add (Cli *cli, GError **error);
gboolean cli_run_vm_list (Cli *cli, GError **error);
gboolean cli_run_vm_show (Cli *cli, GError **error);
gboolean cli_run_vm_alias (Cli *cli, GError **error);
gboolean cli_run_vm_remove (Cli *cli, GError **error);
gboolean cli_run_create (Cli *cli, GError **error);
gboolean cli_run_list (Cli *cli, GError **error);
gboolean cli_run_show (Cli *cli, GError **error);
gboolean cli_run_check (Cli *cli, GError **error);
gboolean cli_run_export (Cli *cli, GError **error);
gboolean cli_run_import (Cli *cli, GError **error);
gboolean cli_run_changes (Cli *cli, GError **error);
gboolean cli_run_destroy (Cli *cli, GError **error);
gboolean cli_run_watch (Cli *cli, GError **error);
gboolean cli_run_remove_data (Cli *cli, GError **error);
gboolean cli_run_doctor (Cli *cli, GError **error);
gboolean cli_run_schema (Cli *cli, GError **error);
gboolean cli_run_vmcx_dump (Cli *cli, GError **error);
gboolean cli_run_vmcx_check (Cli *cli, GError **error);
gboolean cli_run_vmcx_recover (Cli *cli, GError **error);

#endif
