/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The object manager with the real providers, without any protocol, for tests:
 * cim-shell STORE CONNECT SERVER
 *
 * Reads lines, their words separated by tabs:
 *   query NAMESPACE WQL        all that it gives, one instance at a time, as libvirt's driver pulls
 *   enumerate NAMESPACE CLASS  the same
 *   get NAMESPACE PATH         the one instance
 *   invoke NAMESPACE PATH METHOD [NAME VALUE]...
 * and answers each with a line of JSON: [{"__CLASS": ..., PROPERTY: VALUE, ...}, ...], for invoke
 * {"ReturnValue": N, "Message": TEXT}, or {"Error": CODE, "Message": TEXT}.
 */
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "cim/broker.h"
#include "provider/backend.h"

#define TIME_LIMIT_S 60

static void
put_text (JsonBuilder *out, const char *name, const char *text)
{
  json_builder_set_member_name (out, name);
  json_builder_add_string_value (out, text);
}

static void
put_path (JsonBuilder *out, const CimPath *path)
{
  g_autoptr (GString) text = g_string_new (NULL);

  cim_path_append (text, path);
  json_builder_add_string_value (out, text->str);
}

/* Member I of an array, or a scalar. */
static void
put_member (JsonBuilder *out, const CimProperty *property, const CimValue *value, guint i)
{
  gboolean is_array = (property->flags & CIM_ARRAY) != 0;
  uint64_t number;

  if (property->type == CIM_REFERENCE)
    put_path (out, is_array ? value->paths[i] : value->path);
  else if (!cim_type_is_number (property->type))
    json_builder_add_string_value (out, is_array ? value->texts[i] : value->text);
  else
    {
      number = is_array ? value->numbers[i] : value->number;
      if (property->type == CIM_BOOLEAN)
        json_builder_add_boolean_value (out, number != 0);
      else
        json_builder_add_int_value (out, (gint64)number);
    }
}

static void
put_instance (JsonBuilder *out, const CimInstance *instance)
{
  json_builder_begin_object (out);
  put_text (out, "__CLASS", instance->class->name);
  for (guint i = 0; i < instance->class->n_properties; i++)
    {
      const CimProperty *property = instance->class->properties[i];
      const CimValue *value = &instance->values[i];

      json_builder_set_member_name (out, property->name);
      if (!value->is_set)
        json_builder_add_null_value (out);
      else if (property->flags & CIM_ARRAY)
        {
          json_builder_begin_array (out);
          for (guint k = 0; k < value->n; k++)
            put_member (out, property, value, k);
          json_builder_end_array (out);
        }
      else
        put_member (out, property, value, 0);
    }
  json_builder_end_object (out);
}

static gboolean
give_all (CimCall *call, CimEnumeration *enumeration, JsonBuilder *out, GError **error)
{
  gboolean has_ended = FALSE;

  json_builder_begin_array (out);
  while (enumeration && !has_ended)
    {
      g_autoptr (GPtrArray) one
          = g_ptr_array_new_with_free_func ((GDestroyNotify)cim_instance_unref);

      if (!cim_enumeration_next (enumeration, call, 1, one, &has_ended, error))
        return FALSE;
      if (one->len > 0)
        put_instance (out, one->pdata[0]);
    }
  json_builder_end_array (out);
  return enumeration != NULL;
}

static gboolean
get (CimBroker *broker, CimCall *call, const CimPath *path, JsonBuilder *out, GError **error)
{
  g_autoptr (CimInstance) instance = cim_broker_get (broker, call, path, error);

  if (!instance)
    return FALSE;
  json_builder_begin_array (out);
  put_instance (out, instance);
  json_builder_end_array (out);
  return TRUE;
}

/* ARGUMENTS: names and values in turn. */
static gboolean
invoke (CimBroker *broker, CimCall *call, const CimPath *path, char **arguments, JsonBuilder *out,
        GError **error)
{
  const CimResolvedMethod *method = cim_broker_find_method (broker, path, *arguments, error);
  g_autoptr (CimInstance) in = method ? cim_instance_new (method->parameters) : NULL;
  g_autoptr (CimInstance) result = NULL;
  g_autofree char *message = NULL;
  uint32_t return_value = 0;

  for (char **p = arguments + 1; in && p[0] && p[1]; p += 2)
    if (!cim_instance_parse_texts (in, (guint)cim_class_find_property (in->class, p[0]),
                                   (const char *const *)p + 1, 1, error))
      return FALSE;
  if (!in
      || !cim_broker_invoke (broker, call, path, method, in, &result, &return_value, &message,
                             error))
    return FALSE;
  json_builder_begin_object (out);
  json_builder_set_member_name (out, "ReturnValue");
  json_builder_add_int_value (out, return_value);
  put_text (out, "Message", message);
  json_builder_end_object (out);
  return TRUE;
}

static gboolean
run_on_path (CimBroker *broker, CimCall *call, char **words, JsonBuilder *out, GError **error)
{
  g_auto (CairnArena) arena = { 0 };
  const CimPath *parsed = cim_path_parse (&arena, words[2], error);
  CimPath path;

  if (!parsed)
    return FALSE;
  path = *parsed;
  path.namespace_ = words[1];
  return g_str_equal (words[0], "get") ? get (broker, call, &path, out, error)
                                       : invoke (broker, call, &path, words + 3, out, error);
}

static gboolean
run (CimBroker *broker, CimCall *call, char **words, JsonBuilder *out, GError **error)
{
  g_autoptr (CimEnumeration) enumeration = NULL;

  g_assert (g_strv_length (words) >= 3);
  if (g_str_equal (words[0], "query"))
    enumeration = cim_broker_query (broker, words[1], words[2], error);
  else if (g_str_equal (words[0], "enumerate"))
    enumeration = cim_broker_enumerate (broker, words[1], words[2], error);
  else
    return run_on_path (broker, call, words, out, error);
  return give_all (call, enumeration, out, error);
}

static void
answer (CimBroker *broker, CimCall *call, char *line)
{
  g_auto (GStrv) words = g_strsplit (g_strchomp (line), "\t", -1);
  g_autoptr (JsonBuilder) out = json_builder_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *text = NULL;

  call->deadline = g_get_monotonic_time () + TIME_LIMIT_S * G_TIME_SPAN_SECOND;
  if (!run (broker, call, words, out, &error))
    {
      json_builder_reset (out);
      json_builder_begin_object (out);
      json_builder_set_member_name (out, "Error");
      json_builder_add_int_value (out, cim_error_status (error));
      put_text (out, "Message", error->message);
      json_builder_end_object (out);
    }
  root = json_builder_get_root (out);
  text = json_to_string (root, FALSE);
  puts (text);
  fflush (stdout);
}

int
main (int argc, char **argv)
{
  CairnBackendOptions options = { 0 };
  g_autoptr (GError) error = NULL;
  CairnBackend *backend;
  CimBroker *broker;
  CairnCaller *caller = cairn_caller_new_user ("root");
  CimCall call = { .caller = caller, .request_id = "shell" };
  char *line = NULL;
  size_t size = 0;

  g_assert (argc == 4);
  options.store_uri = argv[1];
  options.connect_uri = argv[2];
  options.server = argv[3];
  backend = cairn_backend_new (&options, &error);
  if (!backend)
    return fprintf (stderr, "%s\n", error->message), 1;
  broker = cim_broker_new (cim_schema_get (), cairn_backend_providers (backend));
  call.backend = backend;
  while (getline (&line, &size, stdin) > 0)
    answer (broker, &call, line);
  free (line);
  cim_broker_free (broker);
  cairn_backend_free (backend, 1000);
  cairn_caller_free (caller);
  return 0;
}
