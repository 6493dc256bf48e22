#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`cairn watch`: what happens to libvirt's domains is followed, and a service that stays open is right after
each of it."""
import fcntl
import hashlib
import queue
import sqlite3
import struct
import threading

from cairnvirt import *

SECONDS = 30  # for an event to come; it takes some 10 ms
F_OFD_SETLK = 37


class Watch:
    """A running `cairn watch --json`; .process is its Popen."""

    def __init__(self, host, **more):
        self.process = spawn("--store", host.store, "--connect", host.connect, "--json", "watch", **more)
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))
        self.lines.put(None)

    def next(self, what):
        """The next event whose words WHAT (a regular expression) matches; others are passed over."""
        while True:
            try:
                event = self.lines.get(timeout=SECONDS)
            except queue.Empty:
                fail(f"no event '{what}' within {SECONDS} s")
            if event is None:
                fail(f"the watch ended: {self.process.stderr.read()}")
            if re.search(what, event["Event"]):
                return event

    def verdicts(self, what):
        """The verdicts of the next such event's points: {target: verdict} of each, oldest first."""
        event = self.next(what)
        equal(event["ReturnValue"], 0, str(event))
        return [{disk["Target"]: disk["Verdict"] for disk in point["Disks"]} for point in event["ReferencePoints"]]

    def end(self, number=signal.SIGTERM):
        """Ends it as systemd does; it must go well."""
        self.process.send_signal(number)
        self.process.wait(SECONDS)
        equal((self.process.returncode, self.process.stderr.read()), (0, b""), "how the watch ended")


def footprint(pid):
    """Memory in KiB, open descriptors, threads of a process."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        memory = int(re.search(r"VmRSS:\s*(\d+)", status.read()).group(1))
    return memory, len(os.listdir(f"/proc/{pid}/fd")), len(os.listdir(f"/proc/{pid}/task"))


class VmLock:
    """What an operation that has the VM to itself holds (src/store/sqlite/lock.c)."""

    def __init__(self, host, vm):
        digest = hashlib.sha256(vm.uuid.upper().encode()).hexdigest()
        offset = int(digest[:16], 16) >> 2
        self.file = open(host.path("cairn.db.lock"), "r+b")
        fcntl.fcntl(self.file, F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, offset, 1, 0))

    def release(self):
        self.file.close()


TRACKED = [{"vda": "tracked", "vdb": "tracked"}]


@test("each event is followed by one line that says what holds")
def follows():
    host = Libvirt()
    vm = host.domain("web", disks=2).start()
    host.domain("idle").start()  # without points: nobody asked about it
    host.ok("create", "web")
    watch = Watch(host)
    first = watch.next("watched")
    equal((first["VM"], first["VirtualSystemIdentifier"]), ("web", vm.uuid.upper()))
    vm.quit()
    equal(watch.verdicts("stopped"), TRACKED)
    vm.undefine()
    equal(watch.verdicts("undefined"), [{"vda": "no-file", "vdb": "no-file"}])
    vm.define()
    equal(watch.verdicts("^defined"), TRACKED)
    equal(len(vm.checkpoints()), 1)
    vm.start()
    equal(watch.verdicts("started"), TRACKED)
    vm.kill9()
    equal(watch.verdicts("died|crashed|stopped"), [{"vda": "in-use", "vdb": "in-use"}])
    watch.end()


@test("what happened while libvirtd was away is found when it is back")
def reconnects():
    host = Libvirt()
    vm = host.domain("web", disks=2).start()
    host.ok("create", "web")
    watch = Watch(host)
    equal(watch.verdicts("watched"), TRACKED)
    for end in (host.stop, host.kill9):
        end()
        host.start()
        equal(watch.verdicts("libvirt is back"), TRACKED)
    pid = vm.pid
    host.kill9()
    os.kill(pid, signal.SIGKILL)
    host.start()
    equal(watch.verdicts("libvirt is back"), [{"vda": "missing", "vdb": "missing"}])  # they were never saved
    vm.start()
    watch.next("started")
    watch.end(signal.SIGINT)


@test("what an event showed is remembered, also when its sign is mended before anybody looks")
def remembers():
    host = Libvirt()
    vm = host.domain("web").start()
    host.ok("create", "web")
    watch = Watch(host)
    node = vm._device("vda")["inserted"]["node-name"]
    name = next(iter(vm.bitmaps("vda")))
    watch.next("watched")
    vm.qmp("block-dirty-bitmap-disable", node=node, name=name)
    writer = sqlite3.connect(host.path("cairn.db"), isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")  # a mere hint would be dropped
    vm.resume().suspend()
    time.sleep(0.3)
    writer.close()
    equal(watch.verdicts("paused"), [{"vda": "disabled"}])
    vm.qmp("block-dirty-bitmap-enable", node=node, name=name)
    equal(host.ok("list", "web")[0]["Disks"][0]["Verdict"], "disabled")
    watch.end()


@test("a VM in use is looked at when it is free")
def waits():
    host = Libvirt()
    vm = host.domain("web", disks=2).start()
    host.ok("create", "web")
    watch = Watch(host)
    watch.next("watched")
    lock = VmLock(host, vm)
    vm.quit().start()
    time.sleep(0.3)
    true(watch.lines.empty(), "the VM was looked at although an operation had it")
    lock.release()
    equal(watch.verdicts("stopped, started"), TRACKED)
    watch.end()


@test("hundreds of events leave neither memory nor descriptors behind")
def frugal():
    host = Libvirt()
    vm = host.domain("web", disks=2).start()
    host.ok("create", "web")
    watch = Watch(host, env={"ASAN_OPTIONS": "quarantine_size_mb=0:thread_local_quarantine_size_kb=0"})
    watch.next("watched")

    def happen(n):
        for _ in range(n):
            vm.resume().suspend()
            equal(watch.verdicts("paused"), TRACKED)
        host.restart()
        equal(watch.verdicts("libvirt is back"), TRACKED)
        return footprint(watch.process.pid)

    before, after = happen(100), happen(300)
    print(f"# KiB, descriptors, threads: {before}, then {after}")
    equal(after[1:], before[1:], "descriptors and threads")
    true(after[0] - before[0] < 1024, f"memory grew from {before[0]} to {after[0]} KiB")
    watch.end()


@test("plain images have no events, and a libvirtd that isn't there says so at once")
def refused():
    host = Host()
    host.fail(32770, "watch", sentence="--connect")
    away = Libvirt(start=False)
    away.fail(32777, "watch", sentence="can't be reached")


main()
