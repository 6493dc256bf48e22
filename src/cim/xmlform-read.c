/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CIM-XML -> paths, values and instances.
 *
 * How deep elements are nested, and so how deep this calls itself, is limited by xml.h.
 */
#include <string.h>

#include "cim/error.h"
#include "cim/xmlform.h"

/* No class has more than five; a namespace has three parts. */
#define N_KEYS_MAX            32u
#define N_NAMESPACE_PARTS_MAX 16u

static gboolean G_GNUC_PRINTF (2, 3) refuse (GError **error, const char *format, ...)
{
  va_list arguments;
  g_autofree char *reason = NULL;

  va_start (arguments, format);
  reason = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error_literal (error, CIM_ERROR, CIM_ERR_INVALID_PARAMETER, reason);
  return FALSE;
}

/* Text without white space around it. */
static const char *
trim (CairnArena *arena, const char *text)
{
  size_t length;

  while (g_ascii_isspace (*text))
    text++;
  length = strlen (text);
  if (length == 0 || !g_ascii_isspace (text[length - 1]))
    return text;
  while (length > 0 && g_ascii_isspace (text[length - 1]))
    length--;
  return cairn_arena_strndup (arena, text, length);
}

/* ---- paths ---- */

static const char *
read_namespace (CairnArena *arena, const CairnXmlNode *node, GError **error)
{
  g_autoptr (GString) name = g_string_new (NULL);
  guint n = 0;

  for (const CairnXmlNode *part = cairn_xml_child (node, NULL, "NAMESPACE"); part;
       part = cairn_xml_next (part, NULL, "NAMESPACE"))
    {
      const char *text = cairn_xml_attribute (part, NULL, "NAME");

      if (!text || !*text || ++n > N_NAMESPACE_PARTS_MAX)
        return refuse (error, "A LOCALNAMESPACEPATH must have 1 to %u NAMESPACEs with a NAME",
                       N_NAMESPACE_PARTS_MAX),
               NULL;
      if (name->len > 0)
        g_string_append_c (name, '/');
      g_string_append (name, text);
    }
  if (n == 0)
    return refuse (error, "A LOCALNAMESPACEPATH without a NAMESPACE names nothing"), NULL;
  return cairn_arena_strndup (arena, name->str, name->len);
}

/* KEYVALUE or VALUE.REFERENCE, in PARENT. */
static gboolean
read_key (CairnArena *arena, const CairnXmlNode *parent, CimKey *key, GError **error)
{
  const CairnXmlNode *value = parent->children;

  if (value && cairn_xml_is (value, NULL, "VALUE.REFERENCE"))
    return (key->path = cim_xml_read_path (arena, value, error)) != NULL;
  if (!value || !cairn_xml_is (value, NULL, "KEYVALUE"))
    return refuse (error, "A key of an INSTANCENAME must be a KEYVALUE or a VALUE.REFERENCE");
  key->text = g_strcmp0 (cairn_xml_attribute (value, NULL, "VALUETYPE"), "string") == 0
                      || !cairn_xml_attribute (value, NULL, "VALUETYPE")
                  ? cairn_arena_strdup (arena, value->text)
                  : cairn_arena_strdup (arena, trim (arena, value->text));
  return TRUE;
}

/* KEYBINDINGs, or the one key without its name. */
static gboolean
read_keys (CairnArena *arena, const CairnXmlNode *node, CimPath *path, GError **error)
{
  const CairnXmlNode *first = node->children;
  CimKey keys[N_KEYS_MAX] = { 0 };
  CimKey *copy;
  guint n = 0;

  if (first && !cairn_xml_is (first, NULL, "KEYBINDING"))
    {
      if (!read_key (arena, node, &keys[n++], error))
        return FALSE;
      first = NULL;
    }
  for (const CairnXmlNode *one = first; one; one = cairn_xml_next (one, NULL, "KEYBINDING"), n++)
    {
      const char *name = cairn_xml_attribute (one, NULL, "NAME");

      if (!name || n == N_KEYS_MAX)
        return refuse (error, "An INSTANCENAME must have at most %u KEYBINDINGs, each with a NAME",
                       N_KEYS_MAX);
      keys[n].name = cairn_arena_strdup (arena, name);
      if (!read_key (arena, one, &keys[n], error))
        return FALSE;
    }
  copy = cairn_arena_alloc (arena, (n + 1) * sizeof *copy);
  memcpy (copy, keys, n * sizeof *copy);
  path->keys = copy;
  path->n_keys = n;
  return TRUE;
}

/* INSTANCENAME or CLASSNAME. */
static gboolean
read_name (CairnArena *arena, const CairnXmlNode *node, CimPath *path, GError **error)
{
  const gboolean is_class = cairn_xml_is (node, NULL, "CLASSNAME");
  const char *name = cairn_xml_attribute (node, NULL, is_class ? "NAME" : "CLASSNAME");

  if (!name || !*name)
    return refuse (error, "A %s must name a class", node->name);
  path->class_name = cairn_arena_strdup (arena, name);
  return is_class || read_keys (arena, node, path, error);
}

/* What the path of NODE consists of, INTO path: HOST, LOCALNAMESPACEPATH, then the name. */
static gboolean
read_into (CairnArena *arena, const CairnXmlNode *node, CimPath *path, GError **error)
{
  static const char *const wrappers[]
      = { "VALUE.REFERENCE", "INSTANCEPATH",  "CLASSPATH", "LOCALINSTANCEPATH",
          "LOCALCLASSPATH",  "NAMESPACEPATH", NULL };

  if (cairn_xml_is (node, NULL, "INSTANCENAME") || cairn_xml_is (node, NULL, "CLASSNAME"))
    return read_name (arena, node, path, error);
  if (cairn_xml_is (node, NULL, "LOCALNAMESPACEPATH"))
    return (path->namespace_ = read_namespace (arena, node, error)) != NULL;
  if (cairn_xml_is (node, NULL, "HOST"))
    {
      path->server = cairn_arena_strdup (arena, trim (arena, node->text));
      return TRUE;
    }
  if (!g_strv_contains (wrappers, node->name))
    return refuse (error, "%.100s is no object path", node->name);
  for (const CairnXmlNode *child = node->children; child; child = child->next)
    if (!read_into (arena, child, path, error))
      return FALSE;
  return TRUE;
}

const CimPath *
cim_xml_read_path (CairnArena *arena, const CairnXmlNode *node, GError **error)
{
  CimPath *path = cairn_arena_alloc (arena, sizeof *path);

  if (!read_into (arena, node, path, error))
    return NULL;
  if (!path->class_name)
    return refuse (error, "%.100s names no class", node->name), NULL;
  return path;
}

/* ---- values ---- */

static gboolean
is_path (const CairnXmlNode *node)
{
  static const char *const names[]
      = { "VALUE.REFERENCE", "INSTANCENAME", "INSTANCEPATH", "LOCALINSTANCEPATH", NULL };

  return g_strv_contains (names, node->name);
}

static gboolean
read_texts (CimInstance *instance, guint property, const CairnXmlNode *first, GError **error)
{
  const gboolean is_text = instance->class->properties[property]->type == CIM_STRING;
  g_autoptr (GPtrArray) texts = g_ptr_array_new ();

  for (const CairnXmlNode *one = first; one; one = one->next)
    if (cairn_xml_is (one, NULL, "VALUE"))
      g_ptr_array_add (texts, (gpointer)(is_text ? one->text : trim (&instance->arena, one->text)));
    else
      return refuse (error, "The array '%s' must have VALUEs only",
                     instance->class->properties[property]->name);
  return cim_instance_parse_texts (instance, property, (const char *const *)texts->pdata,
                                   texts->len, error);
}

static gboolean
read_paths (CimInstance *instance, guint property, const CairnXmlNode *first, GError **error)
{
  const CimProperty *declared = instance->class->properties[property];
  g_autoptr (GPtrArray) paths = g_ptr_array_new ();
  const CimPath **copy;

  if (declared->type != CIM_REFERENCE || !(declared->flags & CIM_ARRAY))
    return refuse (error, "'%s' is no array of references", declared->name);
  for (const CairnXmlNode *one = first; one; one = one->next)
    {
      const CimPath *path = cim_xml_read_path (&instance->arena, one, error);

      if (!path)
        return FALSE;
      g_ptr_array_add (paths, (gpointer)path);
    }
  copy = cairn_arena_alloc (&instance->arena, (paths->len + 1) * sizeof *copy);
  if (paths->len > 0)
    memcpy (copy, paths->pdata, paths->len * sizeof *copy);
  instance->values[property] = (CimValue){ .is_set = TRUE, .n = paths->len, .paths = copy };
  return TRUE;
}

static gboolean
read_scalar (CimInstance *instance, guint property, const CairnXmlNode *value, GError **error)
{
  const gboolean is_text = instance->class->properties[property]->type == CIM_STRING;
  const char *text = is_text ? value->text : trim (&instance->arena, value->text);

  return cim_instance_parse_texts (instance, property, &text, 1, error);
}

gboolean
cim_xml_read_value (CimInstance *instance, guint property, const CairnXmlNode *node, GError **error)
{
  const CairnXmlNode *value = node->children;
  const CimPath *path;

  while (value && cairn_xml_is (value, NULL, "QUALIFIER"))
    value = value->next;
  if (!value)
    {
      instance->values[property] = (CimValue){ 0 };
      return TRUE;
    }
  if (cairn_xml_is (value, NULL, "VALUE"))
    return read_scalar (instance, property, value, error);
  if (cairn_xml_is (value, NULL, "VALUE.ARRAY"))
    return read_texts (instance, property, value->children, error);
  if (cairn_xml_is (value, NULL, "VALUE.REFARRAY"))
    return read_paths (instance, property, value->children, error);
  if (!is_path (value))
    return refuse (error, "'%s' can't be a %.100s; give a VALUE, VALUE.ARRAY or VALUE.REFERENCE",
                   instance->class->properties[property]->name, value->name);
  path = cim_xml_read_path (&instance->arena, value, error);
  return path && cim_instance_parse_path (instance, property, path, error);
}

/* ---- instances ---- */

gboolean
cim_xml_read_instance (CimInstance *instance, const CairnXmlNode *node, GError **error)
{
  static const char *const elements[]
      = { "PROPERTY", "PROPERTY.ARRAY", "PROPERTY.REFERENCE", NULL };

  for (const CairnXmlNode *one = node->children; one; one = one->next)
    {
      const char *name = cairn_xml_attribute (one, NULL, "NAME");
      int i = -1;

      if (!g_strv_contains (elements, one->name))
        continue;
      if (!name)
        return refuse (error, "A %s of the instance has no NAME", one->name);
      i = cim_class_find_property (instance->class, name);
      if (i >= 0 && !cim_xml_read_value (instance, (guint)i, one, error))
        return FALSE;
    }
  return TRUE;
}
