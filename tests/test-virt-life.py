#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Points survive what happens to a libvirt domain: right after each event, without a restart of anything, their
verdicts and changes are right, libvirt knows their checkpoints again, and its own incremental backup works."""
import re

from cairnvirt import *

MIB = 1 << 20
TARGETS = ("vda", "vdb")


def guid(point):
    return point.split("\\")[1]


class Life:
    """A running domain with two disks, its points, and what was written since each."""

    def __init__(self, host=None, **options):
        self.host = host or Libvirt()
        options.setdefault("disks", 2)
        self.vm = self.host.domain("web", **options).start()
        self.written = {}  # InstanceID -> {target: [(offset, length)]}
        self._next = 0
        self.vm.write("vda", 40 * MIB, MIB)  # before any point
        self.point()
        self.write()
        self.point()
        self.write()

    def point(self):
        point = self.host.ok("create", "web")["ReferencePoint"]
        self.written[point] = {target: [] for target in TARGETS}
        return point

    def write(self):
        """Another 100 bytes at another place of each disk, and of one disk more than of the other."""
        places = [("vda", self._next * 3 * GRANULARITY), ("vdb", (self._next + 5) * 2 * GRANULARITY),
                  ("vdb", (self._next + 300) * 2 * GRANULARITY)]
        self._next += 1
        for target, offset in places:
            self.vm.write(target, offset, 100)
            for since in self.written.values():
                since[target].append((offset, 100))

    def changes(self, point):
        got = {disk["Target"]: disk["Changes"] for disk in self.host.ok("changes", point)["Disks"]}
        equal(got, {target: granules(self.written[point][target]) for target in TARGETS}, f"changes since {point}")

    def verdicts(self):
        """What `cairn list` says: {InstanceID: {target: verdict}}."""
        return {point["InstanceID"]: {disk["Target"]: disk["Verdict"] for disk in point["Disks"]}
                for point in self.host.ok("list", "web")}

    def all_is_well(self, asks_first="list"):
        """The points tell what was written; libvirt knows them all, and backs up since each; and so it goes on."""
        tracked = dict.fromkeys(self.written, dict.fromkeys(TARGETS, "tracked"))
        if asks_first == "changes":
            for point in reversed(self.written):
                self.changes(point)
        equal(self.verdicts(), tracked)
        for point in self.written:
            self.changes(point)
        equal(self.vm.checkpoints(), [guid(point) for point in self.written], "libvirt's checkpoints, in order")
        if self.vm.state() in ("running", "paused"):
            for point in self.written:
                self.backup(guid(point))
            self.write()
            self.changes(next(iter(self.written)))
        self.goes_on()

    def goes_on(self):
        """A next point can be made, and one in the middle destroyed."""
        self.point()
        victim = list(self.written)[-2]
        self.host.ok("destroy", victim)
        del self.written[victim]
        equal(self.vm.checkpoints(), [guid(point) for point in self.written])

    def backup(self, checkpoint):
        """Another product's incremental backup: libvirt checks the bitmaps before it begins."""
        disks = "".join(f"<disk name='{target}' type='file'><scratch file='{self.host.path(target + '.scratch')}'/>"
                        "</disk>" for target in TARGETS)
        xml = (f"<domainbackup mode='pull'><incremental>{checkpoint}</incremental><server transport='unix' "
               f"socket='{self.host.path('backup')}'/><disks>{disks}</disks></domainbackup>")
        self.host.virsh("backup-begin", "web", write_file(self.host.path("backup.xml"), xml))
        self.host.virsh("domjobabort", "web")
        wait_until(lambda: "None" in self.host.virsh("domjobinfo", "web"), "the backup has ended")


# ---- a domain's life ----

@test("shut down, started, destroyed, started")
def stops():
    life = Life()
    for event in (life.vm.quit, life.vm.start, life.vm.destroy, life.vm.start):
        event()
        life.all_is_well(asks_first="changes")


@test("undefined and defined again, shut off and running")
def undefined():
    life = Life()
    life.vm.quit()
    life.vm.undefine()
    shown = life.host.ok("list")
    equal([disk["Verdict"] for disk in shown[0]["Disks"]], ["no-file"] * 2)
    matches(shown[0]["Disks"][0]["Reason"], "VM isn't known here.*define the VM again")
    life.host.fail(32775, "changes", next(iter(life.written)), sentence="define the VM again")
    life.vm.define()
    equal(life.vm.checkpoints(), [], "libvirt has forgotten them")
    life.all_is_well()
    life.vm.undefine().define().start()
    life.all_is_well(asks_first="changes")
    life.host.virsh("undefine", "web", "--checkpoints-metadata")  # it runs on, transient
    life.vm.define()
    life.all_is_well()


@test("a transient domain that stopped, created again")
def transient():
    life = Life(transient=True)
    for _ in range(2):
        life.vm.quit().start()
        life.all_is_well(asks_first="changes")


@test("saved and restored")
def saved():
    life = Life()
    life.host.virsh("managedsave", "web")
    equal(life.vm.state(), "shut off")
    life.all_is_well()
    life.vm.start()
    life.all_is_well()


@test("a crash of QEMU loses what it had, says so, and the next point is right")
def crash():
    life = Life()
    life.vm.quit().start()  # the bitmaps are in the images, and marked in use
    lost = life.point()
    life.vm.kill9()
    for restart in (False, True):
        if restart:
            life.vm.start()
        verdicts = life.verdicts()
        equal(verdicts.pop(lost)["vda"], "missing")
        equal(set(verdicts[p]["vdb"] for p in verdicts), {"in-use"})
        answer = life.host.fail(32775, "changes", next(iter(verdicts)), sentence="in use by a crash of QEMU")
        equal([disk["Changes"] for disk in answer["Disks"] if "Changes" in disk], [])
    life.written.clear()
    point = life.point()
    life.write()
    life.changes(point)
    life.backup(guid(point))
    for broken in [*verdicts, lost]:
        life.host.ok("destroy", broken)
    equal(life.vm.bitmaps("vda"), {guid(point): ["auto"]})
    equal(life.vm.checkpoints(), [guid(point)])


# ---- libvirtd's life ----

@test("libvirtd restarted, also by a crash")
def libvirtd():
    life = Life()
    for end in (life.host.stop, life.host.kill9):
        end()
        life.host.start()
        life.all_is_well(asks_first="changes")


@test("libvirtd that isn't there is 32777 for everything, and one that hangs doesn't hang us")
def away():
    life = Life()
    first = next(iter(life.written))
    life.host.ok("export", first, life.host.dir)
    pair = [life.host.path(guid(first) + kind) for kind in (".vmcx", ".vmrs")]
    asked = [("list", "web"), ("list",), ("show", first), ("create", "web"), ("changes", first), ("check", "web"),
             ("destroy", first), ("import", "web", *pair), ("vm", "list"), ("doctor",)]
    life.host.stop()
    for args in asked:
        life.host.fail(32777, *args, sentence="can't be reached: .*check that libvirtd runs")
    life.host.start()
    os.kill(life.host.pid, signal.SIGSTOP)
    began = time.monotonic()
    try:
        waiting = [spawn("--store", life.host.store, "--connect", life.host.connect, "--json", *args)
                   for args in asked]
        for process, args in zip(waiting, asked):
            out, err = process.communicate(timeout=TIMEOUT_SECONDS)
            equal((process.returncode, json.loads(out)["ReturnValue"]), (1, 32777), f"{args}: {err}")
            matches(err.decode(), "doesn't answer; check that libvirtd runs and isn't stopped")
    finally:
        os.kill(life.host.pid, signal.SIGCONT)
    print(f"# a hanging libvirtd is given up after {time.monotonic() - began:.0f} s")
    life.all_is_well()


# ---- from host to host ----

def goes(life, other, *flags, **options):
    """The VM migrates to OTHER, and its points with it, by export and import."""
    out = life.host.mkdir("export")
    life.host.ok("export", "--all", "web", out)
    life.vm = life.vm.migrate(other, "--persistent", *flags, **options)
    life.host = other
    other.ok("import", "web", *(f"{out}/{life.vm.uuid.upper()}{kind}" for kind in (".vmcx", ".vmrs")))


@test("migrated with its disks to another host, where it goes on")
def copied():
    life = Life(Libvirt())
    life.vm.resume()
    goes(life, Libvirt(), with_disks=True)
    life.all_is_well()


@test("migrated to a host with the same disks and back, where libvirt's list is stale")
def there_and_back():
    a, b = Libvirt(), Libvirt()
    life = Life(a)
    here = life.vm.resume()
    first, second = life.written
    goes(life, b)
    equal(life.vm.checkpoints(), [guid(first), guid(second)], "libvirt there knows them")
    b.ok("destroy", first)
    del life.written[first]
    third = life.point()
    life.write()
    life.all_is_well()
    fourth = list(life.written)[-1]
    equal(here.checkpoints(), [guid(first), guid(second)], "libvirt's list on the first host is stale")
    goes(life, a)
    verdicts = life.verdicts()
    equal(verdicts.pop(first), {"vda": "missing", "vdb": "missing"})
    equal(verdicts, dict.fromkeys(life.written, {"vda": "tracked", "vdb": "tracked"}))
    for point in life.written:
        life.changes(point)
        life.backup(guid(point))
    true(third not in life.written, "it was destroyed on the other host")
    equal(life.vm.checkpoints(), [guid(p) for p in (first, second, fourth)])
    findings = {(f["Kind"], f["Object"], f["Repaired"]) for f in a.ok("doctor", "web", "--repair")["Findings"]}
    equal(findings, {("ghost-checkpoint", guid(first), True)})
    a.ok("destroy", first)
    life.all_is_well()


# ---- others at work ----

@test("while a VM migrates its points can't be worked on, and say so at once")
def migrating():
    here, there = Libvirt(), Libvirt()
    life = Life(here)
    life.vm.resume().write("vda", 0, 60 * MIB)
    first = next(iter(life.written))
    here.ok("export", first, here.dir)
    pair = [here.path(guid(first) + kind) for kind in (".vmcx", ".vmrs")]
    for path in life.vm.disks().values():
        make_image(there.path(os.path.basename(path)))
    xml = here.virsh("dumpxml", "web", "--migratable").replace(here.path(""), there.path(""))
    moving = subprocess.Popen(
        ["virsh", "-q", "-c", here.uri, "migrate", "web", there.uri, "--live", "--unsafe", "--bandwidth", "1",
         "--copy-storage-all", "--xml", write_file(there.path("web.xml"), xml),
         "--migrateuri", f"tcp://127.0.0.1:{free_port()}", "--disks-port", str(free_port()),
         "--listen-address", "127.0.0.1"], stderr=subprocess.PIPE)
    wait_until(lambda: "Data total" in here.virsh("domjobinfo", "web"), "it migrates")
    began = time.monotonic()
    for args in (("create", "web"), ("destroy", first), ("import", "web", *pair), ("changes", first)):
        here.fail(32774, *args, sentence="migrating or being saved; wait until")
    equal(life.verdicts(), dict.fromkeys(life.written, {"vda": "tracked", "vdb": "tracked"}))
    there.fail(32774, "create", "web", sentence="migrating")
    true(time.monotonic() - began < 10, "they waited for the migration")
    here.virsh("domjobabort", "web")
    moving.communicate()
    equal(life.vm.state(), "running")
    point = life.point()
    life.write()
    life.changes(point)


@test("another product's backup, checkpoints and bitmaps: respected, and never touched")
def foreign():
    life = Life()
    host, vm = life.host, life.vm
    vm.checkpoint("monday")
    vm.write("vda", 50 * MIB, 1)
    for since in life.written.values():
        since["vda"].append((50 * MIB, 1))

    def theirs():
        xml = host.virsh("checkpoint-dumpxml", "web", "monday", "--no-domain")
        return (re.sub(r"\s*<parent>.*?</parent>", "", xml, flags=re.DOTALL),  # libvirt's, of ours
                [b["count"] for t in TARGETS for b in vm._device(t)["inserted"]["dirty-bitmaps"]
                 if b.get("name") == "monday"])

    before = theirs()
    disks = "".join(f"<disk name='{t}' type='file'><scratch file='{host.path(t + '.scratch')}'/></disk>"
                    for t in TARGETS)
    job = (f"<domainbackup mode='pull'><incremental>monday</incremental><server transport='unix' "
           f"socket='{host.path('their-socket')}'/><disks>{disks}</disks></domainbackup>")
    host.virsh("backup-begin", "web", write_file(host.path("job.xml"), job))
    first = next(iter(life.written))
    answer = host.fail(32774, "changes", first, sentence="backup job of another program; wait for its end")
    equal(answer["Disks"], [])
    equal(life.verdicts()[first], {"vda": "tracked", "vdb": "tracked"})
    host.ok("destroy", life.point())
    life.written.popitem()
    matches(host.virsh("domjobinfo", "web"), "Backup", "their job goes on")
    host.virsh("domjobabort", "web")
    wait_until(lambda: "None" in host.virsh("domjobinfo", "web"), "their backup has ended")
    equal(theirs(), before)
    life.changes(first)
    for point in list(life.written):
        host.ok("destroy", point)
    equal((theirs(), vm.checkpoints(), sorted(vm.bitmaps("vda"))), (before, ["monday"], ["monday"]))
    vm.quit()
    offline = host.ok("create", "web")["ReferencePoint"]
    host.ok("list")
    host.ok("destroy", offline)
    equal((vm.checkpoints(), vm.bitmaps("vda")), (["monday"], {"monday": ["auto"]}))


@test("an ordinary user's own domains")
def session():
    life = Life(Session())
    life.all_is_well()
    life.vm.quit()
    life.all_is_well()
    life.vm.start()
    for point in list(life.written):
        life.host.ok("destroy", point)
    equal((life.vm.checkpoints(), life.vm.bitmaps("vdb")), ([], {}))


main()
