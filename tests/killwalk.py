# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 at the steps of an operation: every system call that changes something.

Each operation is killed right after its steps, and also right before those during which a
qemu-storage-daemon of its own is at work (elsewhere nothing happens between the end of one step and
the begin of the next). Then cairn is used again, and the scene says what must hold.
"""
import random
import subprocess

from survive import *


# ---- running under the stepper, or under the library where tracing isn't allowed ----

def _spawn(scene, prefix, args, more=None):
    command = prefix + [CAIRN, "--store", scene.host.store, "--json", *args]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                          env=environment(**(more or {})), cwd=scene.host.dir, timeout=60,
                          check=False)


class Traced:
    """Steps are told by ptrace."""
    name = "ptrace"

    def count(self, scene, args):
        """[(name, whether a child lived)] of each step."""
        log = scene.host.path("steps")
        done = _spawn(scene, [STEPPER, "--log", log], args)
        true(done.returncode == 0, f"{args} under the stepper: {done}")
        with open(log) as lines:
            steps = [line.split() for line in lines]
        os.unlink(log)
        return [(step[1], "child" in step) for step in steps]

    def kill(self, scene, args, number, before):
        more = ["--before"] if before else []
        done = _spawn(scene, [STEPPER, "--kill-at", str(number), *more], args)
        return done.returncode == 137


class Preloaded:
    """Steps are calls of libc's functions, told by a preloaded library."""
    name = "LD_PRELOAD"

    def _run(self, scene, args, **more):
        options = "verify_asan_link_order=0:detect_leaks=0:exitcode=99"
        return _spawn(scene, [], args, {"LD_PRELOAD": FAULTS, "FAULT_IN": CAIRN_NAME,
                                        "ASAN_OPTIONS": options, **more})

    def count(self, scene, args):
        log = scene.host.path("steps")
        done = self._run(scene, args, FAULT_KIND="after", FAULT_LOG=log)
        true(done.returncode == 0, f"{args} with the library: {done}")
        with open(log) as text:
            number = int(text.read().split()[0])
        os.unlink(log)
        # Which of them have a child isn't known here: all are taken for such.
        return [("call", True)] * number

    def kill(self, scene, args, number, before):
        done = self._run(scene, args, FAULT_KIND="before" if before else "after",
                         FAULT_AT=str(number))
        return done.returncode == -9


def killer():
    """The way that works here."""
    done = subprocess.run([STEPPER, "true"], capture_output=True, check=False)
    return Preloaded() if done.returncode == 77 else Traced()


# ---- the walks ----

def places(steps):
    """(step, before) of every place to kill at."""
    return ([(n, False) for n in range(1, len(steps) + 1)]
            + [(n, True) for n in range(1, len(steps) + 1) if steps[n - 1][1]])


def where(way, scene, steps, place):
    name = steps[place[0] - 1][0]
    return f"{scene.name}: killed {'before' if place[1] else 'after'} step {place[0]} ({name})"


def walk_part(part, number, cls, way, steps, env=None):
    """Kills the operation at each place of PART. Gives how often it was killed."""
    scene = cls(number, env)
    n_killed = 0
    for place in part:
        scene.reset()
        n_killed += way.kill(scene, scene.args(), *place)
        try:
            scene.check()
            if not env:
                scene.go_on(place[0])
        except Exception as problem:
            raise Failure(f"{where(way, scene, steps, place)}: {problem}") from problem
    return n_killed


def sample(items, every):
    """One of EVERY, from a place that another run chooses differently."""
    return items[random.randrange(every)::every]


def walk(cls, every):
    way = killer()
    scene = cls("count")
    steps = way.count(scene, scene.args())
    kills = sample(places(steps), every)
    n_killed = sum(share(kills, walk_part, cls, way, steps))
    print(f"# {scene.name}: {len(steps)} steps ({way.name}), killed at {n_killed} of "
          f"{len(kills)} places", flush=True)
    true(len(steps) > 20, "too few steps to be true")
    # The wait for the daemon takes more steps at one time than at another.
    true(n_killed > len(kills) * 0.9, "the operation ended before it was killed")


def walks(cls, every=1):
    @test(f"{cls.name}: kill -9 at every step")
    def one():
        walk(cls, every)
    one.__name__ = cls.name.replace("-", "_")


def has_failing_step(cls, every=1):
    """Without recovery the walk must fail, or it proves nothing."""
    way = killer()
    scene = cls("count")
    steps = way.count(scene, scene.args())
    try:
        share(sample(places(steps), every), walk_part, cls, way, steps, {"CAIRN_RECOVERY": "off"})
    except Failure as problem:
        print(f"# without recovery: {str(problem).splitlines()[0][:200]}", flush=True)
        return
    fail(f"{cls.name} survives without recovery, so this test proves nothing")
