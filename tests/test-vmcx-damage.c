/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test-vmcx-damage.c: one small file, damaged in every way the format page names; each way has its
 * offset and its reason. The file, as our writer lays it out:
 *
 *   0x2000 root object table: slot 0 key table, 1 file object, 226 (0x2fec) is the last one
 *   0x3000 key table 1: 0x300a node "n" {0x302d int "i", 0x3058 string "s", 0x3081 array "o"},
 * 0x30b0 bool "b", 0x30d7 free 0x4000 file object of 0x900 bytes, the value of "o" 0x5000 log:
 * header area, then bytes from 0x6000 on */
#include "vmcx-fixture.h"

#include <errno.h>
#include <string.h>

#define N   0x300a
#define I   0x302d
#define S   0x3058
#define O   0x3081
#define B   0x30b0
#define END 0x30d7
#define LOG 0x5000

typedef enum
{
  HEADERS = 1 << 0,
  SLOTS = 1 << 1, /* 0, 1, 2 and the last one */
  TABLE = 1 << 2,
  KEYS = 1 << 3,
  LOG_HEADER = 1 << 4,
  LOG_ENTRY = 1 << 5,
  PENDING = 1 << 6, /* first: a log entry that rewrites 0x20 bytes at 0x3000 */
} Seal;

typedef struct
{
  const char *name;
  int seals; /* checksums that are made right after the damage */
  struct
  {
    size_t at;
    int bits;
    uint64_t value;
  } put[4];
  size_t length; /* the file is cut to this; 0 = it isn't */
  VmcxError code;
  int64_t offset;
  const char *cause;
} Damage;

static GByteArray *
make_file (void)
{
  g_autoptr (VmcxTree) tree = vmcx_tree_new ();
  g_autofree guint8 *content = g_malloc0 (0x900);
  g_autoptr (GBytes) bytes = g_bytes_new_static (content, 0x900);
  VmcxKey *node = vmcx_key_add_node (vmcx_tree_root (tree), "n");

  vmcx_key_add_int (node, "i", 7);
  vmcx_key_add_string (node, "s", "x");
  vmcx_key_add_array (node, "o", bytes);
  vmcx_key_add_bool (vmcx_tree_root (tree), "b", TRUE);
  return vmcx_fixture_write (tree, NULL);
}

static void
make_pending (GByteArray *bytes)
{
  memcpy (bytes->data + LOG + 0x1000, bytes->data + 0x3000, 0x20);
  vmcx_fixture_put64 (bytes, LOG + 34, 0x3000);
  vmcx_fixture_put32 (bytes, LOG + 34 + 8, 0x20);
  vmcx_fixture_put64 (bytes, LOG + 34 + 12, 0x1000);
  vmcx_fixture_put32 (bytes, LOG + 34 + 24, vmcx_fixture_crc (bytes->data + LOG + 0x1000, 0x20));
  vmcx_fixture_seal (bytes, LOG + 34, 28, 20);
  vmcx_fixture_put32 (bytes, LOG + 8, 1);
  vmcx_fixture_seal (bytes, LOG, 34, 4);
}

static void
put (GByteArray *bytes, size_t at, int bits, uint64_t value)
{
  switch (bits)
    {
    case 8:
      bytes->data[at] = (guint8)value;
      break;
    case 16:
      vmcx_fixture_put16 (bytes, at, (uint16_t)value);
      break;
    case 32:
      vmcx_fixture_put32 (bytes, at, (uint32_t)value);
      break;
    default:
      vmcx_fixture_put64 (bytes, at, value);
    }
}

static void
seal (GByteArray *bytes, int seals)
{
  static const size_t slots[] = { 0x2008, 0x201a, 0x202c, 0x2fec };
  static const struct
  {
    size_t at, used;
  } keys[] = { { N, 35 }, { I, 31 }, { S, 29 }, { O, 35 }, { B, 27 } };

  if (seals & HEADERS)
    {
      vmcx_fixture_seal (bytes, 0, 46, 4);
      vmcx_fixture_seal (bytes, 0x1000, 46, 4);
    }
  for (size_t i = 0; (seals & SLOTS) && i < G_N_ELEMENTS (slots); i++)
    vmcx_fixture_seal (bytes, slots[i], 18, 1);
  if (seals & TABLE)
    vmcx_fixture_seal (bytes, 0x3000, 10, 6);
  for (size_t i = 0; (seals & KEYS) && i < G_N_ELEMENTS (keys); i++)
    vmcx_fixture_seal (bytes, keys[i].at, keys[i].used, 12);
  if (seals & LOG_ENTRY)
    vmcx_fixture_seal (bytes, LOG + 34, 28, 20);
  if (seals & LOG_HEADER)
    vmcx_fixture_seal (bytes, LOG, 34, 4);
}

static GByteArray *
make_damaged (const Damage *damage)
{
  GByteArray *bytes = make_file ();

  if (damage->seals & PENDING)
    make_pending (bytes);
  for (size_t i = 0; i < G_N_ELEMENTS (damage->put) && damage->put[i].bits; i++)
    put (bytes, damage->put[i].at, damage->put[i].bits, damage->put[i].value);
  seal (bytes, damage->seals);
  if (damage->length > 0)
    g_byte_array_set_size (bytes, (guint)damage->length);
  return bytes;
}

#define FORMAT VMCX_ERROR_FORMAT
#define LIMIT  VMCX_ERROR_LIMIT

static const Damage damages[] = {
  { "header/truncated", 0, { { 0 } }, 45, FORMAT, 0, "truncated" },
  { "header/both-torn", 0, { { 8, 8, 9 }, { 0x1008, 8, 9 } }, 0, FORMAT, 0, "no better" },
  { "header/other-file", 0, { { 0, 32, 1 }, { 0x1000, 32, 1 } }, 0, FORMAT, 0, "isn't that" },
  { "header/same-sequence", HEADERS, { { 8, 16, 0 } }, 0, FORMAT, 0, "neither is the newer" },
  { "header/wrapped", HEADERS, { { 8, 16, 0xffff }, { 0x100a, 32, 1 } }, 0, FORMAT, 0x1000, "0.1" },
  { "header/version", HEADERS, { { 10, 32, 0x0301 } }, 0, FORMAT, 0, "version 3.1" },
  { "header/small-alignment", HEADERS, { { 22, 32, 0x800 } }, 0, FORMAT, 0, "alignment 0x800" },
  { "header/odd-alignment", HEADERS, { { 22, 32, 0x3000 } }, 0, FORMAT, 0, "alignment 0x3000" },
  { "header/large-alignment", HEADERS, { { 22, 32, 0x20000 } }, 0, FORMAT, 0, "alignment 0x20000" },
  { "header/log-in-root", HEADERS, { { 26, 64, 0x2000 } }, 0, FORMAT, 0, "log offset 0x2000" },
  { "header/log-unaligned", HEADERS, { { 26, 64, 0x5800 } }, 0, FORMAT, 0, "log offset 0x5800" },
  { "header/log-small", HEADERS, { { 34, 64, 0x1000 } }, 0, FORMAT, 0, "log size 0x1000" },
  { "header/log-endless", HEADERS, { { 34, 64, INT64_MAX - 0xfff } }, 0, FORMAT, 0, "log size" },

  { "log/truncated", 0, { { 0 } }, LOG + 33, FORMAT, LOG, "truncated" },
  { "log/signature", LOG_HEADER, { { LOG, 32, 5 } }, 0, FORMAT, LOG, "signature" },
  { "log/checksum", 0, { { LOG + 8, 32, 1 } }, 0, FORMAT, LOG, "checksum" },
  { "log/no-room", LOG_HEADER, { { LOG + 13, 32, 0 } }, 0, FORMAT, LOG, "maximum of 0" },
  { "log/too-much-room", LOG_HEADER, { { LOG + 13, 32, 146 } }, 0, FORMAT, LOG, "maximum of 146" },
  { "log/too-many", LOG_HEADER, { { LOG + 8, 32, 146 } }, 0, FORMAT, LOG, "146 pending" },
  { "log/entries-truncated", PENDING, { { 0 } }, LOG + 34 + 27, FORMAT, LOG + 34, "truncated" },
  { "log/bytes-truncated", PENDING, { { 0 } }, LOG + 0x101f, FORMAT, LOG + 0x1000, "truncated" },
  { "log/entry-checksum", PENDING, { { LOG + 34, 8, 1 } }, 0, FORMAT, LOG + 34, "checksum" },
  { "log/bytes-checksum",
    PENDING,
    { { LOG + 0x1000, 8, 1 } },
    0,
    FORMAT,
    LOG + 0x1000,
    "checksum" },
  { "log/no-bytes", PENDING | LOG_ENTRY, { { LOG + 42, 32, 0 } }, 0, FORMAT, LOG + 34, "no bytes" },
  { "log/from-header",
    PENDING | LOG_ENTRY,
    { { LOG + 46, 64, 0xfff } },
    0,
    FORMAT,
    LOG + 34,
    "outside the log" },
  { "log/from-behind",
    PENDING | LOG_ENTRY,
    { { LOG + 46, 64, 0x2fe1 } },
    0,
    FORMAT,
    LOG + 34,
    "outside the log" },
  { "log/from-nowhere",
    PENDING | LOG_ENTRY,
    { { LOG + 46, 64, UINT64_MAX } },
    0,
    FORMAT,
    LOG + 34,
    "outside the log" },
  { "log/to-headers",
    PENDING | LOG_ENTRY,
    { { LOG + 34, 64, 0x1fff } },
    0,
    FORMAT,
    LOG + 34,
    "file headers" },
  { "log/to-log",
    PENDING | LOG_ENTRY,
    { { LOG + 34, 64, LOG - 1 } },
    0,
    FORMAT,
    LOG + 34,
    "the log itself" },
  { "log/to-log-end",
    PENDING | LOG_ENTRY,
    { { LOG + 34, 64, LOG + 0x2fff } },
    0,
    FORMAT,
    LOG + 34,
    "the log itself" },
  { "log/far",
    PENDING | LOG_ENTRY,
    { { LOG + 34, 64, LOG + 0x6000 - 0x1f } },
    0,
    FORMAT,
    LOG + 34,
    "far behind" },
  { "log/farther",
    PENDING | LOG_ENTRY,
    { { LOG + 34, 64, UINT64_MAX - 4 } },
    0,
    FORMAT,
    LOG + 34,
    "far behind" },
  { "log/limit",
    PENDING | LOG_ENTRY,
    { { LOG + 42, 32, UINT32_MAX } },
    0,
    LIMIT,
    LOG + 34,
    "limit" },

  { "objects/truncated", 0, { { 0x101a, 64, 0x3000 } }, 0x2fff, FORMAT, 0x5000, "truncated" },
  { "objects/signature", 0, { { 0x2000, 8, 3 } }, 0, FORMAT, 0x2000, "signature" },
  { "objects/count-large", 0, { { 0x2004, 32, 228 } }, 0, FORMAT, 0x2000, "228 entries" },
  { "objects/count-small", 0, { { 0x2004, 32, 99 } }, 0, FORMAT, 0x2000, "follow the last" },
  { "objects/count-none", 0, { { 0x2004, 32, 0 } }, 0, FORMAT, 0x2000, "0 entries" },
  { "objects/checksum", 0, { { 0x2008 + 17, 8, 0 } }, 0, FORMAT, 0x2008, "checksum" },
  { "objects/empty-checksum", 0, { { 0x2100, 8, 9 } }, 0, FORMAT, 0x20f2, "checksum" },
  { "objects/type", SLOTS, { { 0x201a, 8, 8 } }, 0, FORMAT, 0x201a, "type 8" },
  { "objects/link-elsewhere", SLOTS, { { 0x201a, 8, 1 } }, 0, FORMAT, 0x201a, "isn't the last" },
  { "objects/last-is-no-link",
    SLOTS,
    { { 0x2fec, 8, 4 }, { 0x2fec + 5, 64, 0x9000 }, { 0x2fec + 13, 32, 0x1000 } },
    0,
    FORMAT,
    0x2fec,
    "only link" },
  { "objects/chain-to-root",
    SLOTS,
    { { 0x2fec, 8, 1 }, { 0x2fec + 5, 64, 0x2000 }, { 0x2fec + 13, 32, 0x1000 } },
    0,
    FORMAT,
    0x2000,
    "turns back" },
  { "objects/chain-truncated",
    SLOTS,
    { { 0x2fec, 8, 1 }, { 0x2fec + 5, 64, 0x9000 }, { 0x2fec + 13, 32, 0x1000 } },
    0,
    FORMAT,
    0x9000,
    "truncated" },
  { "objects/chain-to-zero",
    SLOTS,
    { { 0x2fec, 8, 1 }, { 0x2fec + 5, 64, 0 }, { 0x2fec + 13, 32, 0x1000 } },
    0,
    FORMAT,
    0x2fec,
    "lies over" },
  { "objects/empty-with-size", SLOTS, { { 0x202c + 13, 32, 1 } }, 0, FORMAT, 0x202c, "is empty" },
  { "objects/no-size", SLOTS, { { 0x201a + 13, 32, 0 } }, 0, FORMAT, 0x201a, "whole units" },
  { "objects/odd-size", SLOTS, { { 0x201a + 13, 32, 0x800 } }, 0, FORMAT, 0x201a, "whole units" },
  { "objects/odd-offset", SLOTS, { { 0x201a + 5, 64, 0x4001 } }, 0, FORMAT, 0x201a, "whole units" },
  { "objects/beyond", SLOTS, { { 0x201a + 5, 64, ~0xfffull } }, 0, FORMAT, 0x201a, "any file" },
  { "objects/over-another", SLOTS, { { 0x201a + 5, 64, 0x3000 } }, 0, FORMAT, 0x201a, "lies over" },
  { "objects/over-root", SLOTS, { { 0x201a + 5, 64, 0x2000 } }, 0, FORMAT, 0x201a, "lies over" },
  { "objects/over-header", SLOTS, { { 0x201a + 5, 64, 0 } }, 0, FORMAT, 0x201a, "lies over" },
  { "objects/over-log", SLOTS, { { 0x201a + 5, 64, 0x6000 } }, 0, FORMAT, 0x201a, "over the log" },
  { "objects/4-gib-table", SLOTS, { { 0x2008 + 13, 32, 0xfffff000 } }, 0, LIMIT, 0x2008, "limit" },
  { "objects/4-gib-link",
    SLOTS,
    { { 0x2fec, 8, 1 }, { 0x2fec + 5, 64, 0x9000 }, { 0x2fec + 13, 32, 0xfffff000 } },
    0,
    LIMIT,
    0x2fec,
    "limit" },

  { "table/truncated",
    SLOTS,
    { { 0x2008 + 5, 64, 0x8000 }, { 0x2008 + 13, 32, 0x2000 } },
    0,
    FORMAT,
    0x8000,
    "truncated" },
  { "table/signature", TABLE, { { 0x3000, 16, 3 } }, 0, FORMAT, 0x3000, "signature" },
  { "table/checksum", 0, { { 0x3004, 16, 9 } }, 0, FORMAT, 0x3000, "checksum" },
  { "table/index", TABLE, { { 0x3002, 16, 0 } }, 0, FORMAT, 0x3000, "index is 0" },

  { "key/size-small", KEYS, { { B + 2, 32, 20 } }, 0, FORMAT, B, "size 0x14" },
  { "key/size-large", KEYS, { { B + 2, 32, 0x1000 } }, 0, FORMAT, B, "size 0x1000" },
  { "key/size-4-gib", KEYS, { { B + 2, 32, UINT32_MAX } }, 0, FORMAT, B, "size 0xffffffff" },
  { "key/size-below-value", KEYS, { { B + 2, 32, 26 } }, 0, FORMAT, B, "don't fit" },
  { "key/type-2", KEYS, { { I, 8, 2 } }, 0, FORMAT, I, "type 2" },
  { "key/type-10", KEYS, { { I, 8, 10 } }, 0, FORMAT, I, "type 10" },
  { "key/type-free", KEYS, { { I, 8, 1 } }, 0, FORMAT, I, "marked free" },
  { "key/checksum", 0, { { I + 25, 8, 1 } }, 0, FORMAT, I, "checksum" },
  { "key/object-int", KEYS, { { I + 1, 8, 1 } }, 0, FORMAT, I, "type 3 can't" },
  { "key/flags", KEYS, { { I + 1, 8, 8 } }, 0, FORMAT, I, "flags 0x08" },
  { "key/no-name", KEYS, { { I + 20, 8, 1 } }, 0, FORMAT, I, "name is empty" },
  { "key/name-no-nul", KEYS, { { I + 22, 8, 'x' } }, 0, FORMAT, I, "isn't UTF-8" },
  { "key/name-inner-nul", KEYS, { { I + 21, 8, 0 } }, 0, FORMAT, I, "isn't UTF-8" },
  { "key/name-not-utf8", KEYS, { { I + 21, 8, 0xff } }, 0, FORMAT, I, "isn't UTF-8" },
  { "key/string-long", KEYS, { { S + 23, 32, 15 } }, 0, FORMAT, S, "don't fit" },
  { "key/string-4-gib", KEYS, { { S + 23, 32, UINT32_MAX } }, 0, FORMAT, S, "don't fit" },
  { "key/parent-missing", KEYS, { { I + 8, 32, 11 } }, 0, FORMAT, I, "isn't there" },
  { "key/parent-table", KEYS, { { I + 6, 16, 2 } }, 0, FORMAT, I, "isn't there" },
  { "key/parent-offset", KEYS, { { B + 8, 32, 10 } }, 0, FORMAT, B, "isn't there" },
  { "key/parent-free",
    KEYS,
    { { B + 6, 16, 1 }, { B + 8, 32, END - 0x3000 } },
    0,
    FORMAT,
    B,
    "isn't there" },
  { "key/parent-value", KEYS, { { I + 8, 32, S - 0x3000 } }, 0, FORMAT, I, "isn't a node" },
  { "key/own-parent", KEYS, { { N + 6, 16, 1 }, { N + 8, 32, 10 } }, 0, FORMAT, N, "key itself" },
  { "key/next-sequence", KEYS, { { N + 31, 32, 3 } }, 0, FORMAT, O, "below its parent's next" },

  { "free/flags", 0, { { END + 1, 8, 1 } }, 0, FORMAT, END, "marked free" },
  { "free/parent-table", 0, { { END + 6, 8, 1 } }, 0, FORMAT, END, "marked free" },
  { "free/parent-offset", 0, { { END + 8, 8, 1 } }, 0, FORMAT, END, "marked free" },
  { "free/checksum", 0, { { END + 12, 8, 1 } }, 0, FORMAT, END, "marked free" },
  { "free/name", 0, { { END + 20, 8, 1 } }, 0, FORMAT, END, "marked free" },
  { "free/type", 0, { { END, 8, 0 } }, 0, FORMAT, END, "type 0" },
  { "free/size", 0, { { END + 2, 32, 21 } }, 0, FORMAT, END, "below 0x16" },
  { "free/size-small", 0, { { END + 2, 32, 0xf29 - 21 } }, 0, FORMAT, 0x4000 - 21, "0x15 bytes" },

  { "object/unlisted", KEYS, { { O + 27, 64, 0x9000 } }, 0, FORMAT, O, "none is listed" },
  { "object/of-other-type", KEYS, { { O + 27, 64, 0x3000 } }, 0, FORMAT, O, "none is listed" },
  { "object/too-long", KEYS, { { O + 23, 32, 0x1001 } }, 0, FORMAT, O, "longer than" },
  { "object/truncated",
    KEYS | SLOTS,
    { { 0x201a + 5, 64, 0x8000 }, { O + 27, 64, 0x8000 } },
    0,
    FORMAT,
    O,
    "truncated" },
  { "object/odd-string", KEYS, { { O, 8, 6 }, { O + 23, 32, 0x8ff } }, 0, FORMAT, O, "UTF-16" },
};

static void
test_damage (gconstpointer closure)
{
  const Damage *damage = closure;
  g_autoptr (GByteArray) bytes = make_damaged (damage);

  vmcx_fixture_refused (bytes, NULL, damage->code, damage->offset, damage->cause);
}

/* The file that the damages start from is good, pending or not. */
static void
test_undamaged (void)
{
  static const Damage none = { .name = "none", .seals = ~(PENDING | LOG_ENTRY) };
  static const Damage pending = { .name = "pending", .seals = ~0 };
  g_autoptr (GByteArray) clean = make_damaged (&none), dirty = make_damaged (&pending);
  g_autoptr (GByteArray) original = make_file ();
  g_autoptr (VmcxFile) file = vmcx_fixture_open (clean, NULL, NULL);
  g_autoptr (VmcxFile) replayed = vmcx_fixture_open (dirty, NULL, NULL);

  g_assert_cmpuint (clean->len, ==, original->len);
  g_assert_true (memcmp (clean->data, original->data, clean->len) == 0);
  g_assert_cmpuint (vmcx_file_n_pending (file), ==, 0);
  g_assert_cmpuint (vmcx_file_n_pending (replayed), ==, 1);
  g_assert_true (vmcx_fixture_equal (vmcx_file_root (file), vmcx_file_root (replayed)));
}

/* Two copies of the header: a torn one doesn't count, and 0 comes after 0xffff. */
static void
test_header_copies (void)
{
  static const Damage good[]
      = { { "torn-0", 0, { { 8, 8, 9 } }, 0, FORMAT, 0, "" },
          { "torn-1", 0, { { 0x1008, 8, 9 } }, 0, FORMAT, 0, "" },
          { "wrapped", HEADERS, { { 8, 16, 0xffff }, { 10, 32, 1 } }, 0, FORMAT, 0, "" },
          { "far", HEADERS, { { 8, 16, 0xfffe }, { 0x100a, 32, 1 } }, 0, FORMAT, 0, "" } };

  for (size_t i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (GByteArray) bytes = make_damaged (&good[i]);
      g_autoptr (GError) error = NULL;
      g_autoptr (VmcxFile) file = vmcx_fixture_open (bytes, NULL, &error);

      g_test_message ("%s", good[i].name);
      g_assert_no_error (error);
      g_assert_nonnull (file);
    }
}

/* A second table of the same index in place of the file object; the array is out of the way then.
 */
static GByteArray *
with_second_table (uint16_t first_sequence, uint16_t second_sequence)
{
  GByteArray *bytes = make_file ();

  vmcx_fixture_put32 (bytes, O + 23, 0); /* an empty inline array instead */
  bytes->data[O + 1] = 0;
  vmcx_fixture_seal (bytes, O, 27, 12);
  memcpy (bytes->data + 0x4000, bytes->data + 0x3000, 0x1000);
  vmcx_fixture_put64 (bytes, I + 0x1000 + 23, 8); /* "i" is 8 there */
  vmcx_fixture_seal (bytes, I + 0x1000, 31, 12);
  vmcx_fixture_put16 (bytes, 0x3004, first_sequence);
  vmcx_fixture_put16 (bytes, 0x4004, second_sequence);
  vmcx_fixture_seal (bytes, 0x3000, 10, 6);
  vmcx_fixture_seal (bytes, 0x4000, 10, 6);
  bytes->data[0x201a] = 2;
  vmcx_fixture_seal (bytes, 0x201a, 18, 1);
  return bytes;
}

static void
test_repeated_index (void)
{
  static const struct
  {
    uint16_t first, second;
    int64_t value;
  } pairs[] = { { 1, 2, 8 }, { 2, 1, 7 }, { 0xffff, 0, 8 }, { 3, 0xfff0, 7 } };
  g_autoptr (GByteArray) same = with_second_table (5, 5), apart = with_second_table (0, 0x8000);

  for (size_t i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autoptr (GByteArray) bytes = with_second_table (pairs[i].first, pairs[i].second);
      g_autoptr (GError) error = NULL;
      g_autoptr (VmcxFile) file = vmcx_fixture_open (bytes, NULL, &error);
      int64_t value = 0;

      g_assert_no_error (error);
      g_assert_true (
          vmcx_key_get_int (vmcx_key_lookup (vmcx_file_root (file), "n/i"), &value, NULL));
      g_assert_cmpint (value, ==, pairs[i].value);
    }
  vmcx_fixture_refused (same, NULL, FORMAT, 0x4000, "index 1 and the sequence 5 too");
  vmcx_fixture_refused (apart, NULL, FORMAT, 0x4000, "none of the tables of index 1");
}

static void
assert_opens (const GByteArray *bytes)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VmcxFile) file = vmcx_fixture_open (bytes, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (vmcx_file_verify_values (file, &error));
}

/* A free entry's size has no checksum: one bit more must not swallow the keys behind it. */
static void
test_swallowed_keys (void)
{
  g_autoptr (GByteArray) bytes = make_file ();
  guint n = 0;

  /* "s" (41 bytes) becomes free; what follows is "o" (47) and "b" (39), then the free rest. */
  memset (bytes->data + S, 0, 21);
  bytes->data[S] = 1;
  for (uint32_t bit = 1; bit < 0x1000; bit <<= 1)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (VmcxFile) file = NULL;

      vmcx_fixture_put32 (bytes, S + 2, 41 ^ bit);
      file = vmcx_fixture_open (bytes, NULL, &error);
      g_assert_null (file);
      n++;
    }
  g_assert_cmpuint (n, ==, 12);
  vmcx_fixture_put32 (bytes, S + 2, 41);
  assert_opens (bytes);
}

/* The same, with the key behind made to be exactly 64 bytes: only the rule about whole keys helps.
 */
static void
test_swallowed_key_of_64 (void)
{
  g_autoptr (GByteArray) bytes = make_file ();

  memset (bytes->data + S, 0, 21);
  bytes->data[S] = 1;
  vmcx_fixture_put32 (bytes, S + 2, 41);
  memmove (bytes->data + O + 64, bytes->data + B, 39); /* "b" moves up */
  vmcx_fixture_put32 (bytes, O + 2, 64);
  vmcx_fixture_seal (bytes, O, 35, 12);
  memset (bytes->data + O + 64 + 39, 0, 21);
  bytes->data[O + 64 + 39] = 1;
  vmcx_fixture_put32 (bytes, O + 64 + 39 + 2, 0x4000 - (O + 64 + 39));
  assert_opens (bytes);

  vmcx_fixture_put32 (bytes, S + 2, 41 + 64);
  vmcx_fixture_refused (bytes, NULL, FORMAT, S, "last 0x40 bytes are whole keys");
}

static void
test_cycle_of_two (void)
{
  g_autoptr (VmcxTree) tree = vmcx_tree_new ();
  g_autoptr (GByteArray) bytes = NULL;

  vmcx_key_add_node (vmcx_key_add_node (vmcx_key_add_node (vmcx_tree_root (tree), "a"), "b"), "c");
  bytes = vmcx_fixture_write (tree, NULL);
  vmcx_fixture_put16 (bytes, N + 6, 1); /* a's parent is b, at the second entry */
  vmcx_fixture_put32 (bytes, N + 8, 10 + 35);
  vmcx_fixture_seal (bytes, N, 35, 12);
  vmcx_fixture_refused (bytes, NULL, FORMAT, N, "key itself");
}

static void
test_shared_object (void)
{
  g_autoptr (VmcxTree) tree = vmcx_tree_new ();
  g_autofree guint8 *content = g_malloc0 (0x900);
  g_autoptr (GBytes) value = g_bytes_new_static (content, 0x900);
  g_autoptr (GByteArray) bytes = NULL;

  vmcx_key_add_array (vmcx_tree_root (tree), "a", value);
  vmcx_key_add_array (vmcx_tree_root (tree), "b", value);
  bytes = vmcx_fixture_write (tree, NULL);
  vmcx_fixture_put64 (bytes, N + 47 + 27, 0x4000);
  vmcx_fixture_seal (bytes, N + 47, 35, 12);
  vmcx_fixture_refused (bytes, NULL, FORMAT, N + 47, "belongs to another key");
}

/* Writers that repeat insertion sequences exist; storage order decides then. */
static void
test_same_sequence (void)
{
  static const Damage same
      = { "", KEYS, { { S + 16, 32, 1 }, { O + 16, 32, 1 } }, 0, FORMAT, 0, "" };
  g_autoptr (GByteArray) bytes = make_damaged (&same);
  g_autoptr (VmcxFile) file = vmcx_fixture_open (bytes, NULL, NULL);
  const VmcxKey *key = vmcx_key_lookup (vmcx_file_root (file), "n/i");

  g_assert_cmpstr (vmcx_key_name (vmcx_key_next (key)), ==, "s");
  g_assert_cmpstr (vmcx_key_name (vmcx_key_next (vmcx_key_next (key))), ==, "o");
}

static void
test_limits (void)
{
  static const Damage pending = { .name = "pending", .seals = PENDING };
  g_autoptr (GByteArray) bytes = make_file (), dirty = make_damaged (&pending);
  g_autoptr (GError) error = NULL;
  g_autoptr (VmcxFile) file
      = vmcx_fixture_open (bytes, &(VmcxLimits){ .value_bytes = 0x8ff }, NULL);
  g_autoptr (GBytes) value
      = vmcx_key_dup_array (vmcx_key_lookup (vmcx_file_root (file), "n/o"), &error);

  g_assert_null (value);
  g_assert_error (error, VMCX_ERROR, VMCX_ERROR_LIMIT);
  g_assert_cmpint (vmcx_error_get_offset (error), ==, O);
  g_clear_error (&error);
  g_assert_false (vmcx_file_verify_values (file, &error));
  g_assert_error (error, VMCX_ERROR, VMCX_ERROR_LIMIT);

  vmcx_fixture_refused (bytes, &(VmcxLimits){ .table_bytes = 0xfff }, LIMIT, 0, "limit of 0xfff");
  vmcx_fixture_refused (bytes, &(VmcxLimits){ .table_bytes = 0x1fff }, LIMIT, 0x2008, "limit");
  vmcx_fixture_refused (dirty, &(VmcxLimits){ .log_bytes = 27 }, LIMIT, LOG, "limit of 0x1b");
  vmcx_fixture_refused (dirty, &(VmcxLimits){ .log_bytes = 28 + 31 }, LIMIT, LOG + 34, "limit");
}

static void
test_not_a_file (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (vmcx_file_open ("/", NULL, &error));
  g_assert_error (error, VMCX_ERROR, VMCX_ERROR_IO);
  g_clear_error (&error);
  g_assert_null (vmcx_file_open ("/dev/null", NULL, &error));
  g_assert_error (error, VMCX_ERROR, VMCX_ERROR_IO);
  g_clear_error (&error);
  g_assert_null (vmcx_file_open ("/nowhere/a.vmcx", NULL, &error));
  g_assert_error (error, VMCX_ERROR, VMCX_ERROR_IO);
  g_assert_cmpstr (
      error->message, ==,
      "'/nowhere/a.vmcx': can't open the file: No such file or directory; check the path");
}

#define ASSERT_NULL_REFUSED(call, argument)                                                        \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autoptr (GError) error = NULL;                                                               \
                                                                                                   \
    g_assert_true (!(call));                                                                       \
    g_assert_error (error, VMCX_ERROR, VMCX_ERROR_ARGUMENT);                                       \
    g_assert_nonnull (strstr (error->message, ": argument '" argument "' is NULL; give one"));     \
  }                                                                                                \
  G_STMT_END

static void
test_null (void)
{
  g_autoptr (VmcxTree) tree = vmcx_tree_new ();
  const VmcxKey *absent = vmcx_key_lookup (vmcx_tree_root (tree), "absent");
  size_t n_units = 7;
  uint64_t number = 7;
  int64_t integer = 7;
  double real = 7;
  gboolean truth = 7;

  g_assert_null (absent);
  g_assert_null (vmcx_key_lookup (NULL, "a"));
  g_assert_null (vmcx_key_lookup (vmcx_tree_root (tree), NULL));
  ASSERT_NULL_REFUSED (vmcx_file_open (NULL, NULL, &error), "path");
  ASSERT_NULL_REFUSED (vmcx_file_verify_values (NULL, &error), "file");
  ASSERT_NULL_REFUSED (vmcx_recover (NULL, NULL, NULL, &error), "in_path");
  ASSERT_NULL_REFUSED (vmcx_recover ("/dev/null", NULL, NULL, &error), "out_path");
  ASSERT_NULL_REFUSED (vmcx_tree_write (NULL, "/nowhere/a", NULL, &error), "tree");
  ASSERT_NULL_REFUSED (vmcx_tree_write (tree, NULL, NULL, &error), "path");
  ASSERT_NULL_REFUSED (vmcx_tree_write_fd (NULL, 1, NULL, &error), "tree");
  ASSERT_NULL_REFUSED (vmcx_key_add_copy (vmcx_tree_root (tree), NULL, &error), "source");
  ASSERT_NULL_REFUSED (vmcx_key_get_int (absent, &integer, &error), "key");
  ASSERT_NULL_REFUSED (vmcx_key_get_uint (absent, &number, &error), "key");
  ASSERT_NULL_REFUSED (vmcx_key_get_double (absent, &real, &error), "key");
  ASSERT_NULL_REFUSED (vmcx_key_get_bool (absent, &truth, &error), "key");
  ASSERT_NULL_REFUSED (vmcx_key_dup_string (absent, &error), "key");
  ASSERT_NULL_REFUSED (vmcx_key_dup_utf16 (absent, &n_units, &error), "key");
  ASSERT_NULL_REFUSED (vmcx_key_dup_array (absent, &error), "key");
  g_assert_true (n_units == 7 && number == 7 && integer == 7 && real == 7 && truth == 7);
}

static void
test_bad_descriptor (void)
{
  g_autoptr (VmcxTree) tree = vmcx_tree_new ();
  g_autoptr (GError) error = NULL;

  g_assert_null (vmcx_file_open_fd (-1, NULL, NULL, &error));
  g_assert_error (error, VMCX_ERROR, VMCX_ERROR_IO);
  g_assert_nonnull (strstr (error->message, "'container': can't look at the file: Bad file desc"));
  g_clear_error (&error);
  g_assert_false (vmcx_tree_write_fd (tree, -1, NULL, &error));
  g_assert_error (error, VMCX_ERROR, VMCX_ERROR_IO);
  g_assert_cmpint (vmcx_error_get_errno (error), ==, EBADF);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vmcx/damage/none", test_undamaged);
  for (size_t i = 0; i < G_N_ELEMENTS (damages); i++)
    {
      g_autofree char *path = g_strdup_printf ("/vmcx/damage/%s", damages[i].name);

      g_test_add_data_func (path, &damages[i], test_damage);
    }
  g_test_add_func ("/vmcx/damage/header-copies", test_header_copies);
  g_test_add_func ("/vmcx/damage/repeated-index", test_repeated_index);
  g_test_add_func ("/vmcx/damage/swallowed-keys", test_swallowed_keys);
  g_test_add_func ("/vmcx/damage/swallowed-key-of-64", test_swallowed_key_of_64);
  g_test_add_func ("/vmcx/damage/cycle-of-two", test_cycle_of_two);
  g_test_add_func ("/vmcx/damage/shared-object", test_shared_object);
  g_test_add_func ("/vmcx/damage/same-sequence", test_same_sequence);
  g_test_add_func ("/vmcx/damage/limits", test_limits);
  g_test_add_func ("/vmcx/damage/not-a-file", test_not_a_file);
  g_test_add_func ("/vmcx/damage/null", test_null);
  g_test_add_func ("/vmcx/damage/bad-descriptor", test_bad_descriptor);
  return g_test_run ();
}
