/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* path.h: object paths.
 *
 * Written "\\SERVER\root\virtualization\v2:Class.Key="value",Key2="value"", server and namespace
 * optional, values in ' or ", with backslashes doubled (or not: L5, B1 of the known clients). A
 * singleton is "Class=@", which has no keys. Parsed ones keep what was said and judge nothing: the
 * broker does. A value in quotes that reads as a path itself, with named keys or a server, is a
 * reference: no class of ours has identifiers like that.
 * Source: WMI object paths, Microsoft's "Describing the Location of a WMI Object".
 */
#ifndef CIM_PATH_H
#define CIM_PATH_H

#include "arena/arena.h"
#include "cim/class.h"

/* One key: text (numbers in decimal), or a reference. */
typedef struct
{
  const char *name; /* NULL: not named, the class has one key ("Class="value"") */
  const char *text; /* NULL for a reference */
  const CimPath *path;
} CimKey;

struct CimPath
{
  const char *server;     /* NULL = not said */
  const char *namespace_; /* NULL = not said; as spelled */
  const char *class_name;
  const CimKey *keys;
  guint n_keys;
};

/* Into ARENA. INVALID_PARAMETER (CIM_ERROR). Nesting is limited. */
const CimPath *cim_path_parse (CairnArena *arena, const char *text, GError **error);

/* A deep copy. */
const CimPath *cim_path_copy (CairnArena *arena, const CimPath *path);

/* The key of that name (letter case ignored); when the path has just one unnamed key, that. NULL.
 */
const CimKey *cim_path_find_key (const CimPath *path, const char *name);
const char *cim_path_key_text (const CimPath *path, const char *name); /* NULL */

/* "Class.Key="value",..." with backslashes and quotes escaped: __RELPATH. */
void cim_path_append (GString *out, const CimPath *path);

/* The same with "\\SERVER\root\virtualization\v2:" in front, from the arguments: __PATH. */
void cim_path_append_full (GString *out, const CimPath *path, const char *server,
                           unsigned namespace_flag);

/* Whether both name the same object, as far as both say: class and key names and key texts are
 * compared without letter case, keys in any order. */
gboolean cim_path_equal (const CimPath *a, const CimPath *b);

#endif
