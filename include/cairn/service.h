/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn/service.h: the reference point service as a library.
 *
 * A CairnService joins a store (where points are kept) with a hypervisor connection (whose disks
 * are tracked). Its calls are the methods of Msvm_VirtualSystemReferencePointService and what a
 * user needs around them.
 *
 * Errors: every call fails with a GError of domain CAIRN_ERROR whose message is one sentence with
 * object, cause and remedy; a call that fails has changed nothing. Any call may fail with
 * CAIRN_ERROR_TIMEOUT (past the time limit), _OUT_OF_MEMORY, _SYSTEM_IN_USE (another operation
 * holds the VM or the store) and _FAILED; each call's comment names what else it gives, and why.
 * Small allocations that fail end the process (GLib); what was begun is undone by the next process.
 *
 * VM arguments are a name or a GUID; POINT arguments an InstanceID or a point's GUID; letter case
 * of GUIDs doesn't matter. Paths are absolute: a relative, empty or NULL one is INVALID_PARAMETER.
 *
 * Threads: a CairnService is used by one thread at a time; open one per thread. The calling thread
 * must live until the call returns (the helper that edits images is tied to it).
 *
 * Result lists are GPtrArray with a free function: the caller unrefs them.
 */
#ifndef CAIRN_SERVICE_H
#define CAIRN_SERVICE_H

#include <cairn/extent.h>
#include <cairn/finding.h>
#include <cairn/point.h>
#include <cairn/verdict.h>
#include <cairn/vm.h>

G_BEGIN_DECLS

typedef struct CairnService CairnService;

/* Opens the service. STORE_URI: "sqlite:" and an absolute path; NULL: $CAIRN_STORE, else
 * /var/lib/cairn/cairn.db for root and $XDG_STATE_HOME/cairn/cairn.db for others; created when
 * absent. CONNECT_URI: "images:" (VMs made known with cairn_service_add_vm); NULL: $CAIRN_CONNECT,
 * else [hypervisor] connect of the configuration, else "images:".
 * The configuration is $CAIRN_CONFIG, else /etc/cairn/cairn.conf, when there is one. The time limit
 * of each call is $CAIRN_TIMEOUT_MS milliseconds (default 1 hour), counted from the call's start.
 * Operations that another process left unfinished are completed or undone by the first call (doctor
 * excepted), and before each call that changes something.
 * Errors: INVALID_PARAMETER (URI, configuration), ACCESS_DENIED, NOT_SUPPORTED (a newer store),
 * SYSTEM_NOT_AVAILABLE (the hypervisor can't be reached). */
CAIRN_API CairnService *cairn_service_open (const char *store_uri, const char *connect_uri,
                                            GError **error);
CAIRN_API void cairn_service_close (CairnService *service);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnService, cairn_service_close)

/* ---- virtual machines ---- */

/* Makes a VM of images known. GUID may be NULL (a random one). TARGETS and PATHS are parallel,
 * N_DISKS >= 1. Images must exist; their format is found by its magic, any is taken.
 * *VM is the caller's. Errors: INVALID_PARAMETER (name, GUID or target taken or malformed, no such
 * file), ACCESS_DENIED, NOT_SUPPORTED (the connection has its own VMs). */
CAIRN_API gboolean cairn_service_add_vm (CairnService *service, const char *name, const char *guid,
                                         const char *const *targets, const char *const *paths,
                                         size_t n_disks, CairnVm **vm, GError **error);

/* All VMs (of CairnVm), by name. */
CAIRN_API GPtrArray *cairn_service_list_vms (CairnService *service, GError **error);

/* One VM, the caller's. Errors: INVALID_PARAMETER (unknown). */
CAIRN_API CairnVm *cairn_service_get_vm (CairnService *service, const char *vm, GError **error);

/* Declares GUID as a former identity of VM, so that files of that VM can be imported into this one.
 * Declaring it again is fine. Errors: INVALID_PARAMETER. */
CAIRN_API gboolean cairn_service_alias_vm (CairnService *service, const char *vm, const char *guid,
                                           GError **error);

/* Forgets a VM. Images are never touched. Errors: INVALID_PARAMETER; INVALID_STATE while it has
 * points, unless FORCE, which forgets them as well (their bitmaps stay in the images). */
CAIRN_API gboolean cairn_service_remove_vm (CairnService *service, const char *vm, gboolean force,
                                            GError **error);

/* Can the VM's disks be tracked? Of CairnDiskVerdict, one per disk; nothing is changed. */
CAIRN_API GPtrArray *cairn_service_check_vm (CairnService *service, const char *vm, GError **error);

/* ---- reference points ---- */

/* Told on the calling thread, about ten times a second, how many of all bytes are done; FALSE stops
 * the call, of which nothing is left then. */
typedef gboolean (*CairnProgressFunc) (uint64_t done_bytes, uint64_t total_bytes, gpointer user);

typedef struct
{
  CairnPointType type;          /* 0 = RCT */
  CairnConsistency consistency; /* 0 = crash; APPLICATION on shut-off images is INVALID_STATE */
  const char *owner;            /* NULL = $CAIRN_OWNER, else nobody's */
  const char *label;            /* NULL = none */
  CairnProgressFunc progress;   /* of the copying that LOG takes; NULL: not told */
  gpointer user;
} CairnCreateOptions;

/* CreateReferencePoint. Every disk that can be tracked gets a bitmap, all of them or none; disks
 * that can't (raw, qcow2 v2) are left out. OPTIONS may be NULL. *POINT (may be NULL) is the
 * caller's; *DISKS (may be NULL), of CairnDiskVerdict for every disk of the VM, is set on success
 * and with INVALID_STATE.
 *
 * With type LOG what changed since the VM's newest log-based point is kept with the point
 * (has_associated_data), of a disk that can't tell that all of it; the first one of a VM keeps no
 * disk. The VM is held meanwhile as for a recovery checkpoint, and the time limit is for all but
 * the copying. export_log (cairn/backup.h) makes a backup of such data.
 * Errors: INVALID_PARAMETER, INVALID_STATE (no disk can be tracked, an image is missing or
 * unreadable), SYSTEM_IN_USE (an image is open elsewhere), NOT_SUPPORTED, STATUS_UNKNOWN. */
CAIRN_API gboolean cairn_service_create_reference_point (CairnService *service, const char *vm,
                                                         const CairnCreateOptions *options,
                                                         CairnPoint **point, GPtrArray **disks,
                                                         GError **error);

/* DestroyReferencePoint: the point and its bitmaps go. OWNER is who asks (NULL = $CAIRN_OWNER, else
 * nobody); another owner's point needs FORCE, else ACCESS_DENIED; so does one of whose images isn't
 * there or is no qcow2 image (its bitmap stays behind), else INVALID_STATE. Errors:
 * INVALID_PARAMETER (unknown), SYSTEM_IN_USE, ACCESS_DENIED, STATUS_UNKNOWN. */
CAIRN_API gboolean cairn_service_destroy_reference_point (CairnService *service, const char *point,
                                                          const char *owner, gboolean force,
                                                          GError **error);

/* RemoveAssociatedData: an RCT point has none, which is fine. Errors: INVALID_PARAMETER. */
CAIRN_API gboolean cairn_service_remove_associated_data (CairnService *service, const char *point,
                                                         GError **error);

/* A point with what holds for each of its disks now. */
typedef struct
{
  CairnPoint *point;
  GPtrArray *disks; /* of CairnDiskVerdict, in the order of point->anchors; after those, UNANCHORED,
                       the VM's disks that could be tracked and aren't the point's */
} CairnPointState;

CAIRN_API void cairn_point_state_free (CairnPointState *state);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnPointState, cairn_point_state_free)

/* Points of VM, or of all VMs (NULL), of CairnPointState, oldest first within a VM.
 * Errors: INVALID_PARAMETER (unknown VM). */
CAIRN_API GPtrArray *cairn_service_list_reference_points (CairnService *service, const char *vm,
                                                          GError **error);

/* One point; the caller's. Errors: INVALID_PARAMETER (unknown). */
CAIRN_API CairnPointState *cairn_service_get_reference_point (CairnService *service,
                                                              const char *point, GError **error);

/* ---- events ---- */

/* Something happened to a VM that has points, and this is what holds for them since. */
typedef struct
{
  char *vm_guid;
  char *vm_name;     /* "" when the hypervisor doesn't know the VM (any more) */
  char *what;        /* what happened, in a few words: "stopped, started" */
  GPtrArray *points; /* of CairnPointState, oldest first; NULL when it couldn't be found out */
  GError *cause;     /* why not, or what else went wrong; NULL = nothing */
} CairnEvent;

/* Called without any lock; may call the service. FALSE ends the watch. */
typedef gboolean (*CairnEventFunc) (const CairnEvent *event, gpointer user);

/* Looks again at the points of each VM to which something happens (it started, stopped, arrived by
 * migration, was defined or undefined; a block copy ended, ...), and at the beginning, and after
 * the hypervisor's daemon was away, at those of all VMs: what another operation left is finished,
 * the hypervisor's records are made to follow, lost bitmaps are remembered; then FUNCTION is told.
 * A VM in use is looked at when it is free. Several events may be told as one. Returns when
 * FUNCTION gives FALSE or cairn_service_stop_watch was called. Errors: NOT_SUPPORTED (plain images
 * have no events), SYSTEM_NOT_AVAILABLE (at the beginning), FAILED (the store). */
CAIRN_API gboolean cairn_service_watch (CairnService *service, CairnEventFunc function,
                                        gpointer user, GError **error);

/* Makes cairn_service_watch return soon, or the next one at once. From any thread. */
CAIRN_API void cairn_service_stop_watch (CairnService *service);

/* ---- changes ---- */

typedef struct
{
  const char *target;    /* one disk only; NULL = every disk of the point */
  uint64_t offset_bytes; /* the part of the disk asked about */
  uint64_t length_bytes; /* 0 = to the end */
} CairnChangesQuery;

typedef struct
{
  char *target;
  uint64_t virtual_size_bytes;
  CairnVerdict verdict;
  char *reason;         /* "" when tracked */
  GArray *extents;      /* of CairnExtent; NULL unless tracked */
  gboolean is_newcomer; /* a disk that isn't the point's: UNANCHORED */
} CairnDiskChanges;

CAIRN_API void cairn_disk_changes_free (CairnDiskChanges *changes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnDiskChanges, cairn_disk_changes_free)

/* What changed since POINT: *DISKS (may be NULL), of CairnDiskChanges: every disk of the point, or
 * the one asked about; after all of them, those of the VM that came since, so that a backup doesn't
 * miss them: that they can't answer is no failure. QUERY may be NULL. *DISKS is
 * set on success, and with INVALID_STATE and SYSTEM_IN_USE when a disk can't answer: the others'
 * changes are then in it, and this disk's verdict. Errors: INVALID_PARAMETER (unknown point or
 * target, an offset past the end), INVALID_STATE, SYSTEM_IN_USE. */
CAIRN_API gboolean cairn_service_get_changes (CairnService *service, const char *point,
                                              const CairnChangesQuery *query, GPtrArray **disks,
                                              GError **error);

/* ---- export and import ---- */

typedef struct
{
  char *config_file_path;  /* ExportedConfigFilePath: DIRECTORY/<GUID>.vmcx */
  char *runtime_file_path; /* ExportedRuntimeFilePath: DIRECTORY/<GUID>.vmrs */
} CairnExport;

CAIRN_API void cairn_export_free (CairnExport *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnExport, cairn_export_free)

/* ExportReferencePoint: writes POINT's configuration and runtime-state file into DIRECTORY, which
 * must exist; files of an earlier export of the same point are replaced, both or neither. DISKS: a
 * NULL-ended list of VirtualDiskIdentifiers to limit it to, or NULL.
 * Every exported disk's verdict must be `tracked` (or `unanchored`), else INVALID_STATE, and
 * *VERDICTS (may be NULL; of CairnDiskVerdict) says why. Errors: INVALID_PARAMETER (unknown point
 * or disk, directory missing), ACCESS_DENIED (directory not allowed or not writable),
 * INVALID_STATE, SYSTEM_IN_USE, FAILED (disk full). */
CAIRN_API gboolean cairn_service_export_reference_point (CairnService *service, const char *point,
                                                         const char *directory,
                                                         const char *const *disks,
                                                         CairnExport **result, GPtrArray **verdicts,
                                                         GError **error);

/* The same for all points of a VM in one pair of files named after the VM's GUID. INVALID_STATE
 * also when it has no point. */
CAIRN_API gboolean cairn_service_export_all_reference_points (CairnService *service, const char *vm,
                                                              const char *directory,
                                                              CairnExport **result,
                                                              GPtrArray **verdicts, GError **error);

typedef struct
{
  const char *const *points; /* NULL-ended list of point GUIDs to take; NULL = all of the pair */
  gboolean check_only;       /* judge, change nothing */
} CairnImportOptions;

typedef struct
{
  GPtrArray *instance_ids; /* of char *: every point taken, also those that were there already */
} CairnImport;

CAIRN_API void cairn_import_free (CairnImport *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnImport, cairn_import_free)

/* ImportReferencePointMetadata: gives VM the points of an exported pair of files, all or none.
 * *RESULT is the caller's. *VERDICTS (may be NULL), of CairnDiskVerdict for every disk of the
 * pair, is set on success and whenever the disks were judged.
 * Errors, checked in this order: ACCESS_DENIED (path outside the allowed directories, or a file the
 * caller may not read), INVALID_PARAMETER (path or VM), INCORRECT_DATA_TYPE (not a container,
 * damaged, or two files that don't belong together), OUT_OF_MEMORY (declares more than the limit),
 * INVALID_PARAMETER (files of another VM; an InstanceID that is there with other content),
 * NOT_SUPPORTED (newer schema), SYSTEM_IN_USE, STATUS_UNKNOWN, INVALID_STATE (a disk isn't attached
 * or can't answer: one reason per disk). */
CAIRN_API gboolean cairn_service_import_reference_point_metadata (
    CairnService *service, const char *vm, const char *config_file_path,
    const char *runtime_state_file_path, const CairnImportOptions *options, CairnImport **result,
    GPtrArray **verdicts, GError **error);

/* ---- adopt ---- */

typedef struct
{
  const char *target; /* the VM's disk that the point is to be anchored on */
  const char *base;   /* absolute path of a copy of that disk as of the point, in any format of
                         QEMU's: a backup, or the VHDX that came from Hyper-V */

  /* Told on the calling thread, about ten times a second, how many of the disk's bytes are
   * compared; FALSE stops the call, which can then go on another time. NULL: not told. */
  gboolean (*progress) (uint64_t done_bytes, uint64_t total_bytes, gpointer user);
  gpointer user;
} CairnAdoptOptions;

typedef struct
{
  uint64_t compared_bytes;  /* the size of the disk; 0 when the disk was tracked anyway */
  uint64_t differing_bytes; /* those of it that lie in a granule that differs */
} CairnAdoption;

/* Anchors POINT on a disk that can't tell its changes (any more): compares the disk with a copy as
 * of the point and makes the bitmap that says what differs, to which everything belongs that is
 * written meanwhile. The VM may run, start, stop and be worked on meanwhile.
 *
 * A call that is cut short, in whatever way, can be repeated with the same arguments and goes on
 * where it stopped, unless the VM's QEMU crashed or the copy was written to in between; then it
 * starts over. Until it ends, doctor shows it as unfinished, and can give it up.
 *
 * *ADOPTION and *DISKS (of CairnDiskVerdict: the disk's) may be NULL; *DISKS is set on success and
 * once the disk was judged. Errors: INVALID_PARAMETER (unknown point or disk, no such anchor; a
 * copy that isn't there, is the disk itself, is larger or cut off, or can't be one as of this
 * point), ACCESS_DENIED (the copy can't be read, or isn't in a directory allowed for imports),
 * INVALID_STATE (the disk can't be tracked; the VM crashed meanwhile), SYSTEM_IN_USE (image or copy
 * open elsewhere, another process adopts the same), STATUS_UNKNOWN, SYSTEM_NOT_AVAILABLE, TIMEOUT
 * (can be repeated as well). */
CAIRN_API gboolean cairn_service_adopt (CairnService *service, const char *point,
                                        const CairnAdoptOptions *options, CairnAdoption *adoption,
                                        GPtrArray **disks, GError **error);

/* ---- doctor ---- */

typedef struct
{
  gboolean repair;            /* mend what was found; else nothing at all is changed */
  const char *const *foreign; /* NULL-ended list of names of other products' bitmaps and checkpoints
                                 that REPAIR is to remove as well; NULL = none */
} CairnDoctorOptions;

/* Compares what is found on the disks of VM, or of all VMs (NULL), and in the hypervisor's records
 * with the store: *FINDINGS, of CairnFinding, VM by VM. OPTIONS may be NULL. A repair that fails is
 * no failure of the call: its finding says why. A VM that can't be worked on now is a finding
 * (UNREAD_VM) unless it was named.
 * Errors: INVALID_PARAMETER (unknown VM; a foreign name that is of our own form, or without
 * repair), SYSTEM_IN_USE (the VM named migrates, or another operation holds it), ACCESS_DENIED (to
 * repair with a store that may only be read), SYSTEM_NOT_AVAILABLE. */
CAIRN_API gboolean cairn_service_doctor (CairnService *service, const char *vm,
                                         const CairnDoctorOptions *options, GPtrArray **findings,
                                         GError **error);

G_END_DECLS

#endif
