/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Instances: values of a class's properties, in one arena. */
#include "cim/instance.h"

#include <string.h>

#include "cim/error.h"
#include "cim/text.h"

#define POSITION_SEPARATOR '\x1f'

CimInstance *
cim_instance_new (const CimClass *class)
{
  CimInstance *instance
      = g_malloc0 (sizeof (CimInstance) + class->n_properties * sizeof (CimValue));

  instance->class = class;
  instance->ref_count = 1;
  return instance;
}

CimInstance *
cim_instance_ref (CimInstance *instance)
{
  g_atomic_int_inc (&instance->ref_count);
  return instance;
}

void
cim_instance_unref (CimInstance *instance)
{
  if (!instance || !g_atomic_int_dec_and_test (&instance->ref_count))
    return;
  cairn_arena_clear (&instance->arena);
  g_free (instance);
}

/* ---- setting ---- */

/* The place of a value that we set ourselves: an unknown name is our own bug. */
static CimValue *
place (CimInstance *instance, const char *name, gboolean is_array)
{
  int i = cim_class_find_property (instance->class, name);

  g_assert (i >= 0);
  g_assert (!(instance->class->properties[i]->flags & CIM_ARRAY) == !is_array);
  return &instance->values[i];
}

static void
set_number (CimInstance *instance, const char *name, uint64_t number)
{
  *place (instance, name, FALSE) = (CimValue){ .is_set = TRUE, .n = 1, .number = number };
}

void
cim_instance_set_number (CimInstance *instance, const char *name, uint64_t number)
{
  set_number (instance, name, number);
}

void
cim_instance_set_signed (CimInstance *instance, const char *name, int64_t number)
{
  set_number (instance, name, (uint64_t)number);
}

void
cim_instance_set_boolean (CimInstance *instance, const char *name, gboolean is_true)
{
  set_number (instance, name, is_true != FALSE);
}

void
cim_instance_set_text (CimInstance *instance, const char *name, const char *text)
{
  *place (instance, name, FALSE) = (CimValue){
    .is_set = text != NULL, .n = 1, .text = cairn_arena_strdup (&instance->arena, text)
  };
}

void
cim_instance_set_time (CimInstance *instance, const char *name, int64_t ms)
{
  g_autofree char *text = cim_datetime_format (ms);

  cim_instance_set_text (instance, name, text);
}

void
cim_instance_set_interval (CimInstance *instance, const char *name, int64_t ms)
{
  g_autofree char *text = cim_interval_format (ms);

  cim_instance_set_text (instance, name, text);
}

void
cim_instance_set_path (CimInstance *instance, const char *name, const CimPath *path)
{
  *place (instance, name, FALSE) = (CimValue){
    .is_set = path != NULL, .n = 1, .path = path ? cim_path_copy (&instance->arena, path) : NULL
  };
}

static const char *const *
copy_texts (CairnArena *arena, const char *const *texts, guint n)
{
  const char **copy = cairn_arena_alloc (arena, (n + 1) * sizeof *copy);

  for (guint i = 0; i < n; i++)
    copy[i] = cairn_arena_strdup (arena, texts[i]);
  return copy;
}

void
cim_instance_set_texts (CimInstance *instance, const char *name, const char *const *texts, guint n)
{
  CimValue *value = place (instance, name, TRUE);

  *value = (CimValue){ .is_set = texts != NULL, .n = n };
  if (texts)
    value->texts = copy_texts (&instance->arena, texts, n);
}

void
cim_instance_set_numbers (CimInstance *instance, const char *name, const uint64_t *numbers, guint n)
{
  CimValue *value = place (instance, name, TRUE);
  uint64_t *copy = numbers ? cairn_arena_alloc (&instance->arena, (n + 1) * sizeof *copy) : NULL;

  *value = (CimValue){ .is_set = numbers != NULL, .n = n, .numbers = copy };
  if (numbers && n > 0)
    memcpy (copy, numbers, n * sizeof *copy);
}

/* ---- getting ---- */

const CimValue *
cim_instance_get (const CimInstance *instance, const char *name)
{
  int i = cim_class_find_property (instance->class, name);

  return i >= 0 ? &instance->values[i] : NULL;
}

const char *
cim_instance_text (const CimInstance *instance, const char *name)
{
  const CimValue *value = cim_instance_get (instance, name);

  return value && value->is_set ? value->text : NULL;
}

uint64_t
cim_instance_number (const CimInstance *instance, const char *name, uint64_t otherwise)
{
  const CimValue *value = cim_instance_get (instance, name);

  return value && value->is_set ? value->number : otherwise;
}

const CimPath *
cim_instance_path_value (const CimInstance *instance, const char *name)
{
  const CimValue *value = cim_instance_get (instance, name);

  return value && value->is_set ? value->path : NULL;
}

/* ---- from outside ---- */

static gboolean
refuse (const CimInstance *instance, guint property, const char *text, GError **error)
{
  const CimProperty *declared = instance->class->properties[property];

  g_set_error (error, CIM_ERROR, CIM_ERR_TYPE_MISMATCH,
               "%s.%s is of type %s%s, and can't be '%.100s'; give a value of that type",
               instance->class->name, declared->name, cim_type_name (declared->type),
               declared->flags & CIM_ARRAY ? "[]" : "", text);
  return FALSE;
}

/* One text as a value whose text, if it is one, lies in the arena. */
static gboolean
parse_text (CimInstance *instance, guint property, const char *text, CimValue *value,
            GError **error)
{
  CimType type = instance->class->properties[property]->type;
  g_autofree char *datetime = type == CIM_DATETIME ? cim_datetime_from_xml (text) : NULL;

  if (type == CIM_REFERENCE || (type == CIM_DATETIME && !datetime)
      || !cim_value_parse (type, datetime ? datetime : text, value))
    return refuse (instance, property, text, error);
  if (!cim_type_is_number (type))
    value->text = cairn_arena_strdup (&instance->arena, value->text);
  return TRUE;
}

static gboolean
parse_array (CimInstance *instance, guint property, const char *const *texts, guint n,
             GError **error)
{
  gboolean is_number = cim_type_is_number (instance->class->properties[property]->type);
  uint64_t *numbers = cairn_arena_alloc (&instance->arena, (n + 1) * sizeof *numbers);
  const char **copies = (const char **)numbers;
  CimValue one;

  G_STATIC_ASSERT (sizeof *numbers >= sizeof *copies);
  for (guint i = 0; i < n; i++)
    {
      if (!parse_text (instance, property, texts[i], &one, error))
        return FALSE;
      if (is_number)
        numbers[i] = one.number;
      else
        copies[i] = one.text;
    }
  instance->values[property] = (CimValue){ .is_set = TRUE, .n = n, .numbers = numbers };
  return TRUE;
}

gboolean
cim_instance_parse_texts (CimInstance *instance, guint property, const char *const *texts, guint n,
                          GError **error)
{
  if (instance->class->properties[property]->flags & CIM_ARRAY)
    return parse_array (instance, property, texts, n, error);
  if (n != 1)
    return refuse (instance, property, n ? "several values" : "no value at all", error);
  return parse_text (instance, property, texts[0], &instance->values[property], error);
}

gboolean
cim_instance_parse_path (CimInstance *instance, guint property, const CimPath *path, GError **error)
{
  const CimProperty *declared = instance->class->properties[property];

  if (declared->type != CIM_REFERENCE || (declared->flags & CIM_ARRAY))
    return refuse (instance, property, path->class_name, error);
  instance->values[property]
      = (CimValue){ .is_set = TRUE, .n = 1, .path = cim_path_copy (&instance->arena, path) };
  return TRUE;
}

/* ---- identity ---- */

/* The text of key property I, "" when it is NULL. */
static void
append_key (GString *out, const CimInstance *instance, guint i)
{
  const CimProperty *property = instance->class->properties[i];
  const CimValue *value = &instance->values[i];

  if (!value->is_set)
    return;
  if (property->type == CIM_REFERENCE)
    cim_path_append (out, value->path);
  else
    cim_value_append (out, property->type, FALSE, value, 0);
}

static void
make_key (const CimInstance *instance, guint i, CairnArena *arena, CimKey *key)
{
  const CimProperty *property = instance->class->properties[i];
  g_autoptr (GString) text = NULL;

  key->name = property->name;
  if (property->type == CIM_REFERENCE && instance->values[i].is_set)
    {
      key->path = cim_path_copy (arena, instance->values[i].path);
      return;
    }
  text = g_string_new (NULL);
  append_key (text, instance, i);
  key->text = cairn_arena_strndup (arena, text->str, text->len);
}

const CimPath *
cim_instance_make_path (const CimInstance *instance, CairnArena *arena)
{
  const CimClass *class = instance->class;
  CimPath *path = cairn_arena_alloc (arena, sizeof *path);
  CimKey *keys = cairn_arena_alloc (arena, (class->n_keys + 1) * sizeof *keys);

  for (guint i = 0; i < class->n_keys; i++)
    make_key (instance, class->keys[i], arena, &keys[i]);
  path->class_name = class->name;
  path->keys = keys;
  path->n_keys = class->n_keys;
  return path;
}

char *
cim_instance_position (const CimInstance *instance)
{
  GString *position = g_string_new (NULL);

  for (guint i = 0; i < instance->class->n_keys; i++)
    {
      if (i > 0)
        g_string_append_c (position, POSITION_SEPARATOR);
      append_key (position, instance, instance->class->keys[i]);
    }
  return g_string_free (position, FALSE);
}

static gboolean
has_key (const CimInstance *instance, guint i, const CimKey *key)
{
  const CimProperty *property = instance->class->properties[i];
  const CimValue *value = &instance->values[i];
  CimValue wanted;

  if (!value->is_set || !key->text != (property->type == CIM_REFERENCE))
    return FALSE;
  if (key->path)
    return cim_path_equal (value->path, key->path);
  if (cim_type_is_number (property->type))
    return cim_value_parse (property->type, key->text, &wanted) && wanted.number == value->number;
  return cim_text_compare (value->text, key->text) == 0;
}

gboolean
cim_instance_has_keys (const CimInstance *instance, const CimPath *path)
{
  const CimClass *class = instance->class;

  for (guint i = 0; i < path->n_keys; i++)
    {
      const CimKey *key = &path->keys[i];
      int found = key->name            ? cim_class_find_property (class, key->name)
                  : class->n_keys == 1 ? (int)class->keys[0]
                                       : -1;

      if (found < 0 || !has_key (instance, (guint)found, key))
        return FALSE;
    }
  return TRUE;
}
