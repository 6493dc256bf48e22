#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The flow of nearly every backup program for Hyper-V, through a real cairnd over both protocols: a recovery checkpoint,
its disks and changes, its export, its conversion into a reference point; and how each step is refused or cancelled.
(The letters are the cases of what is known about clients: V, X, Q, J, C.)"""
import time

from cairncheckpoints import *

AT_ONCE_MS = 60000
MB = 1 << 20
SIZE = 64 * MB
NOWHERE = Ref(SETTINGS, InstanceID="Microsoft:0F0F0F0F-AAAA-4BBB-8CCC-0123456789AB")


def serve(n_disks=1, size="64M", **more):
    """(host, vm, service): a VM "web" behind a cairnd that answers at once."""
    host = Host()
    vm = host.vm("web", n_disks=n_disks, size=size)
    return host, vm, Service(host, **{"synchronous_ms": AT_ONCE_MS, **more})


def nothing_left(host, vm, service, points=0):
    """No checkpoint, and no bitmap but those of POINTS."""
    for client in service.clients():
        equal(client.query(f"SELECT * FROM {SETTINGS} WHERE VirtualSystemType = '{RECOVERY}'"), [])
    equal(host.ok("snapshots"), [])
    for disk in vm["Disks"]:
        equal(len(bitmaps(disk["Path"])), points)


# ---- the flow ----

def check_instance(service, client, vm, snapshot):
    """The checkpoint is found every way, and isn't taken for the VM's own settings."""
    own = f"Microsoft:{vm['VirtualSystemIdentifier']}"
    found = client.get(snapshot)
    equal((found["VirtualSystemType"], found["VirtualSystemIdentifier"], found["ConfigurationID"]),
          (RECOVERY, vm["VirtualSystemIdentifier"], snapshot.keys["InstanceID"][10:]))
    matches(found["ElementName"], r"^web - Backup - \(20\d\d-")
    matches(found.list("Notes")[0], r"^Lease ends: 20\d\d-\d\d-\d\d ")
    true(found["CreationTime"], "no CreationTime")
    for query, wanted in (("VirtualSystemType = '" + RECOVERY + "'", [snapshot.keys["InstanceID"]]),
                          ("VirtualSystemType = '" + REALIZED + "'", [own]),
                          (f"VirtualSystemIdentifier = '{vm['VirtualSystemIdentifier'].lower()}'",
                           sorted([own, snapshot.keys["InstanceID"]])),
                          (f"InstanceID = '{snapshot.keys['InstanceID']}'", [snapshot.keys["InstanceID"]])):
        equal(sorted(ids(client.query(f"SELECT * FROM {SETTINGS} WHERE {query}"))), wanted, query)
    equal(sorted(ids(client.enumerate("CIM_VirtualSystemSettingData"))), sorted([own, snapshot.keys["InstanceID"]]))
    # Either association, either way (K8: the settings in force are the VM's).
    equal(ids(client.associated(vm_ref(vm), "Msvm_SnapshotOfVirtualSystem", SETTINGS)), ids([found]))
    equal(ids(client.associated(vm_ref(vm), "Msvm_SettingsDefineState", SETTINGS)), [own])
    (system,) = client.associated(snapshot, "Msvm_SnapshotOfVirtualSystem")
    equal((system.class_name, system["Name"]), ("Msvm_ComputerSystem", vm["VirtualSystemIdentifier"]))
    equal(client.associated(snapshot, "Msvm_SettingsDefineState"), [])
    equal(client.associated(Ref(SETTINGS, InstanceID=own), "Msvm_SnapshotOfVirtualSystem"), [])


def check_disks(client, vm, snapshot):
    """V9: its disks, with its own GUID in the VM's place, say where they are read."""
    disks = client.associated(snapshot, COMPONENT, DISK)
    own = client.associated(Ref(SETTINGS, InstanceID=f"Microsoft:{vm['VirtualSystemIdentifier']}"), COMPONENT, DISK)
    equal([disk["HostResource"] for disk in disks], [disk["HostResource"] for disk in own])
    equal(ids(disks), [id_.replace(vm["VirtualSystemIdentifier"], snapshot.keys["InstanceID"][10:])
                       for id_ in ids(own)])
    for disk in disks:
        equal(client.get(Ref(DISK, InstanceID=disk["InstanceID"]))["HostResource"], disk["HostResource"])
        (settings,) = client.associated(Ref(DISK, InstanceID=disk["InstanceID"]), COMPONENT, SETTINGS)
        equal(settings["InstanceID"], snapshot.keys["InstanceID"])
        (drive,) = client.query("SELECT * FROM Msvm_ResourceAllocationSettingData WHERE __PATH = '"
                                + disk["Parent"].replace("\\", "\\\\") + "'")
        equal(drive["ResourceType"], "17")
    equal(sorted(ids(client.enumerate(DISK))), sorted(ids(own) + ids(disks)))
    return [disk.list("HostResource")[0] for disk in disks]


def vms_own(client, vm):
    """What of the VM's own export settings clients leave as it is."""
    (own,) = client.associated(vm_ref(vm), "Msvm_SystemExportSettingData", "Msvm_VirtualSystemExportSettingData")
    ref = Ref(own.class_name, InstanceID=own["InstanceID"])
    equal(client.get(ref)["CopySnapshotConfiguration"], "3")
    (system,) = client.associated(ref, "Msvm_SystemExportSettingData")
    equal(system["Name"], vm["VirtualSystemIdentifier"])
    return {"InstanceID": own["InstanceID"], "BackupIntent": 1, "CaptureLiveState": int(own["CaptureLiveState"])}


def rename(client, snapshot, name):
    """V8: ModifySystemSettings with the whole instance, as Bareos sends it."""
    answer = client.invoke(MANAGEMENT, "ModifySystemSettings",
                           SystemSettings=wmi_dtd(SETTINGS, **{"InstanceID": snapshot.keys["InstanceID"],
                                                               "ElementName": name, "IsSaved": False}))
    equal((answer.value, client.get(snapshot)["ElementName"]), (0, name), f"{answer}")


@test("V1-V8, Q, X: checkpoint, full export, conversion; then the differential one; both restored")
def flow():
    host, vm, service = serve(n_disks=2)
    paths = [disk["Path"] for disk in vm["Disks"]]
    io(paths[0], "write -q -P 1 0 5M")
    for number, client in enumerate(service.clients()):
        kinds = ({"SnapshotSettings": wmi_dtd("Msvm_VirtualSystemSnapshotSettingData", ConsistencyLevel=2,
                                              IgnoreNonSnapshottableDisks=True, GuestBackupType=1)},
                 {"SnapshotSettings": mof("Msvm_VirtualSystemSnapshotSettingData", ConsistencyLevel=0)})
        base, directories = None, []
        for generation, more in enumerate(kinds):
            snapshot, job = created(service, client, vm, **more)
            if generation == 0:
                check_instance(service, client, vm, snapshot)
                rename(client, snapshot, "nightly")
            else:
                equal(check_disks(client, vm, snapshot), paths)
                answer = client.invoke(IMAGES, "GetVirtualDiskChanges", Path=paths[1], ByteOffset=0, ByteLength=SIZE,
                                       LimitId=base.list("ResilientChangeTrackingIdentifiers")[1])
                equal((answer.value, answer.out.list("ChangedByteOffsets"), answer.out.list("ChangedByteLengths")),
                      (0, [str(0x10000)], [str(0x20000)]), f"{answer}")
            out = host.mkdir(f"out-{number}-{generation}")
            settings = export_settings(service, snapshot, (wmi_dtd, mof)[generation], CreateVmExportSubdirectory=True,
                                       DifferentialBackupBase=base and path_of(service, point_ref(base["InstanceID"])),
                                       **vms_own(client, vm))
            answer = export(client, vm, out, settings)
            equal((answer.value, os.listdir(out)), (0, ["web"]), f"{answer}")
            directories.append(os.path.join(out, "web"))
            kind = "differential" if base else "full"
            true({f"vda.{kind}.qcow2", f"vdb.{kind}.qcow2", "manifest.json"} < set(os.listdir(directories[-1])),
                 f"{os.listdir(directories[-1])}")
            base = converted(service, client, snapshot, **(
                {} if generation else {"ReferencePointSettings": cim_xml(
                    "Msvm_VirtualSystemReferencePointSettingData", ConsistencyLevel=2)}))
            equal((base["ElementName"] or "", base["ReferencePointType"], len(base.list("VirtualDiskIdentifiers"))),
                  ("" if generation else "nightly", "2", 2))
            equal(related(client, job, SETTINGS)["InstanceID"], snapshot.keys["InstanceID"], "V2, after the conversion")
            refused(6 if client.name == "CIM-XML" else "DestinationUnreachable", client.get, snapshot)
            if generation == 0:
                io(paths[1], "write -q -P 2 100k 40k")
        to = host.path(f"restored-{number}")
        host.ok("restore", *directories, "--to", to)
        for target, path in zip(("vda", "vdb"), paths):
            run("qemu-img", "compare", path, os.path.join(to, target + ".qcow2"))
    nothing_left(host, vm, service, points=4)
    service.stop()


@test("V6: a checkpoint and its conversion are jobs, however short; the references are there when they are known")
def always_jobs():
    host, vm, service = serve(synchronous_ms=0)
    for client in service.clients():
        answer = create(client, vm)
        job = ended(service, client, answer, CREATED)
        snapshot = Ref(SETTINGS, InstanceID=related(client, job, SETTINGS)["InstanceID"])
        systems = client.associated(job, "Msvm_AffectedJobElement", "Msvm_ComputerSystem")
        equal([system["Name"] for system in systems], [vm["VirtualSystemIdentifier"]])
        answer = client.invoke(SNAPSHOTS, "ConvertToReferencePoint", AffectedSnapshot=snapshot,
                               ReferencePointSettings=mof("Msvm_VirtualSystemReferencePointSettingData",
                                                          ElementName="weekly", ConsistencyLevel=1))
        job = ended(service, client, answer, CONVERTED)
        point = related(client, job, POINT)
        equal((point["ElementName"], point["ConsistencyLevel"]), ("weekly", "2"), "what it is, not what was asked")
        effects = [r.list("ElementEffects") for r in service.soap().query(
            f"REFERENCES OF {{{job.path()}}}") if r["AffectedElement"].class_name == POINT]
        equal(effects, [["5"]])
    nothing_left(host, vm, service, points=2)
    service.stop()


@test("a checkpoint outlives cairnd: the next one knows it, its job and what that made, and converts it")
def restart():
    host, vm, service = serve()
    snapshot, job = created(service, service.soap(), vm)
    service.restart()
    for client in service.clients():
        equal(related(client, job, SETTINGS)["InstanceID"], snapshot.keys["InstanceID"])
        equal(ids(client.associated(vm_ref(vm), "Msvm_SnapshotOfVirtualSystem")), [snapshot.keys["InstanceID"]])
    converted(service, client, snapshot)
    nothing_left(host, vm, service, points=1)
    service.stop()


# ---- log-based points ----

def log_point(service, client, vm):
    """A new log-based point."""
    answer = client.invoke(service.points, "CreateReferencePoint", AffectedSystem=vm_ref(vm), ReferencePointType=0)
    job = ended(service, client, answer, "201")
    point = related(client, job, POINT)
    equal((point["ReferencePointType"], point["HasAssociatedData"]), ("1", "true"))
    return point


@test("X1, X2 with logs: an export of what changed from a base to a log-based point follows the base's backup; D5")
def logs():
    host, vm, service = serve(n_disks=2, synchronous_ms=0)
    paths = [disk["Path"] for disk in vm["Disks"]]
    for number, client in enumerate(service.clients()):
        log_point(service, client, vm)
        job = ended(service, client, create(client, vm), CREATED)
        snapshot = Ref(SETTINGS, InstanceID=related(client, job, SETTINGS)["InstanceID"])
        directories = [host.mkdir(f"full{number}"), host.mkdir(f"log{number}")]
        ended(service, client, export(client, vm, directories[0], export_settings(service, snapshot)), EXPORTED)
        answer = client.invoke(SNAPSHOTS, "ConvertToReferencePoint", AffectedSnapshot=snapshot)
        base = related(client, ended(service, client, answer, CONVERTED), POINT)
        for i, path in enumerate(paths):
            io(path, f"write -q -P {number + 5} {i + 1}M 100k")
        newest = log_point(service, client, vm)
        io(paths[0], "write -q -P 99 20M 64k")  # afterwards: not of it
        answer = client.invoke(service.points, "ExportReferencePoint", ReferencePoint=point_ref(newest["InstanceID"]),
                               ExportDirectory=directories[1], ExportSettingData=mof(
                                   "Msvm_VirtualSystemReferencePointExportSettingData",
                                   BaseReferencePoint=path_of(service, point_ref(base["InstanceID"])),
                                   DisksToExport=newest["VirtualDiskIdentifiers"]))
        job = client.get(ended_export(service, client, answer))
        equal(job.list("ExportedDisks"), newest["VirtualDiskIdentifiers"])
        for target, path in zip(("vda", "vdb"), job.list("ExportedLogFilePaths")):
            true(target in os.path.basename(path) and os.path.getsize(path) < MB, f"{path} of {target}")
        true(all(os.path.exists(job[n]) for n in ("ExportedConfigFilePath", "ExportedRuntimeFilePath")), f"{job}")
        to = host.path(f"from-logs{number}")
        host.ok("restore", *directories, "--to", to)
        run("qemu-img", "compare", paths[1], os.path.join(to, "vdb.qcow2"))
        io(os.path.join(to, "vda.qcow2"), "write -q -P 99 20M 64k")
        run("qemu-img", "compare", paths[0], os.path.join(to, "vda.qcow2"))
        remove = {"AffectedReferencePoint": point_ref(newest["InstanceID"])}
        ended(service, client, client.invoke(service.points, "RemoveAssociatedData", **remove), "204")
        equal(client.get(point_ref(newest["InstanceID"]))["HasAssociatedData"], "false")
        equal(client.invoke(service.points, "RemoveAssociatedData", **remove).value, 0)
    service.stop()


def ended_export(service, client, answer):
    """The Ref of the job of an ExportReferencePoint, which must have come to a good end."""
    job = service.finish(client, answer)
    equal((job.class_name, job["JobState"], job["ErrorDescription"]),
          ("Msvm_VirtualSystemReferencePointExportJob", "7", None), f"{job}")
    return answer.out["Job"]


# ---- other ends ----

@test("a checkpoint that is destroyed leaves nothing; one that isn't there can't be, nor converted, nor exported")
def destroy():
    host, vm, service = serve()
    out = host.mkdir("out")
    for client in service.clients():
        for method, name, unknown in (("DestroySnapshot", "AffectedSnapshot", 4),
                                      ("DestroySnapshotTree", "SnapshotSettingData", 32773)):
            snapshot, job = created(service, client, vm)
            answer = client.invoke(SNAPSHOTS, method, **{name: snapshot})
            equal((answer.value, answer.out.get("Job")), (0, None), f"{answer}")
            nothing_left(host, vm, service)
            equal(related(client, job, SETTINGS)["InstanceID"], snapshot.keys["InstanceID"])
            for gone in (snapshot, NOWHERE):
                fails(client.invoke(SNAPSHOTS, method, **{name: gone}), unknown, "checkpoint")
            fails(client.invoke(SNAPSHOTS, method), unknown, f"{name} is missing")
            fails(client.invoke(SNAPSHOTS, method, **{name: vm_ref(vm)}), unknown, "class")
        own = Ref(SETTINGS, InstanceID=f"Microsoft:{vm['VirtualSystemIdentifier']}")
        for none in (snapshot, own):
            fails(client.invoke(SNAPSHOTS, "ConvertToReferencePoint", AffectedSnapshot=none), 4, "checkpoint")
            fails(export(client, vm, out, export_settings(service, none)), 32773, "checkpoint")
        equal(client.enumerate(POINT), [])
    equal(os.listdir(out), [])
    service.stop()


@test("two checkpoints of one VM at a time aren't made, and the first stays; another owner's isn't destroyed")
def two():
    host, vm, service = serve()
    for client in service.clients():
        snapshot, _ = created(service, client, vm)
        job = service.finish(client, create(client, vm))
        equal((job["JobState"], job["ErrorCode"]), ("10", "32775"), f"{job}")
        matches(job["ErrorDescription"], "recovery checkpoint")
        equal(len(client.associated(vm_ref(vm), "Msvm_SnapshotOfVirtualSystem")), 1)
        equal(client.invoke(SNAPSHOTS, "DestroySnapshot", AffectedSnapshot=snapshot).value, 0)
    write_file(host.path("empty.conf"), "")  # what is named relatively is found by the process that holds it, too
    held = host.ok("freeze", "web", "--owner", "nightly", env={"CAIRN_CONFIG": "empty.conf"})
    snapshot = Ref(SETTINGS, InstanceID=held["Snapshot"])
    true("Owner: nightly" in client.get(snapshot).list("Notes"), f"{client.get(snapshot)}")
    fails(client.invoke(SNAPSHOTS, "DestroySnapshot", AffectedSnapshot=snapshot), 2, "nightly")
    host.ok("discard", held["Snapshot"], "--owner", "nightly")
    nothing_left(host, vm, service)
    service.stop()


@test("what isn't supported or isn't right is refused with the codes of each method's table, and a sentence")
def refusals():
    host, vm, service = serve()
    out = host.mkdir("out")
    snapshot_settings = "Msvm_VirtualSystemSnapshotSettingData"
    for client in service.clients():
        fails(create(client, vm, SnapshotType=2), 1, "SnapshotType 2 isn't supported")
        fails(create(client, vm, SnapshotType=3), 1, "SnapshotType 3 isn't supported")
        fails(create(client, vm, SnapshotType=None), 4, "SnapshotType is missing")
        fails(create(client, NOWHERE.keys["InstanceID"][10:]), 4, "not known")
        fails(create(client, vm, AffectedSystem=None), 4, "AffectedSystem is missing")
        fails(create(client, vm, SnapshotSettings=mof(snapshot_settings, ConsistencyLevel=9)), 4, "ConsistencyLevel 9")
        fails(create(client, vm, SnapshotSettings=mof(snapshot_settings, GuestBackupType=9)), 4, "GuestBackupType 9")
        fails(create(client, vm, SnapshotSettings="instance of nothing"), 4, "MOF|instance|class")
        job = service.finish(client, create(client, vm, SnapshotSettings=mof(snapshot_settings, ConsistencyLevel=1)))
        equal(job["JobState"], "10", "V1: an application-consistent one of a VM that is shut off")
        snapshot, _ = created(service, client, vm, SnapshotSettings=None)

        def export_to(directory, one=client, given=snapshot, **more):
            return export(one, vm, directory, export_settings(service, given, mof, **more))

        fails(export_to(out, CopySnapshotConfiguration=0), 32770, "CopySnapshotConfiguration 0")
        fails(export_to(out, CopySnapshotConfiguration=None), 32770, "give 3")
        fails(export_to(out, ExportForLiveMigration=True), 32770, "ExportForLiveMigration")
        fails(export_to(out, SnapshotVirtualSystem="nothing"), 32773, "nothing")
        fails(export_to(out, SnapshotVirtualSystem=None), 32773, "SnapshotVirtualSystem is missing")
        fails(export_to(out, DifferentialBackupBase=path_of(service, point_ref("Microsoft:A\\B"))), 32773, "point")
        fails(export_to(out, ExcludedVirtualHardDisks=["nothing"]), 32773, "nothing")
        fails(export_to("/var"), 32769, "outside the directories")
        fails(export_to("out"), 32773, "absolute|full")
        fails(export_to(None), 32773, "ExportDirectory")
        fails(export(client, vm, out, None), 32770, "give 3")
        if os.geteuid() == 0:
            fails(export_to(out, one=service.soap(user="stranger")), 32769, "Permission denied|denied")
        fails(client.invoke(MANAGEMENT, "ModifySystemSettings", SystemSettings=mof(
            SETTINGS, InstanceID=f"Microsoft:{vm['VirtualSystemIdentifier']}", ElementName="x")), 1, "no recovery")
        fails(client.invoke(MANAGEMENT, "ModifySystemSettings"), 4, "SystemSettings is missing")
        fails(client.invoke(SNAPSHOTS, "ApplySnapshot", Snapshot=snapshot), 1, "isn't supported")
        equal(os.listdir(out), [])
        equal(client.invoke(SNAPSHOTS, "DestroySnapshot", AffectedSnapshot=snapshot).value, 0)
    nothing_left(host, vm, service)
    service.stop()


@test("an export may leave out disks, or all data; a disk's file is the user's who asked")
def parts():
    host, vm, service = serve(n_disks=2)
    user = "daemon" if os.geteuid() == 0 else ME
    client, other = service.soap(), service.cimxml(user=user)
    snapshot, _ = created(service, client, vm)
    disks = client.associated(snapshot, COMPONENT, DISK)
    for i, name in enumerate((vm["Disks"][1]["Path"], disks[1]["InstanceID"], vm["Disks"][1]["VirtualDiskIdentifier"])):
        out = host.mkdir(f"part{i}")
        answer = export(client, vm, out, export_settings(service, snapshot, mof, ExcludedVirtualHardDisks=[name]))
        equal(answer.value, 0, f"{answer}")
        equal([f for f in os.listdir(out) if f.endswith(".qcow2")], ["vda.full.qcow2"])
    out = host.mkdir("none")
    uid = pwd.getpwnam(user).pw_uid
    os.chown(out, uid, uid)
    answer = export(other, vm, out, export_settings(service, snapshot, CopyVmStorage=False, BackupIntent=1))
    equal(answer.value, 0, f"{answer}")
    guid = snapshot.keys["InstanceID"][10:]
    true({guid + ".vmcx", guid + ".vmrs"} <= set(os.listdir(out)), f"{os.listdir(out)}")
    equal([f for f in os.listdir(out) if f.endswith(".qcow2")], [])
    equal({os.stat(os.path.join(out, f)).st_uid for f in os.listdir(out)}, {uid}, "whose the files are")
    host.ok("discard", snapshot.keys["InstanceID"])
    service.stop()


@test("a checkpoint whose client never comes back ends with its lease")
def lease():
    host, vm, service = serve(config={"jobs.lease-seconds": "1"})
    for client in service.clients():
        snapshot, _ = created(service, client, vm)
        wait_until(lambda ref=snapshot, one=client: not one.query(
            f"SELECT * FROM {SETTINGS} WHERE InstanceID = '{ref.keys['InstanceID']}'"), "it is gone")
        wait_until(lambda: not bitmaps(vm["Disks"][0]["Path"]), "its bitmap is gone")
    nothing_left(host, vm, service)
    service.stop()


@test("PercentComplete moves while data is copied; Terminate ends it within a second, and leaves nothing")
def cancel():
    host, vm, service = serve(size="2G", synchronous_ms=0)
    io(vm["Disks"][0]["Path"], *(f"write -q -P {i + 1} {i * 32}M 32M" for i in range(24)))
    for client in service.clients():
        snapshot = Ref(SETTINGS, InstanceID=related(client, ended(service, client, create(client, vm), CREATED),
                                                    SETTINGS)["InstanceID"])
        out = host.mkdir("out")
        answer = export(client, vm, out, export_settings(service, snapshot))
        job = answer.out["Job"]
        wait_until(lambda ref=job, one=client: 0 < int(one.get(ref)["PercentComplete"]) < 100, "it is on its way")
        equal(client.invoke(job, "RequestStateChange", RequestedState=4).value, 0)
        begin = time.monotonic()
        equal(service.finish(client, answer)["JobState"], "8")
        took, limit = time.monotonic() - begin, 1 if os.getloadavg()[0] < 8 else 5
        true(took < limit, f"took {took} s")
        equal(os.listdir(out), [])
        equal(len(client.associated(vm_ref(vm), "Msvm_SnapshotOfVirtualSystem")), 1, "the checkpoint stays")
        ended(service, client, client.invoke(SNAPSHOTS, "DestroySnapshot", AffectedSnapshot=snapshot), DESTROYED)
    nothing_left(host, vm, service)
    service.stop()


main()
