/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* chain.h: the images of a disk, from the active one down its backing chain. */
#ifndef CAIRN_OFFLINE_CHAIN_H
#define CAIRN_OFFLINE_CHAIN_H

#include "tracker/offline/layer.h"

typedef enum
{
  CAIRN_CHAIN_WHOLE,     /* below the last layer there is nothing that could have a bitmap */
  CAIRN_CHAIN_ELSEWHERE, /* below it is an image that isn't a file of this host */
  CAIRN_CHAIN_BROKEN,    /* below it is an image that can't be looked at */
} CairnChainEnd;

typedef struct
{
  GPtrArray *layers;    /* of CairnLayer: those opened so far, the active one first */
  gboolean is_complete; /* no other is to be opened; what follows says what is below the last */
  CairnChainEnd end;
  gboolean is_over_other; /* below the last layer is one more image, of another kind */
  CairnVerdict verdict;   /* unless WHOLE: why what lies below can't be told... */
  char *reason;           /* ...in one sentence */
} CairnChain;

/* Opens the image at PATH, alone. Never NULL. */
CairnChain *cairn_chain_open (const char *path);
void cairn_chain_free (CairnChain *chain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CairnChain, cairn_chain_free)

/* Opens those below too. The active one must be TRACKED. Errors: qcow2.h. */
gboolean cairn_chain_complete (CairnChain *chain, int64_t deadline, GError **error);

/* The active layer. */
static inline CairnLayer *
cairn_chain_top (const CairnChain *chain)
{
  return chain->layers->pdata[0];
}

#endif
