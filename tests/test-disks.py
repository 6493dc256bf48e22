#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What becomes of a point when something happens to the disks of its shut-off VM."""
import contextlib
import os
import shutil
import sqlite3

from cairntest import *


class Move:
    """A VM with a point, some changes, and the files to give another VM the point."""

    def __init__(self, n_disks=1):
        self.host = Host()
        self.vm = self.host.vm("web", n_disks)
        self.point = self.host.ok("create", "web")["ReferencePoint"]
        self.paths = {d["Target"]: d["Path"] for d in self.vm["Disks"]}
        for path in self.paths.values():
            write(path, 1 << 20, 65536)
        answer = self.host.ok("export", self.point, self.host.mkdir("out"))
        self.files = [answer["ExportedConfigFilePath"], answer["ExportedRuntimeFilePath"]]

    def give(self, disks):
        """Another host, whose VM has DISKS and the point."""
        other = Host()
        args = [f"--disk={target}={path}" for target, path in disks.items()]
        other.ok("vm", "add", "web", "--uuid", self.vm["VirtualSystemIdentifier"], *args)
        other.ok("import", "web", *self.files)
        return other


def disks(answer):
    """Target -> verdict."""
    return {d["Target"]: d["Verdict"] for d in answer["Disks"]}


@test("a disk that was added isn't anchored, and a backup is told of it; raw ones aren't mentioned")
def added():
    move = Move()
    later, raw = move.host.image("later.qcow2"), move.host.image("cd.raw", fmt="raw")
    host = move.give({**move.paths, "vdb": later, "vdc": raw})
    for answer in (host.ok("show", move.point), host.ok("list", "web")[0]):
        equal(disks(answer), {"vda": "tracked", "vdb": "unanchored"})
        equal(answer["Disks"][1]["Path"], later)
        matches(answer["Disks"][1]["Reason"], "attached after .*; back this disk up in full")
        equal(len(answer["VirtualDiskIdentifiers"]), 1)
    answer = host.ok("changes", move.point)
    equal([d["Target"] for d in answer["Disks"]], ["vda"], "every disk of the point")
    equal([(d["Target"], d["Verdict"]) for d in answer["OtherDisks"]], [("vdb", "unanchored")])
    matches(host.text("changes", move.point), "vdb: no answer, unanchored: .*in full")
    equal(sorted(host.ok("changes", move.point, "--disk", "vda")), ["Disks", "ReturnValue"])
    host.fail(32773, "changes", move.point, "--disk", "vdb", sentence="full backup")
    host.ok("export", move.point, host.mkdir("out"))
    # The next point has it.
    newer = host.ok("create", "web")["ReferencePoint"]
    equal(disks(host.ok("show", newer)), {"vda": "tracked", "vdb": "tracked"})
    equal(sorted(host.ok("changes", newer)), ["Disks", "ReturnValue"])


@test("a disk that was taken away says so; the others go on")
def removed():
    move = Move(2)
    change_record(move.host, "DELETE FROM disk WHERE path = ?", move.paths["vdb"])
    answer = move.host.ok("show", move.point)
    equal(disks(answer), {"vda": "tracked", "vdb": "no-file"})
    matches(answer["Disks"][1]["Reason"], "isn't attached")
    answer = move.host.fail(32775, "changes", move.point, sentence="isn't attached")
    equal(answer["Disks"][0]["Changes"], [[1 << 20, 65536]])
    os.unlink(move.paths["vda"])
    equal(disks(move.host.ok("show", move.point)), {"vda": "no-file", "vdb": "no-file"})


@test("an enlarged or shortened disk has another size, also when it is changed back")
def resized():
    for how in (["+1M"], ["--shrink", "63M"]):
        move = Move(2)
        options, size = how[:-1], how[-1]
        run("qemu-img", "resize", "-q", *options, move.paths["vdb"], size)
        answer = move.host.ok("show", move.point)
        equal(disks(answer), {"vda": "tracked", "vdb": "size-differs"})
        matches(answer["Disks"][1]["Reason"], "67108864 at the reference point")
        answer = move.host.fail(32775, "changes", move.point, sentence="size-differs")
        equal(answer["Disks"][0]["Changes"], [[1 << 20, 65536]])
        run("qemu-img", "resize", "-q", "--shrink", move.paths["vdb"], "64M")
        equal(disks(move.host.ok("show", move.point))["vdb"], "disabled", "after changing it back")


@test("an overlay as libvirt makes one, committed and flattened again")
def overlay():
    move = Move()
    host, base = move.host, move.paths["vda"]
    name = move.point.split("\\")[1]
    top = make_image(host.path("top.qcow2"), None, backing=base)
    run("qemu-img", "bitmap", "--add", top, name)
    write(top, 8 << 20, 65536)
    host = move.give({"vda": top})
    equal(host.ok("changes", move.point)["Disks"][0]["Changes"], [[1 << 20, 65536], [8 << 20, 65536]])
    newer = host.ok("create", "web")["ReferencePoint"]
    write(top, 12 << 20, 65536)
    equal(host.ok("changes", newer)["Disks"][0]["Changes"], [[12 << 20, 65536]])
    # Written zeros are lost with the base's bits.
    io(base, f"write -z {2 << 20} 64k")
    equal(disks(host.ok("show", move.point)), {"vda": "tracked"})
    run("qemu-img", "rebase", "-b", "", top)
    matches(host.ok("show", move.point)["Disks"][0]["Reason"], "flattened")
    equal(disks(host.ok("show", newer)), {"vda": "tracked"}, "which knows nothing of the base")


@test("a point follows a disk to where it was moved, and is compared with that place from then on")
def moved():
    move = Move()
    other = move.give(move.paths)
    new = other.path("moved.qcow2")
    shutil.copy(move.paths["vda"], new)
    move_record(other, move.paths["vda"], new)
    equal(disks(other.ok("show", move.point)), {"vda": "tracked"})
    write(move.paths["vda"], 20 << 20, 65536)  # another VM's by now
    equal(disks(other.ok("show", move.point)), {"vda": "tracked"})
    newest = other.path("newest.qcow2")
    shutil.copy(new, newest)
    write(new, 20 << 20, 65536)
    move_record(other, new, newest)
    matches(other.ok("show", move.point)["Disks"][0]["Reason"], "older state")
    write(newest, 20 << 20, 65536)
    equal(disks(other.ok("show", move.point)), {"vda": "disabled"}, "lost stays lost")


def change_record(host, sql, *values):
    """What a hypervisor tells of a VM's disks; for images there is no command that takes one or moves it."""
    with contextlib.closing(sqlite3.connect(f"{host.dir}/cairn.db")) as store, store:
        store.execute(sql, values)


def move_record(host, old, new):
    """Gives the VM's disk at path OLD the path NEW."""
    change_record(host, "UPDATE disk SET path = ? WHERE path = ?", new, old)


main()
