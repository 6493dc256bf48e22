/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a condition holds for an instance. */
#include "cim/schema.h"
#include "cim/wql/like.h"
#include "cim/wql/tree.h"
#include "cim/wql/value.h"

/* What is asked. */
typedef struct
{
  const CimInstance *instance;
  const char *server;
  GString *scratch[2]; /* the text of a system property that has to be made; NULL = none yet */
} Subject;

/* ---- values ---- */

static unsigned
namespace_of (const CimClass *class)
{
  return class->flags & CIM_IN_VIRTUALIZATION ? CIM_IN_VIRTUALIZATION : CIM_IN_CIMV2;
}

static const char *
make_path_text (const Subject *subject, gboolean is_full, GString *text)
{
  g_auto (CairnArena) arena = { 0 };
  const CimPath *path = cim_instance_make_path (subject->instance, &arena);

  if (is_full)
    cim_path_append_full (text, path, subject->server, namespace_of (subject->instance->class));
  else
    cim_path_append (text, path);
  return text->str;
}

/* NULL: the property is NULL. */
static const char *
system_text (Subject *subject, CimWqlOperand operand, GString **scratch)
{
  const CimClass *class = subject->instance->class;

  if (operand == CIM_WQL_CLASS)
    return class->name;
  if (operand == CIM_WQL_SERVER)
    return subject->server;
  if (operand == CIM_WQL_SUPERCLASS)
    return class->superclass ? class->superclass->name : NULL;
  if (operand == CIM_WQL_DYNASTY)
    {
      while (class->superclass)
        class = class->superclass;
      return class->name;
    }
  if (!*scratch)
    *scratch = g_string_new (NULL);
  if (operand == CIM_WQL_NAMESPACE)
    {
      g_string_assign (*scratch, cim_namespace_name (namespace_of (class)));
      return g_strdelimit ((*scratch)->str, "/", '\\');
    }
  g_string_truncate (*scratch, 0);
  return make_path_text (subject, operand == CIM_WQL_PATH, *scratch);
}

static gboolean
property_value (const Subject *subject, const char *name, CimWqlValue *value)
{
  const CimClass *class = subject->instance->class;
  int i = cim_class_find_property (class, name);
  const CimValue *stored = i >= 0 ? &subject->instance->values[i] : NULL;
  CimType type;

  if (!stored || !stored->is_set || (class->properties[i]->flags & CIM_ARRAY))
    return FALSE;
  type = class->properties[i]->type;
  if (type == CIM_REFERENCE)
    *value = (CimWqlValue){ .sort = CIM_WQL_IS_REFERENCE, .path = stored->path };
  else if (type == CIM_STRING || type == CIM_DATETIME)
    *value = (CimWqlValue){ .sort = type == CIM_STRING ? CIM_WQL_IS_TEXT : CIM_WQL_IS_TIME,
                            .text = stored->text };
  else
    {
      gboolean is_negative = cim_type_is_signed (type) && (int64_t)stored->number < 0;

      *value = (CimWqlValue){ .sort = type == CIM_BOOLEAN ? CIM_WQL_IS_BOOLEAN : CIM_WQL_IS_NUMBER,
                              .is_negative = is_negative,
                              .magnitude = is_negative ? -stored->number : stored->number };
    }
  return TRUE;
}

/* FALSE: NULL. */
static gboolean
side_value (Subject *subject, const CimWqlNode *node, guint i, CimWqlValue *value)
{
  const CimWqlSlot *slot = &node->slots[i];

  switch (node->operands[i])
    {
    case CIM_WQL_PROPERTY:
      return property_value (subject, slot->text, value);
    case CIM_WQL_NUMBER:
    case CIM_WQL_NEGATIVE:
      *value = (CimWqlValue){ .sort = CIM_WQL_IS_NUMBER,
                              .is_negative = node->operands[i] == CIM_WQL_NEGATIVE,
                              .magnitude = slot->magnitude };
      return TRUE;
    case CIM_WQL_BOOLEAN:
      *value = (CimWqlValue){ .sort = CIM_WQL_IS_BOOLEAN, .magnitude = slot->magnitude };
      return TRUE;
    case CIM_WQL_TEXT:
      *value = (CimWqlValue){ .sort = CIM_WQL_IS_TEXT, .text = slot->text };
      return TRUE;
    case CIM_WQL_NULL:
      return FALSE;
    default:
      *value = (CimWqlValue){ .sort = CIM_WQL_IS_TEXT };
      value->text = system_text (subject, node->operands[i], &subject->scratch[i]);
      return value->text != NULL;
    }
}

/* ---- comparisons ---- */

/* Like the paths of requests, it may leave out keys, the server and the namespace. */
static gboolean
has_path (const Subject *subject, const CimPath *path)
{
  const CimClass *class = subject->instance->class;

  if (!path || g_ascii_strcasecmp (path->class_name, class->name) != 0)
    return FALSE;
  if (path->server && !g_str_equal (path->server, ".")
      && g_ascii_strcasecmp (path->server, subject->server) != 0)
    return FALSE;
  if (path->namespace_ && !(cim_namespace_parse (path->namespace_) & class->flags))
    return FALSE;
  return (path->n_keys > 0 || (class->flags & CIM_SINGLETON))
         && cim_instance_has_keys (subject->instance, path);
}

static gboolean
is_path_comparison (const CimWqlNode *node)
{
  return (node->operands[0] == CIM_WQL_PATH || node->operands[0] == CIM_WQL_RELPATH)
         && node->operands[1] == CIM_WQL_TEXT
         && (node->kind == CIM_WQL_EQUAL || node->kind == CIM_WQL_DIFFERENT);
}

static gboolean
compares (Subject *subject, const CimWqlNode *node)
{
  CimWqlValue sides[2];
  int order = 0;

  if (is_path_comparison (node))
    return has_path (subject, node->slots[0].path) == (node->kind == CIM_WQL_EQUAL);
  if (!side_value (subject, node, 0, &sides[0]) || !side_value (subject, node, 1, &sides[1]))
    return FALSE;
  if (!cim_wql_value_compare (&sides[0], &sides[1], &order))
    return node->kind == CIM_WQL_DIFFERENT;
  switch (node->kind)
    {
    case CIM_WQL_EQUAL:
      return order == 0;
    case CIM_WQL_DIFFERENT:
      return order != 0;
    case CIM_WQL_LESS:
      return order < 0;
    case CIM_WQL_LESS_EQUAL:
      return order <= 0;
    case CIM_WQL_GREATER:
      return order > 0;
    default:
      return order >= 0;
    }
}

static gboolean
is_null (const Subject *subject, const CimWqlNode *node)
{
  const CimValue *value;

  if (node->operands[0] != CIM_WQL_PROPERTY)
    return node->operands[0] == CIM_WQL_SUPERCLASS && !subject->instance->class->superclass;
  value = cim_instance_get (subject->instance, node->slots[0].text);
  return !value || !value->is_set;
}

static gboolean
is_like (Subject *subject, const CimWqlNode *node)
{
  CimWqlValue value;

  return side_value (subject, node, 0, &value) && value.text
         && cim_wql_like_matches (node->slots[1].text, value.text);
}

static gboolean
is_a (const Subject *subject, const CimWqlNode *node)
{
  const CimClass *class = subject->instance->class;

  if (node->operands[0] == CIM_WQL_PROPERTY)
    {
      const CimPath *path = cim_instance_path_value (subject->instance, node->slots[0].text);

      class = path ? cim_schema_find (cim_schema_get (), namespace_of (class), path->class_name)
                   : NULL;
    }
  while (class && g_ascii_strcasecmp (class->name, node->slots[1].text) != 0)
    class = class->superclass;
  return class != NULL;
}

/* As deep as the query is nested. */
static gboolean
holds (Subject *subject, const CimWqlNode *node)
{
  for (; node->kind <= CIM_WQL_OR; node = node->slots[1].node)
    if (holds (subject, node->slots[0].node) == (node->kind == CIM_WQL_OR))
      return node->kind == CIM_WQL_OR;
  switch (node->kind)
    {
    case CIM_WQL_NOT:
      return !holds (subject, node->slots[0].node);
    case CIM_WQL_IS_NULL:
      return is_null (subject, node);
    case CIM_WQL_IS_NOT_NULL:
      return !is_null (subject, node);
    case CIM_WQL_LIKE:
      return is_like (subject, node);
    case CIM_WQL_ISA:
      return is_a (subject, node);
    default:
      return compares (subject, node);
    }
}

static void
free_scratch (GString *scratch)
{
  if (scratch)
    g_string_free (scratch, TRUE);
}

gboolean
cim_query_matches (const CimQuery *query, const CimInstance *instance, const char *server)
{
  Subject subject = { .instance = instance, .server = server };
  gboolean matches = !query->where || holds (&subject, query->where);

  free_scratch (subject.scratch[0]);
  free_scratch (subject.scratch[1]);
  return matches;
}
