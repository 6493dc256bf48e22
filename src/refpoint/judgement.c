/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Verdicts that all trackers give alike. */
#include "refpoint/judgement.h"

void
cairn_judgement_set (CairnJudgement *judgement, CairnVerdict verdict, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_free (judgement->reason);
  judgement->reason = g_strdup_vprintf (format, arguments);
  judgement->verdict = verdict;
  judgement->dirty_bytes = 0;
  va_end (arguments);
}

gboolean
cairn_judgement_refuse_size (CairnJudgement *judgement, const char *path, const CairnAnchor *anchor,
                             uint64_t size_bytes)
{
  if (size_bytes == anchor->virtual_size_bytes)
    return FALSE;
  cairn_judgement_set (judgement, CAIRN_VERDICT_SIZE_DIFFERS,
                       "image '%s' has a virtual size of %" G_GUINT64_FORMAT
                       " bytes, and %" G_GUINT64_FORMAT " at the reference point; attach the right "
                       "image, or " CAIRN_ANCHOR_AGAIN,
                       path, size_bytes, anchor->virtual_size_bytes);
  return TRUE;
}

gboolean
cairn_judgement_refuse_flags (CairnJudgement *judgement, const char *path,
                              const CairnAnchor *anchor, const CairnBitmapFlags *flags)
{
  if (flags->is_in_use)
    cairn_judgement_set (
        judgement, CAIRN_VERDICT_IN_USE,
        "bitmap '%s' in image '%s' was left in use by a crash of QEMU, so it lacks "
        "changes; " CAIRN_ANCHOR_AGAIN,
        anchor->bitmap, path);
  else if (flags->granularity_bytes != anchor->granularity_bytes)
    cairn_judgement_set (judgement, CAIRN_VERDICT_GRANULARITY_DIFFERS,
                         "bitmap '%s' in image '%s' has a granularity of %" G_GUINT64_FORMAT
                         " bytes instead of %" G_GUINT64_FORMAT
                         ", so it isn't the one that was made; " CAIRN_ANCHOR_AGAIN,
                         anchor->bitmap, path, flags->granularity_bytes, anchor->granularity_bytes);
  else if (!flags->is_recording)
    cairn_judgement_set (
        judgement, CAIRN_VERDICT_DISABLED,
        "bitmap '%s' in image '%s' was disabled, so it lacks changes; " CAIRN_ANCHOR_AGAIN,
        anchor->bitmap, path);
  else
    return FALSE;
  return TRUE;
}

void
cairn_vm_state_clear (CairnVmState *state)
{
  g_free (state->definition);
  g_free (state->nvram_path);
  g_free (state->tpm_directory);
  *state = (CairnVmState){ 0 };
}
