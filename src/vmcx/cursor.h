/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cursor.h: bounded reading of little-endian records, and one list of fields for both directions.
 */
#ifndef VMCX_CURSOR_H
#define VMCX_CURSOR_H

#include <glib.h>
#include <stdint.h>
#include <string.h>

static inline uint8_t
vmcx_load_8 (const uint8_t *p)
{
  return *p;
}

static inline uint16_t
vmcx_load_16 (const uint8_t *p)
{
  uint16_t raw;

  memcpy (&raw, p, sizeof raw);
  return GUINT16_FROM_LE (raw);
}

static inline uint32_t
vmcx_load_32 (const uint8_t *p)
{
  uint32_t raw;

  memcpy (&raw, p, sizeof raw);
  return GUINT32_FROM_LE (raw);
}

static inline uint64_t
vmcx_load_64 (const uint8_t *p)
{
  uint64_t raw;

  memcpy (&raw, p, sizeof raw);
  return GUINT64_FROM_LE (raw);
}

static inline void
vmcx_store_8 (uint8_t *p, uint8_t value)
{
  *p = value;
}

static inline void
vmcx_store_16 (uint8_t *p, uint16_t value)
{
  value = GUINT16_TO_LE (value);
  memcpy (p, &value, sizeof value);
}

static inline void
vmcx_store_32 (uint8_t *p, uint32_t value)
{
  value = GUINT32_TO_LE (value);
  memcpy (p, &value, sizeof value);
}

static inline void
vmcx_store_64 (uint8_t *p, uint64_t value)
{
  value = GUINT64_TO_LE (value);
  memcpy (p, &value, sizeof value);
}

/* Bytes still to be read: [p, end). */
typedef struct
{
  const uint8_t *p;
  const uint8_t *end;
} VmcxCursor;

static inline size_t
vmcx_cursor_left (const VmcxCursor *cursor)
{
  return (size_t)(cursor->end - cursor->p);
}

#define VMCX_FIELD_DECLARE(bits, field) uint##bits##_t field;
#define VMCX_FIELD_BYTES(bits, field)   +bits / 8
#define VMCX_FIELD_LOAD(bits, field)                                                               \
  record->field = vmcx_load_##bits (p);                                                            \
  p += bits / 8;
#define VMCX_FIELD_STORE(bits, field)                                                              \
  vmcx_store_##bits (p, record->field);                                                            \
  p += bits / 8;

/* Declares from the list FIELDS(F), where F(bits, field) stands for one field in file order:
 *   Type                    the native struct
 *   BYTES                   its packed size in the file
 *   prefix_decode (cursor, record)  reads one and moves the cursor on; if it isn't all there,
 *                           the record becomes zeros: FALSE
 *   prefix_encode (record, p)       writes BYTES bytes to P */
#define VMCX_RECORD(Type, prefix, BYTES, FIELDS)                                                   \
  typedef struct                                                                                   \
  {                                                                                                \
    FIELDS (VMCX_FIELD_DECLARE)                                                                    \
  } Type;                                                                                          \
  enum                                                                                             \
  {                                                                                                \
    BYTES = 0 FIELDS (VMCX_FIELD_BYTES)                                                            \
  };                                                                                               \
  static inline gboolean prefix##_decode (VmcxCursor *cursor, Type *record)                        \
  {                                                                                                \
    const uint8_t *p = cursor->p;                                                                  \
    if (vmcx_cursor_left (cursor) < BYTES)                                                         \
      {                                                                                            \
        *record = (Type){ 0 };                                                                     \
        return FALSE;                                                                              \
      }                                                                                            \
    FIELDS (VMCX_FIELD_LOAD)                                                                       \
    cursor->p = p;                                                                                 \
    return TRUE;                                                                                   \
  }                                                                                                \
  static inline void prefix##_encode (const Type *record, uint8_t *p)                              \
  {                                                                                                \
    FIELDS (VMCX_FIELD_STORE)                                                                      \
    (void)p;                                                                                       \
  }

#endif
