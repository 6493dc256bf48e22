#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Adopt on libvirt's domains, running, shut off, and turning from one to the other meanwhile: the result
covers every difference and every write, and no more than that."""
import shutil
import signal
import time

from cairnvirt import *
from vhdx import name_log

MB = 1 << 20


def guid_of(point):
    return point.split("\\")[1]


class Crashed:
    """A domain whose disk had a point, writes after it, and then a crash of QEMU; and a copy of the disk
    as of the point. SLOW: comparing the two takes seconds, as QEMU reads the copy and sees no holes."""

    def __init__(self, slow=False, **disk):
        self.host = Libvirt()
        vda = Disk("vda", **disk)
        if vda.passphrase:
            vda.secret = self.host.secret(vda.passphrase, private=False)
        self.vm = self.host.domain("web", disks=[vda], size="4G" if slow else "64M")
        self.disk = self.vm.disks(inactive=True)["vda"]
        if not disk:
            io(self.disk, "write -q -P 1 0 6M", "write -q -P 2 20M 100k")
        self.base = self.host.give(shutil.copyfile(self.disk, self.host.path("base.qcow2")))
        if slow:
            self.base = self.host.path("base.vhdx")
            run("qemu-img", "convert", "-O", "vhdx", self.disk, self.base)
            name_log(self.base)
        self.vm.start()
        self.point = self.host.ok("create", "web")["ReferencePoint"]
        self.written = []
        self.write(1 * MB, 200 * 1024)
        self.write(40 * MB, 1)
        self.vm.io("vda", "flush").kill9()
        equal(self.verdict(), "missing")  # it never reached the file

    def write(self, offset, length):
        """As the guest."""
        self.vm.write("vda", offset, length, pattern=7)
        self.written.append((offset, length))

    def write_and_shut_off(self, offset, length):
        self.write(offset, length)
        self.vm.quit()

    def verdict(self):
        return self.host.ok("show", self.point)["Disks"][0]["Verdict"]

    def start(self):
        """Starts adopting and waits until it compares, some of it."""
        process = spawn("--store", self.host.store, "--connect", self.host.uri, "--json", *self.args())
        while process.poll() is None and cpu_seconds(process.pid) < 0.2:
            time.sleep(0.01)
        true(process.poll() is None, "it ended before it could be interrupted")
        return process

    def args(self):
        return ["adopt", self.point, "--disk", "vda", "--base", self.base]

    def adopt(self):
        return self.host.ok(*self.args())

    def check(self):
        """The point tells exactly what was written, running and shut off; nothing else is left."""
        for _ in range(2):
            equal(self.host.ok("changes", self.point)["Disks"][0]["Changes"], granules(self.written))
            equal(self.vm.bitmaps("vda"), {guid_of(self.point): ["auto"]})
            equal(self.vm.checkpoints(), [guid_of(self.point)])
            equal(self.host.ok("doctor")["Findings"], [])
            if self.vm.state() == "shut off":
                self.vm.start()
            else:
                self.vm.quit()


def cpu_seconds(pid):
    """What a process has worked so far: comparing is what takes time."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def finish(process):
    out, err = process.communicate(timeout=TIMEOUT_SECONDS)
    return process.returncode, json.loads(out), err.decode()


@test("on a running domain, and what the guest writes meanwhile and later")
def running():
    crashed = Crashed(slow=True)
    crashed.vm.start()
    process = crashed.start()
    process.send_signal(signal.SIGSTOP)
    crashed.write(2 * MB, 1)
    crashed.write(3000 * MB, 70000)
    process.send_signal(signal.SIGCONT)
    status, answer, _ = finish(process)
    equal((status, answer["Compared"]), (0, 4096 * MB), answer)
    crashed.write(3500 * MB, 1)
    crashed.check()


@test("on a domain that is shut off, and one that starts meanwhile")
def starts():
    crashed = Crashed(slow=True)
    process = crashed.start()
    process.send_signal(signal.SIGSTOP)
    crashed.vm.start()
    crashed.write(128 * 1024, 1)
    crashed.write(4000 * MB, 1)
    process.send_signal(signal.SIGCONT)
    status, answer, _ = finish(process)
    equal(status, 0, answer)
    crashed.check()


@test("a domain that stops meanwhile, and a cairn that is killed: it goes on, on and off")
def goes_on():
    crashed = Crashed(slow=True)
    crashed.vm.start()
    process = crashed.start()
    process.send_signal(signal.SIGSTOP)
    crashed.write_and_shut_off(5 * MB, 1)
    process.send_signal(signal.SIGCONT)
    status, answer, err = finish(process)
    equal(status, 1, answer)
    matches(err, r"stopped at \d+%: .*; repeat the command to go on")
    process = crashed.start()
    process.kill()
    process.communicate()
    crashed.vm.start()
    crashed.write(6 * MB, 1)
    process = crashed.start()
    process.kill()  # with a job of libvirt's
    process.communicate()
    crashed.write(100 * MB, 1)
    equal(crashed.adopt()["Differing"] > 0, True)
    crashed.check()


@test("an encrypted disk, with an encrypted copy of it, shut off and running")
def encrypted():
    crashed = Crashed(passphrase="secret")
    equal(crashed.adopt()["Compared"], 64 * MB)
    crashed.check()
    crashed.vm.start().kill9()
    crashed.vm.start()
    equal(crashed.verdict(), "in-use")
    crashed.adopt()
    crashed.write(50 * MB, 1)
    crashed.check()


main()
