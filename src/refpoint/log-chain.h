/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* log-chain.h: the logs that lead from one point to a later, log-based one.
 *
 *       L1        B   L2        L3        P          L: log-based, B: any
 *   ----+---------+----+---------+--------+---->
 *        [  log of L2  ][ of L3 ][  of P  ]          the chain from B to P
 *
 * Each log's manifest says where it begins; the chain is followed from its end until a log begins
 * at or before B. What changed between there and B is in it needlessly, with the content that it
 * has at P.
 */
#ifndef CAIRN_LOG_CHAIN_H
#define CAIRN_LOG_CHAIN_H

#include "refpoint/data.h"
#include "refpoint/engine.h"

typedef struct
{
  CairnPoint *point; /* owned */
  char *directory;   /* owned */
  CairnDataManifest *manifest;
} CairnLog;

typedef struct
{
  CairnService *service;         /* borrowed */
  const CairnDataModule *module; /* the caller sets it */
  CairnPoint *base;              /* owned; NULL = the chain is one log, from where that begins */
  char *base_id;                 /* owned; NULL = there is none, and no data */
  GPtrArray *logs; /* of CairnLog, owned, newest first: the first is the point's own */
} CairnLogChain;

/* POINT and SINCE (may be NULL): InstanceIDs or GUIDs. Errors: those of cairn_service_export_log.
 * The caller clears it, also after a failure. */
gboolean cairn_log_chain_find (CairnLogChain *chain, CairnService *service, const char *point,
                               const char *since, GError **error);
void cairn_log_chain_clear (CairnLogChain *chain);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CairnLogChain, cairn_log_chain_clear)

/* INVALID_STATE unless a backup as of the base has the disk of POINT's that is called TARGET: it
 * may have been another one then, or not there. */
gboolean cairn_log_chain_check_disk (const CairnLogChain *chain, const char *target,
                                     int64_t deadline, GError **error);

#endif
