/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What decides who somebody is. */
#include "http/authority.h"

#include "http/client-certificate.h"
#include "http/pam.h"
#include "http/password-file.h"

#define PAM_SERVICE "cairnd"

struct HttpAuthority
{
  const CairnHttpOptions *options;
  HttpPasswordFile *password_file;      /* NULL = PAM */
  HttpClientCertificates *certificates; /* NULL = none are asked for */
};

/* A Unix socket's callers need no password. */
static gboolean
takes_passwords (const CairnHttpOptions *options)
{
  for (int i = 0; i < CAIRN_HTTP_N_LISTENERS; i++)
    if (i != CAIRN_HTTP_UNIX && i != CAIRN_HTTP_METRICS
        && ((options->addresses[i] && *options->addresses[i]) || options->sockets[i] >= 0))
      return TRUE;
  return FALSE;
}

gboolean
http_authority_can_judge (const CairnHttpOptions *options, GError **error)
{
  return options->password_file || !takes_passwords (options)
         || http_pam_has_service (options->pam_service ? options->pam_service : PAM_SERVICE,
                                  options->pam_directory, error);
}

static gboolean
open_files (HttpAuthority *authority, GError **error)
{
  const CairnHttpOptions *options = authority->options;

  if (options->password_file)
    {
      authority->password_file = http_password_file_new (options->password_file, error);
      if (!authority->password_file)
        return FALSE;
    }
  if (options->client_ca_file)
    {
      authority->certificates
          = http_client_certificates_new (options->client_ca_file, options->client_map_file, error);
      if (!authority->certificates)
        return FALSE;
    }
  return TRUE;
}

HttpAuthority *
http_authority_new (const CairnHttpOptions *options, GError **error)
{
  HttpAuthority *authority = g_new0 (HttpAuthority, 1);

  authority->options = options;
  if (!open_files (authority, error))
    g_clear_pointer (&authority, http_authority_free);
  return authority;
}

void
http_authority_free (HttpAuthority *authority)
{
  if (!authority)
    return;
  http_password_file_free (authority->password_file);
  http_client_certificates_free (authority->certificates);
  g_free (authority);
}

gboolean
http_authority_load (HttpAuthority *authority, GError **error)
{
  if (authority->password_file && !http_password_file_load (authority->password_file, error))
    return FALSE;
  return !authority->certificates || http_client_certificates_load (authority->certificates, error);
}

gboolean
http_authority_has_changed (HttpAuthority *authority)
{
  return authority->password_file && http_password_file_has_changed (authority->password_file);
}

CairnCaller *
http_authority_of_password (HttpAuthority *authority, const HttpBasic *basic, const char *peer,
                            GError **error)
{
  const CairnHttpOptions *options = authority->options;
  gboolean is_right
      = authority->password_file
            ? http_password_file_check (authority->password_file, basic, error)
            : http_pam_check (options->pam_service ? options->pam_service : PAM_SERVICE,
                              options->pam_directory, basic, peer, error);

  return is_right ? cairn_caller_new_user (basic->user) : NULL;
}

CairnCaller *
http_authority_of_certificate (HttpAuthority *authority, GPtrArray *chain, GError **error)
{
  g_autofree char *user = http_client_certificates_user (authority->certificates, chain, error);

  return user ? cairn_caller_new_user (user) : NULL;
}

CairnCaller *
http_authority_of_process (HttpAuthority *authority, const struct ucred *process)
{
  return cairn_caller_new_process (process->uid, process->gid);
}
