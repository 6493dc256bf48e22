/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line's JSON writer: exact numbers, every string there can be, any depth. */
#include <cairn/error.h>
#include <float.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "cli/json.h"

typedef struct
{
  CliOutput out;
  CliJson json;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer unused)
{
  cli_output_init (&fixture->out, -1);
  cli_json_init (&fixture->json, &fixture->out);
}

static void
tear_down (Fixture *fixture, gconstpointer unused)
{
  cli_output_clear (&fixture->out);
}

/* What was written is TEXT; forgets it. */
static void
expect (Fixture *fixture, const char *text)
{
  g_autofree char *written = g_strndup (fixture->out.held, fixture->out.n_held);

  g_assert_cmpstr (written, ==, text);
  cli_output_discard (&fixture->out);
  cli_json_init (&fixture->json, &fixture->out);
}

static void
numbers_are_exact (Fixture *fixture, gconstpointer unused)
{
  CliJson *json = &fixture->json;

  cli_json_begin_array (json);
  cli_json_uint (json, 0);
  cli_json_uint (json, G_MAXUINT64);
  cli_json_int (json, G_MININT64);
  cli_json_int (json, -1);
  cli_json_int (json, G_MAXINT64);
  cli_json_end_array (json);
  expect (fixture, "[0,18446744073709551615,-9223372036854775808,-1,9223372036854775807]");
}

static void
doubles_read_back (Fixture *fixture, gconstpointer unused)
{
  static const struct
  {
    double value;
    const char *text;
  } cases[] = {
    { 0.1, "0.1" },
    { 1, "1.0" },
    { -0.0, "-0.0" },
    { 1e300, "1e+300" },
    { 5e-324, "4.94065645841247e-324" },
    { DBL_MAX, "1.7976931348623157e+308" },
    { 1.0 / 3, "0.3333333333333333" },
    { 0.1 + 0.2, "0.30000000000000004" },
    { 123456789012345678.0, "1.2345678901234568e+17" },
    { INFINITY, "\"Infinity\"" },
    { -INFINITY, "\"-Infinity\"" },
    { NAN, "\"NaN\"" },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      cli_json_double (&fixture->json, cases[i].value);
      expect (fixture, cases[i].text);
      if (isfinite (cases[i].value))
        g_assert_true (g_ascii_strtod (cases[i].text, NULL) == cases[i].value);
    }
}

static void
strings_are_escaped (Fixture *fixture, gconstpointer unused)
{
  static const struct
  {
    const char *given;
    const char *text;
  } cases[] = {
    { "", "\"\"" },
    { "plain text", "\"plain text\"" },
    { "a\"b\\c/", "\"a\\\"b\\\\c/\"" },
    { "\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"" },
    { "\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\"" },
    { "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\xaa\xa8",
      "\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\xaa\xa8\"" },
    { "a\xff\xc3", "\"a\\udcff\\udcc3\"" },
    { "\xed\xa0\x80", "\"\\udced\\udca0\\udc80\"" },
    { "\xc0\x80", "\"\\udcc0\\udc80\"" },
    { NULL, "null" },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      cli_json_string (&fixture->json, cases[i].given);
      expect (fixture, cases[i].text);
    }
}

static void
utf16_keeps_lone_surrogates (Fixture *fixture, gconstpointer unused)
{
  static const gunichar2 units[] = { 'a', 0xd83e, 0xdea8, 0xd800, 'b', 0xdc00, 0, '"', 0xd83e };

  cli_json_utf16 (&fixture->json, units, G_N_ELEMENTS (units));
  expect (fixture, "\"a\xf0\x9f\xaa\xa8\\ud800b\\udc00\\u0000\\\"\\ud83e\"");
  cli_json_utf16 (&fixture->json, units, 0);
  expect (fixture, "\"\"");
}

static void
commas_stand_between (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (GBytes) bytes = g_bytes_new ("\x00\xa7\xff", 3);
  CliJson *json = &fixture->json;

  cli_json_begin_object (json);
  cli_json_key (json, "a");
  cli_json_begin_array (json);
  cli_json_begin_array (json);
  cli_json_end_array (json);
  cli_json_begin_object (json);
  cli_json_end_object (json);
  cli_json_hex (json, bytes);
  cli_json_end_array (json);
  cli_json_key (json, "b");
  cli_json_bool (json, TRUE);
  cli_json_key (json, "c");
  cli_json_null (json);
  cli_json_end_object (json);
  cli_json_end (json);
  expect (fixture, "{\"a\":[[],{},\"00a7ff\"],\"b\":true,\"c\":null}\n");
}

/* Held until committed, then written in pieces; the first error is kept. */
static void
output_is_written_late (void)
{
  CliOutput out;
  g_autoptr (GError) error = NULL;
  int ends[2];
  char byte;

  g_assert_cmpint (pipe (ends), ==, 0);
  cli_output_init (&out, ends[1]);
  for (int i = 0; i < 100000; i++)
    cli_output_puts (&out, "dropped");
  g_assert_false (out.started);
  cli_output_discard (&out);
  cli_output_puts (&out, "x");
  g_assert_true (cli_output_finish (&out, &error));
  g_assert_cmpint (read (ends[0], &byte, 1), ==, 1);
  g_assert_cmpint (byte, ==, 'x');
  cli_output_clear (&out);
  close (ends[0]);
  close (ends[1]);

  cli_output_init (&out, -1);
  cli_output_commit (&out);
  for (int i = 0; i < 100000; i++)
    cli_output_puts (&out, "lost");
  g_assert_cmpuint (out.n_held, <, 100000);
  g_assert_false (cli_output_finish (&out, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "Bad file descriptor"));
  cli_output_clear (&out);
}

#define ADD(name) g_test_add ("/cli/json/" #name, Fixture, NULL, set_up, name, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD (numbers_are_exact);
  ADD (doubles_read_back);
  ADD (strings_are_escaped);
  ADD (utf16_keeps_lone_surrogates);
  ADD (commas_stand_between);
  g_test_add_func ("/cli/output/is-written-late", output_is_written_late);
  return g_test_run ();
}
