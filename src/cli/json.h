/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* json.h: JSON as a stream, of any depth and length, in constant memory.
 *
 * The caller pairs begin and end and puts a key before each value of an object; commas are put by
 * the writer. Integers are exact up to 2^64-1. What JSON can't hold: a double that isn't finite is
 * the string "Infinity", "-Infinity" or "NaN"; a lone surrogate is its \u escape; a byte that isn't
 * UTF-8 (file names may be any bytes) is the escape \udcNN, as Python's "surrogateescape" has it.
 */
#ifndef CAIRN_CLI_JSON_H
#define CAIRN_CLI_JSON_H

#include <stdint.h>

#include "cli/output.h"

typedef struct
{
  CliOutput *out; /* borrowed */
  gboolean need_comma;
} CliJson;

void cli_json_init (CliJson *json, CliOutput *out);

void cli_json_begin_object (CliJson *json);
void cli_json_end_object (CliJson *json);
void cli_json_begin_array (CliJson *json);
void cli_json_end_array (CliJson *json);

/* NAME is plain ASCII without anything to escape. */
void cli_json_key (CliJson *json, const char *name);

void cli_json_string (CliJson *json, const char *text); /* NULL gives null */
void cli_json_utf16 (CliJson *json, const gunichar2 *units, size_t n_units);
void cli_json_hex (CliJson *json, GBytes *bytes);
void cli_json_uint (CliJson *json, uint64_t value);
void cli_json_int (CliJson *json, int64_t value);
void cli_json_double (CliJson *json, double value);
void cli_json_bool (CliJson *json, gboolean value);
void cli_json_null (CliJson *json);

/* The line feed behind the document. */
void cli_json_end (CliJson *json);

#endif
