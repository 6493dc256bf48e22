#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Log-based points: what they keep, exported relative to all kinds of older points, restores the disks byte for
byte as copies of them show; gaps in their chain are told, and logs go with their points."""
import random
import signal
import sqlite3

from cairntest import *

MB = 1 << 20


def guid_of(point):
    return point.rpartition("\\")[2]


def scribble(rng, disk, size):
    """Random writes, discards and zeroes, at any alignment."""
    commands = []
    for _ in range(rng.randrange(1, 12)):
        offset = rng.randrange(0, size - MB, 512)
        length = rng.choice((512, 4096, 65536, 70144, 300032, MB))
        commands.append(rng.choice((f"write -q -P {rng.randrange(1, 255)} {offset} {length}",) * 3
                                   + (f"write -q -z {offset} {length}", f"discard -q {offset} {length}")))
    io(disk, *commands)


class Web:
    """A VM with points of all kinds, and what its disks were at each."""

    def __init__(self, size="64M", host=None):
        self.host = host or Host()
        self.rng = random.Random(20261122)
        self.copies = {}  # point -> target -> image
        self.backups = {}  # point -> directory
        self.count = 0
        if not host:
            self.host.vm("web", 2, size)
        self.disks = {t: self.host.path(f"web-{t}.qcow2") for t in ("vda", "vdb")}

    def name(self, what):
        self.count += 1
        return self.host.path(f"{what}{self.count}")

    def note(self, point):
        """Copies the disks, which are as of POINT."""
        self.copies[point] = {}
        for target, disk in self.disks.items():
            self.copies[point][target] = shutil.copy(disk, self.name(target + "-"))
        return point

    def create(self, kind="log", write=True):
        for disk in self.disks.values() if write else ():
            scribble(self.rng, disk, 64 * MB)
        return self.note(self.host.ok("create", "web", "--type", kind)["ReferencePoint"])

    def backup(self, since=None):
        for disk in self.disks.values():
            scribble(self.rng, disk, 64 * MB)
        directory = self.name("backup")
        point = self.host.ok("backup", "web", directory, *(["--since", since] if since else []))["ReferencePoint"]
        self.backups[point] = directory
        return self.note(point)

    def export(self, point, base=None, kinds=None, *more):
        """Exports POINT; gives the directory."""
        directory = self.name("export")
        answer = self.host.ok("export", point, directory, *(["--base", base] if base else []), *more)
        names = {os.path.basename(p).split(".")[0]: os.path.basename(p).split(".")[1]
                 for p in answer["ExportedLogFilePaths"]}
        equal(names, kinds if kinds is not None else dict.fromkeys(self.disks, "differential"))
        for path in answer["ExportedLogFilePaths"]:
            run("qemu-img", "check", path)
        pair = [os.path.join(directory, guid_of(point)) + end for end in (".vmcx", ".vmrs")]
        equal([answer["ExportedConfigFilePath"], answer["ExportedRuntimeFilePath"]], pair)
        for path in pair:
            self.host.ok("vmcx", "check", path)
        equal(len(answer["ExportedDisks"]), len(names))
        return directory

    def check(self, point, *directories):
        """DIRECTORIES restore the disks as of POINT."""
        to = self.name("restored")
        self.host.ok("restore", *directories, "--to", to)
        for target, copy in self.copies[point].items():
            run("qemu-img", "compare", os.path.join(to, target + ".qcow2"), copy)
        shutil.rmtree(to)

    def logs(self):
        """The names of the directories of logs."""
        path = self.host.path("logs")
        return sorted(os.listdir(path)) if os.path.isdir(path) else []

    def log(self, point, *parts):
        return self.host.path("logs", guid_of(point), *parts)


@test("four log-based points with a full and a differential backup and an RCT point between: every export restores")
def chain():
    web = Web()
    host = web.host
    early = web.create("rct")
    one = web.create()
    full = web.backup()
    two = web.create()
    plain = web.create("rct")
    three = web.create()
    diff = web.backup(full)
    four = web.create()
    f, d = web.backups[full], web.backups[diff]
    equal([(p["ReferencePointType"], p["HasAssociatedData"]) for p in host.ok("list")],
          [(1, True) if p in (one, two, three, four) else (2, False)
           for p in (early, one, full, two, plain, three, diff, four)])
    equal(web.logs(), sorted(map(guid_of, (one, two, three, four))))
    equal(os.stat(host.path("logs")).st_mode & 0o777, 0o700)
    for point in two, three, four:
        web.check(point, f, web.export(point, full))
    web.check(four, f, d, web.export(four, diff))
    of_two, of_three = web.export(two, full), web.export(three, two)
    web.check(three, f, of_two, of_three)
    web.check(four, f, of_two, of_three, web.export(four))  # without a base: since the one before
    web.export(three, one)
    web.export(four, plain)
    web.export(one, None, {})
    # Later ones follow a log-based point as any.
    for disk in web.disks.values():
        scribble(web.rng, disk, 64 * MB)
    changes = host.ok("changes", four)["Disks"]
    true(all(d["Changes"] for d in changes), f"{changes}")
    last = web.backup(four)
    web.check(last, f, web.export(four, full), web.backups[last])
    # One disk alone.
    web.export(four, full, {"vdb": "differential"}, "--disk", "vdb")
    host.fail(32773, "export", four, host.path("none"), "--disk", "vdz", sentence="vdz")
    host.fail(32773, "export", two, host.path("none"), "--base", three, sentence="isn't older")
    host.fail(32773, "export", two, host.path("none"), "--base", two, sentence="isn't older")
    host.fail(32773, "export", two, f, "--base", full, sentence="holds a backup already")
    host.fail(32775, "export", two, host.path("none"), "--base", early, sentence="never kept.*first log-based")
    host.fail(32770, "export", plain, host.path("none"), "--base", one, sentence="isn't log-based")
    host.vm("other")
    other = host.ok("create", "other")["ReferencePoint"]
    host.fail(32773, "export", four, host.path("none"), "--base", other, sentence="same VM")
    true(not os.path.exists(host.path("none")), "nothing is left of what failed")
    equal(host.ok("doctor")["Findings"], [])


@test("a log that was removed, or went with its point, is missed by name, and by nobody who doesn't need it")
def gaps():
    web = Web()
    host = web.host
    web.create()
    full = web.backup()
    two, three, four = web.create(), web.create(), web.create()
    f, none = web.backups[full], host.path("none")
    of_three, of_four = web.export(three, full), web.export(four)
    equal(host.ok("remove-data", three), {"ReturnValue": 0})
    equal(host.ok("remove-data", three), {"ReturnValue": 0})
    equal(host.ok("show", three)["HasAssociatedData"], False)
    true(guid_of(three) not in web.logs(), "its files are gone")
    host.fail(32775, "export", four, none, "--base", full, sentence=guid_of(three) + "' is needed, and was removed")
    host.fail(32775, "export", three, none, "--base", two, sentence=guid_of(three) + "' is needed, and was removed")
    web.check(four, f, of_three, of_four)
    web.check(four, f, of_three, web.export(four, three))
    host.ok("changes", three)
    host.ok("destroy", three)
    equal(host.ok("doctor")["Findings"], [])
    host.fail(32775, "export", four, none, "--base", two, sentence=guid_of(three) + "'.*destroyed")
    web.check(four, f, of_three, web.export(four))  # relative to one that is gone: what it was made for
    # The next follows the newest that is left.
    five = web.create()
    host.ok("destroy", five)
    six = web.create()
    equal(web.logs(), sorted(p["InstanceID"].rpartition("\\")[2] for p in host.ok("list") if p["HasAssociatedData"]))
    web.check(six, f, of_three, of_four, web.export(six))
    web.check(six, f, of_three, of_four, web.export(six, four))
    # One that covers more than is asked for does no harm.
    between = web.create("rct")
    host.ok("destroy", six)
    seven = web.create()
    web.export(seven, between)
    web.check(seven, f, of_three, of_four, web.export(seven, four))
    equal(host.ok("destroy", four, "--force"), {"ReturnValue": 0})
    host.ok("vm", "remove", "web", "--force")
    equal(web.logs(), [])


@test("disks that were resized or are raw are whole in the log, what was discarded takes no room")
def whole():
    web = Web("512M")
    host = web.host
    io(web.disks["vda"], "write -q -P 7 0 40M")
    io(web.disks["vdb"], "write -q -P 7 0 320M")
    web.create(write=False)
    full = web.backup()
    run("qemu-img", "resize", "-q", web.disks["vda"], f"{520 * MB + 512}")
    io(web.disks["vda"], f"write -q -P 9 {520 * MB} 512")
    io(web.disks["vdb"], "discard -q 16M 256M", "write -q -P 8 5M 100k")
    two = web.create(write=False)
    sizes = {n: os.path.getsize(web.log(two, n)) for n in os.listdir(web.log(two)) if n.endswith("qcow2")}
    equal(sorted(sizes), ["vda.full.qcow2", "vdb.differential.qcow2"])
    true(sizes["vdb.differential.qcow2"] < 4 * MB, f"{sizes}")
    three = web.create()
    mixed = {"vda": "full", "vdb": "differential"}
    web.check(two, web.backups[full], web.export(two, full, mixed))
    web.check(three, web.backups[full], web.export(three, full, mixed))
    web.check(three, web.backups[full], web.export(two, full, mixed), web.export(three))
    out = host.text("export", three, host.path("spoken"), "--base", full)
    matches(out, r"Log .*/vda.full.qcow2\n  whole: .*size.*\nLog .*/vdb.differential.qcow2\n")


@test("on another host: points of logs come without data; a new disk is whole, and the chain goes on from there")
def moved():
    there, here = Web(), Host()
    first = there.create()
    full = there.backup()
    second = there.create()
    pair = there.host.ok("export", "--all", "web", there.host.mkdir("pair"))
    web = Web(host=here)
    for disk in web.disks.values():
        shutil.copy(there.host.path(os.path.basename(disk)), disk)
    web.disks["vdc"] = here.image("c.qcow2", "64M")
    web.disks["vdd"] = here.image("d.raw", "3M", "raw")
    uuid = there.host.ok("vm", "show", "web")["VirtualSystemIdentifier"]
    disks = [a for t, p in web.disks.items() for a in ("--disk", f"{t}={p}")]
    here.ok("vm", "add", "web", "--uuid", uuid, *disks)
    files = [pair["ExportedConfigFilePath"], pair["ExportedRuntimeFilePath"]]
    equal(len(here.ok("import", "web", *files)["ReferencePoints"]), 3)
    for point in first, second:
        shown = here.ok("show", point)
        equal((shown["ReferencePointType"], shown["HasAssociatedData"]), (1, False))
    here.fail(32775, "export", second, here.path("none"), "--base", full, sentence="isn't on this host")
    equal(here.ok("remove-data", second), {"ReturnValue": 0})
    write(web.disks["vdd"], 65536, 100, fmt="raw")
    del web.disks["vdd"]  # it has no qcow2 to scribble into
    third = web.create()
    kinds = {"vda": "differential", "vdb": "differential", "vdc": "full", "vdd": "full"}
    of_second = there.export(second, full)
    web.check(third, there.backups[full], of_second, web.export(third, second, kinds))
    web.check(third, there.backups[full], of_second, web.export(third, None, kinds))
    # What is older than the newest point that came along would need its log.
    here.fail(32775, "export", third, here.path("none"), "--base", full, sentence=guid_of(second))
    equal(here.ok("import", "web", *files)["ReferencePoints"], [first, full, second])
    equal(len([p for p in here.ok("list") if p["HasAssociatedData"]]), 1)
    fourth = web.create()
    web.export(fourth, third, {t: "full" if t == "vdd" else "differential" for t in kinds})
    web.check(fourth, there.backups[full], of_second, web.export(fourth, second, kinds))
    # A disk that wasn't there at the base, though it was before and is again, can't follow it.
    pair = here.ok("export", "--all", "web", here.mkdir("pair"))
    files = [pair["ExportedConfigFilePath"], pair["ExportedRuntimeFilePath"]]
    here.ok("vm", "remove", "web", "--force")
    equal(web.logs(), [])
    here.ok("vm", "add", "web", "--uuid", uuid, *disks[:4])
    without = here.ok("create", "web")["ReferencePoint"]
    pair = here.ok("export", without, here.path("pair"))
    here.ok("vm", "remove", "web", "--force")
    here.ok("vm", "add", "web", "--uuid", uuid, *disks)
    here.ok("import", "web", *files)
    here.ok("import", "web", pair["ExportedConfigFilePath"], pair["ExportedRuntimeFilePath"])
    fifth = web.create()
    here.fail(32775, "export", fifth, here.path("none"), "--base", without, sentence="'vdc' wasn't there")
    web.export(fifth, without, {"vda": "differential", "vdb": "differential"}, "--disk", "vda", "--disk", "vdb")
    web.export(fifth, fourth, {t: "full" if t == "vdd" else "differential" for t in kinds})


@test("a point from a host whose clock was ahead isn't taken for newer than what was logged here since")
def skewed():
    there, here = Web(), Host()
    ahead = there.create("rct")
    later_ms = int(time.time() * 1000) + 3600000
    guid = f"{later_ms:012X}" + guid_of(ahead).replace("-", "")[12:]
    guid = "-".join((guid[:8], guid[8:12], guid[12:16], guid[16:20], guid[20:]))
    with sqlite3.connect(there.host.path("cairn.db")) as store:
        store.execute("UPDATE point SET guid = ?, instance_id = replace(instance_id, guid, ?), creation_time_ms = ?",
                      (guid, guid, later_ms))
    base = there.host.ok("create", "web")["ReferencePoint"]
    pair = there.host.ok("export", base, there.host.mkdir("pair"))
    web = Web(host=here)
    for disk in web.disks.values():
        shutil.copy(there.host.path(os.path.basename(disk)), disk)
    here.ok("vm", "add", "web", "--uuid", there.host.ok("vm", "show", "web")["VirtualSystemIdentifier"],
            *(a for t, p in web.disks.items() for a in ("--disk", f"{t}={p}")))
    first = web.create()
    here.ok("import", "web", pair["ExportedConfigFilePath"], pair["ExportedRuntimeFilePath"])
    second = web.create()
    true(guid_of(first) < guid_of(base) < guid_of(second), "the clock of the other host was ahead")
    here.fail(32775, "export", second, here.path("none"), "--base", base, sentence=guid_of(first) + ".*never kept")
    # Its bitmap holds more than that of the first, which is supposed to be older: that can't be trusted then.
    web.export(second, first, {"vda": "full", "vdb": "full"})


@test("a log that isn't as it was written, or not there, is named")
def damaged():
    web = Web()
    host = web.host
    web.create()
    two, three = web.create(), web.create()
    for name in sorted(os.listdir(web.log(three))):
        path = web.log(three, name)
        good = open(path, "rb").read()
        with open(path, "wb") as file:
            file.write(good[:len(good) // 3] + bytes([good[len(good) // 3] ^ 0x41]) + good[len(good) // 3 + 1:])
        host.fail(32776, "export", three, host.path("none"), sentence=re.escape(path))
        with open(path, "wb") as file:
            file.write(good)
    manifest = shutil.copy(web.log(three, "manifest.json"), host.path("kept"))
    shutil.copy(web.log(two, "manifest.json"), web.log(three, "manifest.json"))
    host.fail(32776, "export", three, host.path("none"), sentence=re.escape(web.log(three)) + "' isn't the log")
    os.unlink(web.log(three, "manifest.json"))
    host.fail(32779, "export", three, host.path("none"), sentence=re.escape(web.log(three)))
    shutil.copy(manifest, web.log(three, "manifest.json"))
    os.unlink(web.log(three, "vda.differential.qcow2"))
    host.fail(32779, "export", three, host.path("none"), sentence="vda.differential")
    web.export(three, None, {"vdb": "differential"}, "--disk", "vdb")


@test("doctor finds points without their log, and logs without their point")
def doctor():
    web = Web()
    host = web.host
    one, two, three = web.create(), web.create(), web.create()
    shutil.copytree(web.log(two), host.path("kept"))
    host.ok("destroy", two)
    shutil.copytree(host.path("kept"), web.log(two))
    shutil.rmtree(web.log(three))
    alien = host.path("logs", "01A2057F-7632-7279-8CDA-0F33AA221650")
    shutil.copytree(host.path("kept"), alien)
    found = lambda *more: {(f["Kind"], f["Object"]): f["Repaired"] for f in host.cairn("--json", "doctor", *more).json["Findings"]}
    wanted = {("leftover-log", web.log(two)): False, ("leftover-log", alien): False, ("missing-log", three): False}
    equal(found(), wanted)
    wanted.update({("leftover-log", web.log(two)): True, ("missing-log", three): True})
    equal(found("--repair"), wanted)
    equal(found("web"), {("leftover-log", alien): False})
    equal(web.logs(), sorted([guid_of(one), os.path.basename(alien)]))
    equal([p["HasAssociatedData"] for p in host.ok("list")], [True, False])


@test("a log that finds no room, or is cut off, leaves neither point, bitmap nor file")
def nothing_left():
    web = Web("256M")
    host = web.host
    first = web.create()

    def unchanged():
        equal([p["InstanceID"] for p in host.ok("list")], [first])
        equal(web.logs(), [guid_of(first)])
        for disk in web.disks.values():
            equal(set(bitmaps(disk)), {guid_of(first)})
        equal(host.ok("doctor")["Findings"], [])

    io(web.disks["vda"], "write -q -P 7 0 200M")
    for how in signal.SIGINT, signal.SIGKILL:
        # In the background of a shell Ctrl-C would be ignored.
        process = spawn("--store", host.store, "--json", "create", "web", "--type", "log",
                        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        wait_until(lambda: process.poll() is not None or len(web.logs()) > 1, "it copies")
        process.send_signal(how)
        out, _ = process.communicate(timeout=60)
        true(process.returncode != 0, f"it was done before it was cut off: {out}")
        if how == signal.SIGINT:
            matches(json.loads(out)["Error"], "stopped, as it was asked to")
            equal(web.logs(), [guid_of(first)])
        unchanged()
    if os.geteuid() == 0:
        small = host.mkdir("small")
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "none", small], check=False).returncode:
            skip("no file system can be mounted here")
        try:
            host.fail(32768, "create", "web", "--type", "log", sentence="No space left.*free space",
                      env={"CAIRN_DATA_DIR": small})
            equal(os.listdir(os.path.join(small, "logs")), [])
        finally:
            run("umount", small)
        unchanged()
    second = web.create(write=False)
    answer = host.fail(32775, "create", "web", "--type", "log", "--consistency", "application", sentence="shut off")
    equal(answer["Disks"], [])
    equal(web.logs(), sorted(map(guid_of, (first, second))))


main()
