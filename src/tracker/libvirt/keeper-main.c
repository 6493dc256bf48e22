/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cairn-keeper: stands by, and thaws a guest or ends a backup job when the process that did it
 * died. keeper.h says why; keeper-talk.h has its arguments.
 *
 * One is started for every backup job, which may last 100 ms, so it costs next to nothing: libvirt
 * is loaded when there is something to do. What goes wrong is tried again; nobody could be told.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tracker/libvirt/keeper-talk.h"

/* The end of all trying: a guest or a libvirtd that is away for longer than that was looked after
 * by somebody. */
#define LIMIT_S 3600

/* Between attempts: soon at first, since a guest hangs meanwhile. */
#define FIRST_PAUSE_MS 10
#define LAST_PAUSE_MS  2000

/* What the dead process had asked of libvirtd may still be under way there, behind another job on
 * the domain, for which libvirtd waits 30 s. So long nothing to be done doesn't mean that all is
 * done, unless libvirtd goes away. */
#define LATE_MS 35000

typedef struct
{
  const char *uri;
  const char *guid;
  const char *directory; /* end-job's only */
  const char *trait;
  char **files; /* NULL-ended */
} Charge;

typedef enum
{
  OUTCOME_DONE,
  OUTCOME_NOTHING_YET,
  OUTCOME_FAILED,
  OUTCOME_UNREACHED, /* libvirtd */
} Outcome;

typedef Outcome (*Duty) (const Charge *charge, virDomainPtr domain);

static int64_t
now_ms (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- libvirt ---- */

static struct
{
  typeof (virConnectOpen) *open;
  typeof (virConnectClose) *close;
  typeof (virDomainLookupByUUIDString) *look_up;
  typeof (virDomainFree) *free_domain;
  typeof (virDomainIsActive) *is_active;
  typeof (virDomainFSThaw) *thaw;
  typeof (virDomainBackupGetXMLDesc) *describe_backup;
  typeof (virDomainAbortJob) *abort_job;
  typeof (virGetLastErrorCode) *last_code;
  typeof (virSetErrorFunc) *set_error_function;
} libvirt;

static void
say_nothing (void *user, virErrorPtr error)
{
}

static bool
load_libvirt (void)
{
  static const struct
  {
    const char *name;
    void **place;
  } functions[] = {
    { "virConnectOpen", (void **)&libvirt.open },
    { "virConnectClose", (void **)&libvirt.close },
    { "virDomainLookupByUUIDString", (void **)&libvirt.look_up },
    { "virDomainFree", (void **)&libvirt.free_domain },
    { "virDomainIsActive", (void **)&libvirt.is_active },
    { "virDomainFSThaw", (void **)&libvirt.thaw },
    { "virDomainBackupGetXMLDesc", (void **)&libvirt.describe_backup },
    { "virDomainAbortJob", (void **)&libvirt.abort_job },
    { "virGetLastErrorCode", (void **)&libvirt.last_code },
    { "virSetErrorFunc", (void **)&libvirt.set_error_function },
  };
  static void *library;

  if (library)
    return true;
  library = dlopen ("libvirt.so.0", RTLD_NOW | RTLD_LOCAL);
  for (size_t i = 0; library && i < sizeof functions / sizeof functions[0]; i++)
    {
      *functions[i].place = dlsym (library, functions[i].name);
      if (!*functions[i].place)
        library = NULL;
    }
  if (library)
    libvirt.set_error_function (NULL, say_nothing);
  return library != NULL;
}

/* ---- duties ---- */

/* A guest that isn't running isn't frozen. */
static Outcome
thaw (const Charge *charge, virDomainPtr domain)
{
  int n_thawed = libvirt.thaw (domain, NULL, 0, 0);

  if (n_thawed > 0 || (n_thawed < 0 && libvirt.is_active (domain) == 0))
    return OUTCOME_DONE;
  return n_thawed == 0 ? OUTCOME_NOTHING_YET : OUTCOME_FAILED;
}

/* Locks the job's place, making it anew when it is gone; -1 when another process of ours has it. As
 * place.c does. */
static int
lock_place (const char *directory)
{
  struct stat opened, named;
  int fd;

  mkdir (directory, 0700);
  fd = open (directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return -1;
  if (flock (fd, LOCK_EX | LOCK_NB) == 0 && fstat (fd, &opened) == 0
      && stat (directory, &named) == 0 && opened.st_ino == named.st_ino
      && opened.st_dev == named.st_dev)
    return fd;
  close (fd);
  return -1;
}

static void
leave_place (const char *directory, int fd)
{
  DIR *entries = opendir (directory);
  const struct dirent *entry;

  while (entries && (entry = readdir (entries)))
    unlinkat (fd, entry->d_name, 0);
  if (entries)
    closedir (entries);
  rmdir (directory);
  close (fd);
}

static Outcome
abort_ours (const Charge *charge, virDomainPtr domain)
{
  char *xml = libvirt.describe_backup (domain, 0);
  bool is_told = xml || libvirt.last_code () == VIR_ERR_NO_DOMAIN_BACKUP;
  bool is_ours = xml && strstr (xml, charge->trait);
  bool is_there = is_ours;

  free (xml);
  if (!is_ours && libvirt.is_active (domain) == 0)
    return OUTCOME_DONE;
  if (!is_ours)
    return is_told ? OUTCOME_NOTHING_YET : OUTCOME_FAILED;
  if (libvirt.abort_job (domain) != 0)
    return OUTCOME_FAILED;
  for (int64_t end = now_ms () + LAST_PAUSE_MS; is_there && now_ms () < end; poll (NULL, 0, 2))
    {
      xml = libvirt.describe_backup (domain, 0);
      is_there = xml && strstr (xml, charge->trait);
      free (xml);
    }
  return is_there ? OUTCOME_FAILED : OUTCOME_DONE;
}

/* As gate.c does; -1 when there is none, which should keep nobody from ending the job. */
static int
enter_gate (const char *directory)
{
  char path[PATH_MAX];
  int length = snprintf (path, sizeof path, "%s" CAIRN_KEEPER_GATE_SUFFIX, directory);
  int fd = length < (int)sizeof path ? open (path, O_RDWR | O_CLOEXEC | O_NOFOLLOW) : -1;

  if (fd >= 0)
    flock (fd, LOCK_EX);
  return fd;
}

static Outcome
end_job (const Charge *charge, virDomainPtr domain)
{
  int place_fd = lock_place (charge->directory);
  Outcome outcome;
  int gate_fd;

  if (place_fd < 0)
    return OUTCOME_NOTHING_YET; /* its owner ends such a job first of all */
  gate_fd = enter_gate (charge->directory);
  outcome = abort_ours (charge, domain);
  if (gate_fd >= 0)
    close (gate_fd);
  /* libvirt removes what it has made for a job, unless it died in the middle. */
  for (char **file = charge->files; *file && outcome != OUTCOME_FAILED; file++)
    unlink (*file);
  leave_place (charge->directory, place_fd);
  return outcome;
}

/* ---- doing them ---- */

static Outcome
try_once (const Charge *charge, Duty duty)
{
  virConnectPtr conn = load_libvirt () ? libvirt.open (charge->uri) : NULL;
  virDomainPtr domain = conn ? libvirt.look_up (conn, charge->guid) : NULL;
  Outcome outcome = conn ? OUTCOME_FAILED : OUTCOME_UNREACHED;

  if (domain)
    outcome = duty (charge, domain);
  else if (conn && libvirt.last_code () == VIR_ERR_NO_DOMAIN)
    outcome = OUTCOME_DONE;
  if (domain)
    libvirt.free_domain (domain);
  if (conn)
    libvirt.close (conn);
  return outcome;
}

static void
do_duty (const Charge *charge, Duty duty)
{
  int64_t begin = now_ms ();
  int pause_ms = FIRST_PAUSE_MS;
  bool was_nothing = false;

  alarm (LIMIT_S); /* libvirt's calls have no time limit */
  for (;;)
    {
      Outcome outcome = try_once (charge, duty);

      was_nothing = was_nothing || outcome == OUTCOME_NOTHING_YET;
      if (outcome == OUTCOME_DONE
          || (was_nothing && (outcome == OUTCOME_UNREACHED || now_ms () - begin > LATE_MS)))
        return;
      poll (NULL, 0, pause_ms);
      pause_ms = pause_ms * 2 < LAST_PAUSE_MS ? pause_ms * 2 : LAST_PAUSE_MS;
    }
}

/* ---- standing by ---- */

/* Nothing of our parent's stays open through us (a reader of its output would wait for us), and
 * what ends our parent by a signal to all of its group, session or service doesn't end us. */
static void
detach (void)
{
  static const int ignored[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGTSTP };
  sigset_t none;
  int null_fd;

  for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
    signal (ignored[i], SIG_IGN);
  signal (SIGCHLD, SIG_DFL);
  signal (SIGALRM, SIG_DFL);
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  setsid ();
  if (close_range (CAIRN_KEEPER_FD + 1, ~0U, 0) != 0)
    for (int fd = CAIRN_KEEPER_FD + 1; fd < 1024; fd++)
      close (fd);
  null_fd = open ("/dev/null", O_RDWR);
  for (int fd = STDIN_FILENO; null_fd >= 0 && fd <= STDERR_FILENO; fd++)
    dup2 (null_fd, fd);
  if (null_fd > CAIRN_KEEPER_FD)
    close (null_fd);
}

/* Whether we are told that all is done; FALSE when our parent is gone, or has kept the guest frozen
 * for too long. PATIENCE_MS < 0: there is no too long. */
static bool
is_dismissed (int patience_ms)
{
  int64_t end = now_ms () + patience_ms;

  for (;;)
    {
      struct pollfd one = { .fd = CAIRN_KEEPER_FD, .events = POLLIN };
      int64_t left_ms = end - now_ms ();
      char word = 0;
      ssize_t n;

      if (patience_ms >= 0 && left_ms <= 0)
        return false;
      if (poll (&one, 1, patience_ms < 0 ? -1 : (int)left_ms) <= 0)
        continue;
      n = recv (CAIRN_KEEPER_FD, &word, 1, 0);
      if (n == 1 && word == CAIRN_KEEPER_DONE)
        return true;
      if (n == 1 && word == CAIRN_KEEPER_FROZEN)
        end = now_ms () + CAIRN_KEEPER_HOLD_MS;
      else if (n >= 0 || errno != EINTR)
        return false;
    }
}

int
main (int argc, char **argv)
{
  Charge charge = { 0 };
  bool thaws = argc == 4 && strcmp (argv[1], CAIRN_KEEPER_THAW) == 0;
  bool ends_job = argc >= 6 && strcmp (argv[1], CAIRN_KEEPER_END_JOB) == 0;
  int patience_ms = thaws ? CAIRN_KEEPER_FREEZE_MS + CAIRN_KEEPER_HOLD_MS : -1;
  char ready = CAIRN_KEEPER_READY;

  if (!thaws && !ends_job)
    return 2;
  charge.uri = argv[2];
  charge.guid = argv[3];
  charge.directory = ends_job ? argv[4] : NULL;
  charge.trait = ends_job ? argv[5] : NULL;
  charge.files = ends_job ? argv + 6 : NULL;
  detach ();
  if (send (CAIRN_KEEPER_FD, &ready, 1, 0) != 1)
    return 1;
  if (!is_dismissed (patience_ms))
    do_duty (&charge, thaws ? thaw : end_job);
  return 0;
}
