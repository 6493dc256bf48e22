/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Intents in a SQLite store. */
#include "store/sqlite/intents.h"

#include "store/sqlite/statement.h"

#define READING "read intents"
#define SAVING  "save an intent"

/* intent_path.role; kept in stores, so never renumbered. */
typedef enum
{
  ROLE_IMAGE = 0,
  ROLE_TEMPORARY_FILE = 1,
  ROLE_FINAL_FILE = 2,
} IntentRole;

#define INTENT_COLUMNS "sequence, id, vm_guid, kind, created_ms, point, bitmap, detail"
#define PATH_COLUMNS   "intent, role, path"

static const char all_intents[]
    = "SELECT " INTENT_COLUMNS " FROM intent ORDER BY created_ms, sequence";
static const char all_paths[]
    = "SELECT " PATH_COLUMNS " FROM intent_path ORDER BY intent, role, position";
/* No index on vm_guid: there are rarely more intents than operations under way. */
static const char intents_of_vm[]
    = "SELECT " INTENT_COLUMNS " FROM intent WHERE vm_guid = ?1 ORDER BY created_ms, sequence";
static const char paths_of_vm[]
    = "SELECT " PATH_COLUMNS " FROM intent_path"
      " WHERE intent IN (SELECT sequence FROM intent WHERE vm_guid = ?1)"
      " ORDER BY intent, role, position";

static GPtrArray *
paths_of_role (const CairnIntent *intent, int64_t role)
{
  switch (role)
    {
    case ROLE_IMAGE:
      return intent->images;
    case ROLE_TEMPORARY_FILE:
      return intent->temporary_files;
    case ROLE_FINAL_FILE:
      return intent->final_files;
    default:
      return NULL;
    }
}

static void
take_intent (CairnStatement *statement, GPtrArray *intents, GHashTable *by_sequence)
{
  g_autofree char *vm_guid = cairn_statement_text (statement, 2);
  CairnIntent *intent
      = cairn_intent_new ((CairnIntentKind)cairn_statement_int (statement, 3), vm_guid);
  gint64 sequence = cairn_statement_int (statement, 0);

  g_free (intent->id);
  g_free (intent->point);
  g_free (intent->bitmap);
  intent->id = cairn_statement_text (statement, 1);
  intent->created_ms = cairn_statement_int (statement, 4);
  intent->point = cairn_statement_text (statement, 5);
  intent->bitmap = cairn_statement_text (statement, 6);
  intent->detail = cairn_statement_bytes (statement, 7);
  g_ptr_array_add (intents, intent);
  g_hash_table_insert (by_sequence, g_memdup2 (&sequence, sizeof sequence), intent);
}

static void
take_path (CairnStatement *statement, GPtrArray *intents, GHashTable *by_sequence)
{
  gint64 sequence = cairn_statement_int (statement, 0);
  CairnIntent *intent = g_hash_table_lookup (by_sequence, &sequence);
  GPtrArray *paths = intent ? paths_of_role (intent, cairn_statement_int (statement, 1)) : NULL;

  if (paths)
    g_ptr_array_add (paths, cairn_statement_text (statement, 2));
}

static gboolean
read_rows (CairnSqliteStore *store, const char *sql, const char *vm_guid,
           void (*take) (CairnStatement *, GPtrArray *, GHashTable *), GPtrArray *intents,
           GHashTable *by_sequence, GError **error)
{
  g_autoptr (CairnStatement) statement = cairn_statement_take (store, sql, READING, error);
  CairnStep step;

  if (!statement)
    return FALSE;
  if (vm_guid)
    cairn_statement_bind_text (statement, 1, vm_guid);
  while ((step = cairn_statement_step (statement, error)) == CAIRN_STEP_ROW)
    take (statement, intents, by_sequence);
  return step == CAIRN_STEP_DONE;
}

static GPtrArray *
read_intents (CairnSqliteStore *store, const char *vm_guid, GError **error)
{
  g_autoptr (GPtrArray) intents
      = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_intent_free);
  g_autoptr (GHashTable) by_sequence
      = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);

  if (!read_rows (store, vm_guid ? intents_of_vm : all_intents, vm_guid, take_intent, intents,
                  by_sequence, error))
    return NULL;
  if (intents->len > 0
      && !read_rows (store, vm_guid ? paths_of_vm : all_paths, vm_guid, take_path, intents,
                     by_sequence, error))
    return NULL;
  return g_steal_pointer (&intents);
}

GPtrArray *
cairn_sqlite_list_intents (CairnStore *base, const char *vm_guid, GError **error)
{
  CairnSqliteStore *store = (CairnSqliteStore *)base;
  g_autoptr (GPtrArray) intents = NULL;

  if (!cairn_connection_begin_read (store, error))
    return NULL;
  intents = read_intents (store, vm_guid, error);
  if (!intents)
    return cairn_connection_abort (store), NULL;
  return cairn_connection_end_read (store, error) ? g_steal_pointer (&intents) : NULL;
}

static gboolean
put_paths (CairnSqliteStore *store, int64_t sequence, IntentRole role, const GPtrArray *paths,
           GError **error)
{
  static const char sql[]
      = "INSERT INTO intent_path (intent, role, position, path) VALUES (?1, ?2, ?3, ?4)";

  for (guint i = 0; i < paths->len; i++)
    {
      g_autoptr (CairnStatement) statement = cairn_statement_take (store, sql, SAVING, error);

      if (!statement)
        return FALSE;
      cairn_statement_bind_int (statement, 1, sequence);
      cairn_statement_bind_int (statement, 2, role);
      cairn_statement_bind_int (statement, 3, i);
      cairn_statement_bind_text (statement, 4, paths->pdata[i]);
      if (!cairn_statement_run (statement, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
put_row (CairnSqliteStore *store, const CairnIntent *intent, int64_t *sequence, GError **error)
{
  static const char sql[]
      = "INSERT INTO intent (id, vm_guid, kind, created_ms, point, bitmap, detail)"
        " VALUES (upper (?1), upper (?2), ?3, ?4, ?5, ?6, ?7)"
        " ON CONFLICT (id) DO UPDATE SET vm_guid = excluded.vm_guid, kind = excluded.kind,"
        "  created_ms = excluded.created_ms, point = excluded.point, bitmap = excluded.bitmap,"
        "  detail = excluded.detail"
        " RETURNING sequence";
  g_autoptr (CairnStatement) statement = cairn_statement_take (store, sql, SAVING, error);

  if (!statement)
    return FALSE;
  cairn_statement_bind_text (statement, 1, intent->id);
  cairn_statement_bind_text (statement, 2, intent->vm_guid);
  cairn_statement_bind_int (statement, 3, intent->kind);
  cairn_statement_bind_int (statement, 4, intent->created_ms);
  cairn_statement_bind_text (statement, 5, intent->point);
  cairn_statement_bind_text (statement, 6, intent->bitmap);
  if (intent->detail)
    cairn_statement_bind_bytes (statement, 7, intent->detail);
  if (cairn_statement_step (statement, error) != CAIRN_STEP_ROW)
    return FALSE;
  *sequence = cairn_statement_int (statement, 0);
  return cairn_statement_run (statement, error);
}

gboolean
cairn_sqlite_put_intent (CairnSqliteStore *store, const CairnIntent *intent, GError **error)
{
  static const char drop_paths[] = "DELETE FROM intent_path WHERE intent ="
                                   " (SELECT sequence FROM intent WHERE id = ?1)";
  int64_t sequence = 0;

  return put_row (store, intent, &sequence, error)
         && cairn_statement_run_text (store, drop_paths, SAVING, intent->id, error)
         && put_paths (store, sequence, ROLE_IMAGE, intent->images, error)
         && put_paths (store, sequence, ROLE_TEMPORARY_FILE, intent->temporary_files, error)
         && put_paths (store, sequence, ROLE_FINAL_FILE, intent->final_files, error);
}

gboolean
cairn_sqlite_remove_intent (CairnSqliteStore *store, const char *id, GError **error)
{
  static const char sql[] = "DELETE FROM intent WHERE id = ?1"; /* its paths go too */

  return cairn_statement_run_text (store, sql, "remove an intent", id, error);
}
