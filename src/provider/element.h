/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* element.h: what the instances that describe VMs and the host have in common. */
#ifndef CAIRN_ELEMENT_H
#define CAIRN_ELEMENT_H

#include "cim/provider.h"
#include "refpoint/hardware.h"

/* "Microsoft:<GUID>": the InstanceID of a VM's settings, and the beginning of its parts'. */
#define CAIRN_SETTING_PREFIX "Microsoft:"
char *cairn_setting_id (const char *vm_guid);

/* The GUID in an InstanceID that begins so, upper case; NULL when there is none. */
char *cairn_setting_vm_guid (const char *instance_id);

/* Sets the properties of CIM_ManagedSystemElement of something that works. */
void cairn_element_set_ok (CimInstance *instance);

/* Sets the ones of CIM_EnabledLogicalElement. */
void cairn_element_set_enabled (CimInstance *instance, guint enabled_state);

void cairn_element_set_names (CimInstance *instance, const char *caption, const char *description,
                              const char *element_name);

/* The full object path of CLASS_NAME's instance of that InstanceID, with the server and backslashes
 * doubled. */
char *cairn_element_full_path (CimCall *call, const char *class_name, const char *key,
                               const char *value);

/* The text that the instances a page is asked for have in the key property NAME, from the query
 * itself or the object path (__PATH) in it; the caller's; NULL when it may be any. */
char *cairn_page_required_key (const CimPage *page, const char *name);

/* An association's or component's class; it must exist. */
const CimClass *cairn_class_find (const char *name);

/* NULL with NOT_FOUND. */
CimInstance *cairn_element_not_found (const CimPath *path, GError **error);

#endif
