/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks again at the points of every VM to which something happened.
 *
 * The tracker tells on a thread of its own; what it told waits here, one entry for each VM, until
 * the caller's thread comes to it. A VM that is in use is looked at again after a while.
 */
#include <string.h>

#include "refpoint/attachment.h"
#include "refpoint/newcomer.h"
#include "refpoint/operation.h"
#include "refpoint/recovery.h"

/* Naps between looks at a VM that another operation has to itself, or that migrates. */
#define SHORTEST_NAP_US (10 * G_TIME_SPAN_MILLISECOND)
#define LONGEST_NAP_US  (2 * G_TIME_SPAN_SECOND)

/* The images of a VM that stopped are held some milliseconds longer, by the QEMU that ends; those
 * of one that went to another host for ever: after that many naps (a second in all) it is told. */
#define BUSY_LIMIT 7

/* The entry that stands for all VMs. */
#define EVERYTHING "*"

/* A VM that waits for its turn. */
typedef struct
{
  char *vm_guid; /* or EVERYTHING */
  GString *what; /* "stopped, started" */
  int64_t due_us;
  int64_t nap_us; /* the next one */
  unsigned n_busy;
} Turn;

typedef struct
{
  CairnService *service; /* borrowed; its lock guards TURNS */
  GHashTable *turns;     /* VM GUID -> Turn */
} Watch;

static void
turn_free (Turn *turn)
{
  g_free (turn->vm_guid);
  g_string_free (turn->what, TRUE);
  g_free (turn);
}

/* The words are few, and each stands there once: what waits can't grow with the events. */
static void
add_words (GString *words, const char *more)
{
  g_auto (GStrv) said = g_strsplit (words->str, ", ", -1);
  g_auto (GStrv) added = g_strsplit (more, ", ", -1);

  for (char **word = added; *word; word++)
    if (!g_strv_contains ((const char *const *)said, *word))
      g_string_append_printf (words, "%s%s", words->len > 0 ? ", " : "", *word);
}

/* With the lock held. */
static void
put (Watch *watch, const char *vm_guid, const char *what)
{
  Turn *turn = g_hash_table_lookup (watch->turns, vm_guid);

  if (!turn)
    {
      turn = g_new0 (Turn, 1);
      turn->vm_guid = g_strdup (vm_guid);
      turn->what = g_string_new (NULL);
      g_hash_table_insert (watch->turns, turn->vm_guid, turn);
    }
  turn->due_us = g_get_monotonic_time ();
  turn->nap_us = SHORTEST_NAP_US;
  turn->n_busy = 0;
  add_words (turn->what, what);
}

/* The tracker's thread comes here. */
static void
happened (const char *vm_guid, const char *what, gpointer user)
{
  Watch *watch = user;
  CairnService *service = watch->service;

  g_mutex_lock (&service->watch_lock);
  put (watch, vm_guid ? vm_guid : EVERYTHING, what);
  g_cond_signal (&service->watch_changed);
  g_mutex_unlock (&service->watch_lock);
}

/* TURN comes again later, or at once when something else happened to its VM meanwhile. */
static void
put_back (Watch *watch, Turn *turn)
{
  CairnService *service = watch->service;
  const Turn *newer;

  g_mutex_lock (&service->watch_lock);
  newer = g_hash_table_lookup (watch->turns, turn->vm_guid);
  turn->due_us = g_get_monotonic_time () + (newer ? 0 : turn->nap_us);
  turn->nap_us = newer ? SHORTEST_NAP_US : MIN (2 * turn->nap_us, LONGEST_NAP_US);
  turn->n_busy = newer ? 0 : turn->n_busy;
  if (newer)
    add_words (turn->what, newer->what->str);
  g_hash_table_replace (watch->turns, turn->vm_guid, turn);
  g_mutex_unlock (&service->watch_lock);
}

static Turn *
find_first (GHashTable *turns)
{
  GHashTableIter each;
  gpointer value;
  Turn *first = NULL;

  g_hash_table_iter_init (&each, turns);
  while (g_hash_table_iter_next (&each, NULL, &value))
    if (!first || ((Turn *)value)->due_us < first->due_us)
      first = value;
  return first;
}

/* Waits for the next turn, the caller's; NULL when the watch is to stop. */
static Turn *
take_turn (Watch *watch)
{
  CairnService *service = watch->service;
  Turn *turn = NULL;

  g_mutex_lock (&service->watch_lock);
  while (!service->watch_stops)
    {
      turn = find_first (watch->turns);
      if (!turn)
        g_cond_wait (&service->watch_changed, &service->watch_lock);
      else if (turn->due_us > g_get_monotonic_time ())
        g_cond_wait_until (&service->watch_changed, &service->watch_lock, turn->due_us);
      else
        break;
    }
  turn = service->watch_stops ? NULL : turn;
  if (turn)
    g_hash_table_steal (watch->turns, turn->vm_guid);
  g_mutex_unlock (&service->watch_lock);
  return turn;
}

/* ---- a look at one VM ---- */

static void
event_free (CairnEvent *event)
{
  if (!event)
    return;
  g_free (event->vm_guid);
  g_free (event->vm_name);
  g_free (event->what);
  g_clear_pointer (&event->points, g_ptr_array_unref);
  g_clear_error (&event->cause);
  g_free (event);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnEvent, event_free)

/* Losses that STATE shows and the store doesn't know yet, marked in a copy of its point that can
 * replace it; NULL without an error when there is none. */
static CairnPoint *
mark_losses (CairnService *service, const CairnPointState *state, GError **error)
{
  CairnPoint *marked = NULL;

  for (guint i = 0; i < state->point->anchors->len; i++)
    {
      const CairnAnchor *anchor = state->point->anchors->pdata[i];
      const CairnDiskVerdict *verdict = state->disks->pdata[i];
      CairnAnchor *kept;

      if (anchor->lost || !cairn_verdict_loses_changes (verdict->verdict))
        continue;
      if (!marked)
        marked = cairn_service_find_point (service, state->point->instance_id, error);
      if (!marked || i >= marked->anchors->len)
        return marked;
      kept = marked->anchors->pdata[i];
      if (!kept->lost)
        kept->lost = g_strdup (cairn_verdict_name (verdict->verdict));
    }
  return marked;
}

/* On stable storage: what an event shows may not show later, and judging leaves a hint only. */
static gboolean
remember_losses (CairnService *service, const GPtrArray *states, GError **error)
{
  g_autoptr (GPtrArray) lost = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_point_free);
  CairnStoreChange change = { .replace_points = lost };
  g_autoptr (GError) cause = NULL;

  for (guint i = 0; i < states->len && !cause; i++)
    {
      CairnPoint *marked = mark_losses (service, states->pdata[i], &cause);

      if (marked)
        g_ptr_array_add (lost, marked);
    }
  if (cause)
    g_propagate_error (error, g_steal_pointer (&cause));
  else if (lost->len == 0 || cairn_service_apply (service, &change, error))
    return TRUE;
  return FALSE;
}

static gboolean
is_busy (const GPtrArray *states)
{
  for (guint i = 0; states && i < states->len; i++)
    {
      const GPtrArray *disks = ((CairnPointState *)states->pdata[i])->disks;

      for (guint k = 0; k < disks->len; k++)
        if (((CairnDiskVerdict *)disks->pdata[k])->verdict == CAIRN_VERDICT_BUSY)
          return TRUE;
    }
  return FALSE;
}

/* With the VM to itself: finishes what was left unfinished, makes the hypervisor's records follow,
 * and judges. The first failure is the event's cause, and the rest is done all the same. */
static void
look_inside (const CairnOperation *operation, CairnEvent *event)
{
  CairnService *service = operation->service;
  const CairnVm *vm = operation->vm;
  g_autoptr (GPtrArray) points = NULL;
  GError **cause = &event->cause;

  event->vm_name = g_strdup (vm->name);
  if (!cairn_recovery_require (service, vm->guid, cause))
    cause = NULL;
  if (!cairn_service_try_settle (service, vm, operation->deadline, cause))
    cause = NULL;
  points = service->store->ops->list_points (service->store, vm->guid, cause);
  if (!points)
    return;
  event->points = cairn_points_judge (service, vm, points, operation->deadline, cause);
  if (!event->points)
    return;
  remember_losses (service, event->points, event->cause ? NULL : &event->cause);
  cairn_newcomers_append_to_all (service, vm, event->points);
}

/* A VM that the hypervisor doesn't know: nothing of it can be judged. One of plain images is none
 * of the hypervisor's business. */
static gboolean
look_outside (CairnService *service, const GPtrArray *points, int64_t deadline, CairnEvent *event)
{
  g_autoptr (CairnVm) record = service->store->ops->get_vm (service->store, event->vm_guid, NULL);

  if (record && !record->is_domain)
    return FALSE;
  event->vm_name = g_strdup ("");
  event->points = cairn_points_judge (service, NULL, points, deadline, &event->cause);
  return TRUE;
}

/* What holds for TURN's VM now; NULL when there is nothing to tell, or (*AGAIN) not yet. */
static CairnEvent *
look (CairnService *service, Turn *turn, gboolean *again)
{
  int64_t deadline = cairn_service_start_call (service);
  g_autoptr (CairnEvent) event = g_new0 (CairnEvent, 1);
  g_autoptr (GPtrArray) points = NULL;
  g_autoptr (CairnOperation) operation = NULL;
  g_autoptr (GError) cause = NULL;

  *again = FALSE;
  event->vm_guid = g_strdup (turn->vm_guid);
  event->what = g_strdup (turn->what->str);
  points = service->store->ops->list_points (service->store, turn->vm_guid, &event->cause);
  if (points && points->len == 0)
    return NULL;
  if (points)
    operation = cairn_operation_begin_as_is (service, turn->vm_guid, 0, deadline, &cause);
  if (operation)
    look_inside (operation, event);
  else if (cause && cause->code == CAIRN_ERROR_SYSTEM_IN_USE)
    *again = TRUE;
  else if (cause && cause->code == CAIRN_ERROR_INVALID_PARAMETER
           && !look_outside (service, points, deadline, event))
    return NULL;
  else if (cause && cause->code != CAIRN_ERROR_INVALID_PARAMETER)
    event->cause = g_steal_pointer (&cause);
  if (is_busy (event->points) && turn->n_busy++ < BUSY_LIMIT)
    *again = TRUE;
  return *again ? NULL : g_steal_pointer (&event);
}

/* ---- the watch ---- */

/* Every VM that has points gets a turn. */
static gboolean
spread (Watch *watch, const char *what, GError **error)
{
  CairnService *service = watch->service;
  g_autoptr (GPtrArray) points = service->store->ops->list_points (service->store, NULL, error);
  const char *guid = NULL;

  g_mutex_lock (&service->watch_lock);
  for (guint i = 0; points && i < points->len; i++)
    {
      const CairnPoint *point = points->pdata[i];

      if (g_strcmp0 (guid, point->vm_guid) != 0)
        put (watch, point->vm_guid, what);
      guid = point->vm_guid;
    }
  g_mutex_unlock (&service->watch_lock);
  return points != NULL;
}

static gboolean
run (Watch *watch, CairnEventFunc function, gpointer user, GError **error)
{
  gboolean goes_on = TRUE;

  while (goes_on)
    {
      Turn *turn = take_turn (watch);
      g_autoptr (CairnEvent) event = NULL;
      gboolean again = FALSE;

      if (!turn)
        return TRUE;
      if (strcmp (turn->vm_guid, EVERYTHING) != 0)
        event = look (watch->service, turn, &again);
      else if (!spread (watch, turn->what->str, error))
        {
          turn_free (turn);
          return FALSE;
        }
      if (again)
        put_back (watch, turn);
      else
        turn_free (turn);
      goes_on = !event || function (event, user);
    }
  return TRUE;
}

gboolean
cairn_service_watch (CairnService *service, CairnEventFunc function, gpointer user, GError **error)
{
  CairnTracker *tracker = service->tracker;
  Watch watch = { .service = service };
  gboolean ok;

  if (!tracker->ops->begin_watch)
    {
      g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED,
                           "plain images don't tell what happens to them; name a hypervisor with "
                           "--connect, for example --connect=qemu:///system");
      return FALSE;
    }
  watch.turns = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)turn_free);
  ok = tracker->ops->begin_watch (tracker, happened, &watch, error);
  if (ok)
    {
      ok = run (&watch, function, user, error);
      tracker->ops->end_watch (tracker);
    }
  g_hash_table_unref (watch.turns);
  g_mutex_lock (&service->watch_lock);
  service->watch_stops = FALSE;
  g_mutex_unlock (&service->watch_lock);
  return ok;
}

void
cairn_service_stop_watch (CairnService *service)
{
  g_mutex_lock (&service->watch_lock);
  service->watch_stops = TRUE;
  g_cond_signal (&service->watch_changed);
  g_mutex_unlock (&service->watch_lock);
}
