/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sweep.h: the daemon ends what nobody holds any more, on a thread of its own: recovery checkpoints
 * whose holder died or whose lease is over, and what else operations that died left. */
#ifndef CAIRND_SWEEP_H
#define CAIRND_SWEEP_H

#include "provider/backend.h"

typedef struct CairndSweep CairndSweep;

/* BACKEND is borrowed. */
CairndSweep *cairnd_sweep_start (CairnBackend *backend);
void cairnd_sweep_stop (CairndSweep *sweep);

#endif
