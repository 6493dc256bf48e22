/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* refusal.h: why a qemu-storage-daemon (QSD) didn't open an image of its command line. */
#ifndef CAIRN_QSD_REFUSAL_H
#define CAIRN_QSD_REFUSAL_H

#include <glib.h>

/* Looks in WORDS, what QSD said on its standard error, for its complaint about OPTION, the value of
 * the --blockdev that it was given for the image at PATH. TRUE: it is there, and ERROR tells it:
 * INVALID_STATE when the image is damaged, FAILED when something around it is the cause. */
gboolean cairn_refusal_find (const char *words, const char *option, const char *path,
                             GError **error);

#endif
