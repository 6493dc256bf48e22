/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A thousand random queries over random instances: what a query says once it is written and parsed
 * is what it meant. Conditions are made as trees, which are written as WQL, in any of its
 * spellings, and evaluated here, as simply as can be, by nothing of the code under test.
 * To repeat a run, give the seed that it printed: --seed=R02S... */
#include <stdio.h>
#include <string.h>

#include "cim/query.h"
#include "cim/schema.h"

#define SERVER      "HOST"
#define N_QUERIES   1000
#define N_INSTANCES 25 /* of each class */
#define DEPTH_MAX   5

static const char *const class_names[]
    = { "Msvm_ComputerSystem", "Msvm_ConcreteJob", "Msvm_VirtualSystemReferencePoint",
        "Msvm_StorageAllocationSettingData" };

/* Few, so that queries find something. */
static const char *const texts[]
    = { "",     "a",    "A",    "ab",         "AB",         "abc",      "b",   "a\\b",
        "A\\B", "a\\c", "a\\",  "\\\\ab",     "it's",       "\"ab\"",   "10",  "2",
        "-1",   "0x10", "2 ",   "Fl\xc3\xa4", "FL\xc3\x84", "a%b",      "[b]", "a_b",
        SERVER, "host", "true", "True",       "CIM_Job",    "a\\\\b\\c" };

static const char *const times[] = {
  "20261122190005.000000+060", "20261122180005.000000+000", "20261122180005.000001+000",
  "20261231233000.000000-060", "20270101003000.000000+000", "20240229120000.000000+000",
  "20240301000000.000000+720", "00000001020304.000005:000", "00000000260304.000000:000",
};

static const uint64_t numbers[] = {
  0,         1, 2, 10, 16, 0x7f, 0x7fffffff, 0xffff, 0xffffffff, INT64_MAX, (uint64_t)INT64_MAX + 1,
  UINT64_MAX
};

typedef enum
{
  NOTHING, /* NULL */
  TEXT,
  NUMBER,
  BOOLEAN,
  TIME,
} Sort;

typedef struct
{
  Sort sort;
  __int128 number;
  const char *text;
} Value;

/* A side of a comparison: a property, a system property or a constant. */
typedef struct
{
  const char *name; /* NULL: a constant */
  Value value;
} Side;

typedef enum
{
  AND,
  OR,
  NOT,
  COMPARE,
  IS_NULL,
  LIKE,
  ISA,
  HAS_PATH,
} Kind;

static const char *const operators[] = { "=", "<>", "<", ">", "<=", ">=" };
static const guint turned_operators[] = { 0, 1, 3, 2, 5, 4 };

typedef struct Condition Condition;
struct Condition
{
  Kind kind;
  Condition *of[2];
  guint operator_;
  gboolean is_negated; /* IS NOT NULL, __PATH <> */
  Side sides[2];
  const char *server, *namespace_; /* of HAS_PATH; NULL = not said */
  GPtrArray *keys;                 /* of it: names and texts, in turns */
};

typedef struct
{
  const CimClass *class;
  GPtrArray *instances;
} Extent;

static Extent extents[G_N_ELEMENTS (class_names)];
static GStringChunk *strings; /* all that is made here */

static guint
dice (guint n)
{
  return (guint)g_test_rand_int_range (0, (gint32)n);
}

/* ---- instances ---- */

static uint64_t
random_number (CimType type)
{
  static const uint64_t most[]
      = { [CIM_UINT8] = UINT8_MAX,   [CIM_SINT8] = INT8_MAX,    [CIM_UINT16] = UINT16_MAX,
          [CIM_SINT16] = INT16_MAX,  [CIM_UINT32] = UINT32_MAX, [CIM_SINT32] = INT32_MAX,
          [CIM_UINT64] = UINT64_MAX, [CIM_SINT64] = INT64_MAX };
  uint64_t number = MIN (numbers[dice (G_N_ELEMENTS (numbers))], most[type]);

  return cim_type_is_signed (type) && dice (2) ? ~number : number;
}

static CimInstance *
random_instance (const CimClass *class)
{
  CimInstance *instance = cim_instance_new (class);

  for (guint i = 0; i < class->n_properties; i++)
    {
      const CimProperty *property = class->properties[i];

      if (dice (4) == 0)
        continue;
      if (property->flags & CIM_ARRAY)
        instance->values[i] = (CimValue){ .is_set = TRUE };
      else if (property->type == CIM_STRING)
        cim_instance_set_text (instance, property->name, texts[dice (G_N_ELEMENTS (texts))]);
      else if (property->type == CIM_DATETIME)
        cim_instance_set_text (instance, property->name, times[dice (G_N_ELEMENTS (times))]);
      else if (property->type == CIM_BOOLEAN)
        cim_instance_set_boolean (instance, property->name, (gboolean)dice (2));
      else
        cim_instance_set_number (instance, property->name, random_number (property->type));
    }
  return instance;
}

static void
make_extents (void)
{
  strings = g_string_chunk_new (4096);
  for (guint i = 0; i < G_N_ELEMENTS (extents); i++)
    {
      extents[i].class = cim_schema_find (cim_schema_get (), CIM_IN_VIRTUALIZATION, class_names[i]);
      extents[i].instances = g_ptr_array_new_with_free_func ((GDestroyNotify)cim_instance_unref);
      for (guint n = 0; n < N_INSTANCES; n++)
        g_ptr_array_add (extents[i].instances, random_instance (extents[i].class));
    }
}

/* ---- making conditions ---- */

static const CimProperty *
random_property (const CimClass *class, int type)
{
  for (;;)
    {
      const CimProperty *property = class->properties[dice (class->n_properties)];

      if (type < 0 || ((int)property->type == type && !(property->flags & CIM_ARRAY)))
        return property;
    }
}

static gboolean
has_type (const CimClass *class, CimType type)
{
  for (guint i = 0; i < class->n_properties; i++)
    if (class->properties[i]->type == type && !(class->properties[i]->flags & CIM_ARRAY))
      return TRUE;
  return FALSE;
}

static Side
constant_text (const char *text)
{
  return (Side){ .value = { .sort = TEXT, .text = text } };
}

static Side
constant_number (void)
{
  __int128 number = numbers[dice (G_N_ELEMENTS (numbers))];

  return (Side){ .value = { .sort = NUMBER, .number = dice (4) ? number : -number } };
}

static Side
random_constant (const CimClass *class, CimType type)
{
  static const char *const number_texts[] = { "0", "1", "10", "0xA", "-1", "65535", "+2" };
  static const char *const boolean_texts[] = { "true", "FALSE", "0", "1" };

  if (type == CIM_STRING)
    return dice (8) ? constant_text (texts[dice (G_N_ELEMENTS (texts))]) : constant_number ();
  if (type == CIM_DATETIME)
    return constant_text (times[dice (G_N_ELEMENTS (times))]);
  if (type == CIM_BOOLEAN)
    {
      if (dice (4) == 0)
        return constant_text (boolean_texts[dice (G_N_ELEMENTS (boolean_texts))]);
      return (Side){ .value = { .sort = dice (4) ? BOOLEAN : NUMBER, .number = dice (2) } };
    }
  return dice (6) ? constant_number ()
                  : constant_text (number_texts[dice (G_N_ELEMENTS (number_texts))]);
}

static void
make_compare (const CimClass *class, Condition *condition)
{
  static const char *const system_names[] = { "__SERVER", "__CLASS" };
  const CimProperty *property;

  do
    property = random_property (class, -1);
  while ((property->flags & CIM_ARRAY) || property->type == CIM_REFERENCE);
  condition->kind = COMPARE;
  condition->operator_ = dice (G_N_ELEMENTS (operators));
  condition->sides[0].name = property->name;
  if (property->type == CIM_STRING && dice (8) == 0)
    condition->sides[0].name = system_names[dice (2)];
  condition->sides[1] = random_constant (class, property->type);
  if (dice (8) == 0)
    condition->sides[1] = (Side){ .name = random_property (class, (int)property->type)->name };
  else if (property->type == CIM_STRING && dice (8) == 0)
    condition->sides[1] = (Side){ .name = system_names[dice (2)] };
}

/* In the test's own words: each character for itself, but '?' any one, '*' any text, and
 * "<ab>" and "<!ab>" a set. */
static const char *
random_pattern (void)
{
  static const char *const pieces[] = { "*",        "*",     "*",      "?",     "a",    "B",
                                        "b",        "\\",    "%",      "_",     "[",    "<ab>",
                                        "<!ab>",    "<a-c>", "<!0-9>", "<%_[>", "it's", "\"",
                                        "\xc3\xa4", "1",     "2",      "20261" };
  g_autoptr (GString) pattern = g_string_new (NULL);

  for (guint n = 1 + dice (4); n > 0; n--)
    g_string_append (pattern, pieces[dice (G_N_ELEMENTS (pieces))]);
  return g_string_chunk_insert (strings, pattern->str);
}

static void
make_like (const CimClass *class, Condition *condition)
{
  CimType type = dice (6) == 0 && has_type (class, CIM_DATETIME) ? CIM_DATETIME : CIM_STRING;

  condition->kind = LIKE;
  condition->sides[0].name = random_property (class, (int)type)->name;
  condition->sides[1] = constant_text (random_pattern ());
}

static void
make_isa (Condition *condition)
{
  static const char *const names[]
      = { "CIM_ManagedElement", "cim_job",         "Msvm_ComputerSystem",
          "CIM_ConcreteJob",    "CIM_SettingData", "CIM_LogicalElement" };

  condition->kind = ISA;
  condition->sides[0].name = dice (2) ? "__CLASS" : "__this";
  condition->sides[1] = constant_text (names[dice (G_N_ELEMENTS (names))]);
}

/* Some of the keys of some instance, in any order. */
static void
make_path (const Extent *extent, Condition *condition)
{
  const CimInstance *one = extent->instances->pdata[dice (N_INSTANCES)];
  guint n = extent->class->n_keys, first = dice (n);

  condition->kind = HAS_PATH;
  condition->is_negated = dice (4) == 0;
  condition->sides[0].name = dice (4) ? "__PATH" : "__RELPATH";
  condition->namespace_ = dice (2) ? "root\\virtualization\\v2" : dice (2) ? "root\\cimv2" : NULL;
  if (condition->namespace_)
    condition->server = dice (2) ? "host" : dice (2) ? "OTHER" : NULL;
  condition->keys = g_ptr_array_new ();
  for (guint i = 0; i < 1 + dice (n); i++)
    {
      guint key = extent->class->keys[(first + i) % n];
      const char *text = one->values[key].is_set ? one->values[key].text : "";

      g_ptr_array_add (condition->keys, (gpointer)extent->class->properties[key]->name);
      g_ptr_array_add (condition->keys, (gpointer)text);
    }
}

static Condition *
make_condition (const Extent *extent, guint depth)
{
  Condition *condition = g_new0 (Condition, 1);
  guint choice = dice (16);

  if (depth > 0 && (depth == DEPTH_MAX || dice (3)))
    {
      condition->kind = (Kind[]){ AND, OR, NOT }[dice (3)];
      condition->of[0] = make_condition (extent, depth - 1);
      if (condition->kind != NOT)
        condition->of[1] = make_condition (extent, depth - 1);
    }
  else if (choice < 2)
    {
      condition->kind = IS_NULL;
      condition->is_negated = (gboolean)dice (2);
      condition->sides[0].name = random_property (extent->class, -1)->name;
    }
  else if (choice < 5)
    make_like (extent->class, condition);
  else if (choice < 6)
    make_isa (condition);
  else if (choice < 8)
    make_path (extent, condition);
  else
    make_compare (extent->class, condition);
  return condition;
}

static void
free_condition (Condition *condition)
{
  if (!condition)
    return;
  free_condition (condition->of[0]);
  free_condition (condition->of[1]);
  if (condition->keys)
    g_ptr_array_free (condition->keys, TRUE);
  g_free (condition);
}

/* ---- writing them ---- */

static void
write_word (GString *out, const char *word)
{
  g_autofree char *copy = dice (2) ? g_ascii_strdown (word, -1) : g_strdup (word);

  g_string_append_printf (out, "%s%s%s", dice (4) ? " " : "\n\t ", copy, dice (4) ? " " : "  ");
}

static void
write_quoted (GString *out, const char *text)
{
  char quote = dice (2) ? '"' : '\'';

  g_string_append_c (out, quote);
  for (; *text; text++)
    {
      gboolean must
          = *text == quote || (*text == '\\' && (text[1] == '\0' || strchr ("\\\"'", text[1])));

      if (must || (strchr ("\\\"'", *text) && dice (2)))
        g_string_append_c (out, '\\');
      g_string_append_c (out, *text);
      /* The second of two backslashes would be taken for an escaped one. */
      if (*text == '\\' && text[1] == '\\')
        g_string_append (out, "\\\\"), text++;
    }
  g_string_append_c (out, quote);
}

static void
write_number (GString *out, __int128 number)
{
  uint64_t magnitude = (uint64_t)(number < 0 ? -number : number);

  g_string_append (out, number < 0 ? "-" : dice (8) ? "" : "+");
  g_string_append_printf (out, dice (4) ? "%" G_GUINT64_FORMAT : "0x%" G_GINT64_MODIFIER "X",
                          magnitude);
}

static void
write_side (GString *out, const Side *side)
{
  if (side->name)
    g_string_append (out, side->name);
  else if (side->value.sort == NUMBER)
    write_number (out, side->value.number);
  else if (side->value.sort == BOOLEAN)
    write_word (out, side->value.number ? "TRUE" : "FALSE");
  else
    write_quoted (out, side->value.text);
}

static void
write_compare (GString *out, const Condition *condition)
{
  gboolean is_turned = dice (3) == 0;
  guint operator_ = is_turned ? turned_operators[condition->operator_] : condition->operator_;

  write_side (out, &condition->sides[is_turned]);
  g_string_append (out, dice (2) ? " " : "");
  g_string_append (out, operator_ == 1 && dice (2) ? "!=" : operators[operator_]);
  g_string_append (out, dice (2) ? " " : "");
  write_side (out, &condition->sides[!is_turned]);
}

static void
write_like (GString *out, const Condition *condition)
{
  g_autoptr (GString) pattern = g_string_new (NULL);
  gboolean in_set = FALSE;

  for (const char *at = condition->sides[1].value.text; *at; at++)
    {
      if (*at == '<' || *at == '>')
        in_set = *at == '<';
      if (!in_set && *at != '>' && strchr ("%_[", *at))
        g_string_append_printf (pattern, "[%c]", *at);
      else
        {
          const char *words = "*%?_<[>]!^", *found = strchr (words, *at);

          g_string_append_c (pattern, found && (found - words) % 2 == 0 ? found[1] : *at);
        }
    }
  g_string_append (out, condition->sides[0].name);
  write_word (out, "LIKE");
  write_quoted (out, pattern->str);
}

static void
write_path (GString *out, const Condition *condition, const CimClass *class)
{
  g_autoptr (GString) path = g_string_new (NULL);

  if (condition->server)
    g_string_append_printf (path, "\\\\%s\\", condition->server);
  if (condition->namespace_)
    g_string_append_printf (path, "%s:", condition->namespace_);
  g_string_append_printf (path, "%s.", class->name);
  for (guint i = 0; i < condition->keys->len; i += 2)
    {
      g_string_append_printf (path, "%s%s=", i ? "," : "", (char *)condition->keys->pdata[i]);
      write_quoted (path, condition->keys->pdata[i + 1]);
    }
  g_string_append (out, condition->sides[0].name);
  g_string_append (out, condition->is_negated ? "<>" : "=");
  /* libvirt puts it there as it is. */
  if (!strchr (path->str, '\'') && dice (2))
    g_string_append_printf (out, "'%s'", path->str);
  else
    write_quoted (out, path->str);
}

static void
write_null (GString *out, const Condition *condition)
{
  gboolean is_word = (gboolean)dice (2);

  g_string_append (out, condition->sides[0].name);
  if (is_word)
    write_word (out, condition->is_negated ? "IS NOT" : "IS");
  else
    g_string_append (out, condition->is_negated ? "<>" : "=");
  write_word (out, "NULL");
}

/* AND binds tighter than OR, NOT tighter than both. */
static void
write_condition (GString *out, const Condition *condition, const CimClass *class, Kind above)
{
  gboolean is_joined = condition->kind == AND || condition->kind == OR;
  gboolean in_parentheses
      = dice (6) == 0 || (is_joined && above == NOT) || (condition->kind == OR && above == AND);

  if (in_parentheses)
    g_string_append (out, dice (2) ? "(" : " ( ");
  if (is_joined)
    {
      write_condition (out, condition->of[0], class, condition->kind);
      write_word (out, condition->kind == AND ? "AND" : "OR");
      write_condition (out, condition->of[1], class, condition->kind);
    }
  else if (condition->kind == NOT)
    {
      write_word (out, "NOT");
      write_condition (out, condition->of[0], class, NOT);
    }
  else if (condition->kind == COMPARE)
    write_compare (out, condition);
  else if (condition->kind == LIKE)
    write_like (out, condition);
  else if (condition->kind == HAS_PATH)
    write_path (out, condition, class);
  else if (condition->kind == IS_NULL)
    write_null (out, condition);
  else
    {
      g_string_append (out, condition->sides[0].name);
      write_word (out, "ISA");
      write_quoted (out, condition->sides[1].value.text);
    }
  if (in_parentheses)
    g_string_append (out, dice (2) ? ")" : " ) ");
}

/* ---- what they mean ---- */

/* In lower case, each run of backslashes one. */
static char *
normal (const char *text)
{
  g_autofree char *lower = g_utf8_strdown (text, -1);
  GString *runs = g_string_new (lower);

  while (g_string_replace (runs, "\\\\", "\\", 0))
    ;
  return g_string_free (runs, FALSE);
}

static gboolean
is_same (const char *a, const char *b)
{
  g_autofree char *of_a = normal (a), *of_b = normal (b);

  return g_str_equal (of_a, of_b);
}

static Value
value_of_side (const Side *side, const CimInstance *instance)
{
  const CimValue *stored;
  CimType type;

  if (!side->name)
    return side->value;
  if (g_str_equal (side->name, "__SERVER"))
    return (Value){ .sort = TEXT, .text = SERVER };
  if (g_str_equal (side->name, "__CLASS"))
    return (Value){ .sort = TEXT, .text = instance->class->name };
  stored = cim_instance_get (instance, side->name);
  type = instance->class->properties[cim_class_find_property (instance->class, side->name)]->type;
  if (!stored->is_set)
    return (Value){ .sort = NOTHING };
  if (type == CIM_STRING || type == CIM_DATETIME)
    return (Value){ .sort = type == CIM_STRING ? TEXT : TIME, .text = stored->text };
  return (Value){ .sort = type == CIM_BOOLEAN ? BOOLEAN : NUMBER,
                  .number = cim_type_is_signed (type) ? (__int128)(int64_t)stored->number
                                                      : (__int128)stored->number };
}

static gboolean
text_to_number (Value *value)
{
  gboolean is_hex = g_regex_match_simple ("^[+-]?0[xX][0-9a-fA-F]+$", value->text, 0, 0);
  const char *digits = value->text + strspn (value->text, "+-");

  if (!is_hex && !g_regex_match_simple ("^[+-]?[0-9]+$", value->text, 0, 0))
    return FALSE;
  value->number = g_ascii_strtoull (digits, NULL, is_hex ? 16 : 10);
  if (*value->text == '-')
    value->number = -value->number;
  return TRUE;
}

static gboolean
text_to_boolean (Value *value)
{
  g_autofree char *lower = g_ascii_strdown (value->text, -1);

  value->number = g_str_equal (lower, "true") || g_str_equal (lower, "1");
  return value->number || g_str_equal (lower, "false") || g_str_equal (lower, "0");
}

/* The number to compare by, in microseconds. */
static void
time_to_number (Value *value)
{
  int year, month, day, hour, minute, second, micros, zone;
  char sign;

  g_assert_cmpint (sscanf (value->text, "%4d%2d%2d%2d%2d%2d.%6d%c%3d", &year, &month, &day, &hour,
                           &minute, &second, &micros, &sign, &zone),
                   ==, 9);
  if (sign == ':')
    value->number = ((year * 10000 + month * 100 + day) * 24 + hour) * 60 + minute;
  else
    {
      g_autoptr (GDateTime) time = g_date_time_new_utc (year, month, day, hour, minute, 0);

      value->number = g_date_time_to_unix (time) / 60 + (sign == '-' ? zone : -zone);
    }
  value->number = (value->number * 60 + second) * 1000000 + micros;
}

static gboolean
is_interval (const Value *value)
{
  return strchr (value->text, ':') != NULL;
}

/* Makes numbers of both that say their order; FALSE: they have none. */
static gboolean
rank (Value *a, Value *b)
{
  Sort sort = a->sort == TEXT ? b->sort : a->sort;

  if (sort == TEXT)
    {
      g_autofree char *of_a = normal (a->text), *of_b = normal (b->text);

      a->number = strcmp (of_a, of_b);
      b->number = 0;
      return TRUE;
    }
  if (sort == TIME)
    {
      time_to_number (a);
      time_to_number (b);
      return is_interval (a) == is_interval (b);
    }
  return (a->sort != TEXT || (sort == NUMBER ? text_to_number (a) : text_to_boolean (a)))
         && (b->sort != TEXT || (sort == NUMBER ? text_to_number (b) : text_to_boolean (b)));
}

static gboolean
compare_holds (const Condition *condition, const CimInstance *instance)
{
  Value a = value_of_side (&condition->sides[0], instance);
  Value b = value_of_side (&condition->sides[1], instance);

  if (a.sort == NOTHING || b.sort == NOTHING)
    return FALSE;
  if (!rank (&a, &b))
    return condition->operator_ == 1;
  return (gboolean[]){ a.number == b.number, a.number != b.number,
                       a.number<b.number, a.number> b.number, a.number <= b.number,
                       a.number >= b.number }[condition->operator_];
}

static gboolean
is_in_set (const char *set, const char *end, gunichar character)
{
  gboolean is_negated = *set == '!';

  for (set += is_negated; set < end; set++)
    {
      gunichar last = set[1] == '-' ? (gunichar)set[2] : (gunichar)*set;

      if ((gunichar)*set <= character && character <= last)
        return !is_negated;
      set += set[1] == '-' ? 2 : 0;
    }
  return is_negated;
}

/* Tries everything. */
static gboolean
pattern_holds (const char *pattern, const char *text)
{
  const char *end;

  if (*pattern == '\0')
    return *text == '\0';
  if (*pattern == '*')
    return pattern_holds (pattern + 1, text)
           || (*text && pattern_holds (pattern, g_utf8_next_char (text)));
  if (*text == '\0')
    return FALSE;
  if (*pattern == '<')
    {
      end = strchr (pattern, '>');
      return is_in_set (pattern + 1, end, g_utf8_get_char (text))
             && pattern_holds (end + 1, g_utf8_next_char (text));
    }
  return (*pattern == '?' || g_utf8_get_char (pattern) == g_utf8_get_char (text))
         && pattern_holds (g_utf8_next_char (pattern), g_utf8_next_char (text));
}

static gboolean
like_holds (const Condition *condition, const CimInstance *instance)
{
  Value value = value_of_side (&condition->sides[0], instance);
  g_autofree char *pattern = normal (condition->sides[1].value.text);
  g_autofree char *text = normal (value.sort == NOTHING ? "" : value.text);

  return value.sort != NOTHING && pattern_holds (pattern, text);
}

static gboolean
path_holds (const Condition *condition, const CimInstance *instance)
{
  if (g_strcmp0 (condition->server, "OTHER") == 0
      || g_strcmp0 (condition->namespace_, "root\\cimv2") == 0)
    return FALSE;
  for (guint i = 0; i < condition->keys->len; i += 2)
    {
      const char *text = cim_instance_text (instance, condition->keys->pdata[i]);

      if (!text || !is_same (text, condition->keys->pdata[i + 1]))
        return FALSE;
    }
  return TRUE;
}

static gboolean
isa_holds (const Condition *condition, const CimInstance *instance)
{
  const CimClass *class = instance->class;

  while (class && !is_same (class->name, condition->sides[1].value.text))
    class = class->superclass;
  return class != NULL;
}

static gboolean
holds (const Condition *condition, const CimInstance *instance)
{
  switch (condition->kind)
    {
    case AND:
      return holds (condition->of[0], instance) && holds (condition->of[1], instance);
    case OR:
      return holds (condition->of[0], instance) || holds (condition->of[1], instance);
    case NOT:
      return !holds (condition->of[0], instance);
    case COMPARE:
      return compare_holds (condition, instance);
    case IS_NULL:
      return cim_instance_get (instance, condition->sides[0].name)->is_set == condition->is_negated;
    case LIKE:
      return like_holds (condition, instance);
    case ISA:
      return isa_holds (condition, instance);
    case HAS_PATH:
      return path_holds (condition, instance) != condition->is_negated;
    }
  g_assert_not_reached ();
}

/* ---- the test ---- */

static char *
write_query (const Extent *extent, const Condition *condition)
{
  GString *text = g_string_new ("SELECT");

  if (dice (2))
    g_string_append_printf (text, "* FROM %s", extent->class->name);
  else
    g_string_append_printf (text, " %s,__PATH FROM %s", random_property (extent->class, -1)->name,
                            extent->class->name);
  write_word (text, "WHERE");
  write_condition (text, condition, extent->class, OR);
  return g_string_free (text, FALSE);
}

/* What is looked up for a query finds all that match. */
static void
assert_required (const CimQuery *query, const CimInstance *instance)
{
  for (guint i = 0; i < instance->class->n_properties; i++)
    {
      const CimProperty *property = instance->class->properties[i];
      const char *required = cim_query_required_text (query, property->name);

      if (required && property->type == CIM_STRING)
        g_assert_true (is_same (required, instance->values[i].text));
    }
}

static guint
run_query (const Extent *extent, const Condition *condition)
{
  g_autofree char *text = write_query (extent, condition);
  g_autoptr (GError) error = NULL;
  g_autoptr (CimQuery) query = cim_query_parse (text, &error);
  guint n_matches = 0;

  if (!query || !cim_query_check (query, extent->class, &error))
    g_error ("%s: %s", text, error->message);
  for (guint i = 0; i < extent->instances->len; i++)
    {
      const CimInstance *instance = extent->instances->pdata[i];
      gboolean expected = holds (condition, instance);

      if (cim_query_matches (query, instance, SERVER) != expected)
        g_error ("instance %u should %smatch: %s", i, expected ? "" : "not ", text);
      if (expected)
        assert_required (query, instance);
      n_matches += expected != FALSE;
    }
  return n_matches;
}

static void
test_random_queries (void)
{
  guint n_matches = 0, n_undecided = 0;

  make_extents ();
  for (guint i = 0; i < N_QUERIES; i++)
    {
      const Extent *extent = &extents[dice (G_N_ELEMENTS (extents))];
      Condition *condition = make_condition (extent, dice (DEPTH_MAX + 1));
      guint n = run_query (extent, condition);

      n_matches += n;
      n_undecided += n > 0 && n < N_INSTANCES;
      free_condition (condition);
    }
  g_test_message ("%u matches of %u; %u queries chose some", n_matches, N_QUERIES * N_INSTANCES,
                  n_undecided);
  /* Queries that match all or nothing show little. */
  g_assert_cmpuint (n_undecided, >, N_QUERIES / 3);
  for (guint i = 0; i < G_N_ELEMENTS (extents); i++)
    g_ptr_array_unref (extents[i].instances);
  g_string_chunk_free (strings);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wql-grammar/random-queries", test_random_queries);
  return g_test_run ();
}
