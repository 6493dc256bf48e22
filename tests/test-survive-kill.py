#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 of cairn at every step: every system call that changes something.

Each operation is killed right after every one of its steps, and also right before those during
which a qemu-storage-daemon of its own is at work (elsewhere nothing happens between the end of one
step and the begin of the next). Then cairn is used again: the point is there whole or not at all.
"""
from killwalk import *

for scene_class in [*SCENES, Adopt]:
    walks(scene_class)


# ---- killed while recovering ----

def recovery_part(part, number, cls, way, first, steps):
    scene = cls(number)
    for place in part:
        scene.reset()
        true(way.kill(scene, scene.args(), *first), "the operation wasn't killed")
        way.kill(scene, ["list"], *place)
        try:
            scene.check()
        except Exception as problem:
            raise Failure(f"recovery of {where(way, scene, steps, place)}: {problem}") from problem


def recovery_walk(cls, find):
    """Kills CLS at the place that FIND chooses, then its recovery at every step."""
    way = killer()
    scene = cls("count")
    steps = way.count(scene, scene.args())
    first = find([name for name, _ in steps])
    scene.reset()
    true(way.kill(scene, scene.args(), *first), "the operation wasn't killed")
    recovery = way.count(scene, ["list"])
    share(places(recovery), recovery_part, cls, way, first, recovery)
    print(f"# {scene.name}: recovery has {len(recovery)} steps", flush=True)
    scene.reset()
    idle = way.count(scene, ["list"])
    true(len(recovery) > len(idle), "there was nothing to recover")


def needs_names():
    if killer().name != "ptrace":
        skip("steps have no names without ptrace")


def last(names, name):
    return len(names) - names[::-1].index(name)


@test("a recovery that is killed at any step is made up for")
def recovery():
    needs_names()
    # After the daemon has ended the bitmaps are there, and the point isn't yet.
    recovery_walk(Create, lambda names: (last(names, "wait4"), False))
    # The point is gone, its bitmaps aren't: before the daemon is started.
    recovery_walk(Destroy, lambda names: (names.index("socketpair") + 1, False))
    # One of the two files is in its place.
    recovery_walk(ExportOver, lambda names: (names.index("rename") + 1, False))


# ---- and the test can fail ----


@test("without recovery the same walk fails")
def without_recovery():
    for cls in [Create, Destroy, Export, ExportOver]:
        has_failing_step(cls)


main()
