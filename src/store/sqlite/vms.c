/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VMs, their disks and aliases, in a SQLite store. */
#include "store/sqlite/vms.h"

#include "store/sqlite/statement.h"

#define READING "read VMs"
#define SAVING  "save a VM"

/* One selection of VMs as three queries, whose rows are merged: every query takes the selector as
 * ?1 (unused where all are meant) and gives the VM's GUID first. */
typedef struct
{
  const char *vms;
  const char *disks;
  const char *aliases;
} Selection;

#define DISK_COLUMNS  "vm_guid, identifier, target, path, format, virtual_size_bytes"
#define ALIAS_COLUMNS "vm_guid, guid"

static const Selection all_vms = {
  .vms = "SELECT guid, name, is_domain FROM vm ORDER BY name",
  .disks = "SELECT " DISK_COLUMNS " FROM disk ORDER BY vm_guid, position",
  .aliases = "SELECT " ALIAS_COLUMNS " FROM alias ORDER BY vm_guid, position",
};

static const Selection one_vm = {
  .vms = "SELECT guid, name, is_domain FROM vm WHERE guid = ?1",
  .disks = "SELECT " DISK_COLUMNS " FROM disk WHERE vm_guid = ?1 ORDER BY position",
  .aliases = "SELECT " ALIAS_COLUMNS " FROM alias WHERE vm_guid = ?1 ORDER BY position",
};

static const char guid_of_name[] = "SELECT guid FROM vm WHERE name = ?1";

/* Adds one row to what is read so far: BY_GUID finds the VMs of VMS. */
typedef void (*TakeRow) (CairnStatement *statement, GPtrArray *vms, GHashTable *by_guid);

static void
take_vm (CairnStatement *statement, GPtrArray *vms, GHashTable *by_guid)
{
  g_autofree char *guid = cairn_statement_text (statement, 0);
  g_autofree char *name = cairn_statement_text (statement, 1);
  CairnVm *vm = cairn_vm_new (guid, name);

  vm->is_domain = cairn_statement_int (statement, 2) != 0;
  g_ptr_array_add (vms, vm);
  g_hash_table_insert (by_guid, g_ascii_strup (guid, -1), vm);
}

static CairnVm *
vm_of_row (CairnStatement *statement, GHashTable *by_guid)
{
  g_autofree char *guid = cairn_statement_text (statement, 0);
  g_autofree char *upper = g_ascii_strup (guid, -1);

  return g_hash_table_lookup (by_guid, upper);
}

static void
take_disk (CairnStatement *statement, GPtrArray *vms, GHashTable *by_guid)
{
  CairnVm *vm = vm_of_row (statement, by_guid);
  CairnDisk *disk;

  if (!vm)
    return;
  disk = g_new0 (CairnDisk, 1);
  disk->identifier = cairn_statement_text (statement, 1);
  disk->target = cairn_statement_text (statement, 2);
  disk->path = cairn_statement_text (statement, 3);
  disk->format = cairn_statement_text (statement, 4);
  disk->virtual_size_bytes = cairn_statement_uint (statement, 5);
  g_ptr_array_add (vm->disks, disk);
}

static void
take_alias (CairnStatement *statement, GPtrArray *vms, GHashTable *by_guid)
{
  CairnVm *vm = vm_of_row (statement, by_guid);

  if (vm)
    g_ptr_array_add (vm->aliases, cairn_statement_text (statement, 1));
}

static gboolean
read_rows (CairnSqliteStore *store, const char *sql, const char *guid, TakeRow take, GPtrArray *vms,
           GHashTable *by_guid, GError **error)
{
  g_autoptr (CairnStatement) statement = cairn_statement_take (store, sql, READING, error);
  CairnStep step;

  if (!statement)
    return FALSE;
  if (guid)
    cairn_statement_bind_text (statement, 1, guid);
  while ((step = cairn_statement_step (statement, error)) == CAIRN_STEP_ROW)
    take (statement, vms, by_guid);
  return step == CAIRN_STEP_DONE;
}

/* Of the VM of GUID, or of all (NULL). */
static GPtrArray *
read_vms (CairnSqliteStore *store, const char *guid, GError **error)
{
  const Selection *selection = guid ? &one_vm : &all_vms;
  g_autoptr (GPtrArray) vms = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_vm_free);
  g_autoptr (GHashTable) by_guid = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  if (!read_rows (store, selection->vms, guid, take_vm, vms, by_guid, error)
      || !read_rows (store, selection->disks, guid, take_disk, vms, by_guid, error)
      || !read_rows (store, selection->aliases, guid, take_alias, vms, by_guid, error))
    return NULL;
  return g_steal_pointer (&vms);
}

GPtrArray *
cairn_sqlite_list_vms (CairnStore *base, GError **error)
{
  CairnSqliteStore *store = (CairnSqliteStore *)base;
  g_autoptr (GPtrArray) vms = NULL;

  if (!cairn_connection_begin_read (store, error))
    return NULL;
  vms = read_vms (store, NULL, error);
  if (!vms)
    return cairn_connection_abort (store), NULL;
  return cairn_connection_end_read (store, error) ? g_steal_pointer (&vms) : NULL;
}

/* *GUID is NULL when no VM has the name. */
static gboolean
find_name (CairnSqliteStore *store, const char *name, char **guid, GError **error)
{
  g_autoptr (CairnStatement) statement = cairn_statement_take (store, guid_of_name, READING, error);
  g_autofree char *found = NULL;
  CairnStep step;

  if (!statement)
    return FALSE;
  cairn_statement_bind_text (statement, 1, name);
  step = cairn_statement_step (statement, error);
  if (step == CAIRN_STEP_ERROR)
    return FALSE;
  if (step == CAIRN_STEP_ROW)
    found = cairn_statement_text (statement, 0);
  if (step == CAIRN_STEP_ROW && !cairn_statement_run (statement, error))
    return FALSE;
  *guid = g_steal_pointer (&found);
  return TRUE;
}

/* An empty array when there is none. */
static GPtrArray *
read_named (CairnSqliteStore *store, const char *name_or_guid, GError **error)
{
  g_autoptr (GPtrArray) vms = read_vms (store, name_or_guid, error);
  g_autofree char *guid = NULL;

  if (!vms || vms->len > 0)
    return g_steal_pointer (&vms);
  if (!find_name (store, name_or_guid, &guid, error))
    return NULL;
  return guid ? read_vms (store, guid, error) : g_steal_pointer (&vms);
}

CairnVm *
cairn_sqlite_get_vm (CairnStore *base, const char *name_or_guid, GError **error)
{
  CairnSqliteStore *store = (CairnSqliteStore *)base;
  g_autoptr (GPtrArray) vms = NULL;

  if (!cairn_connection_begin_read (store, error))
    return NULL;
  vms = read_named (store, name_or_guid, error);
  if (!vms)
    return cairn_connection_abort (store), NULL;
  if (!cairn_connection_end_read (store, error))
    return NULL;
  if (vms->len > 0)
    return g_ptr_array_steal_index (vms, 0);
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "VM '%s' is not known here; make it known with 'cairn vm add', or look at "
               "'cairn vm list'",
               name_or_guid);
  return NULL;
}

static gboolean
check_name (CairnSqliteStore *store, const CairnVm *vm, GError **error)
{
  g_autofree char *guid = NULL;

  if (!find_name (store, vm->name, &guid, error))
    return FALSE;
  if (!guid || g_ascii_strcasecmp (guid, vm->guid) == 0)
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "VM name '%s' belongs to VM %s already; choose another name", vm->name, guid);
  return FALSE;
}

static gboolean
put_row (CairnSqliteStore *store, const CairnVm *vm, GError **error)
{
  static const char sql[] = "INSERT INTO vm (guid, name, is_domain) VALUES (upper (?1), ?2, ?3)"
                            " ON CONFLICT (guid) DO UPDATE SET name = excluded.name,"
                            "  is_domain = excluded.is_domain";
  g_autoptr (CairnStatement) statement = cairn_statement_take (store, sql, SAVING, error);

  if (!statement)
    return FALSE;
  cairn_statement_bind_text (statement, 1, vm->guid);
  cairn_statement_bind_text (statement, 2, vm->name);
  cairn_statement_bind_int (statement, 3, vm->is_domain != 0);
  return cairn_statement_run (statement, error);
}

static gboolean
put_disk (CairnSqliteStore *store, const char *guid, guint position, const CairnDisk *disk,
          GError **error)
{
  static const char sql[] = "INSERT INTO disk (vm_guid, position, identifier, target, path, format,"
                            " virtual_size_bytes) VALUES (upper (?1), ?2, ?3, ?4, ?5, ?6, ?7)";
  g_autoptr (CairnStatement) statement = cairn_statement_take (store, sql, SAVING, error);

  if (!statement)
    return FALSE;
  cairn_statement_bind_text (statement, 1, guid);
  cairn_statement_bind_int (statement, 2, position);
  cairn_statement_bind_text (statement, 3, disk->identifier);
  cairn_statement_bind_text (statement, 4, disk->target);
  cairn_statement_bind_text (statement, 5, disk->path);
  cairn_statement_bind_text (statement, 6, disk->format);
  cairn_statement_bind_uint (statement, 7, disk->virtual_size_bytes);
  return cairn_statement_run (statement, error);
}

static gboolean
put_alias (CairnSqliteStore *store, const char *guid, guint position, const char *alias,
           GError **error)
{
  static const char sql[]
      = "INSERT INTO alias (vm_guid, position, guid) VALUES (upper (?1), ?2, upper (?3))";
  g_autoptr (CairnStatement) statement = cairn_statement_take (store, sql, SAVING, error);

  if (!statement)
    return FALSE;
  cairn_statement_bind_text (statement, 1, guid);
  cairn_statement_bind_int (statement, 2, position);
  cairn_statement_bind_text (statement, 3, alias);
  return cairn_statement_run (statement, error);
}

gboolean
cairn_sqlite_put_vm (CairnSqliteStore *store, const CairnVm *vm, GError **error)
{
  static const char drop_disks[] = "DELETE FROM disk WHERE vm_guid = ?1";
  static const char drop_aliases[] = "DELETE FROM alias WHERE vm_guid = ?1";

  if (!check_name (store, vm, error) || !put_row (store, vm, error)
      || !cairn_statement_run_text (store, drop_disks, SAVING, vm->guid, error)
      || !cairn_statement_run_text (store, drop_aliases, SAVING, vm->guid, error))
    return FALSE;
  for (guint i = 0; i < vm->disks->len; i++)
    if (!put_disk (store, vm->guid, i, vm->disks->pdata[i], error))
      return FALSE;
  for (guint i = 0; i < vm->aliases->len; i++)
    if (!put_alias (store, vm->guid, i, vm->aliases->pdata[i], error))
      return FALSE;
  return TRUE;
}

gboolean
cairn_sqlite_remove_vm (CairnSqliteStore *store, const char *guid, GError **error)
{
  /* Points and intents aren't tied to vm by a foreign key: schema.c says why. */
  static const char *const removals[] = {
    "DELETE FROM point WHERE vm_guid = ?1",
    "DELETE FROM intent WHERE vm_guid = ?1",
    "DELETE FROM vm WHERE guid = ?1",
  };

  for (size_t i = 0; i < G_N_ELEMENTS (removals); i++)
    if (!cairn_statement_run_text (store, removals[i], "remove a VM", guid, error))
      return FALSE;
  return TRUE;
}
