/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vmcx-fixture.c: what the tests of libvmcx share. Nothing of the library's own code is used to
 * make or judge bytes here. */
#include "vmcx-fixture.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

char *
vmcx_fixture_genuine (const char *name)
{
  const char *shared = g_getenv ("CAIRN_SHARED");
  g_autofree char *path = g_build_filename (shared ? shared : CAIRN_SOURCE_ROOT "/../shared",
                                            "data", "hyperv", name, NULL);

  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return g_steal_pointer (&path);
  g_test_skip ("no genuine Hyper-V files in ../shared/data/hyperv");
  return NULL;
}

GByteArray *
vmcx_fixture_load (const char *path)
{
  g_autoptr (GError) error = NULL;
  char *content;
  gsize length;

  g_file_get_contents (path, &content, &length, &error);
  g_assert_no_error (error);
  return g_byte_array_new_take ((guint8 *)content, length);
}

int
vmcx_fixture_memory (const GByteArray *bytes)
{
  int fd = memfd_create ("vmcx", MFD_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (pwrite (fd, bytes->data, bytes->len, 0), ==, (gssize)bytes->len);
  return fd;
}

VmcxFile *
vmcx_fixture_open (const GByteArray *bytes, const VmcxLimits *limits, GError **error)
{
  int fd = vmcx_fixture_memory (bytes);
  VmcxFile *file = vmcx_file_open_fd (fd, "memory", limits, error);

  close (fd);
  return file;
}

GByteArray *
vmcx_fixture_write (VmcxTree *tree, const VmcxWriteOptions *options)
{
  g_autoptr (GError) error = NULL;
  int fd = memfd_create ("vmcx", MFD_CLOEXEC);
  GByteArray *bytes = g_byte_array_new ();

  g_assert_cmpint (fd, >=, 0);
  vmcx_tree_write_fd (tree, fd, options, &error);
  g_assert_no_error (error);
  g_byte_array_set_size (bytes, (guint)lseek (fd, 0, SEEK_END));
  g_assert_cmpint (pread (fd, bytes->data, bytes->len, 0), ==, (gssize)bytes->len);
  close (fd);
  return bytes;
}

static gboolean
equal_strings (const VmcxKey *a, const VmcxKey *b)
{
  size_t n_a = 0, n_b = 0;
  g_autofree gunichar2 *x = vmcx_key_dup_utf16 (a, &n_a, NULL);
  g_autofree gunichar2 *y = vmcx_key_dup_utf16 (b, &n_b, NULL);

  return x && y && n_a == n_b && memcmp (x, y, n_a * sizeof *x) == 0;
}

static gboolean
equal_arrays (const VmcxKey *a, const VmcxKey *b)
{
  g_autoptr (GBytes) x = vmcx_key_dup_array (a, NULL);
  g_autoptr (GBytes) y = vmcx_key_dup_array (b, NULL);

  return x && y && g_bytes_equal (x, y);
}

static gboolean
equal_values (const VmcxKey *a, const VmcxKey *b)
{
  uint64_t x = 0, y = 0;
  gboolean p = FALSE, q = FALSE;

  G_STATIC_ASSERT (sizeof (double) == sizeof (uint64_t));
  switch (vmcx_key_type (a))
    {
    case VMCX_TYPE_INT:
      return vmcx_key_get_int (a, (int64_t *)&x, NULL) && vmcx_key_get_int (b, (int64_t *)&y, NULL)
             && x == y;
    case VMCX_TYPE_UINT:
      return vmcx_key_get_uint (a, &x, NULL) && vmcx_key_get_uint (b, &y, NULL) && x == y;
    case VMCX_TYPE_DOUBLE: /* bit by bit, for nan and -0 */
      return vmcx_key_get_double (a, (double *)&x, NULL)
             && vmcx_key_get_double (b, (double *)&y, NULL) && x == y;
    case VMCX_TYPE_BOOL:
      return vmcx_key_get_bool (a, &p, NULL) && vmcx_key_get_bool (b, &q, NULL) && p == q;
    case VMCX_TYPE_STRING:
      return equal_strings (a, b);
    case VMCX_TYPE_ARRAY:
      return equal_arrays (a, b);
    case VMCX_TYPE_NODE:
      return vmcx_key_next_sequence (a) == vmcx_key_next_sequence (b);
    }
  return FALSE;
}

static gboolean
equal_keys (const VmcxKey *a, const VmcxKey *b)
{
  return strcmp (vmcx_key_name (a), vmcx_key_name (b)) == 0
         && vmcx_key_type (a) == vmcx_key_type (b) && vmcx_key_sequence (a) == vmcx_key_sequence (b)
         && vmcx_key_flags (a) == vmcx_key_flags (b) && equal_values (a, b);
}

static const VmcxKey *
next_key (const VmcxKey *root, const VmcxKey *key)
{
  if (vmcx_key_first_child (key))
    return vmcx_key_first_child (key);
  while (key != root && !vmcx_key_next (key))
    key = vmcx_key_parent (key);
  return key == root ? NULL : vmcx_key_next (key);
}

gboolean
vmcx_fixture_equal (const VmcxKey *a, const VmcxKey *b)
{
  const VmcxKey *x = a, *y = b;

  while (x && y)
    {
      if (!equal_keys (x, y) || !vmcx_key_first_child (x) != !vmcx_key_first_child (y)
          || (x != a && !vmcx_key_next (x) != !vmcx_key_next (y)))
        return FALSE;
      x = next_key (a, x);
      y = next_key (b, y);
    }
  return !x && !y;
}

void
vmcx_fixture_refused (const GByteArray *bytes, const VmcxLimits *limits, VmcxError code,
                      int64_t offset, const char *cause)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VmcxFile) file = vmcx_fixture_open (bytes, limits, &error);
  g_autofree char *hex = g_strdup_printf ("0x%" G_GINT64_MODIFIER "x", offset);

  g_assert_null (file);
  g_test_message ("%s", error->message);
  g_assert_error (error, VMCX_ERROR, (gint)code);
  g_assert_cmpint (vmcx_error_get_offset (error), ==, offset);
  g_assert_nonnull (strstr (error->message, hex));
  g_assert_nonnull (strstr (error->message, cause));
  g_assert_true (g_str_has_prefix (error->message, "'memory': "));
  g_assert_null (strchr (error->message, '\n'));
}

uint32_t
vmcx_fixture_crc (const uint8_t *bytes, size_t length)
{
  uint32_t sum = 0xffffffff;

  for (size_t i = 0; i < length; i++)
    {
      sum ^= bytes[i];
      for (int bit = 0; bit < 8; bit++)
        sum = sum >> 1 ^ (sum & 1 ? 0xedb88320 : 0);
    }
  return ~sum;
}

void
vmcx_fixture_seal (GByteArray *bytes, size_t at, size_t length, size_t sum_at)
{
  g_assert_cmpuint (at + length, <=, bytes->len);
  vmcx_fixture_put32 (bytes, at + sum_at, 0);
  vmcx_fixture_put32 (bytes, at + sum_at, vmcx_fixture_crc (bytes->data + at, length));
}

uint16_t
vmcx_fixture_get16 (const GByteArray *bytes, size_t at)
{
  return (uint16_t)(bytes->data[at] | bytes->data[at + 1] << 8);
}

uint32_t
vmcx_fixture_get32 (const GByteArray *bytes, size_t at)
{
  return vmcx_fixture_get16 (bytes, at) | (uint32_t)vmcx_fixture_get16 (bytes, at + 2) << 16;
}

uint64_t
vmcx_fixture_get64 (const GByteArray *bytes, size_t at)
{
  return vmcx_fixture_get32 (bytes, at) | (uint64_t)vmcx_fixture_get32 (bytes, at + 4) << 32;
}

void
vmcx_fixture_put16 (GByteArray *bytes, size_t at, uint16_t value)
{
  bytes->data[at] = (uint8_t)value;
  bytes->data[at + 1] = (uint8_t)(value >> 8);
}

void
vmcx_fixture_put32 (GByteArray *bytes, size_t at, uint32_t value)
{
  vmcx_fixture_put16 (bytes, at, (uint16_t)value);
  vmcx_fixture_put16 (bytes, at + 2, (uint16_t)(value >> 16));
}

void
vmcx_fixture_put64 (GByteArray *bytes, size_t at, uint64_t value)
{
  vmcx_fixture_put32 (bytes, at, (uint32_t)value);
  vmcx_fixture_put32 (bytes, at + 4, (uint32_t)(value >> 32));
}

void
vmcx_fixture_make_dirty (GByteArray *bytes, uint32_t n)
{
  size_t log = vmcx_fixture_get64 (bytes, 26);

  for (uint32_t i = 0; i < n; i++)
    {
      size_t entry = log + 34 + 28 * (size_t)i;
      size_t target = vmcx_fixture_get64 (bytes, entry);

      memset (bytes->data + target, 0xcc, vmcx_fixture_get32 (bytes, entry + 8));
    }
  vmcx_fixture_put32 (bytes, log + 8, n);
  vmcx_fixture_seal (bytes, log, 34, 4);
}
