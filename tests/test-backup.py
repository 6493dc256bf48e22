#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Backups of shut-off VMs: each restored and compared, byte for byte, with a copy that qemu-img made
at that moment; and what happens when they are cut off, damaged, or named in a wrong way."""
import random
import signal

from cairntest import *

MB = 1 << 20


def same(restored, copy):
    """A restored image has the size of a raw copy, and its bytes."""
    size = json.loads(run("qemu-img", "info", "--output=json", restored))["virtual-size"]
    equal(size, os.path.getsize(copy), restored)
    run("qemu-img", "compare", "-f", "qcow2", "-F", "raw", restored, copy)


class Web:
    """A VM of two disks that was backed up any number of times."""

    def __init__(self, size="192M"):
        self.host = Host()
        self.host.vm("web", 2, size)
        self.disks = {t: self.host.path(f"web-{t}.qcow2") for t in ("vda", "vdb")}
        self.generations = []  # (directory, point, copies)

    def backup(self, since=None, kinds=None):
        """Makes a backup, and copies by qemu-img to compare with; gives the answer."""
        name = f"backup{len(self.generations)}"
        copies = {}
        for target, disk in self.disks.items():
            copies[target] = self.host.path(f"{name}-{target}.raw")
            run("qemu-img", "convert", "-O", "raw", disk, copies[target])
        directory = self.host.path("backups", name)
        more = ["--since", since] if since else []
        answer = self.host.ok("backup", "web", directory, *more)
        found = {f["Target"]: f["Kind"] for f in answer["Files"]}
        kind = "differential" if since else "full"
        equal(found, kinds or {"vda": kind, "vdb": kind})
        for file in answer["Files"]:
            names = [n for n in os.listdir(directory) if file["Target"] in n]
            equal([os.path.join(directory, n) for n in names], [file["Path"]])
            run("qemu-img", "check", file["Path"])
        self.generations.append((directory, answer["ReferencePoint"], copies))
        return answer

    def directories(self, first, last):
        """The directories of generations FIRST to LAST."""
        return [g[0] for g in self.generations[first:last + 1]]

    def check(self, first, last):
        """Restores generation LAST from FIRST on, and compares."""
        to = self.host.path(f"restored{first}-{last}")
        answer = self.host.ok("restore", *self.directories(first, last), "--to", to)
        equal(sorted(answer["Files"]), sorted(os.path.join(to, t + ".qcow2") for t in self.disks))
        for target, copy in self.generations[last][2].items():
            restored = os.path.join(to, target + ".qcow2")
            run("qemu-img", "check", restored)
            same(restored, copy)
        shutil.rmtree(to)

    def nothing_new(self, directory, points):
        """Nothing is left of a backup to DIRECTORY; POINTS are all there are."""
        equal([p["InstanceID"] for p in self.host.ok("list")], points)
        equal(os.listdir(directory) if os.path.exists(directory) else [], [])
        guids = {p.rpartition("\\")[2] for p in points}
        for disk in self.disks.values():
            equal(set(bitmaps(disk)), guids)
        equal(self.host.ok("doctor")["Findings"], [])


def scribble(rng, disk, size):
    """Random writes, discards and zeroes, at any alignment."""
    commands = []
    for _ in range(rng.randrange(1, 25)):
        offset = rng.randrange(0, size - MB, 512)
        length = rng.choice((512, 4096, 65536, 70144, 300032, MB))
        commands.append(rng.choice((f"write -q -P {rng.randrange(1, 255)} {offset} {length}",) * 3
                                   + (f"write -q -z {offset} {length}", f"write -q -z -u {offset} {length}",
                                      f"discard -q {offset} {length}")))
    io(disk, *commands)


@test("eight generations of random writes, each restored and equal to qemu-img's copy")
def generations():
    rng = random.Random(20261122)
    web = Web()
    first = 0
    for number in range(8):
        for disk in web.disks.values():
            scribble(rng, disk, 192 * MB)
        is_full = number in (0, 4)
        first = number if is_full else first
        web.backup(None if is_full else web.generations[-1][1])
        web.check(first, number)
    web.check(0, 7)  # an older full one before it does no harm
    equal(web.host.ok("verify", *web.directories(0, 7))["ReturnValue"], 0)


@test("a differential is small, what was discarded adds nothing and is zeroes again")
def discarded():
    web = Web("512M")
    io(web.disks["vda"], "write -q -P 7 0 280M")
    web.backup()
    io(web.disks["vda"], "discard -q 16M 256M", "write -q -P 8 5M 100k")
    answer = web.backup(web.generations[0][1])
    sizes = {f["Target"]: os.path.getsize(f["Path"]) for f in answer["Files"]}
    true(sizes["vda"] <= 3 * GRANULARITY + MB and sizes["vdb"] < MB, f"{sizes}")
    info = json.loads(run("qemu-img", "info", "--output=json", answer["Files"][0]["Path"]))
    true("backing-filename" not in info, f"{info}")
    web.check(0, 1)


@test("a disk that was resized or replaced, or is raw, is copied whole, that one alone")
def whole():
    web = Web()
    io(web.disks["vda"], "write -q -P 7 0 20M")
    web.backup()
    run("qemu-img", "resize", "-q", web.disks["vda"], f"{200 * MB + 512}")
    io(web.disks["vda"], f"write -q -P 9 {200 * MB} 512")
    io(web.disks["vdb"], "write -q -P 9 1M 1M")
    answer = web.backup(web.generations[0][1], {"vda": "full", "vdb": "differential"})
    matches({f["Target"]: f["Reason"] for f in answer["Files"]}["vda"], "size")
    web.check(0, 1)
    out = web.host.text("backup", "web", web.host.path("spoken"), "--since", web.generations[0][1])
    matches(out, r"Disk 'vda' full, .*\n  copied whole: .*size.*\nDisk 'vdb' differential, ")
    raw = web.host.image("c.raw", "3M", "raw")
    write(raw, 65536, 100, fmt="raw")
    disks = [a for t, p in (*web.disks.items(), ("vdc", raw)) for a in ("--disk", f"{t}={p}")]
    web.host.ok("vm", "remove", "web", "--force")
    web.host.ok("vm", "add", "web", *disks)
    point = web.host.ok("backup", "web", web.host.path("mixed1"))["ReferencePoint"]
    answer = web.host.ok("backup", "web", web.host.path("mixed2"), "--since", point)
    equal([f["Kind"] for f in answer["Files"]], ["differential", "differential", "full"])
    web.host.ok("restore", web.host.path("mixed1"), web.host.path("mixed2"), "--to", web.host.path("back"))
    same(web.host.path("back", "vdc.qcow2"), raw)


@test("a byte changed, a file missing, a wrong order or another VM's: refused, and named")
def damaged():
    web = Web()
    for number in range(3):
        io(web.disks["vda"], f"write -q -P {number + 1} {number}M 1M")
        web.backup(web.generations[-1][1] if number else None)
    one, two, three = web.directories(0, 2)
    to = web.host.path("never")
    for name in sorted(os.listdir(two)):
        path = os.path.join(two, name)
        good = open(path, "rb").read()
        for place in {len(good) // 3, len(good) - 2 if name == "manifest.json" else len(good) - 1}:
            bad = bytearray(good)
            bad[place] ^= 0x41
            with open(path, "wb") as file:
                file.write(bad)
            if bytes(bad).split() != good.split():
                web.host.fail(32776, "restore", one, two, three, "--to", to, sentence=re.escape(path))
                web.host.fail(32776, "verify", one, two, sentence=re.escape(path))
        os.unlink(path)
        web.host.fail(32779, "restore", one, two, three, "--to", to, sentence=re.escape(path))
        with open(path, "wb") as file:
            file.write(good)
    for order in ((one, three, two), (two, one), (one, one)):
        web.host.fail(32776, "restore", *order, "--to", to, sentence="isn't newer than .*order")
    web.host.fail(32776, "restore", one, three, "--to", to, sentence=re.escape(three) + ".*only what changed")
    web.host.fail(32776, "verify", two, sentence=re.escape(two))
    other = Web()
    other.backup()
    web.host.fail(32776, "verify", one, other.generations[0][0], sentence="of one VM only")
    true(not os.path.exists(to), "nothing is restored")
    web.check(0, 2)
    web.host.ok("restore", one, "--to", to)
    web.host.fail(32773, "restore", one, "--to", to, sentence="is there already")
    matches(web.host.usage("verify"), "DIR.* is missing")
    matches(web.host.usage("restore", one), "--to is missing")
    web.host.fail(32773, "backup", "web", one, sentence="holds a backup already")
    web.host.fail(32773, "backup", "web", to, "--since", other.generations[0][1])


@test("stopped by Ctrl-C nothing is left; killed with -9 nothing is left after the next command")
def cut_off():
    web = Web("1G")
    io(web.disks["vda"], "write -q -P 7 0 256M")
    web.backup()
    io(web.disks["vda"], "write -q -P 8 0 250M")
    point = web.generations[0][1]
    for number, (how, more) in enumerate(((signal.SIGINT, []), (signal.SIGKILL, []), (signal.SIGKILL, ["--since", point]))):
        directory = web.host.path(f"cut{number}")
        # In the background of a shell Ctrl-C would be ignored.
        process = spawn("--store", web.host.store, "--json", "backup", "web", directory, *more,
                        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        wait_until(lambda: process.poll() is not None
                   or any(".vda" in n for n in (os.listdir(directory) if os.path.isdir(directory) else [])),
                   "it copies")
        process.send_signal(how)
        out, _ = process.communicate(timeout=60)
        true(process.returncode != 0, f"it was done before it was cut off: {out}")
        if how == signal.SIGINT:
            matches(json.loads(out)["Error"], "stopped, as it was asked to")
            true(not os.path.exists(directory), "the directory that it made is gone too")
        web.nothing_new(directory, [point])
    web.backup(point)
    web.check(0, 1)


@test("no VM starts on the disks meanwhile, and a disk that is in use isn't backed up")
def locked():
    web = Web("1G")
    io(web.disks["vda"], "write -q -P 7 0 256M")
    directory = web.host.path("held")
    process = spawn("--store", web.host.store, "backup", "web", directory)
    wait_until(lambda: any(".vda" in n for n in (os.listdir(directory) if os.path.isdir(directory) else [])), "it copies")
    process.send_signal(signal.SIGSTOP)
    writer = subprocess.run(["qemu-io", "-f", "qcow2", "-c", "write 0 1", web.disks["vdb"]], capture_output=True,
                            text=True, check=False)
    process.send_signal(signal.SIGCONT)
    matches(writer.stdout + writer.stderr, 'Failed to get "write" lock')
    equal(process.wait(60), 0)
    points = [p["InstanceID"] for p in web.host.ok("list")]
    writer = subprocess.Popen(["qemu-io", "-f", "qcow2", web.disks["vdb"]], stdin=subprocess.PIPE,
                              stdout=subprocess.DEVNULL)
    other = web.host.path("other")
    wait_until(lambda: web.host.cairn("--json", "check", "web").json["Disks"][1]["Verdict"] == "busy", "in use")
    web.host.fail(32774, "backup", "web", other, sentence="vdb")
    writer.communicate(b"quit\n")
    web.nothing_new(other, points)


@test("a directory that is full: the failure says so and leaves nothing")
def full():
    if os.geteuid() != 0:
        skip("only root can mount a small file system")
    web = Web()
    io(web.disks["vda"], "write -q -P 7 0 64M")
    small = web.host.mkdir("small")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "none", small], check=False).returncode:
        skip("no file system can be mounted here")
    try:
        directory = os.path.join(small, "b")
        web.host.fail(32768, "backup", "web", directory, sentence="No space left.*free space")
        web.nothing_new(directory, [])
        web.backup()
        web.host.fail(32768, "restore", web.generations[0][0], "--to", directory, sentence="No space left")
        true(not os.path.exists(directory), "nothing is restored")
    finally:
        run("umount", small)


main()
