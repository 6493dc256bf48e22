/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* engine.h: the service's inside: its store, its tracker, and what every call asks of them. */
#ifndef CAIRN_ENGINE_H
#define CAIRN_ENGINE_H

#include <cairn/service.h>

#include "refpoint/config.h"
#include "refpoint/deadline.h"
#include "refpoint/monitor.h"
#include "refpoint/store.h"
#include "refpoint/tracker.h"
#include "refpoint/view.h"

/* Names and targets stand in file names, messages and tables; owners and labels are kept with every
 * point. */
#define CAIRN_NAME_LIMIT_BYTES  255u
#define CAIRN_LABEL_LIMIT_BYTES 1024u

/* The default time limit of a call. */
#define CAIRN_TIMEOUT_DEFAULT_MS (60 * 60 * 1000)

/* Opens a copy of a disk: any image that QEMU knows, by its magic, that nobody has open for
 * writing. KEY (NULL = none) opens it if it is encrypted. The caller closes it.
 * Errors: FILE_NOT_FOUND, ACCESS_DENIED, SYSTEM_IN_USE, INCORRECT_DATA_TYPE (damaged),
 * SYSTEM_NOT_AVAILABLE, TIMEOUT, FAILED; the message names the image. */
typedef CairnView *(*CairnOpenCopyFunc) (const char *path, GBytes *key, int64_t deadline,
                                         GError **error);

struct CairnService
{
  CairnStore *store;     /* owned */
  CairnTracker *tracker; /* owned */
  CairnConfig *config;   /* owned */
  CairnOpenCopyFunc open_copy;
  char *data_directory; /* owned: where logs are kept: $CAIRN_DATA_DIR, else beside the store */
  char *store_uri, *connect_uri, *config_file; /* owned: as it was opened; NULL = the default */
  CairnMonitor monitor;                        /* what it points to is borrowed */
  int64_t timeout_us;
  int64_t opening_us;     /* when the opening began: its time counts for the first call; then 0 */
  gboolean recovers;      /* FALSE only in tests that show what recovery is for */
  gboolean has_recovered; /* recovery ran in this process */

  GMutex watch_lock; /* watch.c's; guards also what waits there */
  GCond watch_changed;
  gboolean watch_stops;
};

/* The factory's way in (src/service): takes over STORE, TRACKER and CONFIG. */
CairnService *cairn_service_new (CairnStore *store, CairnTracker *tracker,
                                 CairnOpenCopyFunc open_copy, CairnConfig *config,
                                 int64_t timeout_us);

/* For whom the next calls are made and who is told of them; NULL: nobody, with the process's
 * rights. What MONITOR points to must live as long. */
void cairn_service_set_monitor (CairnService *service, const CairnMonitor *monitor);

/* Tells the monitor how far the call is. FALSE with FAILED: it is to end as if nothing had been
 * done. */
gboolean cairn_service_proceed (CairnService *service, guint percent, GError **error);

/* A call's deadline, from now. The first call finishes what processes that died left unfinished. */
int64_t cairn_service_start_call (CairnService *service);

/* The same for a call that is to see what was left. */
int64_t cairn_service_start_look (CairnService *service);

/* The VM by name or GUID; the caller's. INVALID_PARAMETER when unknown. */
CairnVm *cairn_service_find_vm (CairnService *service, const char *name_or_guid, GError **error);

/* Adds what the store keeps of a hypervisor's VM: its aliases, and identifiers that its disks got
 * by an import. A record for a disk counts while the target is the same. */
void cairn_service_merge_record (CairnService *service, CairnVm *vm);

/* The VM of a point: *VM is NULL when it isn't known (another connection's, undefined, forgotten).
 * FALSE when that can't be found out. */
gboolean cairn_service_look_for_vm (CairnService *service, const char *guid, CairnVm **vm,
                                    GError **error);

/* FALSE with SYSTEM_IN_USE while VM can't be worked on. */
gboolean cairn_service_may_change (CairnService *service, const CairnVm *vm, GError **error);

/* Puts the record of VM into CHANGE: a hypervisor's VM goes by its GUID there, as its name may
 * change. *COPY keeps it; the caller frees it after the change. */
void cairn_service_keep_vm (const CairnVm *vm, CairnStoreChange *change, CairnVm **copy);

/* Makes the hypervisor's own records follow the store's. */
gboolean cairn_service_try_settle (CairnService *service, const CairnVm *vm, int64_t deadline,
                                   GError **error);

/* Lets the hypervisor's own records follow the store's. What fails is mended by the next settling
 * or by doctor: the store is the truth. */
void cairn_service_settle (CairnService *service, const CairnVm *vm, int64_t deadline);

/* The same, but only when the record of POINT (a GUID) is missing: one quick question instead of
 * the list of all. */
void cairn_service_settle_for (CairnService *service, const CairnVm *vm, const char *point,
                               int64_t deadline);

/* A point that must exist; the caller's. INVALID_PARAMETER. */
CairnPoint *cairn_service_find_point (CairnService *service, const char *id, GError **error);

/* One change of the store. */
gboolean cairn_service_apply (CairnService *service, const CairnStoreChange *change,
                              GError **error);

#endif
