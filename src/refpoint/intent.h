/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* intent.h: what an operation is about to do outside the store, written down before it does.
 *
 * An operation puts its intent, works on images and files, then drops the intent in the same
 * transaction that makes its result true. An intent that is found with its VM unlocked was left by
 * a process that died; recovery.h says what becomes of it.
 */
#ifndef CAIRN_INTENT_H
#define CAIRN_INTENT_H

#include <glib.h>
#include <stdint.h>

typedef enum
{
  CAIRN_INTENT_CREATE = 1,        /* bitmaps may be there: remove them */
  CAIRN_INTENT_DESTROY = 2,       /* the point is gone from the store: remove bitmaps and log */
  CAIRN_INTENT_EXPORT = 3,        /* temporary files may be there: remove them */
  CAIRN_INTENT_PUBLISH = 4,       /* temporary files are complete: rename what isn't renamed yet */
  CAIRN_INTENT_CREATE_FROZEN = 5, /* as CREATE, and the guest may be frozen: thaw it */
  CAIRN_INTENT_ADOPT = 6,         /* an adoption that may be resumed: recovery leaves it alone */
  CAIRN_INTENT_ADOPTED = 7,       /* an adoption that is done: its catcher is left to be removed */
  CAIRN_INTENT_FORGET = 8,        /* logs are nobody's any more: remove them */
} CairnIntentKind;

/* The detail of an intent EXPORT that made its directory: undone, that goes too. */
#define CAIRN_INTENT_MADE_DIRECTORY "d"

typedef struct
{
  char *id;      /* a UUID, upper case */
  char *vm_guid; /* the VM whose lock the operation held; its own id: it holds that lock, and leaves
                    the VM to others */
  CairnIntentKind kind;
  int64_t created_ms;         /* milliseconds since 1970-01-01 UTC */
  char *point;                /* InstanceID the operation is about, or "" */
  char *bitmap;               /* bitmap name, or "" */
  GPtrArray *images;          /* of char *, owned: absolute paths of the images touched */
  GPtrArray *temporary_files; /* of char *, owned: absolute paths; DESTROY, FORGET: the names that
                                 logs have while they are removed */
  GPtrArray *final_files;     /* of char *, owned: parallel to temporary_files */
  GBytes *detail; /* what the kind keeps of its own (adopt: how far it is); NULL = none */
} CairnIntent;

CairnIntent *cairn_intent_new (CairnIntentKind kind, const char *vm_guid);

/* One that has a lock of its own. */
CairnIntent *cairn_intent_new_apart (CairnIntentKind kind);
gboolean cairn_intent_is_apart (const CairnIntent *intent);

/* The GUID of the VM that it is about, upper case; the caller frees. */
char *cairn_intent_find_vm (const CairnIntent *intent);

/* Says which point and bitmap it is about; both are copied. */
void cairn_intent_set_point (CairnIntent *intent, const char *instance_id, const char *bitmap);
void cairn_intent_free (CairnIntent *intent);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnIntent, cairn_intent_free)

#endif
