/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The locks on VMs beside a SQLite store: one byte of PATH.lock per VM.
 *
 * Locks of open file descriptions: each lock has a description of its own, so that two threads of
 * a process exclude each other as two processes do, and the kernel drops it with the last process
 * that has the description. A file that is never removed has no race between its makers.
 */
#include "store/sqlite/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/sqlite/failure.h"

/* Naps while another has the lock: an operation takes from some milliseconds to minutes. */
#define SHORTEST_NAP_US 1000
#define LONGEST_NAP_US  20000

struct CairnStoreLock
{
  int fd;
};

/* The VM's byte: 62 bits of a hash, so that a byte after it still has an offset. Two VMs on one
 * byte would only wait for each other. */
static off_t
offset_of (const char *vm_guid)
{
  g_autofree char *upper = g_ascii_strup (vm_guid, -1);
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, upper, -1);

  digest[16] = '\0';
  return (off_t)(g_ascii_strtoull (digest, NULL, 16) >> 2);
}

/* Whoever may write the store may lock: the lock file gets the store's mode, as SQLite gives it to
 * its own files. */
static int
open_lock_file (const char *store_file, const char *path)
{
  int fd = open (path, O_RDWR | O_CLOEXEC | O_NOCTTY);
  struct stat status;

  if (fd >= 0 || errno != ENOENT)
    return fd;
  fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
  if (fd >= 0 && stat (store_file, &status) == 0)
    fchmod (fd, status.st_mode & 0666);
  return fd;
}

static int
try_lock (int fd, off_t offset)
{
  struct flock range = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1 };

  return fcntl (fd, F_OFD_SETLK, &range) == 0 ? 0 : errno;
}

/* 0, or the errno of the last try. */
static int
lock_until (int fd, off_t offset, int64_t deadline_us)
{
  int64_t nap_us = SHORTEST_NAP_US;
  int number;

  while ((number = try_lock (fd, offset)) == EAGAIN || number == EACCES || number == EINTR)
    {
      int64_t left_us = deadline_us - g_get_monotonic_time ();

      if (left_us <= 0)
        return EAGAIN;
      g_usleep ((gulong)MIN (nap_us, left_us));
      nap_us = MIN (nap_us * 2, LONGEST_NAP_US);
    }
  return number;
}

static void
fail_errno (const char *path, int number, GError **error)
{
  gboolean denied = number == EACCES || number == EPERM || number == EROFS;

  g_set_error (error, CAIRN_ERROR, denied ? CAIRN_ERROR_ACCESS_DENIED : CAIRN_ERROR_FAILED,
               "can't lock '%s' beside the store: %s; %s", path, g_strerror (number),
               denied ? "run as a user who may write it" : "remove that cause and try again");
}

CairnStoreLock *
cairn_sqlite_lock_vm (CairnStore *base, const char *vm_guid, int64_t deadline, GError **error)
{
  CairnSqliteStore *store = (CairnSqliteStore *)base;
  g_autofree char *path = g_strconcat (cairn_connection_file (store), ".lock", NULL);
  CairnStoreLock *lock;
  int fd, number;

  if (store->read_only)
    return cairn_sqlite_fail_read_only (store, error), NULL;

  fd = open_lock_file (cairn_connection_file (store), path);
  if (fd < 0)
    return fail_errno (path, errno, error), NULL;

  number = lock_until (fd, offset_of (vm_guid), deadline);
  if (number == 0)
    {
      lock = g_new (CairnStoreLock, 1);
      lock->fd = fd;
      return lock;
    }

  close (fd);
  if (number == EAGAIN)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE,
                 "VM '%s' is in use by another operation; try again when that has finished",
                 vm_guid);
  else
    fail_errno (path, number, error);
  return NULL;
}

void
cairn_sqlite_unlock_vm (CairnStoreLock *lock)
{
  struct flock range = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

  if (!lock)
    return;
  /* Not left to close: a child between fork and exec may have the description, too. */
  fcntl (lock->fd, F_OFD_SETLK, &range);
  close (lock->fd);
  g_free (lock);
}
