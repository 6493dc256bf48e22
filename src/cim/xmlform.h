/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xmlform.h: classes, instances, paths and values as CIM-XML elements, for the CIM-XML protocol,
 * WS-Management's GetClass and embedded instances.
 *
 * DTD-valid, without white space in between. Appending never fails.
 * Source: DSP0201, Representation of CIM in XML; DSP0203, its DTD.
 */
#ifndef CIM_XMLFORM_H
#define CIM_XMLFORM_H

#include "cim/broker.h"
#include "xml/xml.h"

typedef enum
{
  CIM_XML_QUALIFIERS = 1 << 0,   /* IncludeQualifiers (classes) */
  CIM_XML_CLASS_ORIGIN = 1 << 1, /* IncludeClassOrigin */
  CIM_XML_LOCAL_ONLY = 1 << 2,   /* LocalOnly (classes) */
} CimXmlFlags;

/* <CLASS NAME= SUPERCLASS=>. PROPERTIES: names to include, NULL = all. */
void cim_xml_append_class (GString *out, const CimClass *class, unsigned flags,
                           const char *const *properties);

/* <INSTANCE CLASSNAME=>. PRESENTED: the class it is shown as (NULL = its own): only that one's
 * properties. */
void cim_xml_append_instance (GString *out, const CimInstance *instance, const CimClass *presented,
                              unsigned flags, const char *const *properties);

/* <VALUE>, <VALUE.ARRAY>, <VALUE.REFERENCE>, <VALUE.REFARRAY>; nothing for NULL. */
void cim_xml_append_value (GString *out, const CimProperty *property, const CimValue *value,
                           const char *server, unsigned namespace_flag);

/* <INSTANCENAME CLASSNAME=> with KEYBINDINGs, typed by the schema; <LOCALNAMESPACEPATH>;
 * <INSTANCEPATH> and <LOCALINSTANCEPATH>. */
void cim_xml_append_instance_name (GString *out, const CimPath *path, const CimClass *class);
void cim_xml_append_local_namespace (GString *out, unsigned namespace_flag);
void cim_xml_append_instance_path (GString *out, const CimPath *path, const CimClass *class,
                                   const char *server, unsigned namespace_flag);

/* From INSTANCENAME, LOCALINSTANCEPATH, INSTANCEPATH, VALUE.REFERENCE, or CLASSNAME and its paths
 * (a path without keys). In ARENA. INVALID_PARAMETER. */
const CimPath *cim_xml_read_path (CairnArena *arena, const CairnXmlNode *node, GError **error);

/* Sets PROPERTY of INSTANCE from a node that holds a VALUE, VALUE.ARRAY, VALUE.REFERENCE (or
 * INSTANCENAME) child, or none (NULL). INVALID_PARAMETER, TYPE_MISMATCH. */
gboolean cim_xml_read_value (CimInstance *instance, guint property, const CairnXmlNode *node,
                             GError **error);

/* Sets what <INSTANCE> has; unknown properties are ignored. */
gboolean cim_xml_read_instance (CimInstance *instance, const CairnXmlNode *node, GError **error);

#endif
