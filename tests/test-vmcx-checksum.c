/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test-vmcx-checksum.c: the checksum and the layout of each structure, on bytes of genuine files.
 */
#include "vmcx-fixture.h"

#include "../src/vmcx/checksum.h"
#include "../src/vmcx/layout.h"

typedef struct
{
  const char *name;
  const char *hex; /* as stored, checksum included */
  size_t length;   /* bytes covered; what follows is slack */
  size_t at;       /* where the checksum stands */
  uint32_t expected;
} Vector;

static const Vector vectors[] = {
  { "file-header",
    "14202801f477883219000004000000000000000000000010000000a0000000000000009000000000000000100000",
    46, 4, 0x328877f4 },
  { "object-entry-key-table", "02c3f5f85100300000000000000010000001", 18, 1, 0x51f8f5c3 },
  { "object-entry-free", "048c67fcdb00400000000000000030000001", 18, 1, 0xdbfc678c },
  { "object-entry-empty", "004dcf1b6700000000000000000000000000", 18, 1, 0x671bcf4d },
  { "log-header", "0300110133101e280000000000910000000000000000000000000000000000000000", 34, 4,
    0x281e1033 },
  { "log-entry", "1a2000000000000024000000003000000000000040af2ef150e3bb71", 28, 20, 0xf12eaf40 },
  { "key-table", "020001000c00ae78175c", 10, 6, 0x5c1778ae },
  { "node",
    "09002f000000000000000000c7e5c51e010000000e636f6e66696775726174696f6e0000000000000000001f00000"
    "0",
    47, 12, 0x1ec5e5c7 },
  { "bool",
    "08002d000000010027030000d7c9fcbe0200000008456e61626c65640000000000000000000000000000000000",
    33, 12, 0xbefcc9d7 },
  { "string",
    "06003200000001008d050000caf2e28c04000000057479706500060000005600480044004500000000000000000000"
    "00"
    "0000",
    36, 12, 0x8ce2f2ca },
  { "array",
    "07003b00000006002b05000061d7e891150000000e6372656174696f6e5f74696d650008000000a76e45669e97d701"
    "00"
    "0000000000000000000000",
    47, 12, 0x91e8d761 },
};

static GByteArray *
bytes_of (const char *hex)
{
  GByteArray *bytes = g_byte_array_new ();

  for (; *hex; hex += 2)
    {
      guint8 byte = (guint8)(g_ascii_xdigit_value (hex[0]) << 4 | g_ascii_xdigit_value (hex[1]));

      g_byte_array_append (bytes, &byte, 1);
    }
  return bytes;
}

static void
test_vector (gconstpointer closure)
{
  const Vector *vector = closure;
  g_autoptr (GByteArray) bytes = bytes_of (vector->hex), kept = bytes_of (vector->hex);

  g_assert_cmpuint (bytes->len, >=, vector->length);
  g_assert_cmphex (vmcx_fixture_get32 (bytes, vector->at), ==, vector->expected);
  g_assert_cmphex (vmcx_checksum (bytes->data, vector->length, vector->at), ==, vector->expected);
  g_assert_cmphex (vmcx_checksum_in_place (bytes->data, vector->length, vector->at), ==,
                   vector->expected);
  g_assert_cmpmem (bytes->data, (gint)bytes->len, kept->data, (gint)kept->len);
  vmcx_fixture_put32 (bytes, vector->at, 0);
  vmcx_checksum_seal (bytes->data, vector->length, vector->at);
  g_assert_cmpmem (bytes->data, (gint)bytes->len, kept->data, (gint)kept->len);
}

static void
test_plain (void)
{
  g_autoptr (GByteArray) log_bytes
      = bytes_of ("0233429b6100700000000000000010000001048c67fcdb00400000000000000030000001");

  g_assert_cmphex (vmcx_checksum_plain ((const uint8_t *)"123456789", 9), ==, 0xcbf43926);
  g_assert_cmphex (vmcx_fixture_crc ((const uint8_t *)"123456789", 9), ==, 0xcbf43926);
  g_assert_cmpuint (log_bytes->len, ==, 36);
  g_assert_cmphex (vmcx_checksum_plain (log_bytes->data, 36), ==, 0x71bbe350);
}

/* The quick way for short structures and zlib's way for long ones give the same. */
static void
test_lengths (void)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new (), zeroed = g_byte_array_new ();

  for (guint length = 4; length < 600; length++)
    {
      g_byte_array_set_size (bytes, length);
      for (guint i = 0; i < length; i++)
        bytes->data[i] = (guint8)(i * 37 + length);
      g_byte_array_set_size (zeroed, 0);
      g_byte_array_append (zeroed, bytes->data, length);
      vmcx_fixture_put32 (zeroed, length / 2 - 2, 0);
      g_assert_cmphex (vmcx_checksum_in_place (bytes->data, length, length / 2 - 2), ==,
                       vmcx_fixture_crc (zeroed->data, length));
    }
}

/* Each record decodes to the fields that the format page names and encodes to the same bytes. */
static void
test_records (void)
{
  g_autoptr (GByteArray) header = bytes_of (vectors[0].hex), object = bytes_of (vectors[1].hex);
  g_autoptr (GByteArray) log = bytes_of (vectors[4].hex), entry = bytes_of (vectors[5].hex);
  g_autoptr (GByteArray) node = bytes_of (vectors[7].hex);
  VmcxCursor cursor = { header->data, header->data + header->len };
  uint8_t again[64];
  VmcxHeader h;
  VmcxObjectEntry o;
  VmcxLogHeader l;
  VmcxLogEntry e;
  VmcxEntry k;

  g_assert_true (vmcx_header_decode (&cursor, &h));
  g_assert_false (vmcx_header_decode (&cursor, &h)); /* nothing left */
  g_assert_cmpuint (h.signature, ==, 0);
  cursor.p = header->data;
  g_assert_true (vmcx_header_decode (&cursor, &h));
  g_assert_cmpuint (h.sequence, ==, 25);
  g_assert_cmphex (h.version, ==, 0x400);
  g_assert_cmphex (h.log_offset, ==, 0xa000);
  g_assert_cmphex (h.log_size, ==, 0x9000);
  g_assert_cmphex (h.log_header_size, ==, 0x1000);
  vmcx_header_encode (&h, again);
  g_assert_cmpmem (again, VMCX_HEADER_BYTES, header->data, (gint)header->len);

  cursor = (VmcxCursor){ object->data, object->data + object->len };
  g_assert_true (vmcx_object_entry_decode (&cursor, &o));
  g_assert_cmphex (o.offset, ==, 0x3000);
  g_assert_cmphex (o.size, ==, 0x1000);
  g_assert_cmpuint (o.flags, ==, 1);

  cursor = (VmcxCursor){ log->data, log->data + log->len };
  g_assert_true (vmcx_log_header_decode (&cursor, &l));
  g_assert_cmpuint (l.n_pending, ==, 0);
  g_assert_cmpuint (l.max_entries, ==, 145);

  cursor = (VmcxCursor){ entry->data, entry->data + entry->len };
  g_assert_true (vmcx_log_entry_decode (&cursor, &e));
  g_assert_cmphex (e.target, ==, 0x201a);
  g_assert_cmpuint (e.size, ==, 36);
  g_assert_cmphex (e.position, ==, 0x3000);
  g_assert_cmphex (e.bytes_checksum, ==, 0x71bbe350);

  cursor = (VmcxCursor){ node->data, node->data + node->len };
  g_assert_true (vmcx_entry_decode (&cursor, &k));
  g_assert_cmpuint (k.size, ==, 47);
  g_assert_cmpuint (k.name_length, ==, 14);
  g_assert_cmpuint (k.sequence, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *path = g_strdup_printf ("/vmcx/checksum/%s", vectors[i].name);

      g_test_add_data_func (path, &vectors[i], test_vector);
    }
  g_test_add_func ("/vmcx/checksum/plain", test_plain);
  g_test_add_func ("/vmcx/checksum/lengths", test_lengths);
  g_test_add_func ("/vmcx/checksum/records", test_records);
  return g_test_run ();
}
