/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* QMP commands to a running domain. */
#include "tracker/libvirt/monitor.h"

#include <cairn/error.h>
#include <libvirt/libvirt-qemu.h>

#include "tracker/libvirt/failure.h"

static JsonNode *
fail_nonsense (const char *name, GError **error)
{
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
               "the QEMU of VM '%s' gave an answer that can't be understood; check its version",
               name);
  return NULL;
}

static JsonNode *
take_answer (const char *name, const char *text, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  JsonObject *answer;
  JsonObject *refusal;

  if (!json_parser_load_from_data (parser, text, -1, NULL)
      || !JSON_NODE_HOLDS_OBJECT (json_parser_get_root (parser)))
    return fail_nonsense (name, error);
  answer = json_node_get_object (json_parser_get_root (parser));
  if (json_object_has_member (answer, "return"))
    return json_node_copy (json_object_get_member (answer, "return"));
  if (!json_object_has_member (answer, "error")
      || !JSON_NODE_HOLDS_OBJECT (json_object_get_member (answer, "error")))
    return fail_nonsense (name, error);
  refusal = json_object_get_object_member (answer, "error");
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
               "the QEMU of VM '%s' refuses: %s; `cairn doctor` tells what is amiss", name,
               json_object_get_string_member_with_default (refusal, "desc", "no reason given"));
  return NULL;
}

JsonNode *
cairn_libvirt_monitor_run (virDomainPtr domain, const char *name, const char *command,
                           GError **error)
{
  char *text = NULL;
  JsonNode *answer;

  if (virDomainQemuMonitorCommand (domain, command, &text, 0) != 0)
    return cairn_libvirt_fail (error, "VM '%s': its QEMU can't be asked", name), NULL;
  answer = take_answer (name, text, error);
  free (text);
  return answer;
}

JsonNode *
cairn_libvirt_monitor_call (virDomainPtr domain, const char *name, const char *execute,
                            JsonNode *arguments, GError **error)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (JsonNode) root = json_node_alloc ();
  g_autofree char *command = NULL;

  json_object_set_string_member (object, "execute", execute);
  if (arguments)
    json_object_set_member (object, "arguments", arguments);
  json_node_init_object (root, object);
  command = json_to_string (root, FALSE);
  return cairn_libvirt_monitor_run (domain, name, command, error);
}
