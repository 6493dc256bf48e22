/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads object paths. */
#include "cim/path.h"

#include <string.h>

#include "cim/error.h"
#include "cim/text.h"

/* Our longest, an association between two objects, takes 600. */
#define BYTES_MAX 16384u
/* An association that refers to an association is the deepest there could be. */
#define DEPTH_MAX 4u
#define KEYS_MAX  32u

typedef struct
{
  CairnArena *arena;
  const char *text; /* for messages */
  const char *at;
  guint depth;
} Reader;

static const CimPath *read_path (CairnArena *arena, const char *text, guint depth, GError **error);

static gboolean
refuse (const Reader *reader, const char *what, GError **error)
{
  glong character = g_utf8_pointer_to_offset (reader->text, reader->at) + 1;

  g_set_error (error, CIM_ERROR, CIM_ERR_INVALID_PARAMETER,
               "object path '%.300s', character %ld: %s", reader->text, character, what);
  return FALSE;
}

static void
skip_blanks (Reader *reader)
{
  reader->at += strspn (reader->at, " \t\r\n");
}

static gboolean
is_slash (char c)
{
  return c == '\\' || c == '/';
}

static size_t
slashes (const char *text)
{
  return strspn (text, "\\/");
}

/* "root\virtualization\v2" of text in which the backslashes may be doubled. */
static const char *
copy_namespace (CairnArena *arena, const char *text, size_t n)
{
  char *copy = cairn_arena_strndup (arena, text, n), *to = copy;

  for (const char *from = copy; *from; from++)
    if (!is_slash (*from) || (from[1] && !is_slash (from[1])))
      *to++ = *from;
  *to = '\0';
  return copy;
}

/* Of servers and namespaces: what has anything else is rather a text that holds a colon. */
static gboolean
is_location (const char *text, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (!g_ascii_isalnum (text[i]) && !strchr ("\\/_-.", text[i]) && (guchar)text[i] < 0x80)
      return FALSE;
  return TRUE;
}

/* What stands in front of the class, up to the colon. One slash alone in front may be two that a
 * query's quoting has halved, so that what follows tells a server from a namespace. */
static gboolean
read_location (Reader *reader, CimPath *path, size_t n, GError **error)
{
  const char *end = reader->at + n;
  size_t n_slashes = slashes (reader->at);
  size_t n_first;

  if (!is_location (reader->at, n))
    return refuse (reader, "a server or namespace can't be called so", error);
  reader->at += n_slashes;
  n_first = strcspn (reader->at, "\\/:");
  if (n_slashes > 1
      || (n_slashes == 1 && g_ascii_strncasecmp (reader->at, "root", MAX (n_first, 4))))
    {
      if (n_first == 0)
        return refuse (reader, "a server's name must follow the backslashes", error);
      path->server = cairn_arena_strndup (reader->arena, reader->at, n_first);
      reader->at += n_first;
      reader->at += slashes (reader->at);
    }
  if (reader->at >= end)
    return refuse (reader, "a namespace must stand in front of the colon", error);
  path->namespace_ = copy_namespace (reader->arena, reader->at, (size_t)(end - reader->at));
  reader->at = end + 1;
  return TRUE;
}

static const char *
read_name (Reader *reader)
{
  size_t n = cim_text_name_bytes (reader->at);
  const char *name = n ? cairn_arena_strndup (reader->arena, reader->at, n) : NULL;

  reader->at += n;
  skip_blanks (reader);
  return name;
}

/* Which strings are paths isn't said: what reads as one, and can't well be an identifier, is. */
static const CimPath *
as_reference (const Reader *reader, const char *text)
{
  const CimPath *path = NULL;

  if (reader->depth < DEPTH_MAX && (strchr (text, '=') || is_slash (*text)))
    path = read_path (reader->arena, text, reader->depth + 1, NULL);
  if (path && (path->server || (path->n_keys > 0 && (path->namespace_ || path->keys[0].name))))
    return path;
  return NULL;
}

static gboolean
read_quoted (Reader *reader, CimKey *key, GError **error)
{
  const char *close = cim_text_find_close (reader->at);

  if (!close)
    return refuse (reader, "the quote that opens here is never closed", error);
  key->text = cim_text_unescape (reader->arena, reader->at + 1, (size_t)(close - reader->at - 1));
  key->path = as_reference (reader, key->text);
  if (key->path)
    key->text = NULL;
  reader->at = close + 1;
  return TRUE;
}

static gboolean
read_bare (Reader *reader, CimKey *key, GError **error)
{
  size_t n = strcspn (reader->at, ", \t\r\n");
  char decimal[32];
  gboolean is_negative;
  uint64_t magnitude;

  if (cim_text_parse_number (reader->at, n, &is_negative, &magnitude))
    {
      g_snprintf (decimal, sizeof decimal, "%s%" G_GUINT64_FORMAT, is_negative ? "-" : "",
                  magnitude);
      key->text = cairn_arena_strdup (reader->arena, decimal);
    }
  else if (n == 4 && g_ascii_strncasecmp (reader->at, "true", n) == 0)
    key->text = "true";
  else if (n == 5 && g_ascii_strncasecmp (reader->at, "false", n) == 0)
    key->text = "false";
  else
    return refuse (reader, "a key's value must be a number, TRUE, FALSE or a text in quotes",
                   error);
  reader->at += n;
  return TRUE;
}

static gboolean
read_value (Reader *reader, CimKey *key, GError **error)
{
  gboolean is_quoted, is_read;

  skip_blanks (reader);
  is_quoted = *reader->at == '"' || *reader->at == '\'';
  is_read = is_quoted ? read_quoted (reader, key, error) : read_bare (reader, key, error);
  skip_blanks (reader);
  return is_read;
}

static gboolean
has_key (const CimKey *keys, guint n, const char *name)
{
  for (guint i = 0; i < n; i++)
    if (g_ascii_strcasecmp (keys[i].name, name) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
read_named_keys (Reader *reader, CimKey *keys, guint *n_keys, GError **error)
{
  do
    {
      CimKey *key = &keys[*n_keys];

      reader->at++;
      skip_blanks (reader);
      if (*n_keys == KEYS_MAX)
        return refuse (reader, "no class has so many keys", error);
      key->name = read_name (reader);
      if (!key->name || *reader->at != '=')
        return refuse (reader, "a key's name and '=' are expected", error);
      if (has_key (keys, *n_keys, key->name))
        return refuse (reader, "this key was given before", error);
      reader->at++;
      if (!read_value (reader, key, error))
        return FALSE;
      ++*n_keys;
    }
  while (*reader->at == ',');
  return TRUE;
}

/* "=@" or "=value". */
static gboolean
read_only_key (Reader *reader, CimKey *keys, guint *n_keys, GError **error)
{
  reader->at++;
  skip_blanks (reader);
  if (*reader->at == '@')
    {
      reader->at++;
      skip_blanks (reader);
      return TRUE;
    }
  *n_keys = 1;
  return read_value (reader, keys, error);
}

static gboolean
read_keys (Reader *reader, CimPath *path, GError **error)
{
  CimKey keys[KEYS_MAX] = { 0 };
  CimKey *copy;

  if (*reader->at == '.' && !read_named_keys (reader, keys, &path->n_keys, error))
    return FALSE;
  if (*reader->at == '=' && path->n_keys == 0
      && !read_only_key (reader, keys, &path->n_keys, error))
    return FALSE;
  if (*reader->at)
    return refuse (reader, path->n_keys ? "',' or the end is expected" : "'.' or '=' is expected",
                   error);
  if (path->n_keys == 0)
    return TRUE;
  copy = cairn_arena_alloc (reader->arena, path->n_keys * sizeof *copy);
  memcpy (copy, keys, path->n_keys * sizeof *copy);
  path->keys = copy;
  return TRUE;
}

static const CimPath *
read_path (CairnArena *arena, const char *text, guint depth, GError **error)
{
  Reader reader = { arena, text, text, depth };
  CimPath *path = cairn_arena_alloc (arena, sizeof *path);
  size_t n;

  skip_blanks (&reader);
  n = strcspn (reader.at, ":=\"'");
  if (reader.at[n] == ':' && !read_location (&reader, path, n, error))
    return NULL;
  skip_blanks (&reader);
  path->class_name = read_name (&reader);
  if (!path->class_name)
    return refuse (&reader, "a class's name is expected", error), NULL;
  return read_keys (&reader, path, error) ? path : NULL;
}

const CimPath *
cim_path_parse (CairnArena *arena, const char *text, GError **error)
{
  if (strnlen (text, BYTES_MAX + 1) > BYTES_MAX || !g_utf8_validate (text, -1, NULL))
    {
      g_set_error (error, CIM_ERROR, CIM_ERR_INVALID_PARAMETER,
                   "an object path has more than %u bytes or isn't UTF-8", BYTES_MAX);
      return NULL;
    }
  return read_path (arena, text, 0, error);
}
