/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* frozen.h: all disks of a VM as they were at one moment, as long as it lasts.
 */
#ifndef CAIRN_FROZEN_H
#define CAIRN_FROZEN_H

#include "refpoint/view.h"

typedef struct CairnFrozen CairnFrozen;
struct CairnFrozen
{
  GPtrArray *views; /* of CairnView, in the order of the disks asked for */

  /* Ends it, closes the views and frees. */
  void (*end) (CairnFrozen *frozen);
};

#endif
