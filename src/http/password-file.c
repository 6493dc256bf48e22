/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Users and their hashes in a file of our own. */
#include "http/password-file.h"

#include <crypt.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cairn/error.h>

#include "http/log.h"

#define LOOK_EACH_US   (100 * 1000)
#define FILE_BYTES_MAX (1024 * 1024) /* ten thousand users; whoever has more has a directory */

/* What an unknown user's password is checked against while the file has no user at all. */
#define ANY_SETTING "$6$cairncairncairn$"

struct HttpPasswordFile
{
  char *path;
  _Atomic gint64 looked_at_us;
  GMutex lock;
  GHashTable *hashes; /* user -> hash; NULL = couldn't be read */
  char *any_hash;     /* of the first user; costs what a check costs */
  char *trouble;      /* why not */
  struct stat seen;
};

static gboolean
is_same (const struct stat *a, const struct stat *b)
{
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size
         && a->st_mode == b->st_mode && a->st_mtim.tv_sec == b->st_mtim.tv_sec
         && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec
         && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static gboolean
check_rights (const char *path, const struct stat *status, GError **error)
{
  if (!S_ISREG (status->st_mode))
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "password file '%s' is not a regular file; name one", path);
  else if (status->st_mode & (S_IWGRP | S_IWOTH))
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_ACCESS_DENIED,
                 "password file '%s' may be written by others (mode %04o): run chmod 0600 on it",
                 path, (guint)(status->st_mode & 07777));
  else if (status->st_uid != 0 && status->st_uid != geteuid ())
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_ACCESS_DENIED,
                 "password file '%s' belongs to another user (uid %u): give it to root or to the "
                 "service's own user",
                 path, (guint)status->st_uid);
  else if (status->st_size > FILE_BYTES_MAX)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "password file '%s' has more than %d bytes; use PAM for so many users", path,
                 FILE_BYTES_MAX);
  else
    return TRUE;
  return FALSE;
}

/* What is in the file, terminated, and the file's status at that. */
static char *
read_file (const char *path, struct stat *out_status, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  g_autofree char *text = NULL;
  ssize_t n = -1;

  if (fd < 0 || fstat (fd, out_status) < 0)
    {
      g_set_error (error, CAIRN_ERROR,
                   errno == ENOENT ? CAIRN_ERROR_FILE_NOT_FOUND : CAIRN_ERROR_ACCESS_DENIED,
                   "password file '%s' can't be opened: %s; %s", path, g_strerror (errno),
                   errno == ENOENT ? "make it, with 'user:hash' lines"
                                   : "give it to the service's user, with its directories");
      if (fd >= 0)
        close (fd);
      return NULL;
    }
  if (check_rights (path, out_status, error))
    {
      text = g_malloc0 ((gsize)out_status->st_size + 1);
      n = read (fd, text, (size_t)out_status->st_size);
      if (n < 0)
        g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_ACCESS_DENIED,
                     "password file '%s' can't be read: %s", path, g_strerror (errno));
    }
  close (fd);
  return n < 0 ? NULL : g_steal_pointer (&text);
}

/* A user whose hash begins with '!' or '*' is locked, as in shadow(5). */
static gboolean
take_line (const char *path, guint number, char *line, GHashTable *hashes, char **any_hash,
           GError **error)
{
  char *hash = strchr (line, ':');
  char *end;

  if (line[0] == '\0' || line[0] == '#')
    return TRUE;
  if (!hash || hash == line)
    return g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                        "line %u of password file '%s' is not 'user:hash'; correct it", number,
                        path),
           FALSE;
  *hash++ = '\0';
  end = strchr (hash, ':');
  if (end)
    *end = '\0';
  if (hash[0] == '!' || hash[0] == '*')
    return TRUE;
  if (hash[0] != '$' || crypt_checksalt (hash) == CRYPT_SALT_INVALID
      || crypt_checksalt (hash) == CRYPT_SALT_METHOD_DISABLED)
    return g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                        "line %u of password file '%s' has no hash that crypt(3) still takes; make "
                        "one with 'mkpasswd -m yescrypt' or 'openssl passwd -6'",
                        number, path),
           FALSE;
  if (!*any_hash)
    *any_hash = g_strdup (hash);
  if (!g_hash_table_contains (hashes, line))
    g_hash_table_insert (hashes, g_strdup (line), g_strdup (hash));
  return TRUE;
}

static GHashTable *
parse (const char *path, char *text, char **any_hash, GError **error)
{
  g_autoptr (GHashTable) hashes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i]; i++)
    if (!take_line (path, i + 1, g_strchomp (lines[i]), hashes, any_hash, error))
      return NULL;
  return g_steal_pointer (&hashes);
}

gboolean
http_password_file_load (HttpPasswordFile *file, GError **error)
{
  g_autoptr (GError) trouble = NULL;
  g_autofree char *any_hash = NULL;
  g_autoptr (GHashTable) hashes = NULL;
  g_autofree char *text = NULL;
  struct stat status = { 0 };

  gboolean is_read;

  text = read_file (file->path, &status, &trouble);
  if (text)
    hashes = parse (file->path, text, &any_hash, &trouble);
  is_read = hashes != NULL;
  if (is_read && status.st_mode & S_IROTH)
    http_log (LOG_WARNING, NULL, "password file '%s' may be read by everyone: run chmod 0600 on it",
              file->path);

  g_mutex_lock (&file->lock);
  g_clear_pointer (&file->hashes, g_hash_table_unref);
  g_free (file->any_hash);
  g_free (file->trouble);
  file->hashes = g_steal_pointer (&hashes);
  file->any_hash = g_steal_pointer (&any_hash);
  file->trouble = trouble ? g_strdup (trouble->message) : NULL;
  file->seen = status;
  g_mutex_unlock (&file->lock);
  if (trouble)
    g_propagate_error (error, g_steal_pointer (&trouble));
  return is_read;
}

HttpPasswordFile *
http_password_file_new (const char *path, GError **error)
{
  HttpPasswordFile *file = g_new0 (HttpPasswordFile, 1);
  g_autoptr (GError) trouble = NULL;

  g_mutex_init (&file->lock);
  file->path = g_strdup (path);
  if (http_password_file_load (file, &trouble))
    return file;
  g_propagate_error (error, g_steal_pointer (&trouble));
  http_password_file_free (file);
  return NULL;
}

void
http_password_file_free (HttpPasswordFile *file)
{
  if (!file)
    return;
  g_clear_pointer (&file->hashes, g_hash_table_unref);
  g_mutex_clear (&file->lock);
  g_free (file->any_hash);
  g_free (file->trouble);
  g_free (file->path);
  g_free (file);
}

gboolean
http_password_file_has_changed (HttpPasswordFile *file)
{
  gint64 now_us = g_get_monotonic_time ();
  gint64 looked_at_us = atomic_load (&file->looked_at_us);
  struct stat status = { 0 };
  gboolean is_other;

  /* One thread looks, the others go on. */
  if (now_us - looked_at_us < LOOK_EACH_US
      || !atomic_compare_exchange_strong (&file->looked_at_us, &looked_at_us, now_us))
    return FALSE;
  if (stat (file->path, &status) < 0)
    memset (&status, 0, sizeof status);
  g_mutex_lock (&file->lock);
  is_other = !is_same (&status, &file->seen);
  g_mutex_unlock (&file->lock);
  return is_other;
}

/* The user's hash, or another's: then *IS_KNOWN is FALSE. */
static char *
hash_of (HttpPasswordFile *file, const char *user, gboolean *is_known, GError **error)
{
  const char *hash = NULL;
  char *copy;

  g_mutex_lock (&file->lock);
  if (file->hashes)
    hash = g_hash_table_lookup (file->hashes, user);
  else
    g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE, file->trouble);
  *is_known = hash != NULL;
  if (!hash)
    hash = file->any_hash ? file->any_hash : ANY_SETTING;
  copy = file->hashes ? g_strdup (hash) : NULL;
  g_mutex_unlock (&file->lock);
  return copy;
}

gboolean
http_password_file_check (HttpPasswordFile *file, const HttpBasic *basic, GError **error)
{
  g_autofree struct crypt_data *scratch = g_new0 (struct crypt_data, 1);
  g_autofree char *hash = NULL;
  gboolean is_known;
  const char *made;
  gboolean is_right;

  hash = hash_of (file, basic->user, &is_known, error);
  if (!hash)
    return FALSE;
  made = crypt_rn (basic->password, hash, scratch, sizeof *scratch);
  is_right
      = made && strlen (made) == strlen (hash) && gnutls_memcmp (made, hash, strlen (hash)) == 0;
  gnutls_memset (scratch, 0, sizeof *scratch);
  if (is_right && is_known)
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_ACCESS_DENIED, "password file '%s' has %s",
               file->path, is_known ? "another password for this user" : "no such user");
  return FALSE;
}
