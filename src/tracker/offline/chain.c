/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walks the backing chain. */
#include "tracker/offline/chain.h"

#include <string.h>

#include "tracker/offline/backing.h"

/* Longer chains than QEMU can open without running out of files; also ends a loop. */
#define MAX_LAYERS 200u

CairnChain *
cairn_chain_open (const char *path)
{
  CairnChain *chain = g_new0 (CairnChain, 1);

  chain->layers = cairn_layers_new ();
  g_ptr_array_add (chain->layers, cairn_layer_open (path));
  return chain;
}

void
cairn_chain_free (CairnChain *chain)
{
  if (!chain)
    return;
  g_ptr_array_unref (chain->layers);
  g_free (chain->reason);
  g_free (chain);
}

/* Nothing that could have a bitmap comes after the last layer. */
static void
end_whole (CairnChain *chain, gboolean is_over_other)
{
  chain->is_complete = TRUE;
  chain->end = CAIRN_CHAIN_WHOLE;
  chain->is_over_other = is_over_other;
}

/* What comes after it can't be told. */
static void
end_unknown (CairnChain *chain, CairnChainEnd end, CairnVerdict verdict, const char *cause)
{
  const CairnImage *active = cairn_chain_top (chain)->image;

  chain->is_complete = TRUE;
  chain->end = end;
  chain->is_over_other = TRUE;
  chain->verdict = verdict;
  chain->reason
      = g_strdup_printf ("image '%s' lies over a backing image, and %s", active->path, cause);
}

/* Adds the image at PATH, or ends the chain before it. */
static void
add_layer (CairnChain *chain, const char *path)
{
  g_autoptr (CairnLayer) layer = cairn_layer_open (path);
  const CairnImage *image = layer->image;
  /* Version 2 keeps no bitmaps, but what is below it may. */
  gboolean is_qcow2 = strcmp (image->format, "qcow2") == 0;

  if (image->verdict == CAIRN_VERDICT_TRACKED
      || (image->verdict == CAIRN_VERDICT_UNSUPPORTED_FORMAT && image->qcow2))
    g_ptr_array_add (chain->layers, g_steal_pointer (&layer));
  else if (image->verdict == CAIRN_VERDICT_UNSUPPORTED_FORMAT && !is_qcow2)
    end_whole (chain, TRUE);
  else
    end_unknown (chain, CAIRN_CHAIN_BROKEN, image->verdict, image->reason);
}

gboolean
cairn_chain_complete (CairnChain *chain, int64_t deadline, GError **error)
{
  while (!chain->is_complete)
    {
      CairnLayer *last = chain->layers->pdata[chain->layers->len - 1];
      const char *name, *format;
      g_autofree char *path = NULL;

      if (!cairn_layer_get_backing (last, &name, &format, deadline, error))
        return FALSE;
      path = name ? cairn_backing_path (last->image->path, name) : NULL;
      if (!name || g_strcmp0 (format, "raw") == 0)
        end_whole (chain, name != NULL);
      else if (!path)
        end_unknown (
            chain, CAIRN_CHAIN_ELSEWHERE, CAIRN_VERDICT_UNREADABLE,
            "that isn't a file which could be looked at; flatten it with 'virsh blockpull' "
            "or 'qemu-img convert', then take a full backup and create a new reference "
            "point");
      else if (chain->layers->len == MAX_LAYERS)
        end_unknown (chain, CAIRN_CHAIN_BROKEN, CAIRN_VERDICT_UNREADABLE,
                     "its chain is longer than any QEMU opens, or bites its tail; correct it with "
                     "'qemu-img rebase -u'");
      else
        add_layer (chain, path);
    }
  return TRUE;
}
