#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What VMs are made of is told as it is: by libvirt for its domains, by the store for VMs of images.
test-virt-hardware.py, with HARDWARE_SHELL (hardware-shell.c) in the environment."""
from cairnvirt import *

SHELL = os.environ["HARDWARE_SHELL"]
RUNNING, OFF, SAVED, PAUSED = 2, 3, 6, 9

DEVICES = """\
<interface type='user'><mac address='52:54:00:0a:bc:de'/><link state='down'/></interface>
<interface type='bridge'><mac address='52:54:00:00:00:01'/><source bridge='br0'/></interface>
<serial type='file'><source path='{path}/serial0'/><target port='0'/></serial>
<serial type='null'><target port='1'/></serial>
<controller type='fdc' index='0'/>
"""


def tell(host, *vm, inside=False):
    """What the shell prints, for all VMs or the one. INSIDE: it sees the host's own /run."""
    command = [SHELL, host.store, host.connect, *vm]
    if inside:
        command = ["nsenter", f"--mount=/proc/{host.pid}/ns/mnt"] + command
    return json.loads(run(*command, env=environment(**getattr(host, "env", {}))))


def one(host, vm, **more):
    return tell(host, vm, **more)[0]


@test("a shut-off domain's disks, drives, ports, memory and processors are as it was defined")
def defined():
    host = Libvirt()
    media = host.image("cd.iso", "1M", fmt="raw")
    vm = host.domain("web", memory_mib=24, disks=[
        Disk("vda"), Disk("hdc", path=media, bus="ide", device="cdrom", fmt="raw"),
        Disk("fda", bus="fdc", device="floppy", fmt="raw", size="1440K")],
        devices=DEVICES.format(path=host.dir))
    vm.xml = vm.xml.replace("<vcpu>1</vcpu>", "<description>the shop's &lt;front&gt;</description>"
                            "<currentMemory unit='MiB'>20</currentMemory><vcpu current='2'>4</vcpu>")
    vm.define()
    host.virsh("autostart", "web")
    told = one(host, "web")
    shown = host.ok("vm", "show", "web")
    equal([told[k] for k in ("name", "guid", "description", "power", "autostart", "pid", "uptime_ms", "uefi")],
          ["web", vm.uuid.upper(), "the shop's <front>", OFF, 1, 0, 0, 0])
    equal([told["memory"], told["memory_maximum"]], [20 << 20, 24 << 20])
    equal([told["processors"], told["processors_maximum"]], [2, 4])
    equal([(d["target"], d["path"], d["identifier"]) for d in told["disks"]],
          [(d["Target"], d["Path"], d["VirtualDiskIdentifier"]) for d in shown["Disks"]])
    equal({d["target"]: d["kind"] for d in told["disks"]}, {"vda": "disk", "hdc": "cdrom", "fda": "floppy"})
    equal(told["nics"], [{"mac": "5254000ABCDE", "bridge": None, "up": 0},
                         {"mac": "525400000001", "bridge": "br0", "up": 1}])
    equal(told["serials"], [f"{host.dir}/serial0", ""])


@test("a domain's power is told through its life, and its QEMU by process id and uptime")
def power():
    host = Libvirt()
    vm = host.domain("web")
    equal(one(host, vm.uuid.upper())["power"], OFF)
    vm.start()
    started = time.monotonic()
    equal(one(host, "web")["power"], PAUSED)
    vm.resume()
    told = one(host, "web", inside=isinstance(host, Libvirt) and host.KIND == "system")
    equal([told["power"], told["pid"]], [RUNNING, vm.pid])
    most = (time.monotonic() - started) * 1000 + 3000
    true(0 < told["uptime_ms"] < most, f"{told['uptime_ms']} ms")
    host.virsh("managedsave", "web")
    told = one(host, "web")
    equal([told["power"], told["pid"], told["uptime_ms"]], [SAVED, 0, 0])


@test("a process id of another libvirtd's domain of the same name isn't told")
def stranger():
    a, b = Libvirt("a"), Libvirt("b")
    a.domain("web").start()
    vm = b.domain("web").start()
    if a.KIND != "system":
        skip("each user's libvirtd has a directory of its own")
    command = ["nsenter", f"--mount=/proc/{a.pid}/ns/mnt", SHELL, b.store, b.connect, "web"]
    told = json.loads(run(*command))[0]
    equal([told["guid"], told["pid"]], [vm.uuid.upper(), 0])


@test("VMs are listed by GUID; an unknown one is an invalid parameter")
def listed():
    host = Libvirt()
    vms = [host.domain(name) for name in ("b", "a", "c")]
    equal([told["guid"] for told in tell(host)], sorted(vm.uuid.upper() for vm in vms))
    equal(tell(host)[1], one(host, tell(host)[1]["name"]))
    done = subprocess.run([SHELL, host.store, host.connect, "nobody"], capture_output=True, text=True, check=False,
                          env=environment(**getattr(host, "env", {})))
    matches(done.stderr, "^32773 .*'nobody'")


@test("a disk that got another identifier by an import keeps it")
def imported():
    host = Libvirt()
    vm = host.domain("web")
    point = host.ok("create", "web")["ReferencePoint"]
    pair = host.ok("export", point, host.mkdir("out"))
    other = Libvirt("other")
    again = other.domain("web", disks=[Disk("vdx", path=vm.path("vda"))], vm_uuid=vm.uuid)
    files = [pair["ExportedConfigFilePath"], pair["ExportedRuntimeFilePath"]]
    for path in files:
        other.give(path)
    other.ok("import", "web", *files)
    wanted = one(host, "web")["disks"][0]["identifier"]
    equal(one(other, again.name)["disks"][0]["identifier"], wanted)
    for listed in (other.ok("vm", "list")[0], other.ok("vm", "show", "web")):
        equal(listed["Disks"][0]["VirtualDiskIdentifier"], wanted)


@test("VMs of images are shut off")
def images():
    host = Host()
    disk = host.image("a.qcow2", "64M")
    host.connect = "images:"
    host.ok("vm", "add", "web", "--disk", f"vda={disk}")
    told = one(host, "web")
    equal([told["name"], told["power"], told["disks"][0]["path"], told["nics"]], ["web", OFF, disk, []])
    equal(tell(host), [told])


main()
