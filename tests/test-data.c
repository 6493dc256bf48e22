/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A backup's files: what is restored is what was backed up, whatever the generations; files that
 * were damaged, or forged with checksums that fit, never crash, and never give another disk. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup-samples.h"
#include "qemu.h"

#define MIB (UINT64_C (1024) * 1024)

static char *
directory_of (const char *top, int number)
{
  return g_strdup_printf ("%s/%d", top, number);
}

/* Changes some of SAMPLE; where, and a bit more, is in the list. */
static GArray *
scribble (GRand *random, Sample *sample)
{
  uint64_t n_clusters = (sample->view.size_bytes + SAMPLE_CLUSTER - 1) / SAMPLE_CLUSTER;
  uint64_t at = 0;
  GArray *extents = cairn_extents_new ();

  for (int i = 0; i < 20; i++)
    {
      uint64_t count = (uint64_t)g_rand_int_range (random, 1, 7);
      guint value
          = (guint)g_rand_int_range (random, 0, 3) * (guint)g_rand_int_range (random, 1, 99);

      at += (uint64_t)g_rand_int_range (random, 0, (gint32)(n_clusters / 12 + 2));
      for (uint64_t k = at; k < at + count; k++)
        if (g_rand_int_range (random, 0, 4) > 0) /* the rest is over-reported */
          sample_set (sample, k, value);
      if (at < n_clusters)
        cairn_extents_append (extents, at * SAMPLE_CLUSTER,
                              MIN ((at + count) * SAMPLE_CLUSTER, sample->view.size_bytes)
                                  - at * SAMPLE_CLUSTER);
      at += count;
    }
  return extents;
}

/* Restores generation LAST from FIRST on, and compares with SAMPLE. */
static void
check_restored (const char *top, int first, int last, const Sample *sample)
{
  g_autoptr (GPtrArray) directories = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *to = g_strdup_printf ("%s/to%d-%d", top, first, last);
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) extents = NULL;
  CairnView *view = NULL;
  uint64_t total;

  for (int i = first; i <= last; i++)
    g_ptr_array_add (directories, directory_of (top, i));
  g_ptr_array_add (directories, NULL);
  g_mkdir_with_parents (to, 0777);
  cairn_data_module.restore ((const char *const *)directories->pdata, to, NULL, &total, paths,
                             &error);
  g_assert_no_error (error);
  g_assert_cmpuint (paths->len, ==, 1);
  test_shell ("qemu-img check -q '%s'", (char *)paths->pdata[0]);
  sample_open (paths->pdata[0], sample->view.size_bytes, &view, &extents, &error);
  g_assert_no_error (error);
  sample_compare (sample, view);
  view->ops->close (view);
  test_shell ("rm -r '%s'", to);
}

static void
test_generations (gconstpointer user)
{
  g_autoptr (Sample) sample = sample_new (*(const uint64_t *)user);
  g_autoptr (GRand) random = g_rand_new_with_seed ((guint32)sample->view.size_bytes);
  char *top = test_dir_new ();

  for (int i = 0; i < 6; i++)
    {
      g_autofree char *directory = directory_of (top, i);
      g_autoptr (CairnDataManifest) manifest = sample_manifest (i, i ? i - 1 : -1);
      g_autoptr (GArray) extents = scribble (random, sample);

      sample_backup (sample, i == 0 ? NULL : extents, "vda", directory, manifest);
      sample_publish (directory, manifest);
      check_restored (top, 0, i, sample);
    }
  test_dir_remove (top);
}

/* What three logs hold together, and where. */
static void
test_logs (gconstpointer user)
{
  g_autoptr (Sample) sample = sample_new (*(const uint64_t *)user);
  g_autoptr (GRand) random = g_rand_new_with_seed (7);
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) sums = g_ptr_array_new ();
  g_autoptr (CairnDataManifest) manifest = sample_manifest (1, 0);
  g_autoptr (Sample) held = sample_new (sample->view.size_bytes);
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) extents = NULL;
  g_autofree char *no_sum = g_strnfill (64, 'a');
  char *top = test_dir_new ();
  CairnView *view = NULL;

  for (int i = 0; i < 3; i++)
    {
      g_autofree char *directory = directory_of (top, i);
      g_autoptr (GArray) changed = scribble (random, sample);
      CairnDataDisk *disk = sample_backup (sample, changed, "vda", directory, manifest);

      g_ptr_array_add (paths, g_build_filename (directory, disk->file.name, NULL));
      g_ptr_array_add (sums, disk->file.sha256);
      for (guint k = 0; k < changed->len; k++)
        {
          const CairnExtent *extent = &g_array_index (changed, CairnExtent, k);

          for (uint64_t at = 0; at < extent->length_bytes; at += SAMPLE_CLUSTER)
            sample_set (held, (extent->offset_bytes + at) / SAMPLE_CLUSTER, 1);
        }
    }
  cairn_data_module.open_logs (paths, sums, sample->view.size_bytes, &view, &extents, &error);
  g_assert_no_error (error);
  sample_compare (sample, view);
  view->ops->close (view);
  for (uint64_t i = 0; i * SAMPLE_CLUSTER < sample->view.size_bytes && i < 100000; i++)
    {
      CairnExtent one = { .offset_bytes = i * SAMPLE_CLUSTER };
      g_autoptr (GArray) list = cairn_extents_new ();

      one.length_bytes = MIN (SAMPLE_CLUSTER, sample->view.size_bytes - one.offset_bytes);
      cairn_extents_append (list, one.offset_bytes, one.length_bytes);
      g_assert_cmpint (cairn_extents_cover (extents, list), ==,
                       g_hash_table_contains (held->values, (gpointer)i));
    }
  sums->pdata[1] = no_sum;
  g_assert_false (
      cairn_data_module.open_logs (paths, sums, sample->view.size_bytes, &view, &extents, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_INCORRECT_DATA_TYPE);
  g_assert_nonnull (strstr (error->message, paths->pdata[1]));
  g_clear_error (&error);
  g_assert_false (
      sample_open (paths->pdata[0], sample->view.size_bytes + 1, &view, &extents, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_INCORRECT_DATA_TYPE);
  test_dir_remove (top);
}

/* ---- damaged ---- */

static char *
read_file (const char *path, gsize *n_bytes)
{
  char *content = NULL;

  g_assert_true (g_file_get_contents (path, &content, n_bytes, NULL));
  return content;
}

static void
poke (const char *path, gsize place, const void *bytes, gsize n_bytes)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);

  g_assert_cmpint (pwrite (fd, bytes, n_bytes, (off_t)place), ==, n_bytes);
  close (fd);
}

/* Restores TOP/0 and TOP/1; whether it could. Nothing is left in TO when it couldn't. */
static gboolean
try_restore (const char *top, int *code, char **message)
{
  g_autofree char *zero = directory_of (top, 0), *one = directory_of (top, 1);
  g_autofree char *to = g_build_filename (top, "to", NULL);
  const char *const directories[] = { zero, one, NULL };
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  uint64_t total;
  gboolean ok;

  g_mkdir_with_parents (to, 0777);
  ok = cairn_data_module.restore (directories, to, NULL, &total, paths, &error);
  if (code)
    *code = error ? error->code : 0;
  if (message)
    *message = g_strdup (error ? error->message : "");
  if (ok)
    test_shell ("rm -r '%s'", to);
  else
    g_assert_cmpint (rmdir (to), ==, 0);
  return ok;
}

/* A full backup in TOP/0 and a differential one in TOP/1; their manifests, to be forged. */
static void
make_pair (const char *top, CairnDataManifest **manifests)
{
  g_autoptr (Sample) sample = sample_new (600 * MIB + 5000);
  g_autoptr (GArray) extents = cairn_extents_new ();

  for (int i = 0; i < 2; i++)
    {
      g_autofree char *directory = directory_of (top, i);

      manifests[i] = sample_manifest (i, i - 1);
      sample_set (sample, 1, 1 + (guint)i);
      sample_set (sample, 2, 1);
      sample_set (sample, 9000, 5 - 5 * (guint)i);
      if (i == 1)
        {
          cairn_extents_append (extents, SAMPLE_CLUSTER, SAMPLE_CLUSTER);
          cairn_extents_append (extents, 9000 * SAMPLE_CLUSTER, 2 * SAMPLE_CLUSTER);
        }
      sample_backup (sample, i ? extents : NULL, "vda", directory, manifests[i]);
      sample_publish (directory, manifests[i]);
    }
}

/* Every byte of a head that isn't zero, and some that are, with one bit changed: refused as it is;
 * with a manifest that was made to fit it may be taken, but nothing else comes of it. */
static void
test_flipped_heads (void)
{
  static const gsize n_data[] = { 3, 1 };
  g_autoptr (GRand) random = g_rand_new_with_seed (3);
  CairnDataManifest *manifests[2];
  char *top = test_dir_new ();
  unsigned n_taken = 0, n_tried = 0;

  make_pair (top, manifests);
  g_assert_true (try_restore (top, NULL, NULL));
  for (int i = 0; i < 2; i++)
    {
      CairnDataDisk *disk = manifests[i]->disks->pdata[0];
      g_autofree char *directory = directory_of (top, i);
      g_autofree char *path = g_build_filename (directory, disk->file.name, NULL);
      g_autofree char *sum = g_strdup (disk->file.sha256);
      gsize n_bytes;
      g_autofree char *content = read_file (path, &n_bytes);

      for (gsize at = 0; at < n_bytes - n_data[i] * SAMPLE_CLUSTER; at++)
        {
          char bad = (char)(content[at] ^ 1 << g_rand_int_range (random, 0, 8));
          g_autofree char *message = NULL;
          int code;
          int fd;

          if (at > 112 && content[at] == 0 && g_rand_int_range (random, 0, 30000) > 0)
            continue;
          n_tried++;
          poke (path, at, &bad, 1);
          g_assert_false (try_restore (top, &code, NULL));
          g_assert_cmpint (code, ==, CAIRN_ERROR_INCORRECT_DATA_TYPE);
          fd = open (path, O_RDONLY | O_CLOEXEC);
          g_assert_true (cairn_data_module.measure_file (fd, path, &disk->file, NULL));
          close (fd);
          sample_publish (directory, manifests[i]);
          n_taken += try_restore (top, &code, &message);
          if (code != 0 && code != CAIRN_ERROR_INCORRECT_DATA_TYPE)
            g_error ("byte %zu: %s", at, message);
          poke (path, at, content + at, 1);
          g_free (disk->file.sha256);
          disk->file.sha256 = g_strdup (sum);
          sample_publish (directory, manifests[i]);
        }
    }
  g_test_message ("%u bytes of heads changed, %u taken with a manifest that fits", n_tried,
                  n_taken);
  g_assert_cmpuint (n_tried, >, 100);
  g_assert_true (try_restore (top, NULL, NULL));
  cairn_data_manifest_free (manifests[0]);
  cairn_data_manifest_free (manifests[1]);
  test_dir_remove (top);
}

/* A manifest with a byte changed is refused, unless it says the same. */
static void
test_flipped_manifest (void)
{
  char *top = test_dir_new ();
  g_autofree char *directory = directory_of (top, 1);
  g_autofree char *path = g_build_filename (directory, CAIRN_DATA_MANIFEST, NULL);
  g_autofree char *good = NULL;
  CairnDataManifest *manifests[2];
  unsigned n_same = 0;
  gsize n_bytes;

  make_pair (top, manifests);
  sample_extra (directory, manifests[1], CAIRN_DATA_TPM, "tpm.state", "x");
  sample_publish (directory, manifests[1]);
  good = read_file (path, &n_bytes);
  for (gsize at = 0; at < n_bytes; at++)
    for (int bit = 0; bit < 8; bit++)
      {
        char bad = (char)(good[at] ^ 1 << bit);
        g_autoptr (CairnDataManifest) found = NULL;

        poke (path, at, &bad, 1);
        found = cairn_data_module.read_manifest (directory, NULL);
        if (found)
          {
            g_autofree char *again = NULL;

            n_same++;
            sample_publish (directory, found);
            again = read_file (path, &n_bytes);
            g_assert_cmpstr (again, ==, good);
          }
        poke (path, at, good + at, 1);
      }
  g_test_message ("%u changes of blanks made no difference", n_same);
  g_assert_true (try_restore (top, NULL, NULL));
  cairn_data_manifest_free (manifests[0]);
  cairn_data_manifest_free (manifests[1]);
  test_dir_remove (top);
}

/* Cut off at any length, and longer than it was. */
static void
test_cut_off (void)
{
  char *top = test_dir_new ();
  CairnDataManifest *manifests[2];

  make_pair (top, manifests);
  for (int i = 0; i < 2; i++)
    {
      CairnDataDisk *disk = manifests[i]->disks->pdata[0];
      g_autofree char *directory = directory_of (top, i);
      g_autofree char *path = g_build_filename (directory, disk->file.name, NULL);
      CairnDataFile file = disk->file;
      gsize n_bytes;
      g_autofree char *content = read_file (path, &n_bytes);

      for (off_t size = 0; size <= (off_t)n_bytes + 70000; size += 17001)
        {
          int fd = open (path, O_RDWR | O_CLOEXEC);
          int code;

          g_assert_cmpint (ftruncate (fd, size), ==, 0);
          g_assert_false (try_restore (top, NULL, NULL));
          disk->file.sha256 = NULL;
          g_assert_true (cairn_data_module.measure_file (fd, path, &disk->file, NULL));
          sample_publish (directory, manifests[i]);
          g_assert_false (try_restore (top, &code, NULL));
          g_assert_cmpint (code, ==, CAIRN_ERROR_INCORRECT_DATA_TYPE);
          g_free (disk->file.sha256);
          disk->file = file;
          sample_publish (directory, manifests[i]);
          g_assert_cmpint (pwrite (fd, content, n_bytes, 0), ==, n_bytes);
          g_assert_cmpint (ftruncate (fd, (off_t)n_bytes), ==, 0);
          close (fd);
        }
    }
  g_assert_true (try_restore (top, NULL, NULL));
  cairn_data_manifest_free (manifests[0]);
  cairn_data_manifest_free (manifests[1]);
  test_dir_remove (top);
}

/* ---- manifests ---- */

static void
test_base (void)
{
  char *top = test_dir_new ();
  g_autofree char *zero = directory_of (top, 0), *one = directory_of (top, 1), *message = NULL;
  CairnDataManifest *manifests[2];
  CairnDataDisk *full, *differential;
  int code;

  make_pair (top, manifests);
  full = manifests[0]->disks->pdata[0];
  differential = manifests[1]->disks->pdata[0];
  g_ptr_array_add (differential->base_sha256, g_strnfill (64, 'a'));
  sample_publish (one, manifests[1]);
  g_assert_false (try_restore (top, &code, &message));
  g_assert_cmpint (code, ==, CAIRN_ERROR_INCORRECT_DATA_TYPE);
  g_assert_nonnull (strstr (message, zero));
  g_assert_nonnull (strstr (message, full->file.name));
  g_ptr_array_add (differential->base_sha256, g_strdup (full->file.sha256));
  sample_publish (one, manifests[1]);
  g_assert_true (try_restore (top, NULL, NULL));
  /* A log isn't known as a copy of the disk. */
  g_ptr_array_set_size (differential->base_sha256, 1);
  manifests[0]->is_log = TRUE;
  sample_publish (zero, manifests[0]);
  sample_publish (one, manifests[1]);
  g_assert_true (try_restore (top, NULL, NULL));
  cairn_data_manifest_free (manifests[0]);
  cairn_data_manifest_free (manifests[1]);
  test_dir_remove (top);
}

/* As `cairn backup` of version 1 wrote it. */
static void
test_first_version (void)
{
  static const char backup[]
      = "{\"Version\":1,\"VirtualSystemIdentifier\":\"G\",\"Name\":\"web\",\"ReferencePoint\":"
        "\"Microsoft:G\\\\P\",\"BaseReferencePoint\":null,\"CreationTimeMs\":5,\"Disks\":[{"
        "\"Target\":\"vda\",\"VirtualDiskIdentifier\":\"i\",\"Kind\":\"full\",\"Reason\":\"\","
        "\"Base\":null,\"VirtualSize\":65536,\"File\":\"vda.full.qcow2\",\"Size\":7,\"Sha256\":"
        "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}],\"Files\":[{"
        "\"File\":\"P.vmcx\",\"Size\":9,\"Sha256\":"
        "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}]}";
  g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, backup, -1);
  g_autofree char *text = g_strdup_printf ("{\"Backup\": %s, \"Sha256\": \"%s\"}", backup, sum);
  char *top = test_dir_new ();
  g_autofree char *path = g_build_filename (top, CAIRN_DATA_MANIFEST, NULL);
  g_autoptr (CairnDataManifest) found = NULL;
  const CairnDataExtra *extra;

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  found = cairn_data_module.read_manifest (top, NULL);
  g_assert_nonnull (found);
  g_assert_cmpstr (found->point, ==, "Microsoft:G\\P");
  g_assert_false (found->is_log);
  g_assert_cmpuint (found->disks->len, ==, 1);
  extra = found->extras->pdata[0];
  g_assert_cmpint (extra->role, ==, CAIRN_DATA_METADATA);
  g_assert_cmpstr (extra->file.name, ==, "P.vmcx");
  test_dir_remove (top);
}

static void
add_disk (CairnDataManifest *manifest, const char *target, const char *name)
{
  CairnDataDisk *disk = g_new0 (CairnDataDisk, 1);

  disk->target = g_strdup (target);
  disk->identifier = g_strdup ("");
  disk->reason = g_strdup ("");
  disk->file.name = g_strdup (name);
  disk->file.sha256 = g_strnfill (64, '0');
  g_ptr_array_add (manifest->disks, disk);
}

static void
add_extra (CairnDataManifest *manifest, CairnDataRole role, const char *name)
{
  CairnDataExtra *extra = g_new0 (CairnDataExtra, 1);

  extra->role = role;
  extra->file.name = g_strdup (name);
  extra->file.sha256 = g_strnfill (64, '0');
  g_ptr_array_add (manifest->extras, extra);
}

/* What would be written outside of a directory, or twice, isn't read. */
static void
test_forged_manifests (void)
{
  char *top = test_dir_new ();
  g_autofree char *path = g_build_filename (top, CAIRN_DATA_MANIFEST, NULL);
  g_autofree char *deep = g_strnfill (900000, '[');

  for (int i = 0; i < 10; i++)
    {
      g_autoptr (CairnDataManifest) manifest = sample_manifest (1, -1);
      g_autoptr (CairnDataManifest) found = NULL;

      add_disk (manifest, i == 0 ? "../x" : i == 1 ? "" : "vda", i == 2 ? "a/b" : "vda.qcow2");
      add_disk (manifest, i == 3 ? "vda" : "vdb", i == 4 ? ".." : "vdb.qcow2");
      add_extra (manifest, CAIRN_DATA_TPM, i == 5 ? "tpm..." : i == 6 ? "state" : "tpm.state");
      add_extra (manifest, CAIRN_DATA_NVRAM, "nvram");
      add_extra (manifest, i == 7 ? CAIRN_DATA_NVRAM : CAIRN_DATA_METADATA, "nvram");
      add_extra (manifest, i == 8 ? CAIRN_DATA_TPM : CAIRN_DATA_DEFINITION, "tpm.state");
      sample_publish (top, manifest);
      found = cairn_data_module.read_manifest (top, NULL);
      g_assert_cmpint (found != NULL, ==, i == 9);
    }
  /* Nested deeper than any stack. */
  g_assert_true (g_file_set_contents (path, deep, -1, NULL));
  g_assert_null (cairn_data_module.read_manifest (top, NULL));
  test_dir_remove (top);
}

/* ---- what else belongs to a VM ---- */

static void
test_extras (void)
{
  static const char xml[]
      = "<domain type='kvm'><name>web</name><os><nvram template='/t'>/var/nvram/web.fd</nvram></os>"
        "<devices><disk type='block' device='disk'><driver name='qemu' type='raw' cache='none'/>"
        "<source dev='/dev/vg/web' index='1'><slices/></source><backingStore type='file'>"
        "<source file='/old'/></backingStore><target dev='vda' bus='virtio'/></disk>"
        "<disk type='file' device='cdrom'><source file='/iso'/><target dev='sda'/></disk>"
        "</devices></domain>";
  char *top = test_dir_new ();
  g_autofree char *one = directory_of (top, 1), *zero = directory_of (top, 0);
  g_autofree char *to = g_build_filename (top, "out & <in>", NULL);
  g_autofree char *domain = g_build_filename (to, "domain.xml", NULL);
  g_autofree char *found = NULL;
  const char *const directories[] = { zero, one, NULL };
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  CairnDataManifest *manifests[2];
  uint64_t total;

  make_pair (top, manifests);
  sample_extra (one, manifests[1], CAIRN_DATA_DEFINITION, "domain.xml", xml);
  sample_extra (one, manifests[1], CAIRN_DATA_NVRAM, "nvram.fd", "variables")->original
      = g_strdup ("/var/nvram/web.fd");
  sample_extra (one, manifests[1], CAIRN_DATA_TPM, "tpm.tpm2-00.permall", "secrets");
  sample_publish (one, manifests[1]);
  g_mkdir_with_parents (to, 0777);
  cairn_data_module.restore (directories, to, NULL, &total, paths, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (paths->len, ==, 4);
  test_shell ("cd '%s'; [ \"$(cat nvram.fd)\" = variables ]; [ \"$(cat tpm/tpm2-00.permall)\" = "
              "secrets ]; [ -z \"$(ls -A | grep '^\\.')\" ]",
              to);
  found = read_file (domain, &(gsize){ 0 });
  g_assert_nonnull (strstr (found, "<disk type=\"file\" device=\"disk\"><driver name=\"qemu\" "
                                   "type=\"qcow2\" cache=\"none\"/><source file=\""));
  g_assert_nonnull (strstr (found, "out &amp; &lt;in&gt;/vda.qcow2\"/><target dev=\"vda\""));
  g_assert_nonnull (strstr (found, "<nvram template=\"/t\">"));
  g_assert_nonnull (strstr (found, "out &amp; &lt;in&gt;/nvram.fd</nvram>"));
  g_assert_nonnull (strstr (found, "<source file=\"/iso\"/>"));
  g_assert_null (strstr (found, "backingStore"));
  g_assert_null (strstr (found, "slices"));
  /* Nothing that is there is replaced, and nothing is added to it. */
  test_shell ("cd '%s'; rm *.* tpm/*; rmdir tpm; echo mine > nvram.fd", to);
  g_assert_false (cairn_data_module.restore (directories, to, NULL, &total, paths, &error));
  g_assert_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER);
  test_shell ("cd '%s'; [ \"$(ls -A)\" = nvram.fd ]; [ \"$(cat nvram.fd)\" = mine ]", to);
  cairn_data_manifest_free (manifests[0]);
  cairn_data_manifest_free (manifests[1]);
  test_dir_remove (top);
}

static void
test_hostile_definitions (void)
{
  static const char *const bad[] = {
    "",
    "<domain>",
    "<network/>",
    "<!DOCTYPE domain [<!ENTITY a 'b'>]><domain>&a;</domain>",
    "<!DOCTYPE domain SYSTEM 'http://127.0.0.1:1/d'><domain/>",
  };
  static const char *const good[] = {
    "<domain><devices><disk/><disk><target/></disk></devices></domain>",
    "<domain><devices/><os><nvram type='block'><source "
    "dev='/d'><x/></source></nvram></os></domain>",
    "<domain><os><nvram><!-- --></nvram></os><devices><disk><target dev='vda'/></disk></devices>"
    "</domain>",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad) + G_N_ELEMENTS (good); i++)
    {
      char *top = test_dir_new ();
      g_autofree char *one = directory_of (top, 1);
      gboolean is_bad = i < G_N_ELEMENTS (bad);
      const char *xml = is_bad ? bad[i] : good[i - G_N_ELEMENTS (bad)];
      CairnDataManifest *manifests[2];
      int code;

      make_pair (top, manifests);
      sample_extra (one, manifests[1], CAIRN_DATA_DEFINITION, "domain.xml", xml);
      sample_extra (one, manifests[1], CAIRN_DATA_NVRAM, "nvram.fd", "x");
      sample_publish (one, manifests[1]);
      g_assert_cmpint (try_restore (top, &code, NULL), ==, !is_bad);
      g_assert_cmpint (code, ==, is_bad ? CAIRN_ERROR_INCORRECT_DATA_TYPE : 0);
      cairn_data_manifest_free (manifests[0]);
      cairn_data_manifest_free (manifests[1]);
      test_dir_remove (top);
    }
}

/* What is no file isn't waited for. */
static void
test_odd_files (void)
{
  char *top = test_dir_new ();
  CairnDataManifest *manifests[2];

  make_pair (top, manifests);
  test_shell ("cd '%s/0'; mv vda.full.qcow2 kept; mkfifo vda.full.qcow2", top);
  g_assert_false (try_restore (top, NULL, NULL));
  test_shell ("cd '%s/0'; rm vda.full.qcow2; ln -s kept vda.full.qcow2", top);
  g_assert_false (try_restore (top, NULL, NULL));
  test_shell ("cd '%s/0'; mv kept vda.full.qcow2", top);
  g_assert_true (try_restore (top, NULL, NULL));
  cairn_data_manifest_free (manifests[0]);
  cairn_data_manifest_free (manifests[1]);
  test_dir_remove (top);
}

/* A disk of any size takes little memory: this one has 2 PiB. */
static void
test_largest (void)
{
  char *top = test_dir_new ();
  g_autofree char *directory = directory_of (top, 0);
  g_autoptr (CairnDataManifest) manifest = sample_manifest (0, -1);
  uint64_t size_bytes = UINT64_C (1) << 51;
  g_autoptr (Sample) sample = sample_new (size_bytes);
  g_autoptr (GArray) extents = cairn_extents_new ();
  g_autoptr (GArray) held = NULL;
  g_autofree char *path = NULL;
  CairnView *view = NULL;

  for (uint64_t at = 0; at < 40; at++)
    {
      uint64_t cluster = at * (size_bytes / SAMPLE_CLUSTER / 40);

      sample_set (sample, cluster, (guint)(at % 3));
      cairn_extents_append (extents, cluster * SAMPLE_CLUSTER, SAMPLE_CLUSTER);
    }
  sample_backup (sample, extents, "vda", directory, manifest);
  path = g_build_filename (directory, "vda.differential.qcow2", NULL);
  g_assert_true (sample_open (path, size_bytes, &view, &held, NULL));
  g_assert_cmpuint (held->len, ==, extents->len);
  g_assert_true (memcmp (held->data, extents->data, extents->len * sizeof (CairnExtent)) == 0);
  sample_compare (sample, view);
  view->ops->close (view);
  test_dir_remove (top);
}

int
main (int argc, char **argv)
{
  static const uint64_t sizes[] = { 512, 65536, 1000 * MIB + 512, 3 * MIB, 1536 * MIB };

  /* Many restores, each made durable: quick where that costs nothing. */
  if (access ("/dev/shm", W_OK) == 0)
    g_setenv ("TMPDIR", "/dev/shm", TRUE);
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *name = g_strdup_printf ("/data/generations/%" G_GUINT64_FORMAT, sizes[i]);
      g_autofree char *logs = g_strdup_printf ("/data/logs/%" G_GUINT64_FORMAT, sizes[i]);

      g_test_add_data_func (name, &sizes[i], test_generations);
      g_test_add_data_func (logs, &sizes[i], test_logs);
    }
  g_test_add_func ("/data/flipped-heads", test_flipped_heads);
  g_test_add_func ("/data/flipped-manifest", test_flipped_manifest);
  g_test_add_func ("/data/cut-off", test_cut_off);
  g_test_add_func ("/data/base", test_base);
  g_test_add_func ("/data/first-version", test_first_version);
  g_test_add_func ("/data/forged-manifests", test_forged_manifests);
  g_test_add_func ("/data/extras", test_extras);
  g_test_add_func ("/data/hostile-definitions", test_hostile_definitions);
  g_test_add_func ("/data/odd-files", test_odd_files);
  g_test_add_func ("/data/largest", test_largest);
  return g_test_run ();
}
