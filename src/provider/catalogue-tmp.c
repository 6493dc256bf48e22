#include "provider/catalogue.h"
#include "cim/schema.h"
#include "service/open.h"
struct CairnCatalogue
{
  CairnStore *store;
  GMutex lock;
};
CairnCatalogue *
cairn_catalogue_new (const char *uri, GError **error)
{
  CairnCatalogue *c = g_new0 (CairnCatalogue, 1);
  c->store = cairn_store_open_uri (uri, error);
  return c->store ? c : NULL;
}
void
cairn_catalogue_free (CairnCatalogue *c)
{
  if (c)
    {
      c->store->ops->close (c->store);
      g_free (c);
    }
}
static CimInstance *
make (const CairnPoint *p)
{
  CimInstance *i = cim_instance_new (cim_schema_find (cim_schema_get (), CIM_IN_VIRTUALIZATION,
                                                      "Msvm_VirtualSystemReferencePoint"));
  const char *d[64], *t[64];
  guint n = 0;
  cim_instance_set_text (i, "InstanceID", p->instance_id);
  cim_instance_set_text (i, "VirtualSystemIdentifier", p->vm_guid);
  cim_instance_set_text (i, "Caption", "Virtual System Reference Point");
  cim_instance_set_text (i, "ElementName", p->label);
  cim_instance_set_number (i, "ReferencePointType", p->type);
  cim_instance_set_number (i, "ConsistencyLevel", p->consistency);
  cim_instance_set_boolean (i, "HasAssociatedData", FALSE);
  for (guint k = 0; k < p->anchors->len && n < 64; k++)
    {
      CairnAnchor *a = p->anchors->pdata[k];
      if (a->change_tracking_id)
        {
          d[n] = a->disk_identifier;
          t[n++] = a->change_tracking_id;
        }
    }
  cim_instance_set_texts (i, "VirtualDiskIdentifiers", d, n);
  cim_instance_set_texts (i, "ResilientChangeTrackingIdentifiers", t, n);
  return i;
}
CimInstance *
cairn_catalogue_get (CairnCatalogue *c, const char *id, GError **error)
{
  g_autoptr (CairnPoint) p = NULL;
  CimInstance *i = NULL;
  g_mutex_lock (&c->lock);
  if (c->store->ops->get_point (c->store, id, &p, error) && p)
    i = make (p);
  g_mutex_unlock (&c->lock);
  return i;
}
gboolean
cairn_catalogue_page (CairnCatalogue *c, const char *vm, const char *after, guint limit,
                      GPtrArray *out, GError **error)
{
  g_mutex_lock (&c->lock);
  g_autoptr (GPtrArray) l = c->store->ops->list_page (c->store, vm, after, limit, error);
  for (guint i = 0; l && i < l->len; i++)
    g_ptr_array_add (out, make (l->pdata[i]));
  g_mutex_unlock (&c->lock);
  return l != NULL;
}
