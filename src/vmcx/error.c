/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* error.c: VMCX_ERROR, an extended GError that carries the offset and errno, and its sentences. */
#include "error.h"

#include <errno.h>

typedef struct
{
  int64_t offset; /* bytes from the start of the file; -1 = the error isn't about a place */
  int errnum;     /* 0 = no system call failed */
} VmcxErrorPrivate;

static void
vmcx_error_private_init (VmcxErrorPrivate *self)
{
  self->offset = -1;
  self->errnum = 0;
}

static void
vmcx_error_private_copy (const VmcxErrorPrivate *source, VmcxErrorPrivate *target)
{
  *target = *source;
}

static void
vmcx_error_private_clear (VmcxErrorPrivate *self)
{
}

G_DEFINE_EXTENDED_ERROR (VmcxError, vmcx_error)

int64_t
vmcx_error_get_offset (const GError *error)
{
  return g_error_matches (error, VMCX_ERROR, error ? error->code : 0)
             ? vmcx_error_get_private (error)->offset
             : -1;
}

int
vmcx_error_get_errno (const GError *error)
{
  return g_error_matches (error, VMCX_ERROR, VMCX_ERROR_IO) ? vmcx_error_get_private (error)->errnum
                                                            : 0;
}

char *
vmcx_quote (const char *text)
{
  g_autofree char *printable = g_filename_display_name (text);
  char not_escaped[0x80 + 3];
  size_t n = 0;

  for (int byte = 0x80; byte < 0x100; byte++)
    not_escaped[n++] = (char)byte;
  not_escaped[n++] = '\\';
  not_escaped[n++] = '"';
  not_escaped[n] = '\0';
  return g_strescape (printable, not_escaped);
}

static GError *
error_new (VmcxError code, const char *message, int64_t offset, int errnum)
{
  GError *fresh = g_error_new_literal (VMCX_ERROR, code, message);
  VmcxErrorPrivate *place = vmcx_error_get_private (fresh);

  place->offset = offset;
  place->errnum = errnum;
  return fresh;
}

gboolean
vmcx_refuse (GError **error, VmcxError code, const char *name, uint64_t offset, const char *object,
             const char *remedy, const char *cause, ...)
{
  g_autofree char *quoted = NULL, *reason = NULL, *message = NULL;
  va_list args;

  if (!error)
    return FALSE;
  va_start (args, cause);
  reason = g_strdup_vprintf (cause, args);
  va_end (args);
  quoted = vmcx_quote (name);
  message = g_strdup_printf ("'%s': %s at offset 0x%" G_GINT64_MODIFIER "x: %s; %s", quoted, object,
                             offset, reason, remedy);
  g_propagate_error (error, error_new (code, message, (int64_t)MIN (offset, INT64_MAX), 0));
  return FALSE;
}

static const char *
remedy_for_errno (int errnum)
{
  switch (errnum)
    {
    case ENOENT:
      return "check the path";
    case EACCES:
    case EPERM:
    case EROFS:
      return "check the permissions";
    case ENOSPC:
    case EDQUOT:
      return "free some space and try again";
    case EEXIST:
      return "choose another path or remove the file first";
    default:
      return "check the file and the storage below it";
    }
}

gboolean
vmcx_refuse_io (GError **error, const char *name, const char *verb, int errnum)
{
  g_autofree char *quoted = NULL, *message = NULL;

  if (!error)
    return FALSE;
  quoted = vmcx_quote (name);
  message = g_strdup_printf ("'%s': can't %s: %s; %s", quoted, verb, g_strerror (errnum),
                             remedy_for_errno (errnum));
  g_propagate_error (error, error_new (VMCX_ERROR_IO, message, -1, errnum));
  return FALSE;
}

gboolean
vmcx_refuse_plain (GError **error, VmcxError code, const char *name, const char *remedy,
                   const char *cause, ...)
{
  g_autofree char *quoted = NULL, *reason = NULL, *message = NULL;
  va_list args;

  if (!error)
    return FALSE;
  va_start (args, cause);
  reason = g_strdup_vprintf (cause, args);
  va_end (args);
  quoted = vmcx_quote (name);
  message = g_strdup_printf ("'%s': %s; %s", quoted, reason, remedy);
  g_propagate_error (error, error_new (code, message, -1, 0));
  return FALSE;
}

gboolean
vmcx_refuse_null (GError **error, const char *call, const char *argument)
{
  g_set_error (error, VMCX_ERROR, VMCX_ERROR_ARGUMENT, "%s: argument '%s' is NULL; give one", call,
               argument);
  return FALSE;
}
