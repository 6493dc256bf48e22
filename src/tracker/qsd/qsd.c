/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Edits bitmaps through a qemu-storage-daemon that lives for one call.
 *
 *   spawn with the images on its command line -> greeting -> transaction -> quit -> its end
 *
 * A SIGTERM must find it able to close what it has open, whenever it comes (measured, QEMU 7.2):
 * - It installs its handler first, then opens the images of its command line, then enters its main
 *   loop. So a SIGTERM finds nothing open, or the handler.
 * - Images must not be opened through QMP. A blockdev-add that waits to be read when the SIGTERM
 *   comes is still run, *after* all images were closed: it opens its image, marks all bitmaps in
 *   use, and exits with status 0. (One SIGTERM in sixty, on a busy machine.)
 * - A handler only sets a flag, and a SIGTERM just before the main loop's poll is noticed at the
 *   next event, which never comes when we are dead: spawn.h's heartbeat is that event.
 * - It must not see our end of the socket close: while its monitor is being set up that is a
 *   segmentation fault in its I/O thread, with the images open (one kill in three hundred). So it
 *   inherits both ends, and the SIGTERM alone tells it that we are dead. */
#include "tracker/qsd/qsd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tracker/qsd/key.h"
#include "tracker/qsd/qmp.h"
#include "tracker/qsd/refusal.h"
#include "tracker/qsd/request.h"
#include "tracker/qsd/spawn.h"

#define QSD_PROGRAM "qemu-storage-daemon"

/* Where it is looked for when PATH (of a service, say) doesn't have it. */
#define QSD_USUAL_PLACE "/usr/bin/" QSD_PROGRAM

static int64_t
answer_deadline (const CairnQsdEdit *edit)
{
  int64_t own = g_get_monotonic_time () + CAIRN_QSD_ANSWER_MS * G_TIME_SPAN_MILLISECOND;

  return MIN (own, edit->deadline);
}

static char *
find_program (GError **error)
{
  const char *chosen = g_getenv ("CAIRN_QSD");
  g_autofree char *found = NULL;

  if (!chosen || !*chosen)
    chosen = QSD_PROGRAM;
  found = g_find_program_in_path (chosen);
  if (!found && strcmp (chosen, QSD_PROGRAM) == 0 && access (QSD_USUAL_PLACE, X_OK) == 0)
    found = g_strdup (QSD_USUAL_PLACE);
  if (!found)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE,
                 "'%s' isn't there, which edits the bitmaps of shut-off images; install package "
                 "qemu-system-common",
                 chosen);
  return g_steal_pointer (&found);
}

/* What QSD says when it couldn't store an image's bitmaps at closing.
 * Source: QEMU block/qcow2.c, qcow2_inactivate. */
#define LOST_WORDS "Lost persistent bitmaps during inactivation of node 'cairn%zu'"

static gboolean
spawn_with_keys (const CairnQsdEdit *edit, const int *keys, CairnChild *child, const int pair[2],
                 GError **error)
{
  char *program = find_program (error);
  g_autoptr (GPtrArray) argv = NULL;
  g_autofree int *keep = g_new (int, 2 * edit->n_images + 3);
  size_t n_keep = 0;

  if (!program)
    return FALSE;
  argv = cairn_request_command (edit, keys, program, pair[1]);
  for (size_t i = 0; i < edit->n_images; i++)
    {
      keep[n_keep++] = edit->images[i].fd;
      if (keys[i] >= 0)
        keep[n_keep++] = keys[i];
    }
  keep[n_keep++] = pair[1];
  keep[n_keep++] = pair[0]; /* so that it never hears us hang up */
  if (edit->graft)
    keep[n_keep++] = edit->graft->scratch_fd;
  return cairn_child_spawn (child, (const char *const *)argv->pdata, keep, n_keep, error);
}

/* The pipes of the keys, in KEYS; -1 where there is none. */
static gboolean
open_keys (const CairnQsdEdit *edit, int *keys, GError **error)
{
  gboolean ok = TRUE;

  for (size_t i = 0; i < edit->n_images; i++)
    {
      GBytes *key = edit->images[i].key;

      keys[i] = key && ok ? cairn_key_open (key, error) : -1;
      ok = ok && (!key || keys[i] >= 0);
    }
  return ok;
}

static gboolean
spawn_qsd (const CairnQsdEdit *edit, CairnChild *child, const int pair[2], GError **error)
{
  g_autofree int *keys = g_new (int, edit->n_images);
  gboolean ok = open_keys (edit, keys, error) && spawn_with_keys (edit, keys, child, pair, error);

  for (size_t i = 0; i < edit->n_images; i++)
    if (keys[i] >= 0)
      close (keys[i]);
  return ok;
}

static void
free_headers (gpointer headers)
{
  if (headers)
    g_ptr_array_unref (headers);
}

static GPtrArray *
make_headers (const CairnQsdEdit *edit)
{
  GPtrArray *headers = g_ptr_array_new_with_free_func (free_headers);

  for (size_t i = 0; i < edit->n_images; i++)
    g_ptr_array_add (headers, g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref));
  return headers;
}

/* Adds the headers as they are now. */
static void
add_headers (const CairnQsdEdit *edit, GPtrArray *headers)
{
  for (size_t i = 0; i < edit->n_images; i++)
    {
      size_t size = edit->images[i].header_bytes;
      g_autofree char *bytes = g_malloc (size);

      if (pread (edit->images[i].fd, bytes, size, 0) == (ssize_t)size)
        g_ptr_array_add (headers->pdata[i], g_bytes_new_take (g_steal_pointer (&bytes), size));
    }
}

static void
forget_headers (GPtrArray *headers)
{
  for (guint i = 0; i < headers->len; i++)
    g_ptr_array_set_size (headers->pdata[i], 0);
}

/* Keeps the headers of the images whose bitmaps were lost. */
static void
keep_lost (GPtrArray *headers, const CairnChild *child)
{
  for (guint i = 0; i < headers->len; i++)
    {
      g_autofree char *lost = g_strdup_printf (LOST_WORDS, (size_t)i);

      if (!strstr (child->words->str, lost))
        free_headers (g_steal_pointer (&headers->pdata[i]));
    }
}

/* `quit` may be answered or not: QSD is on its way out, and closes the images on it.
 *
 * Adding writes nothing before that. Removing gives an image another directory at once. Where that
 * worked, the header after it is the good one. Where it was refused, the new directory may be in
 * the header all the same and have been given back: the header before is the good one, unless it
 * was another image of the transaction that refused. */
static gboolean
converse (const CairnQsdEdit *edit, CairnQmp *qmp, GPtrArray *headers, GError **error)
{
  g_autoptr (JsonNode) transaction = cairn_request_transaction (edit);
  g_autoptr (GError) refusal = NULL;

  if (!cairn_qmp_greet (qmp, answer_deadline (edit), error))
    return FALSE;
  if (cairn_qmp_run (qmp, "transaction", transaction, answer_deadline (edit), &refusal))
    forget_headers (headers);
  add_headers (edit, headers);
  if (!refusal)
    return cairn_qmp_send (qmp, "quit", NULL, answer_deadline (edit), error);
  g_propagate_prefixed_error (error, g_steal_pointer (&refusal), "bitmap '%s': ", edit->bitmap);
  return FALSE;
}

/* After `quit`: whether it ended as it should. */
static gboolean
wait_end (const CairnQsdEdit *edit, CairnChild *child, GError **error)
{
  g_autofree char *epitaph = NULL;
  gboolean ended = cairn_child_wait (child, answer_deadline (edit));

  if (ended && child->status == 0)
    return TRUE;
  epitaph = cairn_child_epitaph (child);
  g_set_error (error, CAIRN_ERROR, ended ? CAIRN_ERROR_FAILED : CAIRN_ERROR_TIMEOUT,
               "qemu-storage-daemon didn't end well: %s; try again", epitaph);
  return FALSE;
}

/* How long a QSD that hung up may take to end by itself, so that we learn how it ended. */
#define LAST_WORDS_MS 100

/* A refusal is told in QMP, an orderly end in the status; when it left in another way, say how. */
static void
explain (CairnChild *child, GError **error)
{
  gboolean is_orderly = child->pid == 0 && (child->asked || child->status == 0);
  g_autofree char *epitaph = NULL;
  g_autofree char *message = NULL;
  /* In QEMU's words, in the C library's, and in its loader's, which has the number only. */
  gboolean is_short = strstr (child->words->str, "Too many open files")
                      || strstr (child->words->str, "cannot open shared object file: Error 24");

  if ((is_orderly && child->words->len == 0) || strstr ((*error)->message, "didn't end well"))
    return;
  epitaph = cairn_child_epitaph (child);
  message = g_strdup_printf ("%s (%s)%s", (*error)->message, epitaph,
                             is_short ? "; raise the limit of open files (ulimit -n)" : "");
  g_free ((*error)->message);
  (*error)->message = g_steal_pointer (&message);
}

/* The image that a QSD which ended before it greeted couldn't open. */
static gboolean
find_refusal (const CairnQsdEdit *edit, const CairnChild *child, GError **error)
{
  for (size_t i = 0; i < edit->n_images; i++)
    {
      g_autofree char *option = cairn_request_image (&edit->images[i], i);

      if (cairn_refusal_find (child->words->str, option, edit->images[i].path, error))
        return TRUE;
    }
  return FALSE;
}

static gboolean
edit_through (const CairnQsdEdit *edit, CairnChild *child, int socket_fd, CairnQsdOutcome *outcome,
              GError **error)
{
  g_autoptr (GError) failure = NULL;
  CairnQmp qmp;
  gboolean ok;

  cairn_qmp_init (&qmp, socket_fd);
  ok = converse (edit, &qmp, outcome->lost_headers, &failure) && wait_end (edit, child, &failure);
  if (!ok && failure->code == CAIRN_ERROR_FAILED)
    cairn_child_wait (child, g_get_monotonic_time () + LAST_WORDS_MS * G_TIME_SPAN_MILLISECOND);
  outcome->ended = ok || cairn_child_end (child, CAIRN_QSD_END_MS);
  cairn_qmp_clear (&qmp);
  g_free (outcome->words);
  outcome->words = cairn_child_words (child);
  keep_lost (outcome->lost_headers, child);
  if (ok)
    return TRUE;
  if (find_refusal (edit, child, error))
    return FALSE;
  explain (child, &failure);
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

/* Both ends above the standard descriptors: the child has them under their numbers. */
static gboolean
make_socket (int pair[2], GError **error)
{
  int ends[2], cause;

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0)
    {
      for (int i = 0; i < 2; i++)
        {
          pair[i] = fcntl (ends[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
          cause = errno;
          close (ends[i]);
        }
      if (pair[0] >= 0 && pair[1] >= 0)
        return TRUE;
      for (int i = 0; i < 2; i++)
        if (pair[i] >= 0)
          close (pair[i]);
      errno = cause;
    }
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE,
               "no socket can be made for qemu-storage-daemon: %s; raise the limit of open files "
               "(ulimit -n)",
               g_strerror (errno));
  return FALSE;
}

gboolean
cairn_qsd_edit (const CairnQsdEdit *edit, CairnQsdOutcome *outcome, GError **error)
{
  CairnChild child = { .words_fd = -1 };
  int pair[2];
  gboolean ok;

  *outcome = (CairnQsdOutcome){ .ended = TRUE,
                                .words = g_strdup (""),
                                .lost_headers = make_headers (edit) };
  if (!make_socket (pair, error))
    return FALSE;
  add_headers (edit, outcome->lost_headers);
  ok = spawn_qsd (edit, &child, pair, error);
  close (pair[1]);
  if (ok)
    ok = edit_through (edit, &child, pair[0], outcome, error);
  else
    close (pair[0]);
  cairn_child_clear (&child);
  return ok;
}
