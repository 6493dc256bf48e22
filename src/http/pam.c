/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Does PAM let this user in? */
#include "http/pam.h"

#include <security/pam_appl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cairn/error.h>

static void
drop_answers (struct pam_response *answers, int n)
{
  for (int i = 0; i < n; i++)
    if (answers[i].resp)
      {
        explicit_bzero (answers[i].resp, strlen (answers[i].resp));
        free (answers[i].resp);
      }
  free (answers);
}

/* Whatever is asked without echo is the password; there is nobody whom anything else could be
 * asked. PAM frees the answers with free. */
static int
converse (int n, const struct pam_message **messages, struct pam_response **out_answers, void *user)
{
  const char *password = user;
  struct pam_response *answers;

  if (n <= 0 || n > PAM_MAX_NUM_MSG)
    return PAM_CONV_ERR;
  answers = calloc ((size_t)n, sizeof *answers);
  if (!answers)
    return PAM_BUF_ERR;
  for (int i = 0; i < n; i++)
    if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF)
      answers[i].resp = strdup (password);
    else if (messages[i]->msg_style == PAM_PROMPT_ECHO_ON)
      {
        drop_answers (answers, n);
        return PAM_CONV_ERR;
      }
  *out_answers = answers;
  return PAM_SUCCESS;
}

/* Our own back-off waits without a thread for it. */
static void
no_delay (int result, unsigned usec, void *user)
{
}

/* A name that PAM maps to another would have that other's rights under ours. */
static gboolean
is_still (pam_handle_t *pam, const char *user)
{
  const void *name = NULL;

  return pam_get_item (pam, PAM_USER, &name) == PAM_SUCCESS && name && strcmp (name, user) == 0;
}

static int
ask (pam_handle_t *pam, const HttpBasic *basic, const char *peer)
{
  g_autofree char *host = g_strndup (peer, strcspn (peer, peer[0] == '[' ? "]" : ":"));
  union
  {
    void (*function) (int, unsigned, void *);
    const void *item;
  } delay = { .function = no_delay };
  int result;

  pam_set_item (pam, PAM_FAIL_DELAY, delay.item);
  pam_set_item (pam, PAM_RHOST, host[0] == '[' ? host + 1 : host);
  result = pam_authenticate (pam, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK);
  if (result == PAM_SUCCESS)
    result = pam_acct_mgmt (pam, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK);
  if (result == PAM_SUCCESS && !is_still (pam, basic->user))
    result = PAM_USER_UNKNOWN;
  return result;
}

/* It isn't the user's fault. Modules give PAM_SYSTEM_ERR for either. */
static gboolean
is_trouble (int result)
{
  switch (result)
    {
    case PAM_OPEN_ERR:
    case PAM_SYMBOL_ERR:
    case PAM_SERVICE_ERR:
    case PAM_BUF_ERR:
    case PAM_AUTHINFO_UNAVAIL:
    case PAM_ABORT:
    case PAM_MODULE_UNKNOWN:
      return TRUE;
    default:
      return FALSE;
    }
}

/* As PAM reads it: what isn't a file that can be read isn't there. */
static gboolean
has_file (const char *directory, const char *service)
{
  g_autofree char *lower = g_ascii_strdown (service, -1); /* PAM's own habit */
  g_autofree char *path = g_build_filename (directory, lower, NULL);

  return g_file_test (path, G_FILE_TEST_IS_REGULAR) && access (path, R_OK) == 0;
}

gboolean
http_pam_has_service (const char *service, const char *directory, GError **error)
{
  if (!*service || *service == '.' || strchr (service, '/'))
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_INVALID_PARAMETER,
                 "'%s' is no name of a PAM service; give that of a file in %s, without a path",
                 service, directory ? directory : "/etc/pam.d");
  else if (directory ? !has_file (directory, service)
                     : !has_file ("/etc/pam.d", service) && !has_file ("/usr/lib/pam.d", service))
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_FILE_NOT_FOUND,
                 "PAM service file '%s/%s' isn't there or can't be read, so that PAM would let in "
                 "by the rules of 'other'; install it, or set a password file",
                 directory ? directory : "/etc/pam.d", service);
  else
    return TRUE;
  return FALSE;
}

static gboolean
check (const char *service, const char *directory, const HttpBasic *basic, const char *peer,
       GError **error)
{
  struct pam_conv conversation = { converse, basic->password };
  pam_handle_t *pam = NULL;
  int result = directory ? pam_start_confdir (service, basic->user, &conversation, directory, &pam)
                         : pam_start (service, basic->user, &conversation, &pam);

  if (result == PAM_SUCCESS)
    result = ask (pam, basic, peer);
  if (result != PAM_SUCCESS && !is_trouble (result))
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_ACCESS_DENIED, "PAM service '%s' says: %s",
                 service, pam_strerror (pam, result));
  else if (result != PAM_SUCCESS)
    g_set_error (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE,
                 "PAM service '%s' can't check a password: %s; look at its file and PAM's log",
                 service, pam_strerror (pam, result));
  if (pam)
    pam_end (pam, result);
  return result == PAM_SUCCESS;
}

gboolean
http_pam_check (const char *service, const char *directory, const HttpBasic *basic,
                const char *peer, GError **error)
{
  g_autoptr (GError) missing = NULL;

  if (http_pam_has_service (service, directory, &missing))
    return check (service, directory, basic, peer, error);
  g_set_error_literal (error, CAIRN_ERROR, CAIRN_ERROR_SYSTEM_NOT_AVAILABLE, missing->message);
  return FALSE;
}
