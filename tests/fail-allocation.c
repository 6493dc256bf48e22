/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LD_PRELOAD library: the $FAIL_AT-th allocation of the process fails, and with $FAIL_ON all after
 * it too. $FAIL_COUNT names a file that gets the number of allocations made when the process ends
 * well. Processes that it starts are left alone. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static atomic_long n_made;
static long fail_at; /* 0 = never */
static int fail_on;
static const char *count_file;

static void *(*next_malloc) (size_t);
static void *(*next_calloc) (size_t, size_t);
static void *(*next_realloc) (void *, size_t);
static int (*next_memalign) (void **, size_t, size_t);

static void
resolve (void)
{
  next_calloc = dlsym (RTLD_NEXT, "calloc");
  next_malloc = dlsym (RTLD_NEXT, "malloc");
  next_realloc = dlsym (RTLD_NEXT, "realloc");
  next_memalign = dlsym (RTLD_NEXT, "posix_memalign");
}

/* Counting begins when the program's own code does: the loader's end isn't cairn's to handle. */
__attribute__ ((constructor)) static void
begin (void)
{
  const char *at = getenv ("FAIL_AT");

  if (!next_malloc)
    resolve ();
  count_file = getenv ("FAIL_COUNT");
  fail_on = getenv ("FAIL_ON") != NULL;
  unsetenv ("LD_PRELOAD");
  atomic_store (&n_made, 0);
  fail_at = at ? atol (at) : 0;
}

__attribute__ ((destructor)) static void
end (void)
{
  char text[32];
  int length = snprintf (text, sizeof text, "%ld\n", atomic_load (&n_made));
  int fd = count_file ? open (count_file, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;

  if (fd >= 0 && write (fd, text, (size_t)length) == length)
    close (fd);
}

static int
fails (void)
{
  long made = atomic_fetch_add (&n_made, 1) + 1;

  if (!fail_at || made < fail_at || (made > fail_at && !fail_on))
    return 0;
  errno = ENOMEM;
  return 1;
}

#pragma GCC visibility push(default)

void *
malloc (size_t size)
{
  if (!next_malloc)
    resolve ();
  return fails () ? NULL : next_malloc (size);
}

void *
calloc (size_t n, size_t size)
{
  /* dlsym itself may allocate before it can tell where to. */
  static char early[4096];
  static size_t n_early;

  if (!next_calloc)
    {
      char *place = early + n_early;

      n_early += (n * size + 15) / 16 * 16;
      return n_early <= sizeof early ? place : NULL;
    }
  return fails () ? NULL : next_calloc (n, size);
}

void *
realloc (void *old, size_t size)
{
  if (!next_realloc)
    resolve ();
  return fails () ? NULL : next_realloc (old, size);
}

int
posix_memalign (void **place, size_t alignment, size_t size)
{
  if (!next_memalign)
    resolve ();
  return fails () ? ENOMEM : next_memalign (place, alignment, size);
}
