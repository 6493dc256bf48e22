#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The n-th write, sync, rename ... fails, of cairn or of its qemu-storage-daemon; the n-th allocation
fails: for every n until the operation succeeds untouched (of allocations, for some n; for every one
with CAIRN_EVERY_ALLOCATION=1). It ends by the contract, and after a
`cairn list` without faults the store, the images and the files agree."""
import subprocess

from survive import *

QSD_NAME = "qemu-storage-daemon"
# An operation makes some 3,000 allocations: every one of them on demand, else so many of each.
EVERY_ALLOCATION = "CAIRN_EVERY_ALLOCATION" in os.environ
SOME_ALLOCATIONS = 120
SANITIZER = "verify_asan_link_order=0:detect_leaks=0:allocator_may_return_null=1"

# (what goes wrong, in which program, and whether it stays wrong)
FILE_FAULTS = [("ENOSPC", CAIRN_NAME, True), ("EIO", CAIRN_NAME, True), ("EIO", CAIRN_NAME, False),
               ("short", CAIRN_NAME, False)]
QSD_FAULTS = [("ENOSPC", QSD_NAME, True), ("EIO", QSD_NAME, False), ("short", QSD_NAME, False),
              ("after", QSD_NAME, False)]


def faulty(kind, program, stays, number):
    more = {"FAULT_ON": "1"} if stays else {}
    return {"LD_PRELOAD": FAULTS, "FAULT_IN": program, "FAULT_KIND": kind, "FAULT_AT": str(number),
            "FAULT_FILES": "1", "ASAN_OPTIONS": "exitcode=99:" + SANITIZER, **more}


def by_contract(result):
    """A command that met a fault ends well or as a failure does; TRUE: well."""
    true(result.status in (0, 1), f"status: {result}")
    if result.status == 0:
        equal(result.err, "", f"standard error: {result}")
        return True
    one_line(result)
    true(isinstance(result.json, dict) and result.json.get("ReturnValue", 0) >= 32768,
         f"answer: {result}")
    return False


def judge(scene, result, number):
    """What holds after RESULT and a command without faults."""
    good = by_contract(result)
    points = scene.check()
    if good:
        true(scene.happened(points), f"said to be done, but isn't: {result}")
    if number % 4 == 0:
        scene.go_on(number)
    return good


# ---- writing ----

def count_calls(scene, kind, program):
    """How many calls an operation makes that such a fault could hit."""
    scene.reset()
    log = scene.host.path("calls")
    env = {**faulty(kind, program, False, 0), "FAULT_LOG": log}
    true(scene.host.cairn("--json", *scene.args(), env=env).status == 0, "it works without faults")
    with open(log) as text:
        count = text.read().split()
    os.unlink(log)
    return int(count[0]) if count[0].isdigit() else 0


def fail_part(part, worker, cls):
    scene = cls(worker)
    n_failed = 0
    for kind, program, stays, number in part:
        scene.reset()
        result = scene.host.cairn("--json", *scene.args(), env=faulty(kind, program, stays, number))
        try:
            n_failed += not judge(scene, result, number)
        except Exception as problem:
            more = " and all after it" if stays else ""
            raise Failure(f"{scene.name}, {kind} at call {number}{more} of {program}: {problem}\n"
                          f"  {result}") from problem
    return n_failed


def fail_each(cls):
    scene = cls("count")
    faults = FILE_FAULTS + (QSD_FAULTS if scene.changes_images else [])
    places, told = [], []
    for kind, program, stays in faults:
        n_calls = count_calls(scene, kind, program)
        true(n_calls > 3, f"{kind} of {program}: only {n_calls} calls")
        # One more than there are: the operation succeeds then.
        places += [(kind, program, stays, number) for number in range(1, n_calls + 2)]
        told.append(f"{n_calls} {program} {kind}{'...' if stays else ''}")
    n_failed = sum(share(places, fail_part, cls))
    print(f"# {scene.name}: {', '.join(told)}; {n_failed} of {len(places)} runs failed", flush=True)
    true(n_failed > 0, "no fault had a consequence")


def write_tests(cls):
    @test(f"{cls.name}: the n-th write or sync fails")
    def one():
        fail_each(cls)
    one.__name__ = cls.name.replace("-", "_")


for scene_class in SCENES:
    write_tests(scene_class)


# ---- memory ----

def count_allocations(scene):
    scene.reset()
    log = scene.host.path("calls")
    env = {"LD_PRELOAD": ALLOCATIONS, "FAIL_COUNT": log}
    true(scene.host.cairn("--json", *scene.args(), env=env).status == 0, "it works without faults")
    with open(log) as text:
        count = int(text.read())
    os.unlink(log)
    return count


def memory_part(part, worker, cls):
    scene = cls(worker)
    n_failed = 0
    for number in part:
        scene.reset()
        result = scene.host.cairn("--json", *scene.args(),
                                  env={"LD_PRELOAD": ALLOCATIONS, "FAIL_AT": str(number)})
        try:
            n_failed += not judge(scene, result, number)
        except Exception as problem:
            raise Failure(f"{scene.name}, allocation {number}: {problem}\n  {result}") from problem
    return n_failed


def starve_each(cls):
    scene = cls("count")
    n_made = count_allocations(scene)
    stride = 1 if EVERY_ALLOCATION else n_made // SOME_ALLOCATIONS | 1
    # The last is one more than there are.
    places = [*range(1, n_made, stride), n_made, n_made + 1]
    n_failed = sum(share(places, memory_part, cls))
    print(f"# {scene.name}: {n_made} allocations, {n_failed} of {len(places)} runs failed",
          flush=True)
    true(n_failed > 0, "no fault had a consequence")


def memory_tests(cls):
    @test(f"{cls.name}: the n-th allocation fails")
    def one():
        starve_each(cls)
    one.__name__ = cls.name.replace("-", "_") + "_memory"


for scene_class in SCENES:
    memory_tests(scene_class)


@test("memory can't be mapped")
def unmappable():
    for cls in SCENES:
        scene = cls("map")
        for number in range(1, count_calls(scene, "ENOMEM", CAIRN_NAME) + 2):
            scene.reset()
            result = scene.host.cairn("--json", *scene.args(),
                                      env=faulty("ENOMEM", CAIRN_NAME, False, number))
            judge(scene, result, number)


# ---- nobody can be told ----

@test("standard output is full: status 1, one line, the state as after success or failure")
def full_output():
    for cls in SCENES:
        scene = cls("full")
        for json_option in [["--json"], []]:
            scene.reset()
            with open("/dev/full", "wb") as full:
                result = scene.host.cairn(*json_option, *scene.args(), stdout=full)
            equal(result.status, 1, f"status of {result}")
            one_line(result)
            scene.check()


main()
