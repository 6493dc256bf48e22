/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bridges and networks as switches. */
#include "provider/switch.h"

#include "provider/backend.h"
#include "provider/describe.h"
#include "provider/element.h"

#define SWITCH_CLASS "Msvm_VirtualEthernetSwitch"
#define NET_FOLDER   "/sys/class/net"

char *
cairn_switch_path (CimCall *call, const char *name)
{
  const CimKey keys[]
      = { { .name = "CreationClassName", .text = SWITCH_CLASS }, { .name = "Name", .text = name } };
  const CimPath path = { .class_name = SWITCH_CLASS, .keys = keys, .n_keys = 2 };
  GString *text = g_string_new (NULL);

  cim_path_append_full (text, &path, cairn_backend_server (cairn_backend_of (call)),
                        CIM_IN_VIRTUALIZATION);
  return g_string_free (text, FALSE);
}

static CimInstance *
make (const CimClass *class, const char *name)
{
  CimInstance *instance = cim_instance_new (class);

  cim_instance_set_text (instance, "CreationClassName", SWITCH_CLASS);
  cim_instance_set_text (instance, "Name", name);
  cairn_element_set_names (instance, "Virtual Switch", "Bridge or network of the host", name);
  cairn_element_set_ok (instance);
  cairn_element_set_enabled (instance, CAIRN_POWER_RUNNING);
  cim_instance_set_number (instance, "MaxVMQOffloads", 0);
  cim_instance_set_number (instance, "MaxIOVOffloads", 0);
  return instance;
}

static void
add_bridges (GHashTable *names)
{
  GDir *folder = g_dir_open (NET_FOLDER, 0, NULL);
  const char *name;

  while (folder && (name = g_dir_read_name (folder)))
    {
      g_autofree char *bridge = g_build_filename (NET_FOLDER, name, "bridge", NULL);

      if (g_file_test (bridge, G_FILE_TEST_IS_DIR))
        g_hash_table_add (names, g_strdup (name));
    }
  if (folder)
    g_dir_close (folder);
}

static void
add_used (GHashTable *names, const GPtrArray *vms)
{
  for (guint i = 0; i < vms->len; i++)
    {
      const GPtrArray *nics = ((const CairnHardware *)vms->pdata[i])->nics;

      for (guint k = 0; k < nics->len; k++)
        {
          const CairnNic *nic = nics->pdata[k];

          if (nic->bridge)
            g_hash_table_add (names, g_strdup (nic->bridge));
        }
    }
}

static gboolean
page_switches (CimCall *call, const CimClass *class, const CimPage *page, GPtrArray *instances,
               GError **error)
{
  g_autoptr (GPtrArray) vms = cairn_machines_list (call, page->after != NULL, error);
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify)cim_instance_unref);
  GHashTableIter iter;
  gpointer name;

  if (!vms)
    return FALSE;
  add_bridges (names);
  add_used (names, vms);
  g_hash_table_iter_init (&iter, names);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_ptr_array_add (all, make (class, name));
  cim_page_take (page, all, instances);
  return TRUE;
}

const CimProvider cairn_switch_provider = {
  .class_name = SWITCH_CLASS,
  .page = page_switches,
};
