#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reference points of libvirt's domains, running and shut off."""
from cairnvirt import *


def changes_of(answer):
    return {disk["Target"]: disk["Changes"] for disk in answer["Disks"]}


def verdicts_of(answer):
    return {disk["Target"]: disk["Verdict"] for disk in answer["Disks"]}


@test("a point of a running domain tells what was written since, on every disk")
def running():
    host = Libvirt()
    vm = host.domain("web", disks=2).start()
    vm.write("vda", 0, 1)
    first = host.ok("create", "web")
    equal(verdicts_of(first), {"vda": "tracked", "vdb": "tracked"})
    vm.write("vda", 1 << 20, 200000)
    second = host.ok("create", "web")["ReferencePoint"]
    vm.write("vdb", 0x50000, 3)
    since = host.ok("changes", first["ReferencePoint"])
    equal(changes_of(since), {"vda": granules([(1 << 20, 200000)]), "vdb": [[0x50000, 0x10000]]})
    equal(changes_of(host.ok("changes", second)), {"vda": [], "vdb": [[0x50000, 0x10000]]})
    equal([p["InstanceID"] for p in host.ok("list", "web")], [first["ReferencePoint"], second])
    equal([p.split("\\")[1] for p in (first["ReferencePoint"], second)], sorted(vm.checkpoints()))
    host.ok("destroy", second)
    equal(vm.checkpoints(), [first["ReferencePoint"].split("\\")[1]])
    equal(changes_of(host.ok("changes", first["ReferencePoint"]))["vdb"], [[0x50000, 0x10000]])


@test("points follow a domain from running to shut off and back")
def turns():
    host = Libvirt()
    vm = host.domain("web").start()
    first = host.ok("create", "web")["ReferencePoint"]
    vm.write("vda", 0x10000, 10)
    vm.quit()
    equal(changes_of(host.ok("changes", first)), {"vda": [[0x10000, 0x10000]]})
    second = host.ok("create", "web")["ReferencePoint"]
    equal(len(vm.checkpoints()), 2)
    vm.start()
    vm.write("vda", 0x30000, 10)
    equal(changes_of(host.ok("changes", first)), {"vda": [[0x10000, 0x10000], [0x30000, 0x10000]]})
    equal(changes_of(host.ok("changes", second)), {"vda": [[0x30000, 0x10000]]})
    host.ok("destroy", first)
    equal(vm.checkpoints(), [second.split("\\")[1]])


@test("a domain is backed up shut off and running, each from the point of the one before")
def backup():
    host = Libvirt()
    vm = host.domain("web")
    point = host.ok("backup", "web", host.path("full"))["ReferencePoint"]
    vm.start()
    vm.write("vda", 0x30000, 10)
    answer = host.ok("backup", "web", host.path("live"), "--since", point)
    equal([f["Kind"] for f in answer["Files"]], ["differential"])
    vm.write("vda", 0x50000, 10)
    vm.quit()
    answer = host.ok("backup", "web", host.path("later"), "--since", answer["ReferencePoint"])
    equal([f["Kind"] for f in answer["Files"]], ["differential"])
    host.ok("restore", host.path("full"), host.path("live"), host.path("later"), "--to", host.path("back"))
    run("qemu-img", "compare", host.path("back", "vda.qcow2"), host.ok("vm", "show", "web")["Disks"][0]["Path"])
    equal(glob.glob(host.path(".*.scratch")), [], "scratch files")


@test("drives for media have no part in a backup, whatever is in them, of a VM that runs or is shut off")
def drives():
    host = Libvirt()
    medium = write_file(host.path("seed.iso"), "x" * 65536)
    vm = host.domain("web", disks=[Disk("hda", path=medium, fmt="raw", bus="ide", device="cdrom"), Disk("vda")],
                     devices="<disk type='file' device='cdrom'><target dev='hdb' bus='ide'/><readonly/></disk>")
    for name in ("off", "live"):
        answer = host.ok("backup", "web", host.path(name))
        equal([(f["Target"], f["Kind"]) for f in answer["Files"]], [("vda", "full")])
        host.ok("create", "web", "--type", "log")
        vm.start() if name == "off" else vm.quit()


@test("several at once on one VM wait for one another, and neither QEMU nor libvirtd is hurt")
def at_once():
    host = Libvirt()
    vm = host.domain("web", disks=2).start()
    point = host.ok("create", "web")["ReferencePoint"]
    vm.write("vda", 0x20000, 1)
    for _ in range(3):
        doomed = host.ok("create", "web")["ReferencePoint"]
        jobs = [spawn("--store", host.store, "--connect", host.uri, "--json", *args)
                for args in [("changes", point)] * 3 + [("create", "web"), ("destroy", doomed), ("list", "web")]]
        for job in jobs:
            out, err = job.communicate(timeout=TIMEOUT_SECONDS)
            equal(job.returncode, 0, f"status of {job.args}: {err}")
            if "changes" in job.args:
                equal(changes_of(json.loads(out)), {"vda": [[0x20000, 0x10000]], "vdb": []})
    equal(vm.state(), "paused")
    equal(host.ok("doctor", "web")["Findings"], [])


main()
