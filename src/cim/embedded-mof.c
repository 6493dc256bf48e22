/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* MOF text -> an instance. */
#include "cim/embedded-mof.h"

#include <string.h>

#include "cim/error.h"

/* Of an array, and how deep values that are skipped may be nested: one array in an instance in an
 * array is the most that is written. */
#define N_VALUES_MAX 10000u
#define DEPTH_MAX    16u

typedef enum
{
  END,
  MARK,   /* one character: { } ( ) [ ] = ; , : # */
  WORD,   /* a name, a number, an alias, true, false, null */
  STRING, /* with its escapes resolved; 'c' too */
} Kind;

typedef struct
{
  const char *at;
  guint line;
  Kind kind;     /* of the token that was read last */
  char mark;     /* of a MARK */
  GString *text; /* of a WORD or STRING */
  CimInstance *instance;
} Reader;

static gboolean G_GNUC_PRINTF (3, 4)
    refuse (const Reader *reader, GError **error, const char *format, ...)
{
  va_list arguments;
  g_autofree char *reason = NULL;

  va_start (arguments, format);
  reason = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (error, CIM_ERROR, CIM_ERR_INVALID_PARAMETER,
               "The MOF text can't be read at line %u: %s", reader->line, reason);
  return FALSE;
}

/* ---- tokens ---- */

/* White space and comments. */
static gboolean
skip_blanks (Reader *reader, GError **error)
{
  for (;; reader->at++)
    if (*reader->at == '\n')
      reader->line++;
    else if (reader->at[0] == '/' && reader->at[1] == '/')
      {
        reader->at += strcspn (reader->at, "\n");
        if (*reader->at == '\0')
          return TRUE;
        reader->line++;
      }
    else if (reader->at[0] == '/' && reader->at[1] == '*')
      {
        const char *end = strstr (reader->at + 2, "*/");

        if (!end)
          return refuse (reader, error, "a comment doesn't end");
        for (; reader->at < end; reader->at++)
          reader->line += *reader->at == '\n';
        reader->at++; /* at the '/' */
      }
    else if (!g_ascii_isspace (*reader->at))
      return TRUE;
}

/* The 1 to 4 hexadecimal digits after \x. */
static gboolean
read_code (Reader *reader, GError **error)
{
  gunichar c = 0;
  guint n = 0;

  for (; n < 4 && g_ascii_isxdigit (*reader->at); n++)
    c = c * 16 + (gunichar)g_ascii_xdigit_value (*reader->at++);
  if (n == 0 || c == 0 || !g_unichar_validate (c))
    return refuse (reader, error, "\\x must be followed by a character's hexadecimal number");
  g_string_append_unichar (reader->text, c);
  return TRUE;
}

static gboolean
read_escape (Reader *reader, GError **error)
{
  static const char letters[] = "btnfr\"'\\";
  static const char meanings[] = "\b\t\n\f\r\"'\\";
  const char c = *reader->at;
  const char *found = c ? strchr (letters, c) : NULL;

  if (c == 'x' || c == 'X')
    {
      reader->at++;
      return read_code (reader, error);
    }
  if (!found)
    return refuse (reader, error, "a string has an unknown escape; write a backslash twice");
  g_string_append_c (reader->text, meanings[found - letters]);
  reader->at++;
  return TRUE;
}

/* From behind the opening QUOTE; appended to the text. */
static gboolean
read_quoted (Reader *reader, char quote, GError **error)
{
  while (*reader->at != quote)
    {
      const gsize n = strcspn (reader->at, "\"'\\\n");

      g_string_append_len (reader->text, reader->at, (gssize)n);
      reader->at += n;
      if (*reader->at == '\0' || *reader->at == '\n')
        return refuse (reader, error, "a string doesn't end");
      if (*reader->at == quote)
        break;
      if (*reader->at++ != '\\')
        g_string_append_c (reader->text, reader->at[-1]);
      else if (!read_escape (reader, error))
        return FALSE;
    }
  reader->at++;
  return TRUE;
}

/* Strings next to each other are one. */
static gboolean
read_string (Reader *reader, GError **error)
{
  reader->kind = STRING;
  do
    {
      const char quote = *reader->at++;

      if (!read_quoted (reader, quote, error) || !skip_blanks (reader, error))
        return FALSE;
    }
  while (*reader->at == '"');
  return TRUE;
}

static gboolean
is_word (char c)
{
  return g_ascii_isalnum (c) || (c && strchr ("_$+-.", c)) || (guchar)c >= 0x80;
}

static gboolean
read_token (Reader *reader, GError **error)
{
  if (!skip_blanks (reader, error))
    return FALSE;
  g_string_truncate (reader->text, 0);
  if (*reader->at == '\0')
    reader->kind = END;
  else if (*reader->at == '"' || *reader->at == '\'')
    return read_string (reader, error);
  else if (is_word (*reader->at))
    {
      reader->kind = WORD;
      while (is_word (*reader->at))
        g_string_append_c (reader->text, *reader->at++);
    }
  else if (strchr ("{}()[]=;,:#", *reader->at))
    {
      reader->kind = MARK;
      reader->mark = *reader->at++;
    }
  else
    return refuse (reader, error, "the character 0x%02x has no meaning in MOF", *reader->at);
  return TRUE;
}

static gboolean
is_mark (const Reader *reader, char mark)
{
  return reader->kind == MARK && reader->mark == mark;
}

static gboolean
is_keyword (const Reader *reader, const char *word)
{
  return reader->kind == WORD && g_ascii_strcasecmp (reader->text->str, word) == 0;
}

/* The token that was read is this one; goes on to the next. */
static gboolean
expect_mark (Reader *reader, char mark, GError **error)
{
  if (!is_mark (reader, mark))
    return refuse (reader, error, "'%c' is missing", mark);
  return read_token (reader, error);
}

static gboolean
expect_keyword (Reader *reader, const char *word, GError **error)
{
  if (!is_keyword (reader, word))
    return refuse (reader, error, "'%s' is missing", word);
  return read_token (reader, error);
}

/* ---- what is skipped ---- */

/* From an opening bracket to behind the one that closes it. */
static gboolean
skip_brackets (Reader *reader, GError **error)
{
  guint depth = 0;

  do
    {
      if (reader->kind == END)
        return refuse (reader, error, "a bracket isn't closed");
      if (reader->kind == MARK && strchr ("([{", reader->mark) && ++depth > DEPTH_MAX)
        return refuse (reader, error, "brackets are nested more than %u deep", DEPTH_MAX);
      if (reader->kind == MARK && strchr (")]}", reader->mark))
        depth--;
      if (!read_token (reader, error))
        return FALSE;
    }
  while (depth > 0);
  return TRUE;
}

static gboolean
skip_qualifiers (Reader *reader, GError **error)
{
  return !is_mark (reader, '[') || skip_brackets (reader, error);
}

static gboolean
skip_pragmas (Reader *reader, GError **error)
{
  while (is_mark (reader, '#'))
    {
      if (!read_token (reader, error) || !expect_keyword (reader, "pragma", error)
          || !read_token (reader, error)) /* its name */
        return FALSE;
      if (!is_mark (reader, '('))
        return refuse (reader, error, "a pragma must have its value in ( and )");
      if (!skip_brackets (reader, error))
        return FALSE;
    }
  return TRUE;
}

/* The value of a property that the class hasn't got. */
static gboolean
skip_value (Reader *reader, GError **error)
{
  while (!is_mark (reader, ';'))
    {
      const gboolean is_bracket = reader->kind == MARK && strchr ("([{", reader->mark);

      if (reader->kind == END || is_mark (reader, '}'))
        return refuse (reader, error, "';' is missing");
      if (!(is_bracket ? skip_brackets (reader, error) : read_token (reader, error)))
        return FALSE;
    }
  return TRUE;
}

/* ---- values ---- */

/* A number as decimal text: 0x1F, 017 and 101b are MOF's too. */
static char *
plain_number (const char *word)
{
  const char *digits = *word == '+' || *word == '-' ? word + 1 : word;
  const size_t n = strlen (digits);
  guint64 number = 0;
  guint base = 10;
  g_autofree char *head = NULL;

  if (g_ascii_strncasecmp (digits, "0x", 2) == 0)
    base = 16;
  else if (n > 1 && (digits[n - 1] == 'b' || digits[n - 1] == 'B'))
    base = 2;
  else if (n > 1 && digits[0] == '0')
    base = 8;
  head = g_strndup (base == 16 ? digits + 2 : digits, base == 2 ? n - 1 : n);
  if (base == 10 || !g_ascii_string_to_unsigned (head, base, 0, G_MAXUINT64, &number, NULL))
    return g_strdup (*word == '+' ? digits : word);
  return g_strdup_printf ("%s%" G_GUINT64_FORMAT, *word == '-' ? "-" : "", number);
}

/* The token that was read, as a text of PROPERTY's; in the arena. */
static const char *
take_literal (Reader *reader, const CimProperty *property, GError **error)
{
  CairnArena *arena = &reader->instance->arena;
  g_autofree char *number = NULL;

  if (reader->kind == STRING)
    return cairn_arena_strndup (arena, reader->text->str, reader->text->len);
  if (reader->kind == WORD && *reader->text->str == '$')
    return refuse (reader, error, "'%s' can't be the alias of another instance", property->name),
           NULL;
  if (reader->kind != WORD || property->type >= CIM_STRING)
    return refuse (reader, error, "the value of '%s' must be %s", property->name,
                   property->type >= CIM_STRING ? "a string in quotes" : "a literal"),
           NULL;
  number = property->type == CIM_BOOLEAN ? NULL : plain_number (reader->text->str);
  return cairn_arena_strdup (arena, number ? number : reader->text->str);
}

/* { a, b, ... }; the token that was read is the opening one. */
static gboolean
read_array (Reader *reader, guint i, GError **error)
{
  const CimProperty *property = reader->instance->class->properties[i];
  g_autoptr (GPtrArray) texts = g_ptr_array_new ();

  do
    {
      const char *text;

      if (!read_token (reader, error))
        return FALSE;
      if (texts->len == 0 && is_mark (reader, '}'))
        break;
      text = take_literal (reader, property, error);
      if (!text || !read_token (reader, error))
        return FALSE;
      if (texts->len == N_VALUES_MAX)
        return refuse (reader, error, "'%s' has more than %u values", property->name, N_VALUES_MAX);
      g_ptr_array_add (texts, (gpointer)text);
    }
  while (is_mark (reader, ','));
  return expect_mark (reader, '}', error)
         && cim_instance_parse_texts (reader->instance, i, (const char *const *)texts->pdata,
                                      texts->len, error);
}

static gboolean
read_scalar (Reader *reader, guint i, GError **error)
{
  const CimProperty *property = reader->instance->class->properties[i];
  const CimPath *path;
  const char *text;

  if (is_keyword (reader, "null"))
    {
      reader->instance->values[i] = (CimValue){ 0 };
      return read_token (reader, error);
    }
  text = take_literal (reader, property, error);
  if (!text || !read_token (reader, error))
    return FALSE;
  if (property->type != CIM_REFERENCE)
    return cim_instance_parse_texts (reader->instance, i, &text, 1, error);
  path = cim_path_parse (&reader->instance->arena, text, error);
  return path && cim_instance_parse_path (reader->instance, i, path, error);
}

/* [qualifiers] Name = value; */
static gboolean
read_property (Reader *reader, GError **error)
{
  int i;

  if (!skip_qualifiers (reader, error))
    return FALSE;
  if (reader->kind != WORD)
    return refuse (reader, error, "the name of a property is missing");
  i = cim_class_find_property (reader->instance->class, reader->text->str);
  if (!read_token (reader, error) || !expect_mark (reader, '=', error))
    return FALSE;
  if (!(i < 0                   ? skip_value (reader, error)
        : is_mark (reader, '{') ? read_array (reader, (guint)i, error)
                                : read_scalar (reader, (guint)i, error)))
    return FALSE;
  return expect_mark (reader, ';', error);
}

/* Up to the opening brace. */
static gboolean
read_head (Reader *reader, CimMofMake make, gconstpointer user, GError **error)
{
  if (!read_token (reader, error) || !skip_pragmas (reader, error)
      || !skip_qualifiers (reader, error) || !expect_keyword (reader, "instance", error)
      || !expect_keyword (reader, "of", error))
    return FALSE;
  if (reader->kind != WORD)
    return refuse (reader, error, "the name of a class is missing");
  reader->instance = make (user, reader->text->str, error);
  if (!reader->instance || !read_token (reader, error))
    return FALSE;
  if (is_keyword (reader, "as")
      && (!read_token (reader, error) || !read_token (reader, error))) /* the alias */
    return FALSE;
  return expect_mark (reader, '{', error);
}

static gboolean
read_all (Reader *reader, CimMofMake make, gconstpointer user, GError **error)
{
  if (!read_head (reader, make, user, error))
    return FALSE;
  while (!is_mark (reader, '}'))
    if (!read_property (reader, error))
      return FALSE;
  if (!read_token (reader, error) || (is_mark (reader, ';') && !read_token (reader, error))
      || !skip_pragmas (reader, error))
    return FALSE;
  return reader->kind == END
         || refuse (reader, error, "something follows the instance; give one instance only");
}

CimInstance *
cim_mof_parse (const char *text, CimMofMake make, gconstpointer user, GError **error)
{
  g_autoptr (GString) token = g_string_new (NULL);
  Reader reader = { .at = text, .line = 1, .text = token };

  if (read_all (&reader, make, user, error))
    return reader.instance;
  cim_instance_unref (reader.instance);
  return NULL;
}
