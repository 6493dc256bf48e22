#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""cairn doctor on plain images: each kind of finding is made for real, reported, repaired, and gone
on the second run."""
import json
import os
import re
import shutil
import sqlite3
import subprocess
import time

from findings import *


class Running:
    """A paused QEMU that has an image open, as a running VM has."""

    def __init__(self, path):
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-S", "-nodefaults", "-display", "none", "-accel", "tcg", "-qmp",
             "stdio", "-drive", f"file={path},format=qcow2,if=virtio"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def __enter__(self):
        self.process.stdout.readline()  # QMP's greeting: the image is open
        return self

    def __exit__(self, *unused):
        if self.process.poll() is None:
            commands = [{"execute": "qmp_capabilities"}, {"execute": "quit"}]
            self.process.communicate("".join(map(json.dumps, commands)).encode())
        self.process.wait()

    def crash(self):
        self.process.kill()
        self.process.wait()


def create(host, vm="vm"):
    return guid(host.ok("create", vm)["ReferencePoint"])


def verdicts(host, point):
    return {d["Target"]: d["Verdict"] for d in host.ok("show", point)["Disks"]}


def moved(knows_something):
    """A host that a VM's disk with two points was copied to from another: (host, image, points)."""
    there, here = Host(), Host()
    path = there.vm()["Disks"][0]["Path"]
    points = [create(there), create(there)]
    image = shutil.copy(path, here.path("vm.qcow2"))
    here.there = there
    here.ok("vm", "add", "vm", "--disk", f"vda={image}",
            "--uuid", there.ok("vm", "show", "vm")["VirtualSystemIdentifier"])
    if knows_something:
        here.own = create(here)
    return here, image, points


@test("a VM whose disks fit its points: nothing is found, and it is said")
def healthy():
    host = Host()
    host.vm(n_disks=2)
    equal(doctor(host), [], "before the first point")
    points = [create(host) for _ in range(3)]
    equal(doctor(host), [])
    equal(doctor(host, "vm", "--repair"), [])
    equal(host.text("doctor"), "Nothing found.\n")
    equal(verdicts(host, points[0]), {"vda": "tracked", "vdb": "tracked"})
    host.fail(32773, "doctor", "nobody", sentence="nobody")


@test("orphan-bitmap: bitmaps that no point of the store knows are removed, and no others")
def orphans():
    host, image, points = moved(knows_something=True)
    run("qemu-img", "bitmap", "--add", image, "foreign")
    equal(doctor(host), found("orphan-bitmap", *points) + found("foreign-bitmap", "foreign"))
    matches(host.said[0], rf"'{points[0]}' on disk 'vda' .*cairn doctor vm --repair")
    equal(sorted(bitmaps(image)), sorted(points + [host.own, "foreign"]), "a look changes nothing")
    equal(doctor(host, "--repair"),
          found("orphan-bitmap", *points, repaired=True) + found("foreign-bitmap", "foreign"))
    equal(sorted(bitmaps(image)), sorted([host.own, "foreign"]))
    equal(doctor(host), found("foreign-bitmap", "foreign"))
    equal(verdicts(host, host.own), {"vda": "tracked"})


@test("orphan-bitmap: what may still be imported is spared, unless the VM is named")
def orphans_to_import():
    host, image, points = moved(knows_something=False)
    before = digest(image)
    equal(doctor(host, "--repair"), found("orphan-bitmap", *points))
    matches(host.said[0], "first import")
    equal(digest(image), before, "the image")
    there = host.there.ok("export", "--all", "vm", host.mkdir("out"))
    host.ok("import", "vm", there["ExportedConfigFilePath"], there["ExportedRuntimeFilePath"])
    equal(doctor(host, "--repair"), [], "after the import")
    equal(verdicts(host, points[1]), {"vda": "tracked"})

    host, image, points = moved(knows_something=False)
    equal(doctor(host, "vm", "--repair"), found("orphan-bitmap", *points, repaired=True))
    equal(bitmaps(image), {})
    equal(doctor(host, "vm"), [])


@test("a bitmap is no orphan while another VM of the store has a point of it")
def known_elsewhere():
    host = Host()
    path = host.vm("one")["Disks"][0]["Path"]
    point = create(host, "one")
    host.ok("vm", "add", "other", "--disk", f"vda={path}")
    create(host, "other")
    equal(doctor(host, "--repair"), [])
    equal(doctor(host, "other", "--repair"), [])
    equal(verdicts(host, point), {"vda": "tracked"})


@test("destroyed-bitmap: an older copy of the disk brings a destroyed point's bitmap back")
def destroyed():
    host = Host()
    path = host.vm()["Disks"][0]["Path"]
    point = create(host)
    copy = shutil.copy(path, host.path("copy"))
    host.ok("destroy", point)
    equal(doctor(host), [])
    shutil.copy(copy, path)
    equal(doctor(host), found("destroyed-bitmap", point))
    equal(doctor(host, "--repair"), found("destroyed-bitmap", point, repaired=True))
    equal(bitmaps(path), {})
    equal(doctor(host), [])


@test("in-use-bitmap: what a crash broke goes, and its points are never believed again")
def in_use():
    host = Host()
    path, other = (d["Path"] for d in host.vm(n_disks=2)["Disks"])
    points = [create(host), create(host)]
    run("qemu-img", "bitmap", "--add", path, "foreign")
    copy = shutil.copy(path, host.path("copy"))
    with Running(path) as vm:
        vm.crash()
    equal(bitmaps(path)[points[0]], ["auto", "in-use"], "QEMU left it so")
    wanted = found("in-use-bitmap", *points)
    equal(doctor(host, "vm"), wanted + found("foreign-bitmap", "foreign"))
    matches(host.said[0], "disk 'vda'")
    # Nothing has looked at the points yet: that they are lost is known from the repair alone.
    equal(doctor(host, "vm", "--repair"), found("in-use-bitmap", *points, repaired=True)
          + found("foreign-bitmap", "foreign"))
    equal(bitmaps(path), {"foreign": ["auto", "in-use"]})
    equal(sorted(bitmaps(other)), sorted(points), "the disk that wasn't open")
    equal(doctor(host), found("foreign-bitmap", "foreign"))
    broken = shutil.copy(path, host.path("broken"))
    shutil.copy(copy, path)
    equal(verdicts(host, points[0]), {"vda": "disabled", "vdb": "tracked"})
    shutil.copy(broken, path)
    equal(verdicts(host, points[0]), {"vda": "missing", "vdb": "tracked"})
    equal([p["InstanceID"].split("\\")[1] for p in host.ok("list")], points)
    equal(verdicts(host, create(host)), {"vda": "tracked", "vdb": "tracked"})


def cut_off(host, *args):
    """Runs cairn, which is killed by the helper that it starts to change images."""
    killer, pid = host.path("killer"), host.path("killer.pid")
    with open(killer, "w", encoding="ascii") as script:
        script.write(f"#!/bin/sh\necho $$ > {pid}; kill -9 $PPID\n")
    os.chmod(killer, 0o755)
    process = spawn("--store", host.store, *args, env={"CAIRN_QSD": killer})
    process.communicate()
    equal(process.returncode, -9, f"{args} should be killed")
    with open(pid, encoding="ascii") as file:
        helper = f"/proc/{file.read().strip()}"
    while os.path.exists(helper):  # it has the images' locks as long as it lives
        time.sleep(0.001)


@test("unfinished-intent: doctor looks before recovery does, and then lets it")
def intents():
    host = Host()
    path = host.vm()["Disks"][0]["Path"]
    point = create(host)
    cut_off(host, "create", "vm")
    kept = digest(path)
    for _ in range(2):
        (kind, name, _), = doctor(host)
        equal(kind, "unfinished-intent")
        matches(host.said[0], f"creating '{re.escape(name)}' was cut off .*undo")
    equal(digest(path), kept, "the image after a look")
    equal(doctor(host, "--repair"), found("unfinished-intent", name, repaired=True))
    equal(list(bitmaps(path)), [point])
    equal(doctor(host), [])
    cut_off(host, "destroy", point)
    equal([p["InstanceID"] for p in host.ok("list")], [], "list recovers")
    equal(doctor(host), [])
    equal(bitmaps(path), {})


@test("unfinished-intent: of a VM that this connection doesn't know")
def intent_alone():
    host = Host()
    vm = host.vm()
    cut_off(host, "create", "vm")
    with sqlite3.connect(host.path("cairn.db")) as store:
        store.execute("DELETE FROM vm")
    store.close()
    equal([kind for kind, _, _ in doctor(host)], ["unfinished-intent"])
    matches(host.said[0], vm["VirtualSystemIdentifier"])
    equal([repaired for _, _, repaired in doctor(host, "--repair")], [True])
    equal(doctor(host), [])


@test("a VM in use: 32774 when it was named, else a finding, and nothing of it is touched")
def in_operation():
    host = Host()
    path = host.vm()["Disks"][0]["Path"]
    host.vm("other")
    sleeper = host.path("sleeper")
    with open(sleeper, "w", encoding="ascii") as script:
        script.write("#!/bin/sh\nexec sleep 60\n")
    os.chmod(sleeper, 0o755)
    process = spawn("--store", host.store, "create", "vm", env={"CAIRN_QSD": sleeper})
    try:
        while not children(process.pid):
            time.sleep(0.01)
        before = digest(path)
        host.fail(32774, "doctor", "vm", "--repair", env={"CAIRN_TIMEOUT_MS": "200"})
        equal(doctor(host, "--repair"), found("unread-vm", "vm"))
        equal(digest(path), before, "the image")
    finally:
        process.kill()
        process.communicate()


@test("foreign-bitmap: listed, byte-identical afterwards, removed only when it is named")
def foreign():
    host = Host()
    path, other = (d["Path"] for d in host.vm(n_disks=2)["Disks"])
    for image in (path, other):
        run("qemu-img", "bitmap", "--add", image, "backup-1")
        run("qemu-img", "bitmap", "--add", image, "0197b0c5-5b6c-7d00-8000-00000000000a")
    io(path, "write -q 0 1M")
    names = ["0197b0c5-5b6c-7d00-8000-00000000000a", "backup-1"]
    before = digest(path), digest(other)
    equal(doctor(host, "vm"), found("foreign-bitmap", *names))
    matches(host.said[1], "'vda', 'vdb'.*--foreign backup-1")
    equal(doctor(host, "vm", "--repair"), found("foreign-bitmap", *names))
    equal(doctor(host, "vm", "--repair", "--foreign", "backup"), found("foreign-bitmap", *names))
    equal((digest(path), digest(other)), before, "the images")
    equal(doctor(host, "vm", "--repair", "--foreign", "backup-1"),
          found("foreign-bitmap", names[0]) + found("foreign-bitmap", names[1], repaired=True))
    equal([list(bitmaps(image)) for image in (path, other)], [names[:1]] * 2)
    equal(doctor(host), found("foreign-bitmap", names[0]))
    host.usage("doctor", "--foreign", "backup-1")
    host.fail(32773, "doctor", "--repair", "--foreign", create(host), sentence="Cairn's own")


@test("unread-disk: a disk that can't be looked at is named, with the cause")
def unread():
    host = Host()
    gone, damaged, busy = (host.image(name) for name in ("gone", "damaged", "busy"))
    raw = host.image("raw", fmt="raw")
    host.ok("vm", "add", "vm", *(part for target, path in (("vda", gone), ("vdb", damaged),
                                                           ("vdc", busy), ("vdd", raw))
                                 for part in ("--disk", f"{target}={path}")))
    os.unlink(gone)
    with open(damaged, "r+b") as file:
        file.seek(20)
        file.write(b"\xff" * 4)
    with Running(busy):
        equal(doctor(host, "--repair"), found("unread-disk", "vda", "vdb", "vdc"))
    for sentence, verdict in zip(host.said, ("no-file", "unreadable", "busy")):
        matches(sentence, rf"\({verdict}\)")
    equal(doctor(host), found("unread-disk", "vda", "vdb"))


@test("a repair that fails says why, and the others are tried all the same")
def failing():
    host, image, points = moved(knows_something=True)
    with Running(image) as vm:
        vm.crash()
    before = digest(image)
    wanted = found("in-use-bitmap", host.own) + found("orphan-bitmap", *points)
    broken = {"CAIRN_QSD": host.path("none")}
    equal(sorted(doctor(host, "--repair", env=broken)), sorted(wanted))
    for sentence in host.said:
        matches(sentence, f"repair failed: .*{host.path('none')}")
    equal(digest(image), before, "the image")
    result = host.cairn("doctor", "--repair", env=broken)
    equal((result.status, result.err), (1, ""), "for people")
    matches(result.out, rf"vm +orphan-bitmap +{points[0]} +no\n")
    equal(sorted(k for k, _, repaired in doctor(host, "--repair") if repaired),
          sorted(k for k, _, _ in wanted))
    equal(doctor(host), [])


@test("who may only read the store may look, and not repair")
def read_only():
    if os.geteuid() != 0:
        skip("only root can become another user")
    host, image, points = moved(knows_something=True)
    for name in os.listdir(host.dir):
        os.chmod(host.path(name), 0o755 if os.path.isdir(host.path(name)) else 0o644)
    equal(doctor(host, uid=NOBODY), found("orphan-bitmap", *points))
    host.fail(32769, "doctor", "--repair", uid=NOBODY)
    host.fail(32769, "doctor", "vm", "--repair", uid=NOBODY)
    equal(sorted(bitmaps(image)), sorted(points + [host.own]))


main()
