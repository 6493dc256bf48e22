#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Points of shut-off images: create, list, changes, destroy and export, and what refuses them."""
import os
import random
import re
import shutil
import subprocess

from cairntest import *

MB = 1 << 20


def extents(answer):
    return {d["Target"]: d["Changes"] for d in answer["Disks"]}


def verdicts(answer):
    return {d["Target"]: d["Verdict"] for d in answer["Disks"]}


def paths(vm):
    return [d["Path"] for d in vm["Disks"]]


class Running:
    """A paused QEMU that has an image open, as a running VM has."""

    def __init__(self, path):
        qemu = shutil.which("qemu-system-x86_64")
        if not qemu:
            skip("qemu-system-x86_64 isn't installed")
        self.process = subprocess.Popen(
            [qemu, "-S", "-nodefaults", "-display", "none", "-accel", "tcg", "-qmp", "stdio",
             "-drive", f"file={path},format=qcow2,if=virtio"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def __enter__(self):
        self.process.stdout.readline()  # QMP's greeting: the image is open
        return self

    def __exit__(self, *unused):
        # By QMP: a SIGTERM that comes early ends it before it has closed its image.
        self.process.stdin.write(b'{"execute":"qmp_capabilities"} {"execute":"quit"}')
        self.process.stdin.close()
        self.process.wait()


@test("five generations: each point tells exactly what was written since it, rounded to granules")
def generations():
    host = Host()
    vm = host.vm("web", n_disks=2)
    rng = random.Random(5)
    points, writes = [], []
    for _ in range(5):
        points.append(host.ok("create", "web")["ReferencePoint"])
        writes.append({t: [(rng.randrange(0, 63 * MB), rng.randrange(1, 200000))
                           for _ in range(rng.randrange(0, 5))] for t in ("vda", "vdb")})
        for target, path in zip(("vda", "vdb"), paths(vm)):
            if writes[-1][target]:
                io(path, *(f"write -q {o} {n}" for o, n in writes[-1][target]))
    equal([p["InstanceID"] for p in host.ok("list", "web")], points)
    equal(sorted(points), points, "sorting by InstanceID sorts by age")
    for i, point in enumerate(points):
        found = extents(host.ok("changes", point))
        for target in ("vda", "vdb"):
            wanted = granules([w for later in writes[i:] for w in later[target]], size=64 * MB)
            equal(found[target], wanted, f"point {i}, {target}")
    for point in (points[2], points[0]):
        host.ok("destroy", point)
    left = {re.sub(r".*\\", "", p) for p in points if p not in (points[2], points[0])}
    for path in paths(vm):
        equal(set(bitmaps(path)), left)
        equal(set(map(tuple, bitmaps(path).values())), {("auto",)})


@test("a window of a disk: clipped, and past the end refused")
def window():
    host = Host()
    vm = host.vm("web")
    point = host.ok("create", "web")["ReferencePoint"]
    write(paths(vm)[0], 1 * MB, 4 * MB)
    ask = lambda *more: extents(host.ok("changes", point, "--disk", "vda", *more))["vda"]
    equal(ask("--offset", 2 * MB, "--length", 1 * MB), [[2 * MB, 1 * MB]])
    equal(ask("--offset", 2 * MB + 1, "--length", 1), [[2 * MB + 1, 1]])
    equal(ask("--offset", 4 * MB), [[4 * MB, 1 * MB]])
    equal(ask("--offset", 0, "--length", 1 * MB), [])
    host.fail(32773, "changes", point, "--offset", 64 * MB, sentence="past the end")
    host.fail(32773, "changes", point, "--disk", "vdz", sentence="no disk 'vdz'")


@test("disks that can't be tracked are left out; a missing one, or none at all, is refused")
def left_out():
    host = Host()
    disk, raw = host.image("a.qcow2"), host.image("b.raw", fmt="raw")
    old = host.image("c.qcow2", options="compat=0.10")
    host.ok("vm", "add", "web", "--disk", f"vda={disk}", "--disk", f"vdb={raw}", "--disk",
            f"vdc={old}")
    wanted = {"vda": "tracked", "vdb": "unsupported-format", "vdc": "unsupported-format"}
    equal(verdicts(host.ok("check", "web")), wanted)
    made = host.ok("create", "web")
    equal(verdicts(made), wanted)
    shown = host.ok("show", made["ReferencePoint"])
    equal((len(shown["VirtualDiskIdentifiers"]), len(shown["ResilientChangeTrackingIdentifiers"])),
          (1, 1))
    host.ok("vm", "add", "raw", "--disk", f"vda={raw}")
    equal(verdicts(host.fail(32775, "create", "raw", sentence="unsupported-format")),
          {"vda": "unsupported-format"})
    os.unlink(raw)
    before = bitmaps(disk)
    host.fail(32775, "create", "web", sentence="vdb")
    equal(bitmaps(disk), before)


@test("an image open elsewhere: create, destroy, changes and export say in use; nothing is changed")
def busy():
    host = Host()
    vm = host.vm("web", n_disks=2)
    disk_a, disk_b = paths(vm)
    point = host.ok("create", "web")["ReferencePoint"]
    out = host.mkdir("out")
    with Running(disk_b):
        with open(disk_b, "rb") as f:
            before = f.read()
        host.fail(32774, "create", "web", sentence="vdb")
        host.fail(32774, "destroy", point)
        host.fail(32774, "export", point, out)
        equal(extents_of_good(host.fail(32774, "changes", point)), {"vda": []})
        equal(verdicts(host.ok("show", point)), {"vda": "tracked", "vdb": "busy"})
        equal(verdicts(host.ok("check", "web"))["vdb"], "busy")
        with open(disk_b, "rb") as f:
            true(f.read() == before, "the busy image was touched")
        equal(len(bitmaps(disk_a)), 1)
        equal(os.listdir(out), [])
    equal(extents(host.ok("changes", point)), {"vda": [], "vdb": []})


def extents_of_good(answer):
    return {d["Target"]: d["Changes"] for d in answer["Disks"] if "Changes" in d}


@test("one disk that can't answer doesn't hide the others' changes")
def partial_answer():
    host = Host()
    vm = host.vm("web", n_disks=2)
    point = host.ok("create", "web")["ReferencePoint"]
    write(paths(vm)[0], 0, 1)
    run("qemu-img", "bitmap", "--remove", paths(vm)[1], point.split("\\")[1])
    answer = host.fail(32775, "changes", point, sentence="disk 'vdb' .missing")
    equal(extents_of_good(answer), {"vda": [[0, 65536]]})
    broken = [d for d in answer["Disks"] if d["Target"] == "vdb"][0]
    equal(broken["Verdict"], "missing")
    true(paths(vm)[1] in broken["Reason"], broken)
    equal(extents(host.ok("changes", point, "--disk", "vda")), {"vda": [[0, 65536]]})


@test("a bitmap cleared behind our back never looks like an unchanged disk")
def cleared():
    for how in ("never looked at", "looked at", "newer point"):
        host = Host()
        vm = host.vm("web")
        disk = paths(vm)[0]
        if how != "never looked at":
            write(disk, 0, 64 * MB)  # so that the writes below allocate nothing
        point = host.ok("create", "web")["ReferencePoint"]
        if how == "newer point":
            host.ok("create", "web")
        write(disk, 8 * MB, 1 * MB)
        if how == "looked at":
            equal(extents(host.ok("changes", point)), {"vda": [[8 * MB, 1 * MB]]})
        run("qemu-img", "bitmap", "--clear", disk, point.split("\\")[1])
        host.fail(32775, "changes", point, sentence="disabled")
        equal(verdicts(host.ok("show", point)), {"vda": "disabled"}, how)


@test("an anchor that was seen lost stays lost, whatever mends its outward sign")
def lost_for_ever():
    def disable(disk, name):
        run("qemu-img", "bitmap", "--disable", disk, name)
        yield "disabled"
        write(disk, 8 * MB, 1)
        run("qemu-img", "bitmap", "--enable", disk, name)

    def remove(disk, name):
        run("qemu-img", "bitmap", "--remove", disk, name)
        yield "missing"
        write(disk, 8 * MB, 1)
        run("qemu-img", "bitmap", "--add", disk, name)

    def shrink(disk, name):
        run("qemu-img", "resize", "-q", "--shrink", disk, "32M")
        yield "size-differs"
        run("qemu-img", "resize", "-q", disk, "64M")

    for spoil in (disable, remove, shrink):
        for look in ("show", "changes", "list"):
            host = Host()
            disk = paths(host.vm("web"))[0]
            write(disk, 0, 64 * MB)
            point = host.ok("create", "web")["ReferencePoint"]
            steps = spoil(disk, point.split("\\")[1])
            seen = next(steps)
            if look == "changes":
                host.fail(32775, "changes", point, sentence=seen)
            else:
                host.ok(look, *([point] if look == "show" else []))
            next(steps, None)
            host.fail(32775, "changes", point, sentence=["looks whole now", f"found {seen} before"])
            host.fail(32775, "export", point, host.mkdir("out"))
            equal(verdicts(host.ok("show", point)), {"vda": "disabled"}, f"{seen}, {look}")


@test("another owner's point needs --force")
def owners():
    host = Host()
    host.vm("web")
    point = host.ok("create", "web", "--owner", "nightly", "--label", "x")["ReferencePoint"]
    equal(host.ok("show", point)["Owner"], "nightly")
    host.fail(32769, "destroy", point, sentence=["belongs to 'nightly'", "--force"])
    host.fail(32769, "destroy", point, env={"CAIRN_OWNER": "other"})
    equal(host.ok("destroy", point, env={"CAIRN_OWNER": "nightly"}), {"ReturnValue": 0})
    point = host.ok("create", "web", env={"CAIRN_OWNER": "nightly"})["ReferencePoint"]
    equal(host.ok("destroy", point, "--force"), {"ReturnValue": 0})
    host.fail(32773, "destroy", point, sentence="no reference point")


@test("foreign bitmaps stay as they are, and a broken one of ours can be destroyed")
def foreign():
    host = Host()
    vm = host.vm("web")
    disk = paths(vm)[0]
    run("qemu-img", "bitmap", "--add", disk, "somebody-elses")
    write(disk, 0, 1)
    point = host.ok("create", "web")["ReferencePoint"]
    run("qemu-img", "bitmap", "--disable", disk, point.split("\\")[1])
    equal(verdicts(host.ok("show", point)), {"vda": "disabled"})
    host.ok("destroy", point)
    equal(bitmaps(disk), {"somebody-elses": ["auto"]})


@test("a point whose image is gone is destroyed only by force, since a bitmap may stay behind")
def image_gone():
    host = Host()
    vm = host.vm("web", n_disks=2)
    point = host.ok("create", "web")["ReferencePoint"]
    os.unlink(paths(vm)[0])
    equal(verdicts(host.ok("show", point)), {"vda": "no-file", "vdb": "tracked"})
    host.fail(32775, "destroy", point, sentence=["disk 'vda' .no-file", "--force"])
    equal((len(host.ok("list")), len(bitmaps(paths(vm)[1]))), (1, 1))
    host.ok("destroy", point, "--force")
    equal(bitmaps(paths(vm)[1]), {})
    equal(host.ok("list"), [])


@test("what isn't supported yet says so, and wrong consistency is no silent downgrade")
def unsupported():
    host = Host()
    host.vm("web")
    host.fail(32775, "create", "web", "--consistency", "application", sentence="shut off")
    point = host.ok("create", "web", "--type", "rct", "--consistency", "crash")["ReferencePoint"]
    equal(host.ok("remove-data", point), {"ReturnValue": 0})
    host.fail(32770, "export", point, host.mkdir("out"), "--base", point, sentence="isn't log-based")


@test("an encrypted disk is left out, since its bitmap couldn't be added without its key")
def encrypted():
    host = Host()
    disk, secret = host.image("a.qcow2"), host.path("luks.qcow2")
    for _ in range(50):  # LUKS measures its own CPU time, and often fails at that
        if subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "--object",
                           "secret,id=s,data=x", "-o", "encrypt.format=luks,"
                           "encrypt.key-secret=s,encrypt.iter-time=10", secret, "64M"],
                          capture_output=True, check=False).returncode == 0:
            break
    else:
        skip("qemu-img can't make a LUKS image here")
    host.ok("vm", "add", "web", "--disk", f"vda={disk}", "--disk", f"vdb={secret}")
    wanted = {"vda": "tracked", "vdb": "unsupported-format"}
    equal(verdicts(host.ok("check", "web")), wanted)
    equal(verdicts(host.ok("create", "web")), wanted)


def alternate(path):
    """Sets every second bit of the image's only bitmap, in clusters behind the file's end."""
    def number(offset, size):
        image.seek(offset)
        return int.from_bytes(image.read(size), "big")

    with open(path, "r+b") as image:
        at = number(100, 4)
        while number(at, 4) != 0x23852875:
            at += 8 + (number(at + 4, 4) + 7) // 8 * 8
        directory = number(at + 24, 8)
        table, n = number(directory, 8), number(directory + 8, 4)
        end = (os.fstat(image.fileno()).st_size + 65535) // 65536 * 65536
        image.seek(table)
        image.write(b"".join((end + i * 65536).to_bytes(8, "big") for i in range(n)))
        image.seek(end)
        image.write(b"\x55" * 65536 * n)


@test("an answer over the limit is refused, and given in parts")
def too_many_extents():
    host = Host()
    vm = host.vm("web", size="1T")
    point = host.ok("create", "web")["ReferencePoint"]
    alternate(paths(vm)[0])
    host.fail(32778, "changes", point, sentence=["4194304 extents", "--offset and --length"])
    part = extents(host.ok("changes", point, "--offset", 1 << 30, "--length", 1 << 30))["vda"]
    equal((len(part), part[0], part[-1]), (8192, [1 << 30, 65536], [(2 << 30) - 131072, 65536]))


@test("a VM is forgotten only without points, or by force; its images are never touched")
def forget():
    host = Host()
    vm = host.vm("web")
    host.ok("create", "web")
    host.fail(32775, "vm", "remove", "web", sentence=["1 reference point;", "--force"])
    equal(host.ok("vm", "remove", "web", "--force"), {"ReturnValue": 0})
    equal((host.ok("list"), host.ok("vm", "list")), ([], []))
    equal(len(bitmaps(paths(vm)[0])), 1)


@test("VMs that can't be added are refused with the reason")
def add_refused():
    host = Host()
    disk = host.image("a.qcow2")
    vm = host.ok("vm", "add", "web", "--disk", f"vda={disk}")
    host.fail(32773, "vm", "add", "web", "--disk", f"vda={disk}", sentence="there already")
    host.fail(32773, "vm", "add", "b", "--uuid", vm["VirtualSystemIdentifier"], "--disk",
              f"vda={disk}", sentence="there already")
    host.fail(32773, "vm", "add", "b", "--uuid", "7", "--disk", f"vda={disk}", sentence="GUID")
    host.fail(32773, "vm", "add", "b", "--disk", "vda=/nothing/here", sentence="/nothing/here")
    host.fail(32773, "vm", "add", "b", "--disk", f"vda={disk}", "--disk", f"vda={disk}",
              sentence="twice")
    os.symlink(disk, host.path("link"))
    host.fail(32773, "vm", "add", "b", "--disk", f"vda={disk}", "--disk",
              f"vdb={host.path('link')}", sentence="another disk of the VM")
    host.fail(32773, "vm", "add", "b", "--disk", f"vda={host.dir}", sentence="neither a file")
    host.fail(32773, "vm", "add", "b", "--disk", "vda=/dev/null", sentence="neither a file")
    host.fail(32773, "vm", "add", "", "--disk", f"vda={disk}", sentence="name")
    equal([v["Name"] for v in host.ok("vm", "list")], ["web"])


@test("an export can be repeated over the old one; a part of the disks can be chosen")
def export_again():
    host = Host()
    vm = host.vm("web", n_disks=2)
    point = host.ok("create", "web")["ReferencePoint"]
    out = host.mkdir("out")
    first = host.ok("export", point, out)
    with open(first["ExportedConfigFilePath"], "rb") as f:
        old = f.read()
    equal(host.ok("export", point, out), first)
    with open(first["ExportedConfigFilePath"], "rb") as f:
        true(f.read() != old, "the second export is another one")
    equal(len(os.listdir(out)), 2)
    host.ok("import", "web", first["ExportedConfigFilePath"], first["ExportedRuntimeFilePath"])
    one = host.mkdir("one")
    chosen = vm["Disks"][1]["VirtualDiskIdentifier"]
    pair = host.ok("export", point, one, "--disk", chosen)
    other = Host()
    moved = other.path("b.qcow2")
    shutil.copyfile(paths(vm)[1], moved)
    other.ok("vm", "add", "web", "--uuid", vm["VirtualSystemIdentifier"], "--disk", f"vdb={moved}")
    got = other.ok("import", "web", pair["ExportedConfigFilePath"],
                   pair["ExportedRuntimeFilePath"])
    equal(verdicts(got), {"vdb": "tracked"})
    equal(other.ok("vm", "show", "web")["Disks"][0]["VirtualDiskIdentifier"], chosen)


@test("an export that can't be written leaves nothing")
def export_refused():
    host = Host()
    vm = host.vm("web")
    point = host.ok("create", "web")["ReferencePoint"]
    host.fail(32773, "export", point, host.path("nowhere"), sentence="doesn't exist")
    host.fail(32773, "export", point, paths(vm)[0], sentence="isn't a directory")
    host.fail(32773, "export", point, host.mkdir("out"), "--disk", "x", sentence="no disk 'x'")
    host.ok("vm", "add", "empty", "--disk", f"a={host.image('e.qcow2')}")
    host.fail(32775, "export", "--all", "empty", host.path("out"), sentence="no reference point")
    run("qemu-img", "bitmap", "--disable", paths(vm)[0], point.split("\\")[1])
    equal(verdicts(host.fail(32775, "export", point, host.path("out"))), {"vda": "disabled"})
    equal(os.listdir(host.path("out")), [])
    conf = host.path("conf")
    with open(conf, "w") as f:
        f.write(f"[paths]\nexport={host.mkdir('allowed')}\n")
    host.fail(32769, "export", point, host.path("out"), sentence="outside the directories",
              env={"CAIRN_CONFIG": conf})


@test("the exported configuration reads as a VM configuration")
def configuration():
    host = Host()
    vm = host.vm("web server", n_disks=2)
    point = host.ok("create", "web server")["ReferencePoint"]
    pair = host.ok("export", point, host.mkdir("out"))
    for key in ("ExportedConfigFilePath", "ExportedRuntimeFilePath"):
        equal(host.ok("vmcx", "check", pair[key]), {"ok": True})
    tree = host.ok("vmcx", "dump", pair["ExportedConfigFilePath"])

    def get(*names):
        nodes = tree
        for name in names[:-1]:
            nodes = [n for n in nodes if n["name"] == name][0]["children"]
        return [n for n in nodes if n["name"] == names[-1]][0]["value"]

    guid = vm["VirtualSystemIdentifier"]
    controller = vm["Disks"][0]["VirtualDiskIdentifier"].split("\\")[1].lower()
    equal(get("configuration", "properties", "global_id"), guid)
    equal(get("configuration", "settings", "global", "logical_id"), guid)
    equal(get("configuration", "properties", "name"), "web server")
    for i, path in enumerate(paths(vm)):
        drive = ("configuration", f"_{controller}_", "controller0", f"drive{i}")
        equal((get(*drive, "type"), get(*drive, "pathname")), ("VHD", path))
    equal(get("configuration", "manifest", "vdev001", "instance"), controller)


main()
