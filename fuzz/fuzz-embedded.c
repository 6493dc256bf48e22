/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz-embedded.c: any text as an embedded instance: CIM-XML, WMI's DTD and MOF. What it must not
 * do: crash or hang. What was read, written as CIM-XML, is read as the same again.
 */
#include <string.h>

#include "cim/embedded.h"
#include "target.h"

static void
check_again (const CimInstance *instance)
{
  g_autoptr (GString) one = g_string_new (NULL);
  g_autoptr (GString) two = g_string_new (NULL);
  g_autoptr (CimInstance) again = NULL;

  cim_embedded_append (one, instance);
  if (one->len > CIM_EMBEDDED_BYTES_MAX)
    return;
  again = cim_embedded_parse (cim_schema_get (), instance->class, one->str, NULL);
  if (!again)
    __builtin_trap ();
  cim_embedded_append (two, again);
  if (strcmp (one->str, two->str) != 0)
    __builtin_trap ();
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size)
{
  static const char *const classes[]
      = { "CIM_SettingData", "Msvm_Error", "Msvm_ConcreteJob", "CIM_Dependency" };
  g_autofree char *text = g_strndup ((const char *)bytes, size);

  for (guint i = 0; i < G_N_ELEMENTS (classes); i++)
    {
      const CimClass *class = cim_schema_find (cim_schema_get (), CIM_IN_VIRTUALIZATION,
                                               classes[i]);
      g_autoptr (GError) error = NULL;
      g_autoptr (CimInstance) instance
          = cim_embedded_parse (cim_schema_get (), class, text, &error);

      if (!instance != !!error)
        __builtin_trap ();
      if (instance)
        check_again (instance);
    }
  return 0;
}
