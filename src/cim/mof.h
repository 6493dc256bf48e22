/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mof.h: classes as Managed Object Format, the language that CIM schemas are written in.
 *
 * The text of a namespace compiles by itself: it declares the qualifiers it uses, and each class
 * stands behind those it derives from, refers to or embeds. Appending never fails.
 * Source: DSP0004, CIM Infrastructure 2.8, section 7 and annex A.
 */
#ifndef CIM_MOF_H
#define CIM_MOF_H

#include "cim/schema.h"

/* What CLASS itself declares. */
void cim_mof_append_class (GString *out, const CimClass *class);

/* The namespace (one CIM_IN_* flag): a pragma, the qualifiers' declarations and all its classes. */
void cim_mof_append_namespace (GString *out, const CimSchema *schema, unsigned namespace_flag);

#endif
