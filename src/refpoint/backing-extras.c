/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a backup has beside the disks: the point's exported pair, and what the VM is. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "refpoint/backing.h"
#include "refpoint/export.h"

/* UEFI variables are some hundred KiB, a TPM's state some ten. What is larger is something else. */
#define STATE_LIMIT_BYTES (64u * 1024 * 1024)
#define STATE_LIMIT_FILES 64u

#define DEFINITION_NAME   "domain.xml"
#define NVRAM_NAME        "nvram.fd"
#define TPM_PREFIX        "tpm."

void
cairn_backing_extra_free (CairnBackingExtra *extra)
{
  g_free (extra->extra.original);
  g_free (extra->extra.file.name);
  g_free (extra->extra.file.sha256);
  g_clear_pointer (&extra->content, g_bytes_unref);
  g_free (extra);
}

void
cairn_backing_add_extra (CairnBackingUp *backing, CairnDataRole role, char *name,
                         const char *original, GBytes *content)
{
  CairnBackingExtra *extra = g_new0 (CairnBackingExtra, 1);

  extra->extra.role = role;
  extra->extra.file.name = name;
  extra->extra.original = g_strdup (original);
  extra->content = content;
  g_ptr_array_add (backing->extras, extra);
}

static gboolean
add_file (CairnBackingUp *backing, CairnDataRole role, char *name, const char *path, GError **error)
{
  g_autofree char *ours = name;
  g_autoptr (GError) cause = NULL;
  struct stat status;
  char *content = NULL;
  gsize n_bytes = 0;

  if (stat (path, &status) != 0 || !S_ISREG (status.st_mode)
      || status.st_size > (off_t)STATE_LIMIT_BYTES)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
                   "file '%s' of VM '%s' isn't there, or no plain file of up to %u MiB; bring it "
                   "back, or take it out of the VM's definition",
                   path, backing->vm->name, STATE_LIMIT_BYTES >> 20);
      return FALSE;
    }
  if (!g_file_get_contents (path, &content, &n_bytes, &cause))
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_ACCESS_DENIED,
                   "file '%s' of VM '%s' can't be read (%s); run as a user who may read it", path,
                   backing->vm->name, cause->message);
      return FALSE;
    }
  cairn_backing_add_extra (backing, role, g_steal_pointer (&ours), path,
                           g_bytes_new_take (content, n_bytes));
  return TRUE;
}

/* The emulator replaces its files by renaming, so each is whole. Its lock isn't state. */
static gboolean
add_tpm (CairnBackingUp *backing, const char *directory, GError **error)
{
  g_autoptr (GDir) entries = g_dir_open (directory, 0, NULL);
  const char *name;
  guint n = 0;

  while (entries && n < STATE_LIMIT_FILES && (name = g_dir_read_name (entries)))
    {
      g_autofree char *path = g_build_filename (directory, name, NULL);

      if (*name == '.' || !g_file_test (path, G_FILE_TEST_IS_REGULAR))
        continue;
      if (!add_file (backing, CAIRN_DATA_TPM, g_strconcat (TPM_PREFIX, name, NULL), path, error))
        return FALSE;
      n++;
    }
  return TRUE;
}

static gboolean
add_state (CairnBackingUp *backing, const CairnVmState *state, GError **error)
{
  if (state->definition)
    cairn_backing_add_extra (backing, CAIRN_DATA_DEFINITION, g_strdup (DEFINITION_NAME), NULL,
                             g_bytes_new (state->definition, strlen (state->definition)));
  return (!state->nvram_path
          || add_file (backing, CAIRN_DATA_NVRAM, g_strdup (NVRAM_NAME), state->nvram_path, error))
         && (!state->tpm_directory || add_tpm (backing, state->tpm_directory, error));
}

static gboolean
add_pair (CairnBackingUp *backing, GError **error)
{
  GBytes *configuration = NULL, *runtime = NULL;
  const char *guid = backing->point->guid;

  if (!cairn_export_make_pair (backing->vm, backing->point, &configuration, &runtime, error))
    return FALSE;
  cairn_backing_add_extra (backing, CAIRN_DATA_METADATA, g_strconcat (guid, ".vmcx", NULL), NULL,
                           configuration);
  cairn_backing_add_extra (backing, CAIRN_DATA_METADATA, g_strconcat (guid, ".vmrs", NULL), NULL,
                           runtime);
  return TRUE;
}

gboolean
cairn_backing_take_state (CairnBackingUp *backing, GError **error)
{
  CairnTracker *tracker = backing->service->tracker;
  CairnVmState state = { 0 };
  gboolean ok;

  if (backing->is_bare)
    return TRUE;
  ok = add_pair (backing, error)
       && (!tracker->ops->describe_state
           || tracker->ops->describe_state (tracker, backing->vm, &state, error))
       && add_state (backing, &state, error);
  cairn_vm_state_clear (&state);
  return ok;
}
