/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Real images by real QEMU tools. */
#include "qemu.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracker/offline/look.h"

char *
test_dir_new (void)
{
  char *dir = g_dir_make_tmp ("cairn-test-XXXXXX", NULL);

  g_assert_nonnull (dir);
  g_assert_cmpint (chmod (dir, 0755), ==, 0);
  return dir;
}

void
test_dir_remove (char *dir)
{
  test_shell ("rm -rf '%s'", dir);
  g_free (dir);
}

void
test_shell (const char *format, ...)
{
  g_autofree char *command = NULL;
  g_autofree char *output = NULL;
  g_autofree char *complaint = NULL;
  g_autoptr (GError) error = NULL;
  const char *argv[] = { "sh", "-ec", NULL, NULL };
  int status = -1;
  va_list arguments;

  va_start (arguments, format);
  command = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  argv[2] = command;
  g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, &complaint,
                &status, &error);
  g_assert_no_error (error);
  if (status != 0)
    g_error ("'%s' failed: %s%s", command, output, complaint);
}

GPid
test_start (const char *ready, const char *format, ...)
{
  g_autofree char *command = NULL;
  g_autofree char *exec = NULL;
  g_autoptr (GError) error = NULL;
  const char *argv[] = { "sh", "-c", NULL, NULL };
  va_list arguments;
  GPid pid;

  va_start (arguments, format);
  command = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  exec = g_strconcat ("exec setpriv --pdeathsig KILL ", command, NULL);
  /* A test that fails must not leave it behind. */
  argv[2] = exec;
  g_spawn_async (NULL, (char **)argv, NULL,
                 G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL, NULL,
                 NULL, &pid, &error);
  g_assert_no_error (error);
  test_shell ("for i in $(seq 500); do if %s; then exit 0; fi; sleep 0.02; done; exit 1", ready);
  return pid;
}

void
test_kill (GPid pid, int signal_number)
{
  g_assert_cmpint (kill (pid, signal_number), ==, 0);
  g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
}

CairnAnchor *
test_anchor (const char *path, const char *bitmap)
{
  CairnDisk disk = { .path = (char *)path };
  CairnAnchor *anchor = cairn_anchor_new ();
  CairnDiskProbe probe;

  cairn_offline_probe (&disk, &probe);
  anchor->path = g_strdup (path);
  anchor->bitmap = g_strdup (bitmap);
  anchor->granularity_bytes = CAIRN_DEFAULT_GRANULARITY;
  anchor->virtual_size_bytes = probe.virtual_size_bytes;
  cairn_disk_probe_clear (&probe);
  cairn_offline_measure (&disk, anchor);
  return anchor;
}

CairnJudgement
test_judge (const char *path, const CairnAnchor *anchor)
{
  CairnDisk disk = { .path = (char *)path };
  g_autoptr (GError) error = NULL;
  CairnJudgement judgement;

  cairn_offline_judge (&disk, &anchor, 1, &judgement, G_MAXINT64, &error);
  g_assert_no_error (error);
  return judgement;
}

void
test_expect (const char *path, const CairnAnchor *anchor, CairnVerdict verdict, ...)
{
  CairnJudgement judgement = test_judge (path, anchor);
  va_list wanted;
  const char *part;

  if (g_test_verbose () || judgement.verdict != verdict)
    g_test_message ("%s: %s", cairn_verdict_name (judgement.verdict), judgement.reason);
  g_assert_cmpstr (cairn_verdict_name (judgement.verdict), ==, cairn_verdict_name (verdict));
  if (verdict == CAIRN_VERDICT_TRACKED)
    g_assert_cmpstr (judgement.reason, ==, "");
  else
    g_assert_nonnull (strchr (judgement.reason, ';')); /* cause; remedy */
  g_assert_null (strchr (judgement.reason, '\n'));
  va_start (wanted, verdict);
  while ((part = va_arg (wanted, const char *)))
    if (!strstr (judgement.reason, part))
      g_error ("\"%s\" isn't in \"%s\"", part, judgement.reason);
  va_end (wanted);
  cairn_judgement_clear (&judgement);
}

uint64_t
test_peek (const char *path, uint64_t offset, unsigned n_bytes)
{
  uint8_t bytes[8];
  uint64_t value = 0;
  int fd = open (path, O_RDONLY | O_CLOEXEC);

  g_assert_cmpint (pread (fd, bytes, n_bytes, (off_t)offset), ==, n_bytes);
  close (fd);
  for (unsigned i = 0; i < n_bytes; i++)
    value = value << 8 | bytes[i];
  return value;
}

void
test_poke (const char *path, uint64_t offset, uint64_t value, unsigned n_bytes)
{
  uint8_t bytes[8];
  int fd = open (path, O_WRONLY | O_CLOEXEC);

  for (unsigned i = n_bytes; i-- > 0; value >>= 8)
    bytes[i] = (uint8_t)value;
  g_assert_cmpint (pwrite (fd, bytes, n_bytes, (off_t)offset), ==, n_bytes);
  close (fd);
}

uint64_t
test_bitmaps_extension (const char *path)
{
  uint64_t at = test_peek (path, 100, 4), type;

  while ((type = test_peek (path, at, 4)) != 0x23852875)
    {
      g_assert_cmpuint (type, !=, 0);
      at += 8 + ((test_peek (path, at + 4, 4) + 7) & ~UINT64_C (7));
    }
  return at + 8;
}

uint64_t
test_bitmap_directory (const char *path)
{
  return test_peek (path, test_bitmaps_extension (path) + 16, 8);
}
