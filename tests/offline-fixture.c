/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Real images, made and looked at with QEMU's own tools. */
#include "offline-fixture.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <signal.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define QEMU_START_MS 10000

/* The tests need a tenth of that. */
#define MEMORY_DIR        "/dev/shm"
#define MEMORY_ROOM_BYTES (UINT64_C (512) << 20)

/* What list_bitmaps found, by the content of the file: a test that kills at each step of an edit
 * meets the same few states over and over, and asking QEMU takes longer than the edit. */
static GHashTable *known_lists;

char *
shell (const char *format, ...)
{
  g_autofree char *command = NULL;
  g_autofree char *errors = NULL;
  g_autoptr (GError) error = NULL;
  char *output = NULL;
  int status = 0;
  va_list args;

  va_start (args, format);
  command = g_strdup_vprintf (format, args);
  va_end (args);
  const char *argv[] = { "sh", "-c", command, NULL };

  g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, &errors,
                &status, &error);
  g_assert_no_error (error);
  if (status != 0)
    g_error ("'%s' ended with %d: %s", command, status, errors);
  return output;
}

/* In memory where there is room, unless TMPDIR says otherwise: what is synced there is synced at
 * once, and nothing here loses power. */
static gboolean
has_room_in_memory (void)
{
  struct statvfs place;

  return !g_getenv ("TMPDIR") && access (MEMORY_DIR, W_OK | X_OK) == 0
         && statvfs (MEMORY_DIR, &place) == 0
         && (uint64_t)place.f_bavail * place.f_frsize >= MEMORY_ROOM_BYTES;
}

char *
make_dir (void)
{
  g_autofree char *template = g_build_filename (
      has_room_in_memory () ? MEMORY_DIR : g_get_tmp_dir (), "cairn-offline-XXXXXX", NULL);
  char *dir = g_mkdtemp (g_steal_pointer (&template));

  g_assert_nonnull (dir);
  return dir;
}

void
remove_dir (char *dir)
{
  g_free (shell ("rm -rf '%s'", dir));
  g_free (dir);
}

char *
make_image (const char *dir, const char *name)
{
  char *path = g_build_filename (dir, name, NULL);

  g_free (shell ("qemu-img create -q -f qcow2 '%s' 64M && qemu-img bitmap --add '%s' OLD && "
                 "qemu-img bitmap --add --disable '%s' FOREIGN && "
                 "qemu-io -c 'write 0 64k' -c 'write 9M 1k' -c 'write 60M 3M' '%s'",
                 path, path, path, path));
  return path;
}

GPtrArray *
make_disks (const char *path, ...)
{
  GPtrArray *disks = g_ptr_array_new_with_free_func ((GDestroyNotify)cairn_disk_free);
  va_list paths;

  va_start (paths, path);
  for (; path; path = va_arg (paths, const char *))
    {
      g_autofree char *target = g_strdup_printf ("vd%c", (int)('a' + disks->len));
      CairnDisk disk = {
        .identifier = target,
        .target = target,
        .path = (char *)path,
        .format = (char *)"",
      };

      g_ptr_array_add (disks, cairn_disk_copy (&disk));
    }
  va_end (paths);
  return disks;
}

static JsonArray *
bitmaps_of (JsonParser *parser)
{
  JsonObject *object = json_node_get_object (json_parser_get_root (parser));

  for (const char *const *step = (const char *const[]){ "format-specific", "data", NULL }; *step;
       step++)
    object = json_object_get_object_member (object, *step);
  return json_object_has_member (object, "bitmaps")
             ? json_object_get_array_member (object, "bitmaps")
             : NULL;
}

static char *
describe_bitmap (JsonObject *bitmap)
{
  g_autoptr (GString) line = g_string_new (json_object_get_string_member (bitmap, "name"));
  JsonArray *flags = json_object_get_array_member (bitmap, "flags");

  g_string_append_c (line, ' ');
  for (guint i = 0; i < json_array_get_length (flags); i++)
    g_string_append_printf (line, "%s,", json_array_get_string_element (flags, i));
  g_string_append_printf (line, " %d", (int)json_object_get_int_member (bitmap, "granularity"));
  return g_string_free (g_steal_pointer (&line), FALSE);
}

static int
compare_lines (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *)a, *(char *const *)b);
}

static char *
ask_bitmaps (const char *path)
{
  g_autofree char *text = shell ("qemu-img info --output=json '%s'", path);
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  JsonArray *bitmaps;

  g_assert_true (json_parser_load_from_data (parser, text, -1, NULL));
  bitmaps = bitmaps_of (parser);
  for (guint i = 0; bitmaps && i < json_array_get_length (bitmaps); i++)
    g_ptr_array_add (lines, describe_bitmap (json_array_get_object_element (bitmaps, i)));
  g_ptr_array_sort (lines, compare_lines);
  g_ptr_array_add (lines, NULL);
  return g_strjoinv ("; ", (char **)lines->pdata);
}

/* Of the content, in whole words, and the length; 0: it can't be read. */
static gint64
digest (const char *path)
{
  g_autoptr (GMappedFile) file = g_mapped_file_new (path, FALSE, NULL);
  const char *content = file ? g_mapped_file_get_contents (file) : NULL;
  gsize length = content ? g_mapped_file_get_length (file) : 0;
  uint64_t sum = length;

  for (gsize i = 0; i + sizeof sum <= length; i += sizeof sum)
    {
      uint64_t word;

      memcpy (&word, content + i, sizeof word);
      sum = (sum ^ word) * UINT64_C (0x9e3779b97f4a7c15);
      sum ^= sum >> 32;
    }
  return (gint64)sum;
}

char *
list_bitmaps (const char *path)
{
  gint64 key = digest (path);
  char *list;

  if (!known_lists)
    known_lists = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  list = key ? g_hash_table_lookup (known_lists, &key) : NULL;
  if (list)
    return g_strdup (list);
  list = ask_bitmaps (path);
  if (key)
    g_hash_table_insert (known_lists, g_memdup2 (&key, sizeof key), g_strdup (list));
  return list;
}

gboolean
has_bitmap (const char *path, const char *name)
{
  g_autofree char *list = list_bitmaps (path);
  g_autofree char *first = g_strdup_printf ("%s ", name);
  g_autofree char *later = g_strdup_printf ("; %s ", name);

  return g_str_has_prefix (list, first) || strstr (list, later);
}

char *
fingerprint (const char *path)
{
  return shell ("sha256sum '%s' | cut -d' ' -f1; stat -c '%%y %%s' '%s'", path, path);
}

static gboolean
is_locked (const char *path)
{
  struct flock wanted = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 101, .l_len = 1 };
  int fd = open (path, O_RDONLY | O_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (fcntl (fd, F_OFD_GETLK, &wanted), ==, 0);
  close (fd);
  return wanted.l_type != F_UNLCK;
}

/* A VM without a machine; where that isn't installed, QEMU's block layer alone: it opens the image
 * in the same way. */
GPid
start_qemu (const char *path)
{
  g_autofree char *system = g_find_program_in_path ("qemu-system-x86_64");
  g_autofree char *command = g_strdup_printf (
      system ? "exec qemu-system-x86_64 -S -nodefaults -display none -machine none "
               "-drive 'file=%s,format=qcow2,if=none,id=d'"
             : "exec qemu-storage-daemon --blockdev 'driver=qcow2,node-name=d,file.driver=file,"
               "file.filename=%s'",
      path);
  const char *argv[] = { "sh", "-c", command, NULL };
  g_autoptr (GError) error = NULL;
  GPid pid = 0;

  g_spawn_async (NULL, (char **)argv, NULL,
                 G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL
                     | G_SPAWN_STDERR_TO_DEV_NULL,
                 NULL, NULL, &pid, &error);
  g_assert_no_error (error);
  for (int waited = 0; !is_locked (path); waited++)
    {
      g_assert_cmpint (waited, <, QEMU_START_MS);
      g_assert_cmpint (waitpid (pid, NULL, WNOHANG), ==, 0);
      g_usleep (1000);
    }
  return pid;
}

void
stop_qemu (GPid pid)
{
  kill (pid, SIGTERM);
  g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
}
