#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The n-th write, sync, link or allocation of a restore fails, or it is killed there: everything that
it restores is there and right, or nothing is; with file systems that know files without names, and
others. The same for the writes and allocations of a backup."""
import hashlib
import subprocess

from survive import *

SANITIZER = "verify_asan_link_order=0:detect_leaks=0:allocator_may_return_null=1"
SOME_ALLOCATIONS = 60
XML = ("<domain><os><nvram>/n</nvram></os><devices><disk type='block'><driver type='raw'/>"
       "<source dev='/d'/><target dev='vda'/></disk></devices></domain>")


def add_extras(directory):
    """What a backup of a libvirt domain has besides."""
    path = os.path.join(directory, "manifest.json")
    with open(path, encoding="utf-8") as file:
        backup = json.load(file)["Backup"]
    for role, name, content in (("definition", "domain.xml", XML), ("nvram", "nvram.fd", "variables"),
                                ("tpm", "tpm.permall", "secrets")):
        with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
            file.write(content)
        backup["Files"].append({"Role": role, "Original": None, "File": name, "Size": len(content),
                                "Sha256": hashlib.sha256(content.encode()).hexdigest()})
    text = json.dumps(backup, separators=(",", ":"), ensure_ascii=False)
    with open(path, "w", encoding="utf-8") as file:
        file.write('{"Backup":%s,"Sha256":"%s"}' % (text, hashlib.sha256(text.encode()).hexdigest()))


class Restore:
    """A full backup and a differential one of two disks, with all that belongs to a VM."""

    def __init__(self, number):
        self.host = Host(f"restore-{number}-{Scene.count}")
        Scene.count += 1
        self.host.vm("vm", 2, "4M")
        for disk in DISKS:
            io(self.host.path(disk), "write -q -P 3 0x20000 1M")
        self.full, self.next = self.host.path("full"), self.host.path("next")
        point = self.host.ok("backup", "vm", self.full)["ReferencePoint"]
        for disk in DISKS:
            io(self.host.path(disk), "write -q -P 5 0x40000 128k", "write -q -P 6 0x310000 4k")
        self.host.ok("backup", "vm", self.next, "--since", point)
        add_extras(self.next)
        self.to = self.host.path("to")
        os.mkdir(self.to)
        self.host.ok(*self.args())
        self.wanted = self.found()
        equal(sorted(self.wanted), ["domain.xml", "nvram.fd", "tpm/permall", "vda.qcow2", "vdb.qcow2"])
        for target, disk in zip(("vda", "vdb"), DISKS):
            run("qemu-img", "compare", self.host.path(disk), os.path.join(self.to, target + ".qcow2"))
        self.reset()

    def args(self):
        return ["restore", self.full, self.next, "--to", self.to]

    def reset(self):
        for name in os.listdir(self.to):
            path = os.path.join(self.to, name)
            shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)

    def found(self):
        """Everything below TO, with its digest."""
        return {os.path.relpath(os.path.join(top, name), self.to): digest(os.path.join(top, name))
                for top, _, names in os.walk(self.to) for name in names}

    def judge(self, result):
        """All or nothing; TRUE: all."""
        true(result.status in (0, 1), f"status: {result}")
        if result.status == 0:
            equal(self.found(), self.wanted)
            return True
        one_line(result)
        true(result.json.get("ReturnValue", 0) >= 32768, f"answer: {result}")
        # Memory may run out once all is in its place, when the answer is written.
        if "memory ran out" not in result.err or self.found() != self.wanted:
            equal(os.listdir(self.to), [], f"left: {result}")
        return False


def environment(kind, number, unnamed, stays=False):
    return {"LD_PRELOAD": FAULTS, "FAULT_IN": CAIRN_NAME, "FAULT_KIND": kind, "FAULT_AT": str(number),
            "FAULT_FILES": "1", "ASAN_OPTIONS": "exitcode=99:" + SANITIZER,
            **({"FAULT_ON": "1"} if stays else {}), **({} if unnamed else {"FAULT_NO_TMPFILE": "1"})}


def count_calls(scene, kind, unnamed):
    """How many calls there are that such a fault could hit; threads make them in any order."""
    log = scene.host.path("calls")
    scene.host.ok(*scene.args(), env={**environment(kind, 0, unnamed), "FAULT_LOG": log})
    scene.reset()
    with open(log, encoding="utf-8") as text:
        return int(text.read().split()[0])


def part(places, worker):
    scene = Restore(worker)
    n_failed = 0
    for kind, stays, unnamed, number in places:
        result = scene.host.cairn("--json", *scene.args(), env=environment(kind, number, unnamed, stays))
        try:
            n_failed += not scene.judge(result)
        except Exception as problem:
            raise Failure(f"{kind} at call {number}, {stays=}, {unnamed=}: {problem}\n  {result}") from problem
        scene.reset()
    return n_failed


@test("restore: the n-th write, sync or link fails")
def writes():
    scene = Restore("count")
    places = [(kind, stays, unnamed, number)
              for kind, stays in (("ENOSPC", True), ("EIO", True), ("EIO", False), ("short", False))
              for unnamed in (True, False)
              for number in range(1, count_calls(scene, kind, unnamed) + 2)]
    n_failed = sum(share(places, part))
    print(f"# {n_failed} of {len(places)} runs failed", flush=True)
    true(n_failed > len(places) // 4, "no fault had a consequence")


def kill_part(places, worker):
    scene = Restore(worker)
    n_complete = 0
    for unnamed, kind, number in places:
        status = subprocess.run([CAIRN, "--store", scene.host.store, *scene.args()], check=False, capture_output=True,
                                env={**os.environ, **environment(kind, number, unnamed)}).returncode
        true(status in (0, -9), f"status: {status}")
        left = scene.found()
        if unnamed or status == 0:  # what has a name has been checked
            true(left.items() <= scene.wanted.items(), f"{kind} {number}: left {left}")
        n_complete += left == scene.wanted
        for name in set(left) & set(scene.wanted):
            equal(left[name], scene.wanted[name], f"{kind} {number}: {name}")
            os.unlink(os.path.join(scene.to, name))
        scene.host.ok(*scene.args())
        equal(scene.found(), scene.wanted, f"after {kind} {number}")
        scene.reset()
    return n_complete


@test("restore: killed at any of its calls nothing half is left, or the next one removes it")
def kills():
    scene = Restore("count")
    places = [(unnamed, "after", number) for unnamed in (True, False)
              for number in range(1, count_calls(scene, "after", unnamed) + 1)]
    n_complete = sum(share(places, kill_part))
    print(f"# {len(places)} kills, {n_complete} after everything was there", flush=True)
    true(n_complete < len(places) // 2, "nobody was killed")


def starve_part(places, worker):
    scene = Restore(worker)
    n_failed = 0
    for number in places:
        result = scene.host.cairn("--json", *scene.args(), env={"LD_PRELOAD": ALLOCATIONS, "FAIL_AT": str(number)})
        # The library says so by itself when it is loaded.
        result.err = "".join(line for line in result.err.splitlines(True) if "GnuTLS initialization" not in line)
        try:
            n_failed += not scene.judge(result)
        except Exception as problem:
            raise Failure(f"allocation {number}: {problem}\n  {result}") from problem
        scene.reset()
    return n_failed


def count_allocations(host, args):
    log = host.path("calls")
    host.ok(*args, env={"LD_PRELOAD": ALLOCATIONS, "FAIL_COUNT": log})
    with open(log, encoding="utf-8") as text:
        return int(text.read())


def some(n_made):
    stride = 1 if "CAIRN_EVERY_ALLOCATION" in os.environ else n_made // SOME_ALLOCATIONS | 1
    return [*range(1, n_made, stride), n_made + 100]


@test("restore: the n-th allocation fails")
def starved():
    scene = Restore("count")
    n_made = count_allocations(scene.host, scene.args())
    n_failed = sum(share(some(n_made), starve_part))
    print(f"# {n_made} allocations, {n_failed} runs failed", flush=True)
    true(n_failed > 0, "no fault had a consequence")


# ---- a backup ----

STRIDE = 1 if "CAIRN_EVERY_STEP" in os.environ else 6


def backup_part(places, worker):
    scene = Backup(worker)
    n_failed = 0
    for kind, stays, number in places:
        scene.reset()
        result = scene.host.cairn("--json", *scene.args(), env=environment(kind, number, True, stays))
        try:
            true(result.status in (0, 1), f"status: {result}")
            points = scene.check()
            if result.status == 0:
                true(scene.happened(points), f"said to be done: {result}")
            else:
                one_line(result)
            n_failed += result.status
        except Exception as problem:
            raise Failure(f"{kind} at call {number}, {stays=}: {problem}\n  {result}") from problem
    return n_failed


@test("backup: the n-th write, sync or rename fails")
def backups():
    scene = Backup("count")
    places = []
    for kind, stays in (("ENOSPC", True), ("EIO", False), ("short", False)):
        log = scene.host.path("calls")
        scene.reset()
        scene.host.ok(*scene.args(), env={**environment(kind, 0, True), "FAULT_LOG": log})
        with open(log, encoding="utf-8") as text:
            n_calls = int(text.read().split()[0])
        os.unlink(log)
        places += [(kind, stays, number) for number in range(1 + len(places) % STRIDE, n_calls + 2, STRIDE)]
    n_failed = sum(share(places, backup_part))
    print(f"# {n_failed} of {len(places)} runs failed", flush=True)
    true(n_failed > len(places) // 4, "no fault had a consequence")


main()
