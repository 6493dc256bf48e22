#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The n-th allocation of a command fails, for many n: it ends by the contract, never by a signal."""
import os

from cairntest import *

LIBRARY = os.environ.get("FAIL_ALLOCATION", os.path.join(SOURCE_ROOT, "build", "tests",
                                                         "libfail-allocation.so"))
SANITIZED = "address" in os.environ.get("CAIRN_SANITIZE", "")
RUNS = int(os.environ.get("CAIRN_MEMORY_RUNS", "30" if SANITIZED else "80"))


def preloaded(**more):
    """Environment changes that load the failing allocator."""
    options = "verify_asan_link_order=0:detect_leaks=0:allocator_may_return_null=1"
    return {"LD_PRELOAD": LIBRARY, "ASAN_OPTIONS": "exitcode=99:" + options, **more}


def allocations(host, args):
    """How many allocations a command makes that succeeds."""
    path = host.path("count")
    host.ok(*args, env=preloaded(FAIL_COUNT=path))
    with open(path) as count:
        return int(count.read())


def samples(n_made):
    """Which allocations to fail: the first ones, and others evenly over all."""
    if n_made <= RUNS:
        return range(1, n_made + 1)
    return sorted({*range(1, RUNS // 2), *range(RUNS // 2, n_made + 1, 2 * n_made // RUNS + 1)})


def fail_each(args, host, counted=None, finish=lambda host: None, modes=(False, True)):
    """Runs the command ARGS(HOST) once for each allocation; FINISH looks at the host after each run.
    COUNTED is another host like it, for a command that can be run only once."""
    n_made = allocations(counted or host, args(counted or host))
    print(f"# {n_made} allocations", flush=True)
    n_failed = 0
    for goes_on in modes:
        for at in samples(n_made):
            more = {"FAIL_ON": "1"} if goes_on else {}
            result = host.cairn("--json", *args(host), env=preloaded(FAIL_AT=str(at), **more))
            where = f"allocation {at}{' and all after it' if goes_on else ''}: {result}"
            if result.status == 0:
                equal(result.err, "", where)
            else:
                equal(result.status, 1, where)
                one_line(result)
                n_failed += 1
            true(result.json is not None, f"JSON: {where}")
            finish(host)
    true(n_failed > 0, "some allocation was missed")


# A stack that overflows is the sanitizer's to report; without one it is handled.
ONCE = (False,) if SANITIZED else (False, True)


def machine():
    host = Host()
    host.vm("vm", 2, "1M")
    return host


def pointed():
    host = machine()
    host.point = host.ok("create", "vm")["ReferencePoint"]
    write(host.path("vm-vda.qcow2"), 0, 65536)
    return host


@test("vmcx dump and check")
def containers():
    file = shared("data", "hyperv", "test.vmcx")
    fail_each(lambda host: ["vmcx", "dump", file], Host(), modes=ONCE)
    fail_each(lambda host: ["vmcx", "check", file], Host(), modes=ONCE)


@test("commands that only read")
def reading():
    same = pointed()
    for args in [lambda host: ["vm", "list"], lambda host: ["list", "vm"],
                 lambda host: ["changes", host.point], lambda host: ["check", "vm"]]:
        fail_each(args, same, modes=ONCE)


def consistent(host):
    """The points of the store are the bitmaps of the images."""
    points = [p["InstanceID"].split("\\")[1] for p in host.ok("list", "vm")]
    for name in ["vm-vda.qcow2", "vm-vdb.qcow2"]:
        equal(sorted(bitmaps(host.path(name))), points, f"bitmaps of {name}")
    for point in points:
        host.ok("destroy", point)


@test("create: a point is there whole or not at all")
def create():
    fail_each(lambda host: ["create", "vm"], machine(), machine(), consistent, modes=(False,))


@test("export and import")
def moving():
    same = pointed()
    answer = same.ok("export", same.point, same.dir)
    pair = [answer["ExportedConfigFilePath"], answer["ExportedRuntimeFilePath"]]
    fail_each(lambda host: ["export", host.point, host.dir], same, modes=ONCE)
    fail_each(lambda host: ["import", "vm", *pair], same, modes=ONCE)


main()
