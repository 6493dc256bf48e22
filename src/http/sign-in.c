/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who asks. */
#include "http/sign-in.h"

#include <gnutls/gnutls.h>
#include <string.h>

#include <cairn/error.h>

#include "http/authority.h"
#include "http/back-off.h"
#include "http/certificate.h"
#include "http/connection.h"
#include "http/log.h"

#define N_CHECKERS       4   /* threads; crypt and PAM take a processor each */
#define CHECKS_MAX       256 /* that wait for a thread, and as many that wait for their time */
#define HEADER_BYTES_MAX 4096

/* What a client that signs in with its certificate may say. Source: MS-WSMV, section 2.2.9.1. */
#define MUTUAL_PROFILE "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"

static const HttpRefusal wrong = { MHD_HTTP_UNAUTHORIZED, "User name or password is wrong.", TRUE };
static const HttpRefusal malformed
    = { MHD_HTTP_UNAUTHORIZED,
        "The Authorization header can't be used here: send one, with Basic." };
static const HttpRefusal unprotected
    = { MHD_HTTP_FORBIDDEN, "A password would cross the network in the clear: use the TLS port." };
static const HttpRefusal busy = { MHD_HTTP_SERVICE_UNAVAILABLE,
                                  "Too many sign-ins are being checked: try again in a moment." };
static const HttpRefusal throttled
    = { MHD_HTTP_TOO_MANY_REQUESTS,
        "Too many failed sign-ins came from this address: try again in some seconds.", TRUE };
static const HttpRefusal unavailable
    = { MHD_HTTP_SERVICE_UNAVAILABLE, "Nobody can be signed in now: the service's log says why.",
        TRUE };

struct HttpSignIn
{
  HttpAuthority *authority;
  HttpVerifiedCache *cache;
  HttpBackOff *back_off;
  HttpWorkers *checkers;
  void (*wake) (gpointer user);
  gpointer user;

  GMutex lock;
  GHashTable *under_way; /* digest -> Check, of passwords */
  GSequence *delayed;    /* Check by due_ms; those are under way too */
  gint n_refused;
  gint n_checked;
};

/* One question to the authority, for every request that wants the same answer. */
typedef struct
{
  HttpTask task; /* first: it is what the worker gets */
  HttpSignIn *sign_in;
  gboolean is_password; /* else: who the connection itself is */
  HttpBasic basic;
  char *who; /* in the back-off */
  char *peer;
  char id[24];
  struct ucred process;
  GPtrArray *certificates; /* GBytes; NULL = it's about the process */
  guint8 digest[HTTP_VERIFIED_DIGEST_SIZE];
  guint era;
  gint64 due_ms;
  GPtrArray *requests;
} Check;

static void
check_free (Check *check)
{
  http_basic_clear (&check->basic);
  g_free (check->who);
  g_free (check->peer);
  g_clear_pointer (&check->certificates, g_ptr_array_unref);
  g_ptr_array_unref (check->requests);
  g_free (check);
}

/* ---- on a checker's thread ---- */

static void
log_refusal (Check *check, const char *reason)
{
  g_autofree char *user = http_log_escape (check->is_password ? check->basic.user : "");

  g_atomic_int_inc (&check->sign_in->n_refused);
  if (check->is_password)
    http_log (LOG_NOTICE, check->id, "sign-in of '%s' from %s refused: %s", user, check->peer,
              reason);
  else
    http_log (LOG_NOTICE, check->id, "sign-in from %s refused: %s", check->peer, reason);
}

static CairnCaller *
ask_password (Check *check, HttpRefusal *refusal)
{
  HttpSignIn *sign_in = check->sign_in;
  g_autoptr (GError) error = NULL;
  CairnCaller *caller;

  g_atomic_int_inc (&sign_in->n_checked);
  caller = http_authority_of_password (sign_in->authority, &check->basic, check->peer, &error);
  if (caller)
    {
      http_back_off_succeeded (sign_in->back_off, check->who);
      return caller;
    }
  *refusal = error->code == CAIRN_ERROR_ACCESS_DENIED ? wrong : unavailable;
  if (error->code == CAIRN_ERROR_ACCESS_DENIED)
    http_back_off_failed (sign_in->back_off, check->who);
  log_refusal (check, error->message);
  return NULL;
}

/* A stranger may still do what nobody may: no refusal. */
static CairnCaller *
ask_connection (Check *check)
{
  HttpAuthority *authority = check->sign_in->authority;
  g_autoptr (GError) error = NULL;
  CairnCaller *caller;

  if (!check->certificates)
    return http_authority_of_process (authority, &check->process);
  caller = http_authority_of_certificate (authority, check->certificates, &error);
  if (!caller)
    log_refusal (check, error->message);
  return caller;
}

/* Everybody who waits gets the outcome. With the end of its pause a request is out of our hands. */
static void
tell (Check *check, HttpVerified *verified, HttpRefusal refusal)
{
  HttpSignIn *sign_in = check->sign_in;

  if (check->is_password)
    {
      g_mutex_lock (&sign_in->lock);
      g_hash_table_remove (sign_in->under_way, check->digest);
      g_mutex_unlock (&sign_in->lock);
    }
  for (guint i = 0; i < check->requests->len; i++)
    {
      CairnHttpRequest *request = check->requests->pdata[i];

      request->verified = verified ? http_verified_ref (verified) : NULL;
      request->refusal = refusal;
      http_pause_end (&request->pause);
    }
}

static void
run_check (HttpTask *task)
{
  Check *check = (Check *)task;
  HttpSignIn *sign_in = check->sign_in;
  HttpRefusal refusal = { 0 };
  HttpVerified *verified = NULL;
  CairnCaller *caller
      = check->is_password ? ask_password (check, &refusal) : ask_connection (check);

  if (caller)
    verified = http_verified_new (caller);
  if (verified && check->is_password)
    http_verified_cache_keep (sign_in->cache, check->era, check->digest, verified);
  tell (check, verified, refusal);
  http_verified_unref (verified);
  check_free (check);
}

/* ---- on a listener's thread ---- */

static Check *
check_new (HttpSignIn *sign_in, CairnHttpRequest *request)
{
  Check *check = g_new0 (Check, 1);

  check->task.run = run_check;
  check->sign_in = sign_in;
  check->peer = g_strdup (request->connection->peer);
  g_strlcpy (check->id, cairn_http_request_id (request), sizeof check->id);
  check->process = request->connection->peer_process;
  check->requests = g_ptr_array_new ();
  return check;
}

/* Takes over CHECK; FALSE: too many wait, and CHECK is gone. */
static gboolean
begin (Check *check, CairnHttpRequest *request)
{
  g_ptr_array_add (check->requests, request);
  if (http_workers_try (check->sign_in->checkers, &check->task))
    return TRUE;
  check_free (check);
  return FALSE;
}

/* What the client has shown in the handshake; NULL = nothing. */
static GPtrArray *
certificates_of (const CairnHttpRequest *request)
{
  gnutls_session_t session
      = MHD_get_connection_info (request->mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session;
  unsigned n = 0;
  const gnutls_datum_t *chain = gnutls_certificate_get_peers (session, &n);
  GPtrArray *copy;

  if (!chain || n == 0)
    return NULL;
  copy = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  for (unsigned i = 0; i < MIN (n, HTTP_CHAIN_MAX); i++)
    g_ptr_array_add (copy, g_bytes_new (chain[i].data, chain[i].size));
  return copy;
}

static gboolean
begin_itself (HttpSignIn *sign_in, CairnHttpRequest *request)
{
  HttpConnection *connection = request->connection;
  GPtrArray *certificates = NULL;
  Check *check;

  if (connection->itself && g_get_monotonic_time () < connection->itself->until_us)
    {
      request->verified = http_verified_ref (connection->itself);
      return TRUE;
    }
  g_clear_pointer (&connection->itself, http_verified_unref);
  if (connection->is_tls && !connection->is_stranger)
    certificates = certificates_of (request);
  if (!certificates && connection->peer_process.uid == (uid_t)-1)
    return TRUE;
  check = check_new (sign_in, request);
  check->certificates = certificates;
  if (begin (check, request))
    return request->is_by_connection = TRUE, FALSE;
  request->refusal = busy;
  return TRUE;
}

static int
compare_due (gconstpointer a, gconstpointer b, gpointer user)
{
  gint64 first = ((const Check *)a)->due_ms;
  gint64 second = ((const Check *)b)->due_ms;

  return (first > second) - (first < second);
}

/* With the lock. Another request asks the same already, and ours joins it. */
static gboolean
join (HttpSignIn *sign_in, CairnHttpRequest *request, const guint8 *digest)
{
  Check *check = g_hash_table_lookup (sign_in->under_way, digest);

  if (!check)
    return FALSE;
  g_ptr_array_add (check->requests, request);
  return TRUE;
}

/* With the lock, which whoever ends the check needs too. Takes over CHECK; FALSE: *REFUSAL says why
 * not, and CHECK is gone. */
static gboolean
start (Check *check, CairnHttpRequest *request, HttpRefusal *refusal)
{
  HttpSignIn *sign_in = check->sign_in;
  int wait_ms = http_back_off_wait_ms (sign_in->back_off, check->who);

  *refusal = wait_ms < 0 ? throttled : busy;
  if (wait_ms < 0 || (wait_ms > 0 && g_sequence_get_length (sign_in->delayed) >= CHECKS_MAX))
    {
      log_refusal (check, "too many failures before it");
      check_free (check);
      return FALSE;
    }
  if (wait_ms == 0 && !begin (check, request))
    return FALSE;
  g_hash_table_insert (sign_in->under_way, check->digest, check);
  if (wait_ms > 0)
    {
      check->due_ms = g_get_monotonic_time () / 1000 + wait_ms;
      g_ptr_array_add (check->requests, request);
      g_sequence_insert_sorted (sign_in->delayed, check, compare_due, NULL);
      sign_in->wake (sign_in->user);
    }
  return TRUE;
}

/* On loopback, which all users of the host share, each user name counts for itself. */
static char *
culprit_of (const CairnHttpRequest *request, const HttpBasic *basic)
{
  const HttpConnection *connection = request->connection;

  return connection->is_loopback || connection->listener == CAIRN_HTTP_UNIX
             ? g_strdup (basic->user)
             : g_strdup_printf ("%" G_GINT64_MODIFIER "x %" G_GINT64_MODIFIER "x",
                                connection->address.high, connection->address.low);
}

static gboolean
begin_password (HttpSignIn *sign_in, CairnHttpRequest *request, const char *header,
                const guint8 *digest)
{
  HttpBasic basic = { 0 };
  gboolean rests;
  Check *check;

  if (strlen (header) > HEADER_BYTES_MAX || !http_basic_parse (header, &basic))
    {
      g_atomic_int_inc (&sign_in->n_refused);
      request->refusal = malformed;
      return TRUE;
    }
  check = check_new (sign_in, request);
  check->is_password = TRUE;
  check->basic = basic;
  check->who = culprit_of (request, &basic);
  memcpy (check->digest, digest, sizeof check->digest);
  check->era = http_verified_cache_era (sign_in->cache);

  g_mutex_lock (&sign_in->lock);
  rests = join (sign_in, request, digest);
  if (rests)
    check_free (check);
  else
    rests = start (check, request, &request->refusal);
  g_mutex_unlock (&sign_in->lock);
  return !rests;
}

static void
reload_by_itself (HttpSignIn *sign_in)
{
  g_autoptr (GError) error = NULL;

  if (!http_sign_in_reload (sign_in, &error))
    http_log (LOG_ERR, NULL, "%s", error->message);
}

gboolean
http_sign_in_begin (HttpSignIn *sign_in, CairnHttpRequest *request, const HttpFraming *framing)
{
  const HttpConnection *connection = request->connection;
  const char *header = framing->authorization;
  guint8 digest[HTTP_VERIFIED_DIGEST_SIZE];

  if (!header || (connection->is_tls && strcmp (header, MUTUAL_PROFILE) == 0))
    return begin_itself (sign_in, request);
  if (connection->listener != CAIRN_HTTP_UNIX && !connection->is_tls && !connection->is_loopback)
    request->refusal = unprotected;
  else if (framing->has_two_authorizations)
    request->refusal = malformed;
  if (request->refusal.status)
    {
      g_atomic_int_inc (&sign_in->n_refused);
      return TRUE;
    }
  if (http_authority_has_changed (sign_in->authority))
    reload_by_itself (sign_in);
  http_verified_cache_digest (sign_in->cache, header, digest);
  request->verified = http_verified_cache_find (sign_in->cache, digest);
  return request->verified || begin_password (sign_in, request, header, digest);
}

int
http_sign_in_run_due (HttpSignIn *sign_in, gboolean is_ending)
{
  gint64 now_ms = g_get_monotonic_time () / 1000;
  int wait_ms = -1;

  g_mutex_lock (&sign_in->lock);
  while (!g_sequence_is_empty (sign_in->delayed))
    {
      GSequenceIter *first = g_sequence_get_begin_iter (sign_in->delayed);
      Check *check = g_sequence_get (first);

      if (!is_ending && check->due_ms > now_ms)
        {
          wait_ms = (int)(check->due_ms - now_ms);
          break;
        }
      g_sequence_remove (first);
      http_workers_push (sign_in->checkers, &check->task);
    }
  g_mutex_unlock (&sign_in->lock);
  return wait_ms;
}

/* ---- its life ---- */

gboolean
http_sign_in_reload (HttpSignIn *sign_in, GError **error)
{
  gboolean is_read = http_authority_load (sign_in->authority, error);

  http_verified_cache_clear (sign_in->cache);
  return is_read;
}

HttpSignIn *
http_sign_in_new (const CairnHttpOptions *options, void (*wake) (gpointer user), gpointer user,
                  GError **error)
{
  HttpSignIn *sign_in = g_new0 (HttpSignIn, 1);

  g_mutex_init (&sign_in->lock);
  sign_in->wake = wake;
  sign_in->user = user;
  sign_in->under_way = g_hash_table_new (http_digest_hash, http_digest_equal);
  sign_in->delayed = g_sequence_new (NULL);
  sign_in->back_off = http_back_off_new ();
  sign_in->authority = http_authority_new (options, error);
  if (sign_in->authority)
    sign_in->cache = http_verified_cache_new (error);
  if (sign_in->cache)
    sign_in->checkers = http_workers_new (N_CHECKERS, CHECKS_MAX, error);
  if (!sign_in->checkers)
    g_clear_pointer (&sign_in, http_sign_in_free);
  return sign_in;
}

void
http_sign_in_free (HttpSignIn *sign_in)
{
  if (!sign_in)
    return;
  http_workers_free (sign_in->checkers);
  g_hash_table_unref (sign_in->under_way);
  g_sequence_free (sign_in->delayed);
  http_back_off_free (sign_in->back_off);
  http_verified_cache_free (sign_in->cache);
  http_authority_free (sign_in->authority);
  g_mutex_clear (&sign_in->lock);
  g_free (sign_in);
}

void
http_sign_in_count (HttpSignIn *sign_in, CairnHttpCounts *counts)
{
  counts->refused_sign_ins += (guint)g_atomic_int_get (&sign_in->n_refused);
  counts->checked_passwords += (guint)g_atomic_int_get (&sign_in->n_checked);
}
