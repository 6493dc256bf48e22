#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The service on libvirt's domains: a moved VM gets its points back through Invoke, at once and as a job, and clients
then find them, ask what changed, and destroy them."""
from cairncheckpoints import *
from virtjourney import *

AT_ONCE_MS = 60000
SIZE = 64 << 20


def ids(instances):
    return sorted(instance["InstanceID"] for instance in instances)


class Moved:
    """Domain "web" of two disks has a point and was written to; its disks were copied to host .b, where a cairnd runs
    that may read .pair, what was exported of the point."""

    def __init__(self, **service):
        self.a, self.b = Libvirt(), Libvirt()
        vm = self.a.domain("web", disks=2).start()
        self.id = self.a.ok("create", "web")["ReferencePoint"]
        vm.write("vda", 0x200000, 0x20000)
        vm.quit()
        exported = self.a.ok("export", self.id, self.a.give(self.a.mkdir("out")))  # readable by whoever runs cairnd
        self.pair = {"ConfigFilePath": exported["ExportedConfigFilePath"],
                     "RuntimeStateFilePath": exported["ExportedRuntimeFilePath"]}
        self.vm = copied(vm, self.b)
        for disk in self.vm.disks(inactive=True).values():
            self.b.give(disk)
        self.ref = vm_ref(self.vm.uuid.upper())
        self.service = Service(self.b, **service)

    def run(self, client, **changes):
        return client.invoke(self.service.points, "ImportReferencePointMetadata",
                             **{"AffectedSystem": self.ref, **self.pair, **changes})

    def check(self, client):
        """The point is there, by every way, and tells its changes."""
        (point,) = client.associated(self.ref, "Msvm_ReferencePointOfVirtualSystem", POINT)
        equal((point["InstanceID"], point["VirtualSystemIdentifier"]), (self.id, self.ref.keys["Name"]))
        equal(ids(client.enumerate(POINT)), [self.id])
        equal(client.get(point_ref(self.id))["ReferencePointType"], "2")
        for target, wanted in (("vda", [["2097152", "131072"]]), ("vdb", [])):
            limit = dict(zip(self.disk_ids(client, point), point["ResilientChangeTrackingIdentifiers"]))[target]
            answer = client.invoke(IMAGES, "GetVirtualDiskChanges", Path=self.vm.path(target), LimitId=limit,
                                   ByteOffset=0, ByteLength=SIZE)
            equal((answer.value, answer.out["ProcessedByteLength"]), (0, str(SIZE)), f"{answer}")
            equal([list(r) for r in zip(answer.out.list("ChangedByteOffsets"), answer.out.list("ChangedByteLengths"))],
                  wanted, target)

    def disk_ids(self, client, point):
        """The targets of the point's disks, in its order, as a client finds them: by the disk's settings (B1)."""
        paths = {self.vm.path(target): target for target in ("vda", "vdb")}
        for id_ in point["VirtualDiskIdentifiers"]:
            (disk,) = client.query(f"SELECT * FROM Msvm_StorageAllocationSettingData WHERE InstanceID='{id_}'")
            yield paths[disk.list("HostResource")[0]]


def ids_of_vms(client):
    return [vm["Name"] for vm in client.query("SELECT * FROM Msvm_ComputerSystem WHERE ElementName='web'")]


@test("import at once on a shut-off domain, list, associate, changes, destroy")
def at_once():
    moved = Moved(synchronous_ms=AT_ONCE_MS)
    for client in moved.service.clients():
        answer = moved.run(client)
        equal((answer.value, answer.out.get("Job")), (0, None), f"{answer}")
        moved.check(client)
    answer = client.invoke(moved.service.points, "DestroyReferencePoint", AffectedReferencePoint=point_ref(moved.id))
    equal((answer.value, client.enumerate(POINT)), (0, []))
    equal(moved.b.ok("list", "web"), [])
    moved.service.stop()


@test("import as a job on a running domain, list, associate, changes, create and destroy as jobs")
def as_job():
    moved = Moved(synchronous_ms=0)
    service = moved.service
    moved.vm.start()
    for client in service.clients():
        answer = moved.run(client)
        job = service.finish(client, answer)
        equal((job["JobState"], job["JobType"], job["ErrorDescription"]), ("7", "209", None))
        equal(ids(client.associated(answer.out["Job"], "CIM_AffectedJobElement", POINT)), [moved.id])
        moved.check(client)
    equal(moved.vm.checkpoints(), [moved.id.split("\\")[1]], "libvirt's own list")
    answer = client.invoke(service.points, "CreateReferencePoint", AffectedSystem=moved.ref, ReferencePointType=1)
    equal(service.finish(client, answer)["JobState"], "7")
    equal(len(client.enumerate(POINT)), 2)
    for id_ in ids(client.enumerate(POINT)):
        answer = client.invoke(service.points, "DestroyReferencePoint", AffectedReferencePoint=point_ref(id_))
        equal(service.finish(client, answer)["JobState"], "7")
    equal((client.enumerate(POINT), moved.vm.checkpoints()), ([], []))
    service.stop()


def changes_of(client, path, limit):
    answer = client.invoke(IMAGES, "GetVirtualDiskChanges", Path=path, LimitId=limit, ByteOffset=0, ByteLength=SIZE)
    equal(answer.value, 0, f"{answer}")
    return [list(map(int, r)) for r in zip(answer.out.list("ChangedByteOffsets"),
                                           answer.out.list("ChangedByteLengths"))]


@test("a running domain: two checkpoints read over NBD while it writes on, exported, converted, restored and compared")
def checkpoints():
    host = Libvirt()
    vm = host.domain("web").start()
    ref = vm_ref(vm.uuid.upper())
    service = Service(host, synchronous_ms=AT_ONCE_MS)
    base, directories = None, []
    vm.write("vda", 0, 0x300000, pattern=1)
    for number, client in enumerate(service.clients()):
        snapshot, _ = created(service, client, ref.keys["Name"])
        vm.write("vda", 0x2000000, 0x10000, pattern=7)  # afterwards: not of it
        (disk,) = client.associated(snapshot, COMPONENT, DISK)
        (address,) = disk.list("HostResource")
        matches(address, r"^nbd\+unix:///vda\?socket=/")
        copy = host.give(host.path(f"copy{number}.raw"))
        run("qemu-img", "convert", "-O", "raw", address, copy)
        if base:  # at the checkpoint's address and at the domain's disk
            for path in (address, vm.path("vda")):
                found = changes_of(client, path, base["ResilientChangeTrackingIdentifiers"])
                equal(outside([[0x100000, 0x20000]], found), [], f"{found}")
        directories.append(host.path("backups", str(number)))
        answer = export(client, ref.keys["Name"], directories[-1], export_settings(
            service, snapshot, mof, DifferentialBackupBase=base and path_of(service, point_ref(base["InstanceID"]))))
        equal(answer.value, 0, f"{answer}")
        true(os.path.exists(os.path.join(directories[-1], f"vda.{'differential' if base else 'full'}.qcow2")), answer)
        base = converted(service, client, snapshot)
        vm.write("vda", 0x100000, 0x20000, pattern=number + 2)
        to = host.path(f"restored{number}")
        host.ok("restore", *directories, "--to", to)
        run("qemu-img", "compare", "-f", "qcow2", "-F", "raw", os.path.join(to, "vda.qcow2"), copy)
    equal(len(vm.checkpoints()), 2)
    snapshot, _ = created(service, client, ref.keys["Name"])
    equal(client.invoke(SNAPSHOTS, "DestroySnapshot", AffectedSnapshot=snapshot).value, 0)
    equal((host.ok("snapshots"), len(vm.checkpoints()), len(vm.bitmaps("vda"))), ([], 2, 2))
    refused(6, client.get, snapshot)
    service.stop()


@test("a domain that crashed is 32775, an unknown one 32773; without libvirt all is 32777, and works again with it")
def trouble():
    moved = Moved(synchronous_ms=AT_ONCE_MS)
    client, other = moved.service.clients()
    answer = moved.run(client, AffectedSystem=vm_ref("FFFFFFFF-AAAA-4BBB-8CCC-0123456789AB"))
    equal(answer.value, 32773, f"{answer}")
    equal(ids_of_vms(other), [moved.ref.keys["Name"]])
    moved.b.stop()
    for one in (client, other):
        answer = moved.run(one)
        equal(answer.value, 32777, f"{answer}")
        matches(answer.message, "libvirt")
    moved.b.start()
    moved.vm.start().kill9()
    for one in (client, other):
        answer = moved.run(one)
        equal(answer.value, 32775, f"{answer}")
        matches(answer.message, "in-use|crash")
    equal(client.enumerate(POINT), [])
    moved.service.stop()


main()
