#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 of a backup, and of what makes and removes logs, at their steps: a point with its files is there whole,
or not at all."""
from killwalk import *

# A backup has some hundred steps, most of them alike: one of so many is taken, another each run, and
# all of them on demand.
EVERY = 1 if "CAIRN_EVERY_STEP" in os.environ else 6

walks(Backup, EVERY)
walks(LogCreate, 2 * EVERY if EVERY > 1 else 1)
walks(LogDestroy, EVERY)
walks(LogRemove, EVERY)


@test("without recovery the same walk fails")
def without_recovery():
    has_failing_step(Backup, EVERY)
    has_failing_step(LogDestroy, EVERY)


main()
