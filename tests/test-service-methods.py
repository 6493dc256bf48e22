#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Create, export, destroy, remove and GetVirtualDiskChanges through a real cairnd, the ways that Hyper-V's backup
clients call them (the letters are the cases of what is known about clients: C, D, Q, X)."""
import shutil

from cairnservice import *

AT_ONCE_MS = 60000
SETTINGS = "Msvm_VirtualSystemReferencePointSettingData"
IMAGES = Ref("Msvm_ImageManagementService", CreationClassName="Msvm_ImageManagementService")
NOWHERE = "Microsoft:0F0F0F0F-AAAA-4BBB-8CCC-0123456789AB\\0F0F0F0F-AAAA-4BBB-8CCC-0123456789AC"
SIZE = 64 << 20


def serve(n_disks=1, **more):
    """(host, vm, service): a VM "web" behind a cairnd that answers at once."""
    host = Host()
    vm = host.vm("web", n_disks=n_disks)
    return host, vm, Service(host, **{"synchronous_ms": AT_ONCE_MS, **more})


def create(client, service, vm, kind=2, **more):
    return client.invoke(service.points, "CreateReferencePoint", AffectedSystem=vm_ref(vm), ReferencePointType=kind,
                         **more)


def created(client, service, vm, **more):
    """The Ref of a new point."""
    answer = create(client, service, vm, **more)
    equal(answer.value, 0, f"ReturnValue of {answer}")
    return answer.out["ResultingReferencePoint"]


def fails(answer, code, sentence):
    """ANSWER is CODE, with a SENTENCE that says why."""
    equal(answer.value, code, f"ReturnValue of {answer}")
    matches(answer.message or "", sentence, "message")


def ids(instances):
    return [instance["InstanceID"] for instance in instances]


# ---- CreateReferencePoint ----

def mof(level, label=""):
    label = f' ElementName = "{label}";' if label else ""
    return f"instance of {SETTINGS}\n{{\n ConsistencyLevel = {level};{label}\n}};\n"


def cim_xml(level):
    return (f'<INSTANCE CLASSNAME="{SETTINGS}"><PROPERTY NAME="ConsistencyLevel" TYPE="uint8"><VALUE>{level}</VALUE>'
            '</PROPERTY><PROPERTY NAME="Caption" TYPE="string"></PROPERTY></INSTANCE>')


def wmi_dtd(level):
    return ('<?xml version="1.0" encoding="utf-16"?>\n<DECLARATION xmlns="http://www.dmtf.org/x"><DECLGROUP>'
            f'<VALUE.OBJECT><INSTANCE CLASSNAME="{SETTINGS}"><QUALIFIER NAME="dynamic" TYPE="boolean"><VALUE>TRUE</VALUE></QUALIFIER>'
            f'<PROPERTY NAME="ConsistencyLevel" CLASSORIGIN="{SETTINGS}" PROPAGATED="true" TYPE="uint8"><QUALIFIER '
            f'NAME="CIMTYPE" PROPAGATED="true" TYPE="string"><VALUE>uint8</VALUE></QUALIFIER><VALUE>{level}</VALUE>'
            '</PROPERTY></INSTANCE></VALUE.OBJECT></DECLGROUP></DECLARATION>')


@test("C1-C4: every kind of settings makes a point, types 1 and 2 are tracked, 0 is log-based")
def settings():
    host, vm, service = serve()
    for client in service.clients():
        for more in ({"ReferencePointSettings": mof(2, "nightly")}, {"ReferencePointSettings": cim_xml(0), "kind": 1},
                     {"ReferencePointSettings": None, "ResultingReferencePoint": None}, {"ReferencePointSettings": ""},
                     {"ReferencePointSettings": wmi_dtd(2), "kind": 1},
                     {"ResultingReferencePoint": point_ref(NOWHERE)}):
            point = client.get(created(client, service, vm, **more))
            label = "nightly" if "nightly" in str(more) else ""
            equal([point[n] or "" for n in ("ReferencePointType", "ConsistencyLevel", "HasAssociatedData",
                                            "ElementName")], ["2", "2", "false", label], f"point of {more}")
        point = client.get(created(client, service, vm, kind=0))
        equal([point[n] for n in ("ReferencePointType", "HasAssociatedData")], ["1", "true"], f"log-based {point}")
        fails(create(client, service, vm, kind=7), 4, "ReferencePointType 7")
        fails(create(client, service, vm, ReferencePointSettings=mof(1)), 5, "application|consisten")
        fails(create(client, service, vm, ReferencePointSettings=mof(9)), 4, "ConsistencyLevel 9")
        fails(create(client, service, vm, ReferencePointSettings="instance of nothing"), 4, "MOF|instance|class")
        fails(create(client, service, NOWHERE[10:46]), 4, "not known here")
        fails(client.invoke(service.points, "CreateReferencePoint"), 4, "AffectedSystem is missing")
    equal(len(host.ok("list", "web", plain=True)), 14)
    service.stop()


@test("C5, C6: a point that becomes a job is found by the job; a busy VM is 5, and 32775 in the job")
def as_job():
    host, vm, service = serve(synchronous_ms=0)
    for client in service.clients():
        answer = create(client, service, vm)
        job = service.finish(client, answer)
        equal((job["JobState"], job["JobType"], job["Caption"]), ("7", "201", "Create Reference Point"))
        points = client.associated(answer.out["Job"], "CIM_AffectedJobElement", POINT)
        equal(ids(points), ids(host.ok("list", "web", plain=True))[-1:])
    with Held.vm(host):
        job = service.finish(client, create(client, service, vm))
        equal((job["JobState"], job["ErrorCode"]), ("10", "32775"))
        service.write_config(jobs__synchronous_ms=AT_ONCE_MS)
        service.reload()
        fails(create(client, service, vm), 5, "in use by another operation")
    equal(len(host.ok("list", "web", plain=True)), 2)
    service.stop()





@test("what takes longer than 200 ms is a job that runs, and can be terminated without a trace")
def slow():
    host = Host()
    vm, service = host.vm("web"), Service(host, env={"CAIRN_QSD": slow_helper(host)})
    for client, end in zip(service.clients(), ("7", "8")):
        answer = create(client, service, vm)
        job = client.get(answer.out["Job"])
        equal((answer.value, job["JobState"], job["ErrorCode"]), (4096, "4", "0"), f"job of {answer}")
        true(int(job["PercentComplete"]) < 100, f"PercentComplete of {job}")
        equal(answer.out.get("ResultingReferencePoint"), None)
        if end == "8":
            equal(client.invoke(answer.out["Job"], "RequestStateChange", RequestedState=3).value, 1)
            equal(client.invoke(answer.out["Job"], "RequestStateChange", RequestedState=4).value, 0)
        job = service.finish(client, answer)
        equal((job["JobState"], job["ErrorDescription"] is None), (end, end == "7"), f"job {job['ErrorDescription']}")
    equal((len(host.ok("list", "web", plain=True)), len(bitmaps(vm["Disks"][0]["Path"]))), (1, 1))
    service.stop()


# ---- DestroyReferencePoint, RemoveAssociatedData ----

@test("D1-D6: a destroyed point is gone when it is said to be; one that isn't there is 32773")
def destroy():
    host, vm, service = serve()
    client, other = service.clients()
    points = [created(client, service, vm) for _ in range(5)]
    gone = client.invoke(service.points, "RemoveAssociatedData", AffectedReferencePoint=points[0])
    equal((gone.value, gone.out.get("Job")), (0, None), "D5: nothing to remove is a success")
    for one, point in zip((client, other, client), points[:3]):  # D1, D3
        equal(one.invoke(service.points, "DestroyReferencePoint", AffectedReferencePoint=point).value, 0)
        true(point.keys["InstanceID"] not in ids(other.enumerate(POINT)), "it is still there")
    for one in (client, other):  # D2
        for method in ("DestroyReferencePoint", "RemoveAssociatedData"):
            fails(one.invoke(service.points, method, AffectedReferencePoint=points[0]), 32773, "reference point")
            fails(one.invoke(service.points, method), 32773, "AffectedReferencePoint is missing")
            fails(one.invoke(service.points, method, AffectedReferencePoint=vm_ref(vm)), 32773, "class")
    write(vm["Disks"][0]["Path"], 0x100000, 10)
    service.write_config(jobs__synchronous_ms=0)
    service.reload()
    answer = other.invoke(service.points, "DestroyReferencePoint", AffectedReferencePoint=points[3])  # D4, D6
    job = service.finish(other, answer)
    equal((job["JobState"], job["JobType"], ids(other.enumerate(POINT))), ("7", "202", [points[4].keys["InstanceID"]]))
    equal(len(bitmaps(vm["Disks"][0]["Path"])), 1)
    equal(ranges(changes(client, client.get(points[4]), vm["Disks"][0]["Path"])), [[0x100000, 0x10000]])
    service.stop()


@test("another owner's point isn't destroyed, and the sentence says whose it is")
def owners():
    host, vm, service = serve()
    point = point_ref(host.ok("create", "web", "--owner", "nightly", plain=True)["ReferencePoint"])
    for client in service.clients():
        fails(client.invoke(service.points, "DestroyReferencePoint", AffectedReferencePoint=point), 32769, "nightly")
    equal(len(client.enumerate(POINT)), 1)
    service.stop()


# ---- ExportReferencePoint ----

@test("X1, X2: an export is a job of its own class, with the paths that Import takes; its files are the user's")
def export():
    host, vm, service = serve(n_disks=2, synchronous_ms=0)
    second = "daemon" if os.geteuid() == 0 else ME
    for client, user in zip((service.soap(), service.cimxml(user=second)), (ME, second)):
        host.ok("create", "web", plain=True)
        point = client.get(point_ref(host.ok("create", "web", plain=True)["ReferencePoint"]))
        out = host.mkdir(f"out-{client.name}")
        uid = pwd.getpwnam(user).pw_uid
        os.chown(out, uid, uid)
        wanted = {"BaseReferencePoint": point_path(client.enumerate(POINT)[0], service),
                  "DisksToExport": point["VirtualDiskIdentifiers"]}
        answer = client.invoke(service.points, "ExportReferencePoint", ReferencePoint=as_ref(point),
                               ExportDirectory=out, ExportSettingData=export_settings(**wanted))
        job = service.finish(client, answer)
        equal((job.class_name, job["JobState"]), ("Msvm_VirtualSystemReferencePointExportJob", "7"))
        files = sorted(os.path.join(out, name) for name in os.listdir(out))
        equal(sorted((job["ExportedConfigFilePath"], job["ExportedRuntimeFilePath"])), files)
        equal({os.stat(file).st_uid for file in files}, {uid}, "whose the files are")
        equal((job["ExportDirectory"], job["VirtualMachineId"], job["ReferencePointId"], job.list("ExportedDisks")),
              (out, point["VirtualSystemIdentifier"], point["InstanceID"].split("\\")[1],
               point["VirtualDiskIdentifiers"]))
        equal(job["BaseReferencePointId"], client.enumerate(POINT)[0]["InstanceID"].split("\\")[1])
        # X2 and J4: by the superclass, and by the class that every client asks.
        true(job["InstanceID"] in ids(client.enumerate("CIM_ConcreteJob")), "not among CIM_ConcreteJob")
        found = client.query(f"SELECT * FROM Msvm_ConcreteJob WHERE InstanceID = '{job['InstanceID']}'")
        equal([(j.class_name, j["JobState"], j["JobType"]) for j in found], [("Msvm_ConcreteJob", "7", "203")])
        again = client.invoke(service.points, "ImportReferencePointMetadata", AffectedSystem=vm_ref(vm),
                              ConfigFilePath=job["ExportedConfigFilePath"],
                              RuntimeStateFilePath=job["ExportedRuntimeFilePath"])
        equal(service.finish(client, again)["JobState"], "7", "import of what was exported")
    service.stop()


def as_ref(point):
    return Ref(POINT, InstanceID=point["InstanceID"], VirtualSystemIdentifier=point["VirtualSystemIdentifier"])


def point_path(point, service):
    """The full path, as WMI gives it."""
    return f"\\\\{service.points.keys['SystemName']}\\root\\virtualization\\v2:{as_ref(point).path()}"


def export_settings(**properties):
    lines = []
    for name, value in properties.items():
        texts = ['"{}"'.format(v.replace("\\", "\\\\").replace('"', '\\"'))
                 for v in (value if isinstance(value, list) else [value])]
        lines.append(f" {name} = " + ("{" + ", ".join(texts) + "}" if isinstance(value, list) else texts[0]) + ";\n")
    return "instance of Msvm_VirtualSystemReferencePointExportSettingData\n{\n" + "".join(lines) + "};\n"


@test("an export fails with the codes of its own table, and leaves no file")
def export_fails():
    host, vm, service = serve()
    out = host.mkdir("out")
    for client in service.clients():
        point = created(client, service, vm)

        def export_to(directory, one=client, given=point, settings=None):
            return one.invoke(service.points, "ExportReferencePoint", ReferencePoint=given, ExportDirectory=directory,
                              ExportSettingData=settings)

        fails(export_to("/var"), 32769, "outside the directories")
        fails(export_to("out"), 32773, "absolute|full")
        fails(export_to(None), 32773, "ExportDirectory")
        fails(export_to(host.path("nowhere")), 32773, "No such file|exist")
        fails(export_to(out, given=point_ref(NOWHERE)), 32773, "reference point")
        fails(export_to(out, given=None), 32773, "ReferencePoint is missing")
        fails(export_to(out, settings=export_settings(DisksToExport=["nothing"])), 32773, "nothing")
        fails(export_to(out, settings=export_settings(BaseReferencePoint="nothing")), 32773, "nothing")
        if os.geteuid() == 0:
            stranger = service.soap(user="stranger")
            fails(export_to(out, one=stranger), 32769, "Permission denied")
        equal(os.listdir(out), [])
        equal(export_to(out).value, 0)
        for name in os.listdir(out):
            os.unlink(os.path.join(out, name))
    service.stop()


# ---- GetVirtualDiskChanges ----

def changes(client, point, path, offset=0, length=SIZE, limit=None, **more):
    return client.invoke(IMAGES, "GetVirtualDiskChanges", Path=path,
                         LimitId=limit or point.list("ResilientChangeTrackingIdentifiers")[0], ByteOffset=offset,
                         ByteLength=length, **more)


def ranges(answer):
    equal(answer.value, 0, f"ReturnValue of {answer}")
    return [[int(o), int(n)] for o, n in zip(answer.out.list("ChangedByteOffsets"),
                                             answer.out.list("ChangedByteLengths"))]


@test("Q1-Q4: changes of the whole disk, in windows, with size-1, and never as a job")
def changed():
    host, vm, service = serve(synchronous_ms=0)
    disk = vm["Disks"][0]["Path"]
    id_ = host.ok("create", "web", plain=True)["ReferencePoint"]
    for offset in (0x10000, 0x2000000, SIZE - 512):
        write(disk, offset, 512)
    wanted = [[0x10000, 0x10000], [0x2000000, 0x10000], [SIZE - 0x10000, 0x10000]]
    for client in service.clients():
        point = client.get(point_ref(id_))
        whole = changes(client, point, disk)  # Q1
        equal((ranges(whole), whole.out["ProcessedByteLength"], whole.out.get("Job")), (wanted, str(SIZE), None))
        short = changes(client, point, disk, length=SIZE - 1, TargetSnapshotId="")  # Q4, Q2
        equal((ranges(short)[:2], short.out["ProcessedByteLength"]), (wanted[:2], str(SIZE - 1)))
        equal(ranges(changes(client, point, disk, length=SIZE << 4)), wanted, "clamped")
        windows = [r for offset in range(0, SIZE, 16 << 20)  # Q3
                   for r in ranges(changes(client, point, disk, offset, 16 << 20))]
        equal(windows, wanted)
        equal(ranges(changes(client, point, disk, 0x18000, 0x4000)), [[0x18000, 0x4000]], "clipped")
        equal(ranges(changes(client, point, disk, 0x100000, 0x100000)), [], "no change")
    service.stop()


@test("changes that can't be told are refused by code and sentence, never an empty list")
def unchangeable():
    host, vm, service = serve(n_disks=2)
    disk, second = (d["Path"] for d in vm["Disks"])
    id_ = host.ok("create", "web", plain=True)["ReferencePoint"]
    private = shutil.copyfile(disk, host.path("private.qcow2"))
    os.chmod(disk, 0o600)
    for client in service.clients():
        point = client.get(point_ref(id_))
        other = point.list("ResilientChangeTrackingIdentifiers")[0][:-8] + "000000FF"
        fails(changes(client, point, disk, limit=other), 32773, "full backup")
        fails(changes(client, point, disk, limit="nonsense"), 32773, "full backup")
        fails(changes(client, point, second), 32773, "isn't that of disk 'vda'")
        fails(changes(client, point, private), 32773, "isn't that of disk 'vda'")
        fails(changes(client, point, host.path("nothing")), 32779, "No such file")
        fails(changes(client, point, "a.qcow2"), 32773, "absolute|full")
        fails(changes(client, point, None), 32773, "Path")
        fails(changes(client, point, disk, offset=SIZE), 32773, "behind the end")
        fails(changes(client, point, disk, length=0), 32773, "ByteLength")
        fails(client.invoke(IMAGES, "GetVirtualDiskChanges", Path=disk, ByteLength=SIZE), 32773, "LimitId")
    if os.geteuid() == 0:
        for client in service.clients(user="stranger"):
            fails(changes(client, point, disk), 32769, f"{disk}.*stranger")
    run("qemu-img", "bitmap", "--remove", disk, id_.split("\\")[1])
    for client in service.clients():
        fails(changes(client, point, disk), 32775, "disk 'vda'")
    service.stop()


@test("more changes than one answer holds come in several, each going on where the last ended")
def partial():
    host = Host()
    n, step, size = 65536 + 300, 0x20000, 16 << 30
    disk = host.image("a.qcow2", str(size))
    host.ok("vm", "add", "web", "--disk", f"vda={disk}", plain=True)
    service = Service(host)
    client = service.soap()
    point = client.get(point_ref(host.ok("create", "web", plain=True)["ReferencePoint"]))
    commands = "".join(f"write -q -z {i * step} 65536\n" for i in range(n)) + "quit\n"
    subprocess.run(["qemu-io", "-t", "unsafe", "-f", "qcow2", disk], input=commands.encode(), check=True,
                   stdout=subprocess.DEVNULL)
    found, offset, calls = [], 0, 0
    while offset < size:
        answer = changes(client, point, disk, offset, size - offset)
        found += ranges(answer)
        true(int(answer.out["ProcessedByteLength"]) > 0, "no progress")
        offset, calls = offset + int(answer.out["ProcessedByteLength"]), calls + 1
    equal((offset, calls), (size, 2))
    equal(found, [[i * step, 0x10000] for i in range(n)])
    service.stop()


@test("Q7: a parameter that the method doesn't have is a fault, over both protocols")
def unknown_parameters():
    _, vm, service = serve()
    for client, code, of_type in zip(service.clients(), ("InvalidParameter", 4), ("InvalidParameter", 13)):
        refused(code, client.invoke, IMAGES, "GetVirtualDiskChanges", VHDSetPath="a", sentence="VHDSetPath")
        refused(of_type, client.invoke, service.points, "CreateReferencePoint", AffectedSystem=vm_ref(vm),
                ReferencePointType="many", sentence="ReferencePointType|many|uint16")
    refused("ActionNotSupported", service.soap().invoke, service.points, "Nothing")
    refused(17, service.cimxml().invoke, service.points, "Nothing")
    service.stop()


main()
