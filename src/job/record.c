/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A job as it is at one moment. */
#include "job/record.h"

#include "refpoint/guid.h"

/* Of what is kept; other versions are dropped when they are read, like jobs whose time is up. */
#define VERSION 2

/* version; type, state, owner; start, change, end; percent, cancellable; error; elements of kind,
 * id, effect; what an export has. */
#define HEAD_FORMAT    "(yuusxxxubums)"
#define ELEMENT_FORMAT "a(usu)"
#define EXPORT_FORMAT  "(msmsmsmsmsmsasas)"
#define RECORD_FORMAT  "(" HEAD_FORMAT ELEMENT_FORMAT EXPORT_FORMAT ")"

static void
element_free (gpointer opaque)
{
  CairnJobElement *element = opaque;

  g_free (element->id);
  g_free (element);
}

static CairnJobRecord *
new_empty (void)
{
  CairnJobRecord *record = g_new0 (CairnJobRecord, 1);

  record->ref_count = 1;
  record->elements = g_ptr_array_new_with_free_func (element_free);
  record->exported_disks = g_ptr_array_new_with_free_func (g_free);
  record->exported_log_paths = g_ptr_array_new_with_free_func (g_free);
  return record;
}

CairnJobRecord *
cairn_job_record_new (CairnJobType type, const char *owner, int64_t start_ms)
{
  CairnJobRecord *record = new_empty ();

  record->id = cairn_guid_random ();
  record->type = type;
  record->state = CAIRN_JOB_RUNNING;
  record->owner = g_strdup (owner);
  record->start_ms = record->changed_ms = start_ms;
  record->is_cancellable = TRUE;
  return record;
}

void
cairn_job_record_add_element (CairnJobRecord *record, CairnJobElementKind kind, const char *id,
                              CairnJobEffect effect)
{
  CairnJobElement *element = g_new0 (CairnJobElement, 1);

  element->kind = kind;
  element->id = g_strdup (id);
  element->effect = effect;
  g_ptr_array_add (record->elements, element);
}

static GPtrArray *
copy_texts (const GPtrArray *texts)
{
  GPtrArray *copy = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < texts->len; i++)
    g_ptr_array_add (copy, g_strdup (texts->pdata[i]));
  return copy;
}

CairnJobRecord *
cairn_job_record_copy (const CairnJobRecord *record)
{
  CairnJobRecord *copy = g_memdup2 (record, sizeof *record);

  copy->ref_count = 1;
  copy->id = g_strdup (record->id);
  copy->owner = g_strdup (record->owner);
  copy->error = g_strdup (record->error);
  copy->export_directory = g_strdup (record->export_directory);
  copy->config_file_path = g_strdup (record->config_file_path);
  copy->runtime_file_path = g_strdup (record->runtime_file_path);
  copy->vm_guid = g_strdup (record->vm_guid);
  copy->point_guid = g_strdup (record->point_guid);
  copy->base_guid = g_strdup (record->base_guid);
  copy->elements = g_ptr_array_new_with_free_func (element_free);
  copy->exported_disks = copy_texts (record->exported_disks);
  copy->exported_log_paths = copy_texts (record->exported_log_paths);
  for (guint i = 0; i < record->elements->len; i++)
    {
      const CairnJobElement *element = record->elements->pdata[i];

      cairn_job_record_add_element (copy, element->kind, element->id, element->effect);
    }
  return copy;
}

CairnJobRecord *
cairn_job_record_ref (CairnJobRecord *record)
{
  g_atomic_int_inc (&record->ref_count);
  return record;
}

void
cairn_job_record_unref (CairnJobRecord *record)
{
  if (!record || !g_atomic_int_dec_and_test (&record->ref_count))
    return;
  g_free (record->id);
  g_free (record->owner);
  g_free (record->error);
  g_free (record->export_directory);
  g_free (record->config_file_path);
  g_free (record->runtime_file_path);
  g_free (record->vm_guid);
  g_free (record->point_guid);
  g_free (record->base_guid);
  g_ptr_array_unref (record->elements);
  g_ptr_array_unref (record->exported_disks);
  g_ptr_array_unref (record->exported_log_paths);
  g_free (record);
}

/* ---- as bytes ---- */

static GVariant *
encode_head (const CairnJobRecord *record)
{
  return g_variant_new (HEAD_FORMAT, VERSION, (guint32)record->type, (guint32)record->state,
                        record->owner, (gint64)record->start_ms, (gint64)record->changed_ms,
                        (gint64)record->end_ms, record->percent, record->is_cancellable,
                        record->error_code, record->error);
}

static void
add_texts (GVariantBuilder *builder, const GPtrArray *texts)
{
  g_variant_builder_init (builder, G_VARIANT_TYPE_STRING_ARRAY);
  for (guint i = 0; i < texts->len; i++)
    g_variant_builder_add (builder, "s", texts->pdata[i]);
}

static GVariant *
encode_export (const CairnJobRecord *record)
{
  GVariantBuilder disks, logs;

  add_texts (&disks, record->exported_disks);
  add_texts (&logs, record->exported_log_paths);
  return g_variant_new (EXPORT_FORMAT, record->export_directory, record->config_file_path,
                        record->runtime_file_path, record->vm_guid, record->point_guid,
                        record->base_guid, &disks, &logs);
}

GBytes *
cairn_job_record_encode (const CairnJobRecord *record)
{
  g_autoptr (GVariant) whole = NULL;
  GVariantBuilder elements;

  g_variant_builder_init (&elements, G_VARIANT_TYPE (ELEMENT_FORMAT));
  for (guint i = 0; i < record->elements->len; i++)
    {
      const CairnJobElement *element = record->elements->pdata[i];

      g_variant_builder_add (&elements, "(usu)", (guint32)element->kind, element->id,
                             (guint32)element->effect);
    }
  whole = g_variant_ref_sink (g_variant_new (
      "(@" HEAD_FORMAT "@" ELEMENT_FORMAT "@" EXPORT_FORMAT ")", encode_head (record),
      g_variant_builder_end (&elements), encode_export (record)));
  return g_variant_get_data_as_bytes (whole);
}

static gboolean
decode_head (GVariant *head, CairnJobRecord *record)
{
  guint32 type, state;
  guint8 version;

  g_variant_get (head, HEAD_FORMAT, &version, &type, &state, &record->owner, &record->start_ms,
                 &record->changed_ms, &record->end_ms, &record->percent, &record->is_cancellable,
                 &record->error_code, &record->error);
  record->type = (CairnJobType)type;
  record->state = (CairnJobState)state;
  return version == VERSION;
}

static void
decode_elements (GVariant *elements, CairnJobRecord *record)
{
  GVariantIter iter;
  guint32 kind, effect;
  const char *id;

  g_variant_iter_init (&iter, elements);
  while (g_variant_iter_next (&iter, "(u&su)", &kind, &id, &effect))
    cairn_job_record_add_element (record, (CairnJobElementKind)kind, id, (CairnJobEffect)effect);
}

static void
take_texts (GVariantIter *iter, GPtrArray *texts)
{
  char *text;

  while (g_variant_iter_next (iter, "s", &text))
    g_ptr_array_add (texts, text);
}

static void
decode_export (GVariant *export, CairnJobRecord *record)
{
  g_autoptr (GVariantIter) disks = NULL, logs = NULL;

  g_variant_get (export, EXPORT_FORMAT, &record->export_directory, &record->config_file_path,
                 &record->runtime_file_path, &record->vm_guid, &record->point_guid,
                 &record->base_guid, &disks, &logs);
  take_texts (disks, record->exported_disks);
  take_texts (logs, record->exported_log_paths);
}

CairnJobRecord *
cairn_job_record_decode (const char *id, GBytes *bytes)
{
  g_autoptr (CairnJobRecord) record = new_empty ();
  g_autoptr (GVariant) raw = g_variant_ref_sink (
      g_variant_new_from_bytes (G_VARIANT_TYPE (RECORD_FORMAT), bytes, FALSE));
  g_autoptr (GVariant) head = NULL, elements = NULL, export = NULL;

  if (!g_variant_is_normal_form (raw))
    return NULL;
  g_variant_get (raw, "(@" HEAD_FORMAT "@" ELEMENT_FORMAT "@" EXPORT_FORMAT ")", &head, &elements,
                 &export);
  if (!decode_head (head, record))
    return NULL;
  record->id = g_ascii_strup (id, -1);
  decode_elements (elements, record);
  decode_export (export, record);
  return g_steal_pointer (&record);
}
