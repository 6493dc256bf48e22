/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reference points, and which VM has which. */
#include "provider/points.h"

#include <string.h>

#include "provider/reference.h"

/* The InstanceID in a position, which has both keys. */
static char *
instance_id_of (const char *position)
{
  return position ? g_strndup (position, strcspn (position, "\x1f")) : NULL;
}

static gboolean
page_points (CimCall *call, const CimClass *class, const CimPage *page, GPtrArray *instances,
             GError **error)
{
  CairnCatalogue *catalogue = cairn_backend_catalogue (cairn_backend_of (call));
  const char *id = page->required ? page->required (page->query, "InstanceID") : NULL;
  const char *vm = page->required ? page->required (page->query, "VirtualSystemIdentifier") : NULL;
  g_autofree char *after = instance_id_of (page->after);
  g_autofree char *plain = id ? cairn_reference_plain (id) : NULL;
  g_autoptr (GError) cause = NULL;
  CimInstance *found;

  if (!plain)
    return cairn_catalogue_page (catalogue, vm, after, page->limit, instances, error);
  found = after ? NULL : cairn_catalogue_get (catalogue, plain, &cause);
  if (found)
    g_ptr_array_add (instances, found);
  if (!cause)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}

static CimInstance *
get_point (CimCall *call, const CimClass *class, const CimPath *path, GError **error)
{
  const char *id = cim_path_key_text (path, "InstanceID");
  g_autofree char *plain = id ? cairn_reference_plain (id) : NULL;
  GError *cause = NULL;
  CimInstance *found
      = plain
            ? cairn_catalogue_get (cairn_backend_catalogue (cairn_backend_of (call)), plain, &cause)
            : NULL;

  if (found)
    return found;
  if (cause)
    g_propagate_error (error, cause);
  else
    g_set_error (error, CIM_ERROR, CIM_ERR_NOT_FOUND,
                 "there is no reference point of that InstanceID; enumerate " CAIRN_POINT_CLASS
                 " for those there are");
  return NULL;
}

const CimProvider cairn_point_provider = {
  .class_name = CAIRN_POINT_CLASS,
  .is_quick = TRUE,
  .page = page_points,
  .get = get_point,
};

static gboolean
points_of_vm (CimCall *call, const CimInstance *source, const CimPage *page, GPtrArray *instances,
              GError **error)
{
  g_autofree char *after = instance_id_of (page->after);

  return cairn_catalogue_page (cairn_backend_catalogue (cairn_backend_of (call)),
                               cim_instance_text (source, "Name"), after, page->limit, instances,
                               error);
}

static gboolean
vm_of_point (CimCall *call, const CimInstance *source, const CimPage *page, GPtrArray *instances,
             GError **error)
{
  return page->after
         || cairn_backend_append_instance (call, CAIRN_SYSTEM_CLASS, "Name",
                                           cim_instance_text (source, "VirtualSystemIdentifier"),
                                           instances, error);
}

const CimAssociation cairn_point_of_vm = {
  .class_name = "Msvm_ReferencePointOfVirtualSystem",
  .roles = { "Antecedent", "Dependent" },
  .class_names = { CAIRN_SYSTEM_CLASS, CAIRN_POINT_CLASS },
  .across = { points_of_vm, vm_of_point },
};
