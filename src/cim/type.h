/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* type.h: CIM's types, and a value of one of them.
 *
 * Values are borrowed from the arena (arena.h) of the instance that holds them, and never change
 * once the instance is shared. A datetime is kept in DMTF's form of 25 characters, a point in time
 * as "20261122190005.000000+000", an interval as "00000000000500.000000:000". Source: DSP0004, CIM
 * Infrastructure, section 5.2.
 */
#ifndef CIM_TYPE_H
#define CIM_TYPE_H

#include <glib.h>
#include <stdint.h>

typedef enum
{
  CIM_BOOLEAN,
  CIM_UINT8,
  CIM_SINT8,
  CIM_UINT16,
  CIM_SINT16,
  CIM_UINT32,
  CIM_SINT32,
  CIM_UINT64,
  CIM_SINT64,
  CIM_STRING,
  CIM_DATETIME,
  CIM_REFERENCE,
} CimType;

typedef struct CimPath CimPath; /* path.h */

/* One value, or an array of N. What the type is, and whether it is an array, is said by the
 * property (class.h). Booleans are numbers 0 and 1, signed numbers the int64_t of the same bits. */
typedef struct
{
  gboolean is_set; /* FALSE: NULL */
  guint n;         /* members of an array, which may be 0; 1 for a scalar */
  union
  {
    uint64_t number;
    const char *text;        /* string, datetime */
    const CimPath *path;     /* reference */
    const uint64_t *numbers; /* the same, as arrays */
    const char *const *texts;
    const CimPath *const *paths;
  };
} CimValue;

static inline gboolean
cim_type_is_number (CimType type)
{
  return type <= CIM_SINT64;
}

static inline gboolean
cim_type_is_signed (CimType type)
{
  return type == CIM_SINT8 || type == CIM_SINT16 || type == CIM_SINT32 || type == CIM_SINT64;
}

/* "boolean", "uint8", ..., "string", "datetime", "reference": CIM-XML's names; borrowed, static. */
const char *cim_type_name (CimType type);

/* FALSE when there is no type of that name; letter case is ignored. */
gboolean cim_type_parse (const char *name, CimType *type);

/* A number, boolean (true, false) or datetime from its text. FALSE: not a value of that type, or
 * out of its range. Text is returned for strings and datetimes by pointing to TEXT itself. */
gboolean cim_value_parse (CimType type, const char *text, CimValue *value);

/* Appends a scalar number or boolean ("true", "false", decimal). */
void cim_number_append (GString *out, CimType type, uint64_t number);

/* Appends member I of VALUE, of a number, string or datetime type, as text without any quoting. */
void cim_value_append (GString *out, CimType type, gboolean is_array, const CimValue *value,
                       guint i);

/* DMTF's forms. MS since 1970 UTC; negative ones are an unknown time, "16010101000000.000000-000".
 */
char *cim_datetime_format (int64_t ms);
char *cim_interval_format (int64_t ms);

/* xs:dateTime or xs:duration (as WS-CIM wants them) of one in DMTF's form: *IS_INTERVAL says which.
 * FALSE: not in DMTF's form. */
gboolean cim_datetime_to_xml (const char *dmtf, gboolean *is_interval, GString *out);

/* DMTF's form of an xs:dateTime, xs:duration or DMTF text; NULL when it is none of them. */
char *cim_datetime_from_xml (const char *text);

#endif
