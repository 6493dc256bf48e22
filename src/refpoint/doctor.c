/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn doctor: what isn't as it should be on the disks and in the hypervisor's records, and
 * mending it. The store is the truth.
 *
 * A repair isn't believed: after those of one kind the VM is looked at again, which also shows what
 * else they have mended, or brought to light.
 */
#include "refpoint/doctor.h"

#include "refpoint/guid.h"
#include "refpoint/operation.h"

/* How long a VM in use is waited for when others are to be looked at as well. */
#define PATIENCE_US (G_USEC_PER_SEC / 4)

static const CairnDoctorOptions look_only = { 0 };

/* One call. */
typedef struct
{
  CairnService *service; /* borrowed */
  const CairnDoctorOptions *options;
  int64_t deadline;
  GHashTable *seen;    /* GUIDs of the VMs looked at */
  GPtrArray *findings; /* of CairnFinding */
} Round;

/* A fault through all looks at its VM. */
typedef struct
{
  CairnFinding *finding; /* its sentence comes last; owned until it is handed out */
  const char *done;      /* what a repair does; static */
  char *what, *remedy;
  char *failure; /* why the repair failed; NULL = it didn't, or wasn't tried */
  gboolean is_tried;
} Case;

/* One VM. */
typedef struct
{
  Round *round;
  const CairnVm *vm;
  gboolean is_known, is_named;
  CairnDiagnosis *diagnosis; /* the latest */
  GHashTable *cases;         /* key_of a fault -> Case */
  GPtrArray *order;          /* of Case, borrowed: as they were found */
} Patient;

static const struct
{
  CairnDoctorRepair repair; /* NULL: nothing can be done from here */
  const char *done;
} treatments[] = {
  [CAIRN_FINDING_UNFINISHED_INTENT] = { cairn_doctor_finish_intent, "it was brought to its end" },
  [CAIRN_FINDING_LEFTOVER_JOB] = { cairn_doctor_end_job, "it was ended" },
  [CAIRN_FINDING_STALE_SNAPSHOT] = { cairn_doctor_end_snapshot, "it was destroyed" },
  [CAIRN_FINDING_IN_USE_BITMAP]
  = { cairn_doctor_lose_bitmap,
      "it was removed; anchor the point again with `cairn adopt`, or take "
      "a full backup and create a new one" },
  [CAIRN_FINDING_DESTROYED_BITMAP] = { cairn_doctor_remove_bitmap, "it was removed" },
  [CAIRN_FINDING_ORPHAN_BITMAP] = { cairn_doctor_remove_bitmap, "it was removed" },
  [CAIRN_FINDING_GHOST_CHECKPOINT] = { cairn_doctor_drop_record, "its record was removed" },
  [CAIRN_FINDING_STALE_PARENT] = { cairn_doctor_rehang_record, "it was put in its place" },
  [CAIRN_FINDING_MISSING_CHECKPOINT] = { cairn_doctor_add_record, "it was told" },
  [CAIRN_FINDING_LEFTOVER_LOG] = { cairn_doctor_remove_log, "it was removed" },
  [CAIRN_FINDING_MISSING_LOG]
  = { cairn_doctor_forget_log, "the point is known to have no data any more" },
  [CAIRN_FINDING_FOREIGN_BITMAP] = { cairn_doctor_remove_bitmap, "it was removed" },
  [CAIRN_FINDING_FOREIGN_CHECKPOINT] = { cairn_doctor_drop_record, "its record was removed" },
  [CAIRN_FINDING_UNREAD_DISK] = { NULL, "it can be read now" },
  [CAIRN_FINDING_UNREAD_VM] = { NULL, "" },
};

static void
case_free (Case *one)
{
  cairn_finding_free (one->finding);
  g_free (one->what);
  g_free (one->remedy);
  g_free (one->failure);
  g_free (one);
}

/* Two looks see the same fault when this is the same. */
static char *
key_of (const CairnFault *fault)
{
  return g_strdup_printf ("%d %s %s", (int)fault->kind, fault->intent ? fault->intent->id : "",
                          fault->object);
}

static Case *
find_case (const Patient *patient, const CairnFault *fault)
{
  g_autofree char *key = key_of (fault);

  return g_hash_table_lookup (patient->cases, key);
}

static CairnFinding *
finding_new (const char *vm, CairnFindingKind kind, const char *object)
{
  CairnFinding *finding = g_new0 (CairnFinding, 1);

  finding->vm = g_strdup (vm);
  finding->kind = kind;
  finding->object = g_strdup (object);
  return finding;
}

/* Looks at the VM (again): what was found before is taken for repaired until it is found again. */
static gboolean
look (Patient *patient, GError **error)
{
  const Round *round = patient->round;
  CairnDiagnosis *diagnosis
      = cairn_diagnosis_take (round->service, patient->vm, patient->is_known, patient->is_named,
                              round->options, round->deadline, error);

  if (!diagnosis)
    return FALSE;
  g_clear_pointer (&patient->diagnosis, cairn_diagnosis_free);
  patient->diagnosis = diagnosis;
  for (guint i = 0; i < patient->order->len; i++)
    ((Case *)patient->order->pdata[i])->finding->repaired = TRUE;
  for (guint i = 0; i < diagnosis->faults->len; i++)
    {
      const CairnFault *fault = diagnosis->faults->pdata[i];
      Case *one = find_case (patient, fault);

      if (!one)
        {
          one = g_new0 (Case, 1);
          one->finding = finding_new (patient->vm->name, fault->kind, fault->object);
          one->done = treatments[fault->kind].done;
          one->what = g_strdup (fault->what);
          one->remedy = g_strdup (fault->remedy);
          g_hash_table_insert (patient->cases, key_of (fault), one);
          g_ptr_array_add (patient->order, one);
        }
      one->finding->repaired = FALSE;
    }
  return TRUE;
}

static gboolean
can_be_tried (const Patient *patient, const CairnFault *fault)
{
  return treatments[fault->kind].repair && !fault->is_spared
         && !find_case (patient, fault)->is_tried;
}

/* The first kind that has something to repair still. */
static gboolean
next_kind (const Patient *patient, CairnFindingKind *kind)
{
  gboolean found = FALSE;

  for (guint i = 0; i < patient->diagnosis->faults->len; i++)
    {
      const CairnFault *fault = patient->diagnosis->faults->pdata[i];

      if ((found && fault->kind >= *kind) || !can_be_tried (patient, fault))
        continue;
      *kind = fault->kind;
      found = TRUE;
    }
  return found;
}

static void
repair_kind (Patient *patient, CairnFindingKind kind)
{
  for (guint i = 0; i < patient->diagnosis->faults->len; i++)
    {
      const CairnFault *fault = patient->diagnosis->faults->pdata[i];
      g_autoptr (GError) cause = NULL;
      Case *one;

      if (fault->kind != kind || !can_be_tried (patient, fault))
        continue;
      one = find_case (patient, fault);
      one->is_tried = TRUE;
      if (!treatments[kind].repair (patient->diagnosis, fault, &cause))
        one->failure = g_strdup (cause->message);
    }
}

/* Ends: no fault is tried twice. A look that fails leaves everything found before unrepaired. */
static void
treat (Patient *patient)
{
  CairnFindingKind kind = 0;
  g_autoptr (GError) cause = NULL;

  while (next_kind (patient, &kind))
    {
      repair_kind (patient, kind);
      if (look (patient, &cause))
        continue;
      for (guint i = 0; i < patient->order->len; i++)
        {
          Case *one = patient->order->pdata[i];

          if (one->is_tried && !one->failure)
            one->failure = g_strdup (cause->message);
        }
      return;
    }
}

static void
hand_out (Patient *patient)
{
  for (guint i = 0; i < patient->order->len; i++)
    {
      Case *one = patient->order->pdata[i];
      CairnFinding *finding = g_steal_pointer (&one->finding);

      if (finding->repaired)
        finding->sentence = g_strdup_printf ("%s; %s", one->what, one->done);
      else if (one->is_tried)
        finding->sentence
            = g_strdup_printf ("%s; the repair failed: %s", one->what,
                               one->failure ? one->failure : "it is still as it was; try again");
      else
        finding->sentence = g_strdup_printf ("%s; %s", one->what, one->remedy);
      g_ptr_array_add (patient->round->findings, finding);
    }
}

/* VM's lock is held. Fails when the first look does. */
static gboolean
examine (Round *round, const CairnVm *vm, gboolean is_known, gboolean is_named, GError **error)
{
  Patient patient = { .round = round, .vm = vm, .is_known = is_known, .is_named = is_named };
  gboolean looked;

  patient.cases
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)case_free);
  patient.order = g_ptr_array_new ();
  looked = look (&patient, error);
  if (looked && round->options->repair)
    treat (&patient);
  if (looked)
    hand_out (&patient);
  cairn_diagnosis_free (patient.diagnosis);
  g_ptr_array_unref (patient.order);
  g_hash_table_unref (patient.cases);
  return looked;
}

/* A store that may only be read gives no lock, but lets itself be looked at. */
static CairnOperation *
begin (const Round *round, const char *vm, int64_t patience_us, GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autoptr (CairnOperation) operation
      = cairn_operation_begin_as_is (round->service, vm, patience_us, round->deadline, &cause);

  if (!operation && cause->code == CAIRN_ERROR_ACCESS_DENIED && !round->options->repair)
    {
      operation = g_new0 (CairnOperation, 1);
      operation->service = round->service;
      operation->deadline = round->deadline;
      operation->vm = cairn_service_find_vm (round->service, vm, error);
      return operation->vm ? g_steal_pointer (&operation) : NULL;
    }
  if (!operation)
    g_propagate_error (error, g_steal_pointer (&cause));
  return g_steal_pointer (&operation);
}

static gboolean
examine_named (Round *round, const char *vm, GError **error)
{
  g_autoptr (CairnOperation) operation
      = begin (round, vm, CAIRN_VM_LOCK_MS * G_TIME_SPAN_MILLISECOND, error);

  return operation && examine (round, operation->vm, TRUE, TRUE, error);
}

/* Whether no other VM can be looked at either. */
static gboolean
ends_everything (const GError *cause)
{
  return cause->code == CAIRN_ERROR_TIMEOUT || cause->code == CAIRN_ERROR_ACCESS_DENIED
         || cause->code == CAIRN_ERROR_SYSTEM_NOT_AVAILABLE;
}

/* One of all: that it can't be looked at doesn't keep the others from it. */
static gboolean
examine_listed (Round *round, const CairnVm *vm, GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autoptr (CairnOperation) operation = begin (round, vm->guid, PATIENCE_US, &cause);
  CairnFinding *finding;

  g_hash_table_add (round->seen, g_ascii_strup (vm->guid, -1));
  if (operation && examine (round, operation->vm, TRUE, FALSE, &cause))
    return TRUE;
  if (ends_everything (cause))
    {
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
  finding = finding_new (vm->name, CAIRN_FINDING_UNREAD_VM, vm->name);
  finding->sentence
      = g_strdup_printf ("VM '%s' couldn't be looked at: %s", vm->name, cause->message);
  g_ptr_array_add (round->findings, finding);
  return TRUE;
}

static GPtrArray *
list_vms (CairnService *service, GError **error)
{
  CairnTracker *tracker = service->tracker;
  GPtrArray *vms;

  if (tracker->ops->list_vms)
    return tracker->ops->list_vms (tracker, error);
  vms = service->store->ops->list_vms (service->store, error);
  for (guint i = vms ? vms->len : 0; i-- > 0;)
    if (((CairnVm *)vms->pdata[i])->is_domain)
      g_ptr_array_remove_index (vms, i);
  return vms;
}

/* Intents may outlive their VM: it was undefined, or this connection doesn't know it. */
static gboolean
examine_unlisted (Round *round, const char *guid, GError **error)
{
  CairnStore *store = round->service->store;
  g_autoptr (CairnVm) vm = cairn_vm_new (guid, guid);
  g_autoptr (GError) cause = NULL;
  CairnStoreLock *lock
      = store->ops->lock_vm (store, guid, g_get_monotonic_time () + PATIENCE_US, &cause);
  gboolean done;

  /* Locked: an operation that is alive. */
  if (!lock && (cause->code != CAIRN_ERROR_ACCESS_DENIED || round->options->repair))
    return TRUE;
  done = examine (round, vm, FALSE, FALSE, error);
  if (lock)
    store->ops->unlock_vm (lock);
  return done;
}

static gboolean
examine_all (Round *round, GError **error)
{
  CairnStore *store = round->service->store;
  g_autoptr (GPtrArray) vms = list_vms (round->service, error);
  g_autoptr (GPtrArray) intents = NULL;

  for (guint i = 0; vms && i < vms->len; i++)
    if (!examine_listed (round, vms->pdata[i], error))
      return FALSE;
  intents = vms ? store->ops->list_intents (store, NULL, error) : NULL;
  for (guint i = 0; intents && i < intents->len; i++)
    {
      g_autofree char *guid = cairn_intent_find_vm (intents->pdata[i]);

      if (g_hash_table_add (round->seen, g_strdup (guid)) && !examine_unlisted (round, guid, error))
        return FALSE;
    }
  return intents != NULL;
}

static gboolean
check_options (const CairnDoctorOptions *options, GError **error)
{
  if (options->foreign && *options->foreign && !options->repair)
    {
      g_set_error (
          error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
          "foreign object '%s' is named, but nothing is to be repaired; ask for the repair "
          "as well, or name none",
          *options->foreign);
      return FALSE;
    }
  for (guint i = 0; options->foreign && options->foreign[i]; i++)
    if (cairn_guid_is_ours (options->foreign[i]))
      {
        g_set_error (
            error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
            "'%s' is a name of Cairn's own, not of another product; a repair that names the "
            "VM removes it when no point needs it",
            options->foreign[i]);
        return FALSE;
      }
  return TRUE;
}

gboolean
cairn_service_doctor (CairnService *service, const char *vm, const CairnDoctorOptions *options,
                      GPtrArray **findings, GError **error)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_finding_free);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Round round = { .service = service,
                  .options = options ? options : &look_only,
                  .deadline = cairn_service_start_look (service),
                  .seen = seen,
                  .findings = found };

  if (!check_options (round.options, error)
      || !(vm ? examine_named (&round, vm, error) : examine_all (&round, error)))
    return FALSE;
  *findings = g_steal_pointer (&found);
  return TRUE;
}
