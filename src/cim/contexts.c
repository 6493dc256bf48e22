/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Enumerations that wait for their clients. */
#include "cim/contexts.h"

#include <string.h>

/* What one caller has: a flood of one's own ends nobody else's. */
typedef struct
{
  char *caller_name;
  guint n;       /* taken ones too */
  size_t bytes;  /* of these */
  GQueue by_use; /* Entry, as in CimContexts */
} Share;

typedef struct
{
  char id[37];
  CimContext *context; /* NULL while it is taken */
  int64_t expires_us;  /* monotonic */
  guint protocol;
  size_t bytes;
  Share *share;
  GList link;     /* in the order of use, least lately first */
  GList own_link; /* the same in its share */
} Entry;

struct CimContexts
{
  GMutex lock;
  GHashTable *by_id;     /* id -> Entry, which it owns */
  GHashTable *by_caller; /* name -> Share, which it owns */
  GQueue by_use;
  size_t bytes; /* of all */
};

void
cim_context_free (CimContext *context)
{
  if (!context)
    return;
  cim_enumeration_free (context->enumeration);
  g_free (context->caller_name);
  g_free (context->text);
  g_free (context);
}

static void
free_entry (Entry *entry)
{
  cim_context_free (entry->context);
  g_free (entry);
}

static void
free_share (Share *share)
{
  g_free (share->caller_name);
  g_free (share);
}

CimContexts *
cim_contexts_new (void)
{
  CimContexts *contexts = g_new0 (CimContexts, 1);

  g_mutex_init (&contexts->lock);
  contexts->by_id
      = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)free_entry);
  contexts->by_caller
      = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)free_share);
  g_queue_init (&contexts->by_use);
  return contexts;
}

void
cim_contexts_free (CimContexts *contexts)
{
  if (!contexts)
    return;
  g_hash_table_unref (contexts->by_id);
  g_hash_table_unref (contexts->by_caller);
  g_mutex_clear (&contexts->lock);
  g_free (contexts);
}

static Share *
share_of (CimContexts *contexts, const char *caller_name)
{
  Share *share = g_hash_table_lookup (contexts->by_caller, caller_name);

  if (share)
    return share;
  share = g_new0 (Share, 1);
  share->caller_name = g_strdup (caller_name);
  g_queue_init (&share->by_use);
  g_hash_table_insert (contexts->by_caller, share->caller_name, share);
  return share;
}

static void
remove_entry (CimContexts *contexts, Entry *entry)
{
  Share *share = entry->share;

  contexts->bytes -= entry->bytes;
  share->bytes -= entry->bytes;
  if (--share->n == 0)
    g_hash_table_remove (contexts->by_caller, share->caller_name);
  g_hash_table_remove (contexts->by_id, entry->id);
}

static void
unlink_entry (CimContexts *contexts, Entry *entry)
{
  g_queue_unlink (&contexts->by_use, &entry->link);
  g_queue_unlink (&entry->share->by_use, &entry->own_link);
}

/* One that isn't taken. */
static void
drop (CimContexts *contexts, Entry *entry)
{
  unlink_entry (contexts, entry);
  remove_entry (contexts, entry);
}

/* Ends those whose time is over. Times differ, so that one behind a longer one waits for its turn:
 * what it costs is its place. */
static void
end_old (CimContexts *contexts)
{
  int64_t now = g_get_monotonic_time ();

  while (contexts->by_use.head && ((Entry *)contexts->by_use.head->data)->expires_us <= now)
    drop (contexts, contexts->by_use.head->data);
}

static void
touch (CimContexts *contexts, Entry *entry)
{
  entry->expires_us = g_get_monotonic_time () + (int64_t)entry->context->idle_s * G_USEC_PER_SEC;
  g_queue_push_tail_link (&contexts->by_use, &entry->link);
  g_queue_push_tail_link (&entry->share->by_use, &entry->own_link);
}

/* What it has for its client may have become more. */
static void
measure (CimContexts *contexts, Entry *entry)
{
  const CimContext *context = entry->context;
  size_t bytes = sizeof *entry + sizeof *context + cim_enumeration_bytes (context->enumeration)
                 + (context->text ? strlen (context->text) : 0);

  contexts->bytes += bytes - entry->bytes;
  entry->share->bytes += bytes - entry->bytes;
  entry->bytes = bytes;
}

/* For ENTRY, which is measured and waits in no queue yet. */
static void
make_room (CimContexts *contexts, const Entry *entry)
{
  Share *share = entry->share;

  while (
      share->by_use.head
      && (share->n > CIM_CONTEXTS_OF_CALLER_MAX || share->bytes > CIM_CONTEXTS_OF_CALLER_BYTES_MAX))
    drop (contexts, share->by_use.head->data);
  while (
      contexts->by_use.head
      && (contexts->by_use.length >= CIM_CONTEXTS_MAX || contexts->bytes > CIM_CONTEXTS_BYTES_MAX))
    drop (contexts, contexts->by_use.head->data);
}

void
cim_contexts_add (CimContexts *contexts, const CairnCaller *caller, CimContext *context,
                  char id[37])
{
  Entry *entry = g_new0 (Entry, 1);
  g_autofree char *uuid = g_uuid_string_random ();

  context->caller_name = g_strdup (caller->name);
  context->idle_s = CLAMP (context->idle_s, 1, CIM_CONTEXT_LONGEST_S);
  g_strlcpy (entry->id, uuid, sizeof entry->id);
  g_strlcpy (id, uuid, sizeof entry->id);
  entry->context = context;
  entry->protocol = context->protocol;
  entry->link.data = entry->own_link.data = entry;

  g_mutex_lock (&contexts->lock);
  end_old (contexts);
  entry->share = share_of (contexts, context->caller_name);
  entry->share->n++;
  measure (contexts, entry);
  make_room (contexts, entry);
  touch (contexts, entry);
  g_hash_table_insert (contexts->by_id, entry->id, entry);
  g_mutex_unlock (&contexts->lock);
}

CimContext *
cim_contexts_take (CimContexts *contexts, const CairnCaller *caller, guint protocol, const char *id,
                   GError **error)
{
  CimContext *context = NULL;
  Entry *entry;

  g_mutex_lock (&contexts->lock);
  entry = g_hash_table_lookup (contexts->by_id, id);
  if (entry && entry->context && entry->protocol == protocol
      && g_str_equal (entry->context->caller_name, caller->name))
    {
      if (entry->expires_us > g_get_monotonic_time ())
        {
          context = g_steal_pointer (&entry->context);
          unlink_entry (contexts, entry);
        }
      else
        drop (contexts, entry);
    }
  g_mutex_unlock (&contexts->lock);
  if (!context)
    g_set_error (error, CIM_ERROR, CIM_ERR_INVALID_ENUMERATION_CONTEXT,
                 "enumeration context '%.40s' isn't there (any more): it ended, was idle for too "
                 "long, or is in use; enumerate again",
                 id);
  return context;
}

void
cim_contexts_give_back (CimContexts *contexts, CimContext *context, const char *id)
{
  Entry *entry;

  g_mutex_lock (&contexts->lock);
  entry = g_hash_table_lookup (contexts->by_id, id);
  if (context)
    {
      entry->context = context;
      measure (contexts, entry);
      make_room (contexts, entry);
      touch (contexts, entry);
    }
  else
    remove_entry (contexts, entry);
  g_mutex_unlock (&contexts->lock);
}

guint
cim_contexts_count (CimContexts *contexts)
{
  guint n;

  g_mutex_lock (&contexts->lock);
  end_old (contexts);
  n = g_hash_table_size (contexts->by_id);
  g_mutex_unlock (&contexts->lock);
  return n;
}
