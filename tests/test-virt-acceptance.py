#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reference points follow their VM to other hosts, for real: a guest that writes, two libvirtds, and every
answer held against copies of the disks that cairn had no part in."""
import threading

from virtjourney import *

SIZE = "24M"


# ---- it works ----

@test("a guest that migrates live takes its points along, for five generations")
def live():
    a, b = Libvirt("a"), Libvirt("b")
    journey = Journey(Guest(a, "web", disks=2, size=SIZE).boot())
    copies = journey.create().copies
    with open(copies["vda"], "rb") as copy_of_vda:
        equal(hashlib.md5(copy_of_vda.read(4 << 20)).hexdigest(), journey.vm.md5("vda", 0, 4 << 20))
    moves = [(b, {}, ("--persistent",)), (a, {"with_disks": True}, ("--persistent", "--undefinesource")),
             (b, {}, ("--persistent",)), (a, {"with_disks": True}, ("--persistent",)), (b, {}, ())]
    for number, (there, how, flags) in enumerate(moves, 1):
        journey.write()
        if number == 4:
            journey.start_writer(8 << 20)  # and goes on through the rest
        pairs = journey.export(journey.milestones[-1]) if number == 1 else journey.export()
        journey.vm = journey.vm.migrate(there, *flags, **how)
        if number >= 4:
            journey.wait_for_writer()
        journey.take_in(pairs)
        journey.prove()
        journey.prove_backup(journey.milestones[-1 if number % 2 else 0])
        if number < len(moves):
            journey.create()
    journey.stop_writer()
    journey.write()
    journey.prove()


@test("a VM whose disks are copied takes its points along, for five generations, also under another GUID")
def shut_off():
    a, b, c = Libvirt("a2"), Libvirt("b2"), Libvirt("c2")
    journey = Journey(Guest(a, "web", disks=2, size=SIZE).boot())
    journey.create()
    restored = {"name": "web-restored", "vm_uuid": str(uuid.uuid4())}
    moves = [(b, {}), (c, restored), (a, {"name": "web", "vm_uuid": journey.vm.uuid}), (b, {}), (a, {})]
    for number, (there, who) in enumerate(moves, 1):
        journey.write()
        journey.vm.shutdown()
        before = journey.vm
        pairs = journey.export()
        journey.vm = copied(before, there, **who)
        if journey.vm.uuid != before.uuid:
            there.fail(32773, "import", journey.vm.name, *pairs[0], sentence="cairn vm alias")
            there.ok("vm", "alias", journey.vm.name, before.uuid)
        journey.take_in(pairs)
        journey.prove()
        journey.vm.boot()
        journey.write(2)
        if number in (1, 3):  # running, too
            journey.prove()
        journey.prove_backup(journey.milestones[0])
        journey.create()
    journey.write()
    journey.prove()


@test("a VM that comes back is judged by the disks that it brings, not by those that stayed")
def back():
    a, b = Libvirt("a8"), Libvirt("b8")
    vm, point, pair = exported(a)
    there = copied(vm, b)
    b.ok("import", "web", *pair)
    there.start().write("vda", 5 << 20, 100).quit()
    pair = export(b, "--all", "web")
    vm.start().write("vda", 7 << 20, 2 << 20).quit()  # by mistake
    equal(verdicts(a.ok("show", point)), {"vda": "tracked", "vdb": "tracked"})
    copied(there, a)
    for _ in range(2):
        a.ok("import", "web", *pair)
        equal(verdicts(a.ok("show", point)), {"vda": "tracked", "vdb": "tracked"})
        equal(a.ok("changes", point)["Disks"][0]["Changes"],
              [[3 << 20, GRANULARITY], [5 << 20, GRANULARITY]])


# ---- it fails as it should ----

def exported(host, name="web", **options):
    """A domain of HOST without a guest, with a point and writes after it, shut off, and its export:
    (domain, point, (configuration file, runtime-state file))."""
    vm = host.domain(name, disks=2, size=SIZE, **options).start()
    vm.write("vda", 0, 1 << 20)
    point = host.ok("create", name)["ReferencePoint"]
    for target in ("vda", "vdb"):
        vm.write(target, 3 << 20, 100)
    return vm.quit(), point, export(host, point)


def export(host, *what):
    """(configuration file, runtime-state file)."""
    answer = host.ok("export", *what, host.mkdir("exported"))
    return answer["ExportedConfigFilePath"], answer["ExportedRuntimeFilePath"]


def refused(vm, pair, code, sentence, wanted):
    """The import of PAIR fails with CODE, its disks have the verdicts WANTED, each with a reason unless tracked,
    and nothing is imported."""
    answer = vm.host.fail(code, "import", vm.name, *pair, sentence=sentence)
    equal(verdicts(answer), wanted)
    true(all(bool(disk["Reason"]) == (disk["Verdict"] != "tracked") for disk in answer["Disks"]), f"{answer}")
    equal(vm.host.ok("list"), [])
    equal(vm.checkpoints(), [])


@test("after a kill of QEMU nothing is exported, and nothing imported: the bitmaps are in use")
def killed():
    a, b = Libvirt("a3"), Libvirt("b3")
    broken = {"vda": "in-use", "vdb": "in-use"}
    vm, point, pair = exported(a)
    there = copied(vm, b).start().kill9()
    refused(there, pair, 32775, r"disk 'vda' \(in-use\).*left in use by a crash.*and 1 more", broken)
    refused(there.start(), pair, 32775, "left in use by a crash", broken)
    vm.start().kill9()
    files = os.listdir(a.path("exported"))
    for start in (lambda: None, vm.start):
        start()
        equal(verdicts(a.fail(32775, "export", point, a.path("exported"), sentence="left in use by a crash")), broken)
    equal(os.listdir(a.path("exported")), files)


@test("a disk that came without its bitmap, or didn't come, is named, and nothing is imported")
def incomplete():
    a, b = Libvirt("a4"), Libvirt("b4")
    vm, point, pair = exported(a)
    there = copied(vm, b)
    run("qemu-img", "bitmap", "--remove", there.disks()["vda"], point.partition("\\")[2])
    wanted = {"vda": "missing", "vdb": "tracked"}
    refused(there, pair, 32775, r"disk 'vda' \(missing\)", wanted)
    refused(there.start(), pair, 32775, r"disk 'vda' \(missing\)", wanted)
    there.quit()
    os.unlink(there.disks()["vdb"])
    refused(there, pair, 32775, "and 1 more", {"vda": "missing", "vdb": "no-file"})
    late = copied(vm, b, name="late", vm_uuid=str(uuid.uuid4()))
    b.ok("vm", "alias", "late", vm.uuid)
    vm.start().write("vda", 5 << 20, 100)
    vm.quit()
    refused(late, export(a, "--all", "web"), 32775, "older copy", {"vda": "disabled", "vdb": "tracked"})


@test("another VM, one that isn't defined, and a libvirtd that is down")
def elsewhere():
    a, b = Libvirt("a5"), Libvirt("b5")
    vm, point, pair = exported(a)
    b.fail(32773, "import", "web", *pair, sentence="has no VM 'web'")
    other = b.domain("other")
    refused(other, pair, 32773, "is of VM .*not of 'other'.*cairn vm alias", {})
    there = copied(vm, b)
    b.stop()
    for command in (["import", "web", *pair], ["create", "web"], ["list", "web"]):
        b.fail(32777, *command, sentence="check that libvirtd runs")
    b.start()
    b.ok("import", "web", *pair)
    equal(b.ok("changes", point)["Disks"][1]["Changes"], [[3 << 20, GRANULARITY]])
    restored = copied(there, b, name="restored", vm_uuid=str(uuid.uuid4()))  # beside the one it was made of
    b.ok("vm", "alias", "restored", vm.uuid)
    b.fail(32773, "import", "restored", *pair, sentence="there already as one of VM .*--force if that VM is gone")
    there.undefine()
    b.ok("destroy", point, "--force")
    b.ok("import", "restored", *pair)
    equal(restored.checkpoints(), [point.partition("\\")[2]])
    equal(b.ok("changes", point)["Disks"][1]["Changes"], [[3 << 20, GRANULARITY]])


@test("while a VM migrates it is in use on both hosts, and what is known of its points isn't spoilt")
def migrating():
    a, b = Libvirt("a6"), Libvirt("b6")
    with open(a.path("noise"), "wb") as noise:  # memory that takes a while to send
        noise.write(os.urandom(10 << 20))
    loader = f"loader,file={noise.name},addr=0x400000,force-raw=on"
    vm, point, pair = exported(a, more="<qemu:commandline><qemu:arg value='-device'/>"
                               f"<qemu:arg value='{loader}'/></qemu:commandline>")
    there = vm.start(paused=False).migrate(b, "--persistent")
    b.ok("import", "web", *pair)
    pair = export(b, "--all", "web")
    back = threading.Thread(target=there.migrate, args=(a, "--persistent", "--bandwidth", "1"))
    back.start()
    wait_until(lambda: vm.state() == "paused" and "Data remaining" in b.virsh("domjobinfo", "web"),
               "the migration is under way")
    for host in (a, b):
        for command in (["import", "web", *pair], ["create", "web"], ["export", point, a.dir], ["destroy", point],
                        ["changes", point]):
            host.fail(32774, *command, sentence="migrat")
    equal(verdicts(a.ok("show", point)), {"vda": "busy", "vdb": "busy"})
    equal(verdicts(b.ok("show", point)), {"vda": "tracked", "vdb": "tracked"})
    b.virsh("migrate-setspeed", "web", 1000)
    back.join()
    equal(verdicts(a.ok("import", "web", *pair)), {"vda": "tracked", "vdb": "tracked"})
    equal(a.ok("changes", point)["Disks"][1]["Changes"], [[3 << 20, GRANULARITY]])
    equal(b.fail(32774, "changes", point, sentence="busy")["Disks"][0]["Verdict"], "busy")


@test("a VM that migrates paused has its bitmaps when it runs, and isn't misjudged before")
def paused():
    a, b = Libvirt("a7"), Libvirt("b7")
    vm, point, pair = exported(a)
    there = vm.start().migrate(b, "--persistent")
    refused(there, pair, 32774, "paused since it migrated.*resume", {"vda": "busy", "vdb": "busy"})
    there.resume()
    equal(verdicts(b.ok("import", "web", *pair)), {"vda": "tracked", "vdb": "tracked"})
    back = there.suspend().migrate(a, "--persistent")
    equal(verdicts(a.ok("show", point)), {"vda": "busy", "vdb": "busy"})
    a.fail(32774, "destroy", point, sentence="paused.*resume")
    back.resume()
    equal(verdicts(a.ok("show", point)), {"vda": "tracked", "vdb": "tracked"})
    equal(a.ok("changes", point)["Disks"][1]["Changes"], [[3 << 20, GRANULARITY]])
    a.virsh("managedsave", "web")
    a.virsh("start", "web", "--paused")  # libvirt says that it migrates
    equal(verdicts(a.ok("show", point)), {"vda": "tracked", "vdb": "tracked"})
    equal(verdicts(a.ok("create", "web")), {"vda": "tracked", "vdb": "tracked"})


main()
