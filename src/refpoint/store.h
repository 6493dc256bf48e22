/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* store.h: where VMs, points, intents and jobs are kept. The store is the truth.
 *
 * Implementations: src/store/sqlite. One contract suite (tests/test-store-contract.c) runs against
 * all. Several processes may use one store at once.
 *
 * Threads: one call at a time per store object; open one per thread. Every call may wait for
 * another process's transaction, at most CAIRN_STORE_BUSY_MS, and then fails with SYSTEM_IN_USE.
 * Other errors: ACCESS_DENIED, OUT_OF_MEMORY, FAILED (disk full, I/O error, not a store, damaged),
 * NOT_SUPPORTED (a store of a newer schema). After a failure nothing has changed.
 */
#ifndef CAIRN_STORE_H
#define CAIRN_STORE_H

#include <cairn/point.h>
#include <cairn/snapshot.h>
#include <cairn/vm.h>

#include "refpoint/intent.h"

#define CAIRN_STORE_BUSY_MS 5000

typedef struct CairnStore CairnStore;
typedef struct CairnStoreLock CairnStoreLock;

/* One transaction: everything in it happens, or nothing. Every member may be NULL. Applied in the
 * order of the members. */
typedef struct
{
  const CairnVm *put_vm; /* insert, or replace the VM of this GUID with disks and aliases */
  const char *remove_vm; /* GUID; its points and intents go too */
  const GPtrArray *remove_points;  /* of char * (InstanceIDs); absent ones are fine */
  const GPtrArray *put_points;     /* of CairnPoint *; inserts; an InstanceID that is there already
                                      fails with INVALID_PARAMETER */
  const GPtrArray *replace_points; /* of CairnPoint *; replaces those of the same InstanceID, their
                                      configuration included (so take them from get_point); an
                                      InstanceID that isn't there fails with INVALID_PARAMETER */
  const CairnSnapshot *put_snapshot; /* insert, or replace the one of this point; its point comes
                                        with it or is there: it is no reference point from now on */
  const char *release_snapshot;      /* InstanceID of the point: the snapshot goes, the point is a
                                        reference point from now on; absent is fine */
  const GPtrArray *put_copies;       /* of CairnStoreCopy *; their points must be there */
  const char *remove_intent;         /* id; absent is fine */
  const CairnIntent *put_intent;     /* insert, or replace that of this id */
  gboolean is_volatile; /* needn't survive a power failure by itself, since what it is about doesn't
                           either; later changes keep it */
} CairnStoreChange;

/* What a look at a disk showed: a dirty_seen_bytes that has grown, that an anchor is lost, or that
 * its disk has moved and its bitmap with it. */
typedef struct
{
  const char *instance_id;
  const char *disk_identifier;
  uint64_t dirty_bytes;
  const char *lost;               /* the verdict's name; NULL = it isn't */
  const char *moved_to;           /* the anchor's new path; NULL = it hasn't */
  uint64_t allocated_bytes;       /* there; with moved_to */
  const char *change_tracking_id; /* the anchor's when it was looked at: one that adopt has made
                                     anew since isn't meant; NULL = whatever it has */
} CairnStoreSeen;

/* A file that holds a disk's data as of a point: known as long as the point is. */
typedef struct
{
  char *point; /* InstanceID */
  char *disk_identifier;
  char *sha256; /* of the file, lower-case hex */
  char *base;   /* InstanceID of the point that it is relative to; NULL = it is full */
} CairnStoreCopy;

void cairn_store_copy_free (CairnStoreCopy *copy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnStoreCopy, cairn_store_copy_free)

/* A job of the service as it is kept: what its record means is the business of src/job. */
typedef struct
{
  char *id;         /* a GUID */
  int64_t ended_ms; /* since 1970; 0 = it hasn't */
  GBytes *record;
} CairnStoreJob;

void cairn_store_job_free (CairnStoreJob *job);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnStoreJob, cairn_store_job_free)

typedef struct
{
  const char *name;

  void (*close) (CairnStore *store);

  /* VMs. list: of CairnVm, by name, owned by the caller. get: by GUID (any letter case) or name;
   * NULL with INVALID_PARAMETER when there is none. */
  GPtrArray *(*list_vms) (CairnStore *store, GError **error);
  CairnVm *(*get_vm) (CairnStore *store, const char *name_or_guid, GError **error);

  /* Points. A snapshot's is none: no method gives it but list_snapshots, though newest_time_ms
   * counts it, and destroying it is remembered.
   * list: of one VM (GUID), or of all (NULL); sorted by VM name then age, oldest first.
   * get: by InstanceID or by the point's GUID, letter case ignored; *POINT is NULL when there is
   * none (that is no error). With a GUID that several VMs' points bear: INVALID_PARAMETER.
   * Lists leave `configuration` NULL; get_point fills it. */
  GPtrArray *(*list_points) (CairnStore *store, const char *vm_guid, GError **error);
  gboolean (*get_point) (CairnStore *store, const char *id, CairnPoint **point, GError **error);

  /* The first LIMIT (> 0) points of a VM that are newer than AFTER_MS, oldest first: few, however
   * many the VM has. Leaves `configuration` NULL. */
  GPtrArray *(*list_newer) (CairnStore *store, const char *vm_guid, int64_t after_ms, guint limit,
                            GError **error);

  /* The first LIMIT (> 0) points whose InstanceIDs are greater than AFTER (NULL: from the start),
   * by InstanceID: of one VM (GUID), or of all (NULL). Costs what it gives, however many there are.
   * Leaves `configuration` NULL. */
  GPtrArray *(*list_page) (CairnStore *store, const char *vm_guid, const char *after, guint limit,
                           GError **error);

  /* A number of this store object that isn't what it was once anybody, this process included, has
   * committed a change: microseconds, to be asked before whatever was kept is used again. */
  gboolean (*change_mark) (CairnStore *store, uint64_t *mark, GError **error);

  /* The newest creation_time_ms among the VM's points; 0 when there is none. */
  gboolean (*newest_time_ms) (CairnStore *store, const char *vm_guid, int64_t *time_ms,
                              GError **error);

  /* GUIDs (of char *) of points of the VM that were removed, as far as they are remembered: the
   * newest 100,000 of the store. Putting one again takes it off the list. */
  GPtrArray *(*list_destroyed) (CairnStore *store, const char *vm_guid, GError **error);

  /* Snapshots (of CairnSnapshot) of one VM (GUID), or of all (NULL), oldest first. */
  GPtrArray *(*list_snapshots) (CairnStore *store, const char *vm_guid, GError **error);

  /* Copies (of CairnStoreCopy) of the points of one VM, or of one point (InstanceID); oldest first.
   */
  GPtrArray *(*list_copies) (CairnStore *store, const char *vm_guid, const char *point,
                             GError **error);

  /* Intents left or under way: of one VM, or of all (NULL); of CairnIntent, oldest first. */
  GPtrArray *(*list_intents) (CairnStore *store, const char *vm_guid, GError **error);

  /* Applies CHANGE as one transaction, on stable storage when it returns TRUE (unless volatile). */
  gboolean (*apply) (CairnStore *store, const CairnStoreChange *change, GError **error);

  /* Remembers grown dirty_seen_bytes (never lowers one), the first `lost` (never takes one back)
   * and the last path. A hint: doesn't wait for other processes, isn't forced to stable storage,
   * and says nothing when it can't. */
  void (*note_seen) (CairnStore *store, const CairnStoreSeen *seen, size_t n_seen);

  /* Jobs: put inserts, or replaces the one of this id; list gives all (of CairnStoreJob), by id;
   * to remove an absent one is fine. They outlive their process, but needn't outlive a power
   * failure. */
  gboolean (*put_job) (CairnStore *store, const CairnStoreJob *job, GError **error);
  gboolean (*remove_job) (CairnStore *store, const char *id, GError **error);
  GPtrArray *(*list_jobs) (CairnStore *store, GError **error);

  /* Takes the lock on one VM, across processes and threads; given back when the process dies.
   * Waits until DEADLINE (g_get_monotonic_time, microseconds); NULL with SYSTEM_IN_USE after it. */
  CairnStoreLock *(*lock_vm) (CairnStore *store, const char *vm_guid, int64_t deadline,
                              GError **error);
  void (*unlock_vm) (CairnStoreLock *lock);
} CairnStoreOps;

struct CairnStore
{
  const CairnStoreOps *ops;
};

#endif
