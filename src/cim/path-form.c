/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copies, writes and compares object paths. */
#include "cim/path.h"

#include <string.h>

#include "cim/schema.h"
#include "cim/text.h"

const CimPath *
cim_path_copy (CairnArena *arena, const CimPath *path)
{
  CimPath *copy = cairn_arena_alloc (arena, sizeof *copy);
  CimKey *keys = path->n_keys ? cairn_arena_alloc (arena, path->n_keys * sizeof *keys) : NULL;

  copy->server = cairn_arena_strdup (arena, path->server);
  copy->namespace_ = cairn_arena_strdup (arena, path->namespace_);
  copy->class_name = cairn_arena_strdup (arena, path->class_name);
  for (guint i = 0; i < path->n_keys; i++)
    {
      const CimKey *key = &path->keys[i];

      keys[i].name = cairn_arena_strdup (arena, key->name);
      keys[i].text = cairn_arena_strdup (arena, key->text);
      keys[i].path = key->path ? cim_path_copy (arena, key->path) : NULL;
    }
  copy->keys = keys;
  copy->n_keys = path->n_keys;
  return copy;
}

const CimKey *
cim_path_find_key (const CimPath *path, const char *name)
{
  if (path->n_keys == 1 && !path->keys[0].name)
    return &path->keys[0];
  for (guint i = 0; i < path->n_keys; i++)
    if (path->keys[i].name && g_ascii_strcasecmp (path->keys[i].name, name) == 0)
      return &path->keys[i];
  return NULL;
}

const char *
cim_path_key_text (const CimPath *path, const char *name)
{
  const CimKey *key = cim_path_find_key (path, name);

  return key ? key->text : NULL;
}

static void
append_escaped (GString *out, const char *text)
{
  for (; *text; text++)
    {
      if (*text == '\\' || *text == '"')
        g_string_append_c (out, '\\');
      g_string_append_c (out, *text);
    }
}

/* Namespaces are spelled with / on the wire and with \ in paths. */
static void
append_location (GString *out, const char *server, const char *namespace_)
{
  if (server)
    g_string_append_printf (out, "\\\\%s\\", server);
  for (; *namespace_; namespace_++)
    g_string_append_c (out, *namespace_ == '/' ? '\\' : *namespace_);
  g_string_append_c (out, ':');
}

/* SERVER and NAMESPACE: of the references in it that don't say theirs; NULL = none. */
static void append_object (GString *out, const CimPath *path, const char *server,
                           const char *namespace_);

static void
append_reference (GString *out, const CimPath *path, const char *server, const char *namespace_)
{
  g_autoptr (GString) inner = g_string_new (NULL);

  if (path->namespace_)
    append_location (inner, path->server, path->namespace_);
  else if (namespace_)
    append_location (inner, server, namespace_);
  append_object (inner, path, server, namespace_);
  append_escaped (out, inner->str);
}

static void
append_object (GString *out, const CimPath *path, const char *server, const char *namespace_)
{
  g_string_append (out, path->class_name);
  for (guint i = 0; i < path->n_keys; i++)
    {
      const CimKey *key = &path->keys[i];

      if (key->name)
        g_string_append_printf (out, "%c%s", i ? ',' : '.', key->name);
      g_string_append (out, "=\"");
      if (key->path)
        append_reference (out, key->path, server, namespace_);
      else
        append_escaped (out, key->text);
      g_string_append_c (out, '"');
    }
}

void
cim_path_append (GString *out, const CimPath *path)
{
  append_object (out, path, NULL, NULL);
}

void
cim_path_append_full (GString *out, const CimPath *path, const char *server,
                      unsigned namespace_flag)
{
  const char *namespace_ = cim_namespace_name (namespace_flag);

  append_location (out, server, namespace_);
  append_object (out, path, server, namespace_);
}

/* "." is this server, whatever its name. */
static gboolean
is_same_server (const char *a, const char *b)
{
  return !a || !b || g_str_equal (a, ".") || g_str_equal (b, ".") || g_ascii_strcasecmp (a, b) == 0;
}

/* The slashes between the parts of a namespace are of either kind. */
static gboolean
is_same_namespace (const char *a, const char *b)
{
  if (!a || !b)
    return TRUE;
  while (*a && g_ascii_tolower (*a == '/' ? '\\' : *a) == g_ascii_tolower (*b == '/' ? '\\' : *b))
    a++, b++;
  return *a == *b;
}

static gboolean
is_same_value (const CimKey *a, const CimKey *b)
{
  if (a->path && b->path)
    return cim_path_equal (a->path, b->path);
  return a->text && b->text && cim_text_compare (a->text, b->text) == 0;
}

gboolean
cim_path_equal (const CimPath *a, const CimPath *b)
{
  if (g_ascii_strcasecmp (a->class_name, b->class_name) != 0 || a->n_keys != b->n_keys
      || !is_same_server (a->server, b->server)
      || !is_same_namespace (a->namespace_, b->namespace_))
    return FALSE;
  for (guint i = 0; i < a->n_keys; i++)
    {
      const CimKey *key = &a->keys[i];
      const CimKey *other = key->name ? cim_path_find_key (b, key->name) : &b->keys[0];

      if (!other || !is_same_value (key, other))
        return FALSE;
    }
  return TRUE;
}
