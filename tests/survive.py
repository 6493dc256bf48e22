# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of survival share: VMs that operations are cut off on, and what must hold then.

A Scene is a host in a known state, and one operation on it. `scene.reset()` brings the state back,
`scene.check()` is what holds after every end of the operation and a `cairn list`.
"""
import concurrent.futures
import fcntl
import hashlib
import multiprocessing
import os
import shutil
import struct
import time

from cairntest import *

CAIRN_NAME = os.path.basename(CAIRN)
STEPPER = os.environ.get("CAIRN_STEPPER", os.path.join(SOURCE_ROOT, "build", "tests", "stepper"))
FAULTS = os.environ.get("CAIRN_FAULTS", os.path.join(SOURCE_ROOT, "build", "tests", "libfaults.so"))
ALLOCATIONS = os.environ.get("FAIL_ALLOCATION", os.path.join(SOURCE_ROOT, "build", "tests",
                                                             "libfail-allocation.so"))
WORKERS = min(4, os.cpu_count() or 1)
DISKS = ["vm-vda.qcow2", "vm-vdb.qcow2"]
F_OFD_GETLK = 36


# ---- images and files ----

def digest(path):
    """A file's content as a short text; None when it isn't there."""
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except FileNotFoundError:
        return None


def unlocked(path):
    """Nobody holds a lock of QEMU's (bytes 100 to 299) on an image."""
    with open(path, "rb") as file:
        wanted = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 100, 200, 0)
        # F_WRLCK can only be asked for on a descriptor that may write; F_GETLK asks all the same.
        found = struct.unpack("hhqqi4x", fcntl.fcntl(file, F_OFD_GETLK, wanted))
    return found[0] == fcntl.F_UNLCK


def guid_of(instance_id):
    return instance_id.split("\\")[1]


# ---- scenes ----

class Scene:
    """A VM with two disks, each with a foreign bitmap and that of an older point, and writes that
    both know of. Subclasses add what their operation needs, and say what may be there after it."""

    name = ""
    files = []  # of its own beside the store
    changes_images = True
    count = 0

    def __init__(self, number, env=None):
        self.host = Host(f"{self.name}-{number}-{Scene.count}")
        Scene.count += 1
        self.env = env or {}  # of the commands after the operation
        self.out = self.host.mkdir("out")
        self.build()
        self.prepare()
        self.saved = {}
        for folder in [self.host.dir, self.out]:
            for name in os.listdir(folder):
                path = os.path.join(folder, name)
                if os.path.isfile(path):
                    with open(path, "rb") as file:
                        self.saved[path] = file.read()
        self.images = {disk: digest(self.host.path(disk)) for disk in DISKS}
        self.seen = {}  # digests of both images -> their bitmaps, where known

    def build(self):
        host = self.host
        host.vm("vm", 2, "4M")
        for disk in DISKS:
            run("qemu-img", "bitmap", "--add", host.path(disk), "foreign")
        self.old = host.ok("create", "vm")["ReferencePoint"]
        for disk in DISKS:
            io(host.path(disk), "write -q 0x20000 4k", "write -q 0x300000 64k")
        self.dirty = host.ok("changes", self.old)["Disks"]
        self.points = [self.old]

    def prepare(self):
        """What the operation needs beyond that."""

    def args(self):
        """The operation's arguments."""
        raise NotImplementedError

    def happened(self, points):
        """Whether the operation was done, now that POINTS are there and check() holds."""
        raise NotImplementedError

    def repeat(self, points, number):
        """Arguments of a command that must work now that POINTS are there: the operation again, or
        its opposite."""
        raise NotImplementedError

    def reset(self):
        for folder in [self.host.dir, self.out]:
            for name in os.listdir(folder):
                path = os.path.join(folder, name)
                if os.path.isfile(path) and path not in self.saved:
                    os.unlink(path)
        for path, content in self.saved.items():
            if digest(path) != hashlib.sha256(content).hexdigest():
                with open(path, "wb") as file:
                    file.write(content)

    # ---- what holds ----

    def list(self):
        """The points that `cairn list` shows; it is what has to recover."""
        return [p["InstanceID"] for p in self.host.ok("list", env=self.env)]

    def bitmaps(self):
        """The bitmaps of each image; asks qemu-img unless the images are as they were."""
        state = tuple(digest(self.host.path(disk)) for disk in DISKS)
        if state not in self.seen:
            # Without -U, unlike cairntest.bitmaps: that it isn't locked is part of what is asked.
            found = []
            for disk in DISKS:
                image = json.loads(run("qemu-img", "info", "--output=json", self.host.path(disk)))
                kept = image["format-specific"]["data"].get("bitmaps", [])
                found.append({b["name"]: sorted(b["flags"]) for b in kept})
            self.seen = {**dict(list(self.seen.items())[-50:]), state: found}
        return self.seen[state]

    def check_points(self, points):
        """POINTS are those of before or of after."""
        raise NotImplementedError

    def check_images(self, points):
        wanted = {name: ["auto"] for name in ["foreign"] + [guid_of(p) for p in points]}
        for disk in DISKS:
            true(unlocked(self.host.path(disk)), f"{disk} is locked still")
        if not self.changes_images:
            for disk in DISKS:
                equal(digest(self.host.path(disk)), self.images[disk], f"content of {disk}")
            return
        for disk, found in zip(DISKS, self.bitmaps()):
            equal(found, wanted, f"bitmaps of {disk}")
        if tuple(digest(self.host.path(disk)) for disk in DISKS) != tuple(self.images.values()):
            equal(self.host.ok("changes", self.old, env=self.env)["Disks"], self.dirty,
                  "changes since the older point")

    def check_files(self):
        """Nothing lies about."""
        known = {"cairn.db", "cairn.db-wal", "cairn.db-shm", "cairn.db.lock", "out", *DISKS, *self.files}
        equal(sorted(set(os.listdir(self.host.dir)) - known), [], "stray files beside the store")
        equal(os.listdir(self.out), [], "files in the export directory")

    def check(self):
        """All of it; gives the points."""
        points = self.list()
        self.check_points(points)
        self.check_images(points)
        self.check_files()
        return points

    def go_on(self, number):
        """The VM can be worked with."""
        points = self.list()
        args = self.repeat(points, number)
        if args:
            result = self.host.cairn("--json", *args, env=self.env)
            true(result.status == 0, f"afterwards: {result}")
            self.check_images(self.list())


class Create(Scene):
    name = "create"

    def args(self):
        return ["create", "vm", "--label", "new"]

    def check_points(self, points):
        equal(points[:1], [self.old], "the older point")
        true(len(points) <= 2, f"points: {points}")

    def happened(self, points):
        return len(points) == 2

    def repeat(self, points, number):
        return ["destroy", points[1]] if len(points) > 1 and number % 2 else self.args()


class Destroy(Scene):
    name = "destroy"

    def prepare(self):
        self.new = self.host.ok("create", "vm")["ReferencePoint"]
        self.points.append(self.new)

    def args(self):
        return ["destroy", self.new]

    def check_points(self, points):
        true(points in (self.points, self.points[:1]), f"points: {points}")

    def happened(self, points):
        return self.new not in points

    def repeat(self, points, number):
        return self.args() if self.new in points else ["create", "vm"]


class Export(Scene):
    name = "export"
    changes_images = False
    before = (None, None)

    def args(self):
        return ["export", self.old, self.out]

    def pair(self):
        name = os.path.join(self.out, guid_of(self.old))
        return [name + ".vmcx", name + ".vmrs"]

    def check_points(self, points):
        equal(points, self.points, "points")

    def check_files(self):
        pair = self.pair()
        found = tuple(digest(path) for path in pair)
        stray = set(os.listdir(self.out)) - {os.path.basename(path) for path in pair}
        equal(sorted(stray), [], "stray files in the export directory")
        if found == self.before:
            return
        true(all(f and f not in self.before for f in found),
             f"half a pair: {found} after {self.before}")
        for path in pair:
            self.host.ok("vmcx", "check", path)
        self.host.ok("import", "vm", *pair, "--check", env=self.env)

    def happened(self, points):
        return tuple(digest(path) for path in self.pair()) != self.before

    def repeat(self, points, number):
        return self.args()


class ExportOver(Export):
    """There is an older pair in the place."""
    name = "export-over"

    def prepare(self):
        self.host.ok(*self.args())
        for disk in DISKS:
            io(self.host.path(disk), "write -q 0x200000 64k")
        self.dirty = self.host.ok("changes", self.old)["Disks"]
        self.before = tuple(digest(path) for path in self.pair())


class Import(Export):
    """The point comes back to a store that knows the VM only."""
    name = "import"

    def prepare(self):
        self.new = self.host.ok("create", "vm")["ReferencePoint"]
        self.both = [self.old, self.new]
        self.exported = self.host.ok("export", "--all", "vm", self.out)
        self.host.ok("vm", "remove", "vm", "--force")
        self.add = ["vm", "add", "vm", "--uuid", self.old.split(":")[1].split("\\")[0],
                    "--disk", "vda=" + self.host.path(DISKS[0]),
                    "--disk", "vdb=" + self.host.path(DISKS[1])]
        self.host.ok(*self.add)
        self.before = tuple(digest(path) for path in self.pair())

    def pair(self):
        return [self.exported["ExportedConfigFilePath"], self.exported["ExportedRuntimeFilePath"]]

    def args(self):
        return ["import", "vm", *self.pair()]

    def check_points(self, points):
        true(points in ([], self.both), f"points: {points}")

    def happened(self, points):
        return points == self.both


class VmAdd(Import):
    """The store is made with it."""
    name = "vm-add"

    def prepare(self):
        super().prepare()
        for name in os.listdir(self.host.dir):
            if name.startswith("cairn.db"):
                os.unlink(self.host.path(name))

    def args(self):
        return self.add

    def check_points(self, points):
        equal(points, [], "points")
        vms = self.host.ok("vm", "list", env=self.env)
        true(len(vms) <= 1, f"VMs: {vms}")
        for vm in vms:
            equal([d["Path"] for d in vm["Disks"]], [self.host.path(d) for d in DISKS], "disks")

    def happened(self, points):
        return len(self.host.ok("vm", "list")) == 1

    def repeat(self, points, number):
        return None if self.host.ok("vm", "list", env=self.env) else self.args()


class Adopt(Scene):
    """A newer point that one disk has lost. What it leaves can be resumed: the same command goes on."""
    name = "adopt"
    files = ["base.qcow2"]

    def prepare(self):
        self.new = self.host.ok("create", "vm")["ReferencePoint"]
        self.points.append(self.new)
        self.base = self.host.path("base.qcow2")
        run("cp", self.host.path(DISKS[0]), self.base)
        for disk in DISKS:
            io(self.host.path(disk), "write -q -P 7 0x80000 64k", "write -q -P 8 0x380000 4k")
        self.dirty = self.host.ok("changes", self.old)["Disks"]
        self.wanted = self.host.ok("changes", self.new)["Disks"]
        run("qemu-img", "bitmap", "--remove", self.host.path(DISKS[0]), guid_of(self.new))

    def args(self):
        return ["adopt", self.new, "--disk", "vda", "--base", self.base]

    def check_points(self, points):
        equal(points, self.points, "points")

    def check_images(self, points):
        # Nobody has waited for the daemon of the command that was killed, as a recovery would have.
        deadline = time.monotonic() + 10
        while not all(unlocked(self.host.path(disk)) for disk in DISKS) and time.monotonic() < deadline:
            time.sleep(0.005)
        for disk, found in zip(DISKS, self.bitmaps()):
            equal(set(map(tuple, found.values())), {("auto",)}, f"bitmaps of {disk}: {found}")
            more = set(found) - {"foreign", *(guid_of(p) for p in self.points)}
            true({"foreign", guid_of(self.old)} <= set(found) and len(more) <= (disk == DISKS[0]), f"{found}")
        equal(self.host.ok("changes", self.old, env=self.env)["Disks"], self.dirty, "of the older point")
        told = self.host.cairn("--json", "changes", self.new, env=self.env).json["Disks"]
        true(told[0].get("Verdict") in ("missing", "disabled") or told == self.wanted, f"of the adopted point: {told}")

    def go_on(self, number):
        wanted = sorted(["foreign"] + [guid_of(p) for p in self.points])
        if number % 4 == 0:
            self.host.ok("doctor", "--repair")
            true(set(self.bitmaps()[0]) <= set(wanted), f"not given up: {self.bitmaps()[0]}")
        self.host.ok(*self.args())
        equal(self.host.ok("changes", self.new)["Disks"], self.wanted, "of the adopted point")
        equal(sorted(self.bitmaps()[0]), wanted)
        equal({f["Kind"] for f in self.host.ok("doctor")["Findings"]}, {"foreign-bitmap"})


class Backup(Scene):
    """A differential backup after a full one: point, images and manifest, all or nothing."""
    name = "backup"
    files = ["full"]

    def prepare(self):
        self.full = self.host.path("full")
        self.base = self.host.ok("backup", "vm", self.full)["ReferencePoint"]
        self.points.append(self.base)
        for disk in DISKS:
            io(self.host.path(disk), "write -q -P 5 0x40000 128k", "write -q -P 6 0x310000 4k")
        self.dirty = self.host.ok("changes", self.old)["Disks"]
        self.next = os.path.join(self.out, "next")

    def args(self):
        return ["backup", "vm", self.next, "--since", self.base]

    def reset(self):
        super().reset()
        shutil.rmtree(self.next, ignore_errors=True)

    def check_points(self, points):
        equal(points[:2], self.points, "the older points")
        true(len(points) <= 3, f"points: {points}")

    def check_files(self):
        points = self.list()
        known = {"cairn.db", "cairn.db-wal", "cairn.db-shm", "cairn.db.lock", "out", *DISKS, *self.files}
        equal(sorted(set(os.listdir(self.host.dir)) - known), [], "stray files beside the store")
        equal(os.listdir(self.out), ["next"] if self.happened(points) else [], "the backup's directory")
        if not self.happened(points):
            return
        equal(len([name for name in os.listdir(self.next) if name.startswith(".")]), 0, "temporary files")
        self.host.ok("verify", self.full, self.next)

    def happened(self, points):
        return len(points) == 3

    def repeat(self, points, number):
        return None if self.happened(points) else self.args()


class LogCreate(Scene):
    """A third log-based point: bitmaps, log and point, all or nothing."""
    name = "log-create"
    files = ["logs", "logs-before"]

    def prepare(self):
        for number in (1, 2):
            self.points.append(self.host.ok("create", "vm", "--type", "log")["ReferencePoint"])
            for disk in DISKS:
                io(self.host.path(disk), f"write -q -P {number} 0x40000 128k", "write -q -P 6 0x310000 4k")
        self.dirty = self.host.ok("changes", self.old)["Disks"]
        shutil.copytree(self.host.path("logs"), self.host.path("logs-before"))

    def args(self):
        return ["create", "vm", "--type", "log"]

    def reset(self):
        super().reset()
        shutil.rmtree(self.host.path("logs"))
        shutil.copytree(self.host.path("logs-before"), self.host.path("logs"))

    def check_points(self, points):
        equal(points[:3], self.points, "the older points")
        true(len(points) <= 4, f"points: {points}")

    def check_files(self):
        super().check_files()
        kept = [p["InstanceID"] for p in self.host.ok("list", env=self.env) if p["HasAssociatedData"]]
        equal(sorted(os.listdir(self.host.path("logs"))), sorted(map(guid_of, kept)), "logs")
        for point in kept:
            names = os.listdir(self.host.path("logs", guid_of(point)))
            true("manifest.json" in names and len(names) == (3 if point == self.points[1] else 5), f"files: {names}")
        self.check_data(kept)

    def check_data(self, kept):
        equal(kept, self.list()[1:], "points with data")

    def happened(self, points):
        return len(points) == 4

    def repeat(self, points, number):
        return ["destroy", points[3]] if self.happened(points) else self.args()


class LogDestroy(LogCreate):
    """The second of them goes."""
    name = "log-destroy"

    def args(self):
        return ["destroy", self.points[2]]

    def check_points(self, points):
        true(points in (self.points, self.points[:2]), f"points: {points}")

    def happened(self, points):
        return len(points) == 2

    def repeat(self, points, number):
        return ["create", "vm", "--type", "log"] if self.happened(points) else self.args()


class LogRemove(LogDestroy):
    """Only its data goes."""
    name = "log-remove"
    changes_images = False

    def args(self):
        return ["remove-data", self.points[2]]

    def check_points(self, points):
        equal(points, self.points, "points")

    def check_data(self, kept):
        self.kept = kept
        true(kept in (self.points[1:], self.points[1:2]), f"points with data: {kept}")

    def happened(self, points):
        return self.kept == self.points[1:2]

    def repeat(self, points, number):
        return self.args()


SCENES = [Create, Destroy, Export, ExportOver, Import, VmAdd]


# ---- doing many runs at once ----

def _run_chunk(function, chunk, number, more):
    try:
        return [function(chunk, number, *more), None]
    except Exception as problem:  # pylint: disable=broad-except
        return [None, f"{type(problem).__name__}: {problem}"]


def share(items, function, *more):
    """Calls FUNCTION (chunk, number, *MORE) in several processes with a part of ITEMS each, and
    gives what they return."""
    n = min(WORKERS, len(items))
    tmp()
    with concurrent.futures.ProcessPoolExecutor(
            n, mp_context=multiprocessing.get_context("fork")) as pool:
        parts = [pool.submit(_run_chunk, function, items[i::n], i, more) for i in range(n)]
        answers = [part.result() for part in parts]
    for _, problem in answers:
        if problem:
            fail(problem)
    return [answer for answer, _ in answers]
