/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds a domain's definition, UEFI variables and TPM state.
 *
 * Source: libvirt's domain XML, "Operating system booting" and "TPM device"; where libvirt keeps a
 * TPM's state it tells nobody unless the XML names it: the directories are those of its
 * qemu_conf.c. */
#include "tracker/libvirt/state.h"

#include <stdlib.h>
#include <string.h>

#include "tracker/libvirt/domains.h"
#include "tracker/libvirt/failure.h"
#include "tracker/libvirt/node.h"

#define SYSTEM_SWTPM "/var/lib/libvirt/swtpm"

static char *
read_definition (const CairnLibvirtLook *look, unsigned flags, GError **error)
{
  char *xml = virDomainGetXMLDesc (look->domain, flags);
  char *copy = g_strdup (xml);

  if (!xml)
    cairn_libvirt_fail (error, "the definition of VM '%s' can't be read", look->description->name);
  free (xml);
  return copy;
}

/* PATH, which is freed, or NULL when nothing of KIND is there. */
static char *
require (char *path, GFileTest kind)
{
  if (!path || g_file_test (path, kind))
    return path;
  g_free (path);
  return NULL;
}

/* Newer XML has it in a <source>. */
static char *
find_nvram (xmlNode *root)
{
  xmlNode *nvram = cairn_libvirt_node_child (cairn_libvirt_node_child (root, "os"), "nvram");
  xmlNode *source = cairn_libvirt_node_child (nvram, "source");
  char *path
      = source ? cairn_libvirt_node_attribute (source, "file") : cairn_libvirt_node_text (nvram);

  return require (path ? g_strstrip (path) : NULL, G_FILE_TEST_IS_REGULAR);
}

/* The directories in which libvirt keeps TPMs' state, the system's or a user's. */
static char **
list_swtpm_places (const CairnLibvirt *libvirt)
{
  const char *config = g_get_user_config_dir ();
  char **places = g_new0 (char *, 3);

  if (!strstr (libvirt->uri, ":///session"))
    places[0] = g_strdup (SYSTEM_SWTPM);
  else
    {
      places[0] = g_build_filename (config, "libvirt", "qemu", "swtpm", NULL);
      places[1] = g_build_filename (config, "libvirt", "swtpm", NULL);
    }
  return places;
}

static char *
find_kept_tpm (const CairnLibvirtLook *look)
{
  static const char *const versions[] = { "tpm2", "tpm1.2" };
  g_auto (GStrv) places = list_swtpm_places (look->libvirt);

  for (char **place = places; *place; place++)
    for (size_t i = 0; i < G_N_ELEMENTS (versions); i++)
      {
        char *found
            = require (g_build_filename (*place, look->description->uuid, versions[i], NULL),
                       G_FILE_TEST_IS_DIR);

        if (found)
          return found;
      }
  return NULL;
}

static char *
find_tpm (const CairnLibvirtLook *look, xmlNode *root)
{
  xmlNode *tpm = cairn_libvirt_node_child (cairn_libvirt_node_child (root, "devices"), "tpm");
  xmlNode *backend = cairn_libvirt_node_child (tpm, "backend");
  g_autofree char *type = cairn_libvirt_node_attribute (backend, "type");
  char *named = cairn_libvirt_node_attribute (cairn_libvirt_node_child (backend, "source"), "path");

  if (g_strcmp0 (type, "emulator") != 0)
    {
      g_free (named);
      return NULL;
    }
  return named ? require (named, G_FILE_TEST_IS_DIR) : find_kept_tpm (look);
}

/* What DEFINITION names, as far as STATE hasn't it yet. */
static gboolean
read_state (const CairnLibvirtLook *look, const char *definition, CairnVmState *state,
            GError **error)
{
  xmlDoc *document = cairn_libvirt_domain_parse (definition, error);
  xmlNode *root = document ? xmlDocGetRootElement (document) : NULL;

  if (!root)
    return FALSE;
  if (!state->nvram_path)
    state->nvram_path = find_nvram (root);
  if (!state->tpm_directory)
    state->tpm_directory = find_tpm (look, root);
  xmlFreeDoc (document);
  return TRUE;
}

/* libvirt may choose a firmware, and its variables, only when the domain starts: then the live
 * definition alone names them. */
gboolean
cairn_libvirt_describe_state (CairnTracker *tracker, const CairnVm *vm, CairnVmState *state,
                              GError **error)
{
  CairnLibvirtLook *look = cairn_libvirt_look_at ((CairnLibvirtTracker *)tracker, vm, error);
  g_autofree char *live = NULL;

  if (!look)
    return FALSE;
  state->definition = read_definition (look, VIR_DOMAIN_XML_INACTIVE, error);
  if (!state->definition || !read_state (look, state->definition, state, error))
    return FALSE;
  if (!look->is_running)
    return TRUE;
  live = read_definition (look, 0, error);
  return live && read_state (look, live, state, error);
}
