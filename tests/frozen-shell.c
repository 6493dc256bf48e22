/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Holds a VM's disks by the libvirt tracker, for tests: frozen-shell URI VM
 *
 * Obeys one line of standard input after the other, and answers each with a line of JSON, or with
 * "CODE SENTENCE" when it can't. Ends, and with it what it holds, at the end of its input.
 *
 *     freeze NAME [BASE]...     makes the bitmap on all qcow2 disks and holds all disks but drives
 *                               for media; BASE: bitmap for the disks in their order, - = none
 *     open NAME                 the views of such a freeze of another process
 *     changes TARGET BITMAP     [[offset, length], ...], or the verdict, by what is held
 *     ask TARGET BITMAP         the same by the tracker, as of now
 *     dump TARGET FILE          writes the view's bytes to FILE
 *     add NAME; remove NAME     a bitmap on all qcow2 disks
 *     state                     what describe_state tells
 *     end                       ends what is held
 */
#include <fcntl.h>
#include <inttypes.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "refpoint/frozen.h"
#include "refpoint/module.h"
#include "tracker/libvirt/libvirt.h"
#include "tracker/offline/offline.h"

typedef struct
{
  CairnTracker *tracker;
  const char *vm_name;
  CairnVm *vm;
  GPtrArray *tracked; /* of CairnDisk, borrowed from the VM: those of format qcow2 */
  GPtrArray *disks;   /* of CairnDisk, copies: what is held */
  CairnFrozen *frozen;
} Shell;

/* Every command is a call of the service, which finds its VM first. */
static gboolean
find_vm (Shell *shell, GError **error)
{
  g_clear_pointer (&shell->vm, cairn_vm_free);
  g_ptr_array_set_size (shell->tracked, 0);
  shell->vm = shell->tracker->ops->find_vm (shell->tracker, shell->vm_name, error);
  for (guint i = 0; shell->vm && i < shell->vm->disks->len; i++)
    if (strcmp (((CairnDisk *)shell->vm->disks->pdata[i])->format, "qcow2") == 0)
      g_ptr_array_add (shell->tracked, shell->vm->disks->pdata[i]);
  return shell->vm != NULL;
}

static void
end_frozen (Shell *shell)
{
  if (shell->frozen)
    shell->frozen->end (g_steal_pointer (&shell->frozen));
}

static void
choose_disks (Shell *shell)
{
  end_frozen (shell);
  g_ptr_array_set_size (shell->disks, 0);
  for (guint i = 0; i < shell->vm->disks->len; i++)
    g_ptr_array_add (shell->disks, cairn_disk_copy (shell->vm->disks->pdata[i]));
}

static int
find_disk (const Shell *shell, const char *target, GError **error)
{
  for (guint i = 0; shell->frozen && i < shell->disks->len; i++)
    if (g_strcmp0 (((CairnDisk *)shell->disks->pdata[i])->target, target) == 0)
      return (int)i;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER, "'%s' isn't held", target);
  return -1;
}

/* ---- answers ---- */

static char *
tell_addresses (const Shell *shell)
{
  GString *out = g_string_new ("[");

  for (guint i = 0; i < shell->frozen->addresses->len; i++)
    g_string_append_printf (out, "%s\"%s\"", i ? "," : "",
                            (char *)shell->frozen->addresses->pdata[i]);
  return g_string_free (g_string_append (out, "]"), FALSE);
}

static char *
tell_extents (const GArray *extents, const CairnJudgement *judgement)
{
  GString *out;

  if (!extents)
    return g_strdup_printf ("\"%s\"", cairn_verdict_name (judgement->verdict));
  out = g_string_new ("[");
  for (guint i = 0; i < extents->len; i++)
    {
      const CairnExtent *extent = &g_array_index (extents, CairnExtent, i);

      g_string_append_printf (out, "%s[%" PRIu64 ",%" PRIu64 "]", i ? "," : "",
                              extent->offset_bytes, extent->length_bytes);
    }
  return g_string_free (g_string_append (out, "]"), FALSE);
}

static CairnAnchor *
anchor_of (const CairnDisk *disk, uint64_t size_bytes, const char *bitmap)
{
  CairnAnchor *anchor = cairn_anchor_new ();

  anchor->path = g_strdup (disk->path);
  anchor->format = g_strdup ("qcow2");
  anchor->bitmap = g_strdup (bitmap);
  anchor->virtual_size_bytes = size_bytes;
  anchor->granularity_bytes = CAIRN_DEFAULT_GRANULARITY;
  return anchor;
}

/* ---- commands ---- */

static char *
run_freeze (Shell *shell, char **words, GError **error)
{
  CairnBitmapOrder order = { .vm = shell->vm,
                             .disks = shell->tracked,
                             .name = words[1],
                             .granularity_bytes = CAIRN_DEFAULT_GRANULARITY,
                             .deadline = INT64_MAX };
  g_autofree const char **bases = g_new0 (const char *, shell->vm->disks->len + 1);

  choose_disks (shell);
  for (guint i = 0; words[1] && words[2 + i] && i < shell->disks->len; i++)
    bases[i] = strcmp (words[2 + i], "-") == 0 ? NULL : words[2 + i];
  shell->frozen = shell->tracker->ops->freeze (shell->tracker, &order, shell->disks, bases, error);
  return shell->frozen ? tell_addresses (shell) : NULL;
}

static char *
run_open (Shell *shell, char **words, GError **error)
{
  choose_disks (shell);
  shell->frozen = shell->tracker->ops->open_frozen (shell->tracker, shell->vm, shell->disks,
                                                    words[1], INT64_MAX, error);
  return shell->frozen ? tell_addresses (shell) : NULL;
}

static char *
run_end (Shell *shell, char **words, GError **error)
{
  end_frozen (shell);
  return g_strdup ("true");
}

static char *
run_changes (Shell *shell, char **words, GError **error)
{
  int index = find_disk (shell, words[1], error);
  g_autoptr (CairnAnchor) anchor = NULL;
  g_autoptr (GArray) extents = NULL;
  CairnJudgement judgement = { 0 };
  CairnView *view;
  char *told = NULL;

  if (index < 0)
    return NULL;
  view = shell->frozen->views->pdata[index];
  anchor = anchor_of (shell->disks->pdata[index], view->size_bytes, words[2]);
  if (shell->frozen->changes (shell->frozen, (guint)index, anchor, &extents, &judgement, INT64_MAX,
                              error))
    told = tell_extents (extents, &judgement);
  cairn_judgement_clear (&judgement);
  return told;
}

static char *
run_ask (Shell *shell, char **words, GError **error)
{
  const CairnDisk *disk = cairn_vm_find_target (shell->vm, words[1]);
  CairnDiskProbe probe = { 0 };
  g_autoptr (CairnAnchor) anchor = NULL;
  CairnQuestion question = { .disk = disk, .length_bytes = UINT64_MAX };
  char *told = NULL;

  shell->tracker->ops->probe_disk (shell->tracker, shell->vm, disk, &probe);
  question.anchor = anchor = anchor_of (disk, probe.virtual_size_bytes, words[2]);
  cairn_disk_probe_clear (&probe);
  if (shell->tracker->ops->changes (shell->tracker, shell->vm, &question, 1, INT64_MAX, error))
    told = tell_extents (question.extents, &question.judgement);
  cairn_question_clear (&question);
  return told;
}

static char *
run_dump (Shell *shell, char **words, GError **error)
{
  int index = find_disk (shell, words[1], error);
  CairnView *view = index < 0 ? NULL : shell->frozen->views->pdata[index];
  g_autofree char *buffer = view ? g_malloc (view->read_bytes) : NULL;
  int fd = view ? open (words[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
  gboolean ok = fd >= 0;

  for (uint64_t at = 0; ok && at < view->size_bytes; at += view->read_bytes)
    {
      size_t length = (size_t)MIN (view->read_bytes, view->size_bytes - at);

      ok = view->ops->read (view, (unsigned)(at / view->read_bytes) % view->n_readers, at, buffer,
                            length, error)
           && pwrite (fd, buffer, length, (off_t)at) == (ssize_t)length;
    }
  if (fd >= 0)
    close (fd);
  return ok ? g_strdup ("true") : NULL;
}

static char *
run_add (Shell *shell, char **words, GError **error)
{
  CairnBitmapOrder order = { .vm = shell->vm,
                             .disks = shell->tracked,
                             .name = words[1],
                             .granularity_bytes = CAIRN_DEFAULT_GRANULARITY,
                             .deadline = INT64_MAX };

  return shell->tracker->ops->add_bitmap (shell->tracker, &order, error) ? g_strdup ("true") : NULL;
}

static char *
run_remove (Shell *shell, char **words, GError **error)
{
  return shell->tracker->ops->remove_bitmap (shell->tracker, shell->vm, shell->tracked, words[1],
                                             INT64_MAX, error)
             ? g_strdup ("true")
             : NULL;
}

static char *
run_state (Shell *shell, char **words, GError **error)
{
  g_autoptr (JsonBuilder) out = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  CairnVmState state = { 0 };

  if (!shell->tracker->ops->describe_state (shell->tracker, shell->vm, &state, error))
    return NULL;
  json_builder_begin_object (out);
  json_builder_set_member_name (out, "definition");
  json_builder_add_string_value (out, state.definition);
  json_builder_set_member_name (out, "nvram");
  json_builder_add_string_value (out, state.nvram_path);
  json_builder_set_member_name (out, "tpm");
  json_builder_add_string_value (out, state.tpm_directory);
  json_builder_end_object (out);
  root = json_builder_get_root (out);
  cairn_vm_state_clear (&state);
  return json_to_string (root, FALSE);
}

static const struct
{
  const char *name;
  char *(*run) (Shell *shell, char **words, GError **error);
} commands[] = {
  { "freeze", run_freeze },   { "open", run_open },     { "end", run_end },
  { "changes", run_changes }, { "ask", run_ask },       { "dump", run_dump },
  { "add", run_add },         { "remove", run_remove }, { "state", run_state },
};

static void
obey (Shell *shell, const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  g_autoptr (GError) error = NULL;
  g_autofree char *answer = NULL;

  for (size_t i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_strcmp0 (words[0], commands[i].name) == 0 && find_vm (shell, &error))
      answer = commands[i].run (shell, words, &error);
  if (answer)
    printf ("%s\n", answer);
  else
    printf ("%d %s\n", error ? error->code : 0, error ? error->message : "what?");
  fflush (stdout);
}

int
main (int argc, char **argv)
{
  Shell shell = { .vm_name = argc == 3 ? argv[2] : NULL };
  g_autoptr (GError) error = NULL;
  CairnLibvirtNewFunc entry = (CairnLibvirtNewFunc)cairn_module_symbol (
      CAIRN_LIBVIRT_MODULE, CAIRN_LIBVIRT_ENTRY, &error);
  char line[1024];

  shell.tracker
      = entry && shell.vm_name ? entry (argv[1], cairn_offline_tracker_new (), &error) : NULL;
  if (!shell.tracker)
    return fprintf (stderr, "%s\n", error ? error->message : "usage"), 1;
  shell.tracked = g_ptr_array_new ();
  shell.disks = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_disk_free);
  while (fgets (line, sizeof line, stdin))
    obey (&shell, g_strchomp (line));
  end_frozen (&shell);
  g_clear_pointer (&shell.vm, cairn_vm_free);
  shell.tracker->ops->close (shell.tracker);
  g_ptr_array_unref (shell.tracked);
  g_ptr_array_unref (shell.disks);
  return 0;
}
