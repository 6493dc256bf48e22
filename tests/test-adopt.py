#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Adopt on shut-off images: a point whose bitmap is gone is anchored again by comparing the disk with
a copy of it, exactly, whatever interrupts that, and not with a copy that can't be one."""
import os
import pty
import random
import re
import shutil
import signal
import subprocess
import time

from cairntest import *
from vhdx import name_log

MB = 1 << 20
GENUINE_VM = "282874FC-59D6-4F30-BC04-5FDD909C82E0"


def guid_of(point):
    return point.split("\\")[1]


def verdict(host, point):
    return host.ok("show", point)["Disks"][0]["Verdict"]


def changes(host, point, target="vda"):
    answer = host.ok("changes", point, "--disk", target)
    return answer["Disks"][0]["Changes"]


def convert(source, target, fmt="qcow2", *more):
    run("qemu-img", "convert", *more, "-O", fmt, source, target)
    return target


def granules_with_data(file):
    """The numbers of granules of a sparse file that aren't all hole."""
    found, at = set(), 0
    while True:
        try:
            at = os.lseek(file, at, os.SEEK_DATA)
        except OSError:
            return found
        end = os.lseek(file, at, os.SEEK_HOLE)
        found.update(range(at // GRANULARITY, -(-end // GRANULARITY)))
        at = end


def differences(one, other, size):
    """The granules in which two images differ, as extents."""
    raw = [convert(path, path + ".wanted", "raw") for path in (one, other)]
    files = [os.open(path, os.O_RDONLY) for path in raw]
    found = []
    for at in (n * GRANULARITY for n in sorted(set().union(*map(granules_with_data, files)))):
        length = min(GRANULARITY, size - at)
        left, right = (os.pread(file, length, at).ljust(length, b"\0") for file in files)
        if left != right:
            found.append((at, length))
    for file, path in zip(files, raw):
        os.close(file)
        os.unlink(path)
    return granules(found, size=size)


class Lost:
    """A VM with one disk that was written to; a point; a copy of the disk as of the point; more writes,
    some of which change nothing; and then the point's bitmap is gone."""

    def __init__(self, size=64 * MB, keep_bitmap=False):
        self.host = Host()
        self.size = size
        self.disk = self.host.vm("web", size=size)["Disks"][0]["Path"]
        io(self.disk, "write -q -P 1 0 6M", "write -q -P 2 20M 100k", "write -q -P 3 33333k 8k")
        self.point = self.host.ok("create", "web")["ReferencePoint"]
        self.base = self.host.path("base.qcow2")
        shutil.copyfile(self.disk, self.base)
        io(self.disk, "write -q -P 9 1M 200k", "write -q -P 1 3M 1M", "write -q -z 20M 64k",
           "write -q -P 7 40000k 1", f"write -q -P 8 {size - 512} 512", "discard -q 4M 64k")
        if not keep_bitmap:
            run("qemu-img", "bitmap", "--remove", self.disk, guid_of(self.point))

    def args(self, base=None, disk="vda"):
        return ["adopt", self.point, "--disk", disk, "--base", base or self.base]

    def adopt(self, base=None, **more):
        return self.host.ok(*self.args(base), **more)

    def fail(self, code, sentence, base=None, disk="vda", **more):
        return self.host.fail(code, *self.args(base, disk), sentence=sentence, **more)

    def wanted(self):
        return differences(self.disk, self.base, self.size)

    def check(self):
        """The point tells exactly what differs, its bitmap is the only one, and it records."""
        wanted = self.wanted()
        true(wanted, "nothing differs, so this test proves nothing")
        equal(verdict(self.host, self.point), "tracked")
        equal(changes(self.host, self.point), wanted, "changes")
        equal(bitmaps(self.disk), {guid_of(self.point): ["auto"]})
        equal(self.host.ok("doctor")["Findings"], [])


@test("the changes are what differs, to the granule, whatever format the copy has")
def formats():
    lost = Lost()
    before = lost.wanted()
    pristine = shutil.copyfile(lost.disk, lost.disk + ".pristine")
    formats_of_copies = [("qcow2", []), ("raw", []), ("vhdx", []), ("qcow2", ["-c"]),
                         ("vmdk", []), ("qcow2", ["-o", "cluster_size=4k,extended_l2=off"])]
    for number, (fmt, options) in enumerate(formats_of_copies):
        base = convert(lost.base, lost.host.path(f"copy{number}"), fmt, *options)
        shutil.copyfile(pristine, lost.disk)
        answer = lost.adopt(base)
        equal((answer["Compared"], answer["Differing"]), (lost.size, sum(n for _, n in before)), fmt)
        equal(answer["Disks"], [{"Target": "vda", "Path": lost.disk, "Verdict": "tracked",
                                 "Reason": ""}])
        equal(changes(lost.host, lost.point), before, fmt)
        run("qemu-img", "bitmap", "--remove", lost.disk, guid_of(lost.point))
        equal(verdict(lost.host, lost.point), "missing")
    lost.adopt()
    write(lost.disk, 50 * MB, 1)
    equal(changes(lost.host, lost.point), granules([tuple(e) for e in before] + [(50 * MB, 1)]))
    lost.check()


@test("a large VHDX, with blocks behind the first of its sector bitmaps' entries")
def large_vhdx():
    lost = Lost(size=9 << 30)
    for number, options in enumerate([[], ["-o", "block_size=1M"]]):
        copy = lost.host.path(f"{number}.vhdx")
        io(lost.base, f"write -q -P 5 {5 + number}G 1M", "write -q -P 6 8500M 100k")
        io(lost.disk, f"write -q -P 5 {5 + number}G 1M", "write -q -P 7 8500M 70k")
        lost.adopt(convert(lost.base, copy, "vhdx", *options))
        lost.check()
        run("qemu-img", "bitmap", "--remove", lost.disk, guid_of(lost.point))
        equal(verdict(lost.host, lost.point), "missing")


@test("an id of its own, and no other property, changes; a tracked disk is left alone")
def anchor():
    lost = Lost(keep_bitmap=True)
    shown = lost.host.ok("show", lost.point)
    kept = open(lost.disk, "rb").read()
    answer = lost.adopt()
    equal((answer["Compared"], answer["Differing"], answer["Disks"][0]["Verdict"]), (0, 0, "tracked"))
    equal(open(lost.disk, "rb").read(), kept, "the image")
    equal(lost.host.ok("show", lost.point), shown)
    run("qemu-img", "bitmap", "--remove", lost.disk, guid_of(lost.point))
    seen = set(shown.pop("ResilientChangeTrackingIdentifiers"))
    for _ in range(2):
        equal(verdict(lost.host, lost.point), "missing")
        lost.adopt()
        now = lost.host.ok("show", lost.point)
        ids = now.pop("ResilientChangeTrackingIdentifiers")
        true(not seen & set(ids) and re.fullmatch(r"rctX(:[0-9a-f]+){6}", ids[0]), f"ids {ids}")
        seen |= set(ids)
        equal(now, shown)
        run("qemu-img", "bitmap", "--remove", lost.disk, guid_of(lost.point))


class Crashing:
    """A QEMU that has an image open read-write, and is killed."""

    def __init__(self, path):
        self.process = subprocess.Popen(
            ["qemu-storage-daemon", "--chardev", "stdio,id=c", "--blockdev",
             f"qcow2,node-name=n,file.driver=file,file.filename={path}", "--monitor", "chardev=c"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.process.stdout.readline()

    def kill(self):
        self.process.kill()
        self.process.communicate()


def crash(path):
    Crashing(path).kill()


@test("a bitmap that a crash left in use is replaced; older and newer points keep telling theirs")
def after_crash():
    lost = Lost(keep_bitmap=True)
    crash(lost.disk)
    equal(verdict(lost.host, lost.point), "in-use")
    newer = lost.host.ok("create", "web")["ReferencePoint"]
    # What it was: in the newer bitmap, not among the differences.
    io(lost.disk, "write -q -P 1 2M 64k", "write -q -P 4 11M 64k")
    lost.adopt()
    equal(changes(lost.host, newer), granules([(2 * MB, 1), (11 * MB, 1)]))
    equal(changes(lost.host, lost.point), lost.wanted())
    newest = lost.host.ok("create", "web")["ReferencePoint"]
    write(lost.disk, 12 * MB, 1)
    equal([p["Disks"][0]["Verdict"] for p in lost.host.ok("list")], ["tracked"] * 3)
    equal(changes(lost.host, newest), granules([(12 * MB, 1)]))
    # It is found out as any other when it is cleared.
    run("qemu-img", "bitmap", "--clear", lost.disk, guid_of(lost.point))
    equal([p["Disks"][0]["Verdict"] for p in lost.host.ok("list")], ["disabled"] + ["tracked"] * 2)


@test("a disk that has grown: what is behind the copy's end differs unless it is zeroes")
def grown():
    lost = Lost()
    run("qemu-img", "resize", "-q", lost.disk, "80M")
    io(lost.disk, "write -q -P 5 70M 64k", "write -q -z 75M 1M")
    lost.size = 80 * MB
    answer = lost.adopt()
    equal(answer["Compared"], 80 * MB)
    lost.check()
    true([70 * MB, GRANULARITY] in changes(lost.host, lost.point), "the write behind the end")
    # Once more, now that the point knows the disk's new size.
    run("qemu-img", "bitmap", "--remove", lost.disk, guid_of(lost.point))
    lost.adopt()
    lost.check()


@test("a copy that was cut off is refused, however much is left; at its full size again it is fine")
def cut_off():
    lost = Lost()
    raw = convert(lost.base, lost.host.path("raw"), "raw")
    kept = open(lost.disk, "rb").read()
    for size in (lost.size - 512, 512, 0):
        os.truncate(raw, size)
        lost.fail(32773, [f"raw' has {size} bytes, and disk 'vda' had {lost.size} at the reference point",
                          "name a whole copy"], base=raw)
    equal(open(lost.disk, "rb").read(), kept, "the image")
    equal(verdict(lost.host, lost.point), "missing")
    equal(lost.host.ok("doctor")["Findings"], [], "nothing is left of it")
    convert(lost.base, raw, "raw")
    os.truncate(raw, 40 * MB)  # only zeroes are behind that
    run("qemu-img", "resize", "-q", "-f", "raw", raw, str(lost.size))
    lost.adopt(raw)
    lost.check()


@test("a disk that has shrunk: what is left of it is compared, with as much of the copy")
def shrunk():
    lost = Lost()
    lost.base = convert(lost.base, lost.host.path("raw"), "raw")
    write(lost.base, 50 * MB, 1, fmt="raw")
    run("qemu-img", "resize", "-q", "--shrink", lost.disk, "40M")
    lost.fail(32773, ["holds more than the 41943040 bytes of disk 'vda'"])
    lost.size = 40 * MB
    os.truncate(lost.base, lost.size - 512)
    lost.fail(32773, ["name a whole copy"])
    os.truncate(lost.base, lost.size)
    equal(lost.adopt()["Compared"], lost.size)
    lost.check()


@test("a copy may be larger by what formats round up, not by what holds anything")
def larger():
    lost = Lost()
    run("qemu-img", "resize", "-q", lost.base, "65M")
    lost.adopt()
    lost.check()
    run("qemu-img", "bitmap", "--remove", lost.disk, guid_of(lost.point))
    write(lost.base, 64 * MB + 100000, 1)
    lost.fail(32773, ["holds more than the 67108864 bytes of disk 'vda'"])
    equal(bitmaps(lost.disk), {})


@test("what can't be adopted is refused before anything is touched")
def refused():
    lost = Lost()
    host = lost.host
    kept = open(lost.disk, "rb").read()
    overlay = host.image("overlay", None, backing=lost.disk)
    garbage = host.path("garbage")
    with open(garbage, "wb") as file:
        file.write(b"QFI\xfb\0\0\0\3" + bytes(1000))
    lost.fail(32773, "isn't there|No such file", base=host.path("none"))
    lost.fail(32773, ["is disk 'vda' itself"], base=lost.disk)
    lost.fail(32773, ["is an overlay of disk 'vda' itself"], base=overlay)
    lost.fail(32776, ["garbage"], base=garbage)
    lost.fail(32773, ["no disk 'vdz'", "cairn vm show"], disk="vdz")
    host.fail(32773, "adopt", "nothing", "--disk", "vda", "--base", lost.base, sentence="nothing")
    with open(host.path("conf"), "w", encoding="ascii") as conf:
        conf.write(f"[paths]\nimport = {host.mkdir('in')}\n")
    lost.fail(32769, ["allowed|directories"], env={"CAIRN_CONFIG": host.path("conf")})
    os.unlink(overlay)
    holder = Crashing(lost.base)
    lost.fail(32774, ["base.qcow2' is open for writing"])
    holder.kill()
    holder = Crashing(lost.disk)
    lost.fail(32774, ["open for writing in another program"])
    holder.process.terminate()
    holder.process.communicate()
    equal(open(lost.disk, "rb").read(), kept, "the image")
    matches(host.usage("adopt", lost.point, "--disk", "vda"), "--base is missing")
    matches(host.usage("adopt", lost.point, "--base", lost.base), "--disk is missing")
    os.unlink(lost.disk)
    answer = lost.fail(32775, ["no-file"])
    equal(answer["Disks"][0]["Verdict"], "no-file")


@test("a copy that an older point proves wrong is refused, and the older point stays tracked")
def wrong_base():
    lost = Lost(keep_bitmap=True)
    host = lost.host
    newer = host.ok("create", "web")["ReferencePoint"]
    right = convert(lost.disk, host.path("right"))
    wrong = convert(lost.disk, host.path("wrong"))
    write(wrong, 50 * MB, 1)
    write(lost.disk, 51 * MB, 1)
    run("qemu-img", "bitmap", "--remove", lost.disk, guid_of(newer))
    equal(host.ok("show", newer)["Disks"][0]["Verdict"], "missing")
    adopt = ["adopt", newer, "--disk", "vda", "--base"]
    host.fail(32773, *adopt, wrong, sentence=["wrong' can't be a copy of disk 'vda'", "0x3200000",
                                              re.escape(lost.point)])
    equal(verdict(host, lost.point), "tracked")
    equal(verdict(host, newer), "missing")
    equal(host.ok("doctor")["Findings"], [], "nothing is left of it")
    host.ok(*adopt, right)
    equal(changes(host, newer), granules([(51 * MB, 1)]))
    equal([p["Disks"][0]["Verdict"] for p in host.ok("list")], ["tracked"] * 2)


# ---- interrupted ----

class Slow(Lost):
    """As Lost, with a disk so large and a copy so slow that comparing them takes seconds: a VHDX with a
    log is left to QEMU, which sees no holes in it."""

    def __init__(self):
        super().__init__(size=4096 * MB)
        self.vhdx = convert(self.base, self.host.path("base.vhdx"), "vhdx")
        name_log(self.vhdx)

    def start(self):
        """Starts adopting and waits until it compares, some of it."""
        process = spawn("--store", self.host.store, "--json", *self.args(self.vhdx))
        server(process)
        while process.poll() is None and cpu_seconds(process.pid) < 0.25:
            time.sleep(0.01)
        true(process.poll() is None, "it ended before it could be interrupted")
        return process


def cpu_seconds(pid):
    """What a process has worked so far: comparing is what takes time."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def server(process):
    """The qemu-nbd that reads the copy for PROCESS, once it is there."""
    for _ in range(1000):
        for pid in children(process.pid) if process.poll() is None else []:
            with open(f"/proc/{pid}/comm", encoding="ascii") as name:
                if name.read() == "qemu-nbd\n":
                    return pid
        time.sleep(0.01)
    return fail("the copy isn't read")


def catchers(lost):
    return sorted(set(bitmaps(lost.disk)) - {guid_of(lost.point)})


@test("stopped by Ctrl-C it goes on where it was, and knows what was written in between")
def stopped():
    lost = Slow()
    process = lost.start()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    matches(err.decode(), r"stopped at [1-9]\d?%: it was asked to; repeat the command to go on")
    equal((process.returncode, json.loads(out)["ReturnValue"]), (1, 32768))
    equal(len(catchers(lost)), 1)
    caught = catchers(lost)
    equal(verdict(lost.host, lost.point), "missing")
    (finding,) = lost.host.cairn("--json", "doctor").json["Findings"]
    equal((finding["Kind"], finding["Object"]), ("unfinished-intent", lost.point))
    matches(finding["Sentence"], "adopting .* was interrupted; repeat that `cairn adopt`")
    other = lost.host.ok("create", "web")["ReferencePoint"]
    lost.host.ok("destroy", other)
    equal(catchers(lost), caught, "other operations leave it alone")
    # Before and behind the place where it stopped.
    io(lost.disk, "write -q -P 6 64k 1", f"write -q -P 6 {2000 * MB} 1")
    equal(lost.adopt(lost.vhdx)["Compared"], lost.size)
    lost.check()


@test("killed with -9 it goes on; written to, even by a VM that starts meanwhile, it covers all")
def killed():
    lost = Slow()
    process = lost.start()
    process.kill()
    process.communicate()
    io(lost.disk, "write -q -P 6 50M 1")
    process = lost.start()
    process.send_signal(signal.SIGSTOP)
    io(lost.disk, "write -q -P 6 128k 1", f"write -q -P 6 {1800 * MB} 1")
    process.send_signal(signal.SIGCONT)
    out, err = process.communicate(timeout=60)
    equal((process.returncode, err), (0, b""), out)
    lost.check()


@test("a crash of QEMU meanwhile makes it start over; so does a copy that was written to")
def starts_over():
    lost = Slow()
    process = lost.start()
    process.send_signal(signal.SIGSTOP)
    crash(lost.disk)
    process.send_signal(signal.SIGCONT)
    out, _ = process.communicate(timeout=60)
    answer = json.loads(out)
    equal(answer["ReturnValue"], 32775)
    matches(answer["Error"], "in use by a crash .* repeat the command, which starts over")
    equal(bitmaps(lost.disk), {}, "nothing is left of it")
    seen = []
    for happens in (lambda: None, lambda: os.utime(lost.vhdx), lambda: crash(lost.disk)):
        happens()
        process = lost.start()
        process.kill()
        process.communicate()
        (catcher,) = catchers(lost)
        true(catcher not in seen, "it goes on with an old catcher")
        seen.append(catcher)
    process = lost.start()
    equal(catchers(lost), seen[-1:], "nothing has happened, so it goes on")
    io(lost.disk, "write -q -P 6 50M 1")
    os.utime(lost.vhdx, (1, 1))
    out, _ = process.communicate(timeout=60)
    matches(json.loads(out)["Error"], "base.vhdx' was written to while it was read")
    lost.adopt()
    lost.check()


@test("while it runs the VM can be worked on, but it isn't adopted twice, nor its point destroyed")
def meanwhile():
    lost = Slow()
    process = lost.start()
    process.send_signal(signal.SIGSTOP)
    other = lost.host.ok("create", "web")["ReferencePoint"]
    lost.fail(32774, ["being adopted by another process"])
    lost.host.fail(32774, "destroy", lost.point, sentence="being adopted")
    equal(lost.host.ok("doctor")["Findings"], [])
    lost.host.ok("destroy", other)
    process.send_signal(signal.SIGCONT)
    out, _ = process.communicate(timeout=60)
    equal(json.loads(out)["ReturnValue"], 0)
    lost.check()


@test("a copy that can't be read any more is given up in time, and at once on Ctrl-C")
def hangs():
    lost = Slow()
    process = lost.start()
    reader = server(process)
    os.kill(reader, signal.SIGSTOP)
    process.send_signal(signal.SIGINT)
    time.sleep(0.7)
    os.kill(reader, signal.SIGCONT)  # or its end is waited for
    _, err = process.communicate(timeout=20)
    matches(err.decode(), "it was asked to")
    lost.fail(32772, [r"stopped at \d+%: .*time limit; repeat"], base=lost.vhdx,
              env={"CAIRN_TIMEOUT_MS": "400"})
    lost.adopt(lost.vhdx)
    lost.check()


@test("given up: doctor and destroy remove what an interrupted one left")
def given_up():
    lost = Slow()
    for way in (["doctor", "--repair"], ["destroy", lost.point]):
        process = lost.start()
        process.kill()
        process.communicate()
        equal(len(catchers(lost)), 1)
        lost.host.ok(*way)
        equal(bitmaps(lost.disk), {}, way)
        equal(lost.host.ok("doctor")["Findings"], [])
    equal(lost.host.ok("list"), [])


# ---- and what comes after ----

@test("an adopted point is as any other: exported, imported elsewhere, continued there")
def exported():
    lost = Lost()
    lost.adopt()
    out = lost.host.mkdir("out")
    files = lost.host.ok("export", lost.point, out)
    there = Host()
    moved = shutil.copyfile(lost.disk, there.path("moved.qcow2"))
    guid = lost.host.ok("vm", "show", "web")["VirtualSystemIdentifier"]
    there.ok("vm", "add", "web", "--uuid", guid, "--disk", f"vda={moved}")
    there.ok("import", "web", files["ExportedConfigFilePath"], files["ExportedRuntimeFilePath"])
    equal(changes(there, lost.point), lost.wanted())
    write(moved, 60 * MB, 1)
    true([60 * MB, GRANULARITY] in changes(there, lost.point), "it records there")


@test("a VM from Hyper-V: its point is anchored with the VHDX it came with, by whatever tells the disk")
def from_hyper_v():
    config, runtime = shared("data", "hyperv", "test.vmcx"), shared("data", "hyperv", "test.vmrs")
    host = Host()
    disks = [host.image(name, "64M") for name in ("a.qcow2", "b.qcow2")]
    host.ok("vm", "add", "web", "--uuid", GENUINE_VM, "--disk", f"vda={disks[0]}", "--disk",
            f"vdb={disks[1]}")
    (point,) = host.ok("import", "web", config, runtime)["ReferencePoints"]
    found = host.ok("show", point)["Disks"]
    equal({d["Verdict"] for d in found}, {"unanchored"})
    vhdx = host.path(re.split(r"[\\/]", found[0]["Path"])[-1])
    for path in disks:
        io(path, "write -q -P 3 5M 1M")
    convert(disks[0], vhdx, "vhdx")
    io(disks[0], "write -q -P 4 5M 100k")
    answer = host.ok("adopt", point, "--disk", "vda", "--base", vhdx)
    equal(answer["Differing"], 2 * GRANULARITY)
    equal(changes(host, point), [[5 * MB, 2 * GRANULARITY]])
    shown = host.ok("show", point)
    equal(shown["Origin"], "hyper-v")
    true(len(shown["ResilientChangeTrackingIdentifiers"]) == 1, f"{shown}")
    files = host.ok("export", point, host.mkdir("out"))
    newer = host.ok("create", "web")["ReferencePoint"]
    write(disks[0], 9 * MB, 1)
    equal(changes(host, newer), granules([(9 * MB, 1)]))
    there = Host()
    moved = [shutil.copyfile(path, there.path(os.path.basename(path))) for path in disks]
    there.ok("vm", "add", "web", "--uuid", GENUINE_VM, "--disk", f"vda={moved[0]}", "--disk",
             f"vdb={moved[1]}")
    there.ok("import", "web", files["ExportedConfigFilePath"], files["ExportedRuntimeFilePath"])
    equal(changes(there, point), granules([(5 * MB, 2 * GRANULARITY), (9 * MB, 1)]))
    if len(found) > 1:
        host.fail(32773, "adopt", point, "--disk", "vdb", "--base", disks[0] + ".none",
                  sentence="its disks are")


@test("progress shows how much, how fast and how long on a terminal, and wipes itself")
def progress():
    lost = Slow()
    master, slave = pty.openpty()
    process = subprocess.Popen([CAIRN, "--store", lost.host.store, *lost.args(lost.vhdx)],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=slave,
                               env=environment())
    os.close(slave)
    reader = server(process)
    os.kill(reader, signal.SIGSTOP)
    time.sleep(1.8)
    os.kill(reader, signal.SIGCONT)
    shown = b""
    try:
        while piece := os.read(master, 4096):
            shown += piece
    except OSError:  # the terminal's other end is closed
        pass
    out = process.stdout.read().decode()
    equal((process.wait(), out), (0, "Disk 'vda' is anchored: 4 GiB compared, 512 KiB differ.\n"))
    matches(shown.decode(), r"comparing disk 'vda' \[#*\.*\] \d+%, [\d.]+ [KMG]iB/s, \d+:\d\d left")
    true(shown.endswith(b"\r\x1b[K"), f"not wiped: {shown[-100:]}")


main()
