/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One instance, and methods. */
#include "cim/broker.h"

#include <cairn/error.h>

#include "cim/sources.h"

/* As many as a provider that can't look one up is asked for at once. */
#define SEARCH_PAGE 256u

/* "Not Supported" in the two families of return tables. */
#define NOT_SUPPORTED_VENDOR 32770u
#define NOT_SUPPORTED_DMTF   1u

CimBroker *
cim_broker_new (const CimSchema *schema, const CimProviders *providers)
{
  CimBroker *broker = g_new0 (CimBroker, 1);

  broker->schema = schema;
  broker->providers = providers;
  broker->sources = cim_sources_collect (schema, providers);
  return broker;
}

void
cim_broker_free (CimBroker *broker)
{
  if (!broker)
    return;
  g_hash_table_unref (broker->sources);
  g_free (broker);
}

const CimSchema *
cim_broker_schema (const CimBroker *broker)
{
  return broker->schema;
}

const char *
cim_broker_server (const CimBroker *broker)
{
  return broker->providers->server;
}

gboolean
cim_broker_is_server (const CimBroker *broker, const char *word)
{
  return !word || g_str_equal (word, ".") || g_ascii_strcasecmp (word, "localhost") == 0
         || g_ascii_strcasecmp (word, broker->providers->server) == 0;
}

gboolean
cim_call_check_deadline (const CimCall *call, GError **error)
{
  if (g_get_monotonic_time () < call->deadline)
    return TRUE;
  g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_TIMEOUT,
                       "the operation ran past the client's time limit; ask for less, or allow it "
                       "more time");
  return FALSE;
}

const CimClass *
cim_broker_find_class (const CimBroker *broker, const char *namespace_, const char *class_name,
                       unsigned *namespace_flag, GError **error)
{
  unsigned flag = namespace_ ? cim_namespace_parse (namespace_) : CIM_IN_VIRTUALIZATION;
  const CimClass *class = flag ? cim_schema_find (broker->schema, flag, class_name) : NULL;

  if (!flag)
    g_set_error (error, CIM_ERROR, CIM_ERR_INVALID_NAMESPACE,
                 "there is no namespace '%.100s'; use " CIM_NAMESPACE_VIRTUALIZATION
                 " or " CIM_NAMESPACE_CIMV2,
                 namespace_);
  else if (!class)
    g_set_error (error, CIM_ERROR, CIM_ERR_INVALID_CLASS,
                 "namespace %s has no class '%.100s'; correct the name", cim_namespace_name (flag),
                 class_name);
  if (namespace_flag)
    *namespace_flag = flag;
  return class;
}

/* ---- one instance ---- */

static gboolean
check_path (const CimBroker *broker, const CimClass *class, const CimPath *path, GError **error)
{
  if (!cim_broker_is_server (broker, path->server))
    {
      g_set_error (error, CIM_ERROR, CIM_ERR_INVALID_PARAMETER,
                   "the path names server '%.100s', and this is %s; ask that server", path->server,
                   broker->providers->server);
      return FALSE;
    }
  for (guint i = 0; i < path->n_keys; i++)
    {
      const char *name = path->keys[i].name;
      int property = name ? cim_class_find_property (class, name) : 0;

      if (property >= 0 && (!name || (class->properties[property]->flags & CIM_KEY)))
        continue;
      g_set_error (error, CIM_ERROR, CIM_ERR_INVALID_PARAMETER,
                   "class %s has no key '%.100s'; leave it out or correct it", class->name, name);
      return FALSE;
    }
  if (path->n_keys > 0 || (class->flags & CIM_SINGLETON))
    return TRUE;
  g_set_error (error, CIM_ERROR, CIM_ERR_INVALID_PARAMETER,
               "the path of class %s has no keys; give those of the instance", class->name);
  return FALSE;
}

static const char *
required_by_path (gconstpointer query, const char *property)
{
  return cim_path_key_text (query, property);
}

/* Takes the next instance that PATH chooses: a second one is too many. */
static gboolean
take_chosen (CimInstance **chosen, CimInstance *instance, const CimPath *path, GError **error)
{
  if (!cim_instance_has_keys (instance, path))
    return TRUE;
  if (!*chosen)
    {
      *chosen = cim_instance_ref (instance);
      return TRUE;
    }
  g_set_error (error, CIM_ERROR, CIM_ERR_INVALID_PARAMETER,
               "these keys choose several instances of %s; give all of its keys", path->class_name);
  return FALSE;
}

static gboolean
search (CimCall *call, const CimSource *source, const CimPath *path, CimInstance **chosen,
        GError **error)
{
  g_autofree char *after = NULL;
  guint n_given;

  do
    {
      g_autoptr (GPtrArray) instances
          = g_ptr_array_new_with_free_func ((GDestroyNotify)cim_instance_unref);
      const CimPage page
          = { .after = after, .limit = SEARCH_PAGE, .required = required_by_path, .query = path };

      if (!cim_call_check_deadline (call, error)
          || !source->provider->page (call, source->class, &page, instances, error))
        return FALSE;
      for (guint i = 0; i < instances->len; i++)
        if (!take_chosen (chosen, instances->pdata[i], path, error))
          return FALSE;
      n_given = instances->len;
      g_free (after);
      after = n_given ? cim_instance_position (instances->pdata[n_given - 1]) : NULL;
    }
  while (n_given >= SEARCH_PAGE);
  return TRUE;
}

/* FALSE for a failure; that SOURCE hasn't got it is none. */
static gboolean
look_up (CimBroker *broker, CimCall *call, const CimSource *source, const CimPath *path,
         CimInstance **chosen, GError **error)
{
  g_autoptr (CimInstance) found = NULL;
  GError *cause = NULL;

  if (source->provider && !source->provider->get)
    return search (call, source, path, chosen, error);
  found = source->provider ? source->provider->get (call, source->class, path, &cause)
                           : cim_association_get (broker, call, source, path, &cause);
  if (found)
    return take_chosen (chosen, found, path, error);
  if (g_error_matches (cause, CIM_ERROR, CIM_ERR_NOT_FOUND))
    {
      g_error_free (cause);
      return TRUE;
    }
  g_propagate_error (error, cause);
  return FALSE;
}

static CimInstance *
fail_not_found (const CimPath *path, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);

  cim_path_append (text, path);
  g_set_error (error, CIM_ERROR, CIM_ERR_NOT_FOUND,
               "there is no instance '%.300s'; enumerate the class for those there are", text->str);
  return NULL;
}

CimInstance *
cim_broker_get (CimBroker *broker, CimCall *call, const CimPath *path, GError **error)
{
  unsigned namespace_flag;
  const CimClass *class = cim_broker_find_class (broker, path->namespace_, path->class_name,
                                                 &namespace_flag, error);
  const CimSourceList *list;
  g_autoptr (CimInstance) chosen = NULL;

  if (!class || !check_path (broker, class, path, error))
    return NULL;
  list = cim_sources_of (broker, class);
  for (guint i = 0; i < list->sources->len; i++)
    {
      const CimSource *source = &g_array_index (list->sources, CimSource, i);

      if ((source->class->flags & namespace_flag)
          && !look_up (broker, call, source, path, &chosen, error))
        return NULL;
    }
  return chosen ? g_steal_pointer (&chosen) : fail_not_found (path, error);
}

gboolean
cim_broker_get_is_quick (const CimBroker *broker, const CimPath *path)
{
  const CimClass *class = cim_broker_find_class (broker, path->namespace_, path->class_name, NULL,
                                                 NULL);

  return !class || cim_sources_of (broker, class)->is_quick;
}

/* ---- methods ---- */

const CimResolvedMethod *
cim_broker_find_method (CimBroker *broker, const CimPath *path, const char *method, GError **error)
{
  const CimClass *class = cim_broker_find_class (broker, path->namespace_, path->class_name, NULL,
                                                 error);
  const CimResolvedMethod *found = class ? cim_class_find_method (class, method) : NULL;

  if (class && !found)
    g_set_error (error, CIM_ERROR, CIM_ERR_METHOD_NOT_FOUND,
                 "class %s has no method '%.100s'; correct the name", class->name, method);
  return found;
}

/* The handler of CLASS or the nearest class above it that has one; NULL. */
static const CimMethodHandler *
find_handler (const CimBroker *broker, const CimClass *class, const CimResolvedMethod *method)
{
  for (; class; class = class->superclass)
    for (const CimMethodHandler *p = broker->providers->methods; p->class_name; p++)
      if (g_str_equal (p->method, method->declared->name)
          && g_str_equal (p->class_name, class->name))
        return p;
  return NULL;
}

gboolean
cim_broker_invoke (CimBroker *broker, CimCall *call, const CimPath *path,
                   const CimResolvedMethod *method, const CimInstance *in, CimInstance **out,
                   uint32_t *return_value, char **message, GError **error)
{
  g_autoptr (CimInstance) object = cim_broker_get (broker, call, path, error);
  g_autoptr (CimInstance) result = NULL;
  const CimMethodHandler *handler;

  if (!object)
    return FALSE;
  result = cim_instance_new (method->parameters);
  handler = find_handler (broker, object->class, method);
  if (!handler)
    {
      *return_value = cim_values_find (method->declared->values, NOT_SUPPORTED_VENDOR)
                          ? NOT_SUPPORTED_VENDOR
                          : NOT_SUPPORTED_DMTF;
      *message = g_strdup_printf ("%s.%s isn't supported on this host", object->class->name,
                                  method->declared->name);
    }
  else if (!handler->invoke (call, object, in, result, return_value, message, error))
    return FALSE;
  *out = g_steal_pointer (&result);
  return TRUE;
}

gboolean
cim_broker_invoke_is_quick (const CimBroker *broker, const CimPath *path,
                            const CimResolvedMethod *method)
{
  const CimClass *class = cim_broker_find_class (broker, path->namespace_, path->class_name, NULL,
                                                 NULL);
  const CimMethodHandler *handler = class ? find_handler (broker, class, method) : NULL;

  return cim_broker_get_is_quick (broker, path) && (!handler || handler->is_quick);
}
