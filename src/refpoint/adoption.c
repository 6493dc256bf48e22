/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps adoptions in intents. */
#include "refpoint/adoption.h"

#include <sys/stat.h>

#include "refpoint/dirty.h"
#include "refpoint/guid.h"
#include "refpoint/recovery.h"

/* The members of an intent's detail, a dictionary as GVariant keeps it. The last two are missing
 * before the comparison has begun. */
#define KEY_DISK        "disk"        /* s: its identifier */
#define KEY_DISK_FILE   "disk-file"   /* s */
#define KEY_BASE_FILES  "base-files"  /* ay */
#define KEY_SIZE        "size"        /* t: of the disk */
#define KEY_GRANULARITY "granularity" /* t: of the catcher... */
#define KEY_ALLOCATED   "allocated"   /* t: ...and what was allocated when it was made */
#define KEY_POSITION    "position"    /* t */
#define KEY_FOUND       "found"       /* ay: dirty.h's list */

/* How long another process may hold the lock that is at its end. */
#define LOCK_PATIENCE_US (G_USEC_PER_SEC / 2)

static CairnAnchor *
catcher_new (const char *bitmap, const CairnDisk *disk, uint64_t size_bytes)
{
  CairnAnchor *catcher = cairn_anchor_new ();

  catcher->disk_identifier = g_strdup (disk->identifier);
  catcher->target = g_strdup (disk->target);
  catcher->path = g_strdup (disk->path);
  catcher->format = g_strdup ("qcow2");
  catcher->bitmap = g_strdup (bitmap);
  catcher->virtual_size_bytes = size_bytes;
  catcher->granularity_bytes = CAIRN_DEFAULT_GRANULARITY;
  return catcher;
}

/* Which file is at PATH. */
static char *
describe_place (const char *path)
{
  struct stat status;

  if (stat (path, &status) != 0)
    return g_strdup ("");
  return g_strdup_printf ("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT, (guint64)status.st_dev,
                          (guint64)status.st_ino);
}

char *
cairn_files_describe (const GPtrArray *paths)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; paths && i < paths->len; i++)
    {
      g_autofree char *place = describe_place (paths->pdata[i]);
      struct stat status = { 0 };

      /* Opening a device or reading a file changes none of this. */
      stat (paths->pdata[i], &status);
      g_string_append_printf (text, "%s %s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT ".%09ld\n",
                              (char *)paths->pdata[i], place, (gint64)status.st_size,
                              (gint64)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* The lock of the adoption that INTENT tells of. */
static CairnStoreLock *
lock_intent (CairnService *service, const CairnIntent *intent, GError **error)
{
  CairnStore *store = service->store;
  g_autoptr (GError) cause = NULL;
  CairnStoreLock *lock
      = store->ops->lock_vm (store, intent->id, g_get_monotonic_time () + LOCK_PATIENCE_US, &cause);

  if (lock)
    return lock;
  if (cause->code != CAIRN_ERROR_SYSTEM_IN_USE)
    g_propagate_error (error, g_steal_pointer (&cause));
  else
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE,
                 "reference point '%s' is being adopted by another process; wait until that is "
                 "done, or stop it",
                 intent->point);
  return NULL;
}

static gboolean
lock (CairnAdoptionRecord *adoption, GError **error)
{
  adoption->lock = lock_intent (adoption->service, adoption->intent, error);
  return adoption->lock != NULL;
}

CairnAdoptionRecord *
cairn_adoption_new (CairnService *service, const CairnPoint *point, const CairnDisk *disk,
                    uint64_t size_bytes, GError **error)
{
  g_autoptr (CairnAdoptionRecord) adoption = g_new0 (CairnAdoptionRecord, 1);
  g_autofree char *catcher = cairn_guid_v7 (g_get_real_time () / 1000, NULL);

  adoption->service = service;
  adoption->intent = cairn_intent_new (CAIRN_INTENT_ADOPT, point->vm_guid);
  cairn_intent_set_point (adoption->intent, point->instance_id, catcher);
  g_ptr_array_add (adoption->intent->images, g_strdup (disk->path));
  adoption->disk_identifier = g_strdup (disk->identifier);
  adoption->disk_file = describe_place (disk->path);
  adoption->base_files = g_strdup ("");
  adoption->catcher = catcher_new (catcher, disk, size_bytes);
  return lock (adoption, error) ? g_steal_pointer (&adoption) : NULL;
}

void
cairn_adoption_free (CairnAdoptionRecord *adoption)
{
  if (!adoption)
    return;
  if (adoption->lock)
    adoption->service->store->ops->unlock_vm (adoption->lock);
  cairn_intent_free (adoption->intent);
  g_free (adoption->disk_identifier);
  g_free (adoption->disk_file);
  g_free (adoption->base_files);
  cairn_anchor_free (adoption->catcher);
  cairn_granules_free (adoption->granules);
  g_free (adoption);
}

static void
write_found (const CairnAdoptionRecord *adoption, GVariantDict *detail)
{
  g_autoptr (GBytes) found = cairn_dirty_encode_granules (
      adoption->granules, adoption->position_bytes / adoption->granules->granularity_bytes);

  g_variant_dict_insert (detail, KEY_POSITION, "t", adoption->position_bytes);
  g_variant_dict_insert_value (detail, KEY_FOUND,
                               g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, found, TRUE));
}

void
cairn_adoption_write (CairnAdoptionRecord *adoption)
{
  const CairnAnchor *catcher = adoption->catcher;
  g_auto (GVariantDict) detail = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GVariant) written = NULL;

  g_variant_dict_insert (&detail, KEY_DISK, "s", adoption->disk_identifier);
  g_variant_dict_insert (&detail, KEY_DISK_FILE, "s", adoption->disk_file);
  g_variant_dict_insert (&detail, KEY_BASE_FILES, "^ay", adoption->base_files);
  g_variant_dict_insert (&detail, KEY_SIZE, "t", catcher->virtual_size_bytes);
  g_variant_dict_insert (&detail, KEY_GRANULARITY, "t", catcher->granularity_bytes);
  g_variant_dict_insert (&detail, KEY_ALLOCATED, "t", catcher->allocated_bytes);
  if (adoption->granules)
    write_found (adoption, &detail);
  written = g_variant_ref_sink (g_variant_dict_end (&detail));
  g_clear_pointer (&adoption->intent->detail, g_bytes_unref);
  adoption->intent->detail = g_variant_get_data_as_bytes (written);
}

gboolean
cairn_adoption_save (CairnAdoptionRecord *adoption, GError **error)
{
  CairnStoreChange change = { .put_intent = adoption->intent };

  cairn_adoption_write (adoption);
  return cairn_service_apply (adoption->service, &change, error);
}

/* FALSE when nothing was compared yet, or it can't be read. */
static gboolean
read_found (CairnAdoptionRecord *adoption, GVariantDict *detail)
{
  g_autoptr (GVariant) found
      = g_variant_dict_lookup_value (detail, KEY_FOUND, G_VARIANT_TYPE_BYTESTRING);
  g_autoptr (GBytes) bytes = found ? g_variant_get_data_as_bytes (found) : NULL;
  g_autoptr (CairnGranules) granules = NULL;
  uint64_t size = adoption->catcher->virtual_size_bytes;

  if (!bytes || !g_variant_dict_lookup (detail, KEY_POSITION, "t", &adoption->position_bytes)
      || adoption->position_bytes > size)
    return FALSE;
  granules = cairn_granules_new (size, CAIRN_DEFAULT_GRANULARITY, NULL);
  if (!granules || !cairn_dirty_decode_granules (bytes, granules))
    return FALSE;
  adoption->granules = g_steal_pointer (&granules);
  return TRUE;
}

/* What of the detail can be read; without granules there is nothing to go on with. */
static void
read_detail (CairnAdoptionRecord *adoption)
{
  g_autoptr (GVariant) written = NULL;
  g_auto (GVariantDict) detail = G_VARIANT_DICT_INIT (NULL);

  if (!adoption->intent->detail)
    return;
  written = g_variant_ref_sink (
      g_variant_new_from_bytes (G_VARIANT_TYPE_VARDICT, adoption->intent->detail, FALSE));
  g_variant_dict_clear (&detail);
  g_variant_dict_init (&detail, written);
  if (g_variant_dict_lookup (&detail, KEY_DISK, "s", &adoption->disk_identifier)
      && g_variant_dict_lookup (&detail, KEY_DISK_FILE, "s", &adoption->disk_file)
      && g_variant_dict_lookup (&detail, KEY_BASE_FILES, "^ay", &adoption->base_files)
      && g_variant_dict_lookup (&detail, KEY_SIZE, "t", &adoption->catcher->virtual_size_bytes)
      && g_variant_dict_lookup (&detail, KEY_GRANULARITY, "t",
                                &adoption->catcher->granularity_bytes)
      && g_variant_dict_lookup (&detail, KEY_ALLOCATED, "t", &adoption->catcher->allocated_bytes))
    read_found (adoption, &detail);
}

/* Takes INTENT over. */
static CairnAdoptionRecord *
adoption_of (CairnService *service, CairnIntent *intent)
{
  CairnAdoptionRecord *adoption = g_new0 (CairnAdoptionRecord, 1);

  adoption->service = service;
  adoption->intent = intent;
  adoption->catcher = cairn_anchor_new ();
  adoption->catcher->bitmap = g_strdup (intent->bitmap);
  adoption->catcher->format = g_strdup ("qcow2");
  adoption->catcher->path
      = g_strdup (intent->images->len > 0 ? (char *)intent->images->pdata[0] : "");
  read_detail (adoption);
  return adoption;
}

static gboolean
is_adoption_of (const CairnIntent *intent, const CairnPoint *point)
{
  return intent->kind == CAIRN_INTENT_ADOPT
         && g_ascii_strcasecmp (intent->point, point->instance_id) == 0;
}

/* The disk it is of, as far as can be told. */
static gboolean
is_of_disk (const CairnAdoptionRecord *adoption, const CairnDisk *disk)
{
  if (adoption->disk_identifier)
    return g_ascii_strcasecmp (adoption->disk_identifier, disk->identifier) == 0;
  return adoption->intent->images->len > 0
         && g_str_equal (adoption->intent->images->pdata[0], disk->path);
}

gboolean
cairn_adoption_is_at (const CairnAdoptionRecord *adoption, const CairnDisk *disk)
{
  g_autofree char *now = describe_place (disk->path);

  return adoption->intent->images->len > 0
         && g_str_equal (adoption->intent->images->pdata[0], disk->path)
         && g_strcmp0 (adoption->disk_file, now) == 0;
}

gboolean
cairn_adoption_find (CairnService *service, const CairnPoint *point, const CairnDisk *disk,
                     CairnAdoptionRecord **adoption, GError **error)
{
  g_autoptr (GPtrArray) intents
      = service->store->ops->list_intents (service->store, point->vm_guid, error);

  *adoption = NULL;
  while (intents && intents->len > 0 && !*adoption)
    {
      g_autoptr (CairnAdoptionRecord) found
          = adoption_of (service, g_ptr_array_steal_index (intents, 0));

      if (!is_adoption_of (found->intent, point) || !is_of_disk (found, disk))
        continue;
      if (!lock (found, error))
        return FALSE;
      *adoption = g_steal_pointer (&found);
    }
  return intents != NULL;
}

static gboolean
drop_intent (CairnService *service, const CairnIntent *intent, GError **error)
{
  CairnStoreChange change = { .remove_intent = intent->id };

  return cairn_recovery_remove_bitmaps (service, intent, error)
         && cairn_service_apply (service, &change, error);
}

gboolean
cairn_adoption_drop (CairnAdoptionRecord *adoption, GError **error)
{
  return drop_intent (adoption->service, adoption->intent, error);
}

gboolean
cairn_adoption_discard (CairnService *service, const CairnIntent *intent, GError **error)
{
  CairnStoreLock *lock = lock_intent (service, intent, error);
  gboolean done = lock && drop_intent (service, intent, error);

  if (lock)
    service->store->ops->unlock_vm (lock);
  return done;
}

gboolean
cairn_adoption_is_running (CairnService *service, const CairnIntent *intent)
{
  g_autoptr (GError) cause = NULL;
  CairnStoreLock *lock
      = service->store->ops->lock_vm (service->store, intent->id, g_get_monotonic_time (), &cause);

  if (lock)
    service->store->ops->unlock_vm (lock);
  /* A store that may only be read can't tell. */
  return g_error_matches (cause, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE);
}

gboolean
cairn_adoptions_discard (CairnService *service, const CairnPoint *point, GError **error)
{
  g_autoptr (GPtrArray) intents
      = service->store->ops->list_intents (service->store, point->vm_guid, error);

  for (guint i = 0; intents && i < intents->len; i++)
    if (is_adoption_of (intents->pdata[i], point)
        && !cairn_adoption_discard (service, intents->pdata[i], error))
      return FALSE;
  return intents != NULL;
}
