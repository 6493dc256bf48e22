/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes QEMU's lock on images, the way QEMU does: place our bytes first, then look at everybody
 * else's, so that of two who come at once at least one sees the other.
 *
 * Source: QEMU block/file-posix.c, raw_apply_lock_bytes and raw_check_lock_bytes. */
#include "tracker/offline/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define PERMISSION_BASE 100
#define DENIAL_BASE     200

/* Permission bits, as offsets from the bases. */
#define CONSISTENT_READ 0
#define WRITE           1
#define RESIZE          3

static const off_t used[] = { CONSISTENT_READ, WRITE, RESIZE };
static const off_t denied[] = { WRITE, RESIZE };

/* Pauses between two tries, at random so that two who wait for each other fall out of step. */
#define MIN_PAUSE_US 1000
#define MAX_PAUSE_US 8000

typedef enum
{
  LOCK_FREE,
  LOCK_HELD,
  LOCK_ERROR,
} LockState;

static LockState
ask_byte (int fd, off_t byte)
{
  struct flock wanted = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

  if (fcntl (fd, F_OFD_GETLK, &wanted) != 0)
    return LOCK_ERROR;
  return wanted.l_type == F_UNLCK ? LOCK_FREE : LOCK_HELD;
}

/* Whether others deny what we use, or use what we deny. */
static LockState
ask_others (int fd)
{
  LockState state = LOCK_FREE;

  for (size_t i = 0; i < G_N_ELEMENTS (used) && state == LOCK_FREE; i++)
    state = ask_byte (fd, DENIAL_BASE + used[i]);
  for (size_t i = 0; i < G_N_ELEMENTS (denied) && state == LOCK_FREE; i++)
    state = ask_byte (fd, PERMISSION_BASE + denied[i]);
  return state;
}

static gboolean
set_byte (int fd, short type, off_t byte)
{
  struct flock wanted = { .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

  return fcntl (fd, F_OFD_SETLK, &wanted) == 0;
}

static LockState
place_bytes (int fd)
{
  gboolean ok = TRUE;

  for (size_t i = 0; i < G_N_ELEMENTS (used) && ok; i++)
    ok = set_byte (fd, F_RDLCK, PERMISSION_BASE + used[i]);
  for (size_t i = 0; i < G_N_ELEMENTS (denied) && ok; i++)
    ok = set_byte (fd, F_RDLCK, DENIAL_BASE + denied[i]);
  if (ok)
    return LOCK_FREE;
  return errno == EAGAIN || errno == EACCES ? LOCK_HELD : LOCK_ERROR;
}

/* Asking before placing as well leaves a VM that is starting undisturbed by our tries. */
static LockState
lock_image (int fd)
{
  LockState state = ask_others (fd);

  if (state == LOCK_FREE)
    state = place_bytes (fd);
  if (state == LOCK_FREE)
    state = ask_others (fd);
  return state;
}

static void
unlock_image (int fd)
{
  struct flock all = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

  all.l_start = PERMISSION_BASE;
  all.l_len = DENIAL_BASE + RESIZE + 1 - PERMISSION_BASE;
  fcntl (fd, F_OFD_SETLK, &all);
}

/* The lock isn't left to close: a child of another thread may have the description, too, as long as
 * it is between fork and exec. */
static void
clear_claim (CairnClaim *claim)
{
  if (claim->fd >= 0 && !claim->is_left)
    unlock_image (claim->fd);
  if (claim->fd >= 0)
    close (claim->fd);
  claim->fd = -1;
}

static gboolean
fail_open (const char *path, int cause, GError **error)
{
  if (cause == ENOENT || cause == ENOTDIR)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FILE_NOT_FOUND,
                 "image '%s' isn't there; bring it back or correct the VM's disk", path);
  else if (cause == EACCES || cause == EPERM)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_ACCESS_DENIED,
                 "image '%s' can't be opened for writing: %s; allow it or use another account",
                 path, g_strerror (cause));
  else if (cause == EROFS)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_ACCESS_DENIED,
                 "image '%s' lies on a read-only file system; mount it read-write", path);
  else if (cause == EMFILE || cause == ENFILE)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
                 "image '%s' can't be opened: %s; raise the limit of open files (ulimit -n)", path,
                 g_strerror (cause));
  else
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FAILED,
                 "image '%s' can't be opened: %s; check its storage", path, g_strerror (cause));
  return FALSE;
}

static gboolean
fail_type (const char *path, GError **error)
{
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED,
               "image '%s' is neither a file nor a block device; correct the VM's disk", path);
  return FALSE;
}

/* Never one of the standard three, which a child's own would replace. */
static int
open_above_standard (const char *path)
{
  int fd = open (path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  int raised;

  if (fd < 0 || fd > STDERR_FILENO)
    return fd;
  raised = fcntl (fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  close (fd);
  return raised;
}

/* Looks before it opens: opening a FIFO or a device may do things. */
static gboolean
open_image (CairnClaim *claim, GError **error)
{
  const char *path = claim->disk->path;
  struct stat place;

  if (stat (path, &place) != 0)
    return fail_open (path, errno, error);
  if (!S_ISREG (place.st_mode) && !S_ISBLK (place.st_mode))
    return fail_type (path, error);
  claim->fd = open_above_standard (path);
  if (claim->fd < 0)
    return fail_open (path, errno, error);
  if (fstat (claim->fd, &place) != 0)
    return fail_open (path, errno, error);
  if (!S_ISREG (place.st_mode) && !S_ISBLK (place.st_mode))
    return fail_type (path, error);
  claim->is_block_device = S_ISBLK (place.st_mode);
  claim->device = claim->is_block_device ? 0 : place.st_dev;
  claim->inode = claim->is_block_device ? (ino_t)place.st_rdev : place.st_ino;
  return TRUE;
}

static const CairnClaim *
find_same_file (const GArray *claims, const CairnClaim *claim)
{
  for (guint i = 0; i < claims->len; i++)
    {
      const CairnClaim *other = &g_array_index (claims, CairnClaim, i);

      if (other->device == claim->device && other->inode == claim->inode
          && other->is_block_device == claim->is_block_device)
        return other;
    }
  return NULL;
}

static gboolean
open_one (GArray *claims, const CairnDisk *disk, CairnClaimPolicy policy, GError **error)
{
  CairnClaim claim = { .disk = disk, .fd = -1 };
  g_autoptr (GError) failure = NULL;
  const CairnClaim *same;

  if (!open_image (&claim, &failure))
    {
      clear_claim (&claim);
      if (policy == CAIRN_CLAIM_PRESENT
          && g_error_matches (failure, CAIRN_ERROR, CAIRN_ERROR_FILE_NOT_FOUND))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  same = find_same_file (claims, &claim);
  if (!same)
    {
      g_array_append_val (claims, claim);
      return TRUE;
    }
  clear_claim (&claim);
  if (policy == CAIRN_CLAIM_PRESENT)
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
               "disks '%s' and '%s' are the same image '%s'; give each image once",
               same->disk->target, disk->target, disk->path);
  return FALSE;
}

/* One try for all of them. On LOCK_HELD and LOCK_ERROR none is locked, and *AT is who stood in the
 * way. */
static LockState
lock_all (GArray *claims, const CairnClaim **at)
{
  for (guint i = 0; i < claims->len; i++)
    {
      const CairnClaim *claim = &g_array_index (claims, CairnClaim, i);
      LockState state = lock_image (claim->fd);
      int cause = errno;

      if (state == LOCK_FREE)
        continue;
      for (guint j = 0; j <= i; j++)
        unlock_image (g_array_index (claims, CairnClaim, j).fd);
      *at = claim;
      errno = cause;
      return state;
    }
  return LOCK_FREE;
}

static gboolean
wait_locks (GArray *claims, int64_t deadline, GError **error)
{
  int64_t end = g_get_monotonic_time () + CAIRN_IMAGE_LOCK_MS * G_TIME_SPAN_MILLISECOND;
  const CairnClaim *at = NULL;
  LockState state;

  end = MIN (end, deadline);
  while ((state = lock_all (claims, &at)) == LOCK_HELD && g_get_monotonic_time () < end)
    g_usleep ((gulong)g_random_int_range (MIN_PAUSE_US, MAX_PAUSE_US));
  if (state == LOCK_HELD)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_IN_USE,
                 "image '%s' of disk '%s' is open in another program; shut the VM down, or wait "
                 "until the program is done",
                 at->disk->path, at->disk->target);
  else if (state == LOCK_ERROR)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_NOT_SUPPORTED,
                 "image '%s' can't be locked against a starting VM: %s; move it to a file system "
                 "with file locks",
                 at->disk->path, g_strerror (errno));
  return state == LOCK_FREE;
}

GArray *
cairn_claims_take (const GPtrArray *disks, CairnClaimPolicy policy, int64_t deadline,
                   GError **error)
{
  g_autoptr (GArray) claims = g_array_new (FALSE, FALSE, sizeof (CairnClaim));

  g_array_set_clear_func (claims, (GDestroyNotify)clear_claim);
  for (guint i = 0; i < disks->len; i++)
    if (!open_one (claims, disks->pdata[i], policy, error))
      return NULL;
  if (!wait_locks (claims, deadline, error))
    return NULL;
  return g_steal_pointer (&claims);
}
