/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Freezes and thaws guests.
 *
 * libvirt has a time limit of its own for agents, which is the administrator's (none by default)
 * and can be set but not asked for, so it couldn't be restored: ours runs beside it. A call that
 * gets no answer is left behind on its thread.
 */
#include "tracker/libvirt/freeze.h"

#include <cairn/error.h>
#include <libvirt/virterror.h>
#include <string.h>

#include "tracker/libvirt/failure.h"
#include "tracker/libvirt/keeper-talk.h"
#include "tracker/libvirt/keeper.h"

struct CairnLibvirtFreeze
{
  virDomainPtr domain;
  CairnLibvirtKeeper *keeper;
  int n_frozen; /* file systems */
};

#define REMEDY                                                                                     \
  "see to the guest agent (qemu-guest-agent) in the guest, or ask for crash consistency"

/* ---- asking the agent, with a time limit ---- */

typedef int (*AgentDeed) (virDomainPtr, const char **, unsigned, unsigned);

typedef struct
{
  gboolean came;
  int n;      /* of file systems; < 0 = it failed */
  int code;   /* virErrorNumber */
  char *said; /* by libvirt; NULL unless it failed */
} Answer;

static void
answer_clear (Answer *answer)
{
  g_free (answer->said);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Answer, answer_clear)

typedef struct
{
  gint references; /* the asker's and the thread's */
  virDomainPtr domain;
  AgentDeed deed;
  GMutex lock;
  GCond done;
  Answer answer;
} Question;

static void
question_unref (Question *question)
{
  if (!g_atomic_int_dec_and_test (&question->references))
    return;
  virDomainFree (question->domain);
  answer_clear (&question->answer);
  g_mutex_clear (&question->lock);
  g_cond_clear (&question->done);
  g_free (question);
}

static gpointer
ask (gpointer user)
{
  Question *question = user;
  Answer answer = { .came = TRUE };

  answer.n = question->deed (question->domain, NULL, 0, 0);
  if (answer.n < 0)
    {
      answer.said = cairn_libvirt_last_message ();
      answer.code = cairn_libvirt_last_code ();
    }
  g_mutex_lock (&question->lock);
  question->answer = answer;
  g_cond_signal (&question->done);
  g_mutex_unlock (&question->lock);
  question_unref (question);
  return NULL;
}

/* ANSWER is the caller's to clear. */
static void
ask_agent (virDomainPtr domain, AgentDeed deed, int64_t deadline, Answer *answer)
{
  Question *question = g_new0 (Question, 1);
  gboolean in_time = TRUE;
  GThread *thread;

  question->references = 2;
  question->domain = domain;
  virDomainRef (domain);
  question->deed = deed;
  g_mutex_init (&question->lock);
  g_cond_init (&question->done);
  thread = g_thread_try_new ("libvirt-agent", ask, question, NULL);
  if (thread)
    g_thread_unref (thread);
  else
    {
      question_unref (question);
      question->answer
          = (Answer){ .came = TRUE, .n = -1, .said = g_strdup ("no thread can be started") };
    }
  g_mutex_lock (&question->lock);
  while (!question->answer.came && in_time)
    in_time = g_cond_wait_until (&question->done, &question->lock, deadline);
  *answer = question->answer;
  question->answer.said = NULL;
  g_mutex_unlock (&question->lock);
  question_unref (question);
}

static int64_t
in_ms (int64_t ms)
{
  return g_get_monotonic_time () + ms * G_TIME_SPAN_MILLISECOND;
}

/* ---- freezing ---- */

static gboolean
check_agent (const CairnLibvirtLook *look, GError **error)
{
  if (look->description->has_agent)
    return TRUE;
  g_set_error (
      error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
      "VM '%s' has no guest agent that is connected, so its file systems can't be frozen; "
      "install and start qemu-guest-agent in the guest and give the VM its channel, or ask "
      "for crash consistency",
      look->description->name);
  return FALSE;
}

/* Whether the guest certainly didn't begin to freeze: libvirt didn't ask the agent, or that isn't
 * allowed to freeze, as when another program has it frozen, which isn't ours to thaw. */
static gboolean
is_untouched (const Answer *answer)
{
  return answer->code == VIR_ERR_OPERATION_INVALID || answer->code == VIR_ERR_OPERATION_TIMEOUT
         || answer->code == VIR_ERR_ARGUMENT_UNSUPPORTED || answer->code == VIR_ERR_NO_DOMAIN
         || strstr (answer->said, "has been disabled");
}

/* After an agent that failed half-way, or froze nothing. */
static void
thaw_anyway (virDomainPtr domain, CairnLibvirtKeeper *keeper)
{
  g_auto (Answer) answer = { 0 };

  ask_agent (domain, virDomainFSThaw, in_ms (CAIRN_KEEPER_FREEZE_MS), &answer);
  if (answer.came && answer.n >= 0)
    cairn_libvirt_keeper_dismiss (keeper);
  else
    cairn_libvirt_keeper_abandon (keeper);
}

static const char *
remedy_of (const Answer *answer)
{
  if (answer->code == VIR_ERR_OPERATION_INVALID)
    return "let the VM run, or ask for crash consistency";
  if (answer->code == VIR_ERR_OPERATION_TIMEOUT)
    return "wait until the agent has done what it was asked before, or ask for crash consistency";
  return REMEDY;
}

/* Says what became of the freeze; TRUE when the guest is frozen. */
static gboolean
require_frozen (const char *name, const Answer *answer, int64_t begin, GError **error)
{
  if (!answer->came)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
                 "VM '%s': the guest agent didn't freeze the file systems within %.1f s (they will "
                 "be thawed as soon as it answers); " REMEDY,
                 name, (double)(g_get_monotonic_time () - begin) / G_TIME_SPAN_SECOND);
  else if (answer->n < 0)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
                 "VM '%s': the guest's file systems can't be frozen: libvirt says '%s'; %s", name,
                 answer->said, remedy_of (answer));
  else if (answer->n == 0)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
                 "VM '%s': the guest agent found no file system that it could freeze; " REMEDY,
                 name);
  else
    return TRUE;
  return FALSE;
}

CairnLibvirtFreeze *
cairn_libvirt_freeze (CairnLibvirt *libvirt, const CairnLibvirtLook *look, int64_t deadline,
                      GError **error)
{
  g_auto (Answer) answer = { 0 };
  CairnLibvirtFreeze *freeze;
  CairnLibvirtKeeper *keeper;
  int64_t begin;

  if (!check_agent (look, error))
    return NULL;
  keeper = cairn_libvirt_keeper_start (CAIRN_LIBVIRT_KEEPER_THAW, libvirt, look, NULL, error);
  if (!keeper)
    return NULL;
  begin = g_get_monotonic_time ();
  ask_agent (look->domain, virDomainFSFreeze, MIN (deadline, in_ms (CAIRN_KEEPER_FREEZE_MS)),
             &answer);
  if (!require_frozen (look->description->name, &answer, begin, error))
    {
      if (!answer.came)
        cairn_libvirt_keeper_abandon (keeper);
      else if (answer.n < 0 && is_untouched (&answer))
        cairn_libvirt_keeper_dismiss (keeper);
      else
        thaw_anyway (look->domain, keeper);
      return NULL;
    }
  cairn_libvirt_keeper_note_frozen (keeper);
  freeze = g_new0 (CairnLibvirtFreeze, 1);
  freeze->domain = look->domain;
  virDomainRef (freeze->domain);
  freeze->keeper = keeper;
  freeze->n_frozen = answer.n;
  return freeze;
}

/* ---- thawing ---- */

/* What thaws by itself was written to before the checkpoint was made, perhaps. */
static gboolean
require_thawed (const CairnLibvirtFreeze *freeze, const Answer *answer, GError **error)
{
  const char *name = virDomainGetName (freeze->domain);

  if (answer->came && answer->n >= freeze->n_frozen)
    return TRUE;
  if (answer->came && answer->n >= 0)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
                 "VM '%s': of %d file systems that the guest agent had frozen, only %d still were "
                 "when the point was made, so it was dropped; try again when the guest and this "
                 "host are less busy, or ask for crash consistency",
                 name, freeze->n_frozen, answer->n);
  else
    g_set_error (
        error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
        "VM '%s': the guest's file systems can't be thawed (%s%s), which is tried again in "
        "the background, and the point was dropped; see to the guest agent in the guest, "
        "or run 'virsh domfsthaw'",
        name, answer->came ? "libvirt says: " : "",
        answer->came ? answer->said : "its agent doesn't answer");
  return FALSE;
}

gboolean
cairn_libvirt_thaw (CairnLibvirtFreeze *freeze, GError **error)
{
  g_auto (Answer) answer = { 0 };
  gboolean ok;

  ask_agent (freeze->domain, virDomainFSThaw, in_ms (CAIRN_KEEPER_FREEZE_MS), &answer);
  ok = require_thawed (freeze, &answer, error);
  if (answer.came && answer.n >= 0)
    cairn_libvirt_keeper_dismiss (freeze->keeper);
  else
    cairn_libvirt_keeper_abandon (freeze->keeper);
  virDomainFree (freeze->domain);
  g_free (freeze);
  return ok;
}

gboolean
cairn_libvirt_thaw_leftover (const CairnLibvirtLook *look, GError **error)
{
  g_auto (Answer) answer = { 0 };

  /* Without an agent nobody could have frozen it, or can thaw it. */
  if (!look->description->has_agent)
    return TRUE;
  ask_agent (look->domain, virDomainFSThaw, in_ms (CAIRN_LIBVIRT_THAW_LEFTOVER_MS), &answer);
  if (answer.came && answer.n >= 0)
    return TRUE;
  g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_STATE,
               "the guest of VM '%s' may be frozen and can't be thawed (%s%s); see to the guest "
               "agent in the guest, or reset the VM",
               look->description->name, answer.came ? "libvirt says: " : "",
               answer.came ? answer.said : "its agent doesn't answer");
  return FALSE;
}
