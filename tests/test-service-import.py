#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""ImportReferencePointMetadata through a real cairnd, over both protocols: every row of the method's result table,
answered at once and as a job."""
import resource
import shutil
import struct
import zlib

from cairnservice import *

EDIT = os.environ.get("VMCX_EDIT", os.path.join(SOURCE_ROOT, "build", "tests", "vmcx-edit"))
OTHER_GUID = "0F0F0F0F-AAAA-4BBB-8CCC-0123456789AB"
AT_ONCE_MS = 60000
METHOD = "ImportReferencePointMetadata"


class Moved:
    """Host .b has the disks of a VM of host .a, which exported a point to .config and .runtime."""

    def __init__(self, n_disks=2, guid=None, **service):
        self.a, self.b = Host(), Host()
        vm = self.a.vm("web", n_disks=n_disks)
        disks = [disk["Path"] for disk in vm["Disks"]]
        self.id = self.a.ok("create", "web", "--label", "first", plain=True)["ReferencePoint"]
        write(disks[0], 0x200000, 0x20000)
        pair = self.a.ok("export", self.id, self.a.mkdir("out"), plain=True)
        self.config, self.runtime = pair["ExportedConfigFilePath"], pair["ExportedRuntimeFilePath"]
        self.disks = [shutil.copyfile(disk, self.b.path(os.path.basename(disk))) for disk in disks]
        self.guid = guid or vm["VirtualSystemIdentifier"]
        self.add_vm("web", self.guid, self.disks)
        self.service = Service(self.b, **service)

    def add_vm(self, name, guid, disks):
        options = [part for i, disk in enumerate(disks) for part in ("--disk", f"vd{'ab'[i]}={disk}")]
        self.b.ok("vm", "add", name, "--uuid", guid, *options, plain=True)

    def run(self, client, config=..., runtime=..., vm=...):
        """Invokes Import; what isn't given is right."""
        return client.invoke(self.service.points, METHOD, AffectedSystem=vm_ref(self.guid) if vm is ... else vm,
                             ConfigFilePath=self.config if config is ... else config,
                             RuntimeStateFilePath=self.runtime if runtime is ... else runtime)

    def edited(self, path, *edits):
        """A copy of one of the files with other values."""
        copy = self.b.path(f"edited-{zlib.crc32(repr(edits).encode())}-" + os.path.basename(path))
        run(EDIT, path, copy, *edits)
        return copy

    def spoiled(self, path, change):
        """A copy of one of the files with other bytes."""
        copy = shutil.copyfile(path, self.b.path(f"spoiled-{change.__name__}" + os.path.splitext(path)[1]))
        with open(copy, "r+b") as file:
            content = bytearray(file.read())
            file.seek(0)
            file.write(change(content))
            file.truncate()
        return copy


# ---- ways to spoil a container ----

def no_container(_):
    return b"not a container" * 1000


def truncated(content):
    return content[:0x3100]


def checksum(content):
    content[0x3010] ^= 0xFF
    return content


def unfinished_log(content):
    offset = struct.unpack_from("<Q", content, 26)[0]
    header = bytearray(content[offset:offset + 34])
    header[4:8] = bytes(4)
    struct.pack_into("<I", header, 8, 1)
    struct.pack_into("<I", header, 4, zlib.crc32(header))
    content[offset:offset + 34] = header
    return content


def huge(content):
    entry = bytearray(struct.pack("<BIQIB", 2, 0, 0x3000, 0xF0000000, 1))
    struct.pack_into("<I", entry, 1, zlib.crc32(entry))
    content[0x2008:0x2008 + 18] = entry
    return content


# ---- the rows that change nothing ----

def rows(moved):
    """(title, code, whether it is judged before anything becomes a job, sentence, arguments)."""
    b = moved.b
    other = {"vm": Ref("Msvm_ComputerSystem", CreationClassName="Msvm_ComputerSystem", Name="B")}
    point = {"vm": point_ref(moved.id)}
    stranger = Moved.__new__(Moved)  # another export: a second one of the same point
    pair = moved.a.ok("export", moved.id, moved.a.mkdir("again"), plain=True)
    stranger.runtime = pair["ExportedRuntimeFilePath"]
    one_disk = make_image(b.path("one.qcow2"))
    moved.add_vm("one", OTHER_GUID, [one_disk])
    return [
        ("outside the directories", 32769, True, "outside the directories", {"config": "/etc/passwd"}),
        ("null path", 32773, True, "ConfigFilePath|configuration file", {"config": None}),
        ("empty path", 32773, True, "empty", {"runtime": ""}),
        ("relative path", 32773, True, "absolute|full", {"config": "a.vmcx"}),
        ("missing file", 32773, True, "No such file", {"runtime": b.path("nothing.vmrs")}),
        ("directory", 32773, None, "is a directory", {"config": b.dir}),
        ("device", 32773, None, "special file", {"config": "/dev/zero"}),
        ("fifo", 32773, None, "special file", {"runtime": fifo(b.path("fifo"))}),
        ("VM null", 32773, True, "AffectedSystem is missing", {"vm": None}),
        ("VM unknown", 32773, True, "not known here", {"vm": vm_ref("FFFFFFFF" + OTHER_GUID[8:])}),
        ("the host is no VM", 32773, True, "no GUID", other),
        ("not a VM at all", 32773, True, "class", point),
        ("no container", 32776, False, "0x[0-9a-f]+", {"config": moved.spoiled(moved.config, no_container)}),
        ("truncated", 32776, False, "0x[0-9a-f]+", {"runtime": moved.spoiled(moved.runtime, truncated)}),
        ("bad checksum", 32776, False, "0x[0-9a-f]+", {"config": moved.spoiled(moved.config, checksum)}),
        ("replay log", 32776, False, "log", {"config": moved.spoiled(moved.config, unfinished_log)}),
        ("out of memory", 32778, False, "limit", {"config": moved.spoiled(moved.config, huge)}),
        ("two exports", 32776, False, "two exports", {"runtime": stranger.runtime}),
        ("another VM's", 32773, False, "cairn vm alias", {"vm": vm_ref(OTHER_GUID)}),
        ("newer schema", 32770, False, "schema 2", {"config": moved.edited(moved.config, "cairn/schema=uint:2")}),
    ]


def fifo(path):
    os.mkfifo(path)
    return path


def check_row(moved, client, row, as_job):
    """One row, answered at once or AS_JOB."""
    title, code, is_early, sentence, arguments = row
    try:
        answer = moved.run(client, **arguments)
        if not as_job or is_early or (is_early is None and answer.value != 4096):
            equal(answer.value, code, f"ReturnValue of {answer}")
            matches(answer.message or "", sentence, "message")
            equal(answer.out.get("Job"), None, "Job")
        else:
            check_failed_job(client, moved.service, answer, code, sentence)
        equal(client.query(f"SELECT * FROM {POINT}"), [], "points after a failed import")
    except Failure as problem:
        raise Failure(f"{title}, {client.name}: {problem}") from problem


def check_failed_job(client, service, answer, code, sentence):
    """The job of ANSWER ends in state 10 with CODE and SENTENCE, in all places where clients look (J1, J5, J8)."""
    job = service.finish(client, answer)
    equal((job["JobState"], job["ErrorCode"], job["JobType"]), ("10", str(code), "209"))
    matches(job["ErrorDescription"], sentence, "ErrorDescription")
    equal(job["ErrorSummaryDescription"], job["ErrorDescription"])
    equal((job.list("OperationalStatus"), job["Status"]), (["6"], "Error"))
    ref = answer.out["Job"]
    one, many = client.invoke(ref, "GetError"), client.invoke(ref, "GetErrorEx")
    equal((one.value, many.value), (0, 0))
    equal(many.out.list("Errors"), [one.out["Error"]], "GetErrorEx beside GetError")
    true('<PROPERTY NAME="Message"' in one.out["Error"], "NAME isn't the first attribute")
    error = read_instance(ElementTree.fromstring(one.out["Error"]))
    equal((error.class_name, error["Message"], error["MessageID"]),
          ("Msvm_Error", job["ErrorDescription"], str(code)))


@test("every row of Import's table that changes nothing, at once and as a job, over both protocols")
def table():
    moved = Moved(synchronous_ms=AT_ONCE_MS, config={"paths.import": f"{tmp()};/dev"})
    known = rows(moved)
    for client in moved.service.clients():
        for row in known:
            check_row(moved, client, row, as_job=False)
    moved.service.write_config(jobs__synchronous_ms=0)
    moved.service.reload()
    for client in moved.service.clients():
        for row in known:
            check_row(moved, client, row, as_job=True)
    moved.service.stop()


@test("the disks decide, the VM's lock is respected, and an import again is fine")
def states():
    moved = Moved(synchronous_ms=AT_ONCE_MS)
    service, (client, other) = moved.service, moved.service.clients()
    bitmap = moved.id.split("\\")[1]

    def fails(code, sentence, **arguments):
        check_row(moved, client, (sentence, code, False, sentence, arguments), as_job=False)
        service.write_config(jobs__synchronous_ms=0)
        service.reload()
        check_row(moved, other, (sentence, code, False, sentence, arguments), as_job=True)
        service.write_config(jobs__synchronous_ms=AT_ONCE_MS)
        service.reload()

    with Held.image(moved.disks[0]):
        fails(32774, "vda.*busy|in use|is open")
    with Held.vm(moved.b):
        fails(32774, "web|" + moved.guid)
    run("qemu-img", "bitmap", "--remove", moved.disks[1], bitmap)
    fails(32775, "disk 'vdb' .missing")
    shutil.copyfile(moved.a.path("web-vdb.qcow2"), moved.disks[1])
    equal(moved.run(client).value, 0)
    equal(moved.run(other).value, 0, "an import again")
    equal([point["InstanceID"] for point in other.enumerate(POINT)], [moved.id])
    answer = moved.run(client, config=moved.edited(moved.config, "cairn/points/point/label=string:other"))
    equal(answer.value, 32773)
    matches(answer.message, "already with other content")
    service.stop()


@test("an import that takes longer than the budget becomes a job, with what it affects (J1-J8, C5)")
def job():
    moved = Moved(synchronous_ms=0)
    service = moved.service
    for client in service.clients():
        answer = moved.run(client)
        ended = service.finish(client, answer)
        ref = answer.out["Job"]
        equal((ref.class_name, ended["JobState"], ended["JobType"], ended["ErrorCode"], ended["PercentComplete"]),
              ("Msvm_ConcreteJob", "7", "209", "0", "100"))
        equal((ended["Status"], ended["ErrorDescription"], ended["Owner"]), ("OK", None, ME))
        equal(len(ended.list("StatusDescriptions")), len(ended.list("OperationalStatus")))
        for method, name in (("GetError", "Error"), ("GetErrorEx", "Errors")):
            answer = client.invoke(ref, method)
            equal((answer.value, answer.out.list(name)), (0, []), method)
        # J4: by WQL, whatever the class; C5: the superclass of the association.
        found = client.query(f"SELECT * FROM Msvm_ConcreteJob WHERE InstanceID = '{ref.keys['InstanceID']}'")
        equal([j["InstanceID"] for j in found], [ref.keys["InstanceID"]])
        points = client.query(f"ASSOCIATORS OF {{{ref.path()}}} WHERE AssocClass=CIM_AffectedJobElement "
                              f"ResultClass={POINT}") if client.name == "WS-Management" else \
            client.associated(ref, "CIM_AffectedJobElement", POINT)
        equal([p["InstanceID"] for p in points], [moved.id])
        # J7: no association class at all.
        equal([p["InstanceID"] for p in client.associated(ref, result=POINT)], [moved.id])
        equal([vm["Name"] for vm in client.associated(ref, result="Msvm_ComputerSystem")], [moved.guid])
        true(client.invoke(ref, "RequestStateChange", RequestedState=4).value == 4097, "an ended job was ended")
    effects = {a["AffectedElement"].class_name: a["ElementEffects"]
               for a in service.soap().enumerate("Msvm_AffectedJobElement")}
    equal(effects, {POINT: "5", "Msvm_ComputerSystem": "1"})
    service.stop()


@test("files are opened with the rights of who signed in; who isn't in passwd is nobody")
def rights():
    if os.geteuid() != 0:
        skip("needs root to become another user")
    moved = Moved(synchronous_ms=AT_ONCE_MS)
    service = moved.service
    private = shutil.copyfile(moved.runtime, moved.b.path("private.vmrs"))
    os.chmod(private, 0o600)
    for user, uid in (("daemon", pwd.getpwnam("daemon").pw_uid), ("stranger", NOBODY), ("nobody", NOBODY)):
        for client in service.clients(user=user):
            check_row(moved, client, (user, 32769, True, f"{re.escape(private)}.*{user}|{uid}",
                                      {"runtime": private}), as_job=False)
        os.chown(private, uid, uid)
        equal(moved.run(service.soap(user=user), runtime=private).value, 0, f"import of {user}'s own file")
        service.host.ok("destroy", moved.id, "--force", plain=True)
        shutil.copyfile(moved.a.path("web-vda.qcow2"), moved.disks[0])
        shutil.copyfile(moved.a.path("web-vdb.qcow2"), moved.disks[1])
        os.chown(private, 0, 0)
    service.stop()


@test("who isn't signed in, or with a wrong password, gets nothing")
def nobody_signed_in():
    moved = Moved()
    for client in (*moved.service.clients(user=None), *moved.service.clients(password="wrong"),
                   *moved.service.clients(user="nemo")):
        refused(401, moved.run, client)
        refused(401, client.enumerate, POINT)
    moved.service.stop()


@test("where the store can't be written it fails as a whole")
def store_full():
    moved = Moved(synchronous_ms=AT_ONCE_MS)
    for client in moved.service.clients():
        moved.run(client, vm=None)  # it works
        before = resource.prlimit(moved.service.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(moved.service.pid, resource.RLIMIT_FSIZE, (4096, before[1]))
        check_row(moved, client, ("full", 32768, False, "store|disk", {}), as_job=False)
        resource.prlimit(moved.service.pid, resource.RLIMIT_FSIZE, before)
    equal(moved.run(client).value, 0)
    moved.service.stop()


@test("past the time limit, cut off before, no hypervisor: each with its code")
def circumstances():
    moved = Moved(synchronous_ms=AT_ONCE_MS, env={"CAIRN_TIMEOUT_MS": "0"})
    service = moved.service
    check_row(moved, service.soap(), ("timeout", 32772, False, "time limit", {}), as_job=False)
    service.write_config(jobs__synchronous_ms=0)
    service.reload()
    check_row(moved, service.cimxml(), ("timeout", 32772, False, "time limit", {}), as_job=True)
    service.env = {"CAIRN_RECOVERY": "off"}
    with Held.vm(moved.b):
        pass  # killed: an intent is left
    service.restart()
    for client in service.clients():
        check_row(moved, client, ("cut off", 32771, False, "cut off", {}), as_job=True)
    service.env = {}
    service.write_config(hypervisor__connect="qemu+unix:///system?socket=/nonexistent", jobs__synchronous_ms=AT_ONCE_MS)
    service.restart()
    for client in service.clients():
        answer = moved.run(client)
        equal(answer.value, 32777, f"ReturnValue of {answer}")
        matches(answer.message, "libvirt|hypervisor")
    service.stop()


main()
