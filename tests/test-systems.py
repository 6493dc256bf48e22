#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""VMs and their disks are found the ways that Hyper-V's backup clients look for them (the object manager with the
real providers, without a protocol: CIM_SHELL, cim-shell.c)."""
import collections

from cairntest import *

SHELL = os.environ["CIM_SHELL"]
V2 = "root/virtualization/v2"
NOT_FOUND = 6
GUID = "{}0000000-0000-4000-8000-000000000000"
SYSTEM, SETTINGS = "Msvm_ComputerSystem", "Msvm_VirtualSystemSettingData"
DRIVES, DISKS = "Msvm_ResourceAllocationSettingData", "Msvm_StorageAllocationSettingData"


class Shell:
    """A process with the object manager."""

    def __init__(self, host):
        self.process = subprocess.Popen([SHELL, host.store, "images:", "KVM1"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, env=environment())
        atexit.register(self.close)

    def ask(self, *words):
        self.process.stdin.write("\t".join(words) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def query(self, text):
        answer = self.ask("query", V2, text)
        true(isinstance(answer, list), f"{text}: {answer}")
        return answer

    def invoke(self, path, method, *arguments):
        return self.ask("invoke", V2, path, method, *arguments)

    def close(self):
        if not self.process.stdin.closed:
            self.process.stdin.close()
            equal(self.process.wait(TIMEOUT_SECONDS), 0, "how the shell ended")


def escape(text):
    return text.replace("\\", "\\\\")


def make_vm(host, name="web", n_disks=1, guid=None):
    """A VM with sparse raw disks; gives what `vm add` says."""
    args = ["--uuid", guid] if guid else []
    for i in range(n_disks):
        with open(host.path(f"{name}{i}.raw"), "wb") as image:
            image.truncate(1 << 20)
        args += ["--disk", f"d{i}={image.name}"]
    return host.ok("vm", "add", name, *args)


def settings_of(vm):
    return f"{SETTINGS}.InstanceID='Microsoft:{vm['VirtualSystemIdentifier']}'"


def parts(shell, vm, class_name):
    return shell.query(f"ASSOCIATORS OF {{{settings_of(vm)}}} WHERE "
                       f"AssocClass=Msvm_VirtualSystemSettingDataComponent ResultClass={class_name}")


def ids(instances):
    return [instance["InstanceID"] for instance in instances]


@test("M1-M3: a VM is found by name, by GUID in any letters, by caption; the host isn't one")
def found():
    host = Host()
    vm, other = make_vm(host, "web"), make_vm(host, "other")
    guid = vm["VirtualSystemIdentifier"]
    shell = Shell(host)
    for where in ("ElementName='web'", f"Name='{guid.lower()}'", f"Name='{guid}' AND Caption='Virtual Machine'",
                  "ElementName='WEB' AND Caption='Virtual Machine'"):
        equal([s["Name"] for s in shell.query(f"SELECT * FROM {SYSTEM} WHERE {where}")], [guid], where)
    names = [s["Name"] for s in shell.query(f"SELECT * FROM {SYSTEM}")]
    equal(sorted(names), sorted([guid, other["VirtualSystemIdentifier"], "KVM1"]))
    equal([s["ElementName"] for s in shell.query(f"SELECT * FROM {SYSTEM} WHERE Caption='Hosting Computer System'")],
          ["KVM1"])
    equal(shell.ask("get", V2, f"{SYSTEM}.CreationClassName='{SYSTEM}',Name='{guid.lower()}'")[0]["Name"], guid)
    for nobody in ("web", "00000000-0000-4000-8000-000000000000"):
        equal(shell.ask("get", V2, f"{SYSTEM}.CreationClassName='{SYSTEM}',Name='{nobody}'")["Error"], NOT_FOUND)
        equal(shell.query(f"SELECT * FROM {SYSTEM} WHERE Name='{nobody}'"), [])


@test("M4-M6: a healthy VM has one status, its settings a version and no snapshots")
def healthy():
    host = Host()
    vm = make_vm(host)
    shell = Shell(host)
    system = shell.query(f"SELECT * FROM {SYSTEM} WHERE ElementName='web'")[0]
    equal([system["OperationalStatus"], system["EnabledState"]], [[2], 3])
    settings = shell.query(f"SELECT * FROM {SETTINGS}")
    equal([(s["VirtualSystemType"], s["IncrementalBackupEnabled"]) for s in settings],
          [("Microsoft:Hyper-V:System:Realized", True)])
    true(float(settings[0]["Version"]) >= 6.2, settings[0]["Version"])
    path = f"{SYSTEM}.CreationClassName='{SYSTEM}',Name='{vm['VirtualSystemIdentifier']}'"
    equal(shell.query(f"ASSOCIATORS OF {{{path}}} WHERE AssocClass=Msvm_SnapshotOfVirtualSystem"), [])
    equal(ids(shell.query(f"ASSOCIATORS OF {{{path}}} WHERE ResultClass=CIM_VirtualSystemSettingData")), ids(settings))


@test("B1-B4: a disk is found by its identifier, backslashes doubled or not; all in the VM's own order")
def disks():
    host = Host()
    vm = make_vm(host, "web", 12)
    make_vm(host, "other", 2)
    shell = Shell(host)
    wanted = [disk["VirtualDiskIdentifier"] for disk in vm["Disks"]]
    true(sorted(wanted) != wanted, "an order that bytes wouldn't give")
    equal(ids(parts(shell, vm, DISKS)), wanted)
    mine = [disk for disk in shell.query(f"SELECT * FROM {DISKS}") if disk["InstanceID"] in wanted]
    equal(ids(mine), wanted)
    equal([disk["HostResource"] for disk in mine], [[disk["Path"]] for disk in vm["Disks"]])
    for text in (wanted[10], escape(wanted[10]), wanted[10].lower()):
        equal(ids(shell.query(f"SELECT * FROM {DISKS} WHERE InstanceID='{text}'")), [wanted[10]], text)
    path = f'\\\\KVM1\\root\\virtualization\\v2:{DISKS}.InstanceID="{escape(wanted[3])}"'
    equal(ids(shell.query(f"SELECT * FROM {DISKS} WHERE __PATH='{escape(path)}'")), [wanted[3]])
    equal(ids(shell.query(f"SELECT * FROM {DISKS} WHERE InstanceID='{wanted[0]}X'")), [])


@test("disks and drives lead to the VM they are of, and back")
def both_ways():
    host = Host()
    vm = make_vm(host)
    shell = Shell(host)
    disk = parts(shell, vm, DISKS)[0]
    drive = shell.ask("get", V2, disk["Parent"])[0]
    equal([drive["InstanceID"], drive["AddressOnParent"]], [disk["InstanceID"][:-1] + "D", "0"])
    equal(shell.ask("get", V2, drive["Parent"])[0]["ResourceType"], 6)
    up = shell.query(f"ASSOCIATORS OF {{{DISKS}.InstanceID='{escape(disk['InstanceID'])}'}}")
    equal(ids(up), [f"Microsoft:{vm['VirtualSystemIdentifier']}"])
    system = shell.query(f"ASSOCIATORS OF {{{settings_of(vm)}}} WHERE AssocClass=Msvm_SettingsDefineState")
    equal([s["ElementName"] for s in system], ["web"])
    ends = shell.query(f"REFERENCES OF {{{settings_of(vm)}}} WHERE ResultClass=Msvm_VirtualSystemSettingDataComponent")
    equal(len(ends), len(parts(shell, vm, "CIM_ResourceAllocationSettingData")))
    equal(len(shell.query("SELECT * FROM Msvm_VirtualSystemSettingDataComponent")), len(ends))


@test("disks that have their identifiers from another VM are found by them")
def imported():
    host = Host()
    args = [word for i in range(4) for word in ("--disk", f"d{i}={host.image(f'{i}.qcow2')}")]
    host.ok("vm", "add", "old", "--uuid", GUID.format("F"), *args)
    point = host.ok("create", "old")["ReferencePoint"]
    pair = host.ok("export", point, host.mkdir("out"))
    former = host.ok("vm", "show", "old")
    host.ok("vm", "remove", "old", "--force")
    host.ok("vm", "add", "new", "--uuid", GUID.format("1"), *args)
    host.ok("vm", "alias", "new", former["VirtualSystemIdentifier"])
    host.ok("import", "new", pair["ExportedConfigFilePath"], pair["ExportedRuntimeFilePath"])
    vm, others = host.ok("vm", "show", "new"), [make_vm(host, digit, guid=GUID.format(digit)) for digit in "2E"]
    wanted = [disk["VirtualDiskIdentifier"] for disk in former["Disks"]]
    equal([disk["VirtualDiskIdentifier"] for disk in vm["Disks"]], wanted)
    shell = Shell(host)
    everyone = {m["VirtualSystemIdentifier"]: [d["VirtualDiskIdentifier"] for d in m["Disks"]] for m in [vm] + others}
    equal(ids(shell.ask("enumerate", V2, DISKS)), [disk for guid in sorted(everyone) for disk in everyone[guid]])
    equal(ids(shell.query(f"SELECT * FROM {DISKS} WHERE InstanceID='{wanted[0]}'")), wanted[:1])
    drive = shell.ask("get", V2, parts(shell, vm, DISKS)[0]["Parent"])
    equal(ids(drive), [wanted[0][:-1] + "D"])
    up = shell.query(f"ASSOCIATORS OF {{{DISKS}.InstanceID='{escape(wanted[0])}'}}")
    equal(ids(up), [f"Microsoft:{vm['VirtualSystemIdentifier']}"])


@test("the most disks a VM may have sit on four SCSI controllers, 64 on each")
def many():
    host = Host()
    vm = make_vm(host, "web", 256)
    shell = Shell(host)
    resources = parts(shell, vm, DRIVES)
    controllers = [r for r in resources if r["ResourceType"] == 6]
    seats = collections.Counter((r["Parent"], int(r["AddressOnParent"])) for r in resources if r["ResourceType"] == 17)
    equal([len(controllers), len(seats), max(seats.values()), max(address for _, address in seats)], [4, 256, 1, 63])
    for parent in {parent for parent, _ in seats}:
        true(any(parent.endswith(escape(c["InstanceID"]) + '"') for c in controllers), parent)
    equal(len(parts(shell, vm, DISKS)), 256)


@test("what changes VMs is answered with \"not supported\"")
def unsupported():
    host = Host()
    vm = make_vm(host)
    shell = Shell(host)
    answer = shell.invoke(f"{SYSTEM}.Name='{vm['VirtualSystemIdentifier']}'", "RequestStateChange", "RequestedState", "2")
    equal(answer["ReturnValue"], 1)
    matches(answer["Message"], "'web'.*virsh")
    service = "Msvm_VirtualSystemManagementService.CreationClassName='Msvm_VirtualSystemManagementService'"
    equal([shell.invoke(service, m)["ReturnValue"] for m in ("DefineSystem", "ImportSystemDefinition")], [1, 32770])


main()
