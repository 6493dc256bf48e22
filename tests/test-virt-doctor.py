#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""cairn doctor on libvirt's domains: what libvirt's checkpoints say against what the store says."""
import shutil
import signal
import time
import xml.etree.ElementTree as ElementTree

from cairnvirt import *
from findings import *


def create(host, vm="web"):
    return guid(host.ok("create", vm)["ReferencePoint"])


def parent(vm, name):
    """The checkpoint that libvirt says NAME follows."""
    tree = ElementTree.fromstring(vm.host.virsh("checkpoint-dumpxml", vm.name, name, "--no-domain"))
    return tree.findtext("parent/name")


def redefine(vm, name, above, target="vda"):
    """Makes libvirt know checkpoint NAME that follows ABOVE, as another program might."""
    follows = f"<parent><name>{above}</name></parent>" if above else ""
    xml = (f"<domaincheckpoint><name>{name}</name><creationTime>1</creationTime>{follows}"
           f"<disks><disk name='{target}' checkpoint='bitmap' bitmap='{name}'/></disks></domaincheckpoint>")
    vm.host.virsh("checkpoint-create", vm.name, write_file(vm.host.path("checkpoint.xml"), xml), "--redefine")


def forget(vm, *names):
    """libvirt forgets checkpoints; their bitmaps stay."""
    for name in names:
        vm.host.virsh("checkpoint-delete", vm.name, name, "--metadata")


def other_store(host):
    """The same host as another Cairn sees it, which keeps a store of its own."""
    other = Host()
    other.connect = host.connect
    return other


@test("domains whose points and checkpoints agree, another product's between them: nothing to mend")
def healthy():
    host = Libvirt()
    vm = host.domain("web", disks=[Disk("vda"), Disk("vdb", fmt="raw")])
    first = create(host)
    vm.start()
    second = create(host)
    vm.checkpoint("theirs", "--diskspec", "vda", "--diskspec", "vdb,checkpoint=no")
    third = create(host)
    equal(parent(vm, third), "theirs")
    theirs = found("foreign-bitmap", "theirs") + found("foreign-checkpoint", "theirs")
    equal(doctor(host), theirs)
    equal(doctor(host, "web", "--repair"), theirs)
    equal(vm.checkpoints(), [first, second, "theirs", third])
    equal(vm.bitmaps("vda")["theirs"], ["auto"])
    vm.quit()
    before = digest(vm.path("vda"))
    equal(doctor(host, "--repair"), theirs)
    equal(digest(vm.path("vda")), before, "the image")
    equal(doctor(host, "web", "--repair", "--foreign", "theirs"),
          found("foreign-bitmap", "theirs", repaired=True)
          + found("foreign-checkpoint", "theirs", repaired=True))
    equal(doctor(host), [])
    equal((vm.checkpoints(), parent(vm, third)), ([first, second, third], second))
    host.fail(32773, "doctor", "nobody", "--repair")


@test("ghost-checkpoint and orphan-bitmap: of a point that this store doesn't know")
def ghosts():
    host = Libvirt()
    vm = host.domain("web", disks=2).start()
    own, alien = create(host), create(other_store(host))
    wanted = [("orphan-bitmap", alien), ("ghost-checkpoint", alien)]
    equal(doctor(host), [(*one, False) for one in wanted])
    equal(doctor(host, "--repair"), [(*one, True) for one in wanted])
    equal((vm.checkpoints(), list(vm.bitmaps("vda")), list(vm.bitmaps("vdb"))), ([own], [own], [own]))
    equal(doctor(host), [])
    # Alone: the record came, or stayed, without its bitmap.
    vm.quit()
    redefine(vm, alien, own)
    equal(doctor(host), found("ghost-checkpoint", alien))
    equal(doctor(host, "--repair"), found("ghost-checkpoint", alien, repaired=True))
    equal(doctor(host), [])
    equal(vm.checkpoints(), [own])


@test("ghost-checkpoint: of a point whose bitmaps are gone from all disks, and of no other")
def no_bitmap():
    host = Libvirt()
    vm = host.domain("web", disks=2)
    points = [create(host), create(host)]
    run("qemu-img", "bitmap", "--remove", vm.path("vda"), points[0])
    equal(doctor(host, "web"), [], "one disk has it still")
    run("qemu-img", "bitmap", "--remove", vm.path("vdb"), points[0])
    equal(doctor(host, "web"), found("ghost-checkpoint", points[0]))
    equal(doctor(host, "web", "--repair"), found("ghost-checkpoint", points[0], repaired=True))
    equal(doctor(host, "web"), [])
    equal(vm.checkpoints(), points[1:])
    equal([guid(p["InstanceID"]) for p in host.ok("list", "web")], points, "the points are there")


@test("missing-checkpoint: libvirt forgot, and is told")
def missing():
    host = Libvirt()
    vm = host.domain("web", disks=2).start()
    points = [create(host), create(host), create(host)]
    vm.quit().undefine()
    equal(doctor(host), [], "no such VM")
    vm.define()
    equal(doctor(host), found("missing-checkpoint", *points))
    equal(vm.checkpoints(), [])
    equal(doctor(host, "--repair"), found("missing-checkpoint", *points, repaired=True))
    equal(vm.checkpoints(), points)
    equal(doctor(host), [])
    vm.start()
    forget(vm, points[2])
    equal(doctor(host, "web", "--repair"), found("missing-checkpoint", points[2], repaired=True))
    equal((vm.checkpoints(), parent(vm, points[2])), (points, points[1]))
    equal(doctor(host), [])


@test("stale-parent: put in order, with all that is younger")
def stale():
    host = Libvirt()
    vm = host.domain("web").start()
    points = [create(host) for _ in range(4)]
    forget(vm, points[1])  # libvirt lets the third follow the first
    equal(doctor(host), found("missing-checkpoint", points[1]))
    redefine(vm, points[1], points[0])
    equal(parent(vm, points[2]), points[0])
    equal(doctor(host), found("stale-parent", points[2]))
    matches(host.said[0], f"'{points[2]}' says that it follows '{points[0]}'.*is '{points[1]}'")
    equal(doctor(host, "--repair"), found("stale-parent", points[2], repaired=True))
    equal([parent(vm, p) for p in points], [None] + points[:3])
    equal(doctor(host), [])
    # What mending the one brings to light is mended too.
    forget(vm, points[1])
    equal(doctor(host, "--repair"), found("missing-checkpoint", points[1], repaired=True)
          + found("stale-parent", points[2], repaired=True))
    equal(doctor(host), [])
    # A list that knows nothing of the newest, as after a migration home, needs no order.
    vm.quit()
    forget(vm, *points[1:])
    equal(doctor(host, "--repair"), found("missing-checkpoint", *points[1:], repaired=True))
    equal([parent(vm, p) for p in points], [None] + points[:3])


@test("in-use-bitmap: after a crash of QEMU, shut off and started again")
def crash():
    host = Libvirt()
    vm = host.domain("web", disks=2)
    for restart in (False, True):
        points = [create(host), create(host)]
        copy = shutil.copy(vm.path("vda"), host.path("copy"))
        vm.start().kill9()
        if restart:
            vm.start()
        both = found("in-use-bitmap", *points) + found("ghost-checkpoint", *points)
        equal(doctor(host), both)
        equal(doctor(host, "web", "--repair"), [(*one[:2], True) for one in both])
        equal((vm.bitmaps("vda"), vm.bitmaps("vdb"), vm.checkpoints()), ({}, {}, []))
        equal(doctor(host), [])
        shown = {guid(p["InstanceID"]): p["Disks"][0]["Verdict"] for p in host.ok("list", "web")}
        equal([shown[p] for p in points], ["missing"] * 2)
        if not restart:  # remembered by the store: a copy from before the crash isn't believed
            shutil.copy(copy, vm.path("vda"))
            equal(host.ok("show", points[0])["Disks"][0]["Verdict"], "disabled")
            shutil.copy(host.image("empty"), vm.path("vda"))
    equal(verdict_of_new(host), {"vda": "tracked", "vdb": "tracked"})


def verdict_of_new(host):
    return {d["Target"]: d["Verdict"] for d in host.ok("create", "web")["Disks"]}


@test("unfinished-intent: a creation that was killed when libvirt had made its checkpoint")
def intent():
    host = Libvirt()
    vm = host.domain("web", disks=2).start()
    points = [create(host)]
    for _ in range(20):
        process = spawn("--store", host.store, "--connect", host.connect, "create", "web")
        while process.poll() is None and len(vm.bitmaps("vda")) == len(points):
            pass
        process.kill()
        process.communicate()
        wait_until(lambda: len(vm.checkpoints()) > len(points), "libvirt is done")
        left = doctor(host)
        if left:
            break
        points = [guid(p["InstanceID"]) for p in host.ok("list", "web")]  # too late: it was done
    (kind, name, _), = left
    equal((kind, guid(name) in points), ("unfinished-intent", False))
    equal(doctor(host), left, "a look finishes nothing")
    equal(sorted(vm.checkpoints()), sorted(points + [guid(name)]))
    equal(doctor(host, "--repair"), found("unfinished-intent", name, repaired=True))
    equal((vm.checkpoints(), sorted(vm.bitmaps("vdb"))), (points, points))
    equal(doctor(host), [])


@test("a VM that migrates is left alone: 32774 when it was named, else a finding")
def migrating():
    host, there = Libvirt(), Libvirt()
    vm = host.domain("web").start(paused=False)
    other = create(other_store(host))
    create(host)
    vm.write("vda", 0, 32 << 20)
    make_image(there.path("web-vda.qcow2"))
    xml = host.virsh("dumpxml", "web", "--migratable").replace(host.path(""), there.path(""))
    moving = subprocess.Popen(
        ["virsh", "-q", "-c", host.uri, "migrate", "web", there.uri, "--live", "--unsafe", "--bandwidth", "1",
         "--copy-storage-all", "--xml", write_file(there.path("web.xml"), xml),
         "--migrateuri", f"tcp://127.0.0.1:{free_port()}", "--disks-port", str(free_port()),
         "--listen-address", "127.0.0.1"], stderr=subprocess.PIPE)
    wait_until(lambda: "Data total" in host.virsh("domjobinfo", "web"), "it migrates")
    host.fail(32774, "doctor", "web", sentence="migrat")
    equal(doctor(host, "--repair"), found("unread-vm", "web"))
    host.virsh("domjobabort", "web")
    moving.communicate()
    true(other in vm.bitmaps("vda"), "nothing was touched")
    equal([one[2] for one in doctor(host, "--repair")], [True, True])


def leave_job(host, point, env):
    """Kills cairn, and its keeper, while QEMU has its job."""
    for _ in range(20):
        process = spawn("--store", host.store, "--connect", host.connect, "changes", point, env=env)
        while process.poll() is None and not glob.glob(f"{env['CAIRN_RUNTIME_DIR']}/*/nbd"):
            pass
        # Stopped as soon as QEMU listens for it, in the middle of beginning its job.
        process.send_signal(signal.SIGSTOP)  # does nothing when it has ended already
        end = time.monotonic() + 1
        while process.poll() is None and not job_of(host) and time.monotonic() < end:
            pass
        if process.poll() is None and job_of(host):
            break
        process.send_signal(signal.SIGCONT)  # too late: the job was over
        process.communicate()
    true(process.poll() is None, "cairn was caught with a job")
    for pid in children(process.pid) + [process.pid]:
        os.kill(pid, signal.SIGKILL)
    process.communicate()


@test("leftover-job: whose process died, and its keeper with it")
def leftover():
    host = Libvirt()
    vm = host.domain("web").start()
    point = create(host)
    vm.write("vda", 0, 1)
    env = {"CAIRN_RUNTIME_DIR": os.path.join(tmp(), "jobs")}
    leave_job(host, point, env)
    equal(doctor(host, env=env), found("leftover-job", "web"))
    true(job_of(host), "a look ends no job")
    equal(doctor(host, "--repair", env=env), found("leftover-job", "web", repaired=True))
    equal(job_of(host), "")
    equal(doctor(host, env=env), [])
    equal(host.ok("changes", point, env=env)["Disks"][0]["Changes"], [[0, GRANULARITY]])


def job_of(host):
    """libvirt's backup job of the domain as XML; "" when there is none."""
    done = subprocess.run(["virsh", "-q", "-c", host.uri, "backup-dumpxml", "web"], capture_output=True,
                          text=True, check=False)
    return done.stdout.strip()


main()
