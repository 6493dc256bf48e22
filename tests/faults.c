/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LD_PRELOAD library: something goes wrong at the n-th call that changes something.
 *
 * | variable   | meaning                                                                          |
 * | FAULT_IN   | the program whose calls count (its file's name); others are left alone           |
 * | FAULT_AT   | n, from 1; 0 or absent: nothing goes wrong, calls are only counted | | FAULT_ON |
 * set: all calls after the n-th fail, too                                           | | FAULT_KIND
 * | ENOSPC, EIO: writes, syncs, renames ... of files and directories fail             | | | short:
 * writes of files write half of what they should (one byte: nothing, ENOSPC) | |            |
 * ENOMEM: mmap fails                                                               | |            |
 * before, after: the process kills itself before, after the call (any that counts  | |            |
 * as a step in stepper.c and has a function of its own in libc)                    | | FAULT_LOG  |
 * a file that gets "<calls so far> <the last one's name>"                           |
 * | FAULT_NO_TMPFILE | set: no file can be made without a name                       |
 */
/* Both names of each function are wrapped, so that neither may stand for the other. */
#undef _FILE_OFFSET_BITS
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOG_BYTES 4096

typedef enum
{
  CLASS_FILE,  /* changes a file or directory: ENOSPC, EIO */
  CLASS_MAP,   /* maps memory: ENOMEM */
  CLASS_OTHER, /* only counts for killing */
} Class;

typedef enum
{
  KIND_ERROR, /* of CLASS_FILE, with fault_errno */
  KIND_SHORT,
  KIND_MAP,
  KIND_BEFORE,
  KIND_AFTER,
} Kind;

static atomic_long n_calls;
static pid_t active_in; /* 0: not here */
static Kind kind;
static int fault_errno;
static long fault_at;
static bool goes_on;
static bool files_only;
static bool no_tmpfile;
static char *log_page;

static void
open_log (const char *path)
{
  int fd = path ? open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
  void *page;

  if (fd < 0 || ftruncate (fd, LOG_BYTES) != 0)
    return;
  page = mmap (NULL, LOG_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close (fd);
  log_page = page == MAP_FAILED ? NULL : page;
}

static void
choose_kind (const char *name)
{
  kind = KIND_ERROR;
  fault_errno = strcmp (name, "EIO") == 0 ? EIO : ENOSPC;
  if (strcmp (name, "short") == 0)
    kind = KIND_SHORT;
  else if (strcmp (name, "ENOMEM") == 0)
    kind = KIND_MAP;
  else if (strcmp (name, "before") == 0)
    kind = KIND_BEFORE;
  else if (strcmp (name, "after") == 0)
    kind = KIND_AFTER;
}

__attribute__ ((constructor)) static void
begin (void)
{
  const char *program = getenv ("FAULT_IN");
  const char *at = getenv ("FAULT_AT");
  const char *name = getenv ("FAULT_KIND");

  if (!program || strcmp (program, program_invocation_short_name) != 0)
    return;
  choose_kind (name ? name : "ENOSPC");
  fault_at = at ? atol (at) : 0;
  goes_on = getenv ("FAULT_ON") != NULL;
  files_only = getenv ("FAULT_FILES") != NULL;
  no_tmpfile = getenv ("FAULT_NO_TMPFILE") != NULL;
  open_log (getenv ("FAULT_LOG"));
  atomic_store (&n_calls, 0);
  active_in = getpid ();
}

static bool
counts (Class class, bool writes)
{
  switch (kind)
    {
    case KIND_ERROR:
      return class == CLASS_FILE;
    case KIND_SHORT:
      return writes;
    case KIND_MAP:
      return class == CLASS_MAP;
    default:
      return class == CLASS_FILE || (class == CLASS_OTHER && !files_only);
    }
}

/* Counts a call; whether it is to go wrong. */
static bool
strikes (const char *name, Class class, bool writes)
{
  long number;

  /* A child between fork and exec isn't the program. */
  if (!active_in || getpid () != active_in || !counts (class, writes))
    return false;
  number = atomic_fetch_add (&n_calls, 1) + 1;
  if (log_page)
    snprintf (log_page, LOG_BYTES, "%ld %s\n", number, name);
  if (!fault_at || number < fault_at || (number > fault_at && !goes_on))
    return false;
  if (kind == KIND_BEFORE)
    raise (SIGKILL);
  return true;
}

static bool
is_file (int fd)
{
  struct stat place;

  return fstat (fd, &place) == 0 && (S_ISREG (place.st_mode) || S_ISBLK (place.st_mode));
}

static void *
next (const char *name)
{
  return dlsym (RTLD_NEXT, name);
}

/* The call itself, unless it is to fail. */
#define PASS(type, failed, struck, call)                                                           \
  do                                                                                               \
    {                                                                                              \
      type result;                                                                                 \
                                                                                                   \
      if ((struck) && kind != KIND_AFTER)                                                          \
        return errno = kind == KIND_MAP ? ENOMEM : fault_errno, failed;                            \
      result = call;                                                                               \
      if (struck)                                                                                  \
        raise (SIGKILL);                                                                           \
      return result;                                                                               \
    }                                                                                              \
  while (0)

/* Wraps a function; the pointer to the real one is looked up once. */
#define WRAP(type, failed, name, class, parameters, arguments)                                     \
  type name parameters;                                                                            \
  type name parameters                                                                             \
  {                                                                                                \
    static type (*real) parameters;                                                                \
    bool struck;                                                                                   \
                                                                                                   \
    if (!real)                                                                                     \
      real = next (#name);                                                                         \
    struck = strikes (#name, class, false);                                                        \
    PASS (type, failed, struck, real arguments);                                                   \
  }

/* Writing half is a kind of fault of its own. */
#define WRAP_WRITE(name, parameters, whole, half)                                                  \
  ssize_t name parameters;                                                                         \
  ssize_t name parameters                                                                          \
  {                                                                                                \
    static ssize_t (*real) parameters;                                                             \
    bool file = is_file (fd), struck;                                                              \
                                                                                                   \
    if (!real)                                                                                     \
      real = next (#name);                                                                         \
    struck = strikes (#name, file ? CLASS_FILE : CLASS_OTHER, file);                               \
    if (struck && kind == KIND_SHORT && size > 1)                                                  \
      return real half;                                                                            \
    PASS (ssize_t, -1, struck, real whole);                                                        \
  }

#pragma GCC visibility push(default)

WRAP_WRITE (write, (int fd, const void *bytes, size_t size), (fd, bytes, size),
            (fd, bytes, size / 2))
WRAP_WRITE (pwrite, (int fd, const void *bytes, size_t size, off_t offset),
            (fd, bytes, size, offset), (fd, bytes, size / 2, offset))
WRAP_WRITE (pwrite64, (int fd, const void *bytes, size_t size, off_t offset),
            (fd, bytes, size, offset), (fd, bytes, size / 2, offset))
WRAP (ssize_t, -1, pwritev, CLASS_FILE, (int fd, const struct iovec *list, int n, off_t offset),
      (fd, list, n, offset))
WRAP (ssize_t, -1, pwritev64, CLASS_FILE, (int fd, const struct iovec *list, int n, off_t offset),
      (fd, list, n, offset))
WRAP (int, -1, fsync, CLASS_FILE, (int fd), (fd))
WRAP (int, -1, fdatasync, CLASS_FILE, (int fd), (fd))
WRAP (int, -1, ftruncate, CLASS_FILE, (int fd, off_t size), (fd, size))
WRAP (int, -1, ftruncate64, CLASS_FILE, (int fd, off_t size), (fd, size))
WRAP (int, -1, fallocate, CLASS_FILE, (int fd, int mode, off_t offset, off_t size),
      (fd, mode, offset, size))
WRAP (int, -1, fallocate64, CLASS_FILE, (int fd, int mode, off_t offset, off_t size),
      (fd, mode, offset, size))
WRAP (int, -1, rename, CLASS_FILE, (const char *from, const char *to), (from, to))
WRAP (int, -1, link, CLASS_FILE, (const char *from, const char *to), (from, to))
WRAP (int, -1, linkat, CLASS_FILE,
      (int from_fd, const char *from, int to_fd, const char *to, int flags),
      (from_fd, from, to_fd, to, flags))
WRAP (int, -1, renameat2, CLASS_FILE,
      (int from_fd, const char *from, int to_fd, const char *to, unsigned flags),
      (from_fd, from, to_fd, to, flags))
WRAP (int, -1, mkdir, CLASS_FILE, (const char *path, mode_t mode), (path, mode))
WRAP (int, -1, mknod, CLASS_FILE, (const char *path, mode_t mode, dev_t device),
      (path, mode, device))
WRAP (int, -1, unlink, CLASS_OTHER, (const char *path), (path))
WRAP (int, -1, fchmod, CLASS_OTHER, (int fd, mode_t mode), (fd, mode))
WRAP (int, -1, fchown, CLASS_OTHER, (int fd, uid_t user, gid_t group), (fd, user, group))
WRAP (ssize_t, -1, send, CLASS_OTHER, (int fd, const void *bytes, size_t size, int flags),
      (fd, bytes, size, flags))
WRAP (int, -1, socketpair, CLASS_OTHER, (int domain, int type, int protocol, int ends[2]),
      (domain, type, protocol, ends))
WRAP (int, -1, pipe2, CLASS_OTHER, (int ends[2], int flags), (ends, flags))
WRAP (pid_t, -1, fork, CLASS_OTHER, (void), ())
WRAP (pid_t, -1, waitpid, CLASS_OTHER, (pid_t pid, int *status, int flags), (pid, status, flags))
WRAP (int, -1, kill, CLASS_OTHER, (pid_t pid, int number), (pid, number))
WRAP (void *, MAP_FAILED, mmap, CLASS_MAP,
      (void *address, size_t size, int protection, int flags, int fd, off_t offset),
      (address, size, protection, flags, fd, offset))
WRAP (void *, MAP_FAILED, mmap64, CLASS_MAP,
      (void *address, size_t size, int protection, int flags, int fd, off_t offset),
      (address, size, protection, flags, fd, offset))

/* Opening counts when it may make or change the file. */
#define WRAP_OPEN(name)                                                                            \
  int name (const char *path, int flags, ...);                                                     \
  int name (const char *path, int flags, ...)                                                      \
  {                                                                                                \
    static int (*real) (const char *, int, ...);                                                   \
    bool changes = (flags & (O_CREAT | O_TRUNC)) || (flags & O_ACCMODE) != O_RDONLY;               \
    bool struck = false;                                                                           \
    mode_t mode = 0;                                                                               \
    va_list list;                                                                                  \
                                                                                                   \
    if (!real)                                                                                     \
      real = next (#name);                                                                         \
    va_start (list, flags);                                                                        \
    if (flags & (O_CREAT | O_TMPFILE))                                                             \
      mode = va_arg (list, mode_t);                                                                \
    va_end (list);                                                                                 \
    if (no_tmpfile && (flags & O_TMPFILE) == O_TMPFILE)                                            \
      {                                                                                            \
        errno = EOPNOTSUPP;                                                                        \
        return -1;                                                                                 \
      }                                                                                            \
    if (changes)                                                                                   \
      struck = strikes (#name, (flags & O_CREAT) ? CLASS_FILE : CLASS_OTHER, false);               \
    PASS (int, -1, struck, real (path, flags, mode));                                              \
  }

WRAP_OPEN (open)
WRAP_OPEN (open64)

/* Every command of fcntl has at most one argument, an int or a pointer. */
#define WRAP_FCNTL(name)                                                                           \
  int name (int fd, int command, ...);                                                             \
  int name (int fd, int command, ...)                                                              \
  {                                                                                                \
    static int (*real) (int, int, ...);                                                            \
    bool struck = false;                                                                           \
    void *argument;                                                                                \
    va_list list;                                                                                  \
                                                                                                   \
    if (!real)                                                                                     \
      real = next (#name);                                                                         \
    va_start (list, command);                                                                      \
    argument = va_arg (list, void *);                                                              \
    va_end (list);                                                                                 \
    if (command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK                        \
        || command == F_OFD_SETLKW)                                                                \
      struck = strikes (#name, CLASS_OTHER, false);                                                \
    PASS (int, -1, struck, real (fd, command, argument));                                          \
  }

WRAP_FCNTL (fcntl)
WRAP_FCNTL (fcntl64)
