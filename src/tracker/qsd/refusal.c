/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads QSD's complaint "qemu-storage-daemon: --blockdev {...}: REASON".
 * Source: QEMU util/error-report.c, print_loc: the option and its value stand before the reason. */
#include "tracker/qsd/refusal.h"

#include <string.h>
#include <sys/resource.h>

#include <cairn/error.h>

/* How much of a reason is quoted. */
#define REASON_MAX 400

#define OF_DAMAGE                                                                                  \
  "check it with 'qemu-img check', repair it with 'qemu-img check -r all', or restore it"

/* Causes that lie around the image, by how a reason of theirs ends; whatever else QSD complains
 * about is damage. It doesn't set a locale, so these are the C library's own words, and the last
 * two QEMU's (crypto/block-luks.c, crypto/secret_common.c). */
static const struct
{
  const char *ending, *remedy;
} surroundings[] = {
  { "Too many open files", "raise the limit of open files (ulimit -n)" },
  { "Too many open files in system", "raise the limit of open files (sysctl fs.file-max)" },
  { "Cannot allocate memory", "free memory" },
  { "No space left on device", "make room on its disk" },
  { "Disk quota exceeded", "raise the quota or make room" },
  { "Input/output error", "check its storage" },
  { "Permission denied", "allow writing to it" },
  { "Operation not permitted", "allow writing to it" },
  { "Read-only file system", "mount its file system read-write" },
  { "Invalid password, cannot unlock any keyslot",
    "correct the passphrase that the hypervisor keeps for it" },
  { "is not valid UTF-8", "correct the passphrase that the hypervisor keeps for it" },
};

/* Damage makes QEMU write far out, which has the same words. */
static gboolean
is_size_limited (void)
{
  struct rlimit size;

  return getrlimit (RLIMIT_FSIZE, &size) == 0 && size.rlim_cur != RLIM_INFINITY;
}

/* NULL: the image is damaged. */
static const char *
find_remedy (const char *words, const char *reason)
{
  if (strstr (words, "Marking image as corrupt"))
    return NULL;
  for (size_t i = 0; i < G_N_ELEMENTS (surroundings); i++)
    if (g_str_has_suffix (reason, surroundings[i].ending))
      return surroundings[i].remedy;
  if (g_str_has_suffix (reason, "File too large") && is_size_limited ())
    return "raise the limit of file sizes (ulimit -f)";
  return NULL;
}

static char *
read_reason (const char *start)
{
  g_autofree char *line = g_strndup (start, MIN (strcspn (start, "\n"), (size_t)REASON_MAX));
  g_autofree char *reason = g_utf8_make_valid (line, -1);

  for (char *c = reason; *c; c++)
    if (g_ascii_iscntrl (*c))
      *c = ' ';
  return g_strdup (g_strstrip (reason));
}

gboolean
cairn_refusal_find (const char *words, const char *option, const char *path, GError **error)
{
  g_autofree char *prefix = g_strdup_printf ("--blockdev %s: ", option);
  const char *found = strstr (words, prefix);
  g_autofree char *reason = found ? read_reason (found + strlen (prefix)) : NULL;
  const char *remedy;

  if (!reason)
    return FALSE;
  remedy = find_remedy (words, reason);
  g_set_error (error, CAIRN_ERROR, remedy ? CAIRN_ERROR_FAILED : CAIRN_ERROR_INVALID_STATE,
               "image '%s' %s: %s; %s", path, remedy ? "can't be opened by QEMU" : "is damaged",
               reason, remedy ? remedy : OF_DAMAGE);
  return TRUE;
}
