#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Import: every row of the method's result table that needs no daemon and no libvirt, by code and
sentence, and that nothing is left of an import that failed."""
import json
import os
import resource
import shutil
import signal
import struct
import subprocess
import time
import zlib

from cairntest import *

EDIT = os.environ.get("VMCX_EDIT", os.path.join(SOURCE_ROOT, "build", "tests", "vmcx-edit"))
GENUINE_VM = "282874FC-59D6-4F30-BC04-5FDD909C82E0"
OTHER_GUID = "0F0F0F0F-AAAA-4BBB-8CCC-0123456789AB"


class Move:
    """Host A with a VM of two disks, a point, writes after it and an export; host B with the moved
    disks and a VM of the same GUID."""

    def __init__(self, guid=None, old_disks=False):
        """GUID: of B's VM. OLD_DISKS: B gets the disks as they were right after the point."""
        self.a, self.b = Host(), Host()
        self.vm = self.a.vm("web", n_disks=2)
        self.guid = self.vm["VirtualSystemIdentifier"]
        disks = [d["Path"] for d in self.vm["Disks"]]
        write(disks[0], 0x100000, 0x30000, pattern=1)
        self.point = self.a.ok("create", "web", "--owner", "nightly", "--label", "first")
        self.id = self.point["ReferencePoint"]
        self.bitmap = self.id.split("\\")[1]
        self.disks = [self.b.path(os.path.basename(d)) for d in disks]
        if old_disks:
            self.take(disks)
        write(disks[0], 0x200000, 0x20000)
        write(disks[1], 0x3F00000, 0x1000)
        out = self.a.mkdir("out")
        answer = self.a.ok("export", self.id, out)
        self.config, self.runtime = (answer["ExportedConfigFilePath"],
                                     answer["ExportedRuntimeFilePath"])
        if not old_disks:
            self.take(disks)
        self.b.ok("vm", "add", "web", "--uuid", guid or self.guid, "--disk",
                  f"vda={self.disks[0]}", "--disk", f"vdb={self.disks[1]}")

    def take(self, disks):
        for source, target in zip(disks, self.disks):
            shutil.copyfile(source, target)

    def args(self, config=None, runtime=None):
        return ["import", "web", config or self.config, runtime or self.runtime]

    def ok(self, *more, **env):
        return self.b.ok(*self.args(), *more, **env)

    def fail(self, code, sentence, config=None, runtime=None, env=None):
        """The import must fail so, and leave the points as they are."""
        quiet = {"CAIRN_RECOVERY": "off"}
        before = self.b.ok("list", env=quiet)
        answer = self.b.fail(code, *self.args(config, runtime), sentence=sentence, env=env)
        equal(self.b.ok("list", env=quiet), before, "points after a failed import")
        return answer

    def edited(self, path, *edits):
        """A copy of one of the files with other values."""
        out = self.b.path("edited-" + os.path.basename(path))
        run(EDIT, path, out, *edits)
        return out


def verdicts(answer):
    return {d["Target"]: d["Verdict"] for d in answer["Disks"]}


# ---- success ----

@test("a moved VM gets its point back and tells what was written since")
def moved():
    move = Move()
    answer = move.ok()
    equal(answer["ReferencePoints"], [move.id])
    equal(verdicts(answer), {"vda": "tracked", "vdb": "tracked"})
    shown = move.b.ok("show", move.id)
    equal((shown["Origin"], shown["Owner"], shown["ElementName"]), ("imported", "nightly", "first"))
    changes = {d["Target"]: d["Changes"] for d in move.b.ok("changes", move.id)["Disks"]}
    equal(changes, {"vda": [[0x200000, 0x20000]], "vdb": [[0x3F00000, 0x10000]]})
    original = move.a.ok("show", move.id)
    for key in ("InstanceID", "VirtualSystemIdentifier", "VirtualDiskIdentifiers",
                "ResilientChangeTrackingIdentifiers", "CreationTime", "ConsistencyLevel"):
        equal(shown[key], original[key], key)


@test("a disk takes the identifier of the file, found by its target or its path")
def identifiers():
    move = Move()
    equal(len(move.ok()["ReferencePoints"]), 1)
    ids = [d["VirtualDiskIdentifier"] for d in move.b.ok("vm", "show", "web")["Disks"]]
    equal(ids, [d["VirtualDiskIdentifier"] for d in move.vm["Disks"]])


@test("importing again is fine, also on the host the point came from")
def again():
    move = Move()
    first = move.ok()
    equal(move.ok(), first)
    equal(len(move.b.ok("list")), 1)
    answer = move.a.ok("import", "web", move.config, move.runtime)
    equal(answer["ReferencePoints"], [move.id])
    equal(move.a.ok("show", move.id)["Origin"], "created")


@test("--check judges and changes nothing")
def check_only():
    move = Move()
    equal(verdicts(move.ok("--check")), {"vda": "tracked", "vdb": "tracked"})
    equal(move.b.ok("list"), [])


@test("one of several points can be chosen; relative paths are resolved")
def choose():
    host, other = Host(), Host()
    vm = host.vm("web")
    disk = vm["Disks"][0]["Path"]
    points = []
    for i in range(3):
        points.append(host.ok("create", "web")["ReferencePoint"])
        write(disk, i << 20, 4096)
    out = host.mkdir("out")
    answer = host.ok("export", "--all", "web", out)
    moved_disk = other.path("a.qcow2")
    shutil.copyfile(disk, moved_disk)
    other.ok("vm", "add", "web", "--uuid", vm["VirtualSystemIdentifier"], "--disk",
             f"vda={moved_disk}")
    files = [os.path.relpath(answer[k], other.dir)
             for k in ("ExportedConfigFilePath", "ExportedRuntimeFilePath")]
    guid = points[1].split("\\")[1]
    equal(other.ok("import", "web", *files, "--point", guid.lower())["ReferencePoints"],
          [points[1]])
    equal([p["InstanceID"] for p in other.ok("list")], [points[1]])
    equal(other.ok("import", "web", *files)["ReferencePoints"], points)
    sizes = [sum(e[1] for e in other.ok("changes", p)["Disks"][0]["Changes"]) for p in points]
    equal(sizes, [3 * 65536, 2 * 65536, 65536])
    other.fail(32773, "import", "web", *files, "--point", OTHER_GUID, sentence=OTHER_GUID)


@test("a VM's former identity is accepted once it is declared, and the point keeps its id")
def alias():
    move = Move(guid=OTHER_GUID)
    move.fail(32773, ["is of VM " + move.guid, "cairn vm alias"])
    move.b.ok("vm", "alias", "web", move.guid.lower())
    equal(move.ok()["ReferencePoints"], [move.id])
    shown = move.b.ok("show", move.id)
    equal((shown["InstanceID"], shown["VirtualSystemIdentifier"]), (move.id, OTHER_GUID))


@test("a genuine Hyper-V pair gives one point, the same when imported again")
def genuine():
    config, runtime = shared("data", "hyperv", "test.vmcx"), shared("data", "hyperv", "test.vmrs")
    host = Host()
    disk = host.image("a.qcow2")
    host.ok("vm", "add", "from-hyper-v", "--uuid", GENUINE_VM, "--disk", f"vda={disk}")
    first = host.ok("import", "from-hyper-v", config, runtime)
    equal(host.ok("import", "from-hyper-v", config, runtime), first)
    equal([d["Verdict"] for d in first["Disks"]], ["unanchored"])
    shown = host.ok("show", first["ReferencePoints"][0])
    equal((shown["Origin"], shown["VirtualDiskIdentifiers"]), ("hyper-v", []))
    equal(shown["CreationTime"][:16], "2021-08-22T21:41")
    host.fail(32775, "changes", shown["InstanceID"], sentence="came from Hyper-V.*`cairn adopt`")
    # Its unknown keys travel on with it.
    out = host.mkdir("out")
    pair = host.ok("export", shown["InstanceID"], out)
    other = Host()
    disk = other.image("a.qcow2")
    other.ok("vm", "add", "x", "--uuid", GENUINE_VM, "--disk", f"vda={disk}")
    equal(other.ok("import", "x", pair["ExportedConfigFilePath"],
                   pair["ExportedRuntimeFilePath"])["ReferencePoints"], first["ReferencePoints"])
    equal(other.ok("show", shown["InstanceID"])["Origin"], "hyper-v")
    equal(host.ok("destroy", shown["InstanceID"]), {"ReturnValue": 0})


# ---- paths and access ----

@test("a path outside the allowed directories is refused, also through a link")
def outside():
    move = Move()
    allowed = move.b.mkdir("allowed")
    conf = move.b.path("cairn.conf")
    with open(conf, "w") as f:
        f.write(f"[paths]\nimport={allowed};/nowhere\n")
    env = {"CAIRN_CONFIG": conf}
    move.fail(32769, ["configuration file '.*vmcx'", "outside the directories"], env=env)
    os.symlink(os.path.dirname(move.config), os.path.join(allowed, "link"))
    link = os.path.join(allowed, "link", os.path.basename(move.config))
    move.fail(32769, "outside the directories", config=link, env=env)
    for path in (move.config, move.runtime):
        shutil.copy(path, allowed)
    equal(move.b.ok("import", "web", *(os.path.join(allowed, os.path.basename(p))
                                       for p in (move.config, move.runtime)), env=env)
          ["ReturnValue"], 0)


@test("a file the caller may not read is refused")
def unreadable_file():
    if os.geteuid() != 0:
        skip("needs root to become another user")
    move = Move()
    os.chmod(move.runtime, 0o600)
    for path in (move.b.dir, *move.disks):
        os.chown(path, NOBODY, NOBODY)
    for name in os.listdir(move.b.dir):
        os.chown(move.b.path(name), NOBODY, NOBODY)
    answer = move.b.fail(32769, *move.args(), uid=NOBODY, sentence="may not be read by uid 65534")
    true(move.runtime in answer["Error"], answer["Error"])


@test("missing files, directories and devices are refused")
def not_files():
    move = Move()
    move.fail(32773, "can't be opened .No such file", config=move.b.path("nothing.vmcx"))
    move.fail(32773, "can't be opened .No such file", runtime=move.b.path("nothing.vmrs"))
    move.fail(32773, "is a directory", config=move.b.dir)
    move.fail(32773, "device or special file", config="/dev/zero")
    fifo = move.b.path("fifo")
    os.mkfifo(fifo)
    move.fail(32773, "device or special file", runtime=fifo)


@test("an unknown VM is refused")
def unknown_vm():
    move = Move()
    move.b.fail(32773, "import", "nobody", move.config, move.runtime, sentence="nobody")
    move.b.fail(32773, "import", OTHER_GUID, move.config, move.runtime, sentence=OTHER_GUID)


# ---- containers ----

def spoiled(move, path, change):
    """A copy of PATH on which CHANGE (bytearray) was made."""
    with open(path, "rb") as f:
        data = bytearray(f.read())
    changed = change(data)
    data = data if changed is None else changed
    out = move.b.path("spoiled-" + os.path.basename(path))
    with open(out, "wb") as f:
        f.write(data)
    return out


def object_entry(kind, offset, size):
    entry = bytearray(struct.pack("<BIQIB", kind, 0, offset, size, 1))
    struct.pack_into("<I", entry, 1, zlib.crc32(entry))
    return entry


@test("what isn't a whole container is refused with the offset")
def not_containers():
    move = Move()

    def set_at(offset, value):
        def change(data):
            data[offset:offset + len(value)] = value
        return change

    for title, change in (
            ("empty", lambda d: bytearray()),
            ("text", lambda d: bytearray(b"not a container" * 1000)),
            ("truncated", lambda d: d[:0x3100]),
            ("bad checksum", set_at(0x3010, b"\xff")),
            ("bad object table", set_at(0x2008, b"\x05")),
            ("unknown version", version_five)):
        for path, key in ((move.config, "config"), (move.runtime, "runtime")):
            try:
                move.fail(32776, ["0x[0-9a-f]+", "spoiled-.*" + os.path.basename(path)],
                          **{key: spoiled(move, path, change)})
            except Failure as problem:
                fail(f"{title}: {problem}")


def version_five(data):
    for at in (0, 0x1000):
        header = data[at:at + 46]
        header[4:8] = bytes(4)
        header[10:14] = struct.pack("<I", 0x0500)
        struct.pack_into("<I", header, 4, zlib.crc32(header))
        data[at:at + 46] = header


@test("a replay log that doesn't verify is refused")
def bad_log():
    move = Move()

    def dirty(data):
        offset = struct.unpack_from("<Q", data, 26)[0]
        header = bytearray(data[offset:offset + 34])
        header[4:8] = bytes(4)
        struct.pack_into("<I", header, 8, 1)
        struct.pack_into("<I", header, 4, zlib.crc32(header))
        data[offset:offset + 34] = header

    move.fail(32776, ["log", "0x"], config=spoiled(move, move.config, dirty))


@test("a file that declares more than the limit is refused without reading it")
def declares_much():
    move = Move()

    def huge(data):
        data[0x2008:0x2008 + 18] = object_entry(2, 0x3000, 0xF0000000)

    move.fail(32778, "limit", config=spoiled(move, move.config, huge))


# ---- pair, VM, schema ----

@test("two files that don't belong together are refused")
def pairing():
    move, stranger = Move(), Move()
    move.fail(32776, "two exports", runtime=stranger.runtime)
    move.fail(32776, "runtime-state file where a configuration", config=move.runtime,
              runtime=move.config)
    move.fail(32776, "only one of them was exported by Cairn",
              runtime=shared("data", "hyperv", "test.vmrs"))
    move.fail(32776, "only one of them was exported by Cairn",
              config=shared("data", "hyperv", "test.vmcx"))


@test("metadata of a newer schema is refused, after another VM's")
def schema():
    move = Move()
    newer = move.edited(move.config, "cairn/schema=uint:2")
    move.fail(32770, ["schema 2", "update cairn"], config=newer)
    stranger = Move(guid=OTHER_GUID)
    stranger.fail(32773, "is of VM", config=stranger.edited(stranger.config,
                                                            "cairn/schema=uint:2"))


@test("a file that lacks a key, or has one of another type, is refused")
def keys():
    move = Move()
    for edit in ("cairn/points/point/label=-", "cairn/points/point/type=string:2",
                 "cairn/points/point/instance_id=string:nonsense",
                 "cairn/points/point/consistency=uint:9", "cairn/schema=uint:0",
                 "cairn/points/point/creation_time_ms=int:253402300799000",
                 f"cairn/points/point/label=string:{'x' * 1025}",
                 f"cairn/points/point/disks/disk/path=string:{'x' * 9000}",
                 "cairn/points/point/disks/disk=-",
                 "cairn/points/point/disks/disk/granularity=uint:1000",
                 "cairn/points/point/disks/disk/bitmap=string:somebody-elses",
                 "cairn/points/point/disks/disk/identifier=string:same",
                 "configuration/properties/global_id=-"):
        move.fail(32776, "edited-", config=move.edited(move.config, edit))
    for edit in ("cairn/points/point/disks/disk/dirty=array:ff",
                 "cairn/points/point/disks/disk/dirty=-", "cairn/points/point=-"):
        move.fail(32776, "edited-", runtime=move.edited(move.runtime, edit))


@test("the same InstanceID with other content is refused, and the old one stays")
def other_content():
    move = Move()
    move.ok()
    before = move.b.ok("show", move.id)
    move.fail(32773, "already with other content",
              config=move.edited(move.config, "cairn/points/point/label=string:other"))
    equal(move.b.ok("show", move.id), before)


# ---- disks ----

@test("a disk that isn't attached is named; nothing is imported")
def not_attached():
    move = Move()
    other = Host()
    other.ok("vm", "add", "web", "--uuid", move.guid, "--disk", f"vda={move.disks[0]}")
    answer = other.fail(32775, "import", "web", move.config, move.runtime,
                        sentence="isn't attached")
    equal(verdicts(answer), {"vda": "tracked", "vdb": "no-file"})
    equal(other.ok("list"), [])


@test("two disks whose targets and paths contradict each other aren't guessed at")
def swapped():
    move = Move()
    other = Host()
    moved = [move.a.path(os.path.basename(d)) for d in move.disks]
    other.ok("vm", "add", "web", "--uuid", move.guid, "--disk", f"vda={moved[1]}", "--disk",
             f"vdb={moved[0]}")
    answer = other.fail(32775, "import", "web", move.config, move.runtime,
                        sentence="under that target and path")
    equal(verdicts(answer), {"vda": "no-file", "vdb": "no-file"})


@test("each way a bitmap can be lost has its verdict and reason")
def lost():
    cases = (
        ("missing", lambda m: run("qemu-img", "bitmap", "--remove", m.disks[1], m.bitmap)),
        ("disabled", lambda m: run("qemu-img", "bitmap", "--disable", m.disks[1], m.bitmap)),
        ("disabled", lambda m: run("qemu-img", "bitmap", "--clear", m.disks[1], m.bitmap)),
        ("size-differs", lambda m: run("qemu-img", "resize", "-q", m.disks[1], "65M")),
        ("no-file", lambda m: os.unlink(m.disks[1])),
        ("unsupported-format", lambda m: run("qemu-img", "create", "-q", "-f", "raw", m.disks[1],
                                             "64M")),
        ("unreadable", lambda m: open(m.disks[1], "r+b").write(b"QFI\xfb\0\0\0\3" + b"\xff" * 92)),
    )
    for wanted, spoil in cases:
        move = Move()
        spoil(move)
        answer = move.fail(32775, f"disk 'vdb' .{wanted}")
        equal(verdicts(answer), {"vda": "tracked", "vdb": wanted})
        reasons = {d["Target"]: d["Reason"] for d in answer["Disks"]}
        true(move.disks[1] in reasons["vdb"], f"{wanted}: reason {reasons}")


@test("an older copy of the disks is refused: what was dirty at export is clean there")
def older_copy():
    answer = Move(old_disks=True).fail(32775, "an older copy")
    equal(verdicts(answer), {"vda": "disabled", "vdb": "disabled"})


# ---- busy, time, unfinished ----

@test("an image that a running VM has open is busy, and isn't touched")
def running():
    qemu = shutil.which("qemu-system-x86_64")
    if not qemu:
        skip("qemu-system-x86_64 isn't installed")
    move = Move()
    process = subprocess.Popen([qemu, "-S", "-nodefaults", "-display", "none", "-accel", "tcg",
                                "-qmp", "stdio", "-drive",
                                f"file={move.disks[0]},format=qcow2,if=virtio"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        process.stdout.readline()  # QMP's greeting: the image is open
        before = content(move.disks[0])
        answer = move.fail(32774, "vda")
        equal(verdicts(answer)["vda"], "busy")
        equal(content(move.disks[0]), before, "the image")
        process.stdin.write(b'{"execute":"qmp_capabilities"} {"execute":"quit"}')
        process.stdin.close()
        process.wait()
    finally:
        process.kill()
        process.wait()
    equal(move.ok()["ReturnValue"], 0)


def content(path):
    with open(path, "rb") as f:
        return zlib.crc32(f.read())


def hanging_create(move):
    """A create on host B that hangs in its helper, holding the VM."""
    script = move.b.path("hangs")
    with open(script, "w") as f:
        f.write("#!/bin/sh\nexec sleep 60\n")
    os.chmod(script, 0o755)
    process = spawn("--store", move.b.store, "create", "web", env={"CAIRN_QSD": script})
    for _ in range(200):
        if children(process.pid):
            return process
        time.sleep(0.02)
    fail("create never started its helper")
    return None


@test("while another operation runs on the VM it is in use")
def operation_running():
    move = Move()
    process = hanging_create(move)
    try:
        move.fail(32774, "web|" + move.guid)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    equal(move.ok()["ReturnValue"], 0)


@test("an operation that was cut off is judged first; until then the status is unknown")
def cut_off():
    move = Move()
    process = hanging_create(move)
    process.send_signal(signal.SIGKILL)
    process.wait()
    move.fail(32771, "cut off", env={"CAIRN_RECOVERY": "off"})
    equal(move.ok()["ReturnValue"], 0)
    equal([p["InstanceID"] for p in move.b.ok("list")], [move.id])


@test("past the time limit nothing is imported")
def timeout():
    move = Move()
    for limit in ("0", "1"):
        move.fail(32772, "past (its|the) time limit", env={"CAIRN_TIMEOUT_MS": limit})
    for limit in ("soon", "-1", "1s"):
        move.fail(32773, "CAIRN_TIMEOUT_MS is", env={"CAIRN_TIMEOUT_MS": limit})


@test("a store that can't be written fails as a whole")
def store_full():
    move = Move()

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    process = spawn("--store", move.b.store, "--json", *move.args(), preexec_fn=limit)
    out, err = process.communicate()
    equal(process.returncode, 1, f"status of {out} {err}")
    equal(json.loads(out)["ReturnValue"], 32768)
    equal(err.count(b"\n"), 1)
    equal(move.b.ok("list"), [])
    equal(move.ok()["ReturnValue"], 0)


main()
