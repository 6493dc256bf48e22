/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads passphrases from libvirt's secrets. */
#include "tracker/libvirt/secret.h"

#include <stdlib.h>
#include <string.h>

static void
wipe_and_free (gpointer data)
{
  GString *key = data;

  explicit_bzero (key->str, key->len);
  g_string_free (key, TRUE);
}

GBytes *
cairn_libvirt_secret_read (CairnLibvirt *libvirt, const CairnLibvirtDisk *disk)
{
  virConnectPtr conn = cairn_libvirt_connect (libvirt, NULL);
  virSecretPtr secret = NULL;
  unsigned char *value = NULL;
  size_t length = 0;
  GString *key;

  if (conn && disk->secret_is_usage)
    secret = virSecretLookupByUsage (conn, VIR_SECRET_USAGE_TYPE_VOLUME, disk->secret);
  else if (conn)
    secret = virSecretLookupByUUIDString (conn, disk->secret);
  if (secret)
    {
      value = virSecretGetValue (secret, &length, 0);
      virSecretFree (secret);
    }
  if (!value)
    return NULL;
  key = g_string_new_len ((const char *)value, (gssize)length);
  explicit_bzero (value, length);
  free (value);
  return g_bytes_new_with_free_func (key->str, key->len, wipe_and_free, key);
}
