/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes, locks and removes a job's directory. */
#include "tracker/libvirt/place.h"

#include <cairn/error.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SYSTEM_BASE   "/run/cairn"
#define LOOK_AGAIN_US 5000

/* Files in the directory. */
#define MARK    "frozen"
#define READING "reading"

/* A mark is a GUID. */
#define MARK_BYTES 64

static char *
base_directory (void)
{
  const char *chosen = g_getenv ("CAIRN_RUNTIME_DIR");

  if (chosen && *chosen)
    return g_strdup (chosen);
  if (geteuid () == 0)
    return g_strdup (SYSTEM_BASE);
  return g_build_filename (g_get_user_runtime_dir (), "cairn", NULL);
}

/* Two libvirts may have a domain of the same GUID: host A's and host B's, or the system's and a
 * user's. */
char *
cairn_libvirt_place_directory (const CairnLibvirt *libvirt, const char *vm_guid)
{
  g_autofree char *base = base_directory ();
  g_autofree char *name = g_strdup_printf ("%08x-%s", g_str_hash (libvirt->uri), vm_guid);

  return g_build_filename (base, name, NULL);
}

char *
cairn_libvirt_place_socket (const CairnLibvirt *libvirt, const CairnLibvirtLook *look)
{
  g_autofree char *directory = cairn_libvirt_place_directory (libvirt, look->guid);

  return g_build_filename (directory, "nbd", NULL);
}

char *
cairn_libvirt_place_trait (const char *socket)
{
  g_autofree char *escaped = g_markup_escape_text (socket, -1);

  return g_strdup_printf ("socket='%s'", escaped);
}

static gboolean
fail (const char *directory, const char *what, GError **error)
{
  int saved_errno = errno;
  gboolean denied = saved_errno == EACCES || saved_errno == EPERM || saved_errno == EROFS;

  g_set_error (error, CAIRN_ERROR, denied ? CAIRN_ERROR_ACCESS_DENIED : CAIRN_ERROR_FAILED,
               "runtime directory '%s' can't be %s (%s); give this user the right to it, or name "
               "another in CAIRN_RUNTIME_DIR",
               directory, what, g_strerror (saved_errno));
  return FALSE;
}

static gboolean
check_length (const char *socket, GError **error)
{
  if (strlen (socket) < sizeof ((struct sockaddr_un *)NULL)->sun_path)
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "'%s' is too long for the path of a socket; name a shorter directory in "
               "CAIRN_RUNTIME_DIR",
               socket);
  return FALSE;
}

/* QEMU, which may be another user's, makes its socket there. Nobody else has a say in it. */
static gboolean
hand_over (int fd, const char *directory, const CairnLibvirtLook *look, GError **error)
{
  const char *label = look->description->dac_label;
  unsigned uid = 0, gid = 0;

  if (geteuid () != 0 || !label || sscanf (label, "+%u:+%u", &uid, &gid) != 2)
    return TRUE;
  return fchown (fd, uid, gid) == 0 || fail (directory, "handed over to QEMU", error);
}

static int
open_directory (const char *directory, GError **error)
{
  g_autofree char *base = g_path_get_dirname (directory);
  int fd;

  if (g_mkdir_with_parents (base, 0711) != 0)
    return fail (base, "made", error), -1;
  if (mkdir (directory, 0700) != 0 && errno != EEXIST)
    return fail (directory, "made", error), -1;
  fd = open (directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    fail (directory, "opened", error);
  return fd;
}

/* Whether FD is still what the path leads to: another process may have left meanwhile. */
static gboolean
is_there (int fd, const char *directory)
{
  struct stat opened, named;

  return fstat (fd, &opened) == 0 && stat (directory, &named) == 0 && opened.st_ino == named.st_ino
         && opened.st_dev == named.st_dev;
}

/* ---- what is in it ---- */

static void
remove_content (int fd, const char *directory)
{
  GDir *entries = g_dir_open (directory, 0, NULL);
  const char *name;

  while (entries && (name = g_dir_read_name (entries)))
    unlinkat (fd, name, 0);
  if (entries)
    g_dir_close (entries);
}

static gboolean
has_mark (int fd)
{
  struct stat mark;

  return fstatat (fd, MARK, &mark, AT_SYMLINK_NOFOLLOW) == 0;
}

gboolean
cairn_libvirt_place_set_mark (const CairnLibvirtPlace *place, const char *name, GError **error)
{
  int fd;
  gboolean ok;

  unlinkat (place->fd, MARK, 0);
  fd = openat (place->fd, MARK, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  ok = fd >= 0 && write (fd, name, strlen (name)) == (ssize_t)strlen (name);
  if (!ok)
    fail (place->directory, "written to", error);
  if (fd >= 0)
    close (fd);
  return ok;
}

char *
cairn_libvirt_place_find_mark (const CairnLibvirt *libvirt, const char *vm_guid)
{
  g_autofree char *directory = cairn_libvirt_place_directory (libvirt, vm_guid);
  g_autofree char *path = g_build_filename (directory, MARK, NULL);
  int fd = open (path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  char name[MARK_BYTES] = "";
  ssize_t n = fd >= 0 ? read (fd, name, sizeof name - 1) : -1;

  if (fd >= 0)
    close (fd);
  return n > 0 ? g_strdup (name) : NULL;
}

void
cairn_libvirt_place_take_away (const CairnLibvirt *libvirt, const char *vm_guid)
{
  g_autofree char *directory = cairn_libvirt_place_directory (libvirt, vm_guid);
  int fd = open (directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

  if (fd < 0)
    return;
  remove_content (fd, directory);
  rmdir (directory);
  close (fd);
}

int
cairn_libvirt_place_lock_reading (const CairnLibvirt *libvirt, const char *vm_guid,
                                  int64_t deadline, GError **error)
{
  g_autofree char *directory = cairn_libvirt_place_directory (libvirt, vm_guid);
  g_autofree char *path = g_build_filename (directory, READING, NULL);
  int fd = open (path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);

  if (fd < 0)
    {
      g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
                   "the VM's backup job has ended ('%s' can't be opened: %s); try again", path,
                   g_strerror (errno));
      return -1;
    }
  while (flock (fd, LOCK_EX | LOCK_NB) != 0)
    {
      if (g_get_monotonic_time () >= deadline)
        {
          g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE,
                       "another cairn reads the VM's changes (it has '%s' locked); wait for its "
                       "end, and try again",
                       path);
          close (fd);
          return -1;
        }
      g_usleep (LOOK_AGAIN_US);
    }
  return fd;
}

/* ---- having it ---- */

static gboolean
fail_locked (int fd, const char *directory, GError **error)
{
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE,
               has_mark (fd)
                   ? "the VM's disks are held for a recovery checkpoint or a backup (by a cairn "
                     "that has '%s' locked); end that, or wait for its end, and try again"
                   : "another cairn works with the VM's backup job (it has '%s' locked); wait for "
                     "its end, and try again",
               directory);
  return FALSE;
}

/* A locked descriptor of the directory, or -1. */
static int
lock_directory (const char *directory, int64_t deadline, GError **error)
{
  for (;;)
    {
      int fd = open_directory (directory, error);

      if (fd < 0)
        return -1;
      while (flock (fd, LOCK_EX | LOCK_NB) != 0)
        {
          if (g_get_monotonic_time () >= deadline || has_mark (fd))
            {
              fail_locked (fd, directory, error);
              close (fd);
              return -1;
            }
          g_usleep (LOOK_AGAIN_US);
        }
      if (is_there (fd, directory))
        return fd;
      close (fd);
    }
}

gboolean
cairn_libvirt_place_is_ours (const CairnLibvirtPlace *place)
{
  return is_there (place->fd, place->directory);
}

CairnLibvirtPlace *
cairn_libvirt_place_take (const CairnLibvirt *libvirt, const CairnLibvirtLook *look,
                          int64_t deadline, GError **error)
{
  g_autofree char *directory = cairn_libvirt_place_directory (libvirt, look->guid);
  g_autofree char *socket = g_build_filename (directory, "nbd", NULL);
  CairnLibvirtPlace *place;
  int fd;

  if (!check_length (socket, error))
    return NULL;
  fd = lock_directory (directory, deadline, error);
  if (fd < 0)
    return NULL;
  place = g_new0 (CairnLibvirtPlace, 1);
  place->fd = fd;
  place->directory = g_steal_pointer (&directory);
  place->socket = g_steal_pointer (&socket);
  remove_content (fd, place->directory); /* a dead one's */
  if (hand_over (fd, place->directory, look, error))
    return place;
  cairn_libvirt_place_leave (place);
  return NULL;
}

void
cairn_libvirt_place_leave (CairnLibvirtPlace *place)
{
  if (!place)
    return;
  if (cairn_libvirt_place_is_ours (place))
    {
      remove_content (place->fd, place->directory);
      rmdir (place->directory);
    }
  close (place->fd);
  g_free (place->directory);
  g_free (place->socket);
  g_free (place);
}
