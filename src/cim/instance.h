/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* instance.h: an instance of a class, or the arguments of a method.
 *
 * It is made by one thread, which sets its values, and then shared: reference counted, and read
 * only. Values are copied into it. Setting a property that the class hasn't, or a value of another
 * kind than its type, is our own bug (assertion); values from outside come through
 * cim_instance_parse_*, which check.
 */
#ifndef CIM_INSTANCE_H
#define CIM_INSTANCE_H

#include "arena/arena.h"
#include "cim/class.h"
#include "cim/path.h"

typedef struct
{
  const CimClass *class;
  gint ref_count; /* atomic */
  CairnArena arena;
  CimValue values[]; /* of class->properties */
} CimInstance;

CimInstance *cim_instance_new (const CimClass *class);
CimInstance *cim_instance_ref (CimInstance *instance);
void cim_instance_unref (CimInstance *instance);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CimInstance, cim_instance_unref)

/* A NULL text, path or array sets NULL. */
void cim_instance_set_text (CimInstance *instance, const char *name, const char *text);
void cim_instance_set_number (CimInstance *instance, const char *name, uint64_t number);
void cim_instance_set_signed (CimInstance *instance, const char *name, int64_t number);
void cim_instance_set_boolean (CimInstance *instance, const char *name, gboolean is_true);
void cim_instance_set_time (CimInstance *instance, const char *name, int64_t ms); /* since 1970 */
void cim_instance_set_interval (CimInstance *instance, const char *name, int64_t ms);
void cim_instance_set_path (CimInstance *instance, const char *name, const CimPath *path);
void cim_instance_set_texts (CimInstance *instance, const char *name, const char *const *texts,
                             guint n);
void cim_instance_set_numbers (CimInstance *instance, const char *name, const uint64_t *numbers,
                               guint n);

/* The value of a property (letter case ignored), NULL when the class hasn't got it. */
const CimValue *cim_instance_get (const CimInstance *instance, const char *name);

/* A scalar text or number, with what it is when NULL. */
const char *cim_instance_text (const CimInstance *instance, const char *name); /* NULL */
uint64_t cim_instance_number (const CimInstance *instance, const char *name, uint64_t otherwise);
const CimPath *cim_instance_path_value (const CimInstance *instance, const char *name); /* NULL */

/* Values from outside, as texts: each is checked against the property's type. TEXTS of N members,
 * for a scalar 1. TYPE_MISMATCH (CIM_ERROR) names property, value and type. */
gboolean cim_instance_parse_texts (CimInstance *instance, guint property, const char *const *texts,
                                   guint n, GError **error);
gboolean cim_instance_parse_path (CimInstance *instance, guint property, const CimPath *path,
                                  GError **error);

/* Its own object path: class and keys, in ARENA. */
const CimPath *cim_instance_make_path (const CimInstance *instance, CairnArena *arena);

/* Its place in the order of its class: the key values' texts, joined by \x1f. To be freed. */
char *cim_instance_position (const CimInstance *instance);

/* Whether PATH's keys choose it: each key the path has equals the instance's. */
gboolean cim_instance_has_keys (const CimInstance *instance, const CimPath *path);

#endif
