#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every command on real images: the shape of its JSON, property by property, and its exit status."""
import os
import shutil

from cairntest import *

EDIT = os.environ.get("VMCX_EDIT", os.path.join(SOURCE_ROOT, "build", "tests", "vmcx-edit"))
GUID = r"[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}"
INSTANCE_ID = rf"^Microsoft:{GUID}\\{GUID}$"
TRACKING_ID = r"^rctX:[0-9A-Fa-f]{8}:[0-9A-Fa-f]{4}:[0-9A-Fa-f]{4}:[0-9A-Fa-f]{4}:[0-9A-Fa-f]{12}:[0-9A-Fa-f]{8}$"
POINT_PROPERTIES = {
    "InstanceID": str, "VirtualSystemIdentifier": str, "ReferencePointType": int,
    "ConsistencyLevel": int, "HasAssociatedData": bool, "VirtualDiskIdentifiers": list,
    "ResilientChangeTrackingIdentifiers": list, "ElementName": str, "Caption": str,
    "Description": str, "CreationTime": str, "Owner": str, "Origin": str, "Disks": list}


def exactly(answer, *names):
    """ANSWER is an object with these properties and no others."""
    true(isinstance(answer, dict), f"not an object: {answer!r}")
    equal(sorted(answer), sorted(names), "properties")


def check_vm(answer):
    exactly(answer, "Name", "VirtualSystemIdentifier", "Disks")
    matches(answer["VirtualSystemIdentifier"], f"^{GUID}$")
    for disk in answer["Disks"]:
        exactly(disk, "Target", "Path", "VirtualDiskIdentifier", "Format", "VirtualSize")
        true(isinstance(disk["VirtualSize"], int), "a number of bytes")
        true(disk["VirtualDiskIdentifier"], "an identifier")


def check_verdicts(disks, *wanted, path=True):
    for disk in disks:
        exactly(disk, *(["Target", "Path", "Verdict", "Reason"] if path else
                        ["Target", "Verdict", "Reason"]))
        equal(disk["Reason"] == "", disk["Verdict"] == "tracked", f"a reason unless tracked: {disk}")
    equal([(d["Target"], d["Verdict"]) for d in disks], list(wanted), "verdicts")


def check_point(point, vm, n_tracked):
    exactly(point, *POINT_PROPERTIES)
    for name, kind in POINT_PROPERTIES.items():
        true(type(point[name]) is kind, f"{name} is {point[name]!r}")
    matches(point["InstanceID"], INSTANCE_ID)
    equal(point["VirtualSystemIdentifier"], vm["VirtualSystemIdentifier"])
    equal((point["ReferencePointType"], point["ConsistencyLevel"]), (2, 2))
    equal(point["HasAssociatedData"], False)
    matches(point["CreationTime"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
    ids = point["ResilientChangeTrackingIdentifiers"]
    equal((len(ids), len(set(ids)), len(point["VirtualDiskIdentifiers"])), (n_tracked,) * 3)
    for one in ids:
        matches(one, TRACKING_ID)
    known = [d["VirtualDiskIdentifier"] for d in vm["Disks"]]
    true(set(point["VirtualDiskIdentifiers"]) <= set(known), "identifiers are the VM's")


@test("vm add, list, show, alias, remove")
def vm_commands():
    host = Host()
    one, two = host.image("one.qcow2", "64M"), host.image("two.raw", "1M", fmt="raw")
    equal(host.ok("vm", "list"), [])
    guid = "12345678-abcd-4abc-8abc-1234567890ab"
    added = host.ok("vm", "add", "web", "--disk", f"vda={one}", "--disk", f"vdb={two}", "--uuid", guid)
    check_vm(added)
    equal((added["Name"], added["VirtualSystemIdentifier"]), ("web", guid.upper()))
    equal([(d["Target"], d["Path"], d["Format"], d["VirtualSize"]) for d in added["Disks"]],
          [("vda", one, "qcow2", 64 << 20), ("vdb", two, "raw", 1 << 20)])
    for name in ["web", guid, guid.upper()]:
        equal(host.ok("vm", "show", name), added)
    equal(host.ok("vm", "list"), [added])
    equal(host.ok("vm", "alias", "web", "00000000-0000-4000-8000-00000000000a"), {"ReturnValue": 0})
    matches(host.text("vm", "show", "web"), "00000000-0000-4000-8000-00000000000A")
    host.fail(32773, "vm", "alias", "web", "not a guid")
    host.fail(32773, "vm", "add", "web", "--disk", f"vda={one}", sentence="web")
    host.fail(32773, "vm", "add", "x", "--disk", f"vda={one}", "--uuid", "nonsense")
    host.fail(32773, "vm", "add", "x", "--disk", f"vda={host.path('absent')}", sentence="absent")
    host.fail(32773, "vm", "add", "x", "--disk", f"vda={one}", "--disk", f"vda={two}", sentence="vda")
    equal(host.ok("vm", "remove", "web"), {"ReturnValue": 0})
    equal(host.ok("vm", "list"), [])


@test("vm remove refuses while there are points, --force forgets the records alone")
def vm_remove():
    host = Host()
    host.vm()
    point = host.ok("create", "vm")["ReferencePoint"]
    host.fail(32775, "vm", "remove", "vm", sentence="vm")
    equal(host.ok("vm", "remove", "vm", "--force"), {"ReturnValue": 0})
    equal(host.ok("list"), [])
    equal(list(bitmaps(host.path("vm-vda.qcow2"))), [point.split("\\")[1]])


@test("check tells what can be tracked and changes nothing")
def check_command():
    host = Host()
    good, raw = host.image("good.qcow2"), host.image("raw.img", fmt="raw")
    old = host.image("old.qcow2", options="compat=0.10")
    host.ok("vm", "add", "vm", "--disk", f"a={good}", "--disk", f"b={raw}", "--disk", f"c={old}")
    before = open(good, "rb").read()
    answer = host.ok("check", "vm")
    exactly(answer, "ReturnValue", "Disks")
    equal(answer["ReturnValue"], 0)
    check_verdicts(answer["Disks"], ("a", "tracked"), ("b", "unsupported-format"),
                   ("c", "unsupported-format"))
    equal(open(good, "rb").read(), before)
    os.unlink(good)
    equal(host.ok("check", "vm")["Disks"][0]["Verdict"], "no-file")


@test("create, list, show: a point with all the properties of its class")
def create_command():
    host = Host()
    vm = host.vm(n_disks=2)
    made = host.ok("create", "vm", "--label", "nightly", "--owner", "ann", "--type=rct",
                   "--consistency=crash")
    exactly(made, "ReturnValue", "ReferencePoint", "Disks")
    equal(made["ReturnValue"], 0)
    check_verdicts(made["Disks"], ("vda", "tracked"), ("vdb", "tracked"))
    point = host.ok("show", made["ReferencePoint"])
    check_point(point, vm, 2)
    check_verdicts(point["Disks"], ("vda", "tracked"), ("vdb", "tracked"))
    equal((point["ElementName"], point["Owner"], point["Origin"]), ("nightly", "ann", "created"))
    equal(point["InstanceID"], made["ReferencePoint"])
    guid = point["InstanceID"].split("\\")[1]
    for name in [guid, guid.lower(), point["InstanceID"].lower()]:
        equal(host.ok("show", name), point)
    second = host.ok("create", "vm")["ReferencePoint"]
    equal([p["InstanceID"] for p in host.ok("list", "vm")], [point["InstanceID"], second], "oldest first")
    true(second > point["InstanceID"], "sorting by InstanceID sorts by age")
    equal(host.ok("list"), host.ok("list", "vm"))
    matches(host.text("list", "vm"), f"{guid} .*nightly +ann +created +vda tracked, vdb tracked")
    matches(host.text("show", guid), r"(?m)^vda +tracked ")
    true(point["ResilientChangeTrackingIdentifiers"][0] in host.text("--verbose", "show", guid), "verbose")


@test("create leaves out what can't be tracked and refuses when nothing can")
def create_partly():
    host = Host()
    good, raw = host.image("good.qcow2"), host.image("raw.img", fmt="raw")
    vm = host.ok("vm", "add", "vm", "--disk", f"a={raw}", "--disk", f"b={good}")
    made = host.ok("create", "vm")
    check_verdicts(made["Disks"], ("a", "unsupported-format"), ("b", "tracked"))
    check_point(host.ok("show", made["ReferencePoint"]), vm, 1)
    host.ok("vm", "add", "rawvm", "--disk", f"a={raw}")
    answer = host.fail(32775, "create", "rawvm")
    check_verdicts(answer["Disks"], ("a", "unsupported-format"))
    matches(host.cairn("create", "rawvm").out, "unsupported-format")
    host.fail(32775, "create", "vm", "--consistency", "application")
    equal(len(host.ok("list")), 1)


@test("changes are the writes since the point, per disk, clipped to what was asked")
def changes_command():
    host = Host()
    host.vm(n_disks=2)
    point = host.ok("create", "vm")["ReferencePoint"]
    answer = host.ok("changes", point)
    exactly(answer, "ReturnValue", "Disks")
    equal(answer["Disks"], [{"Target": t, "VirtualSize": 64 << 20, "Changes": []} for t in ("vda", "vdb")])
    writes = [(5, 10), (0x30000, 0x20001), ((64 << 20) - 512, 512)]
    io(host.path("vm-vda.qcow2"), *[f"write -q {offset - offset % 512} {-(-length // 512) * 512}"
                                    for offset, length in writes])
    wanted = granules(writes, size=64 << 20)
    answer = host.ok("changes", point)
    equal([d["Changes"] for d in answer["Disks"]], [wanted, []])
    equal(host.ok("changes", point, "--disk", "vda")["Disks"], answer["Disks"][:1])
    clipped = host.ok("changes", point, "--disk", "vda", "--offset", "0x38000", "--length", "4096")
    equal(clipped["Disks"][0]["Changes"], [[0x38000, 4096]])
    equal(host.ok("changes", point, "--offset", 0x38000, "--disk=vda")["Disks"][0]["Changes"][0][0], 0x38000)
    equal(host.ok("changes", point, "--length", 4096, "--disk=vda")["Disks"][0]["Changes"], [[0, 4096]])
    matches(host.text("changes", point), r"vda: 320 KiB of 64 MiB changed, 3 extents")
    matches(host.text("changes", point), r"(?m)^vdb: nothing of 64 MiB changed, 0 extents$")
    host.fail(32773, "changes", point, "--disk", "vdz", sentence="vdz")
    host.fail(32773, "changes", point, "--offset", "0xFFFFFFFFFFFFFFFF")


@test("a disk that can't answer says why, and the others still answer")
def changes_partly():
    host = Host()
    host.vm(n_disks=2)
    point = host.ok("create", "vm")["ReferencePoint"]
    write(host.path("vm-vdb.qcow2"), 0, 512)
    run("qemu-img", "bitmap", "--remove", host.path("vm-vda.qcow2"), point.split("\\")[1])
    answer = host.fail(32775, "changes", point, sentence="vda")
    exactly(answer, "ReturnValue", "Error", "Disks")
    exactly(answer["Disks"][0], "Target", "VirtualSize", "Verdict", "Reason")
    equal(answer["Disks"][0]["Verdict"], "missing")
    true(answer["Disks"][0]["Reason"], "a reason")
    equal(answer["Disks"][1], {"Target": "vdb", "VirtualSize": 64 << 20, "Changes": [[0, 65536]]})
    result = host.cairn("changes", point)
    equal(result.status, 1)
    one_line(result)
    matches(result.out, "(?m)^vda: no answer, missing: ")
    matches(result.out, "(?m)^vdb: 64 KiB of 64 MiB changed, 1 extent$")


def check_export(answer, directory):
    exactly(answer, "ReturnValue", "ExportedConfigFilePath", "ExportedRuntimeFilePath", "ExportedDisks",
            "ExportedLogFilePaths")
    equal((answer["ReturnValue"], answer["ExportedDisks"], answer["ExportedLogFilePaths"]), (0, [], []))
    pair = [answer["ExportedConfigFilePath"], answer["ExportedRuntimeFilePath"]]
    for path, ending in zip(pair, [".vmcx", ".vmrs"]):
        true(path.startswith(directory + "/") and path.endswith(ending), path)
        true(os.path.isfile(path), path)
        equal(cairn("--json", "vmcx", "check", path).json, {"ok": True})
    return pair


@test("export writes a pair, import on another host gives the points back")
def export_import():
    there, here = Host(), Host()
    vm = there.vm(n_disks=2)
    points = [there.ok("create", "vm")["ReferencePoint"] for _ in range(2)]
    write(there.path("vm-vda.qcow2"), 0x100000, 4096)
    there.mkdir("out")
    pair = check_export(there.ok("export", points[0], "out"), there.path("out"))
    check_export(there.ok("export", points[0], there.path("out"), "--disk",
                          vm["Disks"][0]["VirtualDiskIdentifier"]), there.path("out"))
    check_export(there.ok("export", points[0], there.path("out")), there.path("out"))
    whole = check_export(there.ok("export", "--all", "vm", there.mkdir("all")), there.path("all"))
    for name in ["vm-vda.qcow2", "vm-vdb.qcow2"]:
        shutil.copy(there.path(name), here.path(name))
    here.ok("vm", "add", "vm", "--uuid", vm["VirtualSystemIdentifier"], "--disk",
            "vda=vm-vda.qcow2", "--disk", "vdb=vm-vdb.qcow2")
    for more, left in [(["--check"], 0), ([], 1), ([], 1)]:
        answer = here.ok("import", "vm", *pair, *more)
        exactly(answer, "ReturnValue", "ReferencePoints", "Disks")
        equal(answer["ReferencePoints"], [points[0]])
        check_verdicts(answer["Disks"], ("vda", "tracked"), ("vdb", "tracked"), path=False)
        equal(len(here.ok("list")), left, "points there")
    check_point(here.ok("show", points[0]), vm, 2)
    equal(here.ok("show", points[0])["Origin"], "imported")
    equal(here.ok("changes", points[0])["Disks"][0]["Changes"], [[0x100000, 0x10000]])
    only = here.ok("import", "vm", *whole, "--point", points[1].split("\\")[1])
    equal(only["ReferencePoints"], [points[1]])
    equal(here.ok("import", "vm", *whole)["ReferencePoints"], points)
    matches(here.text("import", "vm", *whole), "Imported Microsoft:")
    host_error = here.fail(32773, "import", "vm", "absent.vmcx", pair[1], sentence="absent.vmcx")
    equal(host_error["Disks"], [])
    here.fail(32773, "import", "vm", "", pair[1], sentence="^CONFIG_FILE is an empty path; give ")
    here.fail(32773, "import", "vm", pair[0], "", sentence="^RUNTIME_STATE_FILE is an empty path; ")
    here.fail(32773, "export", points[0], "", sentence="^DIR is an empty path; ")
    here.fail(32773, "export", points[0], here.path("absent"), sentence="absent")
    here.fail(32770, "export", points[0], here.dir, "--base", points[1])
    here.usage("export", "--all", "vm", here.dir, "--base", points[1])


@test("an import that must fail says why for each disk, and nothing is imported")
def import_refused():
    there, here = Host(), Host()
    vm = there.vm(n_disks=2)
    point = there.ok("create", "vm")["ReferencePoint"]
    pair = check_export(there.ok("export", point, there.mkdir("out")), there.path("out"))
    for name in ["vm-vda.qcow2", "vm-vdb.qcow2"]:
        shutil.copy(there.path(name), here.path(name))
    run("qemu-img", "bitmap", "--remove", here.path("vm-vdb.qcow2"), point.split("\\")[1])
    here.ok("vm", "add", "vm", "--uuid", vm["VirtualSystemIdentifier"], "--disk",
            "vda=vm-vda.qcow2", "--disk", "vdb=vm-vdb.qcow2")
    answer = here.fail(32775, "import", "vm", *pair, sentence="vdb")
    exactly(answer, "ReturnValue", "Error", "Disks")
    check_verdicts(answer["Disks"], ("vda", "tracked"), ("vdb", "missing"), path=False)
    result = here.cairn("import", "vm", *pair)
    one_line(result)
    matches(result.out, "(?m)^vdb +missing ")
    equal(here.ok("list"), [])


@test("destroy takes the bitmaps along, asks for --force where it must; remove-data is 0")
def destroy_command():
    host = Host()
    host.vm()
    point = host.ok("create", "vm", "--owner", "ann")["ReferencePoint"]
    equal(host.ok("remove-data", point), {"ReturnValue": 0})
    host.fail(32769, "destroy", point, sentence="ann")
    host.fail(32769, "destroy", point, "--owner", "bob")
    equal(len(bitmaps(host.path("vm-vda.qcow2"))), 1)
    equal(host.ok("destroy", point, "--owner", "ann"), {"ReturnValue": 0})
    equal(bitmaps(host.path("vm-vda.qcow2")), {})
    host.fail(32773, "destroy", point)
    other = host.ok("create", "vm", env={"CAIRN_OWNER": "ann"})["ReferencePoint"]
    equal(host.ok("show", other)["Owner"], "ann")
    host.fail(32769, "destroy", other)
    equal(host.ok("destroy", other, "--force"), {"ReturnValue": 0})
    equal(host.ok("list"), [])


@test("a genuine Hyper-V pair gives one point without anchors")
def hyper_v():
    host = Host()
    pair = [shared("data", "hyperv", "test.vmcx"), shared("data", "hyperv", "test.vmrs")]
    tree = host.ok("vmcx", "dump", pair[0])
    properties = next(k for k in tree[0]["children"] if k["name"] == "properties")
    guid = next(k["value"] for k in properties["children"] if k["name"] == "global_id")
    image = host.image("a.qcow2")
    vm = host.ok("vm", "add", "vm", "--uuid", guid, "--disk", f"vda={image}")
    answers = [host.ok("import", "vm", *pair) for _ in range(2)]
    equal(answers[0]["ReferencePoints"], answers[1]["ReferencePoints"])
    point = host.ok("show", answers[0]["ReferencePoints"][0])
    check_point(point, vm, 0)
    equal(point["Origin"], "hyper-v")
    for disk in point["Disks"]:
        equal(disk["Verdict"], "unanchored")
        true(disk["Reason"], "a reason")
    host.fail(32775, "changes", point["InstanceID"])


@test("what looks like a tracking id below a Hyper-V drive is shown as a hint")
def hints():
    host = Host()
    hint = "rctX:5bfde23b:ce75:4303:b54f:6c18394f105c:00000001"
    drive = "configuration/_83f8638b-8dca-4152-9eda-2ca8b33039b4_/controller0/drive0"
    changed = host.path("changed.vmcx")
    genuine = shared("data", "hyperv", "test.vmcx")
    run(EDIT, genuine, changed, f"{drive}/some_id=string:{hint}")
    tree = host.ok("vmcx", "dump", genuine)
    properties = next(k for k in tree[0]["children"] if k["name"] == "properties")
    guid = next(k["value"] for k in properties["children"] if k["name"] == "global_id")
    host.ok("vm", "add", "vm", "--uuid", guid, "--disk", f"vda={host.image('a.qcow2')}")
    point = host.ok("import", "vm", changed, shared("data", "hyperv", "test.vmrs"))["ReferencePoints"][0]
    disk = host.ok("show", point)["Disks"][0]
    exactly(disk, "Target", "Path", "Verdict", "Reason", "TrackingHints")
    equal((disk["Verdict"], disk["TrackingHints"]), ("unanchored", [hint]))
    matches(host.text("--verbose", "show", point), hint)


main()
